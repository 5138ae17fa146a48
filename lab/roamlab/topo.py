# SPDX-License-Identifier: BSD-2-Clause
"""A network as data. Nothing here touches the system; net.py builds what this describes. Every network has both families, IPv6 and IPv4,
numbered as numbers.py says; its `family` ("ipv6", "ipv4" or "dual") says which of them are there.

A cable joins two nodes; one with a delay, loss or rate goes through the `wire` program. A cell is a
bridge in the namespace `air`, with a router's access interface as one port; a mobile's
interface is a cable whose other end is plugged into one cell or none. A LAN is such a bridge too."""
import ipaddress
from dataclasses import dataclass, field

from .conf import (access_router_conf, foreign_agent_conf, home_agent_conf, key_block, key_hex, keys, manager_conf, mma_conf, mobile_conf,
                   network_agent_conf, network_home_conf, network_proxy_conf, pair_key, plain_router_conf)  # noqa: F401 (some are for the tests)
from .numbers import (A, B, CORRESPONDENT, CORRESPONDENT4, CORRESPONDENT_PREFIX, CORRESPONDENT_PREFIX4, FAMILIES, FOREIGN, H, HOME_ADDRESS,
                      HOME_ADDRESS4, HOME_AGENT, HOME_AGENT4, HOME_PREFIX, HOME_PREFIX4, HOME_SITE, MANAGER, MANAGER4, MMA, MMA4, NO_MMA, NO_MMA4, Site,
                      backbone, backbone_admits, default_over_backbone, facts, family_of, host_of, via_backbone)  # noqa: F401


@dataclass
class Port:
    """An end of a cable, or an interface on a cell."""
    node: str
    ifname: str
    addresses: list = field(default_factory=list)  # "2001:db8::1/64", "10.0.0.1/24"
    admits: list = field(default_factory=list)     # ingress filter (RFC 2827): what comes in here to be forwarded has its source in
                                                   # one of these prefixes, or is refused and counted; []: no filter
    hears_many: bool = False                       # a radio that may be in several cells at once, and whose host sees no carrier change


@dataclass
class Cable:
    a: Port
    b: Port
    delay_us: int = 0
    loss_ppm: int = 0
    rate_mbit: int = 0

    @property
    def is_plain(self):
        return not (self.delay_us or self.loss_ppm or self.rate_mbit)


@dataclass
class Cell:
    name: str
    router: Port
    position_m: float = 0.0   # of its antenna, on the mobile's path
    power_dbm: float = -40.0  # what a mobile sees next to it


@dataclass
class Lan:
    """A switched link of several nodes, all of them plugged in. No mobile hears it."""
    name: str
    ports: list


@dataclass
class Node:
    name: str
    forwards: bool = False
    routes: list = field(default_factory=list)     # (prefix, via); ("blackhole PREFIX", None)
    loopback: list = field(default_factory=list)   # addresses on lo
    process: str = ""                              # more rows of the node block of its roamd.conf
    roamd: str = ""                                # body of its roamd.conf; "": an ordinary node
    keys: dict = field(default_factory=dict)       # name -> hex
    is_mobile: bool = False
    settings: dict = field(default_factory=dict)   # more sysctls


@dataclass
class Topology:
    name: str
    nodes: list
    cables: list
    cells: list = field(default_factory=list)
    radios: list = field(default_factory=list)     # Port: interfaces of mobiles
    facts: dict = field(default_factory=dict)      # addresses and names that scenarios need
    lans: list = field(default_factory=list)

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)

    def cell(self, name):
        return next(c for c in self.cells if c.name == name)

    def ports(self):
        return [p for c in self.cables for p in (c.a, c.b)] + [c.router for c in self.cells] + self.radios + [p for lan in self.lans for p in lan.ports]

    def only(self, family):
        """Without the addresses, routes and filters of a family that is not in this one. Its facts are then those of the first."""
        def has(address):
            return not address or family_of(address.split()[1] if " " in address else address) in FAMILIES[family]
        for p in self.ports():
            p.addresses, p.admits = list(filter(has, p.addresses)), list(filter(has, p.admits))
        for n in self.nodes:
            n.routes = [(prefix, via) for prefix, via in n.routes if has(via) and (prefix == "default" or has(prefix))]
            n.loopback = list(filter(has, n.loopback))
        families = FAMILIES[family]
        by_family = self.facts.pop("by_family", {})
        self.facts = {**by_family.get(families[0], {}), **self.facts, "family": family, "families": {f: by_family.get(f, {}) for f in families}}
        return self

    def check(self):
        """Raises ValueError with what is wrong."""
        names = {n.name for n in self.nodes}
        if len(names) != len(self.nodes):
            raise ValueError("two nodes of one name")
        seen = set()
        for p in self.ports():
            if p.node not in names:
                raise ValueError(f"{p.ifname}: no node {p.node}")
            if (p.node, p.ifname) in seen:
                raise ValueError(f"{p.node}: two interfaces {p.ifname}")
            seen.add((p.node, p.ifname))
            for a in p.addresses:
                ipaddress.ip_interface(a)
            for a in p.admits:
                ipaddress.ip_network(a)
        return self


