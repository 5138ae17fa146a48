// SPDX-License-Identifier: BSD-2-Clause
/* What is no data in IPv4 (H-7): messages, advertisements, membership reports, broadcasts, ARP, errors about tunnels; and what is not for us. */
#include "shapes4.h"

/* ---- messages, broadcasts ---- */

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

/* ---- advertisements, errors ---- */

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

/* ---- membership, ARP ---- */

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
	plain(p, IF_UP, CN, "10.1.0.100", 100);
	p->n = 30;
}

static const struct dpcase cases[] = {
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
const struct dpcase_set dpcases4_control = {cases, sizeof cases / sizeof *cases};
