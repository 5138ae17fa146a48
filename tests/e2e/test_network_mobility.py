# SPDX-License-Identifier: BSD-2-Clause
"""A network that moves (RFC 3963): a host behind a mobile router keeps its address and its packets, at home, over plain Mobile
IPv6 and through a site's agent.

        cn --- core --- ha === home cell
                |
               mma --- ar1 === cell1  ...      mn: w0 (w1) in one cell each;  mn lan0 --- inside
"""
import pytest
from roamlab import topo, witness
from roamlab.octets import autoconfigured
from roamlab.witness import total, within
from roamlab.world import QUICK

NETWORK = "2001:db8:50::/64"
STRANGER = "2001:db8:99::5"


def inside(mode="explicit"):
    return f'  network = {{"{NETWORK}"}}\n  network-interface = "lan0"\n  network-mode = "{mode}"\n'


def network(mode="explicit", use_mma=True, interfaces=2):
    """The demo's network with a mobile router in it."""
    return with_router(topo.demo(interfaces=interfaces, use_mma=use_mma, backbone_delay_us=5000, mobile_more=QUICK + inside(mode)))


def with_router(t):
    """The mobile of a topology becomes a router. The host behind it makes its address of an advertisement by role ar."""
    block = f'mobile "{topo.HOME_ADDRESS}" {{ key ='
    for node in t.nodes:
        node.roamd = node.roamd.replace(block, f'mobile "{topo.HOME_ADDRESS}" {{ network = {{"{NETWORK}"}} key =')
    for port in (p for c in t.cables for p in (c.a, c.b) if p.node == "core" and p.ifname == "ha0" and p.admits):
        port.admits.append(NETWORK)                    # what comes from the home agent's side may have such a source
    home = next(via for prefix, via in t.node("core").routes if prefix == topo.HOME_PREFIX)
    mn = t.node("mn")
    mn.forwards = True
    mn.roamd += f'role ar {{ interface "lan0" {{ prefix = {{"{NETWORK}"}} map = false ra-interval = 300 }} }}\n'
    t.node("core").routes.append((NETWORK, home))
    t.nodes.append(topo.Node("inside", settings={"net/ipv6/conf/default/accept_ra": 1, "net/ipv6/conf/default/accept_dad": 0}))
    t.cables.append(topo.Cable(topo.Port("inside", "eth0"), topo.Port("mn", "lan0", ["2001:db8:50::1/64"])))
    return t.check()


def at_home(make_world, *args, **kw):
    return begin(make_world(network(*args, **kw)))


def begin(world):
    """The mobile router is at home, packets flow to and from the host behind it."""
    world.facts["router"], world.facts["home_address"] = world.facts["home_address"], autoconfigured(NETWORK.partition("/")[0], world.net.lladdr["inside", "eth0"])
    address = world.facts["home_address"]
    world.wait(lambda: address in world.net.run("inside", "ip", "-6", "-o", "addr", "show", "dev", "eth0"), "the host's address", 15)
    world.be_home()
    world.wait_state("home")
    flow = world.start_flow(mobile="inside")
    flow.wait_flowing(20)
    return world, flow


def moved(world, flow, cell, state):
    world.move(cell, 20)
    world.wait_state(state)
    flow.wait_flowing(15)


@pytest.mark.requirement("H-6")
@pytest.mark.parametrize("mode", ["explicit", "implicit"])
def test_over_plain_mobile_ip(make_world, mode):
    """Home, two foreign links, home again: the host's packets go through the bidirectional tunnel between home agent and the
    router's care-of address while it is away, and by the home link while it is there."""
    world, flow = at_home(make_world, mode, use_mma=False)
    tally = world.watch(witness.Tally, "mn")
    for cell in ("cell1", "cell2"):
        moved(world, flow, cell, "away-plain")
        flow.pass_packets()
    moved(world, flow, "home", "home")
    flow.pass_packets()
    world.finish_flow(flow)
    kinds, ha, host = tally.kinds(), world.facts["home_agent"], world.facts["home_address"]
    for i in (1, 2):
        link = within(f"2001:db8:2:1{i}::/64")
        assert total(kinds, direction="in", src=ha, dst=link, proto=41, inner_dst=host) >= 400
        assert total(kinds, direction="out", src=link, dst=ha, proto=41, inner_src=host) >= 400
    bindings = [r for r in world.daemons["ha"].show("bindings") if r.get("state") == "active"]
    assert not bindings


