/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/log.h"
#include "daemon/settings.h"
#include "plat/linux/tun.h"

static void flush_all_ops(void *ctx);

int exec_init(struct exec *x)
{
	for (int t = 0; t < DP_TABLE_N; t++)
		if (!(x->ops[t].op = calloc(EXEC_OPS_MAX, sizeof *x->ops[t].op)))
			return ERR_NOMEM;
	if (!(x->late.op = calloc(EXEC_OPS_MAX, sizeof *x->late.op)))
		return ERR_NOMEM;
	sender_before(x->sender, flush_all_ops, x);
	return 0;
}

void exec_fini(struct exec *x)
{
	for (int t = 0; t < DP_TABLE_N; t++)
		free(x->ops[t].op);
	free(x->late.op);
	memset(x->ops, 0, sizeof x->ops);
	memset(&x->late, 0, sizeof x->late);
}

/* Stands in for roam0. */
static uint32_t real_ifindex(const struct exec *x, uint32_t ifindex)
{
	return ifindex == IFINDEX_ROAM0 ? x->tun_ifindex : ifindex;
}

static void failed(struct exec *x, const char *code, enum role_id role, const char *what, int rc)
{
	x->n_failed++;
	log_note(EV_WARNING, code, "role %s: %s: %s", role_str(role), what, rc == ERR_SYS ? strerror(errno) : err_str(rc));
}

/* All records of the batch in one commit. The roles whose commit failed, as bits. */
static uint32_t run_stores(struct exec *x, const struct effq *q)
{
	uint32_t roles = 0;

	for (uint32_t i = q->next; i < q->n; i++) {
		const struct effect *e = &q->fx[i];
		if (e->kind != FX_STORE_PUT && e->kind != FX_STORE_DEL)
			continue;
		const uint8_t *key = effq_bytes(q, e->store.off), *val = key + e->store.key_len_oct;
		int rc = e->kind == FX_STORE_PUT
			? store_put(x->store, e->store.table, key, e->store.key_len_oct, val, e->store.val_len_oct)
			: store_del(x->store, e->store.table, key, e->store.key_len_oct);
		if (rc)
			failed(x, "store-failed", e->role, "a record cannot be kept", rc);
		roles |= 1u << e->role;
	}
	int rc = roles ? store_commit(x->store) : 0;
	if (!rc)
		return 0;
	log_note(EV_ERROR, "store-failed", "records cannot be written: packets that depend on them are withheld: check the disk of state-dir");
	return roles;
}

static void flush_ops(struct exec *x, struct exec_ops *ops)
{
	const uint32_t n = ops->n;
	uint32_t done = 0;

	ops->n = 0;
	while (x->dp && done < n) {
		uint32_t some = 0;
		int rc = dp_apply_batch(x->dp, ops->verb, ops->op + done, n - done, &some);
		done += some;
		if (!rc)
			return;
		if (!(rc == ERR_NOTFOUND && ops->verb == DP_DEL))
			failed(x, "datapath-failed", ROLE_NONE, "an entry of the datapath cannot be changed", rc);
		done++; /* that one is lost; go on with the next */
	}
}

static void flush_all_ops(void *ctx)
{
	struct exec *x = ctx;

	for (int t = 0; t < DP_TABLE_N; t++)
		if (x->ops[t].n)
			flush_ops(x, &x->ops[t]);
}

static void note_owned(struct exec *x, const struct dp_if *iface)
{
	struct exec_if *o = x->owned;

	while (o < x->owned + x->n_owned && o->ifindex != iface->ifindex)
		o++;
	if (o == x->owned + EXEC_IF_MAX)
		return;
	x->n_owned += o == x->owned + x->n_owned;
	*o = (struct exec_if){iface->ifindex, iface->flags};
}

uint32_t exec_sweep(struct exec *x)
{
	uint32_t n = rtnl_sweep(x->rtnl);

	for (uint32_t i = 0; i < x->n_owned; i++)
		n += member_sweep(x->member, x->owned[i].ifindex);
	return n;
}

static bool is_v4_entry(const struct dp_op *op)
{
	if (op->table == DP_LOCAL)
		return addr6_is_v4mapped(&op->local.addr);
	if (op->table == DP_MFC)
		return addr6_is_v4mapped(&op->mfc.group);
	if (op->table == DP_VISIT)
		return addr6_is_v4mapped(&op->visit.home_address);
	if (op->table == DP_GUEST)
		return addr6_is_v4mapped(&op->guest.group);
	if (op->table == DP_UNBOUND)
		return addr6_is_v4mapped(&op->unbound.prefix.addr);
	for (uint32_t i = 0; op->table == DP_IF && i < op->iface.n_prefix; i++)
		if (addr6_is_v4mapped(&op->iface.prefix[i].addr))
			return true;
	return false;
}

