/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home agent of Mobile IPv4: simultaneous bindings and de-registration (RFC 5944 3.8.2.2), UDP tunnels (RFC 3519), home addresses by NAI
 * (RFC 2794), mobile networks (RFC 5177), what survives a restart, a mobile of both families. Requirement: H-7.
 */
#include "core/auth/pair.h"
#include "../kit/ha4_kit.h"

#define SEND(...) bench_send(&b, (struct request){__VA_ARGS__})
#define ACCEPTED MIP4_ACCEPTED
enum { SD = MIP4_S | MIP4_D };

static const struct dp_home_more *more(const struct bench *b)
{
	const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_HOME_MORE, 0);
	return op ? &op->home_more : NULL;
}

static void simultaneous_bindings(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 third = V4(10, 5, 0, 5), fourth = V4(10, 6, 0, 5), fifth = V4(10, 7, 0, 5);
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.flags = SD), ACCEPTED);
	assert_null(more(&b));
	assert_int_equal(SEND(.flags = SD | MIP4_G, .coa = &t_coa2), ACCEPTED);
	assert_true(bench_home(&b)->has_more && addr6_eq(&bench_home(&b)->coa, &t_coa2));
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_GRE_PLAIN);
	assert_int_equal(more(&b)->n, 1);
	assert_true(addr6_eq(&more(&b)->to[0].coa, &t_coa) && more(&b)->to[0].encap == DP_ENCAP_IPIP);
	assert_int_equal(SEND(.flags = SD, .coa = &third), ACCEPTED);
	assert_int_equal(SEND(.flags = SD, .coa = &fourth), ACCEPTED);
	assert_int_equal(more(&b)->n, 3);
	uint64_t before = b.k.count.n[R_RRQ_TOO_MANY];
	assert_int_equal(SEND(.flags = SD, .coa = &fifth), MIP4_HA_TOO_MANY);
	assert_int_equal(b.k.count.n[R_RRQ_TOO_MANY], before + 1);
	assert_int_equal(SEND(.flags = SD, .coa = &t_coa2), ACCEPTED); /* one that is there */
	assert_true(addr6_eq(&bench_home(&b)->coa, &t_coa2));
	assert_int_equal(more(&b)->n, 3);
	/* Only the named one ends; the others go on. */
	assert_int_equal(SEND(.is_dereg = true, .coa = &t_coa2), ACCEPTED);
	assert_int_equal(b.re.m.reply.lifetime_s, 0);
	assert_true(addr6_eq(&bench_home(&b)->coa, &fourth));
	assert_int_equal(more(&b)->n, 2);
	assert_int_equal(SEND(.is_dereg = true, .coa = &t_nobody), ACCEPTED); /* none: it is without */
	assert_null(bench_home(&b));
	/* Without S all others end. */
	assert_int_equal(SEND(0), ACCEPTED);
	assert_false(bench_home(&b)->has_more);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME_MORE, 0));
	assert_int_equal(SEND(.flags = SD, .coa = &t_coa2), ACCEPTED);
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED); /* all of them */
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME_MORE, 0));
	bench_fini(&b);
}

/* 4.2.3: when the lifetime of one is over, the others stay. */
static void each_has_its_own_lifetime(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.flags = SD, .lifetime_s = 300), ACCEPTED);
	assert_int_equal(SEND(.flags = SD, .lifetime_s = 100, .coa = &t_coa2), ACCEPTED);
	bench_wait(&b, span_s(150));
	assert_true(addr6_eq(&bench_home(&b)->coa, &t_coa));
	assert_false(bench_home(&b)->has_more);
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_int_equal(SEND(.flags = SD, .lifetime_s = 600, .coa = &t_coa2), ACCEPTED);
	bench_wait(&b, span_s(200));
	assert_true(addr6_eq(&bench_home(&b)->coa, &t_coa2));
	bench_wait(&b, span_s(500));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_fini(&b);
}

/* 3.8.3.2: code 1 where they are not supported; the bit is no ground to refuse. */
static void without_support_for_simultaneous_bindings(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	b.conf->v4.simultaneous = 1;
	bench_start(&b);
	assert_int_equal(SEND(.flags = SD), MIP4_ACCEPTED_NO_SIMULTANEOUS);
	assert_int_equal(SEND(.flags = SD, .coa = &t_coa2), MIP4_ACCEPTED_NO_SIMULTANEOUS);
	assert_null(more(&b));
	bench_fini(&b);
}

