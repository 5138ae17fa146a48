/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* An access router with an upstream link and two access links, the listeners on them, and what it reports upstream. The test says in
 * make_conf() what the router is. */
#include "rig.h"

#include "base/err.h"
#include "role/ar/ar_i.h"
#include "wire/mcast/mcast.h"

enum { UP = 2, ACC0 = 3, ACC1 = 4 };
#define MN_MAC "02:00:00:00:01:00"

static struct rig rig;
static struct ar_conf conf;

static void make_conf(void);

static inline struct ar_if_conf *add_if(const char *name, const char *prefix)
{
	struct ar_if_conf *c = &conf.interface[conf.n_interface++];
	*c = (struct ar_if_conf){
		.is_autonomous = true, .is_onlink = true, .prefix_valid = span_s(2592000), .prefix_preferred = span_s(604800),
		.ra_interval = span_ms(1000), .router_lifetime = span_s(1800), .ha_lifetime = span_s(1800), .has_map = true,
		.is_filtered = true, .is_sole_querier = true, .rs_rate = 20, .report_rate = 50, .max_per_station = 16, .max_per_link = 4096,
		.n_prefix = 1, .prefix = {rig_prefix(prefix)}};
	memcpy(c->name, name, strlen(name));
	return c;
}

static inline void start(void)
{
	assert_int_equal(rig_start(&rig, &ar_role, &conf), ERR_OK);
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", true);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	rig_link(&rig, ACC1, "acc1", "02:00:00:00:00:04", true);
}

static inline int setup_idle(void **state)
{
	(void)state;
	rig_init(&rig, 3);
	make_conf();
	return 0;
}

static inline int setup(void **state)
{
	setup_idle(state);
	start();
	rig_clear(&rig);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_IDLE(f) cmocka_unit_test_setup_teardown(f, setup_idle, teardown)

/* A listener's report, of the family of its address. */
static inline void report_of(uint32_t ifindex, const char *from, enum mld_rec_type type, const char *group, const char *source)
{
	uint8_t buf[128];
	struct addr6 src = rig_addr(from);
	struct mcast_state s = {.type = (uint8_t)type, .group = rig_addr(group), .source = rig_addr(source)};
	size_t n = mcast_report_packet_build(buf, sizeof buf, &src, &s, 1);
	assert_true(rig_rx(&rig, ifindex, MN_MAC, buf, n));
}

/* Reports of one family on the upstream link, as a letter a record; from: where they must have come from, or NULL. */
static inline const char *reported(bool is_v4, const char *from)
{
	static char out[256];
	size_t at = 0;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		struct mcast_packet p;
		struct mcast_rec rec;
		if (mcast_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, &p) != W_OK || p.kind != MCAST_REPORT || p.is_v4 != is_v4)
			continue;
		assert_int_equal(e->send.ifindex, UP);
		if (from)
			assert_string_equal(ADDR46_STR(&p.src), from);
		for (struct rd it = p.recs; mcast_next(&p, &it, &rec);)
			out[at++] = "?iexeAB"[rec.type];
	}
	out[at] = '\0';
	return out;
}
