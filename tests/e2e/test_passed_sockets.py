"""Listening sockets that a foreign parent binds, holds and passes: the LISTEN_FDS convention."""

import os
import signal
import socket

import e2e
import stun
from passing import passing
from stun import Message
from turn_client import PORT, udp_socket


class PassedSockets(e2e.E2eTest):
    def listener(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM, port=PORT, v6only=1):
        """A socket as a service manager would bind it."""
        sock = socket.socket(family, kind)
        self.addCleanup(sock.close)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        sock.bind(("", port))
        return sock

    def shard(self, *sockets, start=None):
        return (start or self.relay)(*e2e.LOOPBACK_PEERS, command="shard --shard 0", shards=1,
                                     **passing(*sockets))

    def test_it_serves_both_families(self):
        self.shard(self.listener(), self.listener(socket.AF_INET6))
        for server in ("127.0.0.1", "::1"):
            client = self.client(server)
            self.assertEqual(client.binding(), client.local)
            client.allocate()
            peer = self.peer()
            client.bind_channel(0x4000, peer.address)
            self.assert_echoes(client, 0x4000)

    def test_datagrams_wait_while_nobody_reads(self):
        """The parent holds the socket, so what comes between two processes is not lost."""
        sockets = [self.listener(), self.listener(socket.AF_INET6)]
        relay = self.shard(*sockets)
        os.kill(relay.pid, signal.SIGKILL)
        relay.wait()
        requests = []
        for _ in range(50):
            sock = udp_socket()
            self.addCleanup(sock.close)
            request = stun.build(stun.BINDING)
            sock.sendto(request, ("127.0.0.1", PORT))
            requests.append((sock, Message(request).transaction_id))
        self.shard(*sockets)
        for sock, transaction_id in requests:
            sock.settimeout(e2e.PATIENCE_SEC)
            self.assertEqual(Message(sock.recv(2048)).transaction_id, transaction_id)

    def test_wrong_sockets_are_refused(self):
        """One line says what is wrong with which descriptor, and the exit code is 1."""
        stream = self.listener(kind=socket.SOCK_STREAM)
        other_port = self.listener(port=3479)
        both = self.listener(socket.AF_INET6, v6only=0)
        with open("/dev/null", "rb") as file:
            for passed, why in ((stream, "descriptor 3"), (other_port, "3479"),
                                (both, "IPv6 only"), (file, "descriptor 3")):
                with self.subTest(why=why):
                    relay = self.shard(passed, start=self.launch)
                    self.assertEqual(relay.wait(), 1)
                    self.assertIn(why, relay.text())

    def test_a_family_that_is_missing_is_refused(self):
        relay = self.shard(self.listener(), start=self.launch)
        self.assertEqual(relay.wait(), 1)
        self.assertIn("IPv6", relay.text())

    def test_variables_for_another_process_are_not_ours(self):
        relay = self.relay(command="shard --shard 0", shards=1,
                           environment={"LISTEN_PID": "1", "LISTEN_FDS": "2"})
        self.assertEqual(self.client().binding().ip, "127.0.0.1")
        self.assertTrue(relay.is_running())

    def test_descriptors_that_are_not_there_are_refused(self):
        """Whatever we have opened by then is no passed socket; above all not the log."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.launch(command="shard --shard 0", shards=1, pass_fds=(writing,),
                    prefix=("sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" "$@" 2>&{writing}'
                                        f' {writing}>&-')).wait()
        os.close(writing)
        with open(reading, encoding="utf-8", closefd=False) as log:
            self.assertIn("descriptor 3", log.read())

    def test_variables_that_make_no_sense_are_refused(self):
        """exec keeps the process id, so a shell can name it."""
        relay = self.launch(command="shard --shard 0", shards=1,
                            prefix=("sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=many exec "$0" "$@"'))
        self.assertEqual(relay.wait(), 1)
        self.assertIn("LISTEN_FDS", relay.text())


if __name__ == "__main__":
    e2e.main()
