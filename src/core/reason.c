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
