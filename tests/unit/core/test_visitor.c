/* SPDX-License-Identifier: BSD-2-Clause */
/* The relay of registrations (core/visitor): what goes on to the home agent, which reply belongs to which request, and what the visitor
 * list says then. RFC 5944 3.7, RFC 2794. H-7, H-10. */
#include "../kit/visitor_kit.h"

/* --- relay and reply ------------------------------------------------------------------------------------- */

static void a_request_is_relayed_byte_for_byte(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	q.m.ext.has_nai = true;
	q.m.ext.nai = (struct mip4_bytes){.len_oct = 5, .p = (const uint8_t *)"u@r.x"};
	struct frame f = request_build(&b, &q);
	assert_true(bench_rx(&b, &f));
	struct mip4_packet p = last(&b);
	assert_true(addr6_eq(&p.src, &b.coa[0]) && addr6_eq(&p.dst, &q.m.request.ha));
	assert_int_equal(p.dport, MIP4_PORT);
	assert_int_equal(p.m.len_oct, q.m.len_oct);
	assert_memory_equal(p.msg, f.buf + 28, q.m.len_oct);
	assert_int_equal(last_send(&b)->ifindex, 0);
	bench_fini(&b);
}

/* 3.7.2.3 and 3.7.3.2: addresses and ports of what goes to the mobile. */
static void a_reply_goes_to_the_station_that_asked(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	struct mip4_packet p = last(&b);
	struct addr6 hoa = rig_addr(HOA), link = rig_addr(LINK);
	struct lladdr mobile = rig_lladdr(MOBILE);
	assert_true(addr6_eq(&p.dst, &hoa) && addr6_eq(&p.src, &link));
	assert_int_equal(p.dport, 1500);
	assert_int_equal(p.sport, MIP4_PORT);
	assert_int_equal(last_send(&b)->ifindex, IF_ACCESS);
	assert_true(last_send(&b)->has_lladdr && lladdr_eq(&last_send(&b)->lladdr, &mobile));
	struct request q = request_of(&b, 9999);
	q.path.dst = rig_addr("224.0.0.11");
	refused(&b, &q, MIP4_FA_LIFETIME);
	p = last(&b);
	assert_true(addr6_eq(&p.src, &link));
	assert_int_equal(p.m.reply.lifetime_s, b.conf.lifetime_s);
	q = request_of(&b, 300);
	q.path.dst = b.coa[0];
	q.m.request.coa = rig_addr("192.0.2.99");
	refused(&b, &q, MIP4_FA_COA);
	p = last(&b);
	assert_true(addr6_eq(&p.src, &b.coa[0]));
	assert_int_equal(p.m.reply.lifetime_s, 300);
	bench_fini(&b);
}

static void the_shorter_lifetime_counts(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	ask(&b, &q);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 60);
	answer(&b, &r);
	assert_int_equal(b.n_accepted, 1);
	bench_run(&b, span_s(59));
	assert_int_equal(b.n_gone, 0);
	bench_run(&b, span_s(2));
	assert_int_equal(b.n_gone, 1);
	assert_int_equal(b.why, VISITOR_EXPIRED);
	assert_int_equal(visitors_count(&b.vs), 0);
	q = request_of(&b, 300);
	ask(&b, &q);
	b.conf.lifetime_s = 100;
	r = reply_of(&b, MIP4_ACCEPTED, 300);
	answer(&b, &r);
	bench_run(&b, span_s(101));
	assert_int_equal(b.n_gone, 2);
	bench_fini(&b);
}

static void an_infinite_lifetime_never_ends(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	b.conf.lifetime_s = MIP4_LIFETIME_INFINITE;
	settle(&b, MIP4_LIFETIME_INFINITE);
	bench_run(&b, span_s(1000000));
	assert_int_equal(b.n_gone, 0);
	assert_true(mono_is_never(visitors_expiry(&b.vs)));
	bench_fini(&b);
}

