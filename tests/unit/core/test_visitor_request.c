/* SPDX-License-Identifier: BSD-2-Clause */
/* Which requests the relay of registrations (core/visitor) takes: their form, what they ask for, and how many there may be.
 * RFC 5944 3.7.2, RFC 3024, 3115, 3519. H-7, H-10. */
#include "../kit/visitor_kit.h"

/* --- checks ---------------------------------------------------------------------------------------------- */

static void poorly_formed_requests_are_refused(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	for (uint8_t flag = 1; flag; flag = (uint8_t)(flag << 1)) {
		struct request q = request_of(&b, 300);
		q.m.request.flags = flag;
		if (flag == 0x01 || flag == 0x04)
			refused(&b, &q, MIP4_FA_POOR_REQUEST);
	}
	struct request q = request_of(&b, 300);
	q.m.ext.has_delivery = true; /* without T */
	refused(&b, &q, MIP4_FA_POOR_REQUEST);
	q = request_of(&b, 300);
	q.m.ext.auth[MIP4_MH].n = 0;
	refused(&b, &q, MIP4_FA_POOR_REQUEST);
	q = request_of(&b, 300);
	q.m.request.hoa = rig_addr("224.1.1.1");
	q.path.src = rig_addr("10.9.0.50");
	refused(&b, &q, MIP4_FA_POOR_REQUEST);
	assert_int_equal(b.vs.n_relayed, 0);
	bench_fini(&b);
}

static void every_truncation_and_a_wrong_checksum_are_counted_and_change_nothing(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	struct request q = request_of(&b, 200);
	const struct frame whole = request_build(&b, &q);
	uint64_t relayed = b.vs.n_relayed;
	for (size_t n = 0; n < whole.n; n++) {
		struct frame f = whole;
		f.n = n;
		(void)bench_rx(&b, &f);
		rig_clear(&b.rig);
		assert_int_equal(b.vs.n_pending, 0);
	}
	struct frame f = whole;
	f.buf[27] ^= 1;
	ignored(&b, &f, R_MSG_CHECKSUM);
	f = whole;
	f.buf[26] = f.buf[27] = 0; /* none */
	assert_true(bench_rx(&b, &f));
	assert_int_equal(b.vs.n_relayed, relayed + 1);
	bench_fini(&b);
}

static void home_agents_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	static const char *const bad[] = {LINK, COA, "0.0.0.0", "255.255.255.255", "224.0.0.11", "127.0.0.1"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct request q = request_of(&b, 300);
		q.m.request.ha = rig_addr(bad[i]);
		refused(&b, &q, MIP4_FA_INVALID_HA);
	}
	b.rig.env.roles = 1u << ROLE_HA; /* then the home agent here deals with it: 3.7.2 */
	struct request q = request_of(&b, 300);
	q.m.request.ha = rig_addr(LINK);
	struct frame f = request_build(&b, &q);
	assert_false(bench_rx(&b, &f));
	bench_fini(&b);
}

static void care_of_addresses_are_those_offered(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	q.m.request.coa = rig_addr("192.0.2.2");
	refused(&b, &q, MIP4_FA_COA);
	q = request_of(&b, 300);
	q.m.request.coa = q.path.src = rig_addr("10.9.0.50");
	q.m.request.flags = MIP4_D;
	refused(&b, &q, MIP4_FA_PROHIBITED);
	b.conf.takes_colocated = true;
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_D; /* ours is no address of the mobile's own */
	refused(&b, &q, MIP4_FA_COA);
	q = request_of(&b, 300);
	q.m.request.coa = q.path.src = rig_addr("10.9.0.50");
	q.m.request.flags = MIP4_D;
	ask(&b, &q);
	struct mip4_packet p = last(&b);
	assert_true(addr6_eq(&p.src, &b.coa[0]));
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	answer(&b, &r);
	assert_int_equal(b.n_accepted, 1);
	bench_fini(&b);
}

/* RFC 3519 4.5. */
static void co_located_mobiles_ask_for_udp_tunnels_themselves(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.conf.takes_colocated = b.conf.has_udp = true;
	struct request q = request_of(&b, 300);
	q.m.request.coa = q.path.src = rig_addr("10.9.0.50");
	q.m.request.flags = MIP4_D | MIP4_T;
	q.path.ttl = 255;
	ask(&b, &q);
	assert_false(last(&b).m.ext.has_udp_request);
	q.m.ext.has_udp_request = true;
	q.m.ext.udp_request.is_r = true;
	q.m.request.id++;
	ask(&b, &q);
	struct mip4_packet p = last(&b);
	assert_true(p.m.ext.has_udp_request && p.m.ext.udp_request.is_r && p.m.ext.udp_request.off < p.m.ext.auth[MIP4_MH].off);
	bench_fini(&b);
}

