/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Agents of sites in Mobile IPv6 on the bench: configuration, addresses, links. What mobiles say to one is in mma_reg_kit.h; what
 * two sites' agents say to each other, in mma_peer_kit.h.
 */
#include "rig.h"

#include "base/err.h"
#include "plat/crypto_openssl.h"
#include "role/mma/mma_i.h"
#include "wire/mip6/mh_packet.h"

enum { CORE = 2, D1 = 3, D2 = 4 };
#define HOA "2001:db8:1::100"
#define HA "2001:db8:1::1"
#define ONLINK "2001:db8:2:11::100"
#define GROUP "ff35::200:ff:fe00:100"
#define HERE "2001:db8:2::1"
#define THERE "2001:db8:3::1"

static struct mma_conf conf;

/* Site "2" is 2001:db8:2::/48; peer: the agent of another site, with whom it shares this key. */
static inline void site_conf(const char *self, const char *peer, const char *key, const char *site)
{
	char text[64];
	memset(&conf, 0, sizeof conf);
	conf.address = rig_addr(self);
	memcpy(conf.upstream[conf.n_upstream++], "core0", 6);
	memcpy(conf.downstream[conf.n_downstream++], "d1", 3);
	snprintf(text, sizeof text, "2001:db8:%s:ff::/64", site);
	conf.coa_prefix = rig_prefix(text);
	snprintf(text, sizeof text, "2001:db8:%s:10::/60", site);
	conf.access_prefix[conf.n_access_prefix++] = rig_prefix(text);
	conf.group_prefix = rig_prefix("ff35::/64");
	conf.lifetime_max = span_s(600);
	conf.forward_max = span_s(60);
	conf.forward_ring = span_ms(200);
	conf.forwardings_max = 100;
	conf.time_window = span_ms(7000);
	conf.bindings_max = 1000;
	conf.refusal_rate = 10;
	conf.robustness = 2;
	conf.query_interval = span_s(30);
	conf.query_response = span_s(2);
	conf.mobile[conf.n_mobile++] = (struct mma_mobile_conf){.home = {rig_addr(HOA), 128}, .key = "mn1"};
	struct mma_peer_conf *p = &conf.peer[conf.n_peer++];
	p->address = rig_addr(peer);
	snprintf(p->key, sizeof p->key, "%s", key);
}

static inline void site_start(struct rig *r)
{
	assert_int_equal(rig_start(r, &mma_role, &conf), ERR_OK);
	rig_link(r, CORE, "core0", "02:00:00:00:00:02", true);
	rig_link(r, D1, "d1", "02:00:00:00:00:03", true);
	if (conf.n_downstream > 1)
		rig_link(r, D2, "d2", "02:00:00:00:00:04", true);
}
