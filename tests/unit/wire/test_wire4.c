/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields of IPv4's messages, and what the RFCs say must be refused, skipped or told. H-7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/arp/arp.h"
#include "wire/igmp/igmp.h"
#include "wire/ip/csum.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/ip6.h"
#include "wire/ip/minenc.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"
#include "../kit/golden.h"
#include "../kit/wire4_samples.h"

static uint8_t pkt[SAMPLE_CAP_OCT];
static size_t len;

static void sample(const char *name) { len = sample_named(wire4_samples, wire4_samples_n, name, pkt); }

static void put16(size_t at, uint16_t v)
{
	pkt[at] = (uint8_t)(v >> 8);
	pkt[at + 1] = (uint8_t)v;
}

/* After a change: total length and checksums made right again. */
static void mend(void)
{
	size_t off = (pkt[0] & 15u) * 4;
	put16(2, (uint16_t)len);
	put16(10, 0);
	put16(10, csum_fold(csum_add(0, pkt, off)));
	if (pkt[9] == NH_UDP) {
		put16(off + 4, (uint16_t)(len - off));
		put16(off + 6, 0);
	} else {
		put16(off + 2, 0);
		put16(off + 2, csum_fold(csum_add(0, pkt + off, len - off)));
	}
}

static const char *text(const struct addr6 *a)
{
	static char buf[ADDR_STRLEN];
	return addr46_str(a, buf);
}

/* A request of these extensions alone, parsed. */
static struct mip4 m;
static uint8_t message[512];
static enum wire_err request_with(uint8_t type, uint8_t flags, const uint8_t *ext, size_t n)
{
	memset(message, 0, sizeof message);
	message[0] = type;
	message[1] = flags;
	size_t head = type == MIP4_REQUEST ? 24 : 20;
	memcpy(message + head, ext, n);
	struct rd r = rd_of(message, head + n);
	return mip4_parse(&r, &m);
}
#define REQUEST(...) request_with(MIP4_REQUEST, MIP4_T, (const uint8_t[]){__VA_ARGS__}, sizeof (const uint8_t[]){__VA_ARGS__})
#define REPLY(...) request_with(MIP4_REPLY, 0, (const uint8_t[]){__VA_ARGS__}, sizeof (const uint8_t[]){__VA_ARGS__})
#define MAC 0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#define MH_AUTH 32, 20, MAC
#define MF_AUTH 33, 20, MAC
#define FH_AUTH 34, 20, MAC
#define AAA_AUTH 36, 1, 0, 20, MAC
#define NAI_X 131, 3, 'a', '@', 'b'
#define CHALLENGE_X 132, 4, 1, 2, 3, 4
#define DELIVERY_X 130, 0

static void a_full_request_gives_every_field(void **state)
{
	(void)state;
	struct mip4_packet p;
	sample("mip4_request_full");
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.ttl == 255 && p.sport == 434 && p.dport == 434 && p.has_csum);
	const struct mip4_request *q = &p.m.request;
	assert_true(q->flags == 0xfa && q->lifetime_s == MIP4_LIFETIME_INFINITE && q->id == 0xe000000180000000u && addr6_is_none(&q->hoa));
	assert_string_equal(text(&q->ha), "255.255.255.255");
	assert_string_equal(text(&q->coa), "198.51.100.1");
	const struct mip4_exts *x = &p.m.ext;
	assert_true(x->has_nai && x->nai.len_oct == 15 && !memcmp(x->nai.p, "mn1@example.com", 15));
	assert_true(x->has_udp_request && x->udp_request.is_forced && x->udp_request.is_r && x->udp_request.encap == 47);
	assert_true(x->n_net == 2 && x->net[0].sub == MIP4_NET_REQUEST && x->net[0].len_bits == 24 && x->net[1].len_bits == 32);
	assert_string_equal(text(&x->net[0].addr), "203.0.113.0");
	assert_true(x->n_vendor == 2 && x->vendor[0].is_critical && x->vendor[0].enterprise == 32473 && x->vendor[0].type == 7);
	assert_true(x->vendor[0].len_oct == 3 && x->vendor[0].value[0] == 0xca && !x->vendor[1].is_critical && x->vendor[1].type == 9);
	assert_true(x->has_challenge && x->challenge.len_oct == 8 && x->has_delivery);
	assert_true(x->auth[MIP4_MH].spi == 256 && x->auth[MIP4_MF].spi == 257 && x->auth[MIP4_AAA].spi == 258 && !x->auth[MIP4_FH].n);
	assert_true(mip4_is_covered(x, x->nai.off, MIP4_MH) && mip4_is_covered(x, x->nai.off, MIP4_MF));
	assert_true(!mip4_is_covered(x, x->challenge.off, MIP4_MH) && mip4_is_covered(x, x->challenge.off, MIP4_AAA));
	assert_false(mip4_is_covered(x, x->nai.off, MIP4_FH));
	assert_int_equal(x->relay_oct, x->auth[MIP4_AAA].off + 16);
	assert_int_equal(p.m.len_oct, len - 28);
}

