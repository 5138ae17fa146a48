/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/motion/move4.h"

enum { MAPPED_BITS = 96 };

const char *move4_place_str(enum move4_place p)
{
	switch (p) {
	case MOVE4_HOME: return "home";
	case MOVE4_SITE: return "site";
	case MOVE4_AGENT: return "foreign-agent";
	case MOVE4_COLOCATED: return "co-located";
	}
	return "?";
}

mono_t move4_lost_at(mono_t heard, const struct adv4 *a) { return mono_add(heard, span_s(a->lifetime_s)); }

mono_t move4_overdue(mono_t heard, const struct adv4 *a, uint32_t missed)
{
	int64_t interval_ns = (int64_t)a->lifetime_s * NS_PER_S / 3;
	mono_t lost = move4_lost_at(heard, a), due = mono_add(heard, span_ns(interval_ns * (int64_t)missed));
	return mono_min(lost, due);
}

static struct prefix6 prefix_of(const struct adv4_router *r)
{
	struct prefix6 p = {r->addr, (uint8_t)(MAPPED_BITS + r->len_bits)};
	p.addr = prefix6_join(&p, &(struct addr6){{0}});
	return p;
}

/* A length of 0 says nothing about the link. */
static bool tells_prefix(const struct adv4 *a) { return a->has_prefix_len && a->n_router && a->router[0].len_bits; }

enum move4_subnet move4_subnet_of(const struct prefix6 *cur, const struct adv4 *next)
{
	if (cur->len_bits <= MAPPED_BITS || !tells_prefix(next))
		return MOVE4_UNKNOWN;
	for (uint32_t i = 0; i < next->n_router; i++) {
		struct prefix6 p = prefix_of(&next->router[i]);
		if (prefix6_eq(&p, cur))
			return MOVE4_SAME;
	}
	return MOVE4_OTHER;
}

enum move4_subnet move4_subnet(const struct adv4 *cur, const struct adv4 *next)
{
	if (!tells_prefix(cur))
		return MOVE4_UNKNOWN;
	enum move4_subnet s = MOVE4_UNKNOWN;
	for (uint32_t i = 0; i < cur->n_router && s != MOVE4_SAME; i++) {
		struct prefix6 p = prefix_of(&cur->router[i]);
		s = move4_subnet_of(&p, next);
	}
	return s;
}

static bool is_of_home(const struct adv4_router *r, bool tells_len, const struct prefix6 *home)
{
	return prefix6_contains(home, &r->addr) && (!tells_len || MAPPED_BITS + r->len_bits == home->len_bits);
}

bool move4_is_home(const struct adv4_packet *p, const struct addr6 *ha, const struct prefix6 *home)
{
	const struct adv4 *a = &p->adv;
	bool is_agent = a->is_agent && (a->flags & ADV4_H);
	if (is_agent && !addr6_is_none(ha) && addr6_eq(&p->src, ha))
		return true;
	for (uint32_t i = 0; i < a->n_router; i++) {
		const struct adv4_router *r = &a->router[i];
		if (is_agent && !addr6_is_none(ha) && addr6_eq(&r->addr, ha))
			return true;
		if ((is_agent || a->has_prefix_len) && is_of_home(r, a->has_prefix_len, home))
			return true;
	}
	return false;
}
