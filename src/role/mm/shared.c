/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store that managers share. What is known here, and answered from, changes only by what the store tells (core/shared.h): one order
 * for all managers. What an operator wants is planned with what is known, and asked for in one transaction:
 *
 *	device/IDENTIFIER   the record, under its first identifier     must be new, or as it was when it was planned
 *	id/IDENTIFIER       each of its identifiers                    must be new, those that it had before apart
 *	home/ADDRESS        its home addresses                         likewise
 *	group/ADDRESS       its groups                                 likewise
 *	head                is written by every transaction: what it was changed by last, the managers should have seen
 *
 * Whoever comes second is told so, waits until he has seen what came first, and plans again: another group, or a reason to refuse. An
 * operator hears that his change took place when this manager has seen it (follow.c).
 */
#include "role/mm/mm_i.h"

#include <stdio.h>

enum { TRIES_MAX = 64, INDEX_MAX = MM_IDS_MAX + 4, OPS_MAX = 2 * INDEX_MAX + 3, WAIT_S = 10 };

enum change_state { CHANGE_ASKED, CHANGE_CONFLICT, CHANGE_DONE };

/* A command; of an import, many lines. */
struct batch {
	uint64_t answer;
	uint32_t n_open;               /* lines without end yet */
	uint32_t bad_line;             /* the first that was refused; 0: none */
	bool is_import;
	char why[MM_MSG_LEN];
};

struct mm_change {
	uint64_t token;                /* key of mm_shared.changes */
	struct batch *batch;
	struct mm_change *next;        /* in mm_shared.waiting */
	enum mm_verb verb;
	enum change_state state;
	uint32_t line_number, n_tries;
	uint64_t rev;                  /* has to be seen first */
	struct device_id id;           /* of the record that was asked for last: the first, and the rest of it */
	struct mm_record rec;
	struct timer timer;
	char line[];
};

void mm_shared_init(struct mm *m)
{
	struct mm_shared *s = &m->shared;

	table_init(&s->changes, m->env->mem, m->env->rng, offsetof(struct mm_change, token), sizeof s->token);
	timers_init(&s->timers, m->env->mem);
	snprintf(s->why, sizeof s->why, "the managers' store has not answered yet");
	if (m->conf.store.is_used) /* two managers seldom try one group */
		m->next_group = rng_u32(m->env->rng);
}

static void batch_release(struct mm *m, struct batch *b)
{
	char why[MM_MSG_LEN + 32];

	if (--b->n_open)
		return;
	snprintf(why, sizeof why, "record %u: %s", b->bad_line, b->why);
	if (b->answer)
		fx_answer(m->env->fx, ROLE_MM, b->answer, b->bad_line ? b->is_import ? why : b->why : NULL);
	mem_put(m->env->mem, b);
}

static void change_free(struct mm *m, struct mm_change *c)
{
	struct mm_change **at = &m->shared.waiting;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	(void)table_del(&m->shared.changes, &c->token);
	timer_clear(&m->shared.timers, &c->timer);
	mem_put(m->env->mem, c);
}

void mm_shared_fini(struct mm *m)
{
	struct mm_change *c;
	uint64_t it;

	while (it = 0, (c = table_next(&m->shared.changes, &it)) != NULL) {
		if (--c->batch->n_open == 0)
			mem_put(m->env->mem, c->batch);
		change_free(m, c);
	}
	table_fini(&m->shared.changes);
	timers_fini(&m->shared.timers);
}

/* why: NULL when it took place. */
static void finish(struct mm *m, struct mm_change *c, const char *why)
{
	struct batch *b = c->batch;

	m->shared.n_refused += why != NULL;
	if (!why)
		mm_tell(m, EV_INFO, c->verb, &c->id, &c->rec, "the operator");
	if (why && (!b->bad_line || c->line_number < b->bad_line)) {
		b->bad_line = c->line_number;
		snprintf(b->why, sizeof b->why, "%s", why);
	}
	change_free(m, c);
	batch_release(m, b);
}

/* --- a transaction --------------------------------------------------------------------------------------------- */

struct keys { char text[INDEX_MAX][SHARED_KEY_OCT]; uint32_t n; };

static void key_add(struct keys *k, const char *kind, const char *name) { snprintf(k->text[k->n++], SHARED_KEY_OCT, "%s/%s", kind, name); }

static void address_add(struct keys *k, const char *kind, const struct addr6 *a)
{
	if (!addr6_is_none(a))
		key_add(k, kind, ADDR46_STR(a));
}

