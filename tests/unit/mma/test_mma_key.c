/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys that home agents lend MMAs: derived, masked, limited to the home agent's own mobiles and to a time (H-10). Two engines, which talk. */
#include "../kit/rig.h"

#include "base/err.h"
#include "plat/crypto_openssl.h"
#include "role/ha/ha.h"
#include "role/mma/mma_i.h"
#include "wire/mip6/mh_packet.h"

enum { CORE = 2, D1 = 3 };
#define HOA "2001:db8:1::100"
#define HA "2001:db8:1::1"
#define MMA "2001:db8:2::1"
#define ONLINK "2001:db8:2:11::100"

static struct rig site, home;
static struct mma_conf mma_conf;
static struct ha_conf ha_conf;
static uint16_t next_seq;

static const struct mma *mma(void) { return site.self; }

static void start(void)
{
	assert_int_equal(rig_start(&site, &mma_role, &mma_conf), ERR_OK);
	rig_link(&site, D1, "d1", "02:00:00:00:00:03", true);
	assert_int_equal(rig_start(&home, &ha_role, &ha_conf), ERR_OK);
	rig_clear(&site);
	rig_clear(&home);
}

static int setup(void **state)
{
	(void)state;
	next_seq = 1;
	rig_init(&site, 1);
	rig_init(&home, 2);
	rig_add_key(&site, "ha", 5001, "what the two share..");
	rig_add_key(&home, "mma", 5001, "what the two share..");
	rig_add_key(&home, "mn1", 300, "the mobile's own key");
	rig_add_key(&home, "mma2", 5001, "of another site.....");
	memset(&mma_conf, 0, sizeof mma_conf);
	mma_conf.address = rig_addr(MMA);
	memcpy(mma_conf.downstream[mma_conf.n_downstream++], "d1", 3);
	mma_conf.coa_prefix = rig_prefix("2001:db8:2:ff::/64");
	mma_conf.access_prefix[mma_conf.n_access_prefix++] = rig_prefix("2001:db8:2:10::/60");
	mma_conf.group_prefix = rig_prefix("ff35::/64");
	mma_conf.lifetime_max = span_s(600);
	mma_conf.time_window = span_ms(7000);
	mma_conf.bindings_max = 100;
	mma_conf.forwardings_max = 100;
	mma_conf.refusal_rate = 1000;
	mma_conf.robustness = 2;
	mma_conf.query_interval = span_s(30);
	mma_conf.query_response = span_s(2);
	mma_conf.peer[mma_conf.n_peer++] = (struct mma_peer_conf){.address = rig_addr(HA), .key = "ha", .is_home_agent = true,
								  .home = {rig_prefix("2001:db8:1::/64")}, .n_home = 1};
	memset(&ha_conf, 0, sizeof ha_conf);
	ha_conf.address = rig_addr(HA);
	ha_conf.home_prefix[ha_conf.n_home_prefix++] = rig_prefix("2001:db8:1::/64");
	ha_conf.prefix_valid = ha_conf.prefix_preferred = span_s(86400);
	ha_conf.lifetime_max = span_s(600);
	ha_conf.stamp_window = span_ms(7000);
	ha_conf.bindings_max = 100;
	ha_conf.lend = span_s(1000);
	ha_conf.mma[ha_conf.n_mma++] = (struct ha_mma_conf){rig_addr("2001:db8:3::1"), "mma2", "second"};
	ha_conf.mma[ha_conf.n_mma++] = (struct ha_mma_conf){rig_addr(MMA), "mma", "foreign"};
	ha_conf.mobile[ha_conf.n_mobile++] = (struct ha_mobile_conf){.home = {rig_addr(HOA), 128}, .key = "mn1"};
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&site);
	rig_fini(&home);
	return 0;
}

/* The key that the mobile derives for a site. */
static void derived(struct sa_key *k, const char *name)
{
	uint8_t raw[32];
	sa_derive_mma(&home.key[1], &crypto_openssl, name, raw);
	assert_int_equal(sa_key_init(k, &crypto_openssl, "derived", 300, MAC_HMAC_SHA1, raw, sizeof raw), ERR_OK);
}

