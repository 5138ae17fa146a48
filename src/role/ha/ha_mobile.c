/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mobiles that a home agent serves: each with the key of its security association, singly or as a prefix of home addresses
 * that share one, and on which home link an address is.
 */
#include "base/err.h"
#include "role/ha/ha_i.h"

const struct ha_link *ha_link_of(const struct ha *h, const struct addr6 *a)
{
	uint32_t best = HA_PREFIX_MAX;

	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		if (prefix6_contains(&h->conf.home_prefix[i], a) &&
		    (best == HA_PREFIX_MAX || h->conf.home_prefix[i].len_bits > h->conf.home_prefix[best].len_bits))
			best = i;
	return best < HA_PREFIX_MAX && h->conf.prefix_link[best] ? &h->home[h->conf.prefix_link[best] - 1] : NULL;
}

const struct ha_link *ha_link_at(const struct ha *h, uint32_t ifindex)
{
	for (uint32_t i = 0; i < h->n_home && ifindex; i++)
		if (h->home[i].ifindex == ifindex)
			return &h->home[i];
	return NULL;
}

bool ha_serves(const struct ha *h, const struct addr6 *a)
{
	return ha_conf_serves(&h->conf, a);
}

/* Prefixes before single addresses, longer before shorter. */
static bool goes_before(const struct ha_mobile *a, const struct ha_mobile *b)
{
	if ((a->home.len_bits == 128) != (b->home.len_bits == 128))
		return b->home.len_bits == 128;
	return a->home.len_bits > b->home.len_bits;
}

static void insert(struct ha_mobiles *ms, const struct ha_mobile *m)
{
	uint32_t i = ms->n++;

	for (; i > 0 && goes_before(m, &ms->list[i - 1]); i--)
		ms->list[i] = ms->list[i - 1];
	ms->list[i] = *m;
	ms->n_prefix += m->home.len_bits != 128;
}

/* One of the block's home addresses, or none yet (::). */
static void add_address(struct ha_mobiles *ms, const struct ha_mobile_conf *c, struct ha_mobile m, struct prefix6 home)
{
	m.hoa = home.addr;
	m.home = home;
	if (!addr6_is_routable(&home.addr)) /* Mobile IPv6 has no use for it */
		memcpy(m.nai, c->nai, sizeof m.nai);
	insert(ms, &m);
}

static int add_one(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_mobile_conf *c, uint32_t at,
		   const char **remedy)
{
	struct ha_mobile m = {.key = env->key(env->ctx, c->key), .conf = at, .aaa = c->aaa_key[0] ? env->key(env->ctx, c->aaa_key) : NULL};
	bool has_home = !addr6_is_any(&c->home.addr), has_v4 = !addr6_is_none(&c->home_v4);

	if (!m.key || (c->aaa_key[0] && !m.aaa)) {
		*remedy = "a mobile's key is not defined: add a key block of that name";
		return ERR_NOTFOUND;
	}
	if (addr6_is_routable(&c->home.addr) && sa_key_is_v4_only(m.key)) {
		*remedy = "a mobile of Mobile IPv6 cannot have a key of hmac-md5: use hmac-sha1 or hmac-sha256";
		return ERR_INVAL;
	}
	if (has_home || !has_v4)
		add_address(ms, c, m, c->home);
	if (has_v4)
		add_address(ms, c, m, (struct prefix6){c->home_v4, 128});
	ms->has_network |= c->n_network > 0;
	return ERR_OK;
}

static int load(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_conf *conf, const char **remedy)
{
	int err = ms->list ? ERR_OK : ERR_NOMEM;

	for (uint32_t i = 0; i < conf->n_mobile && !err; i++)
		err = add_one(ms, env, &conf->mobile[i], i, remedy);
	for (uint32_t i = ms->n_prefix; i < ms->n && !err; i++) {
		struct ha_mobile *m = &ms->list[i];
		err = addr6_is_any(&m->hoa) ? ERR_OK : table_add(&ms->by_hoa, m);
		if (!err && m->nai[0])
			err = table_add(&ms->by_nai, m);
	}
	return err;
}

int ha_mobiles_load(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_conf *conf, const char **remedy)
{
	*ms = (struct ha_mobiles){.list = mem_zget(env->mem, (conf->n_mobile * 2 + 1) * sizeof *ms->list)};
	table_init(&ms->by_hoa, env->mem, env->rng, offsetof(struct ha_mobile, hoa), sizeof(struct addr6));
	table_init(&ms->by_nai, env->mem, env->rng, offsetof(struct ha_mobile, nai), HA_NAI_LEN);
	int err = load(ms, env, conf, remedy);
	if (err)
		ha_mobiles_free(ms, env);
	return err;
}

void ha_mobiles_free(struct ha_mobiles *ms, const struct engine_env *env)
{
	table_fini(&ms->by_hoa);
	table_fini(&ms->by_nai);
	mem_put(env->mem, ms->list);
	ms->list = NULL;
}

const struct ha_mobile *ha_mobile_find(const struct ha *h, const struct addr6 *hoa)
{
	const struct ha_mobiles *ms = &h->mobiles;
	const struct ha_mobile *m = table_find(&ms->by_hoa, hoa);

	if (m)
		return m;
	for (uint32_t i = 0; i < ms->n_prefix; i++)
		if (prefix6_contains(&ms->list[i].home, hoa))
			return &ms->list[i];
	return NULL;
}

struct ha_mobile *ha_mobile_by_nai(const struct ha *h, const uint8_t *nai, size_t len_oct)
{
	char key[HA_NAI_LEN] = {0};

	if (len_oct == 0 || len_oct >= sizeof key || memchr(nai, 0, len_oct))
		return NULL;
	memcpy(key, nai, len_oct);
	return table_find(&h->mobiles.by_nai, key);
}

const struct sa_key *ha_mobile_key(const struct ha *h, const struct addr6 *hoa)
{
	const struct ha_mobile *m = ha_mobile_find(h, hoa);
	return m ? m->key : NULL;
}
