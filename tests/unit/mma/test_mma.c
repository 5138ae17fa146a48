/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agent: registration (H-10), the group and who may have it (H-3, H-4), what reaches the datapath
 * (H-1, H-2, H-13), links (H-23), lifetime, restart; each refusal is counted and changes nothing. */
#include "../kit/rig.h"

#include "base/err.h"
#include "plat/crypto_openssl.h"
#include "role/mma/mma_i.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"

enum { CORE = 2, D1 = 3, D2 = 4 };
#define SERVICE "2001:db8:2::1"
#define HOA "2001:db8:1::100"
#define HOA2 "2001:db8:1::200"
#define HA "2001:db8:1::1"
#define ONLINK "2001:db8:2:11::100"
#define GROUP "ff35::200:ff:fe00:100"
#define GROUP2 "ff35::200:ff:fe00:200"

static struct rig rig;
static struct mma_conf conf;

/* What a mobile says; a test changes one thing of it. */
struct update {
	struct addr6 src, hoa;
	bool has_hao;
	const struct sa_key *key;      /* NULL: no authentication */
	uint32_t spi;
	uint64_t stamp;                /* 0: none */
	struct mh mh;
};

static uint16_t next_seq;

static struct update update(const char *hoa)
{
	struct update u = {.src = rig_addr(ONLINK), .hoa = rig_addr(hoa), .has_hao = true, .key = &rig.key[0], .spi = 256};
	u.stamp = mh_ntp_of_wall(rig.now.wall);
	u.mh.type = MH_BU;
	u.mh.bu = (struct mh_bu){.seq = ++next_seq, .flags = BU_A | BU_M, .lifetime_s = 400};
	u.mh.opt.rc.has_mcoa = true;
	u.mh.opt.rc.mcoa = (struct rc_mcoa){rig_addr(strcmp(hoa, HOA) ? GROUP2 : GROUP), rig_addr(SERVICE)};
	u.mh.opt.rc.has_reg = true;
	u.mh.opt.rc.reg.ha = rig_addr(HA);
	return u;
}

static size_t build(struct update *u, uint8_t buf[static 1280])
{
	struct addr6 agent = rig_addr(SERVICE), coa = u->mh.opt.has_alt_coa ? u->mh.opt.alt_coa : u->src;
	struct mh_built built;
	u->mh.opt.has_auth = u->key != NULL;
	u->mh.opt.auth.spi = u->spi;
	u->mh.opt.has_mesg_id = u->stamp != 0;
	u->mh.opt.mesg_id = u->stamp;
	size_t n = bu_packet_build(buf, 1280, &u->src, &agent, u->has_hao ? &u->hoa : NULL, &u->mh, &built);
	assert_true(n > 0);
	if (u->key)
		sa_sign(u->key, &crypto_openssl, &coa, &u->hoa, &built, buf);
	else
		mh_packet_finish(&built, buf);
	return n;
}

/* Send it; the clock moves on a little, so that the next timestamp is newer. */
static void say(struct update *u)
{
	uint8_t buf[1280];
	size_t n = build(u, buf);
	assert_true(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	rig_run(&rig, span_ms(10));
}

/* The nth Mobility Header sent (queries on the links are sent too), or false. */
static bool find_answer(uint32_t nth, struct mh_packet *p)
{
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		if (mh_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, p) == W_OK && nth-- == 0)
			return true;
	return false;
}

static struct mh_packet answer(uint32_t nth)
{
	struct mh_packet p;
	assert_true(find_answer(nth, &p));
	assert_int_equal(p.mh.type, MH_BA);
	return p;
}

static uint32_t n_answers(void)
{
	struct mh_packet p;
	uint32_t n = 0;
	while (find_answer(n, &p))
		n++;
	return n;
}

static struct addr6 assigned(const struct mh_packet *p)
{
	assert_int_equal(p->mh.ba.status, BA_ACCEPTED);
	assert_true(p->mh.opt.rc.has_acoa);
	return p->mh.opt.rc.acoa.coa;
}

