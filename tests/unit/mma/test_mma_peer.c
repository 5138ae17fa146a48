/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agent, between sites: forwarding for a mobile that left (H-16, H-17, H-18), taking over one that came, the
 * agents' messages to each other; each refusal is counted and changes nothing. */
#include "../kit/rig.h"

#include "base/err.h"
#include "plat/crypto_openssl.h"
#include "role/mma/mma_i.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"

enum { CORE = 2, D1 = 3, MOBILE_KEY = 0, PAIR_KEY = 1, STRANGER_KEY = 2 };
#define HOA "2001:db8:1::100"
#define HA "2001:db8:1::1"
#define ONLINK "2001:db8:2:11::100"
#define GROUP "ff35::200:ff:fe00:100"
#define HERE "2001:db8:2::1"
#define THERE "2001:db8:3::1"
#define THERE_COA "2001:db8:3:ff::77"

static struct rig here, there;   /* `there` only where two agents talk */
static struct mma_conf conf;
static uint16_t next_seq;
static uint64_t last_stamp;

static struct addr6 A(const char *text) { return rig_addr(text); }
static const struct mma *mma(const struct rig *r) { return r->self; }

static uint64_t stamp(const struct rig *r)
{
	uint64_t t = mh_ntp_of_wall(r->now.wall);
	return last_stamp = t > last_stamp ? t : last_stamp + 1;
}

/* --- what a mobile says -------------------------------------------------------------------------------------- */

struct said { struct addr6 src, hoa; struct mh mh; };

static struct said update(const char *prev)
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

static struct said leave(const char *to, const char *agent, uint16_t time_s)
{
	struct said u = {.src = A("2001:db8:3:11::100"), .hoa = A(HOA), .mh = {.type = MH_BU, .bu = {.flags = BU_A | BU_M}}};
	u.mh.opt.rc.has_forward = true;
	u.mh.opt.rc.forward = (struct rc_forward){.time_s = time_s, .to = A(to), .agent = agent ? A(agent) : addr6_any};
	return u;
}

/* Says it to the agent; gives the answer that left. */
static struct mh_packet say(struct rig *r, struct said *u)
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

static struct addr6 register_mobile(struct rig *r, const char *prev)
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
	struct rc_peers list;
};

static struct agent_says agent_says(enum mh_peer_kind kind, const struct addr6 *coa, uint32_t transaction)
{
	return (struct agent_says){.src = THERE, .key = PAIR_KEY, .stamp = stamp(&here),
				   .msg = {.kind = (uint8_t)kind, .home_address = A(HOA), .coa = *coa, .transaction = transaction}};
}

static size_t agent_build(const struct agent_says *s, uint8_t buf[static 1280])
{
	struct mh_built built;
	const struct mh_path path = {.src = A(s->src), .dst = A(HERE)};
	struct mh m = {.type = MH_PEER, .peer = s->msg, .opt = {.has_auth = !s->is_unsigned, .auth.spi = here.key[s->key].spi,
								.has_mesg_id = s->stamp != 0, .mesg_id = s->stamp}};
	m.opt.rc.has_peers = s->list.n;
	m.opt.rc.peers = s->list;
	size_t n = mh_packet_build(buf, 1280, &path, &m, &built);
	sa_sign(&here.key[s->key], &crypto_openssl, &path.src, &path.dst, &built, buf);
	return n;
}

static void hear(const struct agent_says *s)
{
	uint8_t buf[1280];
	size_t n = agent_build(s, buf);
	rig_clear(&here);
	assert_true(rig_rx(&here, CORE, "02:00:00:00:22:01", buf, n));
}

/* The last message of this kind to another agent since the queue was cleared, or false. */
static bool heard_from(const struct rig *r, enum mh_peer_kind kind, struct mh_packet *p)
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

static const struct dp_coa *last_coa(const struct rig *r)
{
	const struct dp_op *op, *last = NULL;
	for (uint32_t i = 0; (op = rig_dp(r, FX_DP_PUT, DP_COA, i)); i++)
		last = op;
	return last ? &last->coa : NULL;
}

static void assert_addr(const struct addr6 *a, const char *text) { assert_string_equal(ADDR6_STR(a), text); }

static void confirm_there(void)
{
	struct addr6 coa = A(THERE_COA);
	struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&s);
}

