/* SNMP v1 (RFC 1157), v2c (RFC 3416) and v3 (RFC 3412, 3414) over UDP; each message is a
 * transaction. Encrypted messages say that they are. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

struct record;

enum snmp_event {
	SNMP_EVENT_MALFORMED_DATA,
	SNMP_EVENT_UNKNOWN_SECURITY_MODEL,
	SNMP_EVENT_VERSION_MISMATCH,
	SNMP_EVENTS,
};

enum snmp_pdu { /* context tags of PDUs */
		SNMP_GET,
		SNMP_GET_NEXT,
		SNMP_RESPONSE,
		SNMP_SET,
		SNMP_TRAP_V1,
		SNMP_GET_BULK,
		SNMP_INFORM,
		SNMP_TRAP_V2,
		SNMP_REPORT,
		SNMP_PDUS,
};

enum snmp_limits {
	SNMP_VARS_SHOWN = 256, /* of a message, in its record */
	SNMP_OID_PARTS = 128,  /* RFC 2578 3.5; the rest is left out */
};

/* A message as it lies in the datagram. */
struct snmp_message {
	uint8_t version; /* 1, 2, 3 */
	bool encrypted, has_pdu, has_community, has_user;
	bool unknown_model; /* of security, version 3 */
	uint8_t pdu;	    /* enum snmp_pdu */
	struct slice community, user, vars;
};

struct snmp_state {
	uint8_t version; /* of the first message; 0 before */
};

struct snmp_tx {
	struct app_tx tx;
	uint8_t version; /* the flow's */
	bool encrypted, has_pdu;
	uint8_t pdu;
	struct kept community, user;
	struct kept vars; /* SEQUENCE OF VarBind, content */
};

/* message.c. False: malformed. */
bool snmp_read(struct slice datagram, struct snmp_message *ret);
/* The version of what may be a message: 0 = it is none. */
uint8_t snmp_version(struct slice datagram);
/* The next variable's name, as "1.3.6.1"; false at the end. */
bool snmp_next_var(struct cursor *vars, char *ret, size_t cap);

bool snmp_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto snmp_proto;
