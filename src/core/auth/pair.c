/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth/pair.h"

/* Has it been seen, or is it older than all that is remembered? Otherwise it takes the oldest one's place. */
static bool is_replayed(struct pair *p, uint64_t stamp)
{
	uint32_t oldest = 0;
	for (uint32_t i = 0; i < p->n_seen; i++) {
		if (p->seen[i] == stamp)
			return true;
		if ((int64_t)(p->seen[i] - p->seen[oldest]) < 0)
			oldest = i;
	}
	if (p->n_seen < PAIR_SEEN) {
		p->seen[p->n_seen++] = stamp;
		return false;
	}
	if ((int64_t)(stamp - p->seen[oldest]) <= 0)
		return true;
	p->seen[oldest] = stamp;
	return false;
}

int pair_check(struct pair *p, const struct engine_env *env, const struct mh_packet *m, span_t window, struct now now)
{
	const struct mh_opts *o = &m->mh.opt;
	if (!p || m->has_hao || m->has_rh2)
		return R_PEER_UNKNOWN;
	if (!o->has_auth)
		return R_AUTH_MISSING;
	if (o->auth.spi != p->key->spi)
		return R_AUTH_SPI_UNKNOWN;
	if (!sa_verify(p->key, env->crypto, &m->src, &m->dst, m))
		return R_AUTH_BAD;
	if (!o->has_mesg_id)
		return R_REPLAY_MISSING;
	if (replay_check(o->mesg_id, 0, now.wall, window) != REPLAY_FRESH)
		return R_REPLAY_TIME;
	if (is_replayed(p, o->mesg_id))
		return R_REPLAY_OLD;
	p->n_rx++;
	return PAIR_OK;
}

static void mask(const struct pair *p, const struct engine_env *env, const struct addr6 *src, const struct addr6 *dst,
		 const struct addr6 *hoa, uint64_t stamp, uint8_t key[static RC_KEY_OCT])
{
	uint8_t be[8], pad[32];
	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)(stamp >> (56 - 8 * i));
	const struct iov_in piece[] = {{"key", 3}, {src, sizeof *src}, {dst, sizeof *dst}, {hoa, sizeof *hoa}, {be, sizeof be}};
	(void)env->crypto->mac(env->crypto->ctx, p->key->derive, piece, sizeof piece / sizeof *piece, pad);
	for (int i = 0; i < RC_KEY_OCT; i++)
		key[i] ^= pad[i];
}

void pair_send(struct pair *p, const struct engine_env *env, enum role_id role, const struct addr6 *self, struct mh *m, struct now now)
{
	uint8_t buf[1280];
	struct mh_built built;
	const struct mh_path path = {.src = *self, .dst = p->address};
	m->type = MH_PEER;
	m->opt.has_mesg_id = true;
	m->opt.mesg_id = stamper_next(&p->out, now.wall);
	m->opt.has_auth = true;
	m->opt.auth.spi = p->key->spi;
	if (m->opt.rc.has_key)
		mask(p, env, &path.src, &path.dst, &m->peer.home_address, m->opt.mesg_id, m->opt.rc.key.masked);
	size_t n = mh_packet_build(buf, sizeof buf, &path, m, &built);
	sa_sign(p->key, env->crypto, &path.src, &path.dst, &built, buf);
	fx_send(env->fx, role, 0, NULL, buf, n);
	p->n_tx++;
}

void pair_unmask(const struct pair *p, const struct engine_env *env, const struct mh_packet *m, uint8_t out[static RC_KEY_OCT])
{
	memcpy(out, m->mh.opt.rc.key.masked, RC_KEY_OCT);
	mask(p, env, &m->src, &m->dst, &m->mh.peer.home_address, m->mh.opt.mesg_id, out);
}
