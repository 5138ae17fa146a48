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

enum { MSG_OCT = 512, AWAIT_NS = 50000, AWAIT_MAX = 1000 };

static uint32_t seconds(span_t d)
{
	return d.ns <= 0 ? UINT32_MAX : (uint32_t)((d.ns + NS_PER_S - 1) / NS_PER_S);
}

static struct nlmsghdr *addr_message(char *buf, uint16_t type, const struct fx_addr *a)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = type;
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(n, sizeof *ifa);

	*ifa = (struct ifaddrmsg){.ifa_family = rtnl_family(&a->addr), .ifa_prefixlen = rtnl_plen(&a->addr, a->plen_bits), .ifa_index = a->ifindex};
	rtnl_put_addr(n, IFA_LOCAL, &a->addr);
	rtnl_put_addr(n, IFA_ADDRESS, &a->addr);
	if (addr6_is_v4mapped(&a->broadcast))
		rtnl_put_addr(n, IFA_BROADCAST, &a->broadcast);
	return n;
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

	*rtm = (struct rtmsg){.rtm_family = rtnl_family(&a->addr), .rtm_dst_len = rtnl_plen(&a->addr, 128)};
	rtnl_put_addr(n, RTA_DST, &a->addr);
	mnl_attr_put_u32(n, RTA_OIF, a->ifindex);
	return !nl_get(r->ask, n, note_local, &is) && is;
}

/*
 * The kernel makes an IPv6 address's local route a moment later, in a work queue. The home address is taken from one interface as soon as
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
	const bool is_permanent = a->valid.ns <= 0, is_v4 = addr6_is_v4mapped(&a->addr);
	n->nlmsg_flags = NLM_F_CREATE | (is_permanent ? NLM_F_EXCL : NLM_F_REPLACE);
	if (!is_v4) /* which has no such flags, and no duplicate detection */
		mnl_attr_put_u32(n, IFA_FLAGS, (a->flags & ADDR_NODAD ? IFA_F_NODAD : 0) | (a->flags & ADDR_OPTIMISTIC ? IFA_F_OPTIMISTIC : 0));
	mnl_attr_put(n, IFA_CACHEINFO, sizeof lives, &lives);
	mnl_attr_put_u8(n, RTNL_ADDR_PROTO, RTNL_PROTO);
	rtnl_unstale(r, false, a, NULL);
	int rc = nl_ask(r->ask, n);
	if (!rc && !is_v4 && a->flags & ADDR_HOME)
		await_local(r, a);
	return rc && is_permanent && errno == EEXIST ? 0 : rc;
}

int rtnl_addr_del(struct rtnl *r, const struct fx_addr *a)
{
	_Alignas(8) char buf[MSG_OCT];
	int rc = nl_ask(r->ask, addr_message(buf, RTM_DELADDR, a));

	return rc && (errno == EADDRNOTAVAIL || errno == ENODEV) ? 0 : rc;
}

/* IPv4 wants to be told how far a destination is, IPv6 does not. */
static uint8_t scope_of(const struct fx_route *route, bool is_del)
{
	if (!addr6_is_v4mapped(&route->dst.addr))
		return RT_SCOPE_UNIVERSE;
	return is_del ? RT_SCOPE_NOWHERE : route->ifindex && addr6_is_none(&route->via) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static struct nlmsghdr *route_message(char *buf, uint16_t type, const struct fx_route *route)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = type;
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(n, sizeof *rtm);
	const bool has_via = !addr6_is_none(&route->via);

	*rtm = (struct rtmsg){
		.rtm_family = rtnl_family(&route->dst.addr), .rtm_dst_len = rtnl_plen(&route->dst.addr, route->dst.len_bits),
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTNL_PROTO, .rtm_scope = scope_of(route, type == RTM_DELROUTE),
		.rtm_type = route->ifindex || has_via ? RTN_UNICAST : RTN_UNREACHABLE,
		.rtm_flags = has_via && route->ifindex ? RTNH_F_ONLINK : 0,
	};
	rtnl_put_addr(n, RTA_DST, &route->dst.addr);
	if (route->ifindex)
		mnl_attr_put_u32(n, RTA_OIF, route->ifindex);
	if (has_via)
		rtnl_put_addr(n, RTA_GATEWAY, &route->via);
	if (route->metric)
		mnl_attr_put_u32(n, RTA_PRIORITY, route->metric);
	return n;
}

/*
 * Replacing an IPv4 route means whatever has its destination and metric, through whichever interface and whoever made it: an operator's
 * default route would be gone for good. So only what is known as ours is replaced, and another's makes the call fail.
 */
static struct rtnl_route4 route4_key(const struct fx_route *route)
{
	struct rtnl_route4 k;
	memset(&k, 0, sizeof k);
	k.key.dst.addr = route->dst.addr;
	k.key.dst.len_bits = route->dst.len_bits;
	k.key.metric = route->metric;
	return k;
}

int rtnl_route4_note(struct rtnl *r, const struct fx_route *route)
{
	const struct rtnl_route4 k = route4_key(route);
	if (table_find(&r->routes4, &k.key))
		return 0;
	struct rtnl_route4 *e = malloc(sizeof *e);
	if (!e)
		return ERR_NOMEM;
	*e = k;
	int rc = table_add(&r->routes4, e);
	if (rc)
		free(e);
	return rc;
}

int rtnl_route_put(struct rtnl *r, const struct fx_route *route)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *n = route_message(buf, RTM_NEWROUTE, route);
	const bool is_v4 = addr6_is_v4mapped(&route->dst.addr);
	const struct rtnl_route4 k = route4_key(route);
	const bool is_ours = !is_v4 || table_find(&r->routes4, &k.key);

	n->nlmsg_flags = NLM_F_CREATE | (is_ours ? NLM_F_REPLACE : NLM_F_EXCL);
	if (!addr6_is_none(&route->src))
		rtnl_put_addr(n, RTA_PREFSRC, &route->src);
	rtnl_unstale(r, true, NULL, route);
	int rc = nl_ask(r->ask, n);
	return rc || !is_v4 ? rc : rtnl_route4_note(r, route);
}

int rtnl_route_del(struct rtnl *r, const struct fx_route *route)
{
	_Alignas(8) char buf[MSG_OCT];
	const struct rtnl_route4 k = route4_key(route);
	int rc = nl_ask(r->ask, route_message(buf, RTM_DELROUTE, route));

	free(table_del(&r->routes4, &k.key));
	return rc && (errno == ESRCH || errno == ENODEV) ? 0 : rc;
}

int rtnl_neigh_put(struct rtnl *r, const struct fx_neigh *neigh)
{
	_Alignas(8) char buf[MSG_OCT];
	const bool is_del = lladdr_is_zero(&neigh->lladdr);
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = is_del ? RTM_DELNEIGH : RTM_NEWNEIGH;
	n->nlmsg_flags = is_del ? 0 : NLM_F_CREATE | NLM_F_REPLACE;
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(n, sizeof *nd);

	*nd = (struct ndmsg){.ndm_family = rtnl_family(&neigh->addr), .ndm_ifindex = (int)neigh->ifindex, .ndm_state = NUD_STALE};
	rtnl_put_addr(n, NDA_DST, &neigh->addr);
	if (!is_del)
		mnl_attr_put(n, NDA_LLADDR, sizeof neigh->lladdr, &neigh->lladdr);
	int rc = nl_ask(r->ask, n);
	return rc && is_del && (errno == ENOENT || errno == ENODEV) ? 0 : rc;
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
