"""relay-portal against the test portal: what it sends, and what it makes of each answer and of each
way in which a control plane can misbehave. Long time limits are the scenario tests' business."""

import base64
import pathlib
import re
import signal
import socket
import stat
import time
import unittest

import e2e
import namespace
from portal import TOKEN, Authority, Portal
from relay_process import PATIENCE_SEC, SANITIZED, Relay, eventually

SECRET = "4c98bf59c99b3e467ecd7cf9d6b3e5279645fca59be67bc5bb4af3cf653761ab"
EXIT_FAILED, EXIT_OPTIONS, EXIT_REFUSED, EXIT_GAVE_UP = 1, 2, 3, 4
NOT_CONNECTED = "not connected to the control plane"


class PortalProcess(Relay):
    """A relay-portal."""

    def __init__(self, folder, *options, token=TOKEN, **arguments):
        arguments.setdefault("secret", SECRET)
        arguments.setdefault("environment", {"PORTAL_TOKEN": token} if token else {})
        super().__init__(folder, *options, command="", shards=1, program="relay_portal",
                         **arguments)

    def status(self):
        """The status file as a dictionary; empty before there is one."""
        try:
            lines = (self.state_dir / "portal.status").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in lines[1:])

    def wait_status(self, state, error=""):
        """Waits until the status is |state|, and its last error says |error|."""
        def seen():
            status = self.status()
            return status if status.get("state") == state and error in status["error"] else None
        return eventually(f"the portal process is {state}, the last error {error!r}", seen)

    def wait_error(self, error):
        """Waits until the last error says |error|."""
        eventually(f"the last error is {error!r}",
                   lambda: error in self.status().get("error", ""))

    def memory_kib(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(f"{name}:"))

    def holds(self, needle):
        """Is |needle| anywhere in the memory of the process?"""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps, \
                open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                begin, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                if "w" not in mode:
                    continue
                memory.seek(int(begin, 16))
                if needle in memory.read(int(end, 16) - int(begin, 16)):
                    return True
        return False


class PortalTest(e2e.E2eTest):
    def portal(self, **options):
        portal = Portal(**options)
        self.addCleanup(self._end_portal, portal)
        return portal

    def _end_portal(self, portal):
        portal.close()
        self.assertEqual(portal.faults, [])

    def process(self, portal, *options, url=None, **arguments):
        """A portal process, with a state directory of its own unless it is given one."""
        self._states = getattr(self, "_states", 0) + 1
        arguments.setdefault("state_dir", self.folder / f"state-{self._states}")
        process = PortalProcess(self.folder, "--portal-url", url or portal.url, *options,
                                **arguments)
        self.addCleanup(self._end_relay, process)
        return process

    def connected(self, **options):
        """A portal, a process, and the connection between them."""
        portal = self.portal()
        process = self.process(portal, **options)
        relay = portal.wait_relay()
        process.wait_status("admitted")
        return portal, process, relay


