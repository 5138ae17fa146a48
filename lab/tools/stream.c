/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP as users have it, over a journey: a bulk transfer and a keystroke session. Addresses are of either family.
 *
 *	stream bulk-send  --bind ADDRESS --peer ADDRESS --port N [--rate-mbit 40]
 *	stream bulk-take  --bind ADDRESS --port N --log FILE      FILE: a line "NANOSECONDS BYTES" each 100 ms
 *	stream keys       --bind ADDRESS --peer ADDRESS --port N --log FILE [--interval-ms 50]
 *	                                                          FILE: a line "SENT-NS ECHO-NS" a keystroke
 *	stream echo       --bind ADDRESS --port N
 *
 * The transfer is paced below the path's capacity, so that what it loses it loses to handovers
 * and not to its own queues.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

static struct {
	struct sockaddr_storage self, peer;
	const char *log;
	int64_t rate_mbit, interval_ms;
} opt = { .rate_mbit = 40, .interval_ms = 50 };

static void options(int argc, char **argv)
{
	int64_t port = 0;
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *o = argv[i], *v = argv[i + 1];
		if (!strcmp(o, "--bind") || !strcmp(o, "--peer")) {
			tool_address(o[2] == 'b' ? &opt.self : &opt.peer, v);
		} else if (!strcmp(o, "--port")) {
			port = tool_number(o, v, 1, 65535);
		} else if (!strcmp(o, "--log")) {
			opt.log = v;
		} else if (!strcmp(o, "--rate-mbit")) {
			opt.rate_mbit = tool_number(o, v, 1, 100000);
		} else if (!strcmp(o, "--interval-ms")) {
			opt.interval_ms = tool_number(o, v, 1, 10000);
		} else {
			tool_die("stream: unknown option %s", o);
		}
	}
	if (!opt.self.ss_family || (opt.peer.ss_family && opt.peer.ss_family != opt.self.ss_family))
		tool_die("stream: --bind is needed, and --peer of the same family");
	tool_set_port(opt.peer.ss_family ? &opt.peer : &opt.self, port);
}

static int open_tcp(void)
{
	int one = 1, fd = tool_bound_socket(&opt.self, SOCK_STREAM);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	/* The common congestion controls. One that remembers a path's least delay for seconds (bbr) would measure that. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5))
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	return fd;
}

static int connect_peer(void)
{
	int fd = open_tcp();
	if (connect(fd, (struct sockaddr *)&opt.peer, tool_address_size(&opt.peer)))
		tool_die("stream: connect: %s", strerror(errno));
	tool_ready();
	return fd;
}

static int accept_peer(void)
{
	int fd = open_tcp(), peer;
	if (listen(fd, 1))
		tool_die("stream: listen: %s", strerror(errno));
	tool_ready();
	peer = accept(fd, NULL, NULL);
	close(fd);
	return peer;
}

static void bulk_send(void)
{
	static const uint8_t data[65536];
	int fd = connect_peer();
	unsigned int bytes_per_s = (unsigned int)(opt.rate_mbit * 125000);
	setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &bytes_per_s, sizeof bytes_per_s);
	while (!tool_stop && send(fd, data, sizeof data, 0) > 0)
		;
}

static FILE *open_log(void)
{
	FILE *f = opt.log ? fopen(opt.log, "w") : NULL;
	if (!f)
		tool_die("stream: --log: %s", strerror(errno));
	return f;
}

static void bulk_take(void)
{
	static uint8_t data[1 << 18];
	FILE *log = open_log();
	int fd = accept_peer();
	int64_t mark = tool_now_ns(), bytes = 0;
	while (!tool_stop) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n = poll(&p, 1, 100) == 1 ? recv(fd, data, sizeof data, 0) : -1;
		if (n == 0)
			break;
		bytes += n > 0 ? n : 0;
		int64_t now = tool_now_ns();
		if (now - mark >= 100000000) {
			fprintf(log, "%lld %lld\n", (long long)now, (long long)bytes);
			mark = now;
			bytes = 0;
		}
	}
	fclose(log);
}

/* Keystrokes leave on time whether echoes came or not, as fingers do. */
static void keys(void)
{
	FILE *log = open_log();
	int fd = connect_peer();
	int64_t next = tool_now_ns(), echo;
	while (!tool_stop) {
		int64_t now = tool_now_ns();
		if (now >= next) {
			send(fd, &now, sizeof now, MSG_DONTWAIT);
			next += opt.interval_ms * 1000000;
		}
		struct pollfd p = { fd, POLLIN, 0 };
		int wait_ms = next > now ? (int)((next - now) / 1000000) + 1 : 0;
		if (poll(&p, 1, wait_ms) == 1 && recv(fd, &echo, sizeof echo, MSG_WAITALL) == sizeof echo)
			fprintf(log, "%lld %lld\n", (long long)echo, (long long)tool_now_ns());
		else if (p.revents & (POLLERR | POLLHUP))
			break;
	}
	fclose(log);
}

static void echo(void)
{
	uint8_t data[512];
	int fd = accept_peer();
	ssize_t n;
	while (!tool_stop && (n = recv(fd, data, sizeof data, 0)) > 0)
		send(fd, data, (size_t)n, 0);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } modes[] = {
		{ "bulk-send", bulk_send }, { "bulk-take", bulk_take }, { "keys", keys }, { "echo", echo },
	};
	options(argc, argv);
	tool_signals();
	for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++) {
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run();
			return 0;
		}
	}
	tool_die("usage: stream bulk-send|bulk-take|keys|echo --bind ADDRESS ...");
}
