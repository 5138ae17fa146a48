/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agents of one site in a redundancy group: what the member that stands by holds and does not do, what a takeover changes,
 * and two mobiles that were given one address while the members could not hear each other. The group itself is a loop here. */
#include "../kit/rig.h"

#include "base/err.h"
#include "plat/crypto_openssl.h"
#include "role/mma/mma_i.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"

enum { CORE = 2, D1 = 3, SKEW_S = 10, LIFETIME_S = 400, REST_S = 600 };
#define HOA "2001:db8:1::100"
#define OTHER "2001:db8:1::200"
#define HA "2001:db8:1::1"
#define SERVICE "2001:db8:2::1"

static struct rig a, b;          /* a serves at first */
static uint16_t next_seq;
static uint64_t last_stamp;

static struct addr6 A(const char *text) { return rig_addr(text); }
static const struct mma *mma(const struct rig *r) { return r->self; }
static struct mma_binding *binding(const struct rig *r, const char *hoa)
{
	const struct addr6 h = A(hoa);
	return binding_find(&mma(r)->bindings, &h);
}

/* --- what a mobile says -------------------------------------------------------------------------------------- */

static struct addr6 group_of(const char *hoa)
{
	struct addr6 g = A("ff35::"), h = A(hoa);
	memcpy(g.b + 8, h.b + 8, 8);
	return g;
}

static struct mh update(struct rig *r, const char *hoa, uint32_t lifetime_s)
{
	struct mh m = {.type = MH_BU, .bu = {.flags = BU_A | BU_M, .lifetime_s = lifetime_s, .seq = ++next_seq}};
	const uint64_t t = mh_ntp_of_wall(r->now.wall);
	last_stamp = t > last_stamp ? t : last_stamp + 1;
	m.opt.has_auth = m.opt.has_mesg_id = true;
	m.opt.auth.spi = r->key[0].spi;
	m.opt.mesg_id = last_stamp;
	if (!lifetime_s)
		return m;
	m.opt.rc.has_mcoa = m.opt.rc.has_reg = true;
	m.opt.rc.mcoa.group = group_of(hoa);
	m.opt.rc.mcoa.source = A(SERVICE);
	m.opt.rc.reg.ha = A(HA);
	return m;
}

static void say(struct rig *r, const char *hoa, struct mh *m)
{
	uint8_t buf[1280];
	struct mh_built built;
	const struct addr6 src = A("2001:db8:2:11::100"), dst = A(SERVICE), home = A(hoa);
	size_t n = bu_packet_build(buf, sizeof buf, &src, &dst, &home, m, &built);
	sa_sign(&r->key[0], &crypto_openssl, &src, &home, &built, buf);
	rig_clear(r);
	assert_true(rig_rx(r, D1, "02:00:00:00:11:01", buf, n));
}

/* The first acknowledgement sent; false: none. */
static bool answer(const struct rig *r, struct mh_packet *p)
{
	static uint8_t copy[1280];
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(r, FX_SEND, i)); i++) {
		memcpy(copy, effq_bytes(&r->fx, e->send.off), e->send.len_oct);
		if (mh_packet_parse(copy, e->send.len_oct, p) == W_OK && p->mh.type == MH_BA)
			return true;
	}
	return false;
}

static struct addr6 registers(struct rig *r, const char *hoa)
{
	struct mh m = update(r, hoa, LIFETIME_S);
	struct mh_packet p;
	say(r, hoa, &m);
	assert_true(answer(r, &p));
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	return p.mh.opt.rc.acoa.coa;
}

static void leaves(struct rig *r, const char *hoa)
{
	struct mh m = update(r, hoa, 0);
	struct mh_packet p;
	say(r, hoa, &m);
	assert_true(answer(r, &p));
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
}

/* --- the group ------------------------------------------------------------------------------------------------- */

