/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/watch.h"

#include <stdarg.h>
#include <stdlib.h>

#include "sim/fwd.h"
#include "sim/pkt.h"
#include "wire/mip6/mh_packet.h"

enum { MAX_REPORTED = 20 };

static const int64_t ANSWER_TIME_NS = 100 * NS_PER_MS;

/* Per receiver and home address: what the present binding names (care-of address or group), and when that was asked for. */
struct accepted { struct accepted *next; const struct node *node; struct addr6 hoa, names; bool is_group; int64_t asked_ns; };

void watch_init(struct sim *s, struct watch *w)
{
	*w = (struct watch){.sim = s};
	w->mh_end = &w->mh;
	w->steps_end = &w->steps;
	s->watch = w;
}

static void tallies_free(struct tally *t)
{
	for (struct tally *next; t; t = next) {
		next = t->next;
		free(t);
	}
}

void watch_fini(struct watch *w)
{
	flows_free(w->sim);
	tallies_free(w->events);
	tallies_free(w->drops);
	tallies_free(w->icmp);
	for (struct mh_seen *m; (m = w->mh);) {
		w->mh = m->next;
		free(m);
	}
	for (struct step *st; (st = w->steps);) {
		w->steps = st->next;
		free(st);
	}
	for (struct mh_seen *m; (m = w->asked);) {
		w->asked = m->next;
		free(m);
	}
	for (struct accepted *a; (a = w->accepted);) {
		w->accepted = a->next;
		free(a);
	}
}

void watch_violation(struct sim *s, const char *fmt, ...)
{
	struct watch *w = s->watch;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!w->n_violations++)
		snprintf(w->first_violation, sizeof w->first_violation, "%.6f %.230s", (double)s->t_ns / 1e9, text);
	if (w->n_violations <= MAX_REPORTED)
		sim_trace(s, "BREACH", "%s", text);
}

static void tally(struct sim *s, struct tally **list, const struct node *n, const char *name)
{
	struct tally *t = *list;
	while (t && (t->node != n || strcmp(t->name, name) != 0))
		t = t->next;
	if (!t) {
		t = sim_alloc(sizeof *t);
		*t = (struct tally){.next = *list, .node = n};
		snprintf(t->name, sizeof t->name, "%s", name);
		*list = t;
	}
	t->n++;
	t->last_ns = s->t_ns;
}

uint64_t watch_tally(const struct tally *t, const struct node *n, const char *name)
{
	uint64_t sum = 0;
	for (; t; t = t->next)
		if ((!n || t->node == n) && strcmp(t->name, name) == 0)
			sum += t->n;
	return sum;
}

void watch_event(struct node *n, const struct effect *e, const char *text)
{
	sim_trace(n->sim, n->name, "%s: %s: %.*s", role_str(e->role), e->event.code, (int)e->event.len_oct, text);
	tally(n->sim, &n->sim->watch->events, n, e->event.code);
}

void watch_kernel_drop(struct node *n, const char *why)
{
	sim_trace(n->sim, n->name, "kernel drops: %s", why);
	tally(n->sim, &n->sim->watch->drops, n, why);
}

void watch_icmp(struct node *n, uint8_t type)
{
	char name[8];
	snprintf(name, sizeof name, "%u", type);
	tally(n->sim, &n->sim->watch->icmp, n, name);
}

void watch_icmp4(struct node *n, uint8_t type, uint8_t code)
{
	char name[16];
	snprintf(name, sizeof name, "v4:%u", type);
	tally(n->sim, &n->sim->watch->icmp, n, name);
	snprintf(name, sizeof name, "v4:%u/%u", type, code);
	tally(n->sim, &n->sim->watch->icmp, n, name);
}

void watch_dp_drop(struct node *n, enum dp_drop why, const struct frame *f)
{
	(void)f;
	sim_trace(n->sim, n->name, "datapath drops: %s", dp_drop_name(why));
	if (why == DP_DROP_HOP_LIMIT)
		watch_violation(n->sim, "loop: %s: a tunnelled packet ran out of hops", n->name);
}

void watch_hop_limit(struct node *n, const struct frame *f)
{
	(void)f;
	watch_violation(n->sim, "loop: %s: a packet ran out of hops", n->name);
}

/* The datagram's payload in a whole packet, or NULL. */
static const uint8_t *udp_payload(const uint8_t *p, size_t len, size_t *left)
{
	size_t off;
	if (ip_upper(p, len, &off) != PROTO_UDP || off + UDP_LEN > len)
		return NULL;
	*left = len - off - UDP_LEN;
	return p + off + UDP_LEN;
}

