/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/nl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "base/err.h"

static unsigned next_seq;

static struct mnl_socket *open_socket(int bus, int flags, unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC | flags);
	int on = 1, room = 4 << 20;

	if (!s)
		return NULL;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return NULL;
	}
	mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof on);
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	return s;
}

struct mnl_socket *nl_open(int bus)
{
	return open_socket(bus, 0, 0);
}

struct mnl_socket *nl_open_events(int bus, unsigned groups)
{
	return open_socket(bus, SOCK_NONBLOCK, groups);
}

static int converse(struct mnl_socket *s, struct nlmsghdr *n, mnl_cb_t fn, void *ctx)
{
	char buf[NL_BUF_OCT];
	int rc;

	n->nlmsg_seq = ++next_seq;
	if (mnl_socket_sendto(s, n, n->nlmsg_len) < 0)
		return ERR_SYS;
	do {
		ssize_t len = mnl_socket_recvfrom(s, buf, sizeof buf);
		if (len < 0)
			return ERR_SYS;
		rc = mnl_cb_run(buf, (size_t)len, n->nlmsg_seq, mnl_socket_get_portid(s), fn, ctx);
	} while (rc > 0);
	return rc < 0 ? ERR_SYS : 0;
}

int nl_ask(struct mnl_socket *s, struct nlmsghdr *n)
{
	n->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return converse(s, n, NULL, NULL);
}

int nl_dump(struct mnl_socket *s, struct nlmsghdr *n, mnl_cb_t fn, void *ctx)
{
	n->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
	return converse(s, n, fn, ctx);
}

int nl_get(struct mnl_socket *s, struct nlmsghdr *n, mnl_cb_t fn, void *ctx)
{
	n->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return converse(s, n, fn, ctx);
}
