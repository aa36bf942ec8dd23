/* Remote calls (C706 chapter 12, MS-RPCE) and SMB 2 (MS-SMB2) read from TCP segments one by one, so
 * that a conversation whose beginning was not captured is understood from where it is seen: both
 * begin nearly every message in a segment of its own. What lies across segments is read as far as
 * the first of them goes. Memory: one table of contexts by connection and pipe. */
#pragma once

#include "dataplane/behave/detector.h"

enum {
	BEHAVE_SEGMENTS_WEIGHT = 4,
	SEGMENT_CONTEXTS = 8,  /* interfaces kept a connection or pipe: the oldest goes */
	SEGMENT_CALLS = 4,     /* calls that wait for their answer: the oldest goes */
	SEGMENT_MESSAGES = 16, /* looked at in one segment */
	SEGMENT_NAME = 256,    /* characters of a path: the rest is cut */
};

struct behave_segments {
	struct behave_table contexts;
};

void behave_segments_init(struct behave_segments *s, void *memory, size_t bytes,
			  const struct hash_key *key, uint64_t *evicted);
/* Gives events to `b`. */
void behave_segment_read(struct behave_segments *s, struct behave *b,
			 const struct behave_event *where, unsigned flags, struct slice payload);

/* --- private to segment*.c --- */
struct segment_reader {
	struct behave_segments *s;
	struct behave *b;
	struct behave_event event; /* time and ends as the flow has them */
	bool to_client;
};

/* An event of `kind` whose client is the sender (`by_sender`) or the receiver of the segment. */
struct behave_event segment_event(const struct segment_reader *r, enum behave_kind kind,
				  bool by_sender);
/* Log-ins in the clear; false: it is none. */
bool segment_text(const struct segment_reader *r, bool half, struct slice bytes);
/* One or more remote call messages; `pipe` tells pipes of one connection apart, 0 = TCP itself. */
void segment_rpc(const struct segment_reader *r, uint64_t pipe, struct slice bytes);
void segment_smb2(const struct segment_reader *r, struct slice bytes);
