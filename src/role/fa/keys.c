/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "role/fa/fa_i.h"

const char *fa_keys_load(struct fa *fa, const struct fa_conf *c)
{
	for (uint32_t i = 0; i < c->n_mobile; i++) {
		struct fa_mobile *m = &fa->mobile[i];
		*m = (struct fa_mobile){.key = fa->env->key(fa->env->ctx, c->mobile[i].key), .hoa = c->mobile[i].hoa, .nai = c->mobile[i].nai};
		if (!m->key)
			return "a mobile names a key that is not configured: add a key block of that name";
		if (!m->nai[0] && table_add(&fa->keys, m) != ERR_OK)
			return "a mobile has two blocks, or there is no memory";
	}
	for (uint32_t i = 0; i < c->n_home_agent; i++) {
		fa->ha_key[i] = fa->env->key(fa->env->ctx, c->home_agent[i].key);
		if (!fa->ha_key[i])
			return "a home agent names a key that is not configured: add a key block of that name";
	}
	return NULL;
}

const struct sa_key *fa_mobile_key(void *ctx, const struct addr6 *hoa, const struct mip4_bytes *nai)
{
	struct fa *fa = ctx;
	const struct fa_mobile *m = table_find(&fa->keys, hoa);
	if (m)
		return m->key;
	for (uint32_t i = 0; nai && i < fa->conf.n_mobile; i++) {
		const char *name = fa->mobile[i].nai;
		if (strlen(name) == nai->len_oct && nai->len_oct && memcmp(name, nai->p, nai->len_oct) == 0)
			return fa->mobile[i].key;
	}
	return NULL;
}

const struct sa_key *fa_home_agent_key(void *ctx, const struct addr6 *ha)
{
	struct fa *fa = ctx;
	for (uint32_t i = 0; i < fa->conf.n_home_agent; i++)
		if (addr6_eq(&fa->conf.home_agent[i].address, ha))
			return fa->ha_key[i];
	return NULL;
}
