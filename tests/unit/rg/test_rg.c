/* SPDX-License-Identifier: BSD-2-Clause */
/* The redundancy group's engine: members in virtual time, requirement by requirement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../swarm/rg_world.h"
#include "core/auth/sa.h"
#include "plat/crypto_openssl.h"
#include "wire/ip/udp6.h"

static struct sa_key group_key;
static struct world *w;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(sa_key_init(&group_key, &crypto_openssl, "group", 256, MAC_HMAC_SHA256, "a key of the group's own", 24), 0);
	w = calloc(1, sizeof *w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_fini(w);
	free(w);
	sa_key_fini(&group_key, &crypto_openssl);
	return 0;
}

static void boot(uint32_t n)
{
	world_init(w, n, 7, &group_key);
	for (uint32_t i = 1; i <= n; i++)
		world_boot(w, i);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
}

static bool all_live(const struct world *x)
{
	for (uint32_t i = 1; i <= x->n; i++)
		if (x->member[i].is_up && rg_live(x->member[i].rg) != world_up(x) - 1)
			return false;
	return true;
}
static bool all_told(const struct world *x)
{
	for (uint32_t i = 1; i <= x->n; i++)
		if (x->member[i].is_up && x->member[i].n_waiting)
			return false;
	return true;
}

static void assert_well(void)
{
	char buf[160];
	const char *fault = world_fault(w, buf);
	if (fault)
		fail_msg("%s", fault);
}

/* */
static void a_registration_reaches_every_member(void **state)
{
	(void)state;
	boot(3);
	assert_true(world_run(w, NS_PER_S, all_live));
	assert_true(world_register(w, 2, 17, false));
	assert_int_equal(w->n_told, 0); /* not before another one has it */
	assert_true(world_run(w, NS_PER_S, all_told));
	assert_int_equal(w->n_told, 1);
	assert_true(world_run(w, NS_PER_S, world_is_equal));
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(w->member[i].ram.toy[17].stamp, 1);
	assert_well();
}

struct census { uint32_t n_update, n_request, n_digests; };
static void count_types(void *ctx, const struct w_packet *p)
{
	struct census *c = ctx;
	c->n_update += p->bytes[48 + 1] == GRP_UPDATE;
	c->n_request += p->bytes[48 + 1] == GRP_REQUEST;
	c->n_digests += p->bytes[48 + 1] == GRP_DIGESTS;
}

/* While an update is on its way more gather for the next one, until the acknowledgement is here or a moment is over: fuller datagrams under load. */
static void records_gather_while_an_update_is_on_its_way(void **state)
{
	(void)state;
	struct census c = {0};
	boot(2);
	assert_true(world_run(w, NS_PER_S, all_live));
	w->spy = count_types;
	w->spy_ctx = &c;
	for (uint32_t i = 0; i < 10; i++)
		assert_true(world_register(w, 1, i, false));
	assert_true(world_run(w, NS_PER_S, all_told));
	assert_int_equal(c.n_update, 2);
	w->delay_ns = 4 * NS_PER_MS;
	assert_true(world_register(w, 1, 1, false));
	assert_true(world_register(w, 1, 2, false));
	world_run(w, 7 * NS_PER_MS, NULL);
	assert_int_equal(c.n_update, 4); /* behind the acknowledgement it would come after 12 */
	assert_true(world_run(w, 2 * NS_PER_S, all_told));
	assert_well();
}

/* Registrations that never pause: at each hello some are on their way. That is no difference to be mended, which would be the more work the busier
 * the group is. */
static void a_storm_is_no_difference(void **state)
{
	(void)state;
	struct census c = {0};
	boot(2);
	assert_true(world_run(w, NS_PER_S, all_live));
	w->delay_ns = 8 * NS_PER_MS;
	w->spy = count_types;
	w->spy_ctx = &c;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(world_register(w, 1 + i % 2, i % 100, false));
		world_run(w, 3 * NS_PER_MS, NULL);
	}
	assert_true(c.n_update > 300);
	assert_int_equal(c.n_digests, 0);
	assert_true(world_run(w, NS_PER_S, world_is_equal));
	assert_well();
}

