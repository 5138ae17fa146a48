/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plat/linux and IPv4, against the kernel: a network namespace of its own with two ends of a virtual cable, both in it. H-7.
 * Skipped without the right to make one.
 *
 *     a0 10.9.0.1/24 ==== b0 (no address)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "plat/linux/filter.h"
#include "plat/linux/member.h"
#include "plat/linux/rawin4.h"
#include "plat/linux/rtnl.h"
#include "plat/linux/send.h"
#include "plat/linux/source.h"
#include "plat/linux/sysctl.h"
#include "wire/arp/arp.h"
#include "wire/gre/gre.h"
#include "wire/ip/ip6.h"
#include "wire/ip/udp4.h"
#include "kit/plain.h"

enum { WAIT_MS = 5000 };

static bool is_alone; /* in a namespace of our own */
static struct rtnl *rtnl;
static struct sender *sender;
static uint32_t a0, b0, n_local, n_local_gone, n_addr;
static struct addr6 last_local;

static void sh(const char *command) { assert_int_equal(system(command), 0); }

/* The output of a command, one line after the other, blanks at the ends taken off. */
static const char *said(const char *command)
{
	static char text[4096];
	FILE *f = popen(command, "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	text[n] = '\0';
	if (f)
		pclose(f);
	return text;
}

static void on_link(void *ctx, const struct link_event *ev) { (void)ctx, (void)ev; }
static void on_addr(void *ctx, const struct addr_event *ev)
{
	(void)ctx;
	n_addr += addr6_is_v4mapped(&ev->addr) && !ev->is_duplicate;
}
static void on_local(void *ctx, const struct local_event *ev)
{
	(void)ctx;
	if (!addr6_is_v4mapped(&ev->addr))
		return;
	n_local += !ev->is_gone;
	n_local_gone += ev->is_gone;
	last_local = ev->addr;
}

static int world(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return 0;
	is_alone = true;
	sh("ip link set lo up && ip link add a0 type veth peer name b0 && sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && "
	   "ip link set a0 up && ip link set b0 up && ip addr add 10.9.0.1/24 dev a0");
	a0 = if_nametoindex("a0");
	b0 = if_nametoindex("b0");
	const struct rtnl_cb cb = {on_link, on_addr, on_local, NULL};
	return rtnl_open(&rtnl, &cb) || rtnl_dump(rtnl) || sender_open(&sender) ? -1 : 0;
}

static int end_of_world(void **state)
{
	(void)state;
	rtnl_close(rtnl);
	sender_close(sender);
	return 0;
}

#define NEEDS_ROOT() do { (void)state; if (!is_alone) skip(); } while (0)

/* --- addresses and routes -------------------------------------------------------------------------------------------- */

static void addresses_come_and_go_with_our_mark(void **state)
{
	NEEDS_ROOT();
	const struct fx_addr home = {.ifindex = b0, .addr = plain_addr("10.1.0.100"), .plen_bits = 128, .flags = ADDR_NODAD | ADDR_HOME};

	n_local = n_addr = n_local_gone = 0;
	assert_int_equal(rtnl_addr_add(rtnl, &home), 0);
	assert_int_equal(rtnl_addr_add(rtnl, &home), 0);
	assert_string_equal(said("ip -4 -o addr show dev b0 | awk '{print $4}'"), "10.1.0.100/32");
	rtnl_read(rtnl);
	assert_int_equal(n_local, 1);
	assert_int_equal(n_addr, 1);
	assert_string_equal(ADDR46_STR(&last_local), "10.1.0.100");
	assert_int_equal(rtnl_addr_del(rtnl, &home), 0);
	assert_int_equal(rtnl_addr_del(rtnl, &home), 0);
	rtnl_read(rtnl);
	assert_int_equal(n_local_gone, 1);
	assert_string_equal(said("ip -4 addr show dev b0"), "");
}

static void an_address_may_have_an_end(void **state)
{
	NEEDS_ROOT();
	struct fx_addr a = {.ifindex = b0, .addr = plain_addr("10.2.0.9"), .plen_bits = 120, .preferred = span_s(50), .valid = span_s(100)};

	assert_int_equal(rtnl_addr_add(rtnl, &a), 0);
	a.valid = a.preferred = span_s(1000);
	assert_int_equal(rtnl_addr_add(rtnl, &a), 0);
	assert_non_null(strstr(said("ip -4 addr show dev b0"), "valid_lft 1000sec"));
	assert_string_equal(said("ip -4 route show dev b0"), "10.2.0.0/24 proto kernel scope link src 10.2.0.9");
	assert_int_equal(rtnl_addr_del(rtnl, &a), 0);
}

static void routes_come_and_go_with_our_mark(void **state)
{
	NEEDS_ROOT();
	struct fx_route r = {.dst = plain_prefix("0.0.0.0/0"), .ifindex = b0, .metric = 64};
	const struct fx_route via = {.dst = plain_prefix("192.0.2.0/24"), .ifindex = b0, .via = plain_addr("10.77.0.1"), .src = plain_addr("10.9.0.1")};
	const struct fx_route nowhere = {.dst = plain_prefix("198.51.100.0/24")};

	assert_int_equal(rtnl_route_put(rtnl, &r), 0);
	assert_int_equal(rtnl_route_put(rtnl, &r), 0);
	assert_string_equal(said("ip -4 route show default"), "default dev b0 proto 82 scope link metric 64");
	assert_int_equal(rtnl_route_put(rtnl, &via), 0);
	assert_string_equal(said("ip -4 route show 192.0.2.0/24"), "192.0.2.0/24 via 10.77.0.1 dev b0 proto 82 src 10.9.0.1 onlink");
	assert_int_equal(rtnl_route_put(rtnl, &nowhere), 0);
	assert_string_equal(said("ip -4 route show 198.51.100.0/24"), "unreachable 198.51.100.0/24 proto 82");
	r.ifindex = a0;
	r.via = addr6_from_v4((struct addr4){{0}}); /* none, in the other form */
	assert_int_equal(rtnl_route_put(rtnl, &r), 0);
	assert_string_equal(said("ip -4 route show default"), "default dev a0 proto 82 scope link metric 64");
	assert_int_equal(rtnl_route_del(rtnl, &r), 0);
	assert_int_equal(rtnl_route_del(rtnl, &r), 0);
	assert_int_equal(rtnl_route_del(rtnl, &via), 0);
	assert_int_equal(rtnl_route_del(rtnl, &nowhere), 0);
	assert_string_equal(said("ip -4 route show proto 82"), "");
}

/* The kernel would let a route of the same destination and metric be replaced, whoever made it. */
static void nobody_elses_route_is_replaced_or_deleted(void **state)
{
	NEEDS_ROOT();
	const struct fx_route r = {.dst = plain_prefix("0.0.0.0/0"), .ifindex = b0};

	sh("ip route add default via 10.9.0.254 dev a0");
	assert_int_equal(rtnl_route_put(rtnl, &r), ERR_SYS);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(rtnl_route_del(rtnl, &r), 0);
	assert_string_equal(said("ip -4 route show default"), "default via 10.9.0.254 dev a0");
	sh("ip route del default");
	assert_int_equal(rtnl_route_put(rtnl, &r), 0);
	assert_int_equal(rtnl_route_del(rtnl, &r), 0);
}

/* What a daemon that was killed left is adopted when it is asked for again, and swept away when not. */
static void leftovers_are_adopted_or_swept(void **state)
{
	NEEDS_ROOT();
	const struct fx_addr kept = {.ifindex = b0, .addr = plain_addr("10.1.0.100"), .plen_bits = 128}, left = {.ifindex = b0, .addr = plain_addr("10.1.0.101"), .plen_bits = 128};
	const struct fx_route r_kept = {.dst = plain_prefix("192.0.2.0/24"), .ifindex = b0}, r_left = {.dst = plain_prefix("198.51.100.0/24"), .ifindex = b0};
	struct rtnl *next;

	sh("ip addr add 10.3.0.1/32 dev b0 && ip route add 203.0.113.0/24 dev b0");
	assert_int_equal(rtnl_addr_add(rtnl, &kept), 0);
	assert_int_equal(rtnl_addr_add(rtnl, &left), 0);
	assert_int_equal(rtnl_route_put(rtnl, &r_kept), 0);
	assert_int_equal(rtnl_route_put(rtnl, &r_left), 0);
	assert_int_equal(rtnl_open(&next, &(struct rtnl_cb){on_link, on_addr, on_local, NULL}), 0);
	rtnl_mark(next);
	assert_int_equal(rtnl_addr_add(next, &kept), 0);
	assert_int_equal(rtnl_route_put(next, &r_kept), 0);
	assert_int_equal(rtnl_sweep(next), 2);
	assert_string_equal(said("ip -4 -o addr show dev b0 | awk '{print $4}' | sort | xargs"), "10.1.0.100/32 10.3.0.1/32");
	assert_string_equal(said("ip -4 route show dev b0 | awk '{print $1}' | xargs"), "192.0.2.0/24 203.0.113.0/24");
	rtnl_mark(next); /* a stop */
	assert_int_equal(rtnl_sweep(next), 2);
	assert_string_equal(said("ip -4 -o addr show dev b0 | awk '{print $4}' | xargs"), "10.3.0.1/32");
	sh("ip addr flush dev b0"); /* with the last address of an interface the kernel drops its routes */
	rtnl_close(next);
}

static void a_new_engine_hears_of_all_addresses(void **state)
{
	NEEDS_ROOT();
	n_local = 0;
	rtnl_report(rtnl);
	assert_int_equal(n_local, 2); /* 127.0.0.1 and 10.9.0.1 */
}

static void neighbours_and_sources_are_of_either_family(void **state)
{
	NEEDS_ROOT();
	struct addr6 src, dst = plain_addr("10.9.0.77");

	assert_int_equal(rtnl_neigh_put(rtnl, &(struct fx_neigh){a0, dst, {{2, 0, 0, 0, 0, 7}}}), 0);
	assert_string_equal(said("ip neigh show 10.9.0.77"), "10.9.0.77 dev a0 lladdr 02:00:00:00:00:07 STALE");
	assert_true(source_for(0, &dst, &src));
	assert_string_equal(ADDR46_STR(&src), "10.9.0.1");
	assert_true(source_for(a0, &dst, &src));
	assert_string_equal(ADDR46_STR(&src), "10.9.0.1");
	dst = plain_addr("192.0.2.1");
	assert_false(source_for(0, &dst, &src));
	sh("ip neigh flush dev a0");
}

/* --- packets out ----------------------------------------------------------------------------------------------------- */

struct frame { struct sockaddr_ll from; uint8_t bytes[2048]; size_t len_oct; };

static int listen_on(uint32_t ifindex)
{
	const struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	assert_int_equal(bind(fd, (const struct sockaddr *)&here, sizeof here), 0);
	return fd;
}

/* The next frame that came in (not out) with this ethertype. */
static void take(int fd, uint16_t ethertype, struct frame *f)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		socklen_t n = sizeof f->from;
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		ssize_t len = recvfrom(fd, f->bytes, sizeof f->bytes, 0, (struct sockaddr *)&f->from, &n);
		assert_true(len >= 14);
		f->len_oct = (size_t)len;
		if (f->from.sll_pkttype != PACKET_OUTGOING && f->from.sll_protocol == htons(ethertype))
			return;
	}
}

