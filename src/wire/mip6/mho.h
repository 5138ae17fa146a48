/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Mobility options, for mh.c alone: engines see them in struct mh_opts. */
#include "wire/mip6/mh.h"

/* r: the options, to the header's end. head: the header's first byte. */
enum wire_err mho_parse(struct rd *r, const uint8_t *head, struct mh *m);
/* Writes the options of m->opt and pads to 8. start: where the header began in w. */
void mho_build(struct wr *w, size_t start, struct mh *m);
/* Seconds in units of 4 s, rounded down, 1 for less, 65535 for more. */
uint16_t mho_units_of_s(uint32_t s);
