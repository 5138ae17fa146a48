/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/cast.h"

#include <stdlib.h>
#include <string.h>

#include "role/fa/fa.h"
#include "role/mm/mm.h"
#include "sim/check/watch.h"
#include "sim/net/fwd.h"
#include "sim/net/pkt.h"
#include "sim/radio.h"
#include "wire/mm/mm.h"

enum { KEY_OCT = 16, TRAILER_OCT = 33, MARK = 0x72677631 };

static const int64_t LOOK_NS = 500 * NS_PER_MS, SLACK_NS = NS_PER_S;
static const int64_t ENTRY_NS = 60 * NS_PER_S; /* an agent's entries end so long after it last put them (role/fa/guest.c) */

/* What managers have said, or say, of a device. */
struct word {
	struct word *next;
	uint8_t key[KEY_OCT];
	uint64_t disks;                /* on which it is now, a bit each by number */
	int64_t until_ns;              /* it was on the last one; INT64_MAX while it is on any */
	struct mm_record rec;
};

/* When an agent was told last that it hears a station. */
struct heard { struct heard *next; const struct nic *base, *mobile; int64_t at_ns; bool is_gone; };

struct cast { struct word *words; struct heard *heard; struct cast_datagram *datagrams, *last; };

static struct cast *cast_of(const struct sim *s)
{
	if (!s->watch->cast)
		s->watch->cast = sim_alloc(sizeof *s->watch->cast);
	return s->watch->cast;
}

void cast_free(struct sim *s)
{
	struct cast *c = s->watch->cast;
	for (struct word *w; c && (w = c->words);) {
		c->words = w->next;
		free(w);
	}
	for (struct heard *h; c && (h = c->heard);) {
		c->heard = h->next;
		free(h);
	}
	for (struct cast_datagram *d; c && (d = c->datagrams);) {
		c->datagrams = d->next;
		free(d);
	}
	free(c);
}

/* --- what agents and managers say --------------------------------------------------------------------------- */

enum { TYPE_AT = 1 }; /* in the header of wire/group */

void cast_on_link(struct sim *s, const uint8_t *p, size_t len)
{
	struct cast *c = cast_of(s);
	size_t off;
	if (ip_upper(p, len, &off) != PROTO_UDP || len < off + UDP_LEN + TYPE_AT + 1 || get16(p + off + 2) != MM_PORT)
		return;
	struct cast_datagram *d = sim_alloc(sizeof *d + len);
	*d = (struct cast_datagram){.type = p[off + UDP_LEN + TYPE_AT], .to = ip_dst(p), .len_oct = len};
	memcpy(d->packet, p, len);
	if (c->last)
		c->last->next = d;
	else
		c->datagrams = d;
	c->last = d;
}

const struct cast_datagram *cast_datagram(const struct sim *s, uint8_t type, const struct addr6 *to, bool is_first)
{
	const struct cast_datagram *found = NULL;
	for (const struct cast_datagram *d = cast_of(s)->datagrams; d && !(found && is_first); d = d->next)
		if (d->type == type && addr6_eq(&d->to, to))
			found = d;
	return found;
}

/* --- managers' records ------------------------------------------------------------------------------------- */

/* Without the version that a redundancy group puts behind it (rg/sync.h). */
static size_t value_len(const struct store_item *i)
{
	const uint8_t *end = i->bytes + i->key_len_oct + i->val_len_oct;
	return i->val_len_oct >= TRAILER_OCT && get32(end - 4) == MARK ? i->val_len_oct - TRAILER_OCT : i->val_len_oct;
}

static bool read_record(const struct store_item *i, struct mm_record *out)
{
	struct rd r = rd_of(i->bytes + i->key_len_oct, value_len(i));
	struct mm_item f;
	enum wire_err err;
	bool has_record = false;
	while (i->table == STORE_DEVICE && i->key_len_oct == KEY_OCT && mm_next(&r, &f, &err))
		if (f.type == MMF_RECORD) {
			*out = f.record;
			has_record = true;
		}
	return has_record;
}

static bool is_same(const struct mm_record *a, const struct mm_record *b)
{
	return addr6_eq(&a->home6, &b->home6) && addr6_eq(&a->home4, &b->home4) && addr6_eq(&a->group6, &b->group6) && addr6_eq(&a->group4, &b->group4);
}

static bool share(const struct addr6 *a, const struct addr6 *b) { return !addr6_is_none(a) && addr6_eq(a, b); }

/* How long its manager promises to let a group rest between two devices. */
static int64_t rest_of(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_roles; i++)
		if (n->roles[i].ops->id == ROLE_MM && n->roles[i].conf)
			return ((const struct mm_conf *)n->roles[i].conf)->rest.ns;
	return 0;
}

