/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator sees of a home agent, and what he can do to it. */
#include "base/err.h"
#include "role/ha/ha4_i.h"

static const char *state_str(enum binding_state s)
{
	switch (s) {
	case BINDING_NEW: return "checking";
	case BINDING_ACTIVE: return "active";
	case BINDING_GONE: return "gone";
	}
	return "?";
}

static void show_binding(const struct ha *h, const struct binding *b, struct show *out, struct now now)
{
	if (ha_is_v4(b)) {
		ha4_show_binding(h, ha4_of_const(b), out, now);
		return;
	}
	show_begin(out, "binding");
	show_str(out, "role", "ha");
	show_addr6(out, "home_address", &b->hoa);
	show_addr6(out, "care_of_address", &b->coa);
	show_str(out, "state", state_str(b->state));
	show_u64(out, "lifetime_s", b->lifetime * 4u);
	show_i64(out, "remaining_s", b->state == BINDING_ACTIVE ? span_to_s(mono_sub(b->expires, now.mono)) : 0);
	show_u64(out, "sequence", b->seq);
	show_flag(out, "link_local", b->flags & HA_LINK_LOCAL);
	show_flag(out, "intercepted", (b->flags & HA_INTERCEPTED) && !h->is_standby);
	const struct ha_router *r = ha_net_find(h, &b->hoa);
	for (uint32_t i = 0; r && i < r->n_net; i++)
		show_prefix6(out, "network", &r->net[i]);
	show_end(out);
}

static void show_status(const struct ha *h, struct show *out)
{
	show_begin(out, "status");
	show_str(out, "role", "ha");
	if (!addr6_is_any(&h->conf.address))
		show_addr6(out, "address", &h->conf.address);
	if (ha4_is_on(h))
		show_str(out, "address_v4", ADDR46_STR(&h->conf.v4.address));
	show_str(out, "home_link", h->n_home ? h->home[0].name : "virtual");
	show_flag(out, "home_link_up", h->n_home && h->home[0].is_up);
	for (uint32_t i = 1; i < h->n_home; i++)
		show_str(out, h->home[i].is_up ? "home_link_too" : "home_link_down", h->home[i].name);
	show_u64(out, "bindings", h->n_active);
	show_u64(out, "bindings_max", h->conf.bindings_max);
	show_u64(out, "registered", h->n_registered);
	show_u64(out, "deregistered", h->n_deregistered);
	show_u64(out, "expired", h->n_expired);
	show_u64(out, "keys_lent", h->n_lent);
	show_u64(out, "refused", h->n_refused);
	if (h->has_group) {
		show_flag(out, "serves", !h->is_standby);
		show_u64(out, "taken_of_group", h->n_taken);
	}
	show_end(out);
}

void ha_show(const void *self, const char *what, struct show *out, struct now now)
{
	const struct ha *h = self;
	const struct binding *b;

	if (strcmp(what, "status") == 0)
		show_status(h, out);
	if (strcmp(what, "routers") == 0)
		ha_agents_show(h, out, now);
	if (strcmp(what, "bindings") == 0)
		for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
			if (b->state != BINDING_GONE)
				show_binding(h, b, out, now);
	ha_cast_show(h, what, out, now);
}

int ha_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	struct ha *h = self;
	struct addr6 hoa;

	if (cmd->argc != 2 || strcmp(cmd->argv[0], "drop") != 0)
		return ha_cast_ctl(h, cmd, now, msg);
	if (!addr46_parse(&hoa, cmd->argv[1])) {
		*msg = "drop wants a home address";
		return ERR_INVAL;
	}
	struct binding *b = binding_find(&h->bindings, &hoa);
	if (!ha_is_active(b))
		return ERR_NOTFOUND; /* another role may have it */
	ha_drop(h, b, "by the operator", now);
	*msg = "binding dropped; the mobile learns of it when it refreshes";
	return ERR_OK;
}
