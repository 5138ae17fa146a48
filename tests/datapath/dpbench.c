// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a packet costs in each program path, in nanoseconds: the median of many single runs by BPF_PROG_TEST_RUN (a
 * repeated run would tunnel its own output again). The pass of a packet that is not for us is in each
 * figure and is given as "pass": clock and call included. The redirect itself is not.
 *
 *   dpbench [--json]
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench_net.h"

enum { RUNS = 20001, PAYLOAD = 16 };

static void ha_encap(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:c::2", "2001:db8:1::100", 17, 60, 0);
}
static void ha_decap(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:3::5", "2001:db8:1::1", 41, 60, 0);
	pk_ip(p, "2001:db8:1::100", "2001:db8:c::2", 17, 60, 0);
}
static void mma_down(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:1::1", "2001:db8:2:ff::2", 41, 60, 0);
	pk_ip(p, "2001:db8:c::2", "2001:db8:1::200", 17, 60, 0);
}
static void mma_up(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_DOWN);
	pk_ip(p, "2001:db8:2:11::100", "2001:db8:2::1", 47, 60, 0);
	pk_gre(p, 0x2000, BENCH_KEY);
	pk_ip(p, "2001:db8:9::300", "2001:db8:c::2", 17, 60, 0);
}
static void ar_replicate(struct pk *p, uint32_t i)
{
	pk_eth_group(p, IF_UP, "ff35::9");
	pk_ip(p, "2001:db8:6::1", "ff35::9", 47, 60, 0);
	pk_gre(p, 0x1000, i);
	pk_ip(p, "2001:db8:c::2", "2001:db8:9::300", 17, 60, 0);
}
static void mn_decap(struct pk *p, uint32_t i)
{
	pk_eth_group(p, IF_MOB, "ff35::77");
	pk_ip(p, "2001:db8:5::1", "ff35::77", 47, 60, 0);
	pk_gre(p, 0x1000, i);
	pk_ip(p, "2001:db8:c::2", "2001:db8:8::1", 17, 60, 0);
}
static void keep(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:9::1", "2001:db8:2:ff::5", 41, 60, 0);
	pk_ip(p, "2001:db8:c::2", "2001:db8:9::600", 17, 60, 0);
}
static void direct_up(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_DOWN);
	pk_ip(p, "2001:db8:2:11::100", "2001:db8:2::1", 47, 60, 0);
	pk_gre(p, 0x2000, BENCH_KEY);
	pk_ip(p, "2001:db8:9::600", "2001:db8:c::2", 17, 60, 0);
}
static void rh2(struct pk *p, uint32_t ifindex, const char *coa, const char *hoa)
{
	uint8_t h[24] = {17, 2, 2, 1};
	struct addr6 a = A(hoa);
	memcpy(h + 8, &a, 16);
	pk_eth(p, ifindex);
	pk_ip(p, "2001:db8:c::2", coa, 43, 60, 0);
	pk_bytes(p, h, 24);
}
static void direct_down(struct pk *p, uint32_t i) { (void)i, rh2(p, IF_UP, "2001:db8:2:ff::5", "2001:db8:9::600"); }
static void mn_direct(struct pk *p, uint32_t i) { (void)i, rh2(p, IF_MOB, "2001:db8:5:1::100", "2001:db8:8::1"); }
static void cn_out(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:1::1", "2001:db8:b::1", 17, 60, 0);
}
static void tunnel4(struct pk *p, uint32_t ifindex, const char *src, const char *dst)
{
	if (dst[0] == '2')
		pk_eth4_to(p, ifindex, dst);
	else
		pk_eth4(p, ifindex);
	pk_ip4(p, src, dst, dst[0] == '2' || ifindex == IF_DOWN ? 47 : 4, 60, 0, 0);
}
static void inner4(struct pk *p, const char *src, const char *dst) { pk_ip4(p, src, dst, 17, 60, 0, 0x4000); }
static void ha_encap4(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth4(p, IF_UP);
	inner4(p, "10.0.12.2", "10.1.0.100");
}
static void ha_decap4(struct pk *p, uint32_t i)
{
	(void)i;
	tunnel4(p, IF_UP, "10.3.0.5", "10.1.0.1");
	inner4(p, "10.1.0.100", "10.0.12.2");
}
static void mma_down4(struct pk *p, uint32_t i)
{
	(void)i;
	tunnel4(p, IF_UP, "10.1.0.1", "10.2.0.1");
	inner4(p, "10.0.12.2", "10.1.0.200");
}
static void mma_up4(struct pk *p, uint32_t i)
{
	(void)i;
	tunnel4(p, IF_DOWN, "10.2.17.100", "10.2.0.1");
	pk_gre4(p, 0x2000, BENCH_KEY);
	inner4(p, "10.9.0.30", "10.0.12.2");
}
static void ar_replicate4(struct pk *p, uint32_t i)
{
	tunnel4(p, IF_UP, "10.6.0.1", "232.128.0.9");
	pk_gre4(p, 0x1000, i);
	inner4(p, "10.0.12.2", "10.9.0.30");
}
static void mn_decap4(struct pk *p, uint32_t i)
{
	tunnel4(p, IF_MOB, "10.5.0.1", "232.128.0.77");
	pk_gre4(p, 0x1000, i);
	inner4(p, "10.0.12.2", "10.7.0.1");
}
static void fa_down4(struct pk *p, uint32_t i)
{
	(void)i;
	tunnel4(p, IF_UP, "10.8.0.254", "10.4.0.1");
	inner4(p, "10.0.12.2", "10.8.0.1");
}
static void fa_up4(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth4(p, IF_ACC);
	inner4(p, "10.8.0.1", "10.0.12.2");
}
static void pass4(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth4(p, IF_UP);
	inner4(p, "10.0.12.2", "10.3.0.77");
}
static void pass(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:c::2", "2001:db8:3::77", 17, 60, 0);
}

