/* TCP resets: frames that end a connection, made from a packet of it (RFC 9293 3.5.2). Sent by a
 * response port with its own source MAC: a peer's MAC would teach the switch a wrong place and cut
 * the peer off. Plain C; sending is the worker's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/packet.h"

enum { RESET_FRAME_MAX = 14 + 3 * 4 + 40 + 20 };

enum reset_side {
	RESET_SENDER,	/* to the packet's sender, as if from its receiver */
	RESET_RECEIVER, /* to the packet's receiver, as if from its sender */
};

/* The frame's length, or 0 when the packet is no TCP segment with Ethernet addresses or is a reset
 * itself. `own` is the response port's MAC. */
size_t reset_build(const struct packet *p, enum reset_side side, const struct mac_addr *own,
		   uint8_t frame[RESET_FRAME_MAX]);
