/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mip4/adv4.h"

#include "wire/mip6/rc_opt.h"

enum {
	TTL = 1, ENTRY_WORDS = 2, AGENT_MIN_OCT = 6, V4_OCT = 4, V4_BITS = 32, MAPPED_BITS = 96, VENDOR_HEAD_OCT = 8,
	MMA_VERSION = 1, MMA_MIN_OCT = 16, MAX_LEN = 255,
};
const struct addr6 adv4_allnodes = {{[10] = 0xff, 0xff, 224, 0, 0, 1}}, adv4_allrouters = {{[10] = 0xff, 0xff, 224, 0, 0, 2}};

static enum wire_err agent_parse(struct rd *r, struct adv4 *a)
{
	if (rd_left(r) < AGENT_MIN_OCT || (rd_left(r) - AGENT_MIN_OCT) % V4_OCT)
		return W_LENGTH;
	if (a->is_agent)
		return W_OK;
	a->is_agent = true;
	a->seq = rd_u16(r);
	a->reg_lifetime_s = rd_u16(r);
	a->flags = rd_u16(r) & (ADV4_R | ADV4_B | ADV4_H | ADV4_F | ADV4_M | ADV4_G | ADV4_T | ADV4_U | ADV4_X | ADV4_I);
	while (rd_left(r) && a->n_coa < ADV4_COA_MAX)
		a->coa[a->n_coa++] = rd_v4(r);
	bool is_fa = a->flags & ADV4_F;
	if ((is_fa && !a->n_coa) || (!is_fa && a->flags & (ADV4_B | ADV4_R)) || !(a->flags & (ADV4_F | ADV4_H)))
		return W_VALUE;
	return W_OK;
}

/* One byte for each router address, those that we do not keep included. */
static enum wire_err prefix_len_parse(struct rd *r, struct adv4 *a, uint8_t n_told)
{
	if (rd_left(r) != n_told)
		return W_LENGTH;
	for (uint8_t i = 0; i < n_told; i++) {
		uint8_t len_bits = rd_u8(r);
		if (len_bits > V4_BITS)
			return W_VALUE;
		if (i < ADV4_ROUTER_MAX)
			a->router[i].len_bits = len_bits;
	}
	a->has_prefix_len = true;
	return W_OK;
}

static enum wire_err challenge_parse(struct rd *r, struct adv4 *a)
{
	if (a->has_challenge || rd_left(r) > ADV4_CHALLENGE_MAX)
		return W_OK;
	a->has_challenge = true;
	a->challenge_oct = (uint8_t)rd_left(r);
	rd_bytes(r, a->challenge, a->challenge_oct);
	return W_OK;
}

/* Another enterprise's, another of ours, a later version: skipped, as RFC 3115 3 wants it. */
static enum wire_err vendor_parse(struct rd *r, struct adv4 *a)
{
	if (rd_left(r) < VENDOR_HEAD_OCT)
		return W_LENGTH;
	rd_skip(r, 2);
	uint32_t enterprise = rd_u32(r);
	uint16_t type = rd_u16(r);
	bool is_mma = enterprise == RC_ENTERPRISE && type == ADV4_VENDOR_MMA && rd_left(r) >= MMA_MIN_OCT && rd_u8(r) == MMA_VERSION;
	if (!is_mma || a->has_mma) {
		a->n_unknown++;
		return W_OK;
	}
	struct adv4_mma m = {.flags = rd_u8(r)};
	uint8_t both = rd_u8(r), len_bits = rd_u8(r);
	m.distance = both >> 4;
	m.preference = both & 15;
	m.valid_s = rd_u32(r);
	m.addr = rd_v4(r);
	struct addr6 group = rd_v4(r);
	if (len_bits)
		m.group = prefix6_from_v4(addr6_to_v4(&group), len_bits);
	if (len_bits > V4_BITS || (len_bits && !addr6_is_v4multicast(&m.group.addr)) || rd_left(r) >= ADV4_SITE_MAX)
		return W_VALUE;
	rd_bytes(r, m.site, rd_left(r));
	a->mma = m;
	a->has_mma = true;
	return W_OK;
}

static enum wire_err exts_parse(struct rd *r, struct adv4 *a, uint8_t n_told)
{
	while (rd_left(r)) {
		uint8_t type = rd_u8(r);
		if (type == ADV4X_PAD)
			continue;
		struct rd data = rd_sub(r, rd_u8(r));
		if (!rd_ok(&data))
			return W_LENGTH;
		enum wire_err e = W_OK;
		if (type == ADV4X_AGENT)
			e = agent_parse(&data, a);
		else if (type == ADV4X_PREFIX_LEN)
			e = prefix_len_parse(&data, a, n_told);
		else if (type == ADV4X_CHALLENGE)
			e = challenge_parse(&data, a);
		else if (type == ADV4X_NVSE)
			e = vendor_parse(&data, a);
		else if (type < 128)
			e = W_OPTION;
		else
			a->n_unknown++;
		if (e)
			return e;
	}
	return W_OK;
}

