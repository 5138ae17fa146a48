/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/daemon.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/daemon_i.h"
#include "daemon/group/notify.h"
#include "daemon/log.h"
#include "plat/crypto_openssl.h"
#include "plat/linux/source.h"
#include "plat/linux/tun.h"
#include "plat/plat.h"

/* roam0's MTU: an Ethernet's less the longest tunnel of a site, IPv6 and GRE with one field (48). */
enum { ROAM0_MTU_OCT = 1452, PATH_OCT = 400 };

/* For failures of start that errno explains. */
static int fail(struct conf_err *err, const char *what, const char *remedy)
{
	conf_fail(err, 0, "%s: %s: %s", what, strerror(errno), remedy);
	return ERR_SYS;
}

/* The directory and those above it. */
static int make_dir(const char *path, struct conf_err *err)
{
	char at[PATH_OCT];

	snprintf(at, sizeof at, "%s", path);
	for (char *p = at + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(at, 0755) && errno != EEXIST)
			return fail(err, at, "create it for root, or name another directory in node { }");
		*p = '/';
	}
	if (mkdir(at, 0700) && errno != EEXIST)
		return fail(err, at, "create it for root, or name another directory in node { }");
	return 0;
}

static uint32_t env_ifindex(void *ctx, const char *name)
{
	const struct link_event *l = rtnl_link(((struct daemon *)ctx)->rtnl, name);
	return l ? l->ifindex : 0;
}

static const struct sa_key *env_key(void *ctx, const char *name)
{
	return keyring_find(&((struct daemon *)ctx)->keys, name);
}

static bool env_last_seq(void *ctx, const struct addr6 *group, const struct addr6 *source, uint32_t *seq)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = *group, .src = *source}};
	struct dp_op guest = {.table = DP_GUEST, .guest = {.group = *group, .source = *source}};
	if (!dp_find(((struct daemon *)ctx)->dp, &op)) {
		*seq = op.downlink_in.last_seq;
		return op.downlink_in.has_seq;
	}
	if (dp_find(((struct daemon *)ctx)->dp, &guest))
		return false;
	*seq = guest.guest.last_seq;
	return guest.guest.has_seq;
}

static mono_t env_ro_used(void *ctx, const struct addr6 *home_address, const struct addr6 *cn)
{
	struct dp_op op = {.table = DP_RO_OUT, .ro_out = {.home_address = *home_address, .cn = *cn}};
	return dp_find(((struct daemon *)ctx)->dp, &op) ? (mono_t){0} : op.ro_out.used;
}

static mono_t env_cn_used(void *ctx, const struct addr6 *home_address, const struct addr6 *self)
{
	struct dp_op op = {.table = DP_CN, .cn = {.home_address = *home_address, .self = *self}};
	return dp_find(((struct daemon *)ctx)->dp, &op) ? (mono_t){0} : op.cn.used;
}

struct keep_walk { struct daemon *d; const struct fx_keep *k; mono_t now; };

static void keep_one(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct)
{
	const struct keep_walk *w = ctx;
	if (fx_keep_wants(w->k, seq, when, w->now))
		slow_forward(w->d->slow, &w->k->src, &w->k->dst, pkt, len_oct);
}

static bool give_one(void *ctx, const struct dp_guest *g, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct)
{
	const struct keep_walk *w = ctx;
	uint8_t copy[2048];
	if (len_oct > sizeof copy || !fx_keep_wants_for_guest(w->k, seq, when, w->now, pkt, len_oct))
		return false;
	memcpy(copy, pkt, len_oct);
	slow_finish_checksum(copy, len_oct);
	sender_send(w->d->exec.sender, g->ifindex, &g->lladdr, copy, len_oct);
	sender_flush(w->d->exec.sender); /* the next one is read into the same place */
	return true;
}

static void on_keep_send(void *ctx, const struct fx_keep *k)
{
	struct keep_walk w = {ctx, k, plat_now().mono};
	if (addr6_is_multicast(&k->coa) || addr6_is_v4multicast(&k->coa)) {
		int rc = dp_guest_serve(w.d->dp, &k->src, &k->coa, give_one, &w);
		if (rc && rc != ERR_NOTFOUND)
			log_note(EV_WARNING, "datapath-failed", "what was kept for a mobile cannot be given to it: %s", err_str(rc));
		return;
	}
	if (dp_keep_each(w.d->dp, &k->coa, keep_one, &w))
		log_note(EV_WARNING, "datapath-failed", "the keep ring cannot be read");
}

