/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/err.h"
#include "sim/group.h"
#include "sim/net/dhcp.h"
#include "sim/net/kern.h"
#include "sim/net/nat.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"
#include "sim/radio.h"
#include "sim/script/script.h"
#include "sim/swarm/forge.h"

typedef bool (*cmd_fn)(struct script *sc, const struct words *w, uint32_t i);

static bool usage(struct script *sc, const char *text) { return script_fail(sc, "%s", text); }

/* "10.2.17.1/24": the router and the prefix that addresses are leased from. */
static bool lease_of(const char *word, struct link *l)
{
	struct fx_addr router;
	if (!topo_addr_of(word, &router) || !addr6_is_v4mapped(&router.addr))
		return false;
	const struct prefix6 host = {router.addr, router.plen_bits}, p = {prefix6_join(&host, &addr6_any), router.plen_bits};
	dhcp_lease(l, &p, &router.addr);
	return true;
}

bool cmd_link_set(struct script *sc, struct link *l, const struct words *w, uint32_t i)
{
	for (; i < w->n; i += 2) {
		const char *what = w->w[i], *v = words_at(w, i + 1);
		bool ok = strcmp(what, "delay") == 0 ? time_of(v, &l->delay_ns)
			: strcmp(what, "jitter") == 0 ? time_of(v, &l->jitter_ns)
			: strcmp(what, "loss") == 0 ? ppm_of(v, &l->loss_ppm)
			: strcmp(what, "dup") == 0 ? ppm_of(v, &l->dup_ppm)
			: strcmp(what, "reorder") == 0 ? ppm_of(v, &l->reorder_ppm)
			: strcmp(what, "reorder-by") == 0 ? time_of(v, &l->reorder_ns)
			: strcmp(what, "radio") == 0 ? time_of(v, &l->hear_every_ns)
			: strcmp(what, "rate") == 0 ? (l->rate_bps = strtoull(v, NULL, 10)) > 0
			: strcmp(what, "lease") == 0 ? lease_of(v, l)
			: strcmp(what, "site") == 0 && snprintf(l->site, sizeof l->site, "%s", v) > 0;
		if (!ok)
			return script_fail(sc, "link: what is '%s %s'?", what, v);
	}
	return true;
}

static void leave(struct nic *nic)
{
	if (!nic->link)
		return;
	link_detach(nic);
	kern_carrier(nic);
}

static bool do_attach(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i));
	struct link *l = link_find(&sc->sim, words_at(w, i + 1));
	if (!nic || !l)
		return usage(sc, "attach NODE.IF LINK");
	if (nic->link == l)
		return true;
	leave(nic);
	link_attach(l, nic);
	kern_carrier(nic);
	return true;
}

/* A radio that changes its cell and does not tell the kernel. */
static bool do_roam(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i));
	struct link *l = link_find(&sc->sim, words_at(w, i + 1));
	if (!nic || !l)
		return usage(sc, "roam NODE.IF LINK");
	link_attach(l, nic);
	nic->roamed_ns = sc->sim.t_ns;
	dhcp_roamed(nic);
	return true;
}

static bool do_detach(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i));
	if (!nic)
		return usage(sc, "detach NODE.IF");
	leave(nic);
	return true;
}

struct move { struct nic *nic; struct link *to; uint64_t epoch; };

static void arrive(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct move *m = arg;
	(void)s;
	(void)obj;
	(void)tag;
	if (m->nic->epoch != m->epoch)
		return; /* moved otherwise meanwhile */
	link_attach(m->to, m->nic);
	kern_carrier(m->nic);
}

/* One radio: nothing is received between the cells. */
static bool do_move(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i));
	struct link *to = link_find(&sc->sim, words_at(w, i + 1));
	int64_t outage = 20 * NS_PER_MS;
	if (!nic || !to || (strcmp(words_at(w, i + 2), "outage") == 0 && !time_of(words_at(w, i + 3), &outage)))
		return usage(sc, "move NODE.IF LINK [outage T]");
	leave(nic);
	struct move *m = sim_alloc(sizeof *m);
	*m = (struct move){nic, to, nic->epoch};
	sim_in(&sc->sim, outage, arrive, NULL, m, 0);
	return true;
}

