# SPDX-License-Identifier: BSD-2-Clause
"""Figure 9 over Mobile IPv4: from another subnet of the home site to a foreign site."""
import pytest
from roamlab import topo

from scene4 import between_sites, check_between_sites


@pytest.mark.requirement("H-7", "H-19", "H-23")
def test_fig09_v4(make_world):
    """Make-before-break: nothing lost, nothing doubled."""
    scene, at = between_sites(make_world, topo.H, topo.A)
    check_between_sites(scene, at, topo.H, topo.A)
    scene.lossless()
    scene.stays_inside()
