/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The slow path of IPv4 on the bench: entries of the datapath that a test puts there, packets in every form of tunnel, and what must come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "datapath/slow.h"
#include "wire/gre/gre.h"
#include "wire/ip/csum.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/ip6.h"
#include "wire/ip/minenc.h"
#include "wire/ip/udp4.h"

enum { OUT_MAX = 32, PKT_MAX = 4096, IF_UP = 3, IF_ACC = 4 };

struct pkt { uint8_t b[PKT_MAX]; size_t n; };

struct bench {
	struct slow *slow;
	struct slow_out out[OUT_MAX];
	struct pkt bytes[OUT_MAX];
	uint32_t n;
	struct dp_home home;
	struct dp_coa coa;
	struct dp_uplink_in up;
	struct dp_visit visit;
	struct dp_downlink_in down;
	uint32_t local_flags;
};

static const mono_t t0 = {100 * NS_PER_S};
static const char *const cn = "192.0.2.9", *const hoa = "10.1.0.100", *const ha = "10.1.0.1", *const coa = "10.2.0.1", *const group = "232.128.0.5";

static inline struct addr6 A(const char *s)
{
	struct addr6 a;
	assert_true(addr46_parse(&a, s));
	return a;
}
static inline struct addr4 A4(const char *s)
{
	const struct addr6 a = A(s);
	return addr6_to_v4(&a);
}

static inline void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {.resize = resize};

static inline bool source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	(void)ctx, (void)ifindex;
	assert_true(addr6_is_v4mapped(dst));
	*out = A("10.9.9.9");
	return true;
}

static inline void emit(void *ctx, const struct slow_out *o)
{
	struct bench *b = ctx;
	assert_true(b->n < OUT_MAX && o->len_oct <= PKT_MAX);
	b->out[b->n] = *o;
	b->bytes[b->n].n = o->len_oct;
	memcpy(b->bytes[b->n].b, o->bytes, o->bytes ? o->len_oct : 0);
	b->n++;
}

/* The entries that a test has put into the bench. */
static inline int find(void *ctx, struct dp_op *op)
{
	struct bench *b = ctx;
	const struct addr6 home = A(hoa), site = A("10.2.0.0"), net = A("10.77.0.0");
	const struct prefix6 site16 = {site, 112}, net16 = {net, 112};

	if (op->table == DP_HOME && addr6_eq(&op->home.home_address, &home) && b->home.expires.ns)
		return op->home = b->home, ERR_OK;
	if (op->table == DP_HOME_MORE && addr6_eq(&op->home_more.home_address, &home)) {
		op->home_more.n = 1;
		op->home_more.to[0].coa = A("10.4.0.4");
		op->home_more.to[0].expires = MONO_NEVER;
		return ERR_OK;
	}
	if (op->table == DP_COA && addr6_eq(&op->coa.coa, &home) && b->coa.expires.ns)
		return op->coa = b->coa, ERR_OK;
	if (op->table == DP_UPLINK_IN && addr6_eq(&op->uplink_in.inner_src, &home) && b->up.expires.ns)
		return op->uplink_in = b->up, ERR_OK;
	if (op->table == DP_VISIT && addr6_eq(&op->visit.home_address, &home) && b->visit.expires.ns)
		return op->visit = b->visit, ERR_OK;
	if (op->table == DP_DOWNLINK_IN && addr6_eq(&op->downlink_in.dst, &b->down.dst) && addr6_eq(&op->downlink_in.src, &b->down.src))
		return op->downlink_in = b->down, ERR_OK;
	if (op->table == DP_SITE_PREFIX)
		return prefix6_contains(&site16, &op->site_prefix.prefix.addr) ? ERR_OK : ERR_NOTFOUND;
	if (op->table == DP_NET && prefix6_contains(&net16, &op->net.prefix.addr))
		return op->net.home_address = home, ERR_OK;
	if (op->table == DP_LOCAL && b->local_flags)
		return op->local.flags = b->local_flags, ERR_OK;
	return ERR_NOTFOUND;
}