/* 3.7.2: until the home agent says yes nothing of the entry changes. */
static void a_renewal_that_is_refused_leaves_the_visitor(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	struct addr6 hoa = rig_addr(HOA);
	const struct visitor before = *visitors_find(&b.vs, &hoa);
	struct request q = request_of(&b, 200);
	q.lladdr = OTHER;
	ask(&b, &q);
	struct request r = reply_of(&b, MIP4_HA_ID_MISMATCH, 0);
	answer(&b, &r);
	assert_int_equal(last(&b).m.reply.code, MIP4_HA_ID_MISMATCH);
	const struct visitor *after = visitors_find(&b.vs, &hoa);
	assert_true(after->expires.ns == before.expires.ns && lladdr_eq(&after->req.lladdr, &before.req.lladdr));
	assert_int_equal(b.n_accepted, 1);
	q = request_of(&b, 0);
	ask(&b, &q);
	r = reply_of(&b, MIP4_HA_UNSPECIFIED, 0);
	answer(&b, &r);
	assert_int_equal(b.n_gone, 0);
	bench_fini(&b);
}

static void a_deregistration_ends_the_visit_once_confirmed(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	struct request q = request_of(&b, 0);
	ask(&b, &q);
	assert_int_equal(b.n_gone, 0);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 0);
	answer(&b, &r);
	assert_int_equal(b.n_gone, 1);
	assert_int_equal(b.why, VISITOR_DEREGISTERED);
	assert_int_equal(visitors_count(&b.vs), 0);
	assert_int_equal(last(&b).m.reply.lifetime_s, 0);
	bench_fini(&b);
}

static void another_agents_care_of_address_may_be_ended_through_us(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	settle(&b, 300);
	struct request q = request_of(&b, 0);
	q.m.request.coa = rig_addr("198.51.100.9");
	ask(&b, &q);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 0);
	answer(&b, &r);
	assert_int_equal(b.n_gone, 0);
	assert_int_equal(visitors_count(&b.vs), 1);
	bench_fini(&b);
}

/* --- which reply ----------------------------------------------------------------------------------------- */

static void only_the_right_reply_is_taken(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	ask(&b, &q);
	const struct request right = reply_of(&b, MIP4_ACCEPTED, 300);
	struct request r = right;
	r.m.reply.id ^= 1;
	struct frame f = reply_build(&b, &r);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED);
	r = right;
	r.m.reply.hoa = rig_addr("10.1.0.101");
	f = reply_build(&b, &r);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED);
	r = right;
	r.path.src = rig_addr("10.1.0.2");
	f = reply_build(&b, &r);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED);
	r = right;
	r.path.dst = rig_addr(LINK);
	f = reply_build(&b, &r);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED);
	r = right;
	r.m.reply.id ^= 1ull << 40; /* the high half is the home agent's to change */
	answer(&b, &r);
	assert_int_equal(b.n_accepted, 1);
	f = reply_build(&b, &r);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED); /* again */
	bench_fini(&b);
}

/* Both wait; 3.6.2.1: the mobile takes the answer to its last request alone, so nobody hears of the older one's end. */
static void a_newer_request_waits_beside_the_older(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	ask(&b, &q);
	struct request r1 = reply_of(&b, MIP4_ACCEPTED, 300);
	q = request_of(&b, 300);
	ask(&b, &q);
	assert_int_equal(b.vs.n_pending, 2);
	struct request r2 = reply_of(&b, MIP4_ACCEPTED, 300);
	answer(&b, &r2);
	assert_int_equal(b.n_accepted, 1);
	assert_int_equal(b.vs.n_pending, 0);
	q = request_of(&b, 300);
	ask(&b, &q);
	q = request_of(&b, 300);
	ask(&b, &q);
	r2 = reply_of(&b, MIP4_HA_NO_RESOURCES, 0);
	answer(&b, &r2);
	b.n_refused = 0;
	uint32_t sent = rig_count(&b.rig, FX_SEND);
	bench_run(&b, span_s(8));
	assert_int_equal(b.vs.n_pending, 0);
	assert_int_equal(rig_count(&b.rig, FX_SEND), sent);
	assert_int_equal(b.n_refused, 0);
	struct frame f = reply_build(&b, &r1);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED);
	for (int i = 0; i < 20; i++) { /* few of one mobile */
		q = request_of(&b, 300);
		ask(&b, &q);
		assert_true(b.vs.n_pending <= 4);
	}
	bench_fini(&b);
}

