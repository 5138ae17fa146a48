/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home agent: exchanges of updates and answers, as RFC 6275 section 10 and RFC 4285 have them. The home
 * prefix is virtual here; the home link is test_ha_nd's. Requirements H-2, H-6, H-10, H-14, H-20.
 */
#include "../kit/ha_kit.h"

static struct bench b;

static int setup(void **state)
{
	*state = &b;
	bench_init(&b, false);
	bench_start_up(&b);
	return 0;
}

static void starts_with_its_address_links_and_routes(void **state)
{
	(void)state;
	const struct dp_op *local = kit_dp(&b.k, FX_DP_PUT, DP_LOCAL, 0), *iface = kit_dp(&b.k, FX_DP_PUT, DP_IF, 0);
	assert_true(addr6_eq(&local->local.addr, &t_ha));
	assert_int_equal(local->local.flags, DP_LOCAL_MH | DP_LOCAL_HA);
	assert_int_equal(iface->iface.ifindex, T_UP_IF);
	assert_int_equal(iface->iface.flags, DP_IF_UPSTREAM);
	assert_int_equal(kit_n_fx(&b.k, FX_ROUTE_PUT), 2); /* both virtual prefixes lead to roam0 */
	assert_int_equal(kit_fx(&b.k, FX_ROUTE_PUT, 0)->route.ifindex, IFINDEX_ROAM0);
}

/* The whole answer, and the order of effects: stable storage, datapath, acknowledgement. */
static void registers(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED);
	const struct dp_op *home = kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0);
	assert_true(addr6_eq(&home->home.home_address, &t_hoa));
	assert_true(addr6_eq(&home->home.coa, &t_alt));
	assert_true(addr6_eq(&home->home.ha, &t_ha));
	assert_int_equal(home->home.expires.ns, b.k.now.mono.ns + 400 * NS_PER_S);
	assert_int_equal(b.k.fx.fx[0].kind, FX_STORE_PUT);
	assert_int_equal(b.k.fx.fx[1].kind, FX_DP_PUT);
	assert_int_equal(b.k.fx.fx[b.k.fx.n - 1].kind, FX_SEND);
	/* To the source, type 2 routing header with the home address, signed over the alternate address. */
	assert_true(addr6_eq(&b.ba.src, &t_ha));
	assert_true(addr6_eq(&b.ba.dst, &t_coa));
	assert_true(b.ba.has_rh2);
	assert_true(addr6_eq(&b.ba.rh2, &t_hoa));
	assert_int_equal(b.ba.mh.ba.seq, b.seq);
	assert_int_equal(b.ba.mh.ba.lifetime_s, 400);
	assert_int_equal(b.ba.mh.ba.flags, 0); /* K: associations are static */
	assert_false(b.ba.mh.opt.has_refresh); /* stable storage: no refresh advice */
	assert_true(b.ba.mh.opt.has_mesg_id);
	assert_true(bench_is_signed(&b, &t_alt));
	assert_false(bench_is_signed(&b, &t_coa));
	assert_int_equal(b.answer_fx->send.ifindex, 0);
	assert_int_equal(kit_counted(&b.k), 0);
}

static void acknowledges_without_being_asked(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.flags = BU_H}), BA_ACCEPTED); /* 10.3.1: regardless of A */
	assert_int_equal(bench_send(&b, (struct update){.flags = BU_A | BU_H | BU_K | BU_L}), BA_ACCEPTED);
	assert_int_equal(b.ba.mh.ba.flags, 0);
}

static void serves_every_home_prefix_and_mobiles_by_prefix(void **state)
{
	(void)state;
	struct addr6 many = t_hoa;
	many.b[7] = 1;
	for (int i = 0; i < 5; i++) {
		many.b[15] = (uint8_t)i;
		assert_int_equal(bench_send(&b, (struct update){.hoa = &many}), BA_ACCEPTED);
		assert_true(sa_verify(&b.k.key[1], &crypto_openssl, &t_coa, &many, &b.ba));
	}
}

