/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel of a mobile: its own membership reports of a change, once more within a second, and its answers to queries. */
#include "sim/net/kern.h"
#include "sim/net/pkt.h"
#include "sim/scale/scale_i.h"

struct kernel_report { uint32_t mobile, radio, again; bool is_answer; struct fx_group g; };

static bool is_joined(const struct scale *c, const struct kernel_report *k)
{
	const struct fx_group *g = &c->mobile[k->mobile].joined[k->radio];
	return g->ifindex && addr6_eq(&g->group, &k->g.group) && addr6_eq(&g->source, &k->g.source);
}

static void on_kernel(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct scale *c = obj;
	struct kernel_report *k = arg;
	uint8_t p[KERN_REPORT_LEN];
	uint32_t cell = c->mobile[k->mobile].cell[k->radio];
	struct lladdr l = mobile_lladdr(k->mobile, k->radio);
	struct addr6 src = addr6_linklocal(&l);
	bool is_member = is_joined(c, k);
	(void)s;
	(void)tag;
	if (cell != NO_CELL && (is_member || !k->is_answer)) {
		kern_report_build(p, &src, &k->g, !is_member ? REC_BLOCK : k->is_answer ? REC_IS_INCLUDE : REC_ALLOW);
		load_packet(c, AT_LINK, cell, p, sizeof p);
		ways_to_router(c, cell, &l, DP_PUNT_MLD, p, sizeof p);
	}
	if (!k->again)
		return;
	struct kernel_report *more = sim_alloc(sizeof *more);
	*more = *k;
	more->again--;
	sim_in(&c->sim, (int64_t)(prng_u64(&c->net_rng) % (uint64_t)NS_PER_S), on_kernel, c, more, 0);
}

void kernel_changes(struct scale *c, uint32_t mobile, const struct fx_group *g, bool is_join)
{
	struct kernel_report *k = sim_alloc(sizeof *k);
	*k = (struct kernel_report){.mobile = mobile, .radio = g->ifindex - 1, .again = 1, .g = *g};
	struct fx_group *have = &c->mobile[mobile].joined[k->radio];
	if (is_join)
		*have = *g;
	else if (is_joined(c, k))
		*have = (struct fx_group){0};
	sim_in(&c->sim, KERN_LATE_NS + (int64_t)(prng_u64(&c->net_rng) % (uint64_t)KERN_LATE_SPREAD_NS), on_kernel, c, k, 0);
}

void kernel_answers(struct scale *c, uint32_t cell, const uint8_t *p, size_t len)
{
	size_t off;
	if (ip6_upper(p, len, &off) != PROTO_ICMP6 || off + 24 > len || p[off] != ICMP_MLD_QUERY || p[off + 8] == 0xff)
		return;
	int64_t within_ns = (1 + get16(p + off + 4)) * NS_PER_MS;
	for (uint32_t i = 0; i < c->cell[cell].n; i++) {
		uint32_t mobile = c->cell[cell].member[i] / SCALE_RADIOS, radio = c->cell[cell].member[i] % SCALE_RADIOS;
		const struct fx_group *g = &c->mobile[mobile].joined[radio];
		if (!g->ifindex)
			continue;
		struct kernel_report *k = sim_alloc(sizeof *k);
		*k = (struct kernel_report){.mobile = mobile, .radio = radio, .is_answer = true, .g = *g};
		sim_in(&c->sim, SCALE_AIR_NS + (int64_t)(prng_u64(&c->net_rng) % (uint64_t)within_ns), on_kernel, c, k, 1);
	}
}
