/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the simulator that scenarios could hide a mistake in: its queue, its configuration reader, its words, its packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sim/script/conf.h"
#include "sim/net/pkt.h"
#include "sim/script/script.h"

/* --- queue */

static char order[16];

static void note(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)s;
	(void)obj;
	(void)arg;
	order[strlen(order)] = (char)tag;
}

static void again(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	note(s, obj, arg, tag);
	sim_in(s, 0, note, NULL, NULL, 'z');
}

static void events_run_by_time_and_ties_by_order(void **state)
{
	(void)state;
	struct sim s;
	memset(order, 0, sizeof order);
	sim_init(&s, 1);
	sim_at(&s, 30, note, NULL, NULL, 'd');
	sim_at(&s, 10, again, NULL, NULL, 'a');
	sim_at(&s, 10, note, NULL, NULL, 'b');
	sim_at(&s, 20, note, NULL, malloc(1), 'c');
	sim_at(&s, 41, note, NULL, malloc(1), 'x');
	sim_run(&s, 40);
	assert_string_equal(order, "abzcd");
	assert_int_equal(s.t_ns, 40);
	assert_int_equal(s.n, 1);
	sim_fini(&s);
}

static void a_heap_of_events_stays_sorted(void **state)
{
	(void)state;
	struct sim s;
	struct prng p;
	prng_seed(&p, 5);
	sim_init(&s, 1);
	for (int i = 0; i < 5000; i++)
		sim_at(&s, (int64_t)(prng_u64(&p) % 1000), note, NULL, NULL, 0);
	int64_t last = -1;
	while (s.n) {
		int64_t next = s.heap[0].at_ns;
		assert_true(next >= last);
		sim_run(&s, last = next);
	}
	assert_int_equal(s.n_events, 5000);
	sim_fini(&s);
}

static void a_seed_names_its_streams(void **state)
{
	(void)state;
	struct sim a, b;
	sim_init(&a, 1);
	sim_init(&b, 2);
	assert_true(sim_subseed(&a, "ha") == sim_subseed(&a, "ha"));
	assert_true(sim_subseed(&a, "ha") != sim_subseed(&a, "mn"));
	assert_true(sim_subseed(&a, "ha") != sim_subseed(&b, "ha"));
	sim_fini(&a);
	sim_fini(&b);
}

/* --- configuration */

struct part { uint32_t n; };
struct conf {
	bool on;
	uint32_t n, kind, n_list, n_part;
	span_t wait, life;
	char name[8];
	struct addr6 addr;
	struct prefix6 list[2];
	struct part part[2];
};

static const char *const kinds[] = {"red", "green", NULL};
static const struct conf_row part_rows[] = {{"n", CONF_U32, NULL, .off = offsetof(struct part, n)}, {NULL, CONF_END}};

static const char *add_part(void *parent, const char *title, const void *filled)
{
	struct conf *c = parent;
	if (strcmp(title, "bad") == 0)
		return "not this one";
	c->part[c->n_part++] = *(const struct part *)filled;
	return NULL;
}

static const struct conf_block part_block = {.name = "part", .title = "name", .rows = part_rows, .struct_size = sizeof(struct part), .add = add_part};
static const struct conf_block *const subs[] = {&part_block, NULL};
static const struct conf_row rows[] = {
	{"on", CONF_BOOL, "true", .off = offsetof(struct conf, on)},
	{"n", CONF_U32, "7", 1, 10, .off = offsetof(struct conf, n)},
	{"kind", CONF_ENUM, "green", .off = offsetof(struct conf, kind), .names = kinds},
	{"wait", CONF_MS, "20", .off = offsetof(struct conf, wait)},
	{"life", CONF_S, "3", .off = offsetof(struct conf, life)},
	{"name", CONF_STR, "", .off = offsetof(struct conf, name), .size = sizeof((struct conf *)0)->name},
	{"addr", CONF_ADDR6, NULL, .off = offsetof(struct conf, addr)},
	{"list", CONF_LIST_PREFIX6, "", .off = offsetof(struct conf, list), .size = 2, .count_off = offsetof(struct conf, n_list)},
	{NULL, CONF_END},
};
static const struct conf_block block = {.name = "test", .rows = rows, .sub = subs, .struct_size = sizeof(struct conf)};

