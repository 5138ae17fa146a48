/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HSRP: the codec against what other routers send and a known digest; the engine against RFC 2281 5.7's table, copied
 * here as the RFC prints it; routers that elect each other. With an argument: writes a recording of our packets for tshark. R-14.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "plat/crypto_openssl.h"
#include "rg/hsrp.h"
#include "wire/arp/arp.h"
#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"
#include "../kit/plain.h"
#include "../kit/wire_pcap.h"

enum { ROUTERS = 3 };

/* --- bytes --- */

/* What other makers' routers send, version 1 (heard by tcpdump's and Zeek's authors). */
static const struct { const char *hex; uint8_t op; enum hsrp_state state; uint32_t priority; } heard[] = {
	{"000010030ac80100636973636f000000c0a80001", HSRP_HELLO, HSRP_ACTIVE, 200},
	{"000008030a640100636973636f000000c0a80001", HSRP_HELLO, HSRP_STANDBY, 100},
	{"000004030a640100636973636f000000c0a80001", HSRP_HELLO, HSRP_SPEAK, 100},
	{"000102030ac80100636973636f000000c0a80001", HSRP_COUP, HSRP_LISTEN, 200},
	{"00030001000e0200000000026f000000", HSRP_ADVERTISE, HSRP_INITIAL, 0},
};

static void what_others_send_is_read_and_written_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
		uint8_t raw[64], again[HSRP_MAX_OCT];
		const size_t n = strlen(heard[i].hex) / 2;
		struct hsrp h;
		for (size_t k = 0; k < n; k++) {
			unsigned v;
			assert_int_equal(sscanf(heard[i].hex + 2 * k, "%2x", &v), 1);
			raw[k] = (uint8_t)v;
		}
		assert_int_equal(hsrp_parse(raw, n, &h), W_OK);
		assert_int_equal(h.op, heard[i].op);
		if (h.op == HSRP_ADVERTISE)
			continue;
		assert_true(h.state == heard[i].state && h.priority == heard[i].priority && h.hello_ms == 3000 && h.hold_ms == 10000 && h.group == 1);
		assert_int_equal(hsrp_build(again, sizeof again, &h), n);
		assert_memory_equal(again, raw, n);
	}
}

/* A vector that circulates for version 1: key password12345. */
static const uint8_t vector[] = {
	0x00, 0x00, 0x04, 0x03, 0x0a, 0x64, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x64,
	0x04, 0x1c, 0x01, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00,
	0x52, 0xe1, 0xdb, 0x09, 0xd1, 0x8d, 0x69, 0x5b, 0x8f, 0xef, 0xb3, 0x73, 0x0f, 0xf8, 0xd9, 0xd6};

static struct hsrp sample(uint8_t version, enum hsrp_auth auth, bool is_ip6)
{
	struct hsrp h = {.version = version, .op = HSRP_HELLO, .state = HSRP_SPEAK, .group = 1, .priority = 100, .hello_ms = 3000, .hold_ms = 10000,
			 .is_ip6 = is_ip6, .identifier = {{2, 0, 0x5e, 0, 0x53, 1}}, .auth = auth, .text = "secret", .key_id = 7};
	h.virtual_addr = plain_addr(is_ip6 ? "fe80::5:73ff:fea0:1" : "10.0.0.100");
	h.md5_source = plain_addr("10.0.0.20");
	if (version == 1 && auth == HSRP_AUTH_MD5)
		memset(h.text, 0, sizeof h.text);
	return h;
}

