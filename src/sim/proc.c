/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/proc.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/auth/sa.h"
#include "plat/crypto_openssl.h"
#include "role/mn/mn.h"
#include "sim/carry.h"
#include "sim/check/claims.h"
#include "sim/check/watch.h"
#include "sim/group.h"
#include "sim/net/fwd.h"
#include "sim/net/kern.h"
#include "sim/net/pkt.h"
#include "sim/script/conf.h"

enum { SPIN_MAX = 10000 };

static const int64_t SETTLED_NS = 10 * NS_PER_S /* as roamd */, REVIVED_NS = 2 * NS_PER_S;

static const struct role_ops *const all_roles[] = {&ha_role, &mma_role, &ar_role, &mn_role, &cn_role, &fa_role, &mm_role};

const struct crypto_ops *proc_crypto(void) { return &crypto_openssl; }

static uint32_t env_ifindex(void *ctx, const char *name)
{
	const struct nic *nic = node_nic_named(ctx, name);
	return nic ? nic->ifindex : strcmp(name, "roam0") == 0 ? IFINDEX_ROAM0 : 0;
}

static bool env_last_seq(void *ctx, const struct addr6 *group, const struct addr6 *source, uint32_t *seq)
{
	return fwd_last_seq(ctx, group, source, seq);
}

static mono_t env_ro_used(void *ctx, const struct addr6 *home_address, const struct addr6 *cn)
{
	return fwd_ro_used(ctx, home_address, cn);
}

static mono_t env_cn_used(void *ctx, const struct addr6 *home_address, const struct addr6 *self)
{
	return fwd_cn_used(ctx, home_address, self);
}

static const struct sa_key *env_key(void *ctx, const char *name)
{
	const struct node *n = ctx;
	for (uint32_t i = 0; i < n->n_keys; i++)
		if (strcmp(n->keys[i].name, name) == 0)
			return n->keys[i].sa;
	return NULL;
}

const char *proc_role_add(struct node *n, const char *role, const char *conf_text)
{
	if (n->n_roles == NODE_ROLES_MAX)
		return "too many roles";
	for (uint32_t i = 0; i < sizeof all_roles / sizeof *all_roles; i++)
		if (strcmp(all_roles[i]->name, role) == 0) {
			n->roles[n->n_roles++] = (struct role_inst){.ops = all_roles[i], .conf_text = strdup(conf_text)};
			return NULL;
		}
	return "no such role";
}

/* Both texts have their braces: the last one of the old and the first one of the new fall away. */
const char *proc_role_more(struct node *n, const char *role, const char *conf_text)
{
	for (uint32_t i = 0; i < n->n_roles; i++) {
		struct role_inst *r = &n->roles[i];
		if (strcmp(r->ops->name, role) != 0)
			continue;
		const char *end = strrchr(r->conf_text, '}'), *open = strchr(conf_text, '{');
		if (!end || !open)
			return "the block has no braces";
		size_t keep = (size_t)(end - r->conf_text), size = keep + strlen(open) + 1;
		char *text = sim_alloc(size);
		snprintf(text, size, "%.*s%s", (int)keep, r->conf_text, open + 1);
		free(r->conf_text);
		r->conf_text = text;
		return NULL;
	}
	return "the node has no such role";
}

const char *proc_key_add(struct node *n, const char *name, enum mac_alg alg, uint32_t spi, const void *raw, size_t len)
{
	struct sa_key *sa = sim_alloc(sizeof *sa);
	if (n->n_keys == NODE_KEYS_MAX || sa_key_init(sa, &crypto_openssl, name, spi, alg, raw, len) != ERR_OK) {
		free(sa);
		return "this key cannot be used";
	}
	struct node_key *k = &n->keys[n->n_keys++];
	snprintf(k->name, sizeof k->name, "%s", name);
	k->sa = sa;
	return NULL;
}

/* Every role that has the hook, and what its redundancy group makes of it. */
#define TELL(n, call, hook, ...) \
	for (struct role_inst *r = (n)->roles; r < (n)->roles + (n)->n_roles && (n)->is_running; r++) { \
		const uint32_t mark = group_mark(n); \
		if (r->ops->hook) \
			r->ops->hook(r->self, __VA_ARGS__); \
		group_scan(n, r, mark, call); \
	}

