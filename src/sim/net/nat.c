/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/nat.h"

#include <stdlib.h>

#include "sim/check/watch.h"
#include "sim/net/kern4.h"
#include "sim/net/pkt.h"

enum { PORT_FIRST = 20000, PORT_SPREAD = 40000 };

struct mapping {
	struct mapping *next;
	uint8_t proto;
	struct addr6 inside, remote;
	uint16_t inside_port, remote_port, outside_port; /* of ICMP: the identifier, 0, the identifier */
	int64_t used_ns;
};

struct nat {
	const struct nic *outside;
	int64_t timeout_ns;
	struct mapping *mappings;
};

void nat_set(struct node *n, const struct nic *outside, int64_t timeout_ns)
{
	if (!n->nat)
		n->nat = sim_alloc(sizeof *n->nat);
	*n->nat = (struct nat){.outside = outside, .timeout_ns = timeout_ns};
}

static void clear(struct nat *t)
{
	for (struct mapping *m; (m = t->mappings);) {
		t->mappings = m->next;
		free(m);
	}
}

void nat_free(struct nat *t)
{
	if (t)
		clear(t);
	free(t);
}

void nat_forget(struct node *n)
{
	if (n->nat)
		clear(n->nat);
}

bool nat_has_outside(const struct node *n, const struct addr6 *addr)
{
	for (uint32_t i = 0; n->nat && i < n->n_addrs; i++)
		if (n->addrs[i].ifindex == n->nat->outside->ifindex && addr6_eq(&n->addrs[i].addr, addr))
			return true;
	return false;
}

bool nat_is_port(const struct node *n, const struct frame *f)
{
	struct addr6 dst = ip4_dst(f->buf + f->off);
	return nat_has_outside(n, &dst);
}

static void expire(struct node *n)
{
	for (struct mapping **m = &n->nat->mappings; *m;) {
		struct mapping *gone = *m;
		if (n->sim->t_ns - gone->used_ns < n->nat->timeout_ns) {
			m = &gone->next;
			continue;
		}
		*m = gone->next;
		free(gone);
	}
}

static bool is_taken(const struct nat *t, uint16_t port)
{
	for (const struct mapping *m = t->mappings; m; m = m->next)
		if (m->outside_port == port)
			return true;
	return false;
}

/* The two places where a flow has its ports: of ICMP echo there is one. NULL: nothing to translate. */
struct ends { uint8_t *src_port, *dst_port; uint8_t *sum; };
static bool ends_of(uint8_t *p, size_t len, struct ends *e)
{
	size_t off;
	int upper = ip_upper(p, len, &off);
	if (upper == PROTO_UDP && off + UDP_LEN <= len) {
		*e = (struct ends){p + off, p + off + 2, p + off + 6};
		return true;
	}
	if (upper != PROTO4_ICMP || off + 8 > len || (p[off] != ICMP4_ECHO && p[off] != ICMP4_ECHO_REPLY))
		return false;
	*e = (struct ends){p + off + 4, p + off + 4, p + off + 2};
	return true;
}

/* Addresses or ports have changed. */
static void resum(uint8_t *p, size_t len)
{
	size_t off;
	int upper = ip_upper(p, len, &off);
	struct addr6 src = ip4_src(p), dst = ip4_dst(p);
	ip4_resum(p);
	uint8_t *sum = p + off + (upper == PROTO_UDP ? 6 : 2);
	if (upper == PROTO_UDP && !get16(sum))
		return; /* none was used */
	put16(sum, 0);
	put16(sum, upper == PROTO_UDP ? ip_checksum(&src, &dst, PROTO_UDP, p + off, len - off) : sum_checksum(p + off, len - off));
}

