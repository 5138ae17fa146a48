/* SPDX-License-Identifier: BSD-2-Clause */
#include "mobile.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "plat/crypto_openssl.h"
#include "tool.h"
#include "wire/ip/udp6.h"
#include "wire/mip4/mip4_packet.h"

bool mobiles_option(struct mobiles *m, const char *option, const char *value)
{
	if (!strcmp(option, "--router"))
		return lladdr_parse(&m->router, value);
	if (!strcmp(option, "--agent"))
		return addr46_parse(&m->agent, value);
	if (!strcmp(option, "--home"))
		return prefix46_parse(&m->home, value);
	if (!strcmp(option, "--coa"))
		return prefix46_parse(&m->coa, value);
	return false;
}

void mobiles_key(struct mobiles *m, const char *hex, int64_t spi)
{
	uint8_t raw[SA_RAW_MAX];
	size_t n = hex ? strlen(hex) / 2 : 0;
	for (size_t i = 0; i < n && i < sizeof raw; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			tool_die("--key is hexadecimal");
		raw[i] = (uint8_t)byte;
	}
	if (sa_key_init(&m->key, &crypto_openssl, "fleet", (uint32_t)spi, MAC_HMAC_SHA1, raw, n))
		tool_die("--key or --spi cannot be used");
}

void mobiles_own_address(struct mobiles *m, int fd, const char *ifname)
{
	struct sockaddr_ll sll;
	socklen_t len = sizeof sll;
	if (getsockname(fd, (struct sockaddr *)&sll, &len))
		tool_die("%s: %s", ifname, strerror(errno));
	memcpy(m->self.b, sll.sll_addr, 6);
}

struct addr6 mobile_host(const struct prefix6 *p, uint64_t n)
{
	struct addr6 a = p->addr;
	for (int i = 0; i < 8; i++) {
		const int bits = p->len_bits - 8 * (15 - i); /* of this byte, the prefix's */
		const uint8_t mask = bits >= 8 ? 0 : bits <= 0 ? 0xff : (uint8_t)(0xff >> bits);
		a.b[15 - i] |= (uint8_t)(n >> (8 * i)) & mask;
	}
	return a;
}

uint64_t mobile_stamp(const struct mobile_reg *r) { return mh_ntp_of_wall(r->now); }

static uint8_t *begin(struct mobile_frame *f, const struct mobiles *m)
{
	const bool is_v4 = mobiles_are_v4(m);
	memcpy(f->at, m->router.b, 6);
	memcpy(f->at + 6, m->self.b, 6);
	f->at[12] = is_v4 ? 0x08 : 0x86;
	f->at[13] = is_v4 ? 0x00 : 0xdd;
	return f->at + MOBILE_ETH_OCT;
}

static void end(struct mobile_frame *f, size_t len_oct)
{
	if (!len_oct)
		tool_die("a packet of a mobile does not fit");
	f->len_oct = (uint32_t)len_oct + MOBILE_ETH_OCT;
}

static size_t sign_request(uint8_t *packet, const struct mobiles *m, const struct mobile_reg *r)
{
	struct mip4 request = { .type = MIP4_REQUEST, .request = { .flags = MIP4_D | (r->is_reverse ? MIP4_T : 0), .lifetime_s = (uint16_t)r->lifetime_s,
		.hoa = r->hoa, .ha = m->agent, .coa = r->lifetime_s ? r->coa : r->hoa, .id = mobile_stamp(r) } };
	const struct mip4_path path = { .src = r->coa, .dst = m->agent, .ttl = r->is_reverse ? 255 : 0 };
	struct mip4_built built;
	request.ext.auth[MIP4_MH] = sa4_auth(&m->key);
	if (!mip4_packet_build(packet, MOBILE_FRAME_MAX - MOBILE_ETH_OCT, &path, &request, &built))
		return 0;
	sa4_sign(&m->key, &crypto_openssl, packet + built.msg_off, &request.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, packet);
	return built.len_oct;
}

static size_t sign_update(uint8_t *packet, const struct mobiles *m, const struct mobile_reg *r)
{
	struct mh update = { .type = MH_BU, .bu = { r->seq, BU_A | BU_H, r->lifetime_s } };
	struct mh_built built;
	update.opt.has_alt_coa = true;
	update.opt.alt_coa = r->coa;
	update.opt.has_mesg_id = true;
	update.opt.mesg_id = mobile_stamp(r);
	update.opt.has_auth = true;
	update.opt.auth.spi = m->key.spi;
	if (!bu_packet_build(packet, MOBILE_FRAME_MAX - MOBILE_ETH_OCT, &r->coa, &m->agent, &r->hoa, &update, &built))
		return 0;
	sa_sign(&m->key, &crypto_openssl, &r->coa, &r->hoa, &built, packet);
	return built.len_oct;
}

