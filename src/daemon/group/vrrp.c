/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/group/vrrp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/group/keepalived.h"
#include "daemon/group/vrrp_conf.h"
#include "daemon/guard.h"
#include "daemon/log.h"

enum {
	PATH_OCT = 160, LINE_OCT = 512,
	STANCE_MS = 3000,        /* how long a take-over may last, or a yielding */
	AGAIN_MS = 100, AGAIN_MAX_MS = 5000,
	YIELD_MS = 300,          /* until keepalived has taken its addresses away */
};

/* What is added to the priority. */
enum stance { STANCE_BASE, STANCE_HOLD, STANCE_TAKE };

struct line { char text[LINE_OCT]; size_t n; };

struct vrrp {
	const struct conf_group *group;
	struct vrrp_ops ops;
	char dir[PATH_OCT];
	struct event_base *base;
	int fifo_fd, log_fd;
	struct event *fifo, *log, *child, *again, *stance_end;
	pid_t pid;               /* 0: none runs */
	struct guard *guard;
	struct line state_line, log_line;
	char last[LINE_OCT];     /* what keepalived said last: why it ended, if it did */
	bool is_started, is_grouped, is_lasting; /* is_lasting: active by a take-over */
	enum vrrp_state state;
	enum stance stance;
	uint32_t again_ms;
	uint64_t n_starts, n_changes;
};

static void path_of(const struct vrrp *v, const char *name, char out[PATH_OCT + 32])
{
	snprintf(out, PATH_OCT + 32, "%s/%s", v->dir, name);
}

static void after(struct event *e, uint32_t ms)
{
	event_add(e, &(struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)});
}

/* --- whom to prefer ----------------------------------------------------------------------------------------- */

static int weight_of(const struct vrrp *v, enum stance s)
{
	switch (s) {
	case STANCE_BASE: return 0;
	case STANCE_HOLD: return VRRP_HOLD;
	case STANCE_TAKE: return VRRP_TOP - (int)v->group->priority;
	}
	return 0;
}

static void enter_stance(struct vrrp *v, enum stance s)
{
	char path[PATH_OCT + 32];

	path_of(v, VRRP_WEIGHT_FILE, path);
	FILE *f = fopen(path, "we");
	if (f)
		fprintf(f, "%d\n", weight_of(v, s));
	if (!f || fclose(f))
		log_note(EV_WARNING, "vrrp-weight-failed", "%s: %s: the active role cannot be moved", path, strerror(errno));
	v->stance = s;
}

/* What an active member does when nobody moves its role. */
static enum stance resting(const struct vrrp *v)
{
	return v->state == VRRP_MASTER && (!v->group->is_preempting || v->is_lasting) ? STANCE_HOLD : STANCE_BASE;
}

static void on_stance_end(evutil_socket_t fd, short what, void *ctx)
{
	struct vrrp *v = ctx;

	(void)fd;
	(void)what;
	enter_stance(v, resting(v));
}

void vrrp_take_over(struct vrrp *v)
{
	if (v->state == VRRP_MASTER)
		return;
	v->is_lasting = true;
	enter_stance(v, STANCE_TAKE);
	after(v->stance_end, STANCE_MS);
}

void vrrp_yield(struct vrrp *v)
{
	enter_stance(v, STANCE_BASE);
	after(v->stance_end, STANCE_MS);
}

static void enter_state(struct vrrp *v, enum vrrp_state s)
{
	const bool was_active = v->state == VRRP_MASTER, is_active = s == VRRP_MASTER;

	if (s == v->state)
		return;
	log_note(EV_NOTICE, "vrrp-state", "%s -> %s", vrrp_state_str(v->state), vrrp_state_str(s));
	v->state = s;
	v->n_changes++;
	if (s == VRRP_BACKUP || is_active)
		v->again_ms = AGAIN_MS;
	if (was_active && !is_active)
		v->is_lasting = false;
	if (!event_pending(v->stance_end, EV_TIMEOUT, NULL) && v->stance != resting(v))
		enter_stance(v, resting(v));
	if (was_active != is_active)
		v->ops.state(v->ops.ctx, is_active);
}

/* --- what keepalived says ----------------------------------------------------------------------------------- */

