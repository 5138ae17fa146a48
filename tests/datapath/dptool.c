// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loader by hand: opens the datapath of this namespace, applies entries given one a line on standard input, and
 * leaves it forwarding (or waits with -w, printing what is punted). For the namespace tests and benchmarks, where no
 * daemon is wanted.
 *
 *   dptool DIR ROAM0 < entries      put
 *   dptool -w DIR ROAM0 < entries   put, then print punts until killed
 *   dptool -c DIR                   counters
 *   dptool -r DIR                   remove
 *
 * Entries: words separated by blanks, lifetimes endless:
 *   if NAME FLAGS            local ADDR FLAGS          home HOA COA HA [FORM]       coa COA HOA GROUP SOURCE HA
 *   uplink-in SRC COA HA KEY [FORM]                    site PREFIX                  mfc GROUP SOURCE IIF|- OIF...
 *   downlink DST SRC HOA FORM                          uplink-out SRC IF NEXTHOP-MAC OUTER-SRC OUTER-DST FORM KEY
 * FORM: gre (key or sequence number), ipip; IPv4 also gre-plain, minimal, udp, none. IPv4's coa has the home address for COA.
 */
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "datapath/loader.h"

static void fail(const char *what, int r)
{
	fprintf(stderr, "dptool: %s: %s (%m)\n", what, err_str(r));
	exit(1);
}

static void print_log(void *ctx, const char *line) { (void)ctx; fprintf(stderr, "%s\n", line); }

static struct addr6 addr(const char *s)
{
	struct addr6 a = {0};
	if (!s || !addr46_parse(&a, s)) {
		fprintf(stderr, "dptool: not an address: %s\n", s ? s : "(end)");
		exit(1);
	}
	return a;
}

static uint32_t num(const char *s) { return s ? (uint32_t)strtoul(s, NULL, 0) : 0; }

static uint32_t ifx(const char *s)
{
	if (!s || !strcmp(s, "-"))
		return 0;
	uint32_t i = if_nametoindex(s);
	if (!i)
		fail(s, ERR_SYS);
	return i;
}

static struct lladdr hwaddr(const char *name, uint32_t *mtu)
{
	struct ifreq r = {0};
	struct lladdr l = {0};
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (s < 0 || ioctl(s, SIOCGIFHWADDR, &r))
		fail(name, ERR_SYS);
	memcpy(&l, r.ifr_hwaddr.sa_data, 6);
	if (ioctl(s, SIOCGIFMTU, &r))
		fail(name, ERR_SYS);
	*mtu = (uint32_t)r.ifr_mtu;
	close(s);
	return l;
}

/* A form of tunnel by name; without one, the other. */
static enum dp_encap form(const char *s, enum dp_encap other)
{
	static const char *const names[] = {[DP_ENCAP_GRE] = "gre", [DP_ENCAP_IPIP] = "ipip", [DP_ENCAP_GRE_PLAIN] = "gre-plain",
		[DP_ENCAP_MINIMAL] = "minimal", [DP_ENCAP_UDP] = "udp", [DP_ENCAP_NONE] = "none"};
	for (unsigned i = 0; s && i < sizeof names / sizeof *names; i++)
		if (names[i] && !strcmp(names[i], s))
			return (enum dp_encap)i;
	if (s)
		fail(s, ERR_INVAL);
	return other;
}