/* What was on its way from the care-of address before is taken for a moment, as in Mobile IPv6. */
static void moves_leave_a_moment(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	b.conf->reverse_grace = span_ms(1000);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(SEND(.coa = &t_coa2), ACCEPTED);
	assert_true(addr6_eq(&bench_home(&b)->prev, &t_coa));
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED);
	assert_true(addr6_eq(&bench_home(&b)->prev, &t_coa2));
	assert_int_equal(bench_home(&b)->expires.ns, 0);
	bench_wait(&b, span_s(2));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_fini(&b);
}

/* --- RFC 3519 ------------------------------------------------------------------------------------------------ */

static void behind_a_translator(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 private = V4(192, 168, 1, 7), public = V4(10, 8, 0, 1);
	const struct mip4_exts udp = {.has_udp_request = true};
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.coa = &private, .src = &public, .sport = 40001, .ext = udp), ACCEPTED);
	assert_true(b.re.m.ext.has_udp_reply);
	assert_int_equal(b.re.m.ext.udp_reply.code, 0);
	assert_int_equal(b.re.m.ext.udp_reply.keepalive_s, 110);
	assert_true(mip4_is_covered(&b.re.m.ext, b.re.m.ext.udp_reply.off, MIP4_MH));
	assert_false(b.re.m.ext.udp_reply.is_forced);
	assert_true(addr6_eq(&b.re.dst, &public) && b.re.dport == 40001);
	const struct dp_home *home = bench_home(&b);
	assert_true(home->encap == DP_ENCAP_UDP && home->udp_port == 40001 && addr6_eq(&home->coa, &public)); /* the effective one: 4.6 */
	/* The translator forgot, and shows another port. */
	assert_int_equal(SEND(.coa = &private, .src = &public, .sport = 40002, .ext = udp), ACCEPTED);
	assert_int_equal(bench_home(&b)->udp_port, 40002);
	assert_int_equal(SEND(.is_dereg = true, .coa = &private, .src = &public, .ext = udp), ACCEPTED); /* by the name that the mobile gave it */
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_false(b.re.m.ext.has_udp_reply);
	bench_fini(&b);
}

static void no_translator(void **state)
{
	(void)state;
	struct bench b;
	const struct mip4_exts udp = {.has_udp_request = true}, forced = {.has_udp_request = true, .udp_request = {.is_forced = true}};
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.ext = udp), ACCEPTED);
	assert_true(b.re.m.ext.has_udp_reply && b.re.m.ext.udp_reply.code == 64); /* declined, consistently */
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_IPIP);
	assert_int_equal(SEND(.ext = forced), ACCEPTED);
	assert_true(b.re.m.ext.udp_reply.code == 0 && b.re.m.ext.udp_reply.is_forced);
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_UDP);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_false(b.re.m.ext.has_udp_reply); /* not asked */
	bench_fini(&b);
}

static void udp_tunnels_that_cannot_be(void **state)
{
	(void)state;
	struct bench b;
	const struct mip4_exts udp = {.has_udp_request = true}, forced = {.has_udp_request = true, .udp_request = {.is_forced = true}},
			       gre = {.has_udp_request = true, .udp_request = {.encap = NH_GRE}},
			       ip = {.has_udp_request = true, .udp_request = {.encap = NH_IPV4}};
	bench_init(&b, false);
	b.conf->v4.has_udp_forced = false;
	b.conf->rate = 0;
	bench_start(&b);
	assert_int_equal(SEND(.ext = forced), MIP4_HA_PROHIBITED);
	assert_int_equal(SEND(.src = &t_nobody, .ext = gre), MIP4_HA_UDP_ENCAP);
	assert_int_equal(SEND(.src = &t_nobody, .ext = udp, .flags = MIP4_D | MIP4_G), MIP4_HA_UDP_ENCAP);
	assert_int_equal(SEND(.src = &t_nobody, .ext = ip, .flags = MIP4_D | MIP4_G), ACCEPTED);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_other_fa, .ext = udp), MIP4_HA_POOR_REQUEST); /* the mobile's, and not co-located */
	assert_int_equal(SEND(.coa = &t_coa, .fa_ext = udp), MIP4_HA_POOR_REQUEST);                      /* an agent's, and co-located */
	/* A foreign agent behind a translator, with a key: its care-of address tells which key. */
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa, .src = &t_nobody, .sport = 41000, .fa_ext = udp, .has_fh = true), ACCEPTED);
	assert_true(bench_home(&b)->udp_port == 41000 && addr6_eq(&bench_home(&b)->coa, &t_nobody));
	/* The agent's: behind the mobile's authentication, under its own. */
	const struct mip4_exts *x = &b.re.m.ext;
	assert_true(x->has_udp_reply && x->udp_reply.off > x->auth[MIP4_MH].off && mip4_is_covered(x, x->udp_reply.off, MIP4_FH));
	bench_fini(&b);

	bench_init(&b, false);
	b.conf->v4.has_udp = false;
	bench_start(&b);
	assert_int_equal(SEND(.src = &t_nobody, .ext = udp), MIP4_HA_PROHIBITED);
	assert_int_equal(SEND(.ext = udp), ACCEPTED);
	assert_int_equal(b.re.m.ext.udp_reply.code, 64);
	bench_fini(&b);
}

