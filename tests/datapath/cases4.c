// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out, for IPv4 (H-7): every rule and every form of tunnel, and every reason for which a packet is dropped. */
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

/* ---- shapes ---- */

static void plain_at(struct pk *p, const char *src, const char *dst, uint8_t ttl, uint8_t tos, uint16_t frag, size_t n)
{
	pk_ip4(p, src, dst, UDP, ttl, tos, frag);
	pk_udp(p, n);
	pk_end(p);
}

static void plain(struct pk *p, uint32_t ifx, const char *src, const char *dst, size_t n)
{
	pk_eth4(p, ifx);
	plain_at(p, src, dst, 60, 0, DF, n);
}

/* Everything in front of the packet inside, in a form of tunnel. */
static void outer(struct pk *p, uint32_t ifx, const char *src, const char *dst, enum dp_encap encap, uint8_t tos)
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

static void tunnel(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, enum dp_encap encap, const char *src, const char *dst)
{
	outer(p, ifx, osrc, odst, encap, 0);
	plain_at(p, src, dst, 60, 0, DF, 64);
}

static void gre(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, uint16_t flags, uint32_t opt, const char *src, const char *dst)
{
	outer(p, ifx, osrc, odst, DP_ENCAP_GRE, 0);
	pk_gre4(p, flags, opt);
	plain_at(p, src, dst, 60, 0, DF, 64);
}

/* RFC 2004: with the source, or without where it is the tunnel's. */
static void minimal(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, const char *src, const char *dst)
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

/* ---- what must come out ---- */

static bool is_addr(const uint8_t *b, const char *s)
{
	struct addr6 a = A4(s);
	return !memcmp(b, a.b + 12, 4);
}

static bool is_whole(const uint8_t *ip, size_t n) { return ip[0] == 0x45 && (size_t)(ip[2] << 8 | ip[3]) == n && pk_sum(ip, 20) == 0; }

/* Outer header as it shall be, and behind `oct` octets the packet that lay at `at` of the input, `less` hops less. */
static void check_tunnel(const struct pk *in, size_t at, const uint8_t *out, size_t n, const char *src, const char *dst, uint8_t proto, size_t oct, int less)
{
	const uint8_t *o = out + 14, *i = o + oct, *was = in->b + at;
	assert(out[12] == 8 && out[13] == 0 && is_whole(o, n - 14) && o[8] == 64 && o[9] == proto && is_addr(o + 12, src) && is_addr(o + 16, dst));
	assert((o[6] & 0x40) == (was[6] & 0x40) && !(o[6] & 0x3f) && o[1] == was[1]);
	assert(is_whole(i, n - 14 - oct) && i[8] == was[8] - less && !memcmp(i, was, 8) && i[9] == was[9] && !memcmp(i + 12, was + 12, n - 26 - oct));
}

/* ---- home agent ---- */

