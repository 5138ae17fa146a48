/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility options (RFC 6275 6.2 and the RFCs that mh.h names). A row of rows[] says in which messages an option
 * counts, how long it may be, how it is aligned, and who reads and writes it. An option without a row, or in
 * a message where it does not count, is skipped (RFC 6275 6.2.1). The order of rows is the order in which we write.
 */
#include "wire/mip6/mho.h"

enum { ANYWHERE = 0xffff, IN_BU = 1 << MH_BU, IN_BA = 1 << MH_BA, IN_PEER = 1 << MH_PEER, UNIT_S = 4 };

struct ctx {
	const uint8_t *head;  /* parse: first byte of the header; build: not used */
	size_t start;         /* build: the same, as an offset in the writer */
	struct mh *m;
};

struct row {
	uint8_t type, min_oct, max_oct, align_n, align_y;
	uint16_t in;          /* message types, a bit each */
	enum wire_err (*parse)(struct rd *r, const struct ctx *c);
	bool (*has)(const struct mh_opts *o);
	void (*build)(struct wr *w, const struct ctx *c);
};

uint16_t mho_units_of_s(uint32_t s)
{
	uint32_t units = s / UNIT_S;
	if (units > UINT16_MAX)
		return UINT16_MAX;
	return (uint16_t)(units ? units : s != 0);
}

static bool nonce_has(const struct mh_opts *o) { return o->has_nonce; }
static enum wire_err nonce_parse(struct rd *r, const struct ctx *c)
{
	c->m->opt.has_nonce = true;
	c->m->opt.nonce_home = rd_u16(r);
	c->m->opt.nonce_coa = rd_u16(r);
	return W_OK;
}
static void nonce_build(struct wr *w, const struct ctx *c)
{
	wr_u16(w, c->m->opt.nonce_home);
	wr_u16(w, c->m->opt.nonce_coa);
}

static bool alt_coa_has(const struct mh_opts *o) { return o->has_alt_coa; }
static enum wire_err alt_coa_parse(struct rd *r, const struct ctx *c)
{
	c->m->opt.has_alt_coa = true;
	c->m->opt.alt_coa = rd_addr6(r);
	return W_OK; /* whether it is routable is the engine's question: it answers */
}
static void alt_coa_build(struct wr *w, const struct ctx *c) { wr_addr6(w, &c->m->opt.alt_coa); }

static bool refresh_has(const struct mh_opts *o) { return o->has_refresh; }
static enum wire_err refresh_parse(struct rd *r, const struct ctx *c)
{
	c->m->opt.has_refresh = true;
	c->m->opt.refresh_s = (uint32_t)rd_u16(r) * UNIT_S;
	return W_OK;
}
static void refresh_build(struct wr *w, const struct ctx *c) { wr_u16(w, mho_units_of_s(c->m->opt.refresh_s)); }

static enum wire_err prefix_parse(struct rd *r, const struct ctx *c)
{
	struct mh_opts *o = &c->m->opt;
	rd_skip(r, 1);
	uint8_t len_bits = rd_u8(r);
	struct addr6 addr = rd_addr6(r);
	if (len_bits > 128)
		return W_VALUE;
	if (o->n_prefix == MH_PREFIX_MAX)
		return W_LIMIT;
	o->prefix[o->n_prefix++] = (struct prefix6){addr, len_bits};
	return W_OK;
}
static void prefix_build(struct wr *w, const struct prefix6 *p)
{
	wr_u8(w, 0);
	wr_u8(w, p->len_bits);
	wr_addr6(w, &p->addr);
}

static bool mn_id_has(const struct mh_opts *o) { return o->has_mn_id; }
static enum wire_err mn_id_parse(struct rd *r, const struct ctx *c)
{
	struct mh_mn_id *id = &c->m->opt.mn_id;
	c->m->opt.has_mn_id = true;
	id->subtype = rd_u8(r);
	id->len_oct = (uint8_t)rd_left(r);
	id->id = rd_take(r, id->len_oct);
	return W_OK;
}
static void mn_id_build(struct wr *w, const struct ctx *c)
{
	wr_u8(w, c->m->opt.mn_id.subtype);
	wr_bytes(w, c->m->opt.mn_id.id, c->m->opt.mn_id.len_oct);
}

