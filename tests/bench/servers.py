"""The servers that are measured, their start on a processor of their own, and what noise is."""

import argparse
import contextlib
import json
import os
import pathlib
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER_CPU, BENCH_CPU = "0", "1"
ATTEMPTS = 5  # a busy machine loses requests
USER, PASSWORD, REALM = "bench", "bench password", "firezone"
FOLDERS = pathlib.Path("/dev/shm")  # in memory, as /run is on a host
# Clients and peers have other ports than relayed addresses.
CLIENT_PORTS = "16384 49151"


def users_line():
    key = subprocess.run(["md5sum"], input=f"{USER}:{REALM}:{PASSWORD}".encode(), check=True,
                         capture_output=True).stdout.split()[0].decode()
    return f"{USER}:{key}"


def start_relay(build, folder):
    users = folder / "users"
    users.write_text(users_line() + "\n", encoding="utf-8")
    return [build / "shard/relay", "run", "--shards", "1", "--public-ip4-addr", "127.0.0.1",
            "--allow-peer", "127.0.0.0/8", "--auth", "static", "--users-file", users,
            "--state-dir", folder / "state", "--log-level", "warning", "--port-rest", "0"]


def start_coturn(_build, folder):
    return ["turnserver", "-n", "-m", "1", "--listening-ip", "127.0.0.1", "--relay-ip",
            "127.0.0.1", "--allow-loopback-peers", "--no-tcp", "--no-tls", "--no-dtls", "--no-cli",
            "--lt-cred-mech", "--user", f"{USER}:{PASSWORD}", "--realm", REALM, "--min-port",
            "49152", "--max-port", "65535", "--no-stdout-log", "--log-file", "/dev/null",
            "--pidfile", folder / "pid", "--userdb", folder / "db"]


def start_relay_without_gro(build, folder):
    # A sanitized relay wants its runtime in front of all others; this one replaces nothing of it.
    sanitizer = f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0".lstrip(":")
    return ["env", f"LD_PRELOAD={build / 'tests/bench/libno_gro.so'}",
            f"ASAN_OPTIONS={sanitizer}", *start_relay(build, folder)]


def start_other_coturn(text):
    """Another turnserver, with the options that |text| has behind its program."""
    program, *options = shlex.split(text)
    return lambda build, folder: [program, *start_coturn(build, folder)[1:], *options]


def start_bare(variant):
    return lambda build, _folder: [build / "tests/bench/bare_forwarder", variant, users_line()]


START = {"relay": start_relay, "relay-no-gro": start_relay_without_gro, "coturn": start_coturn,
         "bare-plain": start_bare("plain"), "bare-batched": start_bare("batched"),
         "bare-offload": start_bare("offload")}


class Server:
    """One of START of |build| with more |options|, from its start to its end, and relay-bench of
    |bench_of|.

    |is_preferred|: it goes before all else on its processor that has no real-time priority.
    """

    def __init__(self, name, build, bench_of=None, options=(), is_preferred=False):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-", dir=FOLDERS)
        command = [*START[name](build, pathlib.Path(self.folder.name)), *options]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", SERVER_CPU, "nice", "-n",
             "-20" if is_preferred else "0", *map(str, command)], start_new_session=is_preferred,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Where each session is a group, niceness counts within the group, and the group has its own.
        if is_preferred:
            with contextlib.suppress(OSError):
                group = pathlib.Path(f"/proc/{self.process.pid}/autogroup")
                group.write_text("-20", encoding="ascii")
        self.bench = (bench_of or build) / "tools/relay-bench"

    def command(self, *options):
        return ["taskset", "-c", BENCH_CPU, str(self.bench), "--username", USER, "--password",
                PASSWORD, "--server-pid", str(self.process.pid), "--json", *map(str, options)]

    def run(self, *options):
        return subprocess.run(self.command(*options), check=False, capture_output=True, text=True)

    def wait(self):
        deadline = time.monotonic() + 20
        while self.run("--setup-only", "--allocations", 1).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("a server does not start")

    def measure_once(self, *options):
        """The figures, or None when some allocation could not be made."""
        result = self.run(*options)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()


def measure_fresh(name, build, *options, bench_of=None, server_options=()):
    """What relay-bench says of a server. A busy machine loses requests, and what such a run leaves
    behind is in the way of the next one: each try has a server of its own."""
    for _ in range(ATTEMPTS):
        server = Server(name, build, bench_of=bench_of, options=server_options)
        try:
            server.wait()
            figures = server.measure_once(*options)
        finally:
            server.stop()
        if figures:
            return figures
    sys.exit(f"{name}: not all allocations can be made")


def setup_figures(figures):
    """What relay-bench said of making allocations, and of deleting them."""
    setup, server = figures["setup"], figures["server"]
    return {"us CPU for a set-up": server["setup_cpu_usec"],
            "set-ups/s": setup["per_sec"],
            "us CPU for a deletion": server["delete_cpu_usec"],
            "deletions/s": setup["deletes_per_sec"],
            "bytes resident for an allocation": server["allocation_bytes"]}


def summary(values):
    middle = statistics.median(values)
    return middle, (max(values) - min(values)) / middle if middle else 0.0


def calibrate():
    """The same work over and over: how far apart its durations are is the machine's own noise."""
    durations = []
    for _ in range(7):
        began = time.monotonic()
        sum(i * i for i in range(1_000_000))
        durations.append(time.monotonic() - began)
    return summary(durations)[1]


def list_of(kind, allowed=None):
    """The type of an argument with commas."""
    def parse(text):
        values = [kind(part) for part in text.split(",")]
        if allowed and not set(values) <= set(allowed):
            raise argparse.ArgumentTypeError(f"not among {', '.join(allowed)}")
        return values
    return parse


def enter_namespace():
    """Starts the program once more in a network namespace, unless it is in one already."""
    if os.environ.get("BENCH_IN_NAMESPACE") != "yes":
        os.environ["BENCH_IN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(CLIENT_PORTS,
                                                                     encoding="ascii")
