/* Telnet (RFC 854) over TCP 23: where its commands and lines lie, as frames. It makes no
 * transactions and no records, as in Suricata 7. */
#pragma once

#include "dataplane/app/parser.h"

struct telnet_side {
	uint64_t pdu, part; /* frames of what is being read; 0 = none */
	bool open;	    /* they have been announced */
	uint32_t scanned;   /* bytes of it that hold no end */
};

struct telnet_state {
	struct telnet_side side[2];
};

extern const struct app_proto telnet_proto;
