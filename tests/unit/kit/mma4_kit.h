/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A site's agent in Mobile IPv4 on the bench, with mobiles and home agents that speak to it as RFC 5944 has it. */
#include "rig.h"

#include "base/err.h"
#include "core/auth/sa4.h"
#include "plat/crypto_openssl.h"
#include "role/mma/mma_i.h"
#include "wire/igmp/igmp.h"
#include "wire/ip/ip6.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"
#include "wire/mip6/mh_packet.h"

enum { CORE = 2, D1 = 3, D2 = 4, K_MOBILE = 0, K_PAIR = 1, K_HOME = 2, K_OTHER = 3 };
#define HOA "192.0.2.100"
#define HOA2 "192.0.2.101"
#define HA "192.0.2.1"
#define HERE "198.51.100.1"
#define THERE "203.0.113.1"
#define GROUP "232.128.1.1"
#define GROUP2 "232.128.1.2"
#define MAC1 "02:00:00:00:11:01"

struct site4 { struct rig rig; struct mma_conf conf; struct addr6 self; };

static inline struct addr6 A(const char *text) { return rig_addr(text); }
static inline struct mma *mma_of(struct site4 *s) { return s->rig.self; }

static inline void site4_conf(struct site4 *s, const char *self, const char *peer, const char *pool)
{
	struct mma_conf *c = &s->conf;
	*c = (struct mma_conf){
		.address_v4 = A(self), .site = "site", .upstream = {"core0"}, .n_upstream = 1, .downstream = {"d1", "d2"}, .n_downstream = 2,
		.group_prefix = rig_prefix("ff35::/64"), .group_prefix_v4 = rig_prefix("232.128.0.0/9"), .access_prefix = {rig_prefix("10.2.0.0/20")},
		.n_access_prefix = 1, .lifetime_max = span_s(600), .rest = span_s(20), .forward_max = span_s(60), .forward_ring = span_ms(200),
		.forwardings_max = 100, .time_window = span_ms(7000), .bindings_max = 1000, .refusal_rate = 10, .robustness = 2,
		.query_interval = span_s(30), .query_response = span_s(2), .pending_max = 100, .reverse_v4 = VISITOR_REVERSE_OPTIONAL, .has_revocation = true};
	if (pool)
		c->site_pool = rig_prefix(pool);
	c->mobile[c->n_mobile++] = (struct mma_mobile_conf){.home = rig_prefix("192.0.2.96/28"), .key = "mn", .home_agent = A(HA)};
	c->peer[c->n_peer++] = (struct mma_peer_conf){.address = A(peer), .key = "pair"};
	c->peer[c->n_peer++] = (struct mma_peer_conf){.address = A(HA), .key = "home", .is_home_agent = true};
	s->self = c->address_v4;
}

static inline void site4_start(struct site4 *s)
{
	assert_int_equal(rig_start(&s->rig, &mma_role, &s->conf), ERR_OK);
	rig_link(&s->rig, CORE, "core0", "02:00:00:00:00:02", true);
	rig_link(&s->rig, D1, "d1", "02:00:00:00:00:03", true);
	rig_link(&s->rig, D2, "d2", "02:00:00:00:00:04", true);
	rig_clear(&s->rig);
}

static inline void site4_keys(struct site4 *s, uint64_t seed)
{
	memset(s, 0, sizeof *s);
	rig_init(&s->rig, seed);
	rig_add_key(&s->rig, "mn", 257, "shared at the site..");
	rig_add_key(&s->rig, "pair", 5001, "what two agents share");
	rig_add_key(&s->rig, "home", 5002, "with the home agent..");
	rig_add_key(&s->rig, "mn-ha", 256, "of mobile and home...");
}

static inline void site4_listen(struct site4 *s, uint32_t ifindex, const char *group, enum mld_rec_type type)
{
	uint8_t buf[128];
	struct addr6 src = A("0.0.0.0"), g = A(group);
	assert_true(rig_rx(&s->rig, ifindex, "02:00:00:00:aa:01", buf, igmp3_state_packet_build(buf, sizeof buf, &src, type, &g, &s->self)));
}

