# SPDX-License-Identifier: BSD-2-Clause
"""Throughput of home agent, MMA and mobile against plain kernel forwarding.

One network holds both: the nodes under test, with a registered mobile, and plain twins (`pl`, a router in the place of home agent and MMA;
`pr`, one in the place of the mobile; `ph`, a host there) on the same kind of cables, on which no program is attached. The same generator floods
node and twin in turn; what arrives is counted one hop further (`mn`, `ph`: in the socket that it is for), five interleaved runs, median. Receive
steering gives node and counter a processor each and two generators the others, so that the node is the bottleneck where there are four.

                 pl
                 |
    cn --- core --- ha        generator on core: to ha (plain packets), to mma (tunnelled), to pl
                 |
                mma --- ar1 === cell1: mn, ph, pr --- ps      generator in the cell: to mn (GRE), to ph, to ps (plain)"""
import ctypes
import ipaddress
import json
import os
import socket
import statistics
import struct
import subprocess

import frames
from roamlab import net as netmod
from roamlab import netns, octets, topo, witness
from roamlab.world import QUICK, World

TWIN_NET, BEHIND_NET = "2001:db8:99::", "2001:db8:98::"
PORT = 7777
COUNT = os.cpu_count() or 1
NODE, COUNTER = 1 % COUNT, 2 % COUNT
GENERATORS = (0, 3) if COUNT >= 4 else (0,)
PORT_AT = frames.ETH_OCT + frames.IP6_OCT            # source port of a plain packet
GRE_SEQ_AT = frames.ETH_OCT + frames.IP6_OCT + 4
INNER = {"plain": 0, "tunnel": frames.IP6_OCT, "gre": frames.IP6_OCT + 8}


def network(deliver="roam0", multicast="proxy"):
    """deliver: where the mobile's packets enter its host (node { deliver = ... }). multicast: what replicates at the MMA, we or (pim) the
    kernel."""
    t = topo.demo(backbone_delay_us=0, mobile_more=QUICK)
    if multicast == "pim":
        mma = t.node("mma")
        mma.roamd = mma.roamd.replace('  group-prefix', '  multicast-routing = "pim"  source-interface = "src0"\n'
                                      '  address-interface = "src0"\n  group-prefix')
        t.cables.append(topo.Cable(topo.Port("mma", "src0"), topo.Port("mma", "src1")))
    t.node("mn").process = f'  deliver = "{deliver}"\n'
    t.node("core").routes += [(f"blackhole {TWIN_NET}/64", None)]
    t.nodes += [topo.Node("pl", forwards=True, routes=[("default", "2001:db8:f:3::1")]), topo.Node("ph"),
                topo.Node("pr", forwards=True, routes=[(BEHIND_NET + "/64", "2001:db8:f:4::1")]),
                topo.Node("ps", forwards=True, routes=[(f"blackhole {BEHIND_NET}/64", None)])]
    t.cables.append(topo.Cable(topo.Port("pl", "core0", ["2001:db8:f:3::2/64"]), topo.Port("core", "pl0", ["2001:db8:f:3::1/64"])))
    t.cables.append(topo.Cable(topo.Port("pr", "out0", ["2001:db8:f:4::2/64"]), topo.Port("ps", "in0", ["2001:db8:f:4::1/64"])))
    t.radios += [topo.Port("ph", "w0", ["2001:db8:2:11::99/64"]), topo.Port("pr", "w0", ["2001:db8:2:11::98/64"])]
    return t.check()


def steer(net, node, ifname, cpu):
    """Packets received on that interface are processed by that processor (RPS), or (None) by the one that they come in on."""
    mask = "0" if cpu is None else f"{1 << cpu:x}"
    script = f'd=$(mktemp -d) && mount -t sysfs none "$d" && echo {mask} > "$d/class/net/{ifname}/queues/rx-0/rps_cpus"'
    netns.run(net.ns(node), ["unshare", "-m", "sh", "-c", script])


def received(net, node, ifname):
    """Packets that came in on an interface."""
    link = json.loads(net.run(node, "ip", "-j", "-s", "link", "show", "dev", ifname))[0]
    return link["stats64"]["rx"]["packets"]


def udp_dropped(net, node):
    """Datagrams that a refusing socket turned away: they had come all the way."""
    def read():
        with open("/proc/thread-self/net/snmp6") as f:
            return sum(int(v) for k, v in (line.split() for line in f) if k in ("Udp6InErrors", "Udp6InDatagrams", "Udp6NoPorts"))
    return netns.inside(net.ns(node), read)


