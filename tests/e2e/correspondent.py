# SPDX-License-Identifier: BSD-2-Clause
"""A mobile and its home agent by scapy, for a correspondent node to talk to. Message layouts are scapy's, keyed hashes Python's hmac.

    peer[eth0 2001:db8:c::2] ----- [2001:db8:c::1 eth0]cn          cn's default route goes to peer, who is the whole Internet
"""
import hashlib
import hmac
import itertools
import socket
import struct
import time

import pytest
from roamlab import net as netmod
from roamlab import netns, roamd, topo
from roamlab.octets import checksum6, mac, packed

scapy = pytest.importorskip("scapy.all")
from scapy.layers import inet6  # noqa: E402

CN, PEER = "2001:db8:c::1", "2001:db8:c::2"
ETH_IPV6 = 0x86dd
BRR, HOTI, COTI, HOT, COT, BU, BA, BE = range(8)
A, H, L, K = 0x8000, 0x4000, 0x2000, 0x1000


def network(more="", beside=""):
    """more: rows of the role's block; beside: other blocks of the file, with the key mn1."""
    nodes = [topo.Node("cn", routes=[("default", PEER)], keys=topo.keys("mn1"),
                       roamd=(topo.key_block("mn1", 256) + beside if beside else "") + f'role cn {{ interface = {{"eth0"}} test-rate = 1000 refusal-rate = 1000 {more} }}\n'),
             topo.Node("peer", routes=[("blackhole default", None)])]  # what scapy has seen the kernel need not refuse
    cable = topo.Cable(topo.Port("peer", "eth0", [PEER + "/64"]), topo.Port("cn", "eth0", [CN + "/64"]))
    return topo.Topology("correspondent", nodes, [cable]).check()


def mobility(src, dst, message, hao=None, rh2=None, sum_xor=0):
    """A packet with these bytes of a Mobility Header, its checksum put right (or wrong)."""
    message = message[:4] + b"\0\0" + message[6:]
    right = checksum6(hao or src, rh2 or dst, 135, message)
    message = message[:4] + struct.pack("!H", right ^ sum_xor) + message[6:]
    return headers(src, dst, 135, hao, rh2) / scapy.Raw(message)


def headers(src, dst, proto, hao=None, rh2=None):
    head = inet6.IPv6(src=src, dst=dst, nh=proto)
    if rh2:
        head.nh = 43
        head = head / inet6.IPv6ExtHdrRouting(type=2, addresses=[rh2], segleft=1, nh=60 if hao else proto)
    if hao:
        head.nh = 43 if rh2 else 60
        head = head / inet6.IPv6ExtHdrDestOpt(options=[inet6.HAO(hoa=hao)], nh=proto)
    return head


def echo(src, dst, ident, hao=None, data=b"roamcast"):
    """Echo request; the checksum is over the home address (scapy's own computation)."""
    return headers(src, dst, 58, hao) / inet6.ICMPv6EchoRequest(id=ident, seq=1, data=data)


class Peer:
    """The other end of the cable."""

    def __init__(self, net):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IPV6))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            s.bind(("eth0", ETH_IPV6))
            return s
        self.sock = netns.inside(net.ns("peer"), make)
        self.mac = mac(net.lladdr["peer", "eth0"])
        self.cn = mac(net.lladdr["cn", "eth0"])
        self.number = itertools.count(1)
        self.moved = 0

    def close(self):
        self.sock.close()

    def send(self, packet):
        self.sock.send(self.cn + self.mac + struct.pack("!H", ETH_IPV6) + bytes(packet))

    def receive(self, seconds):
        """The next IPv6 packet that is no neighbour discovery and no membership report; None."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                frame = self.sock.recv(65536)
            except TimeoutError:
                return None
            packet = inet6.IPv6(frame[14:14 + 40 + struct.unpack_from("!H", frame, 18)[0]])
            if not is_link_talk(frame[14:]):
                self.moved += 1
                return packet
        return None

    def wait(self, condition, what, seconds=10):
        """The first packet that meets it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            packet = self.receive(end - time.monotonic())
            if packet is not None and condition(packet):
                return packet
        raise AssertionError(f"{what}: not within {seconds} s")

    def drain(self):
        self.sock.settimeout(0)
        try:
            while True:
                self.sock.recv(65536)
        except BlockingIOError:
            pass

    def reactions(self, *packets):
        """What the correspondent node sends because of these. Marks go behind them: a test request, whose answer comes when all
        Mobility Headers before it are dealt with, and a packet with an unbacked Home Address option, for all data."""
        n = next(self.number)
        asker, stranger, nobody = f"2001:db8:aaaa::{n:x}", f"2001:db8:bbbb::{n:x}", "2001:db8:dead::1"
        self.drain()
        for p in packets:
            self.send(p)
        self.send(mobility(asker, CN, bytes(inet6.MIP6MH_HoTI(cksum=0, cookie=b"reaction"))))
        self.send(echo(stranger, CN, 0, hao=nobody))
        marks, seen = {asker, stranger}, []
        end = time.monotonic() + 10
        while marks:
            p = self.receive(end - time.monotonic())
            assert p is not None, f"no answer to the marks {marks}; seen {seen}"
            if p.dst in marks:
                marks.discard(p.dst)
            else:
                seen.append(p)
        return seen


