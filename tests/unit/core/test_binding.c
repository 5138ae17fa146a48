/* SPDX-License-Identifier: BSD-2-Clause */
/* The binding table: entries that stay put, lazy deadlines, limits, memory a binding. */
#include "../kit/kit.h"
#include "core/binding.h"

static struct addr6 nth(uint32_t i)
{
	struct addr6 a = {{0x20, 1, 0xd, 0xb8, 1}};
	for (int b = 0; b < 4; b++)
		a.b[12 + b] = (uint8_t)(i >> (24 - 8 * b));
	return a;
}

struct entry { struct binding b; uint32_t mine; };

static void entries_are_found_and_do_not_move(void **state)
{
	(void)state;
	enum { N = 20000 };
	static struct entry *at[N];
	struct kit k;
	struct bindings bs;
	kit_init(&k);
	bindings_init(&bs, &k.mem, &k.rng, sizeof(struct entry), N);
	for (uint32_t i = 0; i < N; i++) {
		struct addr6 hoa = nth(i);
		at[i] = binding_add(&bs, &hoa);
		assert_non_null(at[i]);
		at[i]->mine = i;
	}
	struct addr6 more = nth(N), none = nth(N + 1);
	assert_null(binding_add(&bs, &more)); /* max */
	assert_null(binding_find(&bs, &none));
	for (uint32_t i = 0; i < N; i++) {
		struct addr6 hoa = nth(i);
		assert_ptr_equal(binding_find(&bs, &hoa), at[i]);
		assert_int_equal(at[i]->mine, i);
	}
	for (uint32_t i = 0; i < N; i += 2)
		binding_del(&bs, &at[i]->b);
	assert_int_equal(bindings_count(&bs), N / 2);
	struct entry *reused = binding_add(&bs, &more);
	assert_int_equal(reused->mine, 0); /* zeroed */
	assert_null(binding_add(&bs, &more)); /* exists */
	bindings_fini(&bs);
	kit_fini(&k);
}

static void a_deadline_moved_later_is_kept(void **state)
{
	(void)state;
	struct kit k;
	struct bindings bs;
	kit_init(&k);
	bindings_init(&bs, &k.mem, &k.rng, sizeof(struct binding), 10);
	struct addr6 ha = nth(1), hb = nth(2);
	struct binding *a = binding_add(&bs, &ha), *b = binding_add(&bs, &hb);
	binding_due(&bs, a, (mono_t){100});
	binding_due(&bs, b, (mono_t){150});
	binding_due(&bs, a, (mono_t){200}); /* later: the timer stays, the deadline counts */
	assert_true(bindings_expiry(&bs).ns <= 150);
	assert_null(bindings_pop(&bs, (mono_t){149}));
	assert_int_equal(bindings_expiry(&bs).ns, 150);
	assert_ptr_equal(bindings_pop(&bs, (mono_t){150}), b);
	assert_null(bindings_pop(&bs, (mono_t){199}));
	binding_due(&bs, a, (mono_t){180}); /* nearer: at once */
	assert_int_equal(bindings_expiry(&bs).ns, 180);
	assert_ptr_equal(bindings_pop(&bs, (mono_t){180}), a);
	binding_due(&bs, a, (mono_t){300});
	binding_due(&bs, a, MONO_NEVER);
	assert_null(bindings_pop(&bs, (mono_t){1000}));
	assert_true(mono_is_never(bindings_expiry(&bs)));
	bindings_fini(&bs);
	kit_fini(&k);
}

static void want_of_memory_leaves_the_table_whole(void **state)
{
	(void)state;
	struct kit k;
	struct bindings bs;
	kit_init(&k);
	bindings_init(&bs, &k.mem, &k.rng, sizeof(struct binding), 100000);
	for (long budget = 0; budget < 12; budget++) {
		uint32_t i = 0, before = bindings_count(&bs);
		k.heap.left = budget;
		for (; i < 50000; i++) {
			struct addr6 hoa = nth((uint32_t)budget * 50000 + i);
			if (!binding_add(&bs, &hoa))
				break;
		}
		assert_int_equal(bindings_count(&bs), before + i);
	}
	k.heap.left = -1;
	struct addr6 hoa = nth(5000000);
	assert_non_null(binding_add(&bs, &hoa));
	bindings_fini(&bs);
	kit_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found_and_do_not_move), cmocka_unit_test(a_deadline_moved_later_is_kept),
		cmocka_unit_test(want_of_memory_leaves_the_table_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
