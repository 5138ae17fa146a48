/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * H-9: averages of signals and the decision to move, against recorded signals. Each trace in traces/ says at its head, in
 * terms of what happened on the way, when the mobile has to move and where; the samples follow.
 *
 *	policy NAME NUMBER ...     as in the configuration
 *	weight FACTOR DB           cell NAME FACTOR VALUE
 *	start CELL                 expect FROM_MS TO_MS CELL (in order, and no other)
 *	ping-pongs N               returns to the cell left less than 5 s before
 *	unknown-from MS            from then on the policy does not know the present cell's signal
 *	contrast NAME NUMBER ... ping-pongs-at-least N   the same samples under another policy
 *	MS CELL DBM CELL DBM ...
 */
#include <stdio.h>

#include "../kit/kit.h"

#include "core/motion/signal.h"
#include "role/mn/policy.h"

enum { CELLS = 4, EXPECTS = 8, ROWS = 1024, PING_PONG_MS = 5000 };

struct setup { struct policy p; uint32_t window; span_t age; };
struct row { int64_t ms; int n; int cell[CELLS], dbm[CELLS]; };

struct trace {
	struct setup s, contrast;
	bool has_contrast;
	unsigned contrast_min, ping_pongs;
	int32_t factor[CELLS][FACTOR_N];
	int start, n_expect, n_row;
	int64_t unknown_from;
	struct { int64_t from, to; int cell; } expect[EXPECTS];
	struct row row[ROWS];
};

struct outcome { int n; struct { int64_t ms; int cell; } move[ROWS]; unsigned ping_pongs; int64_t unknown_at; };

static enum policy_factor factor_of(const char *name)
{
	static const char *const names[FACTOR_N] = {"bandwidth", "load", "delay", "cost", "location", "services"};
	for (int i = 0; i < FACTOR_N; i++)
		if (strcmp(names[i], name) == 0)
			return (enum policy_factor)i;
	fail_msg("factor %s", name);
	return FACTOR_N;
}

static int cell_of(const char *s)
{
	int c = s[0] - 'A';
	assert_true(c >= 0 && c < CELLS && !s[1]);
	return c;
}

static void set(struct setup *s, const char *name, int v)
{
	if (!strcmp(name, "threshold"))
		s->p.threshold_cdbm = -100 * v;
	else if (!strcmp(name, "floor"))
		s->p.floor_cdbm = -100 * v;
	else if (!strcmp(name, "hysteresis"))
		s->p.hysteresis_cdb = 100 * v;
	else if (!strcmp(name, "min-stay"))
		s->p.min_stay = span_ms(v);
	else if (!strcmp(name, "window"))
		s->window = (uint32_t)v;
	else if (!strcmp(name, "age"))
		s->age = span_ms(v);
	else
		fail_msg("policy %s", name);
}

static void settings(struct trace *t, struct setup *s)
{
	char *name;
	while ((name = strtok(NULL, " ")) != NULL) {
		int v = atoi(strtok(NULL, " "));
		if (!strcmp(name, "ping-pongs-at-least"))
			t->contrast_min = (unsigned)v;
		else
			set(s, name, v);
	}
}

static void samples(struct trace *t, const char *ms)
{
	struct row *r = &t->row[t->n_row++];
	assert_true(t->n_row < ROWS);
	r->ms = atoll(ms);
	for (char *c; (c = strtok(NULL, " ")) != NULL; r->n++) {
		r->cell[r->n] = cell_of(c);
		r->dbm[r->n] = atoi(strtok(NULL, " "));
	}
}

static void line(struct trace *t, char *s)
{
	char *w = strtok(s, " ");
	if (!w || *w == '#')
		return;
	if (!strcmp(w, "policy")) {
		settings(t, &t->s);
	} else if (!strcmp(w, "contrast")) {
		t->contrast = t->s;
		t->has_contrast = true;
		settings(t, &t->contrast);
	} else if (!strcmp(w, "weight")) {
		enum policy_factor f = factor_of(strtok(NULL, " "));
		t->s.p.weight_db[f] = (uint32_t)atoi(strtok(NULL, " "));
	} else if (!strcmp(w, "cell")) {
		int c = cell_of(strtok(NULL, " "));
		enum policy_factor f = factor_of(strtok(NULL, " "));
		t->factor[c][f] = atoi(strtok(NULL, " "));
	} else if (!strcmp(w, "start")) {
		t->start = cell_of(strtok(NULL, " "));
	} else if (!strcmp(w, "ping-pongs")) {
		t->ping_pongs = (unsigned)atoi(strtok(NULL, " "));
	} else if (!strcmp(w, "unknown-from")) {
		t->unknown_from = atoll(strtok(NULL, " "));
	} else if (!strcmp(w, "expect")) {
		int64_t from = atoll(strtok(NULL, " "));
		int64_t to = atoll(strtok(NULL, " "));
		t->expect[t->n_expect].from = from;
		t->expect[t->n_expect].to = to;
		t->expect[t->n_expect++].cell = cell_of(strtok(NULL, " "));
	} else {
		samples(t, w);
	}
}