/* --- bench -------------------------------------------------------------------------------------------------------- */

static void make_conf(const char *self, const char *peer, const char *site)
{
	char text[64];
	memset(&conf, 0, sizeof conf);
	conf.address = A(self);
	memcpy(conf.upstream[conf.n_upstream++], "core0", 6);
	memcpy(conf.downstream[conf.n_downstream++], "d1", 3);
	snprintf(text, sizeof text, "2001:db8:%s:ff::/64", site);
	conf.coa_prefix = rig_prefix(text);
	snprintf(text, sizeof text, "2001:db8:%s:10::/60", site);
	conf.access_prefix[conf.n_access_prefix++] = rig_prefix(text);
	conf.group_prefix = rig_prefix("ff35::/64");
	conf.lifetime_max = span_s(600);
	conf.rest = span_s(20);
	conf.forward_max = span_s(60);
	conf.forward_ring = span_ms(200);
	conf.forwardings_max = 100;
	conf.time_window = span_ms(7000);
	conf.bindings_max = 1000;
	conf.refusal_rate = 10;
	conf.robustness = 2;
	conf.query_interval = span_s(30);
	conf.query_response = span_s(2);
	conf.mobile[conf.n_mobile++] = (struct mma_mobile_conf){.home = {A(HOA), 128}, .key = "mn1"};
	conf.peer[conf.n_peer++] = (struct mma_peer_conf){A(peer), "pair"};
}

static void start(struct rig *r, const char *self, const char *peer, const char *site)
{
	make_conf(self, peer, site);
	assert_int_equal(rig_start(r, &mma_role, &conf), ERR_OK);
	rig_link(r, CORE, "core0", "02:00:00:00:00:02", true);
	rig_link(r, D1, "d1", "02:00:00:00:00:03", true);
	rig_clear(r);
}

static void add_keys(struct rig *r, uint64_t seed)
{
	rig_init(r, seed);
	rig_add_key(r, "mn1", 256, "a key of some length");
	rig_add_key(r, "pair", 5001, "what two agents share");
	rig_add_key(r, "stranger", 5001, "what nobody shares..");
}

static int setup(void **state)
{
	(void)state;
	next_seq = 100;
	last_stamp = 0;
	add_keys(&here, 4);
	start(&here, HERE, THERE, "2");
	return 0;
}

static int setup_two(void **state)
{
	setup(state);
	add_keys(&there, 5);
	start(&there, THERE, HERE, "3");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&here);
	return 0;
}

static int teardown_two(void **state)
{
	rig_fini(&there);
	return teardown(state);
}

/* --- the old agent -------------------------------------------------------------------------------------------------- */

/* The usual order: the new agent's word is here before the mobile asks. */
static void a_confirmed_address_is_forwarded_to_at_once(void **state)
{
	(void)state;
	struct mh_packet told;
	struct addr6 coa = register_mobile(&here, NULL), service = A(HERE);
	confirm_there();
	assert_int_equal(rig_count(&here, FX_DP_PUT), 0);
	struct said u = leave(THERE_COA, THERE, 30);
	mono_t from = here.now.mono;
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(p.mh.ba.lifetime_s, 0);
	assert_true(p.mh.opt.rc.has_forward && p.mh.opt.rc.forward.time_s == 30 && p.mh.opt.rc.forward.flags == 0);
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_eq(&c->coa, &coa) && addr6_eq(&c->source, &service));
	assert_addr(&c->forward, THERE_COA);
	assert_addr(&c->ha, HA);
	assert_int_equal(c->forward_until.ns - from.ns, 30 * NS_PER_S);
	assert_int_equal(c->expires.ns - from.ns, 30 * NS_PER_S);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_UPLINK_IN, 1));
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 0); /* make before break: all was delivered */
	assert_true(heard_from(&here, PEER_FORWARDING, &told));
	assert_addr(&told.dst, THERE);
	assert_addr(&told.mh.peer.coa, THERE_COA);
	assert_int_equal(told.mh.peer.time_s, 30);
	rig_clear(&here);
	rig_run(&here, span_ms(29900));
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	rig_run(&here, span_ms(200));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

static void a_time_of_more_than_a_minute_is_cut(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 3000);
	mono_t from = here.now.mono;
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 60);
	assert_int_equal(last_coa(&here)->expires.ns - from.ns, 60 * NS_PER_S);
}

