/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading: all records once, then every change. */
#include <stdio.h>
#include <string.h>

#include "daemon/etcd/etcd_i.h"
#include "daemon/log.h"
#include "plat/plat.h"

enum { PAGE = 500 };

static void give(void *ctx, const struct etcd_kv *kv)
{
	struct etcd *e = ctx;
	const size_t skip = strlen(e->conf->prefix);

	if (kv->key_len_oct <= skip)
		return;
	etcd_tell(e, &(struct shared_event){.what = SHARED_RECORD, .rev = kv->rev, .key = kv->key + skip, .key_len_oct = kv->key_len_oct - skip,
					    .val = kv->val, .val_len_oct = kv->val_len_oct});
	if (e->reading == READ_ALL)
		snprintf(e->after, sizeof e->after, "%.*s", (int)kv->key_len_oct, kv->key);
}

static void synced(struct etcd *e, uint64_t rev)
{
	e->rev = rev;
	if (rev >= e->head_rev)
		e->behind_since = MONO_NEVER;
	etcd_tell(e, &(struct shared_event){.what = SHARED_SYNCED, .rev = rev});
}

static void begin_anew(struct etcd *e)
{
	e->reading = READ_ALL;
	e->range_rev = 0;
	e->after[0] = '\0';
}

/* --- all ------------------------------------------------------------------------------------------------------- */

static void on_page(void *ctx, long status, const char *text, size_t len, const char *why)
{
	struct etcd *e = ctx;
	uint64_t rev;
	bool has_more;

	if (!etcd_answered(e, &e->read, status, text, len, why)) {
		if (status == 400) /* forgotten while we read */
			begin_anew(e);
		e->n_read_again++;
		e->read.member = (e->read.member + 1) % e->n_members;
	} else if (etcd_range_parse(text, len, &rev, &has_more, give, e)) {
		e->range_rev = e->range_rev ? e->range_rev : rev;
		e->read.at = plat_now().mono;
		if (!has_more) {
			e->reading = READ_CHANGES;
			synced(e, e->range_rev);
		}
	}
	e->ops.settled(e->ops.ctx);
	etcd_arm(e);
}

static void read_all(struct etcd *e)
{
	static const struct http_ops ops = {.done = on_page};

	if (!e->range_rev)
		etcd_tell(e, &(struct shared_event){.what = SHARED_BEGIN});
	char *body = etcd_range_body(e->conf->prefix, e->after[0] ? e->after : NULL, PAGE, e->range_rev);
	(void)etcd_ask(e, &e->read, e->read.member, "/v3/kv/range", body, &ops, e, false);
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

void etcd_read_lost(struct etcd *e, const char *why)
{
	log_note(EV_NOTICE, "store-switched", "changes of the managers' store: %s -> %s: %s", e->member[e->read.member].url,
		 e->member[(e->read.member + 1) % e->n_members].url, why);
	http_cancel(e->read.req);
	e->read.req = NULL;
	e->n_read_again++;
	e->read.member = (e->read.member + 1) % e->n_members;
	e->read.at = mono_add(plat_now().mono, span_ms(ETCD_PAUSE_MS));
}

/* One message of the stream. False: it has ended. */
static bool take_message(struct etcd *e, const char *text, size_t len)
{
	struct etcd_watch w;

	if (!etcd_watch_parse(text, len, &w, give, e))
		return true;
	e->is_created |= w.is_created;
	if (w.rev > e->rev)
		synced(e, w.rev);
	if (!w.is_cancelled)
		return true;
	if (w.compact_rev > e->rev) {
		log_note(EV_NOTICE, "store-compacted", "the managers' store has forgotten what was before revision %llu: everything is read anew",
			 (unsigned long long)w.compact_rev);
		e->n_compacted++;
		begin_anew(e);
	}
	etcd_read_lost(e, w.why[0] ? w.why : "the member ended it");
	return false;
}

static size_t on_stream(void *ctx, const char *text, size_t len)
{
	struct etcd *e = ctx;
	size_t taken = 0;
	const char *end;
	bool goes_on = true;

	while (goes_on && (end = memchr(text + taken, '\n', len - taken)) != NULL) {
		const size_t n = (size_t)(end - text) - taken;
		goes_on = take_message(e, text + taken, n);
		taken += n + 1;
	}
	e->ops.settled(e->ops.ctx);
	etcd_arm(e);
	return taken;
}

static void on_stream_end(void *ctx, long status, const char *text, size_t len, const char *why)
{
	struct etcd *e = ctx;

	(void)etcd_answered(e, &e->read, status == 200 ? 0 : status, text, len, status == 200 ? "the member ended the stream of changes" : why);
	etcd_read_lost(e, e->member[e->read.member].why);
	etcd_arm(e);
}

static void read_changes(struct etcd *e)
{
	static const struct http_ops ops = {.data = on_stream, .done = on_stream_end};

	e->is_created = false;
	(void)etcd_ask(e, &e->read, e->read.member, "/v3/watch", etcd_watch_body(e->conf->prefix, e->rev + 1), &ops, e, true);
}

/* --- when ----------------------------------------------------------------------------------------------------------- */

/* A member that takes the question and says nothing, or does not hear of changes itself. */
static mono_t patience(const struct etcd *e)
{
	if (!e->read.req || e->reading == READ_ALL)
		return MONO_NEVER;
	if (!e->is_created)
		return mono_add(e->read.since, e->conf->request);
	return mono_is_never(e->behind_since) ? MONO_NEVER : mono_add(mono_max(e->behind_since, e->read.since), e->conf->request);
}

void etcd_read_run(struct etcd *e, mono_t now)
{
	if (mono_reached(patience(e), now))
		etcd_read_lost(e, e->is_created ? "it does not tell of changes that the cluster has" : "it says nothing");
	if (e->read.req || !mono_reached(e->read.at, now) || (e->conf->user[0] && !e->token[0]))
		return;
	if (e->reading == READ_ALL)
		read_all(e);
	else
		read_changes(e);
}

mono_t etcd_read_next(const struct etcd *e)
{
	if (e->read.req)
		return patience(e);
	return e->conf->user[0] && !e->token[0] ? MONO_NEVER : e->read.at;
}
