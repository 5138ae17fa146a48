/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a home agent says: acknowledgements (RFC 6275 9.5.4, RFC 4285 5.1.1), binding errors (9.3.3), ICMPv6
 * parameter problems (9.2) and refresh requests (9.5.5).
 */
#include "role/ha/ha_i.h"
#include "wire/ip/icmp6.h"

enum { PACKET_MAX = 1280 };

bool ha_may_answer(struct ha *h, const struct addr6 *to, struct now now)
{
	uint64_t key = rate_key(&h->rate, to, sizeof *to);

	if (rate_take(&h->rate, key, h->conf.rate, h->conf.rate, now.mono))
		return true;
	reason_count(&h->env, R_LIMIT_RATE);
	return false;
}

static void send_ba(struct ha *h, const struct ha_bu *bu, const struct mh_ba *ba, struct now now)
{
	uint8_t pkt[PACKET_MAX];
	struct mh_built built;
	struct mh m = {.type = MH_BA, .ba = *ba};

	if (bu->has_stamp) {
		m.opt.has_mesg_id = true;
		m.opt.mesg_id = ha_replay_answer(h, bu->stamp, bu->verdict, binding_find(&h->bindings, &bu->hoa), now);
	}
	if (bu->has_auth && bu->key) {
		m.opt.has_auth = true;
		m.opt.auth.spi = bu->key->spi;
	}
	m.ba.flags |= bu->flags & BU_R && ba->status < BA_REASON_UNSPECIFIED ? BA_R : 0;
	/* With a Home Address option came the update, with a type 2 routing header goes the answer (9.5.4). */
	bool is_at_home = addr6_eq(&bu->src, &bu->hoa);
	size_t n = ba_packet_build(pkt, sizeof pkt, &bu->to, &bu->src, is_at_home ? NULL : &bu->hoa, &m, &built);
	if (m.opt.has_auth)
		sa_sign(bu->key, h->env.crypto, &bu->coa, &bu->hoa, &built, pkt);
	else
		mh_packet_finish(&built, pkt);
	if (bu->is_direct)
		fx_send(h->env.fx, ROLE_HA, ha_link_of(h, &bu->hoa)->ifindex, &bu->lladdr, pkt, n);
	else
		fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

void ha_accept(struct ha *h, const struct ha_bu *bu, uint32_t lifetime_s, struct now now)
{
	/* The prefix is deprecated before the binding ends, or invalid at its end; both in units of 4 s (10.3.1). */
	bool is_short = lifetime_s && (span_to_s(h->conf.prefix_preferred) / 4 < lifetime_s / 4 ||
				       span_to_s(h->conf.prefix_valid) / 4 <= lifetime_s / 4);

	/* K stays clear: associations are static. No refresh advice: bindings are on stable storage (10.3.1). */
	send_ba(h, bu, &(struct mh_ba){.status = is_short ? BA_ACCEPTED_PREFIX_DISCOVERY : BA_ACCEPTED, .seq = bu->seq,
				       .lifetime_s = lifetime_s}, now);
}

void ha_refuse(struct ha *h, const struct ha_bu *bu, enum ba_status status, struct now now)
{
	struct mh_ba ba = {.status = (uint8_t)status, .seq = bu->seq};

	h->n_refused++;
	if (!ha_may_answer(h, &bu->src, now))
		return;
	if (status == BA_SEQ_OUT_OF_WINDOW && bu->b)
		ba.seq = bu->b->seq; /* the last one accepted (9.5.1) */
	send_ba(h, bu, &ba, now);
}

void ha_binding_error(struct ha *h, const struct addr6 *to, enum be_status status, const struct addr6 *hoa, struct now now)
{
	uint8_t pkt[PACKET_MAX];

	if (!addr6_is_routable(to) || !ha_may_answer(h, to, now))
		return;
	size_t n = be_packet_build(pkt, sizeof pkt, &h->conf.address, to, status, hoa);
	fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

void ha_param_problem(struct ha *h, const struct rx *rx, const struct addr6 *to, uint32_t pointer, struct now now)
{
	uint8_t pkt[PACKET_MAX];

	if (!icmp6_error_is_allowed(rx->pkt, rx->len_oct, IC6_PARAM_PROBLEM, 0) || !ha_may_answer(h, to, now))
		return;
	size_t n = icmp6_error_build(pkt, sizeof pkt, &h->conf.address, IC6_PARAM_PROBLEM, 0, pointer, rx->pkt, rx->len_oct);
	if (n)
		fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

void ha_refresh_request(struct ha *h, const struct binding *b)
{
	uint8_t pkt[PACKET_MAX];
	struct mh_built built;
	struct mh m = {.type = MH_BRR};
	struct mh_path path = {.src = h->conf.address, .dst = b->hoa}; /* to the home address: our own tunnel takes it */

	size_t n = mh_packet_build(pkt, sizeof pkt, &path, &m, &built);
	mh_packet_finish(&built, pkt);
	fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}
