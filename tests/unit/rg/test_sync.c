/* SPDX-License-Identifier: BSD-2-Clause */
/* Roles and their redundancy group: two members with a toy role, the network is this file. */
#include "base/cursor.h"
#include "../kit/kit.h"
#include "rg/sync.h"
#include "wire/ip/udp6.h"

enum { TOYS = 8, KEY_MAX = 40 };

struct toy { uint8_t key[KEY_MAX]; size_t key_oct; uint8_t value; bool is_deleted; mono_t expires; };
struct member {
	struct kit kit;
	struct sync *sync;
	struct role {
		struct kit *kit;
		struct toy toy[TOYS];
		uint32_t n;
		int is_active;         /* -1: never told */
		bool is_unruly;        /* its replica hook pushes what it must not */
	} role;
	bool is_deaf;                  /* what comes from the other one is lost */
	uint32_t n_ready;
	uint32_t n_told;               /* answers that left for mobiles */
	struct { uint8_t key[KEY_MAX], val[512]; size_t key_oct, val_oct; } disk[TOYS];
	uint32_t n_disk;
};
static struct member m[2];
static struct sa_key group_key;
static const char LONG_NAME[] = "a.mobile.with.a.long.name@example.org";

static struct toy *toy_find(struct role *r, const uint8_t *key, size_t oct)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->toy[i].key_oct == oct && memcmp(r->toy[i].key, key, oct) == 0)
			return &r->toy[i];
	return NULL;
}

static struct toy *toy_take(struct role *r, const uint8_t *key, size_t oct)
{
	struct toy *t = toy_find(r, key, oct);
	if (t)
		return t;
	assert_true(r->n < TOYS);
	t = &r->toy[r->n++];
	memcpy(t->key, key, oct);
	t->key_oct = oct;
	return t;
}

static int toy_replica(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct role *r = self;
	(void)now;
	if (rec->table != STORE_BINDING_HA)
		return ERR_NOTFOUND;
	if (r->is_unruly)
		fx_send(r->kit->env.fx, ROLE_HA, 1, NULL, "\0unruly", 7);
	struct toy *t = toy_take(r, rec->key, rec->key_len_oct);
	t->is_deleted = change->how == FX_CHANGE_DELETE;
	t->value = rec->val_len_oct ? rec->val[0] : 0;
	t->expires = change->expires;
	return ERR_OK;
}

static bool toy_record(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap, struct fx_change *change, struct now now)
{
	struct role r = *(const struct role *)self;
	struct toy *t = toy_find(&r, rec->key, rec->key_len_oct);
	(void)now;
	if (!t)
		return false;
	assert_true(cap >= 1);
	buf[0] = t->value;
	rec->val = buf;
	rec->val_len_oct = 1;
	change->expires = t->expires;
	return true;
}

static void toy_active(void *self, bool is_active, struct now now)
{
	struct role *r = self;
	(void)now;
	r->is_active = is_active;
	fx_send(r->kit->env.fx, ROLE_HA, 1, NULL, "\0announced", 10);
}

static const struct role_ops toy_ops = {.id = ROLE_HA, .name = "toy", .replica = toy_replica, .record = toy_record, .active = toy_active};

static void on_ready(void *ctx, struct now now)
{
	(void)now;
	((struct member *)ctx)->n_ready++;
}

static struct addr6 addr_of(const struct member *x)
{
	struct addr6 a;
	(void)addr6_parse(&a, x == m ? "2001:db8::1" : "2001:db8::2");
	return a;
}

static void to_disk(struct member *x, const uint8_t *key, size_t key_oct, const uint8_t *val, size_t val_oct)
{
	uint32_t i = 0;
	while (i < x->n_disk && !(x->disk[i].key_oct == key_oct && memcmp(x->disk[i].key, key, key_oct) == 0))
		i++;
	assert_true(i < TOYS);
	x->n_disk += i == x->n_disk;
	memcpy(x->disk[i].key, key, key_oct);
	memcpy(x->disk[i].val, val, val_oct);
	x->disk[i].key_oct = key_oct;
	x->disk[i].val_oct = val_oct;
}

