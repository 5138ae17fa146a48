// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/entry.h"

#include "base/err.h"
#include "datapath/lib/hdr.h"

static const struct entry_shape shapes[DP_TABLE_N] = {
	[DP_LOCAL] = {16, sizeof(struct m_local), FEAT_LOCAL},
	[DP_HOME] = {16, sizeof(struct m_home), FEAT_HOME},
	[DP_COA] = {16, sizeof(struct m_coa), FEAT_COA},
	[DP_UPLINK_IN] = {16, sizeof(struct m_uplink_in), FEAT_UPLINK_IN},
	[DP_SITE_PREFIX] = {sizeof(struct k_site), sizeof(struct m_site), 0},
	[DP_MFC] = {sizeof(struct k_pair), sizeof(struct m_mfc), FEAT_MFC},
	[DP_DOWNLINK_IN] = {sizeof(struct k_pair), sizeof(struct m_downlink), FEAT_DOWNLINK},
	[DP_UPLINK_OUT] = {16, sizeof(struct m_uplink_out), FEAT_UPLINK_OUT},
	[DP_CN] = {sizeof(struct k_pair), sizeof(struct m_cn), FEAT_CN},
	[DP_RO_OUT] = {sizeof(struct k_pair), sizeof(struct m_ro), FEAT_RO},
	[DP_NET] = {sizeof(struct k_site), sizeof(struct m_net), FEAT_NET},
	[DP_HOME_MORE] = {16, sizeof(struct m_home_more), 0},
	[DP_VISIT] = {16, sizeof(struct m_visit), FEAT_VISIT},
	[DP_GUEST] = {sizeof(struct k_pair), sizeof(struct m_guest), FEAT_GUEST},
	[DP_RELAY] = {sizeof(struct k_port), sizeof(struct m_relay), FEAT_RELAY},
	[DP_UNBOUND] = {sizeof(struct k_site), sizeof(struct m_unbound), FEAT_UNBOUND},
	[DP_REVERSE] = {sizeof(struct k_site), sizeof(struct m_reverse), FEAT_REVERSE},
};

const struct entry_shape *entry_shape(enum dp_table t) { return &shapes[t]; }

static bool is_group(const struct addr6 *a) { return addr6_is_multicast(a) || addr6_is_v4multicast(a); }

uint32_t entry_features(const struct dp_op *op)
{
	bool is_rh2 = op->table == DP_DOWNLINK_IN && op->downlink_in.encap == DP_ENCAP_RH2;
	bool is_cast = op->table == DP_HOME && is_group(&op->home.coa);
	return shapes[op->table].feature | (is_rh2 ? FEAT_DOWN_RH2 : 0) | (is_cast ? FEAT_CAST : 0);
}

struct m_prefix entry_prefix(const struct prefix6 *p)
{
	struct addr6 mask = {0};
	struct m_prefix r = {.net = a6_of(&p->addr)};
	for (uint32_t i = 0; i < p->len_bits && i < 128; i++)
		mask.b[i / 8] |= (uint8_t)(0x80 >> (i % 8));
	r.mask = a6_of(&mask);
	for (uint32_t i = 0; i < 4; i++)
		r.net.w[i] &= r.mask.w[i];
	return r;
}

