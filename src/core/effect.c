/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/effect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 256 };

const char *role_str(enum role_id r)
{
	switch (r) {
	case ROLE_NONE: return "-";
	case ROLE_HA: return "ha";
	case ROLE_MMA: return "mma";
	case ROLE_AR: return "ar";
	case ROLE_MN: return "mn";
	case ROLE_CN: return "cn";
	case ROLE_FA: return "fa";
	case ROLE_MM: return "mm";
	case ROLE_N: break;
	}
	return "?";
}

void effq_init(struct effq *q, const struct mem_ops *mem)
{
	*q = (struct effq){.mem = mem};
}

void effq_fini(struct effq *q)
{
	mem_put(q->mem, q->fx);
	mem_put(q->mem, q->arena);
	*q = (struct effq){.mem = q->mem};
}

/* Grow a buffer of elements of size oct to hold at least n; false when memory is out. */
static bool reserve(const struct mem_ops *mem, void **buf, uint32_t *cap, uint32_t n, size_t oct)
{
	if (n <= *cap)
		return true;
	uint32_t want = *cap ? *cap : 64;
	while (want < n)
		want *= 2;
	void *p = mem->resize(mem->ctx, *buf, want * oct);
	if (!p)
		return false;
	*buf = p;
	*cap = want;
	return true;
}

static struct effect *add(struct effq *q, enum role_id role, enum effect_kind kind)
{
	void *fx = q->fx;
	if (!reserve(q->mem, &fx, &q->cap, q->n + 1, sizeof *q->fx)) {
		q->lost++;
		return NULL;
	}
	q->fx = fx;
	struct effect *e = &q->fx[q->n++];
	memset(e, 0, sizeof *e);
	e->kind = kind;
	e->role = role;
	return e;
}

uint8_t *effq_arena(struct effq *q, uint32_t n, uint32_t *off)
{
	void *arena = q->arena;
	if (!reserve(q->mem, &arena, &q->arena_cap, q->arena_len + n, 1))
		return NULL;
	q->arena = arena;
	*off = q->arena_len;
	q->arena_len += n;
	return q->arena + *off;
}

void fx_send(struct effq *q, enum role_id role, uint32_t ifindex, const struct lladdr *lladdr,
	     const void *packet, size_t len_oct)
{
	uint32_t off;
	uint8_t *p = effq_arena(q, (uint32_t)len_oct, &off);
	struct effect *e = p ? add(q, role, FX_SEND) : NULL;
	if (!e) {
		q->lost += p == NULL;
		return;
	}
	memcpy(p, packet, len_oct);
	e->send = (struct fx_send){.ifindex = ifindex, .off = off, .len_oct = (uint32_t)len_oct};
	if (lladdr) {
		e->send.has_lladdr = true;
		e->send.lladdr = *lladdr;
	}
}

void fx_send_arp(struct effq *q, enum role_id role, uint32_t ifindex, const struct lladdr *lladdr, const void *arp, size_t len_oct)
{
	const uint32_t before = q->n;

	fx_send(q, role, ifindex, lladdr, arp, len_oct);
	if (q->n != before)
		q->fx[before].send.is_arp = true;
}

void fx_send_from_host(struct effq *q, enum role_id role, uint32_t ifindex, const void *packet, size_t len_oct)
{
	const uint32_t before = q->n;

	fx_send(q, role, ifindex, NULL, packet, len_oct);
	if (q->n != before)
		q->fx[before].send.is_from_host = true;
}

void fx_send_of_standby(struct effq *q, enum role_id role, uint32_t ifindex, const void *packet, size_t len_oct)
{
	const uint32_t before = q->n;

	fx_send(q, role, ifindex, NULL, packet, len_oct);
	if (q->n != before)
		q->fx[before].send.is_of_standby = true;
}

static void push_dp(struct effq *q, enum role_id role, enum effect_kind kind, const struct dp_op *op)
{
	struct effect *e = add(q, role, kind);
	if (e)
		e->dp = *op;
}

void fx_dp_put(struct effq *q, enum role_id role, const struct dp_op *op) { push_dp(q, role, FX_DP_PUT, op); }
void fx_dp_del(struct effq *q, enum role_id role, const struct dp_op *op) { push_dp(q, role, FX_DP_DEL, op); }

void fx_group(struct effq *q, enum role_id role, enum effect_kind kind, uint32_t ifindex,
	      const struct addr6 *group, const struct addr6 *source)
{
	struct effect *e = add(q, role, kind);
	if (e)
		e->group = (struct fx_group){ifindex, *group, *source};
}

void fx_addr(struct effq *q, enum role_id role, enum effect_kind kind, const struct fx_addr *a)
{
	struct effect *e = add(q, role, kind);
	if (e)
		e->addr = *a;
}

void fx_route(struct effq *q, enum role_id role, enum effect_kind kind, const struct fx_route *r)
{
	struct effect *e = add(q, role, kind);
	if (e)
		e->route = *r;
}

void fx_neigh(struct effq *q, enum role_id role, uint32_t ifindex, const struct addr6 *addr, const struct lladdr *lladdr)
{
	struct effect *e = add(q, role, FX_NEIGH);
	if (e)
		e->neigh = (struct fx_neigh){ifindex, *addr, *lladdr};
}

void fx_attach(struct effq *q, enum role_id role, uint32_t ifindex, const struct lladdr *router)
{
	struct effect *e = add(q, role, FX_ATTACH);
	if (e)
		e->attach = (struct fx_attach){ifindex, *router};
}

void fx_keep_send(struct effq *q, enum role_id role, const struct fx_keep *k)
{
	struct effect *e = add(q, role, FX_KEEP_SEND);
	if (e)
		e->keep = *k;
}

