/* SPDX-License-Identifier: BSD-2-Clause */
/* The hot standby router protocol's engine: RFC 2281 5.4 to 5.7. */
#include "rg/hsrp.h"

#include "base/err.h"
#include "wire/arp/arp.h"
#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"
#include "wire/nd/nd.h"

/* 5.5 */
enum event { EV_UP, EV_DOWN, EV_ACTIVE_GONE, EV_STANDBY_GONE, EV_HELLO_DUE, EV_SPEAK_HIGHER, EV_ACTIVE_HIGHER, EV_ACTIVE_LOWER, EV_RESIGN, EV_COUP,
	     EV_STANDBY_HIGHER, EV_STANDBY_LOWER, EV_N };
/* 5.6 */
enum action { A = 1, B = 2, C = 4, D = 8, E = 16, F = 32, G = 64, H = 128, I = 256, PREEMPT = 512 /* or A alone, when we do not preempt */ };

const struct hsrp_conf hsrp_conf_default = {.version = 2, .priority = 100, .hello = {3 * NS_PER_S}, .hold = {10 * NS_PER_S}, .auth = HSRP_AUTH_TEXT,
					    .text = {'c', 'i', 's', 'c', 'o'}};

enum {
	ANNOUNCEMENTS = 3, /* of the virtual address: with the first hellos, should one be lost */
	ANNOUNCE_S = 10,   /* and so often after, for an active router that was frozen while another one was it, and thaws */
	LIFE_MORE_S = 2,   /* the kernel counts an address's lifetime in seconds */
};

struct transition { uint16_t actions; int8_t next; /* -1: stays */ };
#define T(a, n) {(a), (n)}
#define NONE {0, -1}
#define STAY(a) {(a), -1}
/* 5.7. Event a and the starred alternatives of event h are settled in apply(). */
static const struct transition table[EV_N][HSRP_STATE_N] = {
	/*                       initial              learn                      listen             speak              standby                       active */
	[EV_UP] =              {T(A | B, HSRP_LISTEN), NONE, NONE, NONE, NONE, NONE},
	[EV_DOWN] =            {NONE, T(C | D, HSRP_INITIAL), T(C | D, HSRP_INITIAL), T(C | D, HSRP_INITIAL), T(C | D, HSRP_INITIAL), T(C | D | H, HSRP_INITIAL)},
	[EV_ACTIVE_GONE] =     {NONE, NONE, T(A | B, HSRP_SPEAK), NONE, T(C | D | F | I, HSRP_ACTIVE), NONE},
	[EV_STANDBY_GONE] =    {NONE, NONE, T(B, HSRP_SPEAK), T(D, HSRP_STANDBY), NONE, NONE},
	[EV_HELLO_DUE] =       {NONE, NONE, NONE, STAY(F), STAY(F), STAY(F)},
	[EV_SPEAK_HIGHER] =    {NONE, NONE, NONE, T(B, HSRP_LISTEN), T(B, HSRP_LISTEN), NONE},
	[EV_ACTIVE_HIGHER] =   {NONE, T(E | A | B, HSRP_LISTEN), STAY(E | A), STAY(E | A), STAY(E | A), T(A | B, HSRP_SPEAK)},
	[EV_ACTIVE_LOWER] =    {NONE, T(E | A | B, HSRP_LISTEN), T(PREEMPT | A | B | G | F | I, HSRP_ACTIVE), T(PREEMPT | A | B | G | F | I, HSRP_ACTIVE),
				T(PREEMPT | A | B | G | F | I, HSRP_ACTIVE), STAY(G)},
	[EV_RESIGN] =          {NONE, NONE, T(A | B, HSRP_SPEAK), STAY(A), T(C | F | I, HSRP_ACTIVE), NONE},
	[EV_COUP] =            {NONE, NONE, NONE, NONE, NONE, T(A | B | H, HSRP_SPEAK)},
	[EV_STANDBY_HIGHER] =  {NONE, NONE, STAY(B), T(B, HSRP_LISTEN), T(B, HSRP_LISTEN), STAY(B)},
	[EV_STANDBY_LOWER] =   {NONE, NONE, T(B, HSRP_SPEAK), T(D, HSRP_STANDBY), NONE, STAY(B)},
};

