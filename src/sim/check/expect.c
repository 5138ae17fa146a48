/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations: SUBJECT OPERATOR NUMBER [between T T]. A subject is a few words that give a number; where
 * the thing is in doubt it is counted from frames and deliveries, not asked of an engine.
 */
#include <stdlib.h>

#include "sim/net/fwd.h"
#include "sim/net/neigh.h"
#include "sim/proc.h"
#include "sim/script/script.h"
#include "wire/mip6/mh.h"

struct asked {
	struct script *sc;
	const struct words *w;
	uint32_t n;               /* words of the subject */
	int64_t a_ns, b_ns;
	const char *wrong;        /* the subject makes no sense: why */
};

static const char *word(const struct asked *q, uint32_t i) { return i < q->n ? q->w->w[i] : ""; }

static double wrong(struct asked *q, const char *why)
{
	q->wrong = why;
	return 0;
}

static struct node *node_at(struct asked *q, uint32_t i)
{
	struct node *n = node_find(&q->sc->sim, word(q, i));
	if (!n)
		q->wrong = "no such node";
	return n;
}

/* flow NAME sent|received|lost|doubled|reordered|gap-ms, flow NAME via NODE */
static double on_flow(struct asked *q)
{
	const struct flow *f = flow_find(&q->sc->sim, word(q, 1));
	const char *what = word(q, 2);
	if (!f)
		return wrong(q, "no such flow");
	if (strcmp(what, "via") == 0) {
		const struct node *n = node_at(q, 3);
		return n ? (double)flow_via(f, n, q->a_ns, q->b_ns) : 0;
	}
	struct flow_stats st = flow_stats(f, q->a_ns, q->b_ns);
	return strcmp(what, "sent") == 0 ? (double)st.sent
		: strcmp(what, "received") == 0 ? (double)st.received
		: strcmp(what, "lost") == 0 ? (double)st.lost
		: strcmp(what, "doubled") == 0 ? (double)st.doubled
		: strcmp(what, "reordered") == 0 ? (double)st.reordered
		: strcmp(what, "gap-ms") == 0 ? st.gap_ms : wrong(q, "flow NAME sent|received|lost|doubled|reordered|gap-ms");
}

static bool is_of(const struct node *n, const struct said *m)
{
	if (m->origin == n->number)
		return true;
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (addr6_eq(&n->addrs[i].addr, &m->dst) || addr6_eq(&n->addrs[i].addr, &m->src))
			return true;
	return false;
}

/* mh NODE all|caused|refresh|bu|ba|registrations: Mobility Header messages to or from the node; caused: without refreshes due;
 * registrations: updates that it sent itself, refreshes aside. */
static double on_mh(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	const char *what = word(q, 2);
	double count = 0;
	if (!n)
		return 0;
	for (const struct said *m = q->sc->watch.said; m; m = m->next) {
		if (m->is_v4 || m->t_ns < q->a_ns || m->t_ns >= q->b_ns || !is_of(n, m))
			continue;
		count += strcmp(what, "all") == 0 ||
			 (strcmp(what, "registrations") == 0 && m->type == MH_BU && m->origin == n->number && !m->is_refresh) || (strcmp(what, "caused") == 0 && !m->is_refresh) ||
			 (strcmp(what, "refresh") == 0 && m->is_refresh) || (strcmp(what, "bu") == 0 && m->type == MH_BU) ||
			 (strcmp(what, "ba") == 0 && m->type == MH_BA);
	}
	return count;
}

/* mip4 NODE all|caused|refresh|requests|replies|refusals|registrations: the same of Mobile IPv4. What an agent passes on is a message of its own. */
static double on_mip4(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	const char *what = word(q, 2);
	double count = 0;
	for (const struct said *m = n ? q->sc->watch.said : NULL; m; m = m->next) {
		if (!m->is_v4 || m->t_ns < q->a_ns || m->t_ns >= q->b_ns || !(is_of(n, m) || node_has_home(n, &m->self)))
			continue;
		bool is_answer = said_is_answer(m), is_ask = said_is_ask(m);
		count += strcmp(what, "all") == 0 || (strcmp(what, "caused") == 0 && !m->is_refresh) || (strcmp(what, "refresh") == 0 && m->is_refresh) ||
			 (strcmp(what, "requests") == 0 && is_ask) || (strcmp(what, "replies") == 0 && is_answer) ||
			 (strcmp(what, "refusals") == 0 && is_answer && !said_accepts(m)) ||
			 (strcmp(what, "registrations") == 0 && is_ask && m->origin == n->number && !m->is_refresh);
	}
	return count;
}

