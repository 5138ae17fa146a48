/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A bench for the relay of registrations: a mobile (home address H, link-layer address MOBILE), its home agent HA, and a
 * foreign agent whose address on the link is LINK and which offers COA. What the relay sends is read back with last().
 */
#include "rig.h"

#include "core/visitor/visitor.h"
#include "plat/crypto_openssl.h"

#define HOA "10.1.0.100"
#define HA "10.1.0.1"
#define COA "192.0.2.1"
#define LINK "10.9.0.1"
#define MOBILE "02:00:00:00:00:01"
#define OTHER "02:00:00:00:00:02"
enum { IF_ACCESS = 7, IF_UP = 8, ID_HIGH = 0x11112222 };

struct bench {
	struct rig rig;
	struct visitors vs;
	struct visitor_conf conf;
	struct visitor_link link;
	struct addr6 coa[2];
	const struct sa_key *mh, *mf, *fh;  /* mf, fh: NULL: none is shared */
	struct visitor_ops ops;
	uint32_t id;                        /* low half of the next request's identification */
	/* what the hooks saw */
	unsigned n_accepted, n_new, n_gone, n_told, n_refused;
	uint8_t refused, own_code;
	enum visitor_end why;
	struct addr6 served;
	uint16_t knows;                     /* a critical vendor type */
	uint8_t kept[2048];                 /* the packet that last() read */
};

static inline const struct sa_key *kit_mobile_key(void *ctx, const struct addr6 *hoa, const struct mip4_bytes *nai)
{
	struct bench *b = ctx;
	struct addr6 mine = rig_addr(HOA);
	return addr6_eq(hoa, &mine) || nai ? b->mf : NULL;
}
static inline const struct sa_key *kit_ha_key(void *ctx, const struct addr6 *ha)
{
	struct bench *b = ctx;
	struct addr6 mine = rig_addr(HA);
	return addr6_eq(ha, &mine) ? b->fh : NULL;
}
static inline bool kit_is_ours(void *ctx, const struct addr6 *a)
{
	struct bench *b = ctx;
	return addr6_eq(a, &b->link.addr) || addr6_eq(a, &b->coa[0]);
}
static inline uint8_t kit_check(void *ctx, struct visitor_request *req, const struct mip4 *m, const struct visitor *v, struct now now)
{
	(void)m, (void)v, (void)now;
	req->own[0] = 42;
	return ((struct bench *)ctx)->own_code;
}
static inline bool kit_knows(void *ctx, const struct mip4_vendor *v) { return v->type == ((struct bench *)ctx)->knows; }
static inline void kit_accepted(void *ctx, struct visitor *v, const struct visitor_request *was, struct now now)
{
	struct bench *b = ctx;
	(void)now;
	b->n_accepted++;
	b->n_new += was == NULL;
	b->served = v->hoa;
	assert_int_equal(v->req.own[0], 42);
}
static inline void kit_gone(void *ctx, struct visitor *v, enum visitor_end why, struct now now)
{
	struct bench *b = ctx;
	(void)v, (void)now;
	b->n_gone++;
	b->why = why;
}
static inline void kit_tell(void *ctx, struct visitor *v, struct now now)
{
	(void)v, (void)now;
	((struct bench *)ctx)->n_told++;
}
static inline void kit_refused(void *ctx, const struct visitor_request *req, uint8_t code, struct now now)
{
	struct bench *b = ctx;
	(void)req, (void)now;
	b->n_refused++;
	b->refused = code;
}