void watch_not_ours(struct node *n, const struct frame *f)
{
	size_t left;
	const uint8_t *p = f->buf + f->off, *data = udp_payload(p, f->len, &left);
	struct addr6 dst = ip_dst(p);
	sim_trace(n->sim, n->name, "not ours: %s", ADDR46_STR(&dst));
	for (struct flow *fl = n->sim->watch->flows; fl && data; fl = fl->next)
		if (addr6_eq(&fl->dst, &dst) && fl->to != n)
			watch_violation(n->sim, "wrong-host: %s got a packet for %s", n->name, ADDR46_STR(&dst));
}

void watch_rx_udp(struct node *n, const struct frame *f, const uint8_t *udp, size_t len)
{
	const uint8_t *p = f->buf + f->off;
	struct addr6 src = ip_src(p), dst = ip_dst(p);
	bool is_ours, has_sum = len >= UDP_LEN && (!ip4_is(p) || get16(udp + 6));
	if (len < UDP_LEN || (has_sum && ip_checksum(&src, &dst, PROTO_UDP, udp, len) != 0)) {
		watch_violation(n->sim, "corrupt: %s got a datagram with a wrong checksum", n->name);
		return;
	}
	const char *wrong = flow_rx(n, udp + UDP_LEN, len - UDP_LEN, &is_ours);
	if (!is_ours)
		wrong = "stray: a datagram that nobody granted";
	if (wrong)
		watch_violation(n->sim, "%s (%s, from %s)", wrong, n->name, ADDR46_STR(&src));
}

/* To a home agent: the same care-of address. To an MMA: the same group; whence on the link is not its business. */
static bool asks_same(const struct mh_seen *a, const struct mh_seen *b)
{
	return addr6_is_any(&b->group) ? addr6_eq(&a->coa, &b->coa) : addr6_eq(&a->group, &b->group);
}

/* Not of somebody who plays no role. */
static bool is_of_role(const struct watch *w, const struct mh_seen *m)
{
	const struct node *n = w->sim->nodes;
	while (n && n->number != m->origin)
		n = n->next;
	return n && n->n_roles;
}

/* Did the last acknowledged update to this agent grant so much that by now it is time for another? */
static bool is_due(const struct watch *w, const struct mh_seen *bu)
{
	const struct mh_seen *last = NULL, *asked = NULL;
	for (const struct mh_seen *m = w->mh; m; m = m->next) {
		if (m->type == MH_BU && addr6_eq(&m->dst, &bu->dst) && addr6_eq(&m->peer, &bu->peer) && is_of_role(w, m))
			asked = m;
		if (m->type == MH_BA && addr6_eq(&m->src, &bu->dst) && addr6_eq(&m->self, &bu->peer) && m->lifetime_s)
			last = m;
	}
	if (!last || !asked || !bu->lifetime_s || !asks_same(asked, bu))
		return false;
	/* Sent again before the answer could be there. */
	bool is_again = asked->is_refresh && (last->t_ns < asked->t_ns || bu->t_ns - asked->t_ns < ANSWER_TIME_NS);
	return is_again || bu->t_ns - last->t_ns >= (int64_t)last->lifetime_s * NS_PER_S * 2 / 5;
}

/* An acknowledgement belongs to the last update that it can answer. */
static bool answers_refresh(const struct watch *w, const struct mh_seen *ba)
{
	bool is_refresh = false;
	for (const struct mh_seen *m = w->mh; m; m = m->next)
		if (m->type == MH_BU && addr6_eq(&m->dst, &ba->src) && addr6_eq(&m->peer, &ba->self) && m->seq == ba->seq)
			is_refresh = m->is_refresh;
	return is_refresh;
}

static struct mh_seen *mh_record(struct sim *s, const uint8_t *p, size_t len)
{
	struct mh_packet m = {0};
	struct mh_seen *e = sim_alloc(sizeof *e + len);
	mh_packet_parse(p, len, &m);
	*e = (struct mh_seen){.t_ns = s->t_ns, .src = ip6_src(p), .dst = ip6_dst(p), .peer = m.peer, .self = m.self,
			      .type = m.mh.type, .len_oct = len};
	memcpy(e->packet, p, len);
	if (e->type == MH_BU) {
		e->seq = m.mh.bu.seq;
		e->lifetime_s = m.mh.bu.lifetime_s;
		e->coa = *mh_packet_coa(&m);
		if (m.mh.opt.rc.has_mcoa)
			e->group = m.mh.opt.rc.mcoa.group;
		e->is_refresh = is_due(s->watch, e);
	} else if (e->type == MH_BA) {
		e->seq = m.mh.ba.seq;
		e->lifetime_s = m.mh.ba.lifetime_s;
		e->is_refresh = answers_refresh(s->watch, e);
	}
	return e;
}

