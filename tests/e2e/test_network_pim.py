# SPDX-License-Identifier: BSD-2-Clause
"""A mobile that the network moves, its group carried by PIM routers of somebody else's (FRR): the home agent is the source behind the first of them, foreign
agents report by MLD or IGMP to the last (D-5, D-7 to D-10).

    cn --- core --- ha (src0) --- px --- fa1 === cell1
                                   \\--- fa2 === cell2
"""
import pytest
from roamlab import frr, topo, witness
from roamlab.network import NetworkWorld
from roamlab.numbers import FOREIGN, HOME_AGENT, HOME_AGENT4, host_of

AGENTS = (1, 2)
SOURCE = {"ipv6": HOME_AGENT, "ipv4": HOME_AGENT4}
GRE = 47


def network(family):
    t = topo.network(agents=len(AGENTS), family=family, home_more='    multicast-routing = "pim"\n    source-interface = "src0"\n')
    ha, px = t.node("ha"), t.node("px")
    ha.loopback, px.roamd = [], ""
    own = [SOURCE[family] + ("/126" if family == "ipv6" else "/30")]    # the source's link, and no home address on it
    t.cables.append(topo.Cable(topo.Port("ha", "src0", own), topo.Port("ha", "src1")))
    return t.check()


def route(net, family, node, prefix, via_node, via_if, dev, via):
    """IPv6: by the neighbour's link-local address, for PIM knows its neighbours by that."""
    if family == "ipv6":
        net.run(node, "ip", "-6", "route", "replace", prefix, "via", frr.link_local(net, via_node, via_if), "dev", dev)
    else:
        net.run(node, "ip", "route", "replace", prefix, "via", via)


@pytest.fixture(params=["ipv4", "ipv6"])
def world(request):
    family, daemons = request.param, []
    world = NetworkWorld("all", topology=network(family), family=family)
    above = next(host_of(a) for a in FOREIGN.cable(9, 1) if (":" in a) == (family == "ipv6"))

    def carry(world):
        net = world.net
        if family == "ipv4":   # packets to groups enter the host's forwarding from its own address
            net.run("ha", "sysctl", "-qw", "net.ipv4.conf.src0.accept_local=1")
        for prefix in ("default", SOURCE[family]):   # FRR looks for no source along a default route
            route(net, family, "px", prefix, "ha", "d1", "up0", above)
        daemons.append(frr.Frr(net, "ha", ["src0", "d1"], family=family))
        daemons.append(frr.Frr(net, "px", ["up0"], [f"f{i}" for i in AGENTS], family=family))
        world.wait(lambda: "up0" in daemons[1].show("pim neighbor"), "PIM neighbours", 30)
    try:
        with world:
            try:
                carry(world)
                world.ears.stand_at(0)
                world.wait_guest("cell1", seconds=20)
                world.wait_reached(family, 30)
                world.router = daemons[1]
                yield world
            except BaseException:
                print(world.logs())
                raise
    finally:
        for d in daemons:
            d.stop()


@pytest.mark.requirement("D-5", "D-7", "D-8", "D-9", "D-10")
def test_pim_carries_the_groups(world, request):
    """Between two agents, there and back: each packet arrives once or, where both deliver, twice; the router's own table names source and group."""
    family = world.family
    flow = world.start_flow(50, family=family)
    flow.wait_flowing(20)
    group = world.groups()[family]
    tally = world.watch(witness.Tally, "fa2", ["up0"])
    begin = world.now()
    world.ears.walk(0, 100, 100)
    world.wait_guest("cell2")
    shown = world.router.show("mroute")
    world.ears.walk(100, 0, 100)
    world.wait_guest("cell1")
    end = world.now()
    down, up = world.finish_flow(flow)
    assert group in shown and SOURCE[family] in shown, shown
    assert witness.total(tally.kinds(), direction="in", dst=group, proto=GRE) > 20
    for direction in (down, up):
        count = direction.count(begin, end)
        assert count.lost == 0 and count.sent > 50, count
    request.node.packets_moved = world.packets_moved
