"""A host with two interfaces: every address answers, each from itself, and only its own family."""

import pathlib
import socket
import subprocess

import harness
from stun import Credential
from turn_client import TurnClient

V4 = ["10.77.1.1", "10.77.1.2", "10.77.2.1"]
V6 = ["fd77:1::1", "fd77:1::2", "fd77:2::1"]


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def setUpModule():
    for i in ("1", "2"):
        # The far ends are there only so that the near ones are up.
        ip("link", "add", f"in{i}", "type", "veth", "peer", "name", f"out{i}")
        ip("link", "set", f"out{i}", "up")
        ip("link", "set", f"in{i}", "up")
    for address in V4:
        ip("address", "add", f"{address}/24", "dev", "in" + address.split(".")[2])
    for address in V6:
        ip("address", "add", f"{address}/64", "dev", "in" + address.split(":")[1], "nodad")


def link_local(interface):
    """The interface's own link-local address with its scope."""
    output = subprocess.run(["ip", "-6", "-o", "address", "show", "dev", interface, "scope",
                             "link"], check=True, capture_output=True, text=True).stdout
    return output.split()[3].split("/")[0] + "%" + interface


def server_of(address):
    return socket.getaddrinfo(address, 3478, type=socket.SOCK_DGRAM)[0][4]


class Addresses(harness.RelayTest):
    def test_every_address_answers_from_itself(self):
        self.relay(addresses=("10.77.1.1", "fd77:1::1"))
        harness.wait_until(lambda: "tentative" not in subprocess.run(
            ["ip", "-6", "address"], check=True, capture_output=True, text=True).stdout, "DAD")
        for address in [*V4, *V6, "127.0.0.1", "::1", link_local("in1"), link_local("in2")]:
            with self.subTest(address=address):
                server = server_of(address)
                answer = harness.wait_until(lambda: harness.binding_answer(server), "an answer", 5)
                self.assertEqual(answer[1], server)

    def test_allocations_and_data_on_every_address(self):
        self.relay(addresses=("10.77.1.1", "fd77:1::1"))
        credential = Credential(*self.credential("stamp"))
        for address in [*V4, *V6]:
            with self.subTest(address=address):
                # The client takes answers from that address alone.
                client = TurnClient(address, credential, local=(address,))
                self.addCleanup(client.close)
                client.allocate()
                relayed = client.relayed[4]
                self.assertEqual(relayed.ip, "10.77.1.1")
                client.bind_channel(0x4001, relayed)
                client.send(0x4001, address.encode())
                self.assertEqual(client.receive(), (0x4001, address.encode()))

    def test_only_ipv4(self):
        self.relay(addresses=("10.77.1.1",))
        self.assertIsNotNone(harness.binding_answer(("10.77.2.1", 3478)))
        for address in ("::1", "fd77:1::1"):
            self.assertIsNone(harness.binding_answer((address, 3478)), address)
        self.assertNotIn(":0D96", pathlib.Path("/proc/net/udp6").read_text())

    def test_only_ipv6(self):
        self.relay(addresses=("fd77:1::1",))
        self.assertIsNotNone(harness.binding_answer(("fd77:2::1", 3478)))
        self.assertIsNone(harness.binding_answer(("10.77.1.1", 3478)))
        self.assertNotIn(":0D96", pathlib.Path("/proc/net/udp").read_text())


if __name__ == "__main__":
    harness.main()