def refuse(net, node, address):
    """A socket that lets nothing in: the cheapest end of a path that counts."""
    sock = netns.inside(net.ns(node), socket.socket, socket.AF_INET6, socket.SOCK_DGRAM)
    code = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER
    sock.setsockopt(socket.IPPROTO_IPV6, 78, 1)      # IPV6_FREEBIND
    sock.bind((address, PORT))
    return sock


def forward_all(net, group, source):
    """What a multicast routing daemon would have told the kernel: from src0 to d1, for that group. The socket keeps it."""
    def tell():
        s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        init, add_mif, add_mfc = 200, 202, 204       # linux/mroute6.h
        s.setsockopt(socket.IPPROTO_IPV6, init, 1)
        for mif, ifname in enumerate(("src0", "d1")):
            s.setsockopt(socket.IPPROTO_IPV6, add_mif, struct.pack("@HBBHI", mif, 0, 1, socket.if_nametoindex(ifname), 0))
        def address(a):
            return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, ipaddress.IPv6Address(a).packed, 0)
        s.setsockopt(socket.IPPROTO_IPV6, add_mfc, address(source) + address(group) + struct.pack("=Hxx", 0) + struct.pack("=8I", 2, *[0] * 7))
        return s
    return netns.inside(net.ns("mma"), tell)


class Rig:
    """The network, a registered mobile, and what the frames need to know."""

    def __init__(self, world, multicast="proxy"):
        self.world, self.net, f = world, world.net, world.facts
        self.ha, self.mma, self.home, self.cn = f["home_agent"], f["mma"], f["home_address"], f["correspondent"]
        self.group = octets.autoconfigured("ff35::", self.net.lladdr["mn", "w0"])
        self.routing = forward_all(self.net, self.group, self.mma) if multicast == "pim" else None
        self.coa = self._register()
        for twin in ("ph", "pr"):
            self.net.plug(twin, "w0", "cell1")
        self.sockets = [refuse(self.net, "mn", self.home), refuse(self.net, "ph", "2001:db8:2:11::99")]
        for node, ifname, cpu in (("ha", "core0", NODE), ("pl", "core0", NODE), ("mma", "core0", NODE), ("mn", "w0", NODE),
                                  ("ph", "w0", NODE), ("pr", "w0", NODE), ("ps", "in0", COUNTER), ("core", "ha0", COUNTER), ("core", "pl0", COUNTER), ("ar1", "up0", COUNTER)):
            steer(self.net, node, ifname, cpu)

    def _register(self):
        """The mobile goes to cell1; its care-of address is what packets from the home agent are seen to carry."""
        tally = witness.Tally(self.net, "mma", ["core0"])
        self.world.be_home()
        flow = self.world.start_flow()
        flow.wait_flowing(15)
        self.world.move("cell1", 15)
        flow.wait_flowing(15)
        self.world.finish_flow(flow)
        return next(k.dst for k in tally.kinds() if k.src == self.ha and k.proto == frames.IPIP and k.inner_dst == self.home)

    def _frame(self, out, to, packet, dst_mac=None):
        return frames.frame(dst_mac or octets.mac(self.net.lladdr[to]), octets.mac(self.net.lladdr[out]), packet)

    def _inner(self, dst):
        return frames.udp(self.cn, dst, 40000, PORT, b"\0\0")

    def paths(self):
        """name -> (node of the generator, its interface, frame, kind, counter), for the node and for its twin."""
        core, router = ("core", "ha0"), ("ar1", "acc0")
        plain_router = ("core", "pl0", self._frame(("core", "pl0"), ("pl", "core0"), self._inner(TWIN_NET + "1")), "plain",
                        lambda: received(self.net, "core", "pl0"))
        ha = (*core, self._frame(core, ("ha", "core0"), self._inner(self.home)), "plain", lambda: received(self.net, "core", "ha0"))
        tunnelled = frames.tunnel(self.ha, self.coa, self._inner(self.home))
        mma = ("core", "mma0", self._frame(("core", "mma0"), ("mma", "core0"), tunnelled), "tunnel",
               lambda: received(self.net, "ar1", "up0"))
        site = frames.gre(self.mma, self.group, self._inner(self.home))
        mn = ("air", "mn.w0", self._frame(router, None, site, octets.multicast_mac(self.group)), "gre", lambda: udp_dropped(self.net, "mn"))
        host = ("air", "ph.w0", self._frame(router, ("ph", "w0"), frames.udp(self.cn, "2001:db8:2:11::99", 40000, PORT, b"\0\0")), "plain",
                lambda: udp_dropped(self.net, "ph"))
        router = ("air", "pr.w0", self._frame(router, ("pr", "w0"), self._inner(BEHIND_NET + "1")), "plain", lambda: received(self.net, "ps", "in0"))
        return {"ha": (ha, plain_router), "mma": (mma, plain_router), "mn": (mn, router), "mn_received": (mn, host)}

    def quiet_below(self, name):
        """Frees the counters of work that is not being measured: what the node sends ends one hop further."""
        if name == "ha":
            self.net.run("core", "ip", "-6", "route", "replace", "blackhole", self.coa + "/128")
        if name == "mma":
            self.world.daemons.pop("ar1").kill()
            for note in (netmod.PINS / f"{self.net.id}-ar1").glob(f"if-{self.net.ifindex['ar1', 'up0']}-in*"):
                note.unlink()                        # a link goes with its pin, a filter (before Linux 6.6) not
            self.net.run("ar1", "sh", "-c", "tc qdisc del dev up0 clsact 2>/dev/null || true")

    def rate(self, path, flows, seconds):
        """(sent, counted) packets a second."""
        node, ifname, frame, kind, counter = path
        argv = [netmod.TOOLS / "blast", ifname, "--frame", frame.hex(), "--seconds", seconds]
        at = PORT_AT + INNER[kind]
        argv += ["--flows", flows, "--port-at", at, "--balance-at", at + octets.UDP_OCT]
        if kind == "gre":
            argv += ["--seq-at", GRE_SEQ_AT]
        before = counter()
        procs = [netns.popen(self.net.ns(node), ["taskset", "-c", cpu, *argv, "--seq-from", i << 31], stdout=subprocess.PIPE)
                 for i, cpu in enumerate(GENERATORS)]
        results = [tuple(map(int, p.communicate(timeout=seconds + 30)[0].split())) for p in procs]
        longest = max(ns for _, ns in results)
        return sum(sent for sent, _ in results) * 1e9 / longest, (counter() - before) * 1e9 / longest


