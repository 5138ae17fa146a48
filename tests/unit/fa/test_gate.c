/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign agent: the gateway that guests find wherever they are, by ARP and neighbour discovery, and the server that leases them their addresses. */
#include "../kit/guest_kit.h"

#include "wire/arp/arp.h"
#include "wire/ip/udp4.h"
#include "wire/nd/nd.h"

/* --- the gateway ------------------------------------------------------------------------------------------ */

/* The n-th ARP message sent to the mobile. */
static struct arp arp_at(uint32_t nth)
{
	struct arp a;
	struct lladdr mobile = rig_lladdr(MOBILE);
	for (uint32_t i = 0;; i++) {
		const struct effect *e = rig_effect(&rig, FX_SEND, i);
		assert_non_null(e);
		if (!e->send.is_arp || nth--)
			continue;
		assert_int_equal(arp_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, &a), W_OK);
		assert_true(lladdr_eq(&e->send.lladdr, &mobile));
		return a;
	}
}

static bool nd_sent(uint8_t type, const struct addr6 *target, struct nd_packet *out)
{
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++) {
		size_t n = 0;
		const uint8_t *pkt = rig_sent(&rig, i, &n);
		if (!rig_effect(&rig, FX_SEND, i)->send.is_arp && nd_packet_parse(pkt, n, out) == W_OK && out->type == type &&
		    (!target || addr6_eq(&out->na.target, target)))
			return true;
	}
	return false;
}

static void a_guest_that_arrives_hears_of_its_gateway(void **state)
{
	struct addr6 gateway = rig_addr(AGENT6), gateway4 = rig_addr(AGENT4), home = rig_addr(HOME6);
	struct lladdr gate = rig_lladdr(GATE);
	struct nd_packet p;
	(void)state;
	start();
	hear(-60);
	assert_true(nd_sent(IC6_NA, &gateway, &p));
	assert_true(p.na.is_override && p.na.is_router && lladdr_eq(&p.na.tlla, &gate) && addr6_eq(&p.dst, &home));
	struct arp a = arp_at(0);
	assert_true(arp_is_gratuitous(&a) && addr6_eq(&a.sender, &gateway4) && lladdr_eq(&a.sender_ll, &gate));
	struct addr6 prefix = rig_addr("2001:db8:1::");
	assert_true(nd_sent(IC6_RA, NULL, &p));
	assert_true(p.ra.n_prefix == 1 && addr6_eq(&p.ra.prefix[0].addr, &prefix) && p.ra.prefix[0].len_bits == 64);
	assert_true(!p.ra.prefix[0].is_auto && lladdr_eq(&p.ra.slla, &gate));
}

static void rx_arp(const struct arp *a, const char *from)
{
	uint8_t buf[ARP_OCT];
	size_t n = arp_build(buf, sizeof buf, a);
	const struct rx rx = {.ifindex = ACC0, .why = DP_PUNT_ARP, .lladdr_src = rig_lladdr(from), .pkt = buf, .len_oct = n};
	rig_clear(&rig);
	(void)rig.ops->rx(rig.self, &rx, rig.now);
}

