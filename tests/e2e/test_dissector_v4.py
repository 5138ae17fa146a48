# SPDX-License-Identifier: BSD-2-Clause
"""What tshark says of everything that a journey over Mobile IPv4 puts on its links."""
import subprocess

import pytest
from roamlab import netns, topo, tour
from roamlab.net import stop

# Of what carries signalling: nothing malformed, no warning, no bad checksum. That a home agent answers for a mobile's address is what it is for.
# (Errors of the kernels, about what came before there was a receiver, quote checksums that were left to the device.)
BAD = ("(mip || (icmp && icmp.type!=3) || igmp || arp || mipv6) && !arp.duplicate-address-detected && "
       "(_ws.malformed || _ws.expert.severity>=warning || icmp.checksum.status==0 || igmp.checksum.status==0 || "
       "(mip && (udp.checksum.status==0 || ip.checksum.status==0)))")
# What must have been there, or the journey shows nothing.
SEEN = {"request": "mip.type==1", "reply": "mip.type==3", "to leave": "mip.type==1 && mip.life==0", "advertisement": "icmp.type==9",
        "agent advertisement": "icmp.mip.type==16", "solicitation": "icmp.type==10", "membership": "igmp.type==0x22",
        "between agents": "ip.proto==135", "gratuitous ARP": "arp.src.proto_ipv4==arp.dst.proto_ipv4"}
NODES = {"mn": ("w0", "w1"), "ha": ("core0", "home0"), "mma1": ("core0", "d1"), "mma2": ("core0", "d1"), "ar-n1": ("core0", "acc0")}


def capture(world, node, names):
    path = world.net.dir / f"{node}.pcapng"
    proc = netns.popen(world.net.ns(node), ["dumpcap", "-q", *[w for i in names for w in ("-i", i)], "-w", path], stderr=subprocess.DEVNULL)
    world.wait(lambda: path.exists() and path.stat().st_size, f"a capture on {node}")
    return path, proc


def read(path, display_filter):
    return subprocess.run(["tshark", "-n", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-r", path, "-Y", display_filter],
                          stdin=subprocess.DEVNULL, text=True, capture_output=True, check=True).stdout


@pytest.mark.requirement("H-7")
def test_tshark_reads_a_journey(make_world):
    """Home, a site, another site, a network with a foreign agent, home: both kinds of agents, agents with each other, memberships, ARP."""
    world = make_world(tour.network(topo.A, topo.B, cn=False, no_mma=True, family="ipv4", routers=1))
    captures = [capture(world, node, names) for node, names in NODES.items()]
    world.be_home()
    world.wait_state("home")
    flow = world.start_flow(100)
    flow.wait_flowing(15)
    for cell in ("a1", "b1", "n1", "home"):
        world.move(cell, 20)
        world.wait_state(tour.STATES.get(cell, "away-site"))
        flow.wait_flowing(15)
    world.finish_flow(flow)
    for _, proc in captures:
        stop(proc)
    missing = dict(SEEN)
    for path, _ in captures:
        bad = read(path, BAD)
        assert not bad, f"{path.name}:\n{bad}"
        missing = {name: words for name, words in missing.items() if not read(path, words)}
    assert not missing
