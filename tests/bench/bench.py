# SPDX-License-Identifier: BSD-2-Clause
"""./run bench [handover|datapath|registration|memory|joins|inter-site|failover|manager|guest|all]... [--json FILE] [--family ipv4|both]

Each part prints what it measures as it goes and adds its keys to one JSON object:

    handover      {"journeys": {...}}, as the demo's, and "delays": make-before-break over unequal paths. --family ipv4: of that family;
                  both: {"handover": {family: these}}
    datapath      {"datapath_ns": {name: x}, "ratio_64": {"ha": x, "mma": x, "mma_pim": x, "mn": x, "mn_received": x, "mn_link": x,
                   "mn_link_received": x}, "ratio_tcp": x,
                   "mn_cost_ns": {"plain": x, "roam0": x, "link": x}}
    registration  {"registrations_per_s": x}, --family both: x is {"ipv6": x, "ipv4": x, "both": x}
    memory        {"bytes_per_binding": x}, the same
    joins         {"join_ms": {"held": n, "median": x, "p99": x, "max": x, "lost": n}}
    inter-site    {"inter_site": {"bound_ms": x, "one-radio": {...}, "two-radios": {...}}}: lost, doubled, interruption
    failover      {"failover_ms": {"link_down_10ms": {"median": x, "p99": x}, "kill_10ms": ..., "power_10ms": ..., "link_down_100ms": ...},
                   "kills": n, "acknowledged_lost": n, "bulk_1m_s": x, "sync_cost": x, "hand_over_lost": n}; --runs N of each fault (50)
    manager       {"manager": {"requests_per_s": x, "allocations_per_s": x, "bytes_per_device": x, "import_s": x, "restart_s": x, ...}}
    guest         {"guest_ms": {"cached": {"ipv6": {"median": x, "p99": x, "max": x, ...}, "ipv4": ..., "questions": n}, "asked": ...}}: from the signal of a
                  mobile that the network moves to its first packet in a new cell, of --runs N arrivals (100)"""
import argparse
import json
import os
import pathlib
import sys

import datapath
import failover
import guest
import handover
import inter_site
import joins
import manager
import registration
from roamlab import demo, net

PARTS = {
    "handover": handover.measure,
    "datapath": datapath.measure,
    "registration": registration.measure_rate,
    "memory": registration.measure_memory,
    "joins": joins.measure,
    "inter-site": inter_site.measure,
    "failover": failover.measure,
    "manager": manager.measure,
    "guest": guest.measure,
}


def main():
    ap = argparse.ArgumentParser(prog="run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("what", nargs="*", default="all", choices=[*PARTS, "all"], help="all of them without one")
    ap.add_argument("--json", metavar="FILE")
    ap.add_argument("--handovers", type=int, default=500)
    ap.add_argument("--rate", type=int, default=10000, help="packets a second each way (handover)")
    ap.add_argument("--no-delays", action="store_true", help="handover: the journeys alone")
    ap.add_argument("--family", choices=["ipv6", "ipv4", "both"], default="ipv6",
                    help="of the journeys (handover), registration and memory; both: each, and for the latter two an agent of both")
    ap.add_argument("--runs", type=int, default=0, help="of each fault (failover), 50 without --quick; arrivals (guest), 100")
    ap.add_argument("--quick", action="store_true", help="fewer and shorter repetitions, for a look")
    args = ap.parse_args()
    wanted = list(PARTS) if "all" in args.what else args.what
    if args.family == "both" and "failover" in wanted:
        ap.error("failover: one family at a time")
    if os.geteuid():
        sys.exit("run bench: makes network namespaces: needs root")
    net.gc()
    print(demo.machine(), flush=True)
    figures, failed = {}, []
    for name in wanted:
        print(f"\n{name}:", flush=True)
        try:
            figures.update(PARTS[name](args))
        except Exception as e:  # one part's failure does not cost the others' figures
            if len(wanted) == 1:
                raise
            failed.append(name)
            print(f"  failed: {e}", file=sys.stderr)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
