# SPDX-License-Identifier: BSD-2-Clause
"""Figure 4: from the home subnet to two other subnets of the home site, which has an MMA of its own."""
import ipaddress

import pytest
from roamlab import topo
from roamlab.witness import total, within

from scene import HA, HOME, Scene, either_correspondent

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


@pytest.mark.requirement("H-4", "H-8", "H-10", "H-11", "H-14", "H-23")
@either_correspondent
def test_fig04(make_world, cn):
    scene = Scene(make_world, topo.H, cn=cn)
    # At home no registration with the MMA although the home link names it: the home subnet takes precedence (H-8).
    assert not [m for m in scene.taps["mma0"].messages() if m.cls == "mh"]
    at = scene.go("h1")
    if cn:
        scene.optimised(topo.H)
    scene.pass_packets()
    inside = scene.world.now()
    scene.go("h2")
    scene.finish()

    steps = scene.said.check(at, [[("mn", "h1", "join"), ("mn", "mma0", "BU")], ("mma0", "mn", "BA"), ("mn", "ha", "BU"), ("ha", "mn", "BA")])
    assert scene.updates(at) == [("mma0", "BU"), ("ha", "BU")]  # MMA first, each once
    # The home agent is told the care-of address that the MMA assigned, and tunnels there.
    assigned = str(ipaddress.IPv6Address(option(steps[3].message, ALTERNATE_COA)))
    assert within(topo.H.coa_prefix)(assigned)
    assert total(scene.data(ifname="ha0", direction="in", src=HA, dst=assigned, inner_dst=HOME)) > (0 if cn else 500)
    # Subnet 1 to subnet 2: the group is joined there, and nobody is told.
    assert scene.said.first(inside, "mn", "h2", "join")
    assert not [i for i in scene.messages(inside, scene.end) if cn or i.kind not in ("HoTI", "CoTI")]
    scene.lossless()
    scene.multicast_stays_inside()
    assert not scene.filters_refused()
