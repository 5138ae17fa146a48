/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carrying out effects: the order that effect.h promises, and what happens when the store fails. Everything that exec.c
 * calls is replaced here by a line in a diary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "daemon/exec.h"
#include "daemon/log.h"
#include "plat/linux/tun.h"
#include "plat/plat.h"

static char diary[4096];
static int commit_rc;

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
	size_t n = strlen(diary);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(diary + n, sizeof diary - n, fmt, ap);
	va_end(ap);
}

/* --- the world --------------------------------------------------------------------------------------------- */

static struct { char text[16][8]; unsigned n; void (*before)(void *); void *ctx; } queue;

void sender_before(struct sender *s, void (*fn)(void *ctx), void *ctx)
{
	(void)s;
	queue.before = fn;
	queue.ctx = ctx;
}
void sender_send(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *pkt, size_t len)
{
	(void)s;
	(void)ifindex;
	(void)lladdr;
	snprintf(queue.text[queue.n++], 8, "%.*s", (int)len, (const char *)pkt);
}
void sender_from_host(struct sender *s, uint32_t ifindex, const void *pkt, size_t len)
{
	(void)s;
	(void)ifindex;
	snprintf(queue.text[queue.n++], 8, "own %.*s", (int)len, (const char *)pkt);
}
void sender_arp(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *arp, size_t len)
{
	(void)s;
	(void)ifindex;
	(void)lladdr;
	snprintf(queue.text[queue.n++], 8, "arp %.*s", (int)len, (const char *)arp);
}
void sender_flush(struct sender *s)
{
	(void)s;
	if (queue.n)
		queue.before(queue.ctx);
	for (unsigned i = 0; i < queue.n; i++)
		note("send %s; ", queue.text[i]);
	queue.n = 0;
}
int store_put(struct store *s, enum store_table t, const void *key, size_t key_len, const void *val, size_t val_len)
{
	(void)s;
	(void)t;
	(void)val;
	(void)val_len;
	note("put %.*s; ", (int)key_len, (const char *)key);
	return 0;
}
int store_del(struct store *s, enum store_table t, const void *key, size_t key_len)
{
	(void)s;
	(void)t;
	note("del %.*s; ", (int)key_len, (const char *)key);
	return 0;
}
int store_commit(struct store *s)
{
	(void)s;
	note("commit; ");
	return commit_rc;
}
int dp_apply(struct dp *dp, enum dp_verb verb, const struct dp_op *op, uint32_t owner)
{
	(void)dp;
	note("%s if %u by %u; ", verb == DP_PUT ? "put" : "del", op->iface.ifindex, owner);
	return 0;
}
int dp_apply_batch(struct dp *dp, enum dp_verb verb, const struct dp_op *ops, uint32_t n, uint32_t *done)
{
	(void)dp;
	note("%s %u of table %d; ", verb == DP_PUT ? "put" : "del", n, (int)ops[0].table);
	*done = n;
	return 0;
}
int member_join(struct member *m, const struct fx_group *g)
{
	(void)m;
	note("join %u; ", g->ifindex);
	return 0;
}
int member_leave(struct member *m, const struct fx_group *g)
{
	(void)m;
	note("leave %u; ", g->ifindex);
	return 0;
}
uint32_t member_sweep(struct member *m, uint32_t ifindex)
{
	(void)m;
	note("sweep %u; ", ifindex);
	return 1;
}
int rtnl_addr_add(struct rtnl *r, const struct fx_addr *a)
{
	(void)r;
	note("address on %u; ", a->ifindex);
	return 0;
}
int rtnl_addr_del(struct rtnl *r, const struct fx_addr *a) { return rtnl_addr_add(r, a); }
int rtnl_route_put(struct rtnl *r, const struct fx_route *route)
{
	(void)r;
	note("route by %u; ", route->ifindex);
	return 0;
}
int rtnl_neigh_put(struct rtnl *r, const struct fx_neigh *neigh) { (void)r, (void)neigh; return 0; }
int rtnl_route_del(struct rtnl *r, const struct fx_route *route) { return rtnl_route_put(r, route); }
uint32_t rtnl_sweep(struct rtnl *r)
{
	(void)r;
	return 2;
}
const struct link_event *rtnl_link_at(const struct rtnl *r, uint32_t ifindex)
{
	static struct link_event ev = {.name = "eth0"};
	(void)r;
	ev.ifindex = ifindex;
	return &ev;
}
int sysctl_set(struct sysctl *s, const char *ifname, const char *key, int value)
{
	(void)s;
	note("%s/%s=%d; ", ifname, key, value);
	return 0;
}
/* The kernel is strict about sources on eth0, all the others have the default. */
int sysctl_get4(const char *ifname, const char *key, int *value)
{
	*value = !strcmp(ifname, "eth0") && !strcmp(key, "rp_filter");
	return 0;
}
int sysctl_set4(struct sysctl *s, const char *ifname, const char *key, int value)
{
	(void)s;
	note("4:%s/%s=%d; ", ifname, key, value);
	return 0;
}
const struct link_event *rtnl_link_nth(const struct rtnl *r, uint32_t i) { return i < 2 ? rtnl_link_at(r, i + 5) : NULL; }
int tun_write(int fd, const void *pkt, size_t len)
{
	(void)fd;
	note("roam0 %.*s; ", (int)len, (const char *)pkt);
	return 0;
}
void log_note(enum event_sev sev, const char *code, const char *fmt, ...)
{
	(void)sev;
	(void)fmt;
	note("log %s; ", code);
}
static void on_event(void *ctx, const struct fx_event *ev, enum role_id role, const char *text)
{
	(void)ctx;
	(void)role;
	note("event %s %.*s; ", ev->code, (int)ev->len_oct, text);
}
static void on_attach(void *ctx, const struct fx_attach *a, const char *ifname)
{
	(void)ctx;
	(void)a;
	note("attach %s; ", ifname);
}

