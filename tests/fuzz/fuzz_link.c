/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour discovery, MLD, HSRP, DHCP; an advertisement that parses is built again, and that must be a fixed point. */
#include "fuzz.h"
#include "wire/dhcp/dhcp4.h"
#include "wire/hsrp/hsrp.h"
#include "wire/mld/mld.h"
#include "wire/nd/nd.h"

static void fixed_point(const struct nd_packet *p)
{
	static uint8_t once[2048], twice[2048];
	struct nd_packet back;
	size_t n = ra_packet_build(once, sizeof once, &p->src, &p->dst, &p->ra);
	if (!n || nd_packet_parse(once, n, &back) != W_OK || ra_packet_build(twice, sizeof twice, &back.src, &back.dst, &back.ra) != n ||
	    memcmp(once, twice, n))
		abort();
}

static void touch_records(const struct mld_packet *p)
{
	struct mld_rec rec;
	struct rd it = p->recs;
	volatile uint8_t sum = 0;
	uint16_t n = 0;
	while (mld_rec_next(&it, &rec)) {
		n++;
		for (uint16_t i = 0; i < rec.n_source; i++)
			sum ^= rec.source[i].b[15];
	}
	if (n != p->n_rec)
		abort();
}

/* What is read is written again the same way, where our form of it is the only one. */
static void hsrp(const uint8_t *p, size_t n)
{
	struct hsrp h, again;
	uint8_t out[HSRP_MAX_OCT];
	if (hsrp_parse(p, n, &h) != W_OK || h.op == HSRP_ADVERTISE)
		return;
	const size_t made = hsrp_build(out, sizeof out, &h);
	if (made && (hsrp_parse(out, made, &again) != W_OK || again.state != h.state || again.priority != h.priority || again.auth != h.auth))
		abort();
}

/* Whatever was read can be answered. */
static void dhcp(const uint8_t *p, size_t n)
{
	struct dhcp4_request q;
	uint8_t out[DHCP4_REPLY_MAX];
	if (dhcp4_request_parse(p, n, &q) == W_OK && !dhcp4_reply_build(out, sizeof out, &q, &(struct dhcp4_reply){.type = DHCP4_ACK, .plen_bits = 24, .lease_s = 1}))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nd_packet nd;
	struct mld_packet mld;
	uint8_t *pkt = fuzz_copy(data, n);
	fuzz_mend(pkt, n);
	if (nd_packet_parse(pkt, n, &nd) == W_OK && nd.type == IC6_RA)
		fixed_point(&nd);
	if (mld_packet_parse(pkt, n, &mld) == W_OK && mld.kind == MLD2_REPORT)
		touch_records(&mld);
	free(pkt);
	pkt = fuzz_copy(data, n);
	hsrp(pkt, n);
	dhcp(pkt, n);
	free(pkt);
	return 0;
}
