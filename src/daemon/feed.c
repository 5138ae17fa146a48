/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct feed {
	struct sock *sock;
	struct feed_ops ops;
};

static bool number(const char *text, int32_t *out)
{
	char *end;
	long v = strtol(text, &end, 10);

	if (!*text || *end || v < -1000000000L || v > 1000000000L)
		return false;
	*out = (int32_t)v;
	return true;
}

/* "load=120" or "attached" */
static bool parse_factor(char *word, struct signal_event *ev)
{
	const struct { const char *name; int32_t *to; } factors[] = {
		{"bandwidth", &ev->bandwidth_kbps}, {"load", &ev->load_permille}, {"delay", &ev->delay_ms}, {"cost", &ev->cost},
	};

	if (!strcmp(word, "attached")) {
		ev->is_attached = true;
		return true;
	}
	char *value = strchr(word, '=');
	if (!value)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
		if (!strcmp(word, factors[i].name))
			return number(value, factors[i].to) && *factors[i].to >= 0;
	return false;
}

const char *feed_parse(char *line, struct signal_event *ev, const char **ifname)
{
	char *rest, *verb = strtok_r(line, " \t\r", &rest), *word;

	*ev = (struct signal_event){.bandwidth_kbps = -1, .load_permille = -1, .delay_ms = -1, .cost = -1};
	if (!verb || strcmp(verb, "signal"))
		return "a line is: signal IF ROUTER-LLADDR DBM [bandwidth=N] [load=N] [delay=N] [cost=N] [attached]";
	*ifname = strtok_r(NULL, " \t\r", &rest);
	word = *ifname ? strtok_r(NULL, " \t\r", &rest) : NULL;
	if (!word || !lladdr_parse(&ev->router, word))
		return "the third word must be the router's link-layer address";
	word = strtok_r(NULL, " \t\r", &rest);
	if (!word || !number(word, &ev->dbm))
		return "the fourth word must be the signal in dBm, a whole number";
	while ((word = strtok_r(NULL, " \t\r", &rest)))
		if (!parse_factor(word, ev))
			return "a factor is bandwidth=, load=, delay= or cost= with a number from 0 up, or attached";
	return NULL;
}

static void on_line(void *ctx, struct sock_client *from, char *line)
{
	struct feed *f = ctx;
	struct signal_event ev;
	const char *ifname, *wrong = feed_parse(line, &ev, &ifname);

	if (!wrong && !(ev.ifindex = f->ops.ifindex(f->ops.ctx, ifname)))
		wrong = "there is no such interface";
	if (wrong) {
		char text[200];
		int n = snprintf(text, sizeof text, "error %s\n", wrong);
		(void)sock_write(from, text, (size_t)n, 65536);
		return;
	}
	f->ops.signal(f->ops.ctx, &ev);
}

int feed_open(struct feed **out, struct event_base *base, int priority, const char *path, const struct feed_ops *ops)
{
	struct feed *f = calloc(1, sizeof *f);

	*out = NULL;
	if (!f)
		return ERR_NOMEM;
	f->ops = *ops;
	int rc = sock_open(&f->sock, base, priority, path, &(struct sock_ops){on_line, NULL, f});
	if (rc) {
		free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void feed_close(struct feed *f)
{
	if (!f)
		return;
	sock_close(f->sock);
	free(f);
}

uint32_t feed_attach(struct feed *f, const char *ifname, const struct lladdr *router)
{
	char text[64];
	uint32_t n_clients = 0;
	int n = lladdr_is_zero(router) ? snprintf(text, sizeof text, "detach %s\n", ifname)
				       : snprintf(text, sizeof text, "attach %s %s\n", ifname, LLADDR_STR(router));

	for (struct sock_client *c = NULL; (c = sock_next(f->sock, c)); n_clients++)
		(void)sock_write(c, text, (size_t)n, 65536);
	return n_clients;
}