/* Break before make: what the mobile has not had is sent after it, once, though it asks again. */
static void the_ring_is_sent_on_once_after_the_change(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	for (int i = 0; i < 2; i++) {
		struct said u = leave(THERE_COA, THERE, 10);
		u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
		u.mh.opt.rc.forward.has_seq = true;
		u.mh.opt.rc.forward.last_seq = 4711;
		struct mh_packet p = say(&here, &u);
		assert_int_equal(p.mh.opt.rc.forward.time_s, 10);
		assert_int_equal(rig_count(&here, FX_KEEP_SEND), i == 0);
		if (i)
			break;
		const struct fx_keep *k = &rig_effect(&here, FX_KEEP_SEND, 0)->keep;
		assert_true(k->has_seq && k->after_seq == 4711);
		assert_addr(&k->dst, THERE_COA);
		assert_addr(&k->src, HERE);
		uint32_t at_put = 0, at_keep = 0; /* nothing falls between the two */
		for (uint32_t n = 0; n < here.fx.n; n++) {
			at_put = here.fx.fx[n].kind == FX_DP_PUT ? n : at_put;
			at_keep = here.fx.fx[n].kind == FX_KEEP_SEND ? n : at_keep;
		}
		assert_true(at_put < at_keep);
	}
}

static void without_a_ring_nothing_is_kept(void **state)
{
	(void)state;
	const char *remedy;
	conf.forward_ring = span_ms(0);
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_OK);
	register_mobile(&here, NULL);
	assert_false(last_coa(&here)->keep);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 10);
	u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
	say(&here, &u);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 0);
	assert_addr(&last_coa(&here)->forward, THERE_COA);
}

/* The new agent's word was lost: it is asked, and packets go on to the group meanwhile. */
static void an_unconfirmed_address_is_asked_about(void **state)
{
	(void)state;
	struct mh_packet ask;
	register_mobile(&here, NULL);
	struct said u = leave(THERE_COA, THERE, 30);
	u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 30);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_WAITS);
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_is_any(&c->forward) && c->keep);
	assert_addr(&c->group, GROUP);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 0);
	assert_true(heard_from(&here, PEER_ASK, &ask));
	uint32_t transaction = ask.mh.peer.transaction;
	rig_clear(&here);
	rig_run(&here, span_ms(250));
	assert_true(heard_from(&here, PEER_ASK, &ask)); /* again */
	assert_int_equal(ask.mh.peer.transaction, transaction);
	struct agent_says s = agent_says(PEER_CONFIRM, &ask.mh.peer.coa, transaction);
	hear(&s);
	assert_addr(&last_coa(&here)->forward, THERE_COA);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 1);
	assert_false(rig_effect(&here, FX_KEEP_SEND, 0)->keep.has_seq);
	assert_true(heard_from(&here, PEER_FORWARDING, &ask));
}