static bool read_op(char *line, struct dp_op *op)
{
	char *w[48] = {0}, *save = NULL;
	int n = 0;
	for (char *p = strtok_r(line, " \t\n", &save); p && n < 47; p = strtok_r(NULL, " \t\n", &save))
		w[n++] = p;
	memset(op, 0, sizeof *op);
	if (!n || w[0][0] == '#')
		return false;
	if (!strcmp(w[0], "if")) {
		op->table = DP_IF;
		op->iface.ifindex = ifx(w[1]);
		op->iface.flags = num(w[2]);
		op->iface.lladdr = hwaddr(w[1], &op->iface.mtu_oct);
	} else if (!strcmp(w[0], "local")) {
		op->table = DP_LOCAL;
		op->local = (struct dp_local){addr(w[1]), num(w[2])};
	} else if (!strcmp(w[0], "home")) {
		op->table = DP_HOME;
		op->home = (struct dp_home){.home_address = addr(w[1]), .coa = addr(w[2]), .ha = addr(w[3]), .expires = MONO_NEVER,
			.encap = form(w[4], DP_ENCAP_IPIP), .udp_port = 434, .is_reverse = true};
	} else if (!strcmp(w[0], "coa")) {
		op->table = DP_COA;
		op->coa = (struct dp_coa){.coa = addr(w[1]), .home_address = addr(w[2]), .group = addr(w[3]), .source = addr(w[4]),
			.ha = addr(w[5]), .expires = MONO_NEVER};
	} else if (!strcmp(w[0], "uplink-in")) {
		op->table = DP_UPLINK_IN;
		op->uplink_in = (struct dp_uplink_in){.inner_src = addr(w[1]), .coa = addr(w[2]), .ha = addr(w[3]), .gre_key = num(w[4]),
			.expires = MONO_NEVER, .encap = form(w[5], DP_ENCAP_IPIP), .udp_port = 434};
	} else if (!strcmp(w[0], "site")) {
		op->table = DP_SITE_PREFIX;
		if (!w[1] || !prefix46_parse(&op->site_prefix.prefix, w[1]))
			fail("prefix", ERR_INVAL);
	} else if (!strcmp(w[0], "mfc")) {
		op->table = DP_MFC;
		op->mfc = (struct dp_mfc){.group = addr(w[1]), .source = addr(w[2]), .iif = ifx(w[3])};
		for (int i = 4; i < n; i++)
			op->mfc.oif[op->mfc.n_oif++] = ifx(w[i]);
	} else if (!strcmp(w[0], "downlink")) {
		op->table = DP_DOWNLINK_IN;
		op->downlink_in = (struct dp_downlink_in){.dst = addr(w[1]), .src = addr(w[2]), .home_address = addr(w[3]),
			.encap = form(w[4], DP_ENCAP_GRE)};
	} else if (!strcmp(w[0], "uplink-out")) {
		op->table = DP_UPLINK_OUT;
		struct dp_uplink_out *u = &op->uplink_out;
		*u = (struct dp_uplink_out){.inner_src = addr(w[1]), .ifindex = ifx(w[2]), .src = addr(w[4]), .dst = addr(w[5]),
			.encap = form(w[6], DP_ENCAP_GRE), .gre_key = num(w[7]), .udp_port = 434};
		u->lladdr = hwaddr(w[2], &u->mtu_oct);
		if (!w[3] || !lladdr_parse(&u->next_hop, w[3]))
			fail("next hop", ERR_INVAL);
	} else if (!strcmp(w[0], "cn")) {
		op->table = DP_CN;
		op->cn = (struct dp_cn){addr(w[1]), addr(w[2]), addr(w[3]), MONO_NEVER};
	} else if (!strcmp(w[0], "ro-out")) {
		op->table = DP_RO_OUT;
		op->ro_out = (struct dp_ro_out){addr(w[1]), addr(w[2]), addr(w[3]), false, MONO_NEVER};
	} else if (!strcmp(w[0], "direct-in")) {
		op->table = DP_DOWNLINK_IN;
		op->downlink_in = (struct dp_downlink_in){.dst = addr(w[1]), .home_address = addr(w[2]), .encap = DP_ENCAP_RH2};
	} else {
		fail(w[0], ERR_INVAL);
	}
	return true;
}

static void print_punt(void *ctx, const struct dp_punted *p)
{
	(void)ctx;
	printf("punt why=%d if=%u from=%s len=%zu slow=%d mtu=%u src=%s dst=%s\n", p->why, p->ifindex, LLADDR_STR(&p->lladdr_src),
	       p->len_oct, p->slow.why, p->slow.mtu_oct, ADDR6_STR((const struct addr6 *)(p->pkt + 8)),
	       ADDR6_STR((const struct addr6 *)(p->pkt + 24)));
	fflush(stdout);
}

static void print_counts(struct dp *dp)
{
	uint64_t n[DP_COUNT_N];
	if (dp_counters_read(dp, n, DP_COUNT_N))
		fail("counters", ERR_SYS);
	for (uint32_t i = 1; i < DP_COUNT_N; i++)
		if (n[i])
			printf("%s%s %llu\n", i < DP_DROP_N ? "drop " : "", dp_count_name(i), (unsigned long long)n[i]);
}

static void put_all(struct dp *dp)
{
	char line[1024];
	while (fgets(line, sizeof line, stdin)) {
		struct dp_op op;
		if (!read_op(line, &op))
			continue;
		int r = dp_apply(dp, DP_PUT, &op, 1);
		if (r)
			fail(line, r);
	}
}

int main(int argc, char **argv)
{
	bool is_waiting = argc > 1 && !strcmp(argv[1], "-w"), is_count = argc > 1 && !strcmp(argv[1], "-c");
	if (argc == 3 && !strcmp(argv[1], "-r"))
		return dp_remove(argv[2]) ? 1 : 0;
	if (argc < 3)
		return 2;
	struct dp *dp;
	const char *roam0 = is_waiting ? argv[3] : is_count ? "-" : argv[2];
	struct dp_conf conf = {.bpf_dir = argv[is_waiting || is_count ? 2 : 1], .roam0_ifindex = ifx(roam0), .log = print_log};
	int r = dp_open(&dp, &conf);
	if (r)
		fail("open", r);
	if (!is_count && (r = dp_use_ip4(dp)))
		fail("IPv4", r);
	if (!is_count && (r = dp_use_cast(dp)))
		fail("mobiles that the network moves", r);
	if (is_count)
		print_counts(dp);
	else
		put_all(dp);
	printf("ready\n");
	fflush(stdout);
	while (is_waiting) {
		struct pollfd p = {.fd = dp_punt_fd(dp), .events = POLLIN};
		if (poll(&p, 1, -1) > 0)
			dp_punt_read(dp, print_punt, NULL);
	}
	dp_close(dp, DP_CLOSE_KEEP);
	return 0;
}
