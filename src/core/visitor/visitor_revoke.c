/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Revocation (RFC 3543), and the keepalives of UDP tunnels (RFC 3519 4.9).
 *
 * Timestamps are NTP's seconds, ours and the home agent's apart: a revocation is new when it is later than the registration and
 * than the last revocation of the same visitor. After the home agent's revocation the entry stays for a while, so that it is acknowledged again
 * when our acknowledgement was lost; after ours, until it is acknowledged.
 */
#include "core/visitor/visitor_i.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/ip6.h"
#include "wire/mip6/mh.h"

enum { LINGER_S = 120, TRIES = 6, UDP_TTL = 64, ECHO_DATA_OCT = 8 };

uint32_t visitors_stamp(struct now now, uint32_t last)
{
	uint32_t s = (uint32_t)(mh_ntp_of_wall(now.wall) >> 32);
	return last && (int32_t)(s - last) <= 0 ? last + 1 : s;
}

static void send(struct visitors *vs, const struct mip4_path *path, struct mip4 *m, const struct sa_key *key)
{
	uint8_t buf[VISITOR_BUF_OCT];
	struct mip4_built built;
	m->ext.auth[MIP4_FH] = sa4_auth(key);
	size_t n = mip4_packet_build(buf, sizeof buf, path, m, &built);
	if (!n)
		return;
	sa4_sign(key, vs->env->crypto, buf + built.msg_off, &m->ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, buf);
	fx_send(vs->env->fx, vs->role, 0, NULL, buf, n);
}

/* --- by us (4.2.3.1) ------------------------------------------------------------------------------------- */

static bool ask(struct visitors *vs, struct visitor *v, struct now now)
{
	const struct sa_key *key = vs->ops->home_agent_key(vs->ops->ctx, &v->req.ha);
	if (!key)
		return false;
	v->stamp_out = visitors_stamp(now, v->stamp_out);
	struct mip4 m = {.type = MIP4_REVOKE, .revoke = {
		.inform = v->has_inform, .hoa = v->hoa, .home = v->req.ha, .foreign = v->req.coa, .id = v->stamp_out,
	}};
	send(vs, &(struct mip4_path){.src = v->req.relay_src, .dst = v->req.ha}, &m, key);
	return true;
}

static void tell(struct visitors *vs, struct visitor *v, struct now now)
{
	if (vs->ops->tell)
		vs->ops->tell(vs->ops->ctx, v, now);
}

void visitors_revoke(struct visitors *vs, struct visitor *v, struct now now)
{
	if (v->state != VISITOR_SERVED)
		return;
	vs->n_revoked++;
	visitors_end(vs, v, VISITOR_BY_US, now);
	v->state = VISITOR_REVOKING;
	v->revoke_tries = 0;
	if (!v->has_inform) /* else the home agent decides: its acknowledgement tells */
		tell(vs, v, now);
	if (v->can_revoke)
		visitors_revoke_due(vs, v, now);
	else
		visitors_remove(vs, v);
}

/* One a second at most, doubling; not beyond what the registration would have lasted. */
void visitors_revoke_due(struct visitors *vs, struct visitor *v, struct now now)
{
	mono_t next = mono_add(now.mono, span_s(1LL << v->revoke_tries));
	if (v->revoke_tries++ == TRIES || mono_reached(v->expires, now.mono) || !ask(vs, v, now)) {
		visitors_remove(vs, v);
		return;
	}
	(void)timer_set(&vs->timers, &v->timer, mono_min(next, v->expires)); /* reserved */
}

bool visitors_ack_rx(struct visitors *vs, const struct mip4_packet *p, enum wire_err err, struct now now)
{
	struct visitor *v = visitors_entry(vs, &p->m.revoke.hoa);
	if (!v || v->state != VISITOR_REVOKING || !addr6_eq(&p->src, &v->req.ha) || p->m.revoke.id != v->stamp_out) {
		if (vs->env->roles & 1u << ROLE_HA)
			return false; /* of a revocation by the home agent here */
		reason_count(vs->env, R_REVOKE_UNEXPECTED);
		return true;
	}
	const struct sa_key *key = vs->ops->home_agent_key(vs->ops->ctx, &v->req.ha);
	if (err || !key || !sa4_verify(key, vs->env->crypto, p->msg, &p->m.ext.auth[MIP4_FH])) {
		reason_count(vs->env, R_REVOKE_KEY);
		return true;
	}
	if (v->has_inform && p->m.revoke.inform)
		tell(vs, v, now);
	visitors_remove(vs, v);
	return true;
}

