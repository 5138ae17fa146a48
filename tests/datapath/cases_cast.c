// SPDX-License-Identifier: BSD-2-Clause
/* The bench's third part: mobiles that the network moves, at their home agent and at a foreign agent, and voice. D-8, D-9, D-10, D-11. */
#include <assert.h>

#include "dpk.h"

#define CN "2001:db8:c::2"
#define CN4 "10.5.0.2"
#define HA "2001:db8:1::1"
#define HA4 "10.1.0.1"
#define AGENT "2001:db8:4::1" /* ours, a foreign agent's */
#define FAR "2001:db8:5d::1"  /* a home agent elsewhere, source of the groups of our guests */
#define FAR4 "10.13.9.1"

enum { UDP = 17, TCP = 6, IPIP6 = 41, IPIP4 = 4, GRE = 47, FRAGMENT = 44, ICMP6 = 58, SEQ = 0x1000, KEY = 0x2000, VOICE = 7001 };

/* ---- entries ---- */

struct putter { void (*put)(void *ctx, const struct dp_op *op); void *ctx; mono_t never, past; };

static struct addr6 any(const char *s)
{
	struct addr6 a;
	bool ok = addr46_parse(&a, s);
	assert(ok);
	(void)ok;
	return a;
}

static bool is_v4(const char *s)
{
	struct addr6 a = any(s);
	return addr6_is_v4mapped(&a);
}

static struct prefix6 prefix(const char *s)
{
	struct prefix6 p;
	bool ok = prefix46_parse(&p, s);
	assert(ok);
	(void)ok;
	return p;
}

static void put(struct putter *p, struct dp_op op) { p->put(p->ctx, &op); }

static void put_home(struct putter *p, const char *home, const char *group)
{
	bool is4 = is_v4(home);
	put(p, (struct dp_op){.table = DP_HOME, .home = {.home_address = any(home), .coa = any(group), .ha = any(is4 ? HA4 : HA),
		.expires = p->never, .encap = DP_ENCAP_IPIP, .is_reverse = true}});
}

static void put_group(struct putter *p, const char *group, const char *source, bool keep)
{
	put(p, (struct dp_op){.table = DP_COA, .coa = {.coa = any(group), .group = any(group), .source = any(source), .ha = any(source),
		.expires = p->never, .seq_start = 7, .keep = keep}});
	put(p, (struct dp_op){.table = DP_MFC, .mfc = {.group = any(group), .source = any(source), .oif = {IF_DOWN, IF_DOWN2}, .n_oif = 2}});
}

static void put_home_agent(struct putter *p)
{
	put_home(p, "2001:db8:a::10", "ff35::a10");
	put_home(p, "10.1.3.10", "ff35::a10");
	put_home(p, "2001:db8:a::20", "232.128.3.20");
	put_home(p, "10.1.3.20", "232.128.3.20");
	put_home(p, "2001:db8:a::30", "ff35::a30");
	put_home(p, "10.1.3.30", "232.128.3.30");
	put_group(p, "ff35::a10", HA, true);
	put_group(p, "232.128.3.20", HA4, false);
	put(p, (struct dp_op){.table = DP_UNBOUND, .unbound = {prefix("2001:db8:a::/64"), false}});
	put(p, (struct dp_op){.table = DP_UNBOUND, .unbound = {prefix("10.1.3.0/24"), false}});
	put(p, (struct dp_op){.table = DP_UNBOUND, .unbound = {prefix("2001:db8:a:7::/64"), true}});
	put(p, (struct dp_op){.table = DP_UNBOUND, .unbound = {prefix("10.1.7.0/24"), true}});
	put(p, (struct dp_op){.table = DP_REVERSE, .reverse.prefix = prefix("2001:db8:44::/64")});
	put(p, (struct dp_op){.table = DP_REVERSE, .reverse.prefix = prefix("10.4.4.0/24")});
	put(p, (struct dp_op){.table = DP_RELAY, .relay = {any(HA), 6000, any("ff35::a10"), any(HA), VOICE, 0, p->never}});
	put(p, (struct dp_op){.table = DP_RELAY, .relay = {any(HA4), 6000, any("232.128.3.20"), any(HA4), VOICE, 0, p->never}});
	put(p, (struct dp_op){.table = DP_RELAY, .relay = {any("2001:db8:1::2"), 6000, any("ff35::a10"), any(HA), VOICE, 0, p->past}});
	put(p, (struct dp_op){.table = DP_RELAY, .relay = {any("10.1.0.2"), 6000, any("232.128.3.77"), any(HA4), VOICE, 0, p->never}});
}

