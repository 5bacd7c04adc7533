"""A host with two interfaces: every address answers, each from itself, and only its own family."""

import socket
import subprocess

import e2e
import namespace
import stun
from relay_process import eventually
from turn_client import TurnError

V4 = ["10.77.1.1", "10.77.1.2", "10.77.2.1"]
UNBOUND = {False: ("0.0.0.0",), True: ("::",)}
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


class Addresses(e2e.E2eTest):
    def is_answered(self, address):
        """A closed port is told by ICMP, so there is no waiting for what does not come."""
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                           socket.SOCK_DGRAM) as sock:
            sock.settimeout(e2e.PATIENCE_SEC)
            sock.connect((address, 3478))
            sock.send(stun.build(stun.BINDING))
            try:
                return len(sock.recv(2048)) > 0
            except ConnectionRefusedError:
                return False

    def test_every_address_answers_from_itself(self):
        self.relay(public4="10.77.1.1", public6="fd77:1::1")
        eventually("duplicate address detection ends", lambda: "tentative" not in subprocess.run(
            ["ip", "-6", "address"], check=True, capture_output=True, text=True).stdout)
        for address in [*V4, *V6, "127.0.0.1", "::1", link_local("in1"), link_local("in2")]:
            with self.subTest(address=address):
                # The client takes answers from that address alone.
                client = self.client(server_of(address), local=UNBOUND[":" in address])
                self.assertEqual(client.binding().port, client.local.port)

    def test_allocations_and_data_on_every_address(self):
        self.relay(public4="10.77.1.1", public6="fd77:1::1")
        for address in [*V4, *V6]:
            with self.subTest(address=address):
                client = self.client(address, local=(address,))
                client.allocate()
                relayed = client.relayed[4]
                self.assertEqual(relayed.ip, "10.77.1.1")
                client.bind_channel(0x4001, relayed)
                client.send(0x4001, address.encode())
                self.assertEqual(client.receive(), (0x4001, address.encode()))

    def check_relays_by_family(self, server, family):
        """An allocation has a socket of |family|, and no socket of the other one is there."""
        client = self.client(server, local=(server,))
        client.allocate((stun.REQUESTED_ADDRESS_FAMILY, stun.FAMILY[family]))
        bound = namespace.bound_udp()
        self.assertEqual({each for each, _, _ in bound}, {family})
        self.assertIn(client.relay_port, {port for _, _, port in bound})
        with self.assertRaises(TurnError) as caught:
            self.client(server, local=(server,)).allocate(
                (stun.REQUESTED_ADDRESS_FAMILY, stun.FAMILY[10 - family]))
        self.assertEqual(caught.exception.code, 440)

    def test_only_ipv4(self):
        self.relay(public4="10.77.1.1", public6=None)
        self.assertTrue(self.is_answered("10.77.2.1"))
        for address in ("::1", "fd77:1::1"):
            self.assertFalse(self.is_answered(address), address)
        self.check_relays_by_family("10.77.2.1", 4)

    def test_only_ipv6(self):
        self.relay(public4=None, public6="fd77:1::1")
        self.assertTrue(self.is_answered("fd77:2::1"))
        self.assertFalse(self.is_answered("10.77.1.1"))
        self.check_relays_by_family("fd77:2::1", 6)


if __name__ == "__main__":
    e2e.main()
