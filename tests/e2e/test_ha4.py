# SPDX-License-Identifier: BSD-2-Clause
"""The home agent of Mobile IPv4 moves packets: mobiles and foreign agents are scapy's (peer4.py), the host of the home link is the kernel's.

    host --- home0 [ha] core0 --- far         host: an ordinary node of the home link
                                              far: where mobiles and foreign agents are, hand-made
"""
import socket
import struct
import subprocess
import time

import pytest
from peer4 import (ARP, FH, ICMP, IP, REPLY, REVOCATION, REVOKE, REVOKE_ACK, UDP, B, D, G, Key, M, Mobile, Raw, S, T, Wire, is_arp, message_in, network,
                   revocation, scapy, stamp, udp_request, unwrap, wrap)
from roamlab import net as netmod
from roamlab import netns, roamd, topo
from roamlab.octets import NTP_1970

pytestmark = pytest.mark.requirement("H-7")

HOST, HA, HOA, COA, COA2, FA, NAT = "10.1.0.33", "10.1.0.1", "10.1.0.100", "10.2.0.5", "10.3.0.5", "10.2.0.1", "192.0.2.7"
MN_KEY = Key(bytes.fromhex(topo.key_hex("mn1")), 256)
FA_KEY = Key(bytes.fromhex(topo.key_hex("fa1")), 300)
PORT = 5000
FORMS = {"ipip": (D | T, b"", COA), "gre": (D | T | G, b"", COA), "minimal": (D | T | M, b"", COA), "udp": (D | T, udp_request(), NAT)}


def key(name, spi):
    return f'key "{name}" {{ spi = {spi} algorithm = "hmac-sha1" file = "{{keys}}/{name}.key" }}\n'


def topology():
    nodes = [
        topo.Node("ha", forwards=True, keys=topo.keys("mn1", "fa1"), routes=[(p, "10.15.0.2") for p in ("10.2.0.0/16", "10.3.0.0/16", "192.0.2.0/24")],
                  roamd=key("mn1", 256) + key("fa1", 300) +
                  f'role ha {{ address-v4 = "{HA}" home-prefix = {{"10.1.0.0/24"}} home-link = "home0" uplink = {{"core0"}} rate = 0 reverse-grace = 0 '
                  f'mobile "10.1.0.0/24" {{ key = "mn1" }} mobile "10.1.0.50" {{ key = "mn1" network = {{"10.50.0.0/16"}} }} '
                  f'foreign-agent "{FA}" {{ key = "fa1" }} }}\n'),
        topo.Node("host", routes=[("default", HA)]),
        topo.Node("far"),
    ]
    cables = [topo.Cable(topo.Port("host", "eth0", [HOST + "/24"]), topo.Port("ha", "home0", [HA + "/24"])),
              topo.Cable(topo.Port("far", "eth0", ["10.15.0.2/24"]), topo.Port("ha", "core0", ["10.15.0.1/24"]))]
    return topo.Topology("home-agent-4", nodes, cables).check()


