# SPDX-License-Identifier: BSD-2-Clause
"""The peers of a home agent of Mobile IPv4, hand-made: mobiles and foreign agents that say what they are told to, right or wrong,
and stations of the home link. Frames are put together and read by scapy, messages are bytes made here or in roamlab/octets.py, keyed hashes are Python's;
nothing of the project's own code is in them.

    m = Mobile("10.1.0.100", "10.2.0.5", "10.1.0.1", key)      m.request(lifetime=0)      the packet of a de-registration
    wire = Wire(net, "far", "eth0")                            wire.send(packet, mac)     wire.wait(lambda f: reply_in(f))
"""
import hashlib
import hmac
import random
import socket
import struct
import time

import pytest
from roamlab import netns
from roamlab.octets import checksum, ntp_stamp

scapy = pytest.importorskip("scapy.all")
from scapy.all import ARP, GRE, ICMP, IP, UDP, Ether, Raw  # noqa: E402

PORT, IPIP, MINENC = 434, 4, 55
REQUEST, REPLY, DATA, REVOKE, REVOKE_ACK = 1, 3, 4, 7, 15
S, B, D, M, G, T = 0x80, 0x40, 0x20, 0x10, 0x08, 0x02
MH, MF, FH, GEN, CVSE, UDP_REPLY, DELIVERY, NAI, CHALLENGE, NVSE, REVOCATION, UDP_REQUEST, NETWORK = (
    32, 33, 34, 36, 38, 44, 130, 131, 132, 134, 137, 144, 148)
HASH = {"hmac-sha1": hashlib.sha1, "hmac-sha256": hashlib.sha256, "hmac-md5": hashlib.md5}


def packed(address):
    return socket.inet_aton(address)


def stamp(offset_s=0.0):
    """A timestamp of NTP, 64 bits."""
    return int.from_bytes(ntp_stamp(time.time() + offset_s), "big")


class Key:
    def __init__(self, raw, spi, algorithm="hmac-sha1"):
        self.raw, self.spi, self.algorithm = raw, spi, algorithm

    def mac(self, data):
        return hmac.new(self.raw, data, HASH[self.algorithm]).digest()

    def sign(self, message, kind=MH, right=True):
        """The message with an authentication extension behind it."""
        size = HASH[self.algorithm]().digest_size
        head = struct.pack("!BBHI", GEN, 1, 4 + size, self.spi) if kind == GEN else struct.pack("!BBI", kind, 4 + size, self.spi)
        return message + head + (self.mac(message + head) if right else bytes(size))


def ext(kind, data):
    return struct.pack("!BB", kind, len(data)) + data


def long_ext(kind, sub, data):
    return struct.pack("!BBH", kind, sub, len(data)) + data


def udp_request(forced=False, r=False, encap=0):
    return ext(UDP_REQUEST, struct.pack("!BBBBH", 0, 0, (0x80 if forced else 0) | (0x40 if r else 0), encap, 0))


def network(prefix, bits):
    return ext(NETWORK, struct.pack("!BB", 0, bits) + packed(prefix))


def revocation(seconds, inform=True):
    return ext(REVOCATION, struct.pack("!HI", 0x8000 if inform else 0, seconds))


def extensions(data):
    """[(type, offset, data)] of what follows a message's fixed part."""
    found, at = [], 0
    while at < len(data):
        kind = data[at]
        if kind == 0:
            at += 1
            continue
        head, size = (4, struct.unpack("!H", data[at + 2:at + 4])[0]) if kind in (GEN, CVSE) else (2, data[at + 1])
        found.append((kind, at, data[at + head:at + head + size]))
        at += head + size
    return found


class Reply:
    """A registration reply, a revocation or its acknowledgement that was received."""

    FIXED = {REPLY: 20, REVOKE: 24, REVOKE_ACK: 12}

    def __init__(self, frame):
        self.frame, self.ip, self.message = frame, frame[IP], bytes(frame[UDP].payload)
        m = self.message
        self.type = m[0]
        if self.type == REPLY:
            self.code, self.lifetime = m[1], struct.unpack("!H", m[2:4])[0]
            self.hoa, self.ha = socket.inet_ntoa(m[4:8]), socket.inet_ntoa(m[8:12])
            self.id = struct.unpack("!Q", m[12:20])[0]
        elif self.type == REVOKE:
            self.flags = struct.unpack("!H", m[2:4])[0]
            self.hoa, self.home, self.foreign = (socket.inet_ntoa(m[i:i + 4]) for i in (4, 8, 12))
            self.id = struct.unpack("!I", m[16:20])[0]
        elif self.type == REVOKE_ACK:
            self.flags = struct.unpack("!H", m[2:4])[0]
            self.hoa, self.id = socket.inet_ntoa(m[4:8]), struct.unpack("!I", m[8:12])[0]
        self.fixed = {REPLY: 20, REVOKE: 20, REVOKE_ACK: 12}[self.type]
        self.ext = extensions(m[self.fixed:])

    def get(self, kind):
        return [d for k, _, d in self.ext if k == kind]

    def is_signed(self, key, kind=MH):
        for k, at, data in self.ext:
            if k == kind:
                end = self.fixed + at + 6
                return data[:4] == struct.pack("!I", key.spi) and key.mac(self.message[:end]) == data[4:]
        return False


def message_in(frame, *types):
    """The message of Mobile IPv4's port in a frame, when it is one of these types."""
    if frame.haslayer(ICMP) or not frame.haslayer(UDP) or frame[IP].proto != 17 or PORT not in (frame[UDP].sport, frame[UDP].dport):
        return None
    data = bytes(frame[UDP].payload)
    return Reply(frame) if data and data[0] in types else None


