# SPDX-License-Identifier: BSD-2-Clause
"""The home agent of a mobile that the network moves: it hears of the mobile with the first packet to it, asks the manager, and sends to the group
(D-4, D-8, D-11). The network is test_network_moves.py's, two agents of it, with roamd in the home agent's place."""
import sys

import failure
import pytest
from roamlab import witness
from roamlab.network import VOICE_PORT, NetworkWorld, exchange
from roamlab.numbers import CORRESPONDENT, CORRESPONDENT4, HOME_ADDRESS, HOME_ADDRESS4, HOME_AGENT, HOME_AGENT4

FAMILIES = ("ipv6", "ipv4")
HOME = {"ipv6": HOME_ADDRESS, "ipv4": HOME_ADDRESS4}
PEER = {"ipv6": CORRESPONDENT, "ipv4": CORRESPONDENT4}
AGENT = {"ipv6": HOME_AGENT, "ipv4": HOME_AGENT4}
RELAY_PORT, VOICE_PACKETS = 6000, 100

SOCKET = 'import socket, sys, time\nsock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)\n'
# RTP as it comes out of a telephone: G.711, a packet each 20 ms (here: 5), numbered.
SPEAK = SOCKET + """for n in range(int(sys.argv[3])):
    sock.sendto(bytes([0x80, 0, n >> 8, n & 255]) + (n * 160).to_bytes(4, "big") + b"talk" + bytes(160), (sys.argv[1], int(sys.argv[2])))
    time.sleep(0.005)
"""
LISTEN = SOCKET + """sock.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    data, peer = sock.recvfrom(2048)
    print(data[2] << 8 | data[3], len(data), peer[0], flush=True)
"""


@pytest.fixture(scope="module")
def world_of_two():
    with NetworkWorld("all", home=None, agents=2) as w:
        try:
            w.ears.stand_at(0)
            w.wait_guest("cell1", seconds=20)
            yield w
        except BaseException:
            print(w.logs())
            raise


@pytest.fixture
def world(world_of_two, request):
    before = world_of_two.packets_moved
    yield world_of_two
    failure.tell(request, world_of_two.logs)
    request.node.packets_moved = world_of_two.packets_moved - before


def provisioned(world):
    return {b["home_address"]: b for b in world.daemons["ha"].show("bindings") if b.get("state") == "provisioned"}


def status(world):
    return next(r for r in exchange(world.daemons["ha"], cmd="show", what="status") if "packets_held" in r)


def tell(world, node, *words):
    """A command of roamctl's; what is refused is told."""
    return exchange(world.daemons[node], cmd="ctl", args=list(words))[-1]["error"]


@pytest.mark.requirement("D-1", "D-4", "D-8")
@pytest.mark.parametrize("family, first", [("ipv6", "cn"), ("ipv4", "mn")])
def test_first_packet_finds_the_mobile(world, family, first):
    """The very first packet to the mobile waits while the manager is asked, and arrives; what the mobile sends comes through its agent's tunnel, also
    when it speaks first."""
    assert HOME[family] not in provisioned(world)
    held = status(world)["packets_held"]
    assert world.ping(first, HOME[family] if first == "cn" else PEER[family]) == 1
    entry = provisioned(world)[HOME[family]]
    assert entry["group"] == world.groups()[family] and entry["heard"]
    assert status(world)["packets_held"] == held + 1
    assert world.ping("cn", HOME[family], 3) == 3
    assert status(world)["packets_held"] == held + 1   # the others needed no daemon


@pytest.mark.requirement("D-8", "D-10")
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_lost_between_two_agents(world, family):
    """The home agent sends to the group, whoever is in it: there and back, each packet arrives once."""
    flow = world.start_flow(50, family=family)
    flow.wait_flowing(15)
    begin = world.now()
    world.ears.walk(0, 100, 100)
    world.ears.walk(100, 0, 100)
    end = world.now()
    down, up = world.finish_flow(flow)
    for direction in (down, up):
        count = direction.count(begin, end)
        assert count.lost == 0 and count.sent > 50, count
    assert up.count(begin, end).doubled == 0


@pytest.mark.requirement("D-4")
def test_nobody_is_not_sent_for(world):
    """A home address that no manager knows costs a question, and no packet goes anywhere."""
    unknown = status(world)["unknown"]
    assert world.ping("cn", HOME_ADDRESS.rpartition(":")[0] + ":dead") == 0
    assert status(world)["unknown"] > unknown and len(provisioned(world)) == 2
    assert world.ping("cn", HOME_ADDRESS) == 1


@pytest.mark.requirement("D-11")
@pytest.mark.parametrize("family", FAMILIES)
def test_voice_itself_goes_into_the_group(world, family):
    """RTP to a port of the home agent's goes to the group as it is; the foreign agent makes it the mobile's, at the port of its record."""
    ear = world.watch(witness.Reader, "mn", [sys.executable, "-c", LISTEN, HOME[family], str(VOICE_PORT)])
    assert not tell(world, "ha", "voice", "relay", HOME[family], str(RELAY_PORT))
    try:
        world.net.run("cn", sys.executable, "-c", SPEAK, AGENT[family], RELAY_PORT, VOICE_PACKETS)
        world.wait(lambda: len(ear.lines) >= VOICE_PACKETS, lambda: f"all the voice, not {len(ear.lines)}", 5)
    finally:
        tell(world, "ha", "voice", "end", str(RELAY_PORT))
    heard = ear.stop()
    world.packets_moved += len(heard)
    assert [int(n) for n, _, _ in heard] == list(range(VOICE_PACKETS))
    assert {(size, source) for _, size, source in heard} == {("172", AGENT[family])}


@pytest.mark.requirement("D-3", "D-8")
def test_a_mobile_taken_out_gets_nothing_more(world):
    """Last, for it takes the mobile's record away: the manager tells the home agent, which forgets."""
    assert world.ping("cn", HOME_ADDRESS) == 1
    assert not tell(world, "mm", "device", "remove", f"eui48:{world.net.lladdr['mn', 'w0']}")
    world.wait(lambda: not provisioned(world), "the home agent forgets", 10)
    assert world.ping("cn", HOME_ADDRESS) == 0
