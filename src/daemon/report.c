/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/daemon_i.h"
#include "daemon/log.h"
#include "plat/plat.h"

static void show_status(struct daemon *d, struct show *out, struct now now)
{
	char roles[64] = "";

	for (uint32_t i = 0; i < d->engines.n; i++) {
		strncat(roles, i ? " " : "", sizeof roles - strlen(roles) - 1);
		strncat(roles, d->engines.e[i].ops->name, sizeof roles - strlen(roles) - 1);
	}
	show_begin(out, "node");
	show_str(out, "name", d->conf.node.name);
	show_str(out, "version", ROAMCAST_VERSION);
	show_str(out, "roles", roles);
	show_u64(out, "pid", (uint64_t)getpid());
	show_real(out, "uptime", (double)(now.mono.ns - d->started.ns) / 1e9);
	show_flag(out, "adopted", dp_is_adopted(d->dp));
	show_str(out, "configuration", d->file);
	show_end(out);
}

static void show_links(struct daemon *d, struct show *out)
{
	const struct link_event *l;

	for (uint32_t i = 0; (l = rtnl_link_nth(d->rtnl, i)); i++) {
		show_begin(out, "link");
		show_str(out, "name", l->name);
		show_u64(out, "ifindex", l->ifindex);
		show_flag(out, "up", l->is_up);
		show_lladdr(out, "lladdr", &l->lladdr);
		show_u64(out, "mtu", l->mtu_oct);
		show_end(out);
	}
}

static void show_own_counters(struct daemon *d, struct show *out)
{
	const struct store_stats st = store_stats(d->store);
	const struct sender_stats tx = sender_stats(d->exec.sender);

	show_begin(out, "daemon");
	show_u64(out, "received", d->n_rx);
	show_u64(out, "received-unclaimed", d->n_rx_unclaimed);
	show_u64(out, "sent", tx.sent);
	show_u64(out, "send-failed", tx.failed);
	show_u64(out, "batches", d->exec.n_batches);
	show_u64(out, "effects", d->exec.n_effects);
	show_u64(out, "effects-failed", d->exec.n_failed);
	show_u64(out, "commits", st.commits);
	show_u64(out, "commits-failed", st.failed_commits);
	show_u64(out, "records", st.records);
	show_u64(out, "journal-rows", st.journal_rows);
	show_u64(out, "memberships", member_count(d->exec.member));
	show_u64(out, "log-dropped", log_dropped());
	show_end(out);
}

/* Where records are kept: this node's own, and those that it shares. */
static void show_store(struct daemon *d, struct show *out)
{
	const struct store_stats st = store_stats(d->store);

	show_begin(out, "store");
	show_str(out, "kind", "sqlite");
	show_str(out, "state", st.failed_commits ? "has failed" : "up");
	show_u64(out, "commits", st.commits);
	show_u64(out, "commits_failed", st.failed_commits);
	show_u64(out, "records", st.records);
	show_u64(out, "journal_rows", st.journal_rows);
	show_end(out);
	if (d->etcd)
		etcd_show(d->etcd, out);
}

void report_show(void *ctx, const char *what, struct show *out)
{
	struct daemon *d = ctx;
	const struct now now = plat_now();

	if (!strcmp(what, "status"))
		show_status(d, out, now);
	else if (!strcmp(what, "interfaces"))
		show_links(d, out);
	else if (!strcmp(what, "counters")) {
		engines_show_counters(&d->engines, out);
		show_own_counters(d, out);
		dp_counters_show(d->dp, out);
	} else if (!strcmp(what, "store"))
		show_store(d, out);
	else if (!strcmp(what, "group"))
		group_show(d->group, out, now);
	engines_show(&d->engines, what, out, now);
}

static int set_log_level(const struct ctl_cmd *cmd, const char **msg)
{
	for (int sev = EV_DEBUG; sev <= EV_ERROR; sev++) {
		if (cmd->argc == 2 && !strcmp(cmd->argv[1], event_sev_str((enum event_sev)sev))) {
			log_level((enum event_sev)sev);
			return 0;
		}
	}
	*msg = "log-level takes one of debug, info, notice, warning, error";
	return ERR_INVAL;
}

int report_ctl(void *ctx, const struct ctl_cmd *cmd, const char **msg)
{
	struct daemon *d = ctx;

	if (!strcmp(cmd->argv[0], "log-level"))
		return set_log_level(cmd, msg);
	if (!strcmp(cmd->argv[0], "reload"))
		return (*msg = daemon_reload(d)) ? ERR_INVAL : 0;
	int rc = strcmp(cmd->argv[0], "group") ? ERR_NOTFOUND : group_ctl(d->group, cmd, msg);
	if (rc == ERR_NOTFOUND)
		rc = engines_ctl(&d->engines, cmd, plat_now(), msg);
	loop_run(d);
	return rc;
}
