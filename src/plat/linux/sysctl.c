/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/sysctl.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "plat/linux/allmulti.h"

enum { NAME_OCT = 64, PATH_OCT = 256 };

/* Of IPv4: a name that no interface can have stands in front. What is not below conf/ is named from there. */
#define V4 "4:"
#define NEIGH "../neigh/"

struct setting { char name[NAME_OCT]; int was, set; };

struct sysctl {
	char undo[PATH_OCT];
	struct setting *settings;
	uint32_t n;
};

static FILE *open_setting(const char *name, const char *mode)
{
	const bool is_v4 = !strncmp(name, V4, strlen(V4));
	char path[PATH_OCT];

	snprintf(path, sizeof path, "/proc/sys/net/ipv%d/conf/%s", is_v4 ? 4 : 6, name + (is_v4 ? strlen(V4) : 0));
	return fopen(path, mode);
}

/* The interface of "IFNAME/allmulti", or false. */
static bool is_allmulti(const char *name, char ifname[static NAME_OCT])
{
	const char *key = strchr(name, '/');

	if (!key || strcmp(key + 1, SYSCTL_ALLMULTI))
		return false;
	snprintf(ifname, NAME_OCT, "%.*s", (int)(key - name), name);
	return true;
}

/*
 * Behind some of these files the kernel only tries its lock of network configuration, and begins the call anew while another has it. In a real-time
 * class we would so keep the processor from the very one who is to give it back, until the kernel throttles us: seen for a second at a time.
 */
struct calm { int class; struct sched_param param; };

static struct calm calm_begin(void)
{
	const struct sched_param ordinary = {.sched_priority = 0};
	struct calm c = {.class = sched_getscheduler(0)};

	if (c.class == SCHED_OTHER || sched_getparam(0, &c.param) || sched_setscheduler(0, SCHED_OTHER, &ordinary))
		c.class = SCHED_OTHER;
	return c;
}

static void calm_end(const struct calm *c)
{
	if (c->class != SCHED_OTHER)
		(void)sched_setscheduler(0, c->class, &c->param);
}

static int read_setting(const char *name, int *value)
{
	char ifname[NAME_OCT];

	if (is_allmulti(name, ifname))
		return allmulti_get(ifname, value);
	const struct calm calm = calm_begin();
	FILE *f = open_setting(name, "re");
	int n = f ? fscanf(f, "%d", value) : 0;

	if (f)
		fclose(f);
	calm_end(&calm);
	return n == 1 ? 0 : ERR_SYS;
}

static int write_setting(const char *name, int value)
{
	char ifname[NAME_OCT];

	if (is_allmulti(name, ifname))
		return allmulti_set(ifname, value);
	const struct calm calm = calm_begin();
	FILE *f = open_setting(name, "we");
	bool ok = f && fprintf(f, "%d\n", value) > 0;

	if (f && fclose(f))
		ok = false;
	calm_end(&calm);
	return ok ? 0 : ERR_SYS;
}

static struct setting *find(const struct sysctl *s, const char *name)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!strcmp(s->settings[i].name, name))
			return &s->settings[i];
	return NULL;
}

static struct setting *note(struct sysctl *s, const char *name, int was, int set)
{
	struct setting *more = realloc(s->settings, (s->n + 1) * sizeof *more);

	if (!more)
		return NULL;
	s->settings = more;
	more[s->n] = (struct setting){.was = was, .set = set};
	snprintf(more[s->n].name, NAME_OCT, "%s", name);
	return &more[s->n++];
}

/* Lines "name was set" of an earlier daemon. */
int sysctl_open(struct sysctl **out, const char *undo_path)
{
	struct sysctl *s = calloc(1, sizeof *s);
	char name[NAME_OCT];
	int was, set;

	*out = s;
	if (!s)
		return ERR_NOMEM;
	snprintf(s->undo, sizeof s->undo, "%s", undo_path);
	FILE *f = fopen(s->undo, "re");
	while (f && fscanf(f, "%63s %d %d", name, &was, &set) == 3)
		note(s, name, was, set);
	if (f)
		fclose(f);
	return 0;
}

void sysctl_close(struct sysctl *s)
{
	if (!s)
		return;
	free(s->settings);
	free(s);
}

static int save(const struct sysctl *s)
{
	FILE *f = fopen(s->undo, "we");

	if (!f)
		return ERR_SYS;
	for (uint32_t i = 0; i < s->n; i++)
		fprintf(f, "%s %d %d\n", s->settings[i].name, s->settings[i].was, s->settings[i].set);
	return fclose(f) ? ERR_SYS : 0;
}

static int name_of(char name[static NAME_OCT], const char *family, const char *ifname, const char *key)
{
	if (snprintf(name, NAME_OCT, "%s%s/%s", family, ifname, key) < NAME_OCT)
		return 0;
	errno = ENAMETOOLONG;
	return ERR_SYS;
}

static int change(struct sysctl *s, const char *name, int value)
{
	int was;
	int rc = read_setting(name, &was);
	if (rc || was == value)
		return rc;
	struct setting *old = find(s, name);
	if (old)
		old->set = value;
	else if (!note(s, name, was, value))
		return ERR_NOMEM;
	rc = save(s);
	return rc ? rc : write_setting(name, value);
}

int sysctl_set(struct sysctl *s, const char *ifname, const char *key, int value)
{
	char name[NAME_OCT];
	int rc = name_of(name, "", ifname, key);
	return rc ? rc : change(s, name, value);
}

int sysctl_set4(struct sysctl *s, const char *ifname, const char *key, int value)
{
	char name[NAME_OCT];
	int rc = name_of(name, V4, ifname, key);
	return rc ? rc : change(s, name, value);
}

int sysctl_set_neigh(struct sysctl *s, bool is_v4, const char *ifname, const char *key, int value)
{
	char of[NAME_OCT];

	snprintf(of, sizeof of, NEIGH "%s", ifname);
	return is_v4 ? sysctl_set4(s, of, key, value) : sysctl_set(s, of, key, value);
}

int sysctl_get4(const char *ifname, const char *key, int *value)
{
	char name[NAME_OCT];
	int rc = name_of(name, V4, ifname, key);
	return rc ? rc : read_setting(name, value);
}

void sysctl_restore(struct sysctl *s)
{
	for (uint32_t i = s->n; i-- > 0;) {
		const struct setting *x = &s->settings[i];
		int now;
		if (!read_setting(x->name, &now) && now == x->set)
			(void)write_setting(x->name, x->was);
	}
	s->n = 0;
	unlink(s->undo);
}
