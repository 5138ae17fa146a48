/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator sees of a mobile of Mobile IPv4: a record for each of its care-of addresses. */
#include "role/ha/ha4_i.h"

static const char *encap_str(enum dp_encap e)
{
	switch (e) {
	case DP_ENCAP_IPIP: return "ipip";
	case DP_ENCAP_GRE_PLAIN: return "gre";
	case DP_ENCAP_MINIMAL: return "minimal";
	case DP_ENCAP_UDP: return "udp";
	case DP_ENCAP_GRE: case DP_ENCAP_RH2: case DP_ENCAP_HAO: case DP_ENCAP_NONE: break;
	}
	return "?";
}

/* As a number it would be too large for readers of JSON. */
static const char *hex(char out[static 17], uint64_t v)
{
	for (int i = 0; i < 16; i++)
		out[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
	return out;
}

static void show_to(const struct ha *h, const struct ha4 *b, const struct ha4_to *to, struct show *out, struct now now)
{
	show_begin(out, "binding");
	show_str(out, "role", "ha");
	show_str(out, "home_address", ADDR46_STR(&b->b.hoa));
	show_str(out, "care_of_address", ADDR46_STR(&to->coa));
	show_str(out, "state", "active");
	show_u64(out, "lifetime_s", to->lifetime_s);
	show_i64(out, "remaining_s", span_to_s(mono_sub(to->expires, now.mono)));
	show_str(out, "identification", hex((char[17]){0}, to->id));
	show_str(out, "encapsulation", encap_str(to->encap));
	if (to->encap == DP_ENCAP_UDP) {
		show_str(out, "translated_to", ADDR46_STR(&to->at));
		show_u64(out, "translated_port", to->udp_port);
	}
	show_flag(out, "co_located", to->flags & MIP4_D);
	show_flag(out, "reverse_tunnel", to->flags & MIP4_T);
	show_flag(out, "broadcasts", b->is_listener && (to->flags & MIP4_B));
	show_flag(out, "revocation", to->has_revocation);
	show_flag(out, "simultaneous", b->more != NULL);
	show_flag(out, "intercepted", (b->b.flags & HA_INTERCEPTED) && !h->is_standby);
	const struct ha_router *r = ha_net_find(h, &b->b.hoa);
	for (uint32_t i = 0; r && i < r->n_net; i++)
		show_str(out, "network", PREFIX46_STR(&r->net[i]));
	show_end(out);
}

void ha4_show_binding(const struct ha *h, const struct ha4 *b, struct show *out, struct now now)
{
	for (uint32_t i = 0; ha_is_active(&b->b) && i < ha4_n_to(b); i++)
		show_to(h, b, i ? &b->more->to[i - 1] : &b->to, out, now);
}
