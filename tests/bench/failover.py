# SPDX-License-Identifier: BSD-2-Clause
"""What redundant home agents cost and how soon one takes over from another.

Failover: packets flow to and from 1,000 mobiles; from the instant of the fault to the first packet that arrives by way of the successor, one clock.
The other figures: registrations that were acknowledged and are not in the successor's table, after kills under load; the time in which an
empty member has a million bindings while the other goes on registering; the registration rate with a standby beside it; packets lost by hand-overs."""
import os
import pathlib
import random
import statistics
import time

from roamlab import net as netmod
from roamlab import netns, topo, witness
from roamlab.fleet import Crowd
from roamlab.group import Group

RATE_PPS = 5000
STORM = 20000          # registrations a second under which members are killed
STORM_MOBILES = 20000
BULK = 1000000
BULK_CORES = {0, 1}
BULK_GROWTH_MB = 32    # queues of datagrams and effects, tables that are being enlarged


def measure(args):
    runs = args.runs or (5 if args.quick else 50)
    print(f"  {runs} runs of each fault, {args.family}", flush=True)
    figures = {"failover_ms": {}}
    with Group(members=2, family=args.family, more="  advertise = 10\n") as g:
        _register(g)
        figures["failover_ms"] |= {f"{name}_10ms": _failovers(g, name, runs) for name in ("link_down", "kill", "power")}
        figures["hand_over_lost"] = _hand_overs(g, max(2, runs // 5))
    with Group(members=2, family=args.family) as g:
        _register(g)
        figures["failover_ms"]["link_down_100ms"] = _failovers(g, "link_down", runs)
    figures |= _kills(args.family, runs)
    figures["sync_cost"] = _cost(args)
    figures |= _bulk(args)
    return figures


def _register(g):
    for fleet in g.fleets.values():
        fleet.register()
    g.wait_equal()


# --- failover ---

def _failovers(g, name, runs):
    fleet = next(iter(g.fleets.values()))
    fault = {"link_down": g.link_down, "kill": g.kill, "power": g.power_off}[name]
    repair = {"link_down": g.link_up, "kill": g.start, "power": g.power_on}[name]
    crowd, taken = Crowd(fleet, RATE_PPS), []
    for _ in range(runs):
        active = g.serving()
        _flows_by(g, fleet, active)
        when = fault(active)
        first = netmod.wait_for(lambda: fleet.first_by_another(active, when), 10, "a packet by way of the successor")
        taken.append((first - when) / 1e6)
        crowd.wait_reached(when)
        repair(active)
        g.wait_together()
        fleet.log()         # forgets the arrivals
    crowd.finish()
    result = {"median": round(witness.percentile(taken, 50), 1), "p99": round(witness.percentile(taken, 99), 1)}
    print(f"  {name}: median {result['median']}, p99 {result['p99']}, min {min(taken):.1f} ms", flush=True)
    return result


def _flows_by(g, fleet, active):
    """Until what arrives comes by the active member, and by no other."""
    other = g.others(active)[0]

    def only():
        since = time.monotonic_ns()
        time.sleep(0.05)
        return fleet.first_by_another(other, since) and not fleet.first_by_another(active, since)
    netmod.wait_for(only, 20, f"packets by way of {active}")


def _hand_overs(g, runs):
    fleet, lost = next(iter(g.fleets.values())), 0
    for _ in range(runs):
        crowd, active = Crowd(fleet, RATE_PPS), g.serving()
        other = g.others(active)[0]
        _flows_by(g, fleet, active)
        since = time.monotonic_ns()
        g.daemons[active].ctl("group", "hand-over")
        g.wait_active(other)
        _flows_by(g, fleet, other)
        g.wait_together()
        time.sleep(0.3)
        lost += sum(way.count(since, way.tx[-1] - 200_000_000).lost for way in crowd.finish())
    print(f"  {runs} hand-overs: {lost} packets lost, of both directions", flush=True)
    return lost


# --- kills under load ---

def _kills(family, runs):
    """Each time the registrations stop with the kill, so that none that comes later hides one that was lost."""
    lost, rates = 0, []
    with Group(members=2, family=family, count=STORM_MOBILES) as g:
        fleet = next(iter(g.fleets.values()))
        fleet.register(rate=STORM)
        for _ in range(runs):
            active, begin = g.serving(), time.monotonic()
            fleet.storm(STORM)
            time.sleep(random.uniform(0.5, 1.0))
            g.kill(active)
            spent = time.monotonic() - begin
            rates.append(fleet.calm()[1] / spent)
            g.wait_active(g.others(active)[0])
            missing = fleet.missing_in(g.table(g.others(active)[0], family))
            lost += len(missing)
            g.start(active)
            g.wait_together()
            fleet.register(rate=STORM)
    print(f"  {runs} kills: {lost} acknowledged registrations lost, under {min(rates):.0f} to {max(rates):.0f} acknowledgements a second "
          f"({STORM} sent)", flush=True)
    return {"kills": runs, "acknowledged_lost": lost}


# --- what the group costs ---

def _rate(family, count, **kw):
    """Registrations a second of the active member, by tools/registrar, and its processor time for one. Again when another one has become active meanwhile."""
    for _ in range(3):
        with Group(count=1, family=family, **kw) as g:
            active = g.serving()
            rates = [_registrations(g, family, count, run * count) for run in range(4)]
            user = _cpu_us(g.daemons[active]) / (4 * count)
            if not g.has_group or not g.group_records(active, "group")[0]["applied"]:
                return sorted(rates[1:])[1], user
        print("  the active role moved: once more", flush=True)
    raise RuntimeError("the active role does not stay: the machine is too busy")


def _registrations(g, family, count, first):
    facts = g.net.topo.facts["families"][family]
    argv = [netmod.TOOLS / "registrar", "eth0", "--router", g.net.lladdr["gw", "fleet0"], "--agent", facts["agent"], "--home", facts["home"],
            "--coa", facts["coa"], "--key", topo.key_hex("fleet"), "--spi", 256, "--count", count, "--first", first]
    _, accepted, _, ns = map(int, netns.run(g.net.ns("fleet"), argv, timeout=120).split())
    return accepted * 1e9 / ns


def _cpu_us(daemon):
    fields = pathlib.Path(f"/proc/{daemon.proc.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def _cost(args):
    """The median of three pairs of measurements, one after the other: what else the machine does concerns both."""
    count, costs = 20000 if args.quick else 100000, []
    for _ in range(1 if args.quick else 3):
        alone, alone_us = _rate(args.family, count, members=1, group=False)
        beside, beside_us = _rate(args.family, count, members=2)
        costs.append(1 - beside / alone)
        print(f"  {alone:.0f} registrations a second alone ({alone_us:.1f} us each of roamd's processor time), {beside:.0f} with a standby "
              f"({beside_us:.1f} us): cost {costs[-1]:.2f}", flush=True)
    return round(statistics.median(costs), 3)


def _memory_mb(daemon):
    """(now, most since _forget_most)"""
    rows = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{daemon.proc.pid}/status").read_text().splitlines())
    return tuple(int(rows[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def _forget_most(daemon):
    pathlib.Path(f"/proc/{daemon.proc.pid}/clear_refs").write_text("5")


def _bulk(args):
    """From when the member could be asked to when it has the whole table; both roamd on two cores. What is on its way must not pile up at either: the
    sender's memory stays as it was, the receiver's is that of a member with such a table."""
    count = BULK // 10 if args.quick else BULK
    with Group(members=2, family=args.family, count=count) as g:
        fleet = next(iter(g.fleets.values()))
        first, second = g.names
        assert not g.daemons[second].stop()
        g.wait_together([first])
        fleet.register(rate=40000, seconds=300)
        os.sched_setaffinity(g.daemons[first].proc.pid, BULK_CORES)
        fleet.storm(1000)
        g.daemons[second].start(wait=False)
        os.sched_setaffinity(g.daemons[second].proc.pid, BULK_CORES)
        g.daemons[second].wait_ready()
        _forget_most(g.daemons[first])
        sender_mb = _memory_mb(g.daemons[first])[0]
        begin, before = time.monotonic(), fleet.progress()[1]
        netmod.wait_for(lambda: g.is_ready(second, 1), 120, "the whole table")
        spent, served = time.monotonic() - begin, fleet.progress()[1] - before
        grown_mb = _memory_mb(g.daemons[first])[1] - sender_mb
        has_mb, most_mb = _memory_mb(g.daemons[second])
        fleet.calm()
        records = g.group_records(second, "group")[0]["records"]
    assert records == count, f"{records} of {count} records came"
    assert grown_mb < BULK_GROWTH_MB and most_mb - has_mb < BULK_GROWTH_MB, f"memory grew by {grown_mb:.0f} MB at the sender, {most_mb - has_mb:.0f} MB too " \
        "many at the receiver"
    print(f"  {records} bindings in {spent:.2f} s, {served} registrations served meanwhile ({served / spent:.0f} of 1000 a second); the sender's memory grew by "
          f"{grown_mb:.1f} MB, the receiver's ended at {has_mb:.0f} MB and was {most_mb:.0f} MB at most", flush=True)
    return {"bulk_1m_s": round(spent, 2), "bulk_sender_mb": round(grown_mb, 1), "bulk_receiver_mb": round(most_mb - has_mb, 1)}
