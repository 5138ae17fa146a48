# SPDX-License-Identifier: BSD-2-Clause
"""The peers of a home agent, hand-made: a mobile that says what it is told to, right or wrong, and hosts and routers on
the home link. Messages are bytes put together here, in roamlab/octets.py or by scapy, keyed hashes are Python's; nothing of the project's own
code is in them.

    mobile = Mobile("2001:db8:1::1:5", ...)     mobile.bu(seq=16, lifetime_s=0)     the packet of a binding update
    wire = Wire(net, "far", "eth0")             wire.send(packet, mac)              wire.wait(lambda p: p.mh_type == BA)
"""
import hashlib
import hmac
import socket
import struct
import time

from roamlab import netns
from roamlab.octets import checksum6, ip6, ntp_stamp, packed, udp6

ETH_IPV6 = 0x86dd
HOPOPTS, IPV6, ROUTING, FRAGMENT, ICMP6, NONE, DSTOPTS, MH, UDP = 0, 41, 43, 44, 58, 59, 60, 135, 17
BRR, HOTI, COTI, HOT, COT, BU, BA, BE = range(8)
A, H, L, K, M, R = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400


def text(address):
    return socket.inet_ntop(socket.AF_INET6, address)


def icmp6(src, dst, kind, code, body, hlim=64, hao=None, ext=None):
    """An ICMPv6 message; hao: in a Home Address option, whose address counts for the checksum."""
    body = struct.pack("!BBH", kind, code, 0) + body
    body = body[:2] + struct.pack("!H", checksum6(hao or src, dst, ICMP6, body)) + body[4:]
    return ip6(src, dst, DSTOPTS, home_address_option(hao, ICMP6) + body, hlim) if hao else ip6(src, dst, ICMP6, body, hlim)


def home_address_option(address, nh):
    return bytes([nh, 2, 1, 2, 0, 0, 0xc9, 16]) + packed(address)


def solicitation(src, dst, target, slla=None):
    body = bytes(4) + packed(target) + (b"\1\1" + slla if slla else b"")
    return icmp6(src, dst, 135, 0, body, 255)


def advertisement(src, dst, target, tlla, flags=0x20):
    return icmp6(src, dst, 136, 0, bytes([flags, 0, 0, 0]) + packed(target) + b"\2\1" + tlla, 255)


def solicited_node(address):
    return text(packed("ff02::1:ff00:0")[:13] + packed(address)[13:])


class Options:
    """Mobility options behind a message of head_oct octets, each at its alignment."""

    def __init__(self, head_oct):
        self.at, self.data = head_oct, b""

    def add(self, option, n, offset):
        gap = (offset - self.at) % n
        self.data += b"\0" if gap == 1 else struct.pack("!BB", 1, gap - 2) + bytes(gap - 2) if gap else b""
        self.data += option
        self.at += gap + len(option)
        return self


