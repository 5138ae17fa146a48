/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the agents that hear a mobile serves it (D-10): what one says is passed on to all others that asked about the mobile, and to itself, so
 * that all hear it in one order. Nothing is remembered, and nothing repeated: an agent that misses it has its radio's word, and its ring.
 *
 * Whoever may ask about a device and has done so may speak of it.
 */
#include "role/mm/mm_i.h"

static void pass_on(struct mm *m, struct mm_agent *to, const struct device_id *id, const struct mm_serving *s)
{
	uint8_t buf[MM_DATAGRAM_MAX];
	struct wr w = mm_begin(m, to, MM_TOLD, buf);

	mm_put(&w, &(struct mm_item){.type = MMF_DEVICE, .device = *id});
	mm_put(&w, &(struct mm_item){.type = MMF_SERVING, .serving = *s});
	mm_end(m, to, &w);
}

/* Under whichever of its identifiers each asked about it. */
static void tell_all(struct mm *m, const struct mm_device *d, const struct mm_serving *s)
{
	struct mm_draft about;

	mm_device_draft(d, &about);
	for (uint32_t i = 0; i < about.n_id; i++)
		for (const struct mm_sub *u = mm_subs_of(m, &about.id[i], NULL); u; u = u->next)
			if (u->agent->is_trusted)
				pass_on(m, u->agent, &about.id[i], s);
}

static bool has_asked(const struct mm *m, const struct mm_agent *a, const struct device_id *id)
{
	const struct mm_sub *u = mm_subs_of(m, id, NULL);

	while (u && u->agent != a)
		u = u->next;
	return u != NULL;
}

void mm_on_serving(struct mm *m, struct mm_agent *a, struct rd fields)
{
	struct device_id id = {.kind = DEVICE_NONE};
	struct mm_serving serving;
	struct mm_answer ans;
	struct mm_item f;
	enum wire_err err;
	bool has_serving = false;

	while (mm_next(&fields, &f, &err)) {
		if (f.type == MMF_DEVICE)
			id = f.device;
		if (f.type != MMF_SERVING)
			continue;
		serving = f.serving;
		has_serving = true;
	}
	if (!has_serving || id.kind == DEVICE_NONE || !device_is_valid(&id)) {
		reason_count(m->env, R_MSG_MALFORMED);
		return;
	}
	const struct mm_device *d = mm_lookup(m, a, &id, &addr6_any, &ans);
	if (!d || !has_asked(m, a, &id)) {
		reason_count(m->env, R_MM_NOT_ALLOWED);
		return;
	}
	serving.agent = a->conf.id;
	tell_all(m, d, &serving);
}
