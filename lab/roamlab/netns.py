# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces from Python: run a function or a program inside one, and the
little of rtnetlink that moving a mobile needs (a process for each move would be too slow and too inexact)."""
import ctypes
import os
import signal
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _enter(name):
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
    finally:
        os.close(fd)


def inside(name, function, *args):
    """Calls function(*args) in that namespace, on a thread of its own. Sockets made there stay there."""
    box = {}

    def body():
        try:
            _enter(name)
            box["value"] = function(*args)
        except BaseException as e:  # handed to the caller below
            box["error"] = e

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box.get("value")


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def popen(name, argv, keep=False, **kw):
    """Starts a program in a namespace; it dies with us unless `keep`. Its pid is its own, not nsenter's (which execs).
    Call from the main thread: the kernel ends the child with the thread that made it."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(["nsenter", f"--net=/run/netns/{name}", "--", *map(str, argv)], start_new_session=keep,
                            preexec_fn=None if keep else _die_with_parent, **kw)


def run(name, argv, check=True, timeout=30):
    """Runs a program in a namespace to its end; returns its standard output."""
    done = subprocess.run(["nsenter", f"--net=/run/netns/{name}", "--", *map(str, argv)], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    if check and done.returncode:
        raise RuntimeError(f"{name}: {' '.join(map(str, argv))}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def sysctl(name, settings):
    """Writes {"net/ipv6/conf/all/forwarding": 1, ...} in a namespace."""
    def write():
        for key, value in settings.items():
            with open(f"/proc/sys/{key}", "w") as f:
                f.write(str(value))
    inside(name, write)


RTM_NEWLINK, RTM_SETLINK, NLM_F_REQUEST, NLM_F_ACK, IFF_UP, IFLA_MASTER = 16, 19, 1, 4, 1, 10
AF_BRIDGE, IFLA_PROTINFO, NLA_F_NESTED, IFLA_BRPORT_STATE, IFLA_BRPORT_UNICAST_FLOOD = 7, 12, 0x8000, 1, 9
BR_STATE_DISABLED, BR_STATE_FORWARDING = 0, 3


class Links:
    """Sets links of one namespace up and down and into bridges: one netlink request each."""

    def __init__(self, name):
        self.sock = inside(name, socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.sock.bind((0, 0))
        self.seq = 0

    def close(self):
        self.sock.close()

    def _message(self, ifindex, flags, change, attributes=b"", family=socket.AF_UNSPEC):
        self.seq += 1
        body = struct.pack("=BxHiII", family, 0, ifindex, flags, change) + attributes
        return struct.pack("=IHHII", 16 + len(body), RTM_SETLINK if family == AF_BRIDGE else RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, self.seq, 0) + body

    def _ask(self, messages):
        """All in one system call, each of which is answered."""
        self.sock.send(b"".join(messages))
        for message in messages:
            error = struct.unpack_from("=i", self.sock.recv(65536), 16)[0]
            if error:
                raise OSError(-error, f"link {struct.unpack_from('=i', message, 20)[0]}: {os.strerror(-error)}")

    def _set(self, *args):
        self._ask([self._message(*args)])

    def up(self, ifindex):
        self._set(ifindex, IFF_UP, IFF_UP)

    def down(self, ifindex):
        self._set(ifindex, 0, IFF_UP)

    def flood_by(self, port, before=None):
        """A bridge sends frames to unknown stations out of this port, and no longer out of the other: in one system call, so that hardly any is sent by
        both."""
        changes = [(port, True)] + [(before, False)] * (before is not None)
        self._ask([self._port_message(p, IFLA_BRPORT_UNICAST_FLOOD, is_on) for p, is_on in changes])

    def forward(self, port, is_on):
        """Whether a bridge forwards by this port at all. Done when this returns, which setting a link up is not."""
        self._ask([self._port_message(port, IFLA_BRPORT_STATE, BR_STATE_FORWARDING if is_on else BR_STATE_DISABLED)])

    def _port_message(self, port, attribute, value):
        inner = struct.pack("=HHBxxx", 5, attribute, value)
        return self._message(port, 0, 0, struct.pack("=HH", 4 + len(inner), IFLA_PROTINFO | NLA_F_NESTED) + inner, AF_BRIDGE)

    def master(self, ifindex, bridge):
        self._set(ifindex, 0, 0, struct.pack("=HHI", 8, IFLA_MASTER, bridge))
