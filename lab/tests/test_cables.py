# SPDX-License-Identifier: BSD-2-Clause
"""Networks of the laboratory on this kernel: delay, moves, clean-up. Needs root."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

LAB = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LAB))

from roamlab import net, netns, order, topo, witness  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def settle(n):
    """An ordinary host in cell1, with an address of that link in each family."""
    netns.sysctl(n.ns("mn"), {"net/ipv6/conf/w0/accept_dad": 0, "net/ipv6/conf/w0/accept_ra": 0})
    n.plug("mn", "w0", "cell1")
    for family, facts in n.topo.facts["families"].items():
        router, _, bits = next(a for a in n.topo.cell("cell1").router.addresses if topo.family_of(a) == family).partition("/")
        facts["home_address"] = router + "00"   # its last number is 1
        n.run("mn", "ip", f"-{family[3]}", "addr", "add", f"{router}00/{bits}", "dev", "w0")
        n.run("mn", "ip", f"-{family[3]}", "route", "add", "default", "via", router)


@pytest.mark.parametrize("family", ["ipv6", "ipv4"])
def test_cable_keeps_its_delay_and_loses_nothing(family):
    with net.Net(topo.plain(backbone_delay_us=10000, family=family)) as n:
        settle(n)
        flow = witness.Flow(n, 1000, family=family)
        flow.wait_flowing()
        begin = int(flow.mobile.lines[-1][0])
        net.wait_for(lambda: flow.mobile.received > 1500, 10, "1,500 packets")
        end = int(flow.mobile.lines[-1][0]) - 100_000_000
        for direction in flow.finish():
            c = direction.count(begin, end)
            assert (c.lost, c.doubled, c.reordered) == (0, 0, 0)
            assert 10_000_000 <= direction.transit_ns() < 11_000_000


TALK = """
import sys
from scapy.all import *
from scapy.contrib.igmpv3 import IGMPv3, IGMPv3gr, IGMPv3mr
home, router, agent = "10.2.17.100", "10.2.17.1", "10.1.0.1"
request = UDP(sport=434, dport=434) / Raw(bytes([1, 0, 0, 60]) + bytes(20))
bare = IP(src=home, dst=agent) / request
data = IP(src=home, dst="10.12.0.2") / UDP(sport=9, dport=9) / Raw(b"x" * 30)
report = IP(src=home, dst="224.0.0.22", options=[IPOption_Router_Alert()]) / IGMPv3(type=0x22) / IGMPv3mr(records=[IGMPv3gr(rtype=5, maddr="232.1.2.3", srcaddrs=["10.2.0.1"], numsrc=1)], numgrp=1)
over_udp = UDP(sport=434, dport=434) / Raw(bytes([4, 4, 0, 0]))
packets = [bare, report, IP(src=home, dst=agent) / ICMP(), IP(src=home, dst=agent) / bare, IP(src=home, dst=agent) / GRE(proto=0x800) / bare,
           IP(src=home, dst=agent) / GRE(proto=0x800, key_present=1, key=7) / bare, IP(src=home, dst=agent) / over_udp / bare,
           data, IP(src=home, dst=agent) / data, IP(src=home, dst=agent) / GRE(proto=0x800, seqnum_present=1) / data,
           IP(src=home, dst=agent) / over_udp / data,
           IP(src="10.2.17.9", dst=agent, proto=55) / Raw(bytes([17, 0x80, 0, 0]) + bytes([10, 12, 0, 2, 10, 2, 17, 100]) + bytes(data[UDP]))]
