/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Requests by HTTP in the daemon's loop, with libcurl's multi interface: connections are kept, nothing blocks. Nothing is called back
 * from inside http_post, so a request may be made, and another cancelled, wherever one is called back.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http;
struct http_request;

/* Of https; NULL or "": as libcurl has it. */
struct http_tls { const char *ca, *cert, *key; };

struct http_ops {
	/* What has come of the answer, from its beginning or from where was taken before; how much of it is taken now. NULL: all is kept for
	 * done. */
	size_t (*data)(void *ctx, const char *text, size_t len_oct);
	/* It has ended, and the request is gone: status 0: there was no answer, why tells. */
	void (*done)(void *ctx, long status, const char *text, size_t len_oct, const char *why);
};

struct http_post {
	const char *url;
	const char *body;              /* JSON; copied */
	const char *authorization;     /* NULL: none */
	uint32_t connect_ms, timeout_ms; /* timeout 0: an answer without end */
	const struct http_ops *ops;
	void *ctx;
};

int http_open(struct http **out, struct event_base *base, int priority, const struct http_tls *tls); /* 0 or ERR_NOMEM */
void http_close(struct http *h);
struct http_request *http_post(struct http *h, const struct http_post *p); /* NULL: no memory */
void http_cancel(struct http_request *r); /* nothing is called back any more; NULL: nothing */
