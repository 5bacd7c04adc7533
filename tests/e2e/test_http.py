"""Health, readiness and metrics over HTTP: of each state of a host, under load, on any address."""

import os
import signal
import socket
import subprocess
import time

import e2e
from bench_process import Bench, lost
from http_client import ADDR, ask, get, samples, total, value, wait_for
from registries import RedisRegistry
from relay_process import eventually

QUIET_SEC = 1.1  # after it metrics are written anew


class States(e2e.E2eTest):
    """Two shards, each started by itself."""

    def setUp(self):
        super().setUp()
        self.registry = RedisRegistry(self)

    def shard(self, number):
        return self.launch(*self.registry.options, command=f"shard --shard {number}", public6=None)

    def test_each_state_of_a_shard_is_told(self):
        first = self.shard(0).wait_ready()
        text = wait_for("/readyz", 503, "shard 1: it has no counter page")
        self.assertTrue(text.startswith("not ready\n"), text)
        self.assertEqual(ask("/healthz")[0], 200)
        second = self.shard(1).wait_ready()
        self.assertEqual(wait_for("/readyz", 200), "ok\n")

        second.signal(signal.SIGSTOP)
        wait_for("/readyz", 503, "shard 1: hangs: last seen awake ")
        self.assertIn("\nshard 1: hangs", wait_for("/healthz", 200, "shard 1"))
        metrics = samples(wait_for("/metrics", 200, 'relay_shard_up{shard="1"} 1'))
        self.assertGreater(value(metrics, "relay_seen_age_seconds", shard=1), 2)
        second.signal(signal.SIGCONT)
        self.assertEqual(wait_for("/readyz", 200), "ok\n")

        os.kill(second.pid, signal.SIGKILL)
        second.wait()
        wait_for("/readyz", 503, "shard 1: is gone: last seen awake ")
        metrics = samples(wait_for("/metrics", 200, 'relay_shard_up{shard="1"} 0'))
        self.assertNotIn("relay_allocations", {n for (n, pairs) in metrics if ("shard", "1") in pairs})
        second = self.shard(1).wait_ready()
        self.assertEqual(wait_for("/readyz", 200), "ok\n")

        # A registry that is away is said, and is no reason.
        self.registry.redis.kill()
        text = wait_for("/readyz", 200, "shard 1: the ownership registry is away")
        self.assertTrue(text.startswith("ok\n"), text)
        self.assertEqual(ask("/healthz"), (200, "ok\n"))
        wait_for("/metrics", 200, 'relay_registry_available{shard="0"} 0')
        self.registry.redis.start()
        eventually("it is back", lambda: ask("/readyz") == (200, "ok\n"))
        for shard in (first, second):
            shard.stop()


class Metrics(e2e.E2eTest):
    def check(self, text):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_figures_move_with_the_load(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        before = samples(ask("/metrics")[1])
        bench = Bench(self, "--allocations", "20", "--rate", "2000", duration_sec=3)
        eventually("20 allocations", lambda: total(samples(ask("/metrics")[1]),
                                                   "relay_allocations") == 20)
        time.sleep(QUIET_SEC)
        text = ask("/metrics")[1]
        self.check(text)
        during = samples(text)
        for name in ("relay_relayed_to_peer_packets_total", "relay_relayed_to_client_bytes_total",
                     "relay_cpu_seconds_total", "relay_wakeups_total",
                     "relay_listener_receive_batch_count", "relay_listener_send_batch_sum",
                     "relay_relay_receive_batch_count", "relay_relay_send_batch_bucket"):
            self.assertGreater(total(during, name), total(before, name), name)
        self.assertEqual(total(during, "relay_requests_total", method="channel_bind"), 20)
        result = bench.result()
        self.assertEqual(lost(result), 0)

        with self.client() as client:
            client.allocate()
            client.send(0x4FFF, b"no such channel")
            eventually("the drop is there", lambda: total(
                samples(ask("/metrics")[1]), "relay_dropped_datagrams_total",
                reason="no_channel") == 1)
        after = samples(ask("/metrics")[1])
        for shard in range(2):
            labels = {"shard": shard}
            self.assertEqual(value(after, "relay_shard_up", **labels), 1)
            self.assertEqual(value(after, "relay_shard_state", state="serving", **labels), 1)
            self.assertEqual(value(after, "relay_registry_available", **labels), 1)
            self.assertGreater(value(after, "relay_restore_seconds", **labels), 0)
            self.assertEqual(value(after, "relay_listener_receive_batch_count", **labels),
                             value(after, "relay_listener_received_batches_total", **labels))
            self.assertEqual(value(after, "relay_relay_send_batch_sum", **labels),
                             value(after, "relay_relay_sent_packets_total", **labels))
        self.assertEqual(value(after, "relay_shards"), 2)
        self.assertNotIn("username", text)
        relay.stop()

    def test_a_killed_shard_has_restored_what_it_had(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS, shards=1)
        client = self.client()
        client.allocate()
        os.kill(relay.shard_pid(0), signal.SIGKILL)
        relay.wait_event("shard ready", 2)
        metrics = samples(ask("/metrics")[1])
        self.assertEqual(value(metrics, "relay_allocations_restored_total", shard=0), 1)
        self.assertGreater(value(metrics, "relay_restore_timestamp_seconds", shard=0),
                           time.time() - 60)


class Address(e2e.E2eTest):
    def test_a_taken_address_costs_nothing_but_http(self):
        other = socket.socket()
        self.addCleanup(other.close)
        other.bind(ADDR)
        other.listen()
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        for shard in range(2):
            self.assertEqual(relay.counters(shard)["http_listening"], 0)
        client, peer = self.client(), self.peer()
        client.allocate()
        client.bind_channel(0x4000, peer.address)
        self.assert_echoes(client, 0x4000)
        other.close()
        wait_for("/healthz", 200)
        eventually("all listen", lambda: relay.total("http_listening") == 2)
        warnings = relay.events("no HTTP on this shard")
        self.assertEqual([(e["level"], e["address"]) for e in warnings],
                         [("warning", "127.0.0.1:8080")] * 2)

    def test_any_address_or_none(self):
        relay = self.relay("--http-addr", "[::1]:81")
        self.assertEqual(get("/healthz", ("::1", 81)), (200, "ok\n"))
        relay.stop()
        relay = self.relay(environment={"HEALTH_CHECK_ADDR": "[::]:82"})
        for ip in ("::1", "127.0.0.1"):
            self.assertEqual(get("/healthz", (ip, 82)), (200, "ok\n"))
        relay.stop()
        relay = self.relay("--http-addr", "none")
        with open("/proc/net/tcp", encoding="ascii") as file:
            self.assertNotIn(" 0A ", file.read())  # nobody listens
        self.assertEqual(relay.total("http_listening"), 0)

    def test_who_only_reads_changes_nothing(self):
        self.relay()
        self.assertEqual(get("/healthz", method="HEAD"), (200, ""))
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.assertEqual(get("/healthz", method=method)[0], 405)
        self.assertEqual(get("/nothing")[0], 404)


if __name__ == "__main__":
    e2e.main()
