// SPDX-License-Identifier: BSD-2-Clause
#include "dpk.h"

#include <assert.h>

#include "datapath/lib/types.h"

struct addr6 bench_addr(const char *s)
{
	struct addr6 a;
	bool ok = addr6_parse(&a, s);
	assert(ok);
	(void)ok;
	return a;
}

struct lladdr bench_mac(uint32_t ifindex) { return (struct lladdr){{2, 0, 0, 0, 0, (uint8_t)ifindex}}; }
struct lladdr bench_peer(uint32_t ifindex) { return (struct lladdr){{2, 0xff, 0, 0, 0, (uint8_t)ifindex}}; }

bool bench_route(void *ctx, const struct addr6 *dst, struct dpn_way *way)
{
	static const struct addr6 net = {{0x20, 0x01, 0x0d, 0xb8}};
	(void)ctx;
	bool is4 = addr6_is_v4mapped(dst), is_dead = is4 ? dst->b[13] == 222 : dst->b[4] == 0xde && dst->b[5] == 0xad;
	if (is_dead || (is4 ? dst->b[12] != 10 : memcmp(dst, &net, 4))) {
		way->mtu_oct = 0;
		return false;
	}
	*way = (struct dpn_way){IF_UP, BENCH_MTU, bench_peer(IF_UP), bench_mac(IF_UP)};
	return true;
}

struct putter { void (*put)(void *ctx, const struct dp_op *op); void *ctx; mono_t never, past; };

static void put(struct putter *p, struct dp_op op) { p->put(p->ctx, &op); }

static void put_if(struct putter *p, uint32_t ifindex, uint32_t flags)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ifindex, .flags = flags, .lladdr = bench_mac(ifindex),
		.mtu_oct = BENCH_MTU, .mma = A("2001:db8:2::1"), .n_prefix = 1}};
	bool ok = prefix6_parse(&op.iface.prefix[0], "2001:db8:2:11::/64");
	assert(ok);
	(void)ok;
	put(p, op);
}

static void put_home(struct putter *p, const char *hoa, const char *coa, mono_t expires)
{
	put(p, (struct dp_op){.table = DP_HOME, .home = {A(hoa), A(coa), A("2001:db8:1::1"), expires, A("2001:db8:3::9"),
		hoa[strlen(hoa) - 1] == '0' ? p->never : p->past}});
}

static void put_coa(struct putter *p, const char *coa, const char *hoa, const char *group, const char *ha, mono_t expires)
{
	put(p, (struct dp_op){.table = DP_COA, .coa = {.coa = A(coa), .home_address = A(hoa), .group = A(group),
		.source = A("2001:db8:2::1"), .ha = A(ha), .prev = A("2001:db8:7::1"),
		.prev_until = hoa[strlen(hoa) - 3] == '3' ? p->never : p->past, .expires = expires, .seq_start = 7}});
}

static void put_up(struct putter *p, const char *src, const char *coa, const char *ha, const char *bound, mono_t expires)
{
	put(p, (struct dp_op){.table = DP_UPLINK_IN, .uplink_in = {.inner_src = A(src), .coa = A(coa), .ha = A(ha),
		.gre_key = BENCH_KEY, .bound = A(bound), .expires = expires}});
}

static void put_home_agent(struct putter *p)
{
	put(p, (struct dp_op){.table = DP_LOCAL, .local = {A("2001:db8:1::1"), DP_LOCAL_MH | DP_LOCAL_HA}});
	put(p, (struct dp_op){.table = DP_LOCAL, .local = {A("2001:db8:1::cc"), 0}});
	put(p, (struct dp_op){.table = DP_LOCAL, .local = {A("fe80::cc"), 0}});
	put_home(p, "2001:db8:1::100", "2001:db8:3::5", p->never);
	put_home(p, "2001:db8:1::200", "2001:db8:2:ff::2", p->never);
	put_home(p, "2001:db8:1::900", "2001:db8:3::9", p->past);
	put_home(p, "2001:db8:1::901", "2001:db8:dead::9", p->never);
}

