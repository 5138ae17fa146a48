/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/send.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

enum { BATCH = 128, ROOM_OCT = 16 << 20 };
enum { SRC6_AT = 8, DST6_AT = 24, HEAD6_OCT = 40, SRC4_AT = 12, DST4_AT = 16, HEAD4_OCT = 20 };

/* How a packet leaves: one socket each. */
enum way { WAY_FRAME, WAY_RAW6, WAY_RAW4, WAY_N };

union target {
	struct sockaddr_ll frame;
	struct sockaddr_in6 raw6;
	struct sockaddr_in raw4;
};

struct sender {
	int fd[WAY_N];
	enum way way;             /* what is queued now */
	uint32_t n;
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	union target to[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
	void (*before)(void *ctx);
	void *before_ctx;
	struct sender_stats stats;
};

static int set(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value); }

/* Sources need not be ours; a group or a broadcast may be a destination by the routing table. */
static int open_all(struct sender *s)
{
	const int room = ROOM_OCT;

	s->fd[WAY_FRAME] = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->fd[WAY_RAW6] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	s->fd[WAY_RAW4] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	for (int w = 0; w < WAY_N; w++) {
		if (s->fd[w] < 0)
			return ERR_SYS;
		setsockopt(s->fd[w], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	}
	if (set(s->fd[WAY_RAW6], IPPROTO_IPV6, IPV6_HDRINCL, 1) || set(s->fd[WAY_RAW6], IPPROTO_IPV6, IPV6_FREEBIND, 1) ||
	    set(s->fd[WAY_RAW4], IPPROTO_IP, IP_HDRINCL, 1) || set(s->fd[WAY_RAW4], IPPROTO_IP, IP_FREEBIND, 1) ||
	    set(s->fd[WAY_RAW4], SOL_SOCKET, SO_BROADCAST, 1))
		return ERR_SYS;
	return 0;
}

int sender_open(struct sender **out)
{
	struct sender *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	memset(s->fd, 0xff, sizeof s->fd);
	if (open_all(s)) {
		sender_close(s);
		return ERR_SYS;
	}
	*out = s;
	return 0;
}

void sender_close(struct sender *s)
{
	if (!s)
		return;
	for (int w = 0; w < WAY_N; w++)
		if (s->fd[w] >= 0)
			close(s->fd[w]);
	free(s);
}

static void target_frame(struct sender *s, uint32_t i, uint32_t ifindex, const struct lladdr *lladdr, uint16_t ethertype)
{
	struct sockaddr_ll *to = &s->to[i].frame;

	*to = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = (int)ifindex, .sll_halen = 6};
	memcpy(to->sll_addr, lladdr, sizeof *lladdr);
	s->msg[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to};
}

static void put_control(struct sender *s, uint32_t i, int level, int type, const void *info, size_t len_oct)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)s->control[i];

	*c = (struct cmsghdr){.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len_oct)};
	memcpy(CMSG_DATA(c), info, len_oct);
	s->msg[i].msg_hdr.msg_control = c;
	s->msg[i].msg_hdr.msg_controllen = CMSG_SPACE(len_oct);
}

