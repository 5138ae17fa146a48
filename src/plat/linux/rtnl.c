/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "plat/linux/rtnl_i.h"
#include "plat/plat.h"

int rtnl_open(struct rtnl **out, const struct rtnl_cb *cb)
{
	struct rtnl *r = calloc(1, sizeof *r);

	*out = NULL;
	if (!r)
		return ERR_NOMEM;
	r->cb = *cb;
	table_init(&r->routes4, &plat_mem, &plat_rng, offsetof(struct rtnl_route4, key), sizeof(((struct rtnl_route4 *)0)->key));
	r->events = nl_open_events(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_IFADDR);
	r->ask = r->events ? nl_open(NETLINK_ROUTE) : NULL;
	if (!r->ask) {
		rtnl_close(r);
		return ERR_SYS;
	}
	*out = r;
	return 0;
}

void rtnl_close(struct rtnl *r)
{
	if (!r)
		return;
	if (r->events)
		mnl_socket_close(r->events);
	if (r->ask)
		mnl_socket_close(r->ask);
	uint64_t it = 0;
	for (void *e; (e = table_next(&r->routes4, &it));)
		free(e);
	table_fini(&r->routes4);
	free(r->links);
	free(r->stale);
	free(r);
}

int rtnl_fd(const struct rtnl *r)
{
	return mnl_socket_get_fd(r->events);
}

static struct rtnl_known *known_at(const struct rtnl *r, uint32_t ifindex)
{
	for (uint32_t i = 0; i < r->n_links; i++)
		if (r->links[i].ev.ifindex == ifindex)
			return &r->links[i];
	return NULL;
}

const struct link_event *rtnl_link_at(const struct rtnl *r, uint32_t ifindex)
{
	const struct rtnl_known *k = known_at(r, ifindex);
	return k ? &k->ev : NULL;
}

const struct link_event *rtnl_link(const struct rtnl *r, const char *name)
{
	for (uint32_t i = 0; i < r->n_links; i++)
		if (!strcmp(r->links[i].ev.name, name))
			return &r->links[i].ev;
	return NULL;
}

const struct link_event *rtnl_link_nth(const struct rtnl *r, uint32_t i)
{
	return i < r->n_links ? &r->links[i].ev : NULL;
}

static struct rtnl_known *known_new(struct rtnl *r, uint32_t ifindex)
{
	if (r->n_links == r->cap_links) {
		uint32_t cap = r->cap_links ? r->cap_links * 2 : 16;
		struct rtnl_known *more = realloc(r->links, cap * sizeof *more);
		if (!more)
			return NULL;
		r->links = more;
		r->cap_links = cap;
	}
	r->links[r->n_links] = (struct rtnl_known){.ev.ifindex = ifindex};
	return &r->links[r->n_links++];
}

/* What one RTM_NEWLINK says. Up means: may be sent through, that is carrier and its queue started. */
static void parse_link(const struct nlmsghdr *n, struct link_event *ev, uint32_t *downs)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(n);
	const uint32_t need = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;
	const struct nlattr *a;

	*ev = (struct link_event){.ifindex = (uint32_t)ifi->ifi_index, .is_up = (ifi->ifi_flags & need) == need};
	*downs = 0;
	mnl_attr_for_each(a, n, sizeof *ifi) {
		const size_t len = mnl_attr_get_payload_len(a);
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			memcpy(ev->name, mnl_attr_get_payload(a), len < sizeof ev->name ? len : sizeof ev->name - 1);
			break;
		case IFLA_ADDRESS:
			if (len == sizeof ev->lladdr)
				memcpy(&ev->lladdr, mnl_attr_get_payload(a), len);
			break;
		case IFLA_MTU:
			ev->mtu_oct = mnl_attr_get_u32(a);
			break;
		case IFLA_CARRIER_DOWN_COUNT:
			*downs = mnl_attr_get_u32(a);
			break;
		}
	}
}

static bool is_same(const struct link_event *a, const struct link_event *b)
{
	return a->is_up == b->is_up && a->mtu_oct == b->mtu_oct && lladdr_eq(&a->lladdr, &b->lladdr) && !strcmp(a->name, b->name);
}

static void on_new_link(struct rtnl *r, const struct nlmsghdr *n)
{
	struct link_event ev;
	uint32_t downs;

	parse_link(n, &ev, &downs);
	struct rtnl_known *k = known_at(r, ev.ifindex);
	const bool is_new = !k;
	if (is_new && !(k = known_new(r, ev.ifindex)))
		return;
	const bool flapped = !is_new && k->ev.is_up && ev.is_up && downs != k->downs;
	const bool changed = is_new || flapped || !is_same(&k->ev, &ev);
	k->ev = ev;
	k->downs = downs;
	k->is_seen = true;
	if (flapped) {
		struct link_event down = ev;
		down.is_up = false;
		r->cb.link(r->cb.ctx, &down);
	}
	if (changed)
		r->cb.link(r->cb.ctx, &ev);
}

