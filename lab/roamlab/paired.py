# SPDX-License-Identifier: BSD-2-Clause
"""The network of a site with two agents that are one to everybody else.

    cn --- core --- ha === home
             |
           lan-up --- mma1, mma2 --- lan-down --- ar1 === cell1, ar2 === cell2 ...      mn: w0 (w1) in one cell each

On both links each agent has an address of its own. The active one has three virtual ones besides: the backbone's next hop to the site, the
service address, and the access routers' next hop. VRRP moves them together."""
from . import topo
from .conf import access_router_conf, key_block, keys, mma_conf, mobile_conf
from .numbers import FAMILIES, FOREIGN, HOME_PREFIX, HOME_PREFIX4, backbone, default_over_backbone, facts, family_of, host_of, via_backbone

MEMBERS = (1, 2)
LINK = 2           # of the backbone


def agent(i):
    """Name of a member's node."""
    return f"mma{i}"


def _redundancy(i, site, family, more):
    """The first member has the highest priority."""
    own = next(a for a in backbone(LINK, 10 + i) if family_of(a) in FAMILIES[family])
    virtual = [(a, "up0") for a in (*backbone(LINK, 2), site.mma + "/128", site.mma4 + "/32")] + [(a, "d1") for a in site.cable(1, 1)]
    rows = "".join(f'  virtual "{host_of(a)}" {{ prefix-length = {a.partition("/")[2]}  interface = "{ifname}" }}\n'
                   for a, ifname in virtual if family_of(a) in FAMILIES[family])
    return (f'redundancy {{\n  id = {i}  priority = {120 - 10 * i}  interface = "up0"  address = "{host_of(own)}"  track = {{"d1"}}\n'
            f'  key "group" {{ id = 1 }}\n{rows}{more}}}\n')


def _member(i, routers, site, family, more):
    """Nothing for the mobiles leaves by the default route while the member has no virtual address."""
    nowhere = [(f"unreachable {p} metric 4096", None) for p in (site.coa_prefix, site.mma + "/128", site.mma4 + "/32")]
    inwards = [(p, host_of(a)) for n in routers for p, a in zip(site.access(n), site.cable(1, 20 + n))]
    conf = key_block("group", 900) + mma_conf(1, site, family=family).replace('"core0"', '"up0"') + _redundancy(i, site, family, more)
    return topo.Node(agent(i), forwards=True, routes=default_over_backbone(LINK) + nowhere + inwards, roamd=conf, keys=keys(site.key, "group"),
                     process='  sync = "full"\n')


def network(family="ipv6", interfaces=2, routers=2, site=FOREIGN, mobile_more="", more=""):
    """more: further rows of the redundancy block."""
    n, radios = range(1, routers + 1), [f"w{i}" for i in range(interfaces)]
    nodes, cables, cells = topo.home_nodes(None, family)
    nodes[1].routes = via_backbone(1, 2, HOME_PREFIX, HOME_PREFIX4) + via_backbone(LINK, 2, *site.prefixes)
    nodes += [_member(i, n, site, family, more) for i in MEMBERS]
    nodes += [topo.Node(site.router(i), forwards=True, routes=site.outwards(1), roamd=access_router_conf(i, site, family)) for i in n]
    nodes.append(topo.Node("mn", is_mobile=True, roamd=mobile_conf(radios, True, mobile_more, [site], family), keys=keys("mn1", site.key)))
    cells += [topo.Cell(f"cell{i}", topo.Port(site.router(i), "acc0", site.access_router(i)), position_m=100.0 * i) for i in n]
    up = [topo.Port("core", "mma0", backbone(LINK, 1))] + [topo.Port(agent(i), "up0", backbone(LINK, 10 + i)) for i in MEMBERS]
    down = [topo.Port(agent(i), "d1", site.cable(1, 10 + i)) for i in MEMBERS] + [topo.Port(site.router(i), "up0", site.cable(1, 20 + i)) for i in n]
    return topo.Topology("paired", nodes, cables, cells, [topo.Port("mn", w) for w in radios], {"by_family": facts(site), "mobile": "mn"},
                         [topo.Lan("lan-up", up), topo.Lan("lan-down", down)]).only(family).check()
