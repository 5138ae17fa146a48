# SPDX-License-Identifier: BSD-2-Clause
"""The foreign agent alone, between mobiles and home agents that are hand-made (peer4.py: scapy, Python's hmac).

    mn --- acc0 [fa] up0 --- far          mn: mobiles, told apart by link-layer addresses
                                          far: home agents, correspondents, and the Internet's routers

The kernels of mn and far have no part in it but that far's answers ARP, and says what it cannot reach."""
import signal
import struct

import pytest
from roamlab import net as netmod
from roamlab import roamd, topo

peer4 = pytest.importorskip("peer4")
scapy = peer4.scapy
from scapy.all import ARP, ICMP, IP, UDP, Raw  # noqa: E402

FA, COA, PREFIX = "10.2.16.1", "10.2.16.1", "10.2.16.0/24"
HA1, HA2, HA_NOBODY, HA_NO_HOST = "192.0.2.1", "198.51.100.1", "192.0.2.33", "192.0.2.66"
HOA1, HOA2, CN = "10.1.0.100", "10.3.0.100", "203.0.113.9"
MAC1, MAC2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
ALL_HOSTS, AGENTS = "01:00:5e:00:00:01", "01:00:5e:00:00:0b"
KEY_MH = peer4.Key(b"mobile and home agent", 256)
KEY_FH = peer4.Key(bytes.fromhex(topo.key_hex("fa-ha")), 400)
KEY_MF = peer4.Key(bytes.fromhex(topo.key_hex("mn-fa")), 300)
FORMS = {"ipip": 0, "gre": peer4.G, "minimal": peer4.M, "udp": 0}


def conf(more="", keys=True, interface=""):
    text = topo.key_block("fa-ha", 400) + topo.key_block("mn-fa", 300)
    text += f'role fa {{\n  address-v4 = {{"{COA}"}}\n  upstream = {{"up0"}}\n{more}'
    text += f'  home-agent "{HA1}" {{ key = "fa-ha" }}\n' if keys else ""
    return text + f'  interface "acc0" {{ prefix = {{"{PREFIX}"}} ra-interval = 500 {interface} }}\n}}\n'


def network(text):
    nodes = [
        topo.Node("fa", forwards=True, roamd=text, keys={n: topo.key_hex(n) for n in ("fa-ha", "mn-fa")}, routes=[("default", "10.15.1.1")]),
        topo.Node("mn"),
        # What the peers at far speak for goes nowhere in its kernel; one address is there with nobody at the port, one is no host's.
        topo.Node("far", forwards=True, loopback=[HA_NOBODY + "/32"],
                  routes=[(PREFIX, "10.15.1.2"), (f"unreachable {HA_NO_HOST}", None)] + [(f"blackhole {p}", None) for p in (HA1, HA2, CN)]),
    ]
    cables = [topo.Cable(topo.Port("mn", "eth0"), topo.Port("fa", "acc0", [FA + "/24"])),
              topo.Cable(topo.Port("far", "eth0", ["10.15.1.1/24"]), topo.Port("fa", "up0", ["10.15.1.2/24"]))]
    return topo.Topology("foreign-agent", nodes, cables).check()


class Advertisement:
    """An agent advertisement, read by hand."""

    def __init__(self, frame):
        data = bytes(frame[IP].payload)
        self.frame, self.lifetime = frame, struct.unpack("!H", data[6:8])[0]
        at = 8 + data[4] * data[5] * 4
        self.seq = self.flags = self.challenge = None
        self.care_of = []
        while at < len(data):
            kind, size = data[at], data[at + 1] if data[at] else -1
            body = data[at + 2:at + 2 + size]
            if kind == 16:
                self.seq, self.registration, self.flags = struct.unpack("!HHH", body[:6])
                self.care_of = [scapy.inet_ntoa(body[i:i + 4]) for i in range(6, size, 4)]
            if kind == 24:
                self.challenge = body
            at += 2 + size


def advertisement(frame):
    if frame.haslayer(ICMP) and frame[ICMP].type == 9 and frame[IP].proto == 1:
        return Advertisement(frame)
    return None


class Wire(peer4.Wire):
    def wait(self, wanted, seconds=3.0):
        return super().wait(lambda f: wanted(f) or None, seconds)