static void other_messages_give_every_field(void **state)
{
	(void)state;
	struct mip4_packet p;
	sample("mip4_reply_full");
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	const struct mip4_exts *x = &p.m.ext;
	assert_true(p.m.reply.code == MIP4_HA_NET_ERROR && !mip4_code_accepts(p.m.reply.code));
	assert_true(x->n_net == 2 && x->net[0].sub == MIP4_NET_EXPLICIT && x->net[0].code == MIP4_NET_UNAUTHORISED && x->net[1].sub == MIP4_NET_IMPLICIT);
	assert_true(x->udp_reply.code == 64 && x->udp_reply.is_forced && x->udp_reply.keepalive_s == 110 && x->fa_error.status == 68);
	assert_true(x->has_revocation && !x->revocation.inform && x->revocation.timestamp == 5);
	assert_true(mip4_is_covered(x, x->fa_error.off, MIP4_FH) && !mip4_is_covered(x, x->fa_error.off, MIP4_MH));
	sample("mip4_relayed");
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.m.request.flags == (MIP4_D | MIP4_T) && p.m.ext.revocation.inform && p.m.ext.auth[MIP4_FH].spi == 300);
	assert_true(mip4_is_covered(&p.m.ext, p.m.ext.revocation.off, MIP4_FH) && p.m.ext.relay_oct == 24 + 22);
	sample("mip4_revoke");
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.m.revoke.is_ha && p.m.revoke.inform && p.m.revoke.id == 0x01020304);
	assert_string_equal(text(&p.m.revoke.foreign), "198.51.100.1");
	sample("mip4_revoke_ack");
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.m.type == MIP4_REVOKE_ACK && p.m.revoke.inform && p.m.revoke.id == 0x01020304);
	sample("udp_tunnel");
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.m.type == MIP4_DATA && p.m.data.next == 4 && p.m.len_oct == 4 && p.msg[4] == 0x45);
}

/* RFC 5944 1.8: unknown extensions of 128 to 255 are skipped, of 0 to 127 discard the message. Padding is neither. */
static void unknown_extensions_are_skipped_or_discard(void **state)
{
	(void)state;
	for (unsigned type = 1; type < 256; type++) {
		bool is_known = type == 32 || type == 33 || type == 34 || type == 36 || type == 38 || (type >= 130 && type <= 132) || type == 134 ||
				type == 137 || type == 144 || type == 148;
		if (is_known)
			continue;
		assert_int_equal(REQUEST(0, (uint8_t)type, 2, 7, 7, MH_AUTH), type < 128 ? W_OPTION : W_OK); /* 44, 45: only in replies */
		assert_int_equal(m.ext.n_unknown, type >= 128);
	}
	assert_int_equal(REQUEST(36, 2, 0, 20, MAC), W_OPTION); /* a sub-type of the generalised one that nobody knows */
	assert_int_equal(REQUEST(200, 9, 1), W_LENGTH);
	assert_int_equal(REQUEST(144, 6, 0, 0, 0, 4, 0, 1), W_OK); /* RFC 3519 3.1: reserved 3 not zero: not understood */
	assert_true(!m.ext.has_udp_request && m.ext.n_unknown == 1);
	assert_int_equal(REPLY(44, 6, 1, 0, 0, 0, 0, 0), W_OPTION); /* the reply is not skippable */
}

