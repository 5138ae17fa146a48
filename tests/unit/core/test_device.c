/* SPDX-License-Identifier: BSD-2-Clause */
/* Device identifiers in their own notations (D-2): examples that were published, check digits, forms that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/manager/device.h"
#include "plat/crypto_openssl.h"

/* Text in, binary form, text out. */
static const struct { const char *in, *hex, *out; } good[] = {
	/* IS-95 2.3.1.1: MIN 321-456-7890 has MIN2 0011010010 and MIN1 0101011001 0111 1100010101. */
	{"min:321-456-7890", "00d2565f15", "min:3214567890"},
	{"min:0000000000", "03e7f9ebe7", "min:0000000000"},
	{"min:1111111111", "0000000400", "min:1111111111"},
	{"esn:82ABCDEF", "82abcdef", "esn:82ABCDEF"},
	{"esn:130 11259375", "82abcdef", "esn:82ABCDEF"}, /* 130 = 0x82, 11259375 = 0xabcdef */
	{"esn:25516777215", "ffffffff", "esn:FFFFFFFF"},
	{"imsi:310150123456789", "310150123456789f", "imsi:310150123456789"},
	{"imsi:460001234567890", "460001234567890f", "imsi:460001234567890"},
	{"imsi:001010", "001010ffffffffff", "imsi:001010"},
	/* 3GPP2 X.S0008's form; the decimal one of AF 012345 0ABCDE is 29360 87365 0070 3710, check digits C and 0. */
	{"meid:AF0123450ABCDE", "af0123450abcde", "meid:AF0123450ABCDE"},
	{"meid:AF 01 23 45 0A BC DE C", "af0123450abcde", "meid:AF0123450ABCDE"},
	{"meid:29360 87365 0070 3710", "af0123450abcde", "meid:AF0123450ABCDE"},
	{"meid:29360 87365 0070 3710 0", "af0123450abcde", "meid:AF0123450ABCDE"},
	{"meid:99000001234567", "99000001234567", "meid:99000001234567"},
	/* 3GPP TS 23.003's formula; 49-015420-323751-8 is the usual example. */
	{"imei:49-015420-323751-8", "49015420323751", "imei:490154203237518"},
	{"imei:49015420323751", "49015420323751", "imei:490154203237518"},
	{"imei:3568680000414120", "35686800004141", "imei:356868000041418"}, /* with the software version */
	{"eui48:AC-DE-48-23-45-67", "acde48234567", "eui48:ac:de:48:23:45:67"},
	{"eui64:AC:DE:48:23:45:67:AB:CD", "acde48234567abcd", "eui64:ac:de:48:23:45:67:ab:cd"},
	{"nai:Joe@Example.COM", "4a6f65406578616d706c652e636f6d", "nai:Joe@example.com"},
};

/* RFC 7542 2.2's examples of what is valid and what is not. */
static const char *const nai_valid[] = {"bob", "joe@example.com", "fred@foo-9.example.com", "jack@3rd.depts.example.com", "fred.smith@example.com",
	"fred_smith@example.com", "fred$@example.com", "fred=?#$&*+-/^smith@example.com", "nancy@eng.example.net", "eng.example.net!nancy@example.net",
	"eng%nancy@example.net", "@privatecorp.example.net", "alice@xn--tmonesimerkki-bfbb.example.net"};
static const char *const bad[] = {
	"nai:fred@example", "nai:fred@example_9.com", "nai:fred@example.net@example.net", "nai:fred.@example.net", "nai:eng:nancy@example.net",
	"nai:(user)@example.net", "nai:<nancy>@example.net", "nai:", "nai:@", "nai:a@-b.c", "nai:a@b-.c", "nai:a@b..c", "nai:\xc3@b.c", "nai:a@\xed\xa0\x80.c",
	"min:123456789", "min:12345678901", "min:12345ABCDE", "esn:1234567", "esn:25616777215", "esn:25516777216", "esn:123456789", "imsi:12345",
	"imsi:1234567890123456", "imsi:12345x", "meid:AF0123450ABCDED", "meid:2936087365007037101", "meid:9900000123456A", "meid:A000000",
	"meid:429496729600000000", "imei:490154203237517", "imei:4901542032375", "imei:49015420323751A", "eui48:01:00:5e:00:00:01", "eui48:00:00:00:00:00:00",
	"eui48:02:00:5e:10:00", "eui64:02:00:5e:10:00:01", "imsi", "", "phone:1", "none:1",
};

