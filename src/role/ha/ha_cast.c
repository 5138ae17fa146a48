/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobiles that the network moves (D-4, D-8): they register nothing, a mobility manager knows their groups.
 *
 * A packet for a home address of a provisioned prefix that has no binding is handed up. It waits while a manager is asked (ha_cast_hold);
 * with the answer the datapath gets the way to the group, and it goes there. What a manager tells of later is followed. A registration of
 * the mobile itself takes precedence: its entry replaces ours, and when it ends the next packet asks again.
 *
 * In a redundancy group each member asks for itself, when the first packet comes to it. Its numbers begin by its clock, above what
 * the one before can have reached.
 */
#include "base/err.h"
#include "role/ha/ha_cast_i.h"

/* How long an entry lives without us; it is put again at half of that. */
enum { LIFE_S = 300 };

const struct addr6 *cast_own(const struct ha *h, bool is_v4) { return is_v4 ? &h->conf.v4.address : &h->conf.address; }

bool cast_group_of(const struct ha *h, const struct addr6 *hoa, const struct mm_record *r, struct addr6 *group, struct addr6 *source)
{
	const bool is_v4 = addr6_is_v4mapped(hoa);
	for (int i = 0; i < 2; i++) { /* of the packets' own family first */
		const bool of_v4 = is_v4 != (i == 1);
		const struct addr6 *g = of_v4 ? &r->group4 : &r->group6, *s = of_v4 ? &r->source4 : &r->source6, *own = cast_own(h, of_v4);
		if (addr6_is_none(g) || addr6_is_none(own) || !addr6_eq(s, own))
			continue;
		*group = *g;
		*source = *s;
		return true;
	}
	return false;
}

/* Has it registered itself? */
static bool is_bound(const struct ha *h, const struct addr6 *hoa) { return ha_is_active(binding_find(&h->bindings, hoa)); }

static void put(struct ha_cast *c, struct cast_mobile *m, struct now now)
{
	struct effq *fx = c->h->env.fx;
	const mono_t expires = mono_add(now.mono, span_s(LIFE_S));
	/* 16,000 numbers a second of the clock: more than a mobile gets packets, so that a successor's are ahead. */
	const struct dp_op way = {.table = DP_COA, .coa = {.coa = m->group, .home_address = m->hoa, .group = m->group, .source = m->source,
		.ha = m->source, .expires = expires, .seq_start = (uint32_t)(now.wall.ns / NS_PER_MS * 16), .inject_if = c->inject_ifindex}};
	const struct dp_op home = {.table = DP_HOME, .home = {.home_address = m->hoa, .coa = m->group,
		.ha = *cast_own(c->h, addr6_is_v4mapped(&m->hoa)), .expires = expires, .encap = DP_ENCAP_IPIP, .is_reverse = true}};
	fx_dp_put(fx, ROLE_HA, &way);
	if (!is_bound(c->h, &m->hoa))
		fx_dp_put(fx, ROLE_HA, &home);
	(void)timer_set(&c->timers, &m->timer, mono_add(now.mono, span_s(LIFE_S / 2)));
}

/* Does another home address of the same mobile go to this group? */
static bool is_shared(const struct ha_cast *c, const struct cast_mobile *m)
{
	const struct cast_mobile *o;
	for (uint64_t it = 0; (o = table_next(&c->mobiles, &it));)
		if (o != m && addr6_eq(&o->group, &m->group))
			return true;
	return false;
}

static void withdraw_way(struct ha_cast *c, const struct cast_mobile *m)
{
	const struct dp_op way = {.table = DP_COA, .coa.coa = m->group};
	if (!is_shared(c, m))
		fx_dp_del(c->h->env.fx, ROLE_HA, &way);
}

static void withdraw(struct ha_cast *c, const struct cast_mobile *m)
{
	const struct dp_op home = {.table = DP_HOME, .home.home_address = m->hoa};
	if (!is_bound(c->h, &m->hoa))
		fx_dp_del(c->h->env.fx, ROLE_HA, &home);
	withdraw_way(c, m);
}

