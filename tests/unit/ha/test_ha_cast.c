/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home agent of mobiles that the network moves, with a manager that the test plays in place of the client, and the datapath built natively behind
 * the engine. Requirements D-4, D-8, D-11.
 */
#include <stdio.h>

#include "core/manager/mmc.h"
#include "datapath/native.h"
#include "../kit/ha_kit.h"
#include "../kit/plain.h"

/* --- the client, as far as the role sees it ------------------------------------------------------------------------------- */

static struct {
	struct mmc_ops ops;
	enum mmc_result result;        /* of the next questions */
	struct mm_record rec;
	struct mmc_question asked, held;
	unsigned n_asked, n_held, n_released;
} client;

const char *mmc_conf_check(const struct mmc_conf *c) { return c->id ? NULL : "agent-id is missing"; }
const char *mmc_result_str(enum mmc_result r) { return r == MMC_UNKNOWN ? "unknown" : "?"; }
struct mmc *mmc_new(const struct engine_env *env, enum role_id role, const struct mmc_conf *conf, const struct mmc_ops *ops, struct now now,
		    const char **remedy)
{
	(void)env, (void)role, (void)conf, (void)now, (void)remedy;
	memset(&client, 0, sizeof client);
	client.ops = *ops;
	client.result = MMC_WAIT;
	return (struct mmc *)&client;
}
void mmc_free(struct mmc *m) { (void)m; }
enum mmc_result mmc_ask(struct mmc *m, const struct mmc_question *q, const struct mm_record **rec, struct now now)
{
	(void)m, (void)now;
	client.asked = *q;
	client.n_asked++;
	*rec = client.result == MMC_FOUND ? &client.rec : NULL;
	return client.result;
}
const struct mm_record *mmc_find(const struct mmc *m, const struct mmc_question *q)
{
	(void)m, (void)q;
	return client.result == MMC_FOUND ? &client.rec : NULL;
}
bool mmc_hold(struct mmc *m, const struct mmc_question *q, struct now now)
{
	(void)m, (void)now;
	client.held = *q;
	client.n_held++;
	return true;
}
void mmc_release(struct mmc *m, const struct mmc_question *q, struct now now)
{
	(void)m, (void)q, (void)now;
	client.n_released++;
}
bool mmc_rx(struct mmc *m, const struct rx *rx, struct now now) { return (void)m, (void)rx, (void)now, false; }
void mmc_tick(struct mmc *m, struct now now) { (void)m, (void)now; }
mono_t mmc_expiry(const struct mmc *m) { return (void)m, MONO_NEVER; }
void mmc_show(const struct mmc *m, const char *what, struct show *out, struct now now) { (void)m, (void)what, (void)out, (void)now; }
uint16_t mmc_port(const struct mmc *m) { return (void)m, 4341; }

/* --- the bench ------------------------------------------------------------------------------------------------------------ */

enum { DOWN_IF = 3, SRC_IF = 4, ROAM0_IF = 9 };
static struct bench b;
static struct dpn *dpn;
static struct addr6 mobile, mobile4, group, group4, ha4, cn;

/* The datapath gets what the engine pushed. */
static void apply(void)
{
	for (uint32_t i = 0; i < b.k.fx.n; i++) {
		const struct effect *e = &b.k.fx.fx[i];
		if (e->kind == FX_DP_PUT || e->kind == FX_DP_DEL)
			assert_true(dpn_apply(dpn, e->kind == FX_DP_PUT, &e->dp, ROLE_HA) == 0 || e->kind == FX_DP_DEL);
	}
}

