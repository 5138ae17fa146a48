/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lists: pending requests, dense, with what replies and requests are found by next to each other; visitors by home address. And
 * their timers.
 */
#include "core/visitor/visitor_i.h"

#include "wire/ip/icmp4.h"
#include "wire/ip/ip6.h"

enum { CAP_FIRST = 16, QUOTE_OFF = 4, PER_MOBILE = 4 };

const char *visitor_end_str(enum visitor_end e)
{
	switch (e) {
	case VISITOR_EXPIRED: return "expired";
	case VISITOR_DEREGISTERED: return "de-registered";
	case VISITOR_BY_HOME_AGENT: return "revoked by the home agent";
	case VISITOR_BY_US: return "revoked here";
	}
	return "?";
}

int visitors_init(struct visitors *vs, const struct engine_env *env, enum role_id role, const struct visitor_conf *conf,
		  const struct visitor_ops *ops, uint32_t window)
{
	memset(vs, 0, sizeof *vs);
	vs->env = env;
	vs->role = role;
	vs->conf = conf;
	vs->ops = ops;
	table_init(&vs->by_hoa, env->mem, env->rng, offsetof(struct visitor, hoa), sizeof(struct addr6));
	timers_init(&vs->timers, env->mem);
	rate_init(&vs->rate, env->rng);
	challenge_init(&vs->challenge, env->rng, window);
	return ERR_OK;
}

void visitors_fini(struct visitors *vs)
{
	uint64_t it = 0;
	timers_fini(&vs->timers); /* first: it touches the timers of what is freed next */
	for (uint32_t i = 0; i < vs->n_pending; i++)
		mem_put(vs->env->mem, vs->pending[i].p);
	mem_put(vs->env->mem, vs->pending);
	for (struct visitor *v; (v = table_next(&vs->by_hoa, &it));)
		mem_put(vs->env->mem, v);
	table_fini(&vs->by_hoa);
}

/* --- who ------------------------------------------------------------------------------------------------- */

const struct sa_key *visitors_mobile_key(const struct visitors *vs, const struct visitor_request *req)
{
	const struct mip4_bytes nai = {.len_oct = req->nai_oct, .p = req->nai};
	return vs->ops->mobile_key(vs->ops->ctx, &req->hoa, req->nai_oct ? &nai : NULL);
}

uint64_t visitors_mobile(const struct visitors *vs, const struct visitor_request *req)
{
	uint8_t key[sizeof req->hoa + VISITOR_NAI_MAX];
	memcpy(key, &req->hoa, sizeof req->hoa);
	memcpy(key + sizeof req->hoa, req->nai, req->nai_oct);
	return rate_key(&vs->rate, key, sizeof req->hoa + req->nai_oct);
}

uint64_t visitors_station(const struct visitors *vs, const struct lladdr *lladdr) { return rate_key(&vs->rate, lladdr, sizeof *lladdr); }

const uint8_t *visitors_challenge(struct visitors *vs, const struct lladdr *to)
{
	if (!vs->conf->needs_challenge || !vs->challenge.window)
		return NULL;
	return to ? challenge_offer(&vs->challenge, visitors_station(vs, to)) : challenge_advertise(&vs->challenge);
}

/* --- pending requests ------------------------------------------------------------------------------------ */

static uint32_t low4(const struct addr6 *a)
{
	uint32_t v;
	memcpy(&v, a->b + 12, sizeof v);
	return v;
}

static bool is_same_mobile(const struct visitor_request *a, const struct visitor_request *b)
{
	return addr6_eq(&a->hoa, &b->hoa) && a->nai_oct == b->nai_oct && memcmp(a->nai, b->nai, a->nai_oct) == 0;
}

static struct visitor_pending *pending_next(const struct visitors *vs, const struct visitor_request *req, uint32_t *at)
{
	uint32_t hoa4 = low4(&req->hoa);
	for (; *at < vs->n_pending; (*at)++)
		if (vs->pending[*at].hoa4 == hoa4 && is_same_mobile(&vs->pending[*at].p->req, req))
			return vs->pending[(*at)++].p;
	return NULL;
}

struct visitor_pending *visitors_pending_of(const struct visitors *vs, const struct visitor_request *req)
{
	struct visitor_pending *last = NULL, *pd;
	for (uint32_t at = 0; (pd = pending_next(vs, req, &at));)
		if (!last || !mono_before(pd->timer.when, last->timer.when))
			last = pd;
	return last;
}

struct visitor_pending *visitors_pending_same(const struct visitors *vs, const struct visitor_request *req)
{
	struct visitor_pending *pd;
	for (uint32_t at = 0; (pd = pending_next(vs, req, &at));)
		if (pd->req.id == req->id)
			return pd;
	return NULL;
}

