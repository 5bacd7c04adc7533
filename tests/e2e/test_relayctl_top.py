"""relayctl top on a terminal, as text and as JSON: figures, keys, another size, and a terminal that is as
before whatever ends it."""

import json
import os
import signal
import subprocess

import e2e
from relay_process import BUILD, clean_environment, eventually
from terminal import Terminal

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
SHARDS = 2


class Top(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.started = self.relay(*e2e.LOOPBACK_PEERS, shards=SHARDS)
        self.words = [BUILD["relayctl"], "top", "--state-dir", self.folder / "state", "--interval",
                      "100"]

    def top(self, *more, code=0):
        done = subprocess.run([*map(str, self.words), *more], capture_output=True, text=True,
                              check=False, env=clean_environment(), timeout=60)
        self.assertEqual((done.returncode, done.stderr), (code, ""))
        return done.stdout

    def traffic(self):
        """An allocation whose channel echoes what goes in, until the end of the test."""
        client = self.client()
        client.allocate()
        peer = self.peer()
        client.bind_channel(0x4000, peer.address)
        return client

    def test_figures_are_of_the_time_between(self):
        client = self.traffic()
        owner = self.started.shard_of_port(client.relay_port)
        process = subprocess.Popen([*map(str, self.words), "--json", "--count", "4"],
                                   stdout=subprocess.PIPE, text=True, env=clean_environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        seen = []
        for line in process.stdout:
            seen.append(json.loads(line))
            for _ in range(50):
                client.send(0x4000, bytes(1000))
                client.receive()
            client.send(0x4001, b"on a channel that is not bound")
        self.assertEqual(process.wait(), 0)
        self.assertEqual(len(seen), 4)
        for found in seen[1:]:
            sums = [sum(s.get(name, 0) for s in found["shards"])
                    for name in ("up_packets_per_sec", "down_packets_per_sec")]
            self.assertAlmostEqual(sums[0], found["up_packets_per_sec"], delta=0.2)
            self.assertAlmostEqual(sums[1], found["down_packets_per_sec"], delta=0.2)
        busy = max(seen, key=lambda found: found["shards"][owner]["up_bits_per_sec"])
        shard = busy["shards"][owner]
        self.assertGreater(shard["up_packets_per_sec"], 0)
        self.assertAlmostEqual(shard["up_bits_per_sec"], shard["up_packets_per_sec"] * 8000,
                               delta=shard["up_packets_per_sec"] * 80)
        self.assertGreater(shard["down_packets_per_sec"], 0)
        self.assertIn("cpu_percent", shard)
        self.assertEqual((shard["allocations"], busy["shards"][1 - owner]["allocations"]), (1, 0))
        self.assertIn("no_channel", [drop["reason"] for drop in seen[-1]["drops"]])

    def test_text_where_it_is_no_terminal(self):
        text = self.top()
        self.assertNotIn("\x1b", text)
        self.assertIn(f"{SHARDS} of {SHARDS} shards serve", text.splitlines()[0])
        self.assertEqual(text.count("up pkt/s"), 1)
        self.assertEqual(self.top("--count", "2").count("up pkt/s"), 2)

    def test_a_shard_that_hangs_or_restarts(self):
        pid = self.started.shard_pid(0)
        os.kill(pid, signal.SIGSTOP)
        eventually("it hangs", lambda: " hangs " in self.top())
        found = json.loads(self.top("--json", "--count", "1"))
        self.assertEqual([s["state"] for s in found["shards"]], ["hangs", "serving"])
        self.assertGreaterEqual(found["shards"][0]["age_sec"], 3)
        os.kill(pid, signal.SIGKILL)
        self.started.wait_event("shard ready", SHARDS + 1)
        for line in self.top("--json", "--count", "2").splitlines():
            for shard in json.loads(line)["shards"]:
                self.assertGreaterEqual(min(v for k, v in shard.items() if k.endswith("_per_sec")), 0)

    def test_wrong_arguments_exit_2(self):
        for words in (("more",), ("--interval", "1"), ("--count", "0"), ("--sort", "name")):
            done = subprocess.run([BUILD["relayctl"], "top", *words], capture_output=True, text=True,
                                  check=False, env=clean_environment())
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), words)


