# SPDX-License-Identifier: BSD-2-Clause
"""The mobile in a foreign site: how its packets travel, and what a handover costs."""
import pytest
from roamlab import topo, witness
from roamlab.octets import autoconfigured
from roamlab.witness import total, within
from roamlab.world import QUICK

ASSIGNED = "2001:db8:2:ff::/64"
LINK_SCOPE = ("ff01:", "ff02:")


def abroad(world, rate_pps=1000):
    """From home to cell1, packets flowing."""
    world.be_home()
    flow = world.start_flow(rate_pps)
    flow.wait_flowing(15)
    world.move("cell1", 15)
    world.wait_state("away-site")
    flow.wait_flowing(15)
    return flow


@pytest.mark.requirement("H-1", "H-2", "H-3", "H-4", "H-6", "H-20")
def test_first_leg_and_site_leg(make_world):
    """From home to a foreign site (fig. 10 without route optimisation): tunnel from home agent to the care-of address at the
    MMA, then GRE to the mobile's own group, which is the prefix and the EUI-64 of the mobile."""
    world = make_world()
    tallies = {n: world.watch(witness.Tally, n) for n in ("mma", "mn")}
    flow = abroad(world)
    flow.pass_packets(1000)
    world.finish_flow(flow)
    ha, mma, home = (world.facts[k] for k in ("home_agent", "mma", "home_address"))
    at_mma, at_mn = tallies["mma"].kinds(), tallies["mn"].kinds()
    assert total(at_mma, direction="in", src=ha, dst=within(ASSIGNED), proto=41, inner_dst=home) >= 1000
    group = autoconfigured("ff35::", world.net.lladdr["mn", "w0"])
    assert total(at_mma, direction="out", src=mma, dst=group, proto=47, inner_dst=home) >= 1000
    assert total(at_mn, direction="in", src=mma, dst=group, proto=47, inner_dst=home) >= 1000
    assert total(at_mn, direction="out", dst=mma, proto=47, inner_src=home) >= 1000


@pytest.mark.requirement("H-8", "H-11")
@pytest.mark.parametrize("interfaces", [1, 2])
def test_handover_is_silent(make_world, interfaces):
    """Eight handovers inside the site: not one Mobility Header at home agent or MMA, and packets go on after each."""
    world = make_world(interfaces=interfaces)
    taps = {n: world.watch(witness.Tap, n) for n in ("ha", "mma", "mn")}
    flow = abroad(world)
    start = world.now()
    for i in range(8):
        world.move(f"cell{(i + 1) % 4 + 1}")
        flow.wait_flowing(5)
    end = world.now()
    world.finish_flow(flow)
    for tap in taps.values():
        tap.stop()
    heard = [m for tap in taps.values() for m in tap.messages() if m.cls in ("mh", "udp") and start <= m.when_ns <= end]
    assert not heard
    assert witness.multicast_reports(taps["mn"].messages())


@pytest.mark.requirement("H-12")
@pytest.mark.parametrize("deliver", ["roam0", "link"])
def test_make_before_break_loses_nothing(make_world, deliver):
    """Two interfaces: while both receive, every packet is delivered once; nothing is lost or doubled over eight handovers.
    Wherever packets enter the host."""
    network = topo.demo(interfaces=2, mobile_more=QUICK)
    network.node("mn").process = f'  deliver = "{deliver}"\n'
    world = make_world(network)
    tally = world.watch(witness.Tally, "mn")
    flow = abroad(world)
    start = world.now()
    for i in range(8):
        world.move(f"cell{(i + 1) % 4 + 1}")
    flow.wait_flowing(5)
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
    mma = world.facts["mma"]
    kinds = tally.kinds()
    copies = {i: total(kinds, direction="in", ifname=i, src=mma, proto=47) for i in ("w0", "w1")}
    assert min(copies.values()) > 0
    assert sum(copies.values()) > len(down.rx)  # both links carried some packets at once


@pytest.mark.requirement("H-23")
def test_nothing_multicast_leaves_the_site(make_world):
    """On the backbone: no multicast beyond the link's own, no membership report for a group, no GRE of the site."""
    world = make_world()
    tally, tap = world.watch(witness.Tally, "core"), world.watch(witness.Tap, "core")
    flow = abroad(world)
    world.move("cell2")
    flow.wait_flowing(5)
    world.finish_flow(flow)
    kinds = tally.kinds()
    assert total(kinds, proto=17) + total(kinds, inner_proto=17) >= 1000
    assert not [k for k in kinds if k.is_multicast and not k.dst.startswith(LINK_SCOPE)]
    assert not [k for k in kinds if k.proto == 47]
    tap.stop()
    groups = [m for m in tap.messages() if m.cls == "mld" and bytes.fromhex("ff35") in m.data[8:]]
    assert not groups


@pytest.mark.requirement("H-9")
def test_best_signal_wins(make_world):
    """The mobile stays while its router is the better one, and asks for the other when that is better by the margin."""
    world = make_world()
    flow = abroad(world)
    world.radio.hear(cell1=-60, cell2=-61)
    asked = len([e for e in world.radio.events if e[1] == "asked"])
    flow.pass_packets(1000)
    assert len([e for e in world.radio.events if e[1] == "asked"]) == asked
    world.radio.hear(cell1=-80, cell2=-50, cell3=-60)
    world.radio.wait_cell("cell2", 5)
    flow.wait_flowing(5)
    world.finish_flow(flow)
