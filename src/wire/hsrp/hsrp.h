/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The hot standby router protocol: version 1 as RFC 2281 5.1 has it, and version 2, which is documented by its dissectors and
 * captures alone: type-length-value fields, sixteen-bit groups, times in milliseconds, IPv4 and IPv6. Both with text and MD5
 * authentication. This is the UDP payload.
 */
#include "base/cursor.h"
#include "wire/err.h"

enum { HSRP_PORT = 1985, HSRP_PORT6 = 2029, HSRP_TEXT_OCT = 8, HSRP_MD5_OCT = 16, HSRP_MAX_OCT = 128, HSRP_MD5_PAD_OCT = 64 };
enum hsrp_op { HSRP_HELLO, HSRP_COUP, HSRP_RESIGN, HSRP_ADVERTISE };
enum hsrp_state { HSRP_INITIAL, HSRP_LEARN, HSRP_LISTEN, HSRP_SPEAK, HSRP_STANDBY, HSRP_ACTIVE, HSRP_STATE_N };
const char *hsrp_state_str(enum hsrp_state s);

enum hsrp_auth { HSRP_AUTH_NONE, HSRP_AUTH_TEXT, HSRP_AUTH_MD5 };

struct hsrp {
	uint8_t version;             /* 1, 2 */
	uint8_t op;                  /* enum hsrp_op. HSRP_ADVERTISE: nothing else is told */
	enum hsrp_state state;
	uint16_t group;              /* version 1: to 255 */
	uint32_t priority;           /* version 1: to 255 */
	uint32_t hello_ms, hold_ms;  /* version 1: whole seconds, to 255 */
	struct addr6 virtual_addr;   /* IPv4-mapped, or IPv6 (version 2); none: not known to the sender */
	bool is_ip6;                 /* version 2 */
	struct lladdr identifier;    /* version 2: of the sender */
	enum hsrp_auth auth;
	char text[HSRP_TEXT_OCT];    /* HSRP_AUTH_TEXT; version 1 has it always, then AUTH_MD5 goes before it */
	uint32_t key_id;             /* HSRP_AUTH_MD5 */
	struct addr6 md5_source;     /* IPv4-mapped: the sender's, as it says */
	uint8_t digest[HSRP_MD5_OCT];
	uint16_t digest_off;         /* where it stands; what it covers is everything, with these octets zero */
};

/* W_TRUNCATED, W_VERSION, W_TYPE (operation), W_LENGTH, W_VALUE (a state, an address family, a hold time not above the hello time). Unknown
 * fields of version 2 are skipped. */
enum wire_err hsrp_parse(const uint8_t *p, size_t len_oct, struct hsrp *h);
/* Length, 0 when it does not fit or says what its version cannot. digest_off is filled, the digest as it is in h. */
size_t hsrp_build(uint8_t *buf, size_t cap_oct, struct hsrp *h);
/* The first 64 octets that the digest covers: the key, padded as MD5 pads a message. False: longer than 55 octets. */
bool hsrp_md5_pad(const void *key, size_t key_oct, uint8_t out[static HSRP_MD5_PAD_OCT]);

extern const struct addr6 hsrp_group_v1, hsrp_group_v2, hsrp_group_ip6; /* 224.0.0.2, 224.0.0.102, ff02::66 */
/* The well-known virtual link-layer address (RFC 2281 6.1). */
struct lladdr hsrp_lladdr(const struct hsrp *h);
