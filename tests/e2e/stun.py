"""stun.py — STUN messages of RFC 8489 and TURN attributes of RFC 8656, written and read.

Written for the tests and from the RFCs alone, so that it shares no mistake with the relay.
"""

import base64
import hashlib
import hmac
import ipaddress
import os
import struct
import time
import zlib
from typing import NamedTuple

MAGIC = 0x2112A442
HEADER_LEN = 20

BINDING, ALLOCATE, REFRESH = 0x001, 0x003, 0x004
SEND, DATA, CREATE_PERMISSION, CHANNEL_BIND = 0x006, 0x007, 0x008, 0x009

REQUEST, INDICATION, SUCCESS, ERROR = 0, 1, 2, 3

USERNAME, MESSAGE_INTEGRITY, ERROR_CODE = 0x0006, 0x0008, 0x0009
UNKNOWN_ATTRIBUTES, CHANNEL_NUMBER, LIFETIME = 0x000A, 0x000C, 0x000D
XOR_PEER_ADDRESS, DATA_ATTRIBUTE, REALM, NONCE = 0x0012, 0x0013, 0x0014, 0x0015
XOR_RELAYED_ADDRESS, REQUESTED_ADDRESS_FAMILY, EVEN_PORT = 0x0016, 0x0017, 0x0018
REQUESTED_TRANSPORT, DONT_FRAGMENT, MESSAGE_INTEGRITY_SHA256 = 0x0019, 0x001A, 0x001C
XOR_MAPPED_ADDRESS, RESERVATION_TOKEN = 0x0020, 0x0022
ADDITIONAL_ADDRESS_FAMILY, SOFTWARE, FINGERPRINT = 0x8000, 0x8022, 0x8028

UDP = struct.pack("!Bxxx", 17)  # REQUESTED-TRANSPORT
FAMILY = {4: struct.pack("!Bxxx", 1), 6: struct.pack("!Bxxx", 2)}


class Address(NamedTuple):
    """A transport address; |ip| is canonical text without a scope."""

    ip: str
    port: int

    @property
    def family(self):
        return 6 if ":" in self.ip else 4


def address_of(sockaddr):
    """The Address in what a socket returns."""
    return Address(str(ipaddress.ip_address(sockaddr[0].partition("%")[0])), sockaddr[1])


class Credential(NamedTuple):
    username: str
    password: str
    realm: str = "firezone"

    @property
    def key(self):
        """The long-term key of RFC 8489 §9.2.2."""
        return hashlib.md5(f"{self.username}:{self.realm}:{self.password}".encode()).digest()


def stamp_credential(secret, ttl=3600, salt="e2e", realm="firezone"):
    """A credential of the scheme `stamp`."""
    expiry = int(time.time()) + ttl
    digest = hashlib.sha256(f"{expiry}:{secret}:{salt}".encode()).digest()
    return Credential(f"{expiry}:{salt}", base64.b64encode(digest).decode().rstrip("="), realm)


def rest_credential(secret, ttl=3600, name="e2e", realm="firezone"):
    """A credential of the scheme `rest`."""
    username = f"{int(time.time()) + ttl}:{name}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return Credential(username, base64.b64encode(digest).decode(), realm)


def xor_address(address, transaction_id):
    """The value of an XOR-…-ADDRESS attribute."""
    packed = ipaddress.ip_address(address.ip).packed
    mask = struct.pack("!I", MAGIC) + transaction_id
    return struct.pack("!xBH", 1 if len(packed) == 4 else 2, address.port ^ (MAGIC >> 16)) + bytes(
        a ^ b for a, b in zip(packed, mask)
    )


def build(method, *attributes, kind=REQUEST, transaction_id=None, key=None, sha256=False,
          fingerprint=False):
    """A message. An attribute is (type, bytes), or (type, Address) for an XOR address."""
    transaction_id = transaction_id or os.urandom(12)
    body = bytearray()

    def add(kind_of_attribute, value):
        if isinstance(value, Address):
            value = xor_address(value, transaction_id)
        body.extend(struct.pack("!HH", kind_of_attribute, len(value)))
        body.extend(value + bytes(-len(value) % 4))

    def whole(room):
        return header(method, kind, len(body) + room, transaction_id) + bytes(body)

    for attribute in attributes:
        add(*attribute)
    if key is not None and sha256:
        add(MESSAGE_INTEGRITY_SHA256, hmac.new(key, whole(36), hashlib.sha256).digest())
    elif key is not None:
        add(MESSAGE_INTEGRITY, hmac.new(key, whole(24), hashlib.sha1).digest())
    if fingerprint:
        add(FINGERPRINT, struct.pack("!I", zlib.crc32(whole(8)) ^ 0x5354554E))
    return whole(0)


