/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign agent: advertisements (RFC 5944 2, RFC 1256), what visitors mean for the datapath, store and restart, busy. H-7. */
#include "../kit/rig.h"

#include "base/err.h"
#include "core/auth/sa4.h"
#include "plat/crypto_openssl.h"
#include "role/fa/fa_i.h"
#include "wire/ip/ip6.h"

enum { UP = 2, ACC0 = 3 };
#define MOBILE "02:00:00:00:01:00"
#define HOA "10.1.0.100"
#define HA "192.0.2.1"
#define COA "10.2.16.1"

static struct rig rig;
static struct fa_conf conf;
static uint32_t id;

static void make_conf(void)
{
	conf = (struct fa_conf){.coa = {rig_addr(COA)}, .n_coa = 1, .upstream = {"up0"}, .n_upstream = 1, .lifetime = span_s(1800), .visitors_max = 10,
		.pending_max = 5, .rate = 10, .pending = span_s(7), .has_gre = true, .has_minimal = true, .has_delivery = true,
		.reverse = VISITOR_REVERSE_OPTIONAL, .window = 2, .has_revocation = true, .has_inform = true, .n_interface = 1};
	conf.interface[0] = (struct fa_if_conf){.name = "acc0", .prefix = {rig_prefix("10.2.16.0/24")}, .n_prefix = 1, .is_filtered = true,
		.tells_prefix_len = true, .adv_interval = span_s(1), .rate = 20};
}

static void start(void)
{
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", true);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 5);
	(void)rig_add_key(&rig, "mh", 256, "mobile and home agent");
	(void)rig_add_key(&rig, "fh", 400, "foreign and home agent");
	make_conf();
	id = 100;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&rig);
	return 0;
}

static struct adv4_packet adv_at(uint32_t nth)
{
	struct adv4_packet p;
	size_t n = 0;
	const uint8_t *pkt = rig_sent(&rig, nth, &n);
	assert_int_equal(adv4_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.type, IC4_ROUTER_ADV);
	return p;
}
static const struct fx_send *send_at(uint32_t nth) { return &rig_effect(&rig, FX_SEND, nth)->send; }

/* --- advertisements -------------------------------------------------------------------------------------- */

static void the_first_advertisement_says_all(void **state)
{
	(void)state;
	conf.n_home_agent = 1;
	conf.home_agent[0] = (struct fa_ha_conf){rig_addr(HA), "fh"};
	conf.mma = rig_addr("10.2.0.1");
	conf.group_prefix = rig_prefix("232.128.0.0/9");
	strcpy(conf.site, "foreign");
	start();
	struct adv4_packet p = adv_at(0);
	struct addr6 coa = rig_addr(COA);
	assert_true(addr6_eq(&p.src, &coa) && addr6_eq(&p.dst, &adv4_allnodes));
	assert_int_equal(p.ttl, 1);
	assert_int_equal(p.adv.seq, 0);
	assert_int_equal(p.adv.lifetime_s, 3);
	assert_int_equal(p.adv.reg_lifetime_s, 1800);
	assert_int_equal(p.adv.flags, ADV4_F | ADV4_M | ADV4_G | ADV4_T | ADV4_X);
	assert_int_equal(p.adv.n_coa, 1);
	assert_true(addr6_eq(&p.adv.coa[0], &coa) && addr6_eq(&p.adv.router[0].addr, &coa));
	assert_int_equal(p.adv.router[0].len_bits, 24);
	assert_true(p.adv.has_mma && addr6_eq(&p.adv.mma.addr, &conf.mma));
	assert_string_equal(p.adv.mma.site, "foreign");
}

/* RFC 5944 2.1.1: each bit by its setting. */
static void each_bit_has_a_setting(void **state)
{
	(void)state;
	conf.has_gre = conf.has_minimal = false;
	conf.reverse = VISITOR_REVERSE_OFF;
	start();
	assert_int_equal(adv_at(0).adv.flags, ADV4_F);
	conf.takes_colocated = conf.interface[0].is_required = conf.interface[0].is_home_agent = true;
	conf.is_busy = true;
	conf.udp = FA_UDP_ON;
	rig_clear(&rig);
	start();
	assert_int_equal(adv_at(0).adv.flags, ADV4_F | ADV4_R | ADV4_B | ADV4_H | ADV4_U);
}

