/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route optimisation's packets: the two test inits and the update, and what may come back.
 *
 * HoT counts only for the home address it was asked for, CoT only for the care-of address in use, both with the cookie of the
 * last test init (RFC 6275 11.6.2). An acknowledgement must bear the authenticator that only the tokens' holder can make, except for
 * statuses 136 to 138, which cannot (9.5.4): those, like binding errors and ICMPv6 errors, anyone on the path could
 * forge, and they therefore cost no more than a new test or a hold.
 */
#include "core/ro/ro_i.h"

#include "wire/gre/gre.h"
#include "wire/ip/icmp6.h"

enum { HOP_LIMIT = 64, INNER_OCT = 40 };

/* --- out ------------------------------------------------------------------------------------------------- */

static void send(struct ro *ro, const struct ro_mobile *mo, const uint8_t *pkt, size_t n)
{
	if (!n)
		return;
	if (ro->ops.send)
		ro->ops.send(ro->ops.ctx, &mo->hoa, pkt, n);
	else
		fx_send(ro->env->fx, ro->role, 0, NULL, pkt, n);
}

static uint64_t new_cookie(const struct ro *ro)
{
	return (uint64_t)rng_u32(ro->env->rng) << 32 | rng_u32(ro->env->rng);
}

/* From src to the correspondent node; wrapped for the home agent when `ha` is given. */
static void send_init(struct ro *ro, const struct ro_entry *e, uint8_t type, uint64_t cookie, const struct addr6 *src, const struct addr6 *ha)
{
	uint8_t buf[INNER_OCT + 1280];
	struct mh m = {.type = type, .test.cookie = cookie};
	struct mh_built built;
	uint8_t *inner = buf + INNER_OCT;
	size_t n = mh_packet_build(inner, sizeof buf - INNER_OCT, &(struct mh_path){.src = *src, .dst = e->key.cn}, &m, &built);
	if (!n)
		return;
	mh_packet_finish(&built, inner);
	if (!ha) {
		send(ro, e->mobile, inner, n);
		return;
	}
	struct wr w = wr_of(buf, INNER_OCT);
	ip6_head_build(&w, &(struct ip6_head){.next = NH_IPV6, .hop_limit = HOP_LIMIT, .src = e->mobile->path.coa, .dst = *ha,
					      .payload_len_oct = (uint16_t)n});
	send(ro, e->mobile, buf, INNER_OCT + n);
}

static void send_hoti(struct ro *ro, struct ro_entry *e, struct now now)
{
	const struct ro_path *path = &e->mobile->path;
	e->home = (struct ro_token){.cookie = new_cookie(ro), .asked_at = now.mono};
	send_init(ro, e, MH_HOTI, e->home.cookie, &e->mobile->hoa, addr6_is_any(&path->ha) ? NULL : &path->ha);
}

static void send_coti(struct ro *ro, struct ro_entry *e, struct now now)
{
	e->coa = (struct ro_token){.cookie = new_cookie(ro), .asked_at = now.mono};
	send_init(ro, e, MH_COTI, e->coa.cookie, &e->mobile->path.coa, NULL);
}

static void send_bu(struct ro *ro, struct ro_entry *e)
{
	const struct addr6 *coa = &e->asked_coa, *hoa = &e->mobile->hoa;
	uint8_t buf[1280];
	struct mh_built built;
	e->n_open++;
	e->has_sent = true;
	struct mh m = {.bu = {.seq = ++e->seq, .flags = e->is_last ? 0 : BU_A, .lifetime_s = e->asked_s}};
	m.opt.has_nonce = m.opt.has_bind_auth = true;
	m.opt.nonce_home = e->home.nonce;
	m.opt.nonce_coa = e->is_ending ? 0 : e->coa.nonce;
	size_t n = bu_packet_build(buf, sizeof buf, coa, &e->key.cn, addr6_eq(coa, hoa) ? NULL : hoa, &m, &built);
	if (!n)
		return;
	rr_sign(&e->kbm, ro->env->crypto, coa, &e->key.cn, &built, buf);
	send(ro, e->mobile, buf, n);
}

