# SPDX-License-Identifier: BSD-2-Clause
"""Figure 6 over Mobile IPv4: from one foreign site to another."""
import pytest
from roamlab import topo

from scene4 import between_sites, check_between_sites


@pytest.mark.requirement("H-7", "H-8", "H-10", "H-16", "H-23")
def test_fig06_v4(make_world):
    """Make-before-break: nothing lost, nothing doubled, from home to the end."""
    scene, at = between_sites(make_world, topo.A, topo.B)
    check_between_sites(scene, at, topo.A, topo.B)
    scene.lossless()
    scene.stays_inside()


@pytest.mark.requirement("H-7", "H-16")
def test_fig06_v4_one_radio(make_world):
    """Break-before-make: what the mobile could not hear is sent on from the old agent's ring."""
    scene, at = between_sites(make_world, topo.A, topo.B, interfaces=1)
    down, _ = scene.counts(at)
    assert (down.lost, down.doubled) == (0, 0), down
