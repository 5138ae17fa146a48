/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/follow.h"

#include <stdlib.h>

#include "base/err.h"
#include "daemon/daemon_i.h"
#include "plat/linux/mrwatch.h"
#include "plat/plat.h"

/* The lease is long enough for a busy machine and short for a mobile that changes its router while nobody runs here. */
enum { RENEW_MS = 100, LEASE_MS = 500 };

struct follow {
	struct daemon *d;
	struct mrwatch *watch;
	struct event *readable, *period;
};

static uint32_t stand_in(const struct daemon *d, uint32_t ifindex)
{
	return ifindex == d->exec.tun_ifindex ? IFINDEX_ROAM0 : ifindex;
}

static void on_mroute(void *ctx, const struct mroute_event *heard)
{
	struct daemon *d = ((struct follow *)ctx)->d;
	struct mroute_event ev = *heard;

	ev.iif = stand_in(d, ev.iif);
	for (uint32_t i = 0; i < ev.n_oif; i++)
		ev.oif[i] = stand_in(d, ev.oif[i]);
	engines_mroute(&d->engines, &ev, plat_now());
}

static void look(struct follow *f)
{
	int rc = mrwatch_read(f->watch);

	loop_run(f->d);
	if (!rc)
		(void)dp_follow(f->d->dp, mono_add(plat_now().mono, span_ms(LEASE_MS)));
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	look(ctx);
}

static bool is_wanted(const struct engines *es)
{
	for (uint32_t i = 0; i < es->n; i++)
		if (es->e[i].ops->follows && es->e[i].ops->follows(es->e[i].self))
			return true;
	return false;
}

static int add_events(struct follow *f)
{
	const struct timeval every = {0, RENEW_MS * 1000};

	f->readable = event_new(f->d->base, mrwatch_fd(f->watch), EV_READ | EV_PERSIST, on_readable, f);
	f->period = event_new(f->d->base, -1, EV_PERSIST, on_readable, f);
	if (!f->readable || !f->period || event_priority_set(f->readable, PRIO_LINK) || event_priority_set(f->period, PRIO_LINK) ||
	    event_add(f->readable, NULL) || event_add(f->period, &every))
		return ERR_NOMEM;
	return 0;
}

int follow_open(struct follow **out, struct daemon *d)
{
	*out = NULL;
	if (!is_wanted(&d->engines))
		return 0;
	struct follow *f = calloc(1, sizeof *f);
	if (!f)
		return ERR_NOMEM;
	f->d = d;
	int rc = mrwatch_open(&f->watch, on_mroute, f);
	if (!rc)
		rc = add_events(f);
	if (rc) {
		follow_close(f);
		return rc;
	}
	*out = f;
	look(f);
	return 0;
}

int follow_again(struct follow **f, struct daemon *d)
{
	if (!*f)
		return follow_open(f, d);
	mrwatch_again((*f)->watch);
	look(*f);
	return 0;
}

void follow_close(struct follow *f)
{
	if (!f)
		return;
	if (f->d->dp)
		(void)dp_follow(f->d->dp, (mono_t){0});
	if (f->readable)
		event_free(f->readable);
	if (f->period)
		event_free(f->period);
	mrwatch_close(f->watch);
	free(f);
}
