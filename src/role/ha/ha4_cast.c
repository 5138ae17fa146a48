/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Broadcasts of the home link for mobiles that asked for them with the B bit (RFC 5944 4.3). A co-located mobile gets them in its
 * tunnel; for one behind a foreign agent each is first put into a packet to its home address, for else the agent would not know whose
 * it is. Those who listen are in a list, for they are few among many.
 *
 * Requests and advertisements of mobility agents (port 434) are not passed on: they are about this link. Tunnels here are made without
 * DF, so that a broadcast of the whole link MTU arrives in fragments.
 */
#include "role/ha/ha4_i.h"
#include "wire/gre/gre.h"
#include "wire/ip/ip6.h"
#include "wire/ip/minenc.h"

enum { PACKET_MAX = 2048, TTL = 64, LISTENERS_MAX = 4096 };

void ha4_listen(struct ha *h, struct ha4 *b, bool is_on)
{
	struct ha4_list *l = &h->listeners;

	if (is_on == b->is_listener || (is_on && l->n >= LISTENERS_MAX))
		return;
	b->is_listener = is_on;
	if (is_on) {
		b->prev = NULL;
		b->next = l->first;
		if (l->first)
			l->first->prev = b;
		l->first = b;
		l->n++;
		return;
	}
	if (b->next)
		b->next->prev = b->prev;
	if (b->prev)
		b->prev->next = b->next;
	else
		l->first = b->next;
	b->next = b->prev = NULL;
	l->n--;
}

struct tunnel { const struct addr6 *src, *dst; enum dp_encap encap; uint16_t udp_port; };
struct data { uint8_t buf[2][PACKET_MAX]; const uint8_t *pkt; size_t len_oct; int used; };

/* What stands between outer and inner header. */
static size_t shim_build(struct wr *w, const struct tunnel *t, size_t len_oct)
{
	size_t before = wr_len(w);

	if (t->encap == DP_ENCAP_GRE_PLAIN) {
		struct gre g = {.proto = GRE_PROTO_IPV4};
		gre_build(w, &g);
	} else if (t->encap == DP_ENCAP_UDP) {
		wr_u16(w, MIP4_PORT);
		wr_u16(w, t->udp_port);
		wr_u16(w, (uint16_t)(UDP_HEAD_OCT + 4 + len_oct));
		wr_u16(w, 0); /* no checksum: the inner packet has its own */
		wr_u8(w, MIP4_DATA);
		wr_u8(w, NH_IPV4);
		wr_u16(w, 0);
	}
	return wr_len(w) - before;
}

static uint8_t proto_of(enum dp_encap e)
{
	return e == DP_ENCAP_GRE_PLAIN ? NH_GRE : e == DP_ENCAP_UDP ? NH_UDP : NH_IPV4;
}

static size_t shim_oct(enum dp_encap e) { return e == DP_ENCAP_GRE_PLAIN ? 4 : e == DP_ENCAP_UDP ? UDP_HEAD_OCT + 4 : 0; }

/* Another tunnel round d. False: does not fit. */
static bool wrap(struct ha *h, struct data *d, const struct tunnel *t)
{
	uint8_t *to = d->buf[d->used ^= 1];
	struct wr w = wr_of(to, PACKET_MAX);
	size_t n;

	if (t->encap == DP_ENCAP_MINIMAL && minenc_wrap(to, PACKET_MAX, t->src, t->dst, d->pkt, d->len_oct, &n) == W_OK) {
		d->pkt = to;
		d->len_oct = n;
		return true;
	}
	struct ip4_head ip = {.total_len_oct = (uint16_t)(IP4_HEAD_OCT + shim_oct(t->encap) + d->len_oct), .id = ++h->cast_id, .ttl = TTL,
			      .proto = proto_of(t->encap), .src = addr6_to_v4(t->src), .dst = addr6_to_v4(t->dst)};
	ip4_head_build(&w, &ip);
	(void)shim_build(&w, t, d->len_oct);
	wr_bytes(&w, d->pkt, d->len_oct);
	d->pkt = to;
	d->len_oct = wr_len(&w);
	return wr_ok(&w);
}

static void send_to(struct ha *h, const struct ha4 *b, const struct ha4_to *to, const uint8_t *pkt, size_t len_oct)
{
	struct data d = {.pkt = pkt, .len_oct = len_oct};
	struct tunnel inner = {&h->conf.v4.address, &b->b.hoa, DP_ENCAP_IPIP, 0}, outer = {&h->conf.v4.address, &to->at, to->encap, to->udp_port};

	if (!(to->flags & MIP4_B))
		return;
	if ((!(to->flags & MIP4_D) && !wrap(h, &d, &inner)) || !wrap(h, &d, &outer))
		reason_count(&h->env, R_CAST_TOO_LONG);
	else
		fx_send(h->env.fx, ROLE_HA, 0, NULL, d.pkt, d.len_oct);
}

static bool is_signalling(const struct ip4_walk *ip, const uint8_t *pkt)
{
	return ip->ip.proto == NH_UDP && ip->ip.frag_off_oct == 0 && ip->len_oct >= UDP_HEAD_OCT &&
	       (pkt[ip->off + 2] << 8 | pkt[ip->off + 3]) == MIP4_PORT;
}

bool ha4_rx_broadcast(struct ha *h, const struct rx *rx, struct now now)
{
	const struct ha_link *l = ha_link_at(h, rx->ifindex);
	struct ip4_walk ip;

	(void)now;
	if (!l || !h->listeners.first || h->is_standby)
		return false;
	enum wire_err err = ip4_walk(rx->pkt, rx->len_oct, &ip);
	if (err != W_OK && err != W_FRAGMENT)
		reason_count(&h->env, reason_of_wire(err));
	else if (ha4_is_broadcast(h, &ip.dst) && !is_signalling(&ip, rx->pkt))
		for (struct ha4 *b = h->listeners.first; b; b = b->next)
			for (uint32_t i = 0; ha_link_of(h, &b->b.hoa) == l && i < ha4_n_to(b); i++)
				send_to(h, b, ha4_to_at(b, i), rx->pkt, ip.ip.total_len_oct);
	return false; /* others of this host may listen too */
}