static void make_conf(void)
{
	memset(&conf, 0, sizeof conf);
	conf.address = rig_addr(SERVICE);
	memcpy(conf.site, "foreign", 8);
	memcpy(conf.upstream[conf.n_upstream++], "core0", 6);
	memcpy(conf.downstream[conf.n_downstream++], "d1", 3);
	memcpy(conf.downstream[conf.n_downstream++], "d2", 3);
	conf.coa_prefix = rig_prefix("2001:db8:2:ff::/64");
	conf.group_prefix = rig_prefix("ff35::/64");
	conf.access_prefix[conf.n_access_prefix++] = rig_prefix("2001:db8:2:10::/60");
	conf.lifetime_max = span_s(600);
	conf.forward_max = span_s(60);
	conf.time_window = span_ms(7000);
	conf.bindings_max = 1000;
	conf.forwardings_max = 100;
	conf.forward_ring = span_ms(200);
	conf.peer[conf.n_peer++] = (struct mma_peer_conf){rig_addr("2001:db8:3::1"), "other"};
	conf.refusal_rate = 10;
	conf.robustness = 2;
	conf.query_interval = span_s(30);
	conf.query_response = span_s(2);
	conf.mobile[conf.n_mobile++] = (struct mma_mobile_conf){.home = {rig_addr(HOA), 128}, .key = "mn1"};
	conf.mobile[conf.n_mobile++] = (struct mma_mobile_conf){.home = rig_prefix("2001:db8:1::/64"), .key = "mn1"};
}

static void start(void)
{
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_OK);
	rig_link(&rig, CORE, "core0", "02:00:00:00:00:02", true);
	rig_link(&rig, D1, "d1", "02:00:00:00:00:03", true);
	rig_link(&rig, D2, "d2", "02:00:00:00:00:04", true);
}

static int setup_idle(void **state)
{
	(void)state;
	rig_init(&rig, 4);
	rig_add_key(&rig, "mn1", 256, "a key of some length");
	rig_add_key(&rig, "other", 256, "not that key at all!");
	make_conf();
	next_seq = 100;
	return 0;
}

static int setup(void **state)
{
	setup_idle(state);
	start();
	rig_clear(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

static struct addr6 register_mobile(const char *hoa)
{
	struct update u = update(hoa);
	rig_clear(&rig);
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p);
	rig_clear(&rig);
	return coa;
}

static const struct mma *mma(void) { return rig.self; }

/* --- registration ------------------------------------------------------------------------------------------- */

static void a_registration_is_acknowledged_with_a_care_of_address(void **state)
{
	(void)state;
	struct update u = update(HOA);
	struct addr6 service = rig_addr(SERVICE);
	say(&u);
	assert_int_equal(rig_count(&rig, FX_SEND), 1);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p);
	assert_true(addr6_eq(&p.src, &service) && addr6_eq(&p.dst, &u.src));
	assert_true(p.has_rh2 && addr6_eq(&p.rh2, &u.hoa));
	assert_true(prefix6_contains(&conf.coa_prefix, &coa));
	assert_int_equal(p.mh.ba.seq, u.mh.bu.seq);
	assert_int_equal(p.mh.ba.lifetime_s, 400);
	assert_int_equal(p.mh.opt.rc.acoa.lifetime_s, 400);
	assert_int_equal(p.mh.opt.rc.acoa.n_prefix, 1);
	assert_true(prefix6_eq(&p.mh.opt.rc.acoa.prefix[0], &conf.access_prefix[0]));
	assert_true(sa_verify(&rig.key[0], &crypto_openssl, &u.src, &u.hoa, &p));
	assert_true(p.mh.opt.has_mesg_id && p.mh.opt.mesg_id == u.stamp);
	assert_int_equal(rig_effect(&rig, FX_SEND, 0)->send.ifindex, 0);
	assert_int_equal(rig_effect(&rig, FX_STORE_PUT, 0)->store.table, STORE_BINDING_MMA);
}