/* A member that is far away, or busy: nothing is sent to it again before it could have acknowledged. */
static void repetitions_wait_as_long_as_acknowledgements_take(void **state)
{
	(void)state;
	struct census c = {0};
	boot(2);
	assert_true(world_run(w, NS_PER_S, all_live));
	w->delay_ns = 15 * NS_PER_MS;
	for (uint32_t i = 0; i < 40; i++) {
		assert_true(world_register(w, 1, i, false));
		world_run(w, 50 * NS_PER_MS, NULL);
	}
	w->spy = count_types;
	w->spy_ctx = &c;
	for (uint32_t i = 0; i < 40; i++) {
		assert_true(world_register(w, 1, i, false));
		world_run(w, 50 * NS_PER_MS, NULL);
	}
	assert_int_equal(c.n_update, 40);
	assert_well();
}

/* alone, neither updates nor requests are sent; a registration is told at once. */
static void alone_it_sends_only_hellos(void **state)
{
	(void)state;
	struct census c = {0};
	world_init(w, 2, 7, &group_key); /* the other one is off, but would hear */
	w->spy = count_types;
	w->spy_ctx = &c;
	world_boot(w, 1);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	assert_true(world_register(w, 1, 3, false));
	assert_int_equal(w->n_told, 1);
	world_run(w, NS_PER_S, NULL);
	assert_true(w->n_sent > 5);
	assert_int_equal(c.n_update + c.n_request, 0);
}

/* */
static void a_member_that_starts_gets_the_table_before_it_serves(void **state)
{
	(void)state;
	world_init(w, 3, 7, &group_key);
	world_boot(w, 1);
	world_boot(w, 2);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	world_run(w, NS_PER_S, all_live);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(world_register(w, 1, i, i % 10 == 9));
	assert_true(world_run(w, NS_PER_S, all_told));
	world_boot(w, 3);
	assert_false(world_register(w, 3, 150, false));
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	assert_true(world_is_equal(w));
	assert_true(rg_live(w->member[3].rg) == 2);
	assert_well();
}

/* half of all datagrams are lost. */
static void what_is_lost_is_sent_again(void **state)
{
	(void)state;
	boot(3);
	world_run(w, NS_PER_S, all_live);
	w->loss_permille = 300;
	for (uint32_t i = 0; i < 50; i++) {
		assert_true(world_register(w, 1 + i % 3, i, false));
		world_run(w, 2 * NS_PER_MS, NULL);
	}
	assert_true(world_run(w, 20 * NS_PER_S, all_told));
	w->loss_permille = 0;
	assert_true(world_run(w, 5 * NS_PER_S, world_is_equal));
	assert_well();
}

/* a deletion, also of what nobody has, is remembered, and an older registration does not undo it. */
static void a_deletion_is_remembered(void **state)
{
	(void)state;
	boot(2);
	world_run(w, NS_PER_S, all_live);
	w->side[2] = 1;
	assert_true(world_run(w, 5 * NS_PER_S, NULL) == false);
	assert_true(world_register(w, 2, 5, false)); /* stamp 1, only there */
	assert_true(world_register(w, 1, 5, true));  /* stamp 2: of an unknown binding */
	assert_true(w->member[1].ram.toy[5].is_deleted);
	world_run(w, NS_PER_S, NULL);
	w->side[2] = 0;
	assert_true(world_run(w, 10 * NS_PER_S, world_is_equal));
	assert_true(w->member[2].ram.toy[5].is_deleted);
	assert_well();
}

/* R-11, and a restart of all: the disks count when nobody has more. */
static void a_restart_of_all_loses_nothing(void **state)
{
	(void)state;
	boot(3);
	world_run(w, NS_PER_S, all_live);
	for (uint32_t i = 0; i < 60; i++)
		assert_true(world_register(w, 1 + i % 3, i, false));
	assert_true(world_run(w, NS_PER_S, all_told));
	for (uint32_t i = 1; i <= 3; i++)
		world_kill(w, i);
	world_run(w, NS_PER_S, NULL);
	for (uint32_t i = 1; i <= 3; i++)
		world_boot(w, i);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	assert_true(world_run(w, 5 * NS_PER_S, world_is_equal));
	assert_well();
}