static void a_new_agent_that_says_no_gets_nothing(void **state)
{
	(void)state;
	struct mh_packet ask;
	register_mobile(&here, NULL);
	struct said u = leave(THERE_COA, THERE, 30);
	say(&here, &u);
	assert_true(heard_from(&here, PEER_ASK, &ask));
	struct agent_says s = agent_says(PEER_CONFIRM, &ask.mh.peer.coa, ask.mh.peer.transaction ^ 2);
	s.msg.status = PEER_NOT_HERE;
	hear(&s); /* the answer to something else */
	assert_int_equal(here.count.n[R_PEER_UNEXPECTED], 1);
	assert_int_equal(bindings_count(&mma(&here)->forwards), 1);
	s = agent_says(PEER_CONFIRM, &ask.mh.peer.coa, ask.mh.peer.transaction);
	s.msg.status = PEER_NOT_HERE;
	hear(&s);
	assert_int_equal(here.count.n[R_MMA_FORWARD_DENIED], 1);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

static void a_dead_agent_is_asked_for_a_while(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	struct said u = leave(THERE_COA, THERE, 30);
	say(&here, &u);
	uint64_t before = mma(&here)->peer[0].pair.n_tx;
	rig_run(&here, span_s(10));
	assert_int_equal(mma(&here)->peer[0].pair.n_tx - before, 4);
	assert_int_equal(here.count.n[R_MMA_FORWARD_DENIED], 1);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

/* Not on the mobile's word alone, and to no address of our own. */
static void other_destinations_are_refused(void **state)
{
	(void)state;
	static const struct { const char *to, *agent; } wrong[] = {
		{"2001:db8:66::66", "2001:db8:66::1"},   /* an agent that is no peer */
		{"2001:db8:66::66", NULL},               /* any address, as if it were home */
		{"2001:db8:2:ff::5", THERE},             /* a care-of address of ours */
		{HERE, THERE},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		register_mobile(&here, NULL);
		struct said u = leave(wrong[i].to, wrong[i].agent, 30);
		struct mh_packet p = say(&here, &u);
		assert_int_equal(p.mh.ba.status, BA_ACCEPTED); /* it may leave, though */
		assert_true(p.mh.opt.rc.has_forward && p.mh.opt.rc.forward.time_s == 0);
		assert_int_equal(here.count.n[R_MMA_FORWARD_TO], i + 1);
		assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
		assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
		assert_int_equal(mma(&here)->n_active, 0);
	}
	register_mobile(&here, NULL); /* another address than the one that was confirmed is asked about */
	confirm_there();
	struct said u = leave("2001:db8:3:ff::78", THERE, 30);
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_WAITS);
}

static void a_confirmation_does_not_last(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	rig_run(&here, span_s(11));
	struct said u = leave(THERE_COA, THERE, 30);
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_WAITS);
}

/* Its word alone moves nothing, and takes no room for mobiles that are not here. */
static void a_confirmation_alone_changes_nothing(void **state)
{
	(void)state;
	confirm_there();
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
	assert_int_equal(here.count.n[R_PEER_UNEXPECTED], 1);
	register_mobile(&here, NULL);
	confirm_there();
	assert_int_equal(rig_count(&here, FX_DP_PUT) + rig_count(&here, FX_DP_DEL) + rig_count(&here, FX_SEND), 0);
	rig_run(&here, span_s(300));
	assert_int_equal(mma(&here)->n_active, 1);
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

/* Figure 7: to the home address, by tunnel, with nobody's confirmation. */
static void home_needs_no_confirmation(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	struct said u = leave(HOA, NULL, 5);
	u.src = A(HOA);
	p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 5);
	assert_addr(&last_coa(&here)->forward, HOA);
	assert_false(heard_from(&here, PEER_FORWARDING, &p) || heard_from(&here, PEER_ASK, &p));
	rig_clear(&here);
	rig_run(&here, span_s(6));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

static void report(enum mld_rec_type type)
{
	uint8_t buf[128];
	struct addr6 src = A("fe80::a"), g = A(GROUP), s = A(HERE);
	size_t n = mld2_state_packet_build(buf, sizeof buf, &src, type, &g, &s);
	rig_clear(&here);
	assert_true(rig_rx(&here, D1, "02:00:00:00:0a:01", buf, n));
}

/* H-17: by multicast while the mobile still listens, by tunnel after. */
static void a_mobile_that_listens_is_served_by_its_group_until_it_leaves(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	report(MLD_ALLOW);
	struct said u = leave(HOA, NULL, 20);
	u.mh.opt.rc.forward.flags = RC_FORWARD_LISTENS;
	say(&here, &u);
	assert_true(addr6_is_any(&last_coa(&here)->forward));
	assert_addr(&last_coa(&here)->group, GROUP);
	report(MLD_BLOCK);
	assert_addr(&last_coa(&here)->forward, HOA);
}

/* The same, but it says when: with the last packet that it had. */
static void a_second_request_ends_the_listening(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	report(MLD_ALLOW);
	struct said u = leave(HOA, NULL, 20);
	u.mh.opt.rc.forward.flags = RC_FORWARD_LISTENS;
	say(&here, &u);
	u = leave(HOA, NULL, 20);
	u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
	u.mh.opt.rc.forward.has_seq = true;
	say(&here, &u);
	assert_addr(&last_coa(&here)->forward, HOA);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 1);
}