static struct dp_guest guest(struct putter *p, const char *group, const char *source)
{
	return (struct dp_guest){.group = any(group), .source = any(source), .home_address = {any("2001:db8:d::10"), any("10.13.0.10")},
		.n_home = 2, .ifindex = IF_ACC, .lladdr = bench_peer(IF_ACC), .is_serving = true, .voice_port = VOICE, .expires = p->never};
}
static void put_guest(struct putter *p, struct dp_guest g) { put(p, (struct dp_op){.table = DP_GUEST, .guest = g}); }

static void put_guests(struct putter *p)
{
	struct dp_guest g = guest(p, "ff35::c1", FAR);
	g.from = (struct lladdr){{2, 0xaa, 0, 0, 0, 1}};
	put_guest(p, g);
	put_guest(p, guest(p, "232.128.9.1", FAR4));
	g = guest(p, "ff35::c2", FAR);
	g.is_serving = false;
	put_guest(p, g);
	g = guest(p, "232.128.9.2", FAR4);
	g.is_serving = false;
	put_guest(p, g);
	g = guest(p, "ff35::c3", FAR);
	g.expires = p->past;
	put_guest(p, g);
	g = guest(p, "232.128.9.3", FAR4);
	g.expires = p->past;
	put_guest(p, g);
	g = guest(p, "ff35::c4", FAR);
	g.in_if = IF_DOWN;
	put_guest(p, g);
	g = guest(p, "ff35::c5", FAR);
	g.home_address[0] = any("10.13.0.50");
	put_guest(p, g);
	g = guest(p, "232.128.9.5", FAR4);
	g.home_address[1] = any("2001:db8:d::50");
	g.voice_port = 0;
	put_guest(p, g);
}

static void put_visit(struct putter *p, const char *home, const char *ha, enum dp_visit_up up, mono_t expires)
{
	bool is4 = is_v4(home);
	put(p, (struct dp_op){.table = DP_VISIT, .visit = {.home_address = any(home), .ha = any(ha), .coa = any(is4 ? "10.4.0.1" : AGENT),
		.ifindex = IF_ACC, .lladdr = bench_peer(IF_ACC), .up = up, .encap = DP_ENCAP_IPIP, .expires = expires}});
}

void bench_entries_cast(mono_t now, void (*fn)(void *ctx, const struct dp_op *op), void *ctx)
{
	struct putter p = {fn, ctx, MONO_NEVER, {now.ns - 1000000}};
	put_home_agent(&p);
	put_guests(&p);
	put_visit(&p, "2001:db8:d::10", FAR, DP_VISIT_REVERSE, p.never);
	put_visit(&p, "2001:db8:d::11", FAR, DP_VISIT_ROUTE, p.never);
	put_visit(&p, "2001:db8:d::12", HA, DP_VISIT_REVERSE, p.never);
	put_visit(&p, "2001:db8:d::13", FAR, DP_VISIT_REVERSE, p.past);
	put_visit(&p, "10.13.0.10", FAR4, DP_VISIT_REVERSE, p.never);
}

/* ---- packets ---- */

static void plain(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t hl, size_t n)
{
	bool is4 = is_v4(dst);
	if (is4)
		pk_eth4(p, ifx);
	else
		pk_eth(p, ifx);
	if (is4)
		pk_ip4(p, src, dst, UDP, hl, 0xb8, 0x4000);
	else
		pk_ip(p, src, dst, UDP, hl, 0xb8);
	pk_udp(p, n);
	pk_end(p);
}

/* Without its Ethernet header: from the host into roam0. */
static void own(struct pk *p, const char *src, const char *dst, size_t n)
{
	bool is4 = is_v4(dst);
	*p = (struct pk){.n = 0};
	if (is4)
		pk_ip4(p, src, dst, UDP, 64, 0, 0x4000);
	else
		pk_ip(p, src, dst, UDP, 64, 0);
	pk_udp(p, n);
	pk_end(p);
}

/* A tunnel of either family around a packet of either: GRE with flags and opt. */
struct tunnel { uint32_t ifx; const char *osrc, *odst, *src, *dst; uint16_t flags; uint32_t seq; uint8_t otos, tos, proto; uint16_t frag; };

