/* SPDX-License-Identifier: BSD-2-Clause */
/* When a mobility management agent optimises routes (H-15, H-16 step 8): who may, what starts it, what is handed on. The
 * exchange itself is tested in test_ro.c. */
#include "../kit/rig.h"

#include "base/err.h"
#include "plat/crypto_openssl.h"
#include "role/mma/mma_i.h"
#include "wire/mip6/mh_packet.h"

#define SERVICE "2001:db8:2::1"
#define PREVIOUS "2001:db8:3::1"
#define HOA "2001:db8:1::100"
#define HA "2001:db8:1::1"
#define ONLINK "2001:db8:2:11::100"
#define CN "2001:db8:9::9"

static struct rig rig;
static struct mma_conf conf;
static struct addr6 hoa, ha, cn, coa;
static uint16_t next_seq;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 4);
	rig_add_key(&rig, "mn1", 256, "a key of some length");
	memset(&conf, 0, sizeof conf);
	conf.address = rig_addr(SERVICE);
	conf.coa_prefix = rig_prefix("2001:db8:2:ff::/64");
	conf.group_prefix = rig_prefix("ff35::/64");
	conf.access_prefix[conf.n_access_prefix++] = rig_prefix("2001:db8:2:10::/60");
	conf.lifetime_max = span_s(600);
	conf.forward_max = span_s(60);
	conf.forwardings_max = 100;
	conf.time_window = span_ms(7000);
	conf.bindings_max = 1000;
	conf.refusal_rate = 10;
	conf.robustness = 2;
	conf.query_interval = span_s(30);
	conf.query_response = span_s(2);
	conf.route_optimisation = true;
	conf.ro_per_mobile = 32;
	conf.ro_all = 1000;
	conf.ro_rate = 100;
	conf.mobile[conf.n_mobile++] = (struct mma_mobile_conf){.home = {rig_addr(HOA), 128}, .key = "mn1"};
	next_seq = 100;
	hoa = rig_addr(HOA);
	ha = rig_addr(HA);
	cn = rig_addr(CN);
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

static struct mma *mma(void) { return rig.self; }

/* What the mobile says; lifetime 0: it leaves. */
static void update(uint8_t reg_flags, uint32_t lifetime_s)
{
	uint8_t buf[1280];
	struct addr6 agent = rig_addr(SERVICE), onlink = rig_addr(ONLINK);
	struct mh_built built;
	struct mh m = {.bu = {.seq = ++next_seq, .flags = BU_A | BU_M, .lifetime_s = lifetime_s}};
	m.opt.rc.has_mcoa = true;
	m.opt.rc.mcoa = (struct rc_mcoa){rig_addr("ff35::200:ff:fe00:100"), agent};
	m.opt.rc.has_reg = true;
	m.opt.rc.reg = (struct rc_reg){.flags = reg_flags, .ha = ha, .prev_mma = rig_addr(PREVIOUS), .prev_coa = rig_addr("2001:db8:3:ff::1")};
	m.opt.has_auth = m.opt.has_mesg_id = true;
	m.opt.auth.spi = 256;
	m.opt.mesg_id = mh_ntp_of_wall(rig.now.wall);
	size_t n = bu_packet_build(buf, sizeof buf, &onlink, &agent, &hoa, &m, &built);
	sa_sign(&rig.key[0], &crypto_openssl, &onlink, &hoa, &built, buf);
	assert_true(rig_rx(&rig, 3, "02:00:00:00:11:01", buf, n));
	rig_run(&rig, span_ms(10));
	rig_clear(&rig);
}

static const struct mma_binding *binding(void) { return binding_find(&mma()->bindings, &hoa); }

static void register_mobile(uint8_t reg_flags)
{
	update(reg_flags, 400);
	assert_non_null(binding());
	coa = binding()->b.coa;
}

/* Data of the correspondent node that came through a tunnel. */
static bool detour(const struct addr6 *from, const struct addr6 *to, const struct addr6 *inner_src, uint8_t inner_next)
{
	uint8_t buf[88] = {0};
	struct wr w = wr_of(buf, sizeof buf);
	ip6_head_build(&w, &(struct ip6_head){.next = NH_IPV6, .hop_limit = 64, .src = *from, .dst = *to, .payload_len_oct = 1400});
	ip6_head_build(&w, &(struct ip6_head){.next = inner_next, .hop_limit = 64, .src = *inner_src, .dst = hoa, .payload_len_oct = 1360});
	const struct rx rx = {.why = DP_PUNT_RO, .pkt = buf, .len_oct = sizeof buf};
	return mma_role.rx(rig.self, &rx, rig.now);
}

static uint32_t n_tests(void)
{
	uint32_t n = 0;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		const uint8_t *p = effq_bytes(&rig.fx, e->send.off);
		struct mh_packet mh;
		if (p[6] == NH_IPV6)
			n += mh_packet_parse(p + 40, e->send.len_oct - 40, &mh) == W_OK && mh.mh.type == MH_HOTI;
	}
	return n;
}

