/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/err.h"
#include "core/sa.h"
#include "sim/arp.h"
#include "sim/kern.h"
#include "sim/kern4.h"
#include "sim/pkt.h"
#include "sim/proc.h"
#include "sim/script.h"

enum { FORGED_SPI = 256, FORGED_MAX_OCT = 1280 };

typedef bool (*cmd_fn)(struct script *sc, const struct words *w, uint32_t i);

/* Word number i, or "" behind the end. */
static const char *word(const struct words *w, uint32_t i) { return i < w->n ? w->w[i] : ""; }

static bool usage(struct script *sc, const char *text) { return script_fail(sc, "%s", text); }

bool cmd_link_set(struct script *sc, struct link *l, const struct words *w, uint32_t i)
{
	for (; i < w->n; i += 2) {
		const char *what = w->w[i], *v = word(w, i + 1);
		bool ok = strcmp(what, "delay") == 0 ? time_of(v, &l->delay_ns)
			: strcmp(what, "jitter") == 0 ? time_of(v, &l->jitter_ns)
			: strcmp(what, "loss") == 0 ? ppm_of(v, &l->loss_ppm)
			: strcmp(what, "dup") == 0 ? ppm_of(v, &l->dup_ppm)
			: strcmp(what, "reorder") == 0 ? ppm_of(v, &l->reorder_ppm)
			: strcmp(what, "reorder-by") == 0 ? time_of(v, &l->reorder_ns)
			: strcmp(what, "rate") == 0 ? (l->rate_bps = strtoull(v, NULL, 10)) > 0
			: strcmp(what, "site") == 0 && snprintf(l->site, sizeof l->site, "%s", v) > 0;
		if (!ok)
			return script_fail(sc, "link: what is '%s %s'?", what, v);
	}
	return true;
}

static void leave(struct nic *nic)
{
	if (!nic->link)
		return;
	link_detach(nic);
	kern_carrier(nic);
}

static bool do_attach(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i));
	struct link *l = link_find(&sc->sim, word(w, i + 1));
	if (!nic || !l)
		return usage(sc, "attach NODE.IF LINK");
	if (nic->link == l)
		return true;
	leave(nic);
	link_attach(l, nic);
	kern_carrier(nic);
	return true;
}

/* A radio that changes its cell and does not tell the kernel. */
static bool do_roam(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i));
	struct link *l = link_find(&sc->sim, word(w, i + 1));
	if (!nic || !l)
		return usage(sc, "roam NODE.IF LINK");
	link_attach(l, nic);
	return true;
}

static bool do_detach(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i));
	if (!nic)
		return usage(sc, "detach NODE.IF");
	leave(nic);
	return true;
}

struct move { struct nic *nic; struct link *to; uint64_t epoch; };

static void arrive(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct move *m = arg;
	(void)s;
	(void)obj;
	(void)tag;
	if (m->nic->epoch != m->epoch)
		return; /* moved otherwise meanwhile */
	link_attach(m->to, m->nic);
	kern_carrier(m->nic);
}

/* One radio: nothing is received between the cells. */
static bool do_move(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i));
	struct link *to = link_find(&sc->sim, word(w, i + 1));
	int64_t outage = 20 * NS_PER_MS;
	if (!nic || !to || (strcmp(word(w, i + 2), "outage") == 0 && !time_of(word(w, i + 3), &outage)))
		return usage(sc, "move NODE.IF LINK [outage T]");
	leave(nic);
	struct move *m = sim_alloc(sizeof *m);
	*m = (struct move){nic, to, nic->epoch};
	sim_in(&sc->sim, outage, arrive, NULL, m, 0);
	return true;
}

static struct node *node_word(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_find(&sc->sim, word(w, i));
	if (!n)
		script_fail(sc, "no node '%s'", word(w, i));
	return n;
}

static bool do_kill(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_kill(n);
	return n;
}

static bool do_stop(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_stop(n);
	return n;
}

static bool do_power_off(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	if (n)
		proc_power_off(n);
	return n;
}

static bool do_start(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	const char *remedy = n ? proc_start(n) : NULL;
	return remedy ? script_fail(sc, "%s does not start: %s", n->name, remedy) : n != NULL;
}

static bool set_cut(struct script *sc, const struct words *w, uint32_t i, bool is_cut)
{
	struct link *l = link_find(&sc->sim, word(w, i));
	if (!l)
		return usage(sc, "cut LINK, mend LINK");
	l->is_cut = is_cut;
	return true;
}

static bool do_cut(struct script *sc, const struct words *w, uint32_t i) { return set_cut(sc, w, i, true); }
static bool do_mend(struct script *sc, const struct words *w, uint32_t i) { return set_cut(sc, w, i, false); }