static void they_come_at_random_times_with_rising_numbers(void **state)
{
	(void)state;
	start();
	int64_t last = rig.now.mono.ns, least = INT64_MAX, most = 0;
	for (uint16_t seq = 1; seq < 50; seq++) {
		rig_clear(&rig);
		mono_t next = rig.ops->expiry(rig.self);
		int64_t gap = next.ns - last;
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
		last = next.ns;
		rig_run(&rig, mono_sub(next, rig.now.mono));
		assert_int_equal(adv_at(0).adv.seq, seq);
	}
	assert_true(least >= 750 * NS_PER_MS && most <= NS_PER_S && most - least > 100 * NS_PER_MS);
}

/* 2.3.2: 0xffff is followed by 256, and a restart by 0. */
static void the_sequence_rolls_over_to_256(void **state)
{
	(void)state;
	start();
	((struct fa *)rig.self)->iface[0].adv.seq = 0xffff;
	rig_clear(&rig);
	rig_run(&rig, span_s(2));
	assert_int_equal(adv_at(0).adv.seq, 0xffff);
	assert_int_equal(adv_at(1).adv.seq, 256);
	rig_clear(&rig);
	start();
	assert_int_equal(adv_at(0).adv.seq, 0);
}

static void solicit(const char *src, const char *lladdr)
{
	uint8_t buf[64];
	struct addr6 a = rig_addr(src);
	size_t n = sol4_packet_build(buf, sizeof buf, &a, &adv4_allrouters);
	assert_true(rig_rx(&rig, ACC0, lladdr, buf, n));
}

/* 2.3: at once, by unicast, whatever the source; 20 a second and station. */
static void solicitations_are_answered_at_once(void **state)
{
	(void)state;
	start();
	rig_clear(&rig);
	solicit("172.16.5.5", MOBILE);
	struct adv4_packet p = adv_at(0);
	struct addr6 them = rig_addr("172.16.5.5");
	struct lladdr mobile = rig_lladdr(MOBILE);
	assert_true(addr6_eq(&p.dst, &them) && send_at(0)->has_lladdr && lladdr_eq(&send_at(0)->lladdr, &mobile));
	solicit("0.0.0.0", MOBILE);
	p = adv_at(1);
	assert_true(addr6_eq(&p.dst, &adv4_allnodes) && lladdr_eq(&send_at(1)->lladdr, &mobile));
	rig_clear(&rig);
	for (int i = 0; i < 100; i++)
		solicit("172.16.5.5", MOBILE);
	assert_true(rig_count(&rig, FX_SEND) <= 20);
	assert_true(rig.count.n[R_LIMIT_RATE] >= 80);
	rig_clear(&rig);
	solicit("172.16.5.6", "02:00:00:00:01:01"); /* another station has its own share */
	assert_int_equal(rig_count(&rig, FX_SEND), 1);
}

static void only_solicited_speaks_when_spoken_to(void **state)
{
	(void)state;
	conf.interface[0].only_solicited = true;
	start();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	solicit("172.16.5.5", MOBILE);
	assert_int_equal(rig_count(&rig, FX_SEND), 1);
	rig_run(&rig, span_s(10));
	assert_int_equal(rig_count(&rig, FX_SEND), 1);
}

static void broadcast_is_a_setting(void **state)
{
	(void)state;
	conf.interface[0].is_broadcast = true;
	start();
	struct addr6 all = rig_addr("255.255.255.255");
	struct lladdr everybody = rig_lladdr("ff:ff:ff:ff:ff:ff");
	struct adv4_packet p = adv_at(0);
	assert_true(addr6_eq(&p.dst, &all) && lladdr_eq(&send_at(0)->lladdr, &everybody));
}

/* Without an address on the link there is nothing to say, until there is one. */
static void an_address_that_comes_later_begins_it(void **state)
{
	(void)state;
	conf.coa[0] = rig_addr("198.51.100.7");
	conf.interface[0].n_prefix = 0;
	start();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	const struct local_event ev = {.ifindex = ACC0, .addr = rig_addr("10.2.16.9")};
	rig.ops->local(rig.self, &ev, rig.now);
	struct adv4_packet p = adv_at(0);
	assert_true(addr6_eq(&p.src, &ev.addr));
	assert_true(addr6_eq(&p.adv.coa[0], &conf.coa[0]));
	const struct local_event gone = {.ifindex = ACC0, .addr = ev.addr, .is_gone = true};
	rig.ops->local(rig.self, &gone, rig.now);
	rig_clear(&rig);
	rig_run(&rig, span_s(10));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void a_clean_stop_takes_all_back(void **state)
{
	(void)state;
	start();
	rig_clear(&rig);
	rig.ops->stop(rig.self, rig.now);
	assert_int_equal(adv_at(0).adv.lifetime_s, 0);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_IF, 1));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_LOCAL, 0));
	assert_int_equal(rig_count(&rig, FX_LEAVE), 2);
}

