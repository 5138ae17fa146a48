# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of mobility managers share: hosts around one router, each a namespace of its own, the daemons there, and those who ask
(tests/e2e/asker.py)."""
import failure
from asker import Asker
from roamlab import net as netmod
from roamlab import roamd
from roamlab.conf import key_hex
from roamlab.topo import Cable, Node, Port, Topology


class Star:
    """Hosts by name, numbered from 1; the number is in a host's addresses."""

    def __init__(self, *names):
        self.numbers = {name: n for n, name in enumerate(names, 1)}

    def address(self, name, family="ipv6"):
        n = self.numbers[name]
        return f"2001:db8:{n}::2" if family == "ipv6" else f"10.{n}.0.2"

    def host(self, name, **kw):
        n = self.numbers[name]
        return Node(name, routes=[("default", f"2001:db8:{n}::1"), ("default", f"10.{n}.0.1")], **kw)

    def topology(self, name, *managers):
        """The managers' nodes, and plain ones for the other hosts."""
        def cable(host, n):
            return Cable(Port(host, "eth0", [f"2001:db8:{n}::2/64", f"10.{n}.0.2/24"]), Port("core", host, [f"2001:db8:{n}::1/64", f"10.{n}.0.1/24"]))
        plain = [self.host(h) for h in self.numbers if h not in {m.name for m in managers}]
        return Topology(name, [*managers, Node("core", forwards=True), *plain], [cable(h, n) for h, n in self.numbers.items()]).check()


class Lab:
    """The running network. agents: {host: its number as an agent}."""

    def __init__(self, star, topology, agents):
        self.star, self.net, self.agents = star, netmod.Net(topology), agents
        self.askers, self.daemons = [], {}

    def __enter__(self):
        self.net.build()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.daemons = roamd.start_all(self.net)

    def stop(self):
        """Ends what runs; returns what was wrong with it."""
        return [fault for d in self.daemons.values() if (fault := d.stop())]

    def __exit__(self, *_):
        for a in self.askers:
            a.close()
        faults = self.stop()
        self.net.close()
        assert not faults, "\n".join(faults)

    def asker(self, node, manager="mm1", family="ipv6", key=None):
        a = Asker(self.net, node, self.star.address(node, family), self.star.address(manager, family), self.agents[node], key or key_hex(f"{node}-key"))
        self.askers.append(a)
        return a

    def device(self, *words, on="mm1", check=True):
        return self.daemons[on].ctl("device", *words, check=check)

    @property
    def received(self):
        return sum(a.received for a in self.askers)


def watch(request, lab):
    """For a fixture to yield from: what an agent received of a manager, over the network, counts as moved."""
    before = lab.received
    yield lab
    failure.tell(request, lambda: "\n".join(f"--- roamd on {n}:\n{d.tail(20)}" for n, d in lab.daemons.items()))
    while lab.askers:
        a = lab.askers.pop()
        before -= a.received
        a.close()
    request.node.packets_moved = -before
