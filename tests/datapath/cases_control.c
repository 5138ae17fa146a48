// SPDX-License-Identifier: BSD-2-Clause
/* What is no data: messages and neighbour discovery, handed up or copied, and errors about tunnels; what is not for us, and what is malformed. */
#include "shapes.h"

/* ---- messages ---- */

static void message(struct pk *p, uint32_t ifx, const char *dst)
{
	pk_eth(p, ifx);
	pk_ip(p, "2001:db8:3::5", dst, MH, 60, 0);
	pk_bu(p);
	pk_end(p);
}
static void mh(struct pk *p) { message(p, IF_UP, HA); }
static void mh_mma(struct pk *p) { message(p, IF_DOWN, MMA); }
static void mh_through(struct pk *p) { message(p, IF_UP, CN); }
static void mh_hao(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:3::5", HA, DSTOPTS, 60, 0);
	pk_hao(p, "2001:db8:1::", MH);
	pk_bu(p);
	pk_end(p);
}
static void mh_rh2(struct pk *p)
{
	static const uint8_t rh2[24] = {MH, 2, 2, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8};
	pk_eth(p, IF_MOB);
	pk_ip(p, MMA, "2001:db8:5:1::100", ROUTING, 60, 0);
	pk_bytes(p, rh2, 24);
	pk_bu(p);
	pk_end(p);
}
static void message_coa(struct pk *p) { message(p, IF_UP, "2001:db8:2:ff::5"); }
static void udp_coa(struct pk *p)
{
	static const uint8_t padded[8] = {UDP, 0, 1, 4};
	pk_eth(p, IF_UP);
	pk_ip(p, CN, "2001:db8:2:ff::5", DSTOPTS, 60, 0);
	pk_bytes(p, padded, 8);
	pk_udp(p, 64);
	pk_end(p);
}

/* ---- membership, neighbour discovery ---- */

static void hop(struct pk *p, uint32_t ifx, const char *src, const char *group, uint8_t type, const void *body, size_t n)
{
	static const uint8_t alert[8] = {ICMP, 0, 5, 2, 0, 0, 1, 0};
	pk_eth_group(p, ifx, group);
	pk_ip(p, src, group, HOPOPTS, 1, 0);
	pk_bytes(p, alert, 8);
	pk_icmp(p, type, body, n);
	pk_end(p);
}
static void mld(struct pk *p) { hop(p, IF_ACC, "fe80::5", "ff02::16", 143, NULL, 24); }
static void mld_home(struct pk *p) { hop(p, IF_HOME, "fe80::5", "ff02::16", 143, NULL, 24); }
static void query(struct pk *p) { hop(p, IF_MOB, "fe80::5", "ff02::1", 130, NULL, 24); }
static void icmp(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t type, const void *body, size_t n)
{
	if (dst[0] == 'f' && dst[1] == 'f')
		pk_eth_group(p, ifx, dst);
	else
		pk_eth(p, ifx);
	pk_ip(p, src, dst, ICMP, 255, 0);
	pk_icmp(p, type, body, n);
	pk_end(p);
}
static void rs(struct pk *p) { icmp(p, IF_ACC, "fe80::5", "ff02::2", 133, NULL, 4); }
static void rs_up(struct pk *p) { icmp(p, IF_UP, "fe80::5", "ff02::2", 133, NULL, 4); }
static void ra(struct pk *p) { icmp(p, IF_MOB, "fe80::5", "ff02::1", 134, NULL, 12); }
static void ra_unicast(struct pk *p) { icmp(p, IF_MOB2, "fe80::5", "fe80::6", 134, NULL, 12); }
static void ns(struct pk *p, const char *dst, const char *target)
{
	uint8_t body[20] = {0};
	struct addr6 t = A(target);
	memcpy(body + 4, &t, 16);
	icmp(p, IF_HOME, "2001:db8:1::5", dst, 135, body, 20);
}
static void ns_bound(struct pk *p) { ns(p, "ff02::1:ff00:100", "2001:db8:1::100"); }
static void ns_bound_unicast(struct pk *p) { ns(p, "2001:db8:1::100", "2001:db8:1::100"); }
static void ns_checked(struct pk *p) { ns(p, "ff02::1:ff00:cc", "2001:db8:1::cc"); }
static void ns_other(struct pk *p) { ns(p, "ff02::1:ff00:5", "2001:db8:1::5"); }
static void mobile_nd(struct pk *p, uint8_t type, const char *target)
{
	uint8_t body[20] = {0};
	struct addr6 t = A(target);
	memcpy(body + 4, &t, 16);
	icmp(p, IF_MOB, "2001:db8:1::1", "ff02::1", type, body, 20);
}
static void na_mobile(struct pk *p) { mobile_nd(p, 136, "2001:db8:5:1::100"); }
static void na_mobile_other(struct pk *p) { mobile_nd(p, 136, "2001:db8:5:1::101"); }
static void ns_mobile(struct pk *p) { mobile_nd(p, 135, "2001:db8:5:1::100"); }
static void ha_discovery(struct pk *p) { icmp(p, IF_UP, "2001:db8:3::5", HA, 144, NULL, 4); }

