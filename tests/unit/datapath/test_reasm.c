// SPDX-License-Identifier: BSD-2-Clause
/* Fragments of tunnel packets at a mobile (RFC 8200 4.5, RFC 5722). H-3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datapath/reasm.h"
#include "wire/ip/ip4.h"

enum { BODY_OCT = 1290, FRAME_OCT = 2048 };

static const mono_t t0 = {100 * NS_PER_S};
static struct reasm pool;
static uint8_t body[4096];

static int setup(void **state)
{
	(void)state;
	memset(&pool, 0, sizeof pool);
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

/* body[off, off + n) of packet id in a fragment; returns its length. */
static size_t build(uint8_t *p, uint32_t id, uint32_t off, uint32_t n, bool has_more)
{
	uint32_t word = off | has_more, payload = n + 8;
	memset(p, 0, 40);
	memcpy(p, (uint8_t[]){0x60, 0, 0, 0, (uint8_t)(payload >> 8), (uint8_t)payload, 44, 64, 0x20, 1}, 10);
	p[24] = 0xff;
	memcpy(p + 40, (uint8_t[]){47, 0, (uint8_t)(word >> 8), (uint8_t)word, 0, 0, (uint8_t)(id >> 8), (uint8_t)id}, 8);
	memcpy(p + 48, body + off, n);
	return n + 48;
}

/* Length of the packet that was completed, which is right. */
static size_t put_at(mono_t now, uint32_t id, uint32_t off, uint32_t n, bool has_more)
{
	uint8_t frame[FRAME_OCT];
	const uint8_t *whole = NULL;
	size_t got = reasm_put(&pool, frame, build(frame, id, off, n, has_more), now, &whole);
	if (got) {
		assert_int_equal(whole[6], 47);
		assert_int_equal(whole[4] << 8 | whole[5], got - 40);
		assert_int_equal(whole[24], 0xff);
		assert_memory_equal(whole + 40, body, got - 40);
	}
	return got;
}
static size_t put(uint32_t id, uint32_t off, uint32_t n, bool has_more) { return put_at(t0, id, off, n, has_more); }

/* Part i of three. */
static size_t third(uint32_t id, int i) { return put(id, (uint32_t)i * 512, i < 2 ? 512 : BODY_OCT - 1024, i < 2); }

static void test_every_order(void **state)
{
	static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(third(i, order[i][0]), 0);
		assert_int_equal(third(i, order[i][1]), 0);
		assert_int_equal(third(i, order[i][2]), 40 + BODY_OCT);
	}
}

/* H-7: the same of IPv4, its header with options or without. */
static size_t put4(uint16_t id, uint8_t proto, uint32_t off, uint32_t n, bool has_more, bool has_options)
{
	uint8_t frame[FRAME_OCT] = {0};
	const uint8_t *whole = NULL;
	const size_t head = has_options ? 24 : 20;
	struct wr w = wr_of(frame, sizeof frame);

	(void)wr_room(&w, head);
	frame[0] = (uint8_t)(4 << 4 | head / 4);
	wr_patch_u16(&w, 4, id);
	wr_patch_u16(&w, 6, (uint16_t)(has_more << 13 | off / 8));
	wr_patch_u8(&w, 8, 64);
	wr_patch_u8(&w, 9, proto);
	wr_patch_u8(&w, 12, 10);
	wr_patch_u8(&w, 16, 232);
	if (has_options)
		memcpy(frame + 20, (uint8_t[]){148, 4, 0, 0}, 4);
	wr_bytes(&w, body + off, n);
	size_t got = reasm_put(&pool, frame, ip4_finish(&w, 0), t0, &whole);
	if (got) {
		struct ip4_walk k;
		assert_int_equal(ip4_walk(whole, got, &k), W_OK); /* no fragment any more, right sum */
		assert_int_equal(k.ip.total_len_oct, got);
		assert_int_equal(k.ip.proto, proto);
		assert_memory_equal(whole + k.off, body, k.len_oct);
	}
	return got;
}
static size_t third4(uint16_t id, int i, bool has_options)
{
	return put4(id, 47, (uint32_t)i * 512, i < 2 ? 512 : BODY_OCT - 1024, i < 2, has_options);
}

static void test_ipv4_in_every_order(void **state)
{
	static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	(void)state;
	for (uint16_t i = 0; i < 12; i++) {
		const int *o = order[i % 6];
		assert_int_equal(third4(i, o[0], i >= 6), 0);
		assert_int_equal(third4(i, o[1], i >= 6), 0);
		assert_int_equal(third4(i, o[2], i >= 6), (i >= 6 ? 24 : 20) + BODY_OCT);
		assert_int_equal(third4(i, o[0], i >= 6), 0);
	}
	assert_int_equal(put4(50, 47, 0, 100, false, false), 120);
}

