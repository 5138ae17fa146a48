// SPDX-License-Identifier: BSD-2-Clause
#include "bench_net.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

static void sh(const char *cmd)
{
	if (system(cmd) == 0)
		return;
	fprintf(stderr, "failed: %s\n", cmd);
	exit(1);
}

static void shf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void shf(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(cmd, sizeof cmd, fmt, ap);
	va_end(ap);
	sh(cmd);
}

static const struct { uint32_t ifindex; const char *name; } links[] = {
	{IF_UP, "uplink"}, {IF_DOWN, "down"}, {IF_DOWN2, "down2"}, {IF_ACC, "acc"}, {IF_MOB, "mob"}, {IF_MOB2, "mob2"}, {IF_HOME, "home"},
};

static void write_sysctl(const char *path, const char *val)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, val, strlen(val)) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	close(fd);
}

static void ipv6_on(const char *name)
{
	char path[96];
	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	write_sysctl(path, "0");
}

static void add_link(uint32_t ifindex, const char *name)
{
	shf("ip link add dev %s index %u address 02:00:00:00:00:%02x type veth peer name %s_p address 02:ff:00:00:00:%02x", name, ifindex,
	    ifindex, name, ifindex);
	ipv6_on(name);
	shf("ip link set dev %s up && ip link set dev %s_p up", name, name);
}

void bench_net_up(void)
{
	if (geteuid() || unshare(CLONE_NEWNET | CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL)) {
		fprintf(stderr, "skipped: needs root, namespaces and a bpffs\n");
		exit(77);
	}
	write_sysctl("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	write_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	write_sysctl("/proc/sys/net/ipv4/ip_forward", "1");
	/* The far ends say nothing of their own. */
	write_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	sh("ip link set lo up");
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		add_link(links[i].ifindex, links[i].name);
	write_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "0");
	sh("ip tuntap add roam0 mode tun && ip link set dev roam0 up");
	sh("ip -6 addr add 2001:db8:ffff::1/64 dev uplink nodad");
	shf("ip -6 neigh replace 2001:db8:ffff::2 lladdr 02:ff:00:00:00:%02x dev uplink nud permanent", IF_UP);
	sh("ip -6 route add 2001:db8::/32 via 2001:db8:ffff::2 dev uplink");
	sh("ip -6 route add unreachable 2001:db8:dead::/48");
	sh("ip addr add 10.255.255.1/24 dev uplink");
	shf("ip neigh replace 10.255.255.2 lladdr 02:ff:00:00:00:%02x dev uplink nud permanent", IF_UP);
	sh("ip route add 10.0.0.0/8 via 10.255.255.2 dev uplink && ip route add unreachable 10.222.0.0/16");
}

static void print_log(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

static void put(void *ctx, const struct dp_op *op)
{
	int r = dp_apply(ctx, DP_PUT, op, 1);
	if (!r)
		return;
	fprintf(stderr, "put into table %d: %s (%s)\n", op->table, err_str(r), strerror(errno));
	exit(1);
}

struct dp *bench_net_open(uint32_t punt_rate_pps)
{
	struct dp *dp;
	struct timespec t;
	struct dp_conf conf = {.bpf_dir = "/sys/fs/bpf/bench", .roam0_ifindex = if_nametoindex("roam0"), .punt_rate_pps = punt_rate_pps,
		.max_bindings = 65536, .keep_slots = 512, .dup_window_ms = BENCH_WINDOW_MS, .log = print_log};
	int r = dp_open(&dp, &conf);
	if (!r)
		r = dp_use_ip4(dp);
	if (r) {
		fprintf(stderr, "open: %s\n", err_str(r));
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	bench_entries((mono_t){t.tv_sec * NS_PER_S + t.tv_nsec}, put, dp);
	return dp;
}

void bench_net_more(struct dp *dp)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	bench_entries_more((mono_t){t.tv_sec * NS_PER_S + t.tv_nsec}, put, dp);
	bench_entries4((mono_t){t.tv_sec * NS_PER_S + t.tv_nsec}, put, dp);
	bench_entries_cast((mono_t){t.tv_sec * NS_PER_S + t.tv_nsec}, put, dp);
}

struct run bench_net_run(struct dp *dp, uint32_t ifindex, enum dpn_dir dir, const struct pk *p, uint32_t repeat)
{
	struct run r = {.n = 0};
	struct __sk_buff skb = {.ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = p->b, .data_size_in = (uint32_t)p->n, .data_out = r.out,
		    .data_size_out = sizeof r.out, .ctx_in = &skb, .ctx_size_in = sizeof skb, .repeat = (int)repeat);
	int e = bpf_prog_test_run_opts(dir == DPN_OUT ? dp->prog_out : dp->prog_ingress, &opts);
	if (e) {
		fprintf(stderr, "test run of %zu octets on %u: %s\n", p->n, ifindex, strerror(-e));
		exit(1);
	}
	r.verdict = (int)opts.retval;
	r.ns = opts.duration;
	r.n = opts.data_size_out;
	return r;
}
