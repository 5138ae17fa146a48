# SPDX-License-Identifier: BSD-2-Clause
"""Figure 9: from another subnet of the home site to a foreign site."""
import pytest
from roamlab import topo

from scene import between_sites, check_order, check_paths, either_correspondent


@pytest.mark.requirement("H-19", "H-23")
@either_correspondent
def test_fig09(make_world, cn):
    scene, at, up = between_sites(make_world, topo.H, topo.A, cn)
    steps = check_order(scene, at, topo.H, topo.A)
    check_paths(scene, steps, topo.H, topo.A, up)
    scene.lossless()
    scene.multicast_stays_inside()
    assert not scene.filters_refused()


@pytest.mark.requirement("H-19")
@either_correspondent
def test_fig09_one_radio(make_world, cn):
    """Break-before-make: the old agent's ring holds what the mobile could not hear."""
    scene, at, _ = between_sites(make_world, topo.H, topo.A, cn, interfaces=1)
    down, _ = scene.counts(at)
    assert (down.lost, down.doubled) == (0, 0), down
