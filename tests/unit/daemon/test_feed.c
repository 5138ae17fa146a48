/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the feed. H-9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/feed.h"

static const char *parse(const char *text, struct signal_event *ev, const char **ifname)
{
	static char line[400];
	struct feed_event e;

	snprintf(line, sizeof line, "%s", text);
	const char *wrong = feed_parse(line, &e);
	*ifname = e.ifname;
	*ev = e.signal;
	return wrong;
}

static void a_line_becomes_an_event(void **state)
{
	(void)state;
	struct signal_event ev;
	const char *ifname;

	assert_null(parse("signal w0 02:00:00:00:00:01 -71", &ev, &ifname));
	assert_string_equal(ifname, "w0");
	assert_int_equal(ev.router.b[5], 1);
	assert_int_equal(ev.dbm, -71);
	assert_int_equal(ev.bandwidth_kbps, -1);
	assert_int_equal(ev.cost, -1);
	assert_false(ev.is_attached);

	assert_null(parse("signal  w1\t02:00:00:00:00:02 -50 cost=3 load=120 attached bandwidth=54000 delay=0\r", &ev, &ifname));
	assert_int_equal(ev.cost, 3);
	assert_int_equal(ev.load_permille, 120);
	assert_int_equal(ev.bandwidth_kbps, 54000);
	assert_int_equal(ev.delay_ms, 0);
	assert_true(ev.is_attached);
}

static void a_wrong_line_is_explained(void **state)
{
	(void)state;
	static const struct { const char *line, *says; } wrong[] = {
		{"", "a line is"},
		{"signals w0 02:00:00:00:00:01 -71", "a line is"},
		{"signal", "third word"},
		{"signal w0", "third word"},
		{"signal w0 02:00:00:00:00 -71", "third word"},
		{"signal w0 02:00:00:00:00:01", "fourth word"},
		{"signal w0 02:00:00:00:00:01 -7x", "fourth word"},
		{"signal w0 02:00:00:00:00:01 -71 attach", "a factor is"},
		{"signal w0 02:00:00:00:00:01 -71 cost=-3", "a factor is"},
		{"signal w0 02:00:00:00:00:01 -71 speed=3", "a factor is"},
		{"signal w0 02:00:00:00:00:01 -71 cost=", "a factor is"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct signal_event ev;
		const char *ifname, *says = parse(wrong[i].line, &ev, &ifname);
		assert_non_null(says);
		assert_non_null(strstr(says, wrong[i].says));
	}
}

static void a_station_is_heard_and_lost(void **state)
{
	(void)state;
	char line[] = "hear acc0 02:00:00:00:01:00 -63 serving at=1234567890123 identity=nai:anna@example.org", far[] = "hear acc0 02:00:00:00:01:00 -88",
	     lost[] = "lost acc0 02:00:00:00:01:00";
	struct feed_event e;

	assert_null(feed_parse(line, &e));
	assert_int_equal(e.kind, FEED_STATION);
	assert_string_equal(e.ifname, "acc0");
	assert_int_equal(e.station.station.b[4], 1);
	assert_int_equal(e.station.dbm, -63);
	assert_true(e.station.is_serving && !e.station.is_gone && e.station.when.ns == 1234567890123);
	assert_string_equal(e.station.identity, "nai:anna@example.org");
	assert_null(feed_parse(far, &e));
	assert_int_equal(e.station.dbm, -88);
	assert_true(!e.station.is_serving && !e.station.identity[0] && e.station.when.ns == 0);
	assert_null(feed_parse(lost, &e));
	assert_true(e.kind == FEED_STATION && e.station.is_gone);
}

static void a_wrong_station_is_explained(void **state)
{
	(void)state;
	char wrong[][80] = {"hear acc0", "hear acc0 02:00 -60", "hear acc0 02:00:00:00:01:00", "hear acc0 02:00:00:00:01:00 loud",
		"hear acc0 02:00:00:00:01:00 -60 served", "hear acc0 02:00:00:00:01:00 -60 at=soon", "hear acc0 02:00:00:00:01:00 -60 at=0", "hear acc0 02:00:00:00:01:00 -60 identity=", "lost acc0", "lost acc0 02:00:00:00:01:00 -60"};
	char longest[400] = "hear acc0 02:00:00:00:01:00 -60 identity=";
	struct feed_event e;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_non_null(feed_parse(wrong[i], &e));
	memset(longest + strlen(longest), 'a', STATION_IDENTITY_LEN);
	assert_non_null(feed_parse(longest, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_an_event),
		cmocka_unit_test(a_wrong_line_is_explained),
		cmocka_unit_test(a_station_is_heard_and_lost),
		cmocka_unit_test(a_wrong_station_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
