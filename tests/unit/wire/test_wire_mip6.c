/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility messages: round trips of every field, what is refused and why, and the authenticator's input. H-6, H-10.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/prng.h"
#include "wire/ip/csum.h"
#include "wire/mip6/ha_icmp.h"
#include "wire/mip6/mh_packet.h"
#include "../kit/golden.h"
#include "../kit/wire_samples.h"

static uint8_t pkt[SAMPLE_CAP_OCT];

static size_t sample(const char *name) { return sample_named(wire_samples, wire_samples_n, name, pkt); }

static void assert_addr(const struct addr6 *a, const char *text) { assert_string_equal(ADDR6_STR(a), text); }

static void an_mma_update_round_trips(void **state)
{
	(void)state;
	struct mh_packet p;
	size_t n = sample("bu_mma");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.mh.type, MH_BU);
	assert_int_equal(p.mh.bu.seq, 1);
	assert_int_equal(p.mh.bu.flags, BU_A | BU_M);
	assert_int_equal(p.mh.bu.lifetime_s, 120);
	assert_addr(&p.src, "2001:db8:2:11::c0a");
	assert_addr(&p.peer, "2001:db8:1::100");
	assert_addr(&p.self, "2001:db8:2::1");
	assert_ptr_equal(mh_packet_coa(&p), &p.src);
	const struct mh_opts *o = &p.mh.opt;
	assert_int_equal(o->n_unknown, 0);
	assert_true(o->has_mn_id && o->mn_id.subtype == MH_MN_ID_NAI && o->mn_id.len_oct == 15);
	assert_memory_equal(o->mn_id.id, "mn1@example.com", 15);
	assert_true(o->has_mesg_id && o->mesg_id == 0xe000000100000000);
	assert_true(o->has_auth && o->auth.spi == 4097 && o->auth.len_oct == 12);
	assert_true(o->rc.has_mcoa && o->rc.has_devid && o->rc.has_encap && o->rc.has_reg && !o->rc.has_acoa && !o->rc.has_forward);
	assert_addr(&o->rc.mcoa.group, "ff35::200:5eff:fe00:5301");
	assert_addr(&o->rc.mcoa.source, "2001:db8:2::1");
	assert_int_equal(o->rc.devid.kind, RC_DEVID_EUI64);
	assert_int_equal(o->rc.encap.kind, RC_ENCAP_GRE);
	assert_int_equal(o->rc.reg.flags, RC_REG_ROUTE_OPT);
	assert_addr(&o->rc.reg.ha, "2001:db8:1::1");
	assert_addr(&o->rc.reg.prev_mma, "2001:db8:3::1");
	assert_addr(&o->rc.reg.prev_coa, "2001:db8:3:ff::100");
}

static void an_mma_answer_round_trips(void **state)
{
	(void)state;
	struct mh_packet p;
	size_t n = sample("ba_mma");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.has_rh2);
	assert_addr(&p.self, "2001:db8:1::100");
	assert_addr(&p.dst, "2001:db8:2:11::c0a");
	const struct rc_acoa *a = &p.mh.opt.rc.acoa;
	assert_true(p.mh.opt.rc.has_acoa);
	assert_addr(&a->coa, "2001:db8:2:ff::100");
	assert_int_equal(a->lifetime_s, 180);
	assert_int_equal(a->n_prefix, 2);
	assert_string_equal(PREFIX6_STR(&a->prefix[0]), "2001:db8:2:10::/60");
	assert_true(p.mh.opt.has_refresh && p.mh.opt.refresh_s == 60);

	n = sample("bu_forward");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.mh.opt.rc.has_forward && p.mh.opt.rc.forward.time_s == 30);
	assert_addr(&p.mh.opt.rc.forward.to, "2001:db8:3:ff::100");
	assert_addr(&p.mh.opt.rc.forward.agent, "2001:db8:3::1");
	assert_true(p.mh.opt.rc.forward.has_seq && p.mh.opt.rc.forward.last_seq == 0x01020304);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_GONE);

	n = sample("ba_forward");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_true(!p.mh.opt.rc.forward.has_seq && p.mh.opt.rc.forward.flags == 0 && p.mh.opt.rc.forward.time_s == 30);
	assert_int_equal(p.mh.opt.rc.peers.n, 1);
	assert_addr(&p.mh.opt.rc.peers.peer[0].cn, "2001:db8:c::2");
	assert_int_equal(p.mh.opt.rc.peers.peer[0].seq, 7);
	assert_int_equal(p.mh.opt.rc.peers.peer[0].left_s, 300);
}

