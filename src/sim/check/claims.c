/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/check/claims.h"

#include <stdlib.h>

#include "sim/cast.h"
#include "sim/check/watch.h"
#include "sim/group.h"
#include "sim/net/fwd.h"
#include "sim/net/nat.h"
#include "sim/net/pkt.h"
#include "wire/mip4/mip4.h"
#include "wire/mip6/mh.h"

static const int64_t ANSWER_TIME_NS = 100 * NS_PER_MS;

/* Per receiver and home address: what the present binding names (care-of address or group), and when that was asked for. */
struct accepted { struct accepted *next; const struct node *node; struct addr6 hoa, names; bool is_group; int64_t asked_ns; };

void claims_free(struct sim *s)
{
	for (struct accepted *a; (a = s->watch->accepted);) {
		s->watch->accepted = a->next;
		free(a);
	}
}

/* A mobile known by its NAI asks with 0.0.0.0: the answer tells its home address. */
static bool is_of_home(const struct said *ask, const struct addr6 *hoa)
{
	return addr6_eq(&ask->peer, hoa) || (ask->is_v4 && addr6_is_none(&ask->peer) && addr6_is_v4mapped(hoa));
}

static void learn_home(struct node *n, const struct addr6 *hoa)
{
	if (!addr6_is_none(hoa) && !node_has_home(n, hoa) && n->n_homes < NODE_HOMES_MAX)
		n->home[n->n_homes++] = *hoa;
}

/* The request of this mobile that the answer accepts. */
static bool is_accepted(struct node *n, const struct said *answer)
{
	for (struct said *a = said_accepts(answer) ? n->sim->watch->asked : NULL; a; a = a->next) {
		bool is_from = answer->is_v4 ? a->origin == n->number : addr6_eq(&a->dst, &answer->src);
		if (a->role != ROLE_MN || !said_is_ask(a) || !said_answers(answer, a) || !is_from || !is_of_home(a, &answer->self))
			continue;
		a->acked_ns = n->sim->t_ns;
		a->granted_s = answer->lifetime_s;
		if (answer->is_v4)
			learn_home(n, &answer->self);
		if (addr6_is_none(&a->peer))
			a->peer = answer->self;
		return true;
	}
	return false;
}

static bool can_tell(const struct said *m)
{
	return said_is_answer(m) || (m->is_v4 ? m->type == MIP4_REVOKE : m->type == MH_BE || m->type == MH_BRR);
}

void claims_proc_rx(struct node *n, const struct rx *rx)
{
	struct said *m = n->is_mobile ? said_parse(n->sim, rx->pkt, rx->len_oct) : NULL;
	if (m && can_tell(m) && !is_accepted(n, m))
		n->told_ns = n->sim->t_ns;
	free(m);
}

/* The answer of a site's agent brings the home agent's update: a refresh or a message sent again of the one is not the other's fault. */
static bool follows_answer(const struct node *n, const struct said *m)
{
	for (const struct said *a = n->sim->watch->asked; a; a = a->next)
		if (addr6_eq(&a->peer, &m->peer) && !addr6_eq(&a->dst, &m->dst) && a->acked_ns && n->sim->t_ns - a->acked_ns < ANSWER_TIME_NS)
			return true;
	return false;
}

/* Without an agent of a site every handover is a registration. */
static bool is_plain(const struct said *m)
{
	return addr6_is_none(&m->group) && (m->is_v4 || addr6_eq(&m->coa, &m->src));
}

static bool is_like(const struct said *a, const struct said *m)
{
	return said_is_ask(a) && a->is_v4 == m->is_v4 && a->role == ROLE_MN && addr6_eq(&a->peer, &m->peer) && addr6_eq(&a->dst, &m->dst);
}

/* Mobile IPv4 has one registration: who was registered without the agent in between must ask it again. */
static bool was_elsewhere(const struct watch *w, const struct said *last, const struct said *now)
{
	for (const struct said *m = now->is_v4 ? w->asked : NULL; m && m != last; m = m->next)
		if (m->is_v4 && said_is_ask(m) && addr6_eq(&m->peer, &now->peer) && m->lifetime_s && !addr6_eq(&m->dst, &now->dst))
			return true;
	return false;
}

/* H-11: an agent that accepted this very request is asked again though it is not time to, and nothing else happened since but a
 * handover inside the area: no restart, no refusal, no other area. */
