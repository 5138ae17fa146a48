/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Voice into a mobile's group itself (D-11): `roamctl voice relay HOME-ADDRESS PORT [SECONDS]`. What comes to that UDP port of the home agent's
 * address goes to the mobile's group as it is, not inside a packet to its home address; of each family in which the mobile has a
 * home address and a group. Who may send to the port is a firewall's to say.
 */
#include "base/err.h"
#include "role/ha/ha_cast_i.h"

static struct cast_voice *voice_at(struct ha_cast *c, uint16_t port)
{
	for (uint32_t i = 0; i < CAST_VOICE_MAX; i++)
		if (c->voice[i].is_used && c->voice[i].port == port)
			return &c->voice[i];
	return NULL;
}

static void withdraw(struct ha_cast *c, const struct cast_voice *v)
{
	for (int i = 0; i < 2; i++) {
		const struct dp_op op = {.table = DP_RELAY, .relay = {.addr = *cast_own(c->h, i == 1), .port = v->port}};
		if (!addr6_is_none(&op.relay.addr) && !addr6_is_none(&v->group))
			fx_dp_del(c->h->env.fx, ROLE_HA, &op);
	}
}

static void put_family(struct ha_cast *c, struct cast_voice *v, const struct mm_record *r, bool is_v4)
{
	const struct addr6 *own = cast_own(c->h, is_v4), *home = is_v4 ? &r->home4 : &r->home6, *group = is_v4 ? &r->group4 : &r->group6;
	const struct dp_op op = {.table = DP_RELAY, .relay = {.addr = *own, .port = v->port, .group = *group, .source = *own,
		.group_port = r->voice_port, .inject_if = c->inject_ifindex, .expires = v->until}};
	if (addr6_is_none(own) || addr6_is_none(home) || addr6_is_none(group) || !addr6_eq(is_v4 ? &r->source4 : &r->source6, own))
		return;
	v->group = *group;
	fx_dp_put(c->h->env.fx, ROLE_HA, &op);
}

void cast_voice_put(struct ha_cast *c, const struct addr6 *hoa, const struct mm_record *r, struct now now)
{
	(void)now;
	for (uint32_t i = 0; i < CAST_VOICE_MAX; i++) {
		struct cast_voice *v = &c->voice[i];
		if (!v->is_used || !addr6_eq(&v->hoa, hoa))
			continue;
		withdraw(c, v);
		v->group = addr6_any;
		if (r->voice_port) {
			put_family(c, v, r, false);
			put_family(c, v, r, true);
		}
		fx_event(c->h->env.fx, ROLE_HA, addr6_is_none(&v->group) ? EV_WARNING : EV_INFO, "voice-relay", hoa, "voice to port %u %s", v->port,
			 addr6_is_none(&v->group) ? "has nowhere to go: the mobile's record names no port for it, or no group of ours" : ADDR46_STR(&v->group));
	}
}

void cast_voice_stop(struct ha_cast *c)
{
	for (uint32_t i = 0; i < CAST_VOICE_MAX; i++)
		if (c->voice[i].is_used)
			withdraw(c, &c->voice[i]);
}

void cast_voice_show(const struct ha_cast *c, struct show *out, struct now now)
{
	for (uint32_t i = 0; i < CAST_VOICE_MAX; i++) {
		const struct cast_voice *v = &c->voice[i];
		if (!v->is_used || mono_reached(v->until, now.mono))
			continue;
		show_begin(out, "voice");
		show_str(out, "role", "ha");
		show_u64(out, "port", v->port);
		show_str(out, "home_address", ADDR46_STR(&v->hoa));
		show_str(out, "group", addr6_is_none(&v->group) ? "none" : ADDR46_STR(&v->group));
		show_end(out);
	}
}

/* A whole number from 1 to max. */
static bool number(const char *s, uint32_t max, uint32_t *n)
{
	for (*n = 0; *s >= '0' && *s <= '9' && *n <= max; s++)
		*n = *n * 10 + (uint32_t)(*s - '0');
	return !*s && *n > 0 && *n <= max;
}

static struct cast_voice *place_for(struct ha_cast *c, uint16_t port, struct now now)
{
	struct cast_voice *v = voice_at(c, port);
	for (uint32_t i = 0; i < CAST_VOICE_MAX && !v; i++)
		if (!c->voice[i].is_used || mono_reached(c->voice[i].until, now.mono))
			v = &c->voice[i];
	if (v && v->is_used)
		withdraw(c, v);
	return v;
}

static int relay(struct ha_cast *c, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	uint32_t port, seconds = 0;
	struct addr6 hoa;
	const struct mm_record *rec = NULL;
	if (!addr46_parse(&hoa, cmd->argv[2]) || !number(cmd->argv[3], 65535, &port) ||
	    (cmd->argc == 5 && !number(cmd->argv[4], 31536000, &seconds))) {
		*msg = "voice relay wants a home address, a UDP port of the home agent's and perhaps for how many seconds";
		return ERR_INVAL;
	}
	struct cast_voice *v = place_for(c, (uint16_t)port, now);
	if (!v) {
		*msg = "64 streams are relayed already: end one";
		return ERR_FULL;
	}
	*v = (struct cast_voice){.is_used = true, .port = (uint16_t)port, .hoa = hoa,
		.until = seconds ? mono_add(now.mono, span_s(seconds)) : MONO_NEVER};
	const struct mmc_question q = mmc_by_address(&hoa);
	enum mmc_result r = mmc_ask(c->mmc, &q, &rec, now);
	if (r == MMC_FOUND) {
		const struct mm_record copy = *rec;
		cast_voice_put(c, &hoa, &copy, now);
	}
	*msg = r == MMC_FOUND ? "voice is relayed" : r == MMC_WAIT ? "a manager is asked for the mobile; voice is relayed with its answer" : mmc_result_str(r);
	if (r == MMC_FOUND || r == MMC_WAIT)
		return ERR_OK;
	v->is_used = false;
	return ERR_NOTFOUND;
}

int cast_voice_ctl(struct ha_cast *c, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	uint32_t port;
	if (strcmp(cmd->argv[1], "relay") == 0 && (cmd->argc == 4 || cmd->argc == 5))
		return relay(c, cmd, now, msg);
	if (strcmp(cmd->argv[1], "end") != 0 || cmd->argc != 3 || !number(cmd->argv[2], 65535, &port)) {
		*msg = "voice wants: relay HOME-ADDRESS PORT [SECONDS], or end PORT";
		return ERR_INVAL;
	}
	struct cast_voice *v = voice_at(c, (uint16_t)port);
	if (!v) {
		*msg = "no stream is relayed from that port";
		return ERR_NOTFOUND;
	}
	withdraw(c, v);
	v->is_used = false;
	*msg = "voice is relayed no longer";
	return ERR_OK;
}
