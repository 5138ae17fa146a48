# SPDX-License-Identifier: BSD-2-Clause
"""Figure 4 over Mobile IPv4: from the home subnet to two other subnets of the home site, which has an MMA of its own."""
import pytest
from roamlab import topo
from roamlab.witness import total

from scene4 import Scene4, check_registration


@pytest.mark.requirement("H-7", "H-4", "H-8", "H-10", "H-11", "H-14", "H-23")
def test_fig04_v4(make_world):
    scene = Scene4(make_world, topo.H)
    # At home no registration with the MMA although the home link names it: the home subnet takes precedence (H-8).
    assert not [m for m in scene.taps["mma0"].messages() if m.cls == "mip"]
    at = scene.go("h1")
    scene.pass_packets()
    inside = scene.world.now()
    scene.go("h2")
    scene.finish()

    check_registration(scene, at, topo.H, "h1")
    assert scene.requests(at) == [("mma0", "RRQ")]
    assert total(scene.tunnelled(topo.H)) > 500
    # Subnet 1 to subnet 2: the group is joined there, and nobody is told.
    assert scene.said.first(inside, "mn", "h2", "join")
    assert not scene.messages(inside, scene.end)
    scene.lossless()
    scene.stays_inside()