static void on_tick(struct sim *s, void *obj, void *arg, uint64_t at);

static void arm(struct node *n)
{
	mono_t when = group_expiry(n);
	for (uint32_t i = 0; i < n->n_roles; i++)
		when = mono_min(when, n->roles[i].ops->expiry(n->roles[i].self));
	if (mono_is_never(when))
		return;
	int64_t at = when.ns - n->mono_off_ns;
	if (at < n->sim->t_ns)
		at = n->sim->t_ns;
	if (at >= n->tick_at_ns)
		return;
	n->tick_at_ns = at;
	sim_at(n->sim, at, on_tick, n, NULL, (uint64_t)at);
}

void proc_done(struct node *n)
{
	carry_all(n);
	if (!n->is_draining)
		arm(n);
}

/* An engine that asks again and again for the very time that it is would stop the world. */
static bool is_spinning(struct node *n)
{
	n->n_spins = n->sim->t_ns == n->last_tick_ns ? n->n_spins + 1 : 0;
	n->last_tick_ns = n->sim->t_ns;
	if (n->n_spins < SPIN_MAX)
		return false;
	watch_violation(n->sim, "%s: an engine's expiry does not move", n->name);
	return true;
}

static void on_tick(struct sim *s, void *obj, void *arg, uint64_t at)
{
	struct node *n = obj;
	(void)s;
	(void)arg;
	if ((int64_t)at != n->tick_at_ns)
		return;
	n->tick_at_ns = INT64_MAX;
	if (!n->is_running || n->is_frozen || is_spinning(n))
		return;
	TELL(n, SYNC_UNASKED, tick, node_now(n))
	group_tick(n);
	proc_done(n);
}

static void release(struct node *n)
{
	group_end(n);
	for (uint32_t i = 0; i < n->n_roles; i++) {
		struct role_inst *r = &n->roles[i];
		if (r->self)
			r->ops->fini(r->self);
		if (r->conf && r->ops->conf->fini)
			r->ops->conf->fini(r->conf);
		free(r->self);
		free(r->conf);
		r->self = r->conf = NULL;
	}
	effq_fini(&n->fx);
	n->is_running = false;
	n->restarted_ns = n->sim->t_ns;
	n->tick_at_ns = INT64_MAX;
	n->fx_stored = 0;
}

static void learn_homes(struct node *n, const struct mn_conf *conf)
{
	n->is_mobile = true;
	n->n_homes = 0;
	if (!addr6_is_none(&conf->home_address))
		n->home[n->n_homes++] = conf->home_address;
	if (!addr6_is_none(&conf->v4.home_address))
		n->home[n->n_homes++] = conf->v4.home_address;
}

static const char *role_start(struct node *n, struct role_inst *r)
{
	const char *remedy = "no remedy given";
	r->conf = sim_alloc(r->ops->conf->struct_size);
	if (!conf_fill(r->ops->conf, r->conf_text, r->conf, n->conf_err))
		return n->conf_err;
	void *self = sim_alloc(r->ops->size_oct);
	int err = r->ops->init(self, &n->env, r->conf, node_now(n), &remedy);
	if (err != ERR_OK) {
		free(self);
		return remedy;
	}
	r->self = self;
	if (r->ops->id == ROLE_MN)
		learn_homes(n, r->conf);
	return NULL;
}

static struct store_rec record_of(const struct store_item *i)
{
	return (struct store_rec){i->table, i->bytes, i->bytes + i->key_len_oct, i->key_len_oct, i->val_len_oct};
}

static void restore_role(struct node *n, const struct role_inst *r)
{
	for (const struct store_item *i = r->ops->restore ? n->store : NULL; i; i = i->next) {
		struct store_rec rec = record_of(i);
		group_restore(n, &rec, false);
		r->ops->restore(r->self, &rec, node_now(n));
	}
	if (r->ops->restored)
		r->ops->restored(r->self, node_now(n));
}

