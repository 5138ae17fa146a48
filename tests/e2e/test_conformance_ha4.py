# SPDX-License-Identifier: BSD-2-Clause
"""The home agent of Mobile IPv4 against RFC 5944 3.8 and its extensions: every code that it can answer, from a real daemon, to mobiles
and foreign agents that are scapy's (peer4.py). A case is a row of CASES: what the RFC says, who asks for what, the code; None: nothing
is answered. After each the mobile's binding is as it was.

    host --- home0 [ha] core0 --- far      ha: all that there is, on a physical home link
                                  far --- core0 [strict]   strict: a virtual home prefix, nonces, reverse tunnels required, no GRE, one care-of address
                                  far --- core0 [plain]    plain: no reverse tunnels, no UDP tunnels, one place
"""
import struct

import pytest
from peer4 import (CHALLENGE, CVSE, DELIVERY, FH, GEN, MH, NAI, NVSE, REPLY, UDP_REPLY, B, D, G, Key, M, Mobile, S, T, Wire, ext, long_ext, message_in,
                   network, udp_request)
from roamlab import net as netmod
from roamlab import roamd, topo

pytestmark = pytest.mark.requirement("H-7")

MN_KEY, FA_KEY, AAA_KEY, OTHER = (Key(bytes.fromhex(topo.key_hex(n)), spi) for n, spi in (("mn1", 256), ("fa1", 300), ("aaa", 400), ("other", 500)))
FA_KEY.algorithm = AAA_KEY.algorithm = "hmac-sha256"
FA, STRANGER = "10.2.0.1", "10.2.0.9"     # a foreign agent with a key, one without
AGENTS = {"ha": ("10.1.0.1", "10.1.0", "eth0"), "strict": ("10.5.0.1", "10.5.0", "eth1"), "plain": ("10.6.0.1", "10.6.0", "eth2")}


def key(name, spi, algorithm="hmac-sha1"):
    return f'key "{name}" {{ spi = {spi} algorithm = "{algorithm}" file = "{{keys}}/{name}.key" }}\n'


KEYS = key("mn1", 256) + key("fa1", 300, "hmac-sha256") + key("aaa", 400, "hmac-sha256")


def agent(name, more):
    address, net, _ = AGENTS[name]
    return (KEYS + f'role ha {{ address-v4 = "{address}" home-prefix = {{"{net}.0/24"}} uplink = {{"core0"}} rate = 0 lifetime = 1000 {more} '
            f'mobile "{net}.0/24" {{ key = "mn1" }} foreign-agent "{FA}" {{ key = "fa1" }} }}\n')


def topology():
    keys = topo.keys("mn1", "fa1", "aaa")
    routes = [[("10.2.0.0/16", f"10.{n}.0.2"), ("10.3.0.0/16", f"10.{n}.0.2"), ("192.0.2.0/24", f"10.{n}.0.2")] for n in (15, 16, 17)]
    nodes = [
        topo.Node("ha", forwards=True, keys=keys, routes=routes[0],
                  roamd=agent("ha", 'home-link = "home0" address-pool = {"10.1.0.192/27"} care-of-prefix = {"10.2.0.0/16", "192.0.2.0/24"} '
                              'mobile "nai:anna@home" { key = "mn1" } mobile "10.1.0.101" { key = "mn1" nai = "otto@home" aaa-key = "aaa" } '
                              'mobile "10.1.0.50" { key = "mn1" network = {"10.50.0.0/16"} }')),
        topo.Node("strict", forwards=True, keys=keys, routes=routes[1], loopback=["10.5.0.1/32"],
                  roamd=agent("strict", 'replay-v4 = "nonce" reverse-tunnel = "required" gre = false simultaneous = 1 udp-forced = false')),
        topo.Node("plain", forwards=True, keys=keys, routes=routes[2], loopback=["10.6.0.1/32"],
                  roamd=agent("plain", 'reverse-tunnel = "off" udp-tunnel = false minimal = false bindings = 1')),
        topo.Node("host"),
        topo.Node("far"),
    ]
    cables = [topo.Cable(topo.Port("host", "eth0", ["10.1.0.33/24"]), topo.Port("ha", "home0", ["10.1.0.1/24"]))]
    cables += [topo.Cable(topo.Port("far", f"eth{i}", [f"10.{15 + i}.0.2/24"]), topo.Port(name, "core0", [f"10.{15 + i}.0.1/24"]))
               for i, name in enumerate(AGENTS)]
    return topo.Topology("conformance-ha4", nodes, cables).check()


