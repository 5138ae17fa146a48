/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility Header and home agent ICMPv6. What parses is built again, and that must be a fixed point. */
#include <stdlib.h>

#include "fuzz.h"
#include "wire/mip6/ha_icmp.h"
#include "wire/mip6/mh_packet.h"

static size_t rebuild(uint8_t *buf, size_t cap, const struct mh_packet *p)
{
	struct mh m = p->mh;
	struct mh_built b;
	struct mh_path path = {p->src, p->dst, p->has_hao ? &p->hao : NULL, p->has_rh2 ? &p->rh2 : NULL, p->hop_limit};
	size_t n = mh_packet_build(buf, cap, &path, &m, &b);
	if (n)
		mh_packet_finish(&b, buf);
	return n;
}

static void fixed_point(const struct mh_packet *p)
{
	static uint8_t once[4096], twice[4096];
	struct mh_packet back;
	size_t n = rebuild(once, sizeof once, p);
	if (!n)
		return; /* options that fill the header, once aligned as they should be, do not always fit in one */
	if (mh_packet_parse(once, n, &back) != W_OK || rebuild(twice, sizeof twice, &back) != n || memcmp(once, twice, n))
		abort();
}

static void touch_auth(const struct mh_packet *p)
{
	struct iov_in piece[MH_AUTH_PIECES];
	volatile uint8_t sum = 0;
	if (!p->mh.opt.has_auth)
		return;
	for (size_t i = 0, n = mh_packet_auth_input(p, mh_packet_coa(p), &p->peer, piece); i < n; i++) {
		for (size_t at = 0; at < piece[i].len_oct; at++)
			sum ^= ((const uint8_t *)piece[i].p)[at];
	}
	for (size_t at = 0; at < p->mh.opt.auth.len_oct; at++)
		sum ^= mh_packet_auth_data(p)[at];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct mh_packet p;
	struct ha_icmp_packet ha;
	uint8_t *pkt = fuzz_copy(data, n);
	(void)mh_packet_parse(pkt, n, &p);
	fuzz_mend(pkt, n);
	(void)ha_icmp_packet_parse(pkt, n, &ha);
	if (mh_packet_parse(pkt, n, &p) == W_OK) {
		touch_auth(&p);
		fixed_point(&p);
	}
	free(pkt);
	return 0;
}
