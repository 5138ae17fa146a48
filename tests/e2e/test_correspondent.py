# SPDX-License-Identifier: BSD-2-Clause
"""The correspondent node against a mobile that is another implementation (correspondent.py). CASES has a test for each case of the
public conformance suites for correspondent nodes that needs no long wait; doc/conformance.md lists them. Those that wait for
nonces and lifetimes run in virtual time: tests/unit/cn/test_cn_cases.c."""
import struct
import time

import pytest
from correspondent import BE, BRR, CN, COT, COTI, HOT, HOTI, H, K, L, A, Ack, Correspondent, Mobile, echo, headers, inet6, mh, mobility, routing
from roamlab import netns
from roamlab.octets import checksum6

scapy = pytest.importorskip("scapy.all")

EXPIRED_HOME, EXPIRED_COA, EXPIRED_BOTH = 136, 137, 138


@pytest.fixture(scope="module")
def world():
    with Correspondent() as w:
        yield w


@pytest.fixture
def peer(world, request):
    before = world.peer.moved
    yield world.peer
    request.node.packets_moved = world.peer.moved - before


CASES = {}


def case(*ids):
    """Names the conformance cases that the function stands for; it gets the world and a fresh mobile."""
    def note(function):
        for i in ids:
            assert i not in CASES, i
            CASES[i] = function
        return function
    return note


def cases(table):
    """{case: arguments} for one function."""
    def note(function):
        for i, arguments in table.items():
            assert i not in CASES, i
            CASES[i] = lambda w, m, arguments=arguments: function(w, m, *arguments)
        return function
    return note


# --- normal -------------------------------------------------------------------------------------

@case("CN-1-1")
def return_routability(w, m):
    m.test()
    assert m.tokens[m.hoa] != m.tokens[m.coa]


@case("CN-1-2")
def binding_update(w, m):
    ack = m.bind(lifetime=400)
    assert (ack.status, ack.seq, ack.lifetime, ack.is_signed) == (0, 1, 400, True)
    assert ack.packet.dst == m.coa and ack.hoa == m.hoa and ack.packet.src == CN
    assert [b["coa"] for b in w.bindings(m.hoa)] == [m.coa]


@case("CN-1-3")
def route_optimisation(w, m):
    """H-15: both ways straight, home addresses in option and routing header."""
    m.bind()
    seen = m.peer.reactions(echo(m.coa, CN, 5, hao=m.hoa))
    assert [(p.dst, routing(p)) for p in seen] == [(m.coa, m.hoa)]
    m.tell(lifetime=0)
    m.peer.send(echo(m.hoa, CN, 6))
    reply = m.peer.wait(lambda p: p.dst == m.hoa, "an echo reply to the home address")
    assert routing(reply) is None and reply.nh == 58


# --- test requests --------------------------------------------------------------------------------

def asked(m, kind, **kw):
    return m.ask(kind, m.hoa if kind == HOTI else m.coa, **kw)


def raw_request(kind):
    return bytes((inet6.MIP6MH_HoTI if kind == HOTI else inet6.MIP6MH_CoTI)(cksum=0, cookie=b"cookie" + bytes([kind, 7])))


def requested(m, kind, change=lambda r: r, **kw):
    return m.peer.reactions(mobility(m.hoa if kind == HOTI else m.coa, CN, change(raw_request(kind)), **kw))


NONCE_OPTION = b"\4\4\0\1\0\1\1\0"
ALT_OPTION = b"\1\4\0\0\0\0" + b"\3\x10" + bytes(16)


