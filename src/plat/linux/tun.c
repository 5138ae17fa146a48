/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"

int tun_open(void)
{
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return ERR_SYS;
	memcpy(req.ifr_name, TUN_NAME, sizeof TUN_NAME);
	if (ioctl(fd, TUNSETIFF, &req) || ioctl(fd, TUNSETPERSIST, 1)) {
		int error = errno;
		close(fd);
		errno = error;
		return ERR_SYS;
	}
	return fd;
}

void tun_remove(int fd)
{
	ioctl(fd, TUNSETPERSIST, 0);
	close(fd);
}

ssize_t tun_read(int fd, void *buf, size_t size_oct)
{
	return read(fd, buf, size_oct);
}

int tun_write(int fd, const void *pkt, size_t len_oct)
{
	return write(fd, pkt, len_oct) == (ssize_t)len_oct ? 0 : ERR_SYS;
}
