/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnels in UDP through a translator (RFC 3519): the home agent decides from what it sees of the request (4.6), and says so in its
 * reply. The translator's mapping is kept open by echo requests to the home agent in the tunnel (4.9), as often as the reply says. Echoes that
 * nobody answers on a path where echoes were answered before mean a lost mapping: the mobile registers again and asks more
 * often from then on, down to 10 s (4.10).
 */
#include "role/mn/state.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/udp4.h"

enum { ECHO_WAIT_S = 1, PROTO_IPIP = 4 };

static void arm(struct mn *mn, mono_t when) { mn_arm(mn, &mn->v4.t_keepalive, MN_T4_KEEPALIVE, when); }

void mn4_udp_off(struct mn *mn)
{
	mn->v4.udp.is_on = mn->v4.udp.is_open = false;
	arm(mn, MONO_NEVER);
}

/* Tunnel data header (3.3) and echo request, straight onto the link: what the host routes has no say in it. */
static void echo(struct mn *mn)
{
	struct mn4 *v = &mn->v4;
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof buf);
	struct ip4_path outer = {.src = v->at.coa, .dst = v->ha, .ttl = 64}, inner = {.src = v->home_address, .dst = v->ha, .ttl = 64};
	struct udp4_build u = udp4_begin(&w, &outer, MIP4_PORT, MIP4_PORT);
	wr_u8(&w, MIP4_DATA);
	wr_u8(&w, PROTO_IPIP);
	wr_u16(&w, 0);
	struct icmp4_build e = icmp4_begin(&w, &inner, IC4_ECHO_REQUEST, 0);
	wr_u16(&w, v->udp.id);
	wr_u16(&w, ++v->udp.seq);
	if (!icmp4_finish(&w, &e))
		return;
	size_t n = udp4_finish(&w, &u);
	if (n && v->active)
		fx_send(mn_fx(mn), ROLE_MN, v->active->ifindex, lladdr_is_zero(&v->at.router) ? NULL : &v->at.router, buf, n);
	v->udp.is_open = true;
	v->udp.tries++;
}

/* The first echo leaves at once: its answer tells that echoes are answered here, without which a later silence would tell nothing. With an
 * agent in between (R) each tells the home agent the mobile's port (4.4). */
void mn4_udp_on_accepted(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4 *v = &mn->v4;
	bool was_on = v->udp.is_on;
	if (v->got.encap != DP_ENCAP_UDP) {
		mn4_udp_off(mn);
		return;
	}
	if (!was_on) {
		v->udp.is_answered = false;
		v->udp.interval = reg4_keepalive(mn->conf.v4.keepalive, p->m.ext.udp_reply.keepalive_s);
		v->udp.id = (uint16_t)rng_u32(mn->env.rng);
		mn4_say(mn, EV_NOTICE, "mn-udp-tunnel", "mn: the home agent tunnels in UDP, kept open every %lld s", (long long)span_to_s(v->udp.interval));
	}
	v->udp.is_on = true;
	v->udp.is_open = false;
	v->udp.tries = 0;
	if (!was_on || v->at.place == MOVE4_AGENT)
		echo(mn);
	arm(mn, mono_add(now.mono, v->udp.interval));
}

static void on_mapping_lost(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	int64_t half = v->udp.interval.ns / 2, min = span_s(REG4_KEEPALIVE_MIN_S).ns;
	v->udp.interval = span_ns(half > min ? half : min);
	v->udp.is_open = false;
	v->udp.tries = 0;
	reason_count(&mn->env, R_NAT_MAPPING_LOST);
	mn4_say(mn, EV_NOTICE, "mn-udp-tunnel", "mn: the translator's mapping is lost: registering again, kept open every %lld s from now on",
		(long long)span_to_s(v->udp.interval));
	mn4_reg_refresh(mn, now);
	arm(mn, mono_add(now.mono, v->udp.interval));
}

void mn4_udp_on_timer(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!v->udp.is_on || !mn4_reg_is_bound(mn))
		return;
	if (v->udp.is_open && v->udp.tries >= MN4_ECHO_TRIES && v->udp.is_answered) {
		on_mapping_lost(mn, now);
		return;
	}
	bool is_over = v->udp.is_open && v->udp.tries >= MN4_ECHO_TRIES; /* nobody ever answered: then silence tells nothing */
	if (is_over)
		v->udp.tries = 0;
	echo(mn);
	arm(mn, mono_add(now.mono, v->udp.is_answered || v->udp.tries < MN4_ECHO_TRIES ? span_s(ECHO_WAIT_S) : v->udp.interval));
}

/* The echo's answer, out of the tunnel. */
bool mn4_udp_rx(struct mn *mn, const struct rx *rx, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct icmp4_packet p;
	if (!v->udp.is_on || icmp4_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK || p.type != IC4_ECHO_REPLY || p.body_len_oct < 4 ||
	    !addr6_eq(&p.ip.src, &v->ha) || !addr6_eq(&p.ip.dst, &v->home_address) ||
	    p.body[0] != v->udp.id >> 8 || p.body[1] != (v->udp.id & 0xff))
		return false;
	v->udp.is_answered = true;
	v->udp.is_open = false;
	v->udp.tries = 0;
	arm(mn, mono_add(now.mono, v->udp.interval));
	return true;
}
