# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of figures 4 to 10 share: the network of topo.figures, traffic both ways from home on, captures everywhere.

    scene = Scene(make_world, topo.A, topo.B, cn=True)
    scene.go("a1")                        # home to site A; packets flow
    up = scene.optimised(topo.A)
    at = scene.go("b1")
    scene.finish()
    scene.said.check(at, [("mn", "mma2", "BU"), ...])
    scene.lossless()

Sites H (home), A and B, their agents mma0, mma1, mma2, their cells h1, h2, a1, ... (topo.py draws it)."""
import pytest
from roamlab import order, topo, witness
from roamlab.witness import of_kind, total, within
from roamlab.world import QUICK

MS = 1_000_000
DATA = 17
DELAY_MS = 25              # from the backbone to a foreign site
CN, HOME, HA = topo.CORRESPONDENT, topo.HOME_ADDRESS, topo.HOME_AGENT
LINK_SCOPE = ("ff01:", "ff02:")
ROLE_CN = '  interface = {"eth0"}\n'

either_correspondent = pytest.mark.parametrize("cn", [False, True], ids=["ordinary", "cn"])


class Scene:
    def __init__(self, make_world, *sites, cn=True, mobile="", **kw):
        more = QUICK + '  route-optimisation = "agent"\n' * ("route-optimisation" not in mobile) + mobile
        self.has_cn = bool(cn)
        network = topo.figures(*sites, cn=(cn if isinstance(cn, str) else ROLE_CN) if cn else "", mobile_more=more, **kw)
        self.world = world = make_world(network)
        self.taps = {n: world.watch(witness.Tap, n) for n in ("mn", "ha", "cn", *(s.agent for s in sites))}
        self.backbone, self.radio_links = world.watch(witness.Tally, "core"), world.watch(witness.Tally, "mn")
        world.be_home()
        world.wait_state("home")
        self.flow = world.start_flow()
        self.flow.wait_flowing(15)
        self.start = world.now()

    # --- what happens ---

    def go(self, cell):
        """Moves; returns when it began. Packets flow both ways at the end, from the place that the cell is."""
        at = self.world.now()
        self.world.move(cell, 20)
        self.world.wait_state({"home": "home", "n1": "away-plain"}.get(cell, "away-site"))
        self.flow.wait_flowing(15)
        return at

    def pass_packets(self, n=1000):
        flow = self.flow
        before = flow.mobile.received, flow.fixed.received
        self.world.wait(lambda: flow.mobile.received >= before[0] + n and flow.fixed.received >= before[1] + n,
                        f"{n} packets each way", 30)

    def answered(self, who, kind="BA", since=0, seconds=20):
        """Waits until the correspondent node has answered `who`; returns when that was heard."""
        def heard():
            return order.Said(self.world, self.taps).first(since, "cn", who, kind)
        item = self.world.wait(heard, f"{kind} of the correspondent node to {who}", seconds)
        return item.arrived_ns

    def optimised(self, site, since=0):
        """Waits until the correspondent node has accepted the binding of that site's agent, and what was on its way before
        has arrived; returns when that was."""
        self.answered(site.agent, since=since)
        self.pass_packets(300)
        return self.world.now()

    def finish(self):
        """Ends the traffic and reads the captures."""
        self.pass_packets()
        self.end = self.world.now() - 100 * MS
        self.down, self.up = self.world.finish_flow(self.flow)
        self.kinds, self.at_mobile = self.backbone.kinds(), self.radio_links.kinds()
        for tap in self.taps.values():
            tap.stop()
        self.said = order.Said(self.world, self.taps)
        print(self.said.text(self.start))
        for k in self.kinds:
            if DATA in (k.proto, k.inner_proto):
                print(f"{k.ifname} {k.direction} {k.src} > {k.dst} {k.via} [{k.inner_src} > {k.inner_dst}] {k.packets} "
                      f"from {(k.first_ns - self.start) / 1e6:.1f} to {(k.last_ns - self.start) / 1e6:.1f} ms")

    # --- what was seen ---

    def data(self, **want):
        """Kinds of data packets on the backbone; a packet there and back is told by ifname and direction of core's interfaces."""
        return [k for k in of_kind(self.kinds, **want) if DATA in (k.proto, k.inner_proto)]

    def through_home_agent(self, since):
        """Kinds of data that passed between home agent and backbone after that time, and what was on its way then."""
        return [k for k in self.data(ifname="ha0") if k.last_ns > since]

    def counts(self, start=None, end=None):
        return [d.count(start or self.start, end or self.end) for d in (self.down, self.up)]

    def lossless(self):
        """Nothing lost or doubled in either direction, from home on."""
        for name, direction in (("to", self.down), ("from", self.up)):
            count = direction.count(self.start, self.end)
            lost_ms = [(t - self.start) / MS for t in direction.missing(self.start, self.end)]
            assert (count.lost, count.doubled) == (0, 0), f"{name} the mobile: {count}; lost were those sent at {lost_ms} ms"

    def messages(self, start, end=1 << 63, *, to=None):
        """Mobility messages (not memberships) in that time."""
        return [i for i in self.said.between(start, end) if i.kind not in ("join", "leave") and (to is None or i.whom == to)]

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


def between_sites(make_world, old, new, cn, interfaces=2, **kw):
    """Home, the old site, the new site, until the old agent has forgotten the mobile. Returns (scene, when the handover began,
    when route optimisation was up again)."""
    scene = Scene(make_world, *sorted((old, new), key=lambda s: s.number), cn=cn, interfaces=interfaces,
                  mobile=f"  forward = {FORWARD_S}\n", **kw)
    scene.go(f"{old.letter}1")
    if cn:
        scene.optimised(old)
    scene.pass_packets()
    at = scene.go(f"{new.letter}1")
    up = scene.optimised(new, since=at) if cn else 0
    scene.pass_packets(1000 * FORWARD_S + 2000)
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
    over_old = scene.data(ifname=new.agent, direction="out", dst=within(new.coa_prefix), inner_dst=HOME,
                          inner_src=CN, src=lambda a: a != HA)
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
    forgotten = scene.world.daemons[old.agent].show("bindings")
    assert not [b for b in forgotten if b.get("home-address", b.get("home")) == HOME and b.get("state", "") not in ("resting", "released")], forgotten


def outage_of(scene, at, ifname="w0"):
    """Break-before-make: ms from the new link's carrier to the first packet at the mobile."""
    carrier = scene.world.carrier.up_after(ifname, at)
    return scene.down.gap_ns(carrier) / 1e6
