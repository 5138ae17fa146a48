/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One end of a measured UDP flow: sends numbered packets at an exact rate and notes
 * each packet that arrives from the other end. Two of them, one at the correspondent node
 * and one at the mobile, make both directions of a journey. Addresses are of either family.
 *
 *	flow --bind ADDRESS --peer ADDRESS --log PREFIX [--port 9000] [--rate 1000] [--size 64] [--peers 1] [--skip 0]
 *
 * A packet's number is behind --skip octets. With --peers N it sends to N addresses in turn, --peer and those behind it; number I goes to the one at I % N (see fleet.c).
 *
 * Sends from "ready" until SIGUSR1, receives until SIGTERM, then writes two files of
 * 64-bit integers in host order: PREFIX.tx, when each number was sent; PREFIX.rx,
 * three for each arrival: number, when sent, when received (ns, CLOCK_MONOTONIC). A packet that the
 * kernel refuses to send (no route while the mobile is between cells) is a packet sent and lost; how many, is said at the end.
 * Meanwhile it prints "NANOSECONDS SENT RECEIVED" every 50 ms, for whoever shows progress or waits for packets to flow.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { BATCH = 32, SIZE_MAX_OCT = 1400, PROGRESS_NS = 50000000 };

struct mark { int64_t seq, tx_ns; };                /* in the payload, behind skip_oct */
struct arrival { int64_t seq, tx_ns, rx_ns; };

static struct flow {
	struct sockaddr_storage self, peer;
	const char *log;
	int64_t rate_pps, size_oct, n_peers, skip_oct;
	int fd;
	struct tool_array tx, rx;
	int64_t n_refused;
	int refusal;                /* errno of the last one */
} flow = { .rate_pps = 1000, .size_oct = 64, .n_peers = 1 };

static void options(int argc, char **argv)
{
	int64_t port = 9000;
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *o = argv[i], *v = argv[i + 1];
		if (!strcmp(o, "--bind"))
			tool_address(&flow.self, v);
		else if (!strcmp(o, "--peer"))
			tool_address(&flow.peer, v);
		else if (!strcmp(o, "--log"))
			flow.log = v;
		else if (!strcmp(o, "--port"))
			port = tool_number(o, v, 1, 65535);
		else if (!strcmp(o, "--rate"))
			flow.rate_pps = tool_number(o, v, 1, 100000);
		else if (!strcmp(o, "--size"))
			flow.size_oct = tool_number(o, v, sizeof(struct mark), SIZE_MAX_OCT);
		else if (!strcmp(o, "--peers"))
			flow.n_peers = tool_number(o, v, 1, 1 << 20);
		else if (!strcmp(o, "--skip"))
			flow.skip_oct = tool_number(o, v, 0, SIZE_MAX_OCT - (int64_t)sizeof(struct mark));
		else
			tool_die("flow: unknown option %s", o);
	}
	if (!flow.self.ss_family || flow.self.ss_family != flow.peer.ss_family || !flow.log)
		tool_die("flow: --bind and --peer of one family and --log are needed");
	if (flow.size_oct < flow.skip_oct + (int64_t)sizeof(struct mark))
		tool_die("flow: --size has no room for a number behind --skip octets");
	tool_set_port(&flow.self, port);
	tool_set_port(&flow.peer, port);
}

static void open_socket(void)
{
	int buffer = 16 << 20;
	struct timeval wake = { .tv_usec = 50000 };
	flow.fd = tool_bound_socket(&flow.self, SOCK_DGRAM);
	setsockopt(flow.fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
	setsockopt(flow.fd, SOL_SOCKET, SO_RCVTIMEO, &wake, sizeof wake);
}

/* The peer that this number goes to. */
static struct sockaddr_storage peer_of(int64_t seq)
{
	struct sockaddr_storage sa = flow.peer;
	uint32_t low, add = (uint32_t)(seq % flow.n_peers);
	uint8_t *last = sa.ss_family == AF_INET ? (uint8_t *)&((struct sockaddr_in *)&sa)->sin_addr : ((struct sockaddr_in6 *)&sa)->sin6_addr.s6_addr + 12;
	memcpy(&low, last, sizeof low);
	low = htonl(ntohl(low) + add);
	memcpy(last, &low, sizeof low);
	return sa;
}

static void *sender(void *unused)
{
	uint8_t payload[SIZE_MAX_OCT] = { 0 };
	int64_t start = tool_now_ns();
	(void)unused;
	tool_realtime(10);
	for (int64_t seq = 0; !tool_pause && !tool_stop; seq++) {
		tool_sleep_until(start + seq * TOOL_NS_PER_S / flow.rate_pps);
		struct mark m = { .seq = seq, .tx_ns = tool_now_ns() };
		memcpy(payload + flow.skip_oct, &m, sizeof m);
		*(int64_t *)tool_array_add(&flow.tx) = m.tx_ns;
		const struct sockaddr_storage to = peer_of(seq);
		if (sendto(flow.fd, payload, (size_t)flow.size_oct, 0, (const struct sockaddr *)&to, tool_address_size(&to)) < 0) {
			flow.n_refused++;
			flow.refusal = errno;
		}
	}
	return NULL;
}

static void receive_batch(void)
{
	static uint8_t buffer[BATCH][SIZE_MAX_OCT];
	static struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH] = { 0 };
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buffer[i], SIZE_MAX_OCT };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	int n = recvmmsg(flow.fd, msg, BATCH, MSG_WAITFORONE, NULL);
	int64_t now = tool_now_ns();
	for (int i = 0; i < n; i++) {
		struct mark m;
		if (msg[i].msg_len < (size_t)flow.skip_oct + sizeof m)
			continue;
		memcpy(&m, buffer[i] + flow.skip_oct, sizeof m);
		*(struct arrival *)tool_array_add(&flow.rx) = (struct arrival){ m.seq, m.tx_ns, now };
	}
}

static void progress(void)
{
	static int64_t next;
	int64_t now = tool_now_ns();
	if (now < next)
		return;
	next = now + PROGRESS_NS;
	printf("%lld %zu %zu\n", (long long)now, flow.tx.n, flow.rx.n);
	fflush(stdout);
}

static void write_log(const struct tool_array *a, const char *suffix)
{
	char path[4096];
	snprintf(path, sizeof path, "%s.%s", flow.log, suffix);
	tool_array_write(a, path);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	options(argc, argv);
	tool_signals();
	tool_array_init(&flow.tx, sizeof(int64_t), 1 << 20);
	tool_array_init(&flow.rx, sizeof(struct arrival), 1 << 20);
	open_socket();
	if (pthread_create(&thread, NULL, sender, NULL))
		tool_die("flow: no thread");
	tool_realtime(11);
	tool_ready();
	while (!tool_stop) {
		receive_batch();
		progress();
	}
	pthread_join(thread, NULL);
	write_log(&flow.tx, "tx");
	write_log(&flow.rx, "rx");
	if (flow.n_refused)
		fprintf(stderr, "flow %s: the kernel refused to send %lld packets, the last because: %s\n", flow.log, (long long)flow.n_refused,
			strerror(flow.refusal));
	return 0;
}
