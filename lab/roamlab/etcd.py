# SPDX-License-Identifier: BSD-2-Clause
"""An etcd cluster on the laboratory's nodes, of Debian's packages etcd-server and etcd-client."""
import json
import subprocess

from . import net as netmod
from . import netns

READY_S = 60


class Member:
    """etcd on one node. `address`: where it is reached, by its peers and its clients."""

    def __init__(self, net, node, address):
        self.net, self.node, self.address = net, node, address
        self.dir = net.dir / node / "etcd"
        self.host = f"[{address}]" if ":" in address else address
        self.url = f"http://{self.host}:2379"
        self.proc = None

    def start(self, members):
        """members: of the whole cluster, this one too."""
        self.dir.mkdir(parents=True, exist_ok=True)
        peers = ",".join(f"{m.node}=http://{m.host}:2380" for m in members)
        argv = ["etcd", "--name", self.node, "--data-dir", self.dir / "data", "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                "--listen-peer-urls", f"http://{self.host}:2380", "--initial-advertise-peer-urls", f"http://{self.host}:2380",
                "--initial-cluster", peers, "--initial-cluster-token", self.net.id]
        with open(self.dir / "log", "ab") as log:
            self.proc = netns.popen(self.net.ns(self.node), argv, self.net.keep, stdout=log, stderr=log)
        return self

    def kill(self):
        """As a crash would: kill -9."""
        self.proc.kill()
        self.proc.wait()
        self.proc = None

    def stop(self):
        if self.proc:
            netmod.stop(self.proc, 5)
        self.proc = None

    def ctl(self, *words, check=True):
        return netns.run(self.net.ns(self.node), ["env", "ETCDCTL_API=3", "etcdctl", "--endpoints", self.url, *words], check=check)

    def status(self):
        """None: it does not answer."""
        try:
            return json.loads(self.ctl("endpoint", "status", "-w", "json"))[0]["Status"]
        except (subprocess.CalledProcessError, json.JSONDecodeError, IndexError, RuntimeError):
            return None

    @property
    def leads(self):
        s = self.status()
        return bool(s) and s["leader"] == s["header"]["member_id"]


class Cluster:
    """nodes: {name: address}."""

    def __init__(self, net, nodes):
        self.members = [Member(net, n, a) for n, a in nodes.items()]

    def start(self):
        for m in self.members:
            m.start(self.members)
        netmod.wait_for(lambda: self.leader, READY_S, "etcd to have elected a leader")
        return self

    def stop(self):
        for m in self.members:
            m.stop()

    @property
    def leader(self):
        return next((m for m in self.members if m.proc and m.leads), None)

    @property
    def endpoints(self):
        return "{" + ", ".join(f'"{m.url}"' for m in self.members) + "}"
