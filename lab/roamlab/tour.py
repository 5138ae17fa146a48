# SPDX-License-Identifier: BSD-2-Clause
"""A mobile on the network of figures 4 to 10, between sites: traffic both ways from home on, captures at every node, counts on the backbone.

    with World(network(topo.A, topo.B, cn=True)) as world:
        tour = Tour(world)
        tour.be_home()
        tour.go("a1")
        tour.optimised(topo.A)
        tour.finish()           # then: tour.said, tour.data(...), tour.counts()

`run` makes the demo's journey of it: home, site A, site B, home, with route optimisation, one radio or two."""
from dataclasses import dataclass, field

from . import order, topo, witness
from .world import QUICK, World

MS = 1_000_000
DATA = 17
CN, HOME, HA = topo.CORRESPONDENT, topo.HOME_ADDRESS, topo.HOME_AGENT
ROLE_CN = '  interface = {"eth0"}\n'
STATES = {"home": "home", "n1": "away-plain"}


def network(*sites, cn=True, mobile="", **kw):
    """topo.figures with a quick mobile that lets agents optimise routes (in IPv6: IPv4 has no such thing). cn: an ordinary host (False), one that
    takes part (True), or the body of its role block."""
    optimises = kw.get("family") != "ipv4" and "route-optimisation" not in mobile
    more = QUICK + '  route-optimisation = "agent"\n' * optimises + mobile
    return topo.figures(*sites, cn=(cn if isinstance(cn, str) else ROLE_CN) if cn else "", mobile_more=more, **kw)


class Tour:
    def __init__(self, world):
        self.world = world
        self.sites = world.facts["sites"]
        self.family = next(iter(world.facts["families"]))   # whose flow is measured
        self.cn, self.home, self.ha = (world.facts[k] for k in ("correspondent", "home_address", "home_agent"))
        self.has_cn = bool(world.net.topo.node("cn").roamd)
        self.taps = {n: world.watch(witness.Tap, n) for n in ("mn", "ha", "cn", *(s.agent for s in self.sites))}
        self.backbone, self.radio_links = world.watch(witness.Tally, "core"), world.watch(witness.Tally, "mn")

    # --- what happens ---

    def be_home(self, rate_pps=1000):
        """At home, packets flowing both ways: everything is counted from then on."""
        self.world.be_home()
        self.world.wait_state("home")
        self.flow = self.world.start_flow(rate_pps)
        self.flow.wait_flowing(15)
        self.start = self.world.now()

    def go(self, cell):
        """Moves; returns when it began. At the end the mobile is registered there and packets flow both ways."""
        at = self.world.now()
        self.world.move(cell, 20)
        self.world.wait_state(STATES.get(cell, "away-site"))
        self.flow.wait_flowing(15)
        return at

    def pass_packets(self, n=1000):
        self.flow.pass_packets(n)

    def answered(self, who, kind="BA", since=0, seconds=20):
        """Waits until the correspondent node has answered `who`; returns when the answer arrived."""
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

    def text(self):
        """Messages, and how packets travelled, for whoever has to find out."""
        lines = [self.said.text(self.start)]
        lines += [f"{k.ifname} {k.direction} {k.src} > {k.dst} {k.via} [{k.inner_src} > {k.inner_dst}] {k.packets} "
                  f"from {(k.first_ns - self.start) / MS:.1f} to {(k.last_ns - self.start) / MS:.1f} ms" for k in self.data()]
        return "\n".join(lines)

    # --- what was seen ---

    def data(self, **want):
        """Kinds of data packets on the backbone; core's interfaces and the directions there tell where from and where to."""
        return [k for k in witness.of_kind(self.kinds, **want) if DATA in (k.proto, k.inner_proto)]

    def through_home_agent(self, since):
        """Kinds of data that passed between home agent and backbone after that time."""
        return [k for k in self.data(ifname="ha0") if k.last_ns > since]

    def forwarded(self, old, new):
        """Kinds of data that the agent of one site tunnelled to the care-of address at another's, as they leave the backbone."""
        return [k for k in self.data(ifname=new.agent, direction="out", dst=witness.within(new.care_of(self.family)), inner_dst=self.home)
                if witness.within(old.all_of(self.family))(k.src)]

    def counts(self, start=None, end=None):
        return [d.count(start or self.start, end or self.end) for d in (self.down, self.up)]

    def messages(self, start, end=1 << 63, *, to=None):
        """Mobility messages (not memberships) in that time."""
        return [i for i in self.said.between(start, end) if i.kind not in ("join", "leave") and (to is None or i.whom == to)]

    def interruption_ns(self, direction, at, until):
        """(From the carrier of the new link to the first packet after it, the longest silence around, the radio's outage included) of a
        handover that began then. Arrivals at the correspondent node count as of when they left the mobile at the earliest."""
        path = direction.transit_ns(at, until) if direction is self.up else 0
        attached = next((e for e in self.world.radio.events if e[0] >= at and e[1] == "attach"), None)
        carrier = attached and self.world.carrier.up_after(attached[2], attached[0] - 10 * MS) or at
        return direction.gap_ns(carrier, path) or until - carrier, direction.silence_ns(at, min(until, carrier + 1000 * MS), path)


