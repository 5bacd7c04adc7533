#!/usr/bin/python3
"""The sockets by which shards hand datagrams over to each other."""

import contextlib
import ipaddress
import os
import signal
import socket
import stat
import struct

import e2e
import stun
from passing import passing
from relay_process import eventually
from stun import Message, address_of
from turn_client import PORT, udp_socket


def record(client, server, datagram, hops=1):
    """A datagram as one shard hands it to another (shard/redirect_message.h)."""
    def packed(address):
        scope = struct.pack("!I", 0) if address.family == 6 else b""
        return struct.pack("!H", address.port) + scope + ipaddress.ip_address(address.ip).packed

    return (struct.pack("!BBH", client.family, hops, len(datagram)) + packed(client)
            + packed(server) + datagram)


def message(*records):
    return b"\1" + b"".join(records)


class RedirectSocket(e2e.E2eTest):
    def connect(self, relay, shard):
        """A socket to |shard|, as another shard has one."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.connect(str(relay.state_dir / f"shard-{shard}.sock"))
        return sock

    def client_socket(self, family=4):
        sock = udp_socket(family)
        self.addCleanup(sock.close)
        sock.settimeout(e2e.PATIENCE_SEC)
        return sock

    def binding_of(self, client, server_ip="127.0.0.1"):
        """A record with a Binding request of |client|, and its transaction."""
        request = stun.build(stun.BINDING)
        return (record(address_of(client.getsockname()), stun.Address(server_ip, PORT), request),
                Message(request).transaction_id)

    def assert_answered(self, client, transaction_id, server_ip="127.0.0.1"):
        datagram, source = client.recvfrom(65536)
        answer = Message(datagram)
        self.assertEqual(answer.transaction_id, transaction_id)
        self.assertEqual(answer.mapped, address_of(client.getsockname()))
        self.assertEqual(address_of(source), stun.Address(server_ip, PORT))

    def test_what_is_handed_over_is_answered_from_the_shared_port(self):
        relay = self.relay()
        for shard in range(2):
            for family, server_ip in ((4, "127.0.0.1"), (6, "::1")):
                clients = [self.client_socket(family) for _ in range(3)]
                bindings = [self.binding_of(client, server_ip) for client in clients]
                self.connect(relay, shard).send(message(*(part for part, _ in bindings)))
                for client, (_, transaction_id) in zip(clients, bindings):
                    self.assert_answered(client, transaction_id, server_ip)
            self.assertEqual(relay.counters(shard)["redirect_received_packets"], 6)
            self.assertEqual(relay.counters(shard)["redirect_received_messages"], 2)

    def test_only_the_relays_user_may_write(self):
        relay = self.relay()
        for shard in range(2):
            mode = os.lstat(relay.state_dir / f"shard-{shard}.sock").st_mode
            self.assertTrue(stat.S_ISSOCK(mode))
            self.assertEqual(stat.S_IMODE(mode), 0o600)

    def test_messages_wait_while_the_shard_restarts(self):
        relay = self.relay()
        pid = relay.shard_pid(0)
        sock = self.connect(relay, 0)
        os.kill(pid, signal.SIGSTOP)
        clients = [self.client_socket() for _ in range(5)]
        bindings = [self.binding_of(client) for client in clients]
        for part, _ in bindings:
            sock.send(message(part))
        os.kill(pid, signal.SIGKILL)
        for client, (_, transaction_id) in zip(clients, bindings):
            self.assert_answered(client, transaction_id)
        self.assertNotEqual(relay.shard_pid(0), pid)
        # And the connection from before still holds.
        part, transaction_id = self.binding_of(clients[0])
        sock.send(message(part))
        self.assert_answered(clients[0], transaction_id)

    def test_garbage_is_dropped_and_counted(self):
        relay = self.relay(shards=1)
        sock = self.connect(relay, 0)
        client = self.client_socket()
        part, transaction_id = self.binding_of(client)
        for garbage in (b"", b"\0", b"\2" + part, b"\1\5\0\0", message(part)[:-1]):
            sock.send(garbage)
        sock.send(message(part) + b"\4")
        self.assert_answered(client, transaction_id)
        eventually("all are counted",
                   lambda: relay.counters(0)["redirect_malformed"] == 6)
        self.assertEqual(relay.counters(0)["redirect_received_packets"], 1)

    def test_a_shard_by_itself_makes_its_own(self):
        relay = self.relay(command="shard --shard 0", shards=2)
        for _ in range(2):
            client = self.client_socket()
            part, transaction_id = self.binding_of(client)
            self.connect(relay, 0).send(message(part))
            self.assert_answered(client, transaction_id)
            # Killed, it leaves its socket behind, which the next one replaces.
            relay.kill()
            relay = self.relay(command="shard --shard 0", shards=2)

    def test_a_live_shards_socket_is_not_replaced(self):
        relay = self.relay(command="shard --shard 0", shards=2)
        second = self.launch(command="shard --shard 0", shards=2)
        self.assertEqual(second.wait(), 1)
        client = self.client_socket()
        part, transaction_id = self.binding_of(client)
        self.connect(relay, 0).send(message(part))
        self.assert_answered(client, transaction_id)

    @contextlib.contextmanager
    def bound(self, name, mode=0o600):
        """A socket that somebody else has bound in the state directory."""
        folder = self.folder / "state"
        folder.mkdir(mode=0o700, exist_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(str(folder / name))
            os.chmod(folder / name, mode)
            yield sock

    def test_a_service_manager_may_hold_it(self):
        with self.bound("shard-0.sock") as sock:
            relay = self.relay(command="shard --shard 0", shards=2, **passing(sock))
            client = self.client_socket()
            part, transaction_id = self.binding_of(client)
            self.connect(relay, 0).send(message(part))
            self.assert_answered(client, transaction_id)

    def test_what_is_passed_is_checked(self):
        for name, mode, why in (
            ("shard-1.sock", 0o600, "bound to 'shard-1.sock' and not to shard-0.sock"),
            ("shard-0.sock", 0o666, "mode 666; nobody but its owner may write"),
        ):
            with self.subTest(why), self.bound(name, mode) as sock:
                relay = self.launch(command="shard --shard 0", shards=2, **passing(sock))
                self.assertEqual(relay.wait(), 1)
                self.assertIn(why, relay.text())


if __name__ == "__main__":
    e2e.main()
