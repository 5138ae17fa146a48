// SPDX-License-Identifier: BSD-2-Clause
/* The bench's IPv4 half: the same node, with IPv4 addresses of the same roles, and packets. */
#include <assert.h>
#include <stdio.h>

#include "dpk.h"

struct addr6 bench_addr4(const char *s)
{
	struct addr6 a;
	bool ok = addr46_parse(&a, s);
	assert(ok);
	(void)ok;
	return a;
}

struct putter { void (*put)(void *ctx, const struct dp_op *op); void *ctx; mono_t never, past; };

static void put(struct putter *p, struct dp_op op) { p->put(p->ctx, &op); }

static struct prefix6 prefix(const char *s)
{
	struct prefix6 p;
	bool ok = prefix46_parse(&p, s);
	assert(ok);
	(void)ok;
	return p;
}

static void put_local(struct putter *p, const char *addr, uint32_t flags)
{
	put(p, (struct dp_op){.table = DP_LOCAL, .local = {A4(addr), flags}});
}

static void put_net(struct putter *p, const char *net, const char *hoa)
{
	put(p, (struct dp_op){.table = DP_NET, .net = {prefix(net), A4(hoa)}});
}

/* Links: the access link's IPv4 prefix and agent beside its IPv6 ones; broadcasts of the home link are wanted. */
static void put_links(struct putter *p)
{
	put(p, (struct dp_op){.table = DP_IF, .iface = {.ifindex = IF_ACC, .flags = DP_IF_ACCESS | DP_IF_FILTER, .lladdr = bench_mac(IF_ACC),
		.mtu_oct = BENCH_MTU, .mma = A("2001:db8:2::1"), .mma4 = A4("10.2.0.1"), .prefix = {prefix("2001:db8:2:11::/64"), prefix("10.2.17.0/24")},
		.n_prefix = 2}});
	put(p, (struct dp_op){.table = DP_IF, .iface = {.ifindex = IF_HOME, .flags = DP_IF_HOME | DP_IF_BROADCAST, .lladdr = bench_mac(IF_HOME),
		.mtu_oct = BENCH_MTU}});
}

struct home { const char *hoa, *coa; enum dp_encap encap; uint16_t port; bool is_over, is_one_way, has_more, is_nested; };

static void put_home(struct putter *p, struct home h)
{
	put(p, (struct dp_op){.table = DP_HOME, .home = {.home_address = A4(h.hoa), .coa = A4(h.coa), .ha = A4("10.1.0.1"),
		.expires = h.is_over ? p->past : p->never, .prev = A4("10.3.0.9"), .prev_until = p->never, .encap = h.encap, .udp_port = h.port,
		.has_more = h.has_more, .is_reverse = !h.is_one_way, .is_nested = h.is_nested}});
}

