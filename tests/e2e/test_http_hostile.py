"""Slow and hostile HTTP clients cost no relayed packet, and a health check gets through."""

import time

import e2e
from bench_process import Bench, lost
from hostile_http import IDLE, Hostile
from http_client import get
from relay_process import eventually

CONNECTIONS_MAX = 32  # of a shard: shard/http_server.h


class HostileClients(e2e.E2eTest):
    def test_the_packet_path_and_health_checks_do_not_notice(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        bench = Bench(self, "--allocations", "20", "--rate", "1000", duration_sec=5)
        hostile = Hostile()
        try:
            eventually("all are there", lambda: hostile.counts["idle"] >= IDLE)
            took = []
            while bench.is_running():
                began = time.monotonic()
                self.assertEqual(get("/healthz"), (200, "ok\n"))
                took.append(time.monotonic() - began)
                self.assertLessEqual(relay.total("http_connections"), 2 * CONNECTIONS_MAX)
            eventually("who drips is given up", lambda: relay.total("http_timed_out") > 0)
        finally:
            hostile.stop()
        result = bench.result()
        took.sort()
        print(f"{hostile.counts}; {len(took)} health checks, median "
              f"{took[len(took) // 2] * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms; refused "
              f"{relay.total('http_refused')}, gave way {relay.total('http_gave_way')}, timed out "
              f"{relay.total('http_timed_out')}")
        self.assertEqual(lost(result), 0)
        self.assertGreater(relay.total("http_refused"), 0)
        eventually("all connections are closed", lambda: relay.total("http_connections") == 0)
        self.assertEqual(get("/readyz"), (200, "ok\n"))


if __name__ == "__main__":
    e2e.main()
