/* SPDX-License-Identifier: BSD-2-Clause */
/* A Mobile IPv4 registration request with everything right but the key. */
#include "base/err.h"
#include "core/auth/sa4.h"
#include "sim/net/kern.h"
#include "sim/proc.h"
#include "sim/swarm/forge.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"
#include "wire/mip6/mh.h"

enum { FORGED_SPI = 256, FORGED_MAX_OCT = 1280 };

/* What is said in clear is no secret: SPIs, home agent and flags as in the mobile's last request. */
static void overhear(const struct watch *w, const struct addr6 *hoa, struct mip4 *m)
{
	struct mip4_packet p;
	m->ext.auth[MIP4_MH].spi = m->ext.auth[MIP4_MF].spi = FORGED_SPI;
	for (const struct said *s = w->said; s; s = s->next) {
		if (!s->is_v4 || !said_is_ask(s) || !addr6_eq(&s->peer, hoa) || mip4_packet_parse(s->packet, s->len_oct, &p) != W_OK)
			continue;
		m->request.ha = p.m.request.ha;
		m->request.flags = p.m.request.flags;
		for (enum mip4_auth_kind k = MIP4_MH; k <= MIP4_MF; k++)
			if (p.m.ext.auth[k].n)
				m->ext.auth[k].spi = p.m.ext.auth[k].spi;
	}
}

bool forge4_request(struct node *by, const struct forged *f)
{
	uint8_t packet[FORGED_MAX_OCT];
	struct mip4_built built;
	struct sa_key key;
	struct rc4_values values;
	struct rc4 rc = {.has_group_request = true, .group_request = {.group = f->group}};
	struct mip4 m = {.type = MIP4_REQUEST, .request = {.lifetime_s = (uint16_t)f->lifetime_s, .hoa = f->hoa, .ha = f->to, .coa = f->coa,
							   .id = mh_ntp_of_wall(node_now(by).wall)}};
	if (sa4_key_init(&key, proc_crypto(), "forged", FORGED_SPI, MAC_HMAC_SHA256, "a wrong guess", 13) != ERR_OK)
		return false;
	if (f->is_signed) {
		m.ext.auth[MIP4_MH] = sa4_auth(&key);
		m.ext.auth[MIP4_MF] = sa4_auth(&key);
	}
	overhear(by->sim->watch, &f->hoa, &m);
	if (f->has_group && !rc4_add(&m.ext, &rc, &values))
		return false;
	struct mip4_path path = {.src = f->coa, .dst = f->to};
	size_t n = mip4_packet_build(packet, sizeof packet, &path, &m, &built);
	for (enum mip4_auth_kind k = MIP4_MH; n && f->is_signed && k <= MIP4_MF; k++)
		sa4_sign(&key, proc_crypto(), packet + built.msg_off, &m.ext.auth[k]);
	if (n)
		mip4_packet_finish(&built, packet);
	sa_key_fini(&key, proc_crypto());
	return n && kern_send_raw(by, 0, packet, n);
}