/* ---- errors, and what is not for us ---- */

static void error_about(struct pk *p, const char *to, const char *src, uint8_t nh)
{
	struct pk q = {0};
	uint8_t body[92] = {0};
	pk_ip(&q, src, "2001:db8:3::5", nh, 60, 0);
	memcpy(body + 4, q.b, 40);
	icmp(p, IF_UP, "2001:db8:3::1", to, 2, body, 92);
}
static void error_ours(struct pk *p) { error_about(p, HA, HA, IPIP); }
static void error_coa(struct pk *p) { error_about(p, "2001:db8:2:ff::1", "2001:db8:2:ff::1", IPIP); }
static void error_other(struct pk *p) { error_about(p, HA, HA, UDP); }
static void error_rh2(struct pk *p) { error_about(p, HA, HA, ROUTING); }
static void error_message(struct pk *p) { error_about(p, "2001:db8:2:ff::5", "2001:db8:2:ff::5", MH); }
static void error_hao(struct pk *p) { error_about(p, "2001:db8:2:ff::5", "2001:db8:2:ff::5", DSTOPTS); }
static void to_mobile(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0xb9, 100); }
static void malformed(struct pk *p)
{
	to_mobile(p);
	p->n -= 10;
}
static void truncated(struct pk *p)
{
	to_mobile(p);
	p->n = 40;
}
static void strange(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:3::77", 60, 0, 10); }

static const struct dpcase cases[] = {
	PUNT("message to the home agent", IF_UP, mh, MH),
	PUNT("message to the agent", IF_DOWN, mh_mma, MH),
	PASS("message to somebody else", IF_UP, mh_through),
	PUNT("message with Home Address option", IF_UP, mh_hao, MH),
	PUNT("message with routing header", IF_MOB, mh_rh2, MH),
	PUNT("message to an assigned address", IF_UP, message_coa, MH),
	PASS("something else to an assigned address", IF_UP, udp_coa),
	COPY("membership report", IF_ACC, mld, MLD),
	PASS("membership report elsewhere", IF_HOME, mld_home),
	COPY("membership query", IF_MOB, query, MLD),
	COPY("router solicitation", IF_ACC, rs, RS),
	PASS("router solicitation elsewhere", IF_UP, rs_up),
	COPY("router advertisement", IF_MOB, ra, RA),
	COPY("router advertisement, unicast", IF_MOB2, ra_unicast, RA),
	PUNT("solicitation for a bound address", IF_HOME, ns_bound, ND),
	PUNT("unicast solicitation for a bound address", IF_HOME, ns_bound_unicast, ND),
	PUNT("solicitation for an address being checked", IF_HOME, ns_checked, ND),
	PASS("solicitation for another", IF_HOME, ns_other),
	COPY("advertisement about the mobile's own address", IF_MOB, na_mobile, ND),
	PASS("advertisement about another", IF_MOB, na_mobile_other),
	PASS("solicitation for the mobile", IF_MOB, ns_mobile),
	PUNT("home agent discovery", IF_UP, ha_discovery, ICMP_HA),
	PUNT("error about our tunnel", IF_UP, error_ours, ICMP_ERR),
	PUNT("error about the agent's tunnel", IF_UP, error_coa, ICMP_ERR),
	PASS("error about something else", IF_UP, error_other),
	PUNT("error about a routing header of ours", IF_UP, error_rh2, ICMP_ERR),
	PUNT("error about a message of ours", IF_UP, error_message, ICMP_ERR),
	PUNT("error about a Home Address option of ours", IF_UP, error_hao, ICMP_ERR),
	LOST("shorter than it says", IF_UP, malformed, MALFORMED),
	PASS("half a header", IF_UP, truncated),
	PASS("not for us", IF_UP, strange),
};
const struct dpcase_set dpcases_control = {cases, sizeof cases / sizeof *cases};
