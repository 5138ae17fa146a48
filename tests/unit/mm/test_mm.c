/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility managers and their clients (D-2 to D-4): questions by identifier and address, groups, changes that are told, epochs and
 * repetition, loss, managers that die, what agents may ask, and what outsiders can do.
 */
#include "../kit/mm_kit.h"

static const char phone[] = "imsi:310150123456789 eui48:02:00:00:00:00:01 home=2001:db8:1::5/64 home=10.1.0.5/24 lladdr=02:00:00:00:00:01";

static int setup(void **state)
{
	(void)state;
	kit_init(1);
	return 0;
}
static int teardown(void **state)
{
	(void)state;
	kit_fini();
	return 0;
}

static void begin(uint32_t managers)
{
	for (uint32_t i = 0; i < managers; i++)
		kit_manager_start(i);
	for (uint32_t i = 0; i < KIT_CLIENTS; i++)
		kit_client_start(i);
	kit_run(50);
}

static const struct kit_told *last(uint32_t client)
{
	const struct kit_node *n = kit_client(client);
	assert_true(n->n_told > 0);
	return &n->told[n->n_told - 1];
}

static void asked_by_identifier_and_address(void **state)
{
	(void)state;
	static const char *const by[] = {"imsi:310150123456789", "eui48:02:00:00:00:00:01", "2001:db8:1::5", "10.1.0.5"};
	const struct mm_record *rec;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
		assert_int_equal(kit_ask(0, by[i], &rec), MMC_WAIT);
		kit_run(20);
		const struct kit_told *t = last(0);
		assert_true(kit_client(0)->n_told == i + 1 && t->r == MMC_FOUND && !t->is_change);
		assert_string_equal(DEVICE_STR(&t->rec.device), "imsi:310150123456789");
		assert_string_equal(ADDR46_STR(&t->rec.home6), "2001:db8:1::5");
		assert_string_equal(ADDR46_STR(&t->rec.home4), "10.1.0.5");
		assert_true(t->rec.home6_plen_bits == 64 && t->rec.home4_plen_bits == 24);
		assert_string_equal(ADDR46_STR(&t->rec.source4), "192.0.2.254");
		assert_true(t->rec.group6.b[0] == 0xff && t->rec.group6.b[1] == 0x38 && addr6_is_v4multicast(&t->rec.group4));
		/* From the cache now. */
		assert_int_equal(kit_ask(0, by[i], &rec), MMC_FOUND);
		assert_true(addr6_eq(&rec->group6, &t->rec.group6));
	}
	assert_int_equal(kit_ask(0, "imsi:310150123456780", &rec), MMC_WAIT);
	kit_run(20);
	assert_int_equal(last(0)->r, MMC_UNKNOWN);
	assert_int_equal(kit_ask(0, "imsi:310150123456780", &rec), MMC_UNKNOWN);
	kit_run(11000);
	assert_int_equal(kit_ask(0, "imsi:310150123456780", &rec), MMC_WAIT); /* not for ever */
}

static void groups_are_one_device_s_own(void **state)
{
	(void)state;
	char line[300];
	begin(1);
	/* The same EUI-64 from an EUI-48 and an EUI-64 identifier. */
	assert_int_equal(kit_word(0, "add", "eui48:02:00:00:00:00:09 home=2001:db8:1::9"), 0);
	assert_int_equal(kit_word(0, "add", "eui64:02:00:00:ff:fe:00:00:09 home=2001:db8:1::a"), 0);
	const struct mm_record *rec;
	(void)kit_ask(0, "2001:db8:1::9", &rec);
	kit_run(20);
	(void)kit_ask(0, "2001:db8:1::a", &rec);
	kit_run(20);
	assert_int_equal(kit_client(0)->n_told, 2);
	assert_string_equal(ADDR46_STR(&kit_client(0)->told[0].rec.group6), "ff38::ff:fe00:9");
	assert_false(addr6_eq(&kit_client(0)->told[0].rec.group6, &kit_client(0)->told[1].rec.group6));
	assert_int_not_equal(kit_word(0, "add", "esn:82000001 home=2001:db8:1::b group=ff38::ff:fe00:9"), 0);
	/* A range of 16, of which two are taken. */
	for (int i = 0; i < 20; i++) {
		snprintf(line, sizeof line, "esn:8300%04d home=10.2.0.%d", i, i + 1);
		assert_int_equal(kit_word(0, "add", line) == 0, i < 14);
	}
	assert_int_equal(kit_word(0, "remove", "esn:83000003"), 0);
	assert_int_equal(kit_word(0, "add", "esn:84000000 home=10.2.1.1"), 0); /* its group is free again */
}

