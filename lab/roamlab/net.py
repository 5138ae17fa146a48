# SPDX-License-Identifier: BSD-2-Clause
"""Builds a topology and takes it away again.

Whatever happens to us (Ctrl-C, kill -9), the network goes: a guard process holds the other end of a
pipe and cleans up when the pipe closes. `roamlab gc` does the same for laboratories whose
owner is gone and whose guard was killed too. All that belongs to a laboratory carries its identifier: namespaces
ID-NODE, folder /run/roamlab/ID, BPF pins under /sys/fs/bpf/roamcast/ID-NODE."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from . import netns

RUN = pathlib.Path("/run/roamlab")
PINS = pathlib.Path("/sys/fs/bpf/roamcast")
BUILD = pathlib.Path(os.environ.get("ROAM_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
TOOLS = BUILD / "lab"
# Tunnel segments that no virtio_net_hdr can describe (see tools/wire.c); plain TCP segments stay offloaded.
TUNNEL_OFFLOADS = [f"tx-{x}" for x in ("gre-segmentation", "gre-csum-segmentation", "ipxip4-segmentation",
                                       "ipxip6-segmentation", "udp_tnl-segmentation", "udp_tnl-csum-segmentation")]


PATIENCE = float(os.environ.get("ROAM_PATIENCE", 1))  # deadlines are so many times longer: for an emulated processor


def wait_for(condition, seconds, what):
    """Calls condition() until it is true; TimeoutError names what did not come (what: words, or what gives them then). Returns its value."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def _batch(lines, namespace=None, family="-6"):
    if not lines:
        return
    argv = ["ip", family] + (["-n", namespace] if namespace else []) + ["-batch", "-"]
    done = subprocess.run(argv, input="\n".join(lines) + "\n", text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"ip -batch ({namespace or 'here'}): {done.stderr.strip()}\n" + "\n".join(lines))


def _option(address):
    """The option of `ip` for the family of this address or prefix."""
    return "-6" if ":" in address else "-4"


def _add_address(address, ifname):
    """Without the wait of duplicate detection; in IPv4 with the link's broadcast address."""
    return f"addr add {address} dev {ifname} " + ("nodad" if ":" in address else "broadcast +")


def _add_route(prefix, via):
    """prefix may begin with a word, as "unreachable PREFIX metric 4096" does."""
    return f"route replace {prefix}" + (f" via {via}" if via else "")


def _route_option(prefix, via):
    words = [w for w in prefix.split() if "." in w or ":" in w]
    return _option(via or (words or [":"])[0])


