"""held_shards.py — shards as a service manager runs them: each a `relay shard` with a listening
socket of one reuseport group, which the test holds and can give to another shard."""

import signal
import socket

import e2e
from passing import passing
from turn_client import PORT


class HeldShards:
    """|count| shards of one state directory. The sockets live as long as the test."""

    def __init__(self, test, *options, count=4):
        self._test = test
        self._options = (*e2e.LOOPBACK_PEERS, *options)
        self.count = count
        self.sockets = []
        for _ in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            test.addCleanup(sock.close)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("", PORT))
            self.sockets.append(sock)
        self.shards = []

    def start(self, shift=0):
        """Starts all shards, shard k with socket k + |shift|, and waits until they serve."""
        self.shards = [self._launch(k, (k + shift) % self.count) for k in range(self.count)]
        for shard in self.shards:
            shard.wait_ready()
        return self

    def _launch(self, shard, socket_number):
        return self._test.launch(*self._options, command=f"shard --shard {shard}",
                                 shards=self.count, public6=None,
                                 **passing(self.sockets[socket_number]))

    def replace(self, shard, socket_number):
        """Stops a shard and starts it anew with another socket. Returns it."""
        self.shards[shard].stop()
        self.shards[shard] = self._launch(shard, socket_number).wait_ready()
        return self.shards[shard]

    def stop(self):
        for shard in self.shards:
            shard.signal(signal.SIGTERM)
        for shard in self.shards:
            if shard.wait() != 0:
                raise AssertionError(f"a shard ended with {shard.process.returncode}")

    def total(self, name):
        """A counter, summed over all shards."""
        return sum(self.shards[0].counters(k)[name] for k in range(self.count))

    def shard_of_port(self, port):
        for shard in self.shards:
            event = shard.events("shard ready")[-1]
            lowest, highest = map(int, event["relay_ports"].split("-"))
            if lowest <= port <= highest:
                return event["shard"]
        raise AssertionError(f"relay port {port} is in no shard's slice")
