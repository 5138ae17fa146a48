/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/kern.h"

#include <stdlib.h>

#include "sim/check/watch.h"
#include "sim/net/arp.h"
#include "sim/net/dhcp.h"
#include "sim/net/fwd.h"
#include "sim/net/kern4.h"
#include "sim/net/nd.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"
#include "sim/vrrp.h"
#include "wire/mm/mm.h"

enum { PACKET_MAX = 2048, TOO_BIG_QUOTE = 1280 - IP6_LEN - 8 };

static void drop(struct node *n, const char *why)
{
	watch_kernel_drop(n, why);
}

/* The filter of the card. Routers listen to all multicast; a host hears link-scope and what it joined. */
static bool nic_accepts(const struct nic *in, const uint8_t *p, size_t len)
{
	if (ethertype_of(p) == ETHERTYPE_ARP)
		return len >= ARP_LEN;
	if (ip4_is(p))
		return len >= IP4_LEN && kern4_accepts(in, p);
	if (len < IP6_LEN)
		return false;
	struct addr6 dst = ip6_dst(p);
	if (!addr6_is_multicast(&dst) || in->node->is_router || (dst.b[1] & 0xf) <= 2)
		return true;
	for (uint32_t i = 0; i < in->node->n_groups; i++)
		if (in->node->groups[i].ifindex == in->ifindex && addr6_eq(&in->node->groups[i].group, &dst))
			return true;
	return false;
}

void kern_rx(struct sim *s, struct nic *in, struct frame *f)
{
	struct node *n = in->node;
	(void)s;
	if (n->is_frozen || f->len < ETH_LEN + IP4_LEN || !nic_accepts(in, frame_data(f) + ETH_LEN, f->len - ETH_LEN))
		return;
	if (fwd_ingress(n, in->ifindex, f))
		return; /* what the programs passed on has been taken in */
	f->off += ETH_LEN;
	f->len -= ETH_LEN;
	kern_input(n, in->ifindex, f);
}

static struct lladdr group_lladdr(const struct addr6 *group)
{
	return addr6_is_v4multicast(group) ? lladdr_of_multicast4(group) : lladdr_of_multicast(group);
}

void kern_output(struct node *n, struct frame *f, const struct fx_route *r)
{
	struct addr6 dst = ip_dst(frame_data(f));
	struct nic *nic = node_nic(n, r->ifindex);
	struct lladdr ll;

	if (r->ifindex == IFINDEX_ROAM0) {
		fwd_roam0(n, f);
		return;
	}
	if (!nic) {
		drop(n, "no-interface");
		return;
	}
	if (addr_is_group(&dst)) {
		ll = group_lladdr(&dst);
		kern_out_resolved(n, nic, &ll, f);
	} else if (ip4_is(frame_data(f)) && kern4_is_broadcast(n, r->ifindex, &dst)) {
		kern_out_resolved(n, nic, &lladdr_broadcast, f);
	} else if (neigh_resolve(n, nic, addr6_is_none(&r->via) ? &dst : &r->via, f, &ll)) {
		kern_out_resolved(n, nic, &ll, f);
	}
}

void kern_out_resolved(struct node *n, struct nic *nic, const struct lladdr *to, struct frame *f)
{
	frame_push_eth(f, to, &nic->lladdr);
	if (!fwd_out(n, nic, f))
		link_tx(n->sim, nic, f);
}

void kern_send_link(struct node *n, struct nic *nic, const struct lladdr *to, const uint8_t *packet, size_t len)
{
	struct frame *f = frame_new(packet, len, (struct meta){n->number, 0});
	kern_out_resolved(n, nic, to, f);
	free(f);
}

/* word: MTU or pointer. */
static void send_error(struct node *n, const struct frame *f, uint8_t type, uint8_t code, uint32_t word)
{
	uint8_t p[1280] = {0}, *icmp = p + IP6_LEN;
	const uint8_t *bad = f->buf + f->off;
	const struct addr6 *src = node_source(n);
	struct addr6 dst = ip6_src(bad);
	size_t quote = f->len < TOO_BIG_QUOTE ? f->len : TOO_BIG_QUOTE;

	if (!src || addr6_is_multicast(&dst))
		return;
	icmp[0] = type;
	icmp[1] = code;
	put32(icmp + 4, word);
	memcpy(icmp + 8, bad, quote);
	ip6_put(p, PROTO_ICMP6, 64, src, &dst, 8 + quote);
	put16(icmp + 2, ip_checksum(src, &dst, PROTO_ICMP6, icmp, 8 + quote));
	kern_send_raw(n, 0, p, IP6_LEN + 8 + quote);
}

