# SPDX-License-Identifier: BSD-2-Clause
"""Mobile IPv4 where no agent of the site helps: through a foreign agent, with a care-of address of the mobile's own, and that behind a NAT."""
import shutil
import sys

import pytest
from roamlab import net as netmod, topo, tour, witness
from roamlab.witness import total, within

from scene import MS, Scene

NET = "10.15.14.2"                          # the visited router's address on the backbone
OWN, ROUTER = "10.4.17.50", "10.4.17.1"     # on its access link
NAT = "add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; }; add rule ip nat out oifname core0 masquerade fully-random"


def network(agent, private=False, mobile="", interfaces=2):
    """Home, site A and the visited network n1. agent: a foreign agent there, or an ordinary router. private: its addresses mean nothing outside."""
    t = tour.network(topo.A, cn=False, no_mma=True, family="ipv4", routers=1, mobile=mobile, interfaces=interfaces)
    if not agent:
        t.node("ar-n1").roamd = ""
    if private:
        port = next(c.b for c in t.cables if c.a.node == "ar-n1")
        port.admits = [a for a in port.admits if not a.startswith("10.4.")]
        t.node("core").routes = [r for r in t.node("core").routes if not r[0].startswith("10.4.")]
    return t


class Visit(Scene):
    """A tour whose mobile gets an address in n1 as from a DHCP client: once its interface is there, the address and a default route."""

    def __init__(self, make_world, **kw):
        super().__init__(make_world, network=network(**kw))

    def lease(self):
        world = self.world
        world.radio.hear(n1=-45)
        world.radio.wait_cell("n1", 15)
        ifname = next(i for i, c in world.radio.cells().items() if c == "n1")
        for words in (["addr", "add", OWN + "/24", "dev", ifname], ["route", "add", "default", "via", ROUTER, "dev", ifname, "metric", "1000"]):
            world.net.run("mn", "ip", *words)
        return self.go("n1")

    def tunnel(self, proto, far):
        """Packets of that tunnel between home agent and `far`, (down, up), at the edge of the backbone before the home agent."""
        return [total(self.data(ifname="ha0", direction="in", src=self.ha, dst=far, proto=proto, inner_dst=self.home)),
                total(self.data(ifname="ha0", direction="out", src=far, dst=self.ha, proto=proto, inner_src=self.home))]


@pytest.mark.requirement("H-7")
def test_foreign_agent_between_home_and_a_site(make_world):
    """Home, a network with a foreign agent, a site with an MMA, home, with two radios: nothing is lost; the agent's address is the care-of address."""
    scene = Visit(make_world, agent=True)
    scene.go("n1")
    scene.pass_packets()
    to_site = scene.go("a1")
    scene.pass_packets()
    scene.go("home")
    scene.finish()
    steps = scene.said.check(scene.start, [("mn", "ar-n1", "RRQ"), ("ar-n1", "ha", "RRQ"), ("ha", "ar-n1", "RRP"), ("ar-n1", "mn", "RRP")])
    assert steps[-1].left_ns < to_site
    assert min(scene.tunnel(4, within("10.4.0.0/16", NET + "/32"))) >= 1000
    down, up = scene.counts()
    assert (down.lost, down.doubled, up.doubled) == (0, 0, 0), (down, up)
    assert scene.world.net.refused4("core") == 0


MOVING, HOST, BULK = "10.50.1.0/24", "10.50.1.9", 1_000_000


