/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIN: TIA/EIA-553 2.3.1 and IS-95; ESN: the same, 2.3.2; IMSI: ITU-T E.212; IMEI and its check digit: 3GPP TS 23.003 6 and annex B;
 * MEID: 3GPP2 S.R0048 and X.S0008; EUI: the IEEE's guidelines; NAI: RFC 7542.
 */
#include "core/manager/device.h"

#include <stdio.h>

enum { DIGITS_MAX = 20, FILLER = 15 };

static const char *const kinds[DEVICE_KIND_N] = {"none", "min", "esn", "imsi", "meid", "imei", "eui48", "eui64", "nai"};

const char *device_kind_str(uint8_t kind) { return kind < DEVICE_KIND_N ? kinds[kind] : "unknown"; }

/* --- digits ---------------------------------------------------------------------------------------------- */

struct digits { uint8_t d[DIGITS_MAX]; uint32_t n; bool is_decimal; };

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Digits with what stands between them in print; false when there is anything else, or too many. */
static bool digits_read(struct digits *out, const char *s)
{
	*out = (struct digits){.is_decimal = true};
	for (; *s; s++) {
		const int v = digit_of(*s);
		if (v < 0 && (*s == ' ' || *s == '-' || *s == '.' || *s == ':'))
			continue;
		if (v < 0 || out->n == DIGITS_MAX)
			return false;
		out->is_decimal &= v < 10;
		out->d[out->n++] = (uint8_t)v;
	}
	return out->n > 0;
}

static uint64_t value_of(const uint8_t *d, uint32_t n, uint32_t base)
{
	uint64_t v = 0;
	for (uint32_t i = 0; i < n; i++)
		v = v * base + d[i];
	return v;
}

/* Luhn's formula: every other digit from the right is doubled, and the digits of the doubled ones are summed. */
static uint8_t check_digit(const uint8_t *d, uint32_t n, uint32_t base)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t twice = d[n - 1 - i] * (i % 2 ? 1u : 2u);
		sum += twice / base + twice % base;
	}
	return (uint8_t)((base - sum % base) % base);
}

static void pack(uint8_t *out, const uint8_t *d, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 2)
		out[i / 2] = (uint8_t)(d[i] << 4 | (i + 1 < n ? d[i + 1] : FILLER));
}

static void unpack(uint8_t *d, const uint8_t *in, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		d[i] = i % 2 ? in[i / 2] & 15 : in[i / 2] >> 4;
}

static char *print_digits(char *p, const uint8_t *d, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		*p++ = "0123456789ABCDEF"[d[i]];
	*p = '\0';
	return p;
}

