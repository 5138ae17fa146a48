/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/group/hsrp_run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/log.h"
#include "plat/linux/udpin.h"
#include "plat/plat.h"
#include "rg/hsrp.h"

enum {
	FAMILIES = 2, BATCH = 64,
	FOLLOW = 1000,           /* added to the priority of the family that follows; above what version 2's usual 255 reaches */
	TAKE_OVER = 255,         /* who is asked to take over: above all that are configured */
	TAKE_OVER_MS = 3000,
};

struct side {
	struct hsrp_run *run;
	bool is_used, is_up;
	int fd;
	struct event *rx;
	struct hsrp_conf conf;
	struct hsrp_engine e;
};

struct hsrp_run {
	struct side side[FAMILIES];     /* IPv4, IPv6 */
	const struct conf_group *group;
	struct engine_env env;
	struct hsrp_run_ops ops;
	struct link_event link;
	bool is_started, is_active;
	mono_t take_until;              /* taking over, and given up then */
	uint32_t further_down;          /* bits of tracked interfaces that have no carrier */
};

static struct side *leader(struct hsrp_run *h) { return &h->side[h->side[0].is_used ? 0 : 1]; }
static bool is_follower(const struct side *s) { return s != leader(s->run); }
static const struct addr6 *group_of(const struct side *s)
{
	return s == &s->run->side[1] ? &hsrp_group_ip6 : s->conf.version == 1 ? &hsrp_group_v1 : &hsrp_group_v2;
}

static void follow(struct side *s, bool is_active)
{
	if (s->is_used && is_follower(s))
		s->e.conf.priority = s->conf.priority + (is_active ? FOLLOW : 0);
}

static void take_no_more(struct hsrp_run *h)
{
	struct side *s = leader(h);

	h->take_until = MONO_NEVER;
	s->e.conf.priority = s->conf.priority;
	s->e.conf.is_preempting = s->conf.is_preempting;
}

static void on_changed(void *ctx, enum hsrp_state from, enum hsrp_state to, struct now now)
{
	struct side *s = ctx;
	struct hsrp_run *h = s->run;
	const bool is_active = to == HSRP_ACTIVE;

	(void)from;
	(void)now;
	if (is_follower(s) || is_active == h->is_active)
		return;
	h->is_active = is_active;
	h->take_until = MONO_NEVER;
	if (!is_active)
		take_no_more(h);
	follow(&h->side[1], is_active);
	h->ops.state(h->ops.ctx, is_active);
}

static void on_datagram(void *ctx, uint32_t ifindex, const struct addr6 *src, const uint8_t *data, size_t len_oct)
{
	struct side *s = ctx;

	if (s->is_up && ifindex == s->conf.ifindex)
		hsrp_rx(&s->e, src, data, len_oct, plat_now());
}

static void on_rx(evutil_socket_t fd, short what, void *ctx)
{
	struct side *s = ctx;

	(void)what;
	udpin_read(fd, BATCH, on_datagram, s);
	s->run->ops.run(s->run->ops.ctx);
}

/* Everything that an engine needs is known, or is so no longer. */
static void settle(struct side *s, struct now now)
{
	const struct hsrp_run *h = s->run;
	const bool can = s->is_used && h->is_started && h->link.is_up && !h->further_down && !addr6_is_none(&s->conf.self);
	const char *remedy;

	if (can == s->is_up)
		return;
	s->is_up = can;
	if (!can) {
		hsrp_down(&s->e, now);
		return;
	}
	s->conf.ifindex = h->link.ifindex;
	s->conf.lladdr = h->link.lladdr;
	const struct hsrp_ops ops = {on_changed, s};
	if (hsrp_init(&s->e, &h->env, &s->conf, &ops, &remedy)) {
		log_note(EV_ERROR, "hsrp-failed", "%s", remedy);
		s->is_up = false;
		return;
	}
	follow(s, h->is_active);
	if (udpin_join(s->fd, group_of(s), s->conf.ifindex))
		log_note(EV_WARNING, "hsrp-failed", "the group of HSRP's routers cannot be joined on %s", h->group->interface);
	hsrp_up(&s->e, now);
}

static void settle_all(struct hsrp_run *h, struct now now)
{
	for (int i = 0; i < FAMILIES; i++)
		settle(&h->side[i], now);
}

void hsrp_run_start(struct hsrp_run *h, struct now now)
{
	h->is_started = true;
	settle_all(h, now);
}

void hsrp_run_stop(struct hsrp_run *h, struct now now)
{
	h->is_started = false;
	settle_all(h, now);
}

void hsrp_run_take_over(struct hsrp_run *h, struct now now)
{
	if (!leader(h)->is_up || h->is_active)
		return;
	leader(h)->e.conf.priority = TAKE_OVER;
	leader(h)->e.conf.is_preempting = true;
	h->take_until = mono_add(now.mono, span_ms(TAKE_OVER_MS));
}

void hsrp_run_yield(struct hsrp_run *h) { take_no_more(h); }

void hsrp_run_link(struct hsrp_run *h, const struct link_event *ev, struct now now)
{
	if (!strcmp(ev->name, h->group->interface))
		h->link = *ev;
	for (uint32_t i = 0; i < h->group->n_track; i++)
		if (!strcmp(ev->name, h->group->track[i]))
			h->further_down = ev->is_up && !ev->is_gone ? h->further_down & ~(1u << i) : h->further_down | 1u << i;
	h->link.is_up &= !h->link.is_gone;
	settle_all(h, now);
}

