/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/ro/rr.h"

enum { BLOCK_OCT = 64, SHA1_OCT = 20, PIECES_MAX = 8, FOR_HOME = 0, FOR_COA = 1 };

/* --- both sides ------------------------------------------------------------------------------------------ */

void rr_hmac_sha1(const struct crypto_ops *c, const void *key, size_t key_oct, const struct iov_in *piece, size_t n,
		  uint8_t out[static 20])
{
	uint8_t inner[BLOCK_OCT] = {0}, outer[BLOCK_OCT], digest[SHA1_OCT];
	struct iov_in in[1 + PIECES_MAX] = {{inner, sizeof inner}};

	memcpy(inner, key, key_oct);
	for (size_t i = 0; i < BLOCK_OCT; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	memcpy(in + 1, piece, n * sizeof *piece);
	(void)c->sha1(c->ctx, in, n + 1, digest);
	(void)c->sha1(c->ctx, (struct iov_in[]){{outer, sizeof outer}, {digest, sizeof digest}}, 2, out);
}

static void put_u64(uint8_t b[static 8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t b[static 8])
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | b[i];
	return v;
}

void rr_kbm(const struct crypto_ops *c, uint64_t home_token, const uint64_t *coa_token, struct rr_kbm *out)
{
	uint8_t home[8], coa[8];
	const struct iov_in piece[] = {{home, sizeof home}, {coa, sizeof coa}};

	put_u64(home, home_token);
	if (coa_token)
		put_u64(coa, *coa_token);
	(void)c->sha1(c->ctx, piece, coa_token ? 2 : 1, out->b);
}

void rr_sign(const struct rr_kbm *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *cn,
	     const struct mh_built *built, void *buf)
{
	struct iov_in piece[MH_AUTH_PIECES];
	uint8_t mac[SHA1_OCT];

	if (built->auth_len_oct) {
		size_t n = mh_built_auth_input(built, buf, coa, cn, piece);
		rr_hmac_sha1(c, k->b, sizeof k->b, piece, n, mac);
		mh_built_auth_set(built, buf, mac);
	}
	mh_packet_finish(built, buf);
}

bool rr_verify(const struct rr_kbm *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *cn,
	       const struct mh_packet *p)
{
	struct iov_in piece[MH_AUTH_PIECES];
	uint8_t mac[SHA1_OCT];

	if (!p->mh.opt.has_bind_auth)
		return false;
	size_t n = mh_auth_input(coa, cn, p->head, p->mh.opt.bind_auth_off, piece);
	rr_hmac_sha1(c, k->b, sizeof k->b, piece, n, mac);
	return mac_equal(mac, p->head + p->mh.opt.bind_auth_off, MH_AUTH_LEN_OCT);
}

/* --- correspondent node ----------------------------------------------------------------------------------- */

void rr_nonces_init(struct rr_nonces *ns, const struct rng *rng)
{
	memset(ns, 0, sizeof *ns);
	ns->index = (uint16_t)rng_u32(rng);
	ns->n_retire = RR_RETIRE_BURST;
}

static struct rr_nonce *slot(struct rr_nonces *ns, uint16_t index) { return &ns->ring[index % RR_NONCE_N]; }

static const struct rr_nonce *look(const struct rr_nonces *ns, uint16_t index) { return &ns->ring[index % RR_NONCE_N]; }

/* A slot is taken again after 128 more, 240 s later at the soonest: never while its nonce counts. */
uint16_t rr_nonce_now(struct rr_nonces *ns, const struct rng *rng, mono_t now)
{
	struct rr_nonce *newest = slot(ns, ns->index);
	if (newest->is_valid && !ns->is_retired && mono_before(now, mono_add(newest->since, span_s(RR_ROLL_S))))
		return ns->index;
	newest = slot(ns, ++ns->index);
	rng->fill(rng->ctx, newest->kcn, sizeof newest->kcn);
	rng->fill(rng->ctx, newest->nonce, sizeof newest->nonce);
	newest->since = now;
	newest->is_valid = true;
	ns->is_retired = false;
	return ns->index;
}

mono_t rr_nonce_end(const struct rr_nonces *ns, uint16_t index, mono_t now)
{
	const struct rr_nonce *n = look(ns, index);
	mono_t end = mono_add(n->since, span_s(RR_MAX_NONCE_LIFETIME_S));
	bool is_known = (uint16_t)(ns->index - index) < RR_NONCE_N && n->is_valid && mono_before(now, end);
	return is_known ? end : (mono_t){0};
}

void rr_nonce_retire(struct rr_nonces *ns, uint16_t index, mono_t now)
{
	int64_t more = mono_sub(now, ns->refilled).ns / (RR_RETIRE_S * NS_PER_S);
	if (more > 0) {
		ns->n_retire = more < RR_RETIRE_BURST - (int64_t)ns->n_retire ? ns->n_retire + (uint32_t)more : RR_RETIRE_BURST;
		ns->refilled = now;
	}
	if (index != ns->index || ns->is_retired || !ns->n_retire)
		return;
	ns->is_retired = true;
	ns->n_retire--;
}

static uint64_t token(const struct rr_nonces *ns, const struct crypto_ops *c, uint16_t index, const struct addr6 *a, uint8_t what)
{
	const struct rr_nonce *n = look(ns, index);
	const struct iov_in piece[] = {{a, sizeof *a}, {n->nonce, sizeof n->nonce}, {&what, 1}};
	uint8_t out[SHA1_OCT];

	rr_hmac_sha1(c, n->kcn, sizeof n->kcn, piece, 3, out);
	return get_u64(out);
}

uint64_t rr_home_token(const struct rr_nonces *ns, const struct crypto_ops *c, uint16_t index, const struct addr6 *home_address)
{
	return token(ns, c, index, home_address, FOR_HOME);
}

uint64_t rr_coa_token(const struct rr_nonces *ns, const struct crypto_ops *c, uint16_t index, const struct addr6 *coa)
{
	return token(ns, c, index, coa, FOR_COA);
}
