/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/kern4.h"

#include "sim/check/watch.h"
#include "sim/net/fwd.h"
#include "sim/net/kern.h"
#include "sim/net/nat.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"

enum { PACKET_MAX = 2048, QUOTE_MAX = 576 - IP4_LEN - 8, TTL = 64, MIP4_UDP_PORT = 434 };

const struct lladdr lladdr_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
const struct addr6 addr4_broadcast = {{[10] = 0xff, [11] = 0xff, [12] = 0xff, [13] = 0xff, [14] = 0xff, [15] = 0xff}};

static void drop(struct node *n, const char *why) { watch_kernel_drop(n, why); }

static bool is_link_scope(const struct addr6 *group) { return group->b[12] == 224 && !group->b[13] && !group->b[14]; }

static bool is_joined(const struct node *n, uint32_t ifindex, const struct addr6 *group)
{
	for (uint32_t i = 0; i < n->n_groups; i++)
		if (n->groups[i].ifindex == ifindex && addr6_eq(&n->groups[i].group, group))
			return true;
	return false;
}

bool kern4_accepts(const struct nic *in, const uint8_t *p)
{
	struct addr6 dst = ip4_dst(p);
	return !addr6_is_v4multicast(&dst) || in->node->is_router || is_link_scope(&dst) || is_joined(in->node, in->ifindex, &dst);
}

bool kern4_is_broadcast(const struct node *n, uint32_t ifindex, const struct addr6 *dst)
{
	if (addr6_eq(dst, &addr4_broadcast))
		return true;
	for (uint32_t i = 0; i < n->n_addrs; i++) {
		const struct ifaddr *a = &n->addrs[i];
		if (addr6_is_v4mapped(&a->broadcast) && addr6_eq(dst, &a->broadcast))
			return true; /* whatever link it came by */
		if (a->ifindex != ifindex || !addr6_is_v4mapped(&a->addr) || a->plen_bits > 126)
			continue;
		struct prefix6 p = {a->addr, a->plen_bits};
		struct addr6 all = prefix6_join(&p, &addr4_broadcast);
		if (addr6_eq(dst, &all))
			return true;
	}
	return false;
}

/* Not about errors, what more than one may have got, fragments but the first, or sources that are no single node. */
static bool may_complain(const uint8_t *p, size_t len)
{
	size_t head = ip4_head_len(p);
	struct addr6 src = ip4_src(p), dst = ip4_dst(p);
	bool is_error = p[9] == PROTO4_ICMP && (len < head + 8 || (p[head] != ICMP4_ECHO && p[head] != ICMP4_ECHO_REPLY));
	return !is_error && addr6_is_v4unicast(&src) && !addr6_is_v4multicast(&dst) && !addr6_eq(&dst, &addr4_broadcast) &&
	       !(get16(p + 6) & IP4_OFFSET);
}

void kern4_error(struct node *n, const struct frame *f, uint8_t type, uint8_t code, uint32_t word)
{
	uint8_t p[576] = {0}, *icmp = p + IP4_LEN;
	const uint8_t *bad = f->buf + f->off;
	struct addr6 dst = ip4_src(bad);
	size_t quote = f->len < QUOTE_MAX ? f->len : QUOTE_MAX;
	const struct fx_route *r = node_route(n, &dst, 0);
	const struct addr6 *src = r ? node_source4(n, r->ifindex, &dst) : NULL;

	if (!src || !may_complain(bad, f->len))
		return;
	icmp[0] = type;
	icmp[1] = code;
	put32(icmp + 4, word);
	memcpy(icmp + 8, bad, quote);
	put16(icmp + 2, sum_checksum(icmp, 8 + quote));
	ip4_put(p, PROTO4_ICMP, TTL, src, &dst, 8 + quote);
	kern_send_raw(n, 0, p, IP4_LEN + 8 + quote);
}

static void forward(struct node *n, struct frame *f)
{
	uint8_t *p = frame_data(f);
	struct addr6 src = ip4_src(p), dst = ip4_dst(p);
	if (addr6_is_none(&src)) {
		drop(n, "martian");
		return;
	}
	if (p[8] <= 1) {
		watch_hop_limit(n, f);
		kern4_error(n, f, ICMP4_TIME, 0, 0);
		return;
	}
	const struct fx_route *r = node_route(n, &dst, 0);
	if (!r || r->ifindex == IFINDEX_NONE) {
		drop(n, "no-route");
		kern4_error(n, f, ICMP4_UNREACHABLE, r ? ICMP4_HOST : ICMP4_NET, 0);
		return;
	}
	struct nic *out = node_nic(n, r->ifindex);
	if (out && f->len > out->mtu_oct) {
		if (get16(p + 6) & IP4_DF)
			kern4_error(n, f, ICMP4_UNREACHABLE, ICMP4_TOO_BIG, out->mtu_oct);
		drop(n, get16(p + 6) & IP4_DF ? "too-big" : "fragmentation"); /* which is not simulated */
		return;
	}
	p[8]--;
	ip4_resum(p);
	if (out && !nat_out(n, out, f))
		return;
	kern_output(n, f, r);
}