/* Effects of one member, as a driver carries them out; packets for the other are heard at once. */
static void carry_out(struct member *x)
{
	struct member *other = x == m ? m + 1 : m;
	const struct effect *e;

	sync_flush(x->sync, x->kit.now);
	while ((e = effq_next(&x->kit.fx))) {
		const uint8_t *p = effq_bytes(&x->kit.fx, e->kind == FX_SEND ? e->send.off : e->store.off);
		struct udp6_packet u;
		if (e->kind == FX_STORE_PUT)
			to_disk(x, p, e->store.key_len_oct, p + e->store.key_len_oct, e->store.val_len_oct);
		else if (e->kind == FX_SEND && p[0] == 0)
			x->n_told++;
		else if (e->kind == FX_SEND && !other->is_deaf && other->sync && udp6_packet_parse(p, e->send.len_oct, &u) == W_OK)
			sync_rx(other->sync, &u.src, u.data, u.data_len_oct, other->kit.now);
	}
	effq_reset(&x->kit.fx);
}

static void run(int64_t ms)
{
	for (int64_t i = 0; i < ms; i++)
		for (struct member *x = m; x < m + 2; x++) {
			kit_advance(&x->kit, span_ms(1));
			if (!x->sync)
				continue;
			sync_tick(x->sync, x->kit.now);
			carry_out(x);
		}
}

static void boot(struct member *x)
{
	struct rg_conf c = rg_conf_default;
	const struct sync_ops ops = {on_ready, NULL, x};

	c.role = ROLE_HA;
	c.id = (uint32_t)(x - m) + 1;
	c.self = addr_of(x);
	(void)addr6_parse(&c.group, "ff02::114");
	c.key[0].id = 1;
	c.key[0].key = &group_key;
	c.n_key = 1;
	x->role = (struct role){.kit = &x->kit, .is_active = -1};
	x->sync = sync_new(&x->kit.env, &c, &ops, 1, x->kit.now);
	assert_non_null(x->sync);
	sync_add(x->sync, &toy_ops, &x->role, x->kit.now);
	for (uint32_t i = 0; i < x->n_disk; i++) {
		struct store_rec rec = {STORE_BINDING_HA, x->disk[i].key, x->disk[i].val, x->disk[i].key_oct, x->disk[i].val_oct};
		sync_restore(x->sync, &rec, x->kit.now);
		struct toy *t = toy_take(&x->role, rec.key, rec.key_len_oct);
		t->value = rec.val[0];
		t->expires = MONO_NEVER;
	}
	sync_start(x->sync, x->kit.now);
}

static void halt(struct member *x)
{
	sync_free(x->sync);
	x->sync = NULL;
	effq_reset(&x->kit.fx);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(sa_key_init(&group_key, &crypto_openssl, "group", 256, MAC_HMAC_SHA256, "a key of the group's own", 24), 0);
	memset(m, 0, sizeof m);
	for (int i = 0; i < 2; i++) {
		kit_init(&m[i].kit);
		prng_seed(&m[i].kit.prng, 1 + (uint64_t)i); /* nonces must differ */
		boot(&m[i]);
	}
	run(2000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		halt(&m[i]);
		kit_fini(&m[i].kit);
	}
	sa_key_fini(&group_key, &crypto_openssl);
	return 0;
}

/* A mobile asks: the role puts a record, then answers. */
static void registers(struct member *x, const char *key, uint8_t value, enum fx_change_how how, uint64_t stamp)
{
	const uint32_t mark = sync_mark(x->sync);
	const struct fx_change change = {how, stamp, mono_add(x->kit.now.mono, span_s(100))};
	struct toy *t = toy_take(&x->role, (const uint8_t *)key, strlen(key));

	assert_true(sync_may_rx(x->sync, &x->role));
	t->value = value;
	t->is_deleted = how != FX_CHANGE_PUT;
	t->expires = change.expires;
	fx_record_put(&x->kit.fx, ROLE_HA, STORE_BINDING_HA, key, strlen(key), &value, 1, &change);
	fx_send(&x->kit.fx, ROLE_HA, 1, NULL, "\0answer", 7);
	sync_scan(x->sync, &x->role, mark, SYNC_ASKED, x->kit.now);
}

static const struct toy *held_by(struct member *x, const char *key) { return toy_find(&x->role, (const uint8_t *)key, strlen(key)); }

