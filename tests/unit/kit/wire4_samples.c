/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire4_samples.h"

#include <openssl/hmac.h>
#include <stdlib.h>

#include "wire/arp/arp.h"
#include "wire/igmp/igmp.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/minenc.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"

#define HOA "192.0.2.100"
#define HA "192.0.2.1"
#define FA "198.51.100.1"
#define COA "198.51.100.77"
#define CN "203.0.113.5"
#define GROUP "232.0.83.1"
#define MMA "198.51.100.9"
#define V6(text) (&(struct addr6[]){A46(text)}[0])
#define ID 0xe000000180000000u

static const struct lladdr mac_ha = {{0, 0, 0x5e, 0, 0x53, 0xaa}}, mac_mn = {{0, 0, 0x5e, 0, 0x53, 1}};
static const uint8_t nai[] = "mn1@example.com", challenge[] = {1, 2, 3, 4, 5, 6, 7, 8}, vendor_data[] = {0xca, 0xfe, 0x01};

static struct addr6 A46(const char *text)
{
	struct addr6 a;
	if (!addr46_parse(&a, text))
		abort();
	return a;
}

void sample4_authenticate(uint8_t *msg, const struct mip4_auth *a)
{
	uint8_t key[16], mac[EVP_MAX_MD_SIZE];
	for (uint8_t i = 0; i < sizeof key; i++)
		key[i] = i;
	HMAC(EVP_md5(), key, sizeof key, msg, a->off, mac, NULL);
	memcpy(msg + a->off, mac, 16);
}

static size_t finish(uint8_t *buf, size_t cap, const struct mip4_path *path, struct mip4 *m)
{
	static const enum mip4_auth_kind order[] = {MIP4_MH, MIP4_AAA, MIP4_MF, MIP4_FH};
	struct mip4_built b;
	size_t n = mip4_packet_build(buf, cap, path, m, &b);
	if (!n)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		if (m->ext.auth[order[i]].n)
			sample4_authenticate(buf + b.msg_off, &m->ext.auth[order[i]]);
	}
	mip4_packet_finish(&b, buf);
	return n;
}

static struct mip4_auth auth(uint32_t spi) { return (struct mip4_auth){.n = 1, .spi = spi, .len_oct = 16}; }