static void a_mobile_that_comes_back_ends_it(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 coa = register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 30);
	say(&here, &u);
	rig_run(&here, span_s(1));
	struct addr6 again = register_mobile(&here, THERE);
	assert_true(addr6_eq(&again, &coa));
	assert_true(addr6_is_any(&last_coa(&here)->forward));
	assert_addr(&last_coa(&here)->prev, THERE);
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
	rig_clear(&here);
	rig_run(&here, span_s(60));
	assert_int_equal(mma(&here)->n_active, 1);
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

/* The address is nobody's else as long as something is sent to it. */
static void the_address_rests_until_the_last_binding_of_it_ends(void **state)
{
	(void)state;
	struct addr6 coa = register_mobile(&here, NULL), hoa = A(HOA);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	rig_run(&here, span_s(59)); /* conf.rest is 20 s */
	assert_non_null(table_find(&mma(&here)->by_coa, &coa));
	rig_run(&here, span_s(2));
	assert_null(binding_find(&mma(&here)->bindings, &hoa));
}

/* After the time asked for: correspondent nodes that still hold a binding, and nobody else. */
static void a_correspondent_nodes_binding_outlasts_the_time(void **state)
{
	(void)state;
	struct addr6 hoa = A(HOA);
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 10);
	say(&here, &u);
	struct mma_forward *f = mma_forward_find(mma(&here), &hoa);
	f->peers_until = mono_add(here.now.mono, span_s(40)); /* as if one had been exported */
	rig_clear(&here);
	rig_run(&here, span_s(11));
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_is_any(&c->ha) && addr6_is_any(&c->prev));
	assert_addr(&c->forward, THERE_COA);
	assert_int_equal(c->expires.ns, f->peers_until.ns);
	rig_run(&here, span_s(30));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

static void forwarding_is_repeated_until_it_is_acknowledged(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	rig_clear(&here);
	rig_run(&here, span_ms(600));
	assert_true(heard_from(&here, PEER_FORWARDING, &p));
	struct agent_says s = agent_says(PEER_FORWARDING_ACK, &p.mh.peer.coa, p.mh.peer.transaction);
	hear(&s);
	rig_run(&here, span_s(50));
	assert_false(heard_from(&here, PEER_FORWARDING, &p));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 1);
}

static void an_acknowledgement_that_says_no_ends_it(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	assert_true(heard_from(&here, PEER_FORWARDING, &p));
	struct agent_says s = agent_says(PEER_FORWARDING_ACK, &p.mh.peer.coa, p.mh.peer.transaction);
	s.msg.status = PEER_NOT_HERE;
	hear(&s);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

static void forwarding_survives_a_restart(void **state)
{
	(void)state;
	uint8_t rec[1024];
	struct addr6 coa = register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	const struct effect *e, *last = NULL;
	for (uint32_t i = 0; (e = rig_effect(&here, FX_STORE_PUT, i)); i++)
		last = e;
	memcpy(rec, effq_bytes(&here.fx, last->store.off), last->store.key_len_oct + last->store.val_len_oct);
	const struct store_rec r = {STORE_BINDING_MMA, rec, rec + last->store.key_len_oct, last->store.key_len_oct, last->store.val_len_oct};
	here.now.wall = wall_add(here.now.wall, span_s(20));
	here.now.mono.ns = 7 * NS_PER_S;
	start(&here, HERE, THERE, "2");
	assert_int_equal(mma_role.restore(here.self, &r, here.now), ERR_OK);
	mma_role.restored(here.self, here.now);
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_eq(&c->coa, &coa));
	assert_addr(&c->forward, THERE_COA);
	assert_in_range((c->forward_until.ns - here.now.mono.ns) / NS_PER_MS, 39900, 40000);
	rig_clear(&here);
	rig_run(&here, span_s(41));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	struct store_rec cut = r;
	cut.val_len_oct -= 3;
	assert_int_equal(mma_role.restore(here.self, &cut, here.now), ERR_INVAL);
}

static void stop_takes_forwarding_back(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	rig_clear(&here);
	mma_role.stop(here.self, here.now);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

static void the_operator_can_end_it(void **state)
{
	(void)state;
	const char *msg = NULL;
	const struct ctl_cmd drop = {2, (const char *const[]){"drop", HOA}};
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	assert_int_equal(mma_role.ctl(here.self, &drop, here.now, &msg), ERR_OK);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(mma_role.ctl(here.self, &drop, here.now, &msg), ERR_NOTFOUND);
}

static void the_number_of_forwardings_is_limited(void **state)
{
	(void)state;
	const char *remedy;
	conf.forwardings_max = 0;
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_OK);
	register_mobile(&here, NULL);
	struct said u = leave(HOA, NULL, 60);
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 0);
	assert_int_equal(here.count.n[R_LIMIT_BINDINGS], 1);
	assert_int_equal(mma(&here)->n_active, 0);
}

