/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/engines.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* A build may lack a role; then its descriptor is not there. */
extern const struct role_ops ha_role __attribute__((weak)), mma_role __attribute__((weak)), ar_role __attribute__((weak)),
	mn_role __attribute__((weak)), cn_role __attribute__((weak)), fa_role __attribute__((weak));

const struct role_ops *const *engines_known(void)
{
	static const struct role_ops *known[ROLE_N + 1];
	const struct role_ops *const all[] = {&ha_role, &mma_role, &ar_role, &mn_role, &cn_role, &fa_role};
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

void engines_fini(struct engines *es)
{
	for (uint32_t i = 0; i < es->n; i++) {
		es->e[i].ops->fini(es->e[i].self);
		free(es->e[i].self);
	}
	es->n = 0;
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
	return 0;
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
	if (e->ops->stop)
		e->ops->stop(e->self, now);
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
		int refused = ops->reconf ? ops->reconf(e->self, c->roles[i].conf, now, &remedy) : ERR_NOTSUP;
		if (refused)
			rc = fail(err, &c->roles[i], refused == ERR_NOTSUP && !remedy ? "this change needs a restart of roamd" : remedy, refused);
	}
	return rc;
}

void engines_stop(struct engines *es, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->stop)
			es->e[i].ops->stop(es->e[i].self, now);
}

void engines_restore(struct engines *es, const struct store_rec *rec, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->restore)
			(void)es->e[i].ops->restore(es->e[i].self, rec, now);
}

void engines_restored(struct engines *es, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->restored)
			es->e[i].ops->restored(es->e[i].self, now);
}

/* A correspondent node takes what is one's own, and leaves the rest to the agents beside it; they take all. */
bool engines_rx(struct engines *es, const struct rx *rx, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->id == ROLE_CN && es->e[i].ops->rx(es->e[i].self, rx, now))
			return true;
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->id != ROLE_CN && es->e[i].ops->rx(es->e[i].self, rx, now))
			return true;
	return false;
}

void engines_link(struct engines *es, const struct link_event *ev, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->link)
			es->e[i].ops->link(es->e[i].self, ev, now);
}

void engines_addr(struct engines *es, const struct addr_event *ev, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->addr)
			es->e[i].ops->addr(es->e[i].self, ev, now);
}

void engines_local(struct engines *es, const struct local_event *ev, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->local)
			es->e[i].ops->local(es->e[i].self, ev, now);
}

void engines_signal(struct engines *es, const struct signal_event *ev, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->signal)
			es->e[i].ops->signal(es->e[i].self, ev, now);
}

void engines_tick(struct engines *es, struct now now)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (mono_reached(es->e[i].ops->expiry(es->e[i].self), now.mono))
			es->e[i].ops->tick(es->e[i].self, now);
}

mono_t engines_expiry(const struct engines *es)
{
	mono_t least = MONO_NEVER;

	for (uint32_t i = 0; i < es->n; i++)
		least = mono_min(least, es->e[i].ops->expiry(es->e[i].self));
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
		int rc = es->e[i].ops->ctl ? es->e[i].ops->ctl(es->e[i].self, cmd, now, msg) : ERR_NOTFOUND;
		if (rc != ERR_NOTFOUND)
			return rc;
	}
	return ERR_NOTFOUND;
}

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