static void check_group(struct node *n, const struct word *new)
{
	for (const struct word *w = cast_of(n->sim)->words; w; w = w->next) {
		const struct addr6 *g = share(&w->rec.group6, &new->rec.group6) ? &w->rec.group6 : &w->rec.group4;
		if (memcmp(w->key, new->key, KEY_OCT) == 0 || (!share(g, &new->rec.group6) && !share(g, &new->rec.group4)))
			continue;
		if (w->disks)
			watch_violation(n->sim, "group: %s gives %s to two devices", n->name, ADDR46_STR(g));
		else if (n->sim->t_ns - w->until_ns < rest_of(n))
			watch_violation(n->sim, "group: %s gives %s to another device %lld s after the one before", n->name, ADDR46_STR(g),
					(long long)((n->sim->t_ns - w->until_ns) / NS_PER_S));
	}
}

void cast_stored(struct node *n, const struct store_item *i)
{
	struct cast *c = cast_of(n->sim);
	struct word *w = c->words;
	struct mm_record rec;
	if (!read_record(i, &rec))
		return;
	while (w && (memcmp(w->key, i->bytes, KEY_OCT) != 0 || !is_same(&w->rec, &rec)))
		w = w->next;
	if (!w) {
		w = sim_alloc(sizeof *w);
		*w = (struct word){.next = c->words, .rec = rec};
		memcpy(w->key, i->bytes, KEY_OCT);
		c->words = w;
	}
	w->disks |= 1ull << n->number;
	w->until_ns = INT64_MAX;
	check_group(n, w);
}

void cast_unstored(struct node *n, const struct store_item *i)
{
	for (struct word *w = i->table == STORE_DEVICE ? cast_of(n->sim)->words : NULL; w; w = w->next) {
		if (!(w->disks >> n->number & 1) || memcmp(w->key, i->bytes, KEY_OCT) != 0)
			continue;
		w->disks &= ~(1ull << n->number);
		w->until_ns = w->disks ? INT64_MAX : n->sim->t_ns;
	}
}

static bool names(const struct mm_record *r, const struct addr6 *home, const struct addr6 *group)
{
	return (share(&r->home6, home) || share(&r->home4, home)) && (share(&r->group6, group) || share(&r->group4, group));
}

static bool was_told(const struct sim *s, const struct addr6 *home, const struct addr6 *group, bool is_now)
{
	for (const struct word *w = cast_of(s)->words; w; w = w->next)
		if (names(&w->rec, home, group) && (w->disks || !is_now))
			return true;
	return false;
}

bool cast_is_recorded(const struct sim *s, const struct addr6 *home, const struct addr6 *group) { return was_told(s, home, group, true); }

/* --- entries as they are put ------------------------------------------------------------------------------- */

const struct node *cast_mobile(const struct sim *s, const struct addr6 *home)
{
	for (const struct node *n = s->nodes; n; n = n->next)
		for (uint32_t i = 0; i < n->n_static_addrs && !n->is_router && !n->n_roles; i++)
			if (addr6_eq(&n->static_addrs[i].addr, home))
				return n;
	return NULL;
}

static bool has_lladdr(const struct node *n, const struct lladdr *ll)
{
	for (uint32_t i = 0; i < n->n_nics; i++)
		if (lladdr_eq(&n->nics[i]->lladdr, ll))
			return true;
	return false;
}

static void check_station(const struct node *n, const struct addr6 *home, const struct lladdr *ll)
{
	const struct node *m = cast_mobile(n->sim, home);
	if (m && !has_lladdr(m, ll))
		watch_violation(n->sim, "wrong-host: %s sends what comes for %s to another", n->name, ADDR46_STR(home));
}

static void check_guest(const struct node *n, const struct dp_guest *g)
{
	for (uint32_t i = 0; i < g->n_home; i++) {
		if (!was_told(n->sim, &g->home_address[i], &g->group, false))
			watch_violation(n->sim, "guest: %s serves %s by %s, of which no manager told it", n->name, ADDR46_STR(&g->home_address[i]),
					ADDR46_STR(&g->group));
		check_station(n, &g->home_address[i], &g->lladdr);
	}
}

static void check_way(const struct node *n, const struct addr6 *home, const struct addr6 *group)
{
	if (!was_told(n->sim, home, group, false))
		watch_violation(n->sim, "way: %s sends %s to %s, which no manager gave it", n->name, ADDR46_STR(home), ADDR46_STR(group));
}

bool cast_dp(struct node *n, const struct dp_op *op)
{
	if (op->table == DP_GUEST)
		check_guest(n, &op->guest);
	else if (op->table == DP_VISIT && cast_mobile(n->sim, &op->visit.home_address))
		check_station(n, &op->visit.home_address, &op->visit.lladdr);
	else if (op->table == DP_HOME && addr_is_group(&op->home.coa))
		check_way(n, &op->home.home_address, &op->home.coa);
	else if (op->table == DP_COA && addr_is_group(&op->coa.coa))
		check_way(n, &op->coa.home_address, &op->coa.coa);
	else
		return false;
	return true;
}

