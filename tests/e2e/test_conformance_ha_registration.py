# SPDX-License-Identifier: BSD-2-Clause
"""Registration at the home agent, and its end, against the titles of the public conformance suite (conformance_scene.py): HA_0 to HA_3."""
import struct
import time

import pytest

import conformance_scene
from conformance_scene import PREFERRED_S, PREFIX_S, home_update
from peer import BA, BE, ICMP6, A, H, K, L, advertisement, text

pytestmark = pytest.mark.requirement("H-6")


@pytest.fixture(scope="module")
def w():
    yield from conformance_scene.running()


# --- 0: what all stand on -----------------------------------------------------------------------------------------------------

def on_start(w):
    """Both agents serve a mobile."""
    for fence in w.fences.values():
        assert w.works(fence)


# --- 1: Mobility Headers that are wrong (9.2) ------------------------------------------------------------------------

def on_wrong_header(w, side, bound, kind):
    m = w.bound(side) if bound else w.mobile(side)
    how = {"type": {"mh_type": 77}, "proto": {"proto": ICMP6}, "checksum": {"csum_is_right": False}, "length": {"mh_len": 0}}[kind]
    w.send(m, m.bu(**how))
    if kind == "type":
        p = m.side.far.wait(lambda p: p.mh_type == BE)
        assert p.body[6] == 2 and p.dst == m.coa and text(p.body[8:24]) == m.hoa
    elif kind == "checksum":
        assert w.nothing(m, lambda p: p.mh_type in (BA, BE) or p.icmp == (4, 0))
    else:
        p = m.side.far.wait(lambda p: p.icmp == (4, 0))
        assert p.dst == m.coa
        assert struct.unpack("!I", p.body[4:8])[0] == 40 + 24 + (0 if kind == "proto" else 1)
    assert w.works(m) if bound else w.is_gone(m)


# --- 2: registration (9.3.1, 9.5.1, 10.3.1) ------------------------------------------------------------------------------

def on_registration(w, side, flags=A | H, **kw):
    m = w.mobile(side)
    assert w.is_gone(m)
    p = w.register(m, flags=flags, **kw)
    assert (p.status, p.seq, p.lifetime_s, p.keeps_key) == (0, m.seq, 400, False)
    assert p.dst == m.coa and p.rh2 == m.hoa and m.is_signed(p)
    assert w.works(m)


def on_decrease(w, side):
    m = w.bound(side)
    assert w.register(m, lifetime_s=40).lifetime_s == 40


def on_lifetime_end(w, side):
    m = w.short[side]
    left = 4.1 - (time.monotonic() - w.short_since)
    if left > 0:
        time.sleep(left)
    assert w.is_gone(m)


def on_prefix_lifetime(w, side):
    for asked, granted, status in ((400, 400, 0), (PREFERRED_S, PREFERRED_S, 0), (PREFERRED_S + 4, PREFERRED_S + 4, 1),
                                   (PREFIX_S, PREFIX_S, 1), (PREFIX_S + 400, PREFIX_S, 1)):
        m = w.mobile(side)
        p = w.register(m, lifetime_s=asked)
        assert (p.lifetime_s, p.status) == (granted, status)


def on_refused(w, side, status, hoa=None, **kw):
    m = w.mobile(side, hoa)
    p = w.register(m, **kw)
    assert (p.status, p.lifetime_s) == (status, 0)
    assert w.is_gone(m)


def on_ignored(w, side, hao=True, **kw):
    m = w.mobile(side)
    w.send(m, m.bu(hao=hao, **kw))
    assert w.nothing(m, lambda p: p.mh_type == BA)
    assert w.is_gone(m)


def probes(m, seconds=0.05):
    """Targets of the duplicate address probes on the home link."""
    found = set()
    m.side.home.wait(lambda p: p.icmp == (135, 0) and p.src == "::" and found.add(p.target), seconds)
    return found


def on_dad(w, link_local):
    m = w.mobile("real")
    w.send(m, m.bu(flags=A | H | (L if link_local else 0)))
    assert probes(m) == ({m.hoa, m.ll} if link_local else {m.hoa})
    assert w.ba(m).status == 0


