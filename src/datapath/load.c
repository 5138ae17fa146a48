// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading, pinning and adopting the datapath, and taking it away. Nothing there yet, or maps of another layout or size:
 * everything afresh.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "datapath/loader_int.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "roamcast.skel.h"
#pragma GCC diagnostic pop

const char *const map_names[MAP_N] = {
	"t_cfg", "t_count", "t_ifidx", "t_if", "t_local", "t_home", "t_coa", "t_uplink_in", "t_site", "t_mfc",
	"t_downlink", "t_uplink_out", "t_cn", "t_trust", "t_ro", "t_net", "t_home_more", "t_visit",
	"t_guest", "t_relay", "t_unbound", "t_reverse", "t_ident", "t_prog", "t_keep_at", "t_keep", "t_pmtu", "t_dup", "t_seen", "t_rate", "ring_mh", "ring",
};

static const struct dp_conf *log_conf; /* libbpf's print function has no context */
static bool is_quiet;

void loader_expects_errors(bool yes) { is_quiet = yes; }

void loader_log(const struct dp_conf *conf, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	if (!conf->log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	conf->log(conf->log_ctx, line);
}

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[1024];
	if (is_quiet || level != LIBBPF_WARN || !log_conf || !log_conf->log)
		return 0;
	vsnprintf(line, sizeof line, fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_conf->log(log_conf->log_ctx, line);
	return 0;
}

/* Makes the directory; its parents must be there but for one. */
static int make_dir(const char *dir)
{
	char parent[128];
	struct statfs fs;
	snprintf(parent, sizeof parent, "%s", dir);
	char *slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		mkdir(parent, 0700);
	}
	if (mkdir(dir, 0700) && errno != EEXIST)
		return ERR_SYS;
	if (statfs(dir, &fs))
		return ERR_SYS;
	return fs.f_type == BPF_FS_MAGIC ? 0 : ERR_INVAL;
}

static void unpin_maps(const char *dir)
{
	char path[192];
	for (int i = 0; i < MAP_N; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, map_names[i]);
		unlink(path);
	}
}

/* Is there a pinned configuration of our layout? */
static bool has_pins(const char *dir)
{
	char path[192];
	struct m_cfg cfg = {0};
	struct bpf_map_info info = {0};
	uint32_t zero = 0, len = sizeof info;
	snprintf(path, sizeof path, "%s/t_cfg", dir);
	int fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	bool is_ours = !bpf_obj_get_info_by_fd(fd, &info, &len) && info.value_size == sizeof cfg &&
		!bpf_map_lookup_elem(fd, &zero, &cfg) && cfg.layout == MAP_LAYOUT;
	close(fd);
	return is_ours;
}

static int power_of_two(uint32_t n)
{
	uint32_t p = 1;
	while (p < n && p < 1u << 30)
		p *= 2;
	return (int)p;
}

static void size_maps(const struct dp_conf *c, struct bpf_object *obj)
{
	static const int bindings[] = {MAP_HOME, MAP_COA, MAP_UPLINK_IN, MAP_MFC, MAP_PMTU, MAP_CN, MAP_RO, MAP_NET, MAP_HOME_MORE, MAP_VISIT, MAP_GUEST};
	for (uint32_t i = 0; c->max_bindings && i < sizeof bindings / sizeof *bindings; i++)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, map_names[bindings[i]]), c->max_bindings);
	for (int i = MAP_DUP; c->dup_slots && i <= MAP_SEEN; i++)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, map_names[i]),
					 (uint32_t)power_of_two((c->dup_slots + DUP_WAYS - 1) / DUP_WAYS));
	bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, "t_keep"), (uint32_t)power_of_two(c->keep_slots ? c->keep_slots : 1));
	for (int i = MAP_RING_MH; c->ring_oct && i <= MAP_RING; i++)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, map_names[i]), c->ring_oct);
}

/* The programs that every daemon needs, those of IPv4, or those of mobiles that the network moves: to verify all takes several times as
 * long as the first. */
enum programs { FOR_ALL, FOR_IP4, FOR_CAST };