static void put_home_agent(struct putter *p)
{
	put_local(p, "10.1.0.1", DP_LOCAL_MH | DP_LOCAL_HA);
	put_local(p, "10.1.0.204", 0);
	put_home(p, (struct home){"10.1.0.100", "10.3.0.5", DP_ENCAP_IPIP});
	put_home(p, (struct home){"10.1.0.101", "10.3.0.5", DP_ENCAP_GRE_PLAIN});
	put_home(p, (struct home){"10.1.0.102", "10.3.0.5", DP_ENCAP_MINIMAL});
	put_home(p, (struct home){"10.1.0.103", "10.3.0.5", DP_ENCAP_UDP, .port = 40000});
	put_home(p, (struct home){"10.1.0.104", "10.3.0.5", DP_ENCAP_IPIP, .has_more = true});
	put(p, (struct dp_op){.table = DP_HOME_MORE, .home_more = {A4("10.1.0.104"), 3, {{A4("10.3.0.6"), DP_ENCAP_GRE_PLAIN, 0, p->never},
		{A4("10.3.0.7"), DP_ENCAP_UDP, 50000, p->never}, {A4("10.3.0.8"), DP_ENCAP_IPIP, 0, p->past}}}});
	put_home(p, (struct home){"10.1.0.109", "10.3.0.5", DP_ENCAP_IPIP, .has_more = true});
	put(p, (struct dp_op){.table = DP_HOME_MORE, .home_more = {A4("10.1.0.109"), 2, {{A4("10.3.0.6"), DP_ENCAP_MINIMAL, 0, p->never},
		{A4("10.222.0.6"), DP_ENCAP_IPIP, 0, p->never}}}});
	put_home(p, (struct home){"10.1.0.105", "10.3.0.5", DP_ENCAP_IPIP, .is_one_way = true});
	put_home(p, (struct home){"10.1.0.106", "10.222.0.9", DP_ENCAP_IPIP});
	put_home(p, (struct home){"10.1.0.107", "10.3.0.5", DP_ENCAP_IPIP, .is_over = true});
	put_home(p, (struct home){"10.1.0.108", "10.4.0.1", DP_ENCAP_IPIP});
	put_home(p, (struct home){"10.1.0.200", "10.2.0.1", DP_ENCAP_IPIP});
	put_net(p, "10.1.240.0/24", "10.1.0.100");
}

/* Mobile routers that visit foreign agents, this one too. */
static void put_home_agent_nested(struct putter *p)
{
	put_home(p, (struct home){"10.1.0.110", "10.3.0.5", DP_ENCAP_IPIP, .is_nested = true});
	put_home(p, (struct home){"10.1.0.111", "10.3.0.5", DP_ENCAP_UDP, .port = 40000, .is_nested = true});
	put_home(p, (struct home){"10.1.0.112", "10.3.0.5", DP_ENCAP_MINIMAL, .has_more = true, .is_nested = true});
	put(p, (struct dp_op){.table = DP_HOME_MORE, .home_more = {A4("10.1.0.112"), 2, {{A4("10.3.0.6"), DP_ENCAP_GRE_PLAIN, 0, p->never, true},
		{A4("10.3.0.7"), DP_ENCAP_IPIP, 0, p->never, false}}}});
	put_home(p, (struct home){"10.1.0.113", "10.4.0.1", DP_ENCAP_IPIP, .is_nested = true});
	put_net(p, "10.1.241.0/24", "10.1.0.110");
	put_net(p, "10.1.242.0/24", "10.1.0.111");
	put_net(p, "10.1.243.0/24", "10.1.0.112");
	put_net(p, "10.1.244.0/24", "10.1.0.113");
}

static struct dp_coa coa(struct putter *p, const char *hoa, const char *group, const char *ha)
{
	return (struct dp_coa){.coa = A4(hoa), .home_address = A4(hoa), .group = A4(group), .source = A4("10.2.0.1"), .ha = A4(ha), .prev = A4("10.2.99.1"),
		.prev_until = p->never, .expires = p->never, .seq_start = 7};
}
static void put_coa(struct putter *p, struct dp_coa e) { put(p, (struct dp_op){.table = DP_COA, .coa = e}); }

static struct dp_uplink_in up(struct putter *p, const char *src, const char *ha)
{
	return (struct dp_uplink_in){.inner_src = A4(src), .coa = A4("10.2.0.1"), .ha = A4(ha), .gre_key = BENCH_KEY, .gre_key_prev = BENCH_KEY,
		.expires = p->never, .encap = DP_ENCAP_IPIP};
}
static void put_up(struct putter *p, struct dp_uplink_in e) { put(p, (struct dp_op){.table = DP_UPLINK_IN, .uplink_in = e}); }

static void put_group(struct putter *p, const char *source, const char *group, uint32_t iif, uint32_t first, uint32_t second)
{
	put(p, (struct dp_op){.table = DP_MFC, .mfc = {.group = A4(group), .source = A4(source), .iif = iif, .oif = {first, second},
		.n_oif = second ? 2 : 1}});
}

