/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/check/said.h"

#include <stdlib.h>

#include "sim/check/watch.h"
#include "sim/net/pkt.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"
#include "wire/mip6/mh_packet.h"

static const int64_t ANSWER_TIME_NS = 100 * NS_PER_MS;

bool said_is_ask(const struct said *m) { return m->type == (m->is_v4 ? MIP4_REQUEST : MH_BU); }
bool said_is_answer(const struct said *m) { return m->type == (m->is_v4 ? MIP4_REPLY : MH_BA); }
bool said_accepts(const struct said *m) { return said_is_answer(m) && (m->is_v4 ? mip4_code_accepts(m->code) : m->code < 128); }

/* Of an identification the home agent may set the higher half (RFC 5944 5.7). */
bool said_answers(const struct said *answer, const struct said *ask)
{
	return answer->is_v4 == ask->is_v4 && (answer->is_v4 ? (uint32_t)answer->seq == (uint32_t)ask->seq : answer->seq == ask->seq);
}

bool said_asks_same(const struct said *a, const struct said *b)
{
	return addr6_is_none(&b->group) ? addr6_eq(&a->coa, &b->coa) : addr6_eq(&a->group, &b->group);
}

/* Not of somebody who plays no role. */
static bool is_of_role(const struct watch *w, const struct said *m)
{
	const struct node *n = w->sim->nodes;
	while (n && n->number != m->origin)
		n = n->next;
	return n && n->n_roles;
}

/* Did the last acknowledged request to this agent grant so much that by now it is time for another? */
static bool is_due(const struct watch *w, const struct said *ask)
{
	const struct said *last = NULL, *asked = NULL;
	for (const struct said *m = w->said; m; m = m->next) {
		if (m->is_v4 != ask->is_v4)
			continue;
		if (said_is_ask(m) && addr6_eq(&m->dst, &ask->dst) && addr6_eq(&m->peer, &ask->peer) && is_of_role(w, m))
			asked = m;
		if (said_is_answer(m) && addr6_eq(&m->src, &ask->dst) && addr6_eq(&m->self, &ask->peer) && m->lifetime_s)
			last = m;
	}
	if (!last || !asked || !ask->lifetime_s || !said_asks_same(asked, ask))
		return false;
	/* Sent again before the answer could be there. */
	bool is_again = asked->is_refresh && (last->t_ns < asked->t_ns || ask->t_ns - asked->t_ns < ANSWER_TIME_NS);
	return is_again || ask->t_ns - last->t_ns >= (int64_t)last->lifetime_s * NS_PER_S * 2 / 5;
}

/* An answer belongs to the last request that it can answer. */
static bool answers_refresh(const struct watch *w, const struct said *answer)
{
	bool is_refresh = false;
	for (const struct said *m = w->said; m; m = m->next)
		if (said_is_ask(m) && addr6_eq(&m->dst, &answer->src) && addr6_eq(&m->peer, &answer->self) && said_answers(answer, m))
			is_refresh = m->is_refresh;
	return is_refresh;
}

static void parse_mh(struct said *e, const uint8_t *p, size_t len)
{
	struct mh_packet m = {0};
	mh_packet_parse(p, len, &m);
	e->peer = m.peer;
	e->self = m.self;
	e->type = m.mh.type;
	if (e->type == MH_BU) {
		e->seq = m.mh.bu.seq;
		e->lifetime_s = m.mh.bu.lifetime_s;
		e->coa = *mh_packet_coa(&m);
		if (m.mh.opt.rc.has_mcoa)
			e->group = m.mh.opt.rc.mcoa.group;
	} else if (e->type == MH_BA) {
		e->seq = m.mh.ba.seq;
		e->code = m.mh.ba.status;
		e->lifetime_s = m.mh.ba.lifetime_s;
	}
}

static bool parse_mip4(struct said *e, const uint8_t *p, size_t len)
{
	struct mip4_packet m = {0};
	struct rc4 rc = {0};
	enum wire_err err = mip4_packet_parse(p, len, &m);
	if ((err != W_OK && !m.m.type) || m.m.type == MIP4_DATA)
		return false;
	e->type = m.m.type;
	switch (e->type) {
	case MIP4_REQUEST:
		e->peer = m.m.request.hoa;
		e->ha = m.m.request.ha;
		e->coa = m.m.request.coa;
		e->lifetime_s = m.m.request.lifetime_s;
		e->flags = m.m.request.flags;
		e->seq = m.m.request.id;
		if (rc4_parse(&m.m.ext, &rc) == W_OK && rc.has_group_request)
			e->group = rc.group_request.group;
		break;
	case MIP4_REPLY:
		e->self = m.m.reply.hoa;
		e->ha = m.m.reply.ha;
		e->lifetime_s = mip4_code_accepts(m.m.reply.code) ? m.m.reply.lifetime_s : 0;
		e->code = m.m.reply.code;
		e->seq = m.m.reply.id;
		break;
	case MIP4_REVOKE:
	case MIP4_REVOKE_ACK:
		e->peer = m.m.revoke.hoa;
		e->coa = m.m.revoke.foreign;
		e->self = e->dst;
		e->seq = m.m.revoke.id;
		break;
	}
	return true;
}

static bool is_mip4_port(const uint8_t *udp) { return get16(udp) == MIP4_PORT || get16(udp + 2) == MIP4_PORT; }

