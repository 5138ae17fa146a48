/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility manager (D-2 to D-4, D-12): knows mobiles by their device identifiers and home addresses, gives each a multicast group of
 * its own, and tells home agents and foreign agents who ask.
 *
 *	device, group  records, who has which group     store  on stable storage
 *	agent          questions of agents, epochs      push   changes told to those who asked
 *	words, command what the operator wants          show   what he sees
 *	rest           groups before they are given again
 *	shared         the store of several managers    conf   what can be configured
 *	serve          which agent serves a mobile
 *
 * Everything is in memory; the store only brings it back after a restart, and a store that managers share keeps them of one mind. In a
 * redundancy group all members answer, and each tells of changes those who asked it; new devices are told to one of them, or each gives IPv4
 * groups of a range of its own.
 */
#include "role/mm/mm_i.h"

static int mm_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct mm *m = self;
	uint8_t secret[32];
	(void)now;

	memset(m, 0, sizeof *m);
	m->env = env;
	*remedy = mm_conf_check(conf);
	if (!*remedy)
		*remedy = mm_agents_init(env, &m->agents, conf);
	if (*remedy)
		return ERR_INVAL;
	m->conf = *(const struct mm_conf *)conf;
	env->rng->fill(env->rng->ctx, secret, sizeof secret);
	env->rng->fill(env->rng->ctx, &m->epoch, sizeof m->epoch);
	m->nonces = env->crypto->mac_key_new(env->crypto->ctx, MAC_HMAC_SHA256, secret, sizeof secret);
	if (!m->nonces) {
		mm_agents_fini(env, &m->agents);
		return ERR_NOMEM;
	}
	rate_init(&m->rate, env->rng);
	mm_devices_init(m);
	mm_push_init(m);
	mm_rest_init(m);
	mm_shared_init(m);
	return ERR_OK;
}

static void mm_fini(void *self)
{
	struct mm *m = self;

	mm_shared_fini(m);
	mm_rest_fini(m);
	mm_push_fini(m);
	mm_devices_fini(m);
	mm_agents_fini(m->env, &m->agents);
	m->env->crypto->mac_key_free(m->env->crypto->ctx, m->nonces);
}

static bool is_other_store(const struct shared_conf *old, struct shared_conf fresh)
{
	fresh.request = old->request;
	fresh.give_up = old->give_up;
	fresh.probe = old->probe;
	return memcmp(old, &fresh, sizeof fresh) != 0;
}

/* Groups stay. A new epoch makes the agents prove theirs again, and ask again for what they hold. */
static int mm_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct mm *m = self;
	struct mm_agents fresh;
	(void)now;

	*remedy = mm_conf_check(conf);
	if (!*remedy && is_other_store(&m->conf.store, ((const struct mm_conf *)conf)->store))
		*remedy = "another store needs a restart of roamd: by reload only its times change";
	if (!*remedy)
		*remedy = mm_agents_init(m->env, &fresh, conf);
	if (*remedy)
		return ERR_INVAL;
	mm_push_fini(m);
	mm_push_init(m);
	m->n_subs = 0;
	mm_agents_fini(m->env, &m->agents);
	m->agents = fresh;
	m->conf = *(const struct mm_conf *)conf;
	m->env->rng->fill(m->env->rng->ctx, &m->epoch, sizeof m->epoch);
	return ERR_OK;
}

static void mm_tick(void *self, struct now now)
{
	mm_shared_tick(self, now);
	mm_push_tick(self, now);
	mm_rest_tick(self, now);
}

static mono_t mm_expiry(const void *self)
{
	const struct mm *m = self;
	return mono_min(mono_min(timers_next(&m->timers), timers_next(&m->rests)), timers_next(&m->shared.timers));
}

static void mm_restored(void *self, struct now now)
{
	const struct mm *m = self;
	(void)now;

	if (m->shared.n_elsewhere)
		fx_event(m->env->fx, ROLE_MM, EV_WARNING, "devices-elsewhere", &addr6_any,
			 "%u devices in state-dir are not in the managers' store: list them without its block, import them with it",
			 m->shared.n_elsewhere);
}

static void mm_active(void *self, bool is_active, struct now now)
{
	struct mm *m = self;
	(void)is_active;
	(void)now;
	m->is_in_group = true;
}

static const struct shared_conf *mm_shared_conf(const void *self)
{
	const struct mm *m = self;
	return m->conf.store.is_used ? &m->conf.store : NULL;
}

static uint16_t mm_port(const void *self)
{
	(void)self;
	return MM_PORT;
}

const struct role_ops mm_role = {
	.id = ROLE_MM, .name = "mm", .conf = &mm_conf_block, .size_oct = sizeof(struct mm),
	.init = mm_init, .fini = mm_fini, .restore = mm_restore, .reconf = mm_reconf, .rx = mm_rx, .tick = mm_tick, .expiry = mm_expiry,
	.show = mm_show, .ctl = mm_ctl, .port = mm_port,
	.restored = mm_restored, .replica = mm_replica, .record = mm_record_hook, .active = mm_active,
	.shared_conf = mm_shared_conf, .shared = mm_shared_event,
};
