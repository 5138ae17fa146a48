# SPDX-License-Identifier: BSD-2-Clause
"""Figure 5: attached to a foreign site, with route optimisation by the site's agent, and what leaves the site."""
import pytest
from roamlab import netns, topo
from roamlab.witness import of_kind, total, within

from scene import CN, DATA, HA, HOME, ROLE_CN, Scene, either_correspondent


@pytest.mark.requirement("H-11", "H-12", "H-15", "H-23")
@either_correspondent
def test_fig05(make_world, cn):
    """From subnet to subnet of the site while the correspondent node sends straight to the agent: nobody is told, nothing is lost."""
    scene = Scene(make_world, topo.A, cn=cn)
    at = scene.go("a1")
    up = scene.optimised(topo.A) if cn else scene.world.now()
    scene.pass_packets()
    inside = scene.world.now()
    for cell in ("a2", "a1", "a2"):
        scene.go(cell)
    scene.pass_packets()
    scene.finish()
    scene.lossless()
    scene.multicast_stays_inside()
    assert not scene.filters_refused()
    # An ordinary host is tested again now and then, whatever the mobile does; nothing else is said.
    assert not [i for i in scene.messages(inside, scene.end) if cn or i.kind not in ("HoTI", "CoTI")]
    assert scene.said.first(inside, "mn", "a2", "join")
    through = [of_kind(scene.at_mobile, direction="in", ifname=w, src=topo.A.mma, proto=47) for w in ("w0", "w1")]
    received = [total(kinds) for kinds in through]
    since = min(k.first_ns for kinds in through for k in kinds)
    assert min(received) > 0 and sum(received) > sum(t >= since for t in scene.down.rx)  # lines 3 and 4: through both for a while
    if cn:
        update = scene.said.check(at, [("ha", "mn", "BA"), ("mma1", "cn", "BU"), ("cn", "mma1", "BA")])[1]
        assert within(topo.A.coa_prefix)(update.message.src)
        assert total(scene.data(ifname="cn0", direction="in", dst=update.message.src, via=f"rh2={HOME}")) >= 1000
        assert total(scene.data(ifname="cn0", direction="out", src=update.message.src, dst=CN, via=f"hao={HOME}")) >= 1000
        assert not scene.through_home_agent(up)
    else:
        assert not scene.said.between(0, 1 << 63, "HoT", "CoT")
        assert total(scene.data(ifname="ha0", direction="in", src=HA, dst=within(topo.A.coa_prefix), inner_dst=HOME)) >= 1000
        assert total(scene.data(ifname="ha0", direction="out", src=within(topo.A.coa_prefix), dst=HA, inner_src=HOME)) >= 1000


@pytest.mark.requirement("H-13")
def test_literal_uplink_passes_the_filters(make_world):
    """H-13 as the document has it: the on-link address is the source, the home address travels in the option, no tunnel. At each
    attachment an address of that link."""
    trust = f'  trust {{ home = "{topo.HOME_PREFIX}"  care-of = "{topo.A.base}:10::/60" }}\n'
    scene = Scene(make_world, topo.A, cn=ROLE_CN + trust,
                  mobile='  route-optimisation = "off"\n  uplink = "literal"\n  direct = {"2001:db8:c::/64"}\n')
    scene.go("a1")
    settled = scene.world.now()
    scene.pass_packets()
    scene.go("a2")
    scene.pass_packets()
    scene.finish()
    scene.lossless()
    for link in ("2001:db8:2:11::/64", "2001:db8:2:12::/64"):
        assert total(scene.data(ifname="mma1", direction="in", src=within(link), dst=CN, via=f"hao={HOME}")) >= 1000
        assert total(of_kind(scene.at_mobile, direction="out", proto=DATA, src=within(link), dst=CN, via=f"hao={HOME}")) >= 1000
    assert not [k for k in scene.data(ifname="ha0", direction="out", src=within(topo.A.prefix)) if k.last_ns > settled]
    assert not scene.filters_refused()


FORGE = """
import sys
from scapy.all import *
frame = Ether(dst=sys.argv[1]) / IPv6(src=sys.argv[2], dst=sys.argv[3]) / UDP(sport=6666, dport=6666) / Raw(b"x" * 32)
sendp([frame] * int(sys.argv[4]), iface="core0", verbose=0)
"""


@pytest.mark.requirement("H-13")
def test_filters_refuse_a_foreign_source(make_world):
    """What the filters are for: a packet with the home address as source does not leave the foreign site, one with an address of the site
    does. The mobile's own packets pass meanwhile."""
    scene = Scene(make_world, topo.A)
    scene.go("a1")
    world = scene.world
    before = world.net.refused("core", "mma1")

    def forge(source, n):
        netns.run(world.net.ns("mma1"), ["/usr/bin/python3", "-c", FORGE, world.net.lladdr["core", "mma1"], source, CN, str(n)])
    forge(HOME, 50)
    world.wait(lambda: world.net.refused("core", "mma1") == before + 50, "50 packets refused")
    forge("2001:db8:2:11::66", 40)
    scene.pass_packets()
    scene.finish()
    assert world.net.refused("core", "mma1") == before + 50 == 50
    assert total(scene.data(ifname="cn0", direction="out", src="2001:db8:2:11::66", dst=CN)) == 40
    scene.lossless()
