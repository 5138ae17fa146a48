# SPDX-License-Identifier: BSD-2-Clause
"""The mobile at home."""
import pytest
from roamlab import witness

TUNNELS = {41, 47}


@pytest.mark.requirement("H-21")
def test_at_home_no_tunnel(make_world):
    """At home the mobile is an ordinary host: packets both ways, none of them in a tunnel, no registration."""
    world = make_world()
    tally = world.watch(witness.Tally, "mn")
    tap = world.watch(witness.Tap, "mn")
    world.be_home()
    flow = world.start_flow()
    flow.wait_flowing(15)
    start = world.now()
    flow.pass_packets(1000)
    end = world.now() - 200_000_000
    down, up = world.finish_flow(flow)
    assert down.count(start, end).lost == 0
    assert up.count(start, end).lost == 0
    kinds = tally.kinds()
    home, cn = world.facts["home_address"], world.facts["correspondent"]
    assert sum(k.packets for k in kinds if (k.src, k.dst) == (cn, home) and k.proto == 17) >= 1000
    assert not [k for k in kinds if k.proto in TUNNELS]
    assert not [m for m in tap.messages() if m.cls == "mh" and m.type == witness.BU
                and int.from_bytes(m.data[10:12], "big") > 0]
