#!/usr/bin/env python3
"""Prints what an allocation with a channel costs to make, keep and delete, beside coturn.

    tests/bench/setup_cost.py [--build DIR] [--rounds N] [--allocations N] [--servers LIST]
        [--json FILE]

Servers: the relay with a Redis that is never there, so that nothing is recorded ("none"); with the
embedded registry ("embedded"), its state directory in memory as /run is on a host; with a Redis of
its own ("redis"); and Debian's coturn. Each has one thread on processor 0, relay-bench and Redis
are on processor 1, in a network namespace (root is needed). In each round every server is measured,
one after the other. A set-up is 401, Allocate and ChannelBind; a deletion is a Refresh with lifetime
0. Their CPU time is that of the server, up to the last answer; that of Redis is beside it.

Memory is how much more there is of it with the allocations than before them. "resident" is RSS, which
counts what is mapped from files as well; "private" is the anonymous part. The kernel's part is the
whole system's Slab of /proc/meminfo, in a run of its own in which relay-bench is killed while the
allocations are held, so that the sockets of clients are gone again and those of the server are left.
Whatever the kernel keeps for a socket is in it, but so is what the system does besides, which the
noise shows: it wants a quiet machine. Beside it what of that is in the caches of sockets, their
inodes, files and epoll (active objects of /proc/slabinfo, times their size): the greatest part, exact
to a few slabs on any machine. Directory entries, 192 bytes each, are left out of this one, since the
whole system makes and frees them all the time.

A figure is the median of the rounds, its noise (largest - smallest) / median, the ratio the median of
the ratios to coturn of the same round. Three seconds for each server and round.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from servers import (ATTEMPTS, BENCH_CPU, FOLDERS, ROOT, Server, calibrate, enter_namespace,
                     list_of, setup_figures, summary)

sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from redis_process import Redis  # noqa: E402

SERVERS = ("none", "embedded", "redis", "coturn")
HOLD_SEC, PATIENCE_SEC = 2, 10
LATE_SOCKETS = 8
SETTLE_SEC = 0.5  # until the last channels are there, and until the kernel has freed what it defers
SOCKET_CACHES = ("UDP", "sock_inode_cache", "filp", "eventpoll_epi", "eventpoll_pwq")


class Stage:
    """A server of SERVERS, with its Redis if it has one."""

    def __init__(self, name, build):
        self.redis = None
        options = []
        if name == "none":
            options = ["--coordination", f"redis+unix://{FOLDERS}/nowhere.sock"]
        elif name == "redis":
            self.folder = tempfile.TemporaryDirectory(prefix="bench-", dir=FOLDERS)
            self.redis = Redis(self.folder.name)
            os.sched_setaffinity(self.redis.program.pid, {int(BENCH_CPU)})
            options = ["--coordination", self.redis.url]
        self.server = Server("coturn" if name == "coturn" else "relay", build, options=options)

    def __enter__(self):
        self.server.wait()
        return self

    def __exit__(self, *_):
        self.server.stop()
        if self.redis:
            self.redis.kill()
            self.folder.cleanup()

    def redis_cpu_usec(self):
        return cpu_usec(self.redis.program.pid) if self.redis else 0

    def hold(self, allocations, seconds):
        """relay-bench that has made its allocations and holds them, or None when it cannot."""
        before = sockets_in_use()
        bench = subprocess.Popen(
            self.server.command("--setup-only", "--allocations", allocations, "--hold",
                                f"{seconds}s"),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        deadline = time.monotonic() + PATIENCE_SEC
        # Of each allocation the client's socket and the relayed address. coturn closes some sockets
        # of before only now.
        while sockets_in_use() < before + 2 * allocations - LATE_SOCKETS:
            if bench.poll() is not None or time.monotonic() > deadline:
                bench.kill()
                bench.communicate()
                return None
            time.sleep(0.02)
        time.sleep(SETTLE_SEC)
        return bench


def cpu_usec(pid):
    return sum(int(path.read_text(encoding="ascii").split()[0])
               for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1000


def family(pid):
    """The process and its descendants."""
    children = [int(child) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children")
                for child in path.read_text(encoding="ascii").split()]
    return [pid, *(one for child in children for one in family(child))]


def number_after(path, name):
    for line in pathlib.Path(path).read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line[len(name):].split()[0])
    raise AssertionError(f"{path}: no {name}")


def private_bytes(pid):
    return sum(1024 * number_after(f"/proc/{one}/status", "RssAnon:") for one in family(pid))


def sockets_in_use():
    """UDP over IPv4, in this namespace."""
    return number_after("/proc/net/sockstat", "UDP: inuse")


def kernel_bytes():
    """All of Slab, and what of it is active in the caches of sockets."""
    caches = 0
    for line in pathlib.Path("/proc/slabinfo").read_text(encoding="ascii").splitlines():
        fields = line.split()
        if fields[0] in SOCKET_CACHES:
            caches += int(fields[1]) * int(fields[3])
    return 1024 * number_after("/proc/meminfo", "Slab:"), caches


def measure_server(name, build, allocations):
    """Processor time, and the memory of the process; None when not all could be made."""
    with Stage(name, build) as stage:
        redis = [stage.redis_cpu_usec()]
        private = private_bytes(stage.server.process.pid)
        bench = stage.hold(allocations, HOLD_SEC)
        if bench is None:
            return None
        redis.append(stage.redis_cpu_usec())
        private = private_bytes(stage.server.process.pid) - private
        text, _ = bench.communicate()
        redis.append(stage.redis_cpu_usec())
        if bench.returncode != 0:
            return None
        found = setup_figures(json.loads(text))
    found["bytes private for an allocation"] = private / allocations
    if stage.redis:
        found["us CPU of Redis for a set-up"] = (redis[1] - redis[0]) / allocations
        found["us CPU of Redis for a deletion"] = (redis[2] - redis[1]) / allocations
    return found


def measure_kernel(name, build, allocations):
    """None when not all could be made."""
    with Stage(name, build) as stage:
        time.sleep(SETTLE_SEC)
        before = kernel_bytes()
        bench = stage.hold(allocations, 600)
        if bench is None:
            return None
        bench.kill()
        bench.communicate()
        time.sleep(SETTLE_SEC)
        after = kernel_bytes()
    return {"bytes of the kernel, Slab": (after[0] - before[0]) / allocations,
            "of these in sockets' caches": (after[1] - before[1]) / allocations}


def until_made(measure, name, build, allocations):
    for _ in range(ATTEMPTS):
        found = measure(name, build, allocations)
        if found:
            return found
    sys.exit(f"{name}: not all of {allocations} allocations can be made")


def print_figures(name, rounds, base):
    title = name
    for key in rounds[0]:
        middle, noise = summary([figures[key] for figures in rounds])
        ratios = [own[key] / other[key] for own, other in zip(rounds, base) if other.get(key)]
        ratio = f"{statistics.median(ratios):8.2f}" if ratios else f"{'-':>8}"
        print(f"{title:<9} {key:<32} {middle:>10.2f} {100 * noise:>6.0f} % {ratio}", flush=True)
        title = ""


def file_system(path):
    return subprocess.run(["stat", "-f", "-c", "%T", path], check=True, capture_output=True,
                          text=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--allocations", type=int, default=4000)
    parser.add_argument("--servers", type=list_of(str, SERVERS), default=list(SERVERS))
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    enter_namespace()
    print(f"noise of the machine: {100 * calibrate():.0f} % between equal loops, load "
          f"{os.getloadavg()[0]:.1f}; {arguments.rounds} rounds of {arguments.allocations} "
          f"allocations; state directories in {FOLDERS}, {file_system(FOLDERS)}")
    print(f"{'server':<9} {'figure':<32} {'median':>10} {'noise':>8} {'/coturn':>8}", flush=True)
    found = {name: [] for name in arguments.servers}
    for _ in range(arguments.rounds):
        for name in arguments.servers:
            how = (name, arguments.build, arguments.allocations)
            found[name].append({**until_made(measure_server, *how),
                                **until_made(measure_kernel, *how)})
    for name, rounds in found.items():
        print_figures(name, rounds, found.get("coturn", []))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
