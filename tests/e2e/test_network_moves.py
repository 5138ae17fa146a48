# SPDX-License-Identifier: BSD-2-Clause
"""The network moves a mobile that has no software of ours: a namespace with one static address of each family and a default route. Foreign
agents hear it, ask the manager, join its group and deliver (D-1, D-5 to D-10); nothing runs in its namespace but the traffic.

    cn --- core --- ha --- px --- fa1 === cell1 ... fa5 === cell5      cells 100 m apart, 100 m/s
            |     2 ms
           mm"""
import re
import time

import pytest
from roamlab import witness
from roamlab.network import NetworkWorld
from roamlab.numbers import CORRESPONDENT, CORRESPONDENT4, HOME_ADDRESS, HOME_ADDRESS4

SPEED_MPS = 100
RATE_PPS = 50          # as a telephone: a packet each 20 ms
FAMILIES = ("ipv6", "ipv4")
PEER = {"ipv6": CORRESPONDENT, "ipv4": CORRESPONDENT4}


@pytest.fixture
def network(request):
    """A running NetworkWorld, its mobile in cell1 and reachable in both families."""
    worlds = []

    def make(policy, **kw):
        world = NetworkWorld(policy, **kw)
        worlds.append(world)
        world.__enter__()
        world.ears.stand_at(0)
        world.wait_guest("cell1")
        for family in FAMILIES:
            world.wait(lambda f=family: answers(world, f), f"the mobile reaches its correspondent in {family}", 15)
        return world
    yield make
    report = getattr(request.node, "report_call", None)
    for world in worlds:
        if report is None or report.failed:
            print(world.logs())
        world.close()
    request.node.packets_moved = sum(w.packets_moved for w in worlds)


def answers(world, family):
    out = world.net.run("mn", "ping", "-c", "1", "-W", "1", PEER[family], check=False)
    return " 1 received" in out


def start_ping(world, family):
    """An echo request each 20 ms until it is stopped; its statistics then."""
    return world.watch(witness.Reader, "mn", ["sh", "-c", f"echo ready; exec ping -n -i 0.02 {PEER[family]}"])


def lost_of(ping):
    import signal
    ping.proc.send_signal(signal.SIGINT)
    ping.proc.wait(5)
    text = "\n".join(" ".join(line) for line in ping.stop())
    sent, got = re.search(r"(\d+) packets transmitted, (\d+) received", text).groups()
    return int(sent), int(sent) - int(got)


def journey(world, *stops):
    """Walks to each of these places in turn, and counts. {family: (down, up)}, {family: (sent, lost) of pings}, begin and end."""
    flows = {f: world.start_flow(RATE_PPS, family=f, port=9000 + i) for i, f in enumerate(FAMILIES)}
    for f in flows.values():
        f.wait_flowing(15)
    pings = {f: start_ping(world, f) for f in FAMILIES}
    begin, here = world.now(), 0
    for stop in stops:
        world.ears.walk(here, stop, SPEED_MPS)
        here = stop
    end = world.now()
    echoed = {f: lost_of(p) for f, p in pings.items()}
    world.witnesses = [w for w in world.witnesses if w not in pings.values()]
    return {f: world.finish_flow(flow) for f, flow in flows.items()}, echoed, begin, end


@pytest.mark.requirement("D-1", "D-5", "D-8", "D-9", "D-10")
def test_all_deliver_and_nothing_is_lost(network):
    """Soft handoff over five agents and back: every packet arrives, both ways, in both families; TCP goes on."""
    world = network("all")
    log = world.net.dir / "bulk"
    world.start_stream("mn", "bulk-take", "--bind", HOME_ADDRESS4, "--port", 9100, "--log", log)
    world.start_stream("cn", "bulk-send", "--bind", CORRESPONDENT4, "--peer", HOME_ADDRESS4, "--port", 9100, "--rate-mbit", 5)
    flows, echoed, begin, end = journey(world, 400, 0)
    assert len({c for _, c in world.ears.handovers}) == 5
    for family, (down, up) in flows.items():
        assert down.count(begin, end).lost == 0 and up.count(begin, end).lost == 0, family
        assert up.count(begin, end).doubled == 0, family
        assert down.count(begin, end).sent >= 0.9 * RATE_PPS * 8
        assert echoed[family][1] <= 1, family   # one may be on its way when it is stopped
    taken = [tuple(map(int, line.split())) for line in log.read_text().splitlines()]
    assert max(b for _, b in taken) - next(b for t, b in taken if t >= begin) > 1e6
    world.wait_guest("cell1")


