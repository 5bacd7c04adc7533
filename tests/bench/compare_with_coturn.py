#!/usr/bin/env python3
"""Runs relay-bench against this relay and Debian's coturn in turn and prints medians and ratios.

    tests/bench/compare_with_coturn.py [--build DIR] [--rounds N] [--seconds N] [--quick] [--json FILE]

Both serve with one worker on processor 0, relay-bench runs on processor 1, all in a network
namespace of their own (root is needed). In each round every cell is measured with both servers, one
after the other, so that what the machine does besides falls on both. The noise of a figure is the
spread of its rounds, (largest - smallest) / median. Less than 1.00 is less than coturn.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER_CPU, BENCH_CPU = "0", "1"
USER, PASSWORD, REALM = "bench", "bench password", "firezone"
CELLS = [(payload, way, allocations) for payload in (172, 1200) for way in ("up", "down", "both")
         for allocations in (1, 100, 1000, 5000)]
QUICK_CELLS = [(172, "both", 100)]
SERVERS = ("relay", "coturn")


def start_relay(build, folder):
    key = subprocess.run(["md5sum"], input=f"{USER}:{REALM}:{PASSWORD}".encode(), check=True,
                         capture_output=True).stdout.split()[0].decode()
    users = folder / "users"
    users.write_text(f"{USER}:{key}\n", encoding="utf-8")
    return [build / "shard/relay", "run", "--shards", "1", "--public-ip4-addr", "127.0.0.1",
            "--allow-peer", "127.0.0.0/8", "--auth", "static", "--users-file", users,
            "--state-dir", folder / "state", "--log-level", "warning", "--port-rest", "0"]


def start_coturn(_build, folder):
    return ["turnserver", "-n", "-m", "1", "--listening-ip", "127.0.0.1", "--relay-ip",
            "127.0.0.1", "--allow-loopback-peers", "--no-tcp", "--no-tls", "--no-dtls", "--no-cli",
            "--lt-cred-mech", "--user", f"{USER}:{PASSWORD}", "--realm", REALM, "--min-port",
            "49152", "--max-port", "65535", "--no-stdout-log", "--log-file", "/dev/null",
            "--pidfile", folder / "pid", "--userdb", folder / "db"]


class Server:
    """One of the two, from its start to its end."""

    def __init__(self, name, build):
        self.folder = tempfile.TemporaryDirectory(prefix="compare-")
        folder = pathlib.Path(self.folder.name)
        command = (start_relay if name == "relay" else start_coturn)(build, folder)
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", SERVER_CPU, *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.bench = build / "tools/relay-bench"

    def run(self, *options):
        command = ["taskset", "-c", BENCH_CPU, str(self.bench), "--username", USER, "--password",
                   PASSWORD, "--server-pid", str(self.process.pid), "--json", *map(str, options)]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    def wait(self):
        deadline = time.monotonic() + 20
        while self.run("--setup-only", "--allocations", 1).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("a server does not start")

    def measure(self, *options):
        # A client port of a moment ago can come again, and coturn answers 437 for a while.
        for _ in range(3):
            result = self.run(*options)
            if result.returncode == 0:
                return json.loads(result.stdout)
        sys.exit(f"relay-bench: exit {result.returncode}: {result.stderr.strip()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()


def measure_traffic(build, name, cell, seconds):
    payload, way, allocations = cell
    server = Server(name, build)
    try:
        server.wait()
        figures = server.measure("--allocations", allocations, "--direction", way, "--payload",
                                 payload, "--flood", "--duration", f"{seconds}s")
        return {"kpps": figures["traffic"]["packets_per_sec"] / 1000,
                "usec_per_packet": figures["server"]["packet_cpu_usec"]}
    finally:
        server.stop()


def measure_setup(build, name, allocations):
    server = Server(name, build)
    try:
        server.wait()
        figures = server.measure("--allocations", allocations, "--setup-only")
        return {"setups_per_sec": figures["setup"]["per_sec"],
                "usec_per_setup": figures["server"]["setup_cpu_usec"],
                "bytes_per_allocation": figures["server"]["allocation_bytes"]}
    finally:
        server.stop()


def summary(values):
    middle = statistics.median(values)
    return middle, (max(values) - min(values)) / middle if middle else 0.0


def print_row(title, rounds, keys):
    """|rounds|: server name → list of figures."""
    for key in keys:
        (own, own_noise), (other, other_noise) = (
            summary([figures[key] for figures in rounds[name]]) for name in SERVERS)
        ratio = f"{own / other:.2f}" if other else "-"
        print(f"{title:<16} {key:<22} {own:>12.2f} {other:>12.2f} {ratio:>7} "
              f"{100 * own_noise:>7.0f} % {100 * other_noise:>6.0f} %", flush=True)
        title = ""


def calibrate():
    """The same work over and over: how far apart its durations are is the machine's own noise."""
    durations = []
    for _ in range(7):
        began = time.monotonic()
        sum(i * i for i in range(1_000_000))
        durations.append(time.monotonic() - began)
    return summary(durations)[1]


def compare(arguments):
    cells = QUICK_CELLS if arguments.quick else CELLS
    setup_allocations = 200 if arguments.quick else 4000
    found = []
    print(f"noise of the machine: {100 * calibrate():.0f} % between equal loops, "
          f"load {os.getloadavg()[0]:.1f}; {arguments.rounds} rounds of {arguments.seconds} s")
    print(f"{'cell':<16} {'figure':<22} {'relay':>12} {'coturn':>12} {'ratio':>7} "
          f"{'relay ±':>9} {'coturn ±':>8}")
    jobs = [(f"{p}:{w}:{a}", ("kpps", "usec_per_packet"),
             lambda name, c=(p, w, a): measure_traffic(arguments.build, name, c,
                                                       arguments.seconds)) for p, w, a in cells]
    jobs.append((f"setup:{setup_allocations}",
                 ("setups_per_sec", "usec_per_setup", "bytes_per_allocation"),
                 lambda name: measure_setup(arguments.build, name, setup_allocations)))
    for title, keys, measure in jobs:
        rounds = {name: [] for name in SERVERS}
        for _ in range(arguments.rounds):
            for name in SERVERS:
                rounds[name].append(measure(name))
        print_row(title, rounds, keys)
        found.append({"cell": title, **rounds})
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(found, indent=1), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one cell, one round")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 1
    arguments.build = arguments.build.resolve()
    if os.environ.get("COMPARE_IN_NAMESPACE") != "yes":
        os.environ["COMPARE_IN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    compare(arguments)


if __name__ == "__main__":
    main()