static void on_keep_send(void *ctx, const struct fx_keep *k)
{
	(void)ctx;
	note("ring behind %u; ", k->after_seq);
}

static void on_begin_v4(void *ctx)
{
	(void)ctx;
	note("sockets; ");
}

/* --- the tests ----------------------------------------------------------------------------------------------- */

static struct exec x;
static struct effq q;
static int dp_here; /* any address: the pointer is only tested */

static int setup(void **state)
{
	(void)state;
	x = (struct exec){.dp = (struct dp *)(void *)&dp_here, .tun_ifindex = 99, .attach = on_attach, .event = on_event,
		.keep_send = on_keep_send, .begin_v4 = on_begin_v4};
	diary[0] = '\0';
	commit_rc = 0;
	effq_init(&q, &plat_mem);
	return exec_init(&x);
}

static int teardown(void **state)
{
	(void)state;
	exec_fini(&x);
	effq_fini(&q);
	return 0;
}

static const char *run(void)
{
	diary[0] = '\0';
	exec_run(&x, &q);
	return diary;
}

static void send(enum role_id role, const char *text)
{
	fx_send(&q, role, 1, NULL, text, strlen(text));
}

static void put_home(void)
{
	fx_dp_put(&q, ROLE_HA, &(struct dp_op){.table = DP_HOME});
}

static void records_come_before_all_else_in_one_commit(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		send(ROLE_HA, "ba");
		put_home();
		fx_store_put(&q, ROLE_HA, STORE_BINDING_HA, i ? "k2" : "k1", 2, "v", 1);
	}
	fx_store_del(&q, ROLE_HA, STORE_BINDING_HA, "k0", 2);
	assert_string_equal(run(), "put k1; put k2; del k0; commit; put 2 of table 2; send ba; send ba; ");
	assert_string_equal(run(), "");
	send(ROLE_MN, "x");
	assert_string_equal(run(), "send x; ");
}