static enum wire_err vendor_parse(struct rd *r, const struct ctx *c)
{
	bool is_known = false;
	enum wire_err e = rd_u32(r) == RC_ENTERPRISE ? rc_opt_parse(r, &c->m->opt.rc, &is_known) : W_OK;
	c->m->opt.n_unknown += !is_known;
	return e;
}

static bool mesg_id_has(const struct mh_opts *o) { return o->has_mesg_id; }
static enum wire_err mesg_id_parse(struct rd *r, const struct ctx *c)
{
	c->m->opt.has_mesg_id = true;
	c->m->opt.mesg_id = rd_u64(r);
	return W_OK;
}
static void mesg_id_build(struct wr *w, const struct ctx *c) { wr_u64(w, c->m->opt.mesg_id); }

static uint8_t auth_len_oct(const struct mh_auth *a) { return a->len_oct ? a->len_oct : MH_AUTH_LEN_OCT; }

static bool auth_has(const struct mh_opts *o) { return o->has_auth; }
static enum wire_err auth_parse(struct rd *r, const struct ctx *c)
{
	struct mh_opts *o = &c->m->opt;
	uint8_t subtype = rd_u8(r);
	if (subtype != MH_AUTH_MN_HA && subtype != MH_AUTH_MN_AAA) {
		o->n_unknown++;
		return W_OK;
	}
	bool is_aaa = subtype == MH_AUTH_MN_AAA;
	bool *has = is_aaa ? &o->has_auth_aaa : &o->has_auth;
	if (*has)
		return W_OPTION_ORDER;
	*has = true;
	struct mh_auth *a = is_aaa ? &o->auth_aaa : &o->auth;
	a->spi = rd_u32(r);
	a->off = (uint16_t)(r->p - c->head);
	a->len_oct = (uint8_t)rd_left(r);
	return W_OK;
}
static void auth_build(struct wr *w, const struct ctx *c)
{
	struct mh_auth *a = &c->m->opt.auth;
	a->len_oct = auth_len_oct(a);
	wr_u8(w, MH_AUTH_MN_HA);
	wr_u32(w, a->spi);
	a->off = (uint16_t)(wr_len(w) - c->start);
	wr_zero(w, a->len_oct);
}

static bool bind_auth_has(const struct mh_opts *o) { return o->has_bind_auth; }
static enum wire_err bind_auth_parse(struct rd *r, const struct ctx *c)
{
	c->m->opt.has_bind_auth = true;
	c->m->opt.bind_auth_off = (uint16_t)(r->p - c->head);
	return W_OK;
}
static void bind_auth_build(struct wr *w, const struct ctx *c)
{
	c->m->opt.bind_auth_off = (uint16_t)(wr_len(w) - c->start);
	wr_zero(w, MH_AUTH_LEN_OCT);
}

/* min and max: of the option's data. Prefix and vendor options repeat and are written by their own loops.
 * MN-HA authentication shorter than RFC 4285's 96 bits is no authentication. */