class World:
    def __init__(self):
        self.net = netmod.Net(topology())
        self.net.build()
        self.daemon = roamd.Daemon(self.net, "ha").start()
        self.far, self.home = Wire(self.net, "far", "eth0"), Wire(self.net, "host", "eth0")
        self.ha_mac, self.home_mac = (self.net.lladdr["ha", i] for i in ("core0", "home0"))
        self.host = netns.inside(self.net.ns("host"), self._socket)

    @staticmethod
    def _socket():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.bind(("", PORT))
        s.settimeout(0.05)
        return s

    def close(self):
        fault = self.daemon.stop() if self.daemon.proc else None
        self.net.close()
        assert not fault, fault

    def ask(self, m, seconds=5.0, at_home=False, **kw):
        wire = self.home if at_home else self.far
        wire.drain()
        packet = m.request(**kw)
        wire.send(packet, self.home_mac if at_home else self.ha_mac, m.mac if at_home else None)
        low = struct.unpack("!I", bytes(packet[UDP].payload)[20:24])[0]
        got = wire.wait(lambda f: (r := message_in(f, REPLY)) and (r.id & 0xffffffff) == low and r, seconds)
        assert got, self.daemon.tail()
        return got

    def register(self, m, **kw):
        got = self.ask(m, **kw)
        assert got.code == 0, got.code
        return got

    def bindings(self, hoa):
        return [b for b in self.daemon.show("bindings") if b["home_address"] == hoa]

    def counters(self):
        return {k: v for r in self.daemon.show("counters") for k, v in r.items()}

    # --- data ---------------------------------------------------------------------------------------------------

    def from_host(self, to, data, port=PORT):
        """The kernel of the home link's host sends; it finds the link-layer address itself."""
        self.host.sendto(data, (to, port))

    def at_host(self, data, seconds=5.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                got, src = self.host.recvfrom(4096)
            except TimeoutError:
                continue
            if got == data:
                return src[0]
        return None

    def in_tunnel(self, data, outer_dst, seconds=5.0):
        """(form, outer header, inner packet) of the tunnel in which these data came to far."""
        def look(frame):
            if not frame.haslayer(IP) or frame[IP].dst != outer_dst:
                return None
            form, inner = unwrap(frame[IP])
            return (form, frame[IP], inner) if form and bytes(inner).endswith(data) else None
        return self.far.wait(look, seconds)

    def up(self, packet):
        self.far.send(packet, self.ha_mac)

    def passes(self, m, form, src, what=b""):
        """Data both ways through a tunnel of this form that ends at src."""
        data = b"down " + form.encode() + what + m.hoa.encode()
        self.far.drain()
        self.from_host(m.hoa, data)
        got = self.in_tunnel(data, src)
        assert got, f"nothing came in {form}: {self.daemon.tail()}"
        assert got[0] == form and got[1].src == HA
        assert (got[2].src, got[2].dst, got[2][UDP].dport) == (HOST, m.hoa, PORT)
        back = b"up " + form.encode() + what + m.hoa.encode()
        self.up(wrap(form, src, HA, IP(src=m.hoa, dst=HOST) / UDP(sport=7, dport=PORT) / Raw(back), sport=40000))
        assert self.at_host(back) == m.hoa, f"nothing went up in {form}: {self.daemon.tail()}"

    def is_dropped(self, packet, data):
        """It does not come to the host; what is sent behind it does not overtake."""
        self.up(packet)
        return self.at_host(data, 0.5) is None


@pytest.fixture(scope="module")
def world():
    w = World()
    yield w
    w.close()


def mobile(last, coa=COA):
    return Mobile(f"10.1.0.{last}", coa, HA, MN_KEY, mac=f"02:00:00:00:01:{last:02x}")


@pytest.mark.parametrize("form", list(FORMS))
def test_each_encapsulation_both_ways(world, form):
    flags, before, src = FORMS[form]
    m = mobile(100 + list(FORMS).index(form))
    world.register(m, flags=flags, before=before, src=src, sport=40000)
    assert world.bindings(m.hoa)[0]["encapsulation"] == form
    world.passes(m, form, src)


@pytest.mark.parametrize("form", list(FORMS))
def test_each_encapsulation_with_long_packets(world, form):
    """Longer than the tunnel: with DF an ICMP error tells the sender what fits; that comes whole."""
    flags, before, src = FORMS[form]
    m = mobile(110 + list(FORMS).index(form))
    world.register(m, flags=flags, before=before, src=src, sport=40000)
    sock = netns.inside(world.net.ns("host"), socket_with_df)
    size = 1500 - {"ipip": 20, "gre": 24, "minimal": 12, "udp": 32}[form]

    def is_learnt():
        try:
            sock.sendto(bytes(1472), (m.hoa, PORT))
        except OSError:                         # EMSGSIZE, once it is
            pass
        return f"mtu {size}" in world.net.run("host", "ip", "route", "get", m.hoa)
    try:
        netmod.wait_for(is_learnt, 5, f"the path MTU of {size}")
        data = bytes(range(256)) * 5
        data = (data + bytes(256))[:size - 28]
        world.far.drain()
        sock.sendto(data, (m.hoa, PORT))
        got = world.in_tunnel(data, src)
        assert got and got[0] == form and len(bytes(got[1])) == 1500
    finally:
        sock.close()


def socket_with_df():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, 10, 2)      # IP_MTU_DISCOVER: always DF
    return s


