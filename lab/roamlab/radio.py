# SPDX-License-Identifier: BSD-2-Clause
"""The radio of a mobile: tells roamd (over feed.sock) what each interface hears of each cell, and does what roamd asks:
attach an interface to another cell, detach it. What a Wi-Fi driver and wpa_supplicant are to a real one.

Break-before-make is an interface that changes its cell: carrier lost, `outage` without, carrier
of the next. Make-before-break is a second interface that attaches while the first stays."""
import math
import socket
import threading
import time

from . import net as netmod

PERIOD_S = 0.02
FAR_DBM = -95


def path_loss(cell, position_m):
    """Signal of a cell at a place on the path: log-distance, exponent 3.5, 5 m reference."""
    return cell.power_dbm - 35 * math.log10(1 + abs(position_m - cell.position_m) / 5)


class Radio:
    def __init__(self, net, node, outage_s=0.02):
        self.net, self.node, self.outage_s = net, node, outage_s
        self.interfaces = [r.ifname for r in net.topo.radios if r.node == node]
        self.signals = {c.name: FAR_DBM for c in net.topo.cells}
        self.by_lladdr = {net.router_lladdr(c.name): c.name for c in net.topo.cells}
        self.events = []               # (monotonic ns, "attach" | "detach" | "asked", interface, cell)
        self.changed = threading.Condition()
        self._stop = threading.Event()
        self._sock = None
        self._threads = []

    # --- moving, by hand or on roamd's word ---

    def attach(self, ifname, cell):
        """Puts an interface into a cell; out of its present one first, with the outage between."""
        if self.net.plugged(self.node, ifname) == cell:
            return
        if self.net.plugged(self.node, ifname):
            self.detach(ifname)
            _sleep_until(time.monotonic() + self.outage_s)
        self.net.plug(self.node, ifname, cell)
        self._note("attach", ifname, cell)

    def detach(self, ifname):
        cell = self.net.plugged(self.node, ifname)
        if cell:
            self.net.unplug(self.node, ifname)
            self._note("detach", ifname, cell)

    def _note(self, kind, ifname, cell):
        with self.changed:
            self.events.append((time.monotonic_ns(), kind, ifname, cell))
            self.changed.notify_all()

    def cells(self):
        """Where the mobile is now: {interface: cell}."""
        return {i: c for i in self.interfaces if (c := self.net.plugged(self.node, i))}

    def wait_cell(self, cell, seconds):
        """Until an interface of the mobile is in this cell."""
        with self.changed:
            if not self.changed.wait_for(lambda: cell in self.cells().values(), seconds):
                raise TimeoutError(f"the mobile is in {self.cells()}, not in {cell}, after {seconds} s")

    # --- signals ---

    def hear(self, **dbm):
        """Sets the signal of cells; the others fade away."""
        self.signals = {c: dbm.get(c, FAR_DBM) for c in self.signals}

    def stand_at(self, position_m, only=None):
        """Sets every cell's signal as heard at a place on the path."""
        self.signals = {c.name: path_loss(c, position_m) if only is None or c.name in only else FAR_DBM
                        for c in self.net.topo.cells}

    def start(self):
        netmod.wait_for(self._connect, 10, "feed.sock")
        for body in (self._speak, self._listen):
            self._threads.append(threading.Thread(target=body, daemon=True))
            self._threads[-1].start()

    def _connect(self):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(self.net.dir / self.node / "run" / "feed.sock"))
        except OSError:
            sock.close()
            return False
        self._sock, old = sock, self._sock
        if old:
            old.close()
        return True

    def _report(self):
        lines = []
        for ifname in self.interfaces:
            here = self.net.plugged(self.node, ifname)
            for lladdr, cell in self.by_lladdr.items():
                attached = " attached" if cell == here else ""
                lines.append(f"signal {ifname} {lladdr} {round(self.signals[cell])}{attached}\n")
        return "".join(lines).encode()

    def _speak(self):
        while not self._stop.wait(PERIOD_S):
            try:
                self._sock.sendall(self._report())
            except OSError:
                pass  # roamd is away; _listen connects again

    def _listen(self):
        """Until stop(); a roamd that was started again is found again, as a driver would."""
        while not self._stop.is_set():
            try:
                with self._sock.makefile("r") as lines:
                    for line in lines:
                        self._obey(line.split())
            except OSError:
                pass
            while not self._stop.wait(PERIOD_S) and not self._connect():
                pass

    def _obey(self, words):
        if words[:1] == ["attach"] and len(words) >= 3:
            self._note("asked", words[1], self.by_lladdr.get(words[2], words[2]))
            self.attach(words[1], self.by_lladdr[words[2]])
        elif words[:1] == ["detach"] and len(words) >= 2:
            self.detach(words[1])

    def stop(self):
        self._stop.set()
        if self._sock:
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for t in self._threads:
            t.join(2)
        if self._sock:
            self._sock.close()


def _sleep_until(when):
    while (left := when - time.monotonic()) > 0:
        time.sleep(left)