static inline int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	const struct slow_conf conf = {.mem = &mem, .source = source, .find = find, .answers_unreachable = true, .emit = emit, .ctx = b};
	assert_non_null(b);
	assert_int_equal(slow_new(&b->slow, &conf), 0);
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;
	slow_free(b->slow);
	free(b);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* --- packets --------------------------------------------------------------------------------------------------------- */

/* Forms of tunnel and what each adds. The first four are of Mobile IPv4; then GRE of a site with key or number, and none. */
static const struct { enum dp_encap encap; uint32_t over_oct; } forms[] = {
	{DP_ENCAP_IPIP, 20}, {DP_ENCAP_GRE_PLAIN, 24}, {DP_ENCAP_MINIMAL, 12}, {DP_ENCAP_UDP, 32}, {DP_ENCAP_GRE, 28}, {DP_ENCAP_NONE, 0},
};
enum { FORMS_N = sizeof forms / sizeof forms[0] };

static inline struct ip4_head head(const char *src, const char *dst, uint8_t proto, bool is_df)
{
	return (struct ip4_head){.tos = 0xb9, .ttl = 60, .proto = proto, .id = 0x4321, .is_dont_fragment = is_df, .src = A4(src), .dst = A4(dst)};
}

static inline struct pkt packet(struct ip4_head h, const void *body, size_t n)
{
	struct pkt p;
	struct wr w = wr_of(p.b, sizeof p.b);
	h.total_len_oct = (uint16_t)(IP4_HEAD_OCT + n);
	ip4_head_build(&w, &h);
	wr_bytes(&w, body, n);
	assert_true(wr_ok(&w));
	p.n = wr_len(&w);
	return p;
}

/* UDP with a right checksum, the whole packet of this length. */
static inline struct pkt inner_of(const char *src, const char *dst, size_t total, bool is_df)
{
	uint8_t body[PKT_MAX];
	struct wr w = wr_of(body, sizeof body);
	const size_t udp = total - IP4_HEAD_OCT;
	const struct addr6 s = A(src), d = A(dst);
	wr_u16(&w, 5000);
	wr_u16(&w, 6000);
	wr_u16(&w, (uint16_t)udp);
	wr_u16(&w, 0);
	for (size_t i = UDP_HEAD_OCT; i < udp; i++)
		wr_u8(&w, (uint8_t)(i * 7 + i / 256));
	wr_patch_u16(&w, 6, ip4_csum(&s, &d, NH_UDP, body, udp));
	return packet(head(src, dst, NH_UDP, is_df), body, udp);
}
static inline struct pkt inner(size_t total, bool is_df) { return inner_of(cn, hoa, total, is_df); }

static inline struct dp_punted punted(const struct pkt *p, enum dp_encap encap, uint32_t mtu)
{
	return (struct dp_punted){.ifindex = IF_UP, .why = DP_PUNT_SLOW, .pkt = p->b, .len_oct = p->n, .slow = {.why = DP_SLOW_TOO_BIG,
		.encap = encap, .mtu_oct = mtu, .len_oct = (uint32_t)p->n, .src = A(ha), .dst = A(coa), .udp_port = 4434}};
}

/* A packet in a tunnel, as it comes in. GRE with this key, or with a sequence number if it is 0. */
static inline struct pkt wrapped(enum dp_encap encap, const struct pkt *p, const char *src, const char *dst, uint32_t key)
{
	uint8_t body[PKT_MAX];
	struct wr w = wr_of(body, sizeof body);
	const struct addr6 s = A(src), d = A(dst);
	struct pkt out = {.n = 0};

	if (encap == DP_ENCAP_MINIMAL) {
		assert_int_equal(minenc_wrap(out.b, sizeof out.b, &s, &d, p->b, p->n, &out.n), W_OK);
		return out;
	}
	if (encap == DP_ENCAP_UDP) {
		wr_u16(&w, 434);
		wr_u16(&w, 434);
		wr_u16(&w, (uint16_t)(12 + p->n));
		wr_u16(&w, 0);
		wr_u32(&w, 0x04040000);
	} else if (encap != DP_ENCAP_IPIP)
		gre_build(&w, &(struct gre){.proto = GRE_PROTO_IPV4, .has_key = key != 0, .has_seq = encap == DP_ENCAP_GRE && !key, .key = key, .seq = 9});
	wr_bytes(&w, p->b, p->n);
	return packet(head(src, dst, encap == DP_ENCAP_IPIP ? NH_IPV4 : encap == DP_ENCAP_UDP ? NH_UDP : NH_GRE, true), body, wr_len(&w));
}

