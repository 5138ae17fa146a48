/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Fragments of tunnel packets to a mobile's group (RFC 8200 4.5; IPv4: RFC 791 3.2). The kernel does not put them together: no socket of this
 * host is a member. Patience is shorter than a host's, the packets are no longer than a tunnel's that had to be cut, and nobody is
 * told of one that stays incomplete: its source may not be asked for smaller ones.
 *
 * A fragment that comes again, the same, is another path's and ignored; one that overlaps another, or contradicts what is
 * known of the packet's end, spoils the whole packet (RFC 5722). A packet that was given out or is spoilt is remembered, so that what
 * still arrives of it begins none anew.
 *
 * No allocation: a fixed pool, in which a new packet takes the place of the one whose time ends first.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

enum { REASM_PACKETS = 64, REASM_PARTS = 8, REASM_OCT = 1600, REASM_HEAD_OCT = 60 };

struct reasm_part { uint32_t off_oct, len_oct; };

struct reasm_packet {
	struct addr6 src, dst;              /* key, with id; mapped ones of IPv4 */
	uint32_t id;                        /* IPv4: protocol and identification (RFC 791 3.2) */
	enum { REASM_FREE, REASM_OPEN, REASM_CLOSED } state;
	mono_t until;
	uint32_t n_parts, have_oct;
	uint32_t head_oct;                  /* of the header, which stands right before the body */
	uint32_t body_oct;                  /* what follows the header; 0: the last fragment is not there yet */
	struct reasm_part part[REASM_PARTS];
	uint8_t bytes[REASM_HEAD_OCT + REASM_OCT];
};

/* All zero: empty. */
struct reasm { struct reasm_packet pool[REASM_PACKETS]; };

/* pkt: an IPv6 packet whose header is followed by a Fragment header, or an IPv4 packet; anything else, or one that is cut short, is
 * ignored. Returns the length of the whole packet that it completes, else 0. *whole: valid until the next call. */
size_t reasm_put(struct reasm *r, const uint8_t *pkt, size_t len_oct, mono_t now, const uint8_t **whole);
