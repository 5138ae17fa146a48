# SPDX-License-Identifier: BSD-2-Clause
"""The daemon as a process: sudden ends, restarts, reloads, clean stops."""
import json
import signal
import socket
import subprocess

import pytest
from roamlab import netns


def away(make_world):
    """A mobile at the foreign site with traffic both ways."""
    world = make_world()
    world.be_home()
    world.radio.wait_cell("home", 10)
    world.move("cell1")
    flow = world.start_flow()
    flow.wait_flowing(15)
    flow.pass_packets(200)
    return world, flow


def end(daemon, signo):
    daemon.proc.send_signal(signo)
    code = daemon.proc.wait(10)
    daemon.proc = None
    return code


@pytest.mark.requirement("H-2", "H-3")
@pytest.mark.parametrize("node", ["ha", "mma", "ar1", "mn"])
def test_killed_daemon_is_not_missed(make_world, node):
    """kill -9: established bindings go on being forwarded; the next daemon adopts everything; nothing is lost, no
    mobile has to register again."""
    world, flow = away(make_world)
    daemon = world.daemons[node]
    start = world.now()
    daemon.kill()
    flow.pass_packets(1000)
    daemon.start()
    assert daemon.show("status")[0]["adopted"] is True
    flow.pass_packets(1000)
    stop = world.now() - 200_000_000
    assert [b["home_address"] for b in world.daemons["ha"].show("bindings") if "home_address" in b] == [world.facts["home_address"]]
    down, up = world.finish_flow(flow)
    assert down.count(start, stop).lost == 0
    assert up.count(start, stop).lost == 0


def test_restart_by_signal_loses_nothing(make_world):
    """USR1 is what systemd sends for a restart."""
    world, flow = away(make_world)
    start = world.now()
    for node in "ha", "mma":
        assert end(world.daemons[node], signal.SIGUSR1) == 0
        flow.pass_packets(300)
        world.daemons[node].start()
    flow.pass_packets(500)
    stop = world.now() - 200_000_000
    down, up = world.finish_flow(flow)
    assert down.count(start, stop).lost == 0
    assert up.count(start, stop).lost == 0


def test_reload_keeps_bindings(make_world):
    """HUP: a good file is taken over without dropping a binding or a packet; a bad one changes nothing and is told."""
    world, flow = away(make_world)
    ha = world.daemons["ha"]
    conf = ha.dir / "roamd.conf"
    good = conf.read_text()
    start = world.now()

    conf.write_text(good + '\nrole ha { }\n')
    ha.proc.send_signal(signal.SIGHUP)
    world.wait(lambda: "event=reload-refused" in ha.log.read_text(), "the refusal in the log")
    conf.write_text(good.replace('mobile "2001:db8:1::100"', 'mobile "2001:db8:1::200" { key = "mn1" } mobile "2001:db8:1::100"'))
    ha.proc.send_signal(signal.SIGHUP)
    world.wait(lambda: "event=reloaded" in ha.log.read_text(), "the reload in the log")

    flow.pass_packets(500)
    stop = world.now() - 200_000_000
    assert len(ha.show("bindings")) == 1
    down, up = world.finish_flow(flow)
    assert down.count(start, stop).lost == 0
    assert up.count(start, stop).lost == 0


def test_reload_everywhere(make_world):
    """HUP with an unchanged file, at every daemon at once: nothing happens to traffic or bindings."""
    world, flow = away(make_world)
    start = world.now()
    for daemon in world.daemons.values():
        daemon.proc.send_signal(signal.SIGHUP)
    for daemon in world.daemons.values():
        world.wait(lambda d=daemon: "event=reload" in d.log.read_text(), "the reload in the log")
        assert "event=reloaded" in daemon.log.read_text()
    flow.pass_packets(500)
    settled = world.now() - 100_000_000
    world.move("cell2")
    flow.pass_packets(500)
    assert len(world.daemons["ha"].show("bindings")) == 1
    assert not [e for e in world.daemons["mn"].log.read_text().splitlines()[-30:] if "level=error" in e]
    down, up = world.finish_flow(flow)
    assert down.count(start, settled).lost == 0
    assert up.count(start, settled).lost == 0


def things(world, node):
    """What a daemon could leave behind in a namespace. What the kernel learns from advertisements once it may again does not count."""
    ns = world.net.ns(node)
    links = sorted(x["ifname"] for x in json.loads(netns.run(ns, ["ip", "-j", "link"])))
    addresses = sorted((x["ifname"], a["local"]) for x in json.loads(netns.run(ns, ["ip", "-j", "-6", "addr"])) for a in x["addr_info"]
                       if not a.get("dynamic"))
    routes = sorted((r["dst"], r.get("dev", "")) for r in json.loads(netns.run(ns, ["ip", "-j", "-6", "route"]))
                    if r.get("protocol") != "ra" and "expires" not in r)
    filters = [netns.run(ns, ["tc", "filter", "show", "dev", i, d]) for i in links for d in ("ingress", "egress")]
    filters += [netns.run(ns, ["awk", '$4 != "0" && $5 ~ /^3333/', "/proc/net/dev_mcast"])]
    settings = netns.run(ns, ["sh", "-c", "grep . $(find /proc/sys/net/ipv6/conf -type f -readable -name '[a-r]*' | grep -v roam0) 2>/dev/null || true"])
    return {"links": links, "addresses": addresses, "routes": routes, "filters": [f for f in filters if f.strip()],
            "settings": sorted(settings.splitlines())}


