/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/nl80211.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* A netlink socket has one dump under way at a time: requests wait here for the one before. */
enum { WAITING_MAX = 32, MSG_OCT = 256, ELEMENT_BSS_LOAD = 11, BSS_LOAD_OCT = 5 };

struct request { uint8_t cmd; uint32_t ifindex; };

struct nl80211 {
	struct mnl_socket *sock, *ask;
	struct nl80211_cb cb;
	uint16_t family;
	uint32_t scan_group, mlme_group;
	struct request waiting[WAITING_MAX]; /* the first one is under way */
	uint32_t n_waiting, seq;
};

static struct nlmsghdr *genl(char *buf, uint16_t type, uint8_t cmd)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buf);
	n->nlmsg_type = type;
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(n, sizeof *g);

	g->cmd = cmd;
	g->version = 1;
	return n;
}

static void parse_station(const struct nlattr *nest, struct signal_event *ev, bool *has_signal)
{
	const struct nlattr *a, *r;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case NL80211_STA_INFO_SIGNAL:
			if (mnl_attr_get_payload_len(a) < 1)
				break;
			ev->dbm = (int8_t)mnl_attr_get_u8(a);
			*has_signal = true;
			break;
		case NL80211_STA_INFO_TX_BITRATE:
			mnl_attr_for_each_nested(r, a)
				if (mnl_attr_get_type(r) == NL80211_RATE_INFO_BITRATE32 && mnl_attr_get_payload_len(r) >= 4)
					ev->bandwidth_kbps = (int32_t)mnl_attr_get_u32(r) * 100;
			break;
		}
	}
	ev->is_attached = true;
}

/* BSS Load (IEEE 802.11 9.4.2.26): stations (2), channel utilisation in 255ths (1), capacity (2). */
static int32_t load_of(const uint8_t *p, size_t len)
{
	while (len >= 2 && len >= 2u + p[1]) {
		if (p[0] == ELEMENT_BSS_LOAD && p[1] >= BSS_LOAD_OCT)
			return p[4] * 1000 / 255;
		len -= 2u + p[1];
		p += 2u + p[1];
	}
	return -1;
}

static void parse_bss(const struct nlattr *nest, struct signal_event *ev, bool *has_signal)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		const size_t len = mnl_attr_get_payload_len(a);
		switch (mnl_attr_get_type(a)) {
		case NL80211_BSS_BSSID:
			if (len >= sizeof ev->router)
				memcpy(&ev->router, mnl_attr_get_payload(a), sizeof ev->router);
			break;
		case NL80211_BSS_SIGNAL_MBM:
			if (len < 4)
				break;
			ev->dbm = (int32_t)mnl_attr_get_u32(a) / 100;
			*has_signal = true;
			break;
		case NL80211_BSS_STATUS:
			ev->is_attached = len >= 4 && mnl_attr_get_u32(a) == NL80211_BSS_STATUS_ASSOCIATED;
			break;
		case NL80211_BSS_INFORMATION_ELEMENTS:
			ev->load_permille = load_of(mnl_attr_get_payload(a), len);
			break;
		}
	}
}

bool nl80211_parse(const struct nlmsghdr *msg, struct signal_event *ev)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(msg);
	bool has_signal = false;
	const struct nlattr *a;

	*ev = (struct signal_event){.bandwidth_kbps = -1, .load_permille = -1, .delay_ms = -1, .cost = -1};
	if (mnl_nlmsg_get_payload_len(msg) < sizeof *g || (g->cmd != NL80211_CMD_NEW_STATION && g->cmd != NL80211_CMD_NEW_SCAN_RESULTS))
		return false;
	mnl_attr_for_each(a, msg, sizeof *g) {
		const uint16_t type = mnl_attr_get_type(a);
		const size_t len = mnl_attr_get_payload_len(a);
		if (type == NL80211_ATTR_IFINDEX && len >= 4)
			ev->ifindex = mnl_attr_get_u32(a);
		else if (type == NL80211_ATTR_MAC && len >= sizeof ev->router)
			memcpy(&ev->router, mnl_attr_get_payload(a), sizeof ev->router);
		else if (type == NL80211_ATTR_STA_INFO && g->cmd == NL80211_CMD_NEW_STATION)
			parse_station(a, ev, &has_signal);
		else if (type == NL80211_ATTR_BSS && g->cmd == NL80211_CMD_NEW_SCAN_RESULTS)
			parse_bss(a, ev, &has_signal);
	}
	return has_signal && ev->ifindex && !lladdr_is_zero(&ev->router);
}

