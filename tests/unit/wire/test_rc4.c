/* SPDX-License-Identifier: BSD-2-Clause */
/* Our extensions of Mobile IPv4's registration: fields, what is skipped, what is poorly formed, every truncation. H-7, H-4, H-16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"
#include "../kit/golden.h"
#include "../kit/plain.h"
#include "../kit/wire4_samples.h"

static uint8_t pkt[SAMPLE_CAP_OCT];
static struct mip4_packet p;
static struct rc4 o;

static void parse(const char *name)
{
	size_t len = sample_named(wire4_samples, wire4_samples_n, name, pkt);
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_int_equal(rc4_parse(&p.m.ext, &o), W_OK);
}

#define SAME(a, text) assert_string_equal(ADDR46_STR(&(a)), text)

static void each_gives_every_field(void **state)
{
	(void)state;
	parse("mip4_group_request");
	assert_true(o.has_group_request && !o.has_group_answer && !o.has_forward && o.group_request.flags == RC_REG_UPLINK_BOUND);
	SAME(o.group_request.group, "232.0.83.1");
	SAME(o.group_request.prev, "198.51.100.1");
	assert_true(mip4_is_covered(&p.m.ext, o.off[RC4_GROUP_REQUEST], MIP4_MF) && !mip4_is_covered(&p.m.ext, o.off[RC4_GROUP_REQUEST], MIP4_MH));
	assert_true(o.off[RC4_GROUP_REQUEST] >= p.m.ext.relay_oct); /* not passed on */
	parse("mip4_group_answer");
	assert_true(o.has_group_answer && !o.has_group_request && o.group_answer.status == RC4_GROUP_OK && o.group_answer.n_prefix == 2);
	SAME(o.group_answer.group, "232.0.83.1");
	SAME(o.group_answer.site_address, "198.51.101.5");
	assert_string_equal(PREFIX46_STR(&o.group_answer.prefix[1]), "198.51.102.128/25");
	parse("mip4_forward");
	assert_true(o.has_forward && o.forward.flags == RC_FORWARD_GONE && o.forward.has_seq && o.forward.time_s == 10 && o.forward.last_seq == 0x01020304);
	SAME(o.forward.to, "198.51.100.1");
	SAME(o.forward.agent, "198.51.100.1");
	parse("mip4_request_full"); /* another type of ours */
	assert_true(!o.has_group_request && !o.has_group_answer && !o.has_forward);
}

/* One extension whose value is `hex`-like bytes. */
static enum wire_err value(uint16_t type, const uint8_t *v, uint16_t n, bool is_ours)
{
	struct mip4_exts x = {.n_vendor = 1, .vendor = {{.enterprise = is_ours ? RC_ENTERPRISE : 9, .type = type, .value = v, .len_oct = n}}};
	return rc4_parse(&x, &o);
}

static void what_is_not_ours_is_skipped(void **state)
{
	(void)state;
	const uint8_t later[12] = {2}, group[12] = {1, 0, 0, 0, 10, 0, 0, 1};
	assert_int_equal(value(RC4_GROUP_REQUEST, later, 12, true), W_OK);
	assert_false(o.has_group_request);
	assert_int_equal(value(RC4_GROUP_REQUEST, group, 12, false), W_OK);
	assert_false(o.has_group_request);
	assert_int_equal(value(99, group, 12, true), W_OK);
	assert_int_equal(value(RC4_GROUP_REQUEST, NULL, 0, true), W_LENGTH);
}

