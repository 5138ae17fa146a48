# SPDX-License-Identifier: BSD-2-Clause
"""Our foreign agent and our home agent with a key between them, and a router, which may translate addresses; the mobile and its
correspondent are hand-made (peer4.py).

    mn --- acc0 [fa] up0 --- in0 [nat] out0 --- core0 [ha] cn0 --- cn"""
import shutil

import pytest
from roamlab import net as netmod
from roamlab import roamd, topo

peer4 = pytest.importorskip("peer4")
from scapy.all import ICMP, IP, UDP, Raw  # noqa: E402

FA, HA, HOA, CN, NAT = "10.2.16.1", "192.0.2.1", "10.1.0.100", "10.12.0.2", "192.0.2.2"
MAC = "02:00:00:00:aa:01"
KEY_MH = peer4.Key(bytes.fromhex(topo.key_hex("mn1")), 256)
RULES = "add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }; add rule ip nat out oifname out0 masquerade"
KEYS = {n: topo.key_hex(n) for n in ("fa-ha", "mn1")}


def network(more):
    fa = topo.key_block("fa-ha", 400) + f'role fa {{\n  address-v4 = {{"{FA}"}}\n  upstream = {{"up0"}}\n{more}'
    fa += f'  home-agent "{HA}" {{ key = "fa-ha" }}\n  interface "acc0" {{ prefix = {{"10.2.16.0/24"}} ra-interval = 500 }}\n}}\n'
    ha = topo.key_block("fa-ha", 400) + topo.key_block("mn1", 256)
    ha += f'role ha {{\n  address-v4 = "{HA}"\n  home-prefix = {{"10.1.0.0/24"}}\n  uplink = {{"core0", "cn0"}}\n  udp-keepalive = 10\n'
    ha += f'  mobile "{HOA}" {{ key = "mn1" }}\n'
    ha += "".join(f'  foreign-agent "{a}" {{ key = "fa-ha" }}\n' for a in (FA, NAT)) + "}\n"
    nodes = [
        topo.Node("fa", forwards=True, roamd=fa, keys=KEYS, routes=[("default", "10.15.1.1")]),
        topo.Node("nat", forwards=True, routes=[("10.2.16.0/24", "10.15.1.2"), ("default", HA)]),
        topo.Node("ha", forwards=True, roamd=ha, keys=KEYS, routes=[("10.2.16.0/24", NAT), ("10.15.1.0/24", NAT)]),
        topo.Node("mn"), topo.Node("cn"),
    ]
    cables = [topo.Cable(topo.Port("mn", "eth0"), topo.Port("fa", "acc0", [FA + "/24"])),
              topo.Cable(topo.Port("nat", "in0", ["10.15.1.1/24"]), topo.Port("fa", "up0", ["10.15.1.2/24"])),
              topo.Cable(topo.Port("nat", "out0", [NAT + "/24"]), topo.Port("ha", "core0", [HA + "/24"])),
              topo.Cable(topo.Port("cn", "eth0", ["10.12.0.3/24"]), topo.Port("ha", "cn0", ["10.12.0.1/24"]))]
    return topo.Topology("agents", nodes, cables).check()


class Wire(peer4.Wire):
    def wait(self, wanted, seconds=3.0):
        return super().wait(lambda f: wanted(f) or None, seconds)