static size_t udp(uint8_t *buf, size_t cap, const char *src, const char *dst, uint16_t id, size_t data_oct)
{
	const struct ip4_path path = {.src = plain_addr(src), .dst = plain_addr(dst), .ttl = 9, .tos = 0x28, .id = id};
	struct wr w = wr_of(buf, cap);
	struct udp4_build b = udp4_begin(&w, &path, 999, 434);

	for (size_t i = 0; i < data_oct; i++)
		wr_u8(&w, (uint8_t)i);
	return udp4_finish(&w, &b);
}

static void frames_carry_what_they_were_given(void **state)
{
	NEEDS_ROOT();
	static const uint8_t group_mac[6] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x05}, all[6] = {255, 255, 255, 255, 255, 255};
	const struct lladdr to = {{2, 0, 0, 0, 0, 9}};
	uint8_t one[100], two[100], three[100], arp[ARP_OCT];
	const struct addr6 own = plain_addr("10.9.0.1"), other = plain_addr("10.9.0.2");
	const struct arp ask = arp_request(&to, &own, &other);
	int fd = listen_on(b0);
	struct frame f;

	size_t n = udp(one, sizeof one, "0.0.0.0", "10.9.0.2", 0, 10);
	sender_send(sender, a0, &to, one, n);
	udp(two, sizeof two, "0.0.0.0", "224.0.0.5", 0, 10);
	sender_send(sender, a0, NULL, two, n);
	udp(three, sizeof three, "0.0.0.0", "255.255.255.255", 0, 10);
	sender_send(sender, a0, NULL, three, n);
	assert_int_equal(arp_build(arp, sizeof arp, &ask), ARP_OCT);
	sender_arp(sender, a0, &(struct lladdr){{255, 255, 255, 255, 255, 255}}, arp, sizeof arp);
	sender_flush(sender);

	take(fd, ETH_P_IP, &f);
	assert_memory_equal(f.bytes, &to, 6);
	assert_memory_equal(f.bytes + 14, one, n);
	take(fd, ETH_P_IP, &f);
	assert_memory_equal(f.bytes, group_mac, 6);
	assert_memory_equal(f.bytes + 14, two, n);
	take(fd, ETH_P_IP, &f);
	assert_memory_equal(f.bytes, all, 6);
	assert_memory_equal(f.bytes + 14, three, n);
	take(fd, ETH_P_ARP, &f);
	assert_memory_equal(f.bytes, all, 6);
	assert_memory_equal(f.bytes + 14, arp, sizeof arp);
	assert_int_equal(sender_stats(sender).failed, 0);
	close(fd);
}

