# SPDX-License-Identifier: BSD-2-Clause
"""Figure 7 over Mobile IPv4: from a foreign site back to the home network; and from another subnet of the home site."""
import pytest
from roamlab import topo
from roamlab.witness import total

from scene import FORWARD_S, MS, until_forgotten
from scene4 import Scene4


def come_home(make_world, site, interfaces=2):
    """Home, the site, home. Returns (scene, when the mobile turned home)."""
    scene = Scene4(make_world, site, mobile=f"  forward = {FORWARD_S}\n", routers=1, interfaces=interfaces)
    scene.go(f"{site.letter}1")
    scene.pass_packets()
    at = scene.go("home")
    until_forgotten(scene, interfaces)
    scene.finish()
    return scene, at


@pytest.mark.requirement("H-7", "H-17", "H-21", "H-22", "H-23")
@pytest.mark.parametrize("site", [topo.A, topo.H], ids=["foreign", "home-site"])
def test_fig07_v4(make_world, site):
    """Make-before-break: de-registration at home, then at the agent, which goes on delivering; nothing lost, nothing doubled."""
    scene, at = come_home(make_world, site)
    released = scene.said.check(at, [("mn", "ha", "RRQ0"), ("ha", "mn", "RRP"), ("mn", site.agent, "RRQ0")])[-1].left_ns
    assert scene.requests(at) == [("ha", "RRQ0"), (site.agent, "RRQ0")]
    assert total(scene.data(ifname="cn0", direction="in", src=scene.cn, dst=scene.home)) >= 1000
    assert not [k for k in scene.data(ifname="ha0", direction="in", src=scene.ha, inner_dst=scene.home)
                if k.last_ns > released + 100 * MS]  # no tunnel from home
    scene.lossless()
    scene.stays_inside()


@pytest.mark.requirement("H-7", "H-17")
def test_fig07_v4_one_radio(make_world):
    """Break-before-make: what was sent to the group of a mobile that had gone is sent on to the home address."""
    scene, at = come_home(make_world, topo.A, interfaces=1)
    down, _ = scene.counts(at)
    assert (down.lost, down.doubled) == (0, 0), down
