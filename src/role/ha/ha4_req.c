/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration requests: the checks of RFC 5944 3.8.2.1 and 3.8.2.3, with those of RFC 2794, 3024, 3115, 3519, 4721 and 5177.
 *
 * As for binding updates the order is a table: a condition, the reason to count when it is not met, and the code of the answer.
 * Nothing is remembered of a request that fails any of them (but a nonce for the next one), and nothing is believed of it
 * before the row is_authentic. Rows of registrations do not count for a de-registration.
 */
#include "role/ha/ha4_i.h"

static const struct addr6 everybody = {{[10] = 0xff, 0xff, 255, 255, 255, 255}}, all_agents = {{[10] = 0xff, 0xff, 224, 0, 0, 11}};

/* Bits of the request that mean nothing (3.3): zero (3.8.2.3). */
enum { FLAGS_UNUSED = (uint8_t)~(MIP4_S | MIP4_B | MIP4_D | MIP4_M | MIP4_G | MIP4_T) };

struct addr6 ha4_broadcast_of(const struct prefix6 *p)
{
	return prefix6_join(p, &everybody);
}

bool ha4_is_broadcast(const struct ha *h, const struct addr6 *a)
{
	if (addr6_eq(a, &everybody))
		return true;
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++) {
		struct addr6 b = ha4_broadcast_of(&h->conf.home_prefix[i]);
		if (addr6_is_v4mapped(&h->conf.home_prefix[i].addr) && addr6_eq(a, &b))
			return true;
	}
	return false;
}

bool ha4_is_host_address(const struct ha *h, const struct addr6 *a)
{
	if (!addr6_is_v4unicast(a) || !ha_serves(h, a) || addr6_eq(a, &h->conf.v4.address))
		return false;
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++) {
		const struct prefix6 *p = &h->conf.home_prefix[i];
		bool has_special = prefix6_contains(p, a) && p->len_bits < 127; /* RFC 3021 */
		if (has_special && (addr6_eq(a, &p->addr) || ha4_is_broadcast(h, a)))
			return false;
	}
	return true;
}

static const struct mip4_exts *exts(const struct ha4_rq *rq) { return &rq->p->m.ext; }

/* --- who it is ----------------------------------------------------------------------------------------------- */

static bool is_from_unicast(struct ha *h, struct ha4_rq *rq)
{
	const struct addr6 *src = &rq->p->src;
	/* A mobile on the home link that has no address yet. */
	return addr6_is_v4unicast(src) || (addr6_is_none(src) && ha_link_at(h, rq->rx->ifindex));
}

static bool is_known_mobile(struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_bytes *nai = &exts(rq)->nai;
	bool is_assigned = !addr6_is_none(&rq->q->hoa);

	rq->hoa = rq->q->hoa;
	if (exts(rq)->has_nai)
		rq->mobile = ha_mobile_by_nai(h, nai->p, nai->len_oct);
	const struct ha_mobile *at_hoa = is_assigned && ha_serves(h, &rq->hoa) ? ha_mobile_find(h, &rq->hoa) : NULL;
	if (!rq->mobile)
		rq->mobile = at_hoa;
	if (!rq->mobile)
		return false;
	if (!is_assigned)
		rq->hoa = rq->mobile->hoa;
	rq->is_owner = is_assigned ? at_hoa == rq->mobile : !addr6_is_none(&rq->hoa);
	rq->b = rq->is_owner ? binding_find(&h->bindings, &rq->hoa) : NULL;
	rq->verdict = ha_replay_check(h, rq->q->id, rq->b ? &rq->b->b : NULL, rq->now);
	return true;
}

/* The authorization-enabling extensions are mobile-home and, where we have the key, MN-AAA (RFC 4721 5). */
static bool has_auth(struct ha *h, struct ha4_rq *rq)
{
	(void)h;
	return exts(rq)->auth[MIP4_MH].n || (exts(rq)->auth[MIP4_AAA].n && rq->mobile->aaa);
}

/* d) of 3.8.2.1: someone who claims to share a key with us and does not. */
static bool is_fa_known(struct ha *h, struct ha4_rq *rq)
{
	rq->fa_key = ha4_fa_key(h, &rq->p->src);
	if (!rq->fa_key && !(rq->q->flags & MIP4_D) && !rq->is_dereg)
		rq->fa_key = ha4_fa_key(h, &rq->q->coa);
	return rq->fa_key || !exts(rq)->auth[MIP4_FH].n;
}

