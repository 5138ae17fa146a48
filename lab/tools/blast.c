/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet generator for throughput: sends copies of one frame out of an interface as fast as one core can.
 *
 *	blast IF --frame HEX --seconds N [--flows N --port-at OFFSET --balance-at OFFSET] [--seq-at OFFSET --seq-from N]
 *	blast IF --frame HEX --bursts N [...]
 *
 * Each flow has its own 16-bit word at port-at; the word at balance-at is changed against it, so that checksums stay right.
 * seq-at is a 32-bit number that grows with each frame (GRE's sequence), from seq-from on. Prints the number of frames offered and the
 * nanoseconds it took; what arrived is counted at the receiver.
 *
 * With bursts: where nothing steers the receiver to another processor, a frame's whole way is gone when it has been sent. Prints the
 * nanoseconds a frame of the median burst: what else the machine does falls into others.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tool.h"

enum { FRAME_MAX = 2048, BATCH = 64, FLOWS_MAX = 65536, BURSTS_MAX = 100000 };

static struct {
	uint8_t frame[FRAME_MAX];
	size_t len_oct;
	int64_t seconds, flows, port_at, balance_at, seq_at, seq_from, bursts;
} opt = { .seconds = 1, .flows = 1, .seq_at = -1 };

static void parse_frame(const char *hex)
{
	size_t n = strlen(hex) / 2;
	if (n < 14 || n > FRAME_MAX)
		tool_die("blast: a frame has 14 to %d bytes", FRAME_MAX);
	for (size_t i = 0; i < n; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			tool_die("blast: --frame is hexadecimal");
		opt.frame[i] = (uint8_t)byte;
	}
	opt.len_oct = n;
}

static void options(int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *o = argv[i], *v = argv[i + 1];
		if (!strcmp(o, "--frame"))
			parse_frame(v);
		else if (!strcmp(o, "--seconds"))
			opt.seconds = tool_number(o, v, 1, 3600);
		else if (!strcmp(o, "--flows"))
			opt.flows = tool_number(o, v, 1, FLOWS_MAX);
		else if (!strcmp(o, "--port-at"))
			opt.port_at = tool_number(o, v, 14, FRAME_MAX - 2);
		else if (!strcmp(o, "--balance-at"))
			opt.balance_at = tool_number(o, v, 14, FRAME_MAX - 2);
		else if (!strcmp(o, "--seq-at"))
			opt.seq_at = tool_number(o, v, 14, FRAME_MAX - 4);
		else if (!strcmp(o, "--seq-from"))
			opt.seq_from = tool_number(o, v, 0, UINT32_MAX);
		else if (!strcmp(o, "--bursts"))
			opt.bursts = tool_number(o, v, 1, BURSTS_MAX);
		else
			tool_die("blast: unknown option %s", o);
	}
	if (!opt.len_oct)
		tool_die("blast: --frame is needed");
}

static void add16(uint8_t *at, uint32_t delta)
{
	uint32_t v = ((uint32_t)at[0] << 8 | at[1]) + delta;
	v = (v & 0xffff) + (v >> 16); /* one's complement, as checksums count */
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint8_t (*make_flows(void))[FRAME_MAX]
{
	uint8_t (*frames)[FRAME_MAX] = calloc((size_t)opt.flows, FRAME_MAX);
	if (!frames)
		tool_die("blast: out of memory");
	for (int64_t i = 0; i < opt.flows; i++) {
		memcpy(frames[i], opt.frame, opt.len_oct);
		if (opt.port_at && i) {
			add16(frames[i] + opt.port_at, (uint32_t)i);
			add16(frames[i] + opt.balance_at, 0xffff - (uint32_t)i);
		}
	}
	return frames;
}

static void put_seq(uint8_t *frame, uint32_t seq)
{
	uint8_t *at = frame + opt.seq_at;
	at[0] = (uint8_t)(seq >> 24);
	at[1] = (uint8_t)(seq >> 16);
	at[2] = (uint8_t)(seq >> 8);
	at[3] = (uint8_t)seq;
}

static struct mmsghdr msg[BATCH];

/* The next BATCH frames, of which `sent` went before, into msg. */
static void fill(uint8_t (*frames)[FRAME_MAX], uint64_t sent)
{
	static uint8_t numbered[BATCH][FRAME_MAX];
	static struct iovec iov[BATCH];
	for (uint64_t i = 0; i < BATCH; i++) {
		uint8_t *frame = frames[(sent + i) % (uint64_t)opt.flows];
		if (opt.seq_at >= 0) {
			frame = memcpy(numbered[i], frame, opt.len_oct);
			put_seq(frame, (uint32_t)(opt.seq_from + (int64_t)(sent + i)));
		}
		iov[i] = (struct iovec){ frame, opt.len_oct };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
}

static uint64_t blast(int fd, uint8_t (*frames)[FRAME_MAX], int64_t until_ns)
{
	uint64_t sent = 0;
	while (!tool_stop && tool_now_ns() < until_ns) {
		fill(frames, sent);
		/* A full queue at the other end ends the batch early: what it did not take counts as offered and dropped. */
		int n = sendmmsg(fd, msg, BATCH, 0);
		sent += n > 0 ? (uint64_t)n + (n < BATCH) : 1;
	}
	return sent;
}

static int cmp_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static double burst_ns(int fd, uint8_t (*frames)[FRAME_MAX])
{
	static int64_t ns[BURSTS_MAX];
	for (int64_t i = 0; i < opt.bursts && !tool_stop; i++) {
		fill(frames, (uint64_t)i * BATCH);
		int64_t begin = tool_now_ns();
		int n = sendmmsg(fd, msg, BATCH, 0);
		ns[i] = tool_now_ns() - begin;
		if (n != BATCH)
			tool_die("blast: a burst was cut short: %s", strerror(errno));
	}
	qsort(ns, (size_t)opt.bursts, sizeof *ns, cmp_ns);
	return (double)ns[opt.bursts / 2] / BATCH;
}

/* Takes nothing in: that would cost the path that is measured. */
static int open_output(const char *ifname)
{
	int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(ifname) };
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sll, sizeof sll))
		tool_die("blast: %s: %s", ifname, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		tool_die("usage: blast IF --frame HEX --seconds N ...");
	options(argc, argv);
	tool_signals();
	int out = open_output(argv[1]);
	if (opt.bursts) {
		printf("%.1f\n", burst_ns(out, make_flows()));
		return 0;
	}
	int64_t start = tool_now_ns();
	uint64_t sent = blast(out, make_flows(), start + opt.seconds * TOOL_NS_PER_S);
	printf("%llu %lld\n", (unsigned long long)sent, (long long)(tool_now_ns() - start));
	return 0;
}
