/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Kernel settings of this namespace's interfaces, below /proc/sys/net/ipv6 and /proc/sys/net/ipv4. What they were is
 * noted in a file before the first change, so that a clean stop restores them, also after
 * a daemon in between was killed.
 */
#include <stdbool.h>
#include <stdint.h>

struct sysctl;

/* undo_path: the file. 0 or ERR_NOMEM. */
int sysctl_open(struct sysctl **out, const char *undo_path);
/* Keeps the changes and the file. */
void sysctl_close(struct sysctl *s);
/* A key that is no file: the interface's flag to take all multicast frames. */
#define SYSCTL_ALLMULTI "allmulti"
/* conf/IFNAME/KEY = value ("all" is a name too). 0, or ERR_SYS with errno. */
int sysctl_set(struct sysctl *s, const char *ifname, const char *key, int value);
/* The same of IPv4. */
int sysctl_set4(struct sysctl *s, const char *ifname, const char *key, int value);
/* neigh/IFNAME/KEY of either family. */
int sysctl_set_neigh(struct sysctl *s, bool is_v4, const char *ifname, const char *key, int value);
int sysctl_get4(const char *ifname, const char *key, int *value);
/* Sets everything back that is still as we set it, and removes the file. */
void sysctl_restore(struct sysctl *s);
