/* What detectors with hours of memory know, for a file: the caller writes and reads it, a few
 * entries at a time. Of one machine and one version: whatever does not fit is refused whole. */
#pragma once

#include "dataplane/behave/behave.h"

enum {
	BEHAVE_KEEP_VERSION = 1,
	BEHAVE_KEEP_SITE = 1024,  /* bytes of what is known of the site as a whole */
	BEHAVE_KEEP_LOOKS = 4096, /* places looked at in one call, most are empty */
	BEHAVE_KEEP_ENTRY = 4096, /* no entry is larger */
};

#define BEHAVE_KEEP_MAGIC 0x4b454e4e4142ULL

struct behave_keep_head {
	uint64_t magic, layout; /* layout: sizes of all entries */
	struct hash_key key;	/* secret */
	uint8_t site[BEHAVE_KEEP_SITE];
};

struct behave_kept {
	uint32_t table, size;
	uint64_t hash, last_ns;
	const void *entry; /* `size` bytes */
};

struct behave_keep { /* zero: from the beginning */
	uint32_t table;
	bool over;
	uint64_t place;
};

void behave_keep_head(const struct behave *b, struct behave_keep_head *ret);
/* The next entry; valid until the next event. False: none within BEHAVE_KEEP_LOOKS places, go on
 * unless `over`. */
bool behave_keep_next(struct behave *b, struct behave_keep *at, struct behave_kept *ret);
/* Before the first event. ERR_INVALID: of another version. */
int behave_keep_begin(struct behave *b, const struct behave_keep_head *head);
/* ERR_INVALID: it does not belong here. */
int behave_keep_put(struct behave *b, const struct behave_kept *k);
