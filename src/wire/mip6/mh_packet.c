/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mip6/mh_packet.h"

#include "wire/ip/csum.h"
#include "wire/ip/ip4.h"

enum { HOP_LIMIT = 64, CSUM_OFF = 4 };

static void addresses(const struct ip6_walk *ip, struct mh_packet *out)
{
	out->src = ip->ip.src;
	out->dst = ip->ip.dst;
	out->hop_limit = ip->ip.hop_limit;
	out->has_hao = ip->has_hao;
	out->hao = ip->hao;
	out->has_rh2 = ip->has_rh2 && ip->rh2_left;
	out->rh2 = ip->rh2;
	out->peer = *ip6_walk_src(ip);
	out->self = *ip6_walk_dst(ip);
}

/* Over the header's own length: what might follow it is no part of it (RFC 6275 6.1.1). Whose length field is wrong will have
 * taken all of it: that is right too, for the sender to hear what is wrong. */
static enum wire_err checksum(const struct mh_packet *p, const uint8_t *head, size_t have_oct)
{
	if (have_oct < 8)
		return W_TRUNCATED;
	size_t len_oct = 8 + (size_t)head[1] * 8;
	if (len_oct > have_oct)
		return W_TRUNCATED;
	return ip6_csum(&p->peer, &p->self, NH_MH, head, len_oct) && ip6_csum(&p->peer, &p->self, NH_MH, head, have_oct) ? W_CHECKSUM : W_OK;
}

/* Agents speak to each other over IPv4, and nobody else does. */
static enum wire_err parse_v4(const void *pkt, size_t len_oct, struct mh_packet *out)
{
	struct ip4_walk ip;
	enum wire_err e = ip4_walk(pkt, len_oct, &ip);
	out->src = out->peer = ip.src;
	out->dst = out->self = ip.dst;
	out->hop_limit = ip.ip.ttl;
	if (e)
		return e;
	if (ip.ip.proto != NH_MH)
		return W_PROTO;
	out->head = (const uint8_t *)pkt + ip.off;
	if ((e = checksum(out, out->head, ip.len_oct)))
		return e;
	struct rd r = rd_of(out->head, ip.len_oct);
	e = mh_parse(&r, &out->mh);
	return !e && out->mh.type != MH_PEER ? W_TYPE : e;
}

enum wire_err mh_packet_parse(const void *pkt, size_t len_oct, struct mh_packet *out)
{
	struct ip6_walk ip;
	memset(out, 0, sizeof *out);
	if (len_oct && *(const uint8_t *)pkt >> 4 == 4)
		return parse_v4(pkt, len_oct, out);
	enum wire_err e = ip6_walk(pkt, len_oct, &ip);
	addresses(&ip, out);
	if (e)
		return e;
	if (ip.proto != NH_MH)
		return ip.proto == NH_FRAGMENT ? W_FRAGMENT : W_PROTO;
	out->head = (const uint8_t *)pkt + ip.off;
	if ((e = checksum(out, out->head, ip.len_oct)))
		return e;
	struct rd r = rd_of(out->head, ip.len_oct);
	return mh_parse(&r, &out->mh);
}

size_t mh_packet_auth_input(const struct mh_packet *p, const struct addr6 *coa, const struct addr6 *hoa,
			    struct iov_in piece[static MH_AUTH_PIECES])
{
	return mh_auth_input(coa, hoa, p->head, p->mh.opt.auth.off, piece);
}

const struct addr6 *mh_packet_coa(const struct mh_packet *p) { return p->mh.opt.has_alt_coa ? &p->mh.opt.alt_coa : &p->src; }

/* The chain of headers: routing header first, then destination options (RFC 8200 4.1, RFC 6275 6.3). */
static void headers_build(struct wr *w, const struct mh_path *path)
{
	uint8_t after_rh2 = path->hao ? NH_DSTOPTS : NH_MH;
	ip6_head_build(w, &(struct ip6_head){
		.next = path->rh2 ? NH_ROUTING : after_rh2,
		.hop_limit = path->hop_limit ? path->hop_limit : HOP_LIMIT,
		.src = path->src,
		.dst = path->dst,
	});
	if (path->rh2)
		ip6_rh2_build(w, after_rh2, path->rh2);
	if (path->hao)
		ip6_hao_build(w, NH_MH, path->hao);
}