void entry_key(const struct dp_op *op, union entry_key *key)
{
	memset(key, 0, sizeof *key);
	switch (op->table) {
	case DP_IF: key->ifindex = op->iface.ifindex; break;
	case DP_LOCAL: key->addr = a6_of(&op->local.addr); break;
	case DP_HOME: key->addr = a6_of(&op->home.home_address); break;
	case DP_COA: key->addr = a6_of(&op->coa.coa); break;
	case DP_UPLINK_IN: key->addr = a6_of(&op->uplink_in.inner_src); break;
	case DP_SITE_PREFIX:
		key->site = (struct k_site){op->site_prefix.prefix.len_bits, a6_of(&op->site_prefix.prefix.addr)};
		break;
	case DP_MFC: key->pair = (struct k_pair){a6_of(&op->mfc.source), a6_of(&op->mfc.group)}; break;
	case DP_DOWNLINK_IN: key->pair = (struct k_pair){a6_of(&op->downlink_in.src), a6_of(&op->downlink_in.dst)}; break;
	case DP_UPLINK_OUT: key->addr = a6_of(&op->uplink_out.inner_src); break;
	case DP_CN: key->pair = (struct k_pair){a6_of(&op->cn.self), a6_of(&op->cn.home_address)}; break;
	case DP_RO_OUT: key->pair = (struct k_pair){a6_of(&op->ro_out.home_address), a6_of(&op->ro_out.cn)}; break;
	case DP_NET: key->site = (struct k_site){op->net.prefix.len_bits, a6_of(&op->net.prefix.addr)}; break;
	case DP_HOME_MORE: key->addr = a6_of(&op->home_more.home_address); break;
	case DP_VISIT: key->addr = a6_of(&op->visit.home_address); break;
	case DP_GUEST: key->pair = (struct k_pair){a6_of(&op->guest.source), a6_of(&op->guest.group)}; break;
	case DP_RELAY: key->port = (struct k_port){a6_of(&op->relay.addr), BE16(op->relay.port)}; break;
	case DP_UNBOUND: key->site = (struct k_site){op->unbound.prefix.len_bits, a6_of(&op->unbound.prefix.addr)}; break;
	case DP_REVERSE: key->site = (struct k_site){op->reverse.prefix.len_bits, a6_of(&op->reverse.prefix.addr)}; break;
	case DP_CN_TRUST:
	case DP_TABLE_N: break;
	}
}

static struct m_home home_val(const struct dp_home *e)
{
	return (struct m_home){.coa = a6_of(&e->coa), .ha = a6_of(&e->ha), .prev = a6_of(&e->prev), .expires_ns = e->expires.ns,
		.prev_until_ns = e->prev_until.ns, .is_own_routed = e->is_own_routed, .udp_port = e->udp_port, .encap = (uint8_t)e->encap,
		.flags = (uint8_t)((e->has_more ? HOME_MORE : 0) | (e->is_reverse ? HOME_REVERSE : 0) | (e->is_nested ? HOME_NESTED : 0))};
}

static struct m_home_more home_more_val(const struct dp_home_more *e)
{
	struct m_home_more v = {.n = e->n};
	for (uint32_t i = 0; i < e->n && i < DP_HOME_MORE_MAX; i++)
		v.to[i] = (struct home_to){a6_of(&e->to[i].coa), e->to[i].expires.ns, (uint16_t)e->to[i].encap, e->to[i].is_nested ? HOME_NESTED : 0, e->to[i].udp_port};
	return v;
}

static struct m_visit visit_val(const struct dp_visit *e)
{
	return (struct m_visit){.ha = a6_of(&e->ha), .coa = a6_of(&e->coa), .expires_ns = e->expires.ns, .ifindex = e->ifindex,
		.mac = mac_of(&e->lladdr), .udp_port = e->udp_port, .up = (uint16_t)e->up, .encap = (uint16_t)e->encap};
}

static struct m_guest guest_val(const struct dp_guest *e)
{
	struct a6 src = a6_of(&e->source), dst = a6_of(&e->group);
	struct m_guest v = {.expires_ns = e->expires.ns, .ifindex = e->ifindex, .in_ifindex = e->in_if, .mac = mac_of(&e->lladdr),
		.from = mac_of(&e->from), .n_home = e->n_home, .voice_port = BE16(e->voice_port), .is_serving = e->is_serving,
		.flow = mix_a6(mix_a6(0, &src), &dst), .has_seq = e->has_seq, .last_seq = e->last_seq};
	for (uint32_t i = 0; i < e->n_home && i < DP_GUEST_HOMES_MAX; i++)
		v.home[i] = a6_of(&e->home_address[i]);
	return v;
}

static struct m_relay relay_val(const struct dp_relay *e)
{
	return (struct m_relay){.source = a6_of(&e->source), .group = a6_of(&e->group), .expires_ns = e->expires.ns,
		.port = BE16(e->group_port), .inject_ifindex = e->inject_if};
}

