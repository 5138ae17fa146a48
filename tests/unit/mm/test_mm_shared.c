/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two managers and the store that they share, played here: transactions are evaluated as etcd does, answers come late, are lost or come
 * before the change is seen, history is forgotten, the majority is lost. Whatever happens, no two devices have one identifier, home address
 * or group, both managers know the same in the end, and the store's index says what the records say.
 */
#include "../kit/mm_kit.h"

enum { KEYS = 600, LOG = 4000, ANSWERS = 64, WAITING = 256 };

struct kv { char key[SHARED_KEY_OCT]; uint8_t val[500]; size_t val_oct; uint64_t rev; };
struct change { struct kv kv; bool is_deleted; };
struct asked { uint32_t manager; uint64_t token; struct shared_op op[40]; uint32_t n; uint8_t bytes[8000]; };

static struct store {
	struct kv kv[KEYS];
	uint32_t n_kv;
	struct change log[LOG];        /* of records, in order */
	uint32_t n_log, n_given[KIT_MANAGERS];
	uint64_t rev, head, seen[KIT_MANAGERS];
	struct asked asked[WAITING];   /* transactions on their way */
	uint32_t n_asked, n_done, n_conflicts;
	uint64_t answered[ANSWERS];    /* commands that ended, and how */
	char wrong[ANSWERS][200];
	uint32_t n_answers;
	uint64_t n_commands;
} *st;

static struct kv *kv_find(const char *key, size_t len)
{
	for (uint32_t i = 0; i < st->n_kv; i++)
		if (strlen(st->kv[i].key) == len && memcmp(st->kv[i].key, key, len) == 0)
			return &st->kv[i];
	return NULL;
}

static void on_effect(struct kit_node *n, const struct effect *e)
{
	if (e->kind == FX_ANSWER) {
		assert_true(st->n_answers < ANSWERS);
		st->answered[st->n_answers] = e->answer.command;
		snprintf(st->wrong[st->n_answers++], sizeof st->wrong[0], "%.*s", (int)e->answer.len_oct, (const char *)effq_bytes(&n->fx, e->answer.off));
		return;
	}
	assert_true(st->n_asked < WAITING && e->shared.len_oct <= sizeof st->asked[0].bytes && e->shared.n_ops <= 40);
	struct asked *a = &st->asked[st->n_asked++];
	*a = (struct asked){.manager = (uint32_t)(n - kit->node), .token = e->shared.token, .n = e->shared.n_ops};
	memcpy(a->bytes, effq_bytes(&n->fx, e->shared.off), e->shared.len_oct);
	const uint8_t *at = a->bytes;
	for (uint32_t i = 0; i < a->n; i++)
		a->op[i] = fx_shared_next(&at);
}

static void tell(uint32_t manager, const struct shared_event *ev)
{
	struct kit_node *n = kit_manager(manager);
	if (!n->self)
		return;
	mm_role.shared(n->self, ev, kit->now);
	kit_effects(n);
}

/* --- as etcd does ------------------------------------------------------------------------------------------------ */

static bool holds(const struct asked *a)
{
	for (const struct shared_op *o = a->op; o < a->op + a->n; o++) {
		const struct kv *kv = kv_find(o->key, o->key_len_oct);
		if ((o->expect == SHARED_ABSENT && kv) || (o->expect == SHARED_SAME && (!kv || kv->rev != o->rev)))
			return false;
	}
	return true;
}

static void apply(const struct shared_op *o)
{
	struct kv *kv = kv_find(o->key, o->key_len_oct);
	struct kv fresh = {.val_oct = o->val_len_oct, .rev = st->rev};

	snprintf(fresh.key, sizeof fresh.key, "%.*s", (int)o->key_len_oct, o->key);
	if (o->val_len_oct)
		memcpy(fresh.val, o->val, o->val_len_oct);
	if (strncmp(fresh.key, SHARED_RECORDS, strlen(SHARED_RECORDS)) == 0) {
		assert_true(st->n_log < LOG);
		st->log[st->n_log++] = (struct change){fresh, o->how == SHARED_DEL};
	}
	if (strcmp(fresh.key, "head") == 0)
		st->head = st->rev;
	if (o->how == SHARED_DEL) {
		if (kv)
			*kv = st->kv[--st->n_kv];
		return;
	}
	assert_true(kv || st->n_kv < KEYS);
	*(kv ? kv : &st->kv[st->n_kv++]) = fresh;
}

