// SPDX-License-Identifier: BSD-2-Clause
/* The slow path: errors, fragments, errors about tunnels, reassembled tunnels (RFC 2473 7 and 8, RFC 4443, RFC 8201). H-2, H-3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../datapath/dpk.h"
#include "../kit/plain.h"
#include "base/err.h"
#include "datapath/slow.h"
#include "wire/ip/icmp6.h"

enum { OUT_MAX = 16 };

struct bench {
	struct slow *slow;
	struct slow_out out[OUT_MAX];
	uint8_t bytes[OUT_MAX][2048];
	uint32_t n;
	bool has_source;
};

static const mono_t t0 = {100 * NS_PER_S};

static bool source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	struct bench *b = ctx;
	(void)ifindex, (void)dst;
	*out = A("2001:db8:2::1");
	return b->has_source;
}

static void emit(void *ctx, const struct slow_out *o)
{
	struct bench *b = ctx;
	assert_true(b->n < OUT_MAX && o->len_oct <= sizeof b->bytes[0]);
	b->out[b->n] = *o;
	memcpy(b->bytes[b->n], o->bytes, o->bytes ? o->len_oct : 0);
	b->n++;
}

/* One of each. */
static int find(void *ctx, struct dp_op *op)
{
	(void)ctx;
	struct addr6 coa = A("2001:db8:2:ff::1"), hoa = A("2001:db8:1::100"), group = A("ff35::1");
	if (op->table == DP_COA && addr6_eq(&op->coa.coa, &coa)) {
		op->coa = (struct dp_coa){.coa = coa, .home_address = hoa, .group = group, .source = A("2001:db8:2::1"),
			.ha = A("2001:db8:1::1"), .expires = MONO_NEVER};
		return ERR_OK;
	}
	if (op->table == DP_UPLINK_IN && addr6_eq(&op->uplink_in.inner_src, &hoa)) {
		op->uplink_in = (struct dp_uplink_in){.inner_src = hoa, .coa = coa, .ha = A("2001:db8:1::1"), .gre_key = 5, .gre_key_prev = 4, .expires = MONO_NEVER};
		return ERR_OK;
	}
	if (op->table == DP_SITE_PREFIX)
		return op->site_prefix.prefix.addr.b[5] == 2 ? ERR_OK : ERR_NOTFOUND;
	if (op->table == DP_LOCAL && op->local.addr.b[15] == 1) {
		op->local.flags = DP_LOCAL_MMA | (op->local.addr.b[5] == 1 ? DP_LOCAL_HA : 0);
		return ERR_OK;
	}
	if (op->table == DP_HOME && addr6_eq(&op->home.home_address, &hoa)) {
		op->home = (struct dp_home){hoa, coa, A("2001:db8:1::1"), MONO_NEVER};
		return ERR_OK;
	}
	if (op->table == DP_DOWNLINK_IN && addr6_is_multicast(&op->downlink_in.dst)) {
		op->downlink_in.home_address = hoa;
		op->downlink_in.encap = DP_ENCAP_GRE;
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	struct slow_conf conf = {.mem = &plain_heap, .source = source, .find = find, .answers_unreachable = true, .emit = emit, .ctx = b};
	assert_non_null(b);
	b->has_source = true;
	assert_int_equal(slow_new(&b->slow, &conf), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	slow_free(b->slow);
	free(b);
	return 0;
}

static void inner(struct pk *p, size_t total)
{
	*p = (struct pk){0};
	pk_ip(p, "2001:db8:c::2", "2001:db8:1::100", 17, 60, 0);
	pk_udp(p, total - 48);
	pk_end(p);
}

static struct dp_punted too_big(const struct pk *p, uint32_t mtu)
{
	return (struct dp_punted){.ifindex = IF_UP, .why = DP_PUNT_SLOW, .pkt = p->b, .len_oct = p->n, .slow = {.why = DP_SLOW_TOO_BIG,
		.encap = DP_ENCAP_GRE, .has_seq = true, .seq = 9, .mtu_oct = mtu, .len_oct = (uint32_t)p->n, .src = A("2001:db8:2::1"),
		.dst = A("ff35::1")}};
}

/* The last output is an ICMPv6 error of this type to CN, sound, about p; returns its word. */
static uint32_t expect_error(struct bench *b, enum slow_kind kind, uint8_t type, const struct pk *p)
{
	struct icmp6_packet e;
	struct addr6 cn = A("2001:db8:c::2");
	assert_true(b->n > 0);
	const struct slow_out *o = &b->out[b->n - 1];
	const uint8_t *bytes = b->bytes[b->n - 1];
	assert_int_equal(o->kind, kind);
	assert_true(o->len_oct <= 1280);
	assert_int_equal(icmp6_packet_parse(bytes, o->len_oct, &e), W_OK);
	assert_int_equal(e.type, type);
	assert_true(addr6_eq(&e.ip.ip.dst, &cn));
	assert_memory_equal(e.body + 4, p->b, 40);
	return (uint32_t)e.body[0] << 24 | (uint32_t)e.body[1] << 16 | (uint32_t)e.body[2] << 8 | e.body[3];
}

static void test_too_big(void **state)
{
	struct bench *b = *state;
	struct pk p;
	inner(&p, 1460);
	struct dp_punted d = too_big(&p, 1500);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
	assert_int_equal(expect_error(b, SLOW_ROUTE, IC6_TOO_BIG, &p), 1452);
	d.slow.is_local = true;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_LOCAL, IC6_TOO_BIG, &p), 1452);
	d.slow.mtu_oct = 1300;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_LOCAL, IC6_TOO_BIG, &p), 1280);
}