@pytest.mark.parametrize("form", list(FORMS))
def test_long_packets_without_df_arrive_whole(world, form):
    flags, before, src = FORMS[form]
    m = mobile(116 + list(FORMS).index(form))
    world.register(m, flags=flags, before=before, src=src, sport=40000)
    sock = netns.inside(world.net.ns("host"), socket_without_df)
    data = bytes(range(256)) * 5 + bytes(180)
    world.far.drain()
    sock.sendto(data, (m.hoa, PORT))
    sock.close()
    parts = {}

    def look(frame):
        if not frame.haslayer(IP) or frame[IP].dst != src or frame[IP].src != HA:
            return False
        outer = frame[IP]
        if outer.frag or outer.flags.MF:        # the tunnel was cut
            key, piece = ("outer", outer.id), (outer.frag * 8, bytes(outer.payload), not outer.flags.MF, outer)
        else:                                   # the packet was cut, each part has a tunnel of its own
            inner = unwrap(outer)[1]
            key, piece = ("inner", inner.id), (inner.frag * 8, bytes(inner.payload), not inner.flags.MF, None)
        parts.setdefault(key, []).append(piece)
        return whole(parts, data)
    assert world.far.wait(look), {k: [(o, len(b), last) for o, b, last, _ in v] for k, v in parts.items()}


def whole(parts, data):
    """Do the fragments of one of these make a packet with the data?"""
    for (kind, _), pieces in parts.items():
        at, body = 0, b""
        for off, piece, last, outer in sorted(pieces, key=lambda p: p[0]):
            if off != at:
                break
            body += piece
            at += len(piece)
            if last:
                if kind == "outer":
                    head = pieces[0][3].copy()
                    form, inner = unwrap(IP(src=head.src, dst=head.dst, proto=head.proto) / Raw(body))
                    body = bytes(inner.payload)
                return body.endswith(data)
    return False


def socket_without_df():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IP, 10, 0)
    return s


def test_through_a_foreign_agent(world):
    """The care-of address is the agent's; the answer bears its authentication."""
    m = mobile(120, coa=FA)
    got = world.register(m, flags=T, fa=FA_KEY)
    assert got.is_signed(FA_KEY, FH)
    world.passes(m, "ipip", FA)


def test_reverse_tunnels_are_checked(world):
    """RFC 3024 4.3.2: only from the care-of address, with the home address inside, in the form agreed upon, and if agreed upon."""
    m, other = mobile(121), mobile(122, COA2)
    world.register(m, flags=D | T)
    world.register(other, flags=D)

    def inner(src, data):
        return IP(src=src, dst=HOST) / UDP(sport=7, dport=PORT) / Raw(data)
    assert world.is_dropped(wrap("ipip", COA2, HA, inner(m.hoa, b"not his place")), b"not his place")
    assert world.is_dropped(wrap("ipip", COA, HA, inner("10.1.0.99", b"nobody")), b"nobody")
    assert world.is_dropped(wrap("gre", COA, HA, inner(m.hoa, b"another form")), b"another form")
    assert world.is_dropped(wrap("udp", COA, HA, inner(m.hoa, b"yet another"), sport=434), b"yet another")
    assert world.is_dropped(wrap("ipip", COA2, HA, inner(other.hoa, b"no T")), b"no T")
    world.passes(m, "ipip", COA)


