/* SPDX-License-Identifier: BSD-2-Clause */
/* Where route optimisation by the agent goes (H-15). */
#include "role/mma/mma_i.h"

void mma_ro_bound(struct mma *m, const struct mma_binding *mb, struct now now)
{
	(void)m, (void)mb, (void)now;
}

void mma_ro_released(struct mma *m, const struct mma_binding *mb, struct now now)
{
	(void)m, (void)mb, (void)now;
}

void mma_ro_export(const struct mma *m, const struct addr6 *hoa, struct rc_peers *list, struct now now)
{
	(void)m, (void)hoa, (void)now;
	list->n = 0;
}

void mma_ro_import(struct mma *m, const struct mma_binding *mb, const struct rc_peers *list, struct now now)
{
	(void)m, (void)mb, (void)list, (void)now;
}
