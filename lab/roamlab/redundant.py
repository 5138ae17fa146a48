# SPDX-License-Identifier: BSD-2-Clause
"""The network of redundant home agents: members on one segment, the rest of the world behind its router.

    cn ------ gw === home === ha1, ha2, ...        each with an address of its own; the home agent's is the virtual one
    fleet ---/                                     fleet: a thousand mobiles in one process (tools/fleet.c)

The mobiles' home prefix is virtual (the router has a route to it over the home agent's address), or with physical=True the segment's own. What a
member sends to the mobiles is marked by the router with the member's number in the DSCP, so that every arrival tells by which way it came."""
from . import topo
from .conf import key_block, keys
from .numbers import CORRESPONDENT, CORRESPONDENT4, FAMILIES, HOME_AGENT, HOME_AGENT4, HOME_PREFIX, family_of

ROUTER, ROUTER4 = "2001:db8:1::ff", "10.1.255.254"
SEGMENT4 = "10.1.0.0/16"
VIRTUAL, VIRTUAL4 = "2001:db8:100::/64", "10.32.0.0/11"     # home addresses that no link has
CARE_OF, CARE_OF4 = "2001:db8:aa::/48", "10.64.0.0/11"
FLEET, FLEET4 = "2001:db8:f:2::2", "10.15.2.2"
BASE = {True: 0x400, False: 0x10000}                        # where the home addresses begin, on the segment or not
PHYSICAL_MAX = 200   # mobiles on the segment: neighbour tables of the kernel hold 1,024 entries, of all namespaces together


def own(i):
    """A member's own addresses."""
    return f"2001:db8:1::{0x10 + i:x}", f"10.1.0.{0x10 + i}"


def _pick(family, *pairs):
    return [a for pair in pairs for a in pair if family_of(a) in FAMILIES[family]]


def _virtual(family):
    lengths = {"ipv6": 64, "ipv4": 16}
    return "".join(f'  virtual "{a}" {{ prefix-length = {lengths[family_of(a)]} }}\n' for a in _pick(family, (HOME_AGENT, HOME_AGENT4)))


def redundancy_conf(i, family, more=""):
    """The first member has the highest priority."""
    address = own(i)[0 if "ipv6" in FAMILIES[family] else 1]
    return (f'redundancy {{\n  id = {i}  priority = {120 - 10 * i}  interface = "home0"  address = "{address}"\n  key "group" {{ id = 1 }}\n'
            f'{_virtual(family)}{more}}}\n')


def member_conf(i, family, physical, group=True, more=""):
    prefixes = _pick(family, (HOME_PREFIX, SEGMENT4) if physical else (VIRTUAL, VIRTUAL4))
    rows = "".join(f'  {"address" if a == HOME_AGENT else "address-v4"} = "{a}"\n' for a in _pick(family, (HOME_AGENT, HOME_AGENT4)))
    rows += f'  home-prefix = {{{", ".join(chr(34) + p + chr(34) for p in prefixes)}}}\n'
    rows += '  home-link = "home0"\n' if physical else '  uplink = {"home0"}\n'
    rows += "".join(f'  mobile "{p}" {{ key = "fleet" }}\n' for p in prefixes)
    text = key_block("fleet", 256) + key_block("group", 257) + f"role ha {{\n{rows}  rate = 0\n}}\n"
    return text + (redundancy_conf(i, family, more) if group else "")


def manager_conf(i, family, more=""):
    """A mobility manager in the place of the home agent; agent 1, with the fleet's key, may ask it."""
    rows = f'  source = {{{", ".join(chr(34) + a + chr(34) for a in _pick(family, (HOME_AGENT, HOME_AGENT4)))}}}\n  agent "1" {{ key = "fleet"  may-ask = device }}\n'
    return key_block("fleet", 256) + key_block("group", 257) + f"role mm {{\n{rows}}}\n" + redundancy_conf(i, family, more)


def network(members=2, family="ipv6", physical=False, group=True, more="", process="", role="ha"):
    """more: further rows of the redundancy block, or a function that gives those of a member by its number; process: rows of the node block.
    group=False: one home agent, which has the address itself. role "mm": mobility managers instead of home agents."""
    n, more_of = range(1, members + 1), more if callable(more) else lambda i: more
    conf_of = {"ha": lambda i: member_conf(i, family, physical, group, more_of(i)), "mm": lambda i: manager_conf(i, family, more_of(i))}[role]
    over_agent = [(p, a) for p, a in ((VIRTUAL, HOME_AGENT), (VIRTUAL4, HOME_AGENT4)) if not physical]
    router = topo.Port("gw", "home0", [ROUTER + "/64", ROUTER4 + "/16"])
    nodes = [topo.Node("cn", routes=[("default", "2001:db8:c::1"), ("default", "10.12.0.1")]), topo.Node("fleet"),
             topo.Node("gw", forwards=True, routes=over_agent + [(CARE_OF, FLEET), (CARE_OF4, FLEET4)])]
    nodes += [topo.Node(f"ha{i}", forwards=True, routes=[("default", ROUTER), ("default", ROUTER4)], process=process, keys=keys("fleet", "group"),
                        roamd=conf_of(i)) for i in n]
    cables = [topo.Cable(topo.Port("cn", "eth0", [CORRESPONDENT + "/64", CORRESPONDENT4 + "/24"]), topo.Port("gw", "cn0", ["2001:db8:c::1/64", "10.12.0.1/24"])),
              topo.Cable(topo.Port("fleet", "eth0", [FLEET + "/64", FLEET4 + "/24"]), topo.Port("gw", "fleet0", ["2001:db8:f:2::1/64", "10.15.2.1/24"]))]
    alone = [] if group else [HOME_AGENT + "/64", HOME_AGENT4 + "/16"]
    radios = [topo.Port(f"ha{i}", "home0", [own(i)[0] + "/64", own(i)[1] + "/16"] + alone) for i in n]
    base = BASE[physical]
    facts = {"members": [f"ha{i}" for i in n], "base": base, "physical": physical, "by_family": {
        "ipv6": {"agent": HOME_AGENT, "home": HOME_PREFIX if physical else VIRTUAL, "coa": CARE_OF, "correspondent": CORRESPONDENT, "next_hop": FLEET},
        "ipv4": {"agent": HOME_AGENT4, "home": SEGMENT4 if physical else VIRTUAL4, "coa": CARE_OF4, "correspondent": CORRESPONDENT4, "next_hop": FLEET4}}}
    return topo.Topology("redundant", nodes, cables, [topo.Cell("home", router)], radios, facts).only(family).check()