static struct m_coa coa_val(const struct dp_coa *e)
{
	return (struct m_coa){.home_address = a6_of(&e->home_address), .source = a6_of(&e->source), .group = a6_of(&e->group),
		.ha = a6_of(&e->ha), .prev = a6_of(&e->prev), .prev_until_ns = e->prev_until.ns, .expires_ns = e->expires.ns,
		.seq = e->seq_start, .inject_ifindex = e->inject_if, .coa = a6_of(&e->coa), .forward = a6_of(&e->forward), .forward_until_ns = e->forward_until.ns,
		.flags = (addr6_is_any(&e->forward) ? 0 : (uint32_t)COA_FORWARD) | (e->keep ? (uint32_t)COA_KEEP : 0) |
			(e->wants_ro ? (uint32_t)COA_WANTS_RO : 0)};
}

static struct m_uplink_in uplink_in_val(const struct dp_uplink_in *e)
{
	return (struct m_uplink_in){.coa = a6_of(&e->coa), .ha = a6_of(&e->ha), .bound = a6_of(&e->bound),
		.expires_ns = e->expires.ns, .key = e->gre_key, .key_prev = e->gre_key_prev, .encap = e->encap, .udp_port = e->udp_port};
}

static struct m_downlink downlink_val(const struct dp_downlink_in *e)
{
	struct a6 src = a6_of(&e->src), dst = a6_of(&e->dst), broadcast = a6_of(&e->broadcast);
	struct m_downlink v = {.home_address = a6_of(&e->home_address), .encap = e->encap, .n_if = e->n_allowed_if,
		.flow = mix_a6(mix_a6(0, &src), &dst), .wants_ro = e->wants_ro, .broadcast4 = broadcast.w[3]};
	memcpy(v.ifindex, e->allowed_if, sizeof v.ifindex);
	return v;
}

static struct m_uplink_out uplink_out_val(const struct dp_uplink_out *e)
{
	struct m_uplink_out v = {.src = a6_of(&e->src), .dst = a6_of(&e->dst), .ifindex = e->ifindex, .encap = e->encap,
		.key = e->gre_key, .mtu_oct = e->mtu_oct ? e->mtu_oct : 1500, .next_hop = mac_of(&e->next_hop),
		.mac = mac_of(&e->lladdr), .n_direct = (uint16_t)e->n_direct, .udp_port = e->udp_port, .nest4 = a6_of(&e->nest).w[3]};
	for (uint32_t i = 0; i < e->n_direct; i++)
		v.direct[i] = entry_prefix(&e->direct[i]);
	return v;
}

void entry_val(const struct dp_op *op, union entry_val *val)
{
	memset(val, 0, sizeof *val);
	switch (op->table) {
	case DP_LOCAL: val->local.flags = op->local.flags; break;
	case DP_HOME: val->home = home_val(&op->home); break;
	case DP_COA: val->coa = coa_val(&op->coa); break;
	case DP_UPLINK_IN: val->uplink_in = uplink_in_val(&op->uplink_in); break;
	case DP_MFC: val->mfc.iif = op->mfc.iif; break;
	case DP_DOWNLINK_IN: val->downlink = downlink_val(&op->downlink_in); break;
	case DP_UPLINK_OUT: val->uplink_out = uplink_out_val(&op->uplink_out); break;
	case DP_CN: val->cn = (struct m_cn){.coa = a6_of(&op->cn.coa), .expires_ns = op->cn.expires.ns}; break;
	case DP_RO_OUT:
		val->ro = (struct m_ro){.coa = a6_of(&op->ro_out.coa), .expires_ns = op->ro_out.expires.ns, .is_testing = op->ro_out.is_testing};
		break;
	case DP_NET: val->net.home_address = a6_of(&op->net.home_address); break;
	case DP_HOME_MORE: val->home_more = home_more_val(&op->home_more); break;
	case DP_VISIT: val->visit = visit_val(&op->visit); break;
	case DP_GUEST: val->guest = guest_val(&op->guest); break;
	case DP_RELAY: val->relay = relay_val(&op->relay); break;
	case DP_UNBOUND: val->unbound.is_shared = op->unbound.is_shared; break;
	case DP_REVERSE:
	case DP_SITE_PREFIX:
	case DP_IF:
	case DP_CN_TRUST:
	case DP_TABLE_N: break;
	}
}