static void a_block_fills_its_struct(void **state)
{
	(void)state;
	struct conf c = {0};
	char err[CONF_ERR_LEN];
	assert_true(conf_fill(&block, "{ addr = \"2001:db8::1\" # comment\n on = false n = 9 kind = \"red\" wait = 5 life = 2 name = \"x y\"\n"
			      "list = {\"2001:db8::/32\", \"ff35::/64\"} part \"a\" { n = 1 } part \"b\" { n = 2 } }", &c, err));
	assert_false(c.on);
	assert_int_equal(c.n, 9);
	assert_int_equal(c.kind, 0);
	assert_int_equal(c.wait.ns, 5 * NS_PER_MS);
	assert_int_equal(c.life.ns, 2 * NS_PER_S);
	assert_string_equal(c.name, "x y");
	assert_string_equal(ADDR6_STR(&c.addr), "2001:db8::1");
	assert_int_equal(c.n_list, 2);
	assert_string_equal(PREFIX6_STR(&c.list[1]), "ff35::/64");
	assert_int_equal(c.n_part, 2);
	assert_int_equal(c.part[1].n, 2);
}

static void what_is_absent_has_its_default(void **state)
{
	(void)state;
	struct conf c = {0};
	char err[CONF_ERR_LEN];
	assert_true(conf_fill(&block, "{ addr = \"::1\" }", &c, err));
	assert_true(c.on);
	assert_int_equal(c.n, 7);
	assert_int_equal(c.kind, 1);
	assert_int_equal(c.wait.ns, 20 * NS_PER_MS);
	assert_int_equal(c.n_list, 0);
}

