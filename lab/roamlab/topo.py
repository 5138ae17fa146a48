# SPDX-License-Identifier: BSD-2-Clause
"""A network as data. Nothing here touches the system; net.py builds what this describes.

A cable joins two nodes; one with a delay, loss or rate goes through the `wire` program. A cell is a
bridge in the namespace `air`, with a router's access interface as one port; a mobile's
interface is a cable whose other end is plugged into one cell or none."""
import ipaddress
from dataclasses import dataclass, field


@dataclass
class Port:
    """An end of a cable, or an interface on a cell."""
    node: str
    ifname: str
    addresses: list = field(default_factory=list)  # "2001:db8::1/64"
    admits: list = field(default_factory=list)     # ingress filter (RFC 2827): what comes in here to be forwarded has its source in
                                                   # one of these prefixes, or is refused and counted; []: no filter


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

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)

    def cell(self, name):
        return next(c for c in self.cells if c.name == name)

    def check(self):
        """Raises ValueError with what is wrong."""
        names = {n.name for n in self.nodes}
        if len(names) != len(self.nodes):
            raise ValueError("two nodes of one name")
        ports = [p for c in self.cables for p in (c.a, c.b)] + [c.router for c in self.cells] + self.radios
        seen = set()
        for p in ports:
            if p.node not in names:
                raise ValueError(f"{p.ifname}: no node {p.node}")
            if (p.node, p.ifname) in seen:
                raise ValueError(f"{p.node}: two interfaces {p.ifname}")
            seen.add((p.node, p.ifname))
            for a in p.addresses:
                ipaddress.IPv6Interface(a)
            for a in p.admits:
                ipaddress.IPv6Network(a)
        return self


# --- the network of the demo -------------------------------------------------------------

HOME_ADDRESS = "2001:db8:1::100"
HOME_AGENT = "2001:db8:1::1"
HOME_PREFIX = "2001:db8:1::/64"
CORRESPONDENT = "2001:db8:c::2"


@dataclass(frozen=True)
class Site:
    """A site with an MMA, and how it is numbered. Its i-th access link is 2001:db8:N:1i::/64."""
    name: str
    base: str                  # the first 48 bits
    number: str = ""           # in names: mma1
    letter: str = "cell"       # of its cells: a1, a2

    @property
    def mma(self):
        return f"{self.base}::1"

    @property
    def prefix(self):
        return f"{self.base}::/48"

    @property
    def coa_prefix(self):
        return f"{self.base}:ff::/64"

    @property
    def agent(self):
        """Name of the agent's node."""
        return f"mma{self.number}"

    def router(self, i):
        """Name of the node of its i-th access router."""
        return f"ar{i}" if not self.number else f"ar-{self.letter}{i}"

    @property
    def key(self):
        return f"mn1-{self.name}"


BACKBONE = "2001:db8:f"

FOREIGN = Site("foreign", "2001:db8:2")
HOME_SITE = Site("home", "2001:db8:5")   # its subnets other than the home link

# The sites of figures 4 to 10: the home site's other subnets, and two foreign sites.
H, A, B = Site("home", "2001:db8:5", "0", "h"), Site("first", "2001:db8:2", "1", "a"), Site("second", "2001:db8:3", "2", "b")
NO_MMA = "2001:db8:4:11::/64"            # the access link of a network without an agent
MMA = FOREIGN.mma


def key_hex(name):
    """A key of the laboratory, from its name: a secret of nobody."""
    import hashlib
    return hashlib.sha256(b"roamlab " + name.encode()).hexdigest()[:40]


def key_block(name, spi):
    return f'key "{name}" {{ spi = {spi}  algorithm = "hmac-sha1"  file = "{{keys}}/{name}.key" }}\n'


def home_agent_conf(home_link, mma=""):
    """mma: the agent of the home agent's own site, announced on the home link too."""
    text = key_block("mn1", 256) + 'role ha {\n'
    text += f'  address = "{HOME_AGENT}"\n  home-prefix = {{"{HOME_PREFIX}"}}\n'
    text += f'  home-link = "{home_link}"\n' if home_link else ""
    text += '  uplink = {"core0"}\n'
    text += f'  mobile "{HOME_ADDRESS}" {{ key = "mn1" }}\n}}\n'
    if home_link:
        text += 'role ar {\n  site = "home"\n'
        text += f'  mma = "{mma}"\n  home-site = true\n' if mma else ""
        text += f'  interface "{home_link}" {{ prefix = {{"{HOME_PREFIX}"}} home-link = true ra-interval = 1000 }}\n}}\n'
    return text