static void the_datapath_learns_both_directions(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.opt.rc.reg.prev_mma = rig_addr("2001:db8:3::1");
	mono_t from = rig.now.mono;
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p), service = rig_addr(SERVICE), ha = rig_addr(HA), group = rig_addr(GROUP);
	const struct dp_coa *c = &rig_dp(&rig, FX_DP_PUT, DP_COA, 0)->coa;
	assert_true(addr6_eq(&c->coa, &coa) && addr6_eq(&c->home_address, &u.hoa) && addr6_eq(&c->group, &group));
	assert_true(addr6_eq(&c->source, &service) && addr6_eq(&c->ha, &ha));
	assert_true(addr6_eq(&c->prev, &u.mh.opt.rc.reg.prev_mma));
	assert_int_equal(c->prev_until.ns - from.ns, 60 * NS_PER_S);
	assert_int_equal(c->expires.ns - from.ns, 400 * NS_PER_S);
	uint32_t key = sa_uplink_key(&rig.key[0], &crypto_openssl, &u.hoa, u.stamp);
	for (uint32_t i = 0; i < 2; i++) { /* the home address and the assigned one as inner source */
		const struct dp_uplink_in *in = &rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, i)->uplink_in;
		assert_true(addr6_eq(&in->inner_src, i ? &coa : &u.hoa));
		assert_true(addr6_eq(&in->coa, &coa) && addr6_eq(&in->ha, &ha));
		assert_int_equal(in->gre_key, key);
		assert_int_equal(in->gre_key_prev, key);
		assert_true(addr6_is_any(&in->bound));
	}
}

static void a_refresh_keeps_the_address_and_the_old_key_for_a_while(void **state)
{
	(void)state;
	struct addr6 coa = register_mobile(HOA);
	uint32_t key1, key2;
	rig_run(&rig, span_s(100));
	struct update u = update(HOA);
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 again = assigned(&p);
	assert_true(addr6_eq(&again, &coa));
	const struct dp_uplink_in *in = &rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in;
	key1 = in->gre_key;
	uint32_t first = in->gre_key_prev;
	assert_int_not_equal(key1, first);
	rig_clear(&rig);
	rig_run(&rig, span_ms(1000)); /* sent again, its acknowledgement lost: the mobile still uses the first key */
	u = update(HOA);
	say(&u);
	in = &rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in;
	key2 = in->gre_key;
	assert_int_not_equal(key2, key1);
	assert_int_equal(in->gre_key_prev, first);
	assert_int_equal(mma()->n_active, 1);
}

static void the_uplink_can_be_bound_to_an_address(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.opt.rc.reg.flags = RC_REG_UPLINK_BOUND;
	say(&u);
	assert_true(addr6_eq(&rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 1)->uplink_in.bound, &u.src));
}

static void lifetime_is_limited(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.bu.lifetime_s = 100000;
	say(&u);
	assert_int_equal(answer(0).mh.ba.lifetime_s, 600);
}

static void mobiles_have_addresses_of_their_own(void **state)
{
	(void)state;
	struct addr6 a = register_mobile(HOA), b = register_mobile(HOA2); /* the second by its prefix's key */
	assert_false(addr6_eq(&a, &b));
	assert_int_equal(mma()->n_active, 2);
}

/* --- refusals -------------------------------------------------------------------------------------------------- */

/* Refused for this reason with this status (0: not answered), and nothing else happened. */
static void expect_refusal(struct update *u, enum reason why, uint8_t status)
{
	uint32_t n_bindings = bindings_count(&mma()->bindings), n_active = mma()->n_active;
	uint64_t before = rig.count.n[why];
	rig_clear(&rig);
	say(u);
	assert_int_equal(rig.count.n[why], before + 1);
	assert_int_equal(n_answers(), status != 0);
	if (status)
		assert_int_equal(answer(0).mh.ba.status, status);
	assert_int_equal(rig_count(&rig, FX_DP_PUT), 0);
	assert_int_equal(rig_count(&rig, FX_DP_DEL), 0);
	assert_int_equal(rig_count(&rig, FX_STORE_PUT), 0);
	assert_int_equal(bindings_count(&mma()->bindings), n_bindings);
	assert_int_equal(mma()->n_active, n_active);
}

static void who_it_is_must_be_proven(void **state)
{
	(void)state;
	struct update u = update("2001:db8:9::1");
	expect_refusal(&u, R_BU_UNKNOWN_MOBILE, BA_PROHIBITED);
	assert_false(answer(0).mh.opt.has_auth);
	u = update(HOA);
	u.key = NULL;
	expect_refusal(&u, R_AUTH_MISSING, 0);
	u = update(HOA);
	u.spi = 257;
	expect_refusal(&u, R_AUTH_SPI_UNKNOWN, BA_PROHIBITED);
	u = update(HOA);
	u.key = &rig.key[1];
	expect_refusal(&u, R_AUTH_BAD, BA_AUTH_FAIL);
	struct mh_packet p = answer(0);
	assert_true(sa_verify(&rig.key[0], &crypto_openssl, &u.src, &u.hoa, &p));
}