bool nl80211_parse_station(const struct nlmsghdr *msg, struct station_event *ev)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(msg);
	const struct nlattr *a;
	struct signal_event s;

	*ev = (struct station_event){.is_serving = true};
	if (mnl_nlmsg_get_payload_len(msg) < sizeof *g)
		return false;
	if (g->cmd == NL80211_CMD_NEW_STATION && nl80211_parse(msg, &s)) {
		*ev = (struct station_event){.ifindex = s.ifindex, .station = s.router, .dbm = s.dbm, .is_serving = true};
		return true;
	}
	if (g->cmd != NL80211_CMD_DEL_STATION)
		return false;
	*ev = (struct station_event){.is_gone = true};
	mnl_attr_for_each(a, msg, sizeof *g) {
		if (mnl_attr_get_type(a) == NL80211_ATTR_IFINDEX && mnl_attr_get_payload_len(a) >= 4)
			ev->ifindex = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == NL80211_ATTR_MAC && mnl_attr_get_payload_len(a) >= sizeof ev->station)
			memcpy(&ev->station, mnl_attr_get_payload(a), sizeof ev->station);
	}
	return ev->ifindex && !lladdr_is_zero(&ev->station);
}

static void ask_first(struct nl80211 *n)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *msg = genl(buf, n->family, n->waiting[0].cmd);

	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	msg->nlmsg_seq = ++n->seq;
	mnl_attr_put_u32(msg, NL80211_ATTR_IFINDEX, n->waiting[0].ifindex);
	if (mnl_socket_sendto(n->sock, msg, msg->nlmsg_len) < 0)
		n->n_waiting = 0;
}

static void ask(struct nl80211 *n, uint8_t cmd, uint32_t ifindex)
{
	for (uint32_t i = 0; i < n->n_waiting; i++)
		if (n->waiting[i].cmd == cmd && n->waiting[i].ifindex == ifindex)
			return;
	if (n->n_waiting == WAITING_MAX)
		return;
	n->waiting[n->n_waiting++] = (struct request){cmd, ifindex};
	if (n->n_waiting == 1)
		ask_first(n);
}

static void answered(struct nl80211 *n, uint32_t seq)
{
	if (seq != n->seq || !n->n_waiting)
		return;
	memmove(n->waiting, n->waiting + 1, --n->n_waiting * sizeof n->waiting[0]);
	if (n->n_waiting)
		ask_first(n);
}

/* A scan has finished on this interface: a message without a cell in it. */
static uint32_t scan_done(const struct nlmsghdr *msg)
{
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(msg);
	uint32_t ifindex = 0;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(msg) < sizeof *g || g->cmd != NL80211_CMD_NEW_SCAN_RESULTS)
		return 0;
	mnl_attr_for_each(a, msg, sizeof *g) {
		if (mnl_attr_get_type(a) == NL80211_ATTR_BSS)
			return 0;
		if (mnl_attr_get_type(a) == NL80211_ATTR_IFINDEX && mnl_attr_get_payload_len(a) >= 4)
			ifindex = mnl_attr_get_u32(a);
	}
	return ifindex;
}

