/* Writes a pcapng file (draft-ietf-opsawg-pcapng) into memory: section, interface, packets with
 * comments, statistics. Little endian, nanoseconds. */
#pragma once

#include "dataplane/base/slice.h"

struct pcapng {
	uint8_t *buf;
	size_t len, cap;
	bool full; /* a block did not fit and was left out */
};

void pcapng_begin(struct pcapng *w, uint8_t *buf, size_t cap, const char *program,
		  const char *comment);
void pcapng_interface(struct pcapng *w, uint16_t link_type, uint32_t snap, const char *name);
/* `comment` may be "". */
bool pcapng_packet(struct pcapng *w, uint32_t interface, uint64_t time_ns, struct slice bytes,
		   uint32_t wire_len, const char *comment);
struct pcapng_counts {
	uint64_t time_ns, start_ns, end_ns;
	uint64_t received, dropped; /* by the interface */
};
void pcapng_statistics(struct pcapng *w, uint32_t interface, const struct pcapng_counts *counts);
