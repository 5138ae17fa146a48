/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Correspondent node (RFC 6275 9): a host with which mobiles bind, so that it sends to them where they are.
 *
 * So far the role can be configured; messages are not yet answered.
 */
#include "base/err.h"
#include "role/cn/cn_i.h"

static int cn_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct cn *cn = self;
	(void)now;
	(void)remedy;
	memset(cn, 0, sizeof *cn);
	cn->env = env;
	cn->conf = *(const struct cn_conf *)conf;
	rr_nonces_init(&cn->nonces, env->rng);
	return ERR_OK;
}

static void cn_fini(void *self) { (void)self; }

static bool cn_rx(void *self, const struct rx *rx, struct now now)
{
	(void)self;
	(void)rx;
	(void)now;
	return false;
}

static void cn_tick(void *self, struct now now)
{
	(void)self;
	(void)now;
}

static mono_t cn_expiry(const void *self)
{
	(void)self;
	return MONO_NEVER;
}

const struct role_ops cn_role = {
	.id = ROLE_CN, .name = "cn", .conf = &cn_conf_block, .size_oct = sizeof(struct cn),
	.init = cn_init, .fini = cn_fini, .rx = cn_rx, .tick = cn_tick, .expiry = cn_expiry,
};