static inline void bench_init(struct bench *b)
{
	memset(b, 0, sizeof *b);
	rig_init(&b->rig, 1);
	b->mh = rig_add_key(&b->rig, "mh", 256, "mobile and home agent");
	b->conf = (struct visitor_conf){.lifetime_s = 1800, .visitors_max = 100, .pending_max = 5, .pending = span_s(7), .encap = MIP4_M | MIP4_G,
		.reverse = VISITOR_REVERSE_OPTIONAL, .has_delivery = true};
	b->coa[0] = rig_addr(COA);
	b->link = (struct visitor_link){.ifindex = IF_ACCESS, .addr = rig_addr(LINK), .coa = b->coa, .n_coa = 1};
	b->ops = (struct visitor_ops){.mobile_key = kit_mobile_key, .home_agent_key = kit_ha_key, .is_ours = kit_is_ours, .check = kit_check,
		.knows_vendor = kit_knows, .accepted = kit_accepted, .gone = kit_gone, .tell = kit_tell, .refused = kit_refused, .ctx = b};
	b->id = 0x33330000;
	assert_int_equal(visitors_init(&b->vs, &b->rig.env, ROLE_FA, &b->conf, &b->ops, CHALLENGE_WINDOW_DEFAULT), 0);
}
static inline void bench_fini(struct bench *b)
{
	visitors_fini(&b->vs);
	rig_fini(&b->rig);
}
static inline void bench_keys(struct bench *b)
{
	b->mf = rig_add_key(&b->rig, "mf", 300, "mobile and foreign agent");
	b->fh = rig_add_key(&b->rig, "fh", 400, "foreign and home agent");
}
static inline void bench_run(struct bench *b, span_t d)
{
	mono_t end = mono_add(b->rig.now.mono, d);
	for (mono_t next; mono_reached(next = visitors_expiry(&b->vs), end);) {
		if (mono_before(b->rig.now.mono, next)) {
			b->rig.now.wall = wall_add(b->rig.now.wall, mono_sub(next, b->rig.now.mono));
			b->rig.now.mono = next;
		}
		visitors_tick(&b->vs, b->rig.now);
	}
	b->rig.now.wall = wall_add(b->rig.now.wall, mono_sub(end, b->rig.now.mono));
	b->rig.now.mono = end;
}

static inline void mip4_sign_all(uint8_t *buf, const struct mip4_built *built, const struct mip4 *m, const struct sa_key *mh, const struct sa_key *mf,
				 const struct sa_key *fh)
{
	const struct sa_key *const key[] = {[MIP4_MH] = mh, [MIP4_MF] = mf, [MIP4_FH] = fh};
	static const enum mip4_auth_kind order[] = {MIP4_MH, MIP4_MF, MIP4_FH};
	for (size_t i = 0; i < 3; i++)
		if (m->ext.auth[order[i]].n && key[order[i]])
			sa4_sign(key[order[i]], &crypto_openssl, buf + built->msg_off, &m->ext.auth[order[i]]);
	mip4_packet_finish(built, buf);
}

/* A message to the relay as it comes from the network. */
struct frame { uint8_t buf[2048]; size_t n; uint32_t ifindex; const char *lladdr; };
static inline bool bench_rx(struct bench *b, const struct frame *f)
{
	struct mip4_packet p;
	const struct rx rx = {.ifindex = f->ifindex, .lladdr_src = rig_lladdr(f->lladdr ? f->lladdr : MOBILE), .pkt = f->buf, .len_oct = f->n};
	enum wire_err e = mip4_packet_parse(f->buf, f->n, &p);
	return visitors_rx(&b->vs, f->ifindex == IF_ACCESS ? &b->link : NULL, &rx, &p, e, b->rig.now);
}

/* A request as the mobile would send it, to be changed before request_build. */
struct request { struct mip4 m; struct mip4_path path; const char *lladdr; };
static inline struct request request_of(struct bench *b, uint16_t lifetime_s)
{
	struct request q = {.m = {.type = MIP4_REQUEST, .request = {.lifetime_s = lifetime_s, .hoa = rig_addr(HOA), .ha = rig_addr(HA),
		.coa = rig_addr(COA), .id = (uint64_t)ID_HIGH << 32 | b->id++}}, .path = {.src = rig_addr(HOA), .dst = rig_addr(LINK), .sport = 1500}};
	q.m.ext.auth[MIP4_MH] = sa4_auth(b->mh);
	if (b->mf)
		q.m.ext.auth[MIP4_MF] = sa4_auth(b->mf);
	return q;
}
static inline struct frame request_build(struct bench *b, struct request *q)
{
	struct frame f = {.ifindex = IF_ACCESS, .lladdr = q->lladdr};
	struct mip4_built built;
	f.n = mip4_packet_build(f.buf, sizeof f.buf, &q->path, &q->m, &built);
	assert_true(f.n > 0);
	mip4_sign_all(f.buf, &built, &q->m, b->mh, b->mf, NULL);
	return f;
}
static inline void ask(struct bench *b, struct request *q)
{
	struct frame f = request_build(b, q);
	assert_true(bench_rx(b, &f));
}

