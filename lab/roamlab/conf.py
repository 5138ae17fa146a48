# SPDX-License-Identifier: BSD-2-Clause
"""Bodies of roamd.conf for the laboratory's networks. `family`: "ipv6", "ipv4" or "dual"; a role's rows for each family in it."""
import hashlib

from .numbers import (BACKBONE, BACKBONE4, FAMILIES, FOREIGN, HOME_ADDRESS, HOME_ADDRESS4, HOME_AGENT, HOME_AGENT4, HOME_PREFIX, HOME_PREFIX4, HOME_SITE, MANAGER, MANAGER4, NO_MMA,
                      NO_MMA4, family_of)


def key_hex(name):
    """A key of the laboratory, from its name: a secret of nobody."""
    return hashlib.sha256(b"roamlab " + name.encode()).hexdigest()[:40]


def keys(*names):
    return {name: key_hex(name) for name in names}


def key_block(name, spi):
    return f'key "{name}" {{ spi = {spi}  algorithm = "hmac-sha1"  file = "{{keys}}/{name}.key" }}\n'


def _of(family, *addresses):
    """Those of the families in `family`."""
    return [a for a in addresses if a and family_of(a) in FAMILIES[family]]


def _list(values):
    return "{" + ", ".join(f'"{v}"' for v in values) + "}"


def _row(name, family, six, four):
    """`name = six` and `name-v4 = four`, as far as they are in the family and exist."""
    rows = [f'{name}{"-v4" if a == four else ""} = "{a}"' for a in _of(family, six, four)]
    return "  " + "\n  ".join(rows) + "\n" if rows else ""


def _access_link(name, family, prefixes, router, more=""):
    """The block of a link in a router's role. `router`: its IPv4 address there."""
    four = f' router-address-v4 = "{router}"' if "ipv4" in FAMILIES[family] else ""
    return f'  interface "{name}" {{ prefix = {_list(_of(family, *prefixes))}{four}{more} ra-interval = 1000 }}\n'


def home_agent_conf(home_link, site=None, family="ipv6"):
    """site: the home agent's own, whose agent is announced on the home link too."""
    prefixes = _list(_of(family, HOME_PREFIX, HOME_PREFIX4))
    text = key_block("mn1", 256) + "role ha {\n" + _row("address", family, HOME_AGENT, HOME_AGENT4) + f"  home-prefix = {prefixes}\n"
    text += f'  home-link = "{home_link}"\n' if home_link else ""
    text += '  uplink = {"core0"}\n'
    text += "".join(f'  mobile "{a}" {{ key = "mn1" }}\n' for a in _of(family, HOME_ADDRESS, HOME_ADDRESS4)) + "}\n"
    if home_link:
        text += 'role ar {\n  site = "home"\n'
        text += _row("mma", family, site.mma, site.mma4) + "  home-site = true\n" if site else ""
        text += _access_link(home_link, family, (HOME_PREFIX, HOME_PREFIX4), HOME_AGENT4, " home-link = true") + "}\n"
    return text


def pair_key(a, b):
    """Name of the key that the agents of two sites share."""
    return "peer-" + "-".join(sorted((a.name, b.name)))


def mma_conf(n_routers, site=FOREIGN, peers=(), more="", family="ipv6"):
    """peers: the sites whose agents this one forwards to and takes mobiles over from."""
    down = _list(f"d{i}" for i in range(1, n_routers + 1))
    text = key_block(site.key, 257) + "".join(key_block(pair_key(site, p), 300) for p in peers)
    text += "role mma {\n" + _row("address", family, site.mma, site.mma4)
    text += f'  site = "{site.name}"\n  upstream = {{"core0"}}\n  downstream = {down}\n'
    if "ipv6" in FAMILIES[family]:
        text += f'  coa-prefix = "{site.coa_prefix}"\n  group-prefix = "ff35::/64"\n'
    if "ipv4" in FAMILIES[family]:
        text += f'  site-address-pool = "{site.pool4}"\n'
    text += f"  access-prefix = {_list(_of(family, *site.access_prefixes))}\n"
    text += "".join(f'  peer "{a}" {{ key = "{pair_key(site, p)}" }}\n' for p in peers for a in _of(family, p.mma, p.mma4))
    return text + "".join(f'  mobile "{a}" {{ key = "{site.key}" }}\n' for a in _of(family, HOME_ADDRESS, HOME_ADDRESS4)) + f"{more}}}\n"


def access_router_conf(i, site=FOREIGN, family="ipv6"):
    text = f'role ar {{\n  upstream = "up0"\n  site = "{site.name}"\n' + _row("mma", family, site.mma, site.mma4)
    text += "  home-site = true\n" if site.name == HOME_SITE.name else ""
    return text + _access_link("acc0", family, (*site.access(i), site.pool4), f"{site.base4}.{16 + i}.1") + "}\n"