static void test_small_packets_are_fragmented(void **state)
{
	struct bench *b = *state;
	struct pk p;
	uint8_t whole[2048];
	size_t n = 0;
	inner(&p, 1280);
	struct dp_punted d = too_big(&p, 1300);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t *f = b->bytes[i];
		size_t off = (size_t)(f[42] << 8 | f[43]) & 0xfff8;
		assert_int_equal(b->out[i].kind, SLOW_GROUP);
		assert_true(b->out[i].len_oct <= 1300);
		assert_int_equal(f[6], 44);
		assert_int_equal(f[40], 47);
		assert_int_equal(f[43] & 1, i == 0);
		assert_int_equal(off, n);
		assert_memory_equal(f + 44, b->bytes[0] + 44, 4);
		memcpy(whole + off, f + 48, b->out[i].len_oct - 48);
		n += b->out[i].len_oct - 48;
	}
	assert_int_equal(n, 8 + 1280);
	assert_int_equal(whole[7], 9);                /* sequence number */
	assert_int_equal(whole[8 + 7], 59);           /* one hop less */
	assert_memory_equal(whole + 16, p.b + 8, 1272);
}

static void test_fragments_over_a_link(void **state)
{
	struct bench *b = *state;
	struct pk p;
	inner(&p, 1270);
	struct dp_punted d = too_big(&p, 1280);
	d.slow.dst = A("2001:db8:2::1");
	d.slow.ifindex = 7;
	d.slow.is_local = true;
	d.slow.next_hop = (struct lladdr){{1, 2, 3, 4, 5, 6}};
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->out[0].kind, SLOW_LINK);
	assert_int_equal(b->out[0].ifindex, 7);
	assert_memory_equal(&b->out[0].lladdr, &d.slow.next_hop, 6);
	assert_int_equal(b->bytes[0][48 + 8 + 7], 60); /* this host's own packet: no hop less */
}

static void test_time_exceeded(void **state)
{
	struct bench *b = *state;
	struct pk p;
	inner(&p, 100);
	p.b[7] = 1;
	struct dp_punted d = too_big(&p, 0);
	d.slow.why = DP_SLOW_HOP_LIMIT;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_ROUTE, IC6_TIME_EXCEEDED, &p), 0);
	b->has_source = false;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
}

static void test_no_error_about_errors(void **state)
{
	struct bench *b = *state;
	struct pk p = {.n = 0};
	pk_ip(&p, "2001:db8:c::2", "2001:db8:1::100", 58, 1, 0);
	pk_icmp(&p, 1, NULL, 60);
	pk_end(&p);
	struct dp_punted d = too_big(&p, 0);
	d.slow.why = DP_SLOW_HOP_LIMIT;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 0);
}

