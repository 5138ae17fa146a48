/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator sees of a foreign agent, and what he can do to it. */
#include "base/err.h"
#include "role/fa/fa_i.h"

static void show_status(const struct fa *fa, struct show *out)
{
	const struct visitors *vs = &fa->visitors;
	show_begin(out, "status");
	show_str(out, "role", "fa");
	for (uint32_t i = 0; i < fa->conf.n_coa; i++)
		show_addr6(out, "care_of_address", &fa->conf.coa[i]);
	show_flag(out, "busy", fa->is_busy);
	show_u64(out, "visitors", visitors_count(vs));
	show_u64(out, "visitors_max", fa->conf.visitors_max);
	show_u64(out, "pending", vs->n_pending);
	show_u64(out, "requests", vs->n_requests);
	show_u64(out, "relayed", vs->n_relayed);
	show_u64(out, "refused", vs->n_refused);
	show_u64(out, "accepted", vs->n_accepted);
	show_u64(out, "denied_by_home_agents", vs->n_denied);
	show_u64(out, "timeouts", vs->n_timeouts);
	show_u64(out, "revoked", vs->n_revoked);
	if (fa->conf.guests.is_on) {
		show_u64(out, "stations", table_count(&fa->stations));
		show_u64(out, "guests", table_count(&fa->guests));
		show_u64(out, "groups", listen_count(&fa->listen));
	}
	show_end(out);
}

static void show_interface(const struct fa_if *f, struct show *out, struct now now)
{
	show_begin(out, "interface");
	show_str(out, "role", "fa");
	show_str(out, "name", f->conf->name);
	show_str(out, "kind", "access");
	show_flag(out, "up", f->is_up);
	show_lladdr(out, "lladdr", &f->lladdr);
	if (!addr6_is_none(&f->addr))
		show_addr6(out, "address", &f->addr);
	show_u64(out, "solicitations", f->adv.n_solicited);
	show_u64(out, "advertisements", f->adv.n_sent);
	show_u64(out, "sequence", f->adv.seq);
	if (timer_is_set(&f->adv.timer))
		show_until(out, "next_advertisement_s", f->adv.timer.when, now.mono);
	show_end(out);
}

static const char *link_name(const struct fa *fa, uint32_t ifindex)
{
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (fa->iface[i].ifindex == ifindex)
			return fa->iface[i].conf->name;
	return "";
}

static void show_guest(const struct fa *fa, const struct guest *g, struct show *out)
{
	show_begin(out, "guest");
	show_str(out, "role", "fa");
	show_str(out, "device", DEVICE_STR(&g->rec.device));
	if (!addr6_is_none(&g->rec.home6))
		show_addr6(out, "home_address", &g->rec.home6);
	if (!addr6_is_none(&g->rec.home4))
		show_addr6(out, "home_address_v4", &g->rec.home4);
	for (uint32_t i = 0; i < g->n_channel; i++)
		show_addr6(out, addr6_is_v4mapped(&g->channel[i].group) ? "group_v4" : "group", &g->channel[i].group);
	show_str(out, "interface", link_name(fa, g->at->key.ifindex));
	show_lladdr(out, "lladdr", &g->at->key.lladdr);
	show_str(out, "policy", g->rec.policy == MM_SERVING ? "serving" : "all");
	show_flag(out, "delivers", g->is_delivering);
	show_end(out);
}

static void show_station(const struct fa *fa, const struct station *s, struct show *out, struct now now)
{
	int32_t cdbm;
	show_begin(out, "station");
	show_str(out, "role", "fa");
	show_lladdr(out, "lladdr", &s->key.lladdr);
	show_str(out, "interface", link_name(fa, s->key.ifindex));
	show_str(out, "state", station_state_str(s->state));
	if (s->identity.kind != DEVICE_NONE)
		show_str(out, "identity", DEVICE_STR(&s->identity));
	if (signal_mean(&s->signal, fa->conf.guests.window, fa->conf.guests.age, now.mono, &cdbm))
		show_real(out, "signal_dbm", cdbm / 100.0);
	show_flag(out, "serving", s->is_serving);
	show_end(out);
}

static void show_guests(const struct fa *fa, const char *what, struct show *out, struct now now)
{
	uint64_t it = 0;
	if (strcmp(what, "guests") == 0)
		for (const struct guest *g; (g = table_next(&fa->guests, &it));)
			show_guest(fa, g, out);
	if (strcmp(what, "stations") == 0)
		for (const struct station *s; (s = table_next(&fa->stations, &it));)
			show_station(fa, s, out, now);
	if (fa->mmc)
		mmc_show(fa->mmc, what, out, now);
}

void fa_show(const void *self, const char *what, struct show *out, struct now now)
{
	const struct fa *fa = self;
	if (strcmp(what, "status") == 0)
		show_status(fa, out);
	if (strcmp(what, "visitors") == 0)
		visitors_show(&fa->visitors, out, now);
	show_guests(fa, what, out, now);
	for (uint32_t i = 0; strcmp(what, "interfaces") == 0 && i < fa->conf.n_interface; i++)
		show_interface(&fa->iface[i], out, now);
}

static int set_busy(struct fa *fa, const char *word, struct now now, const char **msg)
{
	bool is_on = strcmp(word, "on") == 0;
	if (!is_on && strcmp(word, "off") != 0) {
		*msg = "busy wants on or off";
		return ERR_INVAL;
	}
	fa->is_busy = is_on;
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		agentadv_again(&fa->iface[i].adv, now);
	return ERR_OK;
}

static int drop(struct fa *fa, const char *word, struct now now, const char **msg)
{
	struct addr6 hoa;
	if (!addr46_parse(&hoa, word)) {
		*msg = "drop wants a home address";
		return ERR_INVAL;
	}
	struct visitor *v = visitors_find(&fa->visitors, &hoa);
	if (!v)
		return ERR_NOTFOUND; /* another role may have it */
	visitors_revoke(&fa->visitors, v, now);
	return ERR_OK;
}

int fa_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	if (cmd->argc == 2 && strcmp(cmd->argv[0], "busy") == 0)
		return set_busy(self, cmd->argv[1], now, msg);
	if (cmd->argc == 2 && strcmp(cmd->argv[0], "drop") == 0)
		return drop(self, cmd->argv[1], now, msg);
	return ERR_NOTFOUND;
}

void fa_advise(const void *self, advise_fn say, void *ctx)
{
	const struct fa *fa = self;
	const struct fa_conf *c = &fa->conf;
	if (!c->has_challenge && c->n_coa)
		say(ctx, "requests of mobiles can be replayed on the link: write challenge = true (RFC 4721)");
	if (!c->n_home_agent && c->n_coa)
		say(ctx, "replies of home agents are not authenticated: share a key, home-agent \"ADDRESS\" { key = ... }");
	if (c->n_home_agent && c->has_revocation && c->takes_colocated)
		say(ctx, "registrations of co-located mobiles cannot be revoked: write co-located = false (RFC 3543 4.3.1)");
	if (c->guests.is_on && c->guests.trusts_lladdr)
		say(ctx, "whoever takes on a mobile's link-layer address is that mobile: write link-layer-identity = false and have the radio tell identities");
	for (uint32_t i = 0; i < c->n_interface; i++)
		if (!c->interface[i].is_filtered || !c->interface[i].n_prefix)
			say(ctx, "hosts on %s may send with any source: write prefix = {...} and filter = true", c->interface[i].name);
}