def test_simultaneous_bindings_get_a_copy_each(world):
    m = mobile(123)
    world.register(m, flags=D | S | T)
    world.register(m, flags=D | S | T | G, coa=COA2)
    world.far.drain()
    world.from_host(m.hoa, b"to both")
    seen = {}

    def look(frame):
        if frame.haslayer(IP) and frame[IP].src == HA:
            form, inner = unwrap(frame[IP])
            if form and bytes(inner).endswith(b"to both"):
                seen[frame[IP].dst] = form
        return len(seen) == 2
    assert world.far.wait(look), seen
    assert seen == {COA: "ipip", COA2: "gre"}
    for form, src in (("ipip", COA), ("gre", COA2)):
        data = b"from " + src.encode()
        world.up(wrap(form, src, HA, IP(src=m.hoa, dst=HOST) / UDP(sport=7, dport=PORT) / Raw(data)))
        assert world.at_host(data) == m.hoa
    world.register(m, lifetime=0, coa=COA2)
    world.passes(m, "ipip", COA)


def test_a_translator_and_its_keepalives(world):
    """RFC 3519 4.9: an echo request in the tunnel is answered in the tunnel; another port after the translator forgot."""
    m = mobile(124)
    world.register(m, flags=D | T, before=udp_request(), src=NAT, sport=40000)
    world.far.drain()
    ping = IP(src=m.hoa, dst=HA) / ICMP(id=77, seq=1) / Raw(b"keepalive")
    world.up(wrap("udp", NAT, HA, ping, sport=40000))
    got = world.in_tunnel(b"keepalive", NAT)
    assert got and got[0] == "udp" and got[1][UDP].dport == 40000, world.daemon.tail()
    assert got[2][ICMP].type == 0 and got[2].src == HA and got[2].dst == m.hoa
    # From somewhere else, or by another port: not answered (6.1.2).
    for src, sport in (("192.0.2.8", 40000), (NAT, 39999)):
        world.up(wrap("udp", src, HA, IP(src=m.hoa, dst=HA) / ICMP(id=78, seq=1) / Raw(b"forged"), sport=sport))
    assert world.far.wait(lambda f: f.haslayer(IP) and f[IP].src == HA and bytes(f).endswith(b"forged"), 0.5) is None
    world.register(m, flags=D | T, before=udp_request(), src=NAT, sport=40001)
    world.far.drain()
    world.from_host(m.hoa, b"new port")
    got = world.in_tunnel(b"new port", NAT)
    assert got[1][UDP].dport == 40001


# --- the home link -------------------------------------------------------------------------------------------------

def test_leaving_and_returning(world):
    """4.6: announced, answered for, given back and announced again."""
    m = mobile(130)
    world.register(m, lifetime=0, src=COA)
    world.home.drain()
    packet = m.request(flags=D | T)
    world.far.send(packet, world.ha_mac)
    for op in (1, 2):                           # gratuitous, by broadcast, at the agent's link-layer address
        assert world.home.wait(lambda f, op=op: is_arp(f, op, m.hoa, m.hoa, world.home_mac) and f.dst == "ff:ff:ff:ff:ff:ff")
    world.home.send(ARP(op=1, hwsrc=world.home.mac, psrc=HOST, pdst=m.hoa), "ff:ff:ff:ff:ff:ff")
    assert world.home.wait(lambda f: is_arp(f, 2, m.hoa, HOST, world.home_mac) and f.dst == world.home.mac)
    world.passes(m, "ipip", COA)
    # Home: its own announcement, then the request from its home address over the link.
    world.home.send(ARP(op=1, hwsrc=m.mac, psrc=m.hoa, pdst=m.hoa), "ff:ff:ff:ff:ff:ff", m.mac)
    world.home.drain()
    packet = m.request(lifetime=0, src=m.hoa)
    world.home.send(packet, world.home_mac, m.mac)
    seen = {}

    def look(frame):
        reply = message_in(frame, REPLY)
        if reply and frame.dst == m.mac and reply.ip.dst == m.hoa:
            seen["reply"] = reply.code
        if is_arp(frame, 1, m.hoa, m.hoa, m.mac) and frame.src != m.mac and frame.dst == "ff:ff:ff:ff:ff:ff":
            seen["announced"] = True
        return len(seen) == 2
    assert world.home.wait(look), (seen, world.daemon.tail())
    assert seen["reply"] == 0
    world.home.drain()
    world.home.send(ARP(op=1, hwsrc=world.home.mac, psrc=HOST, pdst=m.hoa), "ff:ff:ff:ff:ff:ff")
    assert world.home.wait(lambda f: is_arp(f, 2, m.hoa, HOST), 0.5) is None
    assert world.bindings(m.hoa) == []


