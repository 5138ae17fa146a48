/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The inside of the mobility manager; only files of role/mm include it. */
#include "base/err.h"
#include "base/table.h"
#include "base/timer.h"
#include "core/engine.h"
#include "core/manager/device.h"
#include "core/manager/mmsig.h"
#include "core/rate.h"
#include "core/window.h"
#include "role/mm/mm.h"

enum { MM_LINE_MAX = 4096 };
enum { MM_IDS_MAX = 8, MM_VALUE_MAX = 500, MM_SUBJECT_OCT = 17, MM_PUSH_TRIES = 6, MM_MSG_LEN = 200 };

/* --- records --------------------------------------------------------------------------------------------- */

/* An identifier of a device. Many of them: no longer than they are. */
struct mm_ident {
	uint8_t key[DEVICE_KEY_OCT];   /* device_key */
	struct mm_device *device;
	struct mm_ident *next;         /* of the device, in the order in which they were given */
	uint8_t kind, len_oct;
	uint8_t b[];
};

struct mm_device {
	struct mm_ident *ids;          /* the first names the record */
	uint32_t slot;                 /* in mm.list */
	uint8_t policy, flags, home6_plen_bits, home4_plen_bits;
	uint16_t voice_port;
	struct lladdr lladdr, gateway_lladdr;
	bool is_stale;                 /* known from before, and the store that is shared has not given it yet */
	uint64_t version;
	uint64_t rev;                  /* of the store that is shared: since when it is so */
	struct addr6 home6, home4, group6, group4, source6, source4, gateway6, gateway4;
};

/* A record on its way in: from the operator, from the store, from another manager. */
struct mm_draft {
	struct mm_record rec;          /* without its device */
	struct device_id id[MM_IDS_MAX];
	uint32_t n_id;
};

/* What a line of the operator's words wants. */
enum mm_verb { MM_ADD, MM_SET, MM_PUT, MM_REMOVE };
struct mm_plan {
	struct mm_device *old;         /* that changes or goes; NULL: a new one */
	struct mm_draft draft;         /* as it shall be; of a removal: as it is */
};

/* --- agents ---------------------------------------------------------------------------------------------- */

struct mm_agent {
	struct mm_agent_conf conf;     /* its number is the key of mm_agents.by_id */
	const struct sa_key *key;
	struct addr6 addr, self;       /* where it asked from, and whom; none before it was trusted */
	bool is_trusted;
	uint64_t epoch;
	uint32_t n_proofs;             /* epochs that were believed: an old proof is none */
	uint64_t seq;
	struct window seen;
	uint32_t n_subs;
	mono_t heard;
	uint64_t n_queries, n_found, n_unknown, n_denied, n_pushed, n_acked, n_lost;
};

/* What somebody wants to be told of: a device or a home address, known or not. */
struct mm_subject {
	uint8_t key[MM_SUBJECT_OCT];   /* kind and device, or zero and address: key of mm.subjects */
	struct mm_sub *subs;
	uint8_t kind, len_oct;         /* DEVICE_NONE: an address */
	uint8_t b[];
};

struct mm_agents { struct mm_agent *a; struct table by_id; };

enum mm_timer { MM_T_EXPIRE, MM_T_PUSH };

struct mm_sub {
	uint8_t ack_key[12];           /* agent and number of the datagram that waits for its acknowledgement: key of mm.pushes */
	bool is_waiting;               /* in mm.pushes */
	uint8_t tries;
	struct mm_subject *subject;
	struct mm_agent *agent;
	struct mm_sub *next;           /* of the subject */
	struct timer expire, push;
};

/* The store that managers share (shared.c). */
struct mm_shared {
	bool is_up, is_synced, is_begun; /* it answers; all of it was read once; it is being read anew */
	uint64_t rev;                  /* what is known is as it was then */
	uint64_t token;                /* the last that was given */
	struct table changes;          /* of operators, by token */
	struct mm_change *waiting;     /* those that wait for a later rev */
	struct timers timers;
	uint32_t n_elsewhere;          /* records of this node alone, from before */
	uint64_t n_transactions, n_conflicts, n_refused, n_records;
	char why[MM_MSG_LEN];          /* not is_up */
};

struct mm {
	const struct engine_env *env;
	struct mm_conf conf;
	bool is_in_group;              /* of redundant daemons */
	struct mm_shared shared;
	uint64_t epoch, version;       /* version: the last that was given */
	struct mac_key *nonces;        /* a secret of this start, for challenges that need no memory */
	/* Records. */
	struct table idents, home6, home4, group6, group4;
	struct mm_device **list;
	uint32_t n_devices, list_cap;
	struct table resting;          /* groups that must not be given again yet (rest.c) */
	struct timers rests;
	uint32_t next_group;           /* where the search for a free IPv4 group goes on */
	/* Agents. */
	struct mm_agents agents;
	struct rate rate;
	/* Who is told. */
	struct table subjects, pushes;
	struct timers timers;
	uint32_t n_subs;
	uint64_t n_queries, n_answers, n_changes;
	char msg[MM_MSG_LEN];          /* what a command has to say */
};

/* device.c */
struct mm_device *mm_device_by_id(const struct mm *m, const struct device_id *id);
struct mm_device *mm_device_by_home(const struct mm *m, const struct addr6 *home);
void mm_device_draft(const struct mm_device *d, struct mm_draft *out);
void mm_device_record(const struct mm_device *d, struct mm_record *out);
/* In place of `old` (NULL: a new one). What the draft does not name is filled in: groups, sources, version. Groups of `old` stay.
 * NULL, or what is wrong: nothing has changed then. *out: the device. */
