/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/sock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

enum { LINE_MAX_OCT = 65536, CLIENTS_MAX = 64 };

struct sock_client {
	struct sock *sock;
	struct bufferevent *bev;
	struct sock_client *next;
	uint32_t flags;
	bool is_leaving, is_paused;
};

struct sock {
	struct event_base *base;
	struct evconnlistener *listener;
	struct sock_client *clients;
	uint32_t n_clients;
	int priority;
	struct sock_ops ops;
	struct sockaddr_un addr;
};

static void client_free(struct sock_client *c)
{
	struct sock *s = c->sock;
	struct sock_client **at = &s->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	s->n_clients--;
	if (s->ops.gone)
		s->ops.gone(s->ops.ctx, c);
	bufferevent_free(c->bev);
	free(c);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		client_free(ctx);
}

static void on_written(struct bufferevent *bev, void *ctx)
{
	struct sock_client *c = ctx;

	(void)bev;
	if (c->is_leaving)
		client_free(c);
}

static void on_readable(struct bufferevent *bev, void *ctx)
{
	struct sock_client *c = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	char *line;

	while (!c->is_leaving && !c->is_paused && (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF))) {
		c->sock->ops.line(c->sock->ops.ctx, c, line);
		free(line);
	}
	if (!c->is_paused && evbuffer_get_length(in) >= LINE_MAX_OCT)
		sock_drop(c);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *ctx)
{
	struct sock *s = ctx;
	struct sock_client *c = s->n_clients < CLIENTS_MAX ? calloc(1, sizeof *c) : NULL;

	(void)l;
	(void)sa;
	(void)len;
	if (!c || !(c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE))) {
		close(fd);
		free(c);
		return;
	}
	c->sock = s;
	c->next = s->clients;
	s->clients = c;
	s->n_clients++;
	bufferevent_priority_set(c->bev, s->priority);
	bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

int sock_open(struct sock **out, struct event_base *base, int priority, const char *path, const struct sock_ops *ops)
{
	struct sock *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	*s = (struct sock){.base = base, .priority = priority, .ops = *ops, .addr.sun_family = AF_UNIX};
	if (snprintf(s->addr.sun_path, sizeof s->addr.sun_path, "%s", path) >= (int)sizeof s->addr.sun_path) {
		free(s);
		errno = ENAMETOOLONG;
		return ERR_SYS;
	}
	unlink(path);
	s->listener = evconnlistener_new_bind(base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16,
					      (struct sockaddr *)&s->addr, sizeof s->addr);
	if (!s->listener || chmod(path, 0600)) {
		sock_close(s);
		return ERR_SYS;
	}
	*out = s;
	return 0;
}

void sock_close(struct sock *s)
{
	if (!s)
		return;
	while (s->clients)
		client_free(s->clients);
	if (s->listener) {
		evconnlistener_free(s->listener);
		unlink(s->addr.sun_path);
	}
	free(s);
}

bool sock_write(struct sock_client *c, const void *p, size_t len, size_t max_oct)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	size_t waiting = evbuffer_get_length(out);

	if (max_oct && waiting + len > max_oct)
		return false;
	ssize_t n = waiting ? 0 : send(bufferevent_getfd(c->bev), p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		n = 0;
	if ((size_t)n < len)
		bufferevent_write(c->bev, (const char *)p + n, len - (size_t)n);
	return true;
}

void sock_pause(struct sock_client *c, bool is_paused)
{
	c->is_paused = is_paused;
	if (is_paused)
		bufferevent_disable(c->bev, EV_READ);
	else if (!c->is_leaving) {
		bufferevent_enable(c->bev, EV_READ);
		bufferevent_trigger(c->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS); /* lines that have come meanwhile */
	}
}

void sock_drop(struct sock_client *c)
{
	c->is_leaving = true;
	bufferevent_disable(c->bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(c->bev)))
		return;
	bufferevent_trigger(c->bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

uint32_t *sock_flags(struct sock_client *c)
{
	return &c->flags;
}

struct sock_client *sock_next(const struct sock *s, const struct sock_client *c)
{
	return c ? c->next : s->clients;
}
