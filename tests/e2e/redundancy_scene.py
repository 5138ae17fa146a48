# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of redundant home agents have in common: a group with all mobiles registered, faults of its active member, and what is true after."""
import failure
from roamlab import net as netmod
from roamlab.group import Group

FAILOVER_MS = 1500                                                  # a bound that a busy machine keeps; figures are the benchmark's
DEAF = "add rule inet deaf input udp dport 4340 @th,72,8 {} drop"   # the type of a group's datagram is its second octet


def running(members=2, more="  purge = 2\n", **kw):
    """A group of both families, for a fixture to yield from."""
    with Group(members=members, family="dual", more=more, process='  sync = "full"\n', **kw) as g:
        for fleet in g.fleets.values():
            fleet.register()
        g.wait_equal()
        yield g


def watch(request, g):
    """For a fixture to yield from: what the test moved, for the requirements it names; its daemons' last words when it fails."""
    before = g.packets_moved
    yield
    request.node.packets_moved = g.packets_moved - before
    if failure.tell(request, g.logs):
        g.recover()


def is_whole(g, crowds=None):
    """All that must be true after a fault."""
    g.wait_together()
    g.wait_equal()
    return g.check_reachable(crowds)


def is_whole_after_repeats(g):
    """The same where some registrations had no answer: their mobiles repeat them, as mobiles do."""
    g.wait_together()
    g.wait_equal()
    for fleet in g.fleets.values():
        fleet.register()
    return is_whole(g)


def fails_over(g, name, fault, crowds):
    """Makes a fault of the active member; how long it took until packets came through another, in ms, by family."""
    when = fault(name)
    first = {c.fleet.family: netmod.wait_for(lambda f=c.fleet: f.first_by_another(name, when), 10, "a packet by way of the successor") for c in crowds}
    taken = {family: (t - when) / 1e6 for family, t in first.items()}
    assert max(taken.values()) < FAILOVER_MS * netmod.PATIENCE, taken
    return taken
