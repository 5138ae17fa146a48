/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams of agents and mobility managers: every field both ways, every truncation, what is unknown or wrong. With an argument they are
 * written there, for tests/golden/tshark-mm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"
#include "wire/mm/mm.h"
#include "../kit/plain.h"
#include "../kit/wire_pcap.h"

static struct mm_record sample(void)
{
	struct mm_record r = {.device = {DEVICE_EUI48, 6, {2, 0, 0x5e, 0x10, 0, 1}}, .version = 0x1122334455667788, .policy = MM_SERVING,
		.flags = MM_LLADDR_ENOUGH, .voice_port = 4000, .home6_plen_bits = 64, .home4_plen_bits = 24, .gateway_lladdr = {{2, 0, 0, 0, 0, 9}},
		.lladdr = {{2, 0, 0x5e, 0x10, 0, 1}}};
	r.home6 = plain_addr("2001:db8:1::5");
	r.home4 = plain_addr("192.0.2.5");
	r.group6 = plain_addr("ff38::5eff:fe10:1");
	r.group4 = plain_addr("232.128.0.1");
	r.source6 = plain_addr("2001:db8:1::1");
	r.source4 = plain_addr("192.0.2.1");
	r.gateway6 = plain_addr("fe80::1");
	r.gateway4 = plain_addr("192.0.2.254");
	return r;
}

static size_t every_field(uint8_t *buf, size_t cap, uint8_t type)
{
	const struct mm_record rec = sample();
	struct mm_item nonce = {.type = MMF_CHALLENGE, .nonce = {1, 2, 3}};
	struct wr w = wr_of(buf, cap);
	grp_head_build(&w, &(struct grp_head){type, 0, 12, 1, 0x1122334455667788, 42});
	mm_put(&w, &nonce);
	nonce.type = MMF_ECHO;
	mm_put(&w, &nonce);
	mm_put(&w, &(struct mm_item){.type = MMF_QUERY, .query = {0xabcdef01, MM_SUBSCRIBE}});
	mm_put(&w, &(struct mm_item){.type = MMF_ADDRESS, .address = rec.home4});
	mm_put(&w, &(struct mm_item){.type = MMF_ANSWER, .answer = {0xabcdef01, MM_DENIED, 600}});
	mm_put_record(&w, &rec);
	mm_put(&w, &(struct mm_item){.type = MMF_ACK, .ack = 0x123456789});
	mm_put(&w, &(struct mm_item){.type = MMF_SERVING, .serving = {7, MM_SERVES | MM_HAS_SEQ4, 0xfffffffe, 77}});
	assert_non_null(grp_end(&w));
	assert_true(wr_ok(&w));
	return wr_len(&w);
}

static void fields_go_both_ways(void **state)
{
	(void)state;
	uint8_t buf[MM_DATAGRAM_MAX];
	const struct mm_record rec = sample();
	struct grp_head h;
	struct mm_item f;
	enum wire_err err;
	struct rd r = rd_of(buf, every_field(buf, sizeof buf, MM_CHANGE));

	assert_int_equal(mm_head_parse(&r, &h), W_OK);
	assert_true(h.type == MM_CHANGE && h.from == 12 && h.to == 1 && h.epoch == 0x1122334455667788 && h.seq == 42);
	assert_int_equal(mm_check(r), W_OK);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_CHALLENGE && f.nonce[2] == 3);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_ECHO);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_QUERY && f.query.transaction == 0xabcdef01 && f.query.flags == MM_SUBSCRIBE);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_ADDRESS && addr6_eq(&f.address, &rec.home4));
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_ANSWER && f.answer.status == MM_DENIED && f.answer.lifetime_s == 600);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_RECORD);
	assert_true(f.record.version == rec.version && f.record.policy == rec.policy && f.record.flags == rec.flags && f.record.voice_port == 4000);
	assert_true(f.record.home6_plen_bits == 64 && f.record.home4_plen_bits == 24);
	const struct { const struct addr6 *a, *b; } same[] = {{&f.record.home6, &rec.home6}, {&f.record.home4, &rec.home4},
		{&f.record.group6, &rec.group6}, {&f.record.group4, &rec.group4}, {&f.record.source6, &rec.source6}, {&f.record.source4, &rec.source4},
		{&f.record.gateway6, &rec.gateway6}, {&f.record.gateway4, &rec.gateway4}};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_true(addr6_eq(same[i].a, same[i].b));
	assert_true(lladdr_eq(&f.record.lladdr, &rec.lladdr) && lladdr_eq(&f.record.gateway_lladdr, &rec.gateway_lladdr));
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_DEVICE && f.device.kind == DEVICE_EUI48 && f.device.len_oct == 6);
	assert_memory_equal(f.device.b, rec.device.b, 6);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_ACK && f.ack == 0x123456789);
	assert_true(mm_next(&r, &f, &err) && f.type == MMF_SERVING);
	assert_true(f.serving.agent == 7 && f.serving.flags == (MM_SERVES | MM_HAS_SEQ4) && f.serving.seq6 == 0xfffffffe && f.serving.seq4 == 77);
	assert_false(mm_next(&r, &f, &err));
	assert_int_equal(err, W_OK);
}