class World:
    def __init__(self):
        self.net = netmod.Net(topology())
        self.net.build()
        self.daemons = {n: roamd.Daemon(self.net, n) for n in AGENTS}
        for d in self.daemons.values():
            d.start(wait=False)
        for d in self.daemons.values():
            d.wait_ready()
        self.wires = {n: Wire(self.net, "far", ifname) for n, (_, _, ifname) in AGENTS.items()}
        self.macs = {n: self.net.lladdr[n, "core0"] for n in AGENTS}
        self.mobiles = {}

    def close(self):
        faults = [f for d in self.daemons.values() if (f := d.stop())]
        self.net.close()
        assert not faults, "\n".join(faults)

    def mobile(self, node, last=None, coa="10.2.0.5"):
        """The usual mobile of an agent, or the one whose home address ends in last."""
        address, net, _ = AGENTS[node]
        hoa = f"{net}.{100 if last is None else last}"
        return self.mobiles.setdefault(hoa, Mobile(hoa, coa, address, MN_KEY))

    def ask(self, node, m, seconds=5.0, **kw):
        """The answer to a request, or None. Keeps the nonce that came with it."""
        wire = self.wires[node]
        wire.drain()
        packet = m.request(**kw)
        wire.send(packet, self.macs[node])
        low = struct.unpack("!I", bytes(packet["UDP"].payload)[20:24])[0]
        got = wire.wait(lambda f: (r := message_in(f, REPLY)) and (r.id & 0xffffffff) == low and r, seconds)
        if got and node == "strict":
            m.nonce = got.id >> 32
        return got

    def bindings(self, node, hoa):
        return [b for b in self.daemons[node].show("bindings") if b["home_address"] == hoa]

    def reason(self, node, name):
        return {k: v for r in self.daemons[node].show("counters") for k, v in r.items()}[name]


@pytest.fixture(scope="module")
def world():
    w = World()
    yield w
    w.close()


