# SPDX-License-Identifier: BSD-2-Clause
"""The second demo: an unmodified telephone in a call walks past five foreign agents, and the network moves it. Two journeys: every agent that
hears it delivers (`all`), or the one to which its radio is attached (`serving`), with a gap at each handover."""
import json
import pathlib
import time
from dataclasses import dataclass

from . import net as netmod
from . import voice, witness
from .network import NetworkWorld

NS = 10**9
SPEED_MPS, GAP_S = 100, 0.05
POLICIES = {"all": "all agents deliver", "serving": "the serving agent delivers"}


@dataclass
class Call:
    """What a journey gave: `result` for the JSON form, the rest for pictures."""
    result: dict
    handovers: list          # (ns, cell)
    start_ns: int
    end_ns: int
    down: witness.Direction
    keys_ms: list


class Walk(NetworkWorld):
    def start_traffic(self, family):
        known = self.facts["families"][family]
        home, cn = known["home_address"], known["correspondent"]
        self.call = self.start_flow(voice.RATE_PPS, family=family, port=9000, size=voice.SIZE_OCT)
        self.call.wait_flowing(20)
        self.logs_of = {name: self.net.dir / f"stream-{name}" for name in ("bulk", "keys")}
        self.start_stream("mn", "bulk-take", "--bind", home, "--port", 9100, "--log", self.logs_of["bulk"])
        self.start_stream("cn", "echo", "--bind", cn, "--port", 9101)
        self.start_stream("cn", "bulk-send", "--bind", cn, "--peer", home, "--port", 9100, "--rate-mbit", 5)
        self.start_stream("mn", "keys", "--bind", home, "--peer", cn, "--port", 9101, "--log", self.logs_of["keys"])

    def walk(self, handovers, tell):
        """Up and down the row of cells until there were so many."""
        last = self.net.topo.cells[-1].position_m
        begin, start = time.monotonic(), self.now()
        deadline = begin + 3 * handovers * 100 / SPEED_MPS + 20
        while (done := sum(t >= start for t, _ in self.ears.handovers)) < handovers:
            way = (time.monotonic() - begin) * SPEED_MPS % (2 * last)
            self.ears.stand_at(way if way < last else 2 * last - way)
            tell(f"{self.policy}: handover {done} of {handovers}, now at {self.ears.best}, {self.call.mobile.received} packets at the telephone")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.policy}: only {done} of {handovers} handovers")
            time.sleep(0.02)
        self.call.wait_flowing()
        return start, self.now()


def _way(direction, window, handovers):
    """What arrived, and the longest silence around each handover."""
    c = direction.count(*window)
    silences = [direction.silence_ns(t - NS // 10, t + NS // 4) / 1e6 for t in handovers]
    return {**vars(c), "silence_ms": {"median": round(witness.percentile(silences, 50), 1), "max": round(max(silences, default=0), 1)},
            "call": voice.judge(direction, *window).as_dict()}


def run(policy, handovers=20, family="ipv4", tell=lambda text: None):
    """One journey; returns a Call."""
    with Walk(policy, GAP_S) as world:
        try:
            tell(f"{policy}: in the first cell")
            world.ears.stand_at(0)
            world.wait_guest("cell1", seconds=20)
            world.wait_reached(family)
            world.start_traffic(family)
            window = world.walk(handovers, tell)
            down, up = world.finish_flow(world.call)
            for s in world.streams:
                netmod.stop(s)
            times = [t for t, _ in world.ears.handovers if window[0] <= t <= window[1]]
            tcp = [(t, n) for t, n in witness.numbers(world.logs_of["bulk"]) if window[0] <= t <= window[1]]
            keys = [(echo - sent) / 1e6 for sent, echo in witness.numbers(world.logs_of["keys"]) if window[0] <= sent <= window[1]]
            result = {"handovers": len(times), "rate_pps": voice.RATE_PPS, "family": family, "gap_ms": 0 if policy == "all" else GAP_S * 1000,
                      "down": _way(down, window, times), "up": _way(up, window, times),
                      "tcp_bps": round(sum(n for _, n in tcp) * 8 * NS / max(window[1] - window[0], 1)),
                      "keys_ms": {"median": round(witness.percentile(keys, 50), 1), "max": round(max(keys, default=0), 1)}}
        except Exception as e:
            raise RuntimeError(f"{policy}: {e}\n{world.logs()}") from e
        return Call(result, [h for h in world.ears.handovers if window[0] <= h[0] <= window[1]], *window, down, keys)


def _counts(way):
    return lambda c: "{lost} / {doubled} / {reordered}".format(**c.result[way])


def _silence(way):
    return lambda c: "{median} / {max}".format(**c.result[way]["silence_ms"])


def _of_call(way, fmt):
    return lambda c: fmt.format(**c.result[way]["call"])


ROWS = [
    ("handovers", lambda c: str(c.result["handovers"])),
    ("  radio without any cell at each, ms", lambda c: f"{c.result['gap_ms']:.0f}"),
    ("to the telephone: sent", lambda c: str(c.result["down"]["sent"])),
    ("  lost / doubled / reordered", _counts("down")),
    ("  silence around a handover, ms: median / max", _silence("down")),
    ("  too late to be played", _of_call("down", "{late}")),
    ("  jitter, ms: at the end / greatest", _of_call("down", "{jitter_ms:.1f} / {jitter_max_ms:.1f}")),
    ("  quality of the call: R / MOS", _of_call("down", "{r:.1f} / {mos:.2f}")),
    ("from the telephone: sent", lambda c: str(c.result["up"]["sent"])),
    ("  lost / doubled / reordered", _counts("up")),
    ("  quality of the call: R / MOS", _of_call("up", "{r:.1f} / {mos:.2f}")),
    ("TCP goodput, Mbit/s", lambda c: f"{c.result['tcp_bps'] / 1e6:.1f}"),
    ("keystroke echo, ms: median / max", lambda c: "{median:.0f} / {max:.0f}".format(**c.result["keys_ms"])),
]


def main(args):
    from . import demo, page
    tell = demo.Progress()
    calls = {}
    family = args.call_family
    print("An unmodified telephone in a call walks past five cells, and the network moves it:\n", flush=True)
    for policy in POLICIES:
        calls[policy] = run(policy, args.handovers, family, tell)
        tell.end()
    print("\n" + demo.columns(["", *POLICIES.values()], [[name] + [cell(c) for c in calls.values()] for name, cell in ROWS]))
    print(f"\nG.711, a packet of 20 ms each way, {voice.PLAYOUT_MS} ms of playout; a TCP transfer and a typist beside it. No software in the telephone: its namespace holds\n"
          f"nothing but the traffic. MOS by the E-model (G.107). Counted at the receivers. {demo.machine()}.")
    pathlib.Path(args.html).write_text(page.calls(calls, ROWS, POLICIES, demo.machine()))
    print(f"Pictures: {pathlib.Path(args.html).resolve()}")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"journeys": {p: c.result for p, c in calls.items()}}, indent=2) + "\n")
    return 0
