#!/usr/bin/python3
"""Prints what hostile HTTP clients cost the packet path.

    tests/bench/http_cost.py [--build DIR] [--rounds N] [--seconds N] [--rate PPS]

A shard on processor 0; relay-bench on processor 1, at a fixed rate both ways. In each round once
without anybody at HTTP ("quiet"), once with a scrape of /metrics each second ("scraped"), once with
the clients of tests/e2e/hostile_http.py ("hostile"): 2000 idle connections and 56 clients that send
garbage, endless headers, a byte at a time and so on. They run on processor 1 at the lowest
priority, and what they take from relay-bench there shows in its latency; so once more they are at
another relay, in a namespace and on processor 1 with them ("elsewhere"): ratios are to that, of the
same round. Last, what the same clients cost a shard that relays nothing ("alone").

Medians of the rounds; the noise of a figure is (largest - smallest) / median. Root is needed.
"""

import argparse
import contextlib
import os
import pathlib
import signal
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
sys.path.insert(0, str(ROOT / "tests" / "bench"))

import namespace  # noqa: E402
from bench_process import lost  # noqa: E402
from compare_with_coturn import calibrate  # noqa: E402
from http_client import get  # noqa: E402
from ownership_cost import Stage, bench, cpu_sec, print_figures  # noqa: E402
from relay_process import BUILD  # noqa: E402

ALLOCATIONS = 100


@contextlib.contextmanager
def scraped(_stage):
    is_over = threading.Event()

    def scrape():
        while not is_over.wait(1):
            get("/metrics")
    thread = threading.Thread(target=scrape)
    thread.start()
    yield
    is_over.set()
    thread.join()


@contextlib.contextmanager
def hostile(stage):
    program = stage.program("hostile", sys.executable, "-B", ROOT / "tests/e2e/hostile_http.py",
                            prefix=("taskset", "-c", "1", "nice", "-n", "19"))
    yield
    if not program.is_running():
        raise AssertionError(f"the hostile clients ended:\n{program.text()}")
    program.signal(signal.SIGTERM)
    program.wait()


@contextlib.contextmanager
def elsewhere(stage):
    other = namespace.Namespace()
    stage.addCleanup(other.close)
    with contextlib.ExitStack() as ends:
        with other:
            stage.relay(command="shard --shard 0", shards=1, public6=None,
                        state_dir=stage.folder / "elsewhere", prefix=("taskset", "-c", "1"))
            ends.enter_context(hostile(stage))
        yield


LOADS = {"quiet": contextlib.nullcontext, "scraped": scraped, "elsewhere": elsewhere,
         "hostile": hostile}


def measure(load, arguments):
    with Stage() as stage:
        relay = stage.relay("--allow-peer", "127.0.0.0/8", command="shard --shard 0", shards=1,
                            public6=None, prefix=("taskset", "-c", "0"))
        with LOADS[load](stage):
            result = bench(relay, "--allocations", ALLOCATIONS, "--rate", arguments.rate,
                           "--duration", f"{arguments.seconds}s")
        ways = result["traffic"]["up"], result["traffic"]["down"]
        return {"datagrams lost": lost(result),
                "p50 latency, us": max(way["latency_p50_usec"] for way in ways),
                "p99 latency, us": max(way["latency_p99_usec"] for way in ways),
                "us CPU for a packet": result["server"]["packet_cpu_usec"],
                "HTTP answers": relay.total("http_requests") + relay.total("http_refused")}


def measure_alone(arguments):
    """Processor time of a shard that has hostile HTTP clients and nothing else to do."""
    with Stage() as stage:
        relay = stage.relay(command="shard --shard 0", shards=1, public6=None,
                            prefix=("taskset", "-c", "0"))
        with hostile(stage):
            time.sleep(1)  # until they are all there
            before, began = cpu_sec([relay.pid]), time.monotonic()
            time.sleep(arguments.seconds)
            used = (cpu_sec([relay.pid]) - before) / (time.monotonic() - began)
        return {"% of a processor": 100 * used}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=20000)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    BUILD.update(relay=str(build / "shard/relay"), relay_bench=str(build / "tools/relay-bench"),
                 read_counters=str(build / "tests/e2e/read_counters"))
    namespace.enter()
    print(f"noise of the machine: {100 * calibrate():.0f} % between equal loops, load "
          f"{os.getloadavg()[0]:.1f}; {arguments.rounds} rounds, {arguments.rate} datagrams/s")
    print(f"{'':<10} {'':<26} {'median':>10} {'noise':>8} {'ratio':>8}")
    rounds = {load: [] for load in LOADS}
    for _ in range(arguments.rounds):
        for load in LOADS:
            rounds[load].append(measure(load, arguments))
    for load in LOADS:
        print_figures(load, rounds[load], rounds["elsewhere"])
    print_figures("alone", [measure_alone(arguments) for _ in range(arguments.rounds)])


if __name__ == "__main__":
    main()
