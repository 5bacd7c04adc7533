"""A shard that is stopped for longer than its lease and wakes up: it asks what it still owns before it
sends anything, and goes on with what nobody took."""

import os
import select
import signal
import time

import e2e
import registries
from held_shards import HeldShards
from relay_process import eventually
from turn_client import NoAnswer, TurnError, udp_socket

# coord/lease.h. Only a pause of at least so long is what these tests are about.
LEASE_SEC = 6
LEASE_PATIENCE_SEC = 60


class Pause:
    def allocate(self, shards, shard):
        """A client whose allocation |shard| has, with a channel to itself."""
        while True:
            client = self.client()
            client.allocate()
            if shards.shard_of_port(client.relay_port) == shard:
                client.bind_channel(0x4000, client.relayed[4])
                return client
            client.refresh(0)

    def allocate_again(self, client):
        """Until the allocation that the client had is nobody's any more."""
        def is_allocated():
            try:
                client.allocate()
                return True
            except (TurnError, NoAnswer):
                return False
        client.patience_sec = 1.0
        eventually("another shard takes the five-tuple", is_allocated, LEASE_PATIENCE_SEC)
        client.patience_sec = e2e.PATIENCE_SEC

    def test_what_another_shard_took_is_lost_and_the_rest_stays(self):
        registry = self.registry_type(self)
        shards = HeldShards(self, *registry.options, count=2).start()
        peer = udp_socket()
        self.addCleanup(peer.close)
        taken, kept = self.allocate(shards, 0), self.allocate(shards, 0)
        taken.bind_channel(0x4001, peer.getsockname())
        old = tuple(taken.relayed[4])
        sleeper = shards.shards[0].pid
        os.kill(sleeper, signal.SIGSTOP)
        # The shard that runs gets the sleeper's socket, and so what the two clients send.
        runner = shards.replace(1, socket_number=0)
        self.allocate_again(taken)
        self.assertNotEqual(tuple(taken.relayed[4]), old)
        taken.bind_channel(0x4000, taken.relayed[4])
        self.assert_echoes(taken, 0x4000)

        # The peer goes on sending to the old allocation, before and after its owner wakes up.
        kept.send(0x4000, b"waits")
        for _ in range(50):
            peer.sendto(b"to the old one", old)
        os.kill(sleeper, signal.SIGCONT)
        for _ in range(50):
            peer.sendto(b"to the old one", old)
        eventually("it notices", lambda: runner.counters(0)["pauses"] == 1)
        eventually("it learns what it has lost",
                   lambda: runner.counters(0)["allocations_lost"] == 1)
        eventually("it has a lease again", lambda: runner.counters(0)["lease_held"])
        self.assertEqual(kept.receive(), (0x4000, b"waits"))
        self.assert_echoes(kept, 0x4000)
        kept.refresh()
        # Nothing but what the new owner relays has reached the client.
        self.assert_echoes(taken, 0x4000)
        self.assertFalse(select.select([taken.sock], [], [], 0)[0])
        self.assertEqual(runner.counters(0)["allocations"], 1)
        self.assertEqual(runner.counters(1)["allocations"], 1)

    def test_a_pause_that_nobody_used_costs_nothing(self):
        """All that the shard had is there when it wakes up, and nobody else was in its way."""
        registry = self.registry_type(self)
        shards = HeldShards(self, *registry.options, count=2).start()
        clients = [self.allocate(shards, 0) for _ in range(5)]
        sleeper = shards.shards[0].pid
        os.kill(sleeper, signal.SIGSTOP)
        for client in clients:
            client.send(0x4000, b"waits")
        time.sleep(LEASE_SEC + 1)
        os.kill(sleeper, signal.SIGCONT)
        for client in clients:
            self.assertEqual(client.receive(), (0x4000, b"waits"))
            client.refresh()
            self.assert_echoes(client, 0x4000)
        self.assertEqual(shards.shards[0].counters(0)["pauses"], 1)
        self.assertEqual(shards.shards[0].counters(0)["allocations_lost"], 0)


globals().update(registries.for_each(type("Pause", (Pause, e2e.E2eTest), {}),
                                     sanitized=(registries.LocalRegistry,)))

if __name__ == "__main__":
    e2e.main()
