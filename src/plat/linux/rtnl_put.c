/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "plat/linux/rtnl_i.h"

/* ADDR_PROTO: the attribute IFA_PROTO (Linux 5.18), which older headers lack. */
enum { MSG_OCT = 512, ADDR_PROTO = 11, AWAIT_NS = 50000, AWAIT_MAX = 1000 };

static uint32_t seconds(span_t d)
{
	return d.ns <= 0 ? UINT32_MAX : (uint32_t)((d.ns + NS_PER_S - 1) / NS_PER_S);
}

static struct nlmsghdr *addr_message(char *buf, uint16_t type, const struct fx_addr *a)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = type;
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(n, sizeof *ifa);

	*ifa = (struct ifaddrmsg){.ifa_family = AF_INET6, .ifa_prefixlen = a->plen_bits, .ifa_index = a->ifindex};
	mnl_attr_put(n, IFA_LOCAL, sizeof a->addr, &a->addr);
	mnl_attr_put(n, IFA_ADDRESS, sizeof a->addr, &a->addr);
	return n;
}

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

static void unstale(struct rtnl *r, struct rtnl_stale *s)
{
	if (s)
		*s = r->stale[--r->n_stale];
}

static int note_local(const struct nlmsghdr *n, void *ctx)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(n);
	*(bool *)ctx |= rtm->rtm_type == RTN_LOCAL;
	return MNL_CB_OK;
}

/* Does the host take packets for the address as arrived, thanks to this interface? */
static bool is_local(struct rtnl *r, const struct fx_addr *a)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = RTM_GETROUTE;
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(n, sizeof *rtm);
	bool is = false;

	*rtm = (struct rtmsg){.rtm_family = AF_INET6, .rtm_dst_len = 128};
	mnl_attr_put(n, RTA_DST, sizeof a->addr, &a->addr);
	mnl_attr_put_u32(n, RTA_OIF, a->ifindex);
	return !nl_get(r->ask, n, note_local, &is) && is;
}

/*
 * The kernel makes an address's local route a moment later, in a work queue. The home address is taken from one interface as soon as
 * another has it: a packet that came between would find no route and be lost. So wait; on a link that is down there is nothing to wait for.
 */
static void await_local(struct rtnl *r, const struct fx_addr *a)
{
	const struct timespec pause = {.tv_nsec = AWAIT_NS};
	const struct link_event *link = rtnl_link_at(r, a->ifindex);
	if (link && !link->is_up)
		return;
	for (int i = 0; i < AWAIT_MAX && !is_local(r, a); i++)
		nanosleep(&pause, NULL);
}

int rtnl_addr_add(struct rtnl *r, const struct fx_addr *a)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = addr_message(buf, RTM_NEWADDR, a);
	const struct ifa_cacheinfo lives = {.ifa_prefered = seconds(a->preferred), .ifa_valid = seconds(a->valid)};

	/* An address for good that is there already has nothing to renew; were it another's, replacing would make it ours to remove. */
	const bool is_permanent = a->valid.ns <= 0;
	n->nlmsg_flags = NLM_F_CREATE | (is_permanent ? NLM_F_EXCL : NLM_F_REPLACE);
	mnl_attr_put_u32(n, IFA_FLAGS, (a->flags & ADDR_NODAD ? IFA_F_NODAD : 0) | (a->flags & ADDR_OPTIMISTIC ? IFA_F_OPTIMISTIC : 0));
	mnl_attr_put(n, IFA_CACHEINFO, sizeof lives, &lives);
	mnl_attr_put_u8(n, ADDR_PROTO, RTNL_PROTO);
	unstale(r, stale_find(r, false, a, NULL));
	int rc = nl_ask(r->ask, n);
	if (!rc && a->flags & ADDR_HOME)
		await_local(r, a);
	return rc && is_permanent && errno == EEXIST ? 0 : rc;
}

int rtnl_addr_del(struct rtnl *r, const struct fx_addr *a)
{
	_Alignas(8) char buf[MSG_OCT];
	int rc = nl_ask(r->ask, addr_message(buf, RTM_DELADDR, a));

	return rc && (errno == EADDRNOTAVAIL || errno == ENODEV) ? 0 : rc;
}

static struct nlmsghdr *route_message(char *buf, uint16_t type, const struct fx_route *route)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = type;
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(n, sizeof *rtm);
	const bool has_via = !addr6_is_any(&route->via);

	*rtm = (struct rtmsg){
		.rtm_family = AF_INET6, .rtm_dst_len = route->dst.len_bits, .rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTNL_PROTO, .rtm_type = route->ifindex || has_via ? RTN_UNICAST : RTN_UNREACHABLE,
		.rtm_flags = has_via && route->ifindex ? RTNH_F_ONLINK : 0,
	};
	mnl_attr_put(n, RTA_DST, sizeof route->dst.addr, &route->dst.addr);
	if (route->ifindex)
		mnl_attr_put_u32(n, RTA_OIF, route->ifindex);
	if (has_via)
		mnl_attr_put(n, RTA_GATEWAY, sizeof route->via, &route->via);
	if (route->metric)
		mnl_attr_put_u32(n, RTA_PRIORITY, route->metric);
	return n;
}

