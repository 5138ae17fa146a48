# SPDX-License-Identifier: BSD-2-Clause
"""demo.html: one file, no script, nothing from elsewhere. Pictures are SVG made here; colours follow the reader's
light or dark setting."""
import html
import math

from . import witness
from .topo import FOREIGN, HOME_ADDRESS as HOME, HOME_AGENT as HA, facts

STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #667085; --line: #d5dae1; --paper: #fbfcfd; --card: #fff;
  --c0: #8a94a3; --c1: #2f6fdb; --c2: #0f9d76; --c3: #c77d0a; --c4: #b1458c; --bad: #d1373f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e9ef; --soft: #98a2b3; --line: #333c49; --paper: #12161c; --card: #1a2029;
  --c0: #7d8898; --c1: #6ea2f7; --c2: #3fc79d; --c3: #e5a53d; --c4: #dc80ba; --bad: #f0707a; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; } p { margin: .4rem 0; max-width: 46rem; }
.soft { color: var(--soft); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--card); font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } td.sub { padding-left: 1.8rem; color: var(--soft); }
svg { display: block; width: 100%; height: auto; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg text.soft { fill: var(--soft); font-size: 11px; }
.edge { stroke: var(--soft); stroke-width: 1.5; fill: none; } .box { fill: var(--paper); stroke: var(--soft); }
.grid { stroke: var(--line); stroke-width: 1; }
"""


def _text(x, y, words, cls="", anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{cls}">{html.escape(words)}</text>'


def _svg(width, height, label, parts):
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(label)}">{"".join(parts)}</svg>'


def _colour(cell):
    return "var(--c0)" if cell == "home" else f"var(--c{cell[-1]})"


# --- topology ---

def _node(x, y, name, note):
    return (f'<rect class="box" x="{x - 52}" y="{y - 17}" width="104" height="34" rx="5"/>' + _text(x, y + 4, name) +
            _text(x, y + 31, note, "soft"))


def topology(family):
    known = facts()[family]
    edges = [(80, 60, 250, 60), (250, 60, 430, 60), (250, 60, 250, 160)]
    edges += [(250, 160, x, 255) for x in (90, 250, 410, 570)]
    parts = [f'<path class="edge" d="M{a} {b}L{c} {d}"/>' for a, b, c, d in edges]
    parts.append(f'<circle cx="600" cy="60" r="34" fill="none" stroke="var(--c0)" stroke-dasharray="4 3"/>')
    parts.append('<path class="edge" d="M482 60L566 60"/>' + _text(600, 64, "home link"))
    parts += [_node(80, 60, "correspondent", known["correspondent"]), _node(250, 60, "backbone", ""),
              _node(430, 60, "home agent", known["home_agent"]), _node(250, 160, "MMA", "")]
    parts.append(_text(262, 115, "25 ms each way", "soft", "start") + _text(312, 164, f"foreign site, {FOREIGN.all_of(family)}", "soft", "start"))
    for i, x in enumerate((90, 250, 410, 570), 1):
        parts.append(_node(x, 255, f"access router {i}", ""))
        parts.append(f'<circle cx="{x}" cy="320" r="30" fill="none" stroke="var(--c{i})" stroke-width="2" stroke-dasharray="4 3"/>')
        parts.append(_text(x, 324, f"cell {i}"))
    parts.append('<path d="M90 372H570" stroke="var(--ink)" stroke-width="1.5" marker-end="url(#tip)" marker-start="url(#tip)"/>')
    parts.append('<defs><marker id="tip" orient="auto-start-reverse" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8">'
                 '<path d="M0 0L8 4L0 8z" fill="var(--ink)"/></marker></defs>' + _text(330, 392, f"the mobile, {known['home_address']}", "soft"))
    return _svg(660, 405, "The network of the demo", parts)


# --- timeline ---

def timeline(j):
    """Cells as bars, packets to the mobile in 50 ms steps, TCP below."""
    width, left, step = 960, 60, 50_000_000
    span = max(j.end_ns - j.start_ns, 1)

    def x(ns):
        return left + (ns - j.start_ns) / span * (width - left - 10)
    parts = []
    interfaces = sorted({s[2] for s in j.stays})
    for since, until, ifname, cell in j.stays:
        y = 12 + 18 * interfaces.index(ifname)
        a, b = max(x(since), left), x(until)
        parts.append(f'<rect x="{a:.1f}" y="{y}" width="{max(b - a, 1):.1f}" height="14" fill="{_colour(cell)}" rx="2">'
                     f'<title>{ifname} in {cell}, {(until - since) / 1e9:.2f} s</title></rect>')
    for i, name in enumerate(interfaces):
        parts.append(_text(left - 8, 23 + 18 * i, name, "soft", "end"))
    top = 20 + 18 * len(interfaces)
    parts.append(_bars(j.down.arrivals_per(j.start_ns, j.end_ns, step), j.result["rate_pps"] * step / 1e9, left, width - 10, top, 60,
                       "var(--c1)"))
    parts.append(_text(left - 8, top + 34, "packets", "soft", "end"))
    tcp = [n for t, n in j.tcp if j.start_ns <= t <= j.end_ns]
    parts.append(_bars(tcp, max(tcp, default=1), left, width - 10, top + 72, 40, "var(--c2)"))
    parts.append(_text(left - 8, top + 96, "TCP", "soft", "end"))
    seconds = span / 1e9
    for s in range(0, int(seconds) + 1, 5):
        px = left + s / seconds * (width - left - 10)
        parts.append(_text(px, top + 130, f"{s} s", "soft"))
    return _svg(width, top + 138, "Timeline of the journey", parts)


def _bars(values, full, left, right, top, height, colour):
    """An area under a step line."""
    if not values or not full:
        return ""
    w = (right - left) / len(values)
    points = [f"M{left} {top + height}"]
    for i, v in enumerate(values):
        y = top + height - min(v / full, 1.15) * height / 1.15
        points.append(f"L{left + i * w:.1f} {y:.1f}L{left + (i + 1) * w:.1f} {y:.1f}")
    points.append(f"L{right} {top + height}Z")
    return f'<path d="{"".join(points)}" fill="{colour}" opacity=".75"/>'


# --- interruptions ---

def interruptions(journeys, titles):
    """The silence around each handover a dot, on a logarithmic axis; one row a journey and direction."""
    width, left, row = 960, 210, 46
    low, high = 0.1, 10000.0

    def x(ms):
        ms = min(max(ms, low), high)
        return left + math.log10(ms / low) / math.log10(high / low) * (width - left - 30)
    rows = [(n, d) for n in journeys for d in ("down", "up")]
    height = row * len(rows) + 40
    parts = []
    for ms in (0.1, 1, 10, 100, 1000, 10000):
        parts.append(f'<path class="grid" d="M{x(ms):.1f} 10V{height - 28}"/>' + _text(x(ms), height - 10, f"{ms:g} ms", "soft"))
    for i, (name, direction) in enumerate(rows):
        y = 10 + row * i + row / 2
        label = "to the mobile" if direction == "down" else "from the mobile"
        parts.append(_text(left - 14, y - 2, titles[name], "", "end") + _text(left - 14, y + 13, label, "soft", "end"))
        colour = "var(--c1)" if direction == "down" else "var(--c3)"
        for k, h in enumerate(journeys[name].handovers):
            ms = h.down_silence_ms if direction == "down" else h.up_silence_ms
            parts.append(f'<circle cx="{x(ms):.1f}" cy="{y + (k % 5 - 2) * 4:.1f}" r="3.5" fill="{colour}" opacity=".7">'
                         f'<title>handover {k + 1} to {h.cell}: {ms:.2f} ms</title></circle>')
    return _svg(width, height, "Silence around each handover", parts)


# --- between sites ---

PLACES = {"home": "var(--c0)", "a1": "var(--c1)", "b1": "var(--c2)"}


def _sites():
    """The network of the journey between sites."""
    edges = [(80, 90, 240, 90), (240, 90, 400, 40), (240, 90, 400, 90), (240, 90, 400, 140), (400, 40, 560, 40), (400, 90, 560, 90),
             (400, 140, 560, 140)]
    parts = [f'<path class="edge" d="M{a} {b}L{c} {d}"/>' for a, b, c, d in edges]
    parts += [_node(80, 90, "correspondent", "takes part"), _node(240, 90, "backbone", "filters at each edge")]
    for y, name, cell, key in ((40, "home agent", "home link", "home"), (90, "MMA 1", "site 1", "a1"), (140, "MMA 2", "site 2", "b1")):
        parts.append(f'<rect class="box" x="348" y="{y - 15}" width="104" height="30" rx="5"/>' + _text(400, y + 4, name))
        parts.append(f'<circle cx="586" cy="{y}" r="22" fill="none" stroke="{PLACES[key]}" stroke-width="2" stroke-dasharray="4 3"/>')
        parts.append(_text(618, y + 4, cell, "", "start"))
    parts.append(_text(320, 84, "25 ms", "soft") + _text(322, 134, "25 ms", "soft"))
    return _svg(700, 180, "The network of the journey between sites", parts)


def _routes(t):
    """(name, kinds) of the ways that packets to the mobile took, in the order in which they began."""
    a, b = t.sites
    found = [("natively", t.data(ifname="cn0", direction="in", dst=HOME, via=""))]
    for n, site in ((1, a), (2, b)):
        inside = witness.within(site.coa_prefix)
        found.append((f"home agent, MMA {n}", t.data(ifname="ha0", direction="in", dst=inside, inner_dst=HOME)))
        found.append((f"straight to MMA {n}", t.data(ifname="cn0", direction="in", dst=inside, via=f"rh2={HOME}")))
    found.append(("MMA 1 on to MMA 2", t.forwarded(a, b)))
    found.append(("MMA 2 on to home", t.data(ifname="mma2", direction="in", dst=HOME, inner_dst=HOME)))
    return sorted(((n, k) for n, k in found if k), key=lambda x: min(i.first_ns for i in x[1]))


def _tour_timeline(outcome):
    """Where the mobile was, what arrived, and by which way packets to it travelled when."""
    t, width, left, step = outcome.tour, 960, 130, 50_000_000
    span = max(t.end - t.start, 1)

    def x(ns):
        return left + min(max(ns - t.start, 0), span) / span * (width - left - 10)
    parts = []
    marks = [("home", t.start, outcome.stages[0].at_ns)] + [(s.cell, s.at_ns, s.end_ns) for s in outcome.stages]
    for cell, since, until in marks:
        parts.append(f'<rect x="{x(since):.1f}" y="12" width="{max(x(until) - x(since), 1):.1f}" height="14" fill="{PLACES[cell]}" rx="2"/>')
    for s in outcome.stages:
        parts.append(f'<path d="M{x(s.known_ns):.1f} 8V30" stroke="var(--ink)" stroke-width="1.5"><title>the correspondent node knows</title></path>')
    parts.append(_text(left - 8, 23, "the mobile in", "soft", "end"))
    parts.append(_bars(t.down.arrivals_per(t.start, t.end, step), outcome.result["rate_pps"] * step / 1e9, left, width - 10, 36, 50, "var(--c1)"))
    parts.append(_text(left - 8, 66, "packets", "soft", "end"))
    y = 98
    for name, kinds in _routes(t):
        since, until = min(k.first_ns for k in kinds), max(k.last_ns for k in kinds)
        parts.append(_text(left - 8, y + 9, name, "soft", "end"))
        if name == "natively":  # twice: until the home agent intercepts, and after
            tunnel = min(k.first_ns for k in t.data(ifname="ha0", direction="in", src=HA))
            spans = [(since, tunnel), (outcome.stages[-1].known_ns, until)]
        else:
            spans = [(since, until)]
        packets = sum(k.packets for k in kinds)
        for a, b in spans:
            parts.append(f'<rect x="{x(a):.1f}" y="{y}" width="{max(x(b) - x(a), 2):.1f}" height="11" fill="var(--c3)" opacity=".8" rx="2">'
                         f'<title>{name}: {packets} packets</title></rect>')
        y += 17
    for s in range(0, int(span / 1e9) + 1, 2):
        parts.append(_text(x(t.start + s * 1e9), y + 14, f"{s} s", "soft"))
    return _svg(width, y + 24, "Timeline of the journey between sites", parts)


def _ladder(outcome):
    """The messages of each move, as a table."""
    rows = ""
    for s in outcome.stages:
        rows += f'<tr><th colspan="3" style="text-align:left">{html.escape(s.name)}</th></tr>'
        for i in outcome.tour.said.between(s.at_ns, s.at_ns + 4_000_000_000):
            rows += (f"<tr><td>{html.escape(i.who)} to {html.escape(i.whom)}</td><td style=\"text-align:left\">{html.escape(WORDS.get(i.kind, i.kind))}</td>"
                     f"<td>{(i.left_ns - s.at_ns) / 1e6:.1f} ms</td></tr>")
    return f'<details><summary>Every message of it</summary><div class="scroll"><table>{rows}</table></div></details>'


WORDS = {"BU": "binding update", "BU0": "de-registration", "BA": "acknowledgement", "peer": "agent to agent", "join": "joins the group",
         "leave": "leaves the group", "HoTI": "home test init", "HoT": "home test", "CoTI": "care-of test init", "CoT": "care-of test"}


def tours(outcomes, rows, titles):
    """The part about the journey between sites."""
    parts = ["<h2>Home, site 1, site 2, home</h2><p>The correspondent node takes part in route optimisation: agents register with it, and it sends straight "
             "to them. When the mobile moves on, the agent left sends on what still comes.</p>", _sites()]
    for name, outcome in outcomes.items():
        moves = outcome.result["moves"]
        parts.append(f"<h2>{html.escape(titles[name])}</h2>" + _table(moves, rows, {m: m for m in moves}) + _tour_timeline(outcome) + _ladder(outcome))
    parts.append('<p class="soft">Below the packets: when each way to the mobile was in use. A stroke through the bar of places: the correspondent node knows '
                 "where the mobile is.</p>")
    return "".join(parts)


def _call_timeline(call):
    """Which cell was the best when, and what arrived."""
    width, left, step = 960, 130, 100_000_000
    span = max(call.end_ns - call.start_ns, 1)

    def x(ns):
        return left + min(max(ns - call.start_ns, 0), span) / span * (width - left - 10)
    parts, marks = [], [*call.handovers, (call.end_ns, "")]
    for (since, cell), (until, _) in zip(marks, marks[1:]):
        colour = f"var(--c{(int(cell[4:]) - 1) % 4})"
        parts.append(f'<rect x="{x(since):.1f}" y="12" width="{max(x(until) - x(since), 1):.1f}" height="14" fill="{colour}" rx="2"><title>{cell}</title></rect>')
    parts.append(_text(left - 8, 23, "the telephone in", "soft", "end") + _text(left - 8, 66, "packets", "soft", "end"))
    parts.append(_bars(call.down.arrivals_per(call.start_ns, call.end_ns, step), call.result["rate_pps"] * step / 1e9, left, width - 10, 36, 50, "var(--c1)"))
    for s in range(0, int(span / 1e9) + 1, 2):
        parts.append(_text(x(call.start_ns + s * 1e9), 106, f"{s} s", "soft"))
    return _svg(width, 116, "Timeline of the call", parts)


def calls(outcomes, rows, titles, machine):
    """The page of the demo in which the network moves the mobile."""
    lines = "".join(f"<h2>{html.escape(titles[n])}</h2>{_call_timeline(c)}" for n, c in outcomes.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roamcast: the network moves a telephone</title><style>{STYLE}</style></head><body>
<h1>The network moves a telephone</h1>
<p>A telephone without any software of ours is in a call and walks past five cells. Foreign agents hear it, ask the mobility manager who it is, join its
group and deliver. Counted at the receivers.</p>
<p class="soft">{html.escape(machine)}</p>
{_table(outcomes, rows, titles)}
{lines}
<p class="soft">Coloured bars: the best cell. Below them packets to the telephone in steps of 100 ms.</p>
</body></html>
"""


def _table(journeys, rows, titles):
    head = "".join(f"<th>{html.escape(titles[n])}</th>" for n in journeys)
    body = ""
    for name, cell in rows:
        cls = ' class="sub"' if name.startswith(" ") else ""
        body += f"<tr><td{cls}>{html.escape(name.strip())}</td>"
        body += "".join(f"<td>{html.escape(cell(j))}</td>" for j in journeys.values()) + "</tr>"
    return f'<div class="scroll"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def render(journeys, rows, titles, machine, family="ipv6", between_sites=""):
    """The page, as text. between_sites: what tours() made."""
    timelines = "".join(f"<h2>{html.escape(titles[n])}</h2>{timeline(j)}" for n, j in journeys.items())
    rate = next(iter(journeys.values())).result["rate_pps"]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Roamcast: a mobile crosses a site</title><style>{STYLE}</style></head><body>
<h1>A mobile crosses a site</h1>
<p>One mobile, one journey, three ways to keep its packets coming. It leaves home for a site 25 ms away and then moves from cell to
cell inside it, with {rate} packets a second each way, a TCP transfer and a typist. Counted at the receivers and in captures.</p>
<p class="soft">{html.escape(machine)}</p>
{_table(journeys, rows, titles)}
<h2>The network</h2>{topology(family)}
<h2>Silence around each handover</h2>{interruptions(journeys, titles)}
<p class="soft">Each dot is a handover: the longest time without a packet around it, with the 20 ms that a single radio is without carrier.
Two packets are {1000 / rate:g} ms apart at the best. The table's interruption begins only when the new link has its carrier: what the network adds to the
radio's outage.</p>
<h2>Where the mobile was, and what arrived</h2>
<p class="soft">Coloured bars: the cell of each interface. Below them packets to the mobile and TCP, in steps of 50 and 100 ms.</p>
{timelines}
{between_sites}
</body></html>
"""