static void put_be(uint8_t *out, uint64_t v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static uint64_t get_be(const uint8_t *in, uint32_t n)
{
	uint64_t v = 0;
	for (uint32_t i = 0; i < n; i++)
		v = v << 8 | in[i];
	return v;
}

/* --- one kind each: NULL, or what is wrong ----------------------------------------------------------------- */

/* Three digits in ten bits; a zero counts as ten. */
static uint64_t min_three(const uint8_t *d)
{
	uint64_t v = 0;
	for (uint32_t i = 0; i < 3; i++)
		v = v * 10 + (d[i] ? d[i] : 10u);
	return v - 111;
}

static void min_three_back(uint8_t *d, uint64_t v)
{
	const uint64_t three = v + 111;
	uint64_t left = three;
	for (uint32_t i = 3; i-- > 0;) {
		const uint64_t digit = left % 10 ? left % 10 : 10; /* so that the next place gives a ten back */
		d[i] = (uint8_t)(digit % 10);
		left = (left - digit) / 10;
	}
}

static const char *min_parse(struct device_id *id, const char *s)
{
	struct digits g;
	if (!digits_read(&g, s) || g.n != 10 || !g.is_decimal)
		return "a MIN has 10 decimal digits";
	const uint64_t min1 = min_three(g.d + 3) << 14 | (uint64_t)(g.d[6] ? g.d[6] : 10) << 10 | min_three(g.d + 7);
	put_be(id->b, min_three(g.d) << 24 | min1, id->len_oct = 5);
	return NULL;
}

static void min_print(const struct device_id *id, char *p)
{
	const uint64_t v = get_be(id->b, 5);
	uint8_t d[10];
	min_three_back(d, v >> 24 & 1023);
	min_three_back(d + 3, v >> 14 & 1023);
	d[6] = (uint8_t)((v >> 10 & 15) % 10);
	min_three_back(d + 7, v & 1023);
	print_digits(p, d, 10);
}

static bool min_is_valid(const struct device_id *id)
{
	const uint64_t v = get_be(id->b, 5), digit = v >> 10 & 15;
	return id->len_oct == 5 && v >> 24 <= 999 && (v >> 14 & 1023) <= 999 && (v & 1023) <= 999 && digit >= 1 && digit <= 10;
}

static const char *esn_parse(struct device_id *id, const char *s)
{
	struct digits g;
	id->len_oct = 4;
	if (digits_read(&g, s) && g.n == 8) {
		put_be(id->b, value_of(g.d, 8, 16), 4);
		return NULL;
	}
	if (!digits_read(&g, s) || g.n != 11 || !g.is_decimal)
		return "an ESN has 8 hexadecimal or 11 decimal digits";
	const uint64_t maker = value_of(g.d, 3, 10), number = value_of(g.d + 3, 8, 10);
	if (maker > 0xff || number > 0xffffff)
		return "a decimal ESN is at most 255 16777215";
	put_be(id->b, maker << 24 | number, 4);
	return NULL;
}

static const char *imsi_parse(struct device_id *id, const char *s)
{
	struct digits g;
	if (!digits_read(&g, s) || g.n < 6 || g.n > 15 || !g.is_decimal)
		return "an IMSI has 6 to 15 decimal digits";
	memset(id->b, 0xff, 8);
	pack(id->b, g.d, g.n);
	id->len_oct = 8;
	return NULL;
}

static uint32_t imsi_digits(const struct device_id *id, uint8_t d[static 16])
{
	uint32_t n = 0;
	unpack(d, id->b, 16);
	while (n < 16 && d[n] < 10)
		n++;
	return n;
}

static bool imsi_is_valid(const struct device_id *id)
{
	uint8_t d[16];
	uint32_t n = imsi_digits(id, d);
	if (id->len_oct != 8 || n < 6 || n > 15)
		return false;
	while (n < 16)
		if (d[n++] != FILLER)
			return false;
	return true;
}

/* Codes that begin with A to F are hexadecimal; the others are decimal, shared with IMEIs. */
static bool is_meid(const uint8_t d[static 14])
{
	for (uint32_t i = 0; d[0] < 10 && i < 14; i++)
		if (d[i] > 9)
			return false;
	return true;
}

static const char *meid_parse(struct device_id *id, const char *s)
{
	struct digits g;
	id->len_oct = 7;
	if (!digits_read(&g, s))
		return "a MEID has 14 hexadecimal or 18 decimal digits";
	if ((g.n == 18 || g.n == 19) && g.is_decimal) {
		const uint64_t high = value_of(g.d, 10, 10), low = value_of(g.d + 10, 8, 10);
		if (high > UINT32_MAX || low > 0xffffff)
			return "a decimal MEID is at most 4294967295 16777215";
		if (g.n == 19 && g.d[18] != check_digit(g.d, 18, 10))
			return "the MEID's check digit is wrong";
		put_be(id->b, high << 24 | low, 7);
		unpack(g.d, id->b, 14);
	} else if (g.n == 14 || g.n == 15) {
		if (g.n == 15 && g.d[14] != check_digit(g.d, 14, g.d[0] < 10 ? 10 : 16))
			return "the MEID's check digit is wrong";
		pack(id->b, g.d, 14);
	} else
		return "a MEID has 14 hexadecimal or 18 decimal digits";
	return is_meid(g.d) ? NULL : "a MEID whose first digit is decimal has decimal digits only";
}

static const char *imei_parse(struct device_id *id, const char *s)
{
	struct digits g;
	if (!digits_read(&g, s) || g.n < 14 || g.n > 16 || !g.is_decimal)
		return "an IMEI has 15 decimal digits, the last a check digit (or 14 without it, or 16 with a software version)";
	if (g.n == 15 && g.d[14] != check_digit(g.d, 14, 10))
		return "the IMEI's check digit is wrong";
	pack(id->b, g.d, 14);
	id->len_oct = 7;
	return NULL;
}

static bool is_packed_decimal(const struct device_id *id)
{
	uint8_t d[14];
	unpack(d, id->b, 14);
	for (uint32_t i = 0; i < 14; i++)
		if (d[i] > 9)
			return false;
	return id->len_oct == 7;
}

static bool eui_is_valid(const struct device_id *id, uint8_t len_oct)
{
	return id->len_oct == len_oct && !(id->b[0] & 1) && get_be(id->b, len_oct) != 0;
}

static const char *eui_parse(struct device_id *id, const char *s, uint8_t len_oct)
{
	struct digits g;
	if (!digits_read(&g, s) || g.n != 2u * len_oct)
		return len_oct == 6 ? "an EUI-48 has 6 octets, such as 02:00:5e:10:00:01" : "an EUI-64 has 8 octets, such as 02:00:5e:ff:fe:10:00:01";
	pack(id->b, g.d, g.n);
	id->len_oct = len_oct;
	return eui_is_valid(id, len_oct) ? NULL : "an EUI that names a device is neither zero nor a group address";
}

static void eui_print(const struct device_id *id, char *p)
{
	for (uint32_t i = 0; i < id->len_oct; i++)
		p += snprintf(p, 4, "%s%02x", i ? ":" : "", id->b[i]);
}

/* --- NAI ------------------------------------------------------------------------------------------------- */

/* Octets of the character at s when it is well-formed UTF-8 beyond ASCII (RFC 3629), else 0. */
static size_t utf8_oct(const uint8_t *s, size_t left)
{
	const size_t n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)))
		return 0;
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	return n;
}

