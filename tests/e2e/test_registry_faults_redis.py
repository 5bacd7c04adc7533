"""Redis goes away in every way that it can, under load: nothing that is relayed is lost, everything
that clients ask for is done, and afterwards everything is recorded again."""

import subprocess
import time

import e2e
from fault_test import AWAY, SHARDS, FaultTest
from redis_process import Redis
from relay_process import SANITIZED, eventually

PAUSE_SEC = 3 if SANITIZED else 10


class RedisFaultTest(FaultTest):
    def redis(self, *options, password=None):
        redis = Redis(self.folder, options=options, password=password)
        self.addCleanup(redis.kill)
        return redis


class Outages(RedisFaultTest):
    def test_stopped_and_started(self):
        """It keeps its records on disk, and has them still."""
        redis = self.redis("--appendonly", "yes", "--appendfsync", "no")
        self.begin(redis.url)
        for count in (1, 2):
            redis.stop()
            self.wait_away(count)
            self.assert_serves_unclaimed()
            redis.start()
            self.wait_back(count)
            self.assert_complete()
        self.finish()

    def test_stopped_while_a_shard_is_killed(self):
        """The shard comes back without what it had, and gets it with the registry. Until then no
        client of its is told to give up."""
        redis = self.redis("--appendonly", "yes", "--appendfsync", "no")
        self.begin(redis.url)
        victims = [client for client in self.clients if self.shard_of(client) == 1]
        redis.stop()
        self.wait_away()
        self.kill(1)
        self.assertEqual(self.shards.counters(1)["allocations"], 0)
        self.assert_serves_old(without=(1,))
        redis.start()
        for client in victims:
            client.refresh()
            self.assert_echoes(client, 0x4000)
        self.wait_all_back(1)
        self.assert_complete()
        self.assertEqual(self.shards.counters(1)["restore_dropped"], 0)
        self.assert_serves()
        self.finish()

    def test_killed_and_back_empty(self):
        redis = self.redis()
        self.begin(redis.url)
        redis.kill()
        self.wait_away()
        self.assert_serves_unclaimed()
        redis.start()
        self.wait_back()
        self.finish()

    def test_killed_and_back_empty_while_a_shard_is_killed(self):
        """What the shard had is lost, its clients are told, and all the rest is there."""
        redis = self.redis()
        self.begin(redis.url)
        victims = [client for client in self.clients if self.shard_of(client) == 1]
        redis.kill()
        self.wait_away()
        self.kill(1)
        self.lost.add(1)
        self.assert_serves(without=(1,))
        redis.start()
        self.wait_all_back(1)
        for client in victims:
            eventually("the client is told",
                       lambda client=client: self.error_of_refresh(client) == 437)
            self.clients.remove(client)
        self.finish()

    def test_stopped_by_a_signal_for_a_while(self):
        """It neither answers nor closes its connections."""
        redis = self.redis()
        self.begin(redis.url)
        redis.pause()
        began = time.monotonic()
        # Before it is given up, and after.
        self.assert_serves_unclaimed()
        self.wait_away()
        self.assert_serves_unclaimed()
        time.sleep(max(0.0, began + PAUSE_SEC - time.monotonic()))
        redis.resume()
        self.wait_back()
        self.finish()

    def test_paused_while_a_shard_is_killed(self):
        """Some clients of the shard allocate again, from where they are: what they had before is
        not theirs any more."""
        redis = self.redis()
        self.begin(redis.url)
        self.assert_serves_old()  # a second channel for each
        victims = [client for client in self.clients if self.shard_of(client) == 1]
        redis.pause()
        self.wait_away()
        self.kill(1)
        for client in victims[:2]:
            client.allocate()
            client.channels = set()
            self.bind(client, client.relayed[4])
            self.assert_echoes(client, 0x4000)
        redis.resume()
        self.wait_all_back(1)
        self.finish()

    def test_absent_at_the_start(self):
        redis = self.redis()
        redis.kill()
        self.launch_shards(redis.url)
        self.wait_away()
        self.begin_load()
        self.assertEqual(self.shards.total("allocations_unclaimed"),
                         self.shards.total("allocations"))
        self.assert_serves_unclaimed()
        redis.start()
        self.wait_back()
        self.finish()