/* Whole lines of what can be read now; a line that is too long is cut. */
static void read_lines(int fd, struct line *l, void (*fn)(struct vrrp *v, const char *text), struct vrrp *v)
{
	char buf[1024];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != '\n') {
				if (l->n < LINE_OCT - 1)
					l->text[l->n++] = buf[i];
				continue;
			}
			l->text[l->n] = '\0';
			l->n = 0;
			fn(v, l->text);
		}
	}
}

static void on_state_line(struct vrrp *v, const char *text)
{
	bool is_group;
	enum vrrp_state s;

	if (!vrrp_line_parse(text, &is_group, &s))
		return;
	v->is_grouped |= is_group;
	if (is_group == v->is_grouped && v->is_started)
		enter_state(v, s);
}

static void on_fifo(evutil_socket_t fd, short what, void *ctx)
{
	struct vrrp *v = ctx;

	(void)what;
	read_lines(fd, &v->state_line, on_state_line, v);
}

static void on_log_line(struct vrrp *v, const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	if (!*text)
		return;
	snprintf(v->last, sizeof v->last, "%s", text);
	log_note(EV_DEBUG, "keepalived", "%s", text);
}

static void on_log(evutil_socket_t fd, short what, void *ctx)
{
	struct vrrp *v = ctx;

	(void)what;
	read_lines(fd, &v->log_line, on_log_line, v);
}

/* --- its life ------------------------------------------------------------------------------------------------ */

static void remove_remains(struct vrrp *v)
{
	static const char *const files[] = {KEEPALIVED_PID_FILE, KEEPALIVED_VRRP_PID_FILE};
	char path[PATH_OCT + 32];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		path_of(v, files[i], path);
		unlink(path);
	}
	v->ops.remains(v->ops.ctx);
}

static int write_conf(const struct vrrp *v)
{
	char path[PATH_OCT + 32];

	path_of(v, VRRP_CONF_FILE, path);
	FILE *f = fopen(path, "we");
	if (!f)
		return ERR_SYS;
	vrrp_conf_write(v->group, v->dir, f);
	return fclose(f) ? ERR_SYS : 0;
}

static int open_log(struct vrrp *v, int *out)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return ERR_SYS;
	v->log_fd = fd[0];
	*out = fd[1];
	v->log = event_new(v->base, v->log_fd, EV_READ | EV_PERSIST, on_log, v);
	return v->log && !event_add(v->log, NULL) ? 0 : ERR_NOMEM;
}

static void close_log(struct vrrp *v)
{
	if (v->log)
		event_free(v->log);
	v->log = NULL;
	if (v->log_fd >= 0)
		close(v->log_fd);
	v->log_fd = -1;
}

static void spawn(struct vrrp *v)
{
	int out = -1;

	remove_remains(v);
	if (open_log(v, &out) || write_conf(v) || (v->pid = keepalived_spawn(v->dir, out)) < 0) {
		log_note(EV_ERROR, "keepalived-failed", "keepalived cannot be started: %s", strerror(errno));
		v->pid = 0;
		close_log(v);
		after(v->again, v->again_ms);
	}
	if (v->pid)
		guard_begin(v->guard, v->pid);
	v->n_starts++;
	if (out >= 0)
		close(out);
}

static void ended(struct vrrp *v, int status)
{
	on_log(v->log_fd, 0, v);
	on_fifo(v->fifo_fd, 0, v);
	close_log(v);
	v->pid = 0;
	guard_end(v->guard);
	remove_remains(v);
	log_note(EV_ERROR, "keepalived-ended", "keepalived ended (%s %d) and is started again in %u ms; it last said: %s",
		 WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), v->again_ms,
		 v->last[0] ? v->last : "nothing");
	enter_state(v, VRRP_STOP);
	after(v->again, v->again_ms);
	v->again_ms = v->again_ms * 2 > AGAIN_MAX_MS ? AGAIN_MAX_MS : v->again_ms * 2;
}

static void on_child(evutil_socket_t signo, short what, void *ctx)
{
	struct vrrp *v = ctx;
	int status;

	(void)signo;
	(void)what;
	if (v->pid && waitpid(v->pid, &status, WNOHANG) == v->pid)
		ended(v, status);
	guard_on_child(v->guard);
}

static void on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	spawn(ctx);
}

