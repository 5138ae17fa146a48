/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home agent of Mobile IPv4: what it accepts, what it refuses and with which code, identification, what it answers. A test for each
 * MUST of RFC 5944 3.8 that shows in the engine (the rest: test_ha4_home.c, test_ha4_more.c). Requirement: H-7.
 */
#include "../kit/ha4_kit.h"

#define SEND(...) bench_send(&b, (struct request){__VA_ARGS__})
#define ACCEPTED MIP4_ACCEPTED

static uint64_t counted(const struct bench *b, enum reason r) { return b->k.count.n[r]; }

static void a_request_makes_a_binding(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.lifetime_s = 200), ACCEPTED);
	const struct mip4_reply *re = &b.re.m.reply;
	assert_int_equal(re->lifetime_s, 200);
	assert_true(addr6_eq(&re->hoa, &t_hoa) && addr6_eq(&re->ha, &t_ha)); /* 3.8.3.2 */
	assert_true(addr6_eq(&b.re.src, &t_ha) && addr6_eq(&b.re.dst, &t_coa)); /* 3.8.3.1 */
	assert_int_equal(b.re.sport, MIP4_PORT);
	assert_true(bench_is_signed(&b, T_KEY_MN, MIP4_MH));               /* 3.8.3.3: in every answer */
	assert_int_equal(b.re.m.ext.auth[MIP4_FH].n, 0);
	const struct dp_home *home = bench_home(&b);
	assert_non_null(home);
	assert_true(addr6_eq(&home->home_address, &t_hoa) && addr6_eq(&home->coa, &t_coa) && addr6_eq(&home->ha, &t_ha));
	assert_int_equal(home->encap, DP_ENCAP_IPIP);
	assert_false(home->is_reverse || home->has_more);
	assert_int_equal(kit_n_fx(&b.k, FX_STORE_PUT), 1);
	/* On stable storage before the answer leaves. */
	assert_true(kit_fx(&b.k, FX_STORE_PUT, 0) < b.answer_fx);
	bench_fini(&b);
}

static void ports_are_turned_round(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.sport = 50000), ACCEPTED);
	assert_int_equal(b.re.dport, 50000);
	assert_int_equal(b.re.sport, MIP4_PORT);
	bench_fini(&b);
}

/* 3.8.2.2, 3.8.3.2: never more than asked for, nor than configured; infinity is not granted. */
static void lifetimes(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.lifetime_s = 1), ACCEPTED);
	assert_int_equal(b.re.m.reply.lifetime_s, 1);
	assert_int_equal(SEND(.lifetime_s = 601), ACCEPTED);
	assert_int_equal(b.re.m.reply.lifetime_s, 600);
	assert_int_equal(SEND(.lifetime_s = MIP4_LIFETIME_INFINITE), ACCEPTED);
	assert_int_equal(b.re.m.reply.lifetime_s, 600);
	bench_wait(&b, span_s(601));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_false(b.has_answer); /* 3.8: no reply says that a lifetime is over */
	bench_fini(&b);
}

static void silence(struct bench *b, struct request u, enum reason why)
{
	uint64_t before = counted(b, why);
	assert_int_equal(bench_send(b, u), -1);
	assert_int_equal(b->k.fx.n - kit_n_fx(&b->k, FX_EVENT), 0); /* nothing is remembered, said or forwarded */
	assert_int_equal(counted(b, why), before + 1);
}
#define SILENT(why, ...) silence(&b, (struct request){__VA_ARGS__}, why)

/* Refused: that code, signed, lifetime zero, and nothing has changed. */
static void refuse(struct bench *b, struct request u, int code, enum reason why)
{
	uint64_t before = counted(b, why);
	int got = bench_send(b, u);
	if (got != code)
		fail_msg("code %d, not %d", got, code);
	assert_int_equal(b->re.m.reply.lifetime_s, 0);
	assert_true(bench_is_signed(b, T_KEY_MN, MIP4_MH));
	assert_int_equal(kit_n_fx(&b->k, FX_STORE_PUT) + kit_n_fx(&b->k, FX_DP_PUT) + kit_n_fx(&b->k, FX_DP_DEL), 0);
	assert_int_equal(counted(b, why), before + 1);
}
#define REFUSED(code, why, ...) refuse(&b, (struct request){__VA_ARGS__}, code, why)

