/* What neighbours say of themselves, DTLS, and LDAP over UDP: protocols that Suricata 7.0.10 does
 * not know and that therefore must never be a flow's app_proto. Each datagram gives a record of a
 * type of ours (banken.json) or none; nothing is kept between datagrams.
 *
 * mDNS (RFC 6762), LLMNR (RFC 4795), NetBIOS name service (RFC 1002 4.2), ClientHellos of DTLS
 * (RFC 6347, 9147), LDAP messages (app/ldap), what DHCP clients ask (RFC 2131). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct record;

enum local_kind {
	LOCAL_NONE,
	LOCAL_MDNS,
	LOCAL_LLMNR,
	LOCAL_NBNS,
	LOCAL_DTLS,
	LOCAL_LDAP,
	LOCAL_DHCP,
	LOCAL_KINDS
};

enum local_limit {
	LOCAL_RECORDS_MAX =
		24, /* resource records and questions of a message: the rest is left out */
	LOCAL_NAMES_MAX = 24,	/* names of a NetBIOS status answer */
	LOCAL_HELLO_MAX = 4096, /* bytes of a ClientHello: a longer one is passed over */
};

/* By ports, for DTLS and LDAP by the first bytes: a few comparisons, for every datagram. */
enum local_kind local_kind_of(uint16_t sport, uint16_t dport, struct slice datagram);
/* The record's event_type and the name of its object; NULL for LOCAL_NONE. */
const char *local_type(enum local_kind kind);
/* Writes the fields of the object, which the caller has opened. False: it says nothing, or is not
 * what its port promises; what was written then is to be dropped. */
bool local_log(enum local_kind kind, struct slice datagram, struct record *r);

/* names.c, dtls.c, dhcp.c */
bool local_log_dhcp(struct slice datagram, struct record *r);
bool local_log_names(enum local_kind kind, struct slice datagram, struct record *r);
bool local_log_dtls(struct slice datagram, struct record *r);
