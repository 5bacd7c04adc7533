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

from servers import ROOT, calibrate, enter_namespace, measure_fresh, setup_figures, summary

CELLS = [(payload, way, allocations) for payload in (172, 1200) for way in ("up", "down", "both")
         for allocations in (1, 100, 1000, 5000)]
QUICK_CELLS = [(172, "both", 100)]
SERVERS = ("relay", "coturn")


def measure_traffic(build, name, cell, seconds):
    payload, way, allocations = cell
    figures = measure_fresh(name, build, "--allocations", allocations, "--direction", way,
                            "--payload", payload, "--flood", "--duration", f"{seconds}s")
    return {"kpps": figures["traffic"]["packets_per_sec"] / 1000,
            "usec_per_packet": figures["server"]["packet_cpu_usec"]}


def measure_setup(build, name, allocations):
    return setup_figures(measure_fresh(name, build, "--allocations", allocations, "--setup-only"))


def print_row(title, rounds, keys):
    """|rounds|: server name → list of figures."""
    for key in keys:
        (own, own_noise), (other, other_noise) = (
            summary([figures[key] for figures in rounds[name]]) for name in SERVERS)
        ratio = f"{own / other:.2f}" if other else "-"
        print(f"{title:<16} {key:<22} {own:>12.2f} {other:>12.2f} {ratio:>7} "
              f"{100 * own_noise:>7.0f} % {100 * other_noise:>6.0f} %", flush=True)
        title = ""


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
                 ("us CPU for a set-up", "us CPU for a deletion", "set-ups/s"),
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
    enter_namespace()
    compare(arguments)


if __name__ == "__main__":
    main()
