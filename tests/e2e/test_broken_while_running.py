#!/usr/bin/python3
"""What breaks on the host while the relay runs costs no shard that serves."""

import os
import signal

import e2e
from relay_process import eventually
from stun import Credential


class BrokenWhileRunning(e2e.E2eTest):
    USER = Credential("alice", "wonderland")

    def start(self):
        # What a shard says of its options is for people, so the log is too.
        return self.launch("--auth", "static", "--users-file", self.write_users(self.users_line()),
                           *e2e.LOOPBACK_PEERS, log_format="human")

    def wait_said(self, relay, text, count):
        def said():
            self.assertTrue(relay.is_running(), "the relay runs on")
            return relay.text().count(text) >= count
        eventually(f"{count} times '{text}'", said)

    def write_users(self, text):
        path = self.folder / "users"
        path.write_text(text, encoding="ascii")
        return path

    def users_line(self):
        return f"{self.USER.username}:{self.USER.key.hex()}\n"

    def client_of(self, relay, shard):
        """A client whose allocation is on |shard|, with a channel to an echoing peer."""
        while True:
            client = self.client(credential=self.USER)
            client.allocate()
            if (client.relay_port - 49152) // (16384 // relay.shards) == shard:
                client.bind_channel(0x4000, self.peer().address)
                return client
            client.refresh(0)
            client.close()

    def check(self, breaks, mends):
        """Kills a shard after |breaks|(relay): its successors die until |mends|(relay), and the
        other shard serves on."""
        relay = self.start()
        self.wait_said(relay, "shard ready", 2)
        other = self.client_of(relay, 1)
        pid = relay.shard_pid(0)
        breaks(relay)
        os.kill(pid, signal.SIGKILL)
        self.wait_said(relay, "shard died", 2)
        self.assert_echoes(other, 0x4000)
        mends(relay)
        self.wait_said(relay, "shard ready", 3)
        self.assert_echoes(self.client_of(relay, 0), 0x4000)
        self.assert_echoes(other, 0x4000)

    def test_users_file_that_went_bad(self):
        self.check(lambda relay: self.write_users("a slip of the editor\n"),
                   lambda relay: self.write_users(self.users_line()))

    def test_state_directory_that_went_away(self):
        away = self.folder / "away"

        def breaks(relay):
            relay.state_dir.rename(away)
            relay.state_dir.touch()

        def mends(relay):
            relay.state_dir.unlink()
            away.rename(relay.state_dir)

        self.check(breaks, mends)

    def test_a_configuration_that_no_shard_takes_ends_the_relay(self):
        # The supervisor reads the pipe to its end, and leaves nothing to its shards.
        reading, writing = os.pipe()
        os.write(writing, b"a secret\n")
        os.close(writing)
        relay = self.launch("--auth-secret-file", f"/dev/fd/{reading}", secret=None,
                            pass_fds=(reading,), log_format="human")
        os.close(reading)
        self.assertEqual(relay.wait(), 2)
        self.assertIn("--auth-secret-file", relay.text())


if __name__ == "__main__":
    e2e.main()