/* --- visitors -------------------------------------------------------------------------------------------- */

static size_t request(uint8_t *buf, size_t cap, uint8_t flags, uint16_t lifetime_s, bool has_delivery)
{
	struct mip4 m = {.type = MIP4_REQUEST, .request = {.flags = flags, .lifetime_s = lifetime_s, .hoa = rig_addr(HOA), .ha = rig_addr(HA),
		.coa = rig_addr(COA), .id = 0x100000000ull + id++}};
	const struct mip4_path path = {.src = rig_addr(HOA), .dst = rig_addr(COA), .sport = 434, .ttl = 255};
	struct mip4_built built;
	m.ext.auth[MIP4_MH] = sa4_auth(&rig.key[0]);
	m.ext.has_delivery = has_delivery;
	size_t n = mip4_packet_build(buf, cap, &path, &m, &built);
	sa4_sign(&rig.key[0], &crypto_openssl, buf + built.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, buf);
	return n;
}

/* The home agent's answer to what was relayed last. x: more extensions; NULL: none. */
static void accept_last(uint16_t lifetime_s, const struct mip4_exts *x)
{
	uint8_t buf[512];
	struct mip4_packet q;
	struct mip4_built built;
	size_t n = 0;
	const uint8_t *pkt = rig_sent(&rig, rig_count(&rig, FX_SEND) - 1, &n);
	assert_int_equal(mip4_packet_parse(pkt, n, &q), W_OK);
	assert_int_equal(q.m.type, MIP4_REQUEST);
	struct mip4 m = {.type = MIP4_REPLY, .reply = {.lifetime_s = lifetime_s, .hoa = q.m.request.hoa, .ha = q.m.request.ha, .id = q.m.request.id}};
	const struct mip4_path path = {.src = q.dst, .dst = q.src};
	m.ext.auth[MIP4_MH] = sa4_auth(&rig.key[0]);
	n = mip4_packet_build(buf, sizeof buf, &path, &m, &built);
	sa4_sign(&rig.key[0], &crypto_openssl, buf + built.msg_off, &m.ext.auth[MIP4_MH]);
	uint8_t whole[512], out[512];
	memcpy(whole, buf + built.msg_off, built.msg_len_oct);
	struct mip4 more = {.type = MIP4_REPLY};
	if (x)
		more.ext = *x;
	if (conf.n_home_agent)
		more.ext.auth[MIP4_FH] = sa4_auth(&rig.key[1]);
	const struct mip4_path relay = {.src = q.dst, .dst = q.src, .relay = whole, .relay_oct = built.msg_len_oct};
	n = mip4_packet_build(out, sizeof out, &relay, &more, &built);
	if (conf.n_home_agent)
		sa4_sign(&rig.key[1], &crypto_openssl, out + built.msg_off, &more.ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, out);
	assert_true(rig_rx(&rig, UP, "02:00:00:00:00:99", out, n));
}

static void visit(uint8_t flags, bool has_delivery)
{
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, flags, 300, has_delivery);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	accept_last(300, NULL);
}

static void a_visitor_is_told_to_the_datapath(void **state)
{
	(void)state;
	static const struct { uint8_t flags; bool has_delivery; enum dp_visit_up up; enum dp_encap encap; } cases[] = {
		{0, false, DP_VISIT_ROUTE, DP_ENCAP_IPIP}, {MIP4_T, false, DP_VISIT_REVERSE, DP_ENCAP_IPIP},
		{MIP4_T, true, DP_VISIT_ENCAPSULATED, DP_ENCAP_IPIP}, {MIP4_T | MIP4_G, false, DP_VISIT_REVERSE, DP_ENCAP_GRE_PLAIN},
		{MIP4_T | MIP4_M, false, DP_VISIT_REVERSE, DP_ENCAP_MINIMAL},
	};
	start();
	struct addr6 hoa = rig_addr(HOA), ha = rig_addr(HA), coa = rig_addr(COA);
	struct lladdr mobile = rig_lladdr(MOBILE);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		rig_clear(&rig);
		visit(cases[i].flags, cases[i].has_delivery);
		const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_VISIT, i == 0);
		assert_non_null(op);
		assert_true(addr6_eq(&op->visit.home_address, &hoa) && addr6_eq(&op->visit.ha, &ha) && addr6_eq(&op->visit.coa, &coa));
		assert_true(lladdr_eq(&op->visit.lladdr, &mobile) && op->visit.ifindex == ACC0);
		assert_int_equal(op->visit.up, cases[i].up);
		assert_int_equal(op->visit.encap, cases[i].encap);
		assert_true(op->visit.expires.ns == mono_add(rig.now.mono, span_s(300)).ns);
		assert_int_equal(rig_effect(&rig, FX_STORE_PUT, 0)->store.table, STORE_VISIT);
		rig_run(&rig, span_s(2));
	}
	rig_clear(&rig);
	rig_run(&rig, span_s(300));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
}

