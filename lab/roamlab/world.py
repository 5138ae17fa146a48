# SPDX-License-Identifier: BSD-2-Clause
"""A running network with one mobile: what journeys, end-to-end tests and benchmarks start from.

Use as a context manager. All waiting is for conditions, with deadlines."""
import subprocess
import time

from . import net as netmod
from . import radio as radiomod
from . import roamd, topo, witness

# A laboratory mobile reacts at the speed of the test: the best router wins at once.
QUICK = "  threshold = 0  hysteresis = 3  min-stay = 100  signal-window = 2  signal-age = 500\n"
SETTLED = {"home", "away-site", "away-plain"}


class World:
    def __init__(self, topology=None, outage_s=0.02, **kw):
        """topology: of topo.py; without one, topo.demo(**kw) with a quick mobile."""
        if topology is None:
            kw.setdefault("mobile_more", QUICK)
            topology = topo.demo(**kw)
        self.net = netmod.Net(topology)
        self.facts = topology.facts
        self.outage_s = outage_s
        self.daemons, self.flows, self.witnesses, self.streams = {}, [], [], []
        self.radio = None
        self.packets_moved = 0       # counted at receivers; a requirement is proven only with some

    def __enter__(self):
        self.net.build()
        try:
            self.carrier = self.watch(witness.Carrier)
            self.daemons = roamd.start_all(self.net)
            self.radio = radiomod.Radio(self.net, "mn", self.outage_s)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends everything. RuntimeError when a daemon or a witness did not end well."""
        faults = []
        try:
            if self.radio:
                self.radio.stop()
            self.packets_moved += sum(f.fixed.received + f.mobile.received for f in self.flows)
            for tool in [end for f in self.flows for end in (f.fixed, f.mobile)] + self.witnesses:
                try:
                    tool.stop()
                except RuntimeError as e:
                    faults.append(str(e))
            for s in self.streams:
                netmod.stop(s)
                s.stdout.close()
            faults += roamd.stop_all(self.daemons.values())
        finally:
            self.net.close()
        self.flows, self.daemons = [], {}
        if faults:
            raise RuntimeError("\n".join(faults))

    # --- witnesses and traffic ---

    def watch(self, kind, *args):
        """Starts a witness (witness.Tap, witness.Tally, ...) that ends with the world."""
        w = kind(self.net, *args)
        self.witnesses.append(w)
        return w

    def start_flow(self, rate_pps=1000, **kw):
        """UDP both ways between correspondent node and home address (family=: of the topology's)."""
        self.flows.append(witness.Flow(self.net, rate_pps, **kw))
        return self.flows[-1]

    def finish_flow(self, flow):
        """Returns (down, up), each a witness.Direction."""
        directions = flow.finish()
        self.flows.remove(flow)
        self.packets_moved += sum(len(d.rx) for d in directions)
        return directions

    def start_stream(self, node, *argv):
        """One end of a TCP stream (tools/stream.c)."""
        proc = netmod.start_ready(self.net.ns(node), [netmod.TOOLS / "stream", *argv])
        self.streams.append(proc)
        return proc

    # --- movement ---

    def be_home(self):
        """The mobile is switched on at home."""
        self.radio.stand_at(0, only={"home"})
        self.radio.attach("w0", "home")
        self.radio.start()

    def move(self, cell, seconds=10):
        """Makes a cell the best one by far and waits until the mobile uses it and has let go of the other."""
        here = set(self.radio.cells().values()) - {cell}
        self.radio.hear(**{c: -80 for c in here}, **{cell: -45})
        self.radio.wait_cell(cell, seconds)
        self.wait(lambda: self.settled_in() == cell, f"the mobile to settle in {cell}", seconds)

    def settled_in(self):
        """The cell that the mobile uses, once it is registered and needs no other; then idle radios are switched off. None before.
        (By its own word: this steers the movement. Figures come from witnesses.)"""
        records = self.daemons["mn"].show("mobiles") + self.daemons["mn"].show("interfaces")
        uses = {r["name"]: r["use"] for r in records if "use" in r}
        mobiles = [r for r in records if r.get("record") == "mobile"]
        active = [i for i, use in uses.items() if use == "active"]
        if len(active) != 1 or {"chosen", "draining"} & set(uses.values()):
            return None
        if not all(r["state"] in SETTLED and r["interface"] == active[0] for r in mobiles):
            return None  # (it may have moved between the two questions)
        for ifname in self.radio.interfaces:
            if ifname not in active:
                self.radio.detach(ifname)
        return self.net.plugged("mn", active[0])

    def wait_state(self, state, seconds=15):
        """Until the mobile says of itself that it is in this state ("home", "away-site", "away-plain"), with each home address."""
        def states():
            return {m["state"] for m in self.daemons["mn"].show("mobiles") if m.get("record") == "mobile"}
        self.wait(lambda: states() == {state}, state, seconds)

    def wait(self, condition, what, seconds=10):
        return netmod.wait_for(condition, seconds, what)

    def now(self):
        return time.monotonic_ns()

    def logs(self):
        """The last words of the daemons, and what their datapaths dropped, for whoever has to find out."""
        return "\n".join(f"--- roamd on {n}:\n{d.tail(15)}{self._drops(d)}" for n, d in self.daemons.items())

    @staticmethod
    def _drops(daemon):
        try:
            counters = [r for r in daemon.show("counters") if r.get("record") == "datapath"]
        except (RuntimeError, ValueError, subprocess.TimeoutExpired):
            return ""  # it does not run
        dropped = {k: v for r in counters for k, v in r.items() if k.startswith("drop-") and v}
        return f"\n(dropped: {dropped})" if dropped else ""
