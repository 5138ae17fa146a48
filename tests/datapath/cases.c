// SPDX-License-Identifier: BSD-2-Clause
/* Packet in, verdict and packet out: every rule and every drop reason that a packet can provoke. */
#include <assert.h>

#include "dpk.h"

#define CN "2001:db8:c::2"
#define HA "2001:db8:1::1"
#define HA9 "2001:db8:9::1"
#define MMA "2001:db8:2::1"
#define STATION "2001:db8:2:11::100"

enum { UDP = 17, TCP = 6, IPIP = 41, GRE = 47, ICMP = 58, MH = 135, DSTOPTS = 60, ROUTING = 43, HOPOPTS = 0 };
enum { KEY = 0x2000, SEQ = 0x1000 };

/* ---- shapes ---- */

static void plain(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t hl, uint8_t tc, size_t n)
{
	pk_eth(p, ifx);
	pk_ip(p, src, dst, UDP, hl, tc);
	pk_udp(p, n);
	pk_end(p);
}

static void ipip(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, uint8_t otc, const char *src, const char *dst, uint8_t tc)
{
	pk_eth(p, ifx);
	pk_ip(p, osrc, odst, IPIP, 60, otc);
	pk_ip(p, src, dst, UDP, 60, tc);
	pk_udp(p, 64);
	pk_end(p);
}

static void gre(struct pk *p, uint32_t ifx, const char *osrc, const char *odst, uint16_t flags, uint32_t opt, const char *src, const char *dst)
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

/* ---- home agent ---- */

