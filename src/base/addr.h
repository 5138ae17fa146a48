/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Addresses as bytes in network order. An IPv4 address travels in a struct
 * addr6 as ::ffff:a.b.c.d wherever a table serves both families.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct addr4 { uint8_t b[4]; };
struct addr6 { uint8_t b[16]; };
struct lladdr { uint8_t b[6]; }; /* link-layer address, EUI-48 */
struct prefix6 { struct addr6 addr; uint8_t len_bits; };

#define ADDR_STRLEN 46
#define PREFIX_STRLEN 50
#define LLADDR_STRLEN 18

extern const struct addr6 addr6_any;         /* :: */
extern const struct addr6 addr6_allnodes;    /* ff02::1 */
extern const struct addr6 addr6_allrouters;  /* ff02::2 */
extern const struct addr6 addr6_mldv2;       /* ff02::16 */

static inline bool addr6_eq(const struct addr6 *a, const struct addr6 *b) { return memcmp(a, b, 16) == 0; }
static inline int addr6_cmp(const struct addr6 *a, const struct addr6 *b) { return memcmp(a, b, 16); }
static inline bool lladdr_eq(const struct lladdr *a, const struct lladdr *b) { return memcmp(a, b, 6) == 0; }
static inline bool lladdr_is_zero(const struct lladdr *a) { static const struct lladdr z; return memcmp(a, &z, 6) == 0; }
static inline bool addr6_is_any(const struct addr6 *a) { return addr6_eq(a, &addr6_any); }
static inline bool addr6_is_multicast(const struct addr6 *a) { return a->b[0] == 0xff; }
static inline bool addr6_is_linklocal(const struct addr6 *a) { return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80; }
bool addr6_is_loopback(const struct addr6 *a);
bool addr6_is_v4mapped(const struct addr6 *a);
/* Not ::, not ::1, not multicast, not link-local, not IPv4-mapped: what RFC 6275
 * calls a unicast routable address. */
bool addr6_is_routable(const struct addr6 *a);

bool prefix6_contains(const struct prefix6 *p, const struct addr6 *a);
bool prefix6_eq(const struct prefix6 *a, const struct prefix6 *b);
/* Prefix bits of p, the other bits of id (RFC 4862 5.5.3 d). */
struct addr6 prefix6_join(const struct prefix6 *p, const struct addr6 *id);

/* Modified EUI-64 interface identifier of an EUI-48 (RFC 4291 appendix A), 8 bytes. */
void lladdr_to_eui64(const struct lladdr *ll, uint8_t eui64[8]);
struct addr6 addr6_linklocal(const struct lladdr *ll);              /* fe80:: + EUI-64 */
struct addr6 addr6_from_eui64(const struct prefix6 *p, const uint8_t eui64[8]);
struct addr6 addr6_solicited_node(const struct addr6 *a);           /* RFC 4291 2.7.1 */
struct lladdr lladdr_of_multicast(const struct addr6 *group);       /* RFC 2464 7 */
struct lladdr lladdr_of_multicast4(const struct addr6 *group);      /* RFC 1112 6.4; group is IPv4-mapped */

/* IPv4 in struct addr6 (doc/decisions/ipv4-mapped.md). The prefix length of an IPv4 prefix counts from bit 96: 24 is 120. */
struct addr6 addr6_from_v4(struct addr4 a);
struct addr4 addr6_to_v4(const struct addr6 *a);                    /* the last four bytes, whatever the rest is */
struct prefix6 prefix6_from_v4(struct addr4 a, uint8_t len_bits);   /* host bits are cleared; above 32 counts as 32 */
bool addr6_is_none(const struct addr6 *a);                          /* :: or 0.0.0.0: no address of either family */
bool addr6_is_v4multicast(const struct addr6 *a);                   /* ::ffff:224.0.0.0/100 */
/* IPv4-mapped, and not 0/8, 127/8, multicast, reserved or broadcast: what a node can have as its address. */
bool addr6_is_v4unicast(const struct addr6 *a);

/* Text in and out, RFC 5952. Parsers return false on anything but one whole address.
 * Formatters return buf. */
bool addr6_parse(struct addr6 *a, const char *s);
bool prefix6_parse(struct prefix6 *p, const char *s);  /* "2001:db8::/64"; host bits must be zero */
bool lladdr_parse(struct lladdr *a, const char *s);
char *addr6_str(const struct addr6 *a, char buf[static ADDR_STRLEN]);
char *prefix6_str(const struct prefix6 *p, char buf[static PREFIX_STRLEN]);
char *lladdr_str(const struct lladdr *a, char buf[static LLADDR_STRLEN]);

/* The same for both families: "192.0.2.1" is ::ffff:192.0.2.1, "192.0.2.0/24" its /120. */
bool addr46_parse(struct addr6 *a, const char *s);
bool prefix46_parse(struct prefix6 *p, const char *s);
char *addr46_str(const struct addr6 *a, char buf[static ADDR_STRLEN]);
char *prefix46_str(const struct prefix6 *p, char buf[static PREFIX_STRLEN]);

/* For log lines and records: a buffer that lives for the enclosing block. */
#define ADDR6_STR(a) addr6_str((a), (char[ADDR_STRLEN]){0})
#define PREFIX6_STR(p) prefix6_str((p), (char[PREFIX_STRLEN]){0})
#define ADDR46_STR(a) addr46_str((a), (char[ADDR_STRLEN]){0})
#define PREFIX46_STR(p) prefix46_str((p), (char[PREFIX_STRLEN]){0})
#define LLADDR_STR(a) lladdr_str((a), (char[LLADDR_STRLEN]){0})
