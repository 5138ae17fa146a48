/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own gateway: it believes to be at home, so whatever it looks for on its link is found here.
 *
 * All that a guest asks for by ARP or neighbour discovery, except itself, we answer: its router, and hosts of its home network, which are
 * as far from here as everything else. There is no list of such addresses, for the guest itself knows best what it takes for near. A
 * probe for duplicates (from no address) is not answered: its address is its own.
 *
 * The answer is the same link-layer address everywhere (by default that of RFC 6543, reserved for this), and routers' advertisements
 * come from the same link-local address, so that nothing changes for the guest when it goes from agent to agent. Only when
 * it comes from home does it know another one: the gateway of its record is announced to it, by unicast to it alone.
 * (doc/decisions/gateway-everywhere.md)
 */
#include "role/fa/fa_i.h"
#include "wire/arp/arp.h"
#include "wire/nd/nd.h"

enum { PACKET_MAX = 256, ROUTER_LIFETIME_S = 1800, PREFIX_VALID_S = 86400, PREFIX_PREFERRED_S = 14400, PREFIX_BITS = 64 };

struct lladdr fa_gate_lladdr(const struct fa *fa, const struct fa_if *f)
{
	return lladdr_is_zero(&fa->conf.guests.gate) ? f->lladdr : fa->conf.guests.gate;
}

static bool has(const struct addr6 *a) { return !addr6_is_none(a); }

/* The guest that this frame came from; NULL: a stranger's. */
static const struct guest *guest_of(const struct fa *fa, const struct fa_if *f, const struct lladdr *from)
{
	const struct station *s = fa_hear_find(fa, f->ifindex, from);
	return s && s->guest && s->guest->at == s ? s->guest : NULL;
}

/* --- ARP ------------------------------------------------------------------------------------------------- */

static void send_arp(struct fa *fa, const struct fa_if *f, const struct lladdr *to, const struct arp *a)
{
	uint8_t buf[ARP_OCT];
	size_t n = arp_build(buf, sizeof buf, a);
	fx_send_arp(fa->env->fx, ROLE_FA, f->ifindex, to, buf, n);
}

void fa_gate_arp(struct fa *fa, struct fa_if *f, const struct rx *rx)
{
	struct arp a;
	if (arp_parse(rx->pkt, rx->len_oct, &a) != W_OK)
		return;
	const struct guest *g = guest_of(fa, f, lladdr_is_zero(&rx->lladdr_src) ? &a.sender_ll : &rx->lladdr_src);
	if (!g || a.op != ARP_REQUEST || !fa_guest_has(g, &a.sender) || fa_guest_has(g, &a.target))
		return;
	struct lladdr gate = fa_gate_lladdr(fa, f);
	struct arp answer = arp_reply(&gate, &a);
	send_arp(fa, f, &g->at->key.lladdr, &answer);
}

/* Some stacks learn from requests, others from answers. */
static void announce4(struct fa *fa, const struct fa_if *f, const struct guest *g, const struct addr6 *gateway)
{
	struct lladdr gate = fa_gate_lladdr(fa, f);
	struct arp request = arp_gratuitous(&gate, gateway, ARP_REQUEST);
	struct arp reply = {.op = ARP_REPLY, .sender_ll = gate, .sender = *gateway, .target_ll = g->at->key.lladdr, .target = g->rec.home4};
	send_arp(fa, f, &g->at->key.lladdr, &request);
	send_arp(fa, f, &g->at->key.lladdr, &reply);
}

/* --- neighbour discovery --------------------------------------------------------------------------------- */

static void send_na(struct fa *fa, const struct fa_if *f, const struct guest *g, const struct addr6 *target, const struct addr6 *dst, bool is_solicited)
{
	uint8_t pkt[PACKET_MAX];
	struct nd_na na = {.target = *target, .is_router = true, .is_solicited = is_solicited, .is_override = true, .has_tlla = true,
			   .tlla = fa_gate_lladdr(fa, f)};
	size_t n = na_packet_build(pkt, sizeof pkt, &fa->conf.guests.gate_ll, dst, &na);
	fx_send(fa->env->fx, ROLE_FA, f->ifindex, &g->at->key.lladdr, pkt, n);
}

static struct addr6 linklocal_of(const struct guest *g) { return addr6_linklocal(&g->at->key.lladdr); }