static void what_makes_no_sense_is_poorly_formed(void **state)
{
	(void)state;
	const uint8_t no_group[12] = {1, 0, 0, 0, 10, 0, 0, 1}, prev_group[12] = {1, 0, 0, 0, 232, 1, 2, 3, 224, 0, 0, 1}, ok[12] = {1, 0, 0, 0, 232, 1, 2, 3},
		      longer[14] = {1, 0xfd, 0, 0, 232, 1, 2, 3};
	assert_int_equal(value(RC4_GROUP_REQUEST, no_group, 12, true), W_VALUE);
	assert_int_equal(value(RC4_GROUP_REQUEST, prev_group, 12, true), W_VALUE);
	assert_int_equal(value(RC4_GROUP_REQUEST, ok, 12, true), W_OK);
	assert_int_equal(value(RC4_GROUP_REQUEST, longer, 14, true), W_OK); /* of a later minor version */
	const uint8_t ok_none[12] = {1, 0}, none[12] = {1, RC4_GROUP_NONE}, nine[84] = {1, 0, 9, 0, 232, 1, 2, 3}, bits[20] = {1, 0, 1, 0, 232, 1, 2, 3, 0, 0, 0, 0, 33},
		      short_list[19] = {1, 0, 1, 0, 232, 1, 2, 3, 0, 0, 0, 0, 24}, site[12] = {1, 0, 0, 0, 232, 1, 2, 3, 255, 255, 255, 255};
	assert_int_equal(value(RC4_GROUP_ANSWER, ok_none, 12, true), W_VALUE);
	assert_int_equal(value(RC4_GROUP_ANSWER, none, 12, true), W_OK);
	assert_int_equal(value(RC4_GROUP_ANSWER, nine, 84, true), W_LIMIT);
	assert_int_equal(value(RC4_GROUP_ANSWER, bits, 20, true), W_VALUE);
	assert_int_equal(value(RC4_GROUP_ANSWER, short_list, 19, true), W_LENGTH);
	assert_int_equal(value(RC4_GROUP_ANSWER, site, 12, true), W_VALUE);
	const uint8_t to[16] = {1, 0, 0, 9, 232, 0, 0, 1}, agent[16] = {1, 0, 0, 9, 10, 0, 0, 1, 127, 0, 0, 1};
	assert_int_equal(value(RC4_FORWARD, to, 16, true), W_VALUE);
	assert_int_equal(value(RC4_FORWARD, agent, 16, true), W_VALUE);
}

static void every_truncation_is_poorly_formed(void **state)
{
	(void)state;
	static const struct { const char *name; uint16_t type; } all[] = {
		{"mip4_group_request", RC4_GROUP_REQUEST}, {"mip4_group_answer", RC4_GROUP_ANSWER}, {"mip4_forward", RC4_FORWARD}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		parse(all[i].name);
		const struct mip4_vendor v = p.m.ext.vendor[0];
		for (uint16_t n = 0; n < v.len_oct; n++) {
			uint8_t *tight = malloc(n + 1u); /* nothing behind it is read: ASan watches */
			memcpy(tight, v.value, n);
			assert_int_equal(value(all[i].type, tight, n, true), W_LENGTH);
			free(tight);
		}
	}
}

static void the_first_of_two_counts_and_room_is_asked_for(void **state)
{
	(void)state;
	const uint8_t one[12] = {1, 0, 0, 0, 232, 1, 2, 3}, two[12] = {1, 0, 0, 0, 232, 9, 9, 9};
	struct mip4_exts x = {.n_vendor = 2, .vendor = {{.enterprise = RC_ENTERPRISE, .type = RC4_GROUP_REQUEST, .value = one, .len_oct = 12, .off = 30},
							{.enterprise = RC_ENTERPRISE, .type = RC4_GROUP_REQUEST, .value = two, .len_oct = 12, .off = 60}}};
	struct rc4_values values;
	assert_int_equal(rc4_parse(&x, &o), W_OK);
	SAME(o.group_request.group, "232.1.2.3");
	assert_int_equal(o.off[RC4_GROUP_REQUEST], 30);
	x.n_vendor = MIP4_VENDOR_MAX;
	assert_false(rc4_add(&x, &o, &values));
	x.n_vendor = 0;
	o.group_request.group = (struct addr6){{0x20, 1}}; /* our bug: not an IPv4 address */
	assert_false(rc4_add(&x, &o, &values));
	o.group_request.group = plain_addr("232.1.2.3");
	assert_true(rc4_add(&x, &o, &values));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gives_every_field),
		cmocka_unit_test(what_is_not_ours_is_skipped),
		cmocka_unit_test(what_makes_no_sense_is_poorly_formed),
		cmocka_unit_test(every_truncation_is_poorly_formed),
		cmocka_unit_test(the_first_of_two_counts_and_room_is_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