static void replays_are_refused(void **state)
{
	(void)state;
	struct update u = update(HOA), old = u;
	u.stamp = 0;
	expect_refusal(&u, R_REPLAY_MISSING, BA_MESG_ID_REQUIRED);
	u = update(HOA);
	u.stamp = mh_ntp_of_wall(wall_add(rig.now.wall, span_ms(7100)));
	expect_refusal(&u, R_REPLAY_TIME, BA_ID_MISMATCH);
	wall_t told = mh_wall_of_ntp(answer(0).mh.opt.mesg_id, rig.now.wall); /* our seconds, for the mobile to follow */
	assert_true(llabs(wall_sub(told, rig.now.wall).ns) < NS_PER_S);
	register_mobile(HOA);
	uint16_t accepted = next_seq;
	u = old;
	u.mh.bu.seq = ++next_seq;
	expect_refusal(&u, R_REPLAY_OLD, BA_ID_MISMATCH);
	u = update(HOA);
	u.mh.bu.seq = accepted;
	expect_refusal(&u, R_BU_SEQ_OLD, BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(answer(0).mh.ba.seq, accepted);
}

static void form_must_be_right(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.has_hao = false;
	u.src = u.hoa;
	expect_refusal(&u, R_BU_NO_HOME_ADDRESS, 0);
	u = update(HOA);
	u.src = rig_addr("fe80::1");
	expect_refusal(&u, R_BU_COA_INVALID, 0);
	u = update(HOA);
	u.mh.opt.has_alt_coa = true;
	u.mh.opt.alt_coa = rig_addr("2001:db8:2:12::1");
	expect_refusal(&u, R_BU_ALT_COA, BA_INVALID_COA);
	u = update(HOA);
	u.mh.opt.rc.has_mcoa = false; /* an RFC 5380 mobile */
	expect_refusal(&u, R_MMA_NOT_OUR_OPTION, BA_PROHIBITED);
	u = update(HOA);
	u.src = rig_addr("2001:db8:7::1");
	expect_refusal(&u, R_MMA_NOT_ON_SITE, BA_PROHIBITED);
}

static void the_group_must_be_the_mobiles_own(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.opt.rc.mcoa.group = rig_addr("ff35:0:0:1::1");
	expect_refusal(&u, R_MMA_GROUP_FOREIGN, BA_PROHIBITED);
	u = update(HOA);
	u.mh.opt.rc.mcoa.source = rig_addr("2001:db8:3::1");
	expect_refusal(&u, R_MMA_GROUP_FOREIGN, BA_PROHIBITED);
	register_mobile(HOA);
	u = update(HOA2);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP);
	expect_refusal(&u, R_MMA_GROUP_TAKEN, BA_GROUP_TAKEN);
	register_mobile(HOA2); /* with the next one */
	u = update(HOA);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP2);
	expect_refusal(&u, R_MMA_GROUP_TAKEN, BA_GROUP_TAKEN);
}

static void a_mobile_may_change_its_group(void **state)
{
	(void)state;
	struct addr6 coa = register_mobile(HOA);
	struct update u = update(HOA);
	u.mh.opt.rc.mcoa.group = rig_addr("ff35::77");
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 same = assigned(&p);
	assert_true(addr6_eq(&same, &coa));
	u = update(HOA2);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP); /* free again */
	rig_clear(&rig);
	say(&u);
	assert_int_equal(answer(0).mh.ba.status, BA_ACCEPTED);
}

static void the_home_agent_must_be_named_and_allowed(void **state)
{
	(void)state;
	conf.mobile[0].home_agent = rig_addr(HA);
	start();
	struct update u = update(HOA);
	u.mh.opt.rc.has_reg = false;
	expect_refusal(&u, R_MMA_HOME_AGENT, BA_PROHIBITED);
	u = update(HOA);
	u.mh.opt.rc.reg.ha = rig_addr("2001:db8:bad::1");
	expect_refusal(&u, R_MMA_HOME_AGENT, BA_PROHIBITED);
	register_mobile(HOA);
}

