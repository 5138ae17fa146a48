/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/check/watch.h"

#include <stdarg.h>
#include <stdlib.h>

#include "sim/cast.h"
#include "sim/check/claims.h"
#include "sim/group.h"
#include "sim/net/pkt.h"
#include "wire/mip4/mip4.h"

/* A radio that changed its cell in silence is known to have done so by advertisements that are missing. */
static const int64_t ROAM_NOTICED_NS = 8 * NS_PER_S;
/* What a process that ended has left in the kernel is swept ten seconds after the next one's start; what the kernel asks then ends after three. */
static const int64_t SWEPT_NS = 13 * NS_PER_S;

enum { MAX_REPORTED = 20, MIP4_UDP_PORT = 434 };

void watch_init(struct sim *s, struct watch *w)
{
	*w = (struct watch){.sim = s};
	w->said_end = &w->said;
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
	said_free(w->sim);
	claims_free(w->sim);
	cast_free(w->sim);
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
	if (strcmp(e->event.code, "mn-security") == 0 || strcmp(e->event.code, "mn-agent-lost") == 0)
		n->told_ns = n->sim->t_ns; /* what it was told was not true, or its agent says nothing more: it has to ask again */
}

void watch_note(struct node *n, const char *code)
{
	sim_trace(n->sim, n->name, "%s", code);
	tally(n->sim, &n->sim->watch->events, n, code);
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

/* What one knows of a neighbour that it uses: reachable for 30 s, and then three questions without an answer. */
static const int64_t NEIGHBOURS_FORGOTTEN_NS = 34 * NS_PER_S;

/* Members of a redundancy group that could not hear each other have both claimed a home address on the home link; until their own neighbour
 * tables have forgotten that, one may send to the other what comes for it, and back. */
static bool may_loop(const struct node *n)
{
	const struct member *m;
	for (uint32_t i = 0; i < n->n_nics; i++)
		for (uint32_t j = 0; n->nics[i]->link && j < n->nics[i]->link->n_nics; j++)
			if ((m = group_member(n->nics[i]->link->nics[j]->node)) && group_was_divided(m->group, NEIGHBOURS_FORGOTTEN_NS))
				return true;
	return false;
}

void watch_dp_drop(struct node *n, enum dp_drop why, const struct frame *f)
{
	(void)f;
	sim_trace(n->sim, n->name, "datapath drops: %s", dp_drop_name(why));
	if (why == DP_DROP_HOP_LIMIT && !may_loop(n))
		watch_violation(n->sim, "loop: %s: a tunnelled packet ran out of hops", n->name);
}

void watch_hop_limit(struct node *n, const struct frame *f)
{
	(void)f;
	if (!may_loop(n))
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
	if (data && left >= 2 && get16(data - UDP_LEN + 2) == MIP4_UDP_PORT && data[0] == MIP4_REPLY && !mip4_code_accepts(data[1]))
		return; /* a foreign agent answers whoever asked: who asked in another's name is refused, and hears so */
	for (uint32_t i = 0; i < n->n_claimed; i++)
		if (addr6_eq(&n->claimed[i], &dst))
			return; /* it said by ARP that the address is its own: hosts of a link believe that, with Mobile IP and without */
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

/* Where the packet inside a tunnel starts; 0: it is none. Minimal encapsulation has no second header to find. */
static size_t inner_off(const uint8_t *p, size_t len)
{
	enum { TUNNEL_DATA = 4, TUNNEL_DATA_LEN = 4 };
	size_t off;
	const uint8_t *at = p;
	switch (ip_upper(p, len, &off)) {
	case PROTO_IP6:
	case PROTO4_IPIP:
		return off < len ? off : 0;
	case PROTO_GRE:
		at = p + off;
		if (off + 4 > len)
			return 0;
		off += 4 + (*at & 0x80 ? 4u : 0) + (*at & 0x20 ? 4u : 0) + (*at & 0x10 ? 4u : 0); /* RFC 2890 2 */
		return off < len ? off : 0;
	case PROTO_UDP: /* RFC 3519 */
		at = p + off;
		off += UDP_LEN + TUNNEL_DATA_LEN;
		return off < len && (get16(at) == MIP4_UDP_PORT || get16(at + 2) == MIP4_UDP_PORT) && at[UDP_LEN] == TUNNEL_DATA ? off : 0;
	}
	return 0;
}

/* Behind tunnel headers too: the inner packet if there is one. */
static const uint8_t *innermost(const uint8_t *p, size_t *len)
{
	for (size_t off; ip_is_whole(p, *len) && (off = inner_off(p, *len)); *len -= off)
		p += off;
	return p;
}

/* Wider than a link: RFC 4291 2.7, RFC 5771 4. */
static bool is_wide(const struct addr6 *a)
{
	return addr6_is_multicast(a) ? (a->b[1] & 0xf) > 2 : addr6_is_v4multicast(a) && (a->b[12] != 224 || a->b[13] || a->b[14]);
}

/* Somebody listens: the same numbers in MLDv2 and IGMPv3. */
static bool is_join(uint8_t record) { return record == 1 || record == 2 || record == 4 || record == 5; }

/* The type of the first record of an MLDv2 report about a group wider than the link; 0: there is none. (RFC 3810 5.2) */
static uint8_t reports_wide_group(const struct node *by, const uint8_t *icmp, size_t len)
{
	size_t at = 8;
	struct addr6 group;
	uint8_t first = 0;
	for (uint32_t n = len >= 8 ? get16(icmp + 6) : 0; n && at + 20 <= len; n--) {
		memcpy(&group, icmp + at + 4, 16);
		if (is_wide(&group) && is_join(icmp[at]))
			cast_reported(by, &group);
		if (is_wide(&group) && !first)
			first = icmp[at];
		at += 20 + get16(icmp + at + 2) * 16u + icmp[at + 1] * 4u;
	}
	return first;
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
	bool is_first = record == ALLOW || record == TO_EXCLUDE;
	if (!from->node->is_router && (is_first || record == BLOCK))
		said_step(s, from->node, router_on(l), is_first ? "join" : "leave");
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
	if ((record = reports_wide_group(from->node, icmp, len)))
		see_report(s, from, record);
}

/* The same of an IGMPv3 report (RFC 3376 4.2). */
static uint8_t reports_wide_group4(const struct node *by, const uint8_t *igmp, size_t len)
{
	size_t at = 8;
	uint8_t first = 0;
	for (uint32_t n = len >= 8 ? get16(igmp + 6) : 0; n && at + 8 <= len; n--) {
		struct addr6 group = ip4_addr(igmp + at + 4);
		if (is_wide(&group) && is_join(igmp[at]))
			cast_reported(by, &group);
		if (is_wide(&group) && !first)
			first = igmp[at];
		at += 8 + get16(igmp + at + 2) * 4u + igmp[at + 1] * 4u;
	}
	return first;
}

static void see_igmp(struct sim *s, const struct nic *from, const uint8_t *igmp, size_t len)
{
	uint8_t record;
	s->watch->n_igmp_queries += igmp[0] == IGMP_TYPE_QUERY;
	if (igmp[0] != IGMP_TYPE_REPORT3)
		return;
	s->watch->n_igmp_reports++;
	if ((record = reports_wide_group4(from->node, igmp, len)))
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

/* A mobile that is away asks nobody in the name of its home address, and answers nobody who asks for it by broadcast (RFC 5944 4.6); as
 * long as there is a process to see to it. */
static void check_arp(struct sim *s, const struct nic *from, const uint8_t *p, const uint8_t *to)
{
	struct addr6 sender = ip4_addr(p + 14);
	const struct node *n = from->node;
	bool is_broadcast = to[0] & 1, has_process = n->is_running && s->t_ns - n->restarted_ns > SWEPT_NS;
	bool may_know = !from->roamed_ns || s->t_ns - from->roamed_ns > ROAM_NOTICED_NS;
	if (is_broadcast && has_process && may_know && n->is_mobile && node_has_home(n, &sender) && !watch_is_home(from->link, n))
		watch_violation(s, "arp: %s speaks of its home address %s while away", n->name, ADDR46_STR(&sender));
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
	if (f->meta.hops + 1 >= HOPS_MAX && !may_loop(from->node))
		watch_violation(s, "loop: a packet crossed %u links, last %s", f->meta.hops, from->link->name);
	if (ethertype_of(p) == ETHERTYPE_ARP && len >= ARP_LEN)
		check_arp(s, from, p, p - ETH_LEN);
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
	else if ((upper == PROTO_MH || upper == PROTO_UDP) && f->meta.hops == 0) {
		said_on_link(s, from, f, p, len);
		cast_on_link(s, p, len);
	}
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
