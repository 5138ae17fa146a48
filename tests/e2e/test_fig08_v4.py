# SPDX-License-Identifier: BSD-2-Clause
"""Figure 8 over Mobile IPv4: from a foreign site to another subnet of the home site."""
import pytest
from roamlab import topo

from scene4 import between_sites, check_between_sites


@pytest.mark.requirement("H-7", "H-18", "H-23")
def test_fig08_v4(make_world):
    """Make-before-break: nothing lost, nothing doubled."""
    scene, at = between_sites(make_world, topo.A, topo.H)
    check_between_sites(scene, at, topo.A, topo.H)
    scene.lossless()
    scene.stays_inside()
