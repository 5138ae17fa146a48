# SPDX-License-Identifier: BSD-2-Clause
"""The arithmetic behind every figure, on flows and captures written by hand."""
import array
import pathlib
import subprocess
import sys
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from roamlab import order, radio, roamd, topo, voice, witness  # noqa: E402

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


def test_times_of_nothing_are_no_good_times():
    assert witness.spread(range(1, 101)) == {"median": 50, "p99": 99, "max": 100}
    assert set(witness.spread([]).values()) == {None}
    assert witness.told(witness.spread([])) == "none" and witness.told(witness.spread([2.5])) == "median 2.50 ms, p99 2.50, longest 2.50"


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


def request(when_s, number, lifetime_s, coa=5):
    body = bytes([1, 0]) + lifetime_s.to_bytes(2, "big") + bytes([10, 1, 0, 100, 10, 1, 0, 1, 10, 2, 0, coa]) + bytes(4) + number.to_bytes(4, "big")
    return message(when_s, "mip", witness.REQUEST, "mma", "ha", body)


def reply(when_s, number):
    return message(when_s, "mip", witness.REPLY, "ha", "mma", bytes([3, 0, 0, 60, 10, 1, 0, 100, 10, 1, 0, 1]) + bytes(4) + number.to_bytes(4, "big"))


def test_signalling_of_ipv4_sets_refreshes_apart():
    """By lifetime, and only where the care-of address is the one before: a handover late in a lifetime is no refresh."""
    trace = [request(0, 1, 60), reply(0, 1), request(10, 2, 60), request(50, 3, 60), reply(51, 3), request(100, 4, 60, coa=6), reply(101, 4),
             message(102, "igmp", 0x22, "mn", "ha")]
    found, refresh = witness.signalling(trace, "ha")
    assert found == trace[:-1]
    assert refresh == trace[3:5]
    assert not witness.signalling(trace, "elsewhere")[0]


@pytest.mark.parametrize("family", ["ipv6", "ipv4", "dual"])
def test_a_topology_has_its_family_only(family):
    t = topo.figures(topo.H, topo.A, topo.B, no_mma=True, family=family)
    found = {topo.family_of(a) for p in t.ports() for a in p.addresses + p.admits} | {topo.family_of(v) for n in t.nodes for _, v in n.routes if v}
    assert found == set(topo.FAMILIES[family])
    assert t.facts["home_address"] == (topo.HOME_ADDRESS4 if family == "ipv4" else topo.HOME_ADDRESS)
    assert ("address-v4" in t.node("mma1").roamd, "coa-prefix" in t.node("mma1").roamd) == (family != "ipv6", family != "ipv4")


@pytest.mark.parametrize("name", sorted(topo.TOPOLOGIES))
def test_topologies_are_sound(name):
    topo.TOPOLOGIES[name]().check()


@pytest.mark.parametrize("name", sorted(topo.TOPOLOGIES))
def test_daemons_accept_their_configurations(name, tmp_path):
    where = SimpleNamespace(dir=tmp_path, id="x")
    for node in topo.TOPOLOGIES[name]().nodes:
        if node.roamd:
            done = subprocess.run([roamd.ROAMD, "-t", "-c", roamd.write_files(where, node)], capture_output=True, text=True)
            assert done.returncode == 0, f"{node.name}: {done.stderr}"


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


def test_ingress_filter_refuses_what_a_site_does_not_own():
    for site in (topo.H, topo.A, topo.B):
        port = next(c.b for c in topo.figures(topo.H, topo.A, topo.B).cables if c.b.ifname == site.agent)
        assert site.prefix in port.admits and topo.HOME_PREFIX not in port.admits


def said(*messages, events=()):
    """What order.Said makes of messages that the taps of mobile, agent and home agent saw."""
    world = SimpleNamespace(facts={"parties": [("2001:db8:2::1/128", "mma1"), ("2001:db8:1::1/128", "ha"), ("2001:db8:2:10::/60", "mn")]},
                            radio=SimpleNamespace(events=events))
    taps = {}
    for node, m in messages:
        taps.setdefault(node, []).append(m)
    return order.Said(world, {n: SimpleNamespace(messages=lambda mine=mine: mine) for n, mine in taps.items()})


MN, AGENT, HOME = "2001:db8:2:11::5", "2001:db8:2::1", "2001:db8:1::1"


def mobility(when_ms, type_, src, dst, sequence):
    return witness.Message(when_ms * MS, "eth0", "in", "mh", type_, src, dst, 0, bytes([59, 1, type_, 0, 0, 0, 0, sequence, 0, 0, 0, 9]))


