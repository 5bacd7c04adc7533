"""A relay under a control plane: `relay run` with four shards and its portal process, the test's
portal, and devices with the credentials that this hands out."""

import json
import os
import pathlib
import signal
import subprocess
import time

import e2e
import portal
from bench_process import Bench
from http_client import samples, value, wait_for
from relay_process import BUILD, SANITIZED, eventually, is_gone
from stun import Credential
from turn_client import NoAnswer

SHARDS = 4
# For how long the control plane is away; the variable makes it longer than a test may take.
AWAY_SEC = int(os.environ.get("RELAY_E2E_PORTAL_AWAY_SEC", "2"))
ALLOCATIONS = 40 if SANITIZED else 100
RATE = 2 * ALLOCATIONS * 20  # each flow sends every 50 ms each way
SILENCE_SEC = 0.3
GIVEN_UP = "no connection to the control plane from now on; the shards go on"


class UnderAPortal(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.portal = portal.Portal()
        self.addCleanup(self.portal.close)
        self.token_file = self.folder / "token"
        self.token_file.write_text(portal.TOKEN)

    def tearDown(self):
        self.assertEqual(self.portal.faults, [])
        super().tearDown()

    def under_portal(self, *options, **arguments):
        """A relay, not yet admitted perhaps, whose secret is its own affair and the portal's."""
        options = options or ("--portal-token-file", self.token_file)
        return self.relay(*e2e.LOOPBACK_PEERS, "--portal-url", self.portal.url, *options,
                          shards=SHARDS, secret=None, **arguments)

    def admitted(self, relay):
        eventually("all shards are admitted", lambda: relay.total("admitted") == SHARDS)
        return relay

    def device(self, entry=None, **options):
        """A client with the credential of a device; of one that was told of the relay just now,
        unless it is given an entry of former times."""
        entry = entry or self.portal.devices_view()[0]
        self.assertEqual((entry["type"], entry["addr"]), ("turn", "127.0.0.1:3478"))
        return self.client(credential=Credential(entry["username"], entry["password"]), **options)

    def allocated(self, entry=None):
        client = self.device(entry)
        client.allocate()
        client.bind_channel(0x4000, self.peer().address)
        self.assert_echoes(client, 0x4000)
        return client

    def bench(self, duration_sec):
        entry = self.portal.devices_view()[0]
        return Bench(self, "--allocations", ALLOCATIONS, "--rate", RATE, duration_sec=duration_sec,
                     credential=Credential(entry["username"], entry["password"]))

    def assert_nothing_lost(self, relay, result):
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertEqual(len(result["flows"]), 2 * ALLOCATIONS)
        lost = {flow["relay_port"]: flow["sent"] - flow["received"] for flow in result["flows"]
                if flow["sent"] != flow["received"]}
        self.assertEqual(lost, {}, [{k: v for k, v in relay.counters(shard).items() if v}
                                    for shard in range(SHARDS)])

    def status(self, relay):
        """What relayctl says of the control plane, and its exit code."""
        done = subprocess.run([BUILD["relayctl"], "status", "--json", "--state-dir",
                               relay.state_dir], capture_output=True, text=True, check=False)
        said = json.loads(done.stdout)
        return said["control_plane"], said["reasons"], done.returncode

    def portal_pid(self, relay):
        """The portal process of |relay|; 0 when there is none."""
        children = pathlib.Path(f"/proc/{relay.pid}/task/{relay.pid}/children").read_text()
        for pid in map(int, children.split()):
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "relay-portal\n":
                    return pid
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended
        return 0

    def assert_nobody_new(self, secret):
        username, password = portal.mint(secret, "a device's public key")
        client = self.client(credential=Credential(username, password), patience_sec=SILENCE_SEC)
        self.assertEqual(client.binding(), client.local)
        with self.assertRaises(NoAnswer):
            client.allocate()

    def test_before_and_after_the_init(self):
        self.portal.behaviour.init = False
        relay = self.under_portal()
        connection = self.portal.wait_relay()
        self.assertEqual(connection.secret, (relay.state_dir / "auth-secret").read_text().strip())
        self.assertEqual(self.portal.devices_view()[0]["id"],
                         relay.wait_event("the control plane will know this relay by its id")
                         ["relay_id"])
        self.assert_nobody_new(connection.secret)
        self.assertEqual(relay.total("admitted"), 0)
        wait_for("/readyz", 503, "\nwaiting for the control plane's init: connected for ")
        told = json.loads(wait_for("/api/shards", 200))
        self.assertTrue(told["control_plane"]["connected"])
        self.assertEqual([shard["admitted"] for shard in told["shards"]], [False] * SHARDS)
        said, reasons, code = self.status(relay)
        self.assertEqual((said["admitted"], said["connected"], said["state"], code),
                         (False, True, "admitted", 1))
        self.assertEqual(reasons, ["shards 0, 1, 2 and 3 wait for the control plane"])
        self.assertEqual(said["relay_id"], self.portal.devices_view()[0]["id"])
        connection.push("relay", "init")
        self.admitted(relay)
        self.assert_nothing_lost(relay, self.bench(duration_sec=1).result())
        self.assertEqual(relay.total("dropped_not_admitted"), 1)
        self.assertEqual(wait_for("/readyz", 200), "ok\n")
        said, reasons, code = self.status(relay)
        self.assertEqual((said["admitted"], said["connected"], reasons, code), (True, True, [], 0))
        metrics = samples(wait_for("/metrics", 200, "relay_portal_connected 1"))
        self.assertEqual(value(metrics, "relay_admitted", shard=3), 1)

    def test_the_portal_is_away_under_load(self):
        relay = self.admitted(self.under_portal())
        entry = self.portal.devices_view()[0]
        bench = self.bench(duration_sec=AWAY_SEC + 2)
        eventually("all have their channels", lambda: relay.total("channels") == ALLOCATIONS)
        self.portal.stop()
        began = time.monotonic()
        while time.monotonic() < began + AWAY_SEC:
            self.allocated(entry).refresh(0)
            time.sleep(AWAY_SEC / 20)
        self.assertTrue(wait_for("/readyz", 200, "\ncontrol plane: not connected for ")
                        .startswith("ok\n"))
        self.portal.start()
        # How long that takes is a matter of the back-off.
        self.portal.wait_relay(patience_sec=30 + 2 * AWAY_SEC)
        print(f"away for {AWAY_SEC} s, back {time.monotonic() - began - AWAY_SEC:.1f} s later")
        self.assert_nothing_lost(relay, bench.result())
        self.assertEqual(self.portal.devices_view()[0], entry)
        self.allocated().refresh(0)

    def test_whatever_is_killed_it_is_the_same_relay(self):
        relay = self.admitted(self.under_portal())
        entry = self.portal.devices_view()[0]
        client = self.allocated()
        connection = self.portal.wait_relay()

        os.kill(self.portal_pid(relay), signal.SIGKILL)
        eventually("another connection",
                   lambda: connection.has_ended and len(self.portal.relays()) == 1)
        left, joined = [when for when, _, _ in self.portal.presence[-2:]]
        print(f"the portal process was killed: away for {joined - left:.3f} s")
        self.assertEqual({what[2] for what in self.portal.presence}, {entry["id"]})
        self.assert_echoes(client, 0x4000)

        for shard in range(SHARDS):
            os.kill(relay.shard_pid(shard), signal.SIGKILL)
            relay.wait_event("shard ready", SHARDS + shard + 1)
            self.assertEqual(relay.counters(shard)["admitted"], 1)
        self.assert_echoes(client, 0x4000)
        self.allocated(entry).refresh(0)
        self.assertEqual(self.portal.devices_view()[0], entry)
        self.assertEqual(len(self.portal.connections), 2)

        pids = [relay.shard_pid(shard) for shard in range(SHARDS)] + [self.portal_pid(relay)]
        relay.kill()
        eventually("all end with their supervisor", lambda: all(map(is_gone, pids)))
        self.portal.stop()
        again = self.under_portal()  # was admitted once, and is so while nobody is there to ask
        self.assert_echoes(client, 0x4000)
        client.refresh()
        self.allocated(entry).refresh(0)
        self.portal.start()
        self.portal.wait_relay()
        self.assertEqual(self.portal.devices_view()[0], entry)
        again.stop()
        eventually("it has left", lambda: not self.portal.relays())

    def test_a_token_is_refused_later(self):
        relay = self.admitted(self.under_portal())
        entry = self.portal.devices_view()[0]
        client = self.allocated()
        pid = self.portal_pid(relay)
        self.portal.token = "another-one"
        self.portal.wait_relay().abort()
        self.assertEqual(relay.wait_event(GIVEN_UP)["level"], "error")
        self.assertEqual(self.portal_pid(relay), 0)
        attempts = len(self.portal.connections)
        self.assert_echoes(client, 0x4000)
        client.refresh()
        self.allocated(entry).refresh(0)

        # A new token and a signal, and it is the relay that it was.
        self.token_file.write_text("another-one\n")
        relay.signal(signal.SIGHUP)
        self.portal.wait_relay()
        relay.wait_event("all shards were restarted")
        self.assertEqual(len(self.portal.connections), attempts + 1)
        self.assertNotIn(self.portal_pid(relay), (0, pid))
        self.assertEqual(self.portal.devices_view()[0], entry)
        self.assert_echoes(client, 0x4000)

        # And a rolling restart has the portal process restarted, too.
        pid = self.portal_pid(relay)
        relay.signal(signal.SIGHUP)
        eventually("it is another one", lambda: self.portal_pid(relay) not in (0, pid))
        relay.wait_event("all shards were restarted", 2)
        self.portal.wait_relay()
        self.assertFalse(relay.events("portal process died"))

    def test_a_token_is_refused_from_the_start(self):
        self.token_file.write_text("a-wrong-one")
        relay = self.under_portal()
        relay.wait_event(GIVEN_UP)
        self.assertEqual(len(self.portal.connections), 1)
        self.assert_nobody_new((relay.state_dir / "auth-secret").read_text().strip())
        self.assertTrue(relay.is_running())
        wait_for("/readyz", 503, "init: the portal process has ended, ")

    def test_no_secret_is_shown(self):
        environment = {"PORTAL_TOKEN": portal.TOKEN}
        relay = self.admitted(self.under_portal("--log-level", "debug", environment=environment))
        secrets = [portal.TOKEN, (relay.state_dir / "auth-secret").read_text().strip()]
        shown = relay.text()
        for word in ("--help", "check-config"):
            shown += subprocess.run(
                [BUILD["relay"], word, "--public-ip4-addr", "127.0.0.1", "--state-dir",
                 relay.state_dir, "--portal-url", self.portal.url], capture_output=True,
                text=True, check=True, env={**os.environ, **environment}).stdout
        pids = [relay.shard_pid(shard) for shard in range(SHARDS)] + [self.portal_pid(relay)]
        for pid in pids + [relay.pid]:
            shown += pathlib.Path(f"/proc/{pid}/cmdline").read_text()
        # The supervisor has been given it in its own; who starts a program knows what with.
        for pid in pids:
            shown += pathlib.Path(f"/proc/{pid}/environ").read_text()
        for file in relay.state_dir.glob("portal.*"):
            shown += file.read_text()
        self.assertIn("relay-portal", shown)
        for secret in secrets:
            self.assertNotIn(secret, shown)


if __name__ == "__main__":
    e2e.main()
