/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many mobiles in one process: registers them, keeps what was acknowledged to each, takes what their home agent tunnels to them and
 * sends as any of them in the reverse tunnel. Its interface is a cable to a router that takes all their care-of addresses here.
 *
 *	fleet IF --router MAC --agent ADDRESS --home PREFIX --coa PREFIX --key HEX --spi N --count N --peer ADDRESS
 *	      [--base 0x10000] [--port 9000]
 *
 * Each registration of a mobile is a generation: sequence number and care-of address tell which (IPv4: the last four bits alone).
 * After "ready" it takes commands, one a line, and answers each with a line that begins with its first word:
 *
 *	register FIRST COUNT RATE [LIFETIME]   each mobile until it is acknowledged, RATE a second. When done: "register COUNT REFUSED"
 *	storm FIRST COUNT RATE [LIFETIME]      again and again, acknowledged or not
 *	calm                                   ends either. "calm SENT ACCEPTED REFUSED" since register or storm
 *	progress                               the same without ending it
 *	agent ADDRESS                          where registrations go from now on; packets still go to --agent
 *	send RATE                              packets to --peer, round robin over all that are registered, in all RATE a second; 0: none
 *	reached SINCE                          "reached N": mobiles that have had a packet that was sent at SINCE (ns, CLOCK_MONOTONIC) or later
 *	first SINCE MEMBER                     "first NS": when the first packet came since, by the way of another member (0: none did)
 *	acks FILE                              three 64-bit integers a mobile: generation acknowledged (0: none), timestamp, lifetime (s)
 *	log PREFIX                             PREFIX.rx and PREFIX.tx as flow has them, PREFIX.via: each one's member; forgets them
 *
 * Which member's tunnel a packet came through stands in the DSCP of the outer header, where the laboratory's router has put it.
 * Data are those of `flow`: number and time of sending, from --port to --port.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mobile.h"
#include "tool.h"

enum { BATCH = 64, MEMORY = 4, LINE_MAX_OCT = 512, AGAIN_NS = 500000000, PACE_MAX = 1000000 };

struct mark { int64_t seq, tx_ns; };
struct arrival { int64_t seq, tx_ns, rx_ns; };

/* A registration that was sent. */
struct sent { uint32_t gen, lifetime_s; uint64_t stamp; };
struct mobile {
	struct sent sent[MEMORY];      /* by generation */
	struct sent acked;             /* the newest */
	uint32_t gen;                  /* of the last one */
	int64_t sent_ns;               /* when; 0: not in this job */
	bool is_done;                  /* acknowledged in this job */
	int64_t reached_ns;            /* when the newest packet that came was sent */
};

/* Something done at a rate. */
struct pace { int64_t rate, start_ns, n; };

static struct {
	struct mobiles all;
	struct addr6 data_agent, peer;
	const char *key_hex;
	int64_t spi, count, base, port;
} opt = { .spi = 256, .count = 1000, .base = 0x10000, .port = 9000 };

static struct {
	enum { IDLE, REGISTER, STORM } kind;
	int64_t first, count, lifetime_s, n_done, at;
	uint64_t sent, accepted, refused;
	struct pace pace;
} job;

static struct { struct pace pace; int64_t at; struct tool_array tx; } up;
static struct { struct tool_array rx, via; } down;
static struct mobile *mobiles;
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
		else if (!strcmp(o, "--base"))
			opt.base = tool_number(o, v, 0, UINT32_MAX);
		else if (!strcmp(o, "--port"))
			opt.port = tool_number(o, v, 1, 65535);
		else if (!strcmp(o, "--peer"))
			good = addr46_parse(&opt.peer, v);
		else
			good = mobiles_option(&opt.all, o, v);
		if (!good)
			tool_die("fleet: %s %s: not understood", o, v);
	}
	opt.data_agent = opt.all.agent;
}

static bool is_v4(void) { return mobiles_are_v4(&opt.all); }

/* --- addresses --- */

static struct addr6 home_address(int64_t i) { return mobile_host(&opt.all.home, (uint64_t)(opt.base + i)); }