static struct node *node_word(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_find(&sc->sim, words_at(w, i));
	if (!n)
		script_fail(sc, "no node '%s'", words_at(w, i));
	return n;
}

static bool do_kill(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_kill(n);
	return n;
}

static bool do_stop(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_stop(n);
	return n;
}

static bool do_power_off(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_power_off(n);
	return n;
}

/* The machine's and its process's. */
static bool do_freeze(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_freeze(n, true);
	return n;
}

static bool do_thaw(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_freeze(n, false);
	return n;
}

/* clock NODE +T|-T: its wall clock is set. */
static bool do_clock(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	int64_t step;
	if (!n || !topo_clock_of(words_at(w, i + 1), &step))
		return n ? usage(sc, "clock NODE +T|-T") : false;
	n->wall_off_ns += step;
	return true;
}

/* What its translator has in mind is gone, as after a restart of it. */
static bool do_forget(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		nat_forget(n);
	return n;
}

/* split LINK NODE[,NODE]...: these on one side, all others on the other. heal LINK. */
static bool set_sides(struct script *sc, const struct words *w, uint32_t i, bool is_split)
{
	struct link *l = link_find(&sc->sim, words_at(w, i));
	char list[256];
	if (!l || (is_split && i + 1 >= w->n))
		return usage(sc, "split LINK NODE[,NODE]..., heal LINK");
	for (uint32_t j = 0; j < l->n_nics; j++)
		l->nics[j]->side = 0;
	snprintf(list, sizeof list, "%s", words_at(w, i + 1));
	for (char *save, *p = strtok_r(list, ",", &save); is_split && p; p = strtok_r(NULL, ",", &save))
		for (uint32_t j = 0; j < l->n_nics; j++)
			if (strcmp(l->nics[j]->node->name, p) == 0)
				l->nics[j]->side = 1;
	return true;
}

static bool do_split(struct script *sc, const struct words *w, uint32_t i) { return set_sides(sc, w, i, true); }
static bool do_heal(struct script *sc, const struct words *w, uint32_t i) { return set_sides(sc, w, i, false); }

/* quiet GROUP [within T] */
static bool do_quiet(struct script *sc, const struct words *w, uint32_t i)
{
	struct group *g = group_find(&sc->sim, words_at(w, i));
	int64_t patience = 5 * NS_PER_S;
	if (!g || (i + 1 < w->n && !time_of(words_at(w, i + 2), &patience)))
		return usage(sc, "quiet GROUP [within T]");
	group_expect_quiet(g, patience);
	return true;
}

static bool do_start(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	const char *remedy = n ? proc_start(n) : NULL;
	return remedy ? script_fail(sc, "%s does not start: %s", n->name, remedy) : n != NULL;
}

static bool set_cut(struct script *sc, const struct words *w, uint32_t i, bool is_cut)
{
	struct link *l = link_find(&sc->sim, words_at(w, i));
	if (!l)
		return usage(sc, "cut LINK, mend LINK");
	l->is_cut = is_cut;
	return true;
}

static bool do_cut(struct script *sc, const struct words *w, uint32_t i) { return set_cut(sc, w, i, true); }
static bool do_mend(struct script *sc, const struct words *w, uint32_t i) { return set_cut(sc, w, i, false); }

static bool do_set(struct script *sc, const struct words *w, uint32_t i)
{
	struct link *l = link_find(&sc->sim, words_at(w, i));
	return l ? cmd_link_set(sc, l, w, i + 1) : usage(sc, "set LINK PROPERTY VALUE...");
}

