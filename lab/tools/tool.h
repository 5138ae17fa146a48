/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the laboratory's small programs share: one clock, exits with a sentence,
 * real-time priority, and a growing array. Each program says "ready" on its standard
 * output once it measures or forwards, so that nobody needs to guess.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define TOOL_NS_PER_S 1000000000LL

/* CLOCK_MONOTONIC in ns: the same for every namespace of the machine. */
int64_t tool_now_ns(void);

/* Sleeps until that instant; returns early only on a signal. */
void tool_sleep_until(int64_t when_ns);

void tool_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* "ready" on standard output, at once. */
void tool_ready(void);

/* Timers as exact as the kernel can, and before ordinary processes; harmless where it is not permitted. */
void tool_realtime(int priority);

/* Set by SIGINT and SIGTERM (stop) and SIGUSR1 (pause): the main loops look at them. No SA_RESTART. */
extern volatile bool tool_stop, tool_pause;
void tool_signals(void);

/* A number argument within limits, or an exit that names the option. */
int64_t tool_number(const char *option, const char *text, int64_t min, int64_t max);

/* An address of either family, as text, into a socket address; exits when it is none. */
void tool_address(struct sockaddr_storage *sa, const char *text);
void tool_set_port(struct sockaddr_storage *sa, int64_t port);
socklen_t tool_address_size(const struct sockaddr_storage *sa);

/* A socket of that address's family, bound to it although no interface may have it yet. */
int tool_bound_socket(const struct sockaddr_storage *sa, int type);

/* A packet socket on an interface, for every protocol, promiscuous, without our own output. `vnet`: frames carry a virtio_net_hdr in front. */
int tool_packet_socket(const char *ifname, bool vnet);

/* The same for a capture: with our own output, and with the kernel's time of each frame. */
int tool_capture_socket(const char *ifname);

/* The next frame of a capture, cut to `size`: its length in the buffer, when the kernel had it (as tool_now_ns, whoever reads late), and
 * whether it was sent rather than received. Negative: none is waiting. */
ssize_t tool_capture(int fd, uint8_t *buffer, size_t size, int64_t *when_ns, bool *is_out);

/* Elements of a fixed size, appended one by one. */
struct tool_array { uint8_t *at; size_t n, cap, size; };
void tool_array_init(struct tool_array *a, size_t size, size_t cap);
void *tool_array_add(struct tool_array *a);
/* Writes all elements, one after the other, in host order. */
void tool_array_write(const struct tool_array *a, const char *path);
