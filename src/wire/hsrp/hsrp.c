/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/hsrp/hsrp.h"

enum { V1_OCT = 20, TLV_STATE = 1, TLV_TEXT = 3, TLV_MD5 = 4, STATE_OCT = 40, MD5_TLV_OCT = 28, MD5_ALGORITHM = 1 };

const struct addr6 hsrp_group_v1 = {{[10] = 0xff, 0xff, 224, 0, 0, 2}};
const struct addr6 hsrp_group_v2 = {{[10] = 0xff, 0xff, 224, 0, 0, 102}};
const struct addr6 hsrp_group_ip6 = {{0xff, 2, [15] = 0x66}};

static const uint8_t v1_states[HSRP_STATE_N] = {0, 1, 2, 4, 8, 16};

const char *hsrp_state_str(enum hsrp_state s)
{
	static const char *const names[HSRP_STATE_N] = {"initial", "learn", "listen", "speak", "standby", "active"};
	return s < HSRP_STATE_N ? names[s] : "unknown";
}

static bool state_of_v1(uint8_t v, enum hsrp_state *s)
{
	for (*s = HSRP_INITIAL; *s < HSRP_STATE_N; (*s)++)
		if (v1_states[*s] == v)
			return true;
	return false;
}

/* Behind its type and length. */
static enum wire_err md5_read(struct rd *r, const uint8_t *start, struct hsrp *h)
{
	const uint8_t algorithm = rd_u8(r);

	rd_skip(r, 3); /* padding, flags */
	h->md5_source = rd_v4(r);
	h->key_id = rd_u32(r);
	h->digest_off = (uint16_t)(r->p - start);
	rd_bytes(r, h->digest, sizeof h->digest);
	if (!rd_ok(r))
		return W_TRUNCATED;
	h->auth = HSRP_AUTH_MD5;
	return algorithm == MD5_ALGORITHM ? W_OK : W_VALUE;
}

static enum wire_err tlvs_read(struct rd *r, const uint8_t *start, struct hsrp *h, bool *has_state);

static enum wire_err v1_read(struct rd *r, const uint8_t *start, struct hsrp *h)
{
	bool has_state = true;

	h->version = 1;
	h->op = rd_u8(r);
	if (h->op == HSRP_ADVERTISE)
		return W_OK;
	const uint8_t state = rd_u8(r);
	h->hello_ms = rd_u8(r) * 1000u;
	h->hold_ms = rd_u8(r) * 1000u;
	h->priority = rd_u8(r);
	h->group = rd_u8(r);
	rd_skip(r, 1);
	rd_bytes(r, h->text, sizeof h->text);
	h->virtual_addr = rd_v4(r);
	h->auth = HSRP_AUTH_TEXT;
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (h->op > HSRP_ADVERTISE)
		return W_TYPE;
	return state_of_v1(state, &h->state) ? tlvs_read(r, start, h, &has_state) : W_VALUE;
}

static enum wire_err state_read(struct rd *r, struct hsrp *h)
{
	const uint8_t version = rd_u8(r);

	h->op = rd_u8(r);
	const uint8_t state = rd_u8(r), family = rd_u8(r);
	h->group = rd_u16(r);
	rd_bytes(r, &h->identifier, sizeof h->identifier);
	h->priority = rd_u32(r);
	h->hello_ms = rd_u32(r);
	h->hold_ms = rd_u32(r);
	struct rd addr = rd_sub(r, 16);
	h->is_ip6 = family == 6;
	h->virtual_addr = h->is_ip6 ? rd_addr6(&addr) : rd_v4(&addr);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (version != 2)
		return W_VERSION;
	if (h->op > HSRP_ADVERTISE)
		return W_TYPE;
	if (state < 1 || state > HSRP_STATE_N || (family != 4 && family != 6))
		return W_VALUE;
	h->state = (enum hsrp_state)(state - 1);
	return W_OK;
}

static enum wire_err tlv_read(uint8_t type, struct rd *r, const uint8_t *start, struct hsrp *h, bool *has_state)
{
	switch (type) {
	case TLV_STATE:
		*has_state = true;
		return state_read(r, h);
	case TLV_TEXT:
		rd_bytes(r, h->text, sizeof h->text);
		h->auth = h->auth == HSRP_AUTH_MD5 ? HSRP_AUTH_MD5 : HSRP_AUTH_TEXT;
		return rd_ok(r) ? W_OK : W_LENGTH;
	case TLV_MD5:
		return md5_read(r, start, h);
	}
	return W_OK;
}

static enum wire_err tlvs_read(struct rd *r, const uint8_t *start, struct hsrp *h, bool *has_state)
{
	while (rd_left(r) > 0) {
		const uint8_t type = rd_u8(r);
		struct rd v = rd_sub(r, rd_u8(r));
		if (!rd_ok(r))
			return W_TRUNCATED;
		enum wire_err err = tlv_read(type, &v, start, h, has_state);
		if (err)
			return err;
	}
	return W_OK;
}

