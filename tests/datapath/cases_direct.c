// SPDX-License-Identifier: BSD-2-Clause
/*
 * Without the tunnel through the home agent: route optimisation at agents, mobiles and correspondent nodes, with its routing headers, Home Address
 * options and tests; and what goes after a mobile that left.
 */
#include "shapes.h"

/* ---- the agent, down ---- */

static void rh2(struct pk *p, uint32_t ifx, const char *src, const char *dst, const char *hoa, uint8_t nh)
{
	uint8_t h[24] = {nh, 2, 2, 1};
	struct addr6 a = A(hoa);
	memcpy(h + 8, &a, 16);
	pk_eth(p, ifx);
	pk_ip(p, src, dst, ROUTING, 60, 0);
	pk_bytes(p, h, 24);
	if (nh == UDP)
		pk_udp(p, 64);
	else
		pk_bu(p);
	pk_end(p);
}
static void rh2_down(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::5", "2001:db8:9::600", UDP); }
static void rh2_down_other(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::5", "2001:db8:9::300", UDP); }
static void rh2_down_done(struct pk *p)
{
	rh2_down(p);
	p->b[57] = 0;
}
static void rh2_down_over(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::3", "2001:db8:9::400", UDP); }
static void rh2_message(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::5", "2001:db8:9::600", MH); }
static void rh2_message_ha(struct pk *p) { rh2(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:9::600", MH); }
static void rh2_forward(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::6", "2001:db8:9::700", UDP); }
static void check_rh2_group(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:9::600");
	const uint8_t *i = out + 14 + 48;
	assert(out[20] == 47 && i[6] == UDP && i[7] == 59 && (i[4] << 8 | i[5]) == (int)(n - 14 - 48 - 40));
	assert(!memcmp(i + 8, in->b + 22, 16) && !memcmp(i + 24, &hoa, 16) && !memcmp(i + 40, in->b + 78, 72));
}

static void test_in_tunnel(struct pk *p, uint32_t ifx, const char *ha, const char *coa, const char *cn, const char *hoa, uint8_t type)
{
	uint8_t m[24] = {59, 2, type};
	pk_eth(p, ifx);
	pk_ip(p, ha, coa, IPIP, 60, 0);
	pk_ip(p, cn, hoa, MH, 60, 0);
	pk_bytes(p, m, 24);
	pk_end(p);
}
static void hot(struct pk *p) { test_in_tunnel(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:c::3", "2001:db8:9::600", 3); }
static void hot_unasked(struct pk *p) { test_in_tunnel(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:c::9", "2001:db8:9::600", 3); }
static void hot_other(struct pk *p) { test_in_tunnel(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:c::3", "2001:db8:9::600", 4); }
static void wanted(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::5", 0, CN, "2001:db8:9::600", 0); }
static void forward(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::6", 0, CN, "2001:db8:9::700", 0); }
static void forward_over(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::7", 0, CN, "2001:db8:9::700", 0); }
static void forward_from(struct pk *p) { ipip(p, IF_UP, CN, "2001:db8:2:ff::6", 0, CN, "2001:db8:9::700", 0); }
static void forward_loop(struct pk *p)
{
	ipip(p, IF_UP, HA9, "2001:db8:2:ff::6", 0, MMA, "2001:db8:9::700", 0);
	p->b[p->ip[1] + 6] = IPIP;
}
static void check_forward(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 mma = A(MMA), to = A("2001:db8:4::6"), hoa = A("2001:db8:9::700");
	(void)in, (void)n;
	assert(!memcmp(out + 22, &mma, 16) && !memcmp(out + 38, &to, 16) && out[20] == 41 && out[54 + 7] == 59 && !memcmp(out + 54 + 24, &hoa, 16));
	assert(out[54 + 6] == UDP && (out[58] << 8 | out[59]) == (int)(n - 94));
}

/* ---- the agent, up ---- */

static void direct_up(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::600", CN); }
static void direct_testing(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::600", "2001:db8:c::3"); }
static void direct_stale(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::600", "2001:db8:c::5"); }
static void direct_message(struct pk *p)
{
	direct_up(p);
	p->b[p->ip[1] + 6] = MH;
}
static void direct_sized(struct pk *p, size_t inner)
{
	pk_eth(p, IF_DOWN);
	pk_ip(p, STATION, MMA, GRE, 60, 0);
	pk_gre(p, KEY, BENCH_KEY);
	pk_ip(p, "2001:db8:9::600", CN, UDP, 60, 0);
	pk_udp(p, inner - 48);
	pk_end(p);
}
static void direct_too_big(struct pk *p) { direct_sized(p, 1477); }
static void direct_just_fits(struct pk *p) { direct_sized(p, 1476); }
static void check_hao_out(const uint8_t *ip, size_t n, const struct addr6 *coa, const struct addr6 *hoa, const char *cn)
{
	static const uint8_t head[8] = {UDP, 2, 1, 2, 0, 0, 201, 16};
	struct addr6 to = A(cn);
	assert(ip[6] == DSTOPTS && (ip[4] << 8 | ip[5]) == (int)(n - 40));
	assert(!memcmp(ip + 8, coa, 16) && !memcmp(ip + 24, &to, 16) && !memcmp(ip + 40, head, 8) && !memcmp(ip + 48, hoa, 16));
}
static void check_direct(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:2:ff::5"), hoa = A("2001:db8:9::600");
	assert(out[5] == IF_UP && out[1] == 0xff && out[21] == 59);
	check_hao_out(out + 14, n - 14, &coa, &hoa, CN);
	assert(!memcmp(out + 14 + 64, in->b + in->ip[1] + 40, n - 78));
}

/* ---- mobile ---- */

static void mn_rh2(struct pk *p) { rh2(p, IF_MOB, CN, "2001:db8:5:1::100", "2001:db8:8::1", UDP); }
static void mn_mpa(struct pk *p)
{
	uint8_t h[24 + 8] = {ICMP, 2, 2, 1, [24] = 147};
	struct addr6 a = A("2001:db8:8::1");
	memcpy(h + 8, &a, 16);
	pk_eth(p, IF_MOB);
	pk_ip(p, HA, "2001:db8:5:1::100", ROUTING, 60, 0);
	pk_bytes(p, h, sizeof h);
	pk_end(p);
}
static void mn_rh2_other(struct pk *p) { rh2(p, IF_MOB, CN, "2001:db8:5:1::100", "2001:db8:8::2", UDP); }
static void check_mn_rh2(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:8::1");
	assert(out[6] == UDP && (out[4] << 8 | out[5]) == (int)(n - 40) && out[7] == 60);
	assert(!memcmp(out + 8, in->b + 22, 16) && !memcmp(out + 24, &hoa, 16) && !memcmp(out + 40, in->b + 78, n - 40));
}
static void mn_hot(struct pk *p) { test_in_tunnel(p, IF_MOB, "2001:db8:8::ff", "2001:db8:5:1::100", "2001:db8:c::4", "2001:db8:8::1", 3); }
static void mn_direct(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::4", UDP, 100); }
static void mn_direct_stale(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::5", UDP, 100); }
static void mn_direct_message(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::4", MH, 100); }
static void mn_direct_big(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::4", UDP, 1500 - 24 - 48 + 1); }
static void mn_near(struct pk *p) { out_to(p, "2001:db8:8::4", "2001:db8:c:d::1", UDP, 100); }
static void mn_far(struct pk *p) { out_to(p, "2001:db8:8::4", "2001:db8:c:e::1", UDP, 100); }
static void check_mn_direct(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:5:1::100"), hoa = A("2001:db8:8::1");
	assert(out[11] == IF_MOB && out[5] == IF_MOB && out[12] == 0x86 && out[21] == 64);
	check_hao_out(out + 14, n - 14, &coa, &hoa, "2001:db8:c::4");
	assert(!memcmp(out + 78, in->b + 40, n - 78));
}
static void check_mn_near(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:5:1::100"), hoa = A("2001:db8:8::4");
	(void)in;
	check_hao_out(out + 14, n - 14, &coa, &hoa, "2001:db8:c:d::1");
}

/* ---- correspondent node ---- */

static void cn_out(struct pk *p) { plain(p, IF_UP, HA, "2001:db8:b::1", 64, 0, 100); }
static void cn_out_fits(struct pk *p) { plain(p, IF_UP, HA, "2001:db8:b::1", 64, 0, 1500 - 24 - 48); }
static void cn_out_big(struct pk *p) { plain(p, IF_UP, HA, "2001:db8:b::1", 64, 0, 1500 - 24 - 48 + 1); }
static void cn_out_other(struct pk *p) { plain(p, IF_UP, "2001:db8:1::2", "2001:db8:b::1", 64, 0, 100); }
static void cn_out_message(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, HA, "2001:db8:b::1", MH, 64, 0);
	pk_bu(p);
	pk_end(p);
}
static void cn_out_nd(struct pk *p)
{
	static const uint8_t ns[24] = {135};
	pk_eth(p, IF_UP);
	pk_ip(p, HA, "2001:db8:b::1", ICMP, 255, 0);
	pk_bytes(p, ns, sizeof ns);
	pk_end(p);
}
static void cn_rh2(struct pk *p) { rh2(p, IF_UP, CN, HA, "2001:db8:b::1", UDP); }
static void cn_rh2_self(struct pk *p) { rh2(p, IF_UP, CN, HA, HA, UDP); }
static void cn_syn(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, HA, "2001:db8:b::1", TCP, 64, 0);
	pk_tcp(p, 18, 1, 1440, 0);
	pk_end(p);
}
static void cn_roam0(struct pk *p) { out_to(p, HA, "2001:db8:b::2", UDP, 100); }
static void check_cn_out(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 self = A(HA), hoa = A("2001:db8:b::1"), coa = A("2001:db8:b:1::1");
	const uint8_t *ip = out + 14;
	assert(out[5] == IF_UP && out[1] == 0xff && out[11] == IF_UP && ip[6] == ROUTING && ip[7] == 64 && (ip[4] << 8 | ip[5]) == (int)(n - 54));
	assert(!memcmp(ip + 8, &self, 16) && !memcmp(ip + 24, &coa, 16) && !memcmp(ip + 40, (uint8_t[8]){UDP, 2, 2, 1}, 8) &&
	       !memcmp(ip + 48, &hoa, 16) && !memcmp(ip + 64, in->b + 54, n - 78));
}
static void check_cn_syn(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *tcp = out + 14 + 64;
	(void)in, (void)n;
	assert(tcp[24] == 1416 >> 8 && tcp[25] == (uint8_t)1416);
}

/* ---- data with a Home Address option ---- */

static void hao_from(struct pk *p, const char *src, const char *hoa)
{
	pk_eth(p, IF_UP);
	pk_ip(p, src, HA, DSTOPTS, 60, 0);
	pk_hao(p, hoa, UDP);
	pk_udp(p, 8);
	pk_end(p);
}
static void hao_known(struct pk *p) { hao_from(p, "2001:db8:3::5", "2001:db8:1::100"); }
static void hao_unknown(struct pk *p) { hao_from(p, "2001:db8:3::6", "2001:db8:1::100"); }
static void hao_cn(struct pk *p) { hao_from(p, "2001:db8:b:1::1", "2001:db8:b::1"); }
static void hao_cn_other(struct pk *p) { hao_from(p, "2001:db8:b:1::2", "2001:db8:b::1"); }
static void hao_trusted(struct pk *p) { hao_from(p, "2001:db8:f:1::77", "2001:db8:e:5::1"); }
static void hao_trust_elsewhere(struct pk *p) { hao_from(p, "2001:db8:f:2::77", "2001:db8:e:5::1"); }
static void check_hao(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:1::100");
	(void)in, (void)n;
	assert(!memcmp(out + 8, &hoa, 16) && out[46] == 0x1e && out[47] == 16);
}
static void check_hao_cn(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:b::1");
	(void)in, (void)n;
	assert(!memcmp(out + 8, &hoa, 16) && out[46] == 0x1e && out[47] == 16);
}

/* Of another mobile, to one that is away. */
static void hao_then(struct pk *p, const char *hoa, uint8_t nh)
{
	pk_hao(p, hoa, nh);
	if (nh == UDP)
		pk_udp(p, 64);
	else
		pk_bu(p);
	pk_end(p);
}
static void hao_in_tunnel(struct pk *p, const char *src, uint8_t nh)
{
	pk_eth(p, IF_MOB);
	pk_ip(p, "2001:db8:8::ff", "2001:db8:5:1::100", IPIP, 60, 0);
	pk_ip(p, src, "2001:db8:8::1", DSTOPTS, 60, 0);
	hao_then(p, "2001:db8:b::3", nh);
}
static void mn_hao(struct pk *p) { hao_in_tunnel(p, "2001:db8:b:1::3", UDP); }
static void mn_hao_unknown(struct pk *p) { hao_in_tunnel(p, "2001:db8:b:1::4", UDP); }
static void mn_hao_message(struct pk *p) { hao_in_tunnel(p, "2001:db8:b:1::4", MH); }
static void mn_rh2_hao(struct pk *p)
{
	uint8_t h[24] = {DSTOPTS, 2, 2, 1};
	struct addr6 a = A("2001:db8:8::1");
	memcpy(h + 8, &a, 16);
	pk_eth(p, IF_MOB);
	pk_ip(p, "2001:db8:b:1::3", "2001:db8:5:1::100", ROUTING, 60, 0);
	pk_bytes(p, h, 24);
	hao_then(p, "2001:db8:b::3", UDP);
}
static void check_mn_hao(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:b::3"), self = A("2001:db8:8::1");
	(void)in, (void)n;
	assert(!memcmp(out + 8, &hoa, 16) && !memcmp(out + 24, &self, 16) && out[46] == 0x1e);
}

static const struct dpcase cases[] = {
	SENT("routing header to the group", IF_UP, rh2_down, 24, IF_DOWN, check_rh2_group),
	LOST("routing header with another home address", IF_UP, rh2_down_other, ROUTING_HEADER),
	LOST("routing header that is done with", IF_UP, rh2_down_done, ROUTING_HEADER),
	LOST("routing header after the registration", IF_UP, rh2_down_over, EXPIRED),
	PUNT("message of a correspondent node behind a routing header", IF_UP, rh2_message, MH),
	SENT("message of the home agent behind a routing header", IF_UP, rh2_message_ha, 24, IF_DOWN, NULL),
	PUNT("home test through the home agent", IF_UP, hot, MH),
	SENT("home test that nobody awaits", IF_UP, hot_unasked, 8, IF_DOWN, NULL),
	SENT("care-of test through the home agent", IF_UP, hot_other, 8, IF_DOWN, NULL),
	{"a route to optimise", IF_UP, DPN_INGRESS, wanted, DPN_SEND, 0, DP_PUNT_RO, 0, 8, IF_DOWN, NULL},
	SENT("after a mobile that left", IF_UP, forward, 0, IF_UP, check_forward),
	SENT("after a mobile that left, with routing header", IF_UP, rh2_forward, 16, IF_UP, check_forward),
	LOST("after a mobile that left, and sent back by the home agent", IF_UP, forward_loop, FORWARD_LOOP),
	LOST("after a mobile that left, too late", IF_UP, forward_over, EXPIRED),
	LOST("after a mobile that left, from a stranger", IF_UP, forward_from, TUNNEL_SOURCE),
	SENT("uplink goes directly", IF_DOWN, direct_up, -24, IF_UP, check_direct),
	SENT("uplink goes home while the route is tested", IF_DOWN, direct_testing, -8, IF_UP, NULL),
	SENT("uplink goes home where the route is an old one's", IF_DOWN, direct_stale, -8, IF_UP, NULL),
	SENT("the mobile's message goes home", IF_DOWN, direct_message, -8, IF_UP, NULL),
	SLOW("too big to go directly", IF_DOWN, direct_too_big, TOO_BIG),
	SENT("just fits to go directly", IF_DOWN, direct_just_fits, -24, IF_UP, NULL),
	{"mobile receives directly", IF_MOB, DPN_INGRESS, mn_rh2, DPN_LOCAL, 0, 0, 0, -38, 0, check_mn_rh2},
	LOST("directly for another home address", IF_MOB, mn_rh2_other, ROUTING_HEADER),
	PUNT("the home agent tells of prefixes", IF_MOB, mn_mpa, ICMP_HA),
	PUNT("home test to the mobile", IF_MOB, mn_hot, MH),
	{"mobile sends directly", IF_ROAM0, DPN_EGRESS, mn_direct, DPN_SEND, 0, 0, 0, 38, IF_MOB, check_mn_direct},
	{"mobile sends home what an old route was for", IF_ROAM0, DPN_EGRESS, mn_direct_stale, DPN_SEND, 0, 0, 0, 62, IF_MOB, NULL},
	{"mobile's message goes home", IF_ROAM0, DPN_EGRESS, mn_direct_message, DPN_SEND, 0, 0, 0, 62, IF_MOB, NULL},
	{"mobile sends too much directly", IF_ROAM0, DPN_EGRESS, mn_direct_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"mobile sends to where it needs no tunnel", IF_ROAM0, DPN_EGRESS, mn_near, DPN_SEND, 0, 0, 0, 38, IF_MOB, check_mn_near},
	{"mobile sends elsewhere", IF_ROAM0, DPN_EGRESS, mn_far, DPN_SEND, 0, 0, 0, 54, IF_MOB, NULL},
	{"correspondent node sends", IF_UP, DPN_OUT, cn_out, DPN_SEND, 0, 0, 0, 24, IF_UP, check_cn_out},
	{"correspondent node sends just enough", IF_UP, DPN_OUT, cn_out_fits, DPN_SEND, 0, 0, 0, 24, IF_UP, check_cn_out},
	{"correspondent node sends too much", IF_UP, DPN_OUT, cn_out_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"correspondent node's SYN is clamped", IF_UP, DPN_OUT, cn_syn, DPN_SEND, 0, 0, 0, 24, IF_UP, check_cn_syn},
	{"correspondent node's message", IF_UP, DPN_OUT, cn_out_message, DPN_PASS, 0, 0, 0, -14, 0, NULL},
	{"correspondent node's neighbour solicitation", IF_UP, DPN_OUT, cn_out_nd, DPN_PASS, 0, 0, 0, -14, 0, NULL},
	LOST("routing header to a node that is no mobile", IF_UP, cn_rh2, ROUTING_HEADER),
	LOST("routing header that names the node itself", IF_UP, cn_rh2_self, ROUTING_HEADER),
	{"from another own address", IF_UP, DPN_OUT, cn_out_other, DPN_PASS, 0, 0, 0, -14, 0, NULL},
	{"correspondent node sends through roam0", IF_ROAM0, DPN_EGRESS, cn_roam0, DPN_SEND, 0, 0, 0, 38, IF_UP, NULL},
	{"Home Address option with binding", IF_UP, DPN_INGRESS, hao_known, DPN_PASS, 0, 0, 0, 0, 0, check_hao},
	PUNT("Home Address option without", IF_UP, hao_unknown, HAO),
	{"Home Address option with a correspondent's binding", IF_UP, DPN_INGRESS, hao_cn, DPN_PASS, 0, 0, 0, 0, 0, check_hao_cn},
	PUNT("Home Address option from elsewhere", IF_UP, hao_cn_other, HAO),
	PASS("Home Address option trusted", IF_UP, hao_trusted),
	PUNT("Home Address option not trusted from there", IF_UP, hao_trust_elsewhere, HAO),
	{"mobile to mobile, vouched for", IF_MOB, DPN_INGRESS, mn_hao, DPN_LOCAL, 0, 0, 0, -54, 0, check_mn_hao},
	{"mobile to mobile, both directly", IF_MOB, DPN_INGRESS, mn_rh2_hao, DPN_LOCAL, 0, 0, 0, -38, 0, check_mn_hao},
	PUNT("mobile to mobile, not vouched for", IF_MOB, mn_hao_unknown, HAO),
	PUNT("message of a mobile to a mobile", IF_MOB, mn_hao_message, MH),
};
const struct dpcase_set dpcases_direct = {cases, sizeof cases / sizeof *cases};
