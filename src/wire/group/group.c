/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/group/group.h"

const char *grp_type_str(uint8_t type)
{
	static const char *const names[GRP_TYPE_N] = {
		[GRP_HELLO] = "hello", [GRP_UPDATE] = "update", [GRP_ACK] = "ack", [GRP_REQUEST] = "request", [GRP_PAGE] = "page",
		[GRP_MEMBERS] = "members", [GRP_DIGESTS] = "digests", [GRP_HAND_OVER] = "hand-over",
	};
	return type < GRP_TYPE_N && names[type] ? names[type] : "unknown";
}

enum wire_err grp_head_take(struct rd *r, struct grp_head *h)
{
	const uint8_t version = rd_u8(r);

	h->type = rd_u8(r);
	rd_skip(r, 1);
	h->key_id = rd_u8(r);
	h->from = rd_u32(r);
	h->to = rd_u32(r);
	h->epoch = rd_u64(r);
	h->seq = rd_u64(r);
	if (!rd_ok(r) || rd_left(r) < GRP_MAC_OCT)
		return W_TRUNCATED;
	r->end -= GRP_MAC_OCT;
	return version == GRP_VERSION ? W_OK : W_VERSION;
}

enum wire_err grp_head_parse(struct rd *r, struct grp_head *h)
{
	const enum wire_err err = grp_head_take(r, h);

	return err || (h->type > 0 && h->type < GRP_TYPE_N) ? err : W_TYPE;
}

void grp_head_build(struct wr *w, const struct grp_head *h)
{
	wr_u8(w, GRP_VERSION);
	wr_u8(w, h->type);
	wr_u8(w, 0);
	wr_u8(w, h->key_id);
	wr_u32(w, h->from);
	wr_u32(w, h->to);
	wr_u64(w, h->epoch);
	wr_u64(w, h->seq);
}

static void hello_read(struct rd *r, struct grp_hello *h)
{
	h->state = rd_u8(r);
	h->priority = rd_u8(r);
	h->interval_ms = rd_u16(r);
	h->n_records = rd_u32(r);
	h->clock = rd_u64(r);
	h->digest = rd_u64(r);
}

static void nonce_read(struct rd *r, struct grp_nonce *n)
{
	n->member = rd_u32(r);
	rd_bytes(r, n->nonce, sizeof n->nonce);
}

static void agent_read(struct rd *r, struct grp_agent *a)
{
	a->member = rd_u32(r);
	a->addr = rd_addr6(r);
}

static enum wire_err record_read(struct rd *r, struct grp_record *rec)
{
	rec->table = rd_u8(r);
	rec->flags = rd_u8(r);
	rec->key_oct = rd_u8(r);
	rd_skip(r, 1);
	rec->left_s = rd_u32(r);
	rec->version.stamp = rd_u64(r);
	rec->version.clock = rd_u64(r);
	rec->version.member = rd_u32(r);
	rd_skip(r, 4);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (rec->key_oct > GRP_KEY_MAX || rec->key_oct == 0)
		return W_VALUE;
	memset(rec->key, 0, sizeof rec->key);
	rd_bytes(r, rec->key, rec->key_oct);
	rec->value_oct = (uint16_t)rd_left(r);
	rec->value = rd_take(r, rec->value_oct);
	return rd_ok(r) ? W_OK : W_TRUNCATED;
}

static void ack_read(struct rd *r, struct grp_ack *a)
{
	a->is_to_all = rd_u8(r) & 1;
	rd_skip(r, 1);
	a->n = rd_u16(r);
	a->first = rd_u64(r);
}

static enum wire_err request_read(struct rd *r, struct grp_request *q)
{
	q->transaction = rd_u32(r);
	q->range = rd_u16(r);
	q->attempt = rd_u8(r);
	q->is_before_service = rd_u8(r) & 1;
	q->digest = rd_u64(r);
	return q->range < GRP_RANGES ? W_OK : W_VALUE;
}

static enum wire_err page_read(struct rd *r, struct grp_page *p)
{
	p->transaction = rd_u32(r);
	p->range = rd_u16(r);
	p->flags = rd_u8(r);
	rd_skip(r, 1);
	return p->range < GRP_RANGES ? W_OK : W_VALUE;
}

static enum wire_err digest_read(struct rd *r, struct grp_digest *d)
{
	d->range = rd_u16(r);
	d->digest = rd_u64(r);
	return d->range < GRP_RANGES ? W_OK : W_VALUE;
}

static enum wire_err field_read(struct rd *r, struct grp_item *f)
{
	enum wire_err err = W_OK;

