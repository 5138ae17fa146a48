/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests (RFC 6275 9.4): whoever asks from an address gets a token for that address, at that address. Nothing is
 * remembered of it, and the answer is hardly larger than the question; what it costs is two hashes, which are limited by source and in all.
 * The answer goes where the question came from, never by the binding cache (6.1.5, 6.1.6).
 */
#include "role/cn/cn_i.h"

static bool may_answer(struct cn *cn, const struct addr6 *to, mono_t now)
{
	struct rate *r = &cn->tests;
	return rate_take(r, rate_key(r, to, sizeof *to), cn->conf.test_rate, cn->conf.test_rate, now) &&
	       rate_take(r, rate_key(r, NULL, 0), cn->conf.total_rate, cn->conf.total_rate, now);
}

void cn_rr_rx(struct cn *cn, const struct mh_packet *p, struct now now)
{
	const struct crypto_ops *c = cn->env->crypto;
	bool is_home = p->mh.type == MH_HOTI;
	struct mh m = {.type = is_home ? MH_HOT : MH_COT, .test.cookie = p->mh.test.cookie};
	struct mh_built built;
	uint8_t buf[128];

	if (p->has_hao || !addr6_is_routable(&p->src) || cn_is_local(cn, &p->src)) {
		reason_count(cn->env, p->has_hao ? R_RR_HOME_ADDRESS : R_MSG_MALFORMED);
		return;
	}
	if (!may_answer(cn, &p->src, now.mono)) {
		reason_count(cn->env, R_LIMIT_RATE);
		return;
	}
	m.test.nonce = rr_nonce_now(&cn->nonces, cn->env->rng, now.mono);
	m.test.token = (is_home ? rr_home_token : rr_coa_token)(&cn->nonces, c, m.test.nonce, &p->src);
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = p->dst, .dst = p->src}, &m, &built);
	mh_packet_finish(&built, buf);
	fx_send(cn->env->fx, ROLE_CN, 0, NULL, buf, n);
	cn->n_tests++;
}
