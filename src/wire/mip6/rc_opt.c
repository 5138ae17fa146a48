/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each sub-type is a row: its length, its presence flag, and how it is read and written. After the sub-type byte
 * every one begins with a byte of its own and 16 bits, which brings addresses to a multiple of four.
 */
#include "wire/mip6/rc_opt.h"

#include "wire/mip6/mho.h"

enum { HEAD_OCT = 3, PREFIX_OCT = 20, PEER_OCT = 20, HAS_SEQ = 0x01 };

static enum wire_err mcoa_parse(struct rd *r, struct rc_opts *o)
{
	rd_skip(r, HEAD_OCT);
	o->mcoa.group = rd_addr6(r);
	o->mcoa.source = rd_addr6(r);
	return addr6_is_multicast(&o->mcoa.group) && addr6_is_routable(&o->mcoa.source) ? W_OK : W_VALUE;
}

static void mcoa_build(struct wr *w, const struct rc_opts *o)
{
	wr_zero(w, HEAD_OCT);
	wr_addr6(w, &o->mcoa.group);
	wr_addr6(w, &o->mcoa.source);
}

static enum wire_err prefix_parse(struct rd *r, struct prefix6 *p)
{
	p->len_bits = rd_u8(r);
	rd_skip(r, 3);
	p->addr = rd_addr6(r);
	if (p->len_bits > 128)
		return W_VALUE;
	struct prefix6 clean = {prefix6_join(p, &addr6_any), p->len_bits};
	return addr6_eq(&clean.addr, &p->addr) ? W_OK : W_VALUE;
}

static enum wire_err acoa_parse(struct rd *r, struct rc_opts *o)
{
	struct rc_acoa *a = &o->acoa;
	a->n_prefix = rd_u8(r);
	rd_skip(r, 2);
	a->lifetime_s = rd_u32(r);
	a->coa = rd_addr6(r);
	if (a->n_prefix > RC_PREFIX_MAX)
		return W_LIMIT;
	if (rd_left(r) != (size_t)a->n_prefix * PREFIX_OCT)
		return W_LENGTH;
	for (uint32_t i = 0; i < a->n_prefix; i++) {
		enum wire_err e = prefix_parse(r, &a->prefix[i]);
		if (e)
			return e;
	}
	return addr6_is_routable(&a->coa) ? W_OK : W_VALUE;
}

static void acoa_build(struct wr *w, const struct rc_opts *o)
{
	const struct rc_acoa *a = &o->acoa;
	wr_u8(w, (uint8_t)a->n_prefix);
	wr_u16(w, 0);
	wr_u32(w, a->lifetime_s);
	wr_addr6(w, &a->coa);
	for (uint32_t i = 0; i < a->n_prefix && i < RC_PREFIX_MAX; i++) {
		wr_u32(w, (uint32_t)a->prefix[i].len_bits << 24);
		wr_addr6(w, &a->prefix[i].addr);
	}
}

static enum wire_err forward_parse(struct rd *r, struct rc_opts *o)
{
	uint8_t flags = rd_u8(r);
	o->forward.has_seq = flags & HAS_SEQ;
	o->forward.flags = flags & (uint8_t)~HAS_SEQ;
	o->forward.time_s = rd_u16(r);
	o->forward.to = rd_addr6(r);
	o->forward.agent = rd_addr6(r);
	o->forward.last_seq = rd_u32(r);
	return o->forward.time_s == 0 || addr6_is_routable(&o->forward.to) ? W_OK : W_VALUE;
}

static void forward_build(struct wr *w, const struct rc_opts *o)
{
	wr_u8(w, (uint8_t)((o->forward.flags & ~HAS_SEQ) | (o->forward.has_seq ? HAS_SEQ : 0)));
	wr_u16(w, o->forward.time_s);
	wr_addr6(w, &o->forward.to);
	wr_addr6(w, &o->forward.agent);
	wr_u32(w, o->forward.last_seq);
}

static enum wire_err devid_parse(struct rd *r, struct rc_opts *o)
{
	size_t n = rd_left(r) - 1;
	o->devid.kind = rd_u8(r);
	if (n > RC_DEVID_MAX_OCT)
		return W_LIMIT;
	o->devid.len_oct = (uint8_t)n;
	rd_bytes(r, o->devid.id, n);
	return W_OK;
}

static void devid_build(struct wr *w, const struct rc_opts *o)
{
	wr_u8(w, o->devid.kind);
	wr_bytes(w, o->devid.id, o->devid.len_oct);
}

static enum wire_err encap_parse(struct rd *r, struct rc_opts *o)
{
	o->encap.kind = rd_u8(r);
	return o->encap.kind == RC_ENCAP_GRE || o->encap.kind == RC_ENCAP_IPIP ? W_OK : W_VALUE;
}

static void encap_build(struct wr *w, const struct rc_opts *o)
{
	wr_u8(w, o->encap.kind);
	wr_u16(w, 0);
}

static enum wire_err reg_parse(struct rd *r, struct rc_opts *o)
{
	o->reg.flags = rd_u8(r);
	rd_skip(r, 2);
	o->reg.ha = rd_addr6(r);
	o->reg.prev_mma = rd_addr6(r);
	o->reg.prev_coa = rd_addr6(r);
	return addr6_is_routable(&o->reg.ha) ? W_OK : W_VALUE;
}

