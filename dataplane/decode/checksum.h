/* Internet checksums (RFC 1071) of a decoded packet. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/packet.h"

/* True when the IPv4 header's checksum is right; IPv6 has none. */
bool checksum_ip_good(const struct packet *p);

/* True when the TCP, UDP, ICMP or ICMPv6 checksum is right; also for other protocols, for
 * fragments, and for UDP over IPv4 that was sent without one. */
bool checksum_l4_good(const struct packet *p);

/* Both. A datagram that defragmentation made has no IP checksum of its own. */
bool checksums_good(const struct packet *p);
