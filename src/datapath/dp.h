/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What user space tells the datapath, and what the datapath hands up.
 *
 * Engines speak in these entries (FX_DP_PUT, FX_DP_DEL); the loader turns them into map
 * updates, the simulator into updates of the natively compiled datapath. Times are
 * monotonic nanoseconds; an entry past its expiry is as good as absent, also when nobody is left to
 * delete it.
 *
 * Addresses of IPv4 are mapped ones (doc/decisions/ipv4-mapped.md) and prefixes count from bit 96; an entry is of the family of its addresses.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

enum { DP_OIF_MAX = 32, DP_IF_PREFIX_MAX = 8, DP_DIRECT_MAX = 4, DP_CN_TRUST_MAX = 8, DP_HOME_MORE_MAX = 3, DP_GUEST_HOMES_MAX = 4 };

enum dp_table {
	DP_IF,          /* an interface of ours: programs are attached when it is put, detached when deleted */
	DP_LOCAL,       /* an address of ours at which signalling or tunnels end */
	DP_HOME,        /* home agent: home address -> tunnel to the care-of address; and the reverse tunnel's source check */
	DP_COA,         /* MMA: assigned care-of address -> home address and group */
	DP_UPLINK_IN,   /* MMA: registered inner source -> key check and reverse tunnel to the home agent */
	DP_SITE_PREFIX, /* MMA: prefixes from which uplink tunnels may come */
	DP_MFC,         /* MMA, access router: (source, group) -> incoming link, outgoing links */
	DP_DOWNLINK_IN, /* mobile: (outer destination, outer source) -> decapsulate for this home address */
	DP_UPLINK_OUT,  /* mobile: inner source -> tunnel over this link to this next hop */
	DP_CN,          /* correspondent node: home address -> care-of address, type 2 routing header; and the Home Address option's check */
	DP_CN_TRUST,    /* correspondent node: prefixes whose Home Address option needs no binding */
	DP_RO_OUT,      /* MMA, mobile: (home address, correspondent node) -> direct, with Home Address option */
	DP_NET,         /* RFC 3963, RFC 5177: a prefix of a mobile network -> the home address that it moves with */
	DP_HOME_MORE,   /* IPv4 home agent: home address -> further care-of addresses (simultaneous bindings, RFC 5944 3.7.1) */
	DP_VISIT,       /* foreign agent: home address -> the visitor on a link of ours */
	DP_GUEST,       /* foreign agent: (source, group) -> a mobile that the network moves, on a link of ours */
	DP_RELAY,       /* agent: UDP to (address of ours, port) -> a mobile's group */
	DP_UNBOUND,     /* home agent: prefixes whose addresses without DP_HOME are asked for */
	DP_REVERSE,     /* home agent: prefixes of foreign agents that may tunnel for mobiles that the network moves */
	DP_TABLE_N
};

enum dp_if_flags {
	DP_IF_UPSTREAM = 1,   /* towards the backbone or the MMA */
	DP_IF_ACCESS = 2,     /* access router: mobiles live here; reports and solicitations are punted, sources filtered */
	DP_IF_HOME = 4,       /* home agent: the home link; ND for bound home addresses is punted */
	DP_IF_MOBILE = 8,     /* mobile node's own interface: RA and queries punted */
	DP_IF_DOWNSTREAM = 16,/* MMA: link to access routers; reports punted */
	DP_IF_ROAM0 = 32,     /* set by the loader itself */
	DP_IF_FILTER = 64,    /* ACCESS: drop unicast sources outside prefix[] (and link-local) and anything from mma. Of a family only when mma or a
	                       * prefix of it is given. IPv4: 0.0.0.0, UDP to port 434 of mma4 or of ours, what does not leave the link, and sources
	                       * in DP_VISIT pass too, of IPv6 as well */
	DP_IF_BROADCAST = 128,/* IPv4 broadcasts heard here are handed up (DP_PUNT_BROADCAST; the kernel sees them too) */
	DP_IF_GATE = 256,     /* ACCESS: here is the gateway of mobiles that the network moves: every neighbour solicitation and ARP request is
	                       * handed up (the kernel sees them too), and frames to gate are for us as those to lladdr are */
};
struct dp_if {
	uint32_t ifindex;
	uint32_t flags;
	struct lladdr lladdr;            /* ours */
	uint32_t mtu_oct;
	struct lladdr gate;              /* GATE: link-layer address of the gateway; zero: lladdr. The link must give us its frames */
	struct addr6 mma, mma4;          /* FILTER: no packet from this link may carry these sources */
	struct prefix6 prefix[DP_IF_PREFIX_MAX];
	uint32_t n_prefix;
};