class Mobile:
    """Who registers: home address, care-of address, home agent, key. Identifications go on by themselves."""

    def __init__(self, hoa, coa, agent, key, mac="02:00:00:00:00:99"):
        self.hoa, self.coa, self.agent, self.key, self.mac = hoa, coa, agent, key, mac
        self.nonce, self.last = None, 0

    def id(self, offset_s=0.0):
        if self.nonce is not None:
            return self.nonce << 32 | random.getrandbits(32)
        self.last = max(stamp(offset_s), self.last + 1) if not offset_s else stamp(offset_s)
        return self.last

    def message(self, lifetime=300, flags=D, hoa=None, ha=None, coa=None, ident=None, before=b"", key=None, right=True, auth=True, offset_s=0.0):
        """A request. before: extensions in front of the mobile's authentication. coa None: home when it ends, else the care-of address."""
        coa = coa or (self.coa if lifetime else self.hoa)
        m = struct.pack("!BBH", REQUEST, flags, lifetime) + packed(hoa or self.hoa) + packed(ha or self.agent) + packed(coa)
        m += struct.pack("!Q", self.id(offset_s) if ident is None else ident) + before
        return (key or self.key).sign(m, MH, right) if auth else m

    def request(self, src=None, dst=None, sport=PORT, behind=b"", fa=None, fa_right=True, **kw):
        """The IPv4 packet. behind: extensions behind the mobile's authentication; fa: the key of a foreign agent that signs all of it."""
        m = self.message(**kw) + behind
        if fa:
            m = fa.sign(m, FH, fa_right)
        return IP(src=src or kw.get("coa") or self.coa, dst=dst or self.agent, ttl=64) / UDP(sport=sport, dport=PORT) / Raw(m)


def minimal(outer_src, outer_dst, inner):
    """RFC 2004: the inner header folded into the outer one."""
    inner = IP(bytes(inner))
    has_src = inner.src != outer_src
    head = struct.pack("!BBH", inner.proto, 0x80 if has_src else 0, 0) + packed(inner.dst) + (packed(inner.src) if has_src else b"")
    head = head[:2] + struct.pack("!H", checksum(head)) + head[4:]
    return IP(src=outer_src, dst=outer_dst, proto=MINENC, tos=inner.tos) / Raw(head + bytes(inner.payload))


def wrap(form, src, dst, inner, sport=PORT):
    """A tunnel round a packet."""
    if form == "ipip":
        return IP(src=src, dst=dst, proto=IPIP) / inner
    if form == "gre":
        return IP(src=src, dst=dst) / GRE(proto=0x0800) / inner
    if form == "minimal":
        return minimal(src, dst, inner)
    return IP(src=src, dst=dst) / UDP(sport=sport, dport=PORT, chksum=0) / Raw(struct.pack("!BBH", DATA, IPIP, 0) + bytes(inner))


def unwrap(packet):
    """(form, the packet inside) of a tunnel; (None, packet) when it is none."""
    p = IP(bytes(packet))
    if p.proto == IPIP:
        return "ipip", IP(bytes(p.payload))
    if p.proto == 47:
        g = GRE(bytes(p.payload))
        assert g.proto == 0x0800 and not (g.chksum_present or g.key_present or g.seqnum_present)
        return "gre", IP(bytes(g.payload))
    if p.proto == MINENC:
        data = bytes(p.payload)
        at = 12 if data[1] & 0x80 else 8
        src = socket.inet_ntoa(data[8:12]) if data[1] & 0x80 else p.src
        return "minimal", IP(bytes(IP(src=src, dst=socket.inet_ntoa(data[4:8]), proto=data[0], ttl=p.ttl, id=p.id, flags=p.flags) / Raw(data[at:])))
    if p.proto == 17 and bytes(p[UDP].payload)[:2] == bytes([DATA, IPIP]):
        return "udp", IP(bytes(p[UDP].payload)[4:])
    return None, p


class Wire:
    """A raw socket on one interface of a node: scapy frames in and out."""

    def __init__(self, net, node, ifname):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((ifname, 3))
            s.settimeout(0.02)
            return s
        self.sock = netns.inside(net.ns(node), make)
        self.mac = ":".join(f"{x:02x}" for x in self.sock.getsockname()[4])

    def send(self, packet, to, src=None):
        self.sock.send(bytes(Ether(src=src or self.mac, dst=to) / packet))

    def drain(self):
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recvfrom(4096)
        except BlockingIOError:
            pass
        self.sock.settimeout(0.02)

    def wait(self, wanted, seconds=5.0):
        """What the first frame from the network for which wanted(frame) is not None or False made of it; None when there is none."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                data, where = self.sock.recvfrom(4096)
            except TimeoutError:
                continue
            if where[2] == socket.PACKET_OUTGOING:
                continue
            frame = Ether(data)
            if not frame.haslayer(IP) and not frame.haslayer(ARP):
                continue
            got = wanted(frame)
            if got is not None and got is not False:
                return got
        return None


def is_arp(frame, op=None, sender=None, target=None, sender_mac=None):
    a = frame[ARP] if frame.haslayer(ARP) else None
    return bool(a and (op is None or a.op == op) and (sender is None or a.psrc == sender) and (target is None or a.pdst == target)
                and (sender_mac is None or a.hwsrc == sender_mac))
