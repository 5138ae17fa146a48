/* SPDX-License-Identifier: BSD-2-Clause */
/* Tunnels inside out: IPv6, its extension headers, GRE, IPv4, ICMPv6 errors about all of it. */
#include "fuzz.h"
#include "wire/gre/gre.h"
#include "wire/ip/icmp6.h"
#include "wire/ip/ip4.h"

static void gre(const uint8_t *p, size_t n)
{
	struct gre g;
	struct ip4_head h4;
	struct ip6_walk ip;
	struct rd r = rd_of(p, n);
	if (gre_parse(&r, &g) != W_OK)
		return;
	if (g.proto == GRE_PROTO_IPV6)
		(void)ip6_walk(r.p, rd_left(&r), &ip);
	else
		(void)ip4_head_parse(&r, &h4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t out[1500];
	struct ip6_walk ip;
	struct icmp6_packet icmp;
	struct ip4_head h4;
	struct addr6 self = {{0x20, 1}};
	uint8_t *pkt = fuzz_copy(data, n);
	if (ip6_walk(pkt, n, &ip) == W_OK) {
		if (ip.off + ip.len_oct > n)
			abort();
		gre(pkt + ip.off, ip.len_oct);
	}
	if (icmp6_error_is_allowed(pkt, n, IC6_TOO_BIG, 0)) {
		size_t made = icmp6_error_build(out, sizeof out, &self, IC6_TOO_BIG, 0, 1400, pkt, n);
		if (!made || made > 1280 || icmp6_packet_parse(out, made, &icmp) != W_OK)
			abort();
	}
	struct rd r = rd_of(pkt, n);
	(void)ip4_head_parse(&r, &h4);
	free(pkt);
	return 0;
}
