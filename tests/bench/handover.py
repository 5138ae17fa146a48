# SPDX-License-Identifier: BSD-2-Clause
"""Handovers by the hundred: the three journeys at a high rate, and make-before-break where the two paths differ in delay."""
import argparse

from roamlab import journey

DELAYS_MS = (0, 2, 10)
RATES = (1000, 10000)


# A mobile node may send three updates a second to one peer (RFC 6275 11.8), and one registration request (RFC 5944 3.6.3): faster moves would
# measure that wait.
BASELINE_DWELL_S = {"ipv6": 0.4, "ipv4": 1.1}


def _plan(name, args, **kw):
    if name == journey.names(args.family)[0]:
        kw["dwell_s"] = BASELINE_DWELL_S[args.family]
    return journey.plan(name, handovers=args.handovers, speed_mps=0, tcp_mbit=10, family=args.family, **kw)


def _tell(every):
    def tell(text):
        if "handover" not in text or text.split("handover ")[1].split()[0].endswith(every):
            print("  " + text, flush=True)
    return tell


def _line(label, t):
    gap = t["gap_ms"]
    return (f"  {label}: sent {t['sent']}, lost {t['lost']}, doubled {t['doubled']}, reordered {t['reordered']}, "
            f"interruption {gap['median']:.2f} / {gap['p99']:.2f} / {gap['max']:.2f} ms")


def _journeys(args):
    out = {}
    for name in journey.names(args.family):
        result = journey.run(_plan(name, args, rate_pps=args.rate), _tell("00")).result
        out[name] = result
        print(_line(f"{name}, to the mobile", result["down"]))
        print(_line(f"{name}, from the mobile", result["up"]))
        print(f"  messages of the handovers: {result['messages_intra_site']}", flush=True)
    return out


def _delays(args):
    """Every second access router is further from the MMA: each handover meets the difference, either way in turn."""
    out = []
    for rate in RATES:
        for ms in DELAYS_MS:
            delays = (0, ms * 1000, 0, ms * 1000)
            result = journey.run(_plan("make-before-break", args, rate_pps=rate, access_delay_us=delays), _tell("00")).result
            out.append({"delay_ms": ms, **result})
            print(_line(f"paths {ms} ms apart, {rate} packets/s, to the mobile", result["down"]))
            print(_line(f"paths {ms} ms apart, {rate} packets/s, from the mobile", result["up"]), flush=True)
    return out


def _of_family(args, family):
    args = argparse.Namespace(**{**vars(args), "family": family})
    print(f" {family}:", flush=True)
    return {"journeys": _journeys(args), "delays": [] if args.no_delays else _delays(args)}


def measure(args):
    if args.family == "both":
        return {"handover": {family: _of_family(args, family) for family in ("ipv6", "ipv4")}}
    return _of_family(args, args.family)
