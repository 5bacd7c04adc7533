#!/usr/bin/python3
"""Prints the memory of a shard with 0 and with 4,000 allocations of one channel each.

    tests/bench/memory.py [--limit BYTES] [RELAY]

RELAY is build/shard/relay unless given. With --limit it fails when an allocation takes more.
"""

import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import namespace  # noqa: E402
from relay_process import BUILD, SECRET, Relay  # noqa: E402
from stun import rest_credential  # noqa: E402
from turn_client import TurnClient  # noqa: E402

ALLOCATIONS = 4000
FIRST_PORT = 10000


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def measure():
    """The resident KiB of a shard before and after the allocations."""
    with tempfile.TemporaryDirectory() as folder:
        relay = Relay(folder, "--allow-peer", "127.0.0.0/8", command="shard --shard 0", shards=1,
                      public6=None)
        try:
            relay.wait_ready()
            empty = resident_kib(relay.pid)
            credential = rest_credential(SECRET)
            for i in range(ALLOCATIONS):
                # An allocation outlives its client's socket.
                with TurnClient(credential=credential, local=("127.0.0.1", FIRST_PORT + i)) as client:
                    client.allocate()
                    client.bind_channel(0x4000, ("127.0.0.1", 40000))
            full = resident_kib(relay.pid)
            relay.stop()
        finally:
            relay.kill()
    return empty, full


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("relay", nargs="?", default=str(ROOT / "build" / "shard" / "relay"))
    parser.add_argument("--limit", type=int, metavar="BYTES")
    options = parser.parse_args()
    namespace.enter()
    BUILD["relay"] = options.relay
    empty, full = measure()
    each = (full - empty) * 1024 / ALLOCATIONS
    print(f"no allocation:     {empty} KiB resident")
    print(f"{ALLOCATIONS} allocations:  {full} KiB resident")
    print(f"each allocation with a channel: {each:.0f} bytes")
    if options.limit is not None and each > options.limit:
        sys.exit(f"more than {options.limit} bytes")


if __name__ == "__main__":
    main()
