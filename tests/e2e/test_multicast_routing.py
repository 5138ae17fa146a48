# SPDX-License-Identifier: BSD-2-Clause
"""What carries the group inside a site when our own proxy does not: PIM routers of somebody else's (FRR), or switches."""
import socket
import threading
import time

import pytest
from roamlab import frr, netns, topo, witness
from roamlab.octets import autoconfigured
from roamlab.world import QUICK

BASE = topo.FOREIGN.base
MMA = topo.FOREIGN.mma
BASE4 = topo.FOREIGN.base4


def link_addresses(family, n, end):
    """Of the nth network between the site's routers."""
    return [f"{BASE}:{n}::{end}/64"] if family == "ipv6" else [f"{BASE4}.{200 + n}.{end}/24"]


def access_prefix(family, i):
    """Of the nth access router's cell."""
    return f"{BASE}:1{i}::/64" if family == "ipv6" else f"{BASE4}.{16 + i}.0/24"


def pim_site(interfaces=2, family="ipv6"):
    """As topo.demo, but nobody runs our proxy: there are PIM routers, one of them, r1, between the MMA and an access router. A handover changes
    the tree at the MMA itself.

        mma (src0) --- r1 --- ar1 === cell1
            \\--------------- ar2 === cell2
    """
    site = topo.demo(interfaces=interfaces, routers=2, mobile_more=QUICK, family=family)
    mma = site.node("mma")
    mma.roamd = mma.roamd.replace('downstream = {"d1", "d2"}', 'downstream = {"d1", "d2"}\n  multicast-routing = "pim"\n'
                                  '  source-interface = "src0"\n  address-interface = "src0"')
    for i in (1, 2):
        ar = site.node(f"ar{i}")
        ar.roamd = ar.roamd.replace('  upstream = "up0"\n', "")
        if family == "ipv4":  # pimd drops reports from sources that are not on the link
            ar.roamd = ar.roamd.replace("router-address-v4", "repeat-reports = true  router-address-v4")
        ar.routes = []
    mma.routes = [r for r in mma.routes if r[0] == "default"]
    site.nodes.append(topo.Node("r1", forwards=True))
    site.cables = [c for c in site.cables if not c.b.node.startswith("ar")]
    site.cables += [
        topo.Cable(topo.Port("mma", "d1", link_addresses(family, 1, 1)), topo.Port("r1", "up0", link_addresses(family, 1, 2))),
        topo.Cable(topo.Port("mma", "src0"), topo.Port("mma", "src1")),
        topo.Cable(topo.Port("r1", "d1", link_addresses(family, 2, 1)), topo.Port("ar1", "up0", link_addresses(family, 2, 2))),
        topo.Cable(topo.Port("mma", "d2", link_addresses(family, 3, 1)), topo.Port("ar2", "up0", link_addresses(family, 3, 2))),
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
        route(net, "r1", MMA, "mma", "d1", "up0")  # FRR looks for no source along a default route
        for prefix in ("default", MMA):
            route(net, "ar1", prefix, "r1", "d1", "up0")
            route(net, "ar2", prefix, "mma", "d2", "up0")
        route(net, "r1", f"{BASE}:11::/64", "ar1", "up0", "d1")
        route(net, "mma", f"{BASE}:11::/64", "r1", "up0", "d1")
        route(net, "mma", f"{BASE}:12::/64", "ar2", "up0", "d2")
        world.frr = {"mma": frr.Frr(net, "mma", ["src0", "d1", "d2"]), "r1": frr.Frr(net, "r1", ["up0", "d1"])}
        for i in (1, 2):
            world.frr[f"ar{i}"] = frr.Frr(net, f"ar{i}", ["up0"], ["acc0"])
        daemons.extend(world.frr.values())
        await_neighbours(world)
        return world

    yield make
    for d in daemons:
        d.stop()


def await_neighbours(world):
    world.wait(lambda: all(link_up(world.frr[node], i) for node, i in (("mma", "d1"), ("mma", "d2"), ("r1", "up0"), ("r1", "d1"))), "PIM neighbours", 30)


def link_up(router, ifname):
    return any(line.split()[:1] == [ifname] for line in router.show("pim neighbor").splitlines())


def counted(world):
    """What the MMA has counted: packets for its mobiles' groups; of these, left to the kernel's multicast forwarding; shown to it."""
    all_counted = {k: v for r in world.daemons["mma"].show("counters") for k, v in r.items()}
    return [all_counted[k] for k in ("mma-down", "mfc-host", "mfc-told")]


def hand_over(world, flow, times):
    """Make-before-break between the two cells. The MMA itself sends to the links that the routing daemon has found, and what it shows the kernel
    for the daemon to see goes nowhere."""
    down, host, told = counted(world)
    for i in range(times):
        world.move(f"cell{2 - i % 2}", 15)
        flow.wait_flowing(5)
    down, host, told = (after - before for after, before in zip(counted(world), (down, host, told)))
    assert down and told and host < down / 2, (down, host, told)


def group_of(world):
    return autoconfigured("ff35::", world.net.lladdr["mn", "w0"])


def abroad(world):
    world.be_home()
    flow = world.start_flow()
    flow.wait_flowing(15)
    world.move("cell1", 20)
    world.wait_state("away-site", 20)
    flow.wait_flowing(20)
    return flow


class Branch:
    """Times at which packets to a group went out of an interface."""

    def __init__(self, world, node, ifname):
        self.times, self.is_over = [], False
        self.sock = netns.inside(world.net.ns(node), socket.socket, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.sock.bind((ifname, 3))  # a socket for one protocol alone sees nothing that leaves
        self.sock.settimeout(0.1)
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self):
        while not self.is_over:
            try:
                packet, where = self.sock.recvfrom(128)
            except TimeoutError:
                continue
            is_group = where[1] == 0x86dd and packet[6] == 47 and packet[24] == 0xff or where[1] == 0x800 and packet[9] == 47 and packet[16] == 232
            if is_group and where[2] == socket.PACKET_OUTGOING:
                self.times.append(time.monotonic_ns())

    def stop(self):
        self.is_over = True
        self.thread.join()
        self.sock.close()


def is_leave(message):
    """RFC 3810 5.2.12: the first record blocks sources, or includes none."""
    kind, sources = message.data[8], int.from_bytes(message.data[10:12], "big")
    return kind == 6 or kind == 3 and not sources


def cut_after_ms(world, flow, cells):
    """From the mobile's leave on the link that it left to the last packet that the old router sent there."""
    tap = world.watch(witness.Tap, "mn")
    world.move(cells[0], 15)
    old = next(i for i, c in world.radio.cells().items() if c == cells[0])
    branch = Branch(world, "ar" + cells[0][-1], "acc0")
    try:
        flow.wait_flowing(5)
        before = len(branch.times)
        world.wait(lambda: len(branch.times) > before + 100, "packets on the branch")
        moved = world.now()
        world.move(cells[1], 15)
        world.wait(lambda: branch.times[-1] < time.monotonic_ns() - 1_000_000_000, "the old branch to fall silent", 15)
    finally:
        branch.stop()
    tap.stop()
    left = min(m.when_ns for m in witness.multicast_reports(tap.messages()) if m.ifname == old and m.when_ns > moved and is_leave(m))
    return max(0.0, (branch.times[-1] - left) / 1e6)


@pytest.mark.requirement("H-5", "H-1", "H-3", "H-11", "H-12")
def test_pim_carries_the_group(pim_world):
    """Make-before-break between two routers of a PIM domain: nothing lost, nothing doubled, no Mobility Header; the routers' own
    tables name the source and the group; the branch that was left is cut."""
    world = pim_world()
    tap = world.watch(witness.Tap, "mma")
    flow = abroad(world)
    start = world.now()
    hand_over(world, flow, 6)
    group = group_of(world)
    shown = world.frr["r1"].show("mroute")
    assert MMA in shown and group in shown, shown
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
    tap.stop()
    assert not [m for m in tap.messages() if m.cls in ("mh", "udp") and start <= m.when_ns <= end]


@pytest.mark.parametrize("carrier", ["proxy", "pim"])
def test_old_branch_is_cut(make_world, pim_world, carrier):
    """After a make-before-break handover the old access router stops carrying the group: by the proxy when the last listener
    leaves, by a PIM router when its querier has asked once (its settings are the shortest that pim6d takes)."""
    world = pim_world() if carrier == "pim" else make_world(interfaces=2)
    flow = abroad(world)
    ms = [cut_after_ms(world, flow, pair) for pair in (("cell1", "cell2"), ("cell2", "cell1"))]
    world.finish_flow(flow)
    print(f"old branch cut after (ms): {ms}")
    assert max(ms) < (300 if carrier == "proxy" else 3000)


@pytest.mark.requirement("H-5")
def test_pim_outlives_the_agent(pim_world):
    """roamd at the MMA is killed and started again: the source's interface stays, so PIM withdraws nothing and nothing is lost; not either when
    the mobile changes its router meanwhile, for what the kernel forwards counts then."""
    world = pim_world()
    flow = abroad(world)
    start = world.now()
    world.daemons["mma"].kill()
    flow.pass_packets(1500)
    world.move("cell2", 15)
    flow.wait_flowing(5)
    world.daemons["mma"].start()
    flow.pass_packets()
    hand_over(world, flow, 3)
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)