class Bench:
    def __init__(self, text):
        self.net, self.daemon = netmod.Net(network(text)), None

    def __enter__(self):
        self.net.build()
        self.daemon = roamd.Daemon(self.net, "fa").start()
        self.mn, self.far = Wire(self.net, "mn", "eth0"), Wire(self.net, "far", "eth0")
        self.fa_mac, self.up_mac = self.net.lladdr["fa", "acc0"], self.net.lladdr["fa", "up0"]
        self.packets = 0
        return self

    def __exit__(self, *_):
        fault = self.daemon.stop() if self.daemon.proc else ""
        self.net.close()
        assert not fault, fault

    # --- a mobile ---

    def ask(self, mobile, dst=FA, ttl=255, behind=b"", mf=None, src=None, mac=None, **kw):
        """A request to the foreign agent. behind: extensions behind the mobile's authentication; mf: a key of mobile and foreign agent."""
        m = mobile.message(**kw) + behind
        m = mf.sign(m, peer4.MF) if mf else m
        packet = IP(src=src or mobile.hoa, dst=dst, ttl=ttl) / UDP(sport=1434, dport=434) / Raw(m)
        self.mn.send(packet, AGENTS if dst == "224.0.0.11" else self.fa_mac, mac or mobile.mac)
        return struct.unpack("!Q", m[16:24])[0]

    def answer(self, mobile, seconds=3.0):
        """The reply in a frame to this mobile, or None."""
        return self.mn.wait(lambda f: f.dst == mobile.mac and peer4.message_in(f, peer4.REPLY), seconds)

    def refused(self, mobile, code, **kw):
        ident = self.ask(mobile, **kw)
        got = self.answer(mobile)
        assert got and (got.code, got.id) == (code, ident), got and got.code
        return got

    # --- a home agent ---

    def relayed(self, seconds=3.0):
        """The request that comes out at the other side: (IP packet, message), or None."""
        return self.far.wait(lambda f: f.haslayer(UDP) and f[IP].proto == 17 and f[UDP].dport == 434 and bytes(f[UDP].payload)[:1] == b"\1" and
                             (f[IP], bytes(f[UDP].payload)), seconds)

    def reply(self, ip, message, code=0, lifetime=None, key=KEY_MH, fh=None, behind=b"", ha=None):
        ask = message[:24]
        m = struct.pack("!BB", peer4.REPLY, code) + (ask[2:4] if lifetime is None else struct.pack("!H", lifetime)) + ask[4:12] + ask[16:24]
        m = key.sign(m) + behind
        m = fh.sign(m, peer4.FH) if fh else m
        self.far.send(IP(src=ha or ip.dst, dst=ip.src) / UDP(sport=434, dport=ip[UDP].sport) / Raw(m), self.up_mac)

    def register(self, mobile, behind=b"", fh=KEY_FH, reply_behind=b"", mf=None, code=0, reply=None, **kw):
        """The whole exchange; the reply that the mobile gets."""
        kw.setdefault("flags", 0)
        self.ask(mobile, behind=behind, mf=mf, **kw)
        got = self.relayed()
        assert got, "nothing was relayed"
        self.reply(*got, fh=fh, behind=reply_behind, code=code, lifetime=reply)
        answer = self.answer(mobile)
        assert answer and answer.code == code, answer and answer.code
        return answer

    # --- data ---

    def down(self, number, mobile, form="ipip", ha=None, hoa=None, seconds=2.0, inner=None):
        """Does a packet in a tunnel from the home agent reach the mobile, in a frame to it?"""
        inner = inner or IP(src=CN, dst=hoa or mobile.hoa) / UDP(sport=7, dport=number) / b"down"
        self.far.send(peer4.wrap(form, ha or mobile.agent, COA, inner), self.up_mac)
        got = self.mn.wait(lambda f: f.dst == mobile.mac and f.haslayer(UDP) and f[UDP].dport == number and f, seconds)
        self.packets += got is not None
        return got is not None and (got[IP].src, got[IP].dst) == (CN, hoa or mobile.hoa) and got.src == self.fa_mac

    def up(self, number, mobile, wrapped=False, mac=None, seconds=2.0):
        """How a packet of the mobile comes out: (form or None, outer source, outer destination), or False when it does not."""
        inner = IP(src=mobile.hoa, dst=CN, ttl=64) / UDP(sport=7, dport=number) / b"up"
        self.mn.send(IP(src=mobile.hoa, dst=FA, proto=4) / inner if wrapped else inner, self.fa_mac, mac or mobile.mac)

        def seen(f):
            form, inside = peer4.unwrap(f[IP]) if f.haslayer(IP) else (None, None)
            if inside is None or not inside.haslayer(UDP) or inside[UDP].dport != number:
                return None
            assert (inside.src, inside.dst) == (mobile.hoa, CN)
            return form, f[IP].src, f[IP].dst
        got = self.far.wait(seen, seconds)
        self.packets += got is not None
        return got or False


