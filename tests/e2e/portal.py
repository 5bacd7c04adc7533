"""portal.py — a control plane for tests, written from the description of its protocol: it admits
relays, keeps them present, mints credentials for devices, and misbehaves on request.

    portal = Portal()                       serves ws://127.0.0.1:PORT
    relay  = portal.wait_relay()            the relay that is present, once there is one
    portal.devices_view("a public key")     what a device is told of the relays

What a relay does against the protocol is kept in portal.faults, which must stay empty.
"""

import asyncio
import base64
import contextlib
import functools
import hashlib
import http
import json
import logging
import ssl
import subprocess
import threading
import time
import urllib.parse
import uuid

import websockets
import websockets.server

from relay_process import eventually

TOKEN = ".SFMyNTY.g2gDbQAAA.the-token-of-the-tests"
FOREVER = 2145916800  # 2038-01-01T00:00:00Z: when the credentials of gateways expire
REQUIRED_FIELDS = {"host", "connection", "upgrade", "sec-websocket-version", "sec-websocket-key",
                   "user-agent", "x-authorization"}
# What a WebSocket library may add without a meaning.
BORNE_FIELDS = {"pragma", "cache-control"}

logging.getLogger("websockets").setLevel(logging.CRITICAL)


def relay_id(secret):
    """The id of the relay with this secret: a UUID of SHA-256's first bits, version and variant
    put in between (32 bits, 16 bits, 4, 12 bits, 2, 62 bits)."""
    bits = int.from_bytes(hashlib.sha256(secret.encode()).digest(), "big")

    def take(start, count):
        return bits >> (256 - start - count) & ((1 << count) - 1)

    value = (take(0, 32) << 96 | take(32, 16) << 80 | 4 << 76 | take(52, 12) << 64
             | 2 << 62 | take(66, 62))
    return str(uuid.UUID(int=value))


def _unpadded(data):
    return base64.b64encode(data).decode().rstrip("=")


def mint(secret, public_key, expires_at=FOREVER):
    """The username and password that a device with |public_key| is given."""
    salt = _unpadded(hashlib.sha256(public_key.encode()).digest())
    password = _unpadded(hashlib.sha256(f"{expires_at}:{secret}:{salt}".encode()).digest())
    return f"{expires_at}:{salt}", password


class Behaviour:
    """How the portal behaves towards relays. Change it at any time."""

    def __init__(self):
        self.refuse = None          # (status, {field: value}) instead of the upgrade, or a list of
                                    # them, one for each attempt, then normal again
        self.raw_answer = None      # bytes instead of an HTTP response; the connection stays open
        self.upgrade_after_sec = 0  # how long the upgrade takes
        self.join = "ok"            # the answer to a join: ok, a reason for an error, or None
        self.init = True            # is sent after the join
        self.heartbeats = True      # are answered


