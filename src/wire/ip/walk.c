/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over IPv6 extension headers. One function a header; what happens to an option is a
 * row of known[], or, for an option that is not there, its own two highest bits.
 */
#include "wire/ip/ip6.h"

struct ctx {
	const uint8_t *base;
	struct rd r;
	struct ip6_walk *out;
	uint8_t next;
	bool is_first;
};

static uint32_t off_of(const struct ctx *c, const uint8_t *p) { return (uint32_t)(p - c->base); }

static enum wire_err fail(struct ctx *c, const uint8_t *at, enum wire_err e)
{
	c->out->bad_off = off_of(c, at);
	return e;
}

static enum wire_err on_skip(struct ctx *c, const uint8_t *opt)
{
	(void)c, (void)opt;
	return W_OK;
}

static enum wire_err on_router_alert(struct ctx *c, const uint8_t *opt)
{
	c->out->has_router_alert = true;
	c->out->router_alert = (uint16_t)(opt[2] << 8 | opt[3]);
	return W_OK;
}

static enum wire_err on_hao(struct ctx *c, const uint8_t *opt)
{
	struct ip6_walk *o = c->out;
	if (o->has_hao)
		return fail(c, opt, W_OPTION_ORDER);
	o->has_hao = true;
	o->hao_off = off_of(c, opt);
	memcpy(&o->hao, opt + 2, sizeof o->hao);
	return addr6_is_routable(&o->hao) ? W_OK : fail(c, opt + 2, W_VALUE);
}

enum { ANY_LEN = 255 };
static const struct known {
	uint8_t header, type, len_oct;
	enum wire_err (*on)(struct ctx *c, const uint8_t *opt);
} known[] = {
	{NH_HOPOPTS, 1, ANY_LEN, on_skip},         /* PadN */
	{NH_DSTOPTS, 1, ANY_LEN, on_skip},
	{NH_HOPOPTS, 5, 2, on_router_alert},
	{NH_DSTOPTS, 4, 1, on_skip},               /* tunnel encapsulation limit, RFC 2473 */
	{NH_DSTOPTS, 0xc9, 16, on_hao},
};

static enum wire_err on_option(struct ctx *c, uint8_t header, const uint8_t *opt)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		const struct known *k = &known[i];
		if (k->header != header || k->type != opt[0])
			continue;
		if (k->len_oct != ANY_LEN && k->len_oct != opt[1])
			return fail(c, opt + 1, W_LENGTH);
		return k->on(c, opt);
	}
	c->out->bad_action = opt[0] >> 6; /* RFC 8200 4.2 */
	return c->out->bad_action ? fail(c, opt, W_OPTION) : W_OK;
}

/* Hop-by-hop and destination options (RFC 8200 4.3, 4.6). */
static enum wire_err walk_options(struct ctx *c, uint8_t header, struct rd body)
{
	while (rd_left(&body)) {
		const uint8_t *opt = body.p;
		if (rd_u8(&body) == 0) /* Pad1 */
			continue;
		rd_skip(&body, rd_u8(&body));
		if (!rd_ok(&body))
			return fail(c, opt, W_LENGTH);
		enum wire_err e = on_option(c, header, opt);
		if (e)
			return e;
	}
	return W_OK;
}

/* Routing header; only type 2 can have segments left (RFC 6275 6.4). head: its first byte. */
static enum wire_err walk_routing(struct ctx *c, const uint8_t *head, struct rd body)
{
	struct ip6_walk *o = c->out;
	uint8_t type = rd_u8(&body), left = rd_u8(&body);
	if (type != 2)
		return left ? fail(c, head + 2, W_ROUTING) : W_OK;
	if (head[1] != 2)
		return fail(c, head + 1, W_ROUTING);
	if (left > 1 || o->has_rh2)
		return fail(c, head + 3, W_ROUTING);
	o->has_rh2 = true;
	o->rh2_left = left;
	o->rh2_off = off_of(c, head);
	rd_skip(&body, 4);
	o->rh2 = rd_addr6(&body);
	return addr6_is_routable(&o->rh2) ? W_OK : fail(c, head + 8, W_VALUE);
}

static bool is_extension(uint8_t next)
{
	return next == NH_HOPOPTS || next == NH_DSTOPTS || next == NH_ROUTING || next == NH_FRAGMENT;
}

/* A fragment header is passed only when the packet is whole in spite of it (RFC 6946). */
static bool is_real_fragment(const struct ctx *c)
{
	return c->next == NH_FRAGMENT && rd_left(&c->r) >= 8 && (c->r.p[2] || c->r.p[3] & 0xf9);
}

static enum wire_err walk_one(struct ctx *c)
{
	const uint8_t *head = c->r.p;
	uint8_t header = c->next;
	c->next = rd_u8(&c->r);
	uint8_t len_field = rd_u8(&c->r);
	struct rd body = rd_sub(&c->r, header == NH_FRAGMENT ? 6 : (size_t)len_field * 8 + 6);
	if (!rd_ok(&body))
		return W_TRUNCATED;
	if (header == NH_HOPOPTS && !c->is_first)
		return fail(c, head, W_OPTION_ORDER);
	c->is_first = false;
	if (header == NH_ROUTING)
		return walk_routing(c, head, body);
	return header == NH_FRAGMENT ? W_OK : walk_options(c, header, body);
}

enum wire_err ip6_walk(const void *pkt, size_t len_oct, struct ip6_walk *out)
{
	struct ctx c = {.base = pkt, .r = rd_of(pkt, len_oct), .out = out, .is_first = true};
	memset(out, 0, sizeof *out);
	enum wire_err e = ip6_head_parse(&c.r, &out->ip);
	if (e)
		return e;
	c.r = rd_sub(&c.r, out->ip.payload_len_oct);
	if (!rd_ok(&c.r))
		return W_TRUNCATED;
	c.next = out->ip.next;
	while (is_extension(c.next) && !is_real_fragment(&c)) {
		if ((e = walk_one(&c)))
			return e;
	}
	out->proto = c.next;
	out->off = off_of(&c, c.r.p);
	out->len_oct = (uint32_t)rd_left(&c.r);
	return W_OK;
}

const struct addr6 *ip6_walk_src(const struct ip6_walk *w) { return w->has_hao ? &w->hao : &w->ip.src; }
const struct addr6 *ip6_walk_dst(const struct ip6_walk *w) { return w->has_rh2 && w->rh2_left ? &w->rh2 : &w->ip.dst; }