static void order_around_authenticators_is_kept(void **state)
{
	(void)state;
	assert_int_equal(REQUEST(NAI_X, MH_AUTH, CHALLENGE_X, DELIVERY_X, AAA_AUTH, MF_AUTH), W_OK);
	assert_int_equal(REQUEST(MH_AUTH, NAI_X), W_OPTION_ORDER);              /* RFC 2794 2 */
	assert_int_equal(REQUEST(DELIVERY_X, MH_AUTH), W_OPTION_ORDER);         /* RFC 3024 3.3 */
	assert_int_equal(REQUEST(MH_AUTH, MF_AUTH, DELIVERY_X), W_OPTION_ORDER);
	assert_int_equal(REQUEST(CHALLENGE_X, MH_AUTH, MF_AUTH), W_OPTION_ORDER); /* RFC 4721 3.1 */
	assert_int_equal(REQUEST(MH_AUTH, AAA_AUTH, CHALLENGE_X, MF_AUTH), W_OPTION_ORDER);
	assert_int_equal(REQUEST(AAA_AUTH, MH_AUTH), W_OPTION_ORDER);           /* RFC 4721 6 */
	assert_int_equal(REQUEST(MH_AUTH, MF_AUTH, AAA_AUTH), W_OPTION_ORDER);
	assert_int_equal(REQUEST(MH_AUTH, FH_AUTH, 200, 0), W_OPTION_ORDER);    /* nothing protects it */
	assert_int_equal(REQUEST(MH_AUTH, FH_AUTH, 0), W_OK);                   /* padding is nothing */
	assert_int_equal(REQUEST(MH_AUTH, MF_AUTH, FH_AUTH), W_OK);
	assert_int_equal(REQUEST(MH_AUTH, FH_AUTH, MF_AUTH), W_OPTION_ORDER);
	assert_true(m.ext.auth[MIP4_MH].n == 1 && m.ext.auth[MIP4_FH].n == 1);  /* filled all the same, for the answer */
	assert_int_equal(REPLY(MH_AUTH, NAI_X, CHALLENGE_X), W_OK);             /* these rules are of requests */
	assert_int_equal(request_with(MIP4_REQUEST, 0, (const uint8_t[]){MH_AUTH, DELIVERY_X}, 24), W_VALUE); /* without T */
	assert_int_equal(REQUEST(MH_AUTH, MH_AUTH), W_OK);
	assert_true(m.ext.auth[MIP4_MH].n == 2 && !mip4_is_covered(&m.ext, 0, MIP4_MH)); /* RFC 5944 3.8.2.1: the engine refuses */
}

