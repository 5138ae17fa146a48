/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests in the groups of the network (D-5, D-7, D-9, D-10): membership upstream, where their packets come from, and the
 * entries of the datapath. Down: DP_GUEST, one a group. Up: DP_VISIT, one a home address.
 *
 * Policy `all`: whoever hears a mobile delivers. Policy `serving`: only the agent to which its radio is attached does; the others have its
 * packets in the keep ring, and the one that becomes the serving agent sends those of the last moments first, which the mobile may
 * have missed while it was attached to nobody; without those that the agent before has delivered, where that is known (serve.c).
 *
 * The entries live a minute and are put again: a daemon that died serves nobody for long who may have gone elsewhere.
 */
#include "base/err.h"
#include "role/fa/fa_i.h"

enum { ENTRY_S = 60, AGAIN_S = 20 };

/* --- what a record says ---------------------------------------------------------------------------------- */

static void add_channel(struct guest *g, const struct addr6 *group, const struct addr6 *source)
{
	if (!addr6_is_none(group) && !addr6_is_none(source))
		g->channel[g->n_channel++] = (struct guest_channel){*group, *source};
}

static bool read_record(struct guest *g, const struct mm_record *rec)
{
	g->rec = *rec;
	g->n_channel = 0;
	add_channel(g, &rec->group6, &rec->source6);
	add_channel(g, &rec->group4, &rec->source4);
	return g->n_channel && !(addr6_is_none(&rec->home6) && addr6_is_none(&rec->home4));
}

bool fa_guest_has(const struct guest *g, const struct addr6 *home)
{
	return !addr6_is_none(home) && (addr6_eq(home, &g->rec.home6) || addr6_eq(home, &g->rec.home4));
}

const struct addr6 *fa_guest_name(const struct guest *g) { return addr6_is_none(&g->rec.home6) ? &g->rec.home4 : &g->rec.home6; }

static bool delivers(const struct guest *g) { return g->rec.policy != MM_SERVING || fa_serve_is_here(g); }

/* --- datapath -------------------------------------------------------------------------------------------- */

static void put_down(struct fa *fa, const struct guest *g, mono_t expires)
{
	const struct fa_if *f = fa_if_at(fa, g->at->key.ifindex);
	for (uint32_t i = 0; i < g->n_channel; i++) {
		struct dp_op op = {.table = DP_GUEST, .guest = {
			.group = g->channel[i].group, .source = g->channel[i].source, .ifindex = g->at->key.ifindex, .lladdr = g->at->key.lladdr,
			.from = f ? fa_gate_lladdr(fa, f) : (struct lladdr){{0}}, .in_if = fa->up[0].ifindex, .is_serving = g->is_delivering,
			.voice_port = g->rec.voice_port, .expires = expires}};
		const struct addr6 *home[] = {&g->rec.home6, &g->rec.home4};
		for (int k = 0; k < 2; k++)
			if (!addr6_is_none(home[k]))
				op.guest.home_address[op.guest.n_home++] = *home[k];
		fx_dp_put(fa->env->fx, ROLE_FA, &op);
	}
}

/* Without an end of the tunnel on either side its packets are routed. */
static void put_up(struct fa *fa, const struct guest *g, const struct addr6 *home, const struct addr6 *ha, const struct addr6 *coa, mono_t expires)
{
	bool has_tunnel = fa->conf.guests.uplink == GUEST_UPLINK_REVERSE && !addr6_is_none(ha) && !addr6_is_none(coa);
	const struct dp_op op = {.table = DP_VISIT, .visit = {
		.home_address = *home, .ha = *ha, .coa = *coa, .ifindex = g->at->key.ifindex, .lladdr = g->at->key.lladdr,
		.up = has_tunnel ? DP_VISIT_REVERSE : DP_VISIT_ROUTE, .encap = DP_ENCAP_IPIP, .expires = expires}};
	if (!addr6_is_none(home))
		fx_dp_put(fa->env->fx, ROLE_FA, &op);
}