static void choose_programs(struct roamcast_bpf *skel, enum programs which)
{
	bpf_program__set_autoload(skel->progs.roam_ingress, which == FOR_ALL);
	bpf_program__set_autoload(skel->progs.roam_ingress6, which == FOR_ALL);
	bpf_program__set_autoload(skel->progs.roam_egress, which == FOR_ALL);
	bpf_program__set_autoload(skel->progs.roam_out, which == FOR_ALL);
	bpf_program__set_autoload(skel->progs.roam_ingress4, which == FOR_IP4);
	bpf_program__set_autoload(skel->progs.roam_egress4, which == FOR_IP4);
	bpf_program__set_autoload(skel->progs.roam_cast, which == FOR_CAST);
	bpf_program__set_autoload(skel->progs.roam_cast_out, which == FOR_CAST);
}

/* Opens and loads with pins in dir: maps that are pinned there are used. On failure *skel is NULL. */
static int load_once(const struct dp_conf *c, const char *dir, enum programs which, struct roamcast_bpf **skel)
{
	char path[192];
	*skel = roamcast_bpf__open();
	if (!*skel)
		return -errno;
	choose_programs(*skel, which);
	size_maps(c, (*skel)->obj);
	for (int i = 0; i < MAP_N; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, map_names[i]);
		bpf_map__set_pin_path(bpf_object__find_map_by_name((*skel)->obj, map_names[i]), path);
	}
	int r = roamcast_bpf__load(*skel);
	if (r) {
		roamcast_bpf__destroy(*skel);
		*skel = NULL;
	}
	return r;
}

static int load_error(int r)
{
	errno = -r;
	return r == -ENOMEM ? ERR_NOMEM : r == -EPERM ? ERR_DENIED : ERR_NOTSUP;
}

static int put_prog(struct dp *dp, uint32_t at, struct bpf_program *p)
{
	int fd = bpf_program__fd(p);
	return bpf_map_update_elem(dp->map_fd[MAP_PROG], &at, &fd, BPF_ANY) ? ERR_SYS : 0;
}

static int load(struct dp *dp)
{
	dp->is_adopted = has_pins(dp->dir);
	int r = dp->is_adopted ? load_once(&dp->conf, dp->dir, FOR_ALL, &dp->skel) : -ENOENT;
	if (r) {
		/* Nothing there, or maps of another layout or size: afresh. */
		dp->is_adopted = false;
		attach_del_all(dp->dir);
		unpin_maps(dp->dir);
		r = load_once(&dp->conf, dp->dir, FOR_ALL, &dp->skel);
	}
	if (r)
		return load_error(r);
	for (int i = 0; i < MAP_N; i++)
		dp->map_fd[i] = bpf_map__fd(bpf_object__find_map_by_name(dp->skel->obj, map_names[i]));
	dp->prog_ingress = bpf_program__fd(dp->skel->progs.roam_ingress);
	dp->prog_egress = bpf_program__fd(dp->skel->progs.roam_egress);
	dp->prog_out = bpf_program__fd(dp->skel->progs.roam_out);
	return put_prog(dp, PROG_INGRESS6, dp->skel->progs.roam_ingress6);
}

int loader_cfg_sync(struct dp *dp)
{
	uint32_t zero = 0;
	return bpf_map_update_elem(dp->map_fd[MAP_CFG], &zero, &dp->cfg, BPF_ANY) ? ERR_SYS : 0;
}

static int64_t tick_ns(void)
{
	struct timespec t;
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &t) || t.tv_sec || t.tv_nsec < NS_PER_MS)
		return NS_PER_MS;
	return t.tv_nsec;
}

static int cfg_init(struct dp *dp)
{
	const struct dp_conf *c = &dp->conf;
	uint32_t zero = 0;
	if (dp->is_adopted && bpf_map_lookup_elem(dp->map_fd[MAP_CFG], &zero, &dp->cfg))
		return ERR_SYS;
	dp->cfg.layout = MAP_LAYOUT;
	dp->cfg.follow_epoch++; /* what an earlier daemon followed has perhaps changed since */
	dp->cfg.follow_until_ns = 0;
	if (c->roam0_ifindex)
		dp->cfg.roam0_ifindex = c->roam0_ifindex;
	dp->cfg.is_up_link = c->is_up_link;
	dp->cfg.dup_mask = bpf_map__max_entries(dp->skel->maps.t_dup) - 1;
	dp->cfg.keep_mask = bpf_map__max_entries(dp->skel->maps.t_keep) - 1;
	dp->cfg.dup_window_ticks = (uint32_t)((c->dup_window_ms ? c->dup_window_ms : 200) * NS_PER_MS / tick_ns());
	dp->cfg.punt_rate_pps = c->punt_rate_pps ? c->punt_rate_pps : 100;
	dp->cfg.punt_burst = c->punt_burst ? c->punt_burst : 200;
	dp->cfg.hop_limit = c->hop_limit ? c->hop_limit : 64;
	return loader_cfg_sync(dp);
}