def burst_ns(rig, ifname, frame, kind="plain"):
    """What a frame costs from its sender to its end, all on one processor."""
    argv = ["taskset", "-c", NODE, netmod.TOOLS / "blast", ifname, "--frame", frame.hex(), "--bursts", 2000]
    return float(netns.run(rig.net.ns("air"), argv + (["--seq-at", GRE_SEQ_AT] if kind == "gre" else []), timeout=60))


def cost_ns(rig, runs):
    """(plain, through the tunnel): nanoseconds that receiving a packet costs, the medians of interleaved runs. The sender's part, which is
    taken off, is what a frame of the same length costs that the host knows nothing of. Unlike packets a second this does not depend on
    what else the machine does, nor on who else uses the queue that packets enter the host by (doc/decisions/cost-at-the-mobile.md)."""
    (_, host_if, host_frame, *_), (_, mn_if, mn_frame, *_) = (rig.paths()["mn_received"][i] for i in (1, 0))
    for node in ("mn", "ph"):
        steer(rig.net, node, "w0", None)
    def unknown(frame):
        return frame[:12] + b"\x88\xb5" + frame[14:]
    def once():
        return (burst_ns(rig, host_if, host_frame) - burst_ns(rig, host_if, unknown(host_frame)),
                burst_ns(rig, mn_if, mn_frame, "gre") - burst_ns(rig, host_if, unknown(mn_frame)))
    both = [once() for _ in range(runs)]
    for node in ("mn", "ph"):
        steer(rig.net, node, "w0", NODE)
    plain, own = (round(statistics.median(b[i] for b in both)) for i in (0, 1))
    print(f"  one packet at the mobile, on one processor: {own} ns, plain {plain}: {plain / own:.2f}", flush=True)
    return plain, own


def ratio(rig, name, flows, runs, seconds):
    """Median of interleaved runs: node over twin. name: of a path."""
    node, twin = rig.paths()[name]
    pairs = [(rig.rate(twin, flows, seconds), rig.rate(node, flows, seconds)) for _ in range(runs)]
    base = statistics.median(p[0][1] for p in pairs)
    own = statistics.median(p[1][1] for p in pairs)
    offered = statistics.median(p[1][0] for p in pairs)
    print(f"  {name}, {flows} flow(s): {own / 1e3:.0f} thousand packets/s, plain {base / 1e3:.0f}, offered {offered / 1e3:.0f}: "
          f"{own / max(base, 1):.2f}", flush=True)
    return own / max(base, 1)