/* The source of the record's groups is where reverse tunnels end; there may be none of a home address' family. */
static void warn_of_bare(const struct fa *fa, const struct guest *g)
{
	const struct { const struct addr6 *home, *ha; } all[] = {{&g->rec.home6, &g->rec.source6}, {&g->rec.home4, &g->rec.source4}};
	for (size_t i = 0; i < sizeof all / sizeof *all && fa->conf.guests.uplink == GUEST_UPLINK_REVERSE; i++)
		if (!addr6_is_none(all[i].home) && addr6_is_none(all[i].ha))
			fx_event(fa->env->fx, ROLE_FA, EV_WARNING, "guest-uplink-bare", all[i].home, "fa %s: what it sends is routed without a tunnel, and "
				 "filters of sources may drop it: its record has no source of this family", ADDR46_STR(all[i].home));
}

static void put(struct fa *fa, struct guest *g, struct now now)
{
	mono_t expires = mono_add(now.mono, span_s(ENTRY_S));
	const struct addr6 *coa4 = fa->conf.n_coa ? &fa->conf.coa[0] : &addr6_any;
	put_down(fa, g, expires);
	put_up(fa, g, &g->rec.home6, &g->rec.source6, &fa->conf.guests.address, expires);
	put_up(fa, g, &g->rec.home4, &g->rec.source4, coa4, expires);
	(void)timer_set(&fa->timers, &g->timer, mono_add(now.mono, span_s(AGAIN_S))); /* reserved with its station: cannot fail */
}

static void del(struct fa *fa, const struct guest *g)
{
	const struct addr6 *home[] = {&g->rec.home6, &g->rec.home4};
	for (uint32_t i = 0; i < g->n_channel; i++) {
		const struct dp_op op = {.table = DP_GUEST, .guest = {.group = g->channel[i].group, .source = g->channel[i].source}};
		fx_dp_del(fa->env->fx, ROLE_FA, &op);
	}
	for (int k = 0; k < 2; k++) {
		const struct dp_op op = {.table = DP_VISIT, .visit.home_address = *home[k]};
		if (!addr6_is_none(home[k]))
			fx_dp_del(fa->env->fx, ROLE_FA, &op);
	}
}

/* What the ring holds goes out before what comes from now on. */
static void send_kept(struct fa *fa, const struct guest *g, struct now now)
{
	for (uint32_t i = 0; i < g->n_channel; i++) {
		struct fx_keep k = {.coa = g->channel[i].group, .src = g->channel[i].source, .window = fa->conf.guests.replay};
		k.has_seq = fa_serve_after(g, &k.coa, now, &k.after_seq);
		if (k.window.ns)
			fx_keep_send(fa->env->fx, ROLE_FA, &k);
	}
}

/* --- coming and going ------------------------------------------------------------------------------------ */

static void free_guest(struct fa *fa, struct guest *g)
{
	timer_clear(&fa->timers, &g->timer);
	timer_clear(&fa->timers, &g->serve.timer);
	(void)table_del(&fa->guests, &g->key);
	mem_put(fa->env->mem, g);
}

static void leave_groups(struct fa *fa, const struct guest *g, struct now now)
{
	for (uint32_t i = 0; i < g->n_channel; i++)
		listen_leave(&fa->listen, &g->channel[i].group, &g->channel[i].source, now);
}

/* The entry first: packets may come right after the report. */
static bool join_groups(struct fa *fa, struct guest *g, struct now now)
{
	put(fa, g, now);
	for (uint32_t i = 0; i < g->n_channel; i++) {
		if (listen_join(&fa->listen, &g->channel[i].group, &g->channel[i].source, now) == ERR_OK)
			continue;
		while (i--)
			listen_leave(&fa->listen, &g->channel[i].group, &g->channel[i].source, now);
		del(fa, g);
		return false;
	}
	return true;
}

