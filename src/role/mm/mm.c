/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility manager (D-2 to D-4, D-12): knows mobiles by their device identifiers and home addresses, gives each a multicast group of
 * its own, and tells home agents and foreign agents who ask.
 *
 *	device, group  records, who has which group     store  on stable storage
 *	agent          questions of agents, epochs      push   changes told to those who asked
 *	words          the operator's words             show   what he sees
 *
 * Everything is in memory; the store only brings it back after a restart. In a redundancy group (beside a home agent or an MMA) all members
 * answer, and each tells of changes those who asked it; new devices are told to one of them, or each gives IPv4 groups of a range of its own.
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
	return ERR_OK;
}

static void mm_fini(void *self)
{
	struct mm *m = self;

	mm_push_fini(m);
	mm_devices_fini(m);
	mm_agents_fini(m->env, &m->agents);
	m->env->crypto->mac_key_free(m->env->crypto->ctx, m->nonces);
}

/* Groups stay. A new epoch makes the agents prove theirs again, and ask again for what they hold. */
static int mm_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct mm *m = self;
	struct mm_agents fresh;
	(void)now;

	*remedy = mm_conf_check(conf);
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

static void mm_tick(void *self, struct now now) { mm_push_tick(self, now); }

static mono_t mm_expiry(const void *self) { return timers_next(&((const struct mm *)self)->timers); }

static uint16_t mm_port(const void *self)
{
	(void)self;
	return MM_PORT;
}

const struct role_ops mm_role = {
	.id = ROLE_MM, .name = "mm", .conf = &mm_conf_block, .size_oct = sizeof(struct mm),
	.init = mm_init, .fini = mm_fini, .restore = mm_restore, .reconf = mm_reconf, .rx = mm_rx, .tick = mm_tick, .expiry = mm_expiry,
	.show = mm_show, .ctl = mm_ctl, .port = mm_port,
	.replica = mm_replica, .record = mm_record_hook,
};
