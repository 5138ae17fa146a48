/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * roamd.conf: one node block, any number of keys, one block a role, at most one redundancy block. What a role can be told is
 * the role's own table; this module knows only the node's and the keys'.
 */
#include <stdio.h>

#include "core/engine.h"
#include "daemon/conf/conf_group.h"
#include "daemon/conf/conf_read.h"

enum { CONF_NAME_OCT = 64, CONF_PATH_OCT = 256, CONF_SOCKET_DIR_OCT = 90, CONF_KEY_MAX_OCT = 64 };

enum conf_signal { CONF_SIGNAL_FEED, CONF_SIGNAL_NL80211 };

struct conf_node {
	char name[CONF_NAME_OCT];
	char state_dir[CONF_PATH_OCT], run_dir[CONF_SOCKET_DIR_OCT], bpf_dir[CONF_PATH_OCT];
	uint32_t deliver;        /* 1: on the link that brought it */
	uint32_t sync;           /* enum store_sync */
	uint32_t signal;         /* enum conf_signal */
	uint32_t log_level;      /* enum event_sev */
	uint32_t realtime;       /* SCHED_RR priority; 0: ordinary scheduling */
	bool sysctl;             /* set the kernel settings that the roles' interfaces need */
};

struct conf_key {
	char name[CONF_NAME_OCT];
	uint32_t spi;
	uint32_t algorithm;      /* enum mac_alg */
	char file[CONF_PATH_OCT];
	uint32_t line;
};

struct conf_role {
	const struct role_ops *ops;
	void *conf;              /* what ops->conf's rows filled */
	uint32_t line;
};

struct conf {
	struct conf_node node;
	struct conf_key *keys;
	uint32_t n_keys;
	struct conf_role roles[ROLE_N];
	uint32_t n_roles;        /* in the order of the file */
	struct conf_group group;
	uint32_t group_line;     /* 0: no group */
	struct conf_tree tree;   /* for the dump */
};

/* roles: NULL-terminated, those that this build has. 0, ERR_INVAL, ERR_NOMEM, or ERR_SYS when the file cannot be read; *err
 * then says what and what to do. file must outlive err. */
int conf_load(struct conf *c, const struct role_ops *const *roles, const char *file, struct conf_err *err);
int conf_parse(struct conf *c, const struct role_ops *const *roles, const char *file, const char *text, size_t len_oct,
	       struct conf_err *err);
void conf_fini(struct conf *c);
/* Of the role's block; 0: there is none. */
uint32_t conf_role_line(const struct conf *c, enum role_id id);
/* "file:line: text" */
void conf_err_print(const struct conf_err *err, FILE *to);

/* The whole file in canonical form; parsing that and printing it again gives the same. */
void conf_print(const struct conf *c, FILE *to);
/* Rows of every block for roamd.conf(5). */
void conf_print_man(const struct role_ops *const *roles, FILE *to);
