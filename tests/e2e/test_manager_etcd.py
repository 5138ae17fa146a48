# SPDX-License-Identifier: BSD-2-Clause
"""Mobility managers that share a store: a cluster of three etcd, each a process in a namespace of its own (D-2, D-3, D-12).

    mm1 --+          +-- db1
          +-- core --+-- db2
    mm2 --+     |    +-- db3
                fa      agent 1, by identifier"""
import json

import pytest
from asker import FOUND, NOT_FOUND, Asker
from roamlab import net as netmod
from roamlab import roamd
from roamlab.conf import key_block, key_hex, keys
from roamlab.etcd import Cluster
from roamlab.topo import Cable, Node, Port, Topology

HOSTS = {"mm1": 1, "mm2": 2, "fa": 3, "db1": 4, "db2": 5, "db3": 6}
MANAGERS, STORES = ("mm1", "mm2"), ("db1", "db2", "db3")


def address(node, family="ipv6"):
    return f"2001:db8:{HOSTS[node]}::2" if family == "ipv6" else f"10.{HOSTS[node]}.0.2"


def manager(name):
    """IPv4 groups are few, so that two managers try the same; db3 is reached over IPv4."""
    text = key_block("fa-key", 300) + 'role mm {\n  source = {"2001:db8:3::2", "10.3.0.2"}\n  group-prefix-v4 = "232.128.0.0/24"\n  request-rate = 0\n'
    text += f'  store "etcd" {{ endpoints = {{"http://[{address("db1")}]:2379", "http://[{address("db2")}]:2379", "http://{address("db3", "ipv4")}:2379"}}\n'
    text += '    request-timeout = 1000  give-up = 10000  probe = 200 }\n  agent "1" { key = "fa-key" }\n}\n'
    return Node(name, routes=routes(name), roamd=text, keys=keys("fa-key"))


def routes(name):
    return [("default", f"2001:db8:{HOSTS[name]}::1"), ("default", f"10.{HOSTS[name]}.0.1")]


def topology():
    def cable(name):
        n = HOSTS[name]
        return Cable(Port(name, "eth0", [f"2001:db8:{n}::2/64", f"10.{n}.0.2/24"]), Port("core", name, [f"2001:db8:{n}::1/64", f"10.{n}.0.1/24"]))
    plain = [Node(h, routes=routes(h)) for h in ("fa", *STORES)]
    return Topology("shared-store", [manager("mm1"), manager("mm2"), Node("core", forwards=True), *plain], [cable(h) for h in HOSTS]).check()


class Lab:
    def __init__(self):
        self.net = netmod.Net(topology())
        self.askers, self.daemons, self.faults, self.store = [], {}, [], None

    def __enter__(self):
        self.net.build()
        try:
            self.store = Cluster(self.net, {n: address(n, "ipv4" if n == "db3" else "ipv6") for n in STORES}).start()
            self.daemons = roamd.start_all(self.net)
            for name in MANAGERS:
                self.wait_followed(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for a in self.askers:
            a.close()
        self.faults += [fault for d in self.daemons.values() if (fault := d.stop())]
        if self.store:
            self.store.stop()
        self.net.close()
        assert not self.faults, "\n".join(self.faults)

    def asker(self, manager="mm1", family="ipv6"):
        a = Asker(self.net, "fa", address("fa", family), address(manager, family), 1, key_hex("fa-key"))
        self.askers.append(a)
        return a.open()

    def device(self, on, *words, check=True):
        return self.daemons[on].ctl("device", *words, check=check)

    def status(self, on):
        return next(r for r in self.daemons[on].show("status") if r.get("role") == "mm")

    def shared(self, on):
        return next(r for r in self.daemons[on].show("store") if r.get("kind") == "etcd")

    def wait_followed(self, name):
        netmod.wait_for(lambda: self.status(name)["store"] == "followed" and self.shared(name)["state"] == "up", 30, f"{name} to follow the store")

    def devices(self, on):
        return [json.loads(line) for line in self.daemons[on].ctl("--json", "device", "list").splitlines()]

    @property
    def received(self):
        return sum(a.received for a in self.askers)


@pytest.fixture(scope="module")
def module_lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(module_lab, request):
    """What an agent received of a manager, over the network, counts as moved."""
    before = module_lab.received
    yield module_lab
    if request.node.report_call.failed:
        print("\n".join(f"--- roamd on {n}:\n{d.tail(20)}" for n, d in module_lab.daemons.items()))
    while module_lab.askers:
        a = module_lab.askers.pop()
        before -= a.received
        a.close()
    request.node.packets_moved = -before


@pytest.mark.requirement("D-3", "D-12")
def test_what_one_is_told_all_know(lab):
    """Added, changed and removed at one; the other answers so, and tells those who asked."""
    two = lab.asker("mm2")
    assert two.ask("imsi:310150123456789")[0] == NOT_FOUND
    lab.device("mm1", "add", "imsi:310150123456789", "nai:bob@example.org", "home=10.9.0.5/24", "home=2001:db8:9::5/64")
    status, record = two.change("imsi:310150123456789")
    assert status == FOUND and record["home4"] == "10.9.0.5" and record["group4"].startswith("232.128.0.")
    assert two.ask("nai:bob@example.org") == (FOUND, record)
    lab.device("mm2", "set", "nai:bob@example.org", "voice-port=4000")
    one = lab.asker("mm1", "ipv4")
    netmod.wait_for(lambda: one.ask("imsi:310150123456789")[1]["voice_port"] == 4000, 10, "the change at the first manager")
    assert one.ask("imsi:310150123456789")[1]["group4"] == record["group4"]
    with pytest.raises(RuntimeError, match="another device has this identifier"):
        lab.device("mm2", "add", "nai:bob@example.org", "home=10.9.0.6/24")
    lab.device("mm2", "remove", "imsi:310150123456789")
    netmod.wait_for(lambda: one.ask("nai:bob@example.org")[0] == NOT_FOUND, 10, "the removal at the first manager")