static void what_depends_on_a_lost_record_is_withheld(void **state)
{
	(void)state;
	commit_rc = ERR_SYS;
	fx_store_put(&q, ROLE_HA, STORE_BINDING_HA, "k", 1, "v", 1);
	send(ROLE_HA, "ba");
	send(ROLE_AR, "ra");
	assert_string_equal(run(), "put k; commit; log store-failed; send ra; ");
}

static void gathering_keeps_entries_before_packets_and_all_before_the_rest(void **state)
{
	(void)state;
	const struct addr6 a = addr6_any;

	put_home();
	send(ROLE_HA, "1");
	put_home();
	fx_event(&q, ROLE_HA, EV_INFO, "told", NULL, "%s", "you");
	send(ROLE_HA, "2");
	fx_group(&q, ROLE_MN, FX_JOIN, 3, &a, &a);
	send(ROLE_MN, "3");
	fx_dp_del(&q, ROLE_HA, &(struct dp_op){.table = DP_HOME});
	put_home();
	assert_string_equal(run(), "event told you; put 2 of table 2; send 1; send 2; join 3; del 1 of table 2; put 1 of table 2; send 3; ");
}

static void put_home_at_agent(void)
{
	fx_dp_put(&q, ROLE_HA, &(struct dp_op){.table = DP_HOME, .home.is_nested = true});
}

static void what_leads_to_an_agent_comes_behind_the_answer(void **state)
{
	(void)state;
	put_home_at_agent();
	send(ROLE_HA, "1");
	put_home_at_agent();
	put_home();
	send(ROLE_HA, "2");
	assert_string_equal(run(), "send 1; put 2 of table 2; put 1 of table 2; send 2; ");
	put_home_at_agent();
	fx_dp_del(&q, ROLE_HA, &(struct dp_op){.table = DP_HOME});
	assert_string_equal(run(), "put 1 of table 2; del 1 of table 2; ");
	for (int i = 0; i < EXEC_OPS_MAX + 1; i++)
		put_home_at_agent();
	assert_string_equal(run(), "put 256 of table 2; put 1 of table 2; ");
}

static void a_full_table_of_entries_is_flushed(void **state)
{
	(void)state;
	for (int i = 0; i < EXEC_OPS_MAX + 1; i++)
		put_home();
	assert_string_equal(run(), "put 256 of table 2; put 1 of table 2; ");
}

static void roam0_stands_for_the_device(void **state)
{
	(void)state;
	fx_addr(&q, ROLE_MN, FX_ADDR_ADD, &(struct fx_addr){.ifindex = IFINDEX_ROAM0});
	fx_route(&q, ROLE_MN, FX_ROUTE_PUT, &(struct fx_route){.ifindex = IFINDEX_ROAM0});
	fx_send(&q, ROLE_MN, IFINDEX_ROAM0, NULL, "p", 1);
	fx_attach(&q, ROLE_MN, 4, &(struct lladdr){{2}});
	assert_string_equal(run(), "address on 99; route by 99; roam0 p; attach eth0; ");
}

static void an_interface_gets_its_settings_once(void **state)
{
	(void)state;
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = 5, .flags = DP_IF_HOME}};

	x.is_setting = true;
	fx_dp_put(&q, ROLE_HA, &op);
	fx_dp_put(&q, ROLE_HA, &op);
	assert_string_equal(run(), "all/forwarding=1; put if 5 by 1; put if 5 by 1; ");
	op.iface.flags = DP_IF_MOBILE;
	fx_dp_put(&q, ROLE_MN, &op);
	assert_non_null(strstr(run(), "eth0/accept_ra=0; "));
	assert_null(strstr(diary, "forwarding"));
	diary[0] = '\0';
	assert_int_equal(exec_sweep(&x), 3);
	assert_string_equal(diary, "sweep 5; ");
}

