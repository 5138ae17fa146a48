/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility manager: configuration as its rows fill it. The engine is mm_role (core/engine.h).
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"
#include "core/shared.h"

enum { MM_AGENT_MAX = 4096, MM_PREFIX_MAX = 8, MM_SOURCE_MAX = 2, MM_KEY_LEN = 32 };
enum mm_may { MM_MAY_ALL, MM_MAY_DEVICE, MM_MAY_ADDRESS };

struct mm_agent_conf {
	uint32_t id;
	char key[MM_KEY_LEN];
	uint32_t may;                  /* enum mm_may: what it may ask by */
	struct prefix6 prefix[MM_PREFIX_MAX]; /* of home addresses that it may know of; none: all */
	uint32_t n_prefix;
};

struct mm_conf {
	uint32_t id;                   /* of this manager */
	struct prefix6 group_prefix, group_prefix4;
	struct addr6 source[MM_SOURCE_MAX]; /* of groups, for devices that name none: one of each family at most */
	uint32_t n_source;
	uint32_t devices_max, subscriptions_max, rate;
	span_t lifetime, negative, push_again;
	span_t rest;                   /* of a group, between two devices */
	struct mm_agent_conf agent[MM_AGENT_MAX];
	uint32_t n_agent;
	struct shared_conf store;      /* that managers share */
	bool has_store;                /* its block was there */
};

extern const struct conf_block mm_conf_block;
/* NULL, or a remedy. */
const char *mm_conf_check(const struct mm_conf *c);