static void on_attach(void *ctx, const struct fx_attach *a, const char *ifname)
{
	struct daemon *d = ctx;

	if (!d->feed || !feed_attach(d->feed, ifname, &a->router))
		log_note(EV_DEBUG, "attach-unheard", "no radio driver listens for: attach %s", ifname);
}

static void on_event(void *ctx, const struct fx_event *ev, enum role_id role, const char *text)
{
	struct daemon *d = ctx;

	log_event(ev->sev, role, ev->code, &ev->mobile, text, ev->len_oct);
	if (d->control)
		control_event(d->control, ev, role, text, plat_now().wall);
}

static void on_shared(void *ctx, const struct fx_shared *t, const uint8_t *ops) { etcd_transact(((struct daemon *)ctx)->etcd, t, ops); }

static void on_answer(void *ctx, const struct fx_answer *a, const char *text)
{
	struct daemon *d = ctx;
	if (d->control)
		control_answer(d->control, a, text);
}

static void dp_log(void *ctx, const char *line)
{
	(void)ctx;
	log_note(EV_WARNING, "datapath", "%s", line);
}

static bool slow_source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	(void)ctx;
	return source_for(ifindex, dst, out);
}

static int slow_find(void *ctx, struct dp_op *op) { return dp_find(((struct daemon *)ctx)->dp, op); }

static int open_roam0(struct daemon *d, struct conf_err *err)
{
	d->tun_fd = tun_open();
	if (d->tun_fd < 0)
		return fail(err, TUN_NAME, "roamd needs /dev/net/tun and CAP_NET_ADMIN, and one daemon a network namespace");
	d->exec.tun_fd = d->tun_fd;
	d->exec.tun_ifindex = rtnl_ifindex(d->rtnl, TUN_NAME);
	/* No link-local address, no solicitations: nobody is at the other end. */
	(void)sysctl_set(d->exec.sysctl, TUN_NAME, "addr_gen_mode", 1);
	(void)sysctl_set(d->exec.sysctl, TUN_NAME, "ignore_routes_with_linkdown", 0);
	if (!d->exec.tun_ifindex || rtnl_set_up(d->rtnl, d->exec.tun_ifindex, ROAM0_MTU_OCT))
		return fail(err, TUN_NAME, "it cannot be set up");
	return 0;
}

static int open_plat(struct daemon *d, struct conf_err *err)
{
	const struct rtnl_cb cb = {loop_on_link, loop_on_addr, loop_on_local, d};
	char undo[PATH_OCT];

	snprintf(undo, sizeof undo, "%s/sysctl.undo", d->conf.node.run_dir);
	if (rtnl_open(&d->rtnl, &cb))
		return fail(err, "netlink", "roamd needs CAP_NET_ADMIN");
	d->exec.rtnl = d->rtnl;
	if (sysctl_open(&d->exec.sysctl, undo) || member_open(&d->exec.member))
		return fail(err, "memory", "roamd needs more");
	if (sender_open(&d->exec.sender))
		return fail(err, "packet and raw sockets", "roamd needs CAP_NET_RAW");
	if (exec_init(&d->exec))
		return fail(err, "memory", "roamd needs more");
	if (rawin_open(&d->rawin))
		return fail(err, "raw sockets", "roamd needs CAP_NET_RAW");
	if ((d->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) < 0)
		return fail(err, "timerfd", "raise the limit of open files");
	return open_roam0(d, err);
}

enum { KEEP_SLOTS = 4096 };

static bool has_role(const struct daemon *d, enum role_id id)
{
	for (uint32_t i = 0; i < d->conf.n_roles; i++)
		if (d->conf.roles[i].ops->id == id)
			return true;
	return false;
}

