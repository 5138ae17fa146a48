/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a scenario that stands before anything happens: links, nodes, interfaces, routes, keys, traffic.
 */
#include <stdlib.h>

#include "sim/group.h"
#include "sim/net/dhcp.h"
#include "sim/net/nat.h"
#include "sim/proc.h"
#include "sim/script/script.h"

enum { NAME_LEN = 16 };

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

bool topo_add_link(struct script *sc, const struct words *w)
{
	if (w->n < 2 || strlen(w->w[1]) >= NAME_LEN || link_find(&sc->sim, w->w[1]))
		return script_fail(sc, "link NAME [site S] [delay T] ...; names are unique and short");
	return cmd_link_set(sc, link_new(&sc->sim, w->w[1]), w, 2);
}

/* "+30s", "-30s" */
bool topo_clock_of(const char *word, int64_t *ns)
{
	if ((*word != '+' && *word != '-') || !time_of(word + 1, ns))
		return false;
	*ns = *word == '-' ? -*ns : *ns;
	return true;
}

bool topo_add_node(struct script *sc, const struct words *w)
{
	if (w->n < 2 || strlen(w->w[1]) >= NAME_LEN || node_find(&sc->sim, w->w[1]))
		return script_fail(sc, "node NAME [router] [site S]; names are unique and short");
	struct node *n = node_new(&sc->sim, w->w[1]);
	int64_t clock;
	for (uint32_t i = 2; i < w->n; i++) {
		if (strcmp(w->w[i], "router") == 0)
			n->is_router = true;
		else if (strcmp(w->w[i], "site") == 0 && i + 1 < w->n)
			snprintf(n->site, sizeof n->site, "%s", w->w[++i]);
		else if (strcmp(w->w[i], "clock") == 0 && i + 1 < w->n && topo_clock_of(w->w[i + 1], &clock)) {
			n->wall_off_ns += clock;
			i++;
		} else if (strcmp(w->w[i], "arp-ignore") == 0 && i + 1 < w->n)
			n->arp_ignore = (uint32_t)strtoul(w->w[++i], NULL, 10);
		else if (strcmp(w->w[i], "attach-delay") == 0 && i + 1 < w->n && time_of(w->w[i + 1], &n->attach_delay_ns))
			i++;
		else
			return script_fail(sc, "node: what is '%s'?", w->w[i]);
	}
	return true;
}

/* "2001:db8::1/64", "10.0.0.1/24": address and prefix length. */
bool topo_addr_of(const char *word, struct fx_addr *a)
{
	char text[ADDR_STRLEN];
	const char *slash = strchr(word, '/');
	if (!slash || (size_t)(slash - word) >= sizeof text)
		return false;
	memcpy(text, word, (size_t)(slash - word));
	text[slash - word] = 0;
	long plen = strtol(slash + 1, NULL, 10);
	a->flags = ADDR_NODAD;
	if (plen < 0 || plen > 128 || !addr46_parse(&a->addr, text))
		return false;
	bool is_v4 = addr6_is_v4mapped(&a->addr);
	a->plen_bits = (uint8_t)(is_v4 ? 96 + plen : plen);
	return !is_v4 || plen <= 32;
}

/* nic NODE.IF LINK|- [ADDR/PLEN]... [mtu N] */
bool topo_add_nic(struct script *sc, const struct words *w)
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
		if (strcmp(w->w[i], "dhcp") == 0)
			nic->has_dhcp = true;
		else if (strcmp(w->w[i], "mtu") == 0 && i + 1 < w->n)
			nic->mtu_oct = (uint32_t)strtoul(w->w[++i], NULL, 10);
		else if (topo_addr_of(w->w[i], &a))
			node_addr_add(n, &a);
		else
			return script_fail(sc, "nic: '%s' is no address with length", w->w[i]);
	}
	if (nic && l)
		link_attach(l, nic);
	if (nic)
		dhcp_carrier(nic);
	return nic ? true : script_fail(sc, "nic: too many interfaces");
}

/* route NODE PREFIX [via ADDR] dev IF [metric N] */
bool topo_add_route(struct script *sc, const struct words *w)
{
	struct node *n = w->n >= 5 ? node_find(&sc->sim, w->w[1]) : NULL;
	struct fx_route r = {.metric = 1024};
	if (!n || !prefix46_parse(&r.dst, w->w[2]))
		return script_fail(sc, "route NODE PREFIX [via ADDRESS] dev IF");
	for (uint32_t i = 3; i + 1 < w->n; i += 2) {
		struct nic *nic = node_nic_named(n, w->w[i + 1]);
		if (strcmp(w->w[i], "dev") == 0)
			r.ifindex = nic ? nic->ifindex : strcmp(w->w[i + 1], "roam0") == 0 ? IFINDEX_ROAM0
				: strcmp(w->w[i + 1], "none") == 0 ? IFINDEX_NONE : 0;
		else if (strcmp(w->w[i], "metric") == 0)
			r.metric = (uint32_t)strtoul(w->w[i + 1], NULL, 10);
		else if (strcmp(w->w[i], "via") != 0 || !addr46_parse(&r.via, w->w[i + 1]))
			return script_fail(sc, "route: what is '%s'?", w->w[i]);
	}
	if (!r.ifindex)
		return script_fail(sc, "route: no such interface");
	node_route_put(n, &r);
	return true;
}

