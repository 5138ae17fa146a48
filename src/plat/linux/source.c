/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/linux/source.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connected datagram socket sends nothing, but has its addresses chosen. */
static bool ask(int family, uint32_t ifindex, struct sockaddr *to, socklen_t len)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), index = (int)htonl(ifindex);

	if (fd < 0)
		return false;
	if (family == AF_INET && ifindex)
		setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof index);
	bool ok = !connect(fd, to, len) && !getsockname(fd, to, &len);
	close(fd);
	return ok;
}

bool source_for(uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_scope_id = ifindex};
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct addr4 v4 = addr6_to_v4(dst);
	bool ok;

	memcpy(&to6.sin6_addr, dst, sizeof *dst);
	memcpy(&to4.sin_addr, &v4, sizeof v4);
	if (!addr6_is_v4mapped(dst)) {
		ok = ask(AF_INET6, ifindex, (struct sockaddr *)&to6, sizeof to6);
		memcpy(out, &to6.sin6_addr, sizeof *out);
		return ok;
	}
	ok = ask(AF_INET, ifindex, (struct sockaddr *)&to4, sizeof to4);
	memcpy(&v4, &to4.sin_addr, sizeof v4);
	*out = addr6_from_v4(v4);
	return ok;
}
