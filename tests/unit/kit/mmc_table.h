/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A manager's client that knows what the test tells it. Linked in place of core/manager/mmc.c. */
#include "core/manager/mmc.h"

struct mmc_table {
	struct mmc_ops ops;
	enum mmc_result result;        /* of mmc_ask */
	struct mm_record rec;
	struct mmc_question last;
	uint32_t n_asked, n_held, n_released, n_said;
	struct mm_serving said;        /* last, to the other agents */
};
extern struct mmc_table manager;
