"""ownership.py — compares what an ownership registry has recorded with what is there."""

import subprocess

from relay_process import BUILD, eventually

HOST = "test"


def options(url):
    """Of a relay that keeps its ownership at |url|."""
    return ("--coordination", url, "--instance", HOST)


class Recorded:
    """All that is recorded of our host: for each shard its allocations and channels."""

    def __init__(self, url, state_dir):
        done = subprocess.run([BUILD["read_records"], url, state_dir, HOST],
                              capture_output=True, text=True, check=False)
        self.problem = done.stderr.strip() if done.returncode else None
        self.live = set()
        self.unreadable = 0
        self.unclaimed = 0
        self.allocations = {}  # CLIENT>SERVER: [(shard, port)]
        self.channels = {}  # CLIENT>SERVER: {(number, peer)}
        for line in done.stdout.splitlines():
            word, shard, *rest = line.split()
            if word == "lease" and rest[1] == "live":
                self.live.add(int(shard))
            elif word == "allocation":
                self.allocations.setdefault(rest[0], []).append((int(shard), int(rest[1])))
                self.unclaimed += rest[2] == "unclaimed"
            elif word == "channel":
                self.channels.setdefault(rest[0], set()).add((int(rest[1]), rest[2]))
            elif word == "unreadable":
                self.unreadable += 1

    def count_of(self, shard):
        """How many allocations and channels it has."""
        keys = [key for key, owners in self.allocations.items()
                for owner, _ in owners if owner == shard]
        return len(keys), sum(len(self.channels.get(key, ())) for key in keys)


def _differences(relay, recorded, clients):
    """What is not as it ought to be, a sentence each."""
    if recorded.problem:
        yield recorded.problem
    if recorded.unreadable:
        yield f"{recorded.unreadable} records cannot be read"
    if recorded.unclaimed:
        yield f"{recorded.unclaimed} are recorded as unclaimed"
    for shard in range(relay.shards):
        counters = relay.counters(shard)
        has = (counters["allocations"], counters["channels"])
        if recorded.count_of(shard) != has:
            yield (f"shard {shard} has {has} allocations and channels, and "
                   f"{recorded.count_of(shard)} are recorded")
        if not counters["lease_held"] or shard not in recorded.live:
            yield f"shard {shard} has no lease"
        if counters["allocations_unclaimed"]:
            yield f"shard {shard} has {counters['allocations_unclaimed']} unclaimed"
    for key, owners in recorded.allocations.items():
        if len(owners) != 1:
            yield f"{key} is recorded as {owners}"
    by_client = {key.partition(">")[0]: key for key in recorded.allocations}
    for client in clients:
        key = by_client.get(f"{client.local.ip}:{client.local.port}")
        if key is None or recorded.allocations[key][0][1] != client.relay_port:
            yield f"the allocation of {client.local} is not recorded as it is"
        elif client.channels != recorded.channels.get(key, set()):
            yield f"{client.local} has {client.channels}, not {recorded.channels.get(key)}"


def assert_complete(relay, url, clients=()):
    """Before long each live allocation is recorded exactly once, with its channels and under the
    shard that has it, and nothing else is. |clients| are IPv4 clients whose |channels| is a set of
    (number, "IP:PORT")."""
    found = []

    def is_complete():
        found[:] = _differences(relay, Recorded(url, relay.state_dir), clients)
        return not found
    try:
        eventually("what is recorded is what there is", is_complete)
    except AssertionError as error:
        raise AssertionError(f"{error}:\n" + "\n".join(found)) from None
