/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture of control messages: what the figures about signalling come from.
 *
 *	tap IF [IF...]
 *
 * Prints one line a message, data left out:
 *
 *	NANOSECONDS INTERFACE in|out CLASS TYPE SOURCE DESTINATION DEPTH HEX
 *
 * CLASS is mh (Mobility Header, TYPE its type), mld (143 report, 130 query ...), nd (133 to 137), icmp, or
 * udp for the suite's own datagrams (TYPE the destination port; --udp PORT names one); of IPv4: mip (to or from UDP port 434, TYPE
 * that of RFC 5944's message; tunnels over that port are data), igmp (TYPE its type), icmp4, arp (TYPE its operation). DEPTH is the
 * number of tunnel headers around it. HEX is the message from its own header on (mip: without that of UDP), HEX_MAX bytes at most.
 * A filter in the kernel lets only packets with an extension header, ICMP, IGMP, registration or a tunnel that holds one of them
 * pass, so that a fast data flow costs nothing here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { IF_MAX = 16, UDP_MAX = 4, HEX_MAX = 192, EXT_MAX = 16, TUNNEL_MAX = 4 };
enum { P_HBH = 0, P_ICMP4 = 1, P_IGMP = 2, P_IP4 = 4, P_TCP = 6, P_UDP = 17, P_IP6 = 41, P_ROUTING = 43, P_FRAGMENT = 44, P_GRE = 47, P_ICMP6 = 58, P_DSTOPT = 60, P_MH = 135 };
enum { PORT_MIP = 434, MIP_DATA = 4 }; /* RFC 5944, RFC 3519 */

static struct { int fd; const char *name; } taps[IF_MAX];
static uint32_t n_taps;
static uint16_t udp_ports[UDP_MAX];
static uint32_t n_udp;

struct message {
	int64_t when_ns;
	const char *ifname, *direction;
	const uint8_t *src, *dst, *at;
	size_t len_oct;
	unsigned depth;
	int family;               /* of src and dst */
};

static void print_message(const struct message *m, const char *class, unsigned type)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	inet_ntop(m->family, m->src, src, sizeof src);
	inet_ntop(m->family, m->dst, dst, sizeof dst);
	printf("%lld %s %s %s %u %s %s %u ", (long long)m->when_ns, m->ifname, m->direction, class, type, src, dst, m->depth);
	for (size_t i = 0; i < m->len_oct && i < HEX_MAX; i++)
		printf("%02x", m->at[i]);
	putchar('\n');
}

static void on_icmp(const struct message *m)
{
	unsigned type = m->at[0];
	bool is_mld = (type >= 130 && type <= 132) || type == 143;
	print_message(m, is_mld ? "mld" : type >= 133 && type <= 137 ? "nd" : "icmp", type);
}

static void on_registration(struct message m)
{
	m.at += 8;
	m.len_oct -= 8;
	if (m.len_oct && m.at[0] != MIP_DATA)
		print_message(&m, "mip", m.at[0]);
}

static void on_udp(const struct message *m)
{
	unsigned from = (unsigned)m->at[0] << 8 | m->at[1], port = (unsigned)m->at[2] << 8 | m->at[3];
	if (m->family == AF_INET && (from == PORT_MIP || port == PORT_MIP))
		on_registration(*m);
	for (uint32_t i = 0; i < n_udp; i++)
		if (port == udp_ports[i])
			print_message(m, "udp", port);
}

static void on_ip(struct message m, const uint8_t *p, size_t len);

static void on_gre(struct message m, const uint8_t *p, size_t len)
{
	size_t skip = 4;
	if (len < 4)
		return;
	for (unsigned bit = 0x80; bit >= 0x10; bit >>= 1) /* checksum, (routing), key, sequence: 4 bytes each */
		skip += (p[0] & bit & 0xb0) ? 4 : 0;
	m.depth++;
	if (len > skip && m.depth < TUNNEL_MAX)
		on_ip(m, p + skip, len - skip);
}

