/* Dynamic host configuration (RFC 2131, 2132): every message is a transaction. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum { DHCP_COMPLETE = 1, DHCP_MAC_MAX = 16 };

enum dhcp_event {
	DHCP_EVENT_TRUNCATED_OPTIONS,
	DHCP_EVENT_MALFORMED_OPTIONS,
	DHCP_EVENTS,
};

struct dhcp_tx {
	struct app_tx tx;
	uint8_t opcode; /* 1 request, 2 reply */
	uint8_t type;	/* of option 53; 0 = none */
	uint8_t mac_len;
	uint8_t mac[DHCP_MAC_MAX];
	uint32_t id;
	struct ip_addr yours;
	struct kept options; /* as they came */
};

extern const struct app_proto dhcp_proto;
