/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts every IPv6 packet on some interfaces by how it travels: the proof of paths and tunnels.
 *
 *	tally IF [IF...]
 *
 * On SIGTERM prints one line for each kind seen:
 *
 *	INTERFACE in|out SOURCE DESTINATION PROTOCOL INNER-SOURCE INNER-DESTINATION INNER-PROTOCOL PACKETS
 *
 * PROTOCOL is the one after extension headers (17, 6, 41, 47, 58, 135); INNER-... are "- - -" without a tunnel.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tool.h"

enum { IF_MAX = 16, KINDS = 4096, EXT_MAX = 16, P_IP6 = 41, P_GRE = 47 };

struct address { uint8_t src[16], dst[16], proto; };
struct kind {
	uint8_t tap, is_out, has_inner;
	struct address outer, inner;
};

static struct { int fd; const char *name; } taps[IF_MAX];
static uint32_t n_taps;
static struct kind kinds[KINDS];
static uint64_t counts[KINDS];
static uint32_t n_kinds, last;

static void count(const struct kind *k)
{
	if (last < n_kinds && !memcmp(&kinds[last], k, sizeof *k)) {
		counts[last]++;
		return;
	}
	for (last = 0; last < n_kinds; last++)
		if (!memcmp(&kinds[last], k, sizeof *k))
			break;
	if (last == KINDS)
		tool_die("tally: more than %d kinds of packets", KINDS);
	if (last == n_kinds)
		kinds[n_kinds++] = *k;
	counts[last]++;
}

/* Fills `a` from an IPv6 header and returns what follows its extension headers; NULL when there is nothing. */
static const uint8_t *address_of(struct address *a, const uint8_t *p, const uint8_t *end)
{
	if (end - p < 40 || p[0] >> 4 != 6)
		return NULL;
	memcpy(a->src, p + 8, 16);
	memcpy(a->dst, p + 24, 16);
	a->proto = p[6];
	p += 40;
	for (int i = 0; i < EXT_MAX && (a->proto == 0 || a->proto == 43 || a->proto == 60); i++) {
		if (end - p < 8 || end - p < (p[1] + 1) * 8)
			return NULL;
		a->proto = p[0];
		p += (p[1] + 1) * 8;
	}
	return p;
}

static const uint8_t *inside_tunnel(uint8_t proto, const uint8_t *p, const uint8_t *end)
{
	if (proto == P_IP6)
		return p;
	if (proto != P_GRE || end - p < 4 || p[2] != 0x86 || p[3] != 0xdd)
		return NULL;
	return p + 4 + (p[0] & 0x80 ? 4 : 0) + (p[0] & 0x20 ? 4 : 0) + (p[0] & 0x10 ? 4 : 0);
}

static void on_frame(uint32_t tap, bool is_out, const uint8_t *p, const uint8_t *end)
{
	struct kind k = { 0 };
	k.tap = (uint8_t)tap;
	k.is_out = is_out;
	p = address_of(&k.outer, p, end);
	if (!p)
		return;
	p = inside_tunnel(k.outer.proto, p, end);
	k.has_inner = p && address_of(&k.inner, p, end);
	if (!k.has_inner)
		memset(&k.inner, 0, sizeof k.inner);
	count(&k);
}

static void drain(uint32_t i)
{
	static uint8_t buffer[256];
	struct sockaddr_ll from;
	socklen_t from_len = sizeof from;
	ssize_t n;
	while ((n = recvfrom(taps[i].fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &from_len)) > ETH_HLEN)
		on_frame(i, from.sll_pkttype == PACKET_OUTGOING, buffer + ETH_HLEN, buffer + n);
}

static void print_address(const struct address *a)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	printf(" %s %s %u", inet_ntop(AF_INET6, a->src, src, sizeof src), inet_ntop(AF_INET6, a->dst, dst, sizeof dst), a->proto);
}

static void print_kinds(void)
{
	for (uint32_t i = 0; i < n_kinds; i++) {
		printf("%s %s", taps[kinds[i].tap].name, kinds[i].is_out ? "out" : "in");
		print_address(&kinds[i].outer);
		if (kinds[i].has_inner)
			print_address(&kinds[i].inner);
		else
			printf(" - - -");
		printf(" %llu\n", (unsigned long long)counts[i]);
	}
	fflush(stdout);
}

static void open_tap(const char *name)
{
	int zero = 0;
	if (n_taps == IF_MAX)
		tool_die("tally: %d interfaces at most", IF_MAX);
	taps[n_taps].fd = tool_packet_socket(name, false);
	setsockopt(taps[n_taps].fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &zero, sizeof zero);
	taps[n_taps++].name = name;
}

int main(int argc, char **argv)
{
	struct pollfd p[IF_MAX];
	tool_signals();
	for (int i = 1; i < argc; i++)
		open_tap(argv[i]);
	tool_ready();
	while (!tool_stop) {
		for (uint32_t i = 0; i < n_taps; i++)
			p[i] = (struct pollfd){ taps[i].fd, POLLIN, 0 };
		poll(p, n_taps, 100);
		for (uint32_t i = 0; i < n_taps; i++)
			drain(i);
	}
	print_kinds();
	return 0;
}
