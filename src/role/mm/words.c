/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's words: a device is a line of words, identifiers ("imsi:...") and settings ("home=10.1.0.5/24"), in any order.
 *
 *	device add LINE       a new one
 *	device set LINE       the one that has the first identifier: what is named changes, other identifiers are added
 *	device put LINES      each new, or in place of the one that has its identifiers (import)
 *	device remove ID
 */
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
static const char *set_lladdr(struct mm_record *r, const char *v) { return lladdr_parse(&r->lladdr, v) ? NULL : "lladdr=02:00:00:00:00:01"; }
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

/* --- commands ------------------------------------------------------------------------------------------------ */

static int refuse(struct mm *m, const char *why, const char **msg)
{
	snprintf(m->msg, sizeof m->msg, "%s", why);
	*msg = m->msg;
	return ERR_INVAL;
}

/* Those who asked about the device as it was, or as it is, are told; the store follows. */
static const char *put(struct mm *m, struct mm_device *old, struct mm_draft *draft, struct now now)
{
	struct mm_draft before = {.n_id = 0};
	uint8_t key[DEVICE_KEY_OCT];
	struct mm_device *d;

	if (old) {
		mm_device_draft(old, &before);
		memcpy(key, old->ids->key, sizeof key);
	}
	draft->rec.version = 0;
	const char *why = mm_device_put(m, old, draft, now, &d);
	if (why)
		return why;
	if (old && memcmp(key, d->ids->key, sizeof key) != 0)
		mm_store_del(m, key, now);
	mm_store_put(m, d);
	if (old)
		mm_touch(m, &before, now);
	mm_touch(m, draft, now);
	return NULL;
}

static const char *add(struct mm *m, const char *line, struct now now)
{
	struct mm_draft draft = {.n_id = 0};
	const char *why = take_words(&draft, &line);

	if (!why)
		why = put(m, NULL, &draft, now);
	if (!why)
		fx_event(m->env->fx, ROLE_MM, EV_INFO, "device-added", &draft.rec.home6, "device %s: none -> known: by the operator",
			 DEVICE_STR(&draft.id[0]));
	return why;
}

static const char *change(struct mm *m, const char *line, struct now now)
{
	char word[WORD_LEN];
	const char *why = "which device? name one of its identifiers first";
	struct device_id id;
	struct mm_draft draft;

	if (!next_word(&line, word, &why) || !device_parse(&id, word, &why))
		return why;
	struct mm_device *old = mm_device_by_id(m, &id);
	if (!old)
		return "no device has this identifier";
	mm_device_draft(old, &draft);
	why = take_words(&draft, &line);
	return why ? why : put(m, old, &draft, now);
}

/* Groups that the line does not name stay those of the device that it stands for. */
static const char *import_one(struct mm *m, const char **line, struct now now)
{
	struct mm_draft draft = {.n_id = 0};
	struct mm_device *old = NULL;
	const char *why = take_words(&draft, line);

	for (uint32_t i = 0; !why && i < draft.n_id; i++) {
		struct mm_device *has = mm_device_by_id(m, &draft.id[i]);
		if (has && old && has != old)
			return "its identifiers belong to two devices";
		old = has ? has : old;
	}
	if (why)
		return why;
	if (old && addr6_is_none(&draft.rec.group6))
		draft.rec.group6 = old->group6;
	if (old && addr6_is_none(&draft.rec.group4))
		draft.rec.group4 = old->group4;
	return put(m, old, &draft, now);
}

static int import(struct mm *m, const char *lines, struct now now, const char **msg)
{
	for (uint32_t n = 1; *lines; n++) {
		const char *why = import_one(m, &lines, now);
		if (why) {
			snprintf(m->msg, sizeof m->msg, "record %u: %s", n, why);
			*msg = m->msg;
			return ERR_INVAL;
		}
		lines += *lines == '\n';
	}
	return ERR_OK;
}

static const char *forget(struct mm *m, const char *word, struct now now)
{
	const char *why = NULL;
	struct device_id id;
	struct mm_draft before;

	if (!device_parse(&id, word, &why))
		return why;
	struct mm_device *d = mm_device_by_id(m, &id);
	if (!d)
		return "no device has this identifier";
	mm_device_draft(d, &before);
	mm_store_del(m, d->ids->key, now);
	mm_device_free(m, d);
	mm_touch(m, &before, now);
	fx_event(m->env->fx, ROLE_MM, EV_INFO, "device-removed", &before.rec.home6, "device %s: known -> none: by the operator",
		 DEVICE_STR(&before.id[0]));
	return NULL;
}

int mm_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	struct mm *m = self;
	const char *why = "device wants add, set, put or remove, and what";

	if (strcmp(cmd->argv[0], "device") != 0)
		return ERR_NOTFOUND;
	if (cmd->argc != 3)
		return refuse(m, why, msg);
	if (strcmp(cmd->argv[1], "put") == 0)
		return import(m, cmd->argv[2], now, msg);
	if (strcmp(cmd->argv[1], "add") == 0)
		why = add(m, cmd->argv[2], now);
	else if (strcmp(cmd->argv[1], "set") == 0)
		why = change(m, cmd->argv[2], now);
	else if (strcmp(cmd->argv[1], "remove") == 0)
		why = forget(m, cmd->argv[2], now);
	return why ? refuse(m, why, msg) : ERR_OK;
}
