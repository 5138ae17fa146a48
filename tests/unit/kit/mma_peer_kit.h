/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Agents of two sites and a mobile that goes from one to the other. `here` is an engine; `there` too where two agents talk, else the test
 * says what comes from it.
 */
#include "mma_kit.h"

enum { MOBILE_KEY = 0, PAIR_KEY = 1, STRANGER_KEY = 2 };
#define THERE_COA "2001:db8:3:ff::77"

static struct rig here, there;
static uint16_t next_seq;
static uint64_t last_stamp;

static inline struct addr6 A(const char *text) { return rig_addr(text); }
static inline const struct mma *mma(const struct rig *r) { return r->self; }

static inline uint64_t stamp(const struct rig *r)
{
	uint64_t t = mh_ntp_of_wall(r->now.wall);
	return last_stamp = t > last_stamp ? t : last_stamp + 1;
}

/* --- what a mobile says -------------------------------------------------------------------------------------- */

struct said { struct addr6 src, hoa; struct mh mh; };

static inline struct said update(const char *prev)
{
	struct said u = {.src = A(ONLINK), .hoa = A(HOA), .mh = {.type = MH_BU, .bu = {.flags = BU_A | BU_M, .lifetime_s = 400}}};
	u.mh.opt.rc.has_mcoa = true;
	u.mh.opt.rc.mcoa.group = A(GROUP);
	u.mh.opt.rc.has_reg = true;
	u.mh.opt.rc.reg.ha = A(HA);
	if (prev)
		u.mh.opt.rc.reg.prev_mma = A(prev);
	return u;
}

static inline struct said leave(const char *to, const char *agent, uint16_t time_s)
{
	struct said u = {.src = A("2001:db8:3:11::100"), .hoa = A(HOA), .mh = {.type = MH_BU, .bu = {.flags = BU_A | BU_M}}};
	u.mh.opt.rc.has_forward = true;
	u.mh.opt.rc.forward = (struct rc_forward){.time_s = time_s, .to = A(to), .agent = agent ? A(agent) : addr6_any};
	return u;
}

/* Says it to the agent; gives the answer that left. */
static inline struct mh_packet say(struct rig *r, struct said *u)
{
	uint8_t buf[1280];
	static uint8_t copy[1280];
	struct mh_packet p;
	struct mh_built built;
	const struct addr6 agent = mma(r)->conf.address;
	u->mh.bu.seq = ++next_seq;
	u->mh.opt.rc.mcoa.source = agent;
	u->mh.opt.has_auth = u->mh.opt.has_mesg_id = true;
	u->mh.opt.auth.spi = r->key[MOBILE_KEY].spi;
	u->mh.opt.mesg_id = stamp(r);
	size_t n = bu_packet_build(buf, sizeof buf, &u->src, &agent, &u->hoa, &u->mh, &built);
	sa_sign(&r->key[MOBILE_KEY], &crypto_openssl, &u->src, &u->hoa, &built, buf);
	rig_clear(r);
	assert_true(rig_rx(r, D1, "02:00:00:00:11:01", buf, n));
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(r, FX_SEND, i)); i++) {
		memcpy(copy, effq_bytes(&r->fx, e->send.off), e->send.len_oct);
		if (mh_packet_parse(copy, e->send.len_oct, &p) == W_OK && p.mh.type == MH_BA)
			return p;
	}
	fail_msg("not answered");
	return p;
}

static inline struct addr6 register_mobile(struct rig *r, const char *prev)
{
	struct said u = update(prev);
	u.src = addr6_eq(&mma(r)->conf.address, &(struct addr6[]){A(HERE)}[0]) ? A(ONLINK) : A("2001:db8:3:11::100");
	struct mh_packet p = say(r, &u);
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	return p.mh.opt.rc.acoa.coa;
}

/* --- what another agent says ------------------------------------------------------------------------------- */