static void put_agent(struct putter *p)
{
	put_local(p, "10.2.0.1", DP_LOCAL_MH | DP_LOCAL_MMA);
	put_coa(p, coa(p, "10.9.0.30", "232.128.0.1", "10.9.0.1"));
	put_coa(p, coa(p, "10.1.0.200", "232.128.0.2", "10.1.0.1"));
	struct dp_coa e = coa(p, "10.9.0.40", "232.128.0.3", "10.9.0.1");
	e.expires = p->past;
	put_coa(p, e);
	e = coa(p, "10.9.0.50", "232.128.0.4", "10.9.0.1");
	e.prev_until = p->past;
	put_coa(p, e);
	e = coa(p, "10.9.0.60", "232.128.0.5", "10.9.0.1");
	e.keep = true;
	put_coa(p, e);
	e = coa(p, "10.9.0.70", "232.128.0.6", "10.9.0.1");
	e.expires = p->past;
	e.forward = A4("10.4.6.6");
	e.forward_until = p->never;
	put_coa(p, e);
	put_up(p, up(p, "10.9.0.30", "10.9.0.1"));
	put_up(p, up(p, "10.1.0.200", "10.1.0.1"));
	struct dp_uplink_in u = up(p, "10.9.0.40", "10.9.0.1");
	u.expires = p->past;
	put_up(p, u);
	u = up(p, "10.9.0.50", "10.9.0.1");
	u.bound = A4("10.2.12.5");
	put_up(p, u);
	u = up(p, "10.9.0.60", "0.0.0.0");
	put_up(p, u);
	u = up(p, "10.9.0.80", "10.9.0.1");
	u.encap = DP_ENCAP_UDP;
	u.udp_port = 434;
	put_up(p, u);
	put(p, (struct dp_op){.table = DP_SITE_PREFIX, .site_prefix = {prefix("10.2.16.0/20")}});
	put_group(p, "10.2.0.1", "232.128.0.1", 0, IF_DOWN, IF_DOWN2);
	put_group(p, "10.2.0.1", "232.128.0.2", 0, IF_DOWN, 0);
	put_group(p, "10.2.0.1", "232.128.0.5", 0, IF_DOWN, 0);
	put_group(p, "10.6.0.1", "232.128.0.9", IF_UP, IF_ACC, 0);
	put_net(p, "10.9.6.0/24", "10.9.0.30");
}

struct visit { const char *hoa, *ha; enum dp_visit_up up; enum dp_encap encap; bool is_over; };

static void put_visit(struct putter *p, struct visit v)
{
	put(p, (struct dp_op){.table = DP_VISIT, .visit = {.home_address = A4(v.hoa), .ha = A4(v.ha), .coa = A4("10.4.0.1"), .ifindex = IF_ACC,
		.lladdr = bench_peer(IF_ACC), .up = v.up, .encap = v.encap, .udp_port = v.encap == DP_ENCAP_UDP ? 434 : 0,
		.expires = v.is_over ? p->past : p->never}});
}

static void put_foreign_agent(struct putter *p)
{
	put_local(p, "10.4.0.1", DP_LOCAL_MH | DP_LOCAL_FA);
	put_local(p, "10.2.17.1", DP_LOCAL_MH | DP_LOCAL_FA);
	put_visit(p, (struct visit){"10.8.0.1", "10.8.0.254", DP_VISIT_REVERSE, DP_ENCAP_IPIP});
	put_visit(p, (struct visit){"10.8.0.2", "10.8.0.254", DP_VISIT_ROUTE, DP_ENCAP_IPIP});
	put_visit(p, (struct visit){"10.8.0.3", "10.8.0.254", DP_VISIT_ENCAPSULATED, DP_ENCAP_IPIP});
	put_visit(p, (struct visit){"10.8.0.4", "10.8.0.254", DP_VISIT_REVERSE, DP_ENCAP_IPIP, .is_over = true});
	put_visit(p, (struct visit){"10.8.0.5", "10.8.0.254", DP_VISIT_REVERSE, DP_ENCAP_UDP});
	put_visit(p, (struct visit){"10.8.0.6", "10.8.0.254", DP_VISIT_WAIT, DP_ENCAP_IPIP});
	put_visit(p, (struct visit){"10.1.0.108", "10.1.0.1", DP_VISIT_REVERSE, DP_ENCAP_IPIP});
	put_visit(p, (struct visit){"10.1.0.113", "10.1.0.1", DP_VISIT_REVERSE, DP_ENCAP_IPIP});
	put_net(p, "10.8.8.0/24", "10.8.0.1");
}

