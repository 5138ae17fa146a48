// SPDX-License-Identifier: BSD-2-Clause
/* The slow path of IPv4: tunnel packets of every form, made whole, are opened at whoever they are for (RFC 2003, RFC 2004, RFC 3024). H-7. */
#include "../kit/slow4_kit.h"

static void give_whole(struct bench *b, const struct pkt *t)
{
	b->n = 0;
	slow_raw(b->slow, IF_ACC, t->b, t->n, t0);
}

static void expect_local(struct bench *b, const struct pkt *p)
{
	assert_int_equal(b->n, 1);
	assert_int_equal(b->out[0].kind, SLOW_LOCAL);
	assert_int_equal(b->bytes[0].n, p->n);
	assert_memory_equal(b->bytes[0].b, p->b, p->n);
}

static void reverse_tunnels_are_opened(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner_of(hoa, cn, 1490, true), net = inner_of("10.77.3.3", cn, 1490, true), other = inner_of("10.1.0.101", cn, 1490, true);
	b->local_flags = DP_LOCAL_HA;
	b->home = (struct dp_home){.home_address = A(hoa), .coa = A(coa), .ha = A(ha), .expires = MONO_NEVER, .is_reverse = true, .has_more = true,
				   .prev = A("10.5.0.5"), .prev_until = mono_add(t0, span_s(1))};
	for (int i = 0; i < 4; i++) {
		struct pkt t = wrapped(forms[i].encap, &p, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &p);
		t = wrapped(forms[i].encap, &net, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &net);
		t = wrapped(forms[i].encap, &p, "10.4.0.4", ha, 0); /* another of its bindings */
		give_whole(b, &t);
		expect_local(b, &p);
		t = wrapped(forms[i].encap, &p, "10.5.0.5", ha, 0); /* the one before */
		give_whole(b, &t);
		expect_local(b, &p);
		t = wrapped(forms[i].encap, &p, "10.6.0.6", ha, 0); /* a liar */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
		t = wrapped(forms[i].encap, &other, coa, ha, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
		t = wrapped(forms[i].encap, &p, coa, "10.1.0.2", 0); /* to another address of ours */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	b->home.is_reverse = false; /* it did not ask for one */
	struct pkt t = wrapped(DP_ENCAP_IPIP, &p, coa, ha, 0);
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
	b->home.is_reverse = true;
	b->local_flags = DP_LOCAL_MH;
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
}

/* RFC 5177 7: what a mobile router's network sends comes in a tunnel of its own inside that of the agent. */
static void tunnels_in_reverse_tunnels_are_opened(void **state)
{
	struct bench *b = *state;
	const struct pkt net = inner_of("10.77.3.3", cn, 1450, true), other = inner_of("10.1.0.101", cn, 1450, true);
	b->local_flags = DP_LOCAL_HA;
	b->home = (struct dp_home){.home_address = A(hoa), .coa = A(coa), .ha = A(ha), .expires = MONO_NEVER, .is_reverse = true};
	for (int i = 0; i < 4; i++) {
		struct pkt nest = wrapped(DP_ENCAP_IPIP, &net, hoa, ha, 0), t = wrapped(forms[i].encap, &nest, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &net);
		nest = wrapped(DP_ENCAP_IPIP, &other, hoa, ha, 0);
		t = wrapped(forms[i].encap, &nest, coa, ha, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
		nest = wrapped(DP_ENCAP_IPIP, &net, hoa, cn, 0); /* a tunnel to somebody else */
		t = wrapped(forms[i].encap, &nest, coa, ha, 0);
		give_whole(b, &t);
		expect_local(b, &nest);
	}
}

static void gre_with_a_checksum_is_taken(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner_of(hoa, cn, 200, true);
	uint8_t body[PKT_MAX] = {0x80, 0, 0x08, 0};
	b->local_flags = DP_LOCAL_HA;
	b->home = (struct dp_home){.home_address = A(hoa), .coa = A(coa), .ha = A(ha), .expires = MONO_NEVER, .is_reverse = true};
	memcpy(body + 8, p.b, p.n);
	const uint16_t sum = csum_fold(csum_add(0, body, 8 + p.n));
	body[4] = (uint8_t)(sum >> 8);
	body[5] = (uint8_t)sum;
	struct pkt t = packet(head(coa, ha, NH_GRE, true), body, 8 + p.n);
	give_whole(b, &t);
	expect_local(b, &p);
	body[4] ^= 1;
	t = packet(head(coa, ha, NH_GRE, true), body, 8 + p.n);
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
}

static void visitors_get_their_packets(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1490, false);
	b->local_flags = DP_LOCAL_FA;
	b->visit = (struct dp_visit){.home_address = A(hoa), .ha = A(ha), .coa = A(coa), .ifindex = IF_ACC, .lladdr = {{2, 0, 0, 0, 0, 8}},
				     .up = DP_VISIT_ENCAPSULATED, .encap = DP_ENCAP_GRE_PLAIN, .expires = MONO_NEVER};
	for (int i = 0; i < 4; i++) {
		struct pkt t = wrapped(forms[i].encap, &p, ha, coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 1);
		assert_int_equal(b->out[0].kind, SLOW_LINK);
		assert_int_equal(b->out[0].ifindex, IF_ACC);
		const struct pkt got = unwrapped(b, 0, DP_ENCAP_NONE, cn, hoa);
		assert_int_equal(got.b[8], 59);
		assert_memory_equal(got.b + 12, p.b + 12, p.n - 12);
		t = wrapped(forms[i].encap, &p, "10.1.0.9", coa, 0); /* not its home agent */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	/* RFC 3024 4.3: encapsulating delivery, onwards in the home agent's tunnel. */
	const struct pkt up = inner_of(hoa, cn, 1400, true), t = wrapped(DP_ENCAP_IPIP, &up, hoa, coa, 0);
	give_whole(b, &t);
	assert_int_equal(b->n, 1);
	struct pkt got = unwrapped(b, 0, DP_ENCAP_GRE_PLAIN, coa, ha);
	assert_memory_equal(got.b + 12, up.b + 12, up.n - 12);
	b->visit.up = DP_VISIT_REVERSE;
	give_whole(b, &t);
	assert_int_equal(b->n, 0);
	b->visit.up = DP_VISIT_WAIT; /* its home agent has not said yes */
	const struct pkt down = wrapped(DP_ENCAP_IPIP, &p, ha, coa, 0);
	give_whole(b, &down);
	assert_int_equal(b->n, 0);
}

static void a_sites_agent_passes_on_both_ways(void **state)
{
	struct bench *b = *state;
	const struct pkt down = inner(1400, true), up = inner_of(hoa, cn, 1400, true);
	b->local_flags = DP_LOCAL_MMA;
	b->coa = (struct dp_coa){.coa = A(hoa), .home_address = A(hoa), .group = A(group), .source = A(coa), .ha = A(ha), .expires = MONO_NEVER};
	b->up = (struct dp_uplink_in){.inner_src = A(hoa), .coa = A(coa), .ha = A(ha), .gre_key = 5, .gre_key_prev = 4, .expires = MONO_NEVER,
				      .encap = DP_ENCAP_MINIMAL};
	for (int i = 0; i < 4; i++) {
		struct pkt t = wrapped(forms[i].encap, &down, ha, coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 1);
		assert_int_equal(b->out[0].kind, SLOW_GROUP);
		const struct pkt got = unwrapped(b, 0, DP_ENCAP_GRE, coa, group);
		assert_memory_equal(got.b + 12, down.b + 12, down.n - 12);
		t = wrapped(forms[i].encap, &down, "10.1.0.9", coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	for (uint32_t key = 3; key < 6; key++) {
		struct pkt t = wrapped(DP_ENCAP_GRE, &up, "10.2.17.4", coa, key);
		give_whole(b, &t);
		assert_int_equal(b->n, key > 3);
		if (key == 3)
			continue;
		const struct pkt got = unwrapped(b, 0, DP_ENCAP_MINIMAL, coa, ha);
		assert_memory_equal(got.b + 12, up.b + 12, up.n - 12);
		t = wrapped(DP_ENCAP_GRE, &up, "10.3.17.4", coa, key); /* from outside the site */
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
	b->up.ha = addr6_any; /* no reverse tunnel: by the routing table */
	struct pkt t = wrapped(DP_ENCAP_GRE, &up, "10.2.17.4", coa, 5);
	give_whole(b, &t);
	expect_local(b, &up);
	b->coa.forward = A("10.3.0.1"); /* the mobile went to another site */
	b->coa.forward_until = mono_add(t0, span_s(1));
	t = wrapped(DP_ENCAP_IPIP, &down, ha, coa, 0);
	give_whole(b, &t);
	const struct pkt got = unwrapped(b, 0, DP_ENCAP_IPIP, coa, "10.3.0.1");
	assert_memory_equal(got.b + 12, down.b + 12, down.n - 12);
}

static void a_mobile_opens_its_tunnels(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1490, true), all = inner_of(cn, "255.255.255.255", 100, true), mine = inner_of(cn, "10.1.0.255", 100, true);
	struct pkt t;
	for (int i = 0; i < 4; i++) {
		b->down = (struct dp_downlink_in){.dst = A(coa), .src = A(ha), .home_address = A(hoa), .encap = forms[i].encap, .broadcast = A("10.1.0.255")};
		for (int k = 0; k < 4; k++) {
			t = wrapped(forms[k].encap, &p, ha, coa, 0);
			give_whole(b, &t);
			assert_int_equal(b->n, k == i || forms[k].encap == DP_ENCAP_IPIP);
		}
		t = wrapped(forms[i].encap, &all, ha, coa, 0);
		give_whole(b, &t);
		expect_local(b, &all);
		t = wrapped(forms[i].encap, &mine, ha, coa, 0);
		give_whole(b, &t);
		expect_local(b, &mine);
		const struct pkt other = inner_of(cn, "10.1.0.101", 100, true);
		t = wrapped(forms[i].encap, &other, ha, coa, 0);
		give_whole(b, &t);
		assert_int_equal(b->n, 0);
	}
}

/* What the keep ring had goes on as IP-in-IP. */
static void kept_packets_go_on(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1400, true);
	const struct addr6 src = A(coa), dst = A("10.3.0.1");
	slow_forward(b->slow, &src, &dst, p.b, p.n);
	const struct pkt got = unwrapped(b, 0, DP_ENCAP_IPIP, coa, "10.3.0.1");
	assert_memory_equal(got.b + 12, p.b + 12, p.n - 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reverse_tunnels_are_opened), TEST(tunnels_in_reverse_tunnels_are_opened), TEST(gre_with_a_checksum_is_taken),
		TEST(visitors_get_their_packets), TEST(a_sites_agent_passes_on_both_ways), TEST(a_mobile_opens_its_tunnels),
		TEST(kept_packets_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
