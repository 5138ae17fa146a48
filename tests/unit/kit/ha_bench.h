/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A home agent on the bench, whichever family's messages it is sent: those, and what is read of its answers, are in ha_kit.h and ha4_kit.h. */
#include "kit.h"
#include "role/ha/ha.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip6/mh_packet.h"

static const struct lladdr t_mn_ll = {{2, 0, 0, 0, 0, 9}}, t_home_ll = {{2, 0, 0, 0, 0, 1}};
enum { T_HOME_IF = 1, T_UP_IF = 2 };

struct bench {
	struct kit k;
	struct ha_conf *conf;
	void *ha;
	/* The last answer. */
	bool has_answer;
	uint8_t answer_pkt[1500];
	const struct effect *answer_fx;
	/* IPv6. */
	uint16_t seq;
	struct mh_packet ba;
	/* IPv4. */
	uint32_t nonce;                 /* high half for the next request, with replay-v4 = "nonce" */
	struct mip4_packet re;
	uint8_t sent[1500];             /* the last request */
	size_t sent_oct;
};

static inline void bench_link(struct bench *b, uint32_t ifindex, const char *name, bool is_up, bool is_gone)
{
	struct link_event ev = {.ifindex = ifindex, .is_up = is_up, .is_gone = is_gone, .lladdr = t_home_ll, .mtu_oct = 1500};
	strcpy(ev.name, name);
	ha_role.link(b->ha, &ev, b->k.now);
}

static inline void bench_fini(struct bench *b)
{
	ha_role.fini(b->ha);
	kit_fini(&b->k);
	free(b->ha);
	free(b->conf);
}

/* For cmocka; *state is the bench. */
static inline int bench_teardown(void **state)
{
	bench_fini(*state);
	return 0;
}

static inline bool bench_rx(struct bench *b, const void *pkt, size_t n, enum dp_punt why, uint32_t ifindex)
{
	struct rx rx = {.ifindex = ifindex, .why = why, .lladdr_src = t_mn_ll, .pkt = pkt, .len_oct = n};
	return ha_role.rx(b->ha, &rx, b->k.now);
}

/* The first packet sent that is an answer; the family's kit says what is one, and reads it. */
static inline void bench_find_answer(struct bench *b, bool (*reads)(struct bench *b, const struct fx_send *sent))
{
	const struct effect *fx;

	b->has_answer = false;
	b->answer_fx = NULL;
	for (size_t i = 0; !b->has_answer && (fx = kit_fx(&b->k, FX_SEND, i)); i++) {
		memcpy(b->answer_pkt, effq_bytes(&b->k.fx, fx->send.off), fx->send.len_oct);
		b->has_answer = reads(b, &fx->send);
		b->answer_fx = fx;
	}
}

/* The family's. */
static inline void bench_read_answer(struct bench *b);

/* Lets time pass in the steps that the engine asks for. Effects of all steps remain in the queue. */
static inline void bench_wait(struct bench *b, span_t d)
{
	mono_t end = mono_add(b->k.now.mono, d), next;

	kit_clear(&b->k);
	while (next = ha_role.expiry(b->ha), !mono_before(end, next)) {
		if (mono_before(b->k.now.mono, next))
			kit_advance(&b->k, mono_sub(next, b->k.now.mono));
		ha_role.tick(b->ha, b->k.now);
	}
	kit_advance(&b->k, mono_sub(end, b->k.now.mono));
	bench_read_answer(b);
}