static bool is_alnum(uint8_t c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Strings of such characters, with single dots between them. n_parts: how many. */
static bool is_dotted(const uint8_t *s, size_t n, const char *also, uint32_t *n_parts)
{
	bool is_begun = false;
	*n_parts = 1;
	for (size_t i = 0; i < n;) {
		const size_t wide = s[i] < 0x80 ? 1 : utf8_oct(s + i, n - i);
		if (wide == 0 || (s[i] == '.' && !is_begun))
			return false;
		if (wide == 1 && s[i] != '.' && !is_alnum(s[i]) && (s[i] == '\0' || !strchr(also, s[i])))
			return false;
		*n_parts += s[i] == '.';
		is_begun = s[i] != '.';
		i += wide;
	}
	return is_begun;
}

/* Labels that neither begin nor end with a hyphen, two at least. */
static bool is_realm(const uint8_t *s, size_t n)
{
	uint32_t parts;
	if (!is_dotted(s, n, "-", &parts) || parts < 2)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '-' && (i == 0 || i == n - 1 || s[i - 1] == '.' || s[i + 1] == '.'))
			return false;
	return true;
}

static const char *nai_check(const uint8_t *s, size_t n)
{
	const uint8_t *at = memchr(s, '@', n);
	const size_t user = at ? (size_t)(at - s) : n;
	uint32_t parts;
	if (n == 0 || n > DEVICE_OCT_MAX)
		return "an NAI has 1 to 253 octets (RFC 7542)";
	if (user && !is_dotted(s, user, "!#$%&'*+-/=?^_`{|}~", &parts))
		return "an NAI's user name has characters that RFC 7542 does not allow";
	if (at && !is_realm(at + 1, n - user - 1))
		return "an NAI's realm is a domain name with a dot (RFC 7542)";
	return NULL;
}

static const char *nai_parse(struct device_id *id, const char *s)
{
	const size_t n = strnlen(s, DEVICE_OCT_MAX + 1);
	const char *why = nai_check((const uint8_t *)s, n);
	bool is_in_realm = false;
	if (why)
		return why;
	id->len_oct = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		is_in_realm |= s[i] == '@';
		id->b[i] = (uint8_t)(is_in_realm && s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 32 : s[i]);
	}
	return NULL;
}

static bool nai_is_valid(const struct device_id *id)
{
	const uint8_t *at = memchr(id->b, '@', id->len_oct);
	for (const uint8_t *p = at; at && p < id->b + id->len_oct; p++)
		if (*p >= 'A' && *p <= 'Z')
			return false;
	return nai_check(id->b, id->len_oct) == NULL;
}

/* --- all ------------------------------------------------------------------------------------------------- */

bool device_parse_as(struct device_id *id, enum device_kind kind, const char *text, const char **why)
{
	const char *wrong = "this is no kind of device identifier";
	*id = (struct device_id){.kind = (uint8_t)kind};
	switch (kind) {
	case DEVICE_MIN: wrong = min_parse(id, text); break;
	case DEVICE_ESN: wrong = esn_parse(id, text); break;
	case DEVICE_IMSI: wrong = imsi_parse(id, text); break;
	case DEVICE_MEID: wrong = meid_parse(id, text); break;
	case DEVICE_IMEI: wrong = imei_parse(id, text); break;
	case DEVICE_EUI48: wrong = eui_parse(id, text, 6); break;
	case DEVICE_EUI64: wrong = eui_parse(id, text, 8); break;
	case DEVICE_NAI: wrong = nai_parse(id, text); break;
	case DEVICE_NONE:
	case DEVICE_KIND_N: break;
	}
	if (wrong && why)
		*why = wrong;
	return !wrong;
}

