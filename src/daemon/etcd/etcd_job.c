/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions. Several that have nothing to do with each other travel as one: all of them take place, or none. Where it was none, each is
 * asked for alone, so that one's conflict is not the others'.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/etcd/etcd_i.h"
#include "plat/plat.h"

enum { OPS_MAX = 120 /* etcd takes 128 */, JOBS_MAX = 40 };

struct job {
	struct job *next;
	uint64_t token;
	mono_t at, deadline;           /* when to ask, and until when */
	bool is_alone;
	uint32_t n_tries;
	struct etcd_txn ops;
	uint8_t bytes[];
};

/* What was asked for and is not answered yet. */
struct flight {
	struct etcd *e;
	struct flight *next;
	struct asker ask;
	struct job *jobs;
	uint32_t n_jobs;
};

/* At the end, or in front of all others. */
static void put_back(struct etcd *e, struct job *j, bool is_first)
{
	struct job **at = &e->waiting;

	while (*at && !is_first)
		at = &(*at)->next;
	j->next = *at;
	*at = j;
	e->n_waiting++;
}

/* j is gone. */
static void end(struct etcd *e, struct job *j, enum shared_outcome outcome, uint64_t rev, const char *why)
{
	const uint64_t token = j->token;

	free(j);
	etcd_tell(e, &(struct shared_event){.what = SHARED_DONE, .outcome = outcome, .token = token, .rev = rev, .why = why});
}

static void give_up(struct etcd *e, struct job *j)
{
	char why[2 * ETCD_WHY_OCT + CONF_URL_OCT];

	snprintf(why, sizeof why, "the managers' store did not confirm it within %.1f s (%s): look before trying again",
		 (double)e->conf->give_up.ns / 1e9, e->why);
	end(e, j, SHARED_FAILED, 0, why);
}

/* What another member, or another try, would not answer otherwise. */
static bool is_final(long status) { return status >= 400 && status < 500 && status != 401 && status != 408 && status != 429; }

/* The jobs of a flight, taken out of it; it is gone. */
static struct job *land(struct flight *f)
{
	struct flight **at = &f->e->flying;
	struct job *jobs = f->jobs;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->e->n_flying--;
	free(f);
	return jobs;
}

static void each_alone(struct etcd *e, struct job *jobs)
{
	while (jobs) {
		struct job *j = jobs;
		jobs = j->next;
		j->is_alone = true;
		j->at = plat_now().mono;
		put_back(e, j, true);
	}
}

static void each_again(struct etcd *e, struct job *jobs)
{
	while (jobs) {
		struct job *j = jobs;
		jobs = j->next;
		j->at = mono_add(plat_now().mono, span_ms(j->n_tries > 1 ? ETCD_PAUSE_MS : 0));
		e->n_again++;
		put_back(e, j, false);
	}
}

static void end_all(struct etcd *e, struct job *jobs, enum shared_outcome outcome, uint64_t rev, const char *why)
{
	while (jobs) {
		struct job *j = jobs;
		jobs = j->next;
		end(e, j, outcome, rev, why);
	}
}

