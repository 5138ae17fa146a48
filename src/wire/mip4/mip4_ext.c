/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extensions of control messages. A row of rows[] says in which messages an extension counts, how long it may be, and who reads and
 * writes it; the order of rows is the order in which we write. Two of them have the long form (type, one byte, two bytes of length;
 * RFC 5944 1.10): those that no receiver may skip without knowing them. What has no row, or stands in a message where it does
 * not count, is skipped from 128 on, and below that the message is discarded (1.8).
 */
#include "wire/mip4/mip4_ext.h"


enum {
	IN_REQUEST = 1 << MIP4_REQUEST, IN_REPLY = 1 << MIP4_REPLY, IN_REVOKE = 1 << MIP4_REVOKE | 1 << MIP4_REVOKE_ACK,
	IN_REG = IN_REQUEST | IN_REPLY, ANYWHERE = IN_REG | IN_REVOKE,
	SPI_OCT = 4, AAA_SUBTYPE = 1, VENDOR_HEAD_OCT = 6, INFORM = 0x8000, F_FLAG = 0x80, R_FLAG = 0x40, REPLY_F = 0x8000, SUB_DEFAULT = 0,
	NET_REQUEST_OCT = 6, NET_ACK_OCT = 8,
};

struct at {                      /* an extension that was read */
	uint8_t type, sub;       /* sub: the byte behind the type in the long form */
	uint16_t off;
	const uint8_t *start;    /* of the message */
};

struct row {
	uint8_t type;
	bool is_long;
	uint16_t min_oct, max_oct; /* of the data */
	uint16_t in;
	enum wire_err (*parse)(struct rd *r, const struct at *at, struct mip4_exts *x);
	void (*build)(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x);
};

/* An extension that this parser does not understand after all: skipped or the end, by its type. */
static enum wire_err unknown(uint8_t type, struct mip4_exts *x)
{
	if (type < 128)
		return W_OPTION;
	x->n_unknown++;
	return W_OK;
}

/* Head of an extension; gives where its data begin, for end(). */
static size_t begin(struct wr *w, const struct row *row, uint8_t sub)
{
	wr_u8(w, row->type);
	if (row->is_long) {
		wr_u8(w, sub);
		wr_u16(w, 0);
	} else
		wr_u8(w, 0);
	return wr_len(w);
}

static void end(struct wr *w, const struct row *row, size_t data_off)
{
	size_t len_oct = wr_len(w) - data_off;
	if (len_oct > (row->is_long ? UINT16_MAX : UINT8_MAX))
		w->bad = true;
	if (row->is_long)
		wr_patch_u16(w, data_off - 2, (uint16_t)len_oct);
	else
		wr_patch_u8(w, data_off - 1, (uint8_t)len_oct);
}

static uint16_t offset(const struct wr *w, size_t start) { return (uint16_t)(wr_len(w) - start); }

static enum mip4_auth_kind kind_of(uint8_t type)
{
	return type == MIP4X_GEN_AUTH ? MIP4_AAA : (enum mip4_auth_kind)(type - MIP4X_MH_AUTH);
}

static enum wire_err auth_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	if (at->type == MIP4X_GEN_AUTH && at->sub != AAA_SUBTYPE)
		return unknown(at->type, x);
	struct mip4_auth *a = &x->auth[kind_of(at->type)];
	a->n += a->n < UINT8_MAX;
	if (a->n > 1)
		return W_OK;
	a->spi = rd_u32(r);
	a->off = (uint16_t)(r->p - at->start);
	a->len_oct = (uint16_t)rd_left(r);
	return W_OK;
}
static void auth_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	struct mip4_auth *a = &x->auth[kind_of(row->type)];
	if (!a->n)
		return;
	size_t data = begin(w, row, AAA_SUBTYPE);
	wr_u32(w, a->spi);
	a->off = offset(w, start);
	wr_zero(w, a->len_oct);
	end(w, row, data);
	if (row->type == MIP4X_MH_AUTH || row->type == MIP4X_GEN_AUTH)
		x->relay_oct = offset(w, start);
}

static struct mip4_bytes bytes_of(struct rd *r, const struct at *at)
{
	struct mip4_bytes b = {.off = at->off, .len_oct = (uint8_t)rd_left(r), .p = r->p};
	rd_skip(r, b.len_oct);
	return b;
}
static void bytes_build(struct wr *w, const struct row *row, size_t start, struct mip4_bytes *b)
{
	b->off = offset(w, start);
	size_t data = begin(w, row, 0);
	wr_bytes(w, b->p, b->len_oct);
	end(w, row, data);
}

