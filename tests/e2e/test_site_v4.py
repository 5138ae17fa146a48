# SPDX-License-Identifier: BSD-2-Clause
"""The mobile in a foreign site over Mobile IPv4: what a handover costs, and that nobody is told of it."""
import pytest
from roamlab import witness
from roamlab.net import PATIENCE
from roamlab.witness import total

from test_site import abroad

HANDOVERS = 8
SIGNALLING = ("mh", "udp", "mip")


@pytest.mark.requirement("H-7", "H-8", "H-11", "H-12")
@pytest.mark.parametrize("interfaces", [1, 2])
def test_handover_v4(make_world, interfaces):
    """Eight handovers inside the site: not one message to home agent or MMA. With two radios nothing is lost or doubled although both links carry
    packets at once; with one, packets flow again soon after the carrier (a wide bound: the benchmark measures)."""
    world = make_world(interfaces=interfaces, family="ipv4")
    taps = {n: world.watch(witness.Tap, n) for n in ("ha", "mma", "mn")}
    tally = world.watch(witness.Tally, "mn")
    flow = abroad(world)
    start, began = world.now(), []
    for i in range(HANDOVERS):
        began.append(world.now())
        world.move(f"cell{(i + 1) % 4 + 1}")
        flow.wait_flowing(5)
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)
    for tap in taps.values():
        tap.stop()
    assert not [m for tap in taps.values() for m in tap.messages() if m.cls in SIGNALLING and start <= m.when_ns <= end]
    assert witness.multicast_reports(taps["mn"].messages(), "ipv4")
    through = {i: total(tally.kinds(), direction="in", ifname=i, src=world.facts["mma"], proto=47) for i in world.radio.interfaces}
    if interfaces == 2:
        for direction in (down, up):
            count = direction.count(start, end)
            assert (count.lost, count.doubled, count.reordered) == (0, 0, 0)
        assert sum(through.values()) > len(down.rx)
    else:
        for direction in (down, up):
            carriers = [world.carrier.up_after("w0", t) for t in began]
            gaps_ms = [direction.gap_ns(t, direction.transit_ns(start, end) if direction is up else 0) / 1e6 for t in carriers]
            assert sorted(gaps_ms)[HANDOVERS // 2] < 50 * PATIENCE, gaps_ms
            # Lost is what was on its way while there was no carrier, and what came before the network knew.
            assert direction.count(start, end).lost < HANDOVERS * 100 * PATIENCE
            assert direction.count(start, end).doubled == 0
    assert min(through.values()) > 0


@pytest.mark.requirement("H-7")
def test_restarts_lose_nothing_v4(make_world):
    """Home agent, MMA and access router are killed and started again: what was established goes on meanwhile, a handover works after."""
    world = make_world(family="ipv4", routers=2)
    flow = abroad(world)
    start = world.now()
    for node in ("ha", "mma", "ar1"):
        world.daemons[node].kill()
        world.daemons[node].start()
    flow.pass_packets(1000)
    settled = world.now() - 100_000_000
    world.move("cell2")
    flow.wait_flowing(5)
    down, up = world.finish_flow(flow)
    assert [d.count(start, settled).lost for d in (down, up)] == [0, 0]
