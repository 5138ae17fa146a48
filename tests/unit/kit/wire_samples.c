/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire_samples.h"

#include <openssl/hmac.h>
#include <stdlib.h>

#include "wire/gre/gre.h"
#include "wire/ip/ip4.h"
#include "wire/mip6/ha_icmp.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"
#include "wire/nd/nd.h"

#define COA "2001:db8:2:11::c0a"
#define ASSIGNED "2001:db8:2:ff::100"
#define MMA "2001:db8:2::1"
#define HA "2001:db8:1::1"
#define HOA "2001:db8:1::100"
#define CN "2001:db8:c::2"
#define GROUP "ff35::200:5eff:fe00:5301"
#define LL_MN "fe80::200:5eff:fe00:5301"
#define LL_AR "fe80::200:5eff:fe00:53aa"
enum { NTP_SECONDS = 0xe0000001 };

static const struct lladdr mac_mn = {{0, 0, 0x5e, 0, 0x53, 1}}, mac_ar = {{0, 0, 0x5e, 0, 0x53, 0xaa}};

struct addr6 A6(const char *text)
{
	struct addr6 a;
	if (!addr6_parse(&a, text))
		abort();
	return a;
}

#define P6(text) (&(struct addr6[]){A6(text)}[0])

void sample_authenticate(const struct mh_built *b, uint8_t *pkt, const struct addr6 *coa, const struct addr6 *hoa)
{
	struct iov_in piece[MH_AUTH_PIECES];
	uint8_t key[20], input[2048], mac[EVP_MAX_MD_SIZE];
	size_t n = 0;
	for (uint8_t i = 0; i < sizeof key; i++)
		key[i] = i;
	for (size_t i = 0, pieces = mh_built_auth_input(b, pkt, coa, hoa, piece); i < pieces; i++) {
		memcpy(input + n, piece[i].p, piece[i].len_oct);
		n += piece[i].len_oct;
	}
	HMAC(EVP_sha1(), key, sizeof key, input, n, mac, NULL);
	mh_built_auth_set(b, pkt, mac);
}

static size_t finish(const struct mh_built *b, uint8_t *buf, size_t n, const char *coa, const char *hoa)
{
	if (!n)
		return 0;
	if (b->auth_len_oct)
		sample_authenticate(b, buf, P6(coa), P6(hoa));
	mh_packet_finish(b, buf);
	return n;
}

static size_t test_message(uint8_t *buf, size_t cap, uint8_t type, const char *src, const char *dst)
{
	struct mh m = {.type = type, .test = {.nonce = 7, .cookie = 0x0102030405060708, .token = 0x1112131415161718}};
	struct mh_built b;
	size_t n = mh_packet_build(buf, cap, &(struct mh_path){.src = A6(src), .dst = A6(dst)}, &m, &b);
	return finish(&b, buf, n, src, dst);
}
static size_t hoti(uint8_t *buf, size_t cap) { return test_message(buf, cap, MH_HOTI, HOA, CN); }
static size_t coti(uint8_t *buf, size_t cap) { return test_message(buf, cap, MH_COTI, COA, CN); }
static size_t hot(uint8_t *buf, size_t cap) { return test_message(buf, cap, MH_HOT, CN, HOA); }
static size_t cot(uint8_t *buf, size_t cap) { return test_message(buf, cap, MH_COT, CN, COA); }

static size_t brr(uint8_t *buf, size_t cap)
{
	struct mh m = {.type = MH_BRR};
	struct mh_built b;
	struct mh_path path = {.src = A6(CN), .dst = A6(COA), .rh2 = P6(HOA)};
	return finish(&b, buf, mh_packet_build(buf, cap, &path, &m, &b), COA, HOA);
}

static size_t bu_home(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.bu = {.seq = 4711, .flags = BU_A | BU_H | BU_L, .lifetime_s = 600}, .opt = {
		.has_alt_coa = true, .alt_coa = A6(ASSIGNED),
		.has_mesg_id = true, .mesg_id = (uint64_t)NTP_SECONDS << 32 | 0x80000000,
		.has_auth = true, .auth = {.spi = 256}}};
	return finish(&b, buf, bu_packet_build(buf, cap, P6(COA), P6(HA), P6(HOA), &m, &b), ASSIGNED, HOA);
}

