# SPDX-License-Identifier: BSD-2-Clause
"""A site with two agents (MMA) in a redundancy group, and what a mobile there notices of them: packets, at worst, and nothing else. A real mobile
with two radios, 1,000 packets a second each way; drawn in lab/roamlab/paired.py.

The service address is virtual, and the care-of addresses are routed to the active member. Whoever serves, the home agent keeps the care-of address
and the mobile its (S,G); no message of the mobile's is needed. Bounds are those of a busy machine; the figures are printed."""
import shutil

import failure
import pytest
from roamlab import paired, witness
from roamlab.net import PATIENCE
from roamlab.numbers import family_of
from roamlab.roamd import folder
from roamlab.witness import of_kind
from roamlab.world import QUICK, World

MS = 1_000_000
GRE = 47
LAN = {"up0": "lan-up", "d1": "lan-down"}
HAND_OVER_LOST = 100      # packets of 1,000 a second
RESUMED_S = 3


def signalling(tap):
    """Of Mobile IP and the suite: registrations, and datagrams of agents."""
    return [m for m in tap.messages() if m.cls in ("mh", "udp", "mip")]


class Site:
    """The running network, its mobile in cell1."""

    def __init__(self, world):
        self.world, self.facts = world, world.facts
        self.names = [paired.agent(i) for i in paired.MEMBERS]
        self.cell = "cell1"

    def enter(self):
        """The witnesses that must hear nothing afterwards hear the mobile register."""
        self.wait_together()
        taps = [self.world.watch(witness.Tap, n) for n in ("mn", "ha")]
        self.world.be_home()
        self.world.wait_state("home")
        self.world.move(self.cell, 15)
        self.world.wait_state("away-site")
        for tap in taps:
            tap.stop()
            assert signalling(tap)

    # --- members ---

    def group(self, name):
        return next(r for r in self.world.daemons[name].show("group") if r["record"] == "group")

    def has_service_address(self, name):
        return self.facts["mma"] in self.world.net.run(name, "ip", "addr", "show", "dev", "up0").replace("/", " ").split()

    def serving(self):
        """The active member, by its own word and in its kernel, with the other one ready to follow; "" while that is not so."""
        groups = {n: self.group(n) for n in self.names}
        active = [n for n, g in groups.items() if g["active"] and self.has_service_address(n)]
        is_whole = all(g["state"] == "ready" and g["live"] == 1 for g in groups.values())
        return active[0] if is_whole and [g["active"] for g in groups.values()].count(True) == len(active) == 1 else ""

    def wait_together(self):
        return self.world.wait(self.serving, "two members of which one is active", 20)

    def other(self, name):
        return next(n for n in self.names if n != name)

    def wait_active(self, name, seconds=10):
        self.world.wait(lambda: self.group(name)["active"] and self.has_service_address(name), f"{name} to be active", seconds)

    # --- tables ---

    def binding(self, name):
        """What a member knows of the mobile, without what grows old."""
        found = [r for r in self.world.daemons[name].show("bindings") if r["record"] == "binding"]
        assert len(found) == 1 and found[0]["home_address"] == self.facts["home_address"] and found[0]["state"] == "active", found
        return {k: v for k, v in found[0].items() if k != "expires_s"}

    def listeners(self, name):
        """Groups by link, and what asked for them, as a member has heard it."""
        return {(r["group"], r["source"], r["interface"], r["lladdr"]) for r in self.world.daemons[name].show("groups")}

    def wait_same(self):
        """Until both members have the same table and have heard the same listeners, and more than none of each."""
        def same():
            first, second = (self.group(n) for n in self.names)
            heard = [self.listeners(n) for n in self.names]
            return first["records"] == second["records"] == 1 and first["digest"] == second["digest"] and heard[0] and heard[0] == heard[1]
        self.world.wait(same, "equal tables")
        first, second = (self.binding(n) for n in self.names)
        assert first == second
        return first

    def home_agent_has(self):
        return [r["care_of_address"] for r in self.world.daemons["ha"].show("bindings") if r["home_address"] == self.facts["home_address"]]

    # --- faults ---

    def power_on(self, name):
        """It boots: without the virtual addresses of its last life."""
        virtual = [(v.split('"')[1], v.split("prefix-length = ")[1].split()[0], v.split('interface = "')[1].split('"')[0])
                   for v in self.world.net.topo.node(name).roamd.splitlines() if v.strip().startswith("virtual ")]
        for address, bits, ifname in virtual:
            self.world.net.run(name, "ip", "addr", "del", f"{address}/{bits}", "dev", ifname, check=False)
        for ifname, lan in LAN.items():
            self.world.net.plug(name, ifname, lan)
        self.world.daemons[name].start()

    def recover(self):
        """Whatever a test left behind: no traffic, and both members run."""
        for flow in self.world.flows:
            flow.fixed.stop()
            flow.mobile.stop()
        self.world.flows = []
        for name in self.names:
            if not self.world.daemons[name].proc:
                self.power_on(name)