static void put_in(struct putter *p, const char *dst, const char *src, const char *hoa, enum dp_encap encap, uint32_t ifindex)
{
	put(p, (struct dp_op){.table = DP_DOWNLINK_IN, .downlink_in = {.dst = A4(dst), .src = A4(src), .home_address = A4(hoa), .encap = encap,
		.broadcast = A4("10.7.0.255"), .allowed_if = {ifindex}, .n_allowed_if = ifindex ? 1 : 0}});
}

static void put_out_nested(struct putter *p, const char *hoa, const char *dst, enum dp_encap encap, const char *nest)
{
	put(p, (struct dp_op){.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = A4(hoa), .ifindex = IF_MOB, .next_hop = bench_peer(IF_MOB),
		.lladdr = bench_mac(IF_MOB), .src = A4("10.5.1.100"), .dst = A4(dst), .encap = encap, .gre_key = BENCH_KEY,
		.udp_port = encap == DP_ENCAP_UDP ? 434 : 0, .mtu_oct = encap == DP_ENCAP_NONE ? 1400 : BENCH_MTU, .nest = A4(nest)}});
}
static void put_out(struct putter *p, const char *hoa, const char *dst, enum dp_encap encap) { put_out_nested(p, hoa, dst, encap, "0.0.0.0"); }

static void put_mobile(struct putter *p)
{
	put_local(p, "10.5.1.100", DP_LOCAL_MH);
	put_local(p, "10.7.0.1", DP_LOCAL_MH);
	put_local(p, "0.0.0.0", DP_LOCAL_MH);
	put_local(p, "232.128.0.77", DP_LOCAL_MH);
	put_in(p, "232.128.0.77", "10.5.0.1", "10.7.0.1", DP_ENCAP_GRE, 0);
	put_in(p, "10.5.1.100", "10.7.0.254", "10.7.0.1", DP_ENCAP_IPIP, IF_MOB);
	put_in(p, "10.5.1.100", "10.7.0.253", "10.7.0.1", DP_ENCAP_UDP, 0);
	put_in(p, "10.5.1.100", "10.7.0.252", "10.7.0.1", DP_ENCAP_GRE_PLAIN, 0);
	put_in(p, "10.5.1.100", "10.7.0.251", "10.7.0.1", DP_ENCAP_MINIMAL, 0);
	put_out(p, "10.7.0.1", "10.5.0.1", DP_ENCAP_GRE);
	put_out(p, "10.7.0.2", "10.7.0.254", DP_ENCAP_IPIP);
	put_out(p, "10.7.0.3", "10.7.0.252", DP_ENCAP_GRE_PLAIN);
	put_out(p, "10.7.0.4", "10.7.0.251", DP_ENCAP_MINIMAL);
	put_out(p, "10.7.0.5", "10.7.0.253", DP_ENCAP_UDP);
	put_out(p, "10.7.0.6", "0.0.0.0", DP_ENCAP_NONE);
	put_net(p, "10.7.7.0/24", "10.7.0.1");
	put_in(p, "10.7.0.1", "10.7.0.250", "10.7.0.1", DP_ENCAP_IPIP, 0);
	put_out_nested(p, "10.7.0.11", "10.5.0.1", DP_ENCAP_GRE, "10.7.0.250");
	put_out_nested(p, "10.7.0.12", "0.0.0.0", DP_ENCAP_NONE, "10.7.0.250");
	put_net(p, "10.7.11.0/24", "10.7.0.11");
	put_net(p, "10.7.12.0/24", "10.7.0.12");
}

