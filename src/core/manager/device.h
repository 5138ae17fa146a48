/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Device identifiers (D-2): text in their own notations, checked, to the binary form that travels (struct device_id, wire/mm/mm.h)
 * and back. Each has one binary form and one printed form, whatever notation it was given in.
 *
 *	min:2125551212                  10 digits
 *	esn:82000001                    8 hexadecimal digits, or 11 decimal ones (3 for the maker, 8 for the number)
 *	imsi:001010123456789            6 to 15 digits
 *	meid:AF0123450ABCDE             14 hexadecimal digits, or 18 decimal ones; a check digit may follow and must be right
 *	imei:490154203237518            14 digits and a check digit, which may be left out; or 16 with the software version, which is dropped
 *	eui48:02:00:5e:10:00:01         separated by colons or hyphens
 *	eui64:02:00:5e:ff:fe:10:00:01
 *	nai:user@realm.example          RFC 7542
 *
 * Spaces, hyphens and dots between digits are ignored where the standards print them.
 */
#include "base/mem.h"
#include "core/auth/crypto.h"
#include "wire/mm/mm.h"

enum { DEVICE_STRLEN = DEVICE_OCT_MAX + 8, DEVICE_KEY_OCT = 16 };

const char *device_kind_str(uint8_t kind); /* "imsi"; "none" */

/* "kind:value". On failure false, and *why (may be NULL) is a sentence that names what is wrong. */
bool device_parse(struct device_id *id, const char *text, const char **why);
/* The same without "kind:". */
bool device_parse_as(struct device_id *id, enum device_kind kind, const char *text, const char **why);
char *device_str(const struct device_id *id, char buf[static DEVICE_STRLEN]);
#define DEVICE_STR(id) device_str((id), (char[DEVICE_STRLEN]){0})

/* Are these octets from the wire a binary form that device_parse could have made? */
bool device_is_valid(const struct device_id *id);
bool device_eq(const struct device_id *a, const struct device_id *b);
struct device_id device_of_lladdr(const struct lladdr *ll); /* EUI-48 */

/* A key of fixed length for tables and records: kind, then the octets; of long ones the first 15 of their SHA-1, so compare the whole
 * identifier too. */
void device_key(const struct device_id *id, const struct crypto_ops *c, uint8_t out[static DEVICE_KEY_OCT]);
/* 64 bits for the mobile's IPv6 group: the modified EUI-64 of an EUI-48 or EUI-64, of others a hash (SHA-1 of kind and octets) with the
 * universal bit cleared. nth: 0, or which substitute is wanted because another device has that one already. */
void device_eui64(const struct device_id *id, const struct crypto_ops *c, uint32_t nth, uint8_t out[static 8]);
