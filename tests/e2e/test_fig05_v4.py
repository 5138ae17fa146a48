# SPDX-License-Identifier: BSD-2-Clause
"""Figure 5 over Mobile IPv4: attached to a foreign site. Its lines 5 and 6, route optimisation, Mobile IPv4 has not."""
import pytest
from roamlab import topo
from roamlab.witness import total

from scene4 import Scene4, group_kinds


@pytest.mark.requirement("H-7", "H-1", "H-2", "H-3", "H-11", "H-12", "H-13", "H-23")
def test_fig05_v4(make_world):
    """From subnet to subnet of the site: nobody is told, nothing is lost, packets come through both radios for a while. The uplink passes the
    site's and the backbone's ingress filters."""
    scene = Scene4(make_world, topo.A)
    scene.go("a1")
    scene.pass_packets()
    inside = scene.world.now()
    for cell in ("a2", "a1", "a2"):
        scene.go(cell)
    scene.pass_packets()
    scene.finish()
    scene.lossless()
    scene.stays_inside()
    assert not scene.messages(inside, scene.end)
    assert scene.said.first(inside, "mn", "a2", "join")
    through = [group_kinds(scene, topo.A, w) for w in ("w0", "w1")]
    received = [total(kinds) for kinds in through]
    since = min(k.first_ns for kinds in through for k in kinds)
    assert min(received) > 0 and sum(received) > sum(t >= since for t in scene.down.rx)  # lines 3 and 4: through both for a while
    assert total(scene.tunnelled(topo.A)) >= 1000
    assert total(scene.returned(topo.A)) >= 1000
