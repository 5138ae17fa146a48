// SPDX-License-Identifier: BSD-2-Clause
/* The slow path of IPv4: fragments, errors, errors about tunnels, reassembled tunnels of every form (RFC 2003 3 to 5, RFC 2004, RFC 3519 4.8,
 * RFC 1191, RFC 1812 4.3.2). H-7. */
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
#include "wire/mip4/mip4.h"

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

static struct addr6 A(const char *s)
{
	struct addr6 a;
	assert_true(addr46_parse(&a, s));
	return a;
}
static struct addr4 A4(const char *s)
{
	const struct addr6 a = A(s);
	return addr6_to_v4(&a);
}

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {.resize = resize};

static bool source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	(void)ctx, (void)ifindex;
	assert_true(addr6_is_v4mapped(dst));
	*out = A("10.9.9.9");
	return true;
}

static void emit(void *ctx, const struct slow_out *o)
{
	struct bench *b = ctx;
	assert_true(b->n < OUT_MAX && o->len_oct <= PKT_MAX);
	b->out[b->n] = *o;
	b->bytes[b->n].n = o->len_oct;
	memcpy(b->bytes[b->n].b, o->bytes, o->bytes ? o->len_oct : 0);
	b->n++;
}

/* The entries that a test has put into the bench. */
static int find(void *ctx, struct dp_op *op)
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

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	const struct slow_conf conf = {.mem = &mem, .source = source, .find = find, .answers_unreachable = true, .emit = emit, .ctx = b};
	assert_non_null(b);
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

/* --- packets --------------------------------------------------------------------------------------------------------- */

static struct ip4_head head(const char *src, const char *dst, uint8_t proto, bool is_df)
{
	return (struct ip4_head){.tos = 0xb9, .ttl = 60, .proto = proto, .id = 0x4321, .is_dont_fragment = is_df, .src = A4(src), .dst = A4(dst)};
}

static struct pkt packet(struct ip4_head h, const void *body, size_t n)
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
static struct pkt inner_of(const char *src, const char *dst, size_t total, bool is_df)
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
static struct pkt inner(size_t total, bool is_df) { return inner_of(cn, hoa, total, is_df); }

static struct dp_punted punted(const struct pkt *p, enum dp_encap encap, uint32_t mtu)
{
	return (struct dp_punted){.ifindex = IF_UP, .why = DP_PUNT_SLOW, .pkt = p->b, .len_oct = p->n, .slow = {.why = DP_SLOW_TOO_BIG,
		.encap = encap, .mtu_oct = mtu, .len_oct = (uint32_t)p->n, .src = A(ha), .dst = A(coa), .udp_port = 4434}};
}

/* Output i as a packet: sound, of these addresses. */
static struct ip4_head out_head(const struct bench *b, uint32_t i, const char *src, const char *dst)
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
static struct pkt unwrapped(const struct bench *b, uint32_t i, enum dp_encap encap, const char *src, const char *dst)
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

/* Adds a fragment to a body; gives whether it was the last. */
static bool gather(const struct pkt *p, uint8_t *body, size_t *have)
{
	struct ip4_head h;
	struct rd r = rd_of(p->b, p->n);
	assert_int_equal(ip4_head_parse(&r, &h), W_OK);
	assert_int_equal(h.id, 0x4321);
	assert_int_equal(h.tos, 0xb9);
	assert_int_equal(h.frag_off_oct, *have);
	assert_false(h.is_dont_fragment);
	memcpy(body + *have, r.p, rd_left(&r));
	*have += rd_left(&r);
	return !h.has_more;
}

/* The last output is this ICMP error to `to` about p; gives its word. */
static uint32_t expect_error_to(const struct bench *b, const char *to, enum slow_kind kind, uint8_t type, uint8_t code, const struct pkt *p)
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

/* --- too big --------------------------------------------------------------------------------------------------------- */

static const struct { enum dp_encap encap; uint32_t over_oct; } forms[] = {
	{DP_ENCAP_IPIP, 20}, {DP_ENCAP_GRE_PLAIN, 24}, {DP_ENCAP_MINIMAL, 12}, {DP_ENCAP_UDP, 32}, {DP_ENCAP_GRE, 28}, {DP_ENCAP_NONE, 0},
};
enum { FORMS_N = sizeof forms / sizeof forms[0] };

