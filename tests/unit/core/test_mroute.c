/* SPDX-License-Identifier: BSD-2-Clause */
/* Which entries of the host's multicast forwarding the datapath carries out itself. Serves H-5 with H-1. */
#include "../kit/rig.h"

#include "base/err.h"
#include "core/mroute.h"

enum { SRC = 9, D1 = 3, D2 = 4, TUNNEL = 7 };
#define SELF "2001:db8:2::1"
#define SELF4 "198.51.100.1"
#define G1 "ff35::1"
#define G2 "ff35::2"
#define G4 "232.128.0.1"

static struct { struct rig rig; struct mroutes m; } t;


static int setup(void **state)
{
	struct addr6 v6 = rig_addr(SELF), v4 = rig_addr(SELF4);
	(void)state;
	rig_init(&t.rig, 3);
	mroutes_init(&t.m, &t.rig.env, ROLE_MMA, &v6, &v4);
	mroutes_link(&t.m, D1, true);
	mroutes_link(&t.m, D2, true);
	mroutes_enter(&t.m, SRC);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mroutes_fini(&t.m);
	rig_fini(&t.rig);
	return 0;
}

static struct mroute_event entry(const char *source, const char *group, uint32_t first, uint32_t second)
{
	return (struct mroute_event){.what = MROUTE_NEW, .source = rig_addr(source), .group = rig_addr(group), .iif = SRC, .oif = {first, second},
		.n_oif = second ? 2 : first ? 1 : 0, .is_plain = true};
}

static void hear(struct mroute_event ev) { mroutes_event(&t.m, &ev); }
static void gone(const char *group) { hear((struct mroute_event){.what = MROUTE_GONE, .source = rig_addr(SELF), .group = rig_addr(group)}); }

/* "put ff35::1 3 4, del ff35::1": what the datapath was told since. */
static const char *told(void)
{
	static char text[512];
	size_t n = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < t.rig.fx.n; i++) {
		const struct effect *e = &t.rig.fx.fx[i];
		if (e->kind != FX_DP_PUT && e->kind != FX_DP_DEL)
			continue;
		assert_int_equal(e->dp.table, DP_MFC);
		assert_int_equal(e->dp.mfc.iif, 0);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %s", n ? ", " : "", e->kind == FX_DP_PUT ? "put" : "del", ADDR46_STR(&e->dp.mfc.group));
		for (uint32_t k = 0; e->kind == FX_DP_PUT && k < e->dp.mfc.n_oif; k++)
			n += (size_t)snprintf(text + n, sizeof text - n, " %u", e->dp.mfc.oif[k]);
	}
	rig_clear(&t.rig);
	return text;
}

static void links_follow_the_daemon(void **state)
{
	(void)state;
	hear(entry(SELF, G1, D1, 0));
	assert_string_equal(told(), "put ff35::1 3");
	hear(entry(SELF, G1, D1, 0));
	assert_string_equal(told(), "");
	hear(entry(SELF, G1, D1, D2));
	assert_string_equal(told(), "put ff35::1 3 4");
	hear(entry(SELF, G1, D2, 0));
	assert_string_equal(told(), "put ff35::1 4");
	hear(entry(SELF4, G4, D1, D2));
	assert_string_equal(told(), "put 232.128.0.1 3 4");
	gone(G1);
	assert_string_equal(told(), "del ff35::1");
	gone(G1);
	assert_string_equal(told(), "");
}

static void what_is_not_ours_to_do_is_the_hosts(void **state)
{
	struct mroute_event ev = entry(SELF, G1, D1, 0);
	(void)state;
	hear(entry("2001:db8:66::1", G1, D1, 0));       /* another's group */
	hear(entry("::", G1, D1, 0));                   /* any source */
	hear(entry(SELF, G1, 0, 0));                    /* nobody listens */
	hear(entry(SELF, G1, D1, TUNNEL));              /* a link that is none of ours */
	ev.iif = D2;
	hear(ev);
	ev.iif = SRC;
	ev.is_plain = false;
	hear(ev);
	assert_string_equal(told(), "");
	ev.is_plain = true;
	hear(ev);
	assert_string_equal(told(), "put ff35::1 3");
	hear(entry(SELF, G1, D1, TUNNEL));
	assert_string_equal(told(), "del ff35::1");
	hear(entry(SELF, G1, D1, 0));
	assert_string_equal(told(), "put ff35::1 3");
	hear(entry(SELF, G1, 0, 0));
	assert_string_equal(told(), "del ff35::1");
}

static void interfaces_come_and_go(void **state)
{
	(void)state;
	hear(entry(SELF, G1, D1, 0));
	hear(entry(SELF, G2, D1, TUNNEL));
	assert_string_equal(told(), "put ff35::1 3");
	mroutes_link(&t.m, TUNNEL, true);
	assert_string_equal(told(), "put ff35::2 3 7");
	mroutes_link(&t.m, TUNNEL, false);
	assert_string_equal(told(), "del ff35::2");
	mroutes_enter(&t.m, 0);                         /* the source interface is gone, */
	assert_string_equal(told(), "del ff35::1");
	mroutes_enter(&t.m, SRC + 1);                   /* there again under another number, */
	assert_string_equal(told(), "");
	struct mroute_event ev = entry(SELF, G1, D1, 0); /* and the daemon has noticed */
	ev.iif = SRC + 1;
	hear(ev);
	assert_string_equal(told(), "put ff35::1 3");
	mroutes_withdraw(&t.m);
	assert_string_equal(told(), "del ff35::1");
}

/* Something was missed: what the listing does not name is gone, what it names differently is changed. */
static void a_listing_is_complete(void **state)
{
	(void)state;
	hear(entry(SELF, G1, D1, 0));
	hear(entry(SELF, G2, D1, 0));
	hear(entry(SELF4, G4, D1, 0));
	told();
	hear((struct mroute_event){.what = MROUTE_BEGIN});
	hear(entry(SELF, G1, D1, 0));
	hear(entry(SELF4, G4, D2, 0));
	hear((struct mroute_event){.what = MROUTE_END});
	assert_string_equal(told(), "put 232.128.0.1 4, del ff35::2");
	hear((struct mroute_event){.what = MROUTE_BEGIN});
	hear((struct mroute_event){.what = MROUTE_END});
	assert_int_equal(rig_count(&t.rig, FX_DP_DEL), 2);
	assert_int_equal(table_count(&t.m.entries), 0);
}

/* What cannot be remembered stays the host's. */
static void without_memory_the_host_goes_on(void **state)
{
	(void)state;
	t.rig.fail_in = 0;
	hear(entry(SELF, G1, D1, 0));
	assert_string_equal(told(), "");
	t.rig.fail_in = 1;                              /* the table */
	hear(entry(SELF, G1, D1, 0));
	assert_string_equal(told(), "");
	t.rig.fail_in = -1;
	hear(entry(SELF, G1, D1, 0));
	assert_string_equal(told(), "put ff35::1 3");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(links_follow_the_daemon), T(what_is_not_ours_to_do_is_the_hosts), T(interfaces_come_and_go), T(a_listing_is_complete),
		T(without_memory_the_host_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
