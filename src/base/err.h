/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One negative number space for failures of functions that return int.
 * 0 is success. Reasons for dropping a peer's message are not errors of ours
 * and have an enum of their own (core/reason.h).
 */
enum err {
	ERR_OK = 0,
	ERR_NOMEM = -1,    /* pool or memory exhausted */
	ERR_FULL = -2,     /* a configured limit is reached */
	ERR_EXISTS = -3,
	ERR_NOTFOUND = -4,
	ERR_INVAL = -5,    /* an argument or a value is not allowed */
	ERR_TRUNC = -6,    /* input ends early */
	ERR_NOSPACE = -7,  /* output buffer too small */
	ERR_SYS = -8,      /* the operating system said no; errno tells */
	ERR_NOTSUP = -9,   /* this kernel or build cannot do it */
	ERR_DENIED = -10,
	ERR_AGAIN = -11,
};

/* A short English text, never NULL; safe on any number. */
const char *err_str(int err);
