/* SPDX-License-Identifier: BSD-2-Clause */
/* Does this clang have libFuzzer? The build compiles it to see. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) { return data && n > SIZE_MAX / 2; }
