/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow path of IPv4, each of its doors: what the programs hand up, errors about tunnels, packets made whole, the host's own. The first three
 * bytes pick door, form of tunnel and link, the rest is the packet, whose sums are mended. Every address has entries of every kind.
 */
#include "datapath/slow.h"
#include "base/err.h"
#include "fuzz.h"
#include "wire/ip/ip4.h"

static struct slow *slow;
static uint32_t mtu; /* nothing that is cut may be longer; 0: not asked */

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {.resize = resize};

static struct addr6 v4(uint8_t last) { return addr6_from_v4((struct addr4){{10, 0, 0, last}}); }

/* An entry for any key; odd addresses have none, so that the search goes on. */
static int find(void *ctx, struct dp_op *op)
{
	const struct addr6 group = addr6_from_v4((struct addr4){{232, 128, 0, 5}});
	(void)ctx;
	switch (op->table) {
	case DP_LOCAL: op->local.flags = DP_LOCAL_HA | DP_LOCAL_MMA | DP_LOCAL_FA; return ERR_OK;
	case DP_HOME:
		if (op->home.home_address.b[15] & 1)
			return ERR_NOTFOUND;
		op->home = (struct dp_home){.home_address = op->home.home_address, .coa = v4(2), .ha = v4(4), .expires = MONO_NEVER, .has_more = true,
					    .is_reverse = true};
		return ERR_OK;
	case DP_HOME_MORE:
		op->home_more.n = 1;
		op->home_more.to[0].coa = v4(6);
		op->home_more.to[0].expires = MONO_NEVER;
		return ERR_OK;
	case DP_COA:
		if (op->coa.coa.b[15] & 2)
			return ERR_NOTFOUND;
		op->coa = (struct dp_coa){.coa = op->coa.coa, .home_address = op->coa.coa, .group = group, .source = v4(4), .ha = v4(2), .expires = MONO_NEVER};
		return ERR_OK;
	case DP_UPLINK_IN:
		op->uplink_in = (struct dp_uplink_in){.inner_src = op->uplink_in.inner_src, .coa = v4(4), .ha = v4(2), .expires = MONO_NEVER,
						      .encap = DP_ENCAP_MINIMAL};
		return ERR_OK;
	case DP_VISIT:
		if (op->visit.home_address.b[15] & 4)
			return ERR_NOTFOUND;
		op->visit = (struct dp_visit){.home_address = op->visit.home_address, .ha = v4(2), .coa = v4(4), .ifindex = 3, .up = DP_VISIT_ENCAPSULATED,
					      .encap = DP_ENCAP_UDP, .udp_port = 434, .expires = MONO_NEVER};
		return ERR_OK;
	case DP_DOWNLINK_IN:
		if (op->downlink_in.src.b[15] & 1)
			return ERR_NOTFOUND;
		op->downlink_in.home_address = v4(8);
		op->downlink_in.encap = op->downlink_in.src.b[15] & 2 ? DP_ENCAP_GRE : DP_ENCAP_UDP;
		return ERR_OK;
	case DP_SITE_PREFIX: return ERR_OK;
	case DP_NET: op->net.home_address = v4(8); return ERR_OK;
	case DP_GUEST:
		if (!(op->guest.group.b[15] & 1))
			return ERR_NOTFOUND;
		op->guest = (struct dp_guest){.group = op->guest.group, .source = op->guest.source, .home_address = {v4(8)}, .n_home = 1, .ifindex = 3,
					      .is_serving = true, .expires = MONO_NEVER};
		return ERR_OK;
	case DP_REVERSE: return ERR_OK;
	case DP_IF:
	case DP_MFC:
	case DP_UPLINK_OUT:
	case DP_CN:
	case DP_CN_TRUST:
	case DP_RO_OUT:
	case DP_RELAY:
	case DP_UNBOUND:
	case DP_TABLE_N: break;
	}
	return ERR_NOTFOUND;
}

static bool source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	(void)ctx, (void)ifindex, (void)dst;
	*out = v4(4);
	return true;
}

/* What leaves is an IPv4 packet as long as it says, with the right sum, and no longer than fits. */
static void emit(void *ctx, const struct slow_out *o)
{
	struct ip4_head h;
	(void)ctx;
	if (o->kind == SLOW_PMTU) {
		if (o->mtu_oct < 552)
			abort();
		return;
	}
	struct rd r = rd_of(o->bytes, o->len_oct);
	if (ip4_head_parse(&r, &h) || h.total_len_oct != o->len_oct || (mtu && o->kind != SLOW_LOCAL && o->len_oct > mtu && o->len_oct > 640 /* an error in a tunnel to its group */))
		abort();
}