static void load(struct trace *t, const char *name)
{
	char path[512], buf[512];
	memset(t, 0, sizeof *t);
	memset(t->factor, 0xff, sizeof t->factor);
	snprintf(path, sizeof path, "%s/%s.trace", TRACE_DIR, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(buf, sizeof buf, f)) {
		buf[strcspn(buf, "\n")] = 0;
		line(t, buf);
	}
	fclose(f);
	assert_true(t->n_row > 10);
}

/* What a mobile with this setup would do. */
static void play(const struct trace *t, const struct setup *s, struct outcome *o)
{
	static struct signal_avg avg[CELLS];
	int here = t->start, before = -1;
	int64_t moved = -1000000, left_before = -1000000;
	memset(avg, 0, sizeof avg);
	memset(o, 0, sizeof *o);
	for (int i = 0; i < t->n_row; i++) {
		const struct row *r = &t->row[i];
		mono_t now = {r->ms * NS_PER_MS};
		struct policy_cand cand[CELLS] = {0};
		for (int k = 0; k < r->n; k++)
			signal_add(&avg[r->cell[k]], r->dbm[k], now);
		for (int c = 0; c < CELLS; c++) {
			cand[c].has_signal = signal_mean(&avg[c], s->window, s->age, now, &cand[c].mean_cdbm);
			memcpy(cand[c].factor, t->factor[c], sizeof cand[c].factor);
		}
		struct policy_choice ch = policy_choose(&s->p, cand, CELLS, here, span_ms(r->ms - moved));
		if (ch.why == POLICY_NO_SIGNAL && !o->unknown_at)
			o->unknown_at = r->ms;
		if (ch.index < 0)
			continue;
		o->ping_pongs += ch.index == before && r->ms - left_before < PING_PONG_MS;
		before = here;
		left_before = moved = r->ms;
		here = ch.index;
		o->move[o->n].ms = r->ms;
		o->move[o->n++].cell = here;
	}
}

static void check(const char *name)
{
	static struct trace t;
	static struct outcome o;
	load(&t, name);
	play(&t, &t.s, &o);
	for (int i = 0; i < o.n && i < t.n_expect; i++) {
		if (o.move[i].cell != t.expect[i].cell || o.move[i].ms < t.expect[i].from || o.move[i].ms > t.expect[i].to)
			fail_msg("%s: move %d to %c at %lld ms, expected %c between %lld and %lld", name, i, 'A' + o.move[i].cell,
				 (long long)o.move[i].ms, 'A' + t.expect[i].cell, (long long)t.expect[i].from,
				 (long long)t.expect[i].to);
	}
	assert_int_equal(o.n, t.n_expect);
	assert_int_equal(o.ping_pongs, t.ping_pongs);
	if (t.unknown_from)
		assert_int_equal(o.unknown_at, t.unknown_from);
	if (!t.has_contrast)
		return;
	play(&t, &t.contrast, &o);
	assert_true(o.ping_pongs >= t.contrast_min);
}

#define TRACE(name) static void trace_##name(void **state) { (void)state; check(#name); }
TRACE(walk) TRACE(train) TRACE(border) TRACE(corner) TRACE(strong) TRACE(load) TRACE(cost) TRACE(vanish)

