/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/rawin4.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "wire/ip/udp4.h"

enum { PACKET_OCT = 65536, UDP = RAWIN4_N - 1, HEADS_OCT = IP4_HEAD_OCT + UDP_HEAD_OCT, ROOM_OCT = 4 << 20 };

static const uint8_t protocols[RAWIN4_N] = {IPPROTO_IPIP, IPPROTO_GRE, 55, 135, IPPROTO_UDP};

static int open_one(unsigned which)
{
	static const int options[] = {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS};
	const bool is_udp = which == UDP;
	const int on = 1, room = ROOM_OCT;
	int fd = socket(AF_INET, (is_udp ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC, is_udp ? 0 : protocols[which]);

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		setsockopt(fd, IPPROTO_IP, options[i], &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	return fd;
}

static int open_udp(void)
{
	const struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(RAWIN4_PORT)};
	int fd = open_one(UDP);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&here, sizeof here)) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int rawin4_open(struct rawin4 *r, bool *has_udp, int *udp_errno)
{
	*r = (struct rawin4)RAWIN4_NONE;
	for (unsigned i = 0; i < UDP; i++)
		if ((r->fd[i] = open_one(i)) < 0) {
			rawin4_close(r);
			return ERR_SYS;
		}
	r->fd[UDP] = open_udp();
	*has_udp = r->fd[UDP] >= 0;
	*udp_errno = *has_udp ? 0 : errno;
	return 0;
}

void rawin4_close(struct rawin4 *r)
{
	for (unsigned i = 0; i < RAWIN4_N; i++) {
		if (r->fd[i] >= 0)
			close(r->fd[i]);
		r->fd[i] = -1;
	}
}

struct beside { struct in_pktinfo info; int ttl; uint8_t tos; };

static struct beside read_beside(struct msghdr *msg)
{
	struct beside b = {.ttl = 64};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_IP)
			continue;
		if (c->cmsg_type == IP_PKTINFO)
			memcpy(&b.info, CMSG_DATA(c), sizeof b.info);
		else if (c->cmsg_type == IP_TTL)
			memcpy(&b.ttl, CMSG_DATA(c), sizeof b.ttl);
		else if (c->cmsg_type == IP_TOS)
			memcpy(&b.tos, CMSG_DATA(c), sizeof b.tos);
	}
	return b;
}

static struct addr6 mapped(struct in_addr a)
{
	struct addr4 v4;
	memcpy(&v4, &a, sizeof v4);
	return addr6_from_v4(v4);
}

/* Both headers in front of the n octets of data that stand behind their place. The packet's length, or 0. */
static size_t rebuild(uint8_t *pkt, size_t n, const struct beside *b, const struct sockaddr_in *from)
{
	const struct ip4_path path = {.src = mapped(from->sin_addr), .dst = mapped(b->info.ipi_addr), .ttl = (uint8_t)b->ttl, .tos = b->tos};
	struct wr w = wr_of(pkt, HEADS_OCT + n);
	const struct udp4_build whole = udp4_begin(&w, &path, ntohs(from->sin_port), RAWIN4_PORT);

	(void)wr_room(&w, n); /* is there already */
	return udp4_finish(&w, &whole);
}

void rawin4_read(const struct rawin4 *r, unsigned which, unsigned max, rawin4_fn fn, void *ctx)
{
	static uint8_t pkt[PACKET_OCT + HEADS_OCT];
	_Alignas(struct cmsghdr) char control[256];
	const size_t before = which == UDP ? HEADS_OCT : 0;

	while (max--) {
		struct sockaddr_in from = {0};
		struct iovec iov = {pkt + before, sizeof pkt - before};
		struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
				     .msg_control = control, .msg_controllen = sizeof control};
		ssize_t n = recvmsg(r->fd[which], &msg, 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR && which == UDP)
			continue; /* an error that somebody's ICMP message told */
		if (n < 0)
			return;
		const struct beside b = read_beside(&msg);
		size_t len = which == UDP ? rebuild(pkt, (size_t)n, &b, &from) : (size_t)n;
		if (len && !(msg.msg_flags & MSG_TRUNC))
			fn(ctx, (uint32_t)b.info.ipi_ifindex, protocols[which], pkt, len);
	}
}
