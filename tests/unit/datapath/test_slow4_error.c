// SPDX-License-Identifier: BSD-2-Clause
/* The slow path of IPv4: errors to sources, and what becomes of errors about tunnels (RFC 1812 4.3.2, RFC 2003 4 and 5, RFC 1191). H-7. */
#include "../kit/slow4_kit.h"
#include "wire/mip4/mip4.h"

/* --- errors ---------------------------------------------------------------------------------------------------------- */

static void time_exceeded(void **state)
{
	struct bench *b = *state;
	struct ip4_head h = head(cn, hoa, NH_UDP, true);
	h.ttl = 1;
	const struct pkt p = packet(h, (uint8_t[100]){1}, 100);
	struct dp_punted d = punted(&p, DP_ENCAP_IPIP, 0);
	d.slow.why = DP_SLOW_HOP_LIMIT;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
	expect_error(b, SLOW_ROUTE, IC4_TIME_EXCEEDED, 0, &p);
	d.slow.why = DP_SLOW_COPY; /* nor does it go into a tunnel (RFC 2003 3.1) */
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
}

static void no_error_about_what_deserves_none(void **state)
{
	struct bench *b = *state;
	struct pkt none[5];
	none[0] = packet(head(cn, hoa, PROTO_ICMP4, true), (uint8_t[40]){3, 1}, 40);    /* an error */
	none[1] = packet(head(cn, group, NH_UDP, true), (uint8_t[40]){0}, 40);          /* to a group */
	none[2] = packet(head("0.0.0.0", hoa, NH_UDP, true), (uint8_t[40]){0}, 40);     /* from nobody */
	struct ip4_head h = head(cn, hoa, NH_UDP, false);
	h.frag_off_oct = 80;
	none[3] = packet(h, (uint8_t[40]){0}, 40);                                      /* not the first fragment */
	none[4] = packet(head(cn, "255.255.255.255", NH_UDP, true), (uint8_t[40]){0}, 40);
	for (int i = 0; i < 5; i++) {
		struct dp_punted d = punted(&none[i], DP_ENCAP_IPIP, 0);
		d.slow.why = DP_SLOW_HOP_LIMIT;
		slow_punt(b->slow, &d, t0);
		slow_roam0(b->slow, none[i].b, none[i].n, t0);
		assert_int_equal(b->n, 0);
	}
}

static void errors_are_limited(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(100, true);
	uint32_t sent = 0;
	struct dp_punted d = punted(&p, DP_ENCAP_IPIP, 0);
	d.slow.why = DP_SLOW_HOP_LIMIT;
	for (int i = 0; i < 200; i++) {
		b->n = 0;
		slow_punt(b->slow, &d, t0);
		sent += b->n;
	}
	assert_int_equal(sent, 50);
}

static void what_nobody_tunnels_is_unreachable(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(100, true);
	slow_roam0(b->slow, p.b, p.n, t0);
	expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_HOST, &p);
}

/* An error to a mobile goes over its link, or to its group: by the routing table it would go round by its home agent. */
static void a_mobile_hears_of_errors_where_it_is(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner_of(hoa, cn, 1500, true);
	struct dp_punted d = punted(&p, DP_ENCAP_IPIP, 1500);
	b->visit = (struct dp_visit){.home_address = A(hoa), .ifindex = IF_ACC, .lladdr = {{2, 0, 0, 0, 0, 8}}, .expires = MONO_NEVER};
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error_to(b, hoa, SLOW_LINK, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1480);
	assert_int_equal(b->out[0].ifindex, IF_ACC);
	assert_int_equal(b->out[0].lladdr.b[5], 8);
	b->visit = (struct dp_visit){.expires.ns = 0};
	b->coa = (struct dp_coa){.home_address = A(hoa), .group = A(group), .source = A(coa), .ha = A(ha), .expires = MONO_NEVER};
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->out[1].kind, SLOW_GROUP);
	const struct pkt e = unwrapped(b, 1, DP_ENCAP_GRE, coa, group);
	assert_int_equal(e.b[9], PROTO_ICMP4);
	assert_int_equal(e.b[20], IC4_UNREACHABLE);
}

/* --- errors about tunnels -------------------------------------------------------------------------------------------- */