/* Gives one record to the other member, which must neither speak nor store. */
static void share_one(const struct rig *from, struct rig *to, const struct fx_store *f)
{
	const uint8_t *key = effq_bytes(&from->fx, f->off);
	const struct store_rec rec = {f->table, key, key + f->key_len_oct, f->key_len_oct, f->val_len_oct};
	struct fx_change change = f->change;
	change.expires = mono_add(to->now.mono, mono_sub(f->change.expires, from->now.mono));
	assert_int_equal(mma_role.replica(to->self, &rec, &change, to->now), ERR_OK);
	assert_int_equal(rig_count(to, FX_SEND), 0);
}

/* What the last call put; returns how many records the group was told. A record comes before what is sent because of it. */
static uint32_t share(const struct rig *from, struct rig *to)
{
	const struct effect *e;
	uint32_t n = 0;
	rig_clear(to);
	for (uint32_t i = 0; (e = rig_effect(from, FX_STORE_PUT, i)); i++)
		if (e->store.change.how == FX_CHANGE_PUT || e->store.change.how == FX_CHANGE_DELETE) {
			share_one(from, to, &e->store);
			n++;
		}
	return n;
}

static const struct effect *last_put(const struct rig *r)
{
	const struct effect *e, *last = NULL;
	for (uint32_t i = 0; (e = rig_effect(r, FX_STORE_PUT, i)); i++)
		last = e;
	return last;
}

static const struct dp_coa *coa_put(const struct rig *r)
{
	const struct dp_op *op, *last = NULL;
	for (uint32_t i = 0; (op = rig_dp(r, FX_DP_PUT, DP_COA, i)); i++)
		last = op;
	return last ? &last->coa : NULL;
}

static bool takes_back_coa(const struct rig *r, const struct addr6 *coa)
{
	const struct dp_op *op;
	for (uint32_t i = 0; (op = rig_dp(r, FX_DP_DEL, DP_COA, i)); i++)
		if (addr6_eq(&op->coa.coa, coa))
			return true;
	return false;
}

static void set_active(struct rig *r, bool is_active)
{
	rig_clear(r);
	mma_role.active(r->self, is_active, r->now);
}

/* --- bench ------------------------------------------------------------------------------------------------------- */

static void make_conf(struct mma_conf *c)
{
	memset(c, 0, sizeof *c);
	c->address = A(SERVICE);
	memcpy(c->upstream[c->n_upstream++], "core0", 6);
	memcpy(c->downstream[c->n_downstream++], "d1", 3);
	c->coa_prefix = rig_prefix("2001:db8:2:ff::/64");
	c->access_prefix[c->n_access_prefix++] = rig_prefix("2001:db8:2:10::/60");
	c->group_prefix = rig_prefix("ff35::/64");
	c->lifetime_max = span_s(REST_S);
	c->forward_max = span_s(60);
	c->forwardings_max = 100;
	c->time_window = span_ms(7000);
	c->bindings_max = 1000;
	c->refusal_rate = 10;
	c->robustness = 2;
	c->query_interval = span_s(30);
	c->query_response = span_s(2);
	c->mobile[c->n_mobile++] = (struct mma_mobile_conf){.home = rig_prefix("2001:db8:1::/64"), .key = "mn1"};
}

static void start(struct rig *r, uint64_t seed, const char *lladdr)
{
	static struct mma_conf conf;
	make_conf(&conf);
	rig_init(r, seed);
	rig_add_key(r, "mn1", 256, "a key of some length");
	assert_int_equal(rig_start(r, &mma_role, &conf), ERR_OK);
	mma_role.active(r->self, false, r->now);
	mma_role.restored(r->self, r->now);
	rig_link(r, CORE, "core0", "02:00:00:00:00:02", true);
	rig_link(r, D1, "d1", lladdr, true);
}

