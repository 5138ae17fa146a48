/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/swarm/swarm.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "role/mn/mn.h"
#include "sim/net/fwd.h"
#include "sim/net/pkt.h"
#include "sim/swarm/swarm_i.h"

enum { CODA_MOVES = 4, STAY_MS_MIN = 100, STAY_MS_SPREAD = 4000, DOWN_MS_SPREAD = 5000, LOSS_PPM_MAX = 200000, DUP_PPM_MAX = 50000 };

/* What is judged: two seconds, once everything had time to settle. */
static const int64_t JUDGED_NS = 2 * NS_PER_S, LAST_FLIGHT_NS = NS_PER_S;
static const int64_t LEFT_NS = 38 * NS_PER_S, CODA_INTERVAL_NS = 2 * NS_PER_MS;
static const int64_t MOVE_OUTAGE_NS = 20 * NS_PER_MS; /* of `move` */
static const int64_t CODA_WARM_NS = 4 * NS_PER_S, CODA_STAY_NS = 1500 * NS_PER_MS, CODA_OVERLAP_NS = 500 * NS_PER_MS;

bool swarm_list_of(struct swarm_list *l, char *text)
{
	for (char *save, *p = strtok_r(text, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (l->n == SWARM_LIST_MAX)
			return false;
		snprintf(l->name[l->n++], sizeof l->name[0], "%s", p);
	}
	return true;
}

bool swarm_line(struct script *sc, const struct words *w)
{
	struct swarm_conf *c = &sc->swarm;
	const char *what = w->n > 1 ? w->w[1] : "";
	bool ok = false;
	if (strcmp(what, "mobile") == 0 && w->n == 5 && c->n_mobile < SWARM_MOBILES_MAX) {
		struct swarm_mobile *m = &c->mobile[c->n_mobile++];
		snprintf(m->node, sizeof m->node, "%s", w->w[2]);
		ok = swarm_list_of(&m->nics, w->w[3]) && swarm_list_of(&m->cells, w->w[4]);
	} else if (strcmp(what, "guest") == 0) {
		ok = swarm_guest_line(c, w);
	} else if (strcmp(what, "record") == 0) {
		ok = swarm_record_line(c, w);
	} else if (strcmp(what, "restart") == 0 && w->n == 3) {
		ok = swarm_list_of(&c->restart, w->w[2]);
	} else if (strcmp(what, "group") == 0 && w->n == 4) {
		c->is_unsplit = strcmp(w->w[3], "unsplit") == 0;
		ok = (c->is_unsplit || strcmp(w->w[3], "split") == 0) && swarm_list_of(&c->groups, w->w[2]);
	} else if (strcmp(what, "link") == 0 && w->n == 3) {
		ok = swarm_list_of(&c->links, w->w[2]);
	} else if (strcmp(what, "faults") == 0 && w->n == 4) {
		ok = time_of(w->w[2], &c->from_ns) && time_of(w->w[3], &c->to_ns);
	} else if (strcmp(what, "remains") == 0 && w->n == 3) {
		ok = time_of(w->w[2], &c->remains_ns);
	} else if (strcmp(what, "gone") == 0 && w->n == 3) {
		ok = snprintf(c->gone, sizeof c->gone, "%s", w->w[2]) > 0;
	} else if (strcmp(what, "coda") == 0) {
		ok = c->has_coda = true;
	} else if (strcmp(what, "handovers") == 0 && w->n == 3) {
		ok = (c->handovers = (uint32_t)strtoul(w->w[2], NULL, 10)) > 0;
	} else if (strcmp(what, "settle") == 0 && w->n == 3) {
		ok = time_of(w->w[2], &c->settle_ns);
	}
	return ok || script_fail(sc, "swarm: this line makes no sense");
}

void swarm_at(struct script *sc, int64_t at, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	script_at(sc, at, text);
}

static const char *pick(struct prng *p, const struct swarm_list *l) { return l->name[swarm_draw(p, l->n)]; }

/* One radio: from cell to cell with a break. */
static void move_single(struct script *sc, struct prng *p, const struct swarm_mobile *m, int64_t at)
{
	if (swarm_draw(p, 6) == 0)
		swarm_at(sc, at, "roam %s.%s %s", m->node, m->nics.name[0], pick(p, &m->cells));
	else
		swarm_at(sc, at, "move %s.%s %s outage %ums", m->node, m->nics.name[0], pick(p, &m->cells), swarm_draw(p, 100));
}

/* Two radios: the other one attaches first, the first leaves later; sometimes the order is broken. */
static void move_double(struct script *sc, struct prng *p, const struct swarm_mobile *m, int64_t at, uint32_t turn)
{
	const char *old = m->nics.name[turn % m->nics.n], *new = m->nics.name[(turn + 1) % m->nics.n];
	int64_t overlap_ms = swarm_draw(p, 5) ? 250 + swarm_draw(p, 500) : -(int64_t)swarm_draw(p, 100);
	swarm_at(sc, at, "attach %s.%s %s", m->node, new, pick(p, &m->cells));
	swarm_at(sc, at + overlap_ms * NS_PER_MS, "detach %s.%s", m->node, old);
}

static void plan_mobile(struct script *sc, struct prng *p, const struct swarm_mobile *m)
{
	const struct swarm_conf *c = &sc->swarm;
	uint32_t turn = 0;
	for (int64_t at = c->from_ns; at < c->to_ns; turn++) {
		if (m->nics.n == 1)
			move_single(sc, p, m, at);
		else
			move_double(sc, p, m, at, turn);
		at += (STAY_MS_MIN + (int64_t)swarm_draw(p, STAY_MS_SPREAD)) * NS_PER_MS;
	}
	if (strcmp(m->node, c->gone) == 0) {
		swarm_at(sc, c->to_ns + NS_PER_S, "power-off %s", m->node);
		for (uint32_t i = 0; i < m->nics.n; i++)
			swarm_at(sc, c->to_ns + NS_PER_S, "detach %s.%s", m->node, m->nics.name[i]);
		return;
	}
	/* In the end it stays in one cell. */
	for (uint32_t i = 1; i < m->nics.n; i++)
		swarm_at(sc, c->to_ns + NS_PER_S, "detach %s.%s", m->node, m->nics.name[i]);
	swarm_at(sc, c->to_ns + NS_PER_S, "attach %s.%s %s", m->node, m->nics.name[0], pick(p, &m->cells));
}

static void plan_restarts(struct script *sc, struct prng *p)
{
	static const char *const how[] = {"kill", "kill", "stop", "power-off"};
	const struct swarm_conf *c = &sc->swarm;
	for (uint32_t i = 0; i < c->restart.n; i++) {
		for (int64_t at = c->from_ns; (at += (1 + (int64_t)swarm_draw(p, 20)) * NS_PER_S) < c->to_ns;) {
			int64_t down_ms = swarm_draw(p, DOWN_MS_SPREAD);
			swarm_at(sc, at, "%s %s", how[swarm_draw(p, 4)], c->restart.name[i]);
			at += down_ms * NS_PER_MS;
			swarm_at(sc, at < c->to_ns ? at : c->to_ns, "start %s", c->restart.name[i]);
		}
	}
}

static void plan_links(struct script *sc, struct prng *p)
{
	const struct swarm_conf *c = &sc->swarm;
	for (uint32_t i = 0; i < c->links.n; i++) {
		const char *l = c->links.name[i];
		double loss = swarm_draw(p, 2) ? swarm_draw(p, LOSS_PPM_MAX) / 1e4 : 0, dup = swarm_draw(p, 2) ? swarm_draw(p, DUP_PPM_MAX) / 1e4 : 0;
		swarm_at(sc, c->from_ns, "set %s loss %.2f%% dup %.2f%% reorder %u%% reorder-by %ums", l, loss, dup, swarm_draw(p, 6), 1 + swarm_draw(p, 20));
		if (swarm_draw(p, 3) == 0) {
			int64_t at = c->from_ns + swarm_draw(p, 1000) * (c->to_ns - c->from_ns) / 1000;
			swarm_at(sc, at, "cut %s", l);
			swarm_at(sc, at + (int64_t)swarm_draw(p, DOWN_MS_SPREAD) * NS_PER_MS, "mend %s", l);
		}
		swarm_at(sc, c->to_ns, "mend %s", l);
		swarm_at(sc, c->to_ns, "set %s loss 0%% dup 0%% reorder 0%%", l);
	}
}

static void expect(struct script *sc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void expect(struct script *sc, const char *fmt, ...)
{
	struct expectation *e = sim_alloc(sizeof *e);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	snprintf(e->place, sizeof e->place, "swarm seed %llu", (unsigned long long)sc->sim.seed);
	*sc->expect_end = e;
	sc->expect_end = &e->next;
}

static long long ms(int64_t ns) { return (long long)(ns / NS_PER_MS); }

/* Long before lifetimes end: every site but the present one has been left (a de-registration is sent until it is answered). */
static void on_left(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)obj;
	(void)arg;
	(void)tag;
	remains_left(s);
}

static void on_remains(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)obj;
	(void)arg;
	(void)tag;
	remains(s);
}