/* RFC 2003 5.1: the MTU that the source hears is the tunnel's less the tunnel's header. */
static void with_df_the_source_is_told(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1500, true);
	for (int i = 0; i < FORMS_N; i++) {
		struct dp_punted d = punted(&p, forms[i].encap, 1490);
		d.slow.has_key = true;
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 1);
		assert_int_equal(expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1490 - forms[i].over_oct);
		b->n = 0;
		d.slow.is_local = true;
		slow_punt(b->slow, &d, t0);
		expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p);
		b->n = 0;
	}
}

/* A datagram of which only the beginning was handed up. */
static void what_was_cut_short_can_be_refused(void **state)
{
	struct bench *b = *state;
	struct pkt p = inner(3000, true);
	struct dp_punted d = punted(&p, DP_ENCAP_IPIP, 1500);
	d.len_oct = DP_PUNT_SNAP;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1480);
	p = inner(3000, false);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
}

/* Each part is a packet of the tunnel; together they are the packet, one hop older. */
static void without_df_the_packet_is_cut(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1500, false);
	for (int i = 0; i < FORMS_N; i++) {
		uint8_t body[PKT_MAX];
		size_t have = 0;
		bool is_last = false;
		struct dp_punted d = punted(&p, forms[i].encap, 700);
		d.slow.has_key = true;
		if (forms[i].encap == DP_ENCAP_NONE)
			d.slow.ifindex = IF_ACC;
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 3);
		for (uint32_t k = 0; k < b->n; k++) {
			assert_true(b->bytes[k].n <= 700);
			assert_int_equal(b->out[k].kind, forms[i].encap == DP_ENCAP_NONE ? SLOW_LINK : SLOW_ROUTE);
			const bool is_bare = forms[i].encap == DP_ENCAP_NONE;
			/* RFC 2004 1: a fragment cannot travel in it. */
			const enum dp_encap as = forms[i].encap == DP_ENCAP_MINIMAL ? DP_ENCAP_IPIP : forms[i].encap;
			const struct ip4_head h = out_head(b, k, is_bare ? cn : ha, is_bare ? hoa : coa);
			assert_int_equal(h.tos, 0xb9);
			assert_false(h.is_dont_fragment);
			const struct pkt part = unwrapped(b, k, as, is_bare ? cn : ha, is_bare ? hoa : coa);
			assert_int_equal(part.b[8], 59);
			assert_false(is_last);
			is_last = gather(&part, body, &have);
		}
		assert_true(is_last);
		assert_int_equal(have, p.n - 20);
		assert_memory_equal(body, p.b + 20, have);
		b->n = 0;
	}
}

/* A part of a datagram that was cut before keeps its place, and does not become the last one. */
static void fragments_are_cut_further(void **state)
{
	struct bench *b = *state;
	uint8_t body[1000] = {7};
	struct ip4_head h = head(cn, hoa, NH_UDP, false);
	h.frag_off_oct = 1480;
	h.has_more = true;
	struct pkt p = packet(h, body, 800);
	struct dp_punted d = punted(&p, DP_ENCAP_MINIMAL, 600);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct pkt part = unwrapped(b, i, DP_ENCAP_IPIP, ha, coa);
		struct rd r = rd_of(part.b, part.n);
		assert_int_equal(ip4_head_parse(&r, &h), W_OK);
		assert_int_equal(h.frag_off_oct, i ? 1480 + 560 : 1480);
		assert_true(h.has_more);
	}
	/* One that only just does not fit as IP-in-IP is cut too. */
	b->n = 0;
	d.slow.mtu_oct = 830;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	assert_true(b->bytes[0].n <= 830);
}

/* RFC 791 3.1: of the options only those that say so are in every fragment. */
static void options_go_where_they_belong(void **state)
{
	struct bench *b = *state;
	static const uint8_t opt[12] = {7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0}; /* record route (not copied), nothing, router alert (copied) */
	struct pkt p = inner(1000, false), o;
	memcpy(o.b, p.b, 20);
	memcpy(o.b + 20, opt, sizeof opt);
	memcpy(o.b + 32, p.b + 20, 980);
	o.b[0] = 0x48;
	struct wr w = wr_of(o.b, sizeof o.b);
	(void)wr_room(&w, 1012);
	o.n = ip4_finish(&w, 0);
	struct dp_punted d = punted(&o, DP_ENCAP_IPIP, 600);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	struct pkt part = unwrapped(b, 0, DP_ENCAP_IPIP, ha, coa);
	assert_int_equal(part.b[0], 0x48);
	assert_memory_equal(part.b + 20, opt, sizeof opt);
	const size_t first = part.n - 32;
	part = unwrapped(b, 1, DP_ENCAP_IPIP, ha, coa);
	assert_int_equal(part.b[0], 0x46);
	assert_memory_equal(part.b + 20, opt + 8, 4);
	assert_int_equal(part.n - 24, 980 - first);
	assert_memory_equal(part.b + 24, o.b + 32 + first, 980 - first);
}

