# SPDX-License-Identifier: BSD-2-Clause
"""The home agent's tunnels against somebody else's: a kernel with ipip and gre devices is the mobile."""
import json
import pathlib

import pytest
from roamlab import topo, uml
from roamlab.witness import Tally, total

MOBILE = pathlib.Path(__file__).with_name("kernel_mobile.py")
CARE_OF, ROUTER = "10.2.17.50", "10.2.17.1"


def network():
    """The mobile is co-located in cell1, behind a router that is no agent."""
    t = topo.demo(use_mma=False, family="ipv4", routers=1, backbone_delay_us=1000)
    for node in t.nodes:
        node.roamd = node.roamd if node.name == "ha" else ""
    return t


@pytest.mark.requirement("H-7")
@pytest.mark.skipif(uml.why_not() is not None, reason=str(uml.why_not()))
def test_kernel_is_the_other_end(make_world):
    """It registers with a hand-made request (D, T, and G for GRE); echoes of all sizes, fragments too, go through the tunnel both ways."""
    world = make_world(network())
    core = world.watch(Tally, "core")
    what = {"home": topo.HOME_ADDRESS4, "agent": topo.HOME_AGENT4, "correspondent": topo.CORRESPONDENT4, "care_of": CARE_OF, "router": ROUTER,
            "key": topo.key_hex("mn1"), "encapsulations": ["ipip", "gre"]}
    said = uml.Kernel(world.net, "cell1", f"WHAT = {what!r}\n" + MOBILE.read_text()).wait()
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [t.get("code") for t in told[:2]] == [0, 0], said
    assert [t["received"] for t in told[:2]] == [{"56": 10, "1400": 10, "3000": 10}] * 2, said
    assert told[2:] == [{"released": 0}], said
    kinds = core.kinds()
    for proto in (4, 47):
        assert total(kinds, ifname="ha0", direction="in", src=topo.HOME_AGENT4, dst=CARE_OF, proto=proto, inner_dst=topo.HOME_ADDRESS4) >= 30
        assert total(kinds, ifname="ha0", direction="out", src=CARE_OF, dst=topo.HOME_AGENT4, proto=proto, inner_src=topo.HOME_ADDRESS4) >= 30
    world.packets_moved += sum(sum(t["received"].values()) for t in told[:2])
