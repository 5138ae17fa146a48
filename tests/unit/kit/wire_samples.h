/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One packet of every kind that src/wire builds, by name. The golden bytes (tests/golden/NAME.hex, made with another
 * implementation) are compared with them, tshark reads them, the truncation test cuts them, fuzzers start from them.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct wire_sample {
	const char *name;
	size_t (*build)(uint8_t *buf, size_t cap_oct); /* 0: did not fit */
};
extern const struct wire_sample wire_samples[];
extern const size_t wire_samples_n;

#define SAMPLE_CAP_OCT 1500
/* A literal address; aborts on bad text. */
struct addr6 A6(const char *text);

/* RFC 4285's authenticator with the samples' key (20 bytes 0x00..0x13, HMAC-SHA-1), as any test may want it. */
struct mh_built;
void sample_authenticate(const struct mh_built *b, uint8_t *pkt, const struct addr6 *coa, const struct addr6 *hoa);