class Watched:
    """Traffic both ways, and everything that the mobile and the members send or hear meanwhile."""

    def __init__(self, site):
        self.site, self.world = site, site.world
        self.before = site.wait_same()
        self.taps = [self.world.watch(witness.Tap, n) for n in ("mn", "ha")]
        self.at_mobile = self.world.watch(witness.Tally, "mn")
        self.at = {n: self.world.watch(witness.Tally, n, ["d1"]) for n in site.names}
        self.flow = self.world.start_flow(1000)
        self.flow.wait_flowing(15)
        self.start = self.world.now()

    def finish(self):
        """Ends the traffic. What must be true whatever happened: the mobile said nothing and heard of nothing but its own (S,G), and the members and the
        home agent have what they had."""
        self.flow.wait_flowing(10)
        self.end = self.world.now() - 100 * MS
        self.down, self.up = self.world.finish_flow(self.flow)
        for tap in self.taps:
            tap.stop()
        assert not [m for tap in self.taps for m in signalling(tap)]
        assert [c.doubled for c in self.counts(self.start, self.end)] == [0, 0]
        self.kinds = {n: of_kind(t.kinds(), direction="out", proto=GRE, inner_dst=self.site.facts["home_address"]) for n, t in self.at.items()}
        through = {(self.site.facts["mma"], self.before["group"])}
        assert {(k.src, k.dst) for k in of_kind(self.at_mobile.kinds(), direction="in", proto=GRE)} == through
        assert {(k.src, k.dst) for found in self.kinds.values() for k in found} == through
        assert self.site.wait_same() == self.before
        assert self.site.home_agent_has() == [self.before["coa"]]

    def packets(self, name):
        """That a member sent into the mobile's group, and when the first and the last one."""
        found = self.kinds[name]
        return sum(k.packets for k in found), min((k.first_ns for k in found), default=0), max((k.last_ns for k in found), default=0)

    def counts(self, start, end):
        return [d.count(start, end) for d in (self.down, self.up)]

    def lost(self, start, end):
        return [c.lost for c in self.counts(start, end)]

    def silence_ms(self, start, end):
        return [round(d.silence_ns(start, end) / MS, 1) for d in (self.down, self.up)]

    def successor_took_over(self, old, new, when):
        """The one before sent until then, the other one from then on; how long until its first packet, in ms."""
        (before, _, _), (after, first, _) = self.packets(old), self.packets(new)
        assert before > 0 and after >= 500 and first > when
        return round((first - when) / MS, 1)


@pytest.fixture(scope="module", params=["ipv6", "ipv4"])
def site(request):
    world = World(paired.network(request.param, mobile_more=QUICK))
    with world:
        running = Site(world)
        try:
            running.enter()
        except BaseException:
            print(world.logs())
            raise
        yield running


@pytest.fixture(autouse=True)
def moved(request, site):
    before = site.world.packets_moved
    yield
    request.node.packets_moved = site.world.packets_moved - before
    if failure.tell(request, site.world.logs):
        site.recover()


