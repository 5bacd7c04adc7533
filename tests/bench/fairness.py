#!/usr/bin/env python3
"""Prints what a flow that floods does to the others, and to requests: latency and loss.

    tests/bench/fairness.py [--build DIR] [--servers LIST] [--floods LIST] [--parts others,control]
        [--allocations N] [--rate PPS] [--rounds N] [--seconds N] [--json FILE]

Every server runs with one thread on processor 0; on processor 1, in the same network namespace (root
is needed), all that loads it. In each round every server has every flood, one after the other.

"others": --allocations flows of relay-bench send --rate datagrams of 172 bytes a second, both ways
together. Printed are their median and 99th percentile of latency of the worse way and their loss, and
the 99th percentile over that with no flood in the same round.

"control": Binding and Refresh requests, 200 a second, each with a time-out of 500 ms that doubles as
RFC 8489 says. Printed are percentiles of those whose first datagram was answered, how many needed
another one, and the 95th percentile of all with that waiting.

A flood is one datagram over and over (blast.c): of one channel, single or in trains of 1,200 bytes or
172, or ("strangers") an Allocate request that is answered with 401. "elsewhere" floods no server but a
socket beside it: what the load alone does to the figures. Nobody reads where it is relayed to; the
kernel counts it there. The last columns tell whether it saturates the server: its
share of processor 0, what was sent of the flood, and what came through.

What measures has a real-time priority (SCHED_FIFO) and is busy for a small part of the time: it
preempts the flooder, so that no figure holds the flooder's own turn on their processor, which has
the rest of it. The server has the highest priority that is none of real time (nice -20), so that
little of what else the machine does is in the figures.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from servers import (ATTEMPTS, BENCH_CPU, ROOT, START, Server, calibrate, enter_namespace, list_of,
                     summary)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import stun  # noqa: E402 pylint: disable=wrong-import-position
from bench_client import allocated_client  # noqa: E402 pylint: disable=wrong-import-position
from control_probe import Probe  # noqa: E402 pylint: disable=wrong-import-position
from turn_client import udp_socket  # noqa: E402 pylint: disable=wrong-import-position

PRIORITY = 10
PROBE_RATE = 200
SETTLE_SEC = 0.3  # from the start of a flood on: its allocation, full queues
# Ways; bytes of payload and datagrams of a message.
FLOODS = {"none": ((), 0, 0),
          "up": (("up",), 172, 1),
          "down": (("down",), 172, 1),
          "both": (("up", "down"), 172, 1),
          "trains-up": (("up",), 1200, 16),
          "trains-down": (("down",), 1200, 16),
          "small-trains-up": (("up",), 172, 32),
          "small-trains-down": (("down",), 172, 32),
          "strangers": (("strangers",), 0, 1),
          "elsewhere": (("elsewhere",), 172, 1),
          "trains-elsewhere": (("elsewhere",), 1200, 16)}
CHANNEL = 0x4000
ALLOCATE = stun.build(stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, stun.UDP))  # answered with 401


def cpu_sec(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of(server):
    """Of the server and its children."""
    pid = server.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return sum(cpu_sec(one) for one in [pid, *children])


@contextlib.contextmanager
def real_time():
    """This process and those that it starts go before the flooder, where that is allowed."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Flood:
    """From its making to its end: a client and a peer, and a blast of one towards the other."""

    def __init__(self, arguments, flood):
        ways, payload, train = FLOODS[flood]
        self.client, self.peer = allocated_client(), udp_socket()
        self.client.bind_channel(CHANNEL, stun.Address(*self.peer.getsockname()))
        self.client.sock.connect(self.client.server)
        self.nobody, self.elsewhere = udp_socket(), udp_socket()
        self.elsewhere.connect(self.nobody.getsockname())
        self.peer.connect(tuple(next(iter(self.client.relayed.values()))[:2]))
        blast = arguments.build / "tests/bench/blast"
        self.processes = []
        for way in ways:
            sock, datagram = {"up": (self.client.sock, stun.channel_data(CHANNEL, bytes(payload))),
                              "down": (self.peer, bytes(payload)),
                              "strangers": (self.client.sock, ALLOCATE),
                              "elsewhere": (self.elsewhere, bytes(payload))}[way]
            command = ["taskset", "-c", BENCH_CPU, blast, sock.fileno(), train]
            process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, pass_fds=[sock.fileno()])
            process.stdin.write(datagram)
            process.stdin.close()
            self.processes.append(process)
        self.before, self.began = self._came(), time.monotonic()

    def _came(self):
        """What has been dropped where it was relayed to: nearly all of it."""
        ports = {sock.getsockname()[1] for sock in (self.client.sock, self.peer)}
        rows = pathlib.Path("/proc/self/net/udp").read_text(encoding="ascii").splitlines()[1:]
        return sum(int(row.split()[-1]) for row in rows
                   if int(row.split()[1].split(":")[1], 16) in ports)

    def end(self):
        """Thousands of datagrams a second, sent and come through."""
        for process in self.processes:
            process.terminate()
        sent = sum(int(process.stdout.read()) for process in self.processes)
        for process in self.processes:
            process.wait()
            process.stdout.close()
        came, msec = self._came() - self.before, 1000 * (time.monotonic() - self.began)
        for sock in (self.client, self.peer, self.nobody, self.elsewhere):
            sock.close()
        return {"sent_kpps": sent / msec, "came_kpps": came / msec}