CALLER, TO_ALL, CALL_PORT = "10.1.0.50", "10.1.0.255", 4555
LISTEN = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", %d))
print("ready", flush=True)
while True: print(s.recv(100).decode(), flush=True)""" % CALL_PORT
CALL = """import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("%s", 0))
s.sendto(sys.argv[1].encode(), ("%s", %d))""" % (CALLER, TO_ALL, CALL_PORT)


def routed(t):
    """The mobile becomes a router; HOST lives behind it and is who packets are for. On its home link is CALLER, whose broadcasts it wants to hear. Home agent
    and site have a key."""
    ha, mma = t.node("ha"), t.node(topo.A.agent)
    key = topo.key_block("ha-a", 400)
    ha.roamd = key + ha.roamd.replace(f'mobile "{topo.HOME_ADDRESS4}" {{ key =', f'mobile "{topo.HOME_ADDRESS4}" {{ network = {{"{MOVING}"}} key =').replace(
        '  uplink = {"core0"}\n', f'  uplink = {{"core0"}}\n  broadcast = true\n  foreign-agent "{topo.A.mma4}" {{ key = "ha-a" }}\n')
    mma.roamd = key + mma.roamd.replace("  site = ", f'  home-agent "{topo.HOME_AGENT4}" {{ key = "ha-a" }}\n  site = ', 1)
    for node in (ha, mma):
        node.keys.update(topo.keys("ha-a"))
    t.nodes.append(topo.Node("caller"))
    t.radios.append(topo.Port("caller", "eth0", [CALLER + "/24"]))
    t.node("mn").forwards = True
    t.node("core").routes.append((MOVING, next(via for prefix, via in t.node("core").routes if prefix == topo.HOME_PREFIX4)))
    next(c.b for c in t.cables if c.a.node == "ha").admits.append(MOVING)
    t.nodes.append(topo.Node("inside", routes=[("default", "10.50.1.1")]))
    t.cables.append(topo.Cable(topo.Port("inside", "eth0", [HOST + "/24"]), topo.Port("mn", "lan0", ["10.50.1.1/24"])))
    return t.check()


class Router(Scene):
    """A tour of a mobile router; what is measured are the packets of the host behind it."""

    def __init__(self, make_world):
        super().__init__(make_world, network=routed(network(agent=True, mobile=f'  network-v4 = {{"{MOVING}"}}\n  broadcast = true\n')))
        self.world.net.plug("caller", "eth0", "home")
        self.ears = self.world.watch(witness.Reader, "mn", [sys.executable, "-c", LISTEN])

    def be_home(self, rate_pps=1000):
        facts = self.world.facts["families"]["ipv4"]
        self.router, facts["home_address"] = facts["home_address"], HOST
        self.world.be_home()
        self.world.wait_state("home")
        self.flow = self.world.start_flow(rate_pps, mobile="inside", family="ipv4")
        self.flow.wait_flowing(15)
        self.start = self.world.now()

    def hears(self, text):
        """A plain socket of the mobile's host hears what CALLER says to the home subnet's broadcast address."""
        self.world.net.run("caller", sys.executable, "-c", CALL, text)
        self.world.wait(lambda: [text] in self.ears.lines, f"the broadcast {text}, having heard {self.ears.lines}", 10)

    def transfer(self, port):
        """TCP to the host behind, which its sender's kernel leaves to be segmented on the way, at 20 Mbit/s for a second."""
        log = self.world.net.dir / f"bulk-{port}"
        ends = [self.world.start_stream("inside", "bulk-take", "--bind", HOST, "--port", port, "--log", log),
                self.world.start_stream("cn", "bulk-send", "--bind", self.cn, "--peer", HOST, "--port", port, "--rate-mbit", 20)]
        self.pass_packets()
        for end in ends:
            self.world.streams.remove(end)
            netmod.stop(end)
        assert sum(int(line.split()[1]) for line in log.read_text().splitlines()) > BULK

    def revoked(self):
        """The operator ends the registration at the home agent; returns when. The mobile, told by its site's agent, has another soon."""
        ha, begin = self.world.daemons["ha"], self.world.now()
        ha.ctl("drop", topo.HOME_ADDRESS4)
        self.world.wait(lambda: [b for b in ha.show("bindings") if b.get("state") == "active"], "the binding again", 5)
        self.flow.wait_flowing(5)
        return begin

    def nested(self, far, proto=4, **kw):
        """(down, up): packets on the backbone of the tunnel between home agent and router, in that to the agent."""
        here = dict(proto=proto, inner_proto=4)
        return [total(self.kinds, ifname="ha0", direction="in", src=self.ha, dst=far, inner_dst=self.router, **here),
                total(self.kinds, ifname="ha0", direction="out", src=far, dst=self.ha, inner_src=self.router, **here)]