/* key NODE[,NODE]... NAME hmac-sha1|hmac-sha256 SPI SECRET */
bool topo_add_key(struct script *sc, const struct words *w)
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

/* nat NODE.IF [timeout T]: what leaves there is translated */
bool topo_add_nat(struct script *sc, const struct words *w)
{
	struct nic *nic = w->n >= 2 ? nic_of(&sc->sim, w->w[1]) : NULL;
	int64_t timeout = 120 * NS_PER_S;
	if (!nic || (w->n > 2 && (w->n != 4 || strcmp(w->w[2], "timeout") != 0 || !time_of(w->w[3], &timeout))))
		return script_fail(sc, "nat NODE.IF [timeout T]");
	nat_set(nic->node, nic, timeout);
	return true;
}

/* "2001:db8::1/64", "2001:db8::1/64@home0" */
static bool add_virtual(struct group *g, char *word)
{
	struct virtual_addr *v = g->n_addr < GROUP_ADDRS_MAX ? &g->addr[g->n_addr] : NULL;
	char *at = strchr(word, '@');
	if (at)
		*at = 0;
	if (!v || !topo_addr_of(word, &v->addr))
		return false;
	if (at)
		snprintf(v->nic, sizeof v->nic, "%s", at + 1);
	g->n_addr++;
	return true;
}

static bool add_members(struct script *sc, struct group *g, char *list)
{
	for (char *save, *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		struct nic *nic = nic_of(&sc->sim, p);
		if (!nic || g->n_member == GROUP_MEMBERS_MAX)
			return false;
		struct member *m = &g->member[g->n_member];
		*m = (struct member){.group = g, .node = nic->node, .nic = nic, .id = ++g->n_member};
		m->priority = (uint8_t)(GROUP_PRIORITY_FIRST - GROUP_PRIORITY_STEP * (m->id - 1));
	}
	return g->n_member > 0;
}

static bool commit_of(const char *word, enum rg_commit *out)
{
	static const char *const name[] = {[RG_COMMIT_ONE] = "one", [RG_COMMIT_ASYNC] = "async", [RG_COMMIT_ALL] = "all"};
	for (int i = 0; i < 3; i++)
		if (strcmp(word, name[i]) == 0) {
			*out = (enum rg_commit)i;
			return true;
		}
	return false;
}

/* group NAME KEY NODE.IF[,NODE.IF]... address ADDR/PLEN[@IF]... [every T] [commit one|async|all] [preempt] [v4] */
bool topo_add_group(struct script *sc, const struct words *w)
{
	static const char use[] = "group NAME KEY NODE.IF[,NODE.IF]... address ADDRESS/LENGTH[@IF]... [every T] [commit one|async|all] [preempt] [v4]";
	if (w->n < 6 || group_find(&sc->sim, w->w[1]))
		return script_fail(sc, use);
	struct group *g = group_new(&sc->sim, w->w[1]);
	snprintf(g->key, sizeof g->key, "%s", w->w[2]);
	bool ok = add_members(sc, g, w->w[3]);
	for (uint32_t i = 4; ok && i < w->n; i++) {
		if (strcmp(w->w[i], "address") == 0)
			continue;
		if (strcmp(w->w[i], "every") == 0)
			ok = time_of(words_at(w, ++i), &g->every_ns) && g->every_ns;
		else if (strcmp(w->w[i], "commit") == 0)
			ok = commit_of(words_at(w, ++i), &g->commit);
		else if (strcmp(w->w[i], "preempt") == 0)
			g->is_preempting = true;
		else if (strcmp(w->w[i], "v4") == 0)
			g->has_v4 = true;
		else
			ok = add_virtual(g, w->w[i]);
	}
	return ok || script_fail(sc, use);
}

/* flow NAME NODE ADDR -> NODE ADDR pps N [size N] [from T] [to T] */
bool topo_add_flow(struct script *sc, const struct words *w)
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
	bool ok = addr46_parse(&f->src, w->w[3]) && addr46_parse(&f->dst, w->w[6]);
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