static void home_parse(struct dp_home *e, const struct m_home *v)
{
	*e = (struct dp_home){.home_address = e->home_address, .coa = addr6_of(&v->coa), .ha = addr6_of(&v->ha), .expires = {v->expires_ns},
		.prev = addr6_of(&v->prev), .prev_until = {v->prev_until_ns}, .is_own_routed = v->is_own_routed,
		.encap = (enum dp_encap)v->encap, .udp_port = v->udp_port, .has_more = v->flags & HOME_MORE, .is_reverse = v->flags & HOME_REVERSE,
		.is_nested = v->flags & HOME_NESTED};
}

static void home_more_parse(struct dp_home_more *e, const struct m_home_more *v)
{
	e->n = v->n;
	for (uint32_t i = 0; i < v->n && i < DP_HOME_MORE_MAX; i++) {
		e->to[i].coa = addr6_of(&v->to[i].coa);
		e->to[i].encap = (enum dp_encap)v->to[i].encap;
		e->to[i].udp_port = (uint16_t)v->to[i].udp_port;
		e->to[i].expires = (mono_t){v->to[i].expires_ns};
		e->to[i].is_nested = v->to[i].flags & HOME_NESTED;
	}
}

static void visit_parse(struct dp_visit *e, const struct m_visit *v)
{
	*e = (struct dp_visit){.home_address = e->home_address, .ha = addr6_of(&v->ha), .coa = addr6_of(&v->coa), .ifindex = v->ifindex,
		.lladdr = lladdr_of(&v->mac), .up = (enum dp_visit_up)v->up, .encap = (enum dp_encap)v->encap, .udp_port = v->udp_port,
		.expires = {v->expires_ns}};
}

static void guest_parse(struct dp_guest *e, const struct m_guest *v)
{
	*e = (struct dp_guest){.group = e->group, .source = e->source, .n_home = v->n_home, .ifindex = v->ifindex, .lladdr = lladdr_of(&v->mac),
		.from = lladdr_of(&v->from), .in_if = v->in_ifindex, .is_serving = v->is_serving, .voice_port = BE16(v->voice_port),
		.expires = {v->expires_ns}, .has_seq = v->has_seq, .last_seq = v->last_seq};
	for (uint32_t i = 0; i < v->n_home && i < DP_GUEST_HOMES_MAX; i++)
		e->home_address[i] = addr6_of(&v->home[i]);
}

static void relay_parse(struct dp_relay *e, const struct m_relay *v)
{
	*e = (struct dp_relay){.addr = e->addr, .port = e->port, .group = addr6_of(&v->group), .source = addr6_of(&v->source),
		.group_port = BE16(v->port), .inject_if = v->inject_ifindex, .expires = {v->expires_ns}};
}

static void downlink_parse(struct dp_downlink_in *e, const struct m_downlink *v)
{
	e->home_address = addr6_of(&v->home_address);
	e->encap = (enum dp_encap)v->encap;
	e->n_allowed_if = v->n_if;
	memcpy(e->allowed_if, v->ifindex, sizeof e->allowed_if);
	e->wants_ro = v->wants_ro;
	e->has_seq = v->has_seq;
	e->last_seq = v->last_seq;
	e->broadcast = v->broadcast4 ? addr6_of(&(struct a6){{0, 0, BE32(0xffff), v->broadcast4}}) : addr6_any;
}

static struct prefix6 prefix_of(const struct m_prefix *p)
{
	struct prefix6 r = {.addr = addr6_of(&p->net)};
	for (uint32_t i = 0; i < 4; i++)
		r.len_bits += (uint8_t)__builtin_popcount(p->mask.w[i]);
	return r;
}

static void uplink_out_parse(struct dp_uplink_out *e, const struct m_uplink_out *v)
{
	*e = (struct dp_uplink_out){.inner_src = e->inner_src, .ifindex = v->ifindex, .next_hop = lladdr_of(&v->next_hop),
		.lladdr = lladdr_of(&v->mac), .src = addr6_of(&v->src), .dst = addr6_of(&v->dst),
		.encap = (enum dp_encap)v->encap, .gre_key = v->key, .mtu_oct = v->mtu_oct, .n_direct = v->n_direct, .udp_port = v->udp_port};
	for (uint32_t i = 0; i < v->n_direct && i < DP_DIRECT_MAX; i++)
		e->direct[i] = prefix_of(&v->direct[i]);
}

