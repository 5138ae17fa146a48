/* SPDX-License-Identifier: BSD-2-Clause */
/* The MMA's state as records. */
#include "role/mma/mma_i.h"

static const char *forward_state(const struct mma_forward *f)
{
	switch ((enum mma_forward_state)f->b.state) {
	case FORWARD_CONFIRMED: return "resting";
	case FORWARD_ASKING: return "leaving";
	case FORWARD_LISTENED: return "listened";
	case FORWARD_ON: return f->is_narrowed ? "forwarding-optimised" : "forwarding"; /* from correspondent nodes alone */
	}
	return "?";
}

static void show_binding(const struct mma *m, const struct mma_binding *mb, struct show *out, struct now now)
{
	const struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	bool is_active = mb->b.state == BINDING_ACTIVE;
	show_begin(out, "binding");
	show_str(out, "role", "mma");
	show_addr6(out, "home_address", &mb->b.hoa);
	show_str(out, "state", is_active ? "active" : f ? forward_state(f) : "resting");
	show_addr6(out, "coa", mma_coa(m, mb));
	if (addr6_is_v4mapped(&mb->b.hoa) && !addr6_is_none(&mb->b.coa))
		show_addr6(out, "site_address", &mb->b.coa);
	if (is_active) {
		show_addr6(out, "group", &mb->group);
		show_addr6(out, "onlink", &mb->onlink);
		show_addr6(out, "home_agent", &mb->ha);
	}
	if (is_active && mono_before(now.mono, mb->prev_until)) {
		show_addr6(out, "previous_mma", &mb->prev);
		show_until(out, "previous_until_s", mb->prev_until, now.mono);
	}
	if (!is_active && f) {
		show_addr6(out, "forward_to", &f->to);
		show_until(out, "forward_until_s", f->until, now.mono);
	}
	show_u64(out, "seq", mb->b.seq);
	show_until(out, "expires_s", mb->b.due, now.mono);
	show_end(out);
}

static void show_bindings(const struct mma *m, struct show *out, struct now now)
{
	uint64_t it = 0;
	for (const struct mma_binding *mb; (mb = bindings_next(&m->bindings, &it));)
		show_binding(m, mb, out, now);
}

static void show_mobiles(const struct mma *m, struct show *out)
{
	for (uint32_t i = 0; i < m->conf.n_mobile; i++) {
		const struct mma_mobile *mo = &m->mobile[i];
		const struct mma_binding *mb = binding_find(&m->bindings, &mo->hoa);
		show_begin(out, "mobile");
		show_str(out, "role", "mma");
		show_prefix6(out, "home", &mo->conf->home);
		show_str(out, "key", mo->conf->key);
		if (mo->conf->home.len_bits == 128)
			show_flag(out, "registered", mb && mb->b.state == BINDING_ACTIVE);
		show_end(out);
	}
}

static void show_links(const struct mma *m, struct show *out)
{
	for (uint32_t i = 0; i < m->n_link; i++) {
		const struct mma_link *l = &m->link[i];
		show_begin(out, "interface");
		show_str(out, "role", "mma");
		show_str(out, "name", l->name);
		show_str(out, "kind", l->is_downstream ? "downstream" : "upstream");
		show_flag(out, "up", l->is_up);
		show_lladdr(out, "lladdr", &l->lladdr);
		show_end(out);
	}
}

static void show_status(const struct mma *m, struct show *out)
{
	show_begin(out, "status");
	show_str(out, "role", "mma");
	show_str(out, "site", m->conf.site);
	if (mma_has_v6(&m->conf)) {
		show_addr6(out, "address", &m->conf.address);
		show_prefix6(out, "coa_prefix", &m->conf.coa_prefix);
		show_prefix6(out, "group_prefix", &m->conf.group_prefix);
	}
	if (mma_has_v4(&m->conf)) {
		show_addr6(out, "address_v4", &m->conf.address_v4);
		show_prefix6(out, "group_prefix_v4", &m->conf.group_prefix_v4);
		show_u64(out, "pending", m->visitors.n_pending);
	}
	show_u64(out, "bindings", m->n_active);
	show_u64(out, "resting", bindings_count(&m->bindings) - m->n_active);
	show_u64(out, "accepted", m->n_accepted);
	show_u64(out, "refused", m->n_refused);
	show_u64(out, "peers", m->conf.n_peer);
	show_u64(out, "keys_lent", bindings_count(&m->lent));
	show_u64(out, "forwarded", m->n_forwarded);
	show_u64(out, "taken_over", m->n_taken_over);
	show_flag(out, "route_optimisation", m->conf.route_optimisation);
	show_u64(out, "correspondents", table_count(&m->ro.entries));
	show_u64(out, "correspondents_bound", m->ro.n.bound);
	show_u64(out, "correspondents_failed", m->ro.n.failed);
	show_u64(out, "groups_listened", table_count(&m->mldr.channels));
	show_end(out);
}

void mma_show(const void *self, const char *what, struct show *out, struct now now)
{
	const struct mma *m = self;
	if (strcmp(what, "bindings") == 0) {
		show_bindings(m, out, now);
		ro_show(&m->ro, NULL, out, now);
	}
	if (strcmp(what, "mobiles") == 0)
		show_mobiles(m, out);
	if (strcmp(what, "interfaces") == 0)
		show_links(m, out);
	if (strcmp(what, "status") == 0)
		show_status(m, out);
	if (strcmp(what, "visitors") == 0)
		visitors_show(&m->visitors, out, now);
	mldr_show(&m->mldr, what, out, now);
	mroutes_show(&m->mroutes, what, out);
}
