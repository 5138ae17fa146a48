/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/conf/conf_table.h"
#include "plat/plat.h"

#define ROW(struct_, field) .off = offsetof(struct struct_, field), .size = sizeof(((struct struct_ *)0)->field)

static const char *const deliver_names[] = {"roam0", "link", NULL};
static const char *const sync_names[] = {"normal", "full", NULL};
static const char *const signal_names[] = {"feed", "nl80211", NULL};
static const char *const level_names[] = {"debug", "info", "notice", "warning", "error", NULL};
static const char *const algorithm_names[] = {"hmac-sha1", "hmac-sha256", "hmac-md5", NULL};

static const struct conf_row node_rows[] = {
	{"name", CONF_STR, "roamd", .help = "Name of this node in logs and records", ROW(conf_node, name)},
	{"state-dir", CONF_STR, "/var/lib/roamcast", .help = "Directory of what must survive a restart", ROW(conf_node, state_dir)},
	{"run-dir", CONF_STR, "/run/roamcast", .help = "Directory of the control and feed sockets", ROW(conf_node, run_dir)},
	{"bpf-dir", CONF_STR, "/sys/fs/bpf/roamcast", .help = "Directory below a bpf filesystem in which maps and links are pinned",
	 ROW(conf_node, bpf_dir)},
	{"deliver", CONF_ENUM, "roam0", .help = "Where a mobile's packets enter the host: roam0, or the link that brought them, which is quicker but nothing "
	 "for reverse-path filters", .names = deliver_names, ROW(conf_node, deliver)},
	{"sync", CONF_ENUM, "normal", .help = "What a stored registration survives: the end of the process (normal), or a power loss too (full)",
	 .names = sync_names, ROW(conf_node, sync)},
	{"signal", CONF_ENUM, "feed", .help = "Where signal measurements come from: the feed socket alone, or nl80211 too",
	 .names = signal_names, ROW(conf_node, signal)},
	{"log-level", CONF_ENUM, "info", .help = "The least severity that is logged", .names = level_names, ROW(conf_node, log_level)},
	{"realtime", CONF_U32, "0", 0, 50, .help = "Priority in the round-robin real-time class; 0 is ordinary scheduling",
	 ROW(conf_node, realtime)},
	{"sysctl", CONF_BOOL, "true", .help = "Set the kernel settings that the roles' interfaces need, and restore them on a clean stop",
	 ROW(conf_node, sysctl)},
	{.type = CONF_END},
};
static const struct conf_block node_block = {
	.name = "node", .help = "The process and where it keeps its files", .rows = node_rows, .struct_size = sizeof(struct conf_node),
};

static const char *key_add(void *parent, const char *title, const void *filled)
{
	struct conf *c = parent;

	for (uint32_t i = 0; i < c->n_keys; i++)
		if (!strcmp(c->keys[i].name, title))
			return "two keys have this name: rename one of them";
	if (strlen(title) >= CONF_NAME_OCT)
		return "the key's name is too long: use at most 63 characters";
	struct conf_key *keys = realloc(c->keys, (c->n_keys + 1) * sizeof *keys);
	if (!keys)
		return "not enough memory for the keys";
	c->keys = keys;
	keys[c->n_keys] = *(const struct conf_key *)filled;
	memcpy(keys[c->n_keys++].name, title, strlen(title) + 1);
	return NULL;
}

static const struct conf_row key_rows[] = {
	{"spi", CONF_U32, NULL, 256, UINT32_MAX, .help = "Security parameter index (RFC 4285)", ROW(conf_key, spi)},
	{"algorithm", CONF_ENUM, "hmac-sha1", .help = "How messages are authenticated; hmac-md5, RFC 5944's default, is for Mobile IPv4 alone",
	 .names = algorithm_names, ROW(conf_key, algorithm)},
	{"file", CONF_STR, NULL, .help = "File that holds the key, raw or as hex:..., readable by root alone", ROW(conf_key, file)},
	{.type = CONF_END},
};
static const struct conf_block key_block = {
	.name = "key", .title = "name", .help = "A key shared with a mobile or an agent", .rows = key_rows,
	.struct_size = sizeof(struct conf_key), .add = key_add,
};

struct load {
	struct conf *c;
	const struct role_ops *const *roles;
	struct conf_err *err;
	uint32_t node_line;
};

static const struct role_ops *role_find(const struct role_ops *const *roles, const char *name)
{
	while (*roles && strcmp((*roles)->name, name))
		roles++;
	return *roles;
}