void mobile_register(struct mobile_frame *f, const struct mobiles *m, const struct mobile_reg *r)
{
	uint8_t *packet = begin(f, m);
	end(f, (mobiles_are_v4(m) ? sign_request : sign_update)(packet, m, r));
}

static bool is_v4(const struct mobile_frame *f) { return f->at[12] == 0x08 && f->at[13] == 0x00; }

bool mobile_answer(const struct mobile_frame *f, struct mobile_answer *out)
{
	struct mh_packet six;
	struct mip4_packet four;
	if (f->len_oct <= MOBILE_ETH_OCT)
		return false;
	if (is_v4(f)) {
		if (mip4_packet_parse(f->at + MOBILE_ETH_OCT, f->len_oct - MOBILE_ETH_OCT, &four) || four.m.type != MIP4_REPLY)
			return false;
		*out = (struct mobile_answer){ .hoa = four.m.reply.hoa, .is_accepted = mip4_code_accepts(four.m.reply.code), .stamp = four.m.reply.id };
		return true;
	}
	if (mh_packet_parse(f->at + MOBILE_ETH_OCT, f->len_oct - MOBILE_ETH_OCT, &six) || six.mh.type != MH_BA)
		return false;
	*out = (struct mobile_answer){ .hoa = six.self, .is_accepted = six.mh.ba.status < BA_REASON_UNSPECIFIED, .seq = six.mh.ba.seq };
	return true;
}

void mobile_send(struct mobile_frame *f, const struct mobiles *m, const struct mobile_data *d)
{
	uint8_t *packet = begin(f, m);
	struct wr w = wr_of(packet, MOBILE_FRAME_MAX - MOBILE_ETH_OCT);
	if (mobiles_are_v4(m)) {
		const size_t outer = ip4_begin(&w, &(struct ip4_path){ .src = d->coa, .dst = m->agent, .ttl = 64 }, NH_IPV4);
		const struct udp4_build udp = udp4_begin(&w, &(struct ip4_path){ .src = d->hoa, .dst = d->peer, .ttl = 64 }, d->port, d->port);
		wr_bytes(&w, d->data, d->len_oct);
		end(f, udp4_finish(&w, &udp) ? ip4_finish(&w, outer) : 0);
		return;
	}
	struct wr inner = wr_of(packet + IP6_HEAD_OCT, MOBILE_FRAME_MAX - MOBILE_ETH_OCT - IP6_HEAD_OCT);
	udp6_begin(&inner, &d->hoa, &d->peer, 64, d->port, d->port);
	wr_bytes(&inner, d->data, d->len_oct);
	const size_t len_oct = udp6_finish(&inner);
	ip6_head_build(&w, &(struct ip6_head){ .next = NH_IPV6, .payload_len_oct = (uint16_t)len_oct, .hop_limit = 64, .src = d->coa, .dst = m->agent });
	end(f, len_oct ? len_oct + IP6_HEAD_OCT : 0);
}

bool mobile_receive(const struct mobile_frame *f, struct mobile_packet *out)
{
	const uint8_t *p = f->at + MOBILE_ETH_OCT;
	size_t n = f->len_oct > MOBILE_ETH_OCT ? f->len_oct - MOBILE_ETH_OCT : 0;
	struct udp4_packet four;
	struct ip4_walk outer4;
	struct ip6_walk outer, inner;
	if (is_v4(f)) {
		if (ip4_walk(p, n, &outer4) || outer4.ip.proto != NH_IPV4 || udp4_packet_parse(p + outer4.off, outer4.len_oct, &four))
			return false;
		*out = (struct mobile_packet){ four.dst, outer4.dst, outer4.ip.tos, four.dport, four.data, (uint32_t)four.data_len_oct };
		return true;
	}
	if (ip6_walk(p, n, &outer) || outer.proto != NH_IPV6 || ip6_walk(p + outer.off, outer.len_oct, &inner) || inner.proto != NH_UDP)
		return false;
	/* The checksum is not looked at: a veth leaves it to a device that is not there. */
	struct rd udp = rd_of(p + outer.off + inner.off, inner.len_oct);
	rd_u16(&udp);
	const uint16_t port = rd_u16(&udp);
	rd_skip(&udp, 4);
	*out = (struct mobile_packet){ inner.ip.dst, outer.ip.dst, outer.ip.tclass, port, udp.p, (uint32_t)rd_left(&udp) };
	return rd_ok(&udp);
}
