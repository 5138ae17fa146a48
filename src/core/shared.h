/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A store that several nodes share (etcd): what a role is told of it, and what it can ask. A role keeps what it wants to answer from in its
 * own memory; the driver only brings changes, in the order in which they took place, its own among them.
 *
 * Keys are text below the configured prefix. What a role shows the world lies below "device/"; every other key is there for transactions
 * alone (an index, whose absence one asks for), and is never given back.
 *
 *	BEGIN RECORD.. SYNCED      all there is, at a start and after the store has forgotten its history; what is not given is gone
 *	RECORD.. SYNCED            changes since; all of one transaction lie before one SYNCED
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/time.h"

#define SHARED_RECORDS "device/"
enum { SHARED_ENDPOINT_MAX = 8, SHARED_PATH_OCT = 256, SHARED_NAME_OCT = 64, SHARED_KEY_OCT = 300 };

struct shared_conf {
	bool is_used;                  /* false: records are this node's alone */
	char endpoint[SHARED_ENDPOINT_MAX][CONF_URL_OCT];
	uint32_t n_endpoint;
	char ca[SHARED_PATH_OCT], cert[SHARED_PATH_OCT], key[SHARED_PATH_OCT];
	char user[SHARED_NAME_OCT], password_file[SHARED_PATH_OCT];
	char prefix[SHARED_NAME_OCT];
	span_t request, give_up, probe;
};

/* One key of a transaction. All take place if all that is expected is so, else none does. */
enum shared_how { SHARED_PUT, SHARED_DEL };
enum shared_expect { SHARED_ANY, SHARED_ABSENT, SHARED_SAME /* not changed since rev */ };
struct shared_op {
	enum shared_how how;
	enum shared_expect expect;
	uint64_t rev;
	const char *key;               /* not terminated */
	const uint8_t *val;
	uint16_t key_len_oct, val_len_oct;
};

enum shared_what {
	SHARED_BEGIN,
	SHARED_RECORD,                 /* key has val since rev; val NULL: it was deleted then */
	SHARED_SYNCED,                 /* everything up to rev has been given */
	SHARED_DONE,                   /* the transaction of this token: outcome */
	SHARED_UP,                     /* the store answers, and most of its members agree */
	SHARED_DOWN,                   /* it does not: why */
};
enum shared_outcome {
	SHARED_TOOK_PLACE,             /* at rev */
	SHARED_CONFLICT,               /* something was not as expected at rev */
	SHARED_FAILED,                 /* why; perhaps it took place all the same */
};
struct shared_event {
	enum shared_what what;
	enum shared_outcome outcome;
	uint64_t token, rev;
	const char *key;               /* without the prefix, not terminated */
	size_t key_len_oct;
	const uint8_t *val;
	size_t val_len_oct;
	const char *why;
};