static void drop(struct ha_cast *c, struct cast_mobile *m, const char *why)
{
	fx_event(c->h->env.fx, ROLE_HA, EV_INFO, "provisioned-gone", &m->hoa, "mobile %s: no longer to group %s: %s", ADDR46_STR(&m->hoa),
		 ADDR46_STR(&m->group), why);
	withdraw(c, m);
	timer_clear(&c->timers, &m->timer);
	table_del(&c->mobiles, &m->hoa);
	mem_put(c->h->env.mem, m);
}

static struct cast_mobile *add(struct ha_cast *c, const struct addr6 *hoa)
{
	struct cast_mobile *m = mem_zget(c->h->env.mem, sizeof *m);
	if (!m)
		return NULL;
	m->hoa = *hoa;
	if (timers_reserve(&c->timers, table_count(&c->mobiles) + 1) || table_add(&c->mobiles, m)) {
		mem_put(c->h->env.mem, m);
		return NULL;
	}
	return m;
}

/* A manager's word about hoa: its packets go to the record's group. False: they cannot. */
static bool take(struct ha_cast *c, const struct addr6 *hoa, const struct mm_record *r, struct now now)
{
	struct cast_mobile *m = table_find(&c->mobiles, hoa);
	struct addr6 group, source;
	if (!cast_group_of(c->h, hoa, r, &group, &source)) {
		fx_event(c->h->env.fx, ROLE_HA, EV_WARNING, "provisioned-foreign", hoa,
			 "mobile %s: its record has no group whose source is this home agent", ADDR46_STR(hoa));
		if (m)
			drop(c, m, "its record names another home agent");
		return false;
	}
	const bool is_new = !m;
	if (!m && !(m = add(c, hoa)))
		return false;
	const struct cast_mobile before = *m;
	if (is_new || !addr6_eq(&m->group, &group))
		fx_event(c->h->env.fx, ROLE_HA, EV_INFO, "provisioned", hoa, "mobile %s: to group %s", ADDR46_STR(hoa), ADDR46_STR(&group));
	m->group = group;
	m->source = source;
	put(c, m, now);
	if (!is_new && !addr6_eq(&before.group, &group))
		withdraw_way(c, &before); /* once no packet goes there any more */
	return true;
}

/* --- the manager's answers --------------------------------------------------------------------------------------------- */

static void found(struct ha_cast *c, const struct addr6 *hoa, const struct mm_record *r, struct now now)
{
	const struct mmc_question q = mmc_by_address(hoa);
	cast_voice_put(c, hoa, r, now);
	const bool is_taken = take(c, hoa, r, now);
	if (is_taken)
		mmc_hold(c->mmc, &q, now);
	cast_hold_end(c, hoa, is_taken);
}

static void on_answer(void *ctx, const struct mmc_question *q, enum mmc_result r, const struct mm_record *rec, struct now now)
{
	struct ha_cast *c = ctx;
	if (r == MMC_FOUND && rec) {
		const struct mm_record copy = *rec; /* the client is called again */
		found(c, &q->address, &copy, now);
		return;
	}
	c->n_unknown += r == MMC_UNKNOWN || r == MMC_REFUSED;
	c->n_given_up += r == MMC_SILENT || r == MMC_LIMIT;
	if (r == MMC_SILENT)
		fx_event(c->h->env.fx, ROLE_HA, EV_WARNING, "managers-silent", &q->address, "mobile %s: no mobility manager answers",
			 ADDR46_STR(&q->address));
	cast_hold_end(c, &q->address, false);
}

static void on_changed(void *ctx, const struct mmc_question *q, const struct mm_record *rec, struct now now)
{
	struct ha_cast *c = ctx;
	struct cast_mobile *m = table_find(&c->mobiles, &q->address);
	if (!m)
		return;
	if (!rec) {
		drop(c, m, "its manager has it no longer");
		return;
	}
	const struct mm_record copy = *rec;
	cast_voice_put(c, &q->address, &copy, now);
	if (!take(c, &q->address, &copy, now))
		mmc_release(c->mmc, q, now);
}

/* --- events ------------------------------------------------------------------------------------------------------------ */

static struct addr6 destination(const struct rx *rx)
{
	struct addr6 a;
	if (rx_is_v4(rx))
		return addr6_from_v4((struct addr4){{rx->pkt[16], rx->pkt[17], rx->pkt[18], rx->pkt[19]}});
	memcpy(&a, rx->pkt + 24, sizeof a);
	return a;
}