static void put_agent(struct putter *p)
{
	struct dp_op site = {.table = DP_SITE_PREFIX};
	put(p, (struct dp_op){.table = DP_LOCAL, .local = {A("2001:db8:2::1"), DP_LOCAL_MH | DP_LOCAL_MMA}});
	put_coa(p, "2001:db8:2:ff::1", "2001:db8:9::300", "ff35::1", "2001:db8:9::1", p->never);
	put_coa(p, "2001:db8:2:ff::2", "2001:db8:1::200", "ff35::2", "2001:db8:1::1", p->never);
	put_coa(p, "2001:db8:2:ff::3", "2001:db8:9::400", "ff35::3", "2001:db8:9::1", p->past);
	put_coa(p, "2001:db8:2:ff::4", "2001:db8:9::500", "ff35::4", "2001:db8:9::1", p->never);
	put_up(p, "2001:db8:9::300", "2001:db8:2:ff::1", "2001:db8:9::1", "::", p->never);
	put_up(p, "2001:db8:1::200", "2001:db8:2:ff::2", "2001:db8:1::1", "::", p->never);
	put_up(p, "2001:db8:9::400", "2001:db8:2:ff::3", "2001:db8:9::1", "::", p->past);
	put_up(p, "2001:db8:9::500", "2001:db8:2:ff::4", "2001:db8:9::1", "2001:db8:2:12::5", p->never);
	bool ok = prefix6_parse(&site.site_prefix.prefix, "2001:db8:2:10::/60");
	assert(ok);
	(void)ok;
	put(p, site);
	put(p, (struct dp_op){.table = DP_MFC, .mfc = {.group = A("ff35::1"), .source = A("2001:db8:2::1"), .oif = {IF_DOWN, IF_DOWN2}, .n_oif = 2}});
	put(p, (struct dp_op){.table = DP_MFC, .mfc = {.group = A("ff35::2"), .source = A("2001:db8:2::1"), .oif = {IF_DOWN}, .n_oif = 1}});
}

static void put_router_and_mobile(struct putter *p)
{
	put(p, (struct dp_op){.table = DP_MFC, .mfc = {.group = A("ff35::9"), .source = A("2001:db8:6::1"), .iif = IF_UP, .oif = {IF_ACC}, .n_oif = 1}});
	put(p, (struct dp_op){.table = DP_LOCAL, .local = {A("2001:db8:5:1::100"), DP_LOCAL_MH}});
	put(p, (struct dp_op){.table = DP_DOWNLINK_IN, .downlink_in = {.dst = A("ff35::77"), .src = A("2001:db8:5::1"),
		.home_address = A("2001:db8:8::1"), .encap = DP_ENCAP_GRE}});
	put(p, (struct dp_op){.table = DP_DOWNLINK_IN, .downlink_in = {.dst = A("ff35::78"), .src = A("2001:db8:5::1"),
		.home_address = A("2001:db8:8::1"), .encap = DP_ENCAP_GRE, .allowed_if = {IF_MOB}, .n_allowed_if = 1}});
	put(p, (struct dp_op){.table = DP_DOWNLINK_IN, .downlink_in = {.dst = A("2001:db8:5:1::100"), .src = A("2001:db8:8::ff"),
		.home_address = A("2001:db8:8::1"), .encap = DP_ENCAP_IPIP, .allowed_if = {IF_MOB}, .n_allowed_if = 1}});
	put(p, (struct dp_op){.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = A("2001:db8:8::1"), .ifindex = IF_MOB,
		.next_hop = bench_peer(IF_MOB), .lladdr = bench_mac(IF_MOB), .src = A("2001:db8:5:1::100"), .dst = A("2001:db8:5::1"),
		.encap = DP_ENCAP_GRE, .gre_key = BENCH_KEY, .mtu_oct = BENCH_MTU}});
	put(p, (struct dp_op){.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = A("2001:db8:8::2"), .ifindex = IF_MOB,
		.next_hop = bench_peer(IF_MOB), .lladdr = bench_mac(IF_MOB), .src = A("2001:db8:5:1::100"), .dst = A("2001:db8:8::ff"),
		.encap = DP_ENCAP_IPIP, .mtu_oct = BENCH_MTU}});
}

void bench_entries(mono_t now, void (*fn)(void *ctx, const struct dp_op *op), void *ctx)
{
	struct putter p = {fn, ctx, MONO_NEVER, {now.ns - 1000000}};
	put_if(&p, IF_UP, DP_IF_UPSTREAM);
	put_if(&p, IF_DOWN, DP_IF_DOWNSTREAM);
	put_if(&p, IF_DOWN2, DP_IF_DOWNSTREAM);
	put_if(&p, IF_ACC, DP_IF_ACCESS | DP_IF_FILTER);
	put_if(&p, IF_MOB, DP_IF_MOBILE);
	put_if(&p, IF_MOB2, DP_IF_MOBILE);
	put_if(&p, IF_HOME, DP_IF_HOME);
	put_home_agent(&p);
	put_agent(&p);
	put_router_and_mobile(&p);
}

static struct prefix6 prefix(const char *s)
{
	struct prefix6 p;
	bool ok = prefix6_parse(&p, s);
	assert(ok);
	(void)ok;
	return p;
}

static void put_ro(struct putter *p, const char *hoa, const char *cn, const char *coa, bool is_testing)
{
	put(p, (struct dp_op){.table = DP_RO_OUT, .ro_out = {A(hoa), A(cn), A(coa), is_testing, p->never}});
}

