/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which packets are for the daemon: neighbour discovery and membership messages on our links, the
 * Mobility Header and home agent messages at our addresses, ICMPv6 errors about our tunnels. And the
 * Home Address option on data (RFC 6275 9.3.1): taken off when a binding vouches for it.
 *
 * Functions that look return what is to be done, CONTROL_*; control_do does it. (Not at once: stack is scarce in BPF.)
 */
#include "datapath/lib/cn.h"

/* To be added to an enum dp_punt, or to the offset of a Home Address option's address. */
enum { CONTROL_NONE, CONTROL_PASS = 0x1000, CONTROL_PUNT = 0x2000 /* consumed */, CONTROL_COPY = 0x4000 /* the stack sees it too */,
	CONTROL_HAO = 0x8000, CONTROL_NO_MOBILE = 0x10000 /* a routing header to none of our home addresses */, CONTROL_ARG = 0x0fff };
enum { EXT_HEADERS = 4, EXT_OPTIONS = 8,
	ICMP_ERR_MAX = 4, ICMP_MLD_QUERY = 130, ICMP_MLD_DONE = 132, ICMP_RS = 133, ICMP_RA = 134, ICMP_NS = 135, ICMP_NA = 136,
	ICMP_REDIRECT = 137, ICMP_MLD2 = 143, ICMP_HA_FIRST = 144, ICMP_HA_LAST = 147 };

/* NS for, or NA about, an address that we answer for or are checking; at a mobile, NA about an address of its own: the home
 * agent's, which still defends it. */
static INLINE int control_nd(ctx_t *c, const struct m_cfg *g, uint32_t flags, uint32_t icmp, uint8_t type)
{
	struct a6 target;
	if (!ctx_load(c, icmp + 8, &target, 16))
		return CONTROL_PASS;
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &target) : NULL;
	if (!(flags & DP_IF_HOME))
		return l && (l->flags & DP_LOCAL_MH) && type == ICMP_NA ? CONTROL_COPY | DP_PUNT_ND : CONTROL_PASS;
	if ((l && l->flags == 0) || home_find(c, g, &target))
		return CONTROL_PUNT | DP_PUNT_ND;
	return CONTROL_PASS;
}

/* Tunnels, headers that we inserted, and messages: who does not know Mobile IPv6 says so about a test (RFC 6275 11.3.5). */
static INLINE bool control_is_ours(uint8_t nh, uint8_t type)
{
	return nh == NH_IPV6 || nh == NH_GRE || nh == NH_MH || ((nh == NH_ROUTING || nh == NH_DSTOPTS) && type != ICMP_ERR_MAX);
}

/* An ICMPv6 error: is it about a tunnel that we sent, being dst? */
static INLINE int control_error(ctx_t *c, const struct m_cfg *g, uint32_t icmp, uint8_t type, const struct a6 *dst)
{
	struct { uint32_t vtf; uint16_t plen; uint8_t nh, hl; struct a6 src; } about;
	if (!ctx_load(c, icmp + 8, &about, sizeof about) || !control_is_ours(about.nh, type) || !a6_eq(&about.src, dst))
		return CONTROL_NONE;
	bool is_ours = (g->features & FEAT_LOCAL) && TBL(c, local, dst);
	if (!is_ours && (g->features & FEAT_COA))
		is_ours = TBL(c, coa, dst) != NULL;
	return is_ours ? CONTROL_PUNT | DP_PUNT_ICMP_ERR : CONTROL_NONE;
}

