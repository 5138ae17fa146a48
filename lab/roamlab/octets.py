# SPDX-License-Identifier: BSD-2-Clause
"""Octets of addresses, times and packets, put together without a line of the daemons' code: what peers, attackers and benches are made of."""
import ipaddress
import socket
import struct
import time

UDP, UDP_OCT = 17, 8
NTP_1970 = 2208988800      # RFC 5905: its time begins in 1900


def packed(address):
    """An IPv6 address."""
    return socket.inet_pton(socket.AF_INET6, address)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def multicast_mac(group):
    return b"\x33\x33" + packed(group)[12:]


def eui64(lladdr):
    """The interface identifier that a link-layer address gives (RFC 4291 appendix A); lladdr: octets."""
    return bytes([lladdr[0] ^ 2]) + lladdr[1:3] + b"\xff\xfe" + lladdr[3:]


def autoconfigured(prefix, lladdr):
    """The address with these first 64 bits and the identifier of a link-layer address, as text. prefix: an address; lladdr: text."""
    return str(ipaddress.IPv6Address(packed(prefix)[:8] + eui64(mac(lladdr))))


def ntp_stamp(when_s=None):
    """A timestamp of NTP, 64 bits, of a time of the wall clock; of now without one."""
    when = (time.time() if when_s is None else when_s) + NTP_1970
    return struct.pack("!II", int(when) & 0xffffffff, int(when % 1 * 2**32))


def checksum(data):
    """Of the Internet (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def checksum6(src, dst, proto, data):
    """Over the pseudo-header as well (RFC 8200 8.1)."""
    return checksum(packed(src) + packed(dst) + struct.pack("!II", len(data), proto) + data)


def ip6(src, dst, proto, payload, hop_limit=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, hop_limit) + packed(src) + packed(dst) + payload


def udp6(src, dst, sport, dport, data):
    """A UDP packet without its IPv6 header."""
    body = struct.pack("!HHHH", sport, dport, UDP_OCT + len(data), 0) + data
    return body[:6] + struct.pack("!H", checksum6(src, dst, UDP, body) or 0xffff) + body[8:]
