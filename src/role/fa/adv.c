/* SPDX-License-Identifier: BSD-2-Clause */
/* What an advertisement of the foreign agent says (RFC 5944 2.1, RFC 3024 3.1, RFC 3519 3.4, RFC 3543 3.1, RFC 4721 2). */
#include "role/fa/fa_i.h"

static uint16_t flags_of(const struct fa *fa, const struct fa_if *f)
{
	const struct fa_conf *c = &fa->conf;
	uint16_t flags = ADV4_F;
	flags |= f->conf->is_required ? ADV4_R : 0;
	flags |= fa->is_busy || visitors_count(&fa->visitors) >= c->visitors_max ? ADV4_B : 0;
	flags |= f->conf->is_home_agent ? ADV4_H : 0;
	flags |= c->has_minimal ? ADV4_M : 0;
	flags |= c->has_gre ? ADV4_G : 0;
	flags |= c->reverse != VISITOR_REVERSE_OFF ? ADV4_T : 0;
	flags |= c->udp != FA_UDP_OFF ? ADV4_U : 0;
	flags |= c->has_revocation && c->n_home_agent ? ADV4_X : 0;
	return flags;
}

static uint8_t prefix_len(const struct fa_if *f)
{
	for (uint32_t i = 0; i < f->conf->n_prefix; i++)
		if (prefix6_contains(&f->conf->prefix[i], &f->addr))
			return (uint8_t)(f->conf->prefix[i].len_bits - 96);
	return 0;
}

static void add_site(const struct fa_conf *c, struct adv4 *adv)
{
	if (addr6_is_none(&c->mma))
		return;
	adv->has_mma = true;
	adv->mma = (struct adv4_mma){.flags = c->is_home_site ? ADV4_MMA_HOME : 0, .distance = 1, .preference = 15, .valid_s = adv->lifetime_s,
				     .addr = c->mma, .group = c->group_prefix};
	_Static_assert(sizeof adv->mma.site >= sizeof c->site, "a site's name fits into its extension");
	memcpy(adv->mma.site, c->site, sizeof c->site);
}

bool fa_adv_fill(void *ctx, struct adv4 *adv, const struct lladdr *to, struct now now)
{
	struct fa_if *f = ctx;
	struct fa *fa = f->fa;
	(void)now;
	adv->lifetime_s = agentadv_lifetime_s(&f->adv_conf);
	adv->router[adv->n_router++] = (struct adv4_router){.addr = f->addr, .preference = (int32_t)f->conf->preference, .len_bits = prefix_len(f)};
	adv->has_prefix_len = f->conf->tells_prefix_len && prefix_len(f);
	adv->is_agent = true;
	adv->reg_lifetime_s = (uint16_t)span_to_s(fa->conf.lifetime);
	adv->flags = flags_of(fa, f);
	_Static_assert((int)FA_COA_MAX <= (int)ADV4_COA_MAX, "all care-of addresses are told");
	adv->n_coa = fa->conf.n_coa;
	memcpy(adv->coa, fa->conf.coa, fa->conf.n_coa * sizeof adv->coa[0]);
	const uint8_t *challenge = visitors_challenge(&fa->visitors, to);
	if (challenge) {
		adv->has_challenge = true;
		adv->challenge_oct = CHALLENGE_OCT;
		memcpy(adv->challenge, challenge, CHALLENGE_OCT);
	}
	add_site(&fa->conf, adv);
	return true;
}
