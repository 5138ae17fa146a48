/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route optimisation: what its owner may ask for.
 *
 *	ro_entry  entries, their timers, their place in the datapath
 *	ro_run    the procedure of an entry
 *	ro_msg    packets
 *	ro_store  records
 *
 * An entry lives from the first wish until nothing about its correspondent node is worth knowing: no binding there, no
 * failure to remember.
 *
 * Left out: care-of tokens for several home addresses of one mobile, alternate care-of addresses.
 */
#include "core/ro/ro_i.h"

#include "base/err.h"

enum { IDLE_S = 30 };

const struct ro_conf ro_conf_default = {
	.entries = 65536, .per_mobile = 32, .starts = 200, .lifetime_s = RO_LIFETIME_MAX_S, .hold = {60 * NS_PER_S},
};

void ro_init(struct ro *ro, const struct engine_env *env, enum role_id role, const struct ro_conf *conf, const struct ro_ops *ops)
{
	*ro = (struct ro){.env = env, .role = role};
	if (ops)
		ro->ops = *ops;
	ro_reconf(ro, conf ? conf : &ro_conf_default);
	table_init(&ro->mobiles, env->mem, env->rng, offsetof(struct ro_mobile, hoa), sizeof(struct addr6));
	table_init(&ro->by_coa, env->mem, env->rng, offsetof(struct ro_mobile, coa), sizeof(struct addr6));
	table_init(&ro->entries, env->mem, env->rng, offsetof(struct ro_entry, key), sizeof(struct ro_key));
	timers_init(&ro->timers, env->mem);
	rate_init(&ro->starts, env->rng);
}

void ro_reconf(struct ro *ro, const struct ro_conf *conf)
{
	ro->conf = *conf;
	if (ro->conf.per_mobile > RO_PEERS_MAX)
		ro->conf.per_mobile = RO_PEERS_MAX;
	if (ro->conf.lifetime_s > RO_LIFETIME_MAX_S)
		ro->conf.lifetime_s = RO_LIFETIME_MAX_S;
}

void ro_fini(struct ro *ro)
{
	uint64_t it = 0;
	timers_fini(&ro->timers); /* first: it touches the timers in the entries */
	for (struct ro_entry *e; (e = table_next(&ro->entries, &it));)
		mem_put(ro->env->mem, e);
	it = 0;
	for (struct ro_mobile *mo; (mo = table_next(&ro->mobiles, &it));)
		mem_put(ro->env->mem, mo);
	table_fini(&ro->entries);
	table_fini(&ro->by_coa);
	table_fini(&ro->mobiles);
}

struct ro_mobile *ro_mobile_find(const struct ro *ro, const struct addr6 *hoa) { return table_find(&ro->mobiles, hoa); }

struct ro_entry *ro_entry_find(const struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn)
{
	const struct ro_key key = {*hoa, *cn};
	return table_find(&ro->entries, &key);
}

const struct ro_path *ro_path(const struct ro *ro, const struct addr6 *hoa)
{
	const struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	return mo ? &mo->path : NULL;
}

/* --- the owner's calls -------------------------------------------------------------------------------------------- */

/* The last word to one whose home token is at hand (5.2.5: a de-registration needs no other). */
static void farewell(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (!ro_may_hold(e, now.mono) || !ro_is_fresh(&e->home, now.mono))
		return;
	e->is_ending = e->is_last = true;
	ro_update(ro, e, now);
}

/* Room for another of this mobile: of those that are idle, the one not wished for longest. One that holds a binding must be able to be told. */
static void evict(struct ro *ro, struct ro_mobile *mo, struct now now)
{
	struct ro_entry *oldest = NULL;
	for (struct ro_entry *e = mo->first; e; e = e->next) {
		bool is_free = (e->phase == RO_REST || e->phase == RO_HOLD) && !ro_may_hold(e, now.mono);
		bool is_idle = e->phase == RO_REST && e->is_bound && ro_is_fresh(&e->home, now.mono) &&
			       !ro_is_used(ro, e, mono_add(now.mono, span_s(-IDLE_S)));
		if ((is_free || is_idle) && (!oldest || mono_before(e->wanted_at, oldest->wanted_at)))
			oldest = e;
	}
	if (!oldest)
		return;
	farewell(ro, oldest, now);
	ro_forget(ro, oldest, now);
}