/* The home agent's first packet may overtake the reading of its reply: then it waits. */
static void nothing_is_delivered_while_the_home_agent_is_asked(void **state)
{
	(void)state;
	start();
	uint8_t buf[512];
	rig_clear(&rig);
	size_t n = request(buf, sizeof buf, MIP4_T, 300, false);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0);
	assert_int_equal(op->visit.up, DP_VISIT_WAIT);
	assert_true(op->visit.expires.ns == mono_add(rig.now.mono, span_s(7)).ns);
	rig_run(&rig, span_s(8)); /* never answered */
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
	visit(MIP4_T, false);
	rig_clear(&rig);
	n = request(buf, sizeof buf, MIP4_T, 200, false);
	assert_true(rig_rx(&rig, ACC0, "02:00:00:00:01:07", buf, n)); /* somebody asks in its place: nothing changes */
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0));
	rig_run(&rig, span_s(8));
	assert_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
	n = request(buf, sizeof buf, MIP4_T, 200, false);
	assert_true(rig_rx(&rig, ACC0, "02:00:00:00:01:07", buf, n));
	rig_clear(&rig);
	rig.ops->stop(rig.self, rig.now);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
}

/* No host route, no ARP: the host never asks for a visitor by broadcast (RFC 5944 4.2.2). */
static void the_host_gets_no_route_and_no_neighbour(void **state)
{
	(void)state;
	start();
	visit(MIP4_T, false);
	assert_int_equal(rig_count(&rig, FX_ROUTE_PUT) + rig_count(&rig, FX_NEIGH) + rig_count(&rig, FX_ADDR_ADD), 0);
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++)
		assert_false(send_at(i)->is_arp);
}

static void a_co_located_mobile_has_no_entry(void **state)
{
	(void)state;
	conf.takes_colocated = true;
	start();
	uint8_t buf[512];
	struct mip4 m = {.type = MIP4_REQUEST, .request = {.flags = MIP4_D, .lifetime_s = 300, .hoa = rig_addr(HOA), .ha = rig_addr(HA),
		.coa = rig_addr("10.2.16.50"), .id = 0x100000000ull + id++}};
	const struct mip4_path path = {.src = m.request.coa, .dst = rig_addr(COA)};
	struct mip4_built built;
	m.ext.auth[MIP4_MH] = sa4_auth(&rig.key[0]);
	size_t n = mip4_packet_build(buf, sizeof buf, &path, &m, &built);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	accept_last(300, NULL);
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0));
	assert_int_equal(visitors_count(&((struct fa *)rig.self)->visitors), 1);
}

/* RFC 3519 4.5, 4.9. */
static void a_udp_tunnel_is_asked_for_and_kept_open(void **state)
{
	(void)state;
	conf.udp = FA_UDP_ON;
	start();
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, MIP4_T | MIP4_G, 300, false);
	rig_clear(&rig);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	struct mip4_packet q;
	const uint8_t *pkt = rig_sent(&rig, 0, &n);
	assert_int_equal(mip4_packet_parse(pkt, n, &q), W_OK);
	assert_true(q.m.ext.has_udp_request && !q.m.ext.udp_request.is_forced && !q.m.ext.udp_request.is_r);
	assert_true(q.m.ext.udp_request.off > q.m.ext.auth[MIP4_MH].off);
	assert_int_equal(q.m.ext.udp_request.encap, NH_IPV4);
	const struct mip4_exts x = {.has_udp_reply = true, .udp_reply = {.code = 0, .keepalive_s = 60}};
	accept_last(300, &x);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_VISIT, 1);
	assert_int_equal(op->visit.encap, DP_ENCAP_UDP);
	assert_int_equal(op->visit.udp_port, 434);
	rig_run(&rig, span_s(59));
	rig_clear(&rig);
	rig_run(&rig, span_ms(1500));
	bool is_kept = false;
	struct addr6 ha = rig_addr(HA);
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++) {
		struct udp4_packet u;
		pkt = rig_sent(&rig, i, &n);
		if (udp4_packet_parse(pkt, n, &u) != W_OK)
			continue;
		struct icmp4_packet echo;
		assert_true(addr6_eq(&u.dst, &ha) && u.sport == 434 && u.dport == 434 && u.data[0] == MIP4_DATA && u.data[1] == NH_IPV4);
		assert_int_equal(icmp4_packet_parse(u.data + 4, u.data_len_oct - 4, &echo), W_OK);
		assert_int_equal(echo.type, IC4_ECHO_REQUEST);
		is_kept = true;
	}
	assert_true(is_kept);
}