/* A registration; gives whether it was answered, and how. */
static bool registers(const char *hoa, const char *home_agent, const char *site_name, uint32_t lifetime_s, uint8_t *status)
{
	uint8_t buf[1280];
	struct sa_key k;
	struct mh_built built;
	struct mh_packet p;
	struct addr6 src = rig_addr(ONLINK), dst = rig_addr(MMA), of = rig_addr(hoa);
	struct mh m = {.type = MH_BU, .bu = {.seq = ++next_seq, .flags = BU_A | BU_M, .lifetime_s = lifetime_s}};
	m.opt.rc.has_mcoa = m.opt.rc.has_reg = m.opt.has_auth = m.opt.has_mesg_id = true;
	m.opt.rc.mcoa = (struct rc_mcoa){rig_addr("ff35::5"), dst};
	m.opt.rc.reg.ha = rig_addr(home_agent);
	m.opt.auth.spi = 300;
	m.opt.mesg_id = mh_ntp_of_wall(site.now.wall);
	derived(&k, site_name);
	size_t n = bu_packet_build(buf, sizeof buf, &src, &dst, &of, &m, &built);
	sa_sign(&k, &crypto_openssl, &src, &of, &built, buf);
	sa_key_fini(&k, &crypto_openssl);
	rig_clear(&site);
	assert_true(rig_rx(&site, D1, "02:00:00:00:11:01", buf, n));
	rig_run(&site, span_ms(5));
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&site, FX_SEND, i)); i++) {
		if (mh_packet_parse(effq_bytes(&site.fx, e->send.off), e->send.len_oct, &p) == W_OK && p.mh.type == MH_BA) {
			*status = p.mh.ba.status;
			return true;
		}
	}
	return false;
}

/* Carries agents' messages from one to the other; gives how many. */
static uint32_t carry(struct rig *from, struct rig *to)
{
	uint32_t n = 0;
	const struct effect *e;
	struct mh_packet p;
	rig_clear(to);
	to->now = from->now;
	for (uint32_t i = 0; (e = rig_effect(from, FX_SEND, i)); i++) {
		const uint8_t *pkt = effq_bytes(&from->fx, e->send.off);
		if (mh_packet_parse(pkt, e->send.len_oct, &p) == W_OK && p.mh.type == MH_PEER && ++n)
			assert_true(rig_rx(to, CORE, "02:00:00:00:22:01", pkt, e->send.len_oct));
	}
	return n;
}

static void a_stranger_is_let_in_on_its_home_agents_word(void **state)
{
	(void)state;
	uint8_t status;
	assert_false(registers(HOA, HA, "foreign", 400, &status)); /* unanswered: it will ask again */
	assert_int_equal(site.count.n[R_MMA_KEY_ASKED], 1);
	assert_int_equal(bindings_count(&mma()->bindings) + bindings_count(&mma()->lent), 0);
	assert_int_equal(carry(&site, &home), 1);
	assert_int_equal(carry(&home, &site), 1);
	assert_int_equal(bindings_count(&mma()->lent), 1);
	assert_true(registers(HOA, HA, "foreign", 400, &status));
	assert_int_equal(status, BA_ACCEPTED);
	assert_int_equal(carry(&site, &home), 0);
	assert_true(registers(HOA, HA, "another", 400, &status)); /* the key of another site */
	assert_int_equal(status, BA_AUTH_FAIL);
	assert_true(registers(HOA, "2001:db8:9::1", "foreign", 400, &status)); /* the key is this home agent's */
	assert_int_equal(status, BA_PROHIBITED);
}

static void a_loan_ends_and_is_renewed(void **state)
{
	(void)state;
	uint8_t status;
	registers(HOA, HA, "foreign", 400, &status);
	carry(&site, &home);
	carry(&home, &site);
	rig_run(&site, span_s(1001));
	assert_int_equal(bindings_count(&mma()->lent), 0);
	assert_false(registers(HOA, HA, "foreign", 400, &status));
	carry(&site, &home);
	carry(&home, &site);
	assert_true(registers(HOA, HA, "foreign", 400, &status));
	assert_int_equal(status, BA_ACCEPTED);
}

/* A loan that ended, or a restart of the agent: its bindings are there, lent keys are not. */
static void a_forgotten_mobile_may_leave(void **state)
{
	(void)state;
	uint8_t status;
	registers(HOA, HA, "foreign", 400, &status);
	carry(&site, &home);
	carry(&home, &site);
	registers(HOA, HA, "foreign", 400, &status);
	for (int i = 0; i < 2; i++) {
		rig_run(&site, span_s(390));
		registers(HOA, HA, "foreign", 400, &status);
	}
	rig_run(&site, span_s(300));
	assert_int_equal(mma()->n_active, 1);
	assert_int_equal(bindings_count(&mma()->lent), 0);
	assert_false(registers(HOA, HA, "foreign", 0, &status));
	assert_int_equal(carry(&site, &home), 1);
	carry(&home, &site);
	assert_true(registers(HOA, HA, "foreign", 0, &status));
	assert_int_equal(status, BA_ACCEPTED);
}

