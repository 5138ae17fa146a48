/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions of another implementation (UMIP 2.0.2 and the kernel's own neighbour discovery and MLD), recorded for this project.
 * Every packet parses; every Mobility Header message, parsed and built again, gives the very bytes; the
 * authenticators of binding updates to the correspondent node follow from the recorded keygen tokens. H-6.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "wire/mip6/ha_icmp.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"
#include "wire/nd/nd.h"
#include "../kit/wire_pcap.h"

static const char *const sessions[] = {"umip-session.pcap", "umip-session-core.pcap", "umip-session-dhaad.pcap"};

struct seen {
	unsigned mh[8], nd[4], mld, ha, rebuilt, authenticated, other;
	uint64_t home_token, coa_token; /* of the last HoT and CoT */
	bool has_home, has_coa;
};

static const char *path_of(const char *name)
{
	static char path[512];
	snprintf(path, sizeof path, "%s/%s", GOLDEN_DIR, name);
	return path;
}

static void rebuild(struct seen *s, const uint8_t *pkt, const struct mh_packet *p)
{
	uint8_t again[1500];
	struct mh m = p->mh;
	struct mh_built b;
	struct mh_path path = {.src = p->src, .dst = p->dst, .hao = p->has_hao ? &p->hao : NULL, .rh2 = p->has_rh2 ? &p->rh2 : NULL,
			       .hop_limit = p->hop_limit};
	size_t n = mh_packet_build(again, sizeof again, &path, &m, &b);
	assert_true(n);
	if (b.auth_len_oct)
		mh_built_auth_set(&b, again, pkt + b.auth_off);
	mh_packet_finish(&b, again);
	again[1] = pkt[1], again[2] = pkt[2], again[3] = pkt[3]; /* flow label: not of the message */
	/* The peer may write more padding than alignment asks for: compare where it has the same length. */
	if (n == (size_t)(p->head - pkt) + p->mh.len_oct) {
		assert_memory_equal(again, pkt, n);
		s->rebuilt++;
	}
}

/* RFC 6275 5.2.5 and 6.2.7: Kbm = SHA1(home token | care-of token), authenticator over care-of address | correspondent | message.
 * A de-registration is signed with the home token alone. */
static void check_binding_auth(struct seen *s, const struct mh_packet *p, const struct addr6 *coa, const struct addr6 *cn)
{
	uint8_t tokens[16], kbm[SHA_DIGEST_LENGTH], input[512], mac[EVP_MAX_MD_SIZE];
	struct iov_in piece[MH_AUTH_PIECES];
	size_t n = 0;
	for (int i = 0; i < 8; i++) {
		tokens[i] = (uint8_t)(s->home_token >> (56 - 8 * i));
		tokens[8 + i] = (uint8_t)(s->coa_token >> (56 - 8 * i));
	}
	bool is_dereg = p->mh.type == MH_BU ? p->mh.bu.lifetime_s == 0 : p->mh.ba.lifetime_s == 0;
	SHA1(tokens, is_dereg ? 8 : 16, kbm);
	for (size_t i = 0, pieces = mh_auth_input(coa, cn, p->head, p->mh.opt.bind_auth_off, piece); i < pieces; i++) {
		memcpy(input + n, piece[i].p, piece[i].len_oct);
		n += piece[i].len_oct;
	}
	HMAC(EVP_sha1(), kbm, sizeof kbm, input, n, mac, NULL);
	assert_memory_equal(mac, p->head + p->mh.opt.bind_auth_off, MH_AUTH_LEN_OCT);
	s->authenticated++;
}

static void on_mh(struct seen *s, const uint8_t *pkt, const struct mh_packet *p)
{
	s->mh[p->mh.type]++;
	rebuild(s, pkt, p);
	if (p->mh.type == MH_HOT)
		s->home_token = p->mh.test.token, s->has_home = true;
	if (p->mh.type == MH_COT)
		s->coa_token = p->mh.test.token, s->has_coa = true;
	if (p->mh.opt.has_bind_auth && p->mh.type == MH_BU && s->has_home && s->has_coa)
		check_binding_auth(s, p, mh_packet_coa(p), &p->dst);
	if (p->mh.opt.has_bind_auth && p->mh.type == MH_BA && s->has_home && s->has_coa)
		check_binding_auth(s, p, &p->dst, &p->src);
}

static void on_icmp(struct seen *s, const uint8_t *pkt, size_t n, uint8_t type)
{
	struct nd_packet nd;
	struct mld_packet mld;
	struct ha_icmp_packet ha;
	if (type >= IC6_RS && type <= IC6_NA) {
		assert_int_equal(nd_packet_parse(pkt, n, &nd), W_OK);
		s->nd[type - IC6_RS]++;
	} else if (type == IC6_MLD_QUERY || type == IC6_MLD2_REPORT) {
		/* Before it has an address a host reports from ::, which routers must not take (RFC 3810 5.2.13). */
		enum wire_err e = mld_packet_parse(pkt, n, &mld);
		assert_int_equal(e, addr6_is_any(&mld.src) ? W_SOURCE : W_OK);
		s->mld++;
	} else if (type >= IC6_HA_REQUEST && type <= IC6_MPA) {
		assert_int_equal(ha_icmp_packet_parse(pkt, n, &ha), W_OK);
		s->ha++;
	} else
		s->other++;
}

static void each(void *ctx, const uint8_t *pkt, size_t n)
{
	struct seen *s = ctx;
	struct ip6_walk ip;
	struct mh_packet mh;
	assert_int_equal(ip6_walk(pkt, n, &ip), W_OK);
	if (ip.proto == NH_IPV6)
		each(ctx, pkt + ip.off, ip.len_oct);
	else if (ip.proto == NH_MH) {
		assert_int_equal(mh_packet_parse(pkt, n, &mh), W_OK);
		on_mh(s, pkt, &mh);
	} else if (ip.proto == NH_ICMP6)
		on_icmp(s, pkt, n, pkt[ip.off]);
	else
		s->other++;
}

static void recorded_sessions_parse_and_build_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
		struct seen s = {0};
		int frames = pcap_each_ip6(path_of(sessions[i]), each, &s);
		unsigned messages = 0;
		for (int t = MH_HOTI; t <= MH_BA; t++) {
			messages += s.mh[t];
			assert_true(s.mh[t] > 0); /* return routability and registration are in each session */
		}
		print_message("%s: %d frames, %u Mobility Headers (%u built again), %u authenticators, RA %u, MLD %u, home agent ICMP %u\n",
			      sessions[i], frames, messages, s.rebuilt, s.authenticated, s.nd[1], s.mld, s.ha);
		assert_true(frames > 100);
		assert_int_equal(s.rebuilt, messages);
		assert_true(s.authenticated >= 4);
		assert_true(s.nd[0] + s.nd[1] + s.nd[2] + s.nd[3] > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_sessions_parse_and_build_again)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
