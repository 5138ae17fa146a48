# SPDX-License-Identifier: BSD-2-Clause
"""Frames for the packet generator, byte by byte: checksums right, so that receivers take them."""
import ipaddress
import struct

UDP, IPIP, GRE = 17, 41, 47
ETH_OCT, IP6_OCT, UDP_OCT = 14, 40, 8


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def multicast_mac(group):
    return b"\x33\x33" + ipaddress.IPv6Address(group).packed[12:]


def ip6(src, dst, proto, payload, hop_limit=64):
    head = struct.pack("!IHBB", 6 << 28, len(payload), proto, hop_limit)
    return head + ipaddress.IPv6Address(src).packed + ipaddress.IPv6Address(dst).packed + payload


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp6(src, dst, sport, dport, payload):
    """A UDP packet from its IPv6 header on."""
    head = struct.pack("!HHHH", sport, dport, UDP_OCT + len(payload), 0)
    pseudo = ipaddress.IPv6Address(src).packed + ipaddress.IPv6Address(dst).packed + struct.pack("!II", UDP_OCT + len(payload), UDP)
    value = checksum(pseudo + head + payload) or 0xffff
    return ip6(src, dst, UDP, head[:6] + struct.pack("!H", value) + payload)


def frame(dst, src, packet):
    return dst + src + b"\x86\xdd" + packet


def tunnel(src, dst, packet):
    return ip6(src, dst, IPIP, packet)


def gre(src, dst, packet):
    """With a sequence number, as the MMA sends to a group; hop limit of a packet that passed one router."""
    return ip6(src, dst, GRE, struct.pack("!HHI", 0x1000, 0x86dd, 0) + packet, 63)
