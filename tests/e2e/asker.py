# SPDX-License-Identifier: BSD-2-Clause
"""An agent that asks mobility managers, written from doc/wire.md alone, with the standard library's HMAC: what it understands of them others
can too. It is one process of its own on a host (namespace) of its own."""
import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import time

from roamlab import netns

PORT = 4341
HELLO, WELCOME, QUERY, ANSWER, CHANGE, ACK = range(32, 38)
F_CHALLENGE, F_ECHO, F_QUERY, F_DEVICE, F_ADDRESS, F_ANSWER, F_RECORD, F_ACK = range(32, 40)
FOUND, NOT_FOUND, DENIED = range(3)


def bcd(digits, octets):
    return bytes.fromhex(digits.ljust(2 * octets, "f"))


def min_octets(digits):
    """IS-95 2.3.1.1: MIN2 before MIN1, each digit's zero a ten."""
    def three(s):
        return sum((int(d) or 10) * w for d, w in zip(s, (100, 10, 1))) - 111
    value = three(digits[:3]) << 24 | three(digits[3:6]) << 14 | (int(digits[6]) or 10) << 10 | three(digits[7:])
    return value.to_bytes(5, "big")


KINDS = {"min": (1, min_octets), "esn": (2, bytes.fromhex), "imsi": (3, lambda s: bcd(s, 8)), "meid": (4, bytes.fromhex), "imei": (5, lambda s: bcd(s[:14], 7)),
         "eui48": (6, lambda s: bytes.fromhex(s.replace(":", ""))), "eui64": (7, lambda s: bytes.fromhex(s.replace(":", ""))), "nai": (8, str.encode)}


def device_octets(text):
    kind, _, value = text.partition(":")
    number, octets = KINDS[kind]
    return bytes([number]) + octets(value)


def mapped(address):
    a = ipaddress.ip_address(address)
    return a.packed if a.version == 6 else b"\0" * 10 + b"\xff\xff" + a.packed


def address_of(octets):
    a = ipaddress.ip_address(octets)
    return str(getattr(a, "ipv4_mapped", None) or a)


def field(kind, value):
    return struct.pack(">HH", kind, len(value)) + value


def record_of(v):
    six, four = v[28:92], v[92:108]
    names = ("home", "group", "source", "gateway")
    return {"version": int.from_bytes(v[:8], "big"), "policy": v[8], "voice_port": int.from_bytes(v[10:12], "big"),
            **{n + "6": address_of(six[16 * i:16 * i + 16]) for i, n in enumerate(names)}, **{n + "4": address_of(four[4 * i:4 * i + 4]) for i, n in enumerate(names)}}


class Asker:
    """Agent number `number` on `node`, with one manager."""

    def __init__(self, net, node, own, manager, number, key):
        self.own, self.manager, self.number, self.key = own, manager, number, bytes.fromhex(key)
        self.epoch, self.seq = int.from_bytes(os.urandom(8), "big"), 0
        self.received = self.wrong = 0  # authentic datagrams; others
        self.told = {}                  # of each subject the change that was acknowledged last
        self.sent = b""
        family = socket.AF_INET6 if ":" in own else socket.AF_INET
        self.sock = netns.inside(net.ns(node), socket.socket, family, socket.SOCK_DGRAM)
        self.sock.bind((own, PORT))

    def close(self):
        self.sock.close()

    def sign(self, data, src, dst):
        return hmac.new(self.key, b"mm" + mapped(src) + mapped(dst) + data, hashlib.sha256).digest()[:16]

    def send(self, kind, *fields):
        self.seq += 1
        data = struct.pack(">BBBBIIQQ", 1, kind, 0, 0, self.number, 0, self.epoch, self.seq) + b"".join(fields)
        self.sent = data + self.sign(data, self.own, self.manager)
        self.sock.sendto(self.sent, (self.manager, PORT))

    def receive(self, seconds):
        """(type, sequence number, fields) of the next authentic datagram, or None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data, _ = self.sock.recvfrom(2000)
            except TimeoutError:
                return None
            if data[-16:] != self.sign(data[:-16], self.manager, self.own):
                self.wrong += 1
                continue
            self.received += 1
            _, kind, _, _, _, to, _, seq = struct.unpack(">BBBBIIQQ", data[:28])
            assert to == self.number
            fields, at = [], 28
            while at < len(data) - 16:
                what, size = struct.unpack(">HH", data[at:at + 4])
                fields.append((what, data[at + 4:at + 4 + size]))
                at += 4 + size
            return kind, seq, fields
        return None

    def open(self, seconds=10):
        """Proves the epoch: hello, the manager's challenge, its echo. Between them may come what the manager tells of changes."""
        end, echo, nonces = time.monotonic() + seconds, b"", set()
        while time.monotonic() < end:
            nonce = os.urandom(16)
            nonces.add(nonce)
            self.send(HELLO, field(F_CHALLENGE, nonce), *([field(F_ECHO, echo)] if echo else []))
            got = self.receive(0.3)
            if not got or got[0] != WELCOME:
                continue
            fields = dict(got[2])
            assert fields[F_ECHO] in nonces
            if F_CHALLENGE not in fields:
                return self
            echo = fields[F_CHALLENGE]
        raise TimeoutError("the manager does not trust this agent")

    def ask(self, subject, seconds=1.0):
        """(status, record) for an identifier or an address; None: no answer. A manager that began anew is told again who asks."""
        transaction = os.urandom(4)
        what = field(F_DEVICE, device_octets(subject)) if subject.partition(":")[0] in KINDS else field(F_ADDRESS, mapped(subject))
        self.send(QUERY, field(F_QUERY, transaction + b"\1\0\0\0"), what)
        while got := self.receive(seconds):
            kind, _, fields = got
            fields = dict(fields)
            if kind == WELCOME and F_CHALLENGE in fields:
                self.send(HELLO, field(F_ECHO, fields[F_CHALLENGE]))
                return self.ask(subject, seconds)
            if kind == ANSWER and fields[F_ANSWER][:4] == transaction:
                return fields[F_ANSWER][4], record_of(fields[F_RECORD]) if F_RECORD in fields else None
        return None

    def change(self, subject, seconds=2.0, acknowledges=True):
        """The next change of this subject that the manager tells: (status, record). One that it repeats because it has not read our
        acknowledgement yet is acknowledged again and is no change."""
        end = time.monotonic() + seconds
        while got := self.receive(end - time.monotonic()):
            kind, seq, fields = got
            if kind != CHANGE:
                continue
            is_this = fields[0][1] == (device_octets(subject) if subject.partition(":")[0] in KINDS else mapped(subject))
            if acknowledges or not is_this:
                self.send(ACK, field(F_ACK, struct.pack(">Q", seq)))
            by = dict(fields)
            change = by[F_ANSWER][4], record_of(by[F_RECORD]) if F_RECORD in by else None
            if not is_this or self.told.get(subject) == change:
                continue
            if acknowledges:
                self.told[subject] = change
            return change
        return None

    def answers(self, seconds):
        """The answers, not changes or welcomes to what was said before, that come within that time."""
        end = time.monotonic() + seconds
        found = []
        while got := self.receive(end - time.monotonic()):
            found += [got] if got[0] == ANSWER else []
        return found
