# SPDX-License-Identifier: BSD-2-Clause
"""The arithmetic behind every figure, on flows and captures written by hand."""
import array
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from roamlab import radio, topo, witness  # noqa: E402

MS = 10**6


def direction(tmp_path, sent, arrivals):
    """sent: ms of each packet; arrivals: (number, ms)."""
    with open(tmp_path / "a.tx", "wb") as f:
        array.array("q", [t * MS for t in sent]).tofile(f)
    with open(tmp_path / "b.rx", "wb") as f:
        array.array("q", [x for n, t in arrivals for x in (n, sent[n] * MS, t * MS)]).tofile(f)
    return witness.Direction(tmp_path / "a", tmp_path / "b")


def test_count_finds_lost_doubled_reordered(tmp_path):
    d = direction(tmp_path, range(8), [(0, 10), (2, 12), (1, 13), (3, 14), (3, 15), (6, 16), (7, 17)])
    c = d.count(0, 8 * MS)
    assert (c.sent, c.lost, c.doubled, c.reordered) == (8, 2, 1, 1)


def test_count_looks_only_at_its_window(tmp_path):
    d = direction(tmp_path, range(8), [(0, 10), (5, 15), (6, 16), (7, 17)])
    c = d.count(5 * MS, 8 * MS)
    assert (c.sent, c.lost) == (3, 0)
    assert d.count(0, 5 * MS).lost == 4


def test_gap_counts_from_the_carrier(tmp_path):
    d = direction(tmp_path, range(60), [(0, 10), (1, 11), (40, 50)])
    assert d.gap_ns(31 * MS) == 19 * MS
    assert d.gap_ns(50 * MS) is None


def test_gap_takes_the_path_off(tmp_path):
    d = direction(tmp_path, range(60), [(0, 25), (1, 26), (40, 65), (41, 66)])
    assert d.transit_ns() == 25 * MS
    assert d.gap_ns(38 * MS, d.transit_ns()) == 2 * MS


def test_path_is_that_of_its_time(tmp_path):
    """At home the way to the correspondent node is shorter than from the foreign site."""
    d = direction(tmp_path, range(60), [(0, 1), (1, 2), (40, 65), (41, 67)])
    assert d.transit_ns() == 1 * MS
    assert d.transit_ns(30 * MS, 60 * MS) == 25 * MS


def test_silence_is_the_longest_pause_that_touches(tmp_path):
    d = direction(tmp_path, range(60), [(0, 10), (1, 20), (2, 50), (3, 51)])
    assert d.silence_ns(15 * MS, 40 * MS) == 30 * MS
    assert d.silence_ns(11 * MS, 12 * MS) == 10 * MS


def test_percentile_is_nearest_rank():
    assert witness.percentile(range(1, 101), 99) == 99
    assert witness.percentile([5, 1, 3], 50) == 3
    assert witness.percentile([7], 99) == 7
    assert witness.percentile([], 50) == 0


def message(when_s, cls, type_, src, dst, data=b""):
    return witness.Message(when_s * 10**9, "eth0", "in", cls, type_, src, dst, 0, data)


def update(when_s, sequence, lifetime_s):
    data = bytes([59, 1, 5, 0, 0, 0]) + sequence.to_bytes(2, "big") + b"\xc0\0" + (lifetime_s // 4).to_bytes(2, "big")
    return message(when_s, "mh", witness.BU, "mn", "ha", data)


def ack(when_s, sequence):
    return message(when_s, "mh", witness.BA, "ha", "mn", bytes([59, 1, 6, 0, 0, 0, 0, 0]) + sequence.to_bytes(2, "big") + b"\0\1")


def test_signalling_sets_refreshes_apart():
    trace = [update(0, 1, 600), ack(0, 1), update(10, 2, 600), update(400, 3, 600), ack(401, 3), message(5, "mld", 143, "mn", "ha")]
    found, refresh = witness.signalling(trace, "ha")
    assert len(found) == 5
    assert refresh == [trace[3], trace[4]]


@pytest.mark.parametrize("name", sorted(topo.TOPOLOGIES))
def test_topologies_are_sound(name):
    topo.TOPOLOGIES[name]().check()


def test_topology_refuses_two_interfaces_of_one_name():
    t = topo.demo()
    t.radios.append(topo.Port("mn", "w0"))
    with pytest.raises(ValueError, match="two interfaces w0"):
        t.check()


def test_path_loss_falls_with_distance():
    cell = topo.Cell("c", topo.Port("ar1", "acc0"), position_m=100)
    levels = [radio.path_loss(cell, x) for x in (100, 120, 150, 200)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == cell.power_dbm