static void on_done(void *ctx, long status, const char *text, size_t len, const char *why)
{
	struct flight *f = ctx;
	struct etcd *e = f->e;
	char said[ETCD_WHY_OCT], whole[ETCD_WHY_OCT + 64];
	bool took_place = false;
	uint64_t rev;
	const bool is_answer = etcd_answered(e, &f->ask, status, text, len, why) && etcd_txn_parse(text, len, &took_place, &rev);
	const bool is_bundle = f->n_jobs > 1;
	struct job *jobs = land(f);

	if (took_place)
		end_all(e, jobs, SHARED_TOOK_PLACE, rev, NULL);
	else if (is_bundle && (is_answer || is_final(status)))
		each_alone(e, jobs);
	else if (is_answer)
		end_all(e, jobs, SHARED_CONFLICT, rev, NULL);
	else if (is_final(status)) {
		etcd_error_parse(text, len, said, sizeof said);
		snprintf(whole, sizeof whole, "the managers' store refuses it: %s", said);
		end_all(e, jobs, SHARED_FAILED, 0, whole);
	} else
		each_again(e, jobs);
	e->ops.settled(e->ops.ctx);
	etcd_arm(e);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* Jobs that can travel with the first, out of the queue. */
static uint32_t gather(struct etcd *e, struct job *first, struct job **at, struct etcd_txn *parts, mono_t now)
{
	struct job **last = &first->next;
	uint32_t n = 1, n_ops = first->ops.n_ops;

	parts[0] = first->ops;
	*last = NULL;
	while (!first->is_alone && n < JOBS_MAX && *at) {
		struct job *j = *at;
		bool fits = !j->is_alone && mono_reached(j->at, now) && n_ops + j->ops.n_ops <= OPS_MAX;
		for (uint32_t i = 0; fits && i < n; i++)
			fits = !etcd_txn_touch(&parts[i], &j->ops);
		if (!fits)
			break; /* in their order */
		*at = j->next;
		e->n_waiting--;
		j->next = NULL;
		*last = j;
		last = &j->next;
		n_ops += j->ops.n_ops;
		parts[n++] = j->ops;
	}
	return n;
}

/* The job at *at, and those behind it that can go with it. */
static void fly(struct etcd *e, struct job **at, mono_t now)
{
	static const struct http_ops ops = {.done = on_done};
	struct etcd_txn parts[JOBS_MAX];
	struct flight *f = calloc(1, sizeof *f);

	if (!f)
		return; /* the deadline stays */
	*f = (struct flight){.e = e, .next = e->flying, .jobs = *at};
	*at = f->jobs->next;
	e->n_waiting--;
	f->n_jobs = gather(e, f->jobs, at, parts, now);
	for (struct job *j = f->jobs; j; j = j->next)
		j->n_tries++;
	e->flying = f;
	e->n_flying++;
	if (!etcd_ask(e, &f->ask, e->preferred, "/v3/kv/txn", etcd_txn_body(e->conf->prefix, parts, f->n_jobs), &ops, f, false))
		each_again(e, land(f));
}

static bool may_ask(const struct etcd *e) { return e->n_flying < ETCD_FLYING_MAX && (!e->conf->user[0] || e->token[0]); }

void etcd_jobs_run(struct etcd *e, mono_t now)
{
	struct job **at = &e->waiting, *late = NULL;

	while (*at) {
		struct job *j = *at;
		if (!mono_reached(j->deadline, now)) {
			at = &j->next;
			continue;
		}
		*at = j->next;
		e->n_waiting--;
		j->next = late;
		late = j;
	}
	for (at = &e->waiting; *at && may_ask(e);) {
		const struct job *j = *at;
		if (mono_reached(j->at, now))
			fly(e, at, now);
		if (*at == j)
			at = &(*at)->next;
	}
	while (late) {
		struct job *j = late;
		late = j->next;
		give_up(e, j);
	}
}

mono_t etcd_jobs_next(const struct etcd *e)
{
	mono_t next = MONO_NEVER;

	for (const struct job *j = e->waiting; j; j = j->next)
		next = mono_min(next, may_ask(e) ? mono_min(j->deadline, j->at) : j->deadline);
	return next;
}

void etcd_jobs_free(struct etcd *e)
{
	while (e->flying) {
		http_cancel(e->flying->ask.req);
		each_alone(e, land(e->flying));
	}
	while (e->waiting) {
		struct job *j = e->waiting;
		e->waiting = j->next;
		free(j);
	}
}

void etcd_transact(struct etcd *e, const struct fx_shared *t, const uint8_t *ops)
{
	struct job *j = e ? malloc(sizeof *j + t->len_oct) : NULL;
	const mono_t now = plat_now().mono;

	if (j) {
		*j = (struct job){.token = t->token, .at = now, .deadline = mono_add(now, e->conf->give_up), .ops = {j->bytes, t->n_ops}};
		memcpy(j->bytes, ops, t->len_oct);
		put_back(e, j, false);
		e->n_transactions++;
		etcd_arm(e);
	} else if (e)
		etcd_tell(e, &(struct shared_event){.what = SHARED_DONE, .outcome = SHARED_FAILED, .token = t->token, .why = "not enough memory"});
}
