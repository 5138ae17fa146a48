/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/portin.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"

enum { ROOM_OCT = 4 << 20, HEADS_OCT = 48, DATA_OCT = 65507 };

static void set(int fd, int level, int option, int value) { (void)setsockopt(fd, level, option, &value, sizeof value); }

static int bind_to(int fd, unsigned which, uint16_t port)
{
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};

	if (which == PORTIN_V6)
		return bind(fd, (const struct sockaddr *)&six, sizeof six);
	return bind(fd, (const struct sockaddr *)&four, sizeof four);
}

static int open_one(unsigned which, uint16_t port)
{
	int fd = socket(which == PORTIN_V6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	if (which == PORTIN_V6) {
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	} else
		set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, ROOM_OCT);
	if (bind_to(fd, which, port)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int portin_open(struct portin *u, uint16_t port)
{
	*u = (struct portin){{-1, -1}, port};
	for (unsigned i = 0; i < PORTIN_N; i++) {
		u->fd[i] = open_one(i, port);
		if (u->fd[i] < 0 && errno != EAFNOSUPPORT) {
			int error = errno;
			portin_close(u);
			errno = error;
			return ERR_SYS;
		}
	}
	return 0;
}

void portin_close(struct portin *u)
{
	for (unsigned i = 0; i < PORTIN_N; i++)
		if (u->fd[i] >= 0)
			close(u->fd[i]);
	*u = (struct portin)PORTIN_NONE;
}

/* The address that it was sent to, and the interface. */
static uint32_t read_beside(struct msghdr *msg, struct addr6 *dst)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			memcpy(dst, &info.ipi6_addr, sizeof *dst);
			return info.ipi6_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			struct addr4 a;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			memcpy(&a, &info.ipi_addr, sizeof a);
			*dst = addr6_from_v4(a);
			return (uint32_t)info.ipi_ifindex;
		}
	}
	return 0;
}

/* n octets of data stand at pkt + HEADS_OCT; the headers are written in front of them. Where the packet begins; NULL: it makes none. */
static const uint8_t *rebuild(uint8_t *pkt, size_t n, const void *from, bool is_v4, const struct addr6 *dst, uint16_t port, size_t *len_oct)
{
	const size_t heads = is_v4 ? IP4_HEAD_OCT + UDP_HEAD_OCT : HEADS_OCT;
	uint8_t *start = pkt + HEADS_OCT - heads;
	struct wr w = wr_of(start, heads + n);

	if (is_v4) {
		const struct sockaddr_in *sa = from;
		struct addr4 a;
		memcpy(&a, &sa->sin_addr, sizeof a);
		const struct ip4_path path = {.src = addr6_from_v4(a), .dst = *dst, .ttl = 64};
		const struct udp4_build b = udp4_begin(&w, &path, ntohs(sa->sin_port), port);
		(void)wr_room(&w, n);
		*len_oct = udp4_finish(&w, &b);
	} else {
		const struct sockaddr_in6 *sa = from;
		struct addr6 a;
		memcpy(&a, &sa->sin6_addr, sizeof a);
		udp6_begin(&w, &a, dst, 64, ntohs(sa->sin6_port), port);
		(void)wr_room(&w, n);
		*len_oct = udp6_finish(&w);
	}
	return *len_oct ? start : NULL;
}

void portin_read(const struct portin *u, unsigned which, unsigned max, portin_fn fn, void *ctx)
{
	static uint8_t pkt[HEADS_OCT + DATA_OCT];
	_Alignas(struct cmsghdr) char control[128];

	while (max--) {
		struct sockaddr_in6 from = {0}; /* room for either family */
		struct iovec iov = {pkt + HEADS_OCT, DATA_OCT};
		struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
				     .msg_control = control, .msg_controllen = sizeof control};
		ssize_t n = recvmsg(u->fd[which], &msg, 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			continue; /* an error that somebody's ICMP message told */
		if (n < 0)
			return;
		struct addr6 dst = addr6_any;
		const uint32_t ifindex = read_beside(&msg, &dst);
		size_t len;
		const uint8_t *start = rebuild(pkt, (size_t)n, &from, which == PORTIN_V4, &dst, u->port, &len);
		if (start && !(msg.msg_flags & MSG_TRUNC))
			fn(ctx, ifindex, start, len);
	}
}