static inline uint64_t site4_stamp(struct site4 *s)
{
	static uint64_t last;
	uint64_t t = mh_ntp_of_wall(s->rig.now.wall);
	return last = t > last ? t : last + 1;
}

/* --- the mobile ------------------------------------------------------------------------------------------------- */

/* What a request says; zero: as it should be. */
struct ask4 {
	const char *hoa, *ha, *coa, *src, *group, *prev;
	uint16_t lifetime_s;
	bool is_dereg, has_no_mh, has_no_mf, has_bad_mf, has_no_group, is_group_open, has_nai, has_no_t;
	uint8_t flags, own_flags;      /* added to T; of the group request */
	uint32_t key;                  /* of the mobile-foreign authenticator; 0: the right one */
	uint64_t id;
	uint32_t ifindex;              /* 0: D1 */
	const struct rc_forward *forward;
};

static inline size_t ask4_build(struct site4 *s, struct ask4 *a, uint8_t *buf, size_t cap)
{
	uint8_t first[1024];
	struct mip4_built b;
	struct mip4_packet p;
	struct rc4_values values;
	struct sa_key *mf = &s->rig.key[a->key], *mh = &s->rig.key[K_OTHER];
	struct rc4 ours = {.has_group_request = !a->has_no_group && !a->forward, .has_forward = a->forward};
	if (!a->id)
		a->id = site4_stamp(s);
	if (a->forward)
		ours.forward = *a->forward;
	ours.group_request = (struct rc4_group_request){.flags = a->own_flags, .group = A(a->group ? a->group : GROUP), .prev = a->prev ? A(a->prev) : addr6_any};
	struct mip4 m = {.type = MIP4_REQUEST, .request = {
		.flags = (uint8_t)((a->has_no_t ? 0 : MIP4_T) | a->flags), .lifetime_s = a->is_dereg ? 0 : a->lifetime_s ? a->lifetime_s : 400,
		.hoa = A(a->hoa ? a->hoa : HOA), .ha = A(a->ha ? a->ha : HA), .coa = a->coa ? A(a->coa) : s->self, .id = a->id}};
	struct mip4_path path = {.src = A(a->src ? a->src : a->hoa ? a->hoa : HOA), .dst = s->self, .ttl = 64};
	struct mip4 more = {0};
	if (!a->forward && !a->has_no_mh) {
		m.ext.auth[MIP4_MH] = sa4_auth(mh);
		size_t n = mip4_packet_build(first, sizeof first, &path, &m, &b);
		sa4_sign(mh, &crypto_openssl, first + b.msg_off, &m.ext.auth[MIP4_MH]);
		mip4_packet_finish(&b, first);
		assert_int_equal(mip4_packet_parse(first, n, &p), W_OK);
		path.relay = p.msg;
		path.relay_oct = p.m.ext.relay_oct;
	}
	struct mip4 *last = path.relay ? &more : &m;
	if (!a->is_group_open)
		assert_true(rc4_add(&last->ext, &ours, &values));
	if (!a->has_no_mf)
		last->ext.auth[MIP4_MF] = sa4_auth(mf);
	size_t n = mip4_packet_build(buf, cap, &path, last, &b);
	assert_true(n > 0);
	if (!a->has_no_mf)
		sa4_sign(mf, &crypto_openssl, buf + b.msg_off, &last->ext.auth[MIP4_MF]);
	if (a->has_bad_mf)
		buf[b.msg_off + last->ext.auth[MIP4_MF].off] ^= 1;
	mip4_packet_finish(&b, buf);
	return n;
}

static inline void ask4_send(struct site4 *s, struct ask4 *a)
{
	uint8_t buf[1024];
	size_t n = ask4_build(s, a, buf, sizeof buf);
	rig_clear(&s->rig);
	assert_true(rig_rx(&s->rig, a->ifindex ? a->ifindex : D1, MAC1, buf, n));
}

