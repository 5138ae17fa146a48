# SPDX-License-Identifier: BSD-2-Clause
"""The home agent against the titles of the public conformance suite (HA_...), and against RFC 3963 (NEMO_...); doc/conformance.md
has the table. A case is a row: its identifier, the function that plays it, what varies. Each mobile has a home address of its
own, so all cases share one world:

    host --- home0 [ha] core0 --- far         ha: the home prefix has a link; host: a node, a correspondent, other routers there;
    host --- home1 [ha]                           a second home link
                                  far --- core0 [hav]    hav: a home agent whose home prefix is virtual

far is where the mobiles are, and correspondent nodes elsewhere.
"""
import itertools
import struct
import subprocess
import time

import pytest
from roamlab import net as netmod
from roamlab import netns, roamd, topo
from roamlab.octets import autoconfigured, checksum6, ip6, mac, multicast_mac, packed

import peer
from peer import A, BA, BE, BRR, H, HOT, HOTI, ICMP6, IPV6, K, L, MH, R, text, udp

scapy = pytest.importorskip("scapy.all")
pytestmark = pytest.mark.requirement("H-6")

HOST, CN, PREFIX_S, PREFERRED_S = "2001:db8:1::33", "2001:db8:c::9", 2000, 1000
NETWORK, FOREIGN = ("2001:db8:50::", 64), ("2001:db8:99::", 64)
ROUTERS = {"real": "2001:db8:1::50", "virtual": "2001:db8:5::50"}


def home_agent(prefix, more):
    a = f"{prefix}::1"
    return (topo.key_block("mn1", 256) + f'role ha {{ address = "{a}" home-prefix = {{"{prefix}::/64"}} uplink = {{"core0"}} '
            f'prefix-valid = {PREFIX_S} prefix-preferred = {PREFERRED_S} lifetime = 262140 preference = 100 '
            f'duplicate-detection-time = 60 rate = 0 reverse-grace = 0 prefix-advertisement-min = 0 prefix-advertisement-max = 0 '
            f'mobile "{prefix}::/64" {{ key = "mn1" }} {more} }}\n')


def network():
    router = 'mobile "{}" {{ key = "mn1" network = {{"{}"}} }}'
    keys = topo.keys("mn1")
    nodes = [
        topo.Node("ha", forwards=True, routes=[("2001:db8:2::/64", "2001:db8:f::2"), ("2001:db8:c::/64", "2001:db8:f::2")], keys=keys,
                  roamd=home_agent("2001:db8:1", 'home-link = "home0" link "home1" { prefix = {"2001:db8:6::/64"} } '
                                         'mobile "2001:db8:6::/64" { key = "mn1" } ' + router.format(ROUTERS["real"], "2001:db8:50::/60"))),
        topo.Node("hav", forwards=True, routes=[("2001:db8:2::/64", "2001:db8:e::2"), ("2001:db8:c::/64", "2001:db8:e::2")], keys=keys,
                  loopback=["2001:db8:5::1/128"], roamd=home_agent("2001:db8:5", router.format(ROUTERS["virtual"], "2001:db8:51::/60"))),
        topo.Node("host", routes=[("default", "2001:db8:1::1")]),
        topo.Node("far"),
    ]
    cables = [topo.Cable(topo.Port("host", "eth0", [HOST + "/64"]), topo.Port("ha", "home0", ["2001:db8:1::1/64"])),
              topo.Cable(topo.Port("host", "eth1", ["2001:db8:6::33/64"]), topo.Port("ha", "home1", ["2001:db8:6::1/64"])),
              topo.Cable(topo.Port("far", "eth0", ["2001:db8:f::2/64"]), topo.Port("ha", "core0", ["2001:db8:f::1/64"])),
              topo.Cable(topo.Port("far", "eth1", ["2001:db8:e::2/64"]), topo.Port("hav", "core0", ["2001:db8:e::1/64"]))]
    return topo.Topology("conformance-ha", nodes, cables).check()


class Side:
    """A home agent and the wires at which it is reached."""

    def __init__(self, net, node, prefix, far_if, daemon):
        self.node, self.prefix, self.agent, self.daemon = node, prefix, f"{prefix}::1", daemon
        self.far = peer.Wire(net, "far", far_if)
        self.mac = mac(net.lladdr[node, "core0"])
        self.home = peer.Wire(net, "host", "eth0") if node == "ha" else None
        self.home_mac = mac(net.lladdr[node, "home0"]) if node == "ha" else None
        self.home_ll = autoconfigured("fe80::", net.lladdr[node, "home0"]) if self.home else None
        self.cn_wire = self.home or self.far
        self.cn_mac = self.home_mac or self.mac
        self.cn = HOST if self.home else CN