/* Another one for each generation. */
static struct addr6 care_of_address(int64_t i, uint32_t gen)
{
	return mobile_host(&opt.all.coa, (uint64_t)(opt.base + i) + ((uint64_t)gen << (is_v4() ? 17 : 32)));
}

/* The mobile of that home address, NULL: none of ours. */
static struct mobile *mobile_of(const struct addr6 *hoa)
{
	const uint32_t low = (uint32_t)hoa->b[12] << 24 | (uint32_t)hoa->b[13] << 16 | (uint32_t)hoa->b[14] << 8 | hoa->b[15];
	const int bits = 128 - opt.all.home.len_bits;
	const int64_t i = (int64_t)(bits < 32 ? low & ((1u << bits) - 1) : low) - opt.base;
	return prefix6_contains(&opt.all.home, hoa) && i >= 0 && i < opt.count ? &mobiles[i] : NULL;
}

/* --- sending --- */

/* How many are due; 0 at a rate of 0. */
static int64_t due(const struct pace *p)
{
	if (!p->rate)
		return 0;
	const int64_t n = (int64_t)((double)(tool_now_ns() - p->start_ns) * (double)p->rate / 1e9) - p->n;
	return n > BATCH ? BATCH : n;
}

static void transmit(struct mobile_frame *frames, unsigned n)
{
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){ frames[i].at, frames[i].len_oct };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	for (unsigned at = 0; at < n;) {
		const int sent = sendmmsg(fd, msg + at, n - at, 0);
		if (sent > 0)
			at += (unsigned)sent;
		else if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return;   /* the cable is down: these are lost */
	}
}

static void sign(struct mobile_frame *f, int64_t i, int64_t now_ns)
{
	struct mobile *m = &mobiles[i];
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	m->gen++;
	const struct mobile_reg r = { .hoa = home_address(i), .coa = care_of_address(i, m->gen), .seq = (uint16_t)m->gen,
				      .lifetime_s = (uint32_t)job.lifetime_s, .is_reverse = true, .now = { ts.tv_sec * TOOL_NS_PER_S + ts.tv_nsec } };
	m->sent[m->gen % MEMORY] = (struct sent){ m->gen, r.lifetime_s, mobile_stamp(&r) };
	m->sent_ns = now_ns;
	mobile_register(f, &opt.all, &r);
}

/* The next mobile of the job whose turn it is, or -1. */
static int64_t next_to_register(int64_t now_ns)
{
	for (int64_t tried = 0; tried < job.count; tried++) {
		const int64_t i = job.first + job.at++ % job.count;
		if (job.kind == STORM || (!mobiles[i].is_done && (!mobiles[i].sent_ns || now_ns - mobiles[i].sent_ns > AGAIN_NS)))
			return i;
	}
	return -1;
}

static void send_registrations(void)
{
	static struct mobile_frame frames[BATCH];
	const int64_t now = tool_now_ns(), n = due(&job.pace);
	unsigned made = 0;
	for (int64_t k = 0, i; job.kind != IDLE && k < n && (i = next_to_register(now)) >= 0; k++)
		sign(&frames[made++], i, now);
	job.pace.n += n > 0 ? n : 0;
	job.sent += made;
	transmit(frames, made);
}

static void send_data(void)
{
	static struct mobile_frame frames[BATCH];
	unsigned made = 0;
	for (int64_t n = due(&up.pace); n > 0; n--) {
		const int64_t seq = up.pace.n++, i = seq % opt.count;
		const struct mobile *m = &mobiles[i];
		const struct mark mark = { seq, tool_now_ns() };
		const struct mobile_data d = { home_address(i), care_of_address(i, m->acked.gen), opt.peer, (uint16_t)opt.port, &mark, sizeof mark };
		*(int64_t *)tool_array_add(&up.tx) = mark.tx_ns;
		if (m->acked.lifetime_s) {
			struct mobiles all = opt.all;
			all.agent = opt.data_agent;
			mobile_send(&frames[made++], &all, &d);
		}
	}
	transmit(frames, made);
}

