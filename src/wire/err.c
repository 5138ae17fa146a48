/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/err.h"

static const char *const texts[] = {
#define X(name, text) [name] = text,
	WIRE_ERRS(X)
#undef X
};

const char *wire_err_str(enum wire_err e)
{
	return (unsigned)e < W_N ? texts[e] : "unknown wire error";
}