/* The interfaces of an earlier daemon keep their slots. */
static int adopt_ifs(struct dp *dp)
{
	uint32_t ifindex;
	int fd = dp->map_fd[MAP_IFIDX];
	for (int r = bpf_map_get_next_key(fd, NULL, &ifindex); r == 0; r = bpf_map_get_next_key(fd, &ifindex, &ifindex)) {
		struct m_ifidx x;
		if (bpf_map_lookup_elem(fd, &ifindex, &x) || x.slot == 0 || x.slot >= IF_SLOTS)
			continue;
		dp->ifs.slot[x.slot].is_used = true;
		if (bpf_map_lookup_elem(dp->map_fd[MAP_IF], &x.slot, &dp->ifs.slot[x.slot].val))
			return ERR_SYS;
	}
	struct m_trust none = {0};
	uint32_t zero = 0;
	if (bpf_map_update_elem(dp->map_fd[MAP_TRUST], &zero, &none, BPF_ANY))
		return ERR_SYS;
	return adopt_snapshot(dp);
}

static int open_all(struct dp *dp)
{
	int r = make_dir(dp->dir);
	if (!r)
		r = load(dp);
	if (!r)
		r = cfg_init(dp);
	if (!r && dp->is_adopted)
		r = adopt_ifs(dp);
	if (!r)
		r = ring_open(dp);
	if (!r && dp->conf.roam0_ifindex)
		r = attach_put(dp->dir, dp->conf.roam0_ifindex, true, dp->prog_egress);
	return r;
}

int dp_open(struct dp **out, const struct dp_conf *conf)
{
	struct dp *dp = calloc(1, sizeof *dp);
	if (!dp)
		return ERR_NOMEM;
	dp->conf = *conf;
	snprintf(dp->dir, sizeof dp->dir, "%s", conf->bpf_dir);
	log_conf = &dp->conf;
	libbpf_set_print(print_libbpf);
	int r = open_all(dp);
	if (r) {
		int e = errno;
		loader_log(conf, "datapath in %s: %s: %s", conf->bpf_dir, err_str(r), strerror(e));
		dp_close(dp, DP_CLOSE_KEEP);
		errno = e;
		return r;
	}
	*out = dp;
	return 0;
}

int dp_use_ip4(struct dp *dp)
{
	if (dp->skel4)
		return 0;
	int r = load_once(&dp->conf, dp->dir, FOR_IP4, &dp->skel4);
	if (r) {
		r = load_error(r);
		loader_log(&dp->conf, "programs of IPv4: %s: %s", err_str(r), strerror(errno));
		return r;
	}
	r = put_prog(dp, PROG_INGRESS4, dp->skel4->progs.roam_ingress4);
	return r ? r : put_prog(dp, PROG_EGRESS4, dp->skel4->progs.roam_egress4);
}

int dp_use_cast(struct dp *dp)
{
	if (dp->skel_cast)
		return 0;
	int r = load_once(&dp->conf, dp->dir, FOR_CAST, &dp->skel_cast);
	if (r) {
		r = load_error(r);
		loader_log(&dp->conf, "programs of mobiles that the network moves: %s: %s", err_str(r), strerror(errno));
		return r;
	}
	r = put_prog(dp, PROG_CAST, dp->skel_cast->progs.roam_cast);
	return r ? r : put_prog(dp, PROG_CAST_OUT, dp->skel_cast->progs.roam_cast_out);
}

bool dp_is_adopted(const struct dp *dp) { return dp->is_adopted; }

void dp_close(struct dp *dp, enum dp_close how)
{
	if (how == DP_CLOSE_REMOVE)
		dp_remove(dp->dir);
	ring_close(dp);
	if (dp->skel4)
		roamcast_bpf__destroy(dp->skel4);
	if (dp->skel_cast)
		roamcast_bpf__destroy(dp->skel_cast);
	if (dp->skel)
		roamcast_bpf__destroy(dp->skel);
	adopt_free(dp);
	if (log_conf == &dp->conf)
		log_conf = NULL;
	free(dp);
}

int dp_remove(const char *bpf_dir)
{
	libbpf_set_print(print_libbpf);
	attach_del_all(bpf_dir);
	unpin_maps(bpf_dir);
	return rmdir(bpf_dir) && errno != ENOENT ? ERR_SYS : 0;
}
