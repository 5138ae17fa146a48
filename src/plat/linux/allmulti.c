/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/allmulti.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

static int flags(const char *ifname, unsigned long request, short *value)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR_SYS;
	strncpy(ifr.ifr_name, ifname, sizeof ifr.ifr_name - 1);
	ifr.ifr_flags = *value;
	int rc = ioctl(fd, request, &ifr) ? ERR_SYS : 0;
	*value = ifr.ifr_flags;
	close(fd);
	return rc;
}

int allmulti_get(const char *ifname, int *on)
{
	short value = 0;
	int rc = flags(ifname, SIOCGIFFLAGS, &value);

	*on = !!(value & IFF_ALLMULTI);
	return rc;
}

int allmulti_set(const char *ifname, int on)
{
	short value = 0;
	int rc = flags(ifname, SIOCGIFFLAGS, &value);

	value = (short)(on ? value | IFF_ALLMULTI : value & ~IFF_ALLMULTI);
	return rc ? rc : flags(ifname, SIOCSIFFLAGS, &value);
}
