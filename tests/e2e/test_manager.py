# SPDX-License-Identifier: BSD-2-Clause
"""Mobility managers and those who ask, each a process of its own in a namespace of its own (D-2, D-3, D-4, D-12). The agents are tests/e2e/asker.py,
an implementation of the datagrams that shares nothing with ours; foreign agents and home agents of ours ask in test_network_moves.py.

    mm1 --+
          +-- core -- fa   agent 1, by identifier
    mm2 --+     |---- ha   agent 2, by home address
                +---- rogue   has no key"""
import json
import statistics
import subprocess
import sys
import time

import manager_scene
import pytest
from asker import DENIED, FOUND, NOT_FOUND
from roamlab import net as netmod
from roamlab import netns
from roamlab.conf import key_block, key_hex, keys

STAR = manager_scene.Star("mm1", "mm2", "fa", "ha", "rogue")
AGENTS = {"fa": 1, "ha": 2}
IDS = ["imsi:310150123456789", "min:3214567890", "esn:82ABCDEF", "meid:AF0123450ABCDE", "imei:490154203237518", "eui48:02:00:00:00:00:01",
       "eui64:02:00:00:ff:fe:00:00:02", "nai:bob@example.org"]


def manager(name):
    text = "".join(key_block(f"{a}-key", 300 + n) for a, n in AGENTS.items())
    text += 'role mm {\n  source = {"2001:db8:4::2", "10.4.0.2"}\n  push-again = 100\n  request-rate = 0\n  answer-lifetime = 60\n'
    text += '  agent "1" { key = "fa-key"  may-ask = device }\n  agent "2" { key = "ha-key"  may-ask = address  prefix = {"10.1.0.0/16", "2001:db8:100::/48"} }\n}\n'
    return STAR.host(name, roamd=text, keys=keys("fa-key", "ha-key"))


class Lab(manager_scene.Lab):
    def __init__(self):
        super().__init__(STAR, STAR.topology("managers", manager("mm1"), manager("mm2")), AGENTS)

    def counter(self, name, on="mm1"):
        return next(r[name] for r in self.daemons[on].show("counters") if r.get("record") == "engine")


@pytest.fixture(scope="module")
def module_lab():
    with Lab() as lab:
        for name in ("mm1", "mm2"):
            lab.device("add", *IDS, "home=10.1.0.5/24", "home=2001:db8:100::5/64", "policy=serving", "voice-port=4000", on=name)
        yield lab


@pytest.fixture
def lab(module_lab, request):
    yield from manager_scene.watch(request, module_lab)


@pytest.mark.requirement("D-2", "D-3", "D-12")
@pytest.mark.parametrize("family", ("ipv6", "ipv4"))
def test_every_identifier_leads_to_the_group(lab, family):
    fa = lab.asker("fa", family=family).open()
    answers = [fa.ask(i) for i in IDS]
    assert all(a and a[0] == FOUND for a in answers), answers
    groups = {(a[1]["group6"], a[1]["group4"]) for a in answers}
    assert len(groups) == 1
    six, four = groups.pop()
    assert six.startswith("ff38:") and four.startswith("232.")
    record = answers[0][1]
    assert (record["home6"], record["home4"], record["source6"], record["source4"]) == ("2001:db8:100::5", "10.1.0.5", "2001:db8:4::2", "10.4.0.2")
    assert record["policy"] == 1 and record["voice_port"] == 4000
    assert fa.ask("imsi:310150123456780")[0] == NOT_FOUND
    assert fa.ask("10.1.0.5")[0] == DENIED


@pytest.mark.requirement("D-4", "D-12")
@pytest.mark.parametrize("family", ("ipv6", "ipv4"))
def test_a_home_address_leads_to_the_group(lab, family):
    ha = lab.asker("ha", family=family).open()
    fa = lab.asker("fa", family=family).open()
    want = fa.ask(IDS[0])[1]
    for home in ("10.1.0.5", "2001:db8:100::5"):
        status, record = ha.ask(home)
        assert status == FOUND and record["group6"] == want["group6"] and record["group4"] == want["group4"]
    assert ha.ask("10.1.0.6")[0] == NOT_FOUND
    assert ha.ask("10.2.0.5")[0] == DENIED        # outside its prefixes
    assert ha.ask(IDS[0])[0] == DENIED


@pytest.mark.requirement("D-3")
def test_no_two_devices_have_one_group(lab):
    """Imported from a file of each kind; each asked for over the network."""
    csv = lab.net.dir / "devices.csv"
    csv.write_text("imsi,home,policy\n" + "".join(f"31015000000{i:04d},10.1.1.{i},all\n" for i in range(1, 101)) + "12,10.1.2.1,all\n")
    out = lab.device("import", str(csv), check=False)
    assert "100 devices imported, 1 refused" in out
    saved = lab.net.dir / "devices.json"
    saved.write_text(lab.daemons["mm1"].ctl("--json", "device", "list"))
    assert "101 devices imported, 0 refused" in lab.device("import", str(saved))
    fa = lab.asker("fa").open()
    answers = [fa.ask(f"imsi:31015000000{i:04d}") for i in range(1, 101)]
    assert all(a and a[0] == FOUND for a in answers)
    assert len({a[1]["group6"] for a in answers}) == len({a[1]["group4"] for a in answers}) == 100
    for line in saved.read_text().splitlines():
        lab.device("remove", json.loads(line)["id"]) if "31015000" in line else None
    assert fa.ask("imsi:310150000000001")[0] == NOT_FOUND


