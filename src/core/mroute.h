/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a routing daemon has made of our groups in this host's own multicast forwarding (RFC 7761's tree, as far as it begins here).
 *
 * Packets to a group enter that forwarding where the role says (the source interface). That is a second trip through the kernel for
 * each of them. So the role follows the entries of its source addresses, and where all that such an entry wants is a copy out of links of
 * the role's own, the datapath is told of the links (DP_MFC) and makes the copies itself. Everything else stays the host's: groups without an entry,
 * links that are not the role's (tunnels, a PIM register interface), and hop limits (an interface's threshold).
 *
 * IPv4 addresses are mapped.
 */
#include "base/table.h"
#include "core/engine.h"

enum { MROUTES_LINK_MAX = 32 };

struct mroute {
	struct { struct addr6 group, source; } key;
	uint32_t iif, oif[DP_OIF_MAX], n_oif;
	bool is_plain;
	bool is_seen;                  /* by the listing under way */
	bool is_ours;                  /* in the datapath */
	struct mroute *next;           /* among those that are gone */
};

struct mroutes {
	const struct engine_env *env;
	enum role_id role;
	struct addr6 source[2];        /* other sources' groups are none of our business */
	uint32_t iif;                  /* where our packets enter; 0: nowhere */
	uint32_t link[MROUTES_LINK_MAX], n_link;
	struct table entries;
};

/* v6, v4: our own source addresses; none: nothing of that family. */
void mroutes_init(struct mroutes *m, const struct engine_env *env, enum role_id role, const struct addr6 *v6, const struct addr6 *v4);
/* Releases memory; pushes nothing. */
void mroutes_fini(struct mroutes *m);

/* role_ops.mroute */
void mroutes_event(struct mroutes *m, const struct mroute_event *ev);
/* Our packets enter by this interface from now on; 0: by none. */
void mroutes_enter(struct mroutes *m, uint32_t ifindex);
/* A link that the datapath may send through (DP_IF), or may no more. */
void mroutes_link(struct mroutes *m, uint32_t ifindex, bool is_there);
/* Takes all entries out of the datapath. */
void mroutes_withdraw(struct mroutes *m);

/* "groups": a record an entry. */
void mroutes_show(const struct mroutes *m, const char *what, struct show *out);
