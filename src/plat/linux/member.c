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
#include "base/timer.h"
#include "plat/plat.h"

/* A datagram socket that never receives: bound to nothing, it only holds memberships. */
enum { PER_SOCKET = 256, KEY_OCT = sizeof(struct fx_group) };

struct holder { int fd; uint32_t n; bool is_full; };
struct entry { struct fx_group group; uint32_t holder; };

struct member {
	struct table entries;
	struct holder *holders;
	uint32_t n_holders;
};

int member_open(struct member **out)
{
	struct member *m = calloc(1, sizeof *m);

	*out = m;
	if (!m)
		return ERR_NOMEM;
	table_init(&m->entries, &plat_mem, &plat_rng, offsetof(struct entry, group), KEY_OCT);
	return 0;
}

void member_close(struct member *m)
{
	uint64_t it = 0;
	void *e;

	if (!m)
		return;
	while ((e = table_next(&m->entries, &it)))
		free(e);
	table_fini(&m->entries);
	for (uint32_t i = 0; i < m->n_holders; i++)
		close(m->holders[i].fd);
	free(m->holders);
	free(m);
}

static int holder_new(struct member *m)
{
	struct holder *more = realloc(m->holders, (m->n_holders + 1) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	m->holders = more;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_SYS;
	more[m->n_holders++] = (struct holder){.fd = fd};
	return 0;
}

/* Without a source it is any-source membership: a home agent's in solicited-node groups. */
static int change_any(int fd, int option, const struct fx_group *g)
{
	struct group_req req = {.gr_interface = g->ifindex};
	struct sockaddr_in6 *group = (struct sockaddr_in6 *)&req.gr_group;

	group->sin6_family = AF_INET6;
	memcpy(&group->sin6_addr, &g->group, sizeof g->group);
	return setsockopt(fd, IPPROTO_IPV6, option, &req, sizeof req) ? ERR_SYS : 0;
}

static int change(int fd, bool is_join, const struct fx_group *g)
{
	struct group_source_req req = {.gsr_interface = g->ifindex};
	struct sockaddr_in6 *group = (struct sockaddr_in6 *)&req.gsr_group, *source = (struct sockaddr_in6 *)&req.gsr_source;

	if (addr6_is_any(&g->source))
		return change_any(fd, is_join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, g);
	group->sin6_family = source->sin6_family = AF_INET6;
	memcpy(&group->sin6_addr, &g->group, sizeof g->group);
	memcpy(&source->sin6_addr, &g->source, sizeof g->source);
	return setsockopt(fd, IPPROTO_IPV6, is_join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP, &req, sizeof req)
		? ERR_SYS : 0;
}

/* The socket is full, not the request wrong. */
static bool is_limit(int error)
{
	return error == ENOBUFS || error == ENOMEM;
}

/* Joins with the first socket that has room; *holder says which. */
static int join_somewhere(struct member *m, const struct fx_group *g, uint32_t *holder)
{
	for (uint32_t i = 0;; i++) {
		int rc = i < m->n_holders ? 0 : holder_new(m);
		if (rc)
			return rc;
		struct holder *h = &m->holders[i];
		if (h->is_full)
			continue;
		rc = change(h->fd, true, g);
		if (!rc || errno == EADDRNOTAVAIL || errno == EADDRINUSE) { /* joined already, by an earlier life of this entry */
			h->is_full = ++h->n >= PER_SOCKET;
			*holder = i;
			return 0;
		}
		if (!is_limit(errno) || !h->n)
			return rc;
		h->is_full = true;
	}
}

int member_join(struct member *m, const struct fx_group *g)
{
	if (table_find(&m->entries, g))
		return 0;
	struct entry *e = calloc(1, sizeof *e);
	if (!e)
		return ERR_NOMEM;
	e->group = *g;
	int rc = join_somewhere(m, g, &e->holder);
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
	struct holder *h = &m->holders[e->holder];
	int rc = change(h->fd, false, g);
	h->n--;
	h->is_full = false;
	free(e);
	return rc;
}

uint32_t member_count(const struct member *m)
{
	return table_count(&m->entries);
}
