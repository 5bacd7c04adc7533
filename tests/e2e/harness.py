"""What the end-to-end tests share: a network namespace of their own, a relay in it, clients.

Every test file runs in a fresh namespace (see enter_namespace), so port 3478 is always free and
nothing is left behind. Processes end with the test that started them.
"""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

RELAY = os.environ.get("RELAY", "relay")
RELAYCTL = os.environ.get("RELAYCTL", "relayctl")
SECRET = "end-to-end"
DEADLINE = 30  # seconds for anything that should take a moment
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def enter_namespace():
    """Runs the calling script again in a network namespace of its own; returns inside it."""
    if os.environ.get("E2E_NAMESPACE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    unshare = ["unshare", "--net"]
    if os.geteuid() != 0:
        unshare = ["unshare", "--user", "--map-root-user", "--net"]
    os.environ["E2E_NAMESPACE"] = "1"
    os.execvp("unshare", [*unshare, sys.executable, "-B", *sys.argv])


def main():
    enter_namespace()
    unittest.main(verbosity=2)


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **options):
    return subprocess.Popen(command, preexec_fn=die_with_parent, **options)


def wait_until(condition, what, seconds=DEADLINE):
    """Waits for an event; its lateness is a failure, its speed no matter."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"not in {seconds} s: {what}")


def binding_request():
    return struct.pack(">HHI", 0x0001, 0, 0x2112A442) + os.urandom(12)


def binding_answer(server, timeout=0.2, local=None):
    """Asks for a Binding; the (answer, address it came from), or None when there is none."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        if local:
            client.bind(local)
        request = binding_request()
        client.sendto(request, server)
        try:
            answer, source = client.recvfrom(2048)
        except (TimeoutError, ConnectionRefusedError):
            return None
        return (answer, source) if answer[4:20] == request[4:20] else None


class Relay:
    """A relay with its log; loopback peers are allowed."""

    def __init__(self, *options, shards=2, addresses=("127.0.0.1", "::1"), env=None):
        self.state_dir = tempfile.mkdtemp(prefix="relay-e2e-")
        self.log_path = self.state_dir + ".log"
        command = [RELAY, "run", "--shards", str(shards), "--state-dir", self.state_dir]
        command += ["--auth-secret", SECRET, "--rfc5766-channels"]
        command += ["--allow-peer", "127.0.0.0/8,::1,10.77.0.0/16,fd77::/16"]
        for address in addresses:
            command += ["--public-ip6-addr" if ":" in address else "--public-ip4-addr", address]
        self.shards = shards
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = start([*command, *options], stderr=log, env=env)
        wait_until(lambda: self.ready_count() >= shards or self.process.poll() is not None, "ready")
        if self.process.poll() is not None:
            raise AssertionError("the relay did not start:\n" + self.log())

    def log(self):
        return pathlib.Path(self.log_path).read_text(encoding="utf-8")

    def ready_count(self):
        return self.log().count("shard ready")

    def shard_pids(self):
        """Shard number → process id, as the system has it."""
        pids = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                stat = (entry / "stat").read_text()
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            if stat.rsplit(")", 1)[1].split()[1] != str(self.process.pid):
                continue
            match = re.search(rb"--shard[= ](\d+)", b" ".join(arguments))
            if match:
                pids[int(match.group(1))] = int(entry.name)
        return pids

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(DEADLINE)
        shutil.rmtree(self.state_dir, ignore_errors=True)
        os.unlink(self.log_path)
        return self.process.returncode


class RelayTest(unittest.TestCase):
    """A test with relays that end with it; their logs are shown when it fails."""

    def relay(self, *options, **settings):
        relay = Relay(*options, **settings)

        def end():
            failed = self._outcome and any(error for _, error in self._outcome.result.errors
                                           + self._outcome.result.failures)
            if failed:
                print(relay.log()[-4000:])
            self.assertEqual(relay.stop(), 0, "the relay's exit code")

        self.addCleanup(end)
        return relay

    def credential(self, scheme="rest"):
        output = subprocess.run(
            [RELAYCTL, "credential", "--scheme", scheme, "--auth-secret", SECRET],
            check=True, capture_output=True, text=True, timeout=DEADLINE).stdout
        fields = dict(line.split(None, 1) for line in output.splitlines())
        return fields["username"], fields["password"]
