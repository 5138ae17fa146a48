# SPDX-License-Identifier: BSD-2-Clause
"""Figure 4: from the home subnet to two other subnets of the home site, which has an MMA of its own."""
import ipaddress

import pytest
from roamlab import topo, witness
from roamlab.world import QUICK

ALTERNATE_COA = 3  # RFC 6275 6.2.5


def option(message, wanted):
    """Data of a mobility option of a binding update; None when absent. Options begin at octet 12 (RFC 6275 6.1.7)."""
    at, data = 12, message.data
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1]
        if data[at] == wanted:
            return data[at + 2:at + 2 + length]
        at += 2 + length
    return None


@pytest.mark.requirement("H-4", "H-8", "H-10", "H-14")
def test_fig04(make_world):
    world = make_world(topo.home_site(interfaces=2, mobile_more=QUICK))
    taps = {n: world.watch(witness.Tap, n) for n in ("mn", "ha", "mma")}
    tally = world.watch(witness.Tally, "mma")
    world.be_home()
    flow = world.start_flow()
    flow.wait_flowing(15)
    mma, home, ha = (world.facts[k] for k in ("mma", "home_address", "home_agent"))

    # At home no registration with the MMA although the home link names it: the home subnet takes precedence (H-8).
    assert not [m for m in taps["mma"].messages() if m.cls == "mh"]
    start = world.now()
    world.move("cell1", 15)
    world.wait_state("away-site")
    flow.wait_flowing(15)
    moved = world.now()
    before = flow.mobile.received
    world.move("cell2", 15)
    flow.wait_flowing(15)
    world.wait(lambda: flow.mobile.received >= before + 1000, "1,000 packets")
    end = world.now() - 100_000_000
    down, up = world.finish_flow(flow)

    sent = [m for m in taps["mn"].messages() if m.when_ns >= start and m.direction == "out"]
    updates = [m for m in sent if m.cls == "mh" and m.type == witness.BU]
    assert [m.dst for m in updates] == [mma, ha]  # MMA first, each once
    answers = [m for m in taps["mn"].messages() if m.cls == "mh" and m.type == witness.BA and m.direction == "in"]
    assert [m.src for m in answers[-2:]] == [mma, ha]
    assert answers[-2].when_ns < updates[1].when_ns
    assert min(m.when_ns for m in witness.multicast_reports(sent)) < updates[0].when_ns

    # The home agent is told the care-of address that the MMA assigned, and tunnels there.
    assigned = str(ipaddress.IPv6Address(option(updates[1], ALTERNATE_COA)))
    assert ipaddress.ip_address(assigned) in ipaddress.ip_network(topo.HOME_SITE.base + ":ff::/64")
    kinds = tally.kinds()
    assert sum(k.packets for k in kinds if (k.direction, k.src, k.dst, k.inner_dst) == ("in", ha, assigned, home)) > 500

    # Subnet 1 to subnet 2: nobody is told.
    assert not [m for t in taps.values() for m in t.messages() if m.cls in ("mh", "udp") and m.when_ns >= moved]
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