enum how { ANSWERED, LOST /* and asked for again */, FAILED };

/* The nth transaction on its way arrives. */
static void arrive(uint32_t nth, enum how how)
{
	const struct asked a = st->asked[nth];
	struct shared_event done = {.what = SHARED_DONE, .token = a.token, .outcome = SHARED_FAILED, .why = "nobody answers"};
	uint32_t times = how == LOST ? 2 : how == ANSWERED;

	/* The operations of a copy point into what it is a copy of. */
	while (times--) {
		struct asked *b = &st->asked[nth];
		const bool ok = holds(b);
		st->rev += ok;
		for (uint32_t i = 0; ok && i < b->n; i++)
			apply(&b->op[i]);
		st->n_conflicts += !ok;
		done = (struct shared_event){.what = SHARED_DONE, .token = a.token, .outcome = ok ? SHARED_TOOK_PLACE : SHARED_CONFLICT,
					     .rev = ok ? st->rev : st->head};
	}
	st->n_asked--;
	for (uint32_t i = nth; i < st->n_asked; i++) {
		st->asked[i] = st->asked[i + 1];
		const uint8_t *at = st->asked[i].bytes;
		for (uint32_t k = 0; k < st->asked[i].n; k++)
			st->asked[i].op[k] = fx_shared_next(&at);
	}
	st->n_done++;
	tell(a.manager, &done);
}

/* The manager hears of the changes of the next revision. False: there is none. */
static bool watch(uint32_t manager)
{
	uint32_t *at = &st->n_given[manager];
	if (*at == st->n_log)
		return false;
	const uint64_t rev = st->log[*at].kv.rev;
	for (; *at < st->n_log && st->log[*at].kv.rev == rev; ++*at) {
		const struct change *c = &st->log[*at];
		tell(manager, &(struct shared_event){.what = SHARED_RECORD, .rev = rev, .key = c->kv.key, .key_len_oct = strlen(c->kv.key),
						     .val = c->is_deleted ? NULL : c->kv.val, .val_len_oct = c->kv.val_oct});
	}
	tell(manager, &(struct shared_event){.what = SHARED_SYNCED, .rev = rev});
	return true;
}

/* All there is, as at a start and after compaction. */
static void read_all(uint32_t manager)
{
	tell(manager, &(struct shared_event){.what = SHARED_BEGIN});
	for (uint32_t i = 0; i < st->n_kv; i++) {
		const struct kv *kv = &st->kv[i];
		if (strncmp(kv->key, SHARED_RECORDS, strlen(SHARED_RECORDS)) == 0)
			tell(manager, &(struct shared_event){.what = SHARED_RECORD, .rev = kv->rev, .key = kv->key,
							     .key_len_oct = strlen(kv->key), .val = kv->val, .val_len_oct = kv->val_oct});
	}
	st->n_given[manager] = st->n_log;
	tell(manager, &(struct shared_event){.what = SHARED_SYNCED, .rev = st->rev});
}