/* The mobile's port behind an agent's address would be known only from its first keepalive (3.1.2): declined. */
static void registration_through_an_agent_of_a_co_located_mobile(void **state)
{
	(void)state;
	struct bench b;
	const struct mip4_exts udp = {.has_udp_request = true, .udp_request = {.is_r = true, .is_forced = true}};
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.src = &t_other_fa, .ext = udp), ACCEPTED);
	assert_int_equal(b.re.m.ext.udp_reply.code, 64);
	assert_int_equal(bench_home(&b)->encap, DP_ENCAP_IPIP);
	assert_true(addr6_eq(&bench_home(&b)->coa, &t_coa));
	bench_fini(&b);
}

/* --- RFC 2794 ------------------------------------------------------------------------------------------------ */

static void addresses_by_nai(void **state)
{
	(void)state;
	struct bench b;
	struct bench_store store = {0};
	bench_init(&b, false);
	strcpy(bench_mobile(&b, NULL, 128, "mn1")->nai, "anna@home");
	strcpy(bench_mobile(&b, NULL, 128, "mn1")->nai, "otto@home");
	b.conf->v4.n_pool = 1;
	b.conf->v4.pool[0] = (struct prefix6){V4(10, 1, 0, 252), 126}; /* .252 to .255, which is the link's broadcast */
	(void)bench_mobile(&b, &(struct addr6)V4(10, 1, 0, 0), 120, "mn1"); /* others of the prefix are in nobody's way */
	bench_start(&b);
	assert_int_equal(SEND(.nai = "anna@home", .has_bad_auth = true), MIP4_HA_MN_AUTH);
	assert_int_equal(kit_n_fx(&b.k, FX_STORE_PUT), 0); /* nothing is given to who is not known */
	assert_int_equal(SEND(.nai = "anna@home"), ACCEPTED);
	bench_store_note(&store, &b);
	const struct addr6 anna = b.re.m.reply.hoa;
	assert_true(prefix6_contains(&b.conf->v4.pool[0], &anna) && !addr6_eq(&anna, &t_cast));
	assert_true(b.re.m.ext.has_nai && b.re.m.ext.nai.len_oct == 9 && memcmp(b.re.m.ext.nai.p, "anna@home", 9) == 0);
	assert_true(mip4_is_covered(&b.re.m.ext, b.re.m.ext.nai.off, MIP4_MH));
	assert_int_equal(SEND(.nai = "anna@home"), ACCEPTED);
	assert_true(addr6_eq(&b.re.m.reply.hoa, &anna));
	assert_int_equal(SEND(.hoa = &anna), ACCEPTED); /* by it alone from now on */
	assert_int_equal(SEND(.nai = "otto@home"), ACCEPTED);
	bench_store_note(&store, &b);
	const struct addr6 otto = b.re.m.reply.hoa;
	assert_false(addr6_eq(&otto, &anna));
	assert_int_equal(SEND(.nai = "otto@home", .hoa = &anna), MIP4_HA_PROHIBITED);
	assert_null(bench_home(&b));
	/* Replayed with the address still open: the same mobile, the same binding. */
	struct request u = {.nai = "anna@home", .stamp_off_ms = -500};
	bench_wait(&b, span_ms(100));
	size_t n = bench_request(&b, &u, b.sent, sizeof b.sent);
	assert_int_equal(bench_send_raw(&b, b.sent, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	/* The binding ends and the home agent starts anew: the address stays theirs. */
	assert_int_equal(SEND(.hoa = &anna, .is_dereg = true), ACCEPTED);
	bench_store_note(&store, &b);
	bench_wait(&b, span_s(100));
	bench_restart(&b, &store);
	assert_int_equal(SEND(.nai = "anna@home"), ACCEPTED);
	assert_true(addr6_eq(&b.re.m.reply.hoa, &anna));
	/* And without its store: the same again. */
	bench_restart(&b, &(struct bench_store){0});
	assert_int_equal(SEND(.nai = "anna@home"), ACCEPTED);
	assert_true(addr6_eq(&b.re.m.reply.hoa, &anna));
	bench_fini(&b);
}

static void a_pool_that_is_empty(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	strcpy(bench_mobile(&b, NULL, 128, "mn1")->nai, "anna@home");
	strcpy(bench_mobile(&b, NULL, 128, "mn1")->nai, "otto@home");
	b.conf->v4.n_pool = 1;
	b.conf->v4.pool[0] = (struct prefix6){V4(10, 1, 0, 50), 128};
	bench_start(&b);
	assert_int_equal(SEND(.nai = "anna@home"), ACCEPTED);
	assert_int_equal(SEND(.nai = "otto@home"), MIP4_HA_NO_RESOURCES);
	assert_int_equal(SEND(.nai = "otto@home", .is_dereg = true), MIP4_HA_PROHIBITED);
	assert_int_equal(SEND(.nai = "mn1@home"), ACCEPTED); /* one that has an address by its block */
	assert_true(addr6_eq(&b.re.m.reply.hoa, &t_hoa));
	bench_fini(&b);
}

static void addresses_by_nai_with_nonces(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	b.conf->v4.replay = HA_REPLAY_NONCE;
	strcpy(bench_mobile(&b, NULL, 128, "mn1")->nai, "anna@home");
	b.conf->v4.n_pool = 1;
	b.conf->v4.pool[0] = (struct prefix6){V4(10, 1, 0, 48), 124};
	bench_start(&b);
	assert_int_equal(SEND(.nai = "anna@home"), MIP4_HA_ID_MISMATCH);
	assert_int_equal(SEND(.nai = "anna@home"), ACCEPTED);
	bench_fini(&b);
}

/* --- RFC 5177 ------------------------------------------------------------------------------------------------ */

#define NET(a, b, c, d, len) {.sub = MIP4_NET_REQUEST, .len_bits = (len), .addr = V4(a, b, c, d)}

static void router(struct bench *b)
{
	struct ha_mobile_conf *m = &b->conf->mobile[0];
	bench_init(b, false);
	m = &b->conf->mobile[0];
	m->n_network = 2;
	m->network[0] = (struct prefix6){V4(10, 50, 0, 0), 112};
	m->network[1] = (struct prefix6){V4(10, 60, 1, 0), 120};
	bench_start(b);
}

static void networks_by_name(void **state)
{
	(void)state;
	struct bench b;
	router(&b);
	const struct mip4_exts two = {.n_net = 2, .net = {NET(10, 50, 1, 0, 24), NET(10, 99, 0, 0, 24)}}, one = {.n_net = 1, .net = {NET(10, 60, 1, 0, 24)}},
			       none = {.n_net = 2, .net = {NET(10, 99, 0, 0, 24), NET(10, 50, 1, 7, 24)}};
	assert_int_equal(SEND(.ext = two), ACCEPTED);
	assert_int_equal(b.re.m.ext.n_net, 2);
	assert_true(b.re.m.ext.net[0].sub == MIP4_NET_EXPLICIT && b.re.m.ext.net[0].code == MIP4_NET_OK);
	assert_int_equal(b.re.m.ext.net[1].code, MIP4_NET_UNAUTHORISED);
	const struct dp_op *op = kit_dp(&b.k, FX_DP_PUT, DP_NET, 0);
	assert_true(op && op->net.prefix.len_bits == 120 && addr6_eq(&op->net.home_address, &t_hoa));
	assert_non_null(kit_fx(&b.k, FX_ROUTE_PUT, 0));
	assert_int_equal(SEND(.ext = one), ACCEPTED); /* what is not asked for again is forwarded no more */
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_NET, 0));
	assert_int_equal(SEND(.ext = none), MIP4_HA_NET_ERROR);
	assert_int_equal(b.re.m.ext.net[0].code, MIP4_NET_UNAUTHORISED);
	assert_int_equal(b.re.m.ext.net[1].code, MIP4_NET_INVALID_LEN); /* host bits */
	assert_int_equal(SEND(.is_dereg = true, .ext = none), ACCEPTED); /* ignored when it ends */
	assert_int_equal(b.re.m.ext.n_net, 0);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_NET, 0));
	bench_fini(&b);
}