static void messages_between_agents_round_trip(void **state)
{
	(void)state;
	struct mh_packet p;
	size_t n = sample("peer_confirm");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.mh.type, MH_PEER);
	assert_int_equal(p.mh.peer.kind, PEER_CONFIRM);
	assert_addr(&p.mh.peer.home_address, "2001:db8:1::100");
	assert_addr(&p.mh.peer.coa, "2001:db8:3:ff::100");
	assert_true(p.mh.opt.has_mesg_id && p.mh.opt.has_auth && p.mh.opt.auth.spi == 5001 && !p.mh.opt.rc.has_peers);
	assert_int_equal(p.mh.opt.auth.off + 12, p.mh.len_oct);

	n = sample("peer_forwarding");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.mh.peer.kind, PEER_FORWARDING);
	assert_int_equal(p.mh.peer.transaction, 0x0a0b0c0d);
	assert_int_equal(p.mh.peer.time_s, 30);
	assert_int_equal(p.mh.opt.rc.peers.n, 14);
	for (uint32_t i = 0; i < 14; i++) {
		assert_int_equal(p.mh.opt.rc.peers.peer[i].cn.b[15], i);
		assert_int_equal(p.mh.opt.rc.peers.peer[i].seq, 100 + i);
		assert_int_equal(p.mh.opt.rc.peers.peer[i].left_s, 4 * i);
	}
	n = sample("peer_key");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.mh.peer.kind == PEER_KEY && addr6_is_any(&p.mh.peer.coa));
	assert_true(p.mh.opt.rc.has_key && p.mh.opt.rc.key.alg == RC_KEY_HMAC_SHA256 && p.mh.opt.rc.key.spi == 4097);
	assert_int_equal(p.mh.opt.rc.key.masked[31], 0xbf);
	assert_string_equal(mh_type_str(MH_PEER), "agent-to-agent");
	assert_string_equal(mh_peer_kind_str(PEER_FORWARDING_ACK), "forwarding-ack");
	assert_string_equal(mh_peer_kind_str(0), "unknown");
	assert_string_equal(mh_peer_kind_str(200), "unknown");
}

/* RFC 5096 gives one type to all experiments: another's is an unknown type, a later version of ours is not. */
static void other_experiments_are_told_from_ours(void **state)
{
	(void)state;
	struct mh m;
	size_t n = sample("peer_confirm");
	struct rd r = rd_of(pkt + 40, n - 40);
	assert_int_equal(mh_parse(&r, &m), W_OK);
	pkt[40 + 6] = 2;
	r = rd_of(pkt + 40, n - 40);
	assert_int_equal(mh_parse(&r, &m), W_VERSION);
	pkt[40 + 11] ^= 1;
	r = rd_of(pkt + 40, n - 40);
	assert_int_equal(mh_parse(&r, &m), W_TYPE);
	uint8_t bare[8] = {NH_NONE, 0, MH_PEER};
	r = rd_of(bare, sizeof bare);
	assert_int_equal(mh_parse(&r, &m), W_TYPE);
	for (uint8_t type = MH_BE + 1; type < MH_PEER; type++) {
		bare[2] = type;
		r = rd_of(bare, sizeof bare);
		assert_int_equal(mh_parse(&r, &m), W_TYPE);
	}
}

static void the_authenticator_covers_the_alternate_address_and_the_message(void **state)
{
	(void)state;
	struct mh_packet p;
	struct iov_in piece[MH_AUTH_PIECES];
	size_t n = sample("bu_home"), total = 0;
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(mh_packet_auth_input(&p, mh_packet_coa(&p), &p.peer, piece), MH_AUTH_PIECES);
	assert_addr(piece[0].p, "2001:db8:2:ff::100");
	assert_addr(piece[1].p, "2001:db8:1::100");
	for (size_t i = 2; i < MH_AUTH_PIECES; i++)
		total += piece[i].len_oct;
	assert_int_equal(total, p.mh.opt.auth.off);
	assert_memory_equal(piece[3].p, "\0\0", 2); /* the checksum's place, whatever the packet has there */
	assert_ptr_equal((const uint8_t *)piece[4].p, p.head + 6);
	/* The option ends the header: nothing unauthenticated behind it, no padding either. */
	assert_int_equal(p.mh.opt.auth.off + 12, p.mh.len_oct);
}

