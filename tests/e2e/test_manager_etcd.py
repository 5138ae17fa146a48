# SPDX-License-Identifier: BSD-2-Clause
"""Mobility managers that share a store: a cluster of three etcd, each a process in a namespace of its own (D-2, D-3, D-12).

    mm1 --+          +-- db1
          +-- core --+-- db2
    mm2 --+     |    +-- db3
                fa      agent 1, by identifier"""
import json
import subprocess
import time

import manager_scene
import pytest
from asker import FOUND, NOT_FOUND
from roamlab import net as netmod
from roamlab import netns, roamd
from roamlab.conf import key_block, keys
from roamlab.etcd import Cluster

MANAGERS, STORES = ("mm1", "mm2"), ("db1", "db2", "db3")
STAR = manager_scene.Star(*MANAGERS, "fa", *STORES)


def manager(name, give_up_ms=25000):
    """IPv4 groups are few, so that two managers try the same; db3 is reached over IPv4; a change outwaits elections."""
    text = key_block("fa-key", 300) + 'role mm {\n  source = {"2001:db8:3::2", "10.3.0.2"}\n  group-prefix-v4 = "232.128.0.0/24"\n  request-rate = 0\n'
    text += f'  store "etcd" {{ endpoints = {{"http://[{STAR.address("db1")}]:2379", "http://[{STAR.address("db2")}]:2379", "http://{STAR.address("db3", "ipv4")}:2379"}}\n'
    text += f'    request-timeout = 1000  give-up = {give_up_ms}  probe = 200 }}\n  agent "1" {{ key = "fa-key" }}\n}}\n'
    return STAR.host(name, roamd=text, keys=keys("fa-key"))


class Lab(manager_scene.Lab):
    def __init__(self):
        super().__init__(STAR, STAR.topology("shared-store", *map(manager, MANAGERS)), {"fa": 1})
        self.store = None

    def start(self):
        self.store = Cluster(self.net, {n: STAR.address(n, "ipv4" if n == "db3" else "ipv6") for n in STORES}).start()
        super().start()
        for name in MANAGERS:
            self.wait_followed(name)

    def stop(self):
        faults = super().stop()
        if self.store:
            self.store.stop()
        return faults

    def agent(self, manager="mm1", family="ipv6"):
        """One that asks this manager, ready to."""
        return self.asker("fa", manager, family).open()

    def status(self, on):
        return next(r for r in self.daemons[on].show("status") if r.get("role") == "mm")

    def shared(self, on):
        return next(r for r in self.daemons[on].show("store") if r.get("kind") == "etcd")

    def patience(self, on, give_up_ms):
        """Until this manager refuses a change, or takes the store for lost."""
        d = self.daemons[on]
        d.node.roamd = manager(on, give_up_ms).roamd
        roamd.write_files(self.net, d.node)
        d.ctl("reload")

    def wait_followed(self, name):
        netmod.wait_for(lambda: self.status(name)["store"] == "followed" and self.shared(name)["state"] == "up", 30, f"{name} to follow the store")

    def devices(self, on):
        return [json.loads(line) for line in self.daemons[on].ctl("--json", "device", "list").splitlines()]


@pytest.fixture(scope="module")
def module_lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(module_lab, request):
    yield from manager_scene.watch(request, module_lab)


@pytest.mark.requirement("D-3", "D-12")
def test_what_one_is_told_all_know(lab):
    """Added, changed and removed at one; the other answers so, and tells those who asked."""
    two = lab.agent("mm2")
    assert two.ask("imsi:310150123456789")[0] == NOT_FOUND
    lab.device("add", "imsi:310150123456789", "nai:bob@example.org", "home=10.9.0.5/24", "home=2001:db8:9::5/64", on="mm1")
    status, record = two.change("imsi:310150123456789")
    assert status == FOUND and record["home4"] == "10.9.0.5" and record["group4"].startswith("232.128.0.")
    assert two.ask("nai:bob@example.org") == (FOUND, record)
    lab.device("set", "nai:bob@example.org", "voice-port=4000", on="mm2")
    one = lab.agent("mm1", "ipv4")
    netmod.wait_for(lambda: one.ask("imsi:310150123456789")[1]["voice_port"] == 4000, 10, "the change at the first manager")
    assert one.ask("imsi:310150123456789")[1]["group4"] == record["group4"]
    with pytest.raises(RuntimeError, match="another device has this identifier"):
        lab.device("add", "nai:bob@example.org", "home=10.9.0.6/24", on="mm2")
    lab.device("remove", "imsi:310150123456789", on="mm2")
    netmod.wait_for(lambda: one.ask("nai:bob@example.org")[0] == NOT_FOUND, 10, "the removal at the first manager")


