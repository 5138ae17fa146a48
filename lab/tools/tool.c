/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

volatile bool tool_stop, tool_pause;

int64_t tool_now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * TOOL_NS_PER_S + ts.tv_nsec;
}

void tool_sleep_until(int64_t when_ns)
{
	struct timespec ts = { .tv_sec = when_ns / TOOL_NS_PER_S, .tv_nsec = when_ns % TOOL_NS_PER_S };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

void tool_die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void tool_ready(void)
{
	puts("ready");
	fflush(stdout);
}

void tool_realtime(int priority)
{
	struct sched_param p = { .sched_priority = priority };
	sched_setscheduler(0, SCHED_FIFO, &p);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		tool_pause = true;
	else
		tool_stop = true;
}

void tool_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int64_t tool_number(const char *option, const char *text, int64_t min, int64_t max)
{
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, 0);
	if (errno || end == text || *end || v < min || v > max)
		tool_die("%s: \"%s\" is no number from %lld to %lld", option, text, (long long)min, (long long)max);
	return v;
}

void tool_address(struct sockaddr_storage *sa, const char *text)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)sa;
	struct sockaddr_in *four = (struct sockaddr_in *)sa;
	memset(sa, 0, sizeof *sa);
	if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		sa->ss_family = AF_INET6;
	else if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		sa->ss_family = AF_INET;
	else
		tool_die("\"%s\" is no address", text);
}

/* The port stands at the same place in both families. */
void tool_set_port(struct sockaddr_storage *sa, int64_t port)
{
	((struct sockaddr_in *)sa)->sin_port = htons((uint16_t)port);
}

socklen_t tool_address_size(const struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

int tool_bound_socket(const struct sockaddr_storage *sa, int type)
{
	int one = 1, fd = socket(sa->ss_family, type | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (sa->ss_family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof one);
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof one);
	if (fd < 0 || bind(fd, (const struct sockaddr *)sa, tool_address_size(sa)))
		tool_die("bind: %s", strerror(errno));
	return fd;
}

int tool_packet_socket(const char *ifname, bool vnet)
{
	int one = 1, buffer = 32 << 20;
	struct packet_mreq mr = { .mr_ifindex = (int)if_nametoindex(ifname), .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = mr.mr_ifindex };
	if (!mr.mr_ifindex)
		tool_die("%s: no such interface", ifname);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		tool_die("packet socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
	if (vnet && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one))
		tool_die("%s: PACKET_VNET_HDR: %s", ifname, strerror(errno));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
	setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof mr);
	if (bind(fd, (struct sockaddr *)&sll, sizeof sll))
		tool_die("%s: bind: %s", ifname, strerror(errno));
	return fd;
}

int tool_capture_socket(const char *ifname)
{
	int zero = 0, one = 1, fd = tool_packet_socket(ifname, false);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &zero, sizeof zero);
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one))
		tool_die("%s: SO_TIMESTAMPNS: %s", ifname, strerror(errno));
	return fd;
}

/* The kernel's stamps are of the wall clock. */
static int64_t monotonic_of(const struct timespec *stamp)
{
	struct timespec wall;
	clock_gettime(CLOCK_REALTIME, &wall);
	return tool_now_ns() - (wall.tv_sec - stamp->tv_sec) * TOOL_NS_PER_S - (wall.tv_nsec - stamp->tv_nsec);
}

ssize_t tool_capture(int fd, uint8_t *buffer, size_t size, int64_t *when_ns, bool *is_out)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(struct timespec))]; } control;
	struct sockaddr_ll from;
	struct iovec iov = { buffer, size };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(fd, &msg, 0);
	if (n < 0)
		return n;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	*when_ns = tool_now_ns();
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
		struct timespec stamp;
		memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
		*when_ns = monotonic_of(&stamp);
	}
	*is_out = from.sll_pkttype == PACKET_OUTGOING;
	return n;
}

void tool_array_init(struct tool_array *a, size_t size, size_t cap)
{
	*a = (struct tool_array){ .size = size, .cap = cap ? cap : 1024 };
	a->at = calloc(a->cap, size);
	if (!a->at)
		tool_die("out of memory");
}

void *tool_array_add(struct tool_array *a)
{
	if (a->n == a->cap) {
		a->cap *= 2;
		a->at = realloc(a->at, a->cap * a->size);
		if (!a->at)
			tool_die("out of memory");
	}
	return a->at + a->n++ * a->size;
}

void tool_array_write(const struct tool_array *a, const char *path)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(a->at, a->size, a->n, f) != a->n || fclose(f))
		tool_die("%s: %s", path, strerror(errno));
}