/* the designated member dies while it answers; another goes on. */
static void another_answers_when_the_designated_one_dies(void **state)
{
	(void)state;
	world_init(w, 3, 7, &group_key);
	world_boot(w, 1);
	world_boot(w, 2);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	world_run(w, NS_PER_S, all_live);
	for (uint32_t i = 0; i < W_MOBILES; i++)
		assert_true(world_register(w, 2, i, false));
	assert_true(world_run(w, NS_PER_S, all_told));
	world_boot(w, 3);
	const struct w_member *third = &w->member[3];
	for (int i = 0; i < 4000 && third->ram.toy[0].stamp + third->ram.toy[1].stamp + third->ram.toy[2].stamp + third->ram.toy[3].stamp == 0; i++)
		world_run(w, 100000, NULL);
	assert_false(third->is_ready);
	world_kill(w, 1); /* the same priority, the lower identifier: the designated one */
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	assert_true(world_is_equal(w));
	assert_well();
}

/* A member that was frozen believes for a while that it is as it was. */
static void a_frozen_member_catches_up(void **state)
{
	(void)state;
	boot(3);
	world_run(w, NS_PER_S, all_live);
	world_freeze(w, 1, true);
	world_run(w, 2 * NS_PER_S, NULL);
	for (uint32_t i = 0; i < 80; i++)
		assert_true(world_register(w, 2, i, false));
	assert_true(world_run(w, 5 * NS_PER_S, NULL) == false);
	world_freeze(w, 1, false);
	assert_true(world_run(w, 10 * NS_PER_S, world_is_equal));
	assert_well();
}

/* A member whose start takes long, most of the time to listen in one piece, does not take itself for the only one. */
static void a_slow_start_is_not_alone(void **state)
{
	(void)state;
	for (int64_t ms = 300; ms <= 600; ms += 20) {
		if (ms > 300)
			world_fini(w);
		boot(2);
		world_run(w, NS_PER_S, all_live);
		for (uint32_t i = 0; i < 10; i++)
			assert_true(world_register(w, 2, i, false));
		assert_true(world_run(w, NS_PER_S, all_told));
		world_wipe(w, 1);
		world_boot(w, 1);
		world_freeze(w, 1, true);
		world_run(w, ms * NS_PER_MS, NULL);
		world_freeze(w, 1, false);
		assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
		assert_int_equal(w->member[1].ram.toy[9].stamp, 1);
		assert_well();
	}
}

static void a_split_heals_by_version(void **state)
{
	(void)state;
	boot(5);
	world_run(w, NS_PER_S, all_live);
	w->member[4].skew_ns = 10 * NS_PER_S;
	for (uint32_t i = 0; i < 40; i++)
		assert_true(world_register(w, 1, i, false));
	assert_true(world_run(w, NS_PER_S, all_told));
	w->side[4] = w->side[5] = 1;
	world_run(w, 2 * NS_PER_S, NULL);
	for (uint32_t i = 0; i < 40; i++) {
		assert_true(world_register(w, 4, i, false)); /* the clock of 4 is ahead; the mobile moves back in time order */
		assert_true(world_register(w, 2, i, i % 4 == 3));
	}
	assert_true(world_run(w, 2 * NS_PER_S, all_told));
	w->side[4] = w->side[5] = 0;
	assert_true(world_run(w, 20 * NS_PER_S, world_is_equal));
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(w->member[4].ram.toy[i].stamp, 3); /* the mobile's own order, not the clock's */
	assert_well();
}

/* Epochs: what was recorded before is not believed, whatever it claims. */
struct tape { struct { uint8_t bytes[2048]; uint32_t n; } rec[256]; uint32_t n; };
static void record(void *ctx, const struct w_packet *p)
{
	struct tape *t = ctx;
	if (p->to != 1 || p->len_oct > 2048 || t->n == 256)
		return;
	memcpy(t->rec[t->n].bytes, p->bytes, p->len_oct);
	t->rec[t->n++].n = p->len_oct;
}

