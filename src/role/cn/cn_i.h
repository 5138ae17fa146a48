/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the correspondent node. */
#include "core/engine.h"
#include "core/rr.h"
#include "role/cn/cn.h"

struct cn {
	const struct engine_env *env;
	struct cn_conf conf;
	struct rr_nonces nonces;
};

extern const struct conf_block cn_conf_block;