def is_link_talk(packet):
    at, nh = 40, packet[6]
    if nh == 0:
        nh, at = packet[40], 48
    return nh == 58 and 130 <= packet[at] <= 143


def mh(packet):
    """The Mobility Header's bytes, or None."""
    raw, nh, at = bytes(packet), bytes(packet)[6], 40
    while nh in (43, 60, 0):
        nh, at = raw[at], at + 8 + 8 * raw[at + 1]
    return raw[at:] if nh == 135 else None


def routing(packet):
    """The home address in a type 2 routing header directly behind the IPv6 header, or None."""
    raw = bytes(packet)
    if raw[6] != 43 or raw[42] != 2:
        return None
    assert raw[41] == 2 and raw[43] == 1
    return socket.inet_ntop(socket.AF_INET6, raw[48:64])


class Ack:
    """A Binding Acknowledgement."""

    def __init__(self, packet):
        self.packet, self.raw = packet, mh(packet)
        assert self.raw and self.raw[2] == BA
        _, _, _, _, sum_, self.status, self.flags, self.seq, self.lifetime = struct.unpack_from("!BBBBHBBHH", self.raw)
        self.hoa = routing(packet)
        self.lifetime *= 4
        self.is_signed = len(self.raw) >= 28 and self.raw[-14:-12] == b"\5\x0c"
        assert sum_ == checksum6(packet.src, self.hoa or packet.dst, 135, self.raw[:4] + b"\0\0" + self.raw[6:])


