/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of neighbour discovery. A row of rows[] says in which message an option counts and how long it must be;
 * what has no row is skipped (RFC 4861 4.6).
 */
#include "wire/nd/nd_opt.h"

#include "wire/mip6/rc_opt.h"

enum {
	P_L = 0x80, P_A = 0x40, P_R = 0x20,
	MAP_R = 0x80, HA_INFO_R = 0x8000,
	SITE_VERSION = 1, SITE_HEAD_OCT = 8,
	ANY_UNITS = 0,
};

enum wire_err nd_prefix_parse(struct rd *r, struct nd_prefix *p)
{
	p->len_bits = rd_u8(r);
	uint8_t flags = rd_u8(r);
	p->is_onlink = flags & P_L;
	p->is_auto = flags & P_A;
	p->is_router_addr = flags & P_R;
	p->valid_s = rd_u32(r);
	p->preferred_s = rd_u32(r);
	rd_skip(r, 4);
	p->addr = rd_addr6(r);
	if (!rd_ok(r))
		return W_LENGTH;
	return p->len_bits <= 128 ? W_OK : W_VALUE;
}

void nd_prefix_build(struct wr *w, const struct nd_prefix *p)
{
	wr_u8(w, NDO_PREFIX);
	wr_u8(w, 4);
	wr_u8(w, p->len_bits);
	wr_u8(w, (uint8_t)((p->is_onlink ? P_L : 0) | (p->is_auto ? P_A : 0) | (p->is_router_addr ? P_R : 0)));
	wr_u32(w, p->valid_s);
	wr_u32(w, p->preferred_s);
	wr_u32(w, 0);
	wr_addr6(w, &p->addr);
}

static enum wire_err lladdr_parse_into(struct rd *r, bool *has, struct lladdr *a)
{
	if (!*has)
		rd_bytes(r, a, sizeof *a);
	*has = true;
	return W_OK;
}

static enum wire_err on_rs_slla(struct rd *r, struct nd_packet *p) { return lladdr_parse_into(r, &p->rs.has_slla, &p->rs.slla); }
static enum wire_err on_ra_slla(struct rd *r, struct nd_packet *p) { return lladdr_parse_into(r, &p->ra.has_slla, &p->ra.slla); }
static enum wire_err on_ns_slla(struct rd *r, struct nd_packet *p) { return lladdr_parse_into(r, &p->ns.has_slla, &p->ns.slla); }
static enum wire_err on_na_tlla(struct rd *r, struct nd_packet *p) { return lladdr_parse_into(r, &p->na.has_tlla, &p->na.tlla); }

static enum wire_err on_prefix(struct rd *r, struct nd_packet *p)
{
	return p->ra.n_prefix < ND_PREFIX_MAX ? nd_prefix_parse(r, &p->ra.prefix[p->ra.n_prefix++]) : W_OK;
}

static enum wire_err on_mtu(struct rd *r, struct nd_packet *p)
{
	rd_skip(r, 2);
	if (!p->ra.has_mtu)
		p->ra.mtu_oct = rd_u32(r);
	p->ra.has_mtu = true;
	return W_OK;
}

static enum wire_err on_adv_interval(struct rd *r, struct nd_packet *p)
{
	rd_skip(r, 2);
	if (!p->ra.has_adv_interval)
		p->ra.adv_interval_ms = rd_u32(r);
	p->ra.has_adv_interval = true;
	return W_OK;
}

static enum wire_err on_ha_info(struct rd *r, struct nd_packet *p)
{
	if (p->ra.has_ha_info)
		return W_OK;
	p->ra.ha_takes_routers = rd_u16(r) & HA_INFO_R;
	p->ra.has_ha_info = true;
	p->ra.ha_preference = rd_u16(r);
	p->ra.ha_lifetime_s = rd_u16(r);
	return W_OK;
}

static enum wire_err on_map(struct rd *r, struct nd_packet *p)
{
	struct nd_map *m = &p->ra.map;
	if (p->ra.has_map)
		return W_OK;
	uint8_t first = rd_u8(r);
	m->distance = first >> 4;
	m->preference = first & 15;
	m->is_router_coa = rd_u8(r) & MAP_R;
	m->valid_s = rd_u32(r);
	m->addr = rd_addr6(r);
	p->ra.has_map = true;
	return addr6_is_routable(&m->addr) ? W_OK : W_VALUE;
}

