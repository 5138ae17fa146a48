/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/log.h"

static const char name[] = "roamd-guard";

/* The whole machine may have stood still: then roamd gets the time to speak first. */
enum { GRACE_MS = 500, BEATS = 4 };

struct guard {
	span_t patience;
	pid_t ward, pid;             /* 0: none */
	int fd;                      /* to the process */
	struct event *beat;
};

/* --- in roamd ------------------------------------------------------------------------------------------------ */

static void become(int in, pid_t ward, int64_t patience_ms)
{
	char pid[16], ms[24];
	sigset_t none;

	setpgid(0, 0); /* what stops roamd from a terminal must not stop this one */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(in, STDIN_FILENO);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	snprintf(pid, sizeof pid, "%d", (int)ward);
	snprintf(ms, sizeof ms, "%lld", (long long)patience_ms);
	execl("/proc/self/exe", name, pid, ms, (char *)NULL);
	_exit(127);
}

static void start(struct guard *g)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		fd[0] = fd[1] = -1;
	g->pid = fd[0] < 0 ? -1 : fork();
	if (g->pid == 0)
		become(fd[0], g->ward, span_to_ms(g->patience));
	if (fd[0] >= 0)
		close(fd[0]);
	g->fd = fd[1];
	if (g->pid > 0)
		return;
	log_note(EV_WARNING, "guard-failed", "the process that ends keepalived when roamd stands still cannot be started: %s", strerror(errno));
	g->pid = 0;
}

static void on_beat(evutil_socket_t fd, short what, void *ctx)
{
	struct guard *g = ctx;

	(void)fd;
	(void)what;
	if (g->fd >= 0)
		(void)!write(g->fd, "", 1); /* a full pipe is signs enough */
}

static void hang_up(struct guard *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

int guard_open(struct guard **out, struct event_base *base, int priority, span_t patience)
{
	const int64_t us = patience.ns / BEATS / 1000;
	const struct timeval every = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
	struct guard *g = *out = calloc(1, sizeof *g);

	if (!g)
		return ERR_NOMEM;
	g->patience = patience;
	g->fd = -1;
	g->beat = event_new(base, -1, EV_PERSIST, on_beat, g);
	return g->beat && !event_priority_set(g->beat, priority) && !event_add(g->beat, &every) ? 0 : ERR_NOMEM;
}

void guard_close(struct guard *g)
{
	if (!g)
		return;
	guard_end(g);
	if (g->beat)
		event_free(g->beat);
	free(g);
}

void guard_begin(struct guard *g, pid_t ward)
{
	guard_end(g);
	g->ward = ward;
	start(g);
}

void guard_end(struct guard *g)
{
	const pid_t pid = g->pid;

	g->ward = g->pid = 0;
	hang_up(g);
	if (pid > 0) { /* it may stand still itself */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

void guard_on_child(struct guard *g)
{
	if (g->pid <= 0 || waitpid(g->pid, NULL, WNOHANG) != g->pid)
		return;
	hang_up(g);
	g->pid = 0;
	if (g->ward)
		start(g);
}

/* --- in the process itself ------------------------------------------------------------------------------------ */

bool guard_is_called(const char *as) { return as && !strcmp(as, name); }

/* <0: roamd is gone, and the kernel has told keepalived; 0: no sign came; >0: one did. */
static int hear(int wait_ms)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char buf[64];
	const int n = poll(&p, 1, wait_ms);

	if (n <= 0)
		return n == 0 ? 0 : errno == EINTR ? 1 : -1;
	return read(STDIN_FILENO, buf, sizeof buf) > 0 ? 1 : -1;
}

int guard_main(int argc, char **argv)
{
	const pid_t ward = argc == 3 ? (pid_t)atoi(argv[1]) : 0;
	const int patience_ms = argc == 3 ? atoi(argv[2]) : 0;
	int heard = 1;

	if (ward <= 1 || patience_ms <= 0)
		return 2;
	prctl(PR_SET_NAME, name);
	while (heard > 0)
		if (!(heard = hear(patience_ms)))
			heard = hear(GRACE_MS);
	if (heard == 0)
		kill(ward, SIGTERM); /* it cannot be another one by now: who stands still reaps no child */
	return 0;
}