static void test_errors_are_limited(void **state)
{
	struct bench *b = *state;
	struct pk p;
	uint32_t sent = 0;
	inner(&p, 100);
	struct dp_punted d = too_big(&p, 0);
	d.slow.why = DP_SLOW_HOP_LIMIT;
	for (int i = 0; i < 200; i++) {
		b->n = 0;
		slow_punt(b->slow, &d, t0);
		sent += b->n;
	}
	assert_int_equal(sent, 50);
	b->n = 0;
	slow_punt(b->slow, &d, mono_add(t0, span_ms(10)));
	assert_int_equal(b->n, 1);
}

/* A router's error about our GRE tunnel packet that carried q. */
static struct dp_punted error_about(struct pk *e, const struct pk *q, uint8_t type, uint32_t word)
{
	struct pk t = {.n = 0};
	uint8_t body[1400];
	pk_ip(&t, "2001:db8:2::1", "ff35::1", 47, 60, 0);
	pk_gre(&t, 0x1000, 77);
	pk_bytes(&t, q->b, q->n > 1000 ? 1000 : q->n);
	memcpy(body, (uint8_t[]){(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word}, 4);
	memcpy(body + 4, t.b, t.n);
	*e = (struct pk){0};
	pk_ip(e, "2001:db8:f::1", "2001:db8:2::1", 58, 60, 0);
	pk_icmp(e, type, body, t.n + 4);
	pk_end(e);
	return (struct dp_punted){.ifindex = IF_DOWN, .why = DP_PUNT_ICMP_ERR, .pkt = e->b, .len_oct = e->n};
}

static void test_tunnel_too_big_is_passed_on(void **state)
{
	struct bench *b = *state;
	struct pk q, e;
	struct addr6 group = A("ff35::1");
	inner(&q, 1452);
	struct dp_punted d = error_about(&e, &q, IC6_TOO_BIG, 1400);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->out[0].kind, SLOW_PMTU);
	assert_int_equal(b->out[0].mtu_oct, 1400);
	assert_true(addr6_eq(&b->out[0].dst, &group));
	assert_int_equal(b->out[0].until.ns, mono_add(t0, span_s(600)).ns);
	assert_int_equal(expect_error(b, SLOW_ROUTE, IC6_TOO_BIG, &q), 1352);
}

/* RFC 8201 4: a group's is the least of its branches, and ages. */
static void test_path_mtu_is_the_least(void **state)
{
	struct bench *b = *state;
	struct pk q, e;
	inner(&q, 100);
	struct dp_punted d = error_about(&e, &q, IC6_TOO_BIG, 1350);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1); /* the packet itself would have fitted: nobody is told */
	d = error_about(&e, &q, IC6_TOO_BIG, 1450);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
	slow_punt(b->slow, &d, mono_add(t0, span_s(601)));
	assert_int_equal(b->n, 2);
	assert_int_equal(b->out[1].mtu_oct, 1450);
}

static void test_tunnel_unreachable_is_passed_on(void **state)
{
	struct bench *b = *state;
	struct pk q, e;
	inner(&q, 200);
	struct dp_punted d = error_about(&e, &q, IC6_TIME_EXCEEDED, 0);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
	expect_error(b, SLOW_ROUTE, IC6_UNREACHABLE, &q);
	e.b[60] ^= 1; /* checksum */
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
}

static void test_every_truncation_is_survived(void **state)
{
	struct bench *b = *state;
	struct pk q, e;
	inner(&q, 200);
	struct dp_punted d = error_about(&e, &q, IC6_TOO_BIG, 1400);
	for (size_t n = 0; n < e.n; n++) {
		uint8_t *exact = malloc(n + 1);
		assert_non_null(exact);
		memcpy(exact, e.b, n);
		d.pkt = exact;
		d.len_oct = n;
		slow_punt(b->slow, &d, t0);
		slow_raw(b->slow, 1, exact, n, t0);
		slow_roam0(b->slow, exact, n, t0);
		b->n = 0;
		free(exact);
	}
}

/* ---- a header instead of a tunnel (RFC 6275 6.3, 6.4) ---- */

