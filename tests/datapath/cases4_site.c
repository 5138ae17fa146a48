// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out, in a site, for IPv4 (H-7): its agent, access routers, and foreign agents with their visitors. */
#include "shapes4.h"

/* ---- the agent, down ---- */

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

/* ---- the agent, up ---- */

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

static const struct dpcase cases[] = {
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
};
const struct dpcase_set dpcases4_site = {cases, sizeof cases / sizeof *cases};
