/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Members of a redundancy group in virtual time: the engine of src/rg, a network that delays, loses, doubles and divides, machines that
 * die, freeze and come back with what their disks had, clocks that are wrong and step. Each member keeps a table of toy bindings; toy
 * mobiles register, refresh and leave with whichever member they reach, and remember what they were told.
 */
#include "base/mem.h"
#include "base/prng.h"
#include "core/engine.h"
#include "rg/rg.h"

enum { W_MEMBERS = 5, W_MOBILES = 200, W_WAITING = 4096, W_PACKETS = 65536 };

struct w_toy {                 /* a member's idea of a mobile */
	bool is_there, is_deleted;
	struct grp_version version;
	uint64_t stamp;
	int64_t end_ns;        /* virtual time, common to all */
};
struct w_member {
	struct world *w;
	uint32_t id;
	bool is_up, is_frozen, is_ready, is_active;
	uint32_t starts;
	int64_t skew_ns;       /* of its wall clock */
	struct rg *rg;
	int64_t expiry_ns;     /* rg_expiry, as of the last call */
	struct effq fx;
	struct counters count;
	struct toy_table { struct w_toy toy[W_MOBILES]; } ram, disk;
	uint64_t had[W_MOBILES]; /* highest stamp that was ever on its disk: an acknowledgement may arrive later than its disk lives */
	struct { uint64_t token, stamp; uint32_t mobile; bool is_delete; int64_t end_ns; } waiting[W_WAITING];
	uint32_t n_waiting;
	uint32_t n_ready, n_taken_over;
};
struct w_mobile {
	uint64_t stamp;        /* of its last request */
	uint64_t told;         /* stamp of what was acknowledged last */
	bool told_deleted;
	int64_t told_end_ns;
};
struct w_packet { int64_t at_ns; uint32_t from, to; uint32_t len_oct; uint8_t *bytes; };

struct world {
	uint32_t n;
	struct w_member member[W_MEMBERS + 1]; /* from 1 */
	struct w_mobile mobile[W_MOBILES];
	uint32_t n_mobiles;
	struct w_packet packet[W_PACKETS];     /* a heap by time */
	uint32_t n_packets;
	int64_t now_ns;
	struct prng prng;
	struct rng rng;
	struct mem_ops mem;
	struct sa_key *key;
	struct engine_env env;
	uint32_t loss_permille, dup_permille;
	int64_t delay_ns, jitter_ns;
	uint8_t side[W_MEMBERS + 1];           /* members of different sides do not hear each other */
	enum rg_commit commit;
	int64_t lifetime_ns;                   /* of a registration */
	uint64_t n_sent, n_told;
	uint64_t n_unshared;   /* told while fewer others had it than the commit mode promises */
	void (*spy)(void *ctx, const struct w_packet *p);
	void *spy_ctx;
};

/* key: prepared with HMAC-SHA-256. */
void world_init(struct world *w, uint32_t n, uint64_t seed, struct sa_key *key);
void world_fini(struct world *w);
void world_boot(struct world *w, uint32_t id);   /* with its disk */
void world_kill(struct world *w, uint32_t id);   /* what it had in memory is gone */
/* Its disk is lost too. What it alone had may be lost then: it is no longer asked for. */
void world_wipe(struct world *w, uint32_t id);
void world_freeze(struct world *w, uint32_t id, bool is_frozen);
/* Run for so long, or until the condition holds (then true). */
bool world_run(struct world *w, int64_t ns, bool (*until)(const struct world *w));
/* A mobile asks a member; false when that one cannot take it. */
bool world_register(struct world *w, uint32_t member, uint32_t mobile, bool is_delete);
uint32_t world_up(const struct world *w);
bool world_all_ready(const struct world *w);
/* Do all members that are up hold the same live records? */
bool world_is_equal(const struct world *w);
/* What was told and is not so: a lost registration, or one that came back to life. NULL: all is well; else a sentence. */
const char *world_fault(const struct world *w, char buf[static 160]);
/* Datagram from nowhere, as any attacker can send. */
void world_inject(struct world *w, uint32_t to, const struct addr6 *src, const uint8_t *data, size_t len_oct);
struct now world_now(const struct world *w, const struct w_member *m);
