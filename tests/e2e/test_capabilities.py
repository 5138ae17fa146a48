# SPDX-License-Identifier: BSD-2-Clause
"""The daemons with three capabilities and no way to more: what packaging/systemd/roamd.service grants, less what only
`realtime` needs."""
import pathlib

import pytest
from roamlab import netns, roamd, topo
from roamlab.world import QUICK, World

ENOUGH = {"net_admin": 12, "net_raw": 13, "bpf": 39}    # names for setpriv, numbers in /proc/PID/status
UNIT = pathlib.Path(__file__).resolve().parents[2] / "packaging/systemd/roamd.service"


def confined(monkeypatch, names):
    """From here on roamd is started with these capabilities alone."""
    popen = netns.popen

    def start(namespace, argv, *args, **kw):
        if argv[0] == roamd.ROAMD:
            argv = ["setpriv", "--bounding-set", ",".join(["-all", *(f"+{n}" for n in names)]), "--inh-caps", "-all",
                    "--no-new-privs", *argv]
        return popen(namespace, argv, *args, **kw)
    monkeypatch.setattr(netns, "popen", start)


def capabilities(daemon):
    lines = pathlib.Path(f"/proc/{daemon.proc.pid}/status").read_text().splitlines()
    return {line.split()[0]: int(line.split()[1], 16) for line in lines if line.startswith("Cap")}


@pytest.mark.parametrize("network", [{"family": "dual"}, {"family": "ipv4", "use_mma": False}], ids=["dual", "foreign-agents"])
def test_three_capabilities_are_enough(make_world, monkeypatch, network):
    """Every role starts, packets of each family flow both ways, a handover works, and a restart adopts what the one before made."""
    confined(monkeypatch, ENOUGH)
    world = make_world(routers=2, **network)
    mask = sum(1 << n for n in ENOUGH.values())
    for daemon in world.daemons.values():
        assert capabilities(daemon) == {"CapInh:": 0, "CapPrm:": mask, "CapEff:": mask, "CapBnd:": mask, "CapAmb:": 0}
    world.be_home()
    world.move("cell1", 15)
    world.wait_state("away-site" if network.get("use_mma", True) else "away-plain")
    flows = [world.start_flow(family=f, port=9000 + i) for i, f in enumerate(world.facts["families"])]
    for flow in flows:
        flow.wait_flowing(15)
    world.move("cell2")
    for flow in flows:
        flow.wait_flowing(5)
    start = world.now()
    for node in {"ha", "mma", "ar2"} & set(world.daemons):
        world.daemons[node].kill()
        world.daemons[node].start()
        assert world.daemons[node].show("status")[0]["adopted"] is True
    flows[0].pass_packets(1000)
    end = world.now() - 200_000_000
    assert [d.count(start, end).lost for flow in flows for d in world.finish_flow(flow)] == [0, 0] * len(flows)


@pytest.mark.parametrize("name", ENOUGH)
def test_none_of_them_can_be_spared(monkeypatch, name):
    """Without one of them roamd does not start, and its word names what is missing."""
    confined(monkeypatch, [n for n in ENOUGH if n != name])
    network = topo.demo(routers=1, mobile_more=QUICK)
    for node in network.nodes:
        node.roamd = node.roamd if node.name == "ha" else ""
    with pytest.raises(RuntimeError, match=f"CAP_{name.upper()}"):
        World(network).__enter__()


def test_the_unit_grants_them():
    """The unit bounds roamd to these three, that of old kernels, that for UDP port 434 in fragments, and the two that `realtime` needs."""
    bound = next(line for line in UNIT.read_text().splitlines() if line.startswith("CapabilityBoundingSet="))
    assert set(bound.partition("=")[2].split()) == {f"CAP_{n.upper()}" for n in ENOUGH} | {"CAP_PERFMON", "CAP_NET_BIND_SERVICE", "CAP_SYS_NICE", "CAP_IPC_LOCK"}
