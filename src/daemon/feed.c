/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define BLANK " \t\r"

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

static const char *parse_signal(char **rest, struct signal_event *ev)
{
	char *word = strtok_r(NULL, BLANK, rest);

	*ev = (struct signal_event){.bandwidth_kbps = -1, .load_permille = -1, .delay_ms = -1, .cost = -1};
	if (!word || !lladdr_parse(&ev->router, word))
		return "the third word must be the router's link-layer address";
	word = strtok_r(NULL, BLANK, rest);
	if (!word || !number(word, &ev->dbm))
		return "the fourth word must be the signal in dBm, a whole number";
	while ((word = strtok_r(NULL, BLANK, rest)))
		if (!parse_factor(word, ev))
			return "a factor is bandwidth=, load=, delay= or cost= with a number from 0 up, or attached";
	return NULL;
}

static bool moment(const char *text, mono_t *out)
{
	char *end;
	long long v = strtoll(text, &end, 10);

	if (!*text || *end || v <= 0)
		return false;
	out->ns = v;
	return true;
}

/* "serving", "at=1234567890" or "identity=nai:user@realm" */
static bool parse_property(const char *word, struct station_event *ev)
{
	static const char identity[] = "identity=";
	const size_t name_oct = sizeof identity - 1, len = strlen(word);

	if (!strcmp(word, "serving")) {
		ev->is_serving = true;
		return true;
	}
	if (!strncmp(word, "at=", 3))
		return moment(word + 3, &ev->when);
	if (strncmp(word, identity, name_oct) || len == name_oct || len - name_oct >= sizeof ev->identity)
		return false;
	memcpy(ev->identity, word + name_oct, len - name_oct + 1);
	return true;
}

static const char *parse_station(char **rest, bool is_gone, struct station_event *ev)
{
	char *word = strtok_r(NULL, BLANK, rest);

	*ev = (struct station_event){.is_gone = is_gone};
	if (!word || !lladdr_parse(&ev->station, word))
		return "the third word must be the station's link-layer address";
	if (is_gone)
		return strtok_r(NULL, BLANK, rest) ? "lost has three words: lost IF STATION-LLADDR" : NULL;
	word = strtok_r(NULL, BLANK, rest);
	if (!word || !number(word, &ev->dbm))
		return "the fourth word must be the signal in dBm, a whole number";
	while ((word = strtok_r(NULL, BLANK, rest)))
		if (!parse_property(word, ev))
			return "behind the signal may stand: serving, at=NS of the monotonic clock, identity=KIND:VALUE";
	return NULL;
}

const char *feed_parse(char *line, struct feed_event *ev)
{
	char *rest, *verb = strtok_r(line, BLANK, &rest);
	const bool is_hear = verb && !strcmp(verb, "hear"), is_lost = verb && !strcmp(verb, "lost");

	if (!verb || (strcmp(verb, "signal") && !is_hear && !is_lost))
		return "a line is: signal IF ROUTER-LLADDR DBM [bandwidth=N] [load=N] [delay=N] [cost=N] [attached], "
		       "hear IF STATION-LLADDR DBM [serving] [at=NS] [identity=KIND:VALUE], or lost IF STATION-LLADDR";
	ev->ifname = strtok_r(NULL, BLANK, &rest);
	if (!ev->ifname)
		return "the second word must be an interface, the third word a link-layer address";
	ev->kind = is_hear || is_lost ? FEED_STATION : FEED_SIGNAL;
	return ev->kind == FEED_SIGNAL ? parse_signal(&rest, &ev->signal) : parse_station(&rest, is_lost, &ev->station);
}

static void on_line(void *ctx, struct sock_client *from, char *line)
{
	struct feed *f = ctx;
	struct feed_event ev;
	const char *wrong = feed_parse(line, &ev);
	uint32_t ifindex = wrong ? 0 : f->ops.ifindex(f->ops.ctx, ev.ifname);

	if (!wrong && !ifindex)
		wrong = "there is no such interface";
	if (wrong) {
		char text[300];
		int n = snprintf(text, sizeof text, "error %s\n", wrong);
		(void)sock_write(from, text, (size_t)n, 65536);
	} else if (ev.kind == FEED_SIGNAL) {
		ev.signal.ifindex = ifindex;
		f->ops.signal(f->ops.ctx, &ev.signal);
	} else {
		ev.station.ifindex = ifindex;
		f->ops.station(f->ops.ctx, &ev.station);
	}
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
