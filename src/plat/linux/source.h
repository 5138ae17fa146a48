/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* For both families. The address that the kernel would choose as the source of a packet to dst (through ifindex unless 0). False: there is
 * none, or no route. */
bool source_for(uint32_t ifindex, const struct addr6 *dst, struct addr6 *out);
