"""Relay ports on the wire: even ones, reserved ones, taken ones, and no more of them."""

import errno
import socket

import e2e
import stun
from relay_process import eventually
from turn_client import TurnError, udp_socket

LOWEST = 52000


class RelayPorts(e2e.E2eTest):
    def narrow(self, ports, *options, **arguments):
        """A relay of one shard with so many relay ports."""
        return self.relay("--lowest-port", LOWEST, "--highest-port", LOWEST + ports - 1,
                          "--port-rest", "0", *e2e.LOOPBACK_PEERS, *options, shards=1, **arguments)

    def occupy(self, port):
        """A program that has nothing to do with the relay has the port."""
        sock = udp_socket(local=("127.0.0.1", port))
        self.addCleanup(sock.close)
        return sock

    def assert_refused(self, code, *attributes):
        with self.assertRaises(TurnError) as refused:
            self.client().allocate(*attributes)
        self.assertEqual(refused.exception.code, code)

    def allocated_port(self):
        """The relay port of a new allocation, None when there is none to be had."""
        client = self.client()
        try:
            client.allocate()
        except TurnError as refused:
            self.assertEqual(refused.code, 508)
            return None
        return client.relay_port

    def test_even_port(self):
        self.relay()
        for _ in range(10):
            client = self.client()
            client.allocate((stun.EVEN_PORT, b"\0"))
            self.assertEqual(client.relay_port % 2, 0)

    def test_the_next_port_waits_for_its_token(self):
        self.relay(shards=1)
        rtp = self.client()
        token = rtp.allocate((stun.EVEN_PORT, b"\x80")).get(stun.RESERVATION_TOKEN)
        self.assertEqual(rtp.relay_port % 2, 0)
        rtcp = self.client(credential=rtp.credential)
        rtcp.allocate((stun.RESERVATION_TOKEN, token))
        self.assertEqual(rtcp.relay_port, rtp.relay_port + 1)
        self.assert_refused(508, (stun.RESERVATION_TOKEN, token))

    def test_another_port_is_taken_instead(self):
        relay = self.narrow(2)
        self.occupy(LOWEST)
        client = self.client()
        client.allocate()
        self.assertEqual(client.relay_port, LOWEST + 1)
        self.assert_refused(508)
        self.assertTrue(relay.is_running())

    def test_all_ports_taken(self):
        relay = self.narrow(3)
        taken = [self.occupy(LOWEST + i) for i in range(3)]
        self.assert_refused(508)
        self.assertGreaterEqual(relay.total("relay_open_port_taken"), 3)
        taken[1].close()
        # Eight draws out of three ports need not hit the one that is free.
        self.assertEqual(eventually("the free port is found", self.allocated_port), LOWEST + 1)

    def test_a_full_slice_and_room_again(self):
        self.narrow(4)
        clients = [self.client() for _ in range(4)]
        for client in clients:
            client.allocate()
        self.assert_refused(508)
        peer = self.peer()
        clients[0].bind_channel(0x4000, peer.address)
        self.assert_echoes(clients[0], 0x4000)
        clients[3].refresh(0)
        self.client().allocate()

    def test_a_freed_port_is_free_for_others(self):
        self.narrow(1)
        client = self.client()
        client.allocate()
        with self.assertRaises(OSError) as refused:
            self.occupy(LOWEST)
        self.assertEqual(refused.exception.errno, errno.EADDRINUSE)
        client.refresh(0)
        self.assertIsInstance(self.occupy(LOWEST), socket.socket)

    def test_few_descriptors(self):
        """The log says how many allocations fit; at the limit 508, and those there relay on."""
        relay = self.relay(*e2e.LOOPBACK_PEERS, shards=1, public6=None,
                           prefix=("prlimit", "--nofile=128:128"))
        fit = int(relay.events("shard ready")[0]["allocations_that_fit"])
        self.assertGreater(fit, 0)
        self.assertLess(fit, 128)
        clients = [self.client() for _ in range(fit)]
        for client in clients:
            client.allocate()
        self.assert_refused(508)
        peer = self.peer()
        clients[-1].bind_channel(0x4000, peer.address)
        self.assert_echoes(clients[-1], 0x4000)
        clients[0].refresh(0)
        self.client().allocate()


if __name__ == "__main__":
    e2e.main()
