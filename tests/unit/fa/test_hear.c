/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign agent: mobiles that the network moves. Signal, thresholds and identity (D-5 to D-7), group and delivery (D-9, D-10), the
 * gateway that they find. The manager's client is replaced by a table here. */
#include "../kit/rig.h"

#include "base/err.h"
#include "role/fa/fa_i.h"
#include "wire/arp/arp.h"
#include "wire/ip/udp4.h"
#include "wire/mcast/mcast.h"
#include "wire/nd/nd.h"

enum { UP = 2, ACC0 = 3, ACC1 = 4 };
#define MOBILE "02:00:00:00:01:00"
#define OTHER "02:00:00:00:01:01"
#define NAI "nai:anna@example.org"
#define HOME6 "2001:db8:1::100"
#define HOME4 "10.1.0.100"
#define AGENT6 "2001:db8:1::1"
#define AGENT4 "10.1.0.1"
#define GATE "00:00:5e:00:52:13"
#define GATE_LL "fe80::200:5eff:fe00:5213"

static struct rig rig;
static struct fa_conf conf;

/* --- a manager's client that knows what the test tells it ------------------------------------------------- */

static struct {
	struct mmc_ops ops;
	enum mmc_result result;        /* of mmc_ask */
	struct mm_record rec;
	struct mmc_question last;
	uint32_t n_asked, n_held, n_released, n_said;
	struct mm_serving said;        /* last, to the other agents */
} manager;

struct mmc *mmc_new(const struct engine_env *env, enum role_id role, const struct mmc_conf *c, const struct mmc_ops *ops, struct now now,
		    const char **remedy)
{
	(void)env, (void)role, (void)c, (void)now, (void)remedy;
	manager.ops = *ops;
	return (struct mmc *)(void *)&manager;
}
void mmc_free(struct mmc *m) { (void)m; }
const char *mmc_conf_check(const struct mmc_conf *c) { (void)c; return NULL; }
const char *mmc_result_str(enum mmc_result r) { return r == MMC_UNKNOWN ? "unknown" : "other"; }
enum mmc_result mmc_ask(struct mmc *m, const struct mmc_question *q, const struct mm_record **rec, struct now now)
{
	(void)m, (void)now;
	manager.n_asked++;
	manager.last = *q;
	*rec = &manager.rec;
	return manager.result;
}
bool mmc_hold(struct mmc *m, const struct mmc_question *q, struct now now) { (void)m, (void)q, (void)now; manager.n_held++; return true; }
void mmc_release(struct mmc *m, const struct mmc_question *q, struct now now) { (void)m, (void)q, (void)now; manager.n_released++; }
bool mmc_rx(struct mmc *m, const struct rx *rx, struct now now) { (void)m, (void)rx, (void)now; return false; }
void mmc_tick(struct mmc *m, struct now now) { (void)m, (void)now; }
mono_t mmc_expiry(const struct mmc *m) { (void)m; return MONO_NEVER; }
void mmc_show(const struct mmc *m, const char *what, struct show *out, struct now now) { (void)m, (void)what, (void)out, (void)now; }
void mmc_serve(struct mmc *m, const struct mmc_question *q, const struct mm_serving *s)
{
	(void)m, (void)q;
	manager.said = *s;
	manager.n_said++;
}
uint16_t mmc_port(const struct mmc *m) { (void)m; return MM_PORT; }

/* --- the bench -------------------------------------------------------------------------------------------- */

static void start(void)
{
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", true);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	rig_link(&rig, ACC1, "acc1", "02:00:00:00:00:04", true);
	rig_clear(&rig);
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 9);
	conf = (struct fa_conf){.coa = {rig_addr("10.2.16.1")}, .n_coa = 1, .upstream = {"up0"}, .n_upstream = 1, .lifetime = span_s(1800), .visitors_max = 10,
		.pending_max = 5, .rate = 10, .pending = span_s(7), .window = 2, .n_interface = 2};
	for (uint32_t i = 0; i < 2; i++) {
		conf.interface[i] = (struct fa_if_conf){.prefix = {rig_prefix("10.2.16.0/24")}, .n_prefix = 1, .is_filtered = true, .only_solicited = true,
			.adv_interval = span_s(1), .rate = 20};
		snprintf(conf.interface[i].name, sizeof conf.interface[i].name, "acc%u", i);
	}
	conf.guests = (struct guests_conf){.is_on = true, .join_dbm = 70, .leave_dbm = 80, .window = 2, .age = span_s(1), .dwell = span_ms(500),
		.silence = span_s(2), .again = span_s(5), .stations_max = 3, .address = rig_addr("2001:db8:2:11::1"), .replay = span_ms(200),
		.gate = rig_lladdr(GATE), .gate_ll = rig_addr(GATE_LL), .advertises = true, .mmc = {.manager = {rig_addr("2001:db8:9::1")}, .n_manager = 1}};
	memset(&manager, 0, sizeof manager);
	manager.result = MMC_FOUND;
	manager.rec = (struct mm_record){.device = device_of_lladdr(&(struct lladdr){{2, 0, 0, 0, 1, 0}}), .flags = MM_LLADDR_ENOUGH,
		.home6 = rig_addr(HOME6), .home4 = rig_addr(HOME4), .home6_plen_bits = 64, .home4_plen_bits = 24, .group6 = rig_addr("ff38::1:7"),
		.group4 = rig_addr("232.128.0.7"), .source6 = rig_addr(AGENT6), .source4 = rig_addr(AGENT4)};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

