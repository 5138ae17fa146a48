// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The BPF object: tc programs around lib/path.h, lib/path4.h and lib/cast.h, each verified by itself. Where nobody uses IPv4 (or is moved by the
 * network) the latter two are not loaded (load.c): their places in t_prog are empty, and such packets are the host's. What comes in meets a
 * small program first, which takes the packets that a mobile gets most of and gives the others on.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "datapath/lib/cast.h"
#include "datapath/lib/path.h"
#include "datapath/lib/path4.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(uint32_t));
	__uint(max_entries, PROG_N);
	__uint(value_size, sizeof(uint32_t));
} t_prog SEC(".maps");

/* Of what came in: tcx knows no stolen packet, and to nobody does it matter there whether one was dropped. */
static INLINE int verdict_in(int v) { return v == CTX_STOLEN ? CTX_DROP : v; }

/* Loaded where a mobile is moved by the network (dp_use_cast). */
SEC("tc")
int roam_cast(struct __sk_buff *skb) { return verdict_in(cast_ingress(skb)); }

SEC("tc")
int roam_cast_out(struct __sk_buff *skb) { return cast_egress(skb); }

static INLINE int go_on(struct __sk_buff *skb, int v, uint32_t to)
{
	if (v != PATH_CAST)
		return v;
	bpf_tail_call(skb, &t_prog, to);
	return CTX_PASS;
}

/* The verdict is looked at last, or it is on the stack below all that was called. */
static INLINE int go_on_in(struct __sk_buff *skb, int v)
{
	if (v == PATH_CAST) {
		bpf_tail_call(skb, &t_prog, PROG_CAST);
		return CTX_PASS;
	}
	return verdict_in(v);
}

SEC("tc")
int roam_ingress4(struct __sk_buff *skb) { return go_on_in(skb, path4_ingress(skb)); }

SEC("tc")
int roam_egress4(struct __sk_buff *skb) { return go_on(skb, path4_egress(skb), PROG_CAST_OUT); }

SEC("tc")
int roam_ingress6(struct __sk_buff *skb) { return go_on_in(skb, path_ingress(skb)); }

SEC("tc")
int roam_ingress(struct __sk_buff *skb)
{
	if (skb->protocol == BE16(ETHER_IPV6)) {
		int v = mobile_quick(skb);
		if (v != MOBILE_SLOWLY)
			return v;
		bpf_tail_call(skb, &t_prog, PROG_INGRESS6);
	}
	if (skb->protocol == BE16(ETHER_IPV4) || skb->protocol == BE16(ETHER_ARP))
		bpf_tail_call(skb, &t_prog, PROG_INGRESS4);
	return CTX_PASS;
}

SEC("tc")
int roam_out(struct __sk_buff *skb)
{
	return skb->protocol == BE16(ETHER_IPV6) ? path_out(skb) : CTX_PASS;
}

SEC("tc")
int roam_egress(struct __sk_buff *skb)
{
	if (skb->protocol == BE16(ETHER_IPV6))
		return go_on(skb, path_egress(skb), PROG_CAST_OUT);
	if (skb->protocol == BE16(ETHER_IPV4))
		bpf_tail_call(skb, &t_prog, PROG_EGRESS4);
	return CTX_PASS;
}
