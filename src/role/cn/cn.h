/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Correspondent node: configuration as its rows fill it. The engine is cn_role (core/engine.h).
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"

enum { CN_IF_MAX = 16, CN_TRUST_MAX = 8 };

/* trust { home = "2001:db8:1::/64" care-of = "2001:db8:5::/64" }: one trust domain (requirement H-13, literally). */
struct cn_trust_conf { struct prefix6 home, coa; };

struct cn_conf {
	char interface[CN_IF_MAX][16];
	uint32_t n_interface;          /* none: all */
	span_t lifetime_max;
	uint32_t bindings_max;
	uint32_t site_max;             /* bindings whose care-of addresses share their first 64 bits */
	uint32_t test_rate;            /* answers to HoTI and CoTI, a second and source */
	uint32_t total_rate;           /* in all */
	uint32_t refusal_rate;         /* refusals and errors, a second and source */
	uint32_t n_trust;
	struct cn_trust_conf trust[CN_TRUST_MAX];
};