static size_t bu_plain(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.bu = {.seq = 65535, .flags = BU_A | BU_H, .lifetime_s = 0}};
	return finish(&b, buf, bu_packet_build(buf, cap, P6(HOA), P6(HA), NULL, &m, &b), HOA, HOA);
}

static size_t bu_mma(uint8_t *buf, size_t cap)
{
	static const uint8_t nai[] = "mn1@example.com";
	struct mh_built b;
	struct mh m = {.bu = {.seq = 1, .flags = BU_A | BU_M, .lifetime_s = 120}, .opt = {
		.has_mn_id = true, .mn_id = {MH_MN_ID_NAI, sizeof nai - 1, nai},
		.has_mesg_id = true, .mesg_id = (uint64_t)NTP_SECONDS << 32,
		.has_auth = true, .auth = {.spi = 4097},
		.rc = {
			.has_mcoa = true, .mcoa = {A6(GROUP), A6(MMA)},
			.has_devid = true, .devid = {RC_DEVID_EUI64, 8, {2, 0, 0x5e, 0xff, 0xfe, 0, 0x53, 1}},
			.has_encap = true, .encap = {RC_ENCAP_GRE},
			.has_reg = true, .reg = {RC_REG_ROUTE_OPT, A6(HA), A6("2001:db8:3::1"), A6("2001:db8:3:ff::100")}}}};
	return finish(&b, buf, bu_packet_build(buf, cap, P6(COA), P6(MMA), P6(HOA), &m, &b), COA, HOA);
}

static size_t ba_mma(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.ba = {.status = BA_ACCEPTED, .seq = 1, .lifetime_s = 120}, .opt = {
		.has_refresh = true, .refresh_s = 60,
		.has_mesg_id = true, .mesg_id = (uint64_t)NTP_SECONDS << 32,
		.has_auth = true, .auth = {.spi = 4097},
		.rc = {.has_acoa = true, .acoa = {.coa = A6(ASSIGNED), .lifetime_s = 180, .n_prefix = 2,
						  .prefix = {{A6("2001:db8:2:10::"), 60}, {A6("2001:db8:2:20::"), 64}}}}}};
	return finish(&b, buf, ba_packet_build(buf, cap, P6(MMA), P6(COA), P6(HOA), &m, &b), COA, HOA);
}

static size_t bu_forward(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.bu = {.seq = 2, .flags = BU_A | BU_M}, .opt = {
		.has_mesg_id = true, .mesg_id = (uint64_t)(NTP_SECONDS + 1) << 32,
		.has_auth = true, .auth = {.spi = 4097},
		.rc = {.has_mcoa = true, .mcoa = {A6(GROUP), A6(MMA)},
		       .has_forward = true, .forward = {.flags = RC_FORWARD_GONE, .has_seq = true, .last_seq = 0x01020304, .time_s = 30,
						       .to = A6("2001:db8:3:ff::100"), .agent = A6("2001:db8:3::1")}}}};
	return finish(&b, buf, bu_packet_build(buf, cap, P6(COA), P6(MMA), P6(HOA), &m, &b), COA, HOA);
}

static size_t ba_forward(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.ba = {.status = BA_ACCEPTED, .seq = 2}, .opt = {
		.has_mesg_id = true, .mesg_id = (uint64_t)(NTP_SECONDS + 1) << 32,
		.has_auth = true, .auth = {.spi = 4097},
		.rc = {.has_forward = true, .forward = {.time_s = 30, .to = A6(HOA)},
		       .has_peers = true, .peers = {.peer = {{A6(CN), 7, 300}}, .n = 1}}}};
	return finish(&b, buf, ba_packet_build(buf, cap, P6(MMA), P6(HOA), NULL, &m, &b), HOA, HOA);
}