static void wrong_lengths_are_poorly_formed_and_the_rest_is_there(void **state)
{
	(void)state;
	assert_int_equal(REQUEST(137, 5, 0, 0, 0, 0, 0, MH_AUTH), W_LENGTH);
	assert_true(m.ext.auth[MIP4_MH].n == 1 && !m.ext.has_revocation);
	assert_int_equal(REQUEST(137, 8, 0x80, 0, 0, 0, 0, 9, 1, 1, MH_AUTH), W_OK); /* RFC 3543 3.2: may grow */
	assert_true(m.ext.has_revocation && m.ext.revocation.inform && m.ext.revocation.timestamp == 9);
	assert_int_equal(REQUEST(148, 8, 0, 0, 24, 0, 1, 2, 3, 0), W_LENGTH);
	assert_int_equal(REQUEST(148, 6, 1, 24, 1, 2, 3, 0), W_LENGTH);
	assert_int_equal(REQUEST(148, 6, 3, 24, 1, 2, 3, 0), W_OK);
	assert_int_equal(m.ext.n_unknown, 1);
	assert_int_equal(REQUEST(148, 6, 0, 33, 1, 2, 3, 0), W_OK); /* code 1 answers it */
	assert_int_equal(m.ext.net[0].len_bits, 33);
	assert_int_equal(REQUEST(130, 1, 0), W_LENGTH);
	assert_int_equal(REQUEST(131, 0), W_LENGTH);
	assert_int_equal(REQUEST(32, 4, 0, 0, 1, 0), W_LENGTH); /* no authenticator */
	assert_int_equal(REQUEST(36, 1, 0, 19, 0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), W_LENGTH);
	assert_int_equal(REQUEST(38, 0, 0, 5, 0, 0, 0, 0, 0), W_LENGTH);
	assert_int_equal(REQUEST(NAI_X, 131, 1, 'x', MH_AUTH), W_OK);
	assert_int_equal(m.ext.nai.len_oct, 3); /* the first counts */
	uint8_t many[9 * 8];
	for (size_t i = 0; i < 9; i++)
		memcpy(many + 8 * i, (const uint8_t[]){148, 6, 0, 24, 1, 2, 3, 0}, 8);
	assert_int_equal(request_with(MIP4_REQUEST, 0, many, sizeof many), W_LIMIT);
	assert_int_equal(m.ext.n_net, MIP4_NET_MAX);
	struct rd r = rd_of((const uint8_t[]){2, 0, 0, 0}, 4);
	assert_int_equal(mip4_parse(&r, &m), W_TYPE);
	assert_string_equal(mip4_type_str(MIP4_REVOKE), "registration-revocation");
	assert_string_equal(mip4_code_str(MIP4_HA_ID_MISMATCH), "home agent: identification mismatch");
	assert_string_equal(mip4_code_str(63), "unknown");
	assert_true(mip4_encap(0) == 4 && mip4_encap(MIP4_M | MIP4_G) == 55 && mip4_encap(MIP4_G) == 47);
}

static void frames_of_control_messages_are_checked(void **state)
{
	(void)state;
	struct mip4_packet p;
	sample("mip4_request"), pkt[27] ^= 1;
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_CHECKSUM);
	sample("mip4_request"), mend(); /* no UDP checksum: taken */
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	assert_false(p.has_csum);
	/* Left to a device: the pseudo-header's sum stands there. One more is a wrong checksum. */
	sample("mip4_request");
	uint32_t begun = NH_UDP + (uint32_t)(len - 20);
	for (size_t i = 12; i < 20; i += 2)
		begun += (uint32_t)pkt[i] << 8 | pkt[i + 1];
	begun = (begun & 0xffff) + (begun >> 16);
	put16(26, (uint16_t)begun);
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
	put16(26, (uint16_t)(begun + 1));
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_CHECKSUM);
	sample("mip4_request"), put16(22, 435), mend();
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_PROTO);
	sample("mip4_request"), pkt[6] |= 0x20, mend();
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_FRAGMENT);
	sample("mip4_request"), mend(), put16(24, (uint16_t)(len - 19));
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_LENGTH);
	sample("mip4_request"), pkt[len++] = 7; /* Ethernet's padding */
	assert_int_equal(mip4_packet_parse(pkt, len, &p), W_OK);
}

static void advertisements_carry_everything(void **state)
{
	(void)state;
	struct adv4_packet p;
	sample("adv4_fa");
	assert_int_equal(adv4_packet_parse(pkt, len, &p), W_OK);
	const struct adv4 *a = &p.adv;
	assert_true(p.type == IC4_ROUTER_ADV && p.ttl == 1 && a->lifetime_s == 3 && a->n_router == 1 && a->router[0].len_bits == 24);
	assert_true(a->is_agent && a->seq == 0xfffe && a->reg_lifetime_s == 600 && a->n_coa == 1 && !(a->flags & (ADV4_H | ADV4_B)));
	assert_true(a->flags == (ADV4_R | ADV4_F | ADV4_M | ADV4_G | ADV4_T | ADV4_U | ADV4_X));
	assert_true(a->has_challenge && a->challenge_oct == 4 && a->challenge[3] == 4);
	assert_true(a->has_mma && a->mma.flags == ADV4_MMA_HOME && a->mma.distance == 2 && a->mma.preference == 9 && a->mma.valid_s == 3600);
	assert_string_equal(text(&a->mma.addr), "198.51.100.1");
	assert_string_equal(PREFIX46_STR(&a->mma.group), "232.0.0.0/16");
	assert_string_equal(a->mma.site, "foreign");
	sample("adv4_ha");
	assert_int_equal(adv4_packet_parse(pkt, len, &p), W_OK);
	assert_true(a->code == 16 && a->router[0].preference == -5 && a->router[1].preference == INT32_MIN && a->flags == ADV4_H && !a->n_coa);
	sample("adv4_router");
	assert_int_equal(adv4_packet_parse(pkt, len, &p), W_OK);
	assert_true(!a->is_agent && a->n_router == 1);
	sample("sol4_any");
	assert_int_equal(adv4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.type == IC4_ROUTER_SOL && addr6_is_none(&p.src));
}

