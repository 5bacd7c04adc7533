"""Shards of a relay with a control plane that has not admitted it yet: they answer Binding, serve who
has an allocation already, and nobody new. Each is a `relay shard`, and the file by which the portal
process tells them is made by the test."""

import pathlib

import e2e
import stun
from held_shards import HeldShards
from portal import relay_id
from relay_process import SECRET, eventually
from turn_client import NoAnswer

PORTAL = ("--portal-url", "ws://127.0.0.1:1")
SILENCE_SEC = 0.3
SHARDS = 2


class Admission(e2e.E2eTest):
    def init_file(self):
        return self.folder / "state" / "portal.init"

    def admit(self, secret=SECRET):
        self.init_file().touch(0o600)
        self.init_file().write_text(f"{relay_id(secret)}\n", encoding="ascii")

    def held(self):
        return HeldShards(self, *PORTAL, count=SHARDS).start()

    def assert_nobody_new(self, shards):
        """Neither 401 nor an error, which clients would take for the relay's last word."""
        before = shards.total("dropped_not_admitted")
        client = self.client(patience_sec=SILENCE_SEC)
        self.assertEqual(client.binding(), client.local)
        with self.assertRaises(NoAnswer):
            client.allocate()
        self.assertGreater(shards.total("dropped_not_admitted"), before)

    def test_binding_only_until_the_init(self):
        shards = self.held()
        self.admit("a secret of former times")  # of a relay that is known by another id
        self.assert_nobody_new(shards)
        self.assertEqual(shards.total("admitted"), 0)
        for shard in shards.shards:
            self.assertEqual(len(shard.events("waiting for the control plane; only Binding is "
                                              "answered")), 1)
        waiting = self.client()
        request = waiting.message(stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, stun.UDP))
        self.admit()
        # The same request again, as clients do: it is answered as soon as the file is seen.
        self.assertEqual(waiting.transact(request).code, 401)
        eventually("all shards are admitted", lambda: shards.total("admitted") == SHARDS)
        peer = self.peer()
        waiting.allocate()
        waiting.bind_channel(0x4000, peer.address)
        self.assert_echoes(waiting, 0x4000)
        self.init_file().unlink()  # they need not look again
        another = self.client()
        another.allocate()
        another.refresh(0)
        waiting.refresh(0)

    def test_a_token_in_the_environment_of_a_shard_is_wiped(self):
        shard = self.relay(*PORTAL, command="shard --shard 0", shards=1,
                           environment={"PORTAL_TOKEN": "hush-1", "FIREZONE_TOKEN": "hush-2"})
        environment = pathlib.Path(f"/proc/{shard.pid}/environ").read_bytes()
        self.assertIn(b"PORTAL_TOKEN", environment)
        self.assertNotIn(b"hush", environment)

    def test_restored_allocations_go_on_also_when_misrouted(self):
        peer = self.peer()
        shards = self.held()
        shards.stop()
        self.admit()  # the state directory is there since
        shards.start()
        clients = [self.client() for _ in range(3)]
        for client in clients:
            client.allocate()
            client.bind_channel(0x4000, peer.address)
        shards.stop()
        self.init_file().unlink()
        shards.start(shift=1)  # each datagram reaches another shard than its owner
        self.assert_nobody_new(shards)
        self.assert_echoes(clients[0], 0x4000)  # data is the first thing that is heard of it
        for client in clients:
            client.refresh()
            self.assert_echoes(client, 0x4000)
            client.nonce = b"of another time"
            client.refresh()  # 438 gives it a new one
            client.bind_channel(0x4001, self.peer().address)
            self.assert_echoes(client, 0x4001)
            client.refresh(0)
        self.assertGreater(shards.total("redirect_received_packets"), 0)
        self.assert_nobody_new(shards)


if __name__ == "__main__":
    e2e.main()