static void hear_on(uint32_t ifindex, const char *lladdr, int32_t dbm, bool is_serving, const char *identity)
{
	struct station_event ev = {.ifindex = ifindex, .station = rig_lladdr(lladdr), .dbm = dbm, .is_serving = is_serving};
	snprintf(ev.identity, sizeof ev.identity, "%s", identity);
	rig.ops->station(rig.self, &ev, rig.now);
}
static void hear(int32_t dbm) { hear_on(ACC0, MOBILE, dbm, false, ""); }
static void hear_attached(int32_t dbm, bool is_serving) { hear_on(ACC0, MOBILE, dbm, is_serving, ""); }

static void lose(void)
{
	const struct station_event ev = {.ifindex = ACC0, .station = rig_lladdr(MOBILE), .is_gone = true};
	rig.ops->station(rig.self, &ev, rig.now);
}

static uint32_t guests(void) { return table_count(&((struct fa *)rig.self)->guests); }
static const struct dp_guest *guest_put(uint32_t nth)
{
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_GUEST, nth);
	return op ? &op->guest : NULL;
}

/* Records of this type in the reports of this family sent since the last look. */
static uint32_t reported(uint8_t type, bool is_v4)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++) {
		struct mcast_packet p;
		size_t len = 0;
		const uint8_t *pkt = rig_sent(&rig, i, &len);
		if (rig_effect(&rig, FX_SEND, i)->send.is_arp || mcast_packet_parse(pkt, len, &p) != W_OK || p.is_v4 != is_v4)
			continue;
		struct rd it = p.recs;
		for (struct mcast_rec rec; mcast_next(&p, &it, &rec);)
			n += rec.type == type;
	}
	return n;
}

/* --- signal ----------------------------------------------------------------------------------------------- */

static void a_strong_station_becomes_a_guest(void **state)
{
	(void)state;
	start();
	hear(-75);
	assert_int_equal(manager.n_asked, 0);
	hear(-60); /* the mean is -67.5 */
	assert_int_equal(manager.n_asked, 1);
	assert_int_equal(manager.last.device.kind, DEVICE_EUI48);
	assert_int_equal(guests(), 1);
	assert_int_equal(manager.n_held, 1);
	assert_int_equal(reported(MLD_ALLOW, false), 1);
	assert_int_equal(reported(MLD_ALLOW, true), 1);

	const struct dp_guest *six = guest_put(0), *four = guest_put(1);
	struct lladdr mobile = rig_lladdr(MOBILE), gate = rig_lladdr(GATE);
	assert_true(addr6_eq(&six->group, &manager.rec.group6) && addr6_eq(&six->source, &manager.rec.source6));
	assert_true(addr6_eq(&four->group, &manager.rec.group4) && addr6_eq(&four->source, &manager.rec.source4));
	assert_true(six->n_home == 2 && six->is_serving && six->ifindex == ACC0 && six->in_if == UP);
	assert_true(lladdr_eq(&six->lladdr, &mobile) && lladdr_eq(&six->from, &gate));
	const struct dp_visit *v6 = &rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0)->visit, *v4 = &rig_dp(&rig, FX_DP_PUT, DP_VISIT, 1)->visit;
	assert_true(addr6_eq(&v6->home_address, &manager.rec.home6) && addr6_eq(&v6->ha, &manager.rec.source6) && v6->up == DP_VISIT_REVERSE);
	assert_true(addr6_eq(&v4->home_address, &manager.rec.home4) && addr6_eq(&v4->coa, &conf.coa[0]) && v4->up == DP_VISIT_REVERSE);
}

/* The end of a reverse tunnel is the source of the group: without one of the family its packets go as they are. That is told. */
static void no_tunnel_of_the_family_is_told(void **state)
{
	(void)state;
	manager.rec.source4 = manager.rec.group4 = addr6_any;
	start();
	hear(-50);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0)->visit.up, DP_VISIT_REVERSE);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 1)->visit.up, DP_VISIT_ROUTE);
	uint32_t n = 0;
	for (uint32_t i = 0; i < rig_count(&rig, FX_EVENT); i++)
		n += strcmp(rig_effect(&rig, FX_EVENT, i)->event.code, "guest-uplink-bare") == 0;
	assert_int_equal(n, 1);
}

/* The entry stands before the report: packets may come right behind it. */
static void the_entry_comes_before_the_report(void **state)
{
	(void)state;
	start();
	hear(-50);
	for (uint32_t i = 0; i < rig.fx.n; i++) {
		assert_int_not_equal(rig.fx.fx[i].kind, FX_SEND);
		if (rig.fx.fx[i].kind == FX_DP_PUT && rig.fx.fx[i].dp.table == DP_GUEST)
			return;
	}
	assert_true(false);
}