static void reg_build(struct wr *w, const struct rc_opts *o)
{
	wr_u8(w, o->reg.flags);
	wr_u16(w, 0);
	wr_addr6(w, &o->reg.ha);
	wr_addr6(w, &o->reg.prev_mma);
	wr_addr6(w, &o->reg.prev_coa);
}

static enum wire_err peers_parse(struct rd *r, struct rc_opts *o)
{
	struct rc_peers *l = &o->peers;
	uint32_t n = rd_u8(r);
	rd_skip(r, 2);
	if (l->n + n > RC_PEER_MAX)
		return W_LIMIT;
	if (rd_left(r) != (size_t)n * PEER_OCT)
		return W_LENGTH;
	for (; n > 0; n--) {
		struct rc_peer *p = &l->peer[l->n++];
		p->cn = rd_addr6(r);
		p->seq = rd_u16(r);
		p->left_s = rd_u16(r) * 4u;
		if (!addr6_is_routable(&p->cn))
			return W_VALUE;
	}
	return W_OK;
}

static uint32_t peers_parts(const struct rc_opts *o)
{
	return o->peers.n ? (o->peers.n + RC_PEERS_A_PART - 1) / RC_PEERS_A_PART : 1;
}

static void peers_build(struct wr *w, const struct rc_opts *o, uint32_t part)
{
	uint32_t from = part * RC_PEERS_A_PART, to = from + RC_PEERS_A_PART < o->peers.n ? from + RC_PEERS_A_PART : o->peers.n;
	wr_u8(w, (uint8_t)(to - from));
	wr_u16(w, 0);
	for (const struct rc_peer *p = o->peers.peer + from; p < o->peers.peer + to; p++) {
		wr_addr6(w, &p->cn);
		wr_u16(w, p->seq);
		wr_u16(w, mho_units_of_s(p->left_s));
	}
}

static enum wire_err key_parse(struct rd *r, struct rc_opts *o)
{
	o->key.alg = rd_u8(r);
	rd_skip(r, 2);
	o->key.spi = rd_u32(r);
	rd_bytes(r, o->key.masked, RC_KEY_OCT);
	return o->key.alg == RC_KEY_HMAC_SHA1 || o->key.alg == RC_KEY_HMAC_SHA256 ? W_OK : W_VALUE;
}

static void key_build(struct wr *w, const struct rc_opts *o)
{
	wr_u8(w, o->key.alg);
	wr_u16(w, 0);
	wr_u32(w, o->key.spi);
	wr_bytes(w, o->key.masked, RC_KEY_OCT);
}

/* Lengths without the sub-type byte. RC_PEERS repeats, and is written apart. */
static const struct row {
	uint8_t min_oct, max_oct;
	size_t has_off;
	enum wire_err (*parse)(struct rd *r, struct rc_opts *o);
	void (*build)(struct wr *w, const struct rc_opts *o);
} rows[] = {
	[RC_MCOA] = {35, 35, offsetof(struct rc_opts, has_mcoa), mcoa_parse, mcoa_build},
	[RC_ACOA] = {23, 250, offsetof(struct rc_opts, has_acoa), acoa_parse, acoa_build},
	[RC_FORWARD] = {39, 39, offsetof(struct rc_opts, has_forward), forward_parse, forward_build},
	[RC_DEVID] = {2, 250, offsetof(struct rc_opts, has_devid), devid_parse, devid_build},
	[RC_ENCAP] = {3, 3, offsetof(struct rc_opts, has_encap), encap_parse, encap_build},
	[RC_REG] = {51, 51, offsetof(struct rc_opts, has_reg), reg_parse, reg_build},
	[RC_PEERS] = {3, 250, offsetof(struct rc_opts, has_peers), peers_parse, NULL},
	[RC_KEY] = {39, 39, offsetof(struct rc_opts, has_key), key_parse, key_build},
};

static bool is_known_sub(uint8_t sub) { return sub < sizeof rows / sizeof rows[0] && rows[sub].parse; }

static bool *has_of(struct rc_opts *o, const struct row *row) { return (bool *)((char *)o + row->has_off); }

enum wire_err rc_opt_parse(struct rd *r, struct rc_opts *o, bool *is_known)
{
	uint8_t sub = rd_u8(r);
	*is_known = rd_ok(r) && is_known_sub(sub);
	if (!*is_known)
		return W_OK;
	const struct row *row = &rows[sub];
	if (rd_left(r) < row->min_oct || rd_left(r) > row->max_oct)
		return W_LENGTH;
	bool *has = has_of(o, row);
	if (*has && sub != RC_PEERS)
		return W_OK;
	*has = true;
	return row->parse(r, o);
}

void rc_opt_build(struct wr *w, enum rc_sub sub, const struct rc_opts *o, uint32_t part)
{
	wr_u8(w, (uint8_t)sub);
	if (sub == RC_PEERS)
		peers_build(w, o, part);
	else
		rows[sub].build(w, o);
}

uint32_t rc_opt_parts(const struct rc_opts *o, enum rc_sub sub)
{
	if (!*(const bool *)((const char *)o + rows[sub].has_off))
		return 0;
	return sub == RC_PEERS ? peers_parts(o) : 1;
}
