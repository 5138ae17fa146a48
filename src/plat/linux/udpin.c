/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/udpin.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

enum { BATCH = 32, DATAGRAM_OCT = 9216, ROOM_OCT = 8 << 20 };

union end { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; };

static int set(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value); }

static int bind_v4(int fd, uint16_t port)
{
	const struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};

	return set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) || set(fd, IPPROTO_IP, IP_PKTINFO, 1) ||
	       bind(fd, (const struct sockaddr *)&here, sizeof here);
}

static int bind_v6(int fd, uint16_t port)
{
	const struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) || set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) ||
	       set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) || bind(fd, (const struct sockaddr *)&here, sizeof here);
}

int udpin_open(const struct addr6 *group, uint16_t port)
{
	const bool is_v4 = addr6_is_v4mapped(group);
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, ROOM_OCT))
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, ROOM_OCT);
	if (is_v4 ? bind_v4(fd, port) : bind_v6(fd, port)) {
		const int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int udpin_join(int fd, const struct addr6 *group, uint32_t ifindex)
{
	struct ip_mreqn v4 = {.imr_ifindex = (int)ifindex};
	struct ipv6_mreq v6 = {.ipv6mr_interface = ifindex};

	memcpy(&v4.imr_multiaddr, group->b + 12, 4);
	memcpy(&v6.ipv6mr_multiaddr, group->b, 16);
	const int rc = addr6_is_v4mapped(group) ? setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof v4)
						: setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &v6, sizeof v6);
	return rc && errno != EADDRINUSE ? ERR_SYS : 0;
}

static uint32_t ifindex_of(struct msghdr *m)
{
	struct in_pktinfo v4;
	struct in6_pktinfo v6;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof v4);
			return (uint32_t)v4.ipi_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof v6);
			return v6.ipi6_ifindex;
		}
	}
	return 0;
}

static struct addr6 source_of(const union end *e)
{
	struct addr6 a;
	struct addr4 v4;

	if (e->any.sa_family == AF_INET) {
		memcpy(&v4, &e->v4.sin_addr, sizeof v4);
		return addr6_from_v4(v4);
	}
	memcpy(&a, &e->v6.sin6_addr, sizeof a);
	return a;
}

/* Room for a batch, the same for every socket: the process has one thread. */
static struct {
	uint8_t data[BATCH][DATAGRAM_OCT];
	_Alignas(struct cmsghdr) char control[BATCH][128];
	union end from[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
} in;

static int receive(int fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		in.iov[i] = (struct iovec){in.data[i], DATAGRAM_OCT};
		in.msg[i].msg_hdr = (struct msghdr){.msg_name = &in.from[i], .msg_namelen = sizeof in.from[i], .msg_iov = &in.iov[i], .msg_iovlen = 1,
						    .msg_control = in.control[i], .msg_controllen = sizeof in.control[i]};
	}
	return recvmmsg(fd, in.msg, n, MSG_DONTWAIT, NULL);
}

void udpin_read(int fd, unsigned max, udpin_fn fn, void *ctx)
{
	while (max) {
		const unsigned want = max < BATCH ? max : BATCH;
		const int n = receive(fd, want);

		for (int i = 0; i < n; i++) {
			const struct addr6 src = source_of(&in.from[i]);
			if (!(in.msg[i].msg_hdr.msg_flags & MSG_TRUNC))
				fn(ctx, ifindex_of(&in.msg[i].msg_hdr), &src, in.data[i], in.msg[i].msg_len);
		}
		if (n < (int)want)
			return;
		max -= want;
	}
}
