/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Netlink requests over libmnl: one request, its answer, at once. */
#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* libmnl's loops over attributes cast const away, which clang reports where they are used. */
#pragma GCC diagnostic ignored "-Wcast-qual"

enum { NL_BUF_OCT = 32768 };

/* A socket for requests. NULL on failure, errno set. */
struct mnl_socket *nl_open(int bus);
/* One that never blocks, for events. groups: a bit mask of the first 32 multicast groups. */
struct mnl_socket *nl_open_events(int bus, unsigned groups);

/* Sends a request (flags: NLM_F_REQUEST|NLM_F_ACK added) and waits for the kernel's answer, which rtnetlink
 * gives within the call. 0 or ERR_SYS with errno. */
int nl_ask(struct mnl_socket *s, struct nlmsghdr *n);
/* A dump: fn for each message. 0 or ERR_SYS with errno. */
int nl_dump(struct mnl_socket *s, struct nlmsghdr *n, mnl_cb_t fn, void *ctx);
/* A request answered by messages, then an acknowledgement. 0 or ERR_SYS with errno. */
int nl_get(struct mnl_socket *s, struct nlmsghdr *n, mnl_cb_t fn, void *ctx);
