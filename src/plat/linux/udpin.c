/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/udpin.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"

enum { BATCH = 32, HEADS_OCT = 48 /* of IPv6 and UDP */, DATAGRAM_OCT = 9216, ROOM_OCT = 8 << 20 };

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

static int open_one(bool is_v4, uint16_t port)
{
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

int udpin_open(const struct addr6 *group, uint16_t port) { return open_one(addr6_is_v4mapped(group), port); }

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

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* data stands HEADS_OCT octets behind the beginning of its memory. */
struct datagram { uint32_t ifindex; struct addr6 src, dst; uint16_t sport; bool is_v4; uint8_t *data; size_t len_oct; };
typedef void (*datagram_fn)(void *ctx, const struct datagram *d);

/* The address that it was sent to, and the interface. */
static void read_beside(struct msghdr *m, struct datagram *d)
{
	struct in_pktinfo v4;
	struct in6_pktinfo v6;
	struct addr4 a;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof v4);
			memcpy(&a, &v4.ipi_addr, sizeof a);
			d->dst = addr6_from_v4(a);
			d->ifindex = (uint32_t)v4.ipi_ifindex;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof v6);
			memcpy(&d->dst, &v6.ipi6_addr, sizeof d->dst);
			d->ifindex = v6.ipi6_ifindex;
		}
	}
}

static void read_source(const union end *e, struct datagram *d)
{
	struct addr4 a;

	d->is_v4 = e->any.sa_family == AF_INET;
	d->sport = ntohs(d->is_v4 ? e->v4.sin_port : e->v6.sin6_port);
	memcpy(&a, &e->v4.sin_addr, sizeof a);
	if (d->is_v4)
		d->src = addr6_from_v4(a);
	else
		memcpy(&d->src, &e->v6.sin6_addr, sizeof d->src);
}

/* Room for a batch, the same for every socket: the process has one thread. */
static struct {
	uint8_t data[BATCH][HEADS_OCT + DATAGRAM_OCT];
	_Alignas(struct cmsghdr) char control[BATCH][128];
	union end from[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
} in;

static int receive(int fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		in.iov[i] = (struct iovec){in.data[i] + HEADS_OCT, DATAGRAM_OCT};
		in.msg[i].msg_hdr = (struct msghdr){.msg_name = &in.from[i], .msg_namelen = sizeof in.from[i], .msg_iov = &in.iov[i], .msg_iovlen = 1,
						    .msg_control = in.control[i], .msg_controllen = sizeof in.control[i]};
	}
	return recvmmsg(fd, in.msg, n, MSG_DONTWAIT, NULL);
}

static void read_some(int fd, unsigned max, datagram_fn fn, void *ctx)
{
	while (max) {
		const unsigned want = max < BATCH ? max : BATCH;
		const int n = receive(fd, want);

		for (int i = 0; i < n; i++) {
			struct datagram d = {.data = in.data[i] + HEADS_OCT, .len_oct = in.msg[i].msg_len};
			read_source(&in.from[i], &d);
			read_beside(&in.msg[i].msg_hdr, &d);
			if (!(in.msg[i].msg_hdr.msg_flags & MSG_TRUNC))
				fn(ctx, &d);
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			max--; /* an error that somebody's ICMP message told */
			continue;
		}
		if (n < (int)want)
			return;
		max -= want;
	}
}

struct data_reader { udpin_fn fn; void *ctx; };

static void give_data(void *ctx, const struct datagram *d)
{
	const struct data_reader *r = ctx;
	r->fn(r->ctx, d->ifindex, &d->src, d->data, d->len_oct);
}

void udpin_read(int fd, unsigned max, udpin_fn fn, void *ctx) { read_some(fd, max, give_data, &(struct data_reader){fn, ctx}); }

/* --- a port of both families ---------------------------------------------------------------------------------------- */

int udpin_port_open(struct udpin_port *u, uint16_t port)
{
	*u = (struct udpin_port){{-1, -1}, port};
	for (unsigned i = 0; i < UDPIN_N; i++) {
		u->fd[i] = open_one(i == UDPIN_V4, port);
		if (u->fd[i] < 0 && errno != EAFNOSUPPORT) {
			int error = errno;
			udpin_port_close(u);
			errno = error;
			return ERR_SYS;
		}
	}
	return 0;
}

void udpin_port_close(struct udpin_port *u)
{
	for (unsigned i = 0; i < UDPIN_N; i++)
		if (u->fd[i] >= 0)
			close(u->fd[i]);
	*u = (struct udpin_port){{-1, -1}, 0};
}

/* The headers are written in front of the data. Where the packet begins; NULL: it makes none. */
static const uint8_t *rebuild(const struct datagram *d, uint16_t port, size_t *len_oct)
{
	const size_t heads = d->is_v4 ? IP4_HEAD_OCT + UDP_HEAD_OCT : HEADS_OCT;
	uint8_t *start = d->data - heads;
	struct wr w = wr_of(start, heads + d->len_oct);

	if (d->is_v4) {
		const struct udp4_build b = udp4_begin(&w, &(struct ip4_path){.src = d->src, .dst = d->dst, .ttl = 64}, d->sport, port);
		(void)wr_room(&w, d->len_oct);
		*len_oct = udp4_finish(&w, &b);
	} else {
		udp6_begin(&w, &d->src, &d->dst, 64, d->sport, port);
		(void)wr_room(&w, d->len_oct);
		*len_oct = udp6_finish(&w);
	}
	return *len_oct ? start : NULL;
}

struct packet_reader { udpin_packet_fn fn; void *ctx; uint16_t port; };

static void give_packet(void *ctx, const struct datagram *d)
{
	const struct packet_reader *r = ctx;
	size_t len;
	const uint8_t *start = rebuild(d, r->port, &len);
	if (start)
		r->fn(r->ctx, d->ifindex, start, len);
}

void udpin_port_read(const struct udpin_port *u, unsigned which, unsigned max, udpin_packet_fn fn, void *ctx)
{
	read_some(u->fd[which], max, give_packet, &(struct packet_reader){fn, ctx, u->port});
}