static struct dp_punted direct_too_big(const struct pk *p, enum dp_encap encap, uint32_t mtu)
{
	struct dp_punted d = too_big(p, mtu);
	d.slow.encap = encap;
	d.slow.has_seq = false;
	d.slow.src = encap == DP_ENCAP_HAO ? A("2001:db8:3::5") : A("2001:db8:c::2");
	d.slow.dst = encap == DP_ENCAP_HAO ? A("2001:db8:1::100") : A("2001:db8:3::5");
	return d;
}

static void test_direct_too_big(void **state)
{
	struct bench *b = *state;
	struct pk p;
	inner(&p, 1460);
	struct dp_punted d = direct_too_big(&p, DP_ENCAP_HAO, 1480);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_ROUTE, IC6_TOO_BIG, &p), 1456);
	d = direct_too_big(&p, DP_ENCAP_RH2, 1300);
	d.slow.is_local = true;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_LOCAL, IC6_TOO_BIG, &p), 1280);
}

/* Our header is in each fragment, in front of the Fragment header; the whole is the packet. */
static void expect_direct_fragments(struct bench *b, const struct pk *p, const uint8_t head[static 8], const char *home, uint8_t hop_limit)
{
	struct addr6 a = A(home);
	uint8_t whole[2048];
	size_t n = 0;
	assert_int_equal(b->n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t *f = b->bytes[i];
		assert_true(b->out[i].len_oct <= 1290);
		assert_int_equal(f[6], head[3] == 1 ? 43 : 60);
		assert_int_equal(f[7], hop_limit);
		assert_int_equal(f[40], 44);
		assert_memory_equal(f + 41, head + 1, 7);
		assert_memory_equal(f + 48, &a, 16);
		assert_int_equal(f[64], 17);
		assert_int_equal((f[66] << 8 | f[67]) & 0xfff8, n);
		assert_int_equal(f[67] & 1, i == 0);
		memcpy(whole + n, f + 72, b->out[i].len_oct - 72);
		n += b->out[i].len_oct - 72;
	}
	assert_int_equal(n, p->n - 40);
	assert_memory_equal(whole, p->b + 40, n);
}

static void test_small_direct_packets_are_fragmented(void **state)
{
	struct bench *b = *state;
	struct pk p;
	inner(&p, 1280);
	struct dp_punted d = direct_too_big(&p, DP_ENCAP_RH2, 1290);
	d.slow.is_local = true;
	slow_punt(b->slow, &d, t0);
	expect_direct_fragments(b, &p, (uint8_t[8]){17, 2, 2, 1}, "2001:db8:1::100", 60);
	b->n = 0;
	d = direct_too_big(&p, DP_ENCAP_HAO, 1290);
	slow_punt(b->slow, &d, t0);
	expect_direct_fragments(b, &p, (uint8_t[8]){17, 2, 1, 2, 0, 0, 201, 16}, "2001:db8:c::2", 59);
}

/* An error about a packet that got a routing header here becomes one about the packet as the transport knows it. */
static void test_error_about_direct(void **state)
{
	struct bench *b = *state;
	struct pk q, t = {.n = 0}, e = {.n = 0};
	uint8_t body[1400] = {0, 0, 1400 >> 8, 1400 & 255}, rh2[8] = {17, 2, 2, 1};
	struct addr6 home = A("2001:db8:1::100"), coa = A("2001:db8:3::5");
	inner(&q, 1460);
	pk_ip(&t, "2001:db8:c::2", "2001:db8:3::5", 43, 60, 0);
	pk_bytes(&t, rh2, 8);
	pk_bytes(&t, &home, 16);
	pk_bytes(&t, q.b + 40, 1000);
	t.b[4] = (1460 - 40 + 24) >> 8;
	t.b[5] = (uint8_t)(1460 - 40 + 24);
	memcpy(body + 4, t.b, t.n);
	pk_ip(&e, "2001:db8:f::1", "2001:db8:c::2", 58, 60, 0);
	pk_icmp(&e, IC6_TOO_BIG, body, t.n + 4);
	pk_end(&e);
	struct dp_punted d = {.ifindex = IF_UP, .why = DP_PUNT_ICMP_ERR, .pkt = e.b, .len_oct = e.n};
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->out[0].kind, SLOW_PMTU);
	assert_true(addr6_eq(&b->out[0].dst, &coa));
	assert_int_equal(expect_error(b, SLOW_LOCAL, IC6_TOO_BIG, &q), 1376);
	for (size_t n = 0; n < e.n; n++) {
		d.len_oct = n;
		slow_punt(b->slow, &d, t0);
	}
}

