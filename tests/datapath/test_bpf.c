// SPDX-License-Identifier: BSD-2-Clause
/*
 * The programs in the kernel: every case (cases*.c), then generated packets, against the native build. Compared are verdict, bytes, counters and
 * what is handed up. H-2, H-3, H-10, H-12.
 *
 *   test_bpf [seed [packets]]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/prng.h"
#include "bench_net.h"

enum { V_PASS = -1, V_DROP = 2, V_STOLEN = 4, V_REDIRECT = 7 };

struct bench {
	struct dp *dp;
	struct dpn *dpn;
	uint64_t kernel[DP_COUNT_N], native[DP_COUNT_N];
	struct dp_punted punt;       /* the last one of the kernel's */
	uint8_t punt_pkt[DP_PUNT_SNAP];
	unsigned n_punts, failures;
	int egress_in, egress_mob, egress_down2; /* sockets: into roam0, at the peers of IF_MOB and IF_DOWN2 */
};

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {.resize = resize};

static mono_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (mono_t){t.tv_sec * NS_PER_S + t.tv_nsec};
}

static void put_native(void *ctx, const struct dp_op *op)
{
	if (dpn_apply(ctx, true, op, 1))
		exit(1);
}

static void on_punt(void *ctx, const struct dp_punted *p)
{
	struct bench *b = ctx;
	b->n_punts++;
	b->punt = *p;
	memcpy(b->punt_pkt, p->pkt, p->len_oct);
	b->punt.pkt = b->punt_pkt;
}

static void fault(struct bench *b, const char *name, const char *what, long kernel, long native)
{
	b->failures++;
	fprintf(stderr, "FAIL %s: %s: kernel %ld, native %ld\n", name, what, kernel, native);
}

/* What comes in is dropped where what goes out is stolen (roamcast.bpf.c). */
static int expected(const struct dpn_out *last, enum dpn_dir dir)
{
	int stolen = dir == DPN_INGRESS ? V_DROP : V_STOLEN;
	switch (last->verdict) {
	case DPN_PASS: return V_PASS;
	case DPN_DROP: return last->drop == DP_DROP_PUNT_RATE ? stolen : V_DROP;
	case DPN_PUNT: return stolen;
	case DPN_LOCAL:
	case DPN_SEND:
	case DPN_ROUTE: return V_REDIRECT;
	}
	return V_DROP;
}

static void compare_bytes(struct bench *b, const char *name, const struct run *r, const struct dpn_out *last)
{
	size_t head = last->verdict == DPN_SEND ? 0 : 14;
	if (last->verdict != DPN_SEND && last->verdict != DPN_LOCAL && last->verdict != DPN_PASS)
		return;
	if (r->n != last->len_oct + head)
		fault(b, name, "length", (long)r->n, (long)(last->len_oct + head));
	else
		for (size_t i = 0; i < last->len_oct; i++)
			if (r->out[head + i] != last->bytes[i]) {
				fault(b, name, "byte at", (long)i, r->out[head + i] << 8 | last->bytes[i]);
				return;
			}
}

/* Counters since the last comparison. */
static void compare_counts(struct bench *b, const char *name)
{
	uint64_t k[DP_COUNT_N];
	const uint64_t *n = dpn_counters(b->dpn);
	if (dp_counters_read(b->dp, k, DP_COUNT_N))
		exit(1);
	for (uint32_t i = 1; i < DP_COUNT_N; i++) {
		if (k[i] - b->kernel[i] != n[i] - b->native[i])
			fault(b, name, dp_count_name(i), (long)(k[i] - b->kernel[i]), (long)(n[i] - b->native[i]));
		b->kernel[i] = k[i];
		b->native[i] = n[i];
	}
}

