# SPDX-License-Identifier: BSD-2-Clause
"""Registrations a second, and what a binding costs in memory.

A generator on a cable sends signed binding updates (or registration requests of Mobile IPv4) of distinct mobiles to a home agent and
counts answers: update in on a veth, punt, verify, journal, acknowledgement out on the veth. `roamd` has one thread: the figure is that
of one core."""
import json
import os
import pathlib
import subprocess
import time

from roamlab import net as netmod
from roamlab import netns, roamd, topo

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


FAMILIES = {"ipv6": ("ipv6",), "ipv4": ("ipv4",), "both": ("ipv6", "ipv4")}


class Plan:
    """The addresses of a family: agent and generator on the cable, home addresses, care-of addresses."""

    def __init__(self, family):
        self.is_v4 = family == "ipv4"
        self.ha, self.gen, self.plen = ("10.15.0.1", "10.15.0.2", 24) if self.is_v4 else ("2001:db8:f::1", "2001:db8:f::2", 64)
        self.home, self.coa = ("10.32.0.0/11", "10.64.0.0/11") if self.is_v4 else ("2001:db8:100::/64", "2001:db8:aa::/64")
        self.row = "address-v4" if self.is_v4 else "address"


def network(plans):
    homes = ", ".join(f'"{p.home}"' for p in plans)
    conf = topo.key_block("fleet", 256) + "role ha {\n" + "".join(f'  {p.row} = "{p.ha}"\n' for p in plans)
    conf += f'  home-prefix = {{{homes}}}\n  uplink = {{"core0"}}\n' + "".join(f'  mobile "{p.home}" {{ key = "fleet" }}\n' for p in plans) + "}\n"
    nodes = [topo.Node("ha", forwards=True, routes=[(p.coa, p.gen) for p in plans], roamd=conf, keys={"fleet": topo.key_hex("fleet")}), topo.Node("gen")]
    cable = topo.Cable(topo.Port("ha", "core0", [f"{p.ha}/{p.plen}" for p in plans]), topo.Port("gen", "eth0", [f"{p.gen}/{p.plen}" for p in plans]))
    return topo.Topology("registration", nodes, [cable]).check()


class Fleet:
    """A home agent of a family, or of both, and the generator beside it."""

    def __init__(self, family):
        self.plans = [Plan(f) for f in FAMILIES[family]]

    def __enter__(self):
        self.net = netmod.Net(network(self.plans))
        self.net.build()
        try:
            self._quiet_generator()
            self.daemon = roamd.Daemon(self.net, "ha").start()
        except BaseException:
            self.net.close()
            raise
        return self

    def _quiet_generator(self):
        """The generator's host has no Mobile IP: it would look at every answer, and refuse Mobile IPv6's with an ICMP error, worked out on the
        home agent's processor, because a veth delivers on the sender's. Without addresses it lets the generator's packet socket
        have the packet, and nothing more; then the home agent must know its neighbour."""
        gen = self.net.ns("gen")
        netns.run(gen, ["sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1"])
        netns.run(gen, ["ip", "-4", "addr", "flush", "dev", "eth0"])
        for plan in self.plans:
            netns.run(self.net.ns("ha"), ["ip", "-4" if plan.is_v4 else "-6", "neigh", "replace", plan.gen, "lladdr", self.net.lladdr["gen", "eth0"],
                                          "dev", "core0", "nud", "permanent"])

    def __exit__(self, *_):
        fault = self.daemon.stop()
        self.net.close()
        if fault:
            raise RuntimeError(fault)

    def register(self, count, first=0):
        """So many, of each family an equal part, one after the other. Returns (accepted, refused, ns)."""
        parts = [self._register(plan, count // len(self.plans), first) for plan in self.plans]
        return tuple(map(sum, zip(*parts)))

    def _register(self, plan, count, first):
        argv = [netmod.TOOLS / "registrar", "eth0", "--router", self.net.lladdr["ha", "core0"], "--agent", plan.ha,
                "--home", plan.home, "--coa", plan.coa, "--key", topo.key_hex("fleet"), "--spi", 256, "--count", count, "--first", first]
        sent, accepted, refused, ns = map(int, netns.run(self.net.ns("gen"), argv, timeout=600).split())
        if accepted < count:
            print(f"  of {sent} sent, {accepted} accepted and {refused} refused: {self.losses()}", flush=True)
        return accepted, refused, ns

    def losses(self):
        """The counters that are not zero of roamd and its datapath: what became of an update without acceptance."""
        return ", ".join(f"{name} {n}" for record in self.daemon.show("counters") for name, n in record.items() if isinstance(n, int) and n)

    def cpu_s(self):
        """(user, system) time that roamd has used. The kernel books work that interrupts it on it too, whoever caused that."""
        fields = pathlib.Path(f"/proc/{self.daemon.proc.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / TICKS_PER_S, int(fields[12]) / TICKS_PER_S

    def resident_oct(self):
        for line in pathlib.Path(f"/proc/{self.daemon.proc.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def maps_oct(self):
        """Memory of every map pinned for this daemon."""
        total = 0
        for pin in (netmod.PINS / f"{self.net.id}-ha").rglob("*"):
            out = subprocess.run(["bpftool", "-j", "map", "show", "pinned", pin], text=True, capture_output=True)
            if out.returncode == 0 and out.stdout.strip():
                total += int(json.loads(out.stdout).get("bytes_memlock", 0))
        return total


def _of_families(measure, key, args):
    """{key: figure}; of "both" {key: {family: figure}} of each alone and of an agent that has both."""
    if args.family != "both":
        return {key: measure(args, args.family)}
    out = {}
    for family in FAMILIES:
        print(f"  {family}:", flush=True)
        out[family] = measure(args, family)
    return {key: out}


def measure_rate(args):
    return _of_families(_rate, "registrations_per_s", args)


def measure_memory(args):
    return _of_families(_memory, "bytes_per_binding", args)


def _rate(args, family):
    count, rates = (20000 if args.quick else 200000), []
    with Fleet(family) as fleet:
        fleet.register(5000)
        for run in range(1 if args.quick else 3):
            before, begin = fleet.cpu_s(), time.monotonic()
            accepted, _, ns = fleet.register(count, 10000 + run * count)
            user, system = ((b - a) * 1e6 / max(accepted, 1) for a, b in zip(before, fleet.cpu_s()))
            rates.append(accepted * 1e9 / ns)
            print(f"  {accepted} registrations in {ns / 1e9:.2f} s: {rates[-1]:.0f} a second; roamd used {user:.2f} user + {system:.2f} "
                  f"system = {user + system:.2f} us each ({time.monotonic() - begin:.1f} s with signing)", flush=True)
    return round(sorted(rates)[len(rates) // 2])


def _memory(args, family):
    count = 100000 if args.quick else 1000000
    with Fleet(family) as fleet:
        fleet.register(1000)
        before = fleet.resident_oct(), fleet.maps_oct()
        accepted, _, _ = fleet.register(count, 10000)
        after = fleet.resident_oct(), fleet.maps_oct()
    resident, maps = (b - a for a, b in zip(before, after))
    print(f"  {accepted} bindings: resident {resident / accepted:.0f} + maps {maps / accepted:.0f} bytes each", flush=True)
    return round((resident + maps) / accepted, 1)
