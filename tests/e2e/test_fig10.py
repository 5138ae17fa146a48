# SPDX-License-Identifier: BSD-2-Clause
"""Figure 10: from the home network to a foreign site."""
import pytest
from roamlab import topo
from roamlab.witness import total, within

from scene import CN, HA, HOME, Scene, either_correspondent


@pytest.mark.requirement("H-1", "H-2", "H-10", "H-15", "H-20", "H-21", "H-23")
@pytest.mark.parametrize("interfaces", [2, 1])
@either_correspondent
def test_fig10(make_world, cn, interfaces):
    scene = Scene(make_world, topo.A, cn=cn, interfaces=interfaces, routers=1)
    at = scene.go("a1")
    up = scene.optimised(topo.A) if cn else 0
    scene.pass_packets()
    scene.finish()
    steps = scene.said.check(at, [[("mn", "a1", "join"), ("mn", "mma1", "BU")], ("mma1", "mn", "BA"), ("mn", "ha", "BU"), ("ha", "mn", "BA")])
    assert scene.updates(at) == [("mma1", "BU"), ("ha", "BU")]
    accepted = steps[-1].left_ns
    assert total(scene.data(ifname="cn0", direction="in", src=CN, dst=HOME, via="")) > 0                        # 7: natively
    tunnelled = scene.data(ifname="ha0", direction="in", src=HA, dst=within(topo.A.coa_prefix), inner_dst=HOME)  # 3
    assert total(tunnelled) > 0
    if cn:
        # 5: only once packets have come through the home agent, and once that has accepted the care-of address.
        scene.said.check(min(k.first_ns for k in tunnelled), [("mma1", "cn", "BU"), ("cn", "mma1", "BA")])
        assert min(i.left_ns for i in scene.said.between(0, 1 << 63, "HoTI", "CoTI")) > steps[2].left_ns
        assert total(scene.data(ifname="cn0", direction="in", dst=within(topo.A.coa_prefix), via=f"rh2={HOME}")) >= 1000  # 6
        assert not scene.through_home_agent(up)
    else:
        assert total(tunnelled) >= 1000
        assert accepted <= scene.end
    if interfaces == 2:
        scene.lossless()
    scene.multicast_stays_inside()
    assert not scene.filters_refused()
