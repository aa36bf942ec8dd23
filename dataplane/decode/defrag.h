/* Defragmentation of IPv4 (RFC 791, RFC 815) and IPv6 (RFC 8200 section 4.5); internal to decode/.
 *
 * A tracker gathers the fragments of one datagram, sorted by offset. Trackers are found by a keyed
 * hash and given up oldest first; all memory is the slab's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/counter.h"
#include "dataplane/base/packet.h"
#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"
#include "dataplane/decode/decode.h"

struct defrag;

/* A fragment as its IP decoder found it. */
struct fragment_in {
	struct slice
		header; /* from the IP header to what is fragmented; IPv6: to the fragment header */
	struct slice data; /* what it carries */
	uint32_t offset;   /* of data in the datagram, bytes */
	bool more;
	uint32_t id;
	uint8_t proto;		 /* IPv4: part of the datagram's name */
	uint8_t next_header;	 /* IPv6: what the fragment header names ... */
	uint32_t next_header_at; /* ... and where in `header` it goes instead */
};

struct defrag *defrag_new(const struct decode_config *config, struct slab *slab);
void defrag_delete(struct defrag *d);

/* Adds one fragment of `p` (which gets the events). True when the datagram is complete: *ret is
 * then an IP packet in a slab block of exactly its length, the caller's to free. */
bool defrag_add(struct defrag *d, struct packet *p, const struct fragment_in *in,
		struct slice *ret);

void defrag_tick(struct defrag *d, uint64_t now_ns);
struct counter_set defrag_counters(const struct defrag *d);
