# SPDX-License-Identifier: BSD-2-Clause
"""The attackers of test_adversary.py over Mobile IPv4: a station in the mobile's own cell ("evil"), and a host on the backbone ("cn").

After each attack the honest mobile has lost no packet, every binding is as before, and the counter that stands for the attack has
risen. All of it happens in one world, built once."""
import ipaddress
import struct

import pytest
from roamlab import topo
from roamlab.octets import ntp_stamp
from roamlab.world import World

from test_adversary import Arena, arena, network  # noqa: F401 (the fixture that uses one_arena)

scapy = pytest.importorskip("scapy.all")
igmp = pytest.importorskip("scapy.contrib.igmpv3")

HOA, HA, MMA, CN = topo.HOME_ADDRESS4, topo.HOME_AGENT4, topo.MMA4, topo.CORRESPONDENT4
EVIL, EVIL_NEXT_DOOR, THERE, STRANGER = "10.2.17.66", "10.2.18.66", "10.3.0.1", "10.1.0.200"
GROUP = "232.129.1.1"
MOBILE_HOME, MOBILE_FOREIGN = 32, 33
T = 0x02
ALLOW, BLOCK = 5, 6


class Arena4(Arena):
    def enter(self):
        """The mobile goes to cell1, where evil is; its registration is overheard."""
        w = self.world
        w.be_home()
        w.move("cell1", 15)
        w.wait_state("away-site")
        w.net.plug("evil", "w0", "cell1")
        heard = self.mobile.heard(b"\x08\0")
        self.request = next(p for p in heard if p[9] == 17 and p[16:20] == ipaddress.IPv4Address(MMA).packed and p[28] == 1)
        answer = next(p for p in heard if p[9] == 17 and p[12:16] == ipaddress.IPv4Address(MMA).packed and p[28] == 3)
        self.group = str(ipaddress.IPv4Address(answer[16:20]))


@pytest.fixture(scope="module")
def one_arena():
    with World(network(THERE, family="ipv4")) as world:
        arena = Arena4(world)
        arena.enter()
        yield arena


# --- the forgeries ---

def auth(kind, spi):
    """An authenticator that only a guess could make right (HMAC-SHA1's length)."""
    return struct.pack("!BBI", kind, 24, spi) + bytes(20)


def udp434(src, dst, body, sum_right=True):
    packet = scapy.IP(src=src, dst=dst, ttl=64) / scapy.UDP(sport=434, dport=434) / scapy.Raw(body)
    if not sum_right:
        packet = scapy.IP(bytes(packet))
        packet[scapy.UDP].chksum ^= 1
    return bytes(packet)


def request_body(hoa=HOA, coa=MMA, ha=HA, flags=T, lifetime_s=300, number=None):
    return struct.pack("!BBH", 1, flags, lifetime_s) + b"".join(ipaddress.IPv4Address(a).packed for a in (hoa, ha, coa)) + (number or ntp_stamp())


def reply_body(code, number, hoa=HOA, lifetime_s=300):
    return struct.pack("!BBH", 3, code, lifetime_s) + b"".join(ipaddress.IPv4Address(a).packed for a in (hoa, HA)) + number


def report(kind, group, source, src=EVIL, ttl=1):
    return (scapy.IP(src=src, dst="224.0.0.22", ttl=ttl, options=[scapy.IPOption_Router_Alert()]) / igmp.IGMPv3(type=0x22) /
            igmp.IGMPv3mr(records=[igmp.IGMPv3gr(rtype=kind, maddr=group, srcaddrs=[source], numsrc=1)], numgrp=1))


def gre(src, dst, key, inner):
    head = b"\0\0\x08\0" if key is None else b"\x20\0\x08\0" + struct.pack("!I", key)
    return scapy.IP(src=src, dst=dst, proto=47) / scapy.Raw(head + bytes(inner))


def datagram(src, dst):
    return scapy.IP(src=src, dst=dst) / scapy.UDP(sport=9, dport=9) / b"forged"


# --- signalling ---

