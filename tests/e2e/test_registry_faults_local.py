"""The embedded store is deleted, spoilt, replaced, made read-only and filled up, under load: nothing
that is relayed is lost, and what is there is recorded again."""

import os
import random
import subprocess

import e2e
import namespace
from bench_process import Bench
from fault_test import AWAY, SHARDS, FaultTest
from relay_process import eventually

FILES = ("ownership.mdb", "ownership.mdb-lock", "ownership.lock")
PAGE = 4096


class LocalFaultTest(FaultTest):
    """The store is in the state directory."""

    def path(self, name="ownership.mdb"):
        return self.shards.state_dir / name

    def assert_recovers(self, count=1):
        """After something was done to the store: what clients ask for is done, and all of it is
        recorded before long."""
        self.assert_serves()
        self.wait_back(count)
        self.assert_complete()


class Files(LocalFaultTest):
    def test_deleted(self):
        self.begin("local")
        for count, names in enumerate((FILES, FILES[:2], FILES[:1]), 1):
            for name in names:
                self.path(name).unlink()
            self.assert_recovers(count)
        self.path("ownership.lock").unlink()
        self.assert_serves()
        self.assert_complete()
        self.finish()

    def test_deleted_while_a_shard_is_killed(self):
        """What the shard had is lost, its clients are told, and all the rest is there."""
        self.begin("local")
        victims = [client for client in self.clients if self.shard_of(client) == 1]
        for name in FILES:
            self.path(name).unlink()
        self.kill(1)
        self.lost.add(1)
        self.assert_serves(without=(1,))
        for shard in set(range(SHARDS)) - {1}:
            eventually("it has published", lambda shard=shard:
                       len(self.events_of(AWAY, shard)) == 1)
        for client in victims:
            eventually("the client is told",
                       lambda client=client: self.error_of_refresh(client) == 437)
            self.clients.remove(client)
        self.finish()

    def test_truncated(self):
        self.begin("local")
        size = self.path().stat().st_size
        for count, length in enumerate((0, size // 2, PAGE, 1), 1):
            os.truncate(self.path(), length)
            self.assert_recovers(count)
        self.finish()

    def test_the_table_of_readers_truncated(self):
        self.begin("local")
        os.truncate(self.path("ownership.mdb-lock"), 0)
        self.assert_recovers()
        self.finish()

    def overwrite(self, at, data):
        with open(self.path(), "r+b") as file:
            file.seek(at)
            file.write(data)

    def test_overwritten_with_garbage(self):
        """From its beginning: the headers are none any more."""
        self.begin("local")
        chance = random.Random(5)
        for count, size in enumerate((PAGE, 64 * PAGE, 1024 * PAGE), 1):
            self.overwrite(0, chance.randbytes(size))
            self.assert_recovers(count)
        self.finish()

    def test_overwritten_with_zeros(self):
        self.begin("local")
        self.overwrite(0, bytes(1024 * PAGE))
        self.assert_recovers()
        self.finish()

    def test_pages_overwritten_with_garbage(self):
        """The headers are whole, and what they lead to is not. What is still believed may be
        wrong: but nobody crashes, and a new store has everything."""
        self.begin("local")
        chance = random.Random(7)
        used = self.path().stat().st_blocks * 512 // PAGE
        for _ in range(10):
            for page in chance.sample(range(2, used), min(4, used - 2)):
                self.overwrite(page * PAGE, chance.randbytes(PAGE))
            self.assert_serves_old()
        for name in FILES:
            self.path(name).unlink()
        self.assert_serves()
        self.assert_complete()
        self.finish()

    def copy(self, name):
        """A copy of the store as it is now."""
        copy = self.folder / name
        subprocess.run(["cp", "--sparse=always", self.path(), copy], check=True)
        return copy

    def test_replaced_by_an_older_one(self):
        """It knows allocations that are no more, and not what came since."""
        self.begin("local")
        older = self.copy("older")
        for client in list(self.clients[: len(self.clients) // 2]):
            self.forget(client)
        self.assert_serves()
        self.assert_complete()
        older.rename(self.path())
        self.assert_recovers()
        self.finish()

    def test_replaced_by_no_store(self):
        self.begin("local")
        other = self.folder / "other"
        other.write_bytes(b"no store")
        other.rename(self.path())
        self.assert_recovers(1)
        self.path().unlink()
        self.path().symlink_to("/etc/hostname")
        self.assert_recovers(2)
        self.finish()


class ReadOnly(LocalFaultTest):
    def set_immutable(self, is_immutable):
        for path in (*map(self.path, FILES), self.shards.state_dir):
            subprocess.run(["chattr", "+i" if is_immutable else "-i", path], check=True)

    def test_read_only(self):
        probe = self.folder / "probe"
        probe.touch()
        tried = subprocess.run(["chattr", "+i", probe], capture_output=True, check=False)
        if tried.returncode != 0:
            self.skipTest("files cannot be made immutable here")
        subprocess.run(["chattr", "-i", probe], check=True)
        self.begin("local")
        self.addCleanup(self.set_immutable, False)
        for count in (1, 2):
            self.set_immutable(True)
            self.wait_away(count)
            self.assert_serves_unclaimed()
            self.set_immutable(False)
            self.wait_back(count)
            self.assert_complete()
        self.set_immutable(True)
        self.wait_away(3)
        victims = [client for client in self.clients if self.shard_of(client) == 1]
        self.kill(1)
        self.lost.add(1)
        self.assert_serves_old(without=(1,))
        self.set_immutable(False)
        self.wait_all_back(3)
        # Whether there is another store now, or the one that there was, is told either way.
        for client in victims:
            if self.error_of_refresh(client) == 437:
                self.clients.remove(client)
        self.finish()


class Full(LocalFaultTest):
    """The state directory is a small file system of its own."""

    SIZE = 16 << 20

    def setUp(self):
        super().setUp()
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        namespace.run("mount", "-t", "tmpfs", "-o", f"size={self.SIZE},mode=0700", "none", state)
        self.addCleanup(subprocess.run, ["umount", "--lazy", state], check=True)

    def fill(self):
        with open(self.path("filling"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE))
            except OSError:
                pass

    def test_file_system_full(self):
        """The store goes on with the room that it has, and is away when that is used up."""
        self.begin("local")
        self.fill()
        self.assert_serves()
        self.assert_complete()
        self.assertEqual(self.shards.events(AWAY), [])
        more = Bench(self, "--allocations", 3000, "--setup-only", "--hold", "100s", name="more")
        self.wait_away()
        self.assert_serves_unclaimed()
        self.path("filling").unlink()
        self.wait_back()
        self.assert_complete()
        more.stop()
        self.assertEqual(more.result(interrupted=True)["setup"]["failed"], 0)
        self.finish()

    def test_deleted_when_there_is_no_room_for_another(self):
        self.begin("local")
        self.fill()
        held = open(self.path(), "rb")
        self.addCleanup(held.close)
        for name in FILES:
            self.path(name).unlink()
        self.fill()
        self.wait_away()
        self.assert_serves_unclaimed()
        self.kill(1)
        self.assert_serves_old(without=(1,))
        self.lost.add(1)
        for client in list(self.clients):
            if self.shard_of(client) == 1:
                self.clients.remove(client)
        self.path("filling").unlink()
        self.wait_all_back(1)
        self.finish()


if __name__ == "__main__":
    e2e.main(with_mounts=True)