/* A co-located mobile's, with as little as there may be. */
static size_t mip4_request(uint8_t *buf, size_t cap)
{
	struct mip4 m = {.type = MIP4_REQUEST, .request = {MIP4_D | MIP4_T, 300, A46(HOA), A46(HA), A46(COA), ID}, .ext.auth[MIP4_MH] = auth(256)};
	return finish(buf, cap, &(struct mip4_path){.src = A46(COA), .dst = A46(HA), .sport = 50000, .ttl = 255}, &m);
}
/* Through a foreign agent, with everything that a mobile may say. */
static size_t mip4_request_full(uint8_t *buf, size_t cap)
{
	struct mip4 m = {.type = MIP4_REQUEST, .request = {MIP4_S | MIP4_B | MIP4_D | MIP4_M | MIP4_G | MIP4_T, 0xffff, A46("0.0.0.0"), A46("255.255.255.255"), A46(FA), ID},
		.ext = {.auth = {auth(256), auth(257), {0}, auth(258)},
			.has_nai = true, .nai = {.p = nai, .len_oct = sizeof nai - 1},
			.has_challenge = true, .challenge = {.p = challenge, .len_oct = sizeof challenge}, .has_delivery = true,
			.has_udp_request = true, .udp_request = {.is_forced = true, .is_r = true, .encap = 47},
			.n_net = 2, .net = {{.len_bits = 24, .addr = A46("203.0.113.0")}, {.len_bits = 32, .addr = A46("192.0.2.55")}},
			.n_vendor = 2, .vendor = {{.is_critical = true, .enterprise = 32473, .type = 7, .len_oct = 3, .value = vendor_data},
						  {.enterprise = 32473, .type = 9, .len_oct = 2, .value = vendor_data}}}};
	return finish(buf, cap, &(struct mip4_path){.src = A46("0.0.0.0"), .dst = A46(FA), .sport = 434, .ttl = 255}, &m);
}
/* What a foreign agent makes of mip4_request, its own extensions behind the mobile's bytes. */
static size_t mip4_relayed(uint8_t *buf, size_t cap)
{
	uint8_t first[SAMPLE_CAP_OCT];
	struct mip4_packet p;
	struct mip4 m = {.ext = {.auth[MIP4_FH] = auth(300), .has_revocation = true, .revocation = {.inform = true, .timestamp = 0x01020304}}};
	size_t n = mip4_request(first, sizeof first);
	if (mip4_packet_parse(first, n, &p))
		return 0;
	return finish(buf, cap, &(struct mip4_path){.src = A46(FA), .dst = A46(HA), .relay = p.msg, .relay_oct = p.m.ext.relay_oct}, &m);
}
static size_t mip4_reply(uint8_t *buf, size_t cap)
{
	struct mip4 m = {.type = MIP4_REPLY, .reply = {MIP4_ACCEPTED, 300, A46(HOA), A46(HA), ID}, .ext.auth[MIP4_MH] = auth(256)};
	return finish(buf, cap, &(struct mip4_path){.src = A46(HA), .dst = A46(COA), .dport = 50000}, &m);
}
static size_t mip4_reply_full(uint8_t *buf, size_t cap)
{
	struct mip4 m = {.type = MIP4_REPLY, .reply = {MIP4_HA_NET_ERROR, 0, A46(HOA), A46(HA), ID},
		.ext = {.auth = {auth(256), {0}, auth(300), {0}}, .has_nai = true, .nai = {.p = nai, .len_oct = sizeof nai - 1},
			.has_challenge = true, .challenge = {.p = challenge, .len_oct = sizeof challenge},
			.has_revocation = true, .revocation = {.timestamp = 5}, .has_fa_error = true, .fa_error.status = MIP4_FA_HA_AUTH,
			.has_udp_reply = true, .udp_reply = {.code = 64, .is_forced = true, .keepalive_s = 110},
			.n_net = 2, .net = {{.sub = MIP4_NET_EXPLICIT, .code = MIP4_NET_UNAUTHORISED, .len_bits = 24, .addr = A46("203.0.113.0")},
					    {.sub = MIP4_NET_IMPLICIT, .len_bits = 28, .addr = A46("198.51.100.16")}}}};
	return finish(buf, cap, &(struct mip4_path){.src = A46(HA), .dst = A46(FA)}, &m);
}
static size_t mip4_revoke(uint8_t *buf, size_t cap)
{
	struct mip4 m = {.type = MIP4_REVOKE, .revoke = {true, true, A46(HOA), A46(HA), A46(FA), 0x01020304}, .ext.auth[MIP4_FH] = auth(300)};
	return finish(buf, cap, &(struct mip4_path){.src = A46(HA), .dst = A46(FA)}, &m);
}
static size_t mip4_revoke_ack(uint8_t *buf, size_t cap)
{
	struct mip4 m = {.type = MIP4_REVOKE_ACK, .revoke = {.inform = true, .hoa = A46(HOA), .id = 0x01020304}, .ext.auth[MIP4_FH] = auth(300)};
	return finish(buf, cap, &(struct mip4_path){.src = A46(FA), .dst = A46(HA)}, &m);
}
/* At an MMA: what it alone is to know stands behind the mobile-home authenticator. */
static size_t mip4_group_request(uint8_t *buf, size_t cap)
{
	uint8_t first[SAMPLE_CAP_OCT];
	struct mip4_packet p;
	struct rc4_values values;
	struct mip4 own = {.type = MIP4_REQUEST, .request = {MIP4_T, 300, A46(HOA), A46(HA), A46(MMA), ID}, .ext.auth[MIP4_MH] = auth(256)};
	struct mip4 more = {.ext.auth[MIP4_MF] = auth(257)};
	struct rc4 o = {.has_group_request = true, .group_request = {RC_REG_UPLINK_BOUND, A46(GROUP), A46(FA)}};
	size_t n = finish(first, sizeof first, &(struct mip4_path){.src = A46(HOA), .dst = A46(MMA)}, &own);
	if (mip4_packet_parse(first, n, &p) || !rc4_add(&more.ext, &o, &values))
		return 0;
	return finish(buf, cap, &(struct mip4_path){.src = A46(HOA), .dst = A46(MMA), .ttl = 255, .relay = p.msg, .relay_oct = p.m.ext.relay_oct}, &more);
}
/* The home agent's reply with what the MMA adds, to the group. */
static size_t mip4_group_answer(uint8_t *buf, size_t cap)
{
	uint8_t first[SAMPLE_CAP_OCT];
	struct mip4_packet p;
	struct rc4_values values;
	struct mip4 home = {.type = MIP4_REPLY, .reply = {MIP4_ACCEPTED, 300, A46(HOA), A46(HA), ID}, .ext.auth[MIP4_MH] = auth(256)};
	struct mip4 more = {.ext.auth[MIP4_MF] = auth(257)};
	struct rc4 o = {.has_group_answer = true, .group_answer = {.status = RC4_GROUP_OK, .group = A46(GROUP), .site_address = A46("198.51.101.5"), .n_prefix = 2,
		.prefix = {prefix6_from_v4(addr6_to_v4(V6("198.51.101.0")), 24), prefix6_from_v4(addr6_to_v4(V6("198.51.102.128")), 25)}}};
	size_t n = finish(first, sizeof first, &(struct mip4_path){.src = A46(HA), .dst = A46(MMA)}, &home);
	if (mip4_packet_parse(first, n, &p) || !rc4_add(&more.ext, &o, &values))
		return 0;
	return finish(buf, cap, &(struct mip4_path){.src = A46(MMA), .dst = A46(GROUP), .relay = p.msg, .relay_oct = p.m.ext.relay_oct}, &more);
}
/* To the agent that it has left: forward to the new one. */
static size_t mip4_forward(uint8_t *buf, size_t cap)
{
	struct rc4_values values;
	struct mip4 m = {.type = MIP4_REQUEST, .request = {MIP4_T, 0, A46(HOA), A46(HA), A46(MMA), ID}, .ext.auth[MIP4_MF] = auth(257)};
	struct rc4 o = {.has_forward = true, .forward = {.flags = RC_FORWARD_GONE, .has_seq = true, .time_s = 10, .last_seq = 0x01020304, .to = A46(FA), .agent = A46(FA)}};
	return rc4_add(&m.ext, &o, &values) ? finish(buf, cap, &(struct mip4_path){.src = A46(HOA), .dst = A46(MMA)}, &m) : 0;
}
static size_t udp_tunnel(uint8_t *buf, size_t cap)
{
	struct wr w = wr_of(buf, cap);
	struct mip4 m = {.type = MIP4_DATA, .data.next = 4};
	struct udp4_build b = udp4_begin(&w, &(struct ip4_path){.src = A46(COA), .dst = A46(HA), .ttl = 64}, 50000, MIP4_PORT);
	mip4_build(&w, &m);
	size_t inner = ip4_begin(&w, &(struct ip4_path){.src = A46(HOA), .dst = A46(CN), .ttl = 64}, 59);
	(void)ip4_finish(&w, inner);
	return udp4_finish(&w, &b);
}