class Net:
    """A built topology. Use as a context manager, or call build() and close()."""

    def __init__(self, topo, keep=False):
        self.topo = topo
        self.keep = keep
        self.id = f"rl{os.getpid():x}{random.randrange(4096):03x}"
        self.dir = RUN / self.id
        self.wires, self.ifindex, self.lladdr = [], {}, {}
        self._next_index = 10
        self._guard = None
        self.air = None
        self._plugged, self._aimed = {}, {}

    def __enter__(self):
        self.build()
        return self

    def __exit__(self, *_):
        self.close()

    def ns(self, node):
        return f"{self.id}-{node}"

    # --- building ---

    def build(self):
        self.dir.mkdir(parents=True)
        (self.dir / "owner").write_text("kept" if self.keep else str(os.getpid()))
        if not self.keep:
            self._start_guard()
        try:
            self._make_namespaces()
            self._make_links()
            self._configure()
            self._start_wires()
            self.air = netns.Links(self.ns("air"))
            self._silence_radios()
            self._wait_addresses()
        except BaseException:
            self.close()
            raise

    def _start_guard(self):
        self._guard = subprocess.Popen([sys.executable, "-B", "-m", "roamlab", "guard", self.id], stdin=subprocess.PIPE,
                                       start_new_session=True,
                                       env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[1])})

    def _make_namespaces(self):
        names = [n.name for n in self.topo.nodes] + ["air", "wires"]
        _batch([f"netns add {self.ns(n)}" for n in names])
        for name in names:
            node = next((n for n in self.topo.nodes if n.name == name), None)
            netns.sysctl(self.ns(name), self._settings(node))

    @staticmethod
    def _settings(node):
        """A router forwards and learns nothing from advertisements; only a mobile checks its addresses for duplicates. Where sources are
        checked, the topology says so (Port.admits)."""
        if node is None:
            return {"net/ipv6/conf/all/disable_ipv6": 1, "net/ipv6/conf/default/disable_ipv6": 1}
        s = {}
        if node.forwards:
            s.update({f"net/{ip}/conf/{which}/forwarding": 1 for ip in ("ipv6", "ipv4") for which in ("all", "default")})
        if not node.is_mobile:
            s.update({"net/ipv6/conf/default/accept_dad": 0, "net/ipv6/conf/default/accept_ra": 0,
                      "net/ipv4/conf/all/rp_filter": 0, "net/ipv4/conf/default/rp_filter": 0})
        s.update(node.settings)
        return s

    def _index(self):
        self._next_index += 1
        return self._next_index

    def _veth(self, node_a, name_a, node_b, name_b):
        """One line of ip -batch. Interface indices are unique in the laboratory: a kernel delays the carrier events of a link whose
        peer elsewhere happens to have the same index."""
        a, b = self._index(), self._index()
        self.ifindex[node_a, name_a], self.ifindex[node_b, name_b] = a, b
        self.lladdr[node_a, name_a] = f"02:00:00:00:{a >> 8:02x}:{a & 255:02x}"
        self.lladdr[node_b, name_b] = f"02:00:00:00:{b >> 8:02x}:{b & 255:02x}"
        return (f"link add name {name_a} index {a} address {self.lladdr[node_a, name_a]} netns {self.ns(node_a)} type veth "
                f"peer name {name_b} index {b} address {self.lladdr[node_b, name_b]} netns {self.ns(node_b)}")

    def _make_links(self):
        lines, bridges = [], []
        for i, c in enumerate(self.topo.cables):
            if c.is_plain:
                lines.append(self._veth(c.a.node, c.a.ifname, c.b.node, c.b.ifname))
            else:
                lines.append(self._veth(c.a.node, c.a.ifname, "wires", f"c{i}a"))
                lines.append(self._veth(c.b.node, c.b.ifname, "wires", f"c{i}b"))
        for c in self.topo.cells + self.topo.lans:
            index = self._index()
            self.ifindex["air", c.name] = index
            bridges.append(f"link add name {c.name} index {index} type bridge stp_state 0 forward_delay 0 mcast_snooping 0")
            bridges.append(f"link set {c.name} up")
        for c in self.topo.cells:
            lines.append(self._veth(c.router.node, c.router.ifname, "air", f"p-{c.name}"))
        on_lans = [(lan.name, p) for lan in self.topo.lans for p in lan.ports]
        for r in self.topo.radios + [p for _, p in on_lans]:
            lines.append(self._veth(r.node, r.ifname, "air", self._radio_peer(r.node, r.ifname)))
        _batch(bridges, self.ns("air"))
        _batch(lines)
        _batch([f"link set p-{c.name} master {c.name} up" for c in self.topo.cells] +
               [f"link set {self._radio_peer(p.node, p.ifname)} master {lan} up" for lan, p in on_lans], self.ns("air"))
        for r in self.topo.radios:
            if r.hears_many:
                self._make_reach(r)

    def _make_reach(self, radio):
        """A bridge of the radio's own, with a cable to each cell; which of them it uses, reach() says. The cables do not see each other, and what the mobile
        sends to one station goes out by those that are aimed at (see aim)."""
        own, first, then = f"r-{radio.node}.{radio.ifname}", [], []
        first.append(f"link add name {own} type bridge stp_state 0 forward_delay 0 mcast_snooping 0")
        then += [f"link set {own} up", f"link set {self._radio_peer(radio.node, radio.ifname)} master {own} up"]
        for i, cell in enumerate(self.topo.cells):
            here, there = f"{own}-{i}", f"c{i}-{radio.node}.{radio.ifname}"
            self.ifindex["air", here] = index = self._index()
            first.append(f"link add name {here} index {index} type veth peer name {there} index {self._index()}")
            then += [f"link set {there} master {cell.name} up", f"link set {here} master {own} up",
                     f"link set {here} type bridge_slave isolated on learning off flood off"]
        _batch(first + then, self.ns("air"))

    def _silence_radios(self):
        """Radios that hear many are in no cell at first. The bridge switches a port on by itself when its carrier comes, which may take a moment."""
        ports = [p for r in self.topo.radios if r.hears_many for p in self._reach_ports(r.node, r.ifname)]
        def are_on():
            links = json.loads(netns.run(self.ns("air"), ["bridge", "-j", "link", "show"]))
            return set(ports) <= {link["ifindex"] for link in links if link["state"] == "forwarding"}
        wait_for(are_on, 10, "cables of radios")
        for p in ports:
            self.air.forward(p, False)

    @staticmethod
    def _radio_peer(node, ifname):
        return f"{node}.{ifname}"

    def _configure(self):
        ports = {}
        for p in self.topo.ports():
            ports.setdefault(p.node, []).append(p)
        for node in self.topo.nodes:
            self._configure_node(node, ports.get(node.name, []))
        if any(not c.is_plain for c in self.topo.cables):
            names = [n for (node, n) in self.ifindex if node == "wires"]
            _batch([f"link set {n} up" for n in names], self.ns("wires"))

    def _configure_node(self, node, ports):
        lines = {"-6": ["link set lo up"] + [f"link set {p.ifname} up" for p in ports], "-4": []}

        def add(option, line):
            lines[option].append(line)
        for address, ifname in [(a, "lo") for a in node.loopback] + [(a, p.ifname) for p in ports for a in p.addresses]:
            add(_option(address), _add_address(address, ifname))
        for prefix, via in node.routes:
            add(_route_option(prefix, via), _add_route(prefix, via))
        for p in ports:
            for option, rule in self._ingress_filter(p):
                add(option, rule)
        for option, neighbour in self._acquaintances(node.name):
            add(option, neighbour)
        for option, batch in lines.items():
            _batch(batch, self.ns(node.name), option)

    def _acquaintances(self, node):
        """Both ends of a long cable know each other, as routers of a backbone in use do: else the first packet of each would wait for a
        neighbour to be found at the other end of the delay."""
        ends = [(mine, far) for c in self.topo.cables if not c.is_plain for mine, far in ((c.a, c.b), (c.b, c.a)) if mine.node == node]
        return [(_option(a), f"neigh replace {a.partition('/')[0]} lladdr {self.lladdr[far.node, far.ifname]} dev {mine.ifname} nud permanent")
                for mine, far in ends for a in far.addresses]

    @staticmethod
    def _ingress_filter(port):
        """Policy rules, which every kernel has: known sources are routed, all others refused with an ICMP error, as from a real router
        (ICMPv6 1.1; in IPv4 network unreachable, the only refusal that the kernel counts)."""
        rules = [(_option(prefix), f"rule add pref 100 from {prefix} iif {port.ifname} lookup main") for prefix in port.admits]
        last = {"-6": "prohibit", "-4": "unreachable"}
        return rules + [(option, f"rule add pref 200 iif {port.ifname} {last[option]}") for option in dict.fromkeys(o for o, _ in rules)]

    def refused(self, node, ifname):
        """IPv6 packets that the ingress filter of this interface has refused so far."""
        text = self.run(node, "cat", f"/proc/net/dev_snmp6/{ifname}")
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith("Ip6InNoRoutes")))

    def sent_by(self, node, ifname):
        """Packets that left by this interface so far."""
        return json.loads(self.run(node, "ip", "-j", "-s", "link", "show", "dev", ifname))[0]["stats64"]["tx"]["packets"]

    def refused4(self, node):
        """IPv4 packets that the ingress filters of this node have refused so far: the kernel does not count them by interface."""
        names, values = [line.split() for line in self.run(node, "cat", "/proc/net/netstat").splitlines() if line.startswith("IpExt:")]
        return int(values[names.index("InNoRoutes")])

    def _start_wires(self):
        for i, c in enumerate(self.topo.cables):
            if c.is_plain:
                continue
            for p in (c.a, c.b):
                netns.run(self.ns(p.node), ["ethtool", "-K", p.ifname, *[w for o in TUNNEL_OFFLOADS for w in (o, "off")]],
                          check=False)
            argv = [TOOLS / "wire", f"c{i}a", f"c{i}b", "--delay-us", c.delay_us, "--loss-ppm", c.loss_ppm,
                    "--rate-mbit", c.rate_mbit]
            self.wires.append(start_ready(self.ns("wires"), argv, keep=self.keep))

    def _wait_addresses(self):
        """Until no router's address is tentative: link-local ones appear with the carrier."""
        for node in self.topo.nodes:
            if not node.is_mobile:
                wait_for(lambda n=node: "tentative" not in netns.run(self.ns(n.name), ["ip", "-6", "addr", "show"]), 5,
                         f"addresses of {node.name}")

    # --- the air ---

    def plug(self, node, ifname, cell):
        """Into a cell, as a radio that has just been associated: carrier comes up."""
        port = self.ifindex["air", self._radio_peer(node, ifname)]
        self.air.master(port, self.ifindex["air", cell])
        self.air.up(port)
        self._plugged[node, ifname] = cell

    def unplug(self, node, ifname):
        """Out of its cell: carrier is lost."""
        self.air.down(self.ifindex["air", self._radio_peer(node, ifname)])
        self._plugged.pop((node, ifname), None)

    def plugged(self, node, ifname):
        return self._plugged.get((node, ifname))

    def pids(self, node, *names):
        """Processes in a node's namespace, of one of these names if there are any."""
        return [p for p in _pids(self.ns(node)) if not names or comm(p) in names]

    def power_off(self, node):
        """The machine's links to cells and switches first, then roamd and what it started, all at once: nobody says goodbye. Returns when."""
        when = time.monotonic_ns()
        for port in self.topo.radios + [p for lan in self.topo.lans for p in lan.ports]:
            if port.node == node:
                self.unplug(node, port.ifname)
        for p in self.pids(node, "roamd", "roamd-guard", "keepalived"):
            send(p, signal.SIGKILL)
        return when

    def _reach_ports(self, node, ifname):
        return [self.ifindex["air", f"r-{node}.{ifname}-{i}"] for i, _ in enumerate(self.topo.cells)]

    def _reach_port(self, node, ifname, cell):
        return self._reach_ports(node, ifname)[[c.name for c in self.topo.cells].index(cell)]

    def reach(self, node, ifname, cells):
        """A radio that hears many: it is in these cells, and in no other."""
        before = self._plugged.get((node, ifname), set())
        for cell in cells - before:
            self.air.forward(self._reach_port(node, ifname, cell), True)
        for cell in before - cells:
            self.air.forward(self._reach_port(node, ifname, cell), False)
        self._plugged[node, ifname] = set(cells)

    def aim(self, node, ifname, cell):
        """What such a radio sends to a single station goes into this cell; what is for all goes into all that it is in."""
        port, before = self._reach_port(node, ifname, cell), self._aimed.get((node, ifname))
        if port != before:
            self.air.flood_by(port, before)
        self._aimed[node, ifname] = port

    def router_lladdr(self, cell):
        """The link-layer address that a mobile hears in that cell."""
        router = self.topo.cell(cell).router
        return self.lladdr[router.node, router.ifname]

    def run(self, node, *argv, **kw):
        return netns.run(self.ns(node), argv, **kw)

    # --- the end ---

    def close(self):
        if self.air:
            self.air.close()
            self.air = None
        if self._guard:
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None
        elif not self.keep:
            clean(self.id)
        for w in self.wires:
            w.wait()
        self.wires = []