static int setup(void **state)
{
	(void)state;
	next_seq = 100;
	last_stamp = 0;
	start(&a, 4, "02:00:00:00:00:03");
	start(&b, 5, "02:00:00:00:00:04");
	b.now.wall = wall_add(b.now.wall, span_s(SKEW_S));
	set_active(&a, true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&a);
	rig_fini(&b);
	return 0;
}

/* --- standing by --------------------------------------------------------------------------------------------------- */

static void a_replica_fills_the_datapath(void **state)
{
	(void)state;
	struct addr6 coa = registers(&a, HOA);
	struct dp_coa there = *coa_put(&a);
	assert_int_equal(share(&a, &b), 1);
	const struct dp_coa *here = coa_put(&b);
	assert_non_null(here);
	assert_true(addr6_eq(&here->coa, &coa) && addr6_eq(&here->group, &there.group) && addr6_eq(&here->source, &there.source));
	assert_true(addr6_eq(&here->ha, &there.ha) && addr6_eq(&here->home_address, &there.home_address));
	assert_int_equal(here->expires.ns, there.expires.ns); /* though its clock is ten seconds ahead */
	assert_int_equal(here->seq_start - there.seq_start, MMA_SEQ_LEAP);
	for (uint32_t i = 0; i < 2; i++) {
		const struct dp_op *x = rig_dp(&a, FX_DP_PUT, DP_UPLINK_IN, i), *y = rig_dp(&b, FX_DP_PUT, DP_UPLINK_IN, i);
		assert_memory_equal(&x->uplink_in, &y->uplink_in, sizeof x->uplink_in);
	}
	assert_int_equal(mma(&b)->n_active, 1);
}

static void a_record_precedes_its_answer(void **state)
{
	(void)state;
	bool is_put = false;
	registers(&a, HOA);
	for (uint32_t i = 0; i < a.fx.n; i++) {
		is_put |= a.fx.fx[i].kind == FX_STORE_PUT;
		assert_true(a.fx.fx[i].kind != FX_SEND || is_put);
	}
	const struct fx_change *c = &last_put(&a)->store.change;
	assert_int_equal(c->how, FX_CHANGE_PUT);
	assert_true(c->stamp == last_stamp && c->expires.ns == binding(&a, HOA)->b.expires.ns);
}

static void the_record_can_be_asked_for(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct fx_change change;
	registers(&a, HOA);
	const struct fx_store f = last_put(&a)->store;
	const uint8_t *key = effq_bytes(&a.fx, f.off);
	struct store_rec rec = {.table = f.table, .key = key, .key_len_oct = f.key_len_oct};
	assert_true(mma_role.record(a.self, &rec, buf, sizeof buf, &change, a.now));
	assert_int_equal(rec.val_len_oct, f.val_len_oct);
	assert_memory_equal(rec.val, key + f.key_len_oct, f.val_len_oct);
	assert_true(change.how == f.change.how && change.stamp == f.change.stamp && change.expires.ns == f.change.expires.ns);
	const struct addr6 nobody = A(OTHER);
	rec.key = nobody.b;
	assert_false(mma_role.record(a.self, &rec, buf, sizeof buf, &change, a.now));
	assert_false(mma_role.record(b.self, &rec, buf, sizeof buf, &change, b.now));
}

/* Only the member that serves draws from the pool; a refresh is taken by any. */
static void a_member_that_stands_by_gives_no_address(void **state)
{
	(void)state;
	struct mh m = update(&b, HOA, LIFETIME_S);
	struct mh_packet p;
	say(&b, HOA, &m);
	last_stamp = 0;
	assert_false(answer(&b, &p));
	assert_int_equal(b.count.n[R_MMA_STANDBY], 1);
	assert_null(binding(&b, HOA));
	struct addr6 coa = registers(&a, HOA);
	share(&a, &b);
	b.now.wall = a.now.wall;
	struct addr6 again = registers(&b, HOA);
	assert_true(addr6_eq(&coa, &again));
}

