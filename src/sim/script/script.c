/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/script/script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cast.h"
#include "sim/group.h"
#include "sim/net/kern.h"
#include "sim/proc.h"
#include "sim/radio.h"
#include "sim/swarm/swarm.h"

enum { LINE_MAX_OCT = 1024, BLOCK_MAX_OCT = 65536, DEPTH_MAX = 4 };

void script_init(struct script *sc, uint64_t seed)
{
	*sc = (struct script){.end_ns = 10 * NS_PER_S};
	sc->expect_end = &sc->expect;
	sim_init(&sc->sim, seed);
	watch_init(&sc->sim, &sc->watch);
}

void script_fini(struct script *sc)
{
	nodes_free(&sc->sim);
	groups_free(&sc->sim);
	links_free(&sc->sim);
	sim_fini(&sc->sim);
	watch_fini(&sc->watch);
	for (struct expectation *e; (e = sc->expect);) {
		sc->expect = e->next;
		free(e);
	}
}

bool script_fail(struct script *sc, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(sc->err, sizeof sc->err, "%s:%u: ", sc->path ? sc->path : "-", sc->line);
	va_start(ap, fmt);
	vsnprintf(sc->err + n, sizeof sc->err - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

bool words_of(struct words *w, const char *text)
{
	w->n = 0;
	if (strlen(text) >= sizeof w->buf)
		return false;
	strcpy(w->buf, text);
	for (char *save, *p = strtok_r(w->buf, " \t\r\n", &save); p; p = strtok_r(NULL, " \t\r\n", &save)) {
		if (w->n == WORDS_MAX)
			return false;
		w->w[w->n++] = p;
	}
	return true;
}

bool time_of(const char *word, int64_t *ns)
{
	static const struct { const char *unit; double ns; } units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}};
	char *end;
	double v = strtod(word, &end);
	if (end == word || v < 0)
		return false;
	*ns = 0;
	if (v == 0 && !*end)
		return true;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].unit) == 0) {
			*ns = (int64_t)(v * units[i].ns + 0.5);
			return true;
		}
	return false;
}

bool ppm_of(const char *word, uint32_t *ppm)
{
	char *end;
	double v = strtod(word, &end);
	if (end == word || strcmp(end, "%") != 0 || v < 0 || v > 100)
		return false;
	*ppm = (uint32_t)(v * 10000 + 0.5);
	return true;
}

bool script_define(struct script *sc, const char *name, const char *value)
{
	for (uint32_t i = 0; i < sc->n_define; i++)
		if (strcmp(sc->define[i].name, name) == 0)
			return true;
	if (sc->n_define == DEFINES_MAX)
		return script_fail(sc, "too many definitions");
	struct define *d = &sc->define[sc->n_define++];
	snprintf(d->name, sizeof d->name, "%s", name);
	snprintf(d->value, sizeof d->value, "%s", value);
	return true;
}

/* Replaces $NAME by what it was defined as; drops the comment. */
static bool expand(struct script *sc, const char *in, char out[static LINE_MAX_OCT])
{
	size_t n = 0;
	while (*in && *in != '#') {
		const char *value = NULL;
		size_t len = 0;
		if (*in == '$')
			while (isalnum((unsigned char)in[1 + len]) || in[1 + len] == '_')
				len++;
		for (uint32_t i = 0; len && i < sc->n_define && !value; i++)
			if (strncmp(sc->define[i].name, in + 1, len) == 0 && !sc->define[i].name[len])
				value = sc->define[i].value;
		if (len && !value)
			return script_fail(sc, "$%.*s is not defined", (int)len, in + 1);
		size_t add = value ? strlen(value) : 1;
		if (n + add >= LINE_MAX_OCT)
			return script_fail(sc, "the line is too long");
		memcpy(out + n, value ? value : in, add);
		n += add;
		in += value ? len + 1 : 1;
	}
	out[n] = 0;
	return true;
}

static void on_command(struct sim *s, void *obj, void *arg, uint64_t line)
{
	struct script *sc = obj;
	struct words w;
	(void)s;
	if (*sc->err)
		return;
	sc->line = (uint32_t)line;
	sim_trace(s, "at", "%s", (const char *)arg);
	if (words_of(&w, arg))
		cmd_run(sc, &w, 0);
}