/* An entry that exists, or a new one within the limits. */
static struct ro_entry *admit(struct ro *ro, struct ro_mobile *mo, const struct addr6 *cn, struct now now)
{
	struct ro_entry *e = ro_entry_find(ro, &mo->hoa, cn);
	if (e)
		return e;
	if (!addr6_is_routable(cn) || addr6_eq(cn, &mo->hoa) || addr6_eq(cn, &mo->path.coa) || addr6_eq(cn, &mo->path.ha))
		return NULL;
	if (mo->n_entry >= ro->conf.per_mobile)
		evict(ro, mo, now);
	if (mo->n_entry < ro->conf.per_mobile && table_count(&ro->entries) < ro->conf.entries)
		e = ro_entry_add(ro, mo, cn);
	if (!e) {
		ro->n.limited++;
		reason_count(ro->env, R_RO_LIMIT);
	}
	return e;
}

/* For a wish: begun now or not at all. */
static void start_or_forget(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (ro_start(ro, e, now))
		return;
	reason_count(ro->env, R_RO_LIMIT);
	ro->n.limited++;
	if (!ro_may_hold(e, now.mono) && mono_reached(e->keep_until, now.mono))
		ro_forget(ro, e, now);
	else
		ro_arm(ro, e);
}

/* Packets by the detour although it acknowledged the binding, and not just now: it may have lost it. */
static bool is_doubtful(const struct ro_entry *e, struct now now)
{
	return mono_reached(mono_add(e->bound_at, span_s(RO_AGAIN_S)), now.mono);
}

void ro_want(struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo || ro_is_home(mo) || mo->path.is_leaving || !mo->path.is_registered)
		return;
	struct ro_entry *e = admit(ro, mo, cn, now);
	if (!e)
		return;
	e->wanted_at = now.mono;
	if (e->phase == RO_REST && mono_is_never(e->start_at) && (!ro_is_optimised(e) || is_doubtful(e, now)))
		start_or_forget(ro, e, now);
}

void ro_home(struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo || !ro_is_home(mo) || !mo->path.is_registered)
		return;
	struct ro_entry *e = admit(ro, mo, cn, now);
	if (!e)
		return;
	e->wanted_at = now.mono;
	if (e->phase == RO_REST && mono_is_never(e->start_at))
		start_or_forget(ro, e, now);
}

static int set_path(struct ro *ro, struct ro_mobile *mo, const struct ro_path *path)
{
	if (!addr6_eq(&mo->coa, &path->coa)) {
		if (table_find(&ro->by_coa, &mo->coa) == mo)
			(void)table_del(&ro->by_coa, &mo->coa);
		mo->coa = path->coa;
		int err = table_add(&ro->by_coa, mo);
		if (err != ERR_OK && err != ERR_EXISTS)
			return err;
	}
	mo->path = *path;
	return ERR_OK;
}

int ro_mobile_add(struct ro *ro, const struct addr6 *hoa, const struct ro_path *path)
{
	struct ro_mobile *mo = mem_zget(ro->env->mem, sizeof *mo);
	if (!mo)
		return ERR_NOMEM;
	mo->hoa = *hoa;
	int err = set_path(ro, mo, path);
	if (!err)
		err = table_add(&ro->mobiles, mo);
	if (err) {
		if (table_find(&ro->by_coa, &mo->coa) == mo)
			(void)table_del(&ro->by_coa, &mo->coa);
		mem_put(ro->env->mem, mo);
	}
	return err;
}

/* From another place: what was asked from the old one is void, and so is its token. Who may hold a binding hears of the new one. */
static void replace(struct ro *ro, struct ro_entry *e, struct now now)
{
	bool is_asking = e->phase == RO_TEST || e->phase == RO_UPDATE;
	bool is_ending = ro_is_home(e->mobile) || e->mobile->path.is_leaving;
	if (e->is_bound)
		e->quiet_until = mono_add(now.mono, e->mobile->path.in_flight);
	e->coa.is_held = false;
	e->n_quick = 0;
	ro_stop_asking(e);
	if (e->phase != RO_HOLD)
		e->phase = RO_REST;
	ro_unbind(ro, e, "the mobile has moved", now);
	if (e->phase == RO_HOLD)
		ro_arm(ro, e);
	else if (ro_may_hold(e, now.mono) || (is_asking && !is_ending))
		ro_start_in_turn(ro, e, now);
	else
		ro_forget(ro, e, now);
}

static bool is_other_place(const struct ro_path *a, const struct ro_path *b)
{
	return !addr6_eq(&a->coa, &b->coa) || !addr6_eq(&a->ha, &b->ha) || a->is_leaving != b->is_leaving;
}

