/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * redundancy { ... }: the group that the home agent and the MMA of this node belong to, and the protocol that says which
 * member holds the virtual addresses.
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"
#include "rg/rg.h"

enum {
	CONF_GROUP_NAME_OCT = 64, CONF_GROUP_PATH_OCT = 108, CONF_GROUP_VIRTUAL_MAX = 16, CONF_GROUP_TRACK_MAX = 8,
	CONF_GROUP_PRIORITY_MAX = 150, /* the rest of VRRP's 254 is for members that hold or take over the active role (vrrp.h) */
};

/* Who says which member is active. */
enum conf_protocol { CONF_PROTOCOL_VRRP, CONF_PROTOCOL_HSRP, CONF_PROTOCOL_EXTERNAL };

struct conf_virtual { struct addr6 addr; uint32_t plen; char interface[16]; /* "": the group's */ };
struct conf_group_key { char name[CONF_GROUP_NAME_OCT]; uint32_t id; };

struct conf_group {
	uint32_t id, priority;
	char interface[16];
	struct addr6 address, group;
	uint32_t port;
	span_t hello;
	uint32_t dead_after;
	uint32_t commit;             /* enum rg_commit */
	span_t purge;
	uint32_t datagram_oct;
	struct conf_group_key key[RG_KEY_MAX];
	uint32_t n_key;
	struct conf_virtual virtual[CONF_GROUP_VIRTUAL_MAX];
	uint32_t n_virtual;

	uint32_t protocol;           /* enum conf_protocol */
	uint32_t router_id;          /* VRRP's virtual router, HSRP's group */
	span_t advertise;            /* between two advertisements; HSRP: hellos */
	span_t hold;                 /* HSRP; 0: three times advertise */
	span_t hung_after;           /* a roamd that stands still for so long loses its keepalived (guard.h) */
	bool is_preempting;
	char track[CONF_GROUP_TRACK_MAX][16];
	uint32_t n_track;
	uint32_t hsrp_version;
	char hsrp_text[9], hsrp_key[CONF_GROUP_NAME_OCT];
	uint32_t hsrp_key_id;
	char fifo[CONF_GROUP_PATH_OCT];
};

extern const struct conf_block conf_group_block;

/* A group as configured, of the members' own family when none is named: ff12::8000:4340, 239.255.43.40. */
struct addr6 conf_group_address(const struct conf_group *c);
