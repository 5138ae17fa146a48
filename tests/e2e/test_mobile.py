# SPDX-License-Identifier: BSD-2-Clause
"""A mobile among sites with and without an agent, with agents that die, and with no home agent configured."""
import re

import pytest
from roamlab import order, topo, witness
from roamlab.world import QUICK


def world_of(make_world, *sites, more="", discover=False, **kw):
    network = topo.figures(*sites, mobile_more=QUICK + more, **kw)
    if discover:
        node = network.node("mn")
        node.roamd = re.sub(r'  home-agent = "[^"]*"\n', "", node.roamd)
    return make_world(network)


def travel(world, flow, cells):
    """Through the cells; returns when each move began, and the end."""
    marks = []
    for cell in cells:
        marks.append(world.now())
        world.move(cell, 25)
        world.wait_state({"home": "home", "n1": "away-plain"}.get(cell, "away-site"))
        flow.wait_flowing(20)
        flow.pass_packets()
    return marks, world.now() - 300_000_000


@pytest.mark.requirement("H-16", "H-18", "H-19", "H-20", "H-22")
def test_sites_of_every_kind_lose_nothing(make_world):
    """Two radios: home, a site with an agent, a network without, another site, home again. Nothing lost, nothing doubled, either way."""
    world = world_of(make_world, topo.A, topo.B, no_mma=True)
    world.be_home()
    world.wait_state("home")
    flow = world.start_flow()
    flow.wait_flowing(15)
    start = world.now()
    _, end = travel(world, flow, ["a1", "n1", "b1", "n1", "home"])
    for direction in world.finish_flow(flow):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0), count


@pytest.mark.requirement("H-16")
def test_one_radio_to_a_network_without_agent(make_world):
    """From a site to a network without an agent over one radio: what the agent kept comes by the home address and the home agent."""
    world = world_of(make_world, topo.A, interfaces=1, no_mma=True)
    world.be_home()
    world.wait_state("home")
    flow = world.start_flow()
    flow.wait_flowing(15)
    travel(world, flow, ["a1"])
    marks, end = travel(world, flow, ["n1"])
    down, _ = world.finish_flow(flow)
    count = down.count(marks[0], end)
    assert (count.lost, count.doubled) == (0, 0), count


def test_a_home_agent_is_discovered(make_world):
    """RFC 6275 11.4.1: with no home agent configured the mobile asks the home link's anycast address, and registers with who answers."""
    world = world_of(make_world, topo.A, discover=True, no_mma=True)
    taps = {n: world.watch(witness.Tap, n) for n in ("mn", "ha")}
    world.radio.stand_at(0, only={"n1"})
    world.radio.attach("w0", "n1")
    world.radio.start()
    world.wait_state("away-plain", 20)
    flow = world.start_flow()
    flow.wait_flowing(15)
    travel(world, flow, ["a1", "home"])
    world.finish_flow(flow)
    said = order.Said(world, taps)
    assert said.first(0, "mn", "ha", "BU")
    mobile = next(m for m in world.daemons["mn"].show("mobiles") if "home-agent" in m)
    assert mobile["home-agent"] == topo.HOME_AGENT


def test_an_agent_that_dies_is_done_without(make_world):
    """The new site's agent is dead: plain Mobile IPv6 there, and the old agent is told."""
    world = world_of(make_world, topo.A, topo.B)
    taps = {n: world.watch(witness.Tap, n) for n in ("mn", "ha", "mma1")}
    world.be_home()
    world.wait_state("home")
    flow = world.start_flow()
    flow.wait_flowing(15)
    travel(world, flow, ["a1"])
    world.daemons["mma2"].kill()
    at = world.now()
    here = set(world.radio.cells().values())
    world.radio.hear(**{c: -80 for c in here}, b1=-45)
    world.wait_state("away-plain", 30)
    flow.wait_flowing(20)
    world.wait(lambda: order.Said(world, taps).first(at, "mma1", "mn", "BA"), "the old agent's answer", 20)
    world.finish_flow(flow)
    said = order.Said(world, taps)
    assert said.first(at, "mn", "ha", "BU").left_ns < said.first(at, "mn", "mma1", "BU0").left_ns