def mobile1(**kw):
    return peer4.Mobile(HOA1, COA, HA1, KEY_MH, MAC1, **kw)


def mobile2():
    return peer4.Mobile(HOA2, COA, HA2, KEY_MH, MAC2)


@pytest.fixture
def bench(request):
    made = []

    def make(*args, **kw):
        made.append(Bench(conf(*args, **kw)))
        return made[-1].__enter__()
    yield make
    request.node.packets_moved = sum(b.packets for b in made)
    for b in made:
        b.__exit__()


# --- agent discovery ---

@pytest.mark.requirement("H-7")
def test_it_advertises_itself(bench):
    """RFC 5944 2.1, 2.3: periodically, numbers rising by one; at once to who solicits, whatever its address."""
    b = bench()
    heard = [b.mn.wait(lambda f: f.dst == ALL_HOSTS and advertisement(f)) for _ in range(4)]
    assert all(heard)
    assert [a.seq - heard[0].seq for a in heard] == [0, 1, 2, 3]
    one = heard[0]
    assert (one.frame[IP].src, one.frame[IP].dst, one.frame[IP].ttl) == (FA, "224.0.0.1", 1)
    assert one.care_of == [COA] and one.registration == 1800
    assert one.flags == 0x1000 | 0x0800 | 0x0400 | 0x0100 | 0x0040  # F, M, G, T, X
    solicitation = IP(src="172.16.9.9", dst="224.0.0.2", ttl=1) / ICMP(type=10)
    b.mn.send(solicitation, "01:00:5e:00:00:02", MAC1)
    got = b.mn.wait(lambda f: f.dst == MAC1 and advertisement(f))
    assert got and got.frame[IP].dst == "172.16.9.9" and got.seq > heard[-1].seq
    b.packets += len(heard) + 1


# --- data in each form ---

@pytest.mark.requirement("H-7")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("style", ["routed", "direct", "encapsulating"])
def test_each_delivery_style_carries_data(bench, style, form):
    """RFC 5944 4.2.2, RFC 3024 5.1, 5.2, 5.4, RFC 3519: down and up, before, while and after the mobile is registered."""
    b = bench('  udp-tunnel = "on"\n' if form == "udp" else "")
    m = mobile1()
    assert not b.down(900, m, form, seconds=0.5)
    assert not b.up(900, m, seconds=0.5)                                      # a source that is nobody's here
    flags = FORMS[form] | (0 if style == "routed" else peer4.T)
    delivery = peer4.ext(peer4.DELIVERY, b"") if style == "encapsulating" else b""
    udp_reply = peer4.ext(peer4.UDP_REPLY, struct.pack("!BBHH", 0, 0, 0, 60)) if form == "udp" else b""
    b.register(m, behind=delivery, reply_behind=udp_reply, flags=flags)
    assert b.down(901, m, form)
    assert b.down(907, m) == (form != "udp")                                  # RFC 3519 4.7: then in UDP alone
    bare, tunnel = (None, HOA1, CN), (form, COA, HA1)
    assert b.up(902, m) == (tunnel if style == "direct" else bare)
    if style == "encapsulating":
        assert b.up(903, m, wrapped=True) == tunnel
    assert not b.up(904, m, mac=MAC2, seconds=0.5)                            # its address from another station
    b.register(m, flags=flags, lifetime=0, fh=None)
    assert not b.down(905, m, form, seconds=0.5)
    assert not b.up(906, m, seconds=0.5)