/* Whatever is in front of it, the authentication option is the last and ends at the header's end. */
static void padding_stands_in_front_of_the_authentication(void **state)
{
	(void)state;
	static const uint8_t id[64];
	for (uint8_t len = 1; len <= sizeof id; len++) {
		struct mh m = {.type = MH_BU, .opt = {.has_mn_id = true, .mn_id = {1, len, id}, .has_mesg_id = len & 1, .has_auth = true}};
		struct wr w = wr_of(pkt, sizeof pkt);
		mh_build(&w, &m);
		assert_true(wr_ok(&w) && wr_len(&w) % 8 == 0);
		assert_int_equal(m.opt.auth.off + 12, m.len_oct);
		assert_int_equal((m.opt.auth.off - 7) % 4, 1); /* RFC 4285: 4n+1 */
		struct rd r = rd_of(pkt, wr_len(&w));
		struct mh back;
		assert_int_equal(mh_parse(&r, &back), W_OK);
		assert_int_equal(back.opt.auth.off, m.opt.auth.off);
	}
}

/* Random messages, all options in all combinations: what is built reads back equal. */
static void random_messages_round_trip(void **state)
{
	(void)state;
	struct prng g;
	prng_seed(&g, 2);
	for (int i = 0; i < 20000; i++) {
		uint64_t x = prng_u64(&g);
		struct mh m = {.type = x & 1 ? MH_BU : MH_BA}, back;
		bool is_bu = m.type == MH_BU, is_peer = !is_bu && x & 2;
		if (is_peer) {
			m.type = MH_PEER;
			m.peer = (struct mh_peer){.kind = (uint8_t)(x >> 8), .transaction = (uint32_t)(x >> 16), .time_s = (uint16_t)(x >> 48),
						  .status = (uint8_t)(x >> 40), .home_address = A6("2001:db8::78"), .coa = A6("2001:db8::79")};
		} else if (is_bu)
			m.bu = (struct mh_bu){(uint16_t)(x >> 8), (uint16_t)(x >> 24) & 0xfc00, (uint32_t)(x >> 48) * 4};
		else
			m.ba = (struct mh_ba){(uint8_t)(x >> 8), (uint8_t)(x >> 16) & 0xc0, (uint16_t)(x >> 24), (uint32_t)(x >> 48) * 4};
		struct mh_opts *o = &m.opt;
		x = prng_u64(&g);
		o->has_alt_coa = is_bu && x & 1, o->has_nonce = is_bu && x & 2, o->has_refresh = m.type == MH_BA && x & 4, o->has_mesg_id = x & 8;
		o->has_auth = x & 16, o->has_bind_auth = !is_peer && !o->has_auth && x & 32, o->n_prefix = is_bu ? (x >> 6) % (MH_PREFIX_MAX + 1) : 0;
		o->rc.has_mcoa = x & 512, o->rc.has_acoa = x & 1024, o->rc.has_forward = x & 2048, o->rc.has_encap = x & 4096;
		o->rc.has_reg = x & 8192, o->rc.has_peers = x & 16384, o->rc.has_key = x & 32768, o->rc.key.alg = 1 + (x >> 33 & 1);
		o->alt_coa = o->rc.mcoa.source = o->rc.acoa.coa = o->rc.forward.to = o->rc.reg.ha = A6("2001:db8::77");
		o->rc.mcoa.group = A6("ff35::5");
		o->rc.acoa.n_prefix = (x >> 16) % (RC_PREFIX_MAX + 1), o->rc.acoa.lifetime_s = (uint32_t)(x >> 32);
		o->rc.encap.kind = RC_ENCAP_IPIP, o->rc.forward.time_s = (uint16_t)(x >> 20);
		o->rc.forward.has_seq = x >> 40 & 1, o->rc.forward.flags = (uint8_t)(x >> 24) & 0xfe, o->rc.forward.last_seq = (uint32_t)(x >> 10);
		o->rc.peers.n = (x >> 50) % (RC_PEER_MAX + 1);
		for (uint32_t p = 0; p < o->rc.peers.n; p++)
			o->rc.peers.peer[p] = (struct rc_peer){A6("2001:db8::80"), (uint16_t)(x >> p % 40), (uint32_t)(x >> p % 40 & 0xffff) * 4};
		o->nonce_home = (uint16_t)x, o->nonce_coa = (uint16_t)(x >> 16), o->refresh_s = (uint32_t)(x >> 40 & 0xffff) * 4;
		o->mesg_id = prng_u64(&g), o->auth.spi = (uint32_t)x;
		struct wr w = wr_of(pkt, sizeof pkt);
		mh_build(&w, &m);
		assert_true(wr_ok(&w));
		struct rd r = rd_of(pkt, wr_len(&w));
		assert_int_equal(mh_parse(&r, &back), W_OK);
		assert_int_equal(rd_left(&r), 0);
		static uint8_t second[sizeof pkt];
		struct wr again = wr_of(second, sizeof second);
		mh_build(&again, &back);
		assert_int_equal(wr_len(&again), wr_len(&w));
		assert_memory_equal(again.base, w.base, wr_len(&w));
		assert_int_equal(back.opt.n_unknown, 0);
		assert_int_equal(back.opt.has_auth, o->has_auth);
		assert_int_equal(back.opt.rc.has_acoa, o->rc.has_acoa);
		assert_int_equal(back.opt.rc.peers.n, o->rc.has_peers ? o->rc.peers.n : 0);
	}
}