bool fx_keep_wants(const struct fx_keep *k, uint32_t seq, mono_t when, mono_t now)
{
	bool is_behind = !k->has_seq || (int32_t)(seq - k->after_seq) > 0;
	return is_behind && (k->window.ns == 0 || mono_sub(now, when).ns <= k->window.ns);
}

bool fx_keep_wants_for_guest(const struct fx_keep *k, uint32_t seq, mono_t when, mono_t now, const uint8_t *pkt, size_t len_oct)
{
	const bool is_v4 = len_oct && pkt[0] >> 4 == 4;
	const size_t at = is_v4 ? 12 : 8, oct = is_v4 ? 4 : 16;
	struct fx_keep any = *k;
	if (addr6_is_v4mapped(&k->src) == is_v4 && len_oct >= at + oct && memcmp(pkt + at, k->src.b + 16 - oct, oct) == 0)
		any.has_seq = false;
	return fx_keep_wants(&any, seq, when, now);
}

static void store(struct effq *q, enum role_id role, enum effect_kind kind, enum store_table table,
		  const void *key, size_t key_len, const void *val, size_t val_len)
{
	uint32_t off;
	uint8_t *p = effq_arena(q, (uint32_t)(key_len + val_len), &off);
	struct effect *e = p ? add(q, role, kind) : NULL;
	if (!e) {
		q->lost += p == NULL;
		return;
	}
	memcpy(p, key, key_len);
	if (val_len)
		memcpy(p + key_len, val, val_len);
	e->store = (struct fx_store){.table = table, .key_len_oct = (uint16_t)key_len, .val_len_oct = (uint16_t)val_len, .off = off};
}

void fx_store_put(struct effq *q, enum role_id role, enum store_table table, const void *key, size_t key_len,
		  const void *val, size_t val_len)
{
	store(q, role, FX_STORE_PUT, table, key, key_len, val, val_len);
}

void fx_record_put(struct effq *q, enum role_id role, enum store_table table, const void *key, size_t key_len,
		   const void *val, size_t val_len, const struct fx_change *change)
{
	const uint32_t before = q->n;

	store(q, role, FX_STORE_PUT, table, key, key_len, val, val_len);
	if (q->n != before)
		q->fx[before].store.change = *change;
}

void fx_store_del(struct effq *q, enum role_id role, enum store_table table, const void *key, size_t key_len)
{
	store(q, role, FX_STORE_DEL, table, key, key_len, NULL, 0);
}

struct shared_head { uint8_t how, expect; uint16_t key_len_oct, val_len_oct; uint64_t rev; };

void fx_shared(struct effq *q, enum role_id role, uint64_t token, const struct shared_op *ops, uint32_t n_ops)
{
	uint32_t len = 0, off;

	for (uint32_t i = 0; i < n_ops; i++)
		len += (uint32_t)sizeof(struct shared_head) + ops[i].key_len_oct + ops[i].val_len_oct;
	uint8_t *p = effq_arena(q, len, &off);
	struct effect *e = p ? add(q, role, FX_SHARED) : NULL;
	if (!e) {
		q->lost += p == NULL;
		return;
	}
	e->shared = (struct fx_shared){token, n_ops, off, len};
	for (const struct shared_op *o = ops; o < ops + n_ops; o++) {
		const struct shared_head h = {(uint8_t)o->how, (uint8_t)o->expect, o->key_len_oct, o->val_len_oct, o->rev};
		memcpy(p, &h, sizeof h);
		memcpy(p += sizeof h, o->key, o->key_len_oct);
		p += o->key_len_oct;
		if (o->val_len_oct)
			memcpy(p, o->val, o->val_len_oct);
		p += o->val_len_oct;
	}
}

struct shared_op fx_shared_next(const uint8_t **at)
{
	struct shared_head h;

	memcpy(&h, *at, sizeof h);
	const uint8_t *key = *at + sizeof h, *val = key + h.key_len_oct;
	*at = val + h.val_len_oct;
	return (struct shared_op){(enum shared_how)h.how, (enum shared_expect)h.expect, h.rev, (const char *)key, val, h.key_len_oct, h.val_len_oct};
}

void fx_answer(struct effq *q, enum role_id role, uint64_t command, const char *wrong)
{
	const uint32_t len = wrong ? (uint32_t)strlen(wrong) : 0;
	uint32_t off;
	uint8_t *p = effq_arena(q, len + 1, &off);
	struct effect *e = p ? add(q, role, FX_ANSWER) : NULL;

	if (!e) {
		q->lost += p == NULL;
		return;
	}
	if (len)
		memcpy(p, wrong, len);
	e->answer = (struct fx_answer){command, off, len};
}

void fx_event(struct effq *q, enum role_id role, enum event_sev sev, const char *code, const struct addr6 *mobile,
	      const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	uint32_t len = n < 0 ? 0 : n >= TEXT_MAX ? TEXT_MAX - 1 : (uint32_t)n, off;

	uint8_t *p = effq_arena(q, len, &off);
	struct effect *e = p ? add(q, role, FX_EVENT) : NULL;
	if (!e) {
		q->lost += p == NULL;
		return;
	}
	memcpy(p, text, len);
	e->event = (struct fx_event){.sev = sev, .code = code, .off = off, .len_oct = len};
	if (mobile)
		e->event.mobile = *mobile;
}

const struct effect *effq_next(struct effq *q)
{
	return q->next < q->n ? &q->fx[q->next++] : NULL;
}

void effq_reset(struct effq *q)
{
	q->n = q->next = q->arena_len = 0;
}
