# SPDX-License-Identifier: BSD-2-Clause
"""The home agent's tunnels against the titles of the public conformance suite (conformance_scene.py), HA_5 and HA_6; networks that move against RFC 3963,
NEMO_...; and what the agent sends itself."""
import struct
import subprocess

import pytest
from roamlab import netns
from roamlab.octets import checksum6, ip6, packed

import conformance_scene
import peer
from conformance_scene import HOST, ROUTERS, anycast
from peer import HOT, HOTI, ICMP6, IPV6, MH, A, H, L, R, text, udp

pytestmark = pytest.mark.requirement("H-6")

NETWORK, FOREIGN = ("2001:db8:50::", 64), ("2001:db8:99::", 64)


@pytest.fixture(scope="module")
def w():
    yield from conformance_scene.running()


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


# --- beyond the suites --------------------------------------------------------------------------------------------------

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


# --- the table -------------------------------------------------------------------------------------------------------

ROWS = [
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
]
CASES = {ident: row for ident, *row in ROWS}


@pytest.mark.parametrize("ident", CASES)
def test_case(w, ident, request):
    conformance_scene.play(w, request, CASES[ident])
