# SPDX-License-Identifier: BSD-2-Clause
"""A home agent put together by hand, for tests of foreign agents: what is routed to a home address goes in GRE with a sequence number to the
mobile's group; what comes back in IP-in-IP is routed on. Knows nothing of roamd.

    caster.py IFNAME HOME=GROUP=SOURCE ...          in the home agent's namespace; "ready" when it serves"""
import fcntl
import ipaddress
import os
import select
import socket
import struct
import subprocess
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
GRE, GRE_SEQ, ETHER = 47, 0x1000, {4: 0x0800, 6: 0x86DD}
IPV6_MULTICAST_HOPS, IPV6_MULTICAST_IF = 18, 17


def open_tun(name, homes):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "mtu", "1400", "up"], check=True)
    for home in homes:
        subprocess.run(["ip", "route", "add", str(home), "dev", name], check=True)
    return fd


def group_socket(family, ifname, source):
    """Sends GRE to groups from this source."""
    sock = socket.socket(family, socket.SOCK_RAW, GRE)
    index = socket.if_nametoindex(ifname)
    sock.bind((source, 0))
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_IF, index)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 16)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 16)
    return sock


def destination(packet):
    return ipaddress.ip_address(packet[24:40] if packet[0] >> 4 == 6 else packet[16:20])


def give(tun, packet):
    """To the host's routing, if it is a packet at all."""
    if packet and packet[0] >> 4 in ETHER:
        os.write(tun, packet)
    else:
        print(f"not a packet: {packet[:48].hex()}", file=sys.stderr)


def main(ifname, *mobiles):
    groups, out, seq = {}, {}, {}
    for m in mobiles:
        home, group, source = m.split("=")
        groups[ipaddress.ip_address(home)] = group
        family = socket.AF_INET6 if ":" in group else socket.AF_INET
        out[group] = group_socket(family, ifname, source)
    tun = open_tun("cast0", groups)
    four = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IPIP)
    six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_IPV6)
    print("ready", flush=True)
    while True:
        for fd in select.select([tun, four, six], [], [])[0]:
            if fd is four:
                packet = four.recv(65536)
                give(tun, packet[(packet[0] & 15) * 4:])
            elif fd is six:
                give(tun, six.recv(65536))
            else:
                packet = os.read(tun, 65536)
                group = groups.get(destination(packet))
                if group:
                    seq[group] = seq.get(group, 0) + 1
                    out[group].sendto(struct.pack("!HHI", GRE_SEQ, ETHER[packet[0] >> 4], seq[group]) + packet, (group, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
