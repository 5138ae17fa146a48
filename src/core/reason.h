/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "wire/err.h"

/*
 * Why an engine ignored, refused or answered with an error: one list, each with a
 * counter that `roamctl show counters` prints. Add a line where you need one; names
 * are stable once released. The datapath's own drop reasons are in datapath/dp.h.
 */
#define REASONS(X) \
	X(MSG_TRUNCATED, "message or option ends early") \
	X(MSG_MALFORMED, "a length, alignment or reserved value is wrong") \
	X(MSG_CHECKSUM, "checksum does not match") \
	X(MSG_TYPE_UNKNOWN, "unknown Mobility Header type") \
	X(MSG_PAYLOAD_PROTO, "payload protocol is not no-next-header") \
	X(MSG_NOT_FOR_US, "addressed to nobody here") \
	X(BU_NO_HOME_ADDRESS, "binding update without Home Address option") \
	X(BU_COA_INVALID, "care-of address is not a unicast routable address") \
	X(BU_NOT_HOME_SUBNET, "home address is not in a prefix served here") \
	X(BU_ALT_COA, "alternate care-of address where the agent assigns one") \
	X(BU_NO_BINDING, "de-registration without a binding") \
	X(BU_SEQ_OLD, "binding update with an old sequence number") \
	X(BU_DAD_FAILED, "home address is in use on the home link") \
	X(BU_UNKNOWN_MOBILE, "no such mobile is configured") \
	X(AUTH_MISSING, "no authentication option") \
	X(AUTH_SPI_UNKNOWN, "security parameter index not known") \
	X(AUTH_BAD, "authenticator does not match") \
	X(REPLAY_MISSING, "no timestamp") \
	X(REPLAY_TIME, "timestamp outside the window") \
	X(REPLAY_OLD, "timestamp not newer than the last") \
	X(LIMIT_BINDINGS, "no room for another binding") \
	X(LIMIT_RATE, "too many messages from one source") \
	X(BA_UNEXPECTED, "acknowledgement that nothing waits for") \
	X(BA_REFUSED, "registration refused by the peer") \
	X(BA_NO_ASSIGNED_COA, "acknowledgement with M but without an assigned care-of address") \
	X(RO_UNEXPECTED, "route optimisation message that nothing waits for") \
	X(RO_COOKIE, "home or care-of test with another cookie than ours") \
	X(RO_LIMIT, "route optimisation not begun: a limit is reached") \
	X(RO_FAILED, "correspondent node left alone: it does not answer, or refuses") \
	X(MMA_NOT_OUR_OPTION, "update with M but without our option") \
	X(MMA_GROUP_TAKEN, "group is held by another mobile") \
	X(MMA_GROUP_FOREIGN, "group is not in the site's prefix, or its source is not the agent") \
	X(MMA_HOME_AGENT, "no home agent named, or one that this mobile may not name") \
	X(MMA_NOT_ON_SITE, "registration from outside the site's access prefixes") \
	X(MMA_POOL_EMPTY, "no care-of address left") \
	X(MMA_STANDBY, "new mobile at a member of the group that stands by: only the active one gives addresses") \
	X(MMA_GROUP_NONE, "no group left") \
	X(MMA_UNHEARD, "answer to a mobile whose group nobody listens to, or that names none") \
	X(MMA_FORWARD_TO, "forwarding asked to an agent that is no peer, or to an address of our own") \
	X(MMA_FORWARD_DENIED, "the new agent does not know the mobile, or did not answer: not forwarded") \
	X(MMA_KEY_ASKED, "no key of this mobile yet: its home agent is asked") \
	X(PEER_UNKNOWN, "message from an agent that is no configured peer") \
	X(PEER_UNEXPECTED, "agent's message that nothing here waits for") \
	X(ND_INVALID, "neighbour discovery message fails the checks of RFC 4861") \
	X(MLD_INVALID, "membership message fails the checks of RFC 3810 or RFC 3376") \
	X(MLD_NOT_ADMITTED, "group is not admitted on this link") \
	X(MLD_NOT_TRACKED, "leave from a station that did not join") \
	X(MLD_NOT_SSM, "any-source membership or one of an old version, which the source-specific range ignores") \
	X(MLD_FOREIGN_QUERY, "query by another station where this router is the only querier") \
	X(MLD_LIMIT, "too many memberships from one station or on one link") \
	X(BU_TYPE_CHANGE, "home registration exists, and the update is none") \
	X(BU_NOT_HOME_REG, "update without the home registration flag") \
	X(MSG_NOT_HERE, "message that this role does not process") \
	X(HAO_UNKNOWN, "Home Address option that no binding backs") \
	X(ND_CONFLICT, "another node claims an address that we defend") \
	X(BE_RECEIVED, "binding error received") \
	X(NET_NOT_PERMITTED, "mobile routers are not served here") \
	X(NET_NOT_KNOWN, "mobile router names no prefix, and none is configured") \
	X(NET_INVALID, "mobile network prefix that cannot be forwarded") \
	X(NET_NOT_AUTHORISED, "mobile network prefix that this mobile may not have") \
	X(BRR_RECEIVED, "binding refresh request received") \
	X(HA_REPLY_UNEXPECTED, "home agent discovery reply that nothing waits for") \
	X(ICMP_ABOUT_UPDATE, "ICMPv6 error about a binding update of ours") \
	X(MPA_INVALID, "mobile prefix advertisement not from the home agent, or not to the home address") \
	X(MPA_UNSOLICITED, "mobile prefix advertisement that was not asked for") \
	X(BU_NOT_A_HOME_AGENT, "home registration asked of a node that is no home agent") \
	X(BU_CIRCLE, "care-of address leads back to the home address") \
	X(BU_REPLAYED, "update of a binding that has ended") \
	X(RR_HOME_ADDRESS, "test asked for with a Home Address option") \
	X(RR_NONCE_MISSING, "binding update without nonce indices") \
	X(RR_NONCE_HOME, "home nonce is unknown or has expired") \
	X(RR_NONCE_COA, "care-of nonce is unknown or has expired") \
	X(RR_NONCES, "both nonces are unknown or have expired") \
	X(RR_NONCES_USED, "nonces of a binding that the mobile has ended") \
	X(RRQ_SOURCE, "registration request from no unicast address") \
	X(RRQ_NOT_OURS, "registration request for another home agent, or for whichever there is") \
	X(RRQ_NONCE, "identification with a nonce that was not sent, or that was used") \
	X(RRQ_FA_UNKNOWN, "authentication of a foreign agent with which no key is shared") \
	X(RRQ_FA_AUTH, "foreign agent's authentication is missing or wrong") \
	X(RRQ_AAA_AUTH, "MN-AAA authentication is wrong") \
	X(RRQ_VENDOR, "critical vendor extension that nobody here knows") \
	X(RRQ_COA_PROHIBITED, "care-of address that is not allowed, ours, or a bound home address") \
	X(RRQ_UDP_PROHIBITED, "UDP tunnel asked for or needed where none is allowed") \
	X(RRQ_ENCAP, "encapsulation that is not offered") \
	X(RRQ_REVERSE, "reverse tunnel asked for and not offered, or required and not asked for") \
	X(RRQ_TOO_MANY, "too many care-of addresses of one mobile") \
	X(RRQ_POOL_EMPTY, "no home address left to give away") \
	X(ARP_INVALID, "address resolution message that makes no sense") \
	X(ARP_CLAIM, "another station says that it has a home address that is away") \
	X(CAST_TOO_LONG, "broadcast that does not fit a tunnel") \
	X(VISIT_POOR_REQUEST, "visitor: poorly formed registration request") \
	X(VISIT_HOME_AGENT, "visitor: home agent address that cannot be one, or is ours") \
	X(VISIT_HOME_ADDRESS, "visitor: no home address where one is needed, or none that a node can have") \
	X(VISIT_OVERLAP, "visitor: home address of another visitor with another home agent") \
	X(VISIT_COA, "visitor: care-of address that is not offered here") \
	X(VISIT_COLOCATED, "visitor: co-located care-of addresses are not served") \
	X(VISIT_LIFETIME, "visitor: lifetime longer than what is served") \
	X(VISIT_ENCAP, "visitor: encapsulation that is not offered") \
	X(VISIT_DELIVERY, "visitor: delivery style that is not offered") \
	X(VISIT_REVERSE, "visitor: reverse tunnel asked for and not offered, or the other way round") \
	X(VISIT_DISTANT, "visitor: reverse tunnel asked for by a station that is no neighbour") \
	X(VISIT_VENDOR, "visitor: critical vendor extension that is not known") \
	X(VISIT_CHALLENGE_NONE, "visitor: no challenge") \
	X(VISIT_CHALLENGE_UNKNOWN, "visitor: challenge that is not offered, or no longer") \
	X(VISIT_CHALLENGE_STALE, "visitor: challenge that this mobile has used") \
	X(VISIT_CHALLENGE_OPEN, "visitor: challenge that no authenticator covers") \
	X(VISIT_FULL, "visitor: no room, or no new mobiles are taken") \
	X(VISIT_KEY, "visitor: mobile-foreign authentication missing or wrong") \
	X(VISIT_REPEATED, "visitor: a pending request's identification from another station, or in another request") \
	X(VISIT_CLAIMED, "visitor: another station claims its address by ARP") \
	X(VISIT_OWNER, "visitor: refused by the role that serves it") \
	X(VISIT_TIMEOUT, "visitor: home agent did not answer") \
	X(VISIT_UNREACHABLE, "visitor: home agent cannot be reached") \
	X(VISIT_REPLY_UNEXPECTED, "visitor: registration reply that no request waits for") \
	X(VISIT_REPLY_POOR, "visitor: registration reply that is poorly formed or lacks something") \
	X(VISIT_REPLY_KEY, "visitor: foreign-home authentication missing or wrong in the reply") \
	X(VISIT_REFUSED, "visitor: refused by the home agent") \
	X(STATION_FULL, "station that is heard, beyond those that can be remembered") \
	X(STATION_IDENTITY, "station whose session's identity is no device identifier") \
	X(STATION_UNPROVEN, "station known by its link-layer address alone, which is not enough for its record") \
	X(REVOKE_UNEXPECTED, "revocation or acknowledgement that fits no registration") \
	X(REVOKE_KEY, "revocation or acknowledgement without the authentication that it needs") \
	X(REVOKE_OLD, "revocation that is not newer than the registration or the last one, or is our own") \
	X(REVOKE_BY_MOBILE, "revocation support claimed by a mobile that is not co-located") \
	X(ADV_INVALID, "agent or router advertisement fails the checks of RFC 5944 and RFC 1256") \
	X(IGMP_INVALID, "membership message fails the checks of RFC 3376") \
	X(AGENT_RESTARTED, "agent that the mobile is registered with began anew") \
	X(REPLY_UNEXPECTED, "registration reply that nothing waits for") \
	X(REPLY_REFUSED, "registration refused by an agent") \
	X(REPLY_NO_GROUP, "registration through a site's agent that feeds no group") \
	X(REPLY_NO_HOME_ADDRESS, "registration reply that assigns no home address") \
	X(NAT_MAPPING_LOST, "keepalives of a UDP tunnel not answered") \
	X(RG_EPOCH, "group member whose boot epoch is not proven yet") \
	X(RG_REPLAY, "group datagram that has come before, or is too old") \
	X(RG_LIMIT, "more group members than there can be") \
	X(RG_NOT_READY, "message while the group's table is not here yet") \
	X(RG_IDENTIFIER, "another group member has our identifier") \
	X(MM_AGENT_UNKNOWN, "datagram of an agent that the mobility manager does not know") \
	X(MM_EPOCH, "agent or mobility manager whose boot epoch is not proven yet") \
	X(MM_REPLAY, "datagram of an agent or a mobility manager that has come before, or is too old") \
	X(MM_NOT_ALLOWED, "question that the agent may not ask") \
	X(MM_NOT_READY, "question about what a mobility manager cannot know before it has read the managers' store") \
	X(MM_LIMIT, "no room for another mobile, or for another agent's wish to be told of changes") \
	X(HSRP_ADDRESS, "HSRP router of our group with another virtual address")

enum reason {
#define X(name, text) R_##name,
	REASONS(X)
#undef X
	REASON_N
};

const char *reason_name(enum reason r); /* "BU_SEQ_OLD" */
const char *reason_text(enum reason r);

/* The reason under which a codec's refusal is counted. */
enum reason reason_of_wire(enum wire_err e);