static bool is_link_local(const struct addr6 *a) { return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80; }

/* HSRP's packets come from an address of the link: of IPv4 our own if that is one, of IPv6 the link-local one. */
void hsrp_run_local(struct hsrp_run *h, const struct local_event *ev, struct now now)
{
	const bool is_v4 = addr6_is_v4mapped(&ev->addr);
	struct side *s = &h->side[is_v4 ? 0 : 1];

	if (!s->is_used || ev->ifindex != h->link.ifindex || addr6_eq(&ev->addr, &s->conf.virtual_addr) || (!is_v4 && !is_link_local(&ev->addr)))
		return;
	if (ev->is_gone && addr6_eq(&ev->addr, &s->conf.self)) {
		s->conf.self = addr6_any;
	} else if (!ev->is_gone && (addr6_is_none(&s->conf.self) || addr6_eq(&ev->addr, &h->group->address))) {
		if (!s->is_up)
			s->conf.self = ev->addr;
	}
	settle(s, now);
}

void hsrp_run_tick(struct hsrp_run *h, struct now now)
{
	if (mono_reached(h->take_until, now.mono))
		take_no_more(h);
	for (int i = 0; i < FAMILIES; i++)
		if (h->side[i].is_up && mono_reached(hsrp_expiry(&h->side[i].e), now.mono))
			hsrp_tick(&h->side[i].e, now);
}

mono_t hsrp_run_expiry(const struct hsrp_run *h)
{
	mono_t least = h->take_until;

	for (int i = 0; i < FAMILIES; i++)
		if (h->side[i].is_up)
			least = mono_min(least, hsrp_expiry(&h->side[i].e));
	return least;
}

static struct hsrp_conf conf_of(const struct conf_group *g, const struct conf_virtual *v, const struct sa_key *key, enum role_id role,
				bool is_preempting)
{
	struct hsrp_conf c = hsrp_conf_default;

	c.role = role;
	c.version = (uint8_t)g->hsrp_version;
	c.group = (uint16_t)g->router_id;
	c.priority = g->priority;
	c.is_preempting = is_preempting;
	c.hello = g->advertise;
	c.hold = g->hold.ns ? g->hold : span_ns(g->advertise.ns * 3);
	c.virtual_addr = v->addr;
	c.plen_bits = (uint8_t)(v->plen + (addr6_is_v4mapped(&v->addr) ? 96 : 0));
	c.self = addr6_any;
	if (g->hsrp_text[0])
		memcpy(c.text, g->hsrp_text, sizeof c.text); /* padded with zeros by the parser */
	if (key) {
		c.auth = HSRP_AUTH_MD5;
		c.key_oct = (uint8_t)(key->raw_len_oct < HSRP_KEY_MAX ? key->raw_len_oct : HSRP_KEY_MAX);
		memcpy(c.key, key->raw, c.key_oct);
		c.key_id = g->hsrp_key_id;
	}
	return c;
}

static int open_side(struct side *s, struct event_base *base, int priority)
{
	s->fd = udpin_open(group_of(s), s == &s->run->side[1] ? HSRP_PORT6 : HSRP_PORT);
	if (s->fd < 0)
		return ERR_SYS;
	s->rx = event_new(base, s->fd, EV_READ | EV_PERSIST, on_rx, s);
	if (!s->rx || event_priority_set(s->rx, priority) || event_add(s->rx, NULL))
		return ERR_NOMEM;
	return 0;
}

int hsrp_run_open(struct hsrp_run **out, struct event_base *base, int priority, const struct engine_env *env,
		  const struct conf_group *group, const struct sa_key *key, enum role_id role, const struct hsrp_run_ops *ops, const char **remedy)
{
	struct hsrp_run *h = calloc(1, sizeof *h);
	int rc = 0;

	*out = h;
	*remedy = NULL;
	if (!h)
		return ERR_NOMEM;
	h->group = group;
	h->env = *env;
	h->ops = *ops;
	h->take_until = MONO_NEVER;
	for (int i = 0; i < FAMILIES; i++)
		h->side[i] = (struct side){.run = h, .fd = -1};
	if (key && key->raw_len_oct > HSRP_KEY_MAX) {
		*remedy = "an HSRP key has at most 55 octets: give hsrp-key a shorter one";
		return ERR_INVAL;
	}
	for (uint32_t i = 0; i < group->n_virtual; i++)
		h->side[!addr6_is_v4mapped(&group->virtual[i].addr)].is_used = true;
	for (uint32_t i = 0; !rc && i < group->n_virtual; i++) {
		struct side *s = &h->side[!addr6_is_v4mapped(&group->virtual[i].addr)];
		s->conf = conf_of(group, &group->virtual[i], key, role, group->is_preempting || is_follower(s));
		rc = open_side(s, base, priority);
	}
	return rc;
}

void hsrp_run_close(struct hsrp_run *h)
{
	if (!h)
		return;
	for (int i = 0; i < FAMILIES; i++) {
		if (h->side[i].rx)
			event_free(h->side[i].rx);
		if (h->side[i].fd >= 0)
			close(h->side[i].fd);
	}
	free(h);
}

void hsrp_run_show(const struct hsrp_run *h, struct show *out, struct now now)
{
	for (int i = 0; i < FAMILIES; i++)
		if (h->side[i].is_up)
			hsrp_show(&h->side[i].e, out, now);
}
