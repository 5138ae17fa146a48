// SPDX-License-Identifier: BSD-2-Clause
/* Groups of the cases that may enter the host's multicast forwarding instead: with `multicast-routing = "pim"`. */
#include "dpk.h"

#define HA "2001:db8:1::1"
#define HA4 "10.1.0.1"

static struct dp_op coa(struct addr6 key) { return (struct dp_op){.table = DP_COA, .coa.coa = key}; }
static struct dp_op relay(struct addr6 key) { return (struct dp_op){.table = DP_RELAY, .relay = {.addr = key, .port = 6000}}; }

const char *dphost_at(unsigned i, struct dp_op *key)
{
	switch (i) {
	case 0: *key = coa(A("2001:db8:2:ff::1")); return "agent passes on to two links";
	case 1: *key = coa(A4("10.9.0.30")); return "IPv4: agent passes on to two links";
	case 2: *key = coa(A("ff35::a10")); return "cast: IPv4 into a group of IPv6";
	case 3: *key = coa(A4("232.128.3.20")); return "cast: IPv6 into a group of IPv4";
	case 4: *key = relay(A(HA)); return "cast: voice put on a group";
	case 5: *key = relay(A4(HA4)); return "cast: voice put on a group of IPv4";
	default: return NULL;
	}
}

void dphost_enter(struct dp_op *op, uint32_t ifindex)
{
	if (op->table == DP_COA)
		op->coa.inject_if = ifindex;
	else
		op->relay.inject_if = ifindex;
}

struct dp_op dphost_links(const struct dp_op *op)
{
	struct dp_op mfc = {.table = DP_MFC};
	mfc.mfc.group = op->table == DP_COA ? op->coa.group : op->relay.group;
	mfc.mfc.source = op->table == DP_COA ? op->coa.source : op->relay.source;
	return mfc;
}

bool dphost_has_no_hop_left(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 ? ip[7] == 1 : ip[8] == 1 && !pk_sum(ip, 20);
}
