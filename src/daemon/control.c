/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/control.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/jsonw.h"
#include "daemon/log.h"

/* sock_flags: the topmost bit marks a monitor, the others count what it lost. */
enum { ARGS_MAX = 16, MONITOR_MAX_OCT = 1 << 20, KEEP_OCT = 1 << 16 };
#define MONITOR 0x80000000u

/* A command whose end its client waits for; it says nothing more meanwhile. */
struct waiting { struct waiting *next; uint64_t command; struct sock_client *to; };

struct control {
	struct sock *sock;
	struct waiting *waiting;
	uint64_t n_commands;
	struct jsonw out;
	uint32_t n_monitors;
	struct control_ops ops;
};

/* Hands over what was written. A big answer's memory is given back. */
static void flush(struct control *c, struct sock_client *to)
{
	(void)sock_write(to, c->out.text, c->out.len_oct, 0);
	c->out.len_oct = 0;
	if (c->out.cap_oct <= KEEP_OCT)
		return;
	free(c->out.text);
	c->out = (struct jsonw){0};
}

static void answer_end(struct control *c, struct sock_client *to, const char *error)
{
	struct jsonw *j = &c->out;

	if (j->is_lost) {
		j->is_lost = false;
		error = "not enough memory for the answer: it is not whole";
	}
	jsonw_begin(j);
	jsonw_flag(j, "end", true);
	if (error)
		jsonw_str(j, "error", error);
	else
		jsonw_null(j, "error");
	jsonw_end(j);
	flush(c, to);
}

static void do_show(struct control *c, struct sock_client *to, const json_t *req)
{
	const char *what = json_string_value(json_object_get(req, "what"));
	struct show show = {&jsonw_show_ops, &c->out};

	if (what)
		c->ops.show(c->ops.ctx, what, &show);
	answer_end(c, to, what ? NULL : "the request has no \"what\": name what to show, such as \"bindings\"");
}

/* Takes it out; false: it has had its answer, or its client is gone. */
static bool no_longer(struct control *c, uint64_t command, const struct sock_client *of, struct sock_client **to)
{
	for (struct waiting **at = &c->waiting; *at; at = &(*at)->next)
		if (of ? (*at)->to == of : (*at)->command == command) {
			struct waiting *w = *at;
			*to = w->to;
			*at = w->next;
			free(w);
			return true;
		}
	return false;
}

void control_answer(struct control *c, const struct fx_answer *a, const char *text)
{
	struct sock_client *to;
	char *error = a->len_oct ? strndup(text, a->len_oct) : NULL;

	if (no_longer(c, a->command, NULL, &to)) {
		answer_end(c, to, error ? error : a->len_oct ? "not enough memory for the reason" : NULL);
		sock_pause(to, false);
	}
	free(error);
}

static int carry_out(struct control *c, struct sock_client *to, struct ctl_cmd *cmd, const char **msg)
{
	struct waiting *w = malloc(sizeof *w);

	*msg = "not enough memory";
	if (!w)
		return ERR_NOMEM;
	*w = (struct waiting){c->waiting, ++c->n_commands, to};
	c->waiting = w;
	cmd->answer = w->command;
	*msg = NULL;
	sock_pause(to, true);
	int rc = c->ops.ctl(c->ops.ctx, cmd, msg);
	if (rc != ERR_AGAIN && no_longer(c, cmd->answer, NULL, &to))
		sock_pause(to, false);
	return rc;
}

static void do_ctl(struct control *c, struct sock_client *to, const json_t *req)
{
	const json_t *args = json_object_get(req, "args");
	const char *argv[ARGS_MAX], *msg = NULL;
	const size_t n = json_array_size(args);

	for (size_t i = 0; i < n && i < ARGS_MAX; i++)
		if (!(argv[i] = json_string_value(json_array_get(args, i))))
			msg = "the request's \"args\" must be strings";
	if (!n || n > ARGS_MAX)
		msg = "the request needs \"args\", 1 to 16 words";
	if (!msg) {
		int rc = carry_out(c, to, &(struct ctl_cmd){(uint32_t)n, argv, 0}, &msg);
		if (rc == ERR_AGAIN)
			return;
		if (rc && !msg)
			msg = rc == ERR_NOTFOUND ? "no role here knows this command" : err_str(rc);
		else if (!rc)
			msg = NULL;
	}
	answer_end(c, to, msg);
}

static void do_monitor(struct control *c, struct sock_client *to)
{
	if (!(*sock_flags(to) & MONITOR))
		c->n_monitors++;
	*sock_flags(to) |= MONITOR;
}

static void on_line(void *ctx, struct sock_client *from, char *line)
{
	struct control *c = ctx;
	json_t *req = json_loads(line, 0, NULL);
	const char *cmd = json_string_value(json_object_get(req, "cmd"));

	if (!cmd)
		answer_end(c, from, "this is no request: send {\"cmd\":\"show\",\"what\":\"status\"}, for instance");
	else if (!strcmp(cmd, "show"))
		do_show(c, from, req);
	else if (!strcmp(cmd, "ctl"))
		do_ctl(c, from, req);
	else if (!strcmp(cmd, "monitor"))
		do_monitor(c, from);
	else
		answer_end(c, from, "unknown \"cmd\": it is show, ctl or monitor");
	json_decref(req);
}

static void on_gone(void *ctx, struct sock_client *client)
{
	struct control *c = ctx;
	struct sock_client *to;

	(void)no_longer(c, 0, client, &to);
	if (*sock_flags(client) & MONITOR)
		c->n_monitors--;
}

int control_open(struct control **out, struct event_base *base, int priority, const char *path, const struct control_ops *ops)
{
	struct control *c = calloc(1, sizeof *c);
	int rc = c ? 0 : ERR_NOMEM;

	*out = NULL;
	if (!rc) {
		c->ops = *ops;
		rc = sock_open(&c->sock, base, priority, path, &(struct sock_ops){on_line, on_gone, c});
	}
	if (rc) {
		control_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	sock_close(c->sock);
	free(c->out.text);
	free(c);
}

static void event_line(struct jsonw *j, const struct fx_event *ev, enum role_id role, const char *text, wall_t now, uint32_t lost)
{
	jsonw_begin(j);
	jsonw_str(j, "event", ev->code);
	jsonw_str(j, "role", role_str(role));
	jsonw_str(j, "severity", event_sev_str(ev->sev));
	if (addr6_is_none(&ev->mobile))
		jsonw_null(j, "mobile");
	else
		jsonw_str(j, "mobile", ADDR46_STR(&ev->mobile));
	jsonw_strn(j, "text", text, ev->len_oct);
	jsonw_real(j, "time", (double)now.ns / 1e9);
	if (lost)
		jsonw_u64(j, "lost", lost);
	jsonw_end(j);
}

void control_event(struct control *c, const struct fx_event *ev, enum role_id role, const char *text, wall_t now)
{
	struct sock_client *to = NULL;

	while (c->n_monitors && (to = sock_next(c->sock, to))) {
		uint32_t *flags = sock_flags(to);
		if (!(*flags & MONITOR))
			continue;
		event_line(&c->out, ev, role, text, now, *flags & ~MONITOR);
		if (sock_write(to, c->out.text, c->out.len_oct, MONITOR_MAX_OCT))
			*flags = MONITOR;
		else
			++*flags;
		c->out.len_oct = 0;
	}
}
