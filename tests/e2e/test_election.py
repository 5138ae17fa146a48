# SPDX-License-Identifier: BSD-2-Clause
"""Who of a redundancy group is active, in the ways that test_redundancy.py does not go: HSRP by roamd itself, somebody else's keepalived,
and VRRP with three capabilities. The network is drawn in lab/roamlab/redundant.py; few mobiles, both families."""
import json
import pathlib
import re
import subprocess

import failure
import pytest
from roamlab import net as netmod
from roamlab import netns, redundant, roamd
from roamlab.group import Group
from roamlab.numbers import HOME_AGENT, HOME_AGENT4
from test_capabilities import ENOUGH, capabilities, confined

MOBILES = 20


def running(**kw):
    with Group(count=MOBILES, members=2, family="dual", **kw) as g:
        for fleet in g.fleets.values():
            fleet.register()
        g.wait_equal()
        yield g


@pytest.fixture(scope="module")
def hsrp():
    yield from running(more='  protocol = hsrp  advertise = 100  hsrp-key = "fleet"\n')


@pytest.fixture(scope="module")
def vrrp():
    """Every process of the members has three capabilities and no way to more."""
    with pytest.MonkeyPatch.context() as patch:
        confined(patch, ENOUGH)
        yield from running(more="  advertise = 10\n")


@pytest.fixture(autouse=True)
def moved(request):
    g = next((request.getfixturevalue(n) for n in ("hsrp", "vrrp") if n in request.fixturenames), None)
    before = g.packets_moved if g else 0
    yield
    if g:
        request.node.packets_moved = g.packets_moved - before
        failure.tell(request, g.logs)


def addresses(net, node):
    found = json.loads(net.run(node, "ip", "-j", "addr", "show", "dev", "home0"))
    return {a["local"] for link in found for a in link.get("addr_info", []) if "local" in a}


def has_both(g, name):
    """The virtual addresses of both families are here, and nowhere else."""
    return all({HOME_AGENT, HOME_AGENT4} <= addresses(g.net, n) if n == name else not {HOME_AGENT, HOME_AGENT4} & addresses(g.net, n)
               for n in g.names)


def taken_over(g, name):
    """By this member, in the kernel and in the group's view."""
    netmod.wait_for(lambda: has_both(g, name), 10, f"{name} to have the virtual addresses")
    netmod.wait_for(lambda: g.group_records(name, "group")[0]["active"], 10, f"{name} to be active")


def lost(ways):
    return sum(d.count(0, d.tx[min(len(down.tx), len(up.tx)) - 1]).lost for down, up in ways for d in (down, up))


def test_weak_settings_are_named(tmp_path):
    """By roamd -t, with line and remedy."""
    for name in ("fleet", "group"):
        (tmp_path / f"{name}.key").write_text("hex:00112233445566778899aabbccddeeff")
        (tmp_path / f"{name}.key").chmod(0o600)
    text = redundant.member_conf(1, "ipv6", False, more="  protocol = hsrp  commit = async\n").replace("{keys}", str(tmp_path))
    (tmp_path / "roamd.conf").write_text(text)
    done = subprocess.run([roamd.ROAMD, "-t", "-c", tmp_path / "roamd.conf"], text=True, capture_output=True)
    line = text[:text.index("redundancy {")].count("\n") + 1
    assert done.returncode == 0, done.stderr
    for words in ("hsrp-key", "commit = one"):
        assert any(w.startswith(f"{tmp_path}/roamd.conf:{line}: warning: redundancy:") and words in w for w in done.stderr.splitlines()), done.stderr


# --- HSRP ---

@pytest.mark.requirement("R-14")
def test_hsrp_link_down(hsrp):
    crowds, active = hsrp.crowds(), hsrp.active()
    other = hsrp.others(active)[0]
    hsrp.link_down(active)
    netmod.wait_for(lambda: hsrp.group_records(other, "group")[0]["active"], 10, "the other one to be active")
    hsrp.link_up(active)
    hsrp.wait_together()
    taken_over(hsrp, other)
    hsrp.check_reachable(crowds)


@pytest.mark.requirement("R-14")
def test_hsrp_killed(hsrp):
    """A virtual address that nobody takes away goes by itself."""
    crowds, active = hsrp.crowds(), hsrp.active()
    other = hsrp.others(active)[0]
    hsrp.kill(active)
    taken_over(hsrp, other)
    hsrp.start(active)
    hsrp.wait_together()
    hsrp.wait_equal()
    taken_over(hsrp, other)
    hsrp.check_reachable(crowds)


@pytest.mark.requirement("R-14")
def test_hsrp_hand_over(hsrp):
    crowds, active = hsrp.crowds(), hsrp.active()
    other = hsrp.others(active)[0]
    with pytest.raises(RuntimeError, match="not the active one"):
        hsrp.daemons[other].ctl("group", "hand-over")
    hsrp.daemons[active].ctl("group", "hand-over")
    taken_over(hsrp, other)
    assert lost(hsrp.check_reachable(crowds)) == 0
    states = {r["virtual-address"]: r["state"] for r in hsrp.group_records(other, "hsrp")}
    assert states == {HOME_AGENT: "active", HOME_AGENT4: "active"}