static size_t peer(uint8_t *buf, size_t cap, const char *src, const char *dst, struct mh *m)
{
	struct mh_built b;
	m->type = MH_PEER;
	m->opt.has_mesg_id = true;
	m->opt.mesg_id = (uint64_t)NTP_SECONDS << 32;
	m->opt.has_auth = true;
	m->opt.auth.spi = 5001;
	size_t n = mh_packet_build(buf, cap, &(struct mh_path){.src = A6(src), .dst = A6(dst)}, m, &b);
	return finish(&b, buf, n, src, dst);
}
static size_t peer_confirm(uint8_t *buf, size_t cap)
{
	struct mh m = {.peer = {.kind = PEER_CONFIRM, .home_address = A6(HOA), .coa = A6("2001:db8:3:ff::100")}};
	return peer(buf, cap, "2001:db8:3::1", MMA, &m);
}
static size_t peer_key(uint8_t *buf, size_t cap)
{
	struct mh m = {.peer = {.kind = PEER_KEY, .transaction = 0x0a0b0c0e, .home_address = A6(HOA), .time_s = 3600},
		       .opt.rc = {.has_key = true, .key = {.alg = RC_KEY_HMAC_SHA256, .spi = 4097}}};
	for (uint8_t i = 0; i < RC_KEY_OCT; i++)
		m.opt.rc.key.masked[i] = (uint8_t)(0xa0 + i);
	return peer(buf, cap, HA, MMA, &m);
}
/* Two parts: twelve correspondent nodes, and two. */
static size_t peer_forwarding(uint8_t *buf, size_t cap)
{
	struct mh m = {.peer = {.kind = PEER_FORWARDING, .transaction = 0x0a0b0c0d, .home_address = A6(HOA), .coa = A6("2001:db8:3:ff::100"),
				.time_s = 30}, .opt.rc = {.has_peers = true, .peers.n = 14}};
	for (uint16_t i = 0; i < 14; i++) {
		m.opt.rc.peers.peer[i] = (struct rc_peer){A6(CN), (uint16_t)(100 + i), 4u * i};
		m.opt.rc.peers.peer[i].cn.b[15] = (uint8_t)i;
	}
	return peer(buf, cap, MMA, "2001:db8:3::1", &m);
}

static size_t bu_cn(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.bu = {.seq = 3, .flags = BU_A, .lifetime_s = 420}, .opt = {
		.has_nonce = true, .nonce_home = 7, .nonce_coa = 9, .has_alt_coa = true, .alt_coa = A6(ASSIGNED), .has_bind_auth = true}};
	return finish(&b, buf, bu_packet_build(buf, cap, P6(COA), P6(CN), P6(HOA), &m, &b), ASSIGNED, CN);
}

static size_t bu_router(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.bu = {.seq = 5, .flags = BU_A | BU_H | BU_R, .lifetime_s = 262140}, .opt = {
		.prefix = {{A6("2001:db8:77::"), 48}, {A6("2001:db8:78::"), 64}}, .n_prefix = 2}};
	return finish(&b, buf, bu_packet_build(buf, cap, P6(COA), P6(HA), P6(HOA), &m, &b), COA, HOA);
}

static size_t ba_refused(uint8_t *buf, size_t cap)
{
	struct mh_built b;
	struct mh m = {.ba = {.status = BA_SEQ_OUT_OF_WINDOW, .flags = BA_R, .seq = 9}};
	return finish(&b, buf, ba_packet_build(buf, cap, P6(HA), P6(HOA), NULL, &m, &b), HOA, HOA);
}

static size_t be(uint8_t *buf, size_t cap) { return be_packet_build(buf, cap, P6(CN), P6(COA), BE_UNKNOWN_BINDING, P6(HOA)); }

