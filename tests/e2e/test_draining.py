"""Shards are drained while they carry traffic, and clients are deleted: by relayctl, over the control
sockets of the shards."""

import json
import os
import signal
import socket
import stat
import subprocess

import e2e
import registries
from bench_process import Bench
from redis_process import Redis
from relay_process import BUILD, PATIENCE_SEC, SANITIZED, clean_environment, eventually
from turn_client import NoAnswer, TurnError

SHARDS = 3
NEW_CLIENTS = 4  # that the kernel has given to the drained shard
LOAD = ("--allocations", 24, "--rate", 300 if SANITIZED else 3000, "--direction", "both")


class ControlTest(e2e.E2eTest):
    def command(self, *words):
        return [BUILD["relayctl"], *map(str, words), "--state-dir", self.folder / "state"]

    def ask(self, *words, code=0):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False,
                              env=clean_environment(), timeout=60)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        return done

    def start(self, *words):
        """The command as a process that goes on, with its output as text."""
        process = subprocess.Popen(self.command(*words), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def finish(self, process, code):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, (out, err))
        return out.splitlines(), err.splitlines()

    def states(self):
        found = json.loads(subprocess.run(self.command("status", "--json"), capture_output=True,
                                          text=True, check=False, env=clean_environment(),
                                          timeout=60).stdout)
        return [shard["state"] for shard in found["shards"]]

    def allocated(self, peer=None):
        """A client with an allocation, and a channel to |peer|."""
        client = self.client()
        client.allocate()
        if peer is not None:
            client.bind_channel(0x4000, peer.address)
        return client

    def allocated_at(self, relay, shard, peer=None):
        while True:
            client = self.allocated(peer)
            if relay.shard_of_port(client.relay_port) == shard:
                return client
            client.refresh(0)


def client_text(client):
    return "{}:{}".format(*client.local[:2])


class Drain:
    def test_new_clients_are_served_by_others_and_no_flow_loses_anything(self):
        registry = self.registry_type(self)
        relay = self.relay(*e2e.LOOPBACK_PEERS, *registry.options, shards=SHARDS)
        peer = self.peer()
        old = self.allocated_at(relay, 1, peer)
        bench = Bench(self, *LOAD, duration_sec=30)
        eventually("the load is there", lambda: relay.total("channels") >= 24 + 1)
        begun = json.loads(self.ask("drain", 1, "--json").stdout)
        self.assertEqual((begun["shard"], begun["draining"]), (1, True))
        self.assertEqual(begun["allocations_left"], relay.counters(1)["allocations"])
        self.assertEqual(self.states(), ["serving", "draining", "serving"])
        new = self.new_clients(relay, peer)
        self.assert_kept(relay, old, new)

        # Its process ends, and the next one knows.
        pid = relay.shard_pid(1)
        bench.stop()
        result = bench.result(interrupted=True)
        os.kill(pid, signal.SIGKILL)
        relay.wait_event("shard ready", SHARDS + 1)
        self.assertEqual(relay.wait_event("shard is draining: it takes no new allocations until "
                                          "undrain")["shard"], 1)
        self.assertEqual(self.states(), ["serving", "draining", "serving"])
        self.assert_kept(relay, old, new)
        self.new_clients(relay, peer)

        self.assertIn("takes new allocations", self.ask("undrain", 1).stdout)
        self.assertEqual(self.states(), ["serving"] * SHARDS)
        self.allocated_at(relay, 1)
        self.assert_kept(relay, old, new)
        self.assert_no_loss(relay, result)

    def new_clients(self, relay, peer):
        """Clients, so many of which had come to shard 1, each with data passing both ways."""
        before = relay.counters(1)["drain_handed_on"]
        clients = []
        while relay.counters(1)["drain_handed_on"] < before + NEW_CLIENTS:
            client = self.allocated(peer)
            self.assertNotEqual(relay.shard_of_port(client.relay_port), 1)
            self.assert_echoes(client, 0x4000, (b"one", b"two"))
            clients.append(client)
        return clients

    def assert_kept(self, relay, old, new):
        self.assert_echoes(old, 0x4000, (b"old",))
        old.refresh()
        self.assertEqual(relay.shard_of_port(old.relay_port), 1)
        with self.assertRaises(TurnError) as raised:
            old.allocate()
        self.assertEqual(raised.exception.code, 437)
        for client in new:
            self.assert_echoes(client, 0x4000, (b"new",))
            client.refresh()

    def assert_no_loss(self, relay, result):
        self.assertEqual(result["setup"]["failed"], 0)
        self.assertIn(1, {relay.shard_of_port(f["relay_port"]) for f in result["flows"]})
        for flow in result["flows"]:
            self.assertEqual(flow["received"], flow["sent"], flow)
        print(f"{sum(f['sent'] for f in result['flows'])} datagrams relayed meanwhile, none lost")


