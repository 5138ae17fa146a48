# SPDX-License-Identifier: BSD-2-Clause
"""Figure 7: from a foreign site back to the home network."""
import pytest
from roamlab import topo
from roamlab.witness import total, within

from scene import CN, FORWARD_S, HA, HOME, MS, Scene, either_correspondent, until_forgotten


def come_home(make_world, cn, interfaces=2):
    """Home, site A, home. Returns (scene, when the mobile turned home)."""
    scene = Scene(make_world, topo.A, cn=cn, mobile=f"  forward = {FORWARD_S}\n", routers=1, interfaces=interfaces)
    scene.go("a1")
    if cn:
        scene.optimised(topo.A)
    scene.pass_packets()
    at = scene.go("home")
    if cn:
        scene.answered("mn", since=at)
    until_forgotten(scene, interfaces)
    scene.finish()
    return scene, at


@pytest.mark.requirement("H-17", "H-21", "H-23")
@either_correspondent
def test_fig07(make_world, cn):
    """Make-before-break: nothing lost, nothing doubled."""
    scene, at = come_home(make_world, cn)
    steps = scene.said.check(at, [("mn", "ha", "BU0"), ("ha", "mn", "BA"), ("mn", "mma1", "BU0"), ("mma1", "mn", "BA")])
    released = steps[2].left_ns
    assert [u for u in scene.updates(at) if u[0] != "cn"] == [("ha", "BU0"), ("mma1", "BU0")]  # no registration with an agent
    if cn:
        told = scene.said.check(released, [("mn", "cn", "BU0"), ("cn", "mn", "BA")])[-1].arrived_ns
        over_agent = scene.data(ifname="mma1", direction="out", dst=within(topo.A.coa_prefix), via=f"rh2={HOME}")
        assert max(k.last_ns for k in over_agent) > released  # the agent went on delivering,
        assert max(k.last_ns for k in over_agent) < told + 100 * MS  # until the correspondent node knew
        by_tunnel = scene.data(ifname="mma1", direction="in", dst=HOME, inner_dst=HOME)
        assert total(by_tunnel) > 0
        assert max(k.last_ns for k in by_tunnel) <= released + (FORWARD_S + 1) * 1000 * MS
    assert total(scene.data(ifname="cn0", direction="in", src=CN, dst=HOME, via="")) >= 1000
    assert not [k for k in scene.data(ifname="ha0", direction="in", src=HA) if k.last_ns > released + 100 * MS]  # no tunnel from home
    scene.lossless()
    scene.multicast_stays_inside()
    assert not scene.filters_refused()


@pytest.mark.requirement("H-17")
@either_correspondent
def test_fig07_one_radio(make_world, cn):
    """Break-before-make: what was sent to the group of a mobile that had gone is sent on to the home address."""
    scene, at = come_home(make_world, cn, interfaces=1)
    down, _ = scene.counts(at)
    assert (down.lost, down.doubled) == (0, 0), down


@pytest.mark.requirement("H-22", "H-21", "H-23")
@either_correspondent
def test_from_a_subnet_of_the_home_site(make_world, cn):
    """No figure: from another subnet of the home site to the home subnet. As figure 7, with the home site's own agent."""
    scene = Scene(make_world, topo.H, cn=cn, mobile=f"  forward = {FORWARD_S}\n")
    scene.go("h1")
    if cn:
        scene.optimised(topo.H)
    scene.go("h2")
    at = scene.go("home")
    if cn:
        scene.answered("mn", since=at)
    scene.pass_packets(1000)
    scene.finish()
    scene.said.check(at, [("mn", "ha", "BU0"), ("ha", "mn", "BA"), ("mn", "mma0", "BU0")])
    assert [u for u in scene.updates(at) if u[0] != "cn"] == [("ha", "BU0"), ("mma0", "BU0")]
    assert total(scene.data(ifname="cn0", direction="in", src=CN, dst=HOME, via="")) >= 1000
    scene.lossless()
    scene.multicast_stays_inside()
