/* Reads Kerberos messages (RFC 4120, section 5) as far as they are in the clear. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"

/* A principal's name as it stands in the message. */
struct krb5_principal {
	bool is_there;
	struct slice names; /* the sequence of strings */
};

struct krb5_message_fields {
	struct krb5_principal cname, sname;
	struct slice realm, ticket_realm;
	bool has_realm, has_etype, has_ticket_etype;
	int32_t error, etype, ticket_etype;
};

/* What follows [APPLICATION n], by n = `type`; false for other types and broken messages. */
bool krb5_message_read(uint8_t type, struct cursor content, struct krb5_message_fields *ret);
/* The next string of a principal's names. */
bool krb5_name_next(struct cursor *names, struct slice *ret);
/* [APPLICATION 14], an AP-REQ: for whom its ticket is (realm, sname). */
bool krb5_ap_req_read(struct cursor c, struct krb5_message_fields *ret);