/* counter NODE REASON: an engine's */
static double on_counter(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	for (uint32_t r = 0; n && r < REASON_N; r++)
		if (strcmp(reason_name((enum reason)r), word(q, 2)) == 0)
			return (double)n->count.n[r];
	return n ? wrong(q, "no such reason") : 0;
}

/* datapath NODE NAME */
static double on_datapath(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	for (uint32_t i = 0; n && i < DP_COUNT_N; i++)
		if (strcmp(dp_count_name(i), word(q, 2)) == 0)
			return (double)fwd_count(n, i);
	return n ? wrong(q, "no such counter of the datapath") : 0;
}

/* event NODE CODE */
static double on_event(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	return n ? (double)watch_tally(q->sc->watch.events, n, word(q, 2)) : 0;
}

/* kernel NODE REASON: packets that its kernel dropped */
static double on_kernel(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	return n ? (double)watch_tally(q->sc->watch.drops, n, word(q, 2)) : 0;
}

/* neigh NODE.IF ADDRESS is NODE.IF: 1 when the first one's table says that the address is there */
static double on_neigh(struct asked *q)
{
	struct nic *nic = nic_of(&q->sc->sim, word(q, 1)), *there = nic_of(&q->sc->sim, word(q, 4));
	struct addr6 a;
	if (!nic || !there || !addr46_parse(&a, word(q, 2)))
		return wrong(q, "neigh NODE.IF ADDRESS is NODE.IF");
	const struct neigh *e = neigh_find(nic->node, nic->ifindex, &a);
	return e && (e->state == NEIGH_REACHABLE || e->state == NEIGH_PROBE) && lladdr_eq(&e->lladdr, &there->lladdr);
}

/* icmp NODE TYPE: messages that reached its kernel; v4:TYPE[/CODE]: IPv4 ones */
static double on_icmp(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	return n ? (double)watch_tally(q->sc->watch.icmp, n, word(q, 2)) : 0;
}

static bool is_alive(const struct node *n, mono_t expires) { return mono_before(node_now(n).mono, expires); }

static bool matches(const struct addr6 *a, const char *text)
{
	struct addr6 want;
	struct prefix6 p;
	return addr46_parse(&want, text) ? addr6_eq(a, &want) : prefix46_parse(&p, text) && prefix6_contains(&p, a);
}

/* A home agent is its mobiles' correspondent node too (RFC 6275 10.4.2): that is no binding of its own. */
static bool is_home_agents(const struct node *n, const struct dp_cn *c)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (op->table == DP_HOME && addr6_eq(&op->home.home_address, &c->home_address) && addr6_eq(&op->home.ha, &c->self))
			return true;
	return false;
}

/* Mobiles of a site share their agent's IPv4 address. */
static const struct addr6 *assigned_coa(const struct dp_coa *c) { return addr6_is_v4mapped(&c->coa) ? &c->source : &c->coa; }

/* What an entry binds to the home address, if it lives; NULL. */
static const struct addr6 *bound(const struct node *n, const struct dp_op *op, const struct addr6 *hoa)
{
	switch (op->table) {
	case DP_HOME: return addr6_eq(&op->home.home_address, hoa) && is_alive(n, op->home.expires) ? &op->home.coa : NULL;
	case DP_COA: return addr6_eq(&op->coa.home_address, hoa) && is_alive(n, op->coa.expires) ? assigned_coa(&op->coa) : NULL;
	case DP_VISIT: return addr6_eq(&op->visit.home_address, hoa) && is_alive(n, op->visit.expires) ? &op->visit.coa : NULL;
	case DP_CN: return addr6_eq(&op->cn.home_address, hoa) && is_alive(n, op->cn.expires) && !is_home_agents(n, &op->cn) ? &op->cn.coa : NULL;
	case DP_IF: case DP_LOCAL: case DP_UPLINK_IN: case DP_SITE_PREFIX: case DP_MFC: case DP_DOWNLINK_IN: case DP_UPLINK_OUT:
	case DP_CN_TRUST: case DP_RO_OUT: case DP_NET: case DP_HOME_MORE:
	case DP_GUEST: case DP_RELAY: case DP_UNBOUND: case DP_REVERSE: case DP_TABLE_N: break;
	}
	return NULL;
}