static bool is_ip6(const struct hsrp_engine *e) { return !addr6_is_v4mapped(&e->conf.self); }

static const char *fault_of(const struct hsrp_conf *c)
{
	const bool is_v6 = !addr6_is_v4mapped(&c->self);
	if (c->version != 1 && c->version != 2)
		return "HSRP has the versions 1 and 2";
	if (c->version == 1 && (is_v6 || c->group > 255 || c->priority > 255))
		return "HSRP version 1 knows IPv4, groups and priorities up to 255: use version 2";
	if (c->version == 1 && (c->hello.ns % NS_PER_S || c->hold.ns % NS_PER_S || c->hold.ns > 255 * NS_PER_S))
		return "HSRP version 1 has times in whole seconds up to 255: use version 2";
	if (c->group > 4095)
		return "HSRP groups go up to 4095";
	if (c->hold.ns <= c->hello.ns || c->hello.ns < NS_PER_MS)
		return "hold must be longer than hello, three times as long at best (RFC 2281 5.1)";
	if (c->auth == HSRP_AUTH_MD5 && (c->key_oct == 0 || c->key_oct > HSRP_KEY_MAX))
		return "an HSRP key has 1 to 55 octets";
	if (!addr6_is_none(&c->virtual_addr) && addr6_is_v4mapped(&c->virtual_addr) == is_v6)
		return "the virtual address and our own are of different families";
	return NULL;
}

int hsrp_init(struct hsrp_engine *e, const struct engine_env *env, const struct hsrp_conf *conf, const struct hsrp_ops *ops, const char **remedy)
{
	*remedy = fault_of(conf);
	if (*remedy)
		return ERR_INVAL;
	*e = (struct hsrp_engine){.env = *env, .conf = *conf, .ops = *ops, .virtual_addr = conf->virtual_addr,
				  .hello_ms = (uint32_t)span_to_ms(conf->hello), .hold_ms = (uint32_t)span_to_ms(conf->hold),
				  .active_at = MONO_NEVER, .standby_at = MONO_NEVER, .hello_at = MONO_NEVER};
	return ERR_OK;
}

/* --- out --- */

static void digest_of(const struct hsrp_engine *e, const uint8_t *data, size_t len_oct, uint16_t off, uint8_t out[static HSRP_MD5_OCT])
{
	static const uint8_t zero[HSRP_MD5_OCT];
	uint8_t pad[HSRP_MD5_PAD_OCT];
	(void)hsrp_md5_pad(e->conf.key, e->conf.key_oct, pad);
	const struct iov_in in[] = {{pad, sizeof pad}, {data, off}, {zero, sizeof zero}, {data + off + HSRP_MD5_OCT, len_oct - off - HSRP_MD5_OCT},
				    {e->conf.key, e->conf.key_oct}};
	(void)e->env.crypto->md5(e->env.crypto->ctx, in, sizeof in / sizeof *in, out);
}

static void packet_out(struct hsrp_engine *e, const uint8_t *data, size_t len_oct)
{
	uint8_t pkt[HSRP_MAX_OCT + 48];
	struct wr w = wr_of(pkt, sizeof pkt);
	size_t n;

	if (is_ip6(e)) {
		udp6_begin(&w, &e->conf.self, &hsrp_group_ip6, 255, HSRP_PORT6, HSRP_PORT6);
		wr_bytes(&w, data, len_oct);
		n = udp6_finish(&w);
	} else {
		const struct ip4_path path = {.src = e->conf.self, .dst = e->conf.version == 1 ? hsrp_group_v1 : hsrp_group_v2, .ttl = 1, .tos = 0xc0};
		struct udp4_build b = udp4_begin(&w, &path, HSRP_PORT, HSRP_PORT);
		wr_bytes(&w, data, len_oct);
		n = udp4_finish(&w, &b);
	}
	if (n)
		fx_send(e->env.fx, e->conf.role, e->conf.ifindex, NULL, pkt, n);
}