static size_t adv4_fa(uint8_t *buf, size_t cap)
{
	struct adv4 a = {.lifetime_s = 3, .n_router = 1, .router = {{A46(FA), 0, 24}}, .is_agent = true, .seq = 0xfffe, .reg_lifetime_s = 600,
		.flags = ADV4_R | ADV4_F | ADV4_M | ADV4_G | ADV4_T | ADV4_U | ADV4_X, .n_coa = 1, .coa = {A46(FA)}, .has_prefix_len = true,
		.has_challenge = true, .challenge = {1, 2, 3, 4}, .challenge_oct = 4,
		.has_mma = true, .mma = {ADV4_MMA_HOME, 2, 9, 3600, A46(FA), prefix6_from_v4((struct addr4){{232, 0, 0, 0}}, 16), "foreign"}};
	return adv4_packet_build(buf, cap, V6(FA), &adv4_allnodes, &a);
}
static size_t adv4_ha(uint8_t *buf, size_t cap)
{
	struct adv4 a = {.code = 16, .lifetime_s = 1800, .n_router = 2, .router = {{A46(HA), -5, 0}, {A46("192.0.2.2"), INT32_MIN, 0}}, .is_agent = true,
			 .seq = 256, .reg_lifetime_s = 0xffff, .flags = ADV4_H};
	return adv4_packet_build(buf, cap, V6(HA), V6("255.255.255.255"), &a);
}
static size_t adv4_router(uint8_t *buf, size_t cap)
{
	return adv4_packet_build(buf, cap, V6(HA), &adv4_allnodes, &(struct adv4){.lifetime_s = 1800, .n_router = 1, .router = {{.addr = A46(HA)}}});
}
static size_t sol4(uint8_t *buf, size_t cap) { return sol4_packet_build(buf, cap, V6(HOA), &adv4_allrouters); }
static size_t sol4_any(uint8_t *buf, size_t cap) { return sol4_packet_build(buf, cap, &addr6_any, V6("255.255.255.255")); }