static int load_role(struct load *l, struct conf_sect *s)
{
	if (!s->title)
		return conf_fail(l->err, s->line, "\"role\" needs the role's name: write role ha { ... }, for instance");
	const struct role_ops *ops = role_find(l->roles, s->title);
	if (!ops) {
		char all[64] = "";
		for (size_t i = 0, n = 0; l->roles[i] && n < sizeof all; i++)
			n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", l->roles[i]->name);
		return conf_fail(l->err, s->line, "there is no role \"%s\": this roamd knows %s", s->title, *all ? all : "none");
	}
	for (uint32_t i = 0; i < l->c->n_roles; i++)
		if (l->c->roles[i].ops == ops)
			return conf_fail(l->err, s->line, "role %s was given already: put everything into one block", s->title);
	void *conf = calloc(1, ops->conf->struct_size ? ops->conf->struct_size : 1);
	if (!conf)
		return conf_fail(l->err, s->line, "not enough memory for the configuration");
	int rc = conf_fill(ops->conf, s, NULL, conf, &plat_mem, l->err);
	if (rc) {
		free(conf);
		return rc;
	}
	l->c->roles[l->c->n_roles++] = (struct conf_role){ops, conf, s->line};
	return 0;
}

static int load_node(struct load *l, struct conf_sect *s)
{
	if (l->node_line)
		return conf_fail(l->err, s->line, "\"node\" was given in line %u already: keep one of them", l->node_line);
	if (s->title)
		return conf_fail(l->err, s->line, "\"node\" takes no title: write node { name = \"...\" }");
	l->node_line = s->line;
	return conf_fill(&node_block, s, NULL, &l->c->node, &plat_mem, l->err);
}

static int load_key(struct load *l, struct conf_sect *s)
{
	struct conf_key key = {.line = s->line};

	if (!s->title || !*s->title)
		return conf_fail(l->err, s->line, "\"key\" needs a name: write key \"mn1\" { ... }");
	int rc = conf_fill(&key_block, s, l->c, &key, &plat_mem, l->err);
	if (!rc)
		l->c->keys[l->c->n_keys - 1].line = s->line;
	return rc;
}

static int load_group(struct load *l, struct conf_sect *s)
{
	if (l->c->group_line)
		return conf_fail(l->err, s->line, "\"redundancy\" was given in line %u already: a daemon is in one group", l->c->group_line);
	if (s->title)
		return conf_fail(l->err, s->line, "\"redundancy\" takes no title: write redundancy { id = 1 ... }");
	l->c->group_line = s->line;
	return conf_fill(&conf_group_block, s, NULL, &l->c->group, &plat_mem, l->err);
}

static bool has_key(const struct conf *c, const char *name)
{
	for (uint32_t i = 0; i < c->n_keys; i++)
		if (!strcmp(c->keys[i].name, name))
			return true;
	return false;
}

/* What the group's block says of the rest of the file. */
static int check_group(struct load *l)
{
	const struct conf_group *g = &l->c->group;
	bool has_agent = false;

	for (uint32_t i = 0; i < l->c->n_roles; i++)
		has_agent |= l->c->roles[i].ops->id == ROLE_HA || l->c->roles[i].ops->id == ROLE_MMA || l->c->roles[i].ops->id == ROLE_MM;
	if (!has_agent)
		return conf_fail(l->err, l->c->group_line, "a redundancy group is of home agents, MMAs or mobility managers, and here is none: add role ha, "
				 "role mma or role mm, or remove the block");
	for (uint32_t i = 0; i < g->n_key; i++)
		if (!has_key(l->c, g->key[i].name))
			return conf_fail(l->err, l->c->group_line, "there is no key \"%s\": add a key block of this name", g->key[i].name);
	if (g->hsrp_key[0] && !has_key(l->c, g->hsrp_key))
		return conf_fail(l->err, l->c->group_line, "hsrp-key: there is no key \"%s\": add a key block of this name", g->hsrp_key);
	return 0;
}

static int load_sect(struct load *l, struct conf_sect *s)
{
	if (!strcmp(s->name, "node"))
		return load_node(l, s);
	if (!strcmp(s->name, "key"))
		return load_key(l, s);
	if (!strcmp(s->name, "role"))
		return load_role(l, s);
	if (!strcmp(s->name, "redundancy"))
		return load_group(l, s);
	return conf_fail(l->err, s->line, "there is no block \"%s\": a file has node, key, role and redundancy blocks", s->name);
}