/* Of the device that a home address belongs to. */
static struct addr6 group4_of(const char *home)
{
	const struct mm_record *rec;
	(void)kit_ask(0, home, &rec);
	kit_run(20);
	return last(0)->rec.group4;
}

static void groups_rest(void **state)
{
	(void)state;
	kit->mm_conf.rest = span_s(100);
	assert_true(prefix46_parse(&kit->mm_conf.group_prefix4, "232.128.0.0/31"));
	begin(1);
	assert_int_equal(kit_word(0, "add", "esn:82000001 home=10.1.0.1"), 0);
	assert_int_equal(kit_word(0, "add", "esn:82000002 home=10.1.0.2"), 0);
	const struct addr6 was = group4_of("10.1.0.1");
	assert_int_equal(kit_word(0, "remove", "esn:82000001"), 0);
	kit_run(60000);
	assert_int_not_equal(kit_word(0, "add", "esn:82000003 home=10.1.0.3"), 0); /* the only one that is free rests */
	kit_manager_kill(0);
	kit_manager_start(0);
	assert_int_not_equal(kit_word(0, "add", "esn:82000003 home=10.1.0.3"), 0); /* and that is not forgotten */
	assert_int_equal(kit_word(0, "add", "esn:82000001 home=10.1.0.1"), 0);     /* who had it may have it again */
	kit_run(20000);
	const struct addr6 again = group4_of("10.1.0.1");
	assert_true(addr6_eq(&was, &again));
	assert_int_equal(kit_word(0, "remove", "esn:82000001"), 0);
	kit_run(90000);
	assert_int_not_equal(kit_word(0, "add", "esn:82000003 home=10.1.0.3"), 0);
	kit_run(11000);
	assert_int_equal(kit_word(0, "add", "esn:82000003 home=10.1.0.3"), 0);
	/* A group that the record no longer names rests as well; what is over has left the disk, and a clock that was set back prolongs nothing. */
	assert_int_equal(kit_word(0, "set", "esn:82000003 group=239.1.1.1"), 0);
	kit_run(10);
	assert_int_equal(kit_manager(0)->n_rec, 3);
	kit_manager_kill(0);
	kit->now.wall.ns -= 1000 * NS_PER_S;
	kit_manager_start(0);
	kit_run(101000);
	assert_int_equal(kit_manager(0)->n_rec, 2);
}

static void words_are_checked(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "home=10.1.0.9", "imsi:1 home=10.1.0.9", "imsi:310150123456780", "imsi:310150123456789 home=10.1.0.9",
		"esn:82000001 home=10.1.0.5", "esn:82000001 home=10.1.0.9/33", "esn:82000001 home=224.0.0.1", "esn:82000001 home=10.1.0.9 group=10.1.0.1",
		"esn:82000001 home=10.1.0.9 policy=none", "esn:82000001 home=10.1.0.9 colour=red", "esn:82000001 home=10.1.0.9 voice-port=65536"};
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (kit_word(0, "add", wrong[i]) == 0)
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(kit_manager(0)->n_rec, 1);
	assert_int_not_equal(kit_word(0, "set", "esn:82000001 policy=all"), 0);
	assert_int_not_equal(kit_word(0, "remove", "esn:82000001"), 0);
	/* Import: the same line twice is one device; the wrong one is named. */
	assert_int_equal(kit_word(0, "put", "esn:82000001 home=10.1.0.9\nesn:82000002 home=10.1.0.10\nesn:82000001 home=10.1.0.11\n"), 0);
	assert_int_equal(kit_manager(0)->n_rec, 3);
	assert_int_not_equal(kit_word(0, "put", "esn:82000003 home=10.1.0.12\nesn:82000004 home=10.1.0.10\n"), 0);
	assert_int_equal(kit_manager(0)->n_rec, 4);
	assert_int_not_equal(kit_word(0, "put", "esn:82000001 esn:82000002 home=10.1.0.9\n"), 0);
}

