"""relayctl asks who owns what: text and JSON, from the registry and without it, while a shard hangs,
and with wrong arguments."""

import json
import os
import re
import signal
import subprocess

import e2e
import registries
from relay_process import BUILD, clean_environment, eventually

SHARDS = 2


def relayctl(*words, environment=None, stdout=subprocess.PIPE):
    return subprocess.run([BUILD["relayctl"], *map(str, words)], stdout=stdout,
                          stderr=subprocess.PIPE, text=True, check=False,
                          env=clean_environment(environment), timeout=60)


def without_ages(note):
    return re.sub(r"\d+\.\d s", "", note)


class Ask:
    """|registry_type| is the registry. relayctl is told the state directory only."""

    def setUp(self):
        super().setUp()
        self.registry = self.registry_type(self)
        self.options = ("--state-dir", self.folder / "state")
        self.started = self.relay(*e2e.LOOPBACK_PEERS, *self.registry.options, shards=SHARDS)
        self.owner = self.client()
        self.owner.allocate()
        self.owner.bind_channel(0x4000, self.owner.relayed[4])
        self.shard = self.started.shard_of_port(self.owner.relay_port)

    def ask(self, *words, code=0, options=None):
        done = relayctl(*words, *(self.options if options is None else options))
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def ask_json(self, *words, code=0):
        done = self.ask(*words, "--json", code=code)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def stop_shard(self, shard):
        """A shard that hangs until the end of the test, and is known to."""
        pid = self.started.shard_pid(shard)
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        eventually("the shard is said to hang", lambda: self.is_hanging(shard))

    def is_hanging(self, shard):
        return json.loads(relayctl("status", "--json", *self.options).stdout)["shards"][shard][
            "hangs"]

    def client_text(self):
        return "{}:{}".format(*self.owner.local[:2])

    def questions(self):
        return (self.client_text(),), ("--relay-port", self.owner.relay_port)

    def check_owner(self, source):
        for question in self.questions():
            with self.subTest(question=question):
                done = self.ask("owner", *question)
                line, = done.stdout.splitlines()
                for part in (self.client_text(), f"shard {self.shard} of test",
                             f"relay port {self.owner.relay_port}", "0x4000=127.0.0.1:",
                             self.owner.credential.username):
                    self.assertIn(part, line)
                self.assertNotIn("lease is over", line)
                found = self.ask_json("owner", *question)
                self.assertEqual((found["shard"], found["relay_port"], found["client"]),
                                 (self.shard, self.owner.relay_port, self.client_text()))
                self.assertEqual([c["number"] for c in found["channels"]], ["0x4000"])
                self.assertEqual(found["source"], source)
                self.assertTrue(500 < found["left_sec"] <= 600)

    def check_lists(self, source, code=0):
        """What there is, in each list. Returns what is said beside them."""
        shards = self.ask_json("shards")
        self.assertEqual([s["shard"] for s in shards["shards"]], list(range(SHARDS)))
        self.assertEqual([s["allocations"] for s in shards["shards"]],
                         [int(k == self.shard) for k in range(SHARDS)])
        lowest, highest = (shards["shards"][self.shard][f"{end}_port"]
                           for end in ("lowest", "highest"))
        self.assertTrue(lowest <= self.owner.relay_port <= highest)
        self.assertEqual(len(self.ask("shards").stdout.splitlines()), 1 + SHARDS)
        allocations = self.ask_json("allocations", code=code)
        allocation, = allocations["allocations"]
        self.assertEqual(allocation["relay_port"], self.owner.relay_port)
        self.assertEqual(len(allocation["channels"]), 1)
        channels = self.ask_json("channels", code=code)
        channel, = channels["channels"]
        self.assertEqual((channel["shard"], channel["client"], channel["number"], channel["peer"]),
                         (self.shard, self.client_text(), "0x4000",
                          "{}:{}".format(*self.owner.relayed[4][:2])))
        self.assertTrue(channel["bound"] and 500 < channel["left_sec"] <= 600)
        for listing in (shards, allocations, channels):
            self.assertEqual(listing["source"], source)
        for command, words in (("allocations", ["relay port", "username"]),
                               ("channels", ["channel", "0x4000", "peer"])):
            done = self.ask(command, code=code)
            header, row = done.stdout.splitlines()
            self.assertIn(self.client_text(), row)
            for word in words:
                self.assertIn(word, header + row)
            notes = {line.partition(": ")[2] for line in done.stderr.splitlines()}
        self.assertEqual({without_ages(note) for note in notes},
                         {without_ages(note) for note in allocations["notes"]})
        return "\n".join(sorted(notes))