class Protocol(PortalTest):
    def test_the_request_the_join_and_what_is_left_behind(self):
        portal = self.portal()
        process = self.process(portal, "--portal-name", "a relay & more")
        relay = portal.wait_relay()
        self.assertEqual(relay.query, [("name", "a relay & more"), ("ipv4", "127.0.0.1"),
                                       ("ipv6", "::1"), ("port", "3478")])
        fields = dict(relay.fields)
        self.assertEqual(fields["Host"], "127.0.0.1")
        self.assertEqual(fields["Connection"], "Upgrade")
        self.assertEqual(fields["Upgrade"], "websocket")
        self.assertEqual(fields["Sec-WebSocket-Version"], "13")
        self.assertEqual(len(base64.b64decode(fields["Sec-WebSocket-Key"])), 16)
        self.assertEqual(fields["X-Authorization"], f"Bearer {TOKEN}")
        self.assertRegex(fields["User-Agent"], r"^\S+/\S+ relay/[\d.]+ \(\S+; \S+\)$")
        self.assertEqual(relay.received, [{"topic": "relay", "event": "phx_join", "ref": 0,
                                           "payload": {"stamp_secret": SECRET}}])
        status = process.wait_status("admitted")
        eventually("the init is kept", (process.state_dir / "portal.init").exists)
        self.assertEqual(int(status["pid"]), process.pid)
        self.assertEqual(status["attempts"], "0")
        for name in ("portal.init", "portal.status", "portal.lock"):
            mode = (process.state_dir / name).stat().st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        process.stop()
        self.assertEqual(process.status()["state"], "stopped")
        eventually("the portal sees the end", lambda: portal.presence[-1][1] == "left")

    @unittest.skipIf(SANITIZED, "it takes 10 s, and the scenarios have heartbeats judged")
    def test_heartbeats_and_meanwhile_a_slow_upgrade(self):
        slow = self.portal()
        slow.behaviour.upgrade_after_sec = 6
        self.process(slow)
        _, process, relay = self.connected()
        eventually("a heartbeat", lambda: len(relay.received) > 1)
        self.assertEqual(relay.received[1], {"topic": "phoenix", "event": "heartbeat",
                                             "payload": {}, "ref": 1})
        self.assertGreater(relay.times[1] - relay.began_at, 9.9)
        eventually("the answer is told", lambda: process.status()["heartbeat-answered"] != "0")
        slow.wait_relay()
        self.assertEqual(len(slow.connections), 1)

    def test_pings_are_answered_and_nonsense_is_borne(self):
        portal, process, relay = self.connected()
        relay.push("relay", "init", {"more": [1]}, join_ref=None)
        relay.push("phoenix", "phx_reply", {"status": "ok", "response": {}}, 4711)
        relay.push("relay", "no_such_event")
        relay.push("relay", "phx_error")
        relay.send_text("nonsense")
        relay.send_text("\U0001f600" * 1000)
        relay.send_binary(b"\0" * 5000)
        relay.ping_and_wait()
        # In fragments, with a ping between them.
        relay.send_raw(b"\x01\x10" + b'{"topic":"relay"' + b"\x89\x01!"
                       + b"\x80\x0d" + b',"event":"x"}')
        process.wait_event("message of the control plane", 6)
        self.assertEqual([event["what"] for event in process.events("message of the control plane")],
                         ["a message of the control plane means nothing to a relay: event "
                          "no_such_event",
                          "a message of the control plane means nothing to a relay: event phx_error",
                          "a message of the control plane is no message of a channel",
                          "a message of the control plane is no message of a channel",
                          "a binary message of the control plane",
                          "a message of the control plane means nothing to a relay: event x"])
        self.assertEqual(len(portal.connections), 1)
        self.assertFalse(relay.has_ended)