static int open_datapath(struct daemon *d, struct conf_err *err)
{
	const struct dp_conf dc = {.bpf_dir = d->conf.node.bpf_dir, .roam0_ifindex = d->exec.tun_ifindex,
				   .is_up_link = d->conf.node.deliver == 1,
				   .keep_slots = has_role(d, ROLE_MMA) || has_role(d, ROLE_FA) ? KEEP_SLOTS : 0, .log = dp_log};
	const struct slow_conf sc = {.mem = &plat_mem, .source = slow_source, .find = slow_find, .emit = loop_on_slow, .ctx = d};
	int rc = dp_open(&d->dp, &dc);

	if (rc == ERR_INVAL)
		conf_fail(err, 0, "bpf-dir %s is not below a bpf filesystem: mount -t bpf bpf /sys/fs/bpf, or name another directory",
			  d->conf.node.bpf_dir);
	else if (rc == ERR_DENIED)
		fail(err, "datapath", "roamd needs CAP_BPF");
	else if (rc == ERR_NOTSUP)
		conf_fail(err, 0, "this kernel refuses the datapath's programs: use Linux 6.1 or later with CONFIG_BPF_SYSCALL and "
			  "CONFIG_NET_CLS_BPF, and give roamd CAP_BPF and CAP_NET_ADMIN, before Linux 6.8 CAP_PERFMON too");
	else if (rc)
		fail(err, "datapath", err_str(rc));
	d->exec.dp = d->dp;
	return rc ? rc : slow_new(&d->slow, &sc);
}

static int open_store(struct daemon *d, struct conf_err *err)
{
	const char *remedy;
	int rc = store_open(&d->store, d->conf.node.state_dir, (enum store_sync)d->conf.node.sync, &remedy);

	d->exec.store = d->store;
	if (rc)
		conf_fail(err, 0, "state-dir %s: %s", d->conf.node.state_dir, remedy);
	return rc;
}

static int open_sockets(struct daemon *d, struct conf_err *err)
{
	const struct control_ops co = {report_show, report_ctl, d};
	const struct feed_ops fo = {env_ifindex, loop_on_signal, loop_on_station, d};
	char path[PATH_OCT];

	snprintf(path, sizeof path, "%s/roamd.sock", d->conf.node.run_dir);
	if (control_open(&d->control, d->base, PRIO_TURN, path, &co))
		return fail(err, path, "check run-dir in node { }");
	snprintf(path, sizeof path, "%s/feed.sock", d->conf.node.run_dir);
	if (feed_open(&d->feed, d->base, PRIO_LINK, path, &fo))
		return fail(err, path, "check run-dir in node { }");
	return 0;
}

static int open_radio(struct daemon *d, struct conf_err *err)
{
	if (d->conf.node.signal != CONF_SIGNAL_NL80211)
		return 0;
	int rc = nl80211_open(&d->nl80211, &(struct nl80211_cb){loop_on_signal, loop_on_station, d});
	if (rc)
		conf_fail(err, 0, "signal = \"nl80211\": this kernel has no wireless radios: load the driver, or write signal = \"feed\"");
	return rc;
}

static int open_base(struct daemon *d)
{
	struct event_config *cfg = event_config_new();

	if (cfg)
		event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	d->base = cfg ? event_base_new_with_config(cfg) : NULL;
	if (cfg)
		event_config_free(cfg);
	return d->base && !event_base_priority_init(d->base, PRIO_N) ? 0 : ERR_NOMEM;
}

static bool restore_one(void *ctx, enum store_table table, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len)
{
	struct daemon *d = ctx;

	engines_restore(&d->engines, &(struct store_rec){table, key, val, key_len, val_len}, plat_now());
	return true;
}

static int start_engines(struct daemon *d, struct conf_err *err)
{
	const struct engine_env env = {.mem = &plat_mem, .rng = &plat_rng, .crypto = &crypto_openssl,
				       .ifindex = env_ifindex, .key = env_key, .last_seq = env_last_seq, .ro_used = env_ro_used, .cn_used = env_cn_used,
				       .ctx = d};
	engines_init(&d->engines, &env);
	keyring_init(&d->keys, &crypto_openssl);
	int rc = keyring_load(&d->keys, &d->conf, err);

	if (!rc)
		rc = engines_start(&d->engines, &d->conf, plat_now(), err);
	if (!rc)
		rc = group_open(d, err);
	if (!rc && (rc = store_each(d->store, restore_one, d)))
		conf_fail(err, 0, "the records in state-dir %s cannot be read: move roamd.db away; mobiles register again",
			  d->conf.node.state_dir);
	return rc;
}

