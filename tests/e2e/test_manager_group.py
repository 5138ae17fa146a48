# SPDX-License-Identifier: BSD-2-Clause
"""Two mobility managers with one address and one table, as home agents have them (lab/roamlab/redundant.py draws the network). An agent
(tests/e2e/asker.py) asks on the correspondent node's host."""
import pytest
from asker import FOUND, Asker
from roamlab import net as netmod
from roamlab.conf import key_hex
from roamlab.group import Group

DEVICES = ["imsi:310150123456789", "eui48:02:00:00:00:00:01"]


@pytest.mark.requirement("D-2", "R-1", "R-6")
def test_another_manager_answers(request):
    with Group(members=2, family="ipv6", count=1, role="mm") as g:
        agent, first = g.net.topo.facts["families"]["ipv6"], g.serving()
        other = g.others(first)[0]

        def devices(name):
            return g.daemons[name].ctl("--json", "device", "list")
        g.daemons[first].ctl("device", "add", DEVICES[0], "home=2001:db8:100::5/64")
        asker = Asker(g.net, "cn", agent["correspondent"], agent["agent"], 1, key_hex("fleet")).open()
        status, record = asker.ask(DEVICES[0])
        assert status == FOUND
        g.kill(first)
        g.wait_active(other)
        assert netmod.wait_for(lambda: asker.ask(DEVICES[0]), 10, "an answer") == (FOUND, record)
        g.daemons[other].ctl("device", "add", DEVICES[1], "home=2001:db8:100::6/64")
        g.start(first)
        g.wait_together()
        netmod.wait_for(lambda: devices(first) == devices(other), 10, "equal records")
        assert netmod.wait_for(lambda: asker.ask(DEVICES[1]), 10, "an answer")[0] == FOUND
        request.node.packets_moved = asker.received
        asker.close()