class Connection(websockets.server.WebSocketServerProtocol):
    """One connection of a relay. Everything a test asks of it is done on the portal's thread."""

    def __init__(self, portal, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.portal = portal
        self.began_at = time.monotonic()
        self.target = ""
        self.fields = []        # header fields as they came: (name, value)
        self.received = []      # as they came, parsed
        self.times = []         # when each of them came
        self.secret = None      # once it has joined
        self.is_present = False
        self.has_ended = False
        self.ended_at = None
        self.close_seen = None  # (code, reason) of the relay's close frame

    @property
    def query(self):
        """The parameters of the request target, in order."""
        return urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query)

    # What a test makes it do.

    def push(self, topic, event, payload=None, ref=None, **more):
        """Sends a message."""
        self.send_text(json.dumps({"topic": topic, "event": event, "payload": payload or {},
                                   "ref": ref, **more}))

    def send_text(self, text):
        """Sends any text."""
        self.portal.do(self.send(text))

    def send_binary(self, data):
        self.portal.do(self.send(data))

    def send_raw(self, data):
        """Sends bytes that are no frame of the library's making."""
        self.portal.do(self._write(data))

    async def _write(self, data):
        self.transport.write(data)

    def ping_and_wait(self):
        """Sends a WebSocket ping and waits for its pong."""
        async def ping():
            await (await self.ping(b"are you there"))
        self.portal.do(ping())

    def flood(self, total, frame, opcode=1):
        """Sends |total| bytes of payload in frames of |frame| bytes, or until the relay has had
        enough. Returns how many were taken."""
        return self.portal.do(self._flood(total, frame, opcode), patience_sec=120)

    async def _flood(self, total, frame, opcode):
        head = bytes([0x80 | opcode, 127]) + frame.to_bytes(8, "big")
        piece = b"[" * min(frame, 1 << 16)
        sent = 0
        while sent < total and not self.transport.is_closing():
            left = frame
            self.transport.write(head)
            while left > 0 and not self.transport.is_closing():
                self.transport.write(piece[:left])
                left -= len(piece[:left])
                sent += len(piece)
                while self.transport.get_write_buffer_size() > 1 << 20:
                    await asyncio.sleep(0.001)
                    if self.transport.is_closing():
                        break
        return sent

    def close_with(self, code=1000, reason=""):
        """Sends a close frame, and does not wait for the relay's."""
        self.send_raw(b"\x88" + bytes([2 + len(reason)]) + code.to_bytes(2, "big")
                      + reason.encode())

    def abort(self):
        """The connection is gone without a word (a TCP reset)."""
        self.portal.do(self._abort())

    async def _abort(self):
        self.drop()

    def drop(self):
        """Resets the connection; on the portal's thread."""
        # The TLS transport of Python 3.11 cannot be asked once it has lost its connection.
        with contextlib.suppress(AttributeError):
            self.transport.abort()

    # What it does by itself.

    async def process_request(self, path, request_headers):
        portal, behaviour = self.portal, self.portal.behaviour
        self.target = path
        self.fields = list(request_headers.raw_items())
        portal.began(self)
        if behaviour.upgrade_after_sec:
            await portal.pause(behaviour.upgrade_after_sec)
        refuse = behaviour.refuse
        if isinstance(refuse, list):
            refuse = refuse.pop(0) if refuse else None
        if behaviour.raw_answer is not None:
            self.transport.write(behaviour.raw_answer)
            await portal.pause(3600)
        if refuse is not None:
            status, fields = refuse
            return http.HTTPStatus(status), list(fields.items()), b"{}"
        if portal.token_of(self) != portal.token:
            return (http.HTTPStatus.UNAUTHORIZED, [("Content-Type", "application/problem+json")],
                    b'{"code":"invalid_token"}')
        return None

    async def serve(self):
        """Handles messages until the connection ends."""
        try:
            async for text in self:
                self.times.append(time.monotonic())
                await self._take(text)
        except websockets.exceptions.ConnectionClosed:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.portal.fault(f"{error!r}")
            raise
        self.close_seen = (self.close_code, self.close_reason)

    def connection_lost(self, exc):
        self.portal.ended(self)
        super().connection_lost(exc)

    async def _take(self, text):
        fault = self.portal.fault
        if not isinstance(text, str):
            return fault(f"a binary message: {text!r}")
        message = json.loads(text)
        self.received.append(message)
        if set(message) != {"topic", "event", "payload", "ref"}:
            fault(f"members of a message: {text}")
        ref = message.get("ref")
        if isinstance(ref, bool) or not isinstance(ref, int) or ref != len(self.received) - 1:
            fault(f"the ref is no integer that counts from 0: {text}")
        what = (message.get("topic"), message.get("event"))
        if what == ("relay", "phx_join"):
            await self._join(message)
        elif what == ("phoenix", "heartbeat"):
            if message["payload"] != {}:
                fault(f"a heartbeat with a payload: {text}")
            if self.portal.behaviour.heartbeats:
                await self._reply(message, "ok")
        else:
            fault(f"a message of no meaning: {text}")
            await self._reply(message, "error", "unknown_message")
        return None

    async def _reply(self, message, status, reason=None):
        response = {} if reason is None else {"reason": reason}
        await self.send(json.dumps({
            "topic": message["topic"], "event": "phx_reply", "ref": message["ref"],
            "payload": {"status": status, "response": response}}))

    async def _join(self, message):
        behaviour = self.portal.behaviour
        payload = message["payload"]
        if set(payload) != {"stamp_secret"} or not isinstance(payload["stamp_secret"], str):
            self.portal.fault(f"the payload of the join: {payload}")
        self.secret = payload["stamp_secret"]
        if behaviour.join == "ok":
            await self._reply(message, "ok")
            self.portal.joined(self)
            if behaviour.init:
                await self.send(json.dumps({"topic": "relay", "event": "init", "payload": {},
                                               "ref": None}))
        elif behaviour.join is not None:
            await self._reply(message, "error", behaviour.join)


