/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmc_table.h"

struct mmc_table manager;

struct mmc *mmc_new(const struct engine_env *env, enum role_id role, const struct mmc_conf *c, const struct mmc_ops *ops, struct now now,
		    const char **remedy)
{
	(void)env, (void)role, (void)c, (void)now, (void)remedy;
	manager.ops = *ops;
	return (struct mmc *)(void *)&manager;
}
void mmc_free(struct mmc *m) { (void)m; }
const char *mmc_conf_check(const struct mmc_conf *c) { (void)c; return NULL; }
const char *mmc_result_str(enum mmc_result r) { return r == MMC_UNKNOWN ? "unknown" : "other"; }
enum mmc_result mmc_ask(struct mmc *m, const struct mmc_question *q, const struct mm_record **rec, struct now now)
{
	(void)m, (void)now;
	manager.n_asked++;
	manager.last = *q;
	*rec = &manager.rec;
	return manager.result;
}
bool mmc_hold(struct mmc *m, const struct mmc_question *q, struct now now) { (void)m, (void)q, (void)now; manager.n_held++; return true; }
void mmc_release(struct mmc *m, const struct mmc_question *q, struct now now) { (void)m, (void)q, (void)now; manager.n_released++; }
bool mmc_rx(struct mmc *m, const struct rx *rx, struct now now) { (void)m, (void)rx, (void)now; return false; }
void mmc_tick(struct mmc *m, struct now now) { (void)m, (void)now; }
mono_t mmc_expiry(const struct mmc *m) { (void)m; return MONO_NEVER; }
void mmc_show(const struct mmc *m, const char *what, struct show *out, struct now now) { (void)m, (void)what, (void)out, (void)now; }
void mmc_serve(struct mmc *m, const struct mmc_question *q, const struct mm_serving *s)
{
	(void)m, (void)q;
	manager.said = *s;
	manager.n_said++;
}
uint16_t mmc_port(const struct mmc *m) { (void)m; return MM_PORT; }