void ro_msg_send(struct ro *ro, struct ro_entry *e, enum ro_msg which, struct now now)
{
	switch (which) {
	case RO_HOTI: send_hoti(ro, e, now); break;
	case RO_COTI: send_coti(ro, e, now); break;
	case RO_BU: send_bu(ro, e); break;
	case RO_MSG_N: break;
	}
}

/* --- in --------------------------------------------------------------------------------------------------- */

/* True: taken. */
static bool take_token(struct ro *ro, struct ro_token *t, const struct mh_test *test)
{
	if (t->is_held || test->cookie != t->cookie) {
		reason_count(ro->env, t->is_held ? R_RO_UNEXPECTED : R_RO_COOKIE);
		return false;
	}
	t->is_held = true;
	t->token = test->token;
	t->nonce = test->nonce;
	return true;
}

static void on_test(struct ro *ro, struct ro_entry *e, const struct mh_packet *p, struct now now)
{
	enum ro_msg which = p->mh.type == MH_HOT ? RO_HOTI : RO_COTI;
	bool is_asked = e->phase == RO_TEST && e->out[which].tries && !p->has_hao && !p->has_rh2;
	if (!is_asked) {
		reason_count(ro->env, R_RO_UNEXPECTED);
		return;
	}
	if (!take_token(ro, which == RO_HOTI ? &e->home : &e->coa, &p->mh.test))
		return;
	e->out[which].due = MONO_NEVER;
	ro_on_token(ro, e, now);
}

/* One of the updates that bear the present key, the last retransmission included. */
static bool is_outstanding(const struct ro_entry *e, uint16_t seq)
{
	return (uint16_t)(e->seq - seq) < e->n_open;
}

static void on_ba(struct ro *ro, struct ro_entry *e, const struct mh_packet *p, struct now now)
{
	const struct mh_ba *ba = &p->mh.ba;
	bool is_late = e->phase != RO_UPDATE || (ba->status != BA_SEQ_OUT_OF_WINDOW && !is_outstanding(e, ba->seq));
	bool is_bare = ba->status >= BA_HOME_NONCE_EXPIRED && ba->status <= BA_NONCES_EXPIRED; /* cannot be authenticated */
	if (is_late) {
		reason_count(ro->env, R_BA_UNEXPECTED);
		return;
	}
	if (!is_bare && !p->mh.opt.has_bind_auth) {
		reason_count(ro->env, R_AUTH_MISSING);
		return;
	}
	if (!is_bare && !rr_verify(&e->kbm, ro->env->crypto, &e->asked_coa, &e->key.cn, p)) {
		reason_count(ro->env, R_AUTH_BAD);
		return;
	}
	if (ba->status < 128)
		ro_on_accepted(ro, e, ba->lifetime_s, now);
	else
		ro_on_refused(ro, e, ba->status, ba->seq, now);
}

static void on_be(struct ro *ro, struct ro_entry *e, const struct mh_packet *p, struct now now)
{
	reason_count(ro->env, R_BE_RECEIVED);
	if (p->mh.be.status == BE_UNKNOWN_BINDING)
		ro_on_unknown(ro, e, now);
	else if (p->mh.be.status == BE_UNKNOWN_TYPE && !e->is_bound && (e->phase == RO_TEST || e->phase == RO_UPDATE))
		ro_on_incapable(ro, e, "it does not know Mobile IPv6", now);
}

/* Whose message is it? Its home address stands in the routing header or is the destination; CoT and what comes without a routing
 * header go to the care-of address; a binding error names the home address itself. */
static struct ro_mobile *mobile_of(const struct ro *ro, const struct mh_packet *p)
{
	struct ro_mobile *by_coa = table_find(&ro->by_coa, &p->dst);
	struct ro_mobile *by_hoa = ro_mobile_find(ro, p->has_rh2 ? &p->rh2 : &p->dst);
	switch (p->mh.type) {
	case MH_HOT:
		return p->has_rh2 ? NULL : by_hoa;
	case MH_COT:
		return by_coa;
	case MH_BRR:
	case MH_BA:
		return by_hoa ? by_hoa : by_coa;
	case MH_BE:
		by_hoa = ro_mobile_find(ro, &p->mh.be.home_address);
		return by_hoa ? by_hoa : by_coa;
	}
	return NULL;
}

