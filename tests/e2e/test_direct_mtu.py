# SPDX-License-Identifier: BSD-2-Clause
"""A correspondent node's packets that do not fit with a routing header: its own transports are told so, and what may not be
smaller is carried in fragments, with that header in each (RFC 6275 6.4, RFC 8200 4.5). H-15."""
import errno
import socket
import struct
import time

import pytest
from correspondent import CN, Correspondent, routing
from roamlab import netns

IPV6_MTU_DISCOVER, PMTUDISC_DO = 23, 2
HEADERS, DIRECT = 48, 24


@pytest.fixture(scope="module")
def world():
    with Correspondent() as w:
        yield w


def talk(world, mobile):
    def make():
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DO)
        s.bind((CN, 0))
        s.connect((mobile.hoa, 9300))
        return s
    return netns.inside(world.net.ns("cn"), make)


def send(sock, octets):
    """False: the host knows already that it does not fit."""
    try:
        sock.send(bytes(octets - HEADERS))
        return True
    except OSError as e:
        if e.errno != errno.EMSGSIZE:
            raise
        return False


def test_the_sender_is_told(world):
    mobile = world.mobile()
    mobile.bind()
    with talk(world, mobile) as sock:
        end = time.monotonic() + 10
        while send(sock, 1500 - DIRECT + 1):
            assert time.monotonic() < end, "the host goes on sending packets that are too long"
            time.sleep(0.05)
        mobile.peer.drain()
        while not send(sock, 1500 - DIRECT):  # what was reported about an earlier packet comes first
            assert time.monotonic() < end, "a packet that fits is refused"
            time.sleep(0.05)
        packet = mobile.peer.wait(lambda p: routing(p) == mobile.hoa, "a packet that just fits")
        assert packet.dst == mobile.coa and len(packet) == 1500


def test_least_packets_are_fragmented(world):
    mobile = world.mobile()
    mobile.bind()
    for node in "cn", "peer":
        netns.run(world.net.ns(node), ["ip", "link", "set", "eth0", "mtu", "1280"])
    whole = {}

    def is_complete(packet):
        raw = bytes(packet)
        if routing(packet) != mobile.hoa or raw[40] != 44:
            return False
        at, = struct.unpack_from("!H", raw, 66)
        whole[at >> 3 << 3] = raw[72:]
        return not at & 1 and sum(map(len, whole.values())) == 1280 - 40
    with talk(world, mobile) as sock:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            assert send(sock, 1280)
            try:
                mobile.peer.wait(is_complete, "all fragments", 1)
                break
            except AssertionError:
                whole.clear()  # the daemon has yet to hear of the link's new size
        assert [whole[k] for k in sorted(whole)] and sum(map(len, whole.values())) == 1280 - 40
