# SPDX-License-Identifier: BSD-2-Clause
"""One trip of one mobile, measured: from home to the foreign site, then from cell to cell inside it, while packets flow
both ways, a TCP transfer runs and somebody types.

Every figure is taken from the witnesses: arrivals at the two ends of the flow, carrier events of the mobile's
kernel, captures at mobile, home agent and MMA."""
import json
import pathlib
import time
from dataclasses import dataclass, field

from . import net as netmod
from . import radio as radiomod
from . import witness
from .world import QUICK, World

NS = 10**9
JOURNEYS = {
    "mobile-ipv6": {"interfaces": 1, "use_mma": False, "family": "ipv6"},
    "mobile-ipv4": {"interfaces": 1, "use_mma": False, "family": "ipv4"},   # a foreign agent on each access router
    "break-before-make": {"interfaces": 1, "use_mma": True},
    "make-before-break": {"interfaces": 2, "use_mma": True},
}


def names(family):
    """The journeys of a family, side by side in the demo: without an agent of the site, and with one in two ways."""
    return f"mobile-{family}", "break-before-make", "make-before-break"


@dataclass
class Plan:
    name: str
    handovers: int = 20
    rate_pps: int = 1000
    family: str = "ipv6"
    interfaces: int = 1
    use_mma: bool = True
    outage_s: float = 0.02
    access_delay_us: tuple = (0, 0, 0, 0)
    speed_mps: float = 90.0      # on the path; 0: signals change in steps instead, as fast as handovers complete
    dwell_s: float = 0.15        # in steps: time in a cell after a handover
    tcp_mbit: int = 40
    mobile_more: str = QUICK


@dataclass
class Handover:
    asked_ns: int
    ifname: str
    cell: str
    carrier_ns: int = 0
    down_ms: float = 0.0         # from the carrier (or the last packet, if later) to the first packet
    up_ms: float = 0.0
    down_silence_ms: float = 0.0 # the longest time without a packet around it, the radio's outage included
    up_silence_ms: float = 0.0


@dataclass
class Journey:
    """What a trip gave: `result` in the form of the demo's JSON, the rest for the page."""
    result: dict
    handovers: list
    start_ns: int
    end_ns: int
    entry_ns: int                # left home
    intra_ns: tuple              # from, to: the intra-site part
    stays: list                  # (from ns, to ns, interface, cell)
    down: witness.Direction
    tcp: list = field(default_factory=list)    # (ns, bytes in 100 ms)
    keys_ms: list = field(default_factory=list)
    entry: dict = field(default_factory=dict)


def plan(name, **kw):
    return Plan(name, **{**kw, **JOURNEYS[name]})


