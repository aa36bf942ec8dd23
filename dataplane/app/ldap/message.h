/* One LDAPMessage (RFC 4511 4.1.1) where it lies; keeps nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slice.h"

struct record;

/* [APPLICATION n] of protocolOp. */
enum ldap_op {
	LDAP_BIND = 0,
	LDAP_BIND_RESPONSE = 1,
	LDAP_UNBIND = 2,
	LDAP_SEARCH = 3,
	LDAP_SEARCH_ENTRY = 4,
	LDAP_SEARCH_DONE = 5,
	LDAP_MODIFY = 6,
	LDAP_MODIFY_RESPONSE = 7,
	LDAP_ADD = 8,
	LDAP_ADD_RESPONSE = 9,
	LDAP_DELETE = 10,
	LDAP_DELETE_RESPONSE = 11,
	LDAP_MODIFY_DN = 12,
	LDAP_MODIFY_DN_RESPONSE = 13,
	LDAP_COMPARE = 14,
	LDAP_COMPARE_RESPONSE = 15,
	LDAP_ABANDON = 16,
	LDAP_SEARCH_REFERENCE = 19,
	LDAP_EXTENDED = 23,
	LDAP_EXTENDED_RESPONSE = 24,
	LDAP_INTERMEDIATE = 25,
};

enum ldap_result {
	LDAP_SUCCESS = 0,
	LDAP_SASL_IN_PROGRESS = 14,
};

enum ldap_frame {
	LDAP_WHOLE, /* ret_size: of the message, which may be more than is there */
	LDAP_SHORT, /* its head is not whole */
	LDAP_BAD,   /* no message begins here */
};

struct ldap_message {
	uint32_t id;
	uint8_t op; /* enum ldap_op, or a number that is none */
	struct slice body;
	struct slice controls; /* their elements; empty without */
};

/* How long the message is that begins here. */
enum ldap_frame ldap_frame_of(struct slice data, uint64_t *ret_size);
/* Reads it; of a message that is not whole, what there is. False: not a message. */
bool ldap_message_read(struct slice data, struct ldap_message *ret);
/* A request of the client, a response of the server. */
bool ldap_is_request(uint8_t op);
bool ldap_is_response(uint8_t op);
/* The response that ends its request. */
bool ldap_is_result(uint8_t op);
/* resultCode of a result. */
bool ldap_result_code(const struct ldap_message *m, uint32_t *ret);
/* requestName of an extended request; empty when it cannot be read. */
struct slice ldap_extended_oid(const struct ldap_message *m);
/* For identification: a message of that direction begins here. */
bool ldap_looks_like(struct slice data, bool request);

/* The record of a datagram (log.c). False: it is none of LDAP's, what was written is to be dropped.
 */
bool ldap_log_datagram(struct slice datagram, struct record *record);
