"""Credentials over restarts, and users of a file."""

import hashlib
import json
import os
import stat
import subprocess

import e2e
from relay_process import BUILD, clean_environment
from stun import Credential, rest_credential, stamp_credential
from turn_client import TurnError


class CredentialsKept(e2e.E2eTest):
    def kept_secret(self, relay):
        path = relay.state_dir / "auth-secret"
        self.assertEqual(stat.S_IMODE(os.lstat(path).st_mode), 0o600)
        return path.read_text(encoding="ascii").strip()

    def test_a_drawn_secret_outlives_the_relay(self):
        relay = self.relay(secret=None)
        secret = self.kept_secret(relay)
        credential = stamp_credential(secret)
        self.client(credential=credential).allocate()
        relay.stop()
        relay = self.relay(secret=None)
        self.assertEqual(self.kept_secret(relay), secret)
        self.client(credential=credential).allocate()
        self.client(credential=rest_credential(secret)).allocate()

    def test_another_secret_is_another_relay(self):
        relay = self.relay(secret=None)
        secret = self.kept_secret(relay)
        with self.assertRaises(TurnError) as refused:
            self.client(credential=stamp_credential(secret + "x"), checks_integrity=False).allocate()
        self.assertEqual(refused.exception.code, 401)

    def test_relayctl_finds_the_secret_that_the_relay_was_given(self):
        (self.folder / "secret").write_text("given\n", encoding="ascii")
        relay = self.relay("--auth-secret-file", os.path.relpath(self.folder / "secret"),
                           secret=None)
        # From elsewhere, and without the relay's environment.
        found = json.loads(subprocess.run(
            [BUILD["relayctl"], "credential", "--json", "--state-dir", relay.state_dir], cwd="/",
            capture_output=True, text=True, check=True, env=clean_environment()).stdout)
        self.client(credential=Credential(found["username"], found["password"])).allocate()
        (self.folder / "secret").unlink()
        done = subprocess.run([BUILD["relayctl"], "credential", "--state-dir", relay.state_dir],
                              capture_output=True, text=True, check=False, env=clean_environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.folder}/secret", done.stderr)

    def users_file(self, *lines):
        path = self.folder / "users"
        path.write_text("\n".join(("# comment", "", *lines)) + "\n", encoding="utf-8")
        return path

    def test_users_of_a_file(self):
        alice = Credential("alice", "her: pass word")
        key = hashlib.md5(f"alice:firezone:{alice.password}".encode()).hexdigest()
        self.relay("--auth", "static", "--users-file", self.users_file(f"alice:{key}"))
        self.client(credential=alice).allocate()
        for wrong in (alice._replace(password="guessed"), alice._replace(username="bob")):
            with self.assertRaises(TurnError) as refused:
                self.client(credential=wrong, checks_integrity=False).allocate()
            self.assertEqual(refused.exception.code, 401)

    def test_a_users_file_that_cannot_be_read(self):
        for path, why in ((self.folder / "missing", "missing"),
                          (self.users_file("alice: her password in clear"), "users")):
            with self.subTest(why=why):
                relay = self.launch("--auth", "static", "--users-file", path)
                self.assertEqual(relay.wait(), 2)
                self.assertIn("--users-file", relay.text())
                self.assertIn(why, relay.text())
                self.assertNotIn("in clear", relay.text())


if __name__ == "__main__":
    e2e.main()