	switch (f->type) {
	case GRPF_HELLO: hello_read(r, &f->hello); break;
	case GRPF_CHALLENGE:
	case GRPF_ECHO: nonce_read(r, &f->nonce); break;
	case GRPF_AGENT: agent_read(r, &f->agent); break;
	case GRPF_RECORD: return record_read(r, &f->record);
	case GRPF_ACK: ack_read(r, &f->ack); break;
	case GRPF_REQUEST: err = request_read(r, &f->request); break;
	case GRPF_PAGE: err = page_read(r, &f->page); break;
	case GRPF_DIGEST: err = digest_read(r, &f->digest); break;
	}
	return rd_ok(r) ? err : W_TRUNCATED;
}

static bool is_known(uint16_t type) { return type >= GRPF_HELLO && type <= GRPF_DIGEST; }

bool grp_next(struct rd *r, struct grp_item *f, enum wire_err *err)
{
	*err = W_OK;
	while (rd_left(r) > 0) {
		f->type = rd_u16(r);
		struct rd field = rd_sub(r, rd_u16(r));
		if (!rd_ok(r)) {
			*err = W_TRUNCATED;
			return false;
		}
		if (!is_known(f->type))
			continue;
		*err = field_read(&field, f);
		return *err == W_OK;
	}
	return false;
}

enum wire_err grp_check(struct rd r)
{
	struct grp_item f;
	enum wire_err err;

	while (grp_next(&r, &f, &err))
		;
	return err;
}

static void record_write(struct wr *w, const struct grp_record *rec)
{
	wr_u8(w, rec->table);
	wr_u8(w, rec->flags);
	wr_u8(w, rec->key_oct);
	wr_u8(w, 0);
	wr_u32(w, rec->left_s);
	wr_u64(w, rec->version.stamp);
	wr_u64(w, rec->version.clock);
	wr_u32(w, rec->version.member);
	wr_u32(w, 0);
	wr_bytes(w, rec->key, rec->key_oct);
	wr_bytes(w, rec->value, rec->value_oct);
}

static void hello_write(struct wr *w, const struct grp_hello *h)
{
	wr_u8(w, h->state);
	wr_u8(w, h->priority);
	wr_u16(w, h->interval_ms);
	wr_u32(w, h->n_records);
	wr_u64(w, h->clock);
	wr_u64(w, h->digest);
}

static void request_write(struct wr *w, const struct grp_request *q)
{
	wr_u32(w, q->transaction);
	wr_u16(w, q->range);
	wr_u8(w, q->attempt);
	wr_u8(w, q->is_before_service);
	wr_u64(w, q->digest);
}

static void field_write(struct wr *w, const struct grp_item *f)
{
	switch ((enum grp_field)f->type) {
	case GRPF_HELLO:
		hello_write(w, &f->hello);
		break;
	case GRPF_CHALLENGE:
	case GRPF_ECHO:
		wr_u32(w, f->nonce.member);
		wr_bytes(w, f->nonce.nonce, sizeof f->nonce.nonce);
		break;
	case GRPF_AGENT:
		wr_u32(w, f->agent.member);
		wr_addr6(w, &f->agent.addr);
		break;
	case GRPF_RECORD:
		record_write(w, &f->record);
		break;
	case GRPF_ACK:
		wr_u8(w, f->ack.is_to_all);
		wr_u8(w, 0);
		wr_u16(w, f->ack.n);
		wr_u64(w, f->ack.first);
		break;
	case GRPF_REQUEST:
		request_write(w, &f->request);
		break;
	case GRPF_PAGE:
		wr_u32(w, f->page.transaction);
		wr_u16(w, f->page.range);
		wr_u8(w, f->page.flags);
		wr_u8(w, 0);
		break;
	case GRPF_DIGEST:
		wr_u16(w, f->digest.range);
		wr_u64(w, f->digest.digest);
		break;
	}
}

void grp_put(struct wr *w, const struct grp_item *f)
{
	const size_t at = wr_len(w);

	wr_u16(w, f->type);
	wr_u16(w, 0);
	field_write(w, f);
	wr_patch_u16(w, at + 2, (uint16_t)(wr_len(w) - at - 4));
}

uint8_t *grp_end(struct wr *w) { return wr_room(w, GRP_MAC_OCT); }

static int cmp_u64(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

int grp_version_cmp(const struct grp_version *a, const struct grp_version *b)
{
	int c = cmp_u64(a->stamp, b->stamp);
	if (c == 0)
		c = cmp_u64(a->clock, b->clock);
	return c ? c : cmp_u64(a->member, b->member);
}
