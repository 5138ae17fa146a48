/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel tells of its multicast forwarding, against the kernel: a network namespace of its own, where the test plays the routing daemon.
 * H-5, H-7. Skipped without the right to make one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "plat/linux/mrwatch.h"

enum { SRC, D1, D2, N_IF, FLOOD = 20000 };
static const char *const names[N_IF] = {"src0", "d1", "d2"};
static const char G6[] = "ff35::1", S6[] = "2001:db8:2::1", G4[] = "232.128.0.1", S4[] = "198.51.100.1";

static bool is_alone; /* in a namespace of our own */
static uint32_t ifs[N_IF];
static int mr6, mr4;
static struct mrwatch *watch;
static char heard[1024];
static unsigned n_heard;

#define NEEDS_ROOT() do { (void)state; if (!is_alone) skip(); } while (0)

static int name_of(uint32_t ifindex)
{
	for (int i = 0; i < N_IF; i++)
		if (ifs[i] == ifindex)
			return i;
	return -1;
}

/* "+ff35::1 src0: d1 d2", "-ff35::1", "[", "]"; a ! behind what keeps packets back. */
static void on_event(void *ctx, const struct mroute_event *ev)
{
	static const char what[] = {[MROUTE_NEW] = '+', [MROUTE_GONE] = '-', [MROUTE_BEGIN] = '[', [MROUTE_END] = ']'};
	size_t n = strlen(heard);
	(void)ctx;
	n_heard++;
	if (n > sizeof heard - 200)
		return;
	n += (size_t)snprintf(heard + n, sizeof heard - n, "%c", what[ev->what]);
	if (ev->what == MROUTE_GONE)
		n += (size_t)snprintf(heard + n, sizeof heard - n, "%s ", ADDR46_STR(&ev->group));
	if (ev->what != MROUTE_NEW)
		return;
	assert_true(strcmp(ADDR46_STR(&ev->source), S6) == 0 || strcmp(ADDR46_STR(&ev->source), S4) == 0);
	n += (size_t)snprintf(heard + n, sizeof heard - n, "%s %s:", ADDR46_STR(&ev->group), ev->iif ? names[name_of(ev->iif)] : "-");
	for (uint32_t i = 0; i < ev->n_oif; i++)
		n += (size_t)snprintf(heard + n, sizeof heard - n, " %s", names[name_of(ev->oif[i])]);
	snprintf(heard + n, sizeof heard - n, "%s ", ev->is_plain ? "" : "!");
}

static const char *read_all(void)
{
	heard[0] = '\0';
	n_heard = 0;
	assert_int_equal(mrwatch_read(watch), 0);
	return heard;
}

static void tell(int fd, int level, int what, const void *arg, size_t n)
{
	if (setsockopt(fd, level, what, arg, (socklen_t)n))
		fail_msg("setsockopt %d", what);
}

static void open_routing(void)
{
	const int on = 1;
	mr6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	mr4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP);
	assert_true(mr6 >= 0 && mr4 >= 0);
	tell(mr6, IPPROTO_IPV6, MRT6_INIT, &on, sizeof on);
	tell(mr4, IPPROTO_IP, MRT_INIT, &on, sizeof on);
	for (int i = 0; i < N_IF; i++) {
		const struct mif6ctl six = {.mif6c_mifi = (mifi_t)i, .mif6c_pifi = (uint16_t)ifs[i], .vifc_threshold = 1};
		const struct vifctl four = {.vifc_vifi = (vifi_t)i, .vifc_flags = VIFF_USE_IFINDEX, .vifc_threshold = 1, .vifc_lcl_ifindex = (int)ifs[i]};
		tell(mr6, IPPROTO_IPV6, MRT6_ADD_MIF, &six, sizeof six);
		tell(mr4, IPPROTO_IP, MRT_ADD_VIF, &four, sizeof four);
	}
}