static void put_net(struct putter *p, const char *net, const char *hoa)
{
	put(p, (struct dp_op){.table = DP_NET, .net = {prefix(net), A(hoa)}});
}

static void put_cn(struct putter *p, const char *hoa, const char *coa)
{
	put(p, (struct dp_op){.table = DP_CN, .cn = {A(hoa), A("2001:db8:1::1"), A(coa), p->never}});
}

static void put_agent_more(struct putter *p)
{
	struct dp_op op = {.table = DP_COA, .coa = {.coa = A("2001:db8:2:ff::5"), .home_address = A("2001:db8:9::600"), .group = A("ff35::5"),
		.source = A("2001:db8:2::1"), .ha = A("2001:db8:9::1"), .expires = p->never, .seq_start = 7, .wants_ro = true, .keep = true}};
	put(p, op);
	op.coa = (struct dp_coa){.coa = A("2001:db8:2:ff::6"), .home_address = A("2001:db8:9::700"), .group = A("ff35::6"),
		.source = A("2001:db8:2::1"), .ha = A("2001:db8:9::1"), .expires = p->past, .forward = A("2001:db8:4::6"), .forward_until = p->never};
	put(p, op);
	op.coa.coa = A("2001:db8:2:ff::7");
	op.coa.forward_until = p->past;
	put(p, op);
	put_up(p, "2001:db8:9::600", "2001:db8:2:ff::5", "2001:db8:9::1", "::", p->never);
	put(p, (struct dp_op){.table = DP_MFC, .mfc = {.group = A("ff35::5"), .source = A("2001:db8:2::1"), .oif = {IF_DOWN}, .n_oif = 1}});
	put_ro(p, "2001:db8:9::600", "2001:db8:c::2", "2001:db8:2:ff::5", false);
	put_ro(p, "2001:db8:9::600", "2001:db8:c::3", "2001:db8:2:ff::5", true);
	put_ro(p, "2001:db8:9::600", "2001:db8:c::5", "2001:db8:2:ff::55", false); /* of an earlier registration */
	put_net(p, "2001:db8:9:6000::/52", "2001:db8:9::600");
	put_net(p, "2001:db8:9:6100::/56", "2001:db8:9::300");
	put_net(p, "2001:db8:1:f000::/52", "2001:db8:1::100");
}

void bench_entries_more(mono_t now, void (*fn)(void *ctx, const struct dp_op *op), void *ctx)
{
	struct putter p = {fn, ctx, MONO_NEVER, {now.ns - 1000000}};
	put_agent_more(&p);
	put_net(&p, "2001:db8:8:1::/64", "2001:db8:8::1");
	put(&p, (struct dp_op){.table = DP_DOWNLINK_IN, .downlink_in = {.dst = A("2001:db8:5:1::100"),
		.home_address = A("2001:db8:8::1"), .encap = DP_ENCAP_RH2}});
	put_ro(&p, "2001:db8:8::1", "2001:db8:c::4", "2001:db8:5:1::100", false);
	put_ro(&p, "2001:db8:8::1", "2001:db8:c::5", "2001:db8:5:1::101", false); /* of an earlier link */
	put(&p, (struct dp_op){.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = A("2001:db8:8::4"), .ifindex = IF_MOB,
		.next_hop = bench_peer(IF_MOB), .lladdr = bench_mac(IF_MOB), .src = A("2001:db8:5:1::100"), .dst = A("2001:db8:8::ff"),
		.encap = DP_ENCAP_IPIP, .mtu_oct = BENCH_MTU, .direct = {prefix("2001:db8:c:d::/64")}, .n_direct = 1}});
	put_cn(&p, "2001:db8:b::1", "2001:db8:b:1::1");
	put_cn(&p, "2001:db8:b::2", "2001:db8:b:1::2");
	put(&p, (struct dp_op){.table = DP_LOCAL, .local = {A("2001:db8:8::1"), DP_LOCAL_MH}});
	put(&p, (struct dp_op){.table = DP_CN, .cn = {A("2001:db8:b::3"), A("2001:db8:8::1"), A("2001:db8:b:1::3"), p.never}});
	put(&p, (struct dp_op){.table = DP_CN_TRUST, .cn_trust = {prefix("2001:db8:e::/48"), prefix("2001:db8:f:1::/64")}});
}

/* ---- packets ---- */

void pk_bytes(struct pk *p, const void *bytes, size_t n)
{
	assert(p->n + n <= sizeof p->b);
	if (bytes)
		memcpy(p->b + p->n, bytes, n);
	else
		for (size_t i = 0; i < n; i++)
			p->b[p->n + i] = (uint8_t)i;
	p->n += n;
}

static void u8(struct pk *p, uint32_t v) { pk_bytes(p, &(uint8_t){(uint8_t)v}, 1); }
static void u16(struct pk *p, uint32_t v) { u8(p, v >> 8), u8(p, v); }
static void u32(struct pk *p, uint32_t v) { u16(p, v >> 16), u16(p, v); }