# --- flat ------------------------------------------------------------------------------------------------------

def flat_site(family="ipv6"):
    """The access routers and the MMA on one switch, which snoops MLD (IGMP); no multicast router.

        mma --- sw --- ar1 === cell1
                  \\--- ar2 === cell2
    """
    site = topo.demo(interfaces=2, routers=2, mobile_more=QUICK, family=family)
    mma = site.node("mma")
    mma.roamd = mma.roamd.replace('downstream = {"d1", "d2"}', 'downstream = {"d1"}\n  multicast-routing = "flat"\n'
                                  '  query-interval = 4  query-response = 500')
    on_switch = {end: link_addresses(family, 1, end)[0] for end in (1, 11, 12)}
    via = {end: a.split("/")[0] for end, a in on_switch.items()}
    mma.routes = [r for r in mma.routes if r[0] == "default"] + [(access_prefix(family, i), via[10 + i]) for i in (1, 2)]
    site.nodes.append(topo.Node("sw"))
    site.cables = [c for c in site.cables if not c.b.node.startswith("ar")]
    site.cables.append(topo.Cable(topo.Port("mma", "d1", [on_switch[1]]), topo.Port("sw", "p0")))
    for i in (1, 2):
        site.node(f"ar{i}").routes = [("default", via[1])]
        site.cables.append(topo.Cable(topo.Port(f"ar{i}", "up0", [on_switch[10 + i]]), topo.Port("sw", f"p{i}")))
    return site.check()