/* 3.8.2.1 a): silently, when there is no security association or no authorization-enabling extension. */
static void strangers_hear_nothing(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 unknown = V4(10, 1, 0, 77);
	bench_init(&b, false);
	bench_start(&b);
	SILENT(R_BU_UNKNOWN_MOBILE, .hoa = &unknown);
	SILENT(R_BU_UNKNOWN_MOBILE, .hoa = &t_nobody);
	SILENT(R_BU_UNKNOWN_MOBILE, .nai = "nobody@home");
	SILENT(R_AUTH_MISSING, .has_no_auth = true);
	SILENT(R_AUTH_MISSING, .has_no_auth = true, .has_aaa = true); /* a key that we do not have */
	SILENT(R_RRQ_SOURCE, .src = &t_zero);
	bench_fini(&b);
}

static void forgers_are_refused(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	REFUSED(MIP4_HA_MN_AUTH, R_AUTH_BAD, .has_bad_auth = true);
	assert_string_equal(kit_fx(&b.k, FX_EVENT, 0)->event.code, "security-exception");
	REFUSED(MIP4_HA_MN_AUTH, R_AUTH_SPI_UNKNOWN, .spi = 257);
	assert_int_equal(kit_n_fx(&b.k, FX_EVENT), 0); /* once a second is enough */
	REFUSED(MIP4_HA_MN_AUTH, R_AUTH_SPI_UNKNOWN, .key = T_KEY_ANY);
	/* By way of a foreign agent that has a key: only when it vouches for having relayed it. */
	SILENT(R_RRQ_FA_AUTH, .has_no_flags = true, .coa = &t_fa, .has_bad_auth = true);
	REFUSED(MIP4_HA_MN_AUTH, R_AUTH_BAD, .has_no_flags = true, .coa = &t_fa, .has_bad_auth = true, .has_fh = true);
	assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	bench_fini(&b);
}

static void a_wrong_checksum_is_silent(void **state)
{
	(void)state;
	struct bench b;
	struct request u = {0};
	bench_init(&b, false);
	bench_start(&b);
	b.sent_oct = bench_request(&b, &u, b.sent, sizeof b.sent);
	b.sent[26] ^= 1; /* UDP's */
	assert_int_equal(bench_send_raw(&b, b.sent, b.sent_oct, T_UP_IF), -1);
	assert_int_equal(counted(&b, R_MSG_CHECKSUM), 1);
	b.sent[26] = b.sent[27] = 0; /* none */
	assert_int_equal(bench_send_raw(&b, b.sent, b.sent_oct, T_UP_IF), ACCEPTED);
	bench_fini(&b);
}

/* 5.7.1: the low half is the request's, the high half our clock; later than all before. */
static void timestamps(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	REFUSED(MIP4_HA_ID_MISMATCH, R_REPLAY_TIME, .stamp_off_ms = 8000);
	uint64_t sent = mh_ntp_of_wall(wall_add(b.k.now.wall, span_ms(8000)));
	assert_int_equal((uint32_t)b.re.m.reply.id, (uint32_t)sent);
	assert_int_equal(b.re.m.reply.id >> 32, mh_ntp_of_wall(b.k.now.wall) >> 32);
	/* What the mobile makes of it works. */
	assert_int_equal(SEND(.id = b.re.m.reply.id), ACCEPTED);
	assert_int_equal(b.re.m.reply.id, b.re.m.reply.id);
	REFUSED(MIP4_HA_ID_MISMATCH, R_REPLAY_TIME, .stamp_off_ms = -8000);
	bench_wait(&b, span_s(1));
	assert_int_equal(SEND(0), ACCEPTED);
	uint64_t last = b.re.m.reply.id;
	REFUSED(MIP4_HA_ID_MISMATCH, R_REPLAY_OLD, .id = last);
	REFUSED(MIP4_HA_ID_MISMATCH, R_REPLAY_OLD, .id = last - 1);
	assert_int_equal(SEND(.id = last + 1), ACCEPTED);
	assert_true(b.re.m.reply.id == last + 1); /* valid: all of it is copied */
	bench_fini(&b);
}

