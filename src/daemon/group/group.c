/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/group/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/daemon_i.h"
#include "daemon/group/hsrp_run.h"
#include "daemon/group/nexthop.h"
#include "daemon/group/vrrp.h"
#include "daemon/log.h"
#include "plat/linux/udpin.h"
#include "plat/plat.h"

/* Datagrams before effects are carried out: what they put into the queue still lies in the cache then, and acknowledgements do not keep
 * the sender waiting. */
enum { BATCH = 64, LEAVE_MS = 1000, ASK_AGAIN_MS = 100 };

static const char starts_key[] = "group-starts";

struct group {
	struct daemon *d;
	struct conf_group conf;      /* of the start: a change needs another one */
	struct addr6 address;        /* the group's */
	uint32_t ifindex;
	int fd;
	struct event *rx, *left;
	struct vrrp *vrrp;           /* one of both */
	struct hsrp_run *hsrp;
	struct nexthop *nexthop;
	bool is_leaving;
};

/* --- becoming active ------------------------------------------------------------------------------------------ */

static void on_state(void *ctx, bool is_active)
{
	struct group *g = ctx;
	struct sync *s = g->d->engines.sync;

	if (is_active)
		sync_activate(s, plat_now());
	else
		sync_deactivate(s, plat_now());
	if (!is_active && g->is_leaving)
		event_base_loopbreak(g->d->base);
}

/* As on_state, when no caller carries out what was pushed. */
static void on_vrrp_state(void *ctx, bool is_active)
{
	struct group *g = ctx;

	on_state(g, is_active);
	loop_run(g->d);
}

static void on_hsrp_run(void *ctx) { loop_run(((struct group *)ctx)->d); }

static void remove_virtual(void *ctx)
{
	struct group *g = ctx;

	for (uint32_t i = 0; i < g->conf.n_virtual; i++) {
		const struct conf_virtual *v = &g->conf.virtual[i];
		const struct fx_addr a = {.ifindex = rtnl_ifindex(g->d->rtnl, v->interface[0] ? v->interface : g->conf.interface), .addr = v->addr,
					  .plen_bits = (uint8_t)(v->plen + (addr6_is_v4mapped(&v->addr) ? 96 : 0))};
		if (a.ifindex)
			(void)rtnl_addr_del(g->d->rtnl, &a);
	}
}

static void on_ready(void *ctx, struct now now)
{
	struct group *g = ctx;

	log_note(EV_NOTICE, "group-ready", "the group's table is here: this member can be active");
	if (g->vrrp)
		vrrp_start(g->vrrp);
	if (g->hsrp)
		hsrp_run_start(g->hsrp, now);
}

/* The active member asks. */
static void on_take_over(void *ctx, struct now now)
{
	struct group *g = ctx;

	log_note(EV_NOTICE, "group-take-over", "the active member asks this one to take over");
	if (g->vrrp)
		vrrp_take_over(g->vrrp);
	if (g->hsrp)
		hsrp_run_take_over(g->hsrp, now);
}

static int hand_over(struct group *g, const char **msg)
{
	struct sync *s = g->d->engines.sync;
	const struct now now = plat_now();

	if (!sync_is_active(s)) {
		*msg = "this member is not the active one: ask that one, which show group names";
		return ERR_INVAL;
	}
	const int rc = sync_hand_over(s, now);
	if (rc) {
		*msg = rc == ERR_NOTFOUND ? "there is no other member that lives and has the table" : err_str(rc);
		return ERR_INVAL;
	}
	if (g->vrrp)
		vrrp_yield(g->vrrp);
	if (g->hsrp)
		hsrp_run_yield(g->hsrp);
	return 0;
}

/* --- datagrams ------------------------------------------------------------------------------------------------- */

static void on_datagram(void *ctx, uint32_t ifindex, const struct addr6 *src, const uint8_t *data, size_t len_oct)
{
	struct group *g = ctx;

	(void)ifindex; /* members may also be reached by unicast over another link */
	sync_rx(g->d->engines.sync, src, data, len_oct, plat_now());
}

