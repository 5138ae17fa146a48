/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Group membership of the simulated kernel: RFC 3810's and RFC 3376's listener, as Linux has it. Its own report leaves
 * 8 to 12 ms after a socket joined or left (measured), once more within a second, and it answers queries.
 * Engines do not rely on it, but routers see it beside the engines' own reports. An IPv4 group with a source is no socket's: it
 * opens the card's filter and the kernel says nothing of it (core/effect.h).
 */
#include "sim/net/kern.h"
#include "sim/net/kern4.h"
#include "sim/net/pkt.h"

enum { IGMP_REPORT_LEN = 16, ALERT_LEN = 4, REC_IS_EXCLUDE = 2, REC_TO_INCLUDE = 3, REC_TO_EXCLUDE = 4 };
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
	put16(icmp + 2, ip_checksum(&src, &addr6_mldv2, PROTO_ICMP6, icmp, REPORT_LEN + RECORD_LEN));
}

static void send_report(struct nic *nic, const struct addr6 *from, const struct fx_group *g, enum mld_record record_type)
{
	uint8_t p[KERN_REPORT_LEN];
	struct lladdr to = lladdr_of_multicast(&addr6_mldv2);
	kern_report_build(p, from, g, record_type);
	kern_send_link(nic->node, nic, &to, p, sizeof p);
}

static const struct addr6 all_igmpv3 = {{[10] = 0xff, [11] = 0xff, [12] = 224, [15] = 22}};

/* One record, with the source if there is one. An IPv4 address of the interface is its source, or 0.0.0.0 (RFC 3376 4.2.13). */
static void send_report4(struct nic *nic, const struct addr6 *from, const struct fx_group *g, uint8_t record_type)
{
	static const uint8_t router_alert[] = {148, 4, 0, 0};
	uint8_t p[IP4_LEN + ALERT_LEN + IGMP_REPORT_LEN + 4] = {0}, *igmp = p + IP4_LEN + ALERT_LEN;
	bool has_source = !addr6_is_none(&g->source);
	size_t len = IGMP_REPORT_LEN + (has_source ? 4 : 0);
	struct lladdr to = lladdr_of_multicast4(&all_igmpv3);

	igmp[0] = IGMP_TYPE_REPORT3;
	igmp[7] = 1;
	igmp[8] = record_type;
	igmp[11] = has_source;
	memcpy(igmp + 12, g->group.b + 12, 4);
	if (has_source)
		memcpy(igmp + 16, g->source.b + 12, 4);
	put16(igmp + 2, sum_checksum(igmp, len));
	ip4_put(p, PROTO4_IGMP, 1, from, &all_igmpv3, ALERT_LEN + len);
	p[0] = 0x46;
	memcpy(p + IP4_LEN, router_alert, sizeof router_alert);
	ip4_resum(p);
	kern_send_link(nic->node, nic, &to, p, IP4_LEN + ALERT_LEN + len);
}

void kern_report(struct nic *nic, const struct addr6 *src, const struct fx_group *g, bool is_join)
{
	if (addr6_is_v4mapped(&g->group))
		send_report4(nic, src, g, is_join ? REC_ALLOW : REC_BLOCK);
	else
		send_report(nic, src, g, is_join ? REC_ALLOW : REC_BLOCK);
}

/* What the kernel says of a membership without sources: RFC 3376 4.2.12, RFC 3810 5.2.12 have the same numbers. */
static uint8_t any_source_record(enum mld_record r) { return r == REC_ALLOW ? REC_TO_EXCLUDE : r == REC_BLOCK ? REC_TO_INCLUDE : REC_IS_EXCLUDE; }

static void report(struct node *n, const struct fx_group *g, enum mld_record record_type)
{
	struct nic *nic = node_nic(n, g->ifindex);
	if (!nic)
		return;
	if (addr6_is_v4mapped(&g->group)) {
		const struct addr6 *own = node_source4(n, g->ifindex, &g->group);
		send_report4(nic, own ? own : &addr6_any, g, any_source_record(record_type));
		return;
	}
	struct addr6 src = addr6_linklocal(&nic->lladdr);
	send_report(nic, &src, g, record_type);
}

/* Nobody's socket: only the card listens. */
static bool is_silent(const struct fx_group *g) { return addr6_is_v4mapped(&g->group) && !addr6_is_none(&g->source); }

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
	if (!is_silent(g))
		changed(n, g);
}

void kern_leave(struct node *n, const struct fx_group *g)
{
	struct fx_group *have = find(n, g), gone = *g;
	if (!have)
		return;
	*have = n->groups[--n->n_groups];
	if (!is_silent(&gone))
		changed(n, &gone);
}

static void on_answer(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	(void)s;
	(void)tag;
	if (find(obj, arg))
		report(obj, arg, REC_IS_INCLUDE);
}

static void answer_query(struct node *n, uint32_t ifindex, const struct addr6 *group, bool is_v4, int64_t within_ns)
{
	for (uint32_t i = 0; i < n->n_groups; i++) {
		const struct fx_group *have = &n->groups[i];
		if (have->ifindex != ifindex || addr6_is_v4mapped(&have->group) != is_v4 || is_silent(have) ||
		    !(addr6_is_none(group) || addr6_eq(group, &have->group)))
			continue;
		struct fx_group *g = sim_alloc(sizeof *g);
		*g = *have;
		sim_in(n->sim, (int64_t)(prng_u64(&n->prng) % (uint64_t)within_ns), on_answer, n, g, 0);
	}
}

void kern_query(struct node *n, uint32_t ifindex, const uint8_t *icmp, size_t len)
{
	struct addr6 group;
	if (len < 24)
		return;
	memcpy(&group, icmp + 8, 16);
	answer_query(n, ifindex, &group, false, (1 + get16(icmp + 4)) * NS_PER_MS);
}

void kern4_query(struct node *n, uint32_t ifindex, const uint8_t *igmp, size_t len)
{
	if (len < 8 || igmp[0] != IGMP_TYPE_QUERY || sum_checksum(igmp, len) != 0)
		return;
	struct addr6 group = ip4_addr(igmp + 4);
	answer_query(n, ifindex, &group, true, (1 + igmp[1]) * 100 * NS_PER_MS);
}
