/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"
#include "sim/vrrp.h"

/* --- groups ------------------------------------------------------------------------------------------------ */

struct group *group_new(struct sim *s, const char *name)
{
	struct group *g = sim_alloc(sizeof *g), **end = &s->groups;
	snprintf(g->name, sizeof g->name, "%s", name);
	g->sim = s;
	g->every_ns = 100 * NS_PER_MS;
	while (*end)
		end = &(*end)->next;
	return *end = g;
}

struct group *group_find(const struct sim *s, const char *name)
{
	struct group *g = s->groups;
	while (g && strcmp(g->name, name) != 0)
		g = g->next;
	return g;
}

void groups_free(struct sim *s)
{
	for (struct group *g; (g = s->groups);) {
		s->groups = g->next;
		free(g);
	}
}

struct member *group_member(const struct node *n)
{
	for (struct group *g = n->sim->groups; g; g = g->next)
		for (uint32_t i = 0; i < g->n_member; i++)
			if (g->member[i].node == n)
				return &g->member[i];
	return NULL;
}

static struct sync *sync_of(const struct node *n)
{
	const struct member *m = group_member(n);
	return m ? m->sync : NULL;
}

bool group_has_address(const struct node *n, const struct addr6 *a)
{
	const struct member *m = group_member(n);
	for (uint32_t i = 0; m && i < m->group->n_addr; i++)
		if (addr6_eq(&m->group->addr[i].addr.addr, a))
			return true;
	return false;
}

void group_fault(struct sim *s, bool is_division)
{
	for (struct group *g = s->groups; g; g = g->next) {
		g->fault_ns = s->t_ns;
		g->divided_ns = is_division ? s->t_ns : g->divided_ns;
	}
}

bool group_was_divided(const struct group *g, int64_t within_ns) { return g->divided_ns && g->sim->t_ns - g->divided_ns < within_ns; }

/* --- the life of a member ---------------------------------------------------------------------------------- */

static void on_ready(void *ctx, struct now now)
{
	struct member *m = ctx;
	(void)now;
	sim_trace(m->node->sim, m->node->name, "group: the table is here");
	vrrp_start(m);
}

static void on_take_over(void *ctx, struct now now)
{
	struct member *m = ctx;
	(void)now;
	m->is_asked = true; /* not from inside the group's own call */
}

/* The member's own address on its link, of the family that the group uses. */
static bool own_address(const struct member *m, struct addr6 *out)
{
	const struct node *n = m->node;
	for (uint32_t i = 0; i < n->n_static_addrs; i++) {
		*out = n->static_addrs[i].addr;
		if (n->static_addrs[i].ifindex == m->nic->ifindex && !addr6_is_linklocal(out) && addr6_is_v4mapped(out) == m->group->has_v4)
			return true;
	}
	return false;
}

static enum role_id first_role(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_roles; i++)
		if (n->roles[i].ops->replica)
			return n->roles[i].ops->id;
	return ROLE_NONE;
}

static const char *make_conf(const struct member *m, struct rg_conf *c)
{
	const struct node *n = m->node;
	*c = rg_conf_default;
	c->role = first_role(n);
	c->id = m->id;
	c->priority = m->priority;
	c->ifindex = m->nic->ifindex;
	c->commit = m->group->commit;
	c->n_key = 1;
	c->key[0].id = 1;
	c->key[0].key = n->env.key(n->env.ctx, m->group->key);
	(void)addr46_parse(&c->group, m->group->has_v4 ? "224.0.0.114" : "ff02::114");
	return !c->role ? "no role of this node can be in a group" : !c->key[0].key ? "the node has not the group's key"
		: !own_address(m, &c->self) ? "the member has no address of its own on the group's link" : NULL;
}

