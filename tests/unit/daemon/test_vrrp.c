/* SPDX-License-Identifier: BSD-2-Clause */
/* What keepalived is told, and what it tells. That keepalived takes it is shown end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/group/vrrp_conf.h"

static struct conf_virtual virtual_of(const char *text, uint32_t plen, const char *ifname)
{
	struct conf_virtual v = {.plen = plen};
	assert_true(addr46_parse(&v.addr, text));
	snprintf(v.interface, sizeof v.interface, "%s", ifname);
	return v;
}

static char *written(const struct conf_group *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	vrrp_conf_write(c, "/run/x", f);
	fclose(f);
	return text;
}

static struct conf_group sample(void)
{
	struct conf_group c = {.priority = 120, .interface = "eth0", .router_id = 7, .advertise = {10 * NS_PER_MS}};
	c.virtual[c.n_virtual++] = virtual_of("10.0.0.1", 24, "");
	return c;
}

static void one_family_is_one_instance(void **state)
{
	(void)state;
	struct conf_group c = sample();
	assert_false(vrrp_conf_is_grouped(&c));
	char *text = written(&c);
	assert_string_equal(text,
		"# Written by roamd at each start: changes here are lost.\n"
		"global_defs {\n\tvrrp_notify_fifo /run/x/vrrp.fifo\n\tvrrp_garp_master_delay 1\n\tvrrp_garp_master_repeat 3\n\tvrrp_garp_master_refresh 10\n"
		"\tvrrp_garp_master_refresh_repeat 1\n}\n"
		"track_file weight {\n\tfile /run/x/vrrp.weight\n\tweight 1\n}\n"
		"vrrp_instance roamcast4 {\n\tstate BACKUP\n\tversion 3\n\tinterface eth0\n\tvirtual_router_id 7\n\tpriority 120\n\tadvert_int 0.01\n"
		"\tvirtual_ipaddress {\n\t\t10.0.0.1/24 dev eth0\n\t}\n\ttrack_file {\n\t\tweight\n\t}\n}\n");
	free(text);
}

static void both_families_move_together(void **state)
{
	(void)state;
	struct conf_group c = sample();
	c.advertise = span_ms(1230);
	c.virtual[c.n_virtual++] = virtual_of("2001:db8::1", 64, "eth1");
	c.virtual[c.n_virtual++] = virtual_of("fe80::1", 128, "");
	snprintf(c.track[c.n_track++], sizeof c.track[0], "%s", "eth1");
	assert_true(vrrp_conf_is_grouped(&c));
	char *text = written(&c);
	assert_non_null(strstr(text, "vrrp_sync_group roamcast {\n\tgroup {\n\t\troamcast4\n\t\troamcast6\n\t}\n\ttrack_file {\n\t\tweight\n\t}\n"
				     "\tsync_group_tracking_weight\n}\n"));
	assert_non_null(strstr(text, "\tadvert_int 1.23\n"));
	/* RFC 5798 5.2.9: the link-local one first. */
	assert_non_null(strstr(text, "\tvirtual_ipaddress {\n\t\tfe80::1/128 dev eth0\n\t\t2001:db8::1/64 dev eth1\n\t}\n"
				     "\ttrack_interface {\n\t\teth1\n\t}\n}\n"));
	assert_null(strstr(strstr(text, "vrrp_instance"), "track_file")); /* the group's */
	free(text);
}

static void states_are_read(void **state)
{
	(void)state;
	static const struct { const char *line; bool ok, is_group; enum vrrp_state state; } lines[] = {
		{"INSTANCE \"roamcast4\" MASTER 100", true, false, VRRP_MASTER},
		{"GROUP \"roamcast\" BACKUP 0", true, true, VRRP_BACKUP},
		{"GROUP \"a MASTER b\" FAULT 0", true, true, VRRP_FAULT},
		{"INSTANCE \"x\" STOP", true, false, VRRP_STOP},
		{"INSTANCE \"x\" MASTER_RX_LOWER_PRI 100", false, false, VRRP_UNKNOWN},
		{"INSTANCE \"x\" MASTERLY", false, false, VRRP_UNKNOWN},
		{"INSTANCE x MASTER 1", false, false, VRRP_UNKNOWN},
		{"INSTANCE \"x\"", false, false, VRRP_UNKNOWN},
		{"\"x\" MASTER 1", false, false, VRRP_UNKNOWN},
		{"", false, false, VRRP_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		bool is_group = false;
		enum vrrp_state s = VRRP_UNKNOWN;
		assert_int_equal(vrrp_line_parse(lines[i].line, &is_group, &s), lines[i].ok);
		assert_int_equal(s, lines[i].state);
		if (lines[i].ok)
			assert_int_equal(is_group, lines[i].is_group);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_family_is_one_instance),
		cmocka_unit_test(both_families_move_together),
		cmocka_unit_test(states_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