/* Only fills in and checks. */
const char *mm_device_prepare(struct mm *m, const struct mm_device *old, struct mm_draft *draft, struct now now);
const char *mm_device_put(struct mm *m, struct mm_device *old, struct mm_draft *draft, struct now now, struct mm_device **out);
void mm_device_free(struct mm *m, struct mm_device *d); /* out of all tables */
void mm_devices_init(struct mm *m);
void mm_devices_fini(struct mm *m);

/* group.c */
/* Free ones for a device; false: there is none. */
bool mm_group6(struct mm *m, const struct device_id *id, struct addr6 *out);
bool mm_group4(struct mm *m, const struct device_id *id, struct addr6 *out);

/* rest.c */
void mm_rest_init(struct mm *m);
void mm_rest_fini(struct mm *m);
void mm_rest_tick(struct mm *m, struct now now);
/* Those of its groups that nobody has any more. */
void mm_rest_begin(struct mm *m, const struct mm_draft *before, struct now now);
void mm_rest_restore(struct mm *m, const struct store_rec *rec, struct now now);
/* Not for this device yet? */
bool mm_rests(const struct mm *m, const struct addr6 *group, const struct device_id *id);

/* store.c */
size_t mm_draft_build(const struct mm_draft *draft, uint8_t *buf, size_t cap_oct); /* 0: does not fit */
struct mm_device *mm_device_by_key(const struct mm *m, const uint8_t *key); /* of its first identifier */
size_t mm_value_build(const struct mm_device *d, uint8_t *buf, size_t cap_oct); /* 0: does not fit */
bool mm_value_parse(const uint8_t *val, size_t len_oct, struct mm_draft *out);
void mm_store_put(struct mm *m, const struct mm_device *d);
void mm_store_del(struct mm *m, const uint8_t key[static DEVICE_KEY_OCT], struct now now);
int mm_restore(void *self, const struct store_rec *rec, struct now now);
/* In a redundancy group: another manager's record, and a record of ours for the others. */
int mm_replica(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now);
bool mm_record_hook(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now);

/* words.c: the operator's words */
/* Reads a line, up to its end. NULL, or what is wrong. Nothing is changed. */
const char *mm_plan(struct mm *m, enum mm_verb verb, const char **line, struct mm_plan *out);

/* command.c: what operators want done, here and now */
int mm_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg);
int mm_refuse(struct mm *m, const char *why, const char **msg);
/* As an event, of what is added or removed. */
void mm_tell(struct mm *m, enum event_sev sev, enum mm_verb verb, const struct device_id *id, const struct mm_record *r, const char *by);

/* shared.c, follow.c: what operators want done in the store that managers share; what it tells */
void mm_shared_init(struct mm *m);
void mm_shared_fini(struct mm *m);
void mm_shared_event(void *self, const struct shared_event *ev, struct now now);
int mm_shared_command(struct mm *m, enum mm_verb verb, const struct ctl_cmd *cmd, struct now now, const char **msg);
void mm_shared_tick(struct mm *m, struct now now);
void mm_shared_done(struct mm *m, const struct shared_event *ev, struct now now); /* a transaction has ended */
void mm_shared_seen(struct mm *m, uint64_t rev, struct now now);                  /* what happened up to then is known here */

/* agent.c: datagrams of agents */
const char *mm_agents_init(const struct engine_env *env, struct mm_agents *as, const struct mm_conf *c); /* NULL or a remedy */
void mm_agents_fini(const struct engine_env *env, struct mm_agents *as);
bool mm_rx(void *self, const struct rx *rx, struct now now);
struct wr mm_begin(struct mm *m, struct mm_agent *a, enum mm_type type, uint8_t buf[static MM_DATAGRAM_MAX]);
void mm_end(struct mm *m, struct mm_agent *a, struct wr *w);
/* What this agent is told of a subject: an answer, with the record behind it when it was found. */
struct mm_device *mm_lookup(const struct mm *m, const struct mm_agent *a, const struct device_id *id, const struct addr6 *home,
			    struct mm_answer *out);
void mm_put_answer(struct wr *w, const struct mm_answer *ans, const struct mm_device *d);

/* serve.c: who serves a mobile */
void mm_on_serving(struct mm *m, struct mm_agent *a, struct rd fields);

/* push.c: changes */
/* Whoever wants to be told of this device or home address; NULL: nobody. */
struct mm_sub *mm_subs_of(const struct mm *m, const struct device_id *id, const struct addr6 *home);
/* This agent wants to be told for so long. False: no room. */
bool mm_subscribe(struct mm *m, struct mm_agent *a, const struct device_id *id, const struct addr6 *home, span_t life, struct now now);
/* Everything that can be asked about this device may have another answer now, and groups that it had may be free. */
void mm_touch(struct mm *m, const struct mm_draft *about, struct now now);
void mm_on_ack(struct mm *m, struct mm_agent *a, uint64_t seq);
void mm_push_tick(struct mm *m, struct now now);
void mm_push_init(struct mm *m);
void mm_push_fini(struct mm *m);

/* show.c */
void mm_show(const void *self, const char *what, struct show *out, struct now now);