/* H-7: IPv4's sockets and settings come with the first thing of IPv4, also for interfaces that were there before. */
static void ipv4_begins_when_an_engine_does(void **state)
{
	(void)state;
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = 5, .flags = DP_IF_ACCESS}};
	const struct fx_addr a = {.ifindex = 5, .addr = addr6_from_v4((struct addr4){{10, 0, 0, 1}}), .plen_bits = 128};

	x.is_setting = true;
	fx_dp_put(&q, ROLE_AR, &op);
	send(ROLE_AR, "6");
	assert_null(strstr(run(), "4:"));
	fx_addr(&q, ROLE_AR, FX_ADDR_ADD, &a);
	fx_addr(&q, ROLE_AR, FX_ADDR_ADD, &a);
	assert_string_equal(run(), "sockets; 4:all/send_redirects=0; 4:roam0/send_redirects=0; 4:roam0/ignore_routes_with_linkdown=0; "
			    "4:all/send_redirects=0; 4:eth0/send_redirects=0; 4:eth0/rp_filter=0; "
			    "4:default/forwarding=1; 4:eth0/forwarding=1; 4:eth0/forwarding=1; address on 5; address on 5; ");
	op.iface.flags = DP_IF_MOBILE;
	fx_dp_put(&q, ROLE_MN, &op);
	assert_non_null(strstr(run(), "4:eth0/arp_ignore=1; 4:eth0/arp_announce=2; 4:eth0/promote_secondaries=1; 4:eth0/rp_filter=2; put"));
}

/* Packets, ARP messages, groups, routes and entries of the datapath all count. */
static void each_sign_of_ipv4_counts(void **state)
{
	const struct addr6 group = addr6_from_v4((struct addr4){{232, 128, 0, 1}});
	const struct prefix6 all = prefix6_from_v4((struct addr4){{0}}, 0);

	for (int i = 0; i < 7; i++) {
		struct dp_op op = {.table = i == 3 ? DP_LOCAL : i == 4 ? DP_MFC : DP_IF};
		if (i == 0)
			send(ROLE_HA, "\x45");
		else if (i == 1)
			fx_send_arp(&q, ROLE_HA, 1, &(struct lladdr){{2}}, "a", 1);
		else if (i == 2)
			fx_group(&q, ROLE_AR, FX_JOIN, 5, &group, &addr6_any);
		else if (i == 3)
			op.local.addr = group;
		else if (i == 4)
			op.mfc.group = group;
		else if (i == 5)
			op.iface = (struct dp_if){.ifindex = 5, .n_prefix = 1, .prefix = {all}};
		else
			fx_route(&q, ROLE_MN, FX_ROUTE_PUT, &(struct fx_route){.dst = all, .ifindex = 5});
		if (i >= 3 && i <= 5)
			fx_dp_put(&q, ROLE_HA, &op);
		assert_non_null(strstr(run(), "sockets; "));
		teardown(state);
		setup(state);
	}
}

/* What comes from now on goes the new way, so the ring has all that went the old way. */
static void the_ring_is_sent_when_entries_before_it_are_in_place(void **state)
{
	(void)state;
	put_home();
	fx_keep_send(&q, ROLE_MMA, &(struct fx_keep){.after_seq = 7});
	send(ROLE_MMA, "ba");
	assert_string_equal(run(), "put 1 of table 2; ring behind 7; send ba; ");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_come_before_all_else_in_one_commit),
		TEST(what_depends_on_a_lost_record_is_withheld),
		TEST(gathering_keeps_entries_before_packets_and_all_before_the_rest),
		TEST(what_leads_to_an_agent_comes_behind_the_answer),
		TEST(a_full_table_of_entries_is_flushed),
		TEST(roam0_stands_for_the_device),
		TEST(an_interface_gets_its_settings_once),
		TEST(ipv4_begins_when_an_engine_does),
		TEST(each_sign_of_ipv4_counts),
		TEST(the_ring_is_sent_when_entries_before_it_are_in_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