static void shared_event(void *ctx, const struct shared_event *ev) { engines_shared(&((struct daemon *)ctx)->engines, ev, plat_now()); }
static void shared_settled(void *ctx) { loop_run(ctx); }

static int open_shared(struct daemon *d, struct conf_err *err)
{
	const struct shared_conf *conf = engines_shared_conf(&d->engines);
	const struct etcd_ops ops = {shared_event, shared_settled, d};
	int rc = conf ? etcd_check(conf, conf_role_line(&d->conf, ROLE_MM), err) : 0;

	return conf && !rc ? etcd_open(&d->etcd, d->base, PRIO_TURN, conf, &ops, err) : rc;
}

/* Links are reported only now, so that engines meet them with everything restored. The sockets come after: who can
 * connect finds a daemon that runs. */
static int go(struct daemon *d, struct conf_err *err)
{
	engines_restored(&d->engines, plat_now());
	rtnl_mark(d->rtnl);
	if (rtnl_dump(d->rtnl))
		return fail(err, "netlink", "the links of this namespace cannot be read");
	int rc = loop_open(d);
	if (rc)
		return rc;
	loop_run(d);
	rc = follow_open(&d->follow, d);
	return rc == ERR_SYS ? fail(err, "netlink", "the multicast forwarding of this namespace cannot be followed") : rc;
}

static void go_realtime(struct daemon *d)
{
	const struct sched_param p = {.sched_priority = (int)d->conf.node.realtime};

	if (!d->conf.node.realtime)
		return;
	if (sched_setscheduler(0, SCHED_RR, &p) || mlockall(MCL_CURRENT))
		log_note(EV_WARNING, "realtime-refused", "realtime = %u: %s: give roamd CAP_SYS_NICE and CAP_IPC_LOCK",
			 d->conf.node.realtime, strerror(errno));
}

int daemon_start(struct daemon **out, struct conf *conf, const char *file, struct conf_err *err)
{
	struct daemon *d = calloc(1, sizeof *d);

	*out = NULL;
	*err = (struct conf_err){.file = file};
	conf_fail(err, 0, "not enough memory");
	if (!d)
		return ERR_NOMEM;
	d->conf = *conf;
	memset(conf, 0, sizeof *conf);
	d->file = file;
	d->tun_fd = d->timer_fd = -1;
	memset(d->rawin.fd, 0xff, sizeof d->rawin.fd);
	d->rawin4 = (struct rawin4)RAWIN4_NONE;
	d->is_kept = true; /* until everything runs, a failure leaves what was there */
	d->armed = MONO_NEVER;
	d->started = plat_now().mono;
	d->exec.is_setting = d->conf.node.sysctl;
	d->exec.attach = on_attach;
	d->exec.event = on_event;
	d->exec.keep_send = on_keep_send;
	d->exec.shared = on_shared;
	d->exec.answer = on_answer;
	d->exec.begin_v4 = loop_begin_v4;
	d->exec.ctx = d;
	log_open(d->conf.node.name, (enum event_sev)d->conf.node.log_level);

	static int (*const steps[])(struct daemon *, struct conf_err *) = {
		open_store, open_plat, open_datapath, open_radio, start_engines, open_shared, go, open_sockets,
	};
	int rc = make_dir(d->conf.node.run_dir, err);
	if (!rc)
		rc = make_dir(d->conf.node.state_dir, err);
	if (!rc)
		rc = open_base(d);
	for (size_t i = 0; !rc && i < sizeof steps / sizeof steps[0]; i++)
		rc = steps[i](d, err);
	if (rc) {
		daemon_free(d);
		return rc;
	}
	d->is_kept = false;
	go_realtime(d);
	*out = d;
	return 0;
}