bool visitors_is_pending(const struct visitors *vs, const struct addr6 *hoa)
{
	uint32_t hoa4 = low4(hoa);
	for (uint32_t i = 0; i < vs->n_pending; i++)
		if (vs->pending[i].hoa4 == hoa4 && addr6_eq(&vs->pending[i].p->req.hoa, hoa))
			return true;
	return false;
}

/* Where mobiles are no neighbours their key tells who speaks. */
bool visitors_is_station(const struct visitors *vs, const struct visitor_request *a, const struct visitor_request *b)
{
	return vs->conf->is_remote || (a->ifindex == b->ifindex && lladdr_eq(&a->lladdr, &b->lladdr));
}

void visitors_pending_settle(struct visitors *vs, const struct visitor_request *req)
{
	struct visitor_pending *pd;
	for (uint32_t at = 0; (pd = pending_next(vs, req, &at));)
		if (pd->is_superseded && visitors_is_station(vs, &pd->req, req)) {
			visitors_pending_del(vs, pd);
			at--; /* another has its place */
		}
}

bool visitors_pending_room(struct visitors *vs, const struct visitor_request *req)
{
	struct visitor_pending *pd, *oldest = NULL;
	uint32_t n = 0;
	for (uint32_t at = 0; (pd = pending_next(vs, req, &at)); n++) {
		if (!visitors_is_station(vs, &pd->req, req))
			continue;
		pd->is_superseded = true;
		if (!oldest || mono_before(pd->timer.when, oldest->timer.when))
			oldest = pd;
	}
	if (n < PER_MOBILE && vs->n_pending < vs->conf->pending_max)
		return true;
	if (oldest)
		visitors_pending_del(vs, oldest);
	return oldest;
}

static bool has_slot(struct visitors *vs)
{
	if (vs->n_pending < vs->cap_pending)
		return true;
	uint32_t cap = vs->cap_pending ? vs->cap_pending * 2 : CAP_FIRST;
	void *p = vs->env->mem->resize(vs->env->mem->ctx, vs->pending, cap * sizeof *vs->pending);
	if (!p)
		return false;
	vs->pending = p;
	vs->cap_pending = cap;
	return true;
}

/* RFC 5944 3.7.2.2: a pending request does not outlive the lifetime that it asks for. */
static span_t pending_span(const struct visitors *vs, const struct visitor_request *req)
{
	span_t asked = span_s(req->lifetime_s);
	return req->lifetime_s && asked.ns < vs->conf->pending.ns ? asked : vs->conf->pending;
}

/* Room for the timers of all there are and of one more of each: then arming them cannot fail. */
bool visitors_reserve(struct visitors *vs)
{
	return timers_reserve(&vs->timers, vs->n_pending + 1 + 2 * (table_count(&vs->by_hoa) + 1)) == ERR_OK;
}

struct visitor_pending *visitors_pending_add(struct visitors *vs, const struct visitor_request *req)
{
	struct visitor_pending *pd = has_slot(vs) ? mem_zget(vs->env->mem, sizeof *pd) : NULL;
	if (!pd || !visitors_reserve(vs)) {
		mem_put(vs->env->mem, pd);
		return NULL;
	}
	pd->req = *req;
	pd->timer.kind = VISITOR_T_PENDING;
	pd->slot = vs->n_pending;
	vs->pending[vs->n_pending++] = (struct visitor_slot){.id_low = (uint32_t)req->id, .hoa4 = low4(&req->hoa), .p = pd};
	return pd;
}

void visitors_pending_arm(struct visitors *vs, struct visitor_pending *pd, struct now now)
{
	(void)timer_set(&vs->timers, &pd->timer, mono_add(now.mono, pending_span(vs, &pd->req))); /* reserved */
}

void visitors_pending_del(struct visitors *vs, struct visitor_pending *pd)
{
	timer_clear(&vs->timers, &pd->timer);
	vs->pending[pd->slot] = vs->pending[--vs->n_pending];
	vs->pending[pd->slot].p->slot = pd->slot;
	mem_put(vs->env->mem, pd);
}

/* --- visitors -------------------------------------------------------------------------------------------- */

struct visitor *visitors_entry(const struct visitors *vs, const struct addr6 *hoa) { return table_find(&vs->by_hoa, hoa); }

