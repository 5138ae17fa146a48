# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 packets that do not fit once they are encapsulated. Who forbids fragments is told what fits (RFC 2003 5.1, RFC 1191), by the agent whose tunnel it
is, also when the narrow link is inside the tunnel; who allows them gets his packet through, cut before the tunnel or, to a mobile's group, outside."""
import errno
import os
import socket

import pytest
from roamlab import netns
from roamlab.world import QUICK

IP_MTU_DISCOVER, IP_MTU, PMTUDISC_DONT, PMTUDISC_DO = 10, 14, 0, 2
HEADERS = 20 + 8            # IPv4 and UDP
PORT = 9200
SITE = 20 + 8               # IPv4 and GRE with a sequence number (downlink) or key (uplink)
FORMS = {"ipip": 20, "gre": 24, "minimal": 12}
ROAM0_MTU = 1452            # what the mobile's own host lets into its tunnels


class Talk:
    """Connected UDP sockets at each end: a pair that forbids fragments, and one that does not care."""

    def __init__(self, world):
        net, facts = world.net, world.facts
        cn, mn = (facts["correspondent"], net.ns("cn")), (facts["home_address"], net.ns("mn"))
        self.world = world
        self.cn, self.mn = (self._socket(a, b, PORT, PMTUDISC_DO) for a, b in ((cn, mn), (mn, cn)))
        self.free_cn, self.free_mn = (self._socket(a, b, PORT + 1, PMTUDISC_DONT) for a, b in ((cn, mn), (mn, cn)))

    @staticmethod
    def _socket(own, peer, port, discover):
        def make():
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, discover)
            s.bind((own[0], port))
            s.connect((peer[0], port))
            s.settimeout(0.3)
            return s
        return netns.inside(own[1], make)

    def close(self):
        for s in (self.cn, self.mn, self.free_cn, self.free_mn):
            s.close()

    def send(self, out, payload):
        try:
            out.send(payload)
        except OSError as e:
            if e.errno != errno.EMSGSIZE:
                raise

    def arrives(self, out, into, size):
        """Whether a packet of `size` octets, header included, arrives as it was; sent again by whoever waits for it."""
        payload = os.urandom(size - HEADERS)
        self.send(out, payload)
        try:
            while into.recv(65536) != payload:
                pass  # an earlier one, late
            return True
        except TimeoutError:
            return False
        except OSError as e:
            if e.errno != errno.EMSGSIZE:
                raise
            return False

    def learn(self, out):
        """What the nodes of the path have told so far; sends the largest packet that is believed to fit."""
        self.send(out, bytes(out.getsockopt(socket.IPPROTO_IP, IP_MTU) - HEADERS))
        return out.getsockopt(socket.IPPROTO_IP, IP_MTU)

    def expect_learnt(self, out, into, fits, what):
        self.world.wait(lambda: self.learn(out) == fits, f"{what} to learn {fits} (it has {self.learn(out)})")
        self.world.wait(lambda: self.arrives(out, into, fits), f"a packet of {what} that just fits")

    def expect_free(self, *sizes):
        """Packets of these sizes get through both ways where fragments are allowed."""
        for size in sizes:
            self.world.wait(lambda n=size: self.arrives(self.free_cn, self.free_mn, n), f"{size} octets down")
            self.world.wait(lambda n=size: self.arrives(self.free_mn, self.free_cn, n), f"{size} octets up")


@pytest.fixture
def talk_at(make_world):
    """A mobile away, in a site with an MMA or at a foreign agent."""
    talks = []

    def make(state, mobile="", narrow=(), **kw):
        world = make_world(family="ipv4", routers=1, mobile_more=QUICK + mobile, **kw)
        for node, ifname in narrow:
            world.net.run(node, "ip", "link", "set", ifname, "mtu", "1300")
        world.be_home()
        flow = world.start_flow()
        flow.wait_flowing(15)
        world.move("cell1", 15)
        world.wait_state(state)
        world.finish_flow(flow)
        talks.append(Talk(world))
        return talks[-1]
    yield make
    for t in talks:
        t.close()


@pytest.mark.requirement("H-7")
def test_a_site_tells_what_fits_and_cuts_the_rest(talk_at):
    """Links of 1,500 octets: home agent and MMA tell the correspondent node; the mobile is told by its own host."""
    talk = talk_at("away-site")
    talk.expect_learnt(talk.cn, talk.mn, 1500 - SITE, "the correspondent node")
    talk.expect_learnt(talk.mn, talk.cn, ROAM0_MTU, "the mobile")
    talk.expect_free(1473, 1480, 1481, 1500, 3000, 9000)


@pytest.mark.requirement("H-7")
def test_a_narrow_link_inside_the_site(talk_at):
    """A link of 1,300 octets between MMA and access router: the MMA knows it, and cuts the group's packets, which the mobile puts together."""
    talk = talk_at("away-site")
    for node, ifname in (("mma", "d1"), ("ar1", "up0")):
        talk.world.net.run(node, "ip", "link", "set", ifname, "mtu", "1300")
    talk.expect_learnt(talk.cn, talk.mn, 1300 - SITE, "the correspondent node")
    talk.expect_free(1272, 1273, 1300, 1500, 4000)


@pytest.mark.requirement("H-7")
def test_a_narrow_access_link(talk_at):
    """A link of 1,300 octets to the mobile: its access router tells the MMA about the group, and cuts what may be cut; the mobile does it itself."""
    talk = talk_at("away-site", narrow=(("ar1", "acc0"), ("mn", "w0"), ("ha", "home0")))
    talk.expect_learnt(talk.cn, talk.mn, 1300 - SITE, "the correspondent node")
    talk.expect_learnt(talk.mn, talk.cn, 1300 - SITE, "the mobile")
    talk.expect_free(1272, 1273, 1300, 1500, 4000)


@pytest.mark.requirement("H-7")
@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_a_foreign_agents_tunnel(talk_at, form):
    """RFC 5944: IP-in-IP, GRE, minimal encapsulation; reverse tunnels as wide. A fragment cannot go in minimal encapsulation, and goes all the same."""
    talk = talk_at("away-plain", f'  encapsulation = "{form}"\n', use_mma=False)
    talk.expect_learnt(talk.cn, talk.mn, 1500 - FORMS[form], "the correspondent node")
    talk.expect_free(1476, 1480, 1488, 1489, 1500, 3000, 9000)


@pytest.mark.requirement("H-7")
@pytest.mark.parametrize("form", FORMS)
def test_a_narrow_link_inside_the_tunnel(talk_at, form):
    """1,300 octets in the backbone: a router there tells the home agent, and that the correspondent node what fits the tunnel."""
    talk = talk_at("away-plain", f'  encapsulation = "{form}"\n', use_mma=False)
    for node, ifname in (("core", "mma0"), ("mma", "core0")):
        talk.world.net.run(node, "ip", "link", "set", ifname, "mtu", "1300")
    talk.expect_learnt(talk.cn, talk.mn, 1300 - FORMS[form], "the correspondent node")
    talk.expect_free(1276, 1289, 1300, 1500, 4000)
