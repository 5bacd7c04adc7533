"""relay-bench: against this relay and against Debian's coturn, and what it says when it cannot."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import e2e
from relay_process import BUILD, PATIENCE_SEC, SECRET, clean_environment, eventually

BENCH = pathlib.Path(__file__).resolve().parents[1] / "bench"
USER, PASSWORD = "bench", "a password"


class RelayBench(e2e.E2eTest):
    def bench(self, *options, code=0):
        """The JSON that it printed, or its error text when another exit code is expected."""
        result = subprocess.run(
            [BUILD["relay_bench"], "--json", *map(str, options)], capture_output=True, text=True,
            check=False, timeout=4 * PATIENCE_SEC, env=clean_environment())
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout) if code == 0 else result.stderr

    def own(self, *options, **expected):
        return self.bench("--auth-secret", SECRET, *options, **expected)

    def check_sums(self, found, allocations):
        """Everything that was sent came, once, whole, and where it should."""
        self.assertEqual(found["setup"]["made"], allocations)
        self.assertEqual(found["setup"]["failed"], 0)
        traffic = found["traffic"]
        for way in ("up", "down"):
            counts = traffic[way]
            self.assertGreater(counts["sent"], 0)
            for fault in ("duplicates", "corrupt", "misdelivered", "reordered"):
                self.assertEqual(counts[fault], 0, fault)
            self.assertEqual(counts["received"], counts["sent"])
            self.assertLessEqual(counts["latency_p50_usec"], counts["latency_p99_usec"])
            self.assertLessEqual(counts["latency_p99_usec"], counts["latency_max_usec"])
        self.assertEqual(traffic["loss"], 0)

    def test_this_relay(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        for server, peer in (("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
            with self.subTest(server=server):
                found = self.own(
                    "--server", f"[{server}]:3478" if ":" in server else server, "--peer-address",
                    peer, "--allocations", 40, "--channels-per-allocation", 3, "--rate", 2000,
                    "--duration", "1s", "--train", 2, "--server-pid", relay.pid)
                self.check_sums(found, 40)
                self.assertGreater(found["server"]["packet_cpu_usec"], 0)
        eventually("every allocation is deleted at the end",
                   lambda: relay.text().count("allocation ended") == 80)

    def test_trains_as_one_message(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        for server, peer in (("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
            with self.subTest(server=server):
                found = self.own(
                    "--server", f"[{server}]:3478" if ":" in server else server, "--peer-address",
                    peer, "--allocations", 5, "--channels-per-allocation", 2, "--rate", 3200,
                    "--payload", 1200, "--train", 64, "--offload", "--duration", "1s",
                    "--server-pid", relay.pid)
                self.assertTrue(found["offload"])
                self.check_sums(found, 5)

    def test_trains_and_single_datagrams(self):
        self.relay(*e2e.LOOPBACK_PEERS)
        for offload in ((), ("--offload",)):
            with self.subTest(offload=offload):
                found = self.own("--allocations", 3, "--rate", 3200, "--train", 16, "--mixed",
                                 *offload, "--duration", "1s")
                self.assertTrue(found["mixed"])
                self.check_sums(found, 3)
                sent = found["traffic"]["up"]["sent"] + found["traffic"]["down"]["sent"]
                self.assertEqual(sent % 32, 0, "a turn is a train and as many single ones")

    def test_flood_and_search(self):
        self.relay(*e2e.LOOPBACK_PEERS)
        flood = self.own("--flood", "--duration", "1s", "--allocations", 10)["traffic"]
        self.assertEqual(flood["up"]["corrupt"] + flood["down"]["misdelivered"], 0)
        self.assertGreater(flood["packets_per_sec"], 0)
        search = self.own("--max-loss", "50", "--duration", "1s", "--allocations", 10, "--direction",
                          "down")["traffic"]
        self.assertGreater(search["trials"], 1)
        self.assertLessEqual(search["loss"], 0.5)
        self.assertEqual(search["up"]["sent"], 0)

    def test_coturn(self):
        self.program("coturn", "turnserver", "-n", "--listening-ip", "127.0.0.1", "--relay-ip",
                     "127.0.0.1", "--allow-loopback-peers", "--no-tcp", "--no-tls", "--no-dtls",
                     "--no-cli", "--lt-cred-mech", "--user", f"{USER}:{PASSWORD}", "--realm",
                     "example.org", "--log-file", "/dev/null", "--pidfile", self.folder / "pid",
                     "--userdb", self.folder / "db")
        login = ("--username", USER, "--password", PASSWORD)
        ready = [BUILD["relay_bench"], *login, "--setup-only", "--allocations", "1"]
        eventually("coturn answers", lambda: subprocess.run(
            ready, capture_output=True, check=False, env=clean_environment()).returncode == 0)
        self.check_sums(self.bench(*login, "--allocations", 20, "--rate", 1000, "--duration", "1s"),
                        20)

    def test_an_interrupt_deletes_the_allocations(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        bench = self.program("bench", BUILD["relay_bench"], "--auth-secret", SECRET,
                             "--allocations", 30, "--duration", "10m", "--json")
        eventually("all are there", lambda: relay.text().count("allocation created") == 30)
        bench.signal(signal.SIGINT)
        self.assertEqual(bench.wait(), 0)
        self.assertTrue(json.loads(bench.text())["interrupted"])
        eventually("none is left", lambda: relay.text().count("allocation ended") == 30)

    def test_what_is_wrong_is_said(self):
        self.assertIn("no answer", self.bench("--username", "u", "--password", "p",
                                              "--allocations", 1, code=1))
        self.relay()
        self.assertIn("401", self.bench("--username", "1892160000:u", "--password", "p", code=1))
        self.assertRegex(self.own("--peer-address", "127.0.0.2", code=1), "403.*--allow-peer")
        self.assertIn("no such process", self.own("--server-pid", 4194304, code=1))
        for options, names in ((("--payload", 31), "--payload"), (("--train", 65), "--train"),
                               (("--mixed",), "--mixed"),
                               (("--flood", "--rate", 5), "--flood"),
                               (("--max-loss", "all"), "--max-loss"),
                               (("--peer-address", "::1"), "--peer-address"),
                               (("--username", "u"), "--username"), (("--fast",), "--fast")):
            with self.subTest(options=options):
                self.assertIn(names, self.bench(*options, code=2))

    def measure(self, script, *options):
        """What a script of tests/bench printed, and the JSON that it wrote."""
        build = pathlib.Path(BUILD["relay"]).parents[1]
        found = self.folder / "found.json"
        result = subprocess.run(
            [sys.executable, "-B", BENCH / script, "--build", build, "--json", found, *options],
            capture_output=True, text=True, check=False, timeout=6 * PATIENCE_SEC,
            env={"PATH": os.environ["PATH"]})
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout, json.loads(found.read_text(encoding="utf-8"))

    def test_the_comparison_prints_its_table(self):
        text, found = self.measure("compare_with_coturn.py", "--quick")
        self.assertIn("usec_per_packet", text)
        for cell in found:
            for server in ("relay", "coturn"):
                self.assertTrue(all(value > 0 for value in cell[server][0].values()), cell)

    def test_the_cost_of_an_allocation_is_set_beside_coturn(self):
        text, found = self.measure("setup_cost.py", "--servers", "embedded,coturn", "--rounds", "1",
                                   "--allocations", "500")
        self.assertIn("/coturn", text)
        # Of the whole system: what else runs on it may have given back more than this takes.
        self.assertIn("of these in sockets' caches", text)
        for server in ("embedded", "coturn"):
            for figure in ("us CPU for a set-up", "us CPU for a deletion", "deletions/s"):
                self.assertGreater(found[server][0][figure], 0, (server, figure))

    def test_the_cost_of_a_packet_is_told_for_many_shards(self):
        text, found = self.measure("scale_cost.py", "--allocations", "1,20", "--shards", "1,2",
                                   "--spread", "20", "--rounds", "1")
        self.assertIn("/first", text)
        self.assertEqual([(cell["server"], cell["shards"], cell["allocations"]) for cell in found],
                         [("relay", 1, 1), ("relay", 1, 20), ("bare-batched", 1, 1),
                          ("bare-batched", 1, 20), ("relay", 1, 20), ("relay", 2, 20)])
        self.assertTrue(all(one["usec"] > 0 for cell in found for one in cell["rounds"]), found)

    def test_a_mix_is_set_beside_sockets_without_trains(self):
        text, found = self.measure(
            "packet_cost.py", "--servers", "relay,relay-no-gro", "--payloads", "1200", "--ways",
            "both", "--allocations", "5", "--trains", "16", "--offload", "--mixed", "--rounds", "1")
        self.assertIn("x16+1s", text)
        self.assertEqual(list(found[0]["rounds"]), ["relay", "relay-no-gro"])

    def test_the_cost_of_a_packet_is_set_beside_a_bare_forwarder(self):
        plot = self.folder / "plot.svg"
        text, found = self.measure(
            "packet_cost.py", "--servers", "relay,bare-plain,bare-batched,bare-offload",
            "--payloads", "172", "--ways", "both", "--allocations", "5", "--rounds", "1", "--svg",
            plot)
        self.assertIn("/bare", text)
        self.assertTrue(all(one["usec"] > 0 and one["kpps"] > 0
                            for rounds in found[0]["rounds"].values() for one in rounds), found)
        self.assertIn("bare-offload", plot.read_text(encoding="utf-8"))

    def test_what_a_flood_does_to_others_is_printed(self):
        text, found = self.measure(
            "fairness.py", "--servers", "relay", "--floods", "none,both,trains-up,strangers",
            "--allocations", "5", "--rate", "500", "--rounds", "1", "--seconds", "1")
        self.assertIn("/none", text)
        for cell in found["others"]:
            self.assertGreater(cell["rounds"][0]["p99_msec"], 0, cell)
        for cell in found["control"]:
            self.assertGreater(cell["rounds"][0]["refresh"]["p95_with_waiting_msec"], 0, cell)
        for cell in found["others"] + found["control"]:
            self.assertEqual(cell["rounds"][0]["came_kpps"] > 0, cell["flood"] != "none", cell)


if __name__ == "__main__":
    e2e.main()
