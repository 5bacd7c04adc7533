#!/usr/bin/env python3
"""Prints whether a relayed packet costs the same with many allocations, and with many shards.

    tests/bench/scale_cost.py [--build DIR] [--allocations LIST] [--shards LIST] [--spread N]
        [--payload BYTES] [--way WAY] [--rate PPS] [--rounds N] [--seconds N] [--json FILE]

First the --allocations on one shard, beside the batched bare forwarder, whose growth is that of the
kernel and of its sockets. Then the --shards of one relay, all on the same processor, with --spread
allocations between them: the kernel chooses their shards, and the load is the same. The servers are
on processor 0 and relay-bench on processor 1, in a network namespace (root is needed). The load is a
flood, or with --rate so many packets a second.

In each round every cell is measured, one after the other, and "/first" is the median of the ratios to
the first cell of the same server and round: 1.00 is flat; "/bare" those to the bare forwarder with as
many allocations. The noise of a figure is the spread of its
rounds, (largest - smallest) / median. "KiB used" is what the allocations of a cell take in all, of the
process and in the kernel (about 2.7 KiB for the socket and file of each, see setup_cost.py), beside
the sizes of the caches; the client's sockets take as much again on the other processor.
"""

import argparse
import json
import os
import pathlib
import statistics

from servers import ROOT, SERVER_CPU, calibrate, enter_namespace, list_of, measure_fresh, summary

KERNEL_BYTES = 2700


def caches():
    """The caches of the server's processor, as "L2 2048K"."""
    folder = pathlib.Path(f"/sys/devices/system/cpu/cpu{SERVER_CPU}/cache")

    def read(index, name):
        return (index / name).read_text(encoding="ascii").strip()
    return ", ".join(f"L{read(index, 'level')} {read(index, 'size')}"
                     for index in sorted(folder.glob("index*"))
                     if read(index, "type") != "Instruction") or "not known"


def measure(arguments, name, shards, allocations):
    load = ["--rate", arguments.rate] if arguments.rate else ["--flood"]
    figures = measure_fresh(
        name, arguments.build, "--allocations", allocations, "--direction", arguments.way,
        "--payload", arguments.payload, "--duration", f"{arguments.seconds}s", *load,
        server_options=["--shards", str(shards)] if name == "relay" else [])
    return {"usec": figures["server"]["packet_cpu_usec"],
            "kpps": figures["traffic"]["packets_per_sec"] / 1000,
            "loss": figures["traffic"]["loss"],
            "bytes": figures["server"]["allocation_bytes"]}


def ratio_text(rounds, base):
    """The median of the ratios to |base| of the same round."""
    if not base:
        return f"{'-':>7}"
    return f"{statistics.median(own['usec'] / other['usec'] for own, other in zip(rounds, base)):>7.2f}"


def print_cell(name, cell, rounds, first, bare):
    shards, allocations = cell
    usec, noise = summary([one["usec"] for one in rounds])
    kpps, loss, size = (statistics.median(one[key] for one in rounds)
                        for key in ("kpps", "loss", "bytes"))
    print(f"{name:<13} {shards:>6} {allocations:>11} {usec:>8.2f} {100 * noise:>5.0f} %"
          f"{ratio_text(rounds, first)} {ratio_text(rounds, bare)} {kpps:>8.1f} {100 * loss:>6.2f} % {(size + KERNEL_BYTES) * allocations / 1024:>9.0f}",
          flush=True)


def table(arguments, lines):
    """|lines|: for each server its cells (shards, allocations)."""
    found = {(name, cell): [] for name, cells in lines for cell in cells}
    for _ in range(arguments.rounds):
        for name, cell in found:
            found[name, cell].append(measure(arguments, name, *cell))
    print(f"\n{'server':<13} {'shards':>6} {'allocations':>11} {'us CPU':>8} {'noise':>7}"
          f"{'/first':>7} {'/bare':>7} {'kpps':>8} {'lost':>8} {'KiB used':>9}")
    for name, cells in lines:
        for cell in cells:
            print_cell(name, cell, found[name, cell], found[name, cells[0]],
                       found.get(("bare-batched", cell)))
    return [{"server": name, "shards": shards, "allocations": allocations, "rounds": rounds}
            for (name, (shards, allocations)), rounds in found.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--allocations", type=list_of(int), default=[1, 10, 100, 1000, 4000, 16000])
    parser.add_argument("--shards", type=list_of(int), default=[1, 2, 4, 8])
    parser.add_argument("--spread", type=int, default=1000)
    parser.add_argument("--payload", type=int, default=172)
    parser.add_argument("--way", choices=("up", "down", "both"), default="both")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    enter_namespace()
    print(f"noise of the machine: {100 * calibrate():.0f} % between equal loops, load "
          f"{os.getloadavg()[0]:.1f}; {arguments.rounds} rounds of {arguments.seconds} s; "
          f"caches of processor {SERVER_CPU}: {caches()}")
    on_one = [(1, allocations) for allocations in arguments.allocations]
    found = table(arguments, [("relay", on_one), ("bare-batched", on_one)])
    found += table(arguments, [("relay", [(shards, arguments.spread)
                                          for shards in arguments.shards])])
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
