/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home agent of Mobile IPv4 (RFC 5944 section 3.8): the same table of bindings, store and shows as for Mobile IPv6.
 *
 *	ha4_req    checks of a request          ha4_reply  answers
 *	ha4_bind   care-of addresses            ha4_store  records that survive
 *	ha4_arp    the home link (4.6)          ha4_cast   broadcasts of the home link (4.3)
 *	ha4_net    mobile networks (RFC 5177)   ha4_pool   addresses for mobiles known by NAI (RFC 2794)
 *	ha4_revoke bindings taken back (RFC 3543)
 *
 * Left out: multicast through the tunnel (4.4), the R flag of UDP tunnels (RFC 3519 3.1.2: declined), GRE and minimal encapsulation
 * inside UDP (code 142), routing protocols with mobile routers (RFC 5177 9).
 */
#include "role/ha/ha4_i.h"

void ha4_init(struct ha *h)
{
	table_init(&h->leases, h->env.mem, h->env.rng, offsetof(struct ha4_lease, nai), HA_NAI_LEN);
	table_init(&h->revocations, h->env.mem, h->env.rng, offsetof(struct ha4_revocation, key), sizeof(struct ha4_revocation_key));
	timers_init(&h->revocation_timers, h->env.mem);
}

void ha4_fini(struct ha *h)
{
	struct binding *b;

	for (uint64_t it = 0; ha4_is_on(h) && (b = bindings_next(&h->bindings, &it));)
		if (ha_is_v4(b))
			mem_put(h->env.mem, ha4_of(b)->more);
	ha4_revocation_fini(h);
	ha4_pool_fini(h);
}

const char *ha4_keys_check(const struct ha *h, const struct ha_conf *c)
{
	for (uint32_t i = 0; i < c->v4.n_fa; i++)
		if (!h->env.key(h->env.ctx, c->v4.fa[i].key))
			return "a foreign-agent names a key that is not configured: add a key block of that name";
	return NULL;
}

void ha4_keys_load(struct ha *h)
{
	for (uint32_t i = 0; i < h->conf.v4.n_fa; i++)
		h->fa_key[i] = h->env.key(h->env.ctx, h->conf.v4.fa[i].key);
	ha4_revocation_keys(h);
}

const struct sa_key *ha4_fa_key(const struct ha *h, const struct addr6 *a)
{
	for (uint32_t i = 0; i < h->conf.v4.n_fa; i++)
		if (addr6_eq(&h->conf.v4.fa[i].address, a))
			return h->fa_key[i];
	return NULL;
}

void ha4_advise(const void *self, advise_fn say, void *ctx)
{
	const struct ha *h = self;

	if (!ha4_is_on(h))
		return;
	if (h->conf.v4.n_fa == 0)
		say(ctx, "role ha: no foreign agent proves who it is: give those that you know a foreign-agent block with a key");
	if (h->conf.v4.reverse == HA_REVERSE_OPTIONAL)
		say(ctx, "role ha: mobiles may send past the home agent, with a source that anyone can forge: write reverse-tunnel = \"required\"");
	if (h->conf.v4.replay == HA_REPLAY_TIMESTAMP && h->conf.stamp_window.ns > span_s(7).ns)
		say(ctx, "role ha: a recorded request counts for %lld s: write timestamp-window = 7000, and keep clocks by NTP",
		    (long long)span_to_s(h->conf.stamp_window));
}
