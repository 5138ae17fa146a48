/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kern.h"
#include "sim/proc.h"
#include "sim/swarm.h"

enum { LINE_MAX_OCT = 1024, BLOCK_MAX_OCT = 65536, DEPTH_MAX = 4, NAME_LEN = 16 };

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

struct nic *nic_of(struct sim *s, const char *word)
{
	char name[NAME_LEN * 2];
	const char *dot = strchr(word, '.');
	if (!dot || (size_t)(dot - word) >= sizeof name)
		return NULL;
	memcpy(name, word, (size_t)(dot - word));
	name[dot - word] = 0;
	struct node *n = node_find(s, name);
	return n ? node_nic_named(n, dot + 1) : NULL;
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

static bool add_link(struct script *sc, const struct words *w)
{
	if (w->n < 2 || strlen(w->w[1]) >= NAME_LEN || link_find(&sc->sim, w->w[1]))
		return script_fail(sc, "link NAME [site S] [delay T] ...; names are unique and short");
	return cmd_link_set(sc, link_new(&sc->sim, w->w[1]), w, 2);
}

static bool add_node(struct script *sc, const struct words *w)
{
	if (w->n < 2 || strlen(w->w[1]) >= NAME_LEN || node_find(&sc->sim, w->w[1]))
		return script_fail(sc, "node NAME [router] [site S]; names are unique and short");
	struct node *n = node_new(&sc->sim, w->w[1]);
	for (uint32_t i = 2; i < w->n; i++) {
		if (strcmp(w->w[i], "router") == 0)
			n->is_router = true;
		else if (strcmp(w->w[i], "site") == 0 && i + 1 < w->n)
			snprintf(n->site, sizeof n->site, "%s", w->w[++i]);
		else if (strcmp(w->w[i], "attach-delay") == 0 && i + 1 < w->n && time_of(w->w[i + 1], &n->attach_delay_ns))
			i++;
		else
			return script_fail(sc, "node: what is '%s'?", w->w[i]);
	}
	return true;
}

/* "2001:db8::1/64": address and prefix length. */
static bool addr_of(const char *word, struct fx_addr *a)
{
	char text[ADDR_STRLEN];
	const char *slash = strchr(word, '/');
	if (!slash || (size_t)(slash - word) >= sizeof text)
		return false;
	memcpy(text, word, (size_t)(slash - word));
	text[slash - word] = 0;
	long plen = strtol(slash + 1, NULL, 10);
	a->plen_bits = (uint8_t)plen;
	a->flags = ADDR_NODAD;
	return plen >= 0 && plen <= 128 && addr6_parse(&a->addr, text);
}

/* nic NODE.IF LINK|- [ADDR/PLEN]... [mtu N] */
static bool add_nic(struct script *sc, const struct words *w)
{
	char *dot = w->n >= 3 ? strchr(w->w[1], '.') : NULL;
	if (!dot)
		return script_fail(sc, "nic NODE.IF LINK [ADDRESS/LENGTH]... [mtu N]");
	*dot = 0;
	struct node *n = node_find(&sc->sim, w->w[1]);
	struct link *l = link_find(&sc->sim, w->w[2]);
	if (!n || (!l && strcmp(w->w[2], "-") != 0))
		return script_fail(sc, "nic: no such %s", n ? "link" : "node");
	struct nic *nic = node_nic_add(n, dot + 1);
	for (uint32_t i = 3; nic && i < w->n; i++) {
		struct fx_addr a = {.ifindex = nic->ifindex};
		if (strcmp(w->w[i], "mtu") == 0 && i + 1 < w->n)
			nic->mtu_oct = (uint32_t)strtoul(w->w[++i], NULL, 10);
		else if (addr_of(w->w[i], &a))
			node_addr_add(n, &a);
		else
			return script_fail(sc, "nic: '%s' is no address with length", w->w[i]);
	}
	if (nic && l)
		link_attach(l, nic);
	return nic ? true : script_fail(sc, "nic: too many interfaces");
}

/* route NODE PREFIX [via ADDR] dev IF [metric N] */
static bool add_route(struct script *sc, const struct words *w)
{
	struct node *n = w->n >= 5 ? node_find(&sc->sim, w->w[1]) : NULL;
	struct fx_route r = {.metric = 1024};
	if (!n || !prefix6_parse(&r.dst, w->w[2]))
		return script_fail(sc, "route NODE PREFIX [via ADDRESS] dev IF");
	for (uint32_t i = 3; i + 1 < w->n; i += 2) {
		struct nic *nic = node_nic_named(n, w->w[i + 1]);
		if (strcmp(w->w[i], "dev") == 0)
			r.ifindex = nic ? nic->ifindex : strcmp(w->w[i + 1], "roam0") == 0 ? IFINDEX_ROAM0
				: strcmp(w->w[i + 1], "none") == 0 ? IFINDEX_NONE : 0;
		else if (strcmp(w->w[i], "metric") == 0)
			r.metric = (uint32_t)strtoul(w->w[i + 1], NULL, 10);
		else if (strcmp(w->w[i], "via") != 0 || !addr6_parse(&r.via, w->w[i + 1]))
			return script_fail(sc, "route: what is '%s'?", w->w[i]);
	}
	if (!r.ifindex)
		return script_fail(sc, "route: no such interface");
	node_route_put(n, &r);
	return true;
}

/* key NODE[,NODE]... NAME hmac-sha1|hmac-sha256 SPI SECRET */
static bool add_key(struct script *sc, const struct words *w)
{
	if (w->n != 6)
		return script_fail(sc, "key NODE[,NODE]... NAME hmac-sha1|hmac-sha256 SPI SECRET");
	enum mac_alg alg = strcmp(w->w[3], "hmac-sha256") == 0 ? MAC_HMAC_SHA256 : MAC_HMAC_SHA1;
	for (char *save, *p = strtok_r(w->w[1], ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		struct node *n = node_find(&sc->sim, p);
		const char *err = n ? proc_key_add(n, w->w[2], alg, (uint32_t)strtoul(w->w[4], NULL, 10), w->w[5], strlen(w->w[5]))
				    : "no such node";
		if (err)
			return script_fail(sc, "key: %s: %s", p, err);
	}
	return true;
}

/* flow NAME NODE ADDR -> NODE ADDR pps N [size N] [from T] [to T] */
static bool add_flow(struct script *sc, const struct words *w)
{
	struct node *from = w->n >= 9 ? node_find(&sc->sim, w->w[2]) : NULL, *to = from ? node_find(&sc->sim, w->w[5]) : NULL;
	int64_t start = 0, pps = 0;
	if (!to || flow_find(&sc->sim, w->w[1]))
		return script_fail(sc, "flow NAME NODE ADDRESS -> NODE ADDRESS pps N [size N] [from T] [to T]");
	struct flow *f = flow_new(&sc->sim, w->w[1]);
	f->from = from;
	f->to = to;
	f->size_oct = 64;
	f->stop_ns = INT64_MAX;
	bool ok = addr6_parse(&f->src, w->w[3]) && addr6_parse(&f->dst, w->w[6]);
	for (uint32_t i = 7; ok && i + 1 < w->n; i += 2) {
		if (strcmp(w->w[i], "pps") == 0)
			pps = strtol(w->w[i + 1], NULL, 10);
		else if (strcmp(w->w[i], "size") == 0)
			f->size_oct = strtoul(w->w[i + 1], NULL, 10);
		else
			ok = strcmp(w->w[i], "from") == 0 ? time_of(w->w[i + 1], &start)
			     : strcmp(w->w[i], "to") == 0 && time_of(w->w[i + 1], &f->stop_ns);
	}
	if (!ok || pps <= 0 || f->size_oct < FLOW_SIZE_MIN || f->size_oct > FLOW_SIZE_MAX)
		return script_fail(sc, "flow %s: an address, a rate or a time is wrong", f->name);
	f->interval_ns = NS_PER_S / pps;
	flow_start(f, start);
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

static bool load(struct script *sc, const char *path, uint32_t depth);

static bool add_include(struct script *sc, const struct words *w, uint32_t depth)
{
	char path[512];
	const char *slash = strrchr(sc->path, '/'), *was = sc->path;
	uint32_t line = sc->line;
	if (w->n != 2 || depth == DEPTH_MAX)
		return script_fail(sc, "include FILE");
	snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - sc->path + 1) : 0, sc->path, w->w[1]);
	if (!load(sc, path, depth + 1))
		return false;
	sc->path = was;
	sc->line = line;
	return true;
}

static bool one_line(struct script *sc, const char *line, uint32_t depth)
{
	struct words w;
	if (!words_of(&w, line))
		return script_fail(sc, "too many words");
	if (!w.n)
		return true;
	const char *verb = w.w[0];
	if (strcmp(verb, "define") == 0)
		return w.n >= 3 ? script_define(sc, w.w[1], w.w[2]) : script_fail(sc, "define NAME VALUE");
	if (strcmp(verb, "include") == 0)
		return add_include(sc, &w, depth);
	if (strcmp(verb, "link") == 0)
		return add_link(sc, &w);
	if (strcmp(verb, "node") == 0)
		return add_node(sc, &w);
	if (strcmp(verb, "nic") == 0)
		return add_nic(sc, &w);
	if (strcmp(verb, "route") == 0)
		return add_route(sc, &w);
	if (strcmp(verb, "key") == 0)
		return add_key(sc, &w);
	if (strcmp(verb, "flow") == 0)
		return add_flow(sc, &w);
	if (strcmp(verb, "at") == 0)
		return add_at(sc, &w, line);
	if (strcmp(verb, "repeat") == 0)
		return add_repeat(sc, &w, line);
	if (strcmp(verb, "expect") == 0)
		return add_expect(sc, &w, line);
	if (strcmp(verb, "swarm") == 0)
		return swarm_line(sc, &w);
	if (strcmp(verb, "end") == 0)
		return add_end(sc, &w);
	return script_fail(sc, "what is '%s'?", verb);
}

static int braces(const char *p)
{
	int n = 0;
	for (; *p; p++)
		n += *p == '{' ? 1 : *p == '}' ? -1 : 0;
	return n;
}

/* role NODE ROLE { ... }: the block goes on to its closing brace. */
static bool add_role(struct script *sc, FILE *in, const char *first)
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
	const char *err = !n ? "role NODE ROLE { ... }" : depth ? "the closing brace is missing" : proc_role_add(n, w.w[2], block);
	free(block);
	return err ? script_fail(sc, "%s", err) : true;
}

static bool load(struct script *sc, const char *path, uint32_t depth)
{
	char raw[LINE_MAX_OCT], line[LINE_MAX_OCT];
	bool ok = true;
	FILE *in = fopen(path, "r");
	sc->path = path;
	sc->line = 0;
	if (!in)
		return script_fail(sc, "cannot be read");
	while (ok && fgets(raw, sizeof raw, in)) {
		sc->line++;
		ok = expand(sc, raw, line);
		if (ok && strncmp(line, "role ", 5) == 0)
			ok = add_role(sc, in, line);
		else if (ok)
			ok = one_line(sc, line, depth);
	}
	fclose(in);
	return ok;
}

bool script_load(struct script *sc, const char *path)
{
	return load(sc, path, 0);
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
	sim_run(&sc->sim, sc->end_ns);
	for (struct expectation *e = sc->expect; e; e = e->next)
		expect_judge(sc, e);
	return !*sc->err;
}