/* A group's packet has one number: the tunnel packet is cut, and the mobile puts it together. */
static void a_groups_packet_is_cut_outside(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1500, false);
	struct dp_punted d = punted(&p, DP_ENCAP_GRE, 1400);
	d.slow.has_seq = true;
	d.slow.seq = 77;
	d.slow.dst = A(group);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	struct bench mobile = {.n = 0};
	mobile.down = (struct dp_downlink_in){.dst = A(group), .src = A(ha), .home_address = A(hoa), .encap = DP_ENCAP_GRE};
	const struct slow_conf conf = {.mem = &mem, .source = source, .find = find, .emit = emit, .ctx = &mobile};
	assert_int_equal(slow_new(&mobile.slow, &conf), 0);
	for (int path = 0; path < 2; path++) { /* each link brings all of it */
		for (uint32_t i = 0; i < 2; i++) {
			assert_int_equal(b->out[i].kind, SLOW_GROUP);
			assert_true(b->bytes[i].n <= 1400);
			const struct ip4_head h = out_head(b, i, ha, group);
			assert_int_equal(h.proto, NH_GRE);
			assert_int_equal(h.has_more, i == 0);
			struct dp_punted f = {.ifindex = IF_UP, .why = DP_PUNT_SLOW, .pkt = b->bytes[i].b, .len_oct = b->bytes[i].n,
					      .slow = {.why = DP_SLOW_FRAGMENT}};
			slow_punt(mobile.slow, &f, t0);
		}
	}
	assert_int_equal(mobile.n, 1);
	assert_int_equal(mobile.out[0].kind, SLOW_LOCAL);
	assert_int_equal(mobile.bytes[0].n, 1500);
	assert_int_equal(mobile.bytes[0].b[8], 59);
	assert_memory_equal(mobile.bytes[0].b + 12, p.b + 12, 1488);
	slow_free(mobile.slow);
}

/* What fits goes whole: a copy for one of several bindings. */
static void a_copy_is_sent(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1000, true);
	for (int i = 0; i < 4; i++) {
		struct dp_punted d = punted(&p, forms[i].encap, 1500);
		d.slow.why = DP_SLOW_COPY;
		d.slow.is_local = i == 0;
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 1);
		const struct ip4_head h = out_head(b, 0, ha, coa);
		assert_true(h.is_dont_fragment); /* RFC 2003 3.1 */
		const struct pkt got = unwrapped(b, 0, forms[i].encap, ha, coa);
		assert_int_equal(got.n, p.n);
		assert_int_equal(got.b[8], i == 0 ? 60 : 59);
		assert_memory_equal(got.b + 12, p.b + 12, p.n - 12);
		b->n = 0;
	}
}

/* The checksum that a card was to compute is computed. */
static void a_begun_checksum_is_finished(void **state)
{
	struct bench *b = *state;
	struct pkt p = inner(1000, true), begun = p;
	const uint8_t tail[4] = {0, NH_UDP, 980 >> 8, 980 & 255};
	const uint16_t sum = (uint16_t)~csum_fold(csum_add(csum_add(0, p.b + 12, 8), tail, 4));
	begun.b[26] = (uint8_t)(sum >> 8);
	begun.b[27] = (uint8_t)sum;
	struct dp_punted d = punted(&begun, DP_ENCAP_IPIP, 1500);
	d.slow.is_local = true;
	slow_punt(b->slow, &d, t0);
	const struct pkt got = unwrapped(b, 0, DP_ENCAP_IPIP, ha, coa);
	assert_memory_equal(got.b, p.b, p.n);
}

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

/* --- a group's packet on a link that is too small --------------------------------------------------------------------- */

static void a_router_cuts_or_tells_the_agent(void **state)
{
	struct bench *b = *state;
	struct pkt p = inner_of(coa, group, 1500, false);
	struct dp_punted d = punted(&p, DP_ENCAP_NONE, 1400);
	d.slow.why = DP_SLOW_FORWARD;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	uint8_t body[PKT_MAX];
	size_t have = 0;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(b->out[i].kind, SLOW_GROUP);
		assert_int_equal(b->bytes[i].b[8], 59);
		assert_int_equal(gather(&b->bytes[i], body, &have), i == 1);
	}
	assert_memory_equal(body, p.b + 20, have);
	p = inner_of(coa, group, 1500, true);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 3);
	assert_int_equal(expect_error_to(b, coa, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1400);
}

