# SPDX-License-Identifier: BSD-2-Clause
"""Attackers against the running daemons: a station in the mobile's own cell ("evil"), and a host on the backbone ("cn").

After each attack the honest mobile has lost no packet, every binding is as before, and the counter that stands for
the attack has risen. All of it happens in one world, built once."""
import contextlib
import ipaddress
import socket
import struct
import time

import pytest
from roamlab import netns, topo
from roamlab.octets import checksum6, mac, ntp_stamp, packed
from roamlab.world import QUICK, World

scapy = pytest.importorskip("scapy.all")

HOA, HA, MMA, CN = topo.HOME_ADDRESS, topo.HOME_AGENT, topo.MMA, topo.CORRESPONDENT
EVIL = "2001:db8:2:11::66"
THERE = "2001:db8:3::1"            # another site's agent
EVIL_LOCAL = "fe80::66"
STRANGER = "2001:db8:1::999"      # a home address that nobody configured
ETH_P_ALL = 3            # sent packets are seen by such a socket alone
BU, BA, BE = 5, 6, 7
A, H, M = 0x8000, 0x4000, 0x0800
ALLOW, BLOCK = 5, 6


# --- the attackers ---

class Port:
    """A raw socket on a node's interface; what it sends goes to one link-layer address, from its own (a false one would move
    that address in the switch, which is the switch's affair)."""

    def __init__(self, world, node, ifname, to):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            s.bind((ifname, ETH_P_ALL))
            s.setblocking(False)
            return s
        self.sock = netns.inside(world.net.ns(node), make)
        self.mac, self.to = self.sock.getsockname()[4], to

    def send(self, packet, to=None):
        packet = bytes(packet)
        self.sock.send((to or self.to) + self.mac + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + packet)

    def multicast(self, packet):
        packet = bytes(packet)
        if packet[0] >> 4 == 6:
            self.send(packet, b"\x33\x33" + packet[36:40])
        else:
            self.send(packet, b"\1\0\x5e" + bytes([packet[17] & 0x7f]) + packet[18:20])

    def heard(self, ethertype=b"\x86\xdd"):
        """IPv6 packets (or others) seen since the last call, those that the node sent among them."""
        packets = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packets.append(self.sock.recv(2000))
        return [p[14:] for p in packets if p[12:14] == ethertype and len(p) > 80]


class Arena:
    def __init__(self, world):
        self.world = world
        lladdr = {k: mac(v) for k, v in world.net.lladdr.items()}
        self.mobile_mac = lladdr["mn", "w0"]
        self.near = Port(world, "evil", "w0", lladdr["ar1", "acc0"])
        self.far = Port(world, "cn", "eth0", lladdr["core", "cn0"])
        self.mobile = Port(world, "mn", "w0", lladdr["ar1", "acc0"])

    def enter(self):
        """The mobile goes to cell1, where evil is; its registrations are overheard."""
        w = self.world
        w.be_home()
        w.move("cell1", 15)
        w.wait_state("away-site")
        w.net.plug("evil", "w0", "cell1")
        updates = [p for p in self.mobile.heard() if p[6] == 60 and p[40] == 135 and p[66] == BU]
        self.updates = {str(ipaddress.IPv6Address(p[24:40])): p for p in updates}
        here = w.daemons["mn"].show("mobiles")[0]
        self.onlink, self.assigned, self.group = (here[k] for k in ("on-link-address", "care-of-address", "group"))
        self.local = f"fe80::{self.onlink.split('2001:db8:2:11:')[1].removeprefix('0:')}"

    def counters(self, node):
        return {k: v for r in self.world.daemons[node].show("counters") for k, v in r.items()}

    def bindings(self, more=()):
        """What must not change: of each binding all but the time left, and answers that the mobile heard and did not heed."""
        passing = {"remaining_s", "expires_s", "expires-s", "refresh-s", "acknowledgements", *more}
        return {n: [{k: v for k, v in r.items() if k not in passing} for r in self.world.daemons[n].show("bindings")]
                for n in ("ha", "mma", "mn")}

    def groups(self):
        return {n: {(g["group"], g["source"]) for g in self.world.daemons[n].show("groups")} for n in ("mma", "ar1")}

    def flood(self, send, packets, node, counter):
        """Sends packets in bursts until the node's counter has risen for certain; bursts that the machine's own queues bear."""
        before = self.counters(node)[counter]
        for n in range(0, len(packets), 100):
            for packet in packets[n:n + 100]:
                send(packet)
            if self.counters(node)[counter] > before + 100:
                return

    @contextlib.contextmanager
    def unharmed(self, *rises, packets=200, may_change=()):
        """The body attacks. rises: ("node", "counter" or "one|other", least rise)."""
        w = self.world
        flow = w.start_flow(500)
        flow.wait_flowing()
        def count(node, names):
            now = self.counters(node)
            return sum(now[c] for c in names.split("|"))
        before = {(n, c): count(n, c) for n, c, _ in rises}
        bindings, groups, start = self.bindings(may_change), self.groups(), w.now()
        try:
            yield
            for n, c, least in rises:
                w.wait(lambda: count(n, c) >= before[n, c] + least, f"{c} of {n} to rise by {least}", 5)
            flow.pass_packets(packets)
        finally:
            end = w.now() - 200_000_000
            lost = [d.count(start, end).lost for d in w.finish_flow(flow)]
        assert lost == [0, 0]
        assert self.bindings(may_change) == bindings
        assert all(groups[n] <= now for n, now in self.groups().items())
        assert [m["state"] for m in w.daemons["mn"].show("mobiles")] == ["away-site"]