enum wire_err hsrp_parse(const uint8_t *p, size_t len_oct, struct hsrp *h)
{
	struct rd r = rd_of(p, len_oct);
	bool has_state = true;
	enum wire_err err;

	*h = (struct hsrp){0};
	if (len_oct < 2)
		return W_TRUNCATED;
	if (p[0] == 0) {
		rd_skip(&r, 1);
		err = v1_read(&r, p, h);
	} else {
		has_state = false;
		h->version = 2;
		err = tlvs_read(&r, p, h, &has_state);
	}
	if (!err && !has_state)
		h->op = HSRP_ADVERTISE; /* of version 2: how many groups an interface has; nothing for us */
	if (err || h->op == HSRP_ADVERTISE)
		return err;
	return h->op == HSRP_HELLO && h->hold_ms <= h->hello_ms ? W_VALUE : W_OK;
}

static void md5_write(struct wr *w, struct hsrp *h)
{
	wr_u8(w, TLV_MD5);
	wr_u8(w, MD5_TLV_OCT);
	wr_u8(w, MD5_ALGORITHM);
	wr_zero(w, 3);
	wr_v4(w, &h->md5_source);
	wr_u32(w, h->key_id);
	h->digest_off = (uint16_t)wr_len(w);
	wr_bytes(w, h->digest, sizeof h->digest);
}

static void v1_write(struct wr *w, struct hsrp *h)
{
	const uint32_t hello_s = h->hello_ms / 1000, hold_s = h->hold_ms / 1000;

	if (h->hello_ms % 1000 || h->hold_ms % 1000 || hold_s > 255 || h->priority > 255 || h->group > 255 || h->is_ip6)
		w->bad = true;
	wr_u8(w, 0);
	wr_u8(w, h->op);
	wr_u8(w, v1_states[h->state]);
	wr_u8(w, (uint8_t)hello_s);
	wr_u8(w, (uint8_t)hold_s);
	wr_u8(w, (uint8_t)h->priority);
	wr_u8(w, (uint8_t)h->group);
	wr_u8(w, 0);
	wr_bytes(w, h->text, sizeof h->text);
	wr_v4(w, &h->virtual_addr);
}

static void v2_write(struct wr *w, const struct hsrp *h)
{
	wr_u8(w, TLV_STATE);
	wr_u8(w, STATE_OCT);
	wr_u8(w, 2);
	wr_u8(w, h->op);
	wr_u8(w, (uint8_t)(h->state + 1));
	wr_u8(w, h->is_ip6 ? 6 : 4);
	wr_u16(w, h->group);
	wr_bytes(w, &h->identifier, sizeof h->identifier);
	wr_u32(w, h->priority);
	wr_u32(w, h->hello_ms);
	wr_u32(w, h->hold_ms);
	if (h->is_ip6) {
		wr_addr6(w, &h->virtual_addr);
		return;
	}
	wr_v4(w, &h->virtual_addr);
	wr_zero(w, 12);
}

size_t hsrp_build(uint8_t *buf, size_t cap_oct, struct hsrp *h)
{
	struct wr w = wr_of(buf, cap_oct);

	if (h->version == 1)
		v1_write(&w, h);
	else
		v2_write(&w, h);
	if (h->version == 2 && h->auth == HSRP_AUTH_TEXT) {
		wr_u8(&w, TLV_TEXT);
		wr_u8(&w, HSRP_TEXT_OCT);
		wr_bytes(&w, h->text, sizeof h->text);
	}
	if (h->auth == HSRP_AUTH_MD5)
		md5_write(&w, h);
	return wr_ok(&w) ? wr_len(&w) : 0;
}

bool hsrp_md5_pad(const void *key, size_t key_oct, uint8_t out[static HSRP_MD5_PAD_OCT])
{
	uint64_t bits = (uint64_t)key_oct * 8;

	if (key_oct > 55)
		return false;
	memset(out, 0, HSRP_MD5_PAD_OCT);
	memcpy(out, key, key_oct);
	out[key_oct] = 0x80;
	for (int i = 56; i < HSRP_MD5_PAD_OCT; i++, bits >>= 8)
		out[i] = (uint8_t)bits;
	return true;
}

struct lladdr hsrp_lladdr(const struct hsrp *h)
{
	if (h->version == 1)
		return (struct lladdr){{0, 0, 0x0c, 0x07, 0xac, (uint8_t)h->group}};
	if (h->is_ip6)
		return (struct lladdr){{0, 0x05, 0x73, 0xa0, (uint8_t)(h->group >> 8 & 15), (uint8_t)h->group}};
	return (struct lladdr){{0, 0, 0x0c, 0x9f, (uint8_t)(0xf0 | (h->group >> 8 & 15)), (uint8_t)h->group}};
}
