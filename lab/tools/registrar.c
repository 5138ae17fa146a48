/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many mobiles at once: sends authenticated binding updates of distinct mobiles out of an interface and counts the
 * acknowledgements that come back. With an IPv4 agent: registration requests from co-located care-of addresses, and replies.
 *
 *	registrar IF --router MAC --agent ADDRESS --home PREFIX --coa PREFIX --key HEX --spi N --count N
 *	          [--first N] [--window 2048] [--lifetime 3600]
 *
 * Updates are signed in chunks beforehand; only the time between a chunk's first update and its last
 * acknowledgement counts. Prints "SENT ACCEPTED REFUSED NANOSECONDS".
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "mobile.h"
#include "tool.h"
#include "wire/mip4/mip4_packet.h"

/* A chunk carries one time of signing: it must be answered well within a home agent's timestamp-window (7 s), also where
 * the machine is busy. */
enum { CHUNK = 20000, BATCH = 64, BA_TYPE_AT = 14 + 40 + 24 + 2, BA_STATUS_AT = BA_TYPE_AT + 4,
       REPLY_TYPE_AT = 14 + 20 + 8, REPLY_CODE_AT = REPLY_TYPE_AT + 1 };

static struct {
	struct mobiles all;
	const char *key_hex;
	int64_t spi, count, first, window, lifetime_s;
} opt = { .spi = 256, .count = 1000, .window = 2048, .lifetime_s = 3600 };

static uint64_t n_sent, n_accepted, n_refused;
static int fd;

static void options(int argc, char **argv)
{
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *o = argv[i], *v = argv[i + 1];
		bool good = true;
		if (!strcmp(o, "--key"))
			opt.key_hex = v;
		else if (!strcmp(o, "--spi"))
			opt.spi = tool_number(o, v, 256, UINT32_MAX);
		else if (!strcmp(o, "--count"))
			opt.count = tool_number(o, v, 1, 10000000);
		else if (!strcmp(o, "--first"))
			opt.first = tool_number(o, v, 0, INT32_MAX);
		else if (!strcmp(o, "--window"))
			opt.window = tool_number(o, v, 1, 1000000);
		else if (!strcmp(o, "--lifetime"))
			opt.lifetime_s = tool_number(o, v, 4, 262140);
		else
			good = mobiles_option(&opt.all, o, v);
		if (!good)
			tool_die("registrar: %s %s: not understood", o, v);
	}
}

static bool is_v4(void) { return mobiles_are_v4(&opt.all); }

static void sign_chunk(struct mobile_frame *frames, uint64_t first, uint32_t n)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	for (uint32_t i = 0; i < n; i++)
		mobile_register(&frames[i], &opt.all, &(struct mobile_reg){ .hoa = mobile_host(&opt.all.home, 0x10000 + first + i),
			.coa = mobile_host(&opt.all.coa, 0x10000 + first + i), .seq = 1, .lifetime_s = (uint32_t)opt.lifetime_s,
			.now = { ts.tv_sec * TOOL_NS_PER_S + ts.tv_nsec } });
}

/* Lets in what has a routing header: acknowledgements; of IPv4 what comes from UDP port 434: replies. */
static void set_filter(void)
{
	struct sock_filter code4[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14 + 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MIP4_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 128),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 43, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 128),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = sizeof code / sizeof *code, .filter = code };
	if (is_v4())
		prog = (struct sock_fprog){ .len = sizeof code4 / sizeof *code4, .filter = code4 };
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog))
		tool_die("registrar: filter: %s", strerror(errno));
}

static void count_answer(const uint8_t *frame, uint32_t len_oct)
{
	const uint32_t type_at = is_v4() ? REPLY_TYPE_AT : BA_TYPE_AT, code_at = is_v4() ? REPLY_CODE_AT : BA_STATUS_AT;
	if (len_oct <= code_at || frame[type_at] != (is_v4() ? MIP4_REPLY : MH_BA))
		return;
	if (is_v4() ? mip4_code_accepts(frame[code_at]) : frame[code_at] < 128)
		n_accepted++;
	else
		n_refused++;
}

static void take_answers(void)
{
	static uint8_t buffer[BATCH][128];
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	int n;
	do {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ buffer[i], sizeof buffer[i] };
			msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			count_answer(buffer[i], msg[i].msg_len);
	} while (n == BATCH);
}

static uint32_t send_some(struct mobile_frame *frames, uint32_t n)
{
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	if (n > BATCH)
		n = BATCH;
	for (uint32_t i = 0; i < n; i++) {
		iov[i] = (struct iovec){ frames[i].at, frames[i].len_oct };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	int sent = sendmmsg(fd, msg, n, 0);
	return sent > 0 ? (uint32_t)sent : 0;
}

/* Sends a chunk with at most `window` unanswered; gives up when nothing comes for two seconds. Returns when it was complete. */
static int64_t run_chunk(struct mobile_frame *frames, uint32_t n)
{
	uint64_t base = n_accepted + n_refused, seen = base;
	int64_t last = tool_now_ns();
	uint32_t sent = 0;
	while (!tool_stop && seen - base < n && tool_now_ns() - last < 2 * TOOL_NS_PER_S) {
		struct pollfd p = { fd, POLLIN, 0 };
		if (sent < n && sent - (seen - base) < (uint64_t)opt.window)
			sent += send_some(frames + sent, n - sent);
		else
			poll(&p, 1, 1);
		take_answers();
		if (n_accepted + n_refused != seen)
			last = tool_now_ns();
		seen = n_accepted + n_refused;
	}
	n_sent += sent;
	return last;
}

int main(int argc, char **argv)
{
	int64_t spent = 0;
	if (argc < 2)
		tool_die("usage: registrar IF --router MAC --agent ADDRESS ...");
	options(argc, argv);
	tool_signals();
	mobiles_key(&opt.all, opt.key_hex, opt.spi);
	fd = tool_packet_socket(argv[1], false);
	set_filter();
	mobiles_own_address(&opt.all, fd, argv[1]);
	struct mobile_frame *frames = calloc(CHUNK, sizeof *frames);
	if (!frames)
		tool_die("registrar: out of memory");
	for (int64_t at = 0; at < opt.count && !tool_stop; at += CHUNK) {
		uint32_t n = opt.count - at < CHUNK ? (uint32_t)(opt.count - at) : CHUNK;
		sign_chunk(frames, (uint64_t)(opt.first + at), n);
		int64_t start = tool_now_ns();
		spent += run_chunk(frames, n) - start;
	}
	printf("%llu %llu %llu %lld\n", (unsigned long long)n_sent, (unsigned long long)n_accepted,
	       (unsigned long long)n_refused, (long long)spent);
	return 0;
}
