/* libndpi (LGPL), loaded when it is there and never linked: the few calls that are used of it, and
 * an allocator that gives it a worker's memory. Its own headers are not needed to build. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/slab.h"

struct ndpi_detection_module_struct;
struct ndpi_flow_struct;

/* As in libndpi 4.2; passed and returned by value. */
struct library_answer {
	uint16_t master, app;
	uint32_t category; /* an enum there */
};

enum {
	/* What library_open asks for: any other release may lay its structures out otherwise. */
	LIBRARY_API = 8668,
	LIBRARY_FLOW_BYTES = 688,
	LIBRARY_RISK_OFFSET = 320, /* of the uint64_t `risk` in struct ndpi_flow_struct */
	LIBRARY_PROTOCOLS = 512,
	LIBRARY_RISKS = 42,
};

struct library_bits {
	uint32_t word[LIBRARY_PROTOCOLS / 32];
};

/* Where the library's memory comes from while it is called: the heap at start, then the slab, up to
 * `most` bytes. */
struct library_memory {
	struct slab *slab; /* NULL: the heap */
	size_t used, most;
	uint64_t refused;
	bool fail; /* tests: every further request is refused */
};

struct library {
	void *handle;
	struct ndpi_detection_module_struct *(*init)(uint32_t prefs);
	void (*bitmask)(struct ndpi_detection_module_struct *module,
			const struct library_bits *bits);
	void (*finalize)(struct ndpi_detection_module_struct *module);
	void (*exit)(struct ndpi_detection_module_struct *module);
	struct library_answer (*packet)(struct ndpi_detection_module_struct *module,
					struct ndpi_flow_struct *flow, const uint8_t *packet,
					unsigned short len, uint64_t now_ms);
	struct library_answer (*giveup)(struct ndpi_detection_module_struct *module,
					struct ndpi_flow_struct *flow, uint8_t guess,
					uint8_t *guessed);
	void (*flow_free)(struct ndpi_flow_struct *flow); /* what hangs on it, not itself */
	char *(*name)(struct ndpi_detection_module_struct *module, uint16_t id);
	const char *(*category)(struct ndpi_detection_module_struct *module, uint32_t category);
	const char *(*risk)(uint32_t risk);
};

/* NULL, or why it cannot be used (a static sentence). */
const char *library_open(struct library *l);
void library_close(struct library *l);

/* The memory of every call until the next one, on this thread. */
void library_memory_use(struct library_memory *memory);
