/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine in the abstract network: started, told of links, packets and time, and asked for its effects after each of these. */
#include <stdlib.h>

#include "base/err.h"
#include "sim/scale/scale_i.h"

static void drain(struct scale *c, struct host *h);

static void on_tick(struct sim *s, void *obj, void *arg, uint64_t at)
{
	struct host *h = obj;
	struct scale *c = (struct scale *)((char *)s - offsetof(struct scale, sim));
	(void)arg;
	if ((int64_t)at != h->tick_at_ns)
		return;
	h->tick_at_ns = INT64_MAX;
	h->ops->tick(h->self, scale_now(c));
	drain(c, h);
}

static void arm(struct scale *c, struct host *h)
{
	mono_t when = h->ops->expiry(h->self);
	if (mono_is_never(when))
		return;
	int64_t at = when.ns - NS_PER_S;
	if (at < c->sim.t_ns)
		at = c->sim.t_ns;
	if (at >= h->tick_at_ns)
		return;
	h->tick_at_ns = at;
	sim_at(&c->sim, at, on_tick, h, NULL, (uint64_t)at);
}

static void drain(struct scale *c, struct host *h)
{
	for (const struct effect *e; (e = effq_next(&c->fx));)
		ways_carry_out(c, h, e);
	effq_reset(&c->fx);
	arm(c, h);
}

void host_start(struct scale *c, struct host *h, const struct role_ops *ops, uint32_t index, void *conf)
{
	const char *remedy = "";
	*h = (struct host){.ops = ops, .self = sim_alloc(ops->size_oct), .conf = conf, .index = index, .tick_at_ns = INT64_MAX};
	if (ops->init(h->self, &c->env, conf, scale_now(c), &remedy) != ERR_OK) {
		fprintf(stderr, "roamsim: %s does not start: %s\n", ops->name, remedy);
		exit(3);
	}
	if (ops->restored)
		ops->restored(h->self, scale_now(c));
	drain(c, h);
}

void host_free(struct host *h)
{
	if (h->self)
		h->ops->fini(h->self);
	free(h->self);
	free(h->conf);
}

void host_link(struct scale *c, struct host *h, uint32_t ifindex, const char *name, const struct lladdr *l, bool is_up)
{
	struct link_event ev = {.ifindex = ifindex, .is_up = is_up, .lladdr = *l, .mtu_oct = 1500};
	snprintf(ev.name, sizeof ev.name, "%s", name);
	h->ops->link(h->self, &ev, scale_now(c));
	drain(c, h);
}

void host_rx(struct scale *c, struct host *h, const struct rx *rx)
{
	h->ops->rx(h->self, rx, scale_now(c));
	drain(c, h);
}
