#!/usr/bin/python3
"""Prints the memory of a shard with 0 and with 4,000 allocations of one channel each.

    tests/bench/memory.py [RELAY]      RELAY is build/shard/relay unless given
"""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import harness  # noqa: E402
import stun  # noqa: E402
from turn_client import TurnClient  # noqa: E402

ALLOCATIONS = 4000
FIRST_PORT = 10000


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def main():
    relay = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "shard" / "relay")
    harness.enter_namespace()
    with tempfile.TemporaryDirectory() as state_dir:
        process = harness.start([
            relay, "shard", "--shard", "0", "--shards", "1", "--public-ip4-addr", "127.0.0.1",
            "--allow-peer", "127.0.0.0/8", "--state-dir", state_dir, "--log-level", "warning",
            "--auth-secret", harness.SECRET])
        harness.wait_until(lambda: harness.binding_answer(("127.0.0.1", 3478)), "an answer")
        empty = resident_kib(process.pid)
        credential = stun.rest_credential(harness.SECRET)
        for i in range(ALLOCATIONS):
            # An allocation outlives its client's socket.
            local = ("127.0.0.1", FIRST_PORT + i)
            with TurnClient("127.0.0.1", credential, local=local) as client:
                client.allocate()
                client.bind_channel(0x4000, ("127.0.0.1", 40000))
        full = resident_kib(process.pid)
        process.terminate()
        process.wait(harness.DEADLINE)
    print(f"no allocation:     {empty} KiB resident")
    print(f"{ALLOCATIONS} allocations:  {full} KiB resident")
    print(f"each allocation with a channel: {(full - empty) * 1024 / ALLOCATIONS:.0f} bytes")


if __name__ == "__main__":
    main()
