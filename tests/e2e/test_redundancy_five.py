# SPDX-License-Identifier: BSD-2-Clause
"""Five home agents, each with a way of its own to promise what it acknowledges: members die one after the other, the group falls into two and three,
and every member registers mobiles that come to its own address."""
import contextlib

import pytest
from redundancy_scene import DEAF, fails_over, is_whole, running, watch
from roamlab import net as netmod
from roamlab.redundant import own

COMMIT = {"ha2": "async", "ha3": "all"}       # the others: one


@pytest.fixture(scope="module")
def five():
    yield from running(members=5, count=100, more=lambda i: f'  purge = 2\n  commit = "{COMMIT.get(f"ha{i}", "one")}"\n')


@pytest.fixture(autouse=True)
def moved(request, five):
    yield from watch(request, five)


def address_of(name, fleet):
    return own(int(name[2:]))[0 if fleet.family == "ipv6" else 1]


@pytest.mark.requirement("R-14", "R-6")
def test_two_die_one_after_the_other(five):
    """Each time another one serves; mobiles that register meanwhile are known to those that come back."""
    crowds, dead = five.crowds(), []
    for turn in range(2):
        dead.append(five.serving())
        fails_over(five, dead[-1], five.kill, crowds)
        five.wait_together()
        for fleet in five.fleets.values():
            fleet.register(40 * turn, 40)
    five.wait_equal()
    assert five.serving() not in dead
    five.start(*dead)
    is_whole(five, crowds)


@pytest.mark.requirement("R-15", "R-2")
def test_two_and_three(five):
    """Either side elects a member, and takes registrations: of other mobiles, and of the same ones. Afterwards all have both sides', the later ones."""
    sides = five.names[:2], five.names[2:]
    with five.split_into(*sides):
        netmod.wait_for(lambda: [len(set(side) & set(five.holders())) for side in sides] == [1, 1], 10, "an active member on either side")
        for i, side in enumerate(sides):
            netmod.wait_for(lambda s=side: all(five.is_ready(n, len(s) - 1) for n in s), 10, "the others to be dead")
            five.lead_to(next(n for n in five.holders() if n in side))
            for fleet in five.fleets.values():
                fleet.register(40 * i, 60)                  # 40 to 59 at both, the second one later
        assert five.what_differs()
        five.lead_to(None)
    is_whole(five)


@pytest.mark.requirement("R-2", "R-1", "R-15")
def test_each_registers_at_its_own_address(five):
    """Active or not: the answer comes from that address, all are told, and the mobile is reached through the active member."""
    for i, name in enumerate(five.names):
        for fleet in five.fleets.values():
            fleet.register(20 * i, 20, agent=address_of(name, fleet))
    is_whole(five)


# --- what an acknowledgement promises ---

def told(fleet, first, count):
    """Generations acknowledged."""
    bound, _ = fleet.acknowledged()
    return [bound[fleet.home_address(i)][0] for i in range(first, first + count)]


def deaf(g, names):
    """These get no updates, though they live."""
    stack = contextlib.ExitStack()
    for n in names:
        stack.enter_context(g.dropping(n, DEAF.format(2)))
    return stack


def repeated(g, name):
    return g.group_records(name, "group")[0]["sent-again"]


def wait_repeated(g, name, since):
    netmod.wait_for(lambda: repeated(g, name) > since + 20, 10, f"repetitions by {name}")


def test_commit_async_waits_for_nobody(five):
    """While no other member hears of it the mobile has its acknowledgement."""
    fleet = five.fleets["ipv6"]
    with deaf(five, five.others("ha2")):
        fleet.register(0, 5, agent=address_of("ha2", fleet))
        assert len(fleet.missing_in(five.table("ha1", "ipv6"))) == 5 and not fleet.missing_in(five.table("ha2", "ipv6"))
    is_whole(five)


@pytest.mark.requirement("R-4")
def test_commit_one_waits_for_another(five):
    """Nobody hears of it, and the mobile is not told; one other member is enough."""
    for fleet in five.fleets.values():
        before, since = told(fleet, 10, 5), repeated(five, "ha1")
        with deaf(five, five.names[2:]):
            with deaf(five, ["ha2"]):
                fleet.register_at(address_of("ha1", fleet))
                asked = len(fleet.lines)
                fleet.tell("register", 10, 5, 1000)
                wait_repeated(five, "ha1", since)
                assert told(fleet, 10, 5) == before
            fleet.answer("register", asked)
            assert not fleet.missing_in(five.table("ha2", fleet.family))
    is_whole(five)


@pytest.mark.requirement("R-4")
def test_commit_all_waits_for_all(five):
    """All but one have it, and the mobile is not told; when that one has it too, it is."""
    for fleet in five.fleets.values():
        before, since = told(fleet, 20, 5), repeated(five, "ha3")
        with deaf(five, ["ha5"]):
            fleet.register_at(address_of("ha3", fleet))
            asked = len(fleet.lines)
            fleet.tell("register", 20, 5, 1000)
            wait_repeated(five, "ha3", since)
            assert told(fleet, 20, 5) == before
        fleet.answer("register", asked)
        assert not any(fleet.missing_in(five.table(n, fleet.family)) for n in five.names)
    is_whole(five)
