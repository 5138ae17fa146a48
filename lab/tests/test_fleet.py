# SPDX-License-Identifier: BSD-2-Clause
"""A thousand mobiles in one process: what the instrument says is so. One home agent, both families. Needs root."""
import os
import pathlib
import sys

import pytest

LAB = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LAB))

from roamlab import net as netmod  # noqa: E402
from roamlab.group import Group  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module", params=[False, True], ids=["virtual", "physical"])
def agent(request):
    """A home agent alone, the home addresses on no link or on its own."""
    with Group(members=1, family="dual", group=False, physical=request.param) as g:
        yield g


def test_every_mobile_is_reachable(agent):
    for fleet in agent.fleets.values():
        assert fleet.register() == 0
        bound, ended = fleet.acknowledged()
        assert len(bound) == agent.count and not ended
    assert agent.what_differs() == ""
    crowds = agent.crowds()
    for down, up in agent.check_reachable(crowds):
        last = min(len(down.tx), len(up.tx)) - 1
        assert down.count(0, down.tx[last]).lost == up.count(0, up.tx[last]).lost == 0
    assert {via for c in crowds for via in c.via} == {1}


def test_a_binding_that_is_lost_is_seen(agent):
    """The agent forgets three mobiles that were told that they are registered: the check of tables and the check of packets both say so."""
    for fleet in agent.fleets.values():
        fleet.register()
        lost = [fleet.home_address(i) for i in (0, agent.count // 2, agent.count - 1)]
        for h in lost:
            agent.daemons["ha1"].ctl("drop", h)
        assert fleet.missing_in(agent.table("ha1", fleet.family)) == sorted(lost)
    assert "3 acknowledged are not in" in agent.what_differs()
    for crowd in agent.crowds():
        since = crowd.now()
        netmod.wait_for(lambda c=crowd, t=since: c.fleet.reached(t) == agent.count - 3, 10, "the others")
        with pytest.raises(TimeoutError):
            crowd.wait_reached(since, 0.5)
        _, up = crowd.finish()
        assert len(crowd.heard_from(up, since)) == agent.count - 3
        crowd.fleet.register(lifetime=3600)
    assert agent.what_differs() == ""


def test_later_registrations_and_ends_count(agent):
    """A later registration of a mobile takes the place of an acknowledged one; the end of a binding is an acknowledgement too."""
    for fleet in agent.fleets.values():
        fleet.register()
        before, _ = fleet.acknowledged()
        old = agent.table("ha1", fleet.family)
        fleet.register(0, 10)
        after, _ = fleet.acknowledged()
        again = {fleet.home_address(i) for i in range(10)}
        assert {h for h in after if after[h] != before[h]} == again
        assert set(fleet.missing_in(old)) == again
        fleet.deregister(agent.count - 10, 10)
        _, ended = fleet.acknowledged()
        assert ended == {fleet.home_address(i) for i in range(agent.count - 10, agent.count)}
        assert set(fleet.missing_in(old)) == again | ended
        assert not fleet.missing_in(agent.table("ha1", fleet.family))


def test_a_storm_is_counted(agent):
    """All that was accepted is in the table; none is in it that was not sent."""
    fleet = agent.fleets["ipv6"]
    fleet.storm(5000)
    netmod.wait_for(lambda: sum(g for g, _ in fleet.acknowledged()[0].values()) > 6000, 10, "5,000 registrations and more")
    sent, accepted, refused = fleet.calm()
    assert refused == 0 and 0 < accepted <= sent
    netmod.wait_for(lambda: not fleet.missing_in(agent.table("ha1", "ipv6")), 5, "the table")