static void step(struct sim *s, const struct node *from, const struct node *to, const char *what)
{
	struct step *st = sim_alloc(sizeof *st);
	*st = (struct step){NULL, s->t_ns, from, to, what};
	*s->watch->steps_end = st;
	s->watch->steps_end = &st->next;
}

static const struct node *owner_of(const struct sim *s, const struct addr6 *a)
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

static const char *what_of(const struct mh_seen *m)
{
	static const char *const names[] = {"brr", "hoti", "coti", "hot", "cot", "bu", "ba", "be"};
	if (m->type == MH_BU && !m->lifetime_s)
		return "dereg";
	return m->type < sizeof names / sizeof *names ? names[m->type] : "peer";
}

static void see_mh(struct sim *s, const struct nic *from, const struct frame *f, const uint8_t *p, size_t len)
{
	struct mh_seen *e = mh_record(s, p, len);
	e->origin = f->meta.origin;
	bool has_alt = e->type == MH_BU && !addr6_eq(&e->coa, &e->src);
	sim_trace(s, from->node->name, "%s %s -> %s seq %u lifetime %u%s%s%s", mh_type_str(e->type), ADDR46_STR(&e->src),
		  ADDR46_STR(&e->dst), e->seq, e->lifetime_s, e->is_refresh ? " (refresh)" : "", has_alt ? " for " : "",
		  has_alt ? ADDR46_STR(&e->coa) : "");
	*s->watch->mh_end = e;
	s->watch->mh_end = &e->next;
	const struct node *to = owner_of(s, &e->self);
	step(s, node_numbered(s, e->origin), to ? to : owner_of(s, &e->dst), what_of(e));
}

static bool is_tunnel(int upper) { return upper == PROTO_IP6 || upper == PROTO4_IPIP || upper == PROTO_GRE; }

/* Behind tunnel headers too: the inner packet if there is one. */
static const uint8_t *innermost(const uint8_t *p, size_t *len)
{
	size_t off;
	for (int upper; ip_is_whole(p, *len) && is_tunnel(upper = ip_upper(p, *len, &off));) {
		if (upper == PROTO_GRE && off + 4 <= *len)
			off += 4 + (p[off] & 0x80 ? 4u : 0) + (p[off] & 0x20 ? 4u : 0) + (p[off] & 0x10 ? 4u : 0); /* RFC 2890 2 */
		if (off >= *len)
			break;
		p += off;
		*len -= off;
	}
	return p;
}

/* Wider than a link: RFC 4291 2.7, RFC 5771 4. */
static bool is_wide(const struct addr6 *a)
{
	return addr6_is_multicast(a) ? (a->b[1] & 0xf) > 2 : addr6_is_v4multicast(a) && (a->b[12] != 224 || a->b[13] || a->b[14]);
}

/* The type of the first record of an MLDv2 report about a group wider than the link; 0: there is none. (RFC 3810 5.2) */
static uint8_t reports_wide_group(const uint8_t *icmp, size_t len)
{
	size_t at = 8;
	struct addr6 group;
	for (uint32_t n = len >= 8 ? get16(icmp + 6) : 0; n && at + 20 <= len; n--) {
		memcpy(&group, icmp + at + 4, 16);
		if (is_wide(&group))
			return icmp[at];
		at += 20 + get16(icmp + at + 2) * 16u + icmp[at + 1] * 4u;
	}
	return 0;
}

static const struct node *router_on(const struct link *l)
{
	for (uint32_t i = 0; i < l->n_nics; i++)
		if (l->nics[i]->node->is_router)
			return l->nics[i]->node;
	return NULL;
}

