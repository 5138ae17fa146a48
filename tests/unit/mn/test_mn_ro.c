/* SPDX-License-Identifier: BSD-2-Clause */
/* When the mobile optimises routes itself (RFC 6275 11.6, 11.7.2), and when it ends what was bound (H-17, figure 7 step 4; where an
 * agent takes over). The exchange itself is tested in test_ro.c. */
#include "../kit/mn6_bench.h"

#include "core/ro/rr.h"
#include "role/mn/state.h"

#define CN A("2001:db8:c::9")

static void optimised(struct bench *b) { b->conf.route_optimisation = MN_RO_AUTO; }

/* The nth message of a type, its tunnel to the home agent taken off. */
struct said { struct mh_packet p; const struct effect *fx; bool is_tunnelled; int pos; };
static bool said(const struct bench *b, uint8_t type, size_t nth, struct said *out)
{
	struct sent s;
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1) {
		bool is_tunnelled = s.pkt[6] == NH_IPV6;
		size_t off = is_tunnelled ? IP6_HEAD_OCT : 0;
		if (mh_packet_parse(s.pkt + off, s.len - off, &out->p) != W_OK || out->p.mh.type != type || nth--)
			continue;
		out->fx = s.fx;
		out->is_tunnelled = is_tunnelled;
		out->pos = (int)s.pos;
		return true;
	}
	return false;
}

static size_t n_said(const struct bench *b, uint8_t type)
{
	struct said s;
	size_t n = 0;
	while (said(b, type, n, &s))
		n++;
	return n;
}

/* A packet by the tunnel from `from` to `to`. */
static void detour_of(struct bench *b, struct addr6 from, struct addr6 to, struct addr6 src, struct addr6 dst, uint8_t next)
{
	uint8_t buf[80];
	struct wr w = wr_of(buf, sizeof buf);
	ip6_head_build(&w, &(struct ip6_head){.next = NH_IPV6, .hop_limit = 64, .src = from, .dst = to, .payload_len_oct = 500});
	ip6_head_build(&w, &(struct ip6_head){.next = next, .hop_limit = 64, .src = src, .dst = dst, .payload_len_oct = 460});
	const struct rx rx = {.ifindex = W0, .why = DP_PUNT_RO, .pkt = buf, .len_oct = sizeof buf};
	(void)mn_role.rx(b->mn, &rx, b->k.now);
}

static void detour(struct bench *b, struct addr6 from, struct addr6 to) { detour_of(b, from, to, CN, HOA, NH_UDP); }

static void answer_test(struct bench *b, uint8_t type)
{
	struct said s;
	uint8_t buf[256];
	struct mh_built built;
	assert_true(said(b, type, 0, &s));
	struct mh m = {.type = type == MH_HOTI ? MH_HOT : MH_COT, .test = {.nonce = 5, .cookie = s.p.mh.test.cookie, .token = 77}};
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = s.p.dst, .dst = s.p.src}, &m, &built);
	mh_packet_finish(&built, buf);
	bench_rx(b, W0, DP_PUNT_MH, link_ll(L_P1), buf, n);
}

static void answer_bu(struct bench *b, const struct said *bu, const uint64_t *coa_token)
{
	uint8_t buf[256];
	struct mh_built built;
	struct rr_kbm k;
	struct mh m = {.ba = {.seq = bu->p.mh.bu.seq, .lifetime_s = bu->p.mh.bu.lifetime_s}};
	m.opt.has_bind_auth = true;
	rr_kbm(&crypto_openssl, 77, coa_token, &k);
	size_t n = ba_packet_build(buf, sizeof buf, &bu->p.dst, &bu->p.src, bu->p.has_hao ? &bu->p.hao : NULL, &m, &built);
	rr_sign(&k, &crypto_openssl, &bu->p.src, &bu->p.dst, &built, buf);
	bench_rx(b, W0, DP_PUNT_MH, link_ll(L_P1), buf, n);
}

/* Registered at a link without an agent, and CN told of it. */
static void to_bound(struct bench *b)
{
	struct said bu;
	const uint64_t coa_token = 77;
	bench_to_plain(b);
	detour(b, HA, COA_P1);
	answer_test(b, MH_HOTI);
	answer_test(b, MH_COTI);
	assert_true(said(b, MH_BU, 0, &bu));
	answer_bu(b, &bu, &coa_token);
	const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_RO_OUT, 1);
	assert_true(op && !op->ro_out.is_testing);
	bench_clear(b);
}