# --- VRRP ---

def keepalived_capabilities(g, name):
    for pid in g.pids(name, "keepalived"):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        yield next(int(line.split()[1], 16) for line in lines if line.startswith("CapPrm"))


@pytest.mark.requirement("R-14")
def test_three_capabilities_are_enough_for_keepalived(vrrp):
    mask = sum(1 << n for n in ENOUGH.values())
    for name in vrrp.names:
        assert capabilities(vrrp.daemons[name])["CapPrm:"] == mask
        found = list(keepalived_capabilities(vrrp, name))
        assert len(found) == 2 and all(not c & ~mask for c in found)
    crowds, active = vrrp.crowds(), vrrp.active()
    other = vrrp.others(active)[0]
    vrrp.kill(active)
    taken_over(vrrp, other)
    vrrp.start(active)
    vrrp.wait_together()
    taken_over(vrrp, other)
    vrrp.check_reachable(crowds)


@pytest.mark.requirement("R-14")
def test_a_clean_stop_hands_over_first(vrrp):
    """Nothing is lost, and nothing of VRRP is left behind."""
    crowds, active = vrrp.crowds(), vrrp.active()
    other = vrrp.others(active)[0]
    assert not vrrp.daemons[active].stop()
    taken_over(vrrp, other)
    assert lost(vrrp.check_reachable(crowds)) == 0
    assert not vrrp.pids(active, "keepalived")
    vrrp.start(active)
    vrrp.wait_together()


def reload(g, name, change):
    """Changes a member's configuration file and has it read again; what the log says of it."""
    node, daemon = g.net.topo.node(name), g.daemons[name]
    node.roamd = change(node.roamd)
    roamd.write_files(g.net, node)
    before = len(daemon.log.read_text())
    daemon.ctl("reload")
    netmod.wait_for(lambda: "event=reloaded" in daemon.log.read_text()[before:], 5, "the log to tell of it")
    return daemon.log.read_text()[before:]


def test_keys_roll_over_without_a_restart(vrrp):
    """A second key at all members, then they sign with it, then the first one goes: they live together all the time."""
    both, second = '  key "group" { id = 1 }\n  key "fleet" { id = 2 }\n', '  key "fleet" { id = 2 }\n'
    steps = [lambda t: t.replace('  key "group" { id = 1 }\n', both), lambda t: t.replace(both, second + '  key "group" { id = 1 }\n'),
             lambda t: t.replace(second + '  key "group" { id = 1 }\n', second)]
    epochs = {n: vrrp.group_records(n, "group")[0]["epoch"] for n in vrrp.names}
    for step in steps:
        for n in vrrp.names:
            said = reload(vrrp, n, step)
            assert "restart-needed" not in said
            vrrp.wait_together()
    vrrp.fleets["ipv6"].register()
    vrrp.wait_equal()
    assert epochs == {n: vrrp.group_records(n, "group")[0]["epoch"] for n in vrrp.names}
    said = reload(vrrp, "ha1", lambda t: re.sub(r"priority = \d+", "priority = 77", t))
    assert "restart-needed" in said and "redundancy" in said


# --- somebody else's keepalived ---

def external_conf(folder):
    return f"""global_defs {{ vrrp_notify_fifo {folder}/states }}
track_file roamcast {{ file {folder}/run/vrrp.weight }}
vrrp_instance mine {{ state BACKUP
interface home0
virtual_router_id 9
priority 50
advert_int 0.1
version 3
track_file {{ roamcast weight 1 }}
virtual_ipaddress {{ {HOME_AGENT4}/16 }} }}
"""


def test_an_existing_keepalived_tells_through_its_fifo(tmp_path):
    """Its states count from the first on; the file that moves the active role is there for it to follow."""
    net = netmod.Net(redundant.network(members=1, family="ipv4"))
    with net:
        node = net.topo.node("ha1")
        folder = roamd.folder(net, "ha1")
        node.roamd = node.roamd.replace("redundancy {", f'redundancy {{\n  protocol = external  notify-fifo = "{folder}/states"\n')
        net.plug("ha1", "home0", "home")
        daemon = roamd.Daemon(net, "ha1").start()
        (tmp_path / "keepalived.conf").write_text(external_conf(folder))
        argv = ["keepalived", "-n", "-P", "-f", tmp_path / "keepalived.conf", "-p", tmp_path / "pid", "-r", tmp_path / "vrrp.pid"]

        def says(record, **expected):
            found = [r for r in daemon.show("group") if r["record"] == record]
            return found and all(found[0].get(k) == v for k, v in expected.items())
        try:
            netmod.wait_for(lambda: says("group", state="ready", active=False), 10, "the group")
            theirs = netns.popen(net.ns("ha1"), argv, net.keep)
            netmod.wait_for(lambda: says("group", active=True) and says("election", protocol="external", state="master"), 10, "to be active")
            assert (folder / "run/vrrp.weight").read_text() == "100\n"
            theirs.terminate()
            netmod.wait_for(lambda: says("group", active=False) and says("election", state="stop"), 10, "to stand by")
            theirs.wait(10)
        finally:
            fault = daemon.stop()
    assert not fault
