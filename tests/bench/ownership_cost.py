#!/usr/bin/python3
"""Prints what recorded ownership costs, and what handing over a misrouted datagram does.

    tests/bench/ownership_cost.py [--build DIR] [--rounds N] [--seconds N]

Registries: what each costs a packet (setup_cost.py tells what it costs an allocation). A shard on
processor 0, relay-bench on processor 1; in each round once with a Redis that is never there (so
nothing is recorded: "none"), once with the embedded store, once with a Redis of its own. CPU is the
shard's; that of Redis is not in it. Ratios are to "none" of the same round.

Hand-over: four shards whose sockets the benchmark holds, traffic from clients to peers alone. First
each shard reads its own socket, then the next one's, so that every datagram is handed over.

Medians of the rounds; the noise of a figure is (largest - smallest) / median. Root is needed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests" / "bench"))

import e2e  # noqa: E402
import namespace  # noqa: E402
from bench_process import Bench  # noqa: E402
from compare_with_coturn import calibrate, summary  # noqa: E402
from held_shards import HeldShards  # noqa: E402
from redis_process import Redis  # noqa: E402
from relay_process import BUILD, SECRET, eventually  # noqa: E402

REGISTRIES = ("none", "local", "redis")
ALLOCATIONS = 1000
HANDOVER_ALLOCATIONS, HANDOVER_RATE = 100, 20000


class Stage(e2e.E2eTest):
    """What the parts of the tests want of a test; nothing is judged here."""

    def runTest(self):
        """None."""

    def __enter__(self):
        self.setUp()
        return self

    def __exit__(self, *_):
        self.doCleanups()


def options_of(registry, stage):
    if registry == "local":
        return ("--coordination", "local")
    if registry == "none":
        return ("--coordination", f"redis+unix://{stage.folder}/nowhere.sock")
    redis = Redis(stage.folder)
    stage.addCleanup(redis.kill)
    return ("--coordination", redis.url)


def bench(relay, *options):
    """relay-bench on processor 1, with the shard measured."""
    done = subprocess.run(
        ["taskset", "-c", "1", BUILD["relay_bench"], "--auth-secret", SECRET, "--server-pid",
         str(relay.pid), "--json", *map(str, options)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def measure_registry(registry, seconds):
    with Stage() as stage:
        relay = stage.relay("--allow-peer", "127.0.0.0/8", "--instance", "bench", "--port-rest", "0",
                            *options_of(registry, stage), command="shard --shard 0", shards=1,
                            public6=None, prefix=("taskset", "-c", "0"))
        flood = bench(relay, "--flood", "--allocations", ALLOCATIONS, "--duration", f"{seconds}s")
        return {"kpackets/s": flood["traffic"]["packets_per_sec"] / 1000,
                "us CPU for a packet": flood["server"]["packet_cpu_usec"]}


def cpu_sec(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        ticks += sum(map(int, fields.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def usec_per_packet(shards, seconds):
    """CPU of all shards for a datagram that left for its peer."""
    pids = [shard.pid for shard in shards.shards]
    cpu, packets = cpu_sec(pids), shards.total("relayed_to_peer_packets")
    time.sleep(seconds)
    return ((cpu_sec(pids) - cpu) * 1e6
            / (shards.total("relayed_to_peer_packets") - packets))


def measure_handover(seconds):
    with Stage() as stage:
        shards = HeldShards(stage, "--instance", "bench").start()
        load = Bench(stage, "--allocations", HANDOVER_ALLOCATIONS, "--rate", HANDOVER_RATE,
                     "--direction", "up", duration_sec=300)
        eventually("all have their channels",
                   lambda: shards.total("channels") == HANDOVER_ALLOCATIONS)
        right = usec_per_packet(shards, seconds)
        shards.stop()
        shards.start(shift=1)
        before = shards.total("redirect_sent_packets"), shards.total("redirect_sent_messages")
        wrong = usec_per_packet(shards, seconds)
        packets, messages = (shards.total("redirect_sent_packets") - before[0],
                             shards.total("redirect_sent_messages") - before[1])
        load.stop()
        load.result(interrupted=True)
        return {"us CPU, right shard": right, "us CPU, wrong shard": wrong,
                "us CPU for handing over": wrong - right,
                "datagrams in a message": packets / max(messages, 1)}


def print_figures(title, rounds, base=None):
    for key in rounds[0]:
        middle, noise = summary([figures[key] for figures in rounds])
        ratio = ""
        ratios = [a[key] / b[key] for a, b in zip(rounds, base or []) if b[key]]
        if ratios:
            ratio = f"{summary(ratios)[0]:8.2f}"
        print(f"{title:<10} {key:<26} {middle:>10.2f} {100 * noise:>6.0f} % {ratio}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    namespace.enter()
    BUILD.update(relay=str(build / "shard/relay"), relay_bench=str(build / "tools/relay-bench"),
                 read_counters=str(build / "tests/e2e/read_counters"))
    print(f"noise of the machine: {100 * calibrate():.0f} % between equal loops, load "
          f"{os.getloadavg()[0]:.1f}; {arguments.rounds} rounds")
    print(f"{'':<10} {'':<26} {'median':>10} {'noise':>8} {'to none':>8}")
    found = {registry: [] for registry in REGISTRIES}
    for _ in range(arguments.rounds):
        for registry in REGISTRIES:
            found[registry].append(measure_registry(registry, arguments.seconds))
    for registry in REGISTRIES:
        print_figures(registry, found[registry], found["none"])
    print_figures("hand-over", [measure_handover(arguments.seconds)
                                for _ in range(arguments.rounds)])


if __name__ == "__main__":
    main()