static void pool_and_table_have_ends(void **state)
{
	(void)state;
	conf.coa_prefix = rig_prefix("2001:db8:2:ff::/126"); /* three addresses */
	conf.bindings_max = 4;
	start();
	struct update u;
	for (int i = 0; i < 3; i++) {
		u = update(HOA2);
		u.hoa.b[15] = (uint8_t)i;
		u.mh.opt.rc.mcoa.group.b[15] = (uint8_t)i;
		rig_clear(&rig);
		say(&u);
		assert_int_equal(answer(0).mh.ba.status, BA_ACCEPTED);
	}
	u = update(HOA);
	expect_refusal(&u, R_MMA_POOL_EMPTY, BA_NO_RESOURCES);
}

static void the_table_is_bounded(void **state)
{
	(void)state;
	conf.bindings_max = 1;
	start();
	register_mobile(HOA);
	struct update u = update(HOA2);
	expect_refusal(&u, R_LIMIT_BINDINGS, BA_NO_RESOURCES);
}

static void refusals_are_limited_by_source(void **state)
{
	(void)state;
	uint8_t buf[1280];
	for (int i = 0; i < 50; i++) {
		struct update u = update(HOA);
		u.key = &rig.key[1];
		size_t n = build(&u, buf);
		assert_true(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	}
	assert_int_equal(rig_count(&rig, FX_SEND), 10);
	assert_int_equal(rig.count.n[R_LIMIT_RATE], 40);
	assert_int_equal(rig.count.n[R_AUTH_BAD], 50);
	register_mobile(HOA); /* the true one is not kept out, even from that address */
}

static void broken_messages_change_nothing(void **state)
{
	(void)state;
	uint8_t buf[1280], cut[1280];
	struct update u = update(HOA);
	size_t n = build(&u, buf);
	for (size_t len = 0; len < n; len++) {
		struct rx rx = {.ifindex = D1, .pkt = memcpy(cut, buf, n), .len_oct = len};
		mma_role.rx(rig.self, &rx, rig.now);
	}
	for (size_t i = 0; i < n * 8; i++) { /* each bit turned over */
		memcpy(cut, buf, n);
		cut[i / 8] ^= (uint8_t)(1 << i % 8);
		struct rx rx = {.ifindex = D1, .pkt = cut, .len_oct = n};
		mma_role.rx(rig.self, &rx, rig.now);
		/* Traffic class, flow label, hop limit and padding are covered by nothing, and matter to nobody. */
		if (mma()->n_active) {
			assert_true(i / 8 < 4 || i / 8 == 7 || (i / 8 >= 42 && i / 8 < 46));
			assert_int_equal(mma_role.ctl(rig.self, &(struct ctl_cmd){2, (const char *const[]){"drop", HOA}}, rig.now,
						      &(const char *){NULL}), ERR_OK);
			rig_run(&rig, span_ms(1));
			u = update(HOA);
			n = build(&u, buf);
		}
	}
	assert_int_equal(bindings_count(&mma()->bindings), 1);
}

static void other_peoples_messages_are_left_to_others(void **state)
{
	(void)state;
	uint8_t buf[1280];
	struct update u = update(HOA);
	u.mh.bu.flags = BU_A | BU_H;
	size_t n = build(&u, buf);
	assert_false(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	u = update(HOA);
	n = build(&u, buf);
	conf.address = rig_addr("2001:db8:2::2");
	start(); /* another agent */
	assert_false(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	assert_int_equal(mma()->n_active, 0);
}

/* --- ends ----------------------------------------------------------------------------------------------------- */

static void deregister(bool from_home)
{
	struct update u = update(HOA);
	u.mh.bu.lifetime_s = 0;
	u.mh.opt.rc.has_mcoa = u.mh.opt.rc.has_reg = false;
	if (from_home) {
		u.has_hao = false;
		u.src = u.hoa;
	}
	rig_clear(&rig);
	say(&u);
	struct mh_packet p = answer(0);
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(p.mh.ba.lifetime_s, 0);
	assert_int_equal(p.has_rh2, !from_home);
}

static void a_released_address_rests(void **state)
{
	(void)state;
	conf.coa_prefix = rig_prefix("2001:db8:2:ff::/126");
	start();
	struct addr6 coa = register_mobile(HOA);
	deregister(false);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_COA, 0));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_UPLINK_IN, 1));
	assert_int_equal(mma()->n_active, 0);
	deregister(true); /* again, the answer was lost: acknowledged again */
	register_mobile(HOA2);
	struct update u = update("2001:db8:1::300");
	u.mh.opt.rc.mcoa.group = rig_addr("ff35::300");
	say(&u);
	u = update("2001:db8:1::400"); /* two in use, one rests: nobody else gets it */
	u.mh.opt.rc.mcoa.group = rig_addr("ff35::400");
	expect_refusal(&u, R_MMA_POOL_EMPTY, BA_NO_RESOURCES);
	struct addr6 again = register_mobile(HOA); /* but it does itself */
	assert_true(addr6_eq(&again, &coa));
	deregister(false);
	rig_run(&rig, span_s(601));
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
	rig_run(&rig, span_s(400)); /* the others' lifetime, and their rest */
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 3);
}