static void forward(struct node *n, struct frame *f)
{
	uint8_t *p = frame_data(f);
	struct addr6 src = ip6_src(p), dst = ip6_dst(p);
	if (addr6_is_linklocal(&src) || addr6_is_linklocal(&dst) || addr6_is_any(&src)) {
		drop(n, "link-local");
		return;
	}
	if (p[7] <= 1) {
		watch_hop_limit(n, f);
		return;
	}
	const struct fx_route *r = node_route(n, &dst, 0);
	if (!r) {
		drop(n, "no-route");
		return;
	}
	struct nic *out = node_nic(n, r->ifindex);
	if (out && f->len > out->mtu_oct) {
		send_error(n, f, ICMP_TOO_BIG, 0, out->mtu_oct);
		drop(n, "too-big");
		return;
	}
	p[7]--;
	kern_output(n, f, r);
}

static void answer_echo(struct node *n, const uint8_t *p, size_t len)
{
	uint8_t reply[PACKET_MAX];
	struct addr6 src = ip6_dst(p), dst = ip6_src(p);
	if (len > sizeof reply)
		return;
	memcpy(reply, p, len);
	ip6_put(reply, PROTO_ICMP6, 64, &src, &dst, len - IP6_LEN);
	reply[IP6_LEN] = ICMP_ECHO_REPLY;
	put16(reply + IP6_LEN + 2, 0);
	put16(reply + IP6_LEN + 2, ip_checksum(&src, &dst, PROTO_ICMP6, reply + IP6_LEN, len - IP6_LEN));
	kern_send_raw(n, 0, reply, len);
}

/* To a raw socket of the process: what did not come through the datapath. */
static void to_process(struct node *n, uint32_t ifindex, const uint8_t *p, size_t len)
{
	struct rx rx = {.ifindex = ifindex, .why = DP_PUNT_NONE, .pkt = p, .len_oct = len};
	if (n->is_running && !proc_rx(n, &rx))
		fwd_raw(n, ifindex, p, len);
}

static void icmp_input(struct node *n, uint32_t ifindex, struct frame *f, const uint8_t *icmp, size_t len)
{
	const uint8_t *p = frame_data(f);
	struct addr6 src = ip6_src(p), dst = ip6_dst(p);
	struct nic *nic = node_nic(n, ifindex);
	if (len < 8 || ip_checksum(&src, &dst, PROTO_ICMP6, icmp, len) != 0) {
		drop(n, "icmp-checksum");
		return;
	}
	watch_icmp(n, icmp[0]);
	if (icmp[0] == ICMP_NS || icmp[0] == ICMP_NA) {
		if (nic)
			nd_rx(n, nic, f);
	} else if (icmp[0] == ICMP_ECHO) {
		answer_echo(n, p, f->len);
	} else if (icmp[0] == ICMP_MLD_QUERY) {
		kern_query(n, ifindex, icmp, len);
	}
}

/* A kernel without Mobile IPv6, which the datapath is there to replace: a Home Address option is one that it must not skip, a type 2
 * routing header one that it cannot process, and the Mobility Header a protocol that nobody wants (RFC 8200 4.2, 4.4, RFC 4443 3.4). */
static bool is_mobility(struct node *n, struct frame *f, int upper, size_t off)
{
	const uint8_t *p = frame_data(f);
	if (upper == PROTO_MH && n->is_running)
		return false;
	if (ip6_dest_option(p, f->len, 0xc9, 16)) {
		drop(n, "home-address-option");
		send_error(n, f, ICMP_PARAM_PROBLEM, 2, IP6_LEN);
	} else if (p[6] == 43 && p[IP6_LEN + 3]) {
		drop(n, "routing-header");
		send_error(n, f, ICMP_PARAM_PROBLEM, 0, IP6_LEN + 2);
	} else if (upper == PROTO_MH) {
		drop(n, "no-protocol");
		send_error(n, f, ICMP_PARAM_PROBLEM, 1, off == IP6_LEN ? 6 : IP6_LEN);
	} else {
		return false;
	}
	return true;
}

/* To the daemon's socket of its group or of a role, or to an application. */
void kern_udp(struct node *n, uint32_t ifindex, const struct frame *f, const uint8_t *udp, size_t len)
{
	const struct addr6 src = ip_src(f->buf + f->off);
	const struct rx rx = {.ifindex = ifindex, .why = DP_PUNT_NONE, .pkt = f->buf + f->off, .len_oct = f->len};
	if (group_rx_udp(n, &src, udp, len))
		return;
	if (len < UDP_LEN || get16(udp + 2) != MM_PORT)
		watch_rx_udp(n, f, udp, len);
	else if (!proc_has_port(n, MM_PORT) || !proc_rx(n, &rx))
		drop(n, "port");
}