static void networks_that_are_configured(void **state)
{
	(void)state;
	struct bench b;
	router(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(b.re.m.ext.n_net, 2);
	assert_int_equal(b.re.m.ext.net[0].sub, MIP4_NET_IMPLICIT);
	assert_int_equal(b.re.m.ext.net[0].len_bits, 16);
	assert_non_null(kit_dp(&b.k, FX_DP_PUT, DP_NET, 1));
	bench_fini(&b);
}

static void hosts_have_no_networks(void **state)
{
	(void)state;
	struct bench b;
	const struct mip4_exts one = {.n_net = 1, .net = {NET(10, 60, 1, 0, 24)}};
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.ext = one), MIP4_HA_NET_DISALLOWED);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_fini(&b);
}

/* --- restart, both families --------------------------------------------------------------------------------------- */

static void bindings_survive_a_restart(void **state)
{
	(void)state;
	struct bench b;
	struct bench_store store = {0};
	router(&b);
	const struct mip4_exts udp = {.has_udp_request = true};
	assert_int_equal(SEND(.flags = SD | MIP4_T, .lifetime_s = 300), ACCEPTED);
	assert_int_equal(SEND(.flags = SD, .lifetime_s = 500, .coa = &t_coa2, .src = &t_nobody, .sport = 40000, .ext = udp), ACCEPTED);
	bench_store_note(&store, &b);
	uint8_t old[1500];
	size_t n = b.sent_oct;
	memcpy(old, b.sent, n);
	kit_advance(&b.k, span_s(100));
	bench_restart(&b, &store);
	bench_wait(&b, span_s(1));
	const struct dp_home *home = bench_home(&b);
	assert_true(home && addr6_eq(&home->coa, &t_nobody) && home->encap == DP_ENCAP_UDP && home->udp_port == 40000 && home->has_more && home->is_reverse);
	assert_true(addr6_eq(&more(&b)->to[0].coa, &t_coa));
	assert_non_null(kit_dp(&b.k, FX_DP_PUT, DP_NET, 1));
	int64_t left_s = span_to_s(mono_sub(home->expires, b.k.now.mono));
	assert_true(left_s >= 398 && left_s <= 400);
	assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	bench_wait(&b, span_s(250));
	assert_false(bench_home(&b)->has_more);
	bench_wait(&b, span_s(200));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_fini(&b);
}