void visitors_stop(struct visitors *vs, struct now now)
{
	uint64_t it = 0;
	while (vs->n_pending) {
		struct visitor_request req = vs->pending[0].p->req;
		visitors_pending_del(vs, vs->pending[0].p);
		if (vs->ops->refused)
			vs->ops->refused(vs->ops->ctx, &req, MIP4_FA_TIMEOUT, now);
	}
	for (struct visitor *v; (v = table_next(&vs->by_hoa, &it));) {
		if (v->state != VISITOR_SERVED)
			continue;
		visitors_end(vs, v, VISITOR_BY_US, now);
		v->state = VISITOR_REVOKED;
		if (v->can_revoke)
			(void)ask(vs, v, now);
	}
}

/* --- by the home agent (4.2.2.2) ------------------------------------------------------------------------- */

static void acknowledge(struct visitors *vs, const struct mip4_packet *p, const struct sa_key *key, bool inform)
{
	struct mip4 m = {.type = MIP4_REVOKE_ACK, .revoke = {.inform = inform, .hoa = p->m.revoke.hoa, .id = p->m.revoke.id}};
	send(vs, &(struct mip4_path){.src = p->dst, .dst = p->src, .dport = p->sport}, &m, key);
}

static struct visitor *revoked(const struct visitors *vs, const struct mip4_packet *p)
{
	const struct mip4_revoke *r = &p->m.revoke;
	struct visitor *v = visitors_entry(vs, &r->hoa);
	bool is_it = v && v->can_revoke && addr6_eq(&v->req.ha, &r->home) && addr6_eq(&v->req.ha, &p->src) && addr6_eq(&v->req.coa, &r->foreign);
	return is_it ? v : NULL;
}

/* PASS, or why it is ignored. A bit clear: our own, reflected. */
static bool is_fresh(const struct visitors *vs, const struct visitor *v, const struct mip4_packet *p)
{
	if (p->m.revoke.is_ha && (int32_t)(p->m.revoke.id - v->stamp_in) > 0)
		return true;
	reason_count(vs->env, R_REVOKE_OLD);
	return false;
}

static void end(struct visitors *vs, struct visitor *v, bool inform, struct now now)
{
	if (v->state == VISITOR_SERVED) {
		vs->n_revoked++;
		visitors_end(vs, v, VISITOR_BY_HOME_AGENT, now);
		if (inform)
			tell(vs, v, now);
	}
	v->state = VISITOR_REVOKED;
	(void)timer_set(&vs->timers, &v->timer, mono_min(v->expires, mono_add(now.mono, span_s(LINGER_S)))); /* reserved */
}

bool visitors_revoke_rx(struct visitors *vs, const struct mip4_packet *p, enum wire_err err, struct now now)
{
	struct visitor *v = revoked(vs, p);
	if (!v) {
		if (vs->env->roles & (1u << ROLE_HA | 1u << ROLE_MN))
			return false;
		reason_count(vs->env, R_REVOKE_UNEXPECTED);
		return true;
	}
	const struct sa_key *key = vs->ops->home_agent_key(vs->ops->ctx, &v->req.ha);
	if (err || !key || !sa4_verify(key, vs->env->crypto, p->msg, &p->m.ext.auth[MIP4_FH])) {
		reason_count(vs->env, R_REVOKE_KEY);
		return true;
	}
	if (!is_fresh(vs, v, p))
		return true;
	v->stamp_in = p->m.revoke.id;
	bool inform = !v->has_inform || p->m.revoke.inform; /* not agreed upon: we tell (4.2.2.2, 3.4) */
	end(vs, v, inform, now);
	acknowledge(vs, p, key, inform && p->m.revoke.inform);
	return true;
}

/* --- keepalives ------------------------------------------------------------------------------------------ */

static void put_echo(struct wr *w, const struct visitor *v)
{
	struct icmp4_build b = icmp4_begin(w, &(struct ip4_path){.src = v->hoa, .dst = v->req.ha, .ttl = UDP_TTL}, IC4_ECHO_REQUEST, 0);
	wr_u16(w, MIP4_PORT); /* identifier, sequence number */
	wr_u16(w, 0);
	wr_zero(w, ECHO_DATA_OCT);
	(void)icmp4_finish(w, &b);
}

/* An echo request from the home address to the home agent, in the tunnel: what else comes from the mobile is checked alike there. */
void visitors_keepalive(struct visitors *vs, struct visitor *v, struct now now)
{
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof buf);
	struct udp4_build b = udp4_begin(&w, &(struct ip4_path){.src = v->req.relay_src, .dst = v->req.ha, .ttl = UDP_TTL}, MIP4_PORT, v->udp_port);
	struct mip4 m = {.type = MIP4_DATA, .data.next = NH_IPV4};
	mip4_build(&w, &m);
	put_echo(&w, v);
	size_t n = udp4_finish(&w, &b);
	if (n)
		fx_send(vs->env->fx, vs->role, 0, NULL, buf, n);
	(void)timer_set(&vs->timers, &v->keepalive, mono_add(now.mono, v->keepalive_every)); /* armed before */
}
