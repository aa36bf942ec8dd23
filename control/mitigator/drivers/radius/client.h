/* Requests to several devices at once over UDP, each sent again with the same identifier from the
 * same port until it is answered or time is up (RFC 5176 2.3). Blocks: for helpers. */
#pragma once

#include "control/mitigator/drivers/device.h"
#include "control/mitigator/drivers/radius/packet.h"

enum radius_end {
	RADIUS_ANSWERED,
	RADIUS_SILENT,
	RADIUS_UNREACHABLE, /* nobody listens there, or no way to it */
};

struct radius_call {
	struct device device;
	struct radius_packet request; /* sealed */
	/* In: the local port to send from, 0: any, so that a device knows a request that was sent
	 * before a crash again. Out: the one used. */
	uint16_t port;
	enum radius_end end;
	struct radius_answer answer;
	unsigned sent;
	/* Answers that were none: with other authenticators, malformed. */
	unsigned forged, malformed;
	char why[96]; /* UNREACHABLE: the system's words */
	int fd;	      /* private */
};

/* Opens the sockets, so that their ports are known before anything is sent. */
void radius_open(struct radius_call *calls, unsigned n);
/* Sends all and waits until each has its answer, at most timeout_ms. Closes the sockets. */
void radius_converse(struct radius_call *calls, unsigned n, struct slice secret,
		     unsigned timeout_ms);