static enum wire_err adv_parse(struct rd *r, struct adv4_packet *p)
{
	struct adv4 *a = &p->adv;
	uint8_t n_told = rd_u8(r), words = rd_u8(r);
	a->lifetime_s = rd_u16(r);
	if (rd_ok(r) && n_told && words < ENTRY_WORDS)
		return W_LENGTH;
	for (uint8_t i = 0; i < n_told && rd_ok(r); i++) {
		struct adv4_router one = {.addr = rd_v4(r)};
		one.preference = (int32_t)rd_u32(r);
		rd_skip(r, (words - (size_t)ENTRY_WORDS) * 4);
		if (i < ADV4_ROUTER_MAX)
			a->router[a->n_router++] = one;
	}
	if (!rd_ok(r))
		return W_TRUNCATED;
	enum wire_err e = exts_parse(r, a, n_told);
	if (e)
		return e;
	return a->is_agent && p->ttl != TTL ? W_HOP_LIMIT : W_OK;
}

enum wire_err adv4_packet_parse(const void *pkt, size_t len_oct, struct adv4_packet *out)
{
	struct icmp4_packet p;
	memset(out, 0, sizeof *out);
	enum wire_err e = icmp4_packet_parse(pkt, len_oct, &p);
	if (e)
		return e;
	out->src = p.ip.src;
	out->dst = p.ip.dst;
	out->ttl = p.ip.ip.ttl;
	out->type = p.type;
	if (p.type != IC4_ROUTER_ADV && p.type != IC4_ROUTER_SOL)
		return W_TYPE;
	struct rd r = rd_of(p.body, p.body_len_oct);
	if (p.type == IC4_ROUTER_SOL) {
		rd_skip(&r, 4);
		return !rd_ok(&r) ? W_TRUNCATED : p.code ? W_CODE : W_OK;
	}
	out->adv.code = p.code;
	if (p.code && p.code != ADV4_CODE_NOT_ROUTER)
		return W_CODE;
	return adv_parse(&r, out);
}

static size_t ext_begin(struct wr *w, uint8_t type)
{
	wr_u8(w, type);
	wr_u8(w, 0);
	return wr_len(w);
}

static void ext_end(struct wr *w, size_t data_off)
{
	size_t len_oct = wr_len(w) - data_off;
	if (len_oct > MAX_LEN)
		w->bad = true;
	wr_patch_u8(w, data_off - 1, (uint8_t)len_oct);
}

static void agent_build(struct wr *w, const struct adv4 *a)
{
	size_t data = ext_begin(w, ADV4X_AGENT);
	wr_u16(w, a->seq);
	wr_u16(w, a->reg_lifetime_s);
	wr_u16(w, a->flags);
	for (uint32_t i = 0; i < a->n_coa && i < ADV4_COA_MAX; i++)
		wr_v4(w, &a->coa[i]);
	ext_end(w, data);
}

static void mma_build(struct wr *w, const struct adv4_mma *m)
{
	bool has_group = m->group.len_bits > MAPPED_BITS;
	size_t data = ext_begin(w, ADV4X_NVSE);
	wr_u16(w, 0);
	wr_u32(w, RC_ENTERPRISE);
	wr_u16(w, ADV4_VENDOR_MMA);
	wr_u8(w, MMA_VERSION);
	wr_u8(w, m->flags);
	wr_u8(w, (uint8_t)(m->distance << 4 | (m->preference & 15)));
	wr_u8(w, has_group ? m->group.len_bits - MAPPED_BITS : 0);
	wr_u32(w, m->valid_s);
	wr_v4(w, &m->addr);
	wr_v4(w, has_group ? &m->group.addr : &addr6_any);
	wr_bytes(w, m->site, strnlen(m->site, ADV4_SITE_MAX - 1));
	ext_end(w, data);
}

size_t adv4_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct adv4 *a)
{
	struct wr w = wr_of(buf, cap_oct);
	uint32_t n = a->n_router < ADV4_ROUTER_MAX ? a->n_router : ADV4_ROUTER_MAX;
	struct icmp4_build b = icmp4_begin(&w, &(struct ip4_path){.src = *src, .dst = *dst, .ttl = TTL}, IC4_ROUTER_ADV, a->code);
	wr_u8(&w, (uint8_t)n);
	wr_u8(&w, ENTRY_WORDS);
	wr_u16(&w, a->lifetime_s);
	for (uint32_t i = 0; i < n; i++) {
		wr_v4(&w, &a->router[i].addr);
		wr_u32(&w, (uint32_t)a->router[i].preference);
	}
	if (a->is_agent)
		agent_build(&w, a);
	if (a->has_prefix_len) {
		size_t data = ext_begin(&w, ADV4X_PREFIX_LEN);
		for (uint32_t i = 0; i < n; i++)
			wr_u8(&w, a->router[i].len_bits);
		ext_end(&w, data);
	}
	if (a->has_challenge) {
		size_t data = ext_begin(&w, ADV4X_CHALLENGE);
		wr_bytes(&w, a->challenge, a->challenge_oct < ADV4_CHALLENGE_MAX ? a->challenge_oct : ADV4_CHALLENGE_MAX);
		ext_end(&w, data);
	}
	if (a->has_mma)
		mma_build(&w, &a->mma);
	if ((wr_len(&w) - b.off) % 2)
		wr_u8(&w, ADV4X_PAD);
	return icmp4_finish(&w, &b);
}

size_t sol4_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp4_build b = icmp4_begin(&w, &(struct ip4_path){.src = *src, .dst = *dst, .ttl = TTL}, IC4_ROUTER_SOL, 0);
	wr_u32(&w, 0);
	return icmp4_finish(&w, &b);
}
