"""The units under a real systemd and under the load of relay-bench, with all of their sandbox:
whatever is restarted, stopped, killed or hung, every allocation is kept; the loss is printed."""

import os
import signal
import subprocess
import time

import e2e
from bench_process import Bench
from booted_systemd import BootedSystemd
from http_client import ask, samples, value, wait_for
from relay_process import BUILD, SECRET, eventually

SHARDS = 3
ALLOCATIONS = 60
RATE = 1000
ENVIRONMENT = f"""PUBLIC_IP4_ADDR=127.0.0.1
PUBLIC_IP6_ADDR=::1
ALLOW_PEER=127.0.0.0/8,::1
AUTH_SECRET="{SECRET}"
"""
OTHER_HTTP_ADDR = ("127.0.0.1", 8081)
ENVIRONMENT_FILE = "/etc/relay/relay.env"
# Of an operator who would rather have one unit.
OWN_UNIT = f"""[Service]
Type=notify
User=relay
RuntimeDirectory=relay
EnvironmentFile={ENVIRONMENT_FILE}
ExecStart=/usr/bin/relay run
WatchdogSec=2s
KillMode=mixed
"""


def services(count):
    return [f"relay@{k}.service" for k in range(count)]


class Units(e2e.E2eTest):
    def setUp(self):
        super().setUp()
        self.systemd = BootedSystemd(self)
        self.write_environment()
        # So short for the test alone.
        self.systemd.write("/etc/systemd/system/relay@.service.d/watchdog.conf",
                           "[Service]\nWatchdogSec=2s\n")
        self.systemd.write("/etc/relay/relay-2.env", "HTTP_ADDR={}:{}\n".format(*OTHER_HTTP_ADDR))
        self.systemd.systemctl("daemon-reload")
        self.systemd.systemctl("enable", "relay.target", *services(SHARDS))
        self.systemd.systemctl("start", "relay.target")
        self.shards = SHARDS

    def write_environment(self, shards=SHARDS, more=""):
        self.systemd.write(ENVIRONMENT_FILE, f"{ENVIRONMENT}SHARDS={shards}\n{more}")

    def counters(self, shard):
        done = subprocess.run([BUILD["read_counters"], self.systemd.root / "run/relay",
                               str(shard)], capture_output=True, text=True, check=True)
        return {k: int(v) for k, v in (line.split() for line in done.stdout.splitlines())}

    def total(self, name):
        return sum(self.counters(k)[name] for k in range(self.shards))

    def are_active(self, *units):
        states = self.systemd.systemctl("is-active", *units, check=False).stdout.split()
        return all(state == "active" for state in states)

    def under_load(self, what, act, is_queued=False):
        """Does |act| while datagrams flow, and judges what became of them; |is_queued|: what
        clients send waits, all of it."""
        bench = Bench(self, "--allocations", ALLOCATIONS, "--rate", RATE, name=f"bench {what}",
                      duration_sec=60)
        eventually("all have their channels", lambda: self.total("channels") == ALLOCATIONS)
        time.sleep(0.2)
        act()
        eventually("all shards run", lambda: self.are_active("relay.target", *services(self.shards)))
        eventually("all have their channels again",
                   lambda: self.total("channels") == ALLOCATIONS)
        time.sleep(0.2)
        bench.stop()
        result = bench.result(interrupted=True)
        self.assertEqual(result["setup"]["failed"], 0, what)
        # Deleting needs an allocation that the relay knows.
        self.assertEqual(result["setup"]["deleted"], ALLOCATIONS, what)
        eventually("all are gone", lambda: self.total("allocations") == 0)
        ways = {way: result["traffic"][way] for way in ("up", "down")}
        if is_queued:
            # Their sockets were held. What peers send to closed relay ports is lost.
            self.assertEqual(ways["up"]["received"], ways["up"]["sent"], what)
        loss = ", ".join(f"{way} {count['sent'] - count['received']} of {count['sent']}"
                         for way, count in ways.items())
        gap = max(flow["longest_gap_msec"] for flow in result["flows"])
        print(f"{what}: {ALLOCATIONS} of {ALLOCATIONS} allocations kept; lost {loss}; longest gap "
              f"{gap:.0f} ms", flush=True)
        self.systemd.systemctl("reset-failed") # the starts so far, which have a limit

    def is_restarted(self, shard, pid):
        now = self.counters(shard)
        return now["pid"] != pid and now["is_live"] and self.are_active(f"relay@{shard}.service")

    def check_http(self):
        """The sandbox leaves to each shard what it needs of all of them."""
        self.assertEqual(wait_for("/readyz", 200), "ok\n")
        self.assertEqual(self.total("http_listening"), self.shards)
        # The file of one shard goes before that of all.
        self.assertEqual(ask("/readyz", OTHER_HTTP_ADDR), (200, "ok\n"))
        metrics = samples(ask("/metrics")[1])
        for shard in range(self.shards):
            self.assertEqual(value(metrics, "relay_shard_up", shard=shard), 1)
            self.assertGreater(value(metrics, "relay_cpu_seconds_total", shard=shard), 0)

    def test_whatever_happens_to_the_units_every_allocation_is_kept(self):
        self.check_start()
        self.check_http()
        self.under_load("restart of each shard in turn", self.restart_each, is_queued=True)
        self.under_load("reload of each shard in turn", self.reload_each, is_queued=True)
        self.under_load("restart of the target", lambda: self.systemd.systemctl(
            "restart", "relay.target"))
        self.under_load("stop and start of the target", self.stop_and_start)
        self.under_load("stop and start of a shard with its sockets", self.stop_one)
        self.under_load("kill -9 of a shard", self.kill)
        self.under_load("a shard that dies whenever it is started", self.kill_until_it_stays_away)
        self.under_load("a shard that hangs, killed by the watchdog", self.hang)
        self.under_load("2 shards instead of 3", lambda: self.resize(2))
        self.under_load("3 shards instead of 2", lambda: self.resize(3))
        self.under_load("a broken environment file", self.break_environment)
        self.under_load("a shard too many", self.start_one_too_many, is_queued=True)
        self.run_in_a_unit_of_its_own()

    def check_start(self):
        # All relay ports can be had: there are descriptors for them.
        self.assertEqual(self.total("capacity"), 16384)
        for unit in services(SHARDS):
            self.assertEqual(self.systemd.show(unit, "ActiveState"), "active")
            self.assertIn("serving: 0 allocations", self.systemd.show(unit, "StatusText"))
            pid = self.systemd.main_pid(unit)
            status = (self.systemd.root / f"proc/{self.systemd.show(unit, 'MainPID')}/status")
            lines = dict(line.split(":\t", 1) for line in
                         status.read_text(encoding="utf-8").splitlines() if ":\t" in line)
            self.assertEqual(int(lines["CapEff"], 16), 0)
            self.assertEqual(int(lines["CapBnd"], 16), 0)
            self.assertEqual(lines["Seccomp"], "2") # a filter
            self.assertNotEqual(lines["Uid"].split()[0], "0")
            environment = pathlib_text(f"/proc/{pid}/environ")
            self.assertIn("NOTIFY_SOCKET", environment) # as it was given, before it was unset

    def restart_each(self):
        for unit in services(SHARDS):
            self.systemd.systemctl("restart", unit)

    def reload_each(self):
        for shard, unit in enumerate(services(SHARDS)):
            pid = self.counters(shard)["pid"]
            self.systemd.systemctl("reload", unit)
            eventually("it is back", lambda shard=shard, pid=pid: self.is_restarted(shard, pid))

    def stop_all(self):
        self.systemd.systemctl("stop", "relay.target")
        # It waits for the target alone.
        for shard in range(SHARDS):
            for unit in (f"relay@{shard}.service", f"relay@{shard}.socket"):
                eventually(f"{unit} has stopped", lambda unit=unit: not self.are_active(unit))

    def stop_and_start(self):
        self.stop_all()
        self.systemd.systemctl("start", "relay.target")

    def kill(self):
        pid = self.counters(1)["pid"]
        os.kill(self.systemd.main_pid("relay@1.service"), signal.SIGKILL)
        eventually("it is back", lambda: self.is_restarted(1, pid))

    def stop_one(self):
        self.systemd.systemctl("stop", "relay@2.socket")
        eventually("the shard has stopped", lambda: not self.are_active("relay@2.service"))
        self.systemd.systemctl("start", "relay@2.service")

    def kill_until_it_stays_away(self):
        def is_given_up():
            self.systemd.systemctl("kill", "--signal", "KILL", "relay@1.service", check=False)
            return self.systemd.show("relay@1.socket", "Result") == "service-start-limit-hit"
        eventually("its sockets are closed", is_given_up)
        self.assertTrue(self.are_active("relay@0.service", "relay@2.service"))
        self.systemd.systemctl("reset-failed")
        self.systemd.systemctl("start", "relay.target")

    def hang(self):
        pid = self.counters(2)["pid"]
        os.kill(self.systemd.main_pid("relay@2.service"), signal.SIGSTOP)
        eventually("it is back", lambda: self.is_restarted(2, pid))
        self.systemd.wait_journal("relay@2.service", "Watchdog timeout")

    def resize(self, shards):
        self.systemd.systemctl("stop", "relay.target")
        self.write_environment(shards)
        self.systemd.systemctl("disable", *services(SHARDS))
        self.systemd.systemctl("enable", *services(shards))
        self.shards = shards
        self.systemd.systemctl("start", "relay.target")

    def break_environment(self):
        pid = self.counters(0)["pid"]
        self.write_environment(more="LOWEST_PORT=many\n")
        # What runs goes on; what would have to start is refused before it listens.
        self.assertNotEqual(self.systemd.systemctl("reload", "relay@0", check=False).returncode, 0)
        self.assertEqual(self.counters(0)["pid"], pid)
        self.assertTrue(self.are_active(*services(SHARDS)))
        self.assertNotEqual(self.systemd.systemctl("start", "relay@5", check=False).returncode, 0)
        # And what does stop stays away. Its clients' datagrams have it tried again, not for long.
        self.assertNotEqual(self.systemd.systemctl("restart", "relay@0", check=False).returncode,
                            0)
        eventually("its sockets are closed", lambda:
                   self.systemd.show("relay@0.socket", "Result") == "service-start-limit-hit")
        self.assertEqual(self.systemd.show("relay@0.service", "NRestarts"), "0")
        self.assertTrue(self.are_active("relay@1.service", "relay@2.service"))
        self.systemd.wait_journal("relay@0.service", 'LOWEST_PORT: "many" is not a port')
        self.write_environment()
        self.systemd.systemctl("reset-failed")
        self.systemd.systemctl("start", "relay.target")

    def start_one_too_many(self):
        self.assertNotEqual(self.systemd.systemctl("start", "relay@7", check=False).returncode, 0)
        self.systemd.wait_journal("relay@7.socket",
                                  '--shard: "7": there are 3 shards, numbered 0 to 2')
        self.assertEqual(self.systemd.show("relay@7.socket", "ActiveState"), "failed")

    def run_in_a_unit_of_its_own(self):
        self.stop_all()
        self.systemd.write("/etc/systemd/system/own.service", OWN_UNIT)
        self.systemd.systemctl("daemon-reload")
        self.systemd.systemctl("start", "own")
        self.assertEqual(self.systemd.show("own.service", "StatusText"), "3 of 3 shards serve")
        self.assertEqual(self.client().binding().ip, "127.0.0.1")
        self.systemd.systemctl("stop", "own")
        self.assertEqual(self.systemd.show("own.service", "Result"), "success")


def pathlib_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


if __name__ == "__main__":
    e2e.main(with_mounts=True)
