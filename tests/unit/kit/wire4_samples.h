/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The same as wire_samples.h for IPv4: packets from the IP header on, and ARP messages (wire_samples_arp). */
#include "wire_samples.h"

extern const struct wire_sample wire4_samples[], arp_samples[];
extern const size_t wire4_samples_n, arp_samples_n;

/* HMAC-MD5 with the samples' key (16 bytes 0x00..0x0f) over what the authenticator covers. */
struct mip4_auth;
void sample4_authenticate(uint8_t *msg, const struct mip4_auth *a);
