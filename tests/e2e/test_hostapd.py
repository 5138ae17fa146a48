# SPDX-License-Identifier: BSD-2-Clause
"""A real access point's word instead of the laboratory's: hostapd on radios that the kernel simulates (mac80211_hwsim). Its foreign agent hears of stations
by nl80211 (D-5, D-6). Where the kernel has no such radios, or a program is missing, it is skipped and says why."""
import pathlib
import shutil
import subprocess

import pytest
from roamlab import net as netmod
from roamlab import netns, topo
from roamlab.network import NetworkWorld
from roamlab.numbers import HOME_ADDRESS, HOME_AGENT

PHYS = pathlib.Path("/sys/class/ieee80211")
PROGRAMS = ("hostapd", "iw", "modprobe")
AP, STA, SSID = "wlan0", "wlan1", "roamcast"
HOSTAPD = f"interface={AP}\ndriver=nl80211\nssid={SSID}\nhw_mode=g\nchannel=1\n"


@pytest.fixture(scope="module")
def radios():
    """Two simulated radios."""
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if pathlib.Path("/sys/module/mac80211_hwsim").exists():
        pytest.skip("mac80211_hwsim is in use by somebody else")
    if subprocess.run(["modprobe", "mac80211_hwsim", "radios=2"], capture_output=True).returncode:
        pytest.skip("this kernel has no mac80211_hwsim")
    found = sorted(p.name for p in PHYS.iterdir() if "hwsim" in str((p / "device").resolve()))
    yield found
    subprocess.run(["modprobe", "-r", "mac80211_hwsim"])


def give(net, phy, node, ifname):
    """The radio to a node; its interface by this name."""
    name = next((PHYS / phy / "device/net").iterdir()).name
    subprocess.run(["iw", "phy", phy, "set", "netns", "name", net.ns(node)], check=True)
    if name != ifname:
        net.run(node, "ip", "link", "set", name, "name", ifname)
    words = net.run(node, "cat", f"/sys/class/net/{ifname}/address")
    return words.strip()


def network():
    t = topo.network(agents=1, family="ipv6")
    fa = t.node("fa1")
    fa.process += '  signal = "nl80211"\n'
    fa.roamd = fa.roamd.replace('  interface "acc0"', f'  interface "{AP}" {{ }}\n  interface "acc0"')
    return t


@pytest.mark.requirement("D-5", "D-6")
def test_an_access_point_tells_of_its_stations(radios, request):
    with NetworkWorld("all", topology=network(), family="ipv6") as world:
        net, point = world.net, None
        try:
            lladdr = give(net, radios[1], "mn", STA)
            give(net, radios[0], "fa1", AP)
            world.device("set", f"eui48:{net.lladdr['mn', 'w0']}", f"eui48:{lladdr}")
            conf = net.dir / "hostapd.conf"
            conf.write_text(HOSTAPD)
            point = netns.popen(net.ns("fa1"), ["hostapd", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            net.run("mn", "ip", "address", "del", HOME_ADDRESS + "/64", "dev", "w0")
            net.run("mn", "ip", "link", "set", STA, "up")
            net.run("mn", "ip", "address", "add", HOME_ADDRESS + "/64", "dev", STA, "nodad")
            net.run("mn", "ip", "-6", "route", "replace", "default", "via", HOME_AGENT, "dev", STA)
            world.wait(lambda: net.run("mn", "iw", "dev", STA, "connect", SSID, check=False) is not None and "Connected" in
                       net.run("mn", "iw", "dev", STA, "link", check=False), "the station's association", 20)
            world.wait(lambda: [s for s in world.daemons["fa1"].show("stations") if s["lladdr"] == lladdr and s["serving"]], "the agent to hear of it", 10)
            world.wait_reached("ipv6", 20)
            request.node.packets_moved = 1
            net.run("mn", "iw", "dev", STA, "disconnect")
            world.wait(lambda: not world.daemons["fa1"].show("guests"), "the guest to be withdrawn", 10)
        except BaseException:
            print(world.logs())
            raise
        finally:
            if point:
                netmod.stop(point)
