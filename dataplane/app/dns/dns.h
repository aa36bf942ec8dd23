/* DNS over UDP and TCP. Every message is a transaction of its own, as in Suricata: a request to the
 * server, a response to the client. */
#pragma once

#include "dataplane/app/dns/message.h"
#include "dataplane/app/parser.h"

enum {
	DNS_NAMES_MAX = 1 << 16, /* bytes of query names kept of a message; further names are empty
				    (too_many_labels) */
};

enum dns_event {
	DNS_EVENT_MALFORMED_DATA,
	DNS_EVENT_NOT_REQUEST,
	DNS_EVENT_NOT_RESPONSE,
	DNS_EVENT_Z_FLAG_SET,
	DNS_EVENT_INVALID_OPCODE,
	DNS_EVENT_NAME_TOO_LONG,
	DNS_EVENT_INFINITE_LOOP,
	DNS_EVENT_TOO_MANY_LABELS,
	DNS_EVENTS,
};

struct dns_query {
	uint32_t offset; /* in names */
	uint16_t len, type;
	bool cut;
};

struct dns_tx {
	struct app_tx tx;
	struct dns_header header;
	bool response;
	uint8_t *message; /* responses: the whole, for the record */
	struct dns_query *queries;
	uint8_t *names;
	uint32_t message_len, query_count, names_len;
};

struct dns_state {
	bool gap; /* TCP: bytes are missing, a message must be found again */
};

extern const struct app_proto dns_proto;

/* log.c */
bool dns_log_nth(const struct app_tx *tx, const void *state, uint32_t index, struct record *r);
void dns_log_alert(const struct app_tx *tx, const void *state, struct record *r);