/* RFC 3519 4.10: an agent's interval is configured, to be shorter than its translator's memory. */
static void a_udp_tunnel_is_kept_open_as_the_operator_says(void **state)
{
	(void)state;
	conf.udp = FA_UDP_FORCED;
	conf.udp_keepalive = span_s(20);
	start();
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, MIP4_T, 300, false);
	rig_clear(&rig);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	const struct mip4_exts x = {.has_udp_reply = true, .udp_reply = {.code = 0, .keepalive_s = 60}};
	accept_last(300, &x);
	rig_run(&rig, span_s(19));
	const uint32_t before = rig_count(&rig, FX_SEND);
	rig_run(&rig, span_s(42));
	struct udp4_packet u;
	uint32_t n_kept = 0;
	for (uint32_t i = before; i < rig_count(&rig, FX_SEND); i++) {
		const uint8_t *pkt = rig_sent(&rig, i, &n);
		n_kept += udp4_packet_parse(pkt, n, &u) == W_OK && u.data[0] == MIP4_DATA;
	}
	assert_int_equal(n_kept, 3);
}

static void without_an_assent_there_is_no_udp_tunnel(void **state)
{
	(void)state;
	conf.udp = FA_UDP_ON;
	start();
	visit(0, false);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 1)->visit.encap, DP_ENCAP_IPIP);
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, 0, 300, false);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	const struct mip4_exts x = {.has_udp_reply = true, .udp_reply = {.code = 64}};
	accept_last(300, &x);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 2)->visit.encap, DP_ENCAP_IPIP);
}

static void a_stored_visitor_without_its_link_is_forgotten(void **state)
{
	(void)state;
	start();
	visit(MIP4_T, false);
	const struct effect *e = rig_effect(&rig, FX_STORE_PUT, 0);
	uint8_t rec[1024];
	memcpy(rec, effq_bytes(&rig.fx, e->store.off), e->store.key_len_oct + e->store.val_len_oct);
	const struct store_rec r = {.table = STORE_VISIT, .key = rec, .val = rec + e->store.key_len_oct, .key_len_oct = e->store.key_len_oct,
		.val_len_oct = e->store.val_len_oct};
	rig_clear(&rig);
	strcpy(conf.interface[0].name, "acc1");
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	assert_int_equal(rig.ops->restore(rig.self, &r, rig.now), ERR_OK);
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
	assert_int_equal(visitors_count(&((struct fa *)rig.self)->visitors), 0);
}

/* After a crash; the advertisements' sequence begins anew all the same. */
static void a_stored_visitor_is_served_for_what_is_left(void **state)
{
	(void)state;
	start();
	visit(MIP4_T, false);
	const struct effect *e = rig_effect(&rig, FX_STORE_PUT, 0);
	uint8_t rec[1024];
	memcpy(rec, effq_bytes(&rig.fx, e->store.off), e->store.key_len_oct + e->store.val_len_oct);
	struct store_rec r = {.table = STORE_VISIT, .key = rec, .val = rec + e->store.key_len_oct, .key_len_oct = e->store.key_len_oct,
		.val_len_oct = e->store.val_len_oct};
	rig_run(&rig, span_s(100));
	rig_clear(&rig);
	assert_int_equal(rig_start(&rig, &fa_role, &conf), ERR_OK);
	assert_int_equal(rig.ops->restore(rig.self, &r, rig.now), ERR_OK);
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0)); /* links come later */
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0);
	assert_non_null(op);
	assert_int_equal(op->visit.ifindex, ACC0);
	assert_int_equal(op->visit.up, DP_VISIT_REVERSE);
	assert_in_range(span_to_s(mono_sub(op->visit.expires, rig.now.mono)), 199, 200);
	rig_clear(&rig);
	rig_run(&rig, span_s(201));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
	for (r.val_len_oct = 0; r.val_len_oct < e->store.val_len_oct; r.val_len_oct++) { /* any truncation: forgotten */
		assert_int_equal(rig.ops->restore(rig.self, &r, rig.now), ERR_OK);
		assert_int_equal(visitors_count(&((struct fa *)rig.self)->visitors), 0);
	}
}