static void moves_and_refreshes(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_non_null(kit_fx(&b.k, FX_EVENT, 0));
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_null(kit_fx(&b.k, FX_EVENT, 0)); /* a refresh is no news */
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt, .lifetime_s = 100000}), BA_ACCEPTED);
	assert_string_equal(kit_fx(&b.k, FX_EVENT, 0)->event.code, "binding-moved");
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0)->home.coa, &t_alt));
	assert_int_equal(b.ba.mh.ba.lifetime_s, 600); /* no more than configured */
}

static void de_registers(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0)->home.home_address, &t_hoa));
	assert_int_equal(b.ba.mh.ba.lifetime_s, 0);
	assert_true(b.ba.has_rh2);
	/* At home: care-of address is the home address; no Home Address option, no routing header. */
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_ACCEPTED);
	assert_false(b.ba.has_rh2);
	assert_true(addr6_eq(&b.ba.dst, &t_hoa));
	assert_true(bench_is_signed(&b, &t_hoa));
	assert_int_equal(b.ba.mh.ba.lifetime_s, 0);
	/* None there: 133. */
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_NOT_HOME_AGENT);
	assert_int_equal(b.k.count.n[R_BU_NO_BINDING], 1);
}

static size_t n_bindings(struct bench *x);

struct refusal { const char *what; struct update u; int status; enum reason reason; };

/* Every refusal: counted under its reason, answered as the RFC says, and nothing changed by it. */
static void refuses(void **state)
{
	(void)state;
	static const struct addr6 elsewhere = {{0x20, 1, 0xd, 0xb8, 0, 9, [15] = 1}}, stranger = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0x77}},
				  link_local = {{0xfe, 0x80, [15] = 1}}, multicast = {{0xff, 0x0e, [15] = 1}};
	static const struct refusal all[] = {
		{"source is no address to answer to", {.coa = &link_local}, -1, R_BU_COA_INVALID},
		{"no Home Address option", {.has_no_hao = true}, -1, R_BU_NO_HOME_ADDRESS},
		{"nonces in a home registration", {.has_nonce = true}, -1, R_MSG_MALFORMED},
		{"not a home prefix", {.hoa = &elsewhere}, BA_NOT_HOME_SUBNET, R_BU_NOT_HOME_SUBNET},
		{"no such mobile", {.hoa = &stranger}, -1, R_BU_UNKNOWN_MOBILE},
		{"our own address", {.hoa = &t_ha}, -1, R_BU_UNKNOWN_MOBILE},
		{"no authenticator", {.has_no_auth = true}, -1, R_AUTH_MISSING},
		{"another SPI", {.spi = 999}, -1, R_AUTH_SPI_UNKNOWN},
		{"wrong authenticator", {.has_bad_auth = true}, BA_AUTH_FAIL, R_AUTH_BAD},
		{"no home registration", {.flags = BU_A}, BA_REG_TYPE_CHANGE, R_BU_TYPE_CHANGE},
		{"no timestamp", {.has_no_stamp = true}, BA_MESG_ID_REQUIRED, R_REPLAY_MISSING},
		{"clock ahead", {.stamp_off_ms = 8000}, BA_ID_MISMATCH, R_REPLAY_TIME},
		{"clock behind", {.stamp_off_ms = -8000}, BA_ID_MISMATCH, R_REPLAY_TIME},
		{"timestamp not newer", {.stamp_off_ms = -200}, BA_ID_MISMATCH, R_REPLAY_OLD},
		{"sequence number not newer", {.has_seq = true, .seq = 1001}, BA_SEQ_OUT_OF_WINDOW, R_BU_SEQ_OLD},
		{"care-of address link-local", {.alt = &link_local}, BA_INVALID_COA, R_BU_COA_INVALID},
		{"care-of address multicast", {.alt = &multicast}, BA_INVALID_COA, R_BU_COA_INVALID},
		{"care-of address is the agent's", {.alt = &t_ha}, BA_INVALID_COA, R_BU_COA_INVALID},
	};
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	uint16_t accepted = b.seq;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const struct refusal *r = &all[i];
		uint64_t counted = kit_counted(&b.k), of_it = b.k.count.n[r->reason];
		int status = bench_send(&b, r->u);
		if (status != r->status)
			fail_msg("%s: answered %d", r->what, status);
		if (b.k.count.n[r->reason] != of_it + 1 || kit_counted(&b.k) != counted + 1)
			fail_msg("%s: not counted once under %s", r->what, reason_name(r->reason));
		/* At most the answer: no store, no datapath. */
		if (b.k.fx.n != (r->status >= 0))
			fail_msg("%s: %u effects", r->what, b.k.fx.n);
		assert_int_equal(n_bindings(&b), 1);
	}
	/* Nothing of it was remembered: the next number after the accepted one still passes. */
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = (uint16_t)(accepted + 1)}), BA_ACCEPTED);
}