static int begin(enum ha_cast_multicast multicast)
{
	const struct dpn_conf conf = {.mem = &b.k.mem, .roam0_ifindex = ROAM0_IF};
	mobile = plain_addr("2001:db8:1:1::77"), mobile4 = plain_addr("10.1.7.77"), group = plain_addr("ff38::77"), group4 = plain_addr("232.128.0.77");
	ha4 = plain_addr("10.1.0.1"), cn = plain_addr("2001:db8:c::2");
	bench_init(&b, false);
	b.conf->v4.address = ha4;
	b.conf->home_prefix[b.conf->n_home_prefix++] = plain_prefix("10.1.0.0/16");
	b.conf->cast = (struct ha_cast_conf){.is_on = true, .mm = {.n_manager = 1, .id = 7}, .prefix = {plain_prefix("2001:db8:1:1::/64"), plain_prefix("10.1.7.0/24")},
		.n_prefix = 2, .agent = {plain_prefix("2001:db8:4::/48")}, .n_agent = 1, .downstream = {"down0"}, .n_downstream = 1, .robustness = 2,
		.query_interval = span_s(125), .query_response = span_s(10), .held_max = 20, .hold = span_ms(1000), .multicast = multicast};
	if (multicast == HA_CAST_PIM)
		strcpy(b.conf->cast.source_if, "src0");
	bench_start(&b);
	assert_int_equal(dpn_new(&dpn, &conf), 0);
	bench_link(&b, T_UP_IF, "core0", true, false);
	bench_link(&b, DOWN_IF, "down0", true, false);
	apply();
	kit_clear(&b.k);
	client.rec = (struct mm_record){.home6 = mobile, .home4 = mobile4, .group6 = group, .group4 = group4, .source6 = t_ha, .source4 = ha4,
		.voice_port = 7000, .policy = MM_ALL};
	return 0;
}

static int setup(void **state) { return (void)state, begin(HA_CAST_PROXY); }
static int setup_pim(void **state) { return (void)state, begin(HA_CAST_PIM); }

static int teardown(void **state)
{
	(void)state;
	dpn_free(dpn);
	bench_fini(&b);
	return 0;
}

/* A UDP packet of the correspondent node's, numbered. */
static size_t packet(uint8_t *p, const struct addr6 *dst, uint8_t number)
{
	bool is_v4 = addr6_is_v4mapped(dst);
	const size_t head = is_v4 ? 20 : 40, n = head + 8 + 20;
	memset(p, 0, n);
	p[0] = is_v4 ? 0x45 : 0x60;
	p[is_v4 ? 3 : 5] = (uint8_t)(is_v4 ? n : 28);
	p[is_v4 ? 9 : 6] = 17;
	p[is_v4 ? 8 : 7] = 64;
	if (is_v4)
		memcpy(p + 12, (uint8_t[]){10, 5, 0, 2}, 4), memcpy(p + 16, dst->b + 12, 4);
	else
		memcpy(p + 8, &cn, 16), memcpy(p + 24, dst, 16);
	p[head + 5] = 28;
	p[head + 8] = number;
	return n;
}

static void unbound(const struct addr6 *dst, uint8_t number)
{
	uint8_t p[128];
	assert_true(bench_rx(&b, p, packet(p, dst, number), DP_PUNT_UNBOUND, T_UP_IF));
}

static void answer(const struct addr6 *about, enum mmc_result r)
{
	const struct mmc_question q = mmc_by_address(about);
	kit_clear(&b.k);
	client.ops.answer(client.ops.ctx, &q, r, r == MMC_FOUND ? &client.rec : NULL, b.k.now);
}

static void changed(const struct addr6 *about, const struct mm_record *r)
{
	const struct mmc_question q = mmc_by_address(about);
	kit_clear(&b.k);
	client.ops.changed(client.ops.ctx, &q, r, b.k.now);
}

/* Number of the nth packet sent. */
static int sent(size_t nth)
{
	const struct effect *fx = kit_fx(&b.k, FX_SEND, nth);
	if (!fx)
		return -1;
	const uint8_t *p = effq_bytes(&b.k.fx, fx->send.off);
	return p[(p[0] >> 4 == 4 ? 20 : 40) + 8];
}

static const struct dp_op *home_of(const struct addr6 *hoa)
{
	for (size_t i = 0; ; i++) {
		const struct dp_op *op = kit_dp(&b.k, FX_DP_PUT, DP_HOME, i);
		if (!op || addr6_eq(&op->home.home_address, hoa))
			return op;
	}
}

static bool is_found(enum dp_table t, const struct addr6 *key)
{
	struct dp_op op = {.table = t};
	if (t == DP_HOME)
		op.home.home_address = *key;
	else
		op.coa.coa = *key;
	return dpn_find(dpn, &op) == 0;
}

/* --- tests ---------------------------------------------------------------------------------------------------------------- */

