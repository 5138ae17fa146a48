/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Binding updates: the checks, in the order in which RFC 6275 9.2, 9.5.1, 10.3.1 and RFC 4285 5 and 6 want
 * them.
 *
 * The order is a table, below: each row is a condition, the reason to count when it is not met,
 * and the answer. Nothing is remembered of an update that fails any of them, and nothing is believed of it
 * before the row is_authentic. What is answered before that row is not signed (no key is known yet), or says
 * only that the signature was wrong.
 */
#include "role/ha/ha_i.h"
#include "wire/ip/icmp6.h"

static bool is_from_unicast(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return addr6_is_routable(&bu->src);
}

/* Only a de-registration from home may do without the Home Address option (10.3.2): its source is the home address. */
static bool has_home_address(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return addr6_is_routable(&bu->hoa) && (bu->has_hao || (bu->is_dereg && ha_serves(h, &bu->hoa)));
}

static bool has_no_nonces(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)bu, (void)now;
	return !p->mh.opt.has_nonce;
}

static bool is_home_subnet(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return ha_serves(h, &bu->hoa);
}

static bool is_known_mobile(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	bu->key = ha_mobile_key(h, &bu->hoa);
	return bu->key && !addr6_eq(&bu->hoa, &h->conf.address);
}

static bool has_auth(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return bu->has_auth;
}

static bool is_spi_known(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)now;
	return p->mh.opt.auth.spi == bu->key->spi;
}

static bool is_authentic(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)now;
	if (!sa_verify(bu->key, h->env.crypto, &bu->coa, &bu->hoa, p))
		return false;
	bu->b = binding_find(&h->bindings, &bu->hoa);
	return true;
}

static bool is_same_type(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return (bu->flags & BU_H) || !ha_is_active(bu->b);
}

static bool is_home_registration(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return bu->flags & BU_H;
}

static bool has_stamp(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return bu->has_stamp || !h->conf.is_stamp_required;
}

static bool is_stamp_near(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p;
	if (!bu->has_stamp)
		return true;
	bu->verdict = ha_replay_check(h, bu->stamp, bu->b, now);
	return bu->verdict != REPLAY_OUTSIDE;
}

static bool is_stamp_newer(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return !bu->has_stamp || bu->verdict == REPLAY_FRESH;
}

static bool is_seq_newer(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return !bu->b || seq_is_newer(bu->seq, bu->b->seq);
}

/* The R flag of a binding stays as it was (RFC 3963 6.2). */
static bool is_same_mobility(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return bu->is_dereg || !ha_is_active(bu->b) || !!(bu->flags & BU_R) == !!(bu->b->flags & HA_ROUTER);
}

static bool is_host_or_home_registration(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)h, (void)p, (void)now;
	return !(bu->flags & BU_R) || (bu->flags & BU_H);
}

static bool is_router_permitted(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return ha_net_check(h, bu) != BA_MR_NOT_PERMITTED;
}

static bool is_network_known(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return ha_net_check(h, bu) != BA_FORWARDING_FAILED;
}

static bool is_network_valid(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return ha_net_check(h, bu) != BA_INVALID_PREFIX;
}

static bool is_network_authorised(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	return ha_net_check(h, bu) != BA_NOT_AUTHORISED_PREFIX;
}

/* A care-of address that is itself the home address of a mobile that is away would be a loop of tunnels. */
static bool is_coa_usable(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	(void)p, (void)now;
	if (bu->is_dereg)
		return true;
	if (!addr6_is_routable(&bu->coa) || addr6_eq(&bu->coa, &h->conf.address))
		return false;
	return !ha_serves(h, &bu->coa) || !ha_is_active(binding_find(&h->bindings, &bu->coa));
}

enum { SILENT = 0 }; /* no answer; all answers of the table are 128 and above */

static const struct check {
	bool (*is_met)(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now);
	enum reason reason;
	uint8_t status;
} checks[] = {
	{is_from_unicast, R_BU_COA_INVALID, SILENT},
	{has_home_address, R_BU_NO_HOME_ADDRESS, SILENT},
	{has_no_nonces, R_MSG_MALFORMED, SILENT},
	{is_home_subnet, R_BU_NOT_HOME_SUBNET, BA_NOT_HOME_SUBNET},
	{is_known_mobile, R_BU_UNKNOWN_MOBILE, SILENT},
	{has_auth, R_AUTH_MISSING, SILENT},
	{is_spi_known, R_AUTH_SPI_UNKNOWN, SILENT},
	{is_authentic, R_AUTH_BAD, BA_AUTH_FAIL},
	{is_host_or_home_registration, R_NET_NOT_PERMITTED, BA_MR_NOT_PERMITTED},
	{is_same_type, R_BU_TYPE_CHANGE, BA_REG_TYPE_CHANGE},
	{is_home_registration, R_BU_NOT_HOME_REG, BA_PROHIBITED},
	{has_stamp, R_REPLAY_MISSING, BA_MESG_ID_REQUIRED},
	{is_stamp_near, R_REPLAY_TIME, BA_ID_MISMATCH},
	{is_stamp_newer, R_REPLAY_OLD, BA_ID_MISMATCH},
	{is_seq_newer, R_BU_SEQ_OLD, BA_SEQ_OUT_OF_WINDOW},
	{is_coa_usable, R_BU_COA_INVALID, BA_INVALID_COA},
	{is_same_mobility, R_BU_TYPE_CHANGE, BA_REG_TYPE_CHANGE},
	{is_router_permitted, R_NET_NOT_PERMITTED, BA_MR_NOT_PERMITTED},
	{is_network_known, R_NET_NOT_KNOWN, BA_FORWARDING_FAILED},
	{is_network_valid, R_NET_INVALID, BA_INVALID_PREFIX},
	{is_network_authorised, R_NET_NOT_AUTHORISED, BA_NOT_AUTHORISED_PREFIX},
};