def network(there, **kw):
    """The demo's, with a station "evil", and a site's agent there, of which the MMA knows."""
    t = topo.demo(routers=2, mobile_more=QUICK, **kw)
    t.nodes.append(topo.Node("evil"))
    t.radios.append(topo.Port("evil", "w0"))
    agent = t.node("mma")
    agent.roamd = agent.roamd.replace('  mobile "', f'  peer "{there}" {{ key = "{topo.FOREIGN.key}" }}\n  mobile "', 1)
    return t


@pytest.fixture(scope="module")
def one_arena():
    with World(network(THERE)) as world:
        arena = Arena(world)
        arena.enter()
        yield arena


@pytest.fixture
def arena(one_arena, request):
    before = one_arena.world.packets_moved
    yield one_arena
    report = getattr(request.node, "report_call", None)
    if report and report.failed:
        print(one_arena.world.logs())
    request.node.packets_moved = one_arena.world.packets_moved - before


# --- the forgeries ---

def mh(kind, src, dst, body, hao=None, rh2=None, sum_right=True, units=None):
    """An IPv6 packet with a Mobility Header; units: a header length that lies."""
    head = struct.pack("!BBBBH", 59, (len(body) + 6) // 8 - 1 if units is None else units, kind, 0, 0) + body
    csum = checksum6(hao or src, rh2 or dst, 135, head)
    head = head[:4] + struct.pack("!H", csum if sum_right else csum ^ 1) + head[6:]
    if hao:
        head = bytes([135, 2, 1, 2, 0, 0, 0xc9, 16]) + packed(hao) + head
    if rh2:
        head = bytes([135, 2, 2, 1, 0, 0, 0, 0]) + packed(rh2) + head
    first = 60 if hao else 43 if rh2 else 135
    return struct.pack("!IHBB", 6 << 28, len(head), first, 64) + packed(src) + packed(dst) + head


def options(spi, stamped=True):
    """Timestamp and an authenticator that only a guess could make right; 36 bytes. spi None: no authenticator."""
    out = b"\x0a\x08" + ntp_stamp() if stamped else b"\1\x08" + bytes(8)
    return b"\1\4" + bytes(4) + out + b"\0" + (b"\x09\x11\1" + struct.pack("!I", spi) + bytes(12) if spi else b"\1\x11" + bytes(17))


def update(src, dst, spi, hoa=HOA, flags=A | H, lifetime_s=400, **kw):
    return mh(BU, src, dst, struct.pack("!HHH", 7, flags, lifetime_s // 4) + options(spi), hao=hoa, **kw)


def answer(status, src, dst, spi, seq=7):
    return mh(BA, src, dst, struct.pack("!BBHH", status, 0, seq, 0) + options(spi), rh2=HOA)


def report(kind, group, source, src=EVIL_LOCAL, hop_limit=1):
    return (scapy.IPv6(src=src, dst="ff02::16", hlim=hop_limit) / scapy.IPv6ExtHdrHopByHop(options=[scapy.RouterAlert()]) /
            scapy.ICMPv6MLReport2(records=[scapy.ICMPv6MLDMultAddrRec(rtype=kind, dst=group, sources=[source])]))


def gre(src, dst, key, inner):
    head = b"\0\0\x86\xdd" if key is None else b"\x20\0\x86\xdd" + struct.pack("!I", key)
    return scapy.IPv6(src=src, dst=dst, nh=47) / scapy.Raw(head + bytes(inner))


def datagram(src, dst):
    return scapy.IPv6(src=src, dst=dst) / scapy.UDP(sport=9, dport=9) / b"forged"


# --- signalling ---

@pytest.mark.requirement("H-10")
@pytest.mark.parametrize("agent", ["mma", "ha"])
def test_forged_updates(arena, agent):
    """Wrong authenticator, unknown key, no authentication at all, unknown mobile: none of it registers or de-registers."""
    port, src, dst, spi = (arena.near, EVIL, MMA, 257) if agent == "mma" else (arena.far, CN, HA, 256)
    flags = A | M if agent == "mma" else A | H
    with arena.unharmed((agent, "auth-bad", 2), (agent, "auth-spi-unknown", 1), (agent, "auth-missing", 1), (agent, "bu-unknown-mobile", 1)):
        port.send(update(src, dst, spi, flags=flags))
        port.send(update(src, dst, spi, flags=flags, lifetime_s=0))
        port.send(update(src, dst, 9999, flags=flags))
        port.send(update(src, dst, None, flags=flags))
        port.send(update(src, dst, spi, hoa=STRANGER, flags=flags))


@pytest.mark.requirement("H-10")
@pytest.mark.parametrize("agent", ["mma", "ha"])
def test_broken_updates(arena, agent):
    """Truncated, longer than the packet, of an unknown type, with a wrong checksum, filled with options to the brim, in
    fragments, to addresses at which no agent is."""
    port, src, dst, spi = (arena.near, EVIL, MMA, 257) if agent == "mma" else (arena.far, CN, HA, 256)
    other = "2001:db8:f:2::2" if agent == "mma" else "2001:db8:f:1::2"
    stuffed = struct.pack("!HHH", 7, A | H, 100) + b"\1\xfc" + bytes(252) + b"\x63\xfe" + bytes(254) + b"\1\xee" + bytes(238) + options(spi)[6:]
    with arena.unharmed((agent, "msg-truncated", 1), (agent, "msg-checksum", 1), (agent, "msg-type-unknown", 1)):
        port.send(update(src, dst, spi, units=200))
        port.send(update(src, dst, spi, sum_right=False))
        port.send(mh(77, src, dst, bytes(10)))
        port.send(mh(BU, src, dst, stuffed + bytes(-(len(stuffed) + 6) % 8), hao=HOA))
        port.send(update(src, other, spi))
        port.send(update(src, arena.assigned, spi))
        whole = update(src, dst, spi)
        for n in range(40, len(whole), 8):   # cut anywhere, the length of the packet made to agree
            port.send(whole[:4] + struct.pack("!H", n - 40) + whole[6:n])
        first = scapy.IPv6(src=src, dst=dst) / scapy.IPv6ExtHdrFragment(nh=60, m=1, id=5) / scapy.Raw(whole[40:64])
        port.send(first)
        port.send(scapy.IPv6(src=src, dst=dst) / scapy.IPv6ExtHdrFragment(nh=60, offset=3, id=5) / scapy.Raw(whole[64:]))


@pytest.mark.requirement("H-10")
def test_replayed_updates(arena):
    """The mobile's own updates, overheard and sent again, from its cell and from the backbone."""
    assert set(arena.updates) == {MMA, HA}
    with arena.unharmed(("mma", "replay-old|replay-time", 1), ("ha", "replay-old|replay-time", 1)):
        for packet in arena.updates.values():
            arena.near.send(packet)
            arena.far.send(packet)
            arena.far.send(packet)


@pytest.mark.requirement("H-10")
@pytest.mark.parametrize("agent", ["mma", "ha"])
def test_flood_of_updates(arena, agent):
    """Too many from one source: what exceeds the rate does not reach the daemon."""
    port, src, dst, spi = (arena.near, EVIL, MMA, 257) if agent == "mma" else (arena.far, CN, HA, 256)
    with arena.unharmed((agent, "drop-punt-rate", 100)):
        arena.flood(port.send, [update(src, dst, spi)] * 5000, agent, "drop-punt-rate")


def agent_says(kind, spi, src=THERE, hoa=HOA, enterprise=32473, version=1, stamped=True):
    body = struct.pack("!BBII", version, kind, enterprise, 0) + packed(hoa) + packed("2001:db8:3:ff::66") + struct.pack("!HBB", 30, 0, 0)
    return mh(11, src, MMA, body + options(spi, stamped))


@pytest.mark.requirement("H-16")
def test_forged_agents(arena):
    """In the name of another site's agent: that the mobile is there, that packets come from there, answers to what nobody asked; a request of the mobile
    to send its packets elsewhere. None of it moves a packet."""
    with arena.unharmed(("mma", "auth-bad", 7), ("mma", "auth-missing", 1), ("mma", "auth-spi-unknown", 1), ("mma", "peer-unknown", 1),
                        ("mma", "msg-type-unknown", 1), ("mma", "msg-malformed", 1)):
        for kind in range(1, 7):
            arena.far.send(agent_says(kind, 257))
        arena.far.send(agent_says(1, None))
        arena.far.send(agent_says(1, 9999))
        arena.far.send(agent_says(1, 257, src=CN))
        arena.far.send(agent_says(1, 257, enterprise=9))
        arena.far.send(agent_says(1, 257, version=2))
        forward = b"\1\0" + b"\x13\x2c" + struct.pack("!IBBH", 32473, 3, 2, 30) + packed("2001:db8:3:ff::66") + packed(THERE) + bytes(4)
        arena.near.send(mh(BU, EVIL, MMA, struct.pack("!HHH", 9, A | M, 0) + forward + options(257), hao=HOA))


@pytest.mark.requirement("H-10")
def test_forged_acknowledgements(arena):
    """In the name of either agent, without authentication, with a wrong one, in somebody else's name."""
    with arena.unharmed(("mn", "auth-missing", 2), ("mn", "auth-bad", 6), ("mn", "msg-not-for-us", 1)):
        for who, spi in ((MMA, 257), (HA, 256)):
            seq = next(b["sequence"] for b in arena.world.daemons["mn"].show("bindings") if b["peer"] == who)
            for packet in (answer(129, who, arena.onlink, None, seq), answer(129, who, arena.onlink, spi, seq),
                           answer(135, who, arena.onlink, spi, 0), answer(0, who, arena.onlink, spi, seq)):
                arena.near.send(packet, arena.mobile_mac)
        arena.near.send(answer(0, EVIL, arena.onlink, 256), arena.mobile_mac)


def test_forged_binding_errors(arena):
    """Nothing authenticates a binding error (RFC 6275 11.3.6): a hundred in each agent's name bring no more than an update a second, a
    little early. No binding, address or packet is lost."""
    def updates():
        return {b["peer"]: b["updates"] for b in arena.world.daemons["mn"].show("bindings")}
    before, begin = updates(), time.monotonic()
    renewed = ("sequence", "seq", "updates")
    with arena.unharmed(("mn", "be-received", 200), ("mn", "limit-rate", 100), may_change=renewed):
        for who in (MMA, HA):
            for _ in range(100):
                arena.near.send(mh(BE, who, arena.onlink, b"\1\0" + packed(HOA)), arena.mobile_mac)
    after = updates()
    assert all(after[peer] - before[peer] <= time.monotonic() - begin + 1 for peer in after)


# --- memberships ---

@pytest.mark.requirement("H-11")
def test_forged_memberships(arena):
    """A leave for the mobile's group from another station, from another one under the mobile's link-local address, as MLDv1;
    a join of a source that is not the agent; a report that is none."""
    with arena.unharmed(("ar1", "mld-not-tracked", 2), ("ar1", "mld-not-admitted", 1), ("ar1", "mld-not-ssm", 1), ("ar1", "mld-invalid", 2),
                        packets=2500):
        arena.near.multicast(report(BLOCK, arena.group, MMA))
        arena.near.multicast(report(BLOCK, arena.group, MMA, src=arena.local))
        arena.near.multicast(report(ALLOW, arena.group, "2001:db8:66::1"))
        arena.near.multicast(scapy.IPv6(src=EVIL_LOCAL, dst="ff02::2", hlim=1) / scapy.IPv6ExtHdrHopByHop(options=[scapy.RouterAlert()]) /
                             scapy.ICMPv6MLDone(mladdr=arena.group))
        arena.near.multicast(report(BLOCK, arena.group, MMA, src=EVIL))
        arena.near.multicast(report(BLOCK, arena.group, MMA, hop_limit=64))


@pytest.mark.requirement("H-11")
def test_forged_queries(arena):
    """A station that plays the querier, with an address that would win the election."""
    def query(**kw):
        return (scapy.IPv6(src="fe80::1", dst="ff02::1", hlim=1) / scapy.IPv6ExtHdrHopByHop(options=[scapy.RouterAlert()]) /
                scapy.ICMPv6MLQuery2(**kw))
    with arena.unharmed(("ar1", "mld-foreign-query", 2)):
        arena.near.multicast(query(mrd=1))
        arena.near.multicast(query(mladdr=arena.group, sources=[MMA], mrd=1, S=1))
    with arena.unharmed():
        for _ in range(300):
            arena.near.multicast(query(mrd=1))
    links = [r for r in arena.world.daemons["ar1"].show("interfaces") if r["record"] == "multicast-link"]
    assert all(r["querier"] for r in links)


@pytest.mark.requirement("H-11")
def test_flood_of_joins(arena):
    """A station joins more groups than one may; the mobile's membership stays, and it can still change cells."""
    with arena.unharmed(("ar1", "mld-limit", 1)):
        arena.flood(arena.near.multicast, [bytes(report(ALLOW, f"ff35::{n + 1:x}", MMA)) for n in range(1000)], "ar1", "mld-limit")
    with arena.unharmed(("ar1", "drop-punt-rate", 100)):
        arena.flood(arena.near.multicast, [bytes(report(ALLOW, "ff35::1", MMA))] * 5000, "ar1", "drop-punt-rate")


# --- data ---

@pytest.mark.requirement("H-13")
def test_sources_from_an_access_link(arena):
    """A station sends with the agent's source, with a neighbour site's, with the home agent's: no packet enters."""
    with arena.unharmed(("ar1", "drop-filter-agent", 2), ("ar1", "drop-filter-prefix", 3)):
        arena.near.send(datagram(MMA, CN))
        arena.near.send(gre(MMA, arena.group, None, datagram(CN, HOA)))
        arena.near.send(datagram("2001:db8:2:12::66", CN))
        arena.near.send(scapy.IPv6(src=HA, dst=arena.assigned) / datagram(CN, HOA))
        arena.near.send(gre("2001:db8:2:12::66", MMA, 5, datagram(HOA, CN)))


@pytest.mark.requirement("H-13")
def test_forged_uplink(arena):
    """Uplink tunnels with a wrong key, with none, for nobody registered; with the right one from outside the site."""
    overheard = next(int.from_bytes(p[44:48], "big") for p in arena.mobile.heard() if p[6] == 47 and p[40] == 0x20)
    with arena.unharmed(("mma", "drop-uplink-key", 1), ("mma", "drop-uplink-unknown", 1), ("mma", "drop-uplink-source", 1),
                        ("mma", "drop-gre-flags", 1)):
        arena.near.send(gre(EVIL, MMA, 0x12345678, datagram(HOA, CN)))
        arena.near.send(gre(EVIL, MMA, None, datagram(HOA, CN)))
        arena.near.send(gre(EVIL, MMA, 0x12345678, datagram(STRANGER, CN)))
        arena.far.send(gre(CN, MMA, overheard, datagram(HOA, CN)))


@pytest.mark.requirement("H-2", "H-3")
def test_forged_tunnels(arena):
    """Tunnels to the assigned care-of address from another than the home agent, or for another than the mobile; reverse
    tunnels to the home agent from an address that is not registered."""
    with arena.unharmed(("mma", "drop-tunnel-source", 2), ("mma", "drop-tunnel-inner", 1), ("ha", "drop-reverse-source", 2)):
        arena.far.send(scapy.IPv6(src=CN, dst=arena.assigned) / datagram(CN, HOA))
        arena.near.send(scapy.IPv6(src=EVIL, dst=arena.assigned) / datagram(CN, HOA))
        arena.far.send(scapy.IPv6(src=HA, dst=arena.assigned) / datagram(CN, STRANGER))
        arena.far.send(scapy.IPv6(src=CN, dst=HA) / datagram(HOA, CN))
        arena.far.send(scapy.IPv6(src=arena.assigned, dst=HA) / datagram(STRANGER, CN))


@pytest.mark.requirement("H-11")
def test_afterwards_the_mobile_moves(arena):
    """After all this a handover inside the site is as silent and quick as ever."""
    world = arena.world
    before = arena.bindings()
    flow = world.start_flow(500)
    flow.wait_flowing()
    for cell in "cell2", "cell1":
        world.move(cell)
        flow.wait_flowing(5)
    world.finish_flow(flow)
    assert arena.bindings() == before
