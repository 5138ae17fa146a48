/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { V4_BITS = 96 }; /* of an IPv4-mapped address before the IPv4 one */

const struct addr6 addr6_any;
const struct addr6 addr6_allnodes = {{0xff, 2, [15] = 1}};
const struct addr6 addr6_allrouters = {{0xff, 2, [15] = 2}};
const struct addr6 addr6_mldv2 = {{0xff, 2, [15] = 0x16}};

bool addr6_is_loopback(const struct addr6 *a)
{
	static const struct addr6 loopback = {{[15] = 1}};
	return addr6_eq(a, &loopback);
}

bool addr6_is_v4mapped(const struct addr6 *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

bool addr6_is_routable(const struct addr6 *a)
{
	return !addr6_is_any(a) && !addr6_is_loopback(a) && !addr6_is_multicast(a) &&
	       !addr6_is_linklocal(a) && !addr6_is_v4mapped(a);
}

bool prefix6_contains(const struct prefix6 *p, const struct addr6 *a)
{
	unsigned whole = p->len_bits / 8, rest = p->len_bits % 8;

	if (memcmp(p->addr.b, a->b, whole) != 0)
		return false;
	if (rest == 0)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return ((p->addr.b[whole] ^ a->b[whole]) & mask) == 0;
}

bool prefix6_eq(const struct prefix6 *a, const struct prefix6 *b)
{
	return a->len_bits == b->len_bits && prefix6_contains(a, &b->addr);
}

struct addr6 prefix6_join(const struct prefix6 *p, const struct addr6 *id)
{
	struct addr6 r = *id;
	unsigned whole = p->len_bits / 8, rest = p->len_bits % 8;

	memcpy(r.b, p->addr.b, whole);
	if (rest) {
		uint8_t mask = (uint8_t)(0xff << (8 - rest));
		r.b[whole] = (uint8_t)((p->addr.b[whole] & mask) | (id->b[whole] & ~mask));
	}
	return r;
}

void lladdr_to_eui64(const struct lladdr *ll, uint8_t eui64[8])
{
	const uint8_t id[8] = {ll->b[0] ^ 2, ll->b[1], ll->b[2], 0xff, 0xfe, ll->b[3], ll->b[4], ll->b[5]};
	memcpy(eui64, id, 8);
}

struct addr6 addr6_from_eui64(const struct prefix6 *p, const uint8_t eui64[8])
{
	struct addr6 id = {0};
	memcpy(id.b + 8, eui64, 8);
	return prefix6_join(p, &id);
}

struct addr6 addr6_linklocal(const struct lladdr *ll)
{
	static const struct prefix6 fe80 = {{{0xfe, 0x80}}, 64};
	uint8_t eui64[8];
	lladdr_to_eui64(ll, eui64);
	return addr6_from_eui64(&fe80, eui64);
}

struct addr6 addr6_solicited_node(const struct addr6 *a)
{
	struct addr6 r = {{0xff, 2, [11] = 1, [12] = 0xff}};
	memcpy(r.b + 13, a->b + 13, 3);
	return r;
}

struct lladdr lladdr_of_multicast(const struct addr6 *group)
{
	struct lladdr r = {{0x33, 0x33}};
	memcpy(r.b + 2, group->b + 12, 4);
	return r;
}

struct addr6 addr6_from_v4(struct addr4 a)
{
	struct addr6 r = {{[10] = 0xff, [11] = 0xff}};
	memcpy(r.b + 12, a.b, 4);
	return r;
}

struct lladdr lladdr_of_multicast4(const struct addr6 *group)
{
	return (struct lladdr){{0x01, 0x00, 0x5e, group->b[13] & 0x7f, group->b[14], group->b[15]}};
}

struct addr4 addr6_to_v4(const struct addr6 *a)
{
	struct addr4 r;
	memcpy(r.b, a->b + 12, 4);
	return r;
}

struct prefix6 prefix6_from_v4(struct addr4 a, uint8_t len_bits)
{
	struct prefix6 p = {addr6_from_v4(a), (uint8_t)(V4_BITS + (len_bits < 32 ? len_bits : 32))};
	p.addr = prefix6_join(&p, &addr6_any);
	return p;
}

bool addr6_is_none(const struct addr6 *a)
{
	static const struct addr6 v4none = {{[10] = 0xff, [11] = 0xff}};
	return addr6_is_any(a) || addr6_eq(a, &v4none);
}

bool addr6_is_v4multicast(const struct addr6 *a) { return addr6_is_v4mapped(a) && (a->b[12] & 0xf0) == 0xe0; }

bool addr6_is_v4unicast(const struct addr6 *a)
{
	return addr6_is_v4mapped(a) && a->b[12] != 0 && a->b[12] != 127 && a->b[12] < 224;
}

bool addr6_parse(struct addr6 *a, const char *s)
{
	struct addr6 r;
	if (inet_pton(AF_INET6, s, r.b) != 1)
		return false;
	*a = r;
	return true;
}

bool prefix6_parse(struct prefix6 *p, const char *s)
{
	char text[ADDR_STRLEN];
	const char *slash = strchr(s, '/');
	struct prefix6 r = {0};

	if (!slash || (size_t)(slash - s) >= sizeof text)
		return false;
	memcpy(text, s, (size_t)(slash - s));
	text[slash - s] = '\0';

	unsigned len = 0;
	const char *d = slash + 1;
	if (*d == '\0')
		return false;
	for (; *d; d++) {
		if (*d < '0' || *d > '9' || len > 128)
			return false;
		len = len * 10 + (unsigned)(*d - '0');
	}
	if (len > 128 || !addr6_parse(&r.addr, text))
		return false;
	r.len_bits = (uint8_t)len;
	struct addr6 zeroed = prefix6_join(&r, &addr6_any);
	if (!addr6_eq(&zeroed, &r.addr))
		return false;
	*p = r;
	return true;
}

bool addr46_parse(struct addr6 *a, const char *s)
{
	struct addr4 v4;
	if (inet_pton(AF_INET, s, v4.b) != 1)
		return addr6_parse(a, s);
	*a = addr6_from_v4(v4);
	return true;
}

/* Behind the slash of an IPv4 prefix: 0 to 32, or -1. */
static int v4_len(const char *d)
{
	int len = 0;
	for (int n = 0; n < 2 && *d >= '0' && *d <= '9'; n++, d++)
		len = len * 10 + *d - '0';
	return *d == '\0' && d[-1] != '/' && len <= 32 ? len : -1;
}

bool prefix46_parse(struct prefix6 *p, const char *s)
{
	char text[ADDR_STRLEN];
	struct addr4 v4;
	const char *slash = strchr(s, '/');
	if (!slash || strchr(s, ':'))
		return prefix6_parse(p, s);
	if ((size_t)(slash - s) >= sizeof text || v4_len(slash + 1) < 0)
		return false;
	memcpy(text, s, (size_t)(slash - s));
	text[slash - s] = '\0';
	if (inet_pton(AF_INET, text, v4.b) != 1)
		return false;
	struct prefix6 r = prefix6_from_v4(v4, (uint8_t)v4_len(slash + 1));
	struct addr4 kept = addr6_to_v4(&r.addr);
	if (memcmp(&kept, &v4, sizeof v4) != 0)
		return false; /* host bits */
	*p = r;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool lladdr_parse(struct lladdr *a, const char *s)
{
	struct lladdr r;
	if (strlen(s) != LLADDR_STRLEN - 1)
		return false;
	for (int i = 0; i < 6; i++) {
		int hi = hex_digit(s[3 * i]), lo = hex_digit(s[3 * i + 1]);
		if (hi < 0 || lo < 0 || (i < 5 && s[3 * i + 2] != ':'))
			return false;
		r.b[i] = (uint8_t)(hi << 4 | lo);
	}
	*a = r;
	return true;
}

char *addr6_str(const struct addr6 *a, char buf[static ADDR_STRLEN])
{
	if (!inet_ntop(AF_INET6, a->b, buf, ADDR_STRLEN))
		buf[0] = '\0';
	return buf;
}

char *addr46_str(const struct addr6 *a, char buf[static ADDR_STRLEN])
{
	if (!addr6_is_v4mapped(a))
		return addr6_str(a, buf);
	if (!inet_ntop(AF_INET, a->b + 12, buf, ADDR_STRLEN))
		buf[0] = '\0';
	return buf;
}

char *prefix46_str(const struct prefix6 *p, char buf[static PREFIX_STRLEN])
{
	if (!addr6_is_v4mapped(&p->addr) || p->len_bits < V4_BITS)
		return prefix6_str(p, buf);
	addr46_str(&p->addr, buf);
	size_t n = strlen(buf);
	snprintf(buf + n, PREFIX_STRLEN - n, "/%u", p->len_bits - V4_BITS);
	return buf;
}

char *prefix6_str(const struct prefix6 *p, char buf[static PREFIX_STRLEN])
{
	addr6_str(&p->addr, buf);
	size_t n = strlen(buf);
	snprintf(buf + n, PREFIX_STRLEN - n, "/%u", p->len_bits);
	return buf;
}

char *lladdr_str(const struct lladdr *a, char buf[static LLADDR_STRLEN])
{
	snprintf(buf, LLADDR_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", a->b[0], a->b[1], a->b[2],
		 a->b[3], a->b[4], a->b[5]);
	return buf;
}
