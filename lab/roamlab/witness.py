# SPDX-License-Identifier: BSD-2-Clause
"""Programs that count, and what they wrote: every figure comes from here, none from the daemon."""
import array
import bisect
import ipaddress
import math
import pathlib
import signal
import threading
from dataclasses import dataclass

from . import net as netmod

PROGRESS_S = 0.05     # of tools/flow.c
MLD_REPORTS = {131, 132, 143}
IGMP_REPORTS = {0x12, 0x16, 0x17, 0x22}


class Reader:
    """A tool whose lines are read as they come, on a thread. stop() raises RuntimeError when the tool had failed before: then it has seen nothing."""

    def __init__(self, net, node, argv, **kw):
        self.lines, self._is_over, self._name = [], False, f"{argv[0]} on {node}"
        self.proc = netmod.start_ready(net.ns(node), argv, **kw)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for raw in self.proc.stdout:
            self.lines.append(raw.decode().split())

    def stop(self):
        failed, self._is_over = not self._is_over and self.proc.poll(), True
        netmod.stop(self.proc)
        self._thread.join(5)
        self.proc.stdout.close()
        if failed:
            raise RuntimeError(f"{self._name} ended by itself, with {failed}")
        return self.lines


class FlowEnd(Reader):
    """One end of the measured UDP flow (tools/flow.c)."""

    def __init__(self, net, node, bind, peer, rate_pps, port=9000, size=64, peers=1, skip=0):
        """peers: so many addresses in turn, `peer` and those behind it. skip: octets in front of each packet's number."""
        self.prefix = net.dir / f"flow-{node}-{port}-{'ipv6' if ':' in bind else 'ipv4'}"
        super().__init__(net, node, [netmod.TOOLS / "flow", "--bind", bind, "--peer", peer, "--log", self.prefix, "--rate", rate_pps,
                                     "--port", port, "--size", size, "--peers", peers, "--skip", skip])
        self.rate_pps = rate_pps

    @property
    def received(self):
        return int(self.lines[-1][2]) if self.lines else 0

    def is_flowing(self, since=0):
        """The last 100 ms brought at least 0.8 of the rate. since: count of lines from which to look."""
        if len(self.lines) < since + 3:
            return False
        a, b = self.lines[-3], self.lines[-1]
        return int(b[2]) - int(a[2]) >= 0.8 * self.rate_pps * (int(b[0]) - int(a[0])) / 1e9

    def pause(self):
        """Sends no more; still receives."""
        self.proc.send_signal(signal.SIGUSR1)


def wait_quiet(ends, settle_s=0.2, seconds=10):
    """Until nothing has come to any of these FlowEnds for so long: what was on its way is here, copies too."""
    steps = math.ceil(settle_s / PROGRESS_S)
    waiting = [(end.lines, len(end.lines)) for end in ends]
    netmod.wait_for(lambda: all(len(lines) > begin + steps and lines[-1][2] == lines[-1 - steps][2] for lines, begin in waiting), seconds,
                    "the end of the flow")


class Flow:
    """Both ends; `down` is towards the mobile."""

    def __init__(self, net, rate_pps, fixed="cn", mobile="mn", port=9000, size=64, family=None):
        """family: without one, the first of the topology's."""
        facts = net.topo.facts if family is None else net.topo.facts["families"][family]
        home, cn = facts["home_address"], facts["correspondent"]
        self.mobile = FlowEnd(net, mobile, home, cn, rate_pps, port, size)
        self.fixed = FlowEnd(net, fixed, cn, home, rate_pps, port, size)

    def wait_flowing(self, seconds=10):
        """Until packets flow both ways from now on."""
        down, up = len(self.mobile.lines), len(self.fixed.lines)
        netmod.wait_for(lambda: self.mobile.is_flowing(down) and self.fixed.is_flowing(up), seconds, "packets both ways")

    def pass_packets(self, n=500, seconds=30):
        """Until so many more have arrived at each end."""
        ends = [(e, e.received + n) for e in (self.mobile, self.fixed)]
        netmod.wait_for(lambda: all(e.received >= until for e, until in ends), seconds, f"{n} more packets each way")

    def finish(self, settle_s=0.4):
        """Stops sending, lets what is on its way arrive, and returns (down, up) as Direction."""
        for end in (self.fixed, self.mobile):
            end.pause()
        wait_quiet([self.fixed, self.mobile], settle_s)
        for end in (self.fixed, self.mobile):
            end.stop()
        return Direction(self.fixed.prefix, self.mobile.prefix), Direction(self.mobile.prefix, self.fixed.prefix)