/* --- the new agent -------------------------------------------------------------------------------------------------- */

static void a_registration_is_confirmed_to_the_previous_agent(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	assert_false(heard_from(&here, PEER_CONFIRM, &p));
	struct addr6 coa = register_mobile(&here, THERE);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_addr(&p.dst, THERE);
	assert_true(addr6_eq(&p.mh.peer.coa, &coa));
	assert_int_equal(p.mh.peer.transaction, 0);
	register_mobile(&here, "2001:db8:66::1"); /* no peer: nobody is told, and nothing is taken from there */
	assert_false(heard_from(&here, PEER_CONFIRM, &p));
	assert_true(addr6_is_any(&last_coa(&here)->prev));
}

static void questions_are_answered_for_mobiles_that_are_here(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 coa = register_mobile(&here, THERE), other = A("2001:db8:2:ff::5");
	struct agent_says s = agent_says(PEER_ASK, &coa, 77);
	hear(&s);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_true(p.mh.peer.status == PEER_OK && p.mh.peer.transaction == 77);
	s = agent_says(PEER_ASK, &other, 78); /* not its address */
	hear(&s);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_int_equal(p.mh.peer.status, PEER_NOT_HERE);
	register_mobile(&here, NULL); /* not where it says that it came from */
	s = agent_says(PEER_ASK, &coa, 79);
	hear(&s);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_int_equal(p.mh.peer.status, PEER_NOT_HERE);
}

static void the_time_of_the_previous_agent_is_the_one_it_tells(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 coa = register_mobile(&here, THERE);
	rig_run(&here, span_s(50));
	struct agent_says s = agent_says(PEER_FORWARDING, &coa, 5);
	s.msg.time_s = 30;
	hear(&s);
	assert_addr(&last_coa(&here)->prev, THERE);
	assert_int_equal(last_coa(&here)->prev_until.ns - here.now.mono.ns, 32 * NS_PER_S);
	assert_true(heard_from(&here, PEER_FORWARDING_ACK, &p));
	assert_true(p.mh.peer.status == PEER_OK && p.mh.peer.transaction == 5);
	s.stamp = stamp(&here);
	hear(&s); /* repeated: acknowledged, not taken on again */
	assert_true(heard_from(&here, PEER_FORWARDING_ACK, &p));
	assert_int_equal(rig_count(&here, FX_DP_PUT), 0);
	assert_int_equal(mma(&here)->n_taken_over, 1);
	struct said u = leave(HOA, NULL, 0);
	say(&here, &u);
	s = agent_says(PEER_FORWARDING, &coa, 6); /* gone again: stop that */
	hear(&s);
	assert_true(heard_from(&here, PEER_FORWARDING_ACK, &p));
	assert_int_equal(p.mh.peer.status, PEER_NOT_HERE);
}

/* --- whom to believe --------------------------------------------------------------------------------------------- */

static void refused(const struct agent_says *s, enum reason why)
{
	uint64_t before = here.count.n[why];
	uint32_t n = bindings_count(&mma(&here)->forwards);
	hear(s);
	assert_int_equal(here.count.n[why], before + 1);
	assert_int_equal(rig_count(&here, FX_SEND) + rig_count(&here, FX_DP_PUT) + rig_count(&here, FX_STORE_PUT), 0);
	assert_int_equal(bindings_count(&mma(&here)->forwards), n);
}

static void forged_messages_are_refused(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	struct addr6 coa = A(THERE_COA);
	struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
	s.src = "2001:db8:66::1";
	refused(&s, R_PEER_UNKNOWN);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.is_unsigned = true;
	refused(&s, R_AUTH_MISSING);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.key = STRANGER_KEY;
	refused(&s, R_AUTH_BAD);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.key = MOBILE_KEY; /* a mobile is no agent */
	refused(&s, R_AUTH_SPI_UNKNOWN);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.stamp = 0;
	refused(&s, R_REPLAY_MISSING);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.stamp -= (uint64_t)8 << 32;
	refused(&s, R_REPLAY_TIME);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.msg.kind = 99;
	refused(&s, R_PEER_UNEXPECTED);
}

