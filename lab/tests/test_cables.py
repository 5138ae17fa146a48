# SPDX-License-Identifier: BSD-2-Clause
"""Networks of the laboratory on this kernel: delay, moves, clean-up. Needs root."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest

LAB = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(LAB))

from roamlab import net, netns, topo, witness  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
ADDRESS = "2001:db8:2:11::100"


def settle(n):
    """An ordinary host in cell1."""
    netns.sysctl(n.ns("mn"), {"net/ipv6/conf/w0/accept_dad": 0, "net/ipv6/conf/w0/accept_ra": 0})
    n.plug("mn", "w0", "cell1")
    n.run("mn", "ip", "addr", "add", ADDRESS + "/64", "dev", "w0", "nodad")
    n.run("mn", "ip", "-6", "route", "add", "default", "via", "2001:db8:2:11::1")
    n.topo.facts["home_address"] = ADDRESS


def test_cable_keeps_its_delay_and_loses_nothing():
    with net.Net(topo.plain(backbone_delay_us=10000)) as n:
        settle(n)
        flow = witness.Flow(n, 1000)
        flow.wait_flowing()
        begin = int(flow.mobile.lines[-1][0])
        net.wait_for(lambda: flow.mobile.received > 1500, 10, "1,500 packets")
        end = int(flow.mobile.lines[-1][0]) - 100_000_000
        for direction in flow.finish():
            c = direction.count(begin, end)
            assert (c.lost, c.doubled, c.reordered) == (0, 0, 0)
            assert 10_000_000 <= direction.transit_ns() < 11_000_000


def test_move_is_seen_as_carrier_lost_and_found():
    with net.Net(topo.plain()) as n:
        settle(n)
        carrier = witness.Carrier(n)
        n.unplug("mn", "w0")
        net.wait_for(lambda: ["w0", "down"] in [line[1:] for line in carrier.lines], 5, "the carrier to be lost")
        lost = int(carrier.lines[-1][0])
        n.plug("mn", "w0", "cell2")
        net.wait_for(lambda: carrier.up_after("w0", lost), 5, "the carrier to be found")


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(sig):
    """Whatever ends the laboratory, its namespaces, processes and files go."""
    program = "from roamlab import net, topo; n = net.Net(topo.plain()); n.build(); print(n.id, flush=True); import time; time.sleep(60)"
    proc = subprocess.Popen([sys.executable, "-B", "-c", program], stdout=subprocess.PIPE, text=True, cwd=LAB)
    lab = proc.stdout.readline().strip()
    assert list(pathlib.Path("/run/netns").glob(f"{lab}-*"))
    proc.send_signal(sig)
    proc.wait()
    proc.stdout.close()
    net.wait_for(lambda: not list(pathlib.Path("/run/netns").glob(f"{lab}-*")) and not (net.RUN / lab).exists(), 10, "the clean-up")