def start_ready(namespace, argv, seconds=10, **kw):
    """Starts one of our tools and waits for its "ready"; its output goes on from there."""
    proc = netns.popen(namespace, argv, stdout=subprocess.PIPE, **kw)
    line = proc.stdout.readline()
    if line.strip() != b"ready":
        proc.kill()
        proc.wait()
        raise RuntimeError(f"{argv[0]} did not start in {namespace}")
    return proc


def ask_to_end(proc):
    """Whether there was a process to ask."""
    is_there = proc is not None and proc.poll() is None
    if is_there:
        proc.send_signal(signal.SIGTERM)
    return is_there


def stop(proc, seconds=10, is_asked=False):
    """Ends a process kindly, then not. is_asked: by ask_to_end() already."""
    if not is_asked:
        ask_to_end(proc)
    try:
        return proc.wait(seconds)
    except subprocess.TimeoutExpired:
        proc.kill()
        return proc.wait()


# --- cleaning, also of what others left ---

def _namespaces(lab_id):
    return [p.name for p in pathlib.Path("/run/netns").glob(f"{lab_id}-*")]


def _pids(namespace):
    return [int(p) for p in subprocess.run(["ip", "netns", "pids", namespace], text=True, capture_output=True).stdout.split()]


def _kill_inside(names):
    pids = set()
    for n in names:
        pids |= set(_pids(n)) - {os.getpid()}
    for sig, seconds in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        for p in pids:
            send(p, sig)
        deadline = time.monotonic() + seconds
        while pids and time.monotonic() < deadline:
            pids = {p for p in pids if _is_alive(p)}
            time.sleep(0.01)