enum dp_local_flags {
	DP_LOCAL_MH = 1,       /* Mobility Header and ICMPv6 home agent messages to this address are punted; IPv4: Mobility Header, and UDP
	                        * to port 434 that is no tunnel. A group too: a mobile's, through which its agent answers */
	DP_LOCAL_HA = 2,       /* reverse tunnels (IP-in-IP; IPv4: any form) end here */
	DP_LOCAL_MMA = 4,      /* uplink tunnels (GRE with key, or IP-in-IP) end here; IPv4: tunnels from home agents too */
	DP_LOCAL_FA = 8,       /* IPv4: tunnels to and of visitors (DP_VISIT) end here */
};
struct dp_local { struct addr6 addr; uint32_t flags; };

/* How a packet travels between two agents, or agent and mobile. Behind IPv4 addresses what carries an IPv4 packet. */
enum dp_encap {
	DP_ENCAP_GRE, DP_ENCAP_IPIP,
	DP_ENCAP_RH2,                    /* no tunnel: type 2 routing header (DP_DOWNLINK_IN, and the slow path) */
	DP_ENCAP_HAO,                    /* no tunnel: Home Address option (the slow path only) */
	/* IPv4 only. Whoever takes tunnels takes IP-in-IP as well, which is used for packets that MINIMAL cannot carry (RFC 2004 1) */
	DP_ENCAP_GRE_PLAIN,              /* without key and sequence number (RFC 2784): Mobile IPv4's G */
	DP_ENCAP_MINIMAL,                /* RFC 2004: M */
	DP_ENCAP_UDP,                    /* RFC 3519: from our port 434, with a tunnel data header */
	DP_ENCAP_NONE,                   /* as it is (DP_UPLINK_OUT: to next_hop; and the slow path) */
};

struct dp_home {
	struct addr6 home_address;       /* key */
	struct addr6 coa, ha;            /* tunnel: outer source ha, destination coa; reverse: the other way round. coa a group (of either
	                                  * family): a mobile that the network moves. DP_COA with coa = that group says how packets go there;
	                                  * reverse tunnels to ha (IPv4: IP-in-IP, with is_reverse) come from DP_REVERSE */
	mono_t expires;
	struct addr6 prev;               /* care-of address before: what was on its way from there is taken until prev_until, also when */
	mono_t prev_until;               /* the binding itself has ended */
	bool is_own_routed;              /* what this host sends from ha itself takes a type 2 routing header instead of the tunnel */
	/* IPv4 */
	enum dp_encap encap;             /* IPIP, GRE_PLAIN, MINIMAL or UDP */
	uint16_t udp_port;               /* UDP: of the other end, as its NAT shows it; host order */
	bool has_more;                   /* there is a DP_HOME_MORE */
	bool is_reverse;                 /* T: reverse tunnels are accepted */
	bool is_nested;                  /* coa is an agent's, who knows the mobile only by its home address: what is for its network (DP_NET)
	                                  * takes IP-in-IP from ha to home_address inside the tunnel (RFC 5177 7) */
};

/* Simultaneous bindings: each packet goes to DP_HOME's care-of address and to each of these; reverse tunnels from any of them. */
struct dp_home_more {
	struct addr6 home_address;       /* key */
	uint32_t n;
	struct { struct addr6 coa; enum dp_encap encap; uint16_t udp_port; mono_t expires; bool is_nested; } to[DP_HOME_MORE_MAX];
};

struct dp_coa {
	struct addr6 coa;                /* key. IPv4: the home address, since mobiles of a site share the agent's address as care-of address. Of
	                                  * a mobile that the network moves: its group (DP_HOME); home_address, ha and prev do not count then,
	                                  * and GRE carries inner packets of both families */
	struct addr6 home_address, group, source; /* source: the MMA's service address */
	struct addr6 ha;                 /* tunnels are accepted from it */
	struct addr6 prev;               /* previous MMA, or :: */
	mono_t prev_until, expires;
	uint32_t seq_start;              /* GRE sequence number of the first packet; an entry that exists keeps counting,
	                                  * unless this is ahead (modulo 2^32) */
	bool wants_ro;                   /* hand up, rate limited by inner source, a copy of what came through a tunnel: DP_PUNT_RO */
	bool keep;                       /* what is sent to the group is kept for a while: FX_KEEP_SEND */
	struct addr6 forward;            /* unless :: or over: what comes for coa is tunnelled from source to here, nothing to the group. */
	mono_t forward_until;            /* The entry may outlive the registration (expires) for it */
	uint32_t inject_if;              /* 0: packets to the group go to the links of DP_MFC. Not 0: they enter the host's own multicast
	                                  * forwarding as if received on this interface (a multicast routing daemon knows the rest), but while user
	                                  * space follows what that does (dp_follow) and there is a DP_MFC, they go to its links from here, and once
	                                  * a second a copy that has no hop left enters there to be counted */
};

