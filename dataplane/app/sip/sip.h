/* SIP over UDP (RFC 3261): every message is a transaction. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum { SIP_COMPLETE = 1 };

enum sip_event {
	SIP_EVENT_INCOMPLETE_DATA,
	SIP_EVENT_INVALID_DATA,
	SIP_EVENTS,
};

struct sip_tx {
	struct app_tx tx;
	bool response;
	struct kept line;
	/* parts of the line: method, URI, version; or version, code, reason */
	struct sip_part {
		uint16_t at, len;
	} part[3];
};

extern const struct app_proto sip_proto;