const char *group_start(struct node *n)
{
	struct member *m = group_member(n);
	struct rg_conf c;
	if (!m)
		return NULL;
	const struct sync_ops ops = {on_ready, on_take_over, m};
	const char *remedy = make_conf(m, &c);
	m->sync = remedy ? NULL : sync_new(&n->env, &c, &ops, ++m->starts, node_now(n));
	if (!m->sync)
		return remedy ? remedy : "the group does not start";
	for (uint32_t i = 0; i < n->n_roles; i++)
		sync_add(m->sync, n->roles[i].ops, n->roles[i].self, node_now(n));
	return NULL;
}

void group_stop(struct node *n)
{
	struct member *m = group_member(n);
	if (!m || !m->sync)
		return;
	vrrp_end(m, true);
	sync_stop(m->sync, node_now(n));
}

void group_end(struct node *n)
{
	struct member *m = group_member(n);
	if (!m)
		return;
	vrrp_end(m, false);
	sync_free(m->sync);
	m->sync = NULL;
	m->is_asked = false;
}

void group_activate(struct member *m, bool is_active)
{
	if (!m->sync)
		return;
	if (is_active)
		sync_activate(m->sync, node_now(m->node));
	else
		sync_deactivate(m->sync, node_now(m->node));
	proc_done(m->node);
}

/* --- around its roles -------------------------------------------------------------------------------------- */

uint32_t group_mark(const struct node *n) { return n->fx.n; }

void group_scan(const struct node *n, const struct role_inst *r, uint32_t mark, enum sync_call call)
{
	struct sync *s = sync_of(n);
	if (s && r->self)
		sync_scan(s, r->self, mark, call, node_now(n));
}

bool group_may_rx(const struct node *n, const struct role_inst *r)
{
	struct sync *s = sync_of(n);
	return !s || sync_may_rx(s, r->self);
}

void group_flush(struct node *n)
{
	struct member *m = group_member(n);
	if (m && m->sync)
		sync_flush(m->sync, node_now(n));
}

void group_restore(const struct node *n, struct store_rec *rec, bool is_noted)
{
	sync_restore(is_noted ? sync_of(n) : NULL, rec, node_now(n));
}

void group_restored(const struct node *n)
{
	if (sync_of(n))
		sync_start(sync_of(n), node_now(n));
}

/* keepalived and the daemon are two processes: what one tells the other comes after what is being done. */
void group_tick(struct node *n)
{
	struct member *m = group_member(n);
	if (!m || !m->sync)
		return;
	if (mono_reached(sync_expiry(m->sync), node_now(n).mono))
		sync_tick(m->sync, node_now(n));
}

mono_t group_expiry(const struct node *n)
{
	return sync_of(n) ? sync_expiry(sync_of(n)) : MONO_NEVER;
}

static void on_handed(struct sim *s, void *obj, void *arg, uint64_t generation)
{
	struct member *m = obj;
	(void)s;
	(void)arg;
	if (m->sync && m->node->generation == generation && m->state != VRRP_OFF)
		vrrp_take_over(m);
}

bool group_rx_udp(struct node *n, const struct addr6 *src, const uint8_t *udp, size_t len)
{
	struct member *m = group_member(n);
	if (len < UDP_LEN || get16(udp + 2) != GRP_PORT)
		return false;
	if (!m || !m->sync || !n->is_running)
		return true; /* nobody listens */
	sync_rx(m->sync, src, udp + UDP_LEN, len - UDP_LEN, node_now(n));
	proc_done(n);
	if (m->is_asked)
		sim_in(n->sim, 0, on_handed, m, NULL, n->generation);
	m->is_asked = false;
	return true;
}

int group_ctl(struct node *n, const struct ctl_cmd *cmd, const char **msg)
{
	struct sync *s = sync_of(n);
	if (!s || cmd->argc != 2 || strcmp(cmd->argv[0], "group") != 0 || strcmp(cmd->argv[1], "hand-over") != 0)
		return ERR_NOTFOUND;
	*msg = "";
	return sync_hand_over(s, node_now(n));
}

void group_show(const struct node *n, const char *what, struct show *out)
{
	if (sync_of(n) && strcmp(what, "group") == 0)
		sync_show(sync_of(n), out, node_now(n));
}
