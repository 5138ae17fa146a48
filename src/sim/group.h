/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Redundancy groups of nodes, as a scenario's `group` line has them: what the daemon is between roles, rg/sync and the network, and what
 * keepalived is beside it (vrrp.h). A member's number is its place in the line, from 1; the first has the highest priority.
 */
#include "rg/sync.h"
#include "sim/net/node.h"

enum { GROUP_MEMBERS_MAX = 8, GROUP_ADDRS_MAX = 8, GROUP_PRIORITY_FIRST = 240, GROUP_PRIORITY_STEP = 30 };

enum vrrp_state { VRRP_OFF, VRRP_BACKUP, VRRP_MASTER };

struct member {
	struct group *group;
	struct node *node;
	struct nic *nic;               /* datagrams and advertisements go here */
	uint32_t id, starts;
	uint8_t priority, boost;       /* boost: it was handed the service, until it loses it */
	struct sync *sync;             /* NULL: its process does not run */
	enum vrrp_state state;
	int64_t at_ns;                 /* to advertise, or to take over */
	int64_t announce_ns;           /* when the addresses are announced once more */
	bool is_asked;                 /* the active member wants it to take over */
};

/* A virtual address: on the interface of this name, or on the member's. */
struct virtual_addr { struct fx_addr addr; char nic[16]; };

struct group {
	struct group *next;
	struct sim *sim;
	char name[16], key[32];
	struct member member[GROUP_MEMBERS_MAX];
	uint32_t n_member;
	struct virtual_addr addr[GROUP_ADDRS_MAX];
	uint32_t n_addr;
	int64_t every_ns;              /* advertisements */
	enum rg_commit commit;
	bool is_preempting, has_v4;    /* v4: the group's datagrams are IPv4's */
	uint32_t n_double;             /* looks in a row at which two members served */
	int64_t fault_ns;              /* something was done to a member or a link last */
	int64_t divided_ns;            /* the last such thing that kept members from hearing each other, or its end; 0: none was */
	int64_t quiet_by_ns;           /* what must hold once it is quiet is waited for until then; 0: it is not */
};

struct group *group_new(struct sim *s, const char *name);
struct group *group_find(const struct sim *s, const char *name);
void groups_free(struct sim *s);

/* The node's membership, or NULL. */
struct member *group_member(const struct node *n);
/* Its process has been started (roles are there, records have not been given), is being stopped cleanly, has ended. NULL, or what is wrong. */
const char *group_start(struct node *n);
void group_stop(struct node *n);
void group_end(struct node *n);
/* What the election says. */
void group_activate(struct member *m, bool is_active);

/* Around the calls of a role's hooks; nothing without a group. */
uint32_t group_mark(const struct node *n);
void group_scan(const struct node *n, const struct role_inst *r, uint32_t mark, enum sync_call call);
bool group_may_rx(const struct node *n, const struct role_inst *r);
void group_flush(struct node *n);

/* A record from the store, before any role gets it; with is_noted the group learns its version. */
void group_restore(const struct node *n, struct store_rec *rec, bool is_noted);
void group_restored(const struct node *n);
void group_tick(struct node *n);
mono_t group_expiry(const struct node *n);
/* A datagram, from its UDP header on; true: it was the group's. */
bool group_rx_udp(struct node *n, const struct addr6 *src, const uint8_t *udp, size_t len);
/* "group hand-over" by the operator; ERR_NOTFOUND: it is no such command, or nobody is there. */
int group_ctl(struct node *n, const struct ctl_cmd *cmd, const char **msg);
void group_show(const struct node *n, const char *what, struct show *out);

/* Is this one of the virtual addresses of the node's group? */
bool group_has_address(const struct node *n, const struct addr6 *a);
/* Something was done to a member or to a link: guarantees count from now on. is_division: members may not hear each other from now on, or did not
 * until now. */
void group_fault(struct sim *s, bool is_division);
bool group_was_divided(const struct group *g, int64_t within_ns);

/* groupcheck.c. The number of records and tunnels in which members differ; a line of the trace each when is_told. */
uint32_t group_differences(const struct group *g, bool is_told);
/* From now on it must become quiet, within patience: members' tables equal, everything that mobiles were told is there, nothing ended lives. */
void group_expect_quiet(struct group *g, int64_t patience_ns);
/* A mobile is being told that its request is accepted: as many members have it as the group's commit mode promises. */
struct said;
void group_check_commit(const struct node *n, const struct said *ask);
/* Starts to look, at each advertisement's time: two members that could know of each other for long do not both serve. */
void groups_watch(struct sim *s);
