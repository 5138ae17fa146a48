/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a mobile asks from afar before and besides registration: which home agents there are (RFC 6275 10.5), and what
 * prefixes the home link has (10.6, on solicitation).
 *
 * Other home agents of the link are known by their advertisements (H flag): link-local address, preference, lifetime,
 * and the global addresses of prefixes with the R flag. Requests to the home agents' anycast address of
 * each home prefix (RFC 2526) are answered with all of them, ourselves included, the most preferred first.
 * Prefix advertisements that nobody asked for (10.6.2's schedule) are left out: the prefixes are configured and do not change.
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

static struct ha_peer *peer_of(struct ha *h, const struct addr6 *lladdr, struct now now)
{
	struct ha_peer *free = NULL;

	for (uint32_t i = 0; i < HA_PEER_MAX; i++) {
		struct ha_peer *p = &h->peer[i];
		bool is_live = !mono_reached(p->until, now.mono);
		if (is_live && addr6_eq(&p->lladdr, lladdr))
			return p;
		if (!is_live && !free)
			free = p;
	}
	return free;
}

static void learn(struct ha *h, const struct addr6 *src, const struct nd_ra *ra, struct now now)
{
	uint32_t life_s = ra->has_ha_info ? ra->ha_lifetime_s : ra->lifetime_s;
	struct ha_peer *p = peer_of(h, src, now);

	if (!p)
		return; /* more than HA_PEER_MAX: those that came first */
	*p = (struct ha_peer){.lladdr = *src, .until = mono_add(now.mono, span_s(ra->is_home_agent ? life_s : 0)),
			      .preference = ra->has_ha_info ? ra->ha_preference : 0};
	for (uint32_t i = 0; i < ra->n_prefix && p->n_addr < HA_PEER_ADDR_MAX; i++)
		if (ra->prefix[i].is_router_addr && addr6_is_routable(&ra->prefix[i].addr))
			p->addr[p->n_addr++] = ra->prefix[i].addr;
}

bool ha_rx_ra(struct ha *h, const struct rx *rx, struct now now)
{
	struct nd_packet p;

	if (!ha_has_home_link(h) || rx->ifindex != h->home.ifindex)
		return false;
	if (lladdr_eq(&rx->lladdr_src, &h->home.lladdr))
		return true;
	if (nd_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK || p.type != IC6_RA)
		reason_count(&h->env, R_ND_INVALID);
	else
		learn(h, &p.src, &p.ra, now);
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

static void list_agents(struct ha *h, struct ha_icmp *reply, struct now now)
{
	struct rank list[HA_REPLY_MAX];
	uint32_t n = put_rank(h, list, 0, &h->conf.address, (uint16_t)h->conf.preference);

	for (uint32_t i = 0; i < HA_PEER_MAX; i++)
		for (uint32_t j = 0; j < h->peer[i].n_addr && !mono_reached(h->peer[i].until, now.mono); j++)
			n = put_rank(h, list, n, &h->peer[i].addr[j], h->peer[i].preference);
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

static void answer(struct ha *h, const struct ha_icmp_packet *p, const struct addr6 *rh2, const struct ha_icmp *msg, struct now now)
{
	uint8_t pkt[PACKET_MAX];

	if (!addr6_is_routable(&p->src) || !ha_may_answer(h, &p->src, now))
		return;
	size_t n = ha_icmp_packet_build(pkt, sizeof pkt, &h->conf.address, &p->src, NULL, rh2, msg);
	if (n)
		fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

static void on_request(struct ha *h, const struct ha_icmp_packet *p, struct now now)
{
	struct ha_icmp reply = {.type = IC6_HA_REPLY, .id = p->msg.id};

	list_agents(h, &reply, now);
	answer(h, p, NULL, &reply, now);
}

/* The prefix that our own address is of carries it whole (RFC 6275 7.2). */
static struct nd_prefix advertised(const struct ha *h, const struct prefix6 *p)
{
	bool is_ours = prefix6_contains(p, &h->conf.address);

	return (struct nd_prefix){
		.addr = is_ours ? h->conf.address : p->addr, .len_bits = p->len_bits, .is_router_addr = is_ours,
		.is_onlink = ha_has_home_link(h), .is_auto = p->len_bits == 64,
		.valid_s = (uint32_t)span_to_s(h->conf.prefix_valid), .preferred_s = (uint32_t)span_to_s(h->conf.prefix_preferred),
	};
}

static void on_prefix_solicitation(struct ha *h, const struct ha_icmp_packet *p, struct now now)
{
	struct ha_icmp adv = {.type = IC6_MPA, .id = p->msg.id};
	const struct binding *b = binding_find(&h->bindings, &p->peer);

	if (!p->has_hao || !ha_is_active(b) || !addr6_eq(&b->coa, &p->src)) {
		reason_count(&h->env, R_HAO_UNKNOWN);
		if (p->has_hao)
			ha_binding_error(h, &p->src, BE_UNKNOWN_BINDING, &p->peer, now);
		return;
	}
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		adv.prefix[adv.n_prefix++] = advertised(h, &h->conf.home_prefix[i]);
	answer(h, p, &p->peer, &adv, now);
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
		on_prefix_solicitation(h, &p, now);
	else
		reason_count(&h->env, R_MSG_NOT_HERE);
	return true;
}