/* A recording of each request is worth nothing, also after the binding has ended. */
static void replays_change_nothing(void **state)
{
	(void)state;
	struct bench b;
	uint8_t old[1500];
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	size_t n = b.sent_oct;
	memcpy(old, b.sent, n);
	assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED);
	assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	assert_int_equal(kit_n_fx(&b.k, FX_DP_PUT), 0);
	for (int i = 0; i < 20; i++) { /* until it would be too old anyway, and is forgotten */
		bench_wait(&b, span_s(1));
		assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
		assert_int_equal(kit_n_fx(&b.k, FX_DP_PUT), 0);
	}
	bench_fini(&b);
}

/* 5.7.2 */
static void nonces(void **state)
{
	(void)state;
	struct bench b;
	uint8_t old[1500];
	bench_init(&b, false);
	b.conf->v4.replay = HA_REPLAY_NONCE;
	bench_start(&b);
	assert_int_equal(SEND(0), MIP4_HA_ID_MISMATCH);
	assert_int_equal((uint32_t)b.re.m.reply.id, (uint32_t)mh_ntp_of_wall(b.k.now.wall)); /* the low half is the mobile's */
	uint32_t first = b.nonce;
	assert_int_equal(SEND(0), ACCEPTED);
	assert_true(b.nonce != first); /* a new one in every answer */
	size_t n = b.sent_oct;
	memcpy(old, b.sent, n);
	uint32_t next = b.nonce;
	assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	assert_int_equal(kit_n_fx(&b.k, FX_DP_PUT), 0);
	b.nonce = next; /* what someone else plays does not make the mobile's own stale */
	assert_int_equal(SEND(0), ACCEPTED);
	b.nonce = next;
	assert_int_equal(SEND(0), MIP4_HA_ID_MISMATCH);
	assert_int_equal(SEND(0), ACCEPTED); /* with the one of the refusal */
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED);
	assert_int_equal(SEND(0), ACCEPTED);
	uint32_t before = b.nonce;
	assert_int_equal(SEND(.has_bad_auth = true), MIP4_HA_MN_AUTH); /* not authentic: no nonce is spent on it */
	assert_int_equal(b.nonce, before);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_fini(&b);
}

/* 3.8.2.1 c), d) and 3.8.3.3 */
static void foreign_agents_with_a_key(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	REFUSED(MIP4_HA_FA_AUTH, R_RRQ_FA_AUTH, .has_no_flags = true, .coa = &t_fa);
	assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	REFUSED(MIP4_HA_FA_AUTH, R_RRQ_FA_AUTH, .has_no_flags = true, .coa = &t_fa, .has_fh = true, .has_bad_fh = true);
	/* Its care-of address from elsewhere: the one who owns it would have signed. */
	REFUSED(MIP4_HA_FA_AUTH, R_RRQ_FA_AUTH, .has_no_flags = true, .coa = &t_fa, .src = &t_other_fa);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa, .has_fh = true), ACCEPTED);
	assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	assert_true(addr6_eq(&b.re.dst, &t_fa));
	/* No key is shared: one that claims to is a security exception. */
	SILENT(R_RRQ_FA_UNKNOWN, .has_no_flags = true, .coa = &t_other_fa, .has_fh = true);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_other_fa), ACCEPTED);
	assert_int_equal(b.re.m.ext.auth[MIP4_FH].n, 0);
	/* A de-registration may come through another agent, without. */
	assert_int_equal(SEND(.has_no_flags = true, .is_dereg = true, .coa = &t_other_fa, .src = &t_fa), ACCEPTED);
	assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	bench_fini(&b);
}

static void two_authentications_of_a_foreign_agent_are_none(void **state)
{
	(void)state;
	struct bench b;
	struct request u = {.has_no_flags = true, .coa = &t_fa, .has_fh = true};
	uint8_t pkt[1500];
	struct mip4_packet p;
	bench_init(&b, false);
	bench_start(&b);
	size_t n = bench_request(&b, &u, pkt, sizeof pkt);
	assert_int_equal(mip4_packet_parse(pkt, n, &p), W_OK);
	/* Another one behind it, right in itself. */
	uint8_t out[1500];
	struct mip4 more = {.ext = {.auth = {[MIP4_FH] = sa4_auth(&b.k.key[T_KEY_FA])}}};
	struct mip4_path path = {.src = t_fa, .dst = t_ha, .relay = p.msg, .relay_oct = (uint16_t)(n - (size_t)(p.msg - pkt))};
	struct mip4_built built;
	n = mip4_packet_build(out, sizeof out, &path, &more, &built);
	sa4_sign(&b.k.key[T_KEY_FA], &crypto_openssl, out + built.msg_off, &more.ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, out);
	assert_int_equal(bench_send_raw(&b, out, n, T_UP_IF), MIP4_HA_FA_AUTH);
	bench_fini(&b);
}