def header(method, kind, length, transaction_id):
    """The 20 bytes in front (RFC 8489 §5)."""
    message_type = (
        (method & 0xF80) << 2 | (method & 0x070) << 1 | (method & 0x00F)
        | (kind & 2) << 7 | (kind & 1) << 4
    )
    return struct.pack("!HHI", message_type, length, MAGIC) + transaction_id


class Message:
    """A received message. Raises ValueError when the datagram is none."""

    def __init__(self, datagram):
        if len(datagram) < HEADER_LEN or datagram[0] > 3:
            raise ValueError("no STUN message")
        message_type, length, magic = struct.unpack_from("!HHI", datagram)
        if magic != MAGIC or length % 4 or length != len(datagram) - HEADER_LEN:
            raise ValueError("broken STUN header")
        self.datagram = datagram
        self.transaction_id = datagram[8:20]
        self.kind = (message_type >> 7 & 2) | (message_type >> 4 & 1)
        self.method = (
            (message_type & 0x3E00) >> 2 | (message_type & 0x00E0) >> 1 | message_type & 0x000F
        )
        self.attributes = []  # (type, value, where it starts)
        at = HEADER_LEN
        while at < len(datagram):
            attribute, size = struct.unpack_from("!HH", datagram, at)
            value = datagram[at + 4 : at + 4 + size]
            if len(value) != size:
                raise ValueError("an attribute reaches beyond the message")
            self.attributes.append((attribute, value, at))
            at += 4 + size + -size % 4

    def get(self, attribute):
        """The value of the first |attribute|, or None."""
        return next((value for kind, value, _ in self.attributes if kind == attribute), None)

    def addresses(self, attribute):
        """All values of an XOR address attribute."""
        found = []
        for kind, value, _ in self.attributes:
            if kind == attribute:
                family, port = struct.unpack_from("!xBH", value)
                mask = struct.pack("!I", MAGIC) + self.transaction_id
                packed = bytes(a ^ b for a, b in zip(value[4:], mask))
                if len(packed) != {1: 4, 2: 16}[family]:
                    raise ValueError("an address of the wrong length")
                found.append(Address(str(ipaddress.ip_address(packed)), port ^ MAGIC >> 16))
        return found

    @property
    def mapped(self):
        """XOR-MAPPED-ADDRESS."""
        return self.addresses(XOR_MAPPED_ADDRESS)[0]

    @property
    def code(self):
        """The error code; 0 for a success."""
        value = self.get(ERROR_CODE)
        return 0 if value is None else value[2] % 8 * 100 + value[3]

    @property
    def lifetime(self):
        return struct.unpack("!I", self.get(LIFETIME))[0]

    def has_integrity(self, key):
        """MESSAGE-INTEGRITY or its SHA-256 form is there and made with |key|."""
        for kind, value, at in self.attributes:
            if kind in (MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256):
                sha = hashlib.sha1 if kind == MESSAGE_INTEGRITY else hashlib.sha256
                length = struct.pack("!H", at + 4 + len(value) - HEADER_LEN)
                covered = self.datagram[:2] + length + self.datagram[4:at]
                return hmac.compare_digest(hmac.new(key, covered, sha).digest(), value)
        return False


def channel_data(number, payload):
    """ChannelData over UDP: never padded."""
    return struct.pack("!HH", number, len(payload)) + payload


def parse_channel_data(datagram):
    """(number, payload) of ChannelData whose length field is exactly that of its payload."""
    number, length = struct.unpack_from("!HH", datagram)
    if length != len(datagram) - 4:
        raise ValueError(f"ChannelData says {length} bytes and has {len(datagram) - 4}")
    return number, datagram[4:]
