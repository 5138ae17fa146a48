/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration by tables: syntax, types, defaults, blocks, remedies, and the dump as a fixed point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/time.h"
#include "daemon/conf/conf_table.h"

static uint32_t live; /* allocations not given back */

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	live += (old == NULL && n) - (old && !n);
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {resize, NULL};

struct inner { uint32_t weight; };
struct outer {
	bool on;
	uint32_t count, mode;
	span_t delay, life;
	char text[16], ifname[16];
	struct addr6 addr;
	struct prefix6 prefix, nets[2];
	uint32_t n_nets;
	struct addr6 v4, any, v4s[2];
	struct prefix6 net4, net46[3];
	uint32_t n_v4s, n_net46;
	struct lladdr mac;
	char ports[3][16];
	uint32_t n_ports;
	struct { char title[16]; uint32_t weight; } inner[4];
	uint32_t n_inner;
	bool was_checked;
};

static const char *const modes[] = {"slow", "fast", NULL};
static const struct conf_row inner_rows[] = {
	{"weight", CONF_U32, "7", 0, 10, .off = offsetof(struct inner, weight)},
	{.type = CONF_END},
};
static const char *inner_add(void *parent, const char *title, const void *filled)
{
	struct outer *o = parent;
	if (o->n_inner == 4)
		return "at most 4 of them";
	snprintf(o->inner[o->n_inner].title, 16, "%s", title);
	o->inner[o->n_inner++].weight = ((const struct inner *)filled)->weight;
	return NULL;
}
static const struct conf_block inner_block = {"inner", "a name", NULL, inner_rows, NULL, sizeof(struct inner), inner_add, NULL};

static const struct conf_row outer_rows[] = {
	{"on", CONF_BOOL, "false", .off = offsetof(struct outer, on)},
	{"count", CONF_U32, NULL, 1, 300, .unit = "packets", .help = "how many", .off = offsetof(struct outer, count)},
	{"mode", CONF_ENUM, "fast", .names = modes, .off = offsetof(struct outer, mode)},
	{"delay", CONF_MS, "20", 0, 1000, .off = offsetof(struct outer, delay)},
	{"life", CONF_S, "60", .off = offsetof(struct outer, life)},
	{"text", CONF_STR, "", .off = offsetof(struct outer, text), .size = 16},
	{"port", CONF_IFNAME, "", .off = offsetof(struct outer, ifname)},
	{"address", CONF_ADDR6, "", .off = offsetof(struct outer, addr)},
	{"prefix", CONF_PREFIX6, "ff35::/64", .off = offsetof(struct outer, prefix)},
	{"nets", CONF_LIST_PREFIX6, "2001:db8::/64 2001:db8:1::/64", .off = offsetof(struct outer, nets), .size = 2,
	 .count_off = offsetof(struct outer, n_nets)},
	{"address-v4", CONF_ADDR4, "", .off = offsetof(struct outer, v4)},
	{"prefix-v4", CONF_PREFIX4, "232.128.0.0/9", .off = offsetof(struct outer, net4)},
	{"either", CONF_ADDR46, "", .off = offsetof(struct outer, any)},
	{"addresses-v4", CONF_LIST_ADDR4, "", .off = offsetof(struct outer, v4s), .size = 2, .count_off = offsetof(struct outer, n_v4s)},
	{"either-prefix", CONF_LIST_PREFIX46, "10.0.0.0/8 2001:db8::/32", .off = offsetof(struct outer, net46), .size = 3,
	 .count_off = offsetof(struct outer, n_net46)},
	{"mac", CONF_LLADDR, "", .off = offsetof(struct outer, mac)},
	{"ports", CONF_LIST_IFNAME, "", .off = offsetof(struct outer, ports), .size = 3, .count_off = offsetof(struct outer, n_ports)},
	{.type = CONF_END},
};
static const char *outer_check(void *parent, const char *title, const void *filled)
{
	struct outer *o = (struct outer *)(uintptr_t)filled;
	assert_null(parent);
	assert_null(title);
	o->was_checked = true;
	return o->on && o->count < 2 ? "count must be 2 at least when it is on" : NULL;
}
static uint32_t n_fini;
static void outer_fini(void *filled)
{
	(void)filled;
	n_fini++;
}
static const struct conf_block *const outer_sub[] = {&inner_block, NULL};
static const struct conf_block outer_block = {"outer", NULL, NULL, outer_rows, outer_sub, sizeof(struct outer), outer_check, outer_fini};