static void test_kept_packets_go_on(void **state)
{
	struct bench *b = *state;
	struct addr6 src = A("2001:db8:2::1"), dst = A("2001:db8:4::6");
	struct pk p;
	inner(&p, 1400);
	slow_forward(b->slow, &src, &dst, p.b, p.n);
	assert_int_equal(b->n, 1);
	assert_int_equal(b->out[0].kind, SLOW_ROUTE);
	assert_int_equal(b->out[0].len_oct, 1440);
	assert_memory_equal(b->bytes[0] + 8, &src, 16);
	assert_memory_equal(b->bytes[0] + 24, &dst, 16);
	assert_int_equal(b->bytes[0][40 + 7], 59);
	assert_memory_equal(b->bytes[0] + 48, p.b + 8, 1392);
}

static void test_nobody_tunnels(void **state)
{
	struct bench *b = *state;
	struct pk p;
	inner(&p, 100);
	slow_roam0(b->slow, p.b, p.n, t0);
	assert_int_equal(b->n, 1);
	expect_error(b, SLOW_ROUTE, IC6_UNREACHABLE, &p);
}

static void outer(struct pk *p, const char *src, const char *dst, int gre, uint32_t opt, const char *isrc, const char *idst)
{
	*p = (struct pk){0};
	pk_ip(p, src, dst, gre ? 47 : 41, 60, 0);
	if (gre)
		pk_gre(p, (uint16_t)gre, opt);
	pk_ip(p, isrc, idst, 17, 60, 0);
	pk_udp(p, 1300);
	pk_end(p);
}

static uint32_t raw(struct bench *b, const struct pk *p)
{
	b->n = 0;
	slow_raw(b->slow, IF_UP, p->b, p->n, t0);
	return b->n;
}

static void test_reassembled_downlink(void **state)
{
	struct bench *b = *state;
	struct pk p;
	outer(&p, "2001:db8:1::1", "2001:db8:2:ff::1", 0, 0, "2001:db8:c::2", "2001:db8:1::100");
	assert_int_equal(raw(b, &p), 1);
	assert_int_equal(b->out[0].kind, SLOW_GROUP);
	assert_int_equal(b->bytes[0][6], 47);
	outer(&p, "2001:db8:1::2", "2001:db8:2:ff::1", 0, 0, "2001:db8:c::2", "2001:db8:1::100");
	assert_int_equal(raw(b, &p), 0);
	outer(&p, "2001:db8:1::1", "2001:db8:2:ff::1", 0, 0, "2001:db8:c::2", "2001:db8:1::101");
	assert_int_equal(raw(b, &p), 0);
}

static void test_reassembled_uplink(void **state)
{
	struct bench *b = *state;
	struct pk p;
	outer(&p, "2001:db8:2:11::5", "2001:db8:2::1", 0x2000, 5, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 1);
	assert_int_equal(b->out[0].kind, SLOW_ROUTE);
	assert_int_equal(b->bytes[0][6], 41);
	outer(&p, "2001:db8:2:11::5", "2001:db8:2::1", 0x2000, 4, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 1); /* the key before */
	outer(&p, "2001:db8:2:11::5", "2001:db8:2::1", 0x2000, 6, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 0);
	outer(&p, "2001:db8:3:11::5", "2001:db8:2::1", 0x2000, 5, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 0);
	outer(&p, "2001:db8:2:11::5", "2001:db8:2::1", 0, 0, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 0);
}

static void test_reassembled_reverse(void **state)
{
	struct bench *b = *state;
	struct pk p;
	outer(&p, "2001:db8:2:ff::1", "2001:db8:1::1", 0, 0, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 1);
	assert_int_equal(b->out[0].kind, SLOW_LOCAL);
	assert_memory_equal(b->bytes[0], p.b + 40, p.n - 40);
	outer(&p, "2001:db8:2:ff::2", "2001:db8:1::1", 0, 0, "2001:db8:1::100", "2001:db8:c::2");
	assert_int_equal(raw(b, &p), 0);
}