static void between_the_thresholds_nothing_changes(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 10; i++) {
		hear(-75);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(guests(), 0);
	for (int i = 0; i < 10; i++) {
		hear(-60);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(guests(), 1);
	for (int i = 0; i < 10; i++) {
		hear(-75);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(guests(), 1);
	rig_clear(&rig);
	hear(-85);
	hear(-85);
	assert_int_equal(guests(), 0);
	assert_int_equal(reported(MLD_BLOCK, false), 1);
	assert_int_equal(reported(MLD_BLOCK, true), 1);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_GUEST, 1));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 1));
	assert_int_equal(manager.n_released, 1);
}

static void a_weak_guest_stays_for_the_least_time(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_run(&rig, span_ms(100));
	hear(-90);
	hear(-90);
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_ms(399));
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_ms(1)); /* without another word from the radio */
	assert_int_equal(guests(), 0);
}

static void silence_and_loss_end_it(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_run(&rig, span_ms(1999));
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_ms(1));
	assert_int_equal(guests(), 0);
	assert_int_equal(table_count(&((struct fa *)rig.self)->stations), 0);
	hear(-60);
	assert_int_equal(guests(), 1);
	lose(); /* at once, the least time or not */
	assert_int_equal(guests(), 0);
}

static void an_attached_station_is_near(void **state)
{
	(void)state;
	start();
	hear_attached(-89, true);
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_s(1));
	hear_attached(-95, true);
	hear_attached(-95, true);
	assert_int_equal(guests(), 1);
	hear_attached(-95, false);
	assert_int_equal(guests(), 0);
}

static void stations_are_bounded(void **state)
{
	(void)state;
	start();
	manager.result = MMC_UNKNOWN;
	for (int i = 0; i < 10; i++) {
		char text[LLADDR_STRLEN];
		snprintf(text, sizeof text, "02:00:00:00:02:%02x", i);
		hear_on(ACC0, text, -60, false, "");
	}
	assert_int_equal(table_count(&((struct fa *)rig.self)->stations), 3);
	assert_int_equal(rig.count.n[R_STATION_FULL], 7);
	hear_on(ACC0, "01:00:5e:00:00:01", -60, false, ""); /* a group is no station */
	assert_int_equal(rig.count.n[R_STATION_FULL], 7);
}

/* --- identity --------------------------------------------------------------------------------------------- */

static void a_link_layer_address_alone_is_not_enough(void **state)
{
	(void)state;
	manager.rec.flags = 0;
	start();
	hear(-60);
	assert_int_equal(guests(), 0);
	assert_int_equal(rig.count.n[R_STATION_UNPROVEN], 1);
	hear_on(ACC0, MOBILE, -60, false, NAI);
	assert_int_equal(manager.last.device.kind, DEVICE_NAI);
	assert_int_equal(guests(), 1);
	hear(-60); /* a radio that tells no identity has not forgotten it */
	assert_int_equal(guests(), 1);
	hear_on(ACC0, MOBILE, -60, false, "nai:bert@example.org"); /* another one has this address now */
	assert_int_equal(manager.n_asked, 3);
	hear_on(ACC0, MOBILE, -60, false, "nai:");
	assert_int_equal(rig.count.n[R_STATION_IDENTITY], 1);
}

static void the_configuration_may_trust_it(void **state)
{
	(void)state;
	manager.rec.flags = 0;
	conf.guests.trusts_lladdr = true;
	start();
	hear(-60);
	assert_int_equal(guests(), 1);
}