static void refusals_carry_what_the_mobile_needs(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = 500}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = 500}), BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(b.ba.mh.ba.seq, 500); /* the last accepted */
	assert_true(bench_is_signed(&b, &t_coa));
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = 33267}), BA_ACCEPTED); /* 500 + 32767 */
	/* RFC 4285 6: our seconds, their fraction. */
	uint64_t theirs = mh_ntp_of_wall(wall_add(b.k.now.wall, span_s(-3600)));
	assert_int_equal(bench_send(&b, (struct update){.stamp = theirs}), BA_ID_MISMATCH);
	assert_int_equal(b.ba.mh.opt.mesg_id >> 32, mh_ntp_of_wall(b.k.now.wall) >> 32);
	assert_int_equal((uint32_t)b.ba.mh.opt.mesg_id, (uint32_t)theirs);
	assert_true(bench_is_signed(&b, &t_coa));
	assert_int_equal(bench_send(&b, (struct update){.has_bad_auth = true}), BA_AUTH_FAIL);
	assert_true(bench_is_signed(&b, &t_coa));
}

static void a_recorded_update_is_refused_for_ever(void **state)
{
	(void)state;
	uint8_t pkt[1280];
	size_t n = bench_bu(&b, &(struct update){0}, pkt, sizeof pkt);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
	assert_non_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	for (int s = 0; s < 40; s++) { /* across GONE, and after it was forgotten */
		bench_wait(&b, span_s(1));
		kit_clear(&b.k);
		assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
		assert_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
	}
	assert_int_equal(n_bindings(&b), 0);
}

static void a_binding_elsewhere_makes_no_loop(void **state)
{
	(void)state;
	struct addr6 other = t_hoa;
	other.b[7] = 1;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.hoa = &other, .alt = &t_hoa}), BA_INVALID_COA);
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.hoa = &other, .alt = &t_hoa}), BA_ACCEPTED);
}

static void an_update_without_h_and_without_binding_is_prohibited(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.flags = BU_A}), BA_PROHIBITED);
	assert_int_equal(b.k.count.n[R_BU_NOT_HOME_REG], 1);
}

static void lifetimes_end(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 8}), BA_ACCEPTED);
	bench_wait(&b, span_ms(7990));
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_wait(&b, span_ms(20));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_string_equal(kit_fx(&b.k, FX_EVENT, 0)->event.code, "binding-expired");
	assert_null(kit_fx(&b.k, FX_STORE_DEL, 0)); /* replay state stays */
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = b.seq}), BA_SEQ_OUT_OF_WINDOW);
	bench_wait(&b, span_s(20));
	assert_non_null(kit_fx(&b.k, FX_STORE_DEL, 0));
	assert_true(mono_is_never(ha_role.expiry(b.ha)));
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = 1}), BA_ACCEPTED); /* forgotten: any number */
}

static void a_refreshed_binding_does_not_end(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 8}), BA_ACCEPTED);
		bench_wait(&b, span_s(6));
		assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	}
}