static void ha_encap(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.100", 100); }
static void ha_gre(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.101", 100); }
static void ha_minimal(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.102", 100); }
static void ha_udp(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.103", 100); }
static void ha_several(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.104", 100); }
static void ha_several_minimal(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.109", 100); }
static void ha_net(struct pk *p) { plain(p, IF_UP, CN, "10.1.240.7", 100); }
static void ha_over(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.107", 100); }
static void ha_unrouted(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.106", 100); }
static void ha_fits(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.100", 1500 - 20 - 28); }
static void ha_too_big(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.100", 1500 - 20 - 28 + 1); }
static void ha_too_big_udp(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.103", 1500 - 32 - 28 + 1); }
static void ha_group(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.200", 100); }
static void ha_visitor(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.108", 100); }
static void ha_ttl(struct pk *p)
{
	pk_eth4(p, IF_UP);
	plain_at(p, CN, "10.1.0.100", 1, 0, DF, 100);
}
static void ha_may_fragment(struct pk *p)
{
	pk_eth4(p, IF_UP);
	plain_at(p, CN, "10.1.0.100", 60, 0xb9, 0, 100);
}
static void ha_part_minimal(struct pk *p)
{
	pk_eth4(p, IF_UP);
	plain_at(p, CN, "10.1.0.102", 60, 0, MF | 100, 100);
}
static void ha_options(struct pk *p)
{
	pk_eth4(p, IF_UP);
	pk_ip4(p, CN, "10.1.0.100", UDP, 60, 0, DF);
	pk_alert4(p);
	pk_udp(p, 100);
	pk_end(p);
}
/* A tunnel from somewhere to the mobile, which is away. */
static void ha_inner(struct pk *p, const char *src, enum dp_encap encap, const char *inner) { tunnel(p, IF_UP, src, "10.1.0.100", encap, CN, inner); }
static void ha_loop(struct pk *p) { ha_inner(p, COA, DP_ENCAP_IPIP, "10.1.0.100"); }
static void ha_loop_gre(struct pk *p) { ha_inner(p, COA, DP_ENCAP_GRE_PLAIN, "10.1.0.100"); }
static void ha_loop_minimal(struct pk *p) { minimal(p, IF_UP, COA, "10.1.0.100", CN, "10.1.0.100"); }
static void ha_loop_more(struct pk *p) { tunnel(p, IF_UP, "10.3.0.7", "10.1.0.104", DP_ENCAP_IPIP, CN, "10.1.0.104"); }
static void ha_tunnel_other(struct pk *p) { ha_inner(p, "10.3.0.77", DP_ENCAP_IPIP, "10.1.0.100"); }
static void ha_tunnel_through(struct pk *p) { ha_inner(p, COA, DP_ENCAP_IPIP, "10.1.0.77"); }
static void ha_bad_sum(struct pk *p)
{
	ha_encap(p);
	p->b[14 + 10] ^= 1;
}
static void ha_short(struct pk *p)
{
	ha_encap(p);
	p->n -= 10;
}
static void ha_syn(struct pk *p)
{
	pk_eth4(p, IF_UP);
	pk_ip4(p, CN, "10.1.0.100", TCP, 60, 0, DF);
	pk_tcp(p, 2, 1, 1460, 0);
	pk_end(p);
}
static void ha_own(struct pk *p)
{
	*p = (struct pk){0};
	plain_at(p, HA, "10.1.0.100", 1, 0, DF, 10);
}
static void check_ipip(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, in->ip[0], out, n, HA, COA, IPIP, 20, 1); }
static void check_gre(const struct pk *in, const uint8_t *out, size_t n)
{
	check_tunnel(in, in->ip[0], out, n, HA, COA, GRE, 24, 1);
	assert(!memcmp(out + 34, (uint8_t[]){0, 0, 8, 0}, 4));
}
static void check_udp(const struct pk *in, const uint8_t *out, size_t n)
{
	check_tunnel(in, in->ip[0], out, n, HA, COA, UDP, 32, 1);
	assert(!memcmp(out + 34, (uint8_t[]){434 >> 8, 434 & 255, NAT_PORT >> 8, NAT_PORT & 255}, 4) && (size_t)(out[38] << 8 | out[39]) == n - 34);
	assert(!memcmp(out + 40, (uint8_t[]){0, 0, DATA, IPIP, 0, 0}, 6));
}
static void check_minimal_to(const struct pk *in, const uint8_t *out, size_t n, const char *src, const char *dst, uint8_t less)
{
	const uint8_t *o = out + 14, *was = in->b + in->ip[0];
	assert(is_whole(o, n - 14) && o[9] == MINIMAL && o[8] == was[8] - less && is_addr(o + 12, src) && is_addr(o + 16, dst) && !memcmp(o + 4, was + 4, 4));
	assert(o[20] == UDP && o[21] == 0x80 && pk_sum(o + 20, 12) == 0 && !memcmp(o + 24, was + 16, 4) && !memcmp(o + 28, was + 12, 4));
	assert(!memcmp(o + 32, was + 20, n - 46));
}
static void check_minimal(const struct pk *in, const uint8_t *out, size_t n) { check_minimal_to(in, out, n, HA, COA, 1); }
static void check_options(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *i = out + 34;
	assert(is_whole(out + 14, n - 14) && i[0] == 0x46 && i[8] == 59 && pk_sum(i, 24) == 0 && !memcmp(i + 12, in->b + 26, n - 46));
}
static void check_mss(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *tcp = out + 54;
	uint8_t all[12 + 64] = {0};
	(void)in;
	assert(tcp[24] == 1440 >> 8 && tcp[25] == (uint8_t)1440);
	memcpy(all, out + 34 + 12, 8);
	all[9] = TCP;
	all[11] = (uint8_t)(n - 54);
	memcpy(all + 12, tcp, n - 54);
	assert(pk_sum(all, 12 + n - 54) == 0);
}
static void check_own(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, 0, out, n, HA, COA, IPIP, 20, 0); }
static void check_part(const struct pk *in, const uint8_t *out, size_t n)
{
	(void)n;
	assert(out[23] == IPIP && !(out[20] & 0x3f) && !memcmp(out + 34 + 4, in->b + 18, 4));
}

static void reverse(struct pk *p, const char *coa, enum dp_encap encap, const char *src, const char *dst) { tunnel(p, IF_UP, coa, HA, encap, src, dst); }
static void rev(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.100", CN); }
static void rev_gre(struct pk *p) { reverse(p, COA, DP_ENCAP_GRE_PLAIN, "10.1.0.101", CN); }
static void rev_minimal(struct pk *p) { minimal(p, IF_UP, COA, HA, "10.1.0.102", CN); }
static void rev_minimal_short(struct pk *p) { minimal(p, IF_UP, "10.1.0.102", HA, "10.1.0.102", CN); }
static void rev_udp(struct pk *p) { reverse(p, COA, DP_ENCAP_UDP, "10.1.0.103", CN); }
static void rev_udp_port(struct pk *p)
{
	rev_udp(p);
	p->b[34] ^= 1;
}
static void rev_udp_next(struct pk *p)
{
	rev_udp(p);
	p->b[43] = GRE;
}
static void rev_udp_off(struct pk *p) { reverse(p, COA, DP_ENCAP_UDP, "10.1.0.100", CN); }
static void rev_udp_bare(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.103", CN); }
static void rev_several(struct pk *p) { reverse(p, "10.3.0.6", DP_ENCAP_GRE_PLAIN, "10.1.0.104", CN); }
static void rev_several_ipip(struct pk *p) { reverse(p, "10.3.0.6", DP_ENCAP_IPIP, "10.1.0.104", CN); }
static void rev_gre_off(struct pk *p) { reverse(p, COA, DP_ENCAP_GRE_PLAIN, "10.1.0.100", CN); }
static void rev_ipip_off(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.101", CN); }
static void rev_ipip_for_minimal(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.102", CN); }
static void rev_several_udp(struct pk *p) { reverse(p, "10.3.0.7", DP_ENCAP_UDP, "10.1.0.104", CN); }
static void rev_several_over(struct pk *p) { reverse(p, "10.3.0.8", DP_ENCAP_IPIP, "10.1.0.104", CN); }
static void rev_before(struct pk *p) { reverse(p, "10.3.0.9", DP_ENCAP_IPIP, "10.1.0.100", CN); }
static void rev_coa(struct pk *p) { reverse(p, "10.3.0.6", DP_ENCAP_IPIP, "10.1.0.100", CN); }
static void rev_unbound(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.33", CN); }
static void rev_off(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.105", CN); }
static void rev_net(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.240.9", CN); }
static void rev_mobile(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.100", "10.1.0.101"); }
static void rev_nowhere(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.100", "10.222.0.1"); }
static void rev_broadcast(struct pk *p) { reverse(p, COA, DP_ENCAP_IPIP, "10.1.0.100", "255.255.255.255"); }
static void rev_key(struct pk *p) { gre(p, IF_UP, COA, HA, KEY | SEQ, 1, "10.1.0.100", CN); }
static void rev_sum(struct pk *p)
{
	rev_gre(p);
	p->b[34] = 0x80;
}
static void rev_ip6(struct pk *p)
{
	rev(p);
	p->b[p->ip[1]] = 0x65;
}
static void rev_gre_ip6(struct pk *p)
{
	rev_gre(p);
	p->b[36] = 0x86;
	p->b[37] = 0xdd;
}
static void rev_marked(struct pk *p, uint8_t tos)
{
	outer(p, IF_UP, COA, HA, DP_ENCAP_IPIP, 3);
	plain_at(p, "10.1.0.100", CN, 60, tos, DF, 64);
}
static void rev_lost(struct pk *p) { rev_marked(p, 0); }
static void rev_ce(struct pk *p) { rev_marked(p, 0x2a); }
static void rev_message(struct pk *p)
{
	outer(p, IF_UP, COA, HA, DP_ENCAP_IPIP, 0);
	pk_ip4(p, "10.1.0.100", HA, UDP, 60, 0, 0);
	pk_mip(p, 434, 434, REQUEST, 0);
	pk_end(p);
}
static void rev_part(struct pk *p)
{
	rev(p);
	p->b[20] |= 0x20;
	pk_fix4(p->b + 14, 20);
}
static void rev_bad_minimal(struct pk *p)
{
	rev_minimal(p);
	p->b[36] ^= 1;
}
static void check_released(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *was = in->b + in->ip[1];
	assert(is_whole(out + 14, n - 14) && out[22] == was[8] - 1 && !memcmp(out + 14, was, 8) && !memcmp(out + 26, was + 12, n - 26));
}
static void check_ce(const struct pk *in, const uint8_t *out, size_t n)
{
	(void)in;
	assert(is_whole(out + 14, n - 14) && out[15] == 0x2b);
}
static void check_unminimal(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(is_whole(out + 14, n - 14) && out[23] == UDP && out[22] == 59 && is_addr(out + 26, "10.1.0.102") && is_addr(out + 30, CN));
	assert(!memcmp(out + 34, in->b + 46, n - 34));
}

/* ---- agent ---- */

static void agent_down(struct pk *p, const char *from, enum dp_encap encap, const char *hoa) { tunnel(p, IF_UP, from, MMA, encap, CN, hoa); }
static void down(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.0.30"); }
static void down_gre(struct pk *p) { agent_down(p, HA9, DP_ENCAP_GRE_PLAIN, "10.9.0.30"); }
static void down_udp(struct pk *p) { agent_down(p, HA9, DP_ENCAP_UDP, "10.9.0.30"); }
static void down_minimal(struct pk *p) { minimal(p, IF_UP, HA9, MMA, CN, "10.9.0.30"); }
static void down_net(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.6.5"); }
static void down_prev(struct pk *p) { agent_down(p, "10.2.99.1", DP_ENCAP_IPIP, "10.9.0.30"); }
static void down_prev_over(struct pk *p) { agent_down(p, "10.2.99.1", DP_ENCAP_IPIP, "10.9.0.50"); }
static void down_stranger(struct pk *p) { agent_down(p, CN, DP_ENCAP_IPIP, "10.9.0.30"); }
static void down_unknown(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.0.31"); }
static void down_over(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.0.40"); }
static void down_nobody(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.0.50"); }
static void down_kept(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.0.60"); }
static void down_forward(struct pk *p) { agent_down(p, HA9, DP_ENCAP_IPIP, "10.9.0.70"); }
static void down_loop(struct pk *p)
{
	outer(p, IF_UP, HA9, MMA, DP_ENCAP_IPIP, 0);
	pk_ip4(p, MMA, "10.9.0.70", IPIP, 60, 0, 0);
	plain_at(p, CN, "10.9.0.70", 60, 0, DF, 64);
}
static void down_sized(struct pk *p, size_t inner)
{
	outer(p, IF_UP, HA9, MMA, DP_ENCAP_IPIP, 0);
	plain_at(p, CN, "10.9.0.30", 60, 0, DF, inner - 28);
}
static void down_fits(struct pk *p) { down_sized(p, 1472); }
static void down_too_big(struct pk *p) { down_sized(p, 1473); }
static void down_lost(struct pk *p)
{
	outer(p, IF_UP, HA9, MMA, DP_ENCAP_IPIP, 3);
	plain_at(p, CN, "10.9.0.30", 60, 0, DF, 64);
}
static void down_ttl(struct pk *p)
{
	outer(p, IF_UP, HA9, MMA, DP_ENCAP_IPIP, 0);
	plain_at(p, CN, "10.9.0.30", 1, 0, DF, 64);
}
static void check_group(const struct pk *in, const uint8_t *out, size_t n)
{
	static const uint8_t to[6] = {1, 0, 0x5e, 0, 0, 1};
	check_tunnel(in, in->ip[1], out, n, MMA, "232.128.0.1", GRE, 28, 1);
	assert(!memcmp(out, to, 6) && out[11] == IF_DOWN2 && !memcmp(out + 34, (uint8_t[]){0x10, 0, 8, 0}, 4));
}
static void check_group_minimal(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *i = out + 42;
	assert(is_whole(i, n - 42) && is_addr(i + 12, CN) && is_addr(i + 16, "10.9.0.30") && i[9] == UDP && i[8] == 59 && !memcmp(i + 20, in->b + 46, n - 62));
}
static void check_forward(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, in->ip[1], out, n, MMA, "10.4.6.6", IPIP, 20, 1); }

static void up_from(struct pk *p, const char *station, uint16_t flags, uint32_t key, const char *src) { gre(p, IF_DOWN, station, MMA, flags, key, src, CN); }
static void up(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.0.30"); }
static void up_net(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.6.77"); }
static void up_key(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY + 1, "10.9.0.30"); }
static void up_seq(struct pk *p) { up_from(p, STATION, SEQ, BENCH_KEY, "10.9.0.30"); }
static void up_unknown(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.0.31"); }
static void up_outside(struct pk *p) { up_from(p, "10.2.40.1", KEY, BENCH_KEY, "10.9.0.30"); }
static void up_over(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.0.40"); }
static void up_bound(struct pk *p) { up_from(p, "10.2.12.5", KEY, BENCH_KEY, "10.9.0.50"); }
static void up_bound_other(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.0.50"); }
static void up_routed(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.0.60"); }
static void up_udp(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.9.0.80"); }
static void up_home_here(struct pk *p) { up_from(p, STATION, KEY, BENCH_KEY, "10.1.0.200"); }
static void up_ipip(struct pk *p) { tunnel(p, IF_DOWN, STATION, MMA, DP_ENCAP_IPIP, "10.9.0.30", CN); }
static void up_ipip_bound(struct pk *p) { tunnel(p, IF_DOWN, "10.2.12.5", MMA, DP_ENCAP_IPIP, "10.9.0.50", CN); }
static void up_ttl(struct pk *p)
{
	outer(p, IF_DOWN, STATION, MMA, DP_ENCAP_GRE, 0);
	pk_gre4(p, KEY, BENCH_KEY);
	plain_at(p, "10.9.0.30", CN, 1, 0, DF, 64);
}
static void up_short(struct pk *p)
{
	up(p);
	p->n = 14 + 20 + 8 + 12;
	p->b[16] = 0;
	p->b[17] = (uint8_t)(p->n - 14);
	pk_fix4(p->b + 14, 20);
}
static void check_up(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, in->ip[1], out, n, MMA, HA9, IPIP, 20, 1); }
static void check_up_udp(const struct pk *in, const uint8_t *out, size_t n)
{
	check_tunnel(in, in->ip[1], out, n, MMA, HA9, UDP, 32, 1);
	assert(out[36] == 434 >> 8 && out[37] == (434 & 255));
}

/* ---- access router ---- */

static void mfc_packet(struct pk *p, uint32_t ifx, const char *src, const char *group, uint8_t ttl, size_t n)
{
	pk_eth4_to(p, ifx, group);
	plain_at(p, src, group, ttl, 0, 0, n);
}
static void mfc(struct pk *p) { gre(p, IF_UP, "10.6.0.1", "232.128.0.9", SEQ, 1, CN, "10.9.0.30"); }
static void mfc_clear(struct pk *p) { mfc_packet(p, IF_UP, "10.6.0.1", "232.128.0.9", 60, 64); }
static void mfc_ttl(struct pk *p) { mfc_packet(p, IF_UP, "10.6.0.1", "232.128.0.9", 1, 64); }
static void mfc_iif(struct pk *p) { mfc_packet(p, IF_DOWN, "10.6.0.1", "232.128.0.9", 60, 64); }
static void mfc_unknown(struct pk *p) { mfc_packet(p, IF_UP, "10.6.0.1", "232.128.0.8", 60, 64); }
static void mfc_big(struct pk *p) { mfc_packet(p, IF_UP, "10.6.0.1", "232.128.0.9", 60, 1500 - 28 + 1); }
static void check_mfc(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[11] == IF_ACC && !memcmp(out, in->b, 6) && out[22] == 59 && is_whole(out + 14, n - 14) && !memcmp(out + 26, in->b + 26, n - 26));
}
static void access_from(struct pk *p, const char *src, const char *dst) { plain(p, IF_ACC, src, dst, 10); }
static void filter_ok(struct pk *p) { access_from(p, STATION, CN); }
static void filter_outside(struct pk *p) { access_from(p, "10.2.18.1", CN); }
static void filter_agent(struct pk *p) { access_from(p, MMA, CN); }
static void filter_visitor(struct pk *p) { access_from(p, "10.8.0.2", CN); }
static void filter_visitor_over(struct pk *p) { access_from(p, "10.8.0.4", CN); }
static void filter_link(struct pk *p)
{
	pk_eth4_to(p, IF_ACC, "224.0.0.5");
	plain_at(p, "10.7.0.1", "224.0.0.5", 1, 0, 0, 10);
}
static void message(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t type)
{
	if (dst[0] == '2')
		pk_eth4_to(p, ifx, dst);
	else
		pk_eth4(p, ifx);
	pk_ip4(p, src, dst, UDP, 1, 0, 0);
	pk_mip(p, 434, 434, type, 0);
	pk_end(p);
}
static void filter_message(struct pk *p) { message(p, IF_ACC, "10.7.0.1", MMA, REQUEST); }
static void filter_message_ours(struct pk *p) { message(p, IF_ACC, "10.7.0.1", "10.2.17.1", REQUEST); }
static void filter_message_through(struct pk *p) { message(p, IF_ACC, "10.7.0.1", CN, REQUEST); }
static void filter_data(struct pk *p) { message(p, IF_ACC, "10.7.0.1", MMA, DATA); }

/* ---- foreign agent ---- */

static void visit_down(struct pk *p, const char *ha, enum dp_encap encap, const char *hoa) { tunnel(p, IF_UP, ha, FA, encap, CN, hoa); }
static void fa_down(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_IPIP, "10.8.0.1"); }
static void filter_visitor_asking(struct pk *p) { access_from(p, "10.8.0.6", CN); }
static void fa_down_asking(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_IPIP, "10.8.0.6"); }
static void fa_up_tunnel_asking(struct pk *p) { tunnel(p, IF_ACC, "10.8.0.6", FA, DP_ENCAP_IPIP, "10.8.0.6", CN); }
static void fa_down_gre(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_GRE_PLAIN, "10.8.0.2"); }
static void fa_down_udp(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_UDP, "10.8.0.5"); }
static void fa_down_udp_off(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_UDP, "10.8.0.1"); }
static void fa_down_udp_bare(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_IPIP, "10.8.0.5"); }
static void fa_down_minimal(struct pk *p) { minimal(p, IF_UP, "10.8.0.254", FA, CN, "10.8.0.3"); }
static void fa_down_net(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_IPIP, "10.8.8.9"); }
static void fa_down_stranger(struct pk *p) { visit_down(p, CN, DP_ENCAP_IPIP, "10.8.0.1"); }
static void fa_down_nobody(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_IPIP, "10.8.0.77"); }
static void fa_down_over(struct pk *p) { visit_down(p, "10.8.0.254", DP_ENCAP_IPIP, "10.8.0.4"); }
static void fa_down_lost(struct pk *p)
{
	outer(p, IF_UP, "10.8.0.254", FA, DP_ENCAP_IPIP, 3);
	plain_at(p, CN, "10.8.0.1", 60, 0, DF, 64);
}
static void fa_down_ttl(struct pk *p)
{
	outer(p, IF_UP, "10.8.0.254", FA, DP_ENCAP_IPIP, 0);
	plain_at(p, CN, "10.8.0.1", 1, 0, DF, 64);
}
static void fa_down_big(struct pk *p)
{
	outer(p, IF_UP, "10.8.0.254", FA, DP_ENCAP_IPIP, 0);
	plain_at(p, CN, "10.8.0.1", 60, 0, DF, 1473);
}
static void check_visitor(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[1] == 0xff && out[5] == IF_ACC && out[11] == IF_ACC && out[7] == 0);
	check_released(in, out, n);
}
static void check_visitor_plain(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[1] == 0xff && out[5] == IF_ACC && out[22] == 59 && is_whole(out + 14, n - 14) && !memcmp(out + 26, in->b + 26, n - 26));
}
static void check_visitor_minimal(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[5] == IF_ACC && is_whole(out + 14, n - 14) && is_addr(out + 30, "10.8.0.3") && !memcmp(out + 34, in->b + 46, n - 34));
}
static void fa_up(struct pk *p) { access_from(p, "10.8.0.1", CN); }
static void fa_up_net(struct pk *p) { access_from(p, "10.8.8.3", CN); }
static void fa_up_udp(struct pk *p) { access_from(p, "10.8.0.5", CN); }
static void fa_up_home_here(struct pk *p) { access_from(p, "10.1.0.108", CN); }
static void fa_up_bare(struct pk *p) { access_from(p, "10.8.0.3", CN); }
static void fa_up_agent(struct pk *p) { access_from(p, "10.8.0.1", FA); }
static void fa_up_request(struct pk *p) { message(p, IF_ACC, "10.8.0.1", FA, REQUEST); }
static void fa_up_tunnel(struct pk *p) { tunnel(p, IF_ACC, "10.8.0.3", FA, DP_ENCAP_IPIP, "10.8.0.3", CN); }
static void fa_up_tunnel_link(struct pk *p) { tunnel(p, IF_ACC, "10.8.0.3", "10.2.17.1", DP_ENCAP_IPIP, "10.8.0.3", CN); }
static void fa_up_tunnel_bare(struct pk *p) { tunnel(p, IF_ACC, "10.8.0.1", FA, DP_ENCAP_IPIP, "10.8.0.1", CN); }
static void fa_up_forged(struct pk *p)
{
	fa_up(p);
	p->b[11] ^= 1;
}
static void fa_up_forged_request(struct pk *p)
{
	fa_up_request(p);
	p->b[11] ^= 1;
}
static void fa_up_group(struct pk *p)
{
	pk_eth4_to(p, IF_ACC, "232.9.9.9");
	plain_at(p, "10.8.0.1", "232.9.9.9", 60, 0, 0, 10);
}
static void check_fa_up(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, in->ip[0], out, n, FA, "10.8.0.254", IPIP, 20, 1); }
static void check_fa_up_udp(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, in->ip[0], out, n, FA, "10.8.0.254", UDP, 32, 1); }
static void check_fa_up_tunnel(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, in->ip[1], out, n, FA, "10.8.0.254", IPIP, 20, 1); }
static void check_routed(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[5] == IF_UP && out[22] == 59 && is_whole(out + 14, n - 14) && !memcmp(out + 26, in->b + 26, n - 26));
}

/* ---- mobile ---- */

static void mn_group(struct pk *p, uint32_t ifx, uint32_t seq, const char *dst) { gre(p, ifx, "10.5.0.1", "232.128.0.77", SEQ, seq, CN, dst); }
static void mn_down(struct pk *p) { mn_group(p, IF_MOB, 100, "10.7.0.1"); }
static void mn_down_other(struct pk *p) { mn_group(p, IF_MOB2, 100, "10.7.0.1"); }
static void mn_down_next(struct pk *p) { mn_group(p, IF_MOB2, 101, "10.7.0.1"); }
static void mn_down_net(struct pk *p) { mn_group(p, IF_MOB, 102, "10.7.7.9"); }
static void mn_down_inner(struct pk *p) { mn_group(p, IF_MOB, 103, "10.7.0.2"); }
static void mn_down_key(struct pk *p) { gre(p, IF_MOB, "10.5.0.1", "232.128.0.77", KEY, 1, CN, "10.7.0.1"); }
static void mn_down_clear(struct pk *p) { mfc_packet(p, IF_MOB, "10.5.0.1", "232.128.0.77", 60, 64); }
static void mn_down_part(struct pk *p)
{
	pk_eth4_to(p, IF_MOB, "232.128.0.77");
	pk_ip4(p, "10.5.0.1", "232.128.0.77", GRE, 60, 0, MF);
	pk_bytes(p, NULL, 64);
	pk_end(p);
}
static void mn_down_routers(struct pk *p)
{
	mn_down_next(p);
	p->b[11] ^= 1;
}
static void mn_answer(struct pk *p) { message(p, IF_MOB, "10.5.0.1", "232.128.0.77", 3); }
static void mn_message_inside(struct pk *p)
{
	outer(p, IF_MOB, "10.5.0.1", "232.128.0.77", DP_ENCAP_GRE, 0);
	pk_gre4(p, SEQ, 110);
	pk_ip4(p, "10.2.99.1", "10.7.0.1", UDP, 60, 0, 0);
	pk_mip(p, 434, 434, 3, 0);
	pk_end(p);
}
static void mn_tunnel(struct pk *p, uint32_t ifx, const char *ha, enum dp_encap encap, const char *dst) { tunnel(p, ifx, ha, "10.5.1.100", encap, CN, dst); }
static void mn_ipip(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.254", DP_ENCAP_IPIP, "10.7.0.1"); }
static void mn_ipip_if(struct pk *p) { mn_tunnel(p, IF_MOB2, "10.7.0.254", DP_ENCAP_IPIP, "10.7.0.1"); }
static void mn_ipip_broadcast(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.254", DP_ENCAP_IPIP, "10.7.0.255"); }
static void mn_ipip_all(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.254", DP_ENCAP_IPIP, "255.255.255.255"); }
static void mn_gre(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.252", DP_ENCAP_GRE_PLAIN, "10.7.0.1"); }
static void mn_gre_ipip(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.252", DP_ENCAP_IPIP, "10.7.0.1"); }
static void mn_ipip_gre(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.254", DP_ENCAP_GRE_PLAIN, "10.7.0.1"); }
static void mn_ipip_udp(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.254", DP_ENCAP_UDP, "10.7.0.1"); }
static void mn_udp(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.253", DP_ENCAP_UDP, "10.7.0.1"); }
static void keepalive(struct pk *p, const char *src, uint8_t type)
{
	outer(p, IF_MOB, "10.7.0.253", "10.5.1.100", DP_ENCAP_UDP, 0);
	pk_ip4(p, src, "10.7.0.1", ICMP, 64, 0, 0);
	pk_icmp(p, type, NULL, 8);
	pk_end(p);
}
static void mn_alive(struct pk *p) { keepalive(p, "10.7.0.253", 0); }
static void mn_pinged(struct pk *p) { keepalive(p, "10.7.0.253", 8); }
static void mn_minimal(struct pk *p) { minimal(p, IF_MOB, "10.7.0.251", "10.5.1.100", CN, "10.7.0.1"); }
static void mn_udp_bare(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.253", DP_ENCAP_IPIP, "10.7.0.1"); }
static void mn_udp_port(struct pk *p)
{
	mn_udp(p);
	p->b[35] ^= 1;
}
static void mn_reply(struct pk *p) { message(p, IF_MOB, "10.7.0.254", "10.5.1.100", 3); }
static void mn_stranger(struct pk *p) { mn_tunnel(p, IF_MOB, "10.7.0.200", DP_ENCAP_IPIP, "10.7.0.1"); }
static void check_mn_down(const struct pk *in, const uint8_t *out, size_t n) { assert(!memcmp(out, in->b + in->ip[1], n)); }
static void check_mn_minimal(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(is_whole(out, n) && out[8] == 60 && is_addr(out + 12, CN) && is_addr(out + 16, "10.7.0.1") && !memcmp(out + 20, in->b + 46, n - 20));
}

static void own(struct pk *p, const char *src, size_t n)
{
	*p = (struct pk){0};
	plain_at(p, src, CN, 64, 0x20, DF, n);
}
static void mn_up(struct pk *p) { own(p, "10.7.0.1", 100); }
static void mn_up_net(struct pk *p) { own(p, "10.7.7.8", 100); }
static void mn_up_big(struct pk *p) { own(p, "10.7.0.1", 1500 - 28 - 28 + 1); }
static void mn_up_ipip(struct pk *p) { own(p, "10.7.0.2", 100); }
static void mn_up_gre(struct pk *p) { own(p, "10.7.0.3", 100); }
static void mn_up_minimal(struct pk *p) { own(p, "10.7.0.4", 100); }
static void mn_up_udp(struct pk *p) { own(p, "10.7.0.5", 100); }
static void mn_up_none(struct pk *p) { own(p, "10.7.0.6", 100); }
static void mn_up_none_big(struct pk *p) { own(p, "10.7.0.6", 1400 - 28 + 1); }
static void mn_up_nobody(struct pk *p) { own(p, "10.7.0.99", 100); }
static void check_mn_up(const struct pk *in, const uint8_t *out, size_t n)
{
	check_tunnel(in, 0, out, n, "10.5.1.100", "10.5.0.1", GRE, 28, 0);
	assert(out[11] == IF_MOB && out[5] == IF_MOB && out[1] == 0xff && !memcmp(out + 34, (uint8_t[]){0x20, 0, 8, 0, 1, 2, 3, 4}, 8));
}
static void check_mn_ipip(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, 0, out, n, "10.5.1.100", "10.7.0.254", IPIP, 20, 0); }
static void check_mn_gre(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, 0, out, n, "10.5.1.100", "10.7.0.252", GRE, 24, 0); }
static void check_mn_udp(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, 0, out, n, "10.5.1.100", "10.7.0.253", UDP, 32, 0); }
static void check_mn_up_minimal(const struct pk *in, const uint8_t *out, size_t n) { check_minimal_to(in, out, n, "10.5.1.100", "10.7.0.251", 0); }
static void check_mn_none(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[5] == IF_MOB && out[1] == 0xff && out[11] == IF_MOB && out[12] == 8 && !memcmp(out + 14, in->b, n - 14));
}

/* ---- a mobile router behind an agent: a tunnel in the tunnel (RFC 5177 7) ---- */

#define MR_HA "10.7.0.250"

static void nest(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, const char *nsrc, const char *ndst, const char *src, const char *dst)
{
	outer(p, ifx, osrc, odst, DP_ENCAP_IPIP, 0);
	pk_ip4(p, nsrc, ndst, IPIP, 60, 0, DF);
	plain_at(p, src, dst, 60, 0, DF, 64);
}
static void nest_ha(struct pk *p) { plain(p, IF_UP, CN, "10.1.241.7", 100); }
static void nest_ha_udp(struct pk *p) { plain(p, IF_UP, CN, "10.1.242.7", 100); }
static void nest_ha_several(struct pk *p) { plain(p, IF_UP, CN, "10.1.243.7", 100); }
static void nest_ha_visitor(struct pk *p) { plain(p, IF_UP, CN, "10.1.244.7", 100); }
static void nest_ha_itself(struct pk *p) { plain(p, IF_UP, CN, "10.1.0.110", 100); }
static void nest_ha_fits(struct pk *p) { plain(p, IF_UP, CN, "10.1.241.7", 1500 - 40 - 28); }
static void nest_ha_too_big(struct pk *p) { plain(p, IF_UP, CN, "10.1.241.7", 1500 - 40 - 28 + 1); }
static void check_nested(const struct pk *in, size_t at, const uint8_t *out, size_t n, size_t oct, const char *src, const char *dst, int less)
{
	const uint8_t *o = out + 14 + oct;
	assert(is_whole(out + 14, n - 14) && is_whole(o, n - 14 - oct) && o[8] == 64 && o[9] == IPIP && is_addr(o + 12, src) && is_addr(o + 16, dst));
	assert(is_whole(o + 20, n - 34 - oct) && o[28] == in->b[at + 8] - less && !memcmp(o + 32, in->b + at + 12, n - 46 - oct));
}
static void check_nest_ha(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[23] == IPIP && is_addr(out + 26, HA) && is_addr(out + 30, COA));
	check_nested(in, 14, out, n, 20, HA, "10.1.0.110", 1);
}
static void check_nest_udp(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[23] == UDP && is_addr(out + 30, COA) && (size_t)(out[38] << 8 | out[39]) == n - 34);
	check_nested(in, 14, out, n, 32, HA, "10.1.0.111", 1);
}
static void check_nest_several(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[23] == IPIP && is_addr(out + 26, HA) && is_addr(out + 30, COA)); /* minimal encapsulation has no room for it */
	check_nested(in, 14, out, n, 20, HA, "10.1.0.112", 1);
}
static void check_nest_visitor(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[5] == IF_ACC && out[11] == IF_ACC);
	check_nested(in, 14, out, n, 0, HA, "10.1.0.113", 1);
}
static void nest_reverse(struct pk *p) { nest(p, IF_UP, COA, HA, "10.1.0.110", HA, "10.1.241.9", CN); }
static void nest_reverse_self(struct pk *p) { nest(p, IF_UP, COA, HA, "10.1.0.110", HA, "10.1.0.110", CN); }
static void nest_reverse_other(struct pk *p) { nest(p, IF_UP, COA, HA, "10.1.0.110", HA, "10.1.242.9", CN); }
static void nest_reverse_bare(struct pk *p) { tunnel(p, IF_UP, "10.1.0.110", HA, DP_ENCAP_IPIP, "10.1.241.9", CN); }
static void nest_visitor_up(struct pk *p) { tunnel(p, IF_ACC, "10.1.0.113", HA, DP_ENCAP_IPIP, "10.1.244.9", CN); }
static void nest_visitor_up_other(struct pk *p) { tunnel(p, IF_ACC, "10.1.0.113", HA, DP_ENCAP_IPIP, "10.1.241.9", CN); }
static void nest_visitor_elsewhere(struct pk *p) { tunnel(p, IF_UP, "10.1.0.113", HA, DP_ENCAP_IPIP, "10.1.244.9", CN); }
static void check_nest_released(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(is_whole(out + 14, n - 14) && !memcmp(out + 26, in->b + in->ip[2] + 12, n - 26));
}
static void nest_mn_group_to(struct pk *p, uint32_t seq, const char *from, const char *dst)
{
	outer(p, IF_MOB, "10.5.0.1", "232.128.0.77", DP_ENCAP_GRE, 0);
	pk_gre4(p, SEQ, seq);
	pk_ip4(p, from, "10.7.0.1", IPIP, 60, 0, DF);
	plain_at(p, CN, dst, 60, 0, DF, 64);
}
static void nest_mn_group(struct pk *p) { nest_mn_group_to(p, 301, MR_HA, "10.7.7.9"); }
static void nest_mn_group_other(struct pk *p) { nest_mn_group_to(p, 302, MR_HA, "10.7.11.9"); }
static void nest_mn_group_stranger(struct pk *p) { nest_mn_group_to(p, 303, CN, "10.7.7.9"); }
static void nest_mn_agent(struct pk *p) { tunnel(p, IF_MOB, MR_HA, "10.7.0.1", DP_ENCAP_IPIP, CN, "10.7.7.9"); }
static void check_nest_mn(const struct pk *in, const uint8_t *out, size_t n) { assert(!memcmp(out, in->b + in->ip[2], n)); }
static void nest_mn_up(struct pk *p) { own(p, "10.7.11.8", 100); }
static void nest_mn_up_none(struct pk *p) { own(p, "10.7.12.8", 100); }
static void nest_mn_up_itself(struct pk *p) { own(p, "10.7.0.12", 100); }
static void check_nest_mn_up(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[5] == IF_MOB && !memcmp(out + 34, (uint8_t[]){0x20, 0, 8, 0, 1, 2, 3, 4}, 8));
	check_nested(in, 0, out, n, 28, "10.7.0.11", MR_HA, 0);
}
static void check_nest_mn_none(const struct pk *in, const uint8_t *out, size_t n) { check_tunnel(in, 0, out, n, "10.7.0.12", MR_HA, IPIP, 20, 0); }

/* ---- control ---- */

static void request(struct pk *p) { message(p, IF_UP, COA, HA, REQUEST); }
static void request_through(struct pk *p) { message(p, IF_UP, COA, CN, REQUEST); }
static void request_all(struct pk *p) { message(p, IF_HOME, "10.1.0.100", "255.255.255.255", REQUEST); }
static void request_all_up(struct pk *p) { message(p, IF_UP, "10.1.0.100", "255.255.255.255", REQUEST); }
static void request_agents(struct pk *p) { message(p, IF_ACC, "10.7.0.1", "224.0.0.11", REQUEST); }
static void reply_all(struct pk *p) { message(p, IF_MOB, "10.5.1.1", "255.255.255.255", 3); }
static void reply_assigns(struct pk *p) { message(p, IF_MOB, "10.5.1.1", "10.7.0.55", 3); }
static void broadcast(struct pk *p)
{
	pk_eth4_to(p, IF_HOME, "255.255.255.255");
	plain_at(p, "10.1.0.7", "10.1.0.255", 1, 0, 0, 10);
}
static void broadcast_elsewhere(struct pk *p)
{
	pk_eth4_to(p, IF_UP, "255.255.255.255");
	plain_at(p, "10.1.0.7", "10.1.0.255", 1, 0, 0, 10);
}
static void mh(struct pk *p)
{
	static const uint8_t peer[16] = {59, 1, 11};
	pk_eth4(p, IF_UP);
	pk_ip4(p, "10.2.99.1", MMA, MH, 60, 0, 0);
	pk_bytes(p, peer, sizeof peer);
	pk_end(p);
}
static void icmp(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t type, const void *body, size_t n)
{
	if (dst[0] == '2')
		pk_eth4_to(p, ifx, dst);
	else
		pk_eth4(p, ifx);
	pk_ip4(p, src, dst, ICMP, 1, 0, 0);
	pk_icmp(p, type, body, n);
	pk_end(p);
}
static void advert(struct pk *p) { icmp(p, IF_MOB, "10.5.1.1", "224.0.0.1", 9, NULL, 12); }
static void advert_all(struct pk *p) { icmp(p, IF_MOB, "10.5.1.1", "10.5.1.100", 9, NULL, 12); }
static void advert_up(struct pk *p) { icmp(p, IF_UP, "10.5.1.1", "224.0.0.1", 9, NULL, 12); }
static void solicit(struct pk *p) { icmp(p, IF_ACC, "10.7.0.1", "224.0.0.2", 10, NULL, 4); }
static void solicit_mobile(struct pk *p) { icmp(p, IF_MOB, "10.7.0.1", "224.0.0.2", 10, NULL, 4); }
static void echo_home(struct pk *p)
{
	icmp(p, IF_UP, CN, "10.1.0.100", 8, NULL, 12);
	p->b[22] = 60;
	pk_fix4(p->b + 14, 20);
}
static void error_about(struct pk *p, const char *to, const char *src, uint8_t proto, uint16_t port)
{
	struct pk q = {0};
	uint8_t body[32] = {0};
	pk_ip4(&q, src, COA, proto, 60, 0, 0);
	pk_mip(&q, port, 434, DATA, IPIP);
	pk_end(&q);
	memcpy(body + 4, q.b, 28);
	icmp(p, IF_UP, "10.3.0.1", to, 3, body, sizeof body);
}
static void error_ipip(struct pk *p) { error_about(p, HA, HA, IPIP, 0); }
static void error_gre(struct pk *p) { error_about(p, FA, FA, GRE, 0); }
static void error_minimal(struct pk *p) { error_about(p, HA, HA, MINIMAL, 0); }
static void error_udp(struct pk *p) { error_about(p, HA, HA, UDP, 434); }
static void error_udp_other(struct pk *p) { error_about(p, HA, HA, UDP, 53); }
static void error_other(struct pk *p) { error_about(p, HA, CN, IPIP, 0); }
static void igmp_on(struct pk *p, uint32_t ifx, const char *src, const char *group)
{
	static const uint8_t report[16] = {0x22};
	pk_eth4_to(p, ifx, group);
	pk_ip4(p, src, group, IGMP, 1, 0, 0);
	pk_alert4(p);
	pk_bytes(p, report, sizeof report);
	pk_end(p);
}
static void igmp(struct pk *p) { igmp_on(p, IF_ACC, "10.7.0.1", "224.0.0.22"); }
static void igmp_none(struct pk *p) { igmp_on(p, IF_ACC, "0.0.0.0", "224.0.0.22"); }
static void igmp_query(struct pk *p) { igmp_on(p, IF_MOB, "10.5.1.1", "224.0.0.1"); }
static void igmp_home(struct pk *p) { igmp_on(p, IF_HOME, "10.1.0.7", "224.0.0.22"); }
static void arp_home(struct pk *p) { pk_arp(p, IF_HOME, 1, "10.1.0.7", "10.1.0.100"); }
static void arp_from_home(struct pk *p) { pk_arp(p, IF_HOME, 2, "10.1.0.100", "10.1.0.7"); }
static void arp_checked(struct pk *p) { pk_arp(p, IF_HOME, 1, "0.0.0.0", "10.1.0.204"); }
static void arp_home_other(struct pk *p) { pk_arp(p, IF_HOME, 1, "10.1.0.7", "10.1.0.8"); }
static void arp_mobile(struct pk *p) { pk_arp(p, IF_MOB, 2, "10.7.0.1", "10.7.0.9"); }
static void arp_mobile_other(struct pk *p) { pk_arp(p, IF_MOB, 1, "10.7.0.9", "10.7.0.8"); }
static void arp_visitor(struct pk *p) { pk_arp(p, IF_ACC, 1, "10.8.0.1", "10.2.17.1"); }
static void arp_visitor_reply(struct pk *p) { pk_arp(p, IF_ACC, 2, "10.8.0.1", "10.2.17.1"); }
static void arp_short(struct pk *p)
{
	arp_home(p);
	p->n = 14 + 26;
}
static void strange(struct pk *p) { plain(p, IF_UP, CN, "10.3.0.77", 10); }
static void truncated(struct pk *p)
{
	ha_encap(p);
	p->n = 30;
}

#define LOCAL(name, ifx, build, less, chk) {name, ifx, DPN_INGRESS, build, DPN_LOCAL, 0, 0, 0, -(14 + (less)), 0, chk}
#define OUT(name, build, more, oif, chk) {name, IF_ROAM0, DPN_EGRESS, build, DPN_SEND, 0, 0, 0, (more) + 14, oif, chk}

static const struct dpcase cases[] = {
	SENT("IPv4: home agent tunnels", IF_UP, ha_encap, 20, IF_UP, check_ipip),
	SENT("IPv4: what may be fragmented still may be", IF_UP, ha_may_fragment, 20, IF_UP, check_ipip),
	SENT("IPv4: home agent tunnels in GRE", IF_UP, ha_gre, 24, IF_UP, check_gre),
	SENT("IPv4: home agent tunnels, minimal encapsulation", IF_UP, ha_minimal, 12, IF_UP, check_minimal),
	SENT("IPv4: a fragment is tunnelled in IPv4 instead", IF_UP, ha_part_minimal, 20, IF_UP, check_part),
	SENT("IPv4: home agent tunnels in UDP", IF_UP, ha_udp, 32, IF_UP, check_udp),
	SENT("IPv4: simultaneous bindings", IF_UP, ha_several, 20, IF_UP, check_ipip),
	SENT("IPv4: simultaneous bindings, one behind another form, one not reachable", IF_UP, ha_several_minimal, 20, IF_UP, check_ipip),
	SENT("IPv4: home agent tunnels to a mobile network", IF_UP, ha_net, 20, IF_UP, check_ipip),
	SENT("IPv4: options stay", IF_UP, ha_options, 20, IF_UP, check_options),
	SENT("IPv4: SYN is clamped", IF_UP, ha_syn, 20, IF_UP, check_mss),
	SENT("IPv4: just fits the tunnel", IF_UP, ha_fits, 20, IF_UP, NULL),
	SLOW("IPv4: too big for the tunnel", IF_UP, ha_too_big, TOO_BIG),
	SLOW("IPv4: too big for the tunnel in UDP", IF_UP, ha_too_big_udp, TOO_BIG),
	SLOW("IPv4: time to live ends at the home agent", IF_UP, ha_ttl, HOP_LIMIT),
	PASS("IPv4: expired binding is none", IF_UP, ha_over),
	PASS("IPv4: wrong header checksum", IF_UP, ha_bad_sum),
	LOST("IPv4: shorter than it says", IF_UP, ha_short, MALFORMED),
	LOST("IPv4: no route to the care-of address", IF_UP, ha_unrouted, NO_ROUTE),
	LOST("IPv4: tunnel from the care-of address to the mobile", IF_UP, ha_loop, FORWARD_LOOP),
	LOST("IPv4: the same in GRE", IF_UP, ha_loop_gre, FORWARD_LOOP),
	LOST("IPv4: the same in minimal encapsulation", IF_UP, ha_loop_minimal, FORWARD_LOOP),
	LOST("IPv4: the same from one of several care-of addresses", IF_UP, ha_loop_more, FORWARD_LOOP),
	SENT("IPv4: tunnel from elsewhere to the mobile", IF_UP, ha_tunnel_other, 20, IF_UP, NULL),
	SENT("IPv4: tunnel through the mobile", IF_UP, ha_tunnel_through, 20, IF_UP, NULL),
	SENT("IPv4: agent on the same host: straight to the group", IF_UP, ha_group, 28, IF_DOWN, NULL),
	SENT("IPv4: foreign agent on the same host: straight to the visitor", IF_UP, ha_visitor, 0, IF_ACC, check_visitor_plain),
	SENT("IPv4: echo request is data", IF_UP, echo_home, 20, IF_UP, NULL),
	OUT("IPv4: home agent's own packet, time to live stays", ha_own, 20, IF_UP, check_own),
	SENT("IPv4: reverse tunnel", IF_UP, rev, -20, IF_UP, check_released),
	SENT("IPv4: reverse tunnel in GRE", IF_UP, rev_gre, -24, IF_UP, check_released),
	SENT("IPv4: reverse tunnel, minimal encapsulation", IF_UP, rev_minimal, -12, IF_UP, check_unminimal),
	LOST("IPv4: minimal encapsulation without source, from elsewhere", IF_UP, rev_minimal_short, REVERSE_SOURCE),
	SENT("IPv4: reverse tunnel in UDP", IF_UP, rev_udp, -32, IF_UP, check_released),
	LOST("IPv4: reverse tunnel in UDP from another port", IF_UP, rev_udp_port, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel in GRE that was not agreed on", IF_UP, rev_gre_off, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel in IP where GRE was agreed on", IF_UP, rev_ipip_off, REVERSE_SOURCE),
	SENT("IPv4: reverse tunnel in IP for what minimal encapsulation cannot carry", IF_UP, rev_ipip_for_minimal, -20, IF_UP, check_released),
	LOST("IPv4: reverse tunnel in UDP that was not agreed on", IF_UP, rev_udp_off, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel out of UDP", IF_UP, rev_udp_bare, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel from one of several, from another port", IF_UP, rev_several_udp, REVERSE_SOURCE),
	LOST("IPv4: UDP with another tunnel in it", IF_UP, rev_udp_next, TUNNEL_PROTO),
	SENT("IPv4: reverse tunnel from one of several care-of addresses", IF_UP, rev_several, -24, IF_UP, check_released),
	LOST("IPv4: reverse tunnel from one of several, in another form", IF_UP, rev_several_ipip, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel from one that is over", IF_UP, rev_several_over, REVERSE_SOURCE),
	SENT("IPv4: reverse tunnel from the care-of address before", IF_UP, rev_before, -20, IF_UP, check_released),
	LOST("IPv4: reverse tunnel from another care-of address", IF_UP, rev_coa, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel without binding", IF_UP, rev_unbound, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel that was not asked for", IF_UP, rev_off, REVERSE_OFF),
	SENT("IPv4: reverse tunnel of a mobile network", IF_UP, rev_net, -20, IF_UP, check_released),
	SENT("IPv4: reverse tunnel to another mobile", IF_UP, rev_mobile, 4, IF_UP, NULL),
	LOCAL("IPv4: reverse tunnel to where no route leads: the host's stack answers", IF_UP, rev_nowhere, 20, NULL),
	LOCAL("IPv4: broadcast out of a reverse tunnel", IF_UP, rev_broadcast, 20, NULL),
	LOST("IPv4: GRE with both key and sequence number", IF_UP, rev_key, GRE_FLAGS),
	PASS("IPv4: GRE with a checksum", IF_UP, rev_sum),
	LOST("IPv4: reverse tunnel with IPv6", IF_UP, rev_ip6, TUNNEL_PROTO),
	LOST("IPv4: GRE with IPv6", IF_UP, rev_gre_ip6, TUNNEL_PROTO),
	LOST("IPv4: minimal encapsulation with a wrong checksum", IF_UP, rev_bad_minimal, TUNNEL_PROTO),
	LOST("IPv4: congestion on a packet that is not capable", IF_UP, rev_lost, ECN),
	SENT("IPv4: congestion is passed on", IF_UP, rev_ce, -20, IF_UP, check_ce),
	PUNT("IPv4: message out of a reverse tunnel", IF_UP, rev_message, MIP4),
	PASS("IPv4: part of a tunnel packet is the kernel's to put together", IF_UP, rev_part),

	SENT("IPv4: agent passes on to two links", IF_UP, down, 8, IF_DOWN2, check_group),
	SENT("IPv4: agent passes on what came in GRE", IF_UP, down_gre, 4, IF_DOWN2, check_group),
	SENT("IPv4: agent passes on what came in UDP", IF_UP, down_udp, -4, IF_DOWN2, check_group),
	SENT("IPv4: agent passes on what came in minimal encapsulation", IF_UP, down_minimal, 16, IF_DOWN2, check_group_minimal),
	SENT("IPv4: agent passes on to a mobile network", IF_UP, down_net, 8, IF_DOWN2, check_group),
	SENT("IPv4: from the previous agent in time", IF_UP, down_prev, 8, IF_DOWN2, NULL),
	LOST("IPv4: from the previous agent too late", IF_UP, down_prev_over, TUNNEL_SOURCE),
	LOST("IPv4: tunnel from a stranger", IF_UP, down_stranger, TUNNEL_SOURCE),
	LOST("IPv4: tunnel for nobody's home address", IF_UP, down_unknown, UPLINK_UNKNOWN),
	LOST("IPv4: expired registration", IF_UP, down_over, EXPIRED),
	LOST("IPv4: nobody listens", IF_UP, down_nobody, NO_GROUP),
	LOST("IPv4: congestion in the tunnel to the agent", IF_UP, down_lost, ECN),
	SLOW("IPv4: time to live ends at the agent", IF_UP, down_ttl, HOP_LIMIT),
	SENT("IPv4: just fits the group", IF_UP, down_fits, 8, IF_DOWN2, NULL),
	SLOW("IPv4: too big for the group", IF_UP, down_too_big, TOO_BIG),
	SENT("IPv4: kept", IF_UP, down_kept, 8, IF_DOWN, NULL),
	SENT("IPv4: after a mobile that left", IF_UP, down_forward, 0, IF_UP, check_forward),
	LOST("IPv4: after a mobile that left, and sent back by the home agent", IF_UP, down_loop, FORWARD_LOOP),
	SENT("IPv4: uplink goes home", IF_DOWN, up, -8, IF_UP, check_up),
	SENT("IPv4: uplink of a mobile network", IF_DOWN, up_net, -8, IF_UP, check_up),
	SENT("IPv4: uplink goes home in UDP", IF_DOWN, up_udp, 4, IF_UP, check_up_udp),
	SENT("IPv4: uplink without reverse tunnel is routed", IF_DOWN, up_routed, -28, IF_UP, check_released),
	SENT("IPv4: home agent on the same host: out of both", IF_DOWN, up_home_here, -28, IF_UP, check_released),
	LOST("IPv4: wrong key", IF_DOWN, up_key, UPLINK_KEY),
	LOST("IPv4: sequence number instead of key", IF_DOWN, up_seq, GRE_FLAGS),
	LOST("IPv4: uplink of nobody", IF_DOWN, up_unknown, UPLINK_UNKNOWN),
	LOST("IPv4: uplink from outside the site", IF_DOWN, up_outside, UPLINK_SOURCE),
	LOST("IPv4: uplink of an expired registration", IF_DOWN, up_over, EXPIRED),
	SENT("IPv4: bound uplink", IF_DOWN, up_bound, -8, IF_UP, NULL),
	LOST("IPv4: bound uplink from elsewhere", IF_DOWN, up_bound_other, UPLINK_SOURCE),
	SENT("IPv4: bound uplink without GRE", IF_DOWN, up_ipip_bound, 0, IF_UP, NULL),
	LOST("IPv4: unbound uplink without GRE", IF_DOWN, up_ipip, UPLINK_SOURCE),
	LOST("IPv4: uplink that ends early", IF_DOWN, up_short, TUNNEL_PROTO),
	SLOW("IPv4: time to live ends on the way home", IF_DOWN, up_ttl, HOP_LIMIT),

	SENT("IPv4: router replicates", IF_UP, mfc, 0, IF_ACC, check_mfc),
	SENT("IPv4: router replicates what is no tunnel", IF_UP, mfc_clear, 0, IF_ACC, check_mfc),
	LOST("IPv4: multicast time to live", IF_UP, mfc_ttl, HOP_LIMIT),
	LOST("IPv4: multicast from the wrong side", IF_DOWN, mfc_iif, WRONG_IIF),
	PASS("IPv4: unknown group", IF_UP, mfc_unknown),
	SLOW("IPv4: too big for the next link", IF_UP, mfc_big, FORWARD),
	PASS("IPv4: access link, own prefix", IF_ACC, filter_ok),
	LOST("IPv4: access link, foreign prefix", IF_ACC, filter_outside, FILTER_PREFIX),
	LOST("IPv4: access link, the agent's address", IF_ACC, filter_agent, FILTER_AGENT),
	PASS("IPv4: access link, a visitor", IF_ACC, filter_visitor),
	LOST("IPv4: access link, a visitor no more", IF_ACC, filter_visitor_over, FILTER_PREFIX),
	LOST("IPv4: access link, a visitor whose home agent is being asked", IF_ACC, filter_visitor_asking, FILTER_PREFIX),
	LOST("IPv4: a tunnel of such a one", IF_ACC, fa_up_tunnel_asking, FILTER_PREFIX),
	PASS("IPv4: access link, what does not leave it", IF_ACC, filter_link),
	PUNT("IPv4: access link, message to the agent", IF_ACC, filter_message, MIP4),
	PUNT("IPv4: access link, message to the foreign agent", IF_ACC, filter_message_ours, MIP4),
	LOST("IPv4: access link, message to somebody else", IF_ACC, filter_message_through, FILTER_PREFIX),
	LOST("IPv4: access link, data to the agent in a message's clothes", IF_ACC, filter_data, FILTER_PREFIX),

	SENT("IPv4: foreign agent delivers", IF_UP, fa_down, -20, IF_ACC, check_visitor),
	PASS("IPv4: foreign agent leaves to the host what comes for one whose home agent is being asked", IF_UP, fa_down_asking),
	SENT("IPv4: foreign agent delivers out of GRE", IF_UP, fa_down_gre, -24, IF_ACC, check_visitor),
	SENT("IPv4: foreign agent delivers out of UDP", IF_UP, fa_down_udp, -32, IF_ACC, check_visitor),
	LOST("IPv4: in UDP to a visitor where it was not agreed on", IF_UP, fa_down_udp_off, TUNNEL_PROTO),
	LOST("IPv4: out of UDP to a visitor", IF_UP, fa_down_udp_bare, TUNNEL_PROTO),
	SENT("IPv4: foreign agent delivers out of minimal encapsulation", IF_UP, fa_down_minimal, -12, IF_ACC, check_visitor_minimal),
	SENT("IPv4: foreign agent delivers to a mobile network", IF_UP, fa_down_net, -20, IF_ACC, check_visitor),
	LOST("IPv4: to a visitor from a stranger", IF_UP, fa_down_stranger, TUNNEL_SOURCE),
	LOST("IPv4: to somebody who is no visitor", IF_UP, fa_down_nobody, TUNNEL_INNER),
	LOST("IPv4: to a visitor who left", IF_UP, fa_down_over, TUNNEL_INNER),
	LOST("IPv4: congestion in the tunnel to the foreign agent", IF_UP, fa_down_lost, ECN),
	SLOW("IPv4: time to live ends at the foreign agent", IF_UP, fa_down_ttl, HOP_LIMIT),
	SLOW("IPv4: too big for the visitor's link", IF_UP, fa_down_big, TOO_BIG),
	SENT("IPv4: visitor's packet into the reverse tunnel", IF_ACC, fa_up, 20, IF_UP, check_fa_up),
	SENT("IPv4: visitor's packet into the reverse tunnel in UDP", IF_ACC, fa_up_udp, 32, IF_UP, check_fa_up_udp),
	SENT("IPv4: a visiting network's packet", IF_ACC, fa_up_net, 20, IF_UP, check_fa_up),
	SENT("IPv4: visitor whose home agent is here", IF_ACC, fa_up_home_here, 0, IF_UP, check_routed),
	SENT("IPv4: encapsulated delivery", IF_ACC, fa_up_tunnel, 0, IF_UP, check_fa_up_tunnel),
	SENT("IPv4: encapsulated delivery to the agent's address on the link", IF_ACC, fa_up_tunnel_link, 0, IF_UP, check_fa_up_tunnel),
	LOST("IPv4: encapsulated delivery of a visitor who did not ask for it", IF_ACC, fa_up_tunnel_bare, TUNNEL_INNER),
	PASS("IPv4: bare packet of a visitor with encapsulated delivery", IF_ACC, fa_up_bare),
	PASS("IPv4: visitor's packet to the agent itself", IF_ACC, fa_up_agent),
	PASS("IPv4: visitor's packet to a group", IF_ACC, fa_up_group),
	PUNT("IPv4: visitor's request", IF_ACC, fa_up_request, MIP4),
	PUNT("IPv4: visitor's request over another interface of its", IF_ACC, fa_up_forged_request, MIP4),
	LOST("IPv4: another station with a visitor's address", IF_ACC, fa_up_forged, VISIT_LLADDR),

	LOCAL("IPv4: mobile receives", IF_MOB, mn_down, 28, check_mn_down),
	LOST("IPv4: the same over another interface", IF_MOB2, mn_down_other, DUPLICATE),
	LOCAL("IPv4: the same again over the first", IF_MOB, mn_down, 28, check_mn_down),
	LOCAL("IPv4: the next over the other", IF_MOB2, mn_down_next, 28, check_mn_down),
	LOST("IPv4: that one from another router", IF_MOB2, mn_down_routers, DUPLICATE),
	LOCAL("IPv4: mobile router receives", IF_MOB, mn_down_net, 28, check_mn_down),
	LOST("IPv4: for another home address", IF_MOB, mn_down_inner, TUNNEL_INNER),
	LOST("IPv4: without sequence number", IF_MOB, mn_down_key, GRE_FLAGS),
	LOST("IPv4: to the group but no tunnel", IF_MOB, mn_down_clear, TUNNEL_PROTO),
	SLOW("IPv4: part of a tunnel packet to the group", IF_MOB, mn_down_part, FRAGMENT),
	PUNT("IPv4: answer of the agent to the group", IF_MOB, mn_answer, MIP4),
	PUNT("IPv4: message out of the group's tunnel", IF_MOB, mn_message_inside, MIP4),
	LOCAL("IPv4: mobile receives from its home agent", IF_MOB, mn_ipip, 20, check_mn_down),
	LOST("IPv4: on an interface not to be used", IF_MOB2, mn_ipip_if, DOWNLINK_IF),
	LOCAL("IPv4: broadcast of the home link", IF_MOB, mn_ipip_broadcast, 20, check_mn_down),
	LOCAL("IPv4: broadcast to everybody", IF_MOB, mn_ipip_all, 20, check_mn_down),
	LOCAL("IPv4: mobile receives in GRE", IF_MOB, mn_gre, 24, check_mn_down),
	LOCAL("IPv4: in IPv4 where GRE was asked for", IF_MOB, mn_gre_ipip, 20, check_mn_down),
	LOST("IPv4: in GRE where it was not asked for", IF_MOB, mn_ipip_gre, GRE_FLAGS),
	LOST("IPv4: in UDP where it was not asked for", IF_MOB, mn_ipip_udp, TUNNEL_PROTO),
	LOCAL("IPv4: mobile receives in UDP", IF_MOB, mn_udp, 32, check_mn_down),
	LOST("IPv4: out of UDP to the mobile", IF_MOB, mn_udp_bare, TUNNEL_PROTO),
	LOST("IPv4: in UDP from another port to the mobile", IF_MOB, mn_udp_port, TUNNEL_PROTO),
	{"IPv4: the home agent answers through the NAT", IF_MOB, DPN_INGRESS, mn_alive, DPN_LOCAL, 0, DP_PUNT_MIP4, 0, -(14 + 32), 0, check_mn_down},
	LOCAL("IPv4: the home agent asks through the NAT", IF_MOB, mn_pinged, 32, check_mn_down),
	LOCAL("IPv4: mobile receives in minimal encapsulation", IF_MOB, mn_minimal, 12, check_mn_minimal),
	PUNT("IPv4: reply to the mobile", IF_MOB, mn_reply, MIP4),
	PASS("IPv4: tunnel to the mobile from a stranger", IF_MOB, mn_stranger),
	OUT("IPv4: mobile sends", mn_up, 28, IF_MOB, check_mn_up),
	OUT("IPv4: mobile router sends", mn_up_net, 28, IF_MOB, check_mn_up),
	{"IPv4: mobile sends too much", IF_ROAM0, DPN_EGRESS, mn_up_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	OUT("IPv4: mobile sends to its home agent", mn_up_ipip, 20, IF_MOB, check_mn_ipip),
	OUT("IPv4: mobile sends in GRE", mn_up_gre, 24, IF_MOB, check_mn_gre),
	OUT("IPv4: mobile sends in minimal encapsulation", mn_up_minimal, 12, IF_MOB, check_mn_up_minimal),
	OUT("IPv4: mobile sends in UDP", mn_up_udp, 32, IF_MOB, check_mn_udp),
	OUT("IPv4: mobile sends as it is", mn_up_none, 0, IF_MOB, check_mn_none),
	{"IPv4: mobile sends too much as it is", IF_ROAM0, DPN_EGRESS, mn_up_none_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"IPv4: nobody's packet", IF_ROAM0, DPN_EGRESS, mn_up_nobody, DPN_PASS, 0, 0, 0, 0, 0, NULL},

	SENT("IPv4: to a mobile network behind an agent", IF_UP, nest_ha, 40, IF_UP, check_nest_ha),
	SENT("IPv4: to a mobile network behind an agent, in UDP", IF_UP, nest_ha_udp, 52, IF_UP, check_nest_udp),
	SENT("IPv4: to a mobile network behind several agents", IF_UP, nest_ha_several, 40, IF_UP, check_nest_several),
	SENT("IPv4: to a mobile network that visits here", IF_UP, nest_ha_visitor, 20, IF_ACC, check_nest_visitor),
	SENT("IPv4: to a mobile router behind an agent itself", IF_UP, nest_ha_itself, 20, IF_UP, check_ipip),
	SENT("IPv4: to a mobile network, all that fits", IF_UP, nest_ha_fits, 40, IF_UP, check_nest_ha),
	SLOW("IPv4: to a mobile network, too much", IF_UP, nest_ha_too_big, TOO_BIG),
	SENT("IPv4: reverse tunnel in an agent's", IF_UP, nest_reverse, -40, IF_UP, check_nest_released),
	SENT("IPv4: reverse tunnel in an agent's, of the router's own", IF_UP, nest_reverse_self, -40, IF_UP, check_nest_released),
	LOST("IPv4: another's network in an agent's reverse tunnel", IF_UP, nest_reverse_other, REVERSE_SOURCE),
	LOST("IPv4: reverse tunnel in none", IF_UP, nest_reverse_bare, REVERSE_SOURCE),
	SENT("IPv4: a visiting network's tunnel to this home agent", IF_ACC, nest_visitor_up, -20, IF_UP, check_released),
	LOST("IPv4: the same with another's network", IF_ACC, nest_visitor_up_other, REVERSE_SOURCE),
	LOST("IPv4: the same from elsewhere", IF_UP, nest_visitor_elsewhere, REVERSE_SOURCE),
	LOCAL("IPv4: mobile router receives a tunnel in the group's", IF_MOB, nest_mn_group, 48, check_nest_mn),
	LOST("IPv4: another's network in it", IF_MOB, nest_mn_group_other, TUNNEL_INNER),
	LOCAL("IPv4: a stranger's tunnel in the group's is the host's", IF_MOB, nest_mn_group_stranger, 28, check_mn_down),
	LOCAL("IPv4: mobile router receives a tunnel from its agent", IF_MOB, nest_mn_agent, 20, check_mn_down),
	OUT("IPv4: mobile router sends through a site's agent", nest_mn_up, 48, IF_MOB, check_nest_mn_up),
	OUT("IPv4: mobile router sends by a foreign agent", nest_mn_up_none, 20, IF_MOB, check_nest_mn_none),
	OUT("IPv4: mobile router's own packet by a foreign agent", nest_mn_up_itself, 0, IF_MOB, check_mn_none),

	PUNT("IPv4: request to the home agent", IF_UP, request, MIP4),
	PASS("IPv4: request to somebody else", IF_UP, request_through),
	PUNT("IPv4: request to everybody", IF_HOME, request_all, MIP4),
	PASS("IPv4: request to everybody elsewhere", IF_UP, request_all_up),
	PUNT("IPv4: reply to everybody", IF_MOB, reply_all, MIP4),
	PUNT("IPv4: reply to an address that it assigns", IF_MOB, reply_assigns, MIP4),
	PUNT("IPv4: request to all agents", IF_ACC, request_agents, MIP4),
	COPY("IPv4: broadcast on the home link", IF_HOME, broadcast, BROADCAST),
	PASS("IPv4: broadcast elsewhere", IF_UP, broadcast_elsewhere),
	PUNT("IPv4: Mobility Header of a peer", IF_UP, mh, MH),
	COPY("IPv4: advertisement", IF_MOB, advert, ADV4),
	COPY("IPv4: advertisement to the mobile", IF_MOB, advert_all, ADV4),
	PASS("IPv4: advertisement elsewhere", IF_UP, advert_up),
	COPY("IPv4: solicitation", IF_ACC, solicit, ADV4),
	PASS("IPv4: solicitation elsewhere", IF_MOB, solicit_mobile),
	PUNT("IPv4: error about our tunnel", IF_UP, error_ipip, ICMP_ERR),
	PUNT("IPv4: error about our GRE", IF_UP, error_gre, ICMP_ERR),
	PUNT("IPv4: error about our minimal encapsulation", IF_UP, error_minimal, ICMP_ERR),
	PUNT("IPv4: error about our UDP", IF_UP, error_udp, ICMP_ERR),
	PASS("IPv4: error about other UDP of this host", IF_UP, error_udp_other),
	PASS("IPv4: error about something else", IF_UP, error_other),
	COPY("IPv4: membership report", IF_ACC, igmp, IGMP),
	COPY("IPv4: membership report without address", IF_ACC, igmp_none, IGMP),
	COPY("IPv4: membership query", IF_MOB, igmp_query, IGMP),
	PASS("IPv4: membership report elsewhere", IF_HOME, igmp_home),
	COPY("ARP for a bound address", IF_HOME, arp_home, ARP),
	COPY("ARP from a bound address", IF_HOME, arp_from_home, ARP),
	COPY("ARP for an address being checked", IF_HOME, arp_checked, ARP),
	PASS("ARP for another", IF_HOME, arp_home_other),
	COPY("ARP about the mobile's own address", IF_MOB, arp_mobile, ARP),
	PASS("ARP about another", IF_MOB, arp_mobile_other),
	COPY("ARP of a visitor", IF_ACC, arp_visitor, ARP),
	PASS("ARP reply of a visitor", IF_ACC, arp_visitor_reply),
	PASS("ARP that ends early", IF_HOME, arp_short),
	PASS("IPv4: not for us", IF_UP, strange),
	PASS("IPv4: half a header", IF_UP, truncated),
};
const struct dpcase_set dpcases4 = {cases, sizeof cases / sizeof *cases};
