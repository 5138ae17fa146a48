# SPDX-License-Identifier: BSD-2-Clause
"""What the members of a redundancy group say to each other, as tshark reads it with our dissector (tools/roamcast.lua), and beside it the
registrations and announcements that it must come before or behind.

    with GroupTap(net, "ha2") as tap: ...        tap.of("update", sender=1)        in the order of the capture"""
import ipaddress
import pathlib
import socket
import subprocess
import time
from dataclasses import dataclass, field

import pytest
from roamlab import net as netmod
from roamlab import netns
from roamlab.redundant import ROUTER

scapy = pytest.importorskip("scapy.all")

LUA = pathlib.Path(__file__).resolve().parents[2] / "tools" / "roamcast.lua"
PORT = 4340
TYPES = {"hello": 1, "update": 2, "ack": 3, "request": 4, "page": 5, "members": 6, "digests": 7, "hand-over": 8}
FILTER = ("udp port 4340 or udp port 434 or udp port 1985 or udp port 2029 or proto 112 or arp or "
          "(ip6 and (ip6[6] = 112 or ip6[6] = 58 or ip6[6] = 43 or ip6[6] = 60))")
FIELDS = ("frame.time_epoch", "eth.src", "ipv6.src", "ip.src", "ipv6.dst", "ip.dst", "rcgroup.type", "rcgroup.from", "rcgroup.to", "rcgroup.epoch", "rcgroup.seq",
          "rcgroup.record.key", "rcgroup.record.deleted", "rcgroup.ack.to_all", "rcgroup.ack.first", "rcgroup.ack.count", "rcgroup.member",
          "rcgroup.page.not_initialised", "rcgroup.request.before_service", "rcgroup.request.attempt", "rcgroup.malformed", "mip6.mhtype", "mip.type",
          "icmpv6.nd.na.target_address", "arp.src.proto_ipv4", "vrrp.prio", "hsrp.opcode", "hsrp2.state")


@dataclass
class Datagram:
    """A packet of the capture. type "": none of the group's, and `row` tells what it is."""
    when: float
    src: str
    dst: str
    type: str
    row: dict = field(repr=False)

    @property
    def sender(self):
        return int(self.row["rcgroup.from"])

    @property
    def to(self):
        return int(self.row["rcgroup.to"])

    @property
    def number(self):
        """What a repetition has in common with the first."""
        return self.sender, self.to, self.row["rcgroup.epoch"], int(self.row["rcgroup.seq"])

    @property
    def is_multicast(self):
        return ipaddress.ip_address(self.dst).is_multicast

    def has(self, name):
        """Is the flag set, of any of its fields?"""
        return "1" in self.row[name].split(",") or "True" in self.row[name].split(",")

    def values(self, name):
        return [v for v in self.row[name].split(",") if v]

    def records(self):
        """[(key, deleted)], keys in hexadecimal."""
        return list(zip(self.values("rcgroup.record.key"), [d in ("1", "True") for d in self.values("rcgroup.record.deleted")]))

    def acknowledges(self, other):
        """Does this acknowledgement name that datagram?"""
        if self.type != "ack" or self.to != other.sender:
            return False
        spans = zip(self.values("rcgroup.ack.to_all"), self.values("rcgroup.ack.first"), self.values("rcgroup.ack.count"))
        return any((to_all in ("1", "True")) == (other.to == 0) and int(first) <= other.number[3] < int(first) + int(n) for to_all, first, n in spans)


class GroupTap:
    def __init__(self, net, node, ifname="home0"):
        self.net, self.node, self.proc, self.packets = net, node, None, []
        self.path = net.dir / f"group-{node}.pcapng"
        self.path.unlink(missing_ok=True)
        self.proc = netns.popen(net.ns(node), ["dumpcap", "-q", "-i", ifname, "-f", FILTER, "-w", self.path], stderr=subprocess.DEVNULL)
        netmod.wait_for(self._size, 10, f"a capture on {node}")
        self._hear_something()

    def _size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def _hear_something(self):
        """Until what is on the link now is in the file: an echo that the router answers tells."""
        before = self._size()

        def has_grown():
            self.net.run(self.node, "ping", "-6", "-c1", "-W1", ROUTER, check=False)
            return self._size() > before
        netmod.wait_for(has_grown, 10, f"packets in the capture on {self.node}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if not self.proc:
            return self.packets
        self._hear_something()
        self._hear_something()      # (the first may have been on its way into the file)
        netmod.stop(self.proc)
        self.proc = None
        words = [w for name in FIELDS for w in ("-e", name)]
        out = subprocess.run(["tshark", "-n", "-X", f"lua_script:{LUA}", "-r", self.path, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a", *words],
                             stdin=subprocess.DEVNULL, text=True, capture_output=True, check=True).stdout
        names = {str(n): name for name, n in TYPES.items()}
        for line in out.splitlines():
            row = dict(zip(FIELDS, line.split("|")))
            src, dst = (row[f"ipv6.{w}"].split(",")[0] or row[f"ip.{w}"].split(",")[0] for w in ("src", "dst"))
            self.packets.append(Datagram(float(row["frame.time_epoch"]), src, dst, names.get(row["rcgroup.type"], ""), row))
        return self.packets

    def of(self, *types, sender=None):
        return [p for p in self.packets if p.type in types and (sender is None or p.sender == sender)]

    def malformed(self):
        return [p for p in self.packets if p.row["rcgroup.malformed"]]


def about(datagram, address):
    """Is a record of this home address in it?"""
    key = ipaddress.ip_address(address).packed.hex()
    return any(k.endswith(key) for k, _ in datagram.records())


class Adversary:
    """Somebody on the segment who hears the group's multicast datagrams, and sends what he likes in a member's name."""

    def __init__(self, net, node="gw", ifname="home0"):
        def make():
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((ifname, 3))
            s.settimeout(0.05)
            return s
        self.sock = netns.inside(net.ns(node), make)

    def hear(self, lladdr, count, seconds=10):
        """(frame without its data, data) of so many datagrams of the station with this link-layer address."""
        found, end = [], time.monotonic() + seconds
        while len(found) < count and time.monotonic() < end:
            try:
                frame = scapy.Ether(self.sock.recv(4096))
            except TimeoutError:
                continue
            if frame.src == lladdr and scapy.UDP in frame and frame[scapy.UDP].dport == PORT:
                found.append(frame)
        return found

    def say(self, frame, change=lambda data: data):
        """The frame again, its data changed, with good checksums."""
        again = frame.copy()
        data = change(bytes(again[scapy.UDP].payload))
        again[scapy.UDP].remove_payload()
        again = again / scapy.Raw(data)
        for layer, name in ((scapy.UDP, "chksum"), (scapy.UDP, "len"), (scapy.IPv6, "plen"), (scapy.IP, "len"), (scapy.IP, "chksum")):
            if layer in again:
                delattr(again[layer], name)
        self.sock.send(bytes(again))

    def close(self):
        self.sock.close()