static enum wire_err nai_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	if (!x->has_nai)
		x->nai = bytes_of(r, at);
	x->has_nai = true;
	return W_OK;
}
static void nai_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (x->has_nai)
		bytes_build(w, row, start, &x->nai);
}

static enum wire_err challenge_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	if (!x->has_challenge)
		x->challenge = bytes_of(r, at);
	x->has_challenge = true;
	return W_OK;
}
static void challenge_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (x->has_challenge)
		bytes_build(w, row, start, &x->challenge);
}

static enum wire_err delivery_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	(void)r;
	if (!x->has_delivery)
		x->delivery_off = at->off;
	x->has_delivery = true;
	return W_OK;
}
static void delivery_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (!x->has_delivery)
		return;
	x->delivery_off = offset(w, start);
	end(w, row, begin(w, row, 0));
}

static enum wire_err revocation_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	if (x->has_revocation)
		return W_OK;
	x->has_revocation = true;
	x->revocation.off = at->off;
	x->revocation.inform = rd_u16(r) & INFORM;
	x->revocation.timestamp = rd_u32(r);
	return W_OK;
}
static void revocation_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (!x->has_revocation)
		return;
	x->revocation.off = offset(w, start);
	size_t data = begin(w, row, 0);
	wr_u16(w, x->revocation.inform ? INFORM : 0);
	wr_u32(w, x->revocation.timestamp);
	end(w, row, data);
}

/* Reserved 3 not zero, another sub-type: not understood (RFC 3519 3.1). An encapsulation that we do not know is understood: the
 * home agent refuses it (code 142), so it is kept. */
static enum wire_err udp_request_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	uint8_t sub = rd_u8(r);
	rd_skip(r, 1);
	uint8_t flags = rd_u8(r), encap = rd_u8(r);
	if (sub != SUB_DEFAULT || rd_u16(r))
		return unknown(at->type, x);
	if (x->has_udp_request)
		return W_OK;
	x->has_udp_request = true;
	x->udp_request.off = at->off;
	x->udp_request.is_forced = flags & F_FLAG;
	x->udp_request.is_r = flags & R_FLAG;
	x->udp_request.encap = encap;
	return W_OK;
}
static void udp_request_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (!x->has_udp_request)
		return;
	x->udp_request.off = offset(w, start);
	size_t data = begin(w, row, 0);
	wr_u16(w, SUB_DEFAULT);
	wr_u8(w, (uint8_t)((x->udp_request.is_forced ? F_FLAG : 0) | (x->udp_request.is_r ? R_FLAG : 0)));
	wr_u8(w, x->udp_request.encap);
	wr_u16(w, 0);
	end(w, row, data);
}

static enum wire_err udp_reply_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	if (rd_u8(r) != SUB_DEFAULT)
		return unknown(at->type, x);
	if (x->has_udp_reply)
		return W_OK;
	x->has_udp_reply = true;
	x->udp_reply.off = at->off;
	x->udp_reply.code = rd_u8(r);
	x->udp_reply.is_forced = rd_u16(r) & REPLY_F;
	x->udp_reply.keepalive_s = rd_u16(r);
	return W_OK;
}
static void udp_reply_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (!x->has_udp_reply)
		return;
	x->udp_reply.off = offset(w, start);
	size_t data = begin(w, row, 0);
	wr_u8(w, SUB_DEFAULT);
	wr_u8(w, x->udp_reply.code);
	wr_u16(w, x->udp_reply.is_forced ? REPLY_F : 0);
	wr_u16(w, x->udp_reply.keepalive_s);
	end(w, row, data);
}

static enum wire_err fa_error_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	if (rd_u8(r) != SUB_DEFAULT)
		return unknown(at->type, x);
	if (x->has_fa_error)
		return W_OK;
	x->has_fa_error = true;
	x->fa_error.off = at->off;
	x->fa_error.status = rd_u8(r);
	return W_OK;
}
static void fa_error_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	if (!x->has_fa_error)
		return;
	x->fa_error.off = offset(w, start);
	size_t data = begin(w, row, 0);
	wr_u8(w, SUB_DEFAULT);
	wr_u8(w, x->fa_error.status);
	end(w, row, data);
}

