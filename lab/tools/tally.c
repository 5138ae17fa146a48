/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts every IP packet on some interfaces by how it travels: the proof of paths and tunnels.
 *
 *	tally IF [IF...]
 *
 * On SIGTERM prints one line for each kind seen:
 *
 *	INTERFACE in|out SOURCE DESTINATION PROTOCOL INNER-SOURCE INNER-DESTINATION INNER-PROTOCOL PACKETS FIRST LAST VIA
 *
 * PROTOCOL is the one after extension headers (17, 6, 4, 41, 47, 55, 58, 135); INNER-... are "- - -" without a tunnel (UDP that carries one,
 * RFC 3519, is one). FIRST and LAST:
 * when the first and the last packet of the kind passed (ns, CLOCK_MONOTONIC). VIA: "hao=ADDRESS" with a Home Address
 * option, "rh2=ADDRESS" with a type 2 routing header, "-" with neither; of the outer header.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tool.h"

enum { IF_MAX = 16, KINDS = 4096, EXT_MAX = 16, P_HBH = 0, P_IP4 = 4, P_UDP = 17, P_IP6 = 41, P_ROUTING = 43, P_GRE = 47, P_MINIMAL = 55, P_DSTOPT = 60,
       HAO = 0xc9, PORT_MIP = 434, MIP_DATA = 4 };
enum via { VIA_NONE, VIA_HAO, VIA_RH2 };

struct address { uint8_t src[16], dst[16], home[16], proto, via; bool is_v4; };
struct kind {
	uint8_t tap, is_out, has_inner;
	struct address outer, inner;
};

static struct { int fd; const char *name; } taps[IF_MAX];
static uint32_t n_taps;
static struct kind kinds[KINDS];
static struct { uint64_t n; int64_t first_ns, last_ns; } counts[KINDS];
static uint32_t n_kinds;

/* Where the kind stands; both directions of a flow alternate, hence two that are looked at first. */
static uint32_t find(const struct kind *k)
{
	static uint32_t recent[2];
	for (uint32_t i = 0; i < 2; i++)
		if (recent[i] < n_kinds && !memcmp(&kinds[recent[i]], k, sizeof *k))
			return recent[i];
	uint32_t at = 0;
	while (at < n_kinds && memcmp(&kinds[at], k, sizeof *k))
		at++;
	if (at == KINDS)
		tool_die("tally: more than %d kinds of packets", KINDS);
	if (at == n_kinds)
		kinds[n_kinds++] = *k;
	recent[0] = recent[1];
	return recent[1] = at;
}

static void count(const struct kind *k, int64_t when_ns)
{
	uint32_t at = find(k);
	counts[at].last_ns = when_ns;
	if (!counts[at].n++)
		counts[at].first_ns = when_ns;
}

/* Remembers a Home Address option (RFC 6275 6.3) or a type 2 routing header (6.4) of an extension header of `len` octets. */
static void note_home(struct address *a, uint8_t proto, const uint8_t *p, size_t len)
{
	if (proto == P_ROUTING && p[2] == 2 && len >= 24) {
		a->via = VIA_RH2;
		memcpy(a->home, p + 8, 16);
	}
	for (size_t at = 2; proto == P_DSTOPT && at + 2 <= len; at += p[at] ? 2u + p[at + 1] : 1u)
		if (p[at] == HAO && p[at + 1] == 16 && at + 18 <= len) {
			a->via = VIA_HAO;
			memcpy(a->home, p + at + 2, 16);
		}
}

/* The same from an IPv4 header. */
static const uint8_t *address4_of(struct address *a, const uint8_t *p, const uint8_t *end)
{
	int header = (p[0] & 15) * 4;
	if (header < 20 || end - p < header)
		return NULL;
	a->is_v4 = true;
	memcpy(a->src, p + 12, 4);
	memcpy(a->dst, p + 16, 4);
	a->proto = p[9];
	return p + header;
}