# --- the network of the demo -------------------------------------------------------------

def home_nodes(site=None, family="ipv6"):
    """The home agent, and the hosts on the backbone beside it: nodes, cables and the home cell. site: the home agent's own."""
    nodes = [
        Node("cn", routes=[("default", "2001:db8:c::1"), ("default", "10.12.0.1")]),
        Node("core", forwards=True),
        Node("ha", forwards=True, routes=default_over_backbone(1), roamd=home_agent_conf("home0", site, family), keys=keys("mn1")),
    ]
    cables = [
        Cable(Port("cn", "eth0", [CORRESPONDENT + "/64", CORRESPONDENT4 + "/24"]), Port("core", "cn0", ["2001:db8:c::1/64", "10.12.0.1/24"])),
        Cable(Port("ha", "core0", backbone(1, 2)), Port("core", "ha0", backbone(1, 1))),
    ]
    return nodes, cables, [Cell("home", Port("ha", "home0", [HOME_AGENT + "/64", HOME_AGENT4 + "/24"]), position_m=0)]


def demo(interfaces=1, use_mma=True, backbone_delay_us=25000, access_delay_us=(0, 0, 0, 0), mobile_more="",
         routers=4, site=FOREIGN, family="ipv6"):
    """A correspondent node, a home site, and a foreign site with an MMA and four access routers, 25 ms away from home.

        cn --- core --- ha === home cell
                |
              25 ms
                |
               mma --- ar1 === cell1     (access_delay_us: on the cable mma-arN)
                 \\ --- ar2 === cell2  ...      mn: w0 (w1) in one cell each

    In IPv4 without an MMA each access router is a foreign agent, and the node mma a router.
    """
    n = range(1, routers + 1)
    radios = [f"w{i}" for i in range(interfaces)]
    has_mma = use_mma or family == "ipv6"
    nodes, cables, cells = home_nodes(site if site is HOME_SITE else None, family)
    nodes[1].routes = via_backbone(1, 2, HOME_PREFIX, HOME_PREFIX4) + via_backbone(2, 2, *site.prefixes)
    nodes += [
        Node("mma", forwards=True, routes=default_over_backbone(2) + [r for i in n for r in site.inwards(i)],
             roamd=mma_conf(routers, site, family=family) if has_mma else "", keys=keys(site.key)),
        *[Node(site.router(i), forwards=True, routes=site.outwards(i),
               roamd=access_router_conf(i, site, family) if has_mma else plain_router_conf(family, site.access(i), "up0")) for i in n],
        Node("mn", is_mobile=True, roamd=mobile_conf(radios, use_mma, mobile_more, [site], family), keys=keys("mn1", site.key)),
    ]
    cables += [
        Cable(Port("mma", "core0", backbone(2, 2)), Port("core", "mma0", backbone(2, 1)), delay_us=backbone_delay_us),
        *[Cable(Port("mma", f"d{i}", site.cable(i, 1)), Port(site.router(i), "up0", site.cable(i, 2)), delay_us=access_delay_us[i - 1])
          for i in n],
    ]
    cells += [Cell(f"cell{i}", Port(site.router(i), "acc0", site.access_router(i)), position_m=100.0 * i) for i in n]
    return Topology("demo", nodes, cables, cells, [Port("mn", w) for w in radios],
                    facts={"by_family": facts(site), "mobile": "mn"}).only(family).check()


def home_site(**kw):
    """The home site alone: home link, and the MMA's subnets beside it (fig. 4)."""
    return demo(backbone_delay_us=0, routers=2, site=HOME_SITE, **kw)


# --- the network of figures 4 to 10 ------------------------------------------------------