@pytest.mark.requirement("H-6", "H-11")
@pytest.mark.parametrize("mode", ["explicit", "implicit"])
def test_through_a_sites_agent(make_world, mode):
    """Into a site with an agent: the network's packets arrive in the router's group. Handovers inside it, make before break: no
    Mobility Header anywhere, nothing lost, nothing doubled, for a host that knows of none of this."""
    world, flow = at_home(make_world, mode)
    moved(world, flow, "cell1", "away-site")
    tally = world.watch(witness.Tally, "mn")
    taps = {n: world.watch(witness.Tap, n) for n in ("ha", "mma", "mn")}
    start = world.now()
    for i in range(6):
        world.move(f"cell{(i + 1) % 4 + 1}")
    flow.wait_flowing(10)
    end = world.now() - 300_000_000
    down, up = world.finish_flow(flow)
    for tap in taps.values():
        tap.stop()
    assert not [m for tap in taps.values() for m in tap.messages() if m.cls == "mh" and start <= m.when_ns <= end]
    assert down.count(start, end).lost == 0 and down.count(start, end).doubled == 0
    assert up.count(start, end).lost == 0 and up.count(start, end).doubled == 0
    kinds, mma, host = tally.kinds(), world.facts["mma"], world.facts["home_address"]
    assert total(kinds, direction="in", src=mma, proto=47, inner_dst=host) >= 1000
    assert total(kinds, direction="out", dst=mma, proto=47, inner_src=host) >= 1000


@pytest.mark.requirement("H-14", "H-17")
def test_there_and_back(make_world):
    """Home, site, home: packets flow in each place, and the host's neighbours and address are what they were."""
    world, flow = at_home(make_world)
    address = world.net.run("inside", "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global")
    moved(world, flow, "cell2", "away-site")
    moved(world, flow, "home", "home")
    flow.pass_packets()
    tally = world.watch(witness.Tally, "mn")
    flow.pass_packets()
    world.finish_flow(flow)
    assert not [k for k in tally.kinds() if k.proto in (41, 47)]
    strip = lambda text: [line.split("valid_lft")[0] for line in text.splitlines()]
    assert strip(world.net.run("inside", "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global")) == strip(address)


@pytest.mark.requirement("H-6")
def test_other_peoples_addresses_do_not_leave(make_world):
    """A host behind the router that takes an address of another network gets no packet into the tunnel (RFC 3963 9); nor does
    the home agent's death end what it forwards."""
    world, flow = at_home(make_world)
    moved(world, flow, "cell1", "away-site")
    world.net.run("inside", "ip", "addr", "add", STRANGER + "/128", "dev", "eth0", "nodad")
    tap = world.watch(witness.Tally, "cn")
    world.net.run("inside", "ping", "-6", "-c", "3", "-i", "0.2", "-W", "1", "-I", STRANGER, world.facts["correspondent"], check=False)
    world.net.run("inside", "ping", "-6", "-c", "3", "-i", "0.2", "-W", "1", world.facts["correspondent"])
    assert not total(tap.kinds(), src=STRANGER)
    drops = {k: v for r in world.daemons["mn"].show("counters") for k, v in r.items() if k.startswith("drop-")}
    assert drops["drop-filter-prefix"] >= 3, drops  # role ar, at the network's own link
    ha = world.daemons["ha"]
    ha.kill()
    flow.pass_packets()
    ha.start()
    flow.pass_packets()
    active = [r for r in ha.show("bindings") if r.get("state") == "active"]
    assert [r["network"] for r in active] == [NETWORK]
    world.finish_flow(flow)


@pytest.mark.requirement("H-16")
def test_from_site_to_site(make_world):
    """Between two sites, make before break: nothing that the host behind the router sends or gets is lost or doubled."""
    world, flow = begin(make_world(with_router(topo.figures(topo.A, topo.B, mobile_more=QUICK + inside()))))
    moved(world, flow, "a1", "away-site")
    start = world.now()
    for cell in ("b1", "a2", "b2"):
        moved(world, flow, cell, "away-site")
    end = world.now() - 300_000_000
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(start, end)
        assert (count.lost, count.doubled) == (0, 0)
