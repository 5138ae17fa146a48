# SPDX-License-Identifier: BSD-2-Clause
"""How long a join takes from an access link to the agent, behind an access router that has ten thousand mobiles already.

Stations are frames of a packet socket in the cell: each has a link-layer and a link-local address and one group. First 10,000 join;
then new ones, one at a time: the time from sending the report to its group in the router's own report on the agent's link. One
process sends and listens, so one clock."""
import ipaddress
import select
import socket
import struct
import time

import frames
from roamlab import net as netmod
from roamlab import netns, octets, roamd, topo, witness

ROUTERS_ALL = "ff02::16"
ICMP6, HOP_BY_HOP, REPORT, ALLOW = 58, 0, 143, 5
GROUP_BASE = octets.packed("ff35::")[:8]


def network():
    t = topo.demo(backbone_delay_us=0, routers=1)
    ar = t.node("ar1")
    ar.roamd = ar.roamd.replace('interface "acc0" {', 'interface "acc0" { groups = 65535 report-rate = 0 ')
    return t


def identifier(n):
    """Interface identifier of station n, and its link-layer address."""
    mac = b"\x02\x10" + struct.pack("!I", n)
    return octets.eui64(mac), mac


def report(n, source):
    """Station n's membership report (RFC 3810 5.2), from its Ethernet header on."""
    eui, mac = identifier(n)
    src = str(ipaddress.IPv6Address(octets.packed("fe80::")[:8] + eui))
    body = struct.pack("!BBHHHBBH", REPORT, 0, 0, 0, 1, ALLOW, 0, 1) + GROUP_BASE + eui + source
    body = body[:2] + struct.pack("!H", octets.checksum6(src, ROUTERS_ALL, ICMP6, body)) + body[4:]
    alert = struct.pack("!BB", ICMP6, 0) + b"\x05\x02\x00\x00\x01\x00"  # router alert (RFC 2711)
    return frames.frame(b"\x33\x33\0\0\0\x16", mac, octets.ip6(src, ROUTERS_ALL, HOP_BY_HOP, alert + body, 1))


class Joins:
    def __init__(self, net):
        self.source = octets.packed(topo.MMA)
        self.out = netns.inside(net.ns("air"), socket.socket, socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.out.bind(("p-cell1", 0))
        self.agent = netns.inside(net.ns("mma"), socket.socket, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd))
        self.agent.bind(("d1", 0x86dd))
        self.agent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.agent.setblocking(False)

    def heard(self, seconds):
        """Groups in the reports that reach the agent within that time of nothing more to read."""
        while select.select([self.agent], [], [], seconds)[0]:
            packet = self.agent.recv(2048)
            if packet[20] == HOP_BY_HOP and packet[62] == REPORT:
                at = 70
                for _ in range(struct.unpack_from("!H", packet, 68)[0]):
                    yield packet[at + 4:at + 20]
                    at += 20 + 16 * struct.unpack_from("!H", packet, at + 2)[0]

    def fill(self, count):
        wanted = {GROUP_BASE + identifier(n)[0] for n in range(count)}
        for n in range(count):
            self.out.send(report(n, self.source))
            if n % 64 == 63:
                for group in self.heard(0):
                    wanted.discard(group)
        deadline = time.monotonic() + 60
        while wanted and time.monotonic() < deadline:
            for group in self.heard(0.5):
                wanted.discard(group)
                if not wanted:
                    break
            for n in range(count if wanted else 0):
                if GROUP_BASE + identifier(n)[0] in wanted:
                    self.out.send(report(n, self.source))
        if wanted:
            raise RuntimeError(f"{len(wanted)} of {count} joins never reached the agent")

    def one(self, n):
        """Milliseconds from the report of a new station to the router's."""
        frame, group = report(n, self.source), GROUP_BASE + identifier(n)[0]
        begin = time.monotonic_ns()
        self.out.send(frame)
        for heard in self.heard(1):
            if heard == group:
                return (time.monotonic_ns() - begin) / 1e6
        return None


def measure(args):
    held, joins = (2000, 100) if args.quick else (10000, 1000)
    with netmod.Net(network()) as net:
        daemons = [roamd.Daemon(net, n).start() for n in ("mma", "ar1")]
        try:
            j = Joins(net)
            j.fill(held)
            quiet = time.monotonic() + 5  # the routers' repetitions of what was just filled
            while time.monotonic() < quiet and any(True for _ in j.heard(0.2)):
                pass
            ms = [j.one(held + i) for i in range(joins)]
        finally:
            faults = [fault for d in daemons if (fault := d.stop())]
    if faults:
        raise RuntimeError("\n".join(faults))
    lost = ms.count(None)
    seen = witness.spread([m for m in ms if m is not None])
    print(f"  {held} mobiles behind one access router, {joins} new joins: {witness.told(seen)}; {lost} not seen within a second", flush=True)
    return {"join_ms": {"held": held, **seen, "lost": lost}}