static void whatever_it_asks_for_is_here(void **state)
{
	struct lladdr mobile = rig_lladdr(MOBILE), gate = rig_lladdr(GATE);
	struct addr6 home = rig_addr(HOME4), near = rig_addr("10.1.0.55"), away = rig_addr("10.1.0.9");
	(void)state;
	start();
	hear(-60);
	struct arp q = arp_request(&mobile, &home, &near);
	rx_arp(&q, MOBILE);
	struct arp a = arp_at(0);
	assert_true(a.op == ARP_REPLY && addr6_eq(&a.sender, &near) && lladdr_eq(&a.sender_ll, &gate) && addr6_eq(&a.target, &home));
	q = arp_request(&mobile, &home, &home); /* its own: announced, not asked */
	rx_arp(&q, MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	q = arp_probe(&mobile, &home);
	rx_arp(&q, MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	q = arp_request(&mobile, &away, &near); /* not its address */
	rx_arp(&q, MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	q = arp_request(&mobile, &home, &near); /* another station in its name */
	rx_arp(&q, OTHER);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static bool rx_ns(const char *src, const char *target, const char *from)
{
	uint8_t buf[128];
	struct addr6 s = rig_addr(src);
	struct nd_ns ns = {.target = rig_addr(target), .has_slla = !addr6_is_any(&s), .slla = rig_lladdr(from)};
	struct addr6 dst = addr6_solicited_node(&ns.target);
	size_t n = ns_packet_build(buf, sizeof buf, &s, &dst, &ns);
	rig_clear(&rig);
	return rig_rx(&rig, ACC0, from, buf, n);
}

static void and_what_it_solicits(void **state)
{
	struct addr6 near = rig_addr("2001:db8:1::55"), router = rig_addr("fe80::1"), home = rig_addr(HOME6);
	struct nd_packet p;
	(void)state;
	start();
	hear(-60);
	assert_true(rx_ns(HOME6, "2001:db8:1::55", MOBILE));
	assert_true(nd_sent(IC6_NA, &near, &p) && p.na.is_solicited && addr6_eq(&p.dst, &home));
	assert_true(rx_ns("fe80::ff:fe00:100", "fe80::1", MOBILE));
	assert_true(nd_sent(IC6_NA, &router, &p));
	(void)rx_ns("::", HOME6, MOBILE); /* its probe for duplicates */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	(void)rx_ns("::", "2001:db8:1::77", MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	(void)rx_ns(HOME6, "fe80::ff:fe00:100", MOBILE); /* itself */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_false(rx_ns(HOME6, "2001:db8:1::55", OTHER));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void an_autoconfigured_address_keeps_its_prefix(void **state)
{
	struct nd_packet p;
	uint8_t buf[128];
	struct addr6 src = rig_addr("fe80::ff:fe00:100");
	(void)state;
	manager.rec.home6 = rig_addr("2001:db8:1::ff:fe00:100");
	start();
	hear(-60);
	rig_clear(&rig);
	const struct nd_rs rs = {.has_slla = true, .slla = rig_lladdr(MOBILE)};
	size_t n = rs_packet_build(buf, sizeof buf, &src, &addr6_allrouters, &rs);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	assert_true(nd_sent(IC6_RA, NULL, &p) && p.ra.prefix[0].is_auto);
}

static void the_datapath_is_told_of_the_gate_and_lets_nobody_else_send(void **state)
{
	struct lladdr gate = rig_lladdr(GATE);
	bool has_six = false;
	(void)state;
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	rig_clear(&rig);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	const struct dp_if *i = &rig_dp(&rig, FX_DP_PUT, DP_IF, 0)->iface;
	assert_true((i->flags & DP_IF_GATE) && (i->flags & DP_IF_FILTER) && lladdr_eq(&i->gate, &gate));
	for (uint32_t k = 0; k < i->n_prefix; k++)
		has_six |= !addr6_is_v4mapped(&i->prefix[k].addr) && i->prefix[k].len_bits == 128;
	assert_true(has_six);
}

/* --- leases ----------------------------------------------------------------------------------------------- */

enum { DHCP_FIXED_OCT = 240 };

/* A message of the mobile's as a client sends it; wanted, server: options, "" for none. */
static void rx_dhcp(uint8_t type, const char *ciaddr, const char *wanted, const char *server, const char *chaddr)
{
	uint8_t pkt[400], data[DHCP_FIXED_OCT] = {1, 1, 6, 0, 9, 9, 9, 9, [236] = 0x63, 0x82, 0x53, 0x63};
	struct lladdr ll = rig_lladdr(chaddr);
	struct addr6 from = rig_addr(*ciaddr ? ciaddr : "0.0.0.0"), w4 = rig_addr(*wanted ? wanted : "0.0.0.0"), s4 = rig_addr(*server ? server : "0.0.0.0");
	const struct ip4_path path = {.src = from, .dst = rig_addr("255.255.255.255"), .ttl = 64};
	memcpy(data + 12, from.b + 12, 4);
	memcpy(data + 28, &ll, 6);
	struct wr w = wr_of(pkt, sizeof pkt);
	const struct udp4_build b = udp4_begin(&w, &path, DHCP4_CLIENT_PORT, DHCP4_SERVER_PORT);
	wr_bytes(&w, data, sizeof data);
	wr_bytes(&w, (uint8_t[]){53, 1, type}, 3);
	if (*wanted) {
		wr_bytes(&w, (uint8_t[]){50, 4}, 2);
		wr_v4(&w, &w4);
	}
	if (*server) {
		wr_bytes(&w, (uint8_t[]){54, 4}, 2);
		wr_v4(&w, &s4);
	}
	wr_u8(&w, 255);
	const size_t n = udp4_finish(&w, &b);
	assert_true(n > 0);
	const struct rx rx = {.ifindex = ACC0, .why = DP_PUNT_BROADCAST, .lladdr_src = ll, .pkt = pkt, .len_oct = n};
	rig_clear(&rig);
	assert_true(rig.ops->rx(rig.self, &rx, rig.now));
}

/* The type of the answer, and the address in it; 0: none came. */
static uint8_t leased(struct addr6 *yiaddr)
{
	struct udp4_packet p;
	size_t n = 0;
	const struct addr6 home = rig_addr(HOME4);
	if (rig_count(&rig, FX_SEND) == 0)
		return 0;
	const uint8_t *pkt = rig_sent(&rig, 0, &n);
	assert_int_equal(udp4_packet_parse(pkt, n, &p), W_OK);
	assert_true(p.sport == DHCP4_SERVER_PORT && p.dport == DHCP4_CLIENT_PORT && p.data[0] == 2);
	struct rd r = rd_of(p.data + 16, 4);
	*yiaddr = rd_v4(&r);
	const uint8_t type = p.data[DHCP_FIXED_OCT + 2];
	assert_true(addr6_eq(&p.dst, &home) == (type != DHCP4_NAK));
	return type;
}

static void its_address_is_leased_to_a_guest(void **state)
{
	const struct addr6 home = rig_addr(HOME4);
	struct addr6 got;
	(void)state;
	conf.guests.lease = span_s(3600);
	start();
	rx_dhcp(DHCP4_DISCOVER, "", "", "", MOBILE);
	assert_int_equal(leased(&got), 0); /* not yet a guest */
	hear(-60);
	rx_dhcp(DHCP4_DISCOVER, "", "", "", MOBILE);
	assert_true(leased(&got) == DHCP4_OFFER && addr6_eq(&got, &home));
	rx_dhcp(DHCP4_REQUEST, "", HOME4, AGENT4, MOBILE); /* of what we offered */
	assert_true(leased(&got) == DHCP4_ACK && addr6_eq(&got, &home));
	rx_dhcp(DHCP4_REQUEST, HOME4, "", "", MOBILE); /* its lease is nearly over */
	assert_true(leased(&got) == DHCP4_ACK && addr6_eq(&got, &home));
	rx_dhcp(DHCP4_REQUEST, "", HOME4, "", MOBILE); /* it was switched off */
	assert_int_equal(leased(&got), DHCP4_ACK);
	rx_dhcp(DHCP4_REQUEST, "", "10.2.16.9", "", MOBILE); /* an address of another network */
	assert_int_equal(leased(&got), DHCP4_NAK);
	rx_dhcp(DHCP4_REQUEST, "", "10.2.16.9", "10.2.16.1", MOBILE); /* another server's offer */
	assert_int_equal(leased(&got), 0);
	rx_dhcp(DHCP4_INFORM, HOME4, "", "", MOBILE);
	assert_true(leased(&got) == DHCP4_ACK && addr6_is_none(&got));
	rx_dhcp(DHCP4_RELEASE, HOME4, "", "", MOBILE);
	assert_int_equal(leased(&got), 0);
	rx_dhcp(DHCP4_DISCOVER, "", "", "", OTHER);
	assert_int_equal(leased(&got), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_guest_that_arrives_hears_of_its_gateway),
		TEST(whatever_it_asks_for_is_here),
		TEST(and_what_it_solicits),
		TEST(an_autoconfigured_address_keeps_its_prefix),
		TEST(the_datapath_is_told_of_the_gate_and_lets_nobody_else_send),
		TEST(its_address_is_leased_to_a_guest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