/* --- receiving --- */

static void take_answer(const struct mobile_answer *a)
{
	struct mobile *m = mobile_of(&a->hoa);
	if (!m)
		return;
	if (!a->is_accepted) {
		job.refused++;
		return;
	}
	for (int i = 0; i < MEMORY; i++) {
		const struct sent *s = &m->sent[i];
		if (!s->gen || (is_v4() ? s->stamp != a->stamp : (uint16_t)s->gen != a->seq))
			continue;
		job.accepted++;
		if (s->gen > m->acked.gen)
			m->acked = *s;
		if (job.kind == REGISTER && m->sent_ns && !m->is_done) {
			m->is_done = true;
			job.n_done++;
		}
		return;
	}
}

static void take_packet(const struct mobile_packet *p, int64_t now_ns)
{
	struct mobile *m = mobile_of(&p->hoa);
	struct mark mark;
	if (!m || p->port != opt.port || p->len_oct < sizeof mark || !prefix6_contains(&opt.all.coa, &p->coa))
		return;
	memcpy(&mark, p->data, sizeof mark);
	*(struct arrival *)tool_array_add(&down.rx) = (struct arrival){ mark.seq, mark.tx_ns, now_ns };
	*(int64_t *)tool_array_add(&down.via) = p->tclass >> 2;
	if (mark.tx_ns > m->reached_ns)
		m->reached_ns = mark.tx_ns;
}

static void receive(void)
{
	static struct mobile_frame frames[BATCH];
	static struct iovec iov[BATCH];
	static struct mmsghdr msg[BATCH];
	struct mobile_answer answer;
	struct mobile_packet packet;
	int n;
	do {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ frames[i].at, MOBILE_FRAME_MAX };
			msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		const int64_t now = tool_now_ns();
		for (int i = 0; i < n; i++) {
			frames[i].len_oct = msg[i].msg_len;
			if (mobile_receive(&frames[i], &packet))
				take_packet(&packet, now);
			else if (mobile_answer(&frames[i], &answer))
				take_answer(&answer);
		}
	} while (n == BATCH);
}

/* --- commands --- */

static void begin_job(const char *how, int64_t first, int64_t count, int64_t rate, int64_t lifetime_s)
{
	if (first < 0 || count < 1 || first + count > opt.count || rate < 1 || rate > PACE_MAX)
		tool_die("fleet: %s %lld %lld %lld: impossible", how, (long long)first, (long long)count, (long long)rate);
	memset(&job, 0, sizeof job);
	job.kind = *how == 's' ? STORM : REGISTER;
	job.first = first;
	job.count = count;
	job.lifetime_s = lifetime_s;
	job.pace = (struct pace){ rate, tool_now_ns(), 0 };
	for (int64_t i = 0; i < opt.count; i++) {
		mobiles[i].sent_ns = 0;
		mobiles[i].is_done = false;
	}
}

static void say_if_registered(void)
{
	if (job.kind != REGISTER || job.n_done < job.count)
		return;
	printf("register %lld %llu\n", (long long)job.count, (unsigned long long)job.refused);
	job.kind = IDLE;
}

static int64_t reached(int64_t since_ns)
{
	int64_t n = 0;
	for (int64_t i = 0; i < opt.count; i++)
		n += mobiles[i].reached_ns >= since_ns;
	return n;
}

static int64_t first_by_another(int64_t since_ns, int64_t member)
{
	const struct arrival *a = (const struct arrival *)down.rx.at;
	const int64_t *via = (const int64_t *)down.via.at;
	for (size_t i = 0; i < down.rx.n; i++)
		if (a[i].rx_ns >= since_ns && via[i] && via[i] != member)
			return a[i].rx_ns;
	return 0;
}

static void write_acks(const char *path)
{
	struct tool_array a;
	tool_array_init(&a, 3 * sizeof(int64_t), (size_t)opt.count);
	for (int64_t i = 0; i < opt.count; i++) {
		const struct sent *s = &mobiles[i].acked;
		memcpy(tool_array_add(&a), (int64_t[]){ s->gen, (int64_t)s->stamp, s->lifetime_s }, 3 * sizeof(int64_t));
	}
	tool_array_write(&a, path);
	free(a.at);
	printf("acks %lld\n", (long long)opt.count);
}

