/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A site's agent and mobiles that register with it. HOA has a row of its own in the agent's configuration; other home addresses of that
 * network have the network's.
 */
#include "mma_kit.h"

#define SERVICE HERE
#define HOA2 "2001:db8:1::200"
#define GROUP2 "ff35::200:ff:fe00:200"

static struct rig rig;
static uint16_t next_seq;

static inline const struct mma *mma(void) { return rig.self; }

/* What a mobile says; a test changes one thing of it. */
struct update {
	struct addr6 src, hoa;
	bool has_hao;
	const struct sa_key *key;      /* NULL: no authentication */
	uint32_t spi;
	uint64_t stamp;                /* 0: none */
	struct mh mh;
};

static inline struct update update(const char *hoa)
{
	struct update u = {.src = rig_addr(ONLINK), .hoa = rig_addr(hoa), .has_hao = true, .key = &rig.key[0], .spi = 256};
	u.stamp = mh_ntp_of_wall(rig.now.wall);
	u.mh.type = MH_BU;
	u.mh.bu = (struct mh_bu){.seq = ++next_seq, .flags = BU_A | BU_M, .lifetime_s = 400};
	u.mh.opt.rc.has_mcoa = true;
	u.mh.opt.rc.mcoa = (struct rc_mcoa){rig_addr(strcmp(hoa, HOA) ? GROUP2 : GROUP), rig_addr(SERVICE)};
	u.mh.opt.rc.has_reg = true;
	u.mh.opt.rc.reg.ha = rig_addr(HA);
	return u;
}

static inline size_t build(struct update *u, uint8_t buf[static 1280])
{
	struct addr6 agent = rig_addr(SERVICE), coa = u->mh.opt.has_alt_coa ? u->mh.opt.alt_coa : u->src;
	struct mh_built built;
	u->mh.opt.has_auth = u->key != NULL;
	u->mh.opt.auth.spi = u->spi;
	u->mh.opt.has_mesg_id = u->stamp != 0;
	u->mh.opt.mesg_id = u->stamp;
	size_t n = bu_packet_build(buf, 1280, &u->src, &agent, u->has_hao ? &u->hoa : NULL, &u->mh, &built);
	assert_true(n > 0);
	if (u->key)
		sa_sign(u->key, &crypto_openssl, &coa, &u->hoa, &built, buf);
	else
		mh_packet_finish(&built, buf);
	return n;
}

/* Send it; the clock moves on a little, so that the next timestamp is newer. */
static inline void say(struct update *u)
{
	uint8_t buf[1280];
	size_t n = build(u, buf);
	assert_true(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	rig_run(&rig, span_ms(10));
}

/* The nth Mobility Header sent (queries on the links are sent too), or false. */
static inline bool find_answer(uint32_t nth, struct mh_packet *p)
{
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		if (mh_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, p) == W_OK && nth-- == 0)
			return true;
	return false;
}

static inline struct mh_packet answer(uint32_t nth)
{
	struct mh_packet p;
	assert_true(find_answer(nth, &p));
	assert_int_equal(p.mh.type, MH_BA);
	return p;
}

static inline uint32_t n_answers(void)
{
	struct mh_packet p;
	uint32_t n = 0;
	while (find_answer(n, &p))
		n++;
	return n;
}

static inline struct addr6 assigned(const struct mh_packet *p)
{
	assert_int_equal(p->mh.ba.status, BA_ACCEPTED);
	assert_true(p->mh.opt.rc.has_acoa);
	return p->mh.opt.rc.acoa.coa;
}

static inline struct addr6 register_mobile(const char *hoa)
{
	struct update u = update(hoa);
	rig_clear(&rig);
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p);
	rig_clear(&rig);
	return coa;
}

/* Refused for this reason with this status (0: not answered), and nothing else happened. */
static inline void expect_refusal(struct update *u, enum reason why, uint8_t status)
{
	uint32_t n_bindings = bindings_count(&mma()->bindings), n_active = mma()->n_active;
	uint64_t before = rig.count.n[why];
	rig_clear(&rig);
	say(u);
	assert_int_equal(rig.count.n[why], before + 1);
	assert_int_equal(n_answers(), status != 0);
	if (status)
		assert_int_equal(answer(0).mh.ba.status, status);
	assert_int_equal(rig_count(&rig, FX_DP_PUT), 0);
	assert_int_equal(rig_count(&rig, FX_DP_DEL), 0);
	assert_int_equal(rig_count(&rig, FX_STORE_PUT), 0);
	assert_int_equal(bindings_count(&mma()->bindings), n_bindings);
	assert_int_equal(mma()->n_active, n_active);
}

static inline void make_conf(void)
{
	site_conf(HERE, THERE, "other", "2");
	memcpy(conf.site, "foreign", 8);
	memcpy(conf.downstream[conf.n_downstream++], "d2", 3);
	conf.mobile[conf.n_mobile++] = (struct mma_mobile_conf){.home = rig_prefix("2001:db8:1::/64"), .key = "mn1"};
}

static inline void start(void) { site_start(&rig); }

static inline int setup_idle(void **state)
{
	(void)state;
	rig_init(&rig, 4);
	rig_add_key(&rig, "mn1", 256, "a key of some length");
	rig_add_key(&rig, "other", 256, "not that key at all!");
	make_conf();
	next_seq = 100;
	return 0;
}

static inline int setup(void **state)
{
	setup_idle(state);
	start();
	rig_clear(&rig);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}
