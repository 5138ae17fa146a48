/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Why a codec did not accept bytes. A peer's fault each time, never ours: engines count
 * it (core/reason.h has the mapping) and go on. W_OK is zero.
 */
#undef W_OK /* <unistd.h> has a macro of this name, for access() */
#define WIRE_ERRS(X) \
	X(W_OK, "ok") \
	X(W_TRUNCATED, "message or option ends early") \
	X(W_LENGTH, "a length field contradicts the bytes") \
	X(W_VERSION, "not the expected protocol version") \
	X(W_CHECKSUM, "checksum does not match") \
	X(W_HOP_LIMIT, "hop limit is not what the protocol demands") \
	X(W_SOURCE, "source address not allowed in this message") \
	X(W_DESTINATION, "destination address not allowed in this message") \
	X(W_CODE, "ICMP code is not what the message demands") \
	X(W_VALUE, "a field has a value that is not allowed") \
	X(W_TYPE, "message type is not known") \
	X(W_PROTO, "not the expected upper-layer protocol") \
	X(W_PAYLOAD_PROTO, "Mobility Header payload protocol is not no-next-header") \
	X(W_OPTION, "an option that must be understood is not known") \
	X(W_OPTION_ORDER, "an option stands where it must not") \
	X(W_FRAGMENT, "a fragment, where a whole packet is needed") \
	X(W_ROUTING, "routing header cannot be processed") \
	X(W_LIMIT, "more elements than this implementation takes")

enum wire_err {
#define X(name, text) name,
	WIRE_ERRS(X)
#undef X
	W_N
};

/* A short English text, never NULL; safe on any number. */
const char *wire_err_str(enum wire_err e);
