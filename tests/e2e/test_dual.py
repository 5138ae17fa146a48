# SPDX-License-Identifier: BSD-2-Clause
"""A mobile with an IPv6 and an IPv4 home address: both are registered, both move in one handover."""
import pytest
from roamlab import topo, witness
from roamlab.world import QUICK

FAMILIES = ("ipv6", "ipv4")


def flowing(flows, seconds=15):
    for flow in flows:
        flow.wait_flowing(seconds)


@pytest.mark.requirement("H-7", "H-6", "H-11", "H-12", "H-20")
def test_both_families_move_together(make_world):
    """From home to a foreign site, across it and home again, with traffic in both families all the time: inside the site nothing is lost or doubled in
    either, no message is sent, and both joins of a handover leave within milliseconds of each other."""
    world = make_world(interfaces=2, family="dual", routers=2)
    taps = {n: world.watch(witness.Tap, n) for n in ("ha", "mma", "mn")}
    world.be_home()
    world.wait_state("home")
    flows = [world.start_flow(500, family=f, port=9000 + i) for i, f in enumerate(FAMILIES)]
    flowing(flows)
    start = world.now()
    world.move("cell1", 20)
    world.wait_state("away-site")
    flowing(flows)
    inside = world.now()
    for cell in ("cell2", "cell1", "cell2"):
        world.move(cell)
        flowing(flows, 5)
    outside = world.now()
    world.move("home", 20)
    world.wait_state("home")
    flowing(flows)
    end = world.now() - 100_000_000
    directions = [world.finish_flow(f) for f in flows]
    for tap in taps.values():
        tap.stop()
    for family, both in zip(FAMILIES, directions):
        for direction in both:
            count = direction.count(start, end)
            assert (count.lost, count.doubled) == (0, 0), (family, count)
    for node in ("ha", "mma"):
        heard = taps[node].messages()
        registered = [m for m in heard if start <= m.when_ns < inside]
        assert {"mh", "mip"} <= {m.cls for m in registered}
        assert not [m for m in heard if m.cls in ("mh", "mip", "udp") and inside <= m.when_ns < outside]
    for family, group in zip(FAMILIES, ("ff35", "e8")):
        assert any(group in m.data.hex() for m in witness.multicast_reports(taps["mn"].messages(), family) if inside <= m.when_ns < outside)


@pytest.mark.requirement("H-7", "H-6")
def test_one_family_fails_alone(make_world):
    """The IPv4 side of the home agent refuses the mobile: IPv6 roams all the same."""
    network = topo.demo(interfaces=2, family="dual", routers=2, mobile_more=QUICK)
    ha = network.node("ha")
    ha.roamd = ha.roamd.replace(f'  mobile "{topo.HOME_ADDRESS4}" {{ key = "mn1" }}\n', "")
    world = make_world(network)
    world.be_home()
    world.radio.wait_cell("home", 10)
    flow = world.start_flow(500, family="ipv6")
    flow.wait_flowing(15)
    world.radio.hear(cell1=-45)
    world.radio.wait_cell("cell1", 15)
    flow.wait_flowing(15)
    flow.pass_packets()
    world.finish_flow(flow)