def test_who_is_at_home_is_reached_there(world):
    """4.2.3: what the home agent gets for a mobile without a binding goes onto the home link."""
    m = mobile(137)
    world.register(m, flags=D)
    world.register(m, lifetime=0, src=COA)
    world.home.drain()
    world.up(IP(src="10.2.0.77", dst=m.hoa) / UDP(sport=7, dport=PORT) / Raw(b"to his home"))
    asked = world.home.wait(lambda f: is_arp(f, 1, HA, m.hoa) and f)
    assert asked, world.daemon.tail()
    world.home.send(ARP(op=2, hwsrc=m.mac, psrc=m.hoa, hwdst=asked[ARP].hwsrc, pdst=HA), asked.src, m.mac)
    assert world.home.wait(lambda f: f.dst == m.mac and f.haslayer(IP) and f[IP].dst == m.hoa and bytes(f).endswith(b"to his home"))


def test_home_agents_are_discovered_on_the_link(world):
    """3.8.2.1: to the link's broadcast address, directed or not; the refusal names us."""
    m = mobile(131)
    for dst in ("10.1.0.255", "255.255.255.255"):
        world.home.drain()
        packet = m.request(ha="10.1.0.255", dst=dst, src=HOST, lifetime=300)
        world.home.send(packet, "ff:ff:ff:ff:ff:ff")
        got = world.home.wait(lambda f: message_in(f, REPLY))
        assert got and got.code == 136 and got.ha == HA and got.ip.src == HA, world.daemon.tail()


def test_broadcasts_of_the_home_link(world):
    """4.3: co-located as they are, by way of a foreign agent in a packet to the home address; nobody else."""
    col, by_fa, none = mobile(132), mobile(133, FA), mobile(134, COA2)
    world.register(col, flags=D | B)
    world.register(by_fa, flags=B, fa=FA_KEY)
    world.register(none, flags=D)
    world.far.drain()
    world.from_host("10.1.0.255", b"to all of the link", 6000)
    seen = {}

    def look(frame):
        if frame.haslayer(IP) and frame[IP].src == HA and bytes(frame).endswith(b"to all of the link"):
            form, inner = unwrap(frame[IP])
            nested = unwrap(inner)
            seen[frame[IP].dst] = (form, inner.dst, nested[1].dst if nested[0] else None)
        return len(seen) >= 2
    assert world.far.wait(look), (seen, world.daemon.tail())
    assert seen == {COA: ("ipip", "10.1.0.255", None), FA: ("ipip", by_fa.hoa, "10.1.0.255")}
    for m in (col, by_fa):
        world.register(m, lifetime=0, src=COA)


# --- the rest --------------------------------------------------------------------------------------------------------

