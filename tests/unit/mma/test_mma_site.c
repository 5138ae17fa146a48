/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agent, the site: what is declared, links (H-1, H-23), mobile networks (RFC 3963), configuration, restart. */
#include "../kit/mma_reg_kit.h"

#include "wire/mld/mld.h"

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

/* --- configuration ------------------------------------------------------------------------------------------- */

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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_IDLE(f) cmocka_unit_test_setup_teardown(f, setup_idle, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T_IDLE(the_site_is_declared), T(reports_set_the_outgoing_links), T_IDLE(the_backbone_sees_no_multicast),
		T_IDLE(networks_move_with_their_router), T_IDLE(wrong_configurations_are_refused), T(mobiles_can_be_reconfigured),
		T(bindings_survive_a_restart), T(stop_takes_everything_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