static void changes_are_told(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	(void)kit_ask(0, "imsi:310150123456789", &rec);
	(void)kit_ask(1, "10.1.0.5", &rec);
	kit_run(20);
	assert_true(kit_hold(0, "imsi:310150123456789") && kit_hold(1, "10.1.0.5"));
	const struct addr6 group = last(0)->rec.group6;
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 policy=serving voice-port=4000"), 0);
	kit_run(20);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(kit_client(i)->n_told == 2 && last(i)->is_change && last(i)->has_rec);
		assert_true(last(i)->rec.policy == MM_SERVING && last(i)->rec.voice_port == 4000 && addr6_eq(&last(i)->rec.group6, &group));
	}
	kit_run(5000);
	assert_int_equal(kit_client(0)->n_told, 2); /* acknowledged: not told again */
	/* Another address: who asked by the old one learns that it is nobody's. */
	assert_int_equal(kit_word(0, "set", "eui48:02:00:00:00:00:01 home=10.1.0.6/24"), 0);
	kit_run(20);
	assert_true(last(0)->is_change && last(0)->has_rec && last(1)->is_change && !last(1)->has_rec);
	assert_string_equal(ADDR46_STR(&last(0)->rec.home4), "10.1.0.6");
	assert_int_equal(kit_word(0, "remove", "imsi:310150123456789"), 0);
	kit_run(20);
	assert_true(last(0)->is_change && !last(0)->has_rec);
	assert_int_equal(kit_client(1)->n_told, 3);
	/* Who asked before there was anything is told as well, but only of what he holds: nothing here. */
	assert_int_equal(kit_word(0, "add", phone), 0);
	kit_run(20);
	assert_int_equal(kit_ask(0, "imsi:310150123456789", &rec), MMC_FOUND);
}

static void changes_survive_loss(void **state)
{
	(void)state;
	const struct mm_record *rec;
	char line[100];
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	(void)kit_ask(0, "imsi:310150123456789", &rec);
	kit_run(20);
	assert_true(kit_hold(0, "imsi:310150123456789"));
	kit->loss_permille = 300;
	kit->twice_permille = 300;
	for (int i = 1; i <= 20; i++) {
		snprintf(line, sizeof line, "imsi:310150123456789 voice-port=%d", i);
		assert_int_equal(kit_word(0, "set", line), 0);
		kit_run(i % 2 ? 3 : 8000);
	}
	kit_run(8000);
	assert_int_equal(last(0)->rec.voice_port, 20);
	for (uint32_t i = 1; i < kit_client(0)->n_told; i++) /* never backwards */
		assert_true(kit_client(0)->told[i].rec.voice_port >= kit_client(0)->told[i - 1].rec.voice_port);
}

static void questions_survive_loss(void **state)
{
	(void)state;
	const struct mm_record *rec;
	char line[100];
	kit->loss_permille = 400;
	kit->mmc_conf.give_up = span_s(30);
	begin(2);
	for (uint32_t m = 0; m < 2; m++)
		for (int i = 0; i < 10; i++) {
			snprintf(line, sizeof line, "esn:8300%04d home=10.2.0.%d", i, i + 1);
			assert_int_equal(kit_word(m, "add", line), 0);
		}
	kit_run(3000);
	for (int i = 0; i < 10; i++) {
		snprintf(line, sizeof line, "10.2.0.%d", i + 1);
		assert_int_equal(kit_ask(0, line, &rec), MMC_WAIT);
	}
	kit_run(31000);
	uint32_t n = 0;
	assert_int_equal(kit_client(0)->n_told, 10); /* each once */
	for (uint32_t i = 0; i < 10; i++)
		n += kit_client(0)->told[i].r == MMC_FOUND;
	assert_int_equal(n, 10); /* a try of 36 in 100 succeeds, and there are twenty */
}