class Bench:
    def __init__(self, more="", translates=False):
        self.net, self.daemons = netmod.Net(network(more)), {}
        self.translates, self.packets = translates, 0
        self.mobile = peer4.Mobile(HOA, FA, HA, KEY_MH, MAC)

    def __enter__(self):
        self.net.build()
        if self.translates:
            self.net.run("nat", "nft", RULES)
        self.daemons = roamd.start_all(self.net)
        self.mn, self.cn, self.out = Wire(self.net, "mn", "eth0"), Wire(self.net, "cn", "eth0"), Wire(self.net, "ha", "core0")
        self.fa_mac, self.cn_mac = self.net.lladdr["fa", "acc0"], self.net.lladdr["ha", "cn0"]
        return self

    def __exit__(self, *_):
        faults = [f for d in self.daemons.values() if d.proc and (f := d.stop())]
        self.net.close()
        assert not faults, faults

    def register(self, lifetime=300, flags=peer4.T):
        m = self.mobile.message(flags=flags, lifetime=lifetime, coa=FA)
        self.mn.send(IP(src=HOA, dst=FA, ttl=255) / UDP(sport=1434, dport=434) / Raw(m), self.fa_mac, MAC)
        got = self.mn.wait(lambda f: f.dst == MAC and peer4.message_in(f, peer4.REPLY))
        assert got and got.is_signed(KEY_MH), got
        return got.code

    def down(self, number, seconds=2.0):
        """From the correspondent to the mobile; the form of its tunnel as it arrives from the home agent's network, or None."""
        packet = IP(src=CN, dst=HOA) / UDP(sport=7, dport=number) / b"down"
        self.cn.send(packet, self.cn_mac)
        got = self.mn.wait(lambda f: f.dst == MAC and f.haslayer(UDP) and f[UDP].dport == number and f, seconds)
        self.packets += got is not None
        return got is not None

    def up(self, number, seconds=2.0):
        """From the mobile: what carried it, seen before the home agent, once it reached the correspondent; None if it did not."""
        self.out.drain()
        self.mn.send(IP(src=HOA, dst="10.12.0.3") / UDP(sport=7, dport=number) / b"up", self.fa_mac, MAC)
        got = self.cn.wait(lambda f: f.haslayer(UDP) and f[UDP].dport == number and f, seconds)
        if got is None:
            return None
        assert got[IP].src == HOA
        self.packets += 1
        form = self.out.wait(lambda f: (t := peer4.unwrap(f[IP]) if f.haslayer(IP) else (None, None))[0] and t[1].haslayer(UDP) and
                             t[1][UDP].dport == number and (t[0], f[IP].src))
        return form


@pytest.fixture
def bench(request):
    made = []

    def make(*args, **kw):
        made.append(Bench(*args, **kw))
        return made[-1].__enter__()
    yield make
    request.node.packets_moved = sum(b.packets for b in made)
    for b in made:
        b.__exit__()


@pytest.mark.requirement("H-7", "H-10")
@pytest.mark.parametrize("flags, form", [(0, "ipip"), (peer4.G, "gre"), (peer4.M, "minimal")])
def test_registered_through_both(bench, flags, form):
    b = bench()
    assert b.register(flags=peer4.T | flags) == 0
    assert b.down(800) and b.up(801) == (form, FA)
    visitor, binding = b.daemons["fa"].show("visitors")[0], b.daemons["ha"].show("bindings")[0]
    assert visitor["home_address"] == binding["home_address"] == HOA and visitor["revocation"]
    assert b.register(lifetime=0) == 0
    assert not b.daemons["fa"].show("visitors") and not b.down(802, 0.3)


@pytest.mark.requirement("H-7")
@pytest.mark.skipif(not shutil.which("nft"), reason="Debian's package nftables is not installed")
def test_behind_a_nat(bench):
    """RFC 3519: the kernel's NAT between the agents. Home agent and foreign agent put the tunnel into UDP, and the foreign agent keeps it open."""
    b = bench('  udp-tunnel = "on"\n', translates=True)
    assert b.register() == 0
    assert b.down(810) and b.up(811) == ("udp", NAT)
    assert b.daemons["fa"].show("visitors")[0]["udp_tunnel"]
    kept = b.out.wait(lambda f: (t := peer4.unwrap(f[IP]) if f.haslayer(IP) else (None, None))[0] == "udp" and t[1].haslayer(ICMP) and
                      t[1][ICMP].type == 8 and f, 30)
    assert kept and kept[IP].src == NAT
    assert b.down(812)


@pytest.mark.requirement("H-7", "H-10")
@pytest.mark.parametrize("revoker, other", [("ha", "fa"), ("fa", "ha")])
def test_revocation_both_ways(bench, revoker, other):
    """RFC 3543: what one ends, the other ends too, and the mobile is told."""
    b = bench()
    assert b.register() == 0
    assert b.down(820) and b.up(821)
    b.mn.drain()
    b.daemons[revoker].ctl("drop", HOA)
    told = b.mn.wait(lambda f: f.dst == MAC and f.haslayer(ICMP) and f[ICMP].type == 9 and f)
    assert told
    netmod.wait_for(lambda: not b.daemons["ha"].show("bindings") and {r["state"] for r in b.daemons["fa"].show("visitors")} <= {"revoked"}, 5,
                    "both to have ended it")
    assert not b.down(822, 0.3) and b.up(823, 0.3) is None
    assert b.register() == 0
    assert b.down(824) and b.up(825)
