// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out, at a mobile: out of its group's tunnel (each packet once) and its home agent's, and into its own. */
#include "shapes.h"

static void mn_down(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, 100, CN, "2001:db8:8::1"); }
static void mn_down_other(struct pk *p) { gre(p, IF_MOB2, "2001:db8:5::1", "ff35::77", SEQ, 100, CN, "2001:db8:8::1"); }
static void mn_down_next(struct pk *p) { gre(p, IF_MOB2, "2001:db8:5::1", "ff35::77", SEQ, 101, CN, "2001:db8:8::1"); }
static void mn_down_router(struct pk *p)
{
	mn_down_next(p);
	p->b[11] ^= 1; /* same interface, another router */
}
static void mn_down_inner(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, 102, CN, "2001:db8:8::2"); }
static void mn_down_flags(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", KEY, 103, CN, "2001:db8:8::1"); }
static void mn_down_link(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::78", SEQ, 100, CN, "2001:db8:8::1"); }
static void mn_down_no_link(struct pk *p) { gre(p, IF_MOB2, "2001:db8:5::1", "ff35::78", SEQ, 105, CN, "2001:db8:8::1"); }
/* With a mark on the outer header, on a packet whose sender knows of marks (ecn 2) or does not (0). */
static void mn_down_marked(struct pk *p, uint32_t seq, uint8_t ecn)
{
	gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, seq, CN, "2001:db8:8::1");
	p->b[p->ip[0] + 1] |= 3 << 4;
	p->b[p->ip[1] + 1] |= (uint8_t)(ecn << 4);
}
static void mn_down_lost(struct pk *p) { mn_down_marked(p, 106, 0); }
static void mn_down_ce(struct pk *p) { mn_down_marked(p, 107, 2); }
/* Of a protocol whose first eight octets tell packets apart; that octet is one of them. */
static void mn_down_esp(struct pk *p, uint32_t ifindex, uint8_t octet)
{
	gre(p, ifindex, "2001:db8:5::1", "ff35::77", SEQ, 108, CN, "2001:db8:8::1");
	p->b[p->ip[1] + 6] = 50;
	p->b[p->ip[1] + 47] = octet;
}
static void mn_down_esp_first(struct pk *p) { mn_down_esp(p, IF_MOB, 1); }
static void mn_down_esp_other(struct pk *p) { mn_down_esp(p, IF_MOB2, 2); }
static void mn_down_esp_again(struct pk *p) { mn_down_esp(p, IF_MOB2, 1); }
static void mn_down_ipip(struct pk *p) { ipip(p, IF_MOB, "2001:db8:8::ff", "2001:db8:5:1::100", 0, CN, "2001:db8:8::1", 0); }
static void mn_down_if(struct pk *p) { ipip(p, IF_MOB2, "2001:db8:8::ff", "2001:db8:5:1::100", 0, CN, "2001:db8:8::1", 0); }
static void mn_down_proto(struct pk *p)
{
	pk_eth_group(p, IF_MOB, "ff35::77");
	pk_ip(p, "2001:db8:5::1", "ff35::77", UDP, 60, 0);
	pk_udp(p, 64);
	pk_end(p);
}
static void mn_down_part(struct pk *p)
{
	pk_eth_group(p, IF_MOB, "ff35::77");
	pk_ip(p, "2001:db8:5::1", "ff35::77", 44, 60, 0);
	pk_bytes(p, (uint8_t[16]){GRE, 0, 0, 1}, 16);
	pk_end(p);
}
static void net_mn_down(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, 104, CN, "2001:db8:8:1::9"); }

static void out_packet(struct pk *p, const char *src, size_t n) { out_to(p, src, CN, UDP, n); }
static void mn_up(struct pk *p) { out_packet(p, "2001:db8:8::1", 100); }
static void mn_up_ipip(struct pk *p) { out_packet(p, "2001:db8:8::2", 100); }
static void mn_up_big(struct pk *p) { out_packet(p, "2001:db8:8::1", 1500 - 48 - 48 + 1); }
static void mn_up_none(struct pk *p) { out_packet(p, "2001:db8:8::3", 100); }
static void net_mn_up(struct pk *p) { out_packet(p, "2001:db8:8:1::9", 100); }