def on_dad_answer(w, flags, target, status):
    """Somebody on the home link has the address that is probed, or another one."""
    m = w.mobile("real")
    w.send(m, m.bu(flags=flags))
    assert m.side.home.wait(lambda p: p.icmp == (135, 0) and p.target == m.hoa)
    claimed = m.hoa if target == "global" else m.ll
    m.side.home.send(advertisement(claimed, "ff02::1", claimed, b"\2\0\0\0\0\x77"), b"\x33\x33\0\0\0\1", b"\2\0\0\0\0\x77")
    p = w.ba(m)
    assert (p.status, p.seq) == (status, m.seq)
    assert bool(w.tunnelled(m)) == (status == 0)


def on_sequence(w, side, flags, first, second, is_valid):
    m = w.mobile(side)
    assert w.register(m, seq=first).status == 0
    old = m.coa
    m.coa = w.coa()
    p = w.register(m, seq=second, flags=flags)
    if is_valid:
        assert (p.status, p.seq) == (0, second)
        assert w.tunnelled(m)
    else:
        assert (p.status, p.seq) == (135, first)       # the last one accepted
        assert w.tunnelled(m, coa=old)


# --- 3: de-registration (10.3.2) -----------------------------------------------------------------------------------------

def on_deregistration(w, side="real", at_home=True, lifetime_s=0, flags=A | H, hao=True):
    m = w.bound(side)
    p = home_update(w, m, at_home, lifetime_s, flags, hao)
    assert (p.status, p.seq, p.lifetime_s) == (0, m.seq, 0)
    assert w.is_gone(m)


def on_wrong_deregistration(w, side="real", at_home=True, lifetime_s=0, flags=A | H, hao=True):
    m = w.mobile(side)
    assert home_update(w, m, at_home, lifetime_s, flags, hao).status == 133


def on_old_deregistration(w, lifetime_s, flags, hao):
    m = w.bound("real", seq=500)
    p = home_update(w, m, True, lifetime_s, flags, hao, seq=499)
    assert (p.status, p.seq) == (135, 500)
    assert w.works(m)


# --- the table -------------------------------------------------------------------------------------------------------