/* --- who is heard ------------------------------------------------------------------------------------------ */

static struct heard *heard_of(const struct sim *s, const struct nic *base, const struct lladdr *station)
{
	struct heard *h = cast_of(s)->heard;
	while (h && (h->base != base || !lladdr_eq(&h->mobile->lladdr, station)))
		h = h->next;
	return h;
}

void cast_heard(const struct nic *base, const struct nic *mobile, bool is_gone)
{
	struct sim *s = base->node->sim;
	struct heard *h = heard_of(s, base, &mobile->lladdr);
	if (!h) {
		h = sim_alloc(sizeof *h);
		*h = (struct heard){.next = cast_of(s)->heard, .base = base, .mobile = mobile};
		cast_of(s)->heard = h;
	}
	h->at_ns = s->t_ns;
	h->is_gone = is_gone;
}

/* Where an entry of a mobile that the network moves leads to; NULL: it is none. */
struct place { const struct addr6 *of; uint32_t ifindex; const struct lladdr *lladdr; mono_t expires; };

static bool place_of(const struct node *n, const struct dp_op *op, struct place *out)
{
	if (op->table == DP_GUEST)
		*out = (struct place){&op->guest.home_address[0], op->guest.ifindex, &op->guest.lladdr, op->guest.expires};
	else if (op->table == DP_VISIT && cast_mobile(n->sim, &op->visit.home_address))
		*out = (struct place){&op->visit.home_address, op->visit.ifindex, &op->visit.lladdr, op->visit.expires};
	else
		return false;
	return mono_before(node_now(n).mono, out->expires);
}

bool cast_serves(const struct nic *base, const struct nic *mobile)
{
	struct place p;
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(base->node, &it));)
		if (place_of(base->node, op, &p) && p.ifindex == base->ifindex && lladdr_eq(p.lladdr, &mobile->lladdr))
			return true;
	return false;
}

bool cast_has_guest(const struct node *n, const struct addr6 *group)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (op->table == DP_GUEST && addr6_eq(&op->guest.group, group) && mono_before(node_now(n).mono, op->guest.expires))
			return true;
	return false;
}

bool cast_is_justified(const struct node *n, const struct dp_op *op)
{
	struct place p;
	if (!place_of(n, op, &p))
		return true;
	const struct nic *base = node_nic(n, p.ifindex);
	const struct heard *h = base ? heard_of(n->sim, base, p.lladdr) : NULL;
	return h && radio_ear(h->mobile, base);
}

/* --- withdrawn agents forget ------------------------------------------------------------------------------- */

/* How long this agent may go on without hearing a station. */
static int64_t patience_of(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_roles; i++)
		if (n->roles[i].ops->id == ROLE_FA && n->roles[i].conf)
			return ((const struct fa_conf *)n->roles[i].conf)->guests.silence.ns;
	return 0;
}

static void check_entry(struct node *n, const struct dp_op *op)
{
	struct place p;
	if (!place_of(n, op, &p))
		return;
	const struct nic *base = node_nic(n, p.ifindex);
	const struct heard *h = base ? heard_of(n->sim, base, p.lladdr) : NULL;
	const bool is_its_own = n->is_running && fwd_is_fresh(op);
	const int64_t patience_ns = !is_its_own ? ENTRY_NS + patience_of(n) : h && h->is_gone ? 0 : patience_of(n);
	if (!h || n->sim->t_ns - h->at_ns > patience_ns + SLACK_NS)
		watch_violation(n->sim, "forget: %s still has %s as a guest, which it has %s", n->name, ADDR46_STR(p.of), h ? "long not heard" : "never heard");
}

void cast_reported(const struct node *n, const struct addr6 *group)
{
	if (patience_of(n) && !cast_has_guest(n, group))
		watch_violation(n->sim, "forget: %s listens to %s for no guest", n->name, ADDR46_STR(group));
}

static void look_at(struct node *n)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		check_entry(n, op);
}

static void on_look(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)obj;
	(void)arg;
	(void)tag;
	for (struct node *n = s->nodes; n; n = n->next)
		if (!n->is_frozen)
			look_at(n);
	sim_in(s, LOOK_NS, on_look, NULL, NULL, 0);
}

/* Only where there is air: nobody else has guests. */
void cast_start(struct sim *s)
{
	for (const struct link *l = s->links; l; l = l->next)
		if (l->hear_every_ns) {
			sim_in(s, LOOK_NS, on_look, NULL, NULL, 0);
			return;
		}
}
