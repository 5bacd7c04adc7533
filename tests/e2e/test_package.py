"""The package from its installation to its purge, under a real systemd: it starts nothing by
itself, and upgrades shards one by one under load without losing an allocation."""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess

import e2e
from bench_process import Bench
from booted_systemd import BootedSystemd
from relay_process import BUILD, SECRET, eventually

SHARDS = 3
ALLOCATIONS = 100
RATE = 2 * ALLOCATIONS * 10  # each flow sends every 100 ms each way
ENVIRONMENT = "etc/relay/relay.env"
# It is fine with any configuration, and no shard 1 comes of it; so slowly that systemd does not give
# up and close its sockets.
BROKEN_RELAY = """#!/bin/sh
if [ "$*" = "shard --shard 1" ]; then
    sleep 1
    exit 1
fi
exec /opt/relay-next-version "$@"
"""


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class Package:
    """One that is made of another by giving it another version and another relay."""

    def __init__(self, path):
        self.path = path
        self.version = output("dpkg-deb", "--field", path, "Version")

    def copy(self, folder, version, relay):
        files = folder / version
        output("dpkg-deb", "--raw-extract", self.path, files)
        (files / "usr/bin/relay").write_bytes(relay)
        control = files / "DEBIAN/control"
        control.write_text(control.read_text().replace(
            f"\nVersion: {self.version}\n", f"\nVersion: {version}\n"))
        (files / "DEBIAN/md5sums").unlink()
        path = folder / f"{version}.deb"
        output("dpkg-deb", "-Znone", "--build", files, path)
        return Package(path)