/* Reads a file whose first block is outer. */
static int load(const char *text, struct outer *o, struct conf_err *err)
{
	struct conf_tree t;
	int rc = conf_read(&t, &mem, "x.conf", text, strlen(text), err);

	if (rc)
		return rc;
	assert_non_null(t.root.subs);
	rc = conf_fill(&outer_block, t.root.subs, NULL, o, &mem, err);
	conf_tree_fini(&t);
	return rc;
}

static void values_and_defaults_arrive(void **state)
{
	(void)state;
	struct conf_err err;
	struct outer o;

	assert_int_equal(load("outer { count = 0x10 on = yes delay = 1000 // comment\n"
			      "/* two\nlines */ nets = {2001:db8:7::/48} text = 'a \"b\"' # more\n"
			      "ports = { \"eth0\", eth1, } address = 2001:db8::1 mac = 02:00:00:00:00:0a\n"
			      "inner \"x\" { weight = 3 } inner y { } }", &o, &err), 0);
	assert_true(o.on && o.was_checked);
	assert_int_equal(o.count, 16);
	assert_int_equal(o.mode, 1);
	assert_int_equal(span_to_ms(o.delay), 1000);
	assert_int_equal(span_to_s(o.life), 60);
	assert_string_equal(o.text, "a \"b\"");
	assert_string_equal(o.ifname, "");
	assert_string_equal(ADDR6_STR(&o.addr), "2001:db8::1");
	assert_string_equal(PREFIX6_STR(&o.prefix), "ff35::/64");
	assert_int_equal(o.n_nets, 1);
	assert_string_equal(PREFIX6_STR(&o.nets[0]), "2001:db8:7::/48");
	assert_int_equal(o.mac.b[5], 10);
	assert_int_equal(o.n_ports, 2);
	assert_string_equal(o.ports[1], "eth1");
	assert_int_equal(o.n_inner, 2);
	assert_string_equal(o.inner[0].title, "x");
	assert_int_equal(o.inner[0].weight, 3);
	assert_int_equal(o.inner[1].weight, 7);

	assert_int_equal(load("outer { count = 1 }", &o, &err), 0);
	assert_int_equal(o.n_nets, 2);
	assert_string_equal(PREFIX6_STR(&o.nets[1]), "2001:db8:1::/64");
	assert_int_equal(live, 0);
}

/* H-7: one struct addr6 for both families, the IPv4 ones mapped. */
static void rows_take_the_families_that_they_name(void **state)
{
	(void)state;
	struct conf_err err;
	struct outer o;

	assert_int_equal(load("outer { count = 1 address-v4 = 192.0.2.1 either = 10.1.0.100 addresses-v4 = {10.0.0.1, 10.0.0.2} }", &o, &err), 0);
	assert_true(addr6_is_v4mapped(&o.v4) && addr6_is_v4mapped(&o.any) && addr6_is_v4mapped(&o.v4s[1]));
	assert_string_equal(ADDR46_STR(&o.v4), "192.0.2.1");
	assert_string_equal(PREFIX46_STR(&o.net4), "232.128.0.0/9");
	assert_int_equal(o.net4.len_bits, 96 + 9);
	assert_int_equal(o.n_v4s, 2);
	assert_int_equal(o.n_net46, 2);
	assert_string_equal(PREFIX46_STR(&o.net46[0]), "10.0.0.0/8");
	assert_string_equal(PREFIX46_STR(&o.net46[1]), "2001:db8::/32");

	assert_int_equal(load("outer { count = 1 either = 2001:db8::1 }", &o, &err), 0);
	assert_string_equal(ADDR46_STR(&o.any), "2001:db8::1");
	assert_true(addr6_is_none(&o.v4));
}

