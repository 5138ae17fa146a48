/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/filter.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/err.h"

static int change(int fd, unsigned long request, uint32_t ifindex, const struct lladdr *mac)
{
	struct ifreq req = {.ifr_ifindex = (int)ifindex};

	if (ioctl(fd, SIOCGIFNAME, &req))
		return ERR_SYS;
	memset(&req.ifr_hwaddr, 0, sizeof req.ifr_hwaddr);
	req.ifr_hwaddr.sa_family = AF_UNSPEC;
	memcpy(req.ifr_hwaddr.sa_data, mac, sizeof *mac);
	if (!ioctl(fd, request, &req) || errno == EINVAL)
		return 0; /* EINVAL: this driver has no filter */
	return ERR_SYS;
}

int filter_add(int fd, uint32_t ifindex, const struct lladdr *mac)
{
	return change(fd, SIOCADDMULTI, ifindex, mac);
}

int filter_del(int fd, uint32_t ifindex, const struct lladdr *mac)
{
	return change(fd, SIOCDELMULTI, ifindex, mac);
}

static bool is_of_group(const struct lladdr *m)
{
	return (m->b[0] == 0x33 && m->b[1] == 0x33) || (m->b[0] == 0x01 && m->b[1] == 0x00 && m->b[2] == 0x5e);
}

/* Lines: "2  eth0  1  1  333300000001", index, name, users, by hand or not, address. */
void filter_each(uint32_t ifindex, void (*fn)(void *ctx, uint32_t ifindex, const struct lladdr *mac), void *ctx)
{
	char line[256], text[65];
	unsigned index, users, by_hand, b[6];
	FILE *f = fopen("/proc/thread-self/net/dev_mcast", "re");

	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%u %*s %u %u %64s", &index, &users, &by_hand, text) != 4 || index != ifindex || !by_hand)
			continue;
		if (sscanf(text, "%2x%2x%2x%2x%2x%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
			continue;
		const struct lladdr mac = {{(uint8_t)b[0], (uint8_t)b[1], (uint8_t)b[2], (uint8_t)b[3], (uint8_t)b[4], (uint8_t)b[5]}};
		if (is_of_group(&mac))
			fn(ctx, index, &mac);
	}
	if (f)
		fclose(f);
}