static void messages_go_both_ways(void **state)
{
	(void)state;
	for (int version = 1; version <= 2; version++)
		for (int auth = version == 1 ? HSRP_AUTH_TEXT : HSRP_AUTH_NONE; auth <= HSRP_AUTH_MD5; auth++)
			for (int ip6 = 0; ip6 <= (version == 2); ip6++)
				for (int st = 0; st < HSRP_STATE_N; st++) {
					uint8_t buf[HSRP_MAX_OCT], again[HSRP_MAX_OCT];
					struct hsrp h = sample((uint8_t)version, (enum hsrp_auth)auth, ip6), got;
					h.state = (enum hsrp_state)st;
					const size_t n = hsrp_build(buf, sizeof buf, &h);
					assert_true(n > 0);
					assert_int_equal(hsrp_parse(buf, n, &got), W_OK);
					assert_int_equal(got.state, st);
					assert_int_equal(got.auth, auth);
					assert_int_equal(got.hold_ms, 10000);
					assert_true(addr6_eq(&got.virtual_addr, &h.virtual_addr) || (ip6 == 0 && addr6_eq(&got.virtual_addr, &h.virtual_addr)));
					assert_int_equal(hsrp_build(again, sizeof again, &got), n);
					assert_memory_equal(again, buf, n);
					for (size_t len = 0; len < n; len++) /* every truncation: refused, or one field fewer */
						if (hsrp_parse(buf, len, &got) == W_OK)
							assert_true(got.op == HSRP_ADVERTISE || (int)got.auth != auth || (auth == HSRP_AUTH_TEXT && len == 20));
					assert_int_equal(hsrp_build(again, n - 1, &h), 0);
				}
}

static void what_version_1_cannot_say_is_not_built(void **state)
{
	(void)state;
	uint8_t buf[HSRP_MAX_OCT];
	struct hsrp h = sample(1, HSRP_AUTH_TEXT, false);
	h.hello_ms = 250;
	assert_int_equal(hsrp_build(buf, sizeof buf, &h), 0);
	h = sample(1, HSRP_AUTH_TEXT, false);
	h.group = 256;
	assert_int_equal(hsrp_build(buf, sizeof buf, &h), 0);
}

static void a_key_is_padded_as_md5_pads(void **state)
{
	(void)state;
	uint8_t pad[HSRP_MD5_PAD_OCT], zero[16] = {0}, out[16];
	const uint8_t *digest = vector + sizeof vector - 16;
	assert_true(hsrp_md5_pad("password12345", 13, pad));
	assert_false(hsrp_md5_pad(pad, 56, pad));
	assert_true(hsrp_md5_pad("password12345", 13, pad));
	const struct iov_in in[] = {{pad, 64}, {vector, sizeof vector - 16}, {zero, 16}, {"password12345", 13}};
	(void)crypto_openssl.md5(crypto_openssl.ctx, in, 4, out);
	assert_memory_equal(out, digest, 16);
}

static void virtual_link_layer_addresses(void **state)
{
	(void)state;
	struct hsrp h = sample(1, HSRP_AUTH_TEXT, false);
	char text[LLADDR_STRLEN];
	struct lladdr ll = hsrp_lladdr(&h);
	assert_string_equal(lladdr_str(&ll, text), "00:00:0c:07:ac:01");
	h = sample(2, HSRP_AUTH_TEXT, false);
	h.group = 0x234;
	ll = hsrp_lladdr(&h);
	assert_string_equal(lladdr_str(&ll, text), "00:00:0c:9f:f2:34");
	h.is_ip6 = true;
	ll = hsrp_lladdr(&h);
	assert_string_equal(lladdr_str(&ll, text), "00:05:73:a0:02:34");
}

/* --- engines --- */

struct router {
	struct hsrp_engine e;
	struct effq fx;
	struct counters count;
	struct addr6 self;
	bool is_cut;                 /* hears and is heard by nobody */
	bool is_up;
	bool has_addr;
	unsigned n_addr_again, n_addr_add, n_addr_del, n_arp, n_na, n_hello, n_coup, n_resign;
};
static struct router r[ROUTERS];
static struct now now;
static struct prng prng;
static struct rng rng;

static void changed(void *ctx, enum hsrp_state from, enum hsrp_state to, struct now at) { (void)ctx, (void)from, (void)to, (void)at; }

