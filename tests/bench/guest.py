# SPDX-License-Identifier: BSD-2-Clause
"""How long a mobile that the network moves waits for its first packet in a new cell: from the radio's word that its signal is above the threshold
to a packet at the mobile, with the manager's answer remembered and without. The manager is 1 ms away, the mobile's group is carried for another agent.

The radio of cell1 hears the mobile all the time, but the air brings it only what cell2 sends. One process tells cell2's agent of the mobile and
captures at the mobile's interface: one clock, the kernel's stamps."""
import contextlib
import select
import socket
import struct
import time

from roamlab import netns, witness
from roamlab.network import NetworkWorld, exchange
from roamlab.numbers import CORRESPONDENT, CORRESPONDENT4, HOME_ADDRESS, HOME_ADDRESS4

FAMILIES = {"ipv6": (0x86DD, HOME_ADDRESS, CORRESPONDENT), "ipv4": (0x0800, HOME_ADDRESS4, CORRESPONDENT4)}
RATE_PPS, PORT, MANAGER_US = 2000, 9000, 1000
NAMES = [f"nai:mobile{n}@example.org" for n in range(7)]   # of the one record: each is a question of its own
TURN_S = 0.16              # seven of them are longer than the second for which answers are kept in the world without a cache
STAMPS = socket.SO_TIMESTAMPNS if hasattr(socket, "SO_TIMESTAMPNS") else 35
GRE = 47


def capture(net, node, ifname):
    sock = netns.inside(net.ns(node), socket.socket, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(socket.SOL_SOCKET, STAMPS, 1)
    sock.bind((ifname, 3))
    sock.setblocking(False)
    return sock


def frames(sock, seconds):
    """(when in ns of the wall clock, frame), until nothing has come for so long."""
    while select.select([sock], [], [], seconds)[0]:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, control, _, _ = sock.recvmsg(256, 64)
                stamp = next(struct.unpack("qq", c[:16]) for level, kind, c in control if (level, kind) == (socket.SOL_SOCKET, STAMPS))
                yield stamp[0] * 10**9 + stamp[1], data


def family_of(frame):
    """Of a datagram of the flow."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == 0x86DD and frame[20] == socket.IPPROTO_UDP and int.from_bytes(frame[56:58], "big") == PORT:
        return "ipv6"
    if kind == 0x0800 and frame[23] == socket.IPPROTO_UDP and int.from_bytes(frame[36:38], "big") == PORT:
        return "ipv4"
    return None


def is_tunnel(frame):
    kind = int.from_bytes(frame[12:14], "big")
    return (kind == 0x86DD and frame[20] == GRE) or (kind == 0x0800 and frame[23] == GRE)


class Arrivals:
    """A world in which the mobile arrives in cell2 as often as is wanted."""

    def __init__(self, world):
        self.world, self.net = world, world.net
        self.lladdr = self.net.lladdr["mn", "w0"]
        world.ears.hear(cell1=-50)
        world.wait_guest("cell1", seconds=20)
        for family in FAMILIES:
            world.wait_reached(family)
        for family, (_, home, cn) in FAMILIES.items():
            world.watch(witness.FlowEnd, "cn", cn, home, RATE_PPS, PORT)
        self.net.reach("mn", "w0", {"cell2"})
        self.ears = [self._ear(f) for f in FAMILIES]
        self.air, self.up = capture(self.net, "mn", "w0"), capture(self.net, "fa2", "up0")
        self.feed = socket.socket(socket.AF_UNIX)
        self.feed.connect(str(self.net.dir / "fa2" / "run" / "feed.sock"))
        self.quiet()

    def _ear(self, family):
        """So that the mobile does not answer each packet with an error."""
        kind = socket.AF_INET6 if family == "ipv6" else socket.AF_INET
        sock = netns.inside(self.net.ns("mn"), socket.socket, kind, socket.SOCK_DGRAM)
        sock.bind((FAMILIES[family][1], PORT))
        return sock

    def close(self):
        for sock in (*self.ears, self.air, self.up, self.feed):
            sock.close()

    def quiet(self):
        """Until no packet of the group comes to cell2's agent, and none to the mobile."""
        deadline = time.monotonic() + 10
        for sock in (self.up, self.air):
            last = time.monotonic()
            while time.monotonic() - last < 0.03:
                for _, frame in frames(sock, 0.03):
                    if is_tunnel(frame) or family_of(frame):
                        last = time.monotonic()
                    if time.monotonic() > deadline:
                        raise RuntimeError("cell2's agent is still in the group")

    def one(self, name):
        """{family: ms} from the radio's word to the first packet at the mobile."""
        first = {}
        deadline = time.monotonic() + 1
        begin = time.clock_gettime_ns(time.CLOCK_REALTIME)
        self.feed.sendall(f"hear acc0 {self.lladdr} -60 identity={name}\n".encode())
        for when, frame in frames(self.air, 1):
            family = family_of(frame)
            if family and family not in first:
                first[family] = (when - begin) / 1e6
            if len(first) == len(FAMILIES) or time.monotonic() > deadline:
                break
        self.feed.sendall(f"lost acc0 {self.lladdr}\n".encode())
        self.quiet()
        return first

    def questions(self):
        cache = next(r for r in exchange(self.world.daemons["fa2"], cmd="show", what="managers") if "hits" in r)
        return cache["questions"]

    def many(self, runs, names):
        """[{family: ms}], and how many questions the agent asked for them."""
        for name in names:
            self.one(name)       # for each, the first question; and whatever else happens but once
        before, out = self.questions(), []
        for i in range(runs):
            due = time.monotonic() + TURN_S
            out.append(self.one(names[i % len(names)]))
            time.sleep(max(0, due - time.monotonic()))
        return out, self.questions() - before


def figures(runs, questions):
    out = {"questions": questions}
    for family in FAMILIES:
        ms = [r[family] for r in runs if family in r]
        out[family] = {"runs": len(runs), "missed": len(runs) - len(ms), **witness.spread(ms)}
    return out


def measure(args):
    runs = args.runs or (20 if args.quick else 100)
    parts = {"cached": ("", NAMES[:1], 3), "asked": ("    manager-lifetime = 1\n", NAMES, 5)}
    result = {}
    for part, (more, names, wanted_ms) in parts.items():
        with NetworkWorld("all", agents=2, delay_us=MANAGER_US, agent_more=more, aliases=NAMES) as world:
            arrivals = Arrivals(world)
            try:
                result[part] = figures(*arrivals.many(runs, names))
            finally:
                arrivals.close()
        for family in FAMILIES:
            f = result[part][family]
            print(f"  {part}, {family}: to the first packet: {witness.told(f)} (wanted: a median of {wanted_ms}); {f['runs']} arrivals, {f['missed']} without "
                  f"a packet within a second; questions asked: {result[part]['questions']}", flush=True)
    return {"guest_ms": result}