struct dp_uplink_in {
	struct addr6 inner_src;          /* key: home address or assigned care-of address */
	struct addr6 coa, ha;            /* reverse tunnel: outer source coa, destination ha. IPv4, ha none: no tunnel, the routing table */
	uint32_t gre_key;                /* host order */
	uint32_t gre_key_prev;           /* accepted too: the mobile uses it until the acknowledgement of a refresh arrives;
	                                  * equal to gre_key when there is none */
	struct addr6 bound;              /* `uplink bound`: only this outer source; none: any of the site's prefixes */
	mono_t expires;
	enum dp_encap encap;             /* IPv4: of the reverse tunnel: IPIP, GRE_PLAIN, MINIMAL or UDP */
	uint16_t udp_port;               /* UDP: the home agent's, usually 434; host order */
};

struct dp_site_prefix { struct prefix6 prefix; };

struct dp_mfc {
	struct addr6 group, source;      /* key: every packet of source to group, tunnel or not */
	uint32_t iif;                    /* 0: packets originate here (the MMA) */
	uint32_t oif[DP_OIF_MAX], n_oif;
	bool is_merge;                   /* put: links that the entry has already stay (a restarted router does not know yet
	                                  * who listens there); a later put without it has the last word */
};

struct dp_downlink_in {
	struct addr6 dst, src;           /* key: (group, MMA) or (care-of address, home agent); DP_ENCAP_RH2: (care-of address, ::) */
	struct addr6 home_address;       /* inner destination must be this; IPv4: or 255.255.255.255, a group, or broadcast */
	struct addr6 broadcast;          /* IPv4: the home link's own, none if it is not wanted */
	enum dp_encap encap;             /* GRE: sequence number, duplicates removed. IPv4: this form, or IPIP for GRE_PLAIN and MINIMAL */
	uint32_t allowed_if[8], n_allowed_if; /* none: any interface with DP_IF_MOBILE */
	bool wants_ro;                   /* as in dp_coa */
	bool has_seq;                    /* dp_find only: GRE sequence number accepted last */
	uint32_t last_seq;
};

struct dp_uplink_out {
	struct addr6 inner_src;          /* key: home address */
	uint32_t ifindex;
	struct lladdr next_hop;          /* link-layer address of the router */
	struct lladdr lladdr;            /* ours on that link */
	struct addr6 src, dst;           /* outer: on-link care-of address, MMA or home agent */
	enum dp_encap encap;             /* GRE with gre_key and no sequence number, or IP-in-IP. IPv4: GRE_PLAIN, MINIMAL, UDP, NONE as well */
	uint32_t gre_key;                /* host order */
	uint16_t udp_port;               /* UDP: the home agent's, usually 434; host order */
	struct addr6 nest;               /* IPv4: the home agent, unless none: what comes from a DP_NET takes IP-in-IP from inner_src to it
	                                  * first, since who opens the tunnel above knows inner_src alone (RFC 5177 7) */
	uint32_t mtu_oct;                /* of the link */
	struct prefix6 direct[DP_DIRECT_MAX]; /* H-13: destinations in these get no tunnel but a Home Address option, from src */
	uint32_t n_direct;
};

/* A correspondent node's binding. Out: packets of this host from self to home_address take a type 2 routing header to coa. In: from
 * coa with a Home Address option home_address to self, the source becomes the home address. DP_HOME serves the latter as well. */
struct dp_cn {
	struct addr6 home_address, self; /* key; self: an address of this host */
	struct addr6 coa;
	mono_t expires;
	mono_t used;                     /* dp_find tells: when data last went out by it since it was put; 0: never */
};

/* H-13: a Home Address option is believed without a binding when the home address is in home and the source in coa. */
struct dp_cn_trust { struct prefix6 home, coa; };  /* key: both */