static void mean_is_of_the_newest_fresh_samples(void **state)
{
	(void)state;
	struct signal_avg s = {0};
	int32_t v;
	assert_false(signal_mean(&s, 4, span_ms(1000), (mono_t){0}, &v));
	for (int i = 0; i < 40; i++) /* more than the ring holds */
		signal_add(&s, -40 - i, (mono_t){i * 100 * NS_PER_MS});
	mono_t now = {3900 * NS_PER_MS};
	assert_true(signal_mean(&s, 4, span_ms(1000), now, &v));
	assert_int_equal(v, -7750); /* -76 to -79 */
	assert_true(signal_mean(&s, 32, span_ms(250), now, &v));
	assert_int_equal(v, -7800); /* -77 to -79: no older than 250 ms */
	assert_true(signal_last(&s, span_ms(0), now, &v));
	assert_int_equal(v, -79);
	now.ns += 251 * NS_PER_MS;
	assert_false(signal_mean(&s, 32, span_ms(250), now, &v));
	assert_false(signal_last(&s, span_ms(250), now, &v));
}

static void factors_weigh_as_configured(void **state)
{
	(void)state;
	struct policy p = {0};
	struct policy_cand a = {.has_signal = true, .mean_cdbm = -7000}, b = a;
	memset(a.factor, 0xff, sizeof a.factor);
	memcpy(b.factor, a.factor, sizeof b.factor);
	for (int f = 0; f < FACTOR_N; f++)
		p.weight_db[f] = 10;
	assert_int_equal(policy_gain(&p, &a, &b), 0);
	b.factor[FACTOR_LOAD] = 0; /* known of one only */
	assert_int_equal(policy_gain(&p, &a, &b), 0);
	a.factor[FACTOR_LOAD] = 1000;
	assert_int_equal(policy_gain(&p, &a, &b), 1000);
	assert_int_equal(policy_gain(&p, &b, &a), -1000);
	a.factor[FACTOR_LOAD] = b.factor[FACTOR_LOAD];
	a.factor[FACTOR_BANDWIDTH] = 1024;
	b.factor[FACTOR_BANDWIDTH] = 1 << 15; /* half of the ten doublings */
	assert_int_equal(policy_gain(&p, &a, &b), 500);
	b.factor[FACTOR_BANDWIDTH] = 2000000000;
	assert_int_equal(policy_gain(&p, &a, &b), 1000);
	a.factor[FACTOR_DELAY] = 20;
	b.factor[FACTOR_DELAY] = 500;
	assert_int_equal(policy_gain(&p, &a, &b), 200);
	a.factor[FACTOR_LOCATION] = 0;
	b.factor[FACTOR_LOCATION] = 100;
	a.factor[FACTOR_SERVICES] = 100;
	b.factor[FACTOR_SERVICES] = 50;
	assert_int_equal(policy_gain(&p, &a, &b), 700);
}

static void a_lost_router_takes_the_best(void **state)
{
	(void)state;
	struct policy p = {.threshold_cdbm = -7000, .hysteresis_cdb = 400, .min_stay = span_s(10)};
	struct policy_cand c[3] = {{.has_signal = true, .mean_cdbm = -9000}, {.has_signal = false, .mean_cdbm = 0},
				   {.has_signal = true, .mean_cdbm = -8000}};
	for (int i = 0; i < 3; i++)
		memset(c[i].factor, 0xff, sizeof c[i].factor);
	struct policy_choice ch = policy_choose(&p, c, 3, -1, span_ms(0));
	assert_int_equal(ch.index, 2);
	assert_int_equal(ch.why, POLICY_LOST);
	assert_int_equal(policy_choose(&p, c, 0, -1, span_ms(0)).index, -1);
	/* min-stay holds it back at -80, not below the floor */
	p.floor_cdbm = -8500;
	assert_int_equal(policy_choose(&p, c, 3, 0, span_ms(0)).index, 2);
	p.floor_cdbm = -9500;
	assert_int_equal(policy_choose(&p, c, 3, 0, span_ms(0)).why, POLICY_TOO_SOON);
	assert_int_equal(policy_choose(&p, c, 3, 0, span_s(10)).index, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trace_walk), cmocka_unit_test(trace_train), cmocka_unit_test(trace_border),
		cmocka_unit_test(trace_corner), cmocka_unit_test(trace_strong), cmocka_unit_test(trace_load),
		cmocka_unit_test(trace_cost), cmocka_unit_test(trace_vanish),
		cmocka_unit_test(mean_is_of_the_newest_fresh_samples),
		cmocka_unit_test(factors_weigh_as_configured),
		cmocka_unit_test(a_lost_router_takes_the_best),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
