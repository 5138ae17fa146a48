/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Configuration as tables of rows. Each role declares what it can be told: name,
 * type, default, limits, unit, help and where the value goes in its configuration
 * struct. The daemon's parser, its dump (`roamd -t -v`) and the manual page are made
 * from the same rows; the simulator reads them too. No system call here.
 */
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_BOOL,      /* bool */
	CONF_U32,       /* uint32_t, min..max */
	CONF_MS,        /* span_t, given in milliseconds, min..max in milliseconds */
	CONF_S,         /* span_t, given in seconds */
	CONF_STR,       /* char[size] */
	CONF_ADDR6,     /* struct addr6 */
	CONF_PREFIX6,   /* struct prefix6 */
	CONF_ADDR4,     /* struct addr6, IPv4-mapped; absent: :: (addr6_is_none) */
	CONF_PREFIX4,   /* struct prefix6, IPv4-mapped */
	CONF_ADDR46,    /* either family */
	CONF_PREFIX46,
	CONF_LLADDR,    /* struct lladdr */
	CONF_ENUM,      /* uint32_t, index into names[] */
	CONF_IFNAME,    /* char[16] */
	CONF_PATH,      /* char[size]; a file that must exist */
	CONF_URL,       /* char[CONF_URL_OCT]: http:// or https://, host and port, nothing behind */
	CONF_LIST_ADDR6,   /* struct conf_list at off */
	CONF_LIST_PREFIX6,
	CONF_LIST_ADDR4,
	CONF_LIST_PREFIX4,
	CONF_LIST_ADDR46,
	CONF_LIST_PREFIX46,
	CONF_LIST_IFNAME,
	CONF_LIST_URL,
	CONF_END,
};
enum { CONF_URL_OCT = 128 };

/* Lists are a fixed array and a count, in the configuration struct: `struct addr6 x[N]; uint32_t n_x;` */
struct conf_row {
	const char *name;        /* "lifetime" */
	enum conf_type type;
	const char *def;         /* default as text; NULL: must be given; "": may be absent (zero) */
	int64_t min, max;        /* for numbers; both 0: no limit */
	const char *unit;        /* for the manual: "s", "ms", "packets/s"; may be NULL */
	const char *help;        /* one sentence */
	size_t off;              /* where in the struct */
	size_t size;             /* CONF_STR/PATH: bytes; lists: capacity in elements */
	size_t count_off;        /* lists: where the uint32_t count is */
	const char *const *names;/* CONF_ENUM: NULL-terminated */
};

/* A block: role ha { ... } or, inside it, interface "eth0" { ... }, mobile "2001:db8::1" { ... }.
 * Sub-blocks repeat; they fill an array in the parent's struct through `add`. */
struct conf_block {
	const char *name;                    /* "mobile" */
	const char *title;                   /* what the quoted title is: "home address"; NULL: none */
	const char *help;
	const struct conf_row *rows;         /* ends with CONF_END */
	const struct conf_block *const *sub; /* NULL-terminated; NULL: none */
	size_t struct_size;                  /* of the struct that the rows fill */
	/* Called with a filled, checked struct, sub-blocks included (they were added to it before). parent is the
	 * enclosing block's struct; for a role's own block parent and title are NULL and this is the last check.
	 * Returns NULL or a remedy in English, which the parser prints after file and line. Copy what you keep:
	 * a sub-block's filled struct is gone afterwards. May be NULL. */
	const char *(*add)(void *parent, const char *title, const void *filled);
	/* A role's own block: releases what add() of its sub-blocks allocated inside filled. NULL: nothing. */
	void (*fini)(void *filled);
};