/* A router's error about our tunnel packet t, of which it quotes so much. */
static struct pkt error_about(const struct pkt *t, uint8_t type, uint8_t code, uint32_t word, size_t quoted)
{
	struct pkt e;
	struct wr w = wr_of(e.b, sizeof e.b);
	const struct ip4_path path = {.src = A("198.51.100.1"), .dst = A(ha), .ttl = 60};
	const struct icmp4_build b = icmp4_begin(&w, &path, type, code);
	wr_u32(&w, word);
	wr_bytes(&w, t->b, t->n < quoted ? t->n : quoted);
	e.n = icmp4_finish(&w, &b);
	return e;
}

static void give_error(struct bench *b, const struct pkt *e, mono_t now)
{
	const struct dp_punted d = {.ifindex = IF_UP, .why = DP_PUNT_ICMP_ERR, .pkt = e->b, .len_oct = e->n};
	b->n = 0;
	slow_punt(b->slow, &d, now);
}

/* RFC 2003 4.1, 5.1: remembered, and told to the source, less what the tunnel adds. */
static void a_tunnel_too_big_is_passed_on(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1460, true);
	const struct addr6 dst = A(coa);
	for (int i = 0; i < 5; i++) {
		const struct pkt t = wrapped(forms[i].encap, &p, ha, coa, 0), e = error_about(&t, 3, 4, 1400, 548);
		const uint32_t over = forms[i].encap == DP_ENCAP_GRE ? 28 : forms[i].over_oct;
		give_error(b, &e, mono_add(t0, span_s(1000 * i)));
		assert_int_equal(b->n, 2);
		assert_int_equal(b->out[0].kind, SLOW_PMTU);
		assert_int_equal(b->out[0].mtu_oct, 1400);
		assert_true(addr6_eq(&b->out[0].dst, &dst));
		assert_int_equal(expect_error(b, SLOW_ROUTE, 3, 4, &p), 1400 - over);
	}
}

/* Eight bytes of the tunnel packet are all that a router must quote: enough for the tunnel's soft state, and for later packets. */
static void little_quoted_is_enough_to_remember(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1460, true);
	for (int i = 0; i < 4; i++) {
		const struct pkt t = wrapped(forms[i].encap, &p, ha, coa, 0), e = error_about(&t, 3, 4, 1300 - 10u * (uint32_t)i, 28);
		give_error(b, &e, t0);
		assert_true(b->n >= 1 && b->out[0].kind == SLOW_PMTU);
		assert_int_equal(b->out[0].mtu_oct, 1300 - 10 * i);
		for (uint32_t k = 1; k < b->n; k++) /* minimal encapsulation: eight bytes of it say it all */
			assert_int_equal(forms[i].encap, DP_ENCAP_MINIMAL);
	}
}

/* RFC 1191 7 */
static void an_old_router_tells_no_mtu(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1460, true), t = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0), e = error_about(&t, 3, 4, 0, 548);
	give_error(b, &e, t0);
	assert_int_equal(b->out[0].mtu_oct, 1006);
	assert_int_equal(expect_error(b, SLOW_ROUTE, 3, 4, &p), 986);
}

/* Nobody can make us cut packets to crumbs, and a tale of more than before changes nothing until it has aged. */
static void told_mtus_are_believed_within_reason(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(500, true), t = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0);
	struct pkt e = error_about(&t, 3, 4, 68, 548);
	give_error(b, &e, t0);
	assert_int_equal(b->out[0].mtu_oct, 552);
	e = error_about(&t, 3, 4, 1400, 548);
	give_error(b, &e, t0);
	assert_int_equal(b->n, 0);
	give_error(b, &e, mono_add(t0, span_s(601)));
	assert_int_equal(b->out[0].mtu_oct, 1400);
}

/* Without "don't fragment" there is nothing sensible to tell the source (RFC 2003 5.1). */
static void who_allows_cutting_is_not_told(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1460, false), t = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0), e = error_about(&t, 3, 4, 1400, 548);
	give_error(b, &e, t0);
	assert_int_equal(b->n, 1);
	assert_int_equal(b->out[0].kind, SLOW_PMTU);
}