ROWS = [
    ("HA_0_0_0", on_start),
    ("HA_1_1_1", on_wrong_header, "real", False, "type"),
    ("HA_1_1_2", on_wrong_header, "real", False, "proto"),
    ("HA_1_1_3", on_wrong_header, "real", False, "checksum"),
    ("HA_1_1_4", on_wrong_header, "real", False, "length"),
    ("HA_1_1_5", on_wrong_header, "real", True, "type"),
    ("HA_1_1_6", on_wrong_header, "real", True, "proto"),
    ("HA_1_1_7", on_wrong_header, "real", True, "length"),
    ("HA_1_1_8", on_wrong_header, "virtual", False, "checksum"),
    ("HA_1_1_9", on_wrong_header, "virtual", False, "proto"),
    ("HA_1_1_10", on_wrong_header, "virtual", False, "length"),

    ("HA_2_1_1", on_registration, "real"),
    ("HA_2_1_2", on_registration, "real", dict(flags=H)),
    ("HA_2_1_3", on_decrease, "real"),
    ("HA_2_1_4", on_lifetime_end, "real"),
    ("HA_2_1_5", on_registration, "virtual"),
    ("HA_2_1_6", on_registration, "virtual", dict(flags=H)),
    ("HA_2_1_7", on_decrease, "virtual"),
    ("HA_2_1_8", on_lifetime_end, "virtual"),
    ("HA_2_1_9", on_prefix_lifetime, "real"),
    ("HA_2_1_10", on_registration, "real", dict(flags=A | H)),
    ("HA_2_1_11", on_registration, "real", dict(flags=A | H | K)),
    ("HA_2_1_12", on_registration, "virtual", dict(flags=A | H)),
    ("HA_2_1_13", on_registration, "virtual", dict(flags=A | H | K)),
    ("HA_2_1_14", on_registration, "real", dict(reserved=0xff)),
    ("HA_2_1_15", on_registration, "virtual", dict(reserved=0xff)),
    ("HA_2_2_1", on_refused, "real", 132, dict(hoa="2001:db8:77::1")),
    ("HA_2_2_2", on_refused, "real", 132, dict(hoa="2001:db8:77::1", flags=H)),
    ("HA_2_2_3", on_refused, "real", 146, dict(key_is_right=False)),
    ("HA_2_2_4", on_refused, "virtual", 132, dict(hoa="2001:db8:77::1")),
    ("HA_2_2_5", on_refused, "virtual", 132, dict(hoa="2001:db8:77::1", flags=H)),
    ("HA_2_2_6", on_refused, "virtual", 146, dict(key_is_right=False)),
    ("HA_2_2_7", on_ignored, "real", dict(nonce=True)),
    ("HA_2_2_8", on_ignored, "virtual", dict(nonce=True)),
    ("HA_2_2_9", on_ignored, "real", dict(hao="fe80::1:5")),
    ("HA_2_2_10", on_ignored, "real", dict(hao="fe80::1:5", flags=A | H | L)),
    ("HA_2_2_11", on_ignored, "virtual", dict(hao="fe80::1:5")),
    ("HA_2_2_12", on_ignored, "virtual", dict(hao="fe80::1:5", flags=A | H | L)),
    ("HA_2_2_13", on_ignored, "real", dict(hao="ff0e::5")),
    ("HA_2_2_14", on_ignored, "virtual", dict(hao="ff0e::5")),
    ("HA_2_3_1", on_dad, False),
    ("HA_2_3_2", on_dad, True),
    ("HA_2_3_3", on_dad_answer, A | H, "linklocal", 0),
    ("HA_2_4_1", on_dad_answer, A | H, "global", 134),
    ("HA_2_4_2", on_dad_answer, A | H | L, "global", 134),
    ("HA_2_4_3", on_dad_answer, A | H | L, "linklocal", 134),
    ("HA_2_4_4", on_dad_answer, H, "global", 134),
    ("HA_2_4_5", on_dad_answer, H | L, "global", 134),
    ("HA_2_4_6", on_dad_answer, H | L, "linklocal", 134),
    ("HA_2_5_1", on_sequence, "real", A | H, 15, 16, True),
    ("HA_2_5_2", on_sequence, "real", A | H, 15, 32782, True),
    ("HA_2_5_3", on_sequence, "virtual", A | H, 15, 16, True),
    ("HA_2_5_4", on_sequence, "virtual", A | H, 15, 32782, True),
    ("HA_2_5_5", on_sequence, "real", H, 15, 16, True),
    ("HA_2_5_6", on_sequence, "real", H, 15, 32782, True),
    ("HA_2_5_7", on_sequence, "virtual", H, 15, 16, True),
    ("HA_2_5_8", on_sequence, "virtual", H, 15, 32782, True),
    ("HA_2_6_1", on_sequence, "real", A | H, 15, 14, False),
    ("HA_2_6_2", on_sequence, "real", A | H, 15, 15, False),
    ("HA_2_6_3", on_sequence, "real", A | H, 15, 32783, False),
    ("HA_2_6_4", on_sequence, "real", H, 15, 14, False),
    ("HA_2_6_5", on_sequence, "real", H, 15, 15, False),
    ("HA_2_6_6", on_sequence, "real", H, 15, 32783, False),
    ("HA_2_6_7", on_sequence, "virtual", A | H, 15, 14, False),
    ("HA_2_6_8", on_sequence, "virtual", A | H, 15, 15, False),
    ("HA_2_6_9", on_sequence, "virtual", A | H, 15, 32783, False),
    ("HA_2_6_10", on_sequence, "virtual", H, 15, 14, False),
    ("HA_2_6_11", on_sequence, "virtual", H, 15, 15, False),
    ("HA_2_6_12", on_sequence, "virtual", H, 15, 32783, False),
    ("HA_2_7_1", on_sequence, "real", A | H, 32783, 32784, True),
    ("HA_2_7_2", on_sequence, "real", A | H, 32783, 14, True),
    ("HA_2_7_3", on_sequence, "virtual", A | H, 32783, 32784, True),
    ("HA_2_7_4", on_sequence, "virtual", A | H, 32783, 14, True),
    ("HA_2_7_5", on_sequence, "real", H, 32783, 32784, True),
    ("HA_2_7_6", on_sequence, "real", H, 32783, 14, True),
    ("HA_2_7_7", on_sequence, "virtual", H, 32783, 32784, True),
    ("HA_2_7_8", on_sequence, "virtual", H, 32783, 14, True),
    ("HA_2_8_1", on_sequence, "real", A | H, 32783, 32782, False),
    ("HA_2_8_2", on_sequence, "real", A | H, 32783, 32783, False),
    ("HA_2_8_3", on_sequence, "real", A | H, 32783, 15, False),
    ("HA_2_8_4", on_sequence, "real", H, 32783, 32782, False),
    ("HA_2_8_5", on_sequence, "real", H, 32783, 32783, False),
    ("HA_2_8_6", on_sequence, "real", H, 32783, 15, False),
    ("HA_2_8_7", on_sequence, "virtual", A | H, 32783, 32782, False),
    ("HA_2_8_8", on_sequence, "virtual", A | H, 32783, 32783, False),
    ("HA_2_8_9", on_sequence, "virtual", A | H, 32783, 15, False),
    ("HA_2_8_10", on_sequence, "virtual", H, 32783, 32782, False),
    ("HA_2_8_11", on_sequence, "virtual", H, 32783, 32783, False),
    ("HA_2_8_12", on_sequence, "virtual", H, 32783, 15, False),

    ("HA_3_1_1", on_deregistration, "real", False, 0, A | H, True),
    ("HA_3_1_2", on_deregistration, "real", True, 0, A | H, True),
    ("HA_3_1_3", on_deregistration, "real", True, 400, A | H, True),
    ("HA_3_1_4", on_deregistration, "real", True, 0, A | H, None),
    ("HA_3_1_5", on_deregistration, "real", True, 400, A | H, None),
    ("HA_3_1_6", on_deregistration, "real", False, 0, H, True),
    ("HA_3_1_7", on_deregistration, "real", True, 0, H, True),
    ("HA_3_1_8", on_deregistration, "real", True, 400, H, True),
    ("HA_3_1_9", on_deregistration, "real", True, 0, H, None),
    ("HA_3_1_10", on_deregistration, "real", True, 400, H, None),
    ("HA_3_1_11", on_deregistration, "virtual", False, 0, A | H, True),
    ("HA_3_1_12", on_deregistration, "virtual", False, 0, H, True),
    ("HA_3_2_1", on_wrong_deregistration, "real", False, 0, A | H, True),
    ("HA_3_2_2", on_wrong_deregistration, "real", True, 0, A | H, True),
    ("HA_3_2_3", on_wrong_deregistration, "real", True, 400, A | H, True),
    ("HA_3_2_4", on_wrong_deregistration, "real", True, 0, A | H, None),
    ("HA_3_2_5", on_wrong_deregistration, "real", True, 400, A | H, None),
    ("HA_3_2_6", on_wrong_deregistration, "real", False, 0, H, True),
    ("HA_3_2_7", on_wrong_deregistration, "real", True, 0, H, True),
    ("HA_3_2_8", on_wrong_deregistration, "real", True, 400, H, True),
    ("HA_3_2_9", on_wrong_deregistration, "real", True, 0, H, None),
    ("HA_3_2_10", on_wrong_deregistration, "real", True, 400, H, None),
    ("HA_3_2_11", on_wrong_deregistration, "virtual", False, 0, A | H, True),
    ("HA_3_2_12", on_wrong_deregistration, "virtual", False, 0, H, True),
    ("HA_3_3_1", on_old_deregistration, 0, A | H, True),
    ("HA_3_3_2", on_old_deregistration, 0, H, True),
    ("HA_3_3_3", on_old_deregistration, 0, A | H, None),
    ("HA_3_3_4", on_old_deregistration, 0, H, None),
    ("HA_3_3_5", on_old_deregistration, 400, A | H, True),
    ("HA_3_3_6", on_old_deregistration, 400, H, True),
    ("HA_3_3_7", on_old_deregistration, 400, A | H, None),
    ("HA_3_3_8", on_old_deregistration, 400, H, None),
]
CASES = {ident: row for ident, *row in ROWS}


# What has to wait for a lifetime's end comes last: meanwhile it passes.
@pytest.mark.parametrize("ident", sorted(CASES, key=lambda i: CASES[i][0] is on_lifetime_end))
def test_case(w, ident, request):
    conformance_scene.play(w, request, CASES[ident])
