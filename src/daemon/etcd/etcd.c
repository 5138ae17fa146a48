/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/etcd/etcd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/etcd/etcd_i.h"
#include "daemon/log.h"
#include "plat/plat.h"

void etcd_tell(struct etcd *e, const struct shared_event *ev) { e->ops.event(e->ops.ctx, ev); }

/* --- members ------------------------------------------------------------------------------------------------------ */

void etcd_switch(struct etcd *e, uint32_t from)
{
	if (e->preferred != from || e->n_members == 1)
		return;
	e->preferred = (from + 1) % e->n_members;
	e->n_switches++;
}

bool etcd_ask(struct etcd *e, struct asker *a, uint32_t member, const char *path, char *body, const struct http_ops *ops, void *ctx,
	      bool is_endless)
{
	char url[CONF_URL_OCT + 32];
	const uint32_t request_ms = (uint32_t)span_to_ms(e->conf->request);
	const mono_t now = plat_now().mono;

	snprintf(url, sizeof url, "%s%s", e->member[member].url, path);
	a->member = member;
	a->since = now;
	a->req = body ? http_post(e->http, &(struct http_post){.url = url, .body = body, .authorization = e->token, .connect_ms = request_ms,
							       .timeout_ms = is_endless ? 0 : request_ms, .ops = ops, .ctx = ctx}) : NULL;
	free(body);
	if (!a->req)
		a->at = mono_add(now, span_ms(ETCD_PAUSE_MS));
	e->member[member].n_requests++;
	return a->req;
}

static void note_bad(struct etcd *e, struct member *m, const char *why)
{
	snprintf(m->why, sizeof m->why, "%s", why);
	snprintf(e->why, sizeof e->why, "%s: %s", m->url, why);
	m->n_failures++;
	if (!m->is_bad)
		log_note(EV_NOTICE, "store-member", "%s: good -> bad: %s", m->url, why);
	m->is_bad = true;
}

bool etcd_answered(struct etcd *e, struct asker *a, long status, const char *text, size_t len, const char *why)
{
	struct member *m = &e->member[a->member];
	const mono_t now = plat_now().mono;
	char said[ETCD_WHY_OCT] = "", line[ETCD_WHY_OCT];

	a->req = NULL;
	a->at = mono_add(now, span_ms(ETCD_PAUSE_MS));
	if (status == 200) {
		if (m->is_bad)
			log_note(EV_NOTICE, "store-member", "%s: bad -> good: it answers", m->url);
		m->is_bad = false;
		m->took = mono_sub(now, a->since);
		return true;
	}
	if (status)
		etcd_error_parse(text, len, said, sizeof said);
	if (status && !said[0]) /* a sentence, where something does not reach etcd's own answers */
		snprintf(said, sizeof said, "%.*s", (int)strcspn(text, "\r\n"), text);
	if (status == 401 && e->token[0]) { /* the token's time is over */
		e->token[0] = '\0';
		e->login.at = now;
		return false;
	}
	snprintf(line, sizeof line, "%s", !status ? why : said[0] ? said : "an answer that is none of etcd's");
	note_bad(e, m, line);
	etcd_switch(e, a->member);
	return false;
}

/* --- login ------------------------------------------------------------------------------------------------------- */

static void on_login(void *ctx, long status, const char *text, size_t len, const char *why)
{
	struct etcd *e = ctx;

	if (etcd_answered(e, &e->login, status, text, len, why) && !etcd_auth_parse(text, len, e->token, sizeof e->token))
		note_bad(e, &e->member[e->login.member], "an answer without a token");
	etcd_arm(e);
}

static void login_run(struct etcd *e, mono_t now)
{
	static const struct http_ops ops = {.done = on_login};

	if (!e->conf->user[0] || e->token[0] || e->login.req || !mono_reached(e->login.at, now))
		return;
	(void)etcd_ask(e, &e->login, e->preferred, "/v3/auth/authenticate", etcd_auth_body(e->conf->user, e->password), &ops, e, false);
}

/* --- probe ------------------------------------------------------------------------------------------------------- */