/* Through the routing table: source that is nobody's here, identification and checksum as they were given. */
static void the_kernel_routes_and_leaves_the_header_alone(void **state)
{
	NEEDS_ROOT();
	uint8_t pkt[200];
	int fd = listen_on(b0);
	struct frame f;
	struct addr6 to = plain_addr("10.9.0.2");

	assert_int_equal(rtnl_neigh_put(rtnl, &(struct fx_neigh){a0, to, {{2, 0, 0, 0, 0, 9}}}), 0);
	sh("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:09 dev a0 nud permanent");
	size_t n = udp(pkt, sizeof pkt, "10.1.0.100", "10.9.0.2", 0x1234, 100);
	sender_send(sender, 0, NULL, pkt, n);
	sender_send(sender, a0, NULL, pkt, n);
	sender_flush(sender);
	for (int i = 0; i < 2; i++) {
		take(fd, ETH_P_IP, &f);
		assert_memory_equal(f.bytes + 14, pkt, n);
	}

	/* An identification of 0 is the kernel's to choose, and the checksum follows. */
	struct udp4_packet u;
	udp(pkt, sizeof pkt, "10.1.0.100", "10.9.0.2", 0, 100);
	sender_send(sender, 0, NULL, pkt, n);
	sender_flush(sender);
	take(fd, ETH_P_IP, &f);
	assert_int_equal(udp4_packet_parse(f.bytes + 14, f.len_oct - 14, &u), W_OK);
	assert_string_equal(ADDR46_STR(&u.src), "10.1.0.100");

	/* What cannot leave is counted, and the next leaves. */
	const uint64_t failed = sender_stats(sender).failed;
	uint8_t lost[200];
	size_t m = udp(lost, sizeof lost, "10.1.0.100", "192.0.2.1", 1, 10);
	sender_send(sender, 0, NULL, lost, m);
	sender_send(sender, 0, NULL, pkt, n);
	sender_flush(sender);
	take(fd, ETH_P_IP, &f);
	assert_int_equal(sender_stats(sender).failed, failed + 1);
	sender_send(sender, 0, NULL, "\x75", 1);
	assert_int_equal(sender_stats(sender).failed, failed + 2);
	close(fd);
	sh("ip neigh del 10.9.0.2 dev a0");
}