static void check_mn_down(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(!memcmp(out, in->b + in->ip[1], n));
}
static void check_mn_ce(const struct pk *in, const uint8_t *out, size_t n)
{
	assert((out[1] >> 4 & 3) == 3 && !memcmp(out + 2, in->b + in->ip[1] + 2, n - 2));
}
static void check_mn_up(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 src = A("2001:db8:5:1::100"), dst = A("2001:db8:5::1");
	assert(out[11] == IF_MOB && out[5] == IF_MOB && out[1] == 0xff && out[12] == 0x86);
	assert(!memcmp(out + 22, &src, 16) && !memcmp(out + 38, &dst, 16) && out[20] == 47 && out[54] == 0x20);
	assert(out[58] == 1 && out[61] == 4 && !memcmp(out + 62, in->b, n - 62));
}

static const struct dpcase cases[] = {
	{"mobile receives", IF_MOB, DPN_INGRESS, mn_down, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("the same over another interface", IF_MOB2, mn_down_other, DUPLICATE),
	{"the same again over the first", IF_MOB, DPN_INGRESS, mn_down, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	{"the next over the other", IF_MOB2, DPN_INGRESS, mn_down_next, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("that one from another router", IF_MOB2, mn_down_router, DUPLICATE),
	LOST("for another home address", IF_MOB, mn_down_inner, TUNNEL_INNER),
	{"mobile receives on the link of the group", IF_MOB, DPN_INGRESS, mn_down_link, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("from the group on another link", IF_MOB2, mn_down_no_link, DOWNLINK_IF),
	LOST("congestion on the way from the group", IF_MOB, mn_down_lost, ECN),
	{"mobile is told of congestion", IF_MOB, DPN_INGRESS, mn_down_ce, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_ce},
	{"mobile receives what is not UDP", IF_MOB, DPN_INGRESS, mn_down_esp_first, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	{"another with the same number", IF_MOB2, DPN_INGRESS, mn_down_esp_other, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("the former over another link", IF_MOB2, mn_down_esp_again, DUPLICATE),
	LOST("without sequence number", IF_MOB, mn_down_flags, GRE_FLAGS),
	SLOW("part of a tunnel packet", IF_MOB, mn_down_part, FRAGMENT),
	LOST("to the group but no tunnel", IF_MOB, mn_down_proto, TUNNEL_PROTO),
	{"mobile receives from its home agent", IF_MOB, DPN_INGRESS, mn_down_ipip, DPN_LOCAL, 0, 0, 0, -54, 0, check_mn_down},
	LOST("on an interface not to be used", IF_MOB2, mn_down_if, DOWNLINK_IF),
	{"mobile sends", IF_ROAM0, DPN_EGRESS, mn_up, DPN_SEND, 0, 0, 0, 62, IF_MOB, check_mn_up},
	{"mobile sends to its home agent", IF_ROAM0, DPN_EGRESS, mn_up_ipip, DPN_SEND, 0, 0, 0, 54, IF_MOB, NULL},
	{"mobile sends too much", IF_ROAM0, DPN_EGRESS, mn_up_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"nobody's packet", IF_ROAM0, DPN_EGRESS, mn_up_none, DPN_PASS, 0, 0, 0, 0, 0, NULL},
	{"mobile router receives", IF_MOB, DPN_INGRESS, net_mn_down, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	{"mobile router sends", IF_ROAM0, DPN_EGRESS, net_mn_up, DPN_SEND, 0, 0, 0, 62, IF_MOB, check_mn_up},
};
const struct dpcase_set dpcases_mobile = {cases, sizeof cases / sizeof *cases};