/* The source goes along so that the kernel routes by it and does not look for one itself. */
static void target_raw6(struct sender *s, uint32_t i, uint32_t ifindex, const void *pkt)
{
	struct in6_pktinfo info = {.ipi6_ifindex = ifindex};
	struct sockaddr_in6 *to = &s->to[i].raw6;

	*to = (struct sockaddr_in6){.sin6_family = AF_INET6};
	memcpy(&to->sin6_addr, (const char *)pkt + DST6_AT, sizeof to->sin6_addr);
	memcpy(&info.ipi6_addr, (const char *)pkt + SRC6_AT, sizeof info.ipi6_addr);
	s->msg[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to};
	put_control(s, i, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static void target_raw4(struct sender *s, uint32_t i, uint32_t ifindex, const void *pkt)
{
	struct in_pktinfo info = {.ipi_ifindex = (int)ifindex};
	struct sockaddr_in *to = &s->to[i].raw4;

	*to = (struct sockaddr_in){.sin_family = AF_INET};
	memcpy(&to->sin_addr, (const char *)pkt + DST4_AT, sizeof to->sin_addr);
	memcpy(&info.ipi_spec_dst, (const char *)pkt + SRC4_AT, sizeof info.ipi_spec_dst);
	s->msg[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to};
	put_control(s, i, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

/* The place of another message in the queue. */
static uint32_t enqueue(struct sender *s, enum way way, const void *bytes, size_t len_oct)
{
	if (s->n == BATCH || (s->n && s->way != way))
		sender_flush(s);
	s->way = way;
	s->iov[s->n] = (struct iovec){(void *)(uintptr_t)bytes, len_oct};
	return s->n++;
}

static void attach_bytes(struct sender *s, uint32_t i)
{
	s->msg[i].msg_hdr.msg_iov = &s->iov[i];
	s->msg[i].msg_hdr.msg_iovlen = 1;
}

static void send_frame(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, uint16_t ethertype, const void *bytes, size_t len_oct)
{
	const uint32_t i = enqueue(s, WAY_FRAME, bytes, len_oct);

	target_frame(s, i, ifindex, lladdr, ethertype);
	attach_bytes(s, i);
}

static void send_raw(struct sender *s, enum way way, uint32_t ifindex, const void *pkt, size_t len_oct)
{
	const uint32_t i = enqueue(s, way, pkt, len_oct);

	if (way == WAY_RAW4)
		target_raw4(s, i, ifindex, pkt);
	else
		target_raw6(s, i, ifindex, pkt);
	attach_bytes(s, i);
}

static void send6(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *pkt, size_t len_oct)
{
	struct lladdr mapped;
	struct addr6 dst;

	memcpy(&dst, (const char *)pkt + DST6_AT, sizeof dst);
	if (ifindex && !lladdr && addr6_is_multicast(&dst)) {
		mapped = lladdr_of_multicast(&dst);
		lladdr = &mapped;
	}
	if (ifindex && lladdr)
		send_frame(s, ifindex, lladdr, ETHERTYPE_IPV6, pkt, len_oct);
	else
		send_raw(s, WAY_RAW6, ifindex, pkt, len_oct);
}

static void send4(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *pkt, size_t len_oct)
{
	static const struct lladdr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	static const struct addr4 everybody = {{255, 255, 255, 255}};
	struct lladdr mapped;
	struct addr4 dst4;

	memcpy(&dst4, (const char *)pkt + DST4_AT, sizeof dst4);
	const struct addr6 dst = addr6_from_v4(dst4);
	if (ifindex && !lladdr && addr6_is_v4multicast(&dst)) {
		mapped = lladdr_of_multicast4(&dst);
		lladdr = &mapped;
	} else if (ifindex && !lladdr && !memcmp(&dst4, &everybody, sizeof dst4))
		lladdr = &all;
	if (ifindex && lladdr)
		send_frame(s, ifindex, lladdr, ETHERTYPE_IP, pkt, len_oct);
	else
		send_raw(s, WAY_RAW4, ifindex, pkt, len_oct);
}

void sender_send(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *pkt, size_t len_oct)
{
	const int version = len_oct ? *(const uint8_t *)pkt >> 4 : 0;

	if (version == 6 && len_oct >= HEAD6_OCT)
		send6(s, ifindex, lladdr, pkt, len_oct);
	else if (version == 4 && len_oct >= HEAD4_OCT)
		send4(s, ifindex, lladdr, pkt, len_oct);
	else
		s->stats.failed++;
}

void sender_from_host(struct sender *s, uint32_t ifindex, const void *pkt, size_t len_oct)
{
	if (len_oct >= HEAD4_OCT && *(const uint8_t *)pkt >> 4 == 4)
		send_raw(s, WAY_RAW4, ifindex, pkt, len_oct);
	else
		s->stats.failed++;
}

void sender_arp(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *arp, size_t len_oct)
{
	send_frame(s, ifindex, lladdr, ETHERTYPE_ARP, arp, len_oct);
}

void sender_flush(struct sender *s)
{
	const int fd = s->fd[s->way];
	uint32_t done = 0;

	if (s->n && s->before)
		s->before(s->before_ctx);
	while (done < s->n) {
		int n = sendmmsg(fd, s->msg + done, s->n - done, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			s->stats.last_errno = errno;
			s->stats.failed++;
			n = 1; /* that one is lost; go on with the next */
		} else
			s->stats.sent += (uint32_t)n;
		done += (uint32_t)n;
	}
	s->n = 0;
}

void sender_before(struct sender *s, void (*fn)(void *ctx), void *ctx)
{
	s->before = fn;
	s->before_ctx = ctx;
}

struct sender_stats sender_stats(const struct sender *s)
{
	return s->stats;
}