static struct mapping *mapping_out(struct node *n, uint8_t proto, const struct addr6 *src, const struct addr6 *dst, uint16_t sport, uint16_t dport)
{
	struct mapping *m = n->nat->mappings;
	while (m && (m->proto != proto || m->inside_port != sport || m->remote_port != dport || !addr6_eq(&m->inside, src) ||
		     !addr6_eq(&m->remote, dst)))
		m = m->next;
	if (m)
		return m;
	m = sim_alloc(sizeof *m);
	*m = (struct mapping){n->nat->mappings, proto, *src, *dst, sport, dport, 0, 0};
	do
		m->outside_port = (uint16_t)(PORT_FIRST + prng_u64(&n->prng) % PORT_SPREAD);
	while (is_taken(n->nat, m->outside_port));
	sim_trace(n->sim, n->name, "nat: %s port %u is port %u to %s", ADDR46_STR(src), sport, m->outside_port, ADDR46_STR(dst));
	return n->nat->mappings = m;
}

bool nat_out(struct node *n, const struct nic *out, struct frame *f)
{
	uint8_t *p = frame_data(f);
	struct ends e;
	if (!n->nat || out != n->nat->outside)
		return true;
	const struct addr6 src = ip4_src(p), dst = ip4_dst(p), *own = node_source4(n, out->ifindex, &dst);
	if (!own || !ends_of(p, f->len, &e)) {
		watch_kernel_drop(n, "nat");
		return false;
	}
	bool is_echo = e.src_port == e.dst_port;
	expire(n);
	struct mapping *m = mapping_out(n, p[9], &src, &dst, get16(e.src_port), is_echo ? 0 : get16(e.dst_port));
	m->used_ns = n->sim->t_ns;
	memcpy(p + 12, own->b + 12, 4);
	put16(e.src_port, m->outside_port);
	resum(p, f->len);
	return true;
}

static struct mapping *mapping_in(struct nat *t, uint8_t proto, const struct addr6 *remote, uint16_t remote_port, uint16_t port)
{
	struct mapping *m = t->mappings;
	while (m && (m->proto != proto || m->outside_port != port || m->remote_port != remote_port || !addr6_eq(&m->remote, remote)))
		m = m->next;
	return m;
}

/* An error about what went out: its quote gets the inside address too. */
static void error_in(struct node *n, struct frame *f, uint8_t *p)
{
	size_t off = ip4_head_len(p);
	uint8_t *quote = p + off + 8;
	size_t left = f->len - off - 8, inner;
	if (f->len < off + 8 + IP4_LEN + UDP_LEN || !ip4_is(quote) || ip_upper(quote, left, &inner) != PROTO_UDP || inner + 4 > left)
		return;
	const struct addr6 remote = ip4_dst(quote);
	struct mapping *m = mapping_in(n->nat, PROTO_UDP, &remote, get16(quote + inner + 2), get16(quote + inner));
	if (!m)
		return;
	memcpy(p + 16, m->inside.b + 12, 4);
	memcpy(quote + 12, m->inside.b + 12, 4);
	put16(quote + inner, m->inside_port);
	ip4_resum(quote);
	resum(p, f->len);
}

bool nat_in(struct node *n, uint32_t ifindex, struct frame *f)
{
	uint8_t *p = frame_data(f);
	struct addr6 src = ip4_src(p), dst = ip4_dst(p);
	struct ends e;
	if (!n->nat || ifindex != n->nat->outside->ifindex || addr6_is_v4multicast(&dst) || addr6_eq(&dst, &addr4_broadcast))
		return true;
	if (!nat_has_outside(n, &dst)) {
		watch_kernel_drop(n, "nat");
		return false;
	}
	expire(n);
	if (!ends_of(p, f->len, &e)) {
		if (p[9] == PROTO4_ICMP)
			error_in(n, f, p);
		return true;
	}
	bool is_echo = e.src_port == e.dst_port;
	struct mapping *m = mapping_in(n->nat, p[9], &src, is_echo ? 0 : get16(e.src_port), get16(e.dst_port));
	if (!m)
		return true; /* for the box itself */
	m->used_ns = n->sim->t_ns;
	memcpy(p + 16, m->inside.b + 12, 4);
	put16(e.dst_port, m->inside_port);
	resum(p, f->len);
	return true;
}