static void deregistration_without_a_binding_is_refused(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.bu.lifetime_s = 0;
	expect_refusal(&u, R_BU_NO_BINDING, BA_NOT_HOME_AGENT);
}

static void lifetime_ends_a_binding(void **state)
{
	(void)state;
	register_mobile(HOA);
	rig_run(&rig, span_s(399));
	assert_int_equal(mma()->n_active, 1);
	rig_run(&rig, span_s(1));
	assert_int_equal(mma()->n_active, 0);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_COA, 0));
	struct update u = update(HOA2);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP); /* the group is free at once */
	say(&u);
	assert_int_equal(mma()->n_active, 1);
}

static void the_operator_can_drop_a_binding(void **state)
{
	(void)state;
	const char *msg = NULL;
	const struct ctl_cmd drop = {2, (const char *const[]){"drop", HOA}}, other = {1, (const char *const[]){"handover"}};
	assert_int_equal(mma_role.ctl(rig.self, &drop, rig.now, &msg), ERR_NOTFOUND);
	register_mobile(HOA);
	assert_int_equal(mma_role.ctl(rig.self, &other, rig.now, &msg), ERR_NOTFOUND);
	assert_int_equal(mma_role.ctl(rig.self, &drop, rig.now, &msg), ERR_OK);
	assert_int_equal(mma()->n_active, 0);
}

/* --- restart ---------------------------------------------------------------------------------------------------- */

static void bindings_survive_a_restart(void **state)
{
	(void)state;
	struct update u = update(HOA);
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p);
	uint32_t seq = rig_dp(&rig, FX_DP_PUT, DP_COA, 0)->coa.seq_start, key = rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in.gre_key;
	const struct effect *e = rig_effect(&rig, FX_STORE_PUT, 0);
	uint8_t rec[512];
	memcpy(rec, effq_bytes(&rig.fx, e->store.off), e->store.key_len_oct + e->store.val_len_oct);
	const struct store_rec r = {STORE_BINDING_MMA, rec, rec + e->store.key_len_oct, e->store.key_len_oct, e->store.val_len_oct};
	rig_clear(&rig);
	rig.now.mono.ns = 5 * NS_PER_S; /* the machine too */
	rig.now.wall = wall_add(rig.now.wall, span_s(90));
	start();
	assert_int_equal(mma_role.restore(rig.self, &r, rig.now), ERR_OK);
	mma_role.restored(rig.self, rig.now);
	const struct dp_coa *c = &rig_dp(&rig, FX_DP_PUT, DP_COA, 0)->coa;
	assert_true(addr6_eq(&c->coa, &coa));
	assert_in_range((c->expires.ns - rig.now.mono.ns) / NS_PER_MS, 309000, 310000);
	assert_true((int32_t)(c->seq_start - seq) > 1000000); /* goes on above */
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in.gre_key, key);
	expect_refusal(&u, R_REPLAY_TIME, BA_ID_MISMATCH);
	struct addr6 again = register_mobile(HOA);
	assert_true(addr6_eq(&again, &coa));
	struct store_rec bad = r;
	bad.val_len_oct = 20;
	assert_int_equal(mma_role.restore(rig.self, &bad, rig.now), ERR_INVAL);
}