class Portal:
    """A control plane on a port of loopback, in a thread of its own."""

    def __init__(self, token=TOKEN, host="127.0.0.1", port=0, tls=None):
        self.token = token
        self.behaviour = Behaviour()
        self.host, self.port, self.tls = host, port, tls
        self.connections = []  # all that have begun, in order
        self.presence = []     # (time, "joined" or "left", relay id), in order
        self.faults = []
        self._loop = asyncio.new_event_loop()
        self._server = None
        self._stopping = None  # set when pauses are over
        self._loop.set_exception_handler(self._handle_exception)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    @property
    def url(self):
        scheme = "wss" if self.tls else "ws"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def do(self, work, patience_sec=20):
        """Has the portal's thread do |work|, a coroutine, and returns its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(patience_sec)

    def _handle_exception(self, loop, context):
        """The library does not expect a server to stop in the middle of an upgrade."""
        if not self._stopping.is_set():
            loop.default_exception_handler(context)

    async def pause(self, seconds):
        """Waits so long, or until the portal stops."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def start(self):
        """Listens, on the same port as before."""
        async def listen():
            self._stopping = asyncio.Event()
            return await websockets.server.serve(
                lambda connection: connection.serve(), self.host, self.port, ssl=self.tls,
                create_protocol=functools.partial(Connection, self), compression=None,
                ping_interval=None, max_size=None, close_timeout=1, server_header=None)
        self._server = self.do(listen())
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self):
        """Is gone: connections are reset, the port is closed."""
        async def close():
            self._stopping.set()
            self._server.close()
            for connection in self.connections:
                if not connection.has_ended:
                    connection.drop()
            await self._server.wait_closed()
        self.do(close())

    def close(self):
        """Ends the thread as well."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What connections tell.

    def began(self, connection):
        self.connections.append(connection)
        names = [name.lower() for name, _ in connection.fields]
        if len(set(names)) != len(names) or not REQUIRED_FIELDS <= set(names):
            self.fault(f"header fields: {names}")
        if set(names) - REQUIRED_FIELDS - BORNE_FIELDS:
            self.fault(f"header fields that nobody asked for: {names}")
        host = urllib.parse.urlsplit(f"//{dict(connection.fields).get('Host', '')}")
        if host.port is not None or not host.hostname:
            self.fault(f"Host: {host.geturl()}")
        if urllib.parse.urlsplit(connection.target).path != "/relay/websocket":
            self.fault(f"path: {connection.target}")
        known = [name for name, _ in connection.query]
        if known != [name for name in ("name", "ipv4", "ipv6", "port") if name in known]:
            self.fault(f"query: {connection.target}")
        if "port" not in known or not {"ipv4", "ipv6"} & set(known):
            self.fault(f"query: {connection.target}")

    def token_of(self, connection):
        value = dict(connection.fields).get("X-Authorization", "")
        if not value.startswith("Bearer "):
            self.fault(f"X-Authorization: {value}")
        return value.removeprefix("Bearer ")

    def joined(self, connection):
        """The newest connection of a relay counts, older ones are ended."""
        for other in self.connections:
            if other is not connection and other.is_present and other.secret == connection.secret:
                other.drop()
        connection.is_present = True
        self.presence.append((time.monotonic(), "joined", relay_id(connection.secret)))

    def ended(self, connection):
        connection.has_ended = True
        connection.ended_at = time.monotonic()
        if connection.is_present:
            connection.is_present = False
            self.presence.append((time.monotonic(), "left", relay_id(connection.secret)))

    def fault(self, text):
        self.faults.append(text)

    # What a test wants to know.

    def relays(self):
        """The connections of the relays that are present."""
        return [c for c in list(self.connections) if c.is_present]

    def wait_relay(self, **options):
        """Waits for a relay to be present; its connection."""
        return eventually("a relay is present", self.relays, **options)[-1]

    def wait_attempts(self, count, **options):
        """Waits until |count| upgrades have been asked for; the last of them."""
        return eventually(f"{count} attempts",
                          lambda: list(self.connections)[count - 1 :], **options)[0]

    def devices_view(self, public_key="a device's public key", expires_at=FOREVER):
        """What a device is told: an entry for each address of each relay that is present."""
        entries = []
        for connection in self.relays():
            query = dict(connection.query)
            username, password = mint(connection.secret, public_key, expires_at)
            for name, form in (("ipv4", "{}:{}"), ("ipv6", "[{}]:{}")):
                if name in query:
                    entries.append({
                        "id": relay_id(connection.secret), "type": "turn",
                        "addr": form.format(query[name], query["port"]),
                        "username": username, "password": password, "expires_at": expires_at})
        return entries


class Authority:
    """A certificate authority of the test's own, made by openssl."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._count = 0
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-subj", "/CN=authority of the tests", "-days", "2", "-keyout", self._key,
                  "-out", self.file)

    @staticmethod
    def _run(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def server_context(self, *names, days=2, common_name="a portal", usage="serverAuth"):
        """A TLS server that shows a certificate for |names|, such as DNS:localhost or IP:::1,
        which expires in |days|, so that one with -1 has expired."""
        self._count += 1
        key, request, certificate = (self.folder / f"server-{self._count}.{end}"
                                     for end in ("key", "csr", "pem"))
        extensions = ["-addext", f"extendedKeyUsage={usage}"]
        if names:
            extensions += ["-addext", f"subjectAltName={','.join(names)}"]
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                  f"/CN={common_name}", *extensions, "-keyout", key, "-out", request)
        self._run("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
                  "-CAcreateserial", "-copy_extensions", "copy", "-days", days, "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