static struct hsrp_conf conf(int i, bool is_ip6)
{
	struct hsrp_conf c = hsrp_conf_default;
	char text[64];
	c.role = ROLE_HA;
	c.group = 1;
	snprintf(text, sizeof text, is_ip6 ? "fe80::%d" : "10.0.0.1%d", i + 1);
	c.self = plain_addr(text);
	c.virtual_addr = plain_addr(is_ip6 ? "fe80::100" : "10.0.0.100");
	c.plen_bits = is_ip6 ? 64 : 120;
	c.ifindex = 1;
	c.lladdr = (struct lladdr){{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
	c.hello = span_ms(10);
	c.hold = span_ms(35);
	return c;
}

static void start(int i, const struct hsrp_conf *c)
{
	const char *remedy;
	const struct hsrp_ops ops = {changed, NULL};
	r[i] = (struct router){.self = c->self, .is_up = true};
	effq_init(&r[i].fx, &plain_heap);
	const struct engine_env env = {.mem = &plain_heap, .rng = &rng, .crypto = &crypto_openssl, .fx = &r[i].fx, .count = &r[i].count};
	assert_int_equal(hsrp_init(&r[i].e, &env, c, &ops, &remedy), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(r, 0, sizeof r);
	now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	prng_seed(&prng, 3);
	rng = prng_rng(&prng);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < ROUTERS; i++)
		if (r[i].fx.mem)
			effq_fini(&r[i].fx);
	return 0;
}

static void payload(const uint8_t *pkt, size_t n, const uint8_t **data, size_t *len)
{
	struct udp4_packet u4;
	struct udp6_packet u6;
	if (pkt[0] >> 4 == 4) {
		assert_int_equal(udp4_packet_parse(pkt, n, &u4), W_OK);
		assert_int_equal(u4.ttl, 1);
		*data = u4.data;
		*len = u4.data_len_oct;
		return;
	}
	if (udp6_packet_parse(pkt, n, &u6) != W_OK) {
		*data = NULL; /* neighbour advertisement */
		return;
	}
	*data = u6.data;
	*len = u6.data_len_oct;
}

/* What a router pushed goes to the others. */
static void carry(int i)
{
	const struct effect *e;
	uint8_t pkt[512];

	while ((e = effq_next(&r[i].fx)) != NULL) {
		if (e->kind == FX_ADDR_ADD) {
			assert_true(e->addr.valid.ns > (int64_t)r[i].e.hold_ms * NS_PER_MS); /* outlives the others' patience, but not for long */
			assert_true(e->addr.valid.ns <= (int64_t)r[i].e.hold_ms * NS_PER_MS + 2 * NS_PER_S);
			r[i].n_addr_again += r[i].has_addr;
			r[i].n_addr_add += !r[i].has_addr;
			r[i].has_addr = true;
		} else if (e->kind == FX_ADDR_DEL) {
			r[i].n_addr_del++;
			r[i].has_addr = false;
		}
		if (e->kind != FX_SEND)
			continue;
		const size_t n = e->send.len_oct;
		const uint8_t *data;
		size_t len;
		struct hsrp h;
		assert_true(n <= sizeof pkt);
		memcpy(pkt, effq_bytes(&r[i].fx, e->send.off), n);
		if (e->send.is_arp) {
			r[i].n_arp++;
			continue;
		}
		payload(pkt, n, &data, &len);
		if (!data) {
			r[i].n_na++;
			continue;
		}
		assert_int_equal(hsrp_parse(data, len, &h), W_OK);
		r[i].n_hello += h.op == HSRP_HELLO;
		r[i].n_coup += h.op == HSRP_COUP;
		r[i].n_resign += h.op == HSRP_RESIGN;
		for (int k = 0; k < ROUTERS; k++)
			if (k != i && r[k].is_up && !r[k].is_cut && !r[i].is_cut)
				hsrp_rx(&r[k].e, &r[i].self, data, len, now);
	}
	effq_reset(&r[i].fx);
}

static void settle(void)
{
	for (int again = 1; again;) {
		again = 0;
		for (int i = 0; i < ROUTERS; i++)
			if (r[i].fx.mem && r[i].fx.n) {
				carry(i);
				again = 1;
			}
	}
}

static void run_ms(int64_t ms)
{
	const int64_t end = now.mono.ns + ms * NS_PER_MS;
	for (;;) {
		mono_t t = MONO_NEVER;
		for (int i = 0; i < ROUTERS; i++)
			if (r[i].is_up)
				t = mono_min(t, hsrp_expiry(&r[i].e));
		if (t.ns > end)
			break;
		now.mono = mono_max(t, now.mono);
		for (int i = 0; i < ROUTERS; i++)
			if (r[i].is_up)
				hsrp_tick(&r[i].e, now);
		settle();
	}
	now.mono.ns = end;
}

static unsigned count_state(enum hsrp_state s)
{
	unsigned n = 0;
	for (int i = 0; i < ROUTERS; i++)
		n += r[i].is_up && !r[i].is_cut && r[i].e.state == s;
	return n;
}

static void start_all(bool is_ip6, enum hsrp_auth auth, uint8_t version)
{
	for (int i = 0; i < ROUTERS; i++) {
		struct hsrp_conf c = conf(i, is_ip6);
		c.version = version;
		c.priority = 100 + 10 * (uint32_t)i;
		c.auth = auth;
		memcpy(c.key, "password12345", c.key_oct = 13);
		if (version == 1)
			c.hello = span_s(1), c.hold = span_s(3);
		start(i, &c);
		hsrp_up(&r[i].e, now);
	}
	settle();
	run_ms(version == 1 ? 20000 : 300);
}

static void one_is_active_and_one_stands_by(void **state)
{
	(void)state;
	for (int version = 1; version <= 2; version++)
		for (int ip6 = 0; ip6 <= (version == 2); ip6++)
			for (int auth = HSRP_AUTH_TEXT; auth <= HSRP_AUTH_MD5; auth++) {
				setup(NULL);
				start_all(ip6, (enum hsrp_auth)auth, (uint8_t)version);
				assert_int_equal(r[2].e.state, HSRP_ACTIVE);
				assert_int_equal(r[1].e.state, HSRP_STANDBY);
				assert_int_equal(r[0].e.state, HSRP_LISTEN);
				assert_int_equal(r[2].n_addr_add, 1);
				assert_int_equal(r[0].n_addr_add + r[1].n_addr_add, 0);
				assert_true(version == 2 || r[2].n_addr_again >= 5); /* 20 s: it is kept */
				const unsigned n = ip6 ? r[2].n_na : r[2].n_arp; /* with the first hellos, and every ten seconds */
				assert_true(version == 1 ? n >= 4 && n <= 5 : n == 3);
				teardown(NULL);
			}
}

static void the_standby_takes_over_within_the_hold_time(void **state)
{
	(void)state;
	start_all(false, HSRP_AUTH_MD5, 2);
	r[2].is_cut = true;
	run_ms(36);
	assert_int_equal(r[1].e.state, HSRP_ACTIVE);
	assert_int_equal(r[1].n_addr_add, 1);
	run_ms(200);
	assert_int_equal(r[0].e.state, HSRP_STANDBY);
	assert_int_equal(r[2].e.state, HSRP_ACTIVE); /* alone with itself */
	r[2].is_cut = false;
	run_ms(200);
	assert_int_equal(count_state(HSRP_ACTIVE), 1); /* the higher one stays */
	assert_int_equal(r[2].e.state, HSRP_ACTIVE);
	assert_int_equal(r[1].n_addr_del, 1);
}

static void a_clean_stop_hands_over_at_once(void **state)
{
	(void)state;
	start_all(false, HSRP_AUTH_TEXT, 2);
	hsrp_down(&r[2].e, now);
	settle();
	assert_int_equal(r[1].e.state, HSRP_ACTIVE);
	assert_int_equal(r[2].e.state, HSRP_INITIAL);
	assert_int_equal(r[2].n_addr_del, 1);
	assert_int_equal(r[2].n_resign, 1);
}

static void preemption_is_a_choice(void **state)
{
	(void)state;
	for (int preempts = 0; preempts <= 1; preempts++) {
		setup(NULL);
		for (int i = 0; i < 2; i++) {
			struct hsrp_conf c = conf(i, false);
			c.priority = 100 + 50 * (uint32_t)i;
			c.is_preempting = preempts;
			start(i, &c);
		}
		hsrp_up(&r[0].e, now);
		run_ms(300);
		assert_int_equal(r[0].e.state, HSRP_ACTIVE);
		hsrp_up(&r[1].e, now);
		run_ms(300);
		assert_int_equal(r[preempts].e.state, HSRP_ACTIVE);
		assert_int_equal(r[!preempts].e.state, HSRP_STANDBY);
		assert_int_equal(r[1].n_coup > 0, preempts);
		teardown(NULL);
	}
}

static void resigning_lets_the_other_one_stay(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct hsrp_conf c = conf(i, false);
		c.priority = 100 + 50 * (uint32_t)i;
		c.is_preempting = true;
		start(i, &c);
		hsrp_up(&r[i].e, now);
	}
	run_ms(300);
	assert_int_equal(r[1].e.state, HSRP_ACTIVE);
	hsrp_resign(&r[1].e, now);
	settle();
	assert_int_equal(r[0].e.state, HSRP_ACTIVE);
	run_ms(300);
	assert_int_equal(r[0].e.state, HSRP_ACTIVE);
	assert_int_equal(r[1].e.state, HSRP_STANDBY);
}

static void a_virtual_address_is_learned(void **state)
{
	(void)state;
	struct hsrp_conf c = conf(0, false);
	start(0, &c);
	c = conf(1, false);
	c.virtual_addr = addr6_any;
	start(1, &c);
	hsrp_up(&r[1].e, now);
	run_ms(300);
	assert_int_equal(r[1].e.state, HSRP_LEARN);
	assert_int_equal(r[1].n_hello, 0);
	hsrp_up(&r[0].e, now);
	run_ms(300);
	assert_int_equal(r[1].e.state, HSRP_STANDBY);
	assert_true(addr6_eq(&r[1].e.virtual_addr, &r[0].e.virtual_addr));
}

static void forgeries_change_nothing(void **state)
{
	(void)state;
	start_all(false, HSRP_AUTH_MD5, 2);
	struct hsrp h = sample(2, HSRP_AUTH_MD5, false);
	uint8_t buf[HSRP_MAX_OCT];
	const struct addr6 other = plain_addr("10.0.0.99");
	h.op = HSRP_COUP;
	h.state = HSRP_ACTIVE;
	h.priority = 255;
	h.key_id = 0;
	for (int auth = HSRP_AUTH_NONE; auth <= HSRP_AUTH_MD5; auth++) {
		h.auth = (enum hsrp_auth)auth;
		const size_t n = hsrp_build(buf, sizeof buf, &h);
		const uint64_t counted = r[2].count.n[R_AUTH_BAD];
		hsrp_rx(&r[2].e, &other, buf, n, now);
		assert_int_equal(r[2].count.n[R_AUTH_BAD], counted + 1);
		assert_int_equal(r[2].e.state, HSRP_ACTIVE);
	}
	r[2].e.conf.auth = HSRP_AUTH_TEXT; /* authentic, but of another virtual address */
	h.auth = HSRP_AUTH_TEXT;
	memcpy(h.text, "cisco\0\0", 8);
	h.virtual_addr = plain_addr("10.0.0.200");
	hsrp_rx(&r[2].e, &other, buf, hsrp_build(buf, sizeof buf, &h), now);
	assert_int_equal(r[2].count.n[R_HSRP_ADDRESS], 1);
	assert_int_equal(r[2].e.state, HSRP_ACTIVE);
}

static void configurations_are_checked(void **state)
{
	(void)state;
	const char *remedy;
	struct hsrp_engine e;
	const struct hsrp_ops ops = {changed, NULL};
	const struct engine_env env = {0};
	struct hsrp_conf c = conf(0, false);
	c.version = 1;
	assert_int_equal(hsrp_init(&e, &env, &c, &ops, &remedy), -5);
	assert_non_null(strstr(remedy, "whole seconds"));
	c = conf(0, false);
	c.hold = c.hello;
	assert_int_equal(hsrp_init(&e, &env, &c, &ops, &remedy), -5);
	c = conf(0, false);
	c.virtual_addr = plain_addr("fe80::1");
	assert_int_equal(hsrp_init(&e, &env, &c, &ops, &remedy), -5);
}

/* RFC 2281 5.7, a row an event, as it is printed; states are numbered from 1. */
static const char *const rfc[12][6] = {
	{"AB/2|3+", "", "", "", "", ""},                                    /* a */
	{"", "CD/1", "CD/1", "CD/1", "CD/1", "CDH/1"},                      /* b */
	{"", "", "AB/4", "", "CDFI/6", ""},                                 /* c */
	{"", "", "B/4", "D/5", "", ""},                                     /* d */
	{"", "", "", "F", "F", "F"},                                        /* e */
	{"", "", "", "B/3", "B/3", ""},                                     /* f */
	{"", "EAB/3", "EA", "EA", "EA", "AB/4"},                            /* g */
	{"", "EAB/3", "A|BGFI/6*", "A|BGFI/6*", "A|BGFI/6*", "G"},          /* h */
	{"", "", "AB/4", "A", "CFI/6", ""},                                 /* i */
	{"", "", "", "", "", "ABH/4"},                                      /* j */
	{"", "", "B", "B/3", "B/3", "B"},                                   /* k */
	{"", "", "B/4", "D/5", "", "B"},                                    /* l */
};

static void put_event(int ev, bool is_for_standby)
{
	struct hsrp h = sample(2, HSRP_AUTH_TEXT, false);
	uint8_t buf[HSRP_MAX_OCT];
	const struct addr6 other = plain_addr("10.0.0.50");
	static const struct { uint8_t op; enum hsrp_state state; uint32_t priority; } msg[12] = {
		[5] = {HSRP_HELLO, HSRP_SPEAK, 200}, [6] = {HSRP_HELLO, HSRP_ACTIVE, 200}, [7] = {HSRP_HELLO, HSRP_ACTIVE, 50}, [8] = {HSRP_RESIGN, HSRP_ACTIVE, 50},
		[9] = {HSRP_COUP, HSRP_STANDBY, 200}, [10] = {HSRP_HELLO, HSRP_STANDBY, 200}, [11] = {HSRP_HELLO, HSRP_STANDBY, 50}};
	(void)is_for_standby;
	switch (ev) {
	case 0: hsrp_up(&r[0].e, now); return;
	case 1: hsrp_down(&r[0].e, now); return;
	case 2: r[0].e.active_at = now.mono; break;
	case 3: r[0].e.standby_at = now.mono; break;
	case 4: r[0].e.hello_at = now.mono; break;
	default:
		memcpy(h.text, "cisco\0\0", 8);
		h.op = msg[ev].op;
		h.state = msg[ev].state;
		h.priority = msg[ev].priority;
		h.hello_ms = 2000;
		h.hold_ms = 7000;
		r[0].e.active = other;
		hsrp_rx(&r[0].e, &other, buf, hsrp_build(buf, sizeof buf, &h), now);
		return;
	}
	hsrp_tick(&r[0].e, now);
}

static bool has(const char *actions, size_t n, char c) { return memchr(actions, c, n) != NULL; }

static void check_cell(int ev, int st, bool preempts)
{
	const char *cell = rfc[ev][st];
	const char *part = cell, *bar = strchr(cell, '|');
	int next = st;
	struct hsrp_conf c = conf(0, false);

	setup(NULL);
	c.is_preempting = preempts;
	if (ev == 0 && st == 0)
		next = HSRP_LISTEN; /* "+": the address is configured */
	else if (bar && preempts)
		part = bar + 1;
	const size_t n_actions = strcspn(part, "/|");
	if (part[n_actions] == '/' && ev != 0)
		next = part[n_actions + 1] - '1';
	start(0, &c);
	r[0].e.state = (enum hsrp_state)st;
	const mono_t far = mono_add(now.mono, span_s(100));
	r[0].e.active_at = st == HSRP_ACTIVE ? MONO_NEVER : far;
	r[0].e.standby_at = far;
	r[0].e.hello_at = far;
	put_event(ev, false);
	const mono_t active_at = r[0].e.active_at, standby_at = r[0].e.standby_at;
	carry(0);
	assert_int_equal(r[0].e.state, next);
	assert_int_equal(r[0].n_hello > 0, has(part, n_actions, 'F'));
	assert_int_equal(r[0].n_coup > 0, has(part, n_actions, 'G'));
	assert_int_equal(r[0].n_resign > 0, has(part, n_actions, 'H'));
	assert_int_equal(r[0].n_arp > 0, has(part, n_actions, 'I'));
	if (has(part, n_actions, 'A') && next != HSRP_ACTIVE)
		assert_true(active_at.ns - now.mono.ns == ((ev == 6 || ev == 7) ? 7000 : 35) * NS_PER_MS);
	if (has(part, n_actions, 'B'))
		assert_true(standby_at.ns - now.mono.ns == ((ev == 10 || ev == 11) ? 7000 : 35) * NS_PER_MS);
	if (has(part, n_actions, 'C'))
		assert_true(mono_is_never(active_at));
	if (has(part, n_actions, 'D'))
		assert_true(mono_is_never(standby_at));
	teardown(NULL);
}

static void the_table_is_the_rfcs(void **state)
{
	(void)state;
	for (int ev = 0; ev < 12; ev++)
		for (int st = 0; st < 6; st++)
			for (int preempts = 0; preempts <= 1; preempts++)
				check_cell(ev, st, preempts);
	memset(r, 0, sizeof r);
}

/* --- for tshark --- */

static int write_recording(const char *path)
{
	FILE *f = pcap_create(path);
	if (!f)
		return 1;
	for (int version = 1; version <= 2; version++)
		for (int ip6 = 0; ip6 <= (version == 2); ip6++)
			for (int auth = HSRP_AUTH_TEXT; auth <= HSRP_AUTH_MD5; auth++) {
				struct hsrp_conf c = conf(0, ip6);
				setup(NULL);
				c.version = (uint8_t)version;
				c.auth = (enum hsrp_auth)auth;
				c.hello = span_s(1), c.hold = span_s(3);
				memcpy(c.key, "password12345", c.key_oct = 13);
				start(0, &c);
				hsrp_up(&r[0].e, now);
				for (int i = 0; i < 30; i++) {
					now.mono = hsrp_expiry(&r[0].e);
					hsrp_tick(&r[0].e, now);
				}
				hsrp_down(&r[0].e, now);
				for (uint32_t i = 0; i < r[0].fx.n; i++)
					if (r[0].fx.fx[i].kind == FX_SEND && !r[0].fx.fx[i].send.is_arp)
						pcap_append(f, effq_bytes(&r[0].fx, r[0].fx.fx[i].send.off), r[0].fx.fx[i].send.len_oct);
				teardown(NULL);
			}
	return fclose(f) != 0;
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_others_send_is_read_and_written_again), T(messages_go_both_ways), T(what_version_1_cannot_say_is_not_built),
		T(a_key_is_padded_as_md5_pads), T(virtual_link_layer_addresses), T(one_is_active_and_one_stands_by),
		T(the_standby_takes_over_within_the_hold_time), T(a_clean_stop_hands_over_at_once), T(preemption_is_a_choice),
		T(resigning_lets_the_other_one_stay), T(a_virtual_address_is_learned), T(forgeries_change_nothing), T(configurations_are_checked),
		T(the_table_is_the_rfcs),
	};
	if (argc > 1)
		return write_recording(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
