// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out, at a mobile or mobile router of IPv4 (H-7): out of its group's tunnel and its home agent's, and into its own. */
#include "shapes4.h"

/* ---- receives ---- */

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

/* ---- sends ---- */

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

static const struct dpcase cases[] = {
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

	LOCAL("IPv4: mobile router receives a tunnel in the group's", IF_MOB, nest_mn_group, 48, check_nest_mn),
	LOST("IPv4: another's network in it", IF_MOB, nest_mn_group_other, TUNNEL_INNER),
	LOCAL("IPv4: a stranger's tunnel in the group's is the host's", IF_MOB, nest_mn_group_stranger, 28, check_mn_down),
	LOCAL("IPv4: mobile router receives a tunnel from its agent", IF_MOB, nest_mn_agent, 20, check_mn_down),
	OUT("IPv4: mobile router sends through a site's agent", nest_mn_up, 48, IF_MOB, check_nest_mn_up),
	OUT("IPv4: mobile router sends by a foreign agent", nest_mn_up_none, 20, IF_MOB, check_nest_mn_none),
	OUT("IPv4: mobile router's own packet by a foreign agent", nest_mn_up_itself, 0, IF_MOB, check_mn_none),
};
const struct dpcase_set dpcases4_mobile = {cases, sizeof cases / sizeof *cases};
