"""Clients that nobody here wrote: turnutils_uclient of coturn, and aioice."""

import asyncio
import re
import subprocess

from aioice import turn

import e2e
from relay_process import PATIENCE_SEC, SECRET
from stun import rest_credential

# Debian 12's uclient draws channel numbers of the older RFC.
OPTIONS = (*e2e.LOOPBACK_PEERS, "--rfc5766-channels")


def uclient(clients, server, messages=10):
    """Runs coturn's client between its own allocations; (received, lost) of its summary."""
    command = ["turnutils_uclient", "-y", "-c", "-n", str(messages), "-m", str(clients),
               "-W", SECRET, "-u", "user"]
    if ":" in server:
        command.append("-x")
    output = subprocess.run([*command, server], capture_output=True, text=True, check=False,
                            timeout=120)
    totals = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", output.stdout)
    lost = re.findall(r"Total lost packets (\d+)", output.stdout)
    if output.returncode != 0 or not totals or not lost:
        raise AssertionError(f"{' '.join(command)}: exit {output.returncode}\n"
                             + (output.stdout + output.stderr)[-2000:])
    return int(totals[-1][0]), int(totals[-1][1]), int(lost[-1])


class Uclient(e2e.E2eTest):
    def check(self, shards, server):
        self.relay(*OPTIONS, shards=shards)
        for clients in (1, 20, 200):
            with self.subTest(clients=clients, shards=shards, server=server):
                sent, received, lost = uclient(clients, server)
                self.assertGreaterEqual(sent, clients * 10)
                self.assertEqual((received, lost), (sent, 0))

    def test_2_shards_over_ipv4(self):
        self.check(2, "127.0.0.1")

    def test_4_shards_over_ipv4(self):
        self.check(4, "127.0.0.1")

    def test_2_shards_over_ipv6(self):
        self.check(2, "::1")

    def test_4_shards_over_ipv6(self):
        self.check(4, "::1")


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


class Receiver(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.Queue()

    def connection_made(self, transport):
        pass

    def datagram_received(self, data, addr):
        self.received.put_nowait((data, addr))


class Aioice(e2e.E2eTest):
    def test_2_shards(self):
        self.check(2)

    def test_4_shards(self):
        self.check(4)

    def check(self, shards):
        self.relay(*OPTIONS, shards=shards)
        credential = rest_credential(SECRET)

        async def story():
            loop = asyncio.get_running_loop()
            peer, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
            transport, client = await turn.create_turn_endpoint(
                Receiver, server_addr=("127.0.0.1", 3478), username=credential.username, password=credential.password)
            relayed = transport.get_extra_info("sockname")
            address = peer.get_extra_info("sockname")
            echoed = []
            for i in range(20):
                transport.sendto(b"message %d" % i, address)
                echoed.append(await asyncio.wait_for(client.received.get(), PATIENCE_SEC))
            transport.close()
            peer.close()
            return relayed, address, echoed

        relayed, address, echoed = asyncio.run(story())
        self.assertTrue(49152 <= relayed[1] <= 65535)
        self.assertEqual(echoed, [(b"message %d" % i, address) for i in range(20)])


if __name__ == "__main__":
    e2e.main()