bool script_at(struct script *sc, int64_t at, const char *text)
{
	struct words w;
	if (!words_of(&w, text) || !w.n || !cmd_is_known(w.w[0]))
		return script_fail(sc, "no such command: %s", text);
	char *copy = strdup(text);
	copy[strcspn(copy, "\r\n")] = 0;
	sim_at(&sc->sim, at, on_command, sc, copy, sc->line);
	return true;
}

/* The rest of a line behind its first n words. */
static const char *behind(const char *line, uint32_t n)
{
	while (n--) {
		line += strspn(line, " \t");
		line += strcspn(line, " \t");
	}
	return line + strspn(line, " \t");
}

/* at T COMMAND */
static bool add_at(struct script *sc, const struct words *w, const char *line)
{
	int64_t at;
	if (w->n < 3 || !time_of(w->w[1], &at))
		return script_fail(sc, "at TIME COMMAND");
	return script_at(sc, at, behind(line, 2));
}

/* repeat N from T every T COMMAND [| COMMAND]...: in turn. */
static bool add_repeat(struct script *sc, const struct words *w, const char *line)
{
	int64_t at, step;
	char *part[16];
	uint32_t n_parts = 0;
	if (w->n < 7 || !time_of(w->w[3], &at) || !time_of(w->w[5], &step))
		return script_fail(sc, "repeat N from TIME every TIME COMMAND [| COMMAND]...");
	char *rest = strdup(behind(line, 6)), *save;
	for (char *p = strtok_r(rest, "|", &save); p && n_parts < 16; p = strtok_r(NULL, "|", &save))
		part[n_parts++] = p;
	bool ok = n_parts > 0;
	for (long i = 0; ok && i < strtol(w->w[1], NULL, 10); i++, at += step)
		ok = script_at(sc, at, part[i % n_parts]);
	free(rest);
	return ok;
}

static void on_expect(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)s;
	(void)tag;
	expect_judge(obj, arg);
}

/* expect ... [at T]: at the end when no time is given. */
static bool add_expect(struct script *sc, const struct words *w, const char *line)
{
	struct expectation *e = sim_alloc(sizeof *e);
	int64_t at;
	snprintf(e->text, sizeof e->text, "%s", behind(line, 1));
	snprintf(e->place, sizeof e->place, "%s:%u", sc->path, sc->line);
	e->text[strcspn(e->text, "\r\n")] = 0;
	if (w->n > 3 && strcmp(w->w[w->n - 2], "at") == 0) {
		if (!time_of(w->w[w->n - 1], &at)) {
			free(e);
			return script_fail(sc, "expect: '%s' is no time", w->w[w->n - 1]);
		}
		*strstr(e->text, " at ") = 0;
		sim_at(&sc->sim, at, on_expect, sc, e, 0);
		return true;
	}
	*sc->expect_end = e;
	sc->expect_end = &e->next;
	return true;
}

static bool add_end(struct script *sc, const struct words *w)
{
	return (w->n == 2 && time_of(w->w[1], &sc->end_ns)) || script_fail(sc, "end TIME");
}

static bool add_include(struct script *sc, const struct words *w, const char *line)
{
	char path[512];
	const char *slash = strrchr(sc->path, '/'), *was = sc->path;
	uint32_t at = sc->line;
	(void)line;
	if (w->n != 2 || sc->depth == DEPTH_MAX)
		return script_fail(sc, "include FILE");
	snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - sc->path + 1) : 0, sc->path, w->w[1]);
	sc->depth++;
	if (!script_load(sc, path))
		return false;
	sc->depth--;
	sc->path = was;
	sc->line = at;
	return true;
}

static bool add_define(struct script *sc, const struct words *w, const char *line)
{
	(void)line;
	return w->n >= 3 ? script_define(sc, w->w[1], w->w[2]) : script_fail(sc, "define NAME VALUE");
}