struct agent_says {
	const char *src;
	uint32_t key;
	uint64_t stamp;              /* 0: none */
	bool is_unsigned;
	struct mh_peer msg;
};

static inline struct agent_says agent_says(enum mh_peer_kind kind, const struct addr6 *coa, uint32_t transaction)
{
	return (struct agent_says){.src = THERE, .key = PAIR_KEY, .stamp = stamp(&here),
				   .msg = {.kind = (uint8_t)kind, .home_address = A(HOA), .coa = *coa, .transaction = transaction}};
}

static inline size_t agent_build(const struct agent_says *s, uint8_t buf[static 1280])
{
	struct mh_built built;
	const struct mh_path path = {.src = A(s->src), .dst = A(HERE)};
	struct mh m = {.type = MH_PEER, .peer = s->msg, .opt = {.has_auth = !s->is_unsigned, .auth.spi = here.key[s->key].spi,
								.has_mesg_id = s->stamp != 0, .mesg_id = s->stamp}};
	size_t n = mh_packet_build(buf, 1280, &path, &m, &built);
	sa_sign(&here.key[s->key], &crypto_openssl, &path.src, &path.dst, &built, buf);
	return n;
}

static inline void hear(const struct agent_says *s)
{
	uint8_t buf[1280];
	size_t n = agent_build(s, buf);
	rig_clear(&here);
	assert_true(rig_rx(&here, CORE, "02:00:00:00:22:01", buf, n));
}

/* The last message of this kind to another agent since the queue was cleared, or false. */
static inline bool heard_from(const struct rig *r, enum mh_peer_kind kind, struct mh_packet *p)
{
	static uint8_t copy[1280];
	const struct effect *e;
	bool found = false;
	for (uint32_t i = 0; (e = rig_effect(r, FX_SEND, i)); i++) {
		struct mh_packet q;
		if (mh_packet_parse(effq_bytes(&r->fx, e->send.off), e->send.len_oct, &q) != W_OK || q.mh.type != MH_PEER || q.mh.peer.kind != kind)
			continue;
		memcpy(copy, effq_bytes(&r->fx, e->send.off), e->send.len_oct);
		found = true;
		assert_int_equal(mh_packet_parse(copy, e->send.len_oct, p), W_OK);
		assert_true(sa_verify(&r->key[PAIR_KEY], &crypto_openssl, &p->src, &p->dst, p));
	}
	return found;
}

static inline const struct dp_coa *last_coa(const struct rig *r)
{
	const struct dp_op *op, *last = NULL;
	for (uint32_t i = 0; (op = rig_dp(r, FX_DP_PUT, DP_COA, i)); i++)
		last = op;
	return last ? &last->coa : NULL;
}

static inline void assert_addr(const struct addr6 *a, const char *text) { assert_string_equal(ADDR6_STR(a), text); }

static inline void confirm_there(void)
{
	struct addr6 coa = A(THERE_COA);
	struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&s);
}

/* --- bench -------------------------------------------------------------------------------------------------------- */

static inline void start(struct rig *r, const char *self, const char *peer, const char *site)
{
	site_conf(self, peer, "pair", site);
	conf.rest = span_s(20);
	site_start(r);
	rig_clear(r);
}

static inline void add_keys(struct rig *r, uint64_t seed)
{
	rig_init(r, seed);
	rig_add_key(r, "mn1", 256, "a key of some length");
	rig_add_key(r, "pair", 5001, "what two agents share");
	rig_add_key(r, "stranger", 5001, "what nobody shares..");
}

static inline int setup(void **state)
{
	(void)state;
	next_seq = 100;
	last_stamp = 0;
	add_keys(&here, 4);
	start(&here, HERE, THERE, "2");
	return 0;
}

static inline int setup_two(void **state)
{
	setup(state);
	add_keys(&there, 5);
	start(&there, THERE, HERE, "3");
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rig_fini(&here);
	return 0;
}

static inline int teardown_two(void **state)
{
	rig_fini(&there);
	return teardown(state);
}