bool device_parse(struct device_id *id, const char *text, const char **why)
{
	for (int k = DEVICE_NONE + 1; k < DEVICE_KIND_N; k++) {
		const size_t n = strlen(kinds[k]);
		if (strncmp(text, kinds[k], n) == 0 && text[n] == ':')
			return device_parse_as(id, (enum device_kind)k, text + n + 1, why);
	}
	*id = (struct device_id){0};
	if (why)
		*why = "a device identifier begins with its kind: min: esn: imsi: meid: imei: eui48: eui64: or nai:";
	return false;
}

bool device_is_valid(const struct device_id *id)
{
	uint8_t d[14];
	switch ((enum device_kind)id->kind) {
	case DEVICE_MIN: return min_is_valid(id);
	case DEVICE_ESN: return id->len_oct == 4;
	case DEVICE_IMSI: return imsi_is_valid(id);
	case DEVICE_MEID: unpack(d, id->b, 14); return id->len_oct == 7 && is_meid(d);
	case DEVICE_IMEI: return is_packed_decimal(id);
	case DEVICE_EUI48: return eui_is_valid(id, 6);
	case DEVICE_EUI64: return eui_is_valid(id, 8);
	case DEVICE_NAI: return nai_is_valid(id);
	case DEVICE_NONE:
	case DEVICE_KIND_N: break;
	}
	return false;
}

static void print_value(const struct device_id *id, char *p)
{
	uint8_t d[16];
	unpack(d, id->b, 16);
	switch ((enum device_kind)id->kind) {
	case DEVICE_MIN: min_print(id, p); break;
	case DEVICE_ESN: print_digits(p, d, 8); break;
	case DEVICE_IMSI: print_digits(p, d, imsi_digits(id, d)); break;
	case DEVICE_MEID: print_digits(p, d, 14); break;
	case DEVICE_IMEI:
		d[14] = check_digit(d, 14, 10);
		print_digits(p, d, 15);
		break;
	case DEVICE_EUI48:
	case DEVICE_EUI64: eui_print(id, p); break;
	case DEVICE_NAI:
		memcpy(p, id->b, id->len_oct);
		p[id->len_oct] = '\0';
		break;
	case DEVICE_NONE:
	case DEVICE_KIND_N: break;
	}
}

char *device_str(const struct device_id *id, char buf[static DEVICE_STRLEN])
{
	const int n = snprintf(buf, DEVICE_STRLEN, "%s:", device_kind_str(id->kind));
	print_value(id, buf + n);
	return buf;
}

bool device_eq(const struct device_id *a, const struct device_id *b)
{
	return a->kind == b->kind && a->len_oct == b->len_oct && memcmp(a->b, b->b, a->len_oct) == 0;
}

struct device_id device_of_lladdr(const struct lladdr *ll)
{
	struct device_id id = {.kind = DEVICE_EUI48, .len_oct = 6};
	memcpy(id.b, ll, sizeof *ll);
	return id;
}

void device_key(const struct device_id *id, const struct crypto_ops *c, uint8_t out[static DEVICE_KEY_OCT])
{
	uint8_t hash[20];
	memset(out, 0, DEVICE_KEY_OCT);
	out[0] = id->kind;
	if (id->len_oct < DEVICE_KEY_OCT) {
		memcpy(out + 1, id->b, id->len_oct);
		return;
	}
	(void)c->sha1(c->ctx, &(struct iov_in){id->b, id->len_oct}, 1, hash);
	memcpy(out + 1, hash, DEVICE_KEY_OCT - 1);
}

void device_eui64(const struct device_id *id, const struct crypto_ops *c, uint32_t nth, uint8_t out[static 8])
{
	struct lladdr ll;
	uint8_t hash[20], count[4];
	if (nth == 0 && id->kind == DEVICE_EUI48) {
		memcpy(&ll, id->b, sizeof ll);
		lladdr_to_eui64(&ll, out);
		return;
	}
	if (nth == 0 && id->kind == DEVICE_EUI64) {
		memcpy(out, id->b, 8);
		out[0] ^= 2;
		return;
	}
	put_be(count, nth, 4);
	const struct iov_in in[] = {{"group", 5}, {count, 4}, {&id->kind, 1}, {id->b, id->len_oct}};
	(void)c->sha1(c->ctx, in, sizeof in / sizeof *in, hash);
	memcpy(out, hash, 8);
	out[0] &= (uint8_t)~2u; /* as an identifier that nobody allocated universally */
}
