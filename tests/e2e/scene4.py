# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of figures 4 to 10 in IPv4 share: the scenes of scene.py without route optimisation, which Mobile IPv4 has not.

Names of messages (roamlab/order.py): RRQ and RRP, a registration request and reply; RRQ0, one with lifetime 0; peer, between agents."""
import ipaddress

from roamlab.witness import total, within

from scene import FORWARD_S, MS, Scene, until_forgotten

REGISTERED = ("RRQ", "RRQ0")


class Scene4(Scene):
    """On a network that has IPv4 only, with an ordinary correspondent node."""

    def __init__(self, make_world, *sites, **kw):
        super().__init__(make_world, *sites, family="ipv4", cn=False, **kw)

    def requests(self, start, end=1 << 63):
        """Whom the mobile sent a registration request, in order; one that was repeated counts once."""
        said = [(i.whom, i.kind) for i in self.said.between(start, end, *REGISTERED) if i.who == "mn"]
        return list(dict.fromkeys(said))

    def tunnelled(self, site):
        """Kinds of data from the home agent to that site's agent, as they enter the backbone."""
        return self.data(ifname="ha0", direction="in", src=self.ha, dst=site.mma4, inner_dst=self.home)

    def returned(self, site):
        """Kinds of data from that site's agent to the home agent: the reverse tunnel."""
        return self.data(ifname="ha0", direction="out", src=site.mma4, dst=self.ha, inner_src=self.home)

    def stays_inside(self):
        """H-23, and what the backbone's filters saw."""
        self.multicast_stays_inside()
        assert self.world.net.refused4("core") == 0


def care_of(request):
    """RFC 5944 3.3."""
    return str(ipaddress.IPv4Address(request.message.data[12:16]))


def registration_steps(site, cell):
    """Join and request at once; the agent relays as a foreign agent does, and answers through the group."""
    return [[("mn", cell, "join"), ("mn", site.agent, "RRQ")], (site.agent, "ha", "RRQ"), ("ha", site.agent, "RRP"), (site.agent, "mn", "RRP")]


def check_registration(scene, at, site, cell):
    """The steps; the home agent is told the agent's address and no group, the mobile hears the answer through its own group. Returns the items."""
    steps = scene.said.check(at, registration_steps(site, cell))
    relayed, answer = steps[-3], steps[-1]
    assert care_of(relayed) == site.mma4
    group = ipaddress.IPv4Address(answer.message.dst)
    assert group in ipaddress.ip_network("232.0.0.0/8")
    assert group.packed not in relayed.message.data
    return steps


def between_sites(make_world, old, new, interfaces=2, **kw):
    """Home, the old site, the new site, with two radios until the old agent has forgotten the mobile. Returns (scene, when the handover began)."""
    scene = Scene4(make_world, *sorted((old, new), key=lambda s: s.number), interfaces=interfaces, mobile=f"  forward = {FORWARD_S}\n", routers=1, **kw)
    scene.go(f"{old.letter}1")
    scene.pass_packets()
    at = scene.go(f"{new.letter}1")
    until_forgotten(scene, interfaces)
    scene.finish()
    return scene, at


def check_between_sites(scene, at, old, new):
    """Order and paths of figures 6, 8 and 9: register through the new agent and join; then the old agent, which forwards for the time asked."""
    cell = f"{new.letter}1"
    steps = check_registration(scene, at, new, cell)
    release = scene.said.check(steps[-1].left_ns, [("mn", old.agent, "RRQ0"), (old.agent, "mn", "RRP")])[0]
    assert scene.requests(at) == [(new.agent, "RRQ"), (old.agent, "RRQ0")]
    # The agents speak with each other before one forwards: the new one confirms, the old one tells for how long.
    assert [i for i in scene.messages(at, to=old.agent) if i.who == new.agent and i.kind == "peer"]
    assert [i for i in scene.messages(at, to=new.agent) if i.who == old.agent and i.kind == "peer"]
    assert total(scene.tunnelled(old)) >= 300 and total(scene.tunnelled(new)) >= 1000
    assert total(scene.returned(new)) >= 1000
    for k in scene.forwarded(old, new):
        assert release.left_ns <= k.first_ns and k.last_ns <= release.left_ns + (FORWARD_S + 1) * 1000 * MS
    # The old agent holds nothing of the mobile any more.
    left = [b for b in scene.world.daemons[old.agent].show("bindings") if b.get("home_address") == scene.home and b["record"] == "binding"]
    assert {b["state"] for b in left} <= {"resting"}, left


def group_kinds(scene, site, ifname):
    """Kinds of data that came to this interface of the mobile through its group."""
    return [k for k in scene.at_mobile if k.direction == "in" and k.ifname == ifname and k.src == site.mma4 and k.proto == 47 and
            within("232.0.0.0/8")(k.dst)]

