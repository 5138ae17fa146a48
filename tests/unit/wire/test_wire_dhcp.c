/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCP as far as agents speak it: bytes of another implementation (scapy's) both ways, every truncation, what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/dhcp/dhcp4.h"
#include "../kit/plain.h"

enum { HEAD_OCT = 44, SPACE_OCT = 192 };

/* op, htype, hlen, hops, xid, secs 3, broadcast flag, ciaddr .. giaddr none, chaddr 02:00:00:00:01:00; sname and file are empty. */
static const uint8_t request_head[HEAD_OCT] = {1, 1, 6, 0, 0x11, 0x22, 0x33, 0x44, 0, 3, 0x80, 0, [28] = 2, 0, 0, 0, 1, 0};
static const uint8_t request_options[] = {0x63, 0x82, 0x53, 0x63, /* cookie */
	0x35, 1, 3, /* message type: request */ 0x32, 4, 10, 1, 0, 100, /* requested address */ 0x36, 4, 10, 1, 0, 1, /* server */
	0x3d, 7, 1, 2, 0, 0, 0, 1, 0, /* client identifier */ 0xff};
static const uint8_t ack_head[HEAD_OCT] = {2, 1, 6, 0, 0x11, 0x22, 0x33, 0x44, 0, 0, 0x80, 0, [16] = 10, 1, 0, 100, [28] = 2, 0, 0, 0, 1, 0};
static const uint8_t ack_options[] = {0x63, 0x82, 0x53, 0x63, 0x35, 1, 5, 0x36, 4, 10, 1, 0, 1, 0x3d, 7, 1, 2, 0, 0, 0, 1, 0,
	0x33, 4, 0, 0, 0x0e, 0x10, /* lease 3600 s */ 1, 4, 255, 255, 255, 0, 3, 4, 10, 1, 0, 1, 6, 8, 10, 12, 0, 2, 10, 12, 0, 3, 0xff};

static size_t request(uint8_t *buf)
{
	memset(buf, 0, HEAD_OCT + SPACE_OCT);
	memcpy(buf, request_head, HEAD_OCT);
	memcpy(buf + HEAD_OCT + SPACE_OCT, request_options, sizeof request_options);
	return HEAD_OCT + SPACE_OCT + sizeof request_options;
}

static void a_request_is_read(void **state)
{
	(void)state;
	uint8_t buf[400];
	struct dhcp4_request q;
	const struct addr6 mobile = plain_addr("10.1.0.100"), server = plain_addr("10.1.0.1");
	const struct lladdr ll = {{2, 0, 0, 0, 1, 0}};
	assert_int_equal(dhcp4_request_parse(buf, request(buf), &q), W_OK);
	assert_true(q.type == DHCP4_REQUEST && q.xid == 0x11223344 && q.secs == 3 && q.flags == DHCP4_BROADCAST);
	assert_true(addr6_eq(&q.wanted, &mobile) && addr6_eq(&q.server, &server) && addr6_is_none(&q.ciaddr) && lladdr_eq(&q.chaddr, &ll));
	assert_int_equal(q.client_id_oct, 7);
}

static void a_reply_is_built(void **state)
{
	(void)state;
	uint8_t buf[400], got[DHCP4_REPLY_MAX];
	struct dhcp4_request q;
	const uint8_t nothing[SPACE_OCT] = {0};
	assert_int_equal(dhcp4_request_parse(buf, request(buf), &q), W_OK);
	struct dhcp4_reply r = {.type = DHCP4_ACK, .yiaddr = plain_addr("10.1.0.100"), .server = plain_addr("10.1.0.1"), .router = plain_addr("10.1.0.1"), .plen_bits = 24,
		.lease_s = 3600, .dns = {plain_addr("10.12.0.2"), plain_addr("10.12.0.3")}, .n_dns = 2};
	const size_t n = dhcp4_reply_build(got, sizeof got, &q, &r);
	assert_int_equal(n, 300);
	assert_memory_equal(got, ack_head, HEAD_OCT);
	assert_memory_equal(got + HEAD_OCT, nothing, SPACE_OCT);
	assert_memory_equal(got + HEAD_OCT + SPACE_OCT, ack_options, sizeof ack_options);
	for (size_t cap = 0; cap < n; cap++)
		assert_int_equal(dhcp4_reply_build(got, cap, &q, &r), 0);
	r = (struct dhcp4_reply){.type = DHCP4_NAK, .server = r.server, .plen_bits = 24, .lease_s = 9};
	assert_int_equal(dhcp4_reply_build(got, sizeof got, &q, &r), 300);
	assert_true(got[HEAD_OCT + SPACE_OCT + 6] == DHCP4_NAK && got[HEAD_OCT + SPACE_OCT + 22] == 0xff); /* behind server and client */
}

static void what_is_wrong_is_refused(void **state)
{
	(void)state;
	uint8_t buf[400];
	struct dhcp4_request q;
	const size_t n = request(buf);
	const size_t options = HEAD_OCT + SPACE_OCT;
	for (size_t cut = 0; cut < options + 7; cut++)
		assert_int_not_equal(dhcp4_request_parse(buf, cut, &q), W_OK);
	for (size_t cut = options + 7; cut < n; cut++) { /* whole at the end of an option, as some clients leave the end out */
		const bool is_whole = cut == options + 7 || cut == options + 13 || cut == options + 19 || cut == n - 1;
		assert_int_equal(dhcp4_request_parse(buf, cut, &q), is_whole ? W_OK : W_TRUNCATED);
	}
	const struct { size_t at; uint8_t value; enum wire_err want; } all[] = {{0, 2, W_VALUE}, {1, 6, W_VALUE}, {2, 16, W_VALUE}, {options, 0, W_TYPE},
		{options + 6, 0, W_TYPE}, {options + 6, DHCP4_TYPE_END, W_TYPE}, {options + 5, 2, W_LENGTH}, {options + 4, 54, W_LENGTH}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		(void)request(buf);
		buf[all[i].at] = all[i].value;
		assert_int_equal(dhcp4_request_parse(buf, n, &q), all[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read), cmocka_unit_test(a_reply_is_built), cmocka_unit_test(what_is_wrong_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