/* icmp: offset of the ICMPv6 header, at 54, or 62 behind a hop-by-hop header. */
GLOBAL int control_icmp(ctx_t *c, const struct m_cfg *g, uint32_t flags, uint32_t icmp)
{
	if (!g)
		return CTX_PASS;
	uint8_t type;
	struct a6 dst;
	if (!ctx_load(c, icmp, &type, 1) || !ctx_load(c, ETH_OCT + 24, &dst, 16))
		return CONTROL_NONE;
	if (type == ICMP_MLD2 || (type >= ICMP_MLD_QUERY && type <= ICMP_MLD_DONE))
		return flags & (DP_IF_ACCESS | DP_IF_DOWNSTREAM | DP_IF_UPSTREAM | DP_IF_MOBILE)
			? CONTROL_COPY | DP_PUNT_MLD : CONTROL_PASS;
	if (type == ICMP_RS)
		return flags & (DP_IF_ACCESS | DP_IF_HOME) ? CONTROL_COPY | DP_PUNT_RS : CONTROL_PASS;
	if (type == ICMP_RA)
		return flags & (DP_IF_MOBILE | DP_IF_HOME) ? CONTROL_COPY | DP_PUNT_RA : CONTROL_PASS;
	if (type == ICMP_NS && (flags & DP_IF_GATE))
		return CONTROL_COPY | DP_PUNT_ND;
	if (type == ICMP_NS || type == ICMP_NA)
		return flags & (DP_IF_HOME | DP_IF_MOBILE) ? control_nd(c, g, flags, icmp, type) : CONTROL_PASS;
	if (type == ICMP_REDIRECT)
		return CONTROL_PASS;
	if (type >= ICMP_HA_FIRST && type <= ICMP_HA_LAST) {
		struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &dst) : NULL;
		return l && (l->flags & DP_LOCAL_MH) ? CONTROL_PUNT | DP_PUNT_ICMP_HA : CONTROL_NONE;
	}
	return type >= 1 && type <= ICMP_ERR_MAX ? control_error(c, g, icmp, type, &dst) : CONTROL_NONE;
}

struct hao_walk { ctx_t *c; uint32_t at, end, found; };

/* The option at w->at; 1: done. */
NOINLINE long control_hao_option(uint32_t i, void *arg)
{
	struct hao_walk *w = arg;
	uint8_t o[2];
	(void)i;
	if (w->at + 2 > w->end || !ctx_load(w->c, w->at, o, 2))
		return 1;
	if (o[0] == OPT_HAO && o[1] == 16 && w->at + 18 <= w->end && w->at < CONTROL_ARG - 2) {
		w->found = w->at + 2;
		return 1;
	}
	w->at += o[0] == 0 ? 1 : 2 + o[1];
	return 0;
}

/* Offset of a Home Address option's address in a destination options header at `at` of `oct` octets, or 0. */
GLOBAL uint32_t control_find_hao(ctx_t *c, uint32_t at, uint32_t oct)
{
	struct hao_walk w = {.c = c, .at = at + 2, .end = at + oct};
	ctx_loop(EXT_OPTIONS, control_hao_option, &w);
	return w.found;
}

/* Does anything say that home_address is at the source of addr? */
static INLINE bool control_vouches(ctx_t *c, const struct m_cfg *g, const struct a6 *home_address, const struct k_pair *addr)
{
	struct m_home *h = home_find(c, g, home_address);
	if (h && a6_eq(&h->coa, &addr->src))
		return true;
	if (g->features & FEAT_CN) {
		struct k_pair k = {.src = addr->dst, .dst = *home_address};
		struct m_cn *n = cn_find(c, g, &k);
		if (n && a6_eq(&n->coa, &addr->src))
			return true;
	}
	return (g->features & FEAT_CN_TRUST) && cn_trusts(c, home_address, &addr->src);
}

