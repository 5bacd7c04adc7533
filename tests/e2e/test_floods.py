"""Floods: of data, of strangers. Others are served meanwhile, and nothing grows."""

import threading

import e2e
import stun
from relay_process import SANITIZED, eventually
from stun import channel_data
from turn_client import PORT, udp_socket

CHANNEL = 0x4000
STRANGERS, DATAGRAMS = 40, 500


class Flood(threading.Thread):
    """Sends to the relay from a socket of its own until it is ended."""

    def __init__(self, send):
        super().__init__(daemon=True)
        self._send = send
        self._is_ending = threading.Event()
        self.sent = 0

    def run(self):
        while not self._is_ending.is_set():
            self._send()
            self.sent += 1

    def end(self):
        self._is_ending.set()
        self.join()


class Floods(e2e.E2eTest):
    def flood(self, send):
        flood = Flood(send)
        self.addCleanup(flood.end)
        flood.start()
        eventually("it is under way", lambda: flood.sent > 1000)
        return flood

    def test_data_does_not_starve_requests(self):
        self.relay(*e2e.LOOPBACK_PEERS, shards=1)
        loud, quiet, sink = self.client(), self.client(), udp_socket()
        self.addCleanup(sink.close)
        for client in (loud, quiet):
            client.allocate()
        loud.bind_channel(CHANNEL, stun.Address(*sink.getsockname()))
        datagram = channel_data(CHANNEL, bytes(1000))
        flood = self.flood(lambda: loud.send_raw(datagram))
        peers = self.flood(lambda: sink.sendto(bytes(1000), tuple(loud.relayed[4])))
        for _ in range(50):
            quiet.refresh()
            quiet.binding()
        for each in (flood, peers):
            each.end()
        peer = self.peer()
        quiet.bind_channel(CHANNEL, peer.address)
        self.assert_echoes(quiet, CHANNEL)

    def strangers(self):
        """From many addresses and ports: what nobody has signed, whole and broken."""
        allocate = stun.build(stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, stun.UDP))
        for i in range(STRANGERS):
            with udp_socket(local=(f"127.{1 + i}.0.1",)) as sock:
                for k in range(DATAGRAMS):
                    sock.sendto((allocate, allocate[:24], channel_data(CHANNEL + k, b"x"))[k % 3],
                                ("127.0.0.1", PORT))

    def test_strangers_leave_nothing_behind(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS, shards=1)

        def seen():
            counters = relay.counters(0)
            return counters["listener_received_packets"] + counters["kernel_drops"]

        def one_round():
            before = seen()
            self.strangers()
            # Those that the kernel dropped last show with the next one that it does not.
            def all_seen():
                self.client().binding()
                return seen() >= before + STRANGERS * DATAGRAMS
            eventually("all have come", all_seen)

        one_round()  # what is touched for the first time is touched now
        warm = relay.rss_kib(0)
        drops = relay.total("dropped_no_allocation")
        one_round()
        if not SANITIZED:  # a sanitizer keeps what was freed
            self.assertLessEqual(relay.rss_kib(0), warm + 256)
        self.assertEqual(relay.total("allocations"), 0)
        self.assertGreater(relay.total("dropped_no_allocation"), drops)
        client = self.client()
        client.allocate()
        client.bind_channel(CHANNEL, self.peer().address)
        self.assert_echoes(client, CHANNEL)


if __name__ == "__main__":
    e2e.main()
