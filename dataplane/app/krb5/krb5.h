/* Kerberos 5 over UDP and TCP (RFC 4120): requests to the key distribution centre, its answers and
 * errors. Every message that says something is a transaction. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/list.h"

enum {
	KRB5_COMPLETE = 1,
	KRB5_RECORD_MAX = 65535, /* over TCP; a longer one is passed over */
	KRB5_NAMES_MAX = 64,	 /* parts of a principal's name; more are not looked at */
};

enum krb5_message {
	KRB5_AS_REQ = 10,
	KRB5_AS_REP = 11,
	KRB5_TGS_REQ = 12,
	KRB5_TGS_REP = 13,
	KRB5_AP_REQ = 14,
	KRB5_AP_REP = 15,
	KRB5_ERROR = 30,
};

enum krb5_event {
	KRB5_EVENT_MALFORMED_DATA,
	KRB5_EVENT_WEAK_ENCRYPTION,
	KRB5_EVENTS,
};

struct krb5_tx {
	struct app_tx tx;
	uint8_t type;	/* enum krb5_message */
	uint8_t failed; /* an error: the request it answers, 0 = none was seen */
	bool has_cname, has_sname, has_etype, has_ticket_etype;
	int32_t error, etype, ticket_etype;
	struct text_list cname, sname;
	struct kept realm;
};

/* Names of numbers as Suricata writes them; NULL for one without. */
const char *krb5_error_name(int32_t code);
const char *krb5_etype_name(int32_t etype);
bool krb5_etype_number(struct slice name, int32_t *ret);
bool krb5_etype_weak(int32_t etype);
/* {"msg_type":...} without the braces. */
bool krb5_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto krb5_proto;