static bool verify(struct ha *h, const struct ha4_rq *rq, const struct sa_key *key, enum mip4_auth_kind kind)
{
	return sa4_verify(key, h->env.crypto, rq->p->msg, &exts(rq)->auth[kind]);
}

/* Who forges a mobile's authentication gets no answer unless a foreign agent vouches for having relayed it, where one could. */
static bool is_relay_sincere(struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_auth *mh = &exts(rq)->auth[MIP4_MH];

	rq->is_authentic = mh->n && verify(h, rq, rq->mobile->key, MIP4_MH);
	return rq->is_authentic || !mh->n || !rq->fa_key || verify(h, rq, rq->fa_key, MIP4_FH);
}

static bool is_spi_known(struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_auth *mh = &exts(rq)->auth[MIP4_MH];
	(void)h;
	return !mh->n || mh->spi == rq->mobile->key->spi;
}

static bool is_authentic(struct ha *h, struct ha4_rq *rq)
{
	(void)h;
	return rq->is_authentic || !exts(rq)->auth[MIP4_MH].n;
}

static bool is_aaa_authentic(struct ha *h, struct ha4_rq *rq)
{
	if (!exts(rq)->auth[MIP4_AAA].n || !rq->mobile->aaa)
		return true;
	bool is_good = verify(h, rq, rq->mobile->aaa, MIP4_AAA);
	rq->is_authentic |= is_good;
	return is_good;
}

/* 5.7. A timestamp was judged on arrival; a nonce is one that we sent and that was not used. */
static bool is_stamp_near(struct ha *h, struct ha4_rq *rq)
{
	return h->conf.v4.replay == HA_REPLAY_NONCE || rq->verdict != REPLAY_OUTSIDE;
}

static bool is_stamp_newer(struct ha *h, struct ha4_rq *rq)
{
	return h->conf.v4.replay == HA_REPLAY_NONCE || rq->verdict == REPLAY_FRESH;
}

static bool is_nonce_known(struct ha *h, struct ha4_rq *rq)
{
	uint32_t nonce = (uint32_t)(rq->q->id >> 32);
	const struct ha4 *b = rq->b;
	return h->conf.v4.replay == HA_REPLAY_TIMESTAMP || (b && b->has_nonce && (nonce == b->nonce || nonce == b->nonce_kept));
}

/* c) of 3.8.2.1; a de-registration may come through another agent, which must not add one (3.5.4). */
static bool is_fa_authentic(struct ha *h, struct ha4_rq *rq)
{
	if (!rq->fa_key || (rq->is_dereg && !exts(rq)->auth[MIP4_FH].n))
		return true;
	return verify(h, rq, rq->fa_key, MIP4_FH);
}

/* --- what it asks for ---------------------------------------------------------------------------------------- */

static bool is_well_formed(struct ha *h, struct ha4_rq *rq)
{
	(void)h;
	return rq->err == W_OK && !(rq->q->flags & FLAGS_UNUSED);
}

/* RFC 3115: an extension that must be understood, of which we know none. */
static bool has_critical(const struct ha4_rq *rq, bool is_of_mobile)
{
	const struct mip4_exts *x = exts(rq);

	for (uint32_t i = 0; i < x->n_vendor; i++)
		if (x->vendor[i].is_critical && (x->vendor[i].off < x->relay_oct) == is_of_mobile)
			return true;
	return false;
}

static bool has_no_vendor_of_mobile(struct ha *h, struct ha4_rq *rq)
{
	(void)h;
	return !has_critical(rq, true);
}

static bool has_no_vendor_of_fa(struct ha *h, struct ha4_rq *rq)
{
	(void)h;
	return !has_critical(rq, false);
}

static bool is_for_us(struct ha *h, struct ha4_rq *rq)
{
	bool is_group = addr6_eq(&rq->p->dst, &h->conf.v4.address) && addr6_eq(&rq->q->ha, &h->conf.v4.address);
	/* The mobile of a group's member names it or the group. */
	return is_group || (ha_is_own(h, &rq->p->dst) && (addr6_eq(&rq->q->ha, &rq->p->dst) || addr6_eq(&rq->q->ha, &h->conf.v4.address)));
}

