/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/reason.h"

const char *reason_name(enum reason r)
{
	switch (r) {
#define X(name, text) case R_##name: return #name;
	REASONS(X)
#undef X
	case REASON_N: break;
	}
	return "?";
}

const char *reason_text(enum reason r)
{
	switch (r) {
#define X(name, text) case R_##name: return text;
	REASONS(X)
#undef X
	case REASON_N: break;
	}
	return "?";
}

static const enum reason of_wire[W_N] = {
	[W_OK] = R_MSG_MALFORMED, /* nobody asks */
	[W_TRUNCATED] = R_MSG_TRUNCATED,
	[W_LENGTH] = R_MSG_MALFORMED,
	[W_VERSION] = R_MSG_MALFORMED,
	[W_CHECKSUM] = R_MSG_CHECKSUM,
	[W_HOP_LIMIT] = R_MSG_MALFORMED,
	[W_SOURCE] = R_MSG_MALFORMED,
	[W_DESTINATION] = R_MSG_MALFORMED,
	[W_CODE] = R_MSG_MALFORMED,
	[W_VALUE] = R_MSG_MALFORMED,
	[W_TYPE] = R_MSG_TYPE_UNKNOWN,
	[W_PROTO] = R_MSG_NOT_FOR_US,
	[W_PAYLOAD_PROTO] = R_MSG_PAYLOAD_PROTO,
	[W_OPTION] = R_MSG_MALFORMED,
	[W_OPTION_ORDER] = R_MSG_MALFORMED,
	[W_FRAGMENT] = R_MSG_MALFORMED,
	[W_ROUTING] = R_MSG_MALFORMED,
	[W_LIMIT] = R_MSG_MALFORMED,
};

enum reason reason_of_wire(enum wire_err e)
{
	return (unsigned)e < W_N ? of_wire[e] : R_MSG_MALFORMED;
}
