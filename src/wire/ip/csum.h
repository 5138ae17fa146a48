/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The Internet checksum (RFC 1071) and the pseudo-headers of IPv6 (RFC 8200 8.1) and IPv4 (RFC 768). */
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* Adds len_oct bytes to a running sum. Pieces but the last must have even length. */
uint32_t csum_add(uint32_t sum, const void *p, size_t len_oct);
uint16_t csum_fold(uint32_t sum);

/* The checksum of an upper-layer message with its pseudo-header. Over bytes whose checksum field is zero
 * it gives the value to store; over a received message it gives 0 exactly when its checksum is right.
 * For a Mobility Header or ICMPv6 message with a Home Address option or a type 2 routing header,
 * src and dst are the home address where RFC 6275 6.1.1 puts it (ip6_walk gives both). */
uint16_t ip6_csum(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, const void *p, size_t len_oct);
/* The same for IPv4; the addresses are IPv4-mapped. Plain sums (ICMP, IGMP): csum_fold(csum_add(0, ...)). */
uint16_t ip4_csum(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, const void *p, size_t len_oct);

/* What stands in the field while the checksum is left to a device that the packet never met: the pseudo-header's sum, not
 * complemented. Packets of this host and of virtual machines on it come like that. */
uint16_t ip4_csum_begun(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, size_t len_oct);
