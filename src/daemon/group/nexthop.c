/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/group/nexthop.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

enum { EVERY_S = 5, PORT_DISCARD = 9 };

struct nexthop {
	int fd4, fd6;        /* negative: the host does not know the family */
	struct event *tick;
};

void nexthop_touch(struct nexthop *n)
{
	const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(PORT_DISCARD), .sin_addr.s_addr = htonl(0xc0000201)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(PORT_DISCARD), .sin6_addr.s6_addr = {1, [15] = 1}};

	if (!n)
		return;
	/* Without a route or a carrier they fail, and there is no next hop to know. */
	if (n->fd4 >= 0)
		(void)sendto(n->fd4, "", 0, MSG_DONTWAIT, (const struct sockaddr *)&four, sizeof four);
	if (n->fd6 >= 0)
		(void)sendto(n->fd6, "", 0, MSG_DONTWAIT, (const struct sockaddr *)&six, sizeof six);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	nexthop_touch(ctx);
}

static int one_hop_socket(int family)
{
	const int one = 1, fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && family == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_TTL, &one, sizeof one);
	else if (fd >= 0)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &one, sizeof one);
	return fd;
}

int nexthop_open(struct nexthop **out, struct event_base *base)
{
	struct nexthop *n = *out = calloc(1, sizeof *n);

	if (!n)
		return ERR_NOMEM;
	n->fd4 = one_hop_socket(AF_INET);
	n->fd6 = one_hop_socket(AF_INET6);
	n->tick = event_new(base, -1, EV_PERSIST, on_tick, n);
	if (!n->tick || event_add(n->tick, &(struct timeval){EVERY_S, 0}))
		return ERR_NOMEM;
	nexthop_touch(n);
	return 0;
}

void nexthop_close(struct nexthop *n)
{
	if (!n)
		return;
	if (n->tick)
		event_free(n->tick);
	if (n->fd4 >= 0)
		close(n->fd4);
	if (n->fd6 >= 0)
		close(n->fd6);
	free(n);
}
