# SPDX-License-Identifier: BSD-2-Clause
"""How the laboratory's networks are numbered, in both families: site N is 2001:db8:N::/48 and 10.N.0.0/16, the backbone's links
2001:db8:f:K::/64 and 10.15.K.0/24."""
import ipaddress
from dataclasses import dataclass

FAMILIES = {"ipv6": ("ipv6",), "ipv4": ("ipv4",), "dual": ("ipv6", "ipv4")}   # what a topology's `family` may be

HOME_ADDRESS, HOME_ADDRESS4 = "2001:db8:1::100", "10.1.0.100"
HOME_AGENT, HOME_AGENT4 = "2001:db8:1::1", "10.1.0.1"
HOME_PREFIX, HOME_PREFIX4 = "2001:db8:1::/64", "10.1.0.0/24"
CORRESPONDENT, CORRESPONDENT4 = "2001:db8:c::2", "10.12.0.2"
CORRESPONDENT_PREFIX, CORRESPONDENT_PREFIX4 = "2001:db8:c::/64", "10.12.0.0/24"
NO_MMA, NO_MMA4 = "2001:db8:4:11::/64", "10.4.17.0/24"   # the access link of a network without an agent
MANAGER, MANAGER4 = "2001:db8:9::2", "10.9.0.2"   # of mobiles that the network moves
BACKBONE, BACKBONE4 = "2001:db8:f", "10.15"


def family_of(address):
    """Of an address, a prefix or an interface's address."""
    return f"ipv{ipaddress.ip_interface(address).version}"


def host_of(address):
    """An interface's address without the length of its prefix."""
    return address.partition("/")[0]


def backbone(link, host):
    """Both addresses of a host on the backbone's link of this number."""
    return [f"{BACKBONE}:{link}::{host}/64", f"{BACKBONE4}.{link}.{host}/24"]


def backbone_admits(link, *prefixes):
    """What the backbone admits from whoever is behind that link."""
    return [*prefixes, f"{BACKBONE}:{link}::/64", f"{BACKBONE4}.{link}.0/24"]


def via_backbone(link, host, *prefixes):
    """Routes over the backbone's link of this number."""
    nexthop = {"ipv6": f"{BACKBONE}:{link}::{host}", "ipv4": f"{BACKBONE4}.{link}.{host}"}
    return [(p, nexthop[family_of(p)]) for p in prefixes]


def default_over_backbone(link):
    return [("default", f"{BACKBONE}:{link}::1"), ("default", f"{BACKBONE4}.{link}.1")]


@dataclass(frozen=True)
class Site:
    """A site with an MMA, and how it is numbered. Its i-th access link is 2001:db8:N:1i::/64 and 10.N.(16 + i).0/24."""
    name: str
    n: int
    number: str = ""           # in names: mma1
    letter: str = "cell"       # of its cells: a1, a2

    @property
    def base(self):
        """The first 48 bits."""
        return f"2001:db8:{self.n:x}"

    @property
    def base4(self):
        return f"10.{self.n}"

    @property
    def mma(self):
        return f"{self.base}::1"

    @property
    def mma4(self):
        return f"{self.base4}.0.1"

    @property
    def prefix(self):
        return f"{self.base}::/48"

    @property
    def prefix4(self):
        return f"{self.base4}.0.0/16"

    @property
    def prefixes(self):
        return self.prefix, self.prefix4

    @property
    def coa_prefix(self):
        return f"{self.base}:ff::/64"

    @property
    def pool4(self):
        """Addresses that the agent assigns to mobiles, valid on every access link."""
        return f"{self.base4}.255.0/24"

    @property
    def access_prefixes(self):
        """All its access links."""
        return f"{self.base}:10::/60", f"{self.base4}.16.0/20"

    def care_of(self, family):
        """Where care-of addresses at its agent are: in IPv4 all mobiles share the agent's."""
        return self.coa_prefix if family == "ipv6" else f"{self.mma4}/32"

    def all_of(self, family):
        """The site's prefix."""
        return self.prefix if family == "ipv6" else self.prefix4

    def access(self, i):
        """Its i-th access link."""
        return f"{self.base}:1{i}::/64", f"{self.base4}.{16 + i}.0/24"

    def access_router(self, i):
        """Addresses of the router there."""
        return [f"{self.base}:1{i}::1/64", f"{self.base4}.{16 + i}.1/24"]

    def cable(self, i, host):
        """Addresses on the cable from the agent (1) to the i-th router (2)."""
        return [f"{self.base}:{i}::{host}/64", f"{self.base4}.{i}.{host}/24"]

    def inwards(self, i):
        """The agent's routes to the i-th access link."""
        return [(p, host_of(a)) for p, a in zip(self.access(i), self.cable(i, 2))]

    def outwards(self, i):
        """The i-th access router's routes."""
        return [("default", host_of(a)) for a in self.cable(i, 1)]

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


FOREIGN = Site("foreign", 2)
HOME_SITE = Site("home", 5)   # its subnets other than the home link

# The sites of figures 4 to 10: the home site's other subnets, and two foreign sites.
H, A, B = Site("home", 5, "0", "h"), Site("first", 2, "1", "a"), Site("second", 3, "2", "b")
MMA, MMA4 = FOREIGN.mma, FOREIGN.mma4


def facts(site=None):
    """By family: the addresses that scenarios need."""
    return {"ipv6": {"home_address": HOME_ADDRESS, "correspondent": CORRESPONDENT, "home_agent": HOME_AGENT,
                     "mma": site.mma if site else ""},
            "ipv4": {"home_address": HOME_ADDRESS4, "correspondent": CORRESPONDENT4, "home_agent": HOME_AGENT4,
                     "mma": site.mma4 if site else ""}}