static int64_t plan_judgement(struct script *sc)
{
	const struct swarm_conf *c = &sc->swarm;
	int64_t judged = c->to_ns + NS_PER_S + c->settle_ns, end = judged + JUDGED_NS + LAST_FLIGHT_NS;
	for (struct flow *f = sc->watch.flows; f; f = f->next) {
		if (strcmp(f->from->name, c->gone) != 0 && strcmp(f->to->name, c->gone) != 0)
			expect(sc, "flow %s lost == 0 between %lldms %lldms", f->name, ms(judged), ms(judged + JUDGED_NS));
		if (c->remains_ns)
			f->stop_ns = judged + JUDGED_NS;
	}
	if (!c->remains_ns)
		return end;
	sim_at(&sc->sim, c->to_ns + NS_PER_S + LEFT_NS, on_left, NULL, NULL, 0);
	sim_at(&sc->sim, end + c->remains_ns, on_remains, NULL, NULL, 0);
	return end + c->remains_ns;
}

/* Cells of the area where the mobile is in the end, that one first. */
static uint32_t cells_around(struct script *sc, const struct swarm_mobile *m, struct link *out[static SWARM_LIST_MAX])
{
	const struct node *n = node_find(&sc->sim, m->node);
	const struct nic *nic = n ? node_nic_named(n, m->nics.name[0]) : NULL;
	uint32_t count = 0;
	if (!nic || !nic->link || watch_is_home(nic->link, n))
		return 0;
	out[count++] = nic->link;
	for (uint32_t i = 0; i < m->cells.n; i++) {
		struct link *l = link_find(&sc->sim, m->cells.name[i]);
		if (l && l != nic->link && strcmp(l->site, nic->link->site) == 0 && !watch_is_home(l, n))
			out[count++] = l;
	}
	return count;
}

