/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/daemon_i.h"
#include "daemon/group/notify.h"
#include "daemon/log.h"
#include "plat/linux/tun.h"
#include "plat/plat.h"
#include "wire/ip/udp4.h"
#include "wire/mip4/mip4.h"

enum {
	RX_BATCH = 256,          /* packets before effects are carried out */
	TUN_BATCH = 64,
	TICKS_MAX = 16,          /* of one turn: an engine that is always due must not starve the rest */
	FOLD_RECORDS = 256,      /* of one step, well below a millisecond */
	FOLD_EVERY_MS = 20,
	RADIO_EVERY_MS = 100,    /* how often stations are asked about */
	FOLD_ROWS_MAX = 50000,   /* a journal longer than this is folded under load too */
	PACKET_OCT = 65536,
};

static void arm(struct daemon *d, mono_t when)
{
	struct itimerspec at = {0};

	/* An early wake-up does no harm, so a timer that only moved later is left alone. */
	if (mono_is_never(when) || (!mono_is_never(d->armed) && !mono_before(when, d->armed)))
		return;
	const int64_t ns = when.ns > 0 ? when.ns : 1;
	at.it_value = (struct timespec){ns / NS_PER_S, ns % NS_PER_S};
	timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
	d->armed = when;
}

static void arm_fold(struct daemon *d)
{
	const struct timeval soon = {0, FOLD_EVERY_MS * 1000};

	if (d->fold && store_stats(d->store).journal_rows && !event_pending(d->fold, EV_TIMEOUT, NULL))
		event_add(d->fold, &soon);
}

void loop_run(struct daemon *d)
{
	mono_t next = MONO_NEVER;

	d->n_since_run = 0;
	engines_flush(&d->engines, plat_now());
	exec_run(&d->exec, &d->engines.fx);
	for (int i = 0; i < TICKS_MAX; i++) {
		const struct now now = plat_now();
		next = mono_min(engines_expiry(&d->engines), group_expiry(d->group));
		if (!mono_reached(next, now.mono))
			break;
		engines_tick(&d->engines, now);
		group_tick(d->group, now);
		engines_flush(&d->engines, now);
		exec_run(&d->exec, &d->engines.fx);
	}
	arm(d, next);
	arm_fold(d);
	log_flush();
}

void loop_on_link(void *ctx, const struct link_event *ev)
{
	struct daemon *d = ctx;
	engines_link(&d->engines, ev, plat_now());
	group_on_link(d->group, ev);
}

void loop_on_addr(void *ctx, const struct addr_event *ev)
{
	struct daemon *d = ctx;
	engines_addr(&d->engines, ev, plat_now());
}

void loop_on_local(void *ctx, const struct local_event *ev)
{
	struct daemon *d = ctx;
	engines_local(&d->engines, ev, plat_now());
	group_on_local(d->group, ev);
}

void loop_on_signal(void *ctx, const struct signal_event *ev)
{
	struct daemon *d = ctx;
	engines_signal(&d->engines, ev, plat_now());
	loop_run(d);
}

void loop_on_station(void *ctx, const struct station_event *ev)
{
	struct daemon *d = ctx;
	engines_station(&d->engines, ev, plat_now());
	loop_run(d);
}

static void on_netlink(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)fd;
	(void)what;
	rtnl_read(d->rtnl);
	loop_run(d);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof n);
	d->armed = MONO_NEVER;
	loop_run(d);
}

static void to_engines(struct daemon *d, const struct rx *rx)
{
	d->n_rx++;
	if (!engines_rx(&d->engines, rx, plat_now()))
		d->n_rx_unclaimed++;
	if (++d->n_since_run >= RX_BATCH) {
		loop_run(d);
		rtnl_read(d->rtnl);
	}
}

/* Somebody's data, which a role may send on: the checksum that a network card was to put is missing in it. */
static void to_engines_whole(struct daemon *d, const struct dp_punted *p)
{
	uint8_t copy[DP_PUNT_SNAP];
	if (p->len_oct > sizeof copy)
		return;
	memcpy(copy, p->pkt, p->len_oct);
	slow_finish_checksum(copy, p->len_oct);
	to_engines(d, &(struct rx){p->ifindex, p->why, p->lladdr_src, copy, p->len_oct});
}