static void compare_punt(struct bench *b, const char *name, const struct dpn_out *out, uint32_t n)
{
	const struct dpn_out *p = NULL;
	unsigned punts = 0;
	b->n_punts = 0;
	dp_punt_read(b->dp, on_punt, b);
	for (uint32_t i = 0; i < n; i++)
		if (out[i].verdict == DPN_PUNT) {
			p = &out[i];
			punts++;
		}
	if (b->n_punts != punts) {
		fault(b, name, "punts", b->n_punts, punts);
		return;
	}
	if (!p)
		return;
	if (b->punt.why != p->punt.why || b->punt.ifindex != p->punt.ifindex || !lladdr_eq(&b->punt.lladdr_src, &p->punt.lladdr_src))
		fault(b, name, "punt", b->punt.why, p->punt.why);
	if (b->punt.len_oct != p->punt.len_oct || memcmp(b->punt.pkt, p->punt.pkt, p->punt.len_oct))
		fault(b, name, "punted bytes", (long)b->punt.len_oct, (long)p->punt.len_oct);
	if (memcmp(&b->punt.slow, &p->punt.slow, sizeof p->punt.slow))
		fault(b, name, "slow path's data", b->punt.slow.why, p->punt.slow.why);
}

static void frame(struct bench *b, const char *name, uint32_t ifindex, enum dpn_dir dir, const struct pk *p)
{
	const struct dpn_out *out;
	if (p->n < (p->b[12] == 8 ? 34 : 54))
		return; /* BPF_PROG_TEST_RUN takes no less than a header */
	struct run r = bench_net_run(b->dp, ifindex, dir, p, 1);
	uint32_t n = dpn_input(b->dpn, ifindex, dir, p->b, p->n, now(), &out);
	int want = expected(&out[n - 1], dir);
	if (r.verdict != want)
		fault(b, name, "verdict", r.verdict, want);
	else
		compare_bytes(b, name, &r, &out[n - 1]);
	compare_punt(b, name, out, n);
	compare_counts(b, name);
}

static int packet_socket(const char *name, int type)
{
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
	int s = socket(AF_PACKET, type | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a)) {
		perror("packet socket");
		exit(1);
	}
	return s;
}

/* What the program made of a packet sent into roam0, seen behind IF_MOB or IF_DOWN2; 0: nothing within a second. */
static size_t egress_out(const struct bench *b, uint32_t ifindex, uint8_t *buf, size_t cap)
{
	struct pollfd f = {.fd = ifindex == IF_DOWN2 ? b->egress_down2 : b->egress_mob, .events = POLLIN};
	while (poll(&f, 1, 1000) == 1) {
		ssize_t n = recv(f.fd, buf, cap, 0);
		bool is_ours = buf[12] == 8 ? buf[23] == 4 || buf[23] == 17 || buf[23] == 47 || buf[23] == 55
					   : buf[20] == 41 || buf[20] == 47 || buf[20] == 60;
		if (n > 34 && buf[11] == ifindex && is_ours)
			return (size_t)n;
	}
	return 0;
}

/* Egress cannot be run by BPF_PROG_TEST_RUN, which always puts an Ethernet header in front: real packets. */
static void egress(struct bench *b, const struct dpcase *c, const struct pk *p)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(p->b[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = (int)if_nametoindex("roam0")};
	const struct dpn_out *out;
	uint8_t buf[4096];
	if (sendto(b->egress_in, p->b, p->n, 0, (struct sockaddr *)&to, sizeof to) < 0 && errno != ENOBUFS && errno != ENETDOWN)
		perror("send");
	uint32_t n = dpn_input(b->dpn, (uint32_t)to.sll_ifindex, DPN_EGRESS, p->b, p->n, now(), &out);
	if (out[n - 1].verdict == DPN_SEND) {
		size_t len = egress_out(b, out[n - 1].ifindex, buf, sizeof buf);
		if (len != out[n - 1].len_oct || memcmp(buf, out[n - 1].bytes, len))
			fault(b, c->name, "egress length", (long)len, (long)out[n - 1].len_oct);
	}
	compare_punt(b, c->name, out, n);
	compare_counts(b, c->name);
}

static void run_case(struct bench *b, const struct dpcase *c)
{
	struct pk p = {.n = 0};
	c->build(&p);
	if (c->dir == DPN_EGRESS)
		egress(b, c, &p);
	else
		frame(b, c->name, c->ifindex, c->dir, &p);
}