static void settle(void)
{
	bool is_more = true;
	for (uint32_t i = 0; is_more; i++) {
		assert_true(i < 10000);
		is_more = st->n_asked;
		while (st->n_asked)
			arrive(0, ANSWERED);
		for (uint32_t m = 0; m < KIT_MANAGERS; m++)
			while (watch(m))
				is_more = true;
	}
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

/* Its number; 0: refused at once, *why. */
static uint64_t command(uint32_t manager, const char *verb, const char *line, const char **why)
{
	const char *argv[] = {"device", verb, line};
	const char *msg = NULL;
	const int rc = mm_role.ctl(kit_manager(manager)->self, &(struct ctl_cmd){3, argv, ++st->n_commands}, kit->now, &msg);
	kit_effects(kit_manager(manager));
	if (why)
		*why = msg;
	return rc == ERR_AGAIN ? st->n_commands : 0;
}

/* NULL: not yet; "": it was done; else what was wrong. */
static const char *answer(uint64_t number)
{
	for (uint32_t i = 0; i < st->n_answers; i++)
		if (st->answered[i] == number)
			return st->wrong[i];
	return NULL;
}

static void done(uint32_t manager, const char *verb, const char *line)
{
	const uint64_t n = command(manager, verb, line, NULL);
	settle();
	assert_true(n && answer(n));
	assert_string_equal(answer(n), "");
}

static void refused(uint64_t n, const char *words)
{
	assert_true(n && answer(n));
	if (!strstr(answer(n), words))
		fail_msg("\"%s\" does not say \"%s\"", answer(n), words);
}

static enum mmc_result asked(uint32_t client, const char *about, const struct mm_record **rec)
{
	kit_run(11000); /* what a client kept that was not found is forgotten */
	(void)kit_ask(client, about, rec);
	kit_run(200);
	const struct kit_node *n = kit_client(client);
	return kit_ask(client, about, rec) == MMC_FOUND ? MMC_FOUND : n->n_told ? n->told[n->n_told - 1].r : MMC_WAIT;
}

static int setup(void **state)
{
	(void)state;
	kit_init(7);
	st = calloc(1, sizeof *st);
	kit->shared = on_effect;
	kit->mm_conf.store = (struct shared_conf){.is_used = true, .prefix = "/t/"};
	for (uint32_t i = 0; i < KIT_MANAGERS; i++) {
		kit_manager_start(i);
		tell(i, &(struct shared_event){.what = SHARED_UP});
		read_all(i);
	}
	kit_client_start(0);
	kit_run(50);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kit_fini();
	free(st);
	return 0;
}

static const char phone[] = "imsi:310150123456789 eui48:02:00:00:00:00:01 home=2001:db8:1::5/64 home=10.1.0.5/24";

/* --- what holds always --------------------------------------------------------------------------------------------- */

struct page { char text[60000]; size_t n; };
static void p_add(struct page *p, const char *a, const char *b, const char *c, const char *d)
{
	p->n += (size_t)snprintf(p->text + p->n, sizeof p->text - p->n, "%s%s%s%s", a, b, c, d);
}
static void p_begin(void *ctx, const char *record) { p_add(ctx, record, "", "", ""); }
static void p_str(void *ctx, const char *k, const char *v) { p_add(ctx, " ", k, "=", v); }
static void p_u64(void *ctx, const char *k, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	p_str(ctx, k, text);
}
static void p_i64(void *ctx, const char *k, int64_t v) { p_u64(ctx, k, (uint64_t)v); }
static void p_flag(void *ctx, const char *k, bool v) { p_u64(ctx, k, v); }
static void p_real(void *ctx, const char *k, double v) { p_u64(ctx, k, (uint64_t)v); }
static void p_end(void *ctx) { p_begin(ctx, "\n"); }
static const struct show_ops page_ops = {p_begin, p_str, p_u64, p_i64, p_flag, p_real, p_end};

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static uint32_t lines_of(uint32_t manager, const char *what, struct page *p, char **line)
{
	uint32_t n = 0;
	p->n = 0;
	p->text[0] = '\0';
	mm_role.show(kit_manager(manager)->self, what, &(struct show){&page_ops, p}, kit->now);
	for (char *s = strtok(p->text, "\n"); s; s = strtok(NULL, "\n"))
		line[n++] = s;
	qsort(line, n, sizeof *line, by_text);
	return n;
}

static void all_agree(void)
{
	static struct page p[2];
	char *line[2][200];
	const uint32_t n = lines_of(0, "devices", &p[0], line[0]);
	assert_int_equal(lines_of(1, "devices", &p[1], line[1]), n);
	for (uint32_t i = 0; i < n; i++)
		assert_string_equal(line[0][i], line[1][i]);
	/* Each index key names a record that is there; there are as many as the records have. */
	uint32_t n_index = 0, n_records = 0;
	for (uint32_t i = 0; i < st->n_kv; i++) {
		const struct kv *kv = &st->kv[i];
		char key[SHARED_KEY_OCT + 16];
		n_records += strncmp(kv->key, SHARED_RECORDS, strlen(SHARED_RECORDS)) == 0;
		if (strncmp(kv->key, SHARED_RECORDS, strlen(SHARED_RECORDS)) == 0 || strcmp(kv->key, "head") == 0)
			continue;
		snprintf(key, sizeof key, SHARED_RECORDS "%.*s", (int)kv->val_oct, (const char *)kv->val);
		assert_non_null(kv_find(key, strlen(key)));
		n_index++;
	}
	assert_int_equal(n_records, n);
	char *status[10];
	assert_true(lines_of(0, "status", &p[0], status) == 1);
	unsigned ids = 0, g6 = 0, g4 = 0, homes = 0;
	(void)sscanf(strstr(status[0], "identifiers="), "identifiers=%u", &ids);
	(void)sscanf(strstr(status[0], "groups_v6="), "groups_v6=%u", &g6);
	(void)sscanf(strstr(status[0], "groups_v4="), "groups_v4=%u", &g4);
	for (uint32_t i = 0; i < n; i++)
		homes += (strstr(line[1][i], "home_v4=") != NULL) + (strstr(line[1][i], "home_v6=") != NULL);
	assert_int_equal(n_index, ids + g6 + g4 + homes);
}

/* --- tests --------------------------------------------------------------------------------------------------------- */

static void what_one_is_told_both_know(void **state)
{
	(void)state;
	const struct mm_record *rec;
	done(0, "add", phone);
	for (uint32_t dead = 0; dead < 2; dead++) { /* the client asks the one that is left */
		kit->node[dead].is_up = false;
		assert_int_equal(asked(0, "10.1.0.5", &rec), MMC_FOUND);
		kit->node[dead].is_up = true;
	}
	assert_true(kit_hold(0, "10.1.0.5"));
	done(1, "set", "eui48:02:00:00:00:00:01 voice-port=9 home=10.1.0.6/24");
	kit_run(1000);
	all_agree();
	done(0, "remove", "imsi:310150123456789");
	all_agree();
	assert_int_equal(st->n_kv, 1); /* head */
	assert_int_equal(kit_manager(0)->n_rec + kit_manager(1)->n_rec, 0);
}

static void a_command_ends_when_its_change_is_seen(void **state)
{
	(void)state;
	uint64_t n = command(0, "add", phone, NULL);
	arrive(0, ANSWERED);
	assert_null(answer(n)); /* answered, not seen */
	assert_true(watch(0));
	assert_string_equal(answer(n), "");
	n = command(0, "set", "imsi:310150123456789 voice-port=9", NULL);
	struct asked *a = &st->asked[0];
	st->rev++;
	for (uint32_t i = 0; i < a->n; i++)
		apply(&a->op[i]);
	assert_true(watch(0)); /* seen, not answered */
	assert_null(answer(n));
	const uint64_t token = a->token;
	st->n_asked = 0;
	tell(0, &(struct shared_event){.what = SHARED_DONE, .token = token, .outcome = SHARED_TOOK_PLACE, .rev = st->rev});
	assert_string_equal(answer(n), "");
	/* The store does not tell of it for so long that the operator is told it is done. */
	n = command(0, "set", "imsi:310150123456789 voice-port=10", NULL);
	arrive(0, ANSWERED);
	kit_run(9000);
	assert_null(answer(n));
	kit_run(2000);
	assert_string_equal(answer(n), "");
	settle();
	all_agree();
}

static void who_comes_second_is_refused(void **state)
{
	(void)state;
	const uint64_t a = command(0, "add", phone, NULL);
	const uint64_t b = command(1, "add", "nai:bob@example.org imsi:310150123456789 home=10.1.0.7/24", NULL);
	const uint64_t c = command(1, "add", "nai:ann@example.org home=10.1.0.5/24", NULL);
	assert_int_equal(st->n_asked, 3);
	settle();
	assert_string_equal(answer(a), "");
	refused(b, "another device has this identifier");
	refused(c, "another device has this home address");
	assert_true(st->n_conflicts == 2);
	all_agree();
	/* Two change one record: the second sees what the first did, and changes that. */
	const uint64_t d = command(0, "set", "imsi:310150123456789 voice-port=9", NULL);
	const uint64_t e = command(1, "set", "imsi:310150123456789 nai:bob@example.org", NULL);
	settle();
	assert_true(*answer(d) == '\0' && *answer(e) == '\0');
	all_agree();
	static struct page p;
	char *line[4];
	assert_int_equal(lines_of(0, "devices", &p, line), 1);
	assert_true(strstr(line[0], "voice_port=9") && strstr(line[0], "nai:bob@example.org"));
	/* One removes what the other changes. */
	const uint64_t f = command(0, "remove", "imsi:310150123456789", NULL), g = command(1, "set", "imsi:310150123456789 voice-port=1", NULL);
	settle();
	assert_string_equal(answer(f), "");
	refused(g, "no device has this identifier");
	all_agree();
}

/* 16 IPv4 groups, both managers want all of them at once. */
static void no_group_is_given_twice(void **state)
{
	(void)state;
	uint64_t n[20];
	uint32_t n_done = 0;
	for (uint32_t i = 0; i < 20; i++) {
		char line[100];
		snprintf(line, sizeof line, "imsi:3101500000000%02u home=10.1.0.%u/24", i, i + 1);
		n[i] = command(i % 2, "add", line, NULL);
	}
	while (st->n_asked) { /* in any order */
		arrive((uint32_t)(prng_u64(&kit->prng) % st->n_asked), ANSWERED);
		if (prng_u64(&kit->prng) % 3 == 0)
			(void)watch((uint32_t)(prng_u64(&kit->prng) % 2));
	}
	settle();
	for (uint32_t i = 0; i < 20; i++) {
		n_done += *answer(n[i]) == '\0';
		if (*answer(n[i]))
			refused(n[i], "no IPv4 group is free");
	}
	assert_int_equal(n_done, 16);
	assert_true(st->n_conflicts > 4);
	all_agree();
}

static void an_answer_that_was_lost(void **state)
{
	(void)state;
	static const char *const words[][2] = {
		{"add", phone}, {"set", "imsi:310150123456789 voice-port=9"}, {"put", "imsi:310150123456789 home=10.1.0.9/24"},
		{"set", "imsi:310150123456789 nai:bob@example.org without=imsi:310150123456789"}, {"remove", "nai:bob@example.org"}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const uint64_t n = command(0, words[i][0], words[i][1], NULL), before = st->rev;
		arrive(0, LOST); /* it takes place; the second time it conflicts with itself */
		settle();
		assert_string_equal(answer(n), "");
		assert_int_equal(st->rev, before + 1);
		all_agree();
	}
	const uint64_t n = command(0, "add", phone, NULL);
	arrive(0, FAILED);
	refused(n, "nobody answers");
}

static void an_import(void **state)
{
	(void)state;
	done(0, "put", "imsi:310150000000001 home=10.1.0.1/24\nimsi:310150000000002 home=10.1.0.2/24\n"
	     "imsi:310150000000003 home=10.1.0.3/24\n");
	all_agree();
	const uint64_t n = command(1, "put", "imsi:310150000000001 home=10.1.0.1/24\nimsi:12 home=10.1.0.9/24\n"
				   "imsi:310150000000004 home=10.1.0.3/24", NULL);
	settle();
	refused(n, "record 2: ");
	all_agree();
	/* The same twice in one: the second becomes the first's. */
	done(1, "put", "imsi:310150000000007 home=10.1.0.7/24\nimsi:310150000000007 home=10.1.0.8/24");
	all_agree();
}

/* The second manager was away while the store forgot its history. */
static void history_is_forgotten(void **state)
{
	(void)state;
	const struct mm_record *rec;
	done(0, "add", "imsi:310150000000001 home=10.1.0.1/24");
	done(0, "add", "imsi:310150000000002 home=10.1.0.2/24");
	done(0, "add", "imsi:310150000000003 home=10.1.0.3/24");
	const uint32_t given = st->n_given[1];
	done(0, "remove", "imsi:310150000000002");
	done(0, "set", "imsi:310150000000003 home=10.1.0.9/24");
	done(0, "add", "imsi:310150000000000 home=10.1.0.3/24"); /* its address, and its key lies ahead */
	st->n_given[1] = given;
	kit_manager_kill(1);
	kit_manager_start(1); /* with the copy of now; what it knew before is told it again */
	tell(1, &(struct shared_event){.what = SHARED_UP});
	read_all(1);
	all_agree();
	kit->node[0].is_up = false;
	assert_int_equal(asked(0, "10.1.0.3", &rec), MMC_FOUND);
	assert_string_equal(DEVICE_STR(&rec->device), "imsi:310150000000000");
	assert_int_equal(asked(0, "imsi:310150000000002", &rec), MMC_UNKNOWN);
	kit->node[0].is_up = true;
	/* And while it runs: what it has not seen comes with everything else. */
	const uint64_t n = command(0, "remove", "imsi:310150000000001", NULL);
	arrive(0, ANSWERED);
	while (watch(0))
		;
	assert_string_equal(answer(n), "");
	read_all(1);
	all_agree();
}

static void without_majority(void **state)
{
	(void)state;
	const struct mm_record *rec;
	const char *why;
	done(0, "add", phone);
	const uint64_t open = command(0, "set", "imsi:310150123456789 voice-port=9", NULL);
	for (uint32_t i = 0; i < 2; i++)
		tell(i, &(struct shared_event){.what = SHARED_DOWN, .why = "no majority here"});
	arrive(0, FAILED);
	refused(open, "nobody answers");
	assert_int_equal(command(0, "remove", "imsi:310150123456789", &why), 0);
	assert_string_equal(why, "no majority here");
	assert_int_equal(asked(0, "imsi:310150123456789", &rec), MMC_FOUND);
	assert_int_equal(asked(0, "imsi:310150123456780", &rec), MMC_UNKNOWN);
	tell(0, &(struct shared_event){.what = SHARED_UP});
	done(0, "set", "imsi:310150123456789 voice-port=10");
	all_agree();
}

/* A manager that starts without the store answers what it knew, and leaves to others what it did not know. */
static void a_start_without_the_store(void **state)
{
	(void)state;
	const struct mm_record *rec;
	const char *why;
	done(0, "add", phone);
	kit->node[1].is_up = false;
	kit_manager_kill(0);
	kit_manager_start(0);
	assert_int_equal(asked(0, "imsi:310150123456789", &rec), MMC_FOUND);
	const uint32_t told = kit_client(0)->n_told;
	(void)kit_ask(0, "imsi:310150123456780", &rec);
	kit_run(2000);
	assert_int_equal(kit_client(0)->n_told, told);
	assert_true(kit_manager(0)->count.n[R_MM_NOT_READY] > 0);
	assert_int_equal(command(0, "remove", "imsi:310150123456789", &why), 0);
	tell(0, &(struct shared_event){.what = SHARED_UP});
	assert_int_equal(command(0, "remove", "imsi:310150123456789", &why), 0);
	assert_non_null(strstr(why, "being read"));
	read_all(0);
	kit_run(4000);
	assert_int_equal(asked(0, "imsi:310150123456780", &rec), MMC_UNKNOWN);
	done(0, "remove", "imsi:310150123456789");
}

/* Everything at once, in any order, for many seeds. */
static void whatever_happens(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		prng_seed(&kit->prng, seed);
		for (uint32_t step = 0; step < 60; step++) {
			const uint32_t who = (uint32_t)(prng_u64(&kit->prng) % 2), what = (uint32_t)(prng_u64(&kit->prng) % 12);
			const unsigned id = (unsigned)(prng_u64(&kit->prng) % 6), other = (unsigned)(prng_u64(&kit->prng) % 6);
			char line[160];
			snprintf(line, sizeof line, "imsi:31015000000000%u eui48:02:00:00:00:00:0%u home=10.1.0.%u/24", id, other, id + other % 2 + 1);
			if (what < 2)
				(void)command(who, "add", line, NULL);
			else if (what == 2)
				(void)command(who, "put", line, NULL);
			else if (what == 3) {
				snprintf(line, sizeof line, "imsi:31015000000000%u eui48:02:00:00:00:00:0%u group=232.128.0.%u", id, other, other);
				(void)command(who, "set", line, NULL);
			} else if (what == 4) {
				snprintf(line, sizeof line, "imsi:31015000000000%u", id);
				(void)command(who, "remove", line, NULL);
			} else if (what < 9 && st->n_asked)
				arrive((uint32_t)(prng_u64(&kit->prng) % st->n_asked), what == 5 ? LOST : what == 6 && other == 0 ? FAILED : ANSWERED);
			else if (what == 9 && other == 0)
				read_all(who);
			else
				(void)watch(who);
		}
		settle();
		all_agree();
		assert_int_equal(st->n_asked, 0);
		st->n_answers = 0;
		if (st->n_log > LOG / 2) { /* both have seen all of it */
			st->n_log = 0;
			memset(st->n_given, 0, sizeof st->n_given);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(what_one_is_told_both_know), T(a_command_ends_when_its_change_is_seen), T(who_comes_second_is_refused), T(no_group_is_given_twice),
		T(an_answer_that_was_lost), T(an_import), T(history_is_forgotten), T(without_majority), T(a_start_without_the_store), T(whatever_happens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
