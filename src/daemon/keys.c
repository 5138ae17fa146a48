/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "core/auth/sa4.h"

enum { FILE_MAX_OCT = 512 };

void keyring_init(struct keyring *k, const struct crypto_ops *crypto)
{
	*k = (struct keyring){.crypto = crypto};
}

void keyring_fini(struct keyring *k)
{
	for (uint32_t i = 0; i < k->n; i++) {
		sa_key_fini(k->keys[i], k->crypto);
		free(k->keys[i]);
	}
	free(k->keys);
	*k = (struct keyring){.crypto = k->crypto};
}

const struct sa_key *keyring_find(const struct keyring *k, const char *name)
{
	for (uint32_t i = 0; i < k->n; i++)
		if (!strcmp(k->keys[i]->name, name))
			return k->keys[i];
	return NULL;
}

/* Length of what the file holds, or ERR_INVAL. */
static ssize_t read_file(const struct conf_key *c, uint8_t *buf, size_t size, struct conf_err *err)
{
	struct stat st;
	int fd = open(c->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return conf_fail(err, c->line, "key \"%s\": %s cannot be read: %s: make one with \"roamctl key new %s\"", c->name,
				 c->file, strerror(errno), c->file);
	ssize_t n = -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		conf_fail(err, c->line, "key \"%s\": %s is no ordinary file: name the file that holds the key", c->name, c->file);
	else if (st.st_uid != geteuid())
		conf_fail(err, c->line, "key \"%s\": %s belongs to another user: chown %u %s", c->name, c->file, geteuid(), c->file);
	else if (st.st_mode & 077)
		conf_fail(err, c->line, "key \"%s\": others can read %s (mode %04o): chmod 600 %s", c->name, c->file,
			  (unsigned)st.st_mode & 07777, c->file);
	else if ((n = read(fd, buf, size)) < 0 || (size_t)n == size)
		n = conf_fail(err, c->line, "key \"%s\": %s is longer than a key: it must hold at most %d octets", c->name, c->file,
			      SA_RAW_MAX);
	close(fd);
	return n < 0 ? ERR_INVAL : n;
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* "hex:0011..." in place. The length, or -1. */
static ssize_t unhex(uint8_t *buf, size_t len)
{
	if (len < 4 || memcmp(buf, "hex:", 4))
		return (ssize_t)len;
	if (len % 2)
		return -1;
	for (size_t i = 4; i < len; i += 2) {
		int hi = hex_digit(buf[i]), lo = hex_digit(buf[i + 1]);
		if (hi < 0 || lo < 0)
			return -1;
		buf[(i - 4) / 2] = (uint8_t)(hi << 4 | lo);
	}
	return (ssize_t)(len - 4) / 2;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int load_one(const struct conf_key *c, const struct crypto_ops *crypto, struct sa_key *out, struct conf_err *err)
{
	uint8_t buf[FILE_MAX_OCT];
	ssize_t n = read_file(c, buf, sizeof buf, err);

	if (n < 0)
		return ERR_INVAL;
	while (n && is_blank(buf[n - 1]))
		n--;
	n = unhex(buf, (size_t)n);
	int rc;
	if (n < 0)
		rc = conf_fail(err, c->line, "key \"%s\": %s begins with hex: but is not hexadecimal: give pairs of digits", c->name, c->file);
	else if (!n || n > SA_RAW_MAX)
		rc = conf_fail(err, c->line, "key \"%s\": %s holds %zd octets: a key has 1 to %d", c->name, c->file, n, SA_RAW_MAX);
	else if (strlen(c->name) >= SA_NAME_MAX)
		rc = conf_fail(err, c->line, "the name of key \"%s\" is too long: use at most %d characters", c->name, SA_NAME_MAX - 1);
	else if ((rc = sa4_key_init(out, crypto, c->name, c->spi, (enum mac_alg)c->algorithm, buf, (size_t)n)))
		conf_fail(err, c->line, "key \"%s\" cannot be used: %s", c->name, err_str(rc));
	explicit_bzero(buf, sizeof buf);
	return rc;
}

static void unload(struct sa_key *loaded, uint32_t n, const struct crypto_ops *crypto)
{
	for (uint32_t i = 0; i < n; i++)
		sa_key_fini(&loaded[i], crypto);
	free(loaded);
}

/* All keys of the configuration, in its order; NULL with *rc and *err. */
static struct sa_key *load_all(const struct conf *c, const struct crypto_ops *crypto, int *rc, struct conf_err *err)
{
	struct sa_key *loaded = calloc(c->n_keys + 1, sizeof *loaded);

	*rc = loaded ? 0 : ERR_NOMEM;
	for (uint32_t i = 0; !*rc && i < c->n_keys; i++) {
		*rc = load_one(&c->keys[i], crypto, &loaded[i], err);
		if (*rc) {
			unload(loaded, i, crypto);
			return NULL;
		}
	}
	return loaded;
}

static int put(struct keyring *k, const struct sa_key *key)
{
	struct sa_key *old = (struct sa_key *)(uintptr_t)keyring_find(k, key->name);

	if (old) {
		sa_key_fini(old, k->crypto);
		*old = *key;
		return 0;
	}
	struct sa_key **more = realloc(k->keys, (k->n + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	k->keys = more;
	more[k->n] = malloc(sizeof **more);
	if (!more[k->n])
		return ERR_NOMEM;
	*more[k->n++] = *key;
	return 0;
}

int keyring_load(struct keyring *k, const struct conf *c, struct conf_err *err)
{
	int rc;
	struct sa_key *loaded = load_all(c, k->crypto, &rc, err);

	if (!loaded)
		return rc;
	for (uint32_t i = 0; i < c->n_keys; i++) {
		if (!rc)
			rc = put(k, &loaded[i]);
		if (rc)
			sa_key_fini(&loaded[i], k->crypto);
	}
	explicit_bzero(loaded, c->n_keys * sizeof *loaded);
	free(loaded);
	return rc;
}