static void on_punted(void *ctx, const struct dp_punted *p)
{
	struct daemon *d = ctx;
	const struct rx rx = {p->ifindex, p->why, p->lladdr_src, p->pkt, p->len_oct};

	if (p->why == DP_PUNT_ICMP_ERR && engines_rx(&d->engines, &rx, plat_now()))
		return; /* about a binding of a role's; all others are about tunnels */
	if (p->why == DP_PUNT_SLOW || p->why == DP_PUNT_ICMP_ERR)
		slow_punt(d->slow, p, plat_now().mono);
	else if (p->why == DP_PUNT_BROADCAST || p->why == DP_PUNT_UNBOUND)
		to_engines_whole(d, p);
	else
		to_engines(d, &rx);
}

static void on_punt(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)fd;
	(void)what;
	dp_punt_read(d->dp, on_punted, d);
	loop_run(d);
}

static void on_raw_packet(void *ctx, uint32_t ifindex, uint8_t proto, const uint8_t *pkt, size_t len_oct)
{
	struct daemon *d = ctx;

	if (proto == 135)
		to_engines(d, &(struct rx){.ifindex = ifindex, .why = DP_PUNT_NONE, .pkt = pkt, .len_oct = len_oct});
	else
		slow_raw(d->slow, ifindex, pkt, len_oct, plat_now().mono);
}

static void on_raw(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)what;
	for (unsigned i = 0; i < RAWIN_N; i++)
		if (d->rawin.fd[i] == fd)
			rawin_read(&d->rawin, i, RX_BATCH, on_raw_packet, d);
	loop_run(d);
}

/* A tunnel's data came to UDP port 434 in fragments, everything else there is signalling (RFC 3519 3.3). */
static bool is_udp_tunnel(const uint8_t *pkt, size_t len_oct)
{
	struct udp4_packet u;
	return !udp4_packet_parse(pkt, len_oct, &u) && u.data_len_oct && u.data[0] == MIP4_DATA;
}

static void on_raw4_packet(void *ctx, uint32_t ifindex, uint8_t proto, const uint8_t *pkt, size_t len_oct)
{
	struct daemon *d = ctx;

	if (proto == NH_MH || (proto == NH_UDP && !is_udp_tunnel(pkt, len_oct)))
		to_engines(d, &(struct rx){.ifindex = ifindex, .why = DP_PUNT_NONE, .pkt = pkt, .len_oct = len_oct});
	else
		slow_raw(d->slow, ifindex, pkt, len_oct, plat_now().mono);
}

static void on_raw4(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)what;
	dp_punt_read(d->dp, on_punted, d); /* a visitor's first packets come here, behind its home agent's answer */
	loop_run(d);
	for (unsigned i = 0; i < RAWIN4_N; i++)
		if (d->rawin4.fd[i] == fd)
			rawin4_read(&d->rawin4, i, RX_BATCH, on_raw4_packet, d);
	loop_run(d);
}

static void on_tun(evutil_socket_t fd, short what, void *ctx)
{
	static uint8_t pkt[PACKET_OCT];
	struct daemon *d = ctx;

	(void)what;
	for (int i = 0; i < TUN_BATCH; i++) {
		ssize_t n = tun_read(fd, pkt, sizeof pkt);
		if (n <= 0)
			return;
		slow_roam0(d->slow, pkt, (size_t)n, plat_now().mono);
	}
}

/* To each link of the group, as the datapath has it. */
static void slow_group(struct daemon *d, const struct slow_out *o)
{
	struct dp_op op = {.table = DP_MFC};

	if (o->bytes[0] >> 4 == 4) {
		struct addr4 source, group;
		memcpy(&source, o->bytes + 12, sizeof source);
		memcpy(&group, o->bytes + 16, sizeof group);
		op.mfc.source = addr6_from_v4(source);
		op.mfc.group = addr6_from_v4(group);
	} else {
		memcpy(&op.mfc.source, o->bytes + 8, 16);
		memcpy(&op.mfc.group, o->bytes + 24, 16);
	}
	if (dp_find(d->dp, &op))
		return;
	for (uint32_t i = 0; i < op.mfc.n_oif; i++)
		sender_send(d->exec.sender, op.mfc.oif[i], NULL, o->bytes, o->len_oct);
}