static void restore(struct node *n)
{
	for (const struct store_item *i = n->store; i; i = i->next) {
		struct store_rec rec = record_of(i);
		group_restore(n, &rec, true);
	}
	for (uint32_t i = 0; i < n->n_roles; i++) {
		const uint32_t mark = group_mark(n);
		restore_role(n, &n->roles[i]);
		group_scan(n, &n->roles[i], mark, SYNC_UNASKED);
	}
	group_restored(n);
}

/* What the process before this one left, and nobody asked for again. */
static void on_settled(struct sim *s, void *obj, void *arg, uint64_t generation)
{
	struct node *n = obj;
	(void)s;
	(void)arg;
	if (!n->is_running || n->generation != generation)
		return;
	fwd_adopt_done(n);
	node_sweep_left(n);
}

/* After a home agent has probed for the home addresses that it takes over again. */
static void on_revived(struct sim *s, void *obj, void *arg, uint64_t generation)
{
	struct node *n = obj;
	(void)s;
	(void)arg;
	if (n->is_running && n->generation == generation)
		claims_restored(n);
}

const char *proc_start(struct node *n)
{
	if (n->is_running)
		return NULL;
	n->env = (struct engine_env){.mem = &sim_mem, .rng = &n->rng, .crypto = &crypto_openssl, .fx = &n->fx, .count = &n->count,
		.ifindex = env_ifindex, .key = env_key, .last_seq = env_last_seq, .ro_used = env_ro_used,
		.cn_used = env_cn_used, .ctx = n};
	for (uint32_t i = 0; i < n->n_roles; i++)
		n->env.roles |= 1u << n->roles[i].ops->id;
	effq_init(&n->fx, &sim_mem);
	n->generation++;
	fwd_adopt(n);
	node_mark_left(n);
	for (uint32_t i = 0; i < n->n_roles; i++) {
		const char *remedy = role_start(n, &n->roles[i]);
		if (remedy) {
			release(n);
			return remedy;
		}
	}
	n->is_running = true;
	n->restarted_ns = n->sim->t_ns;
	const char *remedy = group_start(n);
	if (remedy) {
		release(n);
		return remedy;
	}
	sim_trace(n->sim, n->name, "process starts");
	restore(n);
	proc_done(n);
	for (uint32_t i = 0; i < n->n_nics; i++)
		proc_link(n, n->nics[i]);
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (ifaddr_is_usable(&n->addrs[i])) {
			struct ifaddr a = n->addrs[i];
			proc_local(n, a.ifindex, &a.addr, false);
		}
	sim_in(n->sim, SETTLED_NS, on_settled, n, NULL, n->generation);
	sim_in(n->sim, REVIVED_NS, on_revived, n, NULL, n->generation);
	return NULL;
}

/* Its sockets are closed: the kernel leaves the groups. */
static void close_sockets(struct node *n)
{
	while (n->n_groups) {
		struct fx_group g = n->groups[n->n_groups - 1];
		kern_leave(n, &g);
	}
}

void proc_kill(struct node *n)
{
	if (!n->is_running)
		return;
	sim_trace(n->sim, n->name, "process killed");
	release(n);
	close_sockets(n);
}

void proc_stop(struct node *n)
{
	if (!n->is_running)
		return;
	sim_trace(n->sim, n->name, "process stops");
	n->is_stopping = true;
	TELL(n, SYNC_UNASKED, stop, node_now(n))
	group_stop(n);
	carry_all(n);
	n->is_stopping = false;
	release(n);
	close_sockets(n);
	fwd_reset(n);
}

void proc_power_off(struct node *n)
{
	proc_kill(n);
	fwd_reset(n);
	node_reset(n);
}

void proc_fini(struct node *n)
{
	if (n->is_running)
		release(n);
	for (uint32_t i = 0; i < n->n_roles; i++)
		free(n->roles[i].conf_text);
	for (uint32_t i = 0; i < n->n_keys; i++) {
		sa_key_fini(n->keys[i].sa, &crypto_openssl);
		free(n->keys[i].sa);
	}
}

