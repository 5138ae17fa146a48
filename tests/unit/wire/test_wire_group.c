/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagrams of a redundancy group: every field both ways, every truncation, what is unknown or wrong; UDP over IPv6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/group/group.h"
#include "wire/ip/udp6.h"

static const uint8_t value[] = {1, 2, 3, 4, 5};

static size_t every_field(uint8_t *buf, size_t cap)
{
	struct wr w = wr_of(buf, cap);
	struct grp_item nonce = {.type = GRPF_CHALLENGE, .nonce = {7, {1, 2, 3}}};
	grp_head_build(&w, &(struct grp_head){GRP_UPDATE, 3, 0x01020304, 5, 0x1122334455667788, 42});
	grp_put(&w, &(struct grp_item){.type = GRPF_HELLO, .hello = {GRP_INITIALISED | GRP_ACTIVE, 100, 250, 1000000, 17, 0xfedcba9876543210}});
	grp_put(&w, &nonce);
	nonce.type = GRPF_ECHO;
	grp_put(&w, &nonce);
	grp_put(&w, &(struct grp_item){.type = GRPF_AGENT, .agent = {9, {{0x20, 1, 0xd, 0xb8, [15] = 1}}}});
	grp_put(&w, &(struct grp_item){.type = GRPF_RECORD, .record = {2, GRP_DELETED, 4, sizeof value, 420, {5, 6, 7}, {0xa, 0xb, 0xc, 0xd}, value}});
	grp_put(&w, &(struct grp_item){.type = GRPF_ACK, .ack = {true, 300, 0x123456789}});
	grp_put(&w, &(struct grp_item){.type = GRPF_REQUEST, .request = {0xabcdef01, 4095, 2, true, 99}});
	grp_put(&w, &(struct grp_item){.type = GRPF_PAGE, .page = {0xabcdef01, 17, GRP_PAGE_END | GRP_PAGE_LAST}});
	grp_put(&w, &(struct grp_item){.type = GRPF_DIGEST, .digest = {4095, 0x55}});
	assert_non_null(grp_end(&w));
	assert_true(wr_ok(&w));
	return wr_len(&w);
}

static void fields_go_both_ways(void **state)
{
	(void)state;
	uint8_t buf[1200];
	struct grp_head h;
	struct grp_item f;
	enum wire_err err;
	const size_t n = every_field(buf, sizeof buf);
	struct rd r = rd_of(buf, n);

	assert_int_equal(grp_head_parse(&r, &h), W_OK);
	assert_int_equal(h.type, GRP_UPDATE);
	assert_int_equal(h.key_id, 3);
	assert_int_equal(h.from, 0x01020304);
	assert_int_equal(h.to, 5);
	assert_true(h.epoch == 0x1122334455667788 && h.seq == 42);
	assert_int_equal(grp_check(r), W_OK);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_HELLO);
	assert_int_equal(f.hello.state, GRP_INITIALISED | GRP_ACTIVE);
	assert_true(f.hello.priority == 100 && f.hello.interval_ms == 250 && f.hello.n_records == 1000000 && f.hello.clock == 17);
	assert_true(f.hello.digest == 0xfedcba9876543210);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_CHALLENGE && f.nonce.member == 7 && f.nonce.nonce[2] == 3);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_ECHO);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_AGENT && f.agent.member == 9 && f.agent.addr.b[15] == 1);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_RECORD);
	assert_true(f.record.table == 2 && f.record.flags == GRP_DELETED && f.record.key_oct == 4 && f.record.left_s == 420);
	assert_true(f.record.version.stamp == 5 && f.record.version.clock == 6 && f.record.version.member == 7);
	assert_int_equal(f.record.key[3], 0xd);
	assert_int_equal(f.record.value_oct, sizeof value);
	assert_memory_equal(f.record.value, value, sizeof value);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_ACK && f.ack.is_to_all && f.ack.n == 300 && f.ack.first == 0x123456789);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_REQUEST && f.request.range == 4095 && f.request.attempt == 2 && f.request.is_before_service);
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_PAGE && f.page.range == 17 && f.page.flags == (GRP_PAGE_END | GRP_PAGE_LAST));
	assert_true(grp_next(&r, &f, &err) && f.type == GRPF_DIGEST && f.digest.range == 4095 && f.digest.digest == 0x55);
	assert_false(grp_next(&r, &f, &err));
	assert_int_equal(err, W_OK);
}

