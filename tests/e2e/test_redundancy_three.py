# SPDX-License-Identifier: BSD-2-Clause
"""Three home agents: who answers a request for the table, and what those say that have none yet."""
import pytest
from group_tap import GroupTap, about
from redundancy_scene import DEAF, is_whole, running, watch
from roamlab import net as netmod


@pytest.fixture(scope="module")
def trio():
    yield from running(members=3, count=200)


@pytest.fixture(autouse=True)
def moved(request, trio):
    yield from watch(request, trio)


def answers(g, *rules):
    """Starts the third member anew, the first one deaf for some datagrams; the first two's pages and lists of members."""
    assert not g.daemons["ha3"].stop()
    with g.dropping("ha1", *rules), GroupTap(g.net, "ha3") as tap:
        g.start("ha3")
        netmod.wait_for(lambda: g.is_ready("ha3", 2), 20, "the table at ha3")
        tap.stop()
    return {i: tap.of("page", "members", sender=i) for i in (1, 2)}, tap


@pytest.mark.requirement("R-7", "R-8", "R-10")
def test_the_designated_member_answers(trio):
    """The one of the highest priority. All learn of the third; it learns of all."""
    said, tap = answers(trio)
    assert any(p.type == "page" for p in said[1]) and not any(p.type == "page" for p in said[2])
    assert {"1", "2"} <= {m for p in said[1] if p.type == "members" for m in p.values("rcgroup.member")}
    assert any(a.acknowledges(said[1][0]) for a in tap.of("ack", sender=3))
    for n in trio.names:
        assert {r["id"] for r in trio.group_records(n, "member")} == {1, 2, 3} - {int(n[2:])}
    is_whole(trio)


@pytest.mark.requirement("R-8")
def test_another_answers_when_the_designated_one_does_not(trio):
    """It lives, but no request reaches it: asked again, the next one answers."""
    said, tap = answers(trio, DEAF.format(4))
    assert not any(p.type == "page" for p in said[1]) and any(p.type == "page" for p in said[2])
    assert {int(p.values("rcgroup.request.attempt")[0]) for p in tap.of("request", sender=3)} >= {0, 1}
    is_whole(trio)


@pytest.mark.requirement("R-8")
def test_another_answers_when_the_designated_one_is_gone(trio):
    assert not trio.daemons["ha3"].stop()
    trio.kill("ha1")
    with GroupTap(trio.net, "ha3") as tap:
        trio.start("ha3")
        netmod.wait_for(lambda: trio.is_ready("ha3", 1), 20, "the table at ha3")
        tap.stop()
    assert any(p.type == "page" for p in tap.of("page", sender=2))
    trio.start("ha1")
    is_whole(trio)


@pytest.mark.requirement("R-11")
def test_members_without_a_table_say_so(trio):
    """All start at once: each is asked before it has a table, and says that it has none."""
    for n in trio.names:
        assert not trio.daemons[n].stop()
    taps = [GroupTap(trio.net, n) for n in trio.names]
    trio.start(*trio.names)
    trio.wait_together()
    for tap in taps:
        tap.stop()
    assert any(p.has("rcgroup.page.not_initialised") for tap in taps for p in tap.of("page"))
    is_whole(trio)


@pytest.mark.requirement("R-1", "R-4", "R-15")
def test_every_member_has_every_registration(trio):
    """One update by multicast, an acknowledgement by each member."""
    active = trio.serving()
    with GroupTap(trio.net, active) as tap:
        for fleet in trio.fleets.values():
            fleet.register()
        trio.wait_equal()
        tap.stop()
    told = tap.of("update", sender=int(active[2:]))
    assert told
    for n in trio.others(active):
        acks = tap.of("ack", sender=int(n[2:]))
        assert all(any(a.acknowledges(p) for a in acks) for p in told)
    is_whole(trio)


@pytest.mark.requirement("R-13")
def test_the_end_of_what_is_not_there(trio):
    """A de-registration without a binding makes an entry that is marked as deleted, on every member; it is purged after its time."""
    def remembered():
        return {trio.group_records(n, "group")[0]["deleted"] for n in trio.names}

    homes = [f.home_address(0) for f in trio.fleets.values()]
    for fleet in trio.fleets.values():
        fleet.register(0, 1, lifetime=4)
    netmod.wait_for(lambda: not any(h in trio.table("ha1", f) for h, f in zip(homes, trio.fleets)), 10, "the bindings' end")
    netmod.wait_for(lambda: remembered() == {0}, 10, "nothing to be remembered")
    with GroupTap(trio.net, "ha1") as tap:
        for fleet in trio.fleets.values():
            fleet.tell("register", 0, 1, 100, 0)     # IPv4 says yes to it, IPv6 no (RFC 6275 10.3.2)
            netmod.wait_for(lambda f=fleet: sum(f.progress()[1:]), 5, "an answer")
            fleet.calm()
        netmod.wait_for(lambda: remembered() == {len(homes)}, 5, "entries that are marked as deleted")
        tap.stop()
    for h in homes:
        assert any(about(p, h) and all(d for _, d in p.records()) and p.is_multicast for p in tap.of("update"))
    netmod.wait_for(lambda: remembered() == {0}, 10, "the purge")
    for fleet in trio.fleets.values():
        fleet.register(0, 1)
    is_whole(trio)