/* --- errors about tunnels -------------------------------------------------------------------------------------------- */

static struct pkt wrapped(enum dp_encap encap, const struct pkt *p, const char *src, const char *dst, uint32_t key)
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

/* --- tunnels made whole ---------------------------------------------------------------------------------------------- */

static void give_whole(struct bench *b, const struct pkt *t)
{
	b->n = 0;
	slow_raw(b->slow, IF_ACC, t->b, t->n, t0);
}

static void expect_local(struct bench *b, const struct pkt *p)
{
	assert_int_equal(b->n, 1);
	assert_int_equal(b->out[0].kind, SLOW_LOCAL);
	assert_int_equal(b->bytes[0].n, p->n);
	assert_memory_equal(b->bytes[0].b, p->b, p->n);
}

static void reverse_tunnels_are_opened(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner_of(hoa, cn, 1490, true), net = inner_of("10.77.3.3", cn, 1490, true), other = inner_of("10.1.0.101", cn, 1490, true);
	b->local_flags = DP_LOCAL_HA;
	b->home = (struct dp_home){.home_address = A(hoa), .coa = A(coa), .ha = A(ha), .expires = MONO_NEVER, .is_reverse = true, .has_more = true,
				   .prev = A("10.5.0.5"), .prev_until = mono_add(t0, span_s(1))};
	for (int i = 0; i < 4; i++) {
		struct pkt t = wrapped(forms[i].encap, &p, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &p);
		t = wrapped(forms[i].encap, &net, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &net);
		t = wrapped(forms[i].encap, &p, "10.4.0.4", ha, 0); /* another of its bindings */
		give_whole(b, &t);
		expect_local(b, &p);
		t = wrapped(forms[i].encap, &p, "10.5.0.5", ha, 0); /* the one before */
		give_whole(b, &t);
		expect_local(b, &p);
		t = wrapped(forms[i].encap, &p, "10.6.0.6", ha, 0); /* a liar */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
		t = wrapped(forms[i].encap, &other, coa, ha, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
		t = wrapped(forms[i].encap, &p, coa, "10.1.0.2", 0); /* to another address of ours */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	b->home.is_reverse = false; /* it did not ask for one */
	struct pkt t = wrapped(DP_ENCAP_IPIP, &p, coa, ha, 0);
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
	b->home.is_reverse = true;
	b->local_flags = DP_LOCAL_MH;
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
}

/* RFC 5177 7: what a mobile router's network sends comes in a tunnel of its own inside that of the agent. */
static void tunnels_in_reverse_tunnels_are_opened(void **state)
{
	struct bench *b = *state;
	const struct pkt net = inner_of("10.77.3.3", cn, 1450, true), other = inner_of("10.1.0.101", cn, 1450, true);
	b->local_flags = DP_LOCAL_HA;
	b->home = (struct dp_home){.home_address = A(hoa), .coa = A(coa), .ha = A(ha), .expires = MONO_NEVER, .is_reverse = true};
	for (int i = 0; i < 4; i++) {
		struct pkt nest = wrapped(DP_ENCAP_IPIP, &net, hoa, ha, 0), t = wrapped(forms[i].encap, &nest, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &net);
		nest = wrapped(DP_ENCAP_IPIP, &other, hoa, ha, 0);
		t = wrapped(forms[i].encap, &nest, coa, ha, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
		nest = wrapped(DP_ENCAP_IPIP, &net, hoa, cn, 0); /* a tunnel to somebody else */
		t = wrapped(forms[i].encap, &nest, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &nest);
	}
}

/* The same the other way: what the source hears is less by both headers, and what is cut is in both tunnels. */
static void a_tunnel_in_the_tunnel_is_made_too(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 4; i++) {
		const enum dp_encap as = forms[i].encap == DP_ENCAP_MINIMAL ? DP_ENCAP_IPIP : forms[i].encap;
		const uint32_t over = as == DP_ENCAP_IPIP ? 40 : forms[i].over_oct + 20;
		struct pkt p = inner(1500, true);
		struct dp_punted d = punted(&p, forms[i].encap, 1490);
		d.slow.nest_src = A4(ha);
		d.slow.nest_dst = A4("10.77.0.1");
		slow_punt(b->slow, &d, t0);
		assert_int_equal(expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1490 - over);
		b->n = 0;
		p = inner(1500, false);
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 2);
		for (uint32_t k = 0; k < b->n; k++) {
			const struct pkt nest = unwrapped(b, k, as, ha, coa);
			struct rd r = rd_of(nest.b, nest.n);
			struct ip4_head h;
			assert_int_equal(ip4_head_parse(&r, &h), W_OK);
			assert_int_equal(h.proto, NH_IPV4);
			assert_int_equal(h.total_len_oct, nest.n);
			const struct addr4 src = A4(ha), dst = A4("10.77.0.1");
			assert_memory_equal(&h.src, &src, 4);
			assert_memory_equal(&h.dst, &dst, 4);
		}
		b->n = 0;
	}
}

static void gre_with_a_checksum_is_taken(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner_of(hoa, cn, 200, true);
	uint8_t body[PKT_MAX] = {0x80, 0, 0x08, 0};
	b->local_flags = DP_LOCAL_HA;
	b->home = (struct dp_home){.home_address = A(hoa), .coa = A(coa), .ha = A(ha), .expires = MONO_NEVER, .is_reverse = true};
	memcpy(body + 8, p.b, p.n);
	const uint16_t sum = csum_fold(csum_add(0, body, 8 + p.n));
	body[4] = (uint8_t)(sum >> 8);
	body[5] = (uint8_t)sum;
	struct pkt t = packet(head(coa, ha, NH_GRE, true), body, 8 + p.n);
	give_whole(b, &t);
	expect_local(b, &p);
	body[4] ^= 1;
	t = packet(head(coa, ha, NH_GRE, true), body, 8 + p.n);
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
}

static void visitors_get_their_packets(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1490, false);
	b->local_flags = DP_LOCAL_FA;
	b->visit = (struct dp_visit){.home_address = A(hoa), .ha = A(ha), .coa = A(coa), .ifindex = IF_ACC, .lladdr = {{2, 0, 0, 0, 0, 8}},
				     .up = DP_VISIT_ENCAPSULATED, .encap = DP_ENCAP_GRE_PLAIN, .expires = MONO_NEVER};
	for (int i = 0; i < 4; i++) {
		struct pkt t = wrapped(forms[i].encap, &p, ha, coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 1);
		assert_int_equal(b->out[0].kind, SLOW_LINK);
		assert_int_equal(b->out[0].ifindex, IF_ACC);
		const struct pkt got = unwrapped(b, 0, DP_ENCAP_NONE, cn, hoa);
		assert_int_equal(got.b[8], 59);
		assert_memory_equal(got.b + 12, p.b + 12, p.n - 12);
		t = wrapped(forms[i].encap, &p, "10.1.0.9", coa, 0); /* not its home agent */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	/* RFC 3024 4.3: encapsulating delivery, onwards in the home agent's tunnel. */
	const struct pkt up = inner_of(hoa, cn, 1400, true), t = wrapped(DP_ENCAP_IPIP, &up, hoa, coa, 0);
	give_whole(b, &t);
	assert_int_equal(b->n, 1);
	struct pkt got = unwrapped(b, 0, DP_ENCAP_GRE_PLAIN, coa, ha);
	assert_memory_equal(got.b + 12, up.b + 12, up.n - 12);
	b->visit.up = DP_VISIT_REVERSE;
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
	b->visit.up = DP_VISIT_WAIT; /* its home agent has not said yes */
	const struct pkt down = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0);
	give_whole(b, &down);
	assert_int_equal(b->n, 0);
}