static bool do_set(struct script *sc, const struct words *w, uint32_t i)
{
	struct link *l = link_find(&sc->sim, word(w, i));
	return l ? cmd_link_set(sc, l, w, i + 1) : usage(sc, "set LINK PROPERTY VALUE...");
}

/* signal NODE.IF ROUTER.IF DBM [attached] */
static bool do_signal(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i)), *router = nic_of(&sc->sim, word(w, i + 1));
	if (!nic || !router || i + 2 >= w->n)
		return usage(sc, "signal NODE.IF ROUTER.IF DBM");
	struct signal_event ev = {.ifindex = nic->ifindex, .router = router->lladdr, .dbm = (int32_t)strtol(w->w[i + 2], NULL, 10),
				  .bandwidth_kbps = -1, .load_permille = -1, .delay_ms = -1, .cost = -1,
				  .is_attached = nic->link && nic->link == router->link};
	proc_signal(nic->node, &ev);
	return true;
}

static bool do_ctl(struct script *sc, const struct words *w, uint32_t i)
{
	struct node *n = node_word(sc, w, i);
	const char *msg = "";
	if (!n || i + 1 >= w->n)
		return n ? usage(sc, "ctl NODE WORD...") : false;
	struct ctl_cmd cmd = {w->n - i - 1, (const char *const *)&w->w[i + 1]};
	int err = proc_ctl(n, &cmd, &msg);
	sim_trace(&sc->sim, n->name, "ctl: %s (%s)", err_str(err), msg);
	return err == ERR_OK || script_fail(sc, "ctl: %s", msg);
}

static const struct mh_seen *recorded(const struct watch *w, uint8_t type, const struct addr6 *to, const char *which)
{
	const struct mh_seen *found = NULL;
	for (const struct mh_seen *m = w->mh; m; m = m->next) {
		if (m->type != type || !addr6_eq(&m->dst, to))
			continue;
		found = m;
		if (strcmp(which, "first") == 0)
			break;
	}
	return found;
}

/* replay first|last bu|ba|peer to ADDR by NODE [tampered]: what an eavesdropper can do. */
static bool do_replay(struct script *sc, const struct words *w, uint32_t i)
{
	struct addr6 to;
	struct node *by = node_find(&sc->sim, word(w, i + 5));
	const char *what = word(w, i + 1);
	uint8_t type = strcmp(what, "bu") == 0 ? MH_BU : strcmp(what, "peer") == 0 ? MH_PEER : MH_BA, packet[FORGED_MAX_OCT];
	if (!by || !addr46_parse(&to, word(w, i + 3)))
		return usage(sc, "replay first|last bu|ba|peer to ADDRESS by NODE [tampered]");
	const struct mh_seen *m = recorded(&sc->watch, type, &to, word(w, i));
	if (!m || m->len_oct > sizeof packet)
		return script_fail(sc, "nothing to replay");
	memcpy(packet, m->packet, m->len_oct);
	if (strcmp(word(w, i + 6), "tampered") == 0)
		packet[m->len_oct - 1] ^= 0x55; /* the authenticator's last byte */
	kern_send_raw(by, 0, packet, m->len_oct);
	return true;
}

/* The nonce index that this correspondent node gave last, to whomever: the one that counts now. */
static uint16_t heard_nonce(const struct watch *w, const struct addr6 *cn)
{
	struct mh_packet p;
	uint16_t nonce = 0;
	for (const struct mh_seen *m = w->mh; m; m = m->next)
		if ((m->type == MH_HOT || m->type == MH_COT) && addr6_eq(&m->src, cn) && mh_packet_parse(m->packet, m->len_oct, &p) == W_OK)
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
	for (const struct mh_seen *s = w->mh; s; s = s->next)
		if (s->type == MH_BU && addr6_eq(&s->dst, to) && addr6_eq(&s->peer, hoa) && mh_packet_parse(s->packet, s->len_oct, &p) == W_OK &&
		    p.mh.opt.has_auth) {
			m->opt.auth.spi = p.mh.opt.auth.spi;
			m->opt.rc.has_reg = p.mh.opt.rc.has_reg;
			m->opt.rc.reg = p.mh.opt.rc.reg;
		}
}