static void a_wrong_block_names_line_and_fault(void **state)
{
	(void)state;
	static const struct { const char *text, *says; } bad[] = {
		{"{ n = 3 }", "'addr' must be given"},
		{"{ addr = \"::1\"\n\n n = 11 }", "line 3: n: 11 is not within its limits"},
		{"{ addr = \"::1\" n = x }", "is no number"},
		{"{ addr = \"::g\" }", "cannot read '::g'"},
		{"{ addr = \"::1\" kind = \"blue\" }", "none of its values"},
		{"{ addr = \"::1\" on = maybe }", "neither true nor false"},
		{"{ addr = \"::1\" name = \"too long a name\" }", "too long"},
		{"{ addr = \"::1\" list = {\"::/0\", \"::/0\", \"::/0\"} }", "more than 2"},
		{"{ addr = \"::1\" part \"bad\" { n = 1 } }", "not this one"},
		{"{ addr = \"::1\" part \"c\" { } }", "'n' must be given"},
		{"{ addr = \"::1\" colour = 3 }", "nothing is called 'colour'"},
		{"{ addr \"::1\" }", "'=' is missing"},
		{"{ addr = \"::1\"", "'}' is missing"},
		{"addr = \"::1\"", "'{' is missing"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct conf c = {0};
		char err[CONF_ERR_LEN] = "";
		assert_false(conf_fill(&block, bad[i].text, &c, err));
		if (!strstr(err, bad[i].says))
			fail_msg("'%s' instead of '%s'", err, bad[i].says);
	}
}

/* --- words */

static void times_and_chances_have_units(void **state)
{
	(void)state;
	int64_t ns;
	uint32_t ppm;
	assert_true(time_of("5s", &ns) && ns == 5 * NS_PER_S);
	assert_true(time_of("1500us", &ns) && ns == 1500 * NS_PER_US);
	assert_true(time_of("0.5ms", &ns) && ns == 500 * NS_PER_US);
	assert_true(time_of("2m", &ns) && ns == 120 * NS_PER_S);
	assert_true(time_of("0", &ns) && ns == 0);
	assert_false(time_of("5", &ns));
	assert_false(time_of("-1s", &ns));
	assert_false(time_of("5h", &ns));
	assert_true(ppm_of("20%", &ppm) && ppm == 200000);
	assert_true(ppm_of("0.1%", &ppm) && ppm == 1000);
	assert_false(ppm_of("101%", &ppm));
	assert_false(ppm_of("5", &ppm));
}

static void the_first_definition_wins(void **state)
{
	(void)state;
	struct script sc;
	script_init(&sc, 1);
	assert_true(script_define(&sc, "A", "1"));
	assert_true(script_define(&sc, "A", "2"));
	assert_string_equal(sc.define[0].value, "1");
	assert_int_equal(sc.n_define, 1);
	script_fini(&sc);
}

/* --- packets */

static void headers_in_front_are_walked_within_bounds(void **state)
{
	(void)state;
	uint8_t p[80] = {0};
	struct addr6 a = addr6_allnodes;
	size_t off;
	ip6_put(p, 60, 64, &a, &a, 40);
	p[40] = 135;       /* destination options, 24 bytes, with a home address at 16 bytes */
	p[41] = 2;
	p[42] = 1;         /* PadN, 2 bytes of content */
	p[43] = 2;
	p[46] = 201;
	p[47] = 16;
	memset(p + 48, 0xab, 16);
	assert_int_equal(ip6_upper(p, 80, &off), PROTO_MH);
	assert_int_equal(off, 64);
	assert_ptr_equal(ip6_dest_option(p, 80, 201, 16), p + 48);
	assert_null(ip6_dest_option(p, 80, 202, 16));
	for (size_t len = 40; len < 64; len++) {
		assert_int_equal(ip6_upper(p, len, &off), -1);
		assert_null(ip6_dest_option(p, len, 201, 16));
	}
}

static void a_checksum_over_itself_is_zero(void **state)
{
	(void)state;
	uint8_t m[9] = {128, 0, 0, 0, 1, 2, 3, 4, 5};
	struct addr6 a, b;
	assert_true(addr6_parse(&a, "2001:db8::1") && addr6_parse(&b, "2001:db8::2"));
	put16(m + 2, ip_checksum(&a, &b, PROTO_ICMP6, m, sizeof m));
	assert_int_equal(ip_checksum(&a, &b, PROTO_ICMP6, m, sizeof m), 0);
	m[8] ^= 1;
	assert_int_not_equal(ip_checksum(&a, &b, PROTO_ICMP6, m, sizeof m), 0);
}

/* H-7. The example header of RFC 1071's literature: 4500 0073 0000 4000 4011 .... c0a8 0001 c0a8 00c7 sums up to b861. */
static void an_ipv4_header_has_its_checksum_and_its_bounds(void **state)
{
	(void)state;
	uint8_t p[0x73] = {0};
	struct addr6 src, dst, six, four;
	size_t off;
	assert_true(addr46_parse(&src, "192.168.0.1") && addr46_parse(&dst, "192.168.0.199"));
	ip4_put(p, PROTO_UDP, 64, &src, &dst, sizeof p - IP4_LEN);
	assert_int_equal(get16(p + 10), 0xb861);
	assert_int_equal(sum_checksum(p, IP4_LEN), 0);
	assert_true(ip_is_whole(p, sizeof p));
	for (size_t len = 0; len < sizeof p; len++)
		assert_false(ip_is_whole(p, len));
	four = ip_src(p);
	assert_true(addr6_eq(&four, &src));
	assert_int_equal(ip_upper(p, sizeof p, &off), PROTO_UDP);
	assert_int_equal(off, IP4_LEN);
	put16(p + 6, IP4_MF);
	assert_int_equal(ip_upper(p, sizeof p, &off), -1); /* a fragment */
	p[0] = 0x44;
	assert_false(ip_is_whole(p, sizeof p)); /* a header shorter than one can be */
	/* Mapped addresses make the pseudo-header of IPv4. */
	const uint8_t pseudo[] = {192, 168, 0, 1, 192, 168, 0, 199, 0, PROTO_UDP, 0, 4, 1, 2, 3, 4};
	assert_int_equal(ip_checksum(&src, &dst, PROTO_UDP, pseudo + 12, 4), sum_checksum(pseudo, sizeof pseudo));
	memset(p, 0, sizeof p);
	ip6_put(p, PROTO_UDP, 64, &addr6_allnodes, &addr6_mldv2, sizeof p - IP6_LEN);
	six = ip_dst(p);
	assert_true(ip_is_whole(p, sizeof p) && addr6_eq(&six, &addr6_mldv2));
	assert_int_equal(ethertype_of(p), ETHERTYPE_IP6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_run_by_time_and_ties_by_order),
		cmocka_unit_test(a_heap_of_events_stays_sorted),
		cmocka_unit_test(a_seed_names_its_streams),
		cmocka_unit_test(a_block_fills_its_struct),
		cmocka_unit_test(what_is_absent_has_its_default),
		cmocka_unit_test(a_wrong_block_names_line_and_fault),
		cmocka_unit_test(times_and_chances_have_units),
		cmocka_unit_test(the_first_definition_wins),
		cmocka_unit_test(headers_in_front_are_walked_within_bounds),
		cmocka_unit_test(a_checksum_over_itself_is_zero),
		cmocka_unit_test(an_ipv4_header_has_its_checksum_and_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