static size_t ha_request(uint8_t *buf, size_t cap)
{
	struct ha_icmp m = {.type = IC6_HA_REQUEST, .id = 0x1234};
	return ha_icmp_packet_build(buf, cap, P6(COA), P6("2001:db8:1:0:fdff:ffff:ffff:fffe"), NULL, NULL, &m);
}
static size_t ha_reply(uint8_t *buf, size_t cap)
{
	struct ha_icmp m = {.type = IC6_HA_REPLY, .id = 0x1234, .is_mobile_router = true, .agent = {A6(HA), A6("2001:db8:1::2")}, .n_agent = 2};
	return ha_icmp_packet_build(buf, cap, P6(HA), P6(COA), NULL, NULL, &m);
}
static size_t mps(uint8_t *buf, size_t cap)
{
	return ha_icmp_packet_build(buf, cap, P6(COA), P6(HA), P6(HOA), NULL, &(struct ha_icmp){.type = IC6_MPS, .id = 77});
}
static size_t mpa(uint8_t *buf, size_t cap)
{
	struct ha_icmp m = {.type = IC6_MPA, .id = 77, .is_managed = true, .n_prefix = 1,
			    .prefix = {{A6(HA), 64, true, true, true, 86400, 14400}}};
	return ha_icmp_packet_build(buf, cap, P6(HA), P6(COA), NULL, P6(HOA), &m);
}

static size_t rs(uint8_t *buf, size_t cap)
{
	return rs_packet_build(buf, cap, P6(LL_MN), &addr6_allrouters, &(struct nd_rs){true, mac_mn});
}
static size_t rs_any(uint8_t *buf, size_t cap) { return rs_packet_build(buf, cap, &addr6_any, &addr6_allrouters, &(struct nd_rs){0}); }
static size_t ra(uint8_t *buf, size_t cap)
{
	struct nd_ra m = {.hop_limit = 64, .is_home_agent = true, .lifetime_s = 9, .reachable_ms = 30000, .retrans_ms = 1000,
		.has_slla = true, .slla = mac_ar, .has_mtu = true, .mtu_oct = 1500,
		.prefix = {{A6("2001:db8:2:11::1"), 64, true, true, true, 86400, 14400}, {A6("2001:db8:2:12::"), 64, true, false, false, 300, 200}},
		.n_prefix = 2, .has_adv_interval = true, .adv_interval_ms = 3000,
		.has_ha_info = true, .ha_takes_routers = true, .ha_preference = 10, .ha_lifetime_s = 1800,
		.has_map = true, .map = {2, 9, false, 3600, A6(MMA)},
		.has_site = true, .site = {ND_SITE_HOME, "foreign"}};
	return ra_packet_build(buf, cap, P6(LL_AR), &addr6_allnodes, &m);
}
static size_t ra_bare(uint8_t *buf, size_t cap)
{
	return ra_packet_build(buf, cap, P6(LL_AR), P6(LL_MN), &(struct nd_ra){.is_managed = true, .is_other = true});
}
static size_t ns(uint8_t *buf, size_t cap)
{
	return ns_packet_build(buf, cap, P6(LL_MN), P6("ff02::1:ff00:1"), &(struct nd_ns){A6(HA), true, mac_mn});
}
static size_t ns_dad(uint8_t *buf, size_t cap)
{
	return ns_packet_build(buf, cap, &addr6_any, P6("ff02::1:ff00:100"), &(struct nd_ns){.target = A6(HOA)});
}
static size_t na(uint8_t *buf, size_t cap)
{
	struct nd_na m = {A6(HOA), .is_router = true, .is_override = true, .has_tlla = true, .tlla = mac_ar};
	return na_packet_build(buf, cap, P6(HA), &addr6_allnodes, &m);
}
static size_t na_solicited(uint8_t *buf, size_t cap)
{
	return na_packet_build(buf, cap, P6(HA), P6(CN), &(struct nd_na){.target = A6(HA), .is_solicited = true});
}

