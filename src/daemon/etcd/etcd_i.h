/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The inside of the etcd client; only etcd*.c includes it. */
#include "daemon/etcd/etcd.h"
#include "daemon/etcd/etcd_json.h"
#include "daemon/etcd/http.h"

enum { ETCD_FLYING_MAX = 8, ETCD_WHY_OCT = 200, ETCD_PASSWORD_OCT = 128, ETCD_TOKEN_OCT = 512, ETCD_PAUSE_MS = 100 };

struct member {
	const char *url;
	bool is_bad;                   /* the last request to it failed */
	uint64_t n_requests, n_failures;
	span_t took;                   /* the last answer */
	char why[ETCD_WHY_OCT];
};

/* A request that has at most one answer at a time: reader, probe, login. */
struct asker {
	struct http_request *req;
	uint32_t member;               /* that was asked */
	mono_t since;
	mono_t at;                     /* when to ask, without req */
};

struct job;    /* etcd_job.c */
struct flight;

struct etcd {
	const struct shared_conf *conf;
	struct etcd_ops ops;
	struct http *http;
	struct event *timer;
	struct member member[SHARED_ENDPOINT_MAX];
	uint32_t n_members;
	uint32_t preferred;            /* the last one that answered */
	char password[ETCD_PASSWORD_OCT], token[ETCD_TOKEN_OCT];
	struct asker login, probe, read;
	/* Transactions: those that wait, in order, and those that were asked for. */
	struct job *waiting;
	struct flight *flying;
	uint32_t n_waiting, n_flying;
	/* What is known of the cluster. */
	enum { ETCD_UNKNOWN, ETCD_UP, ETCD_DOWN } state;
	mono_t answered;               /* the last probe that was; or the start */
	uint64_t head_rev;             /* of the last change of anybody, as the last probe had it */
	mono_t behind_since;           /* MONO_NEVER: we have seen that one */
	/* The reader. */
	enum { READ_ALL, READ_CHANGES } reading;
	uint64_t rev;                  /* all changes up to this were given */
	uint64_t range_rev;            /* READ_ALL: as of when; 0: not known yet */
	char after[SHARED_KEY_OCT + SHARED_NAME_OCT]; /* READ_ALL: the last that was given */
	bool is_created;               /* READ_CHANGES: the member has begun to tell */
	uint64_t n_transactions, n_again, n_read_again, n_compacted, n_switches;
	char why[ETCD_WHY_OCT + CONF_URL_OCT];
};

/* etcd.c */
void etcd_arm(struct etcd *e);
/* Asks which member; false: it could not be tried, a->at is when to try again. */
bool etcd_ask(struct etcd *e, struct asker *a, uint32_t member, const char *path, char *body /* taken */, const struct http_ops *ops,
	      void *ctx, bool is_endless);
/* True: 200. Else the member counts as bad, is preferred no longer, or wants another login. a is free again. */
bool etcd_answered(struct etcd *e, struct asker *a, long status, const char *text, size_t len_oct, const char *why);
void etcd_switch(struct etcd *e, uint32_t from); /* prefer the next member, if it is this one */
void etcd_tell(struct etcd *e, const struct shared_event *ev);

/* etcd_job.c */
void etcd_jobs_run(struct etcd *e, mono_t now);
void etcd_jobs_free(struct etcd *e);
mono_t etcd_jobs_next(const struct etcd *e);
/* etcd_read.c */
void etcd_read_run(struct etcd *e, mono_t now);
mono_t etcd_read_next(const struct etcd *e);
void etcd_read_lost(struct etcd *e, const char *why); /* go on at another member */
