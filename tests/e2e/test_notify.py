"""What the relay tells a service manager, played by the test: readiness, status, watchdog, end."""

import os
import signal
import socket
import time

import e2e
import portal
from relay_process import eventually


class Manager:
    """The socket of a service manager, with all that was said to it."""

    def __init__(self, test, address):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self.sock.close)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.sock.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        self.address = address
        self.lines = [] # (pid, line)

    def _read(self):
        while True:
            try:
                data, messages, _, _ = self.sock.recvmsg(4096, 64, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            pid = int.from_bytes(messages[0][2][:4], "little")
            self.lines += [(pid, line) for line in data.decode().split("\n")]

    def said(self, beginning):
        self._read()
        return [line for _, line in self.lines if line.startswith(beginning)]

    def wait(self, beginning, count=1):
        return eventually(f"{count} times {beginning}",
                          lambda: self.said(beginning)[count - 1:])[-1]

    def pids(self):
        self._read()
        return {pid for pid, _ in self.lines}


class Notify(e2e.E2eTest):
    def manager(self, address=None):
        return Manager(self, address or str(self.folder / "notify"))

    def launch_told(self, manager, command="shard --shard 0", watchdog_usec=None, **arguments):
        """A relay that is to tell |manager|."""
        environment = {"NOTIFY_SOCKET": manager.address}
        if watchdog_usec is not None:
            environment["WATCHDOG_USEC"] = str(watchdog_usec)
        return self.launch(*e2e.LOOPBACK_PEERS, command=command, environment=environment,
                           **arguments)

    def test_a_shard_is_ready_when_it_serves_and_says_how_it_is(self):
        manager = self.manager()
        shard = self.launch_told(manager, shards=1)
        manager.wait("READY=1")
        # It does serve by then: nothing has to be waited for.
        self.assertEqual(len(shard.events("shard ready")), 1)
        client = self.client()
        client.allocate()
        self.assertTrue(manager.said("EXTEND_TIMEOUT_USEC="))
        manager.wait("STATUS=serving: 1 allocations")
        self.assertEqual(manager.said("WATCHDOG"), [])
        shard.stop()
        manager.wait("STOPPING=1")
        self.assertEqual(manager.pids(), {shard.pid})
        self.assertEqual(len(manager.said("READY=1")), 1)

    def test_an_event_loop_that_hangs_says_nothing(self):
        manager = self.manager(f"@relay-e2e-{os.getpid()}")
        shard = self.launch_told(manager, shards=1, watchdog_usec=200000)
        manager.wait("WATCHDOG=1", 3)
        shard.signal(signal.SIGSTOP)
        eventually("it stands still", lambda: self.state_of(shard.pid) == "T")
        before = len(manager.said("WATCHDOG=1"))
        time.sleep(0.3)
        self.assertEqual(len(manager.said("WATCHDOG=1")), before)
        shard.signal(signal.SIGCONT)
        manager.wait("WATCHDOG=1", before + 1)

    @staticmethod
    def state_of(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]

    def test_run_is_ready_when_all_shards_serve_and_speaks_alone(self):
        manager = self.manager()
        relay = self.launch_told(manager, command="run", shards=3, watchdog_usec=400000)
        manager.wait("READY=1")
        self.assertEqual(len(relay.events("shard ready")), 3)
        manager.wait("STATUS=3 of 3 shards serve")
        manager.wait("WATCHDOG=1", 2)
        os.kill(relay.shard_pid(1), signal.SIGKILL)
        manager.wait("STATUS=2 of 3 shards serve")
        manager.wait("STATUS=3 of 3 shards serve", 2)
        relay.stop()
        manager.wait("STOPPING=1")
        self.assertEqual(manager.pids(), {relay.pid})
        self.assertEqual(len(manager.said("READY=1")), 1)

    def test_a_manager_that_is_not_there_is_no_reason_not_to_serve(self):
        for address in (str(self.folder / "nobody"), "relative"):
            with self.subTest(address=address):
                relay = self.launch(command="shard --shard 0", shards=1,
                                    environment={"NOTIFY_SOCKET": address}).wait_ready()
                relay.stop()

    def test_checking_the_configuration_tells_nobody(self):
        manager = self.manager()
        relay = self.launch_told(manager, command="check-config", log_format="human")
        self.assertEqual(relay.wait(), 0)
        self.assertEqual(manager.pids(), set())


    def test_the_portal_process_says_how_the_connection_is(self):
        manager = self.manager()
        control_plane = portal.Portal()
        self.addCleanup(control_plane.close)
        control_plane.behaviour.refuse = [(503, {"Retry-After": "1"})]
        process = self.launch(
            "--portal-url", control_plane.url, command="", program="relay_portal", shards=1,
            environment={"NOTIFY_SOCKET": manager.address, "PORTAL_TOKEN": portal.TOKEN})
        manager.wait("READY=1")
        manager.wait("STATUS=waiting: the control plane answered with HTTP 503")
        manager.wait("STATUS=admitted")
        process.stop()
        manager.wait("STATUS=stopped")
        manager.wait("STOPPING=1")
        self.assertEqual(len(manager.said("READY=1")), 1)
        self.assertEqual(manager.pids(), {process.pid})


if __name__ == "__main__":
    e2e.main()
