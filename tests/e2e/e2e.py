"""e2e.py — what every end-to-end test is made of: a folder, a relay, clients, and the logs when
it fails."""

import pathlib
import sys
import tempfile
import threading
import unittest

import namespace
from relay_process import PATIENCE_SEC, SECRET, Program, Relay
from stun import address_of, stamp_credential
from turn_client import TurnClient, udp_socket

LOOPBACK_PEERS = ("--allow-peer", "127.0.0.0/8,::1")


class EchoPeer:
    """A peer that sends every datagram back to where it came from, until it is closed."""

    def __init__(self, family=4, local=None):
        self.sock = udp_socket(family, local)
        self.address = address_of(self.sock.getsockname())
        self._is_closing = False
        self._thread = threading.Thread(target=self._echo, daemon=True)
        self._thread.start()

    def _echo(self):
        while True:
            datagram, source = self.sock.recvfrom(65536)
            if self._is_closing:
                return
            self.sock.sendto(datagram, source)

    def close(self):
        self._is_closing = True
        with udp_socket(self.address.family, (self.address.ip,)) as waker:
            waker.sendto(b"", tuple(self.address))
        self._thread.join()
        self.sock.close()


class E2eTest(unittest.TestCase):
    """A test with a folder of its own. What it starts is stopped at its end; what that said is
    printed when the test fails."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="relay-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self._logs = {}
        self.addCleanup(self._keep_logs)

    def _keep_logs(self):
        self._logs = {path.name: path.read_text(encoding="utf-8", errors="replace")
                      for path in sorted(self.folder.glob("*.log"))}

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for name, text in self._logs.items():
                print(f"--- {self.id()}: {name}\n{text[-20000:]}", file=sys.stderr)
        return result

    def program(self, name, *command, **options):
        """Starts a program whose output goes into |name|.log."""
        program = Program(command, self.folder / f"{name}.log", **options)
        self.addCleanup(program.kill)
        return program

    def launch(self, *options, **arguments):
        """Starts a relay and does not wait for it."""
        relay = Relay(self.folder, *options, **arguments)
        self.addCleanup(self._end_relay, relay)
        return relay

    def relay(self, *options, **arguments):
        """Starts a relay and waits until it serves."""
        return self.launch(*options, **arguments).wait_ready()

    def _end_relay(self, relay):
        try:
            if relay.is_running():
                relay.stop()
        finally:
            relay.kill()

    def client(self, server="127.0.0.1", credential=None, **options):
        """A client with a credential of its own, unless it is given one."""
        options.setdefault("patience_sec", PATIENCE_SEC)
        client = TurnClient(server, credential or stamp_credential(SECRET), **options)
        self.addCleanup(client.close)
        return client

    def peer(self, family=4, local=None):
        """An echoing peer."""
        peer = EchoPeer(family, local)
        self.addCleanup(peer.close)
        return peer

    def assert_echoes(self, client, number, payloads=(b"one", b"", b"three", bytes(1200))):
        """What |client| sends on a channel to an echoing peer comes back as it was."""
        for payload in payloads:
            client.send(number, payload)
            self.assertEqual(client.receive(), (number, payload))


def main(with_mounts=False):
    """Runs the tests of the program in a network namespace of its own."""
    namespace.enter(with_mounts)
    unittest.main(verbosity=2)