static void on_rx(evutil_socket_t fd, short what, void *ctx)
{
	struct group *g = ctx;

	(void)what;
	udpin_read(fd, BATCH, on_datagram, g);
	loop_run(g->d);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static int fail(struct group *g, struct conf_err *err, int rc, const char *what, const char *remedy)
{
	conf_fail(err, g->d->conf.group_line, "redundancy: %s: %s", what, remedy);
	return rc;
}

/* One more than at the last start, and stored before anybody hears of it. */
static int count_start(struct store *s, uint32_t *starts)
{
	uint8_t raw[4] = {0};
	size_t n = sizeof raw;

	if (store_find(s, STORE_COUNTER, starts_key, sizeof starts_key - 1, raw, &n) || n != sizeof raw)
		memset(raw, 0, sizeof raw);
	*starts = ((uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3]) + 1;
	for (int i = 0; i < 4; i++)
		raw[i] = (uint8_t)(*starts >> (24 - 8 * i));
	int rc = store_put(s, STORE_COUNTER, starts_key, sizeof starts_key - 1, raw, sizeof raw);
	return rc ? rc : store_commit(s);
}

/* In whose name the group speaks. */
static enum role_id role_of(const struct group *g)
{
	static const enum role_id order[] = {ROLE_HA, ROLE_MMA, ROLE_MM};

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (g->d->engines.env.roles & 1u << order[i])
			return order[i];
	return ROLE_NONE;
}

static struct rg_conf engine_conf(const struct group *g)
{
	const struct conf_group *c = &g->conf;
	struct rg_conf r = rg_conf_default;

	r.role = role_of(g);
	r.id = c->id;
	r.priority = (uint8_t)c->priority;
	r.self = c->address;
	r.group = g->address;
	r.ifindex = g->ifindex;
	r.port = (uint16_t)c->port;
	r.hello = c->hello;
	r.dead_after = c->dead_after;
	r.purge = c->purge;
	r.commit = (enum rg_commit)c->commit;
	r.datagram_oct = c->datagram_oct;
	r.n_key = c->n_key;
	for (uint32_t i = 0; i < c->n_key; i++) {
		r.key[i].id = (uint8_t)c->key[i].id;
		r.key[i].key = keyring_find(&g->d->keys, c->key[i].name);
	}
	return r;
}

static int open_engine(struct group *g, struct conf_err *err)
{
	const struct sync_ops ops = {on_ready, on_take_over, g};
	uint32_t starts;

	g->ifindex = rtnl_ifindex(g->d->rtnl, g->conf.interface);
	if (!g->ifindex)
		return fail(g, err, ERR_SYS, g->conf.interface, "there is no such interface: create it before roamd starts");
	int rc = count_start(g->d->store, &starts);
	if (rc)
		return fail(g, err, rc, "state-dir", "the number of starts cannot be stored: check the disk");
	const struct rg_conf conf = engine_conf(g);
	rc = engines_group(&g->d->engines, &conf, &ops, starts, plat_now());
	return rc ? fail(g, err, rc, "the group cannot be started", err_str(rc)) : 0;
}

/* A question for the next hop that is lost just when the link has come up would be repeated after a second: so long a member that takes over then could
 * send nothing. */
static void set_interface(struct group *g)
{
	struct sysctl *s = g->d->exec.sysctl;

	if (!g->d->exec.is_setting)
		return;
	if (!addr6_is_v4mapped(&g->conf.address)) /* else the own address goes with the carrier */
		(void)sysctl_set(s, g->conf.interface, "keep_addr_on_down", 1);
	for (int is_v4 = 0; is_v4 <= 1; is_v4++)
		(void)sysctl_set_neigh(s, is_v4, g->conf.interface, "retrans_time_ms", ASK_AGAIN_MS);
}

static int open_socket(struct group *g, struct conf_err *err)
{
	g->fd = udpin_open(&g->address, (uint16_t)g->conf.port);
	set_interface(g);
	if (g->fd < 0 || udpin_join(g->fd, &g->address, g->ifindex))
		return fail(g, err, ERR_SYS, strerror(errno), "the port or the group cannot be opened: end other programs that use the port, or name "
			"others");
	g->rx = event_new(g->d->base, g->fd, EV_READ | EV_PERSIST, on_rx, g);
	if (!g->rx || event_priority_set(g->rx, PRIO_TURN) || event_add(g->rx, NULL))
		return fail(g, err, ERR_NOMEM, "memory", "roamd needs more");
	return 0;
}

static int open_election(struct group *g, struct conf_err *err)
{
	const struct vrrp_ops vo = {on_vrrp_state, remove_virtual, g};
	const struct hsrp_run_ops ho = {on_state, on_hsrp_run, g};
	const struct engines *es = &g->d->engines;
	const char *remedy = NULL;

	if (g->conf.protocol != CONF_PROTOCOL_EXTERNAL)
		remove_virtual(g); /* left behind by a sudden end; nobody has them before an election */
	const int rc = g->conf.protocol == CONF_PROTOCOL_HSRP
		? hsrp_run_open(&g->hsrp, g->d->base, PRIO_LINK, &es->env, &g->conf, keyring_find(&g->d->keys, g->conf.hsrp_key),
				role_of(g), &ho, &remedy)
		: vrrp_open(&g->vrrp, g->d->base, PRIO_LINK, &g->conf, g->d->conf.node.run_dir, &vo);
	if (rc)
		return fail(g, err, rc, g->conf.protocol == CONF_PROTOCOL_HSRP ? "hsrp" : "vrrp", remedy ? remedy : strerror(errno));
	return 0;
}

static void on_left(evutil_socket_t fd, short what, void *ctx)
{
	struct group *g = ctx;

	(void)fd;
	(void)what;
	event_base_loopbreak(g->d->base);
}

int group_open(struct daemon *d, struct conf_err *err)
{
	if (!d->conf.group_line)
		return 0;
	struct group *g = calloc(1, sizeof *g);
	d->group = g;
	if (!g || !(g->left = event_new(d->base, -1, 0, on_left, g)))
		return ERR_NOMEM;
	g->d = d;
	g->conf = d->conf.group;
	g->address = conf_group_address(&g->conf);
	g->fd = -1;
	int rc = open_engine(g, err);
	if (!rc)
		rc = open_socket(g, err);
	if (!rc)
		rc = nexthop_open(&g->nexthop, d->base);
	return rc ? rc : open_election(g, err);
}

/* What a running group cannot take over. */
static bool needs_restart(const struct conf_group *now, const struct conf_group *fresh)
{
	struct conf_group a = *now, b = *fresh;

	memset(a.key, 0, sizeof a.key);
	memset(b.key, 0, sizeof b.key);
	a.n_key = b.n_key = 0;
	return memcmp(&a, &b, sizeof a) != 0;
}

void group_reconf(struct group *g, const struct conf *fresh)
{
	if (!g || !fresh->group_line) {
		if (g || fresh->group_line)
			log_note(EV_WARNING, "restart-needed", "joining or leaving a redundancy group takes a restart of roamd");
		return;
	}
	memcpy(g->conf.key, fresh->group.key, sizeof g->conf.key);
	g->conf.n_key = fresh->group.n_key;
	const struct rg_conf conf = engine_conf(g);
	(void)sync_set_keys(g->d->engines.sync, &conf);
	if (needs_restart(&g->conf, &fresh->group))
		log_note(EV_WARNING, "restart-needed", "of redundancy { } only the group's keys change without a restart of roamd");
}

bool group_leave(struct group *g)
{
	const char *msg;

	if (!g || g->is_leaving || hand_over(g, &msg))
		return false;
	loop_run(g->d);
	g->is_leaving = sync_is_active(g->d->engines.sync);
	event_add(g->left, &(struct timeval){LEAVE_MS / 1000, LEAVE_MS % 1000 * 1000});
	return g->is_leaving;
}

void group_stop(struct group *g)
{
	if (!g)
		return;
	g->is_leaving = false;
	if (g->vrrp)
		vrrp_stop(g->vrrp);
	if (g->hsrp)
		hsrp_run_stop(g->hsrp, plat_now());
	if (g->d->is_kept)
		sync_stop(g->d->engines.sync, plat_now()); /* else engines_stop does */
	loop_run(g->d);
}

void group_close(struct group *g)
{
	if (!g)
		return;
	vrrp_close(g->vrrp);
	hsrp_run_close(g->hsrp);
	nexthop_close(g->nexthop);
	if (g->left)
		event_free(g->left);
	if (g->rx)
		event_free(g->rx);
	if (g->fd >= 0)
		close(g->fd);
	free(g);
}

/* --- what happens ------------------------------------------------------------------------------------------------ */

void group_on_link(struct group *g, const struct link_event *ev)
{
	if (!g)
		return;
	if (ev->is_up)
		nexthop_touch(g->nexthop);
	if (ev->is_up && !strcmp(ev->name, g->conf.interface) && ev->ifindex == g->ifindex)
		(void)udpin_join(g->fd, &g->address, g->ifindex);
	if (g->hsrp)
		hsrp_run_link(g->hsrp, ev, plat_now());
}

void group_on_local(struct group *g, const struct local_event *ev)
{
	if (g && addr6_eq(&ev->addr, &g->conf.address) && ev->is_gone)
		log_note(EV_WARNING, "group-address-gone", "this member's own address %s is gone: the others cannot reach it", ADDR46_STR(&ev->addr));
	if (g && g->hsrp)
		hsrp_run_local(g->hsrp, ev, plat_now());
}

void group_tick(struct group *g, struct now now)
{
	if (g && g->hsrp)
		hsrp_run_tick(g->hsrp, now);
}

mono_t group_expiry(const struct group *g) { return g && g->hsrp ? hsrp_run_expiry(g->hsrp) : MONO_NEVER; }

void group_show(struct group *g, struct show *out, struct now now)
{
	if (!g)
		return;
	sync_show(g->d->engines.sync, out, now);
	if (g->vrrp)
		vrrp_show(g->vrrp, out);
	if (g->hsrp)
		hsrp_run_show(g->hsrp, out, now);
}

int group_ctl(struct group *g, const struct ctl_cmd *cmd, const char **msg)
{
	if (!g) {
		*msg = "this node is in no redundancy group";
		return ERR_INVAL;
	}
	if (cmd->argc == 2 && !strcmp(cmd->argv[1], "hand-over"))
		return hand_over(g, msg);
	*msg = "group takes hand-over";
	return ERR_INVAL;
}