def ratios_64(args, cost):
    """mn: over the rate of a router in its place, as the others; mn_received: over that of a host in its place, which has nothing to do but to
    receive; mn_link, mn_link_received: the same with `deliver = "link"`."""
    runs, seconds = (2, 1) if args.quick else (5, 2)
    out = {}
    def worse(rig, name):
        return round(min(ratio(rig, name, flows, runs, seconds) for flows in (1, 1000)), 3)
    with World(network()) as world:
        rig = Rig(world)
        cost["plain"], cost["roam0"] = cost_ns(rig, runs)
        for name in ("mn", "mn_received", "ha", "mma"):  # the mobile first: the others end its path
            rig.quiet_below(name)
            out[name] = worse(rig, name)
    with World(network("link")) as world:
        rig = Rig(world)
        print("  the mobile with deliver = link:")
        cost["link"] = cost_ns(rig, runs)[1]
        for name in ("mn", "mn_received"):
            out[name.replace("mn", "mn_link")] = worse(rig, name)
    with World(network(multicast="pim")) as world:
        rig = Rig(world, "pim")
        print("  the MMA with multicast-routing = pim:")
        rig.quiet_below("mma")
        out["mma_pim"] = worse(rig, "mma")
    return out


# --- TCP ---

def plain_network():
    """The same cables without daemons: the mobile has its address in cell1, and packets to it pass the home agent's node too."""
    t = topo.plain(backbone_delay_us=0)
    home = topo.HOME_ADDRESS
    t.node("ha").routes += [(home + "/128", "2001:db8:f:1::1")]
    t.node("mma").routes += [(home + "/128", "2001:db8:2:1::2")]
    return t


def plain_mobile(net):
    home = topo.HOME_ADDRESS
    net.run("core", "ip", "-6", "rule", "add", "iif", "ha0", "lookup", 100)
    net.run("core", "ip", "-6", "route", "add", home, "via", "2001:db8:f:2::2", "table", 100)
    net.run("core", "ip", "-6", "route", "add", "default", "via", "2001:db8:f:2::2", "table", 100)
    net.run("core", "ip", "-6", "route", "add", "2001:db8:c::/64", "dev", "cn0", "table", 100)
    netns.sysctl(net.ns("mn"), {"net/ipv6/conf/w0/accept_dad": 0, "net/ipv6/conf/w0/accept_ra": 0})
    net.plug("mn", "w0", "cell1")
    net.run("mn", "ip", "addr", "add", home + "/64", "dev", "w0", "nodad")
    net.run("mn", "ip", "addr", "add", "2001:db8:2:11::100/64", "dev", "w0", "nodad")
    net.run("mn", "ip", "-6", "route", "add", "default", "via", "2001:db8:2:11::1")
    net.run("ar1", "ip", "-6", "route", "add", home, "dev", "acc0")


def iperf(net, seconds):
    """Bits a second from the correspondent node to the mobile, counted at the mobile."""
    server = netns.popen(net.ns("mn"), ["iperf3", "-s", "-1", "-B", topo.HOME_ADDRESS, "--forceflush"], stdout=subprocess.PIPE)
    try:
        server.stdout.readline()
        out = netns.run(net.ns("cn"), ["iperf3", "-J", "-c", topo.HOME_ADDRESS, "-t", seconds, "-O", 1], timeout=seconds + 30)
        return json.loads(out)["end"]["sum_received"]["bits_per_second"]
    finally:
        netmod.stop(server)
        server.stdout.close()


def ratio_tcp(args, segmented=False):
    runs, seconds = (2, 2) if args.quick else (5, 4)
    with World(topo.demo(backbone_delay_us=0, mobile_more=QUICK)) as world, netmod.Net(plain_network()) as plain:
        world.be_home()
        flow = world.start_flow()
        flow.wait_flowing(15)
        world.move("cell1", 15)
        flow.wait_flowing(15)
        world.finish_flow(flow)
        plain_mobile(plain)
        if segmented:
            for n in (world.net, plain):
                n.run("cn", "ethtool", "-K", "eth0", "tso", "off", "gso", "off")
        pairs = [(iperf(plain, seconds), iperf(world.net, seconds)) for _ in range(runs)]
    base, own = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    print(f"  TCP{', segmented by the sender' if segmented else ''}: {own / 1e9:.2f} Gbit/s, plain {base / 1e9:.2f}: {own / base:.2f}",
          flush=True)
    return round(own / base, 3)


def program_ns():
    """ns a packet of each program, from BPF_PROG_TEST_RUN (tests/datapath)."""
    tool = netmod.BUILD / "tests/datapath/dpbench"
    if not tool.exists():
        print(f"  {tool} is not built: no ns a packet")
        return {}
    out = json.loads(subprocess.check_output([tool, "--json"], text=True))
    out = out.get("datapath_ns", out)
    for name, ns in out.items():
        print(f"  {name}: {ns} ns")
    return out


def measure(args):
    cost = {}
    return {"datapath_ns": program_ns(), "ratio_64": ratios_64(args, cost), "mn_cost_ns": cost, "ratio_tcp": ratio_tcp(args),
            "ratio_tcp_segmented": ratio_tcp(args, segmented=True)}
