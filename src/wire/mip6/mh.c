/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility Header messages. A message is six bytes of head, a body of fixed length by type, and
 * options (mho.c). bodies[] has a row for each type.
 */
#include "wire/mip6/mh.h"

#include "wire/ip/ip6.h"
#include "wire/mip6/mho.h"

enum { HEAD_OCT = 6, LIFETIME_UNIT_S = 4 };
#define NTP_UNIX_S 2208988800LL /* from 1900 to 1970 */

static void brr_parse(struct rd *r, struct mh *m)
{
	(void)m;
	rd_skip(r, 2);
}

static void brr_build(struct wr *w, const struct mh *m)
{
	(void)m;
	wr_u16(w, 0);
}

static void init_parse(struct rd *r, struct mh *m)
{
	rd_skip(r, 2);
	m->test = (struct mh_test){.cookie = rd_u64(r)};
}

static void init_build(struct wr *w, const struct mh *m)
{
	wr_u16(w, 0);
	wr_u64(w, m->test.cookie);
}

static void test_parse(struct rd *r, struct mh *m)
{
	m->test.nonce = rd_u16(r);
	m->test.cookie = rd_u64(r);
	m->test.token = rd_u64(r);
}

static void test_build(struct wr *w, const struct mh *m)
{
	wr_u16(w, m->test.nonce);
	wr_u64(w, m->test.cookie);
	wr_u64(w, m->test.token);
}

static void bu_parse(struct rd *r, struct mh *m)
{
	m->bu.seq = rd_u16(r);
	m->bu.flags = rd_u16(r);
	m->bu.lifetime_s = (uint32_t)rd_u16(r) * LIFETIME_UNIT_S;
}

static void bu_build(struct wr *w, const struct mh *m)
{
	wr_u16(w, m->bu.seq);
	wr_u16(w, m->bu.flags);
	wr_u16(w, mho_units_of_s(m->bu.lifetime_s));
}

static void ba_parse(struct rd *r, struct mh *m)
{
	m->ba.status = rd_u8(r);
	m->ba.flags = rd_u8(r);
	m->ba.seq = rd_u16(r);
	m->ba.lifetime_s = (uint32_t)rd_u16(r) * LIFETIME_UNIT_S;
}

static void ba_build(struct wr *w, const struct mh *m)
{
	wr_u8(w, m->ba.status);
	wr_u8(w, m->ba.flags);
	wr_u16(w, m->ba.seq);
	wr_u16(w, mho_units_of_s(m->ba.lifetime_s));
}

static void be_parse(struct rd *r, struct mh *m)
{
	m->be.status = rd_u8(r);
	rd_skip(r, 1);
	m->be.home_address = rd_addr6(r);
}

static void be_build(struct wr *w, const struct mh *m)
{
	wr_u8(w, m->be.status);
	wr_u8(w, 0);
	wr_addr6(w, &m->be.home_address);
}

static void peer_parse(struct rd *r, struct mh *m) { mh_peer_parse(r, &m->peer); }
static void peer_build(struct wr *w, const struct mh *m) { mh_peer_build(w, &m->peer); }

static const struct body {
	const char *name;                /* NULL: a type that we do not know */
	uint8_t len_oct;
	void (*parse)(struct rd *r, struct mh *m);
	void (*build)(struct wr *w, const struct mh *m);
} bodies[] = {
	[MH_BRR] = {"binding-refresh-request", 2, brr_parse, brr_build},
	[MH_HOTI] = {"home-test-init", 10, init_parse, init_build},
	[MH_COTI] = {"care-of-test-init", 10, init_parse, init_build},
	[MH_HOT] = {"home-test", 18, test_parse, test_build},
	[MH_COT] = {"care-of-test", 18, test_parse, test_build},
	[MH_BU] = {"binding-update", 6, bu_parse, bu_build},
	[MH_BA] = {"binding-acknowledgement", 6, ba_parse, ba_build},
	[MH_BE] = {"binding-error", 18, be_parse, be_build},
	[MH_PEER] = {"agent-to-agent", MH_PEER_OCT, peer_parse, peer_build},
};
enum { BODIES_N = sizeof bodies / sizeof bodies[0] };

static bool is_known(uint8_t type) { return type < BODIES_N && bodies[type].name; }

const char *mh_type_str(uint8_t type) { return is_known(type) ? bodies[type].name : "unknown"; }