static void hex_of(const struct device_id *id, char *out)
{
	for (uint32_t i = 0; i < id->len_oct; i++)
		sprintf(out + 2 * i, "%02x", id->b[i]);
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct device_id id, again;
		char hex[2 * DEVICE_OCT_MAX + 1] = "";
		const char *why = "";
		if (!device_parse(&id, good[i].in, &why))
			fail_msg("%s: %s", good[i].in, why);
		hex_of(&id, hex);
		assert_string_equal(DEVICE_STR(&id), good[i].out);
		assert_string_equal(hex, good[i].hex);
		assert_true(device_is_valid(&id));
		assert_true(device_parse(&again, DEVICE_STR(&id), NULL));
		assert_true(device_eq(&id, &again));
	}
}

static void test_every_min(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 1000; n++) {
		struct device_id id;
		char text[16];
		snprintf(text, sizeof text, "min:%03u%03u%u%03u", n, 999 - n, n % 10, (n * 7) % 1000);
		assert_true(device_parse(&id, text, NULL));
		assert_true(device_is_valid(&id));
		assert_string_equal(DEVICE_STR(&id), text);
	}
}

static void test_nai(void **state)
{
	(void)state;
	char text[300];
	struct device_id id;
	for (size_t i = 0; i < sizeof nai_valid / sizeof *nai_valid; i++) {
		snprintf(text, sizeof text, "nai:%s", nai_valid[i]);
		if (!device_parse(&id, text, NULL))
			fail_msg("%s was refused", text);
		assert_string_equal(DEVICE_STR(&id), text);
	}
	memset(text, 'a', sizeof text);
	text[253] = '\0';
	assert_true(device_parse_as(&id, DEVICE_NAI, text, NULL));
	assert_int_equal(strlen(DEVICE_STR(&id)), 257);
	text[253] = 'a';
	text[254] = '\0';
	assert_false(device_parse_as(&id, DEVICE_NAI, text, NULL));
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct device_id id;
		const char *why = NULL;
		if (device_parse(&id, bad[i], &why))
			fail_msg("%s was taken", bad[i]);
		assert_non_null(why);
	}
}

/* Octets from the wire that no text makes. */
static void test_binary(void **state)
{
	(void)state;
	static const struct device_id wrong[] = {
		{DEVICE_MIN, 5, {3, 0xff, 0xff, 0xff, 0xff}}, {DEVICE_MIN, 5, {0}}, {DEVICE_MIN, 4, {0}}, {DEVICE_ESN, 5, {0}}, {DEVICE_IMSI, 8, {0x12, 0xf3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{DEVICE_IMSI, 8, {0x12, 0x34, 0x56, 0xf7, 0xff, 0xff, 0xff, 0xff}}, {DEVICE_IMEI, 7, {0xa1}}, {DEVICE_MEID, 7, {0x1a}}, {DEVICE_EUI48, 6, {1}}, {DEVICE_EUI64, 8, {0}},
		{DEVICE_NAI, 5, "a@B.C"}, {DEVICE_NAI, 3, "a\0b"}, {DEVICE_NONE, 1, {1}}, {9, 1, {1}},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (device_is_valid(&wrong[i]))
			fail_msg("number %zu was taken", i);
}

static void test_keys(void **state)
{
	(void)state;
	struct device_id a, b;
	uint8_t ka[DEVICE_KEY_OCT], kb[DEVICE_KEY_OCT], eui[8];
	assert_true(device_parse(&a, "nai:somebody-with-a-long-name@example.com", NULL));
	assert_true(device_parse(&b, "nai:somebody-with-a-long-nam@example.com", NULL));
	device_key(&a, &crypto_openssl, ka);
	device_key(&b, &crypto_openssl, kb);
	assert_memory_not_equal(ka, kb, sizeof ka);
	/* Same octets, another kind. */
	assert_true(device_parse(&a, "meid:99000001234567", NULL));
	assert_true(device_parse(&b, "imei:99000001234567", NULL));
	device_key(&a, &crypto_openssl, ka);
	device_key(&b, &crypto_openssl, kb);
	assert_memory_not_equal(ka, kb, sizeof ka);
	/* RFC 4291 appendix A. */
	assert_true(device_parse(&a, "eui48:34-56-78-9A-BC-DE", NULL));
	device_eui64(&a, &crypto_openssl, 0, eui);
	assert_memory_equal(eui, "\x36\x56\x78\xff\xfe\x9a\xbc\xde", 8);
	device_eui64(&a, &crypto_openssl, 1, eui);
	assert_int_equal(eui[0] & 2, 0);
	assert_true(device_parse(&a, "eui64:34-56-78-9A-BC-DE-F0-12", NULL));
	device_eui64(&a, &crypto_openssl, 0, eui);
	assert_memory_equal(eui, "\x36\x56\x78\x9a\xbc\xde\xf0\x12", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples), cmocka_unit_test(test_every_min), cmocka_unit_test(test_nai), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_binary), cmocka_unit_test(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