static void a_stranger_is_asked_about_again(void **state)
{
	(void)state;
	manager.result = MMC_UNKNOWN;
	start();
	for (int i = 0; i < 49; i++) {
		hear(-60);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(manager.n_asked, 1);
	manager.result = MMC_FOUND;
	for (int i = 0; i < 3; i++) {
		hear(-60);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(manager.n_asked, 2);
	assert_int_equal(guests(), 1);
}

static void the_answer_may_take_its_time(void **state)
{
	(void)state;
	manager.result = MMC_WAIT;
	start();
	hear(-60);
	assert_int_equal(guests(), 0);
	manager.ops.answer(manager.ops.ctx, &manager.last, MMC_FOUND, &manager.rec, rig.now);
	assert_int_equal(guests(), 1);

	hear_on(ACC1, OTHER, -60, false, "");
	hear_on(ACC1, OTHER, -90, false, ""); /* gone before the answer came */
	hear_on(ACC1, OTHER, -90, false, "");
	manager.rec.group6 = rig_addr("ff38::1:8");
	manager.ops.answer(manager.ops.ctx, &manager.last, MMC_FOUND, &manager.rec, rig.now);
	assert_int_equal(guests(), 1);
}

static void a_changed_record_counts_at_once(void **state)
{
	(void)state;
	start();
	hear(-60);
	struct addr6 was = manager.rec.group6;
	manager.rec.group6 = rig_addr("ff38::1:9");
	rig_clear(&rig);
	manager.ops.changed(manager.ops.ctx, &manager.last, &manager.rec, rig.now);
	assert_int_equal(guests(), 1);
	assert_true(addr6_eq(&rig_dp(&rig, FX_DP_DEL, DP_GUEST, 0)->guest.group, &was));
	assert_true(addr6_eq(&guest_put(0)->group, &manager.rec.group6));
	manager.ops.changed(manager.ops.ctx, &manager.last, NULL, rig.now);
	assert_int_equal(guests(), 0);
}

/* --- delivery --------------------------------------------------------------------------------------------- */

static void only_the_serving_agent_delivers(void **state)
{
	(void)state;
	manager.rec.policy = MM_SERVING;
	start();
	hear(-60);
	assert_false(guest_put(0)->is_serving);
	rig_clear(&rig);
	hear_attached(-60, true);
	assert_true(guest_put(0)->is_serving);
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 2);
	const struct fx_keep *k = &rig_effect(&rig, FX_KEEP_SEND, 0)->keep;
	assert_true(addr6_eq(&k->coa, &manager.rec.group6) && addr6_eq(&k->src, &manager.rec.source6) && k->window.ns == span_ms(200).ns);
	for (uint32_t i = 0; rig.fx.fx[i].kind != FX_KEEP_SEND; i++) /* what was kept, then the entry */
		assert_false(rig.fx.fx[i].kind == FX_DP_PUT && rig.fx.fx[i].dp.table == DP_GUEST);
	rig_clear(&rig);
	hear_attached(-60, false);
	assert_false(guest_put(0)->is_serving);
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 0);
	assert_int_equal(guests(), 1); /* still near: its packets are kept */
}

/* --- who delivers, among several agents -------------------------------------------------------------------- */

enum { WE = 7, OTHERS = 8 };
static struct { bool has; uint32_t six, four; } delivered; /* the datapath's numbers */

static bool last_seq(void *ctx, const struct addr6 *group, const struct addr6 *source, uint32_t *seq)
{
	(void)ctx, (void)source;
	*seq = addr6_is_v4mapped(group) ? delivered.four : delivered.six;
	return delivered.has;
}

static void start_serving(void)
{
	manager.rec.policy = MM_SERVING;
	conf.guests.wait = span_ms(20);
	conf.guests.mmc.id = WE;
	conf.guests.silence = span_s(60);
	conf.guests.dwell = span_s(60);
	start();
	rig.env.last_seq = last_seq;
	delivered.has = false;
	hear(-60);
	rig_clear(&rig);
}

static void told(uint32_t agent, uint8_t flags, uint32_t six, uint32_t four)
{
	const struct mm_serving s = {agent, flags, six, four};
	manager.ops.served(manager.ops.ctx, &manager.last, &s, rig.now);
}

static void attached_at(int64_t ago_ms)
{
	struct station_event ev = {.ifindex = ACC0, .station = rig_lladdr(MOBILE), .dbm = -60, .is_serving = true, .when = mono_add(rig.now.mono, span_ms(-ago_ms))};
	rig.ops->station(rig.self, &ev, rig.now);
}

static const struct fx_keep *kept(uint32_t nth) { const struct effect *e = rig_effect(&rig, FX_KEEP_SEND, nth); return e ? &e->keep : NULL; }
static bool is_delivering(void)
{
	uint32_t n = 0;
	while (guest_put(n))
		n++;
	return n && guest_put(n - 1)->is_serving;
}

static void what_the_agent_before_delivered_is_left_out(void **state)
{
	(void)state;
	start_serving();
	told(OTHERS, MM_HAS_SEQ6, 41, 99);
	attached_at(0);
	assert_true(manager.n_said == 1 && manager.said.flags == MM_SERVES);
	assert_true(is_delivering()); /* nobody has to be waited for */
	assert_true(kept(0)->has_seq && kept(0)->after_seq == 41 && !kept(1)->has_seq);

	/* What was told a second ago may be of other numbers. */
	hear_attached(-60, false);
	told(OTHERS, MM_HAS_SEQ6, 50, 0);
	rig_run(&rig, span_ms(1000));
	rig_clear(&rig);
	attached_at(0);
	assert_false(is_delivering());
	rig_run(&rig, span_ms(20));
	assert_true(is_delivering() && !kept(0)->has_seq);
}

static void the_agent_before_is_waited_for(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	assert_false(is_delivering());
	told(WE, MM_SERVES, 0, 0);
	assert_false(is_delivering());
	rig_run(&rig, span_ms(5));
	told(OTHERS, MM_HAS_SEQ6 | MM_HAS_SEQ4, 0xfffffffe, 7);
	assert_true(is_delivering());
	assert_true(kept(0)->after_seq == 0xfffffffe && kept(1)->has_seq && kept(1)->after_seq == 7);
	rig_clear(&rig);
	rig_run(&rig, span_s(1));
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 0);
	assert_int_equal(manager.n_said, 1); /* heard by all, so not said again */
}