def numbers(path):
    """What a stream wrote (tools/stream.c): a tuple for each line."""
    return [tuple(map(int, line.split())) for line in pathlib.Path(path).read_text().splitlines()]


def _load(path):
    a = array.array("q")
    with open(path, "rb") as f:
        a.frombytes(f.read())
    return a


@dataclass
class Count:
    sent: int
    lost: int
    doubled: int
    reordered: int


class Direction:
    """What was sent at one end and what of it came out at the other."""

    def __init__(self, sender, receiver):
        self.tx = _load(f"{sender}.tx")
        rx = _load(f"{receiver}.rx")
        self.seq, self.rx_tx, self.rx = rx[0::3], rx[1::3], rx[2::3]

    def transit_ns(self, start_ns=0, end_ns=1 << 63):
        """The least time that a packet took, of those sent within a time."""
        return min((r - t for r, t in zip(self.rx, self.rx_tx) if start_ns <= t < end_ns), default=0)

    def count(self, start_ns, end_ns):
        """Of the packets sent in that time: lost, arrived more than once, arrived after a later one (RFC 4737; first copies)."""
        first, last = bisect.bisect_left(self.tx, start_ns), bisect.bisect_left(self.tx, end_ns)
        seen, doubled, reordered, top = bytearray(last - first), 0, 0, -1
        for s in self.seq:
            if first <= s < last:
                if seen[s - first]:
                    doubled += 1
                    continue
                seen[s - first] = 1
                reordered += s < top
            if s > top:
                top = s
        return Count(last - first, (last - first) - sum(seen), doubled, reordered)

    def missing(self, start_ns, end_ns):
        """When the packets were sent that never arrived."""
        first, last = bisect.bisect_left(self.tx, start_ns), bisect.bisect_left(self.tx, end_ns)
        seen = set(self.seq)
        return [self.tx[s] for s in range(first, last) if s not in seen]

    def gap_ns(self, carrier_ns, shift_ns=0):
        """First packet received after the carrier came up, minus the later of the last packet before and the carrier.
        shift_ns: the path from the mobile to the receiver, taken off each arrival. None: nothing came any more."""
        at = bisect.bisect_right(self.rx, carrier_ns + shift_ns)
        return self.rx[at] - shift_ns - carrier_ns if at < len(self.rx) else None

    def silence_ns(self, start_ns, end_ns, shift_ns=0):
        """The longest time without a packet that touches the interval; for a handover with no outage of its own."""
        a = max(bisect.bisect_right(self.rx, start_ns + shift_ns) - 1, 0)
        b = bisect.bisect_left(self.rx, end_ns + shift_ns)
        times = self.rx[a:b + 1]
        return max((y - x for x, y in zip(times, times[1:])), default=end_ns - start_ns)

    def arrivals_per(self, start_ns, end_ns, step_ns):
        """Packets received in each step of time, for plots."""
        marks = [bisect.bisect_left(self.rx, t) for t in range(start_ns, end_ns + step_ns, step_ns)]
        return [b - a for a, b in zip(marks, marks[1:])]


def percentile(values, p):
    """Nearest rank. Empty: 0."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * p / 100) - 1)] if ranked else 0


def spread(values):
    """Median, 99th percentile and maximum of times, for JSON; of no values at all None each, for 0 would look like a good one."""
    if not values:
        return {"median": None, "p99": None, "max": None}
    return {"median": round(percentile(values, 50), 3), "p99": round(percentile(values, 99), 3), "max": round(max(values), 3)}


def told(spread_ms):
    """The same in words."""
    return "none" if spread_ms["median"] is None else "median {median:.2f} ms, p99 {p99:.2f}, longest {max:.2f}".format(**spread_ms)


class Carrier(Reader):
    """When the kernel told of each carrier, in the mobile's namespace."""

    def __init__(self, net, node="mn"):
        super().__init__(net, node, [netmod.TOOLS / "carrier"])

    def up_after(self, ifname, ns):
        """Time of the first carrier-up of the interface at or after `ns` (given some slack for the caller's clock reading); None."""
        for t, name, state in self.lines:
            if name == ifname and state == "up" and int(t) >= ns:
                return int(t)
        return None


@dataclass
class Message:
    when_ns: int
    ifname: str
    direction: str
    cls: str
    type: int
    src: str
    dst: str
    depth: int
    data: bytes


class Tap(Reader):
    """A capture of control messages on one node (tools/tap.c)."""

    def __init__(self, net, node, interfaces=None):
        names = interfaces or [i for (n, i) in net.ifindex if n == node]
        super().__init__(net, node, [netmod.TOOLS / "tap", *names])

    def messages(self):
        return [Message(int(w[0]), w[1], w[2], w[3], int(w[4]), w[5], w[6], int(w[7]),
                        bytes.fromhex(w[8]) if len(w) > 8 else b"") for w in list(self.lines) if len(w) >= 8]