# --- the demo's journey ---

WAY = [("a1", "home to site 1"), ("b1", "site 1 to site 2"), ("home", "site 2 to home")]
TITLES = {"one-radio": "one radio", "two-radios": "two radios"}
RADIOS = {"one-radio": 1, "two-radios": 2}


@dataclass
class Stage:
    """One move: when it began, when the correspondent node knew, when the next began."""
    name: str
    cell: str
    at_ns: int
    known_ns: int
    end_ns: int = 0
    result: dict = field(default_factory=dict)


@dataclass
class Outcome:
    """`result` is for the demo's JSON, the rest for the page."""
    result: dict
    stages: list
    tour: Tour


def run(name, rate_pps=1000, stay=1000, tell=lambda text: None):
    """The journey with "one-radio" or "two-radios"; `stay`: packets each way in each place once the route is optimised."""
    with World(network(topo.A, topo.B, interfaces=RADIOS[name], routers=1)) as world:
        try:
            tour = Tour(world)
            tell(f"{TITLES[name]}: at home")
            tour.be_home(rate_pps)
            tour.pass_packets(stay // 2)
            stages = [_travel(tour, cell, title, stay, lambda t: tell(f"{TITLES[name]}: {t}")) for cell, title in WAY]
            tour.finish()
            for stage, following in zip(stages, stages[1:] + [None]):
                stage.end_ns = following.at_ns if following else tour.end
                stage.result = _measure(tour, stage)
        except Exception as e:
            raise RuntimeError(f"{TITLES[name]}: {e}\n{world.logs()}") from e
        return Outcome({"rate_pps": rate_pps, "moves": {s.name: s.result for s in stages}}, stages, tour)


def _travel(tour, cell, title, stay, tell):
    tell(f"{title}, {tour.flow.mobile.received} packets at the mobile, {tour.flow.fixed.received} at the correspondent")
    at = tour.go(cell)
    site = next((s for s in tour.sites if cell.startswith(s.letter)), None)
    known = tour.answered(site.agent if site and cell != "home" else "mn", since=at)
    tour.pass_packets(stay)
    return Stage(title, cell, at, known)


def _measure(tour, stage):
    at, end = stage.at_ns, stage.end_ns
    out = {}
    for name, direction in (("down", tour.down), ("up", tour.up)):
        gap, silence = tour.interruption_ns(direction, at, end)
        out[name] = {**vars(direction.count(at, end)), "interruption_ms": round(gap / MS, 3), "silence_ms": round(silence / MS, 3)}
    out["correspondent_knows_ms"] = round((stage.known_ns - at) / MS, 3)
    # What was on its way by the old route when the correspondent node changed has arrived after a round trip.
    late = stage.known_ns + 150 * MS
    if stage.cell == "home":
        out["tunnelled_later"] = sum(k.packets for k in tour.data(dst=HA) + tour.data(src=HA) if late < k.last_ns <= end)
    else:
        out["through_home_agent_later"] = sum(k.packets for k in tour.data(ifname="ha0") if k.first_ns < end and late < k.last_ns <= end)
    out["forwarded"] = sum(k.packets for old in tour.sites for new in tour.sites if old is not new
                           for k in tour.forwarded(old, new) if at <= k.first_ns < end)
    if stage.cell == "home":
        out["forwarded"] = sum(k.packets for k in tour.data(dst=HOME, inner_dst=HOME, direction="in") if at <= k.first_ns < end and k.src != HA)
    out["messages"] = sum(1 for i in tour.messages(at, end))
    return out
