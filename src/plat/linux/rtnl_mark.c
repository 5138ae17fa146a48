/* SPDX-License-Identifier: BSD-2-Clause */
/* What an earlier daemon left: addresses and routes with our mark, until somebody asks for them again or they are swept away. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "plat/linux/rtnl_i.h"

enum { MSG_OCT = 512 };

static struct rtnl_stale *stale_find(struct rtnl *r, bool is_route, const struct fx_addr *a, const struct fx_route *route)
{
	for (uint32_t i = 0; i < r->n_stale; i++) {
		struct rtnl_stale *s = &r->stale[i];
		if (s->is_route != is_route)
			continue;
		if (is_route ? prefix6_eq(&s->route.dst, &route->dst) && s->route.ifindex == route->ifindex
			     : addr6_eq(&s->addr.addr, &a->addr) && s->addr.ifindex == a->ifindex)
			return s;
	}
	return NULL;
}

void rtnl_unstale(struct rtnl *r, bool is_route, const struct fx_addr *a, const struct fx_route *route)
{
	struct rtnl_stale *s = stale_find(r, is_route, a, route);
	if (s)
		*s = r->stale[--r->n_stale];
}

static struct rtnl_stale *stale_new(struct rtnl *r)
{
	if (r->n_stale == r->cap_stale) {
		uint32_t cap = r->cap_stale ? r->cap_stale * 2 : 16;
		struct rtnl_stale *more = realloc(r->stale, cap * sizeof *more);
		if (!more)
			return NULL;
		r->stale = more;
		r->cap_stale = cap;
	}
	struct rtnl_stale *s = &r->stale[r->n_stale++];
	*s = (struct rtnl_stale){0};
	return s;
}

static int note_addr(const struct nlmsghdr *n, void *ctx)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(n);
	const bool is_v4 = ifa->ifa_family == AF_INET;
	struct fx_addr addr = {.ifindex = ifa->ifa_index, .addr = rtnl_any(ifa->ifa_family),
			       .plen_bits = (uint8_t)(ifa->ifa_prefixlen + (is_v4 ? 96 : 0))};
	bool is_ours = false;
	const struct nlattr *a;

	mnl_attr_for_each(a, n, sizeof *ifa) {
		if (mnl_attr_get_type(a) == RTNL_ADDR_PROTO)
			is_ours = mnl_attr_get_u8(a) == RTNL_PROTO;
		else if (mnl_attr_get_type(a) == (is_v4 ? IFA_LOCAL : IFA_ADDRESS))
			rtnl_get_addr(a, ifa->ifa_family, &addr.addr);
	}
	struct rtnl_stale *s = is_ours ? stale_new(ctx) : NULL;
	if (s)
		s->addr = addr;
	return MNL_CB_OK;
}

static int note_route(const struct nlmsghdr *n, void *ctx)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(n);
	const bool is_v4 = rtm->rtm_family == AF_INET;
	struct fx_route route = {.dst = {rtnl_any(rtm->rtm_family), (uint8_t)(rtm->rtm_dst_len + (is_v4 ? 96 : 0))}, .via = rtnl_any(rtm->rtm_family)};
	const struct nlattr *a;

	if (rtm->rtm_protocol != RTNL_PROTO)
		return MNL_CB_OK;
	mnl_attr_for_each(a, n, sizeof *rtm) {
		if (mnl_attr_get_type(a) == RTA_DST)
			rtnl_get_addr(a, rtm->rtm_family, &route.dst.addr);
		else if (mnl_attr_get_type(a) == RTA_OIF)
			route.ifindex = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_GATEWAY)
			rtnl_get_addr(a, rtm->rtm_family, &route.via);
		else if (mnl_attr_get_type(a) == RTA_PRIORITY)
			route.metric = mnl_attr_get_u32(a);
	}
	struct rtnl_stale *s = stale_new(ctx);
	if (s)
		*s = (struct rtnl_stale){.is_route = true, .route = route};
	if (is_v4)
		(void)rtnl_route4_note(ctx, &route);
	return MNL_CB_OK;
}

static void mark_family(struct rtnl *r, uint8_t family)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	n->nlmsg_type = RTM_GETADDR;
	((struct ifaddrmsg *)mnl_nlmsg_put_extra_header(n, sizeof(struct ifaddrmsg)))->ifa_family = family;
	(void)nl_dump(r->ask, n, note_addr, r);
	n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = RTM_GETROUTE;
	((struct rtmsg *)mnl_nlmsg_put_extra_header(n, sizeof(struct rtmsg)))->rtm_family = family;
	(void)nl_dump(r->ask, n, note_route, r);
}

void rtnl_mark(struct rtnl *r)
{
	r->n_stale = 0;
	mark_family(r, AF_INET6);
	mark_family(r, AF_INET);
}

uint32_t rtnl_sweep(struct rtnl *r)
{
	const uint32_t n = r->n_stale;

	for (uint32_t i = 0; i < n; i++) {
		if (r->stale[i].is_route)
			(void)rtnl_route_del(r, &r->stale[i].route);
		else
			(void)rtnl_addr_del(r, &r->stale[i].addr);
	}
	r->n_stale = 0;
	return n;
}
