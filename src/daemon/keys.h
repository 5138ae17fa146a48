/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The keys of the configuration, loaded from their files. A file must belong to the user that runs
 * roamd and be readable by nobody else. It holds the key's bytes, or "hex:" and digits; white space at
 * the end is not part of it.
 */
#include "core/auth/sa.h"
#include "daemon/conf/conf.h"

struct keyring {
	struct sa_key **keys;    /* their places do not change while engines live */
	uint32_t n;
	const struct crypto_ops *crypto;
};

void keyring_init(struct keyring *k, const struct crypto_ops *crypto);
void keyring_fini(struct keyring *k);

/* Loads every key that the configuration names. One that is known already is changed in its place; those
 * that the configuration no longer names stay until the end, because an engine may hold them.
 * 0, or ERR_* with *err filled. Nothing is changed on error. */
int keyring_load(struct keyring *k, const struct conf *c, struct conf_err *err);
const struct sa_key *keyring_find(const struct keyring *k, const char *name);