class World:
    numbers = itertools.count(1)
    router_seqs = itertools.count(100, 20)
    coas = itertools.count(0x10)

    def __init__(self):
        self.net = netmod.Net(network())
        self.daemons = []

    def __enter__(self):
        self.net.build()
        self.daemons = [roamd.Daemon(self.net, n).start() for n in ("ha", "hav")]
        self.sides = {"real": Side(self.net, "ha", "2001:db8:1", "eth0", self.daemons[0]),
                      "virtual": Side(self.net, "hav", "2001:db8:5", "eth1", self.daemons[1])}
        self.fences = {}
        for k, side in self.sides.items():
            self.fences[side.node] = m = self.mobile(k)
            assert self.register(m, lifetime_s=PREFERRED_S).status == 0
        self.short = {k: self.mobile(k) for k in self.sides}   # their lifetime ends while other cases run
        for k, m in self.short.items():
            self.send(m, m.bu(lifetime_s=4))
            assert self.ba(m).status == 0, f"{k}: {self.tail()}"
        self.short_since = time.monotonic()
        return self

    def __exit__(self, *_):
        for d in self.daemons:
            if d.proc:
                d.stop()
        self.net.close()

    def tail(self):
        return "\n".join(d.tail() for d in self.daemons)

    # --- mobiles --------------------------------------------------------------------------------------------

    def mobile(self, side, hoa=None):
        s = self.sides[side]
        n = next(self.numbers)
        m = peer.Mobile(hoa or f"{s.prefix}::1:{n:x}", self.coa(), s.agent, bytes.fromhex(topo.key_hex("mn1")),
                        mac=b"\2\0\0\1" + struct.pack("!H", n))
        m.side = s
        return m

    def coa(self):
        return f"2001:db8:2::{next(self.coas):x}"

    def send(self, m, packet, at_home=False):
        s = m.side
        s.far.drain()
        if s.home:
            s.home.drain()
        if at_home:
            s.home.send(packet, s.home_mac, m.mac)
        else:
            s.far.send(packet, s.mac)

    def ba(self, m, at_home=False, seconds=3.0):
        """The acknowledgement, as RFC 6275 9.5.4 wants it addressed."""
        w = m.side.home if at_home else m.side.far
        p = w.wait(lambda p: p.mh_type == BA and m.hoa in (p.rh2, p.dst), seconds)
        if p is None:
            return None
        assert p.src == m.agent
        assert checksum6(m.agent, m.hoa, MH, p.body[:4] + b"\0\0" + p.body[6:]) == struct.unpack("!H", p.body[4:6])[0]
        return p

    def register(self, m, **kw):
        self.send(m, m.bu(**kw))
        p = self.ba(m)
        assert p is not None, self.tail()
        return p

    def bound(self, side, **kw):
        m = self.mobile(side)
        assert self.register(m, **kw).status == 0
        return m

    def nothing(self, m, unwanted, wire=None):
        """No such packet comes on this wire until the agent has answered a discovery that was sent after the cause, and a moment
        after: it takes messages in the order of their arrival, but not over all of its inputs."""
        s, ident, seen = m.side, struct.pack("!H", next(self.numbers)), []
        s.far.send(peer.icmp6(self.coa(), m.agent, 144, 0, ident + bytes(2)), s.mac)
        wanted = lambda p: (seen.append(p) if unwanted(p) else None) or (p.icmp == (145, 0) and p.body[4:6] == ident)
        assert s.far.wait(wanted), "no fence"
        return (wire or s.far).wait(unwanted, 0.04) is None and (bool(wire) or not seen)

    # --- data: the programs keep the order, so what did not come before the fence's packet will not come --------------

    def down(self, m, address):
        """What comes out of the tunnel when a correspondent node sends to this address; None: nothing."""
        s, fence, port = m.side, self.fences[m.side.node], next(self.numbers) + 2000
        s.far.drain()
        for to, number in ((address, port), (fence.hoa, 1)):
            s.cn_wire.send(ip6(s.cn, to, peer.UDP, udp(s.cn, to, number)), s.cn_mac)
        p = s.far.wait(lambda p: p.nh == IPV6 and p.inner and p.inner.port in (port, 1))
        assert p is not None, self.tail()
        return p if p.inner.port == port else None

    def up(self, m, src, coa=None):
        """What a correspondent node gets of a packet from this source through the reverse tunnel; None: nothing."""
        s, fence, port = m.side, self.fences[m.side.node], next(self.numbers) + 2000
        s.cn_wire.drain()
        s.far.send(m.reverse(s.cn, udp(src, s.cn, port), src=src, coa=coa), s.mac)
        s.far.send(fence.reverse(s.cn, udp(fence.hoa, s.cn, 1)), s.mac)
        p = s.cn_wire.wait(lambda p: p.port in (port, 1) and p.dst == s.cn)
        assert p is not None, self.tail()
        return p if (p.port, p.src) == (port, src) else None

    def tunnelled(self, m, coa=None):
        p = self.down(m, m.hoa)
        assert p is None or (p.src == m.agent and p.inner.dst == m.hoa and p.inner.src == m.side.cn)
        return None if p is None or p.dst != (coa or m.coa) else p.inner

    def reversed(self, m, coa=None):
        return self.up(m, m.hoa, coa)

    def works(self, m):
        return bool(self.tunnelled(m) and self.reversed(m))

    def is_gone(self, m):
        return not self.tunnelled(m) and not self.reversed(m)


@pytest.fixture(scope="module")
def w():
    with World() as world:
        yield world


# --- 0: what all stand on -----------------------------------------------------------------------------------------------------

def on_start(w):
    """Both agents serve a mobile."""
    for fence in w.fences.values():
        assert w.works(fence)


# --- 1: Mobility Headers that are wrong (9.2) ------------------------------------------------------------------------

def on_wrong_header(w, side, bound, kind):
    m = w.bound(side) if bound else w.mobile(side)
    how = {"type": {"mh_type": 77}, "proto": {"proto": ICMP6}, "checksum": {"csum_is_right": False}, "length": {"mh_len": 0}}[kind]
    w.send(m, m.bu(**how))
    if kind == "type":
        p = m.side.far.wait(lambda p: p.mh_type == BE)
        assert p.body[6] == 2 and p.dst == m.coa and text(p.body[8:24]) == m.hoa
    elif kind == "checksum":
        assert w.nothing(m, lambda p: p.mh_type in (BA, BE) or p.icmp == (4, 0))
    else:
        p = m.side.far.wait(lambda p: p.icmp == (4, 0))
        assert p.dst == m.coa
        assert struct.unpack("!I", p.body[4:8])[0] == 40 + 24 + (0 if kind == "proto" else 1)
    assert w.works(m) if bound else w.is_gone(m)


# --- 2: registration (9.3.1, 9.5.1, 10.3.1) ------------------------------------------------------------------------------

def on_registration(w, side, flags=A | H, **kw):
    m = w.mobile(side)
    assert w.is_gone(m)
    p = w.register(m, flags=flags, **kw)
    assert (p.status, p.seq, p.lifetime_s, p.keeps_key) == (0, m.seq, 400, False)
    assert p.dst == m.coa and p.rh2 == m.hoa and m.is_signed(p)
    assert w.works(m)


def on_decrease(w, side):
    m = w.bound(side)
    assert w.register(m, lifetime_s=40).lifetime_s == 40


def on_lifetime_end(w, side):
    m = w.short[side]
    left = 4.1 - (time.monotonic() - w.short_since)
    if left > 0:
        time.sleep(left)
    assert w.is_gone(m)


def on_prefix_lifetime(w, side):
    for asked, granted, status in ((400, 400, 0), (PREFERRED_S, PREFERRED_S, 0), (PREFERRED_S + 4, PREFERRED_S + 4, 1),
                                   (PREFIX_S, PREFIX_S, 1), (PREFIX_S + 400, PREFIX_S, 1)):
        m = w.mobile(side)
        p = w.register(m, lifetime_s=asked)
        assert (p.lifetime_s, p.status) == (granted, status)


def on_refused(w, side, status, hoa=None, **kw):
    m = w.mobile(side, hoa)
    p = w.register(m, **kw)
    assert (p.status, p.lifetime_s) == (status, 0)
    assert w.is_gone(m)


def on_ignored(w, side, hao=True, **kw):
    m = w.mobile(side)
    w.send(m, m.bu(hao=hao, **kw))
    assert w.nothing(m, lambda p: p.mh_type == BA)
    assert w.is_gone(m)


def probes(m, seconds=0.05):
    """Targets of the duplicate address probes on the home link."""
    found = set()
    m.side.home.wait(lambda p: p.icmp == (135, 0) and p.src == "::" and found.add(p.target), seconds)
    return found


def on_dad(w, link_local):
    m = w.mobile("real")
    w.send(m, m.bu(flags=A | H | (L if link_local else 0)))
    assert probes(m) == ({m.hoa, m.ll} if link_local else {m.hoa})
    assert w.ba(m).status == 0


def on_dad_answer(w, flags, target, status):
    """Somebody on the home link has the address that is probed, or another one."""
    m = w.mobile("real")
    w.send(m, m.bu(flags=flags))
    assert m.side.home.wait(lambda p: p.icmp == (135, 0) and p.target == m.hoa)
    claimed = m.hoa if target == "global" else m.ll
    m.side.home.send(peer.advertisement(claimed, "ff02::1", claimed, b"\2\0\0\0\0\x77"), b"\x33\x33\0\0\0\1", b"\2\0\0\0\0\x77")
    p = w.ba(m)
    assert (p.status, p.seq) == (status, m.seq)
    assert bool(w.tunnelled(m)) == (status == 0)