static void no_record(void *ctx, const struct etcd_kv *kv)
{
	uint64_t *rev = ctx;
	*rev = kv->rev;
}

static void is_up(struct etcd *e, uint64_t head_rev, mono_t now)
{
	e->answered = now;
	e->head_rev = head_rev;
	if (head_rev <= e->rev || e->reading == READ_ALL)
		e->behind_since = MONO_NEVER;
	else if (mono_is_never(e->behind_since))
		e->behind_since = now;
	if (e->state != ETCD_UP)
		etcd_tell(e, &(struct shared_event){.what = SHARED_UP});
	e->state = ETCD_UP;
}

static void is_down(struct etcd *e)
{
	char why[sizeof e->why + 100];

	if (e->state == ETCD_DOWN)
		return;
	e->state = ETCD_DOWN;
	snprintf(why, sizeof why, "the managers' store does not answer, or has lost its majority (%s)", e->why);
	etcd_tell(e, &(struct shared_event){.what = SHARED_DOWN, .why = why});
}

static void on_probe(void *ctx, long status, const char *text, size_t len, const char *why)
{
	struct etcd *e = ctx;
	const mono_t now = plat_now().mono;
	uint64_t rev, head_rev = 0;
	bool has_more;

	if (etcd_answered(e, &e->probe, status, text, len, why) && etcd_range_parse(text, len, &rev, &has_more, no_record, &head_rev)) {
		is_up(e, head_rev, now);
		e->probe.at = mono_add(now, e->conf->probe);
	} else if (mono_sub(now, e->answered).ns >= e->conf->give_up.ns)
		is_down(e);
	e->ops.settled(e->ops.ctx);
	etcd_arm(e);
}

static void probe_run(struct etcd *e, mono_t now)
{
	static const struct http_ops ops = {.done = on_probe};

	if (e->probe.req || !mono_reached(e->probe.at, now))
		return;
	if (e->conf->user[0] && !e->token[0]) {
		if (mono_sub(now, e->answered).ns >= e->conf->give_up.ns) {
			is_down(e);
			e->ops.settled(e->ops.ctx);
		}
		e->probe.at = mono_add(now, span_ms(ETCD_PAUSE_MS));
		return;
	}
	(void)etcd_ask(e, &e->probe, e->preferred, "/v3/kv/range", etcd_head_body(e->conf->prefix), &ops, e, false);
}

/* --- the clock --------------------------------------------------------------------------------------------------- */

static mono_t asker_next(const struct asker *a) { return a->req ? MONO_NEVER : a->at; }

void etcd_arm(struct etcd *e)
{
	const bool logs_in = e->conf->user[0] && !e->token[0];
	const mono_t now = plat_now().mono;
	mono_t next = mono_min(mono_min(asker_next(&e->probe), etcd_read_next(e)), etcd_jobs_next(e));

	if (logs_in)
		next = mono_min(next, asker_next(&e->login));
	const int64_t us = mono_is_never(next) ? 60000000 : mono_reached(next, now) ? 0 : mono_sub(next, now).ns / 1000 + 1;
	event_add(e->timer, &(struct timeval){us / 1000000, us % 1000000});
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct etcd *e = ctx;
	const mono_t now = plat_now().mono;

	(void)fd;
	(void)what;
	login_run(e, now);
	probe_run(e, now);
	etcd_read_run(e, now);
	etcd_jobs_run(e, now);
	e->ops.settled(e->ops.ctx);
	etcd_arm(e);
}

/* --- open and close ---------------------------------------------------------------------------------------------- */

