/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors both ways. Packets that we cannot take are answered with a Binding Error or an ICMP Parameter Problem (RFC 6275 9.2,
 * 9.3.3), from the address that they were sent to, at a limited rate. ICMP errors about packets that a binding made us send end it
 * when they persist (9.3.4): anybody can forge one, so a binding falls only after several over some time with no update between; then
 * packets take the way through the home agent.
 */
#include "role/cn/cn_i.h"
#include "wire/ip/icmp6.h"

enum { ERROR_OCT = 1280, UNREACHABLE_N = 5, UNREACHABLE_S = 4, UNREACHABLE_GAP_S = 30, ABOUT_MAX_OCT = 128 };

bool cn_may_refuse(struct cn *cn, const struct addr6 *to, struct now now)
{
	struct rate *r = &cn->refusals;
	if (rate_take(r, rate_key(r, to, sizeof *to), cn->conf.refusal_rate, cn->conf.refusal_rate, now.mono) &&
	    rate_take(r, rate_key(r, NULL, 0), cn->conf.total_rate, cn->conf.total_rate, now.mono))
		return true;
	reason_count(cn->env, R_LIMIT_RATE);
	return false;
}

/* hoa as it was on the wire; :: when there was no option. */
static void binding_error(struct cn *cn, const struct addr6 *self, const struct addr6 *to, enum be_status status,
			  const struct addr6 *hoa, struct now now)
{
	uint8_t buf[128];
	if (!addr6_is_routable(to) || cn_is_local(cn, to) || !cn_may_refuse(cn, to, now))
		return;
	size_t n = be_packet_build(buf, sizeof buf, self, to, status, hoa);
	fx_send(cn->env->fx, ROLE_CN, 0, NULL, buf, n);
}

static void parameter_problem(struct cn *cn, const struct rx *rx, const struct mh_packet *p, uint32_t pointer, struct now now)
{
	uint8_t buf[ERROR_OCT];
	if (!icmp6_error_is_allowed(rx->pkt, rx->len_oct, IC6_PARAM_PROBLEM, 0) || !addr6_is_routable(&p->src) || !cn_may_refuse(cn, &p->src, now))
		return;
	size_t n = icmp6_error_build(buf, sizeof buf, &p->dst, IC6_PARAM_PROBLEM, 0, pointer, rx->pkt, rx->len_oct);
	if (n)
		fx_send(cn->env->fx, ROLE_CN, 0, NULL, buf, n);
}

/* Fewest bytes of each type (6.1), padding to eight included. */
static uint32_t len_min_oct(uint8_t type)
{
	static const uint8_t min[] = {[MH_BRR] = 8, [MH_HOTI] = 16, [MH_COTI] = 16, [MH_HOT] = 24,
				      [MH_COT] = 24, [MH_BU] = 16, [MH_BA] = 16, [MH_BE] = 24};
	return type < sizeof min ? min[type] : 8;
}

/* A Mobility Header to us that does not parse. A wrong checksum, and options that contradict themselves, are passed over in silence. */
void cn_error_rx_mh(struct cn *cn, const struct rx *rx, const struct mh_packet *p, enum wire_err err, struct now now)
{
	static const uint32_t PROTO_OFF = 0, LEN_OFF = 1, TYPE_OFF = 2;
	struct ip6_walk w;

	reason_count(cn->env, reason_of_wire(err));
	if (err == W_TYPE) {
		binding_error(cn, &p->dst, &p->src, BE_UNKNOWN_TYPE, p->has_hao ? &p->hao : &addr6_any, now);
		return;
	}
	if ((err != W_PAYLOAD_PROTO && err != W_LENGTH) || ip6_walk(rx->pkt, rx->len_oct, &w) != W_OK || w.len_oct < 8)
		return;
	const uint8_t *mh = rx->pkt + w.off;
	if (err == W_PAYLOAD_PROTO)
		parameter_problem(cn, rx, p, w.off + PROTO_OFF, now);
	else if (mh[LEN_OFF] * 8u + 8 < len_min_oct(mh[TYPE_OFF]))
		parameter_problem(cn, rx, p, w.off + LEN_OFF, now);
}

/* Data whose Home Address option no binding backs (9.3.1). One that is no unicast routable address is dropped without a word. */
bool cn_error_rx_hao(struct cn *cn, const struct rx *rx, struct now now)
{
	struct ip6_walk w;
	if (ip6_walk(rx->pkt, rx->len_oct, &w) != W_OK || !w.has_hao || !cn_is_local(cn, &w.ip.dst))
		return false;
	const struct cn_binding *b = cn_cache_find(&cn->cache, &w.hao, &w.ip.dst);
	if (b && b->is_active && addr6_eq(&b->coa, &w.ip.src))
		return true; /* bound meanwhile */
	reason_count(cn->env, R_HAO_UNKNOWN);
	if (addr6_is_routable(&w.hao))
		binding_error(cn, &w.ip.dst, &w.ip.src, BE_UNKNOWN_BINDING, &w.hao, now);
	return true;
}

/* --- what we are told ---------------------------------------------------------------------------------------- */

static void on_unreachable(struct cn *cn, struct cn_binding *b, struct now now)
{
	if (b->n_unreachable && mono_before(mono_add(b->unreachable_since, span_s(UNREACHABLE_GAP_S)), now.mono))
		b->n_unreachable = 0;
	if (b->n_unreachable++ == 0)
		b->unreachable_since = now.mono;
	if (b->n_unreachable >= UNREACHABLE_N && !mono_before(now.mono, mono_add(b->unreachable_since, span_s(UNREACHABLE_S))))
		cn_cache_end(cn, b, "its care-of address is unreachable", now);
}

/* The quoted packet is cut short perhaps: its length is made to fit. */
static void quoted(struct ip6_walk *about, const uint8_t *pkt, size_t len_oct)
{
	uint8_t head[ABOUT_MAX_OCT];
	size_t n = len_oct < sizeof head ? len_oct : sizeof head;

	memcpy(head, pkt, n);
	head[4] = 0;
	head[5] = (uint8_t)(n - IP6_HEAD_OCT);
	(void)ip6_walk(head, n, about);
}

/* Destination Unreachable about a packet of ours to a care-of address, with the type 2 routing header in it. */
bool cn_error_rx_icmp(struct cn *cn, const struct rx *rx, struct now now)
{
	struct icmp6_packet icmp;
	struct ip6_walk about;
	if (icmp6_packet_parse(rx->pkt, rx->len_oct, &icmp) != W_OK || icmp.type != IC6_UNREACHABLE || icmp.body_len_oct < 4 + IP6_HEAD_OCT)
		return false;
	quoted(&about, icmp.body + 4, icmp.body_len_oct - 4);
	if (!about.has_rh2 || !cn_is_local(cn, &about.ip.src))
		return false;
	struct cn_binding *b = cn_cache_find(&cn->cache, &about.rh2, &about.ip.src);
	if (!b || !b->is_active || !addr6_eq(&b->coa, &about.ip.dst))
		return false;
	on_unreachable(cn, b, now);
	return true;
}
