# SPDX-License-Identifier: BSD-2-Clause
"""What carries the group inside a site when our own proxy does not: PIM routers of somebody else's (FRR), or switches."""
import ipaddress
import time

import pytest
from roamlab import frr, netns, topo, witness
from roamlab.world import QUICK

BASE = topo.FOREIGN.base
MMA = topo.FOREIGN.mma


def pim_site(interfaces=2):
    """As topo.demo, but a PIM router r1 lies between the MMA and two access routers, and nobody runs our proxy.

        mma (src0) --- r1 --- ar1 === cell1
                          \\--- ar2 === cell2
    """
    site = topo.demo(interfaces=interfaces, routers=2, mobile_more=QUICK)
    mma = site.node("mma")
    mma.roamd = mma.roamd.replace('downstream = {"d1", "d2"}', 'downstream = {"d1"}\n  multicast-routing = "pim"\n'
                                  '  source-interface = "src0"\n  address-interface = "src0"')
    for i in (1, 2):
        ar = site.node(f"ar{i}")
        ar.roamd = ar.roamd.replace('  upstream = "up0"\n', "")
        ar.routes = []
    mma.routes = [r for r in mma.routes if r[0] == "default"]
    site.nodes.append(topo.Node("r1", forwards=True))
    site.cables = [c for c in site.cables if not c.b.node.startswith("ar")]
    site.cables += [
        topo.Cable(topo.Port("mma", "d1", [f"{BASE}:1::1/64"]), topo.Port("r1", "up0", [f"{BASE}:1::2/64"])),
        topo.Cable(topo.Port("mma", "src0"), topo.Port("mma", "src1")),
        *[topo.Cable(topo.Port("r1", f"d{i}", [f"{BASE}:{i + 1}::1/64"]), topo.Port(f"ar{i}", "up0", [f"{BASE}:{i + 1}::2/64"]))
          for i in (1, 2)],
    ]
    return site.check()


def route(net, node, prefix, via_node, via_if, dev):
    """A route by the neighbour's link-local address: PIM knows its neighbours by that."""
    net.run(node, "ip", "-6", "route", "replace", prefix, "via", frr.link_local(net, via_node, via_if), "dev", dev)


@pytest.fixture
def pim_world(make_world):
    daemons = []

    def make(**kw):
        world = make_world(pim_site(**kw))
        net = world.net
        route(net, "r1", "default", "mma", "d1", "up0")
        for i in (1, 2):
            route(net, f"ar{i}", "default", "r1", f"d{i}", "up0")
            route(net, "r1", f"{BASE}:1{i}::/64", f"ar{i}", "up0", f"d{i}")
            route(net, "mma", f"{BASE}:1{i}::/64", "r1", "up0", "d1")
        world.frr = {"mma": frr.Frr(net, "mma", ["src0", "d1"]), "r1": frr.Frr(net, "r1", ["up0", "d1", "d2"])}
        for i in (1, 2):
            world.frr[f"ar{i}"] = frr.Frr(net, f"ar{i}", ["up0"], ["acc0"])
        daemons.extend(world.frr.values())
        world.wait(lambda: all(link_up(net, world.frr["r1"], i) for i in ("up0", "d1", "d2")), "PIM neighbours", 30)
        return world

    yield make
    for d in daemons:
        d.stop()


def link_up(net, router, ifname):
    return any(line.split()[:1] == [ifname] for line in router.show("pim neighbor").splitlines())


def group_of(world):
    return str(ipaddress.IPv6Address(ipaddress.IPv6Address("ff35::").packed[:8] +
                                     ipaddress.IPv6Address(frr.link_local(world.net, "mn", "w0")).packed[8:]))


def abroad(world):
    world.be_home()
    flow = world.start_flow()
    flow.wait_flowing(15)
    world.move("cell1", 20)
    world.wait_state("away-site", 20)
    flow.wait_flowing(20)
    return flow


def forwarded(world, node, ifname, group):
    """Packets that the kernel's multicast forwarding has sent there; it counts by entry, the interface by bytes."""
    return int(netns.run(world.net.ns(node), ["cat", f"/sys/class/net/{ifname}/statistics/tx_packets"]))


@pytest.mark.requirement("H-5", "H-1", "H-3", "H-11", "H-12")
def test_pim_carries_the_group(pim_world):
    """Make-before-break between two routers of a PIM domain: nothing lost, nothing doubled, no Mobility Header; the routers' own
    tables name the source and the group; the branch that was left is cut."""
    world = pim_world()
    tap = world.watch(witness.Tap, "mma")
    flow = abroad(world)
    start = world.now()
    for i in range(6):
        world.move(f"cell{i % 2 + 1 ^ 3}", 15)
        flow.wait_flowing(5)
    group = group_of(world)
    shown = world.frr["r1"].show("mroute")
    assert MMA in shown and group in shown, shown
    # The mobile is in cell1 (the last of six): nothing goes to ar2 any more, once its querier has asked in vain.
    world.wait(lambda: is_quiet(world, "r1", "d2"), "the old branch to fall silent", 10)
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
    tap.stop()
    assert not [m for m in tap.messages() if m.cls in ("mh", "udp") and start <= m.when_ns <= end]


def is_quiet(world, node, ifname):
    """Fewer than ten packets in a tenth of a second that saw a hundred at the mobile."""
    before, seen = forwarded(world, node, ifname, None), world.flows[-1].mobile.received
    world.wait(lambda: world.flows[-1].mobile.received >= seen + 100, "100 packets")
    return forwarded(world, node, ifname, None) - before < 10


@pytest.mark.requirement("H-5")
def test_pim_outlives_the_agent(pim_world):
    """roamd at the MMA is killed and started again: the source's interface stays, so PIM withdraws nothing and nothing is lost."""
    world = pim_world(interfaces=1)
    flow = abroad(world)
    start = world.now()
    before = flow.mobile.received
    world.daemons["mma"].kill()
    world.wait(lambda: flow.mobile.received >= before + 1500, "1,500 packets without the agent")
    world.daemons["mma"].start()
    before = flow.mobile.received
    world.wait(lambda: flow.mobile.received >= before + 1500, "1,500 packets after")
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