/* What a header other than an extension header holds. */
static void on_payload(struct message m, uint8_t proto, const uint8_t *p, size_t len)
{
	m.at = p;
	m.len_oct = len;
	if (proto == P_MH && len >= 6)
		print_message(&m, "mh", p[2]);
	else if (proto == P_ICMP6 && len >= 4)
		on_icmp(&m);
	else if (proto == P_ICMP4 && len >= 4)
		print_message(&m, "icmp4", p[0]);
	else if (proto == P_IGMP && len >= 8)
		print_message(&m, "igmp", p[0]);
	else if (proto == P_UDP && len >= 8)
		on_udp(&m);
	else if (proto == P_GRE)
		on_gre(m, p, len);
	else if ((proto == P_IP6 || proto == P_IP4) && ++m.depth < TUNNEL_MAX)
		on_ip(m, p, len);
}

static void on_ip6(struct message m, const uint8_t *p, size_t len)
{
	if (len < 40 || p[0] >> 4 != 6)
		return;
	uint8_t proto = p[6];
	m.family = AF_INET6;
	m.src = p + 8;
	m.dst = p + 24;
	p += 40;
	len -= 40;
	for (int i = 0; i < EXT_MAX && (proto == P_HBH || proto == P_ROUTING || proto == P_DSTOPT); i++) {
		if (len < 8 || len < (size_t)(p[1] + 1) * 8)
			return;
		size_t n = (size_t)(p[1] + 1) * 8;
		proto = p[0];
		p += n;
		len -= n;
	}
	on_payload(m, proto, p, len);
}

/* The first fragment tells; padding of the link is not part of the packet. */
static void on_ip4(struct message m, const uint8_t *p, size_t len)
{
	size_t header = (size_t)(p[0] & 15) * 4, total;
	if (len < 20 || header < 20 || header > len || (p[6] & 0x1f) || p[7])
		return;
	total = (size_t)p[2] << 8 | p[3];
	if (total >= header && total < len)
		len = total;
	m.family = AF_INET;
	m.src = p + 12;
	m.dst = p + 16;
	on_payload(m, p[9], p + header, len - header);
}

static void on_ip(struct message m, const uint8_t *p, size_t len)
{
	if (len && p[0] >> 4 == 4)
		on_ip4(m, p, len);
	else if (len)
		on_ip6(m, p, len);
}

static void on_arp(struct message m, const uint8_t *p, size_t len)
{
	if (len < 28)
		return;
	m.family = AF_INET;
	m.src = p + 14;
	m.dst = p + 24;
	m.at = p;
	m.len_oct = 28;
	print_message(&m, "arp", p[7]);
}

static void on_frame(struct message m, const uint8_t *p, size_t len)
{
	unsigned type = (unsigned)p[12] << 8 | p[13];
	if (type == ETH_P_ARP)
		on_arp(m, p + ETH_HLEN, len - ETH_HLEN);
	else
		on_ip(m, p + ETH_HLEN, len - ETH_HLEN);
}

#define LOAD(size, mode, k) BPF_STMT(BPF_LD | BPF_##size | BPF_##mode, k)
#define SKIP_UNLESS(k, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, n)
#define TAKE_IF(k) SKIP_UNLESS(k, 1), TAKE
#define TAKE BPF_STMT(BPF_RET | BPF_K, 2048)
#define LEAVE BPF_STMT(BPF_RET | BPF_K, 0)

/* UDP at X + `at`: to or from the registration port, unless it is a tunnel over that port. Ten instructions. */
#define TAKE_REGISTRATION(at) \
	LOAD(B, IND, (at) + 8), SKIP_UNLESS(MIP_DATA, 1), LEAVE, \
	LOAD(H, IND, (at)), TAKE_IF(PORT_MIP), LOAD(H, IND, (at) + 2), TAKE_IF(PORT_MIP), LEAVE

/*
 * ARP, and IPv4's control messages, bare or in one tunnel (IP-in-IP, GRE with no or one optional word) whose inner header has no options.
 * What is not IPv4 goes on behind.
 */