def _site(site, routers, peers, delay_us, access_delay_us, mma_more, family):
    """Nodes, cables and cells of a site with an agent."""
    n, link = range(1, routers + 1), f"1{site.number}"
    nodes = [Node(site.agent, forwards=True, routes=default_over_backbone(link) + [(f"unreachable {site.coa_prefix} metric 4096", None)] +
                  [r for i in n for r in site.inwards(i)],
                  roamd=mma_conf(routers, site, peers, mma_more, family), keys=keys(site.key, *(pair_key(site, p) for p in peers)))]
    nodes += [Node(site.router(i), forwards=True, routes=site.outwards(i), roamd=access_router_conf(i, site, family)) for i in n]
    cables = [Cable(Port(site.agent, "core0", backbone(link, 2)),
                    Port("core", site.agent, backbone(link, 1), admits=backbone_admits(link, *site.prefixes)), delay_us=delay_us)]
    cables += [Cable(Port(site.agent, f"d{i}", site.cable(i, 1)), Port(site.router(i), "up0", site.cable(i, 2)), delay_us=access_delay_us)
               for i in n]
    cells = [Cell(f"{site.letter}{i}", Port(site.router(i), "acc0", site.access_router(i))) for i in n]
    return nodes, cables, cells


def _network_without_agent(delay_us, family):
    """An access link whose router announces no MMA: plain Mobile IP there."""
    nodes = [Node("ar-n1", forwards=True, routes=default_over_backbone(14), roamd=plain_router_conf(family))]
    cables = [Cable(Port("ar-n1", "core0", backbone(14, 2)),
                    Port("core", "net4", backbone(14, 1), admits=backbone_admits(14, "2001:db8:4::/48", "10.4.0.0/16")), delay_us=delay_us)]
    router = Port("ar-n1", "acc0", [NO_MMA.replace("::/", "::1/"), NO_MMA4.replace(".0/", ".1/")])
    return nodes, cables, [Cell("n1", router)]


def _parties(nodes, cables, cells, sites):
    """(prefix, name of the node that speaks with such an address), for whoever reads a capture."""
    ports = [p for c in cables for p in (c.a, c.b)] + [c.router for c in cells]
    found = [(host_of(a), p.node) for p in ports for a in p.addresses]
    found += [(HOME_ADDRESS, "mn"), (HOME_ADDRESS4, "mn")] + [(p, "mn") for p in (NO_MMA, HOME_PREFIX, NO_MMA4, HOME_PREFIX4)]
    for s in sites:
        found += [(s.mma, s.agent), (s.mma4, s.agent), (s.coa_prefix, s.agent)]
        found += [(p, "mn") for p in (*s.access_prefixes, s.pool4)]
    return found


def figures(*sites, interfaces=2, cn="", no_mma=False, routers=2, backbone_delay_us=25000, access_delay_us=0, mobile_more="",
            mma_more="", use_mma=True, family="ipv6"):
    """The home link and some of the sites H, A and B, on a backbone that filters what enters it.

        cn ---- core ---- ha === home           (cn: "": an ordinary host; else the body of its role block)
               / | \\ \\
              /  |  \\ 25 ms --- ar-n1 === n1     no_mma: a network without an agent
             /   |   25 ms --- mma2 --- ar-b1 === b1, ar-b2 === b2       B
            / 25 ms --- mma1 --- ar-a1 === a1, ar-a2 === a2              A
         mma0 --- ar-h1 === h1, ar-h2 === h2                             H: other subnets of the home site
    """
    radios = [f"w{i}" for i in range(interfaces)]
    nodes, cables, cells = home_nodes(H if H in sites else None, family)
    nodes[0].roamd = f"role cn {{\n{cn}}}\n" if cn else ""
    cables[0].b.admits = [CORRESPONDENT_PREFIX, CORRESPONDENT_PREFIX4]
    cables[1].b.admits = backbone_admits(1, HOME_PREFIX, HOME_PREFIX4)
    nodes.append(Node("mn", is_mobile=True, roamd=mobile_conf(radios, use_mma, mobile_more, sites, family),
                      keys=keys("mn1", *(s.key for s in sites))))
    core = via_backbone(1, 2, HOME_PREFIX, HOME_PREFIX4)
    for s in sites:
        delay_us = 0 if s is H else backbone_delay_us
        peers = [p for p in sites if p is not s]
        for mine, more in zip((nodes, cables, cells), _site(s, routers, peers, delay_us, access_delay_us, mma_more, family)):
            mine += more
        core += via_backbone(f"1{s.number}", 2, *s.prefixes)
    if no_mma:
        for mine, more in zip((nodes, cables, cells), _network_without_agent(backbone_delay_us, family)):
            mine += more
        core += via_backbone(14, 2, "2001:db8:4::/48", "10.4.0.0/16")
    nodes[1].routes = core
    return Topology("figures", nodes, cables, cells, [Port("mn", w) for w in radios],
                    facts={"by_family": facts(sites[0] if sites else None), "mobile": "mn", "sites": sites,
                           "parties": _parties(nodes, cables, cells, sites)}).only(family).check()


