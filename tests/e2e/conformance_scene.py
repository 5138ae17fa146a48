# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the home agent against the titles of the public conformance suite (test_conformance_ha_....py) share; doc/conformance.md has
the table. A case is a row: its identifier, the function that plays it, what varies. Each mobile has a home address of its
own, so all cases of a file share one world:

    host --- home0 [ha] core0 --- far         ha: the home prefix has a link; host: a node, a correspondent, other routers there;
    host --- home1 [ha]                           a second home link
                                  far --- core0 [hav]    hav: a home agent whose home prefix is virtual

far is where the mobiles are, and correspondent nodes elsewhere.
"""
import itertools
import struct
import time

from roamlab import net as netmod
from roamlab import roamd, topo
from roamlab.octets import autoconfigured, checksum6, ip6, mac

import peer
from peer import BA, IPV6, MH, udp

HOST, CN, PREFIX_S, PREFERRED_S = "2001:db8:1::33", "2001:db8:c::9", 2000, 1000
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


def running():
    """For a fixture to yield from."""
    with World() as world:
        yield world


def anycast(prefix):
    return f"{prefix}:0:fdff:ffff:ffff:fffe"


def home_update(w, m, at_home, lifetime_s, flags, hao, seq=None):
    """De-registers, or would: from afar, or from the home address with or without a Home Address option."""
    src = m.hoa if at_home else None
    w.send(m, m.bu(src=src, lifetime_s=lifetime_s, flags=flags, hao=hao, seq=seq), at_home)
    p = w.ba(m, at_home)
    assert p is not None
    if at_home:
        assert p.eth_dst == m.mac and p.dst == m.hoa   # without a neighbour solicitation for an address that we defend
    return p


def play(w, request, row):
    """A case: a function of the world, its arguments, perhaps a dict of named ones last."""
    function, *args = row
    kw = args.pop() if args and isinstance(args[-1], dict) else {}
    request.node.packets_moved = 1
    function(w, *args, **kw)