static void whom_the_home_agent_does_not_know_stays_out(void **state)
{
	(void)state;
	uint8_t status;
	assert_false(registers("2001:db8:1::666", HA, "foreign", 400, &status));
	assert_int_equal(carry(&site, &home), 1);
	assert_int_equal(carry(&home, &site), 1);
	assert_int_equal(bindings_count(&mma()->lent), 0);
	assert_int_equal(site.count.n[R_BU_UNKNOWN_MOBILE], 1);
	assert_true(registers("2001:db8:9::1", HA, "foreign", 400, &status)); /* not its prefix: it is not even asked */
	assert_int_equal(status, BA_PROHIBITED);
	assert_int_equal(carry(&site, &home), 0);
	assert_true(registers(HOA, "2001:db8:9::1", "foreign", 400, &status)); /* no home agent of ours */
	assert_int_equal(carry(&site, &home), 0);
}

/* A home agent cannot lend keys of others' mobiles. */
static void a_key_of_another_prefix_is_not_taken(void **state)
{
	(void)state;
	struct pair p = {.address = rig_addr(MMA), .key = &home.key[0]};
	struct addr6 ha = rig_addr(HA);
	struct mh m = {.peer = {.kind = PEER_KEY, .home_address = rig_addr("2001:db8:9::1"), .time_s = 60}};
	m.opt.rc.has_key = true;
	m.opt.rc.key = (struct rc_key){.alg = RC_KEY_HMAC_SHA1, .spi = 300};
	pair_send(&p, &home.env, ROLE_HA, &ha, &m, site.now);
	assert_int_equal(carry(&home, &site), 1);
	assert_int_equal(bindings_count(&mma()->lent), 0);
	assert_int_equal(site.count.n[R_PEER_UNEXPECTED], 1);
	m.peer.home_address = rig_addr(HOA);
	m.opt.rc.key.spi = 5; /* reserved */
	rig_clear(&home);
	pair_send(&p, &home.env, ROLE_HA, &ha, &m, site.now);
	assert_int_equal(carry(&home, &site), 1);
	assert_int_equal(bindings_count(&mma()->lent), 0);
	assert_int_equal(site.count.n[R_MSG_MALFORMED], 1);
	struct mh f = {.peer = {.kind = PEER_CONFIRM, .home_address = rig_addr(HOA)}}; /* it is no MMA */
	rig_clear(&home);
	pair_send(&p, &home.env, ROLE_HA, &ha, &f, site.now);
	assert_int_equal(carry(&home, &site), 1);
	assert_int_equal(site.count.n[R_PEER_UNEXPECTED], 2);
}

/* An MMA is told what is its own site's: the same question from another one is answered with another key. */
static void the_key_travels_masked(void **state)
{
	(void)state;
	uint8_t status, raw[32];
	struct mh_packet p;
	registers(HOA, HA, "foreign", 400, &status);
	carry(&site, &home);
	const struct effect *e = rig_effect(&home, FX_SEND, 0);
	assert_int_equal(mh_packet_parse(effq_bytes(&home.fx, e->send.off), e->send.len_oct, &p), W_OK);
	sa_derive_mma(&home.key[1], &crypto_openssl, "foreign", raw);
	assert_memory_not_equal(p.mh.opt.rc.key.masked, raw, 32);
	uint8_t first[32];
	memcpy(first, p.mh.opt.rc.key.masked, 32);
	registers(HOA, HA, "foreign", 400, &status);
	carry(&site, &home);
	e = rig_effect(&home, FX_SEND, 0);
	assert_int_equal(mh_packet_parse(effq_bytes(&home.fx, e->send.off), e->send.len_oct, &p), W_OK);
	assert_memory_not_equal(p.mh.opt.rc.key.masked, first, 32); /* another mask each time */
}

static void questions_are_limited(void **state)
{
	(void)state;
	uint8_t status;
	uint32_t n = 0;
	for (int i = 0; i < 300; i++) {
		registers(HOA, HA, "foreign", 400, &status);
		const struct effect *e;
		struct mh_packet p;
		for (uint32_t k = 0; (e = rig_effect(&site, FX_SEND, k)); k++)
			n += mh_packet_parse(effq_bytes(&site.fx, e->send.off), e->send.len_oct, &p) == W_OK && p.mh.type == MH_PEER;
	}
	assert_in_range(n, 100, 180); /* within 1.5 s */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_stranger_is_let_in_on_its_home_agents_word), T(a_loan_ends_and_is_renewed), T(a_forgotten_mobile_may_leave),
		T(whom_the_home_agent_does_not_know_stays_out), T(a_key_of_another_prefix_is_not_taken), T(the_key_travels_masked),
		T(questions_are_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