static size_t mld2_allow(uint8_t *buf, size_t cap) { return mld2_state_packet_build(buf, cap, P6(LL_MN), MLD_ALLOW, P6(GROUP), P6(MMA)); }
static size_t mld2_report(uint8_t *buf, size_t cap)
{
	struct addr6 source[] = {A6(MMA), A6("2001:db8:3::1")};
	struct mld_rec rec[] = {{MLD_IS_IN, A6(GROUP), source, 2}, {MLD_TO_EX, A6("ff02::1:ff00:1"), NULL, 0}};
	return mld2_report_packet_build(buf, cap, P6(LL_AR), rec, 2);
}
static size_t mld2_query(uint8_t *buf, size_t cap)
{
	struct mld_query q = {.version = 2, .max_response_ms = 10000, .robustness = 2, .interval_s = 125};
	return mld_query_packet_build(buf, cap, P6(LL_AR), &q);
}
static size_t mld2_query_source(uint8_t *buf, size_t cap)
{
	struct addr6 source = A6(MMA);
	struct mld_query q = {.version = 2, .max_response_ms = 40000, .group = A6(GROUP), .is_suppress = true, .robustness = 3,
			      .interval_s = 240, .source = &source, .n_source = 1};
	return mld_query_packet_build(buf, cap, P6(LL_AR), &q);
}
static size_t mld1_query(uint8_t *buf, size_t cap)
{
	return mld_query_packet_build(buf, cap, P6(LL_AR), &(struct mld_query){.version = 1, .max_response_ms = 10000});
}
static size_t mld1_report(uint8_t *buf, size_t cap) { return mld1_packet_build(buf, cap, P6(LL_MN), MLD1_REPORT, P6("ff05::77")); }
static size_t mld1_done(uint8_t *buf, size_t cap) { return mld1_packet_build(buf, cap, P6(LL_MN), MLD1_DONE, P6("ff05::77")); }

/* A tunnel packet with an empty inner one. */
static size_t tunnel(uint8_t *buf, size_t cap, const char *src, const char *dst, const struct gre *g)
{
	struct wr w = wr_of(buf, cap);
	ip6_head_build(&w, &(struct ip6_head){.tclass = 0xb8, .flow = 0x12345, .next = NH_GRE, .hop_limit = 64, .src = A6(src), .dst = A6(dst)});
	gre_build(&w, g);
	if (g->proto == GRE_PROTO_IPV6)
		ip6_head_build(&w, &(struct ip6_head){.next = NH_NONE, .hop_limit = 63, .src = A6(CN), .dst = A6(HOA)});
	else
		ip4_head_build(&w, &(struct ip4_head){.tos = 0xb8, .total_len_oct = 20, .id = 99, .is_dont_fragment = true, .ttl = 63, .proto = NH_NONE,
						      .src = {{192, 0, 2, 1}}, .dst = {{198, 51, 100, 2}}});
	ip6_head_finish(&w);
	return wr_ok(&w) ? wr_len(&w) : 0;
}
static size_t gre_down(uint8_t *buf, size_t cap)
{
	return tunnel(buf, cap, MMA, GROUP, &(struct gre){.proto = GRE_PROTO_IPV6, .has_seq = true, .seq = 0x01020304});
}
static size_t gre_up(uint8_t *buf, size_t cap)
{
	return tunnel(buf, cap, COA, MMA, &(struct gre){.proto = GRE_PROTO_IPV4, .has_key = true, .key = 0xdeadbeef});
}
static size_t gre_both(uint8_t *buf, size_t cap)
{
	return tunnel(buf, cap, COA, MMA, &(struct gre){.proto = GRE_PROTO_IPV6, .has_key = true, .key = 1, .has_seq = true, .seq = 2});
}

static size_t too_big(uint8_t *buf, size_t cap)
{
	uint8_t about[SAMPLE_CAP_OCT];
	size_t n = gre_down(about, sizeof about);
	return icmp6_error_build(buf, cap, P6(HA), IC6_TOO_BIG, 0, 1400, about, n);
}

#define S(x) {#x, x}
const struct wire_sample wire_samples[] = {
	S(brr), S(hoti), S(coti), S(hot), S(cot), S(bu_home), S(bu_plain), S(bu_mma), S(ba_mma), S(bu_forward), S(bu_cn), S(bu_router),
	S(ba_forward), S(peer_confirm), S(peer_forwarding), S(peer_key),
	S(ba_refused), S(be), S(ha_request), S(ha_reply), S(mps), S(mpa), S(rs), S(rs_any), S(ra), S(ra_bare), S(ns), S(ns_dad), S(na),
	S(na_solicited), S(mld2_allow), S(mld2_report), S(mld2_query), S(mld2_query_source), S(mld1_query), S(mld1_report), S(mld1_done),
	S(gre_down), S(gre_up), S(gre_both), S(too_big),
};
const size_t wire_samples_n = sizeof wire_samples / sizeof wire_samples[0];