def on_sequence(w, side, flags, first, second, is_valid):
    m = w.mobile(side)
    assert w.register(m, seq=first).status == 0
    old = m.coa
    m.coa = w.coa()
    p = w.register(m, seq=second, flags=flags)
    if is_valid:
        assert (p.status, p.seq) == (0, second)
        assert w.tunnelled(m)
    else:
        assert (p.status, p.seq) == (135, first)       # the last one accepted
        assert w.tunnelled(m, coa=old)


# --- 3: de-registration (10.3.2) -----------------------------------------------------------------------------------------

def home_update(w, m, at_home, lifetime_s, flags, hao, seq=None):
    """De-registers, or would: from afar, or from the home address with or without a Home Address option."""
    src = m.hoa if at_home else None
    w.send(m, m.bu(src=src, lifetime_s=lifetime_s, flags=flags, hao=hao, seq=seq), at_home)
    p = w.ba(m, at_home)
    assert p is not None
    if at_home:
        assert p.eth_dst == m.mac and p.dst == m.hoa   # without a neighbour solicitation for an address that we defend
    return p


def on_deregistration(w, side="real", at_home=True, lifetime_s=0, flags=A | H, hao=True):
    m = w.bound(side)
    p = home_update(w, m, at_home, lifetime_s, flags, hao)
    assert (p.status, p.seq, p.lifetime_s) == (0, m.seq, 0)
    assert w.is_gone(m)


def on_wrong_deregistration(w, side="real", at_home=True, lifetime_s=0, flags=A | H, hao=True):
    m = w.mobile(side)
    assert home_update(w, m, at_home, lifetime_s, flags, hao).status == 133


def on_old_deregistration(w, lifetime_s, flags, hao):
    m = w.bound("real", seq=500)
    p = home_update(w, m, True, lifetime_s, flags, hao, seq=499)
    assert (p.status, p.seq) == (135, 500)
    assert w.works(m)


# --- 4: the home link (10.4.1) ---------------------------------------------------------------------------------------------

def on_announcement(w, link_local):
    m = w.mobile("real")
    w.send(m, m.bu(flags=A | H | (L if link_local else 0)))
    wanted = {m.hoa} | ({m.ll} if link_local else set())
    while wanted:
        p = m.side.home.wait(lambda p: p.icmp == (136, 0) and p.target in wanted)
        assert p is not None, wanted
        assert p.dst == "ff02::1" and p.hlim == 255 and p.tlla == m.side.home_mac
        assert p.body[4] & 0xe0 == 0x20                # override; not solicited, no router
        wanted.discard(p.target)


def ask(w, m, target, how, slla):
    s = m.side
    s.home.drain()
    if how == "unicast":
        s.home.send(peer.solicitation(HOST, target, target, slla and s.home.mac), s.home_mac)
    else:
        group = peer.solicited_node(target)
        src, option = ("::", None) if how == "dad" else (HOST, s.home.mac)
        s.home.send(peer.solicitation(src, group, target, option), multicast_mac(group))


def on_solicitation(w, how, target, flags, is_answered, slla=True, after=None):
    """after: "deregistered"; target: "global", "linklocal", or either of an address that nobody has."""
    m = w.bound("real", flags=A | H | flags)
    if after:
        assert home_update(w, m, True, 0, A | H | flags, True).status == 0
    whom = m if not target.startswith("no") else w.mobile("real")
    address = whom.ll if target.endswith("linklocal") else whom.hoa
    is_about = lambda p: p.icmp == (136, 0) and p.target == address and p.eth_src == m.side.home_mac
    time.sleep(0.01)
    ask(w, m, address, how, slla)
    if not is_answered:
        assert w.nothing(m, is_about, m.side.home)
        return
    p = m.side.home.wait(lambda p: is_about(p) and (how == "dad" or p.body[4] & 0x40))
    assert p is not None
    assert p.tlla == m.side.home_mac and p.hlim == 255
    assert p.dst == ("ff02::1" if how == "dad" else HOST)
    assert p.body[4] & 0x60 == (0x20 if how == "dad" else 0x60)


# --- 5, 6: tunnels (10.4.2, 10.4.5, 10.4.6) ---------------------------------------------------------------------------------

def on_interception(w, side):
    m = w.bound(side)
    s, ident = m.side, next(w.numbers)
    s.far.drain()
    s.cn_wire.send(peer.icmp6(s.cn, m.hoa, 128, 0, struct.pack("!HH", ident, 1) + b"echo"), s.cn_mac)
    p = s.far.wait(lambda p: p.nh == IPV6 and p.inner.icmp == (128, 0) and p.inner.dst == m.hoa)
    assert (p.src, p.dst) == (m.agent, m.coa)
    assert p.inner.body[4:] == struct.pack("!HH", ident, 1) + b"echo"


def on_link_local_data(w):
    """From a global address and from a link-local one."""
    m = w.bound("real", flags=A | H | L)
    s = m.side
    for src in (HOST, "fe80::33"):
        port = next(w.numbers) + 2000
        s.far.drain()
        s.home.drain()
        s.home.send(ip6(src, m.ll, peer.UDP, udp(src, m.ll, port)), s.home_mac)
        if src != HOST:                                # the agent has to ask where that is
            s.home.wait(lambda p: p.icmp == (135, 0) and p.target == src)
            s.home.send(peer.advertisement(src, s.home_ll, src, s.home.mac, 0x60), s.home_mac)
        p = s.home.wait(lambda p: p.icmp == (1, 3) and packed(m.ll) in p.body)
        assert p is not None and p.dst == src
    assert w.nothing(m, lambda p: p.nh == IPV6 and p.inner and p.inner.dst == m.ll)


def on_tunnel_error(w, side):
    """A router on the tunnel's way reports: the correspondent node hears of its own packet, from the agent."""
    m = w.bound(side)
    s, port = m.side, next(w.numbers) + 2000
    s.far.drain()
    s.cn_wire.drain()
    s.cn_wire.send(ip6(s.cn, m.hoa, peer.UDP, udp(s.cn, m.hoa, port)), s.cn_mac)
    p = s.far.wait(lambda p: p.nh == IPV6 and p.inner and p.inner.port == port)
    s.far.send(peer.icmp6("2001:db8:2::ffff", m.agent, 1, 3, bytes(4) + p.raw), s.mac)
    got = s.cn_wire.wait(lambda p: p.nh == ICMP6 and p.body[0] == 1 and p.dst == s.cn)
    assert got is not None
    about = peer.Packet(bytes(14) + got.body[8:])
    assert (about.src, about.dst, about.port) == (s.cn, m.hoa, port)


def on_new_tunnel_end(w, side, direction):
    m = w.bound(side)
    assert w.works(m)
    old, m.coa = m.coa, w.coa()
    assert w.register(m).status == 0
    if direction == "down":
        assert w.tunnelled(m)
    else:
        assert w.reversed(m)
        assert not w.reversed(m, coa=old)


def on_reverse(w, side):
    m = w.bound(side)
    assert w.reversed(m)


def on_wrong_reverse(w, side):
    m = w.bound(side)
    assert not w.reversed(m, coa=w.coa())
    assert w.reversed(m)


def mobility_message(src, dst, kind, cookie):
    body = struct.pack("!BBBBHH", 59, 1 if kind == HOTI else 2, kind, 0, 0, 0) + cookie + (bytes(8) if kind == HOT else b"")
    return body[:4] + struct.pack("!H", checksum6(src, dst, MH, body)) + body[6:]