/* Found by the swarm: who repeats a mobile's request while it waits must neither become the visitor nor spoil it. */
static void nobody_takes_the_place_of_a_request_that_waits(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct lladdr mobile = rig_lladdr(MOBILE);
	struct request q = request_of(&b, 300);
	struct frame f = request_build(&b, &q);
	assert_true(bench_rx(&b, &f));
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	struct frame forged = f;
	forged.lladdr = OTHER;
	ignored(&b, &forged, R_VISIT_REPEATED); /* as it was, from elsewhere */
	forged = f;
	forged.buf[forged.n - 1] ^= 1;
	forged.buf[26] = forged.buf[27] = 0;
	ignored(&b, &forged, R_VISIT_REPEATED); /* spoiled, from the mobile's own address */
	uint32_t sent = rig_count(&b.rig, FX_SEND);
	assert_true(bench_rx(&b, &f)); /* the mobile's own repetition goes on */
	assert_int_equal(rig_count(&b.rig, FX_SEND), sent + 1);
	struct request mine = request_of(&b, 300); /* with an identification of his own: beside it */
	mine.lladdr = OTHER;
	ask(&b, &mine);
	assert_int_equal(b.vs.n_pending, 2);
	answer(&b, &r);
	assert_int_equal(b.n_accepted, 1);
	assert_true(lladdr_eq(&visitors_find(&b.vs, &q.m.request.hoa)->req.lladdr, &mobile));
	bench_fini(&b);
}

static void two_mobiles_with_one_identification_are_told_apart(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q1 = request_of(&b, 300), q2 = request_of(&b, 300);
	q2.m.request.hoa = q2.path.src = rig_addr("10.1.0.101");
	q2.m.request.id = q1.m.request.id;
	ask(&b, &q1);
	struct request r1 = reply_of(&b, MIP4_ACCEPTED, 300);
	ask(&b, &q2);
	struct request r2 = reply_of(&b, MIP4_ACCEPTED, 300);
	answer(&b, &r2);
	assert_true(addr6_eq(&b.served, &q2.m.request.hoa));
	answer(&b, &r1);
	assert_true(addr6_eq(&b.served, &q1.m.request.hoa));
	bench_fini(&b);
}

/* RFC 2794 3: by NAI while there is no home address; and the reply's dst is what it assigns. */
static void a_mobile_without_a_home_address_is_known_by_its_name(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	q.m.request.hoa = q.path.src = rig_addr("0.0.0.0");
	refused(&b, &q, MIP4_FA_HOA_REQUIRED);
	struct addr6 broadcast = rig_addr("255.255.255.255"), given = rig_addr("10.1.0.77");
	struct mip4_packet p = last(&b);
	assert_true(addr6_eq(&p.dst, &broadcast));
	const struct mip4_bytes name = {.len_oct = 5, .p = (const uint8_t *)"u@r.x"}, other = {.len_oct = 5, .p = (const uint8_t *)"v@r.x"};
	q = request_of(&b, 300);
	q.m.request.hoa = q.path.src = rig_addr("0.0.0.0");
	q.m.ext.has_nai = true;
	q.m.ext.nai = name;
	ask(&b, &q);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	r.m.reply.hoa = given;
	r.m.ext.has_nai = true;
	r.m.ext.nai = other;
	struct frame f = reply_build(&b, &r);
	ignored(&b, &f, R_VISIT_REPLY_UNEXPECTED);
	r.m.ext.nai = name;
	answer(&b, &r);
	p = last(&b);
	assert_true(addr6_eq(&p.dst, &given) && addr6_eq(&b.served, &given));
	assert_non_null(visitors_find(&b.vs, &given));
	bench_fini(&b);
}