def importer(lab, on, first, count):
    """A process that imports so many devices."""
    csv = lab.net.dir / f"{on}.csv"
    csv.write_text("imsi,home\n" + "".join(f"31015000000{n:04d},10.9.{n // 256}.{n % 256}\n" for n in range(first, first + count)))
    return netns.popen(lab.net.ns(on), [roamd.ROAMCTL, "-s", lab.daemons[on].dir / "run" / "roamd.sock", "device", "import", csv],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.requirement("D-3")
def test_two_managers_give_no_group_twice(lab):
    """250 of 256 IPv4 groups, by both at once."""
    procs = [importer(lab, name, 1 + 125 * i, 125) for i, name in enumerate(MANAGERS)]
    for p in procs:
        out = p.communicate(timeout=60)[0]
        assert "125 devices imported, 0 refused" in out, out
    netmod.wait_for(lambda: all(lab.status(m)["devices"] == 250 for m in MANAGERS), 10, "all devices at both")
    lists = [{r["id"]: (r["group_v4"], r["group_v6"]) for r in lab.devices(m)} for m in MANAGERS]
    assert lists[0] == lists[1]
    for family in range(2):
        assert len({groups[family] for groups in lists[0].values()}) == 250
    print("conflicts:", [lab.status(m)["store_conflicts"] for m in MANAGERS])
    agent = lab.agent("mm2")
    for n in (1, 126, 250):
        status, record = agent.ask(f"imsi:31015000000{n:04d}")
        assert status == FOUND and record["group4"] == lists[0][f"imsi:31015000000{n:04d}"][0]


class Agent:
    """Asks one manager, and the other when there is no answer in time, in turn until there is one."""
    RETRY_S = 0.3

    def __init__(self, lab):
        self.askers = [lab.agent("mm1"), lab.agent("mm2", "ipv4")]
        self.n, self.again, self.longest = 0, 0, 0.0

    def ask(self, subject):
        begin = time.monotonic()
        self.n += 1
        while True:
            answer = self.askers[0].ask(subject, self.RETRY_S)
            self.longest = max(self.longest, time.monotonic() - begin)
            if answer:
                return answer
            self.again += 1
            assert time.monotonic() - begin < 10 * netmod.PATIENCE, "no manager answers"
            self.askers.reverse()

    def stream(self, count):
        for n in range(count):
            assert self.ask(f"imsi:31015000000{n % 250 + 1:04d}")[0] == FOUND

    def __str__(self):
        return f"{self.n} questions, {self.again} asked again, longest {self.longest * 1e3:.0f} ms"


@pytest.mark.requirement("D-12")
def test_a_manager_dies_under_questions(lab):
    agent = Agent(lab)
    agent.stream(100)
    lab.daemons["mm1"].kill()
    agent.stream(200)
    assert agent.again >= 1
    lab.daemons["mm1"].start()
    lab.wait_followed("mm1")
    assert lab.status("mm1")["devices"] == 250
    netmod.wait_for(lambda: lab.askers[0].ask("imsi:310150000000001", 0.3), 20, "an answer of the manager that came back")
    print(agent)


@pytest.mark.requirement("D-12")
def test_the_leader_of_the_store_dies(lab):
    """Questions are answered as before; changes wait for the election, none is refused."""
    agent = Agent(lab)
    agent.stream(10)
    leader = lab.store.leader
    leader.kill()
    adding = [netns.popen(lab.net.ns("mm2"), [roamd.ROAMCTL, "-s", lab.daemons["mm2"].dir / "run" / "roamd.sock", "device", "set",
                                             f"imsi:31015000000{n:04d}", f"voice-port={4000 + n}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
              for n in range(1, 6)]
    while any(p.poll() is None for p in adding):
        agent.stream(1)
    assert [p.communicate()[0] for p in adding] == [""] * 5
    netmod.wait_for(lambda: agent.askers[0].ask("imsi:310150000000005")[1]["voice_port"] == 4005, 20, "the change at the other manager")
    leader.start(lab.store.members)
    netmod.wait_for(leader.status, 30, "the member to be back")
    print(agent)


@pytest.mark.requirement("D-12")
def test_a_manager_is_cut_off_from_the_store(lab):
    """It answers from what it knows and refuses changes; the history that it has missed is forgotten meanwhile, and it reads everything anew."""
    lab.patience("mm1", 2000)
    one, two = lab.agent("mm1"), lab.agent("mm2", "ipv4")
    compacted = lab.shared("mm1")["compacted"]
    netns.run(lab.net.ns("core"), ["nft", 'table inet cut { chain f { type filter hook forward priority 0; iifname "mm1" oifname "db*" '
                                   'meta l4proto tcp reject with tcp reset; iifname "db*" oifname "mm1" meta l4proto tcp reject with tcp reset; }; }'])
    try:
        with pytest.raises(RuntimeError, match="the managers' store did not confirm it|the managers' store does not answer"):
            lab.device("remove", "imsi:310150000000007", on="mm1")
        lab.device("remove", "imsi:310150000000009", on="mm2")
        lab.device("set", "imsi:310150000000010", "voice-port=5000", on="mm2")
        assert one.ask("imsi:310150000000009")[0] == FOUND and two.ask("imsi:310150000000009")[0] == NOT_FOUND
        netmod.wait_for(lambda: lab.shared("mm1")["state"] == "down", 20, "the manager to know that it is cut off")
        with pytest.raises(RuntimeError, match="the managers' store does not answer, or has lost its majority"):
            lab.device("set", "imsi:310150000000010", "voice-port=1", on="mm1")
        lab.store.members[0].ctl("compact", str(lab.shared("mm2")["revision"]))
    finally:
        netns.run(lab.net.ns("core"), ["nft", "delete table inet cut"])
    netmod.wait_for(lambda: lab.shared("mm1")["state"] == "up", 30, "the manager to reach the store again")
    netmod.wait_for(lambda: one.ask("imsi:310150000000009")[0] == NOT_FOUND, 30, "the manager to learn what it missed")
    assert one.ask("imsi:310150000000010")[1]["voice_port"] == 5000
    assert lab.shared("mm1")["compacted"] > compacted
    lab.patience("mm1", 25000)
    lab.device("set", "imsi:310150000000010", "voice-port=5001", on="mm1")
    netmod.wait_for(lambda: two.ask("imsi:310150000000010")[1]["voice_port"] == 5001, 10, "a change after the cut")
