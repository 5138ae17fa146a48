# SPDX-License-Identifier: BSD-2-Clause
"""The network that moves its mobiles (topo.network), with two home agents that are one to everybody else.

    cn --- core --- lan-up --- ha1, ha2 --- lan-down --- px --- fa1 === cell1 ...
            |
           mm

On both links each member has an address of its own; the active one has three virtual ones besides: the backbone's next hop to the home network, the home
agent's address, which is the source of the mobiles' groups, and the next hop of the router below. VRRP moves them together."""
from . import topo
from .conf import key_block, keys, network_home_conf
from .numbers import FOREIGN, HOME_AGENT, HOME_AGENT4, backbone, default_over_backbone, host_of

MEMBERS = ("ha1", "ha2")
LINK, BELOW = 1, 9      # of the backbone; of the site


def _member(i, site):
    own = host_of(backbone(LINK, 10 + i)[0])
    virtual = [(a, "up0") for a in (*backbone(LINK, 2), HOME_AGENT + "/128", HOME_AGENT4 + "/32")] + [(a, "d1") for a in site.cable(BELOW, 1)]
    rows = "".join(f'  virtual "{host_of(a)}" {{ prefix-length = {a.partition("/")[2]}  interface = "{ifname}" }}\n' for a, ifname in virtual)
    conf = network_home_conf().replace('"core0"', '"up0"').replace("agent-id = 100", f"agent-id = {100 + i}")
    conf = conf.replace(f'manager-source = {{"{host_of(backbone(LINK, 2)[0])}"}}', f'manager-source = {{"{own}"}}')
    conf += (f'redundancy {{\n  id = {i}  priority = {120 - 10 * i}  interface = "up0"  address = "{own}"  track = {{"d1"}}\n'
             f'  key "group" {{ id = 1 }}\n{rows}}}\n')
    nowhere = [(f"unreachable {a} metric 4096", None) for a in (HOME_AGENT + "/128", HOME_AGENT4 + "/32")]
    inwards = [(p, host_of(a)) for p, a in zip(site.prefixes, site.cable(BELOW, 2))]
    return topo.Node(MEMBERS[i - 1], forwards=True, routes=default_over_backbone(LINK) + nowhere + inwards, roamd=key_block("group", 900) + conf,
                     keys=keys("ha-mm", "group"))


def network(agents=1, site=FOREIGN):
    more = "".join(f'  agent "{100 + i}" {{ key = "ha-mm" }}\n' for i in (1, 2))
    t = topo.network(agents, manager_more=more)
    nodes = [n for n in t.nodes if n.name != "ha"] + [_member(i, site) for i in (1, 2)]
    cables = [c for c in t.cables if "ha" not in (c.a.node, c.b.node)]
    up = [topo.Port("core", "ha0", backbone(LINK, 1))] + [topo.Port(MEMBERS[i - 1], "up0", backbone(LINK, 10 + i)) for i in (1, 2)]
    down = [topo.Port("px", "up0", site.cable(BELOW, 2))] + [topo.Port(MEMBERS[i - 1], "d1", site.cable(BELOW, 10 + i)) for i in (1, 2)]
    return topo.Topology("network-two-homes", nodes, cables, t.cells, t.radios, t.facts, [topo.Lan("lan-up", up), topo.Lan("lan-down", down)]).check()