static void but_not_for_long(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	rig_run(&rig, span_ms(19));
	assert_false(is_delivering());
	rig_run(&rig, span_ms(1));
	assert_true(is_delivering() && !kept(0)->has_seq);
	rig_run(&rig, span_s(1));
	assert_int_equal(manager.n_said, 4); /* nobody has said that it was heard */
}

/* Whatever went out since the radio was surely attached may be lost. */
static void we_tell_what_is_surely_delivered(void **state)
{
	(void)state;
	start_serving();
	told(OTHERS, MM_HAS_SEQ6 | MM_HAS_SEQ4, 10, 5);
	delivered.has = true;
	delivered.six = 12;
	attached_at(0); /* looked at: 12, and 0 of the other group: behind what was told */
	rig_run(&rig, span_ms(20));
	delivered.six = 14;
	attached_at(1); /* 12 is sure; 14 is looked at */
	rig_run(&rig, span_ms(20));
	delivered.six = 17;
	attached_at(25); /* an old word proves nothing */
	hear_attached(-60, false);
	assert_true(manager.said.flags == (MM_HAS_SEQ6 | MM_HAS_SEQ4) && manager.said.seq6 == 12 && manager.said.seq4 == 5);

	/* When it was attached last is as good as a word that it is. */
	attached_at(0);
	rig_run(&rig, span_ms(20));
	delivered.six = 21;
	attached_at(0); /* 17 is sure; 21 is looked at */
	rig_run(&rig, span_ms(20));
	delivered.six = 25;
	const struct station_event left = {.ifindex = ACC0, .station = rig_lladdr(MOBILE), .dbm = -60, .when = mono_add(rig.now.mono, span_ms(-2))};
	rig.ops->station(rig.self, &left, rig.now);
	assert_true(manager.said.seq6 == 21 && !is_delivering());

	/* Once more, for whoever claims; then no more. */
	uint32_t n = manager.n_said;
	told(OTHERS, MM_SERVES, 0, 0);
	assert_true(manager.n_said == n + 1 && manager.said.seq6 == 21);
	told(OTHERS, MM_SERVES, 0, 0);
	assert_int_equal(manager.n_said, n + 1);
}

static void a_guest_that_goes_is_told_of(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	rig_run(&rig, span_ms(20));
	uint32_t n = manager.n_said;
	lose();
	assert_true(manager.n_said == n + 1 && !(manager.said.flags & MM_SERVES));
	assert_int_equal(guests(), 0);
}

static void one_delivers_where_two_radios_say_so(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	told(OTHERS, MM_SERVES, 0, 0); /* before ours, in the manager's order */
	rig_run(&rig, span_ms(25));
	assert_true(is_delivering());
	told(WE, MM_SERVES, 0, 0);
	rig_clear(&rig);
	told(OTHERS, MM_SERVES, 0, 0); /* behind it */
	assert_true(rig_count(&rig, FX_DP_PUT) && !is_delivering());
	assert_false(manager.said.flags & MM_SERVES);
	attached_at(0); /* our radio says so still */
	rig_run(&rig, span_s(5));
	assert_false(is_delivering());

	/* The other lets go and a third claims; then that one lets go, and nobody claims. */
	told(OTHERS, MM_HAS_SEQ6, 77, 0);
	rig_run(&rig, span_ms(100));
	told(OTHERS + 1, MM_SERVES, 0, 0);
	rig_run(&rig, span_s(5));
	assert_false(is_delivering());
	told(OTHERS + 1, MM_HAS_SEQ6, 80, 0);
	rig_clear(&rig);
	rig_run(&rig, span_ms(299));
	assert_false(is_delivering());
	rig_run(&rig, span_ms(1));
	assert_true(is_delivering() && kept(0)->after_seq == 80);
	assert_true(manager.said.flags & MM_SERVES);
}

static void policy_all_says_nothing(void **state)
{
	(void)state;
	start();
	attached_at(0);
	told(OTHERS, MM_SERVES, 0, 0);
	hear_attached(-60, false);
	lose();
	assert_int_equal(manager.n_said, 0);
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 0);
}

static void a_mobile_heard_on_two_links_is_one_guest(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_clear(&rig);
	hear_on(ACC1, OTHER, -60, false, "");
	assert_int_equal(guests(), 1);
	assert_int_equal(guest_put(0)->ifindex, ACC1);
	assert_int_equal(reported(MLD_ALLOW, false), 0);
	rig_clear(&rig);
	const struct station_event gone = {.ifindex = ACC1, .station = rig_lladdr(OTHER), .is_gone = true};
	rig.ops->station(rig.self, &gone, rig.now);
	assert_int_equal(guests(), 1);
	assert_int_equal(guest_put(0)->ifindex, ACC0);
	lose();
	assert_int_equal(guests(), 0);
}