@pytest.mark.requirement("H-7")
def test_data_right_behind_the_reply(bench):
    """While the home agent is asked nothing is delivered, so asking in another's place brings nobody its packets. What comes right behind the
    reply is delivered all the same, also when both are there before the agent has read either."""
    b = bench()
    m = mobile1()
    b.ask(m, flags=peer4.T)
    got = b.relayed()
    assert not b.down(915, m, seconds=0.3) and not b.up(916, m, seconds=0.3) and not b.up(917, m, wrapped=True, seconds=0.3)
    b.reply(*got, code=130, fh=KEY_FH)
    assert b.answer(m).code == 130
    assert not b.down(918, m, seconds=0.3)
    b.ask(m, flags=peer4.T)
    got = b.relayed()
    b.daemon.proc.send_signal(signal.SIGSTOP)
    try:
        b.reply(*got, fh=KEY_FH)
        b.far.send(peer4.wrap("ipip", HA1, COA, IP(src=CN, dst=m.hoa) / UDP(sport=7, dport=919) / b"down"), b.up_mac)
        b.far.send(peer4.wrap("gre", HA1, COA, IP(src=CN, dst=m.hoa) / UDP(sport=7, dport=920) / b"down"), b.up_mac)
    finally:
        b.daemon.proc.send_signal(signal.SIGCONT)
    late = [b.mn.wait(lambda f: f.dst == m.mac and f.haslayer(UDP) and f[UDP].dport == port and f) for port in (919, 920)]
    assert all(late)
    b.packets += len(late)


@pytest.mark.requirement("H-7")
def test_tunnels_are_opened_for_visitors_alone(bench):
    """RFC 5944 4.2.2: nobody's packets are neither forwarded nor complained about."""
    b = bench()
    m, other = mobile1(), mobile2()
    b.register(m)
    b.far.drain()
    assert not b.down(910, m, hoa=HOA2, seconds=0.3)                          # no visitor
    assert not b.down(911, m, ha=HA2, seconds=0.3)                            # not its home agent
    b.far.send(IP(src=HA1, dst=COA, proto=4) / IP(src=CN, dst="203.0.113.77") / UDP(sport=7, dport=912) / b"stray", b.up_mac)
    assert b.down(913, m)
    back = b.far.wait(lambda f: (f.haslayer(ICMP) or (f.haslayer(UDP) and f[UDP].dport in (910, 911, 912))) and f, 0.3)
    assert back is None, back and back.summary()
    assert b.up(914, other, seconds=0.3) is False


@pytest.mark.requirement("H-7")
def test_nested_broadcast_is_delivered_unopened(bench):
    """RFC 5944 3.6.1.2, 4.3: what was broadcast at home comes to the mobile in its inner tunnel, in a frame to it alone."""
    b = bench()
    m = mobile1()
    b.register(m, flags=peer4.B)
    broadcast = IP(src="10.1.0.7", dst="255.255.255.255") / UDP(sport=7, dport=920) / b"hear ye"
    nested = IP(src=HA1, dst=HOA1, proto=4) / broadcast
    b.far.send(IP(src=HA1, dst=COA, proto=4) / nested, b.up_mac)
    got = b.mn.wait(lambda f: f.haslayer(UDP) and f[UDP].dport == 920 and f, 2)
    assert got and got.dst == MAC1 and (got[IP].src, got[IP].dst, got[IP].proto) == (HA1, HOA1, 4)
    b.packets += 1


@pytest.mark.requirement("H-7")
def test_visitors_are_never_asked_for_by_arp(bench):
    """RFC 5944 4.2.2: nor answered for."""
    b = bench()
    m = mobile1()
    b.register(m, flags=peer4.T)
    b.mn.drain()
    for number in range(930, 935):
        assert b.down(number, m)
    assert b.up(935, m)
    b.mn.send(ARP(op=1, hwsrc=MAC2, psrc="10.2.16.9", pdst=HOA1), "ff:ff:ff:ff:ff:ff", MAC2)
    said = b.mn.wait(lambda f: f.haslayer(ARP) and HOA1 in (f[ARP].psrc, f[ARP].pdst) and f, 0.5)
    assert said is None, said and said.summary()


@pytest.mark.requirement("H-7")
def test_several_home_agents(bench):
    """Visitors of two home agents, one of which shares a key with the agent, each with its own tunnel."""
    b = bench()
    one, two = mobile1(), mobile2()
    b.register(one, flags=peer4.T)
    b.register(two, flags=peer4.T | peer4.G, fh=None)
    assert b.down(940, one) and b.down(941, two)
    assert b.up(942, one) == ("ipip", COA, HA1)
    assert b.up(943, two) == ("gre", COA, HA2)
    assert {(r["home_address"], r["home_agent"]) for r in b.daemon.show("visitors")} == {(HOA1, HA1), (HOA2, HA2)}
    b.refused(peer4.Mobile(HOA1, COA, HA2, KEY_MH, MAC2), 65, flags=0)        # an address that is taken, of another home network