static void send(struct hsrp_engine *e, enum hsrp_op op)
{
	uint8_t buf[HSRP_MAX_OCT];
	struct hsrp h = {.version = e->conf.version, .op = (uint8_t)op, .state = e->state, .group = e->conf.group, .priority = e->conf.priority,
			 .hello_ms = e->hello_ms, .hold_ms = e->hold_ms, .virtual_addr = e->virtual_addr, .is_ip6 = is_ip6(e),
			 .identifier = e->conf.lladdr, .auth = e->conf.auth, .key_id = e->conf.key_id};

	memcpy(h.text, e->conf.text, sizeof h.text);
	if (e->conf.auth == HSRP_AUTH_MD5) {
		memset(h.text, 0, sizeof h.text);
		h.md5_source = is_ip6(e) ? addr6_any : e->conf.self;
	}
	const size_t n = hsrp_build(buf, sizeof buf, &h);
	if (!n)
		return;
	if (e->conf.auth == HSRP_AUTH_MD5)
		digest_of(e, buf, n, h.digest_off, buf + h.digest_off);
	packet_out(e, buf, n);
	e->n_tx++;
}

static void announce(struct hsrp_engine *e)
{
	uint8_t buf[128];

	if (is_ip6(e)) {
		const struct nd_na na = {.target = e->virtual_addr, .is_router = true, .is_override = true, .has_tlla = true, .tlla = e->conf.lladdr};
		const size_t n = na_packet_build(buf, sizeof buf, &e->virtual_addr, &addr6_allnodes, &na);
		fx_send(e->env.fx, e->conf.role, e->conf.ifindex, NULL, buf, n);
		return;
	}
	const struct arp a = arp_gratuitous(&e->conf.lladdr, &e->virtual_addr, ARP_REPLY);
	const struct lladdr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	fx_send_arp(e->env.fx, e->conf.role, e->conf.ifindex, &all, buf, arp_build(buf, sizeof buf, &a));
}

/* For so long at a time that it is gone soon after whoever runs the engine, however sudden its end: nobody else would take it away. */
static void hold_address(struct hsrp_engine *e, bool is_on, struct now now)
{
	const span_t life = span_s(span_to_s(span_ms(e->hold_ms)) + LIFE_MORE_S);
	const struct fx_addr a = {.ifindex = e->conf.ifindex, .addr = e->virtual_addr, .plen_bits = e->conf.plen_bits, .flags = ADDR_NODAD,
				  .preferred = life, .valid = life};
	fx_addr(e->env.fx, e->conf.role, is_on ? FX_ADDR_ADD : FX_ADDR_DEL, &a);
	e->held = now.mono;
}

/* --- the machine --- */

static mono_t after_ms(uint32_t ms, struct now now) { return mono_add(now.mono, span_ms(ms)); }

/* 5.4: jittered, here by up to an eighth early. */
static void hello_rearm(struct hsrp_engine *e, struct now now)
{
	const uint32_t early = rng_below(e->env.rng, e->hello_ms / 8 + 1);
	e->hello_at = e->state >= HSRP_SPEAK ? after_ms(e->hello_ms - early, now) : MONO_NEVER;
}

static void enter(struct hsrp_engine *e, enum hsrp_state next, const char *why, struct now now)
{
	const enum hsrp_state was = e->state;

	if (next == was)
		return;
	e->state = next;
	e->n_changes++;
	fx_event(e->env.fx, e->conf.role, EV_NOTICE, "hsrp-state", &addr6_any, "hsrp group %u: %s -> %s: %s", e->conf.group, hsrp_state_str(was),
		 hsrp_state_str(next), why);
	if (was == HSRP_ACTIVE)
		hold_address(e, false, now);
	if (next == HSRP_ACTIVE)
		hold_address(e, true, now);
	hello_rearm(e, now);
	e->ops.changed(e->ops.ctx, was, next, now);
}