class Mobile:
    """Who speaks: home address, care-of address, home agent, key. Sequence number and timestamp go on by themselves."""

    def __init__(self, hoa, coa, agent, key, mac=b"\2\0\0\0\0\x99"):
        self.hoa, self.coa, self.agent, self.key, self.mac, self.seq = hoa, coa, agent, key, mac, 15

    @property
    def ll(self):
        return text(packed("fe80::")[:8] + packed(self.hoa)[8:])

    def sign(self, coa, head):
        """RFC 4285 5.1."""
        return hmac.new(self.key, packed(coa) + packed(self.hoa) + head, hashlib.sha1).digest()[:12]

    def bu(self, seq=None, lifetime_s=400, flags=A | H, src=None, alt=None, hao=True, nonce=False, key_is_right=True,
           csum_is_right=True, proto=NONE, mh_len=None, mh_type=BU, reserved=0, networks=(), stamp=None):
        """hao: True, the home address; an address: that one; None: no option. stamp: of the wall clock, now without one."""
        self.seq = self.seq + 1 if seq is None else seq
        src = src or self.coa
        home = self.hoa if hao is True else hao
        o = Options(12)
        if alt:
            o.add(struct.pack("!BB", 3, 16) + packed(alt), 8, 6)
        if nonce:
            o.add(struct.pack("!BBHH", 4, 4, 1, 1), 2, 0)
        for prefix, bits in networks:
            o.add(struct.pack("!BBBB", 6, 18, 0, bits) + packed(prefix), 8, 4)
        o.add(b"\x0a\x08" + ntp_stamp(stamp), 8, 2)
        o.add(struct.pack("!BBBI", 9, 17, 1, 256), 8, 5)
        size = o.at + 12
        head = struct.pack("!BBBBHHHH", proto, size // 8 - 1 if mh_len is None else mh_len, mh_type, reserved, 0,
                           self.seq & 0xffff, flags, lifetime_s // 4) + o.data
        message = head + (self.sign(alt or src, head) if key_is_right else bytes(12))
        csum = checksum6(home or src, self.agent, MH, message) ^ (0 if csum_is_right else 0x5555)
        message = message[:4] + struct.pack("!H", csum) + message[6:]
        if hao is None:
            return ip6(src, self.agent, MH, message)
        return ip6(src, self.agent, DSTOPTS, home_address_option(home, MH) + message)

    def is_signed(self, p, coa=None):
        """Is this acknowledgement authentic?"""
        at = p.body.index(b"\x09\x11\1" + struct.pack("!I", 256))
        head = p.body[:4] + b"\0\0" + p.body[6:at + 7]
        return self.sign(coa or self.coa, head) == p.body[at + 7:at + 19]

    def reverse(self, dst, payload, coa=None, nh=UDP, src=None):
        """A packet through the reverse tunnel."""
        return ip6(coa or self.coa, self.agent, IPV6, ip6(src or self.hoa, dst, nh, payload))

    def mps(self, ident, coa=None, reserved=0):
        return icmp6(coa or self.coa, self.agent, 146, 0, struct.pack("!HH", ident, reserved), hao=self.hoa)


def udp(src, dst, number, data=b"payload"):
    return udp6(src, dst, 1000, number, data)


class Packet:
    """A frame that was received, walked to its upper layer."""

    def __init__(self, frame):
        self.eth_dst, self.eth_src, self.raw = frame[:6], frame[6:12], frame[14:]
        ip = self.raw
        self.nh, self.hlim, self.src, self.dst = ip[6], ip[7], text(ip[8:24]), text(ip[24:40])
        self.rh2 = self.hao = None
        at = 40
        while self.nh in (HOPOPTS, ROUTING, DSTOPTS) and at + 8 <= len(ip):
            if self.nh == ROUTING and ip[at + 2] == 2:
                self.rh2 = text(ip[at + 8:at + 24])
            if self.nh == DSTOPTS and b"\xc9\x10" in ip[at:at + 8]:
                self.hao = text(ip[at + 8:at + 24])
            self.nh, at = ip[at], at + 8 * (ip[at + 1] + 1)
        self.body = ip[at:40 + struct.unpack("!H", ip[4:6])[0]]

    @property
    def inner(self):
        return Packet(bytes(14) + self.body) if self.nh == IPV6 and len(self.body) >= 40 else None

    @property
    def mh_type(self):
        return self.body[2] if self.nh == MH else None

    @property
    def icmp(self):
        return (self.body[0], self.body[1]) if self.nh == ICMP6 else None

    @property
    def port(self):
        return struct.unpack("!H", self.body[2:4])[0] if self.nh == UDP else None

    # binding acknowledgement
    @property
    def status(self):
        return self.body[6]

    @property
    def is_router(self):
        return bool(self.body[7] & 0x40)

    @property
    def keeps_key(self):
        return bool(self.body[7] & 0x80)

    @property
    def seq(self):
        return struct.unpack("!H", self.body[8:10])[0]

    @property
    def lifetime_s(self):
        return struct.unpack("!H", self.body[10:12])[0] * 4

    # neighbour discovery
    @property
    def target(self):
        return text(self.body[8:24])

    @property
    def tlla(self):
        return self.body[26:32] if self.body[24:26] == b"\2\1" else None


class Wire:
    """A raw socket on one interface of a node."""

    def __init__(self, net, node, ifname):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IPV6))
            s.bind((ifname, ETH_IPV6))
            s.settimeout(0.02)
            return s
        self.sock = netns.inside(net.ns(node), make)
        self.mac = self.sock.getsockname()[4]

    def send(self, packet, to, mac=None):
        self.sock.send(to + (mac or self.mac) + struct.pack("!H", ETH_IPV6) + packet)

    def drain(self):
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recvfrom(2048)
        except BlockingIOError:
            pass
        self.sock.settimeout(0.02)

    def wait(self, wanted, seconds=3.0):
        """The first packet from the network for which wanted(Packet) holds, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                frame, where = self.sock.recvfrom(2048)
            except TimeoutError:
                continue
            if where[2] == socket.PACKET_OUTGOING or len(frame) < 54:
                continue
            p = Packet(frame)
            if wanted(p):
                return p
        return None
