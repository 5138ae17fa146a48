# SPDX-License-Identifier: BSD-2-Clause
"""Figure 6: from one foreign site to another."""
import pytest
from roamlab import topo

from scene import DELAY_MS, between_sites, check_order, check_paths, either_correspondent, interruption_ms

ACCESS_MS = 1


@pytest.mark.requirement("H-8", "H-10", "H-15", "H-16", "H-23")
@either_correspondent
def test_fig06(make_world, cn):
    """Make-before-break: nothing lost, nothing doubled, from home to the end."""
    scene, at, up = between_sites(make_world, topo.A, topo.B, cn)
    steps = check_order(scene, at, topo.A, topo.B)
    check_paths(scene, steps, topo.A, topo.B, up)
    scene.lossless()
    scene.multicast_stays_inside()
    assert not scene.filters_refused()


@pytest.mark.requirement("H-16")
@either_correspondent
def test_fig06_one_radio(make_world, cn):
    """Break-before-make: what the mobile could not hear is sent on from the old agent's ring. Interruption: at most a round trip to the new
    agent and one from there over the old one."""
    scene, at, up = between_sites(make_world, topo.A, topo.B, cn, interfaces=1, access_delay_us=ACCESS_MS * 1000)
    steps = scene.said.check(at, [[("mn", "b1", "join"), ("mn", "mma2", "BU")], ("mma2", "mn", "BA"),
                                  [("mn", "ha", "BU"), ("mn", "mma1", "BU0")]])
    together = [s.left_ns for s in steps[-2:]]
    assert max(together) - min(together) < 5_000_000
    down, _ = scene.counts(at)
    assert (down.lost, down.doubled) == (0, 0), down
    assert interruption_ms(scene, at) <= 2 * ACCESS_MS + 4 * DELAY_MS + 5