static enum wire_err net_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	struct mip4_net net = {.off = at->off};
	size_t want = rd_left(r) == NET_REQUEST_OCT ? NET_REQUEST_OCT : NET_ACK_OCT;
	net.sub = rd_u8(r);
	if (net.sub > MIP4_NET_IMPLICIT)
		return unknown(at->type, x);
	bool is_ack = net.sub != MIP4_NET_REQUEST;
	if (is_ack != (want == NET_ACK_OCT) || (is_ack && rd_left(r) != NET_ACK_OCT - 1))
		return W_LENGTH;
	if (x->n_net == MIP4_NET_MAX)
		return W_LIMIT;
	net.code = is_ack ? rd_u8(r) : 0;
	net.len_bits = rd_u8(r);
	rd_skip(r, is_ack);
	net.addr = rd_v4(r);
	x->net[x->n_net++] = net;
	return W_OK;
}
static void nets_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	for (struct mip4_net *net = x->net; net < x->net + x->n_net && net < x->net + MIP4_NET_MAX; net++) {
		net->off = offset(w, start);
		size_t data = begin(w, row, 0);
		wr_u8(w, net->sub);
		if (net->sub != MIP4_NET_REQUEST)
			wr_u8(w, net->code);
		wr_u8(w, net->len_bits);
		wr_zero(w, net->sub != MIP4_NET_REQUEST);
		wr_v4(w, &net->addr);
		end(w, row, data);
	}
}

static enum wire_err vendor_parse(struct rd *r, const struct at *at, struct mip4_exts *x)
{
	struct mip4_vendor v = {.is_critical = at->type == MIP4X_CVSE, .off = at->off};
	if (!v.is_critical)
		rd_skip(r, 2);
	v.enterprise = rd_u32(r);
	v.type = rd_u16(r);
	v.len_oct = (uint16_t)rd_left(r);
	v.value = r->p;
	if (!rd_ok(r))
		return W_LENGTH;
	if (x->n_vendor < MIP4_VENDOR_MAX)
		x->vendor[x->n_vendor++] = v;
	else if (v.is_critical)
		return W_LIMIT;
	else
		x->n_unknown++;
	return W_OK;
}
static void vendors_build(struct wr *w, const struct row *row, size_t start, struct mip4_exts *x)
{
	for (struct mip4_vendor *v = x->vendor; v < x->vendor + x->n_vendor && v < x->vendor + MIP4_VENDOR_MAX; v++) {
		if (v->is_critical != row->is_long)
			continue;
		v->off = offset(w, start);
		size_t data = begin(w, row, 0);
		if (!v->is_critical)
			wr_u16(w, 0);
		wr_u32(w, v->enterprise);
		wr_u16(w, v->type);
		wr_bytes(w, v->value, v->len_oct);
		end(w, row, data);
	}
}

/* RFC 4721 5: an MN-AAA authenticator has at least 16 bytes; RFC 5944's other ones, whose default has as many, are held to 8 (any
 * algorithm may be agreed upon, but none has less). */
static const struct row rows[] = {
	{MIP4X_NAI, false, 1, 255, IN_REG, nai_parse, nai_build},
	{MIP4X_NETWORK, false, NET_REQUEST_OCT, NET_ACK_OCT, IN_REG, net_parse, nets_build},
	{MIP4X_UDP_REQUEST, false, 6, 6, IN_REQUEST, udp_request_parse, udp_request_build},
	{MIP4X_UDP_REPLY, false, 6, 6, IN_REPLY, udp_reply_parse, udp_reply_build},
	{MIP4X_REVOCATION, false, 6, 255, IN_REG, revocation_parse, revocation_build},
	{MIP4X_CVSE, true, VENDOR_HEAD_OCT, UINT16_MAX, ANYWHERE, vendor_parse, vendors_build},
	{MIP4X_NVSE, false, 2 + VENDOR_HEAD_OCT, 255, ANYWHERE, vendor_parse, vendors_build},
	{MIP4X_MH_AUTH, false, SPI_OCT + 8, 255, ANYWHERE, auth_parse, auth_build},
	{MIP4X_CHALLENGE, false, 0, 255, IN_REG, challenge_parse, challenge_build},
	{MIP4X_DELIVERY, false, 0, 0, IN_REQUEST, delivery_parse, delivery_build},
	{MIP4X_FA_ERROR, false, 2, 2, IN_REPLY, fa_error_parse, fa_error_build},
	{MIP4X_GEN_AUTH, true, SPI_OCT + 16, UINT16_MAX, ANYWHERE, auth_parse, auth_build},
	{MIP4X_MF_AUTH, false, SPI_OCT + 8, 255, ANYWHERE, auth_parse, auth_build},
	{MIP4X_FH_AUTH, false, SPI_OCT + 8, 255, ANYWHERE, auth_parse, auth_build},
};
enum { ROWS_N = sizeof rows / sizeof rows[0] };