/* Cut anywhere, but at a field's end, it is refused; there, it is a shorter datagram. */
static void truncations_are_noticed(void **state)
{
	(void)state;
	uint8_t buf[MM_DATAGRAM_MAX];
	const size_t n = every_field(buf, sizeof buf, MM_ANSWER);
	unsigned whole = 0;
	for (size_t cut = 0; cut < n; cut++) {
		struct rd r = rd_of(buf, cut);
		struct grp_head h;
		const enum wire_err err = mm_head_parse(&r, &h);
		whole += err == W_OK && mm_check(r) == W_OK;
		if (cut < GRP_HEAD_OCT + GRP_MAC_OCT)
			assert_int_equal(err, W_TRUNCATED);
	}
	/* Behind each field but the last; a device may be cut wherever one octet of it is left, but then its length tells. */
	assert_int_equal(whole, 9);
}

static enum wire_err check_of(uint8_t type, uint16_t field, const uint8_t *value, uint16_t n)
{
	uint8_t buf[MM_DATAGRAM_MAX];
	struct grp_head h;
	struct wr w = wr_of(buf, sizeof buf);
	grp_head_build(&w, &(struct grp_head){.type = type});
	wr_u16(&w, field);
	wr_u16(&w, n);
	wr_bytes(&w, value, n);
	assert_non_null(grp_end(&w));
	struct rd r = rd_of(buf, wr_len(&w));
	const enum wire_err err = mm_head_parse(&r, &h);
	return err ? err : mm_check(r);
}

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	uint8_t value[300] = {0};
	assert_int_equal(check_of(MM_QUERY, 99, value, 5), W_OK); /* unknown: skipped */
	assert_int_equal(check_of(GRP_HELLO, 99, value, 5), W_TYPE);
	assert_int_equal(check_of(MM_TYPE_END, 99, value, 5), W_TYPE);
	assert_int_equal(check_of(MM_QUERY, MMF_DEVICE, value, 1), W_VALUE);
	value[0] = DEVICE_NAI;
	assert_int_equal(check_of(MM_QUERY, MMF_DEVICE, value, 254), W_OK);
	assert_int_equal(check_of(MM_QUERY, MMF_DEVICE, value, 255), W_VALUE);
	assert_int_equal(check_of(MM_QUERY, MMF_DEVICE, value, 0), W_TRUNCATED);
	value[0] = DEVICE_KIND_N;
	assert_int_equal(check_of(MM_QUERY, MMF_DEVICE, value, 5), W_VALUE);
	value[4] = MM_STATUS_N;
	assert_int_equal(check_of(MM_ANSWER, MMF_ANSWER, value, 12), W_VALUE);
	memset(value, 0, sizeof value);
	assert_int_equal(check_of(MM_ANSWER, MMF_RECORD, value, 108), W_OK);
	assert_int_equal(check_of(MM_ANSWER, MMF_RECORD, value, 107), W_TRUNCATED);
	value[8] = 2; /* policy */
	assert_int_equal(check_of(MM_ANSWER, MMF_RECORD, value, 108), W_VALUE);
}

static void write_one(FILE *f, uint8_t type, bool is_v4)
{
	uint8_t pkt[MM_DATAGRAM_MAX + 60], data[MM_DATAGRAM_MAX];
	const size_t n = every_field(data, sizeof data, type);
	struct wr w = wr_of(pkt, sizeof pkt);
	struct addr6 src = plain_addr("2001:db8::12"), dst = plain_addr("2001:db8::1");
	size_t len;
	if (is_v4) {
		const struct ip4_path path = {.src = plain_addr("192.0.2.12"), .dst = plain_addr("192.0.2.1"), .ttl = 64};
		const struct udp4_build b = udp4_begin(&w, &path, MM_PORT, MM_PORT);
		wr_bytes(&w, data, n);
		len = udp4_finish(&w, &b);
	} else {
		udp6_begin(&w, &src, &dst, 64, MM_PORT, MM_PORT);
		wr_bytes(&w, data, n);
		len = udp6_finish(&w);
	}
	pcap_append(f, pkt, len);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_go_both_ways), cmocka_unit_test(truncations_are_noticed), cmocka_unit_test(what_is_wrong_is_refused),
	};
	if (argc < 2)
		return cmocka_run_group_tests(tests, NULL, NULL);
	FILE *f = pcap_create(argv[1]);
	for (uint8_t type = MM_HELLO; f && type < MM_TYPE_END; type++)
		write_one(f, type, type % 2);
	return !f || fclose(f) != 0;
}
