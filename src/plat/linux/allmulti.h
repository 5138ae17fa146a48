/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Let an interface's card take all multicast frames, as a multicast router must. It stays so when the
 * daemon ends, as the datapath does. 0, or ERR_SYS with errno. */
int allmulti_set(const char *ifname);