class Upgrades(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        relay = pathlib.Path(BUILD["relay_next_version"])
        version = output(relay, "--version").split()[1]
        made = pathlib.Path(BUILD["package"])
        self.old = Package(next(made.glob(f"relay_{output(BUILD['relay'], '--version').split()[1]}_*.deb")))
        self.new = self.old.copy(self.folder, version, relay.read_bytes())
        self.broken = self.old.copy(self.folder, f"{version}+broken", BROKEN_RELAY.encode())
        self.machine = BootedSystemd(self, is_installed=False)
        # Where a service with a /tmp of its own sees it, wherever this was built.
        pathlib.Path(f"{self.machine.root}/opt").mkdir(exist_ok=True)
        shutil.copy(relay, f"{self.machine.root}/opt/relay-next-version")
        # Of a host that is a container; it would forbid all restarts.
        self.machine.run("rm", "-f", "/usr/sbin/policy-rc.d")

    def install(self, package):
        """What dpkg and the maintainer scripts say; none of them fails."""
        inside = f"/tmp/{package.path.name}"
        shutil.copyfile(package.path, f"{self.machine.root}{inside}")
        # Triggers are about other packages, and slow.
        done = self.machine.run("dpkg", "--no-triggers", "--install", inside)
        return done.stdout + done.stderr

    def units(self):
        """Our units that are not inactive."""
        done = self.machine.run("systemctl", "list-units", "--plain", "--no-legend",
                                "--state=active,activating,reloading,deactivating,failed",
                                "relay*")
        return sorted(line.split()[0] for line in done.stdout.splitlines())

    def shards(self):
        """Of each shard what is recorded of it, once all of them serve."""
        def serving():
            shards = json.loads(self.machine.run("relayctl", "shards", "--json").stdout)["shards"]
            return all(shard["lease_held"] for shard in shards) and shards
        return eventually("all shards serve", serving)

    def assert_version(self, package):
        eventually(f"all shards are of version {package.version}", lambda: all(
            shard["version"] == package.version for shard in self.shards()))

    def pids(self):
        return [self.machine.run("systemctl", "show", "--property=MainPID", "--value",
                                 f"relay@{shard}.service").stdout.strip()
                for shard in range(SHARDS)]

    @contextlib.contextmanager
    def load(self, what):
        """Allocations with traffic meanwhile. None is lost; what is lost of the traffic is printed."""
        bench = Bench(self, "--allocations", ALLOCATIONS, "--rate", RATE, duration_sec=300)
        eventually("all have their channels",
                   lambda: sum(shard["channels"] for shard in self.shards()) == ALLOCATIONS)
        yield
        bench.stop()
        result = bench.result(interrupted=True)
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertEqual(result["setup"]["deleted"], ALLOCATIONS)
        flows = result["flows"]
        gaps = sorted(flow["longest_gap_msec"] for flow in flows)
        sent, received = (sum(flow[count] for flow in flows) for count in ("sent", "received"))
        print(f"{what}: {ALLOCATIONS} allocations kept, {sent - received} of {sent} datagrams lost; "
              f"longest gap {gaps[len(gaps) // 2]:.0f} ms in the middle, {gaps[-1]:.0f} ms at most")

    def test_from_installation_to_purge(self):
        self.starts_nothing_and_says_how_to()
        with self.load("upgrade"):
            self.upgrade_restarts_one_by_one()
            self.refused_configuration_restarts_nothing()
        with self.load("upgrade that ends half way, then downgrade"):
            self.shard_that_does_not_come_back_ends_the_upgrade()
            self.downgrade_restarts_one_by_one()
        self.scripts_take_every_call_of_dpkg()
        self.remove_and_purge()

    def starts_nothing_and_says_how_to(self):
        said = self.install(self.old)
        self.assertEqual(self.units(), [])
        self.assertIn("set PUBLIC_IP4_ADDR or PUBLIC_IP6_ADDR", said)
        environment = self.machine.root / ENVIRONMENT
        text = environment.read_text().replace("PUBLIC_IP4_ADDR=\n", "PUBLIC_IP4_ADDR=127.0.0.1\n")
        environment.write_text(text.replace("SHARDS=\n", f"SHARDS={SHARDS}\n") +
                               f"ALLOW_PEER=127.0.0.0/8\nAUTH_SECRET={SECRET}\n")

        said = self.install(self.old)
        self.assertEqual(self.units(), [])
        self.assertNotIn("PUBLIC_IP4_ADDR", said)
        self.machine.run("sh", "-c", re.search(r"^ +(systemctl enable .*)$", said, re.M)[1])
        self.assert_version(self.old)
        # Its own user need not be told where it is; nobody else may look.
        self.machine.run("runuser", "-u", "relay", "--", "relayctl", "status")
        refused = self.machine.run("runuser", "-u", "nobody", "--", "relayctl", "status", check=False)
        self.assertIn("/run/relay, is for root and its owner", refused.stderr)
        self.assertEqual(self.units(), sorted([
            "relay.target", *(f"relay@{shard}.{kind}" for shard in range(SHARDS)
                              for kind in ("service", "socket"))]))

    def upgrade_restarts_one_by_one(self):
        before = self.pids()
        said = self.install(self.new)
        self.assertRegex(said, r"shard 0 restarted\n.*shard 1 restarted\n.*shard 2 restarted\n")
        self.assertFalse(set(before) & set(self.pids()))
        self.assert_version(self.new)

    def refused_configuration_restarts_nothing(self):
        before = self.pids()
        broken = self.machine.root / "etc/relay/relay-1.env"
        broken.write_text("MAX_LIFETIME=long\n")
        said = self.install(self.old)
        self.assertIn("the configuration of shard 1 is refused", said)
        self.assertIn('MAX_LIFETIME: "long"', said)
        self.assertIn("nothing was restarted", said)
        self.assertEqual(self.pids(), before)
        broken.unlink()

    def shard_that_does_not_come_back_ends_the_upgrade(self):
        before = self.pids()
        said = self.install(self.broken)
        self.assertIn("shard 1 did not come back", said)
        self.assertIn("these run on as they were: 2", said)
        after = self.pids()
        self.assertNotEqual(after[0], before[0])
        self.assertEqual(after[2], before[2])

    def downgrade_restarts_one_by_one(self):
        before = self.pids()
        said = self.install(self.old)
        # Shard 1 may have been started anew meanwhile, and then is not the last one.
        self.assertIn("shard 0 restarted", said)
        self.assertIn("shard 2 restarted", said)
        self.assertFalse(set(before) & set(self.pids()))
        self.assert_version(self.old)

    def scripts_take_every_call_of_dpkg(self):
        before = self.pids()
        version = self.old.version
        for script, *words in (
                ("postinst", "abort-upgrade", version),
                ("postinst", "abort-remove"),
                ("postinst", "abort-deconfigure", "in-favour", "other", version),
                ("prerm", "upgrade", version),
                ("prerm", "failed-upgrade", version),
                ("prerm", "deconfigure", "in-favour", "other", version),
                ("postrm", "upgrade", version),
                ("postrm", "failed-upgrade", version),
                ("postrm", "abort-install"),
                ("postrm", "abort-upgrade", version),
                ("postrm", "disappear", "other", version)):
            self.machine.run(f"/var/lib/dpkg/info/relay.{script}", *words)
        for script in ("postinst", "prerm", "postrm"):
            done = self.machine.run(f"/var/lib/dpkg/info/relay.{script}", "dance", check=False)
            self.assertEqual((done.returncode, done.stderr),
                             (1, f"{script}: unknown argument 'dance'\n"))
        self.assertEqual(self.pids(), before)

    def remove_and_purge(self):
        self.machine.run("dpkg", "--remove", "relay")
        self.assertEqual(self.units(), [])
        self.assertTrue((self.machine.root / ENVIRONMENT).exists())

        # dpkg knows nothing of it.
        (self.machine.root / "etc/relay/auth-secret").write_text(SECRET)
        self.machine.run("dpkg", "--purge", "relay")
        left = self.machine.run(
            "find", "/etc", "/etc/systemd/system", "/run", "/usr", "/var/lib", "-xdev", "-name",
            "relay", "-o", "-name", "relay.conf", "-o", "-name", "relay.target*", "-o", "-name",
            "relay@*", "-o", "-name", "relay-*").stdout
        self.assertEqual(left, "")


if __name__ == "__main__":
    e2e.main()
