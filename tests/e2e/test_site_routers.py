# SPDX-License-Identifier: BSD-2-Clause
"""The site's own routers, access routers and agent: killed and restarted under traffic, refreshed, and lied to by a
station on an access link."""

import pytest
from roamlab import netns
from roamlab.world import QUICK

from test_site import abroad

FORGE = """
import sys
from scapy.all import *
kind, group, source = int(sys.argv[1]), sys.argv[2], sys.argv[3]
frame = (Ether(src="02:66:66:66:66:66", dst="33:33:00:00:00:16") / IPv6(src="fe80::66", dst="ff02::16", hlim=1)
         / IPv6ExtHdrHopByHop(options=[RouterAlert()])
         / ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(rtype=kind, dst=group, sources=[source])]))
sendp(frame, iface="w0", verbose=0)
"""
ALLOW, BLOCK = 5, 6
DOWN, UP = 0, 1


def router_of(world, cell):
    return "ar" + cell[-1]


def lost(world, flow, start):
    """Packets lost each way since then, but for those of the last tenth of a second."""
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    return [d.count(start, end).lost for d in (down, up)]


@pytest.mark.requirement("H-1", "H-11")
@pytest.mark.parametrize("who", ["mma", "ar2"])
def test_a_killed_router_forwards_on(make_world, who):
    """kill -9 while packets flow: nothing is lost while it is dead, nor when the next one takes over, and the next handover works.
    The mobile has left cell1 without a word, so the agent serves two links and may hear of the wrong one first."""
    world = make_world()
    flow = abroad(world)
    world.move("cell2")
    flow.wait_flowing(5)
    flow.pass_packets()
    start = world.now()
    world.daemons[who].kill()
    flow.pass_packets(1000)
    world.daemons[who].start()
    flow.pass_packets(4000)
    group = [g for g in world.daemons[who].show("groups") if g.get("source") == world.facts["mma"]]
    assert group
    assert lost(world, flow, start) == [0, 0]
    flow = world.start_flow()
    flow.wait_flowing(5)
    world.move("cell3")
    flow.wait_flowing(5)
    world.finish_flow(flow)


@pytest.mark.requirement("H-10")
def test_refreshes_lose_nothing(make_world):
    """The uplink's key changes with each refresh of the registration; no packet is caught between two keys."""
    world = make_world(mobile_more=QUICK + "  lifetime = 12\n")
    flow = abroad(world, 5000)
    flow.pass_packets()

    def accepted():
        return next(r["accepted"] for r in world.daemons["mma"].show("status") if r.get("role") == "mma")
    start, before = world.now(), accepted()
    world.wait(lambda: accepted() >= before + 2, "two refreshes", 40)
    flow.pass_packets()
    assert lost(world, flow, start)[UP] == 0


@pytest.mark.requirement("H-11")
def test_a_forged_leave_takes_nothing_away(make_world):
    """Another station of the cell withdraws the mobile's group, and joins one from a source that is not the agent."""
    world = make_world()
    flow = abroad(world)
    flow.pass_packets()
    ar = world.daemons[router_of(world, "cell1")]
    mma = world.facts["mma"]
    group = next(g["group"] for g in ar.show("groups") if g.get("source") == mma)
    start = world.now()

    def forge(kind, source):
        netns.run(world.net.ns("mn"), ["/usr/bin/python3", "-c", FORGE, str(kind), group, source])
    forge(BLOCK, mma)
    forge(ALLOW, "2001:db8:66::1")
    flow.pass_packets(5000)  # longer than the queries that the leave causes
    counters = {k: v for r in ar.show("counters") for k, v in r.items()}
    assert counters["mld-not-tracked"] >= 1
    assert counters["mld-not-admitted"] >= 1
    assert [g["source"] for g in ar.show("groups") if "source" in g] == [mma]
    assert lost(world, flow, start) == [0, 0]