static void write_log(const char *prefix)
{
	const struct { const struct tool_array *a; const char *suffix; } part[] = { { &down.rx, "rx" }, { &down.via, "via" }, { &up.tx, "tx" } };
	char path[LINE_MAX_OCT + 8];
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s.%s", prefix, part[i].suffix);
		tool_array_write(part[i].a, path);
	}
	printf("log %zu\n", down.rx.n);
	down.rx.n = down.via.n = 0;
}

static void obey(const char *line)
{
	char word[LINE_MAX_OCT] = "", text[LINE_MAX_OCT] = "";
	long long a = 0, b = 0, c = 0, d = 3600;
	const int n = sscanf(line, "%511s %511s", word, text);
	sscanf(line, "%*s %lld %lld %lld %lld", &a, &b, &c, &d);
	if (!strcmp(word, "register") || !strcmp(word, "storm")) {
		begin_job(word, a, b, c, d);
	} else if (!strcmp(word, "calm") || !strcmp(word, "progress")) {
		printf("%s %llu %llu %llu\n", word, (unsigned long long)job.sent, (unsigned long long)job.accepted, (unsigned long long)job.refused);
		if (*word == 'c')
			job.kind = IDLE;
	} else if (!strcmp(word, "agent") && addr46_parse(&opt.all.agent, text)) {
		printf("agent %s\n", text);
	} else if (!strcmp(word, "send") && a >= 0 && a <= PACE_MAX) {
		if (a)
			up.tx.n = 0;
		up.pace = (struct pace){ a, tool_now_ns(), 0 };
		printf("send %lld\n", a);
	} else if (!strcmp(word, "reached")) {
		printf("reached %lld\n", (long long)reached(a));
	} else if (!strcmp(word, "first")) {
		printf("first %lld\n", (long long)first_by_another(a, b));
	} else if (!strcmp(word, "acks") && n == 2) {
		write_acks(text);
	} else if (!strcmp(word, "log") && n == 2) {
		write_log(text);
	} else {
		tool_die("fleet: \"%s\": not understood", line);
	}
}

/* Whole lines from standard input; its end is ours. */
static void listen_to_commands(void)
{
	static char buffer[4 * LINE_MAX_OCT];
	static size_t have;
	const ssize_t n = read(STDIN_FILENO, buffer + have, sizeof buffer - 1 - have);
	if (n == 0)
		tool_stop = true;
	if (n <= 0)
		return;
	buffer[have + (size_t)n] = 0;
	char *line = buffer, *stop;
	for (; (stop = strchr(line, '\n')); line = stop + 1) {
		*stop = 0;
		obey(line);
	}
	have = strlen(line);
	memmove(buffer, line, have);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		tool_die("usage: fleet IF --router MAC --agent ADDRESS ...");
	options(argc, argv);
	tool_signals();
	mobiles_key(&opt.all, opt.key_hex, opt.spi);
	fd = tool_packet_socket(argv[1], false);
	mobiles_own_address(&opt.all, fd, argv[1]);
	mobiles = calloc((size_t)opt.count, sizeof *mobiles);
	if (!mobiles)
		tool_die("fleet: out of memory");
	tool_array_init(&up.tx, sizeof(int64_t), 1 << 16);
	tool_array_init(&down.rx, sizeof(struct arrival), 1 << 16);
	tool_array_init(&down.via, sizeof(int64_t), 1 << 16);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	tool_realtime(11);
	tool_ready();
	while (!tool_stop) {
		struct pollfd p[] = { { fd, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
		poll(p, 2, job.kind == IDLE && !up.pace.rate ? 50 : 1);
		if (p[1].revents)
			listen_to_commands();
		receive();
		send_registrations();
		send_data();
		say_if_registered();
		fflush(stdout);
	}
	return 0;
}
