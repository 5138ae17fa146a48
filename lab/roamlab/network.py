# SPDX-License-Identifier: BSD-2-Clause
"""A world in which the network moves the mobile (topo.network): its record in the manager, the agents' ears, and who is in its group."""
import json
import pathlib
import re
import socket
import sys

from . import topo, witness
from .ears import Ears
from .numbers import HOME_ADDRESS, HOME_ADDRESS4, HOME_AGENT, HOME_AGENT4
from .world import World

VOICE_PORT = 4000


def exchange(daemon, **request):
    """A request on the control socket, as roamctl sends it: the lines of its answer."""
    lines = []
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(daemon.dir / "run" / "roamd.sock"))
        sock.sendall(json.dumps(request).encode() + b"\n")
        for line in sock.makefile():
            lines.append(json.loads(line))
            if lines[-1].get("end"):
                return lines
    raise RuntimeError("no answer")


def echoes(text):
    """What ping wrote in the end: (sent, answered)."""
    return tuple(map(int, re.search(r"(\d+) packets transmitted, (\d+) received", text).groups()))


def by_hand(world, groups):
    """The home agent is a program of the laboratory. Its raw sockets would see checksums that the mobile's kernel left to a device."""
    world.net.run("mn", "ethtool", "-K", "w0", "tx", "off", "tso", "off", "gso", "off")
    homes = {"ipv6": (HOME_ADDRESS, HOME_AGENT), "ipv4": (HOME_ADDRESS4, HOME_AGENT4)}
    mobiles = [f"{homes[f][0]}={g}={homes[f][1]}" for f, g in groups.items()]
    world.watch(witness.Reader, "ha", [sys.executable, pathlib.Path(__file__).with_name("caster.py"), "d1", *mobiles])


class NetworkWorld(World):
    """policy: "all" (a soft radio) or "serving" (a hard one, without any cell for outage_s at each handover). home: program that plays the home agent
    in place of roamd: `home(world, groups)` starts it, when the mobile's groups are known. aliases: more identifiers of the mobile's;
    record: words of its record."""

    def __init__(self, policy="all", outage_s=0.05, family="dual", identity="", home=None, aliases=(), record="lladdr-enough=yes", topology=None, **kw):
        topology = topology or topo.network(family=family, **kw)
        if home:
            topology.node("ha").roamd = ""
        super().__init__(topology)
        self.home, self.aliases, self.record = home, list(aliases), record
        self.policy, self.gap_s, self.family, self.identity = policy, outage_s, family, identity
        self.ears = None

    def __enter__(self):
        super().__enter__()
        try:
            self.provision()
            if self.home:
                self.home(self, self.groups())
            self.ears = Ears(self.net, is_soft=self.policy == "all", outage_s=self.gap_s, identity=self.identity).start()
        except BaseException:
            self.close()
            raise
        return self

    def close(self):
        if self.ears:
            self.ears.stop()
            self.ears = None
        super().close()

    @property
    def agents(self):
        return {c.name: self.daemons[c.router.node] for c in self.net.topo.cells}

    def provision(self):
        """The mobile's record."""
        homes = [a for f, a in (("ipv6", HOME_ADDRESS + "/64"), ("ipv4", HOME_ADDRESS4 + "/24")) if self.family in (f, "dual")]
        identifiers = [f"eui48:{self.net.lladdr['mn', 'w0']}"] + ([self.identity] if self.identity else []) + self.aliases
        words = identifiers + [f"home={h}" for h in homes] + [f"policy={self.policy}", f"voice-port={VOICE_PORT}", self.record]
        self.device("add", *words)

    def device(self, verb, *words):
        """A command of the operator's about a record."""
        answer = exchange(self.daemons["mm"], cmd="ctl", args=["device", verb, " ".join(words)])
        if answer[-1]["error"]:
            raise RuntimeError(f"the manager: {answer[-1]['error']}")

    def ping(self, node, target, count=1, patience_s=2, source=None):
        """How many echo requests were answered."""
        more = ["-I", source] if source else []
        words = self.net.run(node, "ping", "-n", "-W", patience_s, "-i", "0.1", "-c", count, *more, target, check=False)
        answered = echoes(words)[1]
        self.packets_moved += answered
        return answered

    def wait_reached(self, family, seconds=15):
        """Until the correspondent node's echo request is answered: the home agent hears of the mobile by a packet to it."""
        home = self.facts["families"][family]["home_address"]
        self.wait(lambda: self.ping("cn", home, patience_s=1), f"{home} to be reached", seconds)

    def groups(self):
        """{family: group} of the mobile, as the manager has it."""
        record = exchange(self.daemons["mm"], cmd="show", what="devices")[0]
        return {f: record[k] for f, k in (("ipv6", "group_v6"), ("ipv4", "group_v4")) if record.get(k)}

    def guests(self):
        """The cells whose agents have the mobile as their guest, and whether they deliver."""
        found = {name: d.show("guests") for name, d in self.agents.items()}
        return {name: records[0]["delivers"] for name, records in found.items() if records}

    def wait_guest(self, *cells, seconds=10):
        self.wait(lambda: set(self.guests()) == set(cells), lambda: f"guest at {cells}, not at {self.guests()}", seconds)
