# SPDX-License-Identifier: BSD-2-Clause
"""The radios of foreign agents: they tell their roamd (over feed.sock) how well each hears the mobile, which itself tells nobody anything.
What hostapd's driver is to a real agent.

Two kinds of radio. A soft one is in every cell that it can reach (CDMA's soft handoff): it receives from all of them, and what it sends goes
to the best. A hard one is attached to one cell at a time, and to none for `outage_s` in between; its agent is told that it serves."""
import socket
import threading
import time

from . import net as netmod
from .radio import FAR_DBM, PERIOD_S, path_loss

REACH_DBM = -78   # a soft radio exchanges frames from here on; agents join a little earlier
BETTER_DB = 3     # by so much must another cell be better for a hard radio


class Ears:
    def __init__(self, net, node="mn", ifname="w0", is_soft=True, outage_s=0.05, identity=""):
        """identity: of the mobile's authenticated session, which the radios tell with each word; may be changed."""
        self.net, self.node, self.ifname, self.is_soft, self.outage_s = net, node, ifname, is_soft, outage_s
        self.lladdr = net.lladdr[node, ifname]
        self.identity = identity
        self.signals = {c.name: FAR_DBM for c in net.topo.cells}
        self.here = set()            # the cells that the radio is in
        self.handovers = []          # (monotonic ns, cell): when a cell became the best
        self.outages = []            # (from, to): when a hard radio was in no cell; longer than outage_s where this process had to wait
        self.best = None
        self._socks = {}
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        for cell in self.net.topo.cells:
            netmod.wait_for(lambda c=cell: self._connect(c), 10, f"feed.sock of {cell.router.node}")
        self._thread.start()
        return self

    def _connect(self, cell):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(self.net.dir / cell.router.node / "run" / "feed.sock"))
        except OSError:
            sock.close()
            return False
        if cell.name in self._socks:
            self._socks[cell.name].close()
        self._socks[cell.name] = sock
        return True

    def stop(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for s in self._socks.values():
            s.close()

    # --- what is heard ---

    def _run(self):
        while not self._stop.wait(PERIOD_S):
            self.tell()

    def tell(self, cells=None, left_ns=0):
        """Each agent hears its own; one that hears nothing any more says nothing. left_ns: until then the radio was in these cells."""
        for cell in self.net.topo.cells:
            dbm = self.signals[cell.name]
            if dbm <= FAR_DBM or (cells is not None and cell.name not in cells):
                continue
            identity = f" identity={self.identity}" if self.identity else ""
            with self._lock:   # or a word of where the radio was overtakes that of its leaving
                at = time.monotonic_ns()   # before it is looked at: then it was so
                serving = f" serving at={at}" if not self.is_soft and cell.name in self.here else f" at={left_ns}" if left_ns else ""
                self._say(cell, f"hear {cell.router.ifname} {self.lladdr} {round(dbm)}{serving}{identity}\n")

    def lose(self, cell):
        """Its radio has lost the mobile: another session begins."""
        at = self.net.topo.cell(cell)
        with self._lock:
            self._say(at, f"lost {at.router.ifname} {self.lladdr}\n")

    def _say(self, cell, line):
        """An agent whose roamd has been started again has another socket; one whose roamd is away hears nothing."""
        try:
            self._socks[cell.name].sendall(line.encode())
        except OSError:
            if self._connect(cell):
                self._socks[cell.name].sendall(line.encode())

    # --- movement ---

    def hear(self, **dbm):
        """Sets the signal at cells; the others hear nothing."""
        self.signals = {c: dbm.get(c, FAR_DBM) for c in self.signals}
        self._be_there()

    def stand_at(self, position_m):
        self.signals = {c.name: max(path_loss(c, position_m), FAR_DBM) for c in self.net.topo.cells}
        self._be_there()

    def walk(self, from_m, to_m, speed_mps):
        """At an even pace, in steps of a report's period."""
        begin, length = time.monotonic(), abs(to_m - from_m)
        while (gone := (time.monotonic() - begin) * speed_mps) < length:
            self.stand_at(from_m + (gone if to_m > from_m else -gone))
            self._stop.wait(PERIOD_S)
        self.stand_at(to_m)

    def _be_there(self):
        best = max(self.signals, key=self.signals.get)
        if self.signals[best] <= FAR_DBM:
            self._reach(set())
            return
        if self.best is None or self.best not in self.here or self.signals[best] >= self.signals[self.best] + (0 if self.is_soft else BETTER_DB):
            self._prefer(best)
        if self.is_soft:
            self._reach({c for c, dbm in self.signals.items() if dbm >= REACH_DBM} | {self.best})

    def _prefer(self, cell):
        if cell == self.best and cell in self.here:
            return
        if not self.is_soft:
            was, self.best = self.best, cell
            left_ns = time.monotonic_ns()
            self._reach(set())
            self.tell({was} if was else set(), left_ns)
            if was:
                self._stop.wait(self.outage_s)
            self._reach({cell})
            self.outages.append((left_ns, time.monotonic_ns()))
        self.net.aim(self.node, self.ifname, cell)
        self.best = cell
        self.handovers.append((time.monotonic_ns(), cell))
        if not self.is_soft:
            self.tell({cell})

    def _reach(self, cells):
        if cells != self.here:
            with self._lock:
                self.here &= set(cells)   # nobody says of a cell that the radio is in it when it has gone
            self.net.reach(self.node, self.ifname, cells)
            self.here = set(cells)
