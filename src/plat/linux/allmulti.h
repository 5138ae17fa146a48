/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Whether an interface's card takes all multicast frames, as a multicast router's must. It stays so when the
 * daemon ends, as the datapath does. Both: 0, or ERR_SYS with errno. */
int allmulti_get(const char *ifname, int *on);
int allmulti_set(const char *ifname, int on);
