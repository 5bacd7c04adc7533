"""DONT-FRAGMENT on the wire: the DF bit of what a relay socket sends."""

import socket
import struct

import e2e
import stun

CHANNEL = 0x4000
ETH_P_ALL, IP_DF = 0x0003, 0x4000


class DontFragment(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.relay(*e2e.LOOPBACK_PEERS, shards=1)
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.addCleanup(self.wire.close)
        self.wire.bind(("lo", 0))
        self.wire.settimeout(e2e.PATIENCE_SEC)

    def df_of(self, payload, port):
        """Whether the datagram with |payload| that leaves |port| has the DF bit."""
        while True:
            packet = self.wire.recv(65536)
            if packet[:1] != b"\x45":  # IPv4 without options
                continue
            flags, = struct.unpack_from("!H", packet, 6)
            source_port, = struct.unpack_from("!H", packet, 20)
            if source_port == port and packet[28:] == payload:
                return bool(flags & IP_DF)

    def relayed_df(self, *attributes):
        client, peer = self.client(), self.peer()
        client.allocate(*attributes)
        client.bind_channel(CHANNEL, peer.address)
        payload = b"relayed for port %d" % client.relay_port
        client.send(CHANNEL, payload)
        return self.df_of(payload, client.relay_port)

    def test_only_when_asked_for(self):
        self.assertTrue(self.relayed_df((stun.DONT_FRAGMENT, b"")))
        self.assertFalse(self.relayed_df())


if __name__ == "__main__":
    e2e.main()