/* Every prefix of a good update, and every byte of it changed: nothing is created, nothing crashes. */
static void broken_updates_change_nothing(void **state)
{
	(void)state;
	uint8_t good[1280], pkt[1280];
	size_t n = bench_bu(&b, &(struct update){0}, good, sizeof good);
	for (size_t cut = 0; cut < n; cut++) {
		kit_clear(&b.k);
		uint8_t *exact = malloc(cut ? cut : 1); /* so that a sanitizer sees any byte read past it */
		memcpy(exact, good, cut);
		(void)bench_rx(&b, exact, cut, DP_PUNT_MH, T_UP_IF);
		free(exact);
		assert_null(kit_fx(&b.k, FX_DP_PUT, 0));
		assert_null(kit_fx(&b.k, FX_STORE_PUT, 0));
	}
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			/* Covered by nothing: traffic class, flow label, hop limit, padding in front of the home address. */
			if ((i < 4 && !(i == 0 && bit >= 4)) || i == 7 || (i >= 42 && i < 46))
				continue;
			memcpy(pkt, good, n);
			pkt[i] ^= (uint8_t)(1 << bit);
			kit_clear(&b.k);
			(void)bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF);
			if (kit_fx(&b.k, FX_DP_PUT, 0) || kit_fx(&b.k, FX_STORE_PUT, 0))
				fail_msg("byte %zu bit %d accepted", i, bit);
		}
	}
	assert_int_equal(n_bindings(&b), 0);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, good, n, DP_PUNT_MH, T_UP_IF));
	assert_non_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
}

static void what_is_not_for_us_is_left_to_others(void **state)
{
	(void)state;
	uint8_t pkt[1280];
	size_t n = bench_bu(&b, &(struct update){0}, pkt, sizeof pkt);
	pkt[39] ^= 1; /* another destination; the checksum is then wrong too, but that is not ours to say */
	assert_false(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
	assert_int_equal(kit_counted(&b.k), 0);
}

/* A Mobility Header of ours to send, by type: type 9 is not known, HoTI is, but we are no correspondent node. */
static size_t raw_mh(uint8_t type, uint8_t payload_proto, uint8_t hdr_len, const struct addr6 *hao, uint8_t *pkt, size_t cap)
{
	struct mh m = {.type = hdr_len ? MH_HOTI : MH_BRR}; /* 16 or 8 bytes */
	struct mh_built built;
	struct mh_path path = {.src = t_coa, .dst = t_ha, .hao = hao};
	size_t n = mh_packet_build(pkt, cap, &path, &m, &built);
	pkt[built.mh_off] = payload_proto;
	pkt[built.mh_off + 2] = type;
	mh_packet_finish(&built, pkt);
	return n;
}

static void unknown_types_get_a_binding_error(void **state)
{
	(void)state;
	uint8_t pkt[512];
	const uint8_t types[] = {9, 255, MH_HOTI, MH_COTI};
	for (size_t i = 0; i < sizeof types; i++) {
		size_t n = raw_mh(types[i], 59, 1, i == 0 ? &t_hoa : NULL, pkt, sizeof pkt);
		kit_clear(&b.k);
		assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
		bench_read_answer(&b);
		assert_true(b.has_answer);
		assert_int_equal(b.ba.mh.type, MH_BE);
		assert_int_equal(b.ba.mh.be.status, BE_UNKNOWN_TYPE);
		assert_true(addr6_eq(&b.ba.dst, &t_coa));
		assert_true(addr6_eq(&b.ba.mh.be.home_address, i == 0 ? &t_hoa : &addr6_any));
	}
	size_t n = raw_mh(MH_BA, 59, 1, NULL, pkt, sizeof pkt);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
	assert_int_equal(b.k.fx.n, 0);
}

static void malformed_headers_get_a_parameter_problem(void **state)
{
	(void)state;
	uint8_t pkt[512];
	static const struct { uint8_t proto, hdr_len; uint32_t pointer; } bad[] = {{17, 1, 40}, {59, 0, 41}};
	for (int i = 0; i < 2; i++) {
		size_t n = raw_mh(MH_HOTI, bad[i].proto, bad[i].hdr_len, NULL, pkt, sizeof pkt);
		kit_clear(&b.k);
		assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
		const struct effect *fx = kit_fx(&b.k, FX_SEND, 0);
		assert_non_null(fx);
		const uint8_t *p = effq_bytes(&b.k.fx, fx->send.off);
		assert_int_equal(p[6], 58);
		assert_int_equal(p[40], 4); /* parameter problem, code 0 */
		assert_int_equal(p[41], 0);
		assert_int_equal(p[47], bad[i].pointer);
		assert_memory_equal(p + 24, &t_coa, 16);
	}
}

static void an_unknown_home_address_option_gets_a_binding_error(void **state)
{
	(void)state;
	uint8_t pkt[512];
	size_t n = raw_mh(MH_HOTI, 59, 1, &t_hoa, pkt, sizeof pkt);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_HAO, T_UP_IF));
	bench_read_answer(&b);
	assert_true(b.has_answer);
	assert_int_equal(b.ba.mh.type, MH_BE);
	assert_int_equal(b.ba.mh.be.status, BE_UNKNOWN_BINDING);
	assert_true(addr6_eq(&b.ba.mh.be.home_address, &t_hoa));
	assert_int_equal(b.k.count.n[R_HAO_UNKNOWN], 1);
}

