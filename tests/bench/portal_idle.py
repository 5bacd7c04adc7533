#!/usr/bin/python3
"""Prints what an idle portal process costs: memory, and CPU time over a while with its heartbeats.

    portal_idle.py [--seconds N] RELAY_PORTAL

Over TLS, in a network namespace of its own.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import namespace  # noqa: E402 pylint: disable=wrong-import-position


def smaps(pid):
    """Memory in KiB, by kind."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return {row[0].rstrip(":"): int(row[1]) for row in rows}


def cpu_sec(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakeups(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("voluntary"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("relay_portal")
    arguments = parser.parse_args()
    os.environ["RELAY_E2E_RELAY_PORTAL"] = str(pathlib.Path(arguments.relay_portal).resolve())
    namespace.enter()
    from portal import Authority, Portal  # pylint: disable=import-outside-toplevel
    from test_portal_client import PortalProcess  # pylint: disable=import-outside-toplevel
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as name:
        folder = pathlib.Path(name)
        authority = Authority(folder)
        portal = Portal(tls=authority.server_context("IP:127.0.0.1"))
        process = PortalProcess(folder, "--portal-url", portal.url, "--portal-ca-file",
                                authority.file)
        try:
            portal.wait_relay()
            time.sleep(0.2)
            cpu, woken, began = cpu_sec(process.pid), wakeups(process.pid), time.monotonic()
            time.sleep(arguments.seconds)
            spent = time.monotonic() - began
            memory = smaps(process.pid)
            print(f"memory: {memory['Rss']} KiB resident, {memory['Pss']} KiB of it its share, "
                  f"{memory['Private_Dirty']} KiB its own")
            print(f"CPU: {cpu_sec(process.pid) - cpu:.2f} s in {spent:.0f} s, "
                  f"{wakeups(process.pid) - woken} wake-ups")
        finally:
            process.kill()
            portal.close()


if __name__ == "__main__":
    main()