class Ends(PortalTest):
    def test_each_end_of_a_connection_is_the_beginning_of_another(self):
        ends = (
            ("a reset", lambda relay: relay.abort(), "connection was lost"),
            ("a close", lambda relay: relay.close_with(1001, "restart"), "1001 restart"),
            ("a long close", lambda relay: relay.close_with(4000, "x" * 120), "4000 xxx"),
            ("phx_close", lambda relay: relay.push("relay", "phx_close"), "phx_close"),
            ("disconnect", lambda relay: relay.push("any", "disconnect",
                                                    {"reason": "token_expired"}),
             "token_expired"),
            ("half a message", lambda relay: relay.send_text('{"topic":"relay","eve'),
             "ended before its JSON"),
            ("no UTF-8", lambda relay: relay.send_raw(b"\x81\x02\xc3\x28"), "connection was lost"),
            ("no frame", lambda relay: relay.send_raw(b"\xff\xff\xff\xff"), "connection was lost"),
            ("a compressed one", lambda relay: relay.send_raw(b"\xc1\x02\xaa\x56"),
             "connection was lost"),
            ("the end of nothing", lambda relay: relay.send_raw(b"\x80\x02{}"),
             "connection was lost"),
            ("half a frame, then a reset", self._half_a_frame, "connection was lost"),
            ("too long a message", lambda relay: relay.send_text("x" * 65537), "longer than 65536"),
            ("too long a binary one", lambda relay: relay.send_binary(b"x" * 65537),
             "longer than 65536"),
        )
        for name, end, reason in ends:
            with self.subTest(name):
                portal, process, relay = self.connected()
                end(relay)
                again = eventually("another admission",
                                   lambda p=portal, r=relay: [c for c in p.relays() if c is not r])
                self.assertEqual(again[0].secret, relay.secret)
                process.wait_status("admitted", reason)
                self.assertTrue(relay.has_ended)
                process.stop()

    @staticmethod
    def _half_a_frame(relay):
        relay.send_raw(b"\x81\x7e\x10\x00" + b"x" * 100)
        relay.abort()

    def test_a_close_is_answered_with_a_close(self):
        portal, _, relay = self.connected()
        relay.close_with(1001, "going")
        eventually("the answer", lambda: relay.close_seen)
        self.assertEqual(relay.close_seen[0], 1001)
        portal.wait_attempts(2)

    def test_a_refused_join_is_tried_again(self):
        portal = self.portal()
        portal.behaviour.join = "disabled"
        process = self.process(portal)
        process.wait_error("refused the join: disabled")
        portal.behaviour.join = "ok"
        portal.wait_relay()

    def test_a_lost_channel_is_joined_again_on_the_same_connection(self):
        portal, _, relay = self.connected()
        relay.push("relay", "phx_reply", {"status": "error",
                                          "response": {"reason": "unmatched topic"}}, 0)
        eventually("another join", lambda: len(relay.received) == 2)
        self.assertEqual((relay.received[1]["event"], relay.received[1]["ref"]), ("phx_join", 1))
        self.assertEqual(len(portal.connections), 1)

    def test_flapping_is_slowed_down(self):
        portal, process, _ = self.connected()
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            for relay in portal.relays():
                relay.abort()
            time.sleep(0.01)
        attempts = len(portal.connections)
        print(f"{attempts} attempts in 1 s")
        self.assertLessEqual(attempts, 6)  # at 0, 0.25, 0.6, 1.2 s …, however fast the machine
        portal.wait_relay()
        process.wait_status("admitted")

    def test_a_portal_that_was_away(self):
        portal, process, _ = self.connected()
        secret = portal.relays()[0].secret
        portal.stop()
        process.wait_status("waiting")
        time.sleep(0.5)
        portal.start()
        back_at = time.monotonic()
        self.assertEqual(portal.wait_relay().secret, secret)
        print(f"admitted again {time.monotonic() - back_at:.2f} s after the portal was back")
        process.wait_status("admitted", "TCP: 127.0.0.1")


class Refusals(PortalTest):
    def test_401_ends_the_process_with_one_clear_line(self):
        portal = self.portal()
        process = self.process(portal, token="another token", log_format="human")
        self.assertEqual(process.wait(), EXIT_REFUSED)
        self.assertEqual(process.status()["state"], "refused")
        lines = [line for line in process.text().splitlines() if " error " in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("refused the token (HTTP 401)", lines[0])
        self.assertNotIn("another token".replace(" ", ""), process.text())
        self.assertEqual(len(portal.connections), 1)

    def test_every_other_status_is_tried_again_and_redirects_are_not_followed(self):
        elsewhere = self.portal()
        portal = self.portal()
        portal.behaviour.refuse = [
            (302, {"Location": f"{elsewhere.url.replace('ws', 'http')}/relay/websocket?port=1"}),
            (429, {"Retry-After": "1"}),
            (503, {}),
        ]
        dated = self.portal()
        when = int(time.time()) + 2
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(when))
        dated.behaviour.refuse = [(503, {"Retry-After": date})]
        process = self.process(portal)
        self.process(dated)
        dated.wait_relay()
        self.assertGreaterEqual(time.time(), when - 1)
        portal.wait_relay()
        self.assertEqual([event["error"] for event in process.events(NOT_CONNECTED)],
                         [f"the control plane answered with HTTP {status}"
                          for status in (302, 429, 503)])
        self.assertEqual(process.events(NOT_CONNECTED)[1]["retry_in_msec"], "1000")
        began = [connection.began_at for connection in portal.connections]
        self.assertGreaterEqual(began[2] - began[1], 1.0)
        self.assertEqual(elsewhere.connections, [])

    def test_a_proxy_of_the_environment_is_not_asked(self):
        with socket.create_server(("127.0.0.1", 0)) as proxy:
            portal = self.portal()
            self.process(portal, environment={
                "PORTAL_TOKEN": TOKEN, "http_proxy": f"127.0.0.1:{proxy.getsockname()[1]}"})
            portal.wait_relay()

    def test_what_is_no_response_is_tried_again(self):
        answers = (b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100000,
                   b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   b"Connection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
                   b"\r\n", b"HTTP/1.1 1401 Nothing of the kind\r\n\r\n", b"\0" * 70000)
        portals = [self.portal() for _ in answers]
        for portal, answer in zip(portals, answers):
            portal.behaviour.raw_answer = answer
        processes = [self.process(portal) for portal in portals]
        for portal, process, answer in zip(portals, processes, answers):
            with self.subTest(answer[:40]):
                process.wait_error("HTTP upgrade")
                portal.behaviour.raw_answer = None
        for portal in portals:
            portal.wait_relay()

    def test_stopping_does_not_wait_for_anything(self):
        portal = self.portal()
        portal.behaviour.upgrade_after_sec = 3600
        process = self.process(portal)
        portal.wait_attempts(1)
        began = time.monotonic()
        process.stop()
        self.assertLess(time.monotonic() - began, PATIENCE_SEC / 2)

    def test_giving_up_on_request(self):
        portal = self.portal()
        portal.stop()
        process = self.process(portal, "--portal-give-up", "1")
        self.assertEqual(process.wait(), EXIT_GAVE_UP)
        self.assertEqual(process.status()["state"], "gave up")
        ends = process.events("the connection to the control plane ends for good")
        self.assertIn("not admitted by the control plane for 1 s", ends[0]["error"])
        portal.start()

    def test_a_name_that_does_not_resolve_is_tried_again(self):
        process = self.process(None, url="wss://portal.invalid")
        self.assertIn("DNS: portal.invalid: ", process.wait_event(NOT_CONNECTED)["error"])
        process.wait_event(NOT_CONNECTED, 2)