/* binding NODE HOA coa ADDR|PREFIX: entries of the datapath that are alive. At an MMA: its registrations. */
static double on_binding(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	struct addr6 hoa;
	double count = 0;
	if (!n || !addr46_parse(&hoa, word(q, 2)))
		return n ? wrong(q, "binding NODE HOA [coa ADDRESS|PREFIX]") : 0;
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));) {
		const struct addr6 *coa = bound(n, op, &hoa);
		count += coa && (q->n < 5 || matches(coa, word(q, 4)));
		if (op->table == DP_HOME_MORE && addr6_eq(&op->home_more.home_address, &hoa))
			for (uint32_t i = 0; i < op->home_more.n; i++)
				count += is_alive(n, op->home_more.to[i].expires) && (q->n < 5 || matches(&op->home_more.to[i].coa, word(q, 4)));
	}
	return count;
}

/* link LINK NODE: is one of its interfaces attached? */
static double on_link(struct asked *q)
{
	const struct link *l = link_find(&q->sc->sim, word(q, 1));
	double count = 0;
	for (uint32_t i = 0; l && i < l->n_nics; i++)
		count += strcmp(l->nics[i]->node->name, word(q, 2)) == 0;
	return l ? count : wrong(q, "no such link");
}

/* address NODE ADDR [on IF]: usable addresses */
static double on_address(struct asked *q)
{
	const struct node *n = node_at(q, 1);
	double count = 0;
	for (uint32_t i = 0; n && i < n->n_addrs; i++) {
		const struct nic *nic = node_nic(n, n->addrs[i].ifindex);
		const char *name = nic ? nic->name : "roam0";
		count += ifaddr_is_usable(&n->addrs[i]) && matches(&n->addrs[i].addr, word(q, 2)) &&
			 (q->n < 5 || strcmp(name, word(q, 4)) == 0);
	}
	return count;
}

static bool is_named(const struct node *n, const char *name, size_t len)
{
	return (len == 1 && *name == '*') || (n && strlen(n->name) == len && memcmp(n->name, name, len) == 0);
}

/* "mn>mma2:bu", "cn>*:hot" */
static bool is_step(const struct step *st, const char *text)
{
	const char *gt = strchr(text, '>'), *colon = gt ? strchr(gt, ':') : NULL;
	if (!colon || strcmp(colon + 1, st->what) != 0)
		return false;
	return is_named(st->from, text, (size_t)(gt - text)) && is_named(st->to, gt + 1, (size_t)(colon - gt - 1));
}

/* said FROM>TO:WHAT...: how often any of these was said */
static double on_said(struct asked *q)
{
	double count = 0;
	for (const struct step *st = q->sc->watch.steps; st; st = st->next)
		for (uint32_t i = 1; i < q->n && st->t_ns >= q->a_ns && st->t_ns < q->b_ns; i++)
			count += is_step(st, word(q, i));
	return count;
}

/* order FROM>TO:WHAT...: the first message of each kind in the window came after the first of the kind before it. */
static double on_order(struct asked *q)
{
	const struct step *last = NULL;
	for (uint32_t i = 1; i < q->n; i++) {
		bool is_after = !last;
		const struct step *st = q->sc->watch.steps;
		while (st && (st->t_ns < q->a_ns || st->t_ns >= q->b_ns || !is_step(st, word(q, i)))) {
			is_after |= st == last;
			st = st->next;
		}
		if (!st || !is_after) {
			if (!q->sc->is_quiet)
				printf("order: '%s' %s\n", word(q, i), st ? "came too early" : "never came");
			return 0;
		}
		last = st;
	}
	return 1;
}

/* show NODE WHAT KEY=VALUE...: records of the operator's view that match */
struct match { struct asked *q; bool is_match; uint32_t missing; double count; };

static void m_begin(void *ctx, const char *record)
{
	struct match *m = ctx;
	(void)record;
	m->missing = m->q->n - 3;
}

static void m_str(void *ctx, const char *key, const char *val)
{
	struct match *m = ctx;
	size_t n = strlen(key);
	for (uint32_t i = 3; i < m->q->n; i++)
		if (strncmp(word(m->q, i), key, n) == 0 && word(m->q, i)[n] == '=' && strcmp(word(m->q, i) + n + 1, val) == 0)
			m->missing--;
}