void loop_on_slow(void *ctx, const struct slow_out *o)
{
	struct daemon *d = ctx;

	switch (o->kind) {
	case SLOW_ROUTE: sender_send(d->exec.sender, o->ifindex, NULL, o->bytes, o->len_oct); break;
	case SLOW_LINK: sender_send(d->exec.sender, o->ifindex, &o->lladdr, o->bytes, o->len_oct); break;
	case SLOW_GROUP: slow_group(d, o); break;
	case SLOW_LOCAL: (void)tun_write(d->tun_fd, o->bytes, o->len_oct); break;
	case SLOW_PMTU: (void)dp_pmtu_put(d->dp, &o->dst, o->mtu_oct, o->until); break;
	}
	sender_flush(d->exec.sender); /* the bytes are only lent */
}

/* Folds when nothing was committed since the last look, or when the journal has grown too long. */
static void on_fold(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	const struct store_stats stats = store_stats(d->store);

	(void)fd;
	(void)what;
	if (stats.commits == d->folded_commits || stats.journal_rows > FOLD_ROWS_MAX)
		(void)store_fold(d->store, FOLD_RECORDS);
	d->folded_commits = stats.commits;
	arm_fold(d);
}

static void on_watchdog(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	const struct timeval again = {(time_t)(d->watchdog_us / 1000000), (suseconds_t)(d->watchdog_us % 1000000)};

	(void)fd;
	(void)what;
	notify_send("WATCHDOG=1");
	event_add(d->watchdog, &again);
}

/* The daemon before this one has left things that nobody asked for again. */
static void on_settled(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	uint32_t n = exec_sweep(&d->exec);

	(void)fd;
	(void)what;
	dp_adopt_done(d->dp);
	if (n)
		log_note(EV_NOTICE, "left-overs-removed", "%u addresses, routes and memberships of an earlier daemon were removed", n);
	log_flush();
}

static void on_signo(evutil_socket_t signo, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)what;
	if (signo == SIGHUP) {
		(void)daemon_reload(d);
		log_flush();
		return;
	}
	d->is_kept = signo == SIGUSR1;
	if (!group_leave(d->group))
		event_base_loopbreak(d->base);
}

static int add(struct daemon *d, int fd, short what, enum loop_priority prio, event_callback_fn fn)
{
	struct event *e = d->n_events < EVENTS_MAX ? event_new(d->base, fd, what, fn, d) : NULL;

	if (!e || event_priority_set(e, prio) || event_add(e, NULL))
		return ERR_NOMEM;
	d->events[d->n_events++] = e;
	return 0;
}

static void on_radio(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)fd;
	(void)what;
	nl80211_read(d->nl80211);
}

static void on_radio_period(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;
	const struct link_event *l;

	(void)fd;
	(void)what;
	for (uint32_t i = 0; (l = rtnl_link_nth(d->rtnl, i)); i++)
		if (l->is_up)
			nl80211_poll(d->nl80211, l->ifindex);
}

static int add_radio(struct daemon *d)
{
	const struct timeval period = {0, RADIO_EVERY_MS * 1000};

	if (!d->nl80211)
		return 0;
	int rc = add(d, nl80211_fd(d->nl80211), EV_READ | EV_PERSIST, PRIO_LINK, on_radio);
	if (!rc)
		rc = add(d, -1, EV_PERSIST, PRIO_TURN, on_radio_period);
	return rc ? rc : event_add(d->events[d->n_events - 1], &period);
}

static int add_timers(struct daemon *d)
{
	const struct timeval settled = {10, 0};

	d->fold = event_new(d->base, -1, 0, on_fold, d);
	d->watchdog = event_new(d->base, -1, 0, on_watchdog, d);
	if (!d->fold || !d->watchdog || event_priority_set(d->fold, PRIO_TURN))
		return ERR_NOMEM;
	d->watchdog_us = notify_watchdog_us();
	if (d->watchdog_us)
		on_watchdog(-1, 0, d);
	return event_base_once(d->base, -1, EV_TIMEOUT, on_settled, d, &settled) ? ERR_NOMEM : 0;
}

