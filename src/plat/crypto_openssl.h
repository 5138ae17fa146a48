/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* struct crypto_ops by OpenSSL's libcrypto. Keys are prepared once: inner and outer hash states. */
#include "core/auth/crypto.h"

extern const struct crypto_ops crypto_openssl;