/* Another experiment's use of the type, a later version of ours, or a name too long is skipped. */
static enum wire_err on_site(struct rd *r, struct nd_packet *p)
{
	uint8_t version = rd_u8(r), flags = rd_u8(r);
	if (rd_u32(r) != RC_ENTERPRISE || version != SITE_VERSION || p->ra.has_site)
		return W_OK;
	size_t n = rd_left(r);
	const char *name = (const char *)rd_take(r, n);
	size_t len = name ? strnlen(name, n) : 0;
	if (len >= ND_SITE_MAX)
		return W_OK;
	if (len)
		memcpy(p->ra.site.name, name, len);
	p->ra.site.flags = flags;
	p->ra.has_site = true;
	return W_OK;
}

static const struct row {
	uint8_t msg, type, units; /* of 8 bytes */
	enum wire_err (*on)(struct rd *r, struct nd_packet *p);
} rows[] = {
	{IC6_RS, NDO_SLLA, 1, on_rs_slla},
	{IC6_NS, NDO_SLLA, 1, on_ns_slla},
	{IC6_NA, NDO_TLLA, 1, on_na_tlla},
	{IC6_RA, NDO_SLLA, 1, on_ra_slla},
	{IC6_RA, NDO_PREFIX, 4, on_prefix},
	{IC6_RA, NDO_MTU, 1, on_mtu},
	{IC6_RA, NDO_ADV_INTERVAL, 1, on_adv_interval},
	{IC6_RA, NDO_HA_INFO, 1, on_ha_info},
	{IC6_RA, NDO_MAP, 3, on_map},
	{IC6_RA, NDO_ROAMCAST, ANY_UNITS, on_site},
};

static enum wire_err on_option(struct nd_packet *p, uint8_t type, uint8_t units, struct rd *data)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		if (row->msg != p->type || row->type != type)
			continue;
		return row->units == ANY_UNITS || row->units == units ? row->on(data, p) : W_LENGTH;
	}
	return W_OK;
}

enum wire_err nd_opts_parse(struct rd *r, struct nd_packet *p)
{
	while (rd_left(r)) {
		uint8_t type = rd_u8(r), units = rd_u8(r);
		struct rd data = rd_sub(r, units ? (size_t)units * 8 - 2 : SIZE_MAX);
		if (!rd_ok(&data))
			return W_LENGTH;
		enum wire_err e = on_option(p, type, units, &data);
		if (e)
			return e;
	}
	return W_OK;
}

void nd_lladdr_build(struct wr *w, enum nd_opt_type type, const struct lladdr *a)
{
	wr_u8(w, (uint8_t)type);
	wr_u8(w, 1);
	wr_bytes(w, a, sizeof *a);
}

static void word_build(struct wr *w, enum nd_opt_type type, uint16_t flags, uint32_t word)
{
	wr_u8(w, (uint8_t)type);
	wr_u8(w, 1);
	wr_u16(w, flags);
	wr_u32(w, word);
}

static void map_build(struct wr *w, const struct nd_map *m)
{
	wr_u8(w, NDO_MAP);
	wr_u8(w, 3);
	wr_u8(w, (uint8_t)(m->distance << 4 | (m->preference & 15)));
	wr_u8(w, m->is_router_coa ? MAP_R : 0);
	wr_u32(w, m->valid_s);
	wr_addr6(w, &m->addr);
}

static void site_build(struct wr *w, const struct nd_site *s)
{
	size_t len = strnlen(s->name, ND_SITE_MAX - 1), units = (SITE_HEAD_OCT + len + 7) / 8;
	wr_u8(w, NDO_ROAMCAST);
	wr_u8(w, (uint8_t)units);
	wr_u8(w, SITE_VERSION);
	wr_u8(w, s->flags);
	wr_u32(w, RC_ENTERPRISE);
	wr_bytes(w, s->name, len);
	wr_zero(w, units * 8 - SITE_HEAD_OCT - len);
}

void nd_ra_opts_build(struct wr *w, const struct nd_ra *ra)
{
	if (ra->has_slla)
		nd_lladdr_build(w, NDO_SLLA, &ra->slla);
	if (ra->has_mtu)
		word_build(w, NDO_MTU, 0, ra->mtu_oct);
	for (uint32_t i = 0; i < ra->n_prefix && i < ND_PREFIX_MAX; i++)
		nd_prefix_build(w, &ra->prefix[i]);
	if (ra->has_adv_interval)
		word_build(w, NDO_ADV_INTERVAL, 0, ra->adv_interval_ms);
	if (ra->has_ha_info)
		word_build(w, NDO_HA_INFO, ra->ha_takes_routers ? HA_INFO_R : 0, (uint32_t)ra->ha_preference << 16 | ra->ha_lifetime_s);
	if (ra->has_map)
		map_build(w, &ra->map);
	if (ra->has_site)
		site_build(w, &ra->site);
}
