/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What operators want done (a line: words.c):
 *
 *	device add LINE       a new one
 *	device set LINE       the one that has the first identifier: what is named changes, other identifiers are added
 *	device put LINES      each new, or in place of the one that has its identifiers (import)
 *	device remove ID
 *
 * Here it is done at once, in records of this manager's own; with a store that managers share, shared.c has it done there.
 */
#include "role/mm/mm_i.h"

#include <stdio.h>

int mm_refuse(struct mm *m, const char *why, const char **msg)
{
	snprintf(m->msg, sizeof m->msg, "%s", why);
	*msg = m->msg;
	return ERR_INVAL;
}

void mm_tell(struct mm *m, enum event_sev sev, enum mm_verb verb, const struct device_id *id, const struct mm_record *r, const char *by)
{
	const bool has6 = !addr6_is_none(&r->home6), has4 = !addr6_is_none(&r->home4);

	if (verb == MM_ADD || verb == MM_REMOVE)
		fx_event(m->env->fx, ROLE_MM, sev, verb == MM_ADD ? "device-added" : "device-removed", has6 ? &r->home6 : &r->home4,
			 "device %s at home as %s%s%s: %s: by %s", DEVICE_STR(id), has6 ? ADDR46_STR(&r->home6) : "",
			 has6 && has4 ? " and " : "", has4 ? ADDR46_STR(&r->home4) : "", verb == MM_ADD ? "none -> known" : "known -> none", by);
}

static void forget(struct mm *m, struct mm_plan *plan, struct now now)
{
	mm_store_del(m, plan->old->ids->key, now);
	mm_device_free(m, plan->old);
	mm_touch(m, &plan->draft, now);
}

/* Those who asked about the device as it was, or as it is, are told; the store follows. */
static const char *put(struct mm *m, struct mm_plan *plan, struct now now)
{
	struct mm_draft before = {.n_id = 0};
	uint8_t key[DEVICE_KEY_OCT];
	struct mm_device *d, *old = plan->old;

	if (old) {
		mm_device_draft(old, &before);
		memcpy(key, old->ids->key, sizeof key);
	}
	plan->draft.rec.version = 0;
	const char *why = mm_device_put(m, old, &plan->draft, now, &d);
	if (why)
		return why;
	if (old && memcmp(key, d->ids->key, sizeof key) != 0)
		mm_store_del(m, key, now);
	mm_store_put(m, d);
	if (old)
		mm_touch(m, &before, now);
	mm_touch(m, &plan->draft, now);
	return NULL;
}

static const char *carry_out(struct mm *m, enum mm_verb verb, const char **line, struct now now)
{
	struct mm_plan plan;
	const char *why = mm_plan(m, verb, line, &plan);

	if (!why && verb == MM_REMOVE)
		forget(m, &plan, now);
	else if (!why)
		why = put(m, &plan, now);
	if (!why)
		mm_tell(m, EV_INFO, verb, &plan.draft.id[0], &plan.draft.rec, "the operator");
	return why;
}

static int import(struct mm *m, const char *lines, struct now now, const char **msg)
{
	for (uint32_t n = 1; *lines; n++) {
		const char *why = carry_out(m, MM_PUT, &lines, now);
		if (why) {
			snprintf(m->msg, sizeof m->msg, "record %u: %s", n, why);
			*msg = m->msg;
			return ERR_INVAL;
		}
		lines += *lines == '\n';
	}
	return ERR_OK;
}

int mm_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	static const char *const verbs[] = {[MM_ADD] = "add", [MM_SET] = "set", [MM_PUT] = "put", [MM_REMOVE] = "remove"};
	struct mm *m = self;
	uint32_t verb = 0;

	if (strcmp(cmd->argv[0], "device") != 0)
		return ERR_NOTFOUND;
	while (cmd->argc == 3 && verb <= MM_REMOVE && strcmp(cmd->argv[1], verbs[verb]) != 0)
		verb++;
	if (cmd->argc != 3 || verb > MM_REMOVE)
		return mm_refuse(m, "device wants add, set, put or remove, and what", msg);
	if (m->conf.store.is_used)
		return mm_shared_command(m, (enum mm_verb)verb, cmd, now, msg);
	if (verb == MM_PUT)
		return import(m, cmd->argv[2], now, msg);
	const char *line = cmd->argv[2], *why = carry_out(m, (enum mm_verb)verb, &line, now);
	return why ? mm_refuse(m, why, msg) : ERR_OK;
}