static void check_silence(const struct node *n, const struct said *m)
{
	const struct said *last = n->sim->watch->asked;
	const struct node *agent = said_owner(n->sim, &m->dst);
	if (!said_is_ask(m) || !m->lifetime_s || m->is_refresh || is_plain(m))
		return;
	while (last && !is_like(last, m))
		last = last->next;
	if (!last || !last->lifetime_s || !last->acked_ns || !said_asks_same(last, m) || n->handover_ns < last->acked_ns)
		return;
	bool has_reason = n->area_ns >= last->t_ns || n->restarted_ns >= last->t_ns || n->told_ns >= last->t_ns || !agent ||
			  agent->restarted_ns >= last->t_ns || follows_answer(n, m) || was_elsewhere(n->sim->watch, last, m);
	if (!has_reason)
		watch_violation(n->sim, "h-11: %s registers again at %s because of a handover inside its site", n->name, agent->name);
}

/* A member of a redundancy group says yes: the others have it by now. */
static void check_word(struct node *n, const struct effect *e, const uint8_t *packet)
{
	struct said *answer = said_parse(n->sim, packet, e->send.len_oct);
	const struct said *a = answer && said_accepts(answer) && answer->lifetime_s ? n->sim->watch->asked : NULL;
	while (a && (a->role != ROLE_MN || !said_is_ask(a) || !said_answers(answer, a) || !addr6_eq(&a->dst, &answer->src) || !is_of_home(a, &answer->self)))
		a = a->next;
	if (a && !a->is_v4)
		group_check_commit(n, a);
	free(answer);
}

void claims_send(struct node *n, const struct effect *e, const uint8_t *packet)
{
	if (group_member(n) && (e->role == ROLE_HA || e->role == ROLE_MMA))
		check_word(n, e, packet);
	if (e->role != ROLE_MN && e->role != ROLE_MMA)
		return;
	struct said *m = said_parse(n->sim, packet, e->send.len_oct);
	if (!m || (m->is_v4 && e->role != ROLE_MN)) { /* an agent passes on what it was given */
		free(m);
		return;
	}
	m->role = e->role;
	m->origin = n->number;
	if (m->role == ROLE_MN)
		check_silence(n, m);
	m->next = n->sim->watch->asked;
	n->sim->watch->asked = m;
}

static struct accepted *accepted_of(struct node *n, const struct addr6 *hoa, bool is_group)
{
	struct accepted *a = n->sim->watch->accepted;
	while (a && (a->node != n || a->is_group != is_group || !addr6_eq(&a->hoa, hoa)))
		a = a->next;
	if (!a) {
		a = sim_alloc(sizeof *a);
		*a = (struct accepted){.next = n->sim->watch->accepted, .node = n, .hoa = *hoa, .is_group = is_group};
		n->sim->watch->accepted = a;
	}
	return a;
}

/* A binding: of whom, and where it leads. */
struct claim { bool is_cn; const struct addr6 *hoa, *coa, *group; };

/* Behind a translator the home agent knows the outside, the mobile the inside (RFC 3519 4.5). */
static bool is_outside(const struct sim *s, const struct addr6 *coa)
{
	for (const struct node *n = s->nodes; n; n = n->next)
		if (nat_has_outside(n, coa))
			return true;
	return false;
}

static bool asks_for(const struct watch *w, const struct said *m, const struct claim *c)
{
	return said_is_ask(m) && (c->is_cn || m->role == ROLE_MN) && is_of_home(m, c->hoa) && m->lifetime_s &&
	       (!c->coa || addr6_eq(&m->coa, c->coa) || (m->is_v4 && is_outside(w->sim, c->coa))) && (!c->group || addr6_eq(&m->group, c->group));
}

/* The oldest request of the mobile itself (to a correspondent node: or of its agent) for this binding that was sent at or after a
 * time; NULL: there is none. */
static const struct said *request_for(const struct watch *w, const struct claim *c, int64_t since_ns)
{
	const struct said *found = NULL;
	for (const struct said *m = w->asked; m && m->t_ns >= since_ns; m = m->next) /* newest first */
		if (asks_for(w, m, c))
			found = m;
	return found;
}

/* With simultaneous bindings an older one may be what is left. */
static bool has_several(const struct watch *w, const struct addr6 *hoa)
{
	for (const struct said *m = w->asked; m; m = m->next)
		if (m->is_v4 && (m->flags & MIP4_S) && is_of_home(m, hoa))
			return true;
	return false;
}

/* What a binding names must have been asked for by the mobile; and once it names what was asked for later, it may not
 * return to what was asked for only before. */
static void check_binding(struct node *n, const struct claim *c)
{
	const struct addr6 *names = c->group ? c->group : c->coa;
	struct accepted *a = accepted_of(n, c->hoa, c->group != NULL);
	if (addr6_eq(&a->names, names))
		return;
	const struct watch *w = n->sim->watch;
	const struct said *m = request_for(w, c, has_several(w, c->hoa) ? 0 : a->asked_ns);
	if (!m)
		watch_violation(n->sim, "binding: %s binds %s to %s, which it %s", n->name, ADDR46_STR(c->hoa), ADDR46_STR(names),
				request_for(w, c, 0) ? "asked for too long ago" : "never asked for");
	else
		a->asked_ns = m->t_ns;
	a->names = *names;
}

