/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/motion/movement.h"

const char *move_place_str(enum move_place p)
{
	switch (p) {
	case MOVE_HOME: return "home";
	case MOVE_SITE: return "site";
	case MOVE_PLAIN: return "plain";
	}
	return "?";
}

const char *move_kind_str(enum move_kind k)
{
	switch (k) {
	case MOVE_NONE: return "none";
	case MOVE_INTRA_SITE: return "intra-site";
	case MOVE_REGISTER: return "registration";
	}
	return "?";
}

enum move_place move_place_of(const struct move_link *link)
{
	if (link->has_home_prefix)
		return MOVE_HOME;
	return link->has_mma ? MOVE_SITE : MOVE_PLAIN;
}

enum move_kind move_kind_of(enum move_place from, const struct addr6 *from_mma, const struct move_link *to,
			    bool is_same_link)
{
	enum move_place place = move_place_of(to);
	if (place != from)
		return MOVE_REGISTER;
	if (place == MOVE_SITE && !addr6_eq(from_mma, &to->mma))
		return MOVE_REGISTER;
	if (is_same_link)
		return MOVE_NONE;
	switch (place) {
	case MOVE_HOME: return MOVE_NONE;
	case MOVE_SITE: return MOVE_INTRA_SITE;
	case MOVE_PLAIN: return MOVE_REGISTER;
	}
	return MOVE_REGISTER;
}

mono_t move_overdue(mono_t heard, span_t interval, uint32_t missed)
{
	if (interval.ns <= 0)
		return MONO_NEVER;
	return mono_add(heard, span_ns(interval.ns * (int64_t)missed));
}