static void answer_echo(struct node *n, const uint8_t *p, size_t len)
{
	uint8_t reply[PACKET_MAX];
	size_t head = ip4_head_len(p), body = len - head;
	struct addr6 src = ip4_dst(p), dst = ip4_src(p);
	if (IP4_LEN + body > sizeof reply)
		return;
	uint8_t *icmp = reply + IP4_LEN;
	memcpy(icmp, p + head, body);
	icmp[0] = ICMP4_ECHO_REPLY;
	put16(icmp + 2, 0);
	put16(icmp + 2, sum_checksum(icmp, body));
	ip4_put(reply, PROTO4_ICMP, TTL, &src, &dst, body);
	kern_send_raw(n, 0, reply, IP4_LEN + body);
}

static void icmp_input(struct node *n, const uint8_t *p, size_t len, const uint8_t *icmp, size_t icmp_len)
{
	struct addr6 dst = ip4_dst(p);
	if (icmp_len < 8 || sum_checksum(icmp, icmp_len) != 0) {
		drop(n, "icmp-checksum");
		return;
	}
	watch_icmp4(n, icmp[0], icmp[1]);
	if (icmp[0] == ICMP4_ECHO && !addr6_is_v4multicast(&dst) && node_addr_find(n, &dst)) /* broadcasts are ignored */
		answer_echo(n, p, len);
}

/* To a raw socket of the process: what did not come through the datapath. */
static void to_process(struct node *n, uint32_t ifindex, struct frame *f)
{
	struct rx rx = {.ifindex = ifindex, .why = DP_PUNT_NONE, .pkt = frame_data(f), .len_oct = f->len};
	if (!proc_rx(n, &rx))
		fwd_raw(n, ifindex, frame_data(f), f->len);
}

static void udp_input(struct node *n, uint32_t ifindex, struct frame *f, const uint8_t *udp, size_t len)
{
	bool is_mip4 = len >= UDP_LEN && get16(udp + 2) == MIP4_UDP_PORT;
	if (is_mip4 && n->is_running)
		to_process(n, ifindex, f);
	else if (is_mip4 || nat_is_port(n, f)) /* a mapping that is gone */
		kern4_error(n, f, ICMP4_UNREACHABLE, ICMP4_PORT, 0);
	else
		kern_udp(n, ifindex, f, udp, len);
}

void kern4_local(struct node *n, uint32_t ifindex, struct frame *f)
{
	const uint8_t *p = frame_data(f);
	size_t off, len = f->len;
	int upper = ip_upper(p, len, &off);
	bool is_tunnel = upper == PROTO4_IPIP || upper == PROTO_GRE || upper == PROTO4_MINIMAL || upper == PROTO_MH;

	if (upper == PROTO4_ICMP) {
		icmp_input(n, p, len, p + off, len - off);
	} else if (upper == PROTO4_IGMP) {
		kern4_query(n, ifindex, p + off, len - off);
	} else if (upper == PROTO_UDP) {
		udp_input(n, ifindex, f, p + off, len - off);
	} else if (is_tunnel && n->is_running) {
		to_process(n, ifindex, f);
	} else {
		drop(n, "no-protocol");
		kern4_error(n, f, ICMP4_UNREACHABLE, ICMP4_PROTOCOL, 0);
	}
}

/* Linux takes nothing from a link that has an address of its own as the source, nor groups and broadcasts there. */
static bool is_martian(struct node *n, const struct addr6 *src, bool is_to_many)
{
	if (addr6_is_none(src))
		return !is_to_many;
	return !addr6_is_v4unicast(src) || node_addr_find(n, src);
}

void kern4_input(struct node *n, uint32_t ifindex, struct frame *f)
{
	const uint8_t *p = frame_data(f);
	if (!ip4_is_whole(p, f->len) || sum_checksum(p, ip4_head_len(p)) != 0) {
		drop(n, "malformed");
		return;
	}
	f->len = get16(p + 2);
	if (!nat_in(n, ifindex, f))
		return;
	struct addr6 src = ip4_src(p), dst = ip4_dst(p);
	struct ifaddr *a = node_addr_find(n, &dst);
	bool is_group = addr6_is_v4multicast(&dst), is_to_many = is_group || kern4_is_broadcast(n, ifindex, &dst);
	if (is_martian(n, &src, is_to_many)) {
		drop(n, "martian");
	} else if (is_to_many) {
		if (!is_group || is_link_scope(&dst) || is_joined(n, ifindex, &dst))
			kern4_local(n, ifindex, f);
	} else if (a) {
		kern4_local(n, ifindex, f);
	} else if (n->is_router) {
		forward(n, f);
	} else {
		watch_not_ours(n, f);
	}
}
