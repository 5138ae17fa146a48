/* SPDX-License-Identifier: BSD-2-Clause */
/* nl80211's messages, built here octet by octet as the kernel's header has them. No radio, no kernel
 * module: what this does not show is that a kernel sends them so. H-9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include "plat/linux/nl80211.h"

static _Alignas(8) char buf[1024];

static struct nlmsghdr *begin(uint8_t cmd, uint32_t ifindex)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = 28;
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(n, sizeof *g);

	g->cmd = cmd;
	mnl_attr_put_u32(n, NL80211_ATTR_IFINDEX, ifindex);
	return n;
}

static const uint8_t bssid[6] = {2, 0, 0, 0, 0, 9};

static void a_station_gives_signal_and_rate(void **state)
{
	(void)state;
	struct nlmsghdr *n = begin(NL80211_CMD_NEW_STATION, 3);
	struct signal_event ev;

	mnl_attr_put(n, NL80211_ATTR_MAC, 6, bssid);
	struct nlattr *sta = mnl_attr_nest_start(n, NL80211_ATTR_STA_INFO);
	mnl_attr_put_u32(n, NL80211_STA_INFO_INACTIVE_TIME, 4);
	mnl_attr_put_u8(n, NL80211_STA_INFO_SIGNAL, (uint8_t)-67);
	struct nlattr *rate = mnl_attr_nest_start(n, NL80211_STA_INFO_TX_BITRATE);
	mnl_attr_put_u32(n, NL80211_RATE_INFO_BITRATE32, 1444); /* 144.4 Mb/s */
	mnl_attr_nest_end(n, rate);
	mnl_attr_nest_end(n, sta);

	assert_true(nl80211_parse(n, &ev));
	assert_int_equal(ev.ifindex, 3);
	assert_memory_equal(&ev.router, bssid, 6);
	assert_int_equal(ev.dbm, -67);
	assert_int_equal(ev.bandwidth_kbps, 144400);
	assert_int_equal(ev.load_permille, -1);
	assert_true(ev.is_attached);
}

static void an_access_point_hears_its_stations(void **state)
{
	(void)state;
	struct station_event ev;

	a_station_gives_signal_and_rate(NULL);
	assert_true(nl80211_parse_station((void *)buf, &ev));
	assert_int_equal(ev.ifindex, 3);
	assert_memory_equal(&ev.station, bssid, 6);
	assert_int_equal(ev.dbm, -67);
	assert_true(ev.is_serving && !ev.is_gone);

	struct nlmsghdr *n = begin(NL80211_CMD_DEL_STATION, 3);
	assert_false(nl80211_parse_station(n, &ev)); /* which one? */
	mnl_attr_put(n, NL80211_ATTR_MAC, 6, bssid);
	assert_true(nl80211_parse_station(n, &ev));
	assert_memory_equal(&ev.station, bssid, 6);
	assert_true(ev.is_gone);

	n = begin(NL80211_CMD_NEW_SCAN_RESULTS, 4);
	assert_false(nl80211_parse_station(n, &ev));
}

static void a_scanned_cell_gives_signal_and_load(void **state)
{
	(void)state;
	/* SSID "ab", then BSS Load: 5 stations, utilisation 128/255, capacity 0; then an element cut short. */
	static const uint8_t elements[] = {0, 2, 'a', 'b', 11, 5, 5, 0, 128, 0, 0, 221, 9, 0};
	struct nlmsghdr *n = begin(NL80211_CMD_NEW_SCAN_RESULTS, 4);
	struct signal_event ev;

	struct nlattr *bss = mnl_attr_nest_start(n, NL80211_ATTR_BSS);
	mnl_attr_put(n, NL80211_BSS_BSSID, 6, bssid);
	mnl_attr_put_u32(n, NL80211_BSS_SIGNAL_MBM, (uint32_t)-7150);
	mnl_attr_put(n, NL80211_BSS_INFORMATION_ELEMENTS, sizeof elements, elements);
	mnl_attr_nest_end(n, bss);

	assert_true(nl80211_parse(n, &ev));
	assert_int_equal(ev.ifindex, 4);
	assert_memory_equal(&ev.router, bssid, 6);
	assert_int_equal(ev.dbm, -71);
	assert_int_equal(ev.load_permille, 501);
	assert_int_equal(ev.bandwidth_kbps, -1);
	assert_false(ev.is_attached);

	n = begin(NL80211_CMD_NEW_SCAN_RESULTS, 4);
	bss = mnl_attr_nest_start(n, NL80211_ATTR_BSS);
	mnl_attr_put(n, NL80211_BSS_BSSID, 6, bssid);
	mnl_attr_put_u32(n, NL80211_BSS_SIGNAL_MBM, (uint32_t)-5000);
	mnl_attr_put_u32(n, NL80211_BSS_STATUS, NL80211_BSS_STATUS_ASSOCIATED);
	mnl_attr_nest_end(n, bss);
	assert_true(nl80211_parse(n, &ev));
	assert_true(ev.is_attached);
}

static void what_has_no_signal_is_left_out(void **state)
{
	(void)state;
	struct signal_event ev;
	struct nlmsghdr *n = begin(NL80211_CMD_NEW_SCAN_RESULTS, 4); /* "a scan is done" */
	assert_false(nl80211_parse(n, &ev));

	n = begin(NL80211_CMD_NEW_STATION, 4); /* no station information */
	mnl_attr_put(n, NL80211_ATTR_MAC, 6, bssid);
	assert_false(nl80211_parse(n, &ev));

	n = begin(NL80211_CMD_DEL_STATION, 4); /* another message */
	mnl_attr_put(n, NL80211_ATTR_MAC, 6, bssid);
	assert_false(nl80211_parse(n, &ev));

	n = begin(NL80211_CMD_NEW_STATION, 4); /* attributes shorter than they must be */
	mnl_attr_put(n, NL80211_ATTR_MAC, 2, bssid);
	struct nlattr *sta = mnl_attr_nest_start(n, NL80211_ATTR_STA_INFO);
	mnl_attr_put(n, NL80211_STA_INFO_SIGNAL, 0, NULL);
	mnl_attr_nest_end(n, sta);
	assert_false(nl80211_parse(n, &ev));
}

static void every_truncation_is_survived(void **state)
{
	(void)state;
	struct signal_event ev;

	a_station_gives_signal_and_rate(NULL);
	const uint32_t whole = ((struct nlmsghdr *)(void *)buf)->nlmsg_len;
	/* Netlink messages fill words of four octets. */
	for (uint32_t len = NLMSG_HDRLEN; len < whole; len += 4) {
		struct nlmsghdr *copy = malloc(len); /* a checker sees each octet read beyond it */
		assert_non_null(copy);
		memcpy(copy, buf, len);
		copy->nlmsg_len = len;
		/* The router's address is complete after 36 octets, the signal later: never an event with half a fact. */
		if (nl80211_parse(copy, &ev))
			assert_int_equal(ev.dbm, -67);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_station_gives_signal_and_rate),
		cmocka_unit_test(an_access_point_hears_its_stations),
		cmocka_unit_test(a_scanned_cell_gives_signal_and_load),
		cmocka_unit_test(what_has_no_signal_is_left_out),
		cmocka_unit_test(every_truncation_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