struct visitor *visitors_entry_add(struct visitors *vs, const struct addr6 *hoa)
{
	struct visitor *v = visitors_entry(vs, hoa);
	if (v)
		return v;
	v = visitors_reserve(vs) ? mem_zget(vs->env->mem, sizeof *v) : NULL;
	if (!v)
		return NULL;
	v->hoa = *hoa;
	v->timer.kind = VISITOR_T_EXPIRES;
	v->keepalive.kind = VISITOR_T_KEEPALIVE;
	v->state = VISITOR_REVOKED; /* not served before */
	if (table_add(&vs->by_hoa, v) == ERR_OK)
		return v;
	mem_put(vs->env->mem, v);
	return NULL;
}

void visitors_arm(struct visitors *vs, struct visitor *v, struct now now)
{
	(void)timer_set(&vs->timers, &v->timer, v->expires); /* both are reserved */
	(void)timer_set(&vs->timers, &v->keepalive, v->has_udp ? mono_add(now.mono, v->keepalive_every) : MONO_NEVER);
}

struct visitor *visitors_restore(struct visitors *vs, const struct visitor *like, struct now now)
{
	struct visitor *v = visitors_entry(vs, &like->hoa) ? NULL : visitors_entry_add(vs, &like->hoa);
	if (!v)
		return NULL;
	struct timer timer = v->timer, keepalive = v->keepalive;
	*v = *like;
	v->timer = timer;
	v->keepalive = keepalive;
	v->state = VISITOR_SERVED;
	visitors_arm(vs, v, now);
	return v;
}

struct visitor *visitors_find(const struct visitors *vs, const struct addr6 *hoa)
{
	struct visitor *v = visitors_entry(vs, hoa);
	return v && v->state == VISITOR_SERVED ? v : NULL;
}

struct visitor *visitors_next(const struct visitors *vs, uint64_t *it) { return table_next(&vs->by_hoa, it); }
uint32_t visitors_count(const struct visitors *vs) { return table_count(&vs->by_hoa); }

void visitors_remove(struct visitors *vs, struct visitor *v)
{
	timer_clear(&vs->timers, &v->timer);
	timer_clear(&vs->timers, &v->keepalive);
	(void)table_del(&vs->by_hoa, &v->hoa);
	mem_put(vs->env->mem, v);
}

void visitors_forget(struct visitors *vs, struct visitor *v) { visitors_remove(vs, v); }

void visitors_end(struct visitors *vs, struct visitor *v, enum visitor_end why, struct now now)
{
	timer_clear(&vs->timers, &v->timer);
	timer_clear(&vs->timers, &v->keepalive);
	vs->ops->gone(vs->ops->ctx, v, why, now);
}

void visitors_set_expiry(struct visitors *vs, struct visitor *v, mono_t when)
{
	v->expires = when;
	if (v->state == VISITOR_SERVED)
		(void)timer_set(&vs->timers, &v->timer, when); /* armed before, or reserved: cannot fail */
}

static void visitor_due(struct visitors *vs, struct visitor *v, struct now now)
{
	switch (v->state) {
	case VISITOR_SERVED:
		visitors_end(vs, v, VISITOR_EXPIRED, now);
		visitors_remove(vs, v);
		return;
	case VISITOR_REVOKING:
		visitors_revoke_due(vs, v, now);
		return;
	case VISITOR_REVOKED:
		visitors_remove(vs, v);
		return;
	}
}

/* RFC 5944 3.7.1: code 78. */
static void pending_due(struct visitors *vs, struct visitor_pending *pd, struct now now)
{
	struct visitor_request req = pd->req;
	bool is_superseded = pd->is_superseded;
	visitors_pending_del(vs, pd);
	if (is_superseded)
		return; /* the mobile waits for the answer to its last request alone (3.6.2.1) */
	vs->n_timeouts++;
	visitors_refuse(vs, &req, MIP4_FA_TIMEOUT, visitors_mobile_key(vs, &req), now);
}

void visitors_tick(struct visitors *vs, struct now now)
{
	for (struct timer *t; (t = timers_pop(&vs->timers, now.mono));) {
		switch ((enum visitor_timer)t->kind) {
		case VISITOR_T_PENDING:
			pending_due(vs, container_of(t, struct visitor_pending, timer), now);
			break;
		case VISITOR_T_EXPIRES:
			visitor_due(vs, container_of(t, struct visitor, timer), now);
			break;
		case VISITOR_T_KEEPALIVE:
			visitors_keepalive(vs, container_of(t, struct visitor, keepalive), now);
			break;
		}
	}
}

mono_t visitors_expiry(const struct visitors *vs) { return timers_next(&vs->timers); }

/* --- packets --------------------------------------------------------------------------------------------- */