static void entries_are_put_again_before_they_end(void **state)
{
	(void)state;
	start();
	hear(-60);
	mono_t ends = guest_put(0)->expires;
	rig_clear(&rig);
	for (int i = 0; i < 25; i++) {
		hear(-60);
		rig_run(&rig, span_s(1));
	}
	assert_true(mono_before(ends, guest_put(0)->expires));
	assert_true(mono_before(rig.now.mono, ends));
}

static void links_that_go_take_their_guests_along(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", false);
	assert_int_equal(guests(), 0);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	hear(-60);
	rig_clear(&rig);
	rig.ops->stop(rig.self, rig.now);
	assert_int_equal(guests(), 0);
	assert_int_equal(reported(MLD_BLOCK, false), 1);
}

static void another_upstream_link_is_told(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_clear(&rig);
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", false);
	rig_link(&rig, UP + 7, "up0", "02:00:00:00:00:02", true);
	assert_int_equal(reported(MLD_ALLOW, false), 1);
	assert_int_equal(guest_put(rig_count(&rig, FX_DP_PUT) ? 2 : 0)->in_if, UP + 7);
}

/* --- the gateway ------------------------------------------------------------------------------------------ */

/* The n-th ARP message sent to the mobile. */
static struct arp arp_at(uint32_t nth)
{
	struct arp a;
	struct lladdr mobile = rig_lladdr(MOBILE);
	for (uint32_t i = 0;; i++) {
		const struct effect *e = rig_effect(&rig, FX_SEND, i);
		assert_non_null(e);
		if (!e->send.is_arp || nth--)
			continue;
		assert_int_equal(arp_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, &a), W_OK);
		assert_true(lladdr_eq(&e->send.lladdr, &mobile));
		return a;
	}
}

static bool nd_sent(uint8_t type, const struct addr6 *target, struct nd_packet *out)
{
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++) {
		size_t n = 0;
		const uint8_t *pkt = rig_sent(&rig, i, &n);
		if (!rig_effect(&rig, FX_SEND, i)->send.is_arp && nd_packet_parse(pkt, n, out) == W_OK && out->type == type &&
		    (!target || addr6_eq(&out->na.target, target)))
			return true;
	}
	return false;
}

static void a_guest_that_arrives_hears_of_its_gateway(void **state)
{
	struct addr6 gateway = rig_addr(AGENT6), gateway4 = rig_addr(AGENT4), home = rig_addr(HOME6);
	struct lladdr gate = rig_lladdr(GATE);
	struct nd_packet p;
	(void)state;
	start();
	hear(-60);
	assert_true(nd_sent(IC6_NA, &gateway, &p));
	assert_true(p.na.is_override && p.na.is_router && lladdr_eq(&p.na.tlla, &gate) && addr6_eq(&p.dst, &home));
	struct arp a = arp_at(0);
	assert_true(arp_is_gratuitous(&a) && addr6_eq(&a.sender, &gateway4) && lladdr_eq(&a.sender_ll, &gate));
	struct addr6 prefix = rig_addr("2001:db8:1::");
	assert_true(nd_sent(IC6_RA, NULL, &p));
	assert_true(p.ra.n_prefix == 1 && addr6_eq(&p.ra.prefix[0].addr, &prefix) && p.ra.prefix[0].len_bits == 64);
	assert_true(!p.ra.prefix[0].is_auto && lladdr_eq(&p.ra.slla, &gate));
}

static void rx_arp(const struct arp *a, const char *from)
{
	uint8_t buf[ARP_OCT];
	size_t n = arp_build(buf, sizeof buf, a);
	const struct rx rx = {.ifindex = ACC0, .why = DP_PUNT_ARP, .lladdr_src = rig_lladdr(from), .pkt = buf, .len_oct = n};
	rig_clear(&rig);
	(void)rig.ops->rx(rig.self, &rx, rig.now);
}