static bool passes(struct ha *h, const struct mh_packet *p, struct ha_bu *bu, struct now now)
{
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const struct check *c = &checks[i];
		if (c->is_met(h, p, bu, now))
			continue;
		reason_count(&h->env, c->reason);
		if (c->status != SILENT)
			ha_refuse(h, bu, c->status, now);
		return false;
	}
	return true;
}

static void on_bu(struct ha *h, const struct rx *rx, const struct mh_packet *p, struct now now)
{
	struct ha_bu bu = {
		.hoa = p->peer, .coa = *mh_packet_coa(p), .src = p->src, .to = p->dst, .seq = p->mh.bu.seq, .flags = p->mh.bu.flags,
		.lifetime_s = p->mh.bu.lifetime_s, .has_hao = p->has_hao, .has_auth = p->mh.opt.has_auth,
		.has_stamp = p->mh.opt.has_mesg_id, .stamp = p->mh.opt.mesg_id, .verdict = REPLAY_OUTSIDE,
		.lladdr = rx->lladdr_src,
	};
	_Static_assert(sizeof bu.net == sizeof p->mh.opt.prefix, "all of an update's prefixes fit");
	memcpy(bu.net, p->mh.opt.prefix, sizeof bu.net);
	bu.n_net = p->mh.opt.n_prefix;
	bu.is_dereg = bu.lifetime_s == 0 || addr6_eq(&bu.coa, &bu.hoa);
	const struct ha_link *l = ha_link_of(h, &bu.hoa);
	bu.is_direct = l && rx->ifindex == l->ifindex && addr6_eq(&bu.src, &bu.hoa) &&
		       !lladdr_is_zero(&rx->lladdr_src);
	if (!passes(h, p, &bu, now))
		return;
	if (bu.is_dereg)
		ha_deregister(h, &bu, now);
	else
		ha_register(h, &bu, now);
}

/* Fewest bytes of each type (RFC 6275 6.1), padding to eight included. */
static uint32_t len_min_oct(uint8_t type)
{
	static const uint8_t min[] = {[MH_BRR] = 8, [MH_HOTI] = 16, [MH_COTI] = 16, [MH_HOT] = 24,
				      [MH_COT] = 24, [MH_BU] = 16, [MH_BA] = 16, [MH_BE] = 24};
	return type < sizeof min ? min[type] : 8;
}

/* A header that does not parse: what RFC 6275 9.2 answers. */
static void on_malformed(struct ha *h, const struct rx *rx, enum wire_err err, const struct mh_packet *p, struct now now)
{
	struct ip6_walk w;

	reason_count(&h->env, reason_of_wire(err));
	if (err == W_TYPE) {
		ha_binding_error(h, &p->src, BE_UNKNOWN_TYPE, p->has_hao ? &p->hao : &addr6_any, now);
		return;
	}
	if (err == W_CHECKSUM || ip6_walk(rx->pkt, rx->len_oct, &w) != W_OK || w.len_oct < 6)
		return;
	const uint8_t *mh = rx->pkt + w.off;
	if (err == W_PAYLOAD_PROTO)
		ha_param_problem(h, rx, &p->src, w.off, now);
	else if (mh[1] * 8u + 8 < len_min_oct(mh[2]))
		ha_param_problem(h, rx, &p->src, w.off + 1, now);
}

/* Over IPv4 only agents' messages come so: an MMA asks for a mobile's key. A member of a group takes updates to its own address too. */
static bool is_to_us(const struct ha *h, const struct mh_packet *p)
{
	if (p->mh.type == MH_BU && (p->mh.bu.flags & BU_H) && ha_is_own(h, &p->dst))
		return true;
	return addr6_eq(&p->dst, &h->conf.address) || (!addr6_is_none(&p->dst) && addr6_eq(&p->dst, &h->conf.v4.address));
}

bool ha_rx_mh(struct ha *h, const struct rx *rx, struct now now)
{
	struct mh_packet p = {0};
	enum wire_err err = mh_packet_parse(rx->pkt, rx->len_oct, &p);

	if (err == W_PROTO || !is_to_us(h, &p))
		return false;
	if (err != W_OK)
		on_malformed(h, rx, err, &p, now);
	else if (p.mh.type == MH_BU)
		on_bu(h, rx, &p, now);
	else if (p.mh.type == MH_PEER)
		ha_key_rx(h, &p, now);
	else if (p.mh.type == MH_HOTI || p.mh.type == MH_COTI)
		/* We are no correspondent node: say so, and the mobile keeps to its tunnel. */
		on_malformed(h, rx, W_TYPE, &p, now);
	else
		reason_count(&h->env, R_MSG_NOT_HERE);
	return true;
}

bool ha_rx_hao(struct ha *h, const struct rx *rx, struct now now)
{
	struct ip6_walk w;

	if (ip6_walk(rx->pkt, rx->len_oct, &w) != W_OK || !w.has_hao || !addr6_eq(&w.ip.dst, &h->conf.address))
		return false;
	struct binding *b = binding_find(&h->bindings, &w.hao);
	if (ha_is_active(b) && addr6_eq(&b->coa, &w.ip.src))
		return true; /* registered meanwhile */
	reason_count(&h->env, R_HAO_UNKNOWN);
	ha_binding_error(h, &w.ip.src, BE_UNKNOWN_BINDING, &w.hao, now);
	return true;
}