static uint64_t sum(const struct counters *c)
{
	uint64_t n = 0;
	for (int i = 0; i < REASON_N; i++)
		n += c->n[i];
	return n;
}

static void replays_change_nothing(void **state)
{
	(void)state;
	static struct tape tape;
	world_init(w, 2, 7, &group_key);
	tape.n = 0;
	w->spy = record;
	w->spy_ctx = &tape;
	world_boot(w, 1);
	world_boot(w, 2);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	world_run(w, NS_PER_S, all_live);
	for (uint32_t i = 0; i < 20; i++)
		assert_true(world_register(w, 2, i, false));
	assert_true(world_run(w, NS_PER_S, all_told));
	w->spy = NULL;
	for (int round = 0; round < 2; round++) {
		const struct toy_table before = w->member[1].ram;
		const uint64_t counted = sum(&w->member[1].count);
		for (uint32_t i = 0; i < tape.n; i++) {
			struct udp6_packet u;
			assert_int_equal(udp6_packet_parse(tape.rec[i].bytes, tape.rec[i].n, &u), W_OK);
			world_inject(w, 1, &u.src, u.data, u.data_len_oct);
		}
		assert_true(sum(&w->member[1].count) > counted);
		assert_memory_equal(&before, &w->member[1].ram, sizeof before);
		world_kill(w, 1); /* once more against the next epoch of ours, and of theirs */
		world_kill(w, 2);
		world_boot(w, 2);
		world_boot(w, 1);
		assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	}
	assert_true(world_run(w, 5 * NS_PER_S, all_live));
	assert_well();
}

static void forgeries_cost_a_counter(void **state)
{
	(void)state;
	static struct tape tape;
	boot(2);
	tape.n = 0;
	w->spy = record;
	w->spy_ctx = &tape;
	world_run(w, NS_PER_S, NULL);
	assert_true(world_register(w, 2, 9, false));
	world_run(w, 100 * NS_PER_MS, NULL);
	w->spy = NULL;
	const struct toy_table before = w->member[1].ram;
	for (uint32_t i = 0; i < tape.n; i++) {
		struct udp6_packet u;
		assert_int_equal(udp6_packet_parse(tape.rec[i].bytes, tape.rec[i].n, &u), W_OK);
		for (size_t len = 0; len < u.data_len_oct; len++) { /* every truncation */
			const uint64_t counted = sum(&w->member[1].count);
			world_inject(w, 1, &u.src, u.data, len);
			assert_int_equal(sum(&w->member[1].count), counted + 1);
		}
		for (size_t at = 0; at < u.data_len_oct; at++) { /* every octet changed */
			uint8_t bad[2048];
			memcpy(bad, u.data, u.data_len_oct);
			bad[at] ^= 0x41;
			const uint64_t counted = sum(&w->member[1].count);
			world_inject(w, 1, &u.src, bad, u.data_len_oct);
			assert_int_equal(sum(&w->member[1].count), counted + 1);
		}
	}
	assert_memory_equal(&before, &w->member[1].ram, sizeof before);
	assert_int_equal(rg_live(w->member[1].rg), 1);
}

static void commit_all_waits_for_all(void **state)
{
	(void)state;
	world_init(w, 3, 7, &group_key);
	w->commit = RG_COMMIT_ALL;
	for (uint32_t i = 1; i <= 3; i++)
		world_boot(w, i);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	world_run(w, NS_PER_S, all_live);
	w->side[3] = 1;
	assert_true(world_register(w, 1, 0, false));
	world_run(w, 100 * NS_PER_MS, NULL);
	assert_int_equal(w->n_told, 0);
	assert_true(world_run(w, NS_PER_S, all_told)); /* the third is dead by now */
}

static void commit_async_does_not_wait(void **state)
{
	(void)state;
	world_init(w, 2, 7, &group_key);
	w->commit = RG_COMMIT_ASYNC;
	world_boot(w, 1);
	world_boot(w, 2);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	world_run(w, NS_PER_S, all_live);
	assert_true(world_register(w, 1, 0, false));
	assert_int_equal(w->n_told, 1);
}

static bool first_is_active(const struct world *x) { return x->member[1].is_active; }

