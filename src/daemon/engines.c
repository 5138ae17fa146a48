/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/engines.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* A build may lack a role; then its descriptor is not there. */
extern const struct role_ops ha_role __attribute__((weak)), mma_role __attribute__((weak)), ar_role __attribute__((weak)),
	mn_role __attribute__((weak)), cn_role __attribute__((weak)), fa_role __attribute__((weak)), mm_role __attribute__((weak));

const struct role_ops *const *engines_known(void)
{
	static const struct role_ops *known[ROLE_N + 1];
	const struct role_ops *const all[] = {&ha_role, &mma_role, &ar_role, &mn_role, &cn_role, &fa_role, &mm_role};
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i])
			known[n++] = all[i];
	return known;
}

void engines_init(struct engines *es, const struct engine_env *env)
{
	memset(es, 0, sizeof *es);
	effq_init(&es->fx, env->mem);
	es->env = *env;
	es->env.fx = &es->fx;
	es->env.count = &es->count;
}

/* Around every call of a role's hook: its records and packets pass the group. */
static uint32_t before(const struct engines *es) { return es->fx.n; }

static void after(struct engines *es, const struct engine *e, uint32_t mark, enum sync_call call, struct now now)
{
	if (es->sync)
		sync_scan(es->sync, e->self, mark, call, now);
}

void engines_fini(struct engines *es)
{
	for (uint32_t i = 0; i < es->n; i++) {
		es->e[i].ops->fini(es->e[i].self);
		free(es->e[i].self);
	}
	es->n = 0;
	sync_free(es->sync);
	es->sync = NULL;
	effq_fini(&es->fx);
}

static int fail(struct conf_err *err, const struct conf_role *role, const char *remedy, int rc)
{
	conf_fail(err, role->line, "role %s: %s", role->ops->name, remedy ? remedy : err_str(rc));
	return rc;
}

static int start(struct engines *es, const struct conf_role *role, struct now now, struct conf_err *err)
{
	const char *remedy = NULL;
	struct engine *e = &es->e[es->n];

	*e = (struct engine){role->ops, calloc(1, role->ops->size_oct)};
	int rc = e->self ? role->ops->init(e->self, &es->env, role->conf, now, &remedy) : ERR_NOMEM;
	if (rc) {
		free(e->self);
		return fail(err, role, remedy, rc);
	}
	es->n++;
	if (es->sync)
		sync_add(es->sync, e->ops, e->self, now);
	return 0;
}

int engines_group(struct engines *es, const struct rg_conf *conf, const struct sync_ops *ops, uint32_t starts, struct now now)
{
	es->sync = sync_new(&es->env, conf, ops, starts, now);
	if (!es->sync)
		return ERR_INVAL;
	for (uint32_t i = 0; i < es->n; i++)
		sync_add(es->sync, es->e[i].ops, es->e[i].self, now);
	return 0;
}

void engines_flush(struct engines *es, struct now now)
{
	if (es->sync)
		sync_flush(es->sync, now);
}

static void note_roles(struct engines *es, const struct conf *c)
{
	es->env.roles = 0;
	for (uint32_t i = 0; i < c->n_roles; i++)
		es->env.roles |= 1u << c->roles[i].ops->id;
}

int engines_start(struct engines *es, const struct conf *c, struct now now, struct conf_err *err)
{
	int rc = 0;

	note_roles(es, c);
	for (uint32_t i = 0; !rc && i < c->n_roles; i++)
		rc = start(es, &c->roles[i], now, err);
	return rc;
}

static struct engine *engine_of(struct engines *es, const struct role_ops *ops)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops == ops)
			return &es->e[i];
	return NULL;
}

static bool is_configured(const struct conf *c, const struct role_ops *ops)
{
	for (uint32_t i = 0; i < c->n_roles; i++)
		if (c->roles[i].ops == ops)
			return true;
	return false;
}

static void end(struct engines *es, struct engine *e, struct now now)
{
	const uint32_t mark = before(es);

	if (e->ops->stop)
		e->ops->stop(e->self, now);
	after(es, e, mark, SYNC_UNASKED, now);
	if (es->sync)
		sync_remove(es->sync, e->self);
	e->ops->fini(e->self);
	free(e->self);
	*e = es->e[--es->n];
}

int engines_reconf(struct engines *es, const struct conf *c, struct now now, bool *is_new, struct conf_err *err)
{
	int rc = 0;

	*is_new = false;
	note_roles(es, c);
	for (uint32_t i = es->n; i-- > 0;)
		if (!is_configured(c, es->e[i].ops))
			end(es, &es->e[i], now);
	for (uint32_t i = 0; !rc && i < c->n_roles; i++) {
		const char *remedy = NULL;
		const struct role_ops *ops = c->roles[i].ops;
		struct engine *e = engine_of(es, ops);
		if (!e) {
			rc = start(es, &c->roles[i], now, err);
			*is_new = !rc || *is_new;
			continue;
		}
		const uint32_t mark = before(es);
		int refused = ops->reconf ? ops->reconf(e->self, c->roles[i].conf, now, &remedy) : ERR_NOTSUP;
		after(es, e, mark, SYNC_UNASKED, now);
		if (refused)
			rc = fail(err, &c->roles[i], refused == ERR_NOTSUP && !remedy ? "this change needs a restart of roamd" : remedy, refused);
	}
	return rc;
}

