/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile IPv4, agent discovery, IGMP, ARP and minimal encapsulation. What parses is built again, and from then on that must be a
 * fixed point. Checksums are made right first, so that what lies behind them is reached. */
#include "fuzz.h"
#include "wire/arp/arp.h"
#include "wire/igmp/igmp.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/minenc.h"
#include "wire/mcast/mcast.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"

enum { CAP_OCT = 8192 };

static void store(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void mend(uint8_t *pkt, size_t n)
{
	if (n < IP4_HEAD_OCT)
		return;
	size_t off = (pkt[0] & 15u) * 4, total = (size_t)pkt[2] << 8 | pkt[3];
	if (off < IP4_HEAD_OCT || off + 8 > n || total > n || total < off + 8)
		return;
	store(pkt + 10, 0);
	store(pkt + 10, csum_fold(csum_add(0, pkt, off)));
	if (pkt[9] == NH_UDP)
		store(pkt + off + 6, 0);
	if (pkt[9] == PROTO_ICMP4 || pkt[9] == PROTO_IGMP) {
		store(pkt + off + 2, 0);
		store(pkt + off + 2, csum_fold(csum_add(0, pkt + off, total - off)));
	}
}

static bool is_same(const uint8_t *a, size_t n, const uint8_t *b, size_t m) { return n == m && !memcmp(a, b, n); }

/* What is ours in it, built alone and read again. */
static void ours(const struct mip4_exts *x)
{
	struct rc4 o, back, again;
	struct rc4_values values, same;
	struct mip4_exts y = {0}, z = {0};
	if (rc4_parse(x, &o))
		return;
	if (!rc4_add(&y, &o, &values) || rc4_parse(&y, &back) || !rc4_add(&z, &back, &same) || rc4_parse(&z, &again) || memcmp(&back, &again, sizeof back))
		abort();
}

static void control(const uint8_t *pkt, size_t n)
{
	static uint8_t once[CAP_OCT], twice[CAP_OCT];
	struct mip4_packet p, back;
	struct mip4_built b;
	enum wire_err e = mip4_packet_parse(pkt, n, &p);
	for (size_t i = 0; i < MIP4_AUTH_N && p.msg && (e == W_OK || e == W_OPTION_ORDER); i++) { /* offsets lie in the message */
		if (p.m.ext.auth[i].n && p.m.ext.auth[i].off + p.m.ext.auth[i].len_oct > n - (size_t)(p.msg - pkt))
			abort();
	}
	if (e)
		return;
	if (p.m.ext.relay_oct > p.m.len_oct)
		abort();
	ours(&p.m.ext);
	struct mip4_path path = {.src = p.src, .dst = p.dst, .sport = p.sport, .dport = p.dport};
	n = mip4_packet_build(once, sizeof once, &path, &p.m, &b);
	if (!n) /* an authenticator or a vendor's data longer than we write */
		return;
	mip4_packet_finish(&b, once);
	/* Extensions may have stood in another order; ours is one that parses. */
	if (mip4_packet_parse(once, n, &back))
		abort();
	if (!is_same(once, n, twice, mip4_packet_build(twice, sizeof twice, &path, &back.m, &b)))
		abort();
}

static void advertisement(const uint8_t *pkt, size_t n)
{
	static uint8_t once[CAP_OCT], twice[CAP_OCT];
	struct adv4_packet p;
	if (adv4_packet_parse(pkt, n, &p) || p.type != IC4_ROUTER_ADV)
		return;
	n = adv4_packet_build(once, sizeof once, &p.src, &p.dst, &p.adv);
	if (!n || adv4_packet_parse(once, n, &p) || !is_same(once, n, twice, adv4_packet_build(twice, sizeof twice, &p.src, &p.dst, &p.adv)))
		abort();
}

static void membership(const uint8_t *pkt, size_t n)
{
	struct igmp_packet p;
	struct igmp_rec rec;
	volatile uint8_t sum = 0;
	uint16_t seen = 0;
	if (igmp_packet_parse(pkt, n, &p))
		return;
	for (uint16_t i = 0; i < p.query.n_source; i++)
		sum ^= p.query.source[i].b[3];
	for (struct rd it = p.recs; igmp_rec_next(&it, &rec); seen++) {
		for (uint16_t i = 0; i < rec.n_source; i++)
			sum ^= rec.source[i].b[3];
	}
	if (seen != p.n_rec)
		abort();
	/* The form for both families says the same. */
	struct mcast_packet both;
	struct mcast_rec one;
	if (mcast_packet_parse(pkt, n, &both) || both.is_v4 != true || both.query.tail.source.n != p.query.n_source)
		abort();
	for (struct rd it = both.recs; mcast_next(&both, &it, &one); seen--) {
		for (uint16_t i = 0; i < one.source.n; i++)
			sum ^= mcast_source(&one.source, i).b[15];
	}
	if (seen)
		abort();
}

static void tunnel(const uint8_t *pkt, size_t n)
{
	static uint8_t wrapped[CAP_OCT], back[CAP_OCT];
	const struct addr6 src = {{[10] = 0xff, 0xff, 192, 0, 2, 1}}, dst = {{[10] = 0xff, 0xff, 192, 0, 2, 2}};
	struct icmp4_packet icmp;
	struct icmp4_about about;
	struct ip4_walk ip;
	size_t out, again;
	(void)minenc_unwrap(back, sizeof back, pkt, n, &out);
	(void)icmp4_error_is_allowed(pkt, n);
	(void)icmp4_error_build(back, sizeof back, &src, IC4_UNREACHABLE, IC4_PORT, 0, pkt, n);
	if (!icmp4_packet_parse(pkt, n, &icmp))
		(void)icmp4_error_about(&icmp, &about);
	if (ip4_walk(pkt, n, &ip) || minenc_wrap(wrapped, sizeof wrapped, &src, &dst, pkt, n, &out))
		return;
	if (minenc_unwrap(back, sizeof back, wrapped, out, &again) || again != ip.ip.total_len_oct || memcmp(back + 12, pkt + 12, again - 12))
		abort();
}

static void resolution(const uint8_t *p, size_t n)
{
	uint8_t back[ARP_OCT];
	struct arp a;
	if (arp_parse(p, n, &a))
		return;
	if (arp_build(back, sizeof back, &a) != ARP_OCT || memcmp(back, p, ARP_OCT))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *pkt = fuzz_copy(data, n);
	mend(pkt, n);
	control(pkt, n);
	advertisement(pkt, n);
	membership(pkt, n);
	tunnel(pkt, n);
	resolution(pkt, n);
	free(pkt);
	return 0;
}
