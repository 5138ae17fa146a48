/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the foreign agent: its state, and what its files give each other. */
#include "core/listen/listen.h"
#include "core/motion/agentadv.h"
#include "core/visitor/visitor.h"
#include "role/fa/fa.h"

enum { FA_T_ADVERTISE, FA_T_STATION, FA_T_GUEST, FA_T_SERVE, FA_LOCAL_MAX = 64 };

/* A link of visitors. */
struct fa_if {
	struct fa *fa;
	const struct fa_if_conf *conf;
	struct agentadv_conf adv_conf;
	uint32_t ifindex;              /* 0 while absent */
	bool is_up;
	struct lladdr lladdr;
	struct addr6 addr;             /* ours there; none: not known yet, and nothing is advertised */
	uint32_t mtu_oct;
	struct agentadv adv;
};

struct fa_upstream { const char *name; uint32_t ifindex; };

/* An address that the host has. */
struct fa_local { uint32_t ifindex; struct addr6 addr; };

struct fa_mobile { const struct sa_key *key; struct addr6 hoa; const char *nai; };

struct fa {
	const struct engine_env *env;
	struct fa_conf conf;
	struct visitor_conf vconf;
	struct visitor_ops ops;
	struct agentadv_owner adv_owner;
	struct fa_if iface[FA_IF_MAX];
	struct fa_upstream up[FA_UPSTREAM_MAX];
	struct fa_local local[FA_LOCAL_MAX];
	uint32_t n_local;
	struct table keys;             /* struct fa_mobile by hoa; those of names are looked for one by one */
	struct fa_mobile mobile[FA_MOBILE_CONF_MAX];
	const struct sa_key *ha_key[FA_HOME_AGENT_MAX];
	struct visitors visitors;
	struct table stations, guests;
	struct listen listen;          /* guests' groups, on the first upstream link */
	struct mmc *mmc;               /* NULL: no guests here */
	struct timers timers;
	bool is_busy;
};

extern const struct conf_block fa_conf_block;
const char *fa_conf_check(const struct fa_conf *c);

static inline struct fa_if *fa_if_at(struct fa *fa, uint32_t ifindex)
{
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (fa->iface[i].is_up && fa->iface[i].ifindex == ifindex)
			return &fa->iface[i];
	return NULL;
}

/* adv.c */
bool fa_adv_fill(void *ctx, struct adv4 *adv, const struct lladdr *to, struct now now);

/* keys.c: who shares a key with us. NULL, or a remedy. */
const char *fa_keys_load(struct fa *fa, const struct fa_conf *c);
const struct sa_key *fa_mobile_key(void *ctx, const struct addr6 *hoa, const struct mip4_bytes *nai);
const struct sa_key *fa_home_agent_key(void *ctx, const struct addr6 *ha);

/* visit.c: what a visitor means for data. */
uint8_t fa_visit_check(void *ctx, struct visitor_request *req, const struct mip4 *m, const struct visitor *v, struct now now);
void fa_visit_accepted(void *ctx, struct visitor *v, const struct visitor_request *was, struct now now);
void fa_visit_gone(void *ctx, struct visitor *v, enum visitor_end why, struct now now);
void fa_visit_tell(void *ctx, struct visitor *v, struct now now);
void fa_visit_refused(void *ctx, const struct visitor_request *req, uint8_t code, struct now now);
/* The link goes. */
void fa_visit_unlink(struct fa *fa, const struct fa_if *f);
/* The link has another ifindex now; was 0: it is there for the first time. */
void fa_visit_link(struct fa *fa, const struct fa_if *f, uint32_t was);
int fa_visit_restore(struct fa *fa, const struct store_rec *rec, struct now now);
/* The host's ARP cache must not have other ideas of a visitor than we, and nobody is asked by broadcast (RFC 5944 4.2.2). */
void fa_visit_arp(struct fa *fa, struct fa_if *f, const struct rx *rx);

/* conf_guests.c */
extern const struct conf_block fa_guests_block;
const char *fa_guests_check(const struct fa_conf *c);

/* show.c */
void fa_show(const void *self, const char *what, struct show *out, struct now now);
int fa_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg);
void fa_advise(const void *self, advise_fn say, void *ctx);