static void test_first_packet_asks_and_waits(void **state)
{
	(void)state;
	unbound(&mobile, 1);
	assert_int_equal(client.n_asked, 1);
	assert_true(addr6_eq(&client.asked.address, &mobile) && client.asked.device.kind == DEVICE_NONE);
	assert_null(kit_fx(&b.k, FX_SEND, 0));
	unbound(&mobile, 2);
	answer(&mobile, MMC_FOUND);
	const struct dp_op *home = home_of(&mobile), *way = kit_dp(&b.k, FX_DP_PUT, DP_COA, 0);
	assert_non_null(home);
	assert_true(addr6_eq(&home->home.coa, &group) && addr6_eq(&home->home.ha, &t_ha));
	assert_true(way && addr6_eq(&way->coa.coa, &group) && addr6_eq(&way->coa.group, &group) && addr6_eq(&way->coa.source, &t_ha));
	assert_int_equal(sent(0), 1); /* in their order, behind the entries */
	assert_int_equal(sent(1), 2);
	assert_int_equal(sent(2), -1);
	assert_int_equal(client.n_held, 1);
}

/* What waited goes to the group when it comes out of the host, and so does what comes later. */
static void test_packets_reach_the_group(void **state)
{
	const struct dpn_out *out;
	uint8_t p[128], frame[160] = {[0] = 2, [5] = 1, [12] = 0x86, [13] = 0xdd};
	(void)state;
	unbound(&mobile, 1);
	answer(&mobile, MMC_FOUND);
	apply();
	struct dp_op mfc = {.table = DP_MFC, .mfc = {.group = group, .source = t_ha, .oif = {DOWN_IF}, .n_oif = 1}};
	assert_int_equal(dpn_apply(dpn, true, &mfc, ROLE_HA), 0);
	const struct effect *fx = kit_fx(&b.k, FX_SEND, 0);
	assert_int_equal(dpn_input(dpn, ROAM0_IF, DPN_EGRESS, effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct, b.k.now.mono, &out), 1);
	assert_int_equal(out->verdict, DPN_SEND);
	assert_int_equal(out->ifindex, DOWN_IF);
	assert_memory_equal(out->bytes + 14 + 24, &group, 16);
	size_t n = packet(p, &mobile, 2);
	memcpy(frame + 14, p, n);
	dpn_input(dpn, T_UP_IF, DPN_INGRESS, frame, n + 14, b.k.now.mono, &out);
	assert_int_equal(out->verdict, DPN_SEND);
	assert_int_equal(out->bytes[14 + 40], 0x10); /* GRE with a number */
}

/* A routing daemon knows the links: packets go to them from here while that is followed, and through the host else. */
static void test_a_routing_daemons_links_are_followed(void **state)
{
	const struct dpn_out *out;
	uint8_t frame[160] = {[0] = 2, [5] = 1, [12] = 0x86, [13] = 0xdd};
	struct mroute_event ev = {.what = MROUTE_NEW, .source = t_ha, .group = group, .iif = SRC_IF, .oif = {DOWN_IF}, .n_oif = 1, .is_plain = true};
	const size_t n = packet(frame + 14, &mobile, 2) + 14;
	(void)state;
	assert_true(ha_role.follows(b.ha));
	bench_link(&b, SRC_IF, "src0", true, false);
	unbound(&mobile, 1);
	answer(&mobile, MMC_FOUND);
	apply();
	dpn_follow(dpn, mono_add(b.k.now.mono, span_s(1)), false);
	dpn_input(dpn, T_UP_IF, DPN_INGRESS, frame, n, b.k.now.mono, &out);
	assert_int_equal(out->verdict, DPN_LOCAL);
	kit_clear(&b.k);
	ha_role.mroute(b.ha, &ev, b.k.now);
	apply();
	assert_int_equal(dpn_input(dpn, T_UP_IF, DPN_INGRESS, frame, n, b.k.now.mono, &out), 2);
	assert_int_equal(out[0].verdict, DPN_LOCAL); /* to be counted, with no hop left */
	assert_int_equal(out[0].bytes[7], 1);
	assert_int_equal(out[1].verdict, DPN_SEND);
	assert_int_equal(out[1].ifindex, DOWN_IF);
	ev.what = MROUTE_GONE;
	ha_role.mroute(b.ha, &ev, b.k.now);
	apply();
	dpn_input(dpn, T_UP_IF, DPN_INGRESS, frame, n, b.k.now.mono, &out);
	assert_int_equal(out->verdict, DPN_LOCAL);
}