def sockets():
    return len(pathlib.Path("/proc/self/net/udp").read_text(encoding="ascii").splitlines())


def share_of_processor(server, seconds):
    before, began = cpu_of(server), time.monotonic()
    time.sleep(seconds)
    return (cpu_of(server) - before) / (time.monotonic() - began)


def others(arguments, server, flood):
    """The other flows are set up before the flood begins, so that each of them is there."""
    seconds = arguments.seconds
    wanted = sockets() + 2 * arguments.allocations
    # The flood ends while the allocations are held: each datagram is sent during it.
    command = server.command("--allocations", arguments.allocations, "--rate", arguments.rate,
                             "--duration", f"{seconds}s", "--hold", "2s")
    with real_time():
        measured = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while sockets() < wanted and measured.poll() is None:
        time.sleep(0.01)
    flooding = Flood(arguments, flood)
    time.sleep(SETTLE_SEC)
    busy = share_of_processor(server, seconds)
    flooded = flooding.end()
    text = measured.communicate()[0]
    if measured.returncode != 0:
        return None
    traffic = json.loads(text)["traffic"]
    ways = [traffic["up"], traffic["down"]]
    return {**flooded, "busy": busy, "loss": traffic["loss"],
            "p50_msec": max(way["latency_p50_usec"] for way in ways) / 1000,
            "p99_msec": max(way["latency_p99_usec"] for way in ways) / 1000}


def percentile(values, fraction):
    return sorted(values)[int(fraction * (len(values) - 1))] if values else float("inf")


def control(arguments, server, flood):
    probe = Probe(PROBE_RATE)
    flooding = Flood(arguments, flood)
    time.sleep(SETTLE_SEC)
    before, began = cpu_of(server), time.monotonic()
    with real_time():
        found = probe.run(arguments.seconds)
    busy = (cpu_of(server) - before) / (time.monotonic() - began)
    probe.close()
    result = {**flooding.end(), "busy": busy}
    for name, method in (("binding", stun.BINDING), ("refresh", stun.REFRESH)):
        msec = [1000 * sec if sec is not None else float("inf") for sec, _ in found[method]]
        first = [one for one, (_, times) in zip(msec, found[method]) if times == 1]
        result[name] = {"p50_msec": percentile(first, 0.5), "p95_msec": percentile(first, 0.95),
                        "p99_msec": percentile(first, 0.99),
                        "lost": 1 - len(first) / len(msec),
                        "p95_with_waiting_msec": percentile(msec, 0.95)}
    return result