# --- registration ---

def test_refusals(bench):
    """RFC 5944 3.7.2, RFC 3024 4.2.1: each code, sent to the station that asked."""
    b = bench('  registration-lifetime = 600\n  pending-time = 500\n', keys=False)
    for i, (code, kw) in enumerate([
            (69, {"lifetime": 601}), (70, {"flags": 0x04}), (70, {"auth": False}), (77, {"coa": "10.2.16.77"}), (65, {"flags": peer4.D}),
            (76, {"flags": peer4.T, "ttl": 254}), (194, {"ha": FA}), (96, {"hoa": "0.0.0.0", "src": "0.0.0.0"}), (78, {}),
            (82, {"ha": HA_NOBODY}), (81, {"ha": HA_NO_HOST}), (67, {"mf": KEY_MF})]):
        m = peer4.Mobile(f"10.1.0.{150 + i}", COA, HA1, KEY_MH, f"02:00:00:00:bb:{i:02x}")
        kw.setdefault("flags", 0)
        got = b.refused(m, code, **kw)
        assert got.frame[IP].src == FA and got.frame[UDP].dport == 1434
    assert not b.daemon.show("visitors")


@pytest.mark.requirement("H-7", "H-10")
def test_authentication_on_both_sides(bench):
    """RFC 5944 3.7.2.1, 3.7.3.1: nothing passes that is not authentic where a key is shared."""
    b = bench(f'  mobile "{HOA1}" {{ key = "mn-fa" }}\n')
    m = mobile1()
    b.refused(m, 67, flags=0)
    got = b.register(m, mf=KEY_MF)
    assert got.is_signed(KEY_MF, peer4.MF) and got.is_signed(KEY_MH) and not got.get(peer4.FH)

    def forged():
        b.ask(m, mf=KEY_MF, flags=0)
        ip, message = b.relayed()
        kinds = [k for k, _, _ in peer4.extensions(message[24:])]
        assert kinds == [peer4.MH, peer4.REVOCATION, peer4.FH]
        b.reply(ip, message, fh=None)
        return b.answer(m, 0.3)
    assert netmod.wait_for(forged, 5, "a refusal").code == 68                 # one a second
    assert b.down(950, m)                                                     # the visit from before goes on


@pytest.mark.requirement("H-7", "H-10")
def test_challenge(bench):
    """RFC 4721: a request has to bring a fresh one, which its authenticator covers."""
    b = bench(f'  challenge = true\n  mobile "{HOA1}" {{ key = "mn-fa" }}\n')
    m = mobile1()
    value = b.mn.wait(lambda f: f.dst == ALL_HOSTS and advertisement(f)).challenge
    assert len(value) == 16
    missing = b.refused(m, 105, flags=0, mf=KEY_MF)
    assert len(missing.get(peer4.CHALLENGE)[0]) == 16
    value = missing.get(peer4.CHALLENGE)[0]
    b.register(m, mf=KEY_MF, behind=peer4.ext(peer4.CHALLENGE, value))
    assert b.down(960, m)
    netmod.wait_for(lambda: b.ask(m, flags=0, mf=KEY_MF, behind=peer4.ext(peer4.CHALLENGE, value)) and
                    (got := b.answer(m, 0.4)) and got.code in (104, 106), 5, "the used challenge to be refused")


