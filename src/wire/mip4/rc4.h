/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Our vendor extensions in Mobile IPv4's registration messages (RFC 3115, enterprise RC_ENTERPRISE): what a mobile and the MMA of a site
 * say to each other about the group (doc/wire.md gives every byte). To the home agent the MMA is a foreign agent: a mobile writes them
 * behind the mobile-home authenticator, so that they are not passed on, and in front of the mobile-foreign one, which covers them.
 * Written as normal extensions (134): a foreign agent that is no MMA skips them.
 *
 * Number 1 stands in agent advertisements: adv4.h.
 */
#include "wire/mip4/mip4.h"
#include "wire/mip6/rc_opt.h"

enum rc4_vendor_type { RC4_GROUP_REQUEST = 2, RC4_GROUP_ANSWER = 3, RC4_FORWARD = 4 };
enum { RC4_PREFIX_MAX = 8, RC4_VALUE_MAX_OCT = 12 + RC4_PREFIX_MAX * 8, RC4_EXTS_MAX = 3 };

/* In a request to an MMA. */
struct rc4_group_request {
	uint8_t flags;               /* enum rc_reg_flags (RC_REG_UPLINK_BOUND alone has a meaning here); unknown bits are ignored */
	struct addr6 group;          /* the candidate */
	struct addr6 prev;           /* the MMA before; none: there was none */
};

enum rc4_group_status {
	RC4_GROUP_OK = 0,            /* group is yours */
	RC4_GROUP_TAKEN = 1,         /* the candidate is another mobile's, or outside the site's range: take group and ask again */
	RC4_GROUP_NONE = 2,          /* there is no free one */
};

/* In the MMA's reply. */
struct rc4_group_answer {
	uint8_t status;              /* enum rc4_group_status; parse takes any: what it does not know, a mobile takes for a refusal */
	struct addr6 group;
	struct addr6 site_address;   /* outer source of the uplink; none: an address that the mobile has */
	struct prefix6 prefix[RC4_PREFIX_MAX]; /* of the site's access links */
	uint32_t n_prefix;
};

/* Extension 4, de-registration at an MMA and its answer: struct rc_forward, as in Mobile IPv6. `to` is the home address, or equals
 * `agent`: the new MMA's address is the care-of address there. */
struct rc4 {
	bool has_group_request, has_group_answer, has_forward;
	struct rc4_group_request group_request;
	struct rc4_group_answer group_answer;
	struct rc_forward forward;
	uint16_t off[RC4_FORWARD + 1]; /* parse: where each stood, for mip4_is_covered(), by enum rc4_vendor_type */
};

/* Picks ours from what mip4_parse kept; other enterprises', other types and later versions are skipped, of a repeated one the first
 * counts. W_LENGTH, W_VALUE: the message is poorly formed. */
enum wire_err rc4_parse(const struct mip4_exts *x, struct rc4 *out);

/* Adds what o has to x. The values are written into buf, which must live until the message is built. False: no room in x. */
struct rc4_values { uint8_t b[RC4_EXTS_MAX][RC4_VALUE_MAX_OCT]; };
bool rc4_add(struct mip4_exts *x, const struct rc4 *o, struct rc4_values *buf);