/* A message from option bytes behind a binding update's body. */
static enum wire_err options(uint8_t type, const void *bytes, size_t n, struct mh *m)
{
	static uint8_t raw[300];
	struct wr w = wr_of(raw, sizeof raw);
	size_t len_oct = (12 + n + 7) / 8 * 8;
	wr_u8(&w, NH_NONE);
	wr_u8(&w, (uint8_t)(len_oct / 8 - 1));
	wr_u8(&w, type);
	wr_zero(&w, 9);
	wr_bytes(&w, bytes, n);
	wr_zero(&w, len_oct - 12 - n); /* Pad1 */
	struct rd r = rd_of(raw, len_oct);
	return mh_parse(&r, m);
}
#define OPTIONS(type, m, ...) options(type, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}), m)

static void unknown_and_misplaced_options_are_skipped(void **state)
{
	(void)state;
	struct mh m;
	assert_int_equal(OPTIONS(MH_BU, &m, 200, 3, 1, 2, 3, 4, 4, 0, 1, 0, 2), W_OK);
	assert_int_equal(m.opt.n_unknown, 1);
	assert_true(m.opt.has_nonce && m.opt.nonce_home == 1 && m.opt.nonce_coa == 2);
	assert_int_equal(OPTIONS(MH_BA, &m, 4, 4, 0, 1, 0, 2), W_OK); /* nonce indices count in an update only */
	assert_true(!m.opt.has_nonce && m.opt.n_unknown == 1);
	assert_int_equal(OPTIONS(MH_BU, &m, 19, 6, 0, 0, 0, 9, 1, 0), W_OK); /* somebody else's vendor option */
	assert_int_equal(m.opt.n_unknown, 1);
	assert_int_equal(OPTIONS(MH_BU, &m, 19, 6, 0, 0, 0x7e, 0xd9, 77, 0), W_OK); /* our number, later sub-type */
	assert_int_equal(m.opt.n_unknown, 1);
	assert_int_equal(OPTIONS(MH_BU, &m, 4, 4, 0, 1, 0, 2, 4, 4, 0, 8, 0, 9), W_OK); /* the first counts */
	assert_int_equal(m.opt.nonce_home, 1);
}

