/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Mobiles that the network moves, inside the home agent; only ha_cast*.c include it. */
#include "core/listen/mldr.h"
#include "core/mroute.h"
#include "role/ha/ha_i.h"

enum { CAST_VOICE_MAX = 64, CAST_HELD_EACH = 16 };

/* A home address whose packets go to a group. */
struct cast_mobile {
	struct addr6 hoa;              /* key */
	struct addr6 group, source;
	struct timer timer;            /* its entries are put again */
};

/* A packet that waits for an answer; len_oct 0: a free place. */
struct cast_held { struct addr6 hoa; mono_t until; uint32_t len_oct; uint8_t bytes[DP_PUNT_SNAP]; };

/* `voice relay`: a port of ours leads into the mobile's group. */
struct cast_voice { bool is_used; uint16_t port; struct addr6 hoa, group; mono_t until; };

struct cast_link { const char *name; uint32_t ifindex; bool is_up; struct lladdr lladdr; };

struct ha_cast {
	struct ha *h;
	const struct ha_cast_conf *conf; /* of h->conf */
	struct mmc *mmc;
	struct table mobiles;          /* struct cast_mobile by hoa */
	struct timers timers;
	struct cast_held *held;        /* conf->held_max places */
	uint32_t *queue;               /* places in use, the oldest first */
	uint32_t n_queue;
	struct mldr mldr;              /* listeners of the groups on the links downstream */
	struct cast_link link[HA_CAST_LINK_MAX];
	uint32_t inject_ifindex;
	struct mroutes mroutes;        /* with PIM: what is behind it */
	struct cast_voice voice[CAST_VOICE_MAX];
	uint64_t n_held, n_sent, n_unknown, n_given_up, n_full;
};

/* ha_cast.c. The group of one of a record's, and its source, to which packets for hoa go; false: none of them is ours to send to. */
bool cast_group_of(const struct ha *h, const struct addr6 *hoa, const struct mm_record *r, struct addr6 *group, struct addr6 *source);
const struct addr6 *cast_own(const struct ha *h, bool is_v4);

/* ha_cast_hold.c */
int cast_hold_init(struct ha_cast *c);
void cast_hold_fini(struct ha_cast *c);
void cast_hold(struct ha_cast *c, const struct addr6 *hoa, const struct rx *rx, struct now now);
/* Sends what waits for hoa, or forgets it. */
void cast_hold_end(struct ha_cast *c, const struct addr6 *hoa, bool is_sent);
void cast_hold_tick(struct ha_cast *c, struct now now);
mono_t cast_hold_expiry(const struct ha_cast *c);

/* ha_cast_tree.c: who listens, on which links. */
void cast_tree_init(struct ha_cast *c);
void cast_tree_link(struct ha_cast *c, const struct link_event *ev, struct now now);
void cast_tree_stop(struct ha_cast *c);

/* ha_cast_voice.c */
void cast_voice_put(struct ha_cast *c, const struct addr6 *hoa, const struct mm_record *r, struct now now);
void cast_voice_stop(struct ha_cast *c);
void cast_voice_show(const struct ha_cast *c, struct show *out, struct now now);
int cast_voice_ctl(struct ha_cast *c, const struct ctl_cmd *cmd, struct now now, const char **msg);
