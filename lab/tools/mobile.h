/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobiles by the thousand, as frames on a cable: their addresses, their registrations, signed by the suite's own codec, and their packets in
 * the reverse tunnel. IPv6 with an IPv6 home agent, Mobile IPv4 (co-located care-of addresses) with an IPv4 one.
 */
#include "core/auth/sa4.h"

enum { MOBILE_FRAME_MAX = 256, MOBILE_ETH_OCT = 14 };

struct mobile_frame { uint32_t len_oct; uint8_t at[MOBILE_FRAME_MAX]; };

/* What all of them have in common. */
struct mobiles {
	struct lladdr router, self;    /* next hop, and our own interface */
	struct addr6 agent;            /* home agent */
	struct prefix6 home, coa;
	struct sa_key key;
};

/* Takes one of --router, --agent, --home, --coa; false: it is another option, or has no such value. */
bool mobiles_option(struct mobiles *m, const char *option, const char *value);
/* hex NULL: exits. */
void mobiles_key(struct mobiles *m, const char *hex, int64_t spi);
/* Our own link-layer address, of the interface that this packet socket is bound to. */
void mobiles_own_address(struct mobiles *m, int fd, const char *ifname);
static inline bool mobiles_are_v4(const struct mobiles *m) { return addr6_is_v4mapped(&m->agent); }

/* Number n as the host part of an address. */
struct addr6 mobile_host(const struct prefix6 *p, uint64_t n);

struct mobile_reg {
	struct addr6 hoa, coa;
	uint16_t seq;                  /* of Mobile IPv6 */
	uint32_t lifetime_s;           /* 0: no binding any more */
	bool is_reverse;               /* of Mobile IPv4: with a reverse tunnel. Mobile IPv6 always has it */
	wall_t now;                    /* for the timestamp */
};
/* The timestamp that the registration bears; Mobile IPv4's reply has it too. */
uint64_t mobile_stamp(const struct mobile_reg *r);
void mobile_register(struct mobile_frame *f, const struct mobiles *m, const struct mobile_reg *r);

/* A home agent's answer in a frame. */
struct mobile_answer {
	struct addr6 hoa;
	bool is_accepted;
	uint16_t seq;                  /* Mobile IPv6 */
	uint64_t stamp;                /* Mobile IPv4 */
};
bool mobile_answer(const struct mobile_frame *f, struct mobile_answer *out);

/* UDP from a mobile at coa through its home agent. */
struct mobile_data { struct addr6 hoa, coa, peer; uint16_t port; const void *data; uint32_t len_oct; };
void mobile_send(struct mobile_frame *f, const struct mobiles *m, const struct mobile_data *d);
/* UDP in the home agent's tunnel: whom it is for, where the tunnel ends, the traffic class of the tunnel, the data. */
struct mobile_packet { struct addr6 hoa, coa; uint8_t tclass; uint16_t port; const uint8_t *data; uint32_t len_oct; };
bool mobile_receive(const struct mobile_frame *f, struct mobile_packet *out);
