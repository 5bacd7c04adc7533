"""relayctl asks who owns what: text and JSON, while a shard hangs, without a registry, and with wrong
arguments."""

import json
import os
import signal
import subprocess

import e2e
import registries
from relay_process import BUILD, clean_environment

SHARDS = 2


class Ask:
    def setUp(self):
        super().setUp()
        self.registry = self.registry_type(self)
        self.options = (*self.registry.options, "--state-dir", self.folder / "state")
        self.started = self.relay(*e2e.LOOPBACK_PEERS, *self.registry.options, shards=SHARDS)
        self.owner = self.client()
        self.owner.allocate()
        self.owner.bind_channel(0x4000, self.owner.relayed[4])
        self.shard = self.started.shard_of_port(self.owner.relay_port)

    def ask(self, *words, code=0, options=None):
        done = subprocess.run(
            [BUILD["relayctl"], *map(str, (*words, *(self.options if options is None else options)))],
            capture_output=True, text=True, check=False, env=clean_environment(), timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def client_text(self):
        return "{}:{}".format(*self.owner.local[:2])

    def test_owner_of_a_client_and_of_a_relay_port(self):
        for question in ((self.client_text(),), ("--relay-port", self.owner.relay_port)):
            with self.subTest(question=question):
                line, = self.ask("owner", *question).stdout.splitlines()
                for part in (self.client_text(), f"shard {self.shard} of test",
                             f"relay port {self.owner.relay_port}", "0x4000=127.0.0.1:",
                             self.owner.credential.username):
                    self.assertIn(part, line)
                found = json.loads(self.ask("owner", *question, "--json").stdout)
                self.assertEqual((found["shard"], found["relay_port"], found["client"]),
                                 (self.shard, self.owner.relay_port, self.client_text()))
                self.assertEqual([c["number"] for c in found["channels"]], ["0x4000"])
                self.assertTrue(found["lease_held"])
                self.assertTrue(500 < found["left_sec"] <= 600)
        self.owner.refresh(0)
        for question in ((self.client_text(),), ("--relay-port", self.owner.relay_port)):
            self.assertIn("nobody owns", self.ask("owner", *question, code=1).stderr)

    def test_lists_while_a_shard_hangs(self):
        os.kill(self.started.shard_pid(self.shard), signal.SIGSTOP)
        try:
            shards = json.loads(self.ask("shards", "--json").stdout)
            self.assertEqual([s["shard"] for s in shards], list(range(SHARDS)))
            self.assertEqual([s["allocations"] for s in shards],
                             [int(k == self.shard) for k in range(SHARDS)])
            self.assertEqual(len(self.ask("shards").stdout.splitlines()), 1 + SHARDS)
            allocation, = json.loads(self.ask("allocations", "--json").stdout)
            self.assertEqual(allocation["relay_port"], self.owner.relay_port)
            header, row = self.ask("allocations").stdout.splitlines()
            self.assertIn("relay port", header)
            self.assertIn(self.client_text(), row)
        finally:
            os.kill(self.started.shard_pid(self.shard), signal.SIGCONT)

    def test_wrong_arguments_exit_2(self):
        for words in (("owner",), ("owner", "nonsense"), ("owner", "192.0.2.1"),
                      ("owner", "192.0.2.1:1", "--relay-port", "50000"),
                      ("owner", "--relay-port", "0"), ("shards", "more"),
                      ("allocations", "--coordination", "nonsense"),
                      ("shards", "--instance", "a b")):
            with self.subTest(words=words):
                done = self.ask(*words, code=2, options=())
                self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_help_names_the_options(self):
        for command in ("owner", "shards", "allocations"):
            text = self.ask(command, "--help", options=()).stdout
            for option in ("--json", "--coordination", "--instance", "--state-dir"):
                self.assertIn(option, text)


class NoRegistry(e2e.E2eTest):
    def test_a_registry_that_is_away_is_told_in_a_line(self):
        (self.folder / "state").mkdir(mode=0o700)
        for command in (("shards",), ("allocations",), ("owner", "192.0.2.1:4000")):
            done = subprocess.run(
                [BUILD["relayctl"], *command, "--state-dir", self.folder / "state",
                 "--coordination", f"redis+unix://{self.folder}/nowhere.sock", "--instance", "a"],
                capture_output=True, text=True, check=False, env=clean_environment(), timeout=60)
            self.assertEqual(done.returncode, 1)
            line, = done.stderr.splitlines()
            self.assertIn("does not answer", line)


globals().update(registries.for_each(type("Ask", (Ask, e2e.E2eTest), {})))

if __name__ == "__main__":
    e2e.main()