/* RFC 791 3.2: source, destination, protocol and identification make a packet. */
static void test_ipv4_packets_are_kept_apart(void **state)
{
	(void)state;
	assert_int_equal(put4(1, 47, 0, 512, true, false), 0);
	assert_int_equal(put4(1, 17, 512, 100, false, false), 0);
	assert_int_equal(put4(2, 47, 512, 100, false, false), 0);
	assert_int_equal(put4(1, 47, 512, 100, false, false), 632);
	assert_int_equal(put4(3, 47, 0, 512, true, false), 0);
	assert_int_equal(put4(3, 47, 504, 100, false, false), 0); /* overlaps: spoilt */
	assert_int_equal(put4(3, 47, 512, 100, false, false), 0);
	assert_int_equal(put4(4, 47, 0, 509, true, false), 0);   /* only the last may end between words */
	assert_int_equal(put4(4, 47, 512, 100, false, false), 0);
	assert_int_equal(put4(5, 47, 0, 0, false, false), 0);
}

static void test_one_fragment_is_the_whole(void **state)
{
	(void)state;
	assert_int_equal(put(1, 0, 100, false), 140);
}

/* Both links bring all of it: given out once, and begun anew only when the window is over. */
static void test_second_path(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(third(1, i), i < 2 ? 0 : 40 + BODY_OCT);
		assert_int_equal(third(1, i), 0);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(third(1, i), 0);
	mono_t later = mono_add(t0, span_ms(201));
	assert_int_equal(put_at(later, 1, 0, 1024, true), 0);
	assert_int_equal(put_at(later, 1, 1024, 100, false), 40 + 1124);
}

static void spoilt(uint32_t id)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(third(id, i), 0);
}

static void test_overlap_spoils(void **state)
{
	(void)state;
	third(1, 0);
	put(1, 504, 16, true);                   /* overlaps the end of the first */
	spoilt(1);
	third(2, 0);
	put(2, 0, 256, true);                    /* its begin, shorter */
	spoilt(2);
	third(3, 0);
	body[100] ^= 1;
	third(3, 0);                             /* the same place, other octets */
	body[100] ^= 1;
	spoilt(3);
	third(4, 2);
	put(4, 512, 800, true);                  /* over the end */
	spoilt(4);
	third(5, 1);
	put(5, 0, 100, false);                   /* an end before what is there */
	spoilt(5);
	third(6, 2);
	put(6, 512, 64, false);                  /* two ends */
	spoilt(6);
}

static void test_patience(void **state)
{
	(void)state;
	third(1, 0);
	third(1, 1);
	assert_int_equal(put_at(mono_add(t0, span_ms(1000)), 1, 1024, BODY_OCT - 1024, false), 0);
	third(2, 0);
	third(2, 1);
	assert_int_equal(put_at(mono_add(t0, span_ms(999)), 2, 1024, BODY_OCT - 1024, false), 40 + BODY_OCT);
}

/* The pool forgets the packet that began first, no other. */
static void test_full_pool(void **state)
{
	(void)state;
	for (uint32_t i = 0; i <= REASM_PACKETS; i++)
		put_at((mono_t){t0.ns + i}, i, 0, 1024, true);
	for (uint32_t i = 1; i <= REASM_PACKETS; i++)
		assert_int_equal(put(i, 1024, 100, false), 40 + 1124);
	assert_int_equal(put(0, 1024, 100, false), 0);
}

static void test_limits(void **state)
{
	(void)state;
	put(1, 0, 1000, true);
	assert_int_equal(put(1, 1000, 600, false), 40 + REASM_OCT);
	put(2, 0, 1000, true);
	assert_int_equal(put(2, 1000, 601, false), 0);
	for (uint32_t i = 0; i < REASM_PARTS; i++)
		put(3, i * 8, 8, true);
	assert_int_equal(put(3, REASM_PARTS * 8, 8, false), 0);
	put(4, 0, 100, true);                    /* not a multiple of 8: ignored */
	assert_int_equal(put(4, 0, 50, false), 40 + 50);
}

static void test_other_source_is_another_packet(void **state)
{
	uint8_t frame[FRAME_OCT];
	const uint8_t *whole;
	(void)state;
	put(1, 0, 1024, true);
	size_t n = build(frame, 1, 1024, 100, false);
	frame[20] = 9;
	assert_int_equal(reasm_put(&pool, frame, n, t0, &whole), 0);
	assert_int_equal(put(1, 1024, 100, false), 40 + 1124);
}

static void test_truncation(void **state)
{
	uint8_t frame[FRAME_OCT];
	const uint8_t *whole;
	(void)state;
	size_t n = build(frame, 1, 0, 64, false);
	for (size_t i = 0; i < n; i++) {
		uint8_t *exact = malloc(i + 1);
		assert_non_null(exact);
		memcpy(exact, frame, i);
		assert_int_equal(reasm_put(&pool, exact, i, t0, &whole), 0);
		free(exact);
	}
	n = build(frame, 2, 0, 0, false);        /* empty */
	assert_int_equal(reasm_put(&pool, frame, n, t0, &whole), 0);
	frame[6] = 47;
	assert_int_equal(reasm_put(&pool, frame, n, t0, &whole), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_every_order), T(test_ipv4_in_every_order), T(test_ipv4_packets_are_kept_apart), T(test_one_fragment_is_the_whole), T(test_second_path), T(test_overlap_spoils), T(test_patience),
		T(test_full_pool), T(test_limits), T(test_other_source_is_another_packet), T(test_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