mac = sys.argv[1]
sendp([Ether(dst=mac) / p for p in packets] + [Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, psrc=home, pdst=router)], iface="w0", verbose=0)
"""


def test_witnesses_of_ipv4():
    """Control messages bare and in tunnels by the tap, and not what is data; how data travels by the tally, of every tunnel of Mobile IPv4."""
    with net.Net(topo.plain(family="ipv4")) as n:
        settle(n)
        tap, tally = witness.Tap(n, "ar1", ["acc0"]), witness.Tally(n, "ar1", ["acc0"])
        n.run("mn", "/usr/bin/python3", "-c", TALK, n.lladdr["ar1", "acc0"])
        net.wait_for(lambda: any(m.cls == "arp" and m.src == "10.2.17.100" and m.dst == "10.2.17.1" for m in tap.messages()), 10, "the last message")
        tap.stop()
        kinds = [k for k in tally.kinds() if k.direction == "in"]
    heard = [(m.cls, m.type, m.dst, m.depth) for m in tap.messages() if m.direction == "in" and m.src == "10.2.17.100" and m.cls != "arp"]
    assert heard == [("mip", 1, "10.1.0.1", 0), ("igmp", 0x22, "224.0.0.22", 0), ("icmp4", 8, "10.1.0.1", 0),
                     *[("mip", 1, "10.1.0.1", 1)] * 3]
    report = next(m for m in tap.messages() if m.cls == "igmp" and m.dst == "224.0.0.22" and "e8010203" in m.data.hex())
    assert order._wishes(report.data, 4) == ["join"]
    inner = {(k.proto, k.inner_proto) for k in witness.of_kind(kinds, dst="10.1.0.1", inner_src="10.2.17.100", inner_dst="10.12.0.2")}
    assert inner == {(4, 17), (47, 17), (17, 17), (55, 17)}
    assert witness.total(kinds, dst="10.12.0.2", proto=17, inner_src=None) == 1


@pytest.mark.parametrize("family", ["ipv6", "ipv4"])
def test_tcp_of_either_family(family):
    """A transfer and a typist, as in the demo."""
    with net.Net(topo.plain(family=family)) as n:
        settle(n)
        home, cn = (n.topo.facts["families"][family][k] for k in ("home_address", "correspondent"))

        def stream(node, *argv):
            return net.start_ready(n.ns(node), [net.TOOLS / "stream", *argv])
        ends = [stream("mn", "bulk-take", "--bind", home, "--port", 9100, "--log", n.dir / "bulk"), stream("cn", "echo", "--bind", cn, "--port", 9101)]
        ends += [stream("cn", "bulk-send", "--bind", cn, "--peer", home, "--port", 9100),
                 stream("mn", "keys", "--bind", home, "--peer", cn, "--port", 9101, "--log", n.dir / "keys")]
        time.sleep(0.7)   # how long there is traffic; nothing is measured
        for end in ends:
            net.stop(end)
            end.stdout.close()
        assert sum(int(line.split()[1]) for line in (n.dir / "bulk").read_text().splitlines()) > 100_000
        assert len((n.dir / "keys").read_text().splitlines()) > 3


def test_ingress_filters_of_both_families():
    """The backbone refuses and counts what a site does not own, and lets its own pass."""
    forge = ("import sys; from scapy.all import *; ip = IPv6 if ':' in sys.argv[2] else IP; "
             "sendp([Ether(dst=sys.argv[1]) / ip(src=sys.argv[2], dst=sys.argv[3]) / UDP(dport=6666)] * 5, iface='core0', verbose=0)")
    t = topo.figures(topo.A, family="dual")
    for node in t.nodes:
        node.roamd = ""
    with net.Net(t) as n:
        tally = witness.Tally(n, "cn")
        own = [a.partition("/")[0] for a in topo.A.cable(1, 1)]
        for source, target in ((topo.HOME_ADDRESS, topo.CORRESPONDENT), (own[0], topo.CORRESPONDENT),
                               (topo.HOME_ADDRESS4, topo.CORRESPONDENT4), (own[1], topo.CORRESPONDENT4)):
            n.run("mma1", "/usr/bin/python3", "-c", forge, n.lladdr["core", "mma1"], source, target)
        net.wait_for(lambda: (n.refused("core", "mma1"), n.refused4("core")) == (5, 5), 10, "five of each refused")
        kinds = tally.kinds()
        assert witness.total(kinds, src=own[0], direction="in", proto=17) == witness.total(kinds, src=own[1], direction="in", proto=17) == 5
        assert not witness.of_kind(kinds, src=lambda a: a in (topo.HOME_ADDRESS, topo.HOME_ADDRESS4))


def test_move_is_seen_as_carrier_lost_and_found():
    with net.Net(topo.plain()) as n:
        settle(n)
        carrier = witness.Carrier(n)
        n.unplug("mn", "w0")
        net.wait_for(lambda: ["w0", "down"] in [line[1:] for line in carrier.lines], 5, "the carrier to be lost")
        lost = int(carrier.lines[-1][0])
        n.plug("mn", "w0", "cell2")
        net.wait_for(lambda: carrier.up_after("w0", lost), 5, "the carrier to be found")


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(sig):
    """Whatever ends the laboratory, its namespaces, processes and files go."""
    program = "from roamlab import net, topo; n = net.Net(topo.plain()); n.build(); print(n.id, flush=True); import time; time.sleep(60)"
    proc = subprocess.Popen([sys.executable, "-B", "-c", program], stdout=subprocess.PIPE, text=True, cwd=LAB)
    lab = proc.stdout.readline().strip()
    assert list(pathlib.Path("/run/netns").glob(f"{lab}-*"))
    proc.send_signal(sig)
    proc.wait()
    proc.stdout.close()
    net.wait_for(lambda: not list(pathlib.Path("/run/netns").glob(f"{lab}-*")) and not (net.RUN / lab).exists(), 10, "the clean-up")
