/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mm/mm.h"

const char *mm_type_str(uint8_t type)
{
	static const char *const names[] = {"hello", "welcome", "query", "answer", "change", "ack", "tell", "told"};
	return type >= MM_HELLO && type < MM_TYPE_END ? names[type - MM_HELLO] : "unknown";
}

enum wire_err mm_head_parse(struct rd *r, struct grp_head *h)
{
	const enum wire_err err = grp_head_take(r, h);

	return err || (h->type >= MM_HELLO && h->type < MM_TYPE_END) ? err : W_TYPE;
}

static enum wire_err device_read(struct rd *r, struct device_id *d)
{
	const size_t n = rd_left(r) ? rd_left(r) - 1 : 0;

	memset(d, 0, sizeof *d);
	d->kind = rd_u8(r);
	if (d->kind == DEVICE_NONE || d->kind >= DEVICE_KIND_N || n == 0 || n > DEVICE_OCT_MAX)
		return rd_ok(r) ? W_VALUE : W_TRUNCATED;
	d->len_oct = (uint8_t)n;
	rd_bytes(r, d->b, n);
	return W_OK;
}

static enum wire_err answer_read(struct rd *r, struct mm_answer *a)
{
	a->transaction = rd_u32(r);
	a->status = rd_u8(r);
	rd_skip(r, 3);
	a->lifetime_s = rd_u32(r);
	return a->status < MM_STATUS_N ? W_OK : W_VALUE;
}

static enum wire_err record_read(struct rd *r, struct mm_record *m)
{
	memset(m, 0, sizeof *m);
	m->version = rd_u64(r);
	m->policy = rd_u8(r);
	m->flags = rd_u8(r);
	m->voice_port = rd_u16(r);
	m->home6_plen_bits = rd_u8(r);
	m->home4_plen_bits = rd_u8(r);
	rd_skip(r, 2);
	rd_bytes(r, &m->lladdr, sizeof m->lladdr);
	rd_bytes(r, &m->gateway_lladdr, sizeof m->gateway_lladdr);
	m->home6 = rd_addr6(r);
	m->group6 = rd_addr6(r);
	m->source6 = rd_addr6(r);
	m->gateway6 = rd_addr6(r);
	m->home4 = rd_v4(r);
	m->group4 = rd_v4(r);
	m->source4 = rd_v4(r);
	m->gateway4 = rd_v4(r);
	return m->policy > MM_SERVING || m->home6_plen_bits > 128 || m->home4_plen_bits > 32 ? W_VALUE : W_OK;
}

static enum wire_err serving_read(struct rd *r, struct mm_serving *s)
{
	s->agent = rd_u32(r);
	s->flags = rd_u8(r);
	rd_skip(r, 3);
	s->seq6 = rd_u32(r);
	s->seq4 = rd_u32(r);
	return W_OK;
}

static enum wire_err field_read(struct rd *r, struct mm_item *f)
{
	enum wire_err err = W_OK;

	switch (f->type) {
	case MMF_CHALLENGE:
	case MMF_ECHO: rd_bytes(r, f->nonce, sizeof f->nonce); break;
	case MMF_QUERY:
		f->query.transaction = rd_u32(r);
		f->query.flags = rd_u8(r);
		rd_skip(r, 3);
		break;
	case MMF_DEVICE: err = device_read(r, &f->device); break;
	case MMF_ADDRESS: f->address = rd_addr6(r); break;
	case MMF_ANSWER: err = answer_read(r, &f->answer); break;
	case MMF_RECORD: err = record_read(r, &f->record); break;
	case MMF_ACK: f->ack = rd_u64(r); break;
	case MMF_SERVING: err = serving_read(r, &f->serving); break;
	}
	return rd_ok(r) ? err : W_TRUNCATED;
}