class Drained(ControlTest):
    def test_all_shards_drain(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        peer = self.peer()
        old = self.allocated(peer)
        for shard in range(2):
            self.assertIn(f"shard {shard} takes no new allocations",
                          self.ask("drain", shard).stdout)
        self.ask("drain", 0)  # and again
        with self.assertRaises(TurnError) as raised:
            self.allocated()
        self.assertEqual(raised.exception.code, 508)
        self.assertGreaterEqual(relay.total("drain_refused"), 1)
        self.assert_echoes(old, 0x4000)
        # All end, and a new relay goes on as it was told, which is no reason not to be ready.
        relay.stop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify.sock"))
            manager.settimeout(PATIENCE_SEC)
            relay = self.relay(*e2e.LOOPBACK_PEERS,
                               environment={"NOTIFY_SOCKET": manager.getsockname()})
            while b"READY=1" not in manager.recv(4096):
                pass
        self.assertEqual(self.states(), ["draining"] * 2)
        self.assert_echoes(old, 0x4000)
        self.ask("undrain", 1)
        self.assertEqual(relay.shard_of_port(self.allocated().relay_port), 1)
        # What cannot be kept is not done.
        mark = self.folder / "state" / "shard-0.drain"
        mark.rename(self.folder / "mark")
        mark.mkdir()
        line, = self.ask("undrain", 0, code=1).stderr.splitlines()
        self.assertIn("shard-0.drain cannot be removed: Is a directory", line)
        self.assertEqual(self.states(), ["draining", "serving"])
        mark.rmdir()
        (self.folder / "mark").rename(mark)
        self.assertEqual(stat.S_IMODE(mark.stat().st_mode), 0o600)
        self.assertFalse((self.folder / "state" / "shard-1.drain").exists())

    def test_a_rolling_restart_waits_for_drained_shards_as_for_others(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        self.ask("drain", 0)
        relay.signal(signal.SIGHUP)
        relay.wait_event("all shards were restarted")
        self.assertEqual(self.states(), ["draining", "serving"])

    def test_wait_shows_progress_and_ends_when_nothing_is_left(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        clients = [self.allocated_at(relay, 1) for _ in range(2)]
        text = self.start("drain", 1, "--wait")
        self.assertEqual(text.stdout.readline(), "shard 1 takes no new allocations; it has 2\n")
        data = self.start("drain", 1, "--wait", "--json")
        self.assertEqual(json.loads(data.stdout.readline())["allocations_left"], 2)
        for left, client in ((1, clients[0]), (0, clients[1])):
            client.refresh(0)
            self.assertRegex(text.stdout.readline(), rf"shard 1: {left} left after \d+s\n")
            self.assertEqual(json.loads(data.stdout.readline()),
                             {"shard": 1, "draining": True, "allocations_left": left})
        self.assertEqual(self.finish(text, 0), ([], []))
        self.assertEqual(self.finish(data, 0), ([], []))

    def test_whatever_ends_the_waiting_the_draining_goes_on(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        client = self.allocated_at(relay, 1)
        waiting = [self.start("drain", 1, "--wait") for _ in range(3)]
        for process in waiting:
            process.stdout.readline()
        waiting[0].send_signal(signal.SIGINT)
        line, = self.finish(waiting[0], 1)[1]
        self.assertIn("goes on draining, until relayctl undrain 1", line)
        # One that is started again is waited for.
        os.kill(relay.shard_pid(1), signal.SIGKILL)
        self.assertIn("started again", waiting[1].stderr.readline())
        self.assertEqual(self.states(), ["serving", "draining"])
        # One that hangs is not.
        pid = relay.shard_pid(1)
        os.kill(pid, signal.SIGSTOP)
        try:
            for process in waiting[1:]:
                self.assertIn("has not moved for", self.finish(process, 1)[1][-1])
            for words in (("drain", 1), ("undrain", 1), ("delete", client_text(client))):
                line, *_ = self.ask(*words, code=1).stderr.splitlines()
                self.assertRegex(line, rf"shard 1 hangs: process {pid} has not moved for \d+\.\d s")
            # Nor is anything new given to it, by the other one.
            self.ask("drain", 0)
            with self.assertRaises((TurnError, NoAnswer)):
                self.client(patience_sec=1).allocate()
        finally:
            os.kill(pid, signal.SIGCONT)
        eventually("it moves again", lambda: self.states() == ["draining", "draining"])
        waiting = self.start("drain", 1, "--wait")
        waiting.stdout.readline()
        self.ask("undrain", 1)
        self.assertIn("somebody has ended", self.finish(waiting, 1)[1][-1])

    def test_shards_that_are_not_there(self):
        relay = self.relay(*e2e.LOOPBACK_PEERS)
        line, = self.ask("drain", 7, code=1).stderr.splitlines()
        self.assertIn("there is no shard 7", line)
        relay.stop()
        for words in (("drain", 0), ("drain", 0, "--wait"), ("undrain", 1)):
            line, = self.ask(*words, code=1).stderr.splitlines()
            self.assertRegex(line, "shard [01] is not running")

    def test_wrong_arguments_exit_2(self):
        (self.folder / "state").mkdir(mode=0o700)
        for words in (("drain",), ("drain", "x"), ("drain", "-1"), ("drain", 1, 2), ("undrain",),
                      ("undrain", 1, "--wait"), ("drain", 1, "--nothing"), ("delete",),
                      ("delete", "192.0.2.1"), ("delete", "nonsense"),
                      ("delete", "192.0.2.1:1", "192.0.2.1:2"),
                      ("drain", 0, "--instance", "there"), ("undrain", "65535")):
            with self.subTest(words=words):
                done = self.ask(*words, code=2)
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertEqual(done.stdout, "")


class Delete(ControlTest):
    def setUp(self):
        super().setUp()
        self.started = self.relay(*e2e.LOOPBACK_PEERS)
        self.echo = self.peer()

    def assert_ended(self, client):
        with self.assertRaises(TurnError) as raised:
            client.refresh()
        self.assertEqual(raised.exception.code, 437)

    def test_a_client_and_nobody_else(self):
        clients = [self.allocated(self.echo) for _ in range(3)]
        shards = [self.started.shard_of_port(client.relay_port) for client in clients]
        line, = self.ask("delete", client_text(clients[0])).stdout.splitlines()
        for part in (f"shard {shards[0]}", client_text(clients[0]),
                     f"relay port {clients[0].relay_port}"):
            self.assertIn(part, line)
        found, = json.loads(self.ask("delete", client_text(clients[1]), "--json").stdout)
        self.assertEqual(found, {"shard": shards[1], "client": client_text(clients[1]),
                                 "server": "127.0.0.1:3478",
                                 "relay_port": clients[1].relay_port})
        for client in clients[:2]:
            self.assert_ended(client)
            self.assertIn("nobody owns", self.ask("owner", client_text(client), code=1).stderr)
        self.assert_echoes(clients[2], 0x4000)
        self.assertEqual(self.started.total("allocations_removed"), 2)
        self.assertEqual({e["reason"] for e in self.started.events("allocation ended")},
                         {"deleted by the operator"})
        # It may come back.
        clients[0].allocate()

    def test_nobody(self):
        line, = self.ask("delete", "192.0.2.1:4000", code=1).stderr.splitlines()
        self.assertIn("nobody has an allocation of 192.0.2.1:4000", line)
        done = self.ask("delete", "192.0.2.1:4000", "--json", code=1)
        self.assertEqual(json.loads(done.stdout), [])

    def test_another_relay_of_the_registry_is_not_mistaken_for_this_one(self):
        client = self.allocated()
        for words in (("--instance", "there"), ("--instance", "there", "--json")):
            done = self.ask("delete", client_text(client), *words, code=1)
            self.assertEqual(done.stdout, "")
            line, = done.stderr.splitlines()
            self.assertIn("there is not the relay of", line)
        client.refresh()

    def test_without_the_registry(self):
        client = self.allocated()
        away = ("--coordination", f"redis+unix://{self.folder}/nowhere.sock")
        self.assertIn("deleted: ", self.ask("delete", client_text(client), *away).stdout)
        self.assert_ended(client)
        # Nor does it matter what it does not know.
        client = self.allocated()
        redis = Redis(self.folder)
        self.addCleanup(redis.kill)
        self.assertIn("deleted: ", self.ask("delete", client_text(client), "--coordination",
                                            redis.url).stdout)
        self.assert_ended(client)


class WithoutRegistry(ControlTest):
    def test_draining_and_deleting_go_on(self):
        registry = registries.RedisRegistry(self)
        relay = self.relay(*e2e.LOOPBACK_PEERS, *registry.options)
        drained = [self.allocated_at(relay, 1) for _ in range(2)]
        other = self.allocated_at(relay, 0)
        # Other hosts know by its lease.
        for word, state in (("drain", "draining"), ("undrain", "serving")):
            self.ask(word, 1)
            eventually(state, lambda s=state: f"state={s} " in registry.redis.cli(
                "HGET", "relay:shard:test/1", "lease"))
        registry.redis.kill()
        eventually("the shards notice", lambda: relay.total("registry_available") == 0)
        self.assertEqual(json.loads(self.ask("drain", 1, "--json").stdout),
                         {"shard": 1, "draining": True, "allocations_left": 2})
        while relay.counters(1)["drain_handed_on"] < 2:
            self.assertEqual(relay.shard_of_port(self.allocated().relay_port), 0)
        found, = json.loads(self.ask("delete", client_text(drained[0]), "--json").stdout)
        self.assertEqual((found["shard"], found["relay_port"]), (1, drained[0].relay_port))
        waiting = self.start("drain", 1, "--wait")
        self.assertIn("it has 1", waiting.stdout.readline())
        drained[1].refresh(0)
        self.assertEqual(self.finish(waiting, 0)[1], [])
        # One that is started meanwhile cannot know what it had.
        os.kill(relay.shard_pid(1), signal.SIGKILL)
        relay.wait_event("shard ready", 2 + 1)
        waiting = self.start("drain", 1, "--wait")
        self.assertIn("it has 0", waiting.stdout.readline())
        self.assertIn("0 left after 0s, without what is still to be restored",
                      waiting.stdout.readline())
        registry.redis.start()
        self.assertEqual(self.finish(waiting, 0)[1], [])
        registry.redis.kill()
        eventually("the shards notice", lambda: relay.total("registry_available") == 0)
        self.assertEqual(json.loads(self.ask("undrain", 1, "--json").stdout),
                         {"shard": 1, "draining": False, "allocations": 0})
        # One that hangs may have more of a client than what was deleted.
        pid = relay.shard_pid(1)
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        eventually("it hangs", lambda: self.states()[1] == "hangs")
        done = self.ask("delete", client_text(other), code=1)
        self.assertIn("deleted: shard 0", done.stdout)
        self.assertIn("shard 1 hangs", done.stderr)
        # And it takes nothing, although it does not drain.
        self.ask("drain", 0)
        while relay.counters(0)["drain_refused"] == 0:
            with self.assertRaises((TurnError, NoAnswer)):
                self.client(patience_sec=0.5).allocate()
            self.assertEqual(relay.counters(0)["drain_handed_on"], 0)


globals().update(registries.for_each(type("Drain", (Drain, ControlTest), {}),
                                     sanitized=(registries.LocalRegistry,)))

if __name__ == "__main__":
    e2e.main()
