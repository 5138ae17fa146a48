/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of effects: order, bytes that stay put, shortage of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/effect.h"

static size_t budget = SIZE_MAX;

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n == 0) {
		free(old);
		return NULL;
	}
	return n > budget ? NULL : realloc(old, n);
}
static const struct mem_ops mem = {resize, NULL};

static void effects_come_out_in_the_order_pushed(void **state)
{
	(void)state;
	struct effq q;
	struct addr6 g = addr6_mldv2, s = addr6_allnodes;
	struct lladdr ll = {{2, 0, 0, 0, 0, 1}};
	struct dp_op op = {.table = DP_LOCAL, .local.flags = DP_LOCAL_MH};

	effq_init(&q, &mem);
	fx_store_put(&q, ROLE_HA, STORE_BINDING_HA, "key", 3, "value", 5);
	fx_dp_put(&q, ROLE_HA, &op);
	fx_group(&q, ROLE_MN, FX_JOIN, 7, &g, &s);
	fx_attach(&q, ROLE_MN, 3, &ll);
	fx_send(&q, ROLE_HA, 4, NULL, "packet", 6);
	fx_store_del(&q, ROLE_HA, STORE_COUNTER, "k", 1);

	const enum effect_kind want[] = {FX_STORE_PUT, FX_DP_PUT, FX_JOIN, FX_ATTACH, FX_SEND, FX_STORE_DEL};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		assert_int_equal(effq_next(&q)->kind, want[i]);
	assert_null(effq_next(&q));
	assert_int_equal(q.lost, 0);
	effq_fini(&q);
}

static void bytes_are_found_again_after_growth(void **state)
{
	(void)state;
	struct effq q;
	uint8_t packet[300];

	effq_init(&q, &mem);
	for (int i = 0; i < 500; i++) {
		memset(packet, i, sizeof packet);
		fx_send(&q, ROLE_AR, (uint32_t)i, NULL, packet, sizeof packet);
	}
	for (int i = 0; i < 500; i++) {
		const struct effect *e = effq_next(&q);
		memset(packet, i, sizeof packet);
		assert_int_equal(e->send.ifindex, i);
		assert_int_equal(e->send.len_oct, sizeof packet);
		assert_false(e->send.has_lladdr);
		assert_memory_equal(effq_bytes(&q, e->send.off), packet, sizeof packet);
	}
	effq_reset(&q);
	assert_null(effq_next(&q));
	effq_fini(&q);
}

/* H-7 */
static void an_arp_message_is_told_from_a_packet(void **state)
{
	(void)state;
	struct effq q;
	const struct lladdr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	effq_init(&q, &mem);
	fx_send(&q, ROLE_HA, 4, &all, "packet", 6);
	fx_send_arp(&q, ROLE_HA, 4, &all, "message", 7);
	assert_false(effq_next(&q)->send.is_arp);
	const struct effect *e = effq_next(&q);
	assert_int_equal(e->kind, FX_SEND);
	assert_true(e->send.is_arp && e->send.has_lladdr && lladdr_eq(&e->send.lladdr, &all));
	assert_memory_equal(effq_bytes(&q, e->send.off), "message", 7);
	budget = 1;
	for (int i = 0; i < 1000; i++)
		fx_send_arp(&q, ROLE_HA, 4, &all, "message", 7);
	assert_true(q.lost > 0);
	budget = SIZE_MAX;
	effq_fini(&q);
}

static void a_record_is_key_then_value(void **state)
{
	(void)state;
	struct effq q;

	effq_init(&q, &mem);
	fx_store_put(&q, ROLE_MMA, STORE_BINDING_MMA, "abc", 3, "defgh", 5);
	const struct effect *e = effq_next(&q);
	assert_int_equal(e->role, ROLE_MMA);
	assert_int_equal(e->store.table, STORE_BINDING_MMA);
	assert_int_equal(e->store.key_len_oct, 3);
	assert_int_equal(e->store.val_len_oct, 5);
	assert_memory_equal(effq_bytes(&q, e->store.off), "abcdefgh", 8);
	effq_fini(&q);
}

static void a_long_sentence_is_cut_not_lost(void **state)
{
	(void)state;
	struct effq q;
	char text[1000];
	struct addr6 hoa;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	assert_true(addr6_parse(&hoa, "2001:db8::1"));
	effq_init(&q, &mem);
	fx_event(&q, ROLE_HA, EV_NOTICE, "test-code", &hoa, "%s", text);
	const struct effect *e = effq_next(&q);
	assert_string_equal(e->event.code, "test-code");
	assert_int_equal(e->event.len_oct, 255);
	assert_memory_equal(effq_bytes(&q, e->event.off), text, e->event.len_oct);
	assert_true(addr6_eq(&e->event.mobile, &hoa));
	effq_fini(&q);
}

/* What could not be queued is counted, and what was queued before is whole. */
static void shortage_of_memory_is_counted(void **state)
{
	(void)state;
	struct effq q;
	uint8_t packet[1000] = {42};
	uint32_t n = 0;

	effq_init(&q, &mem);
	budget = 40000;
	for (int i = 0; i < 100; i++)
		fx_send(&q, ROLE_HA, 1, NULL, packet, sizeof packet);
	budget = SIZE_MAX;
	for (const struct effect *e; (e = effq_next(&q)); n++)
		assert_memory_equal(effq_bytes(&q, e->send.off), packet, sizeof packet);
	assert_true(n > 0 && n < 100);
	assert_int_equal(q.lost, 100 - n);
	effq_fini(&q);
}

static void roles_have_names(void **state)
{
	(void)state;
	assert_string_equal(role_str(ROLE_MMA), "mma");
	assert_string_equal(role_str(ROLE_N), "?");
	for (int r = ROLE_NONE; r < ROLE_N; r++)
		assert_string_not_equal(role_str((enum role_id)r), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(effects_come_out_in_the_order_pushed),
		cmocka_unit_test(bytes_are_found_again_after_growth),
		cmocka_unit_test(an_arp_message_is_told_from_a_packet),
		cmocka_unit_test(a_record_is_key_then_value),
		cmocka_unit_test(a_long_sentence_is_cut_not_lost),
		cmocka_unit_test(shortage_of_memory_is_counted),
		cmocka_unit_test(roles_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