/* --- packets in ------------------------------------------------------------------------------------------------------ */

static struct { uint32_t ifindex, n; uint8_t proto, pkt[4096]; size_t len_oct; } got;

static void on_packet(void *ctx, uint32_t ifindex, uint8_t proto, const uint8_t *pkt, size_t len_oct)
{
	(void)ctx;
	got.ifindex = ifindex;
	got.proto = proto;
	got.len_oct = len_oct;
	got.n++;
	memcpy(got.pkt, pkt, len_oct < sizeof got.pkt ? len_oct : sizeof got.pkt);
}

/* Reads all sockets until one packet is there. */
static void receive(const struct rawin4 *r)
{
	struct pollfd p[RAWIN4_N];

	got.n = 0;
	for (unsigned i = 0; i < RAWIN4_N; i++)
		p[i] = (struct pollfd){.fd = r->fd[i], .events = POLLIN};
	assert_true(poll(p, RAWIN4_N, WAIT_MS) > 0);
	for (unsigned i = 0; i < RAWIN4_N; i++)
		rawin4_read(r, i, 16, on_packet, NULL);
	assert_int_equal(got.n, 1);
}

/* Into a0 from the other end of the cable, in fragments of 8-octet units. */
static void inject(const uint8_t *pkt, size_t len_oct, size_t part_oct)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip4_head h;
	uint8_t buf[2048];

	assert_int_equal(ip4_head_parse(&r, &h), W_OK);
	const size_t body = len_oct - IP4_HEAD_OCT;
	for (size_t off = 0; off < body; off += part_oct) {
		const size_t n = body - off < part_oct ? body - off : part_oct;
		struct wr w = wr_of(buf, sizeof buf);
		h.is_dont_fragment = false;
		h.has_more = off + n < body;
		h.frag_off_oct = (uint16_t)off;
		h.total_len_oct = (uint16_t)(IP4_HEAD_OCT + n);
		ip4_head_build(&w, &h);
		wr_bytes(&w, pkt + IP4_HEAD_OCT + off, n);
		sender_send(sender, b0, &rtnl_link_at(rtnl, a0)->lladdr, buf, wr_len(&w));
		sender_flush(sender);
	}
}

