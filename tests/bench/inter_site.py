# SPDX-License-Identifier: BSD-2-Clause
"""Handovers between two sites, there and back, while a correspondent node that takes part in route optimisation sends both ways: with one radio the
interruption beside the round trips that bound it, with two what is lost or doubled."""
from roamlab import topo, tour, witness
from roamlab.world import World

HANDOVERS, QUICK_HANDOVERS = 24, 6
RATE_PPS = 1000
ACCESS_MS, BACKBONE_MS = 1, 25   # one way: mobile's router to its agent, agent to the backbone
STAY = 400                       # packets in a site, once its agent's binding is known

# From the mobile to the new agent and back, and from there over the old agent and back.
BOUND_MS = 2 * ACCESS_MS + 4 * BACKBONE_MS


def _trip(name, handovers):
    """Bounces between the sites; returns (the tour, when each handover began, when the correspondent node knew)."""
    network = tour.network(topo.A, topo.B, interfaces=tour.RADIOS[name], routers=1, backbone_delay_us=BACKBONE_MS * 1000,
                           access_delay_us=ACCESS_MS * 1000)
    with World(network) as world:
        try:
            t = tour.Tour(world)
            t.be_home(RATE_PPS)
            t.go("a1")
            t.optimised(topo.A)
            began, known = [], []
            for i in range(handovers):
                site = (topo.B, topo.A)[i % 2]
                began.append(t.go(f"{site.letter}1"))
                known.append(t.answered(site.agent, since=began[-1]))
                t.pass_packets(STAY)
            t.finish()
        except Exception as e:
            raise RuntimeError(f"{name}: {e}\n{world.logs()}") from e
        return t, began, known


def _result(t, began, known):
    ends = began[1:] + [t.end]
    out = {"handovers": len(began), "rate_pps": RATE_PPS}
    for name, direction in (("down", t.down), ("up", t.up)):
        gaps, silences = zip(*(t.interruption_ns(direction, a, b) for a, b in zip(began, ends)))
        out[name] = {**vars(direction.count(began[0], t.end)), "interruption_ms": witness.spread([g / tour.MS for g in gaps]),
                     "silence_ms": witness.spread([s / tour.MS for s in silences])}
    out["correspondent_knows_ms"] = witness.spread([(k - a) / tour.MS for a, k in zip(began, known)])
    out["over_bound"] = sum(t.interruption_ns(t.down, a, b)[0] / tour.MS > BOUND_MS + 5 for a, b in zip(began, ends))
    return out


def measure(args):
    handovers = min(args.handovers, QUICK_HANDOVERS if args.quick else HANDOVERS)
    out = {"bound_ms": BOUND_MS}
    for name in tour.TITLES:
        result = out[name] = _result(*_trip(name, handovers))
        print(f"  {tour.TITLES[name]}, {handovers} handovers:")
        for way, label in (("down", "to the mobile"), ("up", "from the mobile")):
            d = result[way]
            print("    {}: sent {sent}, lost {lost}, doubled {doubled}, reordered {reordered}, interruption {median:.2f} / {p99:.2f} / {max:.2f} ms".format(
                label, **{k: d[k] for k in ("sent", "lost", "doubled", "reordered")}, **d["interruption_ms"]))
        print(f"    correspondent node knows after {result['correspondent_knows_ms']['median']:.0f} ms; "
              f"over {BOUND_MS} + 5 ms: {result['over_bound']}", flush=True)
    return {"inter_site": out}
