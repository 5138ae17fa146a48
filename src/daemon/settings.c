/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/settings.h"

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "plat/linux/tun.h"

static void set(struct exec *x, const char *ifname, const char *key, int value)
{
	if (sysctl_set(x->sysctl, ifname, key, value))
		log_note(EV_NOTICE, "sysctl-failed", "%s/%s = %d: %s", ifname, key, value, strerror(errno));
}

/* What the kernel must and must not do by itself on an interface of a role: doc/operations.md has the list. */
void settings_interface(struct exec *x, const struct dp_if *iface, enum role_id role)
{
	const struct link_event *link = rtnl_link_at(x->rtnl, iface->ifindex);

	if (!x->is_setting || !link)
		return;
	if (iface->flags & DP_IF_MOBILE) {
		set(x, link->name, "accept_ra", 0);
		set(x, link->name, "autoconf", 0);
		set(x, link->name, "router_solicitations", 0);
		set(x, link->name, "keep_addr_on_down", 1);
		set(x, link->name, "optimistic_dad", 1);
		set(x, link->name, "use_optimistic", 1);
	}
	if (role == ROLE_AR && iface->flags & DP_IF_UPSTREAM)
		set(x, link->name, SYSCTL_ALLMULTI, 1);
	if (iface->flags & ~(uint32_t)(DP_IF_MOBILE | DP_IF_ROAM0) && !x->is_forwarding) {
		set(x, "all", "forwarding", 1);
		x->is_forwarding = true;
	}
}

static void set4(struct exec *x, const char *ifname, const char *key, int value)
{
	if (sysctl_set4(x->sysctl, ifname, key, value))
		log_note(EV_NOTICE, "sysctl-failed", "ipv4 %s/%s = %d: %s", ifname, key, value, strerror(errno));
}

enum { RP_NONE, RP_STRICT, RP_LOOSE };

/*
 * The strict check of sources asks for a way back through the interface that a packet came by, the loose one for any. The way back to a
 * home address is a tunnel's, and where home is a router of mobiles need not know. What is in force is the greater of the
 * interface's value and that of all, which is the operator's: where that is not 0, loose is the least.
 */
static void loosen(struct exec *x, const char *ifname, int to)
{
	int own = 0, all = 0;

	if (sysctl_get4(ifname, "rp_filter", &own) || sysctl_get4("all", "rp_filter", &all))
		return;
	const int force = own > all ? own : all, want = all ? RP_LOOSE : to;
	if (force == RP_STRICT || force > want)
		set4(x, ifname, "rp_filter", want);
}

/* Interface by interface: the one switch for all of them (ip_forward) would also change settings that nobody could put back. */
static void forward4(struct exec *x)
{
	const struct link_event *l;

	if (x->is_forwarding4)
		return;
	x->is_forwarding4 = true;
	set4(x, "default", "forwarding", 1);
	for (uint32_t i = 0; (l = rtnl_link_nth(x->rtnl, i)); i++)
		set4(x, l->name, "forwarding", 1);
}

/* The same for IPv4. A mobile answers ARP only for addresses of the link (RFC 5944 4.6: never for its home address
 * while away), asks with no other, and keeps the host's addresses when one of ours that was there first goes. A router of mobiles tells
 * none of them of a better way: they have no other. */
void settings_interface4(struct exec *x, uint32_t ifindex, uint32_t flags)
{
	const struct link_event *link = rtnl_link_at(x->rtnl, ifindex);

	if (!x->is_setting || !link)
		return;
	if (flags & DP_IF_MOBILE) {
		set4(x, link->name, "arp_ignore", 1);
		set4(x, link->name, "arp_announce", 2);
		set4(x, link->name, "promote_secondaries", 1);
	}
	if (flags & DP_IF_ACCESS) {
		set4(x, "all", "send_redirects", 0);
		set4(x, link->name, "send_redirects", 0);
	}
	if (flags & (DP_IF_MOBILE | DP_IF_ACCESS))
		loosen(x, link->name, flags & DP_IF_ACCESS ? RP_NONE : RP_LOOSE);
	if (flags & ~(uint32_t)(DP_IF_MOBILE | DP_IF_ROAM0))
		forward4(x);
}

/* What comes out of tunnels has sources that the routing table knows elsewhere; from one mobile to another it goes in and out here. */
void settings_roam0_4(struct exec *x)
{
	if (!x->is_setting)
		return;
	loosen(x, TUN_NAME, RP_NONE);
	set4(x, "all", "send_redirects", 0);
	set4(x, TUN_NAME, "send_redirects", 0);
	set4(x, TUN_NAME, "ignore_routes_with_linkdown", 0); /* without a daemon it has no carrier, and forwarding goes on */
}

/* Packets to groups bear an address of this host when they come in there to be forwarded: without this they are martians. */
void settings_source4(struct exec *x, uint32_t ifindex)
{
	const struct link_event *link = rtnl_link_at(x->rtnl, ifindex);

	if (!x->is_setting || !link || x->source4 == ifindex)
		return;
	x->source4 = ifindex;
	set4(x, link->name, "accept_local", 1);
}
