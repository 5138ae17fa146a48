/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Scenario files (*.rcs): a line a thing, words separated by blanks, # to the end of the line is a comment.
 * src/sim/README.md is the reference. A run is: parse, start all nodes, run to `end`, judge.
 */
#include "sim/check/watch.h"
#include "sim/sim.h"

enum { WORDS_MAX = 48, SCRIPT_ERR_LEN = 256, DEFINES_MAX = 64 };

struct words { uint32_t n; char *w[WORDS_MAX]; char buf[1024]; };

struct expectation { struct expectation *next; char text[512], place[96]; };
struct define { char name[32], value[128]; };

enum { SWARM_LIST_MAX = 64, SWARM_MOBILES_MAX = 16, SWARM_GUESTS_MAX = 16, SWARM_RECORDS_MAX = 8, SWARM_LINES_MAX = 6 };
struct swarm_list { char name[SWARM_LIST_MAX][24]; uint32_t n; };
struct swarm_mobile { char node[16]; struct swarm_list nics, cells; };
/* Of mobiles that the network moves: cells, and lines of operators about records, all managers being told or one. */
struct swarm_guest { char nic[24]; struct swarm_list cells; };
struct swarm_record { bool is_all; struct swarm_list managers; char line[SWARM_LINES_MAX][192]; uint32_t n_line; };
struct swarm_conf { /* what may be shaken: see swarm.h */
	struct swarm_mobile mobile[SWARM_MOBILES_MAX];
	uint32_t n_mobile;
	struct swarm_guest guest[SWARM_GUESTS_MAX];
	struct swarm_record record[SWARM_RECORDS_MAX];
	uint32_t n_guest, n_record;
	struct swarm_list restart, links, groups;
	int64_t from_ns, to_ns, settle_ns, remains_ns;
	uint32_t handovers;           /* at least */
	bool has_coda, is_unsplit;
	char gone[16];                /* a mobile that is switched off for good when the faults end */
};

struct script {
	struct sim sim;
	struct watch watch;
	const char *path;            /* of the file being read, for messages */
	uint32_t line, depth;
	int64_t end_ns;
	struct expectation *expect, **expect_end;
	struct define define[DEFINES_MAX];
	uint32_t n_define;
	struct swarm_conf swarm;
	uint32_t n_expected, n_failed;
	bool is_quiet;
	char err[SCRIPT_ERR_LEN];    /* the file is wrong: nothing ran */
};

void script_init(struct script *sc, uint64_t seed);
void script_fini(struct script *sc);
/* The first definition of a name wins: the caller's before the file's, the file's before an included one's. */
bool script_define(struct script *sc, const char *name, const char *value);
bool script_load(struct script *sc, const char *path);
bool script_load_text(struct script *sc, const char *text, const char *name);
/* Starts the nodes, runs to the end, judges what is left. False: a node did not start. */
bool script_run(struct script *sc);

/* A command of the timeline. */
bool script_at(struct script *sc, int64_t at_ns, const char *text);

bool script_fail(struct script *sc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Splits text into words (copied). */
bool words_of(struct words *w, const char *text);
/* Word number i, or "" behind the end. */
static inline const char *words_at(const struct words *w, uint32_t i) { return i < w->n ? w->w[i] : ""; }
/* "5s", "20ms", "100us", "2m"; "0". */
bool time_of(const char *word, int64_t *ns);
/* "5%", "0.1%" in parts of a million. */
bool ppm_of(const char *word, uint32_t *ppm);
/* "mn.w0" */
struct nic *nic_of(struct sim *s, const char *word);

/* topo.c: lines of the topology. */
/* "10.0.0.1/24": address and prefix length. */
/* "+30s", "-30s" */
bool topo_clock_of(const char *word, int64_t *ns);
bool topo_addr_of(const char *word, struct fx_addr *a);
bool topo_add_link(struct script *sc, const struct words *w);
bool topo_add_node(struct script *sc, const struct words *w);
bool topo_add_nic(struct script *sc, const struct words *w);
bool topo_add_route(struct script *sc, const struct words *w);
bool topo_add_nat(struct script *sc, const struct words *w);
bool topo_add_key(struct script *sc, const struct words *w);
bool topo_add_group(struct script *sc, const struct words *w);
bool topo_add_flow(struct script *sc, const struct words *w);

/* cmd.c: one command of the timeline, now. */
bool cmd_run(struct script *sc, const struct words *w, uint32_t first);
bool cmd_is_known(const char *verb);
/* Properties of a link: loss 5% delay 2ms ... from word i on. */
bool cmd_link_set(struct script *sc, struct link *l, const struct words *w, uint32_t i);
/* remains.c: what no live registration justifies any more; a line of the trace each. */
uint32_t remains(struct sim *s);
/* Only this: registrations with agents of sites where the mobile no longer is. */
uint32_t remains_left(struct sim *s);
/* expect.c: judge one expectation now. */
void expect_judge(struct script *sc, const struct expectation *e);