bool visitors_rx(struct visitors *vs, const struct visitor_link *link, const struct rx *rx, const struct mip4_packet *p,
		 enum wire_err err, struct now now)
{
	if (!p->msg) { /* not even UDP was right */
		if (err != W_PROTO)
			reason_count(vs->env, reason_of_wire(err));
		return err != W_PROTO;
	}
	switch (p->m.type) {
	case MIP4_REQUEST:
		return visitors_request_rx(vs, link, rx, p, err, now);
	case MIP4_REPLY:
		return visitors_reply_rx(vs, p, err, now);
	case MIP4_REVOKE:
		return visitors_revoke_rx(vs, p, err, now);
	case MIP4_REVOKE_ACK:
		return visitors_ack_rx(vs, p, err, now);
	}
	return false;
}

static uint8_t code_of_icmp(uint8_t code)
{
	switch (code) {
	case IC4_NET: return MIP4_FA_HOME_NET_UNREACHABLE;
	case IC4_HOST: return MIP4_FA_HA_HOST_UNREACHABLE;
	case IC4_PORT: return MIP4_FA_HA_PORT_UNREACHABLE;
	}
	return MIP4_FA_HA_UNREACHABLE;
}

/* An error names a request by home agent and by the random identification of its IP header, which is always quoted. */
static struct visitor_pending *quoted(const struct visitors *vs, const struct icmp4_packet *p)
{
	struct icmp4_about about;
	if (!icmp4_error_about(p, &about) || about.proto != NH_UDP || about.sport != MIP4_PORT || p->body_len_oct < QUOTE_OFF + 6)
		return NULL;
	uint16_t id = (uint16_t)(p->body[QUOTE_OFF + 4] << 8 | p->body[QUOTE_OFF + 5]);
	for (uint32_t i = 0; i < vs->n_pending; i++) {
		struct visitor_pending *pd = vs->pending[i].p;
		if (pd->ip_id == id && addr6_eq(&pd->req.ha, &about.dst) && addr6_eq(&pd->req.relay_src, &about.src))
			return pd;
	}
	return NULL;
}

bool visitors_icmp(struct visitors *vs, const struct rx *rx, struct now now)
{
	struct icmp4_packet p;
	if (!rx_is_v4(rx) || icmp4_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK || p.type != IC4_UNREACHABLE)
		return false;
	struct visitor_pending *pd = quoted(vs, &p);
	if (!pd)
		return false;
	struct visitor_request req = pd->req;
	visitors_pending_del(vs, pd);
	visitors_refuse(vs, &req, code_of_icmp(p.code), visitors_mobile_key(vs, &req), now);
	return true;
}

/* --- for the operator ------------------------------------------------------------------------------------ */

static const char *state_str(enum visitor_state s)
{
	switch (s) {
	case VISITOR_SERVED: return "served";
	case VISITOR_REVOKING: return "revoking";
	case VISITOR_REVOKED: return "revoked";
	}
	return "?";
}

static void show_request(const struct visitor_request *req, struct show *out)
{
	char nai[VISITOR_NAI_MAX + 1];
	show_addr6(out, "home_agent", &req->ha);
	show_addr6(out, "care_of_address", &req->coa);
	show_lladdr(out, "lladdr", &req->lladdr);
	show_flag(out, "reverse_tunnel", req->flags & MIP4_T);
	show_flag(out, "encapsulating_delivery", req->has_delivery);
	show_flag(out, "co_located", req->flags & MIP4_D);
	if (req->nai_oct) {
		for (uint8_t i = 0; i < req->nai_oct; i++) /* the mobile's choice of bytes is not the terminal's */
			nai[i] = req->nai[i] > ' ' && req->nai[i] < 0x7f ? (char)req->nai[i] : '?';
		nai[req->nai_oct] = '\0';
		show_str(out, "nai", nai);
	}
}

void visitors_show(const struct visitors *vs, struct show *out, struct now now)
{
	uint64_t it = 0;
	for (struct visitor *v; (v = visitors_next(vs, &it));) {
		show_begin(out, "visitor");
		show_str(out, "role", role_str(vs->role));
		show_addr6(out, "home_address", &v->hoa);
		show_str(out, "state", state_str(v->state));
		show_request(&v->req, out);
		show_u64(out, "lifetime_s", v->lifetime_s);
		show_until(out, "remaining_s", v->expires, now.mono);
		show_flag(out, "udp_tunnel", v->has_udp);
		show_flag(out, "revocation", v->can_revoke);
		show_end(out);
	}
	for (uint32_t i = 0; i < vs->n_pending; i++) {
		show_begin(out, "pending");
		show_str(out, "role", role_str(vs->role));
		show_addr6(out, "home_address", &vs->pending[i].p->req.hoa);
		show_request(&vs->pending[i].p->req, out);
		show_end(out);
	}
}