/* RFC 2003 4, code by code. 255: the inner source hears nothing. */
static void other_errors_become_what_they_mean_outside(void **state)
{
	static const struct { uint8_t type, code, as; } cases[] = {
		{3, 0, 0}, {3, 1, 1}, {3, 2, 1}, {3, 3, 255}, {3, 5, 255}, {3, 6, 0}, {3, 7, 1}, {3, 9, 0}, {3, 10, 1}, {3, 11, 0}, {3, 12, 1}, {3, 13, 1},
		{4, 0, 255}, {5, 1, 255}, {11, 0, 1}, {11, 1, 1}, {12, 0, 255},
	};
	struct bench *b = *state;
	const struct pkt p = inner(400, true);
	mono_t now = t0;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct pkt t = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0), e = error_about(&t, cases[i].type, cases[i].code, 0, 548);
		now = mono_add(now, span_s(10));
		give_error(b, &e, now);
		assert_int_equal(b->n, cases[i].as != 255);
		if (b->n)
			expect_error(b, SLOW_ROUTE, 3, cases[i].as, &p);
	}
	/* A UDP tunnel has a port, at which the other end no longer listens. */
	const struct pkt t = wrapped(DP_ENCAP_UDP, &p, ha, coa, 0), e = error_about(&t, 3, 3, 0, 548);
	give_error(b, &e, now);
	expect_error(b, SLOW_ROUTE, 3, 1, &p);
}

/* Errors about registrations are the engines', and about what is no tunnel nobody's. */
static void errors_about_anything_else_are_left_alone(void **state)
{
	struct bench *b = *state;
	uint8_t body[60] = {434 >> 8, 434 & 255, 434 >> 8, 434 & 255, 0, 60, 0, 0, MIP4_REQUEST};
	const struct pkt request = packet(head(ha, coa, NH_UDP, true), body, sizeof body), tcp = packet(head(ha, coa, NH_TCP, true), body, sizeof body);
	struct pkt e = error_about(&request, 3, 4, 600, 548);
	give_error(b, &e, t0);
	assert_int_equal(b->n, 0);
	e = error_about(&tcp, 3, 4, 600, 548);
	give_error(b, &e, t0);
	assert_int_equal(b->n, 0);
	const struct pkt p = inner(400, true), t = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0);
	e = error_about(&t, 3, 4, 600, 548);
	e.b[30] ^= 1; /* checksum */
	give_error(b, &e, t0);
	assert_int_equal(b->n, 0);
}

static void every_truncation_is_survived(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(300, true);
	b->local_flags = DP_LOCAL_HA | DP_LOCAL_FA | DP_LOCAL_MMA;
	for (int i = 0; i < 5; i++) {
		const struct pkt t = wrapped(forms[i].encap, &p, ha, coa, 0), e = error_about(&t, 3, 4, 600, 548);
		for (size_t n = 0; n < e.n; n++) {
			uint8_t *exact = malloc(n + 1);
			assert_non_null(exact);
			memcpy(exact, e.b, n);
			struct dp_punted d = punted(&e, forms[i].encap, 100);
			d.pkt = exact;
			d.len_oct = d.slow.len_oct = (uint32_t)n;
			for (int why = DP_SLOW_TOO_BIG; why <= DP_SLOW_COPY; why++) {
				d.slow.why = (enum dp_slow_why)why;
				slow_punt(b->slow, &d, t0);
				b->n = 0;
			}
			d.why = DP_PUNT_ICMP_ERR;
			slow_punt(b->slow, &d, t0);
			slow_roam0(b->slow, exact, n, t0);
			memcpy(exact, t.b, n < t.n ? n : t.n);
			slow_raw(b->slow, 1, exact, n, t0);
			b->n = 0;
			free(exact);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(time_exceeded), TEST(no_error_about_what_deserves_none), TEST(errors_are_limited), TEST(what_nobody_tunnels_is_unreachable),
		TEST(a_mobile_hears_of_errors_where_it_is), TEST(a_tunnel_too_big_is_passed_on), TEST(little_quoted_is_enough_to_remember),
		TEST(an_old_router_tells_no_mtu), TEST(told_mtus_are_believed_within_reason), TEST(who_allows_cutting_is_not_told),
		TEST(other_errors_become_what_they_mean_outside), TEST(errors_about_anything_else_are_left_alone),
		TEST(every_truncation_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
