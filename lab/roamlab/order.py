# SPDX-License-Identifier: BSD-2-Clause
"""Who said what to whom, and in which order: the message lists of the figures against captures.

    said = order.Said(world, taps)
    said.check(start_ns, [("mn", "mma1", "BU"), ("mma1", "mn", "BA"), ("mn", "ha", "BU")])

A message is told by the node that speaks with its source address, the node that owns its destination, and its kind: the names of KINDS, "BU0" for
a de-registration, of Mobile IPv4 those of KINDS4 and "RRQ0", "join" and "leave" of a group of the site (to the cell where the mobile spoke). Every node's tap sees it with one clock: it leaves when it was
first seen and arrives when the receiver's tap first saw it. A retransmission is the same message."""
import ipaddress
from dataclasses import dataclass, field

from . import witness

KINDS = {0: "BRR", 1: "HoTI", 2: "CoTI", 3: "HoT", 4: "CoT", 5: "BU", 6: "BA", 7: "BE", 11: "peer"}
KINDS4 = {1: "RRQ", 3: "RRP", 7: "REV", 15: "REVA"}  # registration request and reply (RFC 5944), revocation (RFC 3543)
IGMP_REPORT, MLD_REPORT = 0x22, 143
INCLUDE, TO_INCLUDE, ALLOW, TO_EXCLUDE, BLOCK = 1, 3, 5, 4, 6  # RFC 3810 5.2.12


@dataclass
class Item:
    who: str
    whom: str
    kind: str
    left_ns: int
    message: witness.Message
    seen: dict = field(default_factory=dict)  # node -> when its tap first saw it

    @property
    def arrived_ns(self):
        return self.seen.get(self.whom, self.left_ns)

    @property
    def step(self):
        return self.who, self.whom, self.kind

    def __str__(self):
        return f"{self.who} -> {self.whom} {self.kind}"


class Said:
    def __init__(self, world, taps):
        """taps: {node: witness.Tap}."""
        self.world = world
        self.parties = sorted(((ipaddress.ip_network(p), n) for p, n in world.facts["parties"]), key=lambda x: -x[0].prefixlen)
        found = {}
        for when, node, m in sorted(((m.when_ns, node, m) for node, t in taps.items() for m in t.messages()), key=lambda x: x[:2]):
            for item in self._read(node, m):
                key = (item.who, item.kind, m.data) if m.cls == "mh" else (item.step, m.src, m.dst, m.data)
                found.setdefault(key, item).seen.setdefault(node, when)
        self.items = sorted(found.values(), key=lambda i: i.left_ns)

    def party(self, address):
        a = ipaddress.ip_address(address)
        if a.is_multicast:
            return "mn"   # a group of the site
        return next((name for network, name in self.parties if a in network), address)

    def _read(self, node, m):
        if m.cls == "mh" and m.type in KINDS:
            kind = KINDS[m.type]
            if kind == "BU" and not int.from_bytes(m.data[10:12], "big"):
                kind = "BU0"
            yield Item(self.party(m.src), self.party(m.dst), kind, m.when_ns, m)
        elif m.cls == "mip" and m.type in KINDS4:
            kind = KINDS4[m.type]
            yield Item(self.party(m.src), self.party(m.dst), kind + "0" * (kind == "RRQ" and m.data[2:4] == b"\0\0"), m.when_ns, m)
        elif (m.cls, m.type) in (("mld", MLD_REPORT), ("igmp", IGMP_REPORT)) and node == "mn" and m.direction == "out":
            for kind in _wishes(m.data, 16 if m.cls == "mld" else 4):
                yield Item("mn", self._cell(m), kind, m.when_ns, m)

    def _cell(self, m):
        """Where the interface was when it sent this. That it is in a cell is noted a moment after it is, that it left one a moment before:
        what it sent after it had left is for the next."""
        place = ""
        for when, kind, ifname, cell in self.world.radio.events:
            if ifname != m.ifname or kind not in ("attach", "detach"):
                continue
            if when > m.when_ns:
                return place or (cell if kind == "attach" else "")
            place = cell if kind == "attach" else ""
        return place

    def between(self, start_ns, end_ns=1 << 63, *kinds):
        return [i for i in self.items if start_ns <= i.left_ns < end_ns and (not kinds or i.kind in kinds)]

    def first(self, start_ns, *step):
        """The first message of that kind since then; None."""
        return next((i for i in self.items if i.left_ns >= start_ns and i.step == step), None)

    def check(self, start_ns, steps):
        """Finds each step, a tuple (who, whom, kind), after the one before it: its sender cannot have sent it before what was said to him
        had arrived. A list of steps within: all of them, in any order. Returns the items; AssertionError shows what was said instead."""
        at, known, out = start_ns, {}, []
        for step in steps:
            group = []
            for one in step if isinstance(step, list) else [step]:
                since = max(at, known.get(one[0], 0))
                item = self.first(since, *one)
                assert item, f"no {' '.join(one)} after {[str(i) for i in out]}\n" + self.text(start_ns)
                group.append(item)
            at = max(at, *(i.left_ns for i in group))
            for i in group:
                known[i.whom] = max(known.get(i.whom, 0), i.arrived_ns)
            out += group
        return out

    def text(self, start_ns=0, end_ns=1 << 63):
        """For whoever has to find out."""
        return "\n".join(f"{(i.left_ns - start_ns) / 1e6:9.3f} ms  {i}  {i.message.src} -> {i.message.dst}"
                         for i in self.between(start_ns, end_ns))


def _wishes(data, size):
    """"join" and "leave" for each group of the site in a report of MLD version 2 or IGMP version 3 (RFC 3376 4.2, the same but for the size of
    an address): what a listener of one source says."""
    at, found = 8, set()
    for _ in range(int.from_bytes(data[6:8], "big")):
        if at + 4 + size > len(data):
            break
        kind, aux, n = data[at], data[at + 1], int.from_bytes(data[at + 2:at + 4], "big")
        is_ours = data[at + 4] == 232 if size == 4 else data[at + 4] == 0xff and data[at + 5] & 0xf0 == 0x30
        if is_ours and n:
            found.add("leave" if kind == BLOCK else "join")
        at += 4 + size * (n + 1) + 4 * aux
    return sorted(found)
