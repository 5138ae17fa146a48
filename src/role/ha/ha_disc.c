/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which home agents there are (RFC 6275 10.5): a mobile asks from afar, at the anycast address that all
 * home agents of its home prefix share.
 *
 * Other home agents of a link are known by their advertisements (H flag): link-local address, preference, lifetime,
 * and the global addresses of prefixes with the R flag. A request is answered with all of the link whose prefix was asked, ourselves included, the most
 * preferred first, those of equal preference in random order, and as many as one packet of the smallest MTU holds. A
 * mobile router gets those that serve mobile routers (RFC 3963 7); if there are none, the others.
 */
#include "base/err.h"
#include "role/ha/ha_i.h"
#include "wire/mip6/ha_icmp.h"

enum { PACKET_MAX = 1280, ANYCAST_HOME_AGENTS = 0x7e };

struct addr6 ha_anycast(const struct prefix6 *p)
{
	struct addr6 id;

	memset(&id, 0xff, sizeof id);
	if (p->len_bits == 64)
		id.b[8] = 0xfd; /* as an EUI-64 identifier: universal bit clear (RFC 2526 2) */
	id.b[15] = 0x80 | ANYCAST_HOME_AGENTS;
	return prefix6_join(p, &id);
}

static bool is_live(const struct ha_peer *p, struct now now) { return !mono_reached(p->until, now.mono); }

static struct ha_peer *peer_find(struct ha *h, const struct ha_link *l, const struct addr6 *lladdr, struct now now)
{
	for (uint32_t i = 0; i < HA_PEER_MAX; i++)
		if (is_live(&h->peer[i], now) && h->peer[i].link == l && addr6_eq(&h->peer[i].lladdr, lladdr))
			return &h->peer[i];
	return NULL;
}

/* A free entry, or the least preferred one where the newcomer is preferred to it. */
static struct ha_peer *peer_slot(struct ha *h, uint16_t preference, struct now now)
{
	struct ha_peer *least = &h->peer[0];

	for (uint32_t i = 0; i < HA_PEER_MAX; i++) {
		if (!is_live(&h->peer[i], now))
			return &h->peer[i];
		if (h->peer[i].preference < least->preference)
			least = &h->peer[i];
	}
	return least->preference < preference ? least : NULL;
}

static void learn_addr(struct ha_peer *p, const struct nd_prefix *from, struct now now)
{
	struct ha_peer_addr *slot = NULL;
	span_t valid = span_s(from->valid_s);

	for (uint32_t i = 0; i < HA_PEER_ADDR_MAX; i++) {
		struct ha_peer_addr *a = &p->addr[i];
		if (addr6_eq(&a->addr, &from->addr)) {
			slot = a;
			break;
		}
		if (!slot && mono_reached(a->until, now.mono))
			slot = a;
	}
	if (slot)
		*slot = (struct ha_peer_addr){from->addr, mono_add(now.mono, valid)};
}

/* RFC 6275 10.5.1, step by step. */
static void learn(struct ha *h, const struct ha_link *l, const struct addr6 *src, const struct nd_ra *ra, struct now now)
{
	uint16_t preference = ra->has_ha_info ? ra->ha_preference : 0;
	uint32_t life_s = ra->has_ha_info ? ra->ha_lifetime_s : ra->lifetime_s;
	struct ha_peer *p = peer_find(h, l, src, now);

	if (!ra->is_home_agent || life_s == 0) {
		if (p)
			p->until = now.mono;
		return;
	}
	if (!p) {
		p = peer_slot(h, preference, now);
		if (!p)
			return;
		*p = (struct ha_peer){.link = l, .lladdr = *src};
	}
	p->until = mono_add(now.mono, span_s(life_s));
	p->preference = preference;
	p->takes_routers = ra->has_ha_info && ra->ha_takes_routers;
	for (uint32_t i = 0; i < ra->n_prefix; i++)
		if (ra->prefix[i].is_router_addr && addr6_is_routable(&ra->prefix[i].addr))
			learn_addr(p, &ra->prefix[i], now);
}

bool ha_rx_ra(struct ha *h, const struct rx *rx, struct now now)
{
	struct nd_packet p;

	const struct ha_link *l = ha_link_at(h, rx->ifindex);
	if (!l)
		return false;
	if (lladdr_eq(&rx->lladdr_src, &l->lladdr))
		return true;
	if (nd_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK || p.type != IC6_RA) {
		reason_count(&h->env, R_ND_INVALID);
		return true;
	}
	learn(h, l, &p.src, &p.ra, now);
	ha_prefix_learn(h, l, &p.ra, now);
	return true;
}

/* Equal preferences stand in random order, a new one each time (10.5.1). */
struct rank { const struct addr6 *addr; uint64_t key; };

