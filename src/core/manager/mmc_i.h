/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The inside of the managers' client; only mmc*.c include it. */
#include "base/err.h"
#include "base/table.h"
#include "base/timer.h"
#include "core/manager/mmc.h"
#include "core/manager/mmsig.h"
#include "core/rate.h"
#include "core/window.h"

enum { MMC_KEY_OCT = 17, MMC_HELLOS_MISSED = 3 };
enum mmc_timer { MMC_T_AGAIN, MMC_T_LIFE };

/* A mobile that was asked about. */
struct mmc_entry {
	uint8_t key[MMC_KEY_OCT];      /* kind and device, or zero and home address */
	bool is_held;
	bool is_untold;                /* no manager tells us of changes: it is asked again as soon as it is held */
	uint8_t status;                /* what is known: enum mmc_result; MMC_WAIT: nothing yet */
	uint8_t tries;
	uint8_t manager;               /* where it was asked last */
	uint32_t transaction;          /* of the question that is under way; 0: none */
	mono_t asked;                  /* since when */
	mono_t ends;                   /* until when what is known counts */
	struct timer again, life;      /* the question once more; the end, or for what is held time to ask again */
	struct mmc_entry *older, *newer; /* those that are neither held nor asked about, in the order of their use */
	bool is_idle;                  /* in that list */
	struct mmc_question q;
	struct mm_record *rec;         /* MMC_FOUND */
};

struct mmc_manager {
	struct addr6 addr, self;
	uint64_t epoch;                /* trusted once it has echoed our nonce */
	bool is_trusted, is_open;      /* is_open: it trusts ours, and lives */
	uint8_t nonce[MM_NONCE_OCT], echo[MM_NONCE_OCT];
	bool has_echo;
	uint8_t n_unheard;             /* hellos since it was last open */
	uint64_t seq;
	struct window seen;
	mono_t heard, hello_at;        /* hello_at: when the next sign of life is due */
	uint64_t n_tx, n_rx, n_answers, n_changes, n_timeouts;
};

struct mmc {
	struct engine_env env;
	enum role_id role;
	struct mmc_conf conf;
	struct mmc_ops ops;
	const struct sa_key *key;
	uint64_t epoch;
	struct mmc_manager manager[MMC_MANAGER_MAX];
	uint32_t current;              /* that is asked first */
	struct table entries, waiting; /* by key; by transaction */
	struct timers timers;
	struct rate rate;
	struct mmc_entry *oldest, *newest;
	struct mm_record lent;         /* the copy that callbacks and mmc_ask give */
	struct mmc_question lent_q;
	uint32_t n_held, n_waiting;
	uint64_t n_questions, n_hits, n_refreshed, n_silent, n_limited, n_evicted;
};

/* mmc_cache.c */
void mmc_key_of(const struct mmc *m, const struct mmc_question *q, uint8_t out[static MMC_KEY_OCT]);
struct mmc_entry *mmc_entry_find(const struct mmc *m, const struct mmc_question *q);
struct mmc_entry *mmc_entry_new(struct mmc *m, const struct mmc_question *q); /* NULL: no room */
void mmc_entry_free(struct mmc *m, struct mmc_entry *e);
void mmc_entry_idle(struct mmc *m, struct mmc_entry *e); /* into the list of those that may be evicted, if it may */
void mmc_entry_busy(struct mmc *m, struct mmc_entry *e); /* out of it */
/* What a manager said of it. rec NULL: nothing. Tells nobody. False: no memory. */
bool mmc_entry_learn(struct mmc *m, struct mmc_entry *e, enum mmc_result r, const struct mm_record *rec, span_t life, struct now now);
/* Sets the timer of its life, as it is held or not. False: no memory. */
bool mmc_entry_arm(struct mmc *m, struct mmc_entry *e, struct now now);
/* A question under way; ended. */
bool mmc_entry_wait(struct mmc *m, struct mmc_entry *e);
void mmc_entry_done(struct mmc *m, struct mmc_entry *e);

/* mmc.c */
void mmc_question_send(struct mmc *m, struct mmc_entry *e, struct now now);
void mmc_on_open(struct mmc *m, uint32_t which, bool is_new_epoch, struct now now);
void mmc_on_closed(struct mmc *m, uint32_t which, struct now now);
void mmc_on_answer(struct mmc *m, uint32_t which, struct rd fields, struct now now);
void mmc_on_change(struct mmc *m, uint32_t which, struct rd fields, struct now now);
void mmc_on_served(struct mmc *m, struct rd fields, struct now now);

/* mmc_link.c */
struct wr mmc_begin(const struct mmc *m, struct mmc_manager *g, enum mm_type type, uint8_t buf[static MM_DATAGRAM_MAX]);
void mmc_end(struct mmc *m, struct mmc_manager *g, struct wr *w);
void mmc_link_init(struct mmc *m, struct now now);
void mmc_link_tick(struct mmc *m, struct now now);
mono_t mmc_link_expiry(const struct mmc *m);
bool mmc_link_rx(struct mmc *m, const struct mmsig_packet *p, struct now now);