static bool on_mh(struct ro *ro, const struct rx *rx, struct now now)
{
	struct mh_packet p;
	if (mh_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK)
		return false; /* the owner counts */
	struct ro_mobile *mo = mobile_of(ro, &p);
	struct ro_entry *e = mo ? ro_entry_find(ro, &mo->hoa, &p.src) : NULL;
	if (!e)
		return false;
	switch (p.mh.type) {
	case MH_HOT:
	case MH_COT: on_test(ro, e, &p, now); break;
	case MH_BA: on_ba(ro, e, &p, now); break;
	case MH_BRR: ro_on_refresh(ro, e, now); break;
	case MH_BE: on_be(ro, e, &p, now); break;
	}
	return true;
}

/* Did we send what an error quotes, and do we wait for its answer? Cookie or number tell. */
static bool is_quote_ours(const struct ro_entry *e, const uint8_t *head, size_t len_oct)
{
	struct rd r = rd_of(head, len_oct);
	struct mh m;
	if (mh_parse(&r, &m) != W_OK)
		return false;
	switch (m.type) {
	case MH_HOTI: return e->phase == RO_TEST && m.test.cookie == e->home.cookie;
	case MH_COTI: return e->phase == RO_TEST && m.test.cookie == e->coa.cookie;
	case MH_BU: return e->phase == RO_UPDATE && is_outstanding(e, m.bu.seq);
	}
	return false;
}

/* RFC 6275 11.3.5: a node that does not know the Mobility Header says so with Parameter Problem, code 1. Only messages that
 * await an answer are asked about; errors about data are the datapath's business. */
static bool on_icmp(struct ro *ro, const struct rx *rx, struct now now)
{
	struct icmp6_packet ic;
	struct ip6_walk quoted;
	if (icmp6_packet_parse(rx->pkt, rx->len_oct, &ic) != W_OK || ic.body_len_oct < 4)
		return false;
	(void)ip6_walk(ic.body + 4, ic.body_len_oct - 4, &quoted); /* it may end early: addresses and protocol are what counts */
	const uint8_t *head = ic.body + 4 + quoted.off;
	if (quoted.proto != NH_MH)
		return false;
	struct ro_mobile *mo = table_find(&ro->by_coa, &quoted.ip.src);
	if (!mo)
		mo = ro_mobile_find(ro, &quoted.ip.src);
	struct ro_entry *e = mo ? ro_entry_find(ro, &mo->hoa, &quoted.ip.dst) : NULL;
	if (!e)
		return false;
	if (!is_quote_ours(e, head, quoted.len_oct))
		reason_count(ro->env, R_RO_UNEXPECTED);
	else if (ic.type == IC6_PARAM_PROBLEM && ic.code == 1 && addr6_eq(&ic.ip.ip.src, &e->key.cn))
		ro_on_incapable(ro, e, "it does not know the Mobility Header", now);
	else if (ic.type == IC6_UNREACHABLE)
		ro_on_unreachable(ro, e, now);
	return true;
}

bool ro_detour_parse(const struct rx *rx, struct ro_detour *out)
{
	struct rd r = rd_of(rx->pkt, rx->len_oct);
	struct ip6_head outer, inner;
	if (ip6_head_parse(&r, &outer) != W_OK || (outer.next != NH_IPV6 && outer.next != NH_GRE))
		return false;
	struct gre gre;
	if (outer.next == NH_GRE && (gre_parse(&r, &gre) != W_OK || gre.proto != GRE_PROTO_IPV6))
		return false;
	if (ip6_head_parse(&r, &inner) != W_OK)
		return false;
	*out = (struct ro_detour){.from = outer.src, .to = outer.dst, .cn = inner.src, .hoa = inner.dst};
	/* A Home Address option would stand in destination options: whose home address it is would have to be checked first. */
	return inner.next != NH_MH && inner.next != NH_DSTOPTS && !addr6_eq(&outer.src, &inner.src);
}

bool ro_rx(struct ro *ro, const struct rx *rx, struct now now)
{
	return rx->why == DP_PUNT_ICMP_ERR ? on_icmp(ro, rx, now) : on_mh(ro, rx, now);
}
