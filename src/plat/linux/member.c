/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/member.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/table.h"
#include "plat/linux/filter.h"
#include "plat/plat.h"

enum { PER_SOCKET = 256 };

struct holder { int fd; uint8_t family; uint32_t n; bool is_full; }; /* a socket that never receives: it only holds memberships */
struct entry { struct fx_group group; uint32_t holder; };  /* holder: any-source only */
struct port_mac { uint32_t ifindex; struct lladdr mac; uint8_t zero[2]; };
struct opened { struct port_mac key; uint32_t users; };    /* groups may share a link-layer address */

struct member {
	struct table entries, opened;
	struct holder *holders;
	uint32_t n_holders;
	int fd;
};

int member_open(struct member **out)
{
	struct member *m = calloc(1, sizeof *m);

	*out = m;
	if (!m)
		return ERR_NOMEM;
	table_init(&m->entries, &plat_mem, &plat_rng, offsetof(struct entry, group), sizeof(struct fx_group));
	table_init(&m->opened, &plat_mem, &plat_rng, offsetof(struct opened, key), sizeof(struct port_mac));
	m->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return m->fd < 0 ? ERR_SYS : 0;
}

static void table_free(struct table *t)
{
	uint64_t it = 0;
	void *e;

	while ((e = table_next(t, &it)))
		free(e);
	table_fini(t);
}

void member_close(struct member *m)
{
	if (!m)
		return;
	table_free(&m->entries);
	table_free(&m->opened);
	for (uint32_t i = 0; i < m->n_holders; i++)
		close(m->holders[i].fd);
	free(m->holders);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

static int holder_new(struct member *m, uint8_t family)
{
	struct holder *more = realloc(m->holders, (m->n_holders + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	m->holders = more;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_SYS;
	more[m->n_holders++] = (struct holder){.fd = fd, .family = family};
	return 0;
}

static uint8_t family_of(const struct fx_group *g) { return addr6_is_v4mapped(&g->group) ? AF_INET : AF_INET6; }

static int change_socket(int fd, int option, const struct fx_group *g)
{
	struct group_req req = {.gr_interface = g->ifindex};
	const bool is_v4 = family_of(g) == AF_INET;

	if (is_v4) {
		struct sockaddr_in *group = (struct sockaddr_in *)&req.gr_group;
		group->sin_family = AF_INET;
		memcpy(&group->sin_addr, g->group.b + 12, sizeof group->sin_addr);
	} else {
		struct sockaddr_in6 *group = (struct sockaddr_in6 *)&req.gr_group;
		group->sin6_family = AF_INET6;
		memcpy(&group->sin6_addr, &g->group, sizeof g->group);
	}
	return setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, option, &req, sizeof req) ? ERR_SYS : 0;
}

/* Joins with the first socket that has room; *holder says which. */
static int join_somewhere(struct member *m, const struct fx_group *g, uint32_t *holder)
{
	for (uint32_t i = 0;; i++) {
		int rc = i < m->n_holders ? 0 : holder_new(m, family_of(g));
		if (rc)
			return rc;
		struct holder *h = &m->holders[i];
		if (h->is_full || h->family != family_of(g))
			continue;
		rc = change_socket(h->fd, MCAST_JOIN_GROUP, g);
		if (!rc) {
			h->is_full = ++h->n >= PER_SOCKET;
			*holder = i;
			return 0;
		}
		if ((errno != ENOBUFS && errno != ENOMEM) || !h->n)
			return rc;
		h->is_full = true;
	}
}

static int leave_socket(struct member *m, const struct entry *e)
{
	struct holder *h = &m->holders[e->holder];
	int rc = change_socket(h->fd, MCAST_LEAVE_GROUP, &e->group);

	h->n--;
	h->is_full = false;
	return rc;
}

static struct port_mac port_of(const struct fx_group *g)
{
	return (struct port_mac){.ifindex = g->ifindex,
		.mac = family_of(g) == AF_INET ? lladdr_of_multicast4(&g->group) : lladdr_of_multicast(&g->group)};
}

static int open_filter(struct member *m, const struct fx_group *g)
{
	const struct port_mac key = port_of(g);
	struct opened *o = table_find(&m->opened, &key);

	if (o) {
		o->users++;
		return 0;
	}
	o = calloc(1, sizeof *o);
	if (!o)
		return ERR_NOMEM;
	*o = (struct opened){key, 1};
	int rc = filter_add(m->fd, key.ifindex, &key.mac);
	if (!rc)
		rc = table_add(&m->opened, o);
	if (rc)
		free(o);
	return rc;
}

static int close_filter(struct member *m, const struct fx_group *g)
{
	const struct port_mac key = port_of(g);
	struct opened *o = table_find(&m->opened, &key);

	if (!o || --o->users)
		return 0;
	table_del(&m->opened, &key);
	free(o);
	return filter_del(m->fd, key.ifindex, &key.mac);
}

static bool is_any_source(const struct fx_group *g)
{
	return addr6_is_none(&g->source);
}

int member_join(struct member *m, const struct fx_group *g)
{
	if (table_find(&m->entries, g))
		return 0;
	struct entry *e = calloc(1, sizeof *e);
	if (!e)
		return ERR_NOMEM;
	e->group = *g;
	int rc = is_any_source(g) ? join_somewhere(m, g, &e->holder) : open_filter(m, g);
	if (!rc)
		rc = table_add(&m->entries, e);
	if (rc)
		free(e);
	return rc;
}

int member_leave(struct member *m, const struct fx_group *g)
{
	struct entry *e = table_del(&m->entries, g);

	if (!e)
		return ERR_NOTFOUND;
	int rc = is_any_source(g) ? leave_socket(m, e) : close_filter(m, g);
	free(e);
	return rc && (errno == ENODEV || errno == ENXIO || errno == EADDRNOTAVAIL || errno == ENOENT) ? 0 : rc;
}

uint32_t member_count(const struct member *m)
{
	return table_count(&m->entries);
}

struct sweep { struct member *m; uint32_t n; };

static void sweep_one(void *ctx, uint32_t ifindex, const struct lladdr *mac)
{
	struct sweep *s = ctx;
	const struct port_mac key = {.ifindex = ifindex, .mac = *mac};

	if (!table_find(&s->m->opened, &key) && !filter_del(s->m->fd, ifindex, mac))
		s->n++;
}

uint32_t member_sweep(struct member *m, uint32_t ifindex)
{
	struct sweep s = {m, 0};

	filter_each(ifindex, sweep_one, &s);
	return s.n;
}
