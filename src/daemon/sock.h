/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A server on a Unix stream socket that speaks in lines; control and feed are two of them.
 * Only root (the socket's mode is 0600). A client that sends a line without end, or does not read, is dropped.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock;
struct sock_client;

struct sock_ops {
	/* A line without its end, NUL-terminated, may be written to. */
	void (*line)(void *ctx, struct sock_client *c, char *line);
	void (*gone)(void *ctx, struct sock_client *c); /* may be NULL */
	void *ctx;
};

/* Replaces a socket that a daemon before left there. 0, ERR_NOMEM or ERR_SYS with errno. */
int sock_open(struct sock **out, struct event_base *base, int priority, const char *path, const struct sock_ops *ops);
void sock_close(struct sock *s);

/* Sends at once when the client keeps up, else later. What a client has not read yet is bounded by max_oct (0: no
 * bound); false: not sent for that reason. */
bool sock_write(struct sock_client *c, const void *p, size_t len_oct, size_t max_oct);
/* Reads no further line of this client until it is to go on. */
void sock_pause(struct sock_client *c, bool is_paused);
/* After what is still to be sent. */
void sock_drop(struct sock_client *c);
/* For the user of the module: marks, such as "this one is a monitor". */
uint32_t *sock_flags(struct sock_client *c);
/* Every client, in no particular order: start with NULL. */
struct sock_client *sock_next(const struct sock *s, const struct sock_client *c);