/* the second moment. */
static void before_it_is_active_it_asks_again(void **state)
{
	(void)state;
	struct census c = {0};
	boot(2);
	world_run(w, NS_PER_S, all_live);
	w->spy = count_types;
	w->spy_ctx = &c;
	rg_activate(w->member[1].rg, world_now(w, &w->member[1]));
	assert_false(w->member[1].is_active);
	assert_true(world_run(w, NS_PER_S, first_is_active));
	assert_int_equal(c.n_request, 1);
	rg_deactivate(w->member[1].rg, world_now(w, &w->member[1]));
	w->member[1].is_active = false;
	world_kill(w, 2); /* nobody answers, and it is not yet known to be dead */
	rg_activate(w->member[1].rg, world_now(w, &w->member[1]));
	assert_true(world_run(w, 50 * NS_PER_MS, first_is_active));
}

static void a_hand_over_is_told(void **state)
{
	(void)state;
	boot(2);
	world_run(w, NS_PER_S, all_live);
	world_run(w, NS_PER_S, NULL); /* hellos tell that the table is there */
	assert_int_equal(rg_hand_over(w->member[1].rg, world_now(w, &w->member[1])), 0);
	world_run(w, 100 * NS_PER_MS, NULL);
	assert_int_equal(w->member[2].n_taken_over, 1);
}

static void what_ends_by_itself_ends_everywhere_and_stays_ended(void **state)
{
	(void)state;
	world_init(w, 3, 7, &group_key);
	w->lifetime_ns = 5 * NS_PER_S;
	for (uint32_t i = 1; i <= 3; i++)
		world_boot(w, i);
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	for (uint32_t i = 0; i < 20; i++)
		assert_true(world_register(w, 1, i, false));
	world_run(w, 30 * NS_PER_S, NULL);
	assert_true(world_is_equal(w));
	for (uint32_t i = 1; i <= 3; i++)
		assert_true(w->member[i].ram.toy[3].is_deleted);
}

/* digests are of live records, so a deletion must travel without their telling. */
static void who_was_away_hears_of_deletions(void **state)
{
	(void)state;
	boot(3);
	assert_true(world_run(w, NS_PER_S, all_live));
	world_wipe(w, 3);
	world_run(w, NS_PER_S, NULL);
	assert_true(world_register(w, 1, 17, false));
	assert_true(world_run(w, NS_PER_S, all_told));
	assert_true(world_register(w, 1, 17, true));
	assert_true(world_run(w, NS_PER_S, all_told));
	world_boot(w, 3); /* without a record, as the others are without a live one */
	assert_true(world_run(w, 5 * NS_PER_S, world_all_ready));
	assert_true(w->member[3].ram.toy[17].is_there && w->member[3].ram.toy[17].is_deleted);
	world_freeze(w, 3, true); /* the others take it for dead */
	world_run(w, 2 * NS_PER_S, NULL);
	assert_true(world_register(w, 1, 18, false));
	assert_true(world_register(w, 2, 18, true));
	assert_true(world_run(w, NS_PER_S, all_told));
	world_freeze(w, 3, false);
	world_run(w, 2 * NS_PER_S, NULL);
	assert_true(w->member[3].ram.toy[18].is_there && w->member[3].ram.toy[18].is_deleted);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_registration_reaches_every_member), T(records_gather_while_an_update_is_on_its_way),
		T(repetitions_wait_as_long_as_acknowledgements_take), T(a_storm_is_no_difference), T(alone_it_sends_only_hellos),
		T(a_member_that_starts_gets_the_table_before_it_serves),
		T(what_is_lost_is_sent_again), T(a_deletion_is_remembered), T(a_restart_of_all_loses_nothing),
		T(another_answers_when_the_designated_one_dies), T(a_frozen_member_catches_up), T(a_slow_start_is_not_alone), T(a_split_heals_by_version),
		T(replays_change_nothing), T(forgeries_cost_a_counter), T(commit_all_waits_for_all), T(commit_async_does_not_wait),
		T(before_it_is_active_it_asks_again), T(a_hand_over_is_told), T(what_ends_by_itself_ends_everywhere_and_stays_ended), T(who_was_away_hears_of_deletions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