#define FILTER_IPV4 \
	LOAD(H, ABS, 12), \
	TAKE_IF(ETH_P_ARP), \
	SKIP_UNLESS(ETH_P_IP, 51), \
	LOAD(B, ABS, 14 + 9), \
	TAKE_IF(P_ICMP4), TAKE_IF(P_IGMP), TAKE_IF(P_MH), \
	SKIP_UNLESS(P_UDP, 11), \
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14), \
	TAKE_REGISTRATION(14), \
	SKIP_UNLESS(P_IP4, 2), \
	BPF_STMT(BPF_LDX | BPF_IMM, 14 + 20), \
	BPF_JUMP(BPF_JMP | BPF_JA, 9, 0, 0), \
	SKIP_UNLESS(P_GRE, 7), \
	LOAD(H, ABS, 14 + 20 + 2), \
	SKIP_UNLESS(ETH_P_IP, 5), \
	LOAD(B, ABS, 14 + 20), \
	BPF_STMT(BPF_LDX | BPF_IMM, 14 + 20 + 8), \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0xb0, 3, 0), \
	BPF_STMT(BPF_LDX | BPF_IMM, 14 + 20 + 4), \
	BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), \
	LEAVE, \
	LOAD(B, IND, 9), \
	TAKE_IF(P_ICMP4), TAKE_IF(P_IGMP), TAKE_IF(P_MH), TAKE_IF(P_IP4), \
	SKIP_UNLESS(P_UDP, 9), \
	TAKE_REGISTRATION(20)

/*
 * A = next header. With an extension header of route optimisation (routing, destination options): accept unless it is data that travels
 * with it. Otherwise accept HBH, fragment, ICMPv6, MH, and UDP when a port is watched; for
 * tunnels the same question of the inner header (GRE with one optional word: that of this suite), which may hold any extension header.
 */
static void set_filter(int fd)
{
	const uint32_t udp = n_udp ? P_UDP : P_ICMP6;
	struct sock_filter code[] = {
		FILTER_IPV4,
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 22),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_IP6, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 40 + 6),
		BPF_JUMP(BPF_JMP | BPF_JA, 9, 0, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_GRE, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 40 + 8 + 6),
		BPF_JUMP(BPF_JMP | BPF_JA, 6, 0, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_ROUTING, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_DSTOPT, 0, 4),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 40),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_UDP, n_udp ? 10 : 11, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_TCP, 10, 0),
		BPF_JUMP(BPF_JMP | BPF_JA, 8, 0, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_HBH, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_ROUTING, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_FRAGMENT, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_DSTOPT, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_ICMP6, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_MH, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, P_IP6, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, udp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 2048),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = sizeof code / sizeof *code, .filter = code };
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog))
		tool_die("tap: filter: %s", strerror(errno));
}

static void drain(uint32_t i)
{
	static uint8_t buffer[2048];
	struct message m = { .ifname = taps[i].name };
	bool is_out;
	ssize_t n;
	while ((n = tool_capture(taps[i].fd, buffer, sizeof buffer, &m.when_ns, &is_out)) >= 0) {
		m.direction = is_out ? "out" : "in";
		if (n > ETH_HLEN)
			on_frame(m, buffer, (size_t)n);
	}
	fflush(stdout);
}

static void open_tap(const char *name)
{
	if (n_taps == IF_MAX)
		tool_die("tap: %d interfaces at most", IF_MAX);
	taps[n_taps].fd = tool_capture_socket(name);
	set_filter(taps[n_taps].fd);
	taps[n_taps++].name = name;
}

int main(int argc, char **argv)
{
	struct pollfd p[IF_MAX];
	tool_signals();
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--udp") && i + 1 < argc && n_udp < UDP_MAX)
			udp_ports[n_udp++] = (uint16_t)tool_number("--udp", argv[++i], 1, 65535);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--udp"))
			i++;
		else
			open_tap(argv[i]);
	}
	tool_ready();
	while (!tool_stop) {
		for (uint32_t i = 0; i < n_taps; i++)
			p[i] = (struct pollfd){ taps[i].fd, POLLIN, 0 };
		poll(p, n_taps, 100);
		for (uint32_t i = 0; i < n_taps; i++)
			drain(i);
	}
	return 0;
}
