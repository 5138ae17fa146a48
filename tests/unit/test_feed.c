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
	static char line[200];

	snprintf(line, sizeof line, "%s", text);
	return feed_parse(line, ev, ifname);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_becomes_an_event),
		cmocka_unit_test(a_wrong_line_is_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
