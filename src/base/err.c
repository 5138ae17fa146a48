/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"

const char *err_str(int err)
{
	switch ((enum err)err) {
	case ERR_OK: return "success";
	case ERR_NOMEM: return "out of memory";
	case ERR_FULL: return "limit reached";
	case ERR_EXISTS: return "already exists";
	case ERR_NOTFOUND: return "not found";
	case ERR_INVAL: return "invalid value";
	case ERR_TRUNC: return "truncated";
	case ERR_NOSPACE: return "no space";
	case ERR_SYS: return "system error";
	case ERR_NOTSUP: return "not supported";
	case ERR_DENIED: return "denied";
	case ERR_AGAIN: return "try again";
	}
	return "unknown error";
}
