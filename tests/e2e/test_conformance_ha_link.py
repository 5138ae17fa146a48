# SPDX-License-Identifier: BSD-2-Clause
"""What the home agent does on its home links, and whom it tells of agents and prefixes there, against the titles of the public conformance suite
(conformance_scene.py): HA_4, HA_7 and HA_8."""
import struct
import time

import pytest
from roamlab import net as netmod
from roamlab.octets import ip6, mac, multicast_mac

import conformance_scene
import peer
from conformance_scene import HOST, PREFERRED_S, PREFIX_S, anycast, home_update
from peer import BE, IPV6, A, H, L, text, udp

scapy = pytest.importorskip("scapy.all")
pytestmark = pytest.mark.requirement("H-6")


@pytest.fixture(scope="module")
def w():
    yield from conformance_scene.running()


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


# --- 7: discovery of home agents (10.5) ---------------------------------------------------------------------------------------

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


# --- beyond the suites --------------------------------------------------------------------------------------------------

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


# --- the table -------------------------------------------------------------------------------------------------------

ROWS = [
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

    ("L_FLAG", on_link_local_flag),
    ("TWO_LINKS", on_second_home_link),
]
CASES = {ident: row for ident, *row in ROWS}


@pytest.mark.parametrize("ident", CASES)
def test_case(w, ident, request):
    conformance_scene.play(w, request, CASES[ident])
