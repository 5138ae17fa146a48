/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The test bench of the datapath: one node that plays every role at once, packets to give it, and what must
 * come out. The same cases go to the native build (tests/unit/datapath/test_datapath.c) and to the
 * programs in the kernel (test_bpf.c), whose outputs are compared byte by byte.
 */
#include "datapath/native.h"

/* Interfaces; also the last byte of their MAC address 02:00:00:00:00:xx. */
enum { IF_UP = 102, IF_DOWN = 103, IF_DOWN2 = 104, IF_ACC = 105, IF_MOB = 106, IF_MOB2 = 107, IF_HOME = 108, IF_ROAM0 = 109 };
enum { BENCH_MTU = 1500, BENCH_KEY = 0x01020304 };

/* The neighbour at the other end of IF_UP has 02:ff:00:00:00:66, a station on IF_x has 02:ff:00:00:00:xx. */
struct lladdr bench_mac(uint32_t ifindex);
struct lladdr bench_peer(uint32_t ifindex);
/* Routes: 2001:db8::/32 and 10.0.0.0/8 by IF_UP, but 2001:db8:dead::/48 and 10.222.0.0/16 nowhere. */
bool bench_route(void *ctx, const struct addr6 *dst, struct dpn_way *way);
/* The entries of the node; calls put for each. now: expiries count from it. */
void bench_entries(mono_t now, void (*put)(void *ctx, const struct dp_op *op), void *ctx);

/* What route optimisation, inter-site handover and mobile networks add to them. */
void bench_entries_more(mono_t now, void (*put)(void *ctx, const struct dp_op *op), void *ctx);

/* IPv4, all roles (dpk4.c). */
void bench_entries4(mono_t now, void (*put)(void *ctx, const struct dp_op *op), void *ctx);

/* Mobiles that the network moves (cases_cast.c). */
void bench_entries_cast(mono_t now, void (*put)(void *ctx, const struct dp_op *op), void *ctx);

struct addr6 bench_addr(const char *s);
struct addr6 bench_addr4(const char *s);
#define A(s) bench_addr(s)
#define A4(s) bench_addr4(s)

/* A packet under construction. */
struct pk {
	uint8_t b[4096];
	size_t n, ip[4];             /* ip: where IP headers begin, the outermost first */
	uint32_t n_ip;
};
void pk_eth(struct pk *p, uint32_t ifindex);                 /* from the station to the node */
void pk_eth_group(struct pk *p, uint32_t ifindex, const char *group);
void pk_ip(struct pk *p, const char *src, const char *dst, uint8_t nh, uint8_t hl, uint8_t tclass);
void pk_gre(struct pk *p, uint16_t flags, uint32_t opt);
void pk_udp(struct pk *p, size_t payload_oct);
void pk_tcp(struct pk *p, uint8_t flags, uint32_t seq, uint16_t mss /* 0: no option */, size_t payload_oct); /* checksum right */
void pk_icmp(struct pk *p, uint8_t type, const void *body, size_t n);
void pk_bytes(struct pk *p, const void *bytes, size_t n);
/* IPv4: the same, and a frame to a group or to everybody; router alert behind the header; tunnel data or another message of Mobile IPv4's; an
 * ARP packet; checksums. */
void pk_eth4(struct pk *p, uint32_t ifindex);
void pk_eth4_to(struct pk *p, uint32_t ifindex, const char *dst);
void pk_ip4(struct pk *p, const char *src, const char *dst, uint8_t proto, uint8_t ttl, uint8_t tos, uint16_t frag);
void pk_alert4(struct pk *p);
void pk_gre4(struct pk *p, uint16_t flags, uint32_t opt /* with flags */);
void pk_mip(struct pk *p, uint16_t sport, uint16_t dport, uint8_t type, uint8_t next);
void pk_arp(struct pk *p, uint32_t ifindex, uint16_t op, const char *sender, const char *target);
uint16_t pk_sum(const uint8_t *b, size_t n);
void pk_fix4(uint8_t *ip, size_t n);                         /* n: octets there are; does nothing to what is no IPv4 header */
void pk_end(struct pk *p);                                   /* lengths, and header checksums of IPv4 */

struct dpcase {
	const char *name;
	uint32_t ifindex;
	enum dpn_dir dir;
	void (*build)(struct pk *p);
	enum dpn_verdict verdict;    /* of the last output */
	enum dp_drop drop;
	enum dp_punt punt;           /* some output is this punt */
	enum dp_slow_why slow;
	int diff;                    /* SEND, LOCAL, PASS: octets more (or fewer) than came in, both from the Ethernet header on if there is one */
	uint32_t out_if;             /* SEND */
	void (*check)(const struct pk *in, const uint8_t *out, size_t n); /* asserts on the last output's bytes */
};
/* The cases of one subject: cases_*.c, and for IPv4 cases4_*.c. */
struct dpcase_set { const struct dpcase *at; unsigned n; };
extern const struct dpcase_set dpcases_home, dpcases_site, dpcases_mobile, dpcases_control, dpcases_direct;
extern const struct dpcase_set dpcases4_home, dpcases4_site, dpcases4_mobile, dpcases4_control, dpcases_cast;
/* All: IPv6 first, then IPv4, then those of cases_cast.c. */
unsigned dpcase_n(void);
const struct dpcase *dpcase_at(unsigned i);

/* Cases whose packets go to a group, and for each the key of the entry (DP_COA, DP_RELAY) that says how; NULL after the last. */
const char *dphost_at(unsigned i, struct dp_op *key);
/* Makes such packets enter the host's multicast forwarding on an interface. */
void dphost_enter(struct dp_op *op, uint32_t ifindex);
/* The key of its group's links. */
struct dp_op dphost_links(const struct dp_op *op);
/* The copy that is only to be counted there, its IP header right? */
bool dphost_has_no_hop_left(const uint8_t *ip);

/* A frame of a kind that came in: sent on, dropped, left to the host, handed up, both, or given to the slow path. */
#define SENT(name, dif, build, diff_, oif, chk) {name, dif, DPN_INGRESS, build, DPN_SEND, 0, 0, 0, diff_, oif, chk}
#define LOST(name, dif, build, why) {name, dif, DPN_INGRESS, build, DPN_DROP, DP_DROP_##why, 0, 0, 0, 0, NULL}
#define PASS(name, dif, build) {name, dif, DPN_INGRESS, build, DPN_PASS, 0, 0, 0, 0, 0, NULL}
#define PUNT(name, dif, build, why) {name, dif, DPN_INGRESS, build, DPN_PUNT, 0, DP_PUNT_##why, 0, 0, 0, NULL}
#define COPY(name, dif, build, why) {name, dif, DPN_INGRESS, build, DPN_PASS, 0, DP_PUNT_##why, 0, 0, 0, NULL}
#define SLOW(name, dif, build, why) {name, dif, DPN_INGRESS, build, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_##why, 0, 0, NULL}
