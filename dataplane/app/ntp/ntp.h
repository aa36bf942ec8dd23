/* Network time, versions 3 and 4 (RFC 1305, 5905): a request is a transaction. */
#pragma once

#include "dataplane/app/parser.h"

enum { NTP_COMPLETE = 1 };

enum ntp_event {
	NTP_EVENT_UNSOLICITED_RESPONSE,
	NTP_EVENT_MALFORMED_DATA,
	NTP_EVENT_NOT_REQUEST,
	NTP_EVENT_NOT_RESPONSE,
	NTP_EVENTS,
};

extern const struct app_proto ntp_proto;
