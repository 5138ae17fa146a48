/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What roamd writes for keepalived, and reads from it. */
#include <stdio.h>

#include "daemon/conf/conf_group.h"

#define VRRP_INSTANCE "roamcast"

/* Names in the directory that keepalived and roamd share. */
#define VRRP_CONF_FILE   "keepalived.conf"
#define VRRP_FIFO_FILE   "vrrp.fifo"
#define VRRP_WEIGHT_FILE "vrrp.weight"

void vrrp_conf_write(const struct conf_group *c, const char *dir, FILE *to);
/* One instance needs no sync group, and keepalived wants none of one. */
bool vrrp_conf_is_grouped(const struct conf_group *c);

enum vrrp_state { VRRP_UNKNOWN, VRRP_BACKUP, VRRP_MASTER, VRRP_FAULT, VRRP_STOP };
const char *vrrp_state_str(enum vrrp_state s);
/* A line of the FIFO: INSTANCE "name" MASTER 100, or GROUP "name" MASTER 0. False: neither, or a state that does not matter. */
bool vrrp_line_parse(const char *line, bool *is_group, enum vrrp_state *state);
