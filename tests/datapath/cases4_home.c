// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out, at a home agent of IPv4 (H-7): into each form of tunnel and out of it; mobile networks and routers, too. */
#include "shapes4.h"

/* ---- into tunnels ---- */

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
static void check_visitor_plain(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[1] == 0xff && out[5] == IF_ACC && out[22] == 59 && is_whole(out + 14, n - 14) && !memcmp(out + 26, in->b + 26, n - 26));
}
static void echo_home(struct pk *p)
{
	pk_eth4(p, IF_UP);
	pk_ip4(p, CN, "10.1.0.100", ICMP, 60, 0, 0);
	pk_icmp(p, 8, NULL, 12);
	pk_end(p);
}

/* ---- out of them ---- */

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

/* ---- mobile routers behind an agent: a tunnel in the tunnel (RFC 5177 7) ---- */

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
};
const struct dpcase_set dpcases4_home = {cases, sizeof cases / sizeof *cases};
