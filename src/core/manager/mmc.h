/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Client of the mobility managers, inside a home agent or a foreign agent (D-3 to D-5): asks by a mobile's device identifier or home
 * address, remembers answers, and tells its owner when what it uses has changed.
 *
 * Sans-IO: packets leave by fx_send in the owner's name, come by the owner's rx hook (UDP port 4341; owner's hook `port` asks the
 * daemon for it), and the owner calls tick and expiry.
 *
 *	owner                     mmc                              manager
 *	mmc_ask -> MMC_WAIT   --- query ---------------------------->
 *	          <- ops.answer <- answer, kept for its lifetime -----
 *	mmc_hold (in use)
 *	          <- ops.changed <- change, pushed ------------------- then acknowledged
 *	mmc_release
 *
 * Several managers: the first that answers is used until it stops answering; a question goes round until its time is over. What is held
 * is asked again before it expires and after a change of manager, so that somebody always has us on his list; what is not held then,
 * once it is. Without any manager, what is held stays valid (the network's delivery does not depend on managers); other entries expire.
 *
 * Memory is bounded by cache_max entries; entries in use are never evicted. Nothing is allocated by a received packet: an entry
 * begins with a question of the owner's. The owner limits how often strangers can make it ask; the client limits the rest (rate).
 */
#include "core/auth/sa.h"
#include "core/engine.h"
#include "core/manager/device.h"

enum { MMC_MANAGER_MAX = 4, MMC_SELF_MAX = 4, MMC_KEY_LEN = 32 };

/* In the owner's configuration struct; MMC_CONF_ROWS gives its rows. */
struct mmc_conf {
	struct addr6 manager[MMC_MANAGER_MAX]; /* either family, in order of preference */
	uint32_t n_manager;                    /* 0: no client */
	struct addr6 self[MMC_SELF_MAX];       /* our own addresses, from which is asked: one of each family that managers have */
	uint32_t n_self;
	uint32_t id;                           /* of this agent, as the managers know it */
	char key[MMC_KEY_LEN];                 /* name of the key shared with all of them */
	uint32_t cache_max;                    /* entries, held ones included */
	uint32_t rate;                         /* questions a second, in the long run */
	span_t retry, retry_max;               /* until a question is sent again, to the next manager; doubles up to retry_max */
	span_t give_up;                        /* until the owner is told that nobody answers */
	span_t hello;                          /* between two signs of life */
	span_t lifetime_max, negative;         /* longest that an answer is kept; that nothing was found, or denied */
};

#define MMC_ROW_(T, F, m) .off = offsetof(T, F) + offsetof(struct mmc_conf, m)
#define MMC_LIST_(T, F, m, n) MMC_ROW_(T, F, m), .size = (n), .count_off = offsetof(T, F) + offsetof(struct mmc_conf, n_##m)
/* Rows of a block whose struct T has a member F of struct mmc_conf. */
#define MMC_CONF_ROWS(T, F) \
	{"manager", CONF_LIST_ADDR46, "", .help = "Mobility managers, in order of preference.", MMC_LIST_(T, F, manager, MMC_MANAGER_MAX)}, \
	{"manager-source", CONF_LIST_ADDR46, "", .help = "Addresses of this host from which managers are asked, one of each family that they have.", \
	 MMC_LIST_(T, F, self, MMC_SELF_MAX)}, \
	{"manager-key", CONF_STR, "", .help = "The key that this agent shares with the managers.", MMC_ROW_(T, F, key), .size = MMC_KEY_LEN}, \
	{"agent-id", CONF_U32, "0", 0, UINT32_MAX, NULL, "This agent's number, as the managers know it.", MMC_ROW_(T, F, id)}, \
	{"manager-cache", CONF_U32, "65536", 16, 4194304, NULL, "Mobiles whose records are remembered.", MMC_ROW_(T, F, cache_max)}, \
	{"manager-rate", CONF_U32, "1000", 1, 1000000, "1/s", "Questions asked of managers.", MMC_ROW_(T, F, rate)}, \
	{"manager-retry", CONF_MS, "100", 5, 10000, "ms", "A question without answer goes to the next manager after this.", MMC_ROW_(T, F, retry)}, \
	{"manager-retry-max", CONF_MS, "1600", 5, 60000, "ms", "That doubles up to this.", MMC_ROW_(T, F, retry_max)}, \
	{"manager-timeout", CONF_MS, "5000", 100, 600000, "ms", "A question is given up after this.", MMC_ROW_(T, F, give_up)}, \
	{"manager-hello", CONF_MS, "2000", 50, 60000, "ms", "Between two signs of life to a manager.", MMC_ROW_(T, F, hello)}, \
	{"manager-lifetime", CONF_S, "3600", 1, 604800, "s", "Longest that an answer is kept without asking again.", MMC_ROW_(T, F, lifetime_max)}, \
	{"manager-negative", CONF_S, "10", 1, 3600, "s", "That a mobile is not known is kept so long.", MMC_ROW_(T, F, negative)}

/* What is asked: by device identifier, or, when device.kind is DEVICE_NONE, by home address (IPv4 mapped). */
struct mmc_question { struct device_id device; struct addr6 address; };
static inline struct mmc_question mmc_by_device(const struct device_id *d) { return (struct mmc_question){.device = *d}; }
static inline struct mmc_question mmc_by_lladdr(const struct lladdr *ll) { return (struct mmc_question){.device = device_of_lladdr(ll)}; }
static inline struct mmc_question mmc_by_address(const struct addr6 *a) { return (struct mmc_question){.address = *a}; }

enum mmc_result {
	MMC_FOUND,
	MMC_WAIT,      /* asked; ops.answer comes */
	MMC_UNKNOWN,   /* no such mobile, says a manager (kept for a time) */
	MMC_REFUSED,   /* this agent may not ask that, says a manager (kept likewise) */
	MMC_SILENT,    /* no manager answers */
	MMC_LIMIT,     /* no room, or asked too often: try again later */
};
const char *mmc_result_str(enum mmc_result r); /* "found" */

struct mmc_ops {
	/* The answer to a question for which mmc_ask returned MMC_WAIT. rec NULL unless MMC_FOUND. Records and questions that callbacks and
	 * mmc_ask give are valid until the next call of the client. mmc_ask, mmc_hold and mmc_release may be called from within. */
	void (*answer)(void *ctx, const struct mmc_question *q, enum mmc_result r, const struct mm_record *rec, struct now now);
	/* What is held (mmc_hold) is another record now. rec NULL: the manager has it no longer; the hold has ended then. */
	void (*changed)(void *ctx, const struct mmc_question *q, const struct mm_record *rec, struct now now);
	/* An agent serves the mobile that we asked about, or does so no longer; s->agent is our own number when the manager has passed on what
	 * mmc_serve said. May be NULL. */
	void (*served)(void *ctx, const struct mmc_question *q, const struct mm_serving *s, struct now now);
	void *ctx;
};

struct mmc;

/* NULL when all is well with a configuration (n_manager 0 is), else a remedy. For the owner's check of its block. */
const char *mmc_conf_check(const struct mmc_conf *c);
/* conf is copied; role: in whose name effects are pushed. NULL without memory; without managers every question is MMC_UNKNOWN.
 * *remedy: a sentence when NULL is returned (a key that is not there). Sends its first hellos from the first tick on. */
struct mmc *mmc_new(const struct engine_env *env, enum role_id role, const struct mmc_conf *conf, const struct mmc_ops *ops, struct now now,
		    const char **remedy);
void mmc_free(struct mmc *m); /* NULL is fine */

/* MMC_FOUND with *rec, from the cache; or one of the others. Asking again what is being asked costs nothing. */
enum mmc_result mmc_ask(struct mmc *m, const struct mmc_question *q, const struct mm_record **rec, struct now now);
/* From the cache alone; NULL: not there. */
const struct mm_record *mmc_find(const struct mmc *m, const struct mmc_question *q);
/* The owner uses the record that it got for this question: it is kept, refreshed, and changes are told. Does nothing twice. False: the
 * record is not there (any longer). */
bool mmc_hold(struct mmc *m, const struct mmc_question *q, struct now now);
void mmc_release(struct mmc *m, const struct mmc_question *q, struct now now);

/* Tells the other agents that asked about this mobile (by a device identifier) that it is served here, or was and how far: through the manager in
 * use, once. Whoever asks another manager does not hear of it, nor does anybody when it is lost: only ops.served with our own number proves it. */
void mmc_serve(struct mmc *m, const struct mmc_question *q, const struct mm_serving *s);

/* The owner's hooks. rx: true when the packet was a manager's for this client (or claimed to be). */
bool mmc_rx(struct mmc *m, const struct rx *rx, struct now now);
void mmc_tick(struct mmc *m, struct now now);
mono_t mmc_expiry(const struct mmc *m);
/* "managers": one record a manager, and one of the cache. */
void mmc_show(const struct mmc *m, const char *what, struct show *out, struct now now);
/* The port that the daemon has to hand up: MM_PORT, 0 without managers. */
uint16_t mmc_port(const struct mmc *m);
