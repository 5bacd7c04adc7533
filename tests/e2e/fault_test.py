"""fault_test.py — a relay whose ownership registry breaks under load, and what has to go on."""

import os
import signal
import time
from collections import Counter

import e2e
import ownership
from bench_process import Bench
from relay_process import SANITIZED, eventually
from stun import Address
from turn_client import TurnError

SHARDS = 4
ALLOCATIONS = 40 if SANITIZED else 100
RATE = 1000 if SANITIZED else 4000
CLIENTS = 12
# What a shard's table of claims, buffers and the like may grow by in an outage.
RSS_GROWTH_MAX_KIB = 100 * 1024 if SANITIZED else 8 * 1024
# Allocations made and deleted to see it: freed relay ports rest for a minute, and there are 16,384.
CHURN_MAX = 8000
# Of one core, by a shard that has nothing to relay.
IDLE_CPU_MAX = 0.25

AWAY = "ownership registry is away; relaying goes on, new allocations are claimed later"
BACK = "ownership registry is back; publishing what is owned here"


class FaultTest(e2e.E2eTest):
    """Begins with begin(), breaks something, and ends with finish()."""

    def begin(self, url, *options):
        """A relay with the registry at |url|, the load of relay-bench, and clients of our own."""
        self.launch_shards(url, *options)
        self.begin_load()
        self.assert_complete()

    def launch_shards(self, url, *options):
        self.url = url
        self.shards = self.relay(*e2e.LOOPBACK_PEERS, *ownership.options(url), *options,
                                 shards=SHARDS)
        self.clients = []
        self.killed = set()  # shards whose flows are interrupted
        self.lost = set()  # shards whose allocations of relay-bench may be lost

    def begin_load(self):
        self.bench = Bench(self, "--allocations", ALLOCATIONS, "--rate", RATE, duration_sec=200)
        eventually("all have their channels",
                   lambda: self.shards.total("channels") == ALLOCATIONS)
        self.begin_clients()

    def begin_clients(self):
        """Clients of our own, at least two of each shard."""
        while len(self.clients) < CLIENTS or min(
                Counter([*range(SHARDS), *map(self.shard_of, self.clients)]).values()) < 3:
            self.clients.append(self.allocation())

    def allocation(self):
        """A client with a channel to itself."""
        client = self.client()
        client.allocate()
        client.channels = set()
        self.bind(client, client.relayed[4])
        self.assert_echoes(client, 0x4000)
        return client

    def bind(self, client, peer):
        number = 0x4000 + len(client.channels)
        client.bind_channel(number, peer)
        client.channels.add((number, f"{peer.ip}:{peer.port}"))

    def forget(self, client):
        client.refresh(0)
        self.clients.remove(client)

    @staticmethod
    def error_of_refresh(client):
        """The code of the error that a Refresh gets."""
        try:
            client.refresh()
        except TurnError as error:
            return error.code
        return None

    def shard_of(self, client):
        return self.shards.shard_of_port(client.relay_port)

    def events_of(self, message, shard):
        return [e for e in self.shards.events(message) if e["shard"] == shard]

    def wait_all(self, message, count):
        """Each shard logs |message| for the |count|th time."""
        for shard in range(SHARDS):
            eventually(f"shard {shard} logs {message!r}",
                       lambda shard=shard: len(self.events_of(message, shard)) >= count)

    def wait_away(self, count=1):
        self.wait_all(AWAY, count)

    def wait_all_back(self, count=1):
        """All use it again. A shard that was killed meanwhile need not have missed it: what its
        process finds at its start may be back already."""
        for shard in set(range(SHARDS)) - self.killed:
            eventually(f"shard {shard} logs {BACK!r}",
                       lambda shard=shard: len(self.events_of(BACK, shard)) >= count)
        for shard in range(SHARDS):
            eventually(f"shard {shard} has a lease",
                       lambda shard=shard: self.shards.counters(shard)["lease_held"])

    def wait_back(self, count=1):
        """The same, and the log has told each change once. With sanitizers the registry is now and
        then too slow for the shards once more, which are two changes more."""
        self.wait_all_back(count)
        for shard in set(range(SHARDS)) - self.killed:
            told = [len(self.events_of(message, shard)) for message in (AWAY, BACK)]
            self.assertEqual(told, [told[0]] * 2 if SANITIZED else [count] * 2, shard)

    def assert_serves_old(self, without=()):
        """Clients of shards but |without| get all that they ask for."""
        for client in self.clients:
            if self.shard_of(client) not in without:
                client.refresh()
                self.bind(client, Address("127.0.0.1", 9000 + len(client.channels)))
                self.assert_echoes(client, 0x4000)

    def assert_serves(self, without=()):
        """And so do new ones, which it returns."""
        self.assert_serves_old(without)
        new = [self.allocation() for _ in range(CLIENTS)]
        self.clients += new
        self.forget(new[-1])
        return new[:-1]

    def assert_serves_unclaimed(self, without=()):
        """As assert_serves, while there is no registry: what is new is unclaimed, and so may be
        what was being claimed when it went."""
        new = self.assert_serves(without)
        self.assertGreaterEqual(self.shards.total("allocations_unclaimed"), len(new))

    def assert_complete(self):
        """What is recorded is what there is."""
        ownership.assert_complete(self.shards, self.url, self.clients)

    def kill(self, shard):
        """Kills a shard and waits until it serves again."""
        pid, ready = self.shards.shard_pid(shard), len(self.events_of("shard ready", shard))
        os.kill(pid, signal.SIGKILL)
        eventually(f"shard {shard} serves again",
                   lambda: len(self.events_of("shard ready", shard)) > ready)
        self.killed.add(shard)

    def assert_no_loss(self):
        """Ends the load. No flow of a shard that lived on has lost a datagram."""
        self.bench.stop()
        result = self.bench.result(interrupted=True)
        lost = {flow["relay_port"] for flow in result["flows"]
                if self.shards.shard_of_port(flow["relay_port"]) in self.lost}
        self.assertLessEqual(result["setup"]["failed"], len(lost))
        sent = 0
        for flow in result["flows"]:
            if self.shards.shard_of_port(flow["relay_port"]) not in self.killed:
                self.assertEqual(flow["received"], flow["sent"], flow)
                sent += flow["sent"]
        self.assertGreater(sent, 0)
        for way in ("up", "down"):
            for wrong in ("reordered", "duplicates", "corrupt", "misdelivered"):
                self.assertEqual(result["traffic"][way][wrong], 0, wrong)
        print(f"{self.id().rpartition('.')[2]}: {sent} datagrams relayed in "
              f"{result['traffic']['seconds']:.1f} s, none lost")
        return result

    def assert_restorable(self):
        """Every shard is killed, and comes back with all that it had."""
        before = [self.shards.counters(k) for k in range(SHARDS)]
        for shard in range(SHARDS):
            self.kill(shard)
            after = self.shards.counters(shard)
            self.assertEqual(after["restore_dropped"], 0)
            for gauge in ("allocations", "channels"):
                self.assertEqual(after[gauge], before[shard][gauge], f"{gauge} of shard {shard}")
        for client in self.clients:
            client.refresh()
            self.assert_echoes(client, 0x4000)

    def finish(self):
        """All is as if nothing had happened."""
        self.assert_complete()
        self.assert_no_loss()
        self.assert_complete()
        self.assert_restorable()
        for client in list(self.clients):
            self.forget(client)
        self.assert_complete()
        self.assertEqual(self.shards.total("allocations"), 0)

    def cpu_sec(self):
        """CPU time of each shard so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        seconds = []
        for shard in range(SHARDS):
            with open(f"/proc/{self.shards.shard_pid(shard)}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            seconds.append((int(fields[11]) + int(fields[12])) / ticks)
        return seconds

    def assert_idle(self, seconds=2.5):
        """No shard, which has nothing to relay, uses much of a core."""
        before, began = self.cpu_sec(), time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        shares = [(b - a) / took for a, b in zip(before, self.cpu_sec())]
        self.assertLess(max(shares), IDLE_CPU_MAX)
        print(f"{self.id().rpartition('.')[2]}: at most {100 * max(shares):.1f} % of a core by a "
              "shard that has nothing to do")

    def assert_bounded_memory(self, seconds=10):
        """Allocations come and go without a registry, and no shard grows. Not so many that all
        relay ports rest."""
        before = [self.shards.rss_kib(k) for k in range(SHARDS)]
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end and count < CHURN_MAX:
            clients = [self.allocation() for _ in range(20)]
            for client in clients:
                client.refresh(0)
                client.close()
            count += len(clients)
        growth = [self.shards.rss_kib(k) - before[k] for k in range(SHARDS)]
        self.assertLess(max(growth), RSS_GROWTH_MAX_KIB)
        print(f"{self.id().rpartition('.')[2]}: {count} allocations made and deleted, "
              f"a shard has grown by at most {max(growth)} KiB")
