/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which home agent: the configured one, or one that the home link names when asked from afar (RFC 6275 11.4.1).
 *
 * The request goes to the anycast address that the home agents of the home prefix share (RFC 2526), the reply is a list, and
 * its agents are tried in its order: the next one when one does not answer or refuses. At the end of the list the
 * home link is asked anew, while the last one goes on being tried. The reply is not authenticated and need not be:
 * whoever does not have our key gets no further than one unanswered update.
 */
#include "role/mn/state.h"
#include "wire/mip6/ha_icmp.h"

enum { ANYCAST_HOME_AGENTS = 0x7e, RETRIES = 4, FIRST_S = 3, TRIES_MAX = 3, AGAIN_S = 60 };

bool mn_agent_is_known(const struct mn *mn) { return !addr6_is_any(&mn->peer[0].addr); }

static bool is_discovered(const struct mn *mn) { return addr6_is_any(&mn->conf.home_agent); }

/* RFC 2526 2: the highest interface identifiers are reserved, 0x7e is Mobile IPv6's. */
static struct addr6 anycast(const struct prefix6 *p)
{
	struct addr6 id;
	memset(&id, 0xff, sizeof id);
	if (p->len_bits == 64)
		id.b[8] = 0xfd; /* an EUI-64 identifier: universal bit clear */
	id.b[15] = 0x80 | ANYCAST_HOME_AGENTS;
	return prefix6_join(p, &id);
}

static void request(struct mn *mn, struct now now)
{
	struct mn_agents *a = &mn->agents;
	const struct mn_if *ifc = mn->active;
	struct ha_icmp msg = {.type = IC6_HA_REQUEST, .id = a->id, .is_mobile_router = mn_net_is_router(mn)};
	struct addr6 dst = anycast(&mn->conf.home_prefix);
	uint8_t buf[128];
	a->tries++;
	mn_arm(mn, &a->t_ask, MN_T_AGENTS, mono_add(now.mono, a->wait));
	a->wait = span_ns(a->wait.ns * 2);
	if (!ifc || !ifc->router)
		return;
	const struct addr6 *src = mn->place == MOVE_HOME ? &mn->conf.home_address : &ifc->coa;
	size_t n = ha_icmp_packet_build(buf, sizeof buf, src, &dst, NULL, NULL, &msg);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, &ifc->router->lladdr, buf, n);
}

void mn_agent_discover(struct mn *mn, struct now now)
{
	struct mn_agents *a = &mn->agents;
	a->is_asking = true;
	a->id = (uint16_t)rng_u32(mn->env.rng);
	a->tries = 0;
	a->wait = span_s(FIRST_S);
	request(mn, now);
}

void mn_agent_on_timer(struct mn *mn, struct now now)
{
	struct mn_agents *a = &mn->agents;
	if (!a->is_asking || a->tries <= RETRIES) {
		if (a->is_asking)
			request(mn, now);
		else
			mn_agent_discover(mn, now);
		return;
	}
	a->is_asking = false;
	mn_say(mn, EV_WARNING, "mn-no-home-agent", "mn: no home agent of %s answers, asking again in %d s",
	       PREFIX6_STR(&mn->conf.home_prefix), AGAIN_S);
	mn_arm(mn, &a->t_ask, MN_T_AGENTS, mono_add(now.mono, span_s(AGAIN_S)));
}

/* A home agent known already keeps what it granted. */
static void use(struct mn *mn, const struct addr6 *addr, struct now now)
{
	struct mn_peer *ha = mn_ha(mn);
	bool is_new = !addr6_eq(&ha->addr, addr);
	if (is_new) {
		struct stamper clock = ha->reg.stamper;
		reg_init(&ha->reg, &ha->reg.conf, ha->reg.seq);
		ha->reg.stamper = clock;
		ha->addr = *addr;
		ha->is_uncertain = false;
		ha->n_sent = 0;
		mn_say(mn, EV_NOTICE, "mn-home-agent", "mn: home agent %s", ADDR6_STR(addr));
	}
	mn_place_again(mn, is_new, now);
}

bool mn_agent_next(struct mn *mn, struct now now)
{
	struct mn_agents *a = &mn->agents;
	if (!is_discovered(mn))
		return false;
	if (a->next < a->n) {
		use(mn, &a->addr[a->next++], now);
		return true;
	}
	if (!timer_is_set(&a->t_ask)) /* neither asking nor waiting to ask again */
		mn_agent_discover(mn, now);
	return false;
}

void mn_agent_on_unanswered(struct mn *mn, struct now now)
{
	const struct reg *r = &mn_ha(mn)->reg;
	if (r->ask_s && r->tries >= TRIES_MAX && !mono_is_never(r->resend_at))
		(void)mn_agent_next(mn, now);
}

static bool is_expected(const struct mn *mn, const struct ha_icmp_packet *p)
{
	return mn->agents.is_asking && p->msg.id == mn->agents.id && addr6_is_routable(&p->src);
}

bool mn_agent_rx(struct mn *mn, const struct rx *rx, struct now now)
{
	struct mn_agents *a = &mn->agents;
	struct ha_icmp_packet p;
	struct ip6_walk w = {0};
	(void)ip6_walk(rx->pkt, rx->len_oct, &w); /* for the destination, also of what does not parse */
	if (!mn_path_is_ours(mn, &w.ip.dst))
		return false;
	enum wire_err err = ha_icmp_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err != W_OK) {
		reason_count(&mn->env, reason_of_wire(err));
		return true;
	}
	if (p.msg.type == IC6_MPA) {
		mn_prefix_on_advert(mn, &p, now);
		return true;
	}
	if (p.msg.type != IC6_HA_REPLY)
		return false;
	if (!is_expected(mn, &p)) {
		reason_count(&mn->env, R_HA_REPLY_UNEXPECTED);
		return true;
	}
	a->is_asking = false;
	a->n = a->next = 0;
	mn_arm(mn, &a->t_ask, MN_T_AGENTS, MONO_NEVER);
	for (uint32_t i = 0; i < p.msg.n_agent && a->n < MN_AGENT_MAX; i++)
		if (addr6_is_routable(&p.msg.agent[i]))
			a->addr[a->n++] = p.msg.agent[i];
	if (!a->n) /* it names none: then it is itself the one (RFC 6275 10.5) */
		a->addr[a->n++] = p.src;
	(void)mn_agent_next(mn, now);
	return true;
}