/* What was accepted before the restart is old after it, also when nothing but that is left of the mobile. */
static void ended_bindings_are_remembered_over_a_restart(void **state)
{
	(void)state;
	struct bench b;
	struct bench_store store = {0};
	uint8_t old[1500];
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	size_t n = b.sent_oct;
	memcpy(old, b.sent, n);
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED);
	bench_store_note(&store, &b);
	bench_restart(&b, &store);
	assert_int_equal(bench_send_raw(&b, old, n, T_UP_IF), MIP4_HA_ID_MISMATCH);
	bench_fini(&b);
}

static void mobiles_no_longer_configured_are_dropped(void **state)
{
	(void)state;
	struct bench b;
	struct bench_store store = {0};
	const char *remedy = NULL;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_store_note(&store, &b);
	b.conf->mobile[0].home.addr = (struct addr6)V4(10, 1, 0, 102);
	kit_clear(&b.k);
	assert_int_equal(ha_role.reconf(b.ha, b.conf, b.k.now, &remedy), ERR_OK);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_restart(&b, &store);
	bench_wait(&b, span_s(1));
	assert_null(bench_home(&b));
	bench_fini(&b);
}

static void records_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	struct bench b;
	struct bench_store store = {0};
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_store_note(&store, &b);
	for (size_t cut = 1; cut < store.val_len[0]; cut++) {
		struct store_rec rec = {STORE_BINDING_HA, store.key[0], store.val[0], store.key_len[0], cut};
		assert_int_equal(ha_role.restore(b.ha, &rec, b.k.now), ERR_INVAL);
	}
	bench_fini(&b);
}