/* A report, of either family, whose first record is about a group wider than a link. */
static void see_report(struct sim *s, const struct nic *from, uint8_t record)
{
	enum { TO_EXCLUDE = 4, ALLOW = 5, BLOCK = 6 };
	const struct link *l = from->link;
	bool is_join = record == ALLOW || record == TO_EXCLUDE;
	if (!from->node->is_router && (is_join || record == BLOCK))
		step(s, from->node, router_on(l), is_join ? "join" : "leave");
	if (!*l->site)
		watch_violation(s, "multicast: a report about a group on %s, outside every site", l->name);
}

static void see_icmp(struct sim *s, const struct nic *from, const uint8_t *icmp, size_t len)
{
	uint8_t record;
	s->watch->n_ra += icmp[0] == ICMP_RA;
	s->watch->n_mld_queries += icmp[0] == ICMP_MLD_QUERY;
	if (icmp[0] != ICMP_MLD2_REPORT)
		return;
	s->watch->n_mld_reports++;
	if ((record = reports_wide_group(icmp, len)))
		see_report(s, from, record);
}

/* The same of an IGMPv3 report (RFC 3376 4.2). */
static uint8_t reports_wide_group4(const uint8_t *igmp, size_t len)
{
	size_t at = 8;
	for (uint32_t n = len >= 8 ? get16(igmp + 6) : 0; n && at + 8 <= len; n--) {
		struct addr6 group = ip4_addr(igmp + at + 4);
		if (is_wide(&group))
			return igmp[at];
		at += 8 + get16(igmp + at + 2) * 4u + igmp[at + 1] * 4u;
	}
	return 0;
}

static void see_igmp(struct sim *s, const struct nic *from, const uint8_t *igmp, size_t len)
{
	uint8_t record;
	s->watch->n_igmp_queries += igmp[0] == IGMP_TYPE_QUERY;
	if (igmp[0] != IGMP_TYPE_REPORT3)
		return;
	s->watch->n_igmp_reports++;
	if ((record = reports_wide_group4(igmp, len)))
		see_report(s, from, record);
}

/* The site of the node that has this address. */
static const char *site_of(const struct sim *s, const struct addr6 *a)
{
	for (struct node *n = s->nodes; n; n = n->next)
		for (uint32_t i = 0; i < n->n_addrs; i++)
			if (addr6_eq(&n->addrs[i].addr, a))
				return n->site;
	return NULL;
}

static void check_multicast(struct sim *s, const struct link *l, const uint8_t *p)
{
	struct addr6 src = ip_src(p), dst = ip_dst(p);
	const char *site = is_wide(&dst) ? site_of(s, &src) : NULL;
	if (is_wide(&dst) && !*l->site)
		watch_violation(s, "multicast: %s on %s, outside every site", ADDR46_STR(&dst), l->name);
	else if (site && strcmp(site, l->site) != 0)
		watch_violation(s, "multicast: %s of site %s on %s", ADDR46_STR(&dst), site, l->name);
}

void watch_tx(struct sim *s, const struct nic *from, const struct frame *f)
{
	const uint8_t *p = f->buf + f->off + ETH_LEN;
	size_t len = f->len - ETH_LEN, off;

	s->watch->n_frames++;
	sim_hash(s, &s->t_ns, sizeof s->t_ns);
	sim_hash(s, f->buf + f->off, f->len);
	if (s->trace && s->trace_frames)
		sim_trace_frame(s, from->node->name, from->link->name, p, len);
	if (f->meta.hops + 1 >= HOPS_MAX)
		watch_violation(s, "loop: a packet crossed %u links, last %s", f->meta.hops, from->link->name);
	if (!ip_is_whole(p, len))
		return;
	check_multicast(s, from->link, p);
	flow_seen(from->node, p, len);
	p = innermost(p, &len);
	int upper = ip_is_whole(p, len) ? ip_upper(p, len, &off) : -1;
	if (upper == PROTO_ICMP6 && off + 8 <= len)
		see_icmp(s, from, p + off, len - off);
	else if (upper == PROTO4_IGMP && ip4_is(p) && off + 8 <= len)
		see_igmp(s, from, p + off, len - off);
	else if (upper == PROTO_MH && !ip4_is(p) && f->meta.hops == 0)
		see_mh(s, from, f, p, len);
}

static bool is_same_area(const struct node *n, const struct link *a, const struct link *b)
{
	return strcmp(a->site, b->site) == 0 && watch_is_home(a, n) == watch_is_home(b, n);
}

