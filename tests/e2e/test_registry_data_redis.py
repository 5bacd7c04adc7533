"""What Redis has recorded is lost, spoilt or of another type, under load: everything that is
relayed goes on, and what is there is recorded again."""

import random

import e2e
import ownership
from fault_test import AWAY, SHARDS, FaultTest
from redis_process import Redis
from relay_process import eventually

GARBAGE = ("", "x", "v=1", "v=2 port=50000", "v=1 port=99999999999999999999 families=4", "%",
           "v=1 peer=[::1]:0 until=-1", "v=1 " + "a=b " * 5000, "\x01\x02\xff")
UNKNOWN_FIELDS = ("channel:0x4FFF", "channel:", "channel:0x4000000000", "permission:x", "?", "")


class Data(FaultTest):
    def setUp(self):
        super().setUp()
        self.redis = Redis(self.folder)
        self.addCleanup(self.redis.kill)

    def refresh_all(self):
        """Each shard has something to write down of each of our clients."""
        for client in self.clients:
            client.refresh()
            self.assert_echoes(client, 0x4000)

    def key_of(self, client):
        key, = self.redis.keys(f"relay:allocation:{client.local.ip}:{client.local.port}>*")
        return key

    def keys_of_clients(self):
        return [self.key_of(client) for client in self.clients]

    def make_strings(self, keys):
        """Instead of whatever is there."""
        self.redis.pipe(["SET", key, "x"] for key in keys)

    def make_lists(self, keys):
        self.redis.pipe(words for key in keys for words in (["DEL", key], ["LPUSH", key, "x"]))

    def test_flushed(self):
        self.begin(self.redis.url)
        for count in (1, 2, 3):
            self.redis.cli("FLUSHALL")
            self.assert_serves()
            self.wait_back(count)
            self.assert_complete()
        self.finish()

    def test_flushed_without_its_scripts(self):
        self.begin(self.redis.url)
        for count in (1, 2):
            self.redis.cli("SCRIPT", "FLUSH")
            self.redis.cli("FLUSHALL")
            self.assert_serves()
            self.wait_back(count)
            self.assert_complete()
        self.finish()

    def test_scripts_flushed(self):
        self.begin(self.redis.url)
        for _ in range(10):
            self.redis.cli("SCRIPT", "FLUSH")
            self.assert_serves_old()
        self.assertEqual(self.shards.events(AWAY), [])
        self.finish()

    def test_leases_of_another_type(self):
        self.begin(self.redis.url)
        for spoil in (self.make_lists, self.make_strings):
            lost = self.shards.total("leases_lost")
            spoil(["relay:shards", *(f"relay:{kind}:test/{shard}" for shard in range(SHARDS)
                                     for kind in ("live", "shard"))])
            self.assert_serves()
            eventually("each has a new lease",
                       lambda lost=lost: self.shards.total("leases_lost") >= lost + SHARDS)
            self.assert_complete()
        self.finish()

    def test_allocations_of_another_type(self):
        self.begin(self.redis.url)
        for spoil in (self.make_lists, self.make_strings):
            spoil(self.redis.keys("relay:allocation:*"))
            self.refresh_all()
            self.assert_complete()
        self.finish()

    def test_indexes_of_another_type(self):
        self.begin(self.redis.url)
        for spoil in (self.make_lists, self.make_strings):
            for pattern in ("relay:allocations:*", "relay:port:*", "relay:user:*"):
                spoil(self.redis.keys(pattern))
            self.refresh_all()
            self.assert_complete()
            # The ports can be looked up again.
            for key in self.redis.keys("relay:port:*")[:20]:
                self.assertEqual(self.redis.cli("TYPE", key), "string")
        self.finish()

    def test_records_removed_by_hand(self):
        """One by one, and an index."""
        self.begin(self.redis.url)
        self.redis.pipe(["DEL", key] for key in self.keys_of_clients())
        self.refresh_all()
        self.assert_complete()
        self.redis.pipe(["DEL", f"relay:allocations:test/{shard}"] for shard in range(SHARDS))
        self.refresh_all()
        self.assert_complete()
        self.finish()

    def test_records_garbled(self):
        self.begin(self.redis.url)
        chance = random.Random(3)
        keys = self.keys_of_clients()
        for _ in range(20):
            self.redis.pipe(["HSET", key, chance.choice(("owner", "epoch", "allocation")),
                             chance.choice(GARBAGE)] for key in keys * 2)
            self.redis.pipe(["HSET", key, chance.choice(UNKNOWN_FIELDS), chance.choice(GARBAGE)]
                            for key in keys)
            self.refresh_all()
            self.redis.pipe(["HDEL", key, *UNKNOWN_FIELDS] for key in keys)
            self.assert_complete()
        self.finish()

    def test_a_shard_is_restored_from_garbled_records(self):
        """What can be read is there again, and what can not is counted."""
        self.begin(self.redis.url)
        victims = [client for client in self.clients if self.shard_of(client) == 1]
        spoilt = victims[: len(victims) // 2]
        for client, garbage in zip(spoilt, GARBAGE):
            self.redis.cli("HSET", self.key_of(client), "allocation", garbage)
        before = self.shards.counters(1)
        self.kill(1)
        eventually("the others are back", lambda: self.shards.counters(1)["allocations"]
                   == before["allocations"] - len(spoilt))
        self.assertGreaterEqual(self.shards.counters(1)["restore_dropped"], len(spoilt))
        for client in victims:
            if client in spoilt:
                self.assertEqual(self.error_of_refresh(client), 437)
                self.clients.remove(client)
                client.relayed = {}
                client.allocate()
                client.channels = set()
                self.bind(client, client.relayed[4])
                self.clients.append(client)
        self.refresh_all()
        self.finish()

    def test_what_was_adopted_is_recorded_as_any_other(self):
        self.launch_shards(self.redis.url)
        self.begin_clients()
        self.shards.stop()
        self.shards = self.relay(*e2e.LOOPBACK_PEERS, *ownership.options(self.url), shards=2)
        self.assert_complete()
        self.assertGreater(self.shards.total("allocations_adopted"), 0)

    def test_another_owner_by_hand(self):
        """What is said to be another shard's is given up by the one that has it."""
        self.begin(self.redis.url)
        client = self.clients[0]
        other = (self.shard_of(client) + 1) % SHARDS
        self.redis.cli("HSET", self.key_of(client), "owner", f"test/{other}")
        self.error_of_refresh(client)
        eventually("it is given up", lambda: self.shards.total("allocations_lost") == 1)
        self.clients.remove(client)
        self.assert_serves()


class SameInstance(e2e.E2eTest):
    def test_two_relays_of_one_name_are_told(self):
        """On one host, where nothing but the lease shows that there are two."""
        redis = Redis(self.folder)
        self.addCleanup(redis.kill)
        relays = [self.relay(*ownership.options(redis.url), public6=None)]
        relays.append(self.relay(
            *ownership.options(redis.url), public6=None, state_dir=self.folder / "other",
            prefix=("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")))
        for relay in relays:
            event = relay.wait_event("another process had taken the lease of this shard: every "
                                     "relay needs an --instance of its own")
            self.assertEqual((event["level"], event["instance"]), ("error", ownership.HOST))


if __name__ == "__main__":
    e2e.main()