/* Given away to a mobile that has proved to be the one of its NAI (RFC 2794). */
static bool has_home_address(struct ha *h, struct ha4_rq *rq)
{
	if (!addr6_is_none(&rq->hoa) || rq->is_dereg)
		return true;
	if (!ha4_pool_take(h, rq->mobile->nai))
		return false;
	rq->hoa = rq->mobile->hoa;
	rq->is_owner = true;
	rq->b = binding_find(&h->bindings, &rq->hoa);
	return true;
}

static bool is_home_address_good(struct ha *h, struct ha4_rq *rq)
{
	return rq->is_owner && ha4_is_host_address(h, &rq->hoa);
}

static bool is_coa_address(struct ha *h, struct ha4_rq *rq)
{
	const struct addr6 *coa = &rq->q->coa;
	return rq->is_dereg || (addr6_is_v4unicast(coa) && !addr6_eq(coa, &rq->hoa) && !ha4_is_broadcast(h, coa));
}

/* A care-of address that is itself the home address of a mobile that is away would be a loop of tunnels. */
static bool is_coa_usable(struct ha *h, struct ha4_rq *rq)
{
	const struct addr6 *coa = &rq->q->coa;
	bool is_inside = h->conf.v4.n_area == 0;

	if (rq->is_dereg)
		return true;
	for (uint32_t i = 0; i < h->conf.v4.n_area; i++)
		is_inside |= prefix6_contains(&h->conf.v4.area[i], coa);
	return is_inside && !addr6_eq(coa, &h->conf.v4.address) && !(ha_serves(h, coa) && ha_is_active(binding_find(&h->bindings, coa)));
}

/* RFC 3519 4.6.1: before the mobile's authenticator it is the mobile's request, behind it the foreign agent's. */
static bool is_udp_placed(struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_exts *x = exts(rq);
	bool is_of_mobile = x->has_udp_request && x->udp_request.off < x->relay_oct;

	(void)h;
	return rq->is_dereg || !x->has_udp_request || is_of_mobile == !!(rq->q->flags & MIP4_D);
}

static bool is_udp_permitted(struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_exts *x = exts(rq);

	rq->is_nat = x->has_udp_request && !addr6_eq(&rq->p->src, &rq->q->coa);
	if (rq->is_dereg || !x->has_udp_request || x->udp_request.is_r)
		return true;
	if (rq->is_nat && !h->conf.v4.has_udp)
		return false;
	if (!rq->is_nat && x->udp_request.is_forced && !(h->conf.v4.has_udp && h->conf.v4.has_udp_forced))
		return false;
	rq->has_udp = rq->is_nat || x->udp_request.is_forced;
	return true;
}

/* Encapsulation in UDP: zero stands for what M and G ask for (3.1.4). Ours is IP. */
static bool is_udp_encap_known(struct ha *h, struct ha4_rq *rq)
{
	uint8_t asked = exts(rq)->udp_request.encap;

	(void)h;
	return !rq->has_udp || (asked ? asked : mip4_encap(rq->q->flags)) == NH_IPV4;
}

static bool is_encap_known(struct ha *h, struct ha4_rq *rq)
{
	if (rq->is_dereg)
		return true;
	switch (mip4_encap(rq->q->flags)) {
	case NH_GRE: rq->encap = DP_ENCAP_GRE_PLAIN; break;
	case PROTO_MINENC: rq->encap = DP_ENCAP_MINIMAL; break;
	default: rq->encap = DP_ENCAP_IPIP; break;
	}
	if (rq->has_udp) {
		rq->encap = DP_ENCAP_UDP;
		return true;
	}
	/* M and G say that the mobile or its agent wants the form (3.3): M first, and G where we have no M. */
	if (rq->encap == DP_ENCAP_MINIMAL && !h->conf.v4.has_minimal && (rq->q->flags & MIP4_G))
		rq->encap = DP_ENCAP_GRE_PLAIN;
	return rq->encap == DP_ENCAP_IPIP || (rq->encap == DP_ENCAP_GRE_PLAIN ? h->conf.v4.has_gre : h->conf.v4.has_minimal);
}

static bool is_reverse_asked(struct ha *h, struct ha4_rq *rq)
{
	return rq->is_dereg || h->conf.v4.reverse != HA_REVERSE_REQUIRED || (rq->q->flags & MIP4_T);
}