/* 3.8.2.1, 3.8.3.2: for whichever home agent there is, or for another one. */
static void home_agents_are_found(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 everybody = V4(255, 255, 255, 255);
	bench_init(&b, true);
	bench_start(&b);
	REFUSED(MIP4_HA_UNKNOWN_HA, R_RRQ_NOT_OURS, .ha = &t_cast, .dst = &t_cast);
	assert_true(addr6_eq(&b.re.src, &t_ha) && addr6_eq(&b.re.m.reply.ha, &t_ha));
	REFUSED(MIP4_HA_UNKNOWN_HA, R_RRQ_NOT_OURS, .ha = &t_cast, .dst = &everybody);
	REFUSED(MIP4_HA_UNKNOWN_HA, R_RRQ_NOT_OURS, .ha = &t_ha, .dst = &t_cast);
	REFUSED(MIP4_HA_UNKNOWN_HA, R_RRQ_NOT_OURS, .ha = &t_nobody);
	REFUSED(MIP4_HA_UNKNOWN_HA, R_RRQ_NOT_OURS, .ha = &t_zero);
	assert_true(addr6_eq(&b.re.m.reply.ha, &t_ha));
	/* By broadcast and not about a mobile of ours: another agent's. */
	struct request u = {.hoa = &t_nobody, .dst = &everybody};
	size_t n = bench_request(&b, &u, b.sent, sizeof b.sent);
	assert_false(bench_rx(&b, b.sent, n, DP_PUNT_MIP4, T_HOME_IF));
	bench_fini(&b);
}

/* The datapath hands up what goes to the subnet-directed broadcast address. */
static void the_broadcast_address_is_listened_to(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	bool has_own = false, has_cast = false;
	const struct dp_op *op;
	for (size_t i = 0; (op = kit_dp(&b.k, FX_DP_PUT, DP_LOCAL, i)); i++) {
		has_own |= addr6_eq(&op->local.addr, &t_ha) && op->local.flags == (DP_LOCAL_MH | DP_LOCAL_HA);
		has_cast |= addr6_eq(&op->local.addr, &t_cast) && op->local.flags == DP_LOCAL_MH;
	}
	assert_true(has_own && has_cast);
	bench_fini(&b);
}

static void poorly_formed_requests(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 group = V4(224, 1, 1, 1);
	bench_init(&b, false);
	bench_start(&b);
	REFUSED(MIP4_HA_POOR_REQUEST, R_MSG_MALFORMED, .flags = MIP4_D | 1); /* 3.8.2.3: bits that mean nothing */
	REFUSED(MIP4_HA_POOR_REQUEST, R_MSG_MALFORMED, .flags = MIP4_D | 4);
	REFUSED(MIP4_HA_POOR_REQUEST, R_BU_COA_INVALID, .coa = &group, .src = &t_coa);
	REFUSED(MIP4_HA_POOR_REQUEST, R_BU_COA_INVALID, .coa = &t_zero, .src = &t_coa);
	REFUSED(MIP4_HA_POOR_REQUEST, R_BU_COA_INVALID, .coa = &t_hoa);
	/* The delivery style without T (RFC 3024 3.3), and a second thing behind foreign-home authentication. */
	REFUSED(MIP4_HA_POOR_REQUEST, R_MSG_MALFORMED, .has_no_flags = true, .coa = &t_other_fa, .ext = {.has_delivery = true});
	bench_fini(&b);
}