/*
 * Route optimisation for data from home_address to cn: no tunnel, source coa and a Home Address option. At an MMA for what
 * comes up, by the routing table; at a mobile over the link and next hop of DP_UPLINK_OUT. While is_testing, data goes on as before. A
 * HoT from cn in the home agent's tunnel to us is handed up (DP_PUNT_MH, from the inner header on) whether or not is_testing.
 */
struct dp_ro_out {
	struct addr6 home_address, cn;   /* key */
	struct addr6 coa;
	bool is_testing;
	mono_t expires;
	mono_t used;                     /* dp_find tells: when data last went by it since it was put; 0: never */
};

/*
 * A visitor. Down (IPv4): any form of tunnel from ha to coa (DP_LOCAL_FA) with the inner destination home_address -> a frame to lladdr on ifindex.
 * Up, from an ACCESS link, source home_address: as `up` says; with another link-layer source than lladdr it is dropped,
 * unless it is a message to us. IPv6, and mobiles that the network moves (DP_GUEST is their way down): ROUTE or REVERSE only, and
 * IPv6's tunnel is IP-in-IP.
 */
enum dp_visit_up {
	DP_VISIT_ROUTE,                  /* the host forwards it */
	DP_VISIT_REVERSE,                /* unicast goes into a reverse tunnel from coa to ha */
	DP_VISIT_ENCAPSULATED,           /* RFC 3024 4.3: IP-in-IP from home_address to coa goes on in a reverse tunnel, what comes bare is routed */
	DP_VISIT_WAIT,                   /* its home agent is being asked: what comes down is left to the host, whose raw socket is read behind the answer; what
	                                  * it sends is nobody's yet */
};
struct dp_visit {
	struct addr6 home_address;       /* key */
	struct addr6 ha, coa;            /* coa: ours, where the tunnel ends */
	uint32_t ifindex;
	struct lladdr lladdr;            /* of the mobile */
	enum dp_visit_up up;
	enum dp_encap encap;             /* of the reverse tunnel: IPIP, GRE_PLAIN, MINIMAL or UDP */
	uint16_t udp_port;               /* UDP: the home agent's, usually 434; host order */
	mono_t expires;
};

/*
 * A mobile without software of ours, which the network moves. GRE with a sequence number from source to group: what is inside, of either
 * family, goes as a bare frame to lladdr on ifindex, duplicates (as at a mobile: other path, same number and fingerprint) removed. Its hop
 * limit stays: the home agent has counted the hop. Not is_serving: nothing goes out, packets are noted in the keep ring
 * (dp_keep_each with coa = group), until FX_KEEP_SEND gives them to the mobile. What the mobile sends is DP_VISIT's, an entry
 * each home address.
 *
 * Voice itself (D-11): UDP from source to group, to whatever port, goes to the mobile's first home address of the group's family at
 * voice_port. In the keep ring it has the number of the tunnel packet delivered last.
 */
struct dp_guest {
	struct addr6 group, source;      /* key */
	struct addr6 home_address[DP_GUEST_HOMES_MAX]; /* the inner destination must be one of them, or in a DP_NET of one */
	uint32_t n_home;
	uint32_t ifindex;
	struct lladdr lladdr;            /* of the mobile */
	struct lladdr from;              /* source of the frames: the gateway as the mobile knows it; zero: the interface's */
	uint32_t in_if;                  /* the group's packets come by this link; 0: by any that is not ACCESS */
	bool is_serving;
	uint16_t voice_port;             /* host order; 0: no voice */
	mono_t expires;
	bool has_seq;                    /* GRE sequence number delivered last, which whoever serves next wants to know. Put: where to begin, if
	                                  * that is ahead of what the entry has */
	uint32_t last_seq;
};

/* A stream on its way into a mobile's group as it is, UDP to addr and port: source and destination become source and group, the
 * destination port group_port (the record's voice port). source: ours; links as for DP_COA. All of one family. */
struct dp_relay {
	struct addr6 addr;               /* key: ours */
	uint16_t port;                   /* key, host order */
	struct addr6 group, source;
	uint16_t group_port;
	uint32_t inject_if;
	mono_t expires;
};

/* Packets to an address in prefix for which there is no DP_HOME are handed up (DP_PUNT_UNBOUND), within a rate a destination; more of
 * them, offloaded ones and what is longer than DP_PUNT_SNAP are the host's. */
struct dp_unbound {
	struct prefix6 prefix;           /* key: longest match */
	bool is_shared;                  /* a home link on which others live: what is handed up is a copy, the host has it as well */
};

