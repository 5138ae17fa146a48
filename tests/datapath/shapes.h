/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the cases of IPv6 share: addresses of the bench's node (dpk.h) and of those around it, and packets of the usual shapes. */
#include <assert.h>

#include "dpk.h"

#define CN "2001:db8:c::2"
#define HA "2001:db8:1::1"
#define HA9 "2001:db8:9::1"
#define MMA "2001:db8:2::1"
#define STATION "2001:db8:2:11::100"

enum { UDP = 17, TCP = 6, IPIP = 41, GRE = 47, ICMP = 58, MH = 135, DSTOPTS = 60, ROUTING = 43, HOPOPTS = 0 };
enum { KEY = 0x2000, SEQ = 0x1000 };

static inline void plain(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t hl, uint8_t tc, size_t n)
{
	pk_eth(p, ifx);
	pk_ip(p, src, dst, UDP, hl, tc);
	pk_udp(p, n);
	pk_end(p);
}

static inline void ipip(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, uint8_t otc, const char *src, const char *dst, uint8_t tc)
{
	pk_eth(p, ifx);
	pk_ip(p, osrc, odst, IPIP, 60, otc);
	pk_ip(p, src, dst, UDP, 60, tc);
	pk_udp(p, 64);
	pk_end(p);
}

static inline void gre(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, uint16_t flags, uint32_t opt, const char *src, const char *dst)
{
	if (odst[0] == 'f')
		pk_eth_group(p, ifx, odst);
	else
		pk_eth(p, ifx);
	pk_ip(p, osrc, odst, GRE, 60, 0);
	pk_gre(p, flags, opt);
	pk_ip(p, src, dst, UDP, 60, 0);
	pk_udp(p, 64);
	pk_end(p);
}

/* Of this host itself, as it comes to roam0. */
static inline void out_to(struct pk *p, const char *src, const char *dst, uint8_t nh, size_t n)
{
	*p = (struct pk){0};
	pk_ip(p, src, dst, nh, 64, 0x20);
	pk_udp(p, n);
	pk_end(p);
}

/* Behind an IP header: a Binding Update; a Home Address option. */
static inline void pk_bu(struct pk *p)
{
	static const uint8_t bu[] = {59, 1, 5, 0, 0, 0, 0, 1, 0xc0, 0, 0, 10, 1, 2, 0, 0};
	pk_bytes(p, bu, sizeof bu);
}
static inline void pk_hao(struct pk *p, const char *hoa, uint8_t nh)
{
	struct addr6 a = A(hoa);
	pk_bytes(p, (uint8_t[8]){nh, 2, 1, 2, 0, 0, 201, 16}, 8);
	pk_bytes(p, &a, 16);
}