/* h: the hello of the active or the standby router that caused the event, or NULL. Its hold time is for its sender's timer. */
static void timers(struct hsrp_engine *e, uint32_t actions, const struct hsrp *h, struct now now)
{
	const bool is_active = h && h->state == HSRP_ACTIVE, is_standby = h && h->state == HSRP_STANDBY;

	if (actions & (A | C))
		e->is_active_gone = false;
	if (actions & A)
		e->active_at = after_ms(is_active ? h->hold_ms : e->hold_ms, now);
	if (actions & B)
		e->standby_at = after_ms(is_standby ? h->hold_ms : e->hold_ms, now);
	if (actions & C)
		e->active_at = MONO_NEVER;
	if (actions & D)
		e->standby_at = MONO_NEVER;
}

static const char *const reasons[EV_N] = {"the link is up", "the link is down", "the active router is silent", "the standby router is silent", "hello is due",
	"a higher one speaks", "a higher one is active", "a lower one is active", "the active router resigned", "a higher one took over", "a higher one stands by",
	"a lower one stands by"};

static void apply(struct hsrp_engine *e, enum event ev, const struct hsrp *h, struct now now)
{
	struct transition t = table[ev][e->state];

	if (ev == EV_UP && e->state == HSRP_INITIAL && addr6_is_none(&e->virtual_addr))
		t.next = HSRP_LEARN;
	if (t.actions & PREEMPT) {
		if (e->conf.is_preempting)
			t.actions &= (uint16_t)~(A | PREEMPT);
		else
			t = (struct transition)STAY(A);
	}
	if (t.actions & E && addr6_is_none(&e->virtual_addr))
		e->virtual_addr = h->virtual_addr;
	timers(e, t.actions, h && h->op == HSRP_HELLO ? h : NULL, now);
	if (t.actions & H)
		send(e, HSRP_RESIGN); /* in the state that is left: from the active router */
	if (t.next >= 0)
		enter(e, (enum hsrp_state)t.next, reasons[ev], now);
	if (t.actions & G)
		send(e, HSRP_COUP);
	if (t.actions & F)
		send(e, HSRP_HELLO);
	if (e->state == HSRP_ACTIVE && mono_sub(now.mono, e->held).ns >= NS_PER_S)
		hold_address(e, true, now);
	if (t.actions & I)
		e->announce = ANNOUNCEMENTS;
	if (e->announce && e->state == HSRP_ACTIVE && t.actions & (I | F)) {
		announce(e);
		e->announce--;
		e->announced = now.mono;
	}
	if (e->state == HSRP_ACTIVE)
		e->active_at = MONO_NEVER; /* there is nobody else to watch */
}

void hsrp_up(struct hsrp_engine *e, struct now now) { apply(e, EV_UP, NULL, now); }
void hsrp_down(struct hsrp_engine *e, struct now now) { apply(e, EV_DOWN, NULL, now); }

void hsrp_resign(struct hsrp_engine *e, struct now now)
{
	if (e->state != HSRP_ACTIVE)
		return;
	apply(e, EV_DOWN, NULL, now);
	e->conf.is_preempting = false;
	apply(e, EV_UP, NULL, now);
}

/* 5.1: the higher priority, then the higher address. */
static bool is_higher(const struct hsrp_engine *e, const struct hsrp *h, const struct addr6 *src)
{
	return h->priority != e->conf.priority ? h->priority > e->conf.priority : addr6_cmp(src, &e->conf.self) > 0;
}

static void on_hello(struct hsrp_engine *e, const struct hsrp *h, const struct addr6 *src, struct now now)
{
	const bool higher = is_higher(e, h, src);

	if (h->state == HSRP_ACTIVE) {
		e->active = *src;
		apply(e, higher ? EV_ACTIVE_HIGHER : EV_ACTIVE_LOWER, h, now);
	} else if (h->state == HSRP_STANDBY) {
		e->standby = *src;
		apply(e, higher ? EV_STANDBY_HIGHER : EV_STANDBY_LOWER, h, now);
	} else if (h->state == HSRP_SPEAK && higher)
		apply(e, EV_SPEAK_HIGHER, h, now);
}

