# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 and the host: what a daemon changes while it runs, what the next one adopts after a sudden end, and that a stop leaves the host as it was.

Each role alone on its node of the demonstration's network (topo.demo), whose other daemons do not run: nothing here waits for a peer."""
import json
import os
import re
import signal
import subprocess

import pytest
from roamlab import netns, roamd, topo
from roamlab.net import PINS, Net, wait_for

# node, how its network is described, interfaces of its role by what they are
CASES = {
    "ha": ("ha", {}, {"home": "home0", "up": "core0"}),
    "mma": ("mma", {}, {"down": "d1", "up": "core0"}),
    "ar": ("ar1", {}, {"access": "acc0", "up": "up0"}),
    "fa": ("ar1", {"use_mma": False}, {"access": "acc0", "up": "up0"}),
    "mn": ("mn", {}, {"mobile": "w0"}),
}
# What a host's operator may have set, and must find again: strict source checks, one interface that forwards already, addresses and routes
# beside ours, an address that would go with the first of its prefix.
OPERATORS = """
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.$1.rp_filter=1 net.ipv4.conf.lo.forwarding=1 net.ipv4.conf.$1.send_redirects=1
ip address add 10.66.0.1/32 dev lo
ip address add 10.66.1.1/24 dev $1
ip address add 10.66.1.2/24 dev $1
ip route add 10.66.2.0/24 via 10.66.1.9 dev $1 metric 77
ip route add default via 10.66.1.9 dev $1 metric 9
"""


def run(net, node, *argv):
    return netns.run(net.ns(node), list(argv))


def host(net, node):
    """What of IPv4 (and of what both families share) a daemon could leave behind."""
    links = json.loads(run(net, node, "ip", "-j", "link"))
    names = sorted(x["ifname"] for x in links)
    addresses = sorted((x["ifname"], a["local"], a["prefixlen"]) for x in json.loads(run(net, node, "ip", "-j", "-4", "addr")) for a in x["addr_info"])
    routes = sorted(r.replace(" linkdown", "").strip() for r in run(net, node, "ip", "-4", "route", "show", "table", "all").splitlines())
    rules = run(net, node, "ip", "-4", "rule").splitlines()
    filters = [re.sub(r"\bid \d+|\[\d+\]", "", f) for i in names for d in ("ingress", "egress") if
               (f := run(net, node, "tc", "filter", "show", "dev", i, d).strip())]
    groups = sorted(run(net, node, "awk", '$4 != "0" { print $2, $5 }', "/proc/net/dev_mcast").splitlines())
    joined = sorted(line.split()[0] for line in run(net, node, "awk", "/^\\t/", "/proc/net/igmp").splitlines())
    settings = run(net, node, "sh", "-c", "grep . $(find /proc/sys/net/ipv4/conf -type f -readable | grep -v /roam0/) /proc/sys/net/ipv4/ip_forward")
    sockets = run(net, node, "sh", "-c", "ss -Hlun 'sport = :434'; ss -Haw").splitlines()
    pins = sorted(p.name for p in (PINS / f"{net.id}-{node}").glob("*"))
    return {"links": names, "addresses": addresses, "routes": routes, "rules": rules, "filters": filters, "groups": groups, "joined": joined,
            "settings": sorted(settings.splitlines()), "sockets": sockets, "pins": pins}


def different(a, b):
    return {k: (sorted(set(a[k]) - set(b[k])), sorted(set(b[k]) - set(a[k]))) for k in a if a[k] != b[k]}


def setting(net, node, ifname, key):
    return int(run(net, node, "cat", f"/proc/sys/net/ipv4/conf/{ifname}/{key}"))


@pytest.fixture(params=list(CASES))
def alone(request):
    """One daemon on its node, not yet started, with an operator's settings around it."""
    node, kw, interfaces = CASES[request.param]
    net = Net(topo.demo(family="ipv4", routers=2, **kw))
    net.build()
    daemon = roamd.Daemon(net, node)
    try:
        if "mobile" in interfaces:
            net.plug("mn", "w0", "home")
        netns.run(net.ns(node), ["sh", "-ec", OPERATORS, "sh", next(iter(interfaces.values()))])
        yield net, node, interfaces, daemon
    finally:
        fault = daemon.stop() if daemon.proc else None
        net.close()
        assert not fault, fault


def end(daemon, signo):
    daemon.proc.send_signal(signo)
    code = daemon.proc.wait(10)
    daemon.proc = None
    return code


def settled(net, node, interfaces):
    """Has the engine begun with IPv4, and everything that follows?"""
    return "roam0" in host(net, node)["links"] and host(net, node)["sockets"] and all(
        any((PINS / f"{net.id}-{node}").glob(f"if-{net.ifindex[node, i]}-in*")) for i in interfaces.values())