def pair_key(a, b):
    """Name of the key that the agents of two sites share."""
    return "peer-" + "-".join(sorted((a.name, b.name)))


def mma_conf(n_routers, site=FOREIGN, peers=(), more=""):
    """peers: the sites whose agents this one forwards to and takes mobiles over from."""
    down = ", ".join(f'"d{i}"' for i in range(1, n_routers + 1))
    return (key_block(site.key, 257) + "".join(key_block(pair_key(site, p), 300) for p in peers) +
            f'role mma {{\n  address = "{site.mma}"\n  site = "{site.name}"\n  upstream = {{"core0"}}\n  downstream = {{{down}}}\n'
            f'  coa-prefix = "{site.coa_prefix}"\n  group-prefix = "ff35::/64"\n  access-prefix = {{"{site.base}:10::/60"}}\n' +
            "".join(f'  peer "{p.mma}" {{ key = "{pair_key(site, p)}" }}\n' for p in peers) +
            f'  mobile "{HOME_ADDRESS}" {{ key = "{site.key}" }}\n{more}}}\n')


def access_router_conf(i, site=FOREIGN):
    text = f'role ar {{\n  upstream = "up0"\n  site = "{site.name}"\n  mma = "{site.mma}"\n'
    text += "  home-site = true\n" if site.name == HOME_SITE.name else ""
    text += f'  interface "acc0" {{ prefix = {{"{site.base}:1{i}::/64"}} ra-interval = 1000 }}\n}}\n'
    return text


def mobile_conf(interfaces, use_mma, more="", sites=(FOREIGN,)):
    text = key_block("mn1", 256) + "".join(key_block(s.key, 257) for s in sites)
    text += (f'role mn {{\n  home-address = "{HOME_ADDRESS}"\n  home-prefix = "{HOME_PREFIX}"\n'
             f'  home-agent = "{HOME_AGENT}"\n  key = "mn1"\n')
    for name in interfaces:
        text += f'  interface "{name}" {{}}\n'
    text += "".join(f'  mma "{s.mma}" {{ key = "{s.key}" }}\n' for s in sites)
    return text + f'  use-mma = {"true" if use_mma else "false"}\n{more}}}\n'


def keys(*names):
    return {name: key_hex(name) for name in names}


def demo(interfaces=1, use_mma=True, backbone_delay_us=25000, access_delay_us=(0, 0, 0, 0), mobile_more="",
         routers=4, site=FOREIGN):
    """A correspondent node, a home site, and a foreign site with an MMA and four access routers, 25 ms away from home.

        cn --- core --- ha === home cell
                |
              25 ms
                |
               mma --- ar1 === cell1     (access_delay_us: on the cable mma-arN)
                 \\ --- ar2 === cell2  ...      mn: w0 (w1) in one cell each
    """
    n = range(1, routers + 1)
    base = site.base
    radios = [f"w{i}" for i in range(interfaces)]
    nodes = [
        Node("cn", routes=[("default", "2001:db8:c::1")]),
        Node("core", forwards=True, routes=[(HOME_PREFIX, "2001:db8:f:1::2"), (site.prefix, "2001:db8:f:2::2")]),
        Node("ha", forwards=True, routes=[("default", "2001:db8:f:1::1")],
             roamd=home_agent_conf("home0", site.mma if site is HOME_SITE else ""), keys=keys("mn1")),
        Node("mma", forwards=True, routes=[("default", "2001:db8:f:2::1")] +
             [(f"{base}:1{i}::/64", f"{base}:{i}::2") for i in n],
             roamd=mma_conf(routers, site), keys=keys(site.key)),
        *[Node(f"ar{i}", forwards=True, routes=[("default", f"{base}:{i}::1")], roamd=access_router_conf(i, site))
          for i in n],
        Node("mn", is_mobile=True, roamd=mobile_conf(radios, use_mma, mobile_more, [site]), keys=keys("mn1", site.key)),
    ]
    cables = [
        Cable(Port("cn", "eth0", [CORRESPONDENT + "/64"]), Port("core", "cn0", ["2001:db8:c::1/64"])),
        Cable(Port("ha", "core0", ["2001:db8:f:1::2/64"]), Port("core", "ha0", ["2001:db8:f:1::1/64"])),
        Cable(Port("mma", "core0", ["2001:db8:f:2::2/64"]), Port("core", "mma0", ["2001:db8:f:2::1/64"]),
              delay_us=backbone_delay_us),
        *[Cable(Port("mma", f"d{i}", [f"{base}:{i}::1/64"]), Port(f"ar{i}", "up0", [f"{base}:{i}::2/64"]),
                delay_us=access_delay_us[i - 1]) for i in n],
    ]
    cells = [Cell("home", Port("ha", "home0", [HOME_AGENT + "/64"]), position_m=0)]
    cells += [Cell(f"cell{i}", Port(f"ar{i}", "acc0", [f"{base}:1{i}::1/64"]), position_m=100.0 * i) for i in n]
    return Topology("demo", nodes, cables, cells, [Port("mn", w) for w in radios],
                    facts={"home_address": HOME_ADDRESS, "correspondent": CORRESPONDENT, "home_agent": HOME_AGENT,
                           "mma": site.mma, "mobile": "mn"}).check()