def measure(arguments, part, name, flood):
    for _ in range(ATTEMPTS):
        server = Server(name, arguments.build, is_preferred=True)
        try:
            server.wait()
            found = part(arguments, server, flood)
        finally:
            server.stop()
        if found:
            return found
    sys.exit(f"{name}: not all of the allocations can be made")


def rounds_of(arguments, part):
    """By server and flood."""
    rounds = {(name, flood): [] for flood in arguments.floods for name in arguments.servers}
    for _ in range(arguments.rounds):
        for (name, flood), found in rounds.items():
            found.append(measure(arguments, part, name, flood))
    return rounds


def middle(found, *keys):
    values = []
    for one in found:
        for key in keys:
            one = one[key]
        values.append(one)
    return summary(values)


def tail(found):
    return (f"{100 * middle(found, 'busy')[0]:>6.0f} %{middle(found, 'sent_kpps')[0]:>9.1f}"
            f"{middle(found, 'came_kpps')[0]:>9.1f}")


TAIL = f"{'busy':>8}{'sent k/s':>9}{'came k/s':>9}"


def print_others(rounds):
    print(f"{'flood':<18} {'server':<8}{'p50 ms':>9}{'p99 ms':>9}{'noise':>7} {'/none':>8}"
          f"{'lost':>9}  {TAIL}")
    for (name, flood), found in rounds.items():
        p99, noise = middle(found, "p99_msec")
        quiet = rounds.get((name, "none"))
        ratio = (statistics.median(one["p99_msec"] / calm["p99_msec"]
                                   for one, calm in zip(found, quiet)) if quiet else float("nan"))
        print(f"{flood:<18} {name:<8}{middle(found, 'p50_msec')[0]:>9.3f}{p99:>9.3f}"
              f"{100 * noise:>5.0f} % {ratio:>8.2f}{100 * middle(found, 'loss')[0]:>7.2f} %  "
              f"{tail(found)}")


def print_control(rounds):
    print(f"{'flood':<18} {'server':<8}{'request':<9}{'p50 ms':>9}{'p95 ms':>9}{'noise':>7}"
          f"{'p99 ms':>9}{'sent again':>11}{'p95 with':>10}  {TAIL}")
    for (name, flood), found in rounds.items():
        for request in ("binding", "refresh"):
            p95, noise = middle(found, request, "p95_msec")
            print(f"{flood:<18} {name:<8}{request:<9}{middle(found, request, 'p50_msec')[0]:>9.3f}"
                  f"{p95:>9.3f}{100 * noise:>5.0f} %{middle(found, request, 'p99_msec')[0]:>9.3f}"
                  f"{100 * middle(found, request, 'lost')[0]:>9.2f} %"
                  f"{middle(found, request, 'p95_with_waiting_msec')[0]:>10.3f}  {tail(found)}")


PARTS = {"others": (others, print_others), "control": (control, print_control)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--servers", type=list_of(str, START), default=["relay", "coturn"])
    parser.add_argument("--floods", type=list_of(str, FLOODS), default=list(FLOODS))
    parser.add_argument("--parts", type=list_of(str, PARTS), default=list(PARTS))
    parser.add_argument("--allocations", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    enter_namespace()
    os.sched_setaffinity(0, {int(BENCH_CPU)})
    print(f"noise of the machine: {100 * calibrate():.0f} % between equal loops, load "
          f"{os.getloadavg()[0]:.1f}; {arguments.rounds} rounds of {arguments.seconds} s")
    found = {}
    for part in arguments.parts:
        measure_part, print_part = PARTS[part]
        rounds = rounds_of(arguments, measure_part)
        print_part(rounds)
        found[part] = [{"server": name, "flood": flood, "rounds": one}
                       for (name, flood), one in rounds.items()]
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
