# SPDX-License-Identifier: BSD-2-Clause
"""The home agent alone, against a mobile that is another implementation: messages of peer.py and scapy.

    host --- home0 [ha] core0 --- far         host: an ordinary node of the home link
                                              far: where the mobile is, registered and hand-made
"""
import signal
import time

import pytest
from roamlab import net as netmod
from roamlab import roamd, topo, witness
from roamlab.octets import ip6, mac, multicast_mac

import peer
from peer import BA, IPV6, UDP, udp

scapy = pytest.importorskip("scapy.all")

HOA, HA, COA, HOST = topo.HOME_ADDRESS, topo.HOME_AGENT, "2001:db8:2::5", "2001:db8:1::33"
KEY = bytes.fromhex(topo.key_hex("mn1"))


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


class Bench:
    def __init__(self):
        self.net = netmod.Net(network())
        self.daemon = None
        self.mobile = peer.Mobile(HOA, COA, HA, KEY)

    def __enter__(self):
        self.net.build()
        self.daemon = roamd.Daemon(self.net, "ha").start()
        self.far, self.home = peer.Wire(self.net, "far", "eth0"), peer.Wire(self.net, "host", "eth0")
        self.ha_mac = {w: mac(self.net.lladdr["ha", ifname]) for w, ifname in ((self.far, "core0"), (self.home, "home0"))}
        return self

    def __exit__(self, *_):
        fault = self.daemon.stop() if self.daemon and self.daemon.proc else ""
        self.net.close()
        assert not fault, fault

    def send(self, packet, wire=None):
        wire = wire or self.far
        wire.send(bytes(packet), self.ha_mac[wire])

    def answer(self):
        """(status, sequence number, lifetime, is signed) of a binding acknowledgement."""
        p = self.far.wait(lambda p: p.mh_type == BA, 5)
        assert p is None or p.rh2 == HOA
        return p and (p.status, p.seq, p.lifetime_s, self.mobile.is_signed(p, p.dst))

    def update(self, seq, **kw):
        self.send(self.mobile.bu(seq=seq, **kw))

    def register(self, seq):
        self.update(seq)
        return self.answer()

    def solicit(self, target, unicast):
        """The link-layer address that a neighbour solicitation for target brings, or None."""
        dst = target if unicast else peer.solicited_node(target)
        self.home.send(peer.solicitation(HOST, dst, target, self.home.mac), self.ha_mac[self.home] if unicast else multicast_mac(dst))
        p = self.home.wait(lambda p: p.icmp == (136, 0) and p.target == target, 1.5)
        return p and p.tlla

    def tunnelled(self, number):
        """Does a packet from the home link's host come out of the tunnel at the care-of address?"""
        self.send(ip6(HOST, HOA, UDP, udp(HOST, HOA, number)), self.home)
        p = self.far.wait(lambda p: p.nh == IPV6 and p.dst == COA and p.inner and p.inner.port == number, 1.5)
        return p is not None and p.src == HA

    def reversed(self, number, coa=COA):
        """Does a packet sent back through the tunnel from this address reach the host?"""
        self.send(self.mobile.reverse(HOST, udp(HOA, HOST, number), coa))
        return self.home.wait(lambda p: p.port == number, 1.5) is not None


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
    bench.update(101, lifetime_s=0)
    assert bench.answer() == (0, 101, 0, True)
    assert bench.solicit(HOA, unicast=True) is None
    assert not bench.tunnelled(4) and not bench.reversed(4)


def test_refusals(bench):
    """What is refused is answered as the RFCs say and leaves the binding alone."""
    assert bench.register(500)[0] == 0
    recorded = bench.mobile.bu(seq=501)
    bench.send(recorded)
    assert bench.answer()[:2] == (0, 501)
    bench.send(recorded)
    assert bench.answer()[0] == 144
    bench.update(501)
    assert bench.answer() == (135, 501, 0, True)
    bench.update(502, stamp=time.time() - 3600)
    assert bench.answer()[0] == 144
    bench.update(503, key_is_right=False)
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
    bench.home.send(bytes(ra), multicast_mac("ff02::1"))

    def agents():
        bench.send(scapy.IPv6(src=COA, dst="2001:db8:1:0:fdff:ffff:ffff:fffe") / scapy.ICMPv6HAADRequest(id=3))
        got = bench.far.wait(lambda p: p.icmp == (145, 0), 1)
        return got and scapy.IPv6(got.raw)[scapy.ICMPv6HAADReply].addresses

    netmod.wait_for(lambda: agents() == [other, HA], 5, "both home agents")
    assert bench.register(900)[0] == 0
    hao = scapy.IPv6ExtHdrDestOpt(options=[scapy.HAO(hoa=HOA)])
    bench.send(scapy.IPv6(src=COA, dst=HA) / hao / scapy.ICMPv6MPSol(id=4))
    got = scapy.IPv6(bench.far.wait(lambda p: p.icmp == (147, 0), 2).raw)
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