class Addresses(PortalTest):
    """Of a host with several. The names are those of a hosts file of the test's own."""

    def setUp(self):
        super().setUp()
        hosts = self.folder / "hosts"
        hosts.write_text("::1 both.test\n127.0.0.1 both.test\n"
                         "2001:db8::1 dead.test\n127.0.0.1 dead.test\n", encoding="ascii")
        namespace.run("mount", "--bind", str(hosts), "/etc/hosts")
        self.addCleanup(namespace.run, "umount", "/etc/hosts")
        # What is sent to the first address of dead.test gets lost without a word.
        namespace.run("ip", "link", "add", "nowhere", "type", "veth", "peer", "name", "nobody")
        self.addCleanup(namespace.run, "ip", "link", "del", "nowhere")
        for interface in ("nowhere", "nobody"):
            namespace.run("ip", "link", "set", interface, "up")
        namespace.add_address("nowhere", "2001:db8::2/64")
        namespace.run("ip", "neighbour", "add", "2001:db8::1", "lladdr", "02:00:00:00:00:01",
                      "dev", "nowhere")

    def test_the_one_that_listens_is_found_at_once(self):
        for host in ("127.0.0.1", "::1"):
            with self.subTest(host):
                portal = self.portal(host=host)
                process = self.process(portal, url=f"ws://both.test:{portal.port}")
                portal.wait_relay()
                self.assertEqual(process.events(NOT_CONNECTED), [])
                process.stop()

    def test_one_that_takes_connections_and_does_nothing_with_them_is_left(self):
        portal = self.portal()
        with socket.create_server(("::1", portal.port), family=socket.AF_INET6) as broken:
            process = self.process(portal, url=f"ws://both.test:{portal.port}")
            broken.accept()[0].close()
            portal.wait_relay()
        self.assertIn(f"HTTP upgrade: ::1 port {portal.port}: ",
                      process.events(NOT_CONNECTED)[0]["error"])
        self.assertEqual(len(process.events(NOT_CONNECTED)), 1)

    def test_one_that_does_not_answer_costs_its_time_once(self):
        portal = self.portal()
        started_at = time.monotonic()
        process = self.process(portal, url=f"ws://dead.test:{portal.port}")
        first = portal.wait_relay()
        self.assertGreaterEqual(first.began_at - started_at, 2)
        self.assertEqual(process.events(NOT_CONNECTED), [])
        lost_at = time.monotonic()
        first.abort()
        again = portal.wait_attempts(2)
        print(f"back after {again.began_at - lost_at:.3f} s")
        if not SANITIZED:
            self.assertLess(again.began_at - lost_at, 1.9)  # not the dead one's 2 s again