static void on_message(struct nl80211 *n, const struct nlmsghdr *msg)
{
	struct station_event station;
	struct signal_event ev;
	uint32_t ifindex;

	if (msg->nlmsg_type == NLMSG_DONE || msg->nlmsg_type == NLMSG_ERROR) {
		answered(n, msg->nlmsg_seq);
		return;
	}
	if (msg->nlmsg_type != n->family)
		return;
	if (nl80211_parse_station(msg, &station))
		n->cb.station(n->cb.ctx, &station);
	if (nl80211_parse(msg, &ev))
		n->cb.signal(n->cb.ctx, &ev);
	else if ((ifindex = scan_done(msg)))
		ask(n, NL80211_CMD_GET_SCAN, ifindex);
}

void nl80211_read(struct nl80211 *n)
{
	_Alignas(8) char buf[NL_BUF_OCT];
	ssize_t got;

	while ((got = mnl_socket_recvfrom(n->sock, buf, sizeof buf)) > 0) {
		int left = (int)got;
		for (const struct nlmsghdr *msg = (const void *)buf; mnl_nlmsg_ok(msg, left); msg = mnl_nlmsg_next(msg, &left))
			on_message(n, msg);
	}
}

void nl80211_poll(struct nl80211 *n, uint32_t ifindex)
{
	ask(n, NL80211_CMD_GET_STATION, ifindex);
}

static int on_family(const struct nlmsghdr *msg, void *ctx)
{
	struct nl80211 *n = ctx;
	const struct nlattr *a, *group, *b;

	mnl_attr_for_each(a, msg, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			n->family = mnl_attr_get_u16(a);
		if (mnl_attr_get_type(a) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, a) {
			const char *name = "";
			uint32_t id = 0;
			mnl_attr_for_each_nested(b, group) {
				if (mnl_attr_get_type(b) == CTRL_ATTR_MCAST_GRP_NAME)
					name = mnl_attr_get_str(b);
				else if (mnl_attr_get_type(b) == CTRL_ATTR_MCAST_GRP_ID)
					id = mnl_attr_get_u32(b);
			}
			if (!strcmp(name, NL80211_MULTICAST_GROUP_SCAN))
				n->scan_group = id;
			if (!strcmp(name, NL80211_MULTICAST_GROUP_MLME))
				n->mlme_group = id;
		}
	}
	return MNL_CB_OK;
}

static int find_family(struct nl80211 *n)
{
	_Alignas(8) char buf[MSG_OCT];
	struct nlmsghdr *msg = genl(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);

	mnl_attr_put_strz(msg, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME);
	if (nl_get(n->ask, msg, on_family, n))
		return errno == ENOENT ? ERR_NOTSUP : ERR_SYS;
	return n->family ? 0 : ERR_NOTSUP;
}

int nl80211_open(struct nl80211 **out, const struct nl80211_cb *cb)
{
	struct nl80211 *n = calloc(1, sizeof *n);

	*out = NULL;
	if (!n)
		return ERR_NOMEM;
	n->cb = *cb;
	n->ask = nl_open(NETLINK_GENERIC);
	int rc = n->ask ? find_family(n) : ERR_SYS;
	if (!rc && !(n->sock = nl_open_events(NETLINK_GENERIC, 0)))
		rc = ERR_SYS;
	if (rc) {
		nl80211_close(n);
		return rc;
	}
	if (n->scan_group)
		mnl_socket_setsockopt(n->sock, NETLINK_ADD_MEMBERSHIP, &n->scan_group, sizeof n->scan_group);
	if (n->mlme_group)
		mnl_socket_setsockopt(n->sock, NETLINK_ADD_MEMBERSHIP, &n->mlme_group, sizeof n->mlme_group);
	*out = n;
	return 0;
}

void nl80211_close(struct nl80211 *n)
{
	if (!n)
		return;
	if (n->ask)
		mnl_socket_close(n->ask);
	if (n->sock)
		mnl_socket_close(n->sock);
	free(n);
}

int nl80211_fd(const struct nl80211 *n)
{
	return mnl_socket_get_fd(n->sock);
}
