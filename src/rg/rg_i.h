/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The redundancy group's inside; only files of rg/ include it. */
#include "base/err.h"
#include "base/table.h"
#include "base/timer.h"
#include "core/auth/sa.h"
#include "core/window.h"
#include "rg/rg.h"

enum {
	RG_PEER_MAX = RG_MEMBER_MAX - 1,
	RG_RING_MAX = 8192,            /* datagrams to all that wait for acknowledgement */
	RG_UNICAST_MAX = 512,          /* the same to one member */
	RG_UNICAST_BUSY = 256,         /* no more of the table is sent while so many wait: enough that neither end waits for the other */
	RG_OWED_MAX = 16,              /* ranges of sequence numbers in an acknowledgement */
	RG_DIFFER_HELLOS = 5,          /* digests differ so often in a row before it is believed */
	RG_DIFFER_BUSY = 10,           /* so many times as often while changes are on their way */
	RG_RESUME_BACK = 2 * RG_UNICAST_BUSY, /* parts whose end has come, but perhaps not all of them, when a sender dies */
	RG_ASK_TRIES = 3,              /* by the same member, before the next is asked */
};

/* A record's place. By `range` they hang in lists, so that a part of the table can be sent. */
struct rg_entry {
	uint8_t key[2 + GRP_KEY_MAX];  /* table, length, key: the hash table's key */
	bool is_deleted;
	bool is_lapsed;                /* deleted, but by itself: tells nobody */
	uint32_t member;
	uint64_t stamp, clock;
	uint64_t hash;                 /* of key: where its part of the table is, and how its digest begins */
	struct rg_entry *next, **at;   /* of the range */
	struct timer purge;            /* of a deleted one */
};

/* A datagram that waits for acknowledgements. */
struct rg_msg {
	uint64_t seq;
	uint64_t token;                /* rg_put's last number in it; 0: none */
	uint32_t wait;                 /* 1 << slot of a peer that has not acknowledged */
	uint16_t len_oct;
	uint8_t tries;
	bool is_acked;                 /* by somebody */
	mono_t sent, next;
	uint8_t *bytes;
};
struct rg_ring {
	struct rg_msg *msg;            /* cap entries, allocated at the first use */
	uint32_t cap, head, n;
	uint32_t n_done;               /* of the first ones is known that they are committed */
	mono_t soonest;                /* nothing is sent again before this */
	span_t way;                    /* how long acknowledgements take of late: nothing is sent again before */
};

struct rg_owed { uint64_t first; uint16_t n; };

struct rg_peer {
	uint32_t id;                   /* 0: the slot is free */
	uint32_t slot;
	struct addr6 addr;
	/* Trust in its epoch. */
	bool is_trusted;
	uint64_t epoch, candidate;
	uint8_t challenge[GRP_NONCE_OCT]; /* ours, for the candidate */
	bool has_challenge, has_echo;
	uint8_t echo[GRP_NONCE_OCT];   /* its own, to be echoed */
	struct window to_all, to_us;
	/* What it says of itself. */
	struct grp_hello hello;
	bool is_live;
	mono_t heard;
	uint32_t differs;              /* hellos in a row with another digest, RG_DIFFER_BUSY each, or 1 while changes were on their way */
	uint64_t changes;              /* of our table, when its last hello came */
	mono_t same;                   /* when its table was last seen to be ours; 0: never */
	/* To it. */
	uint64_t seq;
	struct rg_ring ring;
	struct { struct rg_owed range[RG_OWED_MAX]; uint32_t n; } owed_all, owed_us;
	/* The table, or parts of it, on its way to the peer. */
	bool is_sending, is_last_due;  /* is_last_due: all has been sent; when all of it is acknowledged, that is said */
	uint32_t transaction, n_want;
	uint64_t want[GRP_RANGES / 64];
	uint16_t at_range;
};

enum rg_state {
	RG_LISTENING,                  /* who else is there? */
	RG_ASKING,                     /* for the table */
	RG_READY,
};

struct rg {
	struct engine_env env;
	struct rg_conf conf;
	struct rg_ops ops;
	uint64_t epoch, seq, clock;
	enum rg_state state;
	bool is_started, has_listened_anew, is_active, is_activating, is_stopping;
	mono_t ticked, hello_at, state_until;
	struct table entries;          /* struct rg_entry by key */
	struct timers purges;
	struct rg_entry *range[GRP_RANGES];
	uint64_t digest[GRP_RANGES], root;
	uint32_t deleted[GRP_RANGES];  /* records that somebody ended and that are remembered: no digest tells of them */
	uint32_t n_live_records;
	struct rg_peer peer[RG_PEER_MAX];
	/* Asking. */
	uint32_t transaction, attempt, tries, asked_of;
	uint16_t next_range;           /* the end of every part below it has come */
	uint32_t not_initialised;      /* slots that said so */
	mono_t ask_at, active_by;      /* active_by: nobody waits longer to become active */
	/* Telling. */
	struct rg_ring ring;
	uint64_t token, committed;
	uint8_t pending[RG_DATAGRAM_MAX];
	struct wr w;
	uint64_t pending_token, pending_seq;
	mono_t pending_by;             /* it leaves then, full or not */
	struct { uint64_t updates, pages, again, dropped, repaired, applied, ignored; } n;
};

/* rg.c */
#define rg_say(g, sev, code, ...) fx_event((g)->env.fx, (g)->conf.role, sev, code, &addr6_any, __VA_ARGS__)

