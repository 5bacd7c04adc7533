"""relay-portal.service under a real systemd, with all of its sandbox: it admits the shards, comes back
when it dies, and stays away when the control plane refuses its token."""

import os
import signal

import e2e
import portal
from booted_systemd import BootedSystemd
from relay_process import eventually
from stun import Credential

SHARDS = 2
UNITS = [f"relay@{k}.service" for k in range(SHARDS)]
PORTAL_UNIT = "relay-portal.service"
TOKEN_FILE = "/etc/relay/portal-token"


class PortalUnit(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.portal = portal.Portal()
        self.addCleanup(self.portal.close)
        self.systemd = BootedSystemd(self)
        self.systemd.write("/etc/relay/relay.env",
                           f"PUBLIC_IP4_ADDR=127.0.0.1\nALLOW_PEER=127.0.0.0/8\nSHARDS={SHARDS}\n"
                           f"PORTAL_URL={self.portal.url}\n")
        self.write_token(portal.TOKEN)
        self.systemd.systemctl("enable", "relay.target", *UNITS, PORTAL_UNIT)
        self.systemd.systemctl("start", "relay.target")

    def write_token(self, token):
        self.systemd.write(TOKEN_FILE, token)
        os.chmod(self.systemd.root / TOKEN_FILE.lstrip("/"), 0o600)

    def assert_serves(self):
        entry = self.portal.devices_view()[0]
        client = self.client(credential=Credential(entry["username"], entry["password"]))
        client.allocate()
        client.bind_channel(0x4000, self.peer().address)
        self.assert_echoes(client, 0x4000)
        client.refresh(0)
        return entry["id"]

    def test_admitted_killed_and_refused(self):
        connection = self.portal.wait_relay()
        relay_id = self.assert_serves()
        for unit in UNITS:
            shard = self.systemd.main_pid(unit)
            with open(f"/proc/{shard}/environ", encoding="utf-8") as file:
                self.assertNotIn("PORTAL_TOKEN", file.read())

        os.kill(self.systemd.main_pid(PORTAL_UNIT), signal.SIGKILL)
        eventually("another connection",
                   lambda: connection.has_ended and len(self.portal.relays()) == 1)
        left, joined = [when for when, _, _ in self.portal.presence[-2:]]
        print(f"killed: away for {joined - left:.3f} s")
        self.assertEqual(self.assert_serves(), relay_id)

        connection = self.portal.wait_relay()
        pid = self.systemd.main_pid(PORTAL_UNIT)
        self.systemd.run("relay-rolling-restart")
        eventually("it is another process",
                   lambda: self.systemd.main_pid(PORTAL_UNIT) not in (0, pid))
        eventually("another connection", lambda: connection not in self.portal.relays()
                   and len(self.portal.relays()) == 1)
        self.assertEqual(self.assert_serves(), relay_id)

        self.portal.token = "another-one"
        connection = self.portal.wait_relay()
        connection.abort()
        eventually("it stays away", lambda:
                   self.systemd.show(PORTAL_UNIT, "ActiveState") == "failed")
        self.assertEqual(self.systemd.show(PORTAL_UNIT, "ExecMainStatus"), "3")
        self.assertEqual({self.systemd.show(unit, "ActiveState") for unit in UNITS}, {"active"})
        self.write_token("another-one\n")
        self.systemd.systemctl("restart", "relay.target")
        self.portal.wait_relay()
        self.assertEqual(self.assert_serves(), relay_id)
        self.assertNotIn(portal.TOKEN, self.systemd.journal())
        self.assertEqual(self.portal.faults, [])
        self.systemd.systemctl("stop", "relay.target")
        eventually("it has left", lambda: not self.portal.relays())


if __name__ == "__main__":
    e2e.main(with_mounts=True)