static uint32_t put_rank(struct ha *h, struct rank *list, uint32_t n, const struct addr6 *a, uint16_t preference)
{
	struct rank r = {a, (uint64_t)preference << 32 | rng_u32(h->env.rng)};
	uint32_t i = n;

	if (n == HA_REPLY_MAX && r.key <= list[n - 1].key)
		return n;
	if (n == HA_REPLY_MAX)
		i = --n;
	for (; i > 0 && list[i - 1].key < r.key; i--)
		list[i] = list[i - 1];
	list[i] = r;
	return n + 1;
}

static uint32_t rank_peer(struct ha *h, struct rank *list, uint32_t n, const struct ha_peer *p, struct now now)
{
	for (uint32_t i = 0; i < HA_PEER_ADDR_MAX; i++)
		if (!mono_reached(p->addr[i].until, now.mono))
			n = put_rank(h, list, n, &p->addr[i].addr, p->preference);
	return n;
}

/* Those of a link, and ourselves. must_take_routers: only those that serve mobile routers. */
static uint32_t rank_all(struct ha *h, const struct ha_link *l, struct rank *list, bool must_take_routers, struct now now)
{
	uint32_t n = 0;

	if (!must_take_routers || ha_takes_routers(h))
		n = put_rank(h, list, n, &h->conf.address, (uint16_t)h->conf.preference);
	for (uint32_t i = 0; i < HA_PEER_MAX; i++)
		if (is_live(&h->peer[i], now) && h->peer[i].link == l && (!must_take_routers || h->peer[i].takes_routers))
			n = rank_peer(h, list, n, &h->peer[i], now);
	return n;
}

static void list_agents(struct ha *h, const struct ha_link *l, bool is_router, struct ha_icmp *reply, struct now now)
{
	struct rank list[HA_REPLY_MAX];
	uint32_t n = is_router ? rank_all(h, l, list, true, now) : 0;

	reply->is_mobile_router = n > 0;
	if (n == 0)
		n = rank_all(h, l, list, false, now);
	reply->n_agent = n;
	for (uint32_t i = 0; i < n; i++)
		reply->agent[i] = *list[i].addr;
}

static bool is_anycast(const struct ha *h, const struct addr6 *a)
{
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++) {
		struct addr6 any = ha_anycast(&h->conf.home_prefix[i]);
		if (addr6_eq(a, &any))
			return true;
	}
	return false;
}

static void on_request(struct ha *h, const struct ha_icmp_packet *p, struct now now)
{
	uint8_t pkt[PACKET_MAX];
	struct ha_icmp reply = {.type = IC6_HA_REPLY, .id = p->msg.id};

	if (!addr6_is_routable(&p->src) || !ha_may_answer(h, &p->src, now))
		return;
	list_agents(h, ha_link_of(h, &p->dst), p->msg.is_mobile_router, &reply, now);
	size_t n = ha_icmp_packet_build(pkt, sizeof pkt, &h->conf.address, &p->src, NULL, NULL, &reply);
	if (n)
		fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

bool ha_rx_icmp(struct ha *h, const struct rx *rx, struct now now)
{
	struct ha_icmp_packet p;
	struct ip6_walk w = {0};

	(void)ip6_walk(rx->pkt, rx->len_oct, &w); /* for the destination, also of what does not parse */
	if (!addr6_eq(&w.ip.dst, &h->conf.address) && !is_anycast(h, &w.ip.dst))
		return false;
	enum wire_err err = ha_icmp_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err != W_OK)
		reason_count(&h->env, reason_of_wire(err));
	else if (p.msg.type == IC6_HA_REQUEST)
		on_request(h, &p, now);
	else if (p.msg.type == IC6_MPS)
		ha_prefix_solicited(h, &p, now);
	else
		reason_count(&h->env, R_MSG_NOT_HERE);
	return true;
}

void ha_agents_show(const struct ha *h, struct show *out, struct now now)
{
	for (uint32_t i = 0; i < HA_PEER_MAX; i++) {
		const struct ha_peer *p = &h->peer[i];
		if (!is_live(p, now))
			continue;
		for (uint32_t j = 0; j < HA_PEER_ADDR_MAX; j++) {
			if (mono_reached(p->addr[j].until, now.mono))
				continue;
			show_begin(out, "home-agent");
			show_str(out, "role", "ha");
			show_addr6(out, "link_local", &p->lladdr);
			show_addr6(out, "address", &p->addr[j].addr);
			show_u64(out, "preference", p->preference);
			show_flag(out, "mobile_routers", p->takes_routers);
			show_i64(out, "remaining_s", span_to_s(mono_sub(p->until, now.mono)));
			show_end(out);
		}
	}
}