int conf_parse(struct conf *c, const struct role_ops *const *roles, const char *file, const char *text, size_t len_oct,
	       struct conf_err *err)
{
	static const struct conf_sect absent = {.name = "node"};
	struct load l = {.c = c, .roles = roles, .err = err};

	memset(c, 0, sizeof *c);
	int rc = conf_read(&c->tree, &plat_mem, file, text, len_oct, err);
	if (rc)
		return rc;
	const struct conf_item *stray = c->tree.root.items;
	if (stray)
		rc = conf_fail(err, stray->line, "\"%s\" stands outside a block: move it into node, key, role or redundancy", stray->name);
	for (struct conf_sect *s = c->tree.root.subs; !rc && s; s = s->next)
		rc = load_sect(&l, s);
	if (!rc && !l.node_line)
		rc = conf_fill(&node_block, &absent, NULL, &c->node, &plat_mem, err);
	if (!rc && c->group_line)
		rc = check_group(&l);
	if (rc)
		conf_fini(c);
	return rc;
}

/* The whole of a file, or NULL with *err filled. */
static char *slurp(const char *file, size_t *len, struct conf_err *err)
{
	FILE *f = fopen(file, "re");
	char *text = NULL;
	size_t cap = 0;

	*len = 0;
	while (f && !ferror(f)) {
		if (*len == cap) {
			char *more = realloc(text, cap = cap ? cap * 2 : 65536);
			if (!more)
				break;
			text = more;
		}
		size_t n = fread(text + *len, 1, cap - *len, f);
		if (!n && feof(f)) {
			fclose(f);
			return text;
		}
		*len += n;
	}
	conf_fail(err, 0, "cannot be read: %s: give a readable file with -c", strerror(errno));
	if (f)
		fclose(f);
	free(text);
	return NULL;
}

int conf_load(struct conf *c, const struct role_ops *const *roles, const char *file, struct conf_err *err)
{
	size_t len;

	*err = (struct conf_err){.file = file};
	char *text = slurp(file, &len, err);
	if (!text)
		return ERR_SYS;
	int rc = conf_parse(c, roles, file, text, len, err);
	free(text);
	return rc;
}

uint32_t conf_role_line(const struct conf *c, enum role_id id)
{
	for (uint32_t i = 0; i < c->n_roles; i++)
		if (c->roles[i].ops->id == id)
			return c->roles[i].line;
	return 0;
}

void conf_fini(struct conf *c)
{
	for (uint32_t i = 0; i < c->n_roles; i++) {
		if (c->roles[i].ops->conf->fini)
			c->roles[i].ops->conf->fini(c->roles[i].conf);
		free(c->roles[i].conf);
	}
	free(c->keys);
	conf_tree_fini(&c->tree);
	memset(c, 0, sizeof *c);
}

void conf_err_print(const struct conf_err *err, FILE *to)
{
	if (err->line)
		fprintf(to, "%s:%u: %s\n", err->file, err->line, err->text);
	else
		fprintf(to, "%s: %s\n", err->file, err->text);
}

void conf_print(const struct conf *c, FILE *to)
{
	static const struct conf_sect absent = {.name = "node"};
	const struct conf_sect *node = &absent;
	uint32_t role = 0;

	for (const struct conf_sect *s = c->tree.root.subs; s; s = s->next)
		if (!strcmp(s->name, "node"))
			node = s;
	conf_dump(&node_block, node, NULL, to);
	for (const struct conf_sect *s = c->tree.root.subs; s; s = s->next) {
		if (!strcmp(s->name, "key"))
			conf_dump(&key_block, s, NULL, to);
		if (!strcmp(s->name, "role")) {
			char keyword[32];
			snprintf(keyword, sizeof keyword, "role %s", s->title);
			conf_dump(c->roles[role++].ops->conf, s, keyword, to);
		}
		if (!strcmp(s->name, "redundancy"))
			conf_dump(&conf_group_block, s, NULL, to);
	}
}

void conf_print_man(const struct role_ops *const *roles, FILE *to)
{
	conf_dump_man(&node_block, NULL, to);
	conf_dump_man(&key_block, NULL, to);
	conf_dump_man(&conf_group_block, NULL, to);
	for (; *roles; roles++) {
		char keyword[32];
		snprintf(keyword, sizeof keyword, "role %s", (*roles)->name);
		conf_dump_man((*roles)->conf, keyword, to);
	}
}