static void mend4(uint8_t *p, size_t n)
{
	if (n < IP4_HEAD_OCT)
		return;
	p[0] = 0x45;
	if ((size_t)(p[2] << 8 | p[3]) > n)
		p[2] = (uint8_t)(n >> 8), p[3] = (uint8_t)n;
	p[10] = p[11] = 0;
	const uint16_t sum = csum_fold(csum_add(0, p, IP4_HEAD_OCT));
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)sum;
}

static void mend_all(uint8_t *p, size_t n)
{
	mend4(p, n);
	if (n < IP4_HEAD_OCT + 8)
		return;
	uint8_t *body = p + IP4_HEAD_OCT;
	const size_t body_oct = (size_t)(p[2] << 8 | p[3]) - IP4_HEAD_OCT, room = n - IP4_HEAD_OCT;
	if (p[9] == 1 && body_oct >= 8 && body_oct <= room) { /* the quoted packet too */
		mend4(body + 8, room - 8);
		body[2] = body[3] = 0;
		const uint16_t sum = csum_fold(csum_add(0, body, body_oct));
		body[2] = (uint8_t)(sum >> 8);
		body[3] = (uint8_t)sum;
	} else if (p[9] == 4)
		mend4(body, room);
	else if (p[9] == 17) {
		body[6] = body[7] = 0;
		mend4(body + 12, room > 12 ? room - 12 : 0);
	} else if (p[9] == 47)
		mend4(body + 4 + (body[0] & 0x20 ? 4 : 0) + (body[0] & 0x10 ? 4 : 0), room > 12 ? room - 12 : 0);
	else if (p[9] == 55 && body_oct >= 12 && body_oct <= room) {
		const size_t head = body[1] & 0x80 ? 12 : 8;
		body[2] = body[3] = 0;
		const uint16_t sum = csum_fold(csum_add(0, body, head));
		body[2] = (uint8_t)(sum >> 8);
		body[3] = (uint8_t)sum;
	}
	mend4(p, n);
}

static void begin(void)
{
	const struct slow_conf conf = {.mem = &mem, .source = source, .find = find, .icmp_rate_pps = 1000000, .answers_unreachable = true, .emit = emit};
	if (slow_new(&slow, &conf))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum dp_encap forms[] = {DP_ENCAP_IPIP, DP_ENCAP_GRE, DP_ENCAP_GRE_PLAIN, DP_ENCAP_MINIMAL, DP_ENCAP_UDP, DP_ENCAP_NONE};
	static mono_t now = {20 * NS_PER_S};
	if (!slow)
		begin();
	if (n < 4 || n > 4096)
		return 0;
	now = mono_add(now, span_ms(1));
	uint8_t *pkt = fuzz_copy(data + 3, n - 3);
	if (data[0] & 0x80)
		mend_all(pkt, n - 3);
	struct dp_punted p = {.ifindex = 3, .why = DP_PUNT_SLOW, .pkt = pkt, .len_oct = n - 3, .slow = {.why = (enum dp_slow_why)(data[1] % (DP_SLOW_COPY + 1)),
		.encap = forms[data[2] % 6], .has_seq = data[2] & 0x40, .has_key = data[2] & 0x20, .is_local = data[2] & 0x10, .mtu_oct = 100 + data[1] * 8u,
		.len_oct = (uint32_t)(n - 3), .src = v4(4), .dst = data[2] & 0x80 ? v4(2) : addr6_from_v4((struct addr4){{232, 128, 0, 5}}),
		.ifindex = forms[data[2] % 6] == DP_ENCAP_NONE ? 3 : 0, .udp_port = 434}};
	mtu = 0;
	if (n > 3 && pkt[0] >> 4 == 4)
		switch (data[0] % 4) {
		case 0:
			mtu = p.slow.why == DP_SLOW_FRAGMENT ? 0 : p.slow.mtu_oct;
			slow_punt(slow, &p, now);
			break;
		case 1:
			p.why = DP_PUNT_ICMP_ERR;
			slow_punt(slow, &p, now);
			break;
		case 2: slow_raw(slow, 3, pkt, n - 3, now); break;
		case 3: slow_roam0(slow, pkt, n - 3, now); break;
		}
	free(pkt);
	return 0;
}
