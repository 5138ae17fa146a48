/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/device.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ctl/render.h"

enum { REFUSED = 1, USAGE = 2, UNREACHED = 3, DEADLINE_MS = 60000, BATCH = 256, BATCH_OCT = 40000, WORDS_OCT = 4096 };

static int unreached(const struct client *c)
{
	fprintf(stderr, "roamctl: %s\n", c->error);
	return UNREACHED;
}

/* One command; *why: NULL when it was done, else what the daemon says (free it). 0 or UNREACHED. */
static int tell(struct client *c, const char *verb, const char *text, char **why)
{
	json_t *obj;

	*why = NULL;
	if (client_send(c, json_pack("{s:s,s:[s,s,s]}", "cmd", "ctl", "args", "device", verb, text)))
		return unreached(c);
	while (client_next(c, &obj) == ERR_OK) {
		const bool is_end = json_object_get(obj, "end");
		const char *error = json_string_value(json_object_get(obj, "error"));
		if (is_end && error)
			*why = strdup(error);
		json_decref(obj);
		if (is_end)
			return 0;
	}
	return unreached(c);
}

static int tell_line(struct client *c, const char *verb, int argc, char **argv)
{
	char line[WORDS_OCT] = "", *why;
	size_t n = 0;

	for (int i = 0; i < argc && n < sizeof line; i++)
		n += (size_t)snprintf(line + n, sizeof line - n, "%s%s", i ? " " : "", argv[i]);
	if (n >= sizeof line)
		return USAGE;
	int rc = tell(c, verb, line, &why);
	if (why)
		fprintf(stderr, "roamctl: %s\n", why);
	rc = rc ? rc : why ? REFUSED : 0;
	free(why);
	return rc;
}

/* --- showing ------------------------------------------------------------------------------------------------ */

/* Prints records, as JSON at once, else at the end. *n: how many; *next: of "next", -1 without. */
static int print(struct client *c, const char *what, bool as_json, unsigned *n, long long *next)
{
	struct render r;
	json_t *obj;
	bool is_end = false;

	*next = -1;
	if (render_init(&r) || client_send(c, json_pack("{s:s,s:s}", "cmd", "show", "what", what)))
		return unreached(c);
	while (!is_end && client_next(c, &obj) == ERR_OK) {
		const char *kind = json_string_value(json_object_get(obj, "record"));
		is_end = json_object_get(obj, "end");
		if (kind && strcmp(kind, "next") == 0)
			*next = json_integer_value(json_object_get(obj, "page"));
		else if (!is_end)
			++*n;
		if (is_end || (kind && strcmp(kind, "next") == 0))
			json_decref(obj);
		else if (as_json) {
			json_dumpf(obj, stdout, JSON_COMPACT);
			putchar('\n');
			json_decref(obj);
		} else
			render_add(&r, obj);
	}
	render_print(&r, stdout);
	render_fini(&r);
	return is_end ? 0 : unreached(c);
}

static int list(struct client *c, bool as_json)
{
	long long next = 0;
	unsigned n = 0;
	int rc = 0;

	while (!rc && next >= 0) {
		char what[40];
		snprintf(what, sizeof what, "devices %lld", next);
		rc = print(c, what, as_json, &n, &next);
	}
	return rc;
}

static int show(struct client *c, bool as_json, const char *which)
{
	char *what;
	long long next;
	unsigned n = 0;

	if (asprintf(&what, "device %s", which) < 0)
		return UNREACHED;
	int rc = print(c, what, as_json, &n, &next);
	free(what);
	if (!rc && n == 0)
		fprintf(stderr, "roamctl: no device has %s\n", which);
	return rc ? rc : n == 0 ? REFUSED : 0;
}

/* --- import -------------------------------------------------------------------------------------------------- */

struct import {
	struct client *c;
	const char *name;
	char text[BATCH_OCT + WORDS_OCT];
	size_t len, at[BATCH];         /* where each line begins */
	unsigned place[BATCH], n;
	unsigned long n_done, n_refused;
	int rc;
};

/* One by one, to tell which is wrong. */
static void import_singly(struct import *m)
{
	for (unsigned i = 0; i < m->n && !m->rc; i++) {
		char *why, *line = m->text + m->at[i];
		line[strcspn(line, "\n")] = '\0';
		m->rc = tell(m->c, "put", line, &why);
		if (why)
			fprintf(stderr, "roamctl: %s:%u: %s\n", m->name, m->place[i], why);
		*(why ? &m->n_refused : &m->n_done) += 1;
		free(why);
	}
}

static void import_flush(struct import *m)
{
	char *why = NULL;

	if (m->n == 0 || m->rc)
		return;
	m->rc = tell(m->c, "put", m->text, &why);
	if (!m->rc && why)
		import_singly(m);
	else if (!m->rc)
		m->n_done += m->n;
	free(why);
	m->n = 0;
	m->len = 0;
}

static int import_line(void *ctx, const char *line, unsigned place)
{
	struct import *m = ctx;

	m->at[m->n] = m->len;
	m->place[m->n++] = place;
	m->len += (size_t)snprintf(m->text + m->len, sizeof m->text - m->len, "%s\n", line);
	if (m->n == BATCH || m->len > BATCH_OCT)
		import_flush(m);
	return m->rc;
}

static int import(struct client *c, const char *name)
{
	static struct import m;
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

	if (!f) {
		fprintf(stderr, "roamctl: %s: %s\n", name, strerror(errno));
		return REFUSED;
	}
	m = (struct import){.c = c, .name = name};
	const int bad = device_file_read(f, name, import_line, &m);
	import_flush(&m);
	if (f != stdin)
		fclose(f);
	printf("%lu devices imported, %lu refused\n", m.n_done, m.n_refused);
	return m.rc ? m.rc : bad || m.n_refused ? REFUSED : 0;
}

int device_command(const char *socket, int as_json, int argc, char **argv)
{
	struct client c;
	const char *verb = argc ? argv[0] : "";
	int rc = -1;

	if (client_open(&c, socket, DEADLINE_MS))
		return unreached(&c);
	if ((strcmp(verb, "add") == 0 || strcmp(verb, "set") == 0) && argc > 1)
		rc = tell_line(&c, verb, argc - 1, argv + 1);
	else if (strcmp(verb, "remove") == 0 && argc == 2)
		rc = tell_line(&c, verb, 1, argv + 1);
	else if (strcmp(verb, "show") == 0 && argc == 2)
		rc = show(&c, as_json, argv[1]);
	else if (strcmp(verb, "list") == 0 && argc == 1)
		rc = list(&c, as_json);
	else if (strcmp(verb, "import") == 0 && argc == 2)
		rc = import(&c, argv[1]);
	client_close(&c);
	if (rc < 0)
		fputs("roamctl: device wants add WORDS, set ID WORDS, remove ID, show ID-or-ADDRESS, list or import FILE\n", stderr);
	return rc < 0 ? USAGE : rc;
}
