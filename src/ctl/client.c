/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

enum { LINE_MAX_OCT = 1 << 20, READ_OCT = 65536 };

static int fail_sys(struct client *c, const char *what)
{
	snprintf(c->error, sizeof c->error, "%s: %s", what, strerror(errno));
	return ERR_SYS;
}

static void set_deadline(int fd, unsigned deadline_ms)
{
	struct timeval tv = {deadline_ms / 1000, (deadline_ms % 1000) * 1000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

int client_open(struct client *c, const char *socket_path, unsigned deadline_ms)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	*c = (struct client){.fd = -1};
	if (strlen(socket_path) >= sizeof sa.sun_path) {
		snprintf(c->error, sizeof c->error, "socket path is longer than %zu characters", sizeof sa.sun_path - 1);
		return ERR_INVAL;
	}
	strcpy(sa.sun_path, socket_path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return fail_sys(c, "socket");
	set_deadline(c->fd, deadline_ms);
	if (connect(c->fd, (struct sockaddr *)&sa, sizeof sa) < 0) {
		int e = errno;
		snprintf(c->error, sizeof c->error, "%s: %s%s", socket_path, strerror(e),
			 e == ENOENT || e == ECONNREFUSED ? "; is roamd running?" : e == EACCES ? "; are you root?" : "");
		close(c->fd);
		c->fd = -1;
		return ERR_SYS;
	}
	return ERR_OK;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->buf);
	c->fd = -1;
	c->buf = NULL;
	c->at_oct = c->len_oct = c->cap_oct = 0;
}

static int send_all(struct client *c, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(c->fd, p, n, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return fail_sys(c, "send");
		p += w;
		n -= (size_t)w;
	}
	return ERR_OK;
}

int client_send(struct client *c, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), *line;
	json_decref(request);
	int n = text ? asprintf(&line, "%s\n", text) : -1;
	free(text);
	if (n < 0)
		return ERR_NOMEM;
	int err = send_all(c, line, (size_t)n);
	free(line);
	return err;
}

/* Read more; ERR_OK when something came. */
static int fill(struct client *c)
{
	if (c->at_oct)
		memmove(c->buf, c->buf + c->at_oct, c->len_oct - c->at_oct);
	c->len_oct -= c->at_oct;
	c->at_oct = 0;
	if (c->len_oct >= LINE_MAX_OCT) {
		snprintf(c->error, sizeof c->error, "answer with a line over %d bytes", LINE_MAX_OCT);
		return ERR_INVAL;
	}
	if (c->cap_oct - c->len_oct < READ_OCT) {
		char *p = realloc(c->buf, c->cap_oct + 2 * READ_OCT);
		if (!p)
			return ERR_NOMEM;
		c->buf = p;
		c->cap_oct += 2 * READ_OCT;
	}
	ssize_t r;
	do
		r = recv(c->fd, c->buf + c->len_oct, c->cap_oct - c->len_oct, 0);
	while (r < 0 && errno == EINTR);
	if (r == 0) {
		snprintf(c->error, sizeof c->error, "roamd closed the connection");
		return ERR_NOTFOUND;
	}
	if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		snprintf(c->error, sizeof c->error, "roamd does not answer");
		return ERR_AGAIN;
	}
	if (r < 0)
		return fail_sys(c, "recv");
	c->len_oct += (size_t)r;
	return ERR_OK;
}

static char *find_end(const struct client *c, size_t seen)
{
	size_t from = c->at_oct + seen;
	return c->len_oct > from ? memchr(c->buf + from, '\n', c->len_oct - from) : NULL;
}

int client_next(struct client *c, json_t **obj)
{
	char *nl;
	size_t seen = 0; /* bytes behind at_oct known to have no end of line */

	while (!(nl = find_end(c, seen))) {
		seen = c->len_oct - c->at_oct;
		int err = fill(c);
		if (err)
			return err;
	}
	*obj = json_loadb(c->buf + c->at_oct, (size_t)(nl - c->buf) - c->at_oct, 0, NULL);
	c->at_oct = (size_t)(nl - c->buf) + 1;
	if (!json_is_object(*obj)) {
		json_decref(*obj);
		snprintf(c->error, sizeof c->error, "answer is not a JSON object");
		return ERR_INVAL;
	}
	return ERR_OK;
}