static int check_file(const char *name, const char *path, bool is_secret, uint32_t line, struct conf_err *err)
{
	struct stat st;
	int fd = path[0] ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (!path[0])
		return 0;
	if (fd < 0 || fstat(fd, &st)) {
		conf_fail(err, line, "store: %s: %s: %s: put the file there, or name another", name, path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_INVAL;
	}
	close(fd);
	return is_secret && st.st_mode & 077 ? conf_fail(err, line, "store: %s: others may read %s: chmod 600 %s", name, path, path) : 0;
}

int etcd_check(const struct shared_conf *c, uint32_t line, struct conf_err *err)
{
	int rc = check_file("ca", c->ca, false, line, err);

	if (!rc)
		rc = check_file("cert", c->cert, false, line, err);
	if (!rc)
		rc = check_file("key", c->key, true, line, err);
	return rc ? rc : check_file("password-file", c->password_file, true, line, err);
}

/* Its first line. */
static void read_password(struct etcd *e)
{
	int fd = e->conf->password_file[0] ? open(e->conf->password_file, O_RDONLY | O_CLOEXEC) : -1;
	const ssize_t n = fd < 0 ? 0 : read(fd, e->password, sizeof e->password - 1);

	e->password[n > 0 ? n : 0] = '\0';
	e->password[strcspn(e->password, "\r\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

int etcd_open(struct etcd **out, struct event_base *base, int priority, const struct shared_conf *conf, const struct etcd_ops *ops,
	      struct conf_err *err)
{
	struct etcd *e = calloc(1, sizeof *e);
	const struct http_tls tls = {conf->ca, conf->cert, conf->key};
	const mono_t now = plat_now().mono;

	*out = NULL;
	if (e)
		*e = (struct etcd){.conf = conf, .ops = *ops, .n_members = conf->n_endpoint, .answered = now, .behind_since = MONO_NEVER,
				   .why = "it was not asked yet", .probe.at = now, .read.at = now, .login.at = now, .timer = event_new(base, -1, 0, on_timer, e)};
	if (!e || !e->timer || event_priority_set(e->timer, priority) || http_open(&e->http, base, priority, &tls)) {
		etcd_close(e);
		conf_fail(err, 0, "not enough memory");
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < e->n_members; i++)
		e->member[i].url = conf->endpoint[i];
	read_password(e);
	etcd_arm(e);
	*out = e;
	return 0;
}

void etcd_close(struct etcd *e)
{
	if (!e)
		return;
	etcd_jobs_free(e);
	http_close(e->http);
	if (e->timer)
		event_free(e->timer);
	explicit_bzero(e->password, sizeof e->password);
	free(e);
}

/* --- show --------------------------------------------------------------------------------------------------------- */

static void show_member(const struct etcd *e, uint32_t i, struct show *out)
{
	const struct member *m = &e->member[i];

	show_begin(out, "store-member");
	show_str(out, "endpoint", m->url);
	show_str(out, "state", m->is_bad ? "bad" : m->n_requests ? "good" : "not asked");
	show_flag(out, "preferred", i == e->preferred);
	show_flag(out, "read_from", i == e->read.member && e->read.req);
	show_u64(out, "requests", m->n_requests);
	show_u64(out, "failures", m->n_failures);
	show_real(out, "last_answer_ms", (double)m->took.ns / 1e6);
	if (m->is_bad)
		show_str(out, "why", m->why);
	show_end(out);
}

void etcd_show(const struct etcd *e, struct show *out)
{
	static const char *const states[] = {"unknown", "up", "down"};
	const mono_t now = plat_now().mono;

	show_begin(out, "store");
	show_str(out, "kind", "etcd");
	show_str(out, "state", states[e->state]);
	show_str(out, "reading", e->reading == READ_ALL ? "all" : "changes");
	show_u64(out, "revision", e->rev);
	show_u64(out, "last_change", e->head_rev);
	show_real(out, "lag", mono_is_never(e->behind_since) ? 0 : (double)mono_sub(now, e->behind_since).ns / 1e9);
	show_real(out, "answered_ago", (double)mono_sub(now, e->answered).ns / 1e9);
	show_u64(out, "transactions", e->n_transactions);
	show_u64(out, "transactions_open", e->n_waiting + e->n_flying);
	show_u64(out, "asked_again", e->n_again);
	show_u64(out, "read_again", e->n_read_again);
	show_u64(out, "compacted", e->n_compacted);
	show_u64(out, "switches", e->n_switches);
	show_end(out);
	for (uint32_t i = 0; i < e->n_members; i++)
		show_member(e, i, out);
}