static void reassembled_packets_come_whole(void **state)
{
	NEEDS_ROOT();
	static const uint8_t protocols[] = {4, 47, 55, 135};
	struct rawin4 r;
	bool has_udp;
	int error;
	uint8_t pkt[2000];

	assert_int_equal(rawin4_open(&r, &has_udp, &error), 0);
	assert_true(has_udp);
	for (size_t i = 0; i < sizeof protocols; i++) {
		const struct ip4_path path = {.src = plain_addr("10.9.0.2"), .dst = plain_addr("10.9.0.1"), .ttl = 9, .tos = 0x28, .id = (uint16_t)(77 + i)};
		struct wr w = wr_of(pkt, sizeof pkt);
		size_t off = ip4_begin(&w, &path, protocols[i]);
		for (int k = 0; k < 1700; k++)
			wr_u8(&w, (uint8_t)k);
		size_t n = ip4_finish(&w, off);
		inject(pkt, n, 800);
		receive(&r);
		assert_int_equal(got.proto, protocols[i]);
		assert_int_equal(got.ifindex, a0);
		assert_int_equal(got.len_oct, n);
		struct ip4_walk k;
		assert_int_equal(ip4_walk(got.pkt, got.len_oct, &k), W_OK);
		assert_string_equal(ADDR46_STR(&k.src), "10.9.0.2");
		assert_memory_equal(got.pkt + IP4_HEAD_OCT, pkt + IP4_HEAD_OCT, n - IP4_HEAD_OCT);
	}
	rawin4_close(&r);
}