enum { ADV = 28, AGENT = ADV + 8, PREFIX = AGENT + 12, CHAL = PREFIX + 3, OURS = CHAL + 6 };
static enum wire_err adv(struct adv4_packet *p)
{
	mend();
	return adv4_packet_parse(pkt, len, p);
}

static void advertisements_that_rfc5944_forbids_are_refused(void **state)
{
	(void)state;
	struct adv4_packet p;
	sample("adv4_fa"), pkt[8] = 2;
	assert_int_equal(adv(&p), W_HOP_LIMIT);
	sample("adv4_router"), pkt[8] = 64; /* no agent's */
	assert_int_equal(adv(&p), W_OK);
	sample("adv4_fa"), pkt[21] = 3;
	assert_int_equal(adv(&p), W_CODE);
	sample("adv4_fa"), pkt[AGENT + 6] &= 0x0f; /* neither H nor F, but a care-of address */
	assert_int_equal(adv(&p), W_VALUE);
	sample("adv4_ha"), pkt[len - 2] |= 0x40; /* B without F */
	assert_int_equal(adv(&p), W_VALUE);
	sample("adv4_ha"), pkt[len - 2] |= 0x10; /* F without a care-of address */
	assert_int_equal(adv(&p), W_VALUE);
	sample("adv4_fa"), pkt[AGENT + 1] = 9;
	assert_int_equal(adv(&p), W_LENGTH);
	sample("adv4_fa"), pkt[PREFIX + 2] = 33;
	assert_int_equal(adv(&p), W_VALUE);
	sample("adv4_fa"), pkt[CHAL] = 25; /* unknown, not skippable */
	assert_int_equal(adv(&p), W_OPTION);
	sample("adv4_fa"), pkt[CHAL] = 200;
	assert_int_equal(adv(&p), W_OK);
	assert_true(!p.adv.has_challenge && p.adv.n_unknown == 1 && p.adv.has_mma);
	sample("adv4_fa"), pkt[OURS + 7] ^= 1; /* another enterprise */
	assert_int_equal(adv(&p), W_OK);
	assert_false(p.adv.has_mma);
	sample("adv4_fa"), pkt[OURS + 10] = 2; /* a later version */
	assert_int_equal(adv(&p), W_OK);
	assert_false(p.adv.has_mma);
	sample("adv4_fa"), pkt[OURS + 22] = 10; /* groups that are none */
	assert_int_equal(adv(&p), W_VALUE);
	sample("adv4_fa"), pkt[OURS + 13] = 2; /* 192.0.0.0/2 */
	assert_int_equal(adv(&p), W_VALUE);
	sample("adv4_fa"), pkt[OURS + 13] = 33;
	assert_int_equal(adv(&p), W_VALUE);
	assert_true(adv4_seq_next(0xffff) == 256 && adv4_seq_next(7) == 8); /* RFC 5944 2.3.2 */
	assert_true(adv4_seq_is_restart(300, 0) && !adv4_seq_is_restart(0xffff, 256) && !adv4_seq_is_restart(3, 4));
}

