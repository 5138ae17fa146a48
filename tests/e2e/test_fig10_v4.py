# SPDX-License-Identifier: BSD-2-Clause
"""Figure 10 over Mobile IPv4: from the home network to a foreign site."""
import pytest
from roamlab import topo
from roamlab.witness import total

from scene4 import Scene4, check_registration


@pytest.mark.requirement("H-7", "H-1", "H-2", "H-10", "H-20", "H-21", "H-23")
@pytest.mark.parametrize("interfaces", [2, 1])
def test_fig10_v4(make_world, interfaces):
    scene = Scene4(make_world, topo.A, interfaces=interfaces, routers=1)
    at = scene.go("a1")
    scene.pass_packets()
    scene.finish()
    check_registration(scene, at, topo.A, "a1")
    assert scene.requests(at) == [("mma1", "RRQ")]
    assert total(scene.data(ifname="cn0", direction="in", src=scene.cn, dst=scene.home)) > 0   # 7: natively
    assert total(scene.tunnelled(topo.A)) >= 1000                                              # 3
    if interfaces == 2:
        scene.lossless()
    scene.stays_inside()