/* Outer sources of reverse tunnels for DP_HOME whose coa is a group, and (IP-in-IP) for addresses of DP_UNBOUND without DP_HOME: a mobile that
 * speaks first. */
struct dp_reverse { struct prefix6 prefix; /* key */ };

/* RFC 3963: wherever an inner address is looked up or checked, one in prefix counts as home_address. */
struct dp_net { struct prefix6 prefix; /* key */ struct addr6 home_address; };

struct dp_op {
	enum dp_table table;
	union {                          /* FX_DP_DEL: only the key fields count */
		struct dp_if iface;
		struct dp_local local;
		struct dp_home home;
		struct dp_coa coa;
		struct dp_uplink_in uplink_in;
		struct dp_site_prefix site_prefix;
		struct dp_mfc mfc;
		struct dp_downlink_in downlink_in;
		struct dp_uplink_out uplink_out;
		struct dp_cn cn;
		struct dp_cn_trust cn_trust;
		struct dp_ro_out ro_out;
		struct dp_net net;
		struct dp_home_more home_more;
		struct dp_visit visit;
		struct dp_guest guest;
		struct dp_relay relay;
		struct dp_unbound unbound;
		struct dp_reverse reverse;
	};
};

enum { DP_PUNT_SNAP = 2048 }; /* at most so many bytes of a packet are handed up */

/* Why a packet is handed up (struct rx's why). The datapath has consumed it unless stated. */
enum dp_punt {
	DP_PUNT_NONE,      /* did not come through the datapath: raw socket */
	DP_PUNT_MH,        /* Mobility Header to an address in DP_LOCAL or DP_COA (HAO and RH2 in front of it allowed), or a HoT: DP_RO_OUT */
	DP_PUNT_MLD,       /* membership report, done or query on an ACCESS, DOWNSTREAM, UPSTREAM or MOBILE link (the kernel sees it too) */
	DP_PUNT_RS,        /* router solicitation on ACCESS or HOME (kernel sees it too) */
	DP_PUNT_RA,        /* router advertisement on MOBILE or HOME (kernel sees it too) */
	DP_PUNT_ND,        /* on HOME: NS for, or NA about, an address in DP_HOME, or about one being checked (DP_LOCAL, flags 0); on MOBILE:
	                    * NA about an address with DP_LOCAL_MH (the kernel sees it too); on GATE: every NS (the kernel sees it too) */
	DP_PUNT_HAO,       /* Home Address option that matches no binding (rate limited) */
	DP_PUNT_ICMP_HA,   /* home agent discovery, mobile prefix solicitation */
	DP_PUNT_ICMP_ERR,  /* ICMPv6 error about a packet that we encapsulated */
	DP_PUNT_SLOW,      /* data for the slow path: too big, fragments, options in front */
	DP_PUNT_RO,        /* copy of data that came through a tunnel, from the outer header on, perhaps cut short: a route to optimise */
	/* IPv4. ICMP_ERR, MH and SLOW are of either family: the version tells. (The kernel sees) says that it is a copy. */
	DP_PUNT_MIP4,      /* UDP to port 434 of an address with DP_LOCAL_MH; on ACCESS, HOME and MOBILE also by broadcast, on ACCESS and HOME to
	                    * 224.0.0.11, on MOBILE to whatever address while 0.0.0.0 has DP_LOCAL_MH. And a copy of the home agent's echo reply
	                    * in a UDP tunnel to a mobile */
	DP_PUNT_IGMP,      /* on an ACCESS, DOWNSTREAM, UPSTREAM or MOBILE link (the kernel sees it too) */
	DP_PUNT_ADV4,      /* agent or router advertisement on MOBILE, HOME or ACCESS, solicitation on ACCESS or HOME (the kernel sees it too) */
	DP_PUNT_ARP,       /* from the ARP header on (the kernel sees it too). HOME: sender or target in DP_HOME, or in DP_LOCAL with flags 0; MOBILE: one
	                    * with DP_LOCAL_MH; ACCESS: a request with one in DP_VISIT, with DP_IF_GATE every one */
	DP_PUNT_BROADCAST, /* a broadcast on a link with DP_IF_BROADCAST (the kernel sees it too) */
	DP_PUNT_UNBOUND,   /* of either family: to an address in DP_UNBOUND that has no DP_HOME. is_shared: the kernel sees it too */
	DP_PUNT_N
};