class Trip(World):
    """A world in which a Plan is carried out."""

    def __init__(self, p, tell):
        super().__init__(outage_s=p.outage_s, interfaces=p.interfaces, use_mma=p.use_mma,
                         access_delay_us=p.access_delay_us, mobile_more=p.mobile_more, family=p.family)
        self.p, self.tell = p, tell
        self.stream_logs = {}
        self.handovers_done = 0

    def start_taps(self):
        self.taps = {n: self.watch(witness.Tap, n) for n in ("ha", "mma", "mn")}

    # --- traffic ---

    def start_traffic(self):
        home, cn = self.facts["home_address"], self.facts["correspondent"]
        self.flow = self.start_flow(self.p.rate_pps)
        self.flow.wait_flowing(20)
        self.start_stream("mn", "bulk-take", "--bind", home, "--port", 9100, "--log", self._log("bulk"))
        self.start_stream("cn", "echo", "--bind", cn, "--port", 9101)
        self.start_stream("cn", "bulk-send", "--bind", cn, "--peer", home, "--port", 9100, "--rate-mbit", self.p.tcp_mbit)
        self.start_stream("mn", "keys", "--bind", home, "--peer", cn, "--port", 9101, "--log", self._log("keys"))

    def _log(self, name):
        self.stream_logs[name] = self.net.dir / f"stream-{name}"
        return self.stream_logs[name]

    def stop_traffic(self):
        self.down, self.up = self.finish_flow(self.flow)
        for s in self.streams:
            netmod.stop(s)
        for w in self.witnesses:
            w.stop()

    # --- movement ---

    def leave_home(self):
        """To the first cell of the foreign site; until packets flow there."""
        self.entry_ns = time.monotonic_ns()
        self.move("cell1", 15)
        self.wait_state("away-site" if self.p.use_mma else "away-plain")
        self.flow.wait_flowing(15)
        arrived = self.flow.mobile.received
        self.wait(lambda: self.flow.mobile.received >= arrived + self.p.rate_pps // 2, "half a second in the first cell")

    def _attached(self):
        return sum(1 for e in self.radio.events if e[1] == "attach" and e[0] > self.intra_start)

    def roam(self):
        self.intra_start = time.monotonic_ns()
        if self.p.speed_mps:
            self._walk()
        else:
            self._step()
        self.intra_end = time.monotonic_ns()

    def _walk(self):
        """Up and down the row of antennas until there were enough handovers."""
        cells = self.net.topo.cells
        first, last = cells[1].position_m, cells[-1].position_m
        begin = time.monotonic()
        deadline = begin + 3 * self.p.handovers * 100 / self.p.speed_mps + 20
        foreign = {c.name for c in cells[1:]}
        while self._attached() < self.p.handovers:
            way = (time.monotonic() - begin) * self.p.speed_mps % (2 * (last - first))
            position = first + (way if way < last - first else 2 * (last - first) - way)
            self.radio.stand_at(position, foreign)
            self._progress()
            if len(self.radio.cells()) > 1:
                self.settled_in()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.p.name}: only {self._attached()} of {self.p.handovers} handovers")
            time.sleep(radiomod.PERIOD_S)
        self._stay_put()

    def _stay_put(self):
        """Time for the last handover to be complete: one cell only, and packets."""
        self._progress()
        cell = self._last_cell()
        self.move(cell)
        self.flow.wait_flowing()

    def _last_cell(self):
        return [e for e in self.radio.events if e[1] == "attach"][-1][3]

    def _step(self):
        """From cell to cell round the site, each as soon as the one before is complete."""
        for i in range(self.p.handovers):
            self.move(f"cell{(i + 1) % 4 + 1}")
            self._progress()
            time.sleep(self.p.dwell_s)
        self.flow.wait_flowing()

    def _progress(self):
        done = self._attached()
        if done != self.handovers_done:
            self.handovers_done = done
            self.tell(f"{self.p.name}: handover {done} of {self.p.handovers}, now in {self._last_cell()}, "
                      f"{self.flow.mobile.received} packets at the mobile, {self.flow.fixed.received} at the correspondent")