static size_t igmp3_allow(uint8_t *buf, size_t cap) { return igmp3_state_packet_build(buf, cap, V6(HOA), MLD_ALLOW, V6(GROUP), V6(FA)); }
static size_t igmp3_report(uint8_t *buf, size_t cap)
{
	struct addr4 source[] = {addr6_to_v4(V6(FA)), addr6_to_v4(V6(HA))};
	struct igmp_rec rec[] = {{MLD_IS_IN, A46(GROUP), source, 2}, {MLD_TO_EX, A46("239.1.2.3"), NULL, 0}};
	return igmp3_report_packet_build(buf, cap, &addr6_any, rec, 2);
}
static size_t igmp3_query(uint8_t *buf, size_t cap)
{
	return igmp_query_packet_build(buf, cap, V6(FA), &(struct igmp_query){.version = 3, .max_response_ms = 10000, .robustness = 2, .interval_s = 125});
}
static size_t igmp3_query_source(uint8_t *buf, size_t cap)
{
	struct addr4 source = addr6_to_v4(V6(FA));
	struct igmp_query q = {.version = 3, .max_response_ms = 24000, .group = A46(GROUP), .is_suppress = true, .robustness = 3, .interval_s = 240,
			       .source = &source, .n_source = 1};
	return igmp_query_packet_build(buf, cap, V6(FA), &q);
}
static size_t igmp2_query(uint8_t *buf, size_t cap)
{
	return igmp_query_packet_build(buf, cap, V6(FA), &(struct igmp_query){.version = 2, .max_response_ms = 1000, .group = A46(GROUP)});
}
static size_t igmp1_query(uint8_t *buf, size_t cap) { return igmp_query_packet_build(buf, cap, V6(FA), &(struct igmp_query){.version = 1}); }
static size_t igmp1_report(uint8_t *buf, size_t cap) { return igmp2_packet_build(buf, cap, V6(HOA), IGMP1_REPORT, V6("239.1.2.3")); }
static size_t igmp2_report(uint8_t *buf, size_t cap) { return igmp2_packet_build(buf, cap, V6(HOA), IGMP2_REPORT, V6("239.1.2.3")); }
static size_t igmp2_leave(uint8_t *buf, size_t cap) { return igmp2_packet_build(buf, cap, V6(HOA), IGMP2_LEAVE, V6("239.1.2.3")); }