enum wire_err mh_parse(struct rd *r, struct mh *m)
{
	const uint8_t *head = r->p;
	memset(m, 0, sizeof *m);
	uint8_t proto = rd_u8(r), len_field = rd_u8(r);
	m->type = rd_u8(r);
	rd_skip(r, 3);
	m->len_oct = (uint16_t)(8 + len_field * 8);
	struct rd rest = rd_sub(r, (size_t)m->len_oct - HEAD_OCT);
	if (!rd_ok(&rest))
		return W_TRUNCATED;
	if (!is_known(m->type))
		return W_TYPE;
	if (proto != NH_NONE)
		return W_PAYLOAD_PROTO;
	if (rd_left(&rest) < bodies[m->type].len_oct)
		return m->type == MH_PEER ? W_TYPE : W_LENGTH; /* another's experiment, perhaps */
	bodies[m->type].parse(&rest, m);
	if (m->type == MH_PEER && !mh_peer_is_ours(&m->peer))
		return W_TYPE; /* another's experiment */
	if (m->type == MH_PEER && m->peer.version != MH_PEER_VERSION)
		return W_VERSION;
	return mho_parse(&rest, head, m);
}

void mh_build(struct wr *w, struct mh *m)
{
	if (!is_known(m->type)) {
		w->bad = true;
		return;
	}
	size_t start = wr_len(w);
	wr_u8(w, NH_NONE);
	wr_u8(w, 0);
	wr_u8(w, m->type);
	wr_zero(w, 3);
	bodies[m->type].build(w, m);
	mho_build(w, start, m);
	size_t len_oct = wr_len(w) - start;
	if (len_oct > MH_MAX_OCT)
		w->bad = true;
	wr_patch_u8(w, start + 1, (uint8_t)(len_oct / 8 - 1));
	m->len_oct = (uint16_t)len_oct;
}

size_t mh_auth_input(const struct addr6 *coa, const struct addr6 *hoa, const uint8_t *mh, uint16_t off,
		     struct iov_in piece[static MH_AUTH_PIECES])
{
	static const uint8_t no_checksum[2];
	piece[0] = (struct iov_in){coa, sizeof *coa};
	piece[1] = (struct iov_in){hoa, sizeof *hoa};
	piece[2] = (struct iov_in){mh, 4};
	piece[3] = (struct iov_in){no_checksum, sizeof no_checksum};
	piece[4] = (struct iov_in){mh + HEAD_OCT, (size_t)off - HEAD_OCT};
	return MH_AUTH_PIECES;
}

uint64_t mh_ntp_of_wall(wall_t t)
{
	int64_t s = t.ns / NS_PER_S, ns = t.ns % NS_PER_S;
	if (ns < 0) {
		ns += NS_PER_S;
		s--;
	}
	/* Rounded up, so that turning it back gives the same nanosecond. */
	uint64_t fraction = (((uint64_t)ns << 32) + NS_PER_S - 1) / NS_PER_S;
	return (uint64_t)(s + NTP_UNIX_S) << 32 | (uint32_t)fraction;
}

wall_t mh_wall_of_ntp(uint64_t ntp, wall_t near)
{
	int64_t near_s = near.ns / NS_PER_S;
	/* The difference of the 32-bit seconds, read as signed, is at most half an era. */
	int32_t ahead = (int32_t)((uint32_t)(ntp >> 32) - (uint32_t)(near_s + NTP_UNIX_S));
	int64_t ns = (int64_t)((ntp & 0xffffffffu) * (uint64_t)NS_PER_S >> 32);
	return (wall_t){(near_s + ahead) * NS_PER_S + ns};
}

static const struct { uint8_t status; const char *text; } statuses[] = {
	{BA_ACCEPTED, "accepted"},
	{BA_ACCEPTED_PREFIX_DISCOVERY, "accepted, prefix discovery necessary"},
	{BA_REASON_UNSPECIFIED, "reason unspecified"},
	{BA_PROHIBITED, "administratively prohibited"},
	{BA_NO_RESOURCES, "insufficient resources"},
	{BA_HOME_REG_UNSUPPORTED, "home registration not supported"},
	{BA_NOT_HOME_SUBNET, "not home subnet"},
	{BA_NOT_HOME_AGENT, "not home agent for this mobile"},
	{BA_DAD_FAILED, "duplicate address detection failed"},
	{BA_SEQ_OUT_OF_WINDOW, "sequence number out of window"},
	{BA_HOME_NONCE_EXPIRED, "expired home nonce index"},
	{BA_COA_NONCE_EXPIRED, "expired care-of nonce index"},
	{BA_NONCES_EXPIRED, "expired nonces"},
	{BA_REG_TYPE_CHANGE, "registration type change disallowed"},
	{BA_MR_NOT_PERMITTED, "mobile router operation not permitted"},
	{BA_INVALID_PREFIX, "invalid prefix"},
	{BA_NOT_AUTHORISED_PREFIX, "not authorised for prefix"},
	{BA_FORWARDING_FAILED, "forwarding setup failed"},
	{BA_ID_MISMATCH, "timestamp mismatch"},
	{BA_MESG_ID_REQUIRED, "timestamp required"},
	{BA_AUTH_FAIL, "authentication failed"},
	{BA_INVALID_COA, "invalid care-of address"},
	{BA_GROUP_TAKEN, "group held by another mobile"},
};

const char *ba_status_str(uint8_t status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (statuses[i].status == status)
			return statuses[i].text;
	}
	return "unknown status";
}