static void a_manager_dies(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(2);
	assert_true(!kit_word(0, "add", phone) && !kit_word(1, "add", phone));
	(void)kit_ask(0, "imsi:310150123456789", &rec);
	kit_run(20);
	assert_true(kit_hold(0, "imsi:310150123456789"));
	kit_manager_kill(0);
	const mono_t asked = kit->now.mono;
	(void)kit_ask(0, "10.1.0.5", &rec);
	kit_run(300);
	assert_int_equal(last(0)->r, MMC_FOUND);
	assert_true(mono_sub(last(0)->when, asked).ns <= 110 * NS_PER_MS); /* one retry */
	const uint32_t before = kit_client(0)->n_told;
	kit_run(10000);
	(void)kit_ask(0, "2001:db8:1::5", &rec);
	kit_run(20);
	assert_int_equal(kit_client(0)->n_told, before + 1); /* the other is asked first now */
	/* The other tells of changes: what is held was asked again of it. */
	assert_int_equal(kit_word(1, "set", "imsi:310150123456789 voice-port=7"), 0);
	kit_run(20);
	assert_true(last(0)->is_change && last(0)->rec.voice_port == 7);
	/* Both gone: what is held stays, the rest is told after the time for it. */
	kit_manager_kill(1);
	(void)kit_ask(0, "imsi:310150123456780", &rec);
	kit_run(5100);
	assert_int_equal(last(0)->r, MMC_SILENT);
	kit_run(3600 * 1000);
	assert_int_equal(kit_ask(0, "imsi:310150123456789", &rec), MMC_FOUND);
	/* Back, with what was in the store; within seconds it is asked again. */
	kit_manager_start(0);
	kit_run(3000);
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=8"), 0);
	kit_run(20);
	assert_true(last(0)->is_change && last(0)->rec.voice_port == 8);
}

static void a_manager_restarts(void **state)
{
	(void)state;
	const struct mm_record *rec;
	kit->mmc_conf.n_manager = 1;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	assert_int_equal(kit_word(0, "add", "nai:bob@example.org home=10.1.0.7/24 policy=serving gateway=10.1.0.1 gateway-lladdr=02:00:00:00:00:ff"), 0);
	assert_int_equal(kit_word(0, "add", "esn:82000001 home=10.1.0.9"), 0);
	assert_int_equal(kit_word(0, "remove", "esn:82000001"), 0);
	(void)kit_ask(0, "nai:bob@example.org", &rec);
	kit_run(20);
	const struct mm_record was = last(0)->rec;
	kit_manager_kill(0);
	kit_manager_start(0);
	/* The question meets a manager that does not trust us, and is answered all the same. */
	(void)kit_ask(0, "10.1.0.7", &rec);
	kit_run(40);
	assert_int_equal(last(0)->r, MMC_FOUND);
	assert_true(addr6_eq(&was.group4, &last(0)->rec.group4) && was.version == last(0)->rec.version && last(0)->rec.policy == MM_SERVING);
	assert_string_equal(LLADDR_STR(&last(0)->rec.gateway_lladdr), "02:00:00:00:00:ff");
	(void)kit_ask(0, "esn:82000001", &rec);
	kit_run(20);
	assert_int_equal(last(0)->r, MMC_UNKNOWN);
	/* And a client. */
	kit_client_kill(0);
	kit_client_start(0);
	(void)kit_ask(0, "10.1.0.7", &rec);
	kit_run(40);
	assert_int_equal(last(0)->r, MMC_FOUND);
}

static uint64_t counted(const struct kit_node *n, enum reason r) { return n->count.n[r]; }

