# SPDX-License-Identifier: BSD-2-Clause
"""FRR's zebra and pim6d on a node of the laboratory: PIM and MLD by somebody else's hand.

Nothing is installed into the system: the programs come from `tools/get-frr`, configuration, sockets and pid files
live in the laboratory's folder."""
import pathlib
import shutil
import subprocess

from . import net as netmod
from . import netns

GET = pathlib.Path(__file__).resolve().parents[2] / "tools/get-frr"


def programs():
    """Folder with zebra, pim6d and vtysh; built once where the distribution lacks pim6d."""
    done = subprocess.run([GET], text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError("no pim6d to be had: tools/get-frr says why")
    return pathlib.Path(done.stdout.strip())


def link_local(net, node, ifname):
    mac = bytes.fromhex(net.lladdr[node, ifname].replace(":", ""))
    words = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    return "fe80::" + ":".join(words[i:i + 2].hex() for i in range(0, 8, 2))


class Frr:
    """pim: interfaces with PIM; mld: those where hosts are. Leaving is as quick as pim6d's settings allow."""

    def __init__(self, net, node, pim, mld=()):
        self.net, self.node, self.dir = net, node, net.dir / node / "frr"
        self.folder = programs()
        self.dir.mkdir(parents=True)
        # A package's daemons insist on a user of their own.
        self.user = "frr" if self.folder.name == "package" else "root"
        shutil.chown(self.dir, self.user, self.user)
        self.procs = []
        self._start("zebra", "-z", self.dir / "zserv")
        netmod.wait_for((self.dir / "zserv").exists, 10, f"zebra on {node}")
        self._start("pim6d", "-z", self.dir / "zserv")
        netmod.wait_for((self.dir / "pim6d.vty").exists, 10, f"pim6d on {node}")
        self.pim, self.mld = list(pim), list(mld)
        netmod.wait_for(self._is_configured, 15, f"pim6d's interfaces on {node}")

    def _is_configured(self):
        """An interface that was configured before zebra told of it gets no place in the kernel's forwarding: once more then."""
        names = dict.fromkeys([*self.pim, *self.mld])
        placed = {line.split()[1] for line in netns.run(self.net.ns(self.node), ["cat", "/proc/net/ip6_mr_vif"]).splitlines()[1:]}
        missing = [n for n in names if n not in placed]
        for name in missing:
            lines = ["configure terminal", f"interface {name}", "no ipv6 pim", "ipv6 pim"]
            if name in self.mld:
                lines += ["ipv6 mld", "ipv6 mld query-max-response-time 1", "ipv6 mld last-member-query-count 1",
                          "ipv6 mld last-member-query-interval 1"]
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
        """Commands to pim6d, over its own socket."""
        return netns.inside(self.net.ns(self.node), _vty, str(self.dir / "pim6d.vty"), lines)

    def show(self, what):
        return self.tell(f"show ipv6 {what}")

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
                    raise RuntimeError(f"pim6d hung up at: {line}")
                answer += more
            if answer[-1] not in (0, 1) and line != "enable":
                raise RuntimeError(f"pim6d refused: {line}: {answer[:-4].decode(errors='replace').strip()} ({answer[-1]})")
            said.append(answer[:-4].decode(errors="replace"))
    return "".join(said)
