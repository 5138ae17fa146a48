/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What user space tells the datapath, and what the datapath hands up.
 *
 * Engines speak in these entries (FX_DP_PUT, FX_DP_DEL); the loader turns them into map
 * updates, the simulator into updates of the natively compiled datapath. Times are
 * monotonic nanoseconds; an entry past its expiry is as good as absent, also when nobody is left to
 * delete it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

enum { DP_OIF_MAX = 32, DP_IF_PREFIX_MAX = 8, DP_DIRECT_MAX = 4, DP_CN_TRUST_MAX = 8 };

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
	DP_NET,         /* RFC 3963: a prefix of a mobile network -> the home address that it moves with */
	DP_TABLE_N
};

enum dp_if_flags {
	DP_IF_UPSTREAM = 1,   /* towards the backbone or the MMA */
	DP_IF_ACCESS = 2,     /* access router: mobiles live here; reports and solicitations are punted, sources filtered */
	DP_IF_HOME = 4,       /* home agent: the home link; ND for bound home addresses is punted */
	DP_IF_MOBILE = 8,     /* mobile node's own interface: RA and queries punted */
	DP_IF_DOWNSTREAM = 16,/* MMA: link to access routers; reports punted */
	DP_IF_ROAM0 = 32,     /* set by the loader itself */
	DP_IF_FILTER = 64,    /* ACCESS: drop unicast sources outside prefix[] (and link-local) and anything from mma */
};
struct dp_if {
	uint32_t ifindex;
	uint32_t flags;
	struct lladdr lladdr;            /* ours */
	uint32_t mtu_oct;
	struct addr6 mma;                /* FILTER: no packet from this link may carry this source */
	struct prefix6 prefix[DP_IF_PREFIX_MAX];
	uint32_t n_prefix;
};

enum dp_local_flags {
	DP_LOCAL_MH = 1,       /* Mobility Header and ICMPv6 home agent messages to this address are punted */
	DP_LOCAL_HA = 2,       /* reverse tunnels (IP-in-IP) end here */
	DP_LOCAL_MMA = 4,      /* uplink tunnels (GRE with key, or IP-in-IP) end here */
};
struct dp_local { struct addr6 addr; uint32_t flags; };

struct dp_home {
	struct addr6 home_address;       /* key */
	struct addr6 coa, ha;            /* tunnel: outer source ha, destination coa; reverse: the other way round */
	mono_t expires;
	struct addr6 prev;               /* care-of address before: what was on its way from there is taken until prev_until, also when */
	mono_t prev_until;               /* the binding itself has ended */
	bool is_own_routed;              /* what this host sends from ha itself takes a type 2 routing header instead of the tunnel */
};

struct dp_coa {
	struct addr6 coa;                /* key */
	struct addr6 home_address, group, source; /* source: the MMA's service address */
	struct addr6 ha;                 /* tunnels are accepted from it */
	struct addr6 prev;               /* previous MMA, or :: */
	mono_t prev_until, expires;
	uint32_t seq_start;              /* GRE sequence number of the first packet; an entry that exists keeps counting */
	bool wants_ro;                   /* hand up, rate limited by inner source, a copy of what came through a tunnel: DP_PUNT_RO */
	bool keep;                       /* what is sent to the group is kept for a while: FX_KEEP_SEND */
	struct addr6 forward;            /* unless :: or over: what comes for coa is tunnelled from source to here, nothing to the group. */
	mono_t forward_until;            /* The entry may outlive the registration (expires) for it */
	uint32_t inject_if;              /* not 0: packets to the group enter the host's own multicast forwarding as if received on this
	                                  * interface (a multicast routing daemon knows the rest); 0: to the links of DP_MFC */
};

struct dp_uplink_in {
	struct addr6 inner_src;          /* key: home address or assigned care-of address */
	struct addr6 coa, ha;            /* reverse tunnel: outer source coa, destination ha */
	uint32_t gre_key;                /* host order */
	uint32_t gre_key_prev;           /* accepted too: the mobile uses it until the acknowledgement of a refresh arrives;
	                                  * equal to gre_key when there is none */
	struct addr6 bound;              /* `uplink bound`: only this outer source; :: any of the site's prefixes */
	mono_t expires;
};

struct dp_site_prefix { struct prefix6 prefix; };

struct dp_mfc {
	struct addr6 group, source;      /* key */
	uint32_t iif;                    /* 0: packets originate here (the MMA) */
	uint32_t oif[DP_OIF_MAX], n_oif;
	bool is_merge;                   /* put: links that the entry has already stay (a restarted router does not know yet
	                                  * who listens there); a later put without it has the last word */
};

enum dp_encap {
	DP_ENCAP_GRE, DP_ENCAP_IPIP,
	DP_ENCAP_RH2,                    /* no tunnel: type 2 routing header (DP_DOWNLINK_IN, and the slow path) */
	DP_ENCAP_HAO,                    /* no tunnel: Home Address option (the slow path only) */
};

struct dp_downlink_in {
	struct addr6 dst, src;           /* key: (group, MMA) or (care-of address, home agent); DP_ENCAP_RH2: (care-of address, ::) */
	struct addr6 home_address;       /* inner destination must be this */
	enum dp_encap encap;             /* GRE: sequence number, duplicates removed */
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
	enum dp_encap encap;             /* GRE with gre_key and no sequence number, or IP-in-IP */
	uint32_t gre_key;                /* host order */
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
	};
};

/* Why a packet is handed up (struct rx's why). The datapath has consumed it unless stated. */
enum dp_punt {
	DP_PUNT_NONE,      /* did not come through the datapath: raw socket */
	DP_PUNT_MH,        /* Mobility Header to an address in DP_LOCAL or DP_COA (HAO and RH2 in front of it allowed), or a HoT: DP_RO_OUT */
	DP_PUNT_MLD,       /* membership report, done or query on an ACCESS, DOWNSTREAM, UPSTREAM or MOBILE link (the kernel sees it too) */
	DP_PUNT_RS,        /* router solicitation on ACCESS or HOME (kernel sees it too) */
	DP_PUNT_RA,        /* router advertisement on MOBILE or HOME (kernel sees it too) */
	DP_PUNT_ND,        /* on HOME: NS for, or NA about, an address in DP_HOME, or about one being checked (DP_LOCAL, flags 0); on MOBILE:
	                    * NA about an address with DP_LOCAL_MH (the kernel sees it too) */
	DP_PUNT_HAO,       /* Home Address option that matches no binding (rate limited) */
	DP_PUNT_ICMP_HA,   /* home agent discovery, mobile prefix solicitation */
	DP_PUNT_ICMP_ERR,  /* ICMPv6 error about a packet that we encapsulated */
	DP_PUNT_SLOW,      /* data for the slow path: too big, fragments, options in front */
	DP_PUNT_RO,        /* copy of data that came through a tunnel, from the outer header on, perhaps cut short: a route to optimise */
	DP_PUNT_N
};
