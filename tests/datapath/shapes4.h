/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the cases of IPv4 share: addresses of the bench's node (dpk.h) and around it, packets in every form of tunnel, and what must come out. */
#include <assert.h>

#include "dpk.h"

#define CN "10.0.12.2"
#define HA "10.1.0.1"
#define HA9 "10.9.0.1"
#define MMA "10.2.0.1"
#define FA "10.4.0.1"
#define STATION "10.2.17.100"
#define COA "10.3.0.5"

enum { ICMP = 1, IGMP = 2, IPIP = 4, TCP = 6, UDP = 17, GRE = 47, MINIMAL = 55, MH = 135 };
enum { KEY = 0x2000, SEQ = 0x1000, DF = 0x4000, MF = 0x2000 };
enum { REQUEST = 1, DATA = 4, NAT_PORT = 40000 };

/* Left to the host's stack out of a tunnel; out of the host itself, as it comes to roam0. */
#define LOCAL(name, ifx, build, less, chk) {name, ifx, DPN_INGRESS, build, DPN_LOCAL, 0, 0, 0, -(14 + (less)), 0, chk}
#define OUT(name, build, more, oif, chk) {name, IF_ROAM0, DPN_EGRESS, build, DPN_SEND, 0, 0, 0, (more) + 14, oif, chk}

/* ---- packets ---- */

static inline void plain_at(struct pk *p, const char *src, const char *dst, uint8_t ttl, uint8_t tos, uint16_t frag, size_t n)
{
	pk_ip4(p, src, dst, UDP, ttl, tos, frag);
	pk_udp(p, n);
	pk_end(p);
}

static inline void plain(struct pk *p, uint32_t ifx, const char *src, const char *dst, size_t n)
{
	pk_eth4(p, ifx);
	plain_at(p, src, dst, 60, 0, DF, n);
}

/* Everything in front of the packet inside, in a form of tunnel. */
static inline void outer(struct pk *p, uint32_t ifx, const char *src, const char *dst, enum dp_encap encap, uint8_t tos)
{
	if (dst[0] == '2')
		pk_eth4_to(p, ifx, dst);
	else
		pk_eth4(p, ifx);
	pk_ip4(p, src, dst, encap == DP_ENCAP_IPIP ? IPIP : encap == DP_ENCAP_UDP ? UDP : GRE, 60, tos, 0);
	if (encap == DP_ENCAP_GRE_PLAIN)
		pk_gre4(p, 0, 0);
	if (encap == DP_ENCAP_UDP)
		pk_mip(p, strcmp(dst, HA) ? 434 : NAT_PORT, 434, DATA, IPIP); /* only mobiles are behind a NAT here */
}

static inline void tunnel(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, enum dp_encap encap, const char *src, const char *dst)
{
	outer(p, ifx, osrc, odst, encap, 0);
	plain_at(p, src, dst, 60, 0, DF, 64);
}

static inline void gre(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, uint16_t flags, uint32_t opt, const char *src, const char *dst)
{
	outer(p, ifx, osrc, odst, DP_ENCAP_GRE, 0);
	pk_gre4(p, flags, opt);
	plain_at(p, src, dst, 60, 0, DF, 64);
}

/* RFC 2004: with the source, or without where it is the tunnel's. */
static inline void minimal(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, const char *src, const char *dst)
{
	struct addr6 s = A4(src), d = A4(dst);
	size_t at, n = strcmp(osrc, src) ? 12 : 8;
	pk_eth4(p, ifx);
	pk_ip4(p, osrc, odst, MINIMAL, 60, 0, DF);
	at = p->n;
	pk_bytes(p, (uint8_t[]){UDP, n == 12 ? 0x80 : 0, 0, 0}, 4);
	pk_bytes(p, d.b + 12, 4);
	if (n == 12)
		pk_bytes(p, s.b + 12, 4);
	uint16_t sum = pk_sum(p->b + at, n);
	p->b[at + 2] = (uint8_t)(sum >> 8);
	p->b[at + 3] = (uint8_t)sum;
	pk_udp(p, 64);
	pk_end(p);
}

