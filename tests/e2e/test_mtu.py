# SPDX-License-Identifier: BSD-2-Clause
"""Packets that do not fit once they are encapsulated: the right node tells the sender the right size, and what is
too small to be made smaller is carried in fragments of the outer packet."""
import errno
import socket

import pytest
from roamlab import netns

IPV6_MTU_DISCOVER, IPV6_MTU, PMTUDISC_DO = 23, 24, 2
UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX = 101, 102
HEADERS = 40 + 8            # IPv6 and UDP
SITE = 40 + 8               # IPv6 and GRE with a sequence number (downlink) or key (uplink)
PORT = 9200


class Talk:
    """A connected UDP socket at each end that never fragments by itself."""

    def __init__(self, world):
        net, facts = world.net, world.facts
        self.world = world
        self.cn = self._socket(net.ns("cn"), facts["correspondent"], facts["home_address"])
        self.mn = self._socket(net.ns("mn"), facts["home_address"], facts["correspondent"])

    @staticmethod
    def _socket(namespace, own, peer):
        def make():
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
            # A virtual link leaves the checksum to nobody; what goes through a daemon would arrive without.
            s.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_TX, 1)
            s.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
            s.bind((own, PORT))
            s.connect((peer, PORT))
            s.settimeout(0.2)
            return s
        return netns.inside(namespace, make)

    def close(self):
        self.cn.close()
        self.mn.close()

    def send(self, out, size):
        """A packet of `size` octets, if the kernel lets it go."""
        try:
            out.send(size.to_bytes(2, "big") + bytes(size - HEADERS - 2))
        except OSError as e:
            if e.errno != errno.EMSGSIZE:
                raise

    def arrives(self, out, into, size):
        """Whether a packet of `size` octets arrives; sent again by whoever waits for it."""
        self.send(out, size)
        try:
            while len(into.recv(4096)) + HEADERS != size:
                pass  # an earlier one, late
            return True
        except TimeoutError:
            return False
        except OSError as e:
            if e.errno != errno.EMSGSIZE:  # what the socket learnt of its own path
                raise
            return False

    def learn(self, out):
        """What the nodes of the path have told so far; sends the largest packet that is believed to fit."""
        self.send(out, out.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU))
        return out.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU)


@pytest.fixture
def talk(make_world):
    world = make_world()
    world.be_home()
    flow = world.start_flow()
    flow.wait_flowing(15)
    world.move("cell1", 15)
    world.wait_state("away-site")
    world.finish_flow(flow)
    t = Talk(world)
    yield t
    t.close()


@pytest.mark.requirement("H-2", "H-3")
def test_the_sender_learns_what_fits(talk):
    """Links of 1,500 octets: home agent and MMA tell the correspondent node; the mobile is told by its own host."""
    fits = 1500 - SITE
    talk.world.wait(lambda: talk.learn(talk.cn) == fits, f"the correspondent node to learn {fits}")
    talk.world.wait(lambda: talk.arrives(talk.cn, talk.mn, fits), "a packet that just fits")
    talk.world.wait(lambda: talk.learn(talk.mn) == fits, f"the mobile to learn {fits}")
    talk.world.wait(lambda: talk.arrives(talk.mn, talk.cn, fits), "a packet of the mobile that just fits")


@pytest.mark.requirement("H-3")
def test_minimum_packets_pass_a_narrow_site(talk):
    """A link of 1,300 octets inside the site: nobody may ask for packets below 1,280 octets, so the outer one is cut."""
    net = talk.world.net
    for node, ifname in (("mma", "d1"), ("ar1", "up0")):
        net.run(node, "ip", "link", "set", ifname, "mtu", "1300")
    talk.world.wait(lambda: talk.arrives(talk.cn, talk.mn, 1280), "1,280 octets down")
    talk.world.wait(lambda: talk.arrives(talk.mn, talk.cn, 1280), "1,280 octets up")
    talk.world.wait(lambda: talk.learn(talk.cn) == 1280, "the correspondent node to learn 1280")