static void refusals_and_errors_are_limited_per_source(void **state)
{
	(void)state;
	struct ha_conf c = *b.conf;
	const char *remedy = NULL;
	c.rate = 5;
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_OK);
	int answered = 0;
	for (int i = 0; i < 100; i++)
		answered += bench_send(&b, (struct update){.has_bad_auth = true}) >= 0;
	assert_in_range(answered, 5, 6);
	assert_int_equal(b.k.count.n[R_LIMIT_RATE], 100 - answered);
	/* Another source is not hurt by it, nor is a good update from this one. */
	assert_int_equal(bench_send(&b, (struct update){.coa = &t_alt, .has_bad_auth = true}), BA_AUTH_FAIL);
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	bench_wait(&b, span_s(1));
	assert_int_equal(bench_send(&b, (struct update){.has_bad_auth = true}), BA_AUTH_FAIL);
}

static void a_full_table_refuses(void **state)
{
	(void)state;
	struct addr6 many = t_hoa;
	many.b[7] = 1;
	for (int i = 0; i < 100; i++) {
		many.b[15] = (uint8_t)i;
		assert_int_equal(bench_send(&b, (struct update){.hoa = &many}), BA_ACCEPTED);
	}
	many.b[15] = 200;
	assert_int_equal(bench_send(&b, (struct update){.hoa = &many}), BA_NO_RESOURCES);
	assert_int_equal(b.k.count.n[R_LIMIT_BINDINGS], 1);
	many.b[15] = 7;
	assert_int_equal(bench_send(&b, (struct update){.hoa = &many}), BA_ACCEPTED); /* one that is there goes on */
}

/* Restart */

struct record { uint8_t key[16], val[64]; size_t key_oct, val_oct; };

static struct record last_record(void)
{
	struct record r = {0};
	const struct effect *fx;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_STORE_PUT, i)); i++) {
		r.key_oct = fx->store.key_len_oct;
		r.val_oct = fx->store.val_len_oct;
		memcpy(r.key, effq_bytes(&b.k.fx, fx->store.off), r.key_oct);
		memcpy(r.val, effq_bytes(&b.k.fx, fx->store.off) + r.key_oct, r.val_oct);
	}
	assert_int_equal(r.key_oct, 16);
	return r;
}

/* The host was down for a time, and its monotonic clock began anew. */
static int restart(const struct record *r, span_t down)
{
	ha_role.fini(b.ha);
	b.k.now.mono.ns = 5 * NS_PER_S;
	b.k.now.wall = wall_add(b.k.now.wall, down);
	bench_start(&b);
	kit_clear(&b.k);
	struct store_rec rec = {STORE_BINDING_HA, r->key, r->val, r->key_oct, r->val_oct};
	int err = ha_role.restore(b.ha, &rec, b.k.now);
	ha_role.tick(b.ha, b.k.now);
	return err;
}

static void bindings_survive_a_restart(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt, .lifetime_s = 100}), BA_ACCEPTED);
	struct record r = last_record();
	assert_int_equal(restart(&r, span_s(30)), ERR_OK);
	const struct dp_op *home = kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0);
	assert_true(addr6_eq(&home->home.coa, &t_alt));
	assert_int_equal(home->home.expires.ns, 75 * NS_PER_S);
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = b.seq}), BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(bench_send(&b, (struct update){.stamp_off_ms = -31000}), BA_ID_MISMATCH);
	bench_wait(&b, span_s(69));
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_wait(&b, span_s(1));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
}

