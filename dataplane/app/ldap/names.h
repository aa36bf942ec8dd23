/* Names of LDAP's numbers and object identifiers, for records. */
#pragma once

#include "dataplane/app/text/names.h"
#include "dataplane/base/slice.h"

/* The result code's name (RFC 4511 4.1.9), the number as text without one. */
void ldap_log_result_name(struct record *r, const char *field, uint32_t code);
/* The name of an extended operation or control; NULL without one. */
const char *ldap_oid_name(struct slice oid);
/* What a domain controller says of itself (MS-ADTS 6.3.1.9, NETLOGON_SAM_LOGON_RESPONSE_EX). */
void ldap_log_netlogon(struct record *r, struct slice value);