def on_return_routability(w, side, kind, move=False):
    m = w.bound(side)
    if move:
        m.coa = w.coa()
        assert w.register(m).status == 0
    s, cookie = m.side, struct.pack("!Q", next(w.numbers))
    s.far.drain()
    s.cn_wire.drain()
    if kind == HOTI:
        s.far.send(m.reverse(s.cn, mobility_message(m.hoa, s.cn, HOTI, cookie), nh=MH), s.mac)
        p = s.cn_wire.wait(lambda p: p.mh_type == HOTI and p.src == m.hoa)
    else:
        s.cn_wire.send(ip6(s.cn, m.hoa, MH, mobility_message(s.cn, m.hoa, HOT, cookie)), s.cn_mac)
        p = s.far.wait(lambda p: p.nh == IPV6 and p.inner and p.inner.mh_type == HOT and p.inner.dst == m.hoa)
        assert (p.src, p.dst) == (m.agent, m.coa)
        p = p.inner
    assert cookie in p.body


# --- 7: discovery of home agents (10.5) ---------------------------------------------------------------------------------------

def anycast(prefix):
    return f"{prefix}:0:fdff:ffff:ffff:fffe"


def agents(w, side, reserved=0, to_anycast=True):
    s = w.sides[side]
    ident, coa = next(w.numbers), w.coa()
    s.far.drain()
    dst = anycast(s.prefix) if to_anycast else s.agent
    s.far.send(peer.icmp6(coa, dst, 144, 0, struct.pack("!HH", ident, reserved)), s.mac)
    p = s.far.wait(lambda p: p.icmp == (145, 0) and p.body[4:6] == struct.pack("!H", ident))
    assert p is not None and p.src == s.agent and p.dst == coa and len(p.raw) <= 1280
    return [text(p.body[i:i + 16]) for i in range(8, len(p.body), 16)]


def on_discovery(w, side, reserved=0):
    assert w.sides[side].agent in agents(w, side, reserved)


def advertise(w, router, addresses, preference=None, lifetime=1800, router_lifetime=1800, h=1, r=1):
    """An advertisement by another router of the home link."""
    ra = scapy.IPv6(src=f"fe80::{router:x}", dst="ff02::1", hlim=255) / scapy.ICMPv6ND_RA(H=h, routerlifetime=router_lifetime)
    for a in addresses:
        ra /= scapy.ICMPv6NDOptPrefixInfo(prefixlen=64, R=r, L=1, A=0, prefix=a, validlifetime=3000, preferredlifetime=2000)
    if preference is not None:
        ra /= scapy.ICMPv6NDOptHAInfo(pref=preference, lifetime=lifetime)
    w.sides["real"].home.send(bytes(ra), b"\x33\x33\0\0\0\1", b"\2\0\0\2" + struct.pack("!H", router))


def agent_pair(w):
    """Two routers that no other case has: (number, address) each."""
    return [(n, f"2001:db8:1::a:{n:x}") for n in (next(w.numbers) + 0x100, next(w.numbers) + 0x100)]


def listed(w, wanted, seconds=2.0):
    """The agents of wanted (and ours), in the reply's order, once all are there."""
    ours = w.sides["real"].agent
    end = time.monotonic() + seconds
    while True:
        got = [a for a in agents(w, "real") if a in wanted or a == ours]
        if set(wanted) <= set(got) or time.monotonic() > end:
            return got


def forget(w, pair):
    for n, _ in pair:
        advertise(w, n, [], 0, 0)


def on_order(w, *preferences):
    """Ours is 100. The order is that of the preferences."""
    pair = agent_pair(w)[:len(preferences)]
    for (n, a), p in zip(pair, preferences):
        advertise(w, n, [a], p)
    rank = sorted([(100, w.sides["real"].agent)] + [(p or 0, a) for (_, a), p in zip(pair, preferences)], reverse=True)
    assert listed(w, [a for _, a in pair]) == [a for _, a in rank]
    forget(w, pair)


def on_agent_lifetime(w, has_option):
    (n, a), _ = pair = agent_pair(w)
    advertise(w, n, [a], 5 if has_option else None, lifetime=1, router_lifetime=1)
    assert a in listed(w, [a])
    netmod.wait_for(lambda: a not in agents(w, "real"), 4, "the agent's lifetime to end")
    forget(w, pair)


def on_agent_update(w, what):
    (n, a), _ = pair = agent_pair(w)
    ours = w.sides["real"].agent
    advertise(w, n, [a], 5, lifetime=2 if what == "lifetime" else 1800)
    assert listed(w, [a]) == [ours, a]
    if what == "preference":
        advertise(w, n, [a], 200)
        netmod.wait_for(lambda: listed(w, [a]) == [a, ours], 3, "the new preference")
    else:
        advertise(w, n, [a], 5, lifetime=1800)
        time.sleep(2.1)
        assert a in agents(w, "real")
    forget(w, pair)


def on_equal_preference(w):
    (n1, a1), (n2, a2) = pair = agent_pair(w)
    advertise(w, n1, [a1], 200)
    advertise(w, n2, [a2], 200)
    orders = set()
    for _ in range(40):
        got = listed(w, [a1, a2])
        assert got[2] == w.sides["real"].agent
        orders.add(tuple(got[:2]))
    assert len(orders) == 2                            # either may stand first
    forget(w, pair)


def on_many_addresses(w):
    (n, a), _ = pair = agent_pair(w)
    more = [a, a.replace("::a:", "::b:"), a.replace("::a:", "::c:")]
    advertise(w, n, more, 50)
    assert set(listed(w, more)) == set(more) | {w.sides["real"].agent}
    shown = {r["address"]: r for r in w.sides["real"].daemon.show("routers") if r.get("record") == "home-agent"}
    assert set(more) <= set(shown) and shown[a]["preference"] == 50
    forget(w, pair)


def on_agent_end(w, has_option):
    (n, a), _ = agent_pair(w)
    advertise(w, n, [a], 5 if has_option else None)
    assert a in listed(w, [a])
    advertise(w, n, [a], 5 if has_option else None, lifetime=0, router_lifetime=0)
    netmod.wait_for(lambda: a not in agents(w, "real"), 3, "the agent to be forgotten")


def on_no_agent(w, **kw):
    """Heard before a fence that is listed, and not listed itself."""
    (n1, a1), (n2, a2) = pair = agent_pair(w)
    advertise(w, n1, [a1], 5, **kw)
    advertise(w, n2, [a2], 5)
    assert a2 in listed(w, [a2])
    assert a1 not in agents(w, "real")
    forget(w, pair)


def on_many_agents(w):
    crowd = [(n, f"2001:db8:1::d:{n:x}") for n in range(0x4000, 0x4000 + 100)]
    for i, (n, a) in enumerate(crowd):
        advertise(w, n, [a], 1000 + i)
    netmod.wait_for(lambda: len(agents(w, "real")) == 77, 5, "a full reply")
    assert agents(w, "real") == [a for _, a in reversed(crowd)][:77]
    forget(w, crowd)
    netmod.wait_for(lambda: not set(agents(w, "real")) & {a for _, a in crowd}, 5, "the crowd to go")


# --- 8: mobile prefixes (10.6) ---------------------------------------------------------------------------------------------------