static void bad_options_are_refused(void **state)
{
	(void)state;
	struct mh m;
	assert_int_equal(OPTIONS(MH_BU, &m, 4, 5, 0, 1, 0, 2, 0), W_LENGTH);
	assert_int_equal(OPTIONS(MH_BU, &m, 200, 40, 1), W_LENGTH);               /* runs past the header */
	assert_int_equal(OPTIONS(MH_BU, &m, 200), W_OK);                          /* type and length 0 from the padding */
	assert_int_equal(OPTIONS(MH_BU, &m, 9, 9, 1, 0, 0, 1, 0, 1, 2, 3, 4), W_LENGTH); /* a 4-byte authenticator is none */
	assert_int_equal(OPTIONS(MH_BU, &m, 19, 3, 0, 0, 0x7e), W_LENGTH);
	assert_int_equal(OPTIONS(MH_BU, &m, 19, 8, 0, 0, 0x7e, 0xd9, 5, 9, 0, 0), W_VALUE); /* encapsulation 9 */
	assert_int_equal(OPTIONS(MH_BU, &m, 19, 7, 0, 0, 0x7e, 0xd9, 5, 1, 0), W_LENGTH);
	uint8_t prefixes[5 * 20] = {0};
	for (int i = 0; i < 5; i++)
		prefixes[i * 20] = MHO_PREFIX, prefixes[i * 20 + 1] = 18, prefixes[i * 20 + 3] = 64;
	assert_int_equal(options(MH_BU, prefixes, 80, &m), W_OK);
	assert_int_equal(m.opt.n_prefix, 4);
	assert_int_equal(options(MH_BU, prefixes, 100, &m), W_LIMIT);
	prefixes[3] = 129;
	assert_int_equal(options(MH_BU, prefixes, 20, &m), W_VALUE);
}

/* What stands behind the authenticator is not covered by it. */
static void nothing_may_follow_the_authentication(void **state)
{
	(void)state;
	struct mh m;
	uint8_t raw[64] = {MHO_AUTH, 17, 1, 0, 0, 1, 0};
	static const uint8_t nonce[] = {4, 4, 0, 1, 0, 2}, unknown[] = {200, 1, 0}, padding[] = {1, 2, 0, 0};
	assert_int_equal(options(MH_BU, raw, 19, &m), W_OK);
	memcpy(raw + 19, padding, sizeof padding);
	assert_int_equal(options(MH_BU, raw, 19 + sizeof padding, &m), W_OK);
	memcpy(raw + 19, nonce, sizeof nonce);
	assert_int_equal(options(MH_BU, raw, 19 + sizeof nonce, &m), W_OPTION_ORDER);
	memcpy(raw + 19, unknown, sizeof unknown);
	assert_int_equal(options(MH_BU, raw, 19 + sizeof unknown, &m), W_OPTION_ORDER);
	memcpy(raw + 19, raw, 19); /* MN-HA twice */
	assert_int_equal(options(MH_BU, raw, 38, &m), W_OPTION_ORDER);
	raw[21] = MH_AUTH_MN_AAA;  /* MN-AAA behind MN-HA is RFC 4285's order */
	assert_int_equal(options(MH_BU, raw, 38, &m), W_OK);
	assert_true(m.opt.has_auth && m.opt.has_auth_aaa);
	memcpy(raw + 38, raw, 19);
	assert_int_equal(options(MH_BU, raw, 57, &m), W_OPTION_ORDER);
}

/* RFC 6275 9.5.1, 11.7.3: binding authorization data without trailing padding. */
static void not_even_padding_follows_binding_authorization(void **state)
{
	(void)state;
	struct mh m;
	uint8_t raw[64] = {MHO_PADN, 4, 0, 0, 0, 0, MHO_BIND_AUTH, 12};
	assert_int_equal(options(MH_BU, raw, 20, &m), W_OK);
	assert_true(m.opt.has_bind_auth);
	assert_int_equal(options(MH_BA, raw, 20, &m), W_OK);
	assert_int_equal(options(MH_BU, raw + 6, 14, &m), W_OPTION_ORDER); /* Pad1 */
	raw[20] = MHO_PADN;
	raw[21] = 6;
	assert_int_equal(options(MH_BA, raw, 28, &m), W_OPTION_ORDER);
}