static void a_departure_takes_it_out_and_lets_it_rest(void **state)
{
	(void)state;
	struct addr6 coa = registers(&a, HOA);
	share(&a, &b);
	leaves(&a, HOA);
	assert_int_equal(last_put(&a)->store.change.how, FX_CHANGE_DELETE);
	share(&a, &b);
	assert_true(takes_back_coa(&b, &coa));
	assert_int_equal(binding(&b, HOA)->b.state, BINDING_GONE);
	assert_int_equal(mma(&b)->n_active, 0);
	assert_ptr_equal(table_find(&mma(&b)->by_coa, &coa), binding(&b, HOA)); /* nobody is given it */
	assert_null(table_find(&mma(&b)->by_group, &(struct addr6[]){group_of(HOA)}[0]));
	rig_clear(&b);
	rig_run(&b, span_s(REST_S + 1));
	assert_null(binding(&b, HOA));
	assert_int_equal(rig_count(&b, FX_STORE_PUT), 0);
}

/* Its lifetime ends on every member by itself: nobody is told. */
static void what_ends_by_itself_is_told_to_nobody(void **state)
{
	(void)state;
	struct addr6 coa = registers(&a, HOA);
	share(&a, &b);
	rig_clear(&b);
	rig_clear(&a);
	rig_run(&a, span_s(LIFETIME_S + 1));
	rig_run(&b, span_s(LIFETIME_S + 1));
	assert_int_equal(last_put(&a)->store.change.how, FX_CHANGE_LAPSE);
	assert_int_equal(last_put(&b)->store.change.how, FX_CHANGE_LAPSE);
	assert_true(takes_back_coa(&b, &coa));
	assert_int_equal(binding(&b, HOA)->b.state, BINDING_GONE);
}

/* --- takeover ------------------------------------------------------------------------------------------------------- */

static void the_sequence_goes_on_above_whoever_served(void **state)
{
	(void)state;
	registers(&a, HOA);
	const uint32_t first = coa_put(&a)->seq_start;
	share(&a, &b);
	const uint32_t second = coa_put(&b)->seq_start;
	set_active(&b, true);
	set_active(&a, false);
	const uint32_t third = coa_put(&a)->seq_start;
	assert_true((int32_t)(second - first) >= MMA_SEQ_LEAP && (int32_t)(third - second) >= MMA_SEQ_LEAP);
	registers(&b, HOA); /* a refresh tells where b began */
	share(&b, &a);
	assert_true((int32_t)(coa_put(&a)->seq_start - second) >= MMA_SEQ_LEAP);
}

static void report(struct rig *r)
{
	uint8_t buf[256];
	const struct addr6 host = A("fe80::99"), source = A(SERVICE), group = group_of(HOA);
	size_t n = mld2_state_packet_build(buf, sizeof buf, &host, MLD_ALLOW, &group, &source);
	rig_clear(r);
	assert_true(rig_rx(r, D1, "02:00:00:00:11:01", buf, n));
}

static bool asks(const struct rig *r)
{
	const struct effect *e;
	bool is_query = false;
	for (uint32_t i = 0; (e = rig_effect(r, FX_SEND, i)); i++) {
		const uint8_t *p = effq_bytes(&r->fx, e->send.off);
		is_query |= e->send.len_oct > 48 && p[6] == 0 && p[48] == 130; /* behind a hop-by-hop header */
	}
	return is_query;
}

/* It wants to know who is there, and to be elected by nobody. */
static void who_comes_to_stand_by_asks_once(void **state)
{
	(void)state;
	const struct addr6 modest = A("fe80::ffff:ffff:ffff:ffff");
	assert_true(asks(&b));
	const struct effect *e = rig_effect(&b, FX_SEND, 0);
	assert_true(e->send.is_of_standby);
	assert_memory_equal(effq_bytes(&b.fx, e->send.off) + 8, &modest, sizeof modest);
	assert_int_equal(rig_count(&b, FX_SEND), 1);
}