void bench_entries4(mono_t now, void (*fn)(void *ctx, const struct dp_op *op), void *ctx)
{
	struct putter p = {fn, ctx, MONO_NEVER, {now.ns - 1000000}};
	put_links(&p);
	put_home_agent(&p);
	put_home_agent_nested(&p);
	put_agent(&p);
	put_foreign_agent(&p);
	put_mobile(&p);
}

/* ---- packets ---- */

static void u8(struct pk *p, uint32_t v) { pk_bytes(p, &(uint8_t){(uint8_t)v}, 1); }
static void u16(struct pk *p, uint32_t v) { u8(p, v >> 8), u8(p, v); }
static void u32(struct pk *p, uint32_t v) { u16(p, v >> 16), u16(p, v); }

static void eth(struct pk *p, struct lladdr dst, struct lladdr src, uint16_t proto)
{
	*p = (struct pk){0};
	pk_bytes(p, &dst, 6);
	pk_bytes(p, &src, 6);
	u16(p, proto);
}

void pk_eth4(struct pk *p, uint32_t ifindex) { eth(p, bench_mac(ifindex), bench_peer(ifindex), 0x0800); }

void pk_eth4_to(struct pk *p, uint32_t ifindex, const char *dst)
{
	struct addr6 d = A4(dst);
	eth(p, addr6_is_v4multicast(&d) ? lladdr_of_multicast4(&d) : (struct lladdr){{255, 255, 255, 255, 255, 255}}, bench_peer(ifindex), 0x0800);
}

void pk_ip4(struct pk *p, const char *src, const char *dst, uint8_t proto, uint8_t ttl, uint8_t tos, uint16_t frag)
{
	struct addr6 s = A4(src), d = A4(dst);
	p->ip[p->n_ip++] = p->n;
	u8(p, 0x45), u8(p, tos), u16(p, 0), u16(p, 0x4321), u16(p, frag), u8(p, ttl), u8(p, proto), u16(p, 0);
	pk_bytes(p, s.b + 12, 4);
	pk_bytes(p, d.b + 12, 4);
}

void pk_alert4(struct pk *p)
{
	p->b[p->ip[p->n_ip - 1]] = 0x46;
	u32(p, 0x94040000);
}

void pk_gre4(struct pk *p, uint16_t flags, uint32_t opt)
{
	u16(p, flags), u16(p, 0x0800);
	if (flags)
		u32(p, opt);
}

void pk_mip(struct pk *p, uint16_t sport, uint16_t dport, uint8_t type, uint8_t next)
{
	u16(p, sport), u16(p, dport), u16(p, 0), u16(p, 0), u8(p, type), u8(p, next), u16(p, 0);
}

void pk_arp(struct pk *p, uint32_t ifindex, uint16_t op, const char *sender, const char *target)
{
	struct addr6 s = A4(sender), t = A4(target);
	struct lladdr from = bench_peer(ifindex), none = {{0}};
	eth(p, (struct lladdr){{255, 255, 255, 255, 255, 255}}, from, 0x0806);
	u16(p, 1), u16(p, 0x0800), u8(p, 6), u8(p, 4), u16(p, op);
	pk_bytes(p, &from, 6);
	pk_bytes(p, s.b + 12, 4);
	pk_bytes(p, &none, 6);
	pk_bytes(p, t.b + 12, 4);
}

uint16_t pk_sum(const uint8_t *b, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void pk_fix4(uint8_t *ip, size_t n)
{
	size_t head = n ? (size_t)(ip[0] & 15) * 4 : 0;
	if (n < 20 || ip[0] >> 4 != 4 || head < 20 || head > n)
		return;
	ip[10] = ip[11] = 0;
	uint16_t sum = pk_sum(ip, head);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}
