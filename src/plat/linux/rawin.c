/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/rawin.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"

enum { HEADER_OCT = 40, PACKET_OCT = 65536 + HEADER_OCT };

static const uint8_t protocols[RAWIN_N] = {IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE, 135};

static int open_one(uint8_t proto)
{
	static const int options[] = {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS};
	const int on = 1;
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);

	for (size_t i = 0; fd >= 0 && i < sizeof options / sizeof options[0]; i++)
		setsockopt(fd, IPPROTO_IPV6, options[i], &on, sizeof on);
	return fd;
}

int rawin_open(struct rawin *r)
{
	int rc = 0;

	for (unsigned i = 0; i < RAWIN_N; i++)
		if ((r->fd[i] = open_one(protocols[i])) < 0)
			rc = ERR_SYS;
	if (rc)
		rawin_close(r);
	return rc;
}

void rawin_close(struct rawin *r)
{
	for (unsigned i = 0; i < RAWIN_N; i++) {
		if (r->fd[i] >= 0)
			close(r->fd[i]);
		r->fd[i] = -1;
	}
}

/* Destination, hop limit and traffic class from the ancillary data. */
static uint32_t rebuild(struct msghdr *msg, const struct sockaddr_in6 *from, uint8_t proto, size_t payload, uint8_t *header)
{
	struct in6_pktinfo info = {0};
	int hops = 64, class = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_PKTINFO)
			memcpy(&info, CMSG_DATA(c), sizeof info);
		else if (c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&hops, CMSG_DATA(c), sizeof hops);
		else if (c->cmsg_type == IPV6_TCLASS)
			memcpy(&class, CMSG_DATA(c), sizeof class);
	}
	struct wr w = wr_of(header, HEADER_OCT);
	wr_u32(&w, 6u << 28 | (uint32_t)class << 20);
	wr_u16(&w, (uint16_t)payload);
	wr_u8(&w, proto);
	wr_u8(&w, (uint8_t)hops);
	wr_bytes(&w, &from->sin6_addr, 16);
	wr_bytes(&w, &info.ipi6_addr, 16);
	return info.ipi6_ifindex;
}

void rawin_read(const struct rawin *r, unsigned which, unsigned max, rawin_fn fn, void *ctx)
{
	static uint8_t pkt[PACKET_OCT];
	_Alignas(struct cmsghdr) char control[256];

	while (max--) {
		struct sockaddr_in6 from;
		struct iovec iov = {pkt + HEADER_OCT, sizeof pkt - HEADER_OCT};
		struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
				     .msg_control = control, .msg_controllen = sizeof control};
		ssize_t n = recvmsg(r->fd[which], &msg, 0);
		if (n < 0)
			return;
		if (n > UINT16_MAX || (msg.msg_flags & MSG_TRUNC))
			continue;
		uint32_t ifindex = rebuild(&msg, &from, protocols[which], (size_t)n, pkt);
		fn(ctx, ifindex, protocols[which], pkt, HEADER_OCT + (size_t)n);
	}
}