/* What a device alone may have. */
static void index_of(const struct mm_draft *d, struct keys *k)
{
	k->n = 0;
	for (uint32_t i = 0; i < d->n_id; i++)
		key_add(k, "id", DEVICE_STR(&d->id[i]));
	address_add(k, "home", &d->rec.home6);
	address_add(k, "home", &d->rec.home4);
	address_add(k, "group", &d->rec.group6);
	address_add(k, "group", &d->rec.group4);
}

static bool has_key(const struct keys *k, const char *key)
{
	for (uint32_t i = 0; i < k->n; i++)
		if (strcmp(k->text[i], key) == 0)
			return true;
	return false;
}

struct transaction { struct shared_op op[OPS_MAX]; uint32_t n; };

static void op_add(struct transaction *t, enum shared_how how, enum shared_expect expect, const char *key, const void *val, size_t len_oct)
{
	t->op[t->n++] = (struct shared_op){how, expect, 0, key, val, (uint16_t)strlen(key), (uint16_t)len_oct};
}

/* What the device has no longer, and what it has from now on. What stays its own needs a word only when the record has a new name. */
static void op_index(struct transaction *t, const struct keys *before, const struct keys *after, const char *name, bool has_old_name)
{
	for (uint32_t i = 0; i < before->n; i++)
		if (!has_key(after, before->text[i]))
			op_add(t, SHARED_DEL, SHARED_ANY, before->text[i], NULL, 0);
	for (uint32_t i = 0; i < after->n; i++) {
		const bool is_kept = has_key(before, after->text[i]);
		if (!is_kept || !has_old_name)
			op_add(t, SHARED_PUT, is_kept ? SHARED_ANY : SHARED_ABSENT, after->text[i], name, strlen(name));
	}
}

/* old, fresh: NULL for none. */
static bool ask(struct mm *m, struct mm_change *c, const struct mm_device *old, const struct mm_draft *fresh)
{
	struct transaction t = {.n = 0};
	struct keys before = {.n = 0}, after = {.n = 0};
	struct mm_draft was;
	char old_key[SHARED_KEY_OCT] = "", key[SHARED_KEY_OCT] = "";
	uint8_t val[MM_VALUE_MAX];
	const size_t len = fresh ? mm_draft_build(fresh, val, sizeof val) : 0;

	if (fresh && !len)
		return false;
	if (old) {
		mm_device_draft(old, &was);
		index_of(&was, &before);
		snprintf(old_key, sizeof old_key, SHARED_RECORDS "%s", DEVICE_STR(&was.id[0]));
	}
	if (fresh) {
		index_of(fresh, &after);
		snprintf(key, sizeof key, SHARED_RECORDS "%s", DEVICE_STR(&fresh->id[0]));
	}
	const bool is_same = strcmp(old_key, key) == 0;
	if (old && !is_same)
		op_add(&t, SHARED_DEL, SHARED_SAME, old_key, NULL, 0);
	if (fresh)
		op_add(&t, SHARED_PUT, is_same ? SHARED_SAME : SHARED_ABSENT, key, val, len);
	t.op[0].rev = old ? old->rev : 0;
	op_index(&t, &before, &after, fresh ? key + sizeof SHARED_RECORDS - 1 : "", is_same);
	op_add(&t, SHARED_PUT, SHARED_ANY, "head", "", 0);
	fx_shared(m->env->fx, ROLE_MM, c->token, t.op, t.n);
	m->shared.n_transactions++;
	return true;
}

/* An attempt before this one took place after all, though nobody said so. */
static bool took_place(const struct mm *m, const struct mm_change *c, const char *why)
{
	if (c->n_tries == 0)
		return false;
	if (c->verb == MM_REMOVE)
		return why != NULL; /* it is gone */
	const struct mm_device *d = mm_device_by_id(m, &c->id);
	return d && d->version == c->rec.version;
}

static void attempt(struct mm *m, struct mm_change *c, struct now now)
{
	const char *line = c->line;
	struct mm_plan plan;
	const char *why = mm_plan(m, c->verb, &line, &plan);
	const bool is_removal = c->verb == MM_REMOVE;

	if (took_place(m, c, why)) {
		finish(m, c, NULL);
		return;
	}
	plan.draft.rec.version = is_removal ? plan.draft.rec.version : 0;
	if (!why && !is_removal)
		why = mm_device_prepare(m, plan.old, &plan.draft, now);
	if (!why && c->n_tries++ == TRIES_MAX)
		why = "others change the same again and again, or the store holds what no device has: roamctl show store";
	if (!why && !ask(m, c, plan.old, is_removal ? NULL : &plan.draft))
		why = "the record is too long";
	c->id = plan.draft.id[0];
	c->rec = plan.draft.rec;
	c->state = CHANGE_ASKED;
	if (why)
		finish(m, c, why);
}