bool mm_next(struct rd *r, struct mm_item *f, enum wire_err *err)
{
	*err = W_OK;
	while (rd_left(r) > 0) {
		f->type = rd_u16(r);
		struct rd field = rd_sub(r, rd_u16(r));
		if (!rd_ok(r)) {
			*err = W_TRUNCATED;
			return false;
		}
		if (f->type < MMF_CHALLENGE || f->type > MMF_SERVING)
			continue;
		*err = field_read(&field, f);
		return *err == W_OK;
	}
	return false;
}

enum wire_err mm_check(struct rd r)
{
	struct mm_item f;
	enum wire_err err;

	while (mm_next(&r, &f, &err))
		;
	return err;
}

static void write_v4(struct wr *w, const struct addr6 *a)
{
	const struct addr4 v4 = addr6_to_v4(a);
	wr_bytes(w, &v4, sizeof v4);
}

static void record_write(struct wr *w, const struct mm_record *m)
{
	wr_u64(w, m->version);
	wr_u8(w, m->policy);
	wr_u8(w, m->flags);
	wr_u16(w, m->voice_port);
	wr_u8(w, m->home6_plen_bits);
	wr_u8(w, m->home4_plen_bits);
	wr_u16(w, 0);
	wr_bytes(w, &m->lladdr, sizeof m->lladdr);
	wr_bytes(w, &m->gateway_lladdr, sizeof m->gateway_lladdr);
	wr_addr6(w, &m->home6);
	wr_addr6(w, &m->group6);
	wr_addr6(w, &m->source6);
	wr_addr6(w, &m->gateway6);
	write_v4(w, &m->home4);
	write_v4(w, &m->group4);
	write_v4(w, &m->source4);
	write_v4(w, &m->gateway4);
}

static void answer_write(struct wr *w, const struct mm_answer *a)
{
	wr_u32(w, a->transaction);
	wr_u8(w, a->status);
	wr_zero(w, 3);
	wr_u32(w, a->lifetime_s);
}

static void serving_write(struct wr *w, const struct mm_serving *s)
{
	wr_u32(w, s->agent);
	wr_u8(w, s->flags);
	wr_zero(w, 3);
	wr_u32(w, s->seq6);
	wr_u32(w, s->seq4);
}

static void field_write(struct wr *w, const struct mm_item *f)
{
	switch ((enum mm_field)f->type) {
	case MMF_CHALLENGE:
	case MMF_ECHO: wr_bytes(w, f->nonce, sizeof f->nonce); break;
	case MMF_QUERY:
		wr_u32(w, f->query.transaction);
		wr_u8(w, f->query.flags);
		wr_zero(w, 3);
		break;
	case MMF_DEVICE:
		wr_u8(w, f->device.kind);
		wr_bytes(w, f->device.b, f->device.len_oct);
		break;
	case MMF_ADDRESS: wr_addr6(w, &f->address); break;
	case MMF_ANSWER: answer_write(w, &f->answer); break;
	case MMF_RECORD: record_write(w, &f->record); break;
	case MMF_ACK: wr_u64(w, f->ack); break;
	case MMF_SERVING: serving_write(w, &f->serving); break;
	}
}

void mm_put(struct wr *w, const struct mm_item *f)
{
	const size_t at = wr_len(w);

	wr_u16(w, f->type);
	wr_u16(w, 0);
	field_write(w, f);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at - 4));
}

void mm_put_record(struct wr *w, const struct mm_record *r)
{
	mm_put(w, &(struct mm_item){.type = MMF_RECORD, .record = *r});
	mm_put(w, &(struct mm_item){.type = MMF_DEVICE, .device = r->device});
}

enum { ROOM_OCT = MM_DATAGRAM_MAX - GRP_HEAD_OCT - GRP_MAC_OCT, RECORD_OCT = 112, ANSWER_OCT = 12 };
_Static_assert(ROOM_OCT >= 4 + ANSWER_OCT + 4 + RECORD_OCT + 4 + 1 + DEVICE_OCT_MAX, "an answer fits a datagram");