class Tls(PortalTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def test_names_and_addresses_that_the_certificate_is_for(self):
        tls = self.authority.server_context("DNS:localhost", "IP:127.0.0.1", "IP:::1")
        v4 = self.portal(tls=tls)
        v6 = self.portal(tls=tls, host="::1")
        for portal, host in ((v4, "127.0.0.1"), (v6, "[::1]"), (v4, "localhost")):
            with self.subTest(host):
                process = self.process(portal, "--portal-ca-file", self.authority.file,
                                       url=f"wss://{host}:{portal.port}")
                self.assertEqual(dict(portal.wait_relay().fields)["Host"], host)
                process.wait_status("admitted")
                process.stop()
                eventually("it has left", lambda p=portal: not p.relays())

    def test_certificates_that_are_not_to_be_trusted(self):
        good = self.authority.server_context("DNS:localhost")
        expired = self.authority.server_context("DNS:localhost", days=-1)
        wrong = self.authority.server_context("DNS:example.org", "IP:192.0.2.1")
        common_name = self.authority.server_context(common_name="localhost")
        client = self.authority.server_context("DNS:localhost", usage="clientAuth")
        ca_file = ("--portal-ca-file", self.authority.file)
        cases = (
            ("expired", expired, ca_file, "certificate has expired"),
            ("of another host", wrong, ca_file, "hostname mismatch"),
            ("without a name of the kind that counts", common_name, ca_file, "hostname mismatch"),
            ("of a client", client, ca_file, "certificate purpose"),
            ("of nobody known", good, (), "unable to get local issuer certificate"))
        portals = [self.portal(tls=tls) for _, tls, _, _ in cases]
        processes = [self.process(portal, *options, url=f"wss://localhost:{portal.port}")
                     for portal, (_, _, options, _) in zip(portals, cases)]
        for portal, process, (name, _, _, reason) in zip(portals, processes, cases):
            with self.subTest(name):
                process.wait_error(reason)
                process.wait_event(NOT_CONNECTED, 2)
                self.assertEqual(portal.connections, [])

    def test_tls_where_there_is_none_and_the_reverse(self):
        plain = self.portal()
        process = self.process(plain, url=plain.url.replace("ws:", "wss:"))
        process.wait_error("TLS")
        process.stop()
        secure = self.portal(tls=self.authority.server_context("IP:127.0.0.1"))
        process = self.process(secure, url=secure.url.replace("wss:", "ws:"))
        process.wait_error("HTTP upgrade")
        self.assertEqual(secure.connections, [])


class Secrets(PortalTest):
    def test_the_token_is_nowhere_to_be_seen(self):
        authority = Authority(self.folder)
        tls = authority.server_context("IP:127.0.0.1")
        for name, portal in (("plain", self.portal()), ("TLS", self.portal(tls=tls))):
            with self.subTest(name):
                path = self.folder / "token"
                path.write_text(f" {TOKEN[:10]}\n{TOKEN[10:]}\n", encoding="utf-8")
                process = self.process(portal, "--portal-token-file", path, "--portal-ca-file",
                                       authority.file, "--log-level", "debug", token=None)
                portal.wait_relay()
                process.wait_status("admitted")
                if not SANITIZED:  # whose memory is too large to look through
                    self.assertTrue(process.holds(SECRET.encode()))
                    self.assertFalse(process.holds(TOKEN.encode()))
                self.assertNotIn(TOKEN, process.text())
                process.stop()

    def test_a_token_in_the_environment_is_taken_out_of_it(self):
        _, process, _ = self.connected(environment={"PORTAL_TOKEN": TOKEN,
                                                    "FIREZONE_TOKEN": "one-more"})
        for name in ("environ", "cmdline"):
            data = pathlib.Path(f"/proc/{process.pid}/{name}").read_bytes()
            self.assertNotIn(TOKEN.encode(), data)
            self.assertNotIn(b"one-more", data)
        self.assertNotIn(TOKEN, process.text())
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")
        self.assertRegex(limits, "Max core file size +0 +0 ")

    def test_a_new_token_in_the_file_is_taken_up(self):
        portal = self.portal()
        path = self.folder / "token"
        path.write_text(TOKEN, encoding="utf-8")
        process = self.process(portal, "--portal-token-file", path, token=None)
        relay = portal.wait_relay()
        path.unlink()
        relay.abort()
        process.wait_error("the token's file: it cannot be read")
        portal.token = "a-new-token"
        path.write_text(portal.token, encoding="utf-8")
        put_at = time.monotonic()
        eventually("another admission", portal.relays)
        # After its wait of a second at most: an attempt that has failed does not last 15 s.
        self.assertLess(portal.relays()[0].began_at - put_at, 10)

    def test_the_secret_outlives_the_process(self):
        portal = self.portal()
        secrets = []
        for _ in range(2):
            process = self.process(portal, secret=None, state_dir=self.folder / "state")
            secrets.append(portal.wait_relay().secret)
            process.signal(signal.SIGKILL)
            process.wait()
            eventually("it has left", lambda: not portal.relays())
        self.assertEqual(secrets[0], secrets[1])
        self.assertEqual((process.state_dir / "auth-secret").read_text().strip(), secrets[0])

    def test_one_process_for_each_state_directory(self):
        portal, process, _ = self.connected()
        second = self.process(portal, state_dir=process.state_dir)
        self.assertEqual(second.wait(), EXIT_FAILED)
        self.assertIn(f"as process {process.pid}", second.text())
        self.assertEqual(len(portal.connections), 1)


class Options(PortalTest):
    def test_bad_ones_are_named(self):
        empty = self.folder / "empty"
        empty.write_text("\n", encoding="utf-8")
        url = ("--portal-url", "wss://portal.invalid")
        for options, arguments, line in (
                ((), {}, "--portal-url: "),
                (("--portal-url", "mailto:x"), {}, '--portal-url: "mailto:x" is not usable: '),
                (url, {"token": None}, "--portal-url: "),
                ((*url, "--portal-token", "hush"), {"token": None}, "--portal-token: "),
                ((*url, "--portal-token-file", "/nowhere"), {"token": None},
                 '--portal-token-file: "/nowhere": it cannot be read'),
                ((*url, "--portal-token-file", empty), {"token": None}, "--portal-token-file: "),
                (url, {"token": "caf\xe9"}, "PORTAL_TOKEN: a token is visible ASCII"),
                ((*url, "--portal-ca-file", "/nowhere"), {}, "--portal-ca-file: "),
                ((*url, "--portal-ca-file", empty), {}, "--portal-ca-file: "),
                ((*url, "--portal-name", "x" * 256), {}, "--portal-name: "),
                (url, {"secret": "two\nlines"}, "--auth-secret: "),
                (("walk", *url), {}, '"walk" is not a command')):
            with self.subTest(line):
                process = PortalProcess(self.folder, *options, **arguments)
                self.addCleanup(process.kill)
                self.assertEqual(process.wait(), EXIT_OPTIONS, process.text())
                self.assertRegex(process.text(), f"^relay: {re.escape(line)}")
                self.assertEqual(process.text().count("\n"), 1)
                self.assertNotIn("hush", process.text())


class Floods(PortalTest):
    TOTAL = (10 if SANITIZED else 100) << 20

    def test_what_a_flood_costs(self):
        for name, frame, opcode in (("in one message", self.TOTAL, 1),
                                    ("in one binary message", self.TOTAL, 2),
                                    ("in small messages", 1000, 1)):
            with self.subTest(name):
                portal, process, relay = self.connected()
                before = process.memory_kib("VmRSS")
                taken = relay.flood(self.TOTAL, frame, opcode)
                self.assertTrue(relay.has_ended or frame < self.TOTAL)
                peak = process.memory_kib("VmHWM")
                print(f"{self.TOTAL >> 20} MB {name}: {taken >> 20} MB sent, "
                      f"{before} KiB before, {peak} KiB at most")
                if not SANITIZED:  # whose quarantine is theirs
                    self.assertLess(peak - before, 4096)
                eventually("it is there still, or again", portal.relays)
                process.stop()
                events = process.events()
                self.assertLess(len(events), 30)


if __name__ == "__main__":
    e2e.main(with_mounts=True)