/* The nth control message that left for dst; its packet stays in a buffer of its own. */
static inline bool sent4(struct site4 *s, const char *dst, uint32_t nth, struct mip4_packet *p, uint32_t *ifindex)
{
	static uint8_t copy[4][2048];
	static uint32_t turn;
	const struct addr6 to = A(dst);
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&s->rig, FX_SEND, i)); i++) {
		uint8_t *at = copy[turn % 4];
		assert_true(e->send.len_oct <= sizeof copy[0]);
		memcpy(at, effq_bytes(&s->rig.fx, e->send.off), e->send.len_oct);
		if (mip4_packet_parse(at, e->send.len_oct, p) != W_OK || !addr6_eq(&p->dst, &to) || nth--)
			continue;
		turn++;
		if (ifindex)
			*ifindex = e->send.ifindex;
		return true;
	}
	return false;
}

/* The answer in the group, verified, with our extension. */
static inline struct mip4_packet answer4(struct site4 *s, const char *dst, struct rc4 *ours)
{
	struct mip4_packet p;
	assert_true(sent4(s, dst, 0, &p, NULL));
	assert_true(p.m.type == MIP4_REPLY && p.sport == MIP4_PORT && p.dport == MIP4_PORT && addr6_eq(&p.src, &s->self));
	assert_true(sa4_verify(&s->rig.key[K_MOBILE], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MF]));
	assert_int_equal(rc4_parse(&p.m.ext, ours), W_OK);
	return p;
}

/* --- the home agent --------------------------------------------------------------------------------------------- */

struct home4 { uint8_t code; uint16_t lifetime_s; uint64_t id; bool is_unsigned, can_revoke; uint32_t stamp; const char *src; };

/* Replies to the request that was relayed last. */
static inline void home4_reply(struct site4 *s, const struct mip4_packet *rq, struct home4 h)
{
	uint8_t buf[1024];
	struct mip4_built b;
	struct sa_key *mh = &s->rig.key[K_OTHER], *fh = &s->rig.key[K_HOME];
	struct mip4 m = {.type = MIP4_REPLY, .reply = {.code = h.code, .lifetime_s = h.lifetime_s ? h.lifetime_s : rq->m.request.lifetime_s,
						       .hoa = rq->m.request.hoa, .ha = rq->m.request.ha, .id = h.id ? h.id : rq->m.request.id}};
	m.ext.auth[MIP4_MH] = sa4_auth(mh);
	m.ext.has_revocation = h.can_revoke;
	m.ext.revocation.timestamp = h.stamp;
	if (!h.is_unsigned)
		m.ext.auth[MIP4_FH] = sa4_auth(fh);
	size_t n = mip4_packet_build(buf, sizeof buf, &(struct mip4_path){.src = A(h.src ? h.src : HA), .dst = s->self}, &m, &b);
	sa4_sign(mh, &crypto_openssl, buf + b.msg_off, &m.ext.auth[MIP4_MH]);
	if (!h.is_unsigned)
		sa4_sign(fh, &crypto_openssl, buf + b.msg_off, &m.ext.auth[MIP4_FH]);
	mip4_packet_finish(&b, buf);
	rig_clear(&s->rig);
	assert_true(rig_rx(&s->rig, CORE, "02:00:00:00:22:01", buf, n));
}

static inline struct mip4_packet relayed4(struct site4 *s)
{
	struct mip4_packet p;
	assert_true(sent4(s, HA, 0, &p, NULL));
	assert_int_equal(p.m.type, MIP4_REQUEST);
	return p;
}

/* A registration that succeeds; effects of the last step stay in the queue. */
static inline void register4(struct site4 *s, struct ask4 a)
{
	ask4_send(s, &a);
	struct mip4_packet p = relayed4(s);
	home4_reply(s, &p, (struct home4){.can_revoke = true, .stamp = 1});
}

static inline const struct mma_binding *bound4(struct site4 *s, const char *hoa)
{
	struct addr6 h = A(hoa);
	const struct mma_binding *mb = binding_find(&mma_of(s)->bindings, &h);
	return mb && mb->b.state == BINDING_ACTIVE ? mb : NULL;
}

static inline uint32_t count4(struct site4 *s, enum reason r) { return (uint32_t)s->rig.count.n[r]; }