static bool is_reverse_possible(struct ha *h, struct ha4_rq *rq)
{
	return rq->is_dereg || h->conf.v4.reverse != HA_REVERSE_OFF || !(rq->q->flags & MIP4_T);
}

/* One more than allowed; asking again for one that there is adds none. */
static bool is_simultaneous_possible(struct ha *h, struct ha4_rq *rq)
{
	struct ha4 *b = rq->b;

	if (rq->is_dereg || !(rq->q->flags & MIP4_S) || h->conf.v4.simultaneous <= 1 || !b || !ha_is_active(&b->b))
		return true;
	for (uint32_t i = 0; i < ha4_n_to(b); i++)
		if (addr6_eq(&ha4_to_at(b, i)->coa, &rq->q->coa))
			return true;
	return ha4_n_to(b) < h->conf.v4.simultaneous;
}

static bool is_router_permitted(struct ha *h, struct ha4_rq *rq) { return ha4_net_check(h, rq) != MIP4_HA_NET_DISALLOWED; }
static bool is_a_network_good(struct ha *h, struct ha4_rq *rq) { return ha4_net_check(h, rq) != MIP4_HA_NET_ERROR; }

enum { SILENT = 0 };

static const struct check {
	bool (*is_met)(struct ha *h, struct ha4_rq *rq);
	enum reason reason;
	uint8_t code;
} checks[] = {
	{is_from_unicast, R_RRQ_SOURCE, SILENT},
	{is_known_mobile, R_BU_UNKNOWN_MOBILE, SILENT},
	{has_auth, R_AUTH_MISSING, SILENT},
	{is_fa_known, R_RRQ_FA_UNKNOWN, SILENT},
	{is_relay_sincere, R_RRQ_FA_AUTH, SILENT},
	{is_spi_known, R_AUTH_SPI_UNKNOWN, MIP4_HA_MN_AUTH},
	{is_authentic, R_AUTH_BAD, MIP4_HA_MN_AUTH},
	{is_aaa_authentic, R_RRQ_AAA_AUTH, MIP4_HA_AAA_AUTH},
	{has_home_address, R_RRQ_POOL_EMPTY, MIP4_HA_NO_RESOURCES},
	{is_stamp_near, R_REPLAY_TIME, MIP4_HA_ID_MISMATCH},
	{is_stamp_newer, R_REPLAY_OLD, MIP4_HA_ID_MISMATCH},
	{is_nonce_known, R_RRQ_NONCE, MIP4_HA_ID_MISMATCH},
	{is_fa_authentic, R_RRQ_FA_AUTH, MIP4_HA_FA_AUTH},
	{is_well_formed, R_MSG_MALFORMED, MIP4_HA_POOR_REQUEST},
	{has_no_vendor_of_mobile, R_RRQ_VENDOR, MIP4_HA_MN_VENDOR},
	{has_no_vendor_of_fa, R_RRQ_VENDOR, MIP4_HA_FA_VENDOR},
	{is_for_us, R_RRQ_NOT_OURS, MIP4_HA_UNKNOWN_HA},
	{is_home_address_good, R_BU_NOT_HOME_SUBNET, MIP4_HA_PROHIBITED},
	{is_coa_address, R_BU_COA_INVALID, MIP4_HA_POOR_REQUEST},
	{is_coa_usable, R_RRQ_COA_PROHIBITED, MIP4_HA_PROHIBITED},
	{is_udp_placed, R_MSG_MALFORMED, MIP4_HA_POOR_REQUEST},
	{is_udp_permitted, R_RRQ_UDP_PROHIBITED, MIP4_HA_PROHIBITED},
	{is_udp_encap_known, R_RRQ_ENCAP, MIP4_HA_UDP_ENCAP},
	{is_encap_known, R_RRQ_ENCAP, MIP4_HA_ENCAP},
	{is_reverse_asked, R_RRQ_REVERSE, MIP4_HA_REVERSE_MANDATORY},
	{is_reverse_possible, R_RRQ_REVERSE, MIP4_HA_NO_REVERSE},
	{is_simultaneous_possible, R_RRQ_TOO_MANY, MIP4_HA_TOO_MANY},
	{is_router_permitted, R_NET_NOT_PERMITTED, MIP4_HA_NET_DISALLOWED},
	{is_a_network_good, R_NET_NOT_AUTHORISED, MIP4_HA_NET_ERROR},
};

