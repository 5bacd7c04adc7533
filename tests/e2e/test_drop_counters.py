"""Whatever a client or peer sends in vain has its reason counted: each once, nothing else."""

import json
import os
import pathlib
import signal
import socket
import struct
import subprocess

import e2e
import stun
from relay_process import BUILD, clean_environment, eventually
from turn_client import PORT, udp_socket

CHANNEL = 0x4000
BLAST = pathlib.Path(BUILD["relay"]).parents[1] / "tests/bench/blast"


def queued_and_dropped(port):
    """The bytes that wait in the IPv4 socket of a port, and the datagrams it has dropped."""
    with open("/proc/self/net/udp", encoding="ascii") as file:
        for words in map(str.split, file.readlines()[1:]):
            if int(words[1].split(":")[1], 16) == port:
                return int(words[4].split(":")[1], 16), int(words[-1])
    raise AssertionError(f"no socket is bound to {port}")


class DropCounters(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.running = self.relay(*e2e.LOOPBACK_PEERS, shards=1)

    def drops(self):
        return {name: value for name, value in self.running.counters(0).items()
                if name.startswith("dropped_")}

    def assert_counts(self, what, times, send):
        """|send|() raises the drop counter |what| by |times|, and no other one."""
        before = self.drops()
        send()
        wanted = {**before, f"dropped_{what}": before[f"dropped_{what}"] + times}
        try:
            eventually(what, lambda: self.drops() == wanted, patience_sec=e2e.PATIENCE_SEC)
        except AssertionError:
            self.assertEqual(self.drops(), wanted)

    def test_clients(self):
        client = self.client()
        binding = stun.build(stun.BINDING, fingerprint=True)
        broken = binding[:-1] + bytes([binding[-1] ^ 1])
        indication = stun.build(stun.SEND)
        indication = struct.pack("!H", 0x0016) + indication[2:]
        response = struct.pack("!H", 0x0101) + stun.build(stun.BINDING)[2:]
        for what, datagram in (
            ("empty", b""),
            ("unknown_first_byte", b"\x80 is neither STUN nor ChannelData"),
            ("not_stun", b"\0\1"),
            ("bad_fingerprint", broken),
            ("indication", indication),
            ("malformed_stun", indication[:3] + b"\x08" + indication[4:]),
            ("response", response),
            ("malformed_channel_data", b"\x40\x00\x00\x09short"),
            ("no_allocation", stun.channel_data(CHANNEL, b"whose?")),
        ):
            with self.subTest(what):
                self.assert_counts(what, 3, lambda d=datagram: [client.send_raw(d)
                                                                for _ in range(3)])

    def test_allocations(self):
        client = self.client()
        peer, stranger = self.peer(), udp_socket()
        self.addCleanup(stranger.close)
        client.allocate()
        client.bind_channel(CHANNEL, peer.address)
        self.assert_echoes(client, CHANNEL)
        self.assert_counts("no_channel", 2,
                           lambda: [client.send(CHANNEL + 1, b"x") for _ in range(2)])
        self.assert_counts("peer_not_bound", 5, lambda: [
            stranger.sendto(b"x", tuple(client.relayed[4])) for _ in range(5)])
        self.assert_echoes(client, CHANNEL)

    def test_source_port_zero(self):
        """No socket sends from port 0, but a raw one can."""
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        self.addCleanup(raw.close)
        request = stun.build(stun.BINDING)
        header = struct.pack("!HHHH", 0, PORT, 8 + len(request), 0)
        self.assert_counts("source_port_zero", 4, lambda: [
            raw.sendto(header + request, ("127.0.0.1", 0)) for _ in range(4)])

    def test_a_payload_that_leaves_no_room_for_its_header(self):
        client = self.client()
        peer = udp_socket()
        self.addCleanup(peer.close)
        client.allocate()
        client.bind_channel(CHANNEL, stun.Address(*peer.getsockname()))
        self.assert_counts("too_large", 1,
                           lambda: peer.sendto(bytes(65507), tuple(client.relayed[4])))
        peer.sendto(bytes(65503), tuple(client.relayed[4]))
        self.assertEqual(client.receive(), (CHANNEL, bytes(65503)))

    def test_icmp_errors(self):
        """They are no datagrams, so they are counted by themselves, and end nothing."""
        client = self.client()
        peer, gone = self.peer(), udp_socket()
        client.allocate()
        client.bind_channel(CHANNEL, stun.Address(*gone.getsockname()))
        client.bind_channel(CHANNEL + 1, peer.address)
        gone.close()
        client.send(CHANNEL, b"nobody listens")
        eventually("it is counted", lambda: self.running.counters(0)["icmp_errors"] == 1)
        self.assert_echoes(client, CHANNEL + 1)

    def check_full_buffer(self, port, received, send):
        """What the kernel drops while the shard is held up is counted, once. It tells with the
        next datagram that it takes."""
        before = self.running.counters(0)

        def counted(name):
            return self.running.counters(0)[name] - before[name]

        pid = self.running.shard_pid(0)
        os.kill(pid, signal.SIGSTOP)
        for _ in range(500):
            send(b"\x80" * 30000)
        os.kill(pid, signal.SIGCONT)
        eventually("the buffer is empty", lambda: queued_and_dropped(port)[0] == 0)
        dropped = queued_and_dropped(port)[1]
        self.assertGreater(dropped, 0)
        for i in range(1, 4):
            send(b"\x80")
            eventually("the rest has come", lambda n=500 - dropped + i: counted(received) == n)
            self.assertEqual(counted("kernel_drops"), dropped)
        self.check_relayctl(before["kernel_drops"] + dropped)

    def relayctl(self, command, *more):
        done = subprocess.run(
            [BUILD["relayctl"], command, "--state-dir", self.folder / "state", *more],
            capture_output=True, text=True, check=False, env=clean_environment())
        self.assertEqual(done.stderr, "")
        return done.stdout

    def check_relayctl(self, drops):
        """What the kernel has dropped of a shard is in what relayctl says of it."""
        status = json.loads(self.relayctl("status", "--json"))
        self.assertEqual(status["shards"][0]["kernel_drops"], drops)
        header, row = self.relayctl("status").splitlines()[-2:]
        self.assertTrue(header.endswith(" kernel drops"), header)
        self.assertEqual(row.split()[-1], str(drops))
        found = json.loads(self.relayctl("top", "--json", "--count", "1", "--interval", "100"))
        self.assertIn({"reason": "kernel_drops", "total": drops},
                      [{k: drop[k] for k in ("reason", "total")} for drop in found["drops"]])

    def troubles(self):
        return json.loads(self.relayctl("status", "--json"))["shards"][0]["troubles"]

    def test_overload(self):
        """A client who floods with more than the shard can relay is told, and requests pass."""
        client, peer = self.client(), udp_socket()
        self.addCleanup(peer.close)
        client.allocate()
        client.bind_channel(CHANNEL, stun.Address(*peer.getsockname()))
        self.assertNotIn("overloaded", self.troubles())
        client.sock.connect(client.server)
        flood = subprocess.Popen([BLAST, str(client.sock.fileno()), "32"], stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, pass_fds=[client.sock.fileno()])
        self.addCleanup(flood.wait)
        self.addCleanup(flood.terminate)
        flood.stdin.write(stun.channel_data(CHANNEL, bytes(172)))
        flood.stdin.close()
        eventually("it is overloaded", lambda: "overloaded" in self.troubles(),
                   patience_sec=e2e.PATIENCE_SEC)
        self.assertIn("is sent more than it can relay", self.relayctl("status"))
        self.client().allocate()
        flood.terminate()
        flood.wait()
        eventually("nothing is shed", lambda: self.running.counters(0)["overloaded"] == 0,
                   patience_sec=e2e.PATIENCE_SEC)

    def test_full_receive_buffers(self):
        stranger = udp_socket()
        self.addCleanup(stranger.close)
        client = self.client()
        client.allocate()
        relayed = tuple(client.relayed[4])
        self.check_full_buffer(PORT, "listener_received_packets",
                               lambda datagram: stranger.sendto(datagram, ("127.0.0.1", PORT)))
        self.check_full_buffer(relayed[1], "relay_received_packets",
                               lambda datagram: stranger.sendto(datagram, relayed))


if __name__ == "__main__":
    e2e.main()
