/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/keygen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/err.h"

enum { KEY_OCT = 32 };

static int fail(const char *path)
{
	fprintf(stderr, "roamctl: %s: %s\n", path, strerror(errno));
	return ERR_SYS;
}

int keygen_new(const char *path)
{
	uint8_t key[KEY_OCT];
	char line[4 + 2 * KEY_OCT + 2] = "hex:";

	if (getrandom(key, sizeof key, 0) != KEY_OCT)
		return fail("getrandom");
	for (int i = 0; i < KEY_OCT; i++)
		snprintf(line + 4 + 2 * i, 3, "%02x", key[i]);
	strcat(line, "\n");

	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(path);
	ssize_t n = write(fd, line, strlen(line));
	int err = n == (ssize_t)strlen(line) && fsync(fd) == 0 ? ERR_OK : fail(path);
	close(fd);
	explicit_bzero(key, sizeof key);
	explicit_bzero(line, sizeof line);
	return err;
}