class OnATerminal(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.started = self.relay(*e2e.LOOPBACK_PEERS, shards=SHARDS)
        self.command = f"{BUILD['relayctl']} top --interval 200 --state-dir {self.folder / 'state'}"
        # As a person has it: a shell with job control, which runs it in the foreground.
        self.terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], columns=120,
                                 environment={"PS1": "ready> ", "HISTFILE": ""})
        self.addCleanup(self.terminal.close)
        self.terminal.wait_for("ready> ")
        self.say("bind 'set enable-bracketed-paste off' 2>/dev/null; set +o emacs; stty sane")
        self.before = self.terminal.modes()

    def say(self, text):
        """Has the shell carry out |text|, to its end."""
        self.terminal.forget()
        self.terminal.type(f"{text}; echo status=$?=\n")
        self.terminal.wait_for("status=", 2)
        self.terminal.wait_for("ready> ")
        return int(self.terminal.text().split("status=")[-1].split("=")[0])

    def begin(self):
        self.terminal.forget()
        self.terminal.type(f"{self.command}; echo status=$?=\n")
        self.terminal.wait_for(ENTER)
        self.terminal.wait_for("q quit")
        self.assertNotEqual(self.terminal.modes(), self.before)

    def assert_back(self, status):
        """The shell has its terminal back, as it was."""
        self.terminal.wait_for(LEAVE)
        self.terminal.wait_for(f"status={status}=")
        written = self.terminal.text()
        self.assertGreater(written.index(f"status={status}="), written.rindex(LEAVE))
        self.assertIn("\x1b[?25h" + LEAVE, written)  # the cursor too
        eventually("modes as before", lambda: self.terminal.modes() == self.before)

    def pid(self):
        return int(subprocess.run(["pgrep", "-n", "-f", f"^{self.command}"], capture_output=True,
                                  text=True, check=True).stdout)

    def allocate_on(self, shard):
        """An allocation of that shard."""
        for _ in range(100):
            client = self.client()
            client.allocate()
            if self.started.shard_of_port(client.relay_port) == shard:
                return
            client.refresh(0)
        self.fail("no client reached that shard")

    def test_keys_and_size(self):
        self.begin()
        self.terminal.wait_for("2 of 2 shards serve", 3)  # it goes on by itself
        self.terminal.wait_for("redirected/s")
        self.allocate_on(SHARDS - 1)
        for keys, first in (("a", SHARDS - 1), ("s", 0), ("pbmdc xa", SHARDS - 1)):
            self.terminal.type(keys)
            self.terminal.wait_for_match(rf"\x1b\[H[^H]*\nshard [^\n]*\n +{first}  serving")
            self.terminal.forget()
        self.terminal.resize(40, 6)
        self.terminal.wait_for("…\x1b[K")  # the first line is cut
        self.terminal.forget()
        self.terminal.wait_for("q quit")
        frame = self.terminal.text().split("\x1b[H")[-1].split("\x1b[J")[0]
        self.assertNotIn("redirected/s", frame)
        self.assertLessEqual(frame.count("\n"), 5)
        self.terminal.type("q")
        self.assert_back(0)

    def test_keys_and_another_size_do_not_wait_for_figures(self):
        self.command = self.command.replace("--interval 200", "--interval 600000")
        self.begin()
        self.terminal.forget()
        self.terminal.type("a")
        self.terminal.wait_for("q quit")
        self.terminal.forget()
        self.terminal.resize(40, 6)
        self.terminal.wait_for("…\x1b[K")
        self.terminal.type("q")
        self.assert_back(0)

    def test_whatever_ends_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV):
            with self.subTest(number=number):
                self.begin()
                if number != signal.SIGINT:
                    os.kill(self.pid(), number)
                    self.assert_back(128 + number)
                    continue
                self.terminal.type("\x03")  # the shell ends its whole line
                self.terminal.wait_for(LEAVE)
                self.terminal.wait_for("ready> ")
                eventually("as before", lambda: self.terminal.modes() == self.before)

    def test_stop_and_foreground(self):
        self.begin()
        pid = self.pid()
        self.terminal.type("\x1a")
        self.terminal.wait_for(LEAVE)
        self.terminal.wait_for("Stopped")
        self.terminal.wait_for("ready> ")
        eventually("as before", lambda: self.terminal.modes() == self.before)
        self.terminal.forget()
        self.terminal.type("fg; echo status=$?=\n")
        self.terminal.wait_for(ENTER)
        self.terminal.wait_for("q quit", 2)
        self.assertEqual(self.pid(), pid)
        self.terminal.type("q")
        self.assert_back(0)

    def test_a_terminal_that_goes_away_ends_it(self):
        self.begin()
        pid = self.pid()
        self.terminal.hang_up()
        eventually("it has ended", lambda: not os.path.exists(f"/proc/{pid}"))


if __name__ == "__main__":
    e2e.main()
