# SPDX-License-Identifier: BSD-2-Clause
"""A mobile whose keys no site's agent has: its home agent lends them (doc/decisions/lent-keys.md)."""
import pytest
from roamlab import topo
from roamlab.world import QUICK

SPI = 400


def between(site):
    return f"ha-{site.name}"


def network():
    """Figure 6's network, but the agents have no block for the mobile, and the mobile none of their keys."""
    net = topo.figures(topo.A, topo.B, mobile_more=QUICK + "  forward = 3\n")
    nodes = {n.name: n for n in net.nodes}
    sites, ha, mn = (topo.A, topo.B), nodes["ha"], nodes["mn"]
    for site in sites:
        mma, name = nodes[site.agent], between(site)
        block = f'  mobile "{topo.HOME_ADDRESS}" {{ key = "{site.key}" }}\n'
        assert block in mma.roamd
        mma.roamd = topo.key_block(name, SPI) + mma.roamd.replace(topo.key_block(site.key, 257), "").replace(
            block, f'  home-agent "{topo.HOME_AGENT}" {{ key = "{name}"  home-prefix = {{"{topo.HOME_PREFIX}"}} }}\n')
        del mma.keys[site.key]
        mma.keys.update(topo.keys(name))
        mn.roamd = mn.roamd.replace(topo.key_block(site.key, 257), "").replace(f'{{ key = "{site.key}" }}', f'{{ site = "{site.name}" }}')
        ha.roamd = topo.key_block(name, SPI) + ha.roamd.replace(
            '  uplink = {"core0"}\n', f'  uplink = {{"core0"}}\n  mma "{site.mma}" {{ key = "{name}"  site = "{site.name}" }}\n')
        ha.keys.update(topo.keys(name))
    mn.keys = topo.keys("mn1")
    return net


def counters(world, node):
    return {k: v for r in world.daemons[node].show("counters") for k, v in r.items()}


def status(world, node, role):
    return next(r for r in world.daemons[node].show("status") if r.get("role") == role)


@pytest.mark.requirement("H-10", "H-16")
def test_lent_keys(make_world):
    """Home, site A, site B, site A again. At each site the first update goes unanswered, and the next is accepted; the third time nothing is asked."""
    world = make_world(network())
    world.be_home()
    world.wait_state("home")
    flow = world.start_flow()
    for cell, agent in (("a1", "mma1"), ("b1", "mma2"), ("a2", "mma1")):
        world.move(cell, 20)
        world.wait_state("away-site")
        flow.wait_flowing(15)
        bound = [b for b in world.daemons[agent].show("bindings") if b.get("state") == "active"]
        assert len(bound) == 1, bound
    world.finish_flow(flow)
    assert [counters(world, m)["mma-key-asked"] for m in ("mma1", "mma2")] == [1, 1]
    assert not any(counters(world, m)[c] for m in ("mma1", "mma2") for c in ("auth-bad", "auth-spi-unknown"))
    assert status(world, "ha", "ha")["keys_lent"] == 2