# --- mobiles without software ------------------------------------------------------------


def network(agents=5, family="dual", delay_us=2000, agent_more="", home_more="", manager_more="", is_filtered=True):
    """A mobile that knows nothing of all this, and a network that moves it: a home agent with provisioned mobiles, a mobility manager, a
    router that is a proxy for groups, and foreign agents that hear the mobile.

        cn --- core --- ha --- d1 --- px --- fa1 === cell1
                |            2 ms      \\ --- fa2 === cell2  ...      mn: w0 in the cells that hear it
               mm
    """
    n = range(1, agents + 1)
    site = FOREIGN
    home = (HOME_AGENT + "/128", HOME_AGENT4 + "/32")
    down = site.cable(9, 1), site.cable(9, 2)
    cable = {i: (site.cable(i, 1), site.cable(i, 2)) for i in n}
    plain = {i: [host_of(a) for a in cable[i][1]] for i in n}
    links = [(f"{site.base}:{i}::/64", f"{site.base4}.{i}.0/24", f"{site.base4}.{i}.1") for i in n]
    gateway = [host_of(a) for a in down[0]]
    nodes = [
        Node("cn", routes=[("default", "2001:db8:c::1"), ("default", "10.12.0.1")]),
        Node("core", forwards=True, routes=via_backbone(1, 2, HOME_PREFIX, HOME_PREFIX4, *site.prefixes)),
        Node("ha", forwards=True, loopback=list(home), routes=default_over_backbone(1) + [(p, host_of(a)) for p, a in zip(site.prefixes, down[1])],
             roamd=network_home_conf(family, home_more), keys=keys("ha-mm")),
        Node("mm", routes=[("default", "2001:db8:9::1"), ("default", "10.9.0.1")], roamd=manager_conf(agents, manager_more),
             keys=keys("ha-mm", *(f"fa{i}-mm" for i in n))),
        Node("px", forwards=True, routes=[("default", a) for a in gateway] + [r for i in n for r in zip(site.access(i), plain[i])],
             roamd=network_proxy_conf(agents, links, family, is_filtered)),
        *[Node(f"fa{i}", forwards=True, routes=[("default", host_of(a)) for a in cable[i][0]], keys=keys(f"fa{i}-mm"),
               roamd=network_agent_conf(i, site, MANAGER if family != "ipv4" else MANAGER4, *plain[i], family, agent_more)) for i in n],
        Node("mn", is_mobile=True, routes=[("default", HOME_AGENT), ("default", HOME_AGENT4)]),
    ]
    cables = [
        Cable(Port("cn", "eth0", [CORRESPONDENT + "/64", CORRESPONDENT4 + "/24"]), Port("core", "cn0", ["2001:db8:c::1/64", "10.12.0.1/24"])),
        Cable(Port("ha", "core0", backbone(1, 2)), Port("core", "ha0", backbone(1, 1))),
        Cable(Port("mm", "eth0", [MANAGER + "/64", MANAGER4 + "/24"]), Port("core", "mm0", ["2001:db8:9::1/64", "10.9.0.1/24"])),
        Cable(Port("ha", "d1", down[0]), Port("px", "up0", down[1]), delay_us=delay_us),
        *[Cable(Port("px", f"f{i}", cable[i][0]), Port(f"fa{i}", "up0", cable[i][1])) for i in n],
    ]
    cells = [Cell(f"cell{i}", Port(f"fa{i}", "acc0", site.access_router(i)), position_m=100.0 * (i - 1)) for i in n]
    radio = Port("mn", "w0", [HOME_ADDRESS + "/64", HOME_ADDRESS4 + "/24"], hears_many=True)
    return Topology("network", nodes, cables, cells, [radio], facts={"by_family": facts(site), "mobile": "mn"}).only(family).check()


def plain(**kw):
    """The same network with no daemon at all: static routes, the mobile an ordinary host in cell1."""
    topo = demo(**kw)
    for node in topo.nodes:
        node.roamd = ""
    return topo


TOPOLOGIES = {
    "demo": demo,
    "demo-two-radios": lambda: demo(interfaces=2),
    "dual": lambda: demo(interfaces=2, family="dual"),
    "figures": lambda: figures(H, A, B, no_mma=True),
    "figures-ipv4": lambda: figures(H, A, B, no_mma=True, family="ipv4"),
    "home-site": home_site,
    "ipv4": lambda: demo(interfaces=2, family="ipv4"),
    "mobile-ipv4": lambda: demo(use_mma=False, family="ipv4"),
    "mobile-ipv6": lambda: demo(use_mma=False),
    "network": network,
    "plain": lambda: plain(family="dual"),
}
