/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/allmulti.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

static int add_flag(int fd, struct ifreq *ifr, short flag)
{
	if (ioctl(fd, SIOCGIFFLAGS, ifr))
		return ERR_SYS;
	if (ifr->ifr_flags & flag)
		return 0;
	ifr->ifr_flags = (short)(ifr->ifr_flags | flag);
	return ioctl(fd, SIOCSIFFLAGS, ifr) ? ERR_SYS : 0;
}

int allmulti_set(const char *ifname)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_SYS;
	strncpy(ifr.ifr_name, ifname, sizeof ifr.ifr_name - 1);
	int rc = add_flag(fd, &ifr, IFF_ALLMULTI);
	close(fd);
	return rc;
}