@pytest.mark.parametrize("node", ["ha", "mma", "ar1", "mn"])
def test_stop_takes_everything_back(make_world, node):
    """TERM: no interface, address, route, program, pin or setting stays."""
    world = make_world()
    world.be_home()
    world.radio.wait_cell("home", 10)
    world.move("cell1")
    daemon = world.daemons[node]
    assert "roam0" in things(world, node)["links"]
    assert end(daemon, signal.SIGTERM) == 0
    after = things(world, node)
    assert "roam0" not in after["links"]
    assert after["filters"] == []
    assert not (daemon.dir / "run" / "roamd.sock").exists()
    assert not (daemon.dir / "run" / "sysctl.undo").exists()
    daemon.start()
    assert end(daemon, signal.SIGTERM) == 0
    assert things(world, node) == after


@pytest.mark.requirement("H-2", "H-3")
def test_least_privileges(make_world):
    """Every daemon under exactly CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF: a whole registration and traffic both ways."""
    world = make_world()
    only = ["setpriv", "--bounding-set=-all,+net_admin,+net_raw,+bpf", "--inh-caps=-all", "--"]
    for daemon in world.daemons.values():
        argv = [str(a) for a in daemon.proc.args]
        end(daemon, signal.SIGTERM)
        daemon.proc = netns.popen(world.net.ns(daemon.node.name), [*only, *argv[-3:]], stdout=open(daemon.log, "ab"),
                                  stderr=subprocess.STDOUT)
    for daemon in world.daemons.values():
        daemon.wait_ready()
        caps = dict(line.split(":", 1) for line in open(f"/proc/{daemon.proc.pid}/status"))["CapEff"]
        assert int(caps, 16) == 1 << 12 | 1 << 13 | 1 << 39
    world.be_home()
    world.radio.wait_cell("home", 10)
    world.move("cell1")
    flow = world.start_flow()
    flow.wait_flowing(15)
    flow.pass_packets(300)
    world.finish_flow(flow)


def test_service_manager_is_told(make_world, tmp_path):
    """READY once everything runs, WATCHDOG in time, STOPPING at the end (sd_notify(3))."""
    world = make_world()
    daemon = world.daemons["ha"]
    argv = [str(a) for a in daemon.proc.args][-3:]
    end(daemon, signal.SIGTERM)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        daemon.proc = netns.popen(world.net.ns("ha"), ["env", f"NOTIFY_SOCKET={tmp_path}/notify", "WATCHDOG_USEC=200000", *argv],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told = [manager.recv(100)]
        while told.count(b"WATCHDOG=1") < 3:
            told.append(manager.recv(100))
        assert b"READY=1" in told
        daemon.wait_ready()
        assert end(daemon, signal.SIGTERM) == 0
        while told[-1] != b"STOPPING=1":
            told.append(manager.recv(100))


def test_no_flap_is_missed(make_world):
    """A link that goes and comes within microseconds: the kernel may tell of it once, as up; the daemon sees both."""
    world = make_world()
    world.be_home()
    world.radio.wait_cell("home", 10)
    world.radio.stop()
    log = world.daemons["mn"].log

    def seen(what):
        return log.read_text().count(f"event=mn-link-{what}")

    world.wait(lambda: seen("up") >= 1, "the link to be up")
    for _ in range(10):
        down, up = seen("down"), seen("up")
        world.net.air.down(world.net.ifindex["air", world.net._radio_peer("mn", "w0")])
        world.net.air.up(world.net.ifindex["air", world.net._radio_peer("mn", "w0")])
        world.wait(lambda: seen("down") == down + 1 and seen("up") == up + 1, "one down and one up")


def test_bad_start_tells_why(make_world):
    """A second daemon for the same directories ends with status 3 and a remedy; a wrong option with 2; a wrong file with 1."""
    world = make_world()
    daemon = world.daemons["ha"]
    ns = world.net.ns("ha")
    argv = [str(a) for a in daemon.proc.args]
    again = subprocess.run(argv, capture_output=True, text=True, timeout=15)
    assert again.returncode == 3
    assert "give each daemon its own" in again.stderr
    assert netns.run(ns, [argv[-3], "-t", "-c", argv[-1]]).strip().endswith("good")
    assert subprocess.run([argv[-3], "--nonsense"], capture_output=True, timeout=15).returncode == 2
    bad = daemon.dir / "bad.conf"
    bad.write_text("role ha { adress = 1 }\n")
    wrong = subprocess.run([argv[-3], "-t", "-c", str(bad)], capture_output=True, text=True, timeout=15)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith(f"{bad}:1: ") and 'did you mean "address"?' in wrong.stderr


def test_control_socket_survives_nonsense(make_world):
    """Wrong requests are answered with a sentence; a line without end ends the conversation, not the daemon."""
    world = make_world()
    path = str(world.daemons["ha"].dir / "run" / "roamd.sock")

    def ask(line):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(path)
            s.sendall(line)
            return json.loads(s.makefile().readline())

    assert "no request" in ask(b"hello\n")["error"]
    assert "unknown" in ask(b'{"cmd":"dance"}\n')["error"]
    assert "args" in ask(b'{"cmd":"ctl"}\n')["error"]
    assert "strings" in ask(b'{"cmd":"ctl","args":[1]}\n')["error"]
    assert "no role" in ask(b'{"cmd":"ctl","args":["dance"]}\n')["error"]
    assert ask(b'{"cmd":"show","what":"nothing"}\n') == {"end": True, "error": None}
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        try:
            s.sendall(b"x" * 200000)
            assert s.recv(1) == b""
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert world.daemons["ha"].show("status")[0]["name"] == "ha"