/* Has this to do with IPv4? Asked until the first that has: what every role needs to begin with is an address, a route or a packet. */
static bool is_v4_effect(const struct effq *q, const struct effect *e)
{
	switch (e->kind) {
	case FX_SEND: return e->send.is_arp || (e->send.len_oct && effq_bytes(q, e->send.off)[0] >> 4 == 4);
	case FX_DP_PUT: return is_v4_entry(&e->dp);
	case FX_JOIN: return addr6_is_v4mapped(&e->group.group);
	case FX_ADDR_ADD: return addr6_is_v4mapped(&e->addr.addr);
	case FX_ROUTE_PUT: return addr6_is_v4mapped(&e->route.dst.addr);
	case FX_DP_DEL:
	case FX_LEAVE:
	case FX_ADDR_DEL:
	case FX_ROUTE_DEL:
	case FX_NEIGH:
	case FX_KEEP_SEND:
	case FX_ATTACH:
	case FX_STORE_PUT:
	case FX_STORE_DEL:
	case FX_SHARED:
	case FX_ANSWER:
	case FX_EVENT:
	case FX_NOTHING: return false;
	}
	return false;
}

static void begin_v4(struct exec *x)
{
	x->is_v4 = true;
	x->begin_v4(x->ctx);
	settings_roam0_4(x);
	for (uint32_t i = 0; i < x->n_owned; i++)
		settings_interface4(x, x->owned[i].ifindex, x->owned[i].flags);
}

static void run_interface(struct exec *x, const struct effect *e)
{
	struct dp_op op = e->dp;

	flush_all_ops(x);
	op.iface.ifindex = real_ifindex(x, op.iface.ifindex);
	if (e->kind == FX_DP_PUT) {
		note_owned(x, &op.iface);
		settings_interface(x, &op.iface, e->role);
		if (x->is_v4)
			settings_interface4(x, op.iface.ifindex, op.iface.flags);
	}
	int rc = x->dp ? dp_apply(x->dp, e->kind == FX_DP_PUT ? DP_PUT : DP_DEL, &op, e->role) : 0;
	if (rc && !(rc == ERR_NOTFOUND && e->kind == FX_DP_DEL))
		failed(x, "datapath-failed", e->role, "programs cannot be attached to an interface, or detached", rc);
}

/* Packets to the group enter the host's multicast forwarding there. */
static void enter_forwarding(struct exec *x, uint32_t *inject_if, const struct addr6 *group)
{
	*inject_if = real_ifindex(x, *inject_if);
	if (*inject_if && addr6_is_v4mapped(group))
		settings_source4(x, *inject_if);
}

/* A foreign agent gives a mobile nothing before it has the home agent's answer (RFC 5944 3.7.3), so packets must not go to it before that does: an
 * entry that leads to an agent comes last. Everything else is in the datapath before anything is said of it. */
static void settle(struct exec *x)
{
	flush_all_ops(x);
	sender_flush(x->sender);
	if (x->late.n)
		flush_ops(x, &x->late);
}

static void run_dp(struct exec *x, const struct effect *e)
{
	const enum dp_verb verb = e->kind == FX_DP_PUT ? DP_PUT : DP_DEL;

	if (e->dp.table == DP_IF) {
		run_interface(x, e);
		return;
	}
	if (e->dp.table == DP_LOCAL) { /* several roles may have one address: the datapath keeps them apart */
		int rc = x->dp ? dp_apply(x->dp, verb, &e->dp, e->role) : 0;
		if (rc && !(rc == ERR_NOTFOUND && verb == DP_DEL))
			failed(x, "datapath-failed", e->role, "an address of ours cannot be entered or taken out", rc);
		return;
	}
	const bool is_late = verb == DP_PUT && e->dp.table == DP_HOME && e->dp.home.is_nested;
	if (x->late.n && e->dp.table == DP_HOME && !is_late)
		settle(x); /* of one mobile, in order */
	struct exec_ops *ops = is_late ? &x->late : &x->ops[e->dp.table];
	if (is_late && ops->n == EXEC_OPS_MAX)
		settle(x);
	if (ops->n && (ops->verb != verb || ops->n == EXEC_OPS_MAX))
		flush_ops(x, ops);
	ops->verb = verb;
	struct dp_op *op = &ops->op[ops->n++];
	*op = e->dp;
	if (op->table == DP_COA)
		enter_forwarding(x, &op->coa.inject_if, &op->coa.group);
	if (op->table == DP_RELAY)
		enter_forwarding(x, &op->relay.inject_if, &op->relay.group);
}