/* A case's packet with a few bytes changed, cut, or swapped for another's; on some interface. */
static void generated(struct bench *b, struct prng *g, unsigned i)
{
	static const uint32_t ifs[] = {IF_UP, IF_DOWN, IF_DOWN2, IF_ACC, IF_MOB, IF_MOB2, IF_HOME};
	const struct dpcase *c = dpcase_at((unsigned)(prng_u64(g) % dpcase_n()));
	struct pk p = {.n = 0};
	char name[96];
	c->build(&p);
	if (c->dir == DPN_EGRESS)
		return;
	uint32_t ifindex = prng_u64(g) % 8 ? c->ifindex : ifs[prng_u64(g) % 7];
	if (ifindex != c->ifindex && !(p.b[0] & 1))
		p.b[5] = (uint8_t)ifindex;
	for (uint64_t k = prng_u64(g) % 4; k; k--)
		p.b[14 + prng_u64(g) % (p.n - 14 < 110 ? p.n - 14 : 110)] ^= (uint8_t)(1u << prng_u64(g) % 8);
	if (prng_u64(g) % 8 == 0)
		p.n = 14 + prng_u64(g) % (p.n - 14) + 1;
	if (p.b[12] == 8 && !p.b[13] && prng_u64(g) % 8)
		pk_fix4(p.b + 14, p.n - 14);
	snprintf(name, sizeof name, "packet %u from \"%s\"", i, c->name);
	frame(b, name, ifindex, c->dir, &p);
}

/* The same packets over two interfaces served by two processors at once: of each, one arrives. */
enum { RACE = 20000 };
struct racer { struct bench *b; uint32_t ifindex; uint8_t nh; unsigned arrived[RACE]; };
static struct racer racers[2];
static unsigned at_start[2];

static void race_packet(struct pk *p, const struct racer *r, uint32_t seq)
{
	pk_eth_group(p, r->ifindex, "ff35::77");
	pk_ip(p, "2001:db8:5::1", "ff35::77", 47, 60, 0);
	pk_gre(p, 0x1000, seq);
	pk_ip(p, "2001:db8:c::2", "2001:db8:8::1", r->nh, 60, 0);
	if (r->nh == 17)
		pk_udp(p, 16);
	else
		pk_tcp(p, 16, seq * 16, 0, 16);
	pk_end(p);
}

static void *race(void *ctx)
{
	struct racer *r = ctx;
	unsigned me = r == &racers[1];
	for (uint32_t i = 0; i < RACE; i++) {
		struct pk p;
		race_packet(&p, r, 1000000u * r->nh + i);
		__atomic_store_n(&at_start[me], i + 1, __ATOMIC_SEQ_CST);
		for (unsigned spin = 0; spin < 100000 && __atomic_load_n(&at_start[!me], __ATOMIC_SEQ_CST) <= i; spin++)
			;
		r->arrived[i] = bench_net_run(r->b->dp, r->ifindex, DPN_INGRESS, &p, 1).verdict == V_REDIRECT;
	}
	return NULL;
}

static void both_at_once(struct bench *b, uint8_t nh)
{
	static const uint32_t ifs[2] = {IF_MOB, IF_MOB2};
	pthread_t t[2];
	unsigned none = 0, twice = 0;
	memset(at_start, 0, sizeof at_start);
	for (int k = 0; k < 2; k++) {
		racers[k] = (struct racer){.b = b, .ifindex = ifs[k], .nh = nh};
		if (pthread_create(&t[k], NULL, race, &racers[k]))
			exit(1);
	}
	for (int k = 0; k < 2; k++)
		pthread_join(t[k], NULL);
	for (unsigned i = 0; i < RACE; i++) {
		none += !racers[0].arrived[i] && !racers[1].arrived[i];
		twice += racers[0].arrived[i] && racers[1].arrived[i];
	}
	printf("%u packets of protocol %u over two links at once: %u lost, %u twice\n", RACE, nh, none, twice);
	if (none || twice)
		fault(b, "both at once", "packets lost or twice", none, twice);
}

static void enter(struct bench *b, const struct dp_op *key, uint32_t ifindex)
{
	struct dp_op kernel = *key, native = *key;
	if (dp_find(b->dp, &kernel) || dpn_find(b->dpn, &native))
		exit(1);
	dphost_enter(&kernel, ifindex);
	dphost_enter(&native, ifindex);
	if (dp_apply(b->dp, DP_PUT, &kernel, 1) || dpn_apply(b->dpn, true, &native, 1))
		exit(1);
}

