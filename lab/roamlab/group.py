# SPDX-License-Identifier: BSD-2-Clause
"""A running redundancy group: its daemons, the faults that can be made, and what must be true after each.

Use as a context manager. All waiting is for conditions, with deadlines; times are of CLOCK_MONOTONIC, taken when a fault is made."""
import contextlib
import json
import signal
import time

from . import net as netmod
from . import redundant, roamd
from .fleet import Crowd, Fleet

TAKEN_OVER_S = 10


class Group:
    def __init__(self, count=None, **kw):
        """kw: of redundant.network. count: of mobiles, in each family; without one 1,000, on the segment as many as the kernel bears."""
        count = count or (redundant.PHYSICAL_MAX if kw.get("physical") else 1000)
        topology = redundant.network(**kw)
        self.net = netmod.Net(topology)
        self.names = topology.facts["members"]
        self.families = list(topology.facts["families"])
        self.has_group = kw.get("group", True)
        self.count, self.daemons, self.fleets = count, {}, {}
        self.packets_moved = 0       # counted at receivers

    def __enter__(self):
        self.net.build()
        try:
            self._mark_by_member()
            for n in self.names:
                self.net.plug(n, "home0", "home")
            self.daemons = roamd.start_all(self.net)
            self.fleets = {f: Fleet(self.net, self.count, f) for f in self.families}
            if self.has_group:
                self.wait_together()
        except BaseException:
            print(self.logs())
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends everything. RuntimeError when a daemon did not end well."""
        for f in self.fleets.values():
            f.stop()
            f.proc.stdin.close()
        faults = [fault for d in self.daemons.values() if (fault := d.stop())]
        self.net.close()
        self.daemons, self.fleets = {}, {}
        if faults:
            raise RuntimeError("\n".join(faults))

    def logs(self):
        return "\n".join(f"--- roamd on {n}:\n{d.tail(25)}" for n, d in self.daemons.items())

    def _mark_by_member(self):
        """The router writes into the DSCP of what a member sends which member it is."""
        rules = [f'add rule inet members forward iifname "home0" ether saddr {self.net.lladdr[n, "home0"]} {ip} dscp set {n[2:]}'
                 for n in self.names for ip in ("ip", "ip6")]
        self.nft("gw", "add table inet members", "add chain inet members forward { type filter hook forward priority 0; }", *rules)

    def nft(self, node, *rules):
        self.net.run(node, "nft", "; ".join(rules))

    @contextlib.contextmanager
    def dropping(self, node, *rules):
        """nft rules of the chain "input" of a table "deaf", for a while."""
        self.nft(node, "add table inet deaf", "add chain inet deaf input { type filter hook input priority 0; }", *rules)
        try:
            yield
        finally:
            self.nft(node, "delete table inet deaf")

    def lead_to(self, name):
        """The router takes this member for the home agent, whatever anybody announces; None: whom it hears."""
        for family, fact in self.net.topo.facts["families"].items():
            neighbour = ["ip", f"-{family[3]}", "neigh", "replace", fact["agent"], "dev", "home0"]
            self.net.run("gw", *neighbour, *(["lladdr", self.net.lladdr[name, "home0"], "nud", "permanent"] if name else
                                             ["lladdr", self.net.lladdr[self.active() or self.names[0], "home0"], "nud", "stale"]))

    # --- who is who ---

    def holders(self):
        """Members whose kernel has the virtual address, of the first family."""
        agent = self.net.topo.facts["families"][self.families[0]]["agent"]
        return [n for n in self.names if any(a.get("local") == agent for link in json.loads(self.net.run(n, "ip", "-j", "addr", "show", "dev", "home0"))
                                             for a in link.get("addr_info", []))]

    def active(self):
        """The one member that has the virtual address; None when none or several have."""
        holders = self.holders()
        return holders[0] if len(holders) == 1 else None

    def serving(self, seconds=TAKEN_OVER_S):
        """The active member, once there is one."""
        return netmod.wait_for(self.active, seconds, "one active member")

    def others(self, name):
        return [n for n in self.names if n != name]

    def alive(self):
        return [n for n in self.names if self.daemons[n].proc]

    def group_records(self, name, record=None):
        found = self.daemons[name].show("group")
        return [r for r in found if record is None or r.get("record") == record]

    def counters(self, name):
        """The counters of a member that are not zero."""
        return {k: v for r in self.daemons[name].show("counters") for k, v in r.items() if isinstance(v, int) and v}

    def is_together(self, names=None):
        """Each of these members lives with all others, has the group's table, and one is active."""
        names = names or self.alive()
        for n in names:
            if not self.is_ready(n, len(names) - 1):
                return False
        return self.active() in names

    def is_ready(self, name, others):
        """Has this member the group's table, and hears it so many others?"""
        found = self.group_records(name, "group")
        return bool(found) and found[0]["state"] == "ready" and found[0]["live"] == others

    def wait_together(self, names=None, seconds=20):
        netmod.wait_for(lambda: self.is_together(names), seconds, "the group")

    def wait_active(self, name, seconds=TAKEN_OVER_S):
        netmod.wait_for(lambda: self.active() == name, seconds, f"{name} to be active")

    # --- processes ---

    def pids(self, name, comm=None):
        """Processes in a member's namespace, of that name."""
        return self.net.pids(name, *[comm] * (comm is not None))

    def kill(self, name):
        """kill -9 of roamd. Returns when."""
        when = time.monotonic_ns()
        self.daemons[name].kill()
        return when

    def kill_keepalived(self, name):
        pids = self.pids(name, "keepalived")
        for p in pids:
            netmod.send(p, signal.SIGKILL)
        return pids

    def start(self, *names):
        """All at once."""
        for n in names:
            self.daemons[n].start(wait=False)
        for n in names:
            self.daemons[n].wait_ready()

    def recover(self):
        """Whatever somebody left behind: everything runs and hears, and every mobile is registered."""
        self.lead_to(None)
        self.heal()
        for n in self.names:
            self.thaw(n)
            self.nft(n, "add table inet deaf", "delete table inet deaf")
        self.power_on(*[n for n in self.names if not self.daemons[n].proc])
        for n in self.names:
            self.link_up(n)
        self.wait_together()
        for fleet in self.fleets.values():
            fleet.calm()
            fleet.send(0)
            fleet.register()

    def freeze(self, name):
        """Every process of the machine stops; its kernel goes on."""
        when = time.monotonic_ns()
        for p in self.pids(name):
            netmod.send(p, signal.SIGSTOP)
        return when

    def hang(self, name):
        """roamd alone stops; its keepalived and the kernel go on."""
        when = time.monotonic_ns()
        netmod.send(self.daemons[name].proc.pid, signal.SIGSTOP)
        return when

    def thaw(self, name):
        for p in self.pids(name):
            netmod.send(p, signal.SIGCONT)

    # --- links ---

    def link_down(self, name):
        when = time.monotonic_ns()
        self.net.unplug(name, "home0")
        return when

    def link_up(self, name):
        self.net.plug(name, "home0", "home")

    def power_off(self, name):
        return self.daemons[name].power_off()

    def power_on(self, *names):
        """Machines that boot: without the addresses that their last life had."""
        for name in names:
            for family, fact in self.net.topo.facts["families"].items():
                bits = {"ipv6": "/64", "ipv4": "/16"}[family]
                self.net.run(name, "ip", f"-{family[3]}", "addr", "del", fact["agent"] + bits, "dev", "home0", check=False)
            self.link_up(name)
        self.start(*names)

    def split(self, names=None):
        """Members do not hear each other any more; the router hears and reaches each."""
        self._isolate(names or self.names, "on")

    def heal(self):
        self._isolate(self.names, "off")

    @contextlib.contextmanager
    def split_into(self, *sides):
        """Members hear those of their own side and the router."""
        for side in sides:
            far = ", ".join(self.net.lladdr[n, "home0"] for n in self.names if n not in side)
            for n in side:
                self.nft(n, "add table inet split", "add chain inet split input { type filter hook input priority 0; }",
                         f"add rule inet split input ether saddr {{ {far} }} drop")
        try:
            yield
        finally:
            for n in self.names:
                self.nft(n, "add table inet split", "delete table inet split")

    def _isolate(self, names, how):
        for n in names:
            self.net.run("air", "ip", "link", "set", "dev", f"{n}.home0", "type", "bridge_slave", "isolated", how)

    # --- what must be true ---

    def table(self, name, family):
        """{home address: record} of a member's bindings."""
        is_mine = {"ipv6": lambda a: ":" in a, "ipv4": lambda a: ":" not in a}[family]
        return {r["home_address"]: r for r in self.daemons[name].show("bindings") if r.get("record", "binding") == "binding" and is_mine(r["home_address"])}

    @staticmethod
    def essence(table):
        """What of a table must be the same on every member."""
        return {h: (r["care_of_address"], r.get("sequence"), r.get("identification")) for h, r in table.items()}

    def what_differs(self, names=None):
        """A sentence about the first thing that is not as it must be; "" when tables are equal and hold all that was acknowledged."""
        names = names or self.alive()
        for family, fleet in self.fleets.items():
            tables = {n: self.table(n, family) for n in names}
            first = self.essence(tables[names[0]])
            for n in names[1:]:
                if (mine := self.essence(tables[n])) != first:
                    odd = [h for h in first.keys() | mine.keys() if first.get(h) != mine.get(h)]
                    return f"{n} differs from {names[0]} in {len(odd)}: {odd[0]}: {mine.get(odd[0])}, there {first.get(odd[0])}"
            missing = fleet.missing_in(tables[names[0]])
            if missing:
                return f"{len(missing)} acknowledged are not in the table of {names[0]}: {missing[0]}"
        return ""

    def wait_equal(self, names=None, seconds=20):
        """Until all tables are equal and hold every acknowledged registration."""
        last = [""]

        def same():
            last[0] = self.what_differs(names)
            return not last[0]
        try:
            netmod.wait_for(same, seconds, "equal tables")
        except TimeoutError:
            raise AssertionError(last[0]) from None

    def crowds(self, rate_pps=4000):
        """Traffic from and to every mobile."""
        return [Crowd(f, rate_pps) for f in self.fleets.values()]

    def check_reachable(self, crowds=None, rate_pps=4000, seconds=10):
        """Every mobile has a packet from the correspondent node, and that one from it, both sent from now on. Ends the traffic; returns [(down, up)]."""
        since = time.monotonic_ns()
        crowds = crowds or self.crowds(rate_pps)
        end = since + int(1.2e9 * self.count / crowds[0].rate_pps)
        for c in crowds:
            c.wait_reached(since, seconds)
        netmod.wait_for(lambda: time.monotonic_ns() > end, seconds, "a turn of every mobile")
        ways = [c.finish() for c in crowds]
        for c, (down, up) in zip(crowds, ways):
            heard = c.heard_from(up, since)
            assert len(heard) == self.count, f"{c.fleet.family}: nothing came from {self.count - len(heard)} mobiles"
            self.packets_moved += len(down.rx) + len(up.rx)
        return ways