static void coa_parse(struct dp_coa *e, const struct m_coa *v)
{
	*e = (struct dp_coa){.coa = e->coa, .home_address = addr6_of(&v->home_address), .group = addr6_of(&v->group),
		.source = addr6_of(&v->source), .ha = addr6_of(&v->ha), .prev = addr6_of(&v->prev),
		.prev_until = {v->prev_until_ns}, .expires = {v->expires_ns}, .seq_start = v->seq,
		.wants_ro = v->flags & COA_WANTS_RO, .keep = v->flags & COA_KEEP, .forward = addr6_of(&v->forward),
		.forward_until = {v->forward_until_ns}, .inject_if = v->inject_ifindex};
}

static void uplink_in_parse(struct dp_uplink_in *e, const struct m_uplink_in *v)
{
	*e = (struct dp_uplink_in){.inner_src = e->inner_src, .coa = addr6_of(&v->coa), .ha = addr6_of(&v->ha),
		.gre_key = v->key, .gre_key_prev = v->key_prev, .bound = addr6_of(&v->bound), .expires = {v->expires_ns},
		.encap = (enum dp_encap)v->encap, .udp_port = (uint16_t)v->udp_port};
}

void entry_parse(struct dp_op *op, const union entry_val *val)
{
	switch (op->table) {
	case DP_LOCAL: op->local.flags = val->local.flags; break;
	case DP_HOME: home_parse(&op->home, &val->home); break;
	case DP_COA: coa_parse(&op->coa, &val->coa); break;
	case DP_UPLINK_IN: uplink_in_parse(&op->uplink_in, &val->uplink_in); break;
	case DP_MFC: op->mfc.iif = val->mfc.iif; break;
	case DP_DOWNLINK_IN: downlink_parse(&op->downlink_in, &val->downlink); break;
	case DP_UPLINK_OUT: uplink_out_parse(&op->uplink_out, &val->uplink_out); break;
	case DP_CN:
		op->cn.coa = addr6_of(&val->cn.coa);
		op->cn.expires = (mono_t){val->cn.expires_ns};
		op->cn.used = (mono_t){val->cn.used_ns};
		break;
	case DP_RO_OUT:
		op->ro_out.coa = addr6_of(&val->ro.coa);
		op->ro_out.expires = (mono_t){val->ro.expires_ns};
		op->ro_out.is_testing = val->ro.is_testing;
		op->ro_out.used = (mono_t){val->ro.used_ns};
		break;
	case DP_NET: op->net.home_address = addr6_of(&val->net.home_address); break;
	case DP_HOME_MORE: home_more_parse(&op->home_more, &val->home_more); break;
	case DP_VISIT: visit_parse(&op->visit, &val->visit); break;
	case DP_GUEST: guest_parse(&op->guest, &val->guest); break;
	case DP_RELAY: relay_parse(&op->relay, &val->relay); break;
	case DP_UNBOUND: op->unbound.is_shared = val->unbound.is_shared; break;
	case DP_REVERSE:
	case DP_SITE_PREFIX:
	case DP_IF:
	case DP_CN_TRUST:
	case DP_TABLE_N: break;
	}
}

void entry_coa_keep(struct m_coa *v, const struct m_coa *old)
{
	if (!old || memcmp(&old->source, &v->source, 32))
		return;
	const uint32_t next = old->seq + 65536; /* packets that are being sent meanwhile */
	if ((int32_t)(v->seq - next) < 0)
		v->seq = next;
}

void entry_downlink_keep(struct m_downlink *v, const struct m_downlink *old)
{
	if (!old)
		return;
	v->has_seq = old->has_seq;
	v->last_seq = old->last_seq;
}

void entry_guest_keep(struct m_guest *v, const struct m_guest *old)
{
	if (!old || !old->has_seq || (v->has_seq && (int32_t)(v->last_seq - old->last_seq) > 0))
		return;
	v->has_seq = true;
	v->last_seq = old->last_seq;
}

uint32_t entry_pmtu(const struct addr6 *dst, uint32_t mtu_oct)
{
	uint32_t least = addr6_is_v4mapped(dst) ? IP4_MTU_LEAST : IP6_MTU_MIN;
	return mtu_oct < least ? least : mtu_oct;
}

