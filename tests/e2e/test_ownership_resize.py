"""The number of shards changes under load, and the shards are restarted: no allocation is lost."""

import signal

import e2e
import registries
from bench_process import Bench
from relay_process import SANITIZED, eventually, is_gone

ALLOCATIONS = 100 if SANITIZED else 400
RATE = 2 * ALLOCATIONS * 20


class Resize:
    def start(self, shards):
        return self.relay(*e2e.LOOPBACK_PEERS, *self.registry.options, shards=shards)

    def bench(self, relay, name="bench"):
        """Half of the load, once all its channels are there."""
        before = relay.total("channels")
        bench = Bench(self, "--allocations", ALLOCATIONS // 2, "--rate", RATE // 2, name=name,
                      duration_sec=300)
        eventually("all have their channels",
                   lambda: relay.total("channels") == before + ALLOCATIONS // 2)
        return bench

    def setUp(self):
        super().setUp()
        self.registry = self.registry_type(self)

    def assert_all_there(self, relay):
        eventually("all allocations are there again",
                   lambda: relay.total("allocations") == ALLOCATIONS)
        eventually("each is claimed", lambda: relay.total("allocations_unclaimed") == 0)
        self.assertEqual(relay.total("channels"), ALLOCATIONS)
        self.assertEqual(relay.total("restore_dropped"), 0)

    def assert_none_lost(self, bench):
        bench.stop()
        result = bench.result(interrupted=True)
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertEqual(result["setup"]["deleted"], ALLOCATIONS // 2)
        for flow in result["flows"]:
            self.assertGreater(flow["received"], 0, flow)
        gaps = sorted(flow["longest_gap_msec"] for flow in result["flows"])
        print(f"{self.registry.name}: longest gap of a flow {gaps[len(gaps) // 2]:.0f} ms in the "
              f"middle, {gaps[-1]:.0f} ms at most")

    def relays_for_all(self, relay):
        """Each flow is relayed by whoever has it now."""
        before = relay.total("relayed_to_client_packets")
        eventually("the flows flow",
                   lambda: relay.total("relayed_to_client_packets") > before + RATE // 4)

    def again(self, relay, stop, shards):
        """Stops |relay| and starts another one."""
        pids = [relay.shard_pid(k) for k in range(relay.shards)]
        relay.signal(stop)
        relay.wait()
        # Killed, the supervisor takes its shards with it, a moment later.
        eventually("its shards are gone",
                   lambda: all(map(is_gone, pids)))
        return self.start(shards)

    def test_two_shards_then_eight_then_three(self):
        relay = self.start(2)
        benches = [self.bench(relay, "bench-0")]
        relay = self.again(relay, signal.SIGTERM, 8)
        benches.append(self.bench(relay, "bench-1"))
        steps = ((3, signal.SIGTERM), (1, signal.SIGKILL), (8, signal.SIGKILL))
        for shards, stop in steps[:1] if SANITIZED else steps:
            adopts = shards < relay.shards
            relay = self.again(relay, stop, shards)
            self.assert_all_there(relay)
            self.relays_for_all(relay)
            self.assertEqual(relay.total("allocations_adopted") > 0, adopts)
        for bench in benches:
            self.assert_none_lost(bench)
        self.assertEqual(relay.total("allocations"), 0)

    def test_a_hangup_restarts_the_shards_one_by_one(self):
        relay = self.start(4)
        benches = [self.bench(relay, "bench-0"), self.bench(relay, "bench-1")]
        pids = [relay.shard_pid(k) for k in range(4)]
        for count in (1, 2):
            relay.signal(signal.SIGHUP)
            relay.wait_event("all shards were restarted", count)
            self.assert_all_there(relay)
        self.assertFalse(set(pids) & {relay.shard_pid(k) for k in range(4)})
        self.assertEqual(relay.events("shard died"), [])
        for bench in benches:
            self.assert_none_lost(bench)

    def test_a_new_allocation_finds_a_port_that_no_old_one_has(self):
        """Slices moved: a port of this shard's slice may be another shard's old allocation."""
        options = ("--lowest-port", "50000", "--highest-port", "50127", *e2e.LOOPBACK_PEERS,
                   *self.registry.options)
        relay = self.relay(*options, shards=1)
        old = []
        for _ in range(40):
            client = self.client()
            client.allocate()
            client.bind_channel(0x4000, client.relayed[4])
            old.append(client)
        relay.stop()
        relay = self.relay(*options, shards=4)
        new = []
        for _ in range(8):
            client = self.client()
            client.allocate()
            client.bind_channel(0x4000, client.relayed[4])
            new.append(client)
        self.assertEqual(len({c.relay_port for c in old + new}), 48)
        for client in old + new:
            self.assert_echoes(client, 0x4000)
            client.refresh()


globals().update(registries.for_each(type("Resize", (Resize, e2e.E2eTest), {}),
                                     sanitized=(registries.LocalRegistry,)))

if __name__ == "__main__":
    e2e.main()
