/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other agents: those of other sites, with which mobiles are handed over (forward.c), and home agents that lend us keys
 * of their mobiles (key.c). core/auth/pair.h says what is believed of what comes from them.
 *
 * Nothing is kept of what is not believed, and nothing is answered: who is no peer learns nothing.
 */
#include "role/mma/mma_i.h"

enum { PEER_RATE = 2000, PEER_BURST = 2000 }; /* messages a second of one peer */

const char *mma_peer_check(const struct mma *m, const struct mma_conf *c)
{
	for (uint32_t i = 0; i < c->n_peer; i++) {
		const struct sa_key *key = m->env->key(m->env->ctx, c->peer[i].key);
		bool is_relay_alone = c->peer[i].is_home_agent && addr6_is_v4mapped(&c->peer[i].address) && !c->peer[i].n_home;
		if (!key)
			return "a peer or home agent names a key that is not configured: add a key block of that name";
		if (sa_key_is_v4_only(key) && !is_relay_alone)
			return "agents cannot speak to each other with hmac-md5: use a key with hmac-sha256";
	}
	return NULL;
}

static struct mma_peer *find(struct mma *m, const struct addr6 *address, bool is_home_agent)
{
	for (uint32_t i = 0; i < m->conf.n_peer; i++)
		if (addr6_eq(&m->peer[i].pair.address, address) && m->peer[i].conf->is_home_agent == is_home_agent)
			return &m->peer[i];
	return NULL;
}

struct mma_peer *mma_peer_find(struct mma *m, const struct addr6 *address) { return find(m, address, false); }

struct mma_peer *mma_peer_find_home_agent(struct mma *m, const struct addr6 *address) { return find(m, address, true); }

/* Of a new configuration: what was seen of a peer that stays is kept. */
void mma_peer_load(struct mma *m)
{
	for (uint32_t i = 0; i < m->conf.n_peer; i++) {
		const struct mma_peer_conf *c = &m->conf.peer[i];
		uint32_t j = i;
		while (j < MMA_PEER_MAX - 1 && !addr6_eq(&m->peer[j].pair.address, &c->address))
			j++;
		struct mma_peer was = m->peer[j];
		m->peer[j] = m->peer[i];
		m->peer[i] = was;
		if (!addr6_eq(&m->peer[i].pair.address, &c->address))
			m->peer[i] = (struct mma_peer){.pair.address = c->address};
		m->peer[i].pair.key = m->env->key(m->env->ctx, c->key);
	}
	for (uint32_t i = 0; i < m->conf.n_peer; i++)
		m->peer[i].conf = &m->conf.peer[i];
}

void mma_peer_rx(struct mma *m, const struct mh_packet *p, struct now now)
{
	struct mma_peer *peer = mma_peer_find(m, &p->src), *ha = peer ? NULL : mma_peer_find_home_agent(m, &p->src);
	struct pair *pair = peer ? &peer->pair : ha ? &ha->pair : NULL;
	int why = pair_check(pair, m->env, p, m->conf.time_window, now);
	uint64_t key = rate_key(&m->peer_rate, &p->src, sizeof p->src);
	if (why == PAIR_OK && !rate_take(&m->peer_rate, key, PEER_RATE, PEER_BURST, now.mono))
		why = R_LIMIT_RATE;
	if (why == PAIR_OK) {
		if (peer)
			mma_forward_rx(m, peer, p, now);
		else
			mma_key_rx(m, ha, p, now);
		return;
	}
	reason_count(m->env, (enum reason)why);
	key = rate_key(&m->refusals, &p->src, sizeof p->src);
	if (rate_take(&m->refusals, key, m->conf.refusal_rate, m->conf.refusal_rate, now.mono))
		fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "peer-refused", &p->mh.peer.home_address, "%s from %s: %s",
			 mh_peer_kind_str(p->mh.peer.kind), ADDR46_STR(&p->src), reason_text((enum reason)why));
}

void mma_peer_send(struct mma *m, struct mma_peer *peer, const struct mh_peer *msg, const struct rc_peers *list, struct now now)
{
	struct mh mh = {.peer = *msg};
	if (list && list->n) {
		mh.opt.rc.has_peers = true;
		mh.opt.rc.peers = *list;
	}
	pair_send(&peer->pair, m->env, ROLE_MMA, mma_self(&m->conf, &peer->pair.address), &mh, now);
}