static struct guest *guest_new(struct fa *fa, struct station *s, const struct guest *draft, struct now now)
{
	struct guest *g = mem_zget(fa->env->mem, sizeof *g);
	if (!g)
		return NULL;
	*g = *draft;
	g->timer.kind = FA_T_GUEST;
	g->serve.timer.kind = FA_T_SERVE;
	g->at = s;
	if (s->is_serving)
		fa_serve_begin(fa, g, false, now);
	g->is_delivering = delivers(g);
	if (table_add(&fa->guests, g) != ERR_OK) {
		timer_clear(&fa->timers, &g->serve.timer);
		mem_put(fa->env->mem, g);
		return NULL;
	}
	if (!join_groups(fa, g, now)) {
		free_guest(fa, g);
		return NULL;
	}
	fx_event(fa->env->fx, ROLE_FA, EV_INFO, "guest-joined", fa_guest_name(g), "fa %s: guest at %s, group %s%s", ADDR46_STR(fa_guest_name(g)),
		 LLADDR_STR(&s->key.lladdr), ADDR46_STR(&g->key.group), g->is_delivering ? "" : ", not serving");
	warn_of_bare(fa, g);
	return g;
}

void fa_guest_settle(struct fa *fa, struct guest *g, struct now now)
{
	bool was = g->is_delivering;
	g->is_delivering = delivers(g);
	if (!was && g->is_delivering)
		send_kept(fa, g, now);
	if (was != g->is_delivering)
		put(fa, g, now);
}

/* The mobile is here now, as this station. */
static void move(struct fa *fa, struct guest *g, struct station *s, struct now now)
{
	bool was = g->at->is_serving && g->at != s;
	g->at = s;
	if (s->is_serving && !was)
		fa_serve_begin(fa, g, true, now);
	else if (!s->is_serving && was)
		fa_serve_end(fa, g, now);
	fa_guest_settle(fa, g, now);
	put(fa, g, now);
	fa_gate_welcome(fa, g);
}

struct guest *fa_guest_arrive(struct fa *fa, struct station *s, const struct mm_record *rec, struct now now)
{
	struct guest draft = {0};
	if (!read_record(&draft, rec))
		return NULL;
	draft.key = draft.channel[0];
	struct guest *g = table_find(&fa->guests, &draft.key);
	if (!g) {
		g = guest_new(fa, s, &draft, now);
		if (g)
			fa_gate_welcome(fa, g);
		return g;
	}
	if (s->is_serving || !g->at->is_serving) /* heard twice: where it is attached, or the newest */
		move(fa, g, s, now);
	return g;
}

static struct station *elsewhere(const struct fa *fa, const struct guest *g, const struct station *not_here)
{
	struct station *found = NULL;
	uint64_t it = 0;
	for (struct station *s; (s = table_next(&fa->stations, &it));)
		if (s != not_here && s->guest == g && (!found || s->is_serving))
			found = s;
	return found;
}

void fa_guest_leave(struct fa *fa, struct station *s, const char *why, struct now now)
{
	struct guest *g = s->guest;
	s->guest = NULL;
	if (!g || g->at != s)
		return;
	struct station *to = elsewhere(fa, g, s);
	if (to) {
		move(fa, g, to, now);
		return;
	}
	fx_event(fa->env->fx, ROLE_FA, EV_INFO, "guest-withdrawn", fa_guest_name(g), "fa %s: %s, withdrawn from %s", ADDR46_STR(fa_guest_name(g)), why,
		 ADDR46_STR(&g->key.group));
	if (s->is_serving)
		fa_serve_end(fa, g, now);
	leave_groups(fa, g, now);
	del(fa, g);
	free_guest(fa, g);
}

void fa_guest_serving(struct fa *fa, struct station *s, struct now now)
{
	struct guest *g = s->guest;
	if (g->at != s && !s->is_serving)
		return;
	fx_event(fa->env->fx, ROLE_FA, EV_INFO, s->is_serving ? "guest-attached" : "guest-detached", fa_guest_name(g), "fa %s: %s", ADDR46_STR(fa_guest_name(g)),
		 s->is_serving ? "its radio is attached here" : "its radio is attached here no longer");
	if (s->is_serving) {
		move(fa, g, s, now);
		return;
	}
	fa_serve_end(fa, g, now);
	fa_guest_settle(fa, g, now);
}

void fa_guest_due(struct fa *fa, struct timer *t, struct now now)
{
	struct guest *g = container_of(t, struct guest, timer);
	put(fa, g, now);
	fa_gate_advertise(fa, g);
}

void fa_guest_put_all(struct fa *fa, struct now now)
{
	uint64_t it = 0;
	for (struct guest *g; (g = table_next(&fa->guests, &it));)
		put(fa, g, now);
}