static void what_cannot_be_had(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	b.conf->v4.has_gre = false;
	b.conf->v4.n_area = 1;
	b.conf->v4.area[0] = (struct prefix6){V4(10, 0, 0, 0), 104};
	(void)bench_mobile(&b, &(struct addr6)V4(10, 1, 0, 0), 120, "mn1"); /* all of the prefix: the network's own address is none */
	bench_start(&b);
	const struct addr6 away = V4(172, 16, 0, 1), net = V4(10, 1, 0, 0);
	REFUSED(MIP4_HA_PROHIBITED, R_RRQ_COA_PROHIBITED, .coa = &away);
	REFUSED(MIP4_HA_PROHIBITED, R_RRQ_COA_PROHIBITED, .coa = &t_ha, .src = &t_coa);
	REFUSED(MIP4_HA_PROHIBITED, R_BU_NOT_HOME_SUBNET, .hoa = &net);
	REFUSED(MIP4_HA_PROHIBITED, R_BU_NOT_HOME_SUBNET, .hoa = &t_cast);
	REFUSED(MIP4_HA_PROHIBITED, R_BU_NOT_HOME_SUBNET, .hoa = &t_ha);
	REFUSED(MIP4_HA_PROHIBITED, R_BU_NOT_HOME_SUBNET, .hoa = &t_nobody, .nai = "mn1@home"); /* 3.8.3.2 */
	assert_true(addr6_eq(&b.re.m.reply.hoa, &t_nobody));
	REFUSED(MIP4_HA_ENCAP, R_RRQ_ENCAP, .flags = MIP4_D | MIP4_G);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_M), ACCEPTED);
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_MINIMAL);
	bench_fini(&b);
}

static void encapsulations(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_G), ACCEPTED);
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_GRE_PLAIN);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_M), ACCEPTED);
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_MINIMAL);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_IPIP);
	bench_fini(&b);
}

/* RFC 3024 4.3.1 */
static void reverse_tunnels(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_T), ACCEPTED);
	assert_true(bench_home(&b)->is_reverse);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_false(bench_home(&b)->is_reverse);
	bench_fini(&b);

	bench_init(&b, false);
	b.conf->v4.reverse = HA_REVERSE_REQUIRED;
	bench_start(&b);
	REFUSED(MIP4_HA_REVERSE_MANDATORY, R_RRQ_REVERSE, 0);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_T), ACCEPTED);
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED);
	bench_fini(&b);

	bench_init(&b, false);
	b.conf->v4.reverse = HA_REVERSE_OFF;
	bench_start(&b);
	REFUSED(MIP4_HA_NO_REVERSE, R_RRQ_REVERSE, .flags = MIP4_D | MIP4_T);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_fini(&b);
}

static void vendor_extensions(void **state)
{
	(void)state;
	struct bench b;
	const struct mip4_exts critical = {.n_vendor = 1, .vendor = {{.is_critical = true, .enterprise = 9, .type = 7}}},
			       normal = {.n_vendor = 1, .vendor = {{.enterprise = 9, .type = 7}}};
	bench_init(&b, false);
	bench_start(&b);
	REFUSED(MIP4_HA_MN_VENDOR, R_RRQ_VENDOR, .ext = critical);
	REFUSED(MIP4_HA_FA_VENDOR, R_RRQ_VENDOR, .has_no_flags = true, .coa = &t_other_fa, .fa_ext = critical);
	assert_int_equal(SEND(.ext = normal), ACCEPTED);
	bench_fini(&b);
}

static void no_room(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 second = V4(10, 1, 0, 101);
	bench_init(&b, false);
	b.conf->bindings_max = 1;
	(void)bench_mobile(&b, &second, 128, "mn1");
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	REFUSED(MIP4_HA_NO_RESOURCES, R_LIMIT_BINDINGS, .hoa = &second);
	assert_int_equal(SEND(0), ACCEPTED); /* who has a place keeps it */
	bench_fini(&b);
}

/* RFC 4721: MN-AAA where we have the key, and the challenge handed back. */
static void aaa_and_challenge(void **state)
{
	(void)state;
	struct bench b;
	const struct mip4_exts challenge = {.has_challenge = true, .challenge = {.p = (const uint8_t *)"12345678", .len_oct = 8}};
	bench_init(&b, false);
	strcpy(b.conf->mobile[0].aaa_key, "aaa");
	bench_start(&b);
	assert_int_equal(SEND(.has_no_auth = true, .has_aaa = true), ACCEPTED);
	assert_true(bench_is_signed(&b, T_KEY_MN, MIP4_MH));
	REFUSED(MIP4_HA_AAA_AUTH, R_RRQ_AAA_AUTH, .has_aaa = true, .has_bad_aaa = true);
	REFUSED(MIP4_HA_AAA_AUTH, R_RRQ_AAA_AUTH, .has_no_auth = true, .has_aaa = true, .has_bad_aaa = true);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa, .has_fh = true, .ext = challenge), ACCEPTED);
	assert_true(b.re.m.ext.has_challenge && b.re.m.ext.challenge.off > b.re.m.ext.auth[MIP4_MH].off);
	assert_true(mip4_is_covered(&b.re.m.ext, b.re.m.ext.challenge.off, MIP4_FH));
	bench_fini(&b);
}