static void faults_name_line_and_remedy(void **state)
{
	(void)state;
	static const struct { const char *text; uint32_t line; const char *says; } faults[] = {
		{"outer {\n}", 1, "add count = ..."},
		{"outer {\n count = 301 }", 2, "outside 1 to 300 packets"},
		{"outer {\n count = 12x }", 2, "must be a whole number of packets, not \"12x\""},
		{"outer {\n count = 99999999999999999999 }", 2, "whole number"},
		{"outer {\n count = -1 }", 2, "outside 1 to 300"},
		{"outer {\n count = 1\n count = 2 }", 3, "given in line 2 already"},
		{"outer {\n count = {1, 2} }", 2, "takes one value"},
		{"outer {\n count = 1\n cuont = 1 }", 3, "did you mean \"count\"?"},
		{"outer {\n count = 1\n inter \"x\" { } }", 3, "did you mean \"inner\"?"},
		{"outer {\n count = 1\n zzzzzzzz = 1 }", 3, "see roamd.conf(5)"},
		{"outer {\n count = 1\n mode = quick }", 3, "choose one of \"slow\", \"fast\""},
		{"outer {\n count = 1\n on = maybe }", 3, "write on = true or on = false"},
		{"outer {\n count = 1\n address = 10.0.0.1 }", 3, "is no IPv6 address"},
		{"outer {\n count = 1\n address = ::ffff:10.0.0.1 }", 3, "is no IPv6 address"},
		{"outer {\n count = 1\n address-v4 = 2001:db8::1 }", 3, "is no IPv4 address: give one such as \"192.0.2.1\""},
		{"outer {\n count = 1\n address-v4 = 10.0.0 }", 3, "is no IPv4 address"},
		{"outer {\n count = 1\n prefix-v4 = 10.0.0.1/24 }", 3, "zeros after the prefix length"},
		{"outer {\n count = 1\n prefix-v4 = ff35::/64 }", 3, "is no IPv4 prefix"},
		{"outer {\n count = 1\n either = 10.0.0.256 }", 3, "is no address"},
		{"outer {\n count = 1\n addresses-v4 = {10.0.0.1,\n2001:db8::1} }", 4, "is no IPv4 address"},
		{"outer {\n count = 1\n prefix = 2001:db8::1/64 }", 3, "zeros after the prefix length"},
		{"outer {\n count = 1\n mac = 02:00 }", 3, "is no link-layer address"},
		{"outer {\n count = 1\n port = \"a/b\" }", 3, "is no interface name"},
		{"outer {\n count = 1\n text = 0123456789abcdef }", 3, "use at most 15"},
		{"outer {\n count = 1\n ports = {a,\nb,\nc,\nd} }", 3, "at most 3 are allowed"},
		{"outer {\n count = 1\n ports = {a,\n\"b/c\"} }", 4, "is no interface name"},
		{"outer {\n count = 1\n inner { } }", 3, "needs a title, the a name"},
		{"outer {\n count = 1\n inner = 3 }", 3, "is a block, not a value"},
		{"outer {\n count = 1\n mode { } }", 3, "is a value, not a block"},
		{"outer {\n count = 1 on = true }", 1, "count must be 2 at least"},
		{"outer {\n count = 1\n inner a {\n weight = 11 } }", 4, "outside 0 to 10"},
		{"outer {\n count = \n}", 3, "needs a value"},
		{"outer {\n count 1\n}", 3, "\"= value\" or \"{ ... }\""},
		{"outer {\n count = 1\n", 1, "has no end"},
		{"outer {\n text = \"abc\n\" count = 1 }", 2, "a string has no end"},
		{"outer { }\n}", 2, "closing brace without its block"},
		{"outer { }\n/* never", 2, "comment has no end"},
		{"outer {\n ports = {a b} }", 2, "needs a comma"},
		{"outer {\n = 1 }", 2, "a name is expected"},
		{"outer {\n count = 1; }", 2, "unexpected character ';'"},
		{"a { b { c { d { e { f { g { h { i { } } } } } } } } }", 1, "nested too deeply"},
	};
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct conf_err err = {0};
		struct outer o;
		assert_int_equal(load(faults[i].text, &o, &err), ERR_INVAL);
		assert_string_equal(err.file, "x.conf");
		if (!strstr(err.text, faults[i].says) || err.line != faults[i].line)
			fail_msg("%zu: line %u: %s", i, err.line, err.text);
		assert_int_equal(live, 0);
	}
}

