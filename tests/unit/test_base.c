/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/addr.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/prng.h"
#include "base/table.h"
#include "base/timer.h"
#include "kit/plain.h"

static void prefix_text_is_strict(void **state)
{
	(void)state;
	struct prefix6 p;
	assert_true(prefix6_parse(&p, "2001:db8::/32"));
	assert_int_equal(p.len_bits, 32);
	assert_string_equal(PREFIX6_STR(&p), "2001:db8::/32");
	const char *bad[] = {"2001:db8::", "2001:db8::/", "2001:db8::/129", "2001:db8::1/32", "2001:db8::/3x", "/32", "x/1"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(prefix6_parse(&p, bad[i]));
}

static void eui64_and_multicast_mapping(void **state)
{
	(void)state;
	struct lladdr ll;
	assert_true(lladdr_parse(&ll, "02:00:5e:10:20:30"));
	struct addr6 a = addr6_linklocal(&ll);
	assert_string_equal(ADDR6_STR(&a), "fe80::5eff:fe10:2030");
	struct lladdr m = lladdr_of_multicast(&addr6_mldv2);
	assert_string_equal(LLADDR_STR(&m), "33:33:00:00:00:16");
	struct addr6 sn = addr6_solicited_node(&a);
	assert_string_equal(ADDR6_STR(&sn), "ff02::1:ff10:2030");
}

static void cursor_error_is_sticky(void **state)
{
	(void)state;
	const uint8_t b[3] = {1, 2, 3};
	struct rd r = rd_of(b, 3);
	assert_int_equal(rd_u16(&r), 0x0102);
	assert_int_equal(rd_u16(&r), 0);
	assert_false(rd_ok(&r));
	assert_int_equal(rd_u8(&r), 0);
	uint8_t out[3];
	struct wr w = wr_of(out, sizeof out);
	wr_u16(&w, 0x0405);
	wr_u32(&w, 1);
	assert_false(wr_ok(&w));
	assert_int_equal(wr_len(&w), 2);
}

struct item { uint64_t key; struct timer t; };

static void table_against_a_plain_array(void **state)
{
	(void)state;
	enum { N = 4096 };
	struct prng p;
	prng_seed(&p, 42);
	struct rng rng = prng_rng(&p);
	struct table t;
	table_init(&t, &plain_heap, &rng, offsetof(struct item, key), sizeof(uint64_t));
	static struct item items[N];
	static bool in[N];
	uint32_t count = 0;
	for (int step = 0; step < 200000; step++) {
		uint32_t i = rng_below(&rng, N);
		items[i].key = i * 0x10001ull;
		if (prng_u64(&p) % 5 < 3) {
			assert_int_equal(table_add(&t, &items[i]), in[i] ? ERR_EXISTS : ERR_OK);
			count += !in[i];
			in[i] = true;
		} else {
			assert_ptr_equal(table_del(&t, &items[i].key), in[i] ? &items[i] : NULL);
			count -= in[i];
			in[i] = false;
		}
		uint32_t j = rng_below(&rng, N);
		uint64_t key = j * 0x10001ull;
		assert_ptr_equal(table_find(&t, &key), in[j] ? &items[j] : NULL);
		assert_int_equal(table_count(&t), count);
	}
	uint64_t it = 0;
	uint32_t seen = 0;
	for (struct item *e; (e = table_next(&t, &it));) {
		assert_true(in[e - items]);
		seen++;
	}
	assert_int_equal(seen, count);
	table_fini(&t);
}

static void timers_come_in_order(void **state)
{
	(void)state;
	enum { N = 500 };
	static struct item items[N];
	struct prng p;
	prng_seed(&p, 7);
	struct timers ts;
	timers_init(&ts, &plain_heap);
	for (int i = 0; i < 5 * N; i++) {
		struct item *e = &items[prng_u64(&p) % N];
		if (prng_u64(&p) % 4 == 0)
			timer_clear(&ts, &e->t);
		else
			assert_int_equal(timer_set(&ts, &e->t, (mono_t){(int64_t)(prng_u64(&p) % 1000)}), ERR_OK);
	}
	uint32_t armed = 0, popped = 0;
	for (int i = 0; i < N; i++)
		armed += timer_is_set(&items[i].t);
	int64_t last = -1;
	assert_null(timers_pop(&ts, (mono_t){-1}));
	for (struct timer *t; (t = timers_pop(&ts, (mono_t){1000})); popped++) {
		assert_true(t->when.ns >= last);
		last = t->when.ns;
	}
	assert_int_equal(popped, armed);
	assert_true(mono_is_never(timers_next(&ts)));
	timers_fini(&ts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_text_is_strict),
		cmocka_unit_test(eui64_and_multicast_mapping),
		cmocka_unit_test(cursor_error_is_sticky),
		cmocka_unit_test(table_against_a_plain_array),
		cmocka_unit_test(timers_come_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
