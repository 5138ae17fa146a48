/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes when the kernel told, by netlink, that a link of this namespace gained or lost its carrier.
 *
 *	carrier            prints "NANOSECONDS INTERFACE up|down" a line (CLOCK_MONOTONIC)
 *
 * It is the laboratory's witness of when a mobile could first have known of its new link.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { LINKS = 256 };

static struct { int index; bool is_up; } known[LINKS];

static int open_netlink(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int buffer = 4 << 20, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr *)&nl, sizeof nl))
		tool_die("carrier: netlink: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
	return fd;
}

/* True when this state of the link is news. */
static bool changed(int index, bool is_up)
{
	for (int i = 0; i < LINKS; i++) {
		if (known[i].index == index || !known[i].index) {
			bool news = !known[i].index || known[i].is_up != is_up;
			known[i].index = index;
			known[i].is_up = is_up;
			return news;
		}
	}
	return false;
}

static void on_link(struct nlmsghdr *h, int64_t now)
{
	struct ifinfomsg *ifi = NLMSG_DATA(h);
	int left = (int)IFLA_PAYLOAD(h);
	bool is_up = h->nlmsg_type == RTM_NEWLINK && (ifi->ifi_flags & IFF_LOWER_UP) && (ifi->ifi_flags & IFF_UP);
	if (!changed(ifi->ifi_index, is_up))
		return;
	for (struct rtattr *a = IFLA_RTA(ifi); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_IFNAME)
			printf("%lld %s %s\n", (long long)now, (char *)RTA_DATA(a), is_up ? "up" : "down");
	fflush(stdout);
}

int main(void)
{
	static char buffer[65536] __attribute__((aligned(8)));
	tool_signals();
	int fd = open_netlink();
	tool_realtime(13);
	tool_ready();
	while (!tool_stop) {
		ssize_t n = recv(fd, buffer, sizeof buffer, 0);
		int64_t now = tool_now_ns();
		unsigned left = (unsigned)n;
		for (struct nlmsghdr *h = (void *)buffer; n > 0 && NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK)
				on_link(h, now);
	}
	return 0;
}
