# SPDX-License-Identifier: BSD-2-Clause
"""The daemon on the laboratory's nodes: its files, its process, questions to it."""
import json
import os
import pathlib
import socket
import subprocess

from . import net as netmod
from . import netns

ROAMD = netmod.BUILD / "src/daemon/roamd"
ROAMCTL = netmod.BUILD / "src/ctl/roamctl"
READY_S = 60   # the kernel verifies its programs: seconds for a dozen daemons at once, more on a busy machine
FAULTS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")  # a sanitizer build's reports


def folder(net, node):
    return net.dir / node


def write_files(net, node):
    """roamd.conf and keys of a node (topo.Node); returns the configuration's path."""
    d = folder(net, node.name)
    for sub in ("keys", "state", "run"):
        (d / sub).mkdir(parents=True, exist_ok=True)
    for name, text in node.keys.items():
        fd = os.open(d / "keys" / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(f"hex:{text}\n")
    conf = d / "roamd.conf"
    head = (f'node {{\n  name = "{node.name}"\n  state-dir = "{d}/state"\n  run-dir = "{d}/run"\n'
            f'  bpf-dir = "{netmod.PINS}/{net.id}-{node.name}"\n  realtime = 20\n{node.process}}}\n')
    conf.write_text(head + node.roamd.replace("{keys}", str(d / "keys")))
    return conf


def _mount_bpffs():
    if not any(line.split()[1] == "/sys/fs/bpf" for line in pathlib.Path("/proc/mounts").read_text().splitlines()):
        subprocess.run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"], check=True)
    netmod.PINS.mkdir(exist_ok=True)


class Daemon:
    """roamd on one node."""

    def __init__(self, net, node_name):
        self.net, self.node = net, net.topo.node(node_name)
        self.dir = folder(net, node_name)
        self.log = self.dir / "roamd.log"
        self.proc = None

    def start(self, wait=True):
        _mount_bpffs()
        conf = write_files(self.net, self.node)
        with open(self.log, "ab") as log:
            self.proc = netns.popen(self.net.ns(self.node.name), [ROAMD, "-c", conf], self.net.keep, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        netmod.wait_for(self._is_ready, READY_S, f"roamd on {self.node.name}")

    def _is_ready(self):
        if self.proc.poll() is not None:
            raise RuntimeError(f"roamd on {self.node.name} ended ({self.proc.returncode}):\n{self.tail()}")
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.dir / "run" / "roamd.sock"))
                return True
            except OSError:
                return False

    def tail(self, lines=30):
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def stop(self, is_asked=False):
        """A clean stop. Returns what was wrong with this daemon's life: "" or a sentence. is_asked: it has had its SIGTERM."""
        code = netmod.stop(self.proc, 10, is_asked) if self.proc else 0
        self.proc = None
        words = self.log.read_text(errors="replace") if self.log.exists() else ""
        found = [w for w in FAULTS if w in words]
        if not code and not found:
            return ""
        return f"roamd on {self.node.name} ended with {code}, {', '.join(found) or 'no sanitizer report'}:\n{self.tail(40)}"

    def kill(self):
        """As a crash would: kill -9."""
        self.proc.kill()
        self.proc.wait()
        self.proc = None

    def power_off(self):
        """With its whole machine. Returns when."""
        when = self.net.power_off(self.node.name)
        self.kill()
        return when

    def show(self, *words):
        """Records of `roamctl show WORDS`, as a list of dicts."""
        out = netns.run(self.net.ns(self.node.name),
                        [ROAMCTL, "-s", self.dir / "run" / "roamd.sock", "--json", "show", *words])
        return parse_records(out)

    def ctl(self, *words, check=True):
        return netns.run(self.net.ns(self.node.name), [ROAMCTL, "-s", self.dir / "run" / "roamd.sock", *words], check=check)


def parse_records(text):
    """JSON as one document or one a line."""
    try:
        value = json.loads(text)
        return value if isinstance(value, list) else [value]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def stop_all(daemons):
    """Clean stops of all at the same time, for a world that ends. Returns what was wrong with their lives, a sentence each."""
    asked = [(d, netmod.ask_to_end(d.proc)) for d in daemons]
    return [fault for d, is_asked in asked if (fault := d.stop(is_asked))]


def start_all(net):
    """Every node's daemon, all at once; returns {node name: Daemon}."""
    daemons = {n.name: Daemon(net, n.name).start(wait=False) for n in net.topo.nodes if n.roamd}
    for d in daemons.values():
        d.wait_ready()
    return daemons
