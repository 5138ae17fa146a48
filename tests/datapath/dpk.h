/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The test bench of the datapath: one node that plays every role at once, packets to give it, and what must
 * come out. The same cases go to the native build (tests/unit/test_datapath.c) and to the
 * programs in the kernel (test_bpf.c), whose outputs are compared byte by byte.
 */
#include "datapath/native.h"

/* Interfaces; also the last byte of their MAC address 02:00:00:00:00:xx. */
enum { IF_UP = 102, IF_DOWN = 103, IF_DOWN2 = 104, IF_ACC = 105, IF_MOB = 106, IF_MOB2 = 107, IF_HOME = 108, IF_ROAM0 = 109 };
enum { BENCH_MTU = 1500, BENCH_KEY = 0x01020304 };

/* The neighbour at the other end of IF_UP has 02:ff:00:00:00:66, a station on IF_x has 02:ff:00:00:00:xx. */
struct lladdr bench_mac(uint32_t ifindex);
struct lladdr bench_peer(uint32_t ifindex);
/* Routes: 2001:db8::/32 by IF_UP, but 2001:db8:dead::/48 nowhere. */
bool bench_route(void *ctx, const struct addr6 *dst, struct dpn_way *way);
/* The entries of the node; calls put for each. now: expiries count from it. */
void bench_entries(mono_t now, void (*put)(void *ctx, const struct dp_op *op), void *ctx);

/* What route optimisation, inter-site handover and mobile networks add to them. */
void bench_entries_more(mono_t now, void (*put)(void *ctx, const struct dp_op *op), void *ctx);

struct addr6 bench_addr(const char *s);
#define A(s) bench_addr(s)

/* A packet under construction. */
struct pk {
	uint8_t b[4096];
	size_t n, ip[4];
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
void pk_end(struct pk *p);                                   /* payload lengths */

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
extern const struct dpcase dpcases[];
extern const unsigned n_dpcases;
