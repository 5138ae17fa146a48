# SPDX-License-Identifier: BSD-2-Clause
"""A thousand mobiles in one process (tools/fleet.c), and the correspondent node's traffic with all of them."""
import array
import ipaddress
import subprocess
import time

from . import net as netmod
from . import netns, topo, witness


class Fleet(witness.Reader):
    """The mobiles of one family. `net` is one of redundant.network."""

    def __init__(self, net, count=1000, family=None):
        self.net, self.count = net, count
        self.family = family or net.topo.facts["family"]
        self.facts = net.topo.facts["families"][self.family]
        self.base = net.topo.facts["base"]
        self._quiet_host()
        argv = [netmod.TOOLS / "fleet", "eth0", "--router", net.lladdr["gw", "fleet0"], "--agent", self.facts["agent"], "--home", self.facts["home"],
                "--coa", self.facts["coa"], "--key", topo.key_hex("fleet"), "--spi", 256, "--count", count, "--peer", self.facts["correspondent"],
                "--base", self.base]
        super().__init__(net, "fleet", argv, stdin=subprocess.PIPE)

    def _quiet_host(self):
        """The fleet's host has no Mobile IP and would refuse what it gets with ICMP errors: without addresses it leaves the packets to the fleet's
        packet socket. Then the router must know its neighbour."""
        netns.run(self.net.ns("fleet"), ["sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1"])
        netns.run(self.net.ns("fleet"), ["ip", "-4", "addr", "flush", "dev", "eth0"])
        netns.run(self.net.ns("gw"), ["ip", "-6" if self.family == "ipv6" else "-4", "neigh", "replace", self.facts["next_hop"],
                                      "lladdr", self.net.lladdr["fleet", "eth0"], "dev", "fleet0", "nud", "permanent"])

    # --- commands ---

    def tell(self, *words):
        self.proc.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.proc.stdin.flush()

    def answer(self, word, since, seconds=10):
        """The first line that begins with `word` behind the first `since` lines, its other words as numbers."""
        found = []

        def look():
            if self.proc.poll() is not None:
                raise RuntimeError("the fleet has ended")
            found[:] = [w for w in self.lines[since:] if w[0] == word]
            return found
        netmod.wait_for(look, seconds, f"the fleet to say \"{word}\"")
        return [int(w) if w.lstrip("-").isdigit() else w for w in found[0][1:]]

    def ask(self, *words, seconds=10):
        since = len(self.lines)
        self.tell(*words)
        return self.answer(words[0], since, seconds)

    def register(self, first=0, count=None, rate=20000, lifetime=3600, seconds=20, agent=None):
        """Until every one of them is acknowledged; how many refusals there were on the way. agent: by another address of a member."""
        self.register_at(agent or self.facts["agent"])
        try:
            return self.ask("register", first, count or self.count - first, rate, lifetime, seconds=seconds)[1]
        except TimeoutError:
            sent, accepted, refused = self.ask("calm")
            raise TimeoutError(f"of {sent} registrations {accepted} were accepted and {refused} refused") from None

    def register_at(self, agent):
        self.ask("agent", agent)

    def deregister(self, first=0, count=None, **kw):
        return self.register(first, count, lifetime=0, **kw)

    def storm(self, rate, first=0, count=None, lifetime=3600):
        """Registrations without end, until calm()."""
        self.tell("storm", first, count or self.count - first, rate, lifetime)

    def calm(self):
        """(sent, accepted, refused) of the storm."""
        return self.ask("calm")

    def progress(self):
        """(sent, accepted, refused) of the storm so far."""
        return self.ask("progress")

    def send(self, rate_pps):
        """In the reverse tunnel, round robin; 0: no more."""
        self.ask("send", rate_pps)

    def reached(self, since_ns):
        """How many have had a packet that was sent at that time or later."""
        return self.ask("reached", since_ns)[0]

    def first_by_another(self, member, since_ns):
        """When the first packet arrived since that came by another member's tunnel; 0: none."""
        return self.ask("first", since_ns, int(member[2:]))[0]

    # --- what was acknowledged ---

    def home_address(self, i):
        network = ipaddress.ip_network(self.facts["home"])
        return str(network.network_address + self.base + i)

    def acknowledged(self):
        """{home address: (generation, timestamp)} of the mobiles whose newest acknowledgement was for a binding, and the set of those
        whose was for the end of one."""
        path = self.net.dir / f"acks-{self.family}"
        self.ask("acks", path)
        flat = array.array("q", path.read_bytes())
        bound, ended = {}, set()
        for i in range(self.count):
            generation, stamp, lifetime_s = flat[3 * i:3 * i + 3]
            if generation and lifetime_s:
                bound[self.home_address(i)] = generation, stamp & 0xffffffffffffffff
            elif generation:
                ended.add(self.home_address(i))
        return bound, ended

    def missing_in(self, table):
        """Home addresses whose acknowledged registration is not in a table of bindings ({home address: record}), nor a later one of theirs."""
        def has(record, generation, stamp):
            if record is None:
                return False
            if self.family == "ipv4":
                return int(record["identification"], 16) >= stamp
            return (record["sequence"] - generation) & 0xffff < 0x8000
        bound, ended = self.acknowledged()
        return sorted(h for h, (g, s) in bound.items() if not has(table.get(h), g, s)) + sorted(h for h in ended if h in table)

    def log(self):
        """Arrivals up to now, as (prefix of flow's files, [member of each])."""
        prefix = self.net.dir / f"fleet-{self.family}"
        self.ask("log", prefix)
        return prefix, array.array("q", prefix.with_name(prefix.name + ".via").read_bytes())


class Crowd:
    """Traffic between the correspondent node and all mobiles of a fleet."""

    def __init__(self, fleet, rate_pps=4000):
        facts = fleet.facts
        self.fleet, self.rate_pps = fleet, rate_pps
        self.fixed = witness.FlowEnd(fleet.net, "cn", facts["correspondent"], fleet.home_address(0), rate_pps, peers=fleet.count)
        fleet.send(rate_pps)

    @property
    def received(self):
        return self.fixed.received

    @staticmethod
    def now():
        return time.monotonic_ns()

    def wait_reached(self, since_ns, seconds=10):
        """Until each mobile has had a packet that was sent since then."""
        netmod.wait_for(lambda: self.fleet.reached(since_ns) == self.fleet.count, seconds, "a packet at every mobile")

    def finish(self):
        """Stops and returns (down, up) as witness.Direction."""
        self.fleet.send(0)
        self.fixed.pause()
        seen = [-1]

        def quiet():
            now, before = (len(self.fixed.lines) // 4, self.fixed.received, self.fleet.reached(0)), seen[0]
            seen[0] = now
            return before != -1 and before[0] != now[0] and before[1:] == now[1:]
        netmod.wait_for(quiet, 10, "the end of the traffic")
        self.fixed.stop()
        prefix, self.via = self.fleet.log()
        return witness.Direction(self.fixed.prefix, prefix), witness.Direction(prefix, self.fixed.prefix)

    def heard_from(self, up, since_ns):
        """Mobiles of which a packet arrived that was sent since then. up: of finish()."""
        return {seq % self.fleet.count for seq, tx in zip(up.seq, up.rx_tx) if tx >= since_ns}