static const struct row *row_of(uint8_t type)
{
	for (size_t i = 0; i < ROWS_N; i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

/* One extension behind its type byte. *e: the first thing that was wrong; the walk goes on as long as it knows where. False: it
 * does not, or the message has to be discarded. */
static bool one_parse(struct rd *r, struct at *at, struct mip4 *m, enum wire_err *e)
{
	const struct row *row = row_of(at->type);
	bool is_long = row && row->is_long;
	at->sub = is_long ? rd_u8(r) : 0;
	struct rd data = rd_sub(r, is_long ? rd_u16(r) : rd_u8(r));
	if (!rd_ok(&data)) {
		*e = row || at->type >= 128 ? W_LENGTH : W_OPTION;
		return false;
	}
	enum wire_err now;
	if (!row || !(row->in & 1 << m->type))
		now = unknown(at->type, &m->ext);
	else if (rd_left(&data) < row->min_oct || rd_left(&data) > row->max_oct)
		now = W_LENGTH;
	else
		now = row->parse(&data, at, &m->ext);
	if (now == W_OPTION || !*e)
		*e = now;
	return now != W_OPTION;
}

static bool is_behind(const struct mip4_exts *x, uint16_t off, enum mip4_auth_kind kind) { return x->auth[kind].n && off > x->auth[kind].off; }

/* What is said of the order in requests, by offset: RFC 2794 2 (NAI before mobile-home and mobile-foreign), RFC 3024 3.3 (delivery style
 * between the two, and only with T), RFC 4721 3.1 and 6 (mobile-home, challenge, MN-AAA, mobile-foreign). */
static enum wire_err request_order(const struct mip4 *m)
{
	const struct mip4_exts *x = &m->ext;
	const struct mip4_auth *mh = &x->auth[MIP4_MH], *aaa = &x->auth[MIP4_AAA];
	bool is_wrong = (x->has_nai && (is_behind(x, x->nai.off, MIP4_MH) || is_behind(x, x->nai.off, MIP4_MF))) ||
			(x->has_delivery && ((mh->n && x->delivery_off < mh->off) || is_behind(x, x->delivery_off, MIP4_MF))) ||
			(x->has_challenge && ((mh->n && x->challenge.off < mh->off) || is_behind(x, x->challenge.off, MIP4_AAA) ||
					      is_behind(x, x->challenge.off, MIP4_MF))) ||
			(aaa->n && mh->n && aaa->off < mh->off);
	if (is_wrong)
		return W_OPTION_ORDER;
	return x->has_delivery && !(m->request.flags & MIP4_T) ? W_VALUE : W_OK;
}

/* Mobile-foreign and foreign-home authentication are the last of what one sender writes (RFC 5944 3.6.1.3, 3.7.2.2, 3.8.3.3): what
 * follows them would be protected by nothing. A foreign agent's own may stand behind a mobile's. */
static bool is_behind_last(const struct mip4_exts *x, uint8_t type)
{
	return x->auth[MIP4_FH].n ? type != MIP4X_FH_AUTH : x->auth[MIP4_MF].n && type != MIP4X_MF_AUTH && type != MIP4X_FH_AUTH;
}

enum wire_err mip4_exts_parse(struct rd *r, const uint8_t *start, struct mip4 *m)
{
	struct mip4_exts *x = &m->ext;
	enum wire_err e = W_OK;
	while (rd_left(r)) {
		struct at at = {.off = (uint16_t)(r->p - start), .start = start};
		at.type = rd_u8(r);
		if (at.type == MIP4X_PAD)
			continue;
		if (!e && is_behind_last(x, at.type))
			e = W_OPTION_ORDER;
		if (!one_parse(r, &at, m, &e))
			return e;
		if (at.type == MIP4X_MH_AUTH || at.type == MIP4X_GEN_AUTH)
			x->relay_oct = (uint16_t)(r->p - start);
	}
	return e || m->type != MIP4_REQUEST ? e : request_order(m);
}

void mip4_exts_build(struct wr *w, size_t start, struct mip4_exts *x)
{
	for (const struct row *row = rows; row < rows + ROWS_N; row++)
		row->build(w, row, start, x);
}