/* signal NODE.IF ROUTER.IF DBM [attached] */
static bool do_signal(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i)), *router = nic_of(&sc->sim, words_at(w, i + 1));
	if (!nic || !router || i + 2 >= w->n)
		return usage(sc, "signal NODE.IF ROUTER.IF DBM");
	struct signal_event ev = {.ifindex = nic->ifindex, .router = router->lladdr, .dbm = (int32_t)strtol(w->w[i + 2], NULL, 10),
				  .bandwidth_kbps = -1, .load_permille = -1, .delay_ms = -1, .cost = -1,
				  .is_attached = nic->link && nic->link == router->link};
	proc_signal(nic->node, &ev);
	return true;
}

/* hear NODE.IF STATION.IF DBM [serving], or with "lost" for the signal */
static bool do_hear(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i)), *station = nic_of(&sc->sim, words_at(w, i + 1));
	if (!nic || !station || i + 2 >= w->n)
		return usage(sc, "hear NODE.IF STATION.IF DBM [serving] | lost");
	struct station_event ev = {.ifindex = nic->ifindex, .station = station->lladdr, .dbm = (int32_t)strtol(w->w[i + 2], NULL, 10),
				   .is_gone = strcmp(w->w[i + 2], "lost") == 0, .is_serving = strcmp(words_at(w, i + 3), "serving") == 0};
	proc_station(nic->node, &ev);
	return true;
}

/* air NODE.IF - | BASE.IF[:DBM][*]... [silent]: these hear the interface now; *: there its radio is attached. */
static bool do_air(struct script *sc, const struct words *w, uint32_t i)
{
	static const char use[] = "air NODE.IF - | BASE.IF[:DBM][*]... [silent]";
	struct nic *nic = nic_of(&sc->sim, words_at(w, i));
	struct ear ear[EARS_MAX];
	uint32_t n = 0;
	bool is_silent = false;
	if (!nic || !nic->link || !nic->link->hear_every_ns || i + 1 >= w->n)
		return usage(sc, use);
	for (i++; i < w->n; i++) {
		char name[64];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(w->w[i], ":*"), w->w[i]);
		const char *dbm = strchr(w->w[i], ':');
		struct nic *base = nic_of(&sc->sim, name);
		if (strcmp(name, "silent") == 0)
			is_silent = true;
		else if (base && n < EARS_MAX)
			ear[n++] = (struct ear){base, dbm ? (int32_t)strtol(dbm + 1, NULL, 10) : -60, strchr(w->w[i], '*') != NULL};
		else if (strcmp(name, "-") != 0)
			return usage(sc, use);
	}
	radio_set(nic, ear, n, is_silent);
	return true;
}

/* The operator's line about a device is one argument; eui48:NODE.IF stands for the interface's address. */
static const char *device_line(struct script *sc, const struct words *w, uint32_t i, char line[static 1024])
{
	size_t at = 0;
	line[0] = 0;
	for (; i < w->n && at < 1000; i++) {
		const struct nic *nic = strncmp(w->w[i], "eui48:", 6) == 0 ? nic_of(&sc->sim, w->w[i] + 6) : NULL;
		at += (size_t)snprintf(line + at, 1024 - at, nic ? "%seui48:%s" : "%s%s", at ? " " : "", nic ? LLADDR_STR(&nic->lladdr) : w->w[i]);
	}
	return line;
}

static bool do_ctl(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	const char *msg = "";
	char line[1024];
	if (!n || i + 1 >= w->n)
		return n ? usage(sc, "ctl NODE WORD...") : false;
	const bool is_device = strcmp(w->w[i + 1], "device") == 0 && w->n > i + 3;
	const char *const device[] = {"device", words_at(w, i + 2), device_line(sc, w, i + 3, line)};
	struct ctl_cmd cmd = {is_device ? 3 : w->n - i - 1, is_device ? device : (const char *const *)&w->w[i + 1]};
	int err = proc_ctl(n, &cmd, &msg);
	sim_trace(&sc->sim, n->name, "ctl: %s (%s)", err_str(err), msg);
	return err == ERR_OK || script_fail(sc, "ctl: %s", msg);
}