CRITICAL = long_ext(CVSE, 0, struct.pack("!IH", 9, 7))
UNSKIPPABLE, SKIPPABLE = ext(77, b"xx"), ext(200, b"xx")
BY_FA = {"coa": FA, "flags": 0, "fa": FA_KEY}
CASES = [
    # what, agent, last octet of the mobile, arguments of Mobile.request, code
    ("3.8.2.2 accepted, simultaneous bindings supported", "ha", None, {}, 0),
    ("3.8.2.2 accepted, and not supported", "strict", None, {"flags": D | T}, 1),
    ("3.8.2.1 no security association", "ha", None, {"hoa": "10.9.0.1"}, None),
    ("3.8.2.1 no authorization-enabling extension", "ha", None, {"auth": False}, None),
    ("3.8.2.1 wrong authenticator", "ha", None, {"right": False}, 131),
    ("3.8.2.1 unknown index", "ha", None, {"key": OTHER}, 131),
    ("3.8.2.1 wrong authenticator, the relay proves itself", "ha", None, {**BY_FA, "right": False}, 131),
    ("3.8.2.1 wrong authenticator, the relay does not", "ha", None, {"coa": FA, "flags": 0, "right": False}, None),
    ("3.8.2.1 foreign-home authentication missing", "ha", None, {"coa": FA, "flags": 0}, 132),
    ("3.8.2.1 foreign-home authentication wrong", "ha", None, {**BY_FA, "fa_right": False}, 132),
    ("3.8.2.1 foreign-home authentication twice", "ha", None, {**BY_FA, "behind": "twice"}, 132),
    ("3.8.2.1 foreign-home authentication without a key", "ha", None, {"coa": STRANGER, "flags": 0, "fa": OTHER}, None),
    ("3.8.2.1 foreign-home authentication right", "ha", None, BY_FA, 0),
    ("3.8.2.1 identification too late", "ha", None, {"offset_s": 20.0}, 133),
    ("3.8.2.1 identification too old", "ha", None, {"offset_s": -20.0}, 133),
    ("3.8.2.3 reserved bit 0x04", "ha", None, {"flags": D | 0x04}, 134),
    ("3.8.2.3 reserved bit 0x01", "ha", None, {"flags": D | 0x01}, 134),
    ("RFC 3024 3.3 delivery style without T", "ha", None, {"flags": 0, "coa": STRANGER, "behind": ext(DELIVERY, b"")}, 134),
    ("3.6.1.2 care-of address of nobody", "ha", None, {"coa": "0.0.0.0", "src": "10.2.0.5"}, 134),
    ("3.6.1.2 care-of address a group", "ha", None, {"coa": "224.1.1.1", "src": "10.2.0.5"}, 134),
    ("3.6.1.2 care-of address the home address", "ha", None, {"coa": "10.1.0.100", "src": "10.2.0.5"}, 134),
    ("3.8.2.3 unauthorized service area", "ha", None, {"coa": "10.3.0.5"}, 129),
    ("3.8.2.3 care-of address our own", "ha", None, {"coa": "10.1.0.1", "src": "10.2.0.5"}, 129),
    ("3.8.3.2 home address of the network itself", "ha", 0, {}, 129),
    ("3.8.3.2 home address a broadcast address", "ha", 255, {}, 129),
    ("3.8.3.2 home address of another network", "ha", None, {"hoa": "10.9.0.1", "before": ext(NAI, b"otto@home")}, 129),
    ("3.8.2.1 subnet-directed broadcast", "ha", None, {"ha": "10.1.0.255", "dst": "10.1.0.255"}, 136),
    ("3.8.2.1 subnet-directed broadcast of a virtual network", "strict", None, {"flags": D | T, "ha": "10.5.0.255", "dst": "10.5.0.255"}, 136),
    ("3.8.3.2 another home agent", "ha", None, {"ha": "10.1.0.2"}, 136),
    ("3.8.3.2 home agent zero", "ha", None, {"ha": "0.0.0.0"}, 136),
    ("3.8.2.3 too many simultaneous bindings", "ha", 60, {"coa": "10.2.0.64", "flags": D | S}, 135),
    ("3.8.2.3 no room", "plain", 101, {}, 130),
    ("RFC 2794 no NAI of ours", "ha", None, {"hoa": "0.0.0.0", "before": ext(NAI, b"nobody@home")}, None),
    ("RFC 2794 an address by NAI", "ha", None, {"hoa": "0.0.0.0", "before": ext(NAI, b"anna@home")}, 0),
    ("RFC 3024 T, and no reverse tunnels", "plain", None, {"flags": D | T}, 137),
    ("RFC 3024 no T, and reverse tunnels required", "strict", None, {}, 138),
    ("RFC 3024 T", "ha", None, {"flags": D | T}, 0),
    ("3.8.2.3 GRE not offered", "strict", None, {"flags": D | T | G}, 139),
    ("3.8.2.3 minimal encapsulation not offered", "plain", None, {"flags": D | M}, 139),
    ("4.1 GRE", "ha", None, {"flags": D | G}, 0),
    ("4.1 minimal encapsulation", "ha", None, {"flags": D | M}, 0),
    ("4.3 broadcasts where there are none", "strict", None, {"flags": D | T | B}, 1),
    ("RFC 3115 critical, of the mobile", "ha", None, {"before": CRITICAL}, 140),
    ("RFC 3115 critical, of the foreign agent", "ha", None, {**BY_FA, "behind": CRITICAL}, 141),
    ("RFC 3115 normal", "ha", None, {"before": ext(NVSE, struct.pack("!HIH", 0, 9, 7))}, 0),
    ("1.8 unknown and not skippable", "ha", None, {"before": UNSKIPPABLE}, None),
    ("1.8 unknown and skippable", "ha", None, {"before": SKIPPABLE}, 0),
    ("RFC 3519 translator seen", "ha", None, {"src": "192.0.2.7", "sport": 40000, "before": udp_request()}, 0),
    ("RFC 3519 another form than IP in UDP", "ha", None, {"src": "192.0.2.7", "before": udp_request(encap=47)}, 142),
    ("RFC 3519 translator seen, none allowed", "plain", None, {"src": "192.0.2.7", "before": udp_request()}, 129),
    ("RFC 3519 forced, not allowed", "strict", None, {"flags": D | T, "before": udp_request(forced=True)}, 129),
    ("RFC 3519 the mobile asks, without D", "ha", None, {"flags": 0, "coa": STRANGER, "before": udp_request()}, 134),
    ("RFC 3519 an agent asks, with D", "ha", None, {"behind": udp_request()}, 134),
    ("RFC 4721 MN-AAA right", "ha", 101, {"auth": False, "aaa": True}, 0),
    ("RFC 4721 MN-AAA wrong", "ha", 101, {"aaa": False}, 144),
    ("RFC 4721 challenge handed back", "ha", None, {**BY_FA, "behind": ext(CHALLENGE, b"12345678")}, 0),
    ("RFC 5177 a network", "ha", 50, {"before": network("10.50.1.0", 24)}, 0),
    ("RFC 5177 another's network", "ha", 50, {"before": network("10.60.1.0", 24)}, 147),
    ("RFC 5177 no mobile router", "ha", None, {"before": network("10.50.1.0", 24)}, 148),
    ("3.8.2.2 end of a binding that there is not", "ha", 70, {"lifetime": 0}, 0),
    ("lifetime longer than is granted", "ha", None, {"lifetime": 5000}, 0),
    ("lifetime without end", "ha", None, {"lifetime": 0xffff}, 0),
]
AGREES = {0, 1}