static void registrations_get_their_headers_back(void **state)
{
	NEEDS_ROOT();
	struct rawin4 r, second;
	bool has_udp;
	int error;
	uint8_t pkt[2000];
	struct udp4_packet sent, u;

	assert_int_equal(rawin4_open(&r, &has_udp, &error), 0);
	size_t n = udp(pkt, sizeof pkt, "10.9.0.2", "10.9.0.1", 5, 1600);
	assert_int_equal(udp4_packet_parse(pkt, n, &sent), W_OK);
	inject(pkt, n, 1400);
	receive(&r);
	assert_int_equal(got.proto, 17);
	assert_int_equal(got.ifindex, a0);
	assert_int_equal(udp4_packet_parse(got.pkt, got.len_oct, &u), W_OK);
	assert_true(u.has_csum);
	assert_true(addr6_eq(&u.src, &sent.src) && addr6_eq(&u.dst, &sent.dst) && u.sport == 999 && u.dport == 434 && u.ttl == 9);
	assert_int_equal(u.data_len_oct, 1600);
	assert_memory_equal(u.data, sent.data, 1600);

	/* To everybody of the link, from an address that nobody has yet. */
	n = udp(pkt, sizeof pkt, "0.0.0.0", "255.255.255.255", 5, 20);
	sender_send(sender, b0, NULL, pkt, n);
	sender_flush(sender);
	receive(&r);
	assert_int_equal(udp4_packet_parse(got.pkt, got.len_oct, &u), W_OK);
	assert_string_equal(ADDR46_STR(&u.dst), "255.255.255.255");

	/* Another that wants the port goes without. */
	assert_int_equal(rawin4_open(&second, &has_udp, &error), 0);
	assert_false(has_udp);
	assert_int_equal(error, EADDRINUSE);
	rawin4_close(&second);
	rawin4_close(&r);
}

/* Protocols and a port that somebody listens to are not answered as unreachable; another one is. */
static void the_kernel_answers_nothing_in_our_place(void **state)
{
	NEEDS_ROOT();
	struct rawin4 r;
	bool has_udp;
	int error, fd = listen_on(b0);
	uint8_t pkt[200];
	struct frame f;

	sh("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:09 dev a0 nud permanent");
	assert_int_equal(rawin4_open(&r, &has_udp, &error), 0);
	for (int proto = 0; proto < 256; proto++) {
		if (proto != 4 && proto != 47 && proto != 55 && proto != 135 && proto != 200)
			continue;
		const struct ip4_path path = {.src = plain_addr("10.9.0.2"), .dst = plain_addr("10.9.0.1"), .ttl = 9, .id = 1};
		struct wr w = wr_of(pkt, sizeof pkt);
		size_t off = ip4_begin(&w, &path, (uint8_t)proto);
		wr_zero(&w, 60);
		inject(pkt, ip4_finish(&w, off), 1400);
	}
	inject(pkt, udp(pkt, sizeof pkt, "10.9.0.2", "10.9.0.1", 5, 20), 1400);
	take(fd, ETH_P_IP, &f);
	assert_int_equal(f.bytes[14 + 9], 1);       /* ICMP, and the first: about protocol 200 */
	assert_int_equal(f.bytes[14 + 20], 3);
	assert_int_equal(f.bytes[14 + 28 + 9], 200);
	rawin4_close(&r);
	close(fd);
	sh("ip neigh del 10.9.0.2 dev a0");
}

/* --- groups ---------------------------------------------------------------------------------------------------------- */

