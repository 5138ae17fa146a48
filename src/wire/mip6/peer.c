/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mip6/peer.h"

#include "wire/mip6/rc_opt.h"

void mh_peer_parse(struct rd *r, struct mh_peer *p)
{
	p->version = rd_u8(r);
	p->kind = rd_u8(r);
	p->enterprise = rd_u32(r);
	p->transaction = rd_u32(r);
	p->home_address = rd_addr6(r);
	p->coa = rd_addr6(r);
	p->time_s = rd_u16(r);
	p->status = rd_u8(r);
	rd_skip(r, 1);
}

void mh_peer_build(struct wr *w, const struct mh_peer *p)
{
	wr_u8(w, MH_PEER_VERSION);
	wr_u8(w, p->kind);
	wr_u32(w, RC_ENTERPRISE);
	wr_u32(w, p->transaction);
	wr_addr6(w, &p->home_address);
	wr_addr6(w, &p->coa);
	wr_u16(w, p->time_s);
	wr_u8(w, p->status);
	wr_u8(w, 0);
}

bool mh_peer_is_ours(const struct mh_peer *p) { return p->enterprise == RC_ENTERPRISE; }

const char *mh_peer_kind_str(uint8_t kind)
{
	static const char *const names[] = {
		[PEER_CONFIRM] = "confirm", [PEER_ASK] = "ask", [PEER_FORWARDING] = "forwarding", [PEER_FORWARDING_ACK] = "forwarding-ack",
		[PEER_KEY_ASK] = "key-ask", [PEER_KEY] = "key",
	};
	return kind < sizeof names / sizeof *names && names[kind] ? names[kind] : "unknown";
}