/* What a line may begin with; those of one kind need their words only. */
static const struct {
	const char *verb;
	bool (*words)(struct script *, const struct words *);
	bool (*line)(struct script *, const struct words *, const char *);
} verbs[] = {
	{"define", NULL, add_define}, {"include", NULL, add_include}, {"link", topo_add_link, NULL}, {"node", topo_add_node, NULL},
	{"nic", topo_add_nic, NULL}, {"route", topo_add_route, NULL}, {"nat", topo_add_nat, NULL}, {"key", topo_add_key, NULL},
	{"flow", topo_add_flow, NULL}, {"group", topo_add_group, NULL},
	{"at", NULL, add_at}, {"repeat", NULL, add_repeat}, {"expect", NULL, add_expect}, {"swarm", swarm_line, NULL},
	{"end", add_end, NULL},
};

static bool one_line(struct script *sc, const char *line)
{
	struct words w;
	if (!words_of(&w, line))
		return script_fail(sc, "too many words");
	if (!w.n)
		return true;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].verb, w.w[0]) == 0)
			return verbs[i].words ? verbs[i].words(sc, &w) : verbs[i].line(sc, &w, line);
	return script_fail(sc, "what is '%s'?", w.w[0]);
}

static int braces(const char *p)
{
	int n = 0;
	for (; *p; p++)
		n += *p == '{' ? 1 : *p == '}' ? -1 : 0;
	return n;
}

/* role NODE ROLE { ... }, more NODE ROLE { ... }: the block goes on to its closing brace. */
static bool add_role(struct script *sc, FILE *in, const char *first, bool is_more)
{
	char raw[LINE_MAX_OCT], line[LINE_MAX_OCT], *block = sim_alloc(BLOCK_MAX_OCT);
	struct words w;
	int depth = braces(first);
	bool ok = words_of(&w, first) && w.n >= 4;
	struct node *n = ok ? node_find(&sc->sim, w.w[1]) : NULL;

	snprintf(block, BLOCK_MAX_OCT, "%s\n", behind(first, 3));
	while (depth > 0 && fgets(raw, sizeof raw, in)) {
		sc->line++;
		if (!expand(sc, raw, line))
			break;
		depth += braces(line);
		size_t have = strlen(block);
		snprintf(block + have, BLOCK_MAX_OCT - have, "%s\n", line);
	}
	const char *err = !n ? "role NODE ROLE { ... }" : depth ? "the closing brace is missing"
		: is_more ? proc_role_more(n, w.w[2], block) : proc_role_add(n, w.w[2], block);
	free(block);
	return err ? script_fail(sc, "%s", err) : true;
}

static bool load(struct script *sc, FILE *in, const char *path)
{
	char raw[LINE_MAX_OCT], line[LINE_MAX_OCT];
	bool ok = true;
	sc->path = path;
	sc->line = 0;
	if (!in)
		return script_fail(sc, "cannot be read");
	while (ok && fgets(raw, sizeof raw, in)) {
		sc->line++;
		ok = expand(sc, raw, line);
		bool is_more = strncmp(line, "more ", 5) == 0;
		if (ok && (is_more || strncmp(line, "role ", 5) == 0))
			ok = add_role(sc, in, line, is_more);
		else if (ok)
			ok = one_line(sc, line);
	}
	fclose(in);
	return ok;
}

bool script_load(struct script *sc, const char *path) { return load(sc, fopen(path, "r"), path); }

bool script_load_text(struct script *sc, const char *text, const char *name)
{
	return load(sc, fmemopen((void *)(uintptr_t)text, strlen(text), "r"), name);
}

static bool start_nodes(struct script *sc)
{
	for (struct node *n = sc->sim.nodes; n; n = n->next) {
		node_freeze(n);
		const char *remedy = n->n_roles ? proc_start(n) : NULL;
		if (remedy)
			return script_fail(sc, "%s does not start: %s", n->name, remedy);
	}
	return true;
}

bool script_run(struct script *sc)
{
	if (!start_nodes(sc))
		return false;
	groups_watch(&sc->sim);
	radios_start(&sc->sim);
	cast_start(&sc->sim);
	sim_run(&sc->sim, sc->end_ns);
	for (struct expectation *e = sc->expect; e; e = e->next)
		expect_judge(sc, e);
	return !*sc->err;
}
