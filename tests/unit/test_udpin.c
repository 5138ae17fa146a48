/* SPDX-License-Identifier: BSD-2-Clause */
/* A UDP port of both families: what comes over the loopback interface is a whole packet again, with both addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "plat/linux/udpin.h"
#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"

enum { WAIT_MS = 5000 };

static struct { uint8_t pkt[2000]; size_t len_oct; uint32_t ifindex; int n; } got;

static void on_packet(void *ctx, uint32_t ifindex, const uint8_t *pkt, size_t len_oct)
{
	(void)ctx;
	assert_true(len_oct <= sizeof got.pkt);
	memcpy(got.pkt, pkt, len_oct);
	got.len_oct = len_oct;
	got.ifindex = ifindex;
	got.n++;
}

static void send_to(int family, uint16_t port, const void *data, size_t n)
{
	struct sockaddr_in4_6 { struct sockaddr_in v4; struct sockaddr_in6 v6; } to = {
		{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000003)},
		{.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
	const int fd = socket(family, SOCK_DGRAM, 0);
	const ssize_t sent = family == AF_INET ? sendto(fd, data, n, 0, (void *)&to.v4, sizeof to.v4) : sendto(fd, data, n, 0, (void *)&to.v6, sizeof to.v6);
	assert_int_equal(sent, n);
	close(fd);
}

static void receive(const struct udpin_port *u, unsigned which)
{
	struct pollfd p = {.fd = u->fd[which], .events = POLLIN};
	got.n = 0;
	assert_true(poll(&p, 1, WAIT_MS) == 1);
	udpin_port_read(u, which, 16, on_packet, NULL);
	assert_int_equal(got.n, 1);
}

/* A port that nobody has: the first free one of a few. */
static void open_any(struct udpin_port *u)
{
	for (uint16_t port = 43410; port < 43450; port++)
		if (udpin_port_open(u, port) == 0)
			return;
	fail_msg("no port is free");
}

static void packets_come_whole(void **state)
{
	(void)state;
	struct udpin_port u, second;
	struct udp4_packet four;
	struct udp6_packet six;
	static const char text[] = "an odd text";

	open_any(&u);
	send_to(AF_INET, u.port, text, sizeof text);
	receive(&u, UDPIN_V4);
	assert_int_equal(udp4_packet_parse(got.pkt, got.len_oct, &four), W_OK);
	assert_string_equal(ADDR46_STR(&four.src), "127.0.0.1");
	assert_string_equal(ADDR46_STR(&four.dst), "127.0.0.3");
	assert_true(four.dport == u.port && four.data_len_oct == sizeof text && got.ifindex == 1);
	assert_memory_equal(four.data, text, sizeof text);
	send_to(AF_INET, u.port, text, 0); /* an empty one */
	receive(&u, UDPIN_V4);
	if (u.fd[UDPIN_V6] >= 0) {
		send_to(AF_INET6, u.port, text, sizeof text);
		receive(&u, UDPIN_V6);
		assert_int_equal(udp6_packet_parse(got.pkt, got.len_oct, &six), W_OK);
		assert_string_equal(ADDR6_STR(&six.dst), "::1");
		assert_memory_equal(six.data, text, sizeof text);
	}
	assert_int_equal(udpin_port_open(&second, u.port), ERR_SYS);
	assert_int_equal(errno, EADDRINUSE);
	udpin_port_close(&u);
	assert_int_equal(u.fd[UDPIN_V4], -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(packets_come_whole)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