/* Every role that has the hook. */
#define TELL(es, call, hook, ...) \
	for (struct engine *e = (es)->e; e < (es)->e + (es)->n; e++) { \
		const uint32_t mark = before(es); \
		if (e->ops->hook) \
			e->ops->hook(e->self, __VA_ARGS__); \
		after(es, e, mark, call, now); \
	}

void engines_stop(struct engines *es, struct now now)
{
	TELL(es, SYNC_UNASKED, stop, now)
	if (es->sync)
		sync_stop(es->sync, now);
}

void engines_restore(struct engines *es, const struct store_rec *rec, struct now now)
{
	struct store_rec bare = *rec;

	sync_restore(es->sync, &bare, now);
	TELL(es, SYNC_UNASKED, restore, &bare, now)
}

void engines_restored(struct engines *es, struct now now)
{
	TELL(es, SYNC_UNASKED, restored, now)
	if (es->sync)
		sync_start(es->sync, now);
}

static bool give(struct engines *es, struct engine *e, const struct rx *rx, struct now now)
{
	const uint32_t mark = before(es);

	if (es->sync && !sync_may_rx(es->sync, e->self))
		return false;
	const bool is_taken = e->ops->rx(e->self, rx, now);
	after(es, e, mark, SYNC_ASKED, now);
	return is_taken;
}

/* A correspondent node takes what is one's own, and leaves the rest to the agents beside it; they take all. */
bool engines_rx(struct engines *es, const struct rx *rx, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->id == ROLE_CN && give(es, &es->e[i], rx, now))
			return true;
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->id != ROLE_CN && give(es, &es->e[i], rx, now))
			return true;
	return false;
}

void engines_link(struct engines *es, const struct link_event *ev, struct now now) { TELL(es, SYNC_UNASKED, link, ev, now) }
void engines_addr(struct engines *es, const struct addr_event *ev, struct now now) { TELL(es, SYNC_UNASKED, addr, ev, now) }
void engines_local(struct engines *es, const struct local_event *ev, struct now now) { TELL(es, SYNC_UNASKED, local, ev, now) }
void engines_signal(struct engines *es, const struct signal_event *ev, struct now now) { TELL(es, SYNC_UNASKED, signal, ev, now) }
void engines_station(struct engines *es, const struct station_event *ev, struct now now) { TELL(es, SYNC_UNASKED, station, ev, now) }

void engines_mroute(struct engines *es, const struct mroute_event *ev, struct now now) { TELL(es, SYNC_UNASKED, mroute, ev, now) }

void engines_tick(struct engines *es, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++) {
		const uint32_t mark = before(es);
		if (mono_reached(es->e[i].ops->expiry(es->e[i].self), now.mono))
			es->e[i].ops->tick(es->e[i].self, now);
		after(es, &es->e[i], mark, SYNC_UNASKED, now);
	}
	if (es->sync && mono_reached(sync_expiry(es->sync), now.mono))
		sync_tick(es->sync, now);
}

mono_t engines_expiry(const struct engines *es)
{
	mono_t least = MONO_NEVER;

	for (uint32_t i = 0; i < es->n; i++)
		least = mono_min(least, es->e[i].ops->expiry(es->e[i].self));
	if (es->sync)
		least = mono_min(least, sync_expiry(es->sync));
	return least;
}

void engines_show(const struct engines *es, const char *what, struct show *out, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->show)
			es->e[i].ops->show(es->e[i].self, what, out, now);
}

int engines_ctl(struct engines *es, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	for (uint32_t i = 0; i < es->n; i++) {
		const uint32_t mark = before(es);
		int rc = es->e[i].ops->ctl ? es->e[i].ops->ctl(es->e[i].self, cmd, now, msg) : ERR_NOTFOUND;
		after(es, &es->e[i], mark, SYNC_ASKED, now);
		if (rc != ERR_NOTFOUND)
			return rc;
	}
	return ERR_NOTFOUND;
}

const struct shared_conf *engines_shared_conf(const struct engines *es)
{
	const struct shared_conf *c = NULL;

	for (uint32_t i = 0; i < es->n && !c; i++)
		c = es->e[i].ops->shared_conf ? es->e[i].ops->shared_conf(es->e[i].self) : NULL;
	return c;
}

void engines_shared(struct engines *es, const struct shared_event *ev, struct now now) { TELL(es, SYNC_UNASKED, shared, ev, now) }

void engines_show_counters(const struct engines *es, struct show *out)
{
	show_begin(out, "engine");
	for (int r = 0; r < REASON_N; r++) {
		char name[64];
		size_t n = 0;
		for (const char *s = reason_name((enum reason)r); *s && n < sizeof name - 1; s++)
			name[n++] = *s == '_' ? '-' : *s >= 'A' && *s <= 'Z' ? (char)(*s | 32) : *s;
		name[n] = '\0';
		show_u64(out, name, es->count.n[r]);
	}
	show_u64(out, "effects-lost", es->fx.lost);
	show_end(out);
}
