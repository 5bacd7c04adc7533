"""The command line: errors that name option, value and rule; ports that are taken; ping."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import e2e
import registries
from relay_process import BUILD, PATIENCE_SEC, SECRET, eventually

RELAY, RELAYCTL = BUILD["relay"], BUILD["relayctl"]


def run(*command, **environment):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=PATIENCE_SEC, env={**os.environ, **environment})


class BadOptions(e2e.E2eTest):
    ROWS = [
        (["--no-such-option"], ["--no-such-option"]),
        (["--public-ip4-addr", "300.1.1.1"], ["--public-ip4-addr", "300.1.1.1", "IPv4"]),
        (["--public-ip4-addr", "127.0.0.1", "--lowest-port", "60000", "--highest-port", "50000"],
         ["port", "60000", "50000"]),
        ([], ["--public-ip4-addr", "--public-ip6-addr"]),
        (["--public-ip4-addr", "127.0.0.1", "--shards", "9", "--lowest-port", "50000",
          "--highest-port", "50007"], ["--shards", "9"]),
        (["--public-ip4-addr", "127.0.0.1", "--auth-secret-file", "/no/such/file"],
         ["--auth-secret-file", "/no/such/file"]),
        (["--public-ip4-addr", "127.0.0.1", "--coordination", "redis://db/x"],
         ["--coordination: the value given is not usable: the database must be a number"]),
        (["--public-ip4-addr", "127.0.0.1", "--state-dir", "/no/such/folder"],
         ["--state-dir", "/no/such/folder"]),
    ]

    def test_each_is_said_and_nothing_is_bound(self):
        for arguments, words in self.ROWS:
            with self.subTest(arguments=arguments):
                result = run(RELAY, "run", *arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
                for word in words:
                    self.assertIn(word, result.stderr)
                for table in ("/proc/net/udp", "/proc/net/udp6"):
                    self.assertNotIn(":0D96", pathlib.Path(table).read_text())

    def test_help_ends_with_the_environment(self):
        text = run(RELAY, "--help").stdout
        self.assertLess(text.index("--log-format"), text.index("Environment variables"))
        self.assertLess(text.index("Environment variables"), text.index("PUBLIC_IP4_ADDR  "))

    def test_version_and_check_config(self):
        self.assertRegex(run(RELAY, "--version").stdout, r"^relay \d+\.\d+\.\d+\n$")
        result = run(RELAY, "check-config", PUBLIC_IP4_ADDR="192.0.2.1", PUBLIC_IP6_ADDR="")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("192.0.2.1", result.stdout)


class ClosedStreams(e2e.E2eTest):
    def test_nothing_is_logged_into_what_takes_their_place(self):
        relay = self.launch(prefix=("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-'))
        client = self.client()
        client.allocate()
        client.refresh(0)
        lock = (relay.state_dir / "supervisor.lock").read_text()
        self.assertEqual(lock, f"{relay.pid}\n")
        for shard in range(relay.shards):
            self.assertTrue(relay.counters(shard)["is_live"])
            taken = [os.readlink(f"/proc/{relay.shard_pid(shard)}/fd/{fd}") for fd in range(3)]
            self.assertEqual(taken, ["/dev/null"] * 3)


class PortTaken(e2e.E2eTest):
    def check_refused(self):
        with tempfile.TemporaryDirectory() as state_dir:
            result = run(RELAY, "run", "--public-ip4-addr", "127.0.0.1", "--state-dir", state_dir)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("3478", result.stderr)
        self.assertIn("taken", result.stderr)

    def test_by_somebody_else(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("0.0.0.0", 3478))
            self.check_refused()

    def test_by_another_relay(self):
        self.relay()
        self.check_refused()


class Ping(e2e.E2eTest):
    def test_success(self):
        self.relay(*e2e.LOOPBACK_PEERS)
        result = run(RELAYCTL, "ping", "--auth-secret", SECRET, "--json", "--count", "4",
                     "--interval", "1")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        for direction in json.loads(result.stdout)["directions"]:
            self.assertEqual((direction["sent"], direction["returned"]), (4, 4))
            self.assertGreater(direction["round_trip_ms"]["min"], 0)

    def check_problem(self, *options, says):
        result = run(RELAYCTL, "ping", "--count", "1", *options)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertRegex(result.stderr, says)

    def test_what_is_wrong_is_said(self):
        self.check_problem("--auth-secret", "x", says="nothing listens on 127.0.0.1:3478")
        self.check_problem("--auth-secret", "x", "--server", "192.0.2.1", says="cannot send to")
        self.relay(public6=None)
        self.check_problem("--auth-secret", "wrong", says=r"\(401\): it uses another secret")
        self.check_problem("--username", "1892160000:x", "--password", "wrong",
                           says=r"username or password \(401\)")
        self.check_problem("--auth-secret", SECRET, "--server", "::1", says="nothing listens on")

    def test_without_registry_and_with_a_shard_that_hangs(self):
        """A relay without its registry serves. Silence is told from refusal."""
        registry = registries.RedisRegistry(self)
        relay = self.relay(*e2e.LOOPBACK_PEERS, *registry.options, shards=1, secret=None)
        state = ("--state-dir", str(relay.state_dir))
        registry.redis.kill()
        eventually("the shard notices", lambda: relay.total("registry_available") == 0)
        ping = (RELAYCTL, "ping", "--count", "1", *state)
        for more in ((), ("--json",)):
            self.assertEqual(run(*ping, *more).returncode, 0)
        pid = relay.shard_pid(0)
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        with subprocess.Popen([*ping, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as failed:
            self.check_problem(*state, says="no answer from 127.0.0.1:3478")
            out, err = failed.communicate()
        self.assertEqual((failed.returncode, err), (1, ""))
        self.assertIn("no answer", json.loads(out)["problem"])
        for more in ((), ("--json",)):
            made = run(RELAYCTL, "credential", *state, *more)
            self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertLessEqual({"username", "password"}, set(json.loads(made.stdout)))

    def test_a_forbidden_peer_is_said(self):
        """Not by this relay, whose own relayed addresses are always allowed: by coturn."""
        self.program("coturn", "turnserver", "-n", "--listening-ip", "127.0.0.1", "--relay-ip",
                     "127.0.0.1", "--no-tcp", "--no-tls", "--no-dtls", "--no-cli", "--lt-cred-mech",
                     "--user", "u:p", "--realm", "example.org", "--log-file", "/dev/null",
                     "--pidfile", self.folder / "pid", "--userdb", self.folder / "db")
        with self.client() as client:
            eventually("coturn answers", lambda: client.binding())
        self.check_problem("--username", "u", "--password", "p",
                           says=r"forbids the peer address 127\.0\.0\.1 \(403\).*--allow-peer")


class NoShardStarts(e2e.E2eTest):
    def test_what_stops_a_shard_at_its_first_start_stops_the_relay(self):
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        (state / "shard-1.counters").mkdir()
        relay = self.launch()
        self.assertEqual(relay.wait(), 1)
        self.assertTrue(relay.events("shard cannot start"))
        self.assertTrue(relay.events("shard cannot start; stopping"))


if __name__ == "__main__":
    e2e.main()
