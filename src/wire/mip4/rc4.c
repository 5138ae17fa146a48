/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mip4/rc4.h"

#include "base/addr.h"

enum { VERSION = 1, V4_BITS = 32, MAPPED_BITS = 96, HAS_SEQ = 0x01, FORWARD_FLAGS = RC_FORWARD_GONE | RC_FORWARD_LISTENS | RC_FORWARD_WAITS };

static bool is_none_or_unicast(const struct addr6 *a) { return addr6_is_none(a) || addr6_is_v4unicast(a); }

static enum wire_err group_request_parse(struct rd *r, struct rc4 *o)
{
	struct rc4_group_request *q = &o->group_request;
	q->flags = rd_u8(r);
	rd_skip(r, 2);
	q->group = rd_v4(r);
	q->prev = rd_v4(r);
	o->has_group_request = true;
	return addr6_is_v4multicast(&q->group) && is_none_or_unicast(&q->prev) ? W_OK : W_VALUE;
}

static void group_request_build(struct wr *w, const struct rc4 *o)
{
	wr_u8(w, o->group_request.flags);
	wr_zero(w, 2);
	wr_v4(w, &o->group_request.group);
	wr_v4(w, &o->group_request.prev);
}

static enum wire_err prefixes_parse(struct rd *r, struct rc4_group_answer *a, uint8_t n)
{
	if (n > RC4_PREFIX_MAX)
		return W_LIMIT;
	for (uint8_t i = 0; i < n; i++) {
		uint8_t len_bits = rd_u8(r);
		rd_skip(r, 3);
		struct addr6 addr = rd_v4(r);
		if (len_bits > V4_BITS)
			return W_VALUE;
		a->prefix[a->n_prefix++] = prefix6_from_v4(addr6_to_v4(&addr), len_bits);
	}
	return rd_ok(r) ? W_OK : W_LENGTH;
}

/* Whatever the status, the group is a group, or there is none. */
static enum wire_err group_answer_parse(struct rd *r, struct rc4 *o)
{
	struct rc4_group_answer *a = &o->group_answer;
	a->status = rd_u8(r);
	uint8_t n = rd_u8(r);
	rd_skip(r, 1);
	a->group = rd_v4(r);
	a->site_address = rd_v4(r);
	o->has_group_answer = true;
	bool is_group = addr6_is_v4multicast(&a->group) || (a->status != RC4_GROUP_OK && addr6_is_none(&a->group));
	if (!is_group || !is_none_or_unicast(&a->site_address))
		return W_VALUE;
	return prefixes_parse(r, a, n);
}

static void group_answer_build(struct wr *w, const struct rc4 *o)
{
	const struct rc4_group_answer *a = &o->group_answer;
	uint32_t n = a->n_prefix < RC4_PREFIX_MAX ? a->n_prefix : RC4_PREFIX_MAX;
	wr_u8(w, a->status);
	wr_u8(w, (uint8_t)n);
	wr_u8(w, 0);
	wr_v4(w, &a->group);
	wr_v4(w, &a->site_address);
	for (uint32_t i = 0; i < n; i++) {
		wr_u8(w, a->prefix[i].len_bits < MAPPED_BITS ? 0 : (uint8_t)(a->prefix[i].len_bits - MAPPED_BITS));
		wr_zero(w, 3);
		wr_v4(w, &a->prefix[i].addr);
	}
}

static enum wire_err forward_parse(struct rd *r, struct rc4 *o)
{
	struct rc_forward *f = &o->forward;
	uint8_t flags = rd_u8(r);
	f->time_s = rd_u16(r);
	f->to = rd_v4(r);
	f->agent = rd_v4(r);
	f->last_seq = rd_u32(r);
	f->flags = flags & FORWARD_FLAGS;
	f->has_seq = flags & HAS_SEQ;
	o->has_forward = true;
	if (addr6_is_none(&f->agent))
		f->agent = addr6_any;
	return is_none_or_unicast(&f->to) && is_none_or_unicast(&f->agent) ? W_OK : W_VALUE;
}

static void forward_build(struct wr *w, const struct rc4 *o)
{
	const struct rc_forward *f = &o->forward;
	wr_u8(w, (uint8_t)((f->flags & FORWARD_FLAGS) | (f->has_seq ? HAS_SEQ : 0)));
	wr_u16(w, f->time_s);
	wr_v4(w, &f->to);
	wr_v4(w, &f->agent);
	wr_u32(w, f->last_seq);
}

static const struct row {
	uint16_t type;
	uint16_t min_oct;            /* with the version byte */
	size_t has_off;
	enum wire_err (*parse)(struct rd *r, struct rc4 *o);
	void (*build)(struct wr *w, const struct rc4 *o);
} rows[RC4_EXTS_MAX] = {
	{RC4_GROUP_REQUEST, 12, offsetof(struct rc4, has_group_request), group_request_parse, group_request_build},
	{RC4_GROUP_ANSWER, 12, offsetof(struct rc4, has_group_answer), group_answer_parse, group_answer_build},
	{RC4_FORWARD, 16, offsetof(struct rc4, has_forward), forward_parse, forward_build},
};

static bool has(const struct row *row, const struct rc4 *o) { return *(const bool *)((const char *)o + row->has_off); }

static enum wire_err one_parse(const struct mip4_vendor *v, const struct row *row, struct rc4 *out)
{
	struct rd r = rd_of(v->value, v->len_oct);
	if (v->len_oct < 1)
		return W_LENGTH;
	if (rd_u8(&r) != VERSION || has(row, out))
		return W_OK;
	if (v->len_oct < row->min_oct)
		return W_LENGTH;
	out->off[row->type] = v->off;
	return row->parse(&r, out);
}

enum wire_err rc4_parse(const struct mip4_exts *x, struct rc4 *out)
{
	memset(out, 0, sizeof *out);
	for (uint32_t i = 0; i < x->n_vendor; i++)
		for (const struct row *row = rows; row < rows + RC4_EXTS_MAX; row++) {
			if (x->vendor[i].enterprise != RC_ENTERPRISE || x->vendor[i].type != row->type)
				continue;
			enum wire_err e = one_parse(&x->vendor[i], row, out);
			if (e)
				return e;
		}
	return W_OK;
}

bool rc4_add(struct mip4_exts *x, const struct rc4 *o, struct rc4_values *buf)
{
	for (uint32_t i = 0; i < RC4_EXTS_MAX; i++) {
		struct wr w = wr_of(buf->b[i], sizeof buf->b[i]);
		if (!has(&rows[i], o))
			continue;
		wr_u8(&w, VERSION);
		rows[i].build(&w, o);
		if (!wr_ok(&w) || x->n_vendor == MIP4_VENDOR_MAX)
			return false;
		x->vendor[x->n_vendor++] = (struct mip4_vendor){.enterprise = RC_ENTERPRISE, .type = rows[i].type, .len_oct = (uint16_t)wr_len(&w),
								.value = buf->b[i]};
	}
	return true;
}
