/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other sites' agents: who they are, and that what comes from them is theirs (wire/mip6/peer.h).
 *
 * A message counts when it comes from a configured peer's address, its authenticator matches the pair's key, its timestamp is
 * within the window, and that timestamp has not been seen. Timestamps need not rise: two messages may overtake each other on their way. The last
 * ones are remembered, and what is older than all of these is refused.
 *
 * Nothing is kept of what does not pass, and nothing is answered: who is no peer learns nothing.
 */
#include "role/mma/mma_i.h"

enum { PEER_RATE = 2000, PEER_BURST = 2000 }; /* authenticated messages a second of one peer */

const char *mma_peer_check(const struct mma *m, const struct mma_conf *c)
{
	for (uint32_t i = 0; i < c->n_peer; i++)
		if (!m->env->key(m->env->ctx, c->peer[i].key))
			return "a peer names a key that is not configured: add a key block of that name";
	return NULL;
}

struct mma_peer *mma_peer_find(struct mma *m, const struct addr6 *address)
{
	for (uint32_t i = 0; i < m->conf.n_peer; i++)
		if (addr6_eq(&m->peer[i].address, address))
			return &m->peer[i];
	return NULL;
}

/* Of a new configuration: what was seen of a peer that stays is kept. */
void mma_peer_load(struct mma *m)
{
	for (uint32_t i = 0; i < m->conf.n_peer; i++) {
		const struct mma_peer_conf *c = &m->conf.peer[i];
		uint32_t j = i;
		while (j < MMA_PEER_MAX - 1 && !addr6_eq(&m->peer[j].address, &c->address))
			j++;
		struct mma_peer was = m->peer[j];
		m->peer[j] = m->peer[i];
		m->peer[i] = was;
		if (!addr6_eq(&m->peer[i].address, &c->address))
			m->peer[i] = (struct mma_peer){.address = c->address};
		m->peer[i].key = m->env->key(m->env->ctx, c->key);
	}
}

/* --- in -------------------------------------------------------------------------------------------------- */

/* Has it been seen, or is it older than all that is remembered? Otherwise it takes the oldest one's place. */
static bool is_replayed(struct mma_peer *peer, uint64_t stamp)
{
	uint32_t oldest = 0, n = peer->n_seen < MMA_SEEN ? peer->n_seen : MMA_SEEN;
	for (uint32_t i = 0; i < n; i++) {
		if (peer->seen[i] == stamp)
			return true;
		if ((int64_t)(peer->seen[i] - peer->seen[oldest]) < 0)
			oldest = i;
	}
	if (n < MMA_SEEN) {
		peer->seen[peer->n_seen++] = stamp;
		return false;
	}
	if ((int64_t)(stamp - peer->seen[oldest]) <= 0)
		return true;
	peer->seen[oldest] = stamp;
	return false;
}

enum { R_OK = -1 };

static int check(struct mma *m, struct mma_peer *peer, const struct mh_packet *p, struct now now)
{
	const struct mh_opts *o = &p->mh.opt;
	if (!peer || p->has_hao || p->has_rh2)
		return R_PEER_UNKNOWN;
	if (!o->has_auth)
		return R_AUTH_MISSING;
	if (o->auth.spi != peer->key->spi)
		return R_AUTH_SPI_UNKNOWN;
	if (!sa_verify(peer->key, m->env->crypto, &p->src, &p->dst, p))
		return R_AUTH_BAD;
	if (!o->has_mesg_id)
		return R_REPLAY_MISSING;
	if (replay_check(o->mesg_id, 0, now.wall, m->conf.time_window) != REPLAY_FRESH)
		return R_REPLAY_TIME;
	if (is_replayed(peer, o->mesg_id))
		return R_REPLAY_OLD;
	uint64_t key = rate_key(&m->peer_rate, &p->src, sizeof p->src);
	return rate_take(&m->peer_rate, key, PEER_RATE, PEER_BURST, now.mono) ? R_OK : (int)R_LIMIT_RATE;
}

void mma_peer_rx(struct mma *m, const struct mh_packet *p, struct now now)
{
	struct mma_peer *peer = mma_peer_find(m, &p->src);
	int why = check(m, peer, p, now);
	if (why == R_OK) {
		peer->n_rx++;
		mma_forward_rx(m, peer, p, now);
		return;
	}
	reason_count(m->env, (enum reason)why);
	uint64_t key = rate_key(&m->refusals, &p->src, sizeof p->src);
	if (rate_take(&m->refusals, key, m->conf.refusal_rate, m->conf.refusal_rate, now.mono))
		fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "peer-refused", &p->mh.peer.home_address, "%s from %s: %s",
			 mh_peer_kind_str(p->mh.peer.kind), ADDR6_STR(&p->src), reason_text((enum reason)why));
}

/* --- out ------------------------------------------------------------------------------------------------- */

void mma_peer_send(struct mma *m, struct mma_peer *peer, const struct mh_peer *msg, const struct rc_peers *list, struct now now)
{
	uint8_t buf[1280];
	struct mh_built built;
	const struct mh_path path = {.src = m->conf.address, .dst = peer->address};
	struct mh mh = {.type = MH_PEER, .peer = *msg, .opt = {.has_mesg_id = true, .mesg_id = stamper_next(&peer->out, now.wall),
							       .has_auth = true, .auth.spi = peer->key->spi}};
	if (list && list->n) {
		mh.opt.rc.has_peers = true;
		mh.opt.rc.peers = *list;
	}
	size_t n = mh_packet_build(buf, sizeof buf, &path, &mh, &built);
	sa_sign(peer->key, m->env->crypto, &path.src, &path.dst, &built, buf);
	fx_send(m->env->fx, ROLE_MMA, 0, NULL, buf, n);
	peer->n_tx++;
}
