/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/dhcp/dhcp4.h"

#include "base/cursor.h"

enum { OP_REQUEST = 1, OP_REPLY = 2, HTYPE_ETHERNET = 1, CHADDR_OCT = 16, SNAME_FILE_OCT = 64 + 128, BOOTP_MIN_OCT = 300 };
#define COOKIE 0x63825363u
enum { OPT_PAD = 0, OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_WANTED = 50, OPT_LEASE = 51, OPT_TYPE = 53, OPT_SERVER = 54, OPT_CLIENT_ID = 61, OPT_END = 255 };

static enum wire_err option_read(struct rd r, uint8_t code, struct dhcp4_request *q)
{
	const size_t n = rd_left(&r);
	switch (code) {
	case OPT_TYPE:
		q->type = rd_u8(&r);
		return n == 1 ? W_OK : W_LENGTH;
	case OPT_WANTED:
		q->wanted = rd_v4(&r);
		return n == 4 ? W_OK : W_LENGTH;
	case OPT_SERVER:
		q->server = rd_v4(&r);
		return n == 4 ? W_OK : W_LENGTH;
	case OPT_CLIENT_ID:
		q->client_id_oct = (uint8_t)n;
		rd_bytes(&r, q->client_id, n);
		return n >= 2 ? W_OK : W_LENGTH; /* RFC 2132 9.14 */
	default:
		return W_OK;
	}
}

static enum wire_err options_read(struct rd *r, struct dhcp4_request *q)
{
	while (rd_left(r)) {
		const uint8_t code = rd_u8(r);
		if (code == OPT_END)
			return W_OK;
		if (code == OPT_PAD)
			continue;
		const struct rd option = rd_sub(r, rd_u8(r));
		if (!rd_ok(r))
			return W_TRUNCATED;
		const enum wire_err err = option_read(option, code, q);
		if (err)
			return err;
	}
	return W_OK;
}

enum wire_err dhcp4_request_parse(const void *msg, size_t len_oct, struct dhcp4_request *q)
{
	struct rd r = rd_of(msg, len_oct);
	memset(q, 0, sizeof *q);
	const uint8_t op = rd_u8(&r), htype = rd_u8(&r), hlen = rd_u8(&r);
	rd_skip(&r, 1); /* hops */
	q->xid = rd_u32(&r);
	q->secs = rd_u16(&r);
	q->flags = rd_u16(&r);
	q->ciaddr = rd_v4(&r);
	rd_skip(&r, 4 + 4); /* yiaddr, siaddr */
	q->giaddr = rd_v4(&r);
	rd_bytes(&r, &q->chaddr, sizeof q->chaddr);
	rd_skip(&r, CHADDR_OCT - sizeof q->chaddr + SNAME_FILE_OCT);
	const uint32_t cookie = rd_u32(&r);
	if (!rd_ok(&r))
		return W_TRUNCATED;
	if (op != OP_REQUEST || htype != HTYPE_ETHERNET || hlen != sizeof q->chaddr)
		return W_VALUE;
	if (cookie != COOKIE)
		return W_TYPE;
	const enum wire_err err = options_read(&r, q);
	return err ? err : q->type >= DHCP4_DISCOVER && q->type < DHCP4_TYPE_END ? W_OK : W_TYPE;
}

static void head_write(struct wr *w, const struct dhcp4_request *q, const struct dhcp4_reply *r)
{
	const struct addr6 none = addr6_any;
	wr_bytes(w, (const uint8_t[]){OP_REPLY, HTYPE_ETHERNET, sizeof q->chaddr, 0}, 4);
	wr_u32(w, q->xid);
	wr_u16(w, 0);
	wr_u16(w, q->flags);
	wr_v4(w, r->type == DHCP4_NAK ? &none : &q->ciaddr);
	wr_v4(w, &r->yiaddr);
	wr_v4(w, &none);
	wr_v4(w, &q->giaddr);
	wr_bytes(w, &q->chaddr, sizeof q->chaddr);
	wr_zero(w, CHADDR_OCT - sizeof q->chaddr + SNAME_FILE_OCT);
	wr_u32(w, COOKIE);
}

static void option_head(struct wr *w, uint8_t code, uint8_t len_oct)
{
	wr_bytes(w, (const uint8_t[]){code, len_oct}, 2);
}

static void option_u32(struct wr *w, uint8_t code, uint32_t v)
{
	option_head(w, code, 4);
	wr_u32(w, v);
}

static void option_addr(struct wr *w, uint8_t code, const struct addr6 *a, uint32_t n)
{
	if (n == 0 || addr6_is_none(a))
		return;
	option_head(w, code, (uint8_t)(4 * n));
	for (uint32_t i = 0; i < n; i++)
		wr_v4(w, &a[i]);
}

size_t dhcp4_reply_build(void *buf, size_t cap_oct, const struct dhcp4_request *q, const struct dhcp4_reply *r)
{
	struct wr w = wr_of(buf, cap_oct);
	head_write(&w, q, r);
	option_head(&w, OPT_TYPE, 1);
	wr_bytes(&w, &r->type, 1);
	option_addr(&w, OPT_SERVER, &r->server, 1);
	if (q->client_id_oct) { /* RFC 6842 */
		option_head(&w, OPT_CLIENT_ID, q->client_id_oct);
		wr_bytes(&w, q->client_id, q->client_id_oct);
	}
	if (r->type != DHCP4_NAK) {
		if (r->lease_s)
			option_u32(&w, OPT_LEASE, r->lease_s);
		if (r->plen_bits)
			option_u32(&w, OPT_MASK, ~(uint32_t)0 << (32 - r->plen_bits));
		option_addr(&w, OPT_ROUTER, &r->router, 1);
		option_addr(&w, OPT_DNS, r->dns, r->n_dns);
	}
	wr_u8(&w, OPT_END);
	if (wr_ok(&w) && wr_len(&w) < BOOTP_MIN_OCT)
		wr_zero(&w, BOOTP_MIN_OCT - wr_len(&w));
	return wr_ok(&w) ? wr_len(&w) : 0;
}