class FromRegistry(Ask):
    def test_owner_of_a_client_and_of_a_relay_port(self):
        self.check_owner("registry")
        self.assertTrue(self.ask_json("owner", self.client_text())["lease_held"])
        self.owner.refresh(0)
        for question in self.questions():
            self.assertIn("nobody owns", self.ask("owner", *question, code=1).stderr)

    def test_lists_while_a_shard_hangs(self):
        self.assertEqual(self.check_lists("registry"), "")
        self.stop_shard(self.shard)
        self.check_owner("registry")
        self.assertRegex(self.check_lists("registry"),
                         rf"^shard {self.shard} hangs: its figures are \d+\.\d s old, and what it "
                         "owns is what it had recorded$")

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for command in ("shards", "allocations", "status"):
                for more in ((), ("--json",)):
                    done = relayctl(command, *more, *self.options, stdout=full)
                    self.assertEqual(done.returncode, 1)
                    self.assertRegex(done.stderr, r"^relayctl: .*standard output.*\n$")

    def test_a_client_can_be_picked(self):
        other = self.client()
        other.allocate()
        ip, port = self.owner.local[:2]
        for client, count in ((ip, 2), (f"{ip}:{port}", 1), ("192.0.2.1", 0), (f"{ip}:1", 0)):
            found = self.ask_json("allocations", "--client", client)["allocations"]
            self.assertEqual(len(found), count, client)
        self.assertEqual(len(self.ask_json("channels", "--client", ip)["channels"]), 1)
        self.assertEqual(self.ask_json("channels", "--client", f"{ip}:1")["channels"], [])


class FromShards(Ask):
    """The registry is away."""

    def setUp(self):
        super().setUp()
        self.registry.redis.kill()
        eventually("the shards notice", lambda: self.started.total("registry_available") == 0)

    def test_owner(self):
        self.check_owner("shards")
        self.assertIn("nobody owns", self.ask("owner", "192.0.2.1:1", code=1).stderr)
        # Another relay's allocations are not asked of the shards of this one.
        done = self.ask("allocations", "--instance", "there", code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("no shard of this host answers", done.stderr)
        # Nor is the registry missed by what reads counters.
        self.assertIn("is degraded: 2 of 2 shards serve, 1 allocations", self.ask("top").stdout)
        self.assertEqual(self.ask_json("top", "--count", "1")["allocations"], 1)

    def test_lists_also_while_a_shard_hangs(self):
        notes = self.check_lists("shards")
        self.assertIn("the ownership registry does not answer", notes)
        self.assertIn("these are the figures of the shards themselves", notes)
        other = 1 - self.shard
        self.stop_shard(other)
        notes = self.check_lists("shards", code=1)
        self.assertRegex(notes, rf"what shard {other} owns is missing.*: shard {other} hangs, since")
        found = self.ask_json("allocations", code=1)
        self.assertEqual([s["missing"] for s in found["shards"]], [k == other for k in range(SHARDS)])
        self.check_owner("shards")


class Arguments(e2e.E2eTest):
    def test_wrong_ones_exit_2(self):
        for words in (("owner",), ("owner", "nonsense"), ("owner", "192.0.2.1"),
                      ("owner", "192.0.2.1:1", "--relay-port", "50000"),
                      ("owner", "--relay-port", "0"), ("shards", "more"), ("channels", "more"),
                      ("allocations", "--coordination", "nonsense"),
                      ("allocations", "--client", "nonsense"), ("channels", "--client", "1.2.3"),
                      ("credential", "more"), ("credential", "--scheme", "none"),
                      ("credential", "--ttl", "x"), ("ping", "more"), ("ping", "--count", "0"),
                      ("ping", "--server", "nowhere"), ("ping", "--username", "alone"),
                      ("shards", "--instance", "a b"), ("shards", "--client", "192.0.2.1"),
                      ("nonsense",)):
            with self.subTest(words=words):
                done = relayctl(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_help_names_the_options(self):
        for command in ("owner", "shards", "allocations", "channels", "status", "top"):
            text = relayctl(command, "--help").stdout
            options = ("--json", "--state-dir") if command in ("status", "top") else (
                "--json", "--coordination", "--instance", "--state-dir")
            for option in options:
                self.assertIn(option, text)

    def test_neither_registry_nor_shards_are_told_in_a_line(self):
        (self.folder / "state").mkdir(mode=0o700)
        done = relayctl("allocations", "--state-dir", self.folder / "state", "--coordination",
                        f"redis+unix://{self.folder}/nowhere.sock", "--instance", "a")
        self.assertEqual(done.returncode, 1)
        line, = done.stderr.splitlines()
        self.assertIn("does not answer", line)
        self.assertIn("no shard", line)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for words in (("--help",), ("status", "--help")):
                done = relayctl(*words, stdout=full)
                self.assertEqual(done.returncode, 1)
                self.assertIn("standard output: No space left", done.stderr)


globals().update(registries.for_each(type("Registry", (FromRegistry, e2e.E2eTest), {}),
                                     sanitized=(registries.RedisRegistry,)))
Away = type("Away", (FromShards, e2e.E2eTest), {"registry_type": registries.RedisRegistry})

if __name__ == "__main__":
    e2e.main()