/* --- commands --------------------------------------------------------------------------------------------------- */

/* The line at *text, and *text behind it. */
static struct mm_change *change_new(struct mm *m, struct batch *b, enum mm_verb verb, const char **text)
{
	const char *end = strchr(*text, '\n');
	const size_t n = end ? (size_t)(end - *text) : strlen(*text);
	struct mm_change *c = mem_zget(m->env->mem, sizeof *c + n + 1);

	if (!c || timers_reserve(&m->shared.timers, m->shared.timers.n + 1)) {
		mem_put(m->env->mem, c);
		return NULL;
	}
	c->token = ++m->shared.token;
	if (table_add(&m->shared.changes, c)) {
		mem_put(m->env->mem, c);
		return NULL;
	}
	c->batch = b;
	c->verb = verb;
	memcpy(c->line, *text, n);
	*text += n + ((*text)[n] == '\n');
	b->n_open++;
	return c;
}

int mm_shared_command(struct mm *m, enum mm_verb verb, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	const char *text = cmd->argv[2];

	if (!m->shared.is_up || !m->shared.is_synced) {
		m->shared.n_refused++;
		return mm_refuse(m, !m->shared.is_up ? m->shared.why : "the managers' store is still being read: try again soon", msg);
	}
	struct batch *b = mem_zget(m->env->mem, sizeof *b);
	if (!b)
		return mm_refuse(m, "not enough memory", msg);
	*b = (struct batch){.answer = cmd->answer, .n_open = 1, .is_import = verb == MM_PUT};
	for (uint32_t n = 1; n == 1 || *text; n++) {
		struct mm_change *c = change_new(m, b, verb, &text);
		if (!c) {
			b->bad_line = b->bad_line ? b->bad_line : n;
			snprintf(b->why, sizeof b->why, "not enough memory");
			break;
		}
		c->line_number = n;
		attempt(m, c, now);
	}
	batch_release(m, b);
	return ERR_AGAIN;
}

static void wait_for(struct mm *m, struct mm_change *c, uint64_t rev, struct now now)
{
	c->rev = rev;
	c->next = m->shared.waiting;
	m->shared.waiting = c;
	(void)timer_set(&m->shared.timers, &c->timer, mono_add(now.mono, span_s(WAIT_S)));
}

/* What this one waited for has been seen. */
static void go_on(struct mm *m, struct mm_change *c, struct now now)
{
	if (c->state == CHANGE_DONE)
		finish(m, c, NULL);
	else
		attempt(m, c, now);
}

void mm_shared_done(struct mm *m, const struct shared_event *ev, struct now now)
{
	struct mm_change *c = table_find(&m->shared.changes, &ev->token);

	if (!c)
		return;
	m->shared.n_conflicts += ev->outcome == SHARED_CONFLICT;
	if (ev->outcome == SHARED_FAILED) {
		finish(m, c, ev->why);
		return;
	}
	c->state = ev->outcome == SHARED_CONFLICT ? CHANGE_CONFLICT : CHANGE_DONE;
	if (ev->rev > m->shared.rev)
		wait_for(m, c, ev->rev, now);
	else
		go_on(m, c, now);
}

void mm_shared_seen(struct mm *m, uint64_t rev, struct now now)
{
	struct mm_shared *s = &m->shared;
	struct mm_change *c, *waiting = s->waiting;

	s->waiting = NULL;
	while ((c = waiting) != NULL) {
		waiting = c->next;
		c->next = NULL;
		if (c->rev > rev) {
			c->next = s->waiting;
			s->waiting = c;
			continue;
		}
		timer_clear(&s->timers, &c->timer);
		go_on(m, c, now);
	}
}

void mm_shared_tick(struct mm *m, struct now now)
{
	struct timer *t;

	while ((t = timers_pop(&m->shared.timers, now.mono)) != NULL) {
		struct mm_change *c = container_of(t, struct mm_change, timer);
		finish(m, c, c->state == CHANGE_DONE ? NULL : "another manager changes the same, and this one does not hear what: roamctl show store");
	}
}