/* ping NODE ADDRESS ADDRESS [ttl N] [size N]: an ICMP echo request, IPv4. */
static bool do_ping(struct script *sc, const struct words *w, uint32_t i)
{
	struct addr6 src, dst;
	struct node *n = node_find(&sc->sim, words_at(w, i));
	uint8_t p[2048] = {0}, *icmp = p + IP4_LEN, ttl = 64;
	size_t size = 64;
	bool ok = n && addr46_parse(&src, words_at(w, i + 1)) && addr46_parse(&dst, words_at(w, i + 2)) && addr6_is_v4mapped(&dst);
	for (uint32_t j = i + 3; ok && j < w->n; j += 2) {
		unsigned long v = strtoul(words_at(w, j + 1), NULL, 10);
		ok = v > 0 && (strcmp(w->w[j], "ttl") == 0 ? v < 256 : strcmp(w->w[j], "size") == 0 && v >= 8 && v <= sizeof p - IP4_LEN);
		if (*w->w[j] == 't')
			ttl = (uint8_t)v;
		else
			size = v;
	}
	if (!ok)
		return usage(sc, "ping NODE ADDRESS ADDRESS [ttl N] [size N]");
	icmp[0] = ICMP4_ECHO;
	put16(icmp + 4, (uint16_t)n->number);
	put16(icmp + 2, sum_checksum(icmp, size));
	ip4_put(p, PROTO4_ICMP, ttl, &src, &dst, size);
	return kern_send_raw(n, 0, p, IP4_LEN + size) || script_fail(sc, "ping: no way to go");
}

static bool do_maybe(struct script *sc, const struct words *w, uint32_t i);

static const struct { const char *verb; cmd_fn fn; } commands[] = {
	{"attach", do_attach}, {"roam", do_roam}, {"detach", do_detach}, {"move", do_move}, {"kill", do_kill}, {"stop", do_stop},
	{"power-off", do_power_off}, {"start", do_start}, {"cut", do_cut}, {"mend", do_mend}, {"set", do_set},
	{"freeze", do_freeze}, {"thaw", do_thaw}, {"clock", do_clock}, {"forget-nat", do_forget}, {"split", do_split}, {"heal", do_heal}, {"quiet", do_quiet},
	{"signal", do_signal}, {"hear", do_hear}, {"air", do_air}, {"ctl", do_ctl}, {"replay", forge_replay}, {"forge", forge_request}, {"inject", forge_inject},
	{"report", forge_report}, {"arp", forge_arp}, {"ping", do_ping}, {"maybe", do_maybe},
};

static cmd_fn find(const char *verb)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].verb, verb) == 0)
			return commands[i].fn;
	return NULL;
}

/* Does it disturb the members of a group, or the links between them? */
static bool is_fault(cmd_fn fn)
{
	return fn == do_kill || fn == do_stop || fn == do_power_off || fn == do_start || fn == do_freeze || fn == do_thaw || fn == do_split ||
	       fn == do_heal || fn == do_cut || fn == do_mend || fn == do_set || fn == do_clock || fn == do_detach || fn == do_attach;
}

/* May members not hear each other from now on, or did they not until now? */
static bool is_division(cmd_fn fn)
{
	return fn == do_freeze || fn == do_thaw || fn == do_split || fn == do_heal || fn == do_cut || fn == do_mend || fn == do_set;
}

/* maybe COMMAND: it need not be possible. */
static bool do_maybe(struct script *sc, const struct words *w, uint32_t i)
{
	cmd_run(sc, w, i);
	*sc->err = 0;
	return true;
}

bool cmd_is_known(const char *verb) { return find(verb) != NULL; }

bool cmd_run(struct script *sc, const struct words *w, uint32_t first)
{
	cmd_fn fn = first < w->n ? find(w->w[first]) : NULL;
	if (is_fault(fn))
		group_fault(&sc->sim, is_division(fn));
	return fn ? fn(sc, w, first + 1) : script_fail(sc, "no such command");
}