static bool give(struct node *n, struct role_inst *r, const struct rx *rx)
{
	const uint32_t mark = group_mark(n);
	if (!group_may_rx(n, r))
		return false;
	bool is_taken = r->ops->rx(r->self, rx, node_now(n));
	group_scan(n, r, mark, SYNC_ASKED);
	return is_taken;
}

bool proc_has_port(const struct node *n, uint16_t port)
{
	for (uint32_t i = 0; i < n->n_roles && n->is_running; i++)
		if (n->roles[i].ops->port && n->roles[i].ops->port(n->roles[i].self) == port)
			return true;
	return false;
}

bool proc_rx(struct node *n, const struct rx *rx)
{
	bool is_taken = false;
	claims_proc_rx(n, rx);
	for (uint32_t i = 0; i < n->n_roles && n->is_running && !is_taken; i++)
		is_taken = n->roles[i].ops->id == ROLE_CN && give(n, &n->roles[i], rx);
	for (uint32_t i = 0; i < n->n_roles && n->is_running && !is_taken; i++)
		is_taken = n->roles[i].ops->id != ROLE_CN && give(n, &n->roles[i], rx);
	if (n->is_running)
		proc_done(n);
	return is_taken;
}

void proc_link(struct node *n, struct nic *nic)
{
	struct link_event ev = {.ifindex = nic->ifindex, .is_up = nic->link != NULL, .lladdr = nic->lladdr, .mtu_oct = nic->mtu_oct};
	memcpy(ev.name, nic->name, sizeof ev.name);
	sim_trace(n->sim, n->name, "%s is %s", nic->name, nic->link ? nic->link->name : "down");
	TELL(n, SYNC_UNASKED, link, &ev, node_now(n))
	if (n->is_running)
		proc_done(n);
}

void proc_addr(struct node *n, const struct addr_event *ev)
{
	TELL(n, SYNC_UNASKED, addr, ev, node_now(n))
	if (n->is_running)
		proc_done(n);
}

void proc_local(struct node *n, uint32_t ifindex, const struct addr6 *addr, bool is_gone)
{
	const struct local_event ev = {.ifindex = ifindex, .addr = *addr, .is_gone = is_gone};
	TELL(n, SYNC_UNASKED, local, &ev, node_now(n))
	if (n->is_running)
		proc_done(n);
}

void proc_signal(struct node *n, const struct signal_event *ev)
{
	TELL(n, SYNC_UNASKED, signal, ev, node_now(n))
	if (n->is_running)
		proc_done(n);
}

void proc_station(struct node *n, const struct station_event *ev)
{
	for (uint32_t i = 0; i < n->n_roles && n->is_running && !n->is_frozen; i++)
		if (n->roles[i].ops->station)
			n->roles[i].ops->station(n->roles[i].self, ev, node_now(n));
	if (n->is_running)
		proc_done(n);
}

int proc_ctl(struct node *n, const struct ctl_cmd *cmd, const char **msg)
{
	int err = ERR_NOTFOUND;
	*msg = "no role here knows this command";
	if (n->is_frozen)
		return ERR_AGAIN;
	if (n->is_running)
		err = group_ctl(n, cmd, msg);
	for (uint32_t i = 0; i < n->n_roles && n->is_running && err == ERR_NOTFOUND; i++) {
		const uint32_t mark = group_mark(n);
		if (n->roles[i].ops->ctl)
			err = n->roles[i].ops->ctl(n->roles[i].self, cmd, node_now(n), msg);
		group_scan(n, &n->roles[i], mark, SYNC_ASKED);
	}
	if (n->is_running)
		proc_done(n);
	return err;
}

void proc_show(struct node *n, const char *what, struct show *out)
{
	for (uint32_t i = 0; i < n->n_roles && n->is_running; i++)
		if (n->roles[i].ops->show)
			n->roles[i].ops->show(n->roles[i].self, what, out, node_now(n));
	group_show(n, what, out);
}

void proc_freeze(struct node *n, bool is_frozen)
{
	n->is_frozen = is_frozen;
	sim_trace(n->sim, n->name, is_frozen ? "freezes" : "thaws");
	if (is_frozen || !n->is_running)
		return;
	n->tick_at_ns = INT64_MAX; /* its timers are late */
	arm(n);
}
