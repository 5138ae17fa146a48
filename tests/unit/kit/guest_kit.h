/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A foreign agent with two radio links, and mobiles that these hear: guests. What the manager knows of them is in mmc_table.h. */
#include "mmc_table.h"
#include "rig.h"

#include "base/err.h"
#include "role/fa/fa_i.h"

enum { UP = 2, ACC0 = 3, ACC1 = 4 };
#define MOBILE "02:00:00:00:01:00"
#define OTHER "02:00:00:00:01:01"
#define HOME6 "2001:db8:1::100"
#define HOME4 "10.1.0.100"
#define AGENT6 "2001:db8:1::1"
#define AGENT4 "10.1.0.1"
#define GATE "00:00:5e:00:52:13"
#define GATE_LL "fe80::200:5eff:fe00:5213"

static struct rig rig;
static struct fa_conf conf;

static inline void start(void)
{
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", true);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	rig_link(&rig, ACC1, "acc1", "02:00:00:00:00:04", true);
	rig_clear(&rig);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

static inline void hear_on(uint32_t ifindex, const char *lladdr, int32_t dbm, bool is_serving, const char *identity)
{
	struct station_event ev = {.ifindex = ifindex, .station = rig_lladdr(lladdr), .dbm = dbm, .is_serving = is_serving};
	snprintf(ev.identity, sizeof ev.identity, "%s", identity);
	rig.ops->station(rig.self, &ev, rig.now);
}
static inline void hear(int32_t dbm) { hear_on(ACC0, MOBILE, dbm, false, ""); }
static inline void hear_attached(int32_t dbm, bool is_serving) { hear_on(ACC0, MOBILE, dbm, is_serving, ""); }

static inline void lose(void)
{
	const struct station_event ev = {.ifindex = ACC0, .station = rig_lladdr(MOBILE), .is_gone = true};
	rig.ops->station(rig.self, &ev, rig.now);
}

static inline uint32_t guests(void) { return table_count(&((struct fa *)rig.self)->guests); }
static inline const struct dp_guest *guest_put(uint32_t nth)
{
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_GUEST, nth);
	return op ? &op->guest : NULL;
}
