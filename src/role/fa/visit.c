/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a visitor means for data: one entry of the datapath, by which tunnels from its home agent become frames to its link-layer address
 * (never found out by ARP: RFC 5944 4.2.2), and its packets take the reverse tunnel or the host's forwarding.
 *
 * Visitors are stored: after a restart of the daemon their data goes on, though the advertisements' sequence numbers begin anew
 * (2.3.2), at which mobiles register again.
 */
#include "base/err.h"
#include "role/fa/fa_i.h"
#include "wire/arp/arp.h"
#include "wire/ip/ip6.h"

enum { RECORD_VERSION = 1, RECORD_OCT = 512 };

/* --- datapath -------------------------------------------------------------------------------------------- */

static enum dp_encap encap_of(const struct visitor *v)
{
	if (v->has_udp)
		return DP_ENCAP_UDP;
	switch (mip4_encap(v->req.flags)) {
	case PROTO_MINENC: return DP_ENCAP_MINIMAL;
	case NH_GRE: return DP_ENCAP_GRE_PLAIN;
	}
	return DP_ENCAP_IPIP;
}

static enum dp_visit_up up_of(const struct visitor_request *req)
{
	if (!(req->flags & MIP4_T))
		return DP_VISIT_ROUTE;
	return req->has_delivery ? DP_VISIT_ENCAPSULATED : DP_VISIT_REVERSE;
}

static void put(const struct fa *fa, const struct visitor *v)
{
	const struct dp_op op = {.table = DP_VISIT, .visit = {
		.home_address = v->hoa, .ha = v->req.ha, .coa = v->req.coa, .ifindex = v->req.ifindex, .lladdr = v->req.lladdr,
		.up = up_of(&v->req), .encap = encap_of(v), .udp_port = v->udp_port, .expires = v->expires,
	}};
	if (v->req.flags & MIP4_D)
		return; /* its tunnels end at itself */
	fx_dp_put(fa->env->fx, ROLE_FA, &op);
}

/* The home agent's first packet follows its reply at once, and may be here before the reply is read: it waits behind it. Nothing is delivered
 * before the home agent has accepted, so nobody gets another's packets by asking in its place. */
uint8_t fa_visit_check(void *ctx, struct visitor_request *req, const struct mip4 *m, const struct visitor *v, struct now now)
{
	struct fa *fa = ctx;
	(void)m;
	if (v || !req->lifetime_s || req->flags & MIP4_D || addr6_is_none(&req->hoa) || visitors_is_pending(&fa->visitors, &req->hoa))
		return 0;
	const struct dp_op op = {.table = DP_VISIT, .visit = {
		.home_address = req->hoa, .ha = req->ha, .coa = req->coa, .ifindex = req->ifindex, .lladdr = req->lladdr, .up = DP_VISIT_WAIT,
		.encap = DP_ENCAP_IPIP, .expires = mono_add(now.mono, fa->vconf.pending),
	}};
	fx_dp_put(fa->env->fx, ROLE_FA, &op);
	return 0;
}

static void forget_check(struct fa *fa, const struct visitor_request *req)
{
	const struct dp_op op = {.table = DP_VISIT, .visit.home_address = req->hoa};
	bool was_put = req->lifetime_s && !(req->flags & MIP4_D) && !addr6_is_none(&req->hoa);
	if (was_put && !visitors_find(&fa->visitors, &req->hoa)) /* another who waits loses a moment, no more */
		fx_dp_del(fa->env->fx, ROLE_FA, &op);
}

/* --- store ----------------------------------------------------------------------------------------------- */

static const char *name_of(const struct fa *fa, uint32_t ifindex)
{
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (fa->iface[i].ifindex == ifindex)
			return fa->iface[i].conf->name;
	return "";
}

static void write_request(struct wr *w, const struct visitor_request *q)
{
	wr_v4(w, &q->hoa);
	wr_v4(w, &q->ha);
	wr_v4(w, &q->coa);
	wr_v4(w, &q->self);
	wr_v4(w, &q->relay_src);
	wr_bytes(w, q->lladdr.b, sizeof q->lladdr.b);
	wr_u16(w, q->sport);
	wr_u8(w, q->flags);
	wr_u8(w, q->has_delivery);
	wr_u8(w, q->nai_oct);
	wr_bytes(w, q->nai, q->nai_oct);
}

static void read_request(struct rd *r, struct visitor_request *q)
{
	q->hoa = rd_v4(r);
	q->ha = rd_v4(r);
	q->coa = rd_v4(r);
	q->self = rd_v4(r);
	q->relay_src = rd_v4(r);
	rd_bytes(r, q->lladdr.b, sizeof q->lladdr.b);
	q->sport = rd_u16(r);
	q->flags = rd_u8(r);
	q->has_delivery = rd_u8(r);
	q->nai_oct = rd_u8(r);
	rd_bytes(r, q->nai, q->nai_oct);
}

