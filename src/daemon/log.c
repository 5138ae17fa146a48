/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plat/plat.h"

/* A pipe that polls as writable has room for PIPE_BUF octets: chunks of that never block. */
enum { BUF_OCT = 65536, CHUNK_OCT = 4096, LINE_OCT = 1024, CODES = 64, BURST = 50 };

struct meter { const char *code; int64_t second; uint32_t n; };

static struct {
	char node[64];
	enum event_sev least;
	bool is_journal;
	char buf[BUF_OCT];
	size_t len;
	uint64_t dropped;
	struct meter meter[CODES];
} self = {.least = EV_INFO};

const char *event_sev_str(enum event_sev sev)
{
	static const char *const names[] = {"debug", "info", "notice", "warning", "error"};
	return names[sev];
}

/* sd-daemon(3): the syslog level. */
static int priority(enum event_sev sev)
{
	static const int levels[] = {7, 6, 5, 4, 3};
	return levels[sev];
}

void log_open(const char *node, enum event_sev least)
{
	snprintf(self.node, sizeof self.node, "%s", node);
	self.least = least;
	self.is_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_level(enum event_sev least)
{
	self.least = least;
}

static int stamp(char *buf, size_t size, enum event_sev sev)
{
	if (self.is_journal)
		return snprintf(buf, size, "<%d>", priority(sev));
	const struct now now = plat_now();
	const time_t s = (time_t)(now.wall.ns / NS_PER_S);
	struct tm tm;
	char text[32];
	gmtime_r(&s, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(buf, size, "time=%s.%06lldZ ", text, (long long)(now.wall.ns % NS_PER_S / NS_PER_US));
}

static void put(const char *line, size_t len)
{
	if (self.len + len > sizeof self.buf)
		log_flush();
	if (self.len + len > sizeof self.buf) {
		self.dropped++;
		return;
	}
	memcpy(self.buf + self.len, line, len);
	self.len += len;
}

static void write_line(enum event_sev sev, enum role_id role, const char *code, const struct addr6 *mobile, const char *text,
		       size_t len)
{
	char line[LINE_OCT], about[ADDR_STRLEN + 16] = "";

	if (mobile && !addr6_is_none(mobile))
		snprintf(about, sizeof about, " mobile=%s", ADDR46_STR(mobile));
	int n = stamp(line, sizeof line, sev);
	n += snprintf(line + n, sizeof line - (size_t)n, "level=%s node=%s role=%s event=%s%s msg=\"%.*s\"\n", event_sev_str(sev),
		      self.node, role_str(role), code, about, (int)(len < 600 ? len : 600), text);
	if (n >= (int)sizeof line)
		n = sizeof line - 1;
	put(line, (size_t)n);
}

/* May this event still be written within this second? Codes are static text, so the pointer tells them apart. */
static bool admit(const char *code)
{
	struct meter *m = &self.meter[((uintptr_t)code >> 3) % CODES];
	const int64_t second = plat_now().mono.ns / NS_PER_S;
	char text[80];

	if (m->code == code && m->second == second)
		return ++m->n <= BURST;
	const uint32_t over = m->code && m->n > BURST ? m->n - BURST : 0;
	const char *which = m->code;
	*m = (struct meter){code, second, 1};
	if (over) {
		int n = snprintf(text, sizeof text, "%u more of %s within a second", over, which);
		write_line(EV_NOTICE, ROLE_NONE, "log-summed", NULL, text, (size_t)n);
	}
	return true;
}

void log_event(enum event_sev sev, enum role_id role, const char *code, const struct addr6 *mobile, const char *text, size_t len)
{
	if (sev >= self.least && admit(code))
		write_line(sev, role, code, mobile, text, len);
}

void log_note(enum event_sev sev, const char *code, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_event(sev, ROLE_NONE, code, NULL, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

void log_flush(void)
{
	size_t done = 0;

	while (done < self.len) {
		struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
		size_t n = self.len - done < CHUNK_OCT ? self.len - done : CHUNK_OCT;
		if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT) || write(STDERR_FILENO, self.buf + done, n) != (ssize_t)n) {
			self.dropped++;
			break;
		}
		done += n;
	}
	self.len = 0;
}

uint64_t log_dropped(void)
{
	return self.dropped;
}
