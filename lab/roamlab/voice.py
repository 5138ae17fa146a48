# SPDX-License-Identifier: BSD-2-Clause
"""What a telephone call makes of a stream of packets: loss behind the playout buffer, jitter (RFC 3550 6.4.1), and the quality by the E-model
(ITU-T G.107, with G.113's figures for G.711)."""
import array
import bisect
import socket
import struct
import threading
import time
from dataclasses import asdict, dataclass

from . import netns

RATE_PPS, PACKET_MS = 50, 20
RTP_OCT = 12
SIZE_OCT = RTP_OCT + 160      # of samples
PLAYOUT_MS = 60               # what arrives later than this after the quickest packet cannot be played any more
IE, BPL = 0.0, 25.1           # G.113 appendix I: G.711 that conceals what is lost


class Stream:
    """A telephone's voice, sent to a mobile's group itself (D-11): UDP from the group's source, whose node is `node`. One end of witness.Direction; the other
    one is a witness.FlowEnd at the mobile, which skips the RTP header."""

    def __init__(self, net, node, ifname, source, group, port):
        family = socket.AF_INET6 if ":" in group else socket.AF_INET
        self.prefix, self.group, self.port, self.tx = net.dir / f"voice-{node}-{family}", group, port, array.array("q")
        self._sock = netns.inside(net.ns(node), socket.socket, family, socket.SOCK_DGRAM)
        self._sock.bind((source, port))
        index = net.ifindex[node, ifname]
        if family == socket.AF_INET6:
            self._sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            self._sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 16)
        else:
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 16)
        self._stop, self._failed = threading.Event(), None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begin = time.monotonic()
        try:
            while not self._stop.wait(max(0, begin + len(self.tx) / RATE_PPS - time.monotonic())):
                n, now = len(self.tx), time.monotonic_ns()
                rtp = struct.pack("!BBHII", 2 << 6, 0, n & 0xffff, n * 160 & 0xffffffff, 0x0c0ffee0)   # RFC 3550 5.1; type 0: PCMU
                self._sock.sendto((rtp + struct.pack("=qq", n, now)).ljust(SIZE_OCT, b"\0"), (self.group, self.port))
                self.tx.append(now)
        except OSError as e:
            self._failed = e

    def stop(self):
        """Ends it; what was sent when is in a file then, as witness.Direction wants it. OSError: it could not send to the end."""
        self._stop.set()
        self._thread.join(5)
        self._sock.close()
        if self._failed:
            raise self._failed
        with open(f"{self.prefix}.tx", "wb") as f:
            self.tx.tofile(f)


@dataclass
class Quality:
    sent: int
    lost: int
    late: int                 # arrived, but too late to be played
    doubled: int
    reordered: int
    jitter_ms: float          # at the end
    jitter_max_ms: float
    delay_ms: float           # from mouth to ear
    r: float
    mos: float

    def as_dict(self):
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


def rating(loss_percent, delay_ms):
    """R of the E-model: what remains of 93.2 behind delay and loss."""
    delay = 0.024 * delay_ms + (0.11 * (delay_ms - 177.3) if delay_ms > 177.3 else 0)
    return 93.2 - delay - (IE + (95 - IE) * loss_percent / (loss_percent + BPL))


def mos_of(r):
    """Mean opinion score of a rating (G.107 annex B)."""
    if r <= 0:
        return 1.0
    return 4.5 if r >= 100 else 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6


def jitter_ms(direction, start_ns, end_ns):
    """(at the end, greatest)."""
    jitter, greatest, before = 0.0, 0.0, None
    for tx, rx in zip(direction.rx_tx, direction.rx):
        if not start_ns <= tx < end_ns:
            continue
        transit = rx - tx
        if before is not None:
            jitter += (abs(transit - before) - jitter) / 16
            greatest = max(greatest, jitter)
        before = transit
    return jitter / 1e6, greatest / 1e6


def judge(direction, start_ns, end_ns):
    """Quality of what was sent in that time (witness.Direction)."""
    count = direction.count(start_ns, end_ns)
    least = direction.transit_ns(start_ns, end_ns)
    first, last = bisect.bisect_left(direction.tx, start_ns), bisect.bisect_left(direction.tx, end_ns)
    in_time = {s for s, tx, rx in zip(direction.seq, direction.rx_tx, direction.rx) if first <= s < last and rx - tx <= least + PLAYOUT_MS * 1e6}
    late = count.sent - count.lost - len(in_time)
    delay = least / 1e6 + PACKET_MS + PLAYOUT_MS
    r = rating(100 * (count.lost + late) / count.sent if count.sent else 100, delay)
    jitter, greatest = jitter_ms(direction, start_ns, end_ns)
    return Quality(count.sent, count.lost, late, count.doubled, count.reordered, jitter, greatest, delay, r, mos_of(r))