/* A binding update with everything right but the key. */
static bool send_forged(struct node *by, const struct addr6 *hoa, const struct addr6 *coa, const struct addr6 *to, uint32_t lifetime_s,
			const struct addr6 *group, bool is_signed)
{
	uint8_t packet[FORGED_MAX_OCT];
	struct mh_built built;
	struct sa_key key;
	struct mh m = {.type = MH_BU, .bu = {1000, BU_A | (group ? BU_M : BU_H), lifetime_s}};

	m.opt.has_alt_coa = true;
	m.opt.alt_coa = *coa;
	m.opt.has_mesg_id = true;
	m.opt.mesg_id = mh_ntp_of_wall(node_now(by).wall);
	if (group) {
		m.opt.rc.has_mcoa = true;
		m.opt.rc.mcoa = (struct rc_mcoa){*group, *to};
	}
	m.opt.has_auth = is_signed;
	overhear(by->sim->watch, hoa, to, &m);
	size_t n = bu_packet_build(packet, sizeof packet, coa, to, hoa, &m, &built);
	if (!n || sa_key_init(&key, proc_crypto(), "forged", FORGED_SPI, MAC_HMAC_SHA1, "a wrong guess", 13) != ERR_OK)
		return false;
	sa_sign(&key, proc_crypto(), coa, hoa, &built, packet);
	sa_key_fini(&key, proc_crypto());
	return kern_send_raw(by, 0, packet, n);
}

/* forge HOA COA to ADDR by NODE [lifetime S] [group G] [unsigned] [peer] */
static bool do_forge(struct script *sc, const struct words *w, uint32_t i)
{
	struct addr6 hoa, coa, to, group;
	struct node *by = node_find(&sc->sim, word(w, i + 5));
	uint32_t lifetime_s = 600;
	bool is_signed = true, has_group = false, is_peer = false;
	if (!by || !addr46_parse(&hoa, word(w, i)) || !addr46_parse(&coa, word(w, i + 1)) || !addr46_parse(&to, word(w, i + 3)))
		return usage(sc, "forge HOA COA to ADDRESS by NODE [lifetime S] [group G] [unsigned] [peer]");
	for (uint32_t j = i + 6; j < w->n; j++) {
		if (strcmp(w->w[j], "unsigned") == 0)
			is_signed = false;
		else if (strcmp(w->w[j], "peer") == 0)
			is_peer = true;
		else if (strcmp(w->w[j], "lifetime") == 0)
			lifetime_s = (uint32_t)strtoul(word(w, ++j), NULL, 10);
		else if (strcmp(w->w[j], "group") == 0)
			has_group = addr46_parse(&group, word(w, ++j));
	}
	if (is_peer)
		return send_forged_peer(by, &hoa, &coa, &to, lifetime_s);
	send_forged(by, &hoa, &coa, &to, lifetime_s, has_group ? &group : NULL, is_signed);
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
static bool do_inject(struct script *sc, const struct words *w, uint32_t i)
{
	enum { GRE_KEYED_LEN = 8 };
	struct addr6 a[4];
	struct node *by = node_find(&sc->sim, word(w, i));
	uint8_t p[2 * IP6_LEN + GRE_KEYED_LEN + UDP_LEN] = {0};
	bool ok = by != NULL, is_gre = strcmp(word(w, i + 5), "gre") == 0;
	for (uint32_t j = 0; ok && j < 4; j++)
		ok = addr46_parse(&a[j], word(w, i + 1 + j));
	if (!ok || addr6_is_v4mapped(&a[0]) != addr6_is_v4mapped(&a[1]) || addr6_is_v4mapped(&a[2]) != addr6_is_v4mapped(&a[3]))
		return usage(sc, "inject NODE OUTER-SRC OUTER-DST INNER-SRC INNER-DST [gre KEY]");
	size_t gre = is_gre ? GRE_KEYED_LEN : 0;
	bool is_v4 = addr6_is_v4mapped(&a[2]);
	uint8_t *behind = p + head_len(&a[0]), *inner = behind + gre, *udp = inner + head_len(&a[2]);
	if (is_gre) {
		put16(behind, 0x2000);
		put16(behind + 2, is_v4 ? ETHERTYPE_IP4 : ETHERTYPE_IP6);
		put32(behind + 4, (uint32_t)strtoul(word(w, i + 6), NULL, 0));
	}
	put16(udp + 4, UDP_LEN);
	put16(udp + 6, ip_checksum(&a[2], &a[3], PROTO_UDP, udp, UDP_LEN));
	put_head(inner, PROTO_UDP, &a[2], &a[3], UDP_LEN);
	put_head(p, is_gre ? PROTO_GRE : is_v4 ? PROTO4_IPIP : PROTO_IP6, &a[0], &a[1], (size_t)(udp + UDP_LEN - behind));
	kern_send_raw(by, 0, p, (size_t)(udp + UDP_LEN - p));
	return true;
}

/* report NODE.IF allow|block GROUP SOURCE [as ADDRESS]: membership as any station can claim or deny it. */
static bool do_report(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i));
	struct addr6 src;
	struct fx_group g;
	if (!nic || !addr46_parse(&g.group, word(w, i + 2)) || !addr46_parse(&g.source, word(w, i + 3)))
		return usage(sc, "report NODE.IF allow|block GROUP SOURCE [as ADDRESS]");
	src = addr6_is_v4mapped(&g.group) ? addr6_any : addr6_linklocal(&nic->lladdr);
	if (strcmp(word(w, i + 4), "as") == 0 && !addr46_parse(&src, word(w, i + 5)))
		return usage(sc, "report: what is it sent as?");
	g.ifindex = nic->ifindex;
	kern_report(nic, &src, &g, strcmp(word(w, i + 1), "allow") == 0);
	return true;
}

