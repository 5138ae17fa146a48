# SPDX-License-Identifier: BSD-2-Clause
"""FRR's zebra and pim6d or pimd on a node of the laboratory: PIM and MLD or IGMP by somebody else's hand.

Nothing is installed into the system: the programs come from `tools/get-frr`, configuration, sockets and pid files
live in the laboratory's folder."""
import pathlib
import shutil
import subprocess

from . import net as netmod
from . import netns, octets

GET = pathlib.Path(__file__).resolve().parents[2] / "tools/get-frr"


PACKAGE = pathlib.Path("/usr/lib/frr")
# By family: the daemon, its word for commands, the hosts' side, where the kernel says which interfaces have a place, and the shortest
# times that the daemon takes (IGMP's in tenths of a second).
FAMILY = {"ipv6": ("pim6d", "ipv6", "mld", "ip6_mr_vif", 1), "ipv4": ("pimd", "ip", "igmp", "ip_mr_vif", 10)}


def programs(family="ipv6"):
    """Folder with zebra and the daemon; pim6d is built once where the distribution lacks it."""
    if family == "ipv4":
        if not (PACKAGE / "pimd").exists():
            raise RuntimeError("no pimd to be had: install frr")
        return PACKAGE
    done = subprocess.run([GET], text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError("no pim6d to be had: tools/get-frr says why")
    return pathlib.Path(done.stdout.strip())


def link_local(net, node, ifname):
    return octets.autoconfigured("fe80::", net.lladdr[node, ifname])


class Frr:
    """pim: interfaces with PIM; hosts: those where hosts are. Leaving is as quick as the daemon's settings allow."""

    def __init__(self, net, node, pim, hosts=(), family="ipv6"):
        self.net, self.node, self.dir = net, node, net.dir / node / "frr"
        self.folder = programs(family)
        self.daemon, self.word, self.member, self.vifs, self.units = FAMILY[family]
        self.dir.mkdir(parents=True)
        # A package's daemons insist on a user of their own.
        self.user = "frr" if self.folder.name == "package" or self.folder == PACKAGE else "root"
        shutil.chown(self.dir, self.user, self.user)
        self.procs = []
        self._start("zebra", "-z", self.dir / "zserv")
        netmod.wait_for((self.dir / "zserv").exists, 10, f"zebra on {node}")
        self._start(self.daemon, "-z", self.dir / "zserv")
        netmod.wait_for((self.dir / f"{self.daemon}.vty").exists, 10, f"{self.daemon} on {node}")
        self.pim, self.hosts = list(pim), list(hosts)
        netmod.wait_for(self._is_configured, 15, f"{self.daemon}'s interfaces on {node}")

    def _is_configured(self):
        """An interface that was configured before zebra told of it gets no place in the kernel's forwarding: once more then."""
        names = dict.fromkeys([*self.pim, *self.hosts])
        placed = {line.split()[1] for line in netns.run(self.net.ns(self.node), ["cat", f"/proc/net/{self.vifs}"]).splitlines()[1:]}
        missing = [n for n in names if n not in placed]
        for name in missing:
            lines = ["configure terminal", f"interface {name}", f"no {self.word} pim", f"{self.word} pim"]
            if name in self.hosts:
                hosts = f"{self.word} {self.member}"
                lines += [hosts, f"{hosts} query-max-response-time {self.units}", f"{hosts} last-member-query-count 1",
                          f"{hosts} last-member-query-interval 1"]
            self.tell(*lines)
        return not missing

    def _start(self, program, *more):
        log = open(self.dir / f"{program}.log", "ab")
        argv = [self.folder / program, "-f", "/dev/null", "-i", self.dir / f"{program}.pid", "--vty_socket", self.dir,
                "-u", self.user, "-g", self.user, "-P", "0", *more]
        if program == "zebra":
            argv += ["-r"]  # routes in the kernel are the laboratory's: leave them there at the end
        self.procs.append(netns.popen(self.net.ns(self.node), argv, stdout=log, stderr=log))

    def tell(self, *lines):
        """Commands to the daemon, over its own socket."""
        return netns.inside(self.net.ns(self.node), _vty, str(self.dir / f"{self.daemon}.vty"), lines)

    def show(self, what):
        return self.tell(f"show {self.word} {what}")

    def stop(self):
        for p in reversed(self.procs):
            netmod.stop(p)
        self.procs = []


def _vty(path, lines):
    """The protocol of vtysh: a command ends with a zero octet, an answer with three and a result."""
    import socket
    said = []
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(path)
        for line in ("enable", *lines):
            s.sendall(line.encode() + b"\0")
            answer = b""
            while not (len(answer) >= 4 and answer[-4:-1] == b"\0\0\0"):
                more = s.recv(65536)
                if not more:
                    raise RuntimeError(f"the daemon hung up at: {line}")
                answer += more
            if answer[-1] not in (0, 1) and line != "enable":
                raise RuntimeError(f"the daemon refused: {line}: {answer[:-4].decode(errors='replace').strip()} ({answer[-1]})")
            said.append(answer[:-4].decode(errors="replace"))
    return "".join(said)