def home_site(**kw):
    """The home site alone: home link, and the MMA's subnets beside it (fig. 4)."""
    return demo(backbone_delay_us=0, routers=2, site=HOME_SITE, **kw)


# --- the network of figures 4 to 10 ------------------------------------------------------

CORRESPONDENT_PREFIX = "2001:db8:c::/64"


def _backbone(number, prefix):
    """What the backbone admits from the site behind its link of this number."""
    return [prefix, f"{BACKBONE}:{number}::/64"]


def _site(site, routers, peers, delay_us, access_delay_us, mma_more):
    """Nodes, cables and cells of a site with an agent."""
    base, n, link = site.base, range(1, routers + 1), f"{BACKBONE}:1{site.number}"
    nodes = [Node(site.agent, forwards=True, routes=[("default", f"{link}::1"), (f"unreachable {site.coa_prefix} metric 4096", None)] +
                  [(f"{base}:1{i}::/64", f"{base}:{i}::2") for i in n],
                  roamd=mma_conf(routers, site, peers, mma_more), keys=keys(site.key, *(pair_key(site, p) for p in peers)))]
    nodes += [Node(site.router(i), forwards=True, routes=[("default", f"{base}:{i}::1")], roamd=access_router_conf(i, site)) for i in n]
    cables = [Cable(Port(site.agent, "core0", [f"{link}::2/64"]),
                    Port("core", site.agent, [f"{link}::1/64"], admits=_backbone(f"1{site.number}", site.prefix)), delay_us=delay_us)]
    cables += [Cable(Port(site.agent, f"d{i}", [f"{base}:{i}::1/64"]), Port(site.router(i), "up0", [f"{base}:{i}::2/64"]),
                     delay_us=access_delay_us) for i in n]
    cells = [Cell(f"{site.letter}{i}", Port(site.router(i), "acc0", [f"{base}:1{i}::1/64"])) for i in n]
    return nodes, cables, cells


def _network_without_agent(delay_us):
    """An access link whose router announces no agent: plain Mobile IPv6 there."""
    link = f"{BACKBONE}:14"
    conf = f'role ar {{\n  interface "acc0" {{ prefix = {{"{NO_MMA}"}} ra-interval = 1000 }}\n}}\n'
    nodes = [Node("ar-n1", forwards=True, routes=[("default", f"{link}::1")], roamd=conf)]
    cables = [Cable(Port("ar-n1", "core0", [f"{link}::2/64"]),
                    Port("core", "net4", [f"{link}::1/64"], admits=_backbone("14", "2001:db8:4::/48")), delay_us=delay_us)]
    return nodes, cables, [Cell("n1", Port("ar-n1", "acc0", [NO_MMA.replace("::/", "::1/")]))]


