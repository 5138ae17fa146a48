/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of our mobiles for the agents of sites that they visit (MMAs), so that nobody has to provision each mobile at each site.
 *
 * An agent that we trust asks when a mobile of ours registers there. What it is told is derived from the mobile's key and the
 * site's name (core/auth/sa.h): it opens that site and no other, and the mobile's own key stays here. Nothing is remembered.
 */
#include "base/err.h"
#include "role/ha/ha_i.h"

/* The pairs of a new configuration; those that stay keep what was seen of them. NULL, or what to mend: nothing has changed then. */
const char *ha_key_load(struct ha *h, const struct ha_conf *next)
{
	struct pair mma[HA_MMA_MAX] = {0};

	for (uint32_t i = 0; i < next->n_mma; i++) {
		for (uint32_t j = 0; j < HA_MMA_MAX; j++)
			if (addr6_eq(&h->mma[j].address, &next->mma[i].address))
				mma[i] = h->mma[j];
		mma[i].address = next->mma[i].address;
		mma[i].key = h->env.key(h->env.ctx, next->mma[i].key);
		if (!mma[i].key)
			return "an mma names a key that is not configured: add a key block of that name";
	}
	memcpy(h->mma, mma, sizeof mma);
	return NULL;
}

static struct pair *find(struct ha *h, const struct addr6 *address, uint32_t *at)
{
	for (*at = 0; *at < h->conf.n_mma; ++*at)
		if (addr6_eq(&h->mma[*at].address, address))
			return &h->mma[*at];
	return NULL;
}

static void answer(struct ha *h, struct pair *mma, const char *site, const struct mh_peer *ask, struct now now)
{
	const struct sa_key *key = ha_mobile_key(h, &ask->home_address);
	struct mh m = {.peer = {.kind = PEER_KEY, .transaction = ask->transaction, .home_address = ask->home_address, .status = PEER_NOT_HERE}};

	if (key && ha_serves(h, &ask->home_address)) {
		m.peer.status = PEER_OK;
		m.peer.time_s = (uint16_t)span_to_s(h->conf.lend);
		m.opt.rc.has_key = true;
		m.opt.rc.key.spi = key->spi;
		m.opt.rc.key.alg = key->alg == MAC_HMAC_SHA1 ? RC_KEY_HMAC_SHA1 : RC_KEY_HMAC_SHA256;
		sa_derive_mma(key, h->env.crypto, site, m.opt.rc.key.masked);
		h->n_lent++;
		fx_event(h->env.fx, ROLE_HA, EV_INFO, "key-lent", &ask->home_address, "%s: to %s of site %s", ADDR46_STR(&ask->home_address),
			 ADDR46_STR(&mma->address), site);
	}
	pair_send(mma, &h->env, ROLE_HA, addr6_is_v4mapped(&mma->address) ? &h->conf.v4.address : &h->conf.address, &m, now);
}

void ha_key_rx(struct ha *h, const struct mh_packet *p, struct now now)
{
	uint32_t at;
	struct pair *mma = find(h, &p->src, &at);
	int why = pair_check(mma, &h->env, p, ha_stamp_window(h), now);

	if (why == PAIR_OK && p->mh.peer.kind != PEER_KEY_ASK)
		why = R_PEER_UNEXPECTED;
	if (why == PAIR_OK)
		answer(h, mma, h->conf.mma[at].site, &p->mh.peer, now);
	else
		reason_count(&h->env, (enum reason)why);
}