static void every_length_of_site_name_survives(void **state)
{
	(void)state;
	struct adv4 a = {.has_mma = true, .mma.addr = addr6_from_v4((struct addr4){{192, 0, 2, 1}})};
	for (size_t n = 0; n < ADV4_SITE_MAX; n++) {
		struct adv4_packet p;
		memset(a.mma.site, 'x', n);
		len = adv4_packet_build(pkt, sizeof pkt, &a.mma.addr, &adv4_allnodes, &a);
		assert_int_equal(adv4_packet_parse(pkt, len, &p), W_OK);
		assert_int_equal(len % 2, 0);
		assert_true(p.adv.has_mma && !p.adv.mma.group.len_bits);
		assert_string_equal(p.adv.mma.site, a.mma.site);
	}
}

static enum wire_err igmp(struct igmp_packet *p)
{
	mend();
	return igmp_packet_parse(pkt, len, p);
}

static void memberships_give_every_field(void **state)
{
	(void)state;
	struct igmp_packet p;
	struct igmp_rec rec;
	sample("igmp3_report");
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.kind == IGMP3_REPORT && p.n_rec == 2 && addr6_is_none(&p.src));
	struct rd it = p.recs;
	assert_true(igmp_rec_next(&it, &rec) && rec.type == MLD_IS_IN && rec.n_source == 2);
	struct addr6 second = igmp_source(rec.source, 1);
	assert_string_equal(text(&rec.group), "232.0.83.1");
	assert_string_equal(text(&second), "192.0.2.1");
	assert_true(igmp_rec_next(&it, &rec) && rec.type == MLD_TO_EX && !rec.n_source && !igmp_rec_next(&it, &rec));
	sample("igmp3_query_source");
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.query.version == 3 && p.query.is_suppress && p.query.robustness == 3 && p.query.interval_s == 240);
	assert_true(p.query.max_response_ms == 24000 && p.query.n_source == 1);
	sample("igmp2_query");
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.query.version == 2 && p.query.max_response_ms == 1000);
	sample("igmp1_query");
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.query.version == 1 && p.query.max_response_ms == 10000 && addr6_is_none(&p.query.group));
	sample("igmp2_leave");
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.kind == IGMP2_LEAVE);
	assert_string_equal(text(&p.group), "239.1.2.3");
	for (unsigned code = 0; code < 256; code++)
		assert_int_equal(igmp_response_code(igmp_response_ms((uint8_t)code)), code);
}

static void memberships_that_may_be_forged_are_refused(void **state)
{
	(void)state;
	struct igmp_packet p;
	enum { HEAD = 24 };
	sample("igmp3_allow"), pkt[8] = 2;
	assert_int_equal(igmp(&p), W_HOP_LIMIT);
	sample("igmp3_allow"), pkt[20] = 1, pkt[21] = 1, pkt[22] = 1, pkt[23] = 0; /* no router alert */
	assert_int_equal(igmp(&p), W_OPTION);
	sample("igmp3_query"), pkt[20] = 1, pkt[21] = 1, pkt[22] = 1, pkt[23] = 0;
	assert_int_equal(igmp(&p), W_OPTION);
	sample("igmp3_allow"), pkt[21] = 1; /* an option of one byte's length */
	assert_int_equal(igmp(&p), W_OPTION);
	sample("igmp3_allow"), pkt[12] = 224;
	assert_int_equal(igmp(&p), W_SOURCE);
	sample("igmp3_allow"), pkt[HEAD + 7] = 2;
	assert_int_equal(igmp(&p), W_TRUNCATED);
	sample("igmp3_allow"), pkt[HEAD + 11] = 2;
	assert_int_equal(igmp(&p), W_TRUNCATED);
	sample("igmp3_allow"), pkt[HEAD + 9] = 1; /* auxiliary data that are not there */
	assert_int_equal(igmp(&p), W_TRUNCATED);
	sample("igmp3_allow"), pkt[HEAD + 12] = 10;
	assert_int_equal(igmp(&p), W_VALUE);
	sample("igmp3_query"), len -= 2; /* no version's length */
	assert_int_equal(igmp(&p), W_LENGTH);
	sample("igmp2_leave"), pkt[HEAD] = 0x13;
	assert_int_equal(igmp(&p), W_TYPE);
	sample("igmp3_allow"), pkt[len - 1] ^= 1;
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_CHECKSUM);
	sample("sol4");
	assert_int_equal(igmp_packet_parse(pkt, len, &p), W_PROTO);
}