/* An agent serves this cell? In a site without one a handover is a registration. */
static bool has_agent(struct script *sc, const struct swarm_mobile *m)
{
	const struct node *n = node_find(&sc->sim, m->node);
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (op->table == DP_DOWNLINK_IN && addr_is_group(&op->downlink_in.dst))
			return true;
	return false;
}

/* A mobile that registers with correspondent nodes itself does so from each link: that is what `own` asks for. */
static bool tells_peers_itself(struct script *sc, const struct swarm_mobile *m)
{
	const struct node *n = node_find(&sc->sim, m->node);
	for (uint32_t i = 0; n && i < n->n_roles; i++)
		if (n->roles[i].ops->id == ROLE_MN && n->roles[i].conf)
			return ((const struct mn_conf *)n->roles[i].conf)->route_optimisation == MN_RO_OWN;
	return false;
}

static void coda_of(struct script *sc, const struct swarm_mobile *m)
{
	struct link *cell[SWARM_LIST_MAX];
	uint32_t n = cells_around(sc, m, cell);
	int64_t at = sc->sim.t_ns + CODA_WARM_NS;
	if (n < 2 || !has_agent(sc, m))
		return;
	for (uint32_t i = 1; i <= CODA_MOVES; i++, at += CODA_STAY_NS) {
		const char *to = cell[i % n]->name;
		int64_t on_us = (at + (m->nics.n == 1 ? MOVE_OUTAGE_NS : 0)) / 1000;
		/* The membership is reported at once, and again: three times in 45 ms. */
		expect(sc, "said %s>*:join >= 1 between %lldus %lldus", m->node, (long long)on_us, (long long)on_us + 50);
		expect(sc, "said %s>*:join >= 3 between %lldus %lldus", m->node, (long long)on_us, (long long)on_us + 45000);
		if (m->nics.n == 1) {
			swarm_at(sc, at, "move %s.%s %s", m->node, m->nics.name[0], to);
			continue;
		}
		swarm_at(sc, at, "attach %s.%s %s", m->node, m->nics.name[i % m->nics.n], to);
		swarm_at(sc, at + CODA_OVERLAP_NS, "detach %s.%s", m->node, m->nics.name[(i + m->nics.n - 1) % m->nics.n]);
	}
	if (!tells_peers_itself(sc, m))
		expect(sc, "mh %s registrations == 0 between %lldms %lldms", m->node, ms(sc->sim.t_ns + CODA_WARM_NS), ms(at));
	for (struct flow *f = sc->watch.flows; f; f = f->next)
		if (m->nics.n > 1 && strcmp(f->to->name, m->node) == 0 && !f->from->is_mobile) {
			f->interval_ns = CODA_INTERVAL_NS;
			expect(sc, "flow %s lost == 0 between %lldms %lldms", f->name, ms(sc->sim.t_ns + CODA_WARM_NS), ms(at));
		}
	for (struct flow *f = sc->watch.flows; f; f = f->next)
		if (strcmp(f->to->name, m->node) == 0)
			expect(sc, "flow %s doubled == 0 between %lldms %lldms", f->name, ms(sc->sim.t_ns + CODA_WARM_NS), ms(at));
}