int ro_move(struct ro *ro, const struct addr6 *hoa, const struct ro_path *path, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo)
		return ro_mobile_add(ro, hoa, path);
	bool is_other = is_other_place(&mo->path, path), was_registered = mo->path.is_registered;
	int err = set_path(ro, mo, path);
	for (struct ro_entry *e = mo->first, *next; e && !err; e = next) {
		next = e->next;
		if (is_other)
			replace(ro, e, now);
		else if (!was_registered && path->is_registered && e->phase == RO_TEST)
			ro_proceed(ro, e, now);
		else if (e->is_bound && e->phase == RO_REST && mono_before(mono_add(path->until, span_s(RO_LIFETIME_MIN_S)), e->bound_until))
			ro_start_in_turn(ro, e, now); /* the home address ends sooner than was thought (RFC 6275 11.4.2) */
	}
	return err;
}

void ro_drop(struct ro *ro, const struct addr6 *hoa, bool is_farewell, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo)
		return;
	while (mo->first) {
		if (is_farewell)
			farewell(ro, mo->first, now);
		ro_forget(ro, mo->first, now);
	}
	if (table_find(&ro->by_coa, &mo->coa) == mo)
		(void)table_del(&ro->by_coa, &mo->coa);
	(void)table_del(&ro->mobiles, hoa);
	mem_put(ro->env->mem, mo);
}

uint32_t ro_export(const struct ro *ro, const struct addr6 *hoa, struct ro_peer *list, uint32_t max, struct now now)
{
	const struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	uint32_t n = 0;
	for (const struct ro_entry *e = mo ? mo->first : NULL; e && n < max; e = e->next) {
		if (!ro_may_hold(e, now.mono))
			continue;
		int64_t left_s = span_to_s(mono_sub(e->may_hold_until, now.mono)) + 1;
		list[n++] = (struct ro_peer){.cn = e->key.cn, .seq = e->seq, .left_s = (uint32_t)left_s};
	}
	return n;
}

void ro_import(struct ro *ro, const struct addr6 *hoa, const struct ro_peer *list, uint32_t n, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	for (uint32_t i = 0; mo && i < n; i++) {
		bool is_known = ro_entry_find(ro, hoa, &list[i].cn) != NULL;
		struct ro_entry *e = admit(ro, mo, &list[i].cn, now);
		if (!e || (e->phase == RO_HOLD && !e->n_fail))
			continue; /* the list is older than the end that it has acknowledged just now */
		uint32_t left_s = list[i].left_s < RO_LIFETIME_MAX_S ? list[i].left_s : RO_LIFETIME_MAX_S;
		e->may_hold_until = mono_max(e->may_hold_until, mono_add(now.mono, span_s(left_s)));
		e->wanted_at = now.mono;
		if (!e->has_sent)
			e->seq = list[i].seq;
		if (!is_known)
			ro_start_in_turn(ro, e, now); /* else a packet was quicker than the list */
	}
}
void ro_withdraw(struct ro *ro)
{
	uint64_t it = 0;
	for (struct ro_entry *e; (e = table_next(&ro->entries, &it));) {
		struct dp_op op = {.table = DP_RO_OUT, .ro_out = {.home_address = e->key.hoa, .cn = e->key.cn}};
		if (e->has_dp)
			fx_dp_del(ro->env->fx, ro->role, &op);
		e->has_dp = false;
	}
}

/* --- the operator --------------------------------------------------------------------------------------------------- */

static const char *state_str(const struct ro_entry *e)
{
	switch (e->phase) {
	case RO_REST: return ro_is_optimised(e) ? "bound" : "idle";
	case RO_TEST: return ro_is_optimised(e) ? "bound, testing" : "testing";
	case RO_UPDATE: return e->is_ending ? "ending" : ro_is_optimised(e) ? "bound, updating" : "updating";
	case RO_HOLD: return "held";
	}
	return "?";
}

static void show_entry(const struct ro_entry *e, struct show *out, struct now now)
{
	show_begin(out, "correspondent");
	show_addr6(out, "home_address", &e->key.hoa);
	show_addr6(out, "correspondent", &e->key.cn);
	show_str(out, "state", state_str(e));
	show_addr6(out, "coa", e->is_bound ? &e->bound_coa : &e->mobile->path.coa);
	show_u64(out, "seq", e->seq);
	if (e->is_bound) {
		show_until(out, "expires_s", e->bound_until, now.mono);
		show_until(out, "refresh_s", e->refresh_at, now.mono);
	}
	if (e->phase == RO_HOLD)
		show_until(out, "held_s", e->hold_until, now.mono);
	show_u64(out, "failures", e->n_fail);
	show_end(out);
}

void ro_show(const struct ro *ro, const struct addr6 *hoa, struct show *out, struct now now)
{
	uint64_t it = 0;
	for (const struct ro_entry *e; (e = table_next(&ro->entries, &it));)
		if (!hoa || addr6_eq(hoa, &e->key.hoa))
			show_entry(e, out, now);
}
