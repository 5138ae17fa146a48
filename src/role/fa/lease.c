/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that has its address by DHCP (RFC 2131) keeps it wherever it is: what it asks of all servers we answer with its home address, as its
 * record has it. The server is always its gateway, so nothing changes from agent to agent.
 *
 * What it asks of one server, by unicast, goes the way of all that it sends: to the server at home, which hears from the address that it leased,
 * and its answer comes as all else to the mobile. Where there is none, the client asks all servers before its lease is over, and we answer.
 * (doc/decisions/leases-from-the-record.md)
 */
#include "role/fa/fa_i.h"
#include "wire/dhcp/dhcp4.h"
#include "wire/ip/udp4.h"

static const struct addr6 limited = {{[10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* Who we are to this guest. */
static struct addr6 server_of(const struct fa *fa, const struct guest *g)
{
	const struct addr6 *all[] = {&g->rec.gateway4, &g->rec.source4, &fa->conf.coa[0]};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (!addr6_is_none(all[i]))
			return *all[i];
	return addr6_any;
}

static struct dhcp4_reply reply_of(const struct fa *fa, const struct guest *g, uint8_t type)
{
	const struct guests_conf *c = &fa->conf.guests;
	struct dhcp4_reply r = {.type = type, .server = server_of(fa, g)};
	if (type == DHCP4_NAK)
		return r;
	r.yiaddr = g->rec.home4;
	r.router = r.server;
	r.plen_bits = g->rec.home4_plen_bits;
	r.lease_s = (uint32_t)span_to_s(c->lease);
	r.n_dns = c->n_dns;
	memcpy(r.dns, c->dns, sizeof r.dns);
	return r;
}

static void answer(struct fa *fa, const struct fa_if *f, const struct guest *g, const struct dhcp4_request *q, const struct dhcp4_reply *r)
{
	uint8_t data[DHCP4_REPLY_MAX], pkt[DHCP4_REPLY_MAX + IP4_HEAD_OCT + UDP_HEAD_OCT];
	const bool has_address = r->type != DHCP4_NAK && !(q->flags & DHCP4_BROADCAST);
	const struct ip4_path path = {.src = r->server, .dst = has_address ? g->rec.home4 : limited, .ttl = 64};
	struct wr w = wr_of(pkt, sizeof pkt);
	const size_t n = dhcp4_reply_build(data, sizeof data, q, r);
	const struct udp4_build b = udp4_begin(&w, &path, DHCP4_SERVER_PORT, DHCP4_CLIENT_PORT);
	wr_bytes(&w, data, n);
	const size_t len = n ? udp4_finish(&w, &b) : 0;
	if (len)
		fx_send(fa->env->fx, ROLE_FA, f->ifindex, &g->at->key.lladdr, pkt, len);
}

/* RFC 2131 4.3.2: what it selected of another server's is no business of ours; an address that is not its own must not be used. */
static uint8_t verdict(const struct fa *fa, const struct guest *g, const struct dhcp4_request *q)
{
	const struct addr6 server = server_of(fa, g), *wanted = addr6_is_none(&q->ciaddr) ? &q->wanted : &q->ciaddr;
	if (!addr6_is_none(&q->server) && !addr6_eq(&q->server, &server))
		return 0;
	return addr6_eq(wanted, &g->rec.home4) ? DHCP4_ACK : DHCP4_NAK;
}

bool fa_lease_rx(struct fa *fa, struct fa_if *f, const struct rx *rx)
{
	struct udp4_packet p;
	struct dhcp4_request q;
	if (udp4_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK || p.dport != DHCP4_SERVER_PORT)
		return false;
	const enum wire_err err = dhcp4_request_parse(p.data, p.data_len_oct, &q);
	if (err != W_OK) {
		reason_count(fa->env, reason_of_wire(err));
		return true;
	}
	const struct station *s = fa_hear_find(fa, f->ifindex, &q.chaddr);
	const struct guest *g = s && s->guest && s->guest->at == s ? s->guest : NULL;
	if (!g || addr6_is_none(&g->rec.home4) || !addr6_is_none(&q.giaddr) || (!lladdr_is_zero(&rx->lladdr_src) && !lladdr_eq(&rx->lladdr_src, &q.chaddr)))
		return true;
	uint8_t type = 0;
	if (q.type == DHCP4_DISCOVER)
		type = DHCP4_OFFER;
	else if (q.type == DHCP4_REQUEST)
		type = verdict(fa, g, &q);
	else if (q.type == DHCP4_INFORM)
		type = DHCP4_ACK;
	if (!type)
		return true;
	struct dhcp4_reply r = reply_of(fa, g, type);
	if (q.type == DHCP4_INFORM) { /* RFC 2131 4.3.5 */
		r.yiaddr = addr6_any;
		r.lease_s = 0;
	}
	answer(fa, f, g, &q, &r);
	return true;
}