static void test_reassembled_at_the_mobile(void **state)
{
	struct bench *b = *state;
	struct pk p;
	outer(&p, "2001:db8:2::1", "ff35::1", 0x1000, 5, "2001:db8:c::2", "2001:db8:1::100");
	assert_int_equal(raw(b, &p), 1);
	assert_int_equal(b->out[0].kind, SLOW_LOCAL);
	assert_int_equal(raw(b, &p), 0); /* again, from the other link */
	outer(&p, "2001:db8:2::1", "ff35::1", 0x1000, 6, "2001:db8:c::2", "2001:db8:1::101");
	assert_int_equal(raw(b, &p), 0);
}

/* What test_small_packets_are_fragmented makes comes out whole at the other end, once. */
static void test_fragments_at_the_mobile(void **state)
{
	struct bench *b = *state;
	struct pk p;
	uint8_t part[2][2048];
	size_t n[2];
	inner(&p, 1280);
	struct dp_punted d = too_big(&p, 1300);
	d.slow.is_local = true;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	for (int i = 0; i < 2; i++)
		memcpy(part[i], b->bytes[i], n[i] = b->out[i].len_oct);
	b->n = 0;
	for (int i = 0; i < 4; i++) {
		d = (struct dp_punted){.ifindex = IF_MOB, .why = DP_PUNT_SLOW, .pkt = part[i / 2], .len_oct = n[i / 2],
			.slow.why = DP_SLOW_FRAGMENT};
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, i >= 2);
	}
	assert_int_equal(b->out[0].kind, SLOW_LOCAL);
	assert_int_equal(b->out[0].len_oct, 1280);
	assert_memory_equal(b->bytes[0], p.b, 1280);
}

/* On a link with checksum offload the sum of the pseudo-header stands where the checksum belongs. */
static void test_unfinished_checksums_are_finished(void **state)
{
	struct bench *b = *state;
	struct addr6 src = A("2001:db8:2::1"), dst = A("2001:db8:3:ff::1");
	for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
		struct pk p = {0};
		uint32_t at = 40 + (is_tcp ? 16 : 6);
		pk_ip(&p, "2001:db8:c::2", "2001:db8:1::100", is_tcp ? 6 : 17, 60, 0);
		if (is_tcp)
			pk_tcp(&p, 0x10, 1, 0, 33);
		else
			pk_udp(&p, 33);
		pk_end(&p);
		const uint8_t right[2] = {p.b[at], p.b[at + 1]};
		const uint8_t tail[8] = {0, 0, 0, (uint8_t)(p.n - 40), 0, 0, 0, is_tcp ? 6 : 17};
		uint16_t begun = (uint16_t)~csum_fold(csum_add(csum_add(0, p.b + 8, 32), tail, 8));
		p.b[at] = (uint8_t)(begun >> 8), p.b[at + 1] = (uint8_t)begun;
		slow_forward(b->slow, &src, &dst, p.b, p.n);
		p.b[at] = 0, p.b[at + 1] = 1; /* a wrong one stays wrong */
		slow_forward(b->slow, &src, &dst, p.b, p.n);
		assert_int_equal(b->n, 2);
		assert_memory_equal(b->bytes[0] + 40 + at, right, 2);
		assert_memory_equal(b->bytes[1] + 40 + at, ((const uint8_t[]){0, 1}), 2);
		b->n = 0;
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_direct_too_big), T(test_small_direct_packets_are_fragmented), T(test_error_about_direct), T(test_kept_packets_go_on),
		T(test_too_big), T(test_small_packets_are_fragmented), T(test_fragments_over_a_link), T(test_time_exceeded),
		T(test_no_error_about_errors), T(test_errors_are_limited), T(test_tunnel_too_big_is_passed_on),
		T(test_path_mtu_is_the_least), T(test_tunnel_unreachable_is_passed_on), T(test_every_truncation_is_survived),
		T(test_nobody_tunnels), T(test_reassembled_downlink), T(test_reassembled_uplink), T(test_reassembled_reverse),
		T(test_reassembled_at_the_mobile), T(test_fragments_at_the_mobile),
		T(test_unfinished_checksums_are_finished),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
