# SPDX-License-Identifier: BSD-2-Clause
"""A mobile that the network moves: known by its authenticated session alone, its packets of either family in a group of either, and what it sends
routed as it is, without a reverse tunnel (D-2, D-5, D-9). The network is test_network_moves.py's with one agent; no router between filters sources."""
import failure
import pytest
from roamlab import witness
from roamlab.network import NetworkWorld
from roamlab.numbers import CORRESPONDENT, CORRESPONDENT4, HOME_ADDRESS, HOME_ADDRESS4, HOME_AGENT, HOME_AGENT4

ANNA = "nai:anna@example.org"
FAMILIES = ("ipv6", "ipv4")
HOME = {"ipv6": HOME_ADDRESS, "ipv4": HOME_ADDRESS4}
PEER = {"ipv6": CORRESPONDENT, "ipv4": CORRESPONDENT4}
AGENT = {"ipv6": HOME_AGENT, "ipv4": HOME_AGENT4}
GRE, IN_IPV6, IN_IPV4 = 47, 41, 4


@pytest.fixture(scope="module")
def anna():
    with NetworkWorld("all", agents=1, agent_more='    uplink = "route"\n', is_filtered=False, identity=ANNA, record="") as w:
        try:
            w.ears.stand_at(0)
            w.wait_guest("cell1", seconds=20)
            yield w
        except BaseException:
            print(w.logs())
            raise


@pytest.fixture
def world(anna, request):
    before = anna.packets_moved
    yield anna
    failure.tell(request, anna.logs)
    request.node.packets_moved = anna.packets_moved - before


def unproven(world):
    return sum(r.get("station-unproven", 0) for r in world.daemons["fa1"].show("counters"))


@pytest.mark.requirement("D-2", "D-5")
def test_a_link_layer_address_is_nobody_s_proof(world):
    """Its record does not say that the link-layer address is enough. Whoever has that address without the session gets nothing, in or out, and the
    session's mobile is reached by the record of its NAI."""
    for family in FAMILIES:
        assert world.ping("cn", HOME[family], 3) == 3, family
    before = unproven(world)
    world.ears.identity = ""
    world.ears.lose("cell1")
    world.wait_guest()
    world.wait(lambda: unproven(world) > before, "the station to be refused")
    for family in FAMILIES:
        assert world.ping("cn", HOME[family], 1, 0.5) == 0, family
        assert world.ping("mn", PEER[family], 1, 0.5) == 0, family
    world.ears.identity = "nai:bert@example.org"    # somebody else's session
    assert world.ping("cn", HOME["ipv6"], 1, 0.5) == 0
    assert not world.guests()
    world.ears.identity = ANNA
    world.wait_guest("cell1")
    for family in FAMILIES:
        assert world.ping("cn", HOME[family], 3) == 3, family


@pytest.mark.requirement("D-8", "D-9")
@pytest.mark.parametrize("carrier", FAMILIES)
def test_groups_carry_the_other_family(world, carrier):
    """The record has a source, and so a group, of one family; packets of both arrive by it. What the mobile sends goes its way bare."""
    world.device("remove", ANNA)
    world.record = f"source={AGENT[carrier]}"
    world.provision()
    assert set(world.groups()) == {carrier}
    world.wait_guest("cell1")
    for family in FAMILIES:
        world.wait_reached(family)
    tally = world.watch(witness.Tally, "fa1", ["up0"])
    for family in FAMILIES:
        assert world.ping("cn", HOME[family], 3) == 3, family
        assert world.ping("mn", PEER[family], 3) == 3, family
    kinds, group = tally.kinds(), world.groups()[carrier]
    for family in FAMILIES:
        assert witness.total(kinds, direction="in", dst=group, proto=GRE, inner_dst=HOME[family]) >= 6, family
        assert witness.total(kinds, direction="out", src=HOME[family], dst=PEER[family], inner_src=None) >= 6, family
    assert not witness.total(kinds, direction="out", proto=IN_IPV6) and not witness.total(kinds, direction="out", proto=IN_IPV4)