static bool is_gathered(enum effect_kind k)
{
	return k == FX_SEND || k == FX_DP_PUT || k == FX_DP_DEL || k == FX_EVENT || k == FX_STORE_PUT || k == FX_STORE_DEL ||
	       k == FX_SHARED || k == FX_NOTHING;
}


static void run_send(struct exec *x, const struct effq *q, const struct effect *e, uint32_t withheld)
{
	const uint8_t *pkt = effq_bytes(q, e->send.off);

	if (withheld & 1u << e->role)
		return;
	if (e->send.ifindex == IFINDEX_ROAM0) {
		settle(x);
		if (tun_write(x->tun_fd, pkt, e->send.len_oct))
			failed(x, "send-failed", e->role, "a packet cannot be given to roam0", ERR_SYS);
		return;
	}
	if (e->send.is_arp)
		sender_arp(x->sender, e->send.ifindex, &e->send.lladdr, pkt, e->send.len_oct);
	else if (e->send.is_from_host)
		sender_from_host(x->sender, e->send.ifindex, pkt, e->send.len_oct);
	else
		sender_send(x->sender, e->send.ifindex, e->send.has_lladdr ? &e->send.lladdr : NULL, pkt, e->send.len_oct);
}

static void run_group(struct exec *x, const struct effect *e)
{
	struct fx_group g = e->group;

	g.ifindex = real_ifindex(x, g.ifindex);
	int rc = e->kind == FX_JOIN ? member_join(x->member, &g) : member_leave(x->member, &g);
	if (rc && !(e->kind == FX_LEAVE && rc == ERR_NOTFOUND))
		failed(x, "membership-failed", e->role, "a group cannot be joined or left", rc);
}

static void run_addr(struct exec *x, const struct effect *e)
{
	struct fx_addr a = e->addr;

	a.ifindex = real_ifindex(x, a.ifindex);
	int rc = e->kind == FX_ADDR_ADD ? rtnl_addr_add(x->rtnl, &a) : rtnl_addr_del(x->rtnl, &a);
	if (rc)
		failed(x, "address-failed", e->role, ADDR46_STR(&a.addr), rc);
}

static void run_route(struct exec *x, const struct effect *e)
{
	struct fx_route r = e->route;

	r.ifindex = real_ifindex(x, r.ifindex);
	int rc = e->kind == FX_ROUTE_PUT ? rtnl_route_put(x->rtnl, &r) : rtnl_route_del(x->rtnl, &r);
	if (rc)
		failed(x, "route-failed", e->role, PREFIX46_STR(&r.dst), rc);
}

static void run_neigh(struct exec *x, const struct effect *e)
{
	int rc = rtnl_neigh_put(x->rtnl, &e->neigh);
	if (rc)
		failed(x, "neighbour-failed", e->role, ADDR46_STR(&e->neigh.addr), rc);
}

static void run_attach(struct exec *x, const struct effect *e)
{
	const struct link_event *link = rtnl_link_at(x->rtnl, e->attach.ifindex);

	if (link)
		x->attach(x->ctx, &e->attach, link->name);
}

static void run_one(struct exec *x, const struct effq *q, const struct effect *e, uint32_t withheld)
{
	if (!x->is_v4 && is_v4_effect(q, e))
		begin_v4(x);
	if (!is_gathered(e->kind))
		settle(x);
	switch (e->kind) {
	case FX_SEND: run_send(x, q, e, withheld); break;
	case FX_DP_PUT:
	case FX_DP_DEL: run_dp(x, e); break;
	case FX_JOIN:
	case FX_LEAVE: run_group(x, e); break;
	case FX_ADDR_ADD:
	case FX_ADDR_DEL: run_addr(x, e); break;
	case FX_ROUTE_PUT:
	case FX_ROUTE_DEL: run_route(x, e); break;
	case FX_NEIGH: run_neigh(x, e); break;
	case FX_ATTACH: run_attach(x, e); break;
	case FX_KEEP_SEND: x->keep_send(x->ctx, &e->keep); break;
	case FX_STORE_PUT:
	case FX_STORE_DEL: break; /* done */
	case FX_NOTHING: break;
	case FX_SHARED: x->shared(x->ctx, &e->shared, effq_bytes(q, e->shared.off)); break;
	case FX_ANSWER: x->answer(x->ctx, &e->answer, (const char *)effq_bytes(q, e->answer.off)); break;
	case FX_EVENT: x->event(x->ctx, &e->event, e->role, (const char *)effq_bytes(q, e->event.off)); break;
	}
}

void exec_run(struct exec *x, struct effq *q)
{
	const struct effect *e;

	if (q->next == q->n)
		return;
	const uint32_t withheld = run_stores(x, q);
	while ((e = effq_next(q))) {
		run_one(x, q, e, withheld);
		x->n_effects++;
	}
	settle(x);
	effq_reset(q);
	x->n_batches++;
}