struct seen { uint32_t records, v4; char last[ADDR_STRLEN]; };
static void see_begin(void *ctx, const char *record) { ((struct seen *)ctx)->records += strcmp(record, "binding") == 0; }
static void see_str(void *ctx, const char *key, const char *val)
{
	struct seen *s = ctx;
	s->v4 += strcmp(key, "home_address") == 0 && strcmp(val, "10.1.0.100") == 0;
}
static void see_u64(void *ctx, const char *key, uint64_t val) { (void)ctx, (void)key, (void)val; }
static void see_i64(void *ctx, const char *key, int64_t val) { (void)ctx, (void)key, (void)val; }
static void see_flag(void *ctx, const char *key, bool val) { (void)ctx, (void)key, (void)val; }
static void see_real(void *ctx, const char *key, double val) { (void)ctx, (void)key, (void)val; }
static void see_end(void *ctx) { (void)ctx; }

/* One block, two home addresses, two bindings in one table; the operator sees both and drops one. */
static void a_mobile_of_both_families(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 ha6 = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}}, hoa6 = {{0x20, 1, 0xd, 0xb8, 0, 1, [14] = 1}}, coa6 = {{0x20, 1, 0xd, 0xb8, 0, 2, [15] = 5}};
	bench_init(&b, false);
	b.conf->address = ha6;
	b.conf->home_prefix[b.conf->n_home_prefix++] = (struct prefix6){{{0x20, 1, 0xd, 0xb8, 0, 1}}, 64};
	b.conf->mobile[0] = (struct ha_mobile_conf){.home = {hoa6, 128}, .home_v4 = t_hoa, .key = "mn1"};
	bench_start(&b);
	assert_int_equal(SEND(.flags = SD), ACCEPTED);
	assert_int_equal(SEND(.flags = SD, .coa = &t_coa2), ACCEPTED);
	struct mh m = {.type = MH_BU, .bu = {1, BU_A | BU_H, 400}, .opt = {.has_mesg_id = true, .mesg_id = mh_ntp_of_wall(b.k.now.wall), .has_auth = true, .auth = {.spi = 256}}};
	struct mh_built built;
	uint8_t pkt[500];
	size_t n = bu_packet_build(pkt, sizeof pkt, &coa6, &ha6, &hoa6, &m, &built);
	sa_sign(&b.k.key[T_KEY_MN], &crypto_openssl, &coa6, &hoa6, &built, pkt);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
	assert_true(addr6_eq(&bench_home(&b)->home_address, &hoa6));
	const struct show_ops ops = {see_begin, see_str, see_u64, see_i64, see_flag, see_real, see_end};
	struct seen seen = {0};
	struct show show = {&ops, &seen};
	ha_role.show(b.ha, "bindings", &show, b.k.now);
	assert_int_equal(seen.records, 3); /* a record for each care-of address */
	assert_int_equal(seen.v4, 2);
	const char *const argv[] = {"drop", "10.1.0.100"}, *msg = NULL;
	struct ctl_cmd cmd = {2, argv};
	assert_int_equal(ha_role.ctl(b.ha, &cmd, b.k.now, &msg), ERR_OK);
	seen = (struct seen){0};
	ha_role.show(b.ha, "bindings", &show, b.k.now);
	assert_int_equal(seen.records, 1);
	assert_int_equal(seen.v4, 0);
	bench_fini(&b);
}

