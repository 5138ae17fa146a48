# SPDX-License-Identifier: BSD-2-Clause
"""Two home agents of mobiles that the network moves (lab/roamlab/twohomes.py): the one that serves dies in the middle of a call. Its successor has never
heard of the mobile; it asks the manager with the first packet that comes (D-4, D-8)."""
import pytest
from roamlab import twohomes
from roamlab.network import NetworkWorld
from roamlab.numbers import HOME_ADDRESS, HOME_ADDRESS4, HOME_AGENT

FAMILIES = ("ipv6", "ipv4")
HOMES = {HOME_ADDRESS, HOME_ADDRESS4}
RATE_PPS = 50            # as a telephone
SILENCE_S = 6            # bound of a busy machine; three advertisements of VRRP are missed first


@pytest.fixture(scope="module")
def world():
    with NetworkWorld("all", topology=twohomes.network()) as w:
        try:
            w.wait(lambda: serving(w) and all(is_ready(w, n) for n in twohomes.MEMBERS), "two members of which one is active", 30)
            w.ears.stand_at(0)
            w.wait_guest("cell1", seconds=20)
            yield w
        except BaseException:
            print(w.logs())
            raise


def group(world, name):
    return next(r for r in world.daemons[name].show("group") if r["record"] == "group")


def is_ready(world, name):
    return group(world, name)["state"] == "ready"


def serving(world):
    """The member that is active by its own word and in its kernel; "" when that is not one."""
    active = [n for n in twohomes.MEMBERS if world.daemons[n].proc and group(world, n)["active"] and
              HOME_AGENT in world.net.run(n, "ip", "addr", "show", "dev", "up0").replace("/", " ").split()]
    return active[0] if len(active) == 1 else ""


def provisioned(world, name):
    return {b["home_address"] for b in world.daemons[name].show("bindings") if b.get("state") == "provisioned"}


@pytest.mark.requirement("D-4", "D-8")
def test_the_call_goes_on_through_the_successor(world, request):
    first = serving(world)
    successor = next(n for n in twohomes.MEMBERS if n != first)
    flows = {f: world.start_flow(RATE_PPS, family=f, port=9000 + i) for i, f in enumerate(FAMILIES)}
    for flow in flows.values():
        flow.wait_flowing(15)
    assert provisioned(world, first) == HOMES
    known = provisioned(world, successor)
    begin = world.now()
    world.wait(lambda: world.now() - begin > 500_000_000, "half a second of the call")
    died = world.daemons[first].power_off()
    world.wait(lambda: serving(world) == successor, "the successor to serve", 15)
    for flow in flows.values():
        flow.wait_flowing(15)
    again = world.now()
    world.wait(lambda: world.now() - again > 500_000_000, "half a second more of it")
    end = world.now()
    assert provisioned(world, successor) == HOMES
    print(f"the successor knew {known or 'nobody'} before")
    for family, flow in flows.items():
        for way, direction in zip(("down", "up"), world.finish_flow(flow)):
            before, after = direction.count(begin, died - 100_000_000), direction.count(again, end)
            assert (before.lost, before.doubled, after.lost, after.doubled) == (0, 0, 0, 0), (family, way)
            assert before.sent > 10 and after.sent > 10
            silence_ms = direction.silence_ns(died, again) / 1e6
            print(f"{family} {way}: {silence_ms:.0f} ms without a packet")
            assert silence_ms < SILENCE_S * 1000, (family, way)
    request.node.packets_moved = world.packets_moved
