// SPDX-License-Identifier: BSD-2-Clause
/*
 * Packet in, verdict and packet out, in a site: its agent on the way down to groups and up from mobiles and their networks, and access routers
 * that pass groups on and filter.
 */
#include "shapes.h"

/* ---- the agent, down ---- */

static void down(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::1", 0, CN, "2001:db8:9::300", 0); }
static void down_prev(struct pk *p) { ipip(p, IF_UP, "2001:db8:7::1", "2001:db8:2:ff::1", 0, CN, "2001:db8:9::300", 0); }
static void down_prev_over(struct pk *p) { ipip(p, IF_UP, "2001:db8:7::1", "2001:db8:2:ff::4", 0, CN, "2001:db8:9::500", 0); }
static void down_source(struct pk *p) { ipip(p, IF_UP, CN, "2001:db8:2:ff::1", 0, CN, "2001:db8:9::300", 0); }
static void down_inner(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::1", 0, CN, "2001:db8:9::301", 0); }
static void down_expired(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::3", 0, CN, "2001:db8:9::400", 0); }
static void down_nobody(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::4", 0, CN, "2001:db8:9::500", 0); }
static void down_lost(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::1", 3, CN, "2001:db8:9::300", 0); }
static void down_ip4(struct pk *p)
{
	down(p);
	p->b[p->ip[1]] = 0x45;
}
static void down_hop_limit(struct pk *p)
{
	down(p);
	p->b[p->ip[1] + 7] = 1;
}
static void down_sized(struct pk *p, size_t inner)
{
	pk_eth(p, IF_UP);
	pk_ip(p, HA9, "2001:db8:2:ff::1", IPIP, 60, 0);
	pk_ip(p, CN, "2001:db8:9::300", UDP, 60, 0);
	pk_udp(p, inner - 48);
	pk_end(p);
}
static void down_too_big(struct pk *p) { down_sized(p, 1453); }
static void down_just_fits(struct pk *p) { down_sized(p, 1452); }
static void net_down(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::5", 0, CN, "2001:db8:9:6000::5", 0); }
static void net_down_other(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::5", 0, CN, "2001:db8:9:6100::5", 0); }

static void check_group(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 mma = A(MMA), g = A("ff35::1");
	const uint8_t *o = out + 14;
	assert(out[0] == 0x33 && out[1] == 0x33 && out[5] == 1 && out[11] == IF_DOWN2);
	assert(!memcmp(o + 8, &mma, 16) && !memcmp(o + 24, &g, 16) && o[6] == 47);
	assert(o[40] == 0x10 && o[41] == 0 && o[42] == 0x86 && o[43] == 0xdd);
	assert(!memcmp(o + 56, in->b + in->ip[1] + 8, n - 14 - 56));
}

/* ---- the agent, up ---- */

static void up(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::300", CN); }
static void up_key(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY + 1, "2001:db8:9::300", CN); }
static void up_seq(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, SEQ, BENCH_KEY, "2001:db8:9::300", CN); }
static void up_unknown(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::301", CN); }
static void up_source(struct pk *p) { gre(p, IF_DOWN, "2001:db8:2:21::100", MMA, KEY, BENCH_KEY, "2001:db8:9::300", CN); }
static void up_expired(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::400", CN); }
static void up_bound(struct pk *p) { gre(p, IF_DOWN, "2001:db8:2:12::5", MMA, KEY, BENCH_KEY, "2001:db8:9::500", CN); }
static void up_bound_other(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::500", CN); }
static void up_ipip_bound(struct pk *p) { ipip(p, IF_DOWN, "2001:db8:2:12::5", MMA, 0, "2001:db8:9::500", CN, 0); }
static void up_ipip(struct pk *p) { ipip(p, IF_DOWN, STATION, MMA, 0, "2001:db8:9::300", CN, 0); }
static void up_local_ha(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:1::200", CN); }
static void up_short(struct pk *p)
{
	up(p);
	p->n = 14 + 40 + 8 + 20;
}
static void up_hop_limit(struct pk *p)
{
	up(p);
	p->b[p->ip[1] + 7] = 1;
}
static void net_up(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9:6000::5", CN); }
static void net_up_longer(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9:61ff::5", CN); }
static void net_up_none(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9:7000::5", CN); }
static void check_up(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:2:ff::1"), ha = A(HA9);
	(void)in, (void)n;
	assert(!memcmp(out + 22, &coa, 16) && !memcmp(out + 38, &ha, 16) && out[20] == 41 && out[54 + 7] == 59);
}

/* ---- access router ---- */

static void mfc(struct pk *p) { gre(p, IF_UP, "2001:db8:6::1", "ff35::9", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_hop_limit(struct pk *p)
{
	mfc(p);
	p->b[p->ip[0] + 7] = 1;
}
static void mfc_iif(struct pk *p) { gre(p, IF_DOWN, "2001:db8:6::1", "ff35::9", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_own(struct pk *p) { gre(p, IF_DOWN, MMA, "ff35::1", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_unknown(struct pk *p) { gre(p, IF_UP, "2001:db8:6::1", "ff35::8", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_big(struct pk *p)
{
	pk_eth_group(p, IF_UP, "ff35::9");
	pk_ip(p, "2001:db8:6::1", "ff35::9", UDP, 60, 0);
	pk_udp(p, 1453);
	pk_end(p);
}
static void check_mfc(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[11] == IF_ACC && !memcmp(out, in->b, 6) && out[21] == 59 && !memcmp(out + 22, in->b + 22, n - 22));
}
static void filter_ok(struct pk *p) { plain(p, IF_ACC, STATION, CN, 60, 0, 10); }
static void filter_ll(struct pk *p) { plain(p, IF_ACC, "fe80::5", "2001:db8:2:11::1", 255, 0, 10); }
static void filter_prefix(struct pk *p) { plain(p, IF_ACC, "2001:db8:2:12::100", CN, 60, 0, 10); }
static void filter_agent(struct pk *p) { plain(p, IF_ACC, MMA, CN, 60, 0, 10); }

static const struct dpcase cases[] = {
	SENT("agent passes on to two links", IF_UP, down, 8, IF_DOWN2, check_group),
	SENT("from the previous agent in time", IF_UP, down_prev, 8, IF_DOWN2, NULL),
	LOST("from the previous agent too late", IF_UP, down_prev_over, TUNNEL_SOURCE),
	LOST("tunnel from a stranger", IF_UP, down_source, TUNNEL_SOURCE),
	LOST("tunnel with another home address", IF_UP, down_inner, TUNNEL_INNER),
	LOST("expired registration", IF_UP, down_expired, EXPIRED),
	LOST("nobody listens", IF_UP, down_nobody, NO_GROUP),
	LOST("congestion in the tunnel to the agent", IF_UP, down_lost, ECN),
	LOST("tunnel with IPv4", IF_UP, down_ip4, TUNNEL_PROTO),
	SLOW("hop limit ends at the agent", IF_UP, down_hop_limit, HOP_LIMIT),
	SLOW("too big for the group", IF_UP, down_too_big, TOO_BIG),
	SENT("just fits the group", IF_UP, down_just_fits, 8, IF_DOWN2, NULL),
	{"down to a mobile network", IF_UP, DPN_INGRESS, net_down, DPN_SEND, 0, DP_PUNT_RO, 0, 8, IF_DOWN, NULL},
	LOST("down to another's network", IF_UP, net_down_other, TUNNEL_INNER),

	SENT("uplink goes home", IF_DOWN, up, -8, IF_UP, check_up),
	LOST("wrong key", IF_DOWN, up_key, UPLINK_KEY),
	LOST("sequence number instead of key", IF_DOWN, up_seq, GRE_FLAGS),
	LOST("uplink of nobody", IF_DOWN, up_unknown, UPLINK_UNKNOWN),
	LOST("uplink from outside the site", IF_DOWN, up_source, UPLINK_SOURCE),
	LOST("uplink of an expired registration", IF_DOWN, up_expired, EXPIRED),
	SENT("bound uplink", IF_DOWN, up_bound, -8, IF_UP, NULL),
	LOST("bound uplink from elsewhere", IF_DOWN, up_bound_other, UPLINK_SOURCE),
	SENT("bound uplink without GRE", IF_DOWN, up_ipip_bound, 0, IF_UP, NULL),
	LOST("unbound uplink without GRE", IF_DOWN, up_ipip, UPLINK_SOURCE),
	SENT("home agent on the same host: out of both", IF_DOWN, up_local_ha, -48, IF_UP, NULL),
	LOST("uplink that ends early", IF_DOWN, up_short, TUNNEL_PROTO),
	SLOW("hop limit ends on the way home", IF_DOWN, up_hop_limit, HOP_LIMIT),
	SENT("uplink of a mobile network", IF_DOWN, net_up, -8, IF_UP, NULL),
	SENT("the longer prefix counts", IF_DOWN, net_up_longer, -8, IF_UP, check_up),
	LOST("uplink of no mobile network", IF_DOWN, net_up_none, UPLINK_UNKNOWN),

	SENT("router replicates", IF_UP, mfc, 0, IF_ACC, check_mfc),
	LOST("multicast hop limit", IF_UP, mfc_hop_limit, HOP_LIMIT),
	LOST("multicast from the wrong side", IF_DOWN, mfc_iif, WRONG_IIF),
	LOST("our own group from outside", IF_DOWN, mfc_own, WRONG_IIF),
	PASS("unknown group", IF_UP, mfc_unknown),
	SLOW("too big for the next link", IF_UP, mfc_big, FORWARD),
	PASS("access link, own prefix", IF_ACC, filter_ok),
	PASS("access link, link-local", IF_ACC, filter_ll),
	LOST("access link, foreign prefix", IF_ACC, filter_prefix, FILTER_PREFIX),
	LOST("access link, the agent's address", IF_ACC, filter_agent, FILTER_AGENT),
};
const struct dpcase_set dpcases_site = {cases, sizeof cases / sizeof *cases};