/* Messages may overtake each other, but none counts twice. */
static void replayed_messages_are_refused(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	struct addr6 coa = A(THERE_COA);
	struct agent_says first = agent_says(PEER_CONFIRM, &coa, 0), second = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&second);
	hear(&first);
	assert_int_equal(bindings_count(&mma(&here)->forwards), 1);
	refused(&first, R_REPLAY_OLD);
	refused(&second, R_REPLAY_OLD);
	for (int i = 0; i < 40; i++) {
		struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
		hear(&s);
	}
	refused(&first, R_REPLAY_OLD); /* older than all that is remembered */
	assert_int_equal(here.count.n[R_REPLAY_OLD], 3);
}

/* The authenticator holds in one direction: what we sent does not count when it comes back. */
static void our_own_messages_do_not_come_back(void **state)
{
	(void)state;
	uint8_t buf[1280];
	size_t len_oct;
	register_mobile(&here, THERE);
	struct mh_packet p;
	uint32_t i = 0;
	do {
		const uint8_t *sent = rig_sent(&here, i++, &len_oct);
		assert_true(len_oct <= sizeof buf);
		memcpy(buf, sent, len_oct);
	} while (mh_packet_parse(buf, len_oct, &p) != W_OK || p.mh.type != MH_PEER);
	memcpy(buf + 8, &p.dst, 16); /* source and destination change places: the checksum stays right */
	memcpy(buf + 24, &p.src, 16);
	uint64_t before = here.count.n[R_AUTH_BAD];
	assert_true(rig_rx(&here, CORE, "02:00:00:00:22:01", buf, len_oct));
	assert_int_equal(here.count.n[R_AUTH_BAD], before + 1);
}

static void peers_are_reconfigured(void **state)
{
	(void)state;
	const char *remedy;
	register_mobile(&here, NULL);
	struct addr6 coa = A(THERE_COA);
	struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&s);
	conf.peer[1] = conf.peer[0];
	conf.peer[0] = (struct mma_peer_conf){A("2001:db8:4::1"), "stranger"};
	conf.n_peer = 2;
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_OK);
	refused(&s, R_REPLAY_OLD); /* what was seen of a peer is remembered */
	struct agent_says t = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&t);
	assert_int_equal(mma(&here)->peer[1].pair.n_rx, 2);
	memcpy(conf.peer[0].key, "none", 5);
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_INVAL);
	conf.peer[0] = (struct mma_peer_conf){A(HERE), "stranger"};
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_INVAL);
}

static void without_memory_a_request_is_answered_all_the_same(void **state)
{
	(void)state;
	bool is_done = false;
	for (int i = 0; i < 20 && !is_done; i++) {
		start(&here, HERE, THERE, "2");
		register_mobile(&here, NULL);
		struct said u = leave(HOA, NULL, 5);
		here.fail_in = i;
		struct mh_packet p = say(&here, &u);
		is_done = here.fail_in >= 0; /* nothing failed any more */
		here.fail_in = -1;
		assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
		assert_int_equal(mma(&here)->n_active, 0);
		assert_int_equal(bindings_count(&mma(&here)->forwards), p.mh.opt.rc.forward.time_s != 0);
		assert_int_equal(is_done, p.mh.opt.rc.forward.time_s != 0);
	}
	assert_true(is_done);
}

/* --- two agents -------------------------------------------------------------------------------------------------------- */

/* Carries what each says to the other until nobody says anything; gives how many messages. */
static uint32_t talk(void)
{
	static uint8_t buf[64][1280];
	static size_t len_oct[64];
	uint32_t n_all = 0;
	for (int turn = 0; turn < 20; turn++) {
		struct rig *from = turn % 2 ? &there : &here, *to = turn % 2 ? &here : &there;
		uint32_t n = 0;
		const uint8_t *p;
		struct mh_packet m;
		for (uint32_t i = 0; n < 64 && i < rig_count(from, FX_SEND); i++) {
			p = rig_sent(from, i, &len_oct[n]);
			if (mh_packet_parse(p, len_oct[n], &m) == W_OK && m.mh.type == MH_PEER)
				memcpy(buf[n], p, len_oct[n]), n++;
		}
		rig_clear(from);
		for (uint32_t i = 0; i < n; i++) {
			to->now = from->now;
			assert_true(rig_rx(to, CORE, "02:00:00:00:22:01", buf[i], len_oct[i]));
		}
		n_all += n;
	}
	return n_all;
}

