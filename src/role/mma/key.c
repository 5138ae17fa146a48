/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of mobiles that no block names: lent by their home agent, when we trust it and it trusts us.
 *
 * A mobile and its home agent both derive the key of a site from the one that they share (core/auth/sa.h). The first update of
 * a mobile that we do not know therefore cannot be verified, but it names its home agent: if that is one that may speak
 * for this home address, it is asked, and the update is dropped. Nothing is kept of it: the mobile sends it again
 * within a second, and by then the key is here. A home agent's key works for no other home agent.
 *
 * Anybody on the site's links can make us ask. So there is a limit, and what the home agent knows nothing of is not kept.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

enum { ASK_RATE = 50, ASK_BURST = 100, LENT_MIN_S = 4 };

struct lent {
	struct binding b;              /* b.hoa; b.due: the end of the loan */
	struct sa_key key;
	struct mma_mobile_conf conf;   /* as a block of this mobile would have it */
	struct mma_mobile mobile;
};

void mma_key_init(struct mma *m)
{
	bindings_init(&m->lent, m->env->mem, m->env->rng, sizeof(struct lent), m->conf.bindings_max);
}

void mma_key_fini(struct mma *m)
{
	uint64_t it = 0;
	for (struct lent *l; (l = bindings_next(&m->lent, &it));)
		sa_key_fini(&l->key, m->env->crypto);
	bindings_fini(&m->lent);
}

const struct mma_mobile *mma_key_find(const struct mma *m, const struct addr6 *hoa)
{
	const struct lent *l = binding_find(&m->lent, hoa);
	return l ? &l->mobile : NULL;
}

static bool may_speak_for(const struct mma_peer *ha, const struct addr6 *hoa)
{
	for (uint32_t i = 0; i < ha->conf->n_home; i++)
		if (prefix6_contains(&ha->conf->home[i], hoa))
			return true;
	return false;
}

bool mma_key_ask(struct mma *m, const struct addr6 *hoa, const struct addr6 *home_agent, struct now now)
{
	struct mma_peer *ha = mma_peer_find_home_agent(m, home_agent);
	struct mh mh = {.peer = {.kind = PEER_KEY_ASK, .home_address = *hoa, .transaction = rng_u32(m->env->rng)}};
	if (!ha || !may_speak_for(ha, hoa))
		return false;
	uint64_t key = rate_key(&m->peer_rate, home_agent, sizeof *home_agent) ^ 1;
	if (rate_take(&m->peer_rate, key, ASK_RATE, ASK_BURST, now.mono))
		pair_send(&ha->pair, m->env, ROLE_MMA, mma_self(&m->conf, home_agent), &mh, now);
	else
		reason_count(m->env, R_LIMIT_RATE);
	return true;
}

static void forget(struct mma *m, struct lent *l)
{
	sa_key_fini(&l->key, m->env->crypto);
	binding_del(&m->lent, &l->b);
}

static void lend(struct mma *m, const struct mma_peer *ha, const struct mh_packet *p, struct now now)
{
	const struct rc_key *k = &p->mh.opt.rc.key;
	struct lent *l = binding_find(&m->lent, &p->mh.peer.home_address);
	uint8_t raw[RC_KEY_OCT];
	if (l)
		sa_key_fini(&l->key, m->env->crypto);
	else if (!(l = binding_add(&m->lent, &p->mh.peer.home_address))) {
		reason_count(m->env, R_LIMIT_BINDINGS);
		return;
	}
	pair_unmask(&ha->pair, m->env, p, raw);
	int err = sa_key_init(&l->key, m->env->crypto, "lent", k->spi, k->alg == RC_KEY_HMAC_SHA1 ? MAC_HMAC_SHA1 : MAC_HMAC_SHA256, raw, sizeof raw);
	if (err) {
		reason_count(m->env, err == ERR_INVAL ? R_MSG_MALFORMED : R_LIMIT_BINDINGS);
		binding_del(&m->lent, &l->b);
		return;
	}
	l->conf = (struct mma_mobile_conf){.home = {l->b.hoa, 128}, .key = "lent", .home_agent = ha->pair.address};
	l->mobile = (struct mma_mobile){.hoa = l->b.hoa, .conf = &l->conf, .key = &l->key};
	binding_due(&m->lent, &l->b, mono_add(now.mono, span_s(p->mh.peer.time_s > LENT_MIN_S ? p->mh.peer.time_s : LENT_MIN_S)));
	fx_event(m->env->fx, ROLE_MMA, EV_INFO, "key-lent", &l->b.hoa, "%s: by its home agent %s for %u s", ADDR46_STR(&l->b.hoa),
		 ADDR46_STR(&ha->pair.address), p->mh.peer.time_s);
}

void mma_key_rx(struct mma *m, struct mma_peer *ha, const struct mh_packet *p, struct now now)
{
	const struct mh_peer *msg = &p->mh.peer;
	if (msg->kind == PEER_KEY && msg->status == PEER_OK && p->mh.opt.rc.has_key && may_speak_for(ha, &msg->home_address))
		lend(m, ha, p, now);
	else if (msg->kind == PEER_KEY && msg->status != PEER_OK)
		reason_count(m->env, R_BU_UNKNOWN_MOBILE);
	else
		reason_count(m->env, R_PEER_UNEXPECTED);
}

void mma_key_tick(struct mma *m, struct now now)
{
	for (struct lent *l; (l = bindings_pop(&m->lent, now.mono));)
		forget(m, l);
}