static void groups_beyond_a_sockets_limit_are_joined(void **state)
{
	NEEDS_ROOT();
	struct member *m;
	struct fx_group g = {.ifindex = a0, .source = addr6_from_v4((struct addr4){{0}})};

	assert_int_equal(member_open(&m), 0);
	for (int i = 0; i < 100; i++) {
		g.group = addr6_from_v4((struct addr4){{239, 1, 0, (uint8_t)i}});
		assert_int_equal(member_join(m, &g), 0);
	}
	assert_string_equal(said("ip -4 maddr show dev a0 | grep -c 239.1.0."), "100");
	for (int i = 0; i < 100; i++) {
		g.group = addr6_from_v4((struct addr4){{239, 1, 0, (uint8_t)i}});
		assert_int_equal(member_leave(m, &g), 0);
	}
	assert_string_equal(said("ip -4 maddr show dev a0 | grep -c 239.1.0."), "0");
	member_close(m);
}

static void a_source_specific_group_opens_the_filter_only(void **state)
{
	NEEDS_ROOT();
	struct member *m;
	const struct fx_group g = {a0, plain_addr("232.128.0.9"), plain_addr("10.8.0.1")};

	assert_int_equal(member_open(&m), 0);
	assert_int_equal(member_join(m, &g), 0);
	assert_string_equal(said("grep 01005e000009 /proc/net/dev_mcast | awk '{print $2, $3, $4}'"), "a0 1 1");
	assert_string_equal(said("ip -4 maddr show dev a0 | grep -c 232"), "0");
	member_close(m); /* the end of a daemon: the filter stays */
	assert_int_equal(member_open(&m), 0);
	assert_int_equal(member_sweep(m, a0), 1);
	assert_int_equal(member_sweep(m, a0), 0);
	member_close(m);
}

/* --- settings -------------------------------------------------------------------------------------------------------- */

static void settings_of_both_families_are_put_back(void **state)
{
	NEEDS_ROOT();
	char undo[] = "/tmp/roamcast-undo-XXXXXX";
	struct sysctl *s;
	int value;
	close(mkstemp(undo));

	assert_int_equal(sysctl_open(&s, undo), 0);
	assert_int_equal(sysctl_set4(s, "a0", "arp_ignore", 1), 0);
	assert_int_equal(sysctl_set4(s, "b0", "forwarding", 1), 0);
	assert_int_equal(sysctl_set(s, "a0", "accept_ra", 0), 0);
	assert_int_equal(sysctl_set4(s, "a0", "no_such_key", 1), ERR_SYS);
	assert_int_equal(sysctl_get4("a0", "arp_ignore", &value), 0);
	assert_int_equal(value, 1);
	sysctl_close(s); /* killed */
	assert_int_equal(sysctl_open(&s, undo), 0);
	sysctl_restore(s);
	sysctl_close(s);
	assert_int_equal(sysctl_get4("a0", "arp_ignore", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(sysctl_get4("b0", "forwarding", &value), 0);
	assert_int_equal(value, 0);
	assert_string_equal(said("cat /proc/sys/net/ipv6/conf/a0/accept_ra"), "1");
	assert_int_equal(access(undo, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_and_go_with_our_mark),
		cmocka_unit_test(an_address_may_have_an_end),
		cmocka_unit_test(routes_come_and_go_with_our_mark),
		cmocka_unit_test(nobody_elses_route_is_replaced_or_deleted),
		cmocka_unit_test(leftovers_are_adopted_or_swept),
		cmocka_unit_test(a_new_engine_hears_of_all_addresses),
		cmocka_unit_test(neighbours_and_sources_are_of_either_family),
		cmocka_unit_test(frames_carry_what_they_were_given),
		cmocka_unit_test(the_kernel_routes_and_leaves_the_header_alone),
		cmocka_unit_test(reassembled_packets_come_whole),
		cmocka_unit_test(registrations_get_their_headers_back),
		cmocka_unit_test(the_kernel_answers_nothing_in_our_place),
		cmocka_unit_test(groups_beyond_a_sockets_limit_are_joined),
		cmocka_unit_test(a_source_specific_group_opens_the_filter_only),
		cmocka_unit_test(settings_of_both_families_are_put_back),
	};
	return cmocka_run_group_tests(tests, world, end_of_world);
}