def with_options(more):
    return lambda r: r[:1] + bytes([r[1] + len(more) // 8]) + r[2:] + more


@cases({"CN-2-1-1": (HOTI, NONCE_OPTION), "CN-2-2-1-1": (COTI, NONCE_OPTION), "CN-2-2-1-2": (COTI, ALT_OPTION)})
def request_with_an_option_that_does_not_belong(w, m, kind, option):
    """Ignored, and answered all the same (6.1.3, 6.1.4)."""
    seen = requested(m, kind, with_options(option))
    assert [mh(p)[2] for p in seen] == [kind + 2]


@cases({"CN-2-1-2": (HOTI,), "CN-2-2-2": (COTI,)})
def request_with_home_address_option(w, m, kind):
    assert m.peer.reactions(mobility(m.coa, CN, raw_request(kind), hao=m.hoa)) == []


def is_parameter_problem(p, code, pointer):
    raw = bytes(p)
    return raw[6] == 58 and raw[40] == 4 and raw[41] == code and struct.unpack_from("!I", raw, 44)[0] == pointer


@cases({"CN-2-1-3": (HOTI,), "CN-2-2-3": (COTI,)})
def request_too_short(w, m, kind):
    seen = requested(m, kind, lambda r: r[:1] + b"\0" + r[2:8])
    assert len(seen) == 1 and is_parameter_problem(seen[0], 0, 41)


@cases({"CN-2-1-4": (HOTI,), "CN-2-2-4": (COTI,)})
def request_with_reserved_set(w, m, kind):
    seen = requested(m, kind, lambda r: r[:3] + b"\xff" + r[4:6] + b"\xff\xff" + r[8:])
    assert [mh(p)[2] for p in seen] == [kind + 2]


@cases({"CN-2-1-5": (HOTI,), "CN-2-2-5": (COTI,)})
def request_with_a_payload(w, m, kind):
    seen = requested(m, kind, lambda r: b"\x3a" + r[1:])
    assert len(seen) == 1 and is_parameter_problem(seen[0], 0, 40)


@cases({"CN-2-1-6": (HOTI,), "CN-2-2-6": (COTI,)})
def request_with_wrong_checksum(w, m, kind):
    assert requested(m, kind, sum_xor=0x0101) == []


# --- updates: form ------------------------------------------------------------------------------------

@case("CN-2-3-1-1")
def update_with_refresh_advice(w, m):
    """An option that counts in acknowledgements only: skipped."""
    m.test()
    assert m.tell(options=b"\2\2\0\x10\1\2\0\0").status == 0


@case("CN-2-3-1-2")
def update_with_authenticator_out_of_place(w, m):
    """Binding Authorization Data not at 8n+2, so that padding follows it."""
    m.test()
    assert m.tell(options=b"\1\2\0\0", tail=b"\1\2\0\0") is None
    assert not m.is_bound()


@case("CN-2-3-3")
def update_too_short(w, m):
    m.test()
    seen = m.peer.reactions(mobility(m.coa, CN, m.message(1)[:8].replace(b"\x3b\5", b"\x3b\0", 1)[:1] + b"\0" + m.message(1)[2:8], hao=m.hoa))
    assert len(seen) == 1 and is_parameter_problem(seen[0], 0, 40 + 24 + 1)
    assert not m.is_bound()


@case("CN-2-3-4")
def update_with_reserved_set(w, m):
    m.test()
    assert m.tell(change=lambda r: r[:3] + b"\xff" + r[4:]).status == 0


@case("CN-2-3-5")
def update_with_a_payload(w, m):
    m.test()
    seen = m.peer.reactions(m.update(change=lambda r: b"\x3a" + r[1:]))
    assert len(seen) == 1 and is_parameter_problem(seen[0], 0, 40 + 24)
    assert not m.is_bound()


@case("CN-2-3-6")
def update_with_wrong_checksum(w, m):
    m.test()
    assert m.tell(sum_xor=0x0101) is None
    assert not m.is_bound()


@cases({"CN-2-3-7": (A | L,), "CN-2-3-8": (A | K,), "CN-2-3-9": (A | 0x0fff,)})
def update_with_flags_that_mean_nothing_here(w, m, flags):
    m.test()
    assert m.tell(flags=flags).status == 0
    assert m.is_bound()


@cases({"CN-2-3-10-1": (400,), "CN-2-3-10-2": (0,)})
def update_without_nonce_indices(w, m, lifetime):
    if lifetime == 0:
        m.bind()
    m.test()
    assert m.tell(nonces=False, lifetime=lifetime) is None
    assert m.is_bound() == (lifetime == 0)


@case("CN-2-3-11")
def update_with_wrong_authenticator(w, m):
    m.test()
    assert m.tell(auth_xor=1) is None
    assert m.tell(auth=False) is None
    assert not m.is_bound()


@case("CN-2-4-1")
def unknown_type(w, m):
    """Binding Error, status 2; the home address from the option, or none (9.2, 9.3.3)."""
    for hao in (None, m.hoa):
        seen = m.peer.reactions(mobility(m.coa, CN, b"\x3b\1\xc8\0" + bytes(12), hao=hao))
        assert len(seen) == 1 and seen[0].dst == m.coa and routing(seen[0]) is None
        error = inet6.MIP6MH_BE(mh(seen[0]))
        assert (error.mhtype, error.status, error.ha) == (BE, 2, hao or "::")


@case("CN-2-4-2")
def two_addresses(w, m):
    other = Mobile(m.peer)
    for one in (m, other):
        one.bind()
    assert m.tokens[m.hoa] != other.tokens[other.hoa] and m.is_bound() and other.is_bound()


# --- updates without A -------------------------------------------------------------------------------

@case("CN-2-5-1")
def accepted_without_a_is_not_answered(w, m):
    m.test()
    assert m.tell(flags=0) is None
    assert m.is_bound()


@case("CN-2-5-2")
def old_number_without_a_is_answered(w, m):
    m.bind(seq=100)
    ack = m.tell(seq=100, flags=0)
    assert (ack.status, ack.seq, ack.is_signed) == (135, 100, True)


@cases({"CN-2-5-3": ((50, 0), EXPIRED_HOME), "CN-2-5-4": ((0, 50), EXPIRED_COA), "CN-2-5-5": ((50, 50), EXPIRED_BOTH)})
def unknown_nonces_without_a_are_answered(w, m, off, status):
    m.test()
    ack = m.tell(flags=0, indices=(m.index[m.hoa] + off[0], m.index[m.coa] + off[1]))
    assert (ack.status, ack.is_signed) == (status, False)


# --- addresses -----------------------------------------------------------------------------------------

@cases({"CN-2-6-1": ({"src": "ff0e::5"},), "CN-2-6-2": ({"hao": "ff0e::5"},), "CN-2-6-3": ({"alt": "ff0e::5"},),
        "CN-2-6-4": ({"src": "fe80::5"},), "CN-2-6-5": ({"alt": "fe80::5"},)})
def update_with_an_address_of_no_host(w, m, wrong):
    m.test()
    assert m.tell(**wrong) is None
    assert w.bindings(m.hoa) == []


# --- registration ----------------------------------------------------------------------------------------

@case("CN-3-1-1")
def alternate_care_of_address(w, m):
    """Tested, signed and bound is the alternate address; the answer goes to the source."""
    m.test(m.hoa, m.coa2)
    ack = m.tell(alt=m.coa2)
    assert ack.status == 0 and ack.packet.dst == m.coa and m.is_bound(m.coa2) and not m.is_bound(m.coa)


@case("CN-3-1-2")
def alternate_care_of_address_is_the_source(w, m):
    m.test()
    assert m.tell(alt=m.coa).status == 0 and m.is_bound()


@cases({"CN-3-2-1": (True,), "CN-3-2-2": (False,)})
def registered_again(w, m, tested):
    m.bind(lifetime=200)
    if tested:
        m.test()
    ack = m.tell(lifetime=400)
    assert (ack.status, ack.seq, ack.lifetime) == (0, 2, 400) and m.is_bound()


FOREIGN = {"CN-3-3-1-1": (True, None), "CN-3-3-1-2": (False, None), "CN-3-3-1-3": (True, "coa"), "CN-3-3-1-4": (False, "coa"),
           "CN-3-3-1-5": (True, "other"), "CN-3-3-1-6": (False, "other")}


@cases(FOREIGN)
def removed_from_the_foreign_link(w, m, tested, alt):
    m.bind()
    if tested:
        m.test()
    ack = m.tell(lifetime=0, alt={None: None, "coa": m.coa, "other": m.coa2}[alt])
    assert ack.status == 0 and ack.is_signed and ack.hoa == m.hoa and ack.packet.dst == m.coa
    assert not m.is_bound()


HOME = {"CN-3-3-2-1": (True, False, False, 0), "CN-3-3-2-2": (False, False, False, 0),
        "CN-3-3-2-3": (True, True, False, 0), "CN-3-3-2-4": (False, True, False, 0),
        "CN-3-3-2-5": (True, False, True, 0), "CN-3-3-2-6": (False, False, True, 0),
        "CN-3-3-2-7": (True, True, True, 0), "CN-3-3-2-8": (False, True, True, 0),
        "CN-3-3-2-9": (True, False, False, 400), "CN-3-3-2-10": (False, False, False, 400),
        "CN-3-3-2-11": (True, True, False, 400), "CN-3-3-2-12": (False, True, False, 400),
        "CN-3-3-2-13": (True, False, True, 400), "CN-3-3-2-14": (False, False, True, 400),
        "CN-3-3-2-15": (True, True, True, 400), "CN-3-3-2-16": (False, True, True, 400)}


@cases(HOME)
def removed_from_the_home_link(w, m, tested, hao, alt, lifetime):
    """Source (and with it the care-of address) is the home address; the key is the home token's alone."""
    m.bind()
    if tested:
        m.test(m.hoa)
    ack = m.tell(src=m.hoa, hao=hao, alt=m.hoa if alt else None, lifetime=lifetime)
    assert ack.status == 0 and ack.is_signed and ack.packet.dst == m.hoa
    assert ack.hoa == (m.hoa if hao else None)
    assert not m.is_bound()


WRONG = [{"auth_xor": 1}, {"auth": False}, {"nonces": False}, {"sum_xor": 1}, {"src": "ff0e::5"}, {"hao": "ff0e::5"},
         {"options": b"\1\2\0\0", "tail": b"\1\2\0\0"}, {"flags": A | H}]


@case("CN-3-3-3")
def removals_that_fail_a_test_remove_nothing(w, m):
    m.bind()
    for wrong in WRONG:
        assert m.tell(lifetime=0, **wrong) is None, wrong
        assert m.is_bound(), wrong


@case("CN-3-4-1")
def handover(w, m):
    m.bind()
    m.test(m.hoa, m.coa2)
    assert m.tell(src=m.coa2).status == 0
    assert m.is_bound(m.coa2) and not m.is_bound(m.coa)


@case("CN-3-4-2")
def handover_with_the_home_token_of_before(w, m):
    m.bind()
    m.test(m.coa2)
    assert m.tell(src=m.coa2).status == 0
    assert m.is_bound(m.coa2) and not m.is_bound(m.coa)


@case("CN-3-4-3")
def handovers_that_fail_a_test_change_nothing(w, m):
    m.bind()
    m.test(m.coa2)
    for wrong in WRONG:
        assert m.tell(**{"src": m.coa2, **wrong}) is None, wrong
        assert m.is_bound(m.coa), wrong


# --- nonces ------------------------------------------------------------------------------------------------

REG, FAR, HOMEWARD = {}, {"lifetime": 0}, {"lifetime": 0, "home": True}


def off(m, home, coa):
    return (m.index[m.hoa] + home, m.index[m.coa] + coa)


@cases({"CN-4-4-1": (REG, 20, 0, EXPIRED_HOME), "CN-4-4-2": (FAR, 20, 0, EXPIRED_HOME), "CN-4-4-3": (HOMEWARD, 20, 0, EXPIRED_HOME),
        "CN-4-5-1": (REG, 0, 20, EXPIRED_COA), "CN-4-5-2": (FAR, 0, 20, 0), "CN-4-5-3": (HOMEWARD, 0, 20, 0),
        "CN-4-9-1": (REG, 20, 20, EXPIRED_BOTH), "CN-4-9-2": (FAR, 20, 20, EXPIRED_HOME), "CN-4-9-3": (HOMEWARD, 20, 20, EXPIRED_HOME)})
def nonce_indices_that_were_never_given(w, m, how, home, coa, status):
    """The care-of index of a removal is not looked at (9.5.1), so that 138 is 136 then."""
    if how:
        m.bind()
    m.test()
    kw = {"src": m.hoa, "hao": False} if how.get("home") else {}
    ack = m.tell(lifetime=how.get("lifetime", 400), indices=off(m, home, coa), **kw)
    assert (ack.status, ack.is_signed) == (status, status == 0)
    assert m.is_bound() == bool(how and status)


@cases({"CN-4-6-1": (REG, "home"), "CN-4-6-2": (FAR, "home"), "CN-4-6-3": (HOMEWARD, "home"), "CN-4-7-1": (REG, "coa")})
def wrong_tokens(w, m, how, which):
    if how:
        m.bind()
    m.test()
    right = m.tokens[m.hoa], m.tokens[m.coa]
    wrong = tuple(bytes(8) if name == which else t for name, t in zip(("home", "coa"), right))
    kw = {"src": m.hoa, "hao": False} if how.get("home") else {}
    assert m.tell(lifetime=how.get("lifetime", 400), tokens=wrong, **kw) is None
    assert m.is_bound() == bool(how)


# --- numbers and lifetimes --------------------------------------------------------------------------------------

@cases({"CN-5-1-1-1": (10, 11), "CN-5-1-1-2": (10, 10 + 32767), "CN-5-1-1-3": (65535, 0), "CN-5-1-1-4": (40000, (40000 + 32767) % 65536)})
def greater_numbers(w, m, first, then):
    m.bind(seq=first)
    ack = m.tell(seq=then)
    assert (ack.status, ack.seq) == (0, then)


@cases({"CN-5-1-2-1": (15, 15), "CN-5-1-2-2": (15, 0), "CN-5-1-2-3": (15, 32783), "CN-5-1-2-4": (15, 65535)})
def numbers_that_are_not_greater(w, m, first, then):
    """The RFC's own example: after 15, 0 to 15 and 32783 to 65535 are old."""
    m.bind(seq=first)
    ack = m.tell(seq=then)
    assert (ack.status, ack.seq, ack.is_signed) == (135, first, True)
    assert m.tell(seq=(first + 32767) % 65536).status == 0


@cases({"CN-5-1-3-1": (0,), "CN-5-1-3-2": (32768,), "CN-5-1-3-3": (65535,)})
def any_number_where_there_is_no_entry(w, m, seq):
    m.test()
    assert m.tell(seq=seq).status == 0


@cases({"CN-5-2-1": (0xffff * 4, 420), "CN-5-2-2": (105 * 4, 420), "CN-5-2-3": (106 * 4, 420)})
def lifetime_of_a_new_entry(w, m, asked_s, given_s):
    """In units of 4 s; MAX_RR_BINDING_LIFETIME is 105 of them."""
    assert m.bind(lifetime=asked_s).lifetime == given_s


@cases({"CN-5-2-4": (0xffff * 4, 420), "CN-5-2-5": (40, 40), "CN-5-2-6": (300, 300), "CN-5-2-7": (107 * 4, 420)})
def lifetime_of_an_entry_that_is_there(w, m, asked_s, given_s):
    m.bind(lifetime=200)
    assert m.tell(lifetime=asked_s).lifetime == given_s
    left = w.bindings(m.hoa)[0]["expires_s"]
    assert given_s - 10 < left <= given_s


@case("CN-5-2-8")
def lifetimes_in_updates_that_fail_a_test_change_nothing(w, m):
    m.bind(lifetime=200)
    for wrong in WRONG:
        assert m.tell(**{"lifetime": 400, **wrong}) is None, wrong
    assert w.bindings(m.hoa)[0]["expires_s"] <= 200


# --- home registrations -------------------------------------------------------------------------------------------

@case("CN-5-3-1")
def home_registration(w, m):
    ack = m.tell(flags=A | H, nonces=False, auth=False)
    assert ack.status == 131 and w.bindings(m.hoa) == []


@cases({"CN-5-3-2": (400,), "CN-5-3-3": (0,)})
def type_change(w, m, lifetime):
    m.bind()
    ack = m.tell(flags=A | H, nonces=False, auth=False, lifetime=lifetime)
    assert ack.status == 139 and m.is_bound()


@cases({"CN-5-3-4": (False, 400), "CN-5-3-5": (True, 400), "CN-5-3-6": (True, 0)})
def home_registration_with_nonces(w, m, bound, lifetime):
    if bound:
        m.bind()
    m.test()
    assert m.tell(flags=A | H, lifetime=lifetime) is None
    assert m.is_bound() == bound


@case("CN-5-4-1")
def old_updates_after_removal(w, m):
    m.test()
    old = m.update(seq=7)
    removal = m.update(seq=8, lifetime=0)
    assert Ack(m.peer.reactions(old)[0]).status == 0
    assert Ack(m.peer.reactions(removal)[0]).status == 0
    ack = Ack(m.peer.reactions(old)[0])
    assert ack.status == EXPIRED_BOTH and not m.is_bound()
    assert m.tell(seq=9).status == EXPIRED_BOTH and not m.is_bound()  # nor a new one with these nonces
    m.bind(seq=0)                                                     # fresh ones do, at once, with any number


@case("CN-5-4-2")
def circle(w, m):
    """The care-of address is a home address that is bound to this home address."""
    other = Mobile(m.peer)
    other.coa = m.hoa
    other.bind()
    m.coa = other.hoa
    m.test()
    assert m.tell() is None and w.bindings(m.hoa) == []


@case("CN-5-4-3")
def several_entries(w, m):
    mobiles = [m] + [Mobile(m.peer) for _ in range(4)]
    for one in mobiles:
        one.bind()
    mobiles[2].tell(lifetime=0)
    assert [one.is_bound() for one in mobiles] == [True, True, False, True, True]


# --- data -------------------------------------------------------------------------------------------------------------

def unreachable(m, about):
    quoted = bytes(about)
    return scapy.IPv6(src="2001:db8:ffff::1", dst=CN) / inet6.ICMPv6DestUnreach(code=3) / scapy.Raw(quoted[:1200])


@case("CN-6-1")
def persistently_unreachable(w, m):
    m.bind()
    m.peer.send(echo(m.coa, CN, 9, hao=m.hoa))
    sent = m.peer.wait(lambda p: routing(p) == m.hoa, "a reply to the care-of address")
    m.peer.reactions(*[unreachable(m, sent)] * 20)
    assert m.is_bound()  # a burst is not persistence
    m.peer.drain()
    for _ in range(14):
        m.peer.reactions(unreachable(m, sent))
        netns_wait(0.5)
        if not w.bindings(m.hoa):
            break
    assert w.bindings(m.hoa) == [] and not m.is_bound()


def netns_wait(seconds):
    """Errors have to come over a time: this is the sender's pace, no wait for an effect."""
    time.sleep(seconds)


def unknown_binding(seen, coa, hoa):
    assert len(seen) == 1 and seen[0].dst == coa and routing(seen[0]) is None
    error = inet6.MIP6MH_BE(mh(seen[0]))
    assert (error.mhtype, error.status, error.ha) == (BE, 1, hoa)


@case("CN-6-2-1")
def option_without_entry(w, m):
    unknown_binding(m.peer.reactions(echo(m.coa, CN, 3, hao=m.hoa)), m.coa, m.hoa)


@case("CN-6-2-2")
def option_from_another_care_of_address(w, m):
    m.bind()
    unknown_binding(m.peer.reactions(echo(m.coa2, CN, 3, hao=m.hoa)), m.coa2, m.hoa)
    assert [b["coa"] for b in w.bindings(m.hoa)] == [m.coa]  # the option changes nothing (9.1)


@case("CN-6-2-3")
def option_after_removal(w, m):
    m.bind()
    m.tell(lifetime=0)
    unknown_binding(m.peer.reactions(echo(m.coa, CN, 3, hao=m.hoa)), m.coa, m.hoa)


@cases({"CN-6-3-1": ("ff0e::5", None), "CN-6-3-2": (None, "ff0e::5"), "CN-6-3-3": ("ff0e::5", "ff0e::6")})
def option_with_groups(w, m, src, hao):
    assert m.peer.reactions(echo(src or m.coa, CN, 3, hao=hao or m.hoa)) == []


@case("CN-6-4-1")
def upper_layers_see_the_home_address(w, m):
    """The echo's checksum is over home addresses both ways."""
    m.bind()
    seen = m.peer.reactions(echo(m.coa, CN, 12, hao=m.hoa, data=b"x" * 901))
    assert len(seen) == 1 and routing(seen[0]) == m.hoa
    reply = bytes(seen[0])[64:]
    assert reply[0] == 129 and reply[8:] == b"x" * 901
    assert checksum6(CN, m.hoa, 58, reply[:2] + b"\0\0" + reply[4:]) == struct.unpack_from("!H", reply, 2)[0]


@case("CN-6-5")
def type_2_routing_header_to_a_node_that_is_no_mobile(w, m):
    """No mobile node here: silently discarded (8.2), also Mobility Headers, also what has no segments left."""
    spent = headers(m.coa, CN, 58, rh2=m.hoa)
    spent[inet6.IPv6ExtHdrRouting].segleft = 0
    for p in (headers(m.coa, CN, 58, rh2=m.hoa), headers(m.coa, CN, 58, rh2=CN), spent):
        assert m.peer.reactions(p / inet6.ICMPv6EchoRequest(id=3, seq=1)) == []
    assert requested(m, HOTI, rh2=m.hoa) == []


@pytest.mark.requirement("H-15", "H-17")
@pytest.mark.parametrize("name", sorted(CASES, key=lambda n: [int(x) for x in n[3:].split("-")]))
def test_case(world, peer, name):
    CASES[name](world, world.mobile())


# --- beyond the suites ------------------------------------------------------------------------------------------------

@pytest.mark.requirement("H-15", "H-17")
def test_no_packet_by_the_old_way(world, peer):
    """What the host itself begins, TCP, goes straight and comes straight, and goes home when the binding is removed."""
    m = world.mobile()
    m.bind()
    import socket
    s = netns.inside(world.net.ns("cn"), lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
    s.setblocking(False)
    with pytest.raises(BlockingIOError):
        s.connect((m.hoa, 7))
    first = peer.wait(lambda p: routing(p) == m.hoa, "a connection request to the care-of address")
    syn = bytes(first)[64:]
    assert first.dst == m.coa and syn[13] == 2
    port, seq = struct.unpack_from("!H2xI", syn)
    answer = headers(m.coa, CN, 6, hao=m.hoa) / scapy.TCP(sport=7, dport=port, flags="SA", seq=100, ack=seq + 1)
    peer.send(answer)
    ack = peer.wait(lambda p: routing(p) == m.hoa and bytes(p)[64 + 13] == 0x10, "the handshake's third packet")
    assert struct.unpack_from("!I", bytes(ack), 64 + 8)[0] == 101
    m.tell(lifetime=0)
    s.setblocking(True)
    s.send(b"home again")
    data = peer.wait(lambda p: p.dst == m.hoa and p.nh == 6, "data to the home address")
    assert b"home again" in bytes(data)
    s.close()


def test_rates(peer, world):
    """A flood from one source is answered at a limited rate, and does not keep others from being answered."""
    m, other = world.mobile(), world.mobile()
    seen = peer.reactions(*[m.ask(COTI, m.coa)] * 3000, other.ask(COTI, other.coa))
    answers = [p for p in seen if p.dst == m.coa]
    assert 0 < len(answers) <= 1100
    assert [p.dst for p in seen if p.dst == other.coa] == [other.coa]


def test_binding_ends_when_the_address_goes(world, peer):
    """An address of the host that is taken away takes its bindings along; a new one serves at once."""
    extra = "2001:db8:c::99"
    world.net.run("cn", "ip", "addr", "add", extra + "/64", "dev", "eth0", "nodad")
    m = world.mobile()
    ask = mobility(m.hoa, extra, raw_request(HOTI))
    from roamlab import net as netmod
    netmod.wait_for(lambda: any(mh(p) and p.src == extra for p in peer.reactions(ask)), 10, "the new address to be served")
    world.net.run("cn", "ip", "addr", "del", extra + "/64", "dev", "eth0")
    netmod.wait_for(lambda: not any(a.get("address") == extra for a in world.daemon.show("interfaces")), 10, "the address to be forgotten")


def test_restart():
    """After kill -9 bindings are forwarded on, but no token of before counts: mobiles hear of it and begin anew, or go home."""
    with Correspondent() as w:
        m, homeward = w.mobile(), w.mobile()
        m.bind()
        homeward.bind()
        w.daemon.kill()
        m.peer.send(echo(m.coa, CN, 8, hao=m.hoa))
        m.peer.wait(lambda p: p.dst == m.coa and routing(p) == m.hoa, "a reply while the daemon is dead")
        w.daemon.start()
        w.wait_ready()
        ack = m.tell()
        assert ack is not None and ack.status in (EXPIRED_BOTH, EXPIRED_COA, EXPIRED_HOME)
        m.bind()
        assert m.is_bound()
        homeward.test(homeward.hoa)
        assert homeward.tell(src=homeward.hoa, hao=False, lifetime=0).status == 0
        homeward.peer.send(echo(homeward.hoa, CN, 9))
        reply = homeward.peer.wait(lambda p: p.dst in (homeward.hoa, homeward.coa), "an echo reply")
        assert reply.dst == homeward.hoa and routing(reply) is None


def test_beside_a_home_agent():
    """One daemon, one address, two roles: tests and updates without H are the correspondent node's, those with H the home agent's."""
    agent = (f'role ha {{ address = "{CN}" home-prefix = {{"2001:db8:9::/64"}} uplink = {{"eth0"}} '
             'mobile "2001:db8:9::/64" { key = "mn1" } }\n')
    with Correspondent(beside=agent) as w:
        m, stranger = w.mobile(), w.mobile()
        m.bind()
        assert m.is_bound()
        assert stranger.tell(flags=A | H, nonces=False, auth=False).status == 132  # the home agent's word: not home subnet
        seen = m.peer.reactions(mobility(m.coa, CN, b"\x3b\1\xc8\0" + bytes(12)))
        assert len(seen) == 1 and inet6.MIP6MH_BE(mh(seen[0])).status == 2
        w.daemon.ctl("drop", m.hoa)
        assert not m.is_bound()


@pytest.mark.requirement("H-13")
def test_trust():
    """H-13 to the letter: the Home Address option is believed without a binding, between two prefixes and nowhere else."""
    with Correspondent(more='trust { home = "2001:db8:1::/64" care-of = "2001:db8:2::/64" }') as w:
        m = w.mobile()
        w.peer.send(echo(m.coa, CN, 4, hao=m.hoa))
        reply = w.peer.wait(lambda p: p.dst == m.hoa, "a reply to the home address")
        assert reply.nh == 58 and bytes(reply)[40] == 129
        unknown_binding(w.peer.reactions(echo(m.coa2, CN, 4, hao=m.hoa)), m.coa2, m.hoa)
        unknown_binding(w.peer.reactions(echo(m.coa, CN, 4, hao=m.coa2)), m.coa, m.coa2)


def refresh_request(m, seconds, talk, quiet=None):
    """The request, when one comes in that time; with talk, data goes both ways meanwhile. quiet: a mobile that must get none."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if talk:
            m.peer.send(echo(m.coa, CN, 4, hao=m.hoa))
        p = m.peer.receive(min(left, 0.5))
        if p is None or not mh(p) or mh(p)[2] != BRR:
            continue
        assert quiet is None or p.dst != quiet.hoa
        if p.dst == m.hoa:
            return p
    return None


def test_refresh_is_asked_for():
    """A short binding in use: the request comes to the home address before the end. One that is not used ends unasked."""
    with Correspondent() as w:
        quiet, m = w.mobile(), w.mobile()
        begin = time.monotonic()
        quiet.bind(lifetime=16)
        m.bind(lifetime=16)
        brr = refresh_request(m, 20, talk=True, quiet=quiet)
        assert brr is not None and routing(brr) is None
        assert m.tell(lifetime=400).status == 0
        assert refresh_request(quiet, begin + 18 - time.monotonic(), talk=False) is None
