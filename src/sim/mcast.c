/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Group membership of the simulated kernel: RFC 3810's listener, as Linux has it. Its own report leaves
 * 8 to 12 ms after a socket joined or left (measured), once more within a second, and it answers queries.
 * Engines do not rely on it, but routers see it beside the engines' own reports.
 */
#include "sim/kern.h"
#include "sim/pkt.h"

enum { HBH_LEN = 8, REPORT_LEN = 8, RECORD_LEN = 36 };
_Static_assert((int)KERN_REPORT_LEN == (int)IP6_LEN + HBH_LEN + REPORT_LEN + RECORD_LEN, "one record with one source");

struct change { struct fx_group group; uint32_t again; };

static struct fx_group *find(struct node *n, const struct fx_group *g)
{
	for (uint32_t i = 0; i < n->n_groups; i++)
		if (n->groups[i].ifindex == g->ifindex && addr6_eq(&n->groups[i].group, &g->group) &&
		    addr6_eq(&n->groups[i].source, &g->source))
			return &n->groups[i];
	return NULL;
}

void kern_report_build(uint8_t p[static KERN_REPORT_LEN], const struct addr6 *from, const struct fx_group *g, enum mld_record record_type)
{
	uint8_t *hbh = p + IP6_LEN, *icmp = hbh + HBH_LEN;
	struct addr6 src = *from;
	static const uint8_t router_alert[] = {PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0};

	memset(p, 0, KERN_REPORT_LEN);
	ip6_put(p, 0, 1, &src, &addr6_mldv2, HBH_LEN + REPORT_LEN + RECORD_LEN);
	memcpy(hbh, router_alert, sizeof router_alert);
	icmp[0] = ICMP_MLD2_REPORT;
	icmp[7] = 1;
	icmp[8] = (uint8_t)record_type;
	icmp[11] = 1;
	memcpy(icmp + 12, &g->group, 16);
	memcpy(icmp + 28, &g->source, 16);
	put16(icmp + 2, ip6_checksum(&src, &addr6_mldv2, PROTO_ICMP6, icmp, REPORT_LEN + RECORD_LEN));
}

static void send_report(struct nic *nic, const struct addr6 *from, const struct fx_group *g, enum mld_record record_type)
{
	uint8_t p[KERN_REPORT_LEN];
	struct lladdr to = lladdr_of_multicast(&addr6_mldv2);
	kern_report_build(p, from, g, record_type);
	kern_send_link(nic->node, nic, &to, p, sizeof p);
}

void kern_report(struct nic *nic, const struct addr6 *src, const struct fx_group *g, bool is_join)
{
	send_report(nic, src, g, is_join ? REC_ALLOW : REC_BLOCK);
}

static void report(struct node *n, const struct fx_group *g, enum mld_record record_type)
{
	struct nic *nic = node_nic(n, g->ifindex);
	if (!nic)
		return;
	struct addr6 src = addr6_linklocal(&nic->lladdr);
	send_report(nic, &src, g, record_type);
}

static void on_change(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct node *n = obj;
	struct change *c = arg;
	(void)tag;
	report(n, &c->group, find(n, &c->group) ? REC_ALLOW : REC_BLOCK);
	if (!c->again)
		return;
	struct change *more = sim_alloc(sizeof *more);
	*more = (struct change){c->group, c->again - 1};
	sim_in(s, (int64_t)(prng_u64(&n->prng) % (uint64_t)NS_PER_S), on_change, n, more, 0);
}

static void changed(struct node *n, const struct fx_group *g)
{
	struct change *c = sim_alloc(sizeof *c);
	*c = (struct change){*g, 1};
	sim_in(n->sim, KERN_LATE_NS + (int64_t)(prng_u64(&n->prng) % (uint64_t)KERN_LATE_SPREAD_NS), on_change, n, c, 0);
}

void kern_join(struct node *n, const struct fx_group *g)
{
	if (find(n, g) || n->n_groups == NODE_ADDRS_MAX)
		return;
	n->groups[n->n_groups++] = *g;
	changed(n, g);
}

void kern_leave(struct node *n, const struct fx_group *g)
{
	struct fx_group *have = find(n, g), gone = *g;
	if (!have)
		return;
	*have = n->groups[--n->n_groups];
	changed(n, &gone);
}

static void on_answer(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)s;
	(void)tag;
	if (find(obj, arg))
		report(obj, arg, REC_IS_INCLUDE);
}

void kern_query(struct node *n, uint32_t ifindex, const uint8_t *icmp, size_t len)
{
	struct addr6 group;
	if (len < 24)
		return;
	memcpy(&group, icmp + 8, 16);
	int64_t within_ns = (1 + get16(icmp + 4)) * NS_PER_MS;
	for (uint32_t i = 0; i < n->n_groups; i++) {
		if (n->groups[i].ifindex != ifindex || !(addr6_is_any(&group) || addr6_eq(&group, &n->groups[i].group)))
			continue;
		struct fx_group *g = sim_alloc(sizeof *g);
		*g = n->groups[i];
		sim_in(n->sim, (int64_t)(prng_u64(&n->prng) % (uint64_t)within_ns), on_answer, n, g, 0);
	}
}
