/* SPDX-License-Identifier: BSD-2-Clause */
/* Transactions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/etcd_i.h"
#include "plat/plat.h"

static void put_last(struct etcd *e, struct job *j)
{
	struct job **at = &e->waiting;

	while (*at)
		at = &(*at)->next;
	j->next = NULL;
	*at = j;
	e->n_waiting++;
}

static void take_out(struct job **list, struct job *j)
{
	while (*list != j)
		list = &(*list)->next;
	*list = j->next;
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

	snprintf(why, sizeof why, "the managers' store did not confirm it within %.1f s (%s): look before trying again", (double)e->conf->give_up.ns / 1e9, e->why);
	end(e, j, SHARED_FAILED, 0, why);
}

/* What another member, or another try, would not answer otherwise. */
static bool is_final(long status) { return status >= 400 && status < 500 && status != 401 && status != 408 && status != 429; }

static void on_done(void *ctx, long status, const char *text, size_t len, const char *why)
{
	struct job *j = ctx;
	struct etcd *e = j->e;
	char said[ETCD_WHY_OCT], whole[ETCD_WHY_OCT + 64];
	bool took_place;
	uint64_t rev;

	take_out(&e->flying, j);
	e->n_flying--;
	if (etcd_answered(e, &j->ask, status, text, len, why) && etcd_txn_parse(text, len, &took_place, &rev))
		end(e, j, took_place ? SHARED_TOOK_PLACE : SHARED_CONFLICT, rev, NULL);
	else if (is_final(status)) {
		etcd_error_parse(text, len, said, sizeof said);
		snprintf(whole, sizeof whole, "the managers' store refuses it: %s", said);
		end(e, j, SHARED_FAILED, 0, whole);
	} else {
		j->ask.at = mono_add(plat_now().mono, span_ms(j->n_tries > 1 ? ETCD_PAUSE_MS : 0));
		e->n_again++;
		put_last(e, j);
	}
	e->ops.settled(e->ops.ctx);
	etcd_arm(e);
}

static const struct http_ops job_ops = {.done = on_done};

static void fly(struct etcd *e, struct job *j, struct job **at)
{
	char *body = strdup(j->body);

	j->n_tries++;
	*at = j->next;
	e->n_waiting--;
	if (!etcd_ask(e, &j->ask, e->preferred, "/v3/kv/txn", body, &job_ops, j, false)) {
		put_last(e, j);
		return;
	}
	j->next = e->flying;
	e->flying = j;
	e->n_flying++;
}

void etcd_jobs_run(struct etcd *e, mono_t now)
{
	struct job **at = &e->waiting, *late = NULL;

	for (uint32_t n = e->n_waiting; n-- && *at;) {
		struct job *j = *at;
		if (mono_reached(j->deadline, now)) {
			*at = j->next;
			e->n_waiting--;
			j->next = late;
			late = j;
		} else if (e->n_flying < ETCD_FLYING_MAX && mono_reached(j->ask.at, now) && (!e->conf->user[0] || e->token[0]))
			fly(e, j, at);
		else
			at = &j->next;
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

	if (e->n_flying == ETCD_FLYING_MAX) /* an answer wakes us; one deadline at least is looked at meanwhile */
		return e->waiting ? e->waiting->deadline : MONO_NEVER;
	for (const struct job *j = e->waiting; j; j = j->next)
		next = mono_min(next, e->conf->user[0] && !e->token[0] ? j->deadline : mono_min(j->deadline, j->ask.at));
	return next;
}

void etcd_jobs_free(struct etcd *e)
{
	struct job *j;

	while ((j = e->flying ? e->flying : e->waiting) != NULL) {
		*(e->flying ? &e->flying : &e->waiting) = j->next;
		http_cancel(j->ask.req);
		free(j);
	}
}

void etcd_transact(struct etcd *e, const struct fx_shared *t, const uint8_t *ops)
{
	char *body = e ? etcd_txn_body(e->conf->prefix, ops, t->n_ops) : NULL;
	const size_t n = body ? strlen(body) + 1 : 0;
	struct job *j = body ? malloc(sizeof *j + n) : NULL;

	if (j) {
		*j = (struct job){.e = e, .token = t->token, .ask.at = plat_now().mono, .deadline = mono_add(plat_now().mono, e->conf->give_up)};
		memcpy(j->body, body, n);
		put_last(e, j);
		e->n_transactions++;
		etcd_arm(e);
	} else if (e)
		etcd_tell(e, &(struct shared_event){.what = SHARED_DONE, .outcome = SHARED_FAILED, .token = t->token, .why = "not enough memory"});
	free(body);
}