static void check_more(struct node *n, const struct dp_home_more *h)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct claim c = {.hoa = &h->home_address, .coa = &h->to[i].coa};
		if (!request_for(n->sim->watch, &c, 0))
			watch_violation(n->sim, "binding: %s binds %s also to %s, which it never asked for", n->name, ADDR46_STR(c.hoa), ADDR46_STR(c.coa));
	}
}

static bool has_lladdr(const struct node *n, const struct lladdr *ll)
{
	for (uint32_t i = 0; i < n->n_nics; i++)
		if (lladdr_eq(&n->nics[i]->lladdr, ll))
			return true;
	return false;
}

/* A visitor has asked to be one, and what comes for it goes to its own interface. */
static void check_visit(struct node *n, const struct dp_visit *v)
{
	struct claim c = {.hoa = &v->home_address, .coa = &v->coa};
	const struct node *m = node_of_home(n->sim, &v->home_address);
	if (!request_for(n->sim->watch, &c, 0))
		watch_violation(n->sim, "binding: %s has a visitor %s that never asked", n->name, ADDR46_STR(&v->home_address));
	else if (m && !has_lladdr(m, &v->lladdr))
		watch_violation(n->sim, "wrong-host: %s sends what comes for %s to another", n->name, ADDR46_STR(&v->home_address));
}

/* Packets go to the group, not on to another agent. */
static bool uses_group(const struct dp_coa *c, mono_t now)
{
	bool is_forwarded = !addr6_is_none(&c->forward) && mono_before(now, c->forward_until);
	return !addr6_is_none(&c->group) && mono_before(now, c->expires) && !is_forwarded;
}

/* One group, one mobile. What a process before this one has put for a registration that was never completed ends by itself within seconds. */
static void check_group(struct node *n, const struct dp_coa *c)
{
	mono_t now = node_now(n).mono;
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (op->table == DP_COA && addr6_eq(&op->coa.group, &c->group) && addr6_eq(&op->coa.source, &c->source) &&
		    !addr6_eq(&op->coa.home_address, &c->home_address) && fwd_is_fresh(op) && uses_group(&op->coa, now) && uses_group(c, now))
			watch_violation(n->sim, "group: %s gives %s to %s and to %s", n->name, ADDR46_STR(&c->group), ADDR46_STR(&c->home_address),
					ADDR46_STR(&op->coa.home_address));
}

void claims_dp(struct node *n, const struct effect *e)
{
	const struct dp_op *op = &e->dp;
	if (e->kind != FX_DP_PUT || cast_dp(n, op))
		return;
	if (op->table == DP_HOME && mono_before(node_now(n).mono, op->home.expires))
		check_binding(n, &(struct claim){.hoa = &op->home.home_address, .coa = &op->home.coa});
	else if (op->table == DP_HOME_MORE)
		check_more(n, &op->home_more);
	else if (op->table == DP_VISIT && op->visit.up != DP_VISIT_WAIT) /* that one claims nothing yet */
		check_visit(n, &op->visit);
	else if (op->table == DP_CN)
		check_binding(n, &(struct claim){.is_cn = true, .hoa = &op->cn.home_address, .coa = &op->cn.coa});
	else if (op->table == DP_COA && mono_before(node_now(n).mono, op->coa.expires) && !addr6_is_none(&op->coa.group)) {
		check_binding(n, &(struct claim){.hoa = &op->coa.home_address, .group = &op->coa.group});
		check_group(n, &op->coa);
	}
}

static bool is_tunnel_for(const struct node *n, const struct dp_op *op, const struct said *m)
{
	if (op->table == DP_HOME)
		return addr6_eq(&op->home.home_address, &m->peer) && (addr6_eq(&op->home.coa, &m->coa) || is_outside(n->sim, &op->home.coa));
	for (uint32_t i = 0; op->table == DP_HOME_MORE && i < op->home_more.n; i++)
		if (addr6_eq(&op->home_more.home_address, &m->peer) && addr6_eq(&op->home_more.to[i].coa, &m->coa))
			return true;
	return false;
}

static bool holds(const struct node *n, const struct said *m, bool is_home)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (is_home ? is_tunnel_for(n, op, m)
			    : op->table == DP_COA && addr6_eq(&op->coa.home_address, &m->peer) && addr6_eq(&op->coa.group, &m->group))
			return true;
	return false;
}

bool claims_holds(const struct node *n, const struct said *ask) { return holds(n, ask, addr6_is_none(&ask->group)); }