/* RFC 3024 4.2.1. */
static void reverse_tunnels_are_given_as_configured(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	q.m.request.flags = MIP4_T;
	refused(&b, &q, MIP4_FA_TOO_DISTANT);
	b.conf.reverse = VISITOR_REVERSE_OFF;
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_T;
	q.path.ttl = 255;
	refused(&b, &q, MIP4_FA_NO_REVERSE);
	b.conf.reverse = VISITOR_REVERSE_REQUIRED;
	q = request_of(&b, 300);
	refused(&b, &q, MIP4_FA_REVERSE_MANDATORY);
	b.conf.has_delivery = false;
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_T;
	q.path.ttl = 255;
	q.m.ext.has_delivery = true;
	refused(&b, &q, MIP4_FA_DELIVERY);
	b.conf.has_delivery = true;
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_T;
	q.path.ttl = 255;
	q.m.ext.has_delivery = true;
	ask(&b, &q);
	assert_false(last(&b).m.ext.has_delivery); /* 3.3 there: for us alone */
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	answer(&b, &r);
	struct addr6 hoa = rig_addr(HOA);
	assert_true(visitors_find(&b.vs, &hoa)->req.has_delivery);
	b.conf.is_remote = true;
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_T;
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	bench_fini(&b);
}

static void encapsulations_are_those_offered(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.conf.encap = MIP4_G;
	struct request q = request_of(&b, 300);
	q.m.request.flags = MIP4_M;
	refused(&b, &q, MIP4_FA_ENCAP);
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_G;
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	b.conf.encap = 0;
	q = request_of(&b, 300);
	q.m.request.flags = MIP4_G;
	refused(&b, &q, MIP4_FA_ENCAP);
	bench_fini(&b);
}

/* RFC 3115 3: those behind the mobile's own authentication are meant for the foreign agent. */
static void critical_vendor_extensions_must_be_known(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.knows = 8;
	for (uint16_t type = 7; type <= 8; type++) {
		struct request q = request_of(&b, 300);
		const uint8_t cvse[] = {38, 0, 0, 6, 0, 0, 0x7e, 0xd9, 0, (uint8_t)type};
		struct frame inner = request_build(&b, &q), f = {.ifindex = IF_ACCESS};
		uint8_t whole[512];
		memcpy(whole, inner.buf + 28, q.m.len_oct);
		memcpy(whole + q.m.len_oct, cvse, sizeof cvse);
		struct mip4 none = {.type = MIP4_REQUEST};
		struct mip4_built built;
		q.path.relay = whole;
		q.path.relay_oct = (uint16_t)(q.m.len_oct + sizeof cvse);
		f.n = mip4_packet_build(f.buf, sizeof f.buf, &q.path, &none, &built);
		mip4_packet_finish(&built, f.buf);
		assert_true(bench_rx(&b, &f));
		struct mip4_packet p = last(&b);
		assert_int_equal(p.m.type, type == 7 ? MIP4_REPLY : MIP4_REQUEST);
		if (type == 7)
			assert_int_equal(p.m.reply.code, MIP4_FA_MN_VENDOR);
		else
			assert_int_equal(p.m.ext.n_vendor, 0); /* ours to take away */
		bench_run(&b, span_s(2));
	}
	bench_fini(&b);
}

/* RFC 3024 A: two private networks with one address. */
static void overlapping_home_addresses_are_refused(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	struct request q = request_of(&b, 300);
	q.m.request.ha = rig_addr("203.0.113.1");
	q.lladdr = OTHER;
	refused(&b, &q, MIP4_FA_PROHIBITED);
	assert_int_equal(b.rig.count.n[R_VISIT_OVERLAP], 1);
	q = request_of(&b, 300); /* the same station may choose another home agent */
	q.m.request.ha = rig_addr("203.0.113.1");
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	bench_fini(&b);
}