/* The update to the home agent; those to the correspondent node are not counted. */
static struct bu home_update(struct bench *b)
{
	struct said s;
	struct addr6 ha = HA;
	for (size_t i = 0; said(b, MH_BU, i, &s); i++)
		if (addr6_eq(&s.p.dst, &ha))
			return (struct bu){.p = s.p, .s = {.fx = s.fx}};
	fail();
	return (struct bu){0};
}

static void a_packet_through_the_home_agent_starts_it(void **state)
{
	struct bench *b = *state;
	struct said s;
	bench_to_plain(b);
	detour(b, HA, COA_P1);
	assert_true(said(b, MH_HOTI, 0, &s));
	assert_true(s.is_tunnelled && s.fx->send.has_lladdr);
	assert_int_equal(s.fx->send.ifindex, W0);
	assert_addr(&s.p.src, HOA);
	assert_true(said(b, MH_COTI, 0, &s));
	assert_true(!s.is_tunnelled && s.fx->send.has_lladdr);
	assert_addr(&s.p.src, COA_P1);
	const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_RO_OUT, 0);
	assert_true(op && op->ro_out.is_testing);
	assert_addr(&op->ro_out.cn, CN);
}

/* RFC 6275 11.7.2: not a test that came by the tunnel, not what the tunnel's end sent itself, not what is for another address, and not
 * what has a Home Address option of its own. */
static void what_is_no_data_starts_nothing(void **state)
{
	struct bench *b = *state;
	struct said s;
	bench_to_plain(b);
	detour_of(b, HA, COA_P1, CN, HOA, NH_MH);
	detour_of(b, HA, COA_P1, HA, HOA, NH_UDP);
	detour_of(b, HA, COA_P1, CN, A("2001:db8:1::101"), NH_UDP);
	detour_of(b, HA, COA_P1, CN, HOA, NH_DSTOPTS);
	assert_false(said(b, MH_HOTI, 0, &s));
	assert_false(said(b, MH_COTI, 0, &s));
}

static void nobody_is_asked_unless_configured(void **state)
{
	struct bench *b = *state;
	((struct mn *)b->mn)->conf.route_optimisation = MN_RO_OFF;
	bench_to_plain(b);
	detour(b, HA, COA_P1);
	((struct mn *)b->mn)->conf.route_optimisation = MN_RO_AGENT;
	detour(b, HA, COA_P1);
	assert_null(kit_fx(&b->k, FX_SEND, 0));
}

static void in_a_site_its_agent_acts(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	detour(b, HA, COA_A1);
	assert_null(kit_fx(&b->k, FX_SEND, 0));
}

/* The home token serves again; nothing goes by the new link with the old address, and the update waits for the home agent. */
static void a_move_updates_who_is_bound(void **state)
{
	struct bench *b = *state;
	struct said s;
	to_bound(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_P2);
	int up = -1, direct = -1;
	for (uint32_t i = 0; i < b->k.fx.n; i++) {
		const struct effect *e = &b->k.fx.fx[i];
		if (e->kind == FX_DP_PUT && e->dp.table == DP_UPLINK_OUT && up < 0)
			up = (int)i;
		if (e->kind == FX_DP_PUT && e->dp.table == DP_RO_OUT && direct < 0) {
			direct = (int)i;
			assert_true(e->dp.ro_out.is_testing);
		}
	}
	assert_true(direct >= 0 && up > direct);
	assert_true(said(b, MH_COTI, 0, &s));
	assert_addr(&s.p.src, COA_P2);
	assert_int_equal(n_said(b, MH_HOTI), 0);
	answer_test(b, MH_COTI);
	struct bu bu = home_update(b);
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	assert_true(said(b, MH_BU, 0, &s));
	assert_addr(&s.p.dst, CN);
	assert_addr(&s.p.src, COA_P2);
	const uint64_t coa_token = 77;
	answer_bu(b, &s, &coa_token);
	const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_RO_OUT, 0);
	assert_true(op && !op->ro_out.is_testing);
	assert_addr(&op->ro_out.coa, COA_P2);
}

