// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/ifset.h"

#include "base/err.h"

uint32_t ifset_slot(const struct ifset *s, uint32_t ifindex)
{
	for (uint32_t i = 1; i < IF_SLOTS; i++)
		if (s->slot[i].is_used && s->slot[i].val.ifindex == ifindex)
			return i;
	return 0;
}

/* Where the programs look first, if that is free. */
static uint32_t free_slot(const struct ifset *s, uint32_t ifindex)
{
	uint32_t at = ifindex % IF_SLOTS;
	if (at && !s->slot[at].is_used)
		return at;
	for (uint32_t i = 1; i < IF_SLOTS; i++)
		if (!s->slot[i].is_used)
			return i;
	return 0;
}

static void merge_flags(struct ifset_if *f)
{
	f->val.flags = 0;
	for (uint32_t i = 0; i < OWNERS; i++)
		f->val.flags |= f->flags[i];
}

/* What an owner filters: a family of which it gives a prefix or an agent. The other's packets are left alone. */
static uint32_t filtered(const struct dp_if *e)
{
	bool has6 = !addr6_is_any(&e->mma), has4 = !addr6_is_none(&e->mma4);
	for (uint32_t i = 0; i < e->n_prefix; i++) {
		bool is4 = addr6_is_v4mapped(&e->prefix[i].addr);
		has4 |= is4;
		has6 |= !is4;
	}
	return (has6 || !has4 ? (uint32_t)DP_IF_FILTER : 0) | (has4 ? (uint32_t)IF_FILTER4 : 0);
}

static bool is_others(const struct ifset_if *f, uint32_t owner, uint32_t flag)
{
	for (uint32_t i = 0; i < OWNERS; i++)
		if (i != owner && f->flags[i] & flag)
			return true;
	return false;
}

/* Two roles may filter a link, as a rule a family each. What they give of the same family is the last one's, what only one gives stays. */
static void put_filter(struct ifset_if *f, const struct dp_if *e, uint32_t owner)
{
	struct m_if *v = &f->val;
	uint32_t has = filtered(e), n6 = 0, n4 = 0;
	struct m_prefix all;
	f->flags[owner] = (e->flags & ~(uint32_t)DP_IF_FILTER) | has;
	for (uint32_t i = 0; i < e->n_prefix; i++) {
		all = entry_prefix(&e->prefix[i]);
		if (addr6_is_v4mapped(&e->prefix[i].addr))
			v->prefix4[n4++] = (struct m_prefix4){all.net.w[3], all.mask.w[3]};
		else
			v->prefix[n6++] = all;
	}
	if (has & DP_IF_FILTER) {
		bool is_alone = !is_others(f, owner, DP_IF_FILTER);
		v->n_prefix = n6 || is_alone ? n6 : v->n_prefix;
		v->mma = !addr6_is_any(&e->mma) || is_alone ? a6_of(&e->mma) : v->mma;
	}
	if (has & IF_FILTER4) {
		bool is_alone = !is_others(f, owner, IF_FILTER4);
		v->n_prefix4 = (uint16_t)(n4 || is_alone ? n4 : v->n_prefix4);
		v->mma4 = !addr6_is_none(&e->mma4) || is_alone ? a6_of(&e->mma4).w[3] : v->mma4;
	}
}

uint32_t ifset_put(struct ifset *s, const struct dp_if *e, uint32_t owner, bool *is_new)
{
	uint32_t at = ifset_slot(s, e->ifindex);
	*is_new = at == 0;
	if (!at)
		at = free_slot(s, e->ifindex);
	if (!at)
		return 0;
	struct ifset_if *f = &s->slot[at];
	f->is_used = true;
	f->owned |= (uint16_t)(1u << (owner % OWNERS));
	f->flags[owner % OWNERS] = e->flags;
	f->val.ifindex = e->ifindex;
	f->val.mtu_oct = e->mtu_oct;
	f->val.mac = mac_of(&e->lladdr);
	if (e->flags & DP_IF_GATE)
		f->val.gate = mac_of(&e->gate);
	if (e->flags & DP_IF_FILTER)
		put_filter(f, e, owner % OWNERS);
	merge_flags(f);
	return at;
}

uint32_t ifset_del(struct ifset *s, uint32_t ifindex, uint32_t owner, bool *is_gone)
{
	uint32_t at = ifset_slot(s, ifindex);
	if (!at)
		return 0;
	struct ifset_if *f = &s->slot[at];
	f->owned &= (uint16_t)~(1u << (owner % OWNERS));
	f->flags[owner % OWNERS] = 0;
	merge_flags(f);
	*is_gone = f->owned == 0;
	if (*is_gone)
		*f = (struct ifset_if){0};
	return at;
}

