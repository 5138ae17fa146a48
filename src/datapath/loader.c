// SPDX-License-Identifier: BSD-2-Clause
/* Loading, pinning and adopting the datapath; entries to maps; counters. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "datapath/loader_int.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "roamcast.skel.h"
#pragma GCC diagnostic pop

const char *const map_names[MAP_N] = {
	"t_cfg", "t_count", "t_ifidx", "t_if", "t_local", "t_home", "t_coa", "t_uplink_in", "t_site", "t_mfc",
	"t_downlink", "t_uplink_out", "t_pmtu", "t_dup", "t_rate", "ring_mh", "ring",
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

int loader_table_fd(const struct dp *dp, enum dp_table t)
{
	static const int map_of[DP_TABLE_N] = {[DP_IF] = -1, [DP_LOCAL] = MAP_LOCAL, [DP_HOME] = MAP_HOME, [DP_COA] = MAP_COA,
		[DP_UPLINK_IN] = MAP_UPLINK_IN, [DP_SITE_PREFIX] = MAP_SITE, [DP_MFC] = MAP_MFC,
		[DP_DOWNLINK_IN] = MAP_DOWNLINK, [DP_UPLINK_OUT] = MAP_UPLINK_OUT};
	return t < DP_TABLE_N && map_of[t] >= 0 ? dp->map_fd[map_of[t]] : -1;
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
	static const int bindings[] = {MAP_HOME, MAP_COA, MAP_UPLINK_IN, MAP_MFC, MAP_PMTU};
	for (uint32_t i = 0; c->max_bindings && i < sizeof bindings / sizeof *bindings; i++)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, map_names[bindings[i]]), c->max_bindings);
	if (c->dup_slots)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, "t_dup"),
					 (uint32_t)power_of_two((c->dup_slots + DUP_WAYS - 1) / DUP_WAYS));
	for (int i = MAP_RING_MH; c->ring_oct && i <= MAP_RING; i++)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(obj, map_names[i]), c->ring_oct);
}

/* Opens and loads with pins in dir. On failure *skel is NULL. */
static int load_once(const struct dp_conf *c, const char *dir, struct roamcast_bpf **skel)
{
	char path[192];
	*skel = roamcast_bpf__open();
	if (!*skel)
		return -errno;
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

static int load(struct dp *dp)
{
	dp->is_adopted = has_pins(dp->dir);
	int r = dp->is_adopted ? load_once(&dp->conf, dp->dir, &dp->skel) : -ENOENT;
	if (r) {
		/* Nothing there, or maps of another layout or size: afresh. */
		dp->is_adopted = false;
		attach_del_all(dp->dir);
		unpin_maps(dp->dir);
		r = load_once(&dp->conf, dp->dir, &dp->skel);
	}
	if (r) {
		errno = -r;
		return r == -ENOMEM ? ERR_NOMEM : r == -EPERM ? ERR_DENIED : ERR_NOTSUP;
	}
	for (int i = 0; i < MAP_N; i++)
		dp->map_fd[i] = bpf_map__fd(bpf_object__find_map_by_name(dp->skel->obj, map_names[i]));
	dp->prog_ingress = bpf_program__fd(dp->skel->progs.roam_ingress);
	dp->prog_egress = bpf_program__fd(dp->skel->progs.roam_egress);
	return 0;
}

static int cfg_sync(struct dp *dp)
{
	uint32_t zero = 0;
	return bpf_map_update_elem(dp->map_fd[MAP_CFG], &zero, &dp->cfg, BPF_ANY) ? ERR_SYS : 0;
}

static int cfg_init(struct dp *dp)
{
	const struct dp_conf *c = &dp->conf;
	uint32_t zero = 0;
	if (dp->is_adopted && bpf_map_lookup_elem(dp->map_fd[MAP_CFG], &zero, &dp->cfg))
		return ERR_SYS;
	dp->cfg.layout = MAP_LAYOUT;
	if (c->roam0_ifindex)
		dp->cfg.roam0_ifindex = c->roam0_ifindex;
	dp->cfg.dup_mask = bpf_map__max_entries(dp->skel->maps.t_dup) - 1;
	dp->cfg.dup_window_ns = (c->dup_window_ms ? c->dup_window_ms : 200) * 1000000ull;
	dp->cfg.punt_rate_pps = c->punt_rate_pps ? c->punt_rate_pps : 100;
	dp->cfg.punt_burst = c->punt_burst ? c->punt_burst : 200;
	dp->cfg.hop_limit = c->hop_limit ? c->hop_limit : 64;
	return cfg_sync(dp);
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

bool dp_is_adopted(const struct dp *dp) { return dp->is_adopted; }

int loader_if_sync(struct dp *dp, uint32_t at)
{
	const struct m_if *v = &dp->ifs.slot[at].val;
	struct m_ifidx x = {at};
	if (bpf_map_update_elem(dp->map_fd[MAP_IF], &at, v, BPF_ANY))
		return ERR_SYS;
	if (v->ifindex && bpf_map_update_elem(dp->map_fd[MAP_IFIDX], &v->ifindex, &x, BPF_ANY))
		return ERR_SYS;
	return 0;
}

static int apply_if(struct dp *dp, enum dp_verb verb, const struct dp_if *e, uint32_t owner)
{
	bool is_change = false;
	uint32_t at = verb == DP_PUT ? ifset_put(&dp->ifs, e, owner, &is_change) : ifset_del(&dp->ifs, e->ifindex, owner, &is_change);
	if (!at)
		return verb == DP_PUT ? ERR_FULL : ERR_NOTFOUND;
	int r = loader_if_sync(dp, at);
	if (r)
		return r;
	if (verb == DP_PUT)
		return attach_put(dp->dir, e->ifindex, false, dp->prog_ingress);
	if (!is_change)
		return 0;
	bpf_map_delete_elem(dp->map_fd[MAP_IFIDX], &e->ifindex);
	attach_del(dp->dir, e->ifindex, false);
	return 0;
}

static int map_error(void)
{
	return errno == E2BIG || errno == ENOSPC ? ERR_FULL : errno == ENOENT ? ERR_NOTFOUND : errno == ENOMEM ? ERR_NOMEM : ERR_SYS;
}

/* A mobile that stays in its group keeps its sequence numbers rising, past those given out meanwhile. */
static void keep_seq(int fd, const union entry_key *key, struct m_coa *v)
{
	struct m_coa old;
	if (!bpf_map_lookup_elem(fd, key, &old) && !memcmp(&old.source, &v->source, 32))
		v->seq = old.seq + 65536;
}

static void keep_links(int fd, const union entry_key *key, struct m_mfc *v)
{
	struct m_mfc old;
	if (!bpf_map_lookup_elem(fd, key, &old))
		ifset_mfc_merge(v, &old);
}

static int table_in_use(struct dp *dp, uint32_t feature)
{
	if ((dp->cfg.features & feature) == feature)
		return 0;
	dp->cfg.features |= feature;
	return cfg_sync(dp);
}

/* What the maps' values need beyond entry_val. */
static int complete_val(struct dp *dp, const struct dp_op *op, uint32_t owner, const union entry_key *key, union entry_val *val)
{
	uint64_t fresh = 0;
	int r = 0;
	if (op->table == DP_LOCAL)
		ifset_local_put(&dp->ifs, &op->local, owner, &val->local.flags);
	if (op->table == DP_COA)
		keep_seq(dp->map_fd[MAP_COA], key, &val->coa);
	if (op->table == DP_MFC && !ifset_mfc(&dp->ifs, &op->mfc, &val->mfc, &fresh))
		return ERR_FULL;
	if (op->table == DP_MFC && op->mfc.is_merge)
		keep_links(dp->map_fd[MAP_MFC], key, &val->mfc);
	for (uint32_t at = 1; at < IF_SLOTS && fresh && !r; at++)
		if (fresh >> at & 1)
			r = loader_if_sync(dp, at);
	return r;
}

static int apply_put(struct dp *dp, const struct dp_op *op, uint32_t owner)
{
	union entry_key key;
	union entry_val val;
	entry_key(op, &key);
	entry_val(op, &val);
	int r = complete_val(dp, op, owner, &key, &val);
	if (r)
		return r;
	if (bpf_map_update_elem(loader_table_fd(dp, op->table), &key, &val, BPF_ANY))
		return map_error();
	adopt_keep(dp, op->table, &key);
	return table_in_use(dp, entry_shape(op->table)->feature);
}

static int apply_del(struct dp *dp, const struct dp_op *op, uint32_t owner)
{
	union entry_key key;
	struct m_local l;
	int fd = loader_table_fd(dp, op->table);
	entry_key(op, &key);
	if (op->table == DP_LOCAL && ifset_local_del(&dp->ifs, &op->local, owner, &l.flags))
		return bpf_map_update_elem(fd, &key, &l, BPF_ANY) ? map_error() : 0;
	return bpf_map_delete_elem(fd, &key) ? map_error() : 0;
}

int dp_apply(struct dp *dp, enum dp_verb verb, const struct dp_op *op, uint32_t owner)
{
	int r = entry_check(op);
	if (r)
		return r;
	if (op->table == DP_IF)
		return apply_if(dp, verb, &op->iface, owner);
	return verb == DP_PUT ? apply_put(dp, op, owner) : apply_del(dp, op, owner);
}

enum { BATCH = 1024 };

/* Bindings of a home agent: nothing but keys and values, so many can go in one call. */
static int put_homes(struct dp *dp, const struct dp_op *ops, uint32_t n)
{
	static struct a6 keys[BATCH];
	static struct m_home vals[BATCH];
	for (uint32_t i = 0; i < n; i++) {
		union entry_key k;
		union entry_val v;
		entry_key(&ops[i], &k);
		entry_val(&ops[i], &v);
		keys[i] = k.addr;
		vals[i] = v.home;
	}
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	return bpf_map_update_batch(dp->map_fd[MAP_HOME], keys, vals, &n, &opts) ? map_error() : table_in_use(dp, FEAT_HOME);
}

int dp_apply_batch(struct dp *dp, enum dp_verb verb, const struct dp_op *ops, uint32_t n, uint32_t *done)
{
	for (*done = 0; *done < n;) {
		uint32_t step = 1;
		while (verb == DP_PUT && ops[*done].table == DP_HOME && step < BATCH && *done + step < n &&
		       ops[*done + step].table == DP_HOME)
			step++;
		int r = step > 1 ? put_homes(dp, ops + *done, step) : dp_apply(dp, verb, &ops[*done], 0);
		if (r)
			return r;
		*done += step;
	}
	return 0;
}

int dp_find(struct dp *dp, struct dp_op *op)
{
	union entry_key key;
	union entry_val val = {0};
	if (op->table >= DP_TABLE_N || op->table == DP_IF)
		return ERR_INVAL;
	entry_key(op, &key);
	if (bpf_map_lookup_elem(loader_table_fd(dp, op->table), &key, &val))
		return map_error();
	entry_parse(op, &val);
	if (op->table == DP_MFC)
		ifset_mfc_parse(&dp->ifs, &op->mfc, &val.mfc);
	return 0;
}

int dp_pmtu_put(struct dp *dp, const struct addr6 *dst, uint32_t mtu_oct, mono_t until)
{
	struct a6 key = a6_of(dst);
	struct m_pmtu v = {.until_ns = until.ns, .mtu_oct = mtu_oct < 1280 ? 1280 : mtu_oct};
	if (bpf_map_update_elem(dp->map_fd[MAP_PMTU], &key, &v, BPF_ANY))
		return map_error();
	return table_in_use(dp, FEAT_PMTU);
}

int dp_counters_read(struct dp *dp, uint64_t *counts, uint32_t n)
{
	int cpus = libbpf_num_possible_cpus();
	if (n != DP_COUNT_N || cpus <= 0)
		return ERR_INVAL;
	struct m_count *each = calloc((size_t)cpus, sizeof *each);
	if (!each)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		counts[i] = 0;
		if (bpf_map_lookup_elem(dp->map_fd[MAP_COUNT], &i, each))
			continue;
		for (int c = 0; c < cpus; c++)
			counts[i] += each[c].n;
	}
	free(each);
	return 0;
}

void dp_counters_show(struct dp *dp, struct show *out)
{
	uint64_t counts[DP_COUNT_N];
	if (dp_counters_read(dp, counts, DP_COUNT_N))
		return;
	show_begin(out, "datapath");
	for (uint32_t i = 1; i < DP_COUNT_N; i++) {
		char key[48];
		snprintf(key, sizeof key, "%s%s", i < DP_DROP_N ? "drop-" : "", dp_count_name(i));
		for (char *p = key; *p; p++)
			*p = *p == '_' ? '-' : *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
		show_u64(out, key, counts[i]);
	}
	show_end(out);
}

void dp_close(struct dp *dp, enum dp_close how)
{
	if (how == DP_CLOSE_REMOVE)
		dp_remove(dp->dir);
	ring_close(dp);
	if (dp->skel)
		roamcast_bpf__destroy(dp->skel);
	adopt_free(dp);
	if (log_conf == &dp->conf)
		log_conf = NULL;
	free(dp);
}

int dp_remove(const char *bpf_dir)
{
	attach_del_all(bpf_dir);
	unpin_maps(bpf_dir);
	return rmdir(bpf_dir) && errno != ENOENT ? ERR_SYS : 0;
}