int daemon_run(struct daemon *d)
{
	log_note(EV_NOTICE, "started", "roamd %s runs with %u roles%s", ROAMCAST_VERSION, d->engines.n,
		 dp_is_adopted(d->dp) ? ", and has adopted the datapath of the one before" : "");
	log_flush();
	notify_send("READY=1");
	int rc = event_base_dispatch(d->base) < 0 ? ERR_SYS : 0;
	notify_send("STOPPING=1");
	group_stop(d->group);
	if (!d->is_kept) {
		engines_stop(&d->engines, plat_now());
		exec_run(&d->exec, &d->engines.fx);
	}
	log_note(EV_NOTICE, "stopped", d->is_kept ? "forwarding goes on without a daemon" : "everything was taken back");
	log_flush();
	return rc;
}

/* What a running daemon cannot take over. */
static bool needs_restart(const struct conf_node *a, const struct conf_node *b)
{
	return strcmp(a->state_dir, b->state_dir) || strcmp(a->run_dir, b->run_dir) || strcmp(a->bpf_dir, b->bpf_dir) ||
	       strcmp(a->name, b->name) || a->sync != b->sync || a->signal != b->signal || a->realtime != b->realtime;
}

const char *daemon_reload(struct daemon *d)
{
	static struct conf_err err;
	struct conf fresh;
	bool is_new = false;

	int rc = conf_load(&fresh, engines_known(), d->file, &err);
	if (!rc && (rc = keyring_load(&d->keys, &fresh, &err)))
		conf_fini(&fresh);
	if (!rc)
		rc = engines_reconf(&d->engines, &fresh, plat_now(), &is_new, &err);
	if (rc) {
		/* Roles that took their part keep what they took: fresh is not freed then. */
		log_note(EV_ERROR, "reload-refused", "%s:%u: %s", d->file, err.line, err.text);
		loop_run(d);
		return err.text;
	}
	struct conf old = d->conf;
	d->conf = fresh;
	if (needs_restart(&old.node, &fresh.node))
		log_note(EV_WARNING, "restart-needed", "of node { } only log-level and sysctl change without a restart of roamd");
	group_reconf(d->group, &d->conf);
	conf_fini(&old);
	d->exec.is_setting = fresh.node.sysctl;
	log_level((enum event_sev)d->conf.node.log_level);
	if (is_new) {
		rtnl_report(d->rtnl);
		if (follow_again(&d->follow, d))
			log_note(EV_WARNING, "multicast-not-followed", "the host's multicast forwarding cannot be followed: all groups are left to it");
	}
	loop_open_ports(d);
	loop_run(d);
	log_note(EV_NOTICE, "reloaded", "%s", d->file);
	return NULL;
}

/* A clean stop takes roam0, marked addresses and routes, and settings away; the rest was the engines' part. */
static void take_back(struct daemon *d)
{
	if (d->rtnl) {
		rtnl_mark(d->rtnl);
		exec_sweep(&d->exec);
	}
	if (d->exec.sysctl)
		sysctl_restore(d->exec.sysctl);
	if (d->tun_fd >= 0)
		tun_remove(d->tun_fd);
	d->tun_fd = -1;
}

void daemon_free(struct daemon *d)
{
	if (!d)
		return;
	loop_close(d);
	etcd_close(d->etcd);
	follow_close(d->follow);
	feed_close(d->feed);
	control_close(d->control);
	nl80211_close(d->nl80211);
	group_close(d->group);
	if (d->engines.env.mem)
		engines_fini(&d->engines);
	keyring_fini(&d->keys);
	slow_free(d->slow);
	if (d->dp)
		dp_close(d->dp, d->is_kept ? DP_CLOSE_KEEP : DP_CLOSE_REMOVE);
	if (!d->is_kept)
		take_back(d);
	exec_fini(&d->exec);
	sender_close(d->exec.sender);
	member_close(d->exec.member);
	sysctl_close(d->exec.sysctl);
	rawin_close(&d->rawin);
	rawin4_close(&d->rawin4);
	for (uint32_t i = 0; i < d->n_ports; i++)
		udpin_port_close(&d->port[i]);
	rtnl_close(d->rtnl);
	store_close(d->store);
	if (d->tun_fd >= 0)
		close(d->tun_fd);
	if (d->timer_fd >= 0)
		close(d->timer_fd);
	if (d->base)
		event_base_free(d->base);
	conf_fini(&d->conf);
	log_flush();
	free(d);
}
