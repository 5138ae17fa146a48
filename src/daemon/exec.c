/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/log.h"
#include "plat/linux/tun.h"

static void flush_all_ops(void *ctx);

int exec_init(struct exec *x)
{
	for (int t = 0; t < DP_TABLE_N; t++)
		if (!(x->ops[t].op = calloc(EXEC_OPS_MAX, sizeof *x->ops[t].op)))
			return ERR_NOMEM;
	sender_before(x->sender, flush_all_ops, x);
	return 0;
}

void exec_fini(struct exec *x)
{
	for (int t = 0; t < DP_TABLE_N; t++)
		free(x->ops[t].op);
	memset(x->ops, 0, sizeof x->ops);
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

static void set(struct exec *x, const char *ifname, const char *key, int value)
{
	if (sysctl_set(x->sysctl, ifname, key, value))
		log_note(EV_NOTICE, "sysctl-failed", "%s/%s = %d: %s", ifname, key, value, strerror(errno));
}

static void note_owned(struct exec *x, uint32_t ifindex)
{
	for (uint32_t i = 0; i < x->n_owned; i++)
		if (x->owned[i] == ifindex)
			return;
	if (x->n_owned < EXEC_IF_MAX)
		x->owned[x->n_owned++] = ifindex;
}

uint32_t exec_sweep(struct exec *x)
{
	uint32_t n = rtnl_sweep(x->rtnl);

	for (uint32_t i = 0; i < x->n_owned; i++)
		n += member_sweep(x->member, x->owned[i]);
	return n;
}

/* What the kernel must and must not do by itself on an interface of a role: doc/operations.md has the list. */
static void own_interface(struct exec *x, const struct dp_if *iface, enum role_id role)
{
	const struct link_event *link = rtnl_link_at(x->rtnl, iface->ifindex);

	if (!x->is_setting || !link)
		return;
	if (iface->flags & DP_IF_MOBILE) {
		set(x, link->name, "accept_ra", 0);
		set(x, link->name, "autoconf", 0);
		set(x, link->name, "router_solicitations", 0);
		set(x, link->name, "keep_addr_on_down", 1);
		set(x, link->name, "optimistic_dad", 1);
		set(x, link->name, "use_optimistic", 1);
	}
	if (role == ROLE_AR && iface->flags & DP_IF_UPSTREAM)
		set(x, link->name, SYSCTL_ALLMULTI, 1);
	if (iface->flags & ~(uint32_t)(DP_IF_MOBILE | DP_IF_ROAM0) && !x->is_forwarding) {
		set(x, "all", "forwarding", 1);
		x->is_forwarding = true;
	}
}

static void run_interface(struct exec *x, const struct effect *e)
{
	struct dp_op op = e->dp;

	flush_all_ops(x);
	op.iface.ifindex = real_ifindex(x, op.iface.ifindex);
	if (e->kind == FX_DP_PUT) {
		note_owned(x, op.iface.ifindex);
		own_interface(x, &op.iface, e->role);
	}
	int rc = x->dp ? dp_apply(x->dp, e->kind == FX_DP_PUT ? DP_PUT : DP_DEL, &op, e->role) : 0;
	if (rc && !(rc == ERR_NOTFOUND && e->kind == FX_DP_DEL))
		failed(x, "datapath-failed", e->role, "programs cannot be attached to an interface, or detached", rc);
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
	struct exec_ops *ops = &x->ops[e->dp.table];
	if (ops->n && (ops->verb != verb || ops->n == EXEC_OPS_MAX))
		flush_ops(x, ops);
	ops->verb = verb;
	struct dp_op *op = &ops->op[ops->n++];
	*op = e->dp;
	if (op->table == DP_COA)
		op->coa.inject_if = real_ifindex(x, op->coa.inject_if);
}

static bool is_gathered(enum effect_kind k)
{
	return k == FX_SEND || k == FX_DP_PUT || k == FX_DP_DEL || k == FX_EVENT || k == FX_STORE_PUT || k == FX_STORE_DEL;
}

static void settle(struct exec *x)
{
	flush_all_ops(x);
	sender_flush(x->sender);
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
		failed(x, "address-failed", e->role, ADDR6_STR(&a.addr), rc);
}

static void run_route(struct exec *x, const struct effect *e)
{
	struct fx_route r = e->route;

	r.ifindex = real_ifindex(x, r.ifindex);
	int rc = e->kind == FX_ROUTE_PUT ? rtnl_route_put(x->rtnl, &r) : rtnl_route_del(x->rtnl, &r);
	if (rc)
		failed(x, "route-failed", e->role, PREFIX6_STR(&r.dst), rc);
}

static void run_neigh(struct exec *x, const struct effect *e)
{
	int rc = rtnl_neigh_put(x->rtnl, &e->neigh);
	if (rc)
		failed(x, "neighbour-failed", e->role, ADDR6_STR(&e->neigh.addr), rc);
}

static void run_attach(struct exec *x, const struct effect *e)
{
	const struct link_event *link = rtnl_link_at(x->rtnl, e->attach.ifindex);

	if (link)
		x->attach(x->ctx, &e->attach, link->name);
}

static void run_one(struct exec *x, const struct effq *q, const struct effect *e, uint32_t withheld)
{
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