def arguments(given):
    """Rows say in words what needs a key."""
    given = dict(given)
    if given.get("behind") == "twice":
        given["behind"] = b""
        given["twice"] = True
    return given


def play(world, node, m, given):
    given = arguments(given)
    aaa, twice = given.pop("aaa", None), given.pop("twice", False)
    if aaa is not None or twice:
        message = m.message(**{k: v for k, v in given.items() if k in ("flags", "coa", "auth")})
        message = AAA_KEY.sign(message, GEN, aaa) if aaa is not None else FA_KEY.sign(FA_KEY.sign(message, FH), FH)
        return raw(world, node, m, message, given.get("coa") or m.coa)
    return world.ask(node, m, seconds=0.7 if given.get("silent") else 5.0, **{k: v for k, v in given.items() if k != "silent"})


def raw(world, node, m, message, src):
    from scapy.all import IP, UDP, Raw
    wire = world.wires[node]
    wire.drain()
    wire.send(IP(src=src, dst=m.agent) / UDP(sport=434, dport=434) / Raw(message), world.macs[node])
    return wire.wait(lambda f: message_in(f, REPLY))


def prepared(world, node, last):
    """The mobile of a case, registered as it is used to (bindings that others were refused stay as they are)."""
    m = world.mobile(node, last)
    if node == "strict" and m.nonce is None:
        m.nonce = 0
        assert world.ask(node, m, flags=D | T).code == 133     # 5.7.2: the refusal brings the first nonce
    if last == 60:
        for i in range(4):
            assert world.ask(node, m, flags=D | S, coa=f"10.2.0.{60 + i}").code == 0
    if node == "plain":
        assert world.ask(node, world.mobile(node)).code == 0   # it has one place, and that one has it
    return m


