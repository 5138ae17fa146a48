# SPDX-License-Identifier: BSD-2-Clause
"""The home agent alone, against a mobile that is another implementation: messages built and read by scapy, keyed
hashes by Python's hmac.

    host --- home0 [ha] core0 --- far         host: an ordinary node of the home link
                                              far: where the mobile is, registered and hand-made
"""
import hashlib
import hmac
import signal
import socket
import struct
import time

import pytest
from roamlab import net as netmod
from roamlab import netns, roamd, topo, witness

scapy = pytest.importorskip("scapy.all")

HOA, HA, COA, HOST = topo.HOME_ADDRESS, topo.HOME_AGENT, "2001:db8:2::5", "2001:db8:1::33"
KEY = bytes.fromhex(topo.key_hex("mn1"))
BU, BA = 5, 6
NTP_1970 = 2208988800
ETH_IPV6 = 0x86dd


def network():
    nodes = [
        topo.Node("ha", forwards=True, routes=[("2001:db8:2::/64", "2001:db8:f::2")],
                  roamd=topo.key_block("mn1", 256) + f'role ha {{ address = "{HA}" home-prefix = {{"{topo.HOME_PREFIX}"}} home-link = "home0" '
                  f'uplink = {{"core0"}} mobile "{HOA}" {{ key = "mn1" }} }}\n', keys={"mn1": topo.key_hex("mn1")}),
        topo.Node("host"),
        topo.Node("far", routes=[("default", "2001:db8:f::1")], loopback=[COA + "/128"]),
    ]
    cables = [topo.Cable(topo.Port("host", "eth0", [HOST + "/64"]), topo.Port("ha", "home0", [HA + "/64"])),
              topo.Cable(topo.Port("far", "eth0", ["2001:db8:f::2/64"]), topo.Port("ha", "core0", ["2001:db8:f::1/64"]))]
    return topo.Topology("home-agent", nodes, cables).check()


def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


def checksum(src, dst, data):
    data += b"\0" * (len(data) % 2)
    text = packed(src) + packed(dst) + struct.pack("!IHBB", len(data), 0, 0, 135) + data
    total = sum(struct.unpack(f"!{len(text) // 2}H", text))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def authenticator(coa, head):
    """RFC 4285 5.1 over a header that ends with the SPI, its checksum zero."""
    return hmac.new(KEY, packed(coa) + packed(HOA) + head, hashlib.sha1).digest()[:12]