static void who_listens_is_heard_and_asked_at_a_takeover(void **state)
{
	(void)state;
	report(&b);
	const struct dp_op *mfc = rig_dp(&b, FX_DP_PUT, DP_MFC, 0);
	assert_non_null(mfc);
	assert_int_equal(mfc->mfc.n_oif, 1);
	rig_clear(&b);
	rig_run(&b, span_s(31));
	assert_false(asks(&b));
	set_active(&b, true);
	assert_true(asks(&b));
	assert_non_null(mldr_find(&mma(&b)->mldr, &(struct addr6[]){group_of(HOA)}[0], &mma(&b)->conf.address));
	rig_clear(&b);
	rig_run(&b, span_s(31));
	assert_true(asks(&b));
	set_active(&b, false);
	rig_run(&b, span_s(61));
	assert_false(asks(&b));
}

/* The last timestamp was taken by a member whose clock is ahead: the next one is judged by that. */
static void a_refresh_is_taken_by_a_clock_that_is_behind(void **state)
{
	(void)state;
	b.now.wall = wall_add(b.now.wall, span_s(-2 * SKEW_S));
	registers(&a, HOA);
	share(&a, &b);
	struct mh m = update(&a, HOA, LIFETIME_S);
	struct mh_packet p;
	say(&b, HOA, &m);
	assert_true(answer(&b, &p));
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	say(&b, HOA, &m); /* the same once more is old */
	assert_true(answer(&b, &p));
	assert_int_equal(p.mh.ba.status, BA_ID_MISMATCH);
}

static void the_service_address_is_not_ours_to_put(void **state)
{
	(void)state;
	const struct effect *e, *last = NULL;
	struct mma_conf conf;
	make_conf(&conf);
	rig_clear(&a);
	assert_int_equal(rig_start(&a, &mma_role, &conf), ERR_OK);
	mma_role.active(a.self, false, a.now);
	for (uint32_t i = 0; i < a.fx.n; i++) {
		e = &a.fx.fx[i];
		last = (e->kind == FX_ADDR_ADD || e->kind == FX_ADDR_DEL) && addr6_eq(&e->addr.addr, &conf.address) ? e : last;
	}
	assert_int_equal(last->kind, FX_ADDR_DEL);
}

/* --- after a split --------------------------------------------------------------------------------------------------- */

/* Both serve, and by bad luck draw the same. */
static void collide(const char *at_a, const char *at_b, struct addr6 *coa)
{
	b.now.wall = a.now.wall;
	set_active(&b, true);
	*coa = registers(&a, at_a);
	registers(&b, at_b);
	struct mma_binding *mb = binding(&b, at_b);
	mma_bind_leave_coa(b.self, mb);
	assert_int_equal(mma_bind_set_coa(b.self, mb, coa), ERR_OK);
	rig_clear(&b);
	mma_record_put(b.self, mb, b.now);
}

static void expect_one_holder(const char *keeper, const char *loser, const struct addr6 *coa)
{
	const struct rig *both[] = {&a, &b};
	for (int i = 0; i < 2; i++) {
		assert_ptr_equal(table_find(&mma(both[i])->by_coa, coa), binding(both[i], keeper));
		assert_true(addr6_is_none(&binding(both[i], loser)->b.coa));
		assert_int_equal(mma(both[i])->n_active, 2);
	}
}

static void heal(const char *at_a)
{
	struct rig saved = b; /* b's record first, then a's of before */
	share(&saved, &a);
	rig_clear(&a);
	mma_record_put(a.self, binding(&a, at_a), a.now);
	share(&a, &b);
}