BU, BA = 5, 6          # Mobility Header types
REQUEST, REPLY = 1, 3  # Mobile IPv4 message types
SIGNALLING = ("mh", "udp", "mip")


@dataclass
class Registration:
    """What a binding update or acknowledgement, or a registration request or reply, says of itself. `number` is the same in a message and its
    answer; `about`: whom and where an update is for."""
    is_update: bool
    number: tuple
    lifetime_ns: int = 0
    about: tuple = ()


def registration(m):
    """None for other messages."""
    d = m.data
    if m.cls == "mh" and m.type in (BU, BA) and len(d) >= 12:
        at = 6 if m.type == BU else 8    # the acknowledgement's sequence number lies two octets further
        return Registration(m.type == BU, ("mh", d[at:at + 2]), int.from_bytes(d[10:12], "big") * 4 * 10**9)
    if m.cls == "mip" and m.type == REQUEST and len(d) >= 24:   # RFC 5944 3.3; the low half of the identification comes back in each reply
        return Registration(True, ("mip", d[20:24]), int.from_bytes(d[2:4], "big") * 10**9, (d[4:8], d[8:12], d[12:16]))
    if m.cls == "mip" and m.type == REPLY and len(d) >= 20:     # 3.4
        return Registration(False, ("mip", d[16:20]))
    return None


def signalling(messages, address):
    """Mobility Header and Mobile IPv4 messages and datagrams of the suite, from or to that address, and which of them are refreshes.

    A refresh is an update that comes when at least 0.4 of the lifetime asked for by the one before (to the
    same agent, in IPv4 for the same care-of address) has passed, and its acknowledgement: what time alone would have caused."""
    picked = [m for m in messages if m.cls in SIGNALLING and address in (m.src, m.dst)]
    refreshes, last = set(), {}
    for m in picked:
        r = registration(m)
        if not r or not r.is_update or r.number in refreshes:
            continue
        when, lifetime_ns, about = last.get(m.cls, (0, 0, None))
        if lifetime_ns and r.lifetime_ns and r.about == about and m.when_ns - when >= 0.4 * lifetime_ns:
            refreshes.add(r.number)
        last[m.cls] = (m.when_ns, r.lifetime_ns, r.about)
    return picked, [m for m in picked if (r := registration(m)) and r.number in refreshes]


def multicast_reports(messages, family="ipv6"):
    """Membership reports that a mobile sent on its access links."""
    cls, types = {"ipv6": ("mld", MLD_REPORTS), "ipv4": ("igmp", IGMP_REPORTS)}[family]
    return [m for m in messages if m.direction == "out" and m.cls == cls and m.type in types]


@dataclass
class Kind:
    """Packets that travelled alike (tools/tally.c). Without a tunnel `inner_*` are None. via: "hao=ADDRESS" with a Home Address
    option, "rh2=ADDRESS" with a type 2 routing header, "" with neither."""
    ifname: str
    direction: str
    src: str
    dst: str
    proto: int
    inner_src: str
    inner_dst: str
    inner_proto: int
    packets: int
    first_ns: int = 0
    last_ns: int = 0
    via: str = ""

    @property
    def is_multicast(self):
        return ipaddress.ip_address(self.dst).is_multicast


def of_kind(kinds, **want):
    """Those kinds that have these attributes; a callable value is asked."""
    def fits(k):
        return all(w(getattr(k, a)) if callable(w) else getattr(k, a) == w for a, w in want.items())
    return [k for k in kinds if fits(k)]


def total(kinds, **want):
    """Packets of the kinds that have these attributes."""
    return sum(k.packets for k in of_kind(kinds, **want))


def within(*prefixes):
    """A question for of_kind: is the address in one of them?"""
    networks = [ipaddress.ip_network(p) for p in prefixes]
    return lambda address: address is not None and any(ipaddress.ip_address(address) in n for n in networks)  # (never in one of the other family)


class Tally(Reader):
    """Counts every packet on a node's interfaces by source, destination and tunnel."""

    def __init__(self, net, node, interfaces=None):
        names = interfaces or [i for (n, i) in net.ifindex if n == node]
        super().__init__(net, node, [netmod.TOOLS / "tally", *names])

    def kinds(self):
        """Ends the count and returns it."""
        return [Kind(w[0], w[1], w[2], w[3], int(w[4]), *(w[5:7] if w[5] != "-" else (None, None)),
                     int(w[7]) if w[7] != "-" else None, int(w[8]), int(w[9]), int(w[10]), w[11].lstrip("-"))
                for w in self.stop()]