/* Mobile and agent never both act: what the mobile told is taken back once it is registered by the agent. */
static void entering_a_site_ends_what_the_mobile_bound(void **state)
{
	struct bench *b = *state;
	struct said s;
	to_bound(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	struct bu bu;
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, MMA_A);
	bench_clear(b);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &bu, &acoa);
	bu = home_update(b);
	assert_int_equal(n_said(b, MH_BU), 1);
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	assert_true(said(b, MH_BU, 0, &s));
	assert_addr(&s.p.dst, CN);
	assert_addr(&s.p.src, COA_A1);
	assert_int_equal(s.p.mh.bu.lifetime_s, 0);
	assert_int_equal(n_said(b, MH_COTI), 0);
	answer_bu(b, &s, NULL);
	bench_run(b, span_s(5));
	bench_clear(b);
	detour(b, HA, COA_A1);
	assert_null(kit_fx(&b->k, FX_SEND, 0));
}

static void back_home_who_is_bound_is_told(void **state)
{
	struct bench *b = *state;
	struct said s;
	to_bound(b);
	bench_run(b, span_s(300)); /* the home token is old */
	bench_clear(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_HOME);
	struct bu bu = home_update(b);
	assert_int_equal(n_said(b, MH_HOTI), 0); /* not before the home agent lets go */
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	assert_true(said(b, MH_HOTI, 0, &s));
	assert_true(!s.is_tunnelled);
	assert_int_equal(n_said(b, MH_COTI), 0);
	answer_test(b, MH_HOTI);
	assert_true(said(b, MH_BU, 0, &s));
	assert_addr(&s.p.src, HOA);
	assert_false(s.p.has_hao);
	assert_int_equal(s.p.mh.bu.lifetime_s, 0);
	answer_bu(b, &s, NULL);
	bench_run(b, span_s(5));
	assert_int_equal(table_count(&((struct mn *)b->mn)->ro.entries), 0);
}

/* Figure 7, step 4. */
static void at_home_a_packet_by_an_old_agent_ends_its_senders_binding(void **state)
{
	struct bench *b = *state;
	bench_to_home(b);
	detour(b, MMA_A, HOA);
	assert_int_equal(n_said(b, MH_HOTI), 1);
	assert_int_equal(n_said(b, MH_COTI), 0);
	detour(b, MMA_A, HOA);
	assert_int_equal(n_said(b, MH_HOTI), 1);
}

static void at_home_the_old_agents_list_is_taken_over(void **state)
{
	struct bench *b = *state;
	struct said s;
	struct rc_peers list = {.n = 1};
	list.peer[0] = (struct rc_peer){.cn = CN, .seq = 500, .left_s = 200};
	bench_to_home(b);
	mn_ro_take(b->mn, &list, b->k.now);
	answer_test(b, MH_HOTI);
	assert_true(said(b, MH_BU, 0, &s));
	assert_int_equal(s.p.mh.bu.seq, 501);
	assert_int_equal(s.p.mh.bu.lifetime_s, 0);
}

static void on_a_plain_link_the_old_agents_list_is_taken_over(void **state)
{
	struct bench *b = *state;
	struct said s;
	const uint64_t coa_token = 77;
	struct rc_peers list = {.n = 1};
	list.peer[0] = (struct rc_peer){.cn = CN, .seq = 500, .left_s = 200};
	bench_to_plain(b);
	mn_ro_take(b->mn, &list, b->k.now);
	answer_test(b, MH_HOTI);
	answer_test(b, MH_COTI);
	assert_true(said(b, MH_BU, 0, &s));
	assert_int_equal(s.p.mh.bu.seq, 501);
	assert_addr(&s.p.src, COA_P1);
	answer_bu(b, &s, &coa_token);
	bench_shows(b, "bindings", "correspondent", "state", "bound");
}

#define T(f) BENCH_TEST(f, V6, 1, optimised)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_packet_through_the_home_agent_starts_it), T(what_is_no_data_starts_nothing),
		T(nobody_is_asked_unless_configured),
		T(in_a_site_its_agent_acts),
		T(a_move_updates_who_is_bound),
		T(entering_a_site_ends_what_the_mobile_bound),
		T(back_home_who_is_bound_is_told),
		T(at_home_a_packet_by_an_old_agent_ends_its_senders_binding),
		T(at_home_the_old_agents_list_is_taken_over),
		T(on_a_plain_link_the_old_agents_list_is_taken_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