static void what_ended_while_we_were_down_is_not_revived(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 100}), BA_ACCEPTED);
	struct record r = last_record();
	assert_int_equal(restart(&r, span_s(101)), ERR_OK);
	assert_null(kit_fx(&b.k, FX_DP_PUT, 0));
	assert_int_equal(bench_send(&b, (struct update){.has_seq = true, .seq = b.seq}), BA_SEQ_OUT_OF_WINDOW);
}

static void a_de_registration_survives_a_restart(void **state)
{
	(void)state;
	uint8_t pkt[1280];
	size_t n = bench_bu(&b, &(struct update){0}, pkt, sizeof pkt);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	struct record r = last_record();
	assert_int_equal(restart(&r, span_s(1)), ERR_OK);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF)); /* recorded before */
	assert_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
	assert_int_equal(b.k.count.n[R_REPLAY_OLD], 1);
}

static void a_clock_set_back_stretches_no_binding(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 100}), BA_ACCEPTED);
	struct record r = last_record();
	assert_int_equal(restart(&r, span_s(-86400)), ERR_OK);
	assert_int_equal(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0)->home.expires.ns, 105 * NS_PER_S);
}

static void a_broken_record_is_refused(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	struct record r = last_record(), bad;
	for (size_t cut = 0; cut < r.val_oct; cut++) {
		bad = r;
		bad.val_oct = cut;
		assert_int_equal(restart(&bad, span_s(0)), ERR_INVAL);
	}
	bad = r;
	bad.val[0] = 9; /* version */
	assert_int_equal(restart(&bad, span_s(0)), ERR_INVAL);
	bad = r;
	bad.val[1] = 7; /* state */
	assert_int_equal(restart(&bad, span_s(0)), ERR_INVAL);
	assert_int_equal(n_bindings(&b), 0);
	assert_int_equal(restart(&r, span_s(0)), ERR_OK);
}

/* Operator */

struct count { size_t n; };
static void count_begin(void *ctx, const char *record) { ((struct count *)ctx)->n += strcmp(record, "binding") == 0; }
static void no_str(void *ctx, const char *k, const char *v) { (void)ctx, (void)k, (void)v; }
static void no_u64(void *ctx, const char *k, uint64_t v) { (void)ctx, (void)k, (void)v; }
static void no_i64(void *ctx, const char *k, int64_t v) { (void)ctx, (void)k, (void)v; }
static void no_flag(void *ctx, const char *k, bool v) { (void)ctx, (void)k, (void)v; }
static void no_real(void *ctx, const char *k, double v) { (void)ctx, (void)k, (void)v; }
static void no_end(void *ctx) { (void)ctx; }
static const struct show_ops counting = {count_begin, no_str, no_u64, no_i64, no_flag, no_real, no_end};

static size_t n_bindings(struct bench *x)
{
	struct count c = {0};
	struct show s = {&counting, &c};
	ha_role.show(x->ha, "bindings", &s, x->k.now);
	return c.n;
}

static void the_operator_drops_a_binding(void **state)
{
	(void)state;
	const char *msg = NULL, *drop[] = {"drop", "2001:db8:1::100"}, *bad[] = {"drop", "x"}, *other[] = {"handover", "w0"};
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(ha_role.ctl(b.ha, &(struct ctl_cmd){2, other}, b.k.now, &msg), ERR_NOTFOUND);
	assert_int_equal(ha_role.ctl(b.ha, &(struct ctl_cmd){2, bad}, b.k.now, &msg), ERR_INVAL);
	kit_clear(&b.k);
	assert_int_equal(ha_role.ctl(b.ha, &(struct ctl_cmd){2, drop}, b.k.now, &msg), ERR_OK);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_int_equal(n_bindings(&b), 0);
	assert_int_equal(ha_role.ctl(b.ha, &(struct ctl_cmd){2, drop}, b.k.now, &msg), ERR_NOTFOUND);
}