@pytest.mark.parametrize("what, node, last, given, code", CASES, ids=[c[0].replace(" ", "-") for c in CASES])
def test_case(world, what, node, last, given, code):
    m = prepared(world, node, last)
    before = world.bindings(node, m.hoa)
    got = play(world, node, m, {**given, "silent": code is None})
    assert (got.code if got else None) == code, world.daemons[node].tail()
    if got is None:
        assert ids(world.bindings(node, m.hoa)) == ids(before)
        return
    assert got.is_signed(MN_KEY)                                   # 3.8.3.3: every answer
    assert got.ip.src == m.agent and got.ha == m.agent             # 3.8.3.1, also to a broadcast
    expected_src = given.get("src") or given.get("coa") or m.coa
    assert got.ip.dst == expected_src
    assert got.frame["UDP"].sport == 434 and got.frame["UDP"].dport == given.get("sport", 434)
    if code not in AGREES:
        assert got.lifetime == 0
        assert ids(world.bindings(node, m.hoa)) == ids(before)
    elif given.get("lifetime", 1):
        assert got.lifetime == min(given.get("lifetime", 300), 1000)
        assert world.bindings(node, got.hoa)
    if given.get("fa") is FA_KEY or (given.get("coa") == FA):
        assert got.is_signed(FA_KEY, FH)


def ids(bindings):
    return sorted((b["care_of_address"], b.get("identification")) for b in bindings)


def test_timestamps_resynchronise(world):
    """5.7.1: the refusal has our seconds over the mobile's fraction; with them the next request is accepted."""
    m = world.mobile("ha", 110)
    got = world.ask("ha", m, offset_s=-3600.0)
    assert got.code == 133
    again = world.ask("ha", m, ident=got.id + 1)
    assert again.code == 0 and again.id == got.id + 1
    replay = world.ask("ha", m, ident=got.id + 1)
    assert replay.code == 133


def test_nonces_go_on(world):
    """5.7.2: each answer has the next one; an old one is worth nothing."""
    m = prepared(world, "strict", 111)
    used = m.nonce
    assert world.ask("strict", m, flags=D | T).code == 1
    fresh = m.nonce
    assert fresh != used
    m.nonce = used
    assert world.ask("strict", m, flags=D | T).code == 133
    m.nonce = fresh                                                # nobody else can make it stale
    assert world.ask("strict", m, flags=D | T).code == 1


def test_address_by_nai_is_kept(world):
    """RFC 2794: the same one again, also after a crash; the answer names the NAI under the mobile's authentication."""
    m = world.mobile("ha", 120)
    first = world.ask("ha", m, hoa="0.0.0.0", before=ext(NAI, b"anna@home"))
    assert first.code == 0 and first.hoa.startswith("10.1.0.")
    assert 192 <= int(first.hoa.split(".")[3]) < 224
    assert first.get(NAI) == [b"anna@home"]
    kinds = [k for k, _, _ in first.ext]
    assert kinds.index(NAI) < kinds.index(MH)
    assert world.ask("ha", m, hoa=first.hoa, lifetime=0, coa=first.hoa, src="10.2.0.5").code == 0
    world.daemons["ha"].kill()
    world.daemons["ha"].start()
    again = world.ask("ha", m, hoa="0.0.0.0", before=ext(NAI, b"anna@home"))
    assert again.code == 0 and again.hoa == first.hoa