def snoop(net, version):
    """The switch; it asks for nothing itself. version: of the family's protocol."""
    for line in (f"link add br0 type bridge mcast_snooping 1 mcast_querier 0 {version} forward_delay 0",
                 *[f"link set p{i} master br0" for i in range(3)], "link set br0 up"):
        net.run("sw", "ip", *line.split())


def is_silent(world, branch, flow):
    """While the mobile receives 300 packets, none goes by."""
    before, seen = flow.mobile.received, len(branch.times)
    world.wait(lambda: flow.mobile.received >= before + 300 or len(branch.times) != seen, "300 packets")
    return len(branch.times) == seen


@pytest.mark.requirement("H-1", "H-3", "H-11", "H-12")
def test_flat(make_world):
    """A switch with MLD snooping between the MMA and its access routers: one packet leaves the MMA, whoever listens; the switch gives it
    only to routers that have the mobile; handovers lose and double nothing."""
    world = make_world(flat_site())
    snoop(world.net, "mcast_mld_version 2")
    hand_over_behind_a_switch(world)


def hand_over_behind_a_switch(world):
    flow = abroad(world)
    other = Branch(world, "sw", "p2")
    try:  # a switch floods until it has heard the agent's query, and for the time to answer it
        world.wait(lambda: is_silent(world, other, flow), "the switch to snoop", 20)
    finally:
        other.stop()
    start = world.now()
    agent = Branch(world, "mma", "d1")
    try:
        for i in range(4):
            world.move(f"cell{2 - i % 2}", 15)
            flow.wait_flowing(5)
    finally:
        agent.stop()
    assert len(agent.times) > 500
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
    assert sum(start <= t < end for t in agent.times) <= 1.05 * down.count(start, end).sent   # one copy, whoever listens