static void reload_keeps_bindings_of_mobiles_that_stay(void **state)
{
	(void)state;
	struct addr6 many = t_hoa;
	const char *remedy = NULL;
	struct ha_conf c = *b.conf;
	many.b[7] = 1;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.hoa = &many}), BA_ACCEPTED);
	c.n_mobile = 1; /* the prefix is gone */
	kit_clear(&b.k);
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_OK);
	assert_int_equal(n_bindings(&b), 1);
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0)->home.home_address, &many));
	c.address.b[15] = 9;
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_NOTSUP);
	strcpy(c.mobile[0].key, "nobody");
	c.address = t_ha;
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_NOTFOUND);
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED); /* as before */
}

static void a_refresh_request_goes_out_when_configured(void **state)
{
	(void)state;
	struct ha_conf c = *b.conf;
	const char *remedy = NULL;
	c.has_refresh_request = true;
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_OK);
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 80}), BA_ACCEPTED);
	bench_wait(&b, span_s(69));
	assert_false(b.has_answer);
	bench_wait(&b, span_s(2));
	assert_true(b.has_answer);
	assert_int_equal(b.ba.mh.type, MH_BRR);
	assert_true(addr6_eq(&b.ba.dst, &t_hoa));
	bench_wait(&b, span_s(9));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0)); /* not answered */
}

static void without_timestamps_numbers_are_kept(void **state)
{
	(void)state;
	struct ha_conf c = *b.conf;
	const char *remedy = NULL;
	c.is_stamp_required = false;
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_OK);
	assert_int_equal(bench_send(&b, (struct update){.has_no_stamp = true, .lifetime_s = 8}), BA_ACCEPTED);
	assert_false(b.ba.mh.opt.has_mesg_id);
	bench_wait(&b, span_s(100000));
	assert_int_equal(bench_send(&b, (struct update){.has_no_stamp = true, .has_seq = true, .seq = b.seq}), BA_SEQ_OUT_OF_WINDOW);
}

static void stop_takes_everything_back(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	kit_clear(&b.k);
	ha_role.stop(b.ha, b.k.now);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_LOCAL, 0));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_IF, 0));
	assert_int_equal(kit_n_fx(&b.k, FX_ROUTE_DEL), 2);
	assert_int_equal(kit_n_fx(&b.k, FX_STORE_DEL), 0); /* the binding itself lives on */
}

static void configurations_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct bench x;
	for (int i = 0; i < 4; i++) {
		const char *remedy = NULL;
		bench_init(&x, false);
		switch (i) {
		case 0: x.conf->address = addr6_any; break;
		case 1: x.conf->n_home_prefix = 0; break;
		case 2: x.conf->mobile[0].home.addr = t_coa; break;
		case 3: strcpy(x.conf->mobile[0].key, "nobody"); break;
		}
		assert_int_not_equal(ha_role.init(x.ha, &x.k.env, x.conf, x.k.now, &remedy), ERR_OK);
		assert_non_null(remedy);
		kit_fini(&x.k);
		free(x.ha);
		free(x.conf);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, bench_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(starts_with_its_address_links_and_routes), T(registers), T(acknowledges_without_being_asked),
		T(serves_every_home_prefix_and_mobiles_by_prefix), T(moves_and_refreshes), T(de_registers), T(refuses),
		T(refusals_carry_what_the_mobile_needs), T(a_recorded_update_is_refused_for_ever), T(a_binding_elsewhere_makes_no_loop),
		T(an_update_without_h_and_without_binding_is_prohibited), T(lifetimes_end), T(a_refreshed_binding_does_not_end),
		T(broken_updates_change_nothing), T(what_is_not_for_us_is_left_to_others), T(unknown_types_get_a_binding_error),
		T(malformed_headers_get_a_parameter_problem), T(an_unknown_home_address_option_gets_a_binding_error),
		T(refusals_and_errors_are_limited_per_source), T(a_full_table_refuses), T(bindings_survive_a_restart),
		T(what_ended_while_we_were_down_is_not_revived), T(a_de_registration_survives_a_restart),
		T(a_clock_set_back_stretches_no_binding), T(a_broken_record_is_refused), T(the_operator_drops_a_binding),
		T(reload_keeps_bindings_of_mobiles_that_stay), T(a_refresh_request_goes_out_when_configured),
		T(without_timestamps_numbers_are_kept), T(stop_takes_everything_back),
		cmocka_unit_test(configurations_that_cannot_be_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