def on_prefixes(w, side, reserved=0, lifetime_s=400):
    m = w.bound(side) if lifetime_s == 400 else w.mobile(side)
    if lifetime_s != 400:
        assert w.register(m, lifetime_s=lifetime_s).status == 1
    w.send(m, m.mps(7, reserved=reserved))
    p = m.side.far.wait(lambda p: p.icmp == (147, 0))
    assert (p.src, p.dst, p.rh2) == (m.agent, m.coa, m.hoa)
    adv = scapy.IPv6(p.raw)[scapy.ICMPv6MPAdv]
    assert (adv.id, adv.flags) == (7, 0)
    option = adv[scapy.ICMPv6NDOptPrefixInfo]
    assert (option.prefix, option.prefixlen, option.R) == (m.agent, 64, 1)
    assert (option.validlifetime, option.preferredlifetime) == (PREFIX_S, PREFERRED_S)
    assert lifetime_s <= option.validlifetime          # 10.6.4


def on_prefixes_unbound(w, side):
    m = w.mobile(side)
    w.send(m, m.mps(8))
    p = m.side.far.wait(lambda p: p.mh_type == BE)
    assert p.body[6] == 1 and text(p.body[8:24]) == m.hoa
    assert w.nothing(m, lambda p: p.icmp == (147, 0))


# --- network mobility (RFC 3963) ----------------------------------------------------------------------------------------------------

def router(w, side):
    m = w.mobile(side, ROUTERS[side])
    m.seq = next(w.router_seqs)
    return m


def net_of(side, part=0):
    return text(packed(f"2001:db8:{'50' if side == 'real' else '51'}:{part:x}::"))


def reaches(w, m, address):
    """Does a packet for an address of the network come out of the tunnel?"""
    p = w.down(m, address)
    return p is not None and (p.src, p.dst, p.inner.dst) == (m.agent, m.coa, address)


def comes_from(w, m, address, coa=None):
    return w.up(m, address, coa) is not None


def as_router(w, side, mode, **kw):
    m = router(w, side)
    nets = [(net_of(side), 64)] if mode == "explicit" else []
    w.register(m, flags=A | H, lifetime_s=0)
    p = w.register(m, flags=A | H | R, networks=nets, **kw)
    assert (p.status, p.is_router) == (0, True)
    return m


def on_router(w, side, mode):
    m = as_router(w, side, mode)
    host = net_of(side) + "5"
    assert reaches(w, m, host) and comes_from(w, m, host) and w.works(m)
    assert not comes_from(w, m, host, coa=w.coa())             # 9: the outer source
    assert not comes_from(w, m, "2001:db8:99::5")              # and the inner one
    other = net_of(side, 3) + "5"
    assert reaches(w, m, other) == (mode == "implicit")
    m.coa = w.coa()
    assert w.register(m, flags=A | H | R, networks=[(net_of(side), 64)] if mode == "explicit" else []).status == 0
    assert reaches(w, m, host) and comes_from(w, m, host)
    assert w.register(m, flags=A | H | R, lifetime_s=0).status == 0
    assert not reaches(w, m, host) and not comes_from(w, m, host)


def on_router_prefixes_change(w):
    m = as_router(w, "real", "explicit")
    a, b = net_of("real") + "5", net_of("real", 1) + "5"
    assert reaches(w, m, a) and not reaches(w, m, b)
    assert w.register(m, flags=A | H | R, networks=[(net_of("real", 1), 64)]).status == 0
    assert reaches(w, m, b) and not reaches(w, m, a)


def on_router_refused(w, status, networks=(), flags=A | H | R, hoa=ROUTERS["real"]):
    m = router(w, "real")
    m.hoa = hoa
    w.register(m, lifetime_s=0)
    p = w.register(m, flags=flags, networks=networks)
    assert (p.status, p.is_router) == (status, False)
    assert w.is_gone(m) and not reaches(w, m, net_of("real") + "5")


def on_router_type(w, first, second):
    m = router(w, "real")
    w.register(m, lifetime_s=0)
    assert w.register(m, flags=first).status == 0
    assert w.register(m, flags=second).status == 139
    assert w.register(m, flags=second, lifetime_s=0).status == 0             # a de-registration's flag is ignored


def on_router_announced(w):
    m = router(w, "real")
    w.register(m, lifetime_s=0)
    w.send(m, m.bu(flags=A | H | R))
    p = m.side.home.wait(lambda p: p.icmp == (136, 0) and p.target == m.hoa)
    assert p.body[4] & 0xe0 == 0xa0                                          # router, override


def on_router_discovery(w):
    s, ident = w.sides["real"], next(w.numbers)
    s.far.send(peer.icmp6(w.coa(), anycast(s.prefix), 144, 0, struct.pack("!HH", ident, 0x8000)), s.mac)
    p = s.far.wait(lambda p: p.icmp == (145, 0) and p.body[4:6] == struct.pack("!H", ident))
    assert p.body[6] & 0x80 and text(p.body[8:24]) == s.agent


# --- beyond the suites ------------------------------------------------------------------------------------------------------------------

def on_own_packets(w, side):
    """The agent's own packets are a correspondent node's (10.4.2): type 2 routing header out, Home Address option in."""
    m = w.bound(side)
    w.send(m, m.bu())                                  # a refresh changes nothing of it
    ping = netns.popen(w.net.ns(m.side.node), ["ping", "-6", "-c", "1", "-W", "3", "-I", m.agent, m.hoa], stdout=subprocess.PIPE)
    p = m.side.far.wait(lambda p: p.rh2 == m.hoa and p.icmp == (128, 0))
    assert p is not None and (p.src, p.dst) == (m.agent, m.coa)
    m.side.far.send(peer.icmp6(m.coa, m.agent, 129, 0, p.body[4:], hao=m.hoa), m.side.mac)
    assert ping.wait(5) == 0, ping.stdout.read()
    ping.stdout.close()


def on_second_home_link(w):
    """Each home link has its own: duplicate detection, proxy, interception, anycast address."""
    m = w.mobile("real", f"2001:db8:6::1:{next(w.numbers):x}")
    second = peer.Wire(w.net, "host", "eth1")
    own = mac(w.net.lladdr["ha", "home1"])
    w.send(m, m.bu())
    assert second.wait(lambda p: p.icmp == (135, 0) and p.src == "::" and p.target == m.hoa)
    assert w.ba(m).status == 0
    for wire, is_answered in ((m.side.home, False), (second, True)):
        wire.drain()
        group = peer.solicited_node(m.hoa)
        wire.send(peer.solicitation("2001:db8:6::33", group, m.hoa, wire.mac), multicast_mac(group))
        p = wire.wait(lambda p: p.icmp == (136, 0) and p.target == m.hoa and p.body[4] & 0x40, 2 if is_answered else 0.1)
        assert (p is not None) == is_answered and (p is None or p.tlla == own)
    port = next(w.numbers) + 2000
    second.send(ip6("2001:db8:6::33", m.hoa, peer.UDP, udp("2001:db8:6::33", m.hoa, port)), own)
    assert m.side.far.wait(lambda p: p.nh == IPV6 and p.inner and p.inner.port == port and p.dst == m.coa)
    ident = struct.pack("!H", next(w.numbers))
    m.side.far.send(peer.icmp6(w.coa(), anycast("2001:db8:6"), 144, 0, ident + bytes(2)), m.side.mac)
    p = m.side.far.wait(lambda p: p.icmp == (145, 0) and p.body[4:6] == ident)
    assert [text(p.body[8:24])] == [m.agent] and len(p.body) == 24