/* An answer that nobody uses when its manager forgets whom to tell is used all the same, and asked again then. */
static void untold_answers_are_asked_again(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	(void)kit_ask(0, "10.1.0.5", &rec);
	kit_run(20);
	kit_manager_kill(0);
	kit_manager_start(0);
	kit_run(3000);
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=7"), 0);
	kit_run(20);
	assert_int_equal(kit_client(0)->n_told, 1);
	assert_int_equal(kit_ask(0, "10.1.0.5", &rec), MMC_FOUND);
	assert_true(kit_hold(0, "10.1.0.5"));
	kit_run(20);
	assert_true(last(0)->is_change && last(0)->rec.voice_port == 7);
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=8"), 0);
	kit_run(20);
	assert_true(last(0)->is_change && last(0)->rec.voice_port == 8);
}

static void repetition_changes_nothing(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	(void)kit_ask(0, "imsi:310150123456789", &rec);
	kit_run(20);
	assert_true(kit_hold(0, "imsi:310150123456789"));
	const struct kit_packet query = kit->last_to[0], answer = kit->last_to[KIT_MANAGERS];
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=1"), 0);
	kit_run(20);
	const struct kit_packet change = kit->last_to[KIT_MANAGERS];
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=2"), 0);
	kit_run(20);
	const uint32_t told = kit_client(0)->n_told, sent = kit->n_sent;
	kit_give(kit_manager(0), query.bytes, query.len_oct);
	assert_int_equal(kit->n_sent, sent);
	assert_int_equal(counted(kit_manager(0), R_MM_REPLAY), 1);
	kit_give(kit_client(0), answer.bytes, answer.len_oct);
	assert_int_equal(kit->n_sent, sent);
	kit_give(kit_client(0), change.bytes, change.len_oct); /* acknowledged once more, that is all */
	assert_int_equal(kit->n_sent, sent + 1);
	assert_int_equal(kit_client(0)->n_told, told);
	/* After a restart of the client its old numbers are of an epoch that is not trusted: a challenge goes out, and nothing changes. */
	kit_client_kill(0);
	kit_client_start(0);
	kit_run(100);
	const uint64_t epochs = counted(kit_manager(0), R_MM_EPOCH);
	kit_give(kit_manager(0), query.bytes, query.len_oct);
	assert_int_equal(counted(kit_manager(0), R_MM_EPOCH), epochs + 1);
	(void)kit_ask(0, "10.1.0.5", &rec);
	kit_run(10);
	assert_int_equal(last(0)->r, MMC_FOUND);
	/* After the manager's, old changes are of an epoch that it has not proven. */
	kit_manager_kill(0);
	kit_manager_start(0);
	kit_run(5000);
	kit_give(kit_client(0), change.bytes, change.len_oct);
	assert_true(counted(kit_client(0), R_MM_EPOCH) > 0);
}

/* Recorded hellos, of the epoch before, with the echo that was right then. */
static void an_old_proof_is_none(void **state)
{
	(void)state;
	struct kit_packet hello[64];
	uint32_t n = 0;
	kit_manager_start(0);
	kit->mmc_conf.n_manager = 1;
	kit_client_start(0);
	for (int i = 0; i < 40; i++) {
		kit_run(1);
		if (n == 0 || memcmp(hello[n - 1].bytes, kit->last_to[0].bytes, kit->last_to[0].len_oct) != 0)
			hello[n++] = kit->last_to[0];
	}
	assert_true(n >= 2);
	kit_client_kill(0);
	kit_client_start(0);
	kit_run(100);
	const struct mm_record *rec;
	assert_int_equal(kit_word(0, "add", phone), 0);
	for (uint32_t i = 0; i < n; i++)
		kit_give(kit_manager(0), hello[i].bytes, hello[i].len_oct);
	(void)kit_ask(0, "10.1.0.5", &rec);
	const uint64_t before = counted(kit_manager(0), R_MM_EPOCH);
	kit_run(10);
	assert_int_equal(last(0)->r, MMC_FOUND);
	assert_int_equal(counted(kit_manager(0), R_MM_EPOCH), before); /* the living epoch stayed trusted */
}