/* Everything that a mobile's own requests can make is limited, per mobile; what strangers make, per source. */
static void refusals_are_limited(void **state)
{
	(void)state;
	struct bench b;
	int answers = 0;
	bench_init(&b, false);
	b.conf->rate = 5;
	bench_start(&b);
	for (int i = 0; i < 50; i++)
		answers += SEND(.has_bad_auth = true) >= 0;
	assert_true(answers >= 5 && answers <= 6);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(SEND(.flags = MIP4_D | 1), MIP4_HA_POOR_REQUEST);
	bench_fini(&b);
}

/* Memory that runs out at any point: refused or not answered, and nothing lost. */
static void memory_runs_out(void **state)
{
	(void)state;
	for (long left = 0; left < 12; left++) {
		struct bench b;
		bench_init(&b, false);
		bench_start(&b);
		kit_clear(&b.k);
		b.k.heap.left = left;
		int code = SEND(.flags = MIP4_D | MIP4_S);
		assert_true(code == ACCEPTED || code == MIP4_HA_NO_RESOURCES || code == -1);
		code = SEND(.flags = MIP4_D | MIP4_S, .coa = &t_coa2);
		assert_true(code == ACCEPTED || code == MIP4_HA_NO_RESOURCES || code == -1);
		b.k.heap.left = -1;
		assert_int_equal(SEND(.flags = MIP4_D | MIP4_S, .coa = &t_coa2), ACCEPTED);
		bench_fini(&b);
	}
}

static void every_truncation_and_flip_is_harmless(void **state)
{
	(void)state;
	struct bench b;
	struct request u = {.has_no_flags = true, .coa = &t_fa, .has_fh = true, .nai = "mn1@home", .hoa = &t_hoa};
	uint8_t pkt[1500];
	bench_init(&b, false);
	bench_start(&b);
	size_t n = bench_request(&b, &u, pkt, sizeof pkt);
	for (size_t cut = 0; cut < n; cut++)
		assert_true(bench_send_raw(&b, pkt, cut, T_UP_IF) != ACCEPTED);
	for (size_t at = 28; at < n; at++) { /* behind the UDP header, its checksum off */
		uint8_t copy[1500];
		memcpy(copy, pkt, n);
		copy[26] = copy[27] = 0;
		copy[at] ^= 0x40;
		assert_true(bench_send_raw(&b, copy, n, T_UP_IF) != ACCEPTED);
		assert_int_equal(kit_n_fx(&b.k, FX_STORE_PUT), 0);
	}
	assert_int_equal(bench_send_raw(&b, pkt, n, T_UP_IF), ACCEPTED);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_makes_a_binding),
		cmocka_unit_test(ports_are_turned_round),
		cmocka_unit_test(lifetimes),
		cmocka_unit_test(strangers_hear_nothing),
		cmocka_unit_test(forgers_are_refused),
		cmocka_unit_test(a_wrong_checksum_is_silent),
		cmocka_unit_test(timestamps),
		cmocka_unit_test(replays_change_nothing),
		cmocka_unit_test(nonces),
		cmocka_unit_test(foreign_agents_with_a_key),
		cmocka_unit_test(two_authentications_of_a_foreign_agent_are_none),
		cmocka_unit_test(home_agents_are_found),
		cmocka_unit_test(the_broadcast_address_is_listened_to),
		cmocka_unit_test(poorly_formed_requests),
		cmocka_unit_test(what_cannot_be_had),
		cmocka_unit_test(encapsulations),
		cmocka_unit_test(reverse_tunnels),
		cmocka_unit_test(vendor_extensions),
		cmocka_unit_test(no_room),
		cmocka_unit_test(aaa_and_challenge),
		cmocka_unit_test(refusals_are_limited),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(every_truncation_and_flip_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
