#!/usr/bin/env python3
"""Prints what a relayed packet costs beside a bare forwarder and coturn: a table, and a plot.

    tests/bench/packet_cost.py [--build DIR] [--before DIR] [--servers LIST] [--payloads LIST]
        [--ways LIST] [--allocations LIST] [--loads flood,rate] [--trains LIST] [--offload]
        [--mixed] [--other-coturn COMMAND] [--rounds N] [--seconds N] [--json FILE] [--svg FILE]

Every server runs with one thread on processor 0 and relay-bench on processor 1, in a network
namespace (root is needed). In each round every server is measured with a cell, one after the
other, so that what the machine does besides falls on all of them. "flood" gives CPU microseconds of
the server for each packet that arrived; "rate" sends half of what came through coturn, or through
the first server, and gives the 99th percentile of latency as well. A ratio is the median of the
ratios of the rounds: of the figure over that of the cheapest variant of the bare forwarder and of
coturn, and of the packets a second ("x") over those of coturn and of the other coturn. The noise of a
figure is the spread of its rounds, (largest - smallest) / median. --before measures the relay of
another build as well; --other-coturn "turnserver --multiplex-peer" another coturn, with options that
only newer ones than Debian's know ("coturn-other").

Trains: so many datagrams of a flow in a row, with --offload sent and received as one message. --mixed
sends as many singly after each train, each of the next flow. "relay-no-gro" is the same relay on
sockets that refuse to receive trains (no_gro.c): what such a mix must not cost more than.

A minute: --allocations 1000 --payloads 172 --rounds 3
Bursts: --trains 16,64 --offload --payloads 1200 --ways both --allocations 1,100
A mix: the same with --mixed --servers relay,relay-no-gro,coturn
"""

import argparse
import itertools
import json
import os
import pathlib
import statistics

from servers import (ROOT, START, calibrate, enter_namespace, list_of, measure_fresh,
                     start_other_coturn, summary)

BARE = ("bare-plain", "bare-batched", "bare-offload")
USUAL = ("relay", "coturn", *BARE)
COLOURS = {"relay": "#1f77b4", "before": "#aec7e8", "relay-no-gro": "#17becf",
           "coturn-other": "#ffbb78", "bare-plain": "#c7c7c7",
           "bare-batched": "#969696", "bare-offload": "#636363", "coturn": "#ff7f0e"}


def measure(arguments, name, cell, load):
    payload, way, allocations, train = cell
    build = arguments.before if name == "before" else arguments.build
    options = ["--allocations", allocations, "--direction", way, "--payload", payload, "--train",
               train, *(["--offload"] if arguments.offload else []),
               *(["--mixed"] if arguments.mixed else []), "--duration", f"{arguments.seconds}s", *load]
    figures = measure_fresh("relay" if name == "before" else name, build, *options,
                            bench_of=arguments.build)
    traffic = figures["traffic"]
    ways = [traffic[key] for key in ("up", "down") if traffic[key]["sent"]]
    return {"usec": figures["server"]["packet_cpu_usec"],
            "kpps": traffic["packets_per_sec"] / 1000,
            "loss": traffic["loss"],
            "p99_usec": max(one["latency_p99_usec"] for one in ways)}


def rounds_of(arguments, cell, load):
    rounds = {name: [] for name in arguments.servers}
    for _ in range(arguments.rounds):
        for name in arguments.servers:
            rounds[name].append(measure(arguments, name, cell, load))
    return rounds


def ratio(rounds, name, others, key):
    """The median over the rounds of |name|'s figure over the least one of |others|."""
    others = [other for other in others if other in rounds]
    if not others:
        return None
    return statistics.median(own[key] / min(rounds[other][i][key] for other in others)
                             for i, own in enumerate(rounds[name]))


def ratio_text(value):
    return f"{value:>8.2f}" if value is not None else f"{'-':>8}"


def print_cell(title, rounds, key):
    for name, figures in rounds.items():
        middle, noise = summary([one[key] for one in figures])
        kpps, _ = summary([one["kpps"] for one in figures])
        loss, _ = summary([one["loss"] for one in figures])
        print(f"{title:<22} {name:<13} {key:<9}{middle:>9.2f} {100 * noise:>5.0f} %"
              f"{ratio_text(ratio(rounds, name, BARE, key))}"
              f"{ratio_text(ratio(rounds, name, ('coturn',), key))} {kpps:>9.1f}"
              f"{ratio_text(ratio(rounds, name, ('coturn',), 'kpps'))}"
              f"{ratio_text(ratio(rounds, name, ('coturn-other',), 'kpps'))} "
              f"{100 * loss:>6.2f} %", flush=True)
        title = ""


