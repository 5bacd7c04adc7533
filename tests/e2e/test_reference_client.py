"""What only real sockets show of what the clients of the existing relay need: items of the checklist
in part 9 of relay-behaviour. The others are in tests/scenario/test_reference_client.c.

TurnClient demands of every datagram that it comes from the address and port that it asked, 3478
(9.1), of every answer to a username its integrity (9.2), and of ChannelData its exact length (9.9).
"""

import struct

import e2e
import stun
from turn_client import PORT, TurnError

CHANNELS = (0x4000, 0x4FFF)
CLIENT_PORT = 52625  # 9.16
LARGEST = 1336  # 9.15, with the header of ChannelData
SOFTWARE = (stun.SOFTWARE, b"snownet")
BOTH = (stun.ADDITIONAL_ADDRESS_FAMILY, stun.FAMILY[6])


class ReferenceClient(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.running = self.relay(*e2e.LOOPBACK_PEERS)
        self.assertEqual(PORT, 3478)

    def snownet(self, server="127.0.0.1"):
        """As it begins: BINDING, then Allocate with both families and without a nonce."""
        local = ("::1" if ":" in server else "127.0.0.1", CLIENT_PORT)
        client = self.client(server, local=local)
        self.assertEqual(client.binding(), client.local, "9.11")
        return client

    def test_from_both_families(self):
        """9.11: it asks both, the faster one wins; the port is the same in each (9.16)."""
        for server in ("127.0.0.1", "::1"):
            with self.subTest(server=server):
                client = self.snownet(server)
                challenge = client.transact(client.message(
                    stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, stun.UDP), BOTH, SOFTWARE))
                self.assertEqual(challenge.code, 401, "9.3")
                self.assertEqual(challenge.get(stun.REALM), b"firezone", "9.3")
                self.assertIsNotNone(challenge.get(stun.NONCE), "9.3")
                answer = client.allocate(BOTH, SOFTWARE)
                self.assertEqual(answer.lifetime, 600, "9.8")
                self.assertEqual(set(client.relayed), {4, 6}, "9.8")
                client.refresh(0)
                with self.assertRaises(TurnError) as error:
                    client.refresh()
                self.assertEqual(error.exception.code, 437, "9.6")
                client.allocate(BOTH, SOFTWARE)
                client.refresh(0)
                client.close()

    def test_data_of_all_lengths_up_to_the_largest(self):
        client = self.snownet()
        client.allocate(BOTH, SOFTWARE)
        for number, family in zip(CHANNELS, (4, 6)):
            peer = self.peer(family)
            client.send(number, b"early")  # 9.13: before the bind is confirmed, and lost
            client.bind_channel(number, peer.address)
            self.assert_echoes(client, number,
                               [bytes([size]) * size for size in range(9)]
                               + [b"p" * (LARGEST - struct.calcsize("!HH"))])


if __name__ == "__main__":
    e2e.main()
