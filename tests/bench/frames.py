# SPDX-License-Identifier: BSD-2-Clause
"""Frames for the packet generator, byte by byte: checksums right, so that receivers take them."""
import struct

from roamlab.octets import UDP, ip6, udp6

IPIP, GRE = 41, 47
ETH_OCT, IP6_OCT = 14, 40


def udp(src, dst, sport, dport, payload):
    """A UDP packet from its IPv6 header on."""
    return ip6(src, dst, UDP, udp6(src, dst, sport, dport, payload))


def frame(dst, src, packet):
    return dst + src + b"\x86\xdd" + packet


def tunnel(src, dst, packet):
    return ip6(src, dst, IPIP, packet)


def gre(src, dst, packet):
    """With a sequence number, as the MMA sends to a group; hop limit of a packet that passed one router."""
    return ip6(src, dst, GRE, struct.pack("!HHI", 0x1000, 0x86dd, 0) + packet, 63)
