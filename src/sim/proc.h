/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The process of a node: the engines of its roles, driven as the daemon drives them. Events go in,
 * effects come out and are carried out as core/effect.h promises: stores of a batch first, then all else in order.
 */
#include "sim/net/node.h"

/* A role with its block in roamd.conf's syntax, braces included. NULL, or what is wrong. */
const char *proc_role_add(struct node *n, const char *role, const char *conf_text);
/* More lines for the block of a role that the node has already. */
const char *proc_role_more(struct node *n, const char *role, const char *conf_text);
const char *proc_key_add(struct node *n, const char *name, enum mac_alg alg, uint32_t spi, const void *raw, size_t len);
/* Provider of keyed hashes, for whoever forges messages. */
const struct crypto_ops *proc_crypto(void);

/* Starts all roles: configuration, records from the store, links. NULL, or the remedy of what is wrong. */
const char *proc_start(struct node *n);
/* kill -9: everything in memory is gone, the datapath and the store stay. */
void proc_kill(struct node *n);
/* A clean stop: engines take back what they did. */
void proc_stop(struct node *n);
/* The machine loses power: addresses and routes that engines made, and the datapath, are gone too. */
void proc_power_off(struct node *n);
/* The machine stops still, and goes on as if nothing had been; what reached it meanwhile is lost. */
void proc_freeze(struct node *n, bool is_frozen);
/* A call into its engines is over: carry out what they want. */
void proc_done(struct node *n);
void proc_fini(struct node *n);

bool proc_rx(struct node *n, const struct rx *rx);
/* A role of the running process has a socket of its own there. */
bool proc_has_port(const struct node *n, uint16_t port);
void proc_link(struct node *n, struct nic *nic);
void proc_addr(struct node *n, const struct addr_event *ev);
/* The kernel may use an address, or not any more. */
void proc_local(struct node *n, uint32_t ifindex, const struct addr6 *addr, bool is_gone);
void proc_signal(struct node *n, const struct signal_event *ev);
void proc_station(struct node *n, const struct station_event *ev);
/* Operator's command to all roles: 0 or the last error, *msg its sentence. */
int proc_ctl(struct node *n, const struct ctl_cmd *cmd, const char **msg);
void proc_show(struct node *n, const char *what, struct show *out);