def on_link_local_flag(w):
    """L comes and goes with a refresh."""
    m = w.bound("real")
    for flags, is_answered in ((L, True), (0, False)):
        assert w.register(m, flags=A | H | flags).status == 0
        ask(w, m, m.ll, "multicast", True)
        if is_answered:
            assert m.side.home.wait(lambda p: p.icmp == (136, 0) and p.target == m.ll and p.body[4] & 0x40)
        else:
            assert w.nothing(m, lambda p: p.icmp == (136, 0) and p.target == m.ll and p.body[4] & 0x40, m.side.home)


# --- the table -----------------------------------------------------------------------------------------------------------------------

ROWS = [
    ("HA_0_0_0", on_start),
    ("HA_1_1_1", on_wrong_header, "real", False, "type"),
    ("HA_1_1_2", on_wrong_header, "real", False, "proto"),
    ("HA_1_1_3", on_wrong_header, "real", False, "checksum"),
    ("HA_1_1_4", on_wrong_header, "real", False, "length"),
    ("HA_1_1_5", on_wrong_header, "real", True, "type"),
    ("HA_1_1_6", on_wrong_header, "real", True, "proto"),
    ("HA_1_1_7", on_wrong_header, "real", True, "length"),
    ("HA_1_1_8", on_wrong_header, "virtual", False, "checksum"),
    ("HA_1_1_9", on_wrong_header, "virtual", False, "proto"),
    ("HA_1_1_10", on_wrong_header, "virtual", False, "length"),

    ("HA_2_1_1", on_registration, "real"),
    ("HA_2_1_2", on_registration, "real", dict(flags=H)),
    ("HA_2_1_3", on_decrease, "real"),
    ("HA_2_1_4", on_lifetime_end, "real"),
    ("HA_2_1_5", on_registration, "virtual"),
    ("HA_2_1_6", on_registration, "virtual", dict(flags=H)),
    ("HA_2_1_7", on_decrease, "virtual"),
    ("HA_2_1_8", on_lifetime_end, "virtual"),
    ("HA_2_1_9", on_prefix_lifetime, "real"),
    ("HA_2_1_10", on_registration, "real", dict(flags=A | H)),
    ("HA_2_1_11", on_registration, "real", dict(flags=A | H | K)),
    ("HA_2_1_12", on_registration, "virtual", dict(flags=A | H)),
    ("HA_2_1_13", on_registration, "virtual", dict(flags=A | H | K)),
    ("HA_2_1_14", on_registration, "real", dict(reserved=0xff)),
    ("HA_2_1_15", on_registration, "virtual", dict(reserved=0xff)),
    ("HA_2_2_1", on_refused, "real", 132, dict(hoa="2001:db8:77::1")),
    ("HA_2_2_2", on_refused, "real", 132, dict(hoa="2001:db8:77::1", flags=H)),
    ("HA_2_2_3", on_refused, "real", 146, dict(key_is_right=False)),
    ("HA_2_2_4", on_refused, "virtual", 132, dict(hoa="2001:db8:77::1")),
    ("HA_2_2_5", on_refused, "virtual", 132, dict(hoa="2001:db8:77::1", flags=H)),
    ("HA_2_2_6", on_refused, "virtual", 146, dict(key_is_right=False)),
    ("HA_2_2_7", on_ignored, "real", dict(nonce=True)),
    ("HA_2_2_8", on_ignored, "virtual", dict(nonce=True)),
    ("HA_2_2_9", on_ignored, "real", dict(hao="fe80::1:5")),
    ("HA_2_2_10", on_ignored, "real", dict(hao="fe80::1:5", flags=A | H | L)),
    ("HA_2_2_11", on_ignored, "virtual", dict(hao="fe80::1:5")),
    ("HA_2_2_12", on_ignored, "virtual", dict(hao="fe80::1:5", flags=A | H | L)),
    ("HA_2_2_13", on_ignored, "real", dict(hao="ff0e::5")),
    ("HA_2_2_14", on_ignored, "virtual", dict(hao="ff0e::5")),
    ("HA_2_3_1", on_dad, False),
    ("HA_2_3_2", on_dad, True),
    ("HA_2_3_3", on_dad_answer, A | H, "linklocal", 0),
    ("HA_2_4_1", on_dad_answer, A | H, "global", 134),
    ("HA_2_4_2", on_dad_answer, A | H | L, "global", 134),
    ("HA_2_4_3", on_dad_answer, A | H | L, "linklocal", 134),
    ("HA_2_4_4", on_dad_answer, H, "global", 134),
    ("HA_2_4_5", on_dad_answer, H | L, "global", 134),
    ("HA_2_4_6", on_dad_answer, H | L, "linklocal", 134),
    ("HA_2_5_1", on_sequence, "real", A | H, 15, 16, True),
    ("HA_2_5_2", on_sequence, "real", A | H, 15, 32782, True),
    ("HA_2_5_3", on_sequence, "virtual", A | H, 15, 16, True),
    ("HA_2_5_4", on_sequence, "virtual", A | H, 15, 32782, True),
    ("HA_2_5_5", on_sequence, "real", H, 15, 16, True),
    ("HA_2_5_6", on_sequence, "real", H, 15, 32782, True),
    ("HA_2_5_7", on_sequence, "virtual", H, 15, 16, True),
    ("HA_2_5_8", on_sequence, "virtual", H, 15, 32782, True),
    ("HA_2_6_1", on_sequence, "real", A | H, 15, 14, False),
    ("HA_2_6_2", on_sequence, "real", A | H, 15, 15, False),
    ("HA_2_6_3", on_sequence, "real", A | H, 15, 32783, False),
    ("HA_2_6_4", on_sequence, "real", H, 15, 14, False),
    ("HA_2_6_5", on_sequence, "real", H, 15, 15, False),
    ("HA_2_6_6", on_sequence, "real", H, 15, 32783, False),
    ("HA_2_6_7", on_sequence, "virtual", A | H, 15, 14, False),
    ("HA_2_6_8", on_sequence, "virtual", A | H, 15, 15, False),
    ("HA_2_6_9", on_sequence, "virtual", A | H, 15, 32783, False),
    ("HA_2_6_10", on_sequence, "virtual", H, 15, 14, False),
    ("HA_2_6_11", on_sequence, "virtual", H, 15, 15, False),
    ("HA_2_6_12", on_sequence, "virtual", H, 15, 32783, False),
    ("HA_2_7_1", on_sequence, "real", A | H, 32783, 32784, True),
    ("HA_2_7_2", on_sequence, "real", A | H, 32783, 14, True),
    ("HA_2_7_3", on_sequence, "virtual", A | H, 32783, 32784, True),
    ("HA_2_7_4", on_sequence, "virtual", A | H, 32783, 14, True),
    ("HA_2_7_5", on_sequence, "real", H, 32783, 32784, True),
    ("HA_2_7_6", on_sequence, "real", H, 32783, 14, True),
    ("HA_2_7_7", on_sequence, "virtual", H, 32783, 32784, True),
    ("HA_2_7_8", on_sequence, "virtual", H, 32783, 14, True),
    ("HA_2_8_1", on_sequence, "real", A | H, 32783, 32782, False),
    ("HA_2_8_2", on_sequence, "real", A | H, 32783, 32783, False),
    ("HA_2_8_3", on_sequence, "real", A | H, 32783, 15, False),
    ("HA_2_8_4", on_sequence, "real", H, 32783, 32782, False),
    ("HA_2_8_5", on_sequence, "real", H, 32783, 32783, False),
    ("HA_2_8_6", on_sequence, "real", H, 32783, 15, False),
    ("HA_2_8_7", on_sequence, "virtual", A | H, 32783, 32782, False),
    ("HA_2_8_8", on_sequence, "virtual", A | H, 32783, 32783, False),
    ("HA_2_8_9", on_sequence, "virtual", A | H, 32783, 15, False),
    ("HA_2_8_10", on_sequence, "virtual", H, 32783, 32782, False),
    ("HA_2_8_11", on_sequence, "virtual", H, 32783, 32783, False),
    ("HA_2_8_12", on_sequence, "virtual", H, 32783, 15, False),

    ("HA_3_1_1", on_deregistration, "real", False, 0, A | H, True),
    ("HA_3_1_2", on_deregistration, "real", True, 0, A | H, True),
    ("HA_3_1_3", on_deregistration, "real", True, 400, A | H, True),
    ("HA_3_1_4", on_deregistration, "real", True, 0, A | H, None),
    ("HA_3_1_5", on_deregistration, "real", True, 400, A | H, None),
    ("HA_3_1_6", on_deregistration, "real", False, 0, H, True),
    ("HA_3_1_7", on_deregistration, "real", True, 0, H, True),
    ("HA_3_1_8", on_deregistration, "real", True, 400, H, True),
    ("HA_3_1_9", on_deregistration, "real", True, 0, H, None),
    ("HA_3_1_10", on_deregistration, "real", True, 400, H, None),
    ("HA_3_1_11", on_deregistration, "virtual", False, 0, A | H, True),
    ("HA_3_1_12", on_deregistration, "virtual", False, 0, H, True),
    ("HA_3_2_1", on_wrong_deregistration, "real", False, 0, A | H, True),
    ("HA_3_2_2", on_wrong_deregistration, "real", True, 0, A | H, True),
    ("HA_3_2_3", on_wrong_deregistration, "real", True, 400, A | H, True),
    ("HA_3_2_4", on_wrong_deregistration, "real", True, 0, A | H, None),
    ("HA_3_2_5", on_wrong_deregistration, "real", True, 400, A | H, None),
    ("HA_3_2_6", on_wrong_deregistration, "real", False, 0, H, True),
    ("HA_3_2_7", on_wrong_deregistration, "real", True, 0, H, True),
    ("HA_3_2_8", on_wrong_deregistration, "real", True, 400, H, True),
    ("HA_3_2_9", on_wrong_deregistration, "real", True, 0, H, None),
    ("HA_3_2_10", on_wrong_deregistration, "real", True, 400, H, None),
    ("HA_3_2_11", on_wrong_deregistration, "virtual", False, 0, A | H, True),
    ("HA_3_2_12", on_wrong_deregistration, "virtual", False, 0, H, True),
    ("HA_3_3_1", on_old_deregistration, 0, A | H, True),
    ("HA_3_3_2", on_old_deregistration, 0, H, True),
    ("HA_3_3_3", on_old_deregistration, 0, A | H, None),
    ("HA_3_3_4", on_old_deregistration, 0, H, None),
    ("HA_3_3_5", on_old_deregistration, 400, A | H, True),
    ("HA_3_3_6", on_old_deregistration, 400, H, True),
    ("HA_3_3_7", on_old_deregistration, 400, A | H, None),
    ("HA_3_3_8", on_old_deregistration, 400, H, None),

    ("HA_4_1_1", on_announcement, False),
    ("HA_4_1_2", on_announcement, True),
    ("HA_4_2_1", on_solicitation, "multicast", "global", 0, True, dict(after=None)),
    ("HA_4_2_2", on_solicitation, "unicast", "global", 0, True, dict(after=None)),
    ("HA_4_2_3", on_solicitation, "dad", "global", 0, True, dict(after=None)),
    ("HA_4_2_4", on_solicitation, "multicast", "global", L, True, dict(after=None)),
    ("HA_4_2_5", on_solicitation, "unicast", "global", L, True, dict(after=None)),
    ("HA_4_2_6", on_solicitation, "dad", "global", L, True, dict(after=None)),
    ("HA_4_2_7", on_solicitation, "multicast", "linklocal", L, True, dict(after=None)),
    ("HA_4_2_8", on_solicitation, "unicast", "linklocal", L, True, dict(after=None)),
    ("HA_4_2_9", on_solicitation, "dad", "linklocal", L, True, dict(after=None)),
    ("HA_4_2_10", on_solicitation, "multicast", "linklocal", 0, False, dict(after=None)),
    ("HA_4_2_11", on_solicitation, "unicast", "linklocal", 0, False, dict(after=None)),
    ("HA_4_2_12", on_solicitation, "dad", "linklocal", 0, False, dict(after=None)),
    ("HA_4_2_13", on_solicitation, "unicast", "global", 0, True, dict(slla=False, after=None)),
    ("HA_4_2_14", on_solicitation, "unicast", "global", L, True, dict(slla=False, after=None)),
    ("HA_4_2_15", on_solicitation, "unicast", "linklocal", L, True, dict(slla=False, after=None)),
    ("HA_4_2_16", on_solicitation, "unicast", "linklocal", 0, False, dict(slla=False, after=None)),
    ("HA_4_3_1", on_solicitation, "multicast", "no global", 0, False, dict(after=None)),
    ("HA_4_3_2", on_solicitation, "unicast", "no global", 0, False, dict(after=None)),
    ("HA_4_3_3", on_solicitation, "dad", "no global", 0, False, dict(after=None)),
    ("HA_4_3_4", on_solicitation, "multicast", "no global", L, False, dict(after=None)),
    ("HA_4_3_5", on_solicitation, "unicast", "no global", L, False, dict(after=None)),
    ("HA_4_3_6", on_solicitation, "dad", "no global", L, False, dict(after=None)),
    ("HA_4_3_7", on_solicitation, "multicast", "no linklocal", L, False, dict(after=None)),
    ("HA_4_3_8", on_solicitation, "unicast", "no linklocal", L, False, dict(after=None)),
    ("HA_4_3_9", on_solicitation, "dad", "no linklocal", L, False, dict(after=None)),
    ("HA_4_3_10", on_solicitation, "multicast", "no linklocal", 0, False, dict(after=None)),
    ("HA_4_3_11", on_solicitation, "unicast", "no linklocal", 0, False, dict(after=None)),
    ("HA_4_3_12", on_solicitation, "dad", "no linklocal", 0, False, dict(after=None)),
    ("HA_4_3_13", on_solicitation, "unicast", "no global", 0, False, dict(slla=False, after=None)),
    ("HA_4_3_14", on_solicitation, "unicast", "no global", L, False, dict(slla=False, after=None)),
    ("HA_4_3_15", on_solicitation, "unicast", "no linklocal", L, False, dict(slla=False, after=None)),
    ("HA_4_3_16", on_solicitation, "unicast", "no linklocal", 0, False, dict(slla=False, after=None)),
    ("HA_4_4_1", on_solicitation, "multicast", "global", 0, False, dict(after="deregistered")),
    ("HA_4_4_2", on_solicitation, "unicast", "global", 0, False, dict(after="deregistered")),
    ("HA_4_4_3", on_solicitation, "dad", "global", 0, False, dict(after="deregistered")),
    ("HA_4_4_4", on_solicitation, "multicast", "global", L, False, dict(after="deregistered")),
    ("HA_4_4_5", on_solicitation, "unicast", "global", L, False, dict(after="deregistered")),
    ("HA_4_4_6", on_solicitation, "dad", "global", L, False, dict(after="deregistered")),
    ("HA_4_4_7", on_solicitation, "multicast", "linklocal", L, False, dict(after="deregistered")),
    ("HA_4_4_8", on_solicitation, "unicast", "linklocal", L, False, dict(after="deregistered")),
    ("HA_4_4_9", on_solicitation, "dad", "linklocal", L, False, dict(after="deregistered")),
    ("HA_4_4_13", on_solicitation, "unicast", "global", 0, False, dict(slla=False, after="deregistered")),
    ("HA_4_4_14", on_solicitation, "unicast", "global", L, False, dict(slla=False, after="deregistered")),
    ("HA_4_4_15", on_solicitation, "unicast", "linklocal", L, False, dict(slla=False, after="deregistered")),

    ("HA_5_1_1", on_interception, "real"),
    ("HA_5_1_2", on_link_local_data),
    ("HA_5_1_3", on_tunnel_error, "real"),
    ("HA_5_1_4", on_new_tunnel_end, "real", "down"),
    ("HA_5_1_5", on_interception, "virtual"),
    ("HA_5_1_6", on_new_tunnel_end, "virtual", "down"),
    ("HA_5_1_7", on_tunnel_error, "virtual"),

    ("HA_6_1_1", on_reverse, "real"),
    ("HA_6_1_2", on_new_tunnel_end, "real", "up"),
    ("HA_6_1_3", on_reverse, "virtual"),
    ("HA_6_1_4", on_new_tunnel_end, "virtual", "up"),
    ("HA_6_2_1", on_wrong_reverse, "real"),
    ("HA_6_2_2", on_wrong_reverse, "virtual"),
    ("HA_6_3_1", on_return_routability, "real", HOTI),
    ("HA_6_3_2", on_return_routability, "real", HOTI, dict(move=True)),
    ("HA_6_3_3", on_return_routability, "real", HOT),
    ("HA_6_3_4", on_return_routability, "real", HOT, dict(move=True)),
    ("HA_6_3_5", on_return_routability, "virtual", HOTI),
    ("HA_6_3_6", on_return_routability, "virtual", HOTI, dict(move=True)),
    ("HA_6_3_7", on_return_routability, "virtual", HOT),
    ("HA_6_3_8", on_return_routability, "virtual", HOT, dict(move=True)),

    ("HA_7_1_1", on_discovery, "real"),
    ("HA_7_1_2", on_discovery, "virtual"),
    ("HA_7_1_3", on_discovery, "real", 0x7fff),
    ("HA_7_1_4", on_discovery, "virtual", 0x7fff),
    ("HA_7_2_1", on_order, 0),
    ("HA_7_2_2", on_order, 0xffff),
    ("HA_7_2_3", on_order, 50, 40),
    ("HA_7_2_4", on_order, 40, 50),
    ("HA_7_2_5", on_order, 200, 50),
    ("HA_7_2_6", on_order, 50, 200),
    ("HA_7_2_7", on_order, 300, 200),
    ("HA_7_2_8", on_order, 200, 300),
    ("HA_7_2_9", on_order, None),
    ("HA_7_2_10", on_agent_lifetime, True),
    ("HA_7_2_11", on_agent_lifetime, False),
    ("HA_7_2_12", on_agent_update, "preference"),
    ("HA_7_2_13", on_agent_update, "lifetime"),
    ("HA_7_2_14", on_equal_preference),
    ("HA_7_2_15", on_many_addresses),
    ("HA_7_3_1", on_agent_end, True),
    ("HA_7_3_2", on_agent_end, False),
    ("HA_7_4_1", on_no_agent, dict(h=0)),
    ("HA_7_4_2", on_no_agent, dict(r=0)),
    ("HA_7_5_1", on_many_agents),

    ("HA_8_1_1", on_prefixes, "real"),
    ("HA_8_1_2", on_prefixes, "virtual"),
    ("HA_8_1_3", on_prefixes_unbound, "real"),
    ("HA_8_1_4", on_prefixes_unbound, "virtual"),
    ("HA_8_1_7", on_prefixes, "real", dict(lifetime_s=PREFIX_S)),
    ("HA_8_1_8", on_prefixes, "virtual", dict(lifetime_s=PREFIX_S)),
    ("HA_8_1_15", on_prefixes, "real", dict(reserved=0xffff)),
    ("HA_8_1_16", on_prefixes, "virtual", dict(reserved=0xffff)),

    ("NEMO_implicit_real", on_router, "real", "implicit"),
    ("NEMO_explicit_real", on_router, "real", "explicit"),
    ("NEMO_implicit_virtual", on_router, "virtual", "implicit"),
    ("NEMO_explicit_virtual", on_router, "virtual", "explicit"),
    ("NEMO_prefixes_change", on_router_prefixes_change),
    ("NEMO_139_host_to_router", on_router_type, A | H, A | H | R),
    ("NEMO_139_router_to_host", on_router_type, A | H | R, A | H),
    ("NEMO_140_no_home_registration", on_router_refused, 140, dict(flags=A | R)),
    ("NEMO_141_link_local", on_router_refused, 141, [("fe80::", 64)]),
    ("NEMO_141_one_of_two", on_router_refused, 141, [NETWORK, ("ff05::", 64)]),
    ("NEMO_142_foreign", on_router_refused, 142, [FOREIGN]),
    ("NEMO_142_one_of_two", on_router_refused, 142, [NETWORK, FOREIGN]),
    ("NEMO_142_too_wide", on_router_refused, 142, [("2001:db8:50::", 48)]),
    ("NEMO_143_none_known", on_router_refused, 143, dict(hoa="2001:db8:1::1:fff0")),
    ("NEMO_announced_as_router", on_router_announced),
    ("NEMO_discovery", on_router_discovery),

    ("OWN_real", on_own_packets, "real"),
    ("OWN_virtual", on_own_packets, "virtual"),

    ("L_FLAG", on_link_local_flag),
    ("TWO_LINKS", on_second_home_link),
]
CASES = {ident: row for ident, *row in ROWS}


# What has to wait for a lifetime's end comes last: meanwhile it passes.
@pytest.mark.parametrize("ident", sorted(CASES, key=lambda i: CASES[i][0] is on_lifetime_end))
def test_case(w, ident, request):
    function, *args = CASES[ident]
    kw = args.pop() if args and isinstance(args[-1], dict) else {}
    request.node.packets_moved = 1
    function(w, *args, **kw)