bool watch_is_home(const struct link *l, const struct node *mobile)
{
	for (uint32_t i = 0; i < l->n_nics; i++) {
		const struct node *r = l->nics[i]->node;
		for (uint32_t j = 0; r->is_router && j < r->n_static_addrs; j++) {
			struct prefix6 p = {r->static_addrs[j].addr, r->static_addrs[j].plen_bits};
			for (uint32_t h = 0; r->static_addrs[j].ifindex == l->nics[i]->ifindex && h < mobile->n_homes; h++)
				if (prefix6_contains(&p, &mobile->home[h]))
					return true;
		}
	}
	return false;
}

static void now_at(struct node *n, struct link *l)
{
	if (n->at && !is_same_area(n, n->at, l))
		n->area_ns = n->sim->t_ns;
	n->at = l;
}

void watch_attach(struct nic *nic)
{
	struct node *n = nic->node;
	struct watch *w = n->sim->watch;
	if (!n->is_mobile)
		return;
	if (n->at && n->at != nic->link) {
		w->n_handovers++;
		if (is_same_area(n, n->at, nic->link)) {
			w->n_intra++;
			n->handover_ns = n->sim->t_ns;
		}
	}
	now_at(n, nic->link);
}

void watch_detach(struct nic *nic)
{
	struct node *n = nic->node;
	for (uint32_t i = 0; i < n->n_nics && n->is_mobile; i++)
		if (n->nics[i] != nic && n->nics[i]->link)
			now_at(n, n->nics[i]->link);
}

static const char *accept_or_not(struct node *n, const struct mh_packet *m)
{
	for (struct mh_seen *a = n->sim->watch->asked; m->mh.type == MH_BA && m->mh.ba.status < 128 && a; a = a->next)
		if (a->seq == m->mh.ba.seq && addr6_eq(&a->dst, &m->src) && addr6_eq(&a->peer, &m->self) && a->role == ROLE_MN) {
			a->acked_ns = n->sim->t_ns;
			a->granted_s = m->mh.ba.lifetime_s;
			return NULL;
		}
	return "told";
}

void watch_proc_rx(struct node *n, const struct rx *rx)
{
	struct mh_packet m;
	size_t off;
	if (!n->is_mobile || !ip6_is_whole(rx->pkt, rx->len_oct) || ip6_upper(rx->pkt, rx->len_oct, &off) != PROTO_MH ||
	    mh_packet_parse(rx->pkt, rx->len_oct, &m) != W_OK)
		return;
	if ((m.mh.type == MH_BA || m.mh.type == MH_BE || m.mh.type == MH_BRR) && accept_or_not(n, &m))
		n->told_ns = n->sim->t_ns;
}

/* The answer of a site's agent brings the home agent's update: a refresh or a message sent again of the one is not the other's fault. */
static bool follows_answer(const struct node *n, const struct mh_seen *m)
{
	for (const struct mh_seen *a = n->sim->watch->asked; a; a = a->next)
		if (addr6_eq(&a->peer, &m->peer) && !addr6_eq(&a->dst, &m->dst) && a->acked_ns && n->sim->t_ns - a->acked_ns < ANSWER_TIME_NS)
			return true;
	return false;
}

/* H-11: an agent that accepted this very request is asked again though it is not time to, and nothing else happened since but a
 * handover inside the area: no restart, no refusal, no other area. */
static void check_silence(const struct node *n, const struct mh_seen *m)
{
	const struct mh_seen *last = n->sim->watch->asked;
	const struct node *agent = owner_of(n->sim, &m->dst);
	bool is_plain = addr6_is_any(&m->group) && addr6_eq(&m->coa, &m->src); /* without an agent every handover is a registration */
	if (m->type != MH_BU || !m->lifetime_s || m->is_refresh || is_plain)
		return;
	while (last && (last->type != MH_BU || last->role != ROLE_MN || !addr6_eq(&last->peer, &m->peer) || !addr6_eq(&last->dst, &m->dst)))
		last = last->next;
	if (!last || !last->lifetime_s || !last->acked_ns || !asks_same(last, m) || n->handover_ns < last->acked_ns)
		return;
	bool has_reason = n->area_ns >= last->t_ns || n->restarted_ns >= last->t_ns || n->told_ns >= last->t_ns || !agent ||
			  agent->restarted_ns >= last->t_ns || follows_answer(n, m);
	if (!has_reason)
		watch_violation(n->sim, "h-11: %s registers again at %s because of a handover inside its site", n->name, agent->name);
}

