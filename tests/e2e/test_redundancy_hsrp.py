# SPDX-License-Identifier: BSD-2-Clause
"""The same group with HSRP (version 2, both families) in the place of VRRP: the election is another, the table and what becomes of it are not."""
import pytest
from redundancy_scene import fails_over, is_whole, is_whole_after_repeats, running, watch
from roamlab import net as netmod


@pytest.fixture(scope="module")
def pair():
    yield from running(more='  protocol = "hsrp"\n  purge = 2\n')


@pytest.fixture(autouse=True)
def moved(request, pair):
    yield from watch(request, pair)


@pytest.mark.requirement("R-14")
def test_link_down(pair):
    crowds, active = pair.crowds(), pair.serving()
    fails_over(pair, active, pair.link_down, crowds)
    pair.wait_active(pair.others(active)[0])
    pair.link_up(active)
    is_whole(pair, crowds)


@pytest.mark.requirement("R-14", "R-6")
def test_killed_in_a_storm(pair):
    """Nothing that was acknowledged is lost."""
    active = pair.serving()
    other = pair.others(active)[0]
    for fleet in pair.fleets.values():
        fleet.storm(3000)
    netmod.wait_for(lambda: all(f.progress()[1] > 1000 for f in pair.fleets.values()), 10, "registrations")
    pair.kill(active)
    for fleet in pair.fleets.values():
        fleet.calm()
    pair.wait_active(other)
    pair.wait_equal([other])
    pair.start(active)
    is_whole_after_repeats(pair)


@pytest.mark.requirement("R-14")
def test_frozen_and_thawed(pair):
    crowds, active = pair.crowds(), pair.serving()
    fails_over(pair, active, pair.freeze, crowds)
    pair.thaw(active)
    is_whole(pair, crowds)


@pytest.mark.requirement("R-14", "R-15")
def test_split_and_heal(pair):
    """Both are active for a time, and take registrations of other mobiles."""
    pair.split()
    netmod.wait_for(lambda: len(pair.holders()) == 2, 10, "both to be active")
    for i, name in enumerate(pair.names):
        pair.lead_to(name)
        for fleet in pair.fleets.values():
            fleet.register(300 * i, 300)
    pair.lead_to(None)
    pair.heal()
    is_whole(pair)


@pytest.mark.requirement("R-14")
def test_hand_over(pair):
    crowds, active = pair.crowds(), pair.serving()
    pair.daemons[active].ctl("group", "hand-over")
    pair.wait_active(pair.others(active)[0])
    is_whole(pair, crowds)
