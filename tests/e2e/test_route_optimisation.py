# SPDX-License-Identifier: BSD-2-Clause
"""Route optimisation beyond the figures: the mobile's own where no agent is (RFC 6275 11.6), hand in hand with an agent's, and renewal under traffic."""
import pytest
from roamlab import topo
from roamlab.witness import total, within

from scene import CN, HOME, MS, ROLE_CN, Scene


@pytest.mark.requirement("H-6", "H-15", "H-17")
def test_own_beside_an_agents(make_world):
    """Home, a network without an agent, site A, home: the mobile registers where no agent does, the agent elsewhere, never both; nothing is lost."""
    scene = Scene(make_world, topo.A, no_mma=True, mobile='  route-optimisation = "auto"\n')
    at = scene.go("n1")
    scene.answered("mn", since=at)
    scene.pass_packets(300)
    own = scene.world.now()
    scene.pass_packets()
    own_end = scene.world.now()
    there = scene.go("a1")
    scene.optimised(topo.A, since=there)
    scene.pass_packets()
    back = scene.go("home")
    scene.answered("mn", since=back)
    scene.finish()
    steps = scene.said.check(at, [[("mn", "cn", "HoTI"), ("mn", "cn", "CoTI")], ("mn", "cn", "BU"), ("cn", "mn", "BA")])
    assert within(topo.NO_MMA)(steps[2].message.src)
    scene.said.check(there, [("mn", "mma1", "BU"), ("mn", "ha", "BU"), ("mn", "cn", "BU0"), ("cn", "mn", "BA"), ("mma1", "cn", "BU")])
    scene.said.check(back, [("mn", "ha", "BU0"), ("mn", "mma1", "BU0"), ("mn", "cn", "BU0"), ("cn", "mn", "BA")])
    assert total(scene.data(ifname="cn0", direction="in", dst=within(topo.NO_MMA), via=f"rh2={HOME}")) >= 1000
    assert total(scene.data(ifname="cn0", direction="out", src=within(topo.NO_MMA), dst=CN, via=f"hao={HOME}")) >= 1000
    tunnelled = [k for k in scene.data(ifname="ha0") if within(topo.NO_MMA)(k.dst) or within(topo.NO_MMA)(k.src)]
    assert not [k for k in tunnelled if k.first_ns < own_end and k.last_ns > own and k.last_ns < there]
    scene.lossless()


@pytest.mark.requirement("H-15")
def test_renewal_under_traffic(make_world):
    """Bindings of 16 s are renewed while packets flow: none is lost, none goes through the home agent."""
    scene = Scene(make_world, topo.A, cn=ROLE_CN + "  lifetime = 16\n")
    scene.go("a1")
    up = scene.optimised(topo.A)
    for _ in range(2):
        since = scene.world.now()
        scene.answered("mma1", since=since, seconds=60)
    scene.finish()
    updates = [i for i in scene.said.between(up, scene.end, "BU") if i.who == "mma1" and i.whom == "cn"]
    assert len(updates) >= 2
    assert all(b.left_ns - a.left_ns > 4000 * MS for a, b in zip(updates, updates[1:]))
    assert not scene.through_home_agent(up)
    scene.lossless()


@pytest.mark.requirement("H-15")
def test_the_agents_daemon_dies(make_world):
    """kill -9 of the agent's daemon with the route up: packets go on by pinned maps; the next daemon knows the binding, renews it, and
    hands it on when the mobile goes home."""
    scene = Scene(make_world, topo.A, cn=ROLE_CN + "  lifetime = 16\n")
    scene.go("a1")
    up = scene.optimised(topo.A)
    daemon = scene.world.daemons["mma1"]
    daemon.kill()
    scene.pass_packets(300)
    daemon.start()
    since = scene.world.now()
    scene.answered("mma1", since=since, seconds=60)
    scene.pass_packets()
    left = scene.world.now()
    scene.go("home")
    scene.answered("mn", since=left)
    scene.finish()
    assert not [k for k in scene.through_home_agent(up) if k.first_ns < left and k.inner_src]
    ended = [i for i in scene.said.between(left, scene.end, "BU0") if i.whom == "cn"]
    assert len(ended) == 1, ended  # with the next number: it is not refused
    scene.lossless()