/* RFC 2004: the way there and back, options of the header kept; no fragments. */
static void minimal_encapsulation_gives_the_packet_back(void **state)
{
	(void)state;
	static const char *const inner[] = {"mip4_request", "igmp3_report", "sol4"};
	struct addr6 ha = addr6_from_v4((struct addr4){{192, 0, 2, 1}}), coa = addr6_from_v4((struct addr4){{198, 51, 100, 77}});
	uint8_t tunnelled[SAMPLE_CAP_OCT], back[SAMPLE_CAP_OCT];
	size_t n, m_back;
	for (size_t i = 0; i < 3; i++) {
		sample(inner[i]);
		assert_int_equal(minenc_wrap(tunnelled, sizeof tunnelled, &ha, &coa, pkt, len, &n), W_OK);
		assert_int_equal(n, len + 12);
		assert_int_equal(minenc_unwrap(back, sizeof back, tunnelled, n, &m_back), W_OK);
		assert_int_equal(m_back, len);
		assert_memory_equal(back, pkt, len);
	}
	sample("mip4_request");
	assert_int_equal(minenc_wrap(tunnelled, sizeof tunnelled, &coa, &ha, pkt, len, &n), W_OK); /* the encapsulator is the source */
	assert_int_equal(n, len + 8);
	tunnelled[21] ^= 1;
	assert_int_equal(minenc_unwrap(back, sizeof back, tunnelled, n, &m_back), W_CHECKSUM);
	assert_int_equal(minenc_unwrap(back, sizeof back, pkt, len, &m_back), W_PROTO);
	assert_int_equal(minenc_wrap(tunnelled, len + 11, &ha, &coa, pkt, len, &n), W_LIMIT);
	pkt[7] = 1, mend();
	assert_int_equal(minenc_wrap(tunnelled, sizeof tunnelled, &ha, &coa, pkt, len, &n), W_FRAGMENT);
}

static void errors_are_about_what_may_be_told(void **state)
{
	(void)state;
	struct icmp4_packet p;
	struct icmp4_about about;
	sample("icmp4_too_big");
	assert_int_equal(icmp4_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.code == IC4_TOO_BIG && p.body[2] == 1400 >> 8 && icmp4_error_about(&p, &about));
	assert_true(about.proto == NH_UDP && about.sport == 40000 && about.dport == 9);
	assert_string_equal(text(&about.dst), "192.0.2.100");
	assert_false(icmp4_error_is_allowed(pkt, len)); /* about an error */
	p.body_len_oct = 4 + 20 + 7;
	assert_false(icmp4_error_about(&p, &about));
	sample("mip4_request");
	assert_true(icmp4_error_is_allowed(pkt, len));
	pkt[7] = 1, mend(); /* not the first fragment */
	assert_false(icmp4_error_is_allowed(pkt, len));
	sample("igmp3_allow");
	assert_false(icmp4_error_is_allowed(pkt, len));
	sample("sol4_any");
	assert_false(icmp4_error_is_allowed(pkt, len));
}