def update(seq, lifetime_s=400, stamp=None, at_home=False, key_is_right=True):
    """A binding update: bytes of the IPv6 packet."""
    stamp = stamp or time.time() + NTP_1970
    src = HOA if at_home else COA
    head = struct.pack("!BBBBHHHH", 59, 5, BU, 0, 0, seq, 0xc000, lifetime_s // 4)  # 48 octets, flags A and H
    head += b"\1\4" + bytes(4)                                              # PadN: the timestamp stands at 8n+2
    head += b"\x0a\x08" + struct.pack("!II", int(stamp) & 0xffffffff, int(stamp % 1 * 2**32))
    head += b"\0" + b"\x09\x11\1" + struct.pack("!I", 256)                  # Pad1: the authenticator stands at 4n+1
    auth = authenticator(src, head) if key_is_right else bytes(12)
    message = head + auth
    csum = checksum(HOA, HA, message)
    message = message[:4] + struct.pack("!H", csum) + message[6:]
    hao = b"" if at_home else bytes([135, 2, 1, 2, 0, 0, 0xc9, 16]) + packed(HOA)
    payload = hao + message
    return struct.pack("!IHBB", 6 << 28, len(payload), 135 if at_home else 60, 64) + packed(src) + packed(HA) + payload


class Wire:
    """A raw socket on one interface of a node."""

    def __init__(self, net, node, ifname):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IPV6))
            s.bind((ifname, ETH_IPV6))
            s.settimeout(0.05)
            return s, socket.if_nametoindex(ifname)
        self.sock, self.index = netns.inside(net.ns(node), make)
        self.mac = self.sock.getsockname()[4]

    def send(self, packet, to=b"\x33\x33\0\0\0\1"):
        self.sock.send(to + self.mac + struct.pack("!H", ETH_IPV6) + packet)

    def receive(self, wanted, seconds=5):
        """The first frame for which wanted(scapy packet) is true, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                frame, where = self.sock.recvfrom(2000)
            except TimeoutError:
                continue
            if where[2] == socket.PACKET_OUTGOING:
                continue
            packet = scapy.Ether(frame)
            if wanted(packet):
                return packet
        return None


class Bench:
    def __init__(self):
        self.net = netmod.Net(network())
        self.daemon = None

    def __enter__(self):
        self.net.build()
        self.daemon = roamd.Daemon(self.net, "ha").start()
        self.far, self.home = Wire(self.net, "far", "eth0"), Wire(self.net, "host", "eth0")
        self.ha_mac = {w: self.mac_of(ifname) for w, ifname in ((self.far, "core0"), (self.home, "home0"))}
        return self

    def mac_of(self, ifname):
        out = self.net.run("ha", "ip", "-o", "link", "show", ifname)
        return bytes.fromhex(out.split("link/ether ")[1].split()[0].replace(":", ""))

    def __exit__(self, *_):
        fault = self.daemon.stop() if self.daemon and self.daemon.proc else ""
        self.net.close()
        assert not fault, fault

    def send(self, packet, wire=None):
        wire = wire or self.far
        wire.send(bytes(packet), self.ha_mac[wire])

    def answer(self, wire=None, seconds=5):
        """(status, sequence number, lifetime, is signed) of a binding acknowledgement."""
        got = (wire or self.far).receive(lambda p: bytes(p)[20] == 43 and bytes(p)[14 + 40] == 135 and bytes(p)[54 + 24 + 2] == BA
                                         or bytes(p)[20] == 135 and bytes(p)[54 + 2] == BA, seconds)
        if got is None:
            return None
        raw = bytes(got)[54:]
        if bytes(got)[20] == 43:
            assert raw[2] == 2 and raw[8:24] == packed(HOA)                 # type 2 routing header with the home address
            raw = raw[24:]
        coa = scapy.IPv6 in got and got[scapy.IPv6].dst
        at = raw.index(b"\x09\x11\1" + struct.pack("!I", 256))
        head = raw[:4] + b"\0\0" + raw[6:at + 7]
        status, seq, lifetime = raw[6], *struct.unpack("!HH", raw[8:12])
        return status, seq, lifetime * 4, authenticator(coa, head) == raw[at + 7:at + 19]

    def register(self, seq):
        self.send(update(seq))
        return self.answer()

    def solicit(self, target, unicast):
        """The link-layer address that a neighbour solicitation for target brings, or None."""
        low = packed(target)[13:]
        dst = target if unicast else "ff02::1:ff" + low[:1].hex() + ":" + low[1:].hex()
        ns = scapy.IPv6(src=HOST, dst=dst, hlim=255) / scapy.ICMPv6ND_NS(tgt=target) / \
            scapy.ICMPv6NDOptSrcLLAddr(lladdr=self.home.mac.hex(":"))
        self.home.send(bytes(ns), self.ha_mac[self.home] if unicast else b"\x33\x33\xff" + low)
        got = self.home.receive(lambda p: scapy.ICMPv6ND_NA in p and p[scapy.ICMPv6ND_NA].tgt == target, 1.5)
        return got and bytes.fromhex(got[scapy.ICMPv6NDOptDstLLAddr].lladdr.replace(":", ""))

    def tunnelled(self, number):
        """Does a packet from the home link's host come out of the tunnel at the care-of address?"""
        inner = scapy.IPv6(src=HOST, dst=HOA) / scapy.UDP(sport=1000, dport=number) / b"down"
        self.send(inner, self.home)
        got = self.far.receive(lambda p: scapy.IPv6 in p and p[scapy.IPv6].nh == 41 and p[scapy.IPv6].dst == COA and
                               scapy.UDP in p and p[scapy.UDP].dport == number, 1.5)
        return got is not None and got[scapy.IPv6].src == HA

    def reversed(self, number, coa=COA):
        """Does a packet sent back through the tunnel from this address reach the host?"""
        self.send(scapy.IPv6(src=coa, dst=HA) / scapy.IPv6(src=HOA, dst=HOST) / scapy.UDP(sport=1000, dport=number) / b"up")
        return self.home.receive(lambda p: scapy.UDP in p and p[scapy.UDP].dport == number and scapy.IPv6 in p and
                                 p[scapy.IPv6].nh == 17, 1.5) is not None


@pytest.fixture
def bench(request):
    with Bench() as b:
        request.node.packets_moved = 0
        yield b


@pytest.mark.requirement("H-2", "H-6")
def test_registration_and_tunnels(bench, request):
    """Registered after duplicate detection; then interception on the home link, tunnel, reverse tunnel with its source
    checked; de-registered, all of it ends."""
    assert not bench.tunnelled(1) and not bench.reversed(1)
    started = time.monotonic()
    assert bench.register(100) == (0, 100, 400, True)
    assert 0.9 < time.monotonic() - started < 2                             # duplicate detection on the home link
    assert bench.solicit(HOA, unicast=False) == bench.ha_mac[bench.home]
    assert bench.solicit(HOA, unicast=True) == bench.ha_mac[bench.home]
    assert bench.tunnelled(2)
    assert bench.reversed(2)
    assert not bench.reversed(3, coa="2001:db8:2::6")
    request.node.packets_moved = 2
    bench.send(update(101, lifetime_s=0))
    assert bench.answer() == (0, 101, 0, True)
    assert bench.solicit(HOA, unicast=True) is None
    assert not bench.tunnelled(4) and not bench.reversed(4)


