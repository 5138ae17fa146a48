# SPDX-License-Identifier: BSD-2-Clause
"""Over Mobile IPv4: what carries the group inside a site when our own proxy does not: PIM routers of somebody else's (FRR's pimd), or switches."""
import pytest
from roamlab import frr, topo, witness

from test_multicast_routing import abroad, access_prefix, await_neighbours, flat_site, hand_over, hand_over_behind_a_switch, link_addresses, pim_site, snoop

MMA4 = topo.FOREIGN.mma4


def neighbour(n, end):
    return link_addresses("ipv4", n, end)[0].split("/")[0]


@pytest.fixture
def pim_world4(make_world):
    daemons = []

    def make(**kw):
        world = make_world(pim_site(family="ipv4", **kw))
        net = world.net

        def route(node, prefix, via):
            net.run(node, "ip", "route", "replace", prefix, "via", via)
        for prefix in ("default", MMA4):  # FRR looks for no source along a default route
            route("r1", prefix, neighbour(1, 1))
            for i in (1, 2):
                route(f"ar{i}", prefix, neighbour(i + 1, 1))
        route("r1", access_prefix("ipv4", 1), neighbour(2, 2))
        route("mma", access_prefix("ipv4", 1), neighbour(1, 2))
        route("mma", access_prefix("ipv4", 2), neighbour(3, 2))
        world.frr = {"mma": frr.Frr(net, "mma", ["src0", "d1", "d2"], family="ipv4"), "r1": frr.Frr(net, "r1", ["up0", "d1"], family="ipv4")}
        for i in (1, 2):
            world.frr[f"ar{i}"] = frr.Frr(net, f"ar{i}", ["up0"], ["acc0"], family="ipv4")
        daemons.extend(world.frr.values())
        await_neighbours(world)
        return world

    yield make
    for d in daemons:
        d.stop()


@pytest.mark.requirement("H-7", "H-5", "H-1", "H-3", "H-11", "H-12")
def test_pim_carries_the_group_v4(pim_world4):
    """Make-before-break between two routers of a PIM domain: nothing lost, nothing doubled, no registration; the routers' own tables name the
    source and the group. The agent's answers reach the mobile through the same tree."""
    world = pim_world4()
    tap = world.watch(witness.Tap, "mma")
    flow = abroad(world)
    start = world.now()
    hand_over(world, flow, 6)
    shown = world.frr["r1"].show("mroute")
    assert MMA4 in shown and "232." in shown, shown
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
    tap.stop()
    assert not [m for m in tap.messages() if m.cls in ("mip", "mh", "udp") and start <= m.when_ns <= end]
    # Packets to groups enter the host's forwarding from its own address: it is told to take them, and afterwards no more.
    accepts = lambda: world.net.run("mma", "sysctl", "-n", "net.ipv4.conf.src0.accept_local").strip()
    assert accepts() == "1"
    assert not world.daemons["mma"].stop()
    assert accepts() == "0"


@pytest.mark.requirement("H-7", "H-1", "H-3", "H-11", "H-12")
def test_flat_v4(make_world):
    """A switch with IGMP snooping between the MMA and its access routers: one packet leaves the MMA, whoever listens; the switch gives it
    only to routers that have the mobile; handovers lose and double nothing."""
    world = make_world(flat_site("ipv4"))
    snoop(world.net, "mcast_igmp_version 3")
    hand_over_behind_a_switch(world)