/* 3.7.3.1: two private networks with one address, both of whose mobiles ask at the same time. */
static void one_address_and_two_names_are_told_apart(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	const struct mip4_bytes names[] = {{.len_oct = 5, .p = (const uint8_t *)"u@r.x"}, {.len_oct = 5, .p = (const uint8_t *)"v@r.x"}};
	struct request q[2], r[2];
	for (int i = 0; i < 2; i++) {
		q[i] = request_of(&b, 300);
		q[i].m.request.id = 0x77777777;
		q[i].m.ext.has_nai = true;
		q[i].m.ext.nai = names[i];
		q[i].lladdr = i ? OTHER : MOBILE;
		ask(&b, &q[i]);
		r[i] = reply_of(&b, MIP4_HA_NO_RESOURCES, 0);
		r[i].m.ext.has_nai = true;
		r[i].m.ext.nai = names[i];
	}
	assert_int_equal(b.vs.n_pending, 2);
	for (int i = 1; i >= 0; i--) {
		struct lladdr asked = rig_lladdr(i ? OTHER : MOBILE);
		answer(&b, &r[i]);
		assert_true(lladdr_eq(&last_send(&b)->lladdr, &asked));
	}
	bench_fini(&b);
}

/* RFC 2794 3, RFC 5944 3.7.3: what an accepting reply lacks. */
static void a_reply_that_lacks_something_is_refused(void **state)
{
	(void)state;
	static const struct { const char *what; uint8_t code; } cases[] = {
		{"nai", MIP4_FA_NO_NAI}, {"ha", MIP4_FA_NO_HA}, {"hoa", MIP4_FA_NO_HOA}, {"other ha", MIP4_FA_POOR_REPLY}, {"auth", MIP4_FA_POOR_REPLY},
		{"vendor", MIP4_FA_HA_VENDOR}, {"length", MIP4_FA_POOR_REPLY},
	};
	struct bench b;
	bench_init(&b);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct request q = request_of(&b, 300);
		q.m.request.hoa = q.path.src = rig_addr("0.0.0.0");
		q.m.ext.has_nai = true;
		q.m.ext.nai = (struct mip4_bytes){.len_oct = 5, .p = (const uint8_t *)"u@r.x"};
		ask(&b, &q);
		struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
		r.m.reply.hoa = rig_addr(strcmp(cases[i].what, "hoa") ? "10.1.0.77" : "0.0.0.0");
		r.m.ext.has_nai = strcmp(cases[i].what, "nai") != 0;
		r.m.ext.nai = q.m.ext.nai;
		if (strcmp(cases[i].what, "ha") == 0)
			r.m.reply.ha = rig_addr("0.0.0.0");
		if (strcmp(cases[i].what, "other ha") == 0)
			r.m.reply.ha = rig_addr("10.1.0.2");
		if (strcmp(cases[i].what, "auth") == 0)
			r.m.ext.auth[MIP4_MH].n = 0;
		struct frame f = reply_build(&b, &r);
		if (strcmp(cases[i].what, "vendor") == 0 || strcmp(cases[i].what, "length") == 0) {
			static const uint8_t cvse[] = {38, 0, 0, 6, 0, 0, 0x7e, 0xd9, 0, 99}, bad[] = {131, 9, 'x'};
			bool is_vendor = cases[i].what[0] == 'v';
			memcpy(f.buf + f.n, is_vendor ? cvse : bad, is_vendor ? sizeof cvse : sizeof bad);
			f.n += is_vendor ? sizeof cvse : sizeof bad;
			const struct mip4_built built = {.len_oct = f.n, .msg_off = 28, .msg_len_oct = (uint16_t)(f.n - 28)};
			f.buf[2] = (uint8_t)(f.n >> 8), f.buf[3] = (uint8_t)f.n;
			f.buf[24] = (uint8_t)((f.n - 20) >> 8), f.buf[25] = (uint8_t)(f.n - 20);
			f.buf[10] = f.buf[11] = 0;
			uint32_t sum = 0;
			for (int k = 0; k < 20; k += 2)
				sum += (uint32_t)(f.buf[k] << 8 | f.buf[k + 1]);
			sum = (sum & 0xffff) + (sum >> 16);
			sum = ~((sum & 0xffff) + (sum >> 16));
			f.buf[10] = (uint8_t)(sum >> 8), f.buf[11] = (uint8_t)sum;
			mip4_packet_finish(&built, f.buf);
		}
		assert_true(bench_rx(&b, &f));
		assert_int_equal(last(&b).m.reply.code, cases[i].code);
		assert_int_equal(visitors_count(&b.vs), 0);
		assert_int_equal(b.vs.n_pending, 0);
		bench_run(&b, span_s(2));
	}
	assert_int_equal(b.n_accepted, 0);
	bench_fini(&b);
}