@pytest.mark.requirement("H-6", "H-7")
def test_a_network_behind_agents(make_world):
    """RFC 5177 7: a mobile router visits a foreign agent, then a site's agent, neither of which knows its network. Nothing is lost or doubled for
    the host behind it where it stays, nor on the way home from a tunnel that has ended, and its packets go in a tunnel of the router's own inside
    the agents'."""
    scene, stays = Router(make_world), []
    scene.hears("at-home")
    for cell, port in (("n1", 9100), ("a1", 9101)):
        scene.go(cell)
        begin = scene.world.now()
        scene.hears("at-" + cell)
        scene.transfer(port)
        stays.append((begin, scene.world.now() - 200 * MS))
    dropped = scene.revoked()
    homewards = scene.go("home")
    scene.hears("at-home-again")
    scene.finish()
    scene.said.check(dropped, [("ha", "mma1", "REV"), [("mma1", "ha", "REVA"), ("mma1", "mn", "REV")], ("mn", "mma1", "RRQ"), ("mma1", "ha", "RRQ")])
    assert scene.ears.lines == [["at-home"], ["at-n1"], ["at-a1"], ["at-home-again"]]
    for far in (within("10.4.0.0/16", NET + "/32"), topo.A.mma4):
        assert min(scene.nested(far)) >= 500, scene.kinds
    for stay in stays:
        down, up = scene.counts(*stay)
        assert down.sent > 500 and (down.lost, down.doubled, up.lost, up.doubled) == (0, 0, 0, 0), (down, up)
    _, up = scene.counts(homewards - 100 * MS, homewards + 300 * MS)
    assert up.lost < 10 and up.doubled == 0, up    # 25 ms of packets are on their way then
    assert scene.world.net.refused4("core") == 0


@pytest.mark.requirement("H-7")
@pytest.mark.parametrize("encapsulation, proto", [("ipip", 4), ("gre", 47), ("minimal", 55)])
def test_co_located(make_world, encapsulation, proto):
    """With an address of its own on the visited link the mobile is the end of the tunnel itself, whichever it asked for."""
    scene = Visit(make_world, agent=False, mobile=f'  encapsulation = "{encapsulation}"\n')
    at = scene.lease()
    scene.pass_packets()
    scene.go("a1")
    scene.finish()
    scene.said.check(at - 5000 * MS, [("mn", "ha", "RRQ"), ("ha", "mn", "RRP")])
    assert min(scene.tunnel(proto, OWN)) >= 1000
    down, up = scene.counts()
    assert (down.doubled, up.doubled) == (0, 0), (down, up)


@pytest.mark.requirement("H-7")
@pytest.mark.skipif(not shutil.which("nft"), reason="Debian's package nftables is not installed")
def test_behind_a_nat(make_world):
    """The visited network has private addresses behind the kernel's NAT: home agent and mobile notice and put the tunnel into UDP. The NAT loses its
    mappings amid traffic: the mobile hears no answer to its keepalives and registers again by itself, from another port."""
    scene = Visit(make_world, agent=False, private=True, mobile="  udp-keepalive = 10\n")
    world = scene.world
    world.net.run("ar-n1", "nft", NAT)
    scene.lease()
    scene.pass_packets()
    before = port_of(world)
    for words in (["addr", "del", NET + "/24"], ["addr", "add", NET + "/24"]):     # without it the kernel has no mapping to it either
        world.net.run("ar-n1", "ip", *words, "dev", "core0")
    world.net.run("ar-n1", "ip", "route", "add", "default", "via", "10.15.14.1")
    world.wait(lambda: port_of(world) != before, "another port at the home agent", 30)
    scene.flow.wait_flowing(10)
    scene.go("home")
    scene.finish()
    assert sum(r.get("nat-mapping-lost", 0) for r in world.daemons["mn"].show("counters")) == 1
    assert min(scene.tunnel(17, NET)) >= 1000
    assert scene.tunnel(4, within("10.4.0.0/16", NET + "/32")) == [0, 0]
    down, up = scene.counts()
    assert (down.doubled, up.doubled) == (0, 0), (down, up)
    assert scene.world.net.refused4("core") == 0


def port_of(world):
    """From which the mobile's tunnel in UDP comes, as the home agent knows it."""
    return next((b["translated_port"] for b in world.daemons["ha"].show("bindings") if b.get("state") == "active" and "translated_port" in b), None)