/* A packet for a home address without binding. */
static bool on_unbound(struct ha_cast *c, const struct rx *rx, struct now now)
{
	const struct mm_record *rec;
	if (rx->len_oct < (rx_is_v4(rx) ? 20u : 40u))
		return true;
	const struct addr6 hoa = destination(rx);
	if (is_bound(c->h, &hoa)) { /* meanwhile */
		fx_send(c->h->env.fx, ROLE_HA, 0, NULL, rx->pkt, rx->len_oct);
		return true;
	}
	const struct mmc_question q = mmc_by_address(&hoa);
	cast_hold(c, &hoa, rx, now);
	enum mmc_result r = mmc_ask(c->mmc, &q, &rec, now);
	if (r == MMC_WAIT)
		return true;
	on_answer(c, &q, r, r == MMC_FOUND ? rec : NULL, now);
	return true;
}

bool ha_cast_rx(struct ha *h, const struct rx *rx, struct now now)
{
	struct ha_cast *c = h->cast;
	if (!c)
		return false;
	if (rx->why == DP_PUNT_UNBOUND)
		return on_unbound(c, rx, now);
	if (rx->why == DP_PUNT_MLD || rx->why == DP_PUNT_IGMP)
		return mldr_rx(&c->mldr, rx, now);
	return rx->why == DP_PUNT_NONE && mmc_rx(c->mmc, rx, now);
}

void ha_cast_link(struct ha *h, const struct link_event *ev, struct now now)
{
	struct cast_mobile *m;
	if (!h->cast)
		return;
	const uint32_t was = h->cast->inject_ifindex;
	cast_tree_link(h->cast, ev, now);
	for (uint64_t it = 0; was != h->cast->inject_ifindex && (m = table_next(&h->cast->mobiles, &it));)
		put(h->cast, m, now);
}

void ha_cast_tick(struct ha *h, struct now now)
{
	struct ha_cast *c = h->cast;
	if (!c)
		return;
	mmc_tick(c->mmc, now);
	mldr_tick(&c->mldr, now);
	cast_hold_tick(c, now);
	for (struct timer *t; (t = timers_pop(&c->timers, now.mono));)
		put(c, container_of(t, struct cast_mobile, timer), now);
}

mono_t ha_cast_expiry(const struct ha *h)
{
	const struct ha_cast *c = h->cast;
	if (!c)
		return MONO_NEVER;
	return mono_min(mono_min(mmc_expiry(c->mmc), mldr_expiry(&c->mldr)), mono_min(timers_next(&c->timers), cast_hold_expiry(c)));
}

void ha_cast_active(struct ha *h, bool is_active, struct now now)
{
	if (!h->cast)
		return;
	if (is_active)
		mldr_take_over(&h->cast->mldr, now);
	else
		mldr_stand_by(&h->cast->mldr);
}

void ha_cast_mroute(struct ha *h, const struct mroute_event *ev)
{
	if (h->cast)
		mroutes_event(&h->cast->mroutes, ev);
}

bool ha_cast_follows(const struct ha *h) { return h->cast && h->cast->conf->multicast == HA_CAST_PIM; }

uint16_t ha_cast_port(const struct ha *h) { return h->cast ? mmc_port(h->cast->mmc) : 0; }

/* --- life ---------------------------------------------------------------------------------------------------------------- */

static void serve(struct ha_cast *c, bool is_on)
{
	void (*const push)(struct effq *, enum role_id, const struct dp_op *) = is_on ? fx_dp_put : fx_dp_del;
	for (uint32_t i = 0; i < c->conf->n_prefix; i++)
		push(c->h->env.fx, ROLE_HA, &(struct dp_op){.table = DP_UNBOUND, .unbound.prefix = c->conf->prefix[i]});
	for (uint32_t i = 0; i < c->conf->n_agent; i++)
		push(c->h->env.fx, ROLE_HA, &(struct dp_op){.table = DP_REVERSE, .reverse.prefix = c->conf->agent[i]});
}