static void outsiders_cost_a_counter(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	(void)kit_ask(0, "10.1.0.5", &rec);
	kit_run(20);
	struct kit_packet p = kit->last_to[0];
	const int64_t live = kit->n_live;
	const uint32_t sent = kit->n_sent;
	/* Every octet of the datagram changed once; the UDP checksum is the outsider's to mend. */
	for (size_t i = 48; i < p.len_oct; i++) {
		struct kit_packet bad = p;
		struct wr w = wr_of(bad.bytes, bad.len_oct);
		uint8_t data[800];
		memcpy(data, p.bytes + 48, p.len_oct - 48);
		data[i - 48] ^= 0x40;
		udp6_begin(&w, &p.src, &p.dst, 64, MM_PORT, MM_PORT);
		wr_bytes(&w, data, p.len_oct - 48);
		(void)udp6_finish(&w);
		kit_give(kit_manager(0), bad.bytes, bad.len_oct);
	}
	/* From another address, and to another one. */
	for (int i = 0; i < 2; i++) {
		struct wr w = wr_of(p.bytes, p.len_oct);
		uint8_t data[800];
		const struct addr6 src = i ? p.src : kit_client(1)->addr, dst = i ? kit_manager(1)->addr : p.dst;
		memcpy(data, p.bytes + 48, p.len_oct - 48);
		udp6_begin(&w, &src, &dst, 64, MM_PORT, MM_PORT);
		wr_bytes(&w, data, p.len_oct - 48);
		(void)udp6_finish(&w);
		kit_give(kit_manager(0), p.bytes, p.len_oct);
	}
	assert_int_equal(kit->n_live, live);
	assert_int_equal(kit->n_sent, sent);
	assert_true(counted(kit_manager(0), R_AUTH_BAD) > 40);
	assert_true(counted(kit_manager(0), R_MM_AGENT_UNKNOWN) >= 4);
}

static void agents_ask_what_they_may(void **state)
{
	(void)state;
	const struct mm_record *rec;
	kit->mm_conf.agent[0].may = MM_MAY_ADDRESS;
	kit->mm_conf.agent[0].n_prefix = 1;
	assert_true(prefix46_parse(&kit->mm_conf.agent[0].prefix[0], "10.1.0.0/24"));
	kit->mm_conf.agent[1].n_prefix = 1;
	assert_true(prefix46_parse(&kit->mm_conf.agent[1].prefix[0], "10.9.0.0/24"));
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	const struct { uint32_t client; const char *text; enum mmc_result want; } all[] = {
		{0, "10.1.0.5", MMC_FOUND}, {0, "10.1.0.6", MMC_UNKNOWN}, {0, "10.2.0.5", MMC_REFUSED}, {0, "imsi:310150123456789", MMC_REFUSED},
		{1, "imsi:310150123456789", MMC_REFUSED}, {1, "imsi:310150123456780", MMC_UNKNOWN}, {1, "10.1.0.5", MMC_REFUSED}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(kit_ask(all[i].client, all[i].text, &rec), MMC_WAIT);
		kit_run(20);
		assert_int_equal(last(all[i].client)->r, all[i].want);
	}
	/* Out of its prefix: gone, for this agent. */
	assert_true(kit_hold(0, "10.1.0.5"));
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 home=10.9.0.5"), 0);
	kit_run(20);
	assert_true(last(0)->is_change && !last(0)->has_rec);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	const struct mm_record *rec;
	char text[64];
	uint32_t n_wait = 0, n_limit = 0;
	kit->mm_conf.subscriptions_max = 20;
	begin(1);
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof text, "10.7.%d.%d", i / 100, i % 100 + 1);
		const enum mmc_result r = kit_ask(0, text, &rec);
		n_wait += r == MMC_WAIT;
		n_limit += r == MMC_LIMIT;
		kit_client(0)->n_told = 0;
	}
	assert_true(n_wait == 64 && n_limit == 136); /* cache_max */
	kit_run(50);
	assert_true(counted(kit_manager(0), R_MM_LIMIT) > 0);
	kit_client(0)->n_told = 0;
	assert_int_equal(kit_ask(0, "10.8.0.1", &rec), MMC_WAIT); /* those that are answered give way */
	kit_run(100);
	/* Rate: a thousand a second. */
	kit_client_kill(0);
	kit->mmc_conf.rate = 10;
	kit_client_start(0);
	kit_run(100);
	for (int i = 0, ok = 0; i < 40; i++) {
		snprintf(text, sizeof text, "10.9.0.%d", i + 1);
		ok += kit_ask(0, text, &rec) == MMC_WAIT;
		assert_true(ok <= 10);
	}
}