static void a_fault_releases_what_was_filled(void **state)
{
	(void)state;
	struct conf_err err;
	struct outer o;

	n_fini = 0;
	assert_int_equal(load("outer { count = 1 inner a { weight = 11 } }", &o, &err), ERR_INVAL);
	assert_int_equal(n_fini, 1);
	assert_int_equal(load("outer { count = 1 }", &o, &err), 0);
	assert_int_equal(n_fini, 1);
}

static const char whole[] =
	"outer { count = 0x10 on = yes delay = 1000 nets = {2001:db8:7:0::/48} text = \"tab\\t \\\"q\\\" \\\\\" ports = {eth0, eth1}\n"
	" address-v4 = 192.0.2.1 prefix-v4 = 10.64.0.0/10 either = 10.0.0.1 either-prefix = {10.1.0.0/16, 2001:db8:9::/48}\n"
	" inner \"x\" { weight = 3 } inner y { } }";

static char *dump(const char *text)
{
	struct conf_tree t;
	struct conf_err err;
	struct outer o;
	char *out = NULL;
	size_t len;

	assert_int_equal(conf_read(&t, &mem, "x.conf", text, strlen(text), &err), 0);
	assert_int_equal(conf_fill(&outer_block, t.root.subs, NULL, &o, &mem, &err), 0);
	FILE *f = open_memstream(&out, &len);
	conf_dump(&outer_block, t.root.subs, NULL, f);
	fclose(f);
	conf_tree_fini(&t);
	return out;
}

static void the_dump_is_a_fixed_point(void **state)
{
	(void)state;
	char *once = dump(whole), *twice = dump(once);

	assert_string_equal(once, twice);
	assert_non_null(strstr(once, "\tcount = 16\n"));
	assert_non_null(strstr(once, "\ton = true\n"));
	assert_non_null(strstr(once, "\tmode = \"fast\"\n"));
	assert_non_null(strstr(once, "\tnets = {\"2001:db8:7::/48\"}\n"));
	assert_non_null(strstr(once, "\ttext = \"tab\\t \\\"q\\\" \\\\\"\n"));
	assert_non_null(strstr(once, "\tinner \"y\" {\n\t\tweight = 7\n\t}\n"));
	assert_non_null(strstr(once, "\tprefix-v4 = \"10.64.0.0/10\"\n"));
	assert_non_null(strstr(once, "\teither-prefix = {\"10.1.0.0/16\", \"2001:db8:9::/48\"}\n"));
	assert_null(strstr(once, "mac"));
	free(once);
	free(twice);

	struct conf_err err;
	struct outer a, b;
	char *text = dump(whole);
	assert_int_equal(load(whole, &a, &err), 0);
	assert_int_equal(load(text, &b, &err), 0);
	assert_memory_equal(&a, &b, sizeof a);
	free(text);
}

static void every_truncation_is_refused_or_whole(void **state)
{
	(void)state;
	char text[sizeof whole];

	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct conf_tree t;
		struct conf_err err;
		memcpy(text, whole, n);
		int rc = conf_read(&t, &mem, "x.conf", text, n, &err);
		/* Only nothing at all is a whole file too. */
		assert_int_equal(rc, n == 0 ? 0 : ERR_INVAL);
		if (!rc)
			conf_tree_fini(&t);
		assert_int_equal(live, 0);
	}
}

static void the_manual_has_every_row(void **state)
{
	(void)state;
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	conf_dump_man(&outer_block, "role outer", f);
	fclose(f);
	for (const struct conf_row *r = outer_rows; r->type != CONF_END; r++) {
		char want[64];
		snprintf(want, sizeof want, ".It Cm %s No = Ar ", r->name);
		assert_non_null(strstr(out, want));
	}
	assert_non_null(strstr(out, ".Ss role outer, inner a name\n"));
	assert_non_null(strstr(out, "how many.\n1 to 300 packets.\nMust be given.\n"));
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_and_defaults_arrive),
		cmocka_unit_test(rows_take_the_families_that_they_name),
		cmocka_unit_test(faults_name_line_and_remedy),
		cmocka_unit_test(a_fault_releases_what_was_filled),
		cmocka_unit_test(the_dump_is_a_fixed_point),
		cmocka_unit_test(every_truncation_is_refused_or_whole),
		cmocka_unit_test(the_manual_has_every_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