static void head_errors_are_told_apart(void **state)
{
	(void)state;
	struct mh_packet p;
	size_t n = sample("bu_plain"), head = 40;
	pkt[head] = NH_TCP;
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_CHECKSUM);
	pkt[head + 4] = pkt[head + 5] = 0;
	struct mh_built b = {.mh_off = 40, .mh_len_oct = 16, .csum_src = A6("2001:db8:1::100"), .csum_dst = A6("2001:db8:1::1")};
	mh_packet_finish(&b, pkt);
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_PAYLOAD_PROTO);
	pkt[head] = NH_NONE;
	pkt[head + 2] = 77;
	mh_packet_finish(&b, pkt);
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_TYPE);
	assert_int_equal(p.mh.type, 77);
	assert_addr(&p.peer, "2001:db8:1::100");
	pkt[head + 2] = MH_BE; /* shorter than its body */
	mh_packet_finish(&b, pkt);
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_LENGTH);
	n = sample("rs");
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_PROTO);
	assert_string_equal(mh_type_str(MH_BU), "binding-update");
	assert_string_equal(mh_type_str(77), "unknown");
}

/* RFC 6275 6.1: reserved fields are set to zero by the sender and ignored by the receiver. */
static void reserved_fields_are_ignored(void **state)
{
	(void)state;
	static const uint8_t types[] = {MH_BRR, MH_HOT, MH_COT, MH_BA};
	struct addr6 src = A6("2001:db8:1::1"), dst = A6("2001:db8:2::1");
	for (size_t i = 0; i < sizeof types; i++) {
		uint8_t buf[256];
		struct mh m = {.type = types[i]};
		struct mh_built b;
		struct mh_packet p;
		if (types[i] == MH_HOT || types[i] == MH_COT)
			m.test = (struct mh_test){.nonce = 1, .cookie = 2, .token = 3};
		size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = src, .dst = dst}, &m, &b);
		buf[b.mh_off + 3] = 0xff;
		if (types[i] == MH_BRR)
			buf[b.mh_off + 6] = buf[b.mh_off + 7] = 0xff;
		if (types[i] == MH_BA)
			buf[b.mh_off + 7] |= 0x3f;
		mh_packet_finish(&b, buf);
		assert_int_equal(mh_packet_parse(buf, n, &p), W_OK);
		assert_int_equal(p.mh.type, types[i]);
	}
}

static void lifetimes_never_become_a_deregistration(void **state)
{
	(void)state;
	static const struct { uint32_t asked, sent; } cases[] = {{0, 0}, {1, 4}, {3, 4}, {4, 4}, {7, 4}, {262140, 262140}, {400000, 262140}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mh m = {.type = MH_BU, .bu = {.lifetime_s = cases[i].asked}}, back;
		struct wr w = wr_of(pkt, sizeof pkt);
		mh_build(&w, &m);
		struct rd r = rd_of(pkt, wr_len(&w));
		assert_int_equal(mh_parse(&r, &back), W_OK);
		assert_int_equal(back.bu.lifetime_s, cases[i].sent);
	}
}

static void timestamps_are_ntp_and_survive_the_era(void **state)
{
	(void)state;
	wall_t epoch = {0}, t = {1795222348534336001LL};
	assert_int_equal(mh_ntp_of_wall(epoch), 2208988800ull << 32);
	assert_int_equal(mh_wall_of_ntp(mh_ntp_of_wall(t), t).ns, t.ns);
	/* Era 1 begins on 2036-02-07 at 06:28:16. */
	wall_t before = {2085978495LL * NS_PER_S + 999999999}, after = {2085978496LL * NS_PER_S};
	assert_int_equal(mh_ntp_of_wall(after), 0);
	assert_int_equal(mh_wall_of_ntp(mh_ntp_of_wall(after), before).ns, after.ns);
	assert_int_equal(mh_wall_of_ntp(mh_ntp_of_wall(before), after).ns, before.ns);
	struct prng g;
	prng_seed(&g, 9);
	uint64_t last = 0;
	for (wall_t w = t; w.ns < t.ns + 1000; w.ns++) { /* later is greater, to the nanosecond */
		uint64_t ntp = mh_ntp_of_wall(w);
		assert_true(ntp > last);
		last = ntp;
	}
}

