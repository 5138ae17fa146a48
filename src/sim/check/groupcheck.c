/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of a redundancy group, seen from outside: who serves, what members have on their disks and in their datapaths. */
#include "sim/check/claims.h"
#include "sim/check/watch.h"
#include "sim/group.h"
#include "sim/net/fwd.h"
#include "sim/net/pkt.h"

enum { TRAILER_OCT = 33, MARK = 0x72677631, QUIET_ADVERTS = 4 };
static const int64_t ENDING_NS = 2 * NS_PER_S, POLL_NS = 50 * NS_PER_MS, WELL_NS = 2 * NS_PER_S;

static bool is_serving(const struct member *m) { return m->sync && sync_is_ready(m->sync) && !m->node->is_frozen; }

/* --- records on disks -------------------------------------------------------------------------------------- */

/* The version behind a stored record (rg/sync_record.h), read by other code than wrote it. */
struct version { bool is_deleted; int64_t end_ns; uint8_t order[20]; };

static bool version_of(const struct store_item *i, struct version *v)
{
	const uint8_t *p = i->bytes + i->key_len_oct + i->val_len_oct - TRAILER_OCT;
	if (i->val_len_oct < TRAILER_OCT || get32(p + TRAILER_OCT - 4) != MARK)
		return false;
	v->is_deleted = p[0] & 1;
	v->end_ns = (int64_t)get64(p + 1);
	memcpy(v->order, p + 9, sizeof v->order);
	return true;
}

static const struct store_item *find(const struct node *n, const struct store_item *like)
{
	const struct store_item *i = n->store;
	while (i && (i->table != like->table || i->key_len_oct != like->key_len_oct || memcmp(i->bytes, like->bytes, like->key_len_oct) != 0))
		i = i->next;
	return i;
}

/* Live records of one member that the other has not in the same version. */
static uint32_t missing_records(const struct node *a, const struct node *b, bool is_told)
{
	struct version x, y;
	uint32_t n = 0;
	for (const struct store_item *i = a->store; i; i = i->next) {
		if (!version_of(i, &x) || x.is_deleted || x.end_ns - node_now(a).wall.ns < ENDING_NS)
			continue;
		const struct store_item *other = find(b, i);
		if (other && version_of(other, &y) && !y.is_deleted && memcmp(x.order, y.order, sizeof x.order) == 0)
			continue;
		n++;
		if (is_told)
			sim_trace(a->sim, "group", "%s has a record (table %d) of which %s has %s", a->name, (int)i->table, b->name, other ? "another version" : "none");
	}
	return n;
}

/* --- datapaths --------------------------------------------------------------------------------------------- */

static bool is_same_way(const struct dp_op *a, const struct dp_op *b)
{
	if (a->table != b->table)
		return false;
	if (a->table == DP_HOME)
		return addr6_eq(&a->home.home_address, &b->home.home_address) && addr6_eq(&a->home.coa, &b->home.coa);
	return addr6_eq(&a->coa.coa, &b->coa.coa) && addr6_eq(&a->coa.group, &b->coa.group) && addr6_eq(&a->coa.home_address, &b->coa.home_address);
}

/* Of a mobile that the network moves each member asks a manager for itself, once a packet comes to it. */
static bool is_cast(const struct dp_op *op)
{
	return (op->table == DP_HOME && addr_is_group(&op->home.coa)) || (op->table == DP_COA && addr_is_group(&op->coa.coa));
}

/* A tunnel of a registration that goes on for a while. What waits for a home agent's answer is not shared. */
static bool is_way(const struct node *n, const struct dp_op *op)
{
	const mono_t soon = mono_add(node_now(n).mono, span_ns(ENDING_NS));
	if (!fwd_is_fresh(op) || is_cast(op))
		return false;
	return op->table == DP_HOME ? mono_before(soon, op->home.expires)
		: op->table == DP_COA && mono_before(soon, op->coa.expires) && addr6_is_none(&op->coa.forward);
}

static bool has_way(const struct node *n, const struct dp_op *like)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (is_same_way(op, like))
			return true;
	return false;
}

static uint32_t missing_ways(const struct node *a, const struct node *b, bool is_told)
{
	uint32_t it = 0, n = 0;
	for (const struct dp_op *op; (op = fwd_next(a, &it));) {
		if (!is_way(a, op) || has_way(b, op))
			continue;
		n++;
		if (is_told)
			sim_trace(a->sim, "group", "%s has a tunnel for %s that %s has not", a->name,
				  ADDR46_STR(op->table == DP_HOME ? &op->home.home_address : &op->coa.home_address), b->name);
	}
	return n;
}