def svg(found, noise):
    """A bar for each server in each cell, as high as a packet is dear."""
    bar, gap, height, left, top = 9, 14, 260, 50, 40
    names = list(dict.fromkeys(name for cell in found for name in cell["rounds"]))
    group = bar * len(names) + gap
    values = [[summary([one["usec"] for one in cell["rounds"].get(name, [])] or [0])
               for name in names] for cell in found]
    most = max((middle for row in values for middle, _ in row), default=0) * 1.15 or 1
    width = left + group * len(found) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{max(width, 720)}" '
             f'height="{top + height + 110}" font-family="sans-serif" font-size="11">',
             f'<text x="{left}" y="14">CPU microseconds of the server for a packet; lines: all '
             f'rounds; noise of the machine {100 * noise:.0f} %</text>']
    for i, name in enumerate(names):
        parts.append(f'<rect x="{left + 110 * i}" y="21" width="9" height="9" '
                     f'fill="{COLOURS[name]}"/><text x="{left + 110 * i + 13}" y="30">{name}</text>')
    for step in range(int(most) + 1):
        y = top + height - height * step / most
        parts.append(f'<line x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}" '
                     f'stroke="#ddd"/><text x="{left - 18}" y="{y + 4:.1f}">{step}</text>')
    for k, (cell, row) in enumerate(zip(found, values)):
        x = left + group * k + gap / 2
        for i, (name, (middle, _)) in enumerate(zip(names, row)):
            tall = height * middle / most
            at = x + bar * i
            parts.append(f'<rect x="{at:.1f}" y="{top + height - tall:.1f}" width="{bar - 1}" '
                         f'height="{tall:.1f}" fill="{COLOURS[name]}"/>')
            all_of = [one["usec"] for one in cell["rounds"].get(name, [])] or [0]
            ends = [top + height - height * end / most for end in (min(all_of), max(all_of))]
            parts.append(f'<line x1="{at + 4:.1f}" x2="{at + 4:.1f}" y1="{ends[0]:.1f}" '
                         f'y2="{ends[1]:.1f}" stroke="#000"/>')
        parts.append(f'<text transform="translate({x + 8:.1f},{top + height + 10}) rotate(60)">'
                     f'{cell["cell"]}</text>')
    return "\n".join(parts + ["</svg>", ""])


def cost(arguments):
    noise = calibrate()
    print(f"noise of the machine: {100 * noise:.0f} % between equal loops, load "
          f"{os.getloadavg()[0]:.1f}; {arguments.rounds} rounds of {arguments.seconds} s")
    print(f"{'cell':<22} {'server':<13} {'figure':<9}{'median':>9} {'noise':>7}{'/bare':>8}"
          f"{'/coturn':>8} {'kpps':>9}{'xcoturn':>8}{'xother':>8} {'lost':>8}")
    found = []
    for cell in itertools.product(arguments.payloads, arguments.ways, arguments.allocations,
                                  arguments.trains):
        *place, train = cell
        title = ":".join(map(str, place)) + (f":x{train}" if train > 1 else "")
        title += "+1s" if arguments.mixed else ""
        flood = rounds_of(arguments, cell, ["--flood"])
        if "flood" in arguments.loads:
            print_cell(title, flood, "usec")
            found.append({"cell": title, "rounds": flood})
        if "rate" not in arguments.loads:
            continue
        reference = flood.get("coturn", flood[arguments.servers[0]])
        rate = int(statistics.median(one["kpps"] for one in reference) * 500)
        fixed = rounds_of(arguments, cell, ["--rate", rate])
        title += f"@{rate // 1000}k"
        print_cell(title, fixed, "usec")
        print_cell(title, fixed, "p99_usec")
        found.append({"cell": title, "rounds": fixed})
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if arguments.svg:
        arguments.svg.write_text(svg(found, noise), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--before", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--servers", type=list_of(str, START), default=list(USUAL))
    parser.add_argument("--payloads", type=list_of(int), default=[172, 1200])
    parser.add_argument("--ways", type=list_of(str, ("up", "down", "both")),
                        default=["up", "down", "both"])
    parser.add_argument("--allocations", type=list_of(int), default=[1, 100, 1000, 5000])
    parser.add_argument("--loads", type=list_of(str, ("flood", "rate")), default=["flood"])
    parser.add_argument("--trains", type=list_of(int), default=[1])
    parser.add_argument("--offload", action="store_true")
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--other-coturn", metavar="COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--svg", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    if arguments.before:
        arguments.before = arguments.before.resolve()
        arguments.servers = ["before", *arguments.servers]
    if arguments.other_coturn:
        START["coturn-other"] = start_other_coturn(arguments.other_coturn)
        arguments.servers.append("coturn-other")
    enter_namespace()
    cost(arguments)


if __name__ == "__main__":
    main()