static void a_packet_through_the_home_agent_starts_it(void **state)
{
	(void)state;
	register_mobile(RC_REG_ROUTE_OPT);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_true(detour(&ha, &coa, &cn, NH_UDP));
	assert_int_equal(n_tests(), 1);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_RO_OUT, 0);
	assert_true(op && op->ro_out.is_testing && addr6_eq(&op->ro_out.coa, &coa) && addr6_eq(&op->ro_out.cn, &cn));
	assert_true(detour(&ha, &coa, &cn, NH_UDP));
	assert_int_equal(n_tests(), 1);
}

static void a_packet_of_the_previous_agent_starts_it_too(void **state)
{
	(void)state;
	struct addr6 prev = rig_addr(PREVIOUS);
	register_mobile(RC_REG_ROUTE_OPT);
	struct mma_binding *mb = binding_find(&mma()->bindings, &hoa);
	mb->prev = prev;
	mb->prev_until = mono_add(rig.now.mono, span_s(1));
	assert_true(detour(&prev, &coa, &cn, NH_TCP));
	assert_int_equal(n_tests(), 1);
	mb->prev_until = rig.now.mono;
	assert_false(detour(&prev, &coa, &cn, NH_TCP));
}

static void anything_else_does_not(void **state)
{
	(void)state;
	struct addr6 stranger = rig_addr("2001:db8:66::1");
	register_mobile(RC_REG_ROUTE_OPT);
	assert_false(detour(&stranger, &coa, &cn, NH_UDP));
	assert_false(detour(&ha, &stranger, &cn, NH_UDP));
	assert_false(detour(&ha, &coa, &cn, NH_MH));      /* the tests themselves */
	assert_false(detour(&ha, &coa, &cn, NH_DSTOPTS));
	assert_false(detour(&ha, &coa, &ha, NH_ICMP6));   /* the home agent itself */
	assert_int_equal(rig.fx.n, 0);
}

static void not_without_the_mobiles_leave(void **state)
{
	(void)state;
	register_mobile(0);
	assert_false(detour(&ha, &coa, &cn, NH_UDP));
	assert_int_equal(rig.fx.n, 0);
}

static void not_without_the_operators(void **state)
{
	(void)state;
	conf.route_optimisation = false;
	assert_int_equal(rig_start(&rig, &mma_role, &conf), ERR_OK);
	register_mobile(RC_REG_ROUTE_OPT);
	assert_false(detour(&ha, &coa, &cn, NH_UDP));
	assert_int_equal(rig.fx.n, 0);
}

static void a_mobile_that_takes_its_leave_back_ends_it(void **state)
{
	(void)state;
	register_mobile(RC_REG_ROUTE_OPT);
	detour(&ha, &coa, &cn, NH_UDP);
	update(0, 400);
	assert_null(ro_path(&mma()->ro, &hoa));
	assert_int_equal(table_count(&mma()->ro.entries), 0);
}

static void a_refresh_keeps_what_is_known(void **state)
{
	(void)state;
	register_mobile(RC_REG_ROUTE_OPT);
	detour(&ha, &coa, &cn, NH_UDP);
	update(RC_REG_ROUTE_OPT, 600);
	assert_true(ro_path(&mma()->ro, &hoa)->is_registered);
	assert_int_equal(ro_path(&mma()->ro, &hoa)->until.ns, binding()->b.expires.ns);
	assert_int_equal(table_count(&mma()->ro.entries), 1);
}

static void a_list_taken_over_is_updated_and_handed_on(void **state)
{
	(void)state;
	struct rc_peers list = {.n = 2}, out;
	list.peer[0] = (struct rc_peer){.cn = cn, .seq = 7, .left_s = 300};
	list.peer[1] = (struct rc_peer){.cn = rig_addr("2001:db8:9::a"), .seq = 8, .left_s = 30};
	register_mobile(0);
	mma_ro_import(mma(), binding(), &list, rig.now);
	assert_int_equal(n_tests(), 0);
	register_mobile(RC_REG_ROUTE_OPT);
	mma_ro_import(mma(), binding(), &list, rig.now);
	assert_int_equal(n_tests(), 2);
	mma_ro_export(mma(), &hoa, &out, rig.now);
	assert_int_equal(out.n, 2);
	rig_clear(&rig);
	update(0, 0);
	assert_int_equal(table_count(&mma()->ro.entries), 0);
	mma_ro_export(mma(), &hoa, &out, rig.now);
	assert_int_equal(out.n, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_packet_through_the_home_agent_starts_it),
		T(a_packet_of_the_previous_agent_starts_it_too),
		T(anything_else_does_not),
		T(not_without_the_mobiles_leave),
		T(not_without_the_operators),
		T(a_mobile_that_takes_its_leave_back_ends_it),
		T(a_refresh_keeps_what_is_known),
		T(a_list_taken_over_is_updated_and_handed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