def _parties(nodes, cables, cells, sites):
    """(prefix, name of the node that speaks with such an address), for whoever reads a capture."""
    ports = [p for c in cables for p in (c.a, c.b)] + [c.router for c in cells]
    found = [(a.partition("/")[0] + "/128", p.node) for p in ports for a in p.addresses]
    found += [(HOME_ADDRESS + "/128", "mn"), (NO_MMA, "mn"), (HOME_PREFIX, "mn")]
    for s in sites:
        found += [(s.mma + "/128", s.agent), (s.coa_prefix, s.agent), (f"{s.base}:10::/60", "mn")]
    return found


def figures(*sites, interfaces=2, cn="", no_mma=False, routers=2, backbone_delay_us=25000, access_delay_us=0, mobile_more="",
            mma_more="", use_mma=True):
    """The home link and some of the sites H, A and B, on a backbone that filters what enters it.

        cn ---- core ---- ha === home           (cn: "": an ordinary host; else the body of its role block)
               / | \\ \\
              /  |  \\ 25 ms --- ar-n1 === n1     no_mma: a network without an agent
             /   |   25 ms --- mma2 --- ar-b1 === b1, ar-b2 === b2       B
            / 25 ms --- mma1 --- ar-a1 === a1, ar-a2 === a2              A
         mma0 --- ar-h1 === h1, ar-h2 === h2                             H: other subnets of the home site
    """
    radios = [f"w{i}" for i in range(interfaces)]
    home_mma = H.mma if H in sites else ""
    nodes = [
        Node("cn", routes=[("default", "2001:db8:c::1")], roamd=f"role cn {{\n{cn}}}\n" if cn else ""),
        Node("core", forwards=True),
        Node("ha", forwards=True, routes=[("default", f"{BACKBONE}:1::1")], roamd=home_agent_conf("home0", home_mma), keys=keys("mn1")),
        Node("mn", is_mobile=True, roamd=mobile_conf(radios, use_mma, mobile_more, sites),
             keys=keys("mn1", *(s.key for s in sites))),
    ]
    cables = [
        Cable(Port("cn", "eth0", [CORRESPONDENT + "/64"]), Port("core", "cn0", ["2001:db8:c::1/64"], admits=[CORRESPONDENT_PREFIX])),
        Cable(Port("ha", "core0", [f"{BACKBONE}:1::2/64"]),
              Port("core", "ha0", [f"{BACKBONE}:1::1/64"], admits=_backbone("1", HOME_PREFIX))),
    ]
    cells = [Cell("home", Port("ha", "home0", [HOME_AGENT + "/64"]))]
    core = [(HOME_PREFIX, f"{BACKBONE}:1::2")]
    for s in sites:
        delay_us = 0 if s is H else backbone_delay_us
        for mine, more in zip((nodes, cables, cells), _site(s, routers, [p for p in sites if p is not s], delay_us, access_delay_us, mma_more)):
            mine += more
        core.append((s.prefix, f"{BACKBONE}:1{s.number}::2"))
    if no_mma:
        for mine, more in zip((nodes, cables, cells), _network_without_agent(backbone_delay_us)):
            mine += more
        core.append(("2001:db8:4::/48", f"{BACKBONE}:14::2"))
    nodes[1].routes = core
    return Topology("figures", nodes, cables, cells, [Port("mn", w) for w in radios],
                    facts={"home_address": HOME_ADDRESS, "correspondent": CORRESPONDENT, "home_agent": HOME_AGENT,
                           "mma": sites[0].mma if sites else "", "mobile": "mn", "sites": sites,
                           "parties": _parties(nodes, cables, cells, sites)}).check()


def plain(**kw):
    """The same network with no daemon at all: static routes, the mobile an ordinary host in cell1."""
    topo = demo(**kw)
    for node in topo.nodes:
        node.roamd = ""
    return topo


TOPOLOGIES = {
    "demo": demo,
    "demo-two-radios": lambda: demo(interfaces=2),
    "figures": lambda: figures(H, A, B, no_mma=True),
    "home-site": home_site,
    "mobile-ipv6": lambda: demo(use_mma=False),
    "plain": plain,
}
