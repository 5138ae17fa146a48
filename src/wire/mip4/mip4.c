/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control messages: a type byte, a body of fixed length by type, and extensions (mip4_ext.c). messages[] has a row for each type.
 */
#include "wire/mip4/mip4.h"

#include "wire/ip/ip4.h"
#include "wire/ip/ip6.h"
#include "wire/mip4/mip4_ext.h"

enum { REVOKE_A = 0x8000, REVOKE_I = 0x4000, ACK_I = 0x8000 };

const char *mip4_code_str(uint8_t code)
{
	switch (code) {
#define X(name, value, text) case value: return text;
	MIP4_CODES(X)
#undef X
	}
	return "unknown";
}

uint8_t mip4_encap(uint8_t flags)
{
	if (flags & MIP4_M)
		return PROTO_MINENC;
	return flags & MIP4_G ? NH_GRE : NH_IPV4;
}

static void request_parse(struct rd *r, struct mip4 *m)
{
	struct mip4_request *q = &m->request;
	q->flags = rd_u8(r);
	q->lifetime_s = rd_u16(r);
	q->hoa = rd_v4(r);
	q->ha = rd_v4(r);
	q->coa = rd_v4(r);
	q->id = rd_u64(r);
}

static void request_build(struct wr *w, const struct mip4 *m)
{
	const struct mip4_request *q = &m->request;
	wr_u8(w, q->flags);
	wr_u16(w, q->lifetime_s);
	wr_v4(w, &q->hoa);
	wr_v4(w, &q->ha);
	wr_v4(w, &q->coa);
	wr_u64(w, q->id);
}

static void reply_parse(struct rd *r, struct mip4 *m)
{
	struct mip4_reply *p = &m->reply;
	p->code = rd_u8(r);
	p->lifetime_s = rd_u16(r);
	p->hoa = rd_v4(r);
	p->ha = rd_v4(r);
	p->id = rd_u64(r);
}

static void reply_build(struct wr *w, const struct mip4 *m)
{
	const struct mip4_reply *p = &m->reply;
	wr_u8(w, p->code);
	wr_u16(w, p->lifetime_s);
	wr_v4(w, &p->hoa);
	wr_v4(w, &p->ha);
	wr_u64(w, p->id);
}

static void revoke_parse(struct rd *r, struct mip4 *m)
{
	rd_skip(r, 1);
	uint16_t flags = rd_u16(r);
	m->revoke.is_ha = flags & REVOKE_A;
	m->revoke.inform = flags & REVOKE_I;
	m->revoke.hoa = rd_v4(r);
	m->revoke.home = rd_v4(r);
	m->revoke.foreign = rd_v4(r);
	m->revoke.id = rd_u32(r);
}

static void revoke_build(struct wr *w, const struct mip4 *m)
{
	wr_u8(w, 0);
	wr_u16(w, (uint16_t)((m->revoke.is_ha ? REVOKE_A : 0) | (m->revoke.inform ? REVOKE_I : 0)));
	wr_v4(w, &m->revoke.hoa);
	wr_v4(w, &m->revoke.home);
	wr_v4(w, &m->revoke.foreign);
	wr_u32(w, m->revoke.id);
}

static void ack_parse(struct rd *r, struct mip4 *m)
{
	rd_skip(r, 1);
	m->revoke.inform = rd_u16(r) & ACK_I;
	m->revoke.hoa = rd_v4(r);
	m->revoke.id = rd_u32(r);
}

static void ack_build(struct wr *w, const struct mip4 *m)
{
	wr_u8(w, 0);
	wr_u16(w, m->revoke.inform ? ACK_I : 0);
	wr_v4(w, &m->revoke.hoa);
	wr_u32(w, m->revoke.id);
}

static void data_parse(struct rd *r, struct mip4 *m)
{
	m->data.next = rd_u8(r);
	rd_skip(r, 2);
}

static void data_build(struct wr *w, const struct mip4 *m)
{
	wr_u8(w, m->data.next);
	wr_u16(w, 0);
}

static const struct message {
	uint8_t type;
	const char *name;
	void (*parse)(struct rd *r, struct mip4 *m);
	void (*build)(struct wr *w, const struct mip4 *m);
} messages[] = {
	{MIP4_REQUEST, "registration-request", request_parse, request_build},
	{MIP4_REPLY, "registration-reply", reply_parse, reply_build},
	{MIP4_DATA, "tunnel-data", data_parse, data_build},
	{MIP4_REVOKE, "registration-revocation", revoke_parse, revoke_build},
	{MIP4_REVOKE_ACK, "revocation-acknowledgement", ack_parse, ack_build},
};

static const struct message *message_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		if (messages[i].type == type)
			return &messages[i];
	}
	return NULL;
}

const char *mip4_type_str(uint8_t type)
{
	const struct message *one = message_of(type);
	return one ? one->name : "unknown";
}

enum wire_err mip4_parse(struct rd *r, struct mip4 *m)
{
	const uint8_t *start = r->p;
	memset(m, 0, sizeof *m);
	if (rd_left(r) > UINT16_MAX)
		return W_LENGTH;
	m->type = rd_u8(r);
	const struct message *one = message_of(m->type);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (!one)
		return W_TYPE;
	one->parse(r, m);
	if (!rd_ok(r))
		return W_TRUNCATED;
	enum wire_err e = m->type == MIP4_DATA ? W_OK : mip4_exts_parse(r, start, m);
	m->len_oct = (uint16_t)(r->p - start);
	return e;
}

void mip4_build(struct wr *w, struct mip4 *m)
{
	size_t start = wr_len(w);
	const struct message *one = message_of(m->type);
	if (!one) {
		w->bad = true;
		return;
	}
	wr_u8(w, m->type);
	one->build(w, m);
	if (m->type != MIP4_DATA)
		mip4_exts_build(w, start, &m->ext);
	m->len_oct = (uint16_t)(wr_len(w) - start);
}