static void m_u64(void *ctx, const char *key, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	m_str(ctx, key, text);
}

static void m_i64(void *ctx, const char *key, int64_t v)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)v);
	m_str(ctx, key, text);
}

static void m_flag(void *ctx, const char *key, bool v) { m_str(ctx, key, v ? "true" : "false"); }
static void m_real(void *ctx, const char *key, double v) { (void)ctx; (void)key; (void)v; }
static void m_end(void *ctx) { struct match *m = ctx; m->count += m->missing == 0; }

static double on_show(struct asked *q)
{
	static const struct show_ops ops = {m_begin, m_str, m_u64, m_i64, m_flag, m_real, m_end};
	struct match m = {.q = q};
	struct show out = {&ops, &m};
	struct node *n = node_at(q, 1);
	if (!n || q->n < 3)
		return wrong(q, "show NODE WHAT [KEY=VALUE]...");
	proc_show(n, word(q, 2), &out);
	return m.count;
}

/* remains: what no live registration justifies */
static double on_remains(struct asked *q) { return remains(&q->sc->sim); }

/* igmp reports|queries */
static double on_igmp(struct asked *q)
{
	return (double)(strcmp(word(q, 1), "queries") == 0 ? q->sc->watch.n_igmp_queries : q->sc->watch.n_igmp_reports);
}

/* mld reports|queries */
static double on_mld(struct asked *q)
{
	return (double)(strcmp(word(q, 1), "queries") == 0 ? q->sc->watch.n_mld_queries : q->sc->watch.n_mld_reports);
}

static const struct { const char *name; double (*fn)(struct asked *q); } subjects[] = {
	{"flow", on_flow}, {"mh", on_mh}, {"mip4", on_mip4}, {"counter", on_counter}, {"datapath", on_datapath}, {"event", on_event}, {"kernel", on_kernel},
	{"binding", on_binding}, {"link", on_link}, {"address", on_address}, {"show", on_show}, {"mld", on_mld}, {"igmp", on_igmp},
	{"icmp", on_icmp}, {"neigh", on_neigh}, {"order", on_order}, {"said", on_said}, {"remains", on_remains},
};

static double value_of(struct asked *q)
{
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		if (strcmp(subjects[i].name, word(q, 0)) == 0)
			return subjects[i].fn(q);
	return wrong(q, "no such subject");
}

static bool compare(double have, const char *op, double want)
{
	return strcmp(op, "==") == 0 ? have == want
		: strcmp(op, "!=") == 0 ? have != want
		: strcmp(op, "<=") == 0 ? have <= want
		: strcmp(op, ">=") == 0 ? have >= want
		: strcmp(op, "<") == 0 ? have < want : strcmp(op, ">") == 0 && have > want;
}

static uint32_t find_op(const struct words *w)
{
	static const char *const ops[] = {"==", "!=", "<=", ">=", "<", ">"};
	for (uint32_t i = 0; i < w->n; i++)
		for (size_t j = 0; j < sizeof ops / sizeof *ops; j++)
			if (strcmp(w->w[i], ops[j]) == 0)
				return i;
	return w->n;
}

void expect_judge(struct script *sc, const struct expectation *e)
{
	struct words w;
	struct asked q = {.sc = sc, .w = &w, .b_ns = INT64_MAX};
	sc->n_expected++;
	if (!words_of(&w, e->text) || (q.n = find_op(&w)) + 1 >= w.n) {
		q.wrong = "SUBJECT OPERATOR NUMBER";
	} else if (q.n + 4 < w.n && strcmp(w.w[q.n + 2], "between") == 0) {
		if (!time_of(w.w[q.n + 3], &q.a_ns) || !time_of(w.w[q.n + 4], &q.b_ns))
			q.wrong = "a time is wrong";
	}
	double have = q.wrong ? 0 : value_of(&q);
	if (!q.wrong && compare(have, w.w[q.n], strtod(w.w[q.n + 1], NULL)))
		return;
	sc->n_failed++;
	if (!sc->is_quiet)
		printf("%s: expected %s; %s %g\n", e->place, e->text, q.wrong ? q.wrong : "it is", have);
}