def foreign_agent_conf(care_of, prefix, upstream):
    """Plain Mobile IPv4: the agent of one access link, at the router's own address there. The backbone filters sources, so packets from
    mobiles go back through the tunnel (RFC 3024)."""
    return (f'role fa {{\n  address-v4 = {{"{care_of}"}}\n  upstream = {{"{upstream}"}}\n  reverse-tunnel = "required"\n'
            f'  interface "acc0" {{ prefix = {{"{prefix}"}} ra-interval = 1000 }}\n}}\n')


def plain_router_conf(family, prefixes=(NO_MMA, NO_MMA4), upstream="core0"):
    """An access router of a network without an MMA: advertisements of IPv6, a foreign agent of IPv4."""
    text = ""
    for p in _of(family, *prefixes):
        if family_of(p) == "ipv6":
            text += f'role ar {{\n  interface "acc0" {{ prefix = {{"{p}"}} ra-interval = 1000 }}\n}}\n'
        else:
            text += foreign_agent_conf(p.replace(".0/24", ".1"), p, upstream)
    return text


def network_proxy_conf(n_agents, cables, family="dual", is_filtered=True):
    """The router above the foreign agents that serve mobiles without software: their groups come down from the home agent. is_filtered: what
    comes up has a source of the agents' own links, so guests' packets come in tunnels."""
    text = 'role ar {\n  upstream = "up0"\n' + _row("mma", family, HOME_AGENT, HOME_AGENT4)
    for i, (six, four, router) in enumerate(cables[:n_agents], 1):
        text += _access_link(f"f{i}", family, (six, four), router, "" if is_filtered else " filter = false")
    return text + "}\n"


def network_agent_conf(i, site, manager, six, four, family="dual", more=""):
    """A foreign agent that hears mobiles: number i of its site, which asks the manager. six, four: its own addresses, towards the network."""
    four_row = f'  address-v4 = {{"{four}"}}\n' if "ipv4" in FAMILIES[family] else ""
    text = key_block(f"fa{i}-mm", 500 + i) + "role fa {\n" + four_row + '  upstream = {"up0"}\n'
    text += f'  interface "acc0" {{ prefix = {_list(_of(family, *site.access(i)))} only-solicited = true }}\n  guests {{\n'
    text += f'    manager = {_list([manager])}\n    manager-source = {_list([six if ":" in manager else four])}\n'
    text += f'    manager-key = "fa{i}-mm"\n    agent-id = {i}\n    address = "{six}"\n'
    text += "    signal-join = 80\n    signal-leave = 84\n    signal-window = 2\n    dwell = 200\n    ask-again = 500\n"
    return text + f"{more}  }}\n}}\n"


def network_home_conf(family="dual", more=""):
    """A home agent of mobiles without software: it asks the manager whose address that is."""
    own = [a for a in _of(family, f"{BACKBONE}:1::2", f"{BACKBONE4}.1.2")]
    text = key_block("ha-mm", 500) + "role ha {\n" + _row("address", family, HOME_AGENT, HOME_AGENT4)
    text += f'  home-prefix = {_list(_of(family, HOME_PREFIX, HOME_PREFIX4))}\n  uplink = {{"core0"}}\n  provisioned {{\n'
    text += f'    prefix = {_list(_of(family, HOME_PREFIX, HOME_PREFIX4))}\n    downstream = {{"d1"}}\n'
    text += f'    manager = {_list([MANAGER if "ipv6" in FAMILIES[family] else MANAGER4])}\n    manager-source = {_list(own[:1])}\n'
    text += f'    manager-key = "ha-mm"\n    agent-id = 100\n    foreign-agents = {_list(_of(family, *FOREIGN.prefixes))}\n'
    return text + f"{more}  }}\n}}\n"


def manager_conf(n_agents, more=""):
    text = "".join(key_block(f"fa{i}-mm", 500 + i) for i in range(1, n_agents + 1)) + key_block("ha-mm", 500)
    text += f'role mm {{\n  source = {_list([HOME_AGENT, HOME_AGENT4])}\n'
    text += "".join(f'  agent "{i}" {{ key = "fa{i}-mm" }}\n' for i in range(1, n_agents + 1))
    return text + f'  agent "100" {{ key = "ha-mm" }}\n{more}}}\n'


def mobile_conf(interfaces, use_mma, more="", sites=(FOREIGN,), family="ipv6"):
    text = key_block("mn1", 256) + "".join(key_block(s.key, 257) for s in sites) + "role mn {\n"
    text += _row("home-address", family, HOME_ADDRESS, HOME_ADDRESS4) + _row("home-prefix", family, HOME_PREFIX, HOME_PREFIX4)
    text += _row("home-agent", family, HOME_AGENT, HOME_AGENT4) + '  key = "mn1"\n'
    for name in interfaces:
        text += f'  interface "{name}" {{}}\n'
    for s in sites:
        addresses = _of(family, s.mma, s.mma4)
        four = f'address-v4 = "{s.mma4}" ' if len(addresses) == 2 else ""
        text += f'  mma "{addresses[0]}" {{ {four}key = "{s.key}" }}\n'
    return text + f'  use-mma = {"true" if use_mma else "false"}\n{more}}}\n'