static void arp_says_who_asks_and_who_takes(void **state)
{
	(void)state;
	struct arp a;
	struct addr6 hoa = addr6_from_v4((struct addr4){{192, 0, 2, 100}});
	struct lladdr ll = {{0, 0, 0x5e, 0, 0x53, 1}};
	uint8_t buf[ARP_OCT];
	a = arp_gratuitous(&ll, &hoa, ARP_REPLY);
	assert_int_equal(arp_build(buf, sizeof buf, &a), ARP_OCT);
	assert_int_equal(arp_parse(buf, sizeof buf, &a), W_OK);
	assert_true(arp_is_gratuitous(&a) && !arp_is_probe(&a) && lladdr_eq(&a.target_ll, &ll));
	a = arp_probe(&ll, &hoa);
	(void)arp_build(buf, sizeof buf, &a);
	assert_int_equal(arp_parse(buf, sizeof buf, &a), W_OK);
	assert_true(arp_is_probe(&a) && !arp_is_gratuitous(&a));
	static const struct { uint8_t at, value; enum wire_err e; } wrong[] = {
		{1, 6, W_VALUE}, {2, 0x86, W_VALUE}, {4, 8, W_VALUE}, {5, 6, W_VALUE}, {8, 1, W_VALUE}, {14, 224, W_SOURCE}, {6, 1, W_TYPE}, {7, 3, W_TYPE}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		(void)arp_build(buf, sizeof buf, &(struct arp){.op = 1, .sender_ll = ll, .sender = hoa, .target = hoa});
		buf[wrong[i].at] = wrong[i].value;
		assert_int_equal(arp_parse(buf, sizeof buf, &a), wrong[i].e);
	}
}

/* doc/decisions/ipv4-mapped.md */
static void ipv4_lives_in_the_same_addresses(void **state)
{
	(void)state;
	struct addr6 a;
	struct prefix6 p;
	assert_true(addr46_parse(&a, "192.0.2.1") && addr6_is_v4mapped(&a) && addr6_is_v4unicast(&a));
	assert_string_equal(text(&a), "192.0.2.1");
	assert_true(addr46_parse(&a, "2001:db8::1") && !addr6_is_v4unicast(&a));
	assert_string_equal(text(&a), "2001:db8::1");
	assert_false(addr46_parse(&a, "192.0.2") || addr46_parse(&a, "192.0.2.1/24"));
	assert_true(prefix46_parse(&p, "192.0.2.0/24") && p.len_bits == 120);
	assert_string_equal(PREFIX46_STR(&p), "192.0.2.0/24");
	assert_true(prefix46_parse(&p, "0.0.0.0/0") && p.len_bits == 96);
	assert_string_equal(PREFIX46_STR(&p), "0.0.0.0/0");
	assert_true(prefix46_parse(&p, "2001:db8::/32"));
	assert_string_equal(PREFIX46_STR(&p), "2001:db8::/32");
	static const char *const wrong[] = {"192.0.2.0/33", "192.0.2.1/24", "192.0.2.0/", "192.0.2.0", "ffff/8", "192.0.2.0/2x", "192.0.2.0/024"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(prefix46_parse(&p, wrong[i]));
	struct addr6 none = addr6_from_v4((struct addr4){{0}}), group = addr6_from_v4((struct addr4){{239, 129, 2, 3}});
	assert_true(addr6_is_none(&none) && addr6_is_none(&addr6_any) && addr6_is_v4multicast(&group) && !addr6_is_v4unicast(&group));
	struct lladdr ll = lladdr_of_multicast4(&group);
	assert_string_equal(LLADDR_STR(&ll), "01:00:5e:01:02:03");
	uint8_t four[4];
	struct wr w = wr_of(four, sizeof four);
	a = A6("2001:db8::1"), wr_v4(&w, &a);
	assert_false(wr_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_request_gives_every_field),
		cmocka_unit_test(other_messages_give_every_field),
		cmocka_unit_test(unknown_extensions_are_skipped_or_discard),
		cmocka_unit_test(order_around_authenticators_is_kept),
		cmocka_unit_test(wrong_lengths_are_poorly_formed_and_the_rest_is_there),
		cmocka_unit_test(frames_of_control_messages_are_checked),
		cmocka_unit_test(advertisements_carry_everything),
		cmocka_unit_test(advertisements_that_rfc5944_forbids_are_refused),
		cmocka_unit_test(every_length_of_site_name_survives),
		cmocka_unit_test(memberships_give_every_field),
		cmocka_unit_test(memberships_that_may_be_forged_are_refused),
		cmocka_unit_test(minimal_encapsulation_gives_the_packet_back),
		cmocka_unit_test(errors_are_about_what_may_be_told),
		cmocka_unit_test(arp_says_who_asks_and_who_takes),
		cmocka_unit_test(ipv4_lives_in_the_same_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
