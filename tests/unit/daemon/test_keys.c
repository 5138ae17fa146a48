/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys from files: who may read them, what they may hold, and what a reload changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "daemon/keys.h"
#include "plat/crypto_openssl.h"

static struct conf_key key = {.name = "mn1", .spi = 256, .algorithm = MAC_HMAC_SHA1, .line = 7};
static struct conf conf = {.keys = &key, .n_keys = 1};
static struct conf_err err;

static int setup(void **state)
{
	(void)state;
	key.spi = 256;
	snprintf(key.file, sizeof key.file, "/tmp/roamcast-key-XXXXXX");
	int fd = mkstemp(key.file);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	unlink(key.file);
	return 0;
}

static void put(const char *text, size_t len)
{
	FILE *f = fopen(key.file, "w");
	assert_non_null(f);
	fwrite(text, 1, len, f);
	fclose(f);
	assert_int_equal(chmod(key.file, 0600), 0);
}

static void raw_and_hexadecimal_are_read(void **state)
{
	(void)state;
	struct keyring k;
	const uint8_t bytes[] = {0x00, 0x11, 0xab, 0xff};

	keyring_init(&k, &crypto_openssl);
	put("secret\n", 7);
	assert_int_equal(keyring_load(&k, &conf, &err), 0);
	const struct sa_key *sa = keyring_find(&k, "mn1");
	assert_non_null(sa);
	assert_null(keyring_find(&k, "mn2"));
	assert_int_equal(sa->raw_len_oct, 6);
	assert_memory_equal(sa->raw, "secret", 6);
	assert_int_equal(sa->spi, 256);

	/* A reload changes the key where it lies: engines hold pointers. */
	put("hex:0011ABff \n", 14);
	key.spi = 300;
	assert_int_equal(keyring_load(&k, &conf, &err), 0);
	assert_ptr_equal(keyring_find(&k, "mn1"), sa);
	assert_int_equal(sa->raw_len_oct, 4);
	assert_memory_equal(sa->raw, bytes, 4);
	assert_int_equal(sa->spi, 300);

	/* A reload that fails changes nothing. */
	put("", 0);
	assert_int_equal(keyring_load(&k, &conf, &err), ERR_INVAL);
	assert_memory_equal(sa->raw, bytes, 4);
	keyring_fini(&k);
}

static int load_fresh(void)
{
	struct keyring k;

	keyring_init(&k, &crypto_openssl);
	int rc = keyring_load(&k, &conf, &err);
	keyring_fini(&k);
	return rc;
}

/* H-7: RFC 5944's default algorithm is loaded, and marked as none for Mobile IPv6. */
static void md5_is_for_mobile_ipv4(void **state)
{
	(void)state;
	struct keyring k;

	keyring_init(&k, &crypto_openssl);
	put("secret", 6);
	assert_int_equal(keyring_load(&k, &conf, &err), 0);
	assert_false(sa_key_is_v4_only(keyring_find(&k, "mn1")));
	key.algorithm = MAC_HMAC_MD5;
	assert_int_equal(keyring_load(&k, &conf, &err), 0);
	key.algorithm = MAC_HMAC_SHA1;
	assert_int_equal(keyring_find(&k, "mn1")->alg, MAC_HMAC_MD5);
	assert_true(sa_key_is_v4_only(keyring_find(&k, "mn1")));
	keyring_fini(&k);
}

static void refused(const char *says)
{
	assert_int_equal(load_fresh(), ERR_INVAL);
	assert_int_equal(err.line, 7);
	if (!strstr(err.text, says))
		fail_msg("%s", err.text);
}

static void wrong_files_are_refused_with_a_remedy(void **state)
{
	(void)state;
	char longer[600];

	put("secret", 6);
	assert_int_equal(load_fresh(), 0);
	chmod(key.file, 0640);
	refused("mode 0640): chmod 600 ");
	put("", 0);
	refused("holds 0 octets");
	put("hex:abc", 7);
	refused("is not hexadecimal");
	put("hex:zz", 6);
	refused("is not hexadecimal");
	memset(longer, 'x', sizeof longer);
	put(longer, 65);
	refused("holds 65 octets");
	put(longer, sizeof longer);
	refused("longer than a key");
	if (geteuid() == 0) {
		put("secret", 6);
		assert_int_equal(chown(key.file, 12345, 0), 0);
		refused("belongs to another user: chown 0 ");
	}
	unlink(key.file);
	refused("roamctl key new");
	assert_int_equal(mkdir(key.file, 0700), 0);
	refused("no ordinary file");
	rmdir(key.file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(raw_and_hexadecimal_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(md5_is_for_mobile_ipv4, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_files_are_refused_with_a_remedy, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