static void on_port_packet(void *ctx, uint32_t ifindex, const uint8_t *pkt, size_t len_oct)
{
	to_engines(ctx, &(struct rx){.ifindex = ifindex, .why = DP_PUNT_NONE, .pkt = pkt, .len_oct = len_oct});
}

static void on_port(evutil_socket_t fd, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)what;
	for (uint32_t i = 0; i < d->n_ports; i++)
		for (unsigned which = 0; which < UDPIN_N; which++)
			if (d->port[i].fd[which] == fd)
				udpin_port_read(&d->port[i], which, RX_BATCH, on_port_packet, d);
	loop_run(d);
}

static bool is_port_open(const struct daemon *d, uint16_t port)
{
	for (uint32_t i = 0; i < d->n_ports; i++)
		if (d->port[i].port == port)
			return true;
	return false;
}

static void open_port(struct daemon *d, uint16_t port)
{
	struct udpin_port *u = &d->port[d->n_ports];
	int rc = d->n_ports == PORTS_MAX ? ERR_FULL : udpin_port_open(u, port);

	if (rc) {
		log_note(EV_ERROR, "port-refused", "UDP port %u: %s: end the other program that uses it", port,
			 rc == ERR_SYS ? strerror(errno) : err_str(rc));
		return;
	}
	d->n_ports++;
	for (unsigned which = 0; which < UDPIN_N; which++)
		if (u->fd[which] >= 0)
			(void)add(d, u->fd[which], EV_READ | EV_PERSIST, PRIO_TURN, on_port);
}

void loop_open_ports(struct daemon *d)
{
	for (uint32_t i = 0; i < d->engines.n; i++) {
		const struct engine *e = &d->engines.e[i];
		const uint16_t port = e->ops->port ? e->ops->port(e->self) : 0;
		if (port && !is_port_open(d, port))
			open_port(d, port);
	}
}

void loop_begin_v4(void *ctx)
{
	struct daemon *d = ctx;
	bool has_udp;

	(void)dp_use_ip4(d->dp); /* says itself what is wrong; the slow path still works */
	int udp_errno, rc = rawin4_open(&d->rawin4, &has_udp, &udp_errno);

	for (unsigned i = 0; !rc && i < RAWIN4_N; i++)
		if (d->rawin4.fd[i] >= 0)
			rc = add(d, d->rawin4.fd[i], EV_READ | EV_PERSIST, PRIO_TURN, on_raw4);
	if (rc)
		log_note(EV_ERROR, "ipv4-sockets-failed", "raw sockets of IPv4: %s: what comes in fragments is lost", strerror(errno));
	else if (!has_udp)
		log_note(EV_WARNING, "port-434-refused", "UDP port %d: %s: registrations in fragments are lost: give roamd CAP_NET_BIND_SERVICE, and end "
			 "other programs that use the port", RAWIN4_PORT, strerror(udp_errno));
}

int loop_open(struct daemon *d)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	int rc = add_timers(d);

	if (!rc)
		rc = add_radio(d);
	for (size_t i = 0; !rc && i < sizeof signals / sizeof signals[0]; i++)
		rc = add(d, signals[i], EV_SIGNAL | EV_PERSIST, PRIO_LINK, on_signo);
	if (!rc)
		rc = add(d, rtnl_fd(d->rtnl), EV_READ | EV_PERSIST, PRIO_LINK, on_netlink);
	if (!rc)
		rc = add(d, dp_punt_fd(d->dp), EV_READ | EV_PERSIST, PRIO_TURN, on_punt);
	for (unsigned i = 0; !rc && i < RAWIN_N; i++)
		rc = add(d, d->rawin.fd[i], EV_READ | EV_PERSIST, PRIO_TURN, on_raw);
	if (!rc)
		rc = add(d, d->tun_fd, EV_READ | EV_PERSIST, PRIO_TURN, on_tun);
	if (!rc)
		loop_open_ports(d);
	return rc ? rc : add(d, d->timer_fd, EV_READ | EV_PERSIST, PRIO_TURN, on_timer);
}

void loop_close(struct daemon *d)
{
	for (uint32_t i = 0; i < d->n_events; i++)
		event_free(d->events[i]);
	if (d->fold)
		event_free(d->fold);
	if (d->watchdog)
		event_free(d->watchdog);
	d->fold = d->watchdog = NULL;
	d->n_events = 0;
}