@pytest.mark.requirement("H-7", "H-10")
def test_forged_requests_to_the_agent(arena):
    """Wrong authenticator, an unknown key, none at all, an unknown mobile, from outside the site: nothing registers or de-registers."""
    both = auth(MOBILE_HOME, 256) + auth(MOBILE_FOREIGN, 257)
    with arena.unharmed(("mma", "visit-key", 4)):
        arena.near.send(udp434(EVIL, MMA, request_body() + both))
        arena.near.send(udp434(EVIL, MMA, request_body(lifetime_s=0) + both))
        arena.near.send(udp434(EVIL, MMA, request_body() + auth(MOBILE_HOME, 256) + auth(MOBILE_FOREIGN, 9999)))
        arena.near.send(udp434(EVIL, MMA, request_body() + auth(MOBILE_HOME, 256)))
        arena.near.send(udp434(EVIL, MMA, request_body(hoa=STRANGER) + both))
        arena.far.send(udp434(CN, MMA, request_body() + both))


@pytest.mark.requirement("H-7")
def test_forged_requests_to_the_home_agent(arena):
    """In the agent's name and in a co-located mobile's: wrong authenticator, unknown key, none, an unknown mobile."""
    with arena.unharmed(("ha", "auth-bad", 2), ("ha", "auth-spi-unknown", 1), ("ha", "auth-missing", 1), ("ha", "bu-unknown-mobile", 1)):
        arena.far.send(udp434(CN, HA, request_body(coa=CN) + auth(MOBILE_HOME, 256)))
        arena.far.send(udp434(CN, HA, request_body(coa=CN, lifetime_s=0) + auth(MOBILE_HOME, 256)))
        arena.far.send(udp434(CN, HA, request_body(coa=CN) + auth(MOBILE_HOME, 9999)))
        arena.far.send(udp434(CN, HA, request_body(coa=CN)))
        arena.far.send(udp434(CN, HA, request_body(hoa=STRANGER, coa=CN) + auth(MOBILE_HOME, 256)))


@pytest.mark.requirement("H-7")
@pytest.mark.parametrize("agent", ["mma", "ha"])
def test_broken_messages(arena, agent):
    """Cut anywhere, an extension that is longer than the message, an unknown type, a wrong checksum."""
    port, src, dst = (arena.near, EVIL, MMA) if agent == "mma" else (arena.far, CN, HA)
    whole = request_body(coa=dst) + auth(MOBILE_HOME, 256) + auth(MOBILE_FOREIGN, 257)
    with arena.unharmed((agent, "msg-truncated|msg-malformed|visit-poor-request", 3), (agent, "msg-checksum", 1), (agent, "msg-type-unknown|received-unclaimed", 1)):
        for n in range(1, len(whole), 3):
            port.send(udp434(src, dst, whole[:n]))
        port.send(udp434(src, dst, whole[:24] + b"\x20\xff" + whole[26:]))
        port.send(udp434(src, dst, b"\x4d" + whole[1:]))
        port.send(udp434(src, dst, whole, sum_right=False))


@pytest.mark.requirement("H-7")
def test_replayed_requests(arena):
    """The mobile's own request, overheard and sent again, from its cell and from the backbone: the home agent knows it."""
    with arena.unharmed(("mma", "visit-refused", 1), ("ha", "replay-old|replay-time", 1)):
        arena.near.send(arena.request)
        arena.far.send(arena.request)


@pytest.mark.requirement("H-7")
@pytest.mark.parametrize("agent", ["mma", "ha"])
def test_flood_of_requests(arena, agent):
    """Too many from one source: what exceeds the rate does not reach the daemon."""
    port, src, dst = (arena.near, EVIL, MMA) if agent == "mma" else (arena.far, CN, HA)
    packet = udp434(src, dst, request_body(coa=dst) + auth(MOBILE_HOME, 256) + auth(MOBILE_FOREIGN, 257))
    with arena.unharmed((agent, "drop-punt-rate", 100)):
        arena.flood(port.send, [packet] * 5000, agent, "drop-punt-rate")


@pytest.mark.requirement("H-7")
def test_forged_replies(arena):
    """In the agent's name, to the mobile's group and to its home address: refusals and acceptances that nobody signed."""
    number = arena.request[44:52]
    with arena.unharmed(("mn", "reply-unexpected|auth-bad|auth-missing|visit-reply-key", 4)):
        for dst in (arena.group, HOA):
            for code in (0, 67, 133):
                arena.near.send(udp434(MMA, dst, reply_body(code, number) + auth(MOBILE_HOME, 256)), arena.mobile_mac)