class Mobile:
    numbers = itertools.count(1)

    def __init__(self, peer):
        n = next(Mobile.numbers)
        self.peer = peer
        self.hoa, self.coa, self.coa2 = (f"2001:db8:{net}::{n:x}" for net in (1, 2, 3))
        self.tokens, self.index = {}, {}
        self.seq = 0
        self.kbm = b""

    # --- tests ---

    def ask(self, kind, src, **kw):
        message = inet6.MIP6MH_HoTI if kind == HOTI else inet6.MIP6MH_CoTI
        return mobility(src, CN, bytes(message(cksum=0, cookie=b"cookie" + bytes([kind, 7]))), **kw)

    def take(self, packet):
        """A HoT or CoT."""
        raw = mh(packet)
        assert raw[2] in (HOT, COT) and raw[8:16] == b"cookie" + bytes([raw[2] - 2, 7]) and packet.src == CN and raw[0] == 59
        assert struct.unpack_from("!H", raw, 4)[0] == checksum6(packet.src, packet.dst, 135, raw[:4] + b"\0\0" + raw[6:])
        self.tokens[packet.dst] = raw[16:24]
        self.index[packet.dst] = struct.unpack_from("!H", raw, 6)[0]

    def test(self, *addresses):
        """Return routability; both addresses, or those named."""
        for a in addresses or (self.hoa, self.coa):
            self.peer.send(self.ask(HOTI if a == self.hoa else COTI, a))
            self.take(self.peer.wait(lambda p, to=a: p.dst == to and (mh(p) or b"   ")[2] in (HOT, COT), f"a token for {a}"))
        return self

    # --- updates ---

    def message(self, seq, lifetime=400, flags=A, coa=None, alt=None, nonces=True, indices=None, auth=True, options=b"", tail=b"",
                tokens=None, both=None, auth_xor=0, change=None):
        """Bytes of an update, signed. change: a function of the bytes, before they are signed."""
        coa = coa or self.coa
        is_delete = (lifetime == 0 or coa == self.hoa) if both is None else not both
        indices = indices or (self.index.get(self.hoa, 0), self.index.get(coa, 0))
        opts = []
        if nonces:
            opts.append(inet6.MIP6OptNonceIndices(olen=4, hni=indices[0] & 0xffff, coni=indices[1] & 0xffff))
        if alt:
            opts.append(inet6.MIP6OptAltCoA(acoa=alt))
        if auth:
            opts.append(inet6.MIP6OptBindingAuthData(olen=12, authenticator=0))
        raw = bytes(inet6.MIP6MH_BU(cksum=0, seq=seq, flags=0, mhtime=lifetime // 4, options=opts))
        raw = raw[:8] + struct.pack("!H", flags) + raw[10:]
        if options:
            raw = raw[:12] + options + raw[12:]
        raw += tail
        raw = raw[:1] + bytes([len(raw) // 8 - 1]) + raw[2:]
        if change:
            raw = change(raw)
        home, care_of = tokens or (self.tokens.get(self.hoa, bytes(8)), self.tokens.get(coa, bytes(8)))
        self.kbm = hashlib.sha1(home if is_delete else home + care_of).digest()
        self.signed_coa = coa
        if auth:
            end = len(raw) - len(tail)
            mac = hmac.new(self.kbm, packed(coa) + packed(CN) + raw[:end - 12], hashlib.sha1).digest()[:12]
            raw = raw[:end - 12] + bytes([mac[0] ^ auth_xor]) + mac[1:] + tail
        return raw

    def update(self, seq=None, src=None, hao=True, sum_xor=0, alt=None, **kw):
        """A packet with an update. src: None for the care-of address; hao: True for the home address."""
        if seq is None:
            seq = self.seq = self.seq + 1
        src = src or self.coa
        raw = self.message(seq, coa=kw.pop("coa", None) or alt or src, alt=alt, **kw)
        return mobility(src, CN, raw, hao=self.hoa if hao is True else hao or None, sum_xor=sum_xor)

    def tell(self, **kw):
        """Sends an update; the acknowledgement, whose authenticator was verified, or None when nothing comes."""
        seen = self.peer.reactions(self.update(**kw))
        assert len(seen) <= 1, seen
        return self.check(Ack(seen[0])) if seen else None

    def check(self, ack):
        if ack.is_signed:
            mac = hmac.new(self.kbm, packed(self.signed_coa) + packed(CN) + ack.raw[:4] + b"\0\0" + ack.raw[6:-12], hashlib.sha1)
            assert mac.digest()[:12] == ack.raw[-12:], "the acknowledgement's authenticator"
        return ack

    def bind(self, **kw):
        self.test()
        ack = self.tell(**kw)
        assert ack is not None and ack.status == 0, ack and ack.status
        return ack

    def is_bound(self, coa=None):
        """As packets see it: data with the Home Address option from the care-of address is taken, and answered there."""
        coa = coa or self.coa
        seen = self.peer.reactions(echo(coa, CN, 77, hao=self.hoa))
        answers = [p for p in seen if p.dst == coa and routing(p) == self.hoa]
        errors = [p for p in seen if mh(p) and mh(p)[2] == BE]
        assert len(answers) + len(errors) == 1, seen
        return bool(answers)


class Correspondent:
    """The network with its daemon and the peer."""

    def __init__(self, **kw):
        self.net = netmod.Net(network(**kw))
        self.net.build()
        try:
            self.daemon = roamd.Daemon(self.net, "cn").start()
            self.peer = Peer(self.net)
            self.wait_ready()
        except BaseException:
            self.net.close()
            raise

    def wait_ready(self):
        netmod.wait_for(lambda: any(s.get("addresses") for s in self.daemon.show("status") if s.get("role") == "cn"), 10,
                        "cn to know its address")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.peer.close()
        fault = self.daemon.stop()
        self.net.close()
        assert not fault, fault

    def mobile(self):
        return Mobile(self.peer)

    def bindings(self, hoa):
        return [b for b in self.daemon.show("bindings") if b.get("home_address") == hoa and b.get("state") == "active"]

    def counter(self, name):
        return sum(r.get(name, 0) for r in self.daemon.show("counters"))