def test_udp_tunnel_is_told(world):
    """RFC 3519 3.2: assent and keepalive interval where a translator is seen, a refusal of the tunnel alone where none is."""
    m = world.mobile("ha", 121)
    got = world.ask("ha", m, src="192.0.2.7", sport=40000, before=udp_request())
    assert got.get(UDP_REPLY) == [struct.pack("!BBHH", 0, 0, 0, 110)]
    [b] = world.bindings("ha", m.hoa)
    assert (b["encapsulation"], b["translated_to"], b["translated_port"]) == ("udp", "192.0.2.7", 40000)
    got = world.ask("ha", m, before=udp_request())
    assert got.get(UDP_REPLY) == [struct.pack("!BBHH", 0, 64, 0, 0)]
    assert world.bindings("ha", m.hoa)[0]["encapsulation"] == "ipip"
    got = world.ask("ha", m, before=udp_request(forced=True))
    assert got.get(UDP_REPLY) == [struct.pack("!BBHH", 0, 0, 0x8000, 110)]


def test_bindings_come_and_go(world):
    """3.8.2.2: S keeps the others; an end names one; home ends all."""
    m = world.mobile("ha", 122)
    for i in range(3):
        assert world.ask("ha", m, flags=D | S, coa=f"10.2.0.{70 + i}").code == 0
    assert sorted(b["care_of_address"] for b in world.bindings("ha", m.hoa)) == ["10.2.0.70", "10.2.0.71", "10.2.0.72"]
    assert world.ask("ha", m, lifetime=0, coa="10.2.0.71").code == 0
    assert sorted(b["care_of_address"] for b in world.bindings("ha", m.hoa)) == ["10.2.0.70", "10.2.0.72"]
    assert world.ask("ha", m, coa="10.2.0.73").code == 0           # without S: it alone
    assert [b["care_of_address"] for b in world.bindings("ha", m.hoa)] == ["10.2.0.73"]
    assert world.ask("ha", m, lifetime=0, src="10.2.0.73").code == 0
    assert world.bindings("ha", m.hoa) == []


def test_networks_are_acknowledged(world):
    """RFC 5177 4.2: a code for each, explicit or implicit."""
    m = world.mobile("ha", 50)
    got = world.ask("ha", m, before=network("10.50.1.0", 24) + network("10.60.1.0", 24))
    assert [(d[0], d[1]) for d in got.get(148)] == [(1, 0), (1, 2)]
    assert world.bindings("ha", m.hoa)[0]["network"] == "10.50.1.0/24"
    got = world.ask("ha", m)
    assert [(d[0], d[1], d[2]) for d in got.get(148)] == [(2, 0, 16)]
    routes = world.net.run("ha", "ip", "-4", "route", "show", "10.50.0.0/16")
    assert "roam0" in routes


def test_a_challenge_stands_behind_the_mobiles_authentication(world):
    """RFC 4721 3.4"""
    m = world.mobile("ha", 123)
    got = world.ask("ha", m, **BY_FA, behind=ext(CHALLENGE, b"87654321"))
    kinds = [k for k, _, _ in got.ext]
    assert got.get(CHALLENGE) == [b"87654321"] and kinds == [MH, CHALLENGE, FH]


def test_garbage_is_counted_and_changes_nothing(world):
    """Every request cut short, with and without a right length; nothing is answered but what can be, nothing is bound."""
    from scapy.all import IP, UDP, Raw
    m = world.mobile("ha", 124)
    whole = bytes(m.request(**{**BY_FA, "before": ext(NAI, b"otto@home")})["UDP"].payload)
    before = world.reason("ha", "msg-truncated")
    wire = world.wires["ha"]
    for cut in range(len(whole)):
        wire.send(IP(src=FA, dst=m.agent) / UDP(sport=434, dport=434) / Raw(whole[:cut]), world.macs["ha"])
    assert world.ask("ha", world.mobile("ha", 125)).code == 0      # all of them have been seen
    assert world.bindings("ha", m.hoa) == []
    assert world.reason("ha", "msg-truncated") >= before + 24 - 1
