"""A shard is killed while the others carry traffic: they lose nothing, and it comes back."""

import datetime
import os
import signal
import sys
import time

import e2e
from relay_process import SANITIZED, eventually

FLOWS = 24
BACK_WITHIN_SEC = 1.0  # a program with sanitizers takes longer to start


def when(event):
    """The time of an event in the log, in seconds since 1970."""
    return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


class ShardKilled(e2e.E2eTest):
    def test_others_lose_nothing_and_it_comes_back(self):
        relay = self.relay(shards=4)
        clients, owners = [], {}
        while len(clients) < FLOWS or len(set(owners.values())) < 4:
            client = self.client()
            client.allocate()
            # Each flow sends to itself: its own relayed address is its peer.
            client.bind_channel(0x4000, client.relayed[4])
            clients.append(client)
            owners[client] = relay.shard_of_port(client.relay_port)

        victim = owners[clients[0]]
        pid = relay.shard_pid(victim)
        for sequence in range(200):
            if sequence == 50:
                killed_at = time.time()
                os.kill(pid, signal.SIGKILL)
            for client in clients:
                if owners[client] != victim:
                    client.send(0x4000, b"%d" % sequence)
            for client in clients:
                if owners[client] != victim:
                    self.assertEqual(client.receive(), (0x4000, b"%d" % sequence))

        # Its own flows go on as well, and it takes new ones.
        for client in clients:
            if owners[client] == victim:
                self.assert_echoes(client, 0x4000)
                client.refresh()
        while True:
            client = self.client()
            client.allocate()
            if relay.shard_of_port(client.relay_port) == victim:
                break
        self.assertNotEqual(relay.shard_pid(victim), pid)
        back_at = [when(event) for event in relay.events("shard ready")
                   if event["shard"] == victim and when(event) > killed_at]
        print(f"it served again {back_at[0] - killed_at:.3f} s after SIGKILL")
        self.assertEqual(len(back_at), 1)
        if not SANITIZED:
            self.assertLess(back_at[0] - killed_at, BACK_WITHIN_SEC)

    def test_shards_end_with_a_killed_supervisor(self):
        relay = self.relay()
        pids = {relay.shard_pid(shard) for shard in range(2)}
        self.assertEqual(len(pids), 2)
        relay.kill()
        eventually("the shards end",
                   lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))


class Stop(e2e.E2eTest):
    def test_a_signal_that_our_parent_ignored_stops_shards_that_just_start(self):
        relay = self.launch(prefix=(
            sys.executable, "-c", "import os, signal, sys\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
            "os.kill(os.getpid(), signal.SIGTERM)\n"
            "os.execv(sys.argv[1], sys.argv[1:])"))
        self.assertEqual(relay.wait(), 0)

    def test_either_signal_stops(self):
        for command in ("run", "shard --shard 0"):
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(command=command, signal=number.name):
                    relay = self.relay(command=command, shards=1)
                    self.client().allocate()
                    relay.signal(number)
                    self.assertEqual(relay.wait(), 0)
                    self.assertFalse(relay.events("shard died"))
                    self.assertEqual(len(relay.events("shard stopped")), 1)

    def test_a_terminal_interrupts_the_supervisor_alone(self):
        """It tells its shards itself, and once."""
        relay = self.relay()
        groups = {os.getpgid(relay.shard_pid(shard)) for shard in range(2)}
        self.assertNotIn(os.getpgid(relay.pid), groups)

    def test_second_signal_stops_a_stuck_shard_at_once(self):
        relay = self.relay()
        os.kill(relay.shard_pid(0), signal.SIGSTOP)
        relay.signal(signal.SIGTERM)
        self.assertEqual(relay.wait_event("relay stopping")["signal"], "SIGTERM")
        relay.signal(signal.SIGINT)
        self.assertEqual(relay.wait(), 0)


if __name__ == "__main__":
    e2e.main()