static void local(struct node *n, uint32_t ifindex, struct frame *f)
{
	const uint8_t *p = frame_data(f);
	size_t off, len = f->len;
	int upper = ip6_upper(p, len, &off);
	const struct nic *nic = node_nic(n, ifindex);

	if (is_mobility(n, f, upper, off))
		return;
	if (upper == PROTO_ICMP6)
		icmp_input(n, ifindex, f, p + off, len - off);
	else if (upper == PROTO_UDP)
		kern_udp(n, ifindex, f, p + off, len - off);
	else if (upper == PROTO_VRRP && nic)
		vrrp_rx(n, nic, p + off, len - off);
	else if (upper == PROTO_MH || upper == PROTO_IP6 || upper == PROTO_GRE)
		to_process(n, ifindex, p, len);
	else
		drop(n, "no-protocol");
}

void kern_input(struct node *n, uint32_t ifindex, struct frame *f)
{
	const uint8_t *p = frame_data(f);
	struct nic *nic = node_nic(n, ifindex);
	if (ip4_is(p)) {
		kern4_input(n, ifindex, f);
		return;
	}
	if (ethertype_of(p) == ETHERTYPE_ARP) {
		if (nic)
			arp_rx(n, nic, f);
		return;
	}
	if (!ip6_is_whole(p, f->len)) {
		drop(n, "malformed");
		return;
	}
	f->len = IP6_LEN + get16(p + 4);
	struct addr6 dst = ip6_dst(p);
	struct ifaddr *a = node_addr_find(n, &dst);
	if (addr6_is_multicast(&dst)) {
		if ((dst.b[1] & 0xf) <= 2)
			local(n, ifindex, f);
	} else if (a && ifaddr_is_usable(a)) {
		local(n, ifindex, f);
	} else if (a) {
		drop(n, "tentative");
	} else if (n->is_router) {
		forward(n, f);
	} else {
		watch_not_ours(n, f);
	}
}

static void to_self(struct node *n, uint32_t ifindex, struct frame *f)
{
	if (ip4_is(frame_data(f)))
		kern4_local(n, ifindex, f); /* not from a link: nothing is a martian */
	else
		kern_input(n, ifindex, f);
}

/* Out of this host: to itself, or by a route. */
static bool originate(struct node *n, uint32_t ifindex, struct frame *f)
{
	struct addr6 dst = ip_dst(frame_data(f));
	struct fx_route direct = {.ifindex = ifindex};
	const struct fx_route *r = &direct;

	if (!addr_is_group(&dst) && !addr6_eq(&dst, &addr4_broadcast)) {
		struct ifaddr *a = node_addr_find(n, &dst);
		if (a && ifaddr_is_usable(a)) {
			to_self(n, a->ifindex, f);
			return true;
		}
		r = node_route(n, &dst, ifindex);
	} else if (!ifindex) {
		return false;
	}
	if (!r)
		return false;
	kern_output(n, f, r);
	return true;
}

bool kern_route(struct node *n, const uint8_t *packet, size_t len, struct meta meta)
{
	struct frame *f = frame_new(packet, len, meta);
	bool sent = originate(n, 0, f);
	free(f);
	if (!sent)
		drop(n, "unreachable");
	return sent;
}

bool kern_send_raw(struct node *n, uint32_t ifindex, const uint8_t *packet, size_t len)
{
	struct frame *f = frame_new(packet, len, (struct meta){n->number, 0});
	bool sent = originate(n, ifindex, f);
	free(f);
	if (!sent)
		drop(n, "raw-unreachable");
	return sent;
}

bool kern_send_udp(struct node *n, const struct addr6 *src, const struct addr6 *dst, uint16_t port, const void *data, size_t len)
{
	bool is_v4 = addr6_is_v4mapped(dst);
	size_t head = is_v4 ? IP4_LEN : IP6_LEN;
	uint8_t p[PACKET_MAX] = {0}, *udp = p + head;
	struct ifaddr *a = node_addr_find(n, src);
	if (!a || !ifaddr_is_usable(a) || head + UDP_LEN + len > sizeof p)
		return false;
	put16(udp, port);
	put16(udp + 2, port);
	put16(udp + 4, (uint16_t)(UDP_LEN + len));
	memcpy(udp + UDP_LEN, data, len);
	put16(udp + 6, ip_checksum(src, dst, PROTO_UDP, udp, UDP_LEN + len));
	if (is_v4)
		ip4_put(p, PROTO_UDP, 64, src, dst, UDP_LEN + len);
	else
		ip6_put(p, PROTO_UDP, 64, src, dst, UDP_LEN + len);
	return kern_send_raw(n, 0, p, head + UDP_LEN + len);
}

void kern_carrier(struct nic *nic)
{
	if (!nic->link)
		neigh_flush(nic->node, nic->ifindex);
	proc_link(nic->node, nic);
	dhcp_carrier(nic);
}