static void on_coda(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct script *sc = obj;
	(void)arg;
	(void)tag;
	for (struct flow *f = sc->watch.flows; f; f = f->next) {
		f->stop_ns = sc->end_ns - LAST_FLIGHT_NS;
		flow_start(f, s->t_ns);
	}
	for (uint32_t i = 0; i < sc->swarm.n_mobile; i++)
		coda_of(sc, &sc->swarm.mobile[i]);
}

bool swarm_plan(struct script *sc)
{
	struct prng p;
	if (sc->swarm.to_ns <= sc->swarm.from_ns)
		return script_fail(sc, "the scenario has no line `swarm faults FROM TO`");
	prng_seed(&p, sim_subseed(&sc->sim, "swarm"));
	plan_links(sc, &p);
	for (uint32_t i = 0; i < sc->swarm.n_mobile; i++)
		plan_mobile(sc, &p, &sc->swarm.mobile[i]);
	plan_restarts(sc, &p);
	swarm_plan_groups(sc, &p);
	swarm_plan_cast(sc, &p);
	sc->end_ns = plan_judgement(sc);
	if (sc->swarm.has_coda) {
		sim_at(&sc->sim, sc->end_ns, on_coda, sc, NULL, 0);
		sc->end_ns += CODA_WARM_NS + CODA_MOVES * CODA_STAY_NS + LAST_FLIGHT_NS;
	}
	return !*sc->err;
}

bool swarm_run(struct script *sc)
{
	if (!swarm_plan(sc) || !script_run(sc))
		return false;
	if (sc->watch.n_handovers < sc->swarm.handovers)
		return script_fail(sc, "seed %llu: only %llu handovers", (unsigned long long)sc->sim.seed,
				   (unsigned long long)sc->watch.n_handovers);
	return true;
}