static void run_both(span_t d)
{
	rig_run(&here, d);
	there.now = here.now;
	there.ops->tick(there.self, there.now);
	talk();
}

/* Figure 6, make before break, and back again. */
static void two_agents_hand_a_mobile_over_and_back(void **state)
{
	(void)state;
	struct addr6 at_here = register_mobile(&here, NULL);
	struct addr6 at_there = register_mobile(&there, HERE);
	assert_int_equal(talk(), 1); /* confirm */
	struct said u = leave(ADDR6_STR(&at_there), THERE, 30);
	say(&here, &u);
	assert_true(addr6_eq(&last_coa(&here)->forward, &at_there));
	assert_int_equal(talk(), 2); /* forwarding, and its acknowledgement */
	assert_int_equal(mma(&there)->n_taken_over, 1);
	run_both(span_s(2));

	register_mobile(&here, THERE);
	assert_true(addr6_is_any(&last_coa(&here)->forward));
	assert_int_equal(talk(), 1);
	u = leave(ADDR6_STR(&at_here), HERE, 30);
	say(&there, &u);
	assert_true(addr6_eq(&last_coa(&there)->forward, &at_here));
	assert_int_equal(talk(), 2);
	assert_int_equal(mma(&here)->n_active, 1);
	assert_int_equal(mma(&there)->n_active, 0);
}

/* A mobile that asks each agent to forward to the other, and is at neither: no loop. */
static void two_agents_do_not_forward_to_each_other(void **state)
{
	(void)state;
	struct addr6 at_here = register_mobile(&here, THERE);
	struct addr6 at_there = register_mobile(&there, HERE);
	talk();
	register_mobile(&here, THERE);
	talk(); /* both have each other's confirmation */
	struct said u = leave(ADDR6_STR(&at_there), THERE, 60), v = leave(ADDR6_STR(&at_here), HERE, 60);
	say(&here, &u);
	say(&there, &v);
	talk();
	bool is_on_here = bindings_count(&mma(&here)->forwards), is_on_there = bindings_count(&mma(&there)->forwards);
	assert_false(is_on_here && is_on_there);
	run_both(span_s(1));
	assert_int_equal(bindings_count(&mma(&here)->forwards) + bindings_count(&mma(&there)->forwards), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T2(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown_two)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_confirmed_address_is_forwarded_to_at_once), T(a_time_of_more_than_a_minute_is_cut),
		T(the_ring_is_sent_on_once_after_the_change), T(without_a_ring_nothing_is_kept), T(an_unconfirmed_address_is_asked_about),
		T(a_new_agent_that_says_no_gets_nothing), T(a_dead_agent_is_asked_for_a_while), T(other_destinations_are_refused),
		T(a_confirmation_does_not_last), T(a_confirmation_alone_changes_nothing), T(home_needs_no_confirmation),
		T(a_mobile_that_listens_is_served_by_its_group_until_it_leaves), T(a_second_request_ends_the_listening),
		T(a_mobile_that_comes_back_ends_it), T(the_address_rests_until_the_last_binding_of_it_ends),
		T(a_correspondent_nodes_binding_outlasts_the_time),
		T(forwarding_is_repeated_until_it_is_acknowledged), T(an_acknowledgement_that_says_no_ends_it),
		T(forwarding_survives_a_restart), T(stop_takes_forwarding_back), T(the_operator_can_end_it), T(the_number_of_forwardings_is_limited),
		T(a_registration_is_confirmed_to_the_previous_agent), T(questions_are_answered_for_mobiles_that_are_here),
		T(the_time_of_the_previous_agent_is_the_one_it_tells), T(forged_messages_are_refused), T(replayed_messages_are_refused),
		T(our_own_messages_do_not_come_back), T(peers_are_reconfigured), T(without_memory_a_request_is_answered_all_the_same),
		T2(two_agents_hand_a_mobile_over_and_back), T2(two_agents_do_not_forward_to_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