/* RFC 3543 4.2.3: we revoke; the home agent is told until it acknowledges, and decides whether the mobile is. */
static void dropping_a_visitor_revokes_its_registration(void **state)
{
	(void)state;
	conf.n_home_agent = 1;
	conf.home_agent[0] = (struct fa_ha_conf){rig_addr(HA), "fh"};
	start();
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, MIP4_T, 300, false);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	const struct mip4_exts x = {.has_revocation = true, .revocation = {.inform = true, .timestamp = 1000}};
	accept_last(300, &x);
	rig_clear(&rig);
	const char *const words[] = {"drop", HOA}, *msg = NULL;
	const struct ctl_cmd cmd = {2, words};
	assert_int_equal(rig.ops->ctl(rig.self, &cmd, rig.now, &msg), ERR_OK);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
	struct mip4_packet p;
	const uint8_t *pkt = rig_sent(&rig, 0, &n);
	assert_int_equal(mip4_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.m.type, MIP4_REVOKE);
	assert_true(!p.m.revoke.is_ha && p.m.revoke.inform);
	assert_true(sa4_verify(&rig.key[1], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_FH]));
	uint32_t first = p.m.revoke.id;
	rig_run(&rig, span_ms(1100));
	uint32_t at = rig_count(&rig, FX_SEND);
	do {
		pkt = rig_sent(&rig, --at, &n);
	} while (mip4_packet_parse(pkt, n, &p) != W_OK || p.m.type != MIP4_REVOKE);
	assert_true((int32_t)(p.m.revoke.id - first) > 0);
	struct mip4 ack = {.type = MIP4_REVOKE_ACK, .revoke = {.inform = true, .hoa = rig_addr(HOA), .id = p.m.revoke.id}};
	const struct mip4_path path = {.src = rig_addr(HA), .dst = rig_addr(COA)};
	struct mip4_built built;
	for (int is_good = 0; is_good < 2; is_good++) {
		ack.ext.auth[MIP4_FH] = sa4_auth(&rig.key[1]);
		n = mip4_packet_build(buf, sizeof buf, &path, &ack, &built);
		if (is_good)
			sa4_sign(&rig.key[1], &crypto_openssl, buf + built.msg_off, &ack.ext.auth[MIP4_FH]);
		mip4_packet_finish(&built, buf);
		rig_clear(&rig);
		assert_true(rig_rx(&rig, UP, "02:00:00:00:00:99", buf, n));
		assert_int_equal(visitors_count(&((struct fa *)rig.self)->visitors), !is_good);
	}
	struct lladdr mobile = rig_lladdr(MOBILE);
	assert_int_equal(adv_at(0).adv.seq, 0);
	assert_true(lladdr_eq(&send_at(0)->lladdr, &mobile));
}

static size_t revocation(uint8_t *buf, size_t cap, uint32_t stamp, bool is_ha, bool is_signed)
{
	struct mip4 m = {.type = MIP4_REVOKE, .revoke = {.is_ha = is_ha, .inform = true, .hoa = rig_addr(HOA), .home = rig_addr(HA), .foreign = rig_addr(COA),
		.id = stamp}};
	const struct mip4_path path = {.src = rig_addr(HA), .dst = rig_addr(COA), .sport = 700};
	struct mip4_built built;
	m.ext.auth[MIP4_FH] = sa4_auth(&rig.key[1]);
	size_t n = mip4_packet_build(buf, cap, &path, &m, &built);
	if (is_signed)
		sa4_sign(&rig.key[1], &crypto_openssl, buf + built.msg_off, &m.ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, buf);
	return n;
}

