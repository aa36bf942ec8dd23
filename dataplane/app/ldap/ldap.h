/* LDAP (RFC 4511): who binds, how and with what result; searches, changes, extended operations.
 * Over TCP it is found by its bytes whatever the port; over UDP, where a domain's clients ask for
 * its controllers (MS-ADTS 6.3.3), a datagram is read by itself (app/local).
 *
 * Suricata 7 does not know it: for rules and in eve.json its flows are "failed", its records are of
 * our own schema. No password, no value of an attribute and no SASL credential is written; of NTLM
 * the names are. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/list.h"
#include "dataplane/app/text/units.h"

enum ldap_limits {
	LDAP_MESSAGE_MAX = 16384, /* bytes of a message that are read, the rest is passed over */
	LDAP_KEPT_REQUEST = 8192, /* of those kept for the record: a ticket of a domain fits */
	LDAP_KEPT_RESULT = 1024,
	LDAP_TEXT_MAX = 512,	 /* bytes of a name or text in a record */
	LDAP_LIST_MAX = 32,	 /* attributes, controls, changes, referrals in a record */
	LDAP_FOUND_BYTES = 2048, /* of the names of found entries */
	LDAP_PENDING = 64,	 /* requests without a result: the oldest one's is not waited for */
};

enum ldap_event {
	LDAP_EVENT_MALFORMED_DATA,
	LDAP_EVENT_REQUEST_NOT_FOUND,
	LDAP_EVENT_TOO_MANY_PENDING,
};

struct ldap_tx {
	struct app_tx tx;
	uint32_t message_id;
	uint8_t op;		     /* of the request; without one, of the result */
	bool starts_tls, sasl;	     /* what a success means for the bytes behind it */
	struct kept request, result; /* the messages' first bytes */
	struct text_list found;	     /* names of entries */
	uint32_t entries, references, intermediates;
};

struct ldap_pending {
	uint32_t message_id;
	uint64_t tx;
};

struct ldap_state {
	struct units side[2];
	struct ldap_pending pending[LDAP_PENDING]; /* oldest first */
	unsigned npending;
	bool sasl;   /* bytes may come in a security layer (RFC 4513 5.2.1.7) */
	bool tunnel; /* encrypted: nothing more is read */
};

/* The bytes of a message in a security layer that protects without hiding; empty when they cannot
 * be seen. `wrapped` is a layer's unit behind its length. */
struct slice ldap_unwrap(struct slice wrapped);

bool ldap_log(const struct app_tx *tx, const void *state, struct record *record);

extern const struct app_proto ldap_proto;