/* Fills `a` from an IP header and returns what follows its extension headers; NULL when there is nothing. */
static const uint8_t *address_of(struct address *a, const uint8_t *p, const uint8_t *end)
{
	if (end - p >= 20 && p[0] >> 4 == 4)
		return address4_of(a, p, end);
	if (end - p < 40 || p[0] >> 4 != 6)
		return NULL;
	memcpy(a->src, p + 8, 16);
	memcpy(a->dst, p + 24, 16);
	a->proto = p[6];
	p += 40;
	for (int i = 0; i < EXT_MAX && (a->proto == P_HBH || a->proto == P_ROUTING || a->proto == P_DSTOPT); i++) {
		if (end - p < 8 || end - p < (p[1] + 1) * 8)
			return NULL;
		note_home(a, a->proto, p, (size_t)(p[1] + 1) * 8);
		a->proto = p[0];
		p += (p[1] + 1) * 8;
	}
	return p;
}

static bool is_port(const uint8_t *at, unsigned port)
{
	return ((unsigned)at[0] << 8 | at[1]) == port;
}

/* Where the packet inside a tunnel begins; NULL: no tunnel. */
static const uint8_t *inside_tunnel(uint8_t proto, const uint8_t *p, const uint8_t *end)
{
	if (proto == P_UDP && end - p >= 12 && (is_port(p, PORT_MIP) || is_port(p + 2, PORT_MIP)) && p[8] == MIP_DATA) {
		proto = p[9];
		p += 12;
	}
	if (proto == P_IP6 || proto == P_IP4)
		return p;
	if (proto != P_GRE || end - p < 4)
		return NULL;
	return p + 4 + (p[0] & 0x80 ? 4 : 0) + (p[0] & 0x20 ? 4 : 0) + (p[0] & 0x10 ? 4 : 0);
}

/* The inner addresses of minimal encapsulation (RFC 2004 3.1): what the short header does not say is as in the outer one. */
static bool minimal_inside(struct kind *k, const uint8_t *p, const uint8_t *end)
{
	if (k->outer.proto != P_MINIMAL || end - p < 8 || (p[1] & 0x80 && end - p < 12))
		return false;
	k->inner = k->outer;
	k->inner.proto = p[0];
	memcpy(k->inner.dst, p + 4, 4);
	if (p[1] & 0x80)
		memcpy(k->inner.src, p + 8, 4);
	return true;
}

static void on_frame(uint32_t tap, bool is_out, int64_t when_ns, const uint8_t *p, const uint8_t *end)
{
	struct kind k = { 0 };
	k.tap = (uint8_t)tap;
	k.is_out = is_out;
	p = address_of(&k.outer, p, end);
	if (!p)
		return;
	const uint8_t *inner = inside_tunnel(k.outer.proto, p, end);
	k.has_inner = minimal_inside(&k, p, end) || (inner && address_of(&k.inner, inner, end));
	if (!k.has_inner)
		memset(&k.inner, 0, sizeof k.inner);
	count(&k, when_ns);
}

static void drain(uint32_t i)
{
	static uint8_t buffer[256];
	int64_t when_ns;
	bool is_out;
	ssize_t n;
	while ((n = tool_capture(taps[i].fd, buffer, sizeof buffer, &when_ns, &is_out)) >= 0)
		if (n > ETH_HLEN)
			on_frame(i, is_out, when_ns, buffer + ETH_HLEN, buffer + n);
}

static void print_address(const struct address *a)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family = a->is_v4 ? AF_INET : AF_INET6;
	printf(" %s %s %u", inet_ntop(family, a->src, src, sizeof src), inet_ntop(family, a->dst, dst, sizeof dst), a->proto);
}

static void print_via(const struct address *a)
{
	char home[INET6_ADDRSTRLEN];
	if (a->via == VIA_NONE)
		printf(" -\n");
	else
		printf(" %s=%s\n", a->via == VIA_HAO ? "hao" : "rh2", inet_ntop(AF_INET6, a->home, home, sizeof home));
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
		printf(" %llu %lld %lld", (unsigned long long)counts[i].n, (long long)counts[i].first_ns, (long long)counts[i].last_ns);
		print_via(&kinds[i].outer);
	}
	fflush(stdout);
}

static void open_tap(const char *name)
{
	if (n_taps == IF_MAX)
		tool_die("tally: %d interfaces at most", IF_MAX);
	taps[n_taps].fd = tool_capture_socket(name);
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
