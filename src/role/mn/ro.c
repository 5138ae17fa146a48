/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile's own route optimisation: the places at which the engine calls it. */
#include "role/mn/state.h"

int mn_ro_init(struct mn *mn) { (void)mn; return 0; }
void mn_ro_fini(struct mn *mn) { (void)mn; }
void mn_ro_on_registered(struct mn *mn, struct now now) { (void)mn, (void)now; }
void mn_ro_on_moved(struct mn *mn, struct now now) { (void)mn, (void)now; }
void mn_ro_on_home(struct mn *mn, struct now now) { (void)mn, (void)now; }
bool mn_ro_rx(struct mn *mn, const struct rx *rx, struct now now) { (void)mn, (void)rx, (void)now; return false; }
void mn_ro_tick(struct mn *mn, struct now now) { (void)mn, (void)now; }
mono_t mn_ro_expiry(const struct mn *mn) { (void)mn; return MONO_NEVER; }
void mn_ro_stop(struct mn *mn, struct now now) { (void)mn, (void)now; }
void mn_ro_take(struct mn *mn, const struct rc_peers *peers, struct now now) { (void)mn, (void)peers, (void)now; }