/* 3.7.3: with the code that the error names; others' errors and forged ones change nothing. */
static void icmp_errors_become_codes(void **state)
{
	(void)state;
	static const struct { uint8_t icmp, code; } cases[] = {
		{0, MIP4_FA_HOME_NET_UNREACHABLE}, {1, MIP4_FA_HA_HOST_UNREACHABLE}, {3, MIP4_FA_HA_PORT_UNREACHABLE}, {13, MIP4_FA_HA_UNREACHABLE},
	};
	struct bench b;
	bench_init(&b);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t quote[2048], err[600];
		size_t n = 0;
		struct request q = request_of(&b, 300);
		ask(&b, &q);
		const uint8_t *sent = rig_sent(&b.rig, rig_count(&b.rig, FX_SEND) - 1, &n);
		memcpy(quote, sent, n);
		struct addr6 router = rig_addr("198.51.100.1");
		size_t len = icmp4_error_build(err, sizeof err, &router, IC4_UNREACHABLE, cases[i].icmp, 0, quote, n);
		assert_true(len > 0);
		struct rx rx = {.ifindex = IF_UP, .pkt = err, .len_oct = len};
		assert_true(visitors_icmp(&b.vs, &rx, b.rig.now));
		assert_int_equal(last(&b).m.reply.code, cases[i].code);
		assert_int_equal(b.vs.n_pending, 0);
		bench_run(&b, span_s(2));
		q = request_of(&b, 300);
		ask(&b, &q); /* the same error again is about no request that waits */
		assert_false(visitors_icmp(&b.vs, &rx, b.rig.now));
		assert_int_equal(b.vs.n_pending, 1);
		bench_run(&b, span_s(9));
	}
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_relayed_byte_for_byte),
		cmocka_unit_test(a_reply_goes_to_the_station_that_asked),
		cmocka_unit_test(the_shorter_lifetime_counts),
		cmocka_unit_test(an_infinite_lifetime_never_ends),
		cmocka_unit_test(a_renewal_that_is_refused_leaves_the_visitor),
		cmocka_unit_test(a_deregistration_ends_the_visit_once_confirmed),
		cmocka_unit_test(another_agents_care_of_address_may_be_ended_through_us),
		cmocka_unit_test(only_the_right_reply_is_taken),
		cmocka_unit_test(a_newer_request_waits_beside_the_older),
		cmocka_unit_test(nobody_takes_the_place_of_a_request_that_waits),
		cmocka_unit_test(two_mobiles_with_one_identification_are_told_apart),
		cmocka_unit_test(a_mobile_without_a_home_address_is_known_by_its_name),
		cmocka_unit_test(one_address_and_two_names_are_told_apart),
		cmocka_unit_test(a_reply_that_lacks_something_is_refused),
		cmocka_unit_test(icmp_errors_become_codes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