/* Did a node with that address say it, or another in its name? */
static bool is_genuine(const struct sim *s, const struct said *m)
{
	struct node *by = s->nodes;
	while (by && by->number != m->origin)
		by = by->next;
	return by && (node_addr_find(by, &m->src) || (group_member(by) && group_has_address(by, &m->src)));
}

/* An agent has taken it back (RFC 3543), with that care-of address. */
static bool is_revoked(const struct sim *s, const struct said *ask)
{
	for (const struct said *m = s->watch->said; m; m = m->next)
		if (m->is_v4 && m->type == MIP4_REVOKE && addr6_eq(&m->peer, &ask->peer) && addr6_eq(&m->coa, &ask->coa) && m->t_ns >= ask->t_ns &&
		    is_genuine(s, m))
			return true;
	return false;
}

/* Is this the last that the mobile asked of this agent, and was it told yes? */
static bool is_promised(const struct node *n, const struct said *m)
{
	int64_t left_ns = m->acked_ns + (int64_t)m->granted_s * NS_PER_S - n->sim->t_ns;
	if (m->role != ROLE_MN || !said_is_ask(m) || !m->lifetime_s || !m->acked_ns || left_ns < NS_PER_S)
		return false;
	for (const struct said *later = n->sim->watch->asked; later != m; later = later->next)
		if (said_is_ask(later) && addr6_eq(&later->peer, &m->peer) && (later->is_v4 || addr6_eq(&later->dst, &m->dst)))
			return false;
	return !is_revoked(n->sim, m);
}

/* Whose word it is: a Mobile IPv4 request goes through one agent to another, and both give theirs. */
static bool is_party(const struct node *n, const struct said *m, bool is_home)
{
	const struct addr6 *agent = m->is_v4 && is_home ? &m->ha : &m->dst;
	bool has_group = !addr6_is_none(&m->group);
	bool is_it = group_member(n) ? group_has_address(n, agent) : said_owner(n->sim, agent) == n;
	return is_it && (m->is_v4 ? is_home || has_group : is_home != has_group);
}

/* Has the mobile taken leave of this agent, and was that its last word? */
static bool is_over(const struct node *n, const struct said *m)
{
	if (m->role != ROLE_MN || !said_is_ask(m) || m->lifetime_s || !m->acked_ns || (m->is_v4 && (m->flags & MIP4_S)))
		return false;
	for (const struct said *later = n->sim->watch->asked; later != m; later = later->next)
		if (said_is_ask(later) && addr6_eq(&later->peer, &m->peer) && (later->is_v4 || addr6_eq(&later->dst, &m->dst)))
			return false;
	return true;
}

static bool is_alive_at(const struct node *n, const struct addr6 *hoa, bool is_home)
{
	const mono_t now = node_now(n).mono;
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (is_home ? op->table == DP_HOME && addr6_eq(&op->home.home_address, hoa) && mono_before(now, op->home.expires)
			    : op->table == DP_COA && addr6_eq(&op->coa.home_address, hoa) && uses_group(&op->coa, now) && fwd_is_fresh(op))
			return true;
	return false;
}

uint32_t claims_broken(struct node *n, bool is_told)
{
	uint32_t count = 0;
	for (const struct said *m = n->sim->watch->asked; m; m = m->next)
		for (int is_home = 0; is_home < 2; is_home++) {
			if (!is_party(n, m, is_home))
				continue;
			bool is_lost = is_promised(n, m) && !holds(n, m, is_home);
			/* What an agent in between was told of a farewell to the home agent, and the other way round, is not known here. */
			bool is_undead = is_over(n, m) && !m->is_v4 && is_alive_at(n, &m->peer, is_home);
			count += is_lost || is_undead;
			if (is_told && (is_lost || is_undead))
				sim_trace(n->sim, "group", "%s: %s of %s", n->name, is_lost ? "no binding, which was acknowledged," : "a binding that was ended",
					  ADDR46_STR(&m->peer));
		}
	return count;
}

/* A member of a group asks the others first: groupcheck.c looks after it. */
void claims_restored(struct node *n)
{
	if (group_member(n))
		return;
	bool is_agent = false; /* correspondent nodes keep nothing, and need not (RFC 6275 9.1) */
	for (uint32_t i = 0; i < n->n_roles; i++)
		is_agent |= n->roles[i].ops->id == ROLE_HA || n->roles[i].ops->id == ROLE_MMA;
	for (const struct said *m = is_agent ? n->sim->watch->asked : NULL; m; m = m->next)
		for (int is_home = 0; is_home < 2; is_home++)
			if (is_party(n, m, is_home) && is_promised(n, m) && !holds(n, m, is_home))
				watch_violation(n->sim, "promise: %s has no binding of %s any more, which it had acknowledged", n->name, ADDR46_STR(&m->peer));
}