static void subscriptions_end(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	(void)kit_ask(0, "10.1.0.5", &rec);
	(void)kit_ask(0, "10.1.0.6", &rec);
	kit_run(20);
	const int64_t live = kit->n_live;
	kit_run(1000 * 1000); /* nothing was held: both sides forget */
	assert_true(kit->n_live < live);
	assert_int_equal(kit_ask(0, "10.1.0.5", &rec), MMC_WAIT);
	kit_run(20);
	/* A client that is gone is told a few times, and no more. */
	kit_client_kill(0);
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=9"), 0);
	const uint32_t sent = kit->n_sent;
	kit_run(60000);
	assert_true(kit->n_sent - sent > 3);
	const uint32_t hellos = 60000 / 1750 * 2 + 4; /* of the other client */
	assert_true(kit->n_sent - sent < 2 * hellos + 10);
}

/* A mobile that comes and goes between two cells is asked about no more often than one that stays away. */
static void holding_does_not_wear_an_answer_out(void **state)
{
	(void)state;
	const struct mm_record *rec;
	const struct mmc_question q = kit_by("10.1.0.5");
	begin(1);
	assert_int_equal(kit_word(0, "add", phone), 0);
	assert_int_equal(kit_ask(0, "10.1.0.5", &rec), MMC_WAIT);
	kit_run(20);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(kit_ask(0, "10.1.0.5", &rec), MMC_FOUND);
		assert_true(mmc_hold(kit_client(0)->client, &q, kit->now));
		kit_run(100);
		mmc_release(kit_client(0)->client, &q, kit->now);
	}
	kit_run(580 * 1000); /* of the 600 s for which the manager said it */
	assert_int_equal(kit_ask(0, "10.1.0.5", &rec), MMC_FOUND);
	kit_run(20 * 1000);
	assert_int_equal(kit_ask(0, "10.1.0.5", &rec), MMC_WAIT);
}

static void say_serving(uint32_t client, const char *text, uint8_t flags, uint32_t seq6)
{
	const struct mmc_question q = kit_by(text);
	mmc_serve(kit_client(client)->client, &q, &(struct mm_serving){.agent = 99, .flags = flags, .seq6 = seq6});
	kit_effects(kit_client(client));
	kit_run(20);
}

/* What one agent says of a mobile reaches those who asked about it, by whatever identifier, and itself; from nobody else. */
static void who_serves_is_passed_on(void **state)
{
	(void)state;
	const struct mm_record *rec;
	struct kit_node *one = kit_client(0), *two = kit_client(1);
	begin(1);
	assert_int_equal(kit_word(0, "add", "imsi:310150123456789 eui48:02:00:5e:10:00:01 home=10.1.0.5"), 0);
	(void)kit_ask(0, "imsi:310150123456789", &rec);
	kit_run(20);
	assert_true(kit_hold(0, "imsi:310150123456789"));
	say_serving(1, "imsi:310150123456789", MM_SERVES, 0); /* has not asked */
	assert_int_equal(one->n_served, 0);
	assert_int_equal(counted(kit_manager(0), R_MM_NOT_ALLOWED), 1);
	(void)kit_ask(1, "eui48:02:00:5e:10:00:01", &rec);
	kit_run(20);
	say_serving(0, "imsi:310150123456789", MM_HAS_SEQ6, 4711);
	assert_true(one->n_served == 1 && one->served.agent == 1 && two->n_served == 0); /* does not use it */
	assert_true(kit_hold(1, "eui48:02:00:5e:10:00:01"));
	say_serving(0, "imsi:310150123456789", MM_HAS_SEQ6, 4711);
	assert_true(two->n_served == 1 && two->served.agent == 1 && two->served.flags == MM_HAS_SEQ6 && two->served.seq6 == 4711);
	assert_int_equal(two->served_q.device.kind, DEVICE_EUI48);
	kit_give(two, kit->last_to[KIT_MANAGERS + 1].bytes, kit->last_to[KIT_MANAGERS + 1].len_oct); /* repeated */
	assert_int_equal(two->n_served, 1);
	say_serving(0, "imsi:310150123456780", MM_SERVES, 0); /* nobody's */
	assert_int_equal(counted(kit_manager(0), R_MM_NOT_ALLOWED), 2);
}