static void stop_takes_everything_back(void **state)
{
	(void)state;
	register_mobile(HOA);
	mma_role.stop(rig.self, rig.now);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_COA, 0));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_UPLINK_IN, 1));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_LOCAL, 0));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_SITE_PREFIX, 0));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_IF, 2));
	assert_int_equal(rig_count(&rig, FX_ADDR_DEL), 1);
	assert_int_equal(rig_count(&rig, FX_ROUTE_DEL), 1);
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 0); /* a restart finds the bindings */
}

/* --- the site ---------------------------------------------------------------------------------------------------- */

static void the_site_is_declared(void **state)
{
	(void)state;
	start();
	struct addr6 service = rig_addr(SERVICE);
	const struct fx_addr *a = &rig_effect(&rig, FX_ADDR_ADD, 0)->addr;
	assert_true(a->ifindex == IFINDEX_ROAM0 && addr6_eq(&a->addr, &service) && a->plen_bits == 128);
	assert_true(prefix6_eq(&rig_effect(&rig, FX_ROUTE_PUT, 0)->route.dst, &conf.coa_prefix));
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_LOCAL, 0)->local.flags, DP_LOCAL_MH | DP_LOCAL_MMA);
	assert_true(prefix6_eq(&rig_dp(&rig, FX_DP_PUT, DP_SITE_PREFIX, 0)->site_prefix.prefix, &conf.access_prefix[0]));
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_IF, 0)->iface.flags, DP_IF_UPSTREAM);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_IF, 1)->iface.flags, DP_IF_DOWNSTREAM);
}

static void report(uint32_t ifindex, enum mld_rec_type type)
{
	uint8_t buf[128];
	struct addr6 src = rig_addr("fe80::a"), g = rig_addr(GROUP), s = rig_addr(SERVICE);
	size_t n = mld2_state_packet_build(buf, sizeof buf, &src, type, &g, &s);
	bool is_ours = rig_rx(&rig, ifindex, "02:00:00:00:0a:01", buf, n);
	assert_int_equal(is_ours, ifindex != CORE);
}

/* H-1, H-11: a handover is for the agent a change of outgoing links, and nothing is sent. */
static void reports_set_the_outgoing_links(void **state)
{
	(void)state;
	register_mobile(HOA);
	report(D1, MLD_ALLOW);
	const struct dp_mfc *f = &rig_dp(&rig, FX_DP_PUT, DP_MFC, 0)->mfc;
	assert_int_equal(f->iif, 0);
	assert_int_equal(f->n_oif, 1);
	assert_int_equal(f->oif[0], D1);
	report(D2, MLD_ALLOW);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_MFC, 1)->mfc.n_oif, 2);
	report(D1, MLD_BLOCK);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_MFC, 2)->mfc.oif[0], D2);
	report(D2, MLD_BLOCK);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

/* H-23: no join is heard from the backbone, none is sent there, nor any query. */
static void the_backbone_sees_no_multicast(void **state)
{
	(void)state;
	start();
	report(CORE, MLD_ALLOW);
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0));
	rig_run(&rig, span_s(100));
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		assert_int_not_equal(e->send.ifindex, CORE);
	assert_int_equal(rig_count(&rig, FX_JOIN), 0);
}

static void without_memory_a_registration_changes_nothing(void **state)
{
	(void)state;
	uint8_t buf[1280];
	for (int i = 0; i < 30; i++) {
		struct update u = update(HOA);
		size_t n = build(&u, buf);
		rig_clear(&rig);
		rig.fail_in = i;
		rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n);
		bool is_done = rig.fail_in >= 0;
		rig.fail_in = -1;
		rig_run(&rig, span_ms(10));
		if (mma()->n_active) { /* what failed was an effect's room: the mobile asks again */
			assert_true(is_done || rig.fx.lost);
			return;
		}
		assert_false(is_done);
		assert_int_equal(bindings_count(&mma()->bindings), 0);
	}
	fail_msg("never registered");
}