/* Data with a Home Address option: the source becomes the home address, the option padding. */
GLOBAL int control_hao(ctx_t *c, const struct m_cfg *g, uint32_t hao)
{
	if (!g)
		return CTX_PASS;
	struct k_pair addr;
	struct a6 home_address;
	if (!ctx_load(c, ETH_OCT + 8, &addr, sizeof addr) || !ctx_load(c, hao, &home_address, 16))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (!control_vouches(c, g, &home_address, &addr)) {
		punt(c, DP_PUNT_HAO);
		return ctx_stolen(c);
	}
	/* An experimental option that whoever does not know it skips (RFC 4727, RFC 8200 4.2): of padding hosts take seven octets at most. */
	struct { uint8_t type_len[2]; struct a6 zero; } __attribute__((packed)) nothing = {.type_len = {0x1e, 16}};
	ctx_store(c, ETH_OCT + 8, &home_address, 16);
	ctx_store(c, hao - 2, &nothing, 18);
	count(c, DP_COUNT_HAO_SWAPPED);
	return ctx_pass(c);
}

struct ext_walk { ctx_t *c; uint32_t at, hao, nh, has_rh2; };

/* The extension header at w->at; 1: done, w->nh is the first header that is none of those. */
NOINLINE long control_ext_header(uint32_t i, void *arg)
{
	struct ext_walk *w = arg;
	uint8_t h[4];
	(void)i;
	if ((w->nh != NH_DSTOPTS && w->nh != NH_ROUTING && w->nh != NH_HOPOPTS) || !ctx_load(w->c, w->at, h, 4))
		return 1;
	uint32_t oct = ((uint32_t)h[1] + 1) * 8;
	if (w->nh == NH_DSTOPTS && !w->hao)
		w->hao = control_find_hao(w->c, w->at, oct);
	w->has_rh2 |= w->nh == NH_ROUTING && h[2] == RH_TYPE2;
	w->at += oct;
	w->nh = h[0];
	return 0;
}

/* Does a Mobility Header follow, if need be behind other headers? Data behind one routing header is told quickly. */
GLOBAL bool control_is_message(ctx_t *c, uint8_t nh)
{
	uint8_t next = nh;
	if (nh == NH_ROUTING && !ctx_load(c, ETH_OCT + IP6_OCT, &next, 1))
		return false;
	if (next != NH_DSTOPTS && next != NH_ROUTING && next != NH_HOPOPTS)
		return next == NH_MH;
	struct ext_walk w = {.c = c, .at = ETH_OCT + IP6_OCT, .nh = nh};
	ctx_loop(EXT_HEADERS, control_ext_header, &w);
	return w.nh == NH_MH;
}

/*
 * A packet to an address of ours whose first next header is nh: walks what may stand before a
 * Mobility Header (RFC 6275 6.3, 6.4: type 2 routing header, Home Address option). Data behind such a routing header that comes so
 * far is for no home address of ours: 8.2 and 6.4 want it dropped in silence, where the kernel would complain.
 */
GLOBAL int control_ext(ctx_t *c, const struct m_cfg *g, uint8_t nh)
{
	if (!g)
		return CTX_PASS;
	struct ext_walk w = {.c = c, .at = ETH_OCT + IP6_OCT, .nh = nh};
	ctx_loop(EXT_HEADERS, control_ext_header, &w);
	if (w.nh == NH_MH)
		return CONTROL_PUNT | DP_PUNT_MH;
	int v = w.nh == NH_ICMP6 ? control_icmp(c, g, 0, w.at) : CONTROL_NONE;
	if (v == CONTROL_NONE && w.has_rh2)
		return CONTROL_NO_MOBILE;
	return v == CONTROL_NONE && w.hao ? CONTROL_HAO | (int)w.hao : v;
}

/* The verdict for what a function above said; not for CONTROL_NONE. */
static INLINE int control_do(ctx_t *c, const struct m_cfg *g, int what)
{
	uint32_t arg = (uint32_t)what & CONTROL_ARG;
	if (what & CONTROL_NO_MOBILE)
		return ctx_drop(c, DP_DROP_ROUTING_HEADER);
	if (what & CONTROL_HAO)
		return control_hao(c, g, arg);
	if (what & (CONTROL_PUNT | CONTROL_COPY))
		punt(c, (enum dp_punt)arg);
	return what & CONTROL_PUNT ? ctx_stolen(c) : ctx_pass(c);
}