int ha_cast_init(struct ha *h, struct now now, const char **remedy)
{
	const struct engine_env *env = &h->env;
	if (!h->conf.cast.is_on)
		return ERR_OK;
	struct ha_cast *c = mem_zget(env->mem, sizeof *c);
	if (!c)
		return ERR_NOMEM;
	h->cast = c;
	c->h = h;
	c->conf = &h->conf.cast;
	table_init(&c->mobiles, env->mem, env->rng, offsetof(struct cast_mobile, hoa), sizeof(struct addr6));
	timers_init(&c->timers, env->mem);
	cast_tree_init(c);
	const struct mmc_ops ops = {.answer = on_answer, .changed = on_changed, .ctx = c};
	c->mmc = mmc_new(env, ROLE_HA, &c->conf->mm, &ops, now, remedy);
	if (!c->mmc)
		return *remedy ? ERR_NOTFOUND : ERR_NOMEM;
	if (cast_hold_init(c))
		return ERR_NOMEM;
	serve(c, true);
	return ERR_OK;
}

void ha_cast_fini(struct ha *h)
{
	struct ha_cast *c = h->cast;
	struct cast_mobile *m;
	if (!c)
		return;
	timers_fini(&c->timers);
	for (uint64_t it = 0; (m = table_next(&c->mobiles, &it));)
		mem_put(h->env.mem, m);
	table_fini(&c->mobiles);
	mldr_fini(&c->mldr);
	mroutes_fini(&c->mroutes);
	cast_hold_fini(c);
	mmc_free(c->mmc);
	mem_put(h->env.mem, c);
	h->cast = NULL;
}

void ha_cast_stop(struct ha *h)
{
	struct ha_cast *c = h->cast;
	const struct cast_mobile *m;
	if (!c)
		return;
	for (uint64_t it = 0; (m = table_next(&c->mobiles, &it));) {
		const struct dp_op way = {.table = DP_COA, .coa.coa = m->group}, home = {.table = DP_HOME, .home.home_address = m->hoa};
		if (!is_bound(h, &m->hoa))
			fx_dp_del(h->env.fx, ROLE_HA, &home);
		fx_dp_del(h->env.fx, ROLE_HA, &way);
	}
	cast_voice_stop(c);
	cast_tree_stop(c);
	serve(c, false);
}

/* --- the operator ------------------------------------------------------------------------------------------------------- */

static void show_bindings(const struct ha_cast *c, struct show *out)
{
	const struct cast_mobile *m;
	for (uint64_t it = 0; (m = table_next(&c->mobiles, &it));) {
		const struct mmc_question q = mmc_by_address(&m->hoa);
		const struct mm_record *r = mmc_find(c->mmc, &q);
		if (is_bound(c->h, &m->hoa))
			continue;
		show_begin(out, "binding");
		show_str(out, "role", "ha");
		show_str(out, "home_address", ADDR46_STR(&m->hoa));
		show_str(out, "state", "provisioned");
		show_str(out, "group", ADDR46_STR(&m->group));
		show_str(out, "source", ADDR46_STR(&m->source));
		show_flag(out, "heard", c->conf->multicast == HA_CAST_PIM || mldr_find(&c->mldr, &m->group, &m->source));
		if (r)
			show_str(out, "policy", r->policy == MM_SERVING ? "serving" : "all");
		show_end(out);
	}
}

static void show_status(const struct ha_cast *c, struct show *out)
{
	show_begin(out, "provisioned");
	show_str(out, "role", "ha");
	show_u64(out, "mobiles", table_count(&c->mobiles));
	show_u64(out, "packets_held", c->n_held);
	show_u64(out, "packets_waiting", c->n_queue);
	show_u64(out, "packets_sent", c->n_sent);
	show_u64(out, "packets_too_many", c->n_full);
	show_u64(out, "unknown", c->n_unknown);
	show_u64(out, "unanswered", c->n_given_up);
	show_end(out);
}

void ha_cast_show(const struct ha *h, const char *what, struct show *out, struct now now)
{
	const struct ha_cast *c = h->cast;
	if (!c)
		return;
	if (strcmp(what, "bindings") == 0)
		show_bindings(c, out);
	if (strcmp(what, "status") == 0) {
		show_status(c, out);
		cast_voice_show(c, out, now);
	}
	mmc_show(c->mmc, what, out, now);
	mldr_show(&c->mldr, what, out, now);
	mroutes_show(&c->mroutes, what, out);
}

int ha_cast_ctl(struct ha *h, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	return h->cast && cmd->argc > 1 && strcmp(cmd->argv[0], "voice") == 0 ? cast_voice_ctl(h->cast, cmd, now, msg) : ERR_NOTFOUND;
}