int rtnl_route_put(struct rtnl *r, const struct fx_route *route)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = route_message(buf, RTM_NEWROUTE, route);

	n->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	if (!addr6_is_any(&route->src))
		mnl_attr_put(n, RTA_PREFSRC, sizeof route->src, &route->src);
	unstale(r, stale_find(r, true, NULL, route));
	return nl_ask(r->ask, n);
}

int rtnl_route_del(struct rtnl *r, const struct fx_route *route)
{
	_Alignas(8) char buf[MSG_OCT];
	int rc = nl_ask(r->ask, route_message(buf, RTM_DELROUTE, route));

	return rc && (errno == ESRCH || errno == ENODEV) ? 0 : rc;
}

int rtnl_neigh_put(struct rtnl *r, const struct fx_neigh *neigh)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = RTM_NEWNEIGH;
	n->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(n, sizeof *nd);

	*nd = (struct ndmsg){.ndm_family = AF_INET6, .ndm_ifindex = (int)neigh->ifindex, .ndm_state = NUD_STALE};
	mnl_attr_put(n, NDA_DST, sizeof neigh->addr, &neigh->addr);
	mnl_attr_put(n, NDA_LLADDR, sizeof neigh->lladdr, &neigh->lladdr);
	return nl_ask(r->ask, n);
}

int rtnl_set_up(struct rtnl *r, uint32_t ifindex, uint32_t mtu_oct)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = RTM_NEWLINK;
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(n, sizeof *ifi);

	*ifi = (struct ifinfomsg){.ifi_index = (int)ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	mnl_attr_put_u32(n, IFLA_MTU, mtu_oct);
	return nl_ask(r->ask, n);
}

int rtnl_link_del(struct rtnl *r, uint32_t ifindex)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = RTM_DELLINK;
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(n, sizeof *ifi);

	*ifi = (struct ifinfomsg){.ifi_index = (int)ifindex};
	return nl_ask(r->ask, n);
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
	struct fx_addr addr = {.ifindex = ifa->ifa_index, .plen_bits = ifa->ifa_prefixlen};
	bool is_ours = false;
	const struct nlattr *a;

	mnl_attr_for_each(a, n, sizeof *ifa) {
		if (mnl_attr_get_type(a) == ADDR_PROTO)
			is_ours = mnl_attr_get_u8(a) == RTNL_PROTO;
		else if (mnl_attr_get_type(a) == IFA_ADDRESS && mnl_attr_get_payload_len(a) == sizeof addr.addr)
			memcpy(&addr.addr, mnl_attr_get_payload(a), sizeof addr.addr);
	}
	struct rtnl_stale *s = is_ours && ifa->ifa_family == AF_INET6 ? stale_new(ctx) : NULL;
	if (s)
		s->addr = addr;
	return MNL_CB_OK;
}

static int note_route(const struct nlmsghdr *n, void *ctx)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(n);
	struct fx_route route = {.dst.len_bits = rtm->rtm_dst_len};
	const struct nlattr *a;

	if (rtm->rtm_protocol != RTNL_PROTO || rtm->rtm_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each(a, n, sizeof *rtm) {
		if (mnl_attr_get_type(a) == RTA_DST)
			memcpy(&route.dst.addr, mnl_attr_get_payload(a), sizeof route.dst.addr);
		else if (mnl_attr_get_type(a) == RTA_OIF)
			route.ifindex = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == RTA_GATEWAY)
			memcpy(&route.via, mnl_attr_get_payload(a), sizeof route.via);
		else if (mnl_attr_get_type(a) == RTA_PRIORITY)
			route.metric = mnl_attr_get_u32(a);
	}
	struct rtnl_stale *s = stale_new(ctx);
	if (s)
		*s = (struct rtnl_stale){.is_route = true, .route = route};
	return MNL_CB_OK;
}

void rtnl_mark(struct rtnl *r)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	r->n_stale = 0;
	n->nlmsg_type = RTM_GETADDR;
	((struct ifaddrmsg *)mnl_nlmsg_put_extra_header(n, sizeof(struct ifaddrmsg)))->ifa_family = AF_INET6;
	(void)nl_dump(r->ask, n, note_addr, r);
	n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = RTM_GETROUTE;
	((struct rtmsg *)mnl_nlmsg_put_extra_header(n, sizeof(struct rtmsg)))->rtm_family = AF_INET6;
	(void)nl_dump(r->ask, n, note_route, r);
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