static void test_both_families_have_their_group(void **state)
{
	(void)state;
	unbound(&mobile4, 1);
	answer(&mobile4, MMC_FOUND);
	const struct dp_op *home = home_of(&mobile4);
	assert_true(addr6_eq(&home->home.coa, &group4) && addr6_eq(&home->home.ha, &ha4) && home->home.is_reverse);
	assert_int_equal(sent(0), 1);
	client.rec.group4 = addr6_any; /* a network without IPv4 multicast */
	changed(&mobile4, &client.rec);
	assert_true(addr6_eq(&home_of(&mobile4)->home.coa, &group) && addr6_eq(&home_of(&mobile4)->home.ha, &ha4));
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_DEL, DP_COA, 0)->coa.coa, &group4));
}

static void test_unknown_and_silent_forget_what_waited(void **state)
{
	static const enum mmc_result results[] = {MMC_UNKNOWN, MMC_REFUSED, MMC_SILENT};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unbound(&mobile, 1);
		answer(&mobile, results[i]);
		assert_null(kit_fx(&b.k, FX_SEND, 0));
		assert_null(kit_fx(&b.k, FX_DP_PUT, 0));
		client.result = results[i]; /* known from now on: at once */
		kit_clear(&b.k);
		unbound(&mobile, 2);
		assert_null(kit_fx(&b.k, FX_SEND, 0));
		client.result = MMC_WAIT;
	}
	unbound(&mobile, 3);
	answer(&mobile, MMC_FOUND);
	assert_int_equal(sent(0), 3); /* nothing is left of those before */
	assert_int_equal(sent(1), -1);
}

static void test_waiting_is_bounded(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 30; i++)
		unbound(&mobile, i);
	for (uint8_t i = 0; i < 30; i++)
		unbound(&mobile4, i);
	answer(&mobile, MMC_FOUND);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 16);
	answer(&mobile4, MMC_FOUND);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 4); /* twenty places in all */
	unbound(&mobile, 1);
	kit_advance(&b.k, span_ms(1000));
	assert_true(mono_reached(ha_role.expiry(b.ha), b.k.now.mono));
	ha_role.tick(b.ha, b.k.now);
	answer(&mobile, MMC_FOUND);
	assert_int_equal(sent(0), -1); /* a second is over */
}

static void test_changes_are_followed(void **state)
{
	struct mm_record other;
	const struct addr6 next = plain_addr("ff38::78");
	(void)state;
	client.result = MMC_FOUND;
	unbound(&mobile, 1);
	apply();
	other = client.rec;
	other.group6 = next;
	changed(&mobile, &other);
	apply();
	assert_true(addr6_eq(&home_of(&mobile)->home.coa, &next));
	assert_false(is_found(DP_COA, &group));
	assert_true(is_found(DP_COA, &next));
	changed(&mobile, NULL);
	apply();
	assert_false(is_found(DP_COA, &next));
	assert_false(is_found(DP_HOME, &mobile));
}

static void test_entries_are_kept_alive(void **state)
{
	(void)state;
	client.result = MMC_FOUND;
	unbound(&mobile, 1);
	const mono_t expires = home_of(&mobile)->home.expires;
	kit_clear(&b.k);
	kit_advance(&b.k, span_s(160));
	ha_role.tick(b.ha, b.k.now);
	assert_true(mono_before(expires, home_of(&mobile)->home.expires));
}

/* A record that names another home agent as its source is no order to send. */
static void test_anothers_group_is_left_alone(void **state)
{
	(void)state;
	client.rec.source6 = plain_addr("2001:db8:9::1");
	client.rec.source4 = plain_addr("10.9.0.1");
	unbound(&mobile, 1);
	answer(&mobile, MMC_FOUND);
	assert_null(kit_fx(&b.k, FX_DP_PUT, 0));
	assert_null(kit_fx(&b.k, FX_SEND, 0));
}