static void auth_place(const struct mh_opts *o, struct mh_built *out)
{
	if (o->has_bind_auth) {
		out->auth_off = (uint16_t)(out->mh_off + o->bind_auth_off);
		out->auth_len_oct = MH_AUTH_LEN_OCT;
	} else if (o->has_auth) {
		out->auth_off = (uint16_t)(out->mh_off + o->auth.off);
		out->auth_len_oct = o->auth.len_oct;
	}
}

size_t mh_packet_build(void *buf, size_t cap_oct, const struct mh_path *path, struct mh *m, struct mh_built *out)
{
	struct wr w = wr_of(buf, cap_oct);
	bool is_v4 = addr6_is_v4mapped(&path->dst);
	*out = (struct mh_built){.csum_src = path->hao ? *path->hao : path->src, .csum_dst = path->rh2 ? *path->rh2 : path->dst};
	if (is_v4)
		(void)ip4_begin(&w, &(struct ip4_path){.src = path->src, .dst = path->dst, .ttl = path->hop_limit ? path->hop_limit : HOP_LIMIT}, NH_MH);
	else
		headers_build(&w, path);
	out->mh_off = (uint16_t)wr_len(&w);
	mh_build(&w, m);
	if (is_v4)
		(void)ip4_finish(&w, 0);
	else
		ip6_head_finish(&w);
	if (!wr_ok(&w))
		return 0;
	out->mh_len_oct = m->len_oct;
	out->len_oct = wr_len(&w);
	auth_place(&m->opt, out);
	return out->len_oct;
}

size_t mh_built_auth_input(const struct mh_built *b, const void *buf, const struct addr6 *coa, const struct addr6 *hoa,
			   struct iov_in piece[static MH_AUTH_PIECES])
{
	return mh_auth_input(coa, hoa, (const uint8_t *)buf + b->mh_off, (uint16_t)(b->auth_off - b->mh_off), piece);
}

void mh_built_auth_set(const struct mh_built *b, void *buf, const uint8_t *mac)
{
	memcpy((uint8_t *)buf + b->auth_off, mac, b->auth_len_oct);
}

void mh_packet_finish(const struct mh_built *b, void *buf)
{
	uint8_t *head = (uint8_t *)buf + b->mh_off;
	head[CSUM_OFF] = head[CSUM_OFF + 1] = 0;
	uint16_t sum = ip6_csum(&b->csum_src, &b->csum_dst, NH_MH, head, b->mh_len_oct);
	head[CSUM_OFF] = (uint8_t)(sum >> 8);
	head[CSUM_OFF + 1] = (uint8_t)sum;
}

size_t bu_packet_build(void *buf, size_t cap_oct, const struct addr6 *coa, const struct addr6 *agent, const struct addr6 *home_address,
		       struct mh *m, struct mh_built *out)
{
	m->type = MH_BU;
	return mh_packet_build(buf, cap_oct, &(struct mh_path){.src = *coa, .dst = *agent, .hao = home_address}, m, out);
}

size_t ba_packet_build(void *buf, size_t cap_oct, const struct addr6 *agent, const struct addr6 *coa, const struct addr6 *home_address,
		       struct mh *m, struct mh_built *out)
{
	m->type = MH_BA;
	return mh_packet_build(buf, cap_oct, &(struct mh_path){.src = *agent, .dst = *coa, .rh2 = home_address}, m, out);
}

size_t be_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, enum be_status status,
		       const struct addr6 *home_address)
{
	struct mh m = {.type = MH_BE, .be = {.status = (uint8_t)status, .home_address = *home_address}};
	struct mh_built built;
	size_t n = mh_packet_build(buf, cap_oct, &(struct mh_path){.src = *src, .dst = *dst}, &m, &built);
	if (n)
		mh_packet_finish(&built, buf);
	return n;
}
