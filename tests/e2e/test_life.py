# SPDX-License-Identifier: BSD-2-Clause
"""What a site's operator does to running daemons, to all of them at once: reload, restart, stop. test_daemon.py has each alone."""
import os
import resource
import signal

import pytest
from roamlab import net as netmod
from roamlab import netns, roamd

from test_daemon import away, end, things

NODES = ("ha", "mma", "ar1", "mn")


def pins(world, node):
    folder = netmod.PINS / f"{world.net.id}-{node}"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def test_reload_of_every_daemon_loses_nothing(make_world):
    """HUP to all, twice, under traffic."""
    world, flow = away(make_world)
    start = world.now()
    for turn in 1, 2:
        for node in NODES:
            world.daemons[node].proc.send_signal(signal.SIGHUP)
            world.wait(lambda: world.daemons[node].log.read_text().count("event=reloaded") == turn, f"reload {turn} of {node}")
        flow.pass_packets(300)
    stop = world.now() - 200_000_000
    assert [len(world.daemons[n].show("bindings")) for n in ("ha", "mma", "mn")] == [1, 1, 2]
    assert [d.count(start, stop).lost for d in world.finish_flow(flow)] == [0, 0]


@pytest.mark.requirement("H-2", "H-3")
def test_a_site_without_daemons_forwards(make_world):
    """kill -9 of all daemons at once: packets go on while none is there; the next ones adopt, and the mobile moves on."""
    world, flow = away(make_world)
    start = world.now()
    for node in NODES:
        world.daemons[node].kill()
    flow.pass_packets(1000)
    for node in NODES:
        world.daemons[node].start()
        assert world.daemons[node].show("status")[0]["adopted"] is True
    flow.pass_packets(1000)
    stop = world.now() - 200_000_000
    assert [d.count(start, stop).lost for d in world.finish_flow(flow)] == [0, 0]


RENAMES = "while :; do printf 'link set lo alias %s\\n' a b a b a b a b | ip -batch -; done"


def test_a_real_time_daemon_lets_others_finish(make_world):
    """Calls for some settings begin anew while another changes the network, and he may need our processor for it. Counted is the processor's time
    that a stop takes: some hundredths of a second, where an insisting daemon took a whole one."""
    world = make_world()
    daemon = world.daemons["ha"]
    pid = daemon.proc.pid
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {0})
    log = world.net.dir / "renames"
    busy = netns.popen(world.net.ns("ha"), ["taskset", "-c", "0", "sh", "-c", f"echo begun > {log}; {RENAMES}"])
    try:
        world.wait(log.exists, "the other to begin")
        with open(f"/proc/{pid}/stat") as f:
            words = f.read().rpartition(")")[2].split()
        spent_s = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert not daemon.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        busy.kill()
        busy.wait()
    whole_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert whole_s - spent_s < 0.5


OUTER = {"ha": "core0", "mma": "core0", "ar1": "up0", "mn": "w0"}
OPERATORS = """
ip address add 2001:db8:77::1/128 dev lo
ip address add 2001:db8:77::2/64 dev $1
ip route add 2001:db8:78::/64 dev lo metric 77
ip link add mine0 type bridge
tc qdisc add dev $1 clsact
"""


def kept(world, node):
    """things(), and the queueing discipline that is the operator's."""
    found = things(world, node)
    found["qdiscs"] = netns.run(world.net.ns(node), ["tc", "qdisc", "show", "dev", OUTER[node], "clsact"]).strip()
    return found


def test_stop_takes_back_only_what_was_made(make_world, monkeypatch):
    """Before the first start and after a stop every node has the same interfaces, addresses, routes, filters, memberships and
    settings, those of its operator among them; and no pin."""
    before, start_all = {}, roamd.start_all

    def snapshot_first(net):
        net.plug("mn", "w0", "home")  # link-local addresses come with the first carrier
        netmod.wait_for(lambda: "fe80:" in net.run("mn", "ip", "-6", "addr", "show", "dev", "w0", "-tentative"), 10, "w0's address")
        net.unplug("mn", "w0")
        for node in NODES:
            netns.run(net.ns(node), ["sh", "-ec", OPERATORS, "sh", OUTER[node]])
        before.update({n: kept(Namespaces(net), n) for n in NODES})
        return start_all(net)
    monkeypatch.setattr(roamd, "start_all", snapshot_first)
    world, flow = away(make_world)
    flow.pass_packets(100)
    world.finish_flow(flow)
    assert all(pins(world, n) for n in NODES)
    assert all(kept(world, n) != before[n] for n in NODES)
    world.radio.stop()
    for node in NODES:
        assert end(world.daemons[node], signal.SIGTERM) == 0
    world.net.unplug("mn", "w0")
    for node in NODES:
        assert pins(world, node) == []
        after = kept(world, node)
        different = {k: (sorted(set(v) - set(after[k])), sorted(set(after[k]) - set(v))) for k, v in before[node].items() if after[k] != v}
        assert not different, f"{node}: gone, new"


class Namespaces:
    """As much of a World as things() needs."""

    def __init__(self, net):
        self.net = net