@pytest.mark.requirement("D-1", "D-5", "D-7", "D-9", "D-10")
def test_the_serving_agent_delivers_and_the_next_one_fills_the_gap(network):
    """A radio that is nowhere for 50 ms at each handover: what comes meanwhile is in the next agent's ring. Nothing is lost downwards, in order."""
    world = network("serving")
    flows, _, begin, end = journey(world, 400, 0)
    n_handovers = sum(begin <= t <= end for t, _ in world.ears.handovers)
    assert n_handovers >= 8
    for family, (down, up) in flows.items():
        count = down.count(begin, end)
        assert (count.lost, count.reordered) == (0, 0), family
        assert count.doubled <= n_handovers * (0.2 * RATE_PPS + 1), family
        assert up.count(begin, end).lost <= n_handovers * (0.05 * RATE_PPS + 1), family   # sent into the gap
    assert list(world.guests().values()).count(True) == 1


@pytest.mark.requirement("D-6", "D-7")
def test_signal_decides(network):
    """An agent joins above the one threshold (-80 dBm) and withdraws below the other (-84): reports on its upstream link say so."""
    world = network("all")
    tap = world.watch(witness.Tap, "fa2", ["up0"])
    flow = world.start_flow(RATE_PPS, family="ipv6")
    flow.wait_flowing(15)

    def reports():
        return sum(m.cls in ("icmp6", "mld", "igmp") for m in tap.messages())

    def stays(cells, seconds=0.4):
        until = time.monotonic() + seconds
        world.wait(lambda: time.monotonic() > until or set(world.guests()) != cells, "time to pass")
        return set(world.guests()) == cells
    world.ears.hear(cell1=-50, cell2=-82)
    assert stays({"cell1"}) and reports() == 0
    world.ears.hear(cell1=-50, cell2=-79)
    world.wait_guest("cell1", "cell2")
    assert reports() > 0
    world.ears.hear(cell1=-50, cell2=-83)
    assert stays({"cell1", "cell2"})
    world.ears.hear(cell1=-50, cell2=-86)
    world.wait_guest("cell1")
    world.ears.hear(cell2=-50)      # cell1 hears nothing any more
    world.wait_guest("cell2")
    down, _ = world.finish_flow(flow)
    assert down.count(0, 1 << 62).sent > 0


@pytest.mark.requirement("D-5")
def test_only_a_guest_may_send_and_only_from_its_address(network):
    """Another address of the mobile's, and its home address from another station, get nowhere."""
    world = network("all")
    for family, address in (("ipv6", "2001:db8:1::77/64"), ("ipv4", "10.1.0.77/24")):
        world.net.run("mn", "ip", "address", "add", address, "dev", "w0", *(["nodad"] if family == "ipv6" else []))
        out = world.net.run("mn", "ping", "-c", "2", "-i", "0.1", "-W", "1", "-I", address.partition("/")[0], PEER[family], check=False)
        assert " 0 received" in out, family
        assert answers(world, family)
    world.net.run("mn", "ip", "link", "set", "w0", "address", "02:00:00:00:77:77")
    for family, home in (("ipv6", HOME_ADDRESS), ("ipv4", HOME_ADDRESS4)):
        out = world.net.run("mn", "ping", "-c", "2", "-i", "0.1", "-W", "1", "-I", home, PEER[family], check=False)
        assert " 0 received" in out, family
    world.packets_moved += 1