static void a_sites_agent_passes_on_both_ways(void **state)
{
	struct bench *b = *state;
	const struct pkt down = inner(1400, true), up = inner_of(hoa, cn, 1400, true);
	b->local_flags = DP_LOCAL_MMA;
	b->coa = (struct dp_coa){.coa = A(hoa), .home_address = A(hoa), .group = A(group), .source = A(coa), .ha = A(ha), .expires = MONO_NEVER};
	b->up = (struct dp_uplink_in){.inner_src = A(hoa), .coa = A(coa), .ha = A(ha), .gre_key = 5, .gre_key_prev = 4, .expires = MONO_NEVER,
				      .encap = DP_ENCAP_MINIMAL};
	for (int i = 0; i < 4; i++) {
		struct pkt t = wrapped(forms[i].encap, &down, ha, coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 1);
		assert_int_equal(b->out[0].kind, SLOW_GROUP);
		const struct pkt got = unwrapped(b, 0, DP_ENCAP_GRE, coa, group);
		assert_memory_equal(got.b + 12, down.b + 12, down.n - 12);
		t = wrapped(forms[i].encap, &down, "10.1.0.9", coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	for (uint32_t key = 3; key < 6; key++) {
		struct pkt t = wrapped(DP_ENCAP_GRE, &up, "10.2.17.4", coa, key);
		give_whole(b, &t);
		assert_int_equal(b->n, key > 3);
		if (key == 3)
			continue;
		const struct pkt got = unwrapped(b, 0, DP_ENCAP_MINIMAL, coa, ha);
		assert_memory_equal(got.b + 12, up.b + 12, up.n - 12);
		t = wrapped(DP_ENCAP_GRE, &up, "10.3.17.4", coa, key); /* from outside the site */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	b->up.ha = addr6_any; /* no reverse tunnel: by the routing table */
	struct pkt t = wrapped(DP_ENCAP_GRE, &up, "10.2.17.4", coa, 5);
	give_whole(b, &t);
	expect_local(b, &up);
	b->coa.forward = A("10.3.0.1"); /* the mobile went to another site */
	b->coa.forward_until = mono_add(t0, span_s(1));
	t = wrapped(DP_ENCAP_IPIP, &down, ha, coa, 0);
	give_whole(b, &t);
	const struct pkt got = unwrapped(b, 0, DP_ENCAP_IPIP, coa, "10.3.0.1");
	assert_memory_equal(got.b + 12, down.b + 12, down.n - 12);
}

static void a_mobile_opens_its_tunnels(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1490, true), all = inner_of(cn, "255.255.255.255", 100, true), mine = inner_of(cn, "10.1.0.255", 100, true);
	struct pkt t;
	for (int i = 0; i < 4; i++) {
		b->down = (struct dp_downlink_in){.dst = A(coa), .src = A(ha), .home_address = A(hoa), .encap = forms[i].encap, .broadcast = A("10.1.0.255")};
		for (int k = 0; k < 4; k++) {
			t = wrapped(forms[k].encap, &p, ha, coa, 0);
			give_whole(b, &t);
			assert_int_equal(b->n, k == i || forms[k].encap == DP_ENCAP_IPIP);
		}
		t = wrapped(forms[i].encap, &all, ha, coa, 0);
		give_whole(b, &t);
		expect_local(b, &all);
		t = wrapped(forms[i].encap, &mine, ha, coa, 0);
		give_whole(b, &t);
		expect_local(b, &mine);
		const struct pkt other = inner_of(cn, "10.1.0.101", 100, true);
		t = wrapped(forms[i].encap, &other, ha, coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
}

/* What the keep ring had goes on as IP-in-IP. */
static void kept_packets_go_on(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1400, true);
	const struct addr6 src = A(coa), dst = A("10.3.0.1");
	slow_forward(b->slow, &src, &dst, p.b, p.n);
	const struct pkt got = unwrapped(b, 0, DP_ENCAP_IPIP, coa, "10.3.0.1");
	assert_memory_equal(got.b + 12, p.b + 12, p.n - 12);
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

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_df_the_source_is_told), TEST(what_was_cut_short_can_be_refused), TEST(without_df_the_packet_is_cut),
		TEST(fragments_are_cut_further), TEST(options_go_where_they_belong), TEST(a_groups_packet_is_cut_outside), TEST(a_copy_is_sent),
		TEST(a_begun_checksum_is_finished), TEST(time_exceeded), TEST(no_error_about_what_deserves_none), TEST(errors_are_limited),
		TEST(what_nobody_tunnels_is_unreachable), TEST(a_mobile_hears_of_errors_where_it_is), TEST(a_router_cuts_or_tells_the_agent),
		TEST(a_tunnel_too_big_is_passed_on), TEST(little_quoted_is_enough_to_remember), TEST(an_old_router_tells_no_mtu),
		TEST(told_mtus_are_believed_within_reason), TEST(who_allows_cutting_is_not_told), TEST(other_errors_become_what_they_mean_outside),
		TEST(errors_about_anything_else_are_left_alone), TEST(reverse_tunnels_are_opened),
		TEST(tunnels_in_reverse_tunnels_are_opened), TEST(a_tunnel_in_the_tunnel_is_made_too), TEST(gre_with_a_checksum_is_taken),
		TEST(visitors_get_their_packets), TEST(a_sites_agent_passes_on_both_ways), TEST(a_mobile_opens_its_tunnels), TEST(kept_packets_go_on),
		TEST(every_truncation_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