class Refusals(RedisFaultTest):
    """It is there, and does not do what it is asked."""

    def why(self):
        return {event["why"] for event in self.shards.events(AWAY)}

    def test_a_wrong_password_at_the_start(self):
        redis = self.redis("--port", "7000", password="right")
        self.launch_shards("redis://:wrong@127.0.0.1:7000")
        self.wait_away()
        self.begin_load()
        self.assert_serves_unclaimed()
        self.assertEqual(len(self.why()), 1)
        self.assertIn("WRONGPASS", self.why().pop())
        redis.cli("CONFIG", "SET", "requirepass", "wrong")
        redis.password = "wrong"
        self.wait_back()
        self.finish()

    def test_a_password_that_it_did_not_have_before(self):
        redis = self.redis()
        self.begin(redis.url)
        redis.kill()
        redis.password = "secret"
        redis.start()
        self.wait_away()
        self.assert_serves_unclaimed()
        redis.cli("CONFIG", "SET", "requirepass", "")
        redis.password = None
        self.wait_back()
        self.finish()

    def test_full_memory(self):
        redis = self.redis("--maxmemory-policy", "noeviction")
        self.begin(redis.url)
        for count in (1, 2):
            redis.cli("CONFIG", "SET", "maxmemory", "1")
            self.wait_away(count)
            self.assert_serves_unclaimed()
            redis.cli("CONFIG", "SET", "maxmemory", "0")
            self.wait_back(count)
            self.assert_complete()
        self.finish()

    def test_a_replica_that_refuses_writes(self):
        redis = self.redis()
        self.begin(redis.url)
        redis.cli("REPLICAOF", "127.0.0.1", "1")
        self.wait_away()
        self.assert_serves_unclaimed()
        redis.cli("REPLICAOF", "NO", "ONE")
        self.wait_back()
        self.finish()


class FailOver(FaultTest):
    """Two Redis and a Sentinel, on ports of the test's own."""

    def start_redis(self, name, port, *options):
        redis = Redis(self.folder, name, ("--port", port, *options))
        self.addCleanup(redis.kill)
        return redis

    def start_sentinel(self):
        config = self.folder / "sentinel.conf"
        config.write_text("port 7010\n"
                          "sentinel monitor relay 127.0.0.1 7001 1\n"
                          "sentinel down-after-milliseconds relay 300\n"
                          "sentinel failover-timeout relay 3000\n", encoding="ascii")
        self.program("sentinel", "redis-sentinel", config)
        eventually("Sentinel knows the replica", lambda: "slaves=1" in subprocess.run(
            ["redis-cli", "-p", "7010", "INFO", "sentinel"], capture_output=True, text=True,
            check=False).stdout)

    def test_the_replica_takes_over(self):
        first = self.start_redis("first", 7001)
        second = self.start_redis("second", 7002, "--replicaof", "127.0.0.1 7001")
        eventually("the replica follows",
                   lambda: "master_link_status:up" in (second.try_cli("INFO", "replication")
                                                       or ""))
        self.start_sentinel()
        self.begin("redis+sentinel://127.0.0.1:7010/relay")
        first.kill()
        self.wait_away()
        self.assert_serves_unclaimed()
        self.wait_back()
        self.assertIn("role:master", second.cli("INFO", "replication"))
        self.assert_complete()
        # And the former one, which comes back empty, is a replica before long. Becoming one it hangs
        # up on everybody.
        first.start()
        eventually("the former primary follows",
                   lambda: "role:slave" in (first.try_cli("INFO", "replication") or ""))
        self.assertEqual(len(self.shards.events(AWAY)), SHARDS)
        self.finish()


class Idle(RedisFaultTest):
    def test_nothing_spins_and_nothing_grows(self):
        """Redis is killed, then paused, then its place taken by one that refuses."""
        redis = self.redis()
        self.launch_shards(redis.url)
        self.begin_clients()
        redis.kill()
        self.wait_away(1)
        self.assert_idle()
        self.assert_bounded_memory()
        redis.password = "secret"
        redis.start()
        self.assert_idle()
        redis.kill()
        redis.password = None
        redis.start()
        self.wait_back(1)
        redis.pause()
        self.wait_away(2)
        self.assert_idle()
        redis.resume()
        self.wait_back(2)
        self.assert_complete()


if __name__ == "__main__":
    e2e.main()
