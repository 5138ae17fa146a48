/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/mrwatch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "base/err.h"
#include "plat/linux/rtnl_i.h"

struct mrwatch {
	struct mnl_socket *events, *ask;
	mrwatch_fn fn;
	void *ctx;
	bool is_stale;           /* something was missed */
};

int mrwatch_open(struct mrwatch **out, mrwatch_fn fn, void *ctx)
{
	struct mrwatch *w = calloc(1, sizeof *w);

	*out = NULL;
	if (!w)
		return ERR_NOMEM;
	*w = (struct mrwatch){.fn = fn, .ctx = ctx, .is_stale = true};
	w->events = nl_open_events(NETLINK_ROUTE, RTMGRP_IPV4_MROUTE | RTMGRP_IPV6_MROUTE);
	w->ask = w->events ? nl_open(NETLINK_ROUTE) : NULL;
	if (!w->ask) {
		mrwatch_close(w);
		return ERR_SYS;
	}
	*out = w;
	return 0;
}

void mrwatch_close(struct mrwatch *w)
{
	if (!w)
		return;
	if (w->events)
		mnl_socket_close(w->events);
	if (w->ask)
		mnl_socket_close(w->ask);
	free(w);
}

int mrwatch_fd(const struct mrwatch *w) { return mnl_socket_get_fd(w->events); }

void mrwatch_again(struct mrwatch *w) { w->is_stale = true; }

/* The outgoing interfaces; a threshold above 1 keeps packets back whose hop limit is not above it. */
static void parse_oifs(const struct nlattr *a, struct mroute_event *ev)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(a);
	int left = mnl_attr_get_payload_len(a);

	for (; RTNH_OK(nh, left); left -= NLMSG_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh)) {
		ev->is_plain &= nh->rtnh_hops <= 1 && ev->n_oif < DP_OIF_MAX;
		if (ev->n_oif < DP_OIF_MAX)
			ev->oif[ev->n_oif++] = (uint32_t)nh->rtnh_ifindex;
	}
}

static int on_message(const struct nlmsghdr *n, void *ctx)
{
	struct mrwatch *w = ctx;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(n);
	const uint8_t family = rtm->rtm_family == RTNL_FAMILY_IPMR ? AF_INET : AF_INET6;
	struct mroute_event ev = {.what = n->nlmsg_type == RTM_NEWROUTE ? MROUTE_NEW : MROUTE_GONE, .source = rtnl_any(family), .group = rtnl_any(family),
				  .is_plain = true};
	const struct nlattr *a;

	/* A kernel without multicast forwarding of a family lists its other routes. One that asks its daemon yet forwards nothing. */
	if ((n->nlmsg_type != RTM_NEWROUTE && n->nlmsg_type != RTM_DELROUTE) ||
	    (rtm->rtm_family != RTNL_FAMILY_IPMR && rtm->rtm_family != RTNL_FAMILY_IP6MR) || rtm->rtm_flags & RTNH_F_UNRESOLVED)
		return MNL_CB_OK;
	mnl_attr_for_each(a, n, sizeof *rtm) {
		switch (mnl_attr_get_type(a)) {
		case RTA_SRC: rtnl_get_addr(a, family, &ev.source); break;
		case RTA_DST: rtnl_get_addr(a, family, &ev.group); break;
		case RTA_IIF: ev.iif = mnl_attr_get_u32(a); break;
		case RTA_MULTIPATH: parse_oifs(a, &ev); break;
		}
	}
	w->fn(w->ctx, &ev);
	return MNL_CB_OK;
}

static int list_family(struct mrwatch *w, uint8_t family)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	n->nlmsg_type = RTM_GETROUTE;
	((struct rtmsg *)mnl_nlmsg_put_extra_header(n, sizeof(struct rtmsg)))->rtm_family = family;
	return nl_dump(w->ask, n, on_message, w);
}

static int list(struct mrwatch *w)
{
	w->fn(w->ctx, &(struct mroute_event){.what = MROUTE_BEGIN});
	int rc = list_family(w, RTNL_FAMILY_IPMR);
	if (!rc)
		rc = list_family(w, RTNL_FAMILY_IP6MR);
	if (rc)
		return rc;
	w->fn(w->ctx, &(struct mroute_event){.what = MROUTE_END});
	w->is_stale = false;
	return 0;
}

/* What is waiting. It was announced before a listing that follows, so where something was dropped the listing has the last word. */
static void read_events(struct mrwatch *w)
{
	char buf[NL_BUF_OCT];

	for (;;) {
		ssize_t len = mnl_socket_recvfrom(w->events, buf, sizeof buf);
		if (len < 0 && errno == ENOBUFS)
			w->is_stale = true;
		else if (len <= 0)
			return;
		else
			mnl_cb_run(buf, (size_t)len, 0, 0, on_message, w);
	}
}

int mrwatch_read(struct mrwatch *w)
{
	read_events(w);
	return w->is_stale ? list(w) : 0;
}
