/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cable with a length: joins two interfaces and hands frames over after a delay,
 * in order, optionally at a rate and with seeded loss. For kernels without netem.
 *
 *	wire IF-A IF-B --delay-us N [--loss-ppm N --seed N] [--rate-mbit N] [--queue-us N]
 *
 * Frames carry a virtio_net_hdr, so that what a sender left to offload (segmentation,
 * checksums) arrives as it left. The interfaces' far ends must not offload segments of
 * tunnels: no virtio_net_hdr can say those (roamlab turns that off).
 */
#include <errno.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { FRAME_MAX = 80 * 1024, QUEUE = 1 << 16 };

struct frame { int64_t due_ns; size_t len_oct; uint8_t *at; };

/* One direction: a ring of frames, each due no earlier than the one before. */
struct lane {
	int from, to;
	struct frame ring[QUEUE];
	uint32_t head, tail;
	int64_t free_ns;          /* when the last frame is on the cable, at the configured rate */
	uint64_t lost, dropped;   /* as asked for; because it could not be otherwise */
};

static struct lane lanes[2];
static int64_t delay_us, loss_ppm, rate_mbit, queue_us = 200000;
static uint64_t dice = 1;

static bool is_lost(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return loss_ppm && (int64_t)(dice % 1000000) < loss_ppm;
}

/* When a frame that comes now has passed the cable; 0: the queue is too long, drop it. */
static int64_t due(struct lane *l, int64_t now, size_t len_oct)
{
	if (!rate_mbit)
		return now + delay_us * 1000;
	if (l->free_ns < now)
		l->free_ns = now;
	if (l->free_ns - now > queue_us * 1000)
		return 0;
	l->free_ns += (int64_t)len_oct * 8 * 1000 / rate_mbit;
	return l->free_ns + delay_us * 1000;
}

static void queue_frame(struct lane *l, const uint8_t *at, size_t len_oct, int64_t now)
{
	int64_t when = due(l, now, len_oct);
	struct frame *f = &l->ring[l->head % QUEUE];
	if (!when || is_lost()) {
		l->lost++;
		return;
	}
	if (l->head - l->tail == QUEUE) {
		l->dropped++;
		return;
	}
	*f = (struct frame){ .due_ns = when, .len_oct = len_oct, .at = malloc(len_oct) };
	if (!f->at)
		tool_die("wire: out of memory");
	memcpy(f->at, at, len_oct);
	l->head++;
}

/* Bounded, so that a flood from one side cannot keep the other's frames waiting. */
static void take(struct lane *l)
{
	static uint8_t buffer[FRAME_MAX];
	for (int i = 0; i < 64; i++) {
		ssize_t n = recv(l->from, buffer, sizeof buffer, 0);
		if (n < 0)
			return;
		if ((size_t)n > sizeof(struct virtio_net_hdr))
			queue_frame(l, buffer, (size_t)n, tool_now_ns());
	}
}

static void give(struct lane *l)
{
	int64_t now = tool_now_ns();
	while (l->tail != l->head && l->ring[l->tail % QUEUE].due_ns <= now) {
		struct frame *f = &l->ring[l->tail++ % QUEUE];
		if (send(l->to, f->at, f->len_oct, 0) < 0)
			l->dropped++;
		free(f->at);
	}
}

static int64_t next_due(void)
{
	int64_t when = INT64_MAX;
	for (int i = 0; i < 2; i++)
		if (lanes[i].tail != lanes[i].head && lanes[i].ring[lanes[i].tail % QUEUE].due_ns < when)
			when = lanes[i].ring[lanes[i].tail % QUEUE].due_ns;
	return when;
}

static void wait_frames(void)
{
	struct pollfd p[2] = { { lanes[0].from, POLLIN, 0 }, { lanes[1].from, POLLIN, 0 } };
	int64_t left = next_due();
	struct timespec ts;
	if (left != INT64_MAX)
		left -= tool_now_ns();
	if (left > 100000000)
		left = 100000000;
	ts = (struct timespec){ .tv_nsec = left > 0 ? left : 0 };
	ppoll(p, 2, &ts, NULL);
}

static void options(int argc, char **argv)
{
	for (int i = 3; i + 1 < argc; i += 2) {
		const char *o = argv[i], *v = argv[i + 1];
		if (!strcmp(o, "--delay-us"))
			delay_us = tool_number(o, v, 0, 10000000);
		else if (!strcmp(o, "--loss-ppm"))
			loss_ppm = tool_number(o, v, 0, 1000000);
		else if (!strcmp(o, "--seed"))
			dice = (uint64_t)tool_number(o, v, 1, INT64_MAX);
		else if (!strcmp(o, "--rate-mbit"))
			rate_mbit = tool_number(o, v, 0, 100000);
		else if (!strcmp(o, "--queue-us"))
			queue_us = tool_number(o, v, 0, 10000000);
		else
			tool_die("wire: unknown option %s", o);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		tool_die("usage: wire IF-A IF-B --delay-us N [--loss-ppm N --seed N] [--rate-mbit N] [--queue-us N]");
	options(argc, argv);
	tool_signals();
	lanes[0].from = lanes[1].to = tool_packet_socket(argv[1], true);
	lanes[1].from = lanes[0].to = tool_packet_socket(argv[2], true);
	tool_realtime(12);
	tool_ready();
	while (!tool_stop) {
		wait_frames();
		for (int i = 0; i < 2; i++) {
			take(&lanes[i]);
			give(&lanes[i]);
		}
	}
	if (lanes[0].dropped || lanes[1].dropped)
		fprintf(stderr, "wire %s %s: dropped %llu and %llu frames that it should have carried\n", argv[1], argv[2],
			(unsigned long long)lanes[0].dropped, (unsigned long long)lanes[1].dropped);
	return 0;
}