static void an_answer_waits_until_the_other_has_the_record(void **state)
{
	(void)state;
	m[1].is_deaf = true;
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	run(50);
	assert_int_equal(m[0].n_told, 0);
	m[1].is_deaf = false;
	run(200);
	assert_int_equal(m[0].n_told, 1);
	assert_non_null(held_by(&m[1], "one"));
	assert_int_equal(held_by(&m[1], "one")->value, 7);
	assert_true(m[1].n_disk == 1 && m[1].disk[0].val_oct == 1 + 33); /* stored there too, with its version */
}

/* Also of a record that is put just before a hello is due, which leaves first. */
static void every_answer_is_sent_at_last(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 250; i++) {
		registers(&m[0], "one", (uint8_t)i, FX_CHANGE_PUT, i + 1);
		run(1);
	}
	run(50);
	assert_int_equal(m[0].n_told, 250);
}

static void a_packet_before_the_record_does_not_wait(void **state)
{
	(void)state;
	m[1].is_deaf = true;
	const uint32_t mark = sync_mark(m[0].sync);
	fx_send(&m[0].kit.fx, ROLE_HA, 1, NULL, "\0refusal", 8);
	sync_scan(m[0].sync, &m[0].role, mark, SYNC_ASKED, m[0].kit.now);
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	run(1);
	assert_int_equal(m[0].n_told, 1);
}

static void alone_nobody_waits(void **state)
{
	(void)state;
	halt(&m[1]);
	run(1000); /* it is found dead */
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	run(1);
	assert_int_equal(m[0].n_told, 1);
}

static void a_deletion_and_a_lapse(void **state)
{
	(void)state;
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	registers(&m[0], "two", 8, FX_CHANGE_PUT, 1);
	run(20);
	registers(&m[1], "one", 9, FX_CHANGE_DELETE, 2);
	registers(&m[0], "two", 8, FX_CHANGE_LAPSE, 1);
	run(20);
	assert_true(held_by(&m[0], "one")->is_deleted);
	assert_int_equal(held_by(&m[0], "one")->value, 9); /* what replay protection needs */
	assert_false(held_by(&m[1], "two")->is_deleted);   /* nobody was told: it ends there by itself */
	assert_int_equal(m[0].n_told + m[1].n_told, 4);
}

/* */
static void a_deletion_of_what_is_unknown(void **state)
{
	(void)state;
	registers(&m[0], "one", 7, FX_CHANGE_DELETE, 5);
	run(20);
	assert_true(held_by(&m[1], "one")->is_deleted);
}

static void a_long_key_comes_back_whole(void **state)
{
	(void)state;
	registers(&m[0], LONG_NAME, 7, FX_CHANGE_PUT, 0);
	run(20);
	assert_int_equal(held_by(&m[1], LONG_NAME)->value, 7);
	registers(&m[1], LONG_NAME, 8, FX_CHANGE_PUT, 0);
	run(20);
	assert_int_equal(held_by(&m[0], LONG_NAME)->value, 8);
}

static void a_new_member_gets_all_and_a_restarted_one_what_it_missed(void **state)
{
	(void)state;
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	registers(&m[0], LONG_NAME, 6, FX_CHANGE_PUT, 1);
	run(20);
	halt(&m[1]);
	run(1000);
	registers(&m[0], "one", 8, FX_CHANGE_PUT, 2);
	boot(&m[1]);
	assert_int_equal(held_by(&m[1], "one")->value, 7); /* of its disk */
	assert_false(sync_may_rx(m[1].sync, &m[1].role));  /* not before it has asked */
	assert_int_equal(m[1].kit.count.n[R_RG_NOT_READY], 1);
	run(2000);
	assert_true(sync_may_rx(m[1].sync, &m[1].role));
	assert_int_equal(held_by(&m[1], "one")->value, 8);
	halt(&m[1]);
	m[1].n_disk = 0;
	boot(&m[1]);
	run(2000);
	assert_int_equal(held_by(&m[1], "one")->value, 8);
	assert_int_equal(held_by(&m[1], LONG_NAME)->value, 6);
	assert_int_equal(m[1].n_ready, 3);
}

