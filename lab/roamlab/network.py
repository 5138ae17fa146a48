# SPDX-License-Identifier: BSD-2-Clause
"""A world in which the network moves the mobile (topo.network): its record in the manager, the agents' ears, and who is in its group."""
from . import topo
from .ears import Ears
from .numbers import HOME_ADDRESS, HOME_ADDRESS4
from .world import World

VOICE_PORT = 4000


class NetworkWorld(World):
    """policy: "all" (a soft radio) or "serving" (a hard one, without any cell for outage_s at each handover)."""

    def __init__(self, policy="all", outage_s=0.05, family="dual", identity="", **kw):
        super().__init__(topo.network(family=family, **kw))
        self.policy, self.gap_s, self.family, self.identity = policy, outage_s, family, identity
        self.ears = None

    def __enter__(self):
        super().__enter__()
        try:
            self.provision()
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
        homes = [a for f, a in (("ipv6", HOME_ADDRESS), ("ipv4", HOME_ADDRESS4)) if self.family in (f, "dual")]
        identifiers = [f"eui48:{self.net.lladdr['mn', 'w0']}"] + ([self.identity] if self.identity else [])
        words = [w for i in identifiers for w in ("identifier", i)] + [w for h in homes for w in ("home", h)]
        self.daemons["mm"].ctl("device", "add", *words, "policy", self.policy, "voice-port", VOICE_PORT, "link-layer-identity", "yes")

    def guests(self):
        """The cells whose agents have the mobile as their guest, and whether they deliver."""
        found = {name: d.show("guests") for name, d in self.agents.items()}
        return {name: records[0]["delivers"] for name, records in found.items() if records}

    def wait_guest(self, *cells, seconds=10):
        self.wait(lambda: set(self.guests()) == set(cells), f"guest at {cells}, not at {self.guests()}", seconds)