uint32_t group_differences(const struct group *g, bool is_told)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->n_member; i++)
		for (uint32_t j = 0; j < g->n_member; j++) {
			const struct node *a = g->member[i].node, *b = g->member[j].node;
			if (i != j && is_serving(&g->member[i]) && is_serving(&g->member[j]))
				n += missing_records(a, b, is_told) + missing_ways(a, b, is_told);
		}
	return n;
}

/* --- once it is quiet -------------------------------------------------------------------------------------- */

static uint32_t actives(const struct group *g)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->n_member; i++)
		n += is_serving(&g->member[i]) && g->member[i].state == VRRP_MASTER && sync_is_active(g->member[i].sync);
	return n;
}

static uint32_t broken_words(const struct group *g, bool is_told)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->n_member; i++)
		if (is_serving(&g->member[i]))
			n += claims_broken(g->member[i].node, is_told);
	return n;
}

static void on_poll(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct group *g = obj;
	(void)arg;
	(void)tag;
	if (!g->quiet_by_ns)
		return;
	bool is_late = s->t_ns >= g->quiet_by_ns;
	uint32_t n_active = actives(g), n_differ = group_differences(g, is_late), n_broken = broken_words(g, is_late);
	if (n_active == 1 && !n_differ && !n_broken) {
		sim_trace(s, "group", "%s is quiet", g->name);
		g->quiet_by_ns = 0;
	} else if (is_late) {
		watch_violation(s, "group: %s: %u members serve, %u differences between members, %u words broken", g->name, n_active, n_differ, n_broken);
		g->quiet_by_ns = 0;
	} else {
		sim_in(s, POLL_NS, on_poll, g, NULL, 0);
	}
}

void group_expect_quiet(struct group *g, int64_t patience_ns)
{
	g->quiet_by_ns = g->sim->t_ns + patience_ns;
	sim_in(g->sim, 0, on_poll, g, NULL, 0);
}

/* --- who serves -------------------------------------------------------------------------------------------- */

static bool hear_each_other(const struct member *a, const struct member *b)
{
	const struct link *l = a->nic->link;
	return l && l == b->nic->link && a->nic->side == b->nic->side && !l->is_cut && !l->loss_ppm && !a->node->is_frozen && !b->node->is_frozen;
}

/* Two that serve. */
static bool are_two(const struct group *g, const struct member **a, const struct member **b)
{
	for (uint32_t i = 0; i < g->n_member; i++)
		for (uint32_t j = i + 1; j < g->n_member; j++) {
			*a = &g->member[i];
			*b = &g->member[j];
			if ((*a)->state == VRRP_MASTER && (*b)->state == VRRP_MASTER && hear_each_other(*a, *b))
				return true;
		}
	return false;
}

static void on_look(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct group *g = obj;
	const struct member *a, *b;
	(void)arg;
	(void)tag;
	g->n_double = s->t_ns - g->fault_ns > g->every_ns && are_two(g, &a, &b) ? g->n_double + 1 : 0;
	if (g->n_double == QUIET_ADVERTS)
		watch_violation(s, "group: %s and %s of %s both serve", a->node->name, b->node->name, g->name);
	sim_in(s, g->every_ns, on_look, g, NULL, 0);
}

void groups_watch(struct sim *s)
{
	for (struct group *g = s->groups; g; g = g->next)
		sim_in(s, g->every_ns, on_look, g, NULL, 0);
}

/* --- what is promised -------------------------------------------------------------------------------------- */

/* Of members that have heard it for a while, so that they know of each other. */
static void check_commit(const struct group *g, const struct member *by, const struct said *ask)
{
	uint32_t n_well = 0, n_holders = 0;
	for (uint32_t i = 0; i < g->n_member; i++)
		if (is_serving(&g->member[i]) && (by == &g->member[i] || hear_each_other(by, &g->member[i]))) {
			n_well++;
			n_holders += claims_holds(g->member[i].node, ask);
		}
	const uint32_t least = g->commit == RG_COMMIT_ALL ? n_well : g->commit == RG_COMMIT_ONE && n_well > 1 ? 2 : 1;
	if (n_holders < least)
		watch_violation(g->sim, "group: %s is told yes when %u of %u members of %s had it", ADDR46_STR(&ask->peer), n_holders, n_well, g->name);
}

void group_check_commit(const struct node *n, const struct said *ask)
{
	const struct member *by = group_member(n);
	if (by && group_has_address(n, &ask->dst) && n->sim->t_ns - by->group->fault_ns > WELL_NS)
		check_commit(by->group, by, ask);
}
