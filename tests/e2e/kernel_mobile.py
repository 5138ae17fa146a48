# SPDX-License-Identifier: BSD-2-Clause
"""A mobile with a co-located care-of address that is nobody's software but this page's and the kernel's: it registers with messages put
together here and lets ipip and gre devices be its end of the home agent's tunnel. Runs as a program of roamlab.uml.Kernel, with a
line "WHAT = {...}" in front. Prints a line of JSON for each of WHAT["encapsulations"]."""
import hashlib
import hmac
import json
import socket
import struct
import subprocess
import time

REQUEST, REPLY, MOBILE_HOME, SPI = 1, 3, 32, 256
CO_LOCATED, GRE, REVERSE = 0x20, 0x08, 0x02   # RFC 5944 3.3, RFC 3024 3.2
NTP_1970 = 2208988800
DEVICES = {"ipip": 0, "gre": GRE}


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def sign(what, message):
    """RFC 5944 3.5.1, with the algorithm of the laboratory's keys."""
    head = message + struct.pack("!BBI", MOBILE_HOME, 24, SPI)
    return head + hmac.new(bytes.fromhex(what["key"]), head, hashlib.sha1).digest()


def register(what, sock, flags, lifetime_s=300):
    """Returns the reply's code; an unsigned or badly signed one counts as -1."""
    now = time.time() + NTP_1970
    number = struct.pack("!II", int(now) & 0xffffffff, int(now % 1 * 2**32))
    address = [socket.inet_aton(what[k]) for k in ("home", "agent", "care_of")]
    message = sign(what, struct.pack("!BBH", REQUEST, flags, lifetime_s) + b"".join(address) + number)
    for _ in range(10):
        sock.sendto(message, (what["agent"], 434))
        try:
            reply, _ = sock.recvfrom(2048)
        except TimeoutError:
            continue
        if reply[:1] == bytes([REPLY]) and reply[16:20] == number[4:]:
            return reply[1] if sign(what, reply[:-26]) == reply else -1
    raise SystemExit("no reply")


def ping(what, size):
    """Answers of ten echoes from the home address, through the tunnel both ways."""
    text = subprocess.run(["ping", "-c", "10", "-i", "0.05", "-W", "2", "-s", str(size), "-I", what["home"], what["correspondent"]],
                          capture_output=True, text=True).stdout
    return int(text.split(" received")[0].split()[-1]) if " received" in text else 0


def main(what):
    ip("link", "set", "vec0", "up")
    ip("addr", "add", what["care_of"] + "/24", "dev", "vec0")
    ip("route", "add", "default", "via", what["router"])
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((what["care_of"], 434))
    sock.settimeout(0.5)
    for name in what["encapsulations"]:
        code = register(what, sock, CO_LOCATED | REVERSE | DEVICES[name])
        ip("tunnel", "add", "home", "mode", name, "local", what["care_of"], "remote", what["agent"], "ttl", "64")
        ip("addr", "add", what["home"] + "/32", "dev", "home")
        ip("link", "set", "home", "up")
        ip("route", "add", what["correspondent"], "dev", "home", "src", what["home"])
        print(json.dumps({"encapsulation": name, "code": code, "received": {size: ping(what, size) for size in (56, 1400, 3000)}}), flush=True)
        ip("tunnel", "del", "home")
    print(json.dumps({"released": register(what, sock, CO_LOCATED | REVERSE, 0)}), flush=True)


main(WHAT)  # noqa: F821 (the line in front)