/* The role forgets a deleted record long before its lifetime would have ended; a member that missed the deletion must not bring it back. */
static void a_deletion_outlives_what_its_role_remembers(void **state)
{
	(void)state;
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	run(20);
	halt(&m[1]);
	run(1000);
	registers(&m[0], "one", 7, FX_CHANGE_DELETE, 2);
	run(1);
	const uint32_t mark = sync_mark(m[0].sync);
	fx_store_del(&m[0].kit.fx, ROLE_HA, STORE_BINDING_HA, "one", 3);
	sync_scan(m[0].sync, &m[0].role, mark, SYNC_UNASKED, m[0].kit.now);
	run(20000);
	boot(&m[1]);
	run(5000);
	assert_true(held_by(&m[0], "one")->is_deleted);
	assert_true(held_by(&m[1], "one")->is_deleted);
}

/* A registration is answered when the search for duplicates is over, which no packet brings about. */
static void a_late_answer_is_sent_by_who_stands_by(void **state)
{
	(void)state;
	const uint32_t mark = sync_mark(m[0].sync);
	const struct fx_change change = {FX_CHANGE_PUT, 1, mono_add(m[0].kit.now.mono, span_s(100))};
	(void)toy_take(&m[0].role, (const uint8_t *)"one", 3);
	fx_record_put(&m[0].kit.fx, ROLE_HA, STORE_BINDING_HA, "one", 3, "v", 1, &change);
	fx_send(&m[0].kit.fx, ROLE_HA, 1, NULL, "\0answer", 7);
	sync_scan(m[0].sync, &m[0].role, mark, SYNC_UNASKED, m[0].kit.now);
	run(100);
	assert_int_equal(m[0].n_told, 1);
}

static void who_stands_by_speaks_only_when_asked(void **state)
{
	(void)state;
	assert_int_equal(m[0].role.is_active, 0);
	uint32_t mark = sync_mark(m[0].sync);
	fx_send(&m[0].kit.fx, ROLE_HA, 1, NULL, "\0reminder", 9);
	sync_scan(m[0].sync, &m[0].role, mark, SYNC_UNASKED, m[0].kit.now);
	run(1);
	assert_int_equal(m[0].n_told, 0);
	sync_activate(m[0].sync, m[0].kit.now);
	run(100);
	assert_int_equal(m[0].role.is_active, 1);
	assert_int_equal(m[0].n_told, 1); /* announced */
	sync_deactivate(m[0].sync, m[0].kit.now);
	run(1);
	assert_int_equal(m[0].role.is_active, 0);
	assert_int_equal(m[0].n_told, 1);
}

static void an_unruly_role_is_kept_silent(void **state)
{
	(void)state;
	m[1].role.is_unruly = true;
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	run(20);
	assert_int_equal(held_by(&m[1], "one")->value, 7);
	assert_int_equal(m[1].n_told, 0);
}

static void without_a_group_versions_are_cut_off(void **state)
{
	(void)state;
	registers(&m[0], "one", 7, FX_CHANGE_PUT, 1);
	run(20);
	struct store_rec rec = {STORE_BINDING_HA, m[0].disk[0].key, m[0].disk[0].val, 3, m[0].disk[0].val_oct};
	assert_int_equal(rec.val_len_oct, 34);
	sync_restore(NULL, &rec, m[0].kit.now);
	assert_int_equal(rec.val_len_oct, 1);
	sync_restore(NULL, &rec, m[0].kit.now); /* one that has none stays */
	assert_int_equal(rec.val_len_oct, 1);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	for (long left = 0; left < 40; left++) {
		m[0].kit.heap.left = left;
		registers(&m[0], "one", (uint8_t)left, FX_CHANGE_PUT, (uint64_t)left + 1);
		m[0].kit.heap.left = -1;
		run(5);
	}
	run(3000); /* what was not told is found by its digest */
	assert_int_equal(held_by(&m[1], "one")->value, held_by(&m[0], "one")->value);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_waits_until_the_other_has_the_record), T(every_answer_is_sent_at_last), T(a_packet_before_the_record_does_not_wait), T(alone_nobody_waits),
		T(a_deletion_and_a_lapse), T(a_deletion_of_what_is_unknown), T(a_long_key_comes_back_whole),
		T(a_new_member_gets_all_and_a_restarted_one_what_it_missed), T(a_deletion_outlives_what_its_role_remembers), T(a_late_answer_is_sent_by_who_stands_by), T(who_stands_by_speaks_only_when_asked), T(an_unruly_role_is_kept_silent),
		T(without_a_group_versions_are_cut_off), T(memory_may_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