/* Cut anywhere, but at a field's end, it is refused; there, it is a shorter datagram. */
static void truncations_are_noticed(void **state)
{
	(void)state;
	uint8_t buf[1200];
	const size_t n = every_field(buf, sizeof buf);
	unsigned whole = 0;
	for (size_t len = 0; len < n; len++) {
		struct rd r = rd_of(buf, len);
		struct grp_head h;
		enum wire_err err = grp_head_parse(&r, &h);
		if (len < GRP_HEAD_OCT + GRP_MAC_OCT)
			assert_int_equal(err, W_TRUNCATED);
		else if (err == W_OK && grp_check(r) == W_OK)
			whole++;
	}
	assert_int_equal(whole, 9); /* after none to eight of the nine fields; a record cut inside its value is a field cut short */
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	uint8_t buf[1200];
	struct grp_head h;
	size_t n = every_field(buf, sizeof buf);
	struct rd r = rd_of(buf, n);
	buf[0] = 2;
	assert_int_equal(grp_head_parse(&r, &h), W_VERSION);
	buf[0] = 1;
	buf[1] = GRP_TYPE_N;
	r = rd_of(buf, n);
	assert_int_equal(grp_head_parse(&r, &h), W_TYPE);
	struct wr w = wr_of(buf, sizeof buf);
	grp_head_build(&w, &(struct grp_head){.type = GRP_PAGE});
	grp_put(&w, &(struct grp_item){.type = GRPF_PAGE, .page = {.range = GRP_RANGES}});
	(void)grp_end(&w);
	r = rd_of(buf, wr_len(&w));
	assert_int_equal(grp_head_parse(&r, &h), W_OK);
	assert_int_equal(grp_check(r), W_VALUE);
	w = wr_of(buf, sizeof buf);
	grp_head_build(&w, &(struct grp_head){.type = GRP_UPDATE});
	grp_put(&w, &(struct grp_item){.type = GRPF_RECORD, .record = {.key_oct = 0}});
	(void)grp_end(&w);
	r = rd_of(buf, wr_len(&w));
	assert_int_equal(grp_head_parse(&r, &h), W_OK);
	assert_int_equal(grp_check(r), W_VALUE);
}

static void unknown_fields_are_skipped(void **state)
{
	(void)state;
	uint8_t buf[200];
	struct wr w = wr_of(buf, sizeof buf);
	struct grp_head h;
	struct grp_item f;
	enum wire_err err;
	grp_head_build(&w, &(struct grp_head){.type = GRP_HELLO});
	wr_u16(&w, 999);
	wr_u16(&w, 3);
	wr_zero(&w, 3);
	grp_put(&w, &(struct grp_item){.type = GRPF_DIGEST, .digest = {1, 2}});
	(void)grp_end(&w);
	struct rd r = rd_of(buf, wr_len(&w));
	assert_int_equal(grp_head_parse(&r, &h), W_OK);
	assert_true(grp_next(&r, &f, &err));
	assert_int_equal(f.type, GRPF_DIGEST);
}

/* The mobile's order, then the clock's, then the member's. */
static void versions_have_one_order(void **state)
{
	(void)state;
	const struct grp_version rising[] = {{0, 0, 0}, {0, 0, 1}, {0, 9, 0}, {1, 0, 0}, {1, 0, 2}, {1, 5, 1}, {2, 0, 0}};
	for (int i = 0; i < 7; i++)
		for (int k = 0; k < 7; k++) {
			const int c = grp_version_cmp(&rising[i], &rising[k]);
			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
		}
}

static void udp6_goes_both_ways_and_is_checked(void **state)
{
	(void)state;
	const struct addr6 a = {{0x20, 1, [15] = 1}}, b = {{0x20, 1, [15] = 2}};
	uint8_t pkt[100];
	struct udp6_packet u;
	struct wr w = wr_of(pkt, sizeof pkt);
	udp6_begin(&w, &a, &b, 64, 1000, 2000);
	wr_bytes(&w, value, sizeof value);
	const size_t n = udp6_finish(&w);
	assert_int_equal(n, 40 + 8 + sizeof value);
	assert_int_equal(udp6_packet_parse(pkt, n, &u), W_OK);
	assert_true(addr6_eq(&u.src, &a) && addr6_eq(&u.dst, &b) && u.sport == 1000 && u.dport == 2000 && u.hop_limit == 64);
	assert_int_equal(u.data_len_oct, sizeof value);
	assert_memory_equal(u.data, value, sizeof value);
	for (size_t i = 8; i < n; i++) { /* every octet but those of the IPv6 header that no checksum covers */
		pkt[i] ^= 0x10;
		assert_int_not_equal(udp6_packet_parse(pkt, n, &u), W_OK);
		pkt[i] ^= 0x10;
	}
	for (size_t len = 0; len < n; len++)
		assert_int_not_equal(udp6_packet_parse(pkt, len, &u), W_OK);
	w = wr_of(pkt, 50);
	udp6_begin(&w, &a, &b, 64, 1000, 2000);
	wr_bytes(&w, value, sizeof value);
	assert_int_equal(udp6_finish(&w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_go_both_ways), cmocka_unit_test(truncations_are_noticed), cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(unknown_fields_are_skipped), cmocka_unit_test(versions_have_one_order), cmocka_unit_test(udp6_goes_both_ways_and_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
