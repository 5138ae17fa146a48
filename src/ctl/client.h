/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A client of roamd's control socket: one JSON request a line out, JSON lines back.
 *
 * A request is answered by any number of records and one closing line
 * {"end":true,"error":null or a sentence}; a monitor request is answered by events without end.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct client {
	int fd;
	char *buf;
	size_t at_oct, len_oct, cap_oct; /* what is read and not yet given out begins at at_oct */
	char error[256];         /* a sentence, set whenever a call fails */
};

/* 0 or ERR_*. deadline_ms bounds the wait for each answer; 0: none (monitor). */
int client_open(struct client *c, const char *socket_path, unsigned deadline_ms);
void client_close(struct client *c);

/* Send a request; takes the reference. 0 or ERR_SYS. */
int client_send(struct client *c, json_t *request);

/* The next line as an object that the caller must json_decref, in *obj. ERR_OK; ERR_NOTFOUND at the
 * end of the stream; ERR_AGAIN at the deadline; ERR_INVAL for what is not a JSON object. */
int client_next(struct client *c, json_t **obj);
