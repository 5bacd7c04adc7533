"""Debian's python3-aioice, a client that nobody here wrote: an allocation, a channel, echo."""

import asyncio

import e2e
from aioice import stun as aioice_stun
from aioice.turn import create_turn_endpoint
from relay_process import PATIENCE_SEC, SECRET
from stun import rest_credential, stamp_credential
from turn_client import PORT


class Received(asyncio.DatagramProtocol):
    """Collects what comes through the relay."""

    def __init__(self):
        self.datagrams = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.datagrams.put_nowait((data, addr))


class Aioice(e2e.E2eTest):
    def echo(self, server, credential):
        """Runs a client through the relay at |server| to an echoing peer and back."""
        peer = self.peer()

        async def run():
            transport, received = await create_turn_endpoint(
                Received, (server, PORT), credential.username, credential.password)
            relayed = transport.get_extra_info("sockname")
            for payload in (b"one", b"two", bytes(1000)):
                transport.sendto(payload, tuple(peer.address))
                echoed = await asyncio.wait_for(received.datagrams.get(), PATIENCE_SEC)
                self.assertEqual(echoed, (payload, tuple(peer.address)))
            transport.close()
            return relayed

        return asyncio.run(run())

    def test_allocation_channel_and_echo(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        for server in ("127.0.0.1", "::1"):
            for credential in (stamp_credential(SECRET), rest_credential(SECRET)):
                ip, port = self.echo(server, credential)
                self.assertEqual(ip, "127.0.0.1")
                relay.shard_of_port(port)
        # It deletes what it allocated when it closes.
        relay.wait_event("allocation ended", 4)
        self.assertEqual(relay.total("allocations"), 0)
        self.assertEqual(relay.total("relayed_to_peer_packets"), 12)

    def test_wrong_password_is_refused(self):
        self.relay(*e2e.LOOPBACK_PEERS)
        good = stamp_credential(SECRET)
        with self.assertRaisesRegex(aioice_stun.TransactionFailed, "401"):
            self.echo("127.0.0.1", good._replace(password=good.password[::-1]))


if __name__ == "__main__":
    e2e.main()