static void ha_encap(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0xb9, 100); }
static void ha_expired(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::900", 60, 0, 100); }
static void ha_unrouted(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::901", 60, 0, 100); }
static void ha_hop_limit(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 1, 0, 100); }
static void ha_too_big(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0, 1413); }
static void ha_just_fits(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::100", 60, 0, 1412); }
static void to_link_local(struct pk *p) { plain(p, IF_HOME, "2001:db8:1::5", "fe80::cc", 60, 0, 10); }
static void to_link_local_other(struct pk *p) { plain(p, IF_HOME, "2001:db8:1::5", "fe80::cd", 60, 0, 10); }
static void ha_link_local(struct pk *p) { plain(p, IF_HOME, "fe80::1", "2001:db8:1::100", 60, 0, 10); }
static void ha_group(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1::200", 60, 0, 100); }
static void ha_reverse(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::100", CN, 0); }
static void ha_reverse_coa(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::6", HA, 0, "2001:db8:1::100", CN, 0); }
static void ha_reverse_before(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::9", HA, 0, "2001:db8:1::100", CN, 0); }
static void ha_reverse_over(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::9", HA, 0, "2001:db8:1::900", CN, 0); }
static void ha_reverse_long_before(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::9", HA, 0, "2001:db8:1::901", CN, 0); }
static void ha_reverse_unbound(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::111", CN, 0); }
static void ha_reverse_mobile(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::100", "2001:db8:1::100", 0); }
static void ha_reverse_lost(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 3, "2001:db8:1::100", CN, 0); }
static void ha_reverse_ce(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 3, "2001:db8:1::100", CN, 2); }
static void ha_reverse_host(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1::100", "2001:db8:dead::1", 0); }
static void ha_reverse_ip4(struct pk *p)
{
	ha_reverse(p);
	p->b[p->ip[1]] = 0x45;
}
static void ha_syn(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, CN, "2001:db8:1::100", TCP, 60, 0);
	pk_tcp(p, 2, 1, 1440, 0);
	pk_end(p);
}

static void check_encap(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 ha = A(HA), coa = A("2001:db8:3::5");
	const uint8_t *o = out + 14, *i = out + 54;
	assert(!memcmp(out, &(struct lladdr){{2, 0xff, 0, 0, 0, IF_UP}}, 6) && out[11] == IF_UP);
	assert(!memcmp(o + 8, &ha, 16) && !memcmp(o + 24, &coa, 16) && o[6] == 41 && o[7] == 64);
	assert((o[4] << 8 | o[5]) == (int)(n - 54));
	assert((o[0] & 15) << 4 >> 4 == 0xb && o[1] >> 4 == 9);           /* class copied (RFC 6040) */
	assert(i[7] == 59 && !memcmp(i + 8, in->b + 22, n - 62));          /* one hop less, else unchanged */
}

static void check_reverse(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *was = in->b + in->ip[1];
	assert(!memcmp(out + 14, was, 7) && out[14 + 7] == was[7] - 1 && !memcmp(out + 22, was + 8, n - 22));
}

static void check_ce(const struct pk *in, const uint8_t *out, size_t n)
{
	(void)in, (void)n;
	assert((out[15] >> 4 & 3) == 3);
}

static void check_mss(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *tcp = out + 54 + 40, *ip = out + 54;
	uint32_t sum = 6 + (uint32_t)(n - 94);
	(void)in;
	assert(tcp[24] == 1400 >> 8 && tcp[25] == (uint8_t)1400);
	for (int k = 8; k < 40; k += 2)
		sum += (uint32_t)ip[k] << 8 | ip[k + 1];
	for (size_t k = 0; k < n - 94; k += 2)
		sum += (uint32_t)tcp[k] << 8 | tcp[k + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	assert(sum == 0xffff);
}

/* ---- agent ---- */

static void down(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::1", 0, CN, "2001:db8:9::300", 0); }
static void down_prev(struct pk *p) { ipip(p, IF_UP, "2001:db8:7::1", "2001:db8:2:ff::1", 0, CN, "2001:db8:9::300", 0); }
static void down_prev_over(struct pk *p) { ipip(p, IF_UP, "2001:db8:7::1", "2001:db8:2:ff::4", 0, CN, "2001:db8:9::500", 0); }
static void down_source(struct pk *p) { ipip(p, IF_UP, CN, "2001:db8:2:ff::1", 0, CN, "2001:db8:9::300", 0); }
static void down_inner(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::1", 0, CN, "2001:db8:9::301", 0); }
static void down_expired(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::3", 0, CN, "2001:db8:9::400", 0); }
static void down_nobody(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::4", 0, CN, "2001:db8:9::500", 0); }
static void down_lost(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::1", 3, CN, "2001:db8:9::300", 0); }
static void down_ip4(struct pk *p)
{
	down(p);
	p->b[p->ip[1]] = 0x45;
}
static void down_hop_limit(struct pk *p)
{
	down(p);
	p->b[p->ip[1] + 7] = 1;
}
static void down_sized(struct pk *p, size_t inner)
{
	pk_eth(p, IF_UP);
	pk_ip(p, HA9, "2001:db8:2:ff::1", IPIP, 60, 0);
	pk_ip(p, CN, "2001:db8:9::300", UDP, 60, 0);
	pk_udp(p, inner - 48);
	pk_end(p);
}
static void down_too_big(struct pk *p) { down_sized(p, 1453); }
static void down_just_fits(struct pk *p) { down_sized(p, 1452); }

static void check_group(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 mma = A(MMA), g = A("ff35::1");
	const uint8_t *o = out + 14;
	assert(out[0] == 0x33 && out[1] == 0x33 && out[5] == 1 && out[11] == IF_DOWN2);
	assert(!memcmp(o + 8, &mma, 16) && !memcmp(o + 24, &g, 16) && o[6] == 47);
	assert(o[40] == 0x10 && o[41] == 0 && o[42] == 0x86 && o[43] == 0xdd);
	assert(!memcmp(o + 56, in->b + in->ip[1] + 8, n - 14 - 56));
}

static void up(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::300", CN); }
static void up_key(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY + 1, "2001:db8:9::300", CN); }
static void up_seq(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, SEQ, BENCH_KEY, "2001:db8:9::300", CN); }
static void up_unknown(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::301", CN); }
static void up_source(struct pk *p) { gre(p, IF_DOWN, "2001:db8:2:21::100", MMA, KEY, BENCH_KEY, "2001:db8:9::300", CN); }
static void up_expired(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::400", CN); }
static void up_bound(struct pk *p) { gre(p, IF_DOWN, "2001:db8:2:12::5", MMA, KEY, BENCH_KEY, "2001:db8:9::500", CN); }
static void up_bound_other(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::500", CN); }
static void up_ipip_bound(struct pk *p) { ipip(p, IF_DOWN, "2001:db8:2:12::5", MMA, 0, "2001:db8:9::500", CN, 0); }
static void up_ipip(struct pk *p) { ipip(p, IF_DOWN, STATION, MMA, 0, "2001:db8:9::300", CN, 0); }
static void up_local_ha(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:1::200", CN); }
static void up_short(struct pk *p)
{
	up(p);
	p->n = 14 + 40 + 8 + 20;
}
static void up_hop_limit(struct pk *p)
{
	up(p);
	p->b[p->ip[1] + 7] = 1;
}
static void check_up(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:2:ff::1"), ha = A(HA9);
	(void)in, (void)n;
	assert(!memcmp(out + 22, &coa, 16) && !memcmp(out + 38, &ha, 16) && out[20] == 41 && out[54 + 7] == 59);
}

/* ---- access router ---- */

static void mfc(struct pk *p) { gre(p, IF_UP, "2001:db8:6::1", "ff35::9", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_hop_limit(struct pk *p)
{
	mfc(p);
	p->b[p->ip[0] + 7] = 1;
}
static void mfc_iif(struct pk *p) { gre(p, IF_DOWN, "2001:db8:6::1", "ff35::9", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_own(struct pk *p) { gre(p, IF_DOWN, MMA, "ff35::1", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_unknown(struct pk *p) { gre(p, IF_UP, "2001:db8:6::1", "ff35::8", SEQ, 1, CN, "2001:db8:9::300"); }
static void mfc_big(struct pk *p)
{
	pk_eth_group(p, IF_UP, "ff35::9");
	pk_ip(p, "2001:db8:6::1", "ff35::9", UDP, 60, 0);
	pk_udp(p, 1453);
	pk_end(p);
}
static void check_mfc(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(out[11] == IF_ACC && !memcmp(out, in->b, 6) && out[21] == 59 && !memcmp(out + 22, in->b + 22, n - 22));
}
static void filter_ok(struct pk *p) { plain(p, IF_ACC, STATION, CN, 60, 0, 10); }
static void filter_ll(struct pk *p) { plain(p, IF_ACC, "fe80::5", "2001:db8:2:11::1", 255, 0, 10); }
static void filter_prefix(struct pk *p) { plain(p, IF_ACC, "2001:db8:2:12::100", CN, 60, 0, 10); }
static void filter_agent(struct pk *p) { plain(p, IF_ACC, MMA, CN, 60, 0, 10); }

/* ---- mobile ---- */

static void mn_down(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, 100, CN, "2001:db8:8::1"); }
static void mn_down_other(struct pk *p) { gre(p, IF_MOB2, "2001:db8:5::1", "ff35::77", SEQ, 100, CN, "2001:db8:8::1"); }
static void mn_down_next(struct pk *p) { gre(p, IF_MOB2, "2001:db8:5::1", "ff35::77", SEQ, 101, CN, "2001:db8:8::1"); }
static void mn_down_router(struct pk *p)
{
	mn_down_next(p);
	p->b[11] ^= 1; /* same interface, another router */
}
static void mn_down_inner(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, 102, CN, "2001:db8:8::2"); }
static void mn_down_flags(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", KEY, 103, CN, "2001:db8:8::1"); }
static void mn_down_link(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::78", SEQ, 100, CN, "2001:db8:8::1"); }
static void mn_down_no_link(struct pk *p) { gre(p, IF_MOB2, "2001:db8:5::1", "ff35::78", SEQ, 105, CN, "2001:db8:8::1"); }
/* With a mark on the outer header, on a packet whose sender knows of marks (ecn 2) or does not (0). */
static void mn_down_marked(struct pk *p, uint32_t seq, uint8_t ecn)
{
	gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, seq, CN, "2001:db8:8::1");
	p->b[p->ip[0] + 1] |= 3 << 4;
	p->b[p->ip[1] + 1] |= (uint8_t)(ecn << 4);
}
static void mn_down_lost(struct pk *p) { mn_down_marked(p, 106, 0); }
static void mn_down_ce(struct pk *p) { mn_down_marked(p, 107, 2); }
/* Of a protocol whose first eight octets tell packets apart; that octet is one of them. */
static void mn_down_esp(struct pk *p, uint32_t ifindex, uint8_t octet)
{
	gre(p, ifindex, "2001:db8:5::1", "ff35::77", SEQ, 108, CN, "2001:db8:8::1");
	p->b[p->ip[1] + 6] = 50;
	p->b[p->ip[1] + 47] = octet;
}
static void mn_down_esp_first(struct pk *p) { mn_down_esp(p, IF_MOB, 1); }
static void mn_down_esp_other(struct pk *p) { mn_down_esp(p, IF_MOB2, 2); }
static void mn_down_esp_again(struct pk *p) { mn_down_esp(p, IF_MOB2, 1); }
static void mn_down_ipip(struct pk *p) { ipip(p, IF_MOB, "2001:db8:8::ff", "2001:db8:5:1::100", 0, CN, "2001:db8:8::1", 0); }
static void mn_down_if(struct pk *p) { ipip(p, IF_MOB2, "2001:db8:8::ff", "2001:db8:5:1::100", 0, CN, "2001:db8:8::1", 0); }
static void mn_down_proto(struct pk *p)
{
	pk_eth_group(p, IF_MOB, "ff35::77");
	pk_ip(p, "2001:db8:5::1", "ff35::77", UDP, 60, 0);
	pk_udp(p, 64);
	pk_end(p);
}
static void mn_down_part(struct pk *p)
{
	pk_eth_group(p, IF_MOB, "ff35::77");
	pk_ip(p, "2001:db8:5::1", "ff35::77", 44, 60, 0);
	pk_bytes(p, (uint8_t[16]){GRE, 0, 0, 1}, 16);
	pk_end(p);
}
static void out_packet(struct pk *p, const char *src, size_t n)
{
	*p = (struct pk){0};
	pk_ip(p, src, CN, UDP, 64, 0x20);
	pk_udp(p, n);
	pk_end(p);
}
static void mn_up(struct pk *p) { out_packet(p, "2001:db8:8::1", 100); }
static void mn_up_ipip(struct pk *p) { out_packet(p, "2001:db8:8::2", 100); }
static void mn_up_big(struct pk *p) { out_packet(p, "2001:db8:8::1", 1500 - 48 - 48 + 1); }
static void mn_up_none(struct pk *p) { out_packet(p, "2001:db8:8::3", 100); }
static void ha_local_out(struct pk *p)
{
	*p = (struct pk){0};
	pk_ip(p, HA, "2001:db8:1::100", UDP, 1, 0);
	pk_udp(p, 10);
	pk_end(p);
}
static void check_mn_down(const struct pk *in, const uint8_t *out, size_t n)
{
	assert(!memcmp(out, in->b + in->ip[1], n));
}
static void check_mn_ce(const struct pk *in, const uint8_t *out, size_t n)
{
	assert((out[1] >> 4 & 3) == 3 && !memcmp(out + 2, in->b + in->ip[1] + 2, n - 2));
}
static void check_mn_up(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 src = A("2001:db8:5:1::100"), dst = A("2001:db8:5::1");
	assert(out[11] == IF_MOB && out[5] == IF_MOB && out[1] == 0xff && out[12] == 0x86);
	assert(!memcmp(out + 22, &src, 16) && !memcmp(out + 38, &dst, 16) && out[20] == 47 && out[54] == 0x20);
	assert(out[58] == 1 && out[61] == 4 && !memcmp(out + 62, in->b, n - 62));
}

/* ---- control ---- */

static const uint8_t bu[] = {59, 1, 5, 0, 0, 0, 0, 1, 0xc0, 0, 0, 10, 1, 2, 0, 0};
static const struct { uint8_t next, len, pad[2], pad2[2], type, olen; struct addr6 a; } hao_head = {
	MH, 2, {1, 2}, {0, 0}, 201, 16, {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0}}};

static void message(struct pk *p, uint32_t ifx, const char *dst)
{
	pk_eth(p, ifx);
	pk_ip(p, "2001:db8:3::5", dst, MH, 60, 0);
	pk_bytes(p, bu, sizeof bu);
	pk_end(p);
}
static void mh(struct pk *p) { message(p, IF_UP, HA); }
static void mh_mma(struct pk *p) { message(p, IF_DOWN, MMA); }
static void mh_through(struct pk *p) { message(p, IF_UP, CN); }
static void mh_hao(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, "2001:db8:3::5", HA, DSTOPTS, 60, 0);
	pk_bytes(p, &hao_head, 24);
	pk_bytes(p, bu, sizeof bu);
	pk_end(p);
}
static void mh_rh2(struct pk *p)
{
	static const uint8_t rh2[24] = {MH, 2, 2, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8};
	pk_eth(p, IF_MOB);
	pk_ip(p, MMA, "2001:db8:5:1::100", ROUTING, 60, 0);
	pk_bytes(p, rh2, 24);
	pk_bytes(p, bu, sizeof bu);
	pk_end(p);
}
static void data_hao(struct pk *p, const char *src)
{
	pk_eth(p, IF_UP);
	pk_ip(p, src, HA, DSTOPTS, 60, 0);
	pk_bytes(p, &hao_head, 24);
	p->b[54] = UDP;
	p->b[54 + 22] = 1; /* ...::100 */
	p->b[54 + 23] = 0;
	pk_udp(p, 8);
	pk_end(p);
}
static void hao_known(struct pk *p) { data_hao(p, "2001:db8:3::5"); }
static void hao_unknown(struct pk *p) { data_hao(p, "2001:db8:3::6"); }
static void check_hao(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:1::100");
	(void)in, (void)n;
	assert(!memcmp(out + 8, &hoa, 16) && out[46] == 0x1e && out[47] == 16);
}
static void hop(struct pk *p, uint32_t ifx, const char *src, const char *group, uint8_t type, const void *body, size_t n)
{
	static const uint8_t alert[8] = {ICMP, 0, 5, 2, 0, 0, 1, 0};
	pk_eth_group(p, ifx, group);
	pk_ip(p, src, group, HOPOPTS, 1, 0);
	pk_bytes(p, alert, 8);
	pk_icmp(p, type, body, n);
	pk_end(p);
}
static void mld(struct pk *p) { hop(p, IF_ACC, "fe80::5", "ff02::16", 143, NULL, 24); }
static void mld_home(struct pk *p) { hop(p, IF_HOME, "fe80::5", "ff02::16", 143, NULL, 24); }
static void query(struct pk *p) { hop(p, IF_MOB, "fe80::5", "ff02::1", 130, NULL, 24); }
static void icmp(struct pk *p, uint32_t ifx, const char *src, const char *dst, uint8_t type, const void *body, size_t n)
{
	if (dst[0] == 'f' && dst[1] == 'f')
		pk_eth_group(p, ifx, dst);
	else
		pk_eth(p, ifx);
	pk_ip(p, src, dst, ICMP, 255, 0);
	pk_icmp(p, type, body, n);
	pk_end(p);
}
static void rs(struct pk *p) { icmp(p, IF_ACC, "fe80::5", "ff02::2", 133, NULL, 4); }
static void rs_up(struct pk *p) { icmp(p, IF_UP, "fe80::5", "ff02::2", 133, NULL, 4); }
static void ra(struct pk *p) { icmp(p, IF_MOB, "fe80::5", "ff02::1", 134, NULL, 12); }
static void ra_unicast(struct pk *p) { icmp(p, IF_MOB2, "fe80::5", "fe80::6", 134, NULL, 12); }
static void ns(struct pk *p, const char *dst, const char *target)
{
	uint8_t body[20] = {0};
	struct addr6 t = A(target);
	memcpy(body + 4, &t, 16);
	icmp(p, IF_HOME, "2001:db8:1::5", dst, 135, body, 20);
}
static void ns_bound(struct pk *p) { ns(p, "ff02::1:ff00:100", "2001:db8:1::100"); }
static void ns_bound_unicast(struct pk *p) { ns(p, "2001:db8:1::100", "2001:db8:1::100"); }
static void ns_checked(struct pk *p) { ns(p, "ff02::1:ff00:cc", "2001:db8:1::cc"); }
static void ns_other(struct pk *p) { ns(p, "ff02::1:ff00:5", "2001:db8:1::5"); }
static void mobile_nd(struct pk *p, uint8_t type, const char *target)
{
	uint8_t body[20] = {0};
	struct addr6 t = A(target);
	memcpy(body + 4, &t, 16);
	icmp(p, IF_MOB, "2001:db8:1::1", "ff02::1", type, body, 20);
}
static void na_mobile(struct pk *p) { mobile_nd(p, 136, "2001:db8:5:1::100"); }
static void na_mobile_other(struct pk *p) { mobile_nd(p, 136, "2001:db8:5:1::101"); }
static void ns_mobile(struct pk *p) { mobile_nd(p, 135, "2001:db8:5:1::100"); }
static void ha_discovery(struct pk *p) { icmp(p, IF_UP, "2001:db8:3::5", HA, 144, NULL, 4); }
static void error_about(struct pk *p, const char *to, const char *src, uint8_t nh)
{
	struct pk q = {0};
	uint8_t body[92] = {0};
	pk_ip(&q, src, "2001:db8:3::5", nh, 60, 0);
	memcpy(body + 4, q.b, 40);
	icmp(p, IF_UP, "2001:db8:3::1", to, 2, body, 92);
}
static void error_ours(struct pk *p) { error_about(p, HA, HA, IPIP); }
static void error_coa(struct pk *p) { error_about(p, "2001:db8:2:ff::1", "2001:db8:2:ff::1", IPIP); }
static void error_other(struct pk *p) { error_about(p, HA, HA, UDP); }
static void echo_home(struct pk *p) { icmp(p, IF_UP, CN, "2001:db8:1::100", 128, NULL, 12); }
static void malformed(struct pk *p)
{
	ha_encap(p);
	p->n -= 10;
}
static void truncated(struct pk *p)
{
	ha_encap(p);
	p->n = 40;
}
static void strange(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:3::77", 60, 0, 10); }

/* ---- without tunnels ---- */

static void rh2(struct pk *p, uint32_t ifx, const char *src, const char *dst, const char *hoa, uint8_t nh)
{
	uint8_t h[24] = {nh, 2, 2, 1};
	struct addr6 a = A(hoa);
	memcpy(h + 8, &a, 16);
	pk_eth(p, ifx);
	pk_ip(p, src, dst, ROUTING, 60, 0);
	pk_bytes(p, h, 24);
	if (nh == UDP)
		pk_udp(p, 64);
	else
		pk_bytes(p, bu, sizeof bu);
	pk_end(p);
}
static void rh2_down(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::5", "2001:db8:9::600", UDP); }
static void rh2_down_other(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::5", "2001:db8:9::300", UDP); }
static void rh2_down_done(struct pk *p)
{
	rh2_down(p);
	p->b[57] = 0;
}
static void rh2_down_over(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::3", "2001:db8:9::400", UDP); }
static void rh2_message(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::5", "2001:db8:9::600", MH); }
static void rh2_message_ha(struct pk *p) { rh2(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:9::600", MH); }
static void rh2_forward(struct pk *p) { rh2(p, IF_UP, CN, "2001:db8:2:ff::6", "2001:db8:9::700", UDP); }
static void message_coa(struct pk *p) { message(p, IF_UP, "2001:db8:2:ff::5"); }
static void udp_coa(struct pk *p)
{
	static const uint8_t padded[8] = {UDP, 0, 1, 4};
	pk_eth(p, IF_UP);
	pk_ip(p, CN, "2001:db8:2:ff::5", DSTOPTS, 60, 0);
	pk_bytes(p, padded, 8);
	pk_udp(p, 64);
	pk_end(p);
}
static void check_rh2_group(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:9::600");
	const uint8_t *i = out + 14 + 48;
	assert(out[20] == 47 && i[6] == UDP && i[7] == 59 && (i[4] << 8 | i[5]) == (int)(n - 14 - 48 - 40));
	assert(!memcmp(i + 8, in->b + 22, 16) && !memcmp(i + 24, &hoa, 16) && !memcmp(i + 40, in->b + 78, 72));
}

static void test_in_tunnel(struct pk *p, uint32_t ifx, const char *ha, const char *coa, const char *cn, const char *hoa, uint8_t type)
{
	uint8_t m[24] = {59, 2, type};
	pk_eth(p, ifx);
	pk_ip(p, ha, coa, IPIP, 60, 0);
	pk_ip(p, cn, hoa, MH, 60, 0);
	pk_bytes(p, m, 24);
	pk_end(p);
}
static void hot(struct pk *p) { test_in_tunnel(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:c::3", "2001:db8:9::600", 3); }
static void hot_unasked(struct pk *p) { test_in_tunnel(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:c::9", "2001:db8:9::600", 3); }
static void hot_other(struct pk *p) { test_in_tunnel(p, IF_UP, HA9, "2001:db8:2:ff::5", "2001:db8:c::3", "2001:db8:9::600", 4); }
static void mn_hot(struct pk *p) { test_in_tunnel(p, IF_MOB, "2001:db8:8::ff", "2001:db8:5:1::100", "2001:db8:c::4", "2001:db8:8::1", 3); }
static void wanted(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::5", 0, CN, "2001:db8:9::600", 0); }
static void forward(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::6", 0, CN, "2001:db8:9::700", 0); }
static void forward_over(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::7", 0, CN, "2001:db8:9::700", 0); }
static void forward_from(struct pk *p) { ipip(p, IF_UP, CN, "2001:db8:2:ff::6", 0, CN, "2001:db8:9::700", 0); }
static void forward_loop(struct pk *p)
{
	ipip(p, IF_UP, HA9, "2001:db8:2:ff::6", 0, MMA, "2001:db8:9::700", 0);
	p->b[p->ip[1] + 6] = IPIP;
}
static void check_forward(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 mma = A(MMA), to = A("2001:db8:4::6"), hoa = A("2001:db8:9::700");
	(void)in, (void)n;
	assert(!memcmp(out + 22, &mma, 16) && !memcmp(out + 38, &to, 16) && out[20] == 41 && out[54 + 7] == 59 && !memcmp(out + 54 + 24, &hoa, 16));
	assert(out[54 + 6] == UDP && (out[58] << 8 | out[59]) == (int)(n - 94));
}

static void direct_up(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::600", CN); }
static void direct_testing(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::600", "2001:db8:c::3"); }
static void direct_stale(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9::600", "2001:db8:c::5"); }
static void direct_message(struct pk *p)
{
	direct_up(p);
	p->b[p->ip[1] + 6] = MH;
}
static void direct_sized(struct pk *p, size_t inner)
{
	pk_eth(p, IF_DOWN);
	pk_ip(p, STATION, MMA, GRE, 60, 0);
	pk_gre(p, KEY, BENCH_KEY);
	pk_ip(p, "2001:db8:9::600", CN, UDP, 60, 0);
	pk_udp(p, inner - 48);
	pk_end(p);
}
static void direct_too_big(struct pk *p) { direct_sized(p, 1477); }
static void direct_just_fits(struct pk *p) { direct_sized(p, 1476); }
static void check_hao_out(const uint8_t *ip, size_t n, const struct addr6 *coa, const struct addr6 *hoa, const char *cn)
{
	static const uint8_t head[8] = {UDP, 2, 1, 2, 0, 0, 201, 16};
	struct addr6 to = A(cn);
	assert(ip[6] == DSTOPTS && (ip[4] << 8 | ip[5]) == (int)(n - 40));
	assert(!memcmp(ip + 8, coa, 16) && !memcmp(ip + 24, &to, 16) && !memcmp(ip + 40, head, 8) && !memcmp(ip + 48, hoa, 16));
}
static void check_direct(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:2:ff::5"), hoa = A("2001:db8:9::600");
	assert(out[5] == IF_UP && out[1] == 0xff && out[21] == 59);
	check_hao_out(out + 14, n - 14, &coa, &hoa, CN);
	assert(!memcmp(out + 14 + 64, in->b + in->ip[1] + 40, n - 78));
}

static void net_up(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9:6000::5", CN); }
static void net_up_longer(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9:61ff::5", CN); }
static void net_up_none(struct pk *p) { gre(p, IF_DOWN, STATION, MMA, KEY, BENCH_KEY, "2001:db8:9:7000::5", CN); }
static void net_down(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::5", 0, CN, "2001:db8:9:6000::5", 0); }
static void net_down_other(struct pk *p) { ipip(p, IF_UP, HA9, "2001:db8:2:ff::5", 0, CN, "2001:db8:9:6100::5", 0); }
static void net_ha(struct pk *p) { plain(p, IF_UP, CN, "2001:db8:1:f123::7", 60, 0xb9, 100); }
static void net_reverse(struct pk *p) { ipip(p, IF_UP, "2001:db8:3::5", HA, 0, "2001:db8:1:f123::7", CN, 0); }
static void net_reverse_other(struct pk *p) { ipip(p, IF_UP, "2001:db8:2:ff::2", HA, 0, "2001:db8:1:f123::7", CN, 0); }
static void net_mn_down(struct pk *p) { gre(p, IF_MOB, "2001:db8:5::1", "ff35::77", SEQ, 104, CN, "2001:db8:8:1::9"); }
static void net_mn_up(struct pk *p) { out_packet(p, "2001:db8:8:1::9", 100); }

static void mn_rh2(struct pk *p) { rh2(p, IF_MOB, CN, "2001:db8:5:1::100", "2001:db8:8::1", UDP); }
static void mn_mpa(struct pk *p)
{
	uint8_t h[24 + 8] = {ICMP, 2, 2, 1, [24] = 147};
	struct addr6 a = A("2001:db8:8::1");
	memcpy(h + 8, &a, 16);
	pk_eth(p, IF_MOB);
	pk_ip(p, HA, "2001:db8:5:1::100", ROUTING, 60, 0);
	pk_bytes(p, h, sizeof h);
	pk_end(p);
}
static void mn_rh2_other(struct pk *p) { rh2(p, IF_MOB, CN, "2001:db8:5:1::100", "2001:db8:8::2", UDP); }
static void check_mn_rh2(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:8::1");
	assert(out[6] == UDP && (out[4] << 8 | out[5]) == (int)(n - 40) && out[7] == 60);
	assert(!memcmp(out + 8, in->b + 22, 16) && !memcmp(out + 24, &hoa, 16) && !memcmp(out + 40, in->b + 78, n - 40));
}
static void out_to(struct pk *p, const char *src, const char *dst, uint8_t nh, size_t n)
{
	*p = (struct pk){0};
	pk_ip(p, src, dst, nh, 64, 0x20);
	pk_udp(p, n);
	pk_end(p);
}
static void mn_direct(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::4", UDP, 100); }
static void mn_direct_stale(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::5", UDP, 100); }
static void mn_direct_message(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::4", MH, 100); }
static void mn_direct_big(struct pk *p) { out_to(p, "2001:db8:8::1", "2001:db8:c::4", UDP, 1500 - 24 - 48 + 1); }
static void mn_near(struct pk *p) { out_to(p, "2001:db8:8::4", "2001:db8:c:d::1", UDP, 100); }
static void mn_far(struct pk *p) { out_to(p, "2001:db8:8::4", "2001:db8:c:e::1", UDP, 100); }
static void check_mn_direct(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:5:1::100"), hoa = A("2001:db8:8::1");
	assert(out[11] == IF_MOB && out[5] == IF_MOB && out[12] == 0x86 && out[21] == 64);
	check_hao_out(out + 14, n - 14, &coa, &hoa, "2001:db8:c::4");
	assert(!memcmp(out + 78, in->b + 40, n - 78));
}
static void check_mn_near(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 coa = A("2001:db8:5:1::100"), hoa = A("2001:db8:8::4");
	(void)in;
	check_hao_out(out + 14, n - 14, &coa, &hoa, "2001:db8:c:d::1");
}

static void cn_out(struct pk *p) { plain(p, IF_UP, HA, "2001:db8:b::1", 64, 0, 100); }
static void cn_out_fits(struct pk *p) { plain(p, IF_UP, HA, "2001:db8:b::1", 64, 0, 1500 - 24 - 48); }
static void cn_out_big(struct pk *p) { plain(p, IF_UP, HA, "2001:db8:b::1", 64, 0, 1500 - 24 - 48 + 1); }
static void cn_out_other(struct pk *p) { plain(p, IF_UP, "2001:db8:1::2", "2001:db8:b::1", 64, 0, 100); }
static void cn_out_message(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, HA, "2001:db8:b::1", MH, 64, 0);
	pk_bytes(p, bu, sizeof bu);
	pk_end(p);
}
static void cn_out_nd(struct pk *p)
{
	static const uint8_t ns[24] = {135};
	pk_eth(p, IF_UP);
	pk_ip(p, HA, "2001:db8:b::1", ICMP, 255, 0);
	pk_bytes(p, ns, sizeof ns);
	pk_end(p);
}
static void cn_rh2(struct pk *p) { rh2(p, IF_UP, CN, HA, "2001:db8:b::1", UDP); }
static void cn_rh2_self(struct pk *p) { rh2(p, IF_UP, CN, HA, HA, UDP); }
static void cn_syn(struct pk *p)
{
	pk_eth(p, IF_UP);
	pk_ip(p, HA, "2001:db8:b::1", TCP, 64, 0);
	pk_tcp(p, 18, 1, 1440, 0);
	pk_end(p);
}
static void cn_roam0(struct pk *p) { out_to(p, HA, "2001:db8:b::2", UDP, 100); }
static void check_cn_out(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 self = A(HA), hoa = A("2001:db8:b::1"), coa = A("2001:db8:b:1::1");
	const uint8_t *ip = out + 14;
	assert(out[5] == IF_UP && out[1] == 0xff && out[11] == IF_UP && ip[6] == ROUTING && ip[7] == 64 && (ip[4] << 8 | ip[5]) == (int)(n - 54));
	assert(!memcmp(ip + 8, &self, 16) && !memcmp(ip + 24, &coa, 16) && !memcmp(ip + 40, (uint8_t[8]){UDP, 2, 2, 1}, 8) &&
	       !memcmp(ip + 48, &hoa, 16) && !memcmp(ip + 64, in->b + 54, n - 78));
}
static void check_cn_syn(const struct pk *in, const uint8_t *out, size_t n)
{
	const uint8_t *tcp = out + 14 + 64;
	(void)in, (void)n;
	assert(tcp[24] == 1416 >> 8 && tcp[25] == (uint8_t)1416);
}
static void hao_from(struct pk *p, const char *src, const char *hoa)
{
	struct addr6 a = A(hoa);
	data_hao(p, src);
	memcpy(p->b + 54 + 8, &a, 16);
}
static void hao_cn(struct pk *p) { hao_from(p, "2001:db8:b:1::1", "2001:db8:b::1"); }
static void hao_cn_other(struct pk *p) { hao_from(p, "2001:db8:b:1::2", "2001:db8:b::1"); }
static void hao_trusted(struct pk *p) { hao_from(p, "2001:db8:f:1::77", "2001:db8:e:5::1"); }
static void hao_trust_elsewhere(struct pk *p) { hao_from(p, "2001:db8:f:2::77", "2001:db8:e:5::1"); }
static void check_hao_cn(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:b::1");
	(void)in, (void)n;
	assert(!memcmp(out + 8, &hoa, 16) && out[46] == 0x1e && out[47] == 16);
}
/* Of another mobile, to one that is away. */
static void hao_then(struct pk *p, const char *hoa, uint8_t nh)
{
	uint8_t h[24] = {nh, 2, 1, 2, 0, 0, 201, 16};
	struct addr6 a = A(hoa);
	memcpy(h + 8, &a, 16);
	pk_bytes(p, h, 24);
	if (nh == UDP)
		pk_udp(p, 64);
	else
		pk_bytes(p, bu, sizeof bu);
	pk_end(p);
}
static void hao_in_tunnel(struct pk *p, const char *src, uint8_t nh)
{
	pk_eth(p, IF_MOB);
	pk_ip(p, "2001:db8:8::ff", "2001:db8:5:1::100", IPIP, 60, 0);
	pk_ip(p, src, "2001:db8:8::1", DSTOPTS, 60, 0);
	hao_then(p, "2001:db8:b::3", nh);
}
static void mn_hao(struct pk *p) { hao_in_tunnel(p, "2001:db8:b:1::3", UDP); }
static void mn_hao_unknown(struct pk *p) { hao_in_tunnel(p, "2001:db8:b:1::4", UDP); }
static void mn_hao_message(struct pk *p) { hao_in_tunnel(p, "2001:db8:b:1::4", MH); }
static void mn_rh2_hao(struct pk *p)
{
	uint8_t h[24] = {DSTOPTS, 2, 2, 1};
	struct addr6 a = A("2001:db8:8::1");
	memcpy(h + 8, &a, 16);
	pk_eth(p, IF_MOB);
	pk_ip(p, "2001:db8:b:1::3", "2001:db8:5:1::100", ROUTING, 60, 0);
	pk_bytes(p, h, 24);
	hao_then(p, "2001:db8:b::3", UDP);
}
static void check_mn_hao(const struct pk *in, const uint8_t *out, size_t n)
{
	struct addr6 hoa = A("2001:db8:b::3"), self = A("2001:db8:8::1");
	(void)in, (void)n;
	assert(!memcmp(out + 8, &hoa, 16) && !memcmp(out + 24, &self, 16) && out[46] == 0x1e);
}
static void error_rh2(struct pk *p) { error_about(p, HA, HA, ROUTING); }
static void error_message(struct pk *p) { error_about(p, "2001:db8:2:ff::5", "2001:db8:2:ff::5", MH); }
static void error_hao(struct pk *p) { error_about(p, "2001:db8:2:ff::5", "2001:db8:2:ff::5", DSTOPTS); }

const struct dpcase dpcases6[] = {
	SENT("home agent tunnels", IF_UP, ha_encap, 40, IF_UP, check_encap),
	PASS("expired binding is none", IF_UP, ha_expired),
	SLOW("hop limit ends at the home agent", IF_UP, ha_hop_limit, HOP_LIMIT),
	SLOW("too big for the tunnel", IF_UP, ha_too_big, TOO_BIG),
	SENT("just fits the tunnel", IF_UP, ha_just_fits, 40, IF_UP, NULL),
	PASS("link-local source is not tunnelled", IF_HOME, ha_link_local),
	SLOW("to a mobile's link-local address", IF_HOME, to_link_local, LINK_LOCAL),
	PASS("to another link-local address", IF_HOME, to_link_local_other),
	SENT("agent on the same host: straight to the group", IF_UP, ha_group, 48, IF_DOWN, NULL),
	SENT("reverse tunnel", IF_UP, ha_reverse, -40, IF_UP, check_reverse),
	LOST("reverse tunnel from another care-of address", IF_UP, ha_reverse_coa, REVERSE_SOURCE),
	SENT("reverse tunnel from the care-of address before", IF_UP, ha_reverse_before, -40, IF_UP, check_reverse),
	SENT("reverse tunnel from there, and the binding is over", IF_UP, ha_reverse_over, -40, IF_UP, NULL),
	LOST("reverse tunnel from there, too late", IF_UP, ha_reverse_long_before, REVERSE_SOURCE),
	LOST("reverse tunnel without binding", IF_UP, ha_reverse_unbound, REVERSE_SOURCE),
	SENT("reverse tunnel to another mobile", IF_UP, ha_reverse_mobile, 0, IF_UP, NULL),
	LOST("congestion on a packet that is not capable", IF_UP, ha_reverse_lost, ECN),
	SENT("congestion is passed on", IF_UP, ha_reverse_ce, -40, IF_UP, check_ce),
	LOST("no route to the care-of address", IF_UP, ha_unrouted, NO_ROUTE),
	{"reverse tunnel to where no route leads: the host's stack answers", IF_UP, DPN_INGRESS, ha_reverse_host, DPN_LOCAL, 0, 0, 0, -54, 0, NULL},
	LOST("reverse tunnel with IPv4", IF_UP, ha_reverse_ip4, TUNNEL_PROTO),
	SENT("SYN is clamped", IF_UP, ha_syn, 40, IF_UP, check_mss),
	SENT("echo request is data", IF_UP, echo_home, 40, IF_UP, NULL),

	SENT("agent passes on to two links", IF_UP, down, 8, IF_DOWN2, check_group),
	SENT("from the previous agent in time", IF_UP, down_prev, 8, IF_DOWN2, NULL),
	LOST("from the previous agent too late", IF_UP, down_prev_over, TUNNEL_SOURCE),
	LOST("tunnel from a stranger", IF_UP, down_source, TUNNEL_SOURCE),
	LOST("tunnel with another home address", IF_UP, down_inner, TUNNEL_INNER),
	LOST("expired registration", IF_UP, down_expired, EXPIRED),
	LOST("nobody listens", IF_UP, down_nobody, NO_GROUP),
	LOST("congestion in the tunnel to the agent", IF_UP, down_lost, ECN),
	LOST("tunnel with IPv4", IF_UP, down_ip4, TUNNEL_PROTO),
	SLOW("hop limit ends at the agent", IF_UP, down_hop_limit, HOP_LIMIT),
	SLOW("too big for the group", IF_UP, down_too_big, TOO_BIG),
	SENT("just fits the group", IF_UP, down_just_fits, 8, IF_DOWN2, NULL),

	SENT("uplink goes home", IF_DOWN, up, -8, IF_UP, check_up),
	LOST("wrong key", IF_DOWN, up_key, UPLINK_KEY),
	LOST("sequence number instead of key", IF_DOWN, up_seq, GRE_FLAGS),
	LOST("uplink of nobody", IF_DOWN, up_unknown, UPLINK_UNKNOWN),
	LOST("uplink from outside the site", IF_DOWN, up_source, UPLINK_SOURCE),
	LOST("uplink of an expired registration", IF_DOWN, up_expired, EXPIRED),
	SENT("bound uplink", IF_DOWN, up_bound, -8, IF_UP, NULL),
	LOST("bound uplink from elsewhere", IF_DOWN, up_bound_other, UPLINK_SOURCE),
	SENT("bound uplink without GRE", IF_DOWN, up_ipip_bound, 0, IF_UP, NULL),
	LOST("unbound uplink without GRE", IF_DOWN, up_ipip, UPLINK_SOURCE),
	SENT("home agent on the same host: out of both", IF_DOWN, up_local_ha, -48, IF_UP, NULL),
	LOST("uplink that ends early", IF_DOWN, up_short, TUNNEL_PROTO),
	SLOW("hop limit ends on the way home", IF_DOWN, up_hop_limit, HOP_LIMIT),

	SENT("router replicates", IF_UP, mfc, 0, IF_ACC, check_mfc),
	LOST("multicast hop limit", IF_UP, mfc_hop_limit, HOP_LIMIT),
	LOST("multicast from the wrong side", IF_DOWN, mfc_iif, WRONG_IIF),
	LOST("our own group from outside", IF_DOWN, mfc_own, WRONG_IIF),
	PASS("unknown group", IF_UP, mfc_unknown),
	SLOW("too big for the next link", IF_UP, mfc_big, FORWARD),
	PASS("access link, own prefix", IF_ACC, filter_ok),
	PASS("access link, link-local", IF_ACC, filter_ll),
	LOST("access link, foreign prefix", IF_ACC, filter_prefix, FILTER_PREFIX),
	LOST("access link, the agent's address", IF_ACC, filter_agent, FILTER_AGENT),

	{"mobile receives", IF_MOB, DPN_INGRESS, mn_down, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("the same over another interface", IF_MOB2, mn_down_other, DUPLICATE),
	{"the same again over the first", IF_MOB, DPN_INGRESS, mn_down, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	{"the next over the other", IF_MOB2, DPN_INGRESS, mn_down_next, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("that one from another router", IF_MOB2, mn_down_router, DUPLICATE),
	LOST("for another home address", IF_MOB, mn_down_inner, TUNNEL_INNER),
	{"mobile receives on the link of the group", IF_MOB, DPN_INGRESS, mn_down_link, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("from the group on another link", IF_MOB2, mn_down_no_link, DOWNLINK_IF),
	LOST("congestion on the way from the group", IF_MOB, mn_down_lost, ECN),
	{"mobile is told of congestion", IF_MOB, DPN_INGRESS, mn_down_ce, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_ce},
	{"mobile receives what is not UDP", IF_MOB, DPN_INGRESS, mn_down_esp_first, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	{"another with the same number", IF_MOB2, DPN_INGRESS, mn_down_esp_other, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	LOST("the former over another link", IF_MOB2, mn_down_esp_again, DUPLICATE),
	LOST("without sequence number", IF_MOB, mn_down_flags, GRE_FLAGS),
	SLOW("part of a tunnel packet", IF_MOB, mn_down_part, FRAGMENT),
	LOST("to the group but no tunnel", IF_MOB, mn_down_proto, TUNNEL_PROTO),
	{"mobile receives from its home agent", IF_MOB, DPN_INGRESS, mn_down_ipip, DPN_LOCAL, 0, 0, 0, -54, 0, check_mn_down},
	LOST("on an interface not to be used", IF_MOB2, mn_down_if, DOWNLINK_IF),
	{"mobile sends", IF_ROAM0, DPN_EGRESS, mn_up, DPN_SEND, 0, 0, 0, 62, IF_MOB, check_mn_up},
	{"mobile sends to its home agent", IF_ROAM0, DPN_EGRESS, mn_up_ipip, DPN_SEND, 0, 0, 0, 54, IF_MOB, NULL},
	{"mobile sends too much", IF_ROAM0, DPN_EGRESS, mn_up_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"nobody's packet", IF_ROAM0, DPN_EGRESS, mn_up_none, DPN_PASS, 0, 0, 0, 0, 0, NULL},
	{"home agent's own packet, hop limit stays", IF_ROAM0, DPN_EGRESS, ha_local_out, DPN_SEND, 0, 0, 0, 54, IF_UP, NULL},

	PUNT("message to the home agent", IF_UP, mh, MH),
	PUNT("message to the agent", IF_DOWN, mh_mma, MH),
	PASS("message to somebody else", IF_UP, mh_through),
	PUNT("message with Home Address option", IF_UP, mh_hao, MH),
	PUNT("message with routing header", IF_MOB, mh_rh2, MH),
	{"Home Address option with binding", IF_UP, DPN_INGRESS, hao_known, DPN_PASS, 0, 0, 0, 0, 0, check_hao},
	PUNT("Home Address option without", IF_UP, hao_unknown, HAO),
	COPY("membership report", IF_ACC, mld, MLD),
	PASS("membership report elsewhere", IF_HOME, mld_home),
	COPY("membership query", IF_MOB, query, MLD),
	COPY("router solicitation", IF_ACC, rs, RS),
	PASS("router solicitation elsewhere", IF_UP, rs_up),
	COPY("router advertisement", IF_MOB, ra, RA),
	COPY("router advertisement, unicast", IF_MOB2, ra_unicast, RA),
	PUNT("solicitation for a bound address", IF_HOME, ns_bound, ND),
	PUNT("unicast solicitation for a bound address", IF_HOME, ns_bound_unicast, ND),
	PUNT("solicitation for an address being checked", IF_HOME, ns_checked, ND),
	PASS("solicitation for another", IF_HOME, ns_other),
	COPY("advertisement about the mobile's own address", IF_MOB, na_mobile, ND),
	PASS("advertisement about another", IF_MOB, na_mobile_other),
	PASS("solicitation for the mobile", IF_MOB, ns_mobile),
	PUNT("home agent discovery", IF_UP, ha_discovery, ICMP_HA),
	PUNT("error about our tunnel", IF_UP, error_ours, ICMP_ERR),
	PUNT("error about the agent's tunnel", IF_UP, error_coa, ICMP_ERR),
	PASS("error about something else", IF_UP, error_other),
	LOST("shorter than it says", IF_UP, malformed, MALFORMED),
	PASS("half a header", IF_UP, truncated),
	PASS("not for us", IF_UP, strange),

	SENT("routing header to the group", IF_UP, rh2_down, 24, IF_DOWN, check_rh2_group),
	LOST("routing header with another home address", IF_UP, rh2_down_other, ROUTING_HEADER),
	LOST("routing header that is done with", IF_UP, rh2_down_done, ROUTING_HEADER),
	LOST("routing header after the registration", IF_UP, rh2_down_over, EXPIRED),
	PUNT("message of a correspondent node behind a routing header", IF_UP, rh2_message, MH),
	SENT("message of the home agent behind a routing header", IF_UP, rh2_message_ha, 24, IF_DOWN, NULL),
	PUNT("message to an assigned address", IF_UP, message_coa, MH),
	PASS("something else to an assigned address", IF_UP, udp_coa),
	PUNT("home test through the home agent", IF_UP, hot, MH),
	SENT("home test that nobody awaits", IF_UP, hot_unasked, 8, IF_DOWN, NULL),
	SENT("care-of test through the home agent", IF_UP, hot_other, 8, IF_DOWN, NULL),
	{"a route to optimise", IF_UP, DPN_INGRESS, wanted, DPN_SEND, 0, DP_PUNT_RO, 0, 8, IF_DOWN, NULL},
	SENT("after a mobile that left", IF_UP, forward, 0, IF_UP, check_forward),
	SENT("after a mobile that left, with routing header", IF_UP, rh2_forward, 16, IF_UP, check_forward),
	LOST("after a mobile that left, and sent back by the home agent", IF_UP, forward_loop, FORWARD_LOOP),
	LOST("after a mobile that left, too late", IF_UP, forward_over, EXPIRED),
	LOST("after a mobile that left, from a stranger", IF_UP, forward_from, TUNNEL_SOURCE),
	SENT("uplink goes directly", IF_DOWN, direct_up, -24, IF_UP, check_direct),
	SENT("uplink goes home while the route is tested", IF_DOWN, direct_testing, -8, IF_UP, NULL),
	SENT("uplink goes home where the route is an old one's", IF_DOWN, direct_stale, -8, IF_UP, NULL),
	SENT("the mobile's message goes home", IF_DOWN, direct_message, -8, IF_UP, NULL),
	SLOW("too big to go directly", IF_DOWN, direct_too_big, TOO_BIG),
	SENT("just fits to go directly", IF_DOWN, direct_just_fits, -24, IF_UP, NULL),
	SENT("uplink of a mobile network", IF_DOWN, net_up, -8, IF_UP, NULL),
	SENT("the longer prefix counts", IF_DOWN, net_up_longer, -8, IF_UP, check_up),
	LOST("uplink of no mobile network", IF_DOWN, net_up_none, UPLINK_UNKNOWN),
	{"down to a mobile network", IF_UP, DPN_INGRESS, net_down, DPN_SEND, 0, DP_PUNT_RO, 0, 8, IF_DOWN, NULL},
	LOST("down to another's network", IF_UP, net_down_other, TUNNEL_INNER),
	SENT("home agent tunnels to a mobile network", IF_UP, net_ha, 40, IF_UP, check_encap),
	SENT("reverse tunnel of a mobile network", IF_UP, net_reverse, -40, IF_UP, check_reverse),
	LOST("reverse tunnel of another's network", IF_UP, net_reverse_other, REVERSE_SOURCE),
	{"mobile router receives", IF_MOB, DPN_INGRESS, net_mn_down, DPN_LOCAL, 0, 0, 0, -62, 0, check_mn_down},
	{"mobile router sends", IF_ROAM0, DPN_EGRESS, net_mn_up, DPN_SEND, 0, 0, 0, 62, IF_MOB, check_mn_up},
	{"mobile receives directly", IF_MOB, DPN_INGRESS, mn_rh2, DPN_LOCAL, 0, 0, 0, -38, 0, check_mn_rh2},
	LOST("directly for another home address", IF_MOB, mn_rh2_other, ROUTING_HEADER),
	PUNT("the home agent tells of prefixes", IF_MOB, mn_mpa, ICMP_HA),
	PUNT("home test to the mobile", IF_MOB, mn_hot, MH),
	{"mobile sends directly", IF_ROAM0, DPN_EGRESS, mn_direct, DPN_SEND, 0, 0, 0, 38, IF_MOB, check_mn_direct},
	{"mobile sends home what an old route was for", IF_ROAM0, DPN_EGRESS, mn_direct_stale, DPN_SEND, 0, 0, 0, 62, IF_MOB, NULL},
	{"mobile's message goes home", IF_ROAM0, DPN_EGRESS, mn_direct_message, DPN_SEND, 0, 0, 0, 62, IF_MOB, NULL},
	{"mobile sends too much directly", IF_ROAM0, DPN_EGRESS, mn_direct_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"mobile sends to where it needs no tunnel", IF_ROAM0, DPN_EGRESS, mn_near, DPN_SEND, 0, 0, 0, 38, IF_MOB, check_mn_near},
	{"mobile sends elsewhere", IF_ROAM0, DPN_EGRESS, mn_far, DPN_SEND, 0, 0, 0, 54, IF_MOB, NULL},
	{"correspondent node sends", IF_UP, DPN_OUT, cn_out, DPN_SEND, 0, 0, 0, 24, IF_UP, check_cn_out},
	{"correspondent node sends just enough", IF_UP, DPN_OUT, cn_out_fits, DPN_SEND, 0, 0, 0, 24, IF_UP, check_cn_out},
	{"correspondent node sends too much", IF_UP, DPN_OUT, cn_out_big, DPN_PUNT, 0, DP_PUNT_SLOW, DP_SLOW_TOO_BIG, 0, 0, NULL},
	{"correspondent node's SYN is clamped", IF_UP, DPN_OUT, cn_syn, DPN_SEND, 0, 0, 0, 24, IF_UP, check_cn_syn},
	{"correspondent node's message", IF_UP, DPN_OUT, cn_out_message, DPN_PASS, 0, 0, 0, -14, 0, NULL},
	{"correspondent node's neighbour solicitation", IF_UP, DPN_OUT, cn_out_nd, DPN_PASS, 0, 0, 0, -14, 0, NULL},
	LOST("routing header to a node that is no mobile", IF_UP, cn_rh2, ROUTING_HEADER),
	LOST("routing header that names the node itself", IF_UP, cn_rh2_self, ROUTING_HEADER),
	{"from another own address", IF_UP, DPN_OUT, cn_out_other, DPN_PASS, 0, 0, 0, -14, 0, NULL},
	{"correspondent node sends through roam0", IF_ROAM0, DPN_EGRESS, cn_roam0, DPN_SEND, 0, 0, 0, 38, IF_UP, NULL},
	{"Home Address option with a correspondent's binding", IF_UP, DPN_INGRESS, hao_cn, DPN_PASS, 0, 0, 0, 0, 0, check_hao_cn},
	PUNT("Home Address option from elsewhere", IF_UP, hao_cn_other, HAO),
	PASS("Home Address option trusted", IF_UP, hao_trusted),
	PUNT("Home Address option not trusted from there", IF_UP, hao_trust_elsewhere, HAO),
	{"mobile to mobile, vouched for", IF_MOB, DPN_INGRESS, mn_hao, DPN_LOCAL, 0, 0, 0, -54, 0, check_mn_hao},
	{"mobile to mobile, both directly", IF_MOB, DPN_INGRESS, mn_rh2_hao, DPN_LOCAL, 0, 0, 0, -38, 0, check_mn_hao},
	PUNT("mobile to mobile, not vouched for", IF_MOB, mn_hao_unknown, HAO),
	PUNT("message of a mobile to a mobile", IF_MOB, mn_hao_message, MH),
	PUNT("error about a routing header of ours", IF_UP, error_rh2, ICMP_ERR),
	PUNT("error about a message of ours", IF_UP, error_message, ICMP_ERR),
	PUNT("error about a Home Address option of ours", IF_UP, error_hao, ICMP_ERR),
};
const unsigned n_dpcases6 = sizeof dpcases6 / sizeof *dpcases6;
