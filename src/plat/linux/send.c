/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/send.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

enum { BATCH = 128, SRC_OFF = 8, DST_OFF = 24, HEADER_OCT = 40, ROOM_OCT = 16 << 20 };

union target {
	struct sockaddr_ll frame;
	struct sockaddr_in6 routed;
};

struct sender {
	int frame_fd, raw_fd;
	bool is_raw;              /* what is queued now */
	uint32_t n;
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	union target to[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
	void (*before)(void *ctx);
	void *before_ctx;
	struct sender_stats stats;
};

int sender_open(struct sender **out)
{
	const int room = ROOM_OCT, on = 1;
	struct sender *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	s->frame_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	s->raw_fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (s->frame_fd < 0 || s->raw_fd < 0 || setsockopt(s->raw_fd, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on) ||
	    setsockopt(s->raw_fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on)) { /* sources need not be ours */
		sender_close(s);
		return ERR_SYS;
	}
	setsockopt(s->frame_fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	setsockopt(s->raw_fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	*out = s;
	return 0;
}

void sender_close(struct sender *s)
{
	if (!s)
		return;
	close(s->frame_fd);
	close(s->raw_fd);
	free(s);
}

static void target_frame(struct sender *s, uint32_t i, uint32_t ifindex, const struct lladdr *lladdr)
{
	struct sockaddr_ll *to = &s->to[i].frame;

	*to = (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_IPV6), .sll_ifindex = (int)ifindex, .sll_halen = 6};
	memcpy(to->sll_addr, lladdr, sizeof *lladdr);
	s->msg[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to};
}

/* The source goes along so that the kernel routes by it and does not look for one itself. */
static void target_routed(struct sender *s, uint32_t i, uint32_t ifindex, const void *pkt)
{
	struct in6_pktinfo info = {.ipi6_ifindex = ifindex};
	struct sockaddr_in6 *to = &s->to[i].routed;

	*to = (struct sockaddr_in6){.sin6_family = AF_INET6};
	memcpy(&to->sin6_addr, (const char *)pkt + DST_OFF, sizeof to->sin6_addr);
	memcpy(&info.ipi6_addr, (const char *)pkt + SRC_OFF, sizeof info.ipi6_addr);
	s->msg[i].msg_hdr = (struct msghdr){.msg_name = to, .msg_namelen = sizeof *to};
	struct cmsghdr *c = (struct cmsghdr *)(void *)s->control[i];
	*c = (struct cmsghdr){.cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO, .cmsg_len = CMSG_LEN(sizeof info)};
	memcpy(CMSG_DATA(c), &info, sizeof info);
	s->msg[i].msg_hdr.msg_control = c;
	s->msg[i].msg_hdr.msg_controllen = sizeof s->control[i];
}

void sender_send(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *pkt, size_t len_oct)
{
	struct lladdr mapped;
	struct addr6 dst;

	if (len_oct < HEADER_OCT) {
		s->stats.failed++;
		return;
	}
	memcpy(&dst, (const char *)pkt + DST_OFF, sizeof dst);
	if (ifindex && !lladdr && addr6_is_multicast(&dst)) {
		mapped = lladdr_of_multicast(&dst);
		lladdr = &mapped;
	}
	const bool is_raw = !ifindex || !lladdr;
	if (s->n == BATCH || (s->n && s->is_raw != is_raw))
		sender_flush(s);
	s->is_raw = is_raw;
	const uint32_t i = s->n++;
	if (is_raw)
		target_routed(s, i, ifindex, pkt);
	else
		target_frame(s, i, ifindex, lladdr);
	s->iov[i] = (struct iovec){(void *)(uintptr_t)pkt, len_oct};
	s->msg[i].msg_hdr.msg_iov = &s->iov[i];
	s->msg[i].msg_hdr.msg_iovlen = 1;
}

void sender_flush(struct sender *s)
{
	const int fd = s->is_raw ? s->raw_fd : s->frame_fd;
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