@pytest.mark.requirement("R-14")
def test_hand_over(site):
    """Both list the binding, with one digest; the active one alone sends. By the operator's word the other one does, and then the first again."""
    active = site.wait_together()
    other = site.other(active)
    watched, asked = Watched(site), []
    print(f"\nboth: {watched.before}, digest {[site.group(n)['digest'] for n in site.names]}")
    assert family_of(watched.before["coa"]) == site.facts["family"] and watched.before["group"]
    watched.flow.pass_packets()
    for old, new in ((active, other), (other, active)):
        asked.append(site.world.now())
        site.world.daemons[old].ctl("group", "hand-over")
        site.wait_active(new)
        watched.flow.pass_packets()
        assert site.wait_together() == new
    watched.finish()
    after = watched.successor_took_over(active, other, asked[0])
    _, _, last = watched.packets(active)
    assert last > asked[1] and watched.packets(other)[2] < last
    assert watched.lost(watched.start, asked[0] - 100 * MS) == [0, 0]
    lost = [watched.lost(*times) for times in zip(asked, (asked[1], watched.end))]
    print(f"{active} hands over to {other} and has it back: lost to and from the mobile {lost[0]}, {lost[1]}, first packet of the other after {after} ms, "
          f"longest silence {watched.silence_ms(asked[0], watched.end)} ms")
    assert max(map(max, lost)) < HAND_OVER_LOST * PATIENCE


def go_to_next_cell(site, watched):
    """A handover of the mobile inside the site: neither lost nor doubled."""
    start = site.world.now()
    site.cell = {"cell1": "cell2", "cell2": "cell1"}[site.cell]
    site.world.move(site.cell)
    watched.flow.pass_packets()
    return start, site.world.now() - 100 * MS


def fails(site, fault, mend):
    """The active member does; the mobile moves on; the member comes back."""
    active = site.wait_together()
    other = site.other(active)
    watched = Watched(site)
    when = fault(active)
    site.wait_active(other)
    watched.flow.wait_flowing(RESUMED_S)
    resumed = site.world.now()
    assert resumed - when < RESUMED_S * PATIENCE * 1000 * MS
    watched.flow.pass_packets()
    moving, moved_on = go_to_next_cell(site, watched)
    back = site.world.now()
    mend(active)
    assert site.wait_together() == other
    site.wait_same()
    watched.flow.pass_packets()
    watched.finish()
    assert witness.multicast_reports(watched.taps[0].messages(), site.facts["family"])    # the mobile's next link was asked for by a join
    after = watched.successor_took_over(active, other, when)
    print(f"\n{active} fails: lost {watched.lost(watched.start, resumed)}, first packet of the other after {after} ms, longest silence "
          f"{watched.silence_ms(when, resumed)} ms; lost in the mobile's handover {watched.lost(moving, moved_on)}, while it comes back "
          f"{watched.lost(back, watched.end)}")
    assert max(watched.silence_ms(when, resumed)) < RESUMED_S * 1000 * PATIENCE
    assert [(c.lost, c.doubled) for c in watched.counts(moving, moved_on)] == [(0, 0), (0, 0)]
    assert watched.lost(resumed, watched.end) == [0, 0]


@pytest.mark.requirement("R-14")
def test_killed(site):
    """kill -9 of roamd. Its host's datapath goes on until the other one has the addresses."""
    daemons = site.world.daemons

    def kill(name):
        when = site.world.now()
        daemons[name].kill()
        return when
    fails(site, kill, lambda name: daemons[name].start())


@pytest.mark.requirement("R-14")
def test_loses_its_power(site):
    """Nothing of it goes on."""
    fails(site, lambda name: site.world.daemons[name].power_off(), site.power_on)


@pytest.mark.requirement("R-6", "R-14")
def test_comes_back_with_an_empty_disk(site):
    """The one that stands by: it gets the table from the other one, takes over, and sends to the same group."""
    active = site.wait_together()
    other = site.other(active)
    watched, pages = Watched(site), site.group(active)["pages"]
    site.world.daemons[other].kill()
    shutil.rmtree(folder(site.world.net, other) / "state")
    site.world.daemons[other].start()
    assert site.wait_together() == active
    site.wait_same()
    assert site.group(other)["applied"] > 0 and site.group(active)["pages"] > pages
    since = site.world.now()
    site.world.daemons[active].ctl("group", "hand-over")
    site.wait_active(other)
    watched.flow.pass_packets()
    watched.finish()
    after = watched.successor_took_over(active, other, since)
    print(f"\n{other} comes back with an empty disk: lost {watched.lost(watched.start, since - 100 * MS)}, and when it takes over after {after} ms "
          f"{watched.lost(since - 100 * MS, watched.end)}")
    assert watched.lost(watched.start, since - 100 * MS) == [0, 0]
    assert max(watched.lost(since - 100 * MS, watched.end)) < HAND_OVER_LOST * PATIENCE