/* The packet sent last; its type and where it went are the caller's to check. */
static inline struct mip4_packet last(struct bench *b)
{
	struct mip4_packet p;
	size_t n = 0;
	uint32_t count = rig_count(&b->rig, FX_SEND);
	assert_true(count > 0);
	const uint8_t *pkt = rig_sent(&b->rig, count - 1, &n);
	assert_true(n <= sizeof b->kept);
	memcpy(b->kept, pkt, n);
	assert_int_equal(mip4_packet_parse(b->kept, n, &p), W_OK);
	return p;
}
static inline const struct fx_send *last_send(struct bench *b) { return &rig_effect(&b->rig, FX_SEND, rig_count(&b->rig, FX_SEND) - 1)->send; }

/* What the home agent answers to what it was sent last, to be changed before reply_build. */
static inline struct request reply_of(struct bench *b, uint8_t code, uint16_t lifetime_s)
{
	struct mip4_packet q = last(b);
	assert_int_equal(q.m.type, MIP4_REQUEST);
	struct request r = {.m = {.type = MIP4_REPLY, .reply = {.code = code, .lifetime_s = lifetime_s, .hoa = q.m.request.hoa, .ha = q.m.request.ha,
		.id = q.m.request.id}}, .path = {.src = q.dst, .dst = q.src, .dport = q.sport}};
	r.m.ext.auth[MIP4_MH] = sa4_auth(b->mh);
	if (b->fh)
		r.m.ext.auth[MIP4_FH] = sa4_auth(b->fh);
	return r;
}
static inline struct frame reply_build(struct bench *b, struct request *r)
{
	struct frame f = {.ifindex = IF_UP};
	struct mip4_built built;
	f.n = mip4_packet_build(f.buf, sizeof f.buf, &r->path, &r->m, &built);
	assert_true(f.n > 0);
	mip4_sign_all(f.buf, &built, &r->m, b->mh, NULL, b->fh);
	return f;
}
static inline void answer(struct bench *b, struct request *r)
{
	struct frame f = reply_build(b, r);
	assert_true(bench_rx(b, &f));
}
/* Registers the mobile. */
static inline void settle(struct bench *b, uint16_t lifetime_s)
{
	struct request q = request_of(b, lifetime_s);
	ask(b, &q);
	struct request r = reply_of(b, MIP4_ACCEPTED, lifetime_s);
	answer(b, &r);
	assert_int_equal(last(b).m.reply.code, MIP4_ACCEPTED);
}
/* The request is refused with this code; two seconds pass, so that the next refusal may be sent. */
static inline void refused(struct bench *b, struct request *q, uint8_t code)
{
	uint32_t before = rig_count(&b->rig, FX_SEND);
	ask(b, q);
	assert_int_equal(rig_count(&b->rig, FX_SEND), before + 1);
	struct mip4_packet p = last(b);
	assert_int_equal(p.m.type, MIP4_REPLY);
	assert_int_equal(p.m.reply.code, code);
	assert_int_equal(b->refused, code);
	assert_true(p.m.reply.id == q->m.request.id);
	bench_run(b, span_s(2));
}
/* No word about it, counted under this reason. */
static inline void ignored(struct bench *b, const struct frame *f, enum reason r)
{
	uint32_t before = rig_count(&b->rig, FX_SEND);
	uint64_t counted = b->rig.count.n[r];
	assert_true(bench_rx(b, f));
	assert_int_equal(rig_count(&b->rig, FX_SEND), before);
	assert_int_equal(b->rig.count.n[r], counted + 1);
}
