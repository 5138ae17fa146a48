// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The BPF object: tc programs around lib/path.h. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "datapath/lib/path.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int roam_ingress(struct __sk_buff *skb)
{
	return skb->protocol == BE16(ETHER_IPV6) ? path_ingress(skb) : CTX_PASS;
}

SEC("tc")
int roam_out(struct __sk_buff *skb)
{
	return skb->protocol == BE16(ETHER_IPV6) ? path_out(skb) : CTX_PASS;
}

SEC("tc")
int roam_egress(struct __sk_buff *skb)
{
	return skb->protocol == BE16(ETHER_IPV6) ? path_egress(skb) : CTX_PASS;
}
