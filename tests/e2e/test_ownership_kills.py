"""Each shard in turn is killed ten times over, under the load of relay-bench: its allocations come
back with it, nobody else loses a datagram, and the gaps are printed."""

import os
import signal
import time

import e2e
import registries
from bench_process import Bench
from relay_process import SANITIZED, eventually

SHARDS = 4
ALLOCATIONS = 100 if SANITIZED else 400
KILLS = 2 if SANITIZED else 10
# Each flow sends every 50 ms each way.
RATE = 2 * ALLOCATIONS * 20
# A shard that dies within a second of its start is not started again at once.
PERIOD_SEC = 1.2


class Kills:
    def test_every_allocation_survives_and_others_lose_nothing(self):
        registry = self.registry_type(self)
        relay = self.relay(*e2e.LOOPBACK_PEERS, *registry.options, shards=SHARDS)
        for victim in range(SHARDS):
            bench = Bench(self, "--allocations", ALLOCATIONS, "--rate", RATE, name=f"bench-{victim}",
                          duration_sec=300)
            eventually("all have their channels",
                       lambda relay=relay: relay.total("channels") == ALLOCATIONS)
            for _ in range(KILLS):
                began = time.monotonic()
                self.kill(relay, victim)
                time.sleep(max(0.0, PERIOD_SEC - (time.monotonic() - began)))
            bench.stop()
            self.judge(registry, relay, victim, bench.result(interrupted=True))
        self.assertEqual(relay.total("restore_dropped"), 0)
        self.assertEqual(relay.total("allocations"), 0)

    def kill(self, relay, victim):
        before = relay.counters(victim)
        os.kill(before["pid"], signal.SIGKILL)

        def is_back():
            now = relay.counters(victim)
            return now["pid"] != before["pid"] and now["is_live"] and now["lease_held"] and now
        after = eventually("the shard is back", is_back)
        for gauge in ("allocations", "channels"):
            self.assertGreaterEqual(before[gauge], 1)
            eventually(f"its {gauge} are back", lambda gauge=gauge:
                       relay.counters(victim)[gauge] == before[gauge])
        self.assertEqual(after["restore_dropped"], 0)

    def judge(self, registry, relay, victim, result):
        """What relay-bench saw: no allocation lost, other shards' flows whole."""
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertEqual(result["setup"]["deleted"], ALLOCATIONS)
        gaps, lost, sent = [], 0, 0
        for flow in result["flows"]:
            if relay.shard_of_port(flow["relay_port"]) != victim:
                self.assertEqual(flow["received"], flow["sent"], flow)
                continue
            # One that had ended with a kill would have lost nearly all.
            self.assertGreater(flow["received"], flow["sent"] // 2, flow)
            gaps.append(flow["longest_gap_msec"])
            lost += flow["sent"] - flow["received"]
            sent += flow["sent"]
        gaps.sort()
        for way in ("up", "down"):
            self.assertEqual(result["traffic"][way]["reordered"], 0)
            self.assertEqual(result["traffic"][way]["duplicates"], 0)
        print(f"{registry.name}: shard {victim} killed {KILLS} times: of its {len(gaps)} flows the "
              f"longest gap is {gaps[len(gaps) // 2]:.0f} ms in the middle, {gaps[-1]:.0f} ms at "
              f"most, 50 ms of it between two datagrams; it lost {lost} of {sent} datagrams")


globals().update(registries.for_each(type("Kills", (Kills, e2e.E2eTest), {})))

if __name__ == "__main__":
    e2e.main()
