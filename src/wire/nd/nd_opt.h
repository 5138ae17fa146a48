/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Options of neighbour discovery, for nd.c alone. */
#include "wire/nd/nd.h"

/* Reads the options of the message p->type into it. */
enum wire_err nd_opts_parse(struct rd *r, struct nd_packet *p);
void nd_lladdr_build(struct wr *w, enum nd_opt_type type, const struct lladdr *a);
void nd_ra_opts_build(struct wr *w, const struct nd_ra *ra);
