# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of figures 4 to 10 share: a tour (roamlab/tour.py) and what it must have shown.

    scene = Scene(make_world, topo.A, topo.B, cn=True)
    scene.go("a1")                        # home to site A; packets flow
    up = scene.optimised(topo.A)
    at = scene.go("b1")
    scene.finish()
    scene.said.check(at, [("mn", "mma2", "BU"), ...])
    scene.lossless()

Sites H (home), A and B, their agents mma0, mma1, mma2, their cells h1, h2, a1, ... (topo.py draws it)."""
import pytest
from roamlab import tour
from roamlab.tour import CN, DATA, HA, HOME, MS, ROLE_CN
from roamlab.witness import total, within

DELAY_MS = 25              # from the backbone to a foreign site
LINK_SCOPE = ("ff01:", "ff02:")

either_correspondent = pytest.mark.parametrize("cn", [False, True], ids=["ordinary", "cn"])


class Scene(tour.Tour):
    def __init__(self, make_world, *sites, network=None, **kw):
        """network: a topology; without one, tour.network of these sites."""
        super().__init__(make_world(network or tour.network(*sites, **kw)))
        self.be_home()

    def finish(self):
        super().finish()
        print(self.text())

    def lossless(self):
        """Nothing lost or doubled in either direction, from home on."""
        for name, direction in (("to", self.down), ("from", self.up)):
            count = direction.count(self.start, self.end)
            lost_ms = [(t - self.start) / MS for t in direction.missing(self.start, self.end)]
            assert (count.lost, count.doubled) == (0, 0), f"{name} the mobile: {count}; lost were those sent at {lost_ms} ms"

    def updates(self, start, end=1 << 63):
        """Who was sent a binding update by the mobile, in order."""
        return [(i.whom, i.kind) for i in self.said.between(start, end, "BU", "BU0") if i.who == "mn"]

    def multicast_stays_inside(self):
        """H-23: on the backbone no multicast but its links' own, none of the site's encapsulation."""
        assert not [k for k in self.kinds if k.is_multicast and not k.dst.startswith(LINK_SCOPE)]
        assert not [k for k in self.kinds if k.is_multicast and k.proto == DATA]
        assert not [k for k in self.kinds if k.proto == 47]

    def filters_refused(self):
        """Packets that the backbone's ingress filters refused."""
        core = [c.b.ifname for c in self.world.net.topo.cables if c.b.node == "core"]
        return {i: n for i in core if (n := self.world.net.refused("core", i))}


# --- from one site to another: figures 6, 8 and 9 ---

FORWARD_S = 3


def until_forgotten(scene, interfaces):
    """Packets until the old agent forwards no more. With one radio, where only the handover's losses are of interest, a second of them."""
    scene.pass_packets(1000 * FORWARD_S + 2000 if interfaces > 1 else 1000)


def between_sites(make_world, old, new, cn, interfaces=2, **kw):
    """Home, the old site, the new site, with two radios until the old agent has forgotten the mobile. Returns (scene, when the handover began,
    when route optimisation was up again)."""
    scene = Scene(make_world, *sorted((old, new), key=lambda s: s.number), cn=cn, interfaces=interfaces,
                  mobile=f"  forward = {FORWARD_S}\n", routers=1, **kw)
    scene.go(f"{old.letter}1")
    if cn:
        scene.optimised(old)
    scene.pass_packets()
    at = scene.go(f"{new.letter}1")
    up = scene.optimised(new, since=at) if cn else 0
    until_forgotten(scene, interfaces)
    scene.finish()
    return scene, at, up


def check_order(scene, at, old, new):
    """Register with the new agent and join; then the home agent; then the old agent, which forwards; then correspondent nodes."""
    steps = scene.said.check(at, [[("mn", f"{new.letter}1", "join"), ("mn", new.agent, "BU")], (new.agent, "mn", "BA"), ("mn", "ha", "BU"),
                                  ("mn", old.agent, "BU0"), (old.agent, "mn", "BA")])
    assert scene.updates(at) == [(new.agent, "BU"), ("ha", "BU"), (old.agent, "BU0")]
    # The agents speak with each other before one forwards: the new one confirms, the old one tells for how long and for whom.
    assert [i for i in scene.messages(at, to=old.agent) if i.who == new.agent and i.kind == "peer"]
    assert [i for i in scene.messages(at, to=new.agent) if i.who == old.agent and i.kind == "peer"]
    if scene.has_cn:
        scene.said.check(steps[-2].left_ns, [(new.agent, "cn", "BU"), ("cn", new.agent, "BA")])
        assert within(new.coa_prefix)(scene.said.first(at, new.agent, "cn", "BU").message.src)
    else:
        assert not scene.said.between(0, 1 << 63, "CoT", "HoT")
    return steps


def check_paths(scene, steps, old, new, up):
    """Where packets went: the old path before, through the old agent for the time asked, straight to the new one once it is optimised."""
    released = steps[-2].left_ns
    over_old = scene.forwarded(old, new)
    if scene.has_cn:
        straight = scene.data(ifname="cn0", direction="in", dst=within(new.coa_prefix), via=f"rh2={HOME}")
        assert total(straight) >= 1000
        assert total(scene.data(ifname="cn0", direction="in", dst=within(old.coa_prefix), via=f"rh2={HOME}")) >= 300
        assert total(scene.data(ifname=new.agent, direction="in", src=within(new.coa_prefix), dst=CN, via=f"hao={HOME}")) >= 1000
        assert total(over_old) > 0
        assert not scene.through_home_agent(up)
    else:
        assert total(scene.data(ifname="ha0", direction="in", src=HA, dst=within(new.coa_prefix), inner_dst=HOME)) >= 1000
    for k in over_old:
        assert released <= k.first_ns and k.last_ns <= released + (FORWARD_S + 1) * 1000 * MS
    # Only a correspondent node's binding with the old agent is served to its end; nothing came for it any more, as seen above.
    left = [b for b in scene.world.daemons[old.agent].show("bindings") if b.get("home_address") == HOME and b["record"] == "binding"]
    assert {b["state"] for b in left} <= ({"resting", "forwarding-optimised"} if scene.has_cn else {"resting"}), left
