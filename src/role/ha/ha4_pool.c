/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home addresses for mobiles that are known by their NAI (RFC 2794, RFC 5944 3.8.1). What a mobile is given stays its own: it is on
 * stable storage, and where the search begins is a hash of the NAI, so that also a home agent that lost its store gives most of them
 * the same again.
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"

enum { HOSTS_MAX = 65536 };  /* tried of a pool */

static uint32_t hash(const char *nai)
{
	uint32_t x = 2166136261u; /* FNV-1a: it has to spread, not to withstand anybody */

	for (; *nai; nai++)
		x = (x ^ (uint8_t)*nai) * 16777619u;
	return x ^ x >> 15;
}

static uint32_t size_of(const struct prefix6 *p)
{
	uint32_t host_bits = p->len_bits >= 96 ? 128u - p->len_bits : 32;
	return host_bits > 16 ? HOSTS_MAX : 1u << host_bits;
}

static struct addr6 nth(const struct prefix6 *p, uint32_t i)
{
	struct addr6 a = p->addr;

	a.b[14] = (uint8_t)(a.b[14] | i >> 8);
	a.b[15] = (uint8_t)(a.b[15] | i);
	return a;
}

/* Also of those that a prefix of home addresses covers: a single mobile comes first. */
static bool is_free(const struct ha *h, const struct addr6 *a)
{
	return ha4_is_host_address(h, a) && !table_find(&h->mobiles.by_hoa, a) && !binding_find(&h->bindings, a);
}

static bool find_free(const struct ha *h, const char *nai, struct addr6 *out)
{
	for (uint32_t i = 0; i < h->conf.v4.n_pool; i++) {
		const struct prefix6 *p = &h->conf.v4.pool[i];
		uint32_t n = size_of(p), from = hash(nai) % n;
		for (uint32_t k = 0; k < n; k++) {
			*out = nth(p, (from + k) % n);
			if (is_free(h, out))
				return true;
		}
	}
	return false;
}

static bool is_in_pool(const struct ha *h, const struct addr6 *a)
{
	for (uint32_t i = 0; i < h->conf.v4.n_pool; i++)
		if (prefix6_contains(&h->conf.v4.pool[i], a))
			return true;
	return false;
}

/* The mobile is found by its home address too from now on. */
static bool own(struct ha *h, struct ha_mobile *m, const struct addr6 *hoa)
{
	m->hoa = *hoa;
	if (table_add(&h->mobiles.by_hoa, m) == ERR_OK)
		return true;
	m->hoa = addr6_any;
	return false;
}

int ha4_pool_add(struct ha *h, const char nai[static HA_NAI_LEN], const struct addr6 *hoa)
{
	struct ha4_lease *l = mem_zget(h->env.mem, sizeof *l);

	if (!l)
		return ERR_NOMEM;
	memcpy(l->nai, nai, HA_NAI_LEN);
	l->hoa = *hoa;
	int err = table_add(&h->leases, l);
	if (err)
		mem_put(h->env.mem, l);
	return err;
}

bool ha4_pool_take(struct ha *h, const char nai[static HA_NAI_LEN])
{
	struct ha_mobile *m = table_find(&h->mobiles.by_nai, nai);
	struct ha4_lease *l = table_find(&h->leases, nai);
	struct addr6 hoa;

	if (!m || !find_free(h, m->nai, &hoa) || (!l && ha4_pool_add(h, m->nai, &hoa) != ERR_OK))
		return false;
	l = table_find(&h->leases, m->nai);
	l->hoa = hoa;
	if (!own(h, m, &hoa))
		return false;
	ha4_store_lease(h, l);
	fx_event(h->env.fx, ROLE_HA, EV_INFO, "home-address-given", &hoa, "%s is now that of %s", ADDR46_STR(&hoa), m->nai);
	return true;
}

/* Two members that could not reach each other may have given the same away: the mobile whose NAI comes first keeps it, the other one
 * gets another when it asks again. So it is on every member, whichever record came first. */
static void contend(struct ha *h, struct ha_mobile *m, const struct addr6 *hoa)
{
	struct ha_mobile *owner = table_find(&h->mobiles.by_hoa, hoa);

	if (owner && (!is_in_pool(h, hoa) || !table_find(&h->leases, owner->nai) || strcmp(owner->nai, m->nai) <= 0))
		return;
	if (owner) {
		(void)table_del(&h->mobiles.by_hoa, hoa);
		owner->hoa = addr6_any;
	}
	(void)own(h, m, hoa);
}

int ha4_pool_put(struct ha *h, const struct ha4_lease *l)
{
	struct ha_mobile *m = table_find(&h->mobiles.by_nai, l->nai);
	struct ha4_lease *mine = table_find(&h->leases, l->nai);

	if (!is_in_pool(h, &l->hoa) || !ha4_is_host_address(h, &l->hoa))
		return ERR_INVAL;
	if (mine && addr6_eq(&mine->hoa, &l->hoa))
		return ERR_OK;
	if (m && mine && addr6_eq(&m->hoa, &mine->hoa)) {
		(void)table_del(&h->mobiles.by_hoa, &m->hoa);
		m->hoa = addr6_any;
	}
	int err = mine ? ERR_OK : ha4_pool_add(h, l->nai, &l->hoa);
	if (err)
		return err;
	if (mine)
		mine->hoa = l->hoa;
	if (m && addr6_is_any(&m->hoa))
		contend(h, m, &l->hoa);
	return ERR_OK;
}

void ha4_pool_apply(struct ha *h)
{
	struct ha4_lease *l;

	for (uint64_t it = 0; (l = table_next(&h->leases, &it));) {
		struct ha_mobile *m = table_find(&h->mobiles.by_nai, l->nai);
		if (m && addr6_is_any(&m->hoa) && is_in_pool(h, &l->hoa) && ha4_is_host_address(h, &l->hoa) && !table_find(&h->mobiles.by_hoa, &l->hoa))
			(void)own(h, m, &l->hoa);
	}
}

void ha4_pool_fini(struct ha *h)
{
	struct ha4_lease *l;

	for (uint64_t it = 0; (l = table_next(&h->leases, &it));)
		mem_put(h->env.mem, l);
	table_fini(&h->leases);
}