/* RFC 3543 4.2.2.2, 3.5. */
static void the_home_agent_revokes(void **state)
{
	(void)state;
	conf.n_home_agent = 1;
	conf.home_agent[0] = (struct fa_ha_conf){rig_addr(HA), "fh"};
	start();
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, MIP4_T, 300, false);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	const struct mip4_exts x = {.has_revocation = true, .revocation = {.inform = true, .timestamp = 1000}};
	accept_last(300, &x);
	static const struct { uint32_t stamp; bool is_ha, is_signed; enum reason why; } wrong[] = {
		{1001, true, false, R_REVOKE_KEY}, {1000, true, true, R_REVOKE_OLD}, {999, true, true, R_REVOKE_OLD}, {1001, false, true, R_REVOKE_OLD},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		rig_clear(&rig);
		n = revocation(buf, sizeof buf, wrong[i].stamp, wrong[i].is_ha, wrong[i].is_signed);
		uint64_t before = rig.count.n[wrong[i].why];
		assert_true(rig_rx(&rig, UP, "02:00:00:00:00:99", buf, n));
		assert_int_equal(rig.count.n[wrong[i].why], before + 1);
		assert_int_equal(rig_count(&rig, FX_SEND) + rig_count(&rig, FX_DP_DEL), 0);
	}
	n = revocation(buf, sizeof buf, 1001, true, true);
	assert_true(rig_rx(&rig, UP, "02:00:00:00:00:99", buf, n));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 0));
	assert_int_equal(adv_at(0).adv.seq, 0); /* the mobile is told */
	struct mip4_packet p;
	const uint8_t *pkt = rig_sent(&rig, 1, &n);
	assert_int_equal(mip4_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.m.type, MIP4_REVOKE_ACK);
	assert_true(p.m.revoke.id == 1001 && p.m.revoke.inform && p.dport == 700);
	assert_true(sa4_verify(&rig.key[1], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_FH]));
	rig_clear(&rig);
	n = revocation(buf, sizeof buf, 1001, true, true); /* replayed: nothing; sent again because ours was lost: acknowledged again */
	assert_true(rig_rx(&rig, UP, "02:00:00:00:00:99", buf, n));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	n = revocation(buf, sizeof buf, 1002, true, true);
	assert_true(rig_rx(&rig, UP, "02:00:00:00:00:99", buf, n));
	assert_int_equal(rig_count(&rig, FX_SEND), 1);
}

static void busy_is_advertised_and_taken_back(void **state)
{
	(void)state;
	start();
	const char *words[] = {"busy", "on"}, *msg = NULL;
	const struct ctl_cmd cmd = {2, words};
	assert_int_equal(rig.ops->ctl(rig.self, &cmd, rig.now, &msg), ERR_OK);
	rig_clear(&rig);
	rig_run(&rig, span_s(1));
	assert_true(adv_at(0).adv.flags & ADV4_B);
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, 0, 300, false);
	rig_clear(&rig);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	struct mip4_packet p;
	const uint8_t *pkt = rig_sent(&rig, 0, &n);
	assert_int_equal(mip4_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.m.reply.code, MIP4_FA_NO_RESOURCES);
	words[1] = "off";
	assert_int_equal(rig.ops->ctl(rig.self, &cmd, rig.now, &msg), ERR_OK);
	rig_clear(&rig);
	rig_run(&rig, span_s(1));
	assert_false(adv_at(0).adv.flags & ADV4_B);
	words[1] = "perhaps";
	assert_int_equal(rig.ops->ctl(rig.self, &cmd, rig.now, &msg), ERR_INVAL);
}

static void requests_count_only_from_links_of_visitors_and_to_us(void **state)
{
	(void)state;
	start();
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, 0, 300, false);
	assert_false(rig_rx(&rig, UP, MOBILE, buf, n));
	struct mip4 m = {.type = MIP4_REQUEST, .request = {.lifetime_s = 300, .hoa = rig_addr(HOA), .ha = rig_addr(HA), .coa = rig_addr(COA)}};
	const char *const to[] = {"10.2.16.77", "10.2.16.255", "255.255.255.255", "224.0.0.11"};
	for (size_t i = 0; i < 4; i++) {
		const struct mip4_path path = {.src = rig_addr(HOA), .dst = rig_addr(to[i])};
		struct mip4_built built;
		n = mip4_packet_build(buf, sizeof buf, &path, &m, &built);
		assert_int_equal(rig_rx(&rig, ACC0, MOBILE, buf, n), i > 0);
	}
}