def test_order_of_messages_is_that_of_leaving_and_arriving():
    update, answer = mobility(1, 5, MN, AGENT, 1), mobility(3, 6, AGENT, MN, 1)
    late = mobility(4, 6, AGENT, MN, 1)
    story = said(("mn", update), ("mma1", update), ("mma1", answer), ("mn", late), ("mn", mobility(5, 5, MN, HOME, 2)))
    assert len(story.items) == 3
    found = story.check(0, [("mn", "mma1", "BU"), ("mma1", "mn", "BA"), ("mn", "ha", "BU")])
    assert found[1].arrived_ns == 4 * MS
    with pytest.raises(AssertionError, match="no mn mma1 BU"):
        story.check(0, [("mn", "ha", "BU"), ("mn", "mma1", "BU")])


def test_order_of_messages_waits_for_the_answer():
    """An update that left before the answer arrived was not caused by it."""
    story = said(("mma1", mobility(3, 6, AGENT, MN, 1)), ("mn", mobility(9, 6, AGENT, MN, 1)), ("mn", mobility(5, 5, MN, HOME, 2)))
    with pytest.raises(AssertionError, match="no mn ha BU"):
        story.check(0, [("mma1", "mn", "BA"), ("mn", "ha", "BU")])
    story.check(0, [[("mma1", "mn", "BA"), ("mn", "ha", "BU")]])


def test_membership_report_is_told_by_its_cell():
    record = bytes([5, 0, 0, 1]) + bytes.fromhex("ff35") + bytes(14) + bytes(16)
    report = witness.Message(7 * MS, "w0", "out", "mld", 143, "fe80::1", "ff02::16", 0, bytes([143, 0, 0, 0, 0, 0, 0, 1]) + record)
    story = said(("mn", report), events=[(5 * MS, "attach", "w0", "a1"), (9 * MS, "attach", "w0", "a2")])
    assert [i.step for i in story.items] == [("mn", "a1", "join")]


def test_ipv4_story_is_told_alike():
    """A join by IGMP, the request to the agent, its relay, the answer to the mobile's group."""
    world = SimpleNamespace(facts={"parties": [("10.1.0.100", "mn"), ("10.2.0.1", "mma1"), ("10.1.0.1", "ha")]},
                            radio=SimpleNamespace(events=[(1 * MS, "attach", "w0", "a1")]))
    record = bytes([5, 0, 0, 1, 232, 128, 0, 7, 10, 2, 0, 1])
    body = bytes([1, 0, 0, 60]) + bytes(20)

    def m(when_ms, cls, type_, src, dst, data):
        return witness.Message(when_ms * MS, "w0", "out", cls, type_, src, dst, 0, data)
    heard = [m(2, "igmp", 0x22, "10.1.0.100", "224.0.0.22", bytes([0x22, 0, 0, 0, 0, 0, 0, 1]) + record),
             m(3, "mip", 1, "10.1.0.100", "10.2.0.1", body), m(9, "mip", 3, "10.2.0.1", "232.128.0.7", bytes([3]) + bytes(19)),
             m(12, "mip", 1, "10.1.0.100", "10.1.0.1", bytes([1, 0, 0, 0]) + bytes(20))]
    relayed = [m(4, "mip", 1, "10.2.0.1", "10.1.0.1", body), m(8, "mip", 3, "10.1.0.1", "10.2.0.1", bytes([3]) + bytes(19))]
    story = order.Said(world, {"mn": SimpleNamespace(messages=lambda: heard), "mma1": SimpleNamespace(messages=lambda: relayed)})
    assert [i.step for i in story.items] == [("mn", "a1", "join"), ("mn", "mma1", "RRQ"), ("mma1", "ha", "RRQ"), ("ha", "mma1", "RRP"),
                                             ("mma1", "mn", "RRP"), ("mn", "ha", "RRQ0")]


def test_voice_is_rated_as_the_e_model_has_it(tmp_path):
    """G.107: R of 93.2 without impairment, MOS 4.41; G.113: 5 % loss of concealed G.711 costs 95 * 5 / 30.1."""
    assert voice.rating(0, 0) == 93.2 and round(voice.mos_of(93.2), 2) == 4.41
    assert round(voice.rating(5, 0), 2) == round(93.2 - 95 * 5 / 30.1, 2)
    assert voice.rating(0, 200) < voice.rating(0, 177) - 2.5
    assert voice.mos_of(-1) == 1.0 and voice.mos_of(100) == 4.5
    sent = range(0, 200, 20)
    d = direction(tmp_path, sent, [(n, ms + 5 + (100 if n == 4 else 0)) for n, ms in enumerate(sent) if n != 2])
    q = voice.judge(d, 0, 200 * MS)
    assert (q.sent, q.lost, q.late) == (10, 1, 1)
    assert q.delay_ms == 5 + voice.PACKET_MS + voice.PLAYOUT_MS and q.jitter_max_ms > 5
