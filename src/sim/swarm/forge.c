/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/swarm/forge.h"

#include <stdlib.h>

#include "base/err.h"
#include "core/auth/sa.h"
#include "sim/cast.h"
#include "sim/net/arp.h"
#include "sim/net/kern.h"
#include "sim/net/kern4.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"
#include "wire/mip4/mip4.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mm/mm.h"

enum { FORGED_SPI = 256, FORGED_MAX_OCT = 1280 };

struct kind { const char *name; bool is_v4; uint8_t type; };

static const struct kind *kind_of(const char *name)
{
	static const struct kind kinds[] = {
		{"bu", false, MH_BU}, {"ba", false, MH_BA}, {"peer", false, MH_PEER}, {"rreq", true, MIP4_REQUEST}, {"rrep", true, MIP4_REPLY},
		{"revoke", true, MIP4_REVOKE}, {"revack", true, MIP4_REVOKE_ACK},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static const struct said *recorded(const struct watch *w, const struct kind *k, const struct addr6 *to, const char *which)
{
	const struct said *found = NULL;
	for (const struct said *m = w->said; m; m = m->next) {
		if (m->is_v4 != k->is_v4 || m->type != k->type || !addr6_eq(&m->dst, to))
			continue;
		found = m;
		if (strcmp(which, "first") == 0)
			break;
	}
	return found;
}

/* The last byte of all is one of the authenticator. UDP's checksum is made anew, or tells that it has not been made (RFC 768). */
static void tamper(uint8_t *packet, size_t len)
{
	packet[len - 1] ^= 0x55;
	if (ip4_is(packet)) {
		put16(packet + ip4_head_len(packet) + 6, 0);
	} else if (packet[6] == PROTO_UDP) {
		struct addr6 src = ip6_src(packet), dst = ip6_dst(packet);
		put16(packet + IP6_LEN + 6, 0);
		put16(packet + IP6_LEN + 6, ip_checksum(&src, &dst, PROTO_UDP, packet + IP6_LEN, len - IP6_LEN));
	}
}

/* Of what agents and managers say to each other. */
static const struct cast_datagram *recorded_mm(const struct sim *s, const char *name, const struct addr6 *to, const char *which)
{
	for (uint8_t type = MM_HELLO; type < MM_TYPE_END; type++)
		if (strcmp(mm_type_str(type), name) == 0)
			return cast_datagram(s, type, to, strcmp(which, "first") == 0);
	return NULL;
}

/* replay first|last KIND to ADDR by NODE [tampered]: what an eavesdropper can do. */
bool forge_replay(struct script *sc, const struct words *w, uint32_t i)
{
	struct addr6 to;
	struct node *by = node_find(&sc->sim, words_at(w, i + 5));
	const struct kind *kind = kind_of(words_at(w, i + 1));
	uint8_t packet[FORGED_MAX_OCT];
	if (!by || !addr46_parse(&to, words_at(w, i + 3)))
		return script_fail(sc, "replay first|last bu|ba|peer|rreq|rrep|revoke|revack|hello|welcome|query|answer|change|ack to ADDRESS by NODE [tampered]");
	const struct said *m = kind ? recorded(&sc->watch, kind, &to, words_at(w, i)) : NULL;
	const struct cast_datagram *d = kind ? NULL : recorded_mm(&sc->sim, words_at(w, i + 1), &to, words_at(w, i));
	const size_t len = m ? m->len_oct : d ? d->len_oct : 0;
	if (!len || len > sizeof packet)
		return script_fail(sc, "nothing to replay");
	memcpy(packet, m ? m->packet : d->packet, len);
	if (strcmp(words_at(w, i + 6), "tampered") == 0)
		tamper(packet, len);
	kern_send_raw(by, 0, packet, len);
	return true;
}

/* The nonce index that this correspondent node gave last, to whomever: the one that counts now. */
static uint16_t heard_nonce(const struct watch *w, const struct addr6 *cn)
{
	struct mh_packet p;
	uint16_t nonce = 0;
	for (const struct said *m = w->said; m; m = m->next)
		if (!m->is_v4 && (m->type == MH_HOT || m->type == MH_COT) && addr6_eq(&m->src, cn) && mh_packet_parse(m->packet, m->len_oct, &p) == W_OK)
			nonce = p.mh.test.nonce;
	return nonce;
}

/* To a correspondent node: everything is there but an authenticator that holds. */
static bool send_forged_peer(struct node *by, const struct addr6 *hoa, const struct addr6 *coa, const struct addr6 *to, uint32_t lifetime_s)
{
	uint8_t packet[FORGED_MAX_OCT];
	struct mh_built built;
	struct mh m = {.type = MH_BU, .bu = {(uint16_t)(by->sim->t_ns / NS_PER_MS), BU_A, lifetime_s}};
	m.opt.has_nonce = m.opt.has_bind_auth = true;
	m.opt.nonce_home = m.opt.nonce_coa = heard_nonce(by->sim->watch, to);
	size_t n = bu_packet_build(packet, sizeof packet, coa, to, hoa, &m, &built);
	if (n)
		mh_packet_finish(&built, packet);
	return n && kern_send_raw(by, 0, packet, n);
}

/* What is said in clear is no secret: SPI and home agent as in the mobile's last update to this agent. */
static void overhear(const struct watch *w, const struct addr6 *hoa, const struct addr6 *to, struct mh *m)
{
	struct mh_packet p;
	m->opt.auth.spi = FORGED_SPI;
	for (const struct said *s = w->said; s; s = s->next)
		if (!s->is_v4 && s->type == MH_BU && addr6_eq(&s->dst, to) && addr6_eq(&s->peer, hoa) && mh_packet_parse(s->packet, s->len_oct, &p) == W_OK &&
		    p.mh.opt.has_auth) {
			m->opt.auth.spi = p.mh.opt.auth.spi;
			m->opt.rc.has_reg = p.mh.opt.rc.has_reg;
			m->opt.rc.reg = p.mh.opt.rc.reg;
		}
}

/* A binding update with everything right but the key. */
static bool send_forged(struct node *by, const struct forged *f)
{
	uint8_t packet[FORGED_MAX_OCT];
	struct mh_built built;
	struct sa_key key;
	struct mh m = {.type = MH_BU, .bu = {1000, BU_A | (f->has_group ? BU_M : BU_H), f->lifetime_s}};

	m.opt.has_alt_coa = true;
	m.opt.alt_coa = f->coa;
	m.opt.has_mesg_id = true;
	m.opt.mesg_id = mh_ntp_of_wall(node_now(by).wall);
	if (f->has_group) {
		m.opt.rc.has_mcoa = true;
		m.opt.rc.mcoa = (struct rc_mcoa){f->group, f->to};
	}
	m.opt.has_auth = f->is_signed;
	overhear(by->sim->watch, &f->hoa, &f->to, &m);
	size_t n = bu_packet_build(packet, sizeof packet, &f->coa, &f->to, &f->hoa, &m, &built);
	if (!n || sa_key_init(&key, proc_crypto(), "forged", FORGED_SPI, MAC_HMAC_SHA1, "a wrong guess", 13) != ERR_OK)
		return false;
	sa_sign(&key, proc_crypto(), &f->coa, &f->hoa, &built, packet);
	sa_key_fini(&key, proc_crypto());
	return kern_send_raw(by, 0, packet, n);
}

/* forge HOA COA to ADDR by NODE [lifetime S] [group G] [unsigned] [peer]: a Mobile IPv4 request when they are IPv4 addresses */
bool forge_request(struct script *sc, const struct words *w, uint32_t i)
{
	struct forged f = {.lifetime_s = 600, .is_signed = true};
	struct node *by = node_find(&sc->sim, words_at(w, i + 5));
	if (!by || !addr46_parse(&f.hoa, words_at(w, i)) || !addr46_parse(&f.coa, words_at(w, i + 1)) || !addr46_parse(&f.to, words_at(w, i + 3)))
		return script_fail(sc, "forge HOA COA to ADDRESS by NODE [lifetime S] [group G] [unsigned] [peer]");
	for (uint32_t j = i + 6; j < w->n; j++) {
		if (strcmp(w->w[j], "unsigned") == 0)
			f.is_signed = false;
		else if (strcmp(w->w[j], "peer") == 0)
			f.is_peer = true;
		else if (strcmp(w->w[j], "lifetime") == 0)
			f.lifetime_s = (uint32_t)strtoul(words_at(w, ++j), NULL, 10);
		else if (strcmp(w->w[j], "group") == 0)
			f.has_group = addr46_parse(&f.group, words_at(w, ++j));
	}
	if (f.is_peer)
		return send_forged_peer(by, &f.hoa, &f.coa, &f.to, f.lifetime_s);
	if (addr6_is_v4mapped(&f.hoa))
		forge4_request(by, &f);
	else
		send_forged(by, &f);
	return true;
}

/* A header of either family in front of what stands behind it; its length. */
static size_t head_len(const struct addr6 *a) { return addr6_is_v4mapped(a) ? IP4_LEN : IP6_LEN; }
static void put_head(uint8_t *p, uint8_t proto, const struct addr6 *src, const struct addr6 *dst, size_t payload)
{
	if (addr6_is_v4mapped(dst))
		ip4_put(p, proto, 64, src, dst, payload);
	else
		ip6_put(p, proto, 64, src, dst, payload);
}

/* inject NODE OUTER-SRC OUTER-DST INNER-SRC INNER-DST [gre KEY]: a tunnel that nobody granted. */
bool forge_inject(struct script *sc, const struct words *w, uint32_t i)
{
	enum { GRE_KEYED_LEN = 8 };
	struct addr6 a[4];
	struct node *by = node_find(&sc->sim, words_at(w, i));
	uint8_t p[2 * IP6_LEN + GRE_KEYED_LEN + UDP_LEN] = {0};
	bool ok = by != NULL, is_gre = strcmp(words_at(w, i + 5), "gre") == 0;
	for (uint32_t j = 0; ok && j < 4; j++)
		ok = addr46_parse(&a[j], words_at(w, i + 1 + j));
	if (!ok || addr6_is_v4mapped(&a[0]) != addr6_is_v4mapped(&a[1]) || addr6_is_v4mapped(&a[2]) != addr6_is_v4mapped(&a[3]))
		return script_fail(sc, "%s", "inject NODE OUTER-SRC OUTER-DST INNER-SRC INNER-DST [gre KEY]");
	size_t gre = is_gre ? GRE_KEYED_LEN : 0;
	bool is_v4 = addr6_is_v4mapped(&a[2]);
	uint8_t *behind = p + head_len(&a[0]), *inner = behind + gre, *udp = inner + head_len(&a[2]);
	if (is_gre) {
		put16(behind, 0x2000);
		put16(behind + 2, is_v4 ? ETHERTYPE_IP4 : ETHERTYPE_IP6);
		put32(behind + 4, (uint32_t)strtoul(words_at(w, i + 6), NULL, 0));
	}
	put16(udp + 4, UDP_LEN);
	put16(udp + 6, ip_checksum(&a[2], &a[3], PROTO_UDP, udp, UDP_LEN));
	put_head(inner, PROTO_UDP, &a[2], &a[3], UDP_LEN);
	put_head(p, is_gre ? PROTO_GRE : is_v4 ? PROTO4_IPIP : PROTO_IP6, &a[0], &a[1], (size_t)(udp + UDP_LEN - behind));
	kern_send_raw(by, 0, p, (size_t)(udp + UDP_LEN - p));
	return true;
}

/* report NODE.IF allow|block GROUP SOURCE [as ADDRESS]: membership as any station can claim or deny it. */
bool forge_report(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i));
	struct addr6 src;
	struct fx_group g;
	if (!nic || !addr46_parse(&g.group, words_at(w, i + 2)) || !addr46_parse(&g.source, words_at(w, i + 3)))
		return script_fail(sc, "%s", "report NODE.IF allow|block GROUP SOURCE [as ADDRESS]");
	src = addr6_is_v4mapped(&g.group) ? addr6_any : addr6_linklocal(&nic->lladdr);
	if (strcmp(words_at(w, i + 4), "as") == 0 && !addr46_parse(&src, words_at(w, i + 5)))
		return script_fail(sc, "%s", "report: what is it sent as?");
	g.ifindex = nic->ifindex;
	kern_report(nic, &src, &g, strcmp(words_at(w, i + 1), "allow") == 0);
	return true;
}

/* arp NODE.IF request|reply SENDER TARGET [at NODE.IF] [to NODE.IF]: sent to all, as if the sender were there (here unless told). */
bool forge_arp(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, words_at(w, i)), *at = nic, *to = NULL;
	struct arp_msg m = {.op = strcmp(words_at(w, i + 1), "reply") == 0 ? ARP_OP_REPLY : ARP_OP_REQUEST};
	bool ok = nic && addr46_parse(&m.sender, words_at(w, i + 2)) && addr46_parse(&m.target, words_at(w, i + 3));
	for (uint32_t j = i + 4; ok && j < w->n; j += 2) {
		struct nic **which = strcmp(w->w[j], "at") == 0 ? &at : &to;
		ok = (*which = nic_of(&sc->sim, words_at(w, j + 1))) != NULL;
	}
	if (!ok)
		return script_fail(sc, "%s", "arp NODE.IF request|reply SENDER TARGET [at NODE.IF] [to NODE.IF]");
	m.sender_ll = m.target_ll = at->lladdr;
	if (at->node->n_claimed < NODE_CLAIMS_MAX)
		at->node->claimed[at->node->n_claimed++] = m.sender;
	arp_say(nic, to ? &to->lladdr : &lladdr_broadcast, &m);
	return true;
}

