/* SPDX-License-Identifier: BSD-2-Clause */
/* The operator's words: a device is a line of words, identifiers ("imsi:...") and settings ("home=10.1.0.5/24"), in any order. */
#include "role/mm/mm_i.h"

#include <stdio.h>

enum { WORD_LEN = 300 };

struct setting {
	const char *name;
	const char *(*set)(struct mm_record *r, const char *value); /* NULL, or what is wrong */
};

static const char *set_address(struct addr6 *six, struct addr6 *four, const char *value, const char *wrong)
{
	struct addr6 a;
	if (!addr46_parse(&a, value))
		return wrong;
	*(addr6_is_v4mapped(&a) ? four : six) = a;
	return NULL;
}

static bool number(const char *s, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;
	for (; *s >= '0' && *s <= '9' && v <= max; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	*out = v;
	return *s == '\0' && v <= max;
}

static const char *set_home(struct mm_record *r, const char *value)
{
	char text[WORD_LEN];
	const char *slash = strchr(value, '/');
	const size_t n = slash ? (size_t)(slash - value) : strlen(value);
	struct addr6 a;
	uint32_t plen = 0;

	memcpy(text, value, n);
	text[n] = '\0';
	if (!addr46_parse(&a, text))
		return "home=ADDRESS or home=ADDRESS/LENGTH";
	const bool is_v4 = addr6_is_v4mapped(&a);
	if (slash && !number(slash + 1, is_v4 ? 32 : 128, &plen))
		return "the length of a home prefix is 1 to 32, or to 128 of IPv6";
	*(is_v4 ? &r->home4 : &r->home6) = a;
	*(is_v4 ? &r->home4_plen_bits : &r->home6_plen_bits) = (uint8_t)plen;
	return NULL;
}

static const char *set_group(struct mm_record *r, const char *value)
{
	struct addr6 a;
	if (!addr46_parse(&a, value) || !(addr6_is_multicast(&a) || addr6_is_v4multicast(&a)))
		return "group=ADDRESS wants a multicast address";
	*(addr6_is_v4mapped(&a) ? &r->group4 : &r->group6) = a;
	return NULL;
}

static const char *set_source(struct mm_record *r, const char *v) { return set_address(&r->source6, &r->source4, v, "source=ADDRESS"); }
static const char *set_gateway(struct mm_record *r, const char *v) { return set_address(&r->gateway6, &r->gateway4, v, "gateway=ADDRESS"); }
static const char *set_lladdr(struct mm_record *r, const char *v)
{
	return lladdr_parse(&r->lladdr, v) ? NULL : "lladdr=02:00:00:00:00:01";
}

static const char *set_gateway_lladdr(struct mm_record *r, const char *v)
{
	return lladdr_parse(&r->gateway_lladdr, v) ? NULL : "gateway-lladdr=02:00:00:00:00:01";
}

static const char *set_policy(struct mm_record *r, const char *v)
{
	if (strcmp(v, "all") != 0 && strcmp(v, "serving") != 0)
		return "policy=all or policy=serving";
	r->policy = strcmp(v, "serving") == 0 ? MM_SERVING : MM_ALL;
	return NULL;
}

static const char *set_enough(struct mm_record *r, const char *v)
{
	if (strcmp(v, "yes") != 0 && strcmp(v, "no") != 0)
		return "lladdr-enough=yes or lladdr-enough=no";
	r->flags = (uint8_t)((r->flags & ~MM_LLADDR_ENOUGH) | (strcmp(v, "yes") == 0 ? MM_LLADDR_ENOUGH : 0));
	return NULL;
}

static const char *set_voice(struct mm_record *r, const char *v)
{
	uint32_t port;
	if (!number(v, UINT16_MAX, &port))
		return "voice-port=0 to 65535";
	r->voice_port = (uint16_t)port;
	return NULL;
}

static const struct setting settings[] = {
	{"home", set_home}, {"group", set_group}, {"source", set_source}, {"gateway", set_gateway}, {"gateway-lladdr", set_gateway_lladdr},
	{"lladdr", set_lladdr}, {"policy", set_policy}, {"lladdr-enough", set_enough}, {"voice-port", set_voice},
};

static const char *drop_id(struct mm_draft *draft, const char *value)
{
	const char *why = "without=KIND:VALUE names an identifier that the device has";
	struct device_id id;

	if (!device_parse(&id, value, &why))
		return why;
	for (uint32_t i = 0; i < draft->n_id; i++)
		if (device_eq(&draft->id[i], &id)) {
			memmove(&draft->id[i], &draft->id[i + 1], (draft->n_id - i - 1) * sizeof id);
			draft->n_id--;
			return NULL;
		}
	return why;
}

static const char *add_id(struct mm_draft *draft, const char *word)
{
	const char *why = NULL;
	struct device_id id;

	if (!device_parse(&id, word, &why))
		return why;
	for (uint32_t i = 0; i < draft->n_id; i++)
		if (device_eq(&draft->id[i], &id))
			return NULL;
	if (draft->n_id == MM_IDS_MAX)
		return "a device has at most 8 identifiers";
	draft->id[draft->n_id++] = id;
	return NULL;
}

/* What an NAI may have in it ('=' too) comes behind a colon; a setting's name has none. */
static const char *take_word(struct mm_draft *draft, const char *word)
{
	const char *equals = strchr(word, '='), *colon = strchr(word, ':');

	if (!equals || (colon && colon < equals))
		return add_id(draft, word);
	const size_t n = (size_t)(equals - word);
	if (n == 7 && strncmp(word, "without", n) == 0)
		return drop_id(draft, equals + 1);
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (strlen(settings[i].name) == n && strncmp(settings[i].name, word, n) == 0)
			return settings[i].set(&draft->rec, equals + 1);
	return "unknown word: it is home= group= source= gateway= gateway-lladdr= lladdr= policy= lladdr-enough= voice-port= or without=";
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* The next word of the line at *p; false at its end. *why is set when it is too long. */
static bool next_word(const char **p, char word[static WORD_LEN], const char **why)
{
	size_t n = 0;

	while (is_space(**p))
		++*p;
	while (**p && **p != '\n' && !is_space(**p)) {
		if (n == WORD_LEN - 1) {
			*why = "a word of more than 299 characters";
			return false;
		}
		word[n++] = *(*p)++;
	}
	word[n] = '\0';
	return n > 0;
}

static const char *take_words(struct mm_draft *draft, const char **line)
{
	char word[WORD_LEN];
	const char *why = NULL;

	while (!why && next_word(line, word, &why))
		why = take_word(draft, word);
	return why;
}

/* --- what a line wants -------------------------------------------------------------------------------------- */

/* The device that the next word names. */
static const char *take_old(struct mm *m, const char **line, struct mm_plan *out)
{
	char word[WORD_LEN];
	const char *why = "which device? name one of its identifiers first";
	struct device_id id;

	if (!next_word(line, word, &why) || !device_parse(&id, word, &why))
		return why;
	out->old = mm_device_by_id(m, &id);
	if (!out->old)
		return "no device has this identifier";
	mm_device_draft(out->old, &out->draft);
	return NULL;
}

/* Groups that the line does not name stay those of the device that it stands for. */
static const char *take_place(struct mm *m, struct mm_plan *out)
{
	struct mm_draft *draft = &out->draft;

	for (uint32_t i = 0; i < draft->n_id; i++) {
		struct mm_device *has = mm_device_by_id(m, &draft->id[i]);
		if (has && out->old && has != out->old)
			return "its identifiers belong to two devices";
		out->old = has ? has : out->old;
	}
	if (out->old && addr6_is_none(&draft->rec.group6))
		draft->rec.group6 = out->old->group6;
	if (out->old && addr6_is_none(&draft->rec.group4))
		draft->rec.group4 = out->old->group4;
	return NULL;
}

const char *mm_plan(struct mm *m, enum mm_verb verb, const char **line, struct mm_plan *out)
{
	const char *why = NULL;

	*out = (struct mm_plan){.old = NULL};
	if (verb == MM_SET || verb == MM_REMOVE)
		why = take_old(m, line, out);
	if (!why && verb != MM_REMOVE)
		why = take_words(&out->draft, line);
	if (!why && verb == MM_PUT)
		why = take_place(m, out);
	return why;
}