@pytest.mark.requirement("H-7", "H-10")
def test_revocation_by_the_home_agent(bench):
    """RFC 3543 4.2.2: data ends, the mobile is told by an advertisement of its own, the home agent is answered."""
    b = bench()
    m = mobile1()
    now = peer4.stamp() >> 32
    b.register(m, flags=peer4.T, reply_behind=peer4.revocation(now))
    assert b.down(970, m)

    def revoke(ident, key=KEY_FH, agent=0x8000):
        message = struct.pack("!BBH", peer4.REVOKE, 0, agent | 0x4000) + b"".join(map(peer4.packed, (HOA1, HA1, COA))) + struct.pack("!I", ident)
        b.far.send(IP(src=HA1, dst=COA) / UDP(sport=434, dport=434) / Raw(key.sign(message, peer4.FH)), b.up_mac)

    def acknowledged(seconds):
        return b.far.wait(lambda f: peer4.message_in(f, peer4.REVOKE_ACK), seconds)

    for wrong in ({"ident": now}, {"ident": now + 1, "key": KEY_MF}, {"ident": now + 1, "agent": 0}):
        revoke(**wrong)
    assert acknowledged(0.3) is None and b.down(971, m)
    b.mn.drain()
    revoke(now + 1)
    got = acknowledged(3)
    assert got and got.id == now + 1 and got.hoa == HOA1 and got.is_signed(KEY_FH, peer4.FH)
    told = b.mn.wait(lambda f: f.dst == MAC1 and advertisement(f))
    assert told and told.seq == 0 and told.frame[IP].dst == HOA1
    assert not b.down(972, m, seconds=0.3) and not b.up(973, m, seconds=0.3)
    revoke(now + 2)                                                           # ours was lost, as it seems: told again
    assert acknowledged(3).id == now + 2
    b.register(m, flags=peer4.T)
    assert b.down(974, m)


@pytest.mark.requirement("H-7", "H-10")
def test_revocation_by_the_foreign_agent(bench):
    """RFC 3543 4.2.3: the home agent is told until it acknowledges."""
    b = bench()
    m = mobile1()
    b.register(m, flags=peer4.T, reply_behind=peer4.revocation(peer4.stamp() >> 32))
    assert b.down(980, m)
    b.daemon.ctl("drop", HOA1)
    first = b.far.wait(lambda f: peer4.message_in(f, peer4.REVOKE))
    assert first.is_signed(KEY_FH, peer4.FH) and (first.hoa, first.home, first.foreign) == (HOA1, HA1, COA)
    assert not first.flags & 0x8000 and first.flags & 0x4000                  # not as a home agent; its choice whether the mobile is told
    assert not b.down(981, m, seconds=0.3)
    again = b.far.wait(lambda f: peer4.message_in(f, peer4.REVOKE))
    assert again.id > first.id
    message = KEY_FH.sign(struct.pack("!BBH", peer4.REVOKE_ACK, 0, 0x8000) + peer4.packed(HOA1) + struct.pack("!I", again.id), peer4.FH)
    b.far.send(IP(src=HA1, dst=COA) / UDP(sport=434, dport=434) / Raw(message), b.up_mac)
    told = b.mn.wait(lambda f: f.dst == MAC1 and advertisement(f))
    assert told and told.seq == 0
    assert not b.daemon.show("visitors")


# --- what does not last ---

@pytest.mark.requirement("H-7")
def test_restart_keeps_visitors(bench):
    """Killed, data goes on; restarted, the sequence begins anew (RFC 5944 2.3.2) and the visitor is known."""
    b = bench()
    m = mobile1()
    b.register(m, flags=peer4.T)
    b.daemon.kill()
    assert b.down(990, m) and b.up(991, m) == ("ipip", COA, HA1)
    b.mn.drain()
    b.daemon.start()
    first = b.mn.wait(lambda f: f.dst == ALL_HOSTS and advertisement(f))
    assert first.seq == 0
    assert [r["home_address"] for r in b.daemon.show("visitors")] == [HOA1]
    assert b.down(992, m) and b.up(993, m) == ("ipip", COA, HA1)


@pytest.mark.requirement("H-7")
def test_busy(bench):
    """B while nobody new is taken; who is there stays and may renew."""
    b = bench()
    one, two = mobile1(), mobile2()
    b.register(one)
    b.daemon.ctl("busy", "on")
    assert b.mn.wait(lambda f: f.dst == ALL_HOSTS and (a := advertisement(f)) and a.flags & 0x4000)
    b.refused(two, 66, flags=0)
    b.register(one)
    assert b.down(995, one)
    b.daemon.ctl("busy", "off")
    b.register(two, fh=None)
    assert b.down(996, two)


@pytest.mark.requirement("H-7")
def test_a_visit_ends_with_its_lifetime(bench):
    b = bench()
    m = mobile1()
    b.register(m, flags=peer4.T, lifetime=3, reply=2)
    assert b.down(997, m)
    netmod.wait_for(lambda: not b.daemon.show("visitors"), 6, "the visit to end")
    assert not b.down(998, m, seconds=0.3) and not b.up(999, m, seconds=0.3)
    assert b.relayed(0.3) is None                                             # 3.7: nothing is said about it