static struct ifset_local *find_local(struct ifset *s, const struct addr6 *a)
{
	for (uint32_t i = 0; i < s->n_local; i++)
		if (addr6_eq(&s->local[i].addr, a))
			return &s->local[i];
	return NULL;
}

static uint32_t local_flags(const struct ifset_local *l)
{
	uint32_t r = 0;
	for (uint32_t i = 0; i < OWNERS; i++)
		r |= l->flags[i];
	return r;
}

bool ifset_local_put(struct ifset *s, const struct dp_local *e, uint32_t owner, uint32_t *flags)
{
	struct ifset_local *l = find_local(s, &e->addr);
	*flags = e->flags;
	if (!l && s->n_local == sizeof s->local / sizeof *s->local)
		return true;
	if (!l) {
		l = &s->local[s->n_local++];
		*l = (struct ifset_local){.addr = e->addr};
	}
	l->owned |= (uint16_t)(1u << (owner % OWNERS));
	l->flags[owner % OWNERS] = e->flags;
	*flags = local_flags(l);
	return true;
}

bool ifset_local_del(struct ifset *s, const struct dp_local *e, uint32_t owner, uint32_t *flags)
{
	struct ifset_local *l = find_local(s, &e->addr);
	*flags = 0;
	if (!l)
		return false;
	l->owned &= (uint16_t)~(1u << (owner % OWNERS));
	l->flags[owner % OWNERS] = 0;
	*flags = local_flags(l);
	if (l->owned)
		return true;
	*l = s->local[--s->n_local];
	return false;
}

static uint32_t mfc_get(const struct m_mfc *v, uint32_t i) { return v->slots[i / 8] >> i % 8 * 8 & 0xff; }

static bool mfc_has(const struct m_mfc *v, uint32_t slot)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (mfc_get(v, i) == slot)
			return true;
	return false;
}

static void mfc_add(struct m_mfc *v, uint32_t slot)
{
	v->slots[v->n / 8] |= (uint64_t)slot << v->n % 8 * 8;
	v->n++;
}

bool ifset_mfc(struct ifset *s, const struct dp_mfc *e, struct m_mfc *v, uint64_t *fresh)
{
	*v = (struct m_mfc){.iif = e->iif};
	*fresh = 0;
	for (uint32_t i = 0; i < e->n_oif && i < DP_OIF_MAX; i++) {
		uint32_t at = ifset_slot(s, e->oif[i]);
		if (!at) {
			at = free_slot(s, e->oif[i]);
			if (!at)
				return false;
			s->slot[at] = (struct ifset_if){.is_used = true, .val = {.ifindex = e->oif[i]}};
			*fresh |= 1ull << at;
		}
		mfc_add(v, at);
	}
	return true;
}

void ifset_mfc_merge(struct m_mfc *v, const struct m_mfc *old)
{
	for (uint32_t i = 0; i < old->n && v->n < DP_OIF_MAX; i++)
		if (!mfc_has(v, mfc_get(old, i)))
			mfc_add(v, mfc_get(old, i));
}

void ifset_mfc_parse(const struct ifset *s, struct dp_mfc *e, const struct m_mfc *v)
{
	e->n_oif = 0;
	for (uint32_t i = 0; i < v->n && i < DP_OIF_MAX; i++) {
		uint32_t at = mfc_get(v, i);
		if (at < IF_SLOTS && s->slot[at].is_used)
			e->oif[e->n_oif++] = s->slot[at].val.ifindex;
	}
}

int ifset_trust(struct ifset *s, bool is_put, const struct dp_cn_trust *e, struct m_trust *v)
{
	uint32_t i = 0;
	while (i < s->n_trust && !(prefix6_eq(&s->trust[i].home, &e->home) && prefix6_eq(&s->trust[i].coa, &e->coa)))
		i++;
	if (!is_put && i == s->n_trust)
		return ERR_NOTFOUND;
	if (is_put && i == DP_CN_TRUST_MAX)
		return ERR_FULL;
	if (is_put)
		s->trust[i] = *e;
	if (is_put && i == s->n_trust)
		s->n_trust++;
	if (!is_put)
		s->trust[i] = s->trust[--s->n_trust];
	*v = (struct m_trust){.n = s->n_trust};
	for (i = 0; i < s->n_trust; i++) {
		v->pair[i].home = entry_prefix(&s->trust[i].home);
		v->pair[i].coa = entry_prefix(&s->trust[i].coa);
	}
	return 0;
}