void watch_send(struct node *n, const struct effect *e, const uint8_t *packet)
{
	size_t off;
	if ((e->role != ROLE_MN && e->role != ROLE_MMA) || !ip6_is_whole(packet, e->send.len_oct) || ip6_upper(packet, e->send.len_oct, &off) != PROTO_MH)
		return;
	struct mh_seen *m = mh_record(n->sim, packet, e->send.len_oct);
	m->role = e->role;
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

/* The oldest request of the mobile itself (to a correspondent node: or of its agent) for this binding that was sent at or after a time; NULL: there is none. */
static const struct mh_seen *request_for(const struct watch *w, bool is_cn, const struct addr6 *hoa, const struct addr6 *coa,
					 const struct addr6 *group, int64_t since_ns)
{
	const struct mh_seen *found = NULL;
	for (const struct mh_seen *m = w->asked; m && m->t_ns >= since_ns; m = m->next) /* newest first */
		if (m->type == MH_BU && (is_cn || m->role == ROLE_MN) && addr6_eq(&m->peer, hoa) && m->lifetime_s && (!coa || addr6_eq(&m->coa, coa)) &&
		    (!group || addr6_eq(&m->group, group)))
			found = m;
	return found;
}

/* What a binding names must have been asked for by the mobile; and once it names what was asked for later, it may not
 * return to what was asked for only before. */
static void check_binding(struct node *n, bool is_cn, const struct addr6 *hoa, const struct addr6 *coa, const struct addr6 *group)
{
	const struct addr6 *names = group ? group : coa;
	struct accepted *a = accepted_of(n, hoa, group != NULL);
	if (addr6_eq(&a->names, names))
		return;
	const struct mh_seen *m = request_for(n->sim->watch, is_cn, hoa, coa, group, a->asked_ns);
	if (!m)
		watch_violation(n->sim, "binding: %s binds %s to %s, which it %s", n->name, ADDR46_STR(hoa), ADDR46_STR(names),
				request_for(n->sim->watch, is_cn, hoa, coa, group, 0) ? "asked for too long ago" : "never asked for");
	else
		a->asked_ns = m->t_ns;
	a->names = *names;
}

void watch_dp(struct node *n, const struct effect *e)
{
	const struct dp_op *op = &e->dp;
	if (e->kind != FX_DP_PUT)
		return;
	if (op->table == DP_HOME)
		check_binding(n, false, &op->home.home_address, &op->home.coa, NULL);
	else if (op->table == DP_CN)
		check_binding(n, true, &op->cn.home_address, &op->cn.coa, NULL);
	else if (op->table == DP_COA && mono_before(node_now(n).mono, op->coa.expires))
		check_binding(n, false, &op->coa.home_address, NULL, &op->coa.group);
}

static bool holds(const struct node *n, const struct mh_seen *m)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (addr6_is_any(&m->group) ? op->table == DP_HOME && addr6_eq(&op->home.home_address, &m->peer) && addr6_eq(&op->home.coa, &m->coa)
					    : op->table == DP_COA && addr6_eq(&op->coa.home_address, &m->peer) && addr6_eq(&op->coa.group, &m->group))
			return true;
	return false;
}

/* Is this the last that the mobile asked of this agent, and was it told yes? */
static bool is_promised(const struct node *n, const struct mh_seen *m)
{
	int64_t left_ns = m->acked_ns + (int64_t)m->granted_s * NS_PER_S - n->sim->t_ns;
	if (m->role != ROLE_MN || m->type != MH_BU || !m->lifetime_s || !m->acked_ns || left_ns < NS_PER_S)
		return false;
	for (const struct mh_seen *later = n->sim->watch->asked; later != m; later = later->next)
		if (later->type == MH_BU && addr6_eq(&later->peer, &m->peer) && addr6_eq(&later->dst, &m->dst))
			return false;
	return true;
}

void watch_restored(struct node *n)
{
	bool is_agent = false; /* correspondent nodes keep nothing, and need not (RFC 6275 9.1) */
	for (uint32_t i = 0; i < n->n_roles; i++)
		is_agent |= n->roles[i].ops->id == ROLE_HA || n->roles[i].ops->id == ROLE_MMA;
	if (!is_agent)
		return;
	for (const struct mh_seen *m = n->sim->watch->asked; m; m = m->next)
		if (owner_of(n->sim, &m->dst) == n && is_promised(n, m) && !holds(n, m))
			watch_violation(n->sim, "promise: %s has no binding of %s any more, which it had acknowledged", n->name, ADDR46_STR(&m->peer));
}