/* An MMA of IPv4 asks for the key of a visiting mobile, and is told one that opens its site alone (decisions/lent-keys.md). */
static void keys_are_lent_over_ipv4(void **state)
{
	(void)state;
	struct bench b;
	struct mh_packet told;
	uint8_t pkt[1280], want[32], got[32];
	bench_init(&b, false);
	b.conf->n_mma = 1;
	b.conf->mma[0] = (struct ha_mma_conf){t_fa2, "fa1", "abroad"};
	b.conf->lend = span_s(1000);
	bench_start(&b);
	struct pair mma = {.address = t_ha, .key = &b.k.key[T_KEY_FA]};
	struct mh ask = {.peer = {.kind = PEER_KEY_ASK, .transaction = 7, .home_address = t_hoa}};
	kit_clear(&b.k);
	pair_send(&mma, &b.k.env, ROLE_MMA, &t_fa2, &ask, b.k.now);
	const struct effect *fx = kit_fx(&b.k, FX_SEND, 0);
	assert_non_null(fx);
	size_t n = fx->send.len_oct;
	memcpy(pkt, effq_bytes(&b.k.fx, fx->send.off), n);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_MH, T_UP_IF));
	fx = kit_fx(&b.k, FX_SEND, 0);
	assert_non_null(fx);
	memcpy(pkt, effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct);
	assert_int_equal(mh_packet_parse(pkt, fx->send.len_oct, &told), W_OK);
	assert_true(addr6_eq(&told.src, &t_ha) && addr6_eq(&told.dst, &t_fa2));
	assert_int_equal(pair_check(&mma, &b.k.env, &told, span_s(7), b.k.now), PAIR_OK);
	assert_true(told.mh.peer.kind == PEER_KEY && told.mh.peer.status == PEER_OK && told.mh.opt.rc.has_key);
	sa_derive_mma(&b.k.key[T_KEY_MN], &crypto_openssl, "abroad", want);
	pair_unmask(&mma, &b.k.env, &told, got);
	assert_memory_equal(got, want, sizeof want);
	assert_int_equal(told.mh.opt.rc.key.spi, 256);
	bench_fini(&b);
}

/* HMAC-MD5 is for Mobile IPv4 alone. */
static void weak_keys_are_refused_for_ipv6(void **state)
{
	(void)state;
	struct bench b;
	const char *remedy = NULL;
	const struct addr6 ha6 = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}}, hoa6 = {{0x20, 1, 0xd, 0xb8, 0, 1, [14] = 1}};
	bench_init(&b, false);
	sa_key_fini(&b.k.key[T_KEY_MN], &crypto_openssl);
	assert_int_equal(sa4_key_init(&b.k.key[T_KEY_MN], &crypto_openssl, "mn1", 256, MAC_HMAC_MD5, "1234567812345678", 16), ERR_OK);
	b.conf->address = ha6;
	b.conf->home_prefix[b.conf->n_home_prefix++] = (struct prefix6){{{0x20, 1, 0xd, 0xb8, 0, 1}}, 64};
	b.conf->mobile[0] = (struct ha_mobile_conf){.home = {hoa6, 128}, .home_v4 = t_hoa, .key = "mn1"};
	assert_int_equal(ha_role.init(b.ha, &b.k.env, b.conf, b.k.now, &remedy), ERR_INVAL);
	assert_non_null(remedy);
	b.conf->mobile[0] = (struct ha_mobile_conf){.home = {t_hoa, 128}, .key = "mn1"};
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simultaneous_bindings),
		cmocka_unit_test(each_has_its_own_lifetime),
		cmocka_unit_test(without_support_for_simultaneous_bindings),
		cmocka_unit_test(moves_leave_a_moment),
		cmocka_unit_test(behind_a_translator),
		cmocka_unit_test(no_translator),
		cmocka_unit_test(udp_tunnels_that_cannot_be),
		cmocka_unit_test(registration_through_an_agent_of_a_co_located_mobile),
		cmocka_unit_test(addresses_by_nai),
		cmocka_unit_test(a_pool_that_is_empty),
		cmocka_unit_test(addresses_by_nai_with_nonces),
		cmocka_unit_test(networks_by_name),
		cmocka_unit_test(networks_that_are_configured),
		cmocka_unit_test(hosts_have_no_networks),
		cmocka_unit_test(bindings_survive_a_restart),
		cmocka_unit_test(ended_bindings_are_remembered_over_a_restart),
		cmocka_unit_test(mobiles_no_longer_configured_are_dropped),
		cmocka_unit_test(records_that_make_no_sense_are_refused),
		cmocka_unit_test(a_mobile_of_both_families),
		cmocka_unit_test(keys_are_lent_over_ipv4),
		cmocka_unit_test(weak_keys_are_refused_for_ipv6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
