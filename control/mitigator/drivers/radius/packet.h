/* RADIUS packets of dynamic authorization (RFC 5176) as the client has them: requests are written,
 * answers are read. Pure: no socket, no clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	RADIUS_HEAD = 20,
	RADIUS_MAX = 4096, /* bytes of a packet, RFC 2865 3 */
	RADIUS_VALUE = 253,
	RADIUS_AUTHENTICATOR = 16,
};

enum radius_code {
	RADIUS_DISCONNECT_REQUEST = 40,
	RADIUS_DISCONNECT_ACK = 41,
	RADIUS_DISCONNECT_NAK = 42,
	RADIUS_COA_REQUEST = 43,
	RADIUS_COA_ACK = 44,
	RADIUS_COA_NAK = 45,
};

enum radius_attribute {
	RADIUS_USER_NAME = 1,
	RADIUS_NAS_IP_ADDRESS = 4,
	RADIUS_NAS_PORT = 5,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_PROXY_STATE = 33,
	RADIUS_ACCT_SESSION_ID = 44,
	RADIUS_EVENT_TIMESTAMP = 55,
	RADIUS_TUNNEL_TYPE = 64,
	RADIUS_TUNNEL_MEDIUM_TYPE = 65,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
	RADIUS_TUNNEL_PRIVATE_GROUP_ID = 81,
	RADIUS_NAS_PORT_ID = 87,
	RADIUS_NAS_IPV6_ADDRESS = 95,
	RADIUS_ERROR_CAUSE = 101,
};

struct radius_packet {
	uint8_t bytes[RADIUS_MAX];
	size_t n;
	bool full; /* something did not fit */
};

/* Begins a request with an empty Message-Authenticator in front. */
void radius_begin(struct radius_packet *p, enum radius_code code, uint8_t identifier);
/* At most RADIUS_VALUE bytes; longer ones make it full. */
void radius_add(struct radius_packet *p, enum radius_attribute type, const void *value, size_t n);
void radius_add_text(struct radius_packet *p, enum radius_attribute type, const char *text);
void radius_add_u32(struct radius_packet *p, enum radius_attribute type, uint32_t value);
/* A vendor's own attribute (RFC 2865 5.26). */
void radius_add_vendor(struct radius_packet *p, uint32_t vendor, uint8_t type, const void *value,
		       size_t n);
/* Fills length, Message-Authenticator and Request Authenticator (RFC 5176 2.3 and 3.5).
 * ERR_LIMIT when it did not fit, ERR_IO when the library refused. */
int radius_seal(struct radius_packet *p, struct slice secret);

enum radius_fit {
	RADIUS_FITS,
	RADIUS_NO_RADIUS, /* lengths or attributes that cannot be */
	RADIUS_FOREIGN,	  /* another identifier, a code that is no answer to the request */
	RADIUS_FORGED,	  /* the authenticators do not fit: another secret, or another sender */
};

struct radius_answer {
	bool ack;
	bool authenticated;   /* had a Message-Authenticator, which fits */
	uint32_t error_cause; /* 0: none */
	char message[128];    /* Reply-Message, printable, "" when there is none */
};

/* Whether `answer` is one to `request`, as it was sent. */
enum radius_fit radius_read(const struct radius_packet *request, struct slice answer,
			    struct slice secret, struct radius_answer *ret);