static const struct row rows[] = {
	{MHO_NONCE, 4, 4, 2, 0, IN_BU, nonce_parse, nonce_has, nonce_build},
	{MHO_REFRESH, 2, 2, 2, 0, IN_BA, refresh_parse, refresh_has, refresh_build},
	{MHO_ALT_COA, 16, 16, 8, 6, IN_BU, alt_coa_parse, alt_coa_has, alt_coa_build},
	{MHO_MN_ID, 2, 255, 1, 0, IN_BU | IN_BA, mn_id_parse, mn_id_has, mn_id_build},
	{MHO_PREFIX, 18, 18, 8, 4, IN_BU, prefix_parse, NULL, NULL},
	{MHO_VENDOR, 5, 255, 4, 2, ANYWHERE, vendor_parse, NULL, NULL},
	{MHO_MESG_ID, 8, 8, 8, 2, IN_BU | IN_BA | IN_PEER, mesg_id_parse, mesg_id_has, mesg_id_build},
	{MHO_AUTH, 5 + MH_AUTH_LEN_OCT, 255, 4, 1, IN_BU | IN_BA | IN_PEER, auth_parse, auth_has, auth_build},
	{MHO_BIND_AUTH, 12, 12, 8, 2, IN_BU | IN_BA, bind_auth_parse, bind_auth_has, bind_auth_build},
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

/* Nothing that counts may follow an authenticator but an MN-AAA one: it would not be covered by it
 * (RFC 4285 5.1, RFC 6275 6.2.7). */
static bool is_behind_auth(const struct mh_opts *o, uint8_t type)
{
	return o->has_bind_auth || o->has_auth_aaa || (o->has_auth && type != MHO_AUTH);
}

static enum wire_err on_option(const struct ctx *c, uint8_t type, struct rd *data)
{
	const struct row *row = row_of(type);
	if (is_behind_auth(&c->m->opt, type))
		return W_OPTION_ORDER;
	if (!row || !(row->in & 1 << c->m->type)) {
		c->m->opt.n_unknown++;
		return W_OK;
	}
	if (rd_left(data) < row->min_oct || rd_left(data) > row->max_oct)
		return W_LENGTH;
	if (row->has && type != MHO_AUTH && row->has(&c->m->opt))
		return W_OK; /* of a repeated option the first counts */
	return row->parse(data, c);
}

enum wire_err mho_parse(struct rd *r, const uint8_t *head, struct mh *m)
{
	const struct ctx c = {.head = head, .m = m};
	while (rd_left(r)) {
		uint8_t type = rd_u8(r);
		if (m->opt.has_bind_auth && (type == MHO_PAD1 || type == MHO_PADN))
			return W_OPTION_ORDER; /* RFC 6275 6.2.7: it ends the header */
		if (type == MHO_PAD1)
			continue;
		struct rd data = rd_sub(r, rd_u8(r));
		if (!rd_ok(&data))
			return W_LENGTH;
		enum wire_err e = type == MHO_PADN ? W_OK : on_option(&c, type, &data);
		if (e)
			return e;
	}
	return W_OK;
}

/* Pad1 or PadN, so that the header goes on at xn+y (RFC 6275 6.2.2, 6.2.3). */
static void pad(struct wr *w, size_t start, size_t n, size_t y)
{
	size_t need = (n + y - (wr_len(w) - start) % n) % n;
	if (need == 1)
		wr_u8(w, MHO_PAD1);
	if (need < 2)
		return;
	wr_u8(w, MHO_PADN);
	wr_u8(w, (uint8_t)(need - 2));
	wr_zero(w, need - 2);
}

static size_t option_begin(struct wr *w, size_t start, const struct row *row)
{
	pad(w, start, row->align_n, row->align_y);
	wr_u8(w, row->type);
	wr_u8(w, 0);
	return wr_len(w);
}

static void option_end(struct wr *w, size_t data_off)
{
	size_t len_oct = wr_len(w) - data_off;
	if (len_oct > UINT8_MAX)
		w->bad = true;
	wr_patch_u8(w, data_off - 1, (uint8_t)len_oct);
}

static void prefixes_build(struct wr *w, const struct ctx *c, const struct row *row)
{
	for (uint32_t i = 0; i < c->m->opt.n_prefix && i < MH_PREFIX_MAX; i++) {
		size_t off = option_begin(w, c->start, row);
		prefix_build(w, &c->m->opt.prefix[i]);
		option_end(w, off);
	}
}

static void vendors_build(struct wr *w, const struct ctx *c, const struct row *row)
{
	for (enum rc_sub sub = RC_MCOA; sub <= RC_SUB_LAST; sub++) {
		for (uint32_t part = 0, n = rc_opt_parts(&c->m->opt.rc, sub); part < n; part++) {
			size_t off = option_begin(w, c->start, row);
			wr_u32(w, RC_ENTERPRISE);
			rc_opt_build(w, sub, &c->m->opt.rc, part);
			option_end(w, off);
		}
	}
}

/* The authentication option has to be the last: padding goes in front of it, where 4n+1 leaves the choice,
 * so that it ends with the header. */
static void auth_pad(struct wr *w, const struct ctx *c)
{
	size_t y = 8 - (7u + auth_len_oct(&c->m->opt.auth)) % 8;
	if (y % 4 == 1)
		pad(w, c->start, 8, y % 8);
}

void mho_build(struct wr *w, size_t start, struct mh *m)
{
	const struct ctx c = {.start = start, .m = m};
	for (const struct row *row = rows; row < rows + ROWS_N; row++) {
		if (row->type == MHO_PREFIX)
			prefixes_build(w, &c, row);
		else if (row->type == MHO_VENDOR)
			vendors_build(w, &c, row);
		else if (row->has(&m->opt)) {
			if (row->type == MHO_AUTH)
				auth_pad(w, &c);
			size_t off = option_begin(w, start, row);
			row->build(w, &c);
			option_end(w, off);
		}
	}
	pad(w, start, 8, 0);
}