static const struct dpcase *named(const char *name)
{
	unsigned i = 0;
	while (strcmp(dpcase_at(i)->name, name))
		i++;
	return dpcase_at(i);
}

/* Copies that came in on the interface of s, with no hop left. */
static int told(int s)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof from;
	uint8_t buf[4096];
	int n = 0;
	while (recvfrom(s, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &len) > 34)
		n += from.sll_pkttype != PACKET_OUTGOING && dphost_has_no_hop_left(buf + 14) && (buf[12] == 8 || buf[20] == 47 || buf[20] == 17);
	return n;
}

/* Groups that the host's multicast forwarding knows: left to it, then followed. */
static void followed(struct bench *b)
{
	struct dp_op key;
	const char *name;
	int far = packet_socket("acc_p", SOCK_RAW); /* no program is there */
	const uint64_t *count = dpn_counters(b->dpn), before = count[DP_COUNT_MFC_TOLD];
	for (unsigned i = 0; (name = dphost_at(i, &key)); i++) {
		enter(b, &key, if_nametoindex("acc_p"));
		dp_follow(b->dp, (mono_t){0});
		dpn_follow(b->dpn, (mono_t){0}, false);
		run_case(b, named(name));
		dp_follow(b->dp, MONO_NEVER);
		dpn_follow(b->dpn, MONO_NEVER, false);
		run_case(b, named(name));
		run_case(b, named(name));
	}
	int seen = told(far), want = (int)(count[DP_COUNT_MFC_TOLD] - before);
	if (seen != want || !want)
		fault(b, "followed groups", "copies to be counted", seen, want);
	close(far);
}

static void open_both(struct bench *b)
{
	struct dpn_conf conf = {.mem = &mem, .roam0_ifindex = if_nametoindex("roam0"), .route = bench_route, .dup_slots = 196608, .dup_window_ms = BENCH_WINDOW_MS,
		.punt_rate_pps = UINT32_MAX};
	b->dp = bench_net_open(UINT32_MAX);
	if (dpn_new(&b->dpn, &conf))
		exit(1);
	bench_entries(now(), put_native, b->dpn);
	bench_entries_more(now(), put_native, b->dpn);
	bench_entries4(now(), put_native, b->dpn);
	bench_entries_cast(now(), put_native, b->dpn);
	bench_net_more(b->dp);
	b->egress_in = packet_socket("roam0", SOCK_DGRAM);
	b->egress_mob = packet_socket("mob_p", SOCK_RAW);
	b->egress_down2 = packet_socket("down2_p", SOCK_RAW);
}

/* The number accepted last, which a mobile tells to whoever serves it next. */
static void compare_numbers(struct bench *b)
{
	static const char *const groups[] = {"ff35::77", "ff35::78"};
	for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++) {
		struct dp_op k = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = A(groups[i]), .src = A("2001:db8:5::1")}}, n = k;
		if (dp_find(b->dp, &k) || dpn_find(b->dpn, &n) || !n.downlink_in.has_seq || !k.downlink_in.has_seq ||
		    k.downlink_in.last_seq != n.downlink_in.last_seq)
			fault(b, groups[i], "number accepted last", k.downlink_in.last_seq, n.downlink_in.last_seq);
	}
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct prng g;
	unsigned packets = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 20000;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	prng_seed(&g, seed);
	bench_net_up();
	open_both(&b);
	for (unsigned i = 0; i < dpcase_n(); i++)
		if (dpcase_at(i)->dir != DPN_EGRESS || dpcase_at(i)->out_if != IF_UP)
			run_case(&b, dpcase_at(i));
	followed(&b);
	for (unsigned i = 0; i < packets && b.failures < 20; i++)
		generated(&b, &g, i);
	compare_numbers(&b);
	both_at_once(&b, 17);
	both_at_once(&b, 6);
	printf("%u cases, %u packets from seed %llu: %u differences\n", dpcase_n(), packets, (unsigned long long)seed,
	       b.failures);
	dp_close(b.dp, DP_CLOSE_REMOVE);
	dpn_free(b.dpn);
	return b.failures ? 1 : 0;
}