/* A message of Mobile IPv4. */
static inline void message(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t type)
{
	if (dst[0] == '2')
		pk_eth4_to(p, ifx, dst);
	else
		pk_eth4(p, ifx);
	pk_ip4(p, src, dst, UDP, 1, 0, 0);
	pk_mip(p, 434, 434, type, 0);
	pk_end(p);
}

/* To a group, not in a tunnel. */
static inline void mfc_packet(struct pk *p, uint32_t ifx, const char *src, const char *group, uint8_t ttl, size_t n)
{
	pk_eth4_to(p, ifx, group);
	plain_at(p, src, group, ttl, 0, 0, n);
}

/* ---- what must come out ---- */

static inline bool is_addr(const uint8_t *b, const char *s)
{
	struct addr6 a = A4(s);
	return !memcmp(b, a.b + 12, 4);
}

static inline bool is_whole(const uint8_t *ip, size_t n) { return ip[0] == 0x45 && (size_t)(ip[2] << 8 | ip[3]) == n && pk_sum(ip, 20) == 0; }

/* Outer header as it shall be, and behind `oct` octets the packet that lay at `at` of the input, `less` hops less. */
static inline void check_tunnel(const struct pk *in, size_t at, const uint8_t *out, size_t n, const char *src, const char *dst, uint8_t proto,
				size_t oct, int less)
{
	const uint8_t *o = out + 14, *i = o + oct, *was = in->b + at;
	assert(out[12] == 8 && out[13] == 0 && is_whole(o, n - 14) && o[8] == 64 && o[9] == proto && is_addr(o + 12, src) && is_addr(o + 16, dst));
	assert((o[6] & 0x40) == (was[6] & 0x40) && !(o[6] & 0x3f) && o[1] == was[1]);
	assert(is_whole(i, n - 14 - oct) && i[8] == was[8] - less && !memcmp(i, was, 8) && i[9] == was[9] && !memcmp(i + 12, was + 12, n - 26 - oct));
}

/* Minimal encapsulation of what carries UDP. */
static inline void check_minimal_to(const struct pk *in, const uint8_t *out, size_t n, const char *src, const char *dst, uint8_t less)
{
	const uint8_t *o = out + 14, *was = in->b + in->ip[0];
	assert(is_whole(o, n - 14) && o[9] == MINIMAL && o[8] == was[8] - less && is_addr(o + 12, src) && is_addr(o + 16, dst) && !memcmp(o + 4, was + 4, 4));
	assert(o[20] == UDP && o[21] == 0x80 && pk_sum(o + 20, 12) == 0 && !memcmp(o + 24, was + 16, 4) && !memcmp(o + 28, was + 12, 4));
	assert(!memcmp(o + 32, was + 20, n - 46));
}

/* The inner of two packets, alone, one hop less. */
static inline void check_released(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *was = in->b + in->ip[1];
	assert(is_whole(out + 14, n - 14) && out[22] == was[8] - 1 && !memcmp(out + 14, was, 8) && !memcmp(out + 26, was + 12, n - 26));
}

/* A tunnel in the tunnel (RFC 5177 7): behind `oct` octets a packet between src and dst, in it the one that lay at `at` of the input. */
static inline void check_nested(const struct pk *in, size_t at, const uint8_t *out, size_t n, size_t oct, const char *src, const char *dst, int less)
{
	const uint8_t *o = out + 14 + oct;
	assert(is_whole(out + 14, n - 14) && is_whole(o, n - 14 - oct) && o[8] == 64 && o[9] == IPIP && is_addr(o + 12, src) && is_addr(o + 16, dst));
	assert(is_whole(o + 20, n - 34 - oct) && o[28] == in->b[at + 8] - less && !memcmp(o + 32, in->b + at + 12, n - 46 - oct));
}
