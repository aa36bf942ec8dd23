/* ICMP "port unreachable" to the sender of a UDP datagram, made from the datagram (RFC 792, RFC
 * 4443 3.1): what a reset is to TCP. As if from the datagram's receiver, but with the response
 * port's own source MAC: a peer's would teach the switch a wrong place. An application that listens
 * for errors ends at once; one that does not goes on. Plain C; sending is the worker's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/packet.h"

enum {
	UNREACHABLE_QUOTE = 128, /* bytes of the datagram, its IP header included */
	UNREACHABLE_FRAME_MAX = 14 + 3 * 4 + 40 + 8 + UNREACHABLE_QUOTE,
	UNREACHABLE_EVERY_MS = 5, /* one so often of a worker in the long run (RFC 4443 2.4 f) */
	UNREACHABLE_BURST = 50,
};

/* The frame's length, or 0: no whole UDP datagram from one host to one host, or carried in a
 * tunnel. `own` is the response port's MAC. */
size_t unreachable_build(const struct packet *p, const struct mac_addr *own,
			 uint8_t frame[UNREACHABLE_FRAME_MAX]);

struct unreachable_rate {
	uint64_t since_ns; /* what was earned up to then is in `ready` */
	uint32_t ready;
};

/* True when one more may be sent; counts it. */
bool unreachable_allows(struct unreachable_rate *r, uint64_t now_ns);
