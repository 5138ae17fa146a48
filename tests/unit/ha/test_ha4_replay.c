/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorded sessions of another implementation (tests/golden/mipv4-session*.pcap: GRE, reverse tunnel, HMAC-MD5, timestamps), played to
 * our home agent: it accepts each request at its time and answers, byte for byte, what the recorded home agent answered; at another
 * time, twice, or with a byte changed it refuses. Requirement: H-7.
 */
#include "../kit/ha4_kit.h"
#include "../kit/wire_pcap.h"

static const struct addr6 rec_ha = V4(10, 0, 0, 1), rec_hoa = V4(192, 168, 0, 5);
enum { MESSAGES = 3, PACKET_MAX = 512 };

struct session { uint8_t request[MESSAGES][PACKET_MAX], reply[MESSAGES][PACKET_MAX]; size_t request_oct[MESSAGES], reply_oct[MESSAGES]; uint32_t n_request, n_reply; };

static void keep(uint8_t *to, size_t *to_oct, const uint8_t *pkt, size_t n)
{
	memcpy(to, pkt, n);
	*to_oct = n;
}

static void each(void *ctx, const uint8_t *pkt, size_t n)
{
	struct session *s = ctx;
	struct mip4_packet p;
	uint8_t copy[PACKET_MAX];

	if (n > sizeof copy || n < 28 || pkt[9] != NH_UDP)
		return;
	memcpy(copy, pkt, n);
	copy[26] = copy[27] = 0; /* the checksum was left to the network card when it was recorded */
	if (mip4_packet_parse(copy, n, &p) != W_OK)
		return;
	if (p.m.type == MIP4_REQUEST && s->n_request < MESSAGES) {
		keep(s->request[s->n_request], &s->request_oct[s->n_request], copy, n);
		s->n_request++;
	} else if (p.m.type == MIP4_REPLY && s->n_reply < MESSAGES) {
		keep(s->reply[s->n_reply], &s->reply_oct[s->n_reply], copy, n);
		s->n_reply++;
	}
}

static void agent(struct bench *b)
{
	bench_init(b, false);
	sa_key_fini(&b->k.key[T_KEY_MN], &crypto_openssl);
	assert_int_equal(sa4_key_init(&b->k.key[T_KEY_MN], &crypto_openssl, "mn1", 256, MAC_HMAC_MD5, "1234567812345678", 16), ERR_OK);
	b->conf->v4.address = rec_ha;
	b->conf->v4.n_fa = 0;
	b->conf->home_prefix[0] = (struct prefix6){V4(192, 168, 0, 0), 120};
	b->conf->mobile[0].home.addr = rec_hoa;
	bench_start(b);
}

/* The clock that the mobile had when it sent this. */
static void set_clock(struct bench *b, const uint8_t *pkt, size_t n)
{
	struct mip4_packet p;
	assert_int_equal(mip4_packet_parse(pkt, n, &p), W_OK);
	b->k.now.wall = mh_wall_of_ntp(p.m.request.id, (wall_t){1795221898 * NS_PER_S});
	kit_advance(&b->k, span_ms(20));
}

static void play(const char *file)
{
	struct bench b;
	struct session s = {0};

	assert_true(pcap_each_ip4(file, each, &s) > 700);
	assert_int_equal(s.n_request, MESSAGES);
	assert_int_equal(s.n_reply, MESSAGES);
	agent(&b);
	for (int i = 0; i < MESSAGES; i++) {
		struct mip4_packet want;
		set_clock(&b, s.request[i], s.request_oct[i]);
		assert_int_equal(bench_send_raw(&b, s.request[i], s.request_oct[i], T_UP_IF), MIP4_ACCEPTED);
		assert_int_equal(mip4_packet_parse(s.reply[i], s.reply_oct[i], &want), W_OK);
		assert_true(addr6_eq(&b.re.src, &want.src) && addr6_eq(&b.re.dst, &want.dst) && b.re.sport == want.sport && b.re.dport == want.dport);
		size_t n = s.reply_oct[i] - (size_t)(want.msg - s.reply[i]);
		assert_int_equal(b.answer_fx->send.len_oct - (size_t)(b.re.msg - b.answer_pkt), n);
		assert_memory_equal(b.re.msg, want.msg, n);
		if (i < 2) {
			assert_int_equal(bench_home(&b)->encap, DP_ENCAP_GRE_PLAIN);
			assert_true(bench_home(&b)->is_reverse);
			assert_true(addr6_eq(&bench_home(&b)->coa, &want.dst));
		} else {
			assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0)); /* the last one was the end */
		}
		assert_int_equal(bench_send_raw(&b, s.request[i], s.request_oct[i], T_UP_IF), MIP4_HA_ID_MISMATCH);
	}
	bench_fini(&b);
}

static void recorded_sessions_play_and_answers_are_the_same_bytes(void **state)
{
	(void)state;
	play(GOLDEN_DIR "/mipv4-session.pcap");
	play(GOLDEN_DIR "/mipv4-session-core.pcap");
}

static void at_another_time_nothing_is_accepted(void **state)
{
	(void)state;
	struct bench b;
	struct session s = {0};

	(void)pcap_each_ip4(GOLDEN_DIR "/mipv4-session.pcap", each, &s);
	agent(&b);
	set_clock(&b, s.request[0], s.request_oct[0]);
	kit_advance(&b.k, span_s(8));
	assert_int_equal(bench_send_raw(&b, s.request[0], s.request_oct[0], T_UP_IF), MIP4_HA_ID_MISMATCH);
	set_clock(&b, s.request[1], s.request_oct[1]);
	assert_int_equal(bench_send_raw(&b, s.request[1], s.request_oct[1], T_UP_IF), MIP4_ACCEPTED);
	assert_int_equal(bench_send_raw(&b, s.request[0], s.request_oct[0], T_UP_IF), MIP4_HA_ID_MISMATCH); /* an older one, late */
	assert_int_equal(kit_n_fx(&b.k, FX_DP_PUT), 0);
	bench_fini(&b);
}

static void no_changed_byte_is_accepted(void **state)
{
	(void)state;
	struct bench b;
	struct session s = {0};

	(void)pcap_each_ip4(GOLDEN_DIR "/mipv4-session.pcap", each, &s);
	agent(&b);
	b.conf->rate = 0;
	set_clock(&b, s.request[0], s.request_oct[0]);
	for (size_t at = 28; at < s.request_oct[0]; at++) {
		uint8_t copy[PACKET_MAX];
		memcpy(copy, s.request[0], s.request_oct[0]);
		copy[26] = copy[27] = 0; /* no UDP checksum */
		copy[at] ^= 1;
		assert_true(bench_send_raw(&b, copy, s.request_oct[0], T_UP_IF) != MIP4_ACCEPTED);
		assert_int_equal(kit_n_fx(&b.k, FX_STORE_PUT) + kit_n_fx(&b.k, FX_DP_PUT), 0);
	}
	assert_int_equal(bench_send_raw(&b, s.request[0], s.request_oct[0], T_UP_IF), MIP4_ACCEPTED);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_sessions_play_and_answers_are_the_same_bytes),
		cmocka_unit_test(at_another_time_nothing_is_accepted),
		cmocka_unit_test(no_changed_byte_is_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