static void one_address_for_two_mobiles_is_settled_alike(void **state)
{
	(void)state;
	struct addr6 coa;
	collide(HOA, OTHER, &coa);
	heal(HOA);
	expect_one_holder(HOA, OTHER, &coa);
	assert_int_equal(rig_count(&b, FX_EVENT) > 0, 1);
	struct addr6 fresh = registers(&a, OTHER); /* the next refresh mends it */
	assert_false(addr6_eq(&fresh, &coa) || addr6_is_none(&fresh));
	share(&a, &b);
	assert_ptr_equal(table_find(&mma(&b)->by_coa, &fresh), binding(&b, OTHER));
	assert_ptr_equal(table_find(&mma(&b)->by_coa, &coa), binding(&b, HOA));
}

static void the_lower_home_address_takes_it_from_whoever_has_it(void **state)
{
	(void)state;
	struct addr6 coa;
	collide(OTHER, HOA, &coa);
	heal(OTHER);
	expect_one_holder(HOA, OTHER, &coa);
}

static void an_address_that_rests_gives_way(void **state)
{
	(void)state;
	struct addr6 coa;
	collide(HOA, OTHER, &coa);
	struct rig saved = b;
	leaves(&a, HOA);
	share(&saved, &a);
	assert_ptr_equal(table_find(&mma(&a)->by_coa, &coa), binding(&a, OTHER));
}

static void records_that_make_no_sense_change_nothing(void **state)
{
	(void)state;
	registers(&a, HOA);
	const struct fx_store f = last_put(&a)->store;
	const uint8_t *key = effq_bytes(&a.fx, f.off);
	for (uint16_t n = 0; n < f.val_len_oct; n++) {
		const struct store_rec rec = {f.table, key, key + f.key_len_oct, f.key_len_oct, n};
		assert_int_equal(mma_role.replica(b.self, &rec, &f.change, b.now), ERR_INVAL);
	}
	const struct store_rec other = {STORE_BINDING_HA, key, key + f.key_len_oct, f.key_len_oct, f.val_len_oct};
	assert_int_equal(mma_role.replica(b.self, &other, &f.change, b.now), ERR_NOTFOUND);
	const struct store_rec gone = {f.table, key, NULL, f.key_len_oct, 0};
	const struct fx_change ended = {.how = FX_CHANGE_DELETE};
	assert_int_equal(mma_role.replica(b.self, &gone, &ended, b.now), ERR_NOTFOUND);
	assert_int_equal(bindings_count(&mma(&b)->bindings), 0);
	share(&a, &b);
	assert_int_equal(mma_role.replica(b.self, &gone, &ended, b.now), ERR_OK);
	assert_int_equal(binding(&b, HOA)->b.state, BINDING_GONE);
}

static void without_memory_a_replica_is_refused(void **state)
{
	(void)state;
	registers(&a, HOA);
	const struct fx_store f = last_put(&a)->store;
	const uint8_t *key = effq_bytes(&a.fx, f.off);
	const struct store_rec rec = {f.table, key, key + f.key_len_oct, f.key_len_oct, f.val_len_oct};
	for (int64_t i = 0; i < 20; i++) {
		b.fail_in = i;
		int err = mma_role.replica(b.self, &rec, &f.change, b.now);
		b.fail_in = -1;
		if (!err)
			return;
		assert_null(binding(&b, HOA));
	}
	fail_msg("it never succeeded");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_replica_fills_the_datapath), T(a_record_precedes_its_answer), T(the_record_can_be_asked_for),
		T(a_member_that_stands_by_gives_no_address), T(a_departure_takes_it_out_and_lets_it_rest), T(what_ends_by_itself_is_told_to_nobody),
		T(the_sequence_goes_on_above_whoever_served), T(who_comes_to_stand_by_asks_once), T(who_listens_is_heard_and_asked_at_a_takeover),
		T(a_refresh_is_taken_by_a_clock_that_is_behind), T(the_service_address_is_not_ours_to_put),
		T(one_address_for_two_mobiles_is_settled_alike), T(the_lower_home_address_takes_it_from_whoever_has_it), T(an_address_that_rests_gives_way),
		T(records_that_make_no_sense_change_nothing), T(without_memory_a_replica_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
