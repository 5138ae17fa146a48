/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of route optimisation: what is known of one correspondent node of one mobile, its timer, and what the datapath has of it. */
#include "core/ro/ro_i.h"

#include "base/err.h"

/* What the datapath shall do: the optimised route while the binding counts, home tests handed up while they are
 * expected, else nothing. */
void ro_put_dp(struct ro *ro, struct ro_entry *e, struct now now)
{
	struct dp_op op = {.table = DP_RO_OUT, .ro_out = {.home_address = e->key.hoa, .cn = e->key.cn, .coa = e->mobile->path.coa}};
	bool is_asking = e->phase == RO_TEST || e->phase == RO_UPDATE;
	if (ro_is_optimised(e)) {
		op.ro_out.expires = e->bound_until;
	} else if (is_asking && !ro_is_home(e->mobile)) {
		op.ro_out.is_testing = true;
		op.ro_out.expires = mono_add(now.mono, span_s(64)); /* longer than all retransmissions */
	} else {
		if (e->has_dp)
			fx_dp_del(ro->env->fx, ro->role, &op);
		e->has_dp = false;
		return;
	}
	e->has_dp = true;
	fx_dp_put(ro->env->fx, ro->role, &op);
}

void ro_arm(struct ro *ro, struct ro_entry *e)
{
	mono_t t = mono_min(e->start_at, e->update_at);
	for (int i = 0; i < RO_MSG_N; i++)
		t = mono_min(t, e->out[i].due);
	if (e->is_bound)
		t = mono_min(t, e->bound_until);
	if (e->is_bound && e->phase == RO_REST) /* else it is being asked already: the answer sets another time */
		t = mono_min(t, e->refresh_at);
	if (e->phase == RO_HOLD)
		t = mono_min(t, e->hold_until);
	if (e->phase == RO_REST && !e->is_bound && mono_is_never(e->start_at))
		t = mono_min(t, mono_max(e->may_hold_until, e->keep_until));
	(void)timer_set(&ro->timers, &e->timer, t); /* reserved when the entry was added */
}

static void unlink_entry(struct ro_entry *e)
{
	struct ro_entry **at = &e->mobile->first;
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->mobile->n_entry--;
}

void ro_forget(struct ro *ro, struct ro_entry *e, struct now now)
{
	e->is_bound = false;
	e->phase = RO_REST;
	ro_put_dp(ro, e, now);
	ro_unstore(ro, e);
	timer_clear(&ro->timers, &e->timer);
	(void)table_del(&ro->entries, &e->key);
	unlink_entry(e);
	mem_put(ro->env->mem, e);
}

/* The number to go on from is random (11.7.2); a list taken over brings its own. */
struct ro_entry *ro_entry_add(struct ro *ro, struct ro_mobile *mo, const struct addr6 *cn)
{
	if (timers_reserve(&ro->timers, table_count(&ro->entries) + 1) != ERR_OK)
		return NULL;
	struct ro_entry *e = mem_zget(ro->env->mem, sizeof *e);
	if (!e)
		return NULL;
	e->key = (struct ro_key){mo->hoa, *cn};
	e->mobile = mo;
	e->seq = (uint16_t)rng_u32(ro->env->rng);
	e->start_at = e->refresh_at = e->update_at = MONO_NEVER;
	for (int i = 0; i < RO_MSG_N; i++)
		e->out[i].due = MONO_NEVER;
	if (table_add(&ro->entries, e) != ERR_OK) {
		mem_put(ro->env->mem, e);
		return NULL;
	}
	e->next = mo->first;
	mo->first = e;
	mo->n_entry++;
	return e;
}