/* The address that it has by RFC 4862 from its link-layer address: then it lives by advertisements. */
static bool is_autoconfigured(const struct guest *g)
{
	struct addr6 ll = linklocal_of(g);
	return memcmp(ll.b + 8, g->rec.home6.b + 8, 8) == 0;
}

static struct addr6 prefix_of(const struct guest *g, uint8_t *len_bits)
{
	*len_bits = g->rec.home6_plen_bits ? g->rec.home6_plen_bits : PREFIX_BITS;
	const struct prefix6 p = {g->rec.home6, *len_bits};
	return prefix6_join(&p, &addr6_any);
}

/* To the guest alone. Its prefix is its home network's; with the autonomous flag only for who made his address of one already. */
void fa_gate_advertise(struct fa *fa, const struct guest *g)
{
	uint8_t pkt[PACKET_MAX];
	const struct fa_if *f = fa_if_at(fa, g->at->key.ifindex);
	if (!f || !fa->conf.guests.advertises || !has(&g->rec.home6))
		return;
	struct nd_ra ra = {.hop_limit = 64, .lifetime_s = ROUTER_LIFETIME_S, .has_slla = true, .slla = fa_gate_lladdr(fa, f), .n_prefix = 1};
	ra.prefix[0] = (struct nd_prefix){.is_onlink = true, .is_auto = fa->conf.guests.is_autonomous || is_autoconfigured(g),
					  .valid_s = PREFIX_VALID_S, .preferred_s = PREFIX_PREFERRED_S};
	ra.prefix[0].addr = prefix_of(g, &ra.prefix[0].len_bits);
	size_t n = ra_packet_build(pkt, sizeof pkt, &fa->conf.guests.gate_ll, &g->rec.home6, &ra);
	fx_send(fa->env->fx, ROLE_FA, f->ifindex, &g->at->key.lladdr, pkt, n);
}

static void on_solicitation(struct fa *fa, struct fa_if *f, const struct guest *g, const struct nd_packet *p)
{
	struct addr6 own = linklocal_of(g);
	if (addr6_is_any(&p->src) || fa_guest_has(g, &p->ns.target) || addr6_eq(&p->ns.target, &own) || addr6_eq(&p->ns.target, &p->src))
		return;
	send_na(fa, f, g, &p->ns.target, &p->src, true);
}

bool fa_gate_nd(struct fa *fa, struct fa_if *f, const struct rx *rx)
{
	struct nd_packet p;
	const struct guest *g = guest_of(fa, f, &rx->lladdr_src);
	if (!g)
		return false;
	enum wire_err e = nd_packet_parse(rx->pkt, rx->len_oct, &p);
	if (e == W_PROTO || e == W_TYPE)
		return false;
	if (e != W_OK)
		reason_count(fa->env, R_ND_INVALID);
	else if (p.type == IC6_RS)
		fa_gate_advertise(fa, g);
	else if (p.type == IC6_NS)
		on_solicitation(fa, f, g, &p);
	return true;
}

/* --- arrival --------------------------------------------------------------------------------------------- */

static void announce(struct fa *fa, const struct fa_if *f, const struct guest *g, const struct addr6 *gateway)
{
	if (!has(gateway))
		return;
	if (!addr6_is_v4mapped(gateway) && has(&g->rec.home6))
		send_na(fa, f, g, gateway, &g->rec.home6, false);
	else if (addr6_is_v4mapped(gateway) && has(&g->rec.home4))
		announce4(fa, f, g, gateway);
}

/* Often the home agent is the router of its link: then it is what the mobile knows. A stack that does not know an address does not learn it. */
void fa_gate_welcome(struct fa *fa, const struct guest *g)
{
	const struct guests_conf *c = &fa->conf.guests;
	const struct fa_if *f = fa_if_at(fa, g->at->key.ifindex);
	if (!f)
		return;
	announce(fa, f, g, has(&g->rec.gateway6) ? &g->rec.gateway6 : &g->rec.source6);
	announce(fa, f, g, has(&g->rec.gateway4) ? &g->rec.gateway4 : &g->rec.source4);
	for (uint32_t i = 0; i < c->n_gateway; i++)
		announce(fa, f, g, &c->gateway[i]);
	fa_gate_advertise(fa, g);
}