/* rg_send.c: datagrams out */
struct wr rg_begin(struct rg *g, uint8_t *buf, enum grp_type type, const struct rg_peer *to);
/* Signs and sends; to NULL: to all. Length, 0 when it did not fit. */
size_t rg_end(struct rg *g, struct wr *w, const struct rg_peer *to);
bool rg_is_signed(const struct rg *g, const struct grp_head *h, const struct addr6 *src, const uint8_t *data, size_t len_oct);
/* Keep what was sent (m->bytes is only lent) until the peers of m->wait have it. False: no memory or no room; the peers are mended by digest then. */
bool rg_keep(struct rg *g, struct rg_ring *ring, uint32_t max, const struct rg_msg *m, struct now now);
void rg_ring_fini(struct rg *g, struct rg_ring *ring);
static inline struct rg_msg *rg_ring_at(const struct rg_ring *r, uint32_t i) { return &r->msg[(r->head + i) & (r->cap - 1)]; }
void rg_send_tick(struct rg *g, struct now now);
mono_t rg_send_expiry(const struct rg *g);
/* A peer is gone: nobody waits for it. Or is here: it gets what still waits. */
void rg_send_forget(struct rg *g, struct rg_peer *p);
/* What was on its way to it alone, and what it is owed, is over. */
void rg_send_reset(struct rg *g, struct rg_peer *p);
void rg_send_include(struct rg *g, const struct rg_peer *p, struct now now);
void rg_owe(struct rg_peer *p, bool is_to_all, uint64_t seq);
void rg_pay(struct rg *g, struct rg_peer *p);            /* the acknowledgements owed */
void rg_on_ack(struct rg *g, struct rg_peer *p, const struct grp_ack *a, struct now now);
void rg_commit_advance(struct rg *g);

/* rg_member.c: who is there */
struct rg_peer *rg_peer_find(struct rg *g, uint32_t id);
struct rg_peer *rg_peer_take(struct rg *g, uint32_t id); /* found or new; NULL: too many */
static inline uint32_t rg_peer_bit(const struct rg_peer *p) { return 1u << p->slot; }
uint32_t rg_live_mask(const struct rg *g);
void rg_hello_send(struct rg *g, struct now now);
/* A datagram of an epoch that is not trusted, authentic: true when it has become so by it. */
bool rg_member_prove(struct rg *g, struct rg_peer *p, const struct grp_head *h, struct rd fields, const struct addr6 *src, struct now now);
void rg_on_hello(struct rg *g, struct rg_peer *p, struct rd fields, struct now now);
void rg_member_tick(struct rg *g, struct now now);
mono_t rg_member_expiry(const struct rg *g);
/* The nth (from 0) live member in order of designation. */
struct rg_peer *rg_designated(struct rg *g, uint32_t nth, uint32_t *n_live);
bool rg_is_designated(const struct rg *g, const struct rg_peer *asker, uint32_t attempt);

/* rg_update.c */
void rg_update_send(struct rg *g, struct now now);       /* what rg_flush still keeps back too */
mono_t rg_update_expiry(const struct rg *g);

/* rg_table.c: versions */
void rg_table_init(struct rg *g);
void rg_table_fini(struct rg *g);
struct rg_entry *rg_entry_find(const struct rg *g, uint8_t table, const uint8_t *key, uint8_t key_oct);
/* Found or new (version zero, deleted); NULL without memory. */
struct rg_entry *rg_entry_take(struct rg *g, uint8_t table, const uint8_t *key, uint8_t key_oct);
/* Sets version and state, and keeps the digests. forget: when a deleted one may go. */
void rg_entry_set(struct rg *g, struct rg_entry *e, const struct grp_version *v, bool is_deleted, bool is_lapsed, mono_t forget);
void rg_entry_version(const struct rg_entry *e, struct grp_version *v);
uint64_t rg_clock_next(struct rg *g, struct now now);
void rg_clock_see(struct rg *g, uint64_t clock);
/* A record from another member. True: it was newer and has been taken. */
bool rg_merge(struct rg *g, const struct grp_record *r, struct now now);
/* Fill a record of the wire from an entry; value goes to buf. */
void rg_record_of(struct rg *g, const struct rg_entry *e, struct grp_record *r, uint8_t *buf, struct now now);
/* Seconds until then, rounded up; ~0: never. */
uint32_t rg_left_of(mono_t end, struct now now);
/* A deleted record is remembered while an older version may live elsewhere: until that would have ended, and a little longer. */
mono_t rg_forget_at(const struct rg *g, mono_t end, struct now now);
void rg_table_tick(struct rg *g, struct now now);

/* rg_page.c: the table, whole or in parts */
void rg_ask_start(struct rg *g, struct now now);
void rg_ask_tick(struct rg *g, struct now now);
mono_t rg_ask_expiry(const struct rg *g);
void rg_ask_peer_gone(struct rg *g, const struct rg_peer *p, struct now now);
void rg_on_request(struct rg *g, struct rg_peer *p, struct rd fields, struct now now);
void rg_on_page(struct rg *g, struct rg_peer *p, struct rd fields, struct now now);
void rg_on_digests(struct rg *g, struct rg_peer *p, struct rd fields, struct now now);
/* The parts with deleted records, to a member that is back. */
void rg_deleted_send(struct rg *g, struct rg_peer *p, struct now now);
/* The digests of all parts, so that the other sends what differs and says where ours must. */
void rg_digests_send(struct rg *g, struct rg_peer *p, struct now now);
/* Send on as long as the peer keeps up. */
void rg_pump(struct rg *g, struct rg_peer *p, struct now now);
