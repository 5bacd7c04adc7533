"""Datagrams of five-tuples that nobody has, from made-up sources: they cost the registry no more
look-ups than the budget has, and the flows of others nothing but what the kernel could not hold."""

import subprocess
import time

import e2e
import registries
from bench_process import Bench
from relay_process import BUILD, SANITIZED, eventually

SHARDS = 4
ALLOCATIONS = 40
# shard/misrouted.h: of each shard, and as many at once at the beginning.
LOOK_UPS_PER_SEC = 1000
COUNT, RATE = (50000, 10000) if SANITIZED else (2000000, 200000)


class Spoofed:
    def test_look_ups_have_a_budget_and_flows_go_on(self):
        registry = self.registry_type(self)
        relay = self.relay(*e2e.LOOPBACK_PEERS, *registry.options, shards=SHARDS)
        bench = Bench(self, "--allocations", ALLOCATIONS, "--rate", 2000, duration_sec=300)
        eventually("all have their channels", lambda: relay.total("channels") == ALLOCATIONS)
        memory = [relay.rss_kib(k) for k in range(SHARDS)]
        began = time.monotonic()
        done = subprocess.run([BUILD["spoof_flood"], str(COUNT), str(RATE)], capture_output=True,
                              text=True, check=True)
        sent, msec = map(int, done.stdout.split())
        elapsed = time.monotonic() - began
        look_ups = relay.total("misrouted_look_ups")
        self.assertLessEqual(look_ups, SHARDS * LOOK_UPS_PER_SEC * (elapsed + 1))
        self.assertGreater(look_ups, 0)
        self.assertGreater(relay.total("misrouted_no_budget"), 0)
        grown = max(relay.rss_kib(k) - memory[k] for k in range(SHARDS))
        # The room, the look-ups and the misses that a shard has are all touched: 3 MiB.
        self.assertLess(grown, 8192)
        bench.stop()
        result = bench.result(interrupted=True)
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertEqual(result["setup"]["deleted"], ALLOCATIONS)
        lost = sum(flow["sent"] - flow["received"] for flow in result["flows"])
        self.assertLessEqual(lost, relay.total("kernel_drops"))
        every = sum(flow["sent"] for flow in result["flows"])
        print(f"{registry.name}: {sent} spoofed datagrams at {sent * 1000 // max(msec, 1)}/s: "
              f"{look_ups} look-ups, {relay.total('kernel_drops')} datagrams more than the kernel "
              f"could hold, {lost} of {every} datagrams of flows among them; a shard grew by "
              f"{grown} KiB at most")
        self.assert_registry_was_spared(registry, look_ups)

    def assert_registry_was_spared(self, registry, look_ups):
        """Redis itself has counted no more scripts than look-ups, claims and leases."""
        if registry.name != "redis":
            return
        calls = int(registry.redis.cli("INFO", "commandstats").split("cmdstat_evalsha:calls=")[1]
                    .split(",")[0])
        self.assertLess(calls, look_ups + 20 * ALLOCATIONS + 4000)


globals().update(registries.for_each(type("Spoofed", (Spoofed, e2e.E2eTest), {})))

if __name__ == "__main__":
    e2e.main()