/* Expiry in wall time; all ones: never. */
static void store(const struct fa *fa, const struct visitor *v, struct now now)
{
	uint8_t buf[RECORD_OCT];
	char name[16] = {0};
	struct wr w = wr_of(buf, sizeof buf);
	uint64_t until = mono_is_never(v->expires) ? UINT64_MAX : (uint64_t)wall_add(now.wall, mono_sub(v->expires, now.mono)).ns;
	const char *at = name_of(fa, v->req.ifindex);
	memcpy(name, at, strlen(at));
	wr_u8(&w, RECORD_VERSION);
	wr_bytes(&w, name, sizeof name);
	write_request(&w, &v->req);
	wr_u16(&w, v->lifetime_s);
	wr_u64(&w, until);
	wr_u8(&w, (uint8_t)(v->has_udp | v->can_revoke << 1 | v->has_inform << 2));
	wr_u16(&w, v->udp_port);
	wr_u16(&w, (uint16_t)span_to_s(v->keepalive_every));
	wr_u32(&w, v->stamp_in);
	wr_u32(&w, v->stamp_out);
	if (wr_ok(&w))
		fx_store_put(fa->env->fx, ROLE_FA, STORE_VISIT, &v->hoa, sizeof v->hoa, buf, wr_len(&w));
}

static bool read_visitor(struct rd *r, char name[static 16], struct visitor *v, struct now now)
{
	bool is_known = rd_u8(r) == RECORD_VERSION;
	rd_bytes(r, name, 16);
	name[15] = '\0';
	read_request(r, &v->req);
	v->hoa = v->req.hoa;
	v->lifetime_s = rd_u16(r);
	uint64_t until = rd_u64(r);
	v->expires = until == UINT64_MAX ? MONO_NEVER : mono_add(now.mono, wall_sub((wall_t){(int64_t)until}, now.wall));
	uint8_t flags = rd_u8(r);
	v->has_udp = flags & 1;
	v->can_revoke = flags >> 1 & 1;
	v->has_inform = flags >> 2 & 1;
	v->udp_port = rd_u16(r);
	v->keepalive_every = span_s(rd_u16(r));
	v->stamp_in = rd_u32(r);
	v->stamp_out = rd_u32(r);
	return rd_ok(r) && is_known;
}