struct said *said_parse(struct sim *s, const uint8_t *p, size_t len)
{
	size_t off;
	int upper = ip_is_whole(p, len) ? ip_upper(p, len, &off) : -1;
	bool is_mh = upper == PROTO_MH, is_mip4 = upper == PROTO_UDP && ip4_is(p) && off + UDP_LEN <= len && is_mip4_port(p + off);
	if (!is_mh && !is_mip4)
		return NULL;
	struct said *e = sim_alloc(sizeof *e + len);
	*e = (struct said){.t_ns = s->t_ns, .is_v4 = is_mip4, .src = ip_src(p), .dst = ip_dst(p), .len_oct = len};
	memcpy(e->packet, p, len);
	if (is_mh) {
		parse_mh(e, p, len);
	} else if (!parse_mip4(e, p, len)) {
		free(e);
		return NULL;
	}
	e->is_refresh = said_is_ask(e) ? is_due(s->watch, e) : said_is_answer(e) && answers_refresh(s->watch, e);
	return e;
}

void said_step(struct sim *s, const struct node *from, const struct node *to, const char *what)
{
	struct step *st = sim_alloc(sizeof *st);
	*st = (struct step){NULL, s->t_ns, from, to, what};
	*s->watch->steps_end = st;
	s->watch->steps_end = &st->next;
}

const struct node *said_owner(const struct sim *s, const struct addr6 *a)
{
	for (struct node *n = s->nodes; n; n = n->next)
		if (node_addr_find(n, a))
			return n;
	return NULL;
}

static const struct node *node_numbered(const struct sim *s, uint32_t number)
{
	const struct node *n = s->nodes;
	while (n && n->number != number)
		n = n->next;
	return n;
}

static const char *what_of(const struct said *m)
{
	static const char *const names[] = {"brr", "hoti", "coti", "hot", "cot", "bu", "ba", "be"};
	if (m->is_v4)
		return m->type == MIP4_REQUEST ? (m->lifetime_s ? "rreq" : "rdereg")
			: m->type == MIP4_REPLY ? (said_accepts(m) ? "rrep" : "rrej") : m->type == MIP4_REVOKE ? "revoke" : "revack";
	if (m->type == MH_BU && !m->lifetime_s)
		return "dereg";
	return m->type < sizeof names / sizeof *names ? names[m->type] : "peer";
}

static void trace(struct sim *s, const struct nic *from, const struct said *e)
{
	bool has_alt = said_is_ask(e) && !addr6_eq(&e->coa, &e->src);
	if (e->is_v4 && said_is_answer(e))
		sim_trace(s, from->node->name, "%s %s -> %s id %08x of %s: %s, lifetime %u%s", mip4_type_str(e->type), ADDR46_STR(&e->src),
			  ADDR46_STR(&e->dst), (unsigned)e->seq, ADDR46_STR(&e->self), mip4_code_str(e->code), e->lifetime_s,
			  e->is_refresh ? " (refresh)" : "");
	else if (e->is_v4)
		sim_trace(s, from->node->name, "%s %s -> %s id %08x of %s lifetime %u%s for %s%s%s", mip4_type_str(e->type), ADDR46_STR(&e->src),
			  ADDR46_STR(&e->dst), (unsigned)e->seq, ADDR46_STR(&e->peer), e->lifetime_s, e->is_refresh ? " (refresh)" : "",
			  ADDR46_STR(&e->coa), addr6_is_none(&e->group) ? "" : " group ", addr6_is_none(&e->group) ? "" : ADDR46_STR(&e->group));
	else
		sim_trace(s, from->node->name, "%s %s -> %s seq %u lifetime %u%s%s%s", mh_type_str(e->type), ADDR46_STR(&e->src),
			  ADDR46_STR(&e->dst), (unsigned)e->seq, e->lifetime_s, e->is_refresh ? " (refresh)" : "", has_alt ? " for " : "",
			  has_alt ? ADDR46_STR(&e->coa) : "");
}

/* An agent that answers through a group sends a frame to each link: that is one message. */
static bool is_copy(const struct said *last, const struct said *e)
{
	return last && last->t_ns == e->t_ns && last->origin == e->origin && last->len_oct == e->len_oct &&
	       addr6_is_v4multicast(&e->dst) && memcmp(last->packet, e->packet, e->len_oct) == 0;
}

void said_on_link(struct sim *s, const struct nic *from, const struct frame *f, const uint8_t *p, size_t len)
{
	struct said *e = said_parse(s, p, len);
	if (!e)
		return;
	e->origin = f->meta.origin;
	if (is_copy(s->watch->last_said, e)) {
		free(e);
		return;
	}
	trace(s, from, e);
	*s->watch->said_end = s->watch->last_said = e;
	s->watch->said_end = &e->next;
	const struct node *to = said_owner(s, e->is_v4 ? &e->dst : &e->self);
	if (!to)
		to = e->is_v4 ? node_of_home(s, &e->self) : said_owner(s, &e->dst);
	said_step(s, node_numbered(s, e->origin), to, what_of(e));
}

static void free_list(struct said *m)
{
	for (struct said *next; m; m = next) {
		next = m->next;
		free(m);
	}
}

void said_free(struct sim *s)
{
	free_list(s->watch->said);
	free_list(s->watch->asked);
	for (struct step *st; (st = s->watch->steps);) {
		s->watch->steps = st->next;
		free(st);
	}
}