/* A record of one manager's reaches the other as a redundancy group would bring it. */
static void replicate(uint32_t from, uint32_t to, const struct fx_change *change)
{
	struct kit_node *n = kit_manager(from);
	for (uint32_t i = 0; i < n->n_rec; i++) {
		uint8_t buf[512];
		struct fx_change c;
		struct store_rec rec = {.table = STORE_DEVICE, .key = n->rec[i].key, .key_len_oct = n->rec[i].key_oct};
		const bool has = mm_role.record(n->self, &rec, buf, sizeof buf, &c, kit->now);
		assert_int_equal(has, change == NULL);
		assert_int_equal(mm_role.replica(kit_manager(to)->self, &rec, change ? change : &c, kit->now), 0);
		kit_effects(kit_manager(to));
	}
}

static void managers_share_records(void **state)
{
	(void)state;
	const struct mm_record *rec;
	begin(2);
	for (uint32_t i = 0; i < 2; i++)
		mm_role.active(kit_manager(i)->self, false, kit->now);
	assert_int_equal(kit_word(0, "add", phone), 0);
	replicate(0, 1, NULL);
	assert_int_equal(kit_manager(1)->n_rec, 0); /* to store it is the group's part */
	(void)kit_ask(0, "10.1.0.5", &rec);
	kit_run(20);
	const struct mm_record was = last(0)->rec;
	assert_true(kit_hold(0, "10.1.0.5"));
	kit_manager_kill(0);
	kit_run(10000);
	(void)kit_ask(0, "imsi:310150123456789", &rec);
	kit_run(500);
	assert_true(last(0)->r == MMC_FOUND && addr6_eq(&last(0)->rec.group4, &was.group4) && last(0)->rec.version == was.version);
	/* A change at the first is told by the second to those who asked it. */
	kit_manager_start(0);
	mm_role.active(kit_manager(0)->self, false, kit->now);
	assert_int_equal(kit_word(0, "set", "imsi:310150123456789 voice-port=9"), 0);
	replicate(0, 1, NULL);
	kit_run(20);
	assert_true(last(0)->is_change && last(0)->rec.voice_port == 9);
	assert_int_equal(kit_word(0, "remove", "imsi:310150123456789"), 0);
	replicate(0, 1, &(struct fx_change){.how = FX_CHANGE_DELETE, .expires = kit->now.mono});
	kit_run(20);
	assert_true(last(0)->is_change && !last(0)->has_rec);
	const struct store_rec other = {.table = STORE_VISIT, .key = (const uint8_t *)"x", .key_len_oct = 1};
	assert_int_equal(mm_role.replica(kit_manager(1)->self, &other, &(struct fx_change){.how = FX_CHANGE_PUT}, kit->now), ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(asked_by_identifier_and_address), T(groups_are_one_device_s_own), T(groups_rest), T(words_are_checked), T(changes_are_told), T(changes_survive_loss),
		T(questions_survive_loss), T(a_manager_dies), T(a_manager_restarts), T(untold_answers_are_asked_again),
		T(repetition_changes_nothing), T(an_old_proof_is_none),
		T(outsiders_cost_a_counter), T(agents_ask_what_they_may), T(memory_is_bounded), T(subscriptions_end), T(managers_share_records),
		T(holding_does_not_wear_an_answer_out), T(who_serves_is_passed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
