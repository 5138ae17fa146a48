# SPDX-License-Identifier: BSD-2-Clause
"""The demo: the same journey as plain Mobile IP, with Roamcast break-before-make and make-before-break, side by side, in IPv6 or in IPv4;
in IPv6 then a journey between sites, home, site 1, site 2, home, with route optimisation."""
import json
import pathlib
import platform
import sys
import time

from . import journey, page, tour

TITLES = {"mobile-ipv6": "Mobile IPv6", "mobile-ipv4": "Mobile IPv4", "break-before-make": "break-before-make", "make-before-break": "make-before-break"}


class Progress:
    """One line that is written over on a terminal; a line now and then elsewhere."""

    def __init__(self):
        self.begin, self.shown, self.width = time.monotonic(), 0.0, 0
        self.is_tty = sys.stdout.isatty()

    def __call__(self, text):
        now = time.monotonic() - self.begin
        line = f"[{now:6.1f} s] {text}"
        if self.is_tty:
            print("\r" + line.ljust(self.width), end="", flush=True)
            self.width = len(line)
        elif now - self.shown >= 2 or "handover" not in text:
            self.shown = now
            print(line, flush=True)

    def end(self):
        if self.is_tty:
            print()


def _gap(t):
    g = t["gap_ms"]
    return f"{g['median']:.1f} / {g['p99']:.1f} / {g['max']:.1f}"


def _silence(j, attribute):
    values = [getattr(h, attribute) for h in j.handovers]
    return f"{journey.witness.percentile(values, 50):.1f} / {max(values, default=0):.1f}"


ROWS = [
    ("handovers inside the site", lambda j: str(j.result["handovers"])),
    ("to the mobile: sent", lambda j: str(j.result["down"]["sent"])),
    ("  lost / doubled / reordered", lambda j: "{lost} / {doubled} / {reordered}".format(**j.result["down"])),
    ("  interruption, ms: median / p99 / max", lambda j: _gap(j.result["down"])),
    ("  silence with the outage, ms: median / max", lambda j: _silence(j, "down_silence_ms")),
    ("from the mobile: sent", lambda j: str(j.result["up"]["sent"])),
    ("  lost / doubled / reordered", lambda j: "{lost} / {doubled} / {reordered}".format(**j.result["up"])),
    ("  interruption, ms: median / p99 / max", lambda j: _gap(j.result["up"])),
    ("  silence with the outage, ms: median / max", lambda j: _silence(j, "up_silence_ms")),
    ("messages of these handovers: home agent", lambda j: str(j.result["messages_intra_site"]["home_agent"])),
    ("  mobility management agent", lambda j: str(j.result["messages_intra_site"]["mma"])),
    ("  membership reports on the access link", lambda j: str(j.result["messages_intra_site"]["multicast"])),
    ("TCP goodput, Mbit/s", lambda j: f"{j.result['tcp_bps'] / 1e6:.1f}"),
    ("keystroke echo, ms: median / max", lambda j: f"{journey.witness.percentile(j.keys_ms, 50):.0f} / {max(j.keys_ms, default=0):.0f}"),
    ("home to foreign site: lost down / up", lambda j: f"{j.entry['down']['lost']} / {j.entry['up']['lost']}"),
]


def _way(direction):
    return lambda m: "{lost} / {doubled} / {reordered}".format(**m[direction])


MOVE_ROWS = [
    ("to the mobile: sent", lambda m: str(m["down"]["sent"])),
    ("  lost / doubled / reordered", _way("down")),
    ("  interruption, ms", lambda m: f"{m['down']['interruption_ms']:.1f}"),
    ("  silence with the outage, ms", lambda m: f"{m['down']['silence_ms']:.1f}"),
    ("from the mobile: sent", lambda m: str(m["up"]["sent"])),
    ("  lost / doubled / reordered", _way("up")),
    ("  interruption, ms", lambda m: f"{m['up']['interruption_ms']:.1f}"),
    ("  silence with the outage, ms", lambda m: f"{m['up']['silence_ms']:.1f}"),
    ("correspondent node knows after, ms", lambda m: f"{m['correspondent_knows_ms']:.0f}"),
    ("  through the home agent's tunnel after that", lambda m: str(m.get("through_home_agent_later", m.get("tunnelled_later")))),
    ("sent on by the agent left", lambda m: str(m["forwarded"])),
    ("messages of Mobile IP", lambda m: str(m["messages"])),
]


def table(journeys):
    """The journeys side by side, as text."""
    return columns([""] + [TITLES[n] for n in journeys], [[name] + [cell(j) for j in journeys.values()] for name, cell in ROWS])


def moves(outcome):
    """The moves of one journey between sites side by side, as text."""
    results = outcome.result["moves"]
    return columns(["", *results], [[name] + [cell(m) for m in results.values()] for name, cell in MOVE_ROWS])


def columns(head, rows):
    widths = [max(len(r[i]) for r in [head] + rows) for i in range(len(head))]
    lines = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))) for r in [head] + rows]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def machine():
    """Processor and kernel, for the record beside the figures."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = pathlib.Path("/proc/cpuinfo").read_text().count("processor\t")
    return f"{cores} cores of {model}, Linux {platform.release()}"


def main(args):
    if args.family == "network":
        from . import call
        return call.main(args)
    tell = Progress()
    journeys = {}
    print("A mobile leaves home for a site 25 ms away and crosses it, three times:\n", flush=True)
    for name in journey.names(args.family):
        journeys[name] = journey.run(journey.plan(name, handovers=args.handovers, rate_pps=args.rate, family=args.family), tell)
        tell.end()
    print("\n" + table(journeys))
    tours = _between_sites(args, tell) if args.family == "ipv6" else {}
    print(f"\n{args.rate} packets a second each way, one TCP transfer, one typist; 25 ms to the home agent each way;\n"
          f"20 ms without carrier at each break-before-make. Interruption: from the new link's carrier to the first packet. Counted at the receivers and in captures.\n"
          f"{NOTES[args.family]} {machine()}.")
    between = page.tours(tours, MOVE_ROWS, tour.TITLES) if tours else ""
    pathlib.Path(args.html).write_text(page.render(journeys, ROWS, TITLES, machine(), args.family, between))
    print(f"Pictures: {pathlib.Path(args.html).resolve()}")
    if args.json:
        data = {"journeys": {name: j.result for name, j in journeys.items()}}
        if tours:
            data["between_sites"] = {name: t.result for name, t in tours.items()}
        pathlib.Path(args.json).write_text(json.dumps(data, indent=2) + "\n")
    return 0


NOTES = {
    "ipv6": "With one radio the way from home takes a second more: the home agent makes sure that nobody else has the address (RFC 6275 10.3.1).",
    "ipv4": "In Mobile IPv4 each access router is a foreign agent, and packets from the mobile go back through the tunnel (RFC 3024).",
}


def _between_sites(args, tell):
    print("\nHome, site 1, site 2, home; the correspondent node takes part in route optimisation:\n", flush=True)
    tours = {}
    for name in tour.TITLES:
        tours[name] = tour.run(name, args.rate, tell=tell)
        tell.end()
    for name, outcome in tours.items():
        print(f"\n{tour.TITLES[name]}:\n" + moves(outcome))
    return tours