def comm(pid):
    """A process's name; "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def send(pid, sig):
    """A signal to a process that may be gone."""
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        pass


def _is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def clean(lab_id):
    """Takes away everything of one laboratory. Safe to call twice."""
    names = _namespaces(lab_id)
    _kill_inside(names)
    for pins in PINS.glob(f"{lab_id}-*"):
        shutil.rmtree(pins, ignore_errors=True)
    for n in names:
        subprocess.run(["ip", "netns", "del", n], capture_output=True)
    shutil.rmtree(RUN / lab_id, ignore_errors=True)


def laboratories():
    """(identifier, owner's pid or None when kept, is the owner alive)."""
    found = []
    for d in sorted(RUN.glob("rl*")) if RUN.is_dir() else []:
        try:
            text = (d / "owner").read_text()
        except OSError:
            text = "0"
        pid = None if text == "kept" else int(text or 0)
        found.append((d.name, pid, pid is not None and _is_alive(pid)))
    return found


def gc(everything=False):
    """Cleans laboratories whose owner is gone; `everything`: also kept ones."""
    gone = [i for i, pid, alive in laboratories() if not alive and (pid is not None or everything)]
    for lab_id in gone:
        clean(lab_id)
    return gone


def guard(lab_id):
    """The guard's whole life: wait for the pipe's end, then clean."""
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean(lab_id)