static size_t original(uint8_t *buf, size_t cap)
{
	struct wr w = wr_of(buf, cap);
	struct udp4_build b = udp4_begin(&w, &(struct ip4_path){.src = A46(CN), .dst = A46(HOA), .ttl = 60, .tos = 0xb8}, 40000, 9);
	wr_bytes(&w, "roamcast", 8);
	return udp4_finish(&w, &b);
}
static size_t minenc_far(uint8_t *buf, size_t cap)
{
	uint8_t pkt[SAMPLE_CAP_OCT];
	size_t n = original(pkt, sizeof pkt), out = 0;
	return minenc_wrap(buf, cap, V6(HA), V6(COA), pkt, n, &out) ? 0 : out;
}
static size_t minenc_own(uint8_t *buf, size_t cap)
{
	uint8_t pkt[SAMPLE_CAP_OCT];
	size_t n = original(pkt, sizeof pkt), out = 0;
	return minenc_wrap(buf, cap, V6(CN), V6(COA), pkt, n, &out) ? 0 : out;
}
static size_t icmp4_port(uint8_t *buf, size_t cap)
{
	uint8_t pkt[SAMPLE_CAP_OCT];
	size_t n = original(pkt, sizeof pkt);
	return icmp4_error_build(buf, cap, V6(HA), IC4_UNREACHABLE, IC4_PORT, 0, pkt, n);
}
static size_t icmp4_too_big(uint8_t *buf, size_t cap)
{
	uint8_t pkt[SAMPLE_CAP_OCT];
	size_t n = original(pkt, sizeof pkt);
	return icmp4_error_build(buf, cap, V6(HA), IC4_UNREACHABLE, IC4_TOO_BIG, 1400, pkt, n);
}

static size_t arp_ask(uint8_t *buf, size_t cap)
{
	struct arp a = arp_request(&mac_mn, V6(HOA), V6(HA));
	return arp_build(buf, cap, &a);
}
static size_t arp_answer(uint8_t *buf, size_t cap)
{
	struct arp asked = arp_request(&mac_mn, V6(HOA), V6(HA)), a = arp_reply(&mac_ha, &asked);
	return arp_build(buf, cap, &a);
}
static size_t arp_take(uint8_t *buf, size_t cap)
{
	struct arp a = arp_gratuitous(&mac_ha, V6(HOA), ARP_REQUEST);
	return arp_build(buf, cap, &a);
}
static size_t arp_take_reply(uint8_t *buf, size_t cap)
{
	struct arp a = arp_gratuitous(&mac_ha, V6(HOA), ARP_REPLY);
	return arp_build(buf, cap, &a);
}
static size_t arp_probe_sample(uint8_t *buf, size_t cap)
{
	struct arp a = arp_probe(&mac_mn, V6(HOA));
	return arp_build(buf, cap, &a);
}

#define S(x) {#x, x}
const struct wire_sample wire4_samples[] = {
	S(mip4_request), S(mip4_request_full), S(mip4_relayed), S(mip4_reply), S(mip4_reply_full), S(mip4_revoke), S(mip4_revoke_ack),
	S(mip4_group_request), S(mip4_group_answer), S(mip4_forward), S(udp_tunnel),
	S(adv4_fa), S(adv4_ha), S(adv4_router), S(sol4), S(sol4_any), S(igmp3_allow), S(igmp3_report), S(igmp3_query), S(igmp3_query_source),
	S(igmp2_query), S(igmp1_query), S(igmp1_report), S(igmp2_report), S(igmp2_leave), S(minenc_far), S(minenc_own), S(icmp4_port), S(icmp4_too_big),
};
const size_t wire4_samples_n = sizeof wire4_samples / sizeof wire4_samples[0];
const struct wire_sample arp_samples[] = {S(arp_ask), S(arp_answer), S(arp_take), S(arp_take_reply), {"arp_probe", arp_probe_sample}};
const size_t arp_samples_n = sizeof arp_samples / sizeof arp_samples[0];
