/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The hot standby router protocol (RFC 2281; version 2 for IPv4 and IPv6): who of several routers answers for a virtual address.
 *
 * States and transitions are the table of RFC 2281 5.7, as data. The engine sends hellos, coups and resigns, adds the virtual address
 * when it becomes active (then gratuitous ARP or an unsolicited advertisement), and takes it away after.
 *
 * What differs from the RFC: the virtual address is announced with the interface's own link-layer address, as 6.1 allows and
 * discourages; Linux would need another device for the well-known one. Version 1's times are whole seconds on the wire; version 2
 * has milliseconds.
 */
#include "core/engine.h"
#include "wire/hsrp/hsrp.h"

enum { HSRP_KEY_MAX = 55 };

struct hsrp_conf {
	enum role_id role;             /* in whose name effects are pushed */
	uint8_t version;
	uint16_t group;
	uint32_t priority;
	bool is_preempting;
	span_t hello, hold;            /* 3 s, 10 s by default; version 1: whole seconds */
	struct addr6 virtual_addr;     /* none: learned from the active router */
	uint8_t plen_bits;             /* of the virtual address on the interface, mapped for IPv4 */
	struct addr6 self;             /* ours on the link: IPv4, or link-local */
	struct lladdr lladdr;
	uint32_t ifindex;
	enum hsrp_auth auth;
	char text[HSRP_TEXT_OCT];
	uint8_t key[HSRP_KEY_MAX], key_oct;
	uint32_t key_id;
};
extern const struct hsrp_conf hsrp_conf_default; /* version 2, priority 100, the RFC's times and text */

struct hsrp_ops {
	/* The state is another one; active or not any more is what the redundancy group wants to know. */
	void (*changed)(void *ctx, enum hsrp_state from, enum hsrp_state to, struct now now);
	void *ctx;
};

struct hsrp_engine {
	struct engine_env env;
	struct hsrp_conf conf;
	struct hsrp_ops ops;
	enum hsrp_state state;
	struct addr6 virtual_addr;
	uint32_t hello_ms, hold_ms;    /* in use */
	mono_t active_at, standby_at, hello_at;
	uint8_t announce;              /* so many announcements of the virtual address are due */
	mono_t announced;
	mono_t held;                   /* when the address was last asked for */
	bool is_active_gone;           /* its timer expired, and nothing has been heard of an active router since */
	struct addr6 active, standby;  /* who they are, as heard */
	uint64_t n_rx, n_tx, n_changes;
};

/* 0, or ERR_INVAL with *remedy a sentence. */
int hsrp_init(struct hsrp_engine *e, const struct engine_env *env, const struct hsrp_conf *conf, const struct hsrp_ops *ops, const char **remedy);
void hsrp_up(struct hsrp_engine *e, struct now now);    /* event a: the link is there */
void hsrp_down(struct hsrp_engine *e, struct now now);  /* event b; an active one resigns */
/* UDP data. */
void hsrp_rx(struct hsrp_engine *e, const struct addr6 *src, const uint8_t *data, size_t len_oct, struct now now);
void hsrp_tick(struct hsrp_engine *e, struct now now);
mono_t hsrp_expiry(const struct hsrp_engine *e);
/* An active router lets another one take over (and does not preempt it until hsrp_up). */
void hsrp_resign(struct hsrp_engine *e, struct now now);
void hsrp_show(const struct hsrp_engine *e, struct show *out, struct now now);
