/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/manager/mmsig.h"

#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"

enum { HOP_LIMIT = 64, HEADS_OCT = 48 };

static bool parse4(const struct rx *rx, struct mmsig_packet *out)
{
	struct udp4_packet u;

	if (udp4_packet_parse(rx->pkt, rx->len_oct, &u) || u.dport != MM_PORT || u.sport != MM_PORT)
		return false;
	*out = (struct mmsig_packet){u.src, u.dst, u.data, u.data_len_oct};
	return true;
}

static bool parse6(const struct rx *rx, struct mmsig_packet *out)
{
	struct udp6_packet u;

	if (udp6_packet_parse(rx->pkt, rx->len_oct, &u) || u.dport != MM_PORT || u.sport != MM_PORT)
		return false;
	*out = (struct mmsig_packet){u.src, u.dst, u.data, u.data_len_oct};
	return true;
}

bool mmsig_packet_parse(const struct rx *rx, struct mmsig_packet *out)
{
	return rx_is_v4(rx) ? parse4(rx, out) : rx_is_v6(rx) && parse6(rx, out);
}

static void mac_of(const struct engine_env *env, const struct sa_key *key, const struct mmsig_packet *p, uint8_t out[static 32])
{
	const struct iov_in in[] = {{"mm", 2}, {&p->src, sizeof p->src}, {&p->dst, sizeof p->dst}, {p->data, p->len_oct}};
	(void)env->crypto->mac(env->crypto->ctx, key->derive, in, sizeof in / sizeof *in, out);
}

bool mmsig_is_right(const struct engine_env *env, const struct sa_key *key, const struct mmsig_packet *p)
{
	uint8_t mac[32];

	if (p->len_oct < GRP_MAC_OCT)
		return false;
	const struct mmsig_packet covered = {p->src, p->dst, p->data, grp_covered(p->len_oct)};
	mac_of(env, key, &covered, mac);
	return mac_equal(mac, p->data + covered.len_oct, GRP_MAC_OCT);
}

static void packet_out(const struct engine_env *env, enum role_id role, const struct mmsig_packet *p)
{
	uint8_t pkt[MM_DATAGRAM_MAX + HEADS_OCT];
	struct wr w = wr_of(pkt, sizeof pkt);
	size_t n;

	if (addr6_is_v4mapped(&p->dst)) {
		const struct ip4_path path = {.src = p->src, .dst = p->dst, .ttl = HOP_LIMIT};
		const struct udp4_build b = udp4_begin(&w, &path, MM_PORT, MM_PORT);
		wr_bytes(&w, p->data, p->len_oct);
		n = udp4_finish(&w, &b);
	} else {
		udp6_begin(&w, &p->src, &p->dst, HOP_LIMIT, MM_PORT, MM_PORT);
		wr_bytes(&w, p->data, p->len_oct);
		n = udp6_finish(&w);
	}
	if (n) /* from an address of this member's own: a standby agent asks too, to be ready, and a standby manager tells of changes */
		fx_send_of_standby(env->fx, role, 0, pkt, n);
}

bool mmsig_send(const struct engine_env *env, enum role_id role, const struct sa_key *key, const struct addr6 *src, const struct addr6 *dst,
		struct wr *w)
{
	uint8_t mac[32];
	const struct mmsig_packet covered = {*src, *dst, w->base, wr_len(w)};
	uint8_t *at = grp_end(w);

	if (!at)
		return false;
	mac_of(env, key, &covered, mac);
	memcpy(at, mac, GRP_MAC_OCT);
	packet_out(env, role, &(struct mmsig_packet){*src, *dst, w->base, wr_len(w)});
	return true;
}
