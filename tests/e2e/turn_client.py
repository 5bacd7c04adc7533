"""turn_client.py — a small TURN client on one plain socket, strict about what it receives."""

import select
import socket
import struct
import time

import stun
from stun import Address, Message, address_of

PORT = 3478
RETRANSMIT_SEC = 0.5


class TurnError(Exception):
    """The relay answered with an error."""

    def __init__(self, answer):
        super().__init__(f"error {answer.code}")
        self.answer = answer
        self.code = answer.code


class NoAnswer(Exception):
    """The relay did not answer in time."""


class BadAnswer(AssertionError):
    """The relay sent what it must not send."""


def udp_socket(family=4, local=None):
    """A UDP socket, bound to |local| (an address and perhaps port, flow and scope)."""
    sock = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    default = "::1" if family == 6 else "127.0.0.1"
    local = local or (default,)
    sock.bind((local[0], *(local[1:] or (0,))))
    return sock


class TurnClient:
    """A client of the relay at |server| (an IP address, or a socket address).

    Every datagram has to come from exactly that address, ChannelData has to have the length
    that it says, and an answer to a request with a username has to carry an integrity made with
    |credential|; else BadAnswer. |patience_sec| is the longest wait for an answer.
    """

    def __init__(self, server="127.0.0.1", credential=None, local=None, patience_sec=10.0,
                 checks_integrity=True):
        self.server = (server, PORT) if isinstance(server, str) else server
        family = 6 if ":" in self.server[0] else 4
        self.sock = udp_socket(family, local)
        self.credential = credential
        self.patience_sec = patience_sec
        self.checks_integrity = checks_integrity
        self.sha256 = False
        self.fingerprint = False
        self.nonce = None
        self.relayed = {}  # family: Address, once allocated
        self.data = []  # (channel number, payload) received meanwhile

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    @property
    def local(self):
        return address_of(self.sock.getsockname())

    def send_raw(self, datagram):
        self.sock.sendto(datagram, self.server)

    def receive_raw(self, timeout):
        """The next datagram, or None."""
        if not select.select([self.sock], [], [], max(timeout, 0))[0]:
            return None
        datagram, source = self.sock.recvfrom(65536)
        same_scope = len(source) < 4 or len(self.server) < 4 or source[3] == self.server[3]
        if address_of(source) != address_of(self.server) or not same_scope:
            raise BadAnswer(f"asked {self.server}, and {source} answered")
        return datagram

    def message(self, method, *attributes, transaction_id=None):
        """A request as it goes out now: username, realm and integrity when there is a
        credential, the nonce once there is one."""
        credential = self.credential
        key = None
        if credential is not None:
            attributes += ((stun.USERNAME, credential.username.encode()),
                           (stun.REALM, credential.realm.encode()))
            if self.nonce is not None:
                attributes += ((stun.NONCE, self.nonce),)
            key = credential.key
        return stun.build(method, *attributes, transaction_id=transaction_id, key=key,
                          sha256=self.sha256, fingerprint=self.fingerprint)

    def receive_answer(self, transaction_id, timeout):
        """The answer to that transaction, or None. Data that comes first is kept."""
        deadline = time.monotonic() + timeout
        while True:
            datagram = self.receive_raw(deadline - time.monotonic())
            if datagram is None:
                return None
            if datagram[0] >= 64:
                self.data.append(stun.parse_channel_data(datagram))
                continue
            answer = Message(datagram)
            if answer.transaction_id == transaction_id:
                return answer

    def transact(self, message):
        """Sends a request until it is answered. The answer, whatever it says."""
        request = Message(message)
        deadline = time.monotonic() + self.patience_sec
        while time.monotonic() < deadline:
            self.send_raw(message)
            answer = self.receive_answer(request.transaction_id,
                                         min(RETRANSMIT_SEC, deadline - time.monotonic()))
            if answer is None:
                continue
            if answer.method != request.method or answer.kind not in (stun.SUCCESS, stun.ERROR):
                raise BadAnswer("an answer to something else")
            if (self.checks_integrity and request.get(stun.USERNAME) is not None
                    and not answer.has_integrity(self.credential.key)):
                raise BadAnswer(f"an answer ({answer.code}) without the right integrity")
            return answer
        raise NoAnswer(f"{self.server} does not answer")

    def request(self, method, *attributes):
        """As transact, with a nonce: the first 401 and every 438 are answered with theirs."""
        for _ in range(3):
            had_nonce = self.nonce is not None
            answer = self.transact(self.message(method, *attributes))
            if answer.code == 438 or (answer.code == 401 and not had_nonce):
                self.nonce = answer.get(stun.NONCE)
                continue
            break
        if answer.code:
            raise TurnError(answer)
        return answer

    def binding(self):
        """Who we are, by the relay's word."""
        return self.transact(stun.build(stun.BINDING)).mapped

    def allocate(self, *attributes):
        """Allocates and returns the answer; |relayed| has the addresses then."""
        answer = self.request(stun.ALLOCATE, (stun.REQUESTED_TRANSPORT, stun.UDP), *attributes)
        self.relayed = {a.family: a for a in answer.addresses(stun.XOR_RELAYED_ADDRESS)}
        return answer

    @property
    def relay_port(self):
        return next(iter(self.relayed.values())).port

    def refresh(self, lifetime=None):
        attributes = [] if lifetime is None else [(stun.LIFETIME, struct.pack("!I", lifetime))]
        return self.request(stun.REFRESH, *attributes)

    def bind_channel(self, number, peer):
        return self.request(stun.CHANNEL_BIND, (stun.CHANNEL_NUMBER, struct.pack("!Hxx", number)),
                            (stun.XOR_PEER_ADDRESS, Address(*peer[:2])))

    def send(self, number, payload):
        self.send_raw(stun.channel_data(number, payload))

    def receive(self, timeout=None):
        """The next (channel number, payload); NoAnswer when there is none in time."""
        if self.data:
            return self.data.pop(0)
        datagram = self.receive_raw(self.patience_sec if timeout is None else timeout)
        if datagram is None:
            raise NoAnswer("no data")
        return stun.parse_channel_data(datagram)