static void test_registration_takes_precedence(void **state)
{
	struct update u = {.hoa = &mobile};
	(void)state;
	client.result = MMC_FOUND;
	unbound(&mobile, 1);
	kit_clear(&b.k);
	bench_send(&b, u);
	const struct dp_op *home = home_of(&mobile);
	assert_true(home && addr6_eq(&home->home.coa, &t_coa));
	kit_clear(&b.k);
	kit_advance(&b.k, span_s(160));
	ha_role.tick(b.ha, b.k.now);
	assert_null(home_of(&mobile));
	changed(&mobile, &client.rec);
	assert_null(home_of(&mobile));
	changed(&mobile, NULL);
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
}

static void test_stop_takes_all_back(void **state)
{
	(void)state;
	client.result = MMC_FOUND;
	unbound(&mobile, 1);
	unbound(&mobile4, 1);
	kit_clear(&b.k);
	ha_role.stop(b.ha, b.k.now);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 1));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_COA, 1));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_UNBOUND, 1));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_REVERSE, 0));
}

static int command(const char *line, const char **msg)
{
	static char copy[128];
	const char *argv[8];
	struct ctl_cmd cmd = {.argv = argv};
	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		argv[cmd.argc++] = w;
	kit_clear(&b.k);
	return ha_role.ctl(b.ha, &cmd, b.k.now, msg);
}

static void test_voice_is_relayed(void **state)
{
	const char *msg = NULL;
	(void)state;
	assert_int_equal(command("voice relay 2001:db8:1:1::77 6000", &msg), ERR_OK);
	assert_null(kit_fx(&b.k, FX_DP_PUT, 0)); /* a manager is asked first */
	answer(&mobile, MMC_FOUND);
	const struct dp_op *r6 = kit_dp(&b.k, FX_DP_PUT, DP_RELAY, 0), *r4 = kit_dp(&b.k, FX_DP_PUT, DP_RELAY, 1);
	assert_true(r6 && r4);
	assert_true(addr6_eq(&r6->relay.addr, &t_ha) && r6->relay.port == 6000 && addr6_eq(&r6->relay.group, &group) && r6->relay.group_port == 7000);
	assert_true(addr6_eq(&r4->relay.addr, &ha4) && addr6_eq(&r4->relay.group, &group4));
	assert_int_equal(command("voice end 6000", &msg), ERR_OK);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_RELAY, 1));
	assert_int_equal(command("voice end 6000", &msg), ERR_NOTFOUND);
	assert_int_equal(command("voice relay 2001:db8:1:1::77 70000", &msg), ERR_INVAL);
	assert_int_equal(command("voice what", &msg), ERR_INVAL);
	client.result = MMC_UNKNOWN;
	assert_int_equal(command("voice relay 2001:db8:1:1::78 6000", &msg), ERR_NOTFOUND);
	client.result = MMC_FOUND;
	client.rec.voice_port = 0; /* a mobile that takes none */
	assert_int_equal(command("voice relay 2001:db8:1:1::77 6001", &msg), ERR_OK);
	assert_null(kit_dp(&b.k, FX_DP_PUT, DP_RELAY, 0));
}

static void test_configuration_is_checked(void **state)
{
	static struct ha_conf c;
	const char *remedy = NULL;
	(void)state;
	struct ha_cast_conf good = b.conf->cast, bad[4] = {good, good, good, good};
	bad[0].mm.n_manager = 0;
	bad[1].n_downstream = 0;
	bad[2].prefix[0] = plain_prefix("2001:db8:7::/64");
	strcpy(bad[3].source_if, "veth0");
	for (int i = 0; i < 4; i++) {
		c = *b.conf;
		c.cast = bad[i];
		assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_INVAL);
		assert_non_null(remedy);
	}
	c = *b.conf;
	strcpy(c.home_link, "home0");
	assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_INVAL); /* its prefixes would be physical */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_first_packet_asks_and_waits), T(test_packets_reach_the_group), T(test_both_families_have_their_group),
		T(test_unknown_and_silent_forget_what_waited), T(test_waiting_is_bounded), T(test_changes_are_followed), T(test_entries_are_kept_alive),
		T(test_anothers_group_is_left_alone), T(test_registration_takes_precedence), T(test_stop_takes_all_back), T(test_voice_is_relayed),
		T(test_configuration_is_checked),
		cmocka_unit_test_setup_teardown(test_a_routing_daemons_links_are_followed, setup_pim, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
