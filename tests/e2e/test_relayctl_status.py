"""relayctl status tells on one screen whether all is well: text and JSON, with a shard that hangs or is
gone, without a registry, and without a relay."""

import json
import os
import signal
import subprocess

import e2e
from redis_process import Redis
from relay_process import BUILD, clean_environment, eventually
from terminal import Terminal

PASSWORD = "the-registrys-password"


class Status(e2e.E2eTest):
    def status(self, code=0, **environment):
        words = (BUILD["relayctl"], "status", "--state-dir", self.folder / "state")
        text, found = (subprocess.run([*words, *more], capture_output=True, text=True, check=False,
                                      env=clean_environment(environment), timeout=60)
                       for more in ((), ("--json",)))
        for done in (text, found):
            self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        return text.stdout, json.loads(found.stdout)

    def becomes(self, verdict, first_line):
        """Before long that is the verdict. Returns the whole of it."""
        code = 0 if verdict == "ok" else 1
        def is_so():
            done = subprocess.run([BUILD["relayctl"], "status", "--json", "--state-dir",
                                   self.folder / "state"], capture_output=True, text=True,
                                  check=False, env=clean_environment())
            found = json.loads(done.stdout)
            return found["verdict"] == verdict and (
                not found["reasons"] or "; ".join(found["reasons"]) in first_line)
        eventually(first_line, is_so)
        text, found = self.status(code)
        self.assertEqual(text.splitlines()[0], first_line)
        return text, found

    def test_from_start_to_end(self):
        redis = Redis(self.folder, options=("--port", "7777"), password=PASSWORD)
        self.addCleanup(redis.kill)
        relay = self.relay("--coordination", f"redis://:{PASSWORD}@127.0.0.1:7777/1", "--instance",
                           "here", "--port-rest", "1s", shards=2)
        client = self.client()
        client.allocate()
        owner = relay.shard_of_port(client.relay_port)

        text, found = self.becomes("ok", "here is ok")
        self.assertIn("registry redis://127.0.0.1:7777/1, answers 2 of 2", text)
        self.assertNotIn(PASSWORD, text + json.dumps(found))
        self.assertEqual((found["instance"], found["shard_count"], found["restarts"]),
                         ("here", 2, 0))
        self.assertIn("HTTP on 127.0.0.1:8080, of 2 of 2 serving shards\n", text)
        self.assertEqual(found["http_addr"], "127.0.0.1:8080")
        self.assertEqual(len(text.splitlines()), 4 + 1 + 1 + 2)
        for shard in found["shards"]:
            self.assertEqual((shard["state"], shard["allocations"], shard["troubles"]),
                             ("serving", int(shard["shard"] == owner), []))
            self.assertEqual(shard["pid"], relay.shard_pid(shard["shard"]))
            self.assertLess(shard["age_sec"], 3)
        kept = self.folder / "state" / "deployment"
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.assertIn(PASSWORD, kept.read_text(encoding="ascii"))
        # relayctl finds the registry without being told.
        shards = subprocess.run([BUILD["relayctl"], "shards", "--json", "--state-dir",
                                 self.folder / "state"], capture_output=True, text=True, check=True,
                                env=clean_environment()).stdout
        self.assertEqual([s["lease_held"] for s in json.loads(shards)["shards"]], [True] * 2)
        # Unless it is told another one; whose shards are not those of the counters here.
        other = subprocess.run([BUILD["relayctl"], "shards", "--json", "--state-dir",
                                self.folder / "state"], capture_output=True, text=True, check=True,
                               env=clean_environment({"INSTANCE": "there"})).stdout
        self.assertEqual(json.loads(other)["shards"], [])

        os.kill(relay.shard_pid(1), signal.SIGSTOP)
        text, found = self.becomes("degraded", "here is degraded: shard 1 hangs")
        self.assertEqual(found["shards"][1]["troubles"], ["hangs"])
        self.assertGreaterEqual(found["shards"][1]["age_sec"], 3)
        self.assertRegex(text, r"\n +1  hangs .* [3-9]\d*s old")

        redis.kill()
        text, found = self.becomes("degraded", "here is degraded: shard 1 hangs; shard 0 gets no "
                                               "answer from the registry")
        self.assertIn("answers 0 of 1 serving shards", text)

        os.kill(relay.shard_pid(1), signal.SIGKILL)
        redis.start()
        text, found = self.becomes("ok", "here is ok")
        self.assertEqual((found["restarts"], found["shards"][1]["starts"]), (1, 2))
        relay.stop()
        text, found = self.becomes("down", "here is down: shards 0 and 1 do not run")
        self.assertEqual([s["state"] for s in found["shards"]], ["stopped"] * 2)
        # What they had is not in processes that are gone.
        listed = subprocess.run([BUILD["relayctl"], "shards", "--state-dir", self.folder / "state"],
                                capture_output=True, text=True, check=False,
                                env=clean_environment()).stdout
        self.assertRegex(listed, r"\n +1  stopped +\S+ +-  \S+ +-  +-  ")

    def test_fits_a_terminal(self):
        self.relay(shards=2)
        self.becomes("ok", f"{os.uname().nodename} is ok")
        for columns in (120, 60, 30):
            terminal = Terminal([BUILD["relayctl"], "status", "--state-dir", self.folder / "state"],
                                columns=columns)
            self.addCleanup(terminal.close)
            self.assertEqual(terminal.wait(), 0)
            header, *rows = terminal.text().splitlines()[-3:]
            for row in (header, *rows):
                self.assertLessEqual(len(row), columns)
            self.assertEqual("pid" in header, columns == 120)
            self.assertIn("allocations", header)

    def test_without_a_relay(self):
        state = self.folder / "state"
        done = subprocess.run([BUILD["relayctl"], "status", "--state-dir", state],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^relayctl status: the state directory .* does not exist\n$")
        state.mkdir(mode=0o700)
        text, found = self.status(code=1)
        self.assertIn("is down: no shard has run here", text)
        self.assertEqual(found["verdict"], "down")
        (state / "deployment").write_text("nonsense\n", encoding="ascii")
        (state / "deployment").chmod(0o600)
        done = subprocess.run([BUILD["relayctl"], "status", "--state-dir", state],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^relayctl status: .*/deployment is not as this version.*\n$")

    def test_wrong_arguments_exit_2(self):
        for words in (("more",), ("--state-dir", ""), ("--no-such-option",)):
            done = subprocess.run([BUILD["relayctl"], "status", *words], capture_output=True,
                                  text=True, check=False)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1))


if __name__ == "__main__":
    e2e.main()