static void the_owner_has_the_last_word(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.own_code = MIP4_FA_PROHIBITED;
	struct request q = request_of(&b, 300);
	refused(&b, &q, MIP4_FA_PROHIBITED);
	assert_int_equal(b.rig.count.n[R_VISIT_OWNER], 1);
	bench_fini(&b);
}

/* --- limits ---------------------------------------------------------------------------------------------- */

static void busy_takes_nobody_new(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	b.link.is_busy = true;
	struct request q = request_of(&b, 300);
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	q = request_of(&b, 300);
	q.m.request.hoa = q.path.src = rig_addr("10.1.0.101");
	refused(&b, &q, MIP4_FA_NO_RESOURCES);
	b.link.is_busy = false;
	b.conf.visitors_max = 1;
	q = request_of(&b, 300);
	q.m.request.hoa = q.path.src = rig_addr("10.1.0.101");
	refused(&b, &q, MIP4_FA_NO_RESOURCES);
	bench_fini(&b);
}

static void pending_requests_are_limited_and_time_out(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	for (uint32_t i = 0; i < b.conf.pending_max + 1; i++) {
		struct request q = request_of(&b, 300);
		q.m.request.hoa.b[15] = (uint8_t)(2 + i);
		q.path.src = q.m.request.hoa;
		ask(&b, &q);
	}
	assert_int_equal(b.vs.n_pending, b.conf.pending_max);
	assert_int_equal(last(&b).m.reply.code, MIP4_FA_NO_RESOURCES);
	bench_run(&b, span_s(6));
	assert_int_equal(b.vs.n_timeouts, 0);
	bench_run(&b, span_s(2));
	assert_int_equal(b.vs.n_timeouts, b.conf.pending_max);
	assert_int_equal(last(&b).m.reply.code, MIP4_FA_TIMEOUT);
	assert_int_equal(b.vs.n_pending, 0);
	struct request q = request_of(&b, 2); /* 3.7.2.2: not longer than it asks for */
	ask(&b, &q);
	bench_run(&b, span_ms(2100));
	assert_int_equal(b.vs.n_pending, 0);
	bench_fini(&b);
}

static void refusals_are_one_a_second_and_mobile(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	for (int i = 0; i < 10; i++) {
		struct request q = request_of(&b, 9999);
		ask(&b, &q);
		bench_run(&b, span_ms(250));
	}
	assert_in_range(rig_count(&b.rig, FX_SEND), 2, 3);
	assert_true(b.rig.count.n[R_LIMIT_RATE] >= 7);
	b.conf.rate = 2;
	for (int i = 0; i < 50; i++) {
		struct request q = request_of(&b, 300);
		ask(&b, &q);
	}
	assert_true(b.vs.n_relayed <= 5);
	bench_fini(&b);
}

static void out_of_memory_is_an_answer(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 8; i++) {
		struct bench b;
		bench_init(&b);
		struct request q = request_of(&b, 300);
		b.rig.fail_in = i;
		struct frame f = request_build(&b, &q);
		(void)bench_rx(&b, &f);
		b.rig.fail_in = -1;
		if (b.vs.n_pending && rig_count(&b.rig, FX_SEND) && last(&b).m.type == MIP4_REQUEST) {
			struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
			f = reply_build(&b, &r);
			b.rig.fail_in = i;
			(void)bench_rx(&b, &f);
			b.rig.fail_in = -1;
		}
		assert_int_equal(visitors_count(&b.vs), b.n_accepted);
		bench_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poorly_formed_requests_are_refused),
		cmocka_unit_test(every_truncation_and_a_wrong_checksum_are_counted_and_change_nothing),
		cmocka_unit_test(home_agents_that_cannot_be_are_refused),
		cmocka_unit_test(care_of_addresses_are_those_offered),
		cmocka_unit_test(co_located_mobiles_ask_for_udp_tunnels_themselves),
		cmocka_unit_test(reverse_tunnels_are_given_as_configured),
		cmocka_unit_test(encapsulations_are_those_offered),
		cmocka_unit_test(critical_vendor_extensions_must_be_known),
		cmocka_unit_test(overlapping_home_addresses_are_refused),
		cmocka_unit_test(the_owner_has_the_last_word),
		cmocka_unit_test(busy_takes_nobody_new),
		cmocka_unit_test(pending_requests_are_limited_and_time_out),
		cmocka_unit_test(refusals_are_one_a_second_and_mobile),
		cmocka_unit_test(out_of_memory_is_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
