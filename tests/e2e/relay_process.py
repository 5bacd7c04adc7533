"""relay_process.py — programs that a test starts: they end with it, and what they said is kept."""

import json
import os
import pathlib
import signal
import subprocess
import time

BUILD = {
    name: os.environ.get(f"RELAY_E2E_{name.upper()}", "")
    for name in ("relay", "relay_portal", "relayctl", "relay_bench", "read_counters", "read_records",
                 "spoof_flood", "relay_next_version", "package")
}
SANITIZED = os.environ.get("RELAY_E2E_SANITIZED") == "yes"
# The longest wait for something that ought to happen at once. Only a failing test waits so long.
PATIENCE_SEC = 60.0 if SANITIZED else 20.0

SECRET = "the secret of the end-to-end tests"


def eventually(what, condition, patience_sec=PATIENCE_SEC):
    """Waits until |condition|() is true and returns its value. AssertionError names |what|."""
    deadline = time.monotonic() + patience_sec
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience_sec:.0f} s: {what}")
        time.sleep(0.005)


def clean_environment(extra=None):
    """An environment in which no option of ours is set but by |extra|."""
    kept = {k: v for k, v in os.environ.items() if k == "PATH" or k.endswith("SAN_OPTIONS")}
    return {**kept, **(extra or {})}


def is_gone(pid):
    """The process has ended, whether or not somebody has asked after it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Program:
    """A running program. The kernel ends it when the test program ends, whatever way."""

    def __init__(self, command, log, environment=None, prefix=(), pass_fds=()):
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *prefix, *self.command],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=clean_environment(environment), pass_fds=pass_fds)
        self.pid = self.process.pid

    def text(self):
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8")

    def is_running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience_sec=PATIENCE_SEC):
        """The exit code, negative for a signal."""
        try:
            return self.process.wait(patience_sec)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.command[0]} still runs after {patience_sec:.0f} s:\n{self.text()}"
            ) from None

    def kill(self):
        """Ends it at once, if it runs."""
        if self.is_running():
            self.process.kill()
            self.process.wait()


class Relay(Program):
    """A relay with its JSON log and its counters, by default on loopback with both families."""

    def __init__(self, folder, *options, command="run", shards=2, public4="127.0.0.1",
                 public6="::1", secret=SECRET, environment=None, prefix=(), pass_fds=(),
                 log_format="json", state_dir=None, program="relay"):
        self.state_dir = pathlib.Path(state_dir or pathlib.Path(folder) / "state")
        self.shards = shards
        self.command_name = command
        self.is_json = log_format == "json"
        words = [BUILD[program], *command.split(), "--shards", shards, "--state-dir",
                 self.state_dir, "--log-format", log_format]
        if public4:
            words += ["--public-ip4-addr", public4]
        if public6:
            words += ["--public-ip6-addr", public6]
        if secret:
            words += ["--auth-secret", secret]
        number = sum(1 for _ in pathlib.Path(folder).glob("relay-*.log"))
        super().__init__([*words, *options], pathlib.Path(folder) / f"relay-{number}.log",
                         environment, prefix, pass_fds)

    def events(self, message=None):
        """The events logged so far, or those of them that are |message|. A line that is no
        JSON object (what a sanitizer has to say, for one) is an error."""
        lines = self.text().split("\n")
        events = [json.loads(line) for line in lines[:-1]]
        return [event for event in events if message in (None, event["message"])]

    def wait_event(self, message, count=1, patience_sec=PATIENCE_SEC):
        """Waits until |message| has been logged |count| times; the last event."""
        def seen():
            events = self.events(message)
            if len(events) < count and not self.is_running():
                raise AssertionError(f"the relay ended ({self.process.returncode}) before it "
                                     f"logged {message!r}:\n{self.text()}")
            return events[count - 1 :]
        return eventually(f"{count} times {message!r}", seen, patience_sec)[-1]

    def wait_ready(self):
        count = self.shards if self.command_name == "run" else 1
        self.wait_event("shard ready", count)
        return self

    def counters(self, shard):
        """All counters of a shard, with its pid and is_live."""
        done = subprocess.run([BUILD["read_counters"], self.state_dir, str(shard)],
                              capture_output=True, text=True, check=True)
        return {k: int(v) for k, v in (line.split() for line in done.stdout.splitlines())}

    def total(self, name):
        """A counter, summed over all shards."""
        return sum(self.counters(k)[name] for k in range(self.shards))

    def shard_pid(self, shard):
        return self.counters(shard)["pid"]

    def shard_of_port(self, port):
        """Whose slice a relay port is in, by what the shards logged."""
        for event in self.events("shard ready"):
            lowest, highest = map(int, event["relay_ports"].split("-"))
            if lowest <= port <= highest:
                return event["shard"]
        raise AssertionError(f"relay port {port} is in no shard's slice")

    def rss_kib(self, shard):
        """Resident memory of a shard's process."""
        with open(f"/proc/{self.shard_pid(shard)}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def stop(self):
        """Stops it and checks its end: exit code 0, and a log of whole JSON lines."""
        self.signal(signal.SIGTERM)
        code = self.wait()
        if code != 0:
            raise AssertionError(f"the relay ended with {code}")
        if self.is_json:
            self.events()
