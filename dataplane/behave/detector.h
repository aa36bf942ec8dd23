/* What a detector provides and how it speaks; private to behave/. A detector is one file with one
 * const descriptor, listed in behave.c. */
#pragma once

#include "dataplane/behave/behave.h"

struct behave_out {
	const struct behave_sink *sink;
	uint64_t *hits;
};

struct behave_detector {
	const char *name;
	/* State of at most `bytes`; NULL when there is no memory. Freed with free(). */
	void *(*new)(size_t bytes);
	void (*connection)(void *state, const struct behave_connection *c, struct behave_out *out);
	void (*file)(void *state, const struct behave_file *f, struct behave_out *out);
	void (*traffic)(void *state, const struct behave_traffic *t, struct behave_out *out);
	void (*record)(void *state, struct slice record, struct behave_out *out);
	const char *const *records; /* EVE types that `record` is called for, NULL-terminated */
	void (*flush)(void *state, uint64_t now_ns, struct behave_out *out);
};

void behave_report(struct behave_out *out, const struct behave_hit *hit);

extern const struct behave_detector behave_file_type, behave_scan, behave_beacon;

/* A table of fixed size keyed by a few words: an entry is found or taken from the oldest of the
 * places where it may stand, so that a flood displaces old entries and never grows. */
struct behave_table {
	uint32_t sets; /* a power of two; four places a set */
	uint32_t entry_size;
	uint64_t key[2]; /* of the hash */
	uint8_t *entries;
};

struct behave_entry {  /* first member of every entry */
	uint64_t hash; /* 0 = empty */
	uint64_t last_ns;
};

/* The bytes a table of this many entries takes. */
void behave_table_init(struct behave_table *t, void *memory, size_t bytes, uint32_t entry_size);
/* Finds or makes the entry of the key; `*ret_new` says that it was made (zeroed). */
void *behave_table_get(struct behave_table *t, const uint64_t *words, unsigned count,
		       uint64_t now_ns, bool *ret_new);