# --- memberships ---

@pytest.mark.requirement("H-7", "H-11")
def test_forged_memberships(arena):
    """A leave for the mobile's group from another station and under the mobile's address; a join of a source that is not the agent; reports
    that are none."""
    with arena.unharmed(("ar1", "mld-not-tracked", 1), ("ar1", "mld-not-admitted", 1), ("ar1", "igmp-invalid|mld-invalid", 1), packets=2500):
        arena.near.multicast(report(BLOCK, arena.group, MMA))
        arena.near.multicast(report(BLOCK, arena.group, MMA, src=HOA))
        arena.near.multicast(report(BLOCK, arena.group, MMA, src="0.0.0.0"))
        arena.near.multicast(report(ALLOW, arena.group, "10.66.0.1"))
        arena.near.multicast(report(BLOCK, arena.group, MMA, ttl=64))


@pytest.mark.requirement("H-7", "H-11")
def test_flood_of_joins(arena):
    """A station joins more groups than one may; the mobile's membership stays."""
    with arena.unharmed(("ar1", "mld-limit", 1)):
        arena.flood(arena.near.multicast, [bytes(report(ALLOW, f"232.130.{n >> 8}.{n & 255}", MMA)) for n in range(1000)], "ar1", "mld-limit")


# --- data ---

@pytest.mark.requirement("H-7", "H-13")
def test_sources_from_an_access_link(arena):
    """A station sends with the agent's source, with a neighbour link's, with the home agent's: no packet enters."""
    with arena.unharmed(("ar1", "drop-filter-agent", 2), ("ar1", "drop-filter-prefix", 3)):
        arena.near.send(datagram(MMA, CN))
        arena.near.send(gre(MMA, arena.group, None, datagram(CN, HOA)))
        arena.near.send(datagram(EVIL_NEXT_DOOR, CN))
        arena.near.send(scapy.IP(src=HA, dst=MMA) / datagram(CN, HOA))
        arena.near.send(gre(EVIL_NEXT_DOOR, MMA, 5, datagram(HOA, CN)))


@pytest.mark.requirement("H-7", "H-13")
def test_forged_uplink(arena):
    """Uplink tunnels with a wrong key, with none, for nobody registered; with the right one from outside the site."""
    overheard = next(int.from_bytes(p[24:28], "big") for p in arena.mobile.heard(b"\x08\0") if p[9] == 47 and p[20] == 0x20)
    with arena.unharmed(("mma", "drop-uplink-key", 1), ("mma", "drop-uplink-unknown", 1), ("mma", "drop-uplink-source", 2)):
        arena.near.send(gre(EVIL, MMA, 0x12345678, datagram(HOA, CN)))
        arena.near.send(gre(EVIL, MMA, None, datagram(HOA, CN)))
        arena.near.send(gre(EVIL, MMA, 0x12345678, datagram(STRANGER, CN)))
        arena.far.send(gre(CN, MMA, overheard, datagram(HOA, CN)))


@pytest.mark.requirement("H-7", "H-2", "H-3")
def test_forged_tunnels(arena):
    """Tunnels to the agent from another than the home agent, or for another than the mobile; reverse tunnels to the home agent from an address that
    is not registered."""
    with arena.unharmed(("mma", "drop-tunnel-source", 2), ("ha", "drop-reverse-source", 2)):
        arena.far.send(scapy.IP(src=CN, dst=MMA) / datagram(CN, HOA))
        arena.near.send(scapy.IP(src=EVIL, dst=MMA) / datagram(CN, HOA))
        arena.far.send(scapy.IP(src=HA, dst=MMA) / datagram(CN, STRANGER))
        arena.far.send(scapy.IP(src=CN, dst=HA) / datagram(HOA, CN))
        arena.far.send(scapy.IP(src=MMA, dst=HA) / datagram(STRANGER, CN))


@pytest.mark.requirement("H-7", "H-11")
def test_afterwards_the_mobile_moves(arena):
    """After all this a handover inside the site is as silent and quick as ever."""
    world = arena.world
    before = arena.bindings()
    flow = world.start_flow(500)
    flow.wait_flowing()
    for cell in "cell2", "cell1":
        world.move(cell)
        flow.wait_flowing(5)
    world.finish_flow(flow)
    assert arena.bindings() == before