static void link_gone(struct rtnl *r, uint32_t ifindex)
{
	struct rtnl_known *k = known_at(r, ifindex);

	if (!k)
		return;
	struct link_event ev = k->ev;
	ev.is_up = false;
	ev.is_gone = true;
	*k = r->links[--r->n_links];
	r->cb.link(r->cb.ctx, &ev);
}

/* Returns the flags. */
static uint32_t parse_addr(const struct nlmsghdr *n, struct addr6 *addr)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(n);
	const int own = ifa->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS; /* IPv4: IFA_ADDRESS may be the other end's */
	uint32_t flags = ifa->ifa_flags;
	const struct nlattr *a;

	*addr = rtnl_any(ifa->ifa_family);
	mnl_attr_for_each(a, n, sizeof *ifa) {
		if (mnl_attr_get_type(a) == IFA_FLAGS)
			flags = mnl_attr_get_u32(a);
		else if (mnl_attr_get_type(a) == own)
			rtnl_get_addr(a, ifa->ifa_family, addr);
	}
	return flags;
}

static int on_local(const struct nlmsghdr *n, void *ctx)
{
	struct rtnl *r = ctx;
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(n);
	struct local_event ev = {.ifindex = ifa->ifa_index};

	if (ifa->ifa_family != AF_INET6 && ifa->ifa_family != AF_INET)
		return MNL_CB_OK;
	ev.plen_bits = (uint8_t)(ifa->ifa_prefixlen + (ifa->ifa_family == AF_INET ? 96 : 0));
	uint32_t flags = parse_addr(n, &ev.addr);
	ev.is_gone = n->nlmsg_type == RTM_DELADDR || (flags & IFA_F_DADFAILED);
	if (ev.is_gone || !(flags & IFA_F_TENTATIVE))
		r->cb.local(r->cb.ctx, &ev);
	return MNL_CB_OK;
}

static void on_addr(struct rtnl *r, const struct nlmsghdr *n)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(n);
	struct addr_event ev = {.ifindex = ifa->ifa_index};

	if (ifa->ifa_family != AF_INET6 && ifa->ifa_family != AF_INET)
		return;
	uint32_t flags = parse_addr(n, &ev.addr);
	ev.is_duplicate = flags & IFA_F_DADFAILED;
	if (ev.is_duplicate || !((flags & IFA_F_TENTATIVE) || n->nlmsg_type == RTM_DELADDR))
		r->cb.addr(r->cb.ctx, &ev);
	(void)on_local(n, r);
}

static int on_message(const struct nlmsghdr *n, void *ctx)
{
	struct rtnl *r = ctx;

	if (n->nlmsg_type == RTM_NEWLINK || n->nlmsg_type == RTM_DELLINK) {
		const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(n);
		if (ifi->ifi_family != AF_UNSPEC)
			return MNL_CB_OK; /* a bridge port's message, not the link's own */
		if (n->nlmsg_type == RTM_NEWLINK)
			on_new_link(r, n);
		else
			link_gone(r, (uint32_t)ifi->ifi_index);
	} else if (n->nlmsg_type == RTM_NEWADDR || n->nlmsg_type == RTM_DELADDR)
		on_addr(r, n);
	return MNL_CB_OK;
}

static int dump_addrs_of(struct rtnl *r, uint8_t family)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	n->nlmsg_type = RTM_GETADDR;
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(n, sizeof *ifa);
	ifa->ifa_family = family;
	return nl_dump(r->ask, n, on_local, r);
}

static int dump_addrs(struct rtnl *r)
{
	int rc = dump_addrs_of(r, AF_INET6);
	return rc ? rc : dump_addrs_of(r, AF_INET);
}

void rtnl_report(struct rtnl *r)
{
	for (uint32_t i = 0; i < r->n_links; i++)
		r->cb.link(r->cb.ctx, &r->links[i].ev);
	(void)dump_addrs(r);
}

int rtnl_dump(struct rtnl *r)
{
	char buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);

	n->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(n, sizeof(struct ifinfomsg));
	for (uint32_t i = 0; i < r->n_links; i++)
		r->links[i].is_seen = false;
	int rc = nl_dump(r->ask, n, on_message, r);
	for (uint32_t i = r->n_links; !rc && i-- > 0;)
		if (!r->links[i].is_seen)
			link_gone(r, r->links[i].ev.ifindex);
	return rc ? rc : dump_addrs(r);
}

void rtnl_read(struct rtnl *r)
{
	char buf[NL_BUF_OCT];

	for (;;) {
		ssize_t len = mnl_socket_recvfrom(r->events, buf, sizeof buf);
		if (len < 0 && errno == ENOBUFS)
			rtnl_dump(r);
		else if (len <= 0)
			return;
		else
			mnl_cb_run(buf, (size_t)len, 0, 0, on_message, r);
	}
}

static int take_index(const struct nlmsghdr *n, void *ctx)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(n);

	*(uint32_t *)ctx = (uint32_t)ifi->ifi_index;
	return MNL_CB_OK;
}

uint32_t rtnl_ifindex(struct rtnl *r, const char *name)
{
	char buf[256];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	uint32_t ifindex = 0;

	n->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(n, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(n, IFLA_IFNAME, name);
	(void)nl_get(r->ask, n, take_index, &ifindex);
	return ifindex;
}