static bool is_authentic(const struct hsrp_engine *e, const struct hsrp *h, const uint8_t *data, size_t len_oct)
{
	uint8_t digest[HSRP_MD5_OCT];

	if (e->conf.auth == HSRP_AUTH_MD5) {
		if (h->auth != HSRP_AUTH_MD5 || h->key_id != e->conf.key_id)
			return false;
		digest_of(e, data, len_oct, h->digest_off, digest);
		return mac_equal(digest, h->digest, sizeof digest);
	}
	if (h->auth == HSRP_AUTH_MD5)
		return false;
	if (e->conf.auth == HSRP_AUTH_NONE)
		return true;
	return mac_equal(h->text, e->conf.text, sizeof h->text);
}

void hsrp_rx(struct hsrp_engine *e, const struct addr6 *src, const uint8_t *data, size_t len_oct, struct now now)
{
	struct hsrp h;
	enum wire_err err = hsrp_parse(data, len_oct, &h);

	if (err) {
		reason_count(&e->env, reason_of_wire(err));
		return;
	}
	if (h.op == HSRP_ADVERTISE || h.group != e->conf.group || h.version != e->conf.version || h.is_ip6 != is_ip6(e) || addr6_eq(src, &e->conf.self))
		return;
	if (!is_authentic(e, &h, data, len_oct)) {
		reason_count(&e->env, R_AUTH_BAD);
		return;
	}
	if (!addr6_is_none(&h.virtual_addr) && !addr6_is_none(&e->virtual_addr) && !addr6_eq(&h.virtual_addr, &e->virtual_addr)) {
		reason_count(&e->env, R_HSRP_ADDRESS);
		return;
	}
	e->n_rx++;
	if (h.op == HSRP_HELLO)
		on_hello(e, &h, src, now);
	else if (h.op == HSRP_COUP && is_higher(e, &h, src))
		apply(e, EV_COUP, &h, now);
	else if (h.op == HSRP_RESIGN && addr6_eq(src, &e->active))
		apply(e, EV_RESIGN, &h, now);
}

void hsrp_tick(struct hsrp_engine *e, struct now now)
{
	if (mono_reached(e->active_at, now.mono)) {
		e->active_at = MONO_NEVER;
		e->is_active_gone = true;
		apply(e, EV_ACTIVE_GONE, NULL, now);
	}
	if (mono_reached(e->standby_at, now.mono)) {
		e->standby_at = MONO_NEVER;
		apply(e, EV_STANDBY_GONE, NULL, now);
	}
	if (e->is_active_gone && e->state == HSRP_STANDBY)
		apply(e, EV_ACTIVE_GONE, NULL, now); /* it went while we were in Speak, where the table has no answer to it */
	if (mono_reached(e->hello_at, now.mono)) {
		if (!e->announce && e->announced.ns && mono_sub(now.mono, e->announced).ns >= ANNOUNCE_S * NS_PER_S)
			e->announce = 1;
		apply(e, EV_HELLO_DUE, NULL, now);
		hello_rearm(e, now);
	}
}

mono_t hsrp_expiry(const struct hsrp_engine *e) { return mono_min(e->hello_at, mono_min(e->active_at, e->standby_at)); }

void hsrp_show(const struct hsrp_engine *e, struct show *out, struct now now)
{
	show_begin(out, "hsrp");
	show_u64(out, "group", e->conf.group);
	show_u64(out, "version", e->conf.version);
	show_str(out, "state", hsrp_state_str(e->state));
	show_u64(out, "priority", e->conf.priority);
	show_str(out, "virtual-address", ADDR46_STR(&e->virtual_addr));
	show_str(out, "active", e->state == HSRP_ACTIVE ? "here" : ADDR46_STR(&e->active));
	show_until(out, "active-expires-in", e->active_at, now.mono);
	show_u64(out, "received", e->n_rx);
	show_u64(out, "sent", e->n_tx);
	show_u64(out, "changes", e->n_changes);
	show_end(out);
}
