"""Two allocations relay to each other: on one shard, and on two different ones. Their own relayed
addresses need no --allow-peer."""

import e2e
from stun import ADDITIONAL_ADDRESS_FAMILY, FAMILY, Address
from turn_client import TurnError

CHANNEL_A, CHANNEL_B = 0x4000, 0x4FFF


class RelayToRelay(e2e.E2eTest):
    def allocate_pair(self, relay, on_same_shard):
        """Two clients with allocations in both families, on one shard or on two."""
        first = self.client()
        both = (ADDITIONAL_ADDRESS_FAMILY, FAMILY[6])
        first.allocate(both)
        shard = relay.shard_of_port(first.relay_port)
        for _ in range(200):
            second = self.client()
            second.allocate(both)
            if (relay.shard_of_port(second.relay_port) == shard) == on_same_shard:
                return first, second
            second.refresh(0)
        raise AssertionError("200 client ports, and none hashed to the shard that was wanted")

    def check_both_ways(self, a, b, family):
        a.bind_channel(CHANNEL_A, b.relayed[family])
        b.bind_channel(CHANNEL_B, a.relayed[family])
        for i in range(20):
            a.send(CHANNEL_A, b"to b %d" % i)
            self.assertEqual(b.receive(), (CHANNEL_B, b"to b %d" % i))
            b.send(CHANNEL_B, b"to a %d" % i)
            self.assertEqual(a.receive(), (CHANNEL_A, b"to a %d" % i))

    def check(self, on_same_shard, shards):
        relay = self.relay(shards=shards)
        for family in (4, 6):
            with self.subTest(family=family):
                a, b = self.allocate_pair(relay, on_same_shard)
                self.check_both_ways(a, b, family)

    def test_on_the_same_shard_of_2(self):
        self.check(on_same_shard=True, shards=2)

    def test_on_different_shards_of_2(self):
        self.check(on_same_shard=False, shards=2)

    def test_on_the_same_shard_of_4(self):
        self.check(on_same_shard=True, shards=4)

    def test_on_different_shards_of_4(self):
        self.check(on_same_shard=False, shards=4)

    def test_an_allocation_relays_to_itself(self):
        self.relay()
        client = self.client()
        client.allocate()
        client.bind_channel(CHANNEL_A, client.relayed[4])
        client.send(CHANNEL_A, b"there and back")
        self.assertEqual(client.receive(), (CHANNEL_A, b"there and back"))

    def test_the_rest_of_the_own_address_is_denied(self):
        self.relay()
        client = self.client()
        client.allocate()
        for port in (3478, 8080, 22, 49151):
            with self.subTest(port=port), self.assertRaises(TurnError) as caught:
                client.bind_channel(CHANNEL_A, Address("127.0.0.1", port))
            self.assertEqual(caught.exception.code, 403)


if __name__ == "__main__":
    e2e.main()