static void guest_down(struct pk *p, uint32_t i)
{
	pk_eth_group(p, IF_UP, "ff35::c1");
	pk_ip(p, "2001:db8:5d::1", "ff35::c1", 47, 60, 0);
	pk_gre(p, 0x1000, i);
	pk_ip(p, "2001:db8:c::2", "2001:db8:d::10", 17, 60, 0);
}
static void guest_down46(struct pk *p, uint32_t i)
{
	pk_eth_group(p, IF_UP, "ff35::c1");
	pk_ip(p, "2001:db8:5d::1", "ff35::c1", 47, 60, 0);
	pk_gre4(p, 0x1000, i);
	inner4(p, "10.5.0.2", "10.13.0.10");
}
static void guest_up(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth(p, IF_ACC);
	pk_ip(p, "2001:db8:d::10", "2001:db8:c::2", 17, 60, 0);
}
static void ha_group46(struct pk *p, uint32_t i)
{
	(void)i;
	pk_eth4(p, IF_UP);
	inner4(p, "10.5.0.2", "10.1.3.10");
}

/* Behind "pass": with the entries of bench_entries_more, bench_entries4 and bench_entries_cast. */
static const struct { const char *name; uint32_t ifindex; void (*build)(struct pk *p, uint32_t i); int verdict; enum dpn_dir dir; } paths[] = {
	{"ha_encap", IF_UP, ha_encap, 7}, {"ha_decap", IF_UP, ha_decap, 7}, {"mma_down", IF_UP, mma_down, 7},
	{"mma_up", IF_DOWN, mma_up, 7}, {"ar_replicate", IF_UP, ar_replicate, 7}, {"mn_decap", IF_MOB, mn_decap, 7},
	{"pass", IF_UP, pass, -1},
	{"mma_keep", IF_UP, keep, 7}, {"direct_up", IF_DOWN, direct_up, 7}, {"direct_down", IF_UP, direct_down, 7},
	{"mn_direct", IF_MOB, mn_direct, 7}, {"cn_out", IF_UP, cn_out, 7, DPN_OUT}, {"pass_more", IF_UP, pass, -1},
	{"ha_encap_v4", IF_UP, ha_encap4, 7}, {"ha_decap_v4", IF_UP, ha_decap4, 7}, {"mma_down_v4", IF_UP, mma_down4, 7},
	{"mma_up_v4", IF_DOWN, mma_up4, 7}, {"ar_replicate_v4", IF_UP, ar_replicate4, 7}, {"mn_decap_v4", IF_MOB, mn_decap4, 7},
	{"fa_down_v4", IF_UP, fa_down4, 7}, {"fa_up_v4", IF_ACC, fa_up4, 7}, {"pass_v4", IF_UP, pass4, -1},
	{"guest_down", IF_UP, guest_down, 7}, {"guest_down_4in6", IF_UP, guest_down46, 7}, {"guest_up", IF_ACC, guest_up, 7},
	{"ha_group_4in6", IF_UP, ha_group46, 7},
};
enum { N_PATHS = sizeof paths / sizeof *paths };

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint32_t median_ns(struct dp *dp, unsigned path)
{
	static uint32_t ns[RUNS];
	struct pk p;
	for (uint32_t i = 0; i < RUNS; i++) {
		paths[path].build(&p, i + 1);
		pk_udp(&p, PAYLOAD);
		pk_end(&p);
		struct run r = bench_net_run(dp, paths[path].ifindex, paths[path].dir, &p, 1);
		if (r.verdict != paths[path].verdict) {
			fprintf(stderr, "%s: verdict %d\n", paths[path].name, r.verdict);
			exit(1);
		}
		ns[i] = r.ns;
	}
	qsort(ns, RUNS, sizeof *ns, cmp_u32);
	return ns[RUNS / 2];
}

int main(int argc, char **argv)
{
	bool is_json = argc > 1 && !strcmp(argv[1], "--json");
	uint32_t ns[N_PATHS];
	bench_net_up();
	struct dp *dp = bench_net_open(0);
	for (unsigned i = 0; i < N_PATHS; i++) {
		ns[i] = median_ns(dp, i);
		if (!strcmp(paths[i].name, "pass"))
			bench_net_more(dp);
	}
	dp_close(dp, DP_CLOSE_REMOVE);
	if (is_json)
		printf("{\"datapath_ns\": {");
	for (unsigned i = 0; i < N_PATHS; i++)
		if (is_json)
			printf("%s\"%s\": %u", i ? ", " : "", paths[i].name, ns[i]);
		else
			printf("%-15s %5u ns\n", paths[i].name, ns[i]);
	if (is_json)
		printf("}}\n");
	return 0;
}