def _handovers(trip):
    """Pairs each attachment inside the site with the carrier event that the mobile's kernel told of."""
    found, asked = [], 0
    for when, kind, ifname, cell in trip.radio.events:
        if when < trip.intra_start:
            continue
        if kind == "asked":
            asked = when
        elif kind == "attach":
            carrier = trip.carrier.up_after(ifname, when - NS // 100) or when
            found.append(Handover(asked, ifname, cell, carrier))
    return found


def _measure(trip, handovers):
    """Fills in the interruption of each handover, in ms: uplink arrivals count as of when they left the mobile at the earliest."""
    path_ns = trip.up.transit_ns(trip.intra_start, trip.intra_end)  # at home the path was a shorter one
    for i, h in enumerate(handovers):
        end = handovers[i + 1].asked_ns if i + 1 < len(handovers) else trip.intra_end
        around = min(h.asked_ns or h.carrier_ns, h.carrier_ns), min(end, h.carrier_ns + NS // 4)
        h.down_ms = (trip.down.gap_ns(h.carrier_ns) or end - h.carrier_ns) / 1e6
        h.up_ms = (trip.up.gap_ns(h.carrier_ns, path_ns) or end - h.carrier_ns) / 1e6
        h.down_silence_ms = trip.down.silence_ns(*around) / 1e6
        h.up_silence_ms = trip.up.silence_ns(*around, path_ns) / 1e6


def _direction(direction, gaps, start_ns, end_ns):
    c = direction.count(start_ns, end_ns)
    return {"sent": c.sent, "lost": c.lost, "doubled": c.doubled, "reordered": c.reordered,
            "gap_ms": {"median": round(witness.percentile(gaps, 50), 3), "p99": round(witness.percentile(gaps, 99), 3),
                       "max": round(max(gaps, default=0), 3)}}


def _messages(trip, start_ns, end_ns):
    """Messages by receiver, from the captures; refreshes due by lifetime apart."""
    def between(node):
        return [m for m in trip.taps[node].messages() if start_ns <= m.when_ns < end_ns]

    out, refresh = {}, 0
    for key, node, fact in (("home_agent", "ha", "home_agent"), ("mma", "mma", "mma")):
        found, due = witness.signalling(trip.taps[node].messages(), trip.facts[fact])
        due = {id(m) for m in due}
        inside = [m for m in found if start_ns <= m.when_ns < end_ns]
        out[key] = sum(id(m) not in due for m in inside)
        refresh += sum(id(m) in due for m in inside)
    out["multicast"] = len(witness.multicast_reports(between("mn"), trip.p.family))
    out["refresh"] = refresh
    return out


def _stays(trip, end_ns):
    """(from, to, interface, cell) of each stay."""
    open_, done = {}, []
    for when, kind, ifname, cell in trip.radio.events:
        if kind == "attach":
            open_[ifname] = (when, cell)
        elif kind == "detach" and ifname in open_:
            since, where = open_.pop(ifname)
            done.append((since, when, ifname, where))
    return done + [(since, end_ns, i, where) for i, (since, where) in open_.items()]


def _result(trip, start_ns, end_ns):
    p = trip.p
    handovers = _handovers(trip)
    _measure(trip, handovers)
    window = (trip.intra_start - NS // 10, trip.intra_end)
    tcp = witness.numbers(trip.stream_logs["bulk"])
    inside = [(t, n) for t, n in tcp if window[0] <= t <= window[1]]
    result = {
        "handovers": len(handovers), "rate_pps": p.rate_pps,
        "down": _direction(trip.down, [h.down_ms for h in handovers], *window),
        "up": _direction(trip.up, [h.up_ms for h in handovers], *window),
        "tcp_bps": round(sum(n for _, n in inside) * 8 * NS / max(window[1] - window[0], 1)),
        "messages": _messages(trip, start_ns, end_ns),
        "messages_intra_site": _messages(trip, trip.intra_start, trip.intra_end),
    }
    entry = {"down": vars(trip.down.count(trip.entry_ns, window[0])), "up": vars(trip.up.count(trip.entry_ns, window[0]))}
    keys = [(echo - sent) / 1e6 for sent, echo in witness.numbers(trip.stream_logs["keys"]) if window[0] <= sent <= window[1]]
    return Journey(result, handovers, start_ns, end_ns, trip.entry_ns, window, _stays(trip, end_ns), trip.down, tcp,
                   keys, entry)


def run(p, tell=lambda text: None):
    """Makes the trip of Plan p; tell(text) gets its progress. Returns a Journey."""
    with Trip(p, tell) as trip:
        try:
            tell(f"{p.name}: at home")
            trip.start_taps()
            trip.be_home()
            start_ns = time.monotonic_ns()
            trip.start_traffic()
            tell(f"{p.name}: to the foreign site")
            trip.leave_home()
            trip.roam()
            end_ns = time.monotonic_ns()
            trip.stop_traffic()
        except Exception as e:
            raise RuntimeError(f"{p.name}: {e}\n{trip.logs()}") from e
        return _result(trip, start_ns, end_ns)


def main(args):
    journey = run(plan(args.scenario, handovers=args.handovers, rate_pps=args.rate, family=args.family), tell=lambda t: print(t, flush=True))
    text = json.dumps(journey.result, indent=2)
    print(text)
    if args.json:
        pathlib.Path(args.json).write_text(text + "\n")
    return 0
