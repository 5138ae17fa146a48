// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out, at a home agent: into its tunnels and out of them, for mobiles and their networks. */
#include "shapes.h"

static void ha_encap(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0xb9, 100); }
static void ha_expired(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::900", 60, 0, 100); }
static void ha_unrouted(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::901", 60, 0, 100); }
static void ha_hop_limit(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 1, 0, 100); }
static void ha_too_big(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0, 1413); }
static void ha_just_fits(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0, 1412); }
static void to_link_local(struct pk *p) { plain(p, IF_HOME, "2001:db8:1::5", "fe80::cc", 60, 0, 10); }
static void to_link_local_other(struct pk *p) { plain(p, IF_HOME, "2001:db8:1::5", "fe80::cd", 60, 0, 10); }
static void ha_link_local(struct pk *p) { plain(p, IF_HOME, "fe80::1", "2001:db8:1::100", 60, 0, 10); }
static void ha_group(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::200", 60, 0, 100); }
static void ha_reverse(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::100", CN, 0); }
static void ha_reverse_coa(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::6", HA, 0, "2001:db8:1::100", CN, 0); }
static void ha_reverse_before(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::9", HA, 0, "2001:db8:1::100", CN, 0); }
static void ha_reverse_over(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::9", HA, 0, "2001:db8:1::900", CN, 0); }
static void ha_reverse_long_before(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::9", HA, 0, "2001:db8:1::901", CN, 0); }
static void ha_reverse_unbound(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::111", CN, 0); }
static void ha_reverse_mobile(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::100", "2001:db8:1::100", 0); }
static void ha_reverse_lost(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 3, "2001:db8:1::100", CN, 0); }
static void ha_reverse_ce(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 3, "2001:db8:1::100", CN, 2); }
static void ha_reverse_host(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::100", "2001:db8:dead::1", 0); }
static void ha_reverse_ip4(struct pk *p)
{
	ha_reverse(p);
	p->b[p->ip[1]] = 0x45;
}
static void ha_syn(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, CN, "2001:db8:1::100", TCP, 60, 0);
	pk_tcp(p, 2, 1, 1440, 0);
	pk_end(p);
}
static void ha_local_out(struct pk *p)
{
	*p = (struct pk){0};
	pk_ip(p, HA, "2001:db8:1::100", UDP, 1, 0);
	pk_udp(p, 10);
	pk_end(p);
}
static void echo_home(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, CN, "2001:db8:1::100", ICMP, 255, 0);
	pk_icmp(p, 128, NULL, 12);
	pk_end(p);
}
static void net_ha(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1:f123::7", 60, 0xb9, 100); }
static void net_reverse(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1:f123::7", CN, 0); }
static void net_reverse_other(struct pk *p) { ipip(p, IF_UP, "2001:db8:2:ff::2", HA, 0, "2001:db8:1:f123::7", CN, 0); }

static void check_encap(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 ha = A(HA), coa = A("2001:db8:3::5");
	const uint8_t *o = out + 14, *i = out + 54;
	assert(!memcmp(out, &(struct lladdr){{2, 0xff, 0, 0, 0, IF_UP}}, 6) && out[11] == IF_UP);
	assert(!memcmp(o + 8, &ha, 16) && !memcmp(o + 24, &coa, 16) && o[6] == 41 && o[7] == 64);
	assert((o[4] << 8 | o[5]) == (int)(n - 54));
	assert((o[0] & 15) << 4 >> 4 == 0xb && o[1] >> 4 == 9);           /* class copied (RFC 6040) */
	assert(i[7] == 59 && !memcmp(i + 8, in->b + 22, n - 62));          /* one hop less, else unchanged */
}

static void check_reverse(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *was = in->b + in->ip[1];
	assert(!memcmp(out + 14, was, 7) && out[14 + 7] == was[7] - 1 && !memcmp(out + 22, was + 8, n - 22));
}

static void check_ce(const struct pk *in, const uint8_t *out, size_t n)
{
	(void)in, (void)n;
	assert((out[15] >> 4 & 3) == 3);
}

static void check_mss(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *tcp = out + 54 + 40, *ip = out + 54;
	uint32_t sum = 6 + (uint32_t)(n - 94);
	(void)in;
	assert(tcp[24] == 1400 >> 8 && tcp[25] == (uint8_t)1400);
	for (int k = 8; k < 40; k += 2)
		sum += (uint32_t)ip[k] << 8 | ip[k + 1];
	for (size_t k = 0; k < n - 94; k += 2)
		sum += (uint32_t)tcp[k] << 8 | tcp[k + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	assert(sum == 0xffff);
}

static const struct dpcase cases[] = {
	SENT("home agent tunnels", IF_UP, ha_encap, 40, IF_UP, check_encap),
	PASS("expired binding is none", IF_UP, ha_expired),
	SLOW("hop limit ends at the home agent", IF_UP, ha_hop_limit, HOP_LIMIT),
	SLOW("too big for the tunnel", IF_UP, ha_too_big, TOO_BIG),
	SENT("just fits the tunnel", IF_UP, ha_just_fits, 40, IF_UP, NULL),
	PASS("link-local source is not tunnelled", IF_HOME, ha_link_local),
	SLOW("to a mobile's link-local address", IF_HOME, to_link_local, LINK_LOCAL),
	PASS("to another link-local address", IF_HOME, to_link_local_other),
	SENT("agent on the same host: straight to the group", IF_UP, ha_group, 48, IF_DOWN, NULL),
	SENT("reverse tunnel", IF_UP, ha_reverse, -40, IF_UP, check_reverse),
	LOST("reverse tunnel from another care-of address", IF_UP, ha_reverse_coa, REVERSE_SOURCE),
	SENT("reverse tunnel from the care-of address before", IF_UP, ha_reverse_before, -40, IF_UP, check_reverse),
	SENT("reverse tunnel from there, and the binding is over", IF_UP, ha_reverse_over, -40, IF_UP, NULL),
	LOST("reverse tunnel from there, too late", IF_UP, ha_reverse_long_before, REVERSE_SOURCE),
	LOST("reverse tunnel without binding", IF_UP, ha_reverse_unbound, REVERSE_SOURCE),
	SENT("reverse tunnel to another mobile", IF_UP, ha_reverse_mobile, 0, IF_UP, NULL),
	LOST("congestion on a packet that is not capable", IF_UP, ha_reverse_lost, ECN),
	SENT("congestion is passed on", IF_UP, ha_reverse_ce, -40, IF_UP, check_ce),
	LOST("no route to the care-of address", IF_UP, ha_unrouted, NO_ROUTE),
	{"reverse tunnel to where no route leads: the host's stack answers", IF_UP, DPN_INGRESS, ha_reverse_host, DPN_LOCAL, 0, 0, 0, -54, 0, NULL},
	LOST("reverse tunnel with IPv4", IF_UP, ha_reverse_ip4, TUNNEL_PROTO),
	SENT("SYN is clamped", IF_UP, ha_syn, 40, IF_UP, check_mss),
	SENT("echo request is data", IF_UP, echo_home, 40, IF_UP, NULL),
	{"home agent's own packet, hop limit stays", IF_ROAM0, DPN_EGRESS, ha_local_out, DPN_SEND, 0, 0, 0, 54, IF_UP, NULL},
	SENT("home agent tunnels to a mobile network", IF_UP, net_ha, 40, IF_UP, check_encap),
	SENT("reverse tunnel of a mobile network", IF_UP, net_reverse, -40, IF_UP, check_reverse),
	LOST("reverse tunnel of another's network", IF_UP, net_reverse_other, REVERSE_SOURCE),
};
const struct dpcase_set dpcases_home = {cases, sizeof cases / sizeof *cases};