void vrrp_start(struct vrrp *v)
{
	if (v->is_started)
		return;
	v->is_started = true;
	enter_stance(v, STANCE_BASE);
	if (v->group->protocol == CONF_PROTOCOL_VRRP)
		spawn(v);
}

void vrrp_stop(struct vrrp *v)
{
	struct pollfd p = {.fd = v->fifo_fd, .events = POLLIN};
	int status;

	event_del(v->again);
	event_del(v->stance_end);
	if (v->pid) {
		kill(v->pid, SIGTERM);
		for (int ms = 0; ms < YIELD_MS && v->state != VRRP_STOP; ms += 10)
			if (poll(&p, 1, 10) > 0)
				on_fifo(v->fifo_fd, 0, v);
		kill(-v->pid, SIGKILL);
		kill(v->pid, SIGKILL); /* should it not have its group yet */
		waitpid(v->pid, &status, 0);
		v->pid = 0;
		guard_end(v->guard);
		remove_remains(v);
	}
	enter_state(v, VRRP_STOP);
	v->is_started = false;
}

/* --- opening -------------------------------------------------------------------------------------------------- */

static int open_fifo(struct vrrp *v)
{
	char path[PATH_OCT + 32];

	path_of(v, VRRP_FIFO_FILE, path);
	if (v->group->protocol == CONF_PROTOCOL_EXTERNAL)
		snprintf(path, sizeof path, "%s", v->group->fifo);
	if (mkfifo(path, 0600) && errno != EEXIST)
		return ERR_SYS;
	v->fifo_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* a writer of our own: no end of file between keepalived's */
	return v->fifo_fd < 0 ? ERR_SYS : 0;
}

static struct event *new_event(struct vrrp *v, int priority, int fd, short what, event_callback_fn fn)
{
	struct event *e = event_new(v->base, fd, what, fn, v);

	if (e)
		event_priority_set(e, priority);
	return e;
}

int vrrp_open(struct vrrp **out, struct event_base *base, int priority, const struct conf_group *group, const char *dir,
	      const struct vrrp_ops *ops)
{
	struct vrrp *v = calloc(1, sizeof *v);

	*out = v;
	if (!v)
		return ERR_NOMEM;
	v->group = group;
	v->ops = *ops;
	v->base = base;
	v->fifo_fd = v->log_fd = -1;
	v->again_ms = AGAIN_MS;
	v->is_grouped = group->protocol == CONF_PROTOCOL_VRRP && vrrp_conf_is_grouped(group);
	snprintf(v->dir, sizeof v->dir, "%s", dir);
	int rc = open_fifo(v);
	if (rc)
		return rc;
	v->fifo = new_event(v, priority, v->fifo_fd, EV_READ | EV_PERSIST, on_fifo);
	v->child = new_event(v, priority, SIGCHLD, EV_SIGNAL | EV_PERSIST, on_child);
	v->again = new_event(v, priority, -1, 0, on_again);
	v->stance_end = new_event(v, priority, -1, 0, on_stance_end);
	if (!v->fifo || !v->child || !v->again || !v->stance_end || event_add(v->fifo, NULL) || event_add(v->child, NULL))
		return ERR_NOMEM;
	return guard_open(&v->guard, base, priority, group->hung_after);
}

void vrrp_close(struct vrrp *v)
{
	struct event **const events[] = {&v->fifo, &v->child, &v->again, &v->stance_end};

	if (!v)
		return;
	if (v->pid)
		vrrp_stop(v);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (*events[i])
			event_free(*events[i]);
	guard_close(v->guard);
	close_log(v);
	if (v->fifo_fd >= 0)
		close(v->fifo_fd);
	free(v);
}

void vrrp_show(const struct vrrp *v, struct show *out)
{
	show_begin(out, "election");
	show_str(out, "protocol", v->group->protocol == CONF_PROTOCOL_VRRP ? "vrrp" : "external");
	show_str(out, "state", v->is_started ? vrrp_state_str(v->state) : "waiting");
	show_u64(out, "priority", (uint64_t)(v->group->priority + (uint32_t)weight_of(v, v->stance)));
	if (v->pid)
		show_u64(out, "keepalived", (uint64_t)v->pid);
	show_u64(out, "starts", v->n_starts);
	show_u64(out, "changes", v->n_changes);
	show_end(out);
}