static void entry6(int what, const char *group, uint32_t oifs)
{
	struct mf6cctl e = {.mf6cc_parent = SRC};
	e.mf6cc_origin.sin6_family = e.mf6cc_mcastgrp.sin6_family = AF_INET6;
	inet_pton(AF_INET6, S6, &e.mf6cc_origin.sin6_addr);
	inet_pton(AF_INET6, group, &e.mf6cc_mcastgrp.sin6_addr);
	e.mf6cc_ifset.ifs_bits[0] = oifs;
	tell(mr6, IPPROTO_IPV6, what, &e, sizeof e);
}

static void entry4(int what, uint8_t first, uint8_t second)
{
	struct mfcctl e = {.mfcc_parent = SRC};
	inet_pton(AF_INET, S4, &e.mfcc_origin);
	inet_pton(AF_INET, G4, &e.mfcc_mcastgrp);
	memset(e.mfcc_ttls, 255, sizeof e.mfcc_ttls);
	e.mfcc_ttls[D1] = first;
	e.mfcc_ttls[D2] = second;
	tell(mr4, IPPROTO_IP, what, &e, sizeof e);
}

static int setup(void **state)
{
	(void)state;
	if (geteuid() || unshare(CLONE_NEWNET))
		return 0;
	is_alone = true;
	if (system("ip link add src0 type veth peer name d1 && ip link add d2 type veth peer name x && ip link set src0 up && ip link set d1 up && "
		   "ip link set d2 up"))
		return 1;
	for (int i = 0; i < N_IF; i++)
		ifs[i] = if_nametoindex(names[i]);
	open_routing();
	return mrwatch_open(&watch, on_event, NULL);
}

static int teardown(void **state)
{
	(void)state;
	mrwatch_close(watch);
	return 0;
}

static void the_first_look_is_at_everything(void **state)
{
	NEEDS_ROOT();
	entry6(MRT6_ADD_MFC, G6, 1u << D1);
	assert_string_equal(read_all(), "+ff35::1 src0: d1 [+ff35::1 src0: d1 ]"); /* announced, and listed */
	assert_string_equal(read_all(), "");
}

static void what_the_daemon_does_is_heard(void **state)
{
	NEEDS_ROOT();
	entry6(MRT6_ADD_MFC, G6, 1u << D1 | 1u << D2);
	entry6(MRT6_ADD_MFC, G6, 1u << D2);
	entry6(MRT6_ADD_MFC, G6, 0);
	entry6(MRT6_DEL_MFC, G6, 0);
	assert_string_equal(read_all(), "+ff35::1 src0: d1 d2 +ff35::1 src0: d2 +ff35::1 src0: -ff35::1 ");
	entry4(MRT_ADD_MFC, 1, 255);
	entry4(MRT_ADD_MFC, 1, 16);
	entry4(MRT_DEL_MFC, 255, 255);
	assert_string_equal(read_all(), "+232.128.0.1 src0: d1 +232.128.0.1 src0: d1 d2! -232.128.0.1 ");
}

/* More than the kernel keeps for a reader: everything is listed anew, and that is how it is. */
static void what_was_missed_is_looked_up(void **state)
{
	char group[32];
	NEEDS_ROOT();
	for (unsigned i = 1; i <= FLOOD; i++) {
		snprintf(group, sizeof group, "ff35::%x:%x", i >> 16, i & 0xffff);
		entry6(MRT6_ADD_MFC, group, 1u << D1);
		entry6(MRT6_DEL_MFC, group, 0);
	}
	entry6(MRT6_ADD_MFC, G6, 1u << D2);
	read_all();
	assert_true(n_heard > 3 && n_heard < 2 * FLOOD);
	mrwatch_again(watch);
	assert_string_equal(read_all(), "[+ff35::1 src0: d2 ]");
}

/* It ends: nothing is forwarded any more. */
static void the_daemons_end_is_heard(void **state)
{
	NEEDS_ROOT();
	entry4(MRT_ADD_MFC, 1, 255);
	read_all();
	close(mr6);
	close(mr4);
	const char *said = read_all();
	assert_non_null(strstr(said, "-ff35::1 "));
	assert_non_null(strstr(said, "-232.128.0.1 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_look_is_at_everything), cmocka_unit_test(what_the_daemon_does_is_heard),
		cmocka_unit_test(what_was_missed_is_looked_up), cmocka_unit_test(the_daemons_end_is_heard),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