static void our_values_are_checked(void **state)
{
	(void)state;
	bool is_known;
	struct rc_opts o = {0};
	uint8_t raw[64] = {RC_MCOA, 0, 0, 0, 0x20, 1}; /* a unicast group */
	struct rd r = rd_of(raw, 36);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_VALUE);
	raw[0] = RC_REG; /* home agent :: */
	raw[4] = raw[5] = 0;
	r = rd_of(raw, 52);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_VALUE);
	uint8_t acoa[64] = {RC_ACOA, 9};
	o = (struct rc_opts){0};
	r = rd_of(acoa, 24);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_LIMIT);
	o = (struct rc_opts){0};
	acoa[1] = 2; /* two prefixes told, one there */
	r = rd_of(acoa, 44);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_LENGTH);
	o = (struct rc_opts){0};
	acoa[1] = 1, acoa[8] = 0x20, acoa[24] = 8, acoa[28] = 0x20, acoa[29] = 1; /* host bits set in a /8 */
	r = rd_of(acoa, 44);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_VALUE);
	o = (struct rc_opts){0};
	acoa[29] = 0;
	r = rd_of(acoa, 44);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_OK);
	assert_true(is_known && o.has_acoa);
	uint8_t key[40] = {RC_KEY, 3};
	o = (struct rc_opts){0};
	r = rd_of(key, sizeof key);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_VALUE); /* no such algorithm */
	uint8_t peers[256] = {RC_PEERS, 1, 0, 0, 0xff, 2}; /* a multicast correspondent node */
	o = (struct rc_opts){0};
	r = rd_of(peers, 24);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_VALUE);
	o = (struct rc_opts){0};
	peers[1] = 2; /* two told, one there */
	r = rd_of(peers, 24);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_LENGTH);
	o = (struct rc_opts){0};
	peers[1] = 12;
	for (int i = 0; i < 12; i++)
		peers[4 + 20 * i] = 0x20, peers[5 + 20 * i] = 1;
	for (int i = 0; i < 2; i++) { /* options of this sub-type add up, to a limit */
		r = rd_of(peers, 244);
		assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_OK);
	}
	assert_int_equal(o.peers.n, 24);
	r = rd_of(peers, 244);
	assert_int_equal(rc_opt_parse(&r, &o, &is_known), W_LIMIT);
	assert_int_equal(o.peers.n, 24);
}

static void home_agent_messages_round_trip(void **state)
{
	(void)state;
	struct ha_icmp_packet p;
	size_t n = sample("ha_reply");
	assert_int_equal(ha_icmp_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.msg.type == IC6_HA_REPLY && p.msg.id == 0x1234 && p.msg.is_mobile_router && p.msg.n_agent == 2);
	assert_addr(&p.msg.agent[1], "2001:db8:1::2");
	n = sample("mps");
	assert_int_equal(ha_icmp_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.has_hao && p.msg.type == IC6_MPS);
	assert_addr(&p.peer, "2001:db8:1::100");
	n = sample("mpa");
	assert_int_equal(ha_icmp_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.has_rh2 && p.msg.is_managed && !p.msg.is_other && p.msg.n_prefix == 1);
	assert_true(p.msg.prefix[0].is_router_addr && p.msg.prefix[0].preferred_s == 14400);
	n = sample("rs");
	assert_int_equal(ha_icmp_packet_parse(pkt, n, &p), W_TYPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_mma_update_round_trips),
		cmocka_unit_test(an_mma_answer_round_trips),
		cmocka_unit_test(messages_between_agents_round_trip),
		cmocka_unit_test(other_experiments_are_told_from_ours),
		cmocka_unit_test(the_authenticator_covers_the_alternate_address_and_the_message),
		cmocka_unit_test(padding_stands_in_front_of_the_authentication),
		cmocka_unit_test(random_messages_round_trip),
		cmocka_unit_test(unknown_and_misplaced_options_are_skipped),
		cmocka_unit_test(bad_options_are_refused),
		cmocka_unit_test(nothing_may_follow_the_authentication),
		cmocka_unit_test(not_even_padding_follows_binding_authorization),
		cmocka_unit_test(head_errors_are_told_apart),
		cmocka_unit_test(reserved_fields_are_ignored),
		cmocka_unit_test(lifetimes_never_become_a_deregistration),
		cmocka_unit_test(timestamps_are_ntp_and_survive_the_era),
		cmocka_unit_test(our_values_are_checked),
		cmocka_unit_test(home_agent_messages_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