def test_settings_are_what_the_roles_need(alone):
    """doc/operations.md, "What it changes in the kernel": on the interfaces of roles, and on no other."""
    net, node, interfaces, daemon = alone
    daemon.start()
    wait_for(lambda: settled(net, node, interfaces), 10, "the daemon's beginning with IPv4")
    if ifname := interfaces.get("mobile"):
        assert [setting(net, node, ifname, k) for k in ("arp_ignore", "arp_announce", "promote_secondaries", "rp_filter")] == [1, 2, 1, 2]
        assert setting(net, node, ifname, "forwarding") == 0
    else:
        assert {setting(net, node, i, "forwarding") for i in (*interfaces.values(), "default", "roam0")} == {1}
    if ifname := interfaces.get("access") or (interfaces.get("home") if node == "ha" else None):
        assert (setting(net, node, ifname, "rp_filter"), setting(net, node, ifname, "send_redirects")) == ((0, 0) if "access" in interfaces else (1, 1))
    assert setting(net, node, "lo", "arp_ignore") == 0
    assert max(setting(net, node, w, "rp_filter") for w in ("all", "roam0")) == 0
    assert max(setting(net, node, w, "send_redirects") for w in ("all", "roam0")) == 0
    assert host(net, node)["sockets"][0].split()[3].endswith(":434")
    assert "level=error" not in daemon.log.read_text() and "-failed" not in daemon.log.read_text()


def test_a_stop_leaves_the_host_as_it_was(alone):
    net, node, interfaces, daemon = alone
    before = host(net, node)
    daemon.start()
    wait_for(lambda: settled(net, node, interfaces), 10, "the daemon's beginning with IPv4")
    assert different(before, host(net, node))["settings"]
    assert end(daemon, signal.SIGTERM) == 0
    assert not different(before, host(net, node))
    assert not (daemon.dir / "run" / "sysctl.undo").exists()


def test_a_sudden_end_leaves_what_the_next_one_adopts(alone):
    """kill -9: addresses, routes, filters and settings stay as they were; the next daemon takes them over, and its stop takes them away."""
    net, node, interfaces, daemon = alone
    before = host(net, node)
    daemon.start()
    wait_for(lambda: settled(net, node, interfaces), 10, "the daemon's beginning with IPv4")
    running = host(net, node)
    os.kill(daemon.proc.pid, signal.SIGKILL)
    daemon.proc.wait(10)
    daemon.proc = None
    left = host(net, node)
    assert set(different(running, left)) <= {"sockets", "joined"}, different(running, left)
    assert left["sockets"] == []
    daemon.start()
    assert daemon.show("status")[0]["adopted"] is True
    wait_for(lambda: settled(net, node, interfaces), 10, "the next daemon's beginning with IPv4")
    assert not different({**running, "sockets": 0}, {**host(net, node), "sockets": 0})
    assert end(daemon, signal.SIGTERM) == 0
    assert not different(before, host(net, node))


def test_a_restart_by_signal_leaves_everything_in_place(alone):
    net, node, interfaces, daemon = alone
    before = host(net, node)
    daemon.start()
    wait_for(lambda: settled(net, node, interfaces), 10, "the daemon's beginning with IPv4")
    running = host(net, node)
    assert end(daemon, signal.SIGUSR1) == 0
    assert set(different(running, host(net, node))) <= {"sockets", "joined"}
    daemon.start()
    wait_for(lambda: settled(net, node, interfaces), 10, "the next daemon's beginning with IPv4")
    assert end(daemon, signal.SIGTERM) == 0
    assert not different(before, host(net, node))


def test_without_sysctl_nothing_is_set(alone):
    """node { sysctl = false }"""
    net, node, interfaces, daemon = alone
    before = host(net, node)
    net.topo.node(node).process += "  sysctl = false\n"
    daemon.start()
    wait_for(lambda: settled(net, node, interfaces), 10, "the daemon's beginning with IPv4")
    assert "settings" not in different(before, host(net, node))
    assert end(daemon, signal.SIGTERM) == 0
    assert not different(before, host(net, node))


WEAK = """
key "mn1" { spi = 256  algorithm = "hmac-md5"  file = "KEYS/mn1.key" }
key "good" { spi = 257  algorithm = "hmac-sha256"  file = "KEYS/mn1.key" }
role fa {
  address-v4 = {"10.2.17.1"}
  upstream = {"up0"}
  interface "acc0" { prefix = {"10.2.17.0/24"} }
}
"""


def test_weak_settings_are_named(tmp_path):
    """`roamd -t`: RFC 5944's defaults are taken, and each weak one is named with the stronger setting; the file is good all the same."""
    key, conf = tmp_path / "mn1.key", tmp_path / "roamd.conf"
    key.write_text("hex:00112233445566778899aabbccddeeff\n")
    key.chmod(0o600)
    conf.write_text(WEAK.replace("KEYS", str(tmp_path)))
    done = subprocess.run([roamd.ROAMD, "-t", "-c", conf], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, f"{conf}: good\n")
    warnings = done.stderr.splitlines()
    assert any(w.startswith(f"{conf}:2: warning:") and "HMAC-MD5" in w and 'algorithm = "hmac-sha256"' in w for w in warnings), warnings
    assert any(w.startswith(f"{conf}:4: warning:") and "challenge = true" in w for w in warnings), warnings
    assert not [w for w in warnings if '"good"' in w or "error" in w]
    # A key of HMAC-MD5 is no key for Mobile IPv6: refused, not taken silently.
    conf.write_text(WEAK.replace("KEYS", str(tmp_path)).partition("role fa")[0] + 'role ha {\n  address = "2001:db8:1::1"\n'
                    '  home-prefix = {"2001:db8:1::/64"}\n  uplink = {"core0"}\n  mobile "2001:db8:1::100" { key = "mn1" }\n}\n')
    done = subprocess.run([roamd.ROAMD, "-t", "-c", conf], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "hmac-md5" in done.stderr and "hmac-sha256" in done.stderr