/* SIGHUP: visitors stay, settings and keys are the new ones; what cannot be taken over changes nothing. */
static void a_new_configuration_keeps_visitors(void **state)
{
	(void)state;
	const char *remedy = NULL;
	start();
	visit(MIP4_T, false);
	struct fa_conf next = conf;
	next.lifetime = span_s(100);
	next.interface[0].adv_interval = span_s(5);
	next.n_home_agent = 1;
	next.home_agent[0] = (struct fa_ha_conf){rig_addr(HA), "no such key"};
	assert_int_equal(rig.ops->reconf(rig.self, &next, rig.now, &remedy), ERR_INVAL);
	assert_non_null(remedy);
	next.home_agent[0] = (struct fa_ha_conf){rig_addr(HA), "fh"};
	next.coa[0] = rig_addr("10.2.16.2");
	assert_int_equal(rig.ops->reconf(rig.self, &next, rig.now, &remedy), ERR_NOTSUP);
	const struct fa *fa = rig.self;
	assert_int_equal(fa->conf.n_home_agent, 0);
	assert_int_equal(span_to_s(fa->conf.lifetime), 1800);
	next.coa[0] = conf.coa[0];
	assert_int_equal(rig.ops->reconf(rig.self, &next, rig.now, &remedy), ERR_OK);
	conf = next;
	assert_int_equal(visitors_count(&fa->visitors), 1);
	uint8_t buf[512];
	size_t n = request(buf, sizeof buf, MIP4_T, 300, false);
	rig_clear(&rig);
	assert_true(rig_rx(&rig, ACC0, MOBILE, buf, n));
	struct mip4_packet p;
	const uint8_t *pkt = rig_sent(&rig, rig_count(&rig, FX_SEND) - 1, &n);
	assert_int_equal(mip4_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.m.reply.code, MIP4_FA_LIFETIME);
	assert_int_equal(p.m.reply.lifetime_s, 100);
	rig_clear(&rig);
	rig_run(&rig, span_s(5));
	assert_int_equal(adv_at(0).adv.reg_lifetime_s, 100);
	assert_true(adv_at(0).adv.flags & ADV4_X);
	assert_int_equal(adv_at(0).adv.lifetime_s, 15);
}

static void count_advice(void *ctx, const char *fmt, ...)
{
	(void)fmt;
	(*(int *)ctx)++;
}

/* `roamd -t`: each weak setting is named, none when all are strong. */
static void weak_settings_are_named(void **state)
{
	(void)state;
	int n = 0;
	start();
	rig.ops->advise(rig.self, count_advice, &n);
	assert_int_equal(n, 2); /* no challenge, no key with a home agent */
	conf.has_challenge = true;
	conf.n_home_agent = 1;
	conf.home_agent[0] = (struct fa_ha_conf){rig_addr(HA), "fh"};
	start();
	rig.ops->advise(rig.self, count_advice, (n = 0, &n));
	assert_int_equal(n, 0);
	conf.takes_colocated = true;
	conf.interface[0].is_filtered = false;
	start();
	rig.ops->advise(rig.self, count_advice, (n = 0, &n));
	assert_int_equal(n, 2);
}

/* A link that goes and comes again, under another index: what is served goes on there. */
static void visitors_outlive_their_link(void **state)
{
	(void)state;
	start();
	visit(MIP4_T, false);
	rig_clear(&rig);
	const struct link_event gone = {.ifindex = ACC0, .name = "acc0", .is_gone = true};
	rig.ops->link(rig.self, &gone, rig.now);
	rig_run(&rig, span_s(3));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	rig_link(&rig, 9, "acc0", "02:00:00:00:00:03", true);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0);
	assert_non_null(op);
	assert_int_equal(op->visit.ifindex, 9);
	assert_true(adv_at(0).adv.seq > 0); /* the agent did not begin anew */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_first_advertisement_says_all), T(each_bit_has_a_setting), T(they_come_at_random_times_with_rising_numbers),
		T(the_sequence_rolls_over_to_256), T(solicitations_are_answered_at_once), T(only_solicited_speaks_when_spoken_to),
		T(broadcast_is_a_setting), T(an_address_that_comes_later_begins_it), T(a_clean_stop_takes_all_back),
		T(a_visitor_is_told_to_the_datapath), T(nothing_is_delivered_while_the_home_agent_is_asked), T(the_host_gets_no_route_and_no_neighbour), T(a_co_located_mobile_has_no_entry),
		T(a_udp_tunnel_is_asked_for_and_kept_open), T(a_udp_tunnel_is_kept_open_as_the_operator_says),
		T(without_an_assent_there_is_no_udp_tunnel), T(a_stored_visitor_without_its_link_is_forgotten),
		T(a_stored_visitor_is_served_for_what_is_left), T(dropping_a_visitor_revokes_its_registration), T(the_home_agent_revokes),
		T(busy_is_advertised_and_taken_back), T(a_new_configuration_keeps_visitors), T(weak_settings_are_named),
		T(visitors_outlive_their_link), T(requests_count_only_from_links_of_visitors_and_to_us),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
