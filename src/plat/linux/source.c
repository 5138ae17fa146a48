/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/source.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connected datagram socket sends nothing, but has its addresses chosen. */
bool source_for(uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = ifindex};
	socklen_t len = sizeof to;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	memcpy(&to.sin6_addr, dst, sizeof *dst);
	bool ok = !connect(fd, (struct sockaddr *)&to, sizeof to) && !getsockname(fd, (struct sockaddr *)&to, &len);
	memcpy(out, &to.sin6_addr, sizeof *out);
	close(fd);
	return ok;
}