def test_a_network_moves_with_its_router(world):
    m = mobile(50)
    world.register(m, flags=D | T, before=network("10.50.1.0", 24))
    world.far.drain()
    world.from_host("10.50.1.9", b"to the network")
    got = world.in_tunnel(b"to the network", COA)
    assert got and got[2].dst == "10.50.1.9", world.daemon.tail()
    world.up(wrap("ipip", COA, HA, IP(src="10.50.1.9", dst=HOST) / UDP(sport=7, dport=PORT) / Raw(b"from the network")))
    assert world.at_host(b"from the network") == "10.50.1.9"
    assert world.is_dropped(wrap("ipip", COA, HA, IP(src="10.50.2.9", dst=HOST) / UDP(sport=7, dport=PORT) / Raw(b"not his")), b"not his")


def test_revocations_in_both_directions(world):
    """RFC 3543"""
    m = mobile(135, FA)
    first = stamp() >> 32
    got = world.register(m, flags=T, behind=revocation(first), fa=FA_KEY)
    assert got.get(REVOCATION) and got.is_signed(FA_KEY, FH)
    world.far.drain()
    world.daemon.ctl("drop", m.hoa)
    said = world.far.wait(lambda f: message_in(f, REVOKE))
    assert said and said.is_signed(FA_KEY, FH) and (said.hoa, said.home, said.foreign) == (m.hoa, HA, FA)
    assert said.flags & 0xc000 == 0xc000 and said.ip.dst == FA
    again = world.far.wait(lambda f: message_in(f, REVOKE), 8)     # unanswered: repeated, later
    assert again and again.id > said.id
    ack = FA_KEY.sign(struct.pack("!BBH", REVOKE_ACK, 0, 0x8000) + socket.inet_aton(m.hoa) + struct.pack("!I", again.id), FH)
    world.up(IP(src=FA, dst=HA) / UDP(sport=434, dport=434) / Raw(ack))
    netmod.wait_for(lambda: "revocation-acknowledged" in world.daemon.log.read_text(), 5, "the acknowledgement to be taken")
    # The agent's own.
    second = max(stamp() >> 32, first + 1)
    world.register(m, flags=T, behind=revocation(second), fa=FA_KEY)
    body = struct.pack("!BBH", REVOKE, 0, 0x4000) + b"".join(socket.inet_aton(a) for a in (m.hoa, HA, FA))
    world.far.drain()
    world.up(IP(src=FA, dst=HA) / UDP(sport=4000, dport=434) / Raw(FA_KEY.sign(body + struct.pack("!I", second), FH)))
    world.up(IP(src=FA, dst=HA) / UDP(sport=4000, dport=434) / Raw(FA_KEY.sign(body + struct.pack("!I", second + 1), FH)))
    ack = world.far.wait(lambda f: message_in(f, REVOKE_ACK))
    assert ack and ack.id == second + 1 and ack.is_signed(FA_KEY, FH) and ack.frame[UDP].dport == 4000
    assert world.bindings(m.hoa) == []
    assert world.counters()["revoke-old"] >= 1


def test_a_crash_is_not_noticed_and_the_next_life_knows_all(world):
    m = mobile(136)
    world.register(m, flags=D | T | G)
    before = world.bindings(m.hoa)
    world.passes(m, "gre", COA, b"before")
    world.daemon.kill()
    world.passes(m, "gre", COA, b"while dead")
    world.daemon.start()
    [b] = world.bindings(m.hoa)
    assert b["identification"] == before[0]["identification"] and b["encapsulation"] == "gre"
    world.passes(m, "gre", COA, b"after")
    assert world.ask(m, flags=D, ident=int(before[0]["identification"], 16)).code == 133


# --- recorded sessions -----------------------------------------------------------------------------------------------

CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	static long offset;
	if (!real) {
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
		offset = getenv("CLOCK_OFFSET_S") ? atol(getenv("CLOCK_OFFSET_S")) : 0;
	}
	int rc = real(id, t);
	if (id == CLOCK_REALTIME)
		t->tv_sec += offset;
	return rc;
}
"""
RECORDED = {"ha": "10.0.0.1", "hoa": "192.168.0.5"}


def recorded_messages(name):
    """(requests, replies) of a recording, as UDP payloads with the IP header's addresses and ports."""
    from pathlib import Path
    frames = scapy.rdpcap(str(Path(__file__).parents[1] / "golden" / name))
    messages = [f for f in frames if f.haslayer(UDP) and 434 in (f[UDP].sport, f[UDP].dport) and bytes(f[UDP].payload)[0] in (1, 3)]
    return ([f for f in messages if bytes(f[UDP].payload)[0] == 1], [f for f in messages if bytes(f[UDP].payload)[0] == 3])


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A home agent like the recorded one, whose clock is that of the recording: the first request is of this second."""
    requests, _ = recorded_messages("mipv4-session.pcap")
    (tmp_path / "clock.c").write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "clock.so", tmp_path / "clock.c", "-ldl"], check=True)
    nodes = [topo.Node("ha", forwards=True, loopback=[RECORDED["ha"] + "/32"], routes=[("10.0.1.0/24", "10.15.0.2"), ("10.0.2.0/24", "10.15.0.2")],
                       keys={"mn": b"1234567812345678".hex()},
                       roamd='key "mn" { spi = 256 algorithm = "hmac-md5" file = "{keys}/mn.key" }\n'
                             f'role ha {{ address-v4 = "{RECORDED["ha"]}" home-prefix = {{"192.168.0.0/24"}} uplink = {{"core0"}} reverse-grace = 0 '
                             f'mobile "{RECORDED["hoa"]}" {{ key = "mn" }} }}\n'),
             topo.Node("far")]
    net = netmod.Net(topo.Topology("recorded", nodes, [topo.Cable(topo.Port("far", "eth0", ["10.15.0.2/24"]),
                                                                  topo.Port("ha", "core0", ["10.15.0.1/24"]))]).check())
    net.build()
    recorded_at = struct.unpack("!I", bytes(requests[0][UDP].payload)[16:20])[0] - NTP_1970
    daemon = roamd.Daemon(net, "ha")
    monkeypatch.setenv("LD_PRELOAD", str(tmp_path / "clock.so"))
    monkeypatch.setenv("CLOCK_OFFSET_S", str(recorded_at - int(time.time())))
    daemon.start()
    monkeypatch.delenv("LD_PRELOAD")
    yield net, daemon
    fault = daemon.stop()
    net.close()
    assert not fault, fault


def test_a_recorded_session_plays(recorded):
    """Another implementation's session, replayed by its timing: accepted, and answered byte for byte as its own home agent did."""
    net, daemon = recorded
    wire = Wire(net, "far", "eth0")
    mac = net.lladdr["ha", "core0"]
    requests, replies = recorded_messages("mipv4-session.pcap")
    assert len(requests) == len(replies) == 3
    start, first = time.monotonic(), requests[0].time
    for request, reply in zip(requests, replies):
        netmod.wait_for(lambda at=request.time - first: time.monotonic() - start >= at, 60, "the time of the recorded request")
        wire.drain()
        packet = IP(src=request[IP].src, dst=request[IP].dst, ttl=63) / UDP(sport=request[UDP].sport, dport=434) / Raw(bytes(request[UDP].payload))
        wire.send(packet, mac)
        got = wire.wait(lambda f: message_in(f, REPLY))
        assert got, daemon.tail()
        assert got.message == bytes(reply[UDP].payload)
        assert (got.ip.src, got.ip.dst, got.frame[UDP].sport, got.frame[UDP].dport) == (
            reply[IP].src, reply[IP].dst, reply[UDP].sport, reply[UDP].dport)
        bound = [b["care_of_address"] for b in daemon.show("bindings")]
        assert bound == ([request[IP].src] if struct.unpack("!H", bytes(request[UDP].payload)[2:4])[0] else [])
        wire.send(packet, mac)                                     # the same once more: a replay
        assert wire.wait(lambda f: message_in(f, REPLY)).code == 133