/* An authentication that fails is told as a security exception (3.8.2.1), now and then. */
static void tell(struct ha *h, const struct ha4_rq *rq, const struct check *c, struct now now)
{
	bool is_security = c->code == MIP4_HA_MN_AUTH || c->code == MIP4_HA_FA_AUTH || c->code == MIP4_HA_AAA_AUTH || c->code == MIP4_HA_ID_MISMATCH ||
			   c->reason == R_RRQ_FA_UNKNOWN || c->reason == R_RRQ_FA_AUTH;

	struct { struct addr6 hoa; char what; } told = {rq->hoa, 's'}; /* not the key by which answers are limited */
	if (is_security && rate_take(&h->rate, rate_key(&h->rate, &told, sizeof told), 1, 1, now.mono))
		fx_event(h->env.fx, ROLE_HA, EV_WARNING, "security-exception", &rq->hoa, "request for %s from %s: %s", ADDR46_STR(&rq->hoa),
			 ADDR46_STR(&rq->p->src), reason_text(c->reason));
}

static bool passes(struct ha *h, struct ha4_rq *rq, struct now now)
{
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const struct check *c = &checks[i];
		if (c->is_met(h, rq))
			continue;
		reason_count(&h->env, c->reason);
		tell(h, rq, c, now);
		if (c->code != SILENT)
			ha4_refuse(h, rq, c->code, now);
		return false;
	}
	return true;
}

static void on_request(struct ha *h, const struct rx *rx, const struct mip4_packet *p, enum wire_err err, struct now now)
{
	const struct mip4_request *q = &p->m.request;
	struct ha4_rq rq = {.rx = rx, .p = p, .q = q, .err = err, .now = now, .is_dereg = q->lifetime_s == 0, .verdict = REPLAY_OUTSIDE};

	if (!passes(h, &rq, now))
		return;
	rq.is_all = rq.is_dereg && (addr6_eq(&q->coa, &rq.hoa) || addr6_is_none(&q->coa));
	if (rq.is_dereg)
		ha4_deregister(h, &rq, now);
	else
		ha4_register(h, &rq, now);
}

static bool is_addressed_to_us(const struct ha *h, const struct addr6 *dst)
{
	return addr6_eq(dst, &h->conf.v4.address) || ha_is_own(h, dst) || addr6_eq(dst, &all_agents) || ha4_is_broadcast(h, dst);
}

/* What can be answered although it is poorly formed (wire/mip4/mip4.h). */
static bool is_answerable(enum wire_err err, const struct mip4_packet *p)
{
	return p->msg && p->m.type == MIP4_REQUEST && (err == W_LENGTH || err == W_VALUE || err == W_LIMIT || err == W_OPTION_ORDER);
}

/* Said to whoever listens on a link: it is for us when it is about a mobile of ours. */
static bool is_our_mobile(const struct ha *h, const struct mip4_packet *p)
{
	const struct mip4_bytes *nai = &p->m.ext.nai;
	return p->m.type == MIP4_REQUEST && (ha_serves(h, &p->m.request.hoa) || (p->m.ext.has_nai && ha_mobile_by_nai(h, nai->p, nai->len_oct)));
}

bool ha4_rx(struct ha *h, const struct rx *rx, struct now now)
{
	struct mip4_packet p;
	enum wire_err err = mip4_packet_parse(rx->pkt, rx->len_oct, &p);

	if (!ha4_is_on(h) || err == W_PROTO || !is_addressed_to_us(h, &p.dst))
		return false;
	if (p.msg && (p.m.type == MIP4_REPLY || (!addr6_eq(&p.dst, &h->conf.v4.address) && !is_our_mobile(h, &p))))
		return false; /* for a mobile or a foreign agent of this host, perhaps */
	if (err != W_OK && !is_answerable(err, &p))
		reason_count(&h->env, reason_of_wire(err));
	else if (p.dport != MIP4_PORT && p.m.type == MIP4_REQUEST)
		reason_count(&h->env, R_MSG_NOT_HERE);
	else if (p.m.type == MIP4_REQUEST)
		on_request(h, rx, &p, err, now);
	else if (p.m.type == MIP4_REVOKE)
		ha4_rx_revoke(h, &p, now);
	else if (p.m.type == MIP4_REVOKE_ACK)
		ha4_rx_revoke_ack(h, &p, now);
	else
		reason_count(&h->env, R_MSG_NOT_HERE);
	return true;
}