static void wrong_configurations_are_refused(void **state)
{
	(void)state;
	conf.coa_prefix = rig_prefix("2001:db8:2::/64"); /* holds the service address */
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_INVAL);
	make_conf();
	conf.n_access_prefix = 0;
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_INVAL);
	make_conf();
	memcpy(conf.mobile[0].key, "none", 5);
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_INVAL);
	make_conf();
	conf.group_prefix = rig_prefix("2001:db8::/64");
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_INVAL);
}

static void mobiles_can_be_reconfigured(void **state)
{
	(void)state;
	const char *remedy;
	register_mobile(HOA);
	conf.n_mobile = 1;
	conf.lifetime_max = span_s(100);
	assert_int_equal(mma_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_OK);
	assert_int_equal(mma()->n_active, 1);
	struct update u = update(HOA2);
	expect_refusal(&u, R_BU_UNKNOWN_MOBILE, BA_PROHIBITED);
	u = update(HOA);
	rig_clear(&rig);
	say(&u);
	assert_int_equal(answer(0).mh.ba.lifetime_s, 100);
	conf.address = rig_addr("2001:db8:2::9");
	assert_int_equal(mma_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_NOTSUP);
}

/* RFC 3963 */
static void networks_move_with_their_router(void **state)
{
	(void)state;
	conf.mobile[0].n_network = 1;
	conf.mobile[0].network[0] = rig_prefix("2001:db8:50::/60");
	start();
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_NET, 0);
	assert_non_null(op);
	assert_string_equal(ADDR6_STR(&op->net.home_address), HOA);
	struct update u = update(HOA);
	u.mh.bu.flags |= BU_R;
	u.mh.opt.n_prefix = 1;
	u.mh.opt.prefix[0] = rig_prefix("2001:db8:60::/64");
	expect_refusal(&u, R_NET_NOT_AUTHORISED, BA_NOT_AUTHORISED_PREFIX);
	u = update(HOA2);
	u.mh.bu.flags |= BU_R;
	expect_refusal(&u, R_NET_NOT_PERMITTED, BA_MR_NOT_PERMITTED);
	u = update(HOA);
	u.mh.bu.flags |= BU_R;
	u.mh.opt.n_prefix = 1;
	u.mh.opt.prefix[0] = rig_prefix("2001:db8:50:3::/64");
	rig_clear(&rig);
	say(&u);
	struct mh_packet p = answer(0);
	(void)assigned(&p);
	assert_int_equal(p.mh.ba.flags, BA_R);
	conf.mobile[1].n_network = 1; /* a prefix of home addresses */
	conf.mobile[1].network[0] = rig_prefix("2001:db8:60::/64");
	const char *remedy;
	assert_int_equal(mma_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_INVAL);
	conf.mobile[1].n_network = 0;
	conf.mobile[0].n_network = 0;
	rig_clear(&rig);
	assert_int_equal(mma_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_OK);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_NET, 0));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_IDLE(f) cmocka_unit_test_setup_teardown(f, setup_idle, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_registration_is_acknowledged_with_a_care_of_address), T(the_datapath_learns_both_directions),
		T(a_refresh_keeps_the_address_and_the_old_key_for_a_while), T(the_uplink_can_be_bound_to_an_address), T(lifetime_is_limited),
		T(mobiles_have_addresses_of_their_own), T(who_it_is_must_be_proven), T(replays_are_refused), T(form_must_be_right),
		T(the_group_must_be_the_mobiles_own), T(a_mobile_may_change_its_group),
		T_IDLE(the_home_agent_must_be_named_and_allowed), T_IDLE(pool_and_table_have_ends), T_IDLE(the_table_is_bounded),
		T(refusals_are_limited_by_source), T(broken_messages_change_nothing), T(other_peoples_messages_are_left_to_others),
		T_IDLE(a_released_address_rests), T(deregistration_without_a_binding_is_refused), T(lifetime_ends_a_binding),
		T(the_operator_can_drop_a_binding), T(bindings_survive_a_restart), T(stop_takes_everything_back),
		T_IDLE(the_site_is_declared), T(reports_set_the_outgoing_links), T_IDLE(the_backbone_sees_no_multicast),
		T(without_memory_a_registration_changes_nothing), T_IDLE(wrong_configurations_are_refused),
		T(mobiles_can_be_reconfigured), T_IDLE(networks_move_with_their_router),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
