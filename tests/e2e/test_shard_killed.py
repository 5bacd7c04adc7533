"""A shard is killed while the others carry traffic: they lose nothing, and it comes back."""

import os
import signal
import time

import harness
from stun import Credential
from turn_client import TurnClient

FLOWS = 24


class ShardKilled(harness.RelayTest):
    def owners(self, relay, clients, port_of):
        """Flow → shard, by the slice that its relay port is in."""
        width = 16384 // relay.shards
        return {client: (port_of[client] - 49152) // width for client in clients}

    def test_others_lose_nothing_and_it_comes_back(self):
        relay = self.relay(shards=4)
        credential = Credential(*self.credential("stamp"))
        clients, port_of = [], {}
        while len(clients) < FLOWS or len(set(self.owners(relay, clients, port_of).values())) < 4:
            client = TurnClient("127.0.0.1", credential)
            self.addCleanup(client.close)
            client.allocate()
            port_of[client] = client.relay_port
            # Each flow sends to itself: its own relayed address is its peer.
            client.bind_channel(0x4000, ("127.0.0.1", port_of[client]))
            clients.append(client)
        owners = self.owners(relay, clients, port_of)

        victim = owners[clients[0]]
        pid = relay.shard_pids()[victim]
        for sequence in range(200):
            if sequence == 50:
                os.kill(pid, signal.SIGKILL)
                killed_at = time.monotonic()
            for client in clients:
                if owners[client] != victim:
                    client.send(0x4000, b"%d" % sequence)
            for client in clients:
                if owners[client] != victim:
                    self.assertEqual(client.receive(), (0x4000, b"%d" % sequence))

        # Allocations end with their shard, so its flows start anew on the same five-tuple.
        client = clients[0]
        client.allocate()
        port = client.relay_port
        self.assertEqual((port - 49152) // (16384 // 4), victim)
        client.bind_channel(0x4000, ("127.0.0.1", port))
        client.send(0x4000, b"again")
        self.assertEqual(client.receive(), (0x4000, b"again"))
        print(f"back and allocating {time.monotonic() - killed_at:.3f} s after SIGKILL "
              "(the time of 150 rounds of the other flows included)")
        self.assertNotEqual(relay.shard_pids()[victim], pid)

    def test_shards_end_with_a_killed_supervisor(self):
        relay = self.relay()
        pids = relay.shard_pids().values()
        self.assertEqual(len(pids), 2)
        relay.process.kill()
        relay.process.wait(harness.DEADLINE)
        relay.process.returncode = 0
        harness.wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids),
                           "the shards end")


class Stop(harness.RelayTest):
    def test_second_signal_stops_a_stuck_shard_at_once(self):
        relay = self.relay()
        os.kill(relay.shard_pids()[0], signal.SIGSTOP)
        relay.process.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: "stopping" in relay.log(), "the first signal is taken")
        relay.process.send_signal(signal.SIGINT)
        relay.process.wait(5)
        relay.process.returncode = 0


if __name__ == "__main__":
    harness.main()