/* --- what comes out -------------------------------------------------------------------------------------------------- */

/* Output i as a packet: sound, of these addresses. */
static inline struct ip4_head out_head(const struct bench *b, uint32_t i, const char *src, const char *dst)
{
	struct ip4_head h;
	struct rd r = rd_of(b->bytes[i].b, b->bytes[i].n);
	const struct addr4 s = A4(src), d = A4(dst);
	assert_true(i < b->n);
	assert_int_equal(ip4_head_parse(&r, &h), W_OK);
	assert_int_equal(h.total_len_oct, b->bytes[i].n);
	assert_memory_equal(&h.src, &s, 4);
	assert_memory_equal(&h.dst, &d, 4);
	return h;
}

/* Takes the tunnel's headers off output i. */
static inline struct pkt unwrapped(const struct bench *b, uint32_t i, enum dp_encap encap, const char *src, const char *dst)
{
	const struct ip4_head h = out_head(b, i, src, dst);
	struct rd r = rd_of(b->bytes[i].b + h.head_len_oct, b->bytes[i].n - h.head_len_oct);
	struct pkt p = {.n = 0};
	struct gre g;
	struct udp4_packet u;

	switch (encap) {
	case DP_ENCAP_IPIP: assert_int_equal(h.proto, NH_IPV4); break;
	case DP_ENCAP_GRE:
	case DP_ENCAP_GRE_PLAIN:
		assert_int_equal(h.proto, NH_GRE);
		assert_int_equal(gre_parse(&r, &g), W_OK);
		assert_int_equal(g.proto, GRE_PROTO_IPV4);
		assert_int_equal(g.has_key || g.has_seq, encap == DP_ENCAP_GRE);
		break;
	case DP_ENCAP_MINIMAL:
		assert_int_equal(minenc_unwrap(p.b, sizeof p.b, b->bytes[i].b, b->bytes[i].n, &p.n), W_OK);
		return p;
	case DP_ENCAP_UDP:
		assert_int_equal(udp4_packet_parse(b->bytes[i].b, b->bytes[i].n, &u), W_OK);
		assert_int_equal(u.sport, 434);
		assert_int_equal(u.dport, 4434);
		assert_int_equal(u.data[0], 4);
		assert_int_equal(u.data[1], 4);
		r = rd_of(u.data + 4, u.data_len_oct - 4);
		break;
	case DP_ENCAP_NONE: r = rd_of(b->bytes[i].b, b->bytes[i].n); break;
	case DP_ENCAP_RH2:
	case DP_ENCAP_HAO: fail();
	}
	p.n = rd_left(&r);
	memcpy(p.b, r.p, p.n);
	return p;
}

/* The last output is this ICMP error to `to` about p; gives its word. */
static inline uint32_t expect_error_to(const struct bench *b, const char *to, enum slow_kind kind, uint8_t type, uint8_t code, const struct pkt *p)
{
	struct icmp4_packet e;
	const struct addr6 dst = A(to);
	assert_true(b->n > 0);
	const struct pkt *o = &b->bytes[b->n - 1];
	assert_int_equal(b->out[b->n - 1].kind, kind);
	assert_true(o->n <= 576);
	assert_int_equal(icmp4_packet_parse(o->b, o->n, &e), W_OK);
	assert_int_equal(e.type, type);
	assert_int_equal(e.code, code);
	assert_true(addr6_eq(&e.ip.dst, &dst));
	assert_memory_equal(e.body + 4, p->b, 28);
	return (uint32_t)e.body[0] << 24 | (uint32_t)e.body[1] << 16 | (uint32_t)e.body[2] << 8 | e.body[3];
}
#define expect_error(b, kind, type, code, p) expect_error_to(b, cn, kind, type, code, p)