static void tunnel(struct pk *p, const struct tunnel *t)
{
	bool o4 = is_v4(t->odst), i4 = is_v4(t->dst);
	if (o4)
		pk_eth4_to(p, t->ifx, t->odst);
	else
		pk_eth_group(p, t->ifx, t->odst);
	if (o4)
		pk_ip4(p, t->osrc, t->odst, GRE, 60, t->otos, t->frag);
	else
		pk_ip(p, t->osrc, t->odst, GRE, 60, t->otos);
	if (i4)
		pk_gre4(p, t->flags, t->seq);
	else
		pk_gre(p, t->flags, t->seq);
	uint8_t proto = t->proto ? t->proto : UDP;
	if (i4)
		pk_ip4(p, t->src, t->dst, proto, 60, t->tos, 0);
	else
		pk_ip(p, t->src, t->dst, proto, 60, t->tos);
	if (proto == TCP)
		pk_tcp(p, 16, 1000, 0, 100);
	else
		pk_udp(p, 64);
	pk_end(p);
}

static void voice(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint16_t seq)
{
	const uint8_t rtp[12] = {0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 1, 0x40, 0xde, 0xad, 0xbe, 0xef};
	plain(p, ifx, src, dst, 60, 172);
	const size_t udp = p->ip[0] + (p->b[12] == 8 ? 20 : 40);
	/* Payload that is RTP's: the checksum is made over it again. */
	uint32_t sum = (uint32_t)(p->b[udp + 6] << 8 | p->b[udp + 7]) ^ 0xffff;
	for (size_t i = 0; i < 12; i += 2) {
		const uint8_t *was = p->b + udp + 8 + i;
		sum += (uint32_t)(rtp[i] << 8 | rtp[i + 1]) + (0xffff ^ (uint32_t)(was[0] << 8 | was[1]));
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p->b[udp + 6] = (uint8_t)(~sum >> 8);
	p->b[udp + 7] = (uint8_t)~sum;
	for (size_t i = 0; i < 12; i++)
		p->b[udp + 8 + i] = rtp[i];
	if (dst[0] == 'f' || !strncmp(dst, "232.", 4))
		p->b[0] |= 1;
}

/* ---- home agent ---- */

static void ha_66(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a::10", 60, 100); }
static void ha_44(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.20", 60, 100); }
static void ha_46(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.10", 60, 100); }
static void ha_64(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a::20", 60, 100); }
static void ha_46_own(struct pk *p) { own(p, HA4, "10.1.3.10", 100); }
static void ha_64_own(struct pk *p) { own(p, HA, "2001:db8:a::20", 100); }
static void ha_66_own(struct pk *p) { own(p, HA, "2001:db8:a::10", 100); }
static void ha_46_big(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.10", 60, 1500 - 48 - 28 + 1); }
static void ha_46_fits(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.10", 60, 1500 - 48 - 28); }
static void ha_64_big(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a::20", 60, 1500 - 28 - 48 + 1); }
static void ha_46_ttl(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.10", 1, 100); }
static void ha_64_ttl(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a::20", 1, 100); }
static void ha_6_none(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a::30", 60, 100); }
static void ha_4_none(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.30", 60, 100); }
static void ha_unbound6(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a::99", 60, 100); }
static void ha_unbound4(struct pk *p) { plain(p, IF_UP, CN4, "10.1.3.99", 60, 100); }
static void ha_unbound_own6(struct pk *p) { own(p, HA, "2001:db8:a::99", 100); }
static void ha_unbound_own4(struct pk *p) { own(p, HA4, "10.1.3.99", 100); }
static void ha_shared6(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:a:7::99", 60, 100); }
static void ha_shared4(struct pk *p) { plain(p, IF_UP, CN4, "10.1.7.99", 60, 100); }
static void ha_unbound_local(struct pk *p) { plain(p, IF_UP, "fe80::9", "2001:db8:a::99", 60, 100); }

static void reverse6(struct pk *p, const char *from)
{
	pk_eth(p, IF_UP);
	pk_ip(p, from, HA, IPIP6, 60, 0);
	pk_ip(p, "2001:db8:a::10", CN, UDP, 60, 0);
	pk_udp(p, 64);
	pk_end(p);
}
static void ha_reverse6(struct pk *p) { reverse6(p, "2001:db8:44::5"); }
static void ha_reverse6_stranger(struct pk *p) { reverse6(p, "2001:db8:45::5"); }

static void speaks6(struct pk *p, const char *from, const char *src)
{
	pk_eth(p, IF_UP);
	pk_ip(p, from, HA, IPIP6, 60, 0);
	pk_ip(p, src, CN, UDP, 60, 0);
	pk_udp(p, 64);
	pk_end(p);
}
static void ha_speaks6(struct pk *p) { speaks6(p, "2001:db8:44::5", "2001:db8:a::98"); }
static void ha_speaks6_stranger(struct pk *p) { speaks6(p, "2001:db8:45::5", "2001:db8:a::98"); }
static void ha_speaks6_other(struct pk *p) { speaks6(p, "2001:db8:44::5", "2001:db8:1::98"); }

static void reverse4(struct pk *p, const char *from, const char *to)
{
	pk_eth4(p, IF_UP);
	pk_ip4(p, from, HA4, IPIP4, 60, 0, 0);
	pk_ip4(p, "10.1.3.20", to, UDP, 60, 0, 0);
	pk_udp(p, 64);
	pk_end(p);
}
static void speaks4(struct pk *p, const char *from, const char *src)
{
	pk_eth4(p, IF_UP);
	pk_ip4(p, from, HA4, IPIP4, 60, 0, 0);
	pk_ip4(p, src, CN4, UDP, 60, 0, 0);
	pk_udp(p, 64);
	pk_end(p);
}
static void ha_speaks4(struct pk *p) { speaks4(p, "10.4.4.5", "10.1.3.98"); }
static void ha_speaks4_stranger(struct pk *p) { speaks4(p, "10.4.5.5", "10.1.3.98"); }
static void ha_reverse4(struct pk *p) { reverse4(p, "10.4.4.5", CN4); }
static void ha_reverse4_stranger(struct pk *p) { reverse4(p, "10.4.5.5", CN4); }
static void ha_reverse4_to_46(struct pk *p) { reverse4(p, "10.4.4.5", "10.1.3.10"); }

static void check_group_mac(const uint8_t *out, bool is4) { assert(is4 ? out[0] == 1 && out[2] == 0x5e : out[0] == 0x33 && out[1] == 0x33); }

static void check_46(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *o = out + 14, *gre = o + 40, *i = gre + 8, *was = in->b + in->ip[0];
	const struct addr6 src = A(HA), dst = A("ff35::a10");
	check_group_mac(out, false);
	assert(out[12] == 0x86 && o[0] == 0x6b && o[1] == 0x80 && (size_t)(o[4] << 8 | o[5]) == n - 54 && o[6] == GRE && o[7] == 64);
	assert(!memcmp(o + 8, &src, 16) && !memcmp(o + 24, &dst, 16) && gre[0] == 0x10 && gre[2] == 8 && gre[3] == 0);
	assert(i[8] == 59 && !pk_sum(i, 20) && !memcmp(i + 12, was + 12, n - 62 - 12));
}

static void check_64(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *o = out + 14, *gre = o + 20, *i = gre + 8, *was = in->b + in->ip[0];
	check_group_mac(out, true);
	assert(out[12] == 8 && o[0] == 0x45 && o[1] == 0xb8 && (size_t)(o[2] << 8 | o[3]) == n - 14 && o[9] == GRE && !pk_sum(o, 20));
	assert(gre[0] == 0x10 && gre[2] == 0x86 && i[7] == 59 && !memcmp(i + 8, was + 8, n - 42 - 8));
}

/* ---- foreign agent ---- */

#define T(...) tunnel(p, &(struct tunnel){IF_UP, __VA_ARGS__})
static void fa_66(struct pk *p) { T(FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 100); }
static void fa_66_next(struct pk *p) { T(FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 101, 0, 0, TCP); }
static void fa_66_other(struct pk *p) { tunnel(p, &(struct tunnel){IF_DOWN, FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 100}); }
static void fa_66_tcp_other(struct pk *p) { tunnel(p, &(struct tunnel){IF_DOWN, FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 101, 0, 0, TCP}); }
static void fa_46(struct pk *p) { T(FAR, "ff35::c1", CN4, "10.13.0.10", SEQ, 102); }
static void fa_46_other(struct pk *p) { tunnel(p, &(struct tunnel){IF_DOWN, FAR, "ff35::c1", CN4, "10.13.0.10", SEQ, 102}); }
static void fa_44(struct pk *p) { T(FAR4, "232.128.9.1", CN4, "10.13.0.10", SEQ, 100); }
static void fa_64(struct pk *p) { T(FAR4, "232.128.9.1", CN, "2001:db8:d::10", SEQ, 101); }
static void fa_44_tcp(struct pk *p) { T(FAR4, "232.128.9.1", CN4, "10.13.0.10", SEQ, 103, 0, 0, TCP); }
static void fa_44_tcp_other(struct pk *p) { tunnel(p, &(struct tunnel){IF_DOWN, FAR4, "232.128.9.1", CN4, "10.13.0.10", SEQ, 103, 0, 0, TCP}); }
static void fa_ce6(struct pk *p) { T(FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 104, 3, 2); }
static void fa_ce4(struct pk *p) { T(FAR, "ff35::c1", CN4, "10.13.0.10", SEQ, 105, 3, 2); }
static void fa_ce_lost(struct pk *p) { T(FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 106, 3, 0); }
static void fa_inner(struct pk *p) { T(FAR, "ff35::c1", CN, "2001:db8:d::11", SEQ, 107); }
static void fa_inner4(struct pk *p) { T(FAR4, "232.128.9.1", CN4, "10.13.0.11", SEQ, 107); }
static void fa_key(struct pk *p) { T(FAR, "ff35::c1", CN, "2001:db8:d::10", KEY, 108); }
static void fa_key4(struct pk *p) { T(FAR4, "232.128.9.1", CN4, "10.13.0.10", KEY, 108); }
static void fa_access(struct pk *p) { tunnel(p, &(struct tunnel){IF_ACC, FAR, "ff35::c1", CN, "2001:db8:d::10", SEQ, 109}); }
static void fa_in_if(struct pk *p) { T(FAR, "ff35::c4", CN, "2001:db8:d::10", SEQ, 110); }
static void fa_in_if_right(struct pk *p) { tunnel(p, &(struct tunnel){IF_DOWN, FAR, "ff35::c4", CN, "2001:db8:d::10", SEQ, 111}); }
static void fa_over(struct pk *p) { T(FAR, "ff35::c3", CN, "2001:db8:d::10", SEQ, 112); }
static void fa_over4(struct pk *p) { T(FAR4, "232.128.9.3", CN4, "10.13.0.10", SEQ, 112); }
static void fa_kept(struct pk *p) { T(FAR, "ff35::c2", CN, "2001:db8:d::10", SEQ, 113); }
static void fa_kept4(struct pk *p) { T(FAR4, "232.128.9.2", CN4, "10.13.0.10", SEQ, 113); }
static void fa_part4(struct pk *p) { T(FAR4, "232.128.9.1", CN4, "10.13.0.10", SEQ, 114, 0, 0, 0, 0x2000); }
static void fa_part6(struct pk *p)
{
	fa_66(p);
	p->b[p->ip[0] + 6] = FRAGMENT;
}

static void check_guest(const struct pk *in, const uint8_t *out, size_t n)
{
	const struct lladdr to = bench_peer(IF_ACC);
	const uint8_t *was = in->b + in->ip[1];
	bool is6 = was[0] >> 4 == 6;
	assert(!memcmp(out, &to, 6) && out[12] == (is6 ? 0x86 : 8) && !memcmp(out + 14, was, n - 14));
	assert(in->b[12] == 8 ? out[11] == IF_ACC && out[7] == 0 : out[7] == 0xaa && out[11] == 1);
}

static void check_ce(const struct pk *in, const uint8_t *out, size_t n)
{
	(void)in, (void)n;
	assert(out[12] == 8 ? (out[15] & 3) == 3 && !pk_sum(out + 14, 20) : (out[15] >> 4 & 3) == 3);
}

/* What a mobile sends. */
static void up6(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::10", CN, 60, 100); }
static void up6_forged(struct pk *p)
{
	up6(p);
	p->b[11] = 0x77;
}
static void up6_route(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::11", CN, 60, 100); }
static void up6_here(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::12", CN, 60, 100); }
static void up6_over(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::13", CN, 60, 100); }
static void up6_ttl(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::10", CN, 1, 100); }
static void up6_agent(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::10", "2001:db8:2::1", 60, 100); }
static void up6_linklocal(struct pk *p) { plain(p, IF_ACC, "2001:db8:d::10", "fe80::1", 60, 100); }
static void up6_nd(struct pk *p)
{
	const uint8_t body[20] = {0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0xc};
	pk_eth(p, IF_ACC);
	pk_ip(p, "2001:db8:d::10", CN, ICMP6, 255, 0);
	pk_icmp(p, 135, body, sizeof body);
	pk_end(p);
}
static void up4(struct pk *p) { plain(p, IF_ACC, "10.13.0.10", CN4, 60, 100); }

static void check_up6(const struct pk *in, const uint8_t *out, size_t n)
{
	const struct addr6 src = A(AGENT), dst = A(FAR);
	const uint8_t *o = out + 14, *i = out + 54;
	assert(o[6] == 41 && !memcmp(o + 8, &src, 16) && !memcmp(o + 24, &dst, 16));
	assert(i[7] == 59 && !memcmp(i + 8, in->b + in->ip[0] + 8, n - 62));
}

/* ---- voice ---- */

static void voice6(struct pk *p) { voice(p, IF_UP, FAR, "ff35::c1", 40); }
static void voice6_other(struct pk *p) { voice(p, IF_DOWN, FAR, "ff35::c1", 40); }
static void voice4(struct pk *p) { voice(p, IF_UP, FAR4, "232.128.9.1", 40); }
static void voice6_kept(struct pk *p) { voice(p, IF_UP, FAR, "ff35::c2", 41); }
static void voice4_kept(struct pk *p) { voice(p, IF_UP, FAR4, "232.128.9.2", 41); }
static void voice6_no_home(struct pk *p) { voice(p, IF_UP, FAR, "ff35::c5", 42); }
static void voice4_none(struct pk *p) { voice(p, IF_UP, FAR4, "232.128.9.5", 42); }
static void voice4_unsummed(struct pk *p)
{
	voice(p, IF_UP, FAR4, "232.128.9.1", 43);
	p->b[14 + 26] = p->b[14 + 27] = 0;
}
static void relay6(struct pk *p) { voice(p, IF_UP, CN, HA, 50); }
static void relay4(struct pk *p) { voice(p, IF_UP, CN4, HA4, 50); }
static void relay6_over(struct pk *p) { voice(p, IF_UP, CN, "2001:db8:1::2", 50); }
static void relay4_unheard(struct pk *p) { voice(p, IF_UP, CN4, "10.1.0.2", 50); }

/* Sum over pseudo-header and UDP: 0xffff when the checksum is right. */
static uint32_t udp_sum(const uint8_t *ip)
{
	bool is4 = ip[0] >> 4 == 4;
	const uint8_t *udp = ip + (is4 ? 20 : 40);
	uint32_t len = (uint32_t)(udp[4] << 8 | udp[5]), sum = UDP + len;
	for (uint32_t k = is4 ? 12 : 8; k < (is4 ? 20u : 40u); k += 2)
		sum += (uint32_t)(ip[k] << 8 | ip[k + 1]);
	for (uint32_t k = 0; k < len; k += 2)
		sum += (uint32_t)(udp[k] << 8 | (k + 1 < len ? udp[k + 1] : 0));
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static void check_voice(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *ip = out + 14, *udp = ip + (ip[0] >> 4 == 4 ? 20 : 40);
	const struct addr6 to6 = A("2001:db8:d::10"), to4 = A4("10.13.0.10");
	const struct lladdr to = bench_peer(IF_ACC);
	assert(!memcmp(out, &to, 6) && udp_sum(ip) == 0xffff && (udp[2] << 8 | udp[3]) == VOICE);
	assert(ip[0] >> 4 == 4 ? !memcmp(ip + 16, to4.b + 12, 4) && !pk_sum(ip, 20) : !memcmp(ip + 24, &to6, 16));
	assert(!memcmp(udp + 8, in->b + (udp - out) + 8, n - (size_t)(udp - out) - 8));
}

static void check_unsummed(const struct pk *in, const uint8_t *out, size_t n)
{
	(void)in, (void)n;
	assert(!out[14 + 26] && !out[14 + 27] && !pk_sum(out + 14, 20));
}

static void check_relay(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *ip = out + 14, *udp = ip + (ip[0] >> 4 == 4 ? 20 : 40);
	const struct addr6 src = A(HA), dst = A("ff35::a10"), src4 = A4(HA4), dst4 = A4("232.128.3.20");
	bool is4 = ip[0] >> 4 == 4;
	check_group_mac(out, is4);
	assert(udp_sum(ip) == 0xffff && (udp[2] << 8 | udp[3]) == VOICE && ip[is4 ? 8 : 7] == 64);
	assert(is4 ? !memcmp(ip + 12, src4.b + 12, 4) && !memcmp(ip + 16, dst4.b + 12, 4) && !pk_sum(ip, 20)
		   : !memcmp(ip + 8, &src, 16) && !memcmp(ip + 24, &dst, 16));
	assert(!memcmp(udp + 8, in->b + (udp - out) + 8, n - (size_t)(udp - out) - 8));
}

#define OWN(name, build, diff_) {name, IF_ROAM0, DPN_EGRESS, build, DPN_SEND, 0, 0, 0, diff_, IF_DOWN2, NULL}
#define OWN_PUNT(name, build) {name, IF_ROAM0, DPN_EGRESS, build, DPN_PUNT, 0, DP_PUNT_UNBOUND, 0, 0, 0, NULL}

static const struct dpcase cases[] = {
	SENT("cast: IPv6 into its group of IPv6", IF_UP, ha_66, 48, IF_DOWN2, NULL),
	SENT("cast: IPv4 into its group of IPv4", IF_UP, ha_44, 28, IF_DOWN2, NULL),
	SENT("cast: IPv4 into a group of IPv6", IF_UP, ha_46, 48, IF_DOWN2, check_46),
	SENT("cast: IPv6 into a group of IPv4", IF_UP, ha_64, 28, IF_DOWN2, check_64),
	SENT("cast: IPv4 just fits a group of IPv6", IF_UP, ha_46_fits, 48, IF_DOWN2, check_46),
	OWN("cast: the agent's own IPv4 into a group of IPv6", ha_46_own, 62),
	OWN("cast: the agent's own IPv6 into a group of IPv4", ha_64_own, 42),
	OWN("cast: the agent's own IPv6 into a group of IPv6", ha_66_own, 62),
	SLOW("cast: too big for a group of IPv6", IF_UP, ha_46_big, TOO_BIG),
	SLOW("cast: too big for a group of IPv4", IF_UP, ha_64_big, TOO_BIG),
	SLOW("cast: time to live ends", IF_UP, ha_46_ttl, HOP_LIMIT),
	SLOW("cast: hop limit ends", IF_UP, ha_64_ttl, HOP_LIMIT),
	LOST("cast: IPv6, nobody says where its group is", IF_UP, ha_6_none, NO_GROUP),
	LOST("cast: IPv4, nobody says where its group is", IF_UP, ha_4_none, NO_GROUP),
	PUNT("cast: IPv6 home address that is not known yet", IF_UP, ha_unbound6, UNBOUND),
	PUNT("cast: IPv4 home address that is not known yet", IF_UP, ha_unbound4, UNBOUND),
	OWN_PUNT("cast: the agent's own to an IPv6 home address that is not known yet", ha_unbound_own6),
	OWN_PUNT("cast: the agent's own to an IPv4 home address that is not known yet", ha_unbound_own4),
	COPY("cast: IPv6 to somebody on the home link", IF_UP, ha_shared6, UNBOUND),
	COPY("cast: IPv4 to somebody on the home link", IF_UP, ha_shared4, UNBOUND),
	PASS("cast: link-local to a home address that is not known", IF_UP, ha_unbound_local),
	SENT("cast: reverse tunnel from an agent that may", IF_UP, ha_reverse6, -40, IF_UP, NULL),
	LOST("cast: reverse tunnel from an agent that may not", IF_UP, ha_reverse6_stranger, REVERSE_SOURCE),
	SENT("cast: IPv4 reverse tunnel from an agent that may", IF_UP, ha_reverse4, -20, IF_UP, NULL),
	LOST("cast: IPv4 reverse tunnel from an agent that may not", IF_UP, ha_reverse4_stranger, REVERSE_AGENT),
	SENT("cast: a mobile speaks first", IF_UP, ha_speaks6, -40, IF_UP, NULL),
	SENT("cast: a mobile speaks first in IPv4", IF_UP, ha_speaks4, -20, IF_UP, NULL),
	LOST("cast: a mobile speaks first, through an agent that may not", IF_UP, ha_speaks6_stranger, REVERSE_SOURCE),
	LOST("cast: the same in IPv4", IF_UP, ha_speaks4_stranger, REVERSE_SOURCE),
	LOST("cast: not a mobile that the network moves", IF_UP, ha_speaks6_other, REVERSE_SOURCE),
	SENT("cast: out of a reverse tunnel into another's group", IF_UP, ha_reverse4_to_46, 28, IF_DOWN2, NULL),

	SENT("cast: guest gets IPv6 out of IPv6", IF_UP, fa_66, -48, IF_ACC, check_guest),
	LOST("cast: the same over another path", IF_DOWN, fa_66_other, DUPLICATE),
	SENT("cast: guest gets TCP", IF_UP, fa_66_next, -48, IF_ACC, check_guest),
	LOST("cast: TCP over another path", IF_DOWN, fa_66_tcp_other, DUPLICATE),
	SENT("cast: guest gets IPv4 out of IPv6", IF_UP, fa_46, -48, IF_ACC, check_guest),
	LOST("cast: IPv4 over another path", IF_DOWN, fa_46_other, DUPLICATE),
	SENT("cast: guest gets IPv4 out of IPv4", IF_UP, fa_44, -28, IF_ACC, check_guest),
	SENT("cast: guest gets IPv6 out of IPv4", IF_UP, fa_64, -28, IF_ACC, check_guest),
	SENT("cast: guest gets TCP of IPv4", IF_UP, fa_44_tcp, -28, IF_ACC, check_guest),
	LOST("cast: TCP of IPv4 over another path", IF_DOWN, fa_44_tcp_other, DUPLICATE),
	SENT("cast: congestion in the tunnel", IF_UP, fa_ce6, -48, IF_ACC, check_ce),
	SENT("cast: congestion in the tunnel of IPv4", IF_UP, fa_ce4, -48, IF_ACC, check_ce),
	LOST("cast: congestion that means loss", IF_UP, fa_ce_lost, ECN),
	LOST("cast: for somebody else than the guest", IF_UP, fa_inner, TUNNEL_INNER),
	LOST("cast: IPv4 for somebody else than the guest", IF_UP, fa_inner4, TUNNEL_INNER),
	LOST("cast: without number", IF_UP, fa_key, GRE_FLAGS),
	LOST("cast: IPv4 without number", IF_UP, fa_key4, GRE_FLAGS),
	LOST("cast: a station plays the home agent", IF_ACC, fa_access, FILTER_PREFIX),
	LOST("cast: by another link", IF_UP, fa_in_if, WRONG_IIF),
	SENT("cast: by the right link", IF_DOWN, fa_in_if_right, -48, IF_ACC, NULL),
	LOST("cast: guest's time is over", IF_UP, fa_over, EXPIRED),
	LOST("cast: IPv4, guest's time is over", IF_UP, fa_over4, EXPIRED),
	LOST("cast: kept for a guest", IF_UP, fa_kept, NOT_SERVING),
	LOST("cast: IPv4 kept for a guest", IF_UP, fa_kept4, NOT_SERVING),
	SLOW("cast: part of a tunnel packet", IF_UP, fa_part6, FRAGMENT),
	SLOW("cast: part of a tunnel packet of IPv4", IF_UP, fa_part4, FRAGMENT),
	SENT("cast: guest's packet into the reverse tunnel", IF_ACC, up6, 40, IF_UP, check_up6),
	LOST("cast: another station with a guest's address", IF_ACC, up6_forged, VISIT_LLADDR),
	PASS("cast: guest's packet that is routed", IF_ACC, up6_route),
	SENT("cast: guest whose home agent is here", IF_ACC, up6_here, 0, IF_UP, NULL),
	LOST("cast: of a guest that is no longer one", IF_ACC, up6_over, FILTER_PREFIX),
	SLOW("cast: guest's hop limit ends", IF_ACC, up6_ttl, HOP_LIMIT),
	PASS("cast: guest's packet to the agent itself", IF_ACC, up6_agent),
	PASS("cast: guest's packet to the gateway", IF_ACC, up6_linklocal),
	PASS("cast: guest looks for a neighbour", IF_ACC, up6_nd),
	SENT("cast: guest's IPv4 packet into the reverse tunnel", IF_ACC, up4, 20, IF_UP, NULL),

	SENT("cast: voice", IF_UP, voice6, 0, IF_ACC, check_voice),
	LOST("cast: voice over another path", IF_DOWN, voice6_other, DUPLICATE),
	SENT("cast: voice in IPv4", IF_UP, voice4, 0, IF_ACC, check_voice),
	SENT("cast: voice without checksum", IF_UP, voice4_unsummed, 0, IF_ACC, check_unsummed),
	LOST("cast: voice kept", IF_UP, voice6_kept, NOT_SERVING),
	LOST("cast: voice in IPv4 kept", IF_UP, voice4_kept, NOT_SERVING),
	LOST("cast: voice for a guest without such an address", IF_UP, voice6_no_home, VOICE),
	PASS("cast: voice for a guest that wants none", IF_UP, voice4_none),
	SENT("cast: voice put on a group", IF_UP, relay6, 0, IF_DOWN2, check_relay),
	SENT("cast: voice put on a group of IPv4", IF_UP, relay4, 0, IF_DOWN2, check_relay),
	LOST("cast: voice, a while too late", IF_UP, relay6_over, EXPIRED),
	LOST("cast: voice that nobody listens to", IF_UP, relay4_unheard, NO_GROUP),
};
const struct dpcase_set dpcases_cast = {cases, sizeof cases / sizeof *cases};