/* What may carry IPv4 between agents. Entries of IPv6 do not say. */
static bool is_form(const struct addr6 *of, enum dp_encap encap)
{
	return !addr6_is_v4mapped(of) || encap == DP_ENCAP_IPIP || encap == DP_ENCAP_GRE_PLAIN || encap == DP_ENCAP_MINIMAL || encap == DP_ENCAP_UDP;
}

static bool check_more(const struct dp_home_more *e)
{
	if (e->n > DP_HOME_MORE_MAX || !addr6_is_v4mapped(&e->home_address))
		return false;
	for (uint32_t i = 0; i < e->n; i++)
		if (!is_form(&e->to[i].coa, e->to[i].encap))
			return false;
	return true;
}

/* A mobile's tunnels may be GRE with key or sequence number as well; its frames to a foreign agent may have none. */
static bool is_mobile_form(const struct addr6 *of, enum dp_encap encap, bool may_be_none)
{
	return encap == DP_ENCAP_GRE || (may_be_none && encap == DP_ENCAP_NONE) || is_form(of, encap);
}

/* A key is an interface, an address or two, or a prefix. */
static bool has_key(const struct dp_op *op)
{
	switch (op->table) {
	case DP_IF: return op->iface.ifindex;
	case DP_SITE_PREFIX: return op->site_prefix.prefix.len_bits <= 128;
	case DP_NET: return op->net.prefix.len_bits <= 128;
	case DP_CN_TRUST: return op->cn_trust.home.len_bits <= 128 && op->cn_trust.coa.len_bits <= 128;
	case DP_MFC: return is_group(&op->mfc.group);
	case DP_GUEST: return is_group(&op->guest.group) && addr6_is_v4mapped(&op->guest.group) == addr6_is_v4mapped(&op->guest.source);
	case DP_UNBOUND: return op->unbound.prefix.len_bits <= 128;
	case DP_REVERSE: return op->reverse.prefix.len_bits <= 128;
	case DP_RELAY:
	case DP_LOCAL: case DP_HOME: case DP_COA: case DP_UPLINK_IN: case DP_DOWNLINK_IN: case DP_UPLINK_OUT: case DP_CN: case DP_RO_OUT:
	case DP_HOME_MORE: case DP_VISIT: return true;
	case DP_TABLE_N: break;
	}
	return false;
}

static bool is_one_family(const struct dp_relay *e)
{
	bool is4 = addr6_is_v4mapped(&e->addr);
	return addr6_is_v4mapped(&e->group) == is4 && addr6_is_v4mapped(&e->source) == is4;
}

static bool is_fit(const struct dp_op *op)
{
	switch (op->table) {
	case DP_IF: return op->iface.n_prefix <= DP_IF_PREFIX_MAX;
	case DP_MFC: return op->mfc.n_oif <= DP_OIF_MAX;
	case DP_DOWNLINK_IN:
		return op->downlink_in.n_allowed_if <= 8 && is_mobile_form(&op->downlink_in.dst, op->downlink_in.encap, false);
	case DP_UPLINK_OUT:
		return op->uplink_out.n_direct <= DP_DIRECT_MAX && is_mobile_form(&op->uplink_out.inner_src, op->uplink_out.encap, true);
	case DP_HOME: return is_form(&op->home.home_address, op->home.encap);
	case DP_HOME_MORE: return check_more(&op->home_more);
	case DP_UPLINK_IN: return addr6_is_none(&op->uplink_in.ha) || is_form(&op->uplink_in.inner_src, op->uplink_in.encap);
	case DP_VISIT:
		return is_form(&op->visit.home_address, op->visit.encap) &&
		       (addr6_is_v4mapped(&op->visit.home_address) || op->visit.up == DP_VISIT_ROUTE || op->visit.up == DP_VISIT_REVERSE);
	case DP_GUEST: return op->guest.n_home <= DP_GUEST_HOMES_MAX;
	case DP_RELAY: return is_group(&op->relay.group) && is_one_family(&op->relay);
	case DP_LOCAL: case DP_COA: case DP_SITE_PREFIX: case DP_NET: case DP_CN: case DP_CN_TRUST: case DP_RO_OUT:
	case DP_UNBOUND: case DP_REVERSE: return true;
	case DP_TABLE_N: break;
	}
	return false;
}

int entry_check(const struct dp_op *op, bool is_put) { return has_key(op) && (!is_put || is_fit(op)) ? 0 : ERR_INVAL; }
