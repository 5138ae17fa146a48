/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the host's multicast forwarding does, for the roles that follow it (role_ops.follows). As long as all of it has been heard and carried out,
 * the datapath is told so several times a second (dp_follow): should this process die or hang, groups go the host's way again by themselves.
 */
struct daemon;
struct follow;

/* *out stays NULL where no role follows. 0, ERR_NOMEM or ERR_SYS. */
int follow_open(struct follow **out, struct daemon *d);
/* A role is new: it is told everything. Errors as follow_open's. */
int follow_again(struct follow **f, struct daemon *d);
void follow_close(struct follow *f);