static void whatever_it_asks_for_is_here(void **state)
{
	struct lladdr mobile = rig_lladdr(MOBILE), gate = rig_lladdr(GATE);
	struct addr6 home = rig_addr(HOME4), near = rig_addr("10.1.0.55"), away = rig_addr("10.1.0.9");
	(void)state;
	start();
	hear(-60);
	struct arp q = arp_request(&mobile, &home, &near);
	rx_arp(&q, MOBILE);
	struct arp a = arp_at(0);
	assert_true(a.op == ARP_REPLY && addr6_eq(&a.sender, &near) && lladdr_eq(&a.sender_ll, &gate) && addr6_eq(&a.target, &home));
	q = arp_request(&mobile, &home, &home); /* its own: announced, not asked */
	rx_arp(&q, MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	q = arp_probe(&mobile, &home);
	rx_arp(&q, MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	q = arp_request(&mobile, &away, &near); /* not its address */
	rx_arp(&q, MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	q = arp_request(&mobile, &home, &near); /* another station in its name */
	rx_arp(&q, OTHER);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static bool rx_ns(const char *src, const char *target, const char *from)
{
	uint8_t buf[128];
	struct addr6 s = rig_addr(src);
	struct nd_ns ns = {.target = rig_addr(target), .has_slla = !addr6_is_any(&s), .slla = rig_lladdr(from)};
	struct addr6 dst = addr6_solicited_node(&ns.target);
	size_t n = ns_packet_build(buf, sizeof buf, &s, &dst, &ns);
	rig_clear(&rig);
	return rig_rx(&rig, ACC0, from, buf, n);
}

static void and_what_it_solicits(void **state)
{
	struct addr6 near = rig_addr("2001:db8:1::55"), router = rig_addr("fe80::1"), home = rig_addr(HOME6);
	struct nd_packet p;
	(void)state;
	start();
	hear(-60);
	assert_true(rx_ns(HOME6, "2001:db8:1::55", MOBILE));
	assert_true(nd_sent(IC6_NA, &near, &p) && p.na.is_solicited && addr6_eq(&p.dst, &home));
	assert_true(rx_ns("fe80::ff:fe00:100", "fe80::1", MOBILE));
	assert_true(nd_sent(IC6_NA, &router, &p));
	(void)rx_ns("::", HOME6, MOBILE); /* its probe for duplicates */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	(void)rx_ns("::", "2001:db8:1::77", MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	(void)rx_ns(HOME6, "fe80::ff:fe00:100", MOBILE); /* itself */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_false(rx_ns(HOME6, "2001:db8:1::55", OTHER));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void an_autoconfigured_address_keeps_its_prefix(void **state)
{
	struct nd_packet p;
	uint8_t buf[128];
	struct addr6 src = rig_addr("fe80::ff:fe00:100");
	(void)state;
	manager.rec.home6 = rig_addr("2001:db8:1::ff:fe00:100");
	start();
	hear(-60);
	rig_clear(&rig);
	const struct nd_rs rs = {.has_slla = true, .slla = rig_lladdr(MOBILE)};
	size_t n = rs_packet_build(buf, sizeof buf, &src, &addr6_allrouters, &rs);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	assert_true(nd_sent(IC6_RA, NULL, &p) && p.ra.prefix[0].is_auto);
}

static void the_datapath_is_told_of_the_gate_and_lets_nobody_else_send(void **state)
{
	struct lladdr gate = rig_lladdr(GATE);
	bool has_six = false;
	(void)state;
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	rig_clear(&rig);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	const struct dp_if *i = &rig_dp(&rig, FX_DP_PUT, DP_IF, 0)->iface;
	assert_true((i->flags & DP_IF_GATE) && (i->flags & DP_IF_FILTER) && lladdr_eq(&i->gate, &gate));
	for (uint32_t k = 0; k < i->n_prefix; k++)
		has_six |= !addr6_is_v4mapped(&i->prefix[k].addr) && i->prefix[k].len_bits == 128;
	assert_true(has_six);
}

/* --- leases ----------------------------------------------------------------------------------------------- */

enum { DHCP_FIXED_OCT = 240 };

/* A message of the mobile's as a client sends it; wanted, server: options, "" for none. */
static void rx_dhcp(uint8_t type, const char *ciaddr, const char *wanted, const char *server, const char *chaddr)
{
	uint8_t pkt[400], data[DHCP_FIXED_OCT] = {1, 1, 6, 0, 9, 9, 9, 9, [236] = 0x63, 0x82, 0x53, 0x63};
	struct lladdr ll = rig_lladdr(chaddr);
	struct addr6 from = rig_addr(*ciaddr ? ciaddr : "0.0.0.0"), w4 = rig_addr(*wanted ? wanted : "0.0.0.0"), s4 = rig_addr(*server ? server : "0.0.0.0");
	const struct ip4_path path = {.src = from, .dst = rig_addr("255.255.255.255"), .ttl = 64};
	memcpy(data + 12, from.b + 12, 4);
	memcpy(data + 28, &ll, 6);
	struct wr w = wr_of(pkt, sizeof pkt);
	const struct udp4_build b = udp4_begin(&w, &path, DHCP4_CLIENT_PORT, DHCP4_SERVER_PORT);
	wr_bytes(&w, data, sizeof data);
	wr_bytes(&w, (uint8_t[]){53, 1, type}, 3);
	if (*wanted) {
		wr_bytes(&w, (uint8_t[]){50, 4}, 2);
		wr_v4(&w, &w4);
	}
	if (*server) {
		wr_bytes(&w, (uint8_t[]){54, 4}, 2);
		wr_v4(&w, &s4);
	}
	wr_u8(&w, 255);
	const size_t n = udp4_finish(&w, &b);
	assert_true(n > 0);
	const struct rx rx = {.ifindex = ACC0, .why = DP_PUNT_BROADCAST, .lladdr_src = ll, .pkt = pkt, .len_oct = n};
	rig_clear(&rig);
	assert_true(rig.ops->rx(rig.self, &rx, rig.now));
}

/* The type of the answer, and the address in it; 0: none came. */
static uint8_t leased(struct addr6 *yiaddr)
{
	struct udp4_packet p;
	size_t n = 0;
	const struct addr6 home = rig_addr(HOME4);
	if (rig_count(&rig, FX_SEND) == 0)
		return 0;
	const uint8_t *pkt = rig_sent(&rig, 0, &n);
	assert_int_equal(udp4_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.sport == DHCP4_SERVER_PORT && p.dport == DHCP4_CLIENT_PORT && p.data[0] == 2);
	struct rd r = rd_of(p.data + 16, 4);
	*yiaddr = rd_v4(&r);
	const uint8_t type = p.data[DHCP_FIXED_OCT + 2];
	assert_true(addr6_eq(&p.dst, &home) == (type != DHCP4_NAK));
	return type;
}

static void its_address_is_leased_to_a_guest(void **state)
{
	const struct addr6 home = rig_addr(HOME4);
	struct addr6 got;
	(void)state;
	conf.guests.lease = span_s(3600);
	start();
	rx_dhcp(DHCP4_DISCOVER, "", "", "", MOBILE);
	assert_int_equal(leased(&got), 0); /* not yet a guest */
	hear(-60);
	rx_dhcp(DHCP4_DISCOVER, "", "", "", MOBILE);
	assert_true(leased(&got) == DHCP4_OFFER && addr6_eq(&got, &home));
	rx_dhcp(DHCP4_REQUEST, "", HOME4, AGENT4, MOBILE); /* of what we offered */
	assert_true(leased(&got) == DHCP4_ACK && addr6_eq(&got, &home));
	rx_dhcp(DHCP4_REQUEST, HOME4, "", "", MOBILE); /* its lease is nearly over */
	assert_true(leased(&got) == DHCP4_ACK && addr6_eq(&got, &home));
	rx_dhcp(DHCP4_REQUEST, "", HOME4, "", MOBILE); /* it was switched off */
	assert_int_equal(leased(&got), DHCP4_ACK);
	rx_dhcp(DHCP4_REQUEST, "", "10.2.16.9", "", MOBILE); /* an address of another network */
	assert_int_equal(leased(&got), DHCP4_NAK);
	rx_dhcp(DHCP4_REQUEST, "", "10.2.16.9", "10.2.16.1", MOBILE); /* another server's offer */
	assert_int_equal(leased(&got), 0);
	rx_dhcp(DHCP4_INFORM, HOME4, "", "", MOBILE);
	assert_true(leased(&got) == DHCP4_ACK && addr6_is_none(&got));
	rx_dhcp(DHCP4_RELEASE, HOME4, "", "", MOBILE);
	assert_int_equal(leased(&got), 0);
	rx_dhcp(DHCP4_DISCOVER, "", "", "", OTHER);
	assert_int_equal(leased(&got), 0);
}

/* --- configuration ---------------------------------------------------------------------------------------- */

static void mistakes_are_named(void **state)
{
	(void)state;
	assert_null(fa_conf_check(&conf));
	conf.guests.leave_dbm = 70;
	assert_non_null(strstr(fa_conf_check(&conf), "signal-leave"));
	conf.guests.leave_dbm = 80;
	conf.guests.mmc.n_manager = 0;
	assert_non_null(strstr(fa_conf_check(&conf), "manager"));
	conf.guests.mmc.n_manager = 1;
	conf.n_coa = 0; /* guests alone need none */
	assert_null(fa_conf_check(&conf));
	conf.guests.is_on = false;
	assert_non_null(strstr(fa_conf_check(&conf), "address-v4"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_strong_station_becomes_a_guest),
		TEST(no_tunnel_of_the_family_is_told),
		TEST(the_entry_comes_before_the_report),
		TEST(between_the_thresholds_nothing_changes),
		TEST(a_weak_guest_stays_for_the_least_time),
		TEST(silence_and_loss_end_it),
		TEST(an_attached_station_is_near),
		TEST(stations_are_bounded),
		TEST(a_link_layer_address_alone_is_not_enough),
		TEST(the_configuration_may_trust_it),
		TEST(a_stranger_is_asked_about_again),
		TEST(the_answer_may_take_its_time),
		TEST(a_changed_record_counts_at_once),
		TEST(only_the_serving_agent_delivers),
		TEST(what_the_agent_before_delivered_is_left_out),
		TEST(the_agent_before_is_waited_for),
		TEST(but_not_for_long),
		TEST(we_tell_what_is_surely_delivered),
		TEST(a_guest_that_goes_is_told_of),
		TEST(one_delivers_where_two_radios_say_so),
		TEST(policy_all_says_nothing),
		TEST(a_mobile_heard_on_two_links_is_one_guest),
		TEST(entries_are_put_again_before_they_end),
		TEST(links_that_go_take_their_guests_along),
		TEST(another_upstream_link_is_told),
		TEST(a_guest_that_arrives_hears_of_its_gateway),
		TEST(whatever_it_asks_for_is_here),
		TEST(and_what_it_solicits),
		TEST(an_autoconfigured_address_keeps_its_prefix),
		TEST(the_datapath_is_told_of_the_gate_and_lets_nobody_else_send),
		TEST(its_address_is_leased_to_a_guest),
		TEST(mistakes_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