/* The interface block of this name, from 1; 0: none. Links are known only after the store was read. */
static uint8_t block_of(const struct fa *fa, const char *name)
{
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (strcmp(fa->iface[i].conf->name, name) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

static bool is_still_offered(const struct fa *fa, const struct visitor_request *req)
{
	for (uint32_t i = 0; i < fa->conf.n_coa; i++)
		if (addr6_eq(&fa->conf.coa[i], &req->relay_src))
			return true;
	return false;
}

/* A clock set back does not lengthen a visit beyond what was granted. */
static mono_t bounded(const struct visitor *v, struct now now)
{
	mono_t most = mono_add(now.mono, span_s(v->lifetime_s));
	return v->lifetime_s == MIP4_LIFETIME_INFINITE ? v->expires : mono_min(v->expires, most);
}

int fa_visit_restore(struct fa *fa, const struct store_rec *rec, struct now now)
{
	char name[16];
	struct visitor v = {.state = VISITOR_SERVED};
	struct rd r = rd_of(rec->val, rec->val_len_oct);
	bool is_good = read_visitor(&r, name, &v, now) && addr6_is_v4unicast(&v.hoa);
	v.req.own[0] = is_good ? block_of(fa, name) : 0;
	v.expires = bounded(&v, now);
	if (!v.req.own[0] || !is_still_offered(fa, &v.req) || mono_reached(v.expires, now.mono) || !visitors_restore(&fa->visitors, &v, now))
		fx_store_del(fa->env->fx, ROLE_FA, STORE_VISIT, rec->key, rec->key_len_oct);
	return ERR_OK;
}

/* --- hooks of the relay ---------------------------------------------------------------------------------- */

void fa_visit_accepted(void *ctx, struct visitor *v, const struct visitor_request *was, struct now now)
{
	struct fa *fa = ctx;
	bool is_other = was && (!addr6_eq(&was->ha, &v->req.ha) || !lladdr_eq(&was->lladdr, &v->req.lladdr) || was->ifindex != v->req.ifindex);
	put(fa, v);
	store(fa, v, now);
	if (!was || is_other)
		fx_event(fa->env->fx, ROLE_FA, EV_INFO, was ? "visitor-changed" : "visitor-registered", &v->hoa,
			 "fa %s: %s by %s at %s for %u s, care-of address %s", ADDR46_STR(&v->hoa), was ? "changed" : "registered", ADDR46_STR(&v->req.ha),
			 LLADDR_STR(&v->req.lladdr), v->lifetime_s, ADDR46_STR(&v->req.coa));
}

void fa_visit_gone(void *ctx, struct visitor *v, enum visitor_end why, struct now now)
{
	struct fa *fa = ctx;
	const struct dp_op op = {.table = DP_VISIT, .visit.home_address = v->hoa};
	(void)now;
	fx_dp_del(fa->env->fx, ROLE_FA, &op);
	fx_store_del(fa->env->fx, ROLE_FA, STORE_VISIT, &v->hoa, sizeof v->hoa);
	fx_event(fa->env->fx, ROLE_FA, EV_INFO, "visitor-gone", &v->hoa, "fa %s: %s", ADDR46_STR(&v->hoa), visitor_end_str(why));
}

/* RFC 3543 4.1: an advertisement to it alone, with sequence number 0. */
void fa_visit_tell(void *ctx, struct visitor *v, struct now now)
{
	struct fa *fa = ctx;
	struct fa_if *f = fa_if_at(fa, v->req.ifindex);
	if (f)
		agentadv_disown(&f->adv, &v->hoa, &v->req.lladdr, false, now);
}

/* Codes that come after the request was passed on, or could not be: the home agent's, and ours about it. Others come before the check. */
static bool is_relayed(uint8_t code)
{
	bool is_about_reply = mip4_code_accepts(code) || code == MIP4_FA_HA_CHALLENGE || code == MIP4_FA_HA_AUTH || code == MIP4_FA_POOR_REPLY ||
			      code == MIP4_FA_TIMEOUT || code == MIP4_FA_NO_RESOURCES || code == MIP4_FA_HA_VENDOR || (code >= 80 && code < 96) ||
			      (code >= MIP4_FA_NO_NAI && code <= MIP4_FA_NO_HOA);
	return is_about_reply || (code >= 128 && code < 192);
}

void fa_visit_refused(void *ctx, const struct visitor_request *req, uint8_t code, struct now now)
{
	struct fa *fa = ctx;
	bool is_security = code == MIP4_FA_MN_AUTH || code == MIP4_FA_HA_AUTH; /* RFC 5944 3.7.2.1, 3.7.3.1: logged as such */
	(void)now;
	if (is_relayed(code))
		forget_check(fa, req);
	fx_event(fa->env->fx, ROLE_FA, is_security ? EV_WARNING : EV_INFO, "visitor-refused", &req->hoa, "fa %s (%s): code %u, %s", ADDR46_STR(&req->hoa),
		 LLADDR_STR(&req->lladdr), code, mip4_code_str(code));
}

/* --- links ----------------------------------------------------------------------------------------------- */

static uint8_t number_of(const struct fa *fa, const struct fa_if *f) { return (uint8_t)(f - fa->iface + 1); }

/* As if from the store: what is on its way to them goes nowhere until the link is there again. */
void fa_visit_unlink(struct fa *fa, const struct fa_if *f)
{
	uint64_t it = 0;
	for (struct visitor *v; (v = visitors_next(&fa->visitors, &it));) {
		if (v->req.ifindex != f->ifindex || v->state != VISITOR_SERVED)
			continue;
		const struct dp_op op = {.table = DP_VISIT, .visit.home_address = v->hoa};
		fx_dp_del(fa->env->fx, ROLE_FA, &op);
		v->req.ifindex = 0;
		v->req.own[0] = number_of(fa, f);
	}
}

void fa_visit_link(struct fa *fa, const struct fa_if *f, uint32_t was)
{
	uint64_t it = 0;
	for (struct visitor *v; (v = visitors_next(&fa->visitors, &it));) {
		bool is_here = v->req.ifindex ? v->req.ifindex == was : v->req.own[0] == number_of(fa, f); /* the latter waits for it */
		if (!is_here || v->state != VISITOR_SERVED)
			continue;
		v->req.ifindex = f->ifindex;
		put(fa, v);
	}
}

/* The kernel answers requests for our own address, and asks nobody: a visitor is on no route of its. Here it is only noticed that
 * another station claims a visitor's address; its frames reach nobody's tunnel, since the datapath compares link-layer addresses. */
void fa_visit_arp(struct fa *fa, struct fa_if *f, const struct rx *rx)
{
	struct arp a;
	if (arp_parse(rx->pkt, rx->len_oct, &a) != W_OK)
		return;
	const struct visitor *v = visitors_find(&fa->visitors, &a.sender);
	if (v && v->req.ifindex == f->ifindex && !lladdr_eq(&a.sender_ll, &v->req.lladdr))
		reason_count(fa->env, R_VISIT_CLAIMED);
}