/* arp NODE.IF request|reply SENDER TARGET [at NODE.IF] [to NODE.IF]: sent to all, as if the sender were there (here unless told). */
static bool do_arp(struct script *sc, const struct words *w, uint32_t i)
{
	struct nic *nic = nic_of(&sc->sim, word(w, i)), *at = nic, *to = NULL;
	struct arp_msg m = {.op = strcmp(word(w, i + 1), "reply") == 0 ? ARP_OP_REPLY : ARP_OP_REQUEST};
	bool ok = nic && addr46_parse(&m.sender, word(w, i + 2)) && addr46_parse(&m.target, word(w, i + 3));
	for (uint32_t j = i + 4; ok && j < w->n; j += 2) {
		struct nic **which = strcmp(w->w[j], "at") == 0 ? &at : &to;
		ok = (*which = nic_of(&sc->sim, word(w, j + 1))) != NULL;
	}
	if (!ok)
		return usage(sc, "arp NODE.IF request|reply SENDER TARGET [at NODE.IF] [to NODE.IF]");
	m.sender_ll = m.target_ll = at->lladdr;
	arp_say(nic, to ? &to->lladdr : &lladdr_broadcast, &m);
	return true;
}

/* ping NODE ADDRESS ADDRESS [ttl N] [size N]: an ICMP echo request, IPv4. */
static bool do_ping(struct script *sc, const struct words *w, uint32_t i)
{
	struct addr6 src, dst;
	struct node *n = node_find(&sc->sim, word(w, i));
	uint8_t p[2048] = {0}, *icmp = p + IP4_LEN, ttl = 64;
	size_t size = 64;
	bool ok = n && addr46_parse(&src, word(w, i + 1)) && addr46_parse(&dst, word(w, i + 2)) && addr6_is_v4mapped(&dst);
	for (uint32_t j = i + 3; ok && j < w->n; j += 2) {
		unsigned long v = strtoul(word(w, j + 1), NULL, 10);
		ok = v > 0 && (strcmp(w->w[j], "ttl") == 0 ? v < 256 : strcmp(w->w[j], "size") == 0 && v >= 8 && v <= sizeof p - IP4_LEN);
		if (*w->w[j] == 't')
			ttl = (uint8_t)v;
		else
			size = v;
	}
	if (!ok)
		return usage(sc, "ping NODE ADDRESS ADDRESS [ttl N] [size N]");
	icmp[0] = ICMP4_ECHO;
	put16(icmp + 4, (uint16_t)n->number);
	put16(icmp + 2, sum_checksum(icmp, size));
	ip4_put(p, PROTO4_ICMP, ttl, &src, &dst, size);
	return kern_send_raw(n, 0, p, IP4_LEN + size) || script_fail(sc, "ping: no way to go");
}

static bool do_maybe(struct script *sc, const struct words *w, uint32_t i);

static const struct { const char *verb; cmd_fn fn; } commands[] = {
	{"attach", do_attach}, {"roam", do_roam}, {"detach", do_detach}, {"move", do_move}, {"kill", do_kill}, {"stop", do_stop},
	{"power-off", do_power_off}, {"start", do_start}, {"cut", do_cut}, {"mend", do_mend}, {"set", do_set},
	{"signal", do_signal}, {"ctl", do_ctl}, {"replay", do_replay}, {"forge", do_forge}, {"inject", do_inject},
	{"report", do_report}, {"arp", do_arp}, {"ping", do_ping}, {"maybe", do_maybe},
};

static cmd_fn find(const char *verb)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].verb, verb) == 0)
			return commands[i].fn;
	return NULL;
}

/* maybe COMMAND: it need not be possible. */
static bool do_maybe(struct script *sc, const struct words *w, uint32_t i)
{
	cmd_run(sc, w, i);
	*sc->err = 0;
	return true;
}

bool cmd_is_known(const char *verb) { return find(verb) != NULL; }

bool cmd_run(struct script *sc, const struct words *w, uint32_t first)
{
	cmd_fn fn = first < w->n ? find(w->w[first]) : NULL;
	return fn ? fn(sc, w, first + 1) : script_fail(sc, "no such command");
}