@pytest.mark.requirement("D-3", "D-4")
def test_changes_are_told_to_those_who_asked(lab):
    fa, ha = lab.asker("fa").open(), lab.asker("ha").open()
    assert fa.ask(IDS[0])[0] == FOUND and ha.ask("10.1.0.5")[0] == FOUND
    lab.device("set", IDS[1], "voice-port=5000")
    assert fa.change(IDS[0])[1]["voice_port"] == 5000
    assert ha.change("10.1.0.5", acknowledges=False)[1]["voice_port"] == 5000
    assert ha.change("10.1.0.5")[1]["voice_port"] == 5000       # once more: it was not acknowledged
    assert fa.change(IDS[0], 0.5) is None and ha.change("10.1.0.5", 0.5) is None
    lab.device("set", IDS[0], "home=10.1.0.6/24")
    assert ha.change("10.1.0.5")[0] == NOT_FOUND and fa.change(IDS[0])[1]["home4"] == "10.1.0.6"
    lab.device("set", IDS[0], "home=10.1.0.5/24", "voice-port=4000")
    assert fa.change(IDS[0])[1]["voice_port"] == 4000 and ha.change("10.1.0.5")[0] == FOUND
    assert fa.wrong == ha.wrong == 0


@pytest.mark.requirement("D-12")
def test_wrong_keys_and_repetition_change_nothing(lab):
    wrong = lab.asker("ha", key=key_hex("another"))
    bad = lab.counter("auth-bad")
    assert wrong.ask("10.1.0.5", 0.3) is None
    netmod.wait_for(lambda: lab.counter("auth-bad") > bad, 5, "the wrong key to be counted")
    wrong.close()
    fa = lab.asker("fa").open()
    assert fa.ask(IDS[0])[0] == FOUND
    old, seen = fa.sent, lab.counter("mm-replay")
    fa.sock.sendto(old, (fa.manager, 4341))
    netmod.wait_for(lambda: lab.counter("mm-replay") > seen, 5, "the repetition to be counted")
    assert not fa.answers(0.3)


STORM = """
import os, socket, struct, sys, time
to, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind((sys.argv[4], 4341))
body = struct.pack(">BBBBIIQQ", 1, 34, 0, 0, 1, 0, 7, 0) + struct.pack(">HHIIHHB8s", 34, 8, 1, 0x01000000, 35, 9, 3, bytes.fromhex("310150123456789f"))
begin, n = time.monotonic(), 0
while (t := time.monotonic() - begin) < seconds:
    while n < t * rate:
        s.sendto(body + os.urandom(16), (to, 4341))
        n += 1
    time.sleep(0.001)
print(n)
"""


@pytest.mark.requirement("D-12")
def test_a_storm_without_the_key_does_not_matter(lab):
    """10,000 questions a second with wrong authenticators, and those who have a key are answered as before."""
    fa = lab.asker("fa").open()
    bad, before = lab.counter("auth-bad"), lab.daemons["mm1"].show("status")
    storm = netns.popen(lab.net.ns("rogue"), [sys.executable, "-c", STORM, STAR.address("mm1"), "10000", "3", STAR.address("rogue")], stdout=subprocess.PIPE)
    times = []
    while storm.poll() is None:
        begin = time.monotonic()
        assert fa.ask(IDS[len(times) % len(IDS)])[0] == FOUND
        times.append(time.monotonic() - begin)
        time.sleep(0.002)
    sent = int(storm.communicate()[0])
    netmod.wait_for(lambda: lab.counter("auth-bad") - bad >= sent * 0.9, 5, "the storm to be counted")
    print(f"{sent} wrong datagrams; {len(times)} questions, median {statistics.median(times) * 1e3:.2f} ms, longest {max(times) * 1e3:.1f} ms")
    assert sent >= 20000 and statistics.median(times) < 0.05
    after = lab.daemons["mm1"].show("status")
    for name in ("devices", "groups_v4", "groups_v6"):
        assert [r[name] for r in before if name in r] == [r[name] for r in after if name in r]


@pytest.mark.requirement("D-12")
def test_a_manager_dies_and_comes_back(lab):
    """kill -9: the other answers meanwhile, and what was known is known again, with the same groups."""
    one, two = lab.asker("fa").open(), lab.asker("fa", "mm2", "ipv4").open()
    was = one.ask(IDS[0])[1]
    lab.daemons["mm1"].kill()
    assert one.ask(IDS[0], 0.3) is None
    assert two.ask(IDS[0])[0] == FOUND
    lab.daemons["mm1"].start()
    now = netmod.wait_for(lambda: one.ask(IDS[0], 0.3), 10, "an answer of the manager that came back")
    assert now == (FOUND, was)


def test_a_manager_is_cut_off(lab):
    """No answer while it is, all of it behind: no epoch has to be proven again."""
    fa = lab.asker("fa").open()
    assert fa.ask(IDS[0])[0] == FOUND
    netns.run(lab.net.ns("core"), ["ip", "link", "set", "mm1", "down"])
    try:
        assert fa.ask(IDS[0], 0.3) is None
    finally:
        netns.run(lab.net.ns("core"), ["ip", "link", "set", "mm1", "up"])
    netns.run(lab.net.ns("core"), ["ip", "-6", "address", "replace", "2001:db8:1::1/64", "dev", "mm1", "nodad"])
    netmod.wait_for(lambda: fa.ask(IDS[0], 0.3), 15, "an answer after the cut")