static void eth(struct pk *p, struct lladdr dst, struct lladdr src)
{
	*p = (struct pk){0};
	pk_bytes(p, &dst, 6);
	pk_bytes(p, &src, 6);
	u16(p, 0x86dd);
}

void pk_eth(struct pk *p, uint32_t ifindex) { eth(p, bench_mac(ifindex), bench_peer(ifindex)); }

void pk_eth_group(struct pk *p, uint32_t ifindex, const char *group)
{
	struct addr6 g = A(group);
	eth(p, lladdr_of_multicast(&g), bench_peer(ifindex));
}

void pk_ip(struct pk *p, const char *src, const char *dst, uint8_t nh, uint8_t hl, uint8_t tclass)
{
	struct addr6 s = A(src), d = A(dst);
	p->ip[p->n_ip++] = p->n;
	u32(p, 6u << 28 | (uint32_t)tclass << 20 | 0x12345);
	u16(p, 0);
	u8(p, nh);
	u8(p, hl);
	pk_bytes(p, &s, 16);
	pk_bytes(p, &d, 16);
}

void pk_gre(struct pk *p, uint16_t flags, uint32_t opt) { u16(p, flags), u16(p, 0x86dd), u32(p, opt); }

/* Completes the checksum at `at` over everything from `from` on, with the last IPv6 header's pseudo-header. */
static void checksum(struct pk *p, size_t from, size_t at, uint8_t proto)
{
	const uint8_t *ip = p->b + p->ip[p->n_ip - 1];
	const bool is4 = ip[0] >> 4 == 4;
	uint64_t sum = proto == 1 ? 0 : proto + (p->n - from);
	for (size_t i = is4 ? 12 : 8; i < (is4 ? 20 : 40) && proto != 1; i += 2)
		sum += (uint64_t)ip[i] << 8 | ip[i + 1];
	for (size_t i = from; i < p->n; i += 2)
		sum += (uint64_t)p->b[i] << 8 | (i + 1 < p->n ? p->b[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p->b[at] = (uint8_t)(~sum >> 8);
	p->b[at + 1] = (uint8_t)~sum;
}

void pk_udp(struct pk *p, size_t payload_oct)
{
	size_t at = p->n;
	u16(p, 5000), u16(p, 6000), u16(p, (uint32_t)(8 + payload_oct)), u16(p, 0);
	pk_bytes(p, NULL, payload_oct);
	checksum(p, at, at + 6, 17);
}

void pk_tcp(struct pk *p, uint8_t flags, uint32_t seq, uint16_t mss, size_t payload_oct)
{
	size_t at = p->n;
	u16(p, 5000), u16(p, 80), u32(p, seq), u32(p, 0);
	u8(p, (mss ? 7 : 5) << 4), u8(p, flags), u16(p, 1000), u32(p, 0);
	if (mss)
		u8(p, 1), u8(p, 1), u8(p, 2), u8(p, 4), u16(p, mss), u8(p, 1), u8(p, 0);
	pk_bytes(p, NULL, payload_oct);
	checksum(p, at, at + 16, 6);
}

void pk_icmp(struct pk *p, uint8_t type, const void *body, size_t n)
{
	size_t at = p->n;
	u8(p, type), u8(p, 0), u16(p, 0);
	pk_bytes(p, body, n);
	checksum(p, at, at + 2, p->b[p->ip[p->n_ip - 1]] >> 4 == 4 ? 1 : 58);
}

void pk_end(struct pk *p)
{
	for (uint32_t i = 0; i < p->n_ip; i++) {
		uint8_t *ip = p->b + p->ip[i];
		const bool is4 = ip[0] >> 4 == 4;
		size_t len = p->n - p->ip[i] - (is4 ? 0 : 40);
		ip[is4 ? 2 : 4] = (uint8_t)(len >> 8);
		ip[is4 ? 3 : 5] = (uint8_t)len;
		pk_fix4(ip, p->n - p->ip[i]);
	}
}

static const struct dpcase_set *const sets[] = {
	&dpcases_home, &dpcases_site, &dpcases_mobile, &dpcases_control, &dpcases_direct,
	&dpcases4_home, &dpcases4_site, &dpcases4_mobile, &dpcases4_control, &dpcases_cast,
};
enum { SETS_N = sizeof sets / sizeof *sets };

unsigned dpcase_n(void)
{
	unsigned n = 0;
	for (unsigned k = 0; k < SETS_N; k++)
		n += sets[k]->n;
	return n;
}

const struct dpcase *dpcase_at(unsigned i)
{
	unsigned k = 0;
	while (i >= sets[k]->n)
		i -= sets[k++]->n;
	return &sets[k]->at[i];
}