def test_refusals(bench):
    """What is refused is answered as the RFCs say and leaves the binding alone."""
    assert bench.register(500)[0] == 0
    recorded = update(501)
    bench.send(recorded)
    assert bench.answer()[:2] == (0, 501)
    bench.send(recorded)
    assert bench.answer()[0] == 144
    bench.send(update(501))
    assert bench.answer() == (135, 501, 0, True)
    bench.send(update(502, stamp=time.time() + NTP_1970 - 3600))
    assert bench.answer()[0] == 144
    bench.send(update(503, key_is_right=False))
    assert bench.answer()[0] == 146
    assert bench.tunnelled(7)


def test_restart_keeps_the_binding(bench):
    """Killed, the tunnel goes on; restarted, binding and sequence number are there."""
    assert bench.register(700)[0] == 0
    bench.daemon.kill()
    assert bench.tunnelled(8)
    bench.daemon.start()
    assert bench.tunnelled(9) and bench.reversed(9)
    assert bench.solicit(HOA, unicast=True) == bench.ha_mac[bench.home]
    assert [r["home_address"] for r in bench.daemon.show("bindings")] == [HOA]
    assert bench.register(700)[:2] == (135, 700)
    assert bench.register(701)[0] == 0


def test_discovery(bench):
    """Home agents are found by the anycast address, another of the link among them; mobile prefixes are told."""
    other = "2001:db8:1::7"
    ra = scapy.IPv6(src="fe80::7", dst="ff02::1", hlim=255) / scapy.ICMPv6ND_RA(H=1, routerlifetime=1800) / \
        scapy.ICMPv6NDOptPrefixInfo(prefixlen=64, R=1, prefix=other) / scapy.ICMPv6NDOptHAInfo(pref=9, lifetime=1800)
    bench.home.send(bytes(ra))

    def agents():
        bench.send(scapy.IPv6(src=COA, dst="2001:db8:1:0:fdff:ffff:ffff:fffe") / scapy.ICMPv6HAADRequest(id=3))
        got = bench.far.receive(lambda p: scapy.ICMPv6HAADReply in p, 1)
        return got and got[scapy.ICMPv6HAADReply].addresses

    netmod.wait_for(lambda: agents() == [other, HA], 5, "both home agents")
    assert bench.register(900)[0] == 0
    hao = scapy.IPv6ExtHdrDestOpt(options=[scapy.HAO(hoa=HOA)])
    bench.send(scapy.IPv6(src=COA, dst=HA) / hao / scapy.ICMPv6MPSol(id=4))
    got = bench.far.receive(lambda p: scapy.ICMPv6MPAdv in p, 2)
    assert got[scapy.ICMPv6MPAdv].id == 4
    assert got[scapy.ICMPv6NDOptPrefixInfo].prefix == HA and got[scapy.ICMPv6NDOptPrefixInfo].R == 1


@pytest.mark.requirement("H-6")
@pytest.mark.parametrize("use_mma, state", [(False, "away-plain"), (True, "away-site")])
def test_home_agent_speaks_to_its_mobile(make_world, use_mma, state):
    """The home agent's own packets reach the mobile by a type 2 routing header, and are answered (RFC 6275 10.4.2)."""
    world = make_world(use_mma=use_mma)
    tally = world.watch(witness.Tally, "core")
    world.be_home()
    world.wait_state("home")
    world.move("cell1", 15)
    world.wait_state(state)
    ha, home = world.facts["home_agent"], world.facts["home_address"]
    assert " 5 received" in world.net.run("ha", "ping", "-6", "-c", "5", "-i", "0.2", "-W", "2", "-I", ha, home)
    world.packets_moved += 5
    assert witness.total(tally.kinds(), direction="in", src=ha, proto=58, via=f"rh2={home}") >= 5


@pytest.mark.requirement("H-6")
def test_changed_prefixes_are_told(make_world):
    """A reload that changes the home prefix's lifetimes: the mobile is told unasked, asks, is answered, and that is the end of it
    (RFC 6275 10.6.2, 11.4.3)."""
    world = make_world(use_mma=False)
    world.be_home()
    world.wait_state("home")
    world.move("cell1", 15)
    world.wait_state("away-plain")
    ha, mn = world.daemons["ha"], world.daemons["mn"]
    conf = ha.dir / "roamd.conf"
    conf.write_text(conf.read_text().replace('uplink = {"core0"}', 'uplink = {"core0"} prefix-valid = 5000 prefix-preferred = 4000 '
                                                                   'prefix-advertisement-min = 0 prefix-advertisement-max = 2'))
    tally = world.watch(witness.Tap, "ha")
    ha.proc.send_signal(signal.SIGHUP)
    world.wait(lambda: "event=reloaded" in ha.log.read_text(), "the reload in the log")
    counted = lambda d, name: sum(r.get(name, 0) for r in d.show("counters"))
    world.wait(lambda: counted(mn, "mpa-unsolicited") >= 1, "an advertisement", 15)
    assert counted(mn, "mpa-invalid") == 0 and counted(ha, "hao-unknown") == 0
    world.packets_moved += len(tally.messages())
